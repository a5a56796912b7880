"""Models of torch, Keras and scikit-learn as networks.

This package does not import these libraries: a script with a model has already imported the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

from nnviz.core.activations import Array, activation
from nnviz.core.network import Network
from nnviz.core.numbers import one_line, shortened
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense
from nnviz.files.source import activation_names


def with_given_activations(layers: Sequence[Dense], activations: Sequence[str]) -> list[Dense]:
    """Return the layers with the activations that the user gave, one per layer. Raises FileError."""
    return dense.with_activations(layers, activation_names(activations), "activations")


def check_answer(layers: Sequence[Dense], activations: Sequence[str] | None) -> None:
    """Raise FileError if `activations`, given by the user, differ from the model's own activations."""
    if activations is None:
        return
    with as_file_errors("activations"):
        given = [activation(layer.activation).name for layer in with_given_activations(layers, activations)]
    own = [activation(layer.activation).name for layer in layers]
    if given != own:
        raise FileError(f"the model already has the activations {', '.join(own)}: give none", "activations")


Chain: TypeAlias = list[tuple[Array, Array | None]]
"""Weights, shape (nodes, inputs), and biases, shape (nodes,), of each layer; None for missing biases."""


def as_array(values: Any) -> Array:
    """Return an array, a list or a tensor as an array of float64. Raises ValueError for other values."""
    if hasattr(values, "detach"):
        values = values.detach().cpu().double().numpy()
    return np.asarray(values, dtype=np.float64)


FRAMEWORKS = {"torch": "torch", "keras": "keras", "tf_keras": "keras", "sklearn": "sklearn"}
"""Map from a library to the module in this folder that reads the models of the library."""


def framework_of(model: object) -> str | None:
    """Return the framework of a model: "torch", "keras" or "sklearn". Return None for other objects."""
    packages = (kind.__module__.partition(".")[0] for kind in type(model).__mro__)
    return next((FRAMEWORKS[package] for package in packages if package in FRAMEWORKS), None)


def name_of(model: Any) -> str:
    """Return a window title: a Keras model's name, another model's class name, or "" for other objects."""
    framework = framework_of(model)
    name = model.name if framework == "keras" and hasattr(model, "name") else type(model).__name__
    return one_line(shortened(str(name))) if framework else ""


def network_of(model: Any, activations: Sequence[str] | None = None) -> Network:
    """Return a network with the present weights of a model.

    `activations`, one for each layer, are for a model whose activations nnviz cannot see. Raises TypeError
    for an object that is not a model of torch, Keras or scikit-learn. Raises FileError for a model that is
    not a chain of dense layers.
    """
    network: Network = _home(model).network_of(model, activations)
    return network


def loss_of(model: Any) -> str:
    """Return the name of the loss that a model is trained with, or "" if nnviz does not know the loss."""
    loss: str = _home(model).loss_of(model) if framework_of(model) else ""
    return loss


def has_weights(model: Any) -> bool:
    """Return whether a model already has weights; some models create their weights from the first rows.

    Raises TypeError if the object comes from one of the libraries, but is not a model that nnviz can show.
    """
    return framework_of(model) is None or bool(_home(model).has_weights(model))


def read_weights(model: Any) -> Chain:
    """Return the present weights and biases of a model that `network_of` accepts."""
    chain: Chain = _home(model).read_weights(model)
    return chain


def _home(model: Any) -> ModuleType:
    framework = framework_of(model)
    if framework is None:
        raise TypeError(f"expected a model of torch, Keras or scikit-learn, found {type(model).__name__}")
    return import_module(f"{__name__}.{framework}")


def targets_of(model: Any, y: Any) -> Array:
    """Return targets as numbers; labels of a scikit-learn classifier become class indices."""
    if framework_of(model) == "sklearn":
        y = _home(model).numbered(model, y)
    return as_array(y)
