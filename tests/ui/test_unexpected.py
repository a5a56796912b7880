"""An exception that nothing has caught is told once, kept in the log, and the window goes on."""

import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer, qWarning
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMessageBox, QWidget

import nnviz.ui.diagram.canvas
from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.files.registry import load
from nnviz.ui.activation.panel import ActivationPanel
from nnviz.ui.code.panel import CodePanel
from nnviz.ui.confusion.panel import ConfusionPanel
from nnviz.ui.data.panel import DataPanel
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.diagram.edit_session import EditSession
from nnviz.ui.diagram.finder import Finder
from nnviz.ui.explain.notes import Notes
from nnviz.ui.explain.panel import ExplainPanel
from nnviz.ui.function.panel import FunctionPanel
from nnviz.ui.loss.panel import LossPanel
from nnviz.ui.plots.history_plot import HistoryPlot
from nnviz.ui.plots.weight_matrix import WeightMatrix
from nnviz.ui.training.panel import TrainingPanel
from nnviz.ui.widgets.whole import with_whole_exceptions
from nnviz.ui.window.log import LOG_BYTES, Log
from nnviz.ui.window.new_network import NewNetwork
from nnviz.ui.window.toolbar import Toolbar
from nnviz.ui.window.unexpected import Unexpected
from nnviz.ui.window.weight_sets import WeightSets
from nnviz.ui.window.workspace import Workspace
from tests.ui.hands import (
    address_named,
    bring,
    choose,
    choose_entry,
    click,
    press,
    set_number,
    type_name,
    write,
)
from tests.ui.sees import offered, status


@pytest.fixture
def log(tmp_path):
    """Where the log is; its folder is not there yet."""
    return tmp_path / "data" / "nnviz.log"


@pytest.fixture
def watch(log):
    """Return a function that has what is uncaught told over a widget, and said to a function."""
    watching = []

    def begin(widget, say):
        watching.append(Unexpected(widget, say, log))
        watching[-1].watch()

    yield begin
    for each in watching:
        each.rest()


@pytest.fixture
def watched(open_window, watch):
    """Return a function that opens a window in which what is uncaught is told."""

    def open_it():
        window = open_window("relu")
        watch(window.main_window, window.status.say)
        return window

    return open_it


@pytest.fixture
def said(qtbot, watch):
    """What is said of what is uncaught, over a widget that is no more than that."""
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
    """Return a function: do something, and press a button of the box that it opens; what the box said."""

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


def save(window, answer, qtbot, path):
    window.main_window.activateWindow()  # without a window manager nobody does when a box closes
    qtbot.waitUntil(window.main_window.isActiveWindow)
    if window.document.path is None:
        answer(QFileDialog, type_name(path))
    QTest.keySequence(window.main_window, "Ctrl+S")


def click_node(window):
    click(window, address_named(window, "node_0"))


def find(window):
    choose_entry(window, "Find…")
    write(window.finder.field, "n")


def keep_weights(window):
    network = offered(window, "Network").menu()
    network.aboutToShow.emit()
    offered(window, "Weight sets").menu().aboutToShow.emit()
    choose_entry(window, "Keep the present weights…")


def type_into_new_network(window):
    def type_and_leave():
        dialog = QApplication.activeModalWidget()
        write(dialog.inputs, "3")
        dialog.reject()

    QTimer.singleShot(0, type_and_leave)
    choose_entry(window, "New…")


SLOTS = {
    "Diagram": (Diagram, "mousePressEvent", click_node),
    "an edited number": (EditSession, "_accept", lambda w: set_number(w, Address("weight", 0, 0, 0), "3")),
    "Data": (DataPanel, "_show_shape", lambda w: press(w, "Add row")),
    "Training": (TrainingPanel, "step", lambda w: press(w, "One update")),
    "MSE": (HistoryPlot, "_follow", lambda w: press(w, "One update")),
    "1 weight": (LossPanel, "_choose", click_node),
    "2 weights": (LossPanel, "_choose", click_node),
    "Activation": (ActivationPanel, "draw", click_node),
    "Function": (FunctionPanel, "_follow", lambda w: press(w, "One update")),
    "Matrix": (WeightMatrix, "_selected", click_node),
    "Classes": (ConfusionPanel, "draw", lambda w: press(w, "One update")),
    "Explain": (ExplainPanel, "_refresh", click_node),
    "Code": (CodePanel, "_selected", click_node),
    "Notes": (Notes, "_toggle", lambda w: press(w, "Edit")),
    "the finder": (Finder, "_search", find),
    "weight sets": (WeightSets, "_ask_keep", keep_weights),
    "a new network": (NewNetwork, "_check", type_into_new_network),
    "the toolbar": (Toolbar, "refresh", lambda w: press(w, "1  Forward")),
    "a menu": (Workspace, "undo", lambda w: (press(w, "One update"), choose_entry(w, "Undo"))),
    "the window": (Workspace, "_show_facts", lambda w: press(w, "One update")),
}


