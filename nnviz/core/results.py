"""What a State's network makes of its data: each number computed once, when it is first wanted.

Knows nothing of time.

The mean slopes over many rows are taken at once, or a block of rows at a time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np

from nnviz.core.accuracy import decided
from nnviz.core.activations import Array
from nnviz.core.confusion import Decided, decided_in_blocks
from nnviz.core.cost import BLOCK_NS, THERE_AND_BACK, Work, forward_ns, row_blocks
from nnviz.core.health import Health, health, health_in_blocks
from nnviz.core.measured import Measured, measuring
from nnviz.core.network import Trace
from nnviz.core.run import epoch_order
from nnviz.core.slopes import LayerMeanSlopes, MeanSlopes, Slopes, slopes_from
from nnviz.core.state import State

FEW_ROWS = 6
"""Up to this many rows are written out one by one."""


@dataclass(frozen=True)
class Means:
    """The loss over `rows` and its slopes: the means of those rows' own.

    ========== ==================================================================
    `rows`     their numbers from 0, or None for all that are trained on, in order
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
    `whole`    the means over all rows that are trained on; None without targets, or until it is known
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
    rows, size = state.trained_rows, state.training.batch_size
    if size is None or size >= rows:
        return None
    epoch, batch = divmod(state.iteration, state.training.updates_per_epoch(rows))
    order = epoch_order(state.training.seed, epoch, rows)
    return tuple(int(row) for row in order[batch * size : (batch + 1) * size])


def means_from(state: State, trace: Trace, rows: tuple[int, ...] | None) -> Means:
    """Return the means over `rows`, whose `trace` is known."""
    y = _targets(state, rows)
    single: tuple[Slopes, ...] = ()
    if len(y) <= FEW_ROWS:
        each = [slice(i, i + 1) for i in range(len(y))]
        single = tuple(slopes_from(state.network, trace.rows(row), y[row], state.measure) for row in each)
    return Means(rows, len(y), slopes_from(state.network, trace, y, state.measure), single)


def means_in_blocks(state: State, rows: tuple[int, ...] | None, block_ns: float = BLOCK_NS) -> Work[Means]:
    """Compute the means over `rows`, and yield after each block of them."""
    network, measure = state.network, state.measure
    x, y = state.data.inputs[_chosen(state, rows)], _targets(state, rows)
    blocks = list(row_blocks(len(x), THERE_AND_BACK * forward_ns(network), block_ns))
    if len(blocks) == 1:
        return means_from(state, network.forward(x), rows)
    weights = [np.zeros_like(layer.weights) for layer in network.layers]
    nodes = [np.zeros(len(layer)) for layer in network.layers]
    loss = 0.0
    for block in blocks:
        part = slopes_from(network, network.forward(x[block]), y[block], measure)
        share = (block.stop - block.start) / len(x)
        for k, layer in enumerate(part.layers):
            weights[k] += share * layer.weights
            nodes[k] += share * layer.nodes
        loss += share * part.loss
        yield
    layers = tuple(LayerMeanSlopes(*each) for each in zip(weights, nodes, strict=True))
    return Means(rows, len(x), MeanSlopes(loss, layers, measure))


def _chosen(state: State, rows: tuple[int, ...] | None) -> slice | list[int]:
    return slice(state.trained_rows) if rows is None else list(rows)


def _targets(state: State, rows: tuple[int, ...] | None) -> Array:
    assert state.data.targets is not None
    return state.data.targets[_chosen(state, rows)]


Place: TypeAlias = tuple[int, int]
"""A node: its layer, and its place there."""
ROWS_TOGETHER = 32
"""Rows that are predicted together where not all of them are."""


