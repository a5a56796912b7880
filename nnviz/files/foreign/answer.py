"""The activations that a person gives for a model in a program."""

from __future__ import annotations

from collections.abc import Sequence

from nnviz.core.activations import activation
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense
from nnviz.files.source import as_names


def answered(layers: Sequence[Dense], activations: Sequence[str]) -> list[Dense]:
    """Return layers with the activations that a person gives, one each. Raises FileError."""
    return dense.with_activations(layers, as_names(activations), "activations")


def check(layers: Sequence[Dense], activations: Sequence[str] | None) -> None:
    """Raise FileError where a person gives other activations than those that a model says itself."""
    if activations is None:
        return
    with told_by_core("activations"):
        given = [activation(layer.activation).name for layer in answered(layers, activations)]
    own = [activation(layer.activation).name for layer in layers]
    if given != own:
        raise FileError(f"the model itself says its own: {', '.join(own)}", "activations")
