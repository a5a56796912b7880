"""What the layers of a Keras model make: dense layers with their activations, and what is passed over.

All else is refused with the layer's name and class. Where the numbers stand is told by `weights`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.limits import LAYERS, NODES
from nnviz.core.names import quoted
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.models import float32
from nnviz.files.models.keras import activations
from nnviz.files.models.keras.config import Config, Holder, Part

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
class Step(Stored):
    """A dense layer as the architecture has it, and what has to be there."""

    nodes: int
    has_biases: bool
    activation: str


@dataclass
class Scaling(Stored):
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
class Chain:
    """The dense layers of a model. Raises FileError for what is none.

    `inputs` is the number of inputs that the model declares, or None; a row passes through all `scalings`
    before the first layer.
    """

    steps: list[Step] = field(default_factory=list)
    inputs: int | None = None
    scalings: list[Scaling] = field(default_factory=list)

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
        if part.kind in activations.LAYERS:
            self._activate(activations.of_layer(part.kind, part.config))
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
            if not float32.is_number(number):
                raise FileError(f"it scales by {quoted(number)}; nnviz takes one number for all inputs")
        if self.steps:
            raise FileError("it scales between dense layers; nnviz takes that before the first one alone")
        both = np.array([[scale], [offset]], dtype=np.float64)
        self.scalings.append(Scaling(part.name, part.kind, part.around, *both))


def chain(parts: Sequence[Part], told: list[str]) -> Chain:
    """Return the dense layers that the layers of a model make; `told` is told what is left out.

    Raises FileError.
    """
    found = Chain()
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


def _step(part: Part) -> Step:
    nodes = part.config.get("units", part.config.get("output_dim"))
    biased = part.config.get("use_bias", part.config.get("bias", True))
    if isinstance(nodes, bool) or not isinstance(nodes, int) or not 0 < nodes <= NODES.most:
        raise FileError(f"expected from 1 to {NODES.most:,} nodes, found {quoted(nodes)}")
    if not isinstance(biased, bool):
        raise FileError(f"expected true or false, found {quoted(biased)}", "use_bias")
    activation = activations.of(part.config.get("activation"))
    return Step(part.name, part.kind, part.around, nodes, biased, activation)


def _normalization(part: Part, shape: tuple[int, ...] | None) -> Scaling:
    """Return what a Normalization does to rows of this shape. Raises FileError."""
    config = part.config
    axis = config.get("axis", -1)
    if len(shape or (0,)) != 1 or (axis if isinstance(axis, list) else [axis]) not in ([-1], [1], [], [None]):
        raise FileError("it standardises rows of several axes; nnviz takes those of one")
    found = Scaling(part.name, part.kind, part.around, is_inverse=config.get("invert") is True)
    if config.get("mean") is not None:
        found.scale, found.offset = found.by(_numbers(config, "mean"), _numbers(config, "variance"))
    return found


def _numbers(config: Config, key: str) -> Array:
    """Return a number, or those in a list, which may be in another, shape (numbers,). Raises FileError."""
    found = config.get(key)
    while isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
        found = found[0]
    numbers = found if isinstance(found, list) else [found]
    if not 0 < len(numbers) <= NODES.most or not all(map(float32.is_number, numbers)):
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
