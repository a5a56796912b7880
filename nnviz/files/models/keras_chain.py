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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import ACTIVATIONS, Activation, Array, activation
from nnviz.core.numbers import LAYERS, NODES, counted, full, quoted
from nnviz.files.errors import FileError, Progress, as_file_errors
from nnviz.files.models import dense, sandbox
from nnviz.files.models.dense import Dense

KERAS = frozenset({"keras", "tf_keras", "tensorflow"})
"""Python packages whose classes belong to Keras."""

_FUNCTIONS = {
    **{
        each.notation.keras.name: name
        for name, each in ACTIVATIONS.items()
        if not each.notation.keras.parameter
    },
    "elu": "elu",
    "leaky_relu": "leaky_relu(0.2)",
    "swish": "silu",
}
OPERATION = "ops."
"""Prefix of class names that stand for calls of Keras functions: `ops.Relu` stands for `keras.ops.relu`."""
_ACTIVATIONS = {
    "ReLU": "relu",
    "Softmax": "softmax",
    **{each.notation.keras.name: name for name, each in ACTIVATIONS.items() if each.notation.keras.parameter},
    "LeakyReLU": "leaky_relu(0.3)",
    **{OPERATION + key.title().replace("_", ""): name for key, name in _FUNCTIONS.items()},
}
"""nnviz's activation for each layer and function that applies an activation, with its default parameter."""
_PARAMETERS = {"ReLU": ("negative_slope",), "LeakyReLU": ("negative_slope", "alpha"), "ELU": ("alpha",)}
"""Settings that hold the parameter of an activation layer; Keras 1 and 2 have other names than Keras 3."""
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
        return (
            activation_of(config)
            if kind == "function" and isinstance(config, str)
            else layer_activation(kind, config)
        )
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
    is_operation = kind.startswith(OPERATION)
    keys = ("negative_slope", "alpha") if is_operation else _PARAMETERS.get(kind, ())
    given = [config[key] for key in keys if key in config]
    if not given or (given[0] is None and is_operation) or (kind == "ReLU" and not given[0]):
        return name
    base = "leaky_relu" if kind == "ReLU" else name.partition("(")[0]
    return _with_parameter(ACTIVATIONS[base], given[0])


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


def _with_parameter(base: Activation, value: object) -> str:
    """Return an activation's name with its parameter, which Keras 1 and 2 wrote as a 32-bit float."""
    if not dense.is_number(value, _LARGEST):
        raise FileError(f"expected a number as the parameter of {base.name}, found {quoted(value)}")
    with as_file_errors():
        return activation(f"{base.name}({full(dense.shortest_decimal(float(value)))})").name


def keras_activation(name: str) -> tuple[str, dict[str, float]]:
    """Return (Keras' name of an activation, its parameter as a dictionary); {} stands for no parameter.

    Raises FileError if Keras does not have the activation.
    """
    keras = activation(name).notation.keras
    dense.check_has("Keras", name, keras)
    return keras.name, {keras.parameter: keras.value} if keras.parameter else {}


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
        layers.append(part)
        if len(layers) > MOST_LAYERS:
            raise FileError(f"expected at most {MOST_LAYERS:,} layers")
    return layers


def json_object(value: object, place: str) -> Config:
    """Return `value` if it is a JSON object. Raises FileError for any other value."""
    if not isinstance(value, Mapping):
        raise FileError(f"expected a JSON object, found {quoted(value)}", place)
    return value


def json_list(value: object, place: str, what: str = "a list") -> list[Any]:
    """Return `value` if it is a list. Raises FileError for any other value."""
    if not isinstance(value, list):
        raise FileError(f"expected {what}, found {quoted(value)}", place)
    return value


def _parts(model: object, around: tuple[Holder, ...], place: str) -> Iterator[Part]:
    described = json_object(model, place)
    kind, config = _class_of(described, place), described.get("config")
    if kind == SEQUENTIAL:
        is_old = isinstance(config, list)  # until Keras 2.2.2
        layers = config if is_old else json_object(config, place).get("layers")
    elif kind in FUNCTIONAL:
        layers = _sort_layers(json_object(config, place), place)
    else:
        raise FileError(f"nnviz opens Sequential and functional models, not {quoted(kind)}", place)
    for k, layer in enumerate(json_list(layers, place, "a list of layers")):
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
    config = layer.get("config")
    names = (layer.get("name"), config.get("name") if isinstance(config, Mapping) else None, default)
    return next(name for name in names if isinstance(name, str))


