"""An uncaught exception is reported once and kept in the log; a signal ends the program.

Neither loses anything: the window goes on, and the next start offers the unsaved work.
"""

import os
import pkgutil
import signal
import subprocess
import sys
import threading
import weakref
from datetime import date, datetime
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTimer, qWarning
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QFileDialog,
    QLabel,
    QMessageBox,
    QPushButton,
    QTableWidget,
    QWidget,
)

from nnviz.core.address import Address
from nnviz.document.autosave import claim_leftovers, state_summary
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.files.snapshot import About, copy_parts, with_digest
from nnviz.ui.dialogs.questions import RecoverDialog
from nnviz.ui.window.app import LOG_BYTES, SIGNALS, Ending, Unexpected, append_to_log, normalize_exceptions
from nnviz.ui.window.session import protect_work
from nnviz.ui.window.workspace import PANELS
from tests.core.oracle import set_weight
from tests.ui import hands
from tests.ui.hands import address_named, choose, choose_entry, press, press_button, set_number
from tests.ui.sees import offered, status


@pytest.fixture
def log(tmp_path):
    """Where the log is; its folder is not there yet."""
    return tmp_path / "data" / "nnviz.log"


@pytest.fixture
def watch(log):
    """Return a function that reports uncaught exceptions over a widget, and to a function."""
    watching = []

    def begin(widget, say):
        watching.append(Unexpected(widget, say, log))
        watching[-1].watch()

    yield begin
    for each in watching:
        each.restore_hooks()


@pytest.fixture
def watched(open_window, watch):
    """Return a function that opens a window that reports uncaught exceptions."""

    def open_it():
        window = open_window("relu")
        watch(window.main_window, window.status.show_message)
        return window

    return open_it


@pytest.fixture
def said(qtbot, watch):
    """The reports of uncaught exceptions, over an empty widget."""
    widget, sentences = QWidget(), []
    qtbot.addWidget(widget)
    widget.show()
    watch(widget, sentences.append)
    return sentences


def fail():
    raise ZeroDivisionError("a slot divided by 0")


def fail_uncaught(times=1):
    for _ in range(times):
        try:
            fail()
        except ZeroDivisionError:
            sys.excepthook(*sys.exc_info())


@pytest.fixture
def closed(answer, qtbot):
    """Return a function that does a deed, presses a button of the box that opens, and returns its text."""

    def told_of(does, button="Close"):
        told = []
        answer(QMessageBox, choose(button, told))
        does()
        qtbot.waitUntil(lambda: bool(told) and QApplication.activeModalWidget() is None)
        QApplication.processEvents()
        assert len(told) == 1
        return told[0]

    return told_of


def test_a_slot_that_fails_is_told_with_its_details(watched, closed, capsys, log):
    window = watched()
    told = closed(lambda: QTimer.singleShot(0, fail), "Copy details")
    assert status(window) == "Copied the details of the error"
    assert told.startswith("An error inside nnviz: ZeroDivisionError: a slot divided by 0")
    details = QGuiApplication.clipboard().text()
    assert "Traceback" in details
    assert "in fail" in details
    assert details in capsys.readouterr().err
    assert str(log) in told
    assert details in log.read_text("utf-8")
    assert log.stat().st_mode & 0o077 == 0
    set_number(window, address_named(window, "node_0", window.document.state.network.inputs[0]), "3")
    assert window.document.state.network.layers[0].weights[0, 0] == 3.0


def test_the_same_fault_again_and_a_fault_meanwhile_open_no_more_boxes(said, answer, qtbot):
    boxes = []

    def fail_again(box):
        boxes.append(box)
        QTimer.singleShot(0, fail)
        QTimer.singleShot(0, lambda: {}["another"])
        qtbot.waitUntil(lambda: "KeyError" in said[-1])
        QApplication.processEvents()
        assert len([own for own in QApplication.topLevelWidgets() if isinstance(own, QMessageBox)]) == 1
        choose("Close")(box)

    answer(QMessageBox, fail_again)
    QTimer.singleShot(0, fail)
    qtbot.waitUntil(lambda: bool(boxes) and QApplication.activeModalWidget() is None)
    QTimer.singleShot(0, fail)
    QApplication.processEvents()
    assert QApplication.activeModalWidget() is None


