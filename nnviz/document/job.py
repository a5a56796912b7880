"""Updates that are under way, made in short slices between two frames.

Knows nothing of documents and widgets.

What is too long for a slice goes on in a thread.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from nnviz.core import edits
from nnviz.core.cost import trainer_ns
from nnviz.core.history import BUCKETS
from nnviz.core.run import Training
from nnviz.core.state import State
from nnviz.core.training.past import Replay
from nnviz.core.training.trainer import Trainer
from nnviz.document.training.background import Background

FRAME_S = 1 / 60
SPARE_S = 0.0007
"""Left free before a frame is due, so that it is not late."""
LEAST_WORK_S = 0.003
"""Worked in a frame where painting takes all of it."""
FRAME_PER_SHOWING = 2.0
"""A frame lasts at least so many times as long as showing a State does: long, for a large network."""
AT_ONCE_S = 0.010
"""What a Step or the way to another iteration may take before it goes on in slices."""
RUN_S = 3.0
"""How long a run takes at the middle speed, whatever its number of updates."""
SLOWEST_PER_S = 1.0
"""Updates a second at speed 0."""
TIMES_FASTER = 100.0
"""How many times faster than the middle speed a run is shortly before "as fast as possible"."""


@dataclass(frozen=True)
class Limits:
    """When a Job goes on in a thread, how slow it may be, and how long a history becomes."""

    long_unit_s: float = 0.012
    """A unit of work that takes longer is too long for a frame."""
    long_trainer_ns: float = 12e6
    """From here on even to make a Trainer takes too long for a frame."""
    work_per_state: float = 4.0
    """To take a State of a large network takes long: so many times as long is worked in between."""
    slowest_per_s: float = SLOWEST_PER_S
    """Updates a second at speed 0."""
    history_points: int = 8 * BUCKETS
    """Points of a history, 0.5 MB, from which on it keeps those of its buckets: half as many at most."""


USUAL_LIMITS = Limits()


class Job(QObject):
    """Makes `updates` updates of `state` by the Trainer that `make` makes of it, or the Replay.

    ============= ===================================================================================
    `frame_due`   what was made by now should be shown; once a frame, and when it is over
    `ended`       it is over, and all of it was shown
    `over`        all updates are made, it has diverged, it could not go on, or was asked to end
    `error`       why it could not go on, or None
    `before`      the State that it began with
    ============= ===================================================================================

    Raises ValueError where `state` cannot be trained.
    """

    frame_due = Signal()
    ended = Signal()

    def __init__(
        self,
        state: State,
        updates: int,
        parent: QObject,
        limits: Limits,
        make: Callable[[State], Trainer | Replay],
    ) -> None:
        def ready() -> tuple[Trainer | Replay, Iterator[None]]:
            trainer = make(state)
            return trainer, trainer.work(updates)

        long = trainer_ns(state.network) > limits.long_trainer_ns
        here = None if long else ready()  # where that is refused, there is no Job
        super().__init__(parent)
        self.updates, self.before, self.training = updates, state, state.training
        self.over = self.diverged = self._stopped = False
        self.error: ValueError | None = None
        self._first = self._reached = state.iteration
        self._taken = state.training, state.iteration
        self._limits, self._long_units = limits, 0
        self._background: Background | None = None
        if here is None:
            self._go_into_background(ready, self._first)
        else:
            self._trainer, self._work = here
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._frame_at = time.perf_counter() + FRAME_S
        self._has_worked = False
        self.set_speed(1.0)

    @property
    def in_background(self) -> bool:
        """Whether a unit of its work is too long for a frame, so that a thread does it."""
        return self._background is not None

    @property
    def cut_short(self) -> bool:
        """Whether somebody has stopped it before all its updates were made."""
        return not self.over or (self.done < self.updates and not self.diverged and self.error is None)

    @property
    def done(self) -> int:
        """How many updates are made."""
        return self._reached - self._first

    def set_speed(self, speed: float) -> None:
        """Go on at a speed from 0 to 1, as fast as possible; the next update comes at once."""
        per_s = updates_per_second(self.updates, speed, self._limits.slowest_per_s)
        self._pace = Pace(self.updates, self.done, per_s)
        if not self._stopped:
            self._timer.start(0)

    def set_training(self, training: Training) -> None:
        """Go on with the learning rate of `training`, which is what the State says from now on."""
        self.training = training
        worker = self._background or self._trainer
        worker.learning_rate = training.learning_rate

    def take(self) -> State | None:
        """Return the State as it is now, or None where it is the one that was taken before."""
        latest = self._background.take() if self._background else self._state_here()
        if latest is None:
            return None
        state, self.diverged = latest
        self._reached = state.iteration
        self.over = self.over or self.diverged
        if self._taken == (self.training, self._reached):
            return None
        self._taken = self.training, self._reached
        return edits.set_training(state, self.training)

    def end_soon(self) -> None:
        """Let a thread end after the unit that is under way; it is over once its State can be taken."""
        if self._background:
            self._background.end_soon()

    def stop(self) -> None:
        """Go no further; a thread's unit that takes too long is not waited for. The State can be taken."""
        if self._stopped:
            return
        self._stopped = True
        self._timer.stop()
        if self._background:
            self._background.stop()
        self.deleteLater()

    def work_at_once(self) -> None:
        """Work a little before the window goes on."""
        self._work_until(time.perf_counter() + AT_ONCE_S)

    def _tick(self) -> None:
        """Show what was made where a frame is due, else work until shortly before; painting is in between."""
        now = time.perf_counter()
        if self._has_worked and now >= self._frame_at - SPARE_S:
            self._has_worked = False
            self.frame_due.emit()
            took = time.perf_counter() - now
            self._frame_at = max(self._frame_at + FRAME_S, now + FRAME_S / 2, now + FRAME_PER_SHOWING * took)
            self._wait()
        else:
            self._work_until(max(self._frame_at - SPARE_S, now + LEAST_WORK_S))

    def _work_until(self, until: float) -> None:
        if self._stopped:
            return
        asked = self._first + self._pace.due(time.perf_counter())
        if self._background:
            self._background.asked = asked
            self.over, self.error = self._background.ended, self._background.error
        else:
            self._slice(until, asked)
        self._has_worked = True
        if self.over:
            self.frame_due.emit()
        self._wait()

    def _wait(self) -> None:
        """Wait for the next slice, frame or update; there may be none any more."""
        if self._stopped:  # showing it has led somebody to change the document
            return
        if self.over:
            self.ended.emit()
            return
        due = self._frame_at - SPARE_S if self._has_worked else self._pace.time_of_next(self.done)
        self._timer.start(max(0, int((due - time.perf_counter()) * 1000)))

    def _slice(self, until: float, asked: int) -> None:
        """Make the updates up to iteration `asked`, but stop when it is `until`."""
        clock, trainer, work = time.perf_counter, self._trainer, self._work
        last = self._first + self.updates
        now = clock()
        try:
            while now < until and (trainer.iteration < asked or trainer.iteration >= last):
                before = now
                if next(work, self) is self or trainer.diverged:
                    self.over = True
                    break
                now = clock()
                self._long_units += now - before > self._limits.long_unit_s
        except ValueError as error:
            self.error, self.over = error, True
        self._reached, self.diverged = trainer.iteration, trainer.diverged
        if self._long_units > 1 and not self.over:
            self._go_into_background(lambda: (trainer, work), asked)

    def _go_into_background(
        self, ready: Callable[[], tuple[Trainer | Replay, Iterator[None]]], asked: int
    ) -> None:
        last, rate = self._first + self.updates, self.training.learning_rate
        self._background = Background(ready, rate, asked, last, self._limits.work_per_state)

    def _state_here(self) -> tuple[State, bool] | None:
        if self._taken == (self.training, self._trainer.iteration):
            return None
        state = self._trainer.state()  # this can find that it has diverged
        return state, self._trainer.diverged


class Pace:
    """Says how many of `updates` updates are due by now; the first that follows `done` updates is at once."""

    def __init__(self, updates: int, done: int, per_s: float) -> None:
        self._updates, self._first, self._per_s = updates, done + 1, per_s
        self._since = time.perf_counter()

    def due(self, now: float) -> int:
        """Return how many updates should be made by `now`."""
        if now >= self._since + self._updates / self._per_s:
            return self._updates
        return min(self._updates, int(self._first + self._per_s * (now - self._since)))

    def time_of_next(self, done: int) -> float:
        """Return the time at which the update that follows `done` updates is due."""
        return self._since + (done + 1 - self._first) / self._per_s


def updates_per_second(updates: int, speed: float, slowest_per_s: float = SLOWEST_PER_S) -> float:
    """Return the pace of a run: slowest at speed 0, 3 seconds a run at 0.5, infinite at 1."""
    middle = updates / RUN_S
    if speed >= 1.0:
        return math.inf
    if speed >= 0.5:
        return float(middle * TIMES_FASTER ** (2.0 * speed - 1.0))
    slowest = min(slowest_per_s, middle)
    return float(slowest * (middle / slowest) ** (2.0 * speed))
