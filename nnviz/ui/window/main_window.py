"""The window itself: on the screen at once with empty cards, to be filled by a Workspace.

Imports nothing but Qt and the settings, for the first frame's sake.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QWidget

from nnviz.ui.window.arrangement import Arrangement
from nnviz.ui.window.settings import Settings

SIZE = QSize(1280, 800)
"""How large the window is at its first start, where the screen has room."""


class MainWindow(QMainWindow):
    """The window of one document.

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
        self._arrangement = Arrangement(settings)
        self.setCentralWidget(self._arrangement)
        self.setWindowTitle("nnviz")
        self.setAcceptDrops(True)
        self.resize(SIZE.boundedTo(self.screen().availableSize()))
        if geometry := settings.bytes("geometry"):
            self.restoreGeometry(geometry)

    def put(self, **panels: QWidget) -> None:
        """Put panels in their places, as `Arrangement.put` does."""
        self._arrangement.put(**panels)
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
            self._arrangement.remember()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell of the file once the drop is over."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            QTimer.singleShot(0, self, lambda: self.dropped.emit(paths[0]))
