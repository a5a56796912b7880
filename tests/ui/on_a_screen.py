"""Prints what sizes of everything leave wrong on a screen.

That is a window beyond it, a diagram smaller than at 100 %, controls out of sight, panels not as before or
as a person has dragged them.
"""

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PySide6.QtCore import QLoggingCategory, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollBar

from nnviz.core.address import Address
from nnviz.document.document import Document
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.widgets.theme import application, apply_theme
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.session import fill
from nnviz.ui.window.settings import SIZES_PERCENT, Settings
from tests.ui.hands import make_higher

LOW = 580
"""From this height on, at 100 %, the whole Training panel has room beside another one."""


def on_screen(width, height):
    """Return the application on one screen of that size."""
    with TemporaryDirectory() as folder:
        screens = Path(folder) / "screens.json"
        screen = {"name": "one", "x": 0, "y": 0, "width": width, "height": height}
        screens.write_text(json.dumps({"screens": [screen]}))
        os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={screens}"
        return application()


def panels(window):
    """Return how wide and high the panels stand at the right, and how high below."""
    docks = window.board.docks
    return docks["Training"].width(), docks["Training"].height(), docks["Data"].height()


def drawn(window):
    """Return how high a node is on the diagram, and how large the letters of a weight."""
    picture = window.diagram.picture
    return picture.place(Address("node", 0, 0)).height, picture.label(Address("weight", 0, 0, 0)).size


def scrolls(dock, height):
    """Tell whether a panel has a bar to scroll with; downwards it may where everything is low on `height`."""
    kinds = {bar.orientation() for bar in dock.findChildren(QScrollBar) if bar.isVisible()}
    return bool(kinds if height >= LOW else kinds & {Qt.Orientation.Horizontal})


def in_time(holds):
    """Tell whether it holds by and by: on a busy machine the docks take longer."""
    for _ in range(40):
        if holds():
            return True
        QTest.qWait(50)
    return False


def compare(before, window):
    """Print how the panels stood and stand where that is not the same."""
    if not in_time(lambda: all(abs(a - b) <= 4 for a, b in zip(before, panels(window), strict=True))):
        print("panels", before, panels(window))


def main():
    """Choose one size after the other, up and down again."""
    QLoggingCategory.setFilterRules("default.warning=false")
    app = on_screen(*map(int, sys.argv[1:]))
    apply_theme(app, "light")
    settings = Settings(remembers=False)
    window = fill(MainWindow(settings), Document(load(example("forward").path)), settings)
    room = app.primaryScreen().availableGeometry()
    window.main_window.resize(room.size())
    window.main_window.show()
    window.main_window.fit_screen()
    window.library.load()
    QTest.qWait(400)  # the docks ask for their room in a few rounds
    before, small = panels(window), drawn(window)
    for percent in (*SIZES_PERCENT, *reversed(SIZES_PERCENT)):
        window.set_size(percent)
        QTest.qWait(100)
        QTest.mouseClick(window.training, Qt.MouseButton.LeftButton, pos=QPoint(3, 3))  # which drags nothing
        if not in_time(lambda: room.contains(window.main_window.frameGeometry())):
            print(percent)
        if not in_time(lambda: all(now >= then for then, now in zip(small, drawn(window), strict=True))):
            print("diagram", percent, small, drawn(window))
        height = room.height() * 100 / percent
        if not in_time(lambda height=height: not scrolls(window.board.docks["Training"], height)):
            print("Training scrolls", percent)
    compare(before, window)
    make_higher(window.board, window.board.docks["Training"], 60)
    dragged = panels(window)
    for percent in (125, 100):
        window.set_size(percent)
        QTest.qWait(100)
    compare(dragged, window)
    print("on", room.width(), room.height())
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