def test_after_a_fault_in_any_panel_the_work_can_be_saved(
    watched, answer, qtbot, monkeypatch, tmp_path, amount
):
    armed, path = set(), tmp_path / "saved.json"

    def failing(slot, real):
        def fails(self, *args):
            if slot in armed and not (
                isinstance(self, QDialog) and self.isHidden()
            ):  # it fails once it is open
                exec(compile(f"raise ZeroDivisionError('in {slot}')", slot, "exec"))
            return real(self, *args[: real.__code__.co_argcount - 1])

        return fails

    for slot, (owner, name, _) in SLOTS.items():
        monkeypatch.setattr(owner, name, failing(slot, getattr(owner, name)))
    window = watched()
    assert {"Diagram", *window.board.docks} <= set(SLOTS)
    for k, (slot, (_, _, deed)) in [*enumerate(SLOTS.items())][:: amount(quick=3, ci=1, night=1)]:
        if slot in window.board.docks:
            bring(window, slot)
        window.document.edit("Set", edits.set_weight, 0, 1, 1, k)
        told = []
        answer(QMessageBox, choose("Close", told))
        armed.add(slot)
        QTimer.singleShot(0, lambda deed=deed: deed(window))
        qtbot.waitUntil(lambda told=told: bool(told) and QApplication.activeModalWidget() is None)
        assert told[0].startswith("An error inside nnviz: ZeroDivisionError: ")
        assert f"in {slot}" in told[0]
        save(window, answer, qtbot, path)
        assert load(path) == window.document.state, slot
        armed.clear()
        window.selection.select(Address("node", 1, 0))


def test_after_a_fault_in_painting_the_next_paint_works(watched, answer, qtbot, monkeypatch, tmp_path):
    window = watched()
    before, told, paints = window.diagram.grab().toImage(), [], []

    def fails(*_):
        paints.append(1)
        raise KeyError("in painting")

    with monkeypatch.context() as broken:
        broken.setattr(nnviz.ui.diagram.canvas, "paint_card", fails)
        answer(QMessageBox, choose("Close", told))
        window.diagram.update()
        qtbot.waitUntil(lambda: bool(told) and QApplication.activeModalWidget() is None)
        for _ in range(3):
            QTimer.singleShot(0, window.diagram.repaint)
        qtbot.waitUntil(lambda: len(paints) > 3)
    QApplication.processEvents()
    assert len(told) == 1
    assert window.diagram.grab().toImage() == before
    save(window, answer, qtbot, tmp_path / "saved.json")
    assert load(tmp_path / "saved.json") == window.document.state


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
    monkeypatch.setattr("nnviz.ui.window.unexpected.MOST_KINDS", 100)

    def many():
        fail_uncaught(2000)
        for k in range(200):  # each from a place of its own, with much to say
            try:
                exec(compile("raise ValueError('x' * 100_000)", f"place {k}", "exec"))
            except ValueError:
                sys.excepthook(*sys.exc_info())

    assert len(closed(many)) < 1000
    assert sum(each.stat().st_size for each in log.parent.iterdir()) < 2.2 * LOG_BYTES
    assert len(capsys.readouterr().err) < 2_100_000  # a hundred kinds are told apart, each cut


def test_the_log_counts_what_comes_again(said, closed, log):
    closed(lambda: fail_uncaught(123))
    kept = log.read_text("utf-8")
    assert kept.count("Traceback") == 1
    assert "ZeroDivisionError: a slot divided by 0: 100 times by now" in kept


def test_where_the_log_cannot_be_written_all_else_goes_on(said, closed, log):
    log.parent.write_text("a file where the folder would be")
    assert "a slot divided by 0" in closed(fail_uncaught)
    assert said[0].startswith("An error inside nnviz")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_on_a_full_disk_the_log_is_silent(capsys):
    log = Log(Path("/dev/full"))
    log.write("x" * 100_000)
    log.close()
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes of this kind")
def test_a_log_that_is_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "nnviz.log")
    log = Log(tmp_path / "nnviz.log")
    log.write("a fault")
    log.close()


NESTED = """
import os, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget
from nnviz.ui.widgets.theme import application
from nnviz.ui.widgets.whole import with_whole_exceptions

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
with_whole_exceptions(app.exec)
print("alive", len(told) > 0 and type(told[0]).__name__, flush=True)
os._exit(0)
"""


def test_what_c_code_raises_in_a_method_that_qt_calls_does_not_end_the_process():
    """It did on Python 3.11, wherever Qt was called from Python: see with_whole_exceptions."""
    run = subprocess.run([sys.executable, "-c", NESTED], capture_output=True, text=True, timeout=120)
    assert run.stdout == "alive ZeroDivisionError\n", run.stderr


def test_the_details_say_nothing_of_the_exception_that_is_always_handled(said, closed, log):
    def fails():
        try:
            {}["first"]
        except KeyError:
            fail()

    closed(lambda: QTimer.singleShot(0, lambda: with_whole_exceptions(fails)))
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
