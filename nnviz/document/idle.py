"""Slow work in the window, divided into slices that run while the window is idle."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal

from nnviz.core.slopes import BLOCK_NS, QUICK_NS

FRAME_MS, APART_MS = 16.0, 100.0
"""Least times between two updates of a view, in milliseconds. FRAME_MS: one frame. APART_MS: for text."""
QUIET_MS = 250.0
"""Milliseconds without a change before slow work begins, so that slow work does not delay a run or drag."""
FIRST_S, SLICE_S = 0.008, 0.004
"""Durations in seconds. FIRST_S: of the first slice of work. SLICE_S: of each later slice."""
COMPUTING = "Computing…"
REDRAWN_LATER = "nnviz redraws the panel when the weights stop changing."


class Slicer(QObject):
    """Runs the steps of the iterator from `make()` in short slices, and calls `show` after each slice.

    `show` returns whether the slice computed something new. If the first slice computes nothing new, the work
    counts as long. Long work begins only after `quiet_ms` milliseconds without a request. A new request
    cancels the work in progress.
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
        self._began_s = 0.0
        self._beginning, self._next = QTimer(self, singleShot=True), QTimer(self, singleShot=True)
        self._beginning.timeout.connect(self._begin)
        self._next.timeout.connect(lambda: self._go_on(SLICE_S))

    @property
    def busy(self) -> bool:
        """Whether work is in progress or scheduled."""
        return self._beginning.isActive() or self._steps is not None

    def restart(self, apart_ms: float = FRAME_MS) -> None:
        """Cancel the work, and start it again at least `apart_ms` milliseconds after the previous start.

        Long work starts when `quiet_ms` milliseconds have passed without another call of this method.
        """
        self._forget()
        if self._long:
            self._beginning.start(int(self._quiet_ms))
            self._show()
            return
        wait = max(0, int(1000 * (self._began_s - self._clock()) + apart_ms))
        if not self._beginning.isActive() or self._beginning.remainingTime() > wait:
            self._beginning.start(wait)

    def drop(self) -> None:
        """Cancel work that is in progress or scheduled."""
        self._forget()
        self._beginning.stop()

    def stop(self) -> None:
        """Cancel the work. The next call of `restart` does not wait `quiet_ms` milliseconds."""
        self.drop()
        self._long = False

    def _forget(self) -> None:
        self._next.stop()
        self._steps = None

    def _begin(self) -> None:
        self._began_s = self._clock()
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


class Idle(QObject):
    """Computes slow values one after the other while the window is idle.

    The signal `found` is emitted when new values are known. A computation that takes at most `quick_ns`
    nanoseconds is quick: callers make quick computations themselves. Slow work is done in blocks of about
    `block_ns` nanoseconds.
    """

    found = Signal()

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        quick_ns: float = QUICK_NS,
        block_ns: float = BLOCK_NS,
        quiet_ms: float = QUIET_MS,
    ) -> None:
        super().__init__(parent)
        self.quick_ns, self._block_ns = quick_ns, block_ns
        self._wanted: dict[object, Callable[[], Iterator[None]]] = {}
        self._new = False
        self._slicer = Slicer(self, self._steps, self._emit_found, quiet_ms=quiet_ms)

    def find(self, what: object, steps: Callable[[float], Iterator[None]]) -> None:
        """Run the iterator `steps(block_ns)` while the window is idle, unless `what` is wanted already."""
        if what not in self._wanted:
            self._wanted[what] = partial(steps, self._block_ns)
            if not self._slicer.busy:
                self._slicer.restart()

    def drop(self) -> None:
        """Cancel every pending computation."""
        self._wanted.clear()
        self._slicer.drop()

    def _steps(self) -> Iterator[None]:
        """Compute the wanted values one after the other."""
        while self._wanted:
            what, steps = next(iter(self._wanted.items()))
            yield from steps()
            del self._wanted[what]
            self._new = True

    def _emit_found(self) -> bool:
        new, self._new = self._new, False
        if new:
            self.found.emit()
        return new
