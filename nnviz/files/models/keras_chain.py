"""Keras layers as a chain of dense layers, with their weights.

nnviz reads Sequential models, and functional models in which each layer feeds only the next one. It runs no
code from a file. The error for an unknown layer has the layer's name and class.

Keras 1 and 2 (and `.h5` files of Keras 3) list the layers and their weights in order. Keras 3 (`.keras`)
stores weights in groups with the class and number of the layer: `layers/dense_1/vars/0`. Keras 2.13 has
`_layer_checkpoint_dependencies` instead of `layers`, numbers in steps of two, and backslashes on Windows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import ACTIVATIONS, Array, activation, named_in
from nnviz.core.network import frozen
from nnviz.core.numbers import LAYERS, NODES, counted, full, list_text, quoted
from nnviz.files.errors import FileError, Progress, as_file_errors
from nnviz.files.models import dense, sandbox
from nnviz.files.models.dense import Affine, Chain, Dense

KERAS = frozenset({"keras", "tf_keras", "tensorflow"})
"""Python packages whose classes belong to Keras."""

_FUNCTIONS = {
    **{name: own.base for name, own in named_in("keras").items() if not own.notation.keras.settings},
    "elu": "elu",
    "leaky_relu": "leaky_relu(0.2)",
    "swish": "silu",
}
OPERATION = "ops."
"""Prefix of class names that stand for calls of Keras functions: `ops.Relu` stands for `keras.ops.relu`."""
_ACTIVATIONS = {
    "ReLU": "relu",
    "Softmax": "softmax",
    **{name: own.base for name, own in named_in("keras").items() if own.notation.keras.settings},
    "LeakyReLU": "leaky_relu(0.3)",
    **{OPERATION + key.title().replace("_", ""): name for key, name in _FUNCTIONS.items()},
}
"""nnviz's activation for each layer and function that applies an activation, with its default parameter."""
_LARGEST = 1e6
"""Largest parameter of an activation."""
ACTIVATION_LAYERS = frozenset({"Activation", *_ACTIVATIONS})
"""Names of layers and functions that only apply an activation."""


def activation_of(value: object) -> str:
    """Return nnviz's name for the `activation` setting of a layer. Raises FileError."""
    if value is None:
        return "identity"
    if isinstance(value, Mapping):
        kind, config = value.get("class_name"), value.get("config")
        check_part_of_keras(value)
        if kind == "function" and isinstance(config, str):
            return activation_of(config)
        return layer_activation(kind, config)
    if not isinstance(value, str) or value not in _FUNCTIONS:
        raise FileError(f"nnviz has no activation {quoted(value)}; it has {', '.join(_FUNCTIONS)}")
    return _FUNCTIONS[value]


def layer_activation(kind: object, config: object) -> str:
    """Return nnviz's name for the activation that a layer of class `kind` applies. Raises FileError."""
    if not isinstance(kind, str) or kind not in ACTIVATION_LAYERS or not isinstance(config, Mapping):
        raise FileError(f"nnviz has no activation {quoted(kind)}")
    if kind == "Activation":
        return activation_of(config.get("activation"))
    name = _ACTIVATIONS[kind]
    if name == "softmax" and config.get("axis", -1) not in (-1, 1):
        raise FileError("this softmax is computed along another axis than the outputs of a row")
    if name == "gelu" and config.get("approximate", True):
        raise FileError("this gelu uses the tanh approximation; nnviz's gelu uses erf")
    if kind == "ReLU" and (config.get("max_value") is not None or (config.get("threshold") or 0) != 0):
        raise FileError("this relu has a maximum or a threshold; nnviz's relu has neither")
    is_relu = kind in ("ReLU", f"{OPERATION}Relu")
    base = ACTIVATIONS["leaky_relu" if is_relu else name.partition("(")[0]]
    for key, value in base.notation.keras.constants.items():
        if config.get(key, value) != value:
            raise FileError(f"nnviz has {base.name} only with {key} {full(value)}")
    old = () if is_relu or not base.parameter else ("alpha",)  # in Keras 1 and 2
    given = next((config[key] for key in (base.notation.keras.parameter, *old) if key in config), None)
    if given is None or (is_relu and not given):
        return name
    if not dense.is_number(given, _LARGEST):
        raise FileError(f"expected a number as the parameter of {base.name}, found {quoted(given)}")
    with as_file_errors():
        return activation(f"{base.name}({full(dense.shortest_decimal(float(given)))})").name


