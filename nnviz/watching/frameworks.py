"""The weights of other people's models that live in a program, each time anew, which has to be quick.

What such a model is as a network, `files.foreign` knows; its layers are those that have weights, in their
order. Imports no framework.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from nnviz.core.activations import Array
from nnviz.files.foreign import as_array
from nnviz.files.foreign.keras import layers_of

Chain: TypeAlias = list[tuple[Array, Array | None]]
"""Weights of shape (nodes, inputs of the layer) and biases of shape (nodes,) or None, layer by layer."""
Look: TypeAlias = Callable[[Any], Chain]


def is_made(model: Any, framework: str | None) -> bool:
    """Tell whether a model has its weights by now: some get them with the first rows that they see."""
    if framework == "sklearn":
        return hasattr(model, "coefs_")
    if framework == "keras":
        return bool(model.built)
    lazy = sys.modules["torch"].nn.parameter.is_lazy if framework == "torch" else None
    return lazy is None or not any(map(lazy, model.parameters()))


def _of_torch(model: Any) -> Chain:
    return [
        (as_array(part.weight), _biases(part.bias))
        for part in _modules(model)
        if hasattr(part, "in_features")
    ]


def _modules(module: Any) -> Iterator[Any]:
    """Yield the modules in a module, each as often as it stands there."""
    yield module
    for part in module._modules.values():
        if part is not None:
            yield from _modules(part)


def _of_keras(model: Any) -> Chain:
    return [
        (as_array(layer.kernel.value).T, None if layer.bias is None else as_array(layer.bias.value))
        for layer in layers_of(model)
        if hasattr(layer, "kernel")
    ]


def _of_sklearn(model: Any) -> Chain:
    return [(weights.T, biases) for weights, biases in zip(model.coefs_, model.intercepts_, strict=True)]


def _biases(values: Any) -> Array | None:
    return None if values is None else as_array(values)


LOOKS: dict[str, Look] = {"torch": _of_torch, "keras": _of_keras, "sklearn": _of_sklearn}
"""How the models of each framework are looked at."""
