"""Results of a State on the rows of its data: forward pass, slopes, losses, and problems such as dead nodes.

Means over many rows are computed in blocks of rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array, Interval
from nnviz.core.address import Address
from nnviz.core.function import NodeFunctions, node_functions
from nnviz.core.losses import MSE, Loss
from nnviz.core.metrics import traces_in_blocks
from nnviz.core.network import Layer, Network, Trace
from nnviz.core.numbers import as_text
from nnviz.core.slopes import (
    BLOCK_NS,
    PASSES_PER_UPDATE,
    LayerMeanSlopes,
    MeanSlopes,
    Slopes,
    T,
    Work,
    forward_ns,
    penalty_of,
    row_blocks,
    slopes_by_input,
    slopes_from,
)
from nnviz.core.state import State, epoch_order

Compute: TypeAlias = Callable[[State, float, Trace | None], Work[T]]
"""`compute(state, block_ns, known)` computes a result, and yields after each block of rows.

A block takes about `block_ns` nanoseconds; all rows are one block if `known` is the forward pass of all rows.
"""
HIDDEN, BLANK = "hidden", "?"
"""Texts in place of a hidden result. HIDDEN: in tooltips and for screen readers. BLANK: everywhere else."""
FEW_ROWS = 6
"""Largest number of rows for which `Means` also stores the slopes of each row."""


class Hiding(NamedTuple):
    """Whether the window hides results, so that a teacher can ask for them, and the revealed results.

    A place names a result in a part of the window, such as an address on the diagram.
    """

    on: bool = False
    revealed: frozenset[Hashable] = frozenset()

    def hides(self, place: Hashable) -> bool:
        """Return whether the result at a place is hidden."""
        return self.on and place not in self.revealed


NOTHING_HIDDEN = Hiding()


@dataclass(frozen=True)
class Means:
    """The mean loss over some rows, and the slopes of this mean loss.

    ========== ==================================================================
    `rows`     the indices of the rows, or None for all training rows
    `count`    the number of rows
    `slopes`   the mean loss and its slopes
    `single`   a Slopes object for each row if `count` is at most FEW_ROWS, else ()
    ========== ==================================================================

    If all rows were computed in one block, `slopes` is a Slopes object, with the slopes of each row.
    """

    rows: tuple[int, ...] | None
    count: int
    slopes: MeanSlopes
    single: tuple[Slopes, ...] = ()


@dataclass(frozen=True)
class Computed:
    """Results, computed from a State, that an explanation needs.

    ============ =================================================================================
    `row`        the index of the selected row
    `trace`      the forward pass of the selected row; None if there are no rows
    `slopes`     the slopes of the selected row; None if the row has no targets
    `means`      the means over all training rows
    `update`     the means over the rows of the next update: all training rows, or one batch
    `health`     which nodes are dead or saturated on all rows; None until this is computed
    `by_input`   the mean slopes by the selected input, see `input_in_blocks`; None until computed
    `is_what_if` whether the row is a what-if row: inputs that a person tries out, without targets
    ============ =================================================================================

    `means` and `update` are None if there are no targets, and until they are computed.
    """

    row: int = 0
    trace: Trace | None = None
    slopes: Slopes | None = None
    means: Means | None = None
    update: Means | None = None
    health: Health | None = None
    by_input: Array | None = None
    is_what_if: bool = False


def next_batch(state: State) -> tuple[int, ...] | None:
    """Return the indices of the rows of the next mini-batch, or None for all training rows."""
    rows, size = state.trained_rows, state.training.batch_size
    if size is None or size >= rows:
        return None
    epoch, batch = divmod(state.iteration, state.training.updates_per_epoch(rows))
    order = epoch_order(state.training.seed, epoch, rows)
    return tuple(int(row) for row in order[batch * size : (batch + 1) * size])


def means_in_blocks(
    rows: tuple[int, ...] | None, state: State, block_ns: float = BLOCK_NS, known: Trace | None = None
) -> Work[Means]:
    """Compute the mean loss and its slopes over the rows with the indices `rows`; yield after each block.

    If `rows` is None, the means are over all training rows. A block takes about `block_ns` nanoseconds. The
    rows are one block if `block_ns` is infinite, or if `known` is the forward pass of all rows of the data.
    """
    network, measure, penalty = state.network, state.measure, state.training.penalty
    some = slice(state.trained_rows) if rows is None else list(rows)
    assert state.data.targets is not None
    x, y = state.data.inputs[some], state.data.targets[some]
    at_once = known or block_ns == math.inf
    blocks = [] if at_once else list(row_blocks(len(x), PASSES_PER_UPDATE * forward_ns(network), block_ns))
    if len(blocks) <= 1:
        trace = known.rows(some) if known else network.forward(x)
        single = [slice(i, i + 1) for i in range(len(y))] if len(y) <= FEW_ROWS else []
        of_single = tuple(slopes_from(network, trace.rows(row), y[row], measure, penalty) for row in single)
        return Means(rows, len(y), slopes_from(network, trace, y, measure, penalty), of_single)
    weights = [np.zeros_like(layer.weights) for layer in network.layers]
    nodes = [np.zeros(len(layer)) for layer in network.layers]
    loss = 0.0
    for block in blocks:
        part = slopes_from(network, network.forward(x[block]), y[block], measure, penalty)
        share = (block.stop - block.start) / len(x)
        for k, layer in enumerate(part.layers):
            weights[k] += share * layer.weights
            nodes[k] += share * layer.nodes
        loss += share * part.loss
        yield
    layers = tuple(LayerMeanSlopes(*each) for each in zip(weights, nodes, strict=True))
    return Means(rows, len(x), MeanSlopes(loss, layers, measure, penalty=penalty_of(network, penalty)))


def input_in_blocks(
    node: int, state: State, block_ns: float = BLOCK_NS, known: Trace | None = None
) -> Work[Array]:
    """Compute the mean slopes by an input over all training rows, and yield after each block of rows.

    The result has two rows: the means of the slopes, and the means of |slope|, which do not cancel out. If
    the training rows are at most FEW_ROWS, the slopes of each row follow. The result has a column for the
    slope of each prediction and, if the data has targets, a last column for the slope of the loss.
    `node` is the index of the input. `known` is the forward pass of all rows of the data, or None.
    """
    network, targets, count = state.network, state.data.targets, state.trained_rows
    known = known.rows(slice(count)) if known else None
    sums = np.zeros((2, len(network.outputs) + (targets is not None)))
    block_ns /= 2 * PASSES_PER_UPDATE
    for block, trace in traces_in_blocks(network, state.data.inputs[:count], block_ns, known):
        slopes = slopes_by_input(network, trace, node)
        with np.errstate(all="ignore"):
            if targets is not None:
                of_mean = slopes_from(network, trace, targets[block], state.measure).inputs[:, node]
                slopes = np.column_stack((slopes, of_mean * len(of_mean)))
            sums += [each.sum(axis=0) for each in (slopes, np.abs(slopes))]
        yield
    return np.vstack((sums / count, slopes if count <= FEW_ROWS else slopes[:0]))


def node_in_blocks(
    layer: int, node: int, state: State, block_ns: float, known: Trace | None
) -> Work[tuple[Array, Array]]:
    """Compute z and a of a node on all rows, shape (rows,) each, and yield after each block of rows.

    `known` is the forward pass of all rows, or None.
    """
    inputs = state.data.inputs
    z, a = np.empty((2, len(inputs)))
    for block, trace in traces_in_blocks(state.network, inputs, block_ns, known):
        z[block], a[block] = trace.z[layer][:, node], trace.a[layer][:, node]
        yield
    return z, a


BLOCK_ROWS = 32
"""Number of rows in a block. Predictions are computed block by block if a pass over all rows is slow."""


class Results:
    """Cache of results for a State's network and data.

    ========= =======================================================================
    `state`   the State; results are also valid for other States, see `holds_for`
    `all_ns`  approximate time of a forward pass over all rows, in nanoseconds
    `found`   the results that were computed, by name; `find` adds a result
    ========= =======================================================================

    If the argument `together` is true, a method uses the cached forward pass `trace` of all rows, which is
    quick for small data only.
    """

    def __init__(self, state: State) -> None:
        self.state = state
        self.all_ns = forward_ns(state.network, len(state.data))
        self.found: dict[Hashable, Any] = {}
        self._row = -1
        self._trace: Trace | None = None
        self._slopes: Slopes | None = None

    def holds_for(self, state: State) -> bool:
        """Return whether the results are also valid for `state`."""
        return self.state.network is state.network and self.state.measures_like(state)

    @cached_property
    def trace(self) -> Trace:
        """The forward pass of all rows."""
        return self.state.network.forward(self.state.data.inputs)

    def trace_of(self, row: int, together: bool) -> Trace:
        """Return the forward pass of one row."""
        if self._trace is None or row != self._row:
            self._row, self._slopes = row, None
            rows, inputs = slice(row, row + 1), self.state.data.inputs[row : row + 1]
            self._trace = self.trace.rows(rows) if together else self.state.network.forward(inputs)
        return self._trace

    def slopes_of(self, row: int, together: bool) -> Slopes:
        """Return the slopes of the loss of one row. The data must have targets."""
        state, trace = self.state, self.trace_of(row, together)
        if self._slopes is None:
            assert state.data.targets is not None
            targets = state.data.targets[row : row + 1]
            penalty = state.training.penalty
            self._slopes = slopes_from(state.network, trace, targets, state.measure, penalty)
        return self._slopes

    def prediction(self, row: int, together: bool) -> Array:
        """Return the prediction for one row, shape (outputs,)."""
        return self._output_of(row, together)[1]

    def loss(self, row: int, together: bool) -> float:
        """Return the loss of one row. The data must have targets."""
        state, (z, a) = self.state, self._output_of(row, together)
        assert state.data.targets is not None
        return float(state.measure.of_rows(z, a, state.data.targets[row]))

    def _output_of(self, row: int, together: bool) -> tuple[Array, Array]:
        """Return z and a of the output layer for a row, shape (outputs,) each."""
        if together:
            return self.trace.z[-1][row], self.trace.prediction[row]
        block, within = divmod(row, BLOCK_ROWS)
        if ("block", block) not in self.found:
            inputs = self.state.data.inputs[block * BLOCK_ROWS : (block + 1) * BLOCK_ROWS]
            trace = self.state.network.forward(inputs)
            self.found["block", block] = trace.z[-1], trace.prediction
        z, a = self.found["block", block]
        return z[within], a[within]

    def find(
        self, what: Hashable, compute: Compute[Any], block_ns: float, known: Trace | None = None
    ) -> Work[None]:
        """Store the result of `compute(state, block_ns, known)` in `found`, and yield after each block."""
        self.found[what] = yield from compute(self.state, block_ns, known)

    def node_functions(self, most_ns: float) -> NodeFunctions:
        """Return the outputs of all nodes over the inputs, computed in about `most_ns` nanoseconds."""
        if most_ns not in self.found:
            self.found[most_ns] = node_functions(self.state, most_ns)
        functions: NodeFunctions = self.found[most_ns]
        return functions


FACTOR = 100.0
"""Slopes vanish below 1/FACTOR of the last layer's slopes, and explode above FACTOR times these slopes.

