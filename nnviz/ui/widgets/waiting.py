"""The dialog of what takes long: it comes after half a second, shows how far that is, and can stop it."""

from __future__ import annotations

import time
from typing import Self

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QProgressBar, QProgressDialog, QWidget

from nnviz.files.progress import CancelledError

WAIT_S = 0.5
LOOK_S = 0.03
"""Between two looks at what a person does: the window stays alive, and the work hardly slower."""


class Waiting:
    """What long work tells its progress to. Raises CancelledError once the person has pressed Cancel.

    As a context: the dialog is gone at its end.
    """

    def __init__(self, window: QWidget, what: str) -> None:
        self._window, self._what = window, what
        self._dialog: QProgressDialog | None = None
        self._next = time.monotonic() + WAIT_S

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._dialog is not None:
            self._dialog.hide()
            self._dialog.deleteLater()

    def __call__(self, part: float) -> None:
        """Show that this part is done, and let the window live for a moment."""
        if time.monotonic() < self._next:
            return
        dialog = self._dialog = self._dialog or self._shown()
        dialog.setMaximum(100 if part else 0)  # while nothing has come, nobody knows how far it is
        dialog.setValue(int(100 * part))
        QApplication.processEvents()
        self._next = time.monotonic() + LOOK_S
        if dialog.wasCanceled():
            raise CancelledError

    def _shown(self) -> QProgressDialog:
        dialog = QProgressDialog(self._what, "Cancel", 0, 100, self._window)
        dialog.setWindowTitle("nnviz")
        dialog.setMinimumWidth(320)
        bar = QProgressBar()
        bar.setTextVisible(False)
        bar.setMaximumHeight(6)
        bar.setAccessibleName(self._what)
        dialog.setBar(bar)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.setAutoReset(False)
        dialog.setAutoClose(False)
        dialog.show()
        return dialog
