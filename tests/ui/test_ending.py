"""A program that has to end asks nobody and loses nothing: the next start offers the unsaved work."""

import os
import signal
import subprocess
import sys
from datetime import date, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMessageBox, QPushButton, QTableWidget

from nnviz.core import edits
from nnviz.document.leftovers import claimed
from nnviz.document.recovery import holds
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.files.snapshot import About, parts, sealed
from nnviz.ui.window.ending import SIGNALS, Ending
from nnviz.ui.window.recover import RecoverDialog
from nnviz.ui.window.session import Kept
from tests.ui.hands import choose, press_button
from tests.ui.sees import status

sends_signals = pytest.mark.skipif(sys.platform == "win32", reason="Windows sends no such signals")

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
        signal.signal(signal.SIGINT, signal.default_int_handler)  # who starts the tests may ignore it
        signal.alarm(120)
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
    soon = lambda *_: QTimer.singleShot(10, workspace.main_window, lambda: work(workspace))
    workspace.runner.run_ended.connect(soon, Qt.ConnectionType.SingleShotConnection)
    workspace.runner.speed = 1.0
    workspace.runner.run()

def work(workspace):
    document, files, window = workspace.document, workspace.files, workspace.main_window
    document.push(edits.set_weight(document.state, 0, 0, 0, 9.0), "a weight")
    ends = lambda: QTimer.singleShot(20, lambda: os.kill(os.getpid(), NUMBER))
    boxes = MEANWHILE
    def open_next():  # each within the one before
        if boxes:
            box = boxes.pop(0)
            QTimer.singleShot(10, open_next)
            eval(box, globals(), dict(locals(), **opens))
        else:
            ends()
    opens = dict(workspace=workspace, document=document, files=files, window=window)
    open_next()

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
    """Return a function that opens boxes in a window, each within the one before, and sends a signal."""

    def end_in(number, *boxes):
        said = [tmp_path / "out", tmp_path / "err"]
        for file in said:
            file.write_text("")
        code = WINDOW.replace("MEANWHILE", repr([*boxes])).replace("NUMBER", str(int(number)))
        (tmp_path / "code").write_text(code)
        print(tmp_path, file=server.stdin, flush=True)
        code = int(server.stdout.readline())
        told, wrong = (file.read_text() for file in said)
        assert (code, told) == (128 + number, NO_WINDOW_LEFT), wrong
        assert "Traceback" not in wrong or any("{}[0]" in box for box in boxes), wrong

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
    "a fault": "QTimer.singleShot(0, lambda: {}[0])",
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
    "a long reading": "files.open(Path(f'/dev/fd/{os.pipe()[0]}'))",
}


@sends_signals
def test_a_signal_ends_the_window_whatever_is_asked_and_keeps_what_is_unsaved(end_in, tmp_path, amount):
    groups = [[box] for box in BOXES]
    for boxes in amount(quick=[[*BOXES][::2]], ci=groups, night=groups):
        end_in(signal.SIGTERM, *(BOXES[box] for box in boxes))
        assert recovered(tmp_path) == [9.0], boxes


@sends_signals
def test_ctrl_c_ends_it_too_also_while_it_asks_what_to_recover(end_in, tmp_path, amount):
    end_in(signal.SIGINT)
    assert recovered(tmp_path) == [9.0]
    for _ in range(amount(quick=0, ci=2, night=2)):
        end_in(signal.SIGINT, "workspace.runner.run()")
        assert len(recovered(tmp_path)) == 1


@sends_signals
def test_a_lost_terminal_ends_it_too_and_what_is_saved_leaves_nothing(end_in, tmp_path):
    end_in(signal.SIGHUP, f"document.save(Path({str(tmp_path / 'a.json')!r}))")
    assert recovered(tmp_path) == []


@sends_signals
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


@pytest.fixture
def data(tmp_path):
    """The folder for what nnviz keeps."""
    (tmp_path / "recovery").mkdir()
    return tmp_path


@pytest.fixture
def crashed(data):
    """Return a function that leaves the copy of a program that no longer runs: a weight of `relu` was 9."""

    def leave(name="mine", path=None, written=None):
        state = edits.set_weight(load(example("relu").path), 0, 0, 0, 9.0)
        about = About(state.name, holds(state), path, b"")
        copy = data / "recovery" / f"{name}.copy"
        copy.write_bytes(b"".join(sealed(parts(state, about))))
        if written:
            os.utime(copy, (written.timestamp(), written.timestamp()))
        return copy

    return leave