All layers have the same learning rate. So a layer with vanishing slopes hardly changes, and a layer with
exploding slopes changes too much.
"""

Counts: TypeAlias = NDArray[np.intp]
Fate: TypeAlias = Literal["", "vanish", "explode", "are 0"]
"""The problem of a layer's slopes: they vanish, explode or are 0; "" if the slopes are normal."""
FATE_SENTENCES: dict[Fate, str] = {
    "vanish": f"The slopes of this layer vanish: they are below 1/{FACTOR:.0f} of the last layer's slopes.",
    "explode": f"The slopes of this layer explode: they are over {FACTOR:.0f} times the last layer's slopes.",
    "are 0": "The slopes of this layer are 0, averaged over the rows.",
}
"""For each problem of a layer's slopes, a sentence that says the problem."""


def is_within(intervals: tuple[Interval, ...], z: Array) -> NDArray[np.bool_]:
    """Return whether each number in `z` lies in one of the intervals, as an array in the shape of `z`."""
    inside = np.zeros(np.shape(z), dtype=bool)
    for low, high in intervals:
        inside |= (low <= z) & (z <= high)
    return inside


def intervals_text(intervals: tuple[Interval, ...]) -> str:
    """Return intervals of z as text: "z ≤ 0", "z ≤ −2.647 or z ≥ 2.647"."""
    return " or ".join(map(_in_words, intervals))


