"""Keras layers as a chain of dense layers, with their weights.

Sequential models are read, and functional models in which each layer feeds only the next. Nothing in a file
is run; an unknown layer is refused with its name and class. Keras 1 and 2 (and `.h5` of Keras 3) list the
layers and their weights in order. Keras 3 (`.keras`) names a group after the layer's class and counts:
`layers/dense_1/vars/0`; Keras 2.13 writes `_layer_checkpoint_dependencies`, counts in twos, and writes
backslashes on Windows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import ACTIVATIONS, Activation, Array, activation
from nnviz.core.numbers import LAYERS, NODES, counted, full, quoted
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import dense
from nnviz.files.models.dense import Dense
from nnviz.files.models.sandbox import Hdf5

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
ACTIVATION_LAYERS = frozenset({"Activation", "ReLU", "Softmax", *_CLASSES, *_OPERATIONS})
"""Layers that are nothing but an activation, and functions that were called as one."""


def activation_of(given: object) -> str:
    """Return nnviz's name of what stands as a layer's `activation`. Raises FileError."""
    if given is None:
        return "identity"
    if isinstance(given, Mapping):
        kind, config = given.get("class_name"), given.get("config")
        check_own_activation(given)
        return (
            activation_of(config)
            if kind == "function" and isinstance(config, str)
            else layer_activation(kind, config)
        )
    if not isinstance(given, str) or given not in _FUNCTIONS:
        raise FileError(f"nnviz has no activation {quoted(given)}; it has {', '.join(_FUNCTIONS)}")
    return _FUNCTIONS[given]


def layer_activation(kind: object, config: object) -> str:
    """Return nnviz's name of a layer of class `kind` that is an activation. Raises FileError."""
    if not isinstance(kind, str) or kind not in ACTIVATION_LAYERS or not isinstance(config, Mapping):
        raise FileError(f"nnviz has no activation {quoted(kind)}")
    if kind == "Activation":
        return activation_of(config.get("activation"))
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


def check_own_activation(part: Mapping[str, Any]) -> None:
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
    if not dense.is_number(value, _LARGEST):
        raise FileError(f"expected a sane number as the parameter of {usual.name}, found {quoted(value)}")
    with told_by_core():
        return activation(f"{usual.name}({full(dense.shortest(float(value)))})").name


def keras_activation(name: str) -> tuple[str, dict[str, float]]:
    """Return what an activation is in Keras: a function's name, or a layer's class and its parameter."""
    own = activation(name).elsewhere.keras
    return own.name, {own.parameter: own.value} if own.parameter else {}


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
        check_own_activation(part)
    except FileError as error:
        raise error.within(place) from None
    return OPERATION + kind if str(part.get("module")).startswith("keras.src.ops.") else kind


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


IN_TRAINING = frozenset(
    {"Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout", "ActivityRegularization"}
)
PASSED_OVER = IN_TRAINING | {"InputLayer", "Identity"}
"""Layers that change nothing in a prediction."""
_LEAST_DEVIATION = 1e-7
"""Of a Normalization: Keras' epsilon."""
_MOST_AXES = 32
"""Of a row: a picture has three."""
_SHAPES = ("batch_shape", "batch_input_shape", "input_shape", "shape")
_WITH_ROWS = _SHAPES[:2]
"""Those that begin with the number of rows."""


@dataclass
class Stored:
    """A layer whose arrays may stand in the file: its name, its class, and the models that hold it."""

    name: str
    kind: str
    around: tuple[Holder, ...]


@dataclass
class DenseStep(Stored):
    """A dense layer as the architecture has it, and what has to be there."""

    nodes: int
    has_biases: bool
    activation: str


@dataclass
class KerasScaling(Stored):
    """A layer that computes `scale`·x + `offset`, each of shape (1,) or (inputs,).

    Both are None if the file holds mean and variance; `is_inverse` if the layer undoes a standardisation.
    """

    scale: Array | None = None
    offset: Array | None = None
    is_inverse: bool = False

    def by(self, mean: Array, variance: Array) -> tuple[Array, Array]:
        """Return scale and offset of a Normalization by mean and variance. Raises FileError."""
        if mean.shape != variance.shape or mean.ndim != 1:
            found = f"found those of shape {mean.shape} and {variance.shape}"
            raise FileError(f"expected a mean and a variance for each input, {found}")
        if (variance < 0).any():
            raise FileError("expected variances from 0 on")
        deviation = np.maximum(np.sqrt(variance), _LEAST_DEVIATION)
        return (deviation, mean) if self.is_inverse else (1 / deviation, -mean / deviation)


