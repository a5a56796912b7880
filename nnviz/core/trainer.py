"""Training: a Trainer makes updates a unit of work at a time, keeps the history, and stops in time.

Knows nothing of windows, clocks or threads: whoever drives the work decides when the next unit is made.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import replace

import numpy as np

from nnviz.core.history import History
from nnviz.core.numbers import counted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Curve, Run, Segment
from nnviz.core.state import State
from nnviz.core.training.batches import PASS_NS, Batches
from nnviz.core.training.passes import Parameters
from nnviz.core.training.points import Points

CHECK_UPDATES = 256
"""Updates of a small network between two looks for numbers that are not finite."""


class Trainer:
    """Trains a State's network on its data, a unit of work at a time.

    ================= ============================================================
    `work(n)`         up to `n` more updates; yields after each unit of work: an
                      update, or a block of rows of a long one
    `end()`           measures where `work` was left, as after its last update
    `learning_rate`   may be set between units; holds from the next update on
    `iteration`       updates done in this run
    `loss`            over the rows that are trained on, at the last point of the
                      history; NaN until the first pass over long data is through
    `diverged`        some number ceased to be finite; the last finite are kept
    `state()`         the State as it is now, with its run
    ================= ============================================================

    A State that has a run goes on with it: iteration, epochs, row order and optimizer memory; its history
    holds up to `history_limit` points before it is thinned. However the
    work is split, the numbers are the same to the last bit; only a stop within an epoch leaves a point more
    in the history. Raises ValueError where the State has no rows to train on or no targets, or its loss is
    not finite (for long data, `work` raises that).
    """

    def __init__(self, state: State, history_limit: float = math.inf) -> None:
        if len(state.data) == 0:
            raise ValueError("data: there are no rows to train on")
        if state.data.targets is None:
            raise ValueError("data.targets: there are no targets to train on")
        if not state.trainable:
            rows = f"none of {counted(len(state.data), 'row')}"
            raise ValueError(f"validation: it leaves {rows} to train on: make it smaller")
        # NumPy 2 keeps what to do about overflow in a context variable: in a context of its own the work is
        # silent for 30 ns a unit, where `np.errstate` costs 700.
        self._quiet = copy_context()
        self._quiet.run(np.seterr, over="ignore", invalid="ignore")
        self._state = state
        self._make_ready(state)
        self._take_up(state, history_limit)
        if self._batches.whole:
            self._quiet.run(_make_all, self._measure_start())

    def _make_ready(self, state: State) -> None:
        optimizer = OPTIMIZERS[state.training.optimizer]
        self._parameters = Parameters(state.network, len(optimizer.memories))
        values, slopes, memory = self._parameters.values, self._parameters.slopes, self._parameters.memory
        self._learning_rate = state.training.learning_rate
        self._rate = np.array(self._learning_rate)  # what the arithmetic reads
        self._optimizer = optimizer(values, slopes, memory, self._rate)
        rate_of_slopes = self._rate if optimizer.rate_in_slopes else None
        self._batches = Batches(state, self._parameters, rate_of_slopes)
        self._points = Points(state, self._batches)
        self._one_pass = self._batches.per_epoch == 1 and self._points.at_once
        self._check_every = 1
        if self._one_pass:
            self._check_every = min(CHECK_UPDATES, 1 + int(PASS_NS / self._batches.pass_ns))
        self._forward_stands = False
        """Whether the whole pass forward has been made with the present weights."""

    def _take_up(self, state: State, history_limit: float) -> None:
        """Go on with the run of `state`, or begin one."""
        name, memory = state.training.optimizer, self._parameters.memory
        self._run = state.run or Run(state.network, 0, History(history_limit), name, memory, ())
        if self._run.optimizer == name:
            memory[:] = self._run.memory
        self.iteration = self._run.iteration
        self._curves = {"": self._run.history.limited(history_limit)}
        for name in self._points.beside:
            curve = self._run.curve(name)
            self._curves[name] = History(history_limit) if curve is None else curve.limited(history_limit)
        self._segments = self._run.segments
        self._begin_segment()
        self.diverged = False
        self.loss = self._history.last[1] if len(self._history) else math.nan
        self._measured: list[tuple[float, ...]] = []
        self._kept = np.empty_like(self._parameters.all)
        self._keep()

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if value == self._learning_rate:
            return
        self._quiet.run(self._check)  # what may have to be repeated was made at the old rate
        self._learning_rate = value
        if not self._batches.long:  # a long update may be half done
            self._take_rate()

    def work(self, updates: int) -> Iterator[None]:
        """Make up to `updates` more updates, yielding after each unit of work; stops where it diverges."""
        last = self.iteration + updates
        return self._quietly(self._updates_in_one_pass(last) if self._one_pass else self._updates(last))

    def end(self) -> Iterator[None]:
        """Measure the last point of a run that stops here, within an epoch too, yielding as `work` does."""
        if self._one_pass or (len(self._history) and self._history.last[0] == self.iteration):
            return iter(())
        return self._quietly(self._record())

    def _quietly(self, units: Iterator[None]) -> Iterator[None]:
        run = self._quiet.run
        while run(next, units, self) is None:
            yield

    def state(self) -> State:
        """Return the State as it is now. Within an epoch its history ends at the epoch's start."""
        self._quiet.run(self._check)
        self._run = replace(
            self._run,
            iteration=self.iteration,
            history=self._history,
            beside=tuple(Curve(name, self._curves[name]) for name in self._points.beside),
            optimizer=self._state.training.optimizer,
            memory=self._parameters.memory.copy(),
            segments=self._segments_made(),
        )
        network = self._parameters.into(self._state.network)
        return replace(self._state, network=network, run=self._run)

    def _take_rate(self) -> None:
        self._rate.fill(self._learning_rate)
        self._batches.take_rate()
        self._begin_segment()

    def _begin_segment(self) -> None:
        """Note how the next update is made."""
        segments = self._segments_made()
        settings = replace(self._state.training, learning_rate=self._learning_rate, updates=1)
        if not segments or segments[-1].training != settings:
            segments = (*segments, Segment(self.iteration, settings))
        self._segments = segments

    def _segments_made(self) -> tuple[Segment, ...]:
        return tuple(segment for segment in self._segments if segment.after < self.iteration)

    def _updates_in_one_pass(self, last: int) -> Iterator[None]:
        """Make updates of all rows at once: the way forward that measures the loss begins the next update."""
        assert self._batches.whole is not None
        forward, total, backward, _ = self._batches.whole
        update, measure = self._optimizer.update, self._points.of
        if not self._forward_stands:
            for call in forward:
                call()
            self._forward_stands = True
        while self.iteration < last and not self.diverged:
            for call in backward:
                call()
            update(self.iteration + 1)
            for call in forward:
                call()
            measured = measure(float(total()))
            self.loss = measured[0]
            self.iteration += 1
            self._measured.append(measured)
            if not math.isfinite(sum(measured)):
                self._fall_back()
            elif self.iteration >= self._next_check or self.iteration == last:
                self._check()
            yield

    def _updates(self, last: int) -> Iterator[None]:
        """Make updates of mini-batches, or long ones, and measure after each epoch and at the end."""
        batches, update = self._batches, self._optimizer.update
        calls, long, per_epoch = batches.calls, batches.long, batches.per_epoch
        yield from self._measure_start()
        while self.iteration < last and not self.diverged:
            if long:
                yield from self._long_slopes()
            else:
                for call in calls(self.iteration):
                    call()
            update(self.iteration + 1)
            self.iteration += 1
            if self.iteration % per_epoch == 0 or self.iteration == last:
                yield from self._record()
            yield

    def _long_slopes(self) -> Iterator[None]:
        """Find the slopes of the next update, yielding after each block of its rows."""
        self._take_rate()
        slopes = self._parameters.slopes
        total = np.zeros_like(slopes)
        for block in self._batches.blocks(self.iteration):
            for call in block.there_and_back:
                call()
            total += slopes
            yield
        slopes[:] = total

    def _measure_start(self) -> Iterator[None]:
        """Record a point that is due here: the first one, or one whose pass was left in the middle."""
        history = self._history
        if self.iteration % self._batches.per_epoch or (len(history) and history.last[0] == self.iteration):
            return
        yield from self._record()
        if not len(self._history):
            what = self._state.measure.word
            raise ValueError(f"the {what} is too large for a number: make the weights or the data smaller")

    def _record(self) -> Iterator[None]:
        measured = yield from self._points.in_blocks()
        self._forward_stands = True
        if math.isfinite(sum(measured)) and self._finite():
            self.loss = measured[0]
            self._measured.append(measured)
            self._keep()
        else:
            self._fall_back()

    # A finite loss does not tell that all numbers are: a relu hides an infinite weight, and adam's memory can
    # overflow alone. To look at all numbers costs as much as a small update, so it is done now and then; what
    # was found finite is kept, and where some number is not, the updates since are repeated one by one.

    def _finite(self) -> bool:
        return bool(np.isfinite(self._parameters.all).all())

    def _check(self) -> None:
        """Look at all numbers now, unless it was done at this iteration."""
        if self.iteration == self._kept_point[0]:
            return
        if not self._finite():
            self._fall_back()
        elif self._one_pass:
            self._keep()

    def _keep(self) -> None:
        """Keep all numbers, which are finite, to fall back to, and hand the new points to the history."""
        self._kept[:] = self._parameters.all
        self._kept_point = self.iteration, self.loss
        self._next_check = self.iteration + self._check_every
        if self._measured:
            iterations = range(self.iteration + 1 - len(self._measured), self.iteration + 1)
            points = np.column_stack((iterations, self._measured))
            for k, (name, curve) in enumerate(self._curves.items()):
                self._curves[name] = curve.extended(points[:, [0, 1 + k]])
            self._measured.clear()

    @property
    def _history(self) -> History:
        return self._curves[""]

    def _fall_back(self) -> None:
        """Return to the last iteration at which every number was finite."""
        failed = self.iteration
        self._parameters.all[:] = self._kept
        self._forward_stands = False
        self.iteration, self.loss = self._kept_point
        self._measured.clear()
        if self._check_every > 1:
            self._check_every, self._next_check = 1, self.iteration
            _make_all(self._updates_in_one_pass(failed))
        self.diverged = True


def _make_all(units: Iterator[None]) -> None:
    for _ in units:
        pass
