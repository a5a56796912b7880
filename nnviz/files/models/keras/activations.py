"""Keras' names of activations: as a text, as an object, or as a layer of its own. Nothing in a file is run.

What nnviz's activations are called in Keras says their registry; here stands what Keras has besides.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnviz.core.activation import Activation
from nnviz.core.activations import ACTIVATIONS, activation
from nnviz.core.names import quoted
from nnviz.core.numbers import full
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import float32

KERAS = frozenset({"keras", "tf_keras", "tensorflow"})
"""The modules whose classes are Keras' own."""

_CLASSES = {
    each.elsewhere.keras.name: each for each in ACTIVATIONS.values() if each.elsewhere.keras.parameter
}
_FUNCTIONS = {
    **{
        each.elsewhere.keras.name: name
        for name, each in ACTIVATIONS.items()
        if not each.elsewhere.keras.parameter
    },
    "elu": "elu",
    "leaky_relu": "leaky_relu(0.2)",
    "swish": "silu",
}
OPERATION = "ops."
"""What `config` puts before the class of a function that was called on what a layer gives."""
_OPERATIONS = {OPERATION + name.title().replace("_", ""): own for name, own in _FUNCTIONS.items()}
_LEAK = 0.3
"""Of the layer LeakyReLU; the function `leaky_relu` has 0.2."""
_LARGEST = 1e6
"""Of a parameter."""
LAYERS = frozenset({"Activation", "ReLU", "Softmax", *_CLASSES, *_OPERATIONS})
"""Layers that are nothing but an activation, and functions that were called as one."""


def of(given: object) -> str:
    """Return nnviz's name of what stands as a layer's `activation`. Raises FileError."""
    if given is None:
        return "identity"
    if isinstance(given, Mapping):
        kind, config = given.get("class_name"), given.get("config")
        check_own(given)
        return of(config) if kind == "function" and isinstance(config, str) else of_layer(kind, config)
    if not isinstance(given, str) or given not in _FUNCTIONS:
        raise FileError(f"nnviz has no activation {quoted(given)}; it has {', '.join(_FUNCTIONS)}")
    return _FUNCTIONS[given]


def of_layer(kind: object, config: object) -> str:
    """Return nnviz's name of a layer of class `kind` that is an activation. Raises FileError."""
    if not isinstance(kind, str) or kind not in LAYERS or not isinstance(config, Mapping):
        raise FileError(f"nnviz has no activation {quoted(kind)}")
    if kind == "Activation":
        return of(config.get("activation"))
    if kind.removeprefix(OPERATION) == "Softmax":
        if config.get("axis", -1) not in (-1, 1):
            raise FileError("its softmax is not taken over the nodes of the layer")
        return "softmax"
    if kind in _OPERATIONS:
        return _of_operation(_OPERATIONS[kind], config)
    if kind == "ReLU":
        return _relu(config)
    usual = _CLASSES[kind]
    key = usual.elsewhere.keras.parameter
    default = _LEAK if usual is ACTIVATIONS["leaky_relu"] else usual.elsewhere.keras.value
    return _with(usual, config.get(key, config.get("alpha", default)))


def _of_operation(name: str, config: Mapping[str, Any]) -> str:
    if config.get("approximate", name == "gelu"):
        raise FileError("it is computed by tanh, and nnviz's gelu by erf")
    value = config.get("negative_slope", config.get("alpha"))
    return name if value is None else _with(ACTIVATIONS[name.partition("(")[0]], value)


def check_own(part: Mapping[str, Any]) -> None:
    """Raise FileError for a class or a function that is not Keras' own: its program is not in the file."""
    kind, module, registered = (part.get(key) for key in ("class_name", "module", "registered_name"))
    if module is None:  # Keras 3 names somebody's own without a module, if that was the script itself
        own = named = registered is None
    else:
        own = isinstance(module, str) and module.partition(".")[0] in KERAS
        named = registered is None or registered in (kind, part.get("config"))
    if not (own and named):
        stranger = registered if module is None or own else module
        raise FileError(
            f"{quoted(kind)} is {quoted(stranger)}, not Keras' own, and nnviz runs no program for a file"
        )


def _relu(config: Mapping[str, Any]) -> str:
    slope = config.get("negative_slope") or 0.0
    if config.get("max_value") is not None or (config.get("threshold") or 0) != 0:
        raise FileError("its relu has a largest value or a threshold, which nnviz's has not")
    return _with(ACTIVATIONS["leaky_relu"], slope) if slope != 0 else "relu"


def _with(usual: Activation, value: object) -> str:
    """Return an activation's name with its parameter, which Keras ≤ 2 wrote as a float of 32 bits."""
    if not float32.is_number(value, _LARGEST):
        raise FileError(f"expected a sane number as the parameter of {usual.name}, found {quoted(value)}")
    with told_by_core():
        return activation(f"{usual.name}({full(float32.shortest(float(value)))})").name


def written(name: str) -> tuple[str, dict[str, float]]:
    """Return what an activation is in Keras: a function's name, or a layer's class and its parameter."""
    own = activation(name).elsewhere.keras
    return own.name, {own.parameter: own.value} if own.parameter else {}
