"""The figures of an explanation: one row's, and the means over many rows, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.network import Network, Trace
from nnviz.core.slopes import Slopes, slopes
from nnviz.core.state import State, epoch_order

FEW_ROWS = 6
"""Up to this many rows are written out one by one."""
BLOCK_WORK = 1_500_000
"""Rows times weights that are computed between two yields: a few milliseconds."""

LEAST_BLOCK = 32
"""Fewer rows at a time are not worth a product of matrices."""


@dataclass(frozen=True)
class Means:
    """The MSE over `rows` and its slopes: the means of those rows' own.

    ========== ==================================================================
    `rows`     their numbers from 0, or None for all of them, in order
    `count`    how many they are
    `weights`  layer by layer, shape (nodes, inputs of the layer)
    `nodes`    layer by layer, ∂MSE/∂z, shape (nodes,)
    `single`   each row's own Slopes where they are few, else empty
    ========== ==================================================================
    """

    rows: tuple[int, ...] | None
    count: int
    mse: float
    weights: tuple[Array, ...]
    nodes: tuple[Array, ...]
    single: tuple[Slopes, ...] = ()


@dataclass(frozen=True)
class Figures:
    """What is known of a State's numbers.

    ========== ======================================================================
    `row`      the row that is looked at, from 0
    `trace`    that row's; None without rows
    `slopes`   that row's own; None without targets
    `whole`    the means over all rows; None without targets, or until it is known
    `update`   the means over the rows of the next update; the same, or of one batch
    ========== ======================================================================
    """

    row: int = 0
    trace: Trace | None = None
    slopes: Slopes | None = None
    whole: Means | None = None
    update: Means | None = None


def figures(state: State, row: int) -> Iterator[Figures]:
    """Yield the figures of one row at once, then the same after each block of rows, at last all of them."""
    found = _of_one_row(state, row)
    yield found
    if found.slopes is None:
        return
    batch = next_batch(state)
    update = yield from _means(state, batch, found)
    found = replace(found, update=update)
    whole = update if batch is None else (yield from _means(state, None, found))
    yield replace(found, whole=whole)


def _of_one_row(state: State, row: int) -> Figures:
    if not 0 <= row < len(state.data):
        return Figures(row)
    x = state.data.inputs[row : row + 1]
    if state.data.targets is None:
        return Figures(row, state.network.forward(x))
    found = slopes(state.network, x, state.data.targets[row : row + 1])
    return Figures(row, found.trace, found)


def next_batch(state: State) -> tuple[int, ...] | None:
    """Return the rows of the next update where it takes a batch of them, or None where it takes all."""
    rows, size = len(state.data), state.training.batch_size
    if size is None or size >= rows:
        return None
    epoch, batch = divmod(state.iteration, -(-rows // size))
    order = epoch_order(state.training.seed, epoch, rows)
    return tuple(int(row) for row in order[batch * size : (batch + 1) * size])


def row_blocks(network: Network, rows: int) -> Iterator[slice]:
    """Cut `rows` into blocks that are computed in a few milliseconds each."""
    weights = sum(layer.weights.size for layer in network.layers)
    size = min(8192, max(LEAST_BLOCK, BLOCK_WORK // weights))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))


def is_quick(state: State) -> bool:
    """Tell whether the means over all rows take no longer than a block or so."""
    return len(list(row_blocks(state.network, len(state.data)))) <= 2


def _means(
    state: State, batch: tuple[int, ...] | None, meanwhile: Figures
) -> Generator[Figures, None, Means]:
    """Compute the means over `batch` or all rows; yields `meanwhile` after each block of them."""
    network, data = state.network, state.data
    assert data.targets is not None
    chosen = list(batch) if batch is not None else slice(None)
    x, y = data.inputs[chosen], data.targets[chosen]
    weights = [np.zeros_like(layer.weights) for layer in network.layers]
    nodes = [np.zeros(len(layer)) for layer in network.layers]
    mse = 0.0
    single: tuple[Slopes, ...] = ()
    if len(x) <= FEW_ROWS:
        single = tuple(slopes(network, x[i : i + 1], y[i : i + 1]) for i in range(len(x)))
    for block in row_blocks(network, len(x)):
        found = slopes(network, x[block], y[block])
        count = block.stop - block.start
        share = count / len(x)
        for k, layer in enumerate(found.layers):
            weights[k] += share * layer.weights
            nodes[k] += share * layer.nodes
        mse += share * found.mse
        yield meanwhile
    return Means(batch, len(x), mse, tuple(weights), tuple(nodes), single)
