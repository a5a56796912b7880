"""The rows of data that a pass takes: all of them block by block, or the mini-batch of an update.

Knows nothing of updates. Rows are copied into a table of their own, with a column of ones where the first
layer has biases, so that a pass finds them together whatever order the epoch takes them in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array, Call
from nnviz.core.network import Network
from nnviz.core.state import Dataset, epoch_order
from nnviz.core.training.sweep import Pass

Order: TypeAlias = NDArray[np.int64]

PassOver: TypeAlias = Callable[[Array, Array, int], Pass]
"""Makes the pass over inputs and targets that are part of a batch of so many rows."""

CHUNK = 2**15
"""Numbers that are put into an epoch's order at once: few enough to stay in the cache."""

BATCHES_AT_ONCE = 256
"""Batches that are made ready at once, at most."""


COPIED = 2**24
"""Bytes of inputs that may be copied, so as to have the ones beside them."""


class Rows:
    """The data of a network, from which tables are filled: `count` rows of `width` and `outputs` numbers."""

    def __init__(self, network: Network, data: Dataset) -> None:
        assert data.targets is not None
        ones = network.layers[0].biases is not None
        self.count, self.outputs = data.targets.shape
        self.width = len(network.inputs) + ones
        self._inputs, self._targets = data.inputs, data.targets
        if ones and data.inputs.nbytes <= COPIED:
            self._inputs = np.hstack((data.inputs, np.ones((self.count, 1))))

    def put(self, which: Order, inputs: Array, targets: Array) -> None:
        """Write the rows `which` into `inputs`, whose last column holds the ones, and `targets`."""
        if self._inputs.shape[1] == self.width:
            self._inputs.take(which, axis=0, out=inputs, mode="clip")  # "raise" would copy first
        else:
            inputs[:, :-1] = self._inputs.take(which, axis=0)
        self._targets.take(which, axis=0, out=targets, mode="clip")


class Table:
    """Room for `size` of the rows."""

    def __init__(self, rows: Rows, size: int, pass_over: PassOver) -> None:
        self._rows, self._pass_over = rows, pass_over
        self._inputs = np.ones((size, rows.width))
        self._targets = np.empty((size, rows.outputs))

    def load(self, which: Order) -> None:
        """Fill the table from the top with the rows `which`."""
        self._rows.put(which, self._inputs[: len(which)], self._targets[: len(which)])

    def over(self, start: int, count: int, batch: int) -> Pass:
        """Return the pass over `count` rows of the table from `start` on, part of a batch of `batch` rows."""
        end = start + count
        return self._pass_over(self._inputs[start:end], self._targets[start:end], batch)


class Blocks:
    """Any number of rows, at most `limit` of them at a time."""

    def __init__(self, rows: Rows, limit: int, pass_over: PassOver) -> None:
        self._limit, self._all = limit, np.arange(rows.count)
        self._table = Table(rows, min(limit, rows.count), pass_over)
        self.whole: Pass | None = None
        """The pass over all rows, where one block holds them."""
        if rows.count <= limit:
            (self.whole,) = self.over(self._all)

    def every(self) -> Iterator[Pass]:
        """Yield the passes over all rows, in the order of the data."""
        return iter((self.whole,)) if self.whole else self.over(self._all)

    def over(self, order: Order) -> Iterator[Pass]:
        """Yield the passes over the rows of `order`, one batch; make each before the next is taken."""
        for start in range(0, len(order), self._limit):
            which = order[start : start + self._limit]
            self._table.load(which)
            yield self._table.over(0, len(which), len(order))


class MiniBatches:
    """The batch of each update, every epoch in an order of its own; many batches are made ready at once."""

    def __init__(self, rows: Rows, batch: int, seed: int, pass_over: PassOver) -> None:
        self._seed, self._rows, self._batch = seed, rows.count, batch
        self._per_epoch = -(-self._rows // batch)
        fitting = CHUNK // (batch * rows.width)
        self._at_once = max(1, min(fitting, BATCHES_AT_ONCE, self._per_epoch))
        self._table = Table(rows, self._at_once * batch, pass_over)
        self._full = [self._table.over(k * batch, batch, batch).there_and_back for k in range(self._at_once)]
        self._short: tuple[Call, ...] = ()
        if short := self._rows % batch:
            start = (self._per_epoch - 1) % self._at_once * batch
            self._short = self._table.over(start, short, short).there_and_back
        self._ready: list[tuple[Call, ...]] = []
        self._first = 0
        """How many updates come before the one that the first batch that stands ready is for."""

    def over(self, done: int) -> tuple[Call, ...]:
        """Return the pass, there and back, of the update that follows `done` updates."""
        at = done - self._first
        if not 0 <= at < len(self._ready):
            self._make_ready(done)
            at = done - self._first
        return self._ready[at]

    def _make_ready(self, done: int) -> None:
        epoch, part = divmod(done, self._per_epoch)
        start = part - part % self._at_once
        end = min(start + self._at_once, self._per_epoch)
        order = epoch_order(self._seed, epoch, self._rows)
        self._table.load(order[start * self._batch : end * self._batch])
        self._first = done - part + start
        self._ready = self._full[: end - start]
        if self._short and end == self._per_epoch:
            self._ready[-1] = self._short