def check_part_of_keras(part: Mapping[str, Any]) -> None:
    """Raise FileError if a class or function is not part of Keras: nnviz runs no code from a file."""
    kind, module, registered = (part.get(key) for key in ("class_name", "module", "registered_name"))
    if module is None:  # Keras 3 gives no module for a class of the script that wrote the file
        is_own_module = is_own_name = registered is None
    else:
        is_own_module = isinstance(module, str) and module.partition(".")[0] in KERAS
        is_own_name = registered is None or registered in (kind, part.get("config"))
    if not (is_own_module and is_own_name):
        origin = quoted(registered if module is None or is_own_module else module)
        raise FileError(f"{quoted(kind)} is custom code ({origin}), and nnviz runs no code from a file")


def snake_case(name: str) -> str:
    """Return a class name as Keras writes it in names: "batch_normalization" for BatchNormalization."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


SEQUENTIAL = "Sequential"
FUNCTIONAL = frozenset({"Functional", "Model"})
"""Classes of functional models; Keras 1 and 2 use the name Model."""
DEEPEST = 8
"""Largest number of models nested in one another."""
MOST_LAYERS = 4 * LAYERS.limit
"""Largest number of layers in a file, including the layers that nnviz skips."""

Config = Mapping[str, Any]


class Holder(NamedTuple):
    """A model that contains a layer: the model's name, class, and index in the next outer model."""

    name: str
    kind: str
    place: int


class Part(NamedTuple):
    """A layer: its name, its class, its settings, and the models that contain it, outermost first."""

    name: str
    kind: str
    config: Config
    holders: tuple[Holder, ...]


def model_layers(model: object) -> list[Part]:
    """Return the layers of a model in the order of computation. Raises FileError."""
    layers: list[Part] = []
    for part in _parts(model, (), "the model"):
        try:
            if part.kind not in _LAYERS:
                raise _unknown_layer(part)
            activation_of(part.config.get("activation"))
        except FileError as error:
            raise error.within(part.name) from None
        layers.append(part)
        if len(layers) > MOST_LAYERS:
            raise FileError(f"expected at most {MOST_LAYERS:,} layers")
    return layers


def json_object(value: object, place: str) -> Config:
    """Return `value` if it is a JSON object. Raises FileError for any other value."""
    if not isinstance(value, Mapping):
        raise FileError(f"expected a JSON object, found {quoted(value)}", place)
    return value


