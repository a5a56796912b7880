"""Models of other people's frameworks as they live in a program: to a Network, and no framework is imported.

Who has such a model has imported its framework, so the modules of its class say of which one it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

from nnviz.core.activations import Array
from nnviz.core.names import SHOWN, on_one_line, shortened
from nnviz.core.network import Network
from nnviz.files.foreign.numbers import Chain as Chain
from nnviz.files.foreign.numbers import as_array as as_array

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
        from nnviz.files.foreign.sklearn import numbered

        y = numbered(model, y)
    return as_array(y)
