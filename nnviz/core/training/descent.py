"""Gradient descent on the numbers alone: one update after another, and the MSE over all rows.

Knows nothing of histories or of divergence. A pass over long data is cut into blocks of rows, so that whoever
drives the work is never held up for long.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import cache, partial

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State, epoch_order
from nnviz.core.training.batches import Blocks, MiniBatches, Order, Rows
from nnviz.core.training.parameters import Parameters
from nnviz.core.training.sweep import Pass, Sweep

UNIT = 2**25
"""Multiply-adds that a unit of work should not exceed: one or a few milliseconds."""

FEW = 8
"""So many rows are never cut: to read millions of weights takes as long for one row."""

NODE = 100
"""What a node's activation and its slope cost a row, in multiply-adds."""


class Descent:
    """A network's parameters and the updates that its data makes to them.

    =================== ===================================================================
    `parameters`        what is updated, in place
    `learning_rate`     may be set; holds from the next update on
    `per_epoch`         updates in an epoch
    `one_block`         one block holds all rows
    `whole`             and they are one batch: `update_whole` instead of `update`
    `long`              a batch is longer than a block: `long_update` instead of `update`
    `multiply_adds`     how many a unit of work takes, at most
    =================== ===================================================================

    Sums are taken block by block, so their last bits depend on how long a block is, which depends on the
    network alone.
    """

    def __init__(self, state: State) -> None:
        network, data, settings = state.network, state.data, state.training
        self._optimizer_type = OPTIMIZERS[settings.optimizer]
        own = self.parameters = Parameters(network, self._optimizer_type.memories)
        self._wanted_rate = settings.learning_rate
        self._rate = np.array(self._wanted_rate)
        self._optimizer = self._optimizer_type(own.values, own.slopes, own.memory, self._rate)

        rows = self._rows = len(data)
        batch = self._batch = min(settings.batch_size or rows, rows)
        self._outputs, self._seed = len(network.outputs), settings.seed
        self._targets = rows * self._outputs
        self.per_epoch = -(-rows // batch)
        at_once = max(FEW, UNIT // (3 * own.values.size + NODE * sum(network.sizes[1:])))
        self.long = batch > at_once
        self._total = np.empty_like(own.slopes if self.long else own.slopes[:0])
        # Blocks that only measure the MSE can be longer: a pass forward is a third of an update.
        limit = at_once if self.long or batch == rows else 3 * at_once
        self.multiply_adds = own.values.size * max(3 * min(batch, at_once), min(rows, limit))

        self._scales: dict[int, Array] = {}
        self._sweep = cache(partial(Sweep, network, own))
        supply = Rows(network, data)
        self._blocks = Blocks(supply, limit, self._pass_over)
        self.one_block = self._blocks.whole is not None
        self.whole = self.one_block and self.per_epoch == 1
        self._mini_batches = None
        if not (self.whole or self.long):
            self._mini_batches = MiniBatches(supply, batch, settings.seed, self._pass_over)

    def _pass_over(self, inputs: Array, targets: Array, batch: int) -> Pass:
        if batch not in self._scales:
            self._scales[batch] = np.array(self._scale(batch))
        return self._sweep(len(inputs)).over(inputs, targets, self._scales[batch])

    def _scale(self, batch: int) -> float:
        """Return what turns an error into the slope of a batch's MSE with respect to the prediction."""
        scale = 2.0 / (batch * self._outputs)
        return scale * float(self._rate) if self._optimizer_type.rate_in_slopes else scale

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return self._wanted_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._wanted_rate = value
        if not self.long:  # a long update may be half done
            self._take_rate()

    def _take_rate(self) -> None:
        self._rate.fill(self._wanted_rate)
        for batch, scale in self._scales.items():
            scale.fill(self._scale(batch))

    def measure(self) -> Generator[None, None, float]:
        """Return the MSE over all rows, yielding between blocks."""
        squares = 0.0
        for k, block in enumerate(self._blocks.every()):
            if k:
                yield
            squares += block.sum_of_squares()
        return squares / self._targets

    def update_whole(self, done: int) -> float:
        """Make the update that follows `done` updates, all rows being one block, and return the MSE after it.

        Whatever changed the weights, a `measure` must come before the first of these: the pass forward that
        measures the MSE is the first half of the next update.
        """
        assert self._blocks.whole is not None
        forward, squares, backward = self._blocks.whole
        for call in backward:
            call()
        self._optimizer.update(done + 1)
        for call in forward:
            call()
        return float(squares()) / self._targets

    def update(self, done: int) -> None:
        """Make the update that follows `done` updates, from one mini-batch."""
        assert self._mini_batches is not None
        for call in self._mini_batches.over(done):
            call()
        self._optimizer.update(done + 1)

    def long_update(self, done: int) -> Iterator[None]:
        """Make the update that follows `done` updates, yielding after each block."""
        self._take_rate()
        slopes = self.parameters.slopes
        total = self._total
        total.fill(0.0)
        for block in self._blocks.over(self._order(done)):
            for call in block.there_and_back:
                call()
            total += slopes
            yield
        slopes[:] = total
        self._optimizer.update(done + 1)

    def _order(self, done: int) -> Order:
        if self.per_epoch == 1:
            return np.arange(self._rows)
        epoch, part = divmod(done, self.per_epoch)
        return epoch_order(self._seed, epoch, self._rows)[part * self._batch : (part + 1) * self._batch]