def test_ctrl_c_in_a_terminal_opens_no_box_and_qts_messages_are_kept_once(said, log, capsys):
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    for _ in range(3):
        qWarning("Qt does not like this")
    QApplication.processEvents()
    assert QApplication.activeModalWidget() is None
    heard = capsys.readouterr().err
    assert "KeyboardInterrupt" in heard
    assert heard.count("Qt does not like this") == 1
    assert log.read_text("utf-8").count("Qt: Qt does not like this") == 1


def click_node(window):
    hands.click(window, address_named(window, "node_0"))


def update(window):
    press(window, "One update")


def find(window):
    choose_entry(window, "Find…")
    hands.write(window.finder.field, "n")


def keep_weights(window):
    network = offered(window, "Network").menu()
    network.aboutToShow.emit()
    choose_entry(window, "Keep the current weights…")


def type_into_new_network(window):
    def type_and_leave():
        dialog = QApplication.activeModalWidget()
        hands.write(dialog.inputs, "3")
        dialog.reject()

    QTimer.singleShot(0, type_and_leave)
    choose_entry(window, "New…")


def edit_a_weight(window):
    set_number(window, Address("weight", 0, 0, 0), "3")


def update_and_undo(window):
    update(window)
    choose_entry(window, "Undo")


SLOTS = {
    "Diagram": ("diagram.diagram.Diagram.mousePressEvent", click_node),
    "the activation in Explain": ("panels.activation.ActivationView.show_moment", click_node),
    "an edited number": ("diagram.edit.EditSession._accept", edit_a_weight),
    **{panel.name: (f"panels.{panel.home.replace(':', '.')}.show_moment", update) for panel in PANELS},
    "Data": ("panels.data.DataPanel._show_shape", lambda window: press(window, "Add")),
    "Training": ("panels.training.TrainingPanel.step", update),
    "Notes": ("panels.notes.Notes._toggle", lambda window: press(window, "Edit")),
    "the finder": ("diagram.finder.Finder._search", find),
    "weight sets": ("window.files.new_set_name", keep_weights),
    "a new network": ("dialogs.new_network.NewNetwork._check", type_into_new_network),
    "the toolbar": ("window.toolbar.Toolbar.show_moment", lambda window: press(window, "1  Forward")),
    "a menu": ("window.workspace.Workspace.undo", update_and_undo),
    "the window": ("window.workspace.Workspace._show_title_and_facts", update),
}
"""The function below nnviz.ui that raises a fault, and the deed of a person that calls it."""


@pytest.fixture
def saved(answer, qtbot, tmp_path):
    """Return a function that saves a window's network and returns the State in the file."""
    path = tmp_path / "saved.json"

    def save(window):
        window.main_window.activateWindow()  # without a window manager nobody does when a box closes
        qtbot.waitUntil(window.main_window.isActiveWindow)
        if window.document.path is None:
            answer(QFileDialog, hands.type_name(path))
        QTest.keySequence(window.main_window, "Ctrl+S")
        return load(path)

    return save


def test_after_a_fault_in_any_panel_the_work_can_be_saved(watched, closed, saved, monkeypatch, amount):
    armed = set()

    def failing(slot, real):
        def fails(self, *args, **words):
            opens = isinstance(self, QDialog) and self.isHidden()
            if slot in armed and not opens:
                exec(compile(f"raise ZeroDivisionError('in {slot}')", slot, "exec"))
            return real(self, *args[: real.__code__.co_argcount - 1], **words)

        return fails

    for slot, (name, _) in SLOTS.items():
        owner, _, method = f"nnviz.ui.{name}".rpartition(".")
        real = getattr(pkgutil.resolve_name(owner), method)
        monkeypatch.setattr(f"{owner}.{method}", failing(slot, real))
    window = watched()
    for k, (slot, (_, deed)) in [*enumerate(SLOTS.items())][:: amount(quick=3, ci=1, night=1)]:
        if slot in window.board.docks:
            hands.bring(window, slot)
        window.document.edit("Set", set_weight, 0, 1, 1, k)
        armed.add(slot)
        told = closed(lambda deed=deed: QTimer.singleShot(0, lambda: deed(window)))
        assert told.startswith("An error inside nnviz: ZeroDivisionError: ")
        assert f"in {slot}" in told
        assert saved(window) == window.document.state, slot
        armed.clear()
        window.document.select(Address("node", 1, 0))


