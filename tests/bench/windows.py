"""The window, the diagram and the networks that the benchmarks measure.

What a benchmark needs of a window's insides stands here, except for the panel that it measures.
"""

import itertools
import os
import statistics
import sys
import time
from dataclasses import replace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import shiboken6
from PySide6.QtCore import QEventLoop, QLoggingCategory, Qt, QTimer

from nnviz.core.address import default_inputs, default_nodes
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document
from nnviz.document.idle import FRAME_MS
from nnviz.ui.diagram.diagram import Diagram
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.settings import Settings
from nnviz.ui.kit.theme import application, apply_theme
from nnviz.ui.window.session import fill
from nnviz.ui.window.window import MainWindow

LARGE = (784, 128, 64, 10)


def app():
    QLoggingCategory.setFilterRules("default.warning=false")
    own = application()
    apply_theme(own, "light")
    return own


def state(*sizes, rows=4, activations=None, biases=True, seed=0):
    """Return a network of these sizes, relu by default, at a seeded start, with made rows."""
    pairs = list(itertools.pairwise(sizes))
    layers = tuple(
        Layer(default_nodes(k, len(pairs), b), name, np.zeros((b, a)), np.zeros(b) if biases else None)
        for k, ((a, b), name) in enumerate(zip(pairs, activations or ["relu"] * len(pairs), strict=True))
    )
    rng = np.random.default_rng(0)
    data = Dataset(rng.random((rows, sizes[0])), rng.random((rows, sizes[-1])))
    return State(Network(default_inputs(sizes[0]), layers).randomised(seed), data)


def name_of(sizes):
    return "-".join(map(str, sizes))


def open_window(what, size=(1280, 800)):
    """Return the workspace of a window on a State or a Document, with everything loaded and painted."""
    document = what if isinstance(what, Document) else Document(what)
    settings = Settings(remembers=False)
    window = fill(MainWindow(settings), document, settings)
    window.main_window.resize(*size)
    window.main_window.show()
    until(lambda: window.history.curve is not None)
    settle()
    return window


def select(window, address):
    window.document.select(address)


def bring_to_front(window, name, selected=None):
    """Bring a panel in front of its tabs, with this address selected, and let it come to rest."""
    select(window, selected)
    window.board.docks[name].bring_to_front()
    settle()


class Repaints:
    """The times of the diagram's repaints that follow a change: its frames."""

    def __init__(self, window):
        self.times, self._changed, self._paint = [], False, window.diagram.paintEvent
        window.document.changed.connect(self._change)
        window.diagram.paintEvent = self._painting

    def _change(self, old, new):
        self._changed |= old.state is not new.state

    def _painting(self, event):
        self._paint(event)
        if self._changed:
            self._changed = False
            self.times.append(time.perf_counter())


def painted(repaints, does):
    """Call `does`, which changes the document, and wait until the diagram and all panels in sight show it.

    They do when the diagram is painted, and no timer of nnviz's ends within a frame. Return the milliseconds
    until the diagram is painted, and until all is painted.
    """
    live, before = application().processEvents, len(repaints.times)
    start = time.perf_counter()
    does()
    while len(repaints.times) == before:
        live()
        if time.perf_counter() > start + 30.0:
            sys.exit("the diagram was not painted")
    live()
    end = time.perf_counter()
    timers = [own for own in shiboken6.getAllValidWrappers() if issubclass(type(own), QTimer)]
    while any(0 <= own.remainingTime() <= FRAME_MS for own in timers):
        live()
        end = time.perf_counter()
    return 1e3 * (repaints.times[before] - start), 1e3 * (end - start)


class Canvas:
    """The diagram alone, as in the window during a run."""

    def __init__(self, size, *sizes, rows=4):
        self.document = Document(state(*sizes, rows=rows))
        self.desk = Desk(self.document)
        self.player, self.diagram = self.desk.player, Diagram(self.desk)
        self.diagram.resize(*size)
        self.diagram.show()
        for view in (self.diagram, self.diagram.numbers):
            self.desk.frames.add(view)
        settle()
        self.move(True)

    def move(self, moving):
        self.document.set_in_motion(moving)
        self.desk.frames.show_pending()

    def draw(self, network):
        self.document.push(replace(self.document.state, network=network), "Run", "run")
        self.desk.frames.show_due()  # as in a run: the numbers ten times a second
        self.diagram.repaint()


def until(reached, seconds=30.0):
    """Let the window live until `reached()` is true."""
    end, alarm = time.perf_counter() + seconds, QTimer(interval=1)
    alarm.start()
    while not reached():
        application().processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        if time.perf_counter() > end:
            sys.exit("what the benchmark waits for did not come")


def settle(seconds=0.4):
    """Let the window live for a while, in which it sharpens its picture and explains, or trains."""
    loop, alarm = QEventLoop(), QTimer(singleShot=True, timerType=Qt.TimerType.PreciseTimer)
    alarm.timeout.connect(loop.quit)
    alarm.start(round(1000 * seconds))
    loop.exec()


def timed(does, times=20):
    """Return the median of the milliseconds that `does(k)` takes."""
    found = []
    for k in range(times):
        start = time.perf_counter()
        does(k)
        found.append(1e3 * (time.perf_counter() - start))
    return statistics.median(found)