def mapping(value: object) -> Config:
    """Return `value` if it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def _layer_list(value: object, place: str) -> list[Any]:
    """Return `value` if it is a list. Raises FileError for any other value."""
    if not isinstance(value, list):
        raise FileError(f"expected a list of layers, found {quoted(value)}", place)
    return value


def _parts(model: object, around: tuple[Holder, ...], place: str) -> Iterator[Part]:
    described = json_object(model, place)
    kind, config = _class_of(described, place), described.get("config")
    if kind == SEQUENTIAL:
        # The config is the list of layers until Keras 2.2.2.
        layers = config if isinstance(config, list) else json_object(config, place).get("layers")
    elif kind in FUNCTIONAL:
        layers = _sort_layers(json_object(config, place), place)
    else:
        raise FileError(f"nnviz opens Sequential and functional models, not {quoted(kind)}", place)
    for k, layer in enumerate(_layer_list(layers, place)):
        inner = json_object(layer, f"{place}, layer {k}")
        name = name_of(inner, f"layer {k}")
        layer_kind = _class_of(inner, name)
        if layer_kind == SEQUENTIAL or layer_kind in FUNCTIONAL:
            if len(around) == DEEPEST:
                raise FileError("the models are nested too deeply", name)
            yield from _parts(inner, (*around, Holder(name, layer_kind, k)), name)
        else:
            yield Part(name, layer_kind, json_object(inner.get("config"), name), around)


def _class_of(part: Config, place: str) -> str:
    kind = part.get("class_name")
    if not isinstance(kind, str):
        raise FileError("expected the name of a class", place)
    try:
        check_part_of_keras(part)
    except FileError as error:
        raise error.within(place) from None
    return OPERATION + kind if str(part.get("module")).startswith("keras.src.ops.") else kind


def name_of(layer: Config, default: str) -> str:
    """Return the name of a layer, or `default` if it has none."""
    names = (layer.get("name"), mapping(layer.get("config")).get("name"), default)
    return next(name for name in names if isinstance(name, str))


def _sort_layers(config: Config, place: str) -> list[Config]:
    """Return the layers of a functional model, from its one input to its one output."""
    layers = _layer_list(config.get("layers"), place)
    by_name = {name_of(json_object(layer, place), f"layer {k}"): layer for k, layer in enumerate(layers)}
    if len(by_name) < len(layers):
        raise FileError("two layers of this model have the same name", place)
    ends = ("input_layers", "output_layers")
    first, at = (_only_reference(config.get(key), f"{place}, {key}") for key in ends)
    chain: list[Config] = []
    while len(chain) < len(layers):
        if at not in by_name:
            raise FileError(f"the model has no layer {quoted(at)}", place)
        chain.append(by_name[at])
        if at == first:
            break
        at = _only_reference(by_name[at].get("inbound_nodes"), at)
    if at != first or len(chain) < len(layers):
        raise FileError("this model branches; nnviz opens only chains of layers", place)
    return chain[::-1]


def _only_reference(value: object, place: str) -> str:
    """Return the name of the only layer to which a JSON value refers. Raises FileError for others."""
    names = [*_references(value, place)]
    if len(names) != 1:
        message = f"expected one input and one output, found {len(names)}; nnviz opens only a chain of layers"
        raise FileError(message, place)
    return names[0]


def _references(value: object, place: str) -> Iterator[str]:
    """Yield the layer in each reference, such as `["dense", 0, 0]`, in a JSON value of any Keras version.

    Raises FileError if the value holds anything else that could change what a layer computes.
    """
    match value:
        case [str(name), int(), 0, *inner]:
            yield name
        case {"config": {"keras_history": history}}:
            inner = [history]
        case list(inner):
            pass
        case None | False | str():
            inner = []
        case True:
            raise FileError("this layer is called with training=True, where layers can be random", place)
        case Mapping():
            inner = [*value.values()]
        case _:
            raise FileError(f"this layer is called with the constant {quoted(value)}", place)
    for each in inner:
        yield from _references(each, place)


TRAINING_LAYERS = {"Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization"}
"""Layers that do not change a prediction."""
_LEAST_DEVIATION = 1e-7
"""Least deviation in a Normalization layer: Keras' epsilon."""
_EPSILON = 1e-3
"""Number that BatchNormalization adds to the variance by default."""
_MOST_AXES = 32
"""Axes of a row; a picture has three."""
_SHAPES = ("batch_shape", "batch_input_shape", "input_shape", "shape")
_WITH_ROWS = _SHAPES[:2]
"""Shapes that begin with the number of rows."""


@dataclass
class KerasChain:
    """Builds the chain of a model, layer by layer.

    `shape` is the shape of a row at this place, with 0 for an unknown size; None if it is unknown.
    """

    chain: Chain
    shape: tuple[int, ...] | None = None

    def scale(self, scale: Array, shift: Array, part: Part) -> None:
        """Add a layer that computes `scale` · x + `shift`."""
        affine, width = Affine(scale, shift if shift.any() else None), math.prod(self.shape or (0,))
        if affine.size != 1 and width not in (0, affine.size):
            raise FileError(f"expected {counted(width, 'number')} for each row, found {affine.size}")
        self.chain.affine(affine, [part.name])


