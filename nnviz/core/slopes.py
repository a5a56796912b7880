"""The MSE and its slopes by backpropagation. Knows nothing of training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.network import Network, Trace
from nnviz.core.notebook import AsHtml
from nnviz.core.numbers import counted, mse_in_words


@dataclass(frozen=True)
class LayerMeanSlopes:
    """Slopes of the MSE over some rows in one layer.

    =========== ========================================================================
    `weights`   ∂MSE/∂w, shape (nodes, inputs of the layer)
    `nodes`     ∂MSE/∂z summed over the rows, shape (nodes,): also the bias's slope
    =========== ========================================================================
    """

    weights: Array
    nodes: Array


@dataclass(frozen=True)
class LayerSlopes(LayerMeanSlopes):
    """The same, with what came back for each row.

    =========== ========================================================================
    `biases`    `nodes`, or None where the layer has no biases
    `outputs`   ∂MSE/∂a of each row, shape (rows, nodes)
    `inputs`    ∂MSE/∂z of each row, shape (rows, nodes)
    =========== ========================================================================
    """

    biases: Array | None
    outputs: Array
    inputs: Array


@dataclass(frozen=True)
class MeanSlopes:
    """The MSE over some rows and its slope with respect to every weight, layer by layer."""

    mse: float
    layers: tuple[LayerMeanSlopes, ...]

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
        return f"<Slopes of {mse_in_words(self.mse)} over {rows}, {layers}>"


def mse(prediction: ArrayLike, targets: ArrayLike) -> float:
    """Return the mean over rows and outputs of (prediction − target)²."""
    with np.errstate(over="ignore", invalid="ignore"):
        error = np.asarray(prediction) - np.asarray(targets)
        return float(np.mean(error * error))


def slopes(network: Network, x: ArrayLike, y: ArrayLike) -> Slopes:
    """Return the MSE over the rows of `x` and all its slopes.

    `x` has shape (rows, inputs), `y` (rows, outputs) or, of one row or one output, the values alone.
    What is too large for a number is infinite or NaN, without a warning.
    Raises ValueError where the shapes do not fit.
    """
    trace, targets = network.forward(x), np.asarray(y, dtype=np.float64)
    wanted = trace.prediction.shape
    alone = targets.ndim < 2 and 1 in wanted and targets.size == trace.prediction.size
    if targets.shape != wanted and not alone:
        raise ValueError(f"y: expected shape {wanted}, rows by outputs, found {targets.shape}")
    return slopes_from(network, trace, targets)


def slopes_from(network: Network, trace: Trace, y: ArrayLike) -> Slopes:
    """Return the same from what the rows computed on their way forward.

    Backpropagation as in Rumelhart, Hinton and Williams (1986): δ = ∂MSE/∂z of a layer gives
    ∂MSE/∂W = δᵀ·a_before and hands δ·W to the layer before.
    """
    targets = np.asarray(y, dtype=np.float64).reshape(trace.prediction.shape)
    with np.errstate(over="ignore", invalid="ignore"):
        error = trace.prediction - targets
        layers = _backward(network, trace, (2.0 / error.size) * error)
        return Slopes(float(np.mean(error * error)), layers, trace)


def _backward(network: Network, trace: Trace, slope_a: Array) -> tuple[LayerSlopes, ...]:
    """Take ∂MSE/∂prediction, shape (rows, outputs), back to every layer."""
    layers = []
    for k in reversed(range(len(network.layers))):
        layer = network.layers[k]
        slope_z = np.empty_like(slope_a)
        layer.function.backward(trace.z[k], trace.a[k], slope_a, slope_z)()
        nodes = slope_z.sum(axis=0)
        biases = None if layer.biases is None else nodes
        layers.append(LayerSlopes(slope_z.T @ trace.feeding(k), nodes, biases, slope_a, slope_z))
        slope_a = slope_z @ layer.weights
    return tuple(reversed(layers))
