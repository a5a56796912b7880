"""The loss that a model of Keras was compiled with, in nnviz's words."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nnviz.core.losses import CROSS_ENTROPY, MSE

_NAMED = {
    "categoricalcrossentropy": CROSS_ENTROPY,
    "sparsecategoricalcrossentropy": CROSS_ENTROPY,
    "binarycrossentropy": CROSS_ENTROPY,
    "meansquarederror": MSE.name,
    "mse": MSE.name,
}
"""Small letters of a name or a class, without what parts them."""


def compiled_with(settings: object) -> str:
    """Return the loss in what a file says of how the model was compiled; "" for none that nnviz has."""
    loss = settings.get("loss") if isinstance(settings, Mapping) else None
    if not isinstance(loss, Mapping):
        return named(loss)
    config = loss.get("config")
    of_z = isinstance(config, Mapping) and bool(config.get("from_logits"))
    name = config if isinstance(config, str) else loss.get("class_name")  # a function has its name there
    return "" if of_z else named(name)


def named(name: object) -> str:
    """Return the loss that is called so in Keras; "" for none that nnviz has."""
    return _NAMED.get(re.sub(r"[^a-z]", "", name.lower()), "") if isinstance(name, str) else ""