def _dense(built: KerasChain, part: Part, arrays: Sequence[NDArray[Any]]) -> None:
    """Add a layer with a kernel, shape (inputs, nodes), and biases, if any."""
    nodes = part.config.get("units", part.config.get("output_dim"))
    has_biases = part.config.get("use_bias", part.config.get("bias", True))
    if isinstance(nodes, bool) or not isinstance(nodes, int) or not 0 < nodes <= NODES.limit:
        raise FileError(f"expected 1 to {NODES.limit:,} nodes, found {quoted(nodes)}")
    if not isinstance(has_biases, bool):
        raise FileError(f"expected true or false, found {quoted(has_biases)}", "use_bias")
    if len(built.shape or (0,)) != 1:
        raise FileError(f"a row of inputs has {len(built.shape or ())} axes; nnviz's rows have one axis")
    _check_count(arrays, 1 + has_biases)
    kernel, biases = arrays[0], arrays[1] if has_biases else None
    if kernel.ndim != 2 or kernel.shape[1] != nodes:
        raise FileError(f"expected a kernel of shape (inputs, {nodes}), found {kernel.shape}")
    if biases is not None and biases.shape != (nodes,):
        raise FileError(f"expected biases of shape ({nodes},), found {biases.shape}")
    inputs = (built.shape or (0,))[0]
    if inputs not in (0, len(kernel)):
        raise FileError(f"expected weights for {counted(inputs, 'input')}, found weights for {len(kernel)}")
    activation = activation_of(part.config.get("activation"))
    built.chain.dense(Dense(np.ascontiguousarray(kernel.T), biases, activation, part.name))
    built.shape = (nodes,)


def _check_count(arrays: Sequence[NDArray[Any]], expected: int) -> None:
    if len(arrays) != expected:
        raise FileError(f"expected {counted(expected, 'array')} of weights, found {len(arrays)}")


def _flatten(built: KerasChain, part: Part, _arrays: Sequence[NDArray[Any]]) -> None:
    target = part.config.get("target_shape")
    if part.kind == "Reshape" and not (isinstance(target, list) and len(target) == 1):
        raise _unknown_layer(part)
    if len(built.shape or ()) > 1 and part.config.get("data_format") not in (None, "channels_last"):
        raise FileError("this layer puts the channels of a picture first, which nnviz does not support")
    built.shape = built.shape and (math.prod(built.shape),)


def _activation(built: KerasChain, part: Part, _arrays: Sequence[NDArray[Any]]) -> None:
    built.chain.activation(layer_activation(part.kind, part.config), "")


def _rescaling(built: KerasChain, part: Part, _arrays: Sequence[NDArray[Any]]) -> None:
    scale, offset = (part.config.get(key, default) for key, default in (("scale", 1.0), ("offset", 0.0)))
    for number in (scale, offset):
        if not dense.is_number(number):
            raise FileError(f"expected one number for all inputs, found {quoted(number)}")
    built.scale(np.array([scale], np.float64), np.array([offset], np.float64), part)


def _normalization(built: KerasChain, part: Part, arrays: Sequence[NDArray[Any]]) -> None:
    _check_last_axis(built, part)
    if part.config.get("mean") is not None:
        mean, variance = (_numbers(part.config, key) for key in ("mean", "variance"))
    else:
        _check_count(arrays, 2)
        mean, variance = (np.atleast_1d(array).astype(np.float64) for array in arrays)
    _check_variance(variance, mean)
    deviation = np.maximum(np.sqrt(variance), _LEAST_DEVIATION)
    if part.config.get("invert") is True:
        built.scale(deviation, mean, part)
    else:
        built.scale(1 / deviation, -mean / deviation, part)


