"""One pass forward and one back through a network, in buffers that are used again and again.

Knows nothing of updates. Inside, nodes are rows and data rows are columns, so that the values of a layer lie
together also where a row of ones below them makes the next layer's biases the last column of its weights.
The price of a small network is the number of calls, so what can be bound once is bound once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NamedTuple, cast

import numpy as np

from nnviz.core.activations import Array, Call
from nnviz.core.network import Layer, Network
from nnviz.core.training.parameters import Parameters

DOT_LIMIT_NUMBERS = 2**19
"""The largest product that `dot` makes: so many numbers, 4 MB, are cleared in no time."""


class Pass(NamedTuple):
    """What is called, one after the other, to take some rows through the network.

    =========== ===========================================================================
    `forward`   computes every layer and the error
    `squares`   returns the sum of error² over these rows and the outputs
    `backward`  writes the slopes of what these rows add to their batch's MSE
    =========== ===========================================================================
    """

    forward: tuple[Call, ...]
    squares: Callable[[], float]
    backward: tuple[Call, ...]

    @property
    def there_and_back(self) -> tuple[Call, ...]:
        """The calls of the pass forward and of the one back."""
        return self.forward + self.backward

    def sum_of_squares(self) -> float:
        """Go forward and return the sum of error²."""
        for call in self.forward:
            call()
        return self.squares()


class _LayerValues(NamedTuple):
    """What one layer computes, shape (nodes, rows) each, and the slopes of the MSE with respect to it.

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

    def __init__(self, network: Network, parameters: Parameters, rows: int) -> None:
        layers = network.layers
        wants_ones = [layer.biases is not None for layer in layers[1:]] + [False]
        values = [
            _LayerValues.room(layer, rows, ones) for layer, ones in zip(layers, wants_ones, strict=True)
        ]
        self._parameters, self._first, self._last = parameters, values[0], values[-1]
        self._error = np.empty_like(self._last.a)
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
                backward.insert(0, layer.function.backward(z, a, slope_a, slope_z))
            self._backward[:0] = backward

    def pass_over(self, inputs: Array, targets: Array, scale: Array) -> Pass:
        """Return the pass over `inputs`, shape (rows, inputs [+ 1 of ones]), and `targets`, (rows, outputs).

        What goes back is the error times `scale`, an array of no dimension.
        """
        matrix, slopes = self._parameters.matrices[0], self._parameters.slope_matrices[0]
        first, last, error = self._first, self._last, self._error
        errors = error.ravel()
        return Pass(
            (
                _product(matrix, inputs.T, first.z),
                *self._forward,
                partial(np.subtract, last.a, targets.T, error),
            ),
            cast("Callable[[], float]", partial(errors.dot, errors)),
            (
                partial(np.multiply, error, scale, last.slope_a),
                *self._backward,
                _product(first.slope_z, inputs, slopes),
            ),
        )
