"""The rows of data that a pass takes: all of them block by block, or the mini-batch of an update.

Knows nothing of updates. Rows are copied into a table of their own, with a column of ones where the first
layer has biases, so that a pass finds them together whatever order the epoch takes them in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.network import Network
from nnviz.core.state import Dataset
from nnviz.core.training.sweep import Call, Pass

Order: TypeAlias = NDArray[np.int64]

PassOver: TypeAlias = Callable[[Array, Array, int], Pass]
"""Makes the pass over inputs and targets that are part of a batch of so many rows."""

CHUNK = 2**15
"""Numbers that are put into an epoch's order at once: few enough to stay in the cache."""

BATCHES_AT_ONCE = 256
"""Batches that are made ready at once, at most."""


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, rows: int) -> Order:
    """Return the order in which an epoch takes the rows."""
    return np.random.default_rng([seed, 1, epoch]).permutation(rows)


class Table:
    """Room for `rows` rows of the inputs and targets of `data`."""

    def __init__(self, network: Network, data: Dataset, rows: int, pass_over: PassOver) -> None:
        assert data.targets is not None
        self._data = data.inputs, data.targets
        self._width = data.inputs.shape[1]
        self._pass_over = pass_over
        ones = network.layers[0].biases is not None
        self._inputs = np.ones((rows, self._width + ones))
        self._targets = np.empty((rows, data.targets.shape[1]))

    def load(self, which: Order) -> None:
        """Fill the table from the top with the rows `which` of the data."""
        inputs, targets = self._data
        self._inputs[: len(which), : self._width] = inputs.take(which, axis=0)
        targets.take(which, axis=0, out=self._targets[: len(which)], mode="clip")  # "raise" would copy first

    def over(self, start: int, count: int, batch: int) -> Pass:
        """Return the pass over `count` rows of the table from `start` on, part of a batch of `batch` rows."""
        end = start + count
        return self._pass_over(self._inputs[start:end], self._targets[start:end], batch)


class Blocks:
    """Any number of rows, at most `limit` of them at a time."""

    def __init__(self, network: Network, data: Dataset, limit: int, pass_over: PassOver) -> None:
        self._limit, self._all = limit, np.arange(len(data))
        self._table = Table(network, data, min(limit, len(data)), pass_over)
        self.whole: Pass | None = None
        """The pass over all rows, where one block holds them."""
        if len(data) <= limit:
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

    def __init__(self, network: Network, data: Dataset, batch: int, seed: int, pass_over: PassOver) -> None:
        self._seed, self._rows, self._batch = seed, len(data), batch
        self._per_epoch = -(-self._rows // batch)
        fitting = CHUNK // (batch * data.inputs.shape[1])
        self._at_once = max(1, min(fitting, BATCHES_AT_ONCE, self._per_epoch))
        self._table = Table(network, data, self._at_once * batch, pass_over)
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