class Results:
    """What is known of a State's network and data, each computed when it is first wanted.

    ============ =======================================================================
    `all_ns`     about what a pass forward over all rows takes
    `measured`   the losses over the rows trained on and over the others, once measured
    `means`      by the rows that they are taken over, None for all that are trained on;
                 once they are averaged
    `health`     on all rows, once it is found
    `decided`    the class of each row by target and prediction, once it is decided
    `nodes`      z and a of nodes on all rows, shape (rows,) each, once they are visited
    ============ =======================================================================
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.all_ns = forward_ns(state.network, len(state.data))
        self.measured: Measured | None = None
        self.means: dict[tuple[int, ...] | None, Means] = {}
        self.health: Health | None = None
        self.decided: Decided | None = None
        self.nodes: dict[Place, tuple[Array, Array]] = {}
        self._row = -1
        self._trace: Trace | None = None
        self._slopes: Slopes | None = None
        self._predicted: dict[int, tuple[Array, Array]] = {}

    def are_of(self, state: State) -> bool:
        """Tell whether they are what is to be known of `state`."""
        own, asked = self._state.training, state.training
        return (
            self._state.network is state.network
            and self._state.data is state.data
            and (own.loss, own.validation) == (asked.loss, asked.validation)
        )

    @cached_property
    def trace(self) -> Trace:
        """What all rows computed."""
        return self._state.network.forward(self._state.data.inputs)

    def trace_of(self, row: int, together: bool) -> Trace:
        """Return what a row computed, `together` with all others or alone; the last one is kept."""
        if self._trace is None or row != self._row:
            self._row, self._slopes = row, None
            state, rows = self._state, slice(row, row + 1)
            self._trace = (
                self.trace.rows(rows) if together else state.network.forward(state.data.inputs[rows])
            )
        return self._trace

    def slopes_of(self, row: int, together: bool) -> Slopes:
        """Return a row's own slopes; there must be targets."""
        state, trace = self._state, self.trace_of(row, together)
        if self._slopes is None:
            assert state.data.targets is not None
            targets = state.data.targets[row : row + 1]
            self._slopes = slopes_from(state.network, trace, targets, state.measure)
        return self._slopes

    def prediction(self, row: int, together: bool) -> Array:
        """Return the prediction for a row, together with all others or with those beside it."""
        prediction: Array = self._beside(row, together)[1]
        return prediction

    def loss(self, row: int, together: bool) -> float:
        """Return the row's own loss; there must be targets."""
        state, (z, a) = self._state, self._beside(row, together)
        assert state.data.targets is not None
        return float(state.measure.of_rows(z, a, state.data.targets[row]))

    def _beside(self, row: int, together: bool) -> tuple[Array, Array]:
        """Return z and a of a row's outputs, shape (outputs,) each."""
        if together:
            return self.trace.z[-1][row], self.trace.prediction[row]
        block, within = divmod(row, ROWS_TOGETHER)
        if block not in self._predicted:
            inputs = self._state.data.inputs[block * ROWS_TOGETHER : (block + 1) * ROWS_TOGETHER]
            trace = self._state.network.forward(inputs)
            self._predicted[block] = trace.z[-1], trace.prediction
        z, a = self._predicted[block]
        return z[within], a[within]

    def measure(self) -> None:
        """Find the losses and accuracies at once."""
        for _ in self.measure_in_blocks(math.inf, self.trace):
            pass

    def measure_in_blocks(self, block_ns: float, known: Trace | None = None) -> Iterator[None]:
        """Find the same, and yield after each block; `known` is what all rows computed, if it is."""
        self.measured = yield from measuring(self._state, block_ns, known)

    def average(self, rows: tuple[int, ...] | None, together: bool) -> None:
        """Find the means over some rows, or all that are trained on, at once."""
        some = _chosen(self._state, rows)
        inputs = self._state.data.inputs
        trace = self.trace.rows(some) if together else self._state.network.forward(inputs[some])
        self.means[rows] = means_from(self._state, trace, rows)

    def average_in_blocks(self, rows: tuple[int, ...] | None, block_ns: float) -> Iterator[None]:
        """Find the means over some rows, or all that are trained on, and yield after each block of them."""
        self.means[rows] = yield from means_in_blocks(self._state, rows, block_ns)

    def examine(self) -> None:
        """Find the health at once."""
        self.health = health(self._state.network, self.trace, self._state.measure)

    def examine_in_blocks(self, block_ns: float) -> Iterator[None]:
        """Find the health, and yield after each block of rows."""
        state = self._state
        self.health = yield from health_in_blocks(state.network, state.data.inputs, state.measure, block_ns)

    def decide(self) -> None:
        """Find the classes of all rows at once; there must be targets."""
        network, targets = self._state.network, self._state.data.targets
        assert targets is not None
        self.decided = Decided(decided(network, targets), decided(network, self.trace.prediction))

    def decide_in_blocks(self, block_ns: float) -> Iterator[None]:
        """Find the same, and yield after each block of rows."""
        self.decided = yield from decided_in_blocks(self._state, block_ns)

    def visit(self, place: Place) -> None:
        """Find what a node is given and makes of it on all rows, at once."""
        layer, node = place
        self.nodes[place] = self.trace.z[layer][:, node], self.trace.a[layer][:, node]

    def visit_in_blocks(self, place: Place, block_ns: float) -> Iterator[None]:
        """Find the same, and yield after each block of rows."""
        (layer, node), network, inputs = place, self._state.network, self._state.data.inputs
        both = np.empty((2, len(inputs)))
        for block in row_blocks(len(inputs), forward_ns(network), block_ns):
            trace = network.forward(inputs[block])
            both[:, block] = trace.z[layer][:, node], trace.a[layer][:, node]
            yield
        self.nodes[place] = both[0], both[1]
