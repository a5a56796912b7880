"""What a window notices when it gets the focus: its file was changed, deleted, or is open elsewhere too."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from nnviz.core.names import file_named
from nnviz.document.presence import Presence
from nnviz.ui.window.workspace import Workspace

AGAIN_MS = 50
"""Between two looks whether a person is still in the middle of a click."""


class ChangedElsewhere(QObject):
    """Looks after the file of a workspace whenever its window gets the focus; `folder` is for presences."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        super().__init__(workspace.main_window)
        self._workspace, self._presence = workspace, Presence(folder)
        self._others = 0
        self._look_timer = QTimer(self, singleShot=True)
        self._look_timer.timeout.connect(self._look)
        workspace.document.file_changed.connect(self._move)
        workspace.main_window.installEventFilter(self)
        self._move()

    def close(self) -> None:
        """Say to other windows that the file is not open here any more."""
        self._presence.leave()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look once the window has the focus."""
        if event.type() == QEvent.Type.WindowActivate:
            self._look_timer.start(0)
        return False

    def _look(self) -> None:
        if QApplication.mouseButtons() or QApplication.activePopupWidget():
            self._look_timer.start(AGAIN_MS)  # who clicks on the window is not interrupted
        elif QApplication.activeModalWidget() is None:
            self._count()
            self._workspace.files.look()

    def _move(self) -> None:
        self._presence.move_to(self._workspace.document.path)
        self._others = 0
        QTimer.singleShot(0, self, self._count)  # when it has been said that the file is open

    def _count(self) -> None:
        path, before = self._workspace.document.path, self._others
        self._others = self._presence.others() if path else 0
        if path and self._others > before:
            others = "another window" if self._others == 1 else f"{self._others} other windows"
            self._workspace.status.say(f"{file_named(path)} is open in {others} of nnviz too")
