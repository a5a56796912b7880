"""Shows changes of the document at once, but only every so often while a run makes many a second."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject

from nnviz.document.document import Document

APART = 0.045
"""Seconds between two times in motion: every third frame at 60 frames a second."""


class Seldom(QObject):
    """Calls `show` for what `changed` is told: at once, in motion now and then, and again at rest.

    `phase`, from 0 to 1, is when its turn comes: views with different ones do not all show in one frame.
    """

    def __init__(self, document: Document, show: Callable[[], object], phase: float, parent: QObject) -> None:
        super().__init__(parent)
        self._document, self._show, self._phase = document, show, phase
        self._owed = False
        self._shown_at = 0.0
        document.motion_changed.connect(self._motion_changed)

    def changed(self) -> None:
        """Show now, or leave it to a later change or to the end of the motion."""
        now = time.monotonic()
        if self._document.in_motion and now < self._shown_at + APART:
            self._owed = True
            return
        self._shown_at, self._owed = now, False
        self._show()

    def _motion_changed(self) -> None:
        if self._document.in_motion:
            self._shown_at = time.monotonic() - APART * self._phase
        elif self._owed:
            self.changed()
