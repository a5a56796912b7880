"""The forward pass and slopes on every row, and remarks such as a node that is always 0.

Means over many rows are taken in blocks of rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array, Interval
from nnviz.core.address import Address
from nnviz.core.losses import MSE, Loss
from nnviz.core.metrics import Decided, Measured, decided, decided_in_blocks, measuring
from nnviz.core.network import Layer, Network, Trace
from nnviz.core.numbers import shown
from nnviz.core.slopes import (
    BLOCK_NS,
    THERE_AND_BACK,
    LayerMeanSlopes,
    MeanSlopes,
    Slopes,
    Work,
    forward_ns,
    row_blocks,
    slopes_from,
)
from nnviz.core.state import State, epoch_order

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


def zero_reason(network: Network, slopes: Slopes, address: Address) -> str:
    """Return why the slope of a weight or bias is exactly 0 on each row of `slopes`, or "" where it is not.

    `slopes` may hold one row or many; the sentence holds for all of them.
    """
    layer = slopes.layers[address.layer]
    end = layer.inputs[:, address.node]
    if address.kind == "bias":
        return "" if end.any() else _flat_end(network, slopes, address)
    start = slopes.trace.feeding(address.layer)[:, address.source]
    if (start * end).any():
        return ""
    if not start.any():
        return _zero_start(network, address, len(start))
    if not end.any():
        return _flat_end(network, slopes, address)
    return "on every row the value at its start or the slope at its end is 0"


def _on_rows(rows: int) -> str:
    return "" if rows == 1 else " on every row"


def _zero_start(network: Network, address: Address, rows: int) -> str:
    name = network.names(address.layer)[address.source]
    kind = "the input " if address.layer == 0 else ""
    return f"{kind}{name}, the value at its start, is 0{_on_rows(rows)}"


def _flat_end(network: Network, slopes: Slopes, address: Address) -> str:
    """Return why the slope at the input of a node is 0."""
    layer = network.layers[address.layer]
    name, rows = layer.nodes[address.node], len(slopes.trace.inputs)
    if not _arriving(slopes, -1).any():
        return "the error is 0" if rows == 1 else "every error is 0"
    trace, kind = slopes.trace, layer.activation
    z, a = (values[address.layer][:, address.node] for values in (trace.z, trace.a))
    for part in layer.function.flat:
        if within((part,), z).all():
            stays = "passes 0" if not a.any() else "does not move"
            return f"{name} {stays}{_on_rows(rows)}: the slope of {kind} is 0 where {in_words((part,))}"
    if not _arriving(slopes, address.layer)[:, address.node].any():
        return _nothing_onward(network, slopes, address)
    return f"the slope of {kind} at {name} is 0{_on_rows(rows)} in float64"


def _arriving(slopes: Slopes, k: int) -> Array:
    """Return what comes back to a layer, shape (rows, nodes): ∂L/∂a, or ∂L/∂z where the loss begins there."""
    layer = slopes.layers[k]
    return layer.inputs if slopes.measure.short and layer is slopes.layers[-1] else layer.outputs


def _nothing_onward(network: Network, slopes: Slopes, address: Address) -> str:
    name, rows = network.layers[address.layer].nodes[address.node], len(slopes.trace.inputs)
    if address.layer == len(network.layers) - 1:
        return f"the error of {name} is 0{_on_rows(rows)}"
    if not network.layers[address.layer + 1].weights[:, address.node].any():
        return f"every weight that leads on from {name} is 0"
    return f"no slope comes back to {name}{_on_rows(rows)}"
