"""Training in slices, on the window's thread while a slice is short, else on a thread of its own.

BLAS releases Python's lock, so the window responds meanwhile.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from nnviz.core import edits
from nnviz.core.history import BUCKETS
from nnviz.core.metrics import risen_since
from nnviz.core.numbers import counted, shown
from nnviz.core.replay import Replay
from nnviz.core.slopes import trainer_ns
from nnviz.core.state import State, Training
from nnviz.core.trainer import Trainer

UNITS_S = (("s", 1, 100), ("min", 60, 6000), ("h", 3600, 360_000), ("d", 86_400, 63_115_200))
"""Units of time: (name, its seconds, the time in seconds below which it is used). Days go up to two years."""
NO_ROWS = "There are no rows to train on: add one in the data table, or load some from a CSV file."
NO_TARGETS = "There are no targets to train on: type them in the data table."
ALL_KEPT = "All rows are kept for validation: make its share smaller, or add rows."


def in_words(updates: int, speed: float) -> str:
    """Say how long a run takes, in a few letters: "0.3 s", "55 min", "12 d", "years", or "fastest"."""
    pace = updates_per_second(updates, speed)
    if math.isinf(pace):
        return "fastest"
    seconds = updates / pace
    if seconds < 9.5:  # rounds to one digit
        return f"{seconds:.1g} s"
    for unit, unit_s, below_s in UNITS_S:
        if seconds < below_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return "years"


def missing(state: State) -> str:
    """Return the sentence that says what is missing before there is anything to train, and what to do."""
    if not len(state.data):
        return NO_ROWS
    if state.data.targets is None:
        return NO_TARGETS
    return "" if state.trainable else ALL_KEPT


def refusal(error: ValueError) -> str:
    """Return the sentence that says why there is nothing to train."""
    place, _, _ = str(error).partition(": ")
    told = {"data": NO_ROWS, "data.targets": NO_TARGETS, "validation": ALL_KEPT}.get(place)
    return told or f"{str(error)[0].upper()}{str(error)[1:]}."


def paused(done: int, updates: int) -> str:
    """Say how far a run has come that goes no further for now."""
    return f"Paused after {done:,} of {counted(updates, 'update')}"


def outcome(
    label: str, before: State, after: State, diverged: bool, error: ValueError | None
) -> tuple[str, bool]:
    """Say what came of the updates from `before` to `after`, and tell whether it is a warning.

    `label` says what was done: `20 updates`; `error` is why it could not go on.
    """
    if error:
        return refusal(error), True
    if diverged:
        return _divergence(before, after), True
    start, end, loss = _loss_of(before, after), _loss_of(after, after), after.measure
    change = f"{shown(start)} → {shown(end)}"
    if end > start:
        rate = shown(tenth(after.training.learning_rate))
        return f"{label}: the {loss.word} rose, {change}; try a learning rate of {rate} or less.", True
    risen = risen_since(after)
    since = "" if risen is None else f"; validation has risen since iteration {risen}: over-fitting"
    return f"{label}: {loss.title} {change}{since}", False


def _loss_of(state: State, after: State) -> float:
    """Return the loss at the end of the history of `state`, or else at the start of that of `after`."""
    if state.run and state.run.history:
        return state.run.history.last[1]
    assert after.run is not None
    return float(after.run.history.points[0, 1])


def tenth(rate: float) -> float:
    """Return a tenth of a learning rate, in decimal: of 0.7 it is 0.07, not 0.06999999999999999."""
    return float(Decimal(repr(rate)) / 10)


def _divergence(before: State, after: State) -> str:
    rate = after.training.learning_rate
    first = after.iteration == before.iteration
    where = f"at iteration {after.iteration + 1}" if first else f"after iteration {after.iteration}"
    what = f"with learning rate {shown(rate)} the steps overshoot, beyond any number"
    return f"Diverged {where}: {what}. Try a tenth, {shown(tenth(rate))}."


PATIENCE_S = 0.04
"""How long stopping waits for the unit that is under way; after that it ends alone and is forgotten."""


class Background:
    """Works until iteration `last`; the thread alone touches the trainer, and makes it too, by `ready`.

    After it has handed a State out, it works `work_per_state` times as long as that took.

    =============== ==============================================================
    `asked`         the iteration up to which it may go by now
    `learning_rate` may be set; holds from the next update on
    `ended`         there is nothing more to do, or `error` says why it cannot go on
    =============== ==============================================================
    """

    def __init__(
        self,
        ready: Callable[[], tuple[Trainer | Replay, Iterator[None]]],
        learning_rate: float,
        asked: int,
        last: int,
        work_per_state: float,
    ) -> None:
        self.learning_rate = learning_rate
        self.asked = asked
        self.ended = False
        self.error: ValueError | None = None
        self._ready, self._last, self._work_per_state = ready, last, work_per_state
        self._latest: tuple[State, bool] | None = None
        self._wanted = self._stopped = False
        self._next_hand_out = 0.0
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nnviz training", daemon=True)
        self._thread.start()

    def end_soon(self) -> None:
        """Ask the thread to end after the unit that is under way, and to hand its State out."""
        self._stopped = True
        self._woken.set()

    def stop(self) -> None:
        """Ask the thread to end, and wait for it a little."""
        self.end_soon()
        self._thread.join(PATIENCE_S)

    def take(self) -> tuple[State, bool] | None:
        """Return the last State that was handed out and whether it has diverged; ask for the next one.

        The same State may come again.
        """
        self._wanted = True
        self._woken.set()
        return self._latest

    def _run(self) -> None:
        try:
            self._trainer, self._work = self._ready()
            self._handed_out = self._trainer.iteration
            while not self._stopped and self._one_unit():
                news = self._trainer.iteration > self._handed_out
                if self._wanted and news and time.perf_counter() >= self._next_hand_out:
                    self._hand_out()
            self._hand_out()
        except ValueError as error:
            self.error = error
        except MemoryError:
            self.error = ValueError("there is not enough memory to go on")
        finally:
            self.ended = True

    def _one_unit(self) -> bool:
        """Make one unit, or wait where the pace asks for none; tell whether to go on."""
        trainer = self._trainer
        if self.asked <= trainer.iteration < self._last:
            self._woken.wait(0.1)
            self._woken.clear()
            return True
        trainer.learning_rate = self.learning_rate
        return next(self._work, self) is not self and not trainer.diverged

    def _hand_out(self) -> None:
        began = time.perf_counter()
        self._wanted, self._handed_out = False, self._trainer.iteration
        state = self._trainer.state()
        self._latest = state, self._trainer.diverged
        now = time.perf_counter()
        self._next_hand_out = now + self._work_per_state * (now - began)


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