def test_after_a_fault_in_painting_the_next_paint_works(watched, closed, saved, qtbot, monkeypatch):
    window, paints = watched(), []
    before = window.diagram.grab().toImage()

    def fails(*_):
        paints.append(1)
        raise KeyError("in painting")

    with monkeypatch.context() as broken:
        broken.setattr("nnviz.ui.diagram.canvas.paint_card", fails)
        closed(window.diagram.update)
        for _ in range(3):
            QTimer.singleShot(0, window.diagram.repaint)
        qtbot.waitUntil(lambda: len(paints) > 3)
    QApplication.processEvents()
    assert QApplication.activeModalWidget() is None
    assert window.diagram.grab().toImage() == before
    assert saved(window) == window.document.state


def test_a_fault_in_a_thread_and_where_nobody_can_catch_it_is_told(said, closed, log):
    class Ends:
        def __del__(self):
            raise OSError("at its end")

    def in_a_thread():
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()

    assert "a slot divided by 0" in closed(in_a_thread)
    assert "at its end" in closed(lambda: Ends() and None)
    assert "at its end" in log.read_text("utf-8")


def test_thousands_of_faults_fill_neither_screen_nor_terminal_nor_disk(
    said, closed, log, capsys, monkeypatch
):
    monkeypatch.setattr("nnviz.ui.window.app.MOST_KINDS", 100)
    closed(lambda: fail_uncaught(123))
    kept = log.read_text("utf-8")
    assert kept.count("Traceback") == 1

    def many():
        fail_uncaught(2000)
        for k in range(200):  # each from a place of its own, with much to say
            try:
                exec(compile("raise ValueError('x' * 100_000)", f"place {k}", "exec"))
            except ValueError:
                sys.excepthook(*sys.exc_info())

    assert len(closed(many)) < 1000
    sizes = {each.name: each.stat().st_size for each in log.parent.iterdir()}
    assert sizes.keys() == {"nnviz.log", "nnviz.log.1"}
    assert LOG_BYTES < sum(sizes.values()) < 2 * LOG_BYTES
    assert all(each.stat().st_mode & 0o077 == 0 for each in log.parent.iterdir())
    assert len(capsys.readouterr().err) < 2_100_000  # a hundred kinds are told apart, each cut


def test_where_the_log_cannot_be_written_all_else_goes_on(said, closed, log):
    log.parent.write_text("a file where the folder would be")
    assert "a slot divided by 0" in closed(fail_uncaught)
    assert said[0].startswith("An error inside nnviz")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_the_log_is_silent_on_a_full_disk_and_waits_for_no_pipe(tmp_path, capsys):
    os.mkfifo(tmp_path / "nnviz.log")
    for path in filter(Path.exists, [Path("/dev/full"), tmp_path / "nnviz.log"]):
        append_to_log(path, "x" * 100_000)
    assert capsys.readouterr().err == ""


NESTED = """
import os, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
from nnviz.ui.kit.theme import application
from nnviz.ui.window.app import normalize_exceptions

class Outer(QWidget):
    def event(self, event):
        return super().event(event)

    def paintEvent(self, event):
        1 / 0

app = application()
told = []
sys.excepthook = lambda kind, error, trace: told.append(error)
outer = Outer()
outer.show()
QTimer.singleShot(200, app.quit)
normalize_exceptions(app.exec)
print("alive", len(told) > 0 and type(told[0]).__name__, flush=True)
os._exit(0)
"""


def test_what_c_code_raises_in_a_method_that_qt_calls_does_not_end_the_process():
    """It did on Python 3.11, wherever Qt was called from Python: see normalize_exceptions."""
    run = subprocess.run([sys.executable, "-c", NESTED], capture_output=True, text=True, timeout=120)
    assert run.stdout == "alive ZeroDivisionError\n", run.stderr


def test_the_details_say_nothing_of_the_exception_that_is_always_handled(said, closed, log):
    def fails():
        try:
            {}["first"]
        except KeyError:
            fail()

    closed(lambda: QTimer.singleShot(0, lambda: normalize_exceptions(fails)))
    assert "first" in log.read_text("utf-8")
    assert "_HandledError" not in log.read_text("utf-8")


# --- garbage is collected on the thread of the window alone


def make_many():
    """Make more objects than Python lets be made without collecting."""
    return [[] for _ in range(100_000)]


def test_a_timer_that_nothing_holds_ends_in_the_windows_thread_whoever_makes_objects(qtbot):
    gone = []
    thing = QTimer(interval=1000)
    thing.itself = thing
    thing.start()
    weakref.finalize(thing, lambda: gone.append(threading.current_thread()))
    del thing
    other = threading.Thread(target=make_many)
    other.start()
    other.join()
    assert gone == []
    many = make_many()
    qtbot.waitUntil(lambda: bool(gone))
    assert gone == [threading.main_thread()]
    del many


