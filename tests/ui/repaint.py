"""Names the deeds after which pixels of the diagram are not as painted anew: run with QT_SCALE_FACTOR set."""

import os
import sys

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import numpy as np
from PySide6.QtCore import QLoggingCategory, QPoint
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.document.document import Document
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.widgets.theme import application, apply_theme
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import fill
from nnviz.ui.window.settings import Settings
from tests.ui.hands import hover, point

AROUND_PX, ROUNDING = 4, 2
"""How much around the diagram is looked at, and what a channel may differ by."""


def on_screen(window):
    """Return the pixels of the diagram, and some around it, as the screen has them."""
    whole = application().primaryScreen().grabWindow(window.main_window.winId()).toImage()
    image = whole.convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.array(image.constBits(), dtype=np.uint8).reshape(image.height(), -1, 4)
    ratio, at = image.devicePixelRatio(), window.diagram.mapTo(window.main_window, QPoint(0, 0))
    start = [int(edge * ratio) - AROUND_PX for edge in (at.y(), at.x())]
    size = [int(edge * ratio) + 2 * AROUND_PX for edge in (window.diagram.height(), window.diagram.width())]
    part = pixels[start[0] : start[0] + size[0], start[1] : start[1] + size[1], :3]
    return part.astype(int)


def settle(window):
    """Let everything be painted that is due."""
    window.main_window.raise_()
    for _ in range(2):
        QTest.qWait(60)


def stale(window):
    """Return how many pixels are not as painted anew."""
    settle(window)
    seen = on_screen(window)
    for widget in (window.diagram, window.board, window.main_window):
        widget.update()
    settle(window)
    return int((np.abs(seen - on_screen(window)) > ROUNDING).any(axis=2).sum())


def deeds(window):
    """Yield what changes a part of what is seen."""
    diagram, state = window.diagram, window.document.state
    weight, node = Address("weight", 0, 1, 0), Address("node", 0, 0)
    yield "hover", lambda: hover(diagram, point(window, node))
    yield "leave", lambda: hover(diagram, QPoint(1, 1))
    yield "select", lambda: window.selection.select(weight)
    yield "edit", lambda: window.document.push(edits.set_weight(state, 0, 1, 0, -3.0), "w")
    yield "slopes", lambda: window.selection.show_slopes(True)
    yield "step", lambda: (window.player.step(), QTest.qWait(1500))
    yield "update", window.runner.step
    yield "end of the walk", window.player.stop
    yield "dark", lambda: apply_theme(application(), "dark")
    yield "hover in the dark", lambda: hover(diagram, point(window, node))
    yield "light", lambda: apply_theme(application(), "light")


def main():
    """Print a line for every deed that leaves pixels behind."""
    QLoggingCategory.setFilterRules("default.warning=false")
    app = application()
    apply_theme(app, "light")
    settings = Settings(remembers=False)
    window = fill(MainWindow(settings), Document(load(example("xor").path)), settings)
    window.main_window.resize(*map(int, sys.argv[1:]))
    window.main_window.show()
    window.library.load()
    settle(window)
    for name, does in deeds(window):
        does()
        if pixels := stale(window):
            print(name, pixels)
    print("at", window.diagram.devicePixelRatio())
    sys.stdout.flush()
    os._exit(0)  # closing it would ask whether to save


if __name__ == "__main__":
    main()
