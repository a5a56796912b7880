"""Gradient descent on the numbers alone: one update after another, and the MSE over all rows.

Knows nothing of histories or of divergence. A pass over long data is cut into blocks of rows, so that whoever
drives the work is never held up for long.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import cache

import numpy as np

from nnviz.core.batches import Blocks, MiniBatches, Order, epoch_order
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.parameters import Parameters
from nnviz.core.state import State
from nnviz.core.sweep import Sweep

UNIT = 2**25
"""Multiply-adds that a unit of work should not exceed: one or a few milliseconds."""

NODE = 100
"""What a node's activation and its slope cost a row, in multiply-adds."""


class Descent:
    """A network's parameters and the updates that its data makes to them.

    =================== ===================================================================
    `parameters`        what is updated, in place
    `rate`              the learning rate, an array of no dimension
    `per_epoch`         updates in an epoch
    `whole`             all rows are one batch and one block
    `long`              a batch is longer than a block: `long_update` instead of `update`
    `multiply_adds`     how many a unit of work takes, at most
    =================== ===================================================================

    Sums are taken block by block, so their last bits depend on how long a block is, which depends on the
    network and its data alone.
    """

    def __init__(self, state: State) -> None:
        network, data, settings = state.network, state.data, state.training
        optimizer = OPTIMIZERS[settings.optimizer]
        self.parameters = Parameters(network, optimizer.memories)
        own = self.parameters
        self._optimizer = optimizer(own.values, own.slopes, own.memory)
        self.rate = np.array(settings.learning_rate)

        rows = len(data)
        limit = max(1, UNIT // (3 * own.values.size + NODE * sum(network.sizes[1:])))
        batch = min(settings.batch_size or rows, rows)
        self._batch, self._seed, self._rows = batch, settings.seed, rows
        self._targets = rows * len(network.outputs)
        self.per_epoch = -(-rows // batch)
        self.long = batch > limit
        self.multiply_adds = own.values.size * max(3 * min(batch, limit), min(rows, limit))

        sweep_over = cache(lambda count: Sweep(network, own, count))
        self._blocks = Blocks(network, data, limit, sweep_over)
        self.one_block = self._blocks.whole is not None
        self.whole = self.one_block and self.per_epoch == 1
        self._mini_batches = None
        if self.per_epoch > 1 and not self.long:
            self._mini_batches = MiniBatches(network, data, batch, settings.seed, sweep_over)

    def measure(self) -> Generator[None, None, float]:
        """Return the MSE over all rows, yielding between blocks."""
        squares = 0.0
        for k, rows in enumerate(self._blocks.every()):
            if k:
                yield
            squares += rows.sweep.forward(rows)
        return squares / self._targets

    def measure_whole(self) -> float:
        """Return the MSE over all rows, which are one block."""
        rows = self._blocks.whole
        assert rows is not None
        return rows.sweep.forward(rows) / self._targets

    def update(self, done: int) -> None:
        """Make the update that follows `done` updates.

        Where all rows are one batch, the pass forward that measured the MSE at these weights must come before
        it: it is the first half of the update as well.
        """
        if self._mini_batches is None:
            rows = self._blocks.whole
            assert rows is not None
        else:
            rows = self._mini_batches.rows(done)
            rows.sweep.forward(rows)
        rows.sweep.backward(rows)
        self._optimizer.update(self.rate, done + 1)

    def long_update(self, done: int) -> Iterator[None]:
        """Make the update that follows `done` updates, yielding after each block."""
        slopes = self.parameters.slopes
        total = np.zeros_like(slopes)
        for rows in self._blocks.batch(self._order(done)):
            rows.sweep.forward(rows)
            rows.sweep.backward(rows)
            total += slopes
            yield
        slopes[:] = total
        self._optimizer.update(self.rate, done + 1)

    def _order(self, done: int) -> Order:
        if self.per_epoch == 1:
            return np.arange(self._rows)
        epoch, part = divmod(done, self.per_epoch)
        return epoch_order(self._seed, epoch, self._rows)[part * self._batch : (part + 1) * self._batch]
