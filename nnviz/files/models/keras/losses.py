"""The loss that a model of Keras was compiled with, in nnviz's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from nnviz.core.losses import CROSS_ENTROPY, MSE
from nnviz.core.state import State
from nnviz.files.models import dense

_NAMED = {
    "categoricalcrossentropy": CROSS_ENTROPY,
    "sparsecategoricalcrossentropy": CROSS_ENTROPY,
    "binarycrossentropy": CROSS_ENTROPY,
    "meansquarederror": MSE.name,
    "mse": MSE.name,
}
"""Small letters of a name or a class, without what parts them."""
_OTHERS = {"softmax": ("binary", "categorical"), "sigmoid": ("categorical", "binary")}
"""With which outputs Keras may have another cross-entropy than nnviz, which, and nnviz's."""


def state_of(layers: Sequence[dense.Dense], settings: object, told: list[str]) -> State:
    """Return the State of layers and of what a file says of how they were compiled. Raises FileError.

    What nnviz computes otherwise is `told`.
    """
    loss = compiled_with(settings)
    state = dense.state_of(layers, loss=loss)
    output = layers[-1].activation
    others, own = _OTHERS.get(output, ("", ""))
    if loss == CROSS_ENTROPY and others and f"{others}crossentropy" in _letters(_name(settings)):
        told.append(f"its loss is {others} cross-entropy; with {output} nnviz takes the {own} one")
    return state


def compiled_with(settings: object) -> str:
    """Return the loss in what a file says of how the model was compiled; "" for none that nnviz has."""
    loss = settings.get("loss") if isinstance(settings, Mapping) else None
    config = loss.get("config") if isinstance(loss, Mapping) else None
    of_z = isinstance(config, Mapping) and bool(config.get("from_logits"))
    return "" if of_z else named(_name(settings))


def _name(settings: object) -> object:
    loss = settings.get("loss") if isinstance(settings, Mapping) else None
    if not isinstance(loss, Mapping):
        return loss
    config = loss.get("config")
    return config if isinstance(config, str) else loss.get("class_name")  # a function has its name there


def named(name: object) -> str:
    """Return the loss that is called so in Keras; "" for none that nnviz has."""
    return _NAMED.get(_letters(name), "")


def _letters(name: object) -> str:
    return re.sub(r"[^a-z]", "", name.lower()) if isinstance(name, str) else ""