@dataclass
class KerasChain:
    """The dense layers of a model. Raises FileError for what is none.

    `inputs` is the number of inputs that the model declares, or None; a row passes through all `scalings`
    before the first layer.
    """

    steps: list[DenseStep] = field(default_factory=list)
    inputs: int | None = None
    scalings: list[KerasScaling] = field(default_factory=list)

    @property
    def stored(self) -> list[Stored]:
        """The layers whose arrays stand in the file, in the model's order."""
        return [*(each for each in self.scalings if each.scale is None), *self.steps]

    def take(self, part: Part, shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
        """Take the next layer, which is fed rows of this shape, if it is known; return that of its own."""
        if part.kind == "Flatten" or _makes_one_axis(part):
            return _flattened(shape, part.config)
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
        elif part.kind not in PASSED_OVER:
            raise _unknown(part)
        return shape

    def _activate(self, activation: str) -> None:
        """Take an activation that is a layer of its own as that of the dense layer before it."""
        if activation == "identity":
            return
        if not self.steps:
            raise FileError("an activation stands before the first dense layer, where nnviz has none")
        if self.steps[-1].activation != "identity":
            before = self.steps[-1].activation
            raise FileError(f"it follows another activation, {before}; a layer of nnviz's has one")
        self.steps[-1].activation = activation

    def _rescale(self, part: Part) -> None:
        scale, offset = (part.config.get(key, default) for key, default in (("scale", 1.0), ("offset", 0.0)))
        for number in (scale, offset):
            if not dense.is_number(number):
                raise FileError(f"it scales by {quoted(number)}; nnviz takes one number for all inputs")
        if self.steps:
            raise FileError("it scales between dense layers; nnviz takes that before the first one alone")
        both = np.array([[scale], [offset]], dtype=np.float64)
        self.scalings.append(KerasScaling(part.name, part.kind, part.around, *both))


def chain_of(parts: Sequence[Part], told: list[str]) -> KerasChain:
    """Return the dense layers that the layers of a model make; `told` is told what is left out.

    Raises FileError.
    """
    found = KerasChain()
    shape: tuple[int, ...] | None = None
    for part in parts:
        try:
            shape = found.take(part, shape or _shape(part.config))
        except FileError as error:
            raise error.within(part.name) from None
    if not found.steps:
        raise FileError("the model has no dense layer")
    with told_by_core():
        LAYERS.check(len(found.steps))
    kinds = dict.fromkeys(part.kind for part in parts if part.kind in IN_TRAINING)
    told += [f"{kind}, which acts in training alone, is left out" for kind in kinds]
    return found


def _step(part: Part) -> DenseStep:
    nodes = part.config.get("units", part.config.get("output_dim"))
    biased = part.config.get("use_bias", part.config.get("bias", True))
    if isinstance(nodes, bool) or not isinstance(nodes, int) or not 0 < nodes <= NODES.most:
        raise FileError(f"expected from 1 to {NODES.most:,} nodes, found {quoted(nodes)}")
    if not isinstance(biased, bool):
        raise FileError(f"expected true or false, found {quoted(biased)}", "use_bias")
    activation = activation_of(part.config.get("activation"))
    return DenseStep(part.name, part.kind, part.around, nodes, biased, activation)


def _normalization(part: Part, shape: tuple[int, ...] | None) -> KerasScaling:
    """Return what a Normalization does to rows of this shape. Raises FileError."""
    config = part.config
    axis = config.get("axis", -1)
    if len(shape or (0,)) != 1 or (axis if isinstance(axis, list) else [axis]) not in ([-1], [1], [], [None]):
        raise FileError("it standardises rows of several axes; nnviz takes those of one")
    found = KerasScaling(part.name, part.kind, part.around, is_inverse=config.get("invert") is True)
    if config.get("mean") is not None:
        found.scale, found.offset = found.by(_numbers(config, "mean"), _numbers(config, "variance"))
    return found


def _numbers(config: Config, key: str) -> Array:
    """Return a number, or those in a list, which may be in another, shape (numbers,). Raises FileError."""
    found = config.get(key)
    while isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    numbers = found if isinstance(found, list) else [found]
    if not 0 < len(numbers) <= NODES.most or not all(map(dense.is_number, numbers)):
        raise FileError(f"expected numbers, one for each input, found {quoted(found)}", key)
    return np.array(numbers, dtype=np.float64)


def _unknown(part: Part) -> FileError:
    if part.kind == "Lambda":
        return FileError("it is a Lambda layer, which is a program, and nnviz runs no program of a file")
    return FileError(f"it is a layer of the class {quoted(part.kind)}; nnviz opens chains of Dense layers")


def _shape(config: Config) -> tuple[int, ...] | None:
    """Return the shape of a row where a layer says it."""
    for key in _SHAPES:
        found = config.get(key)
        if isinstance(found, list):
            sides = found[1:] if key in _WITH_ROWS else found
            if len(sides) > _MOST_AXES:  # before they are multiplied
                raise FileError(f"expected at most {_MOST_AXES} axes of a row, found {len(sides):,}")
            return tuple(side if type(side) is int and side > 0 else 0 for side in sides)
    width = config.get("input_dim")
    return (width,) if type(width) is int and width > 0 else None


def _makes_one_axis(part: Part) -> bool:
    target = part.config.get("target_shape")
    return part.kind == "Reshape" and isinstance(target, list) and len(target) == 1


def _flattened(shape: tuple[int, ...] | None, config: Config) -> tuple[int, ...] | None:
    if shape is None or len(shape) < 2:
        return shape
    if config.get("data_format") not in (None, "channels_last"):
        raise FileError("it puts the channels of a picture behind one another, which nnviz does not follow")
    return (math.prod(shape),)


def _inputs(shape: tuple[int, ...] | None) -> int | None:
    if shape is not None and len(shape) != 1:
        raise FileError(f"a row of its input has {len(shape)} axes; nnviz's rows have one")
    return (shape[0] or None) if shape else None


_OLDEST = re.compile(r"_[Wb](?::.*)?$", re.DOTALL)
"""What Keras 1 puts behind a layer's name."""
_OF_SCALING = 2
"""Arrays of a Normalization: its mean and its variance; a count of rows stands behind them."""
_LAYERS = ("layers", "_layer_checkpoint_dependencies")


def dense_layers(chain: KerasChain, file: Hdf5, told: list[str]) -> list[Dense]:
    """Return the layers of a chain with the numbers in a file; `told` is told what became of them.

    Raises FileError where they are not there or do not fit.
    """
    old = next((root for root in ("", "model_weights") if file.texts(root, "layer_names") is not None), None)
    found = _Counted(file).of(chain.stored) if old is None else _of_listed(chain.stored, file, old)
    return with_numbers(chain, found, told)


def with_numbers(
    chain: KerasChain, found: Mapping[int, Sequence[NDArray[Any]]], told: list[str]
) -> list[Dense]:
    """Return the layers of a chain with the kernel and biases of each step, by its id. Raises FileError."""
    layers = [_dense(step, found[id(step)]) for step in chain.steps]
    first = layers[0]
    if chain.inputs not in (None, first.weights.shape[1]):
        wish = f"expected weights for the model's {chain.inputs} inputs"
        raise FileError(f"{wish}, found those for {first.weights.shape[1]}", first.place)
    for scaling in reversed(chain.scalings):
        layers[0] = _scaled(layers[0], scaling, found)
    if layers[0] is not first:
        told.append("the scaling of the inputs is worked into the weights of the first layer")
    return layers


def _scaled(layer: Dense, scaling: KerasScaling, found: Mapping[int, Sequence[NDArray[Any]]]) -> Dense:
    """Return a layer that computes of x what `layer` computes of scale·x + offset. Raises FileError."""
    with np.errstate(over="ignore", invalid="ignore"):
        scale, offset = scaling.scale, scaling.offset
        if scale is None or offset is None:
            mean, variance = (
                np.atleast_1d(array).astype(np.float64) for array in found[id(scaling)][:_OF_SCALING]
            )
            try:
                scale, offset = scaling.by(mean, variance)
            except FileError as error:
                raise error.within(scaling.name) from None
        inputs = layer.weights.shape[1]
        if len(scale) not in (1, inputs):
            raise FileError(f"expected {counted(inputs, 'number')}, found {len(scale)}", scaling.name)
        weights = layer.weights.astype(np.float64)
        biases = (weights * offset).sum(axis=1) + (0.0 if layer.biases is None else layer.biases)
        has_biases = layer.biases is not None or offset.any()
        return replace(layer, weights=weights * scale, biases=biases if has_biases else None)


def _dense(step: DenseStep, arrays: Sequence[NDArray[Any]]) -> Dense:
    """Return a layer of a kernel, shape (inputs, nodes), and biases, if it has any. Raises FileError."""
    expected = 1 + step.has_biases
    if len(arrays) != expected:
        wish = "a kernel and biases" if step.has_biases else "a kernel alone"
        raise FileError(f"expected {wish}, found {counted(len(arrays), 'array')}", step.name)
    kernel = arrays[0]
    if kernel.ndim != 2 or kernel.shape[1] != step.nodes:
        raise FileError(f"expected a kernel of shape (inputs, {step.nodes}), found {kernel.shape}", step.name)
    biases = arrays[1] if step.has_biases else None
    if biases is not None and biases.shape != (step.nodes,):
        wish = f"expected {counted(step.nodes, 'number')}, one for each node"
        raise FileError(f"{wish}, found those of shape {biases.shape}", step.name)
    return Dense(np.ascontiguousarray(kernel.T), biases, step.activation, step.name)


def by_layer(weights: Iterable[str]) -> dict[str, list[str]]:
    """Return names such as `dense_1/kernel:0`, `model/dense/bias`, `dense_1_W:0` by their layers' names."""
    found: dict[str, list[str]] = {}
    for weight in weights:
        before, slash, last = weight.rpartition("/")
        layer = before.rpartition("/")[2] if slash else _OLDEST.sub("", last)
        found.setdefault(layer, []).append(weight)
    return found


def _of_listed(steps: Sequence[Stored], file: Hdf5, root: str) -> dict[int, list[Array]]:
    """Return the numbers of each step by its id, in the old layout: in order, as Keras itself takes them."""
    held = [list(group) for _, group in groupby(steps, lambda step: step.around[:1] or id(step))]
    names = file.texts(root, "layer_names") or []
    weights = {name: file.texts(_path(root, name), "weight_names") or [] for name in names}
    filled = [name for name in names if weights[name]]
    if len(filled) != len(held):
        raise FileError(f"expected weights of {counted(len(held), 'layer')}, found those of {len(filled)}")
    found: dict[int, list[Array]] = {}
    for name, group in zip(filled, held, strict=True):
        paths = {weight: _path(root, name, weight) for weight in weights[name]}
        owned = by_layer(paths)
        for step in group:
            own = owned.get(step.name, ()) if step.around else paths
            arrays = list(own) if isinstance(step, DenseStep) else list(own)[:_OF_SCALING]
            found[id(step)] = [_array(file, paths[weight], step.name) for weight in arrays]
    return found


class _Counted:
    """The layout of Keras 3."""

    def __init__(self, file: Hdf5) -> None:
        self._file = file
        self._members: dict[str, dict[str, None]] = {}
        for path in (*file.arrays, *file.others):
            for slash in re.finditer("/", path):
                around, _, name = path[: slash.start()].rpartition("/")
                self._members.setdefault(around, {})[name] = None

    def of(self, steps: Sequence[Stored], root: str = "", depth: int = 0) -> dict[int, list[Array]]:
        """Return the numbers of each step by its id; `root` is the group of the model that holds them."""
        layers = next((each for each in _LAYERS if each in self._members.get(root, {})), _LAYERS[0])
        around = _path(root, layers)
        found: dict[int, list[Array]] = {}
        for kind in dict.fromkeys(step.kind for step in steps):
            here = [step for step in steps if step.kind == kind and len(step.around) == depth]
            places = self._groups(around, kind, len(here))
            found |= {id(step): self._arrays(step, path) for step, path in zip(here, places, strict=True)}
        inner = groupby(steps, lambda step: step.around[depth : depth + 1])
        held = [(holder[0].kind, list(group)) for holder, group in inner if holder]
        for kind in dict.fromkeys(kind for kind, _ in held):
            own = [group for other, group in held if other == kind]
            for group, path in zip(own, self._groups(around, kind, len(own)), strict=True):
                found |= self.of(group, path, depth + 1)
        return found

    def _groups(self, around: str, kind: str, count: int) -> list[str]:
        """Return the groups of so many layers of a class as they count: `dense`, `dense_1`, or with gaps."""
        if not count:
            return []
        pattern = re.compile(kind.lower() + r"(?:_(\d{1,6}))?")
        counted_as = {
            name: int(match[1] or 0)
            for name in self._members.get(around, {})
            if (match := pattern.fullmatch(name))
        }
        if len(counted_as) != count:
            wish = f"expected weights of {counted(count, 'layer')} of the class {kind}"
            raise FileError(f"{wish}, found those of {len(counted_as)}", around)
        return [_path(around, name) for name in sorted(counted_as, key=lambda name: counted_as[name])]

    def _arrays(self, step: Stored, path: str) -> list[Array]:
        count = 1 + step.has_biases if isinstance(step, DenseStep) else _OF_SCALING
        return [_array(self._file, f"{path}/vars/{k}", step.name) for k in range(count)]


def _array(file: Hdf5, path: str, place: str) -> Array:
    if path in file.others:
        raise FileError(f"its numbers are {file.others[path]}; nnviz opens real ones, not quantised", place)
    if path not in file.arrays:
        raise FileError(f"there is no {quoted(path)} in the HDF5", place)
    array: Array = file.arrays[path]
    return array


def _path(*parts: str) -> str:
    return "/".join(part for part in parts if part)
