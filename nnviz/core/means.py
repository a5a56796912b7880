"""The mean slopes over many rows, at once or a block of rows at a time, and what an explanation needs."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.cost import BLOCK_NS, THERE_AND_BACK, forward_ns, row_blocks
from nnviz.core.network import Network, Trace
from nnviz.core.slopes import LayerMeanSlopes, MeanSlopes, Slopes, slopes, slopes_from
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
    ========== ======================================================================
    """

    row: int = 0
    trace: Trace | None = None
    slopes: Slopes | None = None
    whole: Means | None = None
    update: Means | None = None


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
    y = _targets_of(data, rows)
    single: tuple[Slopes, ...] = ()
    if len(y) <= FEW_ROWS:
        single = tuple(slopes_from(network, trace.row(i), y[i : i + 1]) for i in range(len(y)))
    return Means(rows, len(y), slopes_from(network, trace, y), single)


def means_in_blocks(
    network: Network, data: Dataset, rows: tuple[int, ...] | None, block_ns: float = BLOCK_NS
) -> Generator[None, None, Means]:
    """Compute the means over `rows` of `data`, and yield after each block of them."""
    x = data.inputs if rows is None else data.inputs[list(rows)]
    y = _targets_of(data, rows)
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


def _targets_of(data: Dataset, rows: tuple[int, ...] | None) -> Array:
    assert data.targets is not None
    return data.targets if rows is None else data.targets[list(rows)]