def _batch_normalization(built: KerasChain, part: Part, arrays: Sequence[NDArray[Any]]) -> None:
    _check_last_axis(built, part)
    epsilon = part.config.get("epsilon", _EPSILON)
    if not dense.is_number(epsilon) or epsilon < 0:
        raise FileError(f"expected a number of at least 0, found {quoted(epsilon)}", "epsilon")
    has_factor, has_shift = (part.config.get(key, True) is not False for key in ("scale", "center"))
    _check_count(arrays, has_factor + has_shift + 2)
    *others, mean, variance = (array.astype(np.float64) for array in arrays)
    _check_variance(variance, mean, *others)
    scale = (others[0] if has_factor else 1.0) / np.sqrt(variance + epsilon)
    built.scale(scale, (others[-1] if has_shift else 0.0) - mean * scale, part)


def _check_last_axis(built: KerasChain, part: Part) -> None:
    """Raise FileError unless a layer standardises each number of a row."""
    axis = part.config.get("axis", -1)
    is_last = (axis if isinstance(axis, list) else [axis]) in ([-1], [1], [], [None])
    if len(built.shape or (0,)) != 1 or not is_last:
        raise FileError("this layer standardises rows with several axes; nnviz's rows have one axis")


def _check_variance(variance: Array, *others: Array) -> None:
    if variance.ndim != 1 or any(each.shape != variance.shape for each in others):
        shapes = list_text([str(each.shape) for each in (*others, variance)])
        raise FileError(f"expected a mean and a variance for each input, found the shapes {shapes}")
    if (variance < 0).any():
        raise FileError("expected variances of at least 0")


def _numbers(config: Config, key: str) -> Array:
    """Return a number or a list of numbers as an array, shape (numbers,). Raises FileError."""
    found: Any = config.get(key)
    with as_file_errors():
        numbers = frozen(found, key)
    if not numbers.size or numbers.size > max(numbers.shape, default=1):
        raise FileError("expected one number for each input", key)
    return numbers.reshape(-1)


def _nothing(_built: KerasChain, _part: Part, _arrays: Sequence[NDArray[Any]]) -> None:
    """Add nothing: the layer does not change a prediction."""


_LAYERS: dict[str, Callable[[KerasChain, Part, Sequence[NDArray[Any]]], None]] = {
    **dict.fromkeys((*TRAINING_LAYERS, "InputLayer", "Identity"), _nothing),
    **dict.fromkeys(ACTIVATION_LAYERS, _activation),
    "Dense": _dense,
    **dict.fromkeys(("Flatten", "Reshape"), _flatten),
    "Rescaling": _rescaling,
    "Normalization": _normalization,
    "BatchNormalization": _batch_normalization,
}
"""For each class of layers, the function that adds a layer with its arrays to the chain."""


def _unknown_layer(part: Part) -> FileError:
    if part.kind == "Lambda":
        return FileError("this Lambda layer contains code, and nnviz runs no code from a file")
    return FileError(f"nnviz opens only chains of Dense layers, without {quoted(part.kind)} layers")


def most_arrays(part: Part) -> int:
    """Return how many arrays of a layer nnviz reads; 0 if the layer has none in the file."""
    if part.kind == "Normalization":  # its third array is a count of rows
        return 2 if part.config.get("mean") is None else 0
    return 4 if part.kind in ("Dense", "BatchNormalization") else 0


def chain_of(parts: Sequence[Part], arrays: Mapping[int, Sequence[NDArray[Any]]]) -> Chain:
    """Return the chain of a model; `arrays` maps `id(part)` to the arrays of a layer. Raises FileError."""
    built = KerasChain(Chain([]))
    for part in parts:
        try:
            built.shape = built.shape or _shape(part.config)
            _LAYERS[part.kind](built, part, arrays.get(id(part), ())[: most_arrays(part)])
        except FileError as error:
            raise error.within(part.name) from None
    built.chain.finish()
    return built.chain


