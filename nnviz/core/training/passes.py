"""One pass forward and one back through a network, in buffers that are used again and again.

Knows nothing of updates. Inside, nodes are rows and data rows are columns, so that the values of a layer lie
together also where a row of ones below them makes the next layer's biases the last column of its weights.
The price of a small network is the number of calls, so what can be bound once is bound once. All weights and
biases lie in one flat vector, so that an update is one subtraction: layer by layer and node by node, a node's
bias behind its weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from nnviz.core.accuracy import counting
from nnviz.core.activations import Array, Call
from nnviz.core.address import Address
from nnviz.core.losses import Loss
from nnviz.core.network import Layer, Network
from nnviz.core.state import Weights


class Parameters:
    """What training changes, in place.

    ================= ========================================================================
    `all`             shape (1 + memories, parameters): the values, then the optimizer's memory
    `values`          the first row of it
    `memory`          the other rows, zeros at first
    `matrices`        the values layer by layer, shape (nodes, inputs of the layer [+ 1 for b])
    `slopes`          ∂loss/∂value of each
    `slope_matrices`  the same layer by layer
    ================= ========================================================================
    """

    def __init__(self, network: Network, memories: int) -> None:
        shapes = _shapes(network)
        count = sum(nodes * inputs for nodes, inputs in shapes)
        self.all = np.zeros((1 + memories, count))
        self.values, self.memory = self.all[0], self.all[1:]
        self.slopes = np.full(count, 0.0)  # touched now: the first product need not wait for the pages
        self.matrices = _matrices(self.values, shapes)
        self.slope_matrices = _matrices(self.slopes, shapes)
        for matrix, layer in zip(self.matrices, network.layers, strict=True):
            matrix[:, : layer.weights.shape[1]] = layer.weights
            if layer.biases is not None:
                matrix[:, -1] = layer.biases

    def into(self, network: Network) -> Network:
        """Return `network` with copies of these values."""
        layers = []
        for matrix, layer in zip(self.matrices, network.layers, strict=True):
            weights = matrix[:, : layer.weights.shape[1]]
            biases = None if layer.biases is None else matrix[:, -1]
            layers.append(Layer(layer.nodes, layer.activation, weights, biases))
        return replace(network, layers=tuple(layers))


def place(network: Network, address: Address) -> int:
    """Return the place of a weight or bias in the flat vector."""
    shapes = _shapes(network)
    before = sum(nodes * inputs for nodes, inputs in shapes[: address.layer])
    inputs = shapes[address.layer][1]
    return before + address.node * inputs + (address.source if address.kind == "weight" else inputs - 1)


def as_layers(vector: Array, network: Network) -> tuple[Weights, ...]:
    """Return a flat vector, shape (parameters,), as that which belongs to weights and biases, by layer."""
    matrices = _matrices(vector, _shapes(network))
    return tuple(
        Weights(matrix[:, : layer.weights.shape[1]], None if layer.biases is None else matrix[:, -1])
        for matrix, layer in zip(matrices, network.layers, strict=True)
    )


def in_one_vector(layers: Iterable[tuple[Array, Array | None]]) -> Array:
    """Return each layer's weights and biases as a flat vector, shape (parameters,): see `as_layers`."""
    matrices = (weights if biases is None else np.c_[weights, biases] for weights, biases in layers)
    return np.concatenate([matrix.ravel() for matrix in matrices])


def _shapes(network: Network) -> list[tuple[int, int]]:
    """Return (nodes, inputs of the layer [+ 1 for b]), layer by layer."""
    return [(len(layer), layer.weights.shape[1] + (layer.biases is not None)) for layer in network.layers]


def _matrices(vector: Array, shapes: list[tuple[int, int]]) -> list[Array]:
    ends = np.cumsum([nodes * inputs for nodes, inputs in shapes])
    return [part.reshape(shape) for part, shape in zip(np.split(vector, ends[:-1]), shapes, strict=True)]


DOT_LIMIT_NUMBERS = 2**19
"""The largest product that `dot` makes: so many numbers, 4 MB, are cleared in no time."""


