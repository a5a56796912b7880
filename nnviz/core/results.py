"""What one network makes of its data: each number computed once, when it is first wanted.

Knows nothing of time.

The mean slopes over many rows are taken at once, or a block of rows at a time.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.cost import BLOCK_NS, THERE_AND_BACK, forward_ns, row_blocks
from nnviz.core.health import Health, health, health_in_blocks
from nnviz.core.network import Network, Trace
from nnviz.core.slopes import LayerMeanSlopes, MeanSlopes, Slopes, mse, slopes, slopes_from
from nnviz.core.state import Dataset, State, epoch_order

FEW_ROWS = 6
"""Up to this many rows are written out one by one."""


@dataclass(frozen=True)
class Means:
    """The MSE over `rows` and its slopes: the means of those rows' own.

    ========== ==================================================================
    `rows`     their numbers from 0, or None for all of them, in order
    `count`    how many they are
    `slopes`   the mean slopes; Slopes with every row's part where they are quick
    `single`   each row's own Slopes where they are few, else empty
    ========== ==================================================================
    """

    rows: tuple[int, ...] | None
    count: int
    slopes: MeanSlopes
    single: tuple[Slopes, ...] = ()


@dataclass(frozen=True)
class Computed:
    """What is computed of a State as far as an explanation needs it.

    ========== ======================================================================
    `row`      the row that is looked at, from 0
    `trace`    that row's; None without rows
    `slopes`   that row's own; None without targets
    `whole`    the means over all rows; None without targets, or until it is known
    `update`   the means over the rows of the next update; the same, or of one batch
    `health`   how the nodes do on all rows; None until it is known
    `free`     whether the row is tried out and not in the data: it has no target
    ========== ======================================================================
    """

    row: int = 0
    trace: Trace | None = None
    slopes: Slopes | None = None
    whole: Means | None = None
    update: Means | None = None
    health: Health | None = None
    free: bool = False

    def targets(self, state: State) -> Array | None:
        """Return the row's targets, shape (outputs,); None where it has none."""
        targets = state.data.targets
        return None if targets is None or self.free else targets[self.row]


