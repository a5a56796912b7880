"""Slopes (gradient) of the loss by backpropagation, and estimates of computing time."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.losses import MSE, NO_PENALTY, Loss, Penalty, loss_of
from nnviz.core.network import Layer, Network, Trace
from nnviz.core.notebook import AsHtml
from nnviz.core.numbers import counted, loss_text


@dataclass(frozen=True)
class LayerMeanSlopes:
    """Slopes (gradient) of L with respect to one layer. L is the mean loss over some rows.

    =========== ========================================================================
    `weights`   ∂L/∂w of each weight, shape (nodes, inputs of the layer)
    `nodes`     ∂L/∂z of each node, summed over the rows, shape (nodes,)
    =========== ========================================================================

    The number in `nodes` is also the slope of the node's bias.
    """

    weights: Array
    nodes: Array

    @property
    def sizes(self) -> tuple[float, float]:
        """The root mean squares of `weights` and of `nodes`."""
        return root_mean_square(self.weights), root_mean_square(self.nodes)


def root_mean_square(values: Array) -> float:
    """Return √(Σ value² / count) of an array, without overflow of the squares."""
    largest = float(np.abs(values).max(initial=0.0))
    if largest == 0.0 or not np.isfinite(largest):
        return largest
    return largest * float(np.sqrt(np.mean(np.square(values / largest))))


@dataclass(frozen=True)
class LayerSlopes(LayerMeanSlopes):
    """Slopes (gradient) of L with respect to one layer, in total and row by row. L is the mean loss.

    =========== ========================================================================
    `biases`    ∂L/∂b of each bias, shape (nodes,), or None if the layer has no biases
    `outputs`   ∂L/∂a of each row and node, shape (rows, nodes)
    `inputs`    ∂L/∂z of each row and node, shape (rows, nodes)
    =========== ========================================================================
    """

    biases: Array | None
    outputs: Array
    inputs: Array


@dataclass(frozen=True)
class MeanSlopes:
    """The mean loss over some rows, and the slopes of loss + penalty for all weights and biases.

    `loss` is the loss of the data alone. `layers` holds the slopes layer by layer. `measure` is the loss
    function. `penalty` is the penalty for large weights, 0 without regularisation.
    """

    loss: float
    layers: tuple[LayerMeanSlopes, ...]
    measure: Loss
    penalty: float = field(default=0.0, kw_only=True)

    @property
    def mse(self) -> float:
        """The mean squared error (MSE). Raises AttributeError if the network has another loss."""
        if self.measure is not MSE:
            raise AttributeError(f"the loss is {self.measure.phrase}, not MSE: use .loss")
        return self.loss

    def slope(self, address: Address) -> float:
        """Return ∂L/∂w of the weight at `address`, or ∂L/∂z of the node if `address` is a node or a bias."""
        layer = self.layers[address.layer]
        if address.kind == "weight":
            return float(layer.weights[address.node, address.source])
        return float(layer.nodes[address.node])


@dataclass(frozen=True)
class Slopes(MeanSlopes, AsHtml):
    """The mean loss over some rows, and the slopes of loss + penalty, in total and row by row.

    `trace` is the forward pass of the rows. `inputs` holds ∂L/∂x of each row and input, shape (rows, inputs).
    A notebook shows the slopes as tables.
    """

    layers: tuple[LayerSlopes, ...]
    trace: Trace
    inputs: Array

    def __repr__(self) -> str:
        rows, layers = counted(len(self.trace.inputs), "row"), counted(len(self.layers), "layer")
        return f"<Slopes of {loss_text(self.measure.title, self.loss)} over {rows}, {layers}>"


def slopes(
    network: Network, x: ArrayLike, y: ArrayLike, loss: str = "mse", *, l1: float = 0.0, l2: float = 0.0
) -> Slopes:
    """Return the mean loss over the rows `x`, and the slopes (gradient) for all parameters.

    `x` holds the inputs, shape (rows, inputs). `y` holds the targets, shape (rows, outputs); with one row or
    one output, `y` may have one dimension. `l1` and `l2` are the factors of the penalty l1·Σ|w| + l2·Σw²,
    which the slopes contain. On overflow, numbers are infinite or NaN, without a warning.

    Raises ValueError if the shapes do not fit the network, the loss does not fit the output activation, or
    a factor is below 0.
    """
    measure = loss_of(loss, network.layers[-1].function.base)
    trace, targets = network.forward(x), np.asarray(y, dtype=np.float64)
    shape = trace.prediction.shape
    is_flat = targets.ndim < 2 and 1 in shape and targets.size == trace.prediction.size
    if targets.shape != shape and not is_flat:
        raise ValueError(f"y: expected shape {shape} (rows, outputs), found {targets.shape}")
    return slopes_from(network, trace, targets.reshape(shape), measure, Penalty(l1, l2))


def slopes_from(
    network: Network, trace: Trace, targets: Array, measure: Loss, penalty: Penalty = NO_PENALTY
) -> Slopes:
    """Return the mean loss and the slopes of loss + penalty, computed by backpropagation from `trace`.

    `targets` has shape (rows, outputs). The method is by Rumelhart, Hinton and Williams (1986): δ = ∂L/∂z
    of a layer gives ∂L/∂W = δᵀ·a_before for the weights, and ∂L/∂a_before = δ·W for the previous layer. A
    loss such as cross-entropy gives δ of the output layer directly. The penalty adds its own slope to each
    weight's slope.
    """
    of_outputs = trace.z[-1], trace.prediction, targets
    with np.errstate(all="ignore"):
        share = 1.0 / (len(targets) * measure.parts(targets.shape[1]))
        slope_a = share * measure.slopes_a(*of_outputs)
        slope_z = measure.mean_slopes(*of_outputs) if measure.short else None
        layers = _backward(network, trace, slope_a, slope_z, penalty)
        inputs = layers[0].inputs @ network.layers[0].weights
    value = penalty_of(network, penalty)
    return Slopes(measure.mean(*of_outputs), layers, measure, trace, inputs, penalty=value)


def prediction_slopes(network: Network, trace: Trace, outputs: Sequence[int]) -> Array:
    """Return ∂a/∂z of some outputs a with respect to z of the first layer, shape (outputs, nodes).

    `trace` is the forward pass of one row. `outputs` holds the indices of the outputs.
    """
    slope_a = np.zeros((len(outputs), len(network.layers[-1])))
    slope_a[np.arange(len(outputs)), outputs] = 1.0
    with np.errstate(all="ignore"):
        return _backward(network, trace.rows([0] * len(outputs)), slope_a, None, NO_PENALTY)[0].inputs


def slopes_by_input(network: Network, trace: Trace, node: int) -> Array:
    """Return ∂prediction/∂x of each row of `trace`, shape (rows, outputs), for the input with index `node`.

    The method is a forward pass of ∂z/∂x and ∂a/∂x, so its time does not depend on the number of outputs.
    """
    slopes = np.eye(1, len(network.inputs), node)
    with np.errstate(all="ignore"):
        for layer, z, a in zip(network.layers, trace.z, trace.a, strict=True):
            slopes_z, slopes = slopes @ layer.weights.T, np.empty_like(a)
            layer.function.backward(z, a, slopes_z, slopes)  # ∂a/∂z is a symmetric matrix
    return slopes


def penalty_of(network: Network, penalty: Penalty) -> float:
    """Return the penalty for the weights of `network`; on overflow, the result is infinite."""
    with np.errstate(over="ignore"):
        return float(sum(penalty.of(layer.weights).sum() for layer in network.layers)) if penalty else 0.0


def _backward(
    network: Network, trace: Trace, slope_a: Array, known: Array | None, penalty: Penalty
) -> tuple[LayerSlopes, ...]:
    """Return the slopes of each layer, from ∂L/∂prediction and, if `known`, ∂L/∂z of the output.

    Both have shape (rows, outputs).
    """
    layers = []
    for k in reversed(range(len(network.layers))):
        layer = network.layers[k]
        if known is None:
            slope_z = np.empty_like(slope_a)
            layer.function.backward(trace.z[k], trace.a[k], slope_a, slope_z)
        else:
            slope_z, known = known, None
        nodes = slope_z.sum(axis=0)
        biases = None if layer.biases is None else nodes
        weights = slope_z.T @ trace.feeding(k)
        if penalty:
            weights += penalty.slopes(layer.weights)
        layers.append(LayerSlopes(weights, nodes, biases, slope_a, slope_z))
        slope_a = slope_z @ layer.weights if k else slope_a
    return tuple(reversed(layers))


T = TypeVar("T")
Work: TypeAlias = Generator[None, None, T]
"""A generator that yields after each unit of work, and returns the result."""


def run_work(work: Work[T]) -> T:
    """Run the generator `work` to the end, and return the result."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: T = end.value
            return result