def _sort_layers(config: Config, place: str) -> list[Config]:
    """Return the layers of a functional model, from its one input to its one output."""
    layers = json_list(config.get("layers"), place, "a list of layers")
    by_name = {name_of(json_object(layer, place), f"layer {k}"): layer for k, layer in enumerate(layers)}
    if len(by_name) < len(layers):
        raise FileError("two layers of this model have the same name", place)
    first, at = (_layer_of(config.get(key), f"{place}, {key}") for key in ("input_layers", "output_layers"))
    chain: list[Config] = []
    while len(chain) < len(layers):
        if at not in by_name:
            raise FileError(f"the model has no layer {quoted(at)}", place)
        chain.append(by_name[at])
        if at == first:
            break
        at = _previous(by_name[at], at)
    if at != first or len(chain) < len(layers):
        raise FileError("this model branches; nnviz opens only chains of layers", place)
    return chain[::-1]


def _previous(layer: Config, name: str) -> str:
    """Return the name of the only layer that feeds this one. Raises FileError for several."""
    nodes = layer.get("inbound_nodes")
    if not isinstance(nodes, list) or len(nodes) != 1:
        raise FileError("this layer is used twice or has no input; nnviz opens only chains of layers", name)
    node = nodes[0]
    if isinstance(node, Mapping):  # Keras 3
        arguments, keywords = node.get("args"), node.get("kwargs")
        _check_settings(keywords, name)
        tensor = arguments[0] if isinstance(arguments, list) and len(arguments) == 1 else None
        settings = tensor.get("config") if isinstance(tensor, Mapping) else None
        return _layer_of(settings.get("keras_history") if isinstance(settings, Mapping) else None, name)
    return _layer_of(node, name)


def _layer_of(reference: object, place: str) -> str:
    """Return the layer that a reference such as `["dense", 0, 0]` or `[["dense", 0, 0]]` means."""
    found = reference
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if (
        not isinstance(found, list)
        or not 3 <= len(found) <= 4
        or not isinstance(found[0], str)
        or found[2] != 0
    ):
        raise FileError("expected one input and one output; nnviz opens only a chain of layers", place)
    if len(found) == 4:
        _check_settings(found[3], place)
    return found[0]


def _check_settings(keywords: object, place: str) -> None:
    """Raise FileError unless all settings of a call are plain values and `training` is off."""
    plain = (type(None), bool, int, float, str)
    settings = json_object(keywords, place) if keywords else {}
    if not all(isinstance(value, plain) for value in settings.values()):
        raise FileError("this layer has more than one input; nnviz opens only chains of layers", place)
    if settings.get("training"):
        raise FileError("this layer is called with training=True, where layers can be random", place)


TRAINING_LAYERS = frozenset(
    {"Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization"}
)
SKIPPED_LAYERS = TRAINING_LAYERS | {"InputLayer", "Identity"}
"""Layers that do not change a prediction."""
_LEAST_DEVIATION = 1e-7
"""Least deviation in a Normalization layer: Keras' epsilon."""
_MOST_AXES = 32
"""Axes of a row; a picture has three."""
_SHAPES = ("batch_shape", "batch_input_shape", "input_shape", "shape")
_WITH_ROWS = _SHAPES[:2]
"""Shapes that begin with the number of rows."""


@dataclass
class StoredLayer:
    """A layer that may have arrays in the file: its name, its class, and the models that contain it."""

    name: str
    kind: str
    holders: tuple[Holder, ...]


@dataclass
class DenseStep(StoredLayer):
    """A dense layer of the architecture, without its weights."""

    nodes: int
    has_biases: bool
    activation: str


@dataclass
class KerasScaling(StoredLayer):
    """A layer that computes `scale`·x + `offset`; both have shape (1,) or (inputs,).

    `scale` and `offset` are None if the mean and variance are stored with the weights. `is_inverse` is true
    if the layer undoes a standardisation.
    """

    scale: Array | None = None
    offset: Array | None = None
    is_inverse: bool = False

    def scale_and_offset(self, mean: Array, variance: Array) -> tuple[Array, Array]:
        """Return the scale and offset of a Normalization layer. Raises FileError."""
        if mean.shape != variance.shape or mean.ndim != 1:
            shapes = f"{mean.shape} and {variance.shape}"
            raise FileError(f"expected a mean and a variance for each input, found the shapes {shapes}")
        if (variance < 0).any():
            raise FileError("expected variances of at least 0")
        deviation = np.maximum(np.sqrt(variance), _LEAST_DEVIATION)
        return (deviation, mean) if self.is_inverse else (1 / deviation, -mean / deviation)


