"""Training in slices: on the window's thread if a slice is short, else on a separate thread.

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
from nnviz.core.metrics import overfitting_since
from nnviz.core.numbers import as_text, counted
from nnviz.core.replay import Replay
from nnviz.core.slopes import trainer_ns
from nnviz.core.state import State, Training
from nnviz.core.trainer import Trainer

UNITS_S = (("s", 1, 100), ("min", 60, 6000), ("h", 3600, 360_000), ("d", 86_400, 63_115_200))
"""Units of time: (name, seconds, limit in seconds below which the unit is used). Days go up to two years."""
NO_ROWS = "There are no rows to train on: add a row in the data table or open a CSV file."
NO_TARGETS = "There are no targets to train on: type targets in the data table."
NO_TRAINING_ROWS = "All rows are validation rows, so none is left to train on: lower their share or add rows."


def duration_text(updates: int, speed: float) -> str:
    """Return the duration of a run as short text: "0.3 s", "55 min", "12 d", "years", or "fastest"."""
    pace = updates_per_second(updates, speed)
    if math.isinf(pace):
        return "fastest"
    seconds = updates / pace
    if seconds < 9.5:  # below 9.5, a time rounds to one digit
        return f"{seconds:.1g} s"
    for unit, unit_s, below_s in UNITS_S:
        if seconds < below_s:
            return f"{seconds / unit_s:.0f} {unit}"
    return "years"


def missing_for_training(state: State) -> str:
    """Return a sentence on what is missing for training and what to do, or ""."""
    if not len(state.data):
        return NO_ROWS
    if state.data.targets is None:
        return NO_TARGETS
    return "" if state.trainable else NO_TRAINING_ROWS


def refusal_sentence(error: ValueError) -> str:
    """Return a sentence that explains why training was refused."""
    place, _, _ = str(error).partition(": ")
    reason = {"data": NO_ROWS, "data.targets": NO_TARGETS, "validation": NO_TRAINING_ROWS}.get(place)
    return reason or f"{str(error)[0].upper()}{str(error)[1:]}."


def paused_sentence(done: int, updates: int) -> str:
    """Return the status of a paused run."""
    return f"Paused after {done:,} of {counted(updates, 'update')}"


def outcome_sentence(
    label: str, before: State, after: State, diverged: bool, error: ValueError | None
) -> tuple[str, bool]:
    """Return a sentence on the result of the updates from `before` to `after`, and whether it is a warning.

    `label` names the run: `20 updates`. `error` is the reason if the run could not continue.
    """
    if error:
        return refusal_sentence(error), True
    if diverged:
        return _divergence(before, after), True
    start, end, loss = _loss_of(before, after), _loss_of(after, after), after.measure
    change = f"{as_text(start)} → {as_text(end)}"
    if end > start:
        rate = as_text(tenth(after.training.learning_rate))
        advice = f"try a learning rate of {rate} or less"
        return f"{label}: the {loss.phrase} rose, {change}; {advice}.", True
    sentence = f"{label}: {loss.title} {change}"
    if (since := overfitting_since(after)) is None:
        return sentence, False
    return f"{sentence}; the validation loss has risen since iteration {since} (overfitting)", False


def _loss_of(state: State, after: State) -> float:
    """Return the last loss in the history of `state`, or else the first in that of `after`."""
    if state.run and state.run.history:
        return state.run.history.last[1]
    assert after.run is not None
    return float(after.run.history.points[0, 1])


def tenth(rate: float) -> float:
    """Return a tenth of a learning rate, in decimal: 0.07 for 0.7, not 0.06999999999999999."""
    return float(Decimal(repr(rate)) / 10)


def _divergence(before: State, after: State) -> str:
    rate, lower = map(as_text, (after.training.learning_rate, tenth(after.training.learning_rate)))
    if after.iteration == before.iteration:
        return f"Diverged at iteration {after.iteration + 1}: learning rate {rate} is too large. Try {lower}."
    return f"Diverged after iteration {after.iteration}: learning rate {rate} is too large. Try {lower}."


PATIENCE_S = 0.04
"""Seconds that stopping waits for the current unit; a longer unit ends later and its result is dropped."""


class Background:
    """A training thread that works until iteration `last`. Only the thread uses the trainer from `ready`.

    After handing out a State, the thread trains `work_per_state` times as long as that took.

    =============== ==============================================================
    `goal`         iteration up to which the thread may train now
    `learning_rate` may be set; applies from the next update
    `ended`         whether the thread has ended
    `error`         reason if the thread could not continue, or None
    =============== ==============================================================
    """

    def __init__(
        self,
        ready: Callable[[], tuple[Trainer | Replay, Iterator[None]]],
        learning_rate: float,
        goal: int,
        last: int,
        work_per_state: float,
    ) -> None:
        self.learning_rate = learning_rate
        self.goal = goal
        self.ended = False
        self.error: ValueError | None = None
        self._ready, self._last, self._work_per_state = ready, last, work_per_state
        self._latest: tuple[State, bool] | None = None
        self._is_state_requested = self._stopped = False
        self._next_hand_out_s = 0.0
        self._wake_event = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nnviz training", daemon=True)
        self._thread.start()

    def end_soon(self) -> None:
        """Ask the thread to end after the current unit and to hand out its State."""
        self._stopped = True
        self._wake_event.set()

    def stop(self) -> None:
        """Ask the thread to end, and wait for at most `PATIENCE_S`."""
        self.end_soon()
        self._thread.join(PATIENCE_S)

    def take(self) -> tuple[State, bool] | None:
        """Return the State handed out last and whether it has diverged, or None; ask for the next one.

        The same State may be returned again.
        """
        self._is_state_requested = True
        self._wake_event.set()
        return self._latest

    def _run(self) -> None:
        try:
            self._trainer, self._work = self._ready()
            self._handed_out_iteration = self._trainer.iteration
            while not self._stopped and self._do_unit():
                news = self._trainer.iteration > self._handed_out_iteration
                if self._is_state_requested and news and time.perf_counter() >= self._next_hand_out_s:
                    self._hand_out()
            self._hand_out()
        except ValueError as error:
            self.error = error
        except MemoryError:
            self.error = ValueError("there is not enough memory to continue")
        finally:
            self.ended = True

    def _do_unit(self) -> bool:
        """Do one unit of work, or wait if none is due; return whether to continue."""
        trainer = self._trainer
        if self.goal <= trainer.iteration < self._last:
            self._wake_event.wait(0.1)
            self._wake_event.clear()
            return True
        trainer.learning_rate = self.learning_rate
        return next(self._work, self) is not self and not trainer.diverged

    def _hand_out(self) -> None:
        began = time.perf_counter()
        self._is_state_requested, self._handed_out_iteration = False, self._trainer.iteration
        state = self._trainer.state()
        self._latest = state, self._trainer.diverged
        now = time.perf_counter()
        self._next_hand_out_s = now + self._work_per_state * (now - began)


FRAME_S = 1 / 60
SPARE_S = 0.0007
"""Seconds left free before a frame is due, so that the frame is on time."""
LEAST_WORK_S = 0.003
"""Seconds of training in a frame if painting takes the whole frame."""
FRAME_PER_SHOWING = 2.0
"""A frame lasts at least this many times as long as showing a State, so that training gets time too."""
AT_ONCE_S = 0.010
"""Seconds that a step or a jump to an iteration may block the window; then it continues in slices."""
RUN_S = 3.0
"""Seconds of a run at the middle speed, for any number of updates."""
SLOWEST_PER_S = 1.0
"""Updates per second at speed 0."""
TIMES_FASTER = 100.0
"""Factor from the middle speed to the speed just below "as fast as possible"."""


@dataclass(frozen=True)
class Limits:
    """Limits of a Job: when it moves to a thread, its slowest speed, and the length of its history."""

    long_unit_s: float = 0.012
    """Seconds; a longer unit of work does not fit into a frame."""
    long_trainer_ns: float = 12e6
    """Nanoseconds; if making a Trainer takes longer, the thread makes it too."""
    work_per_state: float = 4.0
    """Copying the State of a large network is slow, so train this many times longer between two copies."""
    slowest_per_s: float = SLOWEST_PER_S
    """Updates per second at speed 0."""
    history_points: int = 8 * BUCKETS
    """Points of a history (0.5 MB); a longer history is thinned to at most half of them."""


USUAL_LIMITS = Limits()


class Job(QObject):
    """A series of `updates` updates of `state`, made by the Trainer or Replay from `make(state)`.

    ============= ===================================================================================
    `frame_due`   the latest State should be shown: once a frame, and at the end
    `ended`       the job is over and its last State was shown
    `over`        whether all updates are made, the job diverged, failed, or was asked to end
    `error`       reason if the job could not continue, or None
    `before`      State at the start
    ============= ===================================================================================

    Raises ValueError if `state` cannot be trained.
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
        here = None if long else ready()  # raises ValueError before there is a Job
        super().__init__(parent)
        self.updates, self.before, self.training = updates, state, state.training
        self.over = self.diverged = self._stopped = False
        self.error: ValueError | None = None
        self._first = self._iteration_reached = state.iteration
        self._taken_key = state.training, state.iteration
        self._limits, self._long_units = limits, 0
        self._background: Background | None = None
        if here is None:
            self._go_into_background(ready, self._first)
        else:
            self._trainer, self._work = here
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._frame_s = time.perf_counter() + FRAME_S
        self._has_worked = False
        self.set_speed(1.0)

    @property
    def in_background(self) -> bool:
        """Whether a thread does the work, because a unit is too long for a frame."""
        return self._background is not None

    @property
    def was_cut_short(self) -> bool:
        """Whether the job was stopped before all its updates were made."""
        return not self.over or (self.done < self.updates and not self.diverged and self.error is None)

    @property
    def done(self) -> int:
        """Number of updates made."""
        return self._iteration_reached - self._first

    def set_speed(self, speed: float) -> None:
        """Set the speed, from 0 to 1 (as fast as possible); the next update follows at once."""
        per_s = updates_per_second(self.updates, speed, self._limits.slowest_per_s)
        self._pace = Pace(self.updates, self.done, per_s)
        if not self._stopped:
            self._timer.start(0)

    def set_training(self, training: Training) -> None:
        """Use the learning rate of `training`, and put `training` into the States taken from now on."""
        self.training = training
        worker = self._background or self._trainer
        worker.learning_rate = training.learning_rate

    def take(self) -> State | None:
        """Return the latest State, or None if it was taken before."""
        latest = self._background.take() if self._background else self._latest_state()
        if latest is None:
            return None
        state, self.diverged = latest
        self._iteration_reached = state.iteration
        self.over = self.over or self.diverged
        if self._taken_key == (self.training, self._iteration_reached):
            return None
        self._taken_key = self.training, self._iteration_reached
        return edits.set_training(state, self.training)

    def end_soon(self) -> None:
        """Let the thread end after the current unit; the job is over when its State can be taken."""
        if self._background:
            self._background.end_soon()

    def stop(self) -> None:
        """Stop, without waiting for a slow unit of the thread. The State can still be taken."""
        if self._stopped:
            return
        self._stopped = True
        self._timer.stop()
        if self._background:
            self._background.stop()
        self.deleteLater()

    def work_at_once(self) -> None:
        """Work for up to `AT_ONCE_S` before the window continues."""
        self._work_until(time.perf_counter() + AT_ONCE_S)

    def _tick(self) -> None:
        """Show the State if a frame is due, else work until just before one; Qt paints in between."""
        now = time.perf_counter()
        if self._has_worked and now >= self._frame_s - SPARE_S:
            self._has_worked = False
            self.frame_due.emit()
            took = time.perf_counter() - now
            self._frame_s = max(self._frame_s + FRAME_S, now + FRAME_S / 2, now + FRAME_PER_SHOWING * took)
            self._wait()
        else:
            self._work_until(max(self._frame_s - SPARE_S, now + LEAST_WORK_S))

    def _work_until(self, until: float) -> None:
        if self._stopped:
            return
        goal = self._first + self._pace.due(time.perf_counter())
        if self._background:
            self._background.goal = goal
            self.over, self.error = self._background.ended, self._background.error
        else:
            self._slice(until, goal)
        self._has_worked = True
        if self.over:
            self.frame_due.emit()
        self._wait()

    def _wait(self) -> None:
        """Set the timer for the next slice, frame or update, unless the job is over."""
        if self._stopped:  # a slot of `frame_due` has changed the document
            return
        if self.over:
            self.ended.emit()
            return
        due = self._frame_s - SPARE_S if self._has_worked else self._pace.time_of_next(self.done)
        self._timer.start(max(0, int((due - time.perf_counter()) * 1000)))

    def _slice(self, until: float, goal: int) -> None:
        """Make the updates up to iteration `goal`, and stop at the time `until`."""
        clock, trainer, work = time.perf_counter, self._trainer, self._work
        last = self._first + self.updates
        now = clock()
        try:
            while now < until and (trainer.iteration < goal or trainer.iteration >= last):
                before = now
                if next(work, self) is self or trainer.diverged:
                    self.over = True
                    break
                now = clock()
                self._long_units += now - before > self._limits.long_unit_s
        except ValueError as error:
            self.error, self.over = error, True
        self._iteration_reached, self.diverged = trainer.iteration, trainer.diverged
        if self._long_units > 1 and not self.over:
            self._go_into_background(lambda: (trainer, work), goal)

    def _go_into_background(
        self, ready: Callable[[], tuple[Trainer | Replay, Iterator[None]]], goal: int
    ) -> None:
        last, rate = self._first + self.updates, self.training.learning_rate
        self._background = Background(ready, rate, goal, last, self._limits.work_per_state)

    def _latest_state(self) -> tuple[State, bool] | None:
        if self._taken_key == (self.training, self._trainer.iteration):
            return None
        state = self._trainer.state()  # may detect divergence
        return state, self._trainer.diverged


class Pace:
    """The schedule of a run: when each of `updates` updates is due. The one after `done` is due at once."""

    def __init__(self, updates: int, done: int, per_s: float) -> None:
        self._updates, self._first, self._per_s = updates, done + 1, per_s
        self._since = time.perf_counter()

    def due(self, now: float) -> int:
        """Return the number of updates due at `now`."""
        if now >= self._since + self._updates / self._per_s:
            return self._updates
        return min(self._updates, int(self._first + self._per_s * (now - self._since)))

    def time_of_next(self, done: int) -> float:
        """Return the time at which the update that follows `done` updates is due."""
        return self._since + (done + 1 - self._first) / self._per_s


def updates_per_second(updates: int, speed: float, slowest_per_s: float = SLOWEST_PER_S) -> float:
    """Return the updates per second: slowest at speed 0, 3 seconds a run at 0.5, infinite at 1."""
    middle = updates / RUN_S
    if speed >= 1.0:
        return math.inf
    if speed >= 0.5:
        return float(middle * TIMES_FASTER ** (2.0 * speed - 1.0))
    slowest = min(slowest_per_s, middle)
    return float(slowest * (middle / slowest) ** (2.0 * speed))
