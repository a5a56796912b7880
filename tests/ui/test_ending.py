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

SERVER = """
import os, signal, sys
import pyqtgraph
from nnviz.ui.window import app, workspace
for line in sys.stdin:
    folder = line.strip()
    child = os.fork()
    if not child:
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME"):
            os.environ[name] = folder
        for own, name in ((0, os.devnull), (1, folder + "/out"), (2, folder + "/err")):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), own)
        signal.alarm(30)
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
else:
    sys.exit()
exec(open(folder + "/code").read())
"""
"""What takes longest is to import everything: one process does, and forks one for each folder it is told."""

WINDOW = """
import os, sys
import shiboken6
from pathlib import Path
from PySide6.QtCore import Qt, QTimer
from nnviz.cli.main import main
from nnviz.core import edits
from nnviz.core.activations import ACTIVATIONS
from nnviz.ui.window import session
from nnviz.ui.window.ask_whose import ask_whose
from nnviz.ui.window.new_network import NewNetwork
from tests.ui.sees import offered

class Kept(session.Kept):
    def __init__(self, workspace, folder):
        super().__init__(workspace, folder)
        windows.append(workspace.main_window)
        workspace.main_window.painted.connect(lambda: run(workspace))

def run(workspace):
    if workspace.history.curve is None:
        QTimer.singleShot(20, workspace.main_window, lambda: run(workspace))
        return
    soon = lambda *_: QTimer.singleShot(100, workspace.main_window, lambda: work(workspace))
    workspace.runner.run_ended.connect(soon, Qt.ConnectionType.SingleShotConnection)
    workspace.runner.speed = 1.0
    workspace.runner.run()

def work(workspace):
    document, files, window = workspace.document, workspace.files, workspace.main_window
    document.push(edits.set_weight(document.state, 0, 0, 0, 9.0), "a weight")
    QTimer.singleShot(100, lambda: os.kill(os.getpid(), NUMBER))
    MEANWHILE

session.Kept, windows = Kept, []
sys.argv = ["nnviz", "relu"]
code = main()
print("windows left to the interpreter's end:", sum(map(shiboken6.isValid, windows)))
sys.exit(code)
"""


NO_WINDOW_LEFT = "windows left to the interpreter's end: 0\n"


@pytest.fixture(scope="module")
def server():
    with subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()


@pytest.fixture
def end_in(server, tmp_path):
    """Return a function that runs a window in which something is done before a signal comes."""

    def end_in(number, meanwhile=""):
        said = [tmp_path / "out", tmp_path / "err"]
        for file in said:
            file.write_text("")
        code = WINDOW.replace("MEANWHILE", meanwhile).replace("NUMBER", str(int(number)))
        (tmp_path / "code").write_text(code)
        print(tmp_path, file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        return subprocess.CompletedProcess([], code, *(file.read_text() for file in said))

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


BOXES = {
    "unsaved changes, at Open": "files.ask_open()",
    "unsaved changes, at the end": "window.close()",
    "where to save": "files.save()",
    "whose version": "ask_whose(window, 'a.json')",
    "left out": "files._save(Path('a.py'))",
    "refused": "files.tables.load(Path('nowhere.csv'))",
    "a new network": "NewNetwork(window).exec()",
    "the name of a weight set": "workspace.weight_sets._ask_keep()",
    "a parameter": "workspace.structure._ask_parameter(0, ACTIVATIONS['elu'].parameter, 'elu')",
    "keys": "offered(workspace, 'Keys and mouse').trigger()",
    "a fault": "QTimer.singleShot(0, lambda: {}[0])",
    "a long reading": "files.open(Path(f'/dev/fd/{os.pipe()[0]}'))",
    "nothing": "workspace.runner.run()",
}


@pytest.mark.parametrize("box", BOXES)
def test_a_signal_ends_the_window_whatever_is_asked_and_keeps_what_is_unsaved(end_in, tmp_path, box):
    done = end_in(signal.SIGTERM, BOXES[box])
    assert (done.returncode, done.stdout) == (128 + signal.SIGTERM, NO_WINDOW_LEFT), done.stderr
    assert "Traceback" not in done.stderr or box == "a fault"
    weights = recovered(tmp_path)
    assert weights == [9.0] or (len(weights) == 1 and box == "nothing")


@pytest.mark.parametrize("name", ["SIGINT", "SIGHUP"])
def test_ctrl_c_and_a_lost_terminal_end_it_too_also_while_it_asks_what_to_recover(end_in, tmp_path, name):
    number = getattr(signal, name)
    for _ in range(2):
        done = end_in(number)
        assert (done.returncode, done.stdout) == (128 + number, NO_WINDOW_LEFT), done.stderr
        assert "Traceback" not in done.stderr
    assert recovered(tmp_path) == [9.0, 9.0]


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
