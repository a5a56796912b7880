"""How a network does on all rows: nodes that let hardly any slope through, layers whose slopes fade away.

Knows nothing of Qt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activation import Interval
from nnviz.core.activations import Array
from nnviz.core.cost import BLOCK_NS, Work, forward_ns, row_blocks
from nnviz.core.losses import MSE, Loss
from nnviz.core.network import Layer, Network, Trace
from nnviz.core.numbers import shown
from nnviz.core.slopes import MeanSlopes

NEARLY = 0.95
"""From this share of the rows on, what holds of a node on them holds nearly always."""
FACTOR = 100.0
"""Slopes vanish where they are less than one part in so many of the last layer's, and explode above as many
times as much: at one learning rate for all layers, the first ones then stand still, or leap."""

Counts: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]
Fate: TypeAlias = Literal["", "vanish", "explode", "are 0"]
"""What becomes of the slopes on their way back to a layer; "" where they are as they should be."""
FATES: dict[Fate, str] = {
    "vanish": f"less than 1/{FACTOR:.0f} of the last layer's",
    "explode": f"more than {FACTOR:.0f} times the last layer's",
    "are 0": "as a mean over the rows",
}
"""What that is, in words."""


def within(intervals: tuple[Interval, ...], z: Array) -> Flags:
    """Tell of every z whether it lies in one of the intervals."""
    inside = np.zeros(np.shape(z), dtype=bool)
    for low, high in intervals:
        inside |= (low <= z) & (z <= high)
    return inside


def in_words(intervals: tuple[Interval, ...]) -> str:
    """Return "z ≤ 0", "z ≤ −2.647 or z ≥ 2.647"."""
    return " or ".join(map(_in_words, intervals))


def _in_words(interval: Interval) -> str:
    low, high = interval
    if low == -np.inf:
        return f"z ≤ {shown(high)}"
    return f"z ≥ {shown(low)}" if high == np.inf else f"{shown(low)} ≤ z ≤ {shown(high)}"


class Marks(NamedTuple):
    """What is odd on all rows: about nodes, by (layer, node), and about the slopes of layers, if known."""

    badges: Mapping[tuple[int, int], str] = {}
    fates: tuple[Fate, ...] = ()


# --- nodes


class Stuck(NamedTuple):
    """On how many rows the nodes of a layer let hardly any slope through; both of shape (nodes,).

    ======= ===========================================================================
    `zero`  rows on which a node is 0 where its activation is flat, as relu for z ≤ 0
    `still` rows on which it is flat at another value, or hardly moves: it is saturated
    ======= ===========================================================================
    """

    zero: Counts
    still: Counts


@dataclass(frozen=True, eq=False)
class Health:
    """Of a network on `rows` rows: where its nodes are stuck, layer by layer."""

    rows: int
    layers: tuple[Stuck, ...]

    def __add__(self, other: Health) -> Health:
        """Return the health on the rows of both."""
        layers = (
            Stuck(mine.zero + own.zero, mine.still + own.still)
            for mine, own in zip(self.layers, other.layers, strict=True)
        )
        return Health(self.rows + other.rows, tuple(layers))

    @property
    def dead(self) -> tuple[Flags, ...]:
        """Of every node, layer by layer, whether it stays at 0 on every row, as relu does."""
        return tuple((layer.zero == self.rows) & (self.rows > 0) for layer in self.layers)

    @property
    def saturated(self) -> tuple[Flags, ...]:
        """Of every node, layer by layer, whether it hardly moves on any row, and is not dead."""
        return tuple(
            (layer.zero + layer.still == self.rows) & (layer.zero < self.rows) for layer in self.layers
        )

    def badges(self) -> dict[tuple[int, int], str]:
        """Return what is odd about nodes on all rows, or nearly all, by (layer, node); of one row nothing."""
        told: dict[tuple[int, int], str] = {}
        if self.rows < 2:
            return told
        for text, odd in (
            ("nearly saturated", tuple(self._nearly(layer.zero + layer.still) for layer in self.layers)),
            ("nearly dead", tuple(self._nearly(layer.zero) for layer in self.layers)),
            ("saturated on all rows", self.saturated),
            ("dead on all rows", self.dead),
        ):
            for k, nodes in enumerate(odd):
                told |= {(k, node): text for node in np.flatnonzero(nodes).tolist()}
        return told

    def _nearly(self, counts: Counts) -> Flags:
        return counts >= NEARLY * self.rows


def health(network: Network, trace: Trace, measure: Loss = MSE) -> Health:
    """Return how the nodes of a network do on the rows of `trace`.

    Outputs are never stuck where the loss has its slope at z, past their activation, as cross-entropy has.
    """
    layers = zip(network.layers, trace.z, trace.a, strict=True)
    stuck = [_stuck(layer, z, a) for layer, z, a in layers]
    if measure.short:
        stuck[-1] = _nowhere(network.layers[-1])
    return Health(len(trace.inputs), tuple(stuck))


def _nowhere(layer: Layer) -> Stuck:
    return Stuck(*np.zeros((2, len(layer)), np.intp))


def _stuck(layer: Layer, z: Array, a: Array) -> Stuck:
    function = layer.function
    if not function.flat and not function.saturated:
        return _nowhere(layer)
    flat = within(function.flat, z)
    zero = flat & (a == 0.0)
    still = (flat | within(function.saturated, z)) & ~zero
    return Stuck(np.count_nonzero(zero, axis=0), np.count_nonzero(still, axis=0))


def health_in_blocks(
    network: Network, inputs: Array, measure: Loss = MSE, block_ns: float = BLOCK_NS
) -> Work[Health]:
    """Compute the health on rows of inputs, shape (rows, inputs), and yield after each block of them."""
    parts = [health(network, network.forward(inputs[:0]), measure)]
    for block in row_blocks(len(inputs), forward_ns(network), block_ns):
        parts.append(health(network, network.forward(inputs[block]), measure))
        yield
    return reduce(Health.__add__, parts)


# --- layers


class SlopeSize(NamedTuple):
    """How large the mean slopes of a layer are: the root of the mean of their squares, √(Σ slope² / count).

    ========= ==========================================================
    `weights` of the slopes of its weights
    `nodes`   of the slopes at z of its nodes, which are its biases' too
    ========= ==========================================================
    """

    weights: float
    nodes: float


def slope_sizes(slopes: MeanSlopes) -> tuple[SlopeSize, ...]:
    """Return the sizes of the slopes of every layer."""
    return tuple(SlopeSize(_size(layer.weights), _size(layer.nodes)) for layer in slopes.layers)


def _size(values: Array) -> float:
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.mean(np.square(values / largest))))  # so that no square overflows


def fates(slopes: MeanSlopes) -> tuple[Fate, ...]:
    """Return what becomes of the slopes on their way back from the last layer, layer by layer.

    They vanish where both sizes are below 1/`FACTOR` of the last layer's, and explode where both are above
    `FACTOR` times them. Both: small slopes of weights alone come of small inputs, and those at z alone of
    weights that are large. All slopes of a layer can also be exactly 0. Where the slopes at the outputs are
    0 themselves, as where every error is, nothing is said.
    """
    sizes = slope_sizes(slopes)
    last = sizes[-1]
    nothing: Fate = ""
    told = 0.0 < last.nodes < np.inf
    return tuple(_fate(size, last) if told else nothing for size in sizes)


def _fate(size: SlopeSize, last: SlopeSize) -> Fate:
    if size.weights == 0.0 and size.nodes == 0.0:
        return "are 0"
    pairs = list(zip(size, last, strict=True))
    if all(own * FACTOR < its for own, its in pairs):
        return "vanish"
    return "explode" if all(own > FACTOR * its for own, its in pairs) else ""
