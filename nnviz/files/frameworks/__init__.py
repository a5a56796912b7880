"""Models of torch, Keras and scikit-learn as networks, without importing these libraries.

A script that has such a model has imported its library already.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from nnviz.core.activations import Array, activation
from nnviz.core.network import Network
from nnviz.core.numbers import SHOWN, on_one_line, shortened
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense
from nnviz.files.source import as_names


def answered(layers: Sequence[Dense], activations: Sequence[str]) -> list[Dense]:
    """Return layers with the activations that a person gives, one each. Raises FileError."""
    return dense.with_activations(layers, as_names(activations), "activations")


def check_answer(layers: Sequence[Dense], activations: Sequence[str] | None) -> None:
    """Raise FileError where a person gives other activations than those that a model says itself."""
    if activations is None:
        return
    with told_by_core("activations"):
        given = [activation(layer.activation).name for layer in answered(layers, activations)]
    own = [activation(layer.activation).name for layer in layers]
    if given != own:
        raise FileError(f"the model itself says its own: {', '.join(own)}", "activations")


Chain: TypeAlias = list[tuple[Array, Array | None]]
"""Weights of shape (nodes, inputs of the layer) and biases of shape (nodes,) or None, layer by layer."""


def as_array(values: Any) -> Array:
    """Return numbers of any kind, a tensor's among them, as float64. Raises ValueError for what is none."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().double().numpy()
    return np.asarray(values, dtype=np.float64)


FRAMEWORKS = {"torch": "torch", "keras": "keras", "tf_keras": "keras", "sklearn": "sklearn"}
"""Packages, and which module here knows their models."""


def framework_of(model: object) -> str | None:
    """Return "torch", "keras" or "sklearn" for a model of theirs, else None."""
    packages = (kind.__module__.partition(".")[0] for kind in type(model).__mro__)
    return next((FRAMEWORKS[package] for package in packages if package in FRAMEWORKS), None)


def name_of(model: Any) -> str:
    """Return what a window calls a model: its own name in Keras, else its class; "" for what is none."""
    framework = framework_of(model)
    name = model.name if framework == "keras" and hasattr(model, "name") else type(model).__name__
    return on_one_line(shortened(str(name), SHOWN)) if framework else ""


def network_of(model: Any, activations: Sequence[str] | None = None) -> Network:
    """Return what a model is at this moment as a network.

    `activations`, one for each layer, are for a model whose own cannot be seen. Raises TypeError for what is
    no model of these frameworks, FileError for one that is no chain of dense layers.
    """
    network: Network = _home(model).network_of(model, activations)
    return network


def loss_of(model: Any) -> str:
    """Return the loss that a model of these frameworks says it learns by; "" for none that nnviz has."""
    loss: str = _home(model).loss_of(model) if framework_of(model) else ""
    return loss


def has_weights(model: Any) -> bool:
    """Tell whether a model has its weights by now, which some of a framework get with their first rows.

    Raises TypeError for what is of a framework and no model that nnviz shows.
    """
    return framework_of(model) is None or bool(_home(model).has_weights(model))


def look(model: Any) -> Chain:
    """Return the weights and biases of a model that `network_of` takes, as they are now. It is quick."""
    chain: Chain = _home(model).look(model)
    return chain


def _home(model: Any) -> ModuleType:
    framework = framework_of(model)
    if framework is None:
        raise TypeError(f"expected a model of torch, Keras or scikit-learn, found a {type(model).__name__}")
    return import_module(f"{__name__}.{framework}")


def targets_of(model: Any, y: Any) -> Array:
    """Return targets as numbers; a label of a classifier of scikit-learn as the number of its class."""
    if framework_of(model) == "sklearn":
        y = _home(model).numbered(model, y)
    return as_array(y)