@pytest.fixture
def start(open_window, data):
    """Return a function that opens a window on `relu` which keeps its work in `data`."""
    begun = []

    def open_it():
        for kept in begun[-1:]:
            kept.close()
        window = open_window("relu")
        begun.append(Kept(window, data))
        return window

    yield open_it
    begun[-1].close()


def left(data):
    """Return how many copies another window would be offered."""
    found, _ = claimed(data / "recovery")
    for leftover in found:
        leftover.release()
    return len(found)


def listed(dialog):
    """Return what the dialog's list says of each: its time, its name, what it holds."""
    entries = dialog.findChild(QTableWidget)
    return [[entries.item(row, k).text() for k in range(3)] for row in range(entries.rowCount())]


@pytest.mark.fonts
def test_the_selected_work_is_recovered_as_unsaved_changes_and_the_others_wait(
    start, answer, crashed, tmp_path, qtbot, data, approved
):
    crashed("b", written=datetime(2021, 11, 30, 14, 32))
    this = date.today().year
    crashed("c", path=tmp_path / f"{'W' * 240}.json", written=datetime(this, 3, 4, 5, 6, 7))
    told, shapes = [], []

    def choose_file(name):
        def choose_it(dialog):
            entries, label = dialog.findChild(QTableWidget), dialog.findChildren(QLabel)[-1]
            told.append("\n".join(["; ".join(entry) for entry in sorted(listed(dialog))] + [label.text()]))
            high = entries.viewport().height() - entries.rowHeight(0) * entries.rowCount()
            wide = entries.horizontalHeader().length() - entries.viewport().width()
            default = [own.text() for own in dialog.findChildren(QPushButton) if own.isDefault()]
            shapes.append((high, wide, default))
            entries.setFocus()
            for _ in range([entry[1].startswith(name) for entry in listed(dialog)].index(True)):
                QTest.keySequence(entries, "Down")
            QTest.keyClick(entries, Qt.Key.Key_Return)

        return choose_it

    title = load(example("relu").path).name
    for count, (name, path) in enumerate(((title, None), ("WWW", tmp_path / f"{'W' * 240}.json"))):
        answer(RecoverDialog, choose_file(name))
        window = start()
        qtbot.waitUntil(lambda w=window, name=name: status(w).startswith(f"Recovered {name}"))
        assert window.document.state.network.layers[0].weights[0, 0] == 9.0
        assert window.document.path == path
        assert window.main_window.isWindowModified()
        assert left(data) == 1 - count
        told.append(status(window).replace("W" * 100, "WWW"))
    assert shapes == [(0, 0, ["&Recover"])] * 2
    approved("two kinds of work are recovered", "\n".join(told).replace(str(this), "THIS YEAR"))


def test_discarded_work_is_not_offered_again_and_a_damaged_copy_is_kept_and_said(
    start, answer, crashed, qtbot, data, approved
):
    when = datetime(2021, 3, 4, 5, 6, 7)
    for name in ("a", "b"):
        crashed(name, written=when)
    crashed("bad").write_bytes(b"half a co")
    counts, told = [], []

    def discard_one(dialog):
        for text in ("Discard", "Discard", "Later"):  # the first one is answered with Cancel
            counts.append((len(listed(dialog)), left(data)))
            press_button(text)(dialog)

    answer(RecoverDialog, discard_one)
    answer(QMessageBox, choose("Cancel", told))
    answer(QMessageBox, choose("Discard", told))
    window = start()
    qtbot.waitUntil(lambda: counts == [(2, 0), (2, 0), (1, 0)])  # no other window is offered any meanwhile
    approved("unsaved work is discarded", told[1])
    qtbot.waitUntil(lambda: left(data) == 1)
    assert not window.document.modified
    kept = data / "recovery" / "bad.damaged"
    assert status(window).endswith(f"it is kept as {kept.name} in {kept.parent}")
    assert kept.read_bytes() == b"half a co"
    kept.unlink()
    answer(RecoverDialog, press_button("Discard"))
    answer(QMessageBox, choose("Discard"))
    start()
    qtbot.waitUntil(lambda: not list((data / "recovery").iterdir()))