def training_notes(parts: Sequence[Part]) -> list[str]:
    """Return a note for each class of layers that is left out because it acts only in training."""
    kinds = dict.fromkeys(part.kind for part in parts if part.kind in TRAINING_LAYERS)
    return [f"{kind} was left out, as it acts only in training" for kind in kinds]


def _shape(config: Config) -> tuple[int, ...] | None:
    """Return the shape of a row, or None if the layer does not declare it."""
    for key in _SHAPES:
        found = config.get(key)
        if isinstance(found, list):
            sides = found[1:] if key in _WITH_ROWS else found
            if len(sides) > _MOST_AXES:  # before they are multiplied
                raise FileError(f"expected rows with at most {_MOST_AXES} axes, found {len(sides):,}")
            return tuple(side if type(side) is int and side > 0 else 0 for side in sides)
    width = config.get("input_dim")
    return (width,) if type(width) is int and width > 0 else None


_OLDEST = re.compile(r"_[Wb](?::.*)?$", re.DOTALL)
"""Suffix that Keras 1 adds to a layer's name."""
_GROUPS = ("layers", "_layer_checkpoint_dependencies")


class Hdf5(msgspec.Struct, frozen=True):
    """The contents of an HDF5 file by path, such as `layers/dense/vars/0`; the path of the root is empty.

    `attributes` maps the path of a group to a dictionary: name of the attribute → a text or a list of texts.
    `arrays` maps the path of a dataset to a float64 array of its real numbers. `unread` maps the path of a
    dataset of integers to the type of the integers, such as "int8".
    """

    attributes: dict[str, dict[str, str | list[str]]]
    unread: dict[str, str]
    arrays: dict[str, Any] = {}

    def texts(self, path: str, name: str) -> list[str] | None:
        """Return the texts in an attribute of the group at `path`, or None if the attribute is missing.

        Keras divides a long list among several attributes, such as name0 and name1. This method joins the
        parts.
        """
        found = self.attributes.get(path, {})
        parts = [found[key] for key in (name, *(f"{name}{k}" for k in range(len(found)))) if key in found]
        texts = [text for part in parts for text in ([part] if isinstance(part, str) else part)]
        return texts if parts else None

    def text(self, path: str, name: str) -> str:
        """Return the text in an attribute of the group at `path`, or "" if the attribute is missing."""
        found = self.attributes.get(path, {}).get(name, "")
        return found if isinstance(found, str) else ""


def read_hdf5(data: bytes, progress: Progress | None = None) -> Hdf5:
    """Return the texts and real numbers in an HDF5 file, read in the sandbox. Raises FileError."""
    found, arrays = sandbox.call("nnviz.files.models.hdf5", data, Hdf5, "HDF5 data", progress)
    return msgspec.structs.replace(found, arrays=arrays)


def stored_chain(parts: Sequence[Part], file: Hdf5) -> Chain:
    """Return the chain of a model's dense layers with their weights from a file.

    Raises FileError if weights are missing or do not fit.
    """
    root = next((path for path in ("", "model_weights") if file.texts(path, "layer_names") is not None), None)
    stored = [part for part in parts if most_arrays(part)]
    return chain_of(parts, _Keras3(file).arrays(stored) if root is None else _old_arrays(stored, file, root))


def group_by_layer(weights: Iterable[str]) -> dict[str, list[str]]:
    """Return the weight names of each layer: `dense_1/kernel:0` and `dense_1_W:0` belong to `dense_1`."""
    groups: dict[str, list[str]] = {}
    for weight in weights:
        before, slash, last = weight.rpartition("/")
        layer = before.rpartition("/")[2] if slash else _OLDEST.sub("", last)
        groups.setdefault(layer, []).append(weight)
    return groups


