"""Who watches the monkey sees what must not be, and takes it from nobody who listened before."""

import sys
import threading

from PySide6.QtCore import QTimer, qInstallMessageHandler, qWarning

from tests.robust.witness import SILENT_S, Witness


def wait(seconds):
    """Let the window's thread wait for what does not come, as a pipe or a lock would."""
    threading.Event().wait(seconds)


def test_a_wait_of_more_than_a_second_is_told_with_its_place(qtbot):
    with Witness() as witness:
        QTimer.singleShot(0, lambda: wait(SILENT_S + 0.3))
        qtbot.waitUntil(lambda: bool(witness.faults))
    assert witness.faults[0].startswith("silent for 1.")
    assert "in wait\n" in witness.faults[0]


def test_shorter_waits_are_none(qtbot):
    with Witness() as witness:
        for _ in range(2):
            QTimer.singleShot(0, lambda: wait(SILENT_S / 2))
            qtbot.wait(int(600 * SILENT_S))
    assert witness.faults == []


def test_faults_and_warnings_are_noted_and_go_on_to_who_listened(qapp):
    caught, heard = [], []
    hook, handler = sys.excepthook, qInstallMessageHandler(lambda *said: heard.append(said[2]))
    sys.excepthook = lambda *error: caught.append(error[1])
    with Witness() as witness:
        sys.excepthook(ValueError, ValueError("a fault"), None)
        qWarning("a warning")
    sys.excepthook = hook
    qInstallMessageHandler(handler)
    assert ["ValueError: a fault" in witness.faults[0], "a warning" in witness.faults[1]] == [True, True]
    assert [str(error) for error in caught] == ["a fault"]
    assert heard == ["a warning"]
