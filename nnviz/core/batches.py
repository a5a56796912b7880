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

from nnviz.core.network import Network
from nnviz.core.state import Dataset
from nnviz.core.sweep import Rows, Sweep

Order: TypeAlias = NDArray[np.int64]

CHUNK = 2**18
"""Numbers that are put into an epoch's order at once: about a millisecond's work."""

BATCHES_AT_ONCE = 256
"""Batches that are made ready at once, at most."""


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, rows: int) -> Order:
    """Return the order in which an epoch takes the rows."""
    return np.random.default_rng([seed, 1, epoch]).permutation(rows)


class Table:
    """Room for `rows` rows of the inputs and targets of `data`."""

    def __init__(self, network: Network, data: Dataset, rows: int) -> None:
        assert data.targets is not None
        self._data = data.inputs, data.targets
        self._width = data.inputs.shape[1]
        ones = network.layers[0].biases is not None
        self.inputs = np.ones((rows, self._width + ones))
        self.targets = np.empty((rows, data.targets.shape[1]))

    def load(self, which: Order | slice) -> None:
        """Fill the first rows with the rows `which` of the data."""
        inputs, targets = self._data[0][which], self._data[1][which]
        self.inputs[: len(inputs), : self._width] = inputs
        self.targets[: len(targets)] = targets

    def rows(self, sweep: Sweep, start: int, count: int, batch: int) -> Rows:
        """Return `count` rows from `start` on, part of a batch of `batch` rows."""
        part = slice(start, start + count)
        return Rows.of(sweep, self.inputs[part], self.targets[part], batch)


class Blocks:
    """Any number of rows, at most `limit` of them at a time."""

    def __init__(
        self, network: Network, data: Dataset, limit: int, sweep_over: Callable[[int], Sweep]
    ) -> None:
        self.count, self._limit, self._sweep_over = len(data), limit, sweep_over
        self._table = Table(network, data, min(limit, self.count))
        self.whole: Rows | None = None
        """All rows, where one block holds them."""
        if self.count <= limit:
            (self.whole,) = self._blocks(np.arange(self.count))

    def every(self) -> Iterator[Rows]:
        """Yield all rows in the order of the data."""
        return iter((self.whole,)) if self.whole else self._blocks(np.arange(self.count))

    def batch(self, order: Order) -> Iterator[Rows]:
        """Yield the rows of one batch that is longer than a block."""
        return self._blocks(order)

    def _blocks(self, order: Order) -> Iterator[Rows]:
        for start in range(0, len(order), self._limit):
            which = order[start : start + self._limit]
            self._table.load(which)
            yield self._table.rows(self._sweep_over(len(which)), 0, len(which), len(order))


class MiniBatches:
    """The batch of each update, every epoch in its own order; many batches are put in order at once."""

    def __init__(
        self, network: Network, data: Dataset, batch: int, seed: int, sweep_over: Callable[[int], Sweep]
    ) -> None:
        self._seed, self._count, self._batch = seed, len(data), batch
        self._per_epoch = -(-self._count // batch)
        wanted = CHUNK // (batch * data.inputs.shape[1])
        self._at_once = max(1, min(wanted, BATCHES_AT_ONCE, self._per_epoch))
        table = self._table = Table(network, data, self._at_once * batch)
        sweep = sweep_over(batch)
        self._full = [table.rows(sweep, k * batch, batch, batch) for k in range(self._at_once)]
        self._ready: list[Rows] = self._full
        self._first = -self._at_once
        """The update that the first batch that stands ready is for; none yet."""
        self._last: Rows | None = None
        if short := self._count % batch:
            start = (self._per_epoch - 1) % self._at_once * batch
            self._last = table.rows(sweep_over(short), start, short, short)

    def rows(self, iteration: int) -> Rows:
        """Return the rows of the update that follows `iteration` updates."""
        at = iteration - self._first
        if not 0 <= at < len(self._ready):
            self._load(iteration)
            at = iteration - self._first
        return self._ready[at]

    def _load(self, iteration: int) -> None:
        epoch, part = divmod(iteration, self._per_epoch)
        start = part - part % self._at_once
        end = min(start + self._at_once, self._per_epoch)
        order = epoch_order(self._seed, epoch, self._count)
        self._table.load(order[start * self._batch : end * self._batch])
        self._first = iteration - part + start
        self._ready = self._full[: end - start]
        if self._last and end == self._per_epoch:
            self._ready[-1] = self._last
