"""The rows of the data as training takes them: all of them, or the batch of an update, in passes.

Knows nothing of optimizers. Rows are copied into a table, with a column of ones where the first layer has
biases, so that a pass finds them together whatever order the epoch takes them in. Long data is cut into
blocks of rows, a pass each, so that whoever drives the work is never held up for long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array, Call
from nnviz.core.cost import THERE_AND_BACK, forward_ns
from nnviz.core.run import epoch_order
from nnviz.core.state import State
from nnviz.core.training.passes import Buffers, Parameters, Pass

PASS_NS = 6_700_000.0
"""What a pass there and back should not exceed."""
UNCUT_ROWS = 8
"""So many rows are never cut: to read millions of weights takes as long for one row."""
READY_NUMBERS = 2**15
"""Inputs of mini-batches that are made ready at once: few enough to stay in the cache."""
READY_BATCHES = 256
"""Mini-batches that are made ready at once, at most."""
COPIED_BYTES = 2**24
"""Inputs that may be copied, so as to have the ones beside them."""


class _Room(NamedTuple):
    """Tables for the rows of a pass, and what makes the buffers for so many."""

    inputs: Array
    targets: Array
    buffers: Callable[[int], Buffers]


class Batches:
    """The passes over a State's data with the weights of `parameters`.

    Slopes come multiplied by `rate`, an array of no dimension, where it is given.

    =========== ==================================================================
    `per_epoch` updates in an epoch
    `whole`     the pass over all rows that are trained on, where one holds them
    `long`      an update takes more than one pass
    `pass_ns`   about what a pass takes, at most
    `aside`     the pass over the rows for validation, where there are and one holds them
    =========== ==================================================================

    Sums are taken pass by pass, so their last bits depend on how long a pass is, which depends on the network
    alone.
    """

    def __init__(self, state: State, parameters: Parameters, rate: Array | None) -> None:
        network, data, settings = state.network, state.data, state.training
        assert data.targets is not None
        self._measure, self._rows, self._outputs = state.measure, state.trained_rows, len(network.outputs)
        self._batch = min(settings.batch_size or self._rows, self._rows)
        self._seed = settings.seed
        self.per_epoch = settings.updates_per_epoch(self._rows)
        row_ns = forward_ns(network)
        at_once = max(UNCUT_ROWS, int(PASS_NS / (THERE_AND_BACK * row_ns)))
        self.long = self._batch > at_once
        # A pass that only measures the loss can be longer: the way forward is a third of an update.
        longest = at_once if self.long or self.per_epoch == 1 else THERE_AND_BACK * at_once
        self._block = min(longest, self._rows)
        self.pass_ns = row_ns * max(THERE_AND_BACK * min(self._batch, at_once), self._block)

        self._rate = rate
        self._scales: dict[int, Array] = {}
        self._make_buffers = partial(Buffers, network, self._measure, parameters)
        self._source = _Source(state)
        self._room = self._make_room(self._block)
        self._all = np.arange(self._rows)
        self.whole: Pass | None = None
        if self._block == self._rows:
            (self.whole,) = self._blocks(self._all, self._room)
        self._set_aside(np.arange(self._rows, len(data)), THERE_AND_BACK * at_once)
        self._ready: list[tuple[Call, ...]] = []
        if self.per_epoch > 1 and not self.long:
            self._make_room_for_batches()

    def every_row(self) -> Iterator[Pass]:
        """Yield the passes over all rows, in the order of the data; make each before the next is taken."""
        return iter((self.whole,)) if self.whole else self._blocks(self._all, self._room)

    def every_row_aside(self) -> Iterator[Pass]:
        """Yield those over the rows that are kept for validation."""
        if self.aside or not self._aside:
            return iter((self.aside,) if self.aside else ())
        return self._blocks(self._kept, self._aside)

    def blocks(self, done: int) -> Iterator[Pass]:
        """Yield the passes of the update that follows `done` updates; make each before the next is taken."""
        if self.per_epoch == 1:
            return self._blocks(self._all, self._room)
        epoch, part = divmod(done, self.per_epoch)
        order = epoch_order(self._seed, epoch, self._rows)
        return self._blocks(order[part * self._batch : (part + 1) * self._batch], self._room)

    def calls(self, done: int) -> tuple[Call, ...]:
        """Return the one pass of the update that follows `done` updates, a mini-batch, there and back."""
        at = done - self._first_ready
        if not 0 <= at < len(self._ready):
            self._make_ready(done)
            at = done - self._first_ready
        return self._ready[at]

    def take_rate(self) -> None:
        """Let the slopes follow a `rate` that has been changed."""
        for batch, scale in self._scales.items():
            scale.fill(self._scale(batch))

    def _set_aside(self, kept: NDArray[np.intp], longest: int) -> None:
        """Make ready to measure the rows `kept`, in buffers of their own: an update begins in the others."""
        self._kept = kept
        self._aside = self._make_room(min(len(kept), longest)) if len(kept) else None
        self.aside: Pass | None = None
        if self._aside and len(kept) <= longest:
            (self.aside,) = self._blocks(kept, self._aside)

    def _make_room(self, rows: int) -> _Room:
        return _Room(*self._source.room(rows), cache(self._make_buffers))

    def _blocks(self, order: NDArray[np.intp], room: _Room) -> Iterator[Pass]:
        for start in range(0, len(order), len(room.inputs)):
            which = order[start : start + len(room.inputs)]
            inputs, targets = room.inputs[: len(which)], room.targets[: len(which)]
            self._source.copy(which, inputs, targets)
            yield self._pass_over(inputs, targets, len(order), room)

    def _pass_over(self, inputs: Array, targets: Array, batch: int, room: _Room) -> Pass:
        """Return the pass over rows that are part of a batch of so many."""
        if batch not in self._scales:
            self._scales[batch] = np.array(self._scale(batch))
        return room.buffers(len(inputs)).pass_over(inputs, targets, self._scales[batch])

    def _scale(self, batch: int) -> float:
        """Return what turns slopes into those of a batch's loss."""
        return self._measure.scale(batch, self._outputs) * (1.0 if self._rate is None else float(self._rate))

    # Every epoch takes the rows in an order of its own. The mini-batches of many updates are copied at once,
    # into a table whose passes are made once.

    def _make_room_for_batches(self) -> None:
        batch = self._batch
        fitting = READY_NUMBERS // (batch * self._source.width)
        self._at_once = max(1, min(fitting, READY_BATCHES, self.per_epoch))
        self._table = inputs, targets = self._source.room(self._at_once * batch)

        def calls(k: int, count: int) -> tuple[Call, ...]:
            part = slice(k * batch, k * batch + count)
            return self._pass_over(inputs[part], targets[part], count, self._room).there_and_back

        self._full = [calls(k, batch) for k in range(self._at_once)]
        self._short: tuple[Call, ...] = ()
        if short := self._rows % batch:
            self._short = calls((self.per_epoch - 1) % self._at_once, short)
        self._first_ready = 0

    def _make_ready(self, done: int) -> None:
        epoch, part = divmod(done, self.per_epoch)
        start = part - part % self._at_once
        end = min(start + self._at_once, self.per_epoch)
        order = epoch_order(self._seed, epoch, self._rows)[start * self._batch : end * self._batch]
        inputs, targets = self._table
        self._source.copy(order, inputs[: len(order)], targets[: len(order)])
        self._first_ready = done - part + start
        self._ready = self._full[: end - start]
        if self._short and end == self.per_epoch:
            self._ready[-1] = self._short


class _Source:
    """The data of a State, to be copied row by row into tables of `width` inputs."""

    def __init__(self, state: State) -> None:
        data = state.data
        assert data.targets is not None
        ones = state.network.layers[0].biases is not None
        self.width = data.inputs.shape[1] + ones
        self._inputs, self._targets = data.inputs, data.targets
        if ones and data.inputs.nbytes <= COPIED_BYTES:
            self._inputs = np.hstack((data.inputs, np.ones((len(data), 1))))

    def room(self, rows: int) -> tuple[Array, Array]:
        """Return a table of inputs, with ones where they belong, and one of targets."""
        return np.ones((rows, self.width)), np.empty((rows, self._targets.shape[1]))

    def copy(self, which: NDArray[np.intp], inputs: Array, targets: Array) -> None:
        """Write the rows `which` into `inputs` and `targets`."""
        if self._inputs.shape[1] == self.width:
            self._inputs.take(which, axis=0, out=inputs, mode="clip")  # "raise" would copy first
        else:
            inputs[:, :-1] = self._inputs.take(which, axis=0)
        self._targets.take(which, axis=0, out=targets, mode="clip")