def next_batch(state: State) -> tuple[int, ...] | None:
    """Return the rows of the next update where it takes a batch of them, or None where it takes all."""
    rows, size = len(state.data), state.training.batch_size
    if size is None or size >= rows:
        return None
    epoch, batch = divmod(state.iteration, -(-rows // size))
    order = epoch_order(state.training.seed, epoch, rows)
    return tuple(int(row) for row in order[batch * size : (batch + 1) * size])


def means_from(network: Network, trace: Trace, data: Dataset, rows: tuple[int, ...] | None) -> Means:
    """Return the means over `rows` of `data`, whose `trace` is known."""
    assert data.targets is not None
    y = data.targets[_chosen(rows)]
    single: tuple[Slopes, ...] = ()
    if len(y) <= FEW_ROWS:
        each = [slice(i, i + 1) for i in range(len(y))]
        single = tuple(slopes_from(network, trace.rows(row), y[row]) for row in each)
    return Means(rows, len(y), slopes_from(network, trace, y), single)


def means_in_blocks(
    network: Network, data: Dataset, rows: tuple[int, ...] | None, block_ns: float = BLOCK_NS
) -> Generator[None, None, Means]:
    """Compute the means over `rows` of `data`, and yield after each block of them."""
    assert data.targets is not None
    x, y = data.inputs[_chosen(rows)], data.targets[_chosen(rows)]
    blocks = list(row_blocks(len(x), THERE_AND_BACK * forward_ns(network), block_ns))
    if len(blocks) == 1:
        return means_from(network, network.forward(x), data, rows)
    weights = [np.zeros_like(layer.weights) for layer in network.layers]
    nodes = [np.zeros(len(layer)) for layer in network.layers]
    mse = 0.0
    for block in blocks:
        part = slopes(network, x[block], y[block])
        share = (block.stop - block.start) / len(x)
        for k, layer in enumerate(part.layers):
            weights[k] += share * layer.weights
            nodes[k] += share * layer.nodes
        mse += share * part.mse
        yield
    layers = tuple(LayerMeanSlopes(*each) for each in zip(weights, nodes, strict=True))
    return Means(rows, len(x), MeanSlopes(mse, layers))


def _chosen(rows: tuple[int, ...] | None) -> slice | list[int]:
    return slice(None) if rows is None else list(rows)


Place: TypeAlias = tuple[int, int]
"""A node: its layer, and its place there."""
ROWS_TOGETHER = 32
"""Rows that are predicted together where not all of them are."""


class Results:
    """What is known of one network and its data, each computed when it is first wanted.

    ========= ==========================================================================
    `all_ns`  about what a pass forward over all rows takes
    `mse`     over all rows, once it is measured
    `means`   by the rows that they are taken over, None for all; once they are averaged
    `health`  on all rows, once it is found
    `nodes`   z and a of nodes on all rows, shape (rows,) each, once they are visited
    ========= ==========================================================================
    """

    def __init__(self, state: State) -> None:
        self.network: Network = state.network
        self.data: Dataset = state.data
        self.all_ns = forward_ns(state.network, len(state.data))
        self.mse: float | None = None
        self.means: dict[tuple[int, ...] | None, Means] = {}
        self.health: Health | None = None
        self.nodes: dict[Place, tuple[Array, Array]] = {}
        self._row = -1
        self._trace: Trace | None = None
        self._slopes: Slopes | None = None
        self._predicted: dict[int, Array] = {}

    @cached_property
    def trace(self) -> Trace:
        """What all rows computed."""
        return self.network.forward(self.data.inputs)

    def trace_of(self, row: int, together: bool) -> Trace:
        """Return what a row computed, `together` with all others or alone; the last one is kept."""
        if self._trace is None or row != self._row:
            self._row, self._slopes = row, None
            rows = slice(row, row + 1)
            self._trace = self.trace.rows(rows) if together else self.network.forward(self.data.inputs[rows])
        return self._trace

    def slopes_of(self, row: int, together: bool) -> Slopes:
        """Return a row's own slopes; there must be targets."""
        trace = self.trace_of(row, together)
        if self._slopes is None:
            assert self.data.targets is not None
            self._slopes = slopes_from(self.network, trace, self.data.targets[row : row + 1])
        return self._slopes

    def prediction(self, row: int, together: bool) -> Array:
        """Return the prediction for a row, together with all others or with those beside it."""
        prediction: Array
        if together:
            prediction = self.trace.prediction[row]
            return prediction
        block, within = divmod(row, ROWS_TOGETHER)
        if block not in self._predicted:
            inputs = self.data.inputs[block * ROWS_TOGETHER : (block + 1) * ROWS_TOGETHER]
            self._predicted[block] = self.network.predict(inputs)
        prediction = self._predicted[block][within]
        return prediction

    def measure(self) -> None:
        """Find the MSE at once."""
        assert self.data.targets is not None
        self.mse = mse(self.trace.prediction, self.data.targets)

    def measure_in_blocks(self, block_ns: float) -> Iterator[None]:
        """Find the MSE, and yield after each block of rows."""
        assert self.data.targets is not None
        total = 0.0
        for block in row_blocks(len(self.data), forward_ns(self.network), block_ns):
            y = self.data.targets[block]
            total += mse(self.network.predict(self.data.inputs[block]), y) * y.size
            yield
        self.mse = total / self.data.targets.size

    def average(self, rows: tuple[int, ...] | None, together: bool) -> None:
        """Find the means over some rows, or all, at once."""
        some = _chosen(rows)
        trace = self.trace.rows(some) if together else self.network.forward(self.data.inputs[some])
        self.means[rows] = means_from(self.network, trace, self.data, rows)

    def average_in_blocks(self, rows: tuple[int, ...] | None, block_ns: float) -> Iterator[None]:
        """Find the means over some rows, or all, and yield after each block of them."""
        means = yield from means_in_blocks(self.network, self.data, rows, block_ns)
        self.means[rows] = means
        if rows is None:
            self.mse = means.slopes.mse

    def examine(self) -> None:
        """Find the health at once."""
        self.health = health(self.network, self.trace)

    def examine_in_blocks(self, block_ns: float) -> Iterator[None]:
        """Find the health, and yield after each block of rows."""
        self.health = yield from health_in_blocks(self.network, self.data.inputs, block_ns)

    def visit(self, place: Place) -> None:
        """Find what a node is given and makes of it on all rows, at once."""
        layer, node = place
        self.nodes[place] = self.trace.z[layer][:, node], self.trace.a[layer][:, node]

    def visit_in_blocks(self, place: Place, block_ns: float) -> Iterator[None]:
        """Find the same, and yield after each block of rows."""
        layer, node = place
        both = np.empty((2, len(self.data)))
        for block in row_blocks(len(self.data), forward_ns(self.network), block_ns):
            trace = self.network.forward(self.data.inputs[block])
            both[:, block] = trace.z[layer][:, node], trace.a[layer][:, node]
            yield
        self.nodes[place] = both[0], both[1]
