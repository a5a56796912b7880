"""The window and the networks that the benchmarks measure."""

import itertools
import os
import statistics
import sys
import time

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QEventLoop, QLoggingCategory, QTimer

from nnviz.core.address import default_inputs, default_nodes
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document
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


def until(reached, seconds=30.0):
    """Let the window live until `reached()` is true."""
    end, alarm = time.perf_counter() + seconds, QTimer(interval=1)
    alarm.start()
    while not reached():
        application().processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        if time.perf_counter() > end:
            sys.exit("what the benchmark waits for did not come")


def settle(seconds=0.4):
    """Let the window live for a while, in which it sharpens its picture and explains."""
    end = time.perf_counter() + seconds
    until(lambda: time.perf_counter() > end)


def timed(does, times=20):
    """Return the median of the milliseconds that `does(k)` takes."""
    found = []
    for k in range(times):
        start = time.perf_counter()
        does(k)
        found.append(1e3 * (time.perf_counter() - start))
    return statistics.median(found)
