"""With nothing playing the window sleeps: no timer, no animation, no thread, and nothing is painted."""

import gc
import threading

import pytest
from PySide6.QtCore import QAbstractEventDispatcher, QEvent, QEventLoop, QObject, QTimer
from PySide6.QtWidgets import QApplication

from nnviz.core.address import Address
from nnviz.files.examples import example
from nnviz.ui.window.app import Opened
from nnviz.ui.window.panels import PANELS
from tests.ui.hands import bring
from tests.ui.sees import at_work

EXAMPLES = ["relu", "xor", "digits"]


class Paints(QObject):
    """Keeps the names of the widgets that are painted."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def eventFilter(self, watched, event):  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            self.seen.append(type(watched).__name__)
        return False


def busy():
    """Return the timers that are active, the animations that run, and the threads of nnviz."""
    found = [own for own in threading.enumerate() if own.name.startswith("nnviz")]
    return found + at_work()


def woken_in_a_second():
    """Return how often the event loop woke within one second."""
    woken, second = [], QEventLoop()
    dispatcher = QAbstractEventDispatcher.instance()
    dispatcher.awake.connect(lambda: woken.append(1))
    QTimer.singleShot(1000, second.quit)
    second.exec()
    dispatcher.awake.disconnect()
    return len(woken)


@pytest.fixture
def sleeps(qtbot):
    """Return a function that gives the window time to come to rest, and tells what still goes on then."""
    paints = Paints()
    QApplication.instance().installEventFilter(paints)

    def it_sleeps():
        for _ in range(30):
            paints.seen.clear()
            qtbot.wait(100)
            if not paints.seen and not busy():
                return
        raise AssertionError(f"painted {paints.seen}, at work {busy()}")

    yield it_sleeps
    QApplication.instance().removeEventFilter(paints)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_open_window_comes_to_rest(open_window, sleeps, name):
    open_window(name)
    sleeps()


def test_nothing_that_looks_after_the_window_wakes_it(qtbot, settings, sleeps, tmp_path):
    """Collecting garbage, copies of unsaved work, other windows, signals: all of that is in the program."""
    program = Opened(settings, example("relu").path, tmp_path)
    qtbot.waitUntil(lambda: program.workspace is not None and program.workspace.history.curve is not None)
    sleeps()
    seconds = [woken_in_a_second() for _ in range(3)]
    program.workspace.main_window.close()
    program.close()
    gc.unfreeze()
    # the end of a second is one; what woke it again and again would do so in each
    assert min(seconds) <= 2, seconds


def test_every_tab_comes_to_rest_with_an_edge_selected(open_window, sleeps):
    window = open_window("xor")
    window.selection.select(Address("weight", 0, 0, 0), Address("weight", 0, 0, 1))
    for panel in PANELS:
        bring(window, panel.name)
        sleeps()


def test_it_comes_to_rest_after_a_run_and_in_the_middle_of_a_walk(qtbot, open_window, sleeps):
    window = open_window("xor")
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended, timeout=20_000):
        window.runner.run()
    sleeps()
    window.player.step()
    window.player.step()
    window.player.pause()
    sleeps()
