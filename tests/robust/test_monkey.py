"""A monkey plays with the window, watched: nothing is raised, Qt warns of nothing, nothing is silent.

To repeat what failed, or to go on for longer: `python -m tests.robust.monkey --seed SEED --seconds 20`.
"""

import sys
import threading

import pytest
from PySide6.QtCore import Qt, QTimer, qInstallMessageHandler, qWarning
from PySide6.QtWidgets import QApplication

from tests.robust import witness
from tests.robust.monkey import let_loose
from tests.robust.witness import Witness


@pytest.fixture
def jungle(qapp, tmp_path, monkeypatch):
    """Return a folder to play in, as the program would live there."""
    folder = tmp_path / "jungle"
    folder.mkdir()
    monkeypatch.chdir(folder)
    qapp.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    yield folder
    QApplication.clipboard().clear()


def test_a_monkey_without_a_display(jungle, amount):
    for seed in range(amount(quick=1, ci=1, night=20)):
        print(seed, let_loose(seed, amount(quick=0.8, ci=3, night=15), jungle), "deeds")


@pytest.mark.window
def test_a_monkey_in_a_real_window(jungle, amount):
    for seed in range(100, 100 + amount(quick=1, ci=2, night=40)):
        print(seed, let_loose(seed, amount(quick=10, ci=10, night=15), jungle), "deeds")


def wait(seconds):
    """Let the window's thread wait for what does not come, as a pipe or a lock would."""
    threading.Event().wait(seconds)


def test_a_wait_that_is_too_long_is_told_with_its_place_and_a_shorter_one_is_none(qtbot, monkeypatch):
    monkeypatch.setattr(witness, "SILENT_S", 0.4)
    with Witness() as watching:
        for _ in range(2):
            QTimer.singleShot(0, lambda: wait(0.2))
            qtbot.wait(240)
        assert watching.faults == []
        QTimer.singleShot(0, lambda: wait(0.6))
        qtbot.waitUntil(lambda: bool(watching.faults))
    assert watching.faults[0].startswith(("silent for 0.", "silent for 1."))
    assert "in wait\n" in watching.faults[0]


def test_faults_and_warnings_are_noted_and_go_on_to_who_listened(qapp):
    caught, heard = [], []
    hook, handler = sys.excepthook, qInstallMessageHandler(lambda *said: heard.append(said[2]))
    sys.excepthook = lambda *error: caught.append(error[1])
    with Witness() as watching:
        sys.excepthook(ValueError, ValueError("a fault"), None)
        qWarning("a warning")
    sys.excepthook = hook
    qInstallMessageHandler(handler)
    assert ["ValueError: a fault" in watching.faults[0], "a warning" in watching.faults[1]] == [True, True]
    assert [str(error) for error in caught] == ["a fault"]
    assert heard == ["a warning"]
