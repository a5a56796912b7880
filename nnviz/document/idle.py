"""Work that must not hold up the window: in slices while it is idle, and no more often than is seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

from nnviz.document.document import Document

FRAME_MS, APART_MS = 16.0, 100.0
"""Between two times: as often as the screen shows anything, and as often as a text can be read in a run."""
MOTION_MS = 45.0
"""Between two times in motion: every third frame at 60 frames a second."""
LATE_MS = 40.0
"""So much later than it may, what was left out is shown: in a run the next State comes before, and is."""
QUIET_MS = 250.0
"""Without a change before something long begins, so that a run or a drag is not held up."""
FIRST_S, SLICE_S = 0.008, 0.004
"""The first slice and the others."""
COMPUTING = "Computing…"
LATER = "Drawn anew once the weights rest."


class Throttle(QObject):
    """Calls `show` for what `changed` is told, at once, but `apart_ms` after the last time at the earliest.

    What comes too early is shown with a later change, or a little later. Where `show` takes long, it is
    called so seldom that it takes one part in `share` of the time.
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
    def waiting(self) -> bool:
        """Whether something is still to be shown."""
        return self._timer.isActive()

    def changed(self, held: str = "") -> None:
        """Show now, or leave it to a later change or to the timer.

        Where the document is `held`, a script trains it, and its frames are as far apart as all views need.
        """
        wait = self._left_ms(max(self.apart_ms, self._share * self._took_ms))
        if held or wait <= 0:
            self.show_now()
        elif not self.waiting:
            self._timer.start(int(wait + LATE_MS))

    def soon(self, apart_ms: float = 0.0) -> None:
        """Show once all have been told what changed, `apart_ms` after the last time at the earliest."""
        wait = max(0, int(self._left_ms(apart_ms)))
        if not self.waiting or self._timer.remainingTime() > wait:
            self._timer.start(wait)

    def when_quiet(self, quiet_ms: float) -> None:
        """Show when nobody has asked for so long."""
        self._timer.start(int(quiet_ms))

    def show_now(self) -> None:
        """Show at once."""
        self._timer.stop()
        self._shown_ms = _now_ms()
        self._show()
        self._took_ms = _now_ms() - self._shown_ms

    def took(self, ms: float) -> None:
        """Reckon with what showing took in the end, such as the time for painting."""
        self._took_ms = ms

    def stop(self) -> None:
        """Show nothing that is still to be shown."""
        self._timer.stop()

    def _left_ms(self, apart_ms: float) -> float:
        return self._shown_ms + apart_ms - _now_ms()


class MotionThrottle(Throttle):
    """Shows every change while the document is at rest; in motion now and then, and its end at once.

    `phase`, from 0 to 1, is when its turn comes: views with different ones do not all show in one frame.
    `motion_ms` and `share` hold in motion.
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
        elif self.waiting:
            self.show_now()


class Slicer(QObject):
    """Does what `make` returns, a step at a time, and calls `show` after each slice and while it waits.

    `show` tells whether it had something new to show: where the first slice brings nothing, the work is long,
    and begins only when it is quiet. Asking again drops what is under way. Nothing ticks once the work is
    done.
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
        """Whether something is under way or about to begin."""
        return self._beginning.waiting or self._steps is not None

    def ask(self, apart_ms: float = FRAME_MS) -> None:
        """Begin anew, `apart_ms` after the last beginning, or when it is quiet where it is long."""
        self._forget()
        if self._long:
            self._beginning.when_quiet(self._quiet_ms)
            self._show()
        else:
            self._beginning.soon(apart_ms)

    def drop(self) -> None:
        """Drop what is under way or about to begin."""
        self._forget()
        self._beginning.stop()

    def stop(self) -> None:
        """Drop it; the next time is no longer than any other until it shows."""
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
        steps, self._steps = self._steps, None  # where a step fails, nothing is under way any more
        assert steps is not None
        for _ in steps:
            if self._clock() > end:
                self._steps = steps
                self._next.start(0)
                break
        return self._show()


def _now_ms() -> float:
    return time.monotonic() * 1000
