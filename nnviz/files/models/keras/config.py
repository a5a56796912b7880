"""The architecture in a Keras file, as data: the layers of a model one after the other, nested ones too.

Sequential models, and functional ones where each layer feeds the next one alone. Nothing in a file is run:
what is not known is refused, with the layer's name and class. What the layers are is told by `layers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from nnviz.core.limits import LAYERS
from nnviz.core.names import quoted
from nnviz.files.errors import FileError
from nnviz.files.models.keras import activations

SEQUENTIAL = "Sequential"
FUNCTIONAL = frozenset({"Functional", "Model"})
"""Keras 1 and 2 say Model."""
DEEPEST = 8
"""Models within models."""
MOST_LAYERS = 4 * LAYERS.most
"""Dense ones, and those that are passed over."""

Config = Mapping[str, Any]


class Holder(NamedTuple):
    """A model in which a layer stands: its name, its class, and where it stands in its own holder."""

    name: str
    kind: str
    place: int


class Part(NamedTuple):
    """A layer: its name, its class, its settings, and the models that hold it, outermost first."""

    name: str
    kind: str
    config: Config
    around: tuple[Holder, ...]


def parts(model: object) -> list[Part]:
    """Return the layers of a model in the order of computation. Raises FileError."""
    found: list[Part] = []
    for part in _parts(model, (), "the model"):
        found.append(part)
        if len(found) > MOST_LAYERS:
            raise FileError(f"expected at most {MOST_LAYERS:,} layers")
    return found


def mapping(value: object, place: str) -> Config:
    """Return what should be an object of JSON. Raises FileError where it is none."""
    if not isinstance(value, Mapping):
        raise FileError(f"expected an object, found {quoted(value)}", place)
    return value


def _parts(model: object, around: tuple[Holder, ...], place: str) -> Iterator[Part]:
    given = mapping(model, place)
    kind, config = _class_of(given, place), given.get("config")
    if kind == SEQUENTIAL:
        is_old = isinstance(config, list)  # until 2.2.2
        layers = config if is_old else mapping(config, place).get("layers")
    elif kind in FUNCTIONAL:
        layers = _ordered(mapping(config, place), place)
    else:
        wish = "nnviz opens Sequential and functional models"
        raise FileError(f"it is a {quoted(kind)}, whose program is not in the file; {wish}", place)
    if not isinstance(layers, list):
        raise FileError("expected a list of layers", place)
    for k, layer in enumerate(layers):
        inner = mapping(layer, f"{place}, layer {k}")
        name = name_of(inner, f"layer {k}")
        own = _class_of(inner, name)
        if own == SEQUENTIAL or own in FUNCTIONAL:
            if len(around) == DEEPEST:
                raise FileError("its models are nested too deeply", name)
            yield from _parts(inner, (*around, Holder(name, own, k)), name)
        else:
            yield Part(name, own, mapping(inner.get("config"), name), around)


def _class_of(part: Config, place: str) -> str:
    kind = part.get("class_name")
    if not isinstance(kind, str):
        raise FileError("expected the name of its class", place)
    try:
        activations.check_own(part)
    except FileError as error:
        raise error.within(place) from None
    return activations.OPERATION + kind if str(part.get("module")).startswith("keras.src.ops.") else kind


def name_of(layer: Config, default: str) -> str:
    """Return what a layer is called."""
    config = layer.get("config")
    names = (layer.get("name"), config.get("name") if isinstance(config, Mapping) else None, default)
    return next(name for name in names if isinstance(name, str))


def _ordered(config: Config, place: str) -> list[Config]:
    """Return the layers of a functional model, from its one input to its one output."""
    layers = config.get("layers")
    if not isinstance(layers, list):
        raise FileError("expected a list of layers", place)
    named = {name_of(mapping(layer, place), f"layer {k}"): layer for k, layer in enumerate(layers)}
    if len(named) < len(layers):
        raise FileError("two of its layers have one name", place)
    first, at = (_one(config.get(key), f"{place}, {key}") for key in ("input_layers", "output_layers"))
    chain: list[Config] = []
    while len(chain) < len(layers):
        if at not in named:
            raise FileError(f"there is no layer {quoted(at)}", place)
        chain.append(named[at])
        if at == first:
            break
        at = _before(named[at], at)
    if at != first or len(chain) < len(layers):
        raise FileError("it branches; nnviz opens chains of layers", place)
    return chain[::-1]


def _before(layer: Config, name: str) -> str:
    """Return the one layer that feeds this one."""
    nodes = layer.get("inbound_nodes")
    if not isinstance(nodes, list) or len(nodes) != 1:
        raise FileError("it is used several times, or fed by nothing; nnviz opens chains of layers", name)
    node = nodes[0]
    if isinstance(node, Mapping):  # Keras 3
        given, more = node.get("args"), node.get("kwargs")
        _check_settings(more, name)
        tensor = given[0] if isinstance(given, list) and len(given) == 1 else None
        settings = tensor.get("config") if isinstance(tensor, Mapping) else None
        return _one(settings.get("keras_history") if isinstance(settings, Mapping) else None, name)
    return _one(node, name)


def _one(reference: object, place: str) -> str:
    """Return the layer in a reference to the one thing that it computes: `["dense", 0, 0]`, or `[that]`."""
    found = reference
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if (
        not isinstance(found, list)
        or not 3 <= len(found) <= 4
        or not isinstance(found[0], str)
        or found[2] != 0
    ):
        raise FileError("it has several inputs or outputs; nnviz opens chains of layers", place)
    if len(found) == 4:
        _check_settings(found[3], place)
    return found[0]


def _check_settings(given: object, place: str) -> None:
    """Check that a layer is called with nothing but what it is fed, and plain settings."""
    plain = (type(None), bool, int, float, str)
    settings = mapping(given, place) if given else {}
    if not all(isinstance(value, plain) for value in settings.values()):
        raise FileError("it is called with more than one input; nnviz opens chains of layers", place)
    if settings.get("training"):
        raise FileError("it is called as in training, where layers such as Dropout draw at random", place)
