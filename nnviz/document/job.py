"""Training in short slices on the window's thread, or on a separate thread if the units of work are long.

A unit of work is an update or a part of an update. NumPy's matrix products release Python's global lock, so
the window responds while the other thread trains.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from nnviz.core import edits
from nnviz.core.coach import RISEN, overfitting_since, scaled
from nnviz.core.history import BUCKETS
from nnviz.core.numbers import as_text, counted
from nnviz.core.replay import Replay
from nnviz.core.state import State, Training, run_of
from nnviz.core.trainer import Trainer

UNITS_S = (("s", 1, 100), ("min", 60, 6000), ("h", 3600, 360_000), ("d", 86_400, 63_115_200))
"""Units of time: (name, seconds in one unit, duration in seconds from which a longer unit is used)."""
NO_ROWS = "There are no rows to train on: add a row in the data table or open a CSV file."
NO_TARGETS = "There are no targets to train on: type targets in the data table."
NEEDS_ROWS = "The {loss} needs rows with targets: add rows or type targets"
NO_TRAINING_ROWS = "All rows are validation rows. To train, lower the validation share or add rows."


def duration_text(updates: int, speed: float) -> str:
    """Return the duration of a run at this speed as short text: "0.3 s", "55 min", "years" or "fastest"."""
    pace = updates_per_second(updates, speed)
    if math.isinf(pace):
        return "fastest"
    seconds = updates / pace
    if seconds < 9.5:  # below 9.5, a time rounds to one digit
        return f"{seconds:.1g} s"
    texts = (f"{seconds / unit_s:.0f} {unit}" for unit, unit_s, below_s in UNITS_S if seconds < below_s)
    return next(texts, "years")


def missing_for_training(state: State) -> str:
    """Return a sentence that says what the training needs and what to do, or "" if nothing is missing."""
    if not len(state.data):
        return NO_ROWS
    if state.data.targets is None:
        return NO_TARGETS
    return "" if state.trainable else NO_TRAINING_ROWS


def refusal_sentence(error: ValueError) -> str:
    """Return `error`, the reason why training cannot start or continue, as a sentence for the user."""
    place, _, _ = str(error).partition(": ")
    reason = {"data": NO_ROWS, "data.targets": NO_TARGETS, "validation": NO_TRAINING_ROWS}.get(place)
    return reason or f"{str(error)[0].upper()}{str(error)[1:]}."


def paused_sentence(done: int, updates: int) -> str:
    """Return the sentence for the status line of a run that was paused after `done` of `updates` updates."""
    return f"Paused after {done:,} of {counted(updates, 'update')}"


def outcome_sentence(
    label: str, before: State, after: State, error: ValueError | None, is_hidden: bool
) -> tuple[str, bool]:
    """Return a sentence on the updates from `before` to `after`, and whether the sentence is a warning.

    `label` names the run: "20 updates". `error` is the reason if the run could not continue. If `is_hidden`,
    the sentence has no results.
    """
    if error:
        return refusal_sentence(error), True
    if run_of(after).diverged:
        return _divergence(before, after), True
    if is_hidden:
        return f"{label}: results are hidden", False
    start, end, loss = _loss_of(before, after), _loss_of(after, after), after.measure
    trained = start + before.penalty, end + after.penalty
    has_risen = trained[1] > trained[0]
    if reason := after.stop_reason:
        return f"{label}, stopped early: {reason}", has_risen
    if has_risen:
        rate = as_text(scaled(after.training.learning_rate, -1))
        advice = f"try a learning rate of {rate} or less"
        name = f"{loss.phrase}{' + penalty' if after.training.penalty else ''}"
        return f"{label}: the {name} rose, {_change(*trained)}; {advice}.", True
    sentence = f"{label}: {loss.title} {_change(start, end)}"
    if after.training.penalty:
        sentence += f", penalty {_change(before.penalty, after.penalty)}"
    since = overfitting_since(after)
    return sentence if since is None else f"{sentence}; {RISEN.format(since)} (overfitting)", False


def _change(start: float, end: float) -> str:
    return f"{as_text(start)} → {as_text(end)}"


def _loss_of(state: State, after: State) -> float:
    """Return the last loss in the history of `state`, or else the first loss in the history of `after`."""
    if state.run and state.run.history:
        return state.run.history.last[1]
    return float(run_of(after).history.points[0, 1])


def _divergence(before: State, after: State) -> str:
    end, rate = after.iteration, after.training.learning_rate
    where = f"at iteration {end + 1}" if end == before.iteration else f"after iteration {end}"
    return f"Diverged {where}: learning rate {as_text(rate)} is too large. Try {as_text(scaled(rate, -1))}."


Worker: TypeAlias = Trainer | Replay
PATIENCE_S = 0.04
"""Longest wait, in seconds, for a thread to end after a stop request. Its later results are ignored."""


class Background:
    """A thread that trains until iteration `last`, in units of work such as an update or a part of an update.

    `work` is the iterator over the units of work of `trainer`. Only the thread uses the trainer, but its
    learning rate may be set. If copying a State takes s seconds, the thread trains for at least
    `work_per_state`·s seconds before the next copy.

    =========== ==============================================================
    `goal`      iteration up to which the thread may train now
    `has_ended` whether the thread has ended
    `error`     reason if the thread could not continue, or None
    =========== ==============================================================
    """

    def __init__(
        self, trainer: Worker, work: Iterator[None], goal: int, last: int, work_per_state: float
    ) -> None:
        self.goal = goal
        self.has_ended = False
        self.error: ValueError | None = None
        self._trainer, self._work = trainer, work
        self._last, self._work_per_state = last, work_per_state
        self._handed_out_iteration = trainer.iteration
        self._latest: State | None = None
        self._is_state_requested = self._stopped = False
        self._next_hand_out_s = 0.0
        self._wake_event = threading.Event()
        self._thread = threading.Thread(target=self._run, name="nnviz training", daemon=True)
        self._thread.start()

    def end_soon(self) -> None:
        """Ask the thread to end after the current unit of work and to provide the last State."""
        self._stopped = True
        self._wake_event.set()

    def stop(self) -> None:
        """Ask the thread to end, and wait up to `PATIENCE_S` seconds until the thread has ended."""
        self.end_soon()
        self._thread.join(PATIENCE_S)

    def take(self) -> State | None:
        """Return the latest State that the thread has provided, or None before the first one.

        Each call also asks the thread for a new State. Two calls may return the same State.
        """
        self._is_state_requested = True
        self._wake_event.set()
        return self._latest

    def _run(self) -> None:
        try:
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
            self.has_ended = True

    def _do_unit(self) -> bool:
        """Do one unit of work, or wait if no update is due; return whether to continue."""
        trainer = self._trainer
        if self.goal <= trainer.iteration < self._last:
            self._wake_event.wait(0.1)
            self._wake_event.clear()
            return True
        trainer.at_once = max(self.goal - trainer.iteration, 1)
        return next(self._work, self) is not self and not trainer.is_over

    def _hand_out(self) -> None:
        began = time.perf_counter()
        self._is_state_requested, self._handed_out_iteration = False, self._trainer.iteration
        self._latest = self._trainer.state()
        now = time.perf_counter()
        self._next_hand_out_s = now + self._work_per_state * (now - began)


FRAME_S = 1 / 60
SPARE_S = 0.0015
"""No work begins in the last SPARE_S seconds before a frame, so that most frames are on time."""
SHORT_UNIT_S = 0.0002
"""A unit of work makes twice as many updates as the last one if that took less than this, in seconds.