def _in_words(interval: Interval) -> str:
    low, high = interval
    if low == -np.inf:
        return f"z ≤ {as_text(high)}"
    return f"z ≥ {as_text(low)}" if high == np.inf else f"{as_text(low)} ≤ z ≤ {as_text(high)}"


class Marks(NamedTuple):
    """Marks of problems in the diagram: texts on nodes, and vanishing or exploding slopes of layers.

    `badges` maps (layer, node) to a text. `fates` has, for each layer, the problem of the layer's slopes,
    such as "vanish", or "". If the slopes are not yet computed, `fates` is ().
    """

    badges: Mapping[tuple[int, int], str] = {}
    fates: tuple[Fate, ...] = ()


# --- nodes


class Stuck(NamedTuple):
    """For each node of a layer, the numbers of rows on which the activation's slope is 0 or almost 0.

    ======= ===========================================================================
    `zero`  number of rows on which the output and the slope are 0, shape (nodes,)
    `still` number of rows on which the node is saturated, shape (nodes,)
    ======= ===========================================================================

    A node is saturated if its slope is almost 0, or if the slope is 0 and the output is not 0.
    """

    zero: Counts
    still: Counts


@dataclass(frozen=True, eq=False)
class Health:
    """For each node, the number of rows on which the node is dead or saturated, out of `rows` rows."""

    rows: int
    layers: tuple[Stuck, ...]

    def __add__(self, other: Health) -> Health:
        """Return the health on the rows of both operands together."""
        pairs = zip(self.layers, other.layers, strict=True)
        layers = (Stuck(mine.zero + own.zero, mine.still + own.still) for mine, own in pairs)
        return Health(self.rows + other.rows, tuple(layers))

    def badges(self) -> dict[tuple[int, int], str]:
        """Return a dictionary from (layer, node) to the text on a node with a problem: "dead on all rows".

        A dead node has output 0 and slope 0 on every row. A saturated node has a slope of almost 0 on every
        row, but is not dead. The dictionary is empty if there are fewer than two rows.
        """
        texts: dict[tuple[int, int], str] = {}
        for k, layer in enumerate(self.layers if self.rows > 1 else ()):
            for node in np.flatnonzero(layer.zero + layer.still == self.rows).tolist():
                problem = "dead" if layer.zero[node] == self.rows else "saturated"
                texts[k, node] = f"{problem} on all rows"
        return texts


