"""About how long a network takes to compute, in nanoseconds, and work that is cut into units by that.

It only counts: it knows nothing of clocks.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TypeAlias, TypeVar

from nnviz.core.network import Layer, Network

T = TypeVar("T")
Work: TypeAlias = Generator[None, None, T]
"""Yields after each unit of work and returns what it found."""


def finished(work: Work[T]) -> T:
    """Do all of `work` at once and return what it found."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            found: T = end.value
            return found


WEIGHT_NS, NODE_NS = 0.2, 8.0
"""About what a row costs: a multiply-add in a product of matrices, and a node's sum and activation."""
TRAINER_NS = 12.0
"""About what a weight costs when a Trainer is made: its buffers are touched for the first time."""
THERE_AND_BACK = 3
"""Backpropagation, with its pass forward, takes about so many passes forward."""
LIGHT_NS = 100_000.0
"""Work that may be done for every frame of a run."""
QUICK_NS = 1_200_000.0
"""Work that may be done at once after an edit: a small part of a frame."""
BLOCK_NS = 2_500_000.0
"""What is computed between two looks at the clock."""
LEAST_ROWS, MOST_ROWS = 32, 8192
"""Fewer rows at a time are not worth a product of matrices; more of them do not fit into the cache."""


def layer_ns(layer: Layer) -> float:
    """Return about what one row takes in a layer."""
    return WEIGHT_NS * layer.weights.size + NODE_NS * len(layer)


def forward_ns(network: Network, rows: int = 1) -> float:
    """Return about what a pass forward over so many rows takes."""
    return rows * sum(map(layer_ns, network.layers))


def trainer_ns(network: Network) -> float:
    """Return about what making a Trainer takes."""
    return TRAINER_NS * sum(layer.weights.size for layer in network.layers)


def row_blocks(rows: int, row_ns: float, block_ns: float = BLOCK_NS) -> Iterator[slice]:
    """Cut `rows`, each of which takes `row_ns`, into blocks of about `block_ns`."""
    size = min(MOST_ROWS, max(LEAST_ROWS, int(block_ns / row_ns)))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))
