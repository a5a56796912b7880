"""The activations as functions of NumPy, and how a slope comes back through each, from their entries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nnviz.core.activation import Activation
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.files.code.numbers import Numbers
from nnviz.files.code.program import Line
from nnviz.files.code.words import of_nodes


def called(activation: Activation) -> str:
    """Return the name of an activation as a function: `leaky_relu(0.2)` is `leaky_relu_0_2`."""
    return re.sub(r"\W+", "_", activation.name).rstrip("_")


def imports(state: State, numbers: Numbers) -> Iterator[Line]:
    """Import what such a program takes, `math` where an activation is written with it, and open its file."""
    back = _taken_back(state)
    texts = [
        own.elsewhere.numpy + own.elsewhere.numpy_slope * (own.name in back)
        for own in _functions(state.network)
    ]
    if any("math." in text for text in texts):
        yield Line("import math")
    yield from numbers.imports()
    yield Line("import numpy as np")
    yield Line()
    yield from numbers.stored()


def _functions(network: Network) -> list[Activation]:
    """Return every activation that computes something, once."""
    found = {layer.activation: layer.function for layer in network.layers}
    return [function for function in found.values() if not function.linear]


def _taken_back(state: State) -> set[str]:
    """Return the activations that slopes come back through: not the last, where the loss begins at z."""
    layers = state.network.layers[: -1 if state.measure.short else None]
    return {layer.activation for layer in layers} if state.trainable else set()


def defined(state: State) -> Iterator[Line]:
    """Define every activation and, where training needs it, how a slope comes back through it."""
    network, back = state.network, _taken_back(state)
    for function in _functions(network):
        using = [k for k, layer in enumerate(network.layers) if layer.activation == function.name]
        nodes, name = of_nodes(network, *using), called(function)
        yield Line()
        yield Line(f"def {name}(z):", "forward", nodes)
        yield Line(f"    return {function.elsewhere.numpy}", "forward", nodes)
        yield Line()
        if function.name in back:
            yield Line()
            yield Line(f"def {name}_back({', '.join(_needed(function))}):", "backward", nodes)
            yield Line(f"    return {function.elsewhere.numpy_slope}", "backward", nodes)
            yield Line()


def back(function: Activation, values: Mapping[str, str]) -> str:
    """Return the call that takes a slope back through it; `values` says what z, a and slope_a are called."""
    return f"{called(function)}_back({', '.join(values[name] for name in _needed(function))})"


def _needed(function: Activation) -> list[str]:
    """Return what its way back takes of z, a and slope_a."""
    names = set(re.findall(r"\w+", function.elsewhere.numpy_slope))
    return [name for name in ("z", "a", "slope_a") if name in names]
