"""Computes again after changes, in short slices while the window is idle. Knows nothing of MSE or weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

from nnviz.document.document import Document

FRAME, APART = 16, 100
"""Milliseconds between two beginnings, at least: after an edit, and while a run goes on."""
QUIET = 250
"""Milliseconds without a change before something long begins, so that a run or a drag is not held up."""
COMPUTING = "Computing…"
LATER = "Drawn anew once the weights rest."
AT_ONCE, SLICE = 0.008, 0.004
"""Seconds of the first slice and of the others."""


class LossWork(QObject):
    """Does what `make` returns, a step at a time, and calls `show` after each slice and while it waits.

    `show` tells whether it had something new to show: where the first slice brings nothing, the work is long.
    Asking again drops what is under way. Nothing ticks once the work is done.
    """

    def __init__(self, parent: QObject, make: Callable[[], Iterator[None]], show: Callable[[], bool]) -> None:
        super().__init__(parent)
        self._make, self._show = make, show
        self._steps: Iterator[None] | None = None
        self._long = False
        self._began = 0.0
        self._due, self._slices = QTimer(self), QTimer(self)
        for timer, call in ((self._due, self._begin), (self._slices, lambda: self._go_on(SLICE))):
            timer.setSingleShot(True)
            timer.timeout.connect(call)

    @property
    def busy(self) -> bool:
        """Whether something is under way or about to begin."""
        return self._due.isActive() or self._steps is not None

    def ask(self, apart: int = FRAME) -> None:
        """Begin anew, `apart` milliseconds after the last beginning, or when it is quiet where it is long."""
        self._drop()
        if self._long:
            self._due.start(QUIET)
            self._show()
        elif not self._due.isActive():
            since = (time.monotonic() - self._began) * 1000
            self._due.start(max(0, int(apart - since)))

    def stop(self) -> None:
        """Drop what is under way; the next time is no longer than any other until it shows."""
        self._drop()
        self._due.stop()
        self._long = False

    def _drop(self) -> None:
        self._slices.stop()
        self._steps = None

    def _begin(self) -> None:
        self._began = time.monotonic()
        self._steps = self._make()
        self._long = not self._go_on(AT_ONCE)

    def _go_on(self, seconds: float) -> bool:
        end = time.monotonic() + seconds
        assert self._steps is not None
        for _ in self._steps:
            if time.monotonic() > end:
                self._slices.start(0)
                break
        else:
            self._steps = None
        return self._show()


EVERY = 0.045
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
        if self._document.in_motion and now < self._shown_at + EVERY:
            self._owed = True
            return
        self._shown_at, self._owed = now, False
        self._show()

    def _motion_changed(self) -> None:
        if self._document.in_motion:
            self._shown_at = time.monotonic() - EVERY * self._phase
        elif self._owed:
            self.changed()