@dataclass
class KerasChain:
    """The dense layers of a model, and the scaling of the model's inputs.

    `inputs` is the number of inputs that the model declares, or None. A row passes through all `scalings`
    before the first layer. `take` raises FileError for a layer that it cannot add.
    """

    steps: list[DenseStep] = field(default_factory=list)
    inputs: int | None = None
    scalings: list[KerasScaling] = field(default_factory=list)

    @property
    def stored_layers(self) -> list[StoredLayer]:
        """The layers that have arrays in the file, in the model's order."""
        return [*(each for each in self.scalings if each.scale is None), *self.steps]

    def take(self, part: Part, shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """Add the next layer and return the shape of its output rows, or None if the shape is unknown.

        `shape` is the shape of the layer's input rows, or None.
        """
        if part.kind == "Flatten" or _makes_one_axis(part):
            return _flatten(shape, part.config)
        if part.kind == "Dense":
            if not self.steps:
                self.inputs = _inputs(shape)
            self.steps.append(_step(part))
            return (self.steps[-1].nodes,)
        if part.kind in ACTIVATION_LAYERS:
            self._activate(layer_activation(part.kind, part.config))
        elif part.kind == "Rescaling":
            self._rescale(part)
        elif part.kind == "Normalization" and not self.steps:
            self.scalings.append(_normalization(part, shape))
        elif part.kind not in SKIPPED_LAYERS:
            raise _unknown_layer(part)
        return shape

    def _activate(self, activation: str) -> None:
        """Move the activation of a separate layer to the dense layer before it."""
        if activation == "identity":
            return
        if not self.steps:
            raise FileError("nnviz does not support an activation before the first dense layer")
        if self.steps[-1].activation != "identity":
            first = self.steps[-1].activation
            raise FileError(f"this activation follows {first}; a layer in nnviz has only one activation")
        self.steps[-1].activation = activation

    def _rescale(self, part: Part) -> None:
        scale, offset = (part.config.get(key, default) for key, default in (("scale", 1.0), ("offset", 0.0)))
        for number in (scale, offset):
            if not dense.is_number(number):
                raise FileError(f"expected one number for all inputs, found {quoted(number)}")
        if self.steps:
            raise FileError("nnviz supports scaling only before the first dense layer")
        both = np.array([[scale], [offset]], dtype=np.float64)
        self.scalings.append(KerasScaling(part.name, part.kind, part.holders, *both))


def chain_of(parts: Sequence[Part], notes: list[str]) -> KerasChain:
    """Return the dense layers of a model. Raises FileError.

    Adds a note to `notes` for each class of layers that is left out because it acts only in training.
    """
    chain = KerasChain()
    shape: tuple[int, ...] | None = None
    for part in parts:
        try:
            shape = chain.take(part, shape or _shape(part.config))
        except FileError as error:
            raise error.within(part.name) from None
    if not chain.steps:
        raise FileError("the model has no dense layer")
    with as_file_errors():
        LAYERS.check(len(chain.steps))
    kinds = dict.fromkeys(part.kind for part in parts if part.kind in TRAINING_LAYERS)
    notes += [f"{kind} was left out, as it acts only in training" for kind in kinds]
    return chain


def _step(part: Part) -> DenseStep:
    nodes = part.config.get("units", part.config.get("output_dim"))
    has_biases = part.config.get("use_bias", part.config.get("bias", True))
    if isinstance(nodes, bool) or not isinstance(nodes, int) or not 0 < nodes <= NODES.limit:
        raise FileError(f"expected 1 to {NODES.limit:,} nodes, found {quoted(nodes)}")
    if not isinstance(has_biases, bool):
        raise FileError(f"expected true or false, found {quoted(has_biases)}", "use_bias")
    activation = activation_of(part.config.get("activation"))
    return DenseStep(part.name, part.kind, part.holders, nodes, has_biases, activation)


def _normalization(part: Part, shape: tuple[int, ...] | None) -> KerasScaling:
    """Return the scaling of a Normalization layer for rows of this shape. Raises FileError."""
    config = part.config
    axis = config.get("axis", -1)
    if len(shape or (0,)) != 1 or (axis if isinstance(axis, list) else [axis]) not in ([-1], [1], [], [None]):
        raise FileError("this layer standardises rows with several axes; nnviz's rows have one axis")
    scaling = KerasScaling(part.name, part.kind, part.holders, is_inverse=config.get("invert") is True)
    if config.get("mean") is not None:
        mean, variance = (_numbers(config, key) for key in ("mean", "variance"))
        scaling.scale, scaling.offset = scaling.scale_and_offset(mean, variance)
    return scaling


def _numbers(config: Config, key: str) -> Array:
    """Return a number or a list of numbers as an array, shape (numbers,). Raises FileError."""
    found = config.get(key)
    while isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    numbers = found if isinstance(found, list) else [found]
    if not 0 < len(numbers) <= NODES.limit or not all(map(dense.is_number, numbers)):
        raise FileError(f"expected one number for each input, found {quoted(found)}", key)
    return np.array(numbers, dtype=np.float64)


def _unknown_layer(part: Part) -> FileError:
    if part.kind == "Lambda":
        return FileError("this Lambda layer contains code, and nnviz runs no code from a file")
    return FileError(f"nnviz opens only chains of Dense layers, without {quoted(part.kind)} layers")


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


def _makes_one_axis(part: Part) -> bool:
    target = part.config.get("target_shape")
    return part.kind == "Reshape" and isinstance(target, list) and len(target) == 1


def _flatten(shape: tuple[int, ...] | None, config: Config) -> tuple[int, ...] | None:
    if shape is None or len(shape) < 2:
        return shape
    if config.get("data_format") not in (None, "channels_last"):
        raise FileError("this layer puts the channels of a picture first, which nnviz does not support")
    return (math.prod(shape),)


def _inputs(shape: tuple[int, ...] | None) -> int | None:
    if shape is not None and len(shape) != 1:
        raise FileError(f"a row of inputs has {len(shape)} axes; nnviz's rows have one axis")
    return (shape[0] or None) if shape else None


_OLDEST = re.compile(r"_[Wb](?::.*)?$", re.DOTALL)
"""Suffix that Keras 1 adds to a layer's name."""
_SCALING_ARRAYS = 2
"""Arrays of a Normalization layer: mean and variance; a third array is a count of rows."""
_LAYERS = ("layers", "_layer_checkpoint_dependencies")


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
        if name in found:
            parts = [found[name]]
        else:
            parts = [found[f"{name}{k}"] for k in range(len(found)) if f"{name}{k}" in found]
        return (
            [text for part in parts for text in ([part] if isinstance(part, str) else part)]
            if parts
            else None
        )

    def text(self, path: str, name: str) -> str:
        """Return the text in an attribute of the group at `path`, or "" if the attribute is missing."""
        found = self.attributes.get(path, {}).get(name, "")
        return found if isinstance(found, str) else ""


def read_hdf5(data: bytes, progress: Progress | None = None) -> Hdf5:
    """Return the texts and real numbers in an HDF5 file, read in the sandbox. Raises FileError."""
    found, arrays = sandbox.call("nnviz.files.models.hdf5", data, Hdf5, "HDF5 data", progress)
    return msgspec.structs.replace(found, arrays=arrays)


def dense_layers(chain: KerasChain, file: Hdf5, notes: list[str]) -> list[Dense]:
    """Return the layers of a chain with their weights from a file.

    Adds a note to `notes` if the scaling of the inputs changes the weights. Raises FileError if weights are
    missing or do not fit.
    """
    root = next((path for path in ("", "model_weights") if file.texts(path, "layer_names") is not None), None)
    layers = chain.stored_layers
    arrays = _Keras3(file).arrays(layers) if root is None else _old_arrays(layers, file, root)
    return with_numbers(chain, arrays, notes)


def with_numbers(
    chain: KerasChain, arrays: Mapping[int, Sequence[NDArray[Any]]], notes: list[str]
) -> list[Dense]:
    """Return the layers of a chain with their weights; `arrays` maps `id(layer)` to the arrays of a layer.

    Adds a note to `notes` if the scaling of the inputs changes the weights. Raises FileError.
    """
    layers = [_dense_layer(step, arrays[id(step)]) for step in chain.steps]
    first, inputs = layers[0], layers[0].weights.shape[1]
    if chain.inputs not in (None, inputs):
        raise FileError(f"the model has {chain.inputs} inputs, but its weights are for {inputs}", first.place)
    for scaling in reversed(chain.scalings):
        layers[0] = _scale_inputs(layers[0], scaling, arrays)
    if layers[0] is not first:
        notes.append("the scaling of the inputs became part of the weights of the first layer")
    return layers


def _scale_inputs(layer: Dense, scaling: KerasScaling, arrays: Mapping[int, Sequence[NDArray[Any]]]) -> Dense:
    """Return a layer that computes from x what `layer` computes from scale·x + offset. Raises FileError."""
    with np.errstate(over="ignore", invalid="ignore"):
        scale, offset = scaling.scale, scaling.offset
        if scale is None or offset is None:
            mean, variance = (
                np.atleast_1d(array).astype(np.float64) for array in arrays[id(scaling)][:_SCALING_ARRAYS]
            )
            try:
                scale, offset = scaling.scale_and_offset(mean, variance)
            except FileError as error:
                raise error.within(scaling.name) from None
        inputs = layer.weights.shape[1]
        if len(scale) not in (1, inputs):
            raise FileError(f"the scaling is for {len(scale)} inputs, the layer for {inputs}", scaling.name)
        weights = layer.weights.astype(np.float64)
        biases = (weights * offset).sum(axis=1) + (0.0 if layer.biases is None else layer.biases)
        has_biases = layer.biases is not None or offset.any()
        return replace(layer, weights=weights * scale, biases=biases if has_biases else None)


def _dense_layer(step: DenseStep, arrays: Sequence[NDArray[Any]]) -> Dense:
    """Return a layer from its kernel, shape (inputs, nodes), and its biases, if any. Raises FileError."""
    expected = 1 + step.has_biases
    if len(arrays) != expected:
        message = f"expected {counted(expected, 'array')} of weights and biases, found {len(arrays)}"
        raise FileError(message, step.name)
    kernel = arrays[0]
    if kernel.ndim != 2 or kernel.shape[1] != step.nodes:
        raise FileError(f"expected a kernel of shape (inputs, {step.nodes}), found {kernel.shape}", step.name)
    biases = arrays[1] if step.has_biases else None
    if biases is not None and biases.shape != (step.nodes,):
        raise FileError(f"expected biases of shape ({step.nodes},), found {biases.shape}", step.name)
    return Dense(np.ascontiguousarray(kernel.T), biases, step.activation, step.name)


def group_by_layer(weights: Iterable[str]) -> dict[str, list[str]]:
    """Return the weight names of each layer: `dense_1/kernel:0` and `dense_1_W:0` belong to `dense_1`."""
    groups: dict[str, list[str]] = {}
    for weight in weights:
        before, slash, last = weight.rpartition("/")
        layer = before.rpartition("/")[2] if slash else _OLDEST.sub("", last)
        groups.setdefault(layer, []).append(weight)
    return groups


def _old_arrays(steps: Sequence[StoredLayer], file: Hdf5, root: str) -> dict[int, list[Array]]:
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
            found = list(layers.get(step.name, ()) if step.holders else paths)
            found = found if isinstance(step, DenseStep) else found[:_SCALING_ARRAYS]
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

    def arrays(self, steps: Sequence[StoredLayer], root: str = "", depth: int = 0) -> dict[int, list[Array]]:
        """Return each layer's arrays by `id(layer)`. `root` is a model's group, `depth` its nesting level."""
        layers = next((each for each in _LAYERS if each in self._members.get(root, {})), _LAYERS[0])
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
        pattern = re.compile(kind.lower() + r"(?:_(\d{1,6}))?")
        numbers = {
            name: int(match[1] or 0)
            for name in self._members.get(parent, {})
            if (match := pattern.fullmatch(name))
        }
        if len(numbers) != count:
            layers = counted(count, f"{kind} layer")
            raise FileError(f"expected weights for {layers}, found weights for {len(numbers)}", parent)
        return [_path(parent, name) for name in sorted(numbers, key=lambda name: numbers[name])]

    def _arrays(self, step: StoredLayer, path: str) -> list[Array]:
        count = 1 + step.has_biases if isinstance(step, DenseStep) else _SCALING_ARRAYS
        return [_array(self._file, f"{path}/vars/{k}", step.name) for k in range(count)]


def _array(file: Hdf5, path: str, place: str) -> Array:
    if path in file.unread:
        raise FileError(f"the weights are {file.unread[path]}; nnviz does not open quantised weights", place)
    if path not in file.arrays:
        raise FileError(f"the HDF5 data has no {quoted(path)}", place)
    array: Array = file.arrays[path]
    return array


def _path(*parts: str) -> str:
    return "/".join(part for part in parts if part)