class Pass(NamedTuple):
    """What is called, one after the other, to take some rows through the network.

    =========== ===========================================================================
    `forward`   computes every layer, and the slopes of the loss, but for their scale
    `total`     returns the sum of the loss's terms over these rows and the outputs
    `backward`  writes the slopes of what these rows add to their batch's loss
    `counting`  returns what counts those of these rows that are right; the rows must stay
    =========== ===========================================================================
    """

    forward: tuple[Call, ...]
    total: Callable[[], float]
    backward: tuple[Call, ...]
    counting: Callable[[], Callable[[], int]]

    @property
    def there_and_back(self) -> tuple[Call, ...]:
        """The calls of the pass forward and of the one back."""
        return self.forward + self.backward

    def measured(self) -> float:
        """Go forward and return the sum of the loss's terms."""
        for call in self.forward:
            call()
        return self.total()


class _LayerValues(NamedTuple):
    """What one layer computes, shape (nodes, rows) each, and the slopes of the loss with respect to it.

    `onward` is `a` over a row of ones, where the next layer has biases, and `slope_onward` its slope: it is
    quicker to multiply by a whole matrix than by all but a column of it.
    """

    z: Array
    a: Array
    onward: Array
    slope_onward: Array
    slope_a: Array
    slope_z: Array

    @classmethod
    def room(cls, layer: Layer, rows: int, ones: bool) -> _LayerValues:
        onward = np.ones((len(layer) + ones, rows))
        slope_onward = np.empty_like(onward)
        a, slope_a = onward[: len(layer)], slope_onward[: len(layer)]
        if _linear(layer):
            return cls(a, a, onward, slope_onward, slope_a, slope_a)
        return cls(np.empty_like(a), a, onward, slope_onward, slope_a, np.empty_like(a))


def _product(left: Array, right: Array, out: Array) -> Call:
    """Return what writes `left` · `right` into `out`.

    The method `dot` is called in half the time of `matmul`, but clears `out` first and lets no thread go on
    meanwhile: with millions of weights, the window would stand still.
    """
    if out.size > DOT_LIMIT_NUMBERS:
        return partial(np.matmul, left, right, out)
    return partial(left.dot, right, out)


def _linear(layer: Layer) -> bool:
    """Tell whether z and a can be one array, so that nothing need be computed."""
    return layer.function.linear


class Buffers:
    """Room for what a pass over `rows` rows computes, shared by all passes over so many.

    The weights are those of `parameters` at the time of the call; the slopes go there too.
    """

    def __init__(self, network: Network, measure: Loss, parameters: Parameters, rows: int) -> None:
        layers = network.layers
        wants_ones = [layer.biases is not None for layer in layers[1:]] + [False]
        values = [
            _LayerValues.room(layer, rows, ones) for layer, ones in zip(layers, wants_ones, strict=True)
        ]
        self._network, self._measure, self._parameters = network, measure, parameters
        self._first, self._last = values[0], values[-1]
        self._slopes = np.empty_like(self._last.a)
        self._forward: list[Call] = []
        self._backward: list[Call] = []
        for k, (layer, here) in enumerate(zip(layers, values, strict=True)):
            backward: list[Call] = []
            if k:
                before, matrix = values[k - 1], parameters.matrices[k]
                self._forward.append(_product(matrix, before.onward, here.z))
                backward.append(_product(here.slope_z, before.onward.T, parameters.slope_matrices[k]))
                backward.append(_product(matrix.T, here.slope_z, before.slope_onward))
            if not _linear(layer):
                z, a, slope_a, slope_z = here.z.T, here.a.T, here.slope_a.T, here.slope_z.T
                self._forward.append(layer.function.forward(z, a))
                if here is not self._last or not measure.short:
                    backward.insert(0, layer.function.backward(z, a, slope_a, slope_z))
            self._backward[:0] = backward

    def pass_over(self, inputs: Array, targets: Array, scale: Array) -> Pass:
        """Return the pass over `inputs`, shape (rows, inputs [+ 1 of ones]), and `targets`, (rows, outputs).

        What goes back are the slopes of the loss times `scale`, an array of no dimension.
        """
        matrix, slopes = self._parameters.matrices[0], self._parameters.slope_matrices[0]
        first, last, measure = self._first, self._last, self._measure
        of_outputs = last.z.T, last.a.T, targets, self._slopes.T
        begins = last.slope_z if measure.short else last.slope_a
        return Pass(
            (_product(matrix, inputs.T, first.z), *self._forward, measure.slopes(*of_outputs)),
            measure.total(*of_outputs),
            (
                partial(np.multiply, self._slopes, scale, begins),
                *self._backward,
                _product(first.slope_z, inputs, slopes),
            ),
            cache(lambda: counting(self._network, last.a.T, targets)),
        )
