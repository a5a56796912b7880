"""The Trainer: continues a State's run in units of work, keeps its history, and notices when it diverges.

An engine makes the updates. This module uses no windows or threads: the caller decides when to
compute the next unit of work.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextvars import copy_context
from dataclasses import replace
from time import perf_counter

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.engines import LANES, CompiledEngine, make_engine
from nnviz.core.history import History
from nnviz.core.numbers import counted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.parameters import Parameters, as_layers
from nnviz.core.slopes import Work, run_work
from nnviz.core.state import Curve, Run, Segment, State, with_weights

POINTS_AT_ONCE = 4096
"""Number of points that the histories take at once, because each time takes many calls."""
MOST_RATES = 1000
"""Largest number of updates in a unit with a schedule, whose rates are computed one by one."""


class Trainer:
    """Trains a State's network on its data, one unit of work at a time.

    ================= ========================================================================
    `work(n)`         makes up to `n` more updates, and yields after each unit of work
    `end()`           measures the loss if `work` was stopped within an epoch
    `learning_rate`   the learning rate, which a schedule multiplies; may be set at any time
    `at_once`         the largest number of updates in a unit of work; may be set, too
    `iteration`       the number of updates in this run
    `diverged`        whether a number became infinite or NaN
    `stopped`         what ended the run early, as `Run.stopped` says it; or ""
    `seconds`         how long the computation of the run's updates took
    `is_over`         whether the run diverged or was stopped early
    `state()`         returns the current State, with the run
    ================= ========================================================================

    A unit of work is an update, or a block of rows of a long update. If `at_once` is larger than 1, a unit
    has several updates, as long as it is short. If the run diverges, the Trainer returns to the last
    iteration with finite numbers. If a setting ends the run early, the Trainer stops at this iteration. If
    the State has a run, the Trainer continues the run: iteration, epochs, row order and optimizer memory.
    Points are removed from a history with more than `history_limit` points.
    The results do not depend on how the work is divided into units and calls; only a stop within an epoch
    adds a point to the history.

    Raises ValueError if the State has no training rows or no targets, or if the first loss is infinite or
    NaN. For long data, `work` computes the first loss and raises this error.
    """

    def __init__(self, state: State, history_limit: float = math.inf, at_once: float = 1) -> None:
        if len(state.data) == 0:
            raise ValueError("data: training needs at least one row")
        if state.data.targets is None:
            raise ValueError("data.targets: training needs targets")
        if not state.trainable:
            rows = counted(len(state.data), "row")
            raise ValueError(f"validation: with {rows}, this share leaves no training row; reduce the share")
        # NumPy 2 stores the handling of overflow in a context variable. Running the work in its own context
        # costs 30 ns a unit, while `np.errstate` costs 700.
        self._quiet = copy_context()
        self._quiet.run(np.seterr, over="ignore", invalid="ignore")
        self.given, self.at_once = state, at_once
        optimizer = state.training.optimizer
        self.parameters = Parameters(state.network, len(OPTIMIZERS[optimizer].memories))
        self.engine = make_engine(state, self.parameters)
        self._continue_run(state, history_limit)
        if self.engine.is_quick:
            self._quiet.run(run_work, self._measure_start())

    def _continue_run(self, state: State, history_limit: float) -> None:
        """Continue the run of `state`, or start a new one."""
        self._run = state.run or Run(state.network, engine=self.engine.name, label=state.next_label)
        if self._run.optimizer == state.training.optimizer:
            self.parameters.memory[:] = self._run.memory
        self.iteration, self._segments = self._run.iteration, self._run.segments
        self.seconds = self._run.seconds
        curves = {"": self._run.history} | {curve.name: curve.history for curve in self._run.beside}
        points = min(2 + state.training.updates // self.engine.per_epoch, history_limit)
        self._curves = {
            name: (curves.get(name) or History.with_room_for(points)).limited(history_limit)
            for name in ("", *self.engine.names)
        }
        self.learning_rate = self._rate = state.training.learning_rate
        self._apply_rate()
        self.diverged, self.stopped = False, ""
        has_rules = state.training.until or state.training.patience
        self._rules = StopRules(state, self._run, self.engine.per_epoch) if has_rules else None
        self._points: list[Array] = []
        """Checked points that the histories do not have yet."""
        self._most = math.inf
        """Largest number of updates in a unit; only `_fall_back` lowers it."""
        self._finite_numbers, self._finite_iteration = self.parameters.vectors.copy(), self.iteration

    @property
    def is_over(self) -> bool:
        """Whether the run diverged or was stopped early."""
        return self.diverged or self.stopped != ""

    def work(self, updates: int) -> Iterator[None]:
        """Make up to `updates` more updates, and yield after each unit of work.

        If the run diverges or stops early, the Trainer makes no more updates.
        """
        run, units = self._quiet.run, self._updates(self.iteration + updates)
        while True:
            began, self._rate = perf_counter(), self.learning_rate  # another thread may set the rate
            is_over = run(next, units, self) is not None
            self.seconds += perf_counter() - began
            if is_over:
                return
            yield

    def end(self) -> None:
        """Measure the loss at the current iteration if the history lacks it.

        Call this when a run stops. If the run stops within an epoch, `work` has not measured this loss.
        """
        if not self._is_measured:
            self._quiet.run(run_work, self._measure())

    def state(self) -> State:
        """Return the current State. Within an epoch, the history ends at the start of the epoch."""
        self._quiet.run(self._check, np.empty(0))
        self._extend_curves()
        self._run = replace(
            self._run,
            iteration=self.iteration,
            history=self._curves[""],
            beside=tuple(Curve(name, self._curves[name]) for name in self.engine.names),
            optimizer=self.given.training.optimizer,
            memory=self.parameters.memory.copy(),
            segments=tuple(segment for segment in self._segments if segment.after < self.iteration),
            diverged=self.diverged,
            stopped=self.stopped,
            seconds=self.seconds,
        )
        network = self.given.network
        network = with_weights(network, as_layers(self.parameters.values, network))
        return replace(self.given, network=network, run=self._run)

    def _apply_rate(self) -> None:
        """Store the settings of the next update as a segment if they changed."""
        segments = tuple(segment for segment in self._segments if segment.after < self.iteration)
        settings = replace(self.given.training.update_settings, learning_rate=self._rate)
        if not segments or segments[-1].training != settings:
            segments = (*segments, Segment(self.iteration, settings))
        self._segments = segments

    def next_unit(self, last: int) -> tuple[int, Array]:
        """Return the number of updates in the next unit, at most up to iteration `last`, and their rates.

        The rates have the shape (updates,), or (1,) if they are equal.
        """
        for segment in reversed(self._segments):
            if segment.after <= self.iteration:
                break
            last = segment.after
        most = min(self._most, self.engine.most)
        if segment.training.schedule:
            most = min(most, MOST_RATES)
        updates = int(min(self.at_once, most, last - self.iteration))
        rest = self.engine.per_epoch - self.iteration % self.engine.per_epoch
        if updates > rest:  # end with an epoch, which is measured
            beyond = (updates - rest) % self.engine.per_epoch
            updates = updates - beyond if self.engine.spans_epochs else rest
        rated = updates if segment.training.schedule else 1
        return updates, np.array([float(segment.training.rate(self.iteration + k)) for k in range(rated)])

    def _updates(self, last: int) -> Work[None]:
        """Make updates, and measure after each epoch and at the end."""
        yield from self._measure_start()
        while self.iteration < last and not self.is_over:
            if self._rate != self._segments[-1].training.learning_rate:
                self._apply_rate()
            updates, rates = self.next_unit(last)
            points = yield from self.engine.advance(self.iteration, updates, rates)
            self.take(points, updates)
            is_due = self.iteration % self.engine.per_epoch == 0 or self.iteration == last
            if is_due and not self._is_measured:
                yield from self._measure()
            yield

    def take(self, points: Array, updates: int) -> None:
        """Add the updates and the points of a unit of work. If there are points, check all numbers."""
        self.iteration += updates
        if len(points):
            self._check(points)

    def _measure_start(self) -> Work[None]:
        """Record the point of this iteration if it is missing: the first one, or one that was stopped."""
        if self.iteration % self.engine.per_epoch or self._is_measured:
            return
        yield from self._measure()
        if not (self._points or self._curves[""]):
            loss = self.given.measure.phrase
            raise ValueError(f"the {loss} is infinite or NaN: reduce the weights or the values in the data")

    def _measure(self) -> Work[None]:
        """Measure, and check all numbers."""
        self._check((yield from self.engine.measure(self.iteration)))

    @property
    def _is_measured(self) -> bool:
        """Whether there is a point at the current iteration."""
        points = self._points[-1] if self._points else self._curves[""].points
        return len(points) > 0 and bool(points[-1, 0] == self.iteration)

    # The loss can be finite although other numbers are not: relu hides an infinite weight, and adam's memory
    # can overflow. Finite numbers are stored. If a later number is not finite, the updates since are repeated
    # in ever smaller units. If the run stops early within a unit, the updates up to there are repeated.

    def _check(self, points: Array) -> None:
        """If all numbers are finite, store them and the new points, if there are any; else fall back."""
        if not (np.isfinite(self.parameters.vectors).all() and np.isfinite(points).all()):
            self._fall_back()
        elif len(points):
            count, stop = self._rules.ending(points) if self._rules else (len(points), "")
            last = int(points[count - 1, 0])
            if stop and last < self.iteration:
                self._return()
                run_work(self._updates(last))
                return
            self.stopped = stop
            self._finite_numbers[:], self._finite_iteration = self.parameters.vectors, self.iteration
            self._points.append(points)
            if len(self._points) * len(points) > POINTS_AT_ONCE:  # units have about the same length
                self._extend_curves()

    def _extend_curves(self) -> None:
        """Add the new points to the histories."""
        if self._points:
            points = self._points[0] if len(self._points) == 1 else np.concatenate(self._points)
            for k, (name, curve) in enumerate(self._curves.items()):
                self._curves[name] = curve.extended(points[:, : k + 2 : k + 1])
            self._points.clear()

    def _fall_back(self) -> None:
        """Return to the last iteration with finite numbers, and mark the run as diverged."""
        failed = self.iteration
        self._return()
        if failed - self.iteration > self.engine.per_epoch:
            self._most = max(1, (failed - self.iteration) // 16)
            run_work(self._updates(failed))
        self.diverged = not self.stopped

    def _return(self) -> None:
        """Return to the last iteration whose numbers are stored."""
        self._apply_rate()  # a new rate begins after the updates that are repeated
        self.parameters.vectors[:] = self._finite_numbers
        self.iteration = self._finite_iteration


class StopRules:
    """Finds the point at which a run of `state` stops early. `run` is the run so far.

    Only the points at the ends of epochs count, which have `per_epoch` updates: a pause adds other points.
    """

    def __init__(self, state: State, run: Run, per_epoch: int) -> None:
        training = state.training
        self._until, self._patience = training.until or -math.inf, training.patience or math.inf
        self._per_epoch, self._column = per_epoch, 2 if state.validated else 1
        self._least, self._at = math.inf, 0.0
        for iteration, loss in run.monitored_curve.points.tolist():
            self._compare(iteration, loss)

    def ending(self, points: Array) -> tuple[int, str]:
        """Return how many of the next points the run has, and what stops the run, as `Run.stopped` says it.

        A point has the iteration, the loss and, with validation rows, the validation loss. If the run does
        not stop, the number is that of all points, and the text is "".
        """
        before = self._least, self._at
        for count, point in enumerate(points.tolist(), 1):
            iteration = point[0]
            self._compare(iteration, point[self._column])
            is_low = point[1] <= self._until
            is_long = (iteration - self._at) // self._per_epoch >= self._patience
            if (is_low or is_long) and self._counts(iteration):
                self._least, self._at = before  # the updates up to here may be repeated
                return count, f"until {self._until!r}" if is_low else f"patience {self._patience}"
        return len(points), ""

    def _counts(self, iteration: float) -> bool:
        return iteration > 0 and iteration % self._per_epoch == 0

    def _compare(self, iteration: float, loss: float) -> None:
        """Remember the smallest loss and its iteration."""
        if loss < self._least and self._counts(iteration):
            self._least, self._at = loss, iteration


FEWEST = 1 + LANES // 2
"""Smallest number of networks that train faster beside each other than one after the other."""


def work_together(trainers: Sequence[Trainer], updates: int) -> Iterator[None]:
    """Make up to `updates` updates of each Trainer, and yield after each unit of work.

    The results are the same as those of `Trainer.work`, to the bit.

    There must be one Trainer, or at most LANES Trainers with compiled engines, at the same iteration and with
    States that are alike, as `CompiledEngine` needs it.
    """
    last, going = trainers[0].iteration + updates, list(trainers)
    engine = None
    while len(going) >= FEWEST:
        if engine is None:
            lanes = going + going[-1:] * (LANES - len(going))
            vectors = np.empty((*going[0].parameters.vectors.shape, LANES))
            engine = CompiledEngine([each.given for each in lanes], vectors)
        for k, each in enumerate(lanes):
            vectors[:, :, k] = each.parameters.vectors
        units = [each.next_unit(last) for each in lanes]
        count = min(updates for updates, _ in units)  # a schedule makes units shorter
        rates = np.column_stack(np.broadcast_arrays(*(rates for _, rates in units)))
        began = perf_counter()
        points = engine.advance_all(going[0].iteration, count, rates)
        seconds = (perf_counter() - began) / len(going)
        for k, each in enumerate(going):
            each.seconds += seconds
            each.parameters.vectors[:] = vectors[:, :, k]
            each.take(points[k], count)
        left = [each for each in going if each.iteration < last and not each.is_over]
        if len(left) < len(going):
            going, engine = left, None
        yield
    for each in going:
        yield from each.work(last - each.iteration)
