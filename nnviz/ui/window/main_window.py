"""The window itself: on the screen at once with empty cards, to be filled by a Workspace.

Imports nothing but Qt and the settings, for the first frame's sake.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QFrame, QMainWindow, QSplitter, QWidget

from nnviz.ui.widgets.drops import dropped_file
from nnviz.ui.window.settings import Settings

SIZE_PX = QSize(1280, 800)
"""How large the window is at its first start, where the screen has room."""
GAP_PX = 10
RIGHT_PX = 364


class MainWindow(QMainWindow):
    """The window of one document: diagram large, data and words under it, training and plots at the right.

    ========= ==========================================================================
    `painted` after the first frame, and after the first one with panels
    `closing` the close event, which a slot may ignore
    `dropped` the path of a file that was dropped on it
    ========= ==========================================================================
    """

    painted = Signal()
    closing = Signal(object)
    dropped = Signal(Path)

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self._settings = settings
        self._frame_is_due = True
        self._panels: dict[str, QWidget] = {}
        self._arrange()
        self.setWindowTitle("nnviz")
        self.setAcceptDrops(True)
        self.resize(SIZE_PX.boundedTo(self.screen().availableSize()))
        if geometry := settings.bytes("geometry"):
            self.restoreGeometry(geometry)

    def _arrange(self) -> None:
        """Make five places between splitters, each with an empty card until it is given its panel."""
        whole = QSplitter(Qt.Orientation.Horizontal)
        left = QSplitter(Qt.Orientation.Vertical, whole)
        right = QSplitter(Qt.Orientation.Vertical, whole)
        self._panels["diagram"] = _empty_card(left)
        below = QSplitter(Qt.Orientation.Horizontal, left)
        for name, place in (("data", below), ("words", below), ("training", right), ("plots", right)):
            self._panels[name] = _empty_card(place)
        self._splitters = {"left": left, "below": below, "right": right, "whole": whole}
        for splitter in self._splitters.values():
            splitter.setHandleWidth(GAP_PX)
            splitter.setChildrenCollapsible(False)
        left.setStretchFactor(0, 1)
        right.setStretchFactor(1, 1)
        right.setMinimumWidth(300)
        whole.setStretchFactor(0, 1)
        whole.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
        left.setSizes([450, 214])
        below.setSizes([510, 366])
        right.setSizes([280, 400])
        whole.setSizes([1280 - RIGHT_PX, RIGHT_PX])
        for name, splitter in self._splitters.items():
            if state := self._settings.bytes(f"splitter/{name}"):
                splitter.restoreState(state)
        self.setCentralWidget(whole)

    def put(self, **panels: QWidget) -> None:
        """Put panels in their places: diagram, data, words, training, plots."""
        for name, panel in panels.items():
            before = self._panels[name]
            splitter = before.parentWidget()
            assert isinstance(splitter, QSplitter)
            splitter.replaceWidget(splitter.indexOf(before), panel)
            before.deleteLater()
            self._panels[name] = panel
        self._frame_is_due = True

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say so after a first frame: a timer started when shown would end before it."""
        super().paintEvent(event)
        if self._frame_is_due:
            self._frame_is_due = False
            QTimer.singleShot(0, self, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close unless somebody objects, and remember the window."""
        self.closing.emit(event)
        if event.isAccepted():
            self._settings.remember("geometry", self.saveGeometry())
            for name, splitter in self._splitters.items():
                self._settings.remember(f"splitter/{name}", splitter.saveState())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if dropped_file(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell of the file once the drop is over."""
        if path := dropped_file(event.mimeData()):
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.dropped.emit(path))


def _empty_card(place: QSplitter) -> QFrame:
    card = QFrame(place)
    card.setObjectName("card")
    return card
