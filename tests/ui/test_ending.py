"""A program that has to end does so at once, asks nobody, and loses nothing."""

import os
import signal
import subprocess
import sys

import pytest
from PySide6.QtWidgets import QApplication

from nnviz.document.leftovers import claimed
from nnviz.ui.window.ending import SIGNALS, Ending

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")

WINDOW = """
import os, sys
from dataclasses import replace
from PySide6.QtCore import QTimer
from nnviz.cli.main import main
from nnviz.core import edits
from nnviz.ui.window import session

class Kept(session.Kept):
    def __init__(self, workspace, folder):
        super().__init__(workspace, folder)
        QTimer.singleShot(100, workspace.main_window, lambda: work(workspace))

def work(workspace):
    document, files = workspace.document, workspace.files
    document.push(edits.set_weight(document.state, 0, 0, 0, 9.0), "a weight")
    BEFORE
    os.kill(os.getpid(), NUMBER)

session.Kept = Kept
sys.argv = ["nnviz", "relu"]
sys.exit(main())
"""


@pytest.fixture
def end_in(tmp_path):
    """Return a function that runs a window in which something is done before a signal comes."""

    def end_in(number, before=""):
        places = {name: str(tmp_path) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME")}
        code = WINDOW.replace("BEFORE", before).replace("NUMBER", str(int(number)))
        command, environment = [sys.executable, "-c", code], {**os.environ, **places}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30)

    return end_in


def recovered(tmp_path):
    """Return the first weight of each State that the next start is offered."""
    weights = []
    for folder in tmp_path.rglob("recovery"):
        left, said = claimed(folder)
        assert said == ""
        weights += [each.load().network.layers[0].weights[0, 0] for each in left]
        for each in left:
            each.discard()
    return weights


MEANWHILE = "QTimer.singleShot(50, lambda: os.kill(os.getpid(), NUMBER)); files.{}(); return"


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("SIGINT", MEANWHILE.format("may_leave")),
        ("SIGTERM", "workspace.runner.speed = 1.0; workspace.runner.run()"),
        ("SIGHUP", MEANWHILE.format("ask_open")),
    ],
    ids=["Ctrl+C at a question", "a shutdown in a run", "a lost terminal in a file dialog"],
)
def test_a_signal_ends_the_window_whatever_is_under_way_and_keeps_what_is_unsaved(
    end_in, tmp_path, name, before
):
    number = getattr(signal, name)
    done = end_in(number, before)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (128 + number, "", False), (
        done.stderr
    )
    weights = recovered(tmp_path)
    assert len(weights) == 1
    assert name == "SIGTERM" or weights == [9.0]


def test_what_is_saved_leaves_nothing(end_in, tmp_path):
    done = end_in(signal.SIGTERM, f"document.save(__import__('pathlib').Path({str(tmp_path / 'a.json')!r}))")
    assert (done.returncode, "Traceback" in done.stderr) == (143, False)
    assert recovered(tmp_path) == []


def test_signals_do_what_they_did_before_when_it_rests(qapp, qtbot):
    before = [signal.getsignal(number) for number in SIGNALS]
    ending, told = Ending(qapp), []
    ending.asked.connect(told.append)
    os.kill(os.getpid(), signal.SIGTERM)
    qtbot.waitUntil(lambda: told == [signal.SIGTERM])
    ending.rest()
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1
    ending.deleteLater()
    QApplication.processEvents()
