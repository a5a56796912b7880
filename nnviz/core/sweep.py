"""One pass forward and one back through a network, in buffers that are used again and again.

Knows nothing of updates. Inside, nodes are rows and data rows are columns, so that the values of a layer lie
together also where a row of ones below them makes the next layer's biases the last column of its weights.
The price of a small network is the number of calls, so what can be bound once is bound once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.network import Layer, Network
from nnviz.core.parameters import Parameters


class Rows(NamedTuple):
    """Some rows of data, ready for the sweep that has room for just so many.

    `scale` is 2 / (rows × outputs) of the batch that they are part of, as an array of no dimension.
    """

    sweep: Sweep
    inputs: Array
    columns: Array
    targets: Array
    scale: Array

    @classmethod
    def of(cls, sweep: Sweep, inputs: Array, targets: Array, batch: int) -> Rows:
        """Take `inputs`, shape (rows, inputs [+ 1 of ones]), and `targets`, shape (rows, outputs)."""
        return cls(sweep, inputs, inputs.T, targets.T, np.array(2.0 / (batch * targets.shape[1])))


class _Values(NamedTuple):
    """What one layer computes, shape (nodes, rows) each; `onward` is `a` over a row of ones, where wanted."""

    z: Array
    a: Array
    onward: Array
    slope_a: Array
    slope_z: Array

    @classmethod
    def room(cls, layer: Layer, rows: int, ones: bool) -> _Values:
        onward = np.ones((len(layer) + ones, rows))
        a = onward[: len(layer)]
        slope_a = np.empty_like(a)
        if _linear(layer):
            return cls(a, a, onward, slope_a, slope_a)
        return cls(np.empty_like(a), a, onward, slope_a, np.empty_like(a))


def _linear(layer: Layer) -> bool:
    """Tell whether z and a can be one array, so that nothing need be computed."""
    return layer.activation == "identity"


class Sweep:
    """The passes over `rows` rows, with the weights of `parameters` as they are when a pass is made.

    `forward` returns the sum of error² and must come before `backward`, which writes the slopes of what these
    rows add to the MSE into the parameters' slopes.
    """

    def __init__(self, network: Network, parameters: Parameters, rows: int) -> None:
        layers = network.layers
        wants_ones = [layer.biases is not None for layer in layers[1:]] + [False]
        values = [_Values.room(layer, rows, ones) for layer, ones in zip(layers, wants_ones, strict=True)]
        self._forward: list[Callable[[], object]] = []
        self._backward: list[Callable[[], object]] = []
        for k, (layer, own) in enumerate(zip(layers, values, strict=True)):
            forward, backward = self._forward, []
            matrix, slopes = parameters.matrices[k], parameters.slope_matrices[k]
            if k:
                forward.append(partial(np.dot, matrix, values[k - 1].onward, own.z))
            if not _linear(layer):
                forward.append(partial(layer.function.forward, own.z.T, own.a.T))
                function = layer.function.backward
                backward.append(partial(function, own.z.T, own.a.T, own.slope_a.T, own.slope_z.T))
            if k:
                weights = matrix[:, : layer.weights.shape[1]]
                backward.append(partial(np.dot, own.slope_z, values[k - 1].onward.T, slopes))
                backward.append(partial(np.dot, weights.T, own.slope_z, values[k - 1].slope_a))
            self._backward[:0] = backward
        # The first layer's products take the rows that they are given, so they cannot be bound.
        self._weights, self._slopes = parameters.matrices[0], parameters.slope_matrices[0]
        self._z, self._slope_z = values[0].z, values[0].slope_z
        self._prediction, self._slope_a = values[-1].a, values[-1].slope_a
        self._error = np.empty_like(self._prediction)
        self._errors = self._error.ravel()

    def forward(self, rows: Rows) -> float:
        """Compute every layer and return the sum over `rows` and outputs of error²."""
        np.dot(self._weights, rows.columns, self._z)
        for call in self._forward:
            call()
        np.subtract(self._prediction, rows.targets, self._error)
        squares: float = self._errors.dot(self._errors)
        return squares

    def backward(self, rows: Rows) -> None:
        """Take the slopes back from the error of the last `forward`, which was over the same rows."""
        np.multiply(self._error, rows.scale, self._slope_a)
        for call in self._backward:
            call()
        np.dot(self._slope_z, rows.inputs, self._slopes)
