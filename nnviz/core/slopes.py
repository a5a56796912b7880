"""Slopes of the loss by backpropagation, and estimates of how long a computation takes."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.losses import MSE, Loss, loss_of
from nnviz.core.network import Layer, Network, Trace
from nnviz.core.notebook import AsHtml
from nnviz.core.numbers import counted, loss_in_words


@dataclass(frozen=True)
class LayerMeanSlopes:
    """Slopes of the loss L over some rows in one layer.

    =========== ========================================================================
    `weights`   ∂L/∂w, shape (nodes, inputs of the layer)
    `nodes`     ∂L/∂z summed over the rows, shape (nodes,): also the bias's slope
    =========== ========================================================================
    """

    weights: Array
    nodes: Array


@dataclass(frozen=True)
class LayerSlopes(LayerMeanSlopes):
    """The same, with what came back for each row.

    =========== ========================================================================
    `biases`    `nodes`, or None where the layer has no biases
    `outputs`   ∂L/∂a of each row, shape (rows, nodes)
    `inputs`    ∂L/∂z of each row, shape (rows, nodes)
    =========== ========================================================================
    """

    biases: Array | None
    outputs: Array
    inputs: Array


@dataclass(frozen=True)
class MeanSlopes:
    """The loss over some rows and its slope with respect to every weight, layer by layer.

    `measure` is which loss it is.
    """

    loss: float
    layers: tuple[LayerMeanSlopes, ...]
    measure: Loss

    @property
    def mse(self) -> float:
        """The loss, which is the MSE. Raises AttributeError where it is another one."""
        if self.measure is not MSE:
            raise AttributeError(f"the loss is {self.measure.word}: ask for .loss")
        return self.loss

    def of(self, address: Address) -> float:
        """Return the slope of a weight or bias, or of a node."""
        layer = self.layers[address.layer]
        if address.kind == "weight":
            return float(layer.weights[address.node, address.source])
        return float(layer.nodes[address.node])


@dataclass(frozen=True)
class Slopes(MeanSlopes, AsHtml):
    """The same, with what every row computed, and what came back for it; in a notebook, tables."""

    layers: tuple[LayerSlopes, ...]
    trace: Trace

    def __repr__(self) -> str:
        rows, layers = counted(len(self.trace.inputs), "row"), counted(len(self.layers), "layer")
        return f"<Slopes of {loss_in_words(self.measure.title, self.loss)} over {rows}, {layers}>"


def slopes(network: Network, x: ArrayLike, y: ArrayLike, loss: str = "mse") -> Slopes:
    """Return the loss over the rows of `x` and all its slopes.

    `x` has shape (rows, inputs), `y` (rows, outputs) or, of one row or one output, the values alone.
    What is too large for a number is infinite or NaN, without a warning.
    Raises ValueError where the shapes do not fit, and for a loss that does not go with the output.
    """
    measure = loss_of(loss, network.layers[-1].function.base)
    trace, targets = network.forward(x), np.asarray(y, dtype=np.float64)
    wanted = trace.prediction.shape
    alone = targets.ndim < 2 and 1 in wanted and targets.size == trace.prediction.size
    if targets.shape != wanted and not alone:
        raise ValueError(f"y: expected shape {wanted}, rows by outputs, found {targets.shape}")
    return slopes_from(network, trace, targets.reshape(wanted), measure)


def slopes_from(network: Network, trace: Trace, targets: Array, measure: Loss) -> Slopes:
    """Return the same from what the rows computed on their way forward; `targets` has shape (rows, outputs).

    Backpropagation as in Rumelhart, Hinton and Williams (1986): δ = ∂L/∂z of a layer gives
    ∂L/∂W = δᵀ·a_before and hands δ·W to the layer before. A loss may give the output's δ at once.
    """
    of_outputs = trace.z[-1], trace.prediction, targets
    with np.errstate(all="ignore"):
        share = 1.0 / (len(targets) * measure.parts(targets.shape[1]))
        slope_a = share * measure.slopes_a(*of_outputs)
        slope_z = measure.mean_slopes(*of_outputs) if measure.short else None
        return Slopes(measure.over(*of_outputs), _backward(network, trace, slope_a, slope_z), measure, trace)


def _backward(network: Network, trace: Trace, slope_a: Array, known: Array | None) -> tuple[LayerSlopes, ...]:
    """Take ∂L/∂prediction, shape (rows, outputs), back to every layer; ∂L/∂z of the output may be `known`."""
    layers = []
    for k in reversed(range(len(network.layers))):
        layer = network.layers[k]
        if known is None:
            slope_z = np.empty_like(slope_a)
            layer.function.backward(trace.z[k], trace.a[k], slope_a, slope_z)()
        else:
            slope_z, known = known, None
        nodes = slope_z.sum(axis=0)
        biases = None if layer.biases is None else nodes
        layers.append(LayerSlopes(slope_z.T @ trace.feeding(k), nodes, biases, slope_a, slope_z))
        slope_a = slope_z @ layer.weights
    return tuple(reversed(layers))


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