def _old_arrays(steps: Sequence[Part], file: Hdf5, root: str) -> dict[int, list[Array]]:
    """Return the arrays of each layer by its id, in the old layout, in which Keras goes by their order."""
    groups = [list(group) for _, group in groupby(steps, lambda step: step.holders[:1] or id(step))]
    names = file.texts(root, "layer_names") or []
    weights = {name: file.texts(_path(root, name), "weight_names") or [] for name in names}
    with_weights = [name for name in names if weights[name]]
    if len(with_weights) != len(groups):
        count = counted(len(groups), "layer")
        raise FileError(f"expected weights for {count}, found weights for {len(with_weights)}")
    arrays: dict[int, list[Array]] = {}
    for name, group in zip(with_weights, groups, strict=True):
        paths = {weight: _path(root, name, weight) for weight in weights[name]}
        layers = group_by_layer(paths)
        for step in group:
            found = list(layers.get(step.name, ()) if step.holders else paths)[: most_arrays(step)]
            arrays[id(step)] = [_array(file, paths[weight], step.name) for weight in found]
    return arrays


class _Keras3:
    """The weights of a file in the layout of Keras 3."""

    def __init__(self, file: Hdf5) -> None:
        self._file = file
        self._members: dict[str, dict[str, None]] = {}
        for path in (*file.arrays, *file.unread):
            for slash in re.finditer("/", path):
                parent, _, name = path[: slash.start()].rpartition("/")
                self._members.setdefault(parent, {})[name] = None

    def arrays(self, steps: Sequence[Part], root: str = "", depth: int = 0) -> dict[int, list[Array]]:
        """Return each layer's arrays by `id(layer)`. `root` is a model's group, `depth` its nesting level."""
        layers = next((each for each in _GROUPS if each in self._members.get(root, {})), _GROUPS[0])
        parent = _path(root, layers)
        arrays: dict[int, list[Array]] = {}
        for kind in dict.fromkeys(step.kind for step in steps):
            here = [step for step in steps if step.kind == kind and len(step.holders) == depth]
            paths = self._groups(parent, kind, len(here))
            arrays |= {id(step): self._arrays(step, path) for step, path in zip(here, paths, strict=True)}
        inner = groupby(steps, lambda step: step.holders[depth : depth + 1])
        models = [(holder[0].kind, list(group)) for holder, group in inner if holder]
        for kind in dict.fromkeys(kind for kind, _ in models):
            same_kind = [group for other, group in models if other == kind]
            for group, path in zip(same_kind, self._groups(parent, kind, len(same_kind)), strict=True):
                arrays |= self.arrays(group, path, depth + 1)
        return arrays

    def _groups(self, parent: str, kind: str, count: int) -> list[str]:
        """Return the groups of `count` layers of a class by number: `dense`, `dense_1`, or with gaps."""
        if not count:
            return []
        pattern = re.compile(snake_case(kind) + r"(?:_(\d{1,6}))?")
        numbers = {
            name: int(match[1] or 0)
            for name in self._members.get(parent, {})
            if (match := pattern.fullmatch(name))
        }
        if len(numbers) != count:
            layers = counted(count, f"{kind} layer")
            raise FileError(f"expected weights for {layers}, found weights for {len(numbers)}", parent)
        return [_path(parent, name) for name in sorted(numbers, key=lambda name: numbers[name])]

    def _arrays(self, part: Part, path: str) -> list[Array]:
        names = (f"{path}/vars/{k}" for k in range(most_arrays(part)))
        found = takewhile(lambda name: name in self._file.arrays or name in self._file.unread, names)
        return [_array(self._file, name, part.name) for name in found]


def _array(file: Hdf5, path: str, place: str) -> Array:
    if path in file.unread:
        raise FileError(f"the weights are {file.unread[path]}; nnviz does not open quantised weights", place)
    if path not in file.arrays:
        raise FileError(f"the HDF5 data has no {quoted(path)}", place)
    array: Array = file.arrays[path]
    return array


def _path(*parts: str) -> str:
    return "/".join(part for part in parts if part)