WEIGHT_NS, NODE_NS = 0.2, 8.0
"""Approximate time of a forward pass per row, in nanoseconds. WEIGHT_NS: per weight. NODE_NS: per node."""
PASSES_PER_UPDATE = 3
"""A forward and a backward pass together take about 3 times as long as the forward pass alone."""
LIGHT_NS = 100_000.0
"""Longest time for extra work in each frame of a run, in nanoseconds."""
QUICK_NS = 1_200_000.0
"""Longest time for work that is done immediately after an edit, in nanoseconds: a small part of a frame."""
BLOCK_NS = 2_500_000.0
"""Approximate time of a unit of work, in nanoseconds; between two units, the caller checks the time."""
LEAST_ROWS, MOST_ROWS = 32, 8192
"""LEAST_ROWS: a block with fewer rows is slow. MOST_ROWS: a block with more rows overflows the cache."""


def layer_ns(layer: Layer) -> float:
    """Return the approximate time of a forward pass of one row through a layer, in nanoseconds."""
    return WEIGHT_NS * layer.weights.size + NODE_NS * len(layer)


def forward_ns(network: Network, rows: int = 1) -> float:
    """Return the approximate time of a forward pass over `rows` rows, in nanoseconds."""
    return rows * sum(map(layer_ns, network.layers))


def row_blocks(rows: int, row_ns: float, block_ns: float = BLOCK_NS) -> Iterator[slice]:
    """Yield slices that divide `rows` rows into blocks.

    If a row takes `row_ns` nanoseconds, a block takes about `block_ns` nanoseconds. A block has LEAST_ROWS to
    MOST_ROWS rows; the last block may have fewer.
    """
    size = min(MOST_ROWS, max(LEAST_ROWS, int(block_ns / row_ns)))
    for start in range(0, rows, size):
        yield slice(start, min(start + size, rows))
