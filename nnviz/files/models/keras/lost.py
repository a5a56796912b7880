"""What of somebody's Keras model is lost where nnviz writes its own in the place, in words.

From the architecture alone: of the numbers those of dense layers are kept, and no others are read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnviz.files.models.keras import activations, compiled
from nnviz.files.models.keras.config import Part, mapping, parts
from nnviz.files.models.keras.written import (
    ACTIVATION_NAME,
    DENSE,
    DENSE_NAME,
    INPUT,
    INPUT_NAME,
    MODEL_NAME,
)

_USUAL = ("GlorotUniform", "Zeros", "glorot_uniform", "zero")
"""How Keras begins weights and biases where nothing else is said; Keras 1 has the last two."""


def replaced(model: object, settings: object) -> list[str]:
    """Return what of an architecture is lost, and of the `settings` it is compiled with. Raises FileError."""
    found = parts(model)
    kept = [part for part in found if part.kind in (INPUT, DENSE, *activations.LAYERS)]
    others = ", ".join(dict.fromkeys(part.kind for part in found if part not in kept))
    config = mapping(model, "the model").get("config")
    lost = {
        f"its layers ({others})": bool(others),
        "its regularizers": _any(kept, "_regularizer"),
        "its constraints": _any(kept, "_constraint"),
        "its initializers": _any(kept, "_initializer", "init", usual=_USUAL),
        "which layers are frozen": any(part.config.get("trainable") is False for part in kept),
        "the models in it": any(part.around for part in found),
        "its name": isinstance(config, Mapping) and config.get("name") != MODEL_NAME,
        "the names of its layers": [part.name for part in kept] != _names(kept),
    }
    return compiled.replaced(settings) + [part for part, is_lost in lost.items() if is_lost]


def _any(found: Sequence[Part], *ends: str, usual: Sequence[str] = ()) -> bool:
    """Tell whether a layer has a setting of such a name that is other than the usual ones."""
    given = (value for part in found for key, value in part.config.items() if key.endswith(ends))
    named = (value.get("class_name") if isinstance(value, Mapping) else value for value in given)
    return any(name is not None and name not in usual for name in named)


def _names(kept: Sequence[Part]) -> list[str]:
    """Return what nnviz calls the layers."""
    names, k = [], -1
    for part in kept:
        k += part.kind == DENSE
        names.append({INPUT: INPUT_NAME, DENSE: DENSE_NAME}.get(part.kind, ACTIVATION_NAME).format(k))
    return names