Else a unit makes half as many."""
LEAST_WORK_S = 0.003
"""Shortest training time between two frames, in seconds, however long painting takes."""
FRAME_PER_SHOWING = 2.0
"""Shortest time between two frames, as a multiple of the time that showing a State takes."""
TAKES_IN = 0.1
"""Weight of the last frame in the mean time that showing a State takes."""
HOPS = 3
"""Number of passes through the event loop in which the window shows and paints a State."""
AT_ONCE_S = 0.010
"""Longest time, in seconds, that one update or a jump to an iteration may block the window."""
RUN_S = 3.0
"""Duration of every run, in seconds, at speed 0.5, however many updates the run has."""
SLOWEST_PER_S = 1.0
"""Updates per second at speed 0, the slowest speed."""
TIMES_FASTER = 100.0
"""Updates per second just below speed 1, as a multiple of the updates per second at speed 0.5."""


@dataclass(frozen=True)
class Limits:
    """Limits of a Job: when a thread takes over the work, and the length of the history."""

    long_unit_s: float = 0.012
    """If two units of work each take longer than this, in seconds, a thread takes over the work."""
    work_per_state: float = 4.0
    """Shortest training time between two copies of the State, as a multiple of the time that a copy takes."""
    history_points: int = 8 * BUCKETS
    """Largest number of points in a loss history (0.5 MB). A longer history is thinned."""


USUAL_LIMITS = Limits()


class Job(QObject):
    """Trains `state` for `updates` updates.

    `make(state)` returns the object that computes the updates: a Trainer, or a Replay of earlier updates.

    ============= ===================================================================================
    `frame_due`   signal: the latest State should be shown; emitted once a frame, and at the end
    `ended`       signal: the job is over and `frame_due` was emitted for the last State
    `is_over`     whether all updates are made, or the run is over, or the job failed or was ended
    `error`       reason if the job could not continue, or None
    `before`      State before the first update
    ============= ===================================================================================

    Raises ValueError if `state` cannot be trained.
    """

    frame_due = Signal()
    ended = Signal()

    def __init__(
        self, state: State, updates: int, parent: QObject, limits: Limits, make: Callable[[State], Worker]
    ) -> None:
        self._trainer = make(state)  # raises ValueError before there is a Job
        self._work = self._trainer.work(updates)
        super().__init__(parent)
        self.updates, self.before, self.training = updates, state, state.training
        self.is_over = self._is_run_over = self._stopped = False
        self.error: ValueError | None = None
        self._first = self._iteration_reached = state.iteration
        self._taken_key: tuple[object, ...] = state.training, state.iteration, False, 0
        self._limits, self._long_units, self._at_once = limits, 0, 1
        self._background: Background | None = None
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._frame_s = time.perf_counter() + FRAME_S
        self._has_worked = False
        self._shown_s, self._took_s, self._hops = 0.0, 0.0, 0
        self.set_speed(1.0)

    @property
    def was_cut_short(self) -> bool:
        """Whether the job was stopped before all updates were made."""
        return not self.is_over or (self.done < self.updates and not (self._is_run_over or self.error))

    @property
    def done(self) -> int:
        """Number of updates made so far."""
        return self._iteration_reached - self._first

    def set_speed(self, speed: float) -> None:
        """Set the speed, from 0 (slowest) to 1 (as fast as possible); the next update follows at once."""
        per_s = updates_per_second(self.updates, speed)
        self._per_s, self._since_s, self._done_before = per_s, time.perf_counter(), self.done
        if not self._stopped:
            self._timer.start(0)

    def set_training(self, training: Training) -> None:
        """Use the learning rate of `training`, and put `training` into every State that `take` returns."""
        self.training = training
        self._trainer.learning_rate = training.learning_rate

    def take(self) -> State | None:
        """Return the latest State, or None if nothing has changed since the last call."""
        state = self._background.take() if self._background else self._latest_state()
        if state is None or state.run is None:
            return None
        run, self._iteration_reached = state.run, state.iteration
        self._is_run_over = run.diverged or run.stopped != ""
        self.is_over = self.is_over or self._is_run_over
        # after the last update, the State still gets the loss at the end of an epoch
        points = len(run.history) if self.done or run.diverged else 0
        key = self.training, self._iteration_reached, run.diverged, points
        if self._taken_key == key:
            return None
        self._taken_key = key
        return edits.set_training(state, self.training)

    def end_soon(self) -> bool:
        """If a thread does the work, let it end after the current update or part of an update.

        Return whether a thread does the work, because the work would block the window for too long.
        """
        if self._background:
            self._background.end_soon()
        return self._background is not None

    def stop(self) -> None:
        """Stop the work, but do not wait for a slow unit of work in the thread. `take` still works."""
        if self._stopped:
            return
        self._stopped = True
        self._timer.stop()
        if self._background:
            self._background.stop()
        self.deleteLater()

    def work_at_once(self) -> None:
        """Train now, for at most `AT_ONCE_S` seconds. During this time the window does not respond."""
        self._work_until(time.perf_counter() + AT_ONCE_S)

    def _tick(self) -> None:
        """Emit `frame_due` if a frame is due, else train until just before the next frame."""
        now = time.perf_counter()
        if self._hops:
            self._hops -= 1
            if self._hops:
                self._timer.start(0)
                return
            began = self._shown_s
            self._took_s += TAKES_IN * (now - began - self._took_s)  # a slow panel has its turn in few frames
            wait_s = max(FRAME_S / 2, FRAME_PER_SHOWING * self._took_s)
            self._frame_s = max(self._frame_s + FRAME_S, began + wait_s)
            self._wait()
        elif self._has_worked and now >= self._frame_s - SPARE_S:
            self._has_worked = False
            self._shown_s, self._hops = now, HOPS
            self.frame_due.emit()
            if not self._stopped:  # a slot of `frame_due` may have changed the document
                self._timer.start(0)
        else:
            self._work_until(max(self._frame_s - SPARE_S, now + LEAST_WORK_S))

    def _work_until(self, until: float) -> None:
        if self._stopped:
            return
        paced_s = time.perf_counter() - self._since_s
        due = self.updates if paced_s >= self.updates / self._per_s else int(1 + self._per_s * paced_s)
        goal = self._first + min(self.updates, self._done_before + due)
        if self._background:
            self._background.goal = goal
            self.is_over, self.error = self._background.has_ended, self._background.error
        else:
            self._slice(until, goal)
        self._has_worked = True
        if self.is_over:
            self.frame_due.emit()
        self._wait()

    def _wait(self) -> None:
        """Set the timer for the next slice, frame or update, unless the job is over."""
        if self._stopped:  # a slot of `frame_due` has changed the document
            return
        if self.is_over:
            self.ended.emit()
            return
        next_s = self._since_s + (self.done - self._done_before) / self._per_s
        due = self._frame_s - SPARE_S if self._has_worked else next_s
        self._timer.start(max(0, int((due - time.perf_counter()) * 1000)))

    def _slice(self, until: float, goal: int) -> None:
        """Make the updates up to iteration `goal`, and stop at the time `until`."""
        clock, trainer, work = time.perf_counter, self._trainer, self._work
        last = self._first + self.updates
        now = clock()
        try:
            while now < until and (trainer.iteration < goal or trainer.iteration >= last):
                before, done = now, trainer.iteration
                trainer.at_once = max(min(goal - done, self._at_once), 1)
                if next(work, self) is self or trainer.is_over:
                    self.is_over = True
                    break
                now = clock()
                made = trainer.iteration - done
                self._at_once = 2 * made if now - before < SHORT_UNIT_S else made // 2
                self._long_units += now - before > self._limits.long_unit_s
        except ValueError as error:
            self.error, self.is_over = error, True
        self._iteration_reached = trainer.iteration
        if self._long_units > 1 and not self.is_over:
            self._background = Background(trainer, work, goal, last, self._limits.work_per_state)

    def _latest_state(self) -> State | None:
        trainer = self._trainer
        if not self.is_over and self._taken_key[:3] == (self.training, trainer.iteration, trainer.diverged):
            return None
        return trainer.state()  # may detect divergence


def updates_per_second(updates: int, speed: float) -> float:
    """Return the updates per second at `speed`: at 0.5, `updates` in 3 seconds; at 1, infinitely many."""
    middle = updates / RUN_S
    if speed >= 1.0:
        return math.inf
    if speed >= 0.5:
        return float(middle * TIMES_FASTER ** (2.0 * speed - 1.0))
    slowest = min(SLOWEST_PER_S, middle)
    return float(slowest * (middle / slowest) ** (2.0 * speed))
