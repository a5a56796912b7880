"""What a person is told of an exception that nothing has caught: one sentence, once for each fault."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMessageBox, QWidget


def tell_unexpected(window: QWidget, say: Callable[[str], None]) -> None:
    """From now on tell of uncaught exceptions in `window`; `say` tells the status line."""
    sys.excepthook = _Teller(window, say).tell


class _Teller(QObject):
    def __init__(self, window: QWidget, say: Callable[[str], None]) -> None:
        super().__init__(window)
        self._window, self._say = window, say
        self._told: set[str] = set()
        self._open = False

    def tell(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Print the traceback as ever, and tell of it, unless that has been done: painting comes again."""
        sys.__excepthook__(kind, error, trace)
        place = "".join(traceback.format_tb(trace)[-1:])
        if not issubclass(kind, Exception) or place in self._told:
            return
        self._told.add(place)
        what = "".join(traceback.format_exception_only(kind, error)).strip().replace("\n", " ")
        self._say(f"An error inside nnviz: {what}")
        if not self._open:
            self._open = True
            details = "".join(traceback.format_exception(kind, error, trace))
            # Not now: the exception may come from the middle of painting.
            QTimer.singleShot(0, self, lambda: self._show(what, details))

    def _show(self, what: str, details: str) -> None:
        said = f"An error inside nnviz: {what}"
        box = QMessageBox(QMessageBox.Icon.Warning, "nnviz", said, parent=self._window)
        box.setInformativeText("What you did last may not have happened. The network is open as before.")
        copy = box.addButton("Copy &details", QMessageBox.ButtonRole.ActionRole)
        box.addButton(QMessageBox.StandardButton.Close)
        box.exec()
        self._open = False
        if box.clickedButton() is copy:
            QGuiApplication.clipboard().setText(details)
            self._say("Copied the details of the error")
