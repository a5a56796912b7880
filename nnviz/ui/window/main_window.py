"""The window itself: on the screen at once and empty, to be filled by a Workspace.

Imports nothing but Qt and the settings, for the first frame's sake.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QWidget

from nnviz.ui.widgets.drops import take_file
from nnviz.ui.window.board import Board
from nnviz.ui.window.settings import Settings

SIZE_PX = QSize(1280, 800)
"""How large the window is at its first start, where the screen has room."""
MAXIMISED = "maximised"
"""Whether the window was, as it is remembered."""


class MainWindow(QMainWindow):
    """The window of one document: `board` holds the diagram and the panels.

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
        self._given = QSize()
        """What a person made of its size, or what it was at first."""
        self.board = Board(settings)
        self.setCentralWidget(self.board)
        self.setWindowTitle("nnviz")
        self.setAcceptDrops(True)
        self.resize(SIZE_PX.boundedTo(self.screen().availableSize()))
        geometry = settings.bytes("geometry")
        fits = geometry is not None and self.restoreGeometry(
            geometry
        )  # not on a screen of very different width
        if not fits and settings.flag(MAXIMISED, first=False):
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def fit_screen(self) -> None:
        """Stand within the screen with the whole frame, and no larger than it is."""
        if not self.isMaximized() and not self.isFullScreen():
            room, frame = self.screen().availableGeometry(), self.frameGeometry()
            self.setGeometry(within(self.geometry(), frame, room))

    def about_to_grow(self) -> None:
        """Take note of its size, before the size of everything changes, unless it had to have that one."""
        if self.size() != self._given.expandedTo(self.minimumSizeHint()):
            self._given = self.size()

    def grow(self) -> None:
        """Be as large as before any growth, or as it has to be, and within the screen."""
        if (layout := self.layout()) and not self.isMaximized() and not self.isFullScreen():
            layout.activate()  # else it has to be as large as what is in it was
            self.resize(self._given)
        self.fit_screen()

    def put(self, diagram: QWidget) -> None:
        """Put the diagram in its place."""
        self.board.put(diagram)
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
            self._settings.remember(MAXIMISED, self.isMaximized())
            self.board.remember()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        take_file(event)

    def dropEvent(self, event: QDropEvent) -> None:
        """Tell of the file once the drop is over."""
        if path := take_file(event):
            QTimer.singleShot(0, self, lambda: self.dropped.emit(path))


def within(window: QRect, frame: QRect, room: QRect) -> QRect:
    """Return where `window` stands when its `frame` is moved, and where needed shrunk, into `room`."""
    size = frame.size().boundedTo(room.size())
    left = min(max(frame.left(), room.left()), room.left() + room.width() - size.width())
    top = min(max(frame.top(), room.top()), room.top() + room.height() - size.height())
    return QRect(
        left + window.left() - frame.left(),
        top + window.top() - frame.top(),
        size.width() - frame.width() + window.width(),
        size.height() - frame.height() + window.height(),
    )