def health(network: Network, trace: Trace, measure: Loss = MSE) -> Health:
    """Return, for each node, the number of rows of `trace` on which the node is dead or saturated.

    If the loss has a short form of ∂L/∂z, such as a − y for cross-entropy, output nodes never count as dead
    or saturated.
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
    flat = is_within(function.flat, z)
    zero = flat & (a == 0.0)
    still = (flat | is_within(function.saturated, z)) & ~zero
    return Stuck(np.count_nonzero(zero, axis=0), np.count_nonzero(still, axis=0))


def health_in_blocks(state: State, block_ns: float = BLOCK_NS, known: Trace | None = None) -> Work[Health]:
    """Compute `health` on the rows of `state`, at least one, and yield after each block of rows.

    `known` is the forward pass of all rows, or None.
    """
    parts = []
    for _, trace in traces_in_blocks(state.network, state.data.inputs, block_ns, known):
        parts.append(health(state.network, trace, state.measure))
        yield
    return reduce(Health.__add__, parts)


# --- layers


def fates(slopes: MeanSlopes) -> tuple[Fate, ...]:
    """Return the problem of each layer's slopes: "vanish", "explode", "are 0", or "" for normal slopes.

    A layer's slopes have two sizes (root mean squares): the size of ∂L/∂w and the size of ∂L/∂z. Slopes
    vanish if both sizes are below 1/`FACTOR` of the last layer's sizes. Slopes explode if both sizes are
    above `FACTOR` times the last layer's sizes. One size is not enough: small inputs alone make ∂L/∂w small.
    With a penalty, only ∂L/∂z counts, because ∂L/∂w contains the slope of the penalty. If ∂L/∂z is 0 for all
    outputs, every result is "".
    """
    sizes = [layer.sizes[slopes.penalty > 0.0 :] for layer in slopes.layers]
    normal: Fate = ""
    comparable = 0.0 < sizes[-1][-1] < np.inf
    return tuple(_fate(size, sizes[-1]) if comparable else normal for size in sizes)


def _fate(size: tuple[float, ...], last: tuple[float, ...]) -> Fate:
    if not any(size):
        return "are 0"
    pairs = list(zip(size, last, strict=True))
    if all(own * FACTOR < its for own, its in pairs):
        return "vanish"
    return "explode" if all(own > FACTOR * its for own, its in pairs) else ""


def zero_reason(network: Network, slopes: Slopes, address: Address) -> str:
    """Return a sentence on why the slope of a weight or bias is 0 on every row of `slopes`.

    If the slope is not 0 on every row, the result is "".
    """
    k, node, is_weight = address.layer, address.node, address.kind == "weight"
    layer, own, z = network.layers[k], slopes.layers[k], slopes.trace.z[k][:, node]
    on_rows = "on this row" if len(z) == 1 else "on every row"
    name, kind, end = layer.nodes[node], layer.activation, own.inputs[:, node]
    start = slopes.trace.feeding(k)[:, address.source] if is_weight else np.ones(len(z))
    if (start * end).any():
        return ""
    if not start.any():
        source = network.names(k)[address.source]
        return f"The value of the weight's start node, {source}, is 0 {on_rows}."
    if end.any():
        return f"The value of the weight's start node or the slope of {name} is 0 on every row."
    if not _arriving(slopes, -1).any():
        return "The error is 0." if len(z) == 1 else "The error is 0 on every row."
    for part in layer.function.flat:
        if is_within((part,), z).all():
            flat = intervals_text((part,))
            return f"The slope of {kind} at {name} is 0 {on_rows}: {kind} is flat where {flat}."
    if _arriving(slopes, k)[:, node].any():
        return f"The slope of {kind} at {name} rounds to 0 {on_rows}."
    if layer is network.layers[-1]:
        return f"The error of {name} is 0 {on_rows}."
    if not network.layers[k + 1].weights[:, node].any():
        return f"Every weight that starts at {name} is 0."
    return f"The slope that the next layer passes back to {name} is 0 {on_rows}."


def _arriving(slopes: Slopes, k: int) -> Array:
    """Return ∂L/∂a of a layer, shape (rows, nodes), or ∂L/∂z of the output if the loss has a short slope."""
    layer = slopes.layers[k]
    return layer.inputs if slopes.measure.short and layer is slopes.layers[-1] else layer.outputs
