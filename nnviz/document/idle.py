"""Work that must not block the window: throttled, or in slices while the window is idle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

from nnviz.document.document import Document

FRAME_MS, APART_MS = 16.0, 100.0
"""Milliseconds between two calls: one frame of the screen, and the time to read a short text in a run."""
MOTION_MS = 45.0
"""Milliseconds between two calls in motion: every third frame at 60 frames a second."""
LATE_MS = 40.0
"""Extra milliseconds before a skipped change is shown; in a run the next State comes earlier."""
QUIET_MS = 250.0
"""Milliseconds without a change before slow work begins, so that a run or a drag is not delayed."""
FIRST_S, SLICE_S = 0.008, 0.004
"""Seconds of the first slice and of every other slice."""
COMPUTING = "Computing…"
REDRAWN_LATER = "Redrawn when the weights stop changing."


class Throttle(QObject):
    """Calls `show` after `changed`, but at least `apart_ms` after the previous call.

    An earlier change is shown together with a later one, or after a short delay. If `show` is slow, it is
    called rarely enough to take one part in `share` of the time.
    """

    def __init__(
        self, parent: QObject, show: Callable[[], object], apart_ms: float = 0.0, *, share: float = 0.0
    ) -> None:
        super().__init__(parent)
        self.apart_ms = apart_ms
        self._show, self._share = show, share
        self._shown_ms = self._took_ms = 0.0
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.show_now)

    @property
    def is_pending(self) -> bool:
        """Whether a call of `show` is pending."""
        return self._timer.isActive()

    def changed(self, held: str = "") -> None:
        """Show now, or later by the timer or another change.

        If the document is `held`, a script trains it and already spaces its frames: show now.
        """
        wait = self._left_ms(max(self.apart_ms, self._share * self._took_ms))
        if held or wait <= 0:
            self.show_now()
        elif not self.is_pending:
            self._timer.start(int(wait + LATE_MS))

    def show_soon(self, apart_ms: float = 0.0) -> None:
        """Show after the current event, but at least `apart_ms` after the previous call."""
        wait = max(0, int(self._left_ms(apart_ms)))
        if not self.is_pending or self._timer.remainingTime() > wait:
            self._timer.start(wait)

    def show_when_quiet(self, quiet_ms: float) -> None:
        """Show when `quiet_ms` have passed without another request."""
        self._timer.start(int(quiet_ms))

    def show_now(self) -> None:
        """Show at once."""
        self._timer.stop()
        self._shown_ms = _now_ms()
        self._show()
        self._took_ms = _now_ms() - self._shown_ms

    def set_duration_ms(self, ms: float) -> None:
        """Set the time that showing took, including later work such as painting."""
        self._took_ms = ms

    def stop(self) -> None:
        """Cancel a pending call."""
        self._timer.stop()

    def _left_ms(self, apart_ms: float) -> float:
        return self._shown_ms + apart_ms - _now_ms()


class MotionThrottle(Throttle):
    """Shows every change while the document is at rest; in motion less often, and the end at once.

    `phase`, from 0 to 1, shifts the calls in motion, so that not all views show in the same frame.
    `motion_ms` and `share` apply only in motion.
    """

    def __init__(
        self,
        parent: QObject,
        show: Callable[[], object],
        document: Document,
        phase: float = 0.0,
        *,
        motion_ms: float = MOTION_MS,
        share: float = 0.0,
    ) -> None:
        super().__init__(parent, show)
        self._document, self._phase = document, phase
        self._in_motion = motion_ms, share
        self._set_pace()
        document.motion_changed.connect(self._motion_changed)

    def changed(self, held: str = "") -> None:  # noqa: D102
        super().changed(held or self._document.held)

    def _set_pace(self) -> None:
        self.apart_ms, self._share = self._in_motion if self._document.in_motion else (0.0, 0.0)

    def _motion_changed(self) -> None:
        self._set_pace()
        if self._document.in_motion:
            self._shown_ms = _now_ms() - self.apart_ms * self._phase
        elif self.is_pending:
            self.show_now()


class Slicer(QObject):
    """Runs the steps from `make()` in slices, and calls `show` after each slice and while waiting.

    `show` returns whether it had something new to show. If the first slice gives nothing new, the work counts
    as long, and its next start waits until the window is quiet. A new request drops the work in progress.
    """

    def __init__(
        self,
        parent: QObject,
        make: Callable[[], Iterator[None]],
        show: Callable[[], bool],
        *,
        quiet_ms: float = QUIET_MS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._make, self._show, self._quiet_ms, self._clock = make, show, quiet_ms, clock
        self._steps: Iterator[None] | None = None
        self._long = False
        self._beginning = Throttle(self, self._begin)
        self._next = QTimer(self, singleShot=True)
        self._next.timeout.connect(lambda: self._go_on(SLICE_S))

    @property
    def busy(self) -> bool:
        """Whether work is in progress or about to begin."""
        return self._beginning.is_pending or self._steps is not None

    def ask(self, apart_ms: float = FRAME_MS) -> None:
        """Begin again, at least `apart_ms` after the last start; long work waits for quiet."""
        self._forget()
        if self._long:
            self._beginning.show_when_quiet(self._quiet_ms)
            self._show()
        else:
            self._beginning.show_soon(apart_ms)

    def drop(self) -> None:
        """Drop work in progress or about to begin."""
        self._forget()
        self._beginning.stop()

    def stop(self) -> None:
        """Drop the work, and do not treat the next work as long."""
        self.drop()
        self._long = False

    def _forget(self) -> None:
        self._next.stop()
        self._steps = None

    def _begin(self) -> None:
        self._steps = self._make()
        self._long = not self._go_on(FIRST_S)

    def _go_on(self, seconds: float) -> bool:
        end = self._clock() + seconds
        steps, self._steps = self._steps, None  # if a step fails, no work is in progress
        assert steps is not None
        for _ in steps:
            if self._clock() > end:
                self._steps = steps
                self._next.start(0)
                break
        return self._show()


def _now_ms() -> float:
    return time.monotonic() * 1000