# --- a signal

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
"""Imports take longest: one process makes them, and forks a process for each folder on its stdin."""

WINDOW = """
import os, sys
import shiboken6
from pathlib import Path
from PySide6.QtCore import Qt, QTimer
from nnviz.cli.main import main
from tests.core.oracle import set_weight
from nnviz.core.activations import ACTIVATIONS
from nnviz.ui.window import session
from nnviz.ui.dialogs.questions import ask_version
from nnviz.ui.dialogs.new_network import NewNetwork
from nnviz.ui.window.files import ask_keep_weights
from tests.ui.sees import offered

def protect_work(workspace, folder):
    windows.append(workspace.main_window)
    workspace.main_window.painted.connect(lambda: run(workspace))
    return protect(workspace, folder)

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
    document.push(set_weight(document.state, 0, 0, 0, 9.0), "a weight")
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

protect, windows = session.protect_work, []
session.protect_work = protect_work
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
        left, said = claim_leftovers(folder)
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
    "whose version": "ask_version(window, 'a.json')",
    "left out": "files._save(Path('a.py'))",
    "refused": "files.load_table(Path('nowhere.csv'))",
    "a new network": "NewNetwork(window).exec()",
    "the name of a weight set": "ask_keep_weights(window, workspace.desk)",
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
    ending.signalled.connect(told.append)
    os.kill(os.getpid(), signal.SIGTERM)
    qtbot.waitUntil(lambda: told == [signal.SIGTERM])
    ending.restore_handlers()
    assert [signal.getsignal(number) for number in SIGNALS] == before
    assert signal.set_wakeup_fd(-1) == -1
    ending.deleteLater()
    QApplication.processEvents()


@pytest.fixture
def data(tmp_path):
    """The folder for nnviz's own data."""
    (tmp_path / "recovery").mkdir()
    return tmp_path


@pytest.fixture
def crashed(data):
    """Return a function that leaves the copy of a program that no longer runs: a weight of `relu` was 9."""

    def leave(name="mine", path=None, written=None):
        state = set_weight(load(example("relu").path), 0, 0, 0, 9.0)
        about = About(state.name, state_summary(state), path, b"")
        copy = data / "recovery" / f"{name}.copy"
        copy.write_bytes(b"".join(with_digest(copy_parts(state, about))))
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
        begun.append(protect_work(window, data))
        return window

    yield open_it
    begun[-1].close()


def left(data):
    """Return how many copies another window would be offered."""
    found, _ = claim_leftovers(data / "recovery")
    for leftover in found:
        leftover.release()
    return len(found)


def listed(dialog):
    """Return the rows of the dialog's list: time, name and content."""
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
            entries = dialog.findChild(QTableWidget)
            label = [own for own in dialog.findChildren(QLabel) if own.text()][-1]
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
    for second, name in enumerate("abc"):
        crashed(name, written=datetime(2021, 3, 4, 5, 6, second))
    crashed("bad").write_bytes(b"half a co")
    counts, told = [], []

    def discard_one(dialog):
        counts.append((len(listed(dialog)), left(data)))
        press_button("Discard")(dialog)

    def discard_two(box):
        """Press Discard in the box, and at once again in the dialog, before events are handled."""
        choose("Discard", told)(box)
        discard_one(box.parent())

    for kind, does in (
        (RecoverDialog, discard_one),
        (QMessageBox, choose("Cancel", told)),
        (RecoverDialog, discard_one),
        (QMessageBox, discard_two),
        (QMessageBox, choose("Discard", told)),
        (RecoverDialog, press_button("Later")),
    ):
        answer(kind, does)
    window = start()
    qtbot.waitUntil(lambda: counts == [(3, 0), (3, 0), (2, 0)])  # no other window is offered any meanwhile
    qtbot.waitUntil(lambda: len(told) == 3)
    assert told[0] == told[1] != told[2]
    approved("unsaved work is discarded", told[2])
    qtbot.waitUntil(lambda: left(data) == 1)
    assert not window.document.modified
    kept = data / "recovery" / "bad.damaged"
    assert status(window).endswith(f"the copy is kept as {kept.name} in {kept.parent}")
    assert kept.read_bytes() == b"half a co"
    kept.unlink()
    answer(RecoverDialog, press_button("Discard"))
    answer(QMessageBox, choose("Discard"))
    start()
    qtbot.waitUntil(lambda: not list((data / "recovery").iterdir()))
