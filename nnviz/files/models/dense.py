"""Chains of dense layers for all model formats: affine steps, checks, 32-bit floats, order, scaled inputs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import default_inputs, default_nodes
from nnviz.core.columns import Columns
from nnviz.core.entries import Named
from nnviz.core.losses import MSE, fitting_outputs, forms_of, loss_of, usual_loss
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import LAYERS, NODES, NUMBERS, Limit, Names, counted, list_text, quoted
from nnviz.core.state import Dataset, State, Training
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.source import Source, lost_parts


@dataclass(frozen=True)
class Dense:
    """A dense layer as read from a file, not yet checked.

    `weights` has shape (nodes, inputs), `biases` has shape (nodes,) or is None; both may have any real number
    type. `activation` is nnviz's name of the activation. `place` is the layer's name in the file. `nodes`
    holds the names of the layer's nodes, or is empty if the file has no names.
    """

    weights: NDArray[Any]
    biases: NDArray[Any] | None
    activation: str
    place: str = ""
    nodes: Sequence[str] = ()

    @property
    def arrays(self) -> list[NDArray[Any]]:
        """The weights and, unless they are None, the biases."""
        return [self.weights] if self.biases is None else [self.weights, self.biases]


class Affine(NamedTuple):
    """The function `scale` · x + `shift` of the numbers x of a row; both have shape (nodes,) or (1,).

    None as `shift` adds nothing, and gives no biases to a layer without biases.
    """

    scale: Array = np.ones(1)
    shift: Array | None = None

    @property
    def size(self) -> int:
        """The number of nodes, or 1 if the function fits any number of nodes."""
        return max(len(self.scale), 1 if self.shift is None else len(self.shift))

    def followed_by(self, other: Affine) -> Affine:
        """Return the function that applies this function first and then `other`."""
        shift = None if self.shift is None else self.shift * other.scale
        if other.shift is not None:
            shift = other.shift if shift is None else shift + other.shift
        return Affine(self.scale * other.scale, shift)

    def before(self, layer: Dense) -> Dense:
        """Return a layer that computes from x what `layer` computes from this function of x."""
        weights, biases = layer.weights.astype(np.float64), layer.biases
        if self.shift is not None:
            biases = (weights * self.shift).sum(axis=1) + (0.0 if biases is None else biases)
        return replace(layer, weights=weights * self.scale, biases=biases)

    def after(self, layer: Dense) -> Dense:
        """Return a layer that computes this function of the output of `layer`."""
        biases = Affine(shift=layer.biases).followed_by(self).shift
        if biases is not None:
            biases = np.broadcast_to(biases, len(layer.weights))
        return replace(layer, weights=layer.weights * np.reshape(self.scale, (-1, 1)), biases=biases)


@dataclass
class Chain:
    """The dense layers of a model, added in the order in which the model computes them.

    A model may scale and shift numbers between its dense layers, as batch normalisation does. Such a step
    becomes part of the weights and biases of the layer before it. If that layer has an activation, the step
    becomes part of the layer after it. The methods raise a FileError for a step that does not fit.

    ========= =====================================================================
    `notes`   collects sentences for the user on differences from the model
    `layers`  the layers; `finish` completes the last one
    `is_open` whether the last layer may still get an activation
    ========= =====================================================================
    """

    notes: list[str]
    layers: list[Dense] = field(default_factory=list)
    is_open: bool = False
    _affine: Affine | None = None
    """Function of the last layer's output if this layer is open, else of the next layer's input."""
    _places: list[str] = field(default_factory=list)
    """The places of the steps in `_affine`."""

    def dense(self, layer: Dense) -> None:
        """Add a layer."""
        self._close()
        if self._affine is not None:
            _check_shapes(layer, layer.place)
            layer = self._folded(layer, layer.weights.shape[1], self._affine.before)
        self.layers.append(layer)
        self.is_open = layer.activation == "identity"

    def affine(self, affine: Affine, places: Sequence[str]) -> None:
        """Add steps that compute an affine function of each number of a row.

        A note for the user names the steps; `places` is empty for steps that need no note.
        """
        before = self._affine or Affine()
        if before.size != affine.size and 1 not in (before.size, affine.size):
            raise _width_error(before.size, affine.size)
        with np.errstate(all="ignore"):  # the network refuses numbers that are not finite
            self._affine = before.followed_by(affine)
        self._places += places

    def activation(self, name: str, place: str) -> None:
        """Set the activation of the last layer."""
        if name == "identity":
            return
        if not self.is_open:
            why = "an activation needs a dense layer right before it"
            if self.layers and self._affine is None:
                first = self.layers[-1].activation
                why = f"this activation follows {first}; a layer in nnviz has only one activation"
            raise FileError(why, place)
        self._close()
        self.layers[-1] = replace(self.layers[-1], activation=name)

    def finish(self) -> list[Dense]:
        """Return the layers."""
        self._close()
        if self._affine is not None:
            raise FileError("expected a dense layer after this step", "".join(self._places[:1]))
        if not self.layers:
            raise FileError("the model has no dense layer")
        return self.layers

    def _close(self) -> None:
        """Complete the last layer if it is open."""
        if self.is_open and self._affine is not None:
            layer = self.layers[-1]
            self.layers[-1] = self._folded(layer, len(layer.weights), self._affine.after)
        self.is_open = False

    def _folded(self, layer: Dense, nodes: int, fold: Callable[[Dense], Dense]) -> Dense:
        """Return a layer with `_affine` in its weights; `nodes` is the number of nodes at this place."""
        if self._affine is not None and self._affine.size not in (1, nodes):
            raise _width_error(nodes, self._affine.size)
        self.tell_folded(self._places, layer.place)
        with np.errstate(all="ignore"):  # the network refuses numbers that are not finite
            layer = fold(layer)
        self._affine, self._places = None, []
        return layer

    def tell_folded(self, places: Sequence[str], layer: str) -> None:
        """Add a note that steps are now part of a layer, if there are any."""
        if places:
            self.notes.append(f"{list_text(places)} became part of the weights and biases of {layer}")


def _width_error(expected: int, found: int) -> FileError:
    return FileError(f"expected {counted(expected, 'number')} for each row, found {found}")


def state_of(
    layers: Sequence[Dense],
    *,
    inputs: Sequence[str] = (),
    loss: str = "",
    source: Source | None = None,
    why: str = "",
) -> State:
    """Return a State with a chain of layers and no rows. Raises a FileError that names the layer.

    `loss` is the loss in the file. If `loss` is "", nnviz chooses the loss, and `why` is the reason, or "".
    `source` collects a sentence for the user on this choice. If the names of inputs or nodes are incomplete,
    invalid or not unique, all inputs and nodes get the default names of the course.
    """
    sizes = sizes_of(layers)
    nodes = (default_nodes(k, len(layers), size) for k, size in enumerate(sizes[1:]))
    default = [default_inputs(sizes[0]), *nodes]
    stored = [tuple(inputs), *(tuple(layer.nodes) for layer in layers)]
    names = stored if _are_names(stored, sizes) else default
    network_layers = (_layer(layer, layer_place(layers, k), names[k + 1]) for k, layer in enumerate(layers))
    with as_file_errors():
        network = Network(names[0], tuple(network_layers))
        training = training_for(network, loss, source, why)
        return State(network, Dataset.empty(network), training)


def training_for(network: Network, loss: str = "", source: Source | None = None, why: str = "") -> Training:
    """Return training settings with the file's `loss`, or with the usual loss for the output's activation.

    The usual loss replaces a `loss` that is "" or does not fit the output. `why` is the reason for an
    empty `loss`, or "". `source` gets a sentence for the user on this choice, except if nnviz chooses MSE
    and `why` is "".
    """
    output = network.layers[-1].function.base
    if loss and fitting_outputs(loss) and output not in fitting_outputs(loss):
        loss, why = "", f"{forms_of(loss)[0].phrase} cannot be used with {output} on the output"
    if loss:
        return Training(loss=loss)
    loss = usual_loss(output)
    if source is not None and (why or loss != MSE.name):
        note = f"nnviz uses {loss_of(loss, output).phrase}, the usual loss with {output} on the output"
        (source.notes if why else source.defaults).append(f"{why or 'the file names no loss'}: {note}")
    return Training(loss=loss)


def with_activations(layers: Sequence[Dense], activations: Sequence[str], place: str = "") -> list[Dense]:
    """Return the layers with these activations. Raises FileError unless each layer has one activation."""
    if len(activations) != len(layers):
        number = counted(len(layers), "activation")
        raise FileError(f"expected {number}, one for each layer, found {len(activations)}", place)
    return [replace(layer, activation=name) for layer, name in zip(layers, activations, strict=True)]


def left_out(state: State) -> list[str]:
    """Return the names of the parts of `state` that are lost in a file of weights, biases and activations."""
    layers = [Dense(layer.weights, layer.biases, layer.activation) for layer in state.network.layers]
    return lost_parts(state, state_of(layers))


def sizes_of(layers: Sequence[Dense]) -> tuple[int, ...]:
    """Return the number of inputs, then the number of nodes of each layer.

    Raises FileError if the shapes do not form a chain, or if the chain exceeds a limit. The check copies no
    array.
    """
    if not layers:
        raise FileError("the file contains no dense layer")
    check_limit(LAYERS, len(layers))
    for k, layer in enumerate(layers):
        _check_shapes(layer, layer_place(layers, k))
    for k, (previous, layer) in enumerate(itertools.pairwise(layers), start=1):
        found, expected = layer.weights.shape[1], len(previous.weights)
        if found != expected:
            message = f"expected {counted(expected, 'input')} from the previous layer, found {found}"
            raise FileError(message, layer_place(layers, k))
    sizes = (layers[0].weights.shape[1], *(len(layer.weights) for layer in layers))
    check_limit(NODES, sum(sizes))
    check_limit(NUMBERS, sum(array.size for layer in layers for array in layer.arrays))
    return sizes


def check_limit(limit: Limit, count: int, place: str = "") -> None:
    """Raise FileError, with `place` in the message, if there are more things than the limit allows."""
    with as_file_errors(place):
        limit.check(count)


def layer_place(layers: Sequence[Dense], k: int) -> str:
    """Return the name of layer `k` for a message."""
    return layers[k].place or f"layers[{k}]"


def check_has(library: str, activation: str, own: Named) -> None:
    """Raise FileError if `own`, the name of an activation in a library, is empty."""
    if not own.name:
        raise FileError(f"{library} has no activation {activation}; save as .json or .npz")


def _check_shapes(layer: Dense, place: str) -> None:
    weights, biases = layer.weights, layer.biases
    for array in layer.arrays:
        if array.dtype.kind not in "fiu":
            raise FileError(f"expected real numbers, found {array.dtype}", place)
    if weights.ndim != 2 or 0 in weights.shape:
        raise FileError(f"expected weights of shape (nodes, inputs), found {weights.shape}", place)
    if biases is not None and biases.shape != weights.shape[:1]:
        raise FileError(f"expected biases of shape ({len(weights)},), found {biases.shape}", place)


def _are_names(stored: Sequence[tuple[str, ...]], sizes: tuple[int, ...]) -> bool:
    names = [name for column in stored for name in column]
    with suppress(ValueError):
        return tuple(map(len, stored)) == sizes and len({*Names(names)}) == len(names)
    return False


def _layer(layer: Dense, place: str, names: tuple[str, ...]) -> Layer:
    with as_file_errors(place):
        return Layer(names, layer.activation, layer.weights, layer.biases)


Single = np.dtype("<f4")
LARGEST = 1e38
"""Largest number that nnviz reads from text; 32-bit floats end at 3.4e38."""


def is_number(value: object, most: float = LARGEST) -> TypeGuard[float]:
    """Return whether a value from JSON is a number between -`most` and `most`."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most


def to_float32(array: Array, place: str) -> NDArray[np.float32]:
    """Return an array as 32-bit floats, in the same shape. Raises FileError if a number overflows."""
    with np.errstate(over="ignore"):
        narrow = array.astype(Single)
    if not np.isfinite(narrow).all():
        raise FileError("a number is too large for the 32-bit floats of this format", place)
    return narrow


def from_bfloat16(bits: NDArray[Any]) -> NDArray[np.float32]:
    """Convert bfloat16 numbers, stored as 16-bit integers, to 32-bit floats."""
    return (bits.astype("<u4") << 16).view(Single)


def shortest_decimal(number: float) -> float:
    """Return the shortest number with the same 32-bit float as `number`: 0.2 for 0.20000000298."""
    with np.errstate(over="ignore"):
        single = np.float32(number)
    return float(str(single)) if float(single) == number else number


def lost_digits(state: State) -> list[str]:
    """Return ["the eighth and later digits …"] if 32-bit floats lose digits of the weights, else []."""
    with np.errstate(over="ignore"):
        arrays = (array for layer in state.network.layers for array in layer.arrays)
        is_exact = all(np.array_equal(array, array.astype(Single)) for array in arrays)
    return [] if is_exact else ["the eighth and later digits of the weights"]


_NUMBERS = re.compile(r"(\d{1,9})", re.ASCII)
_STEPS = 200_000
"""Steps before the search ends: layers of one size can follow each other in any order."""


def sort_layers(layers: Sequence[Dense]) -> list[Dense]:
    """Return the layers in the only order in which each layer fits the previous one.

    Layers whose names differ only in numbers, such as fc1 and fc2, stay in the order of these numbers.
    Raises FileError if no order fits, or if several do.
    """
    by_name = sorted(layers, key=lambda layer: _natural(layer.place))
    queues: dict[str, list[Dense]] = {}
    for layer in by_name:
        queues.setdefault(_NUMBERS.sub("#", layer.place), []).append(layer)
    found = list(islice(_orders([queue[::-1] for queue in queues.values()], [], iter(range(_STEPS))), 2))
    if len(found) == 1:
        return found[0]
    if not found:
        sizes_of(by_name)  # raises, unless the search ended early
        found = [by_name, by_name[::-1]]
    one, other = next((one, other) for one, other in zip(*found, strict=True) if one is not other)
    raise FileError(
        f"names and shapes do not show whether {quoted(one.place)} or {quoted(other.place)} comes first: "
        "number the layers, for example 0.weight and 2.weight"
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """Return the sort key of a name, in which numbers count as numbers: fc10 follows fc9."""
    parts = _NUMBERS.split(name)
    return [(int(part), "") if k % 2 else (-1, part) for k, part in enumerate(parts)]


def _orders(queues: list[list[Dense]], path: list[Dense], steps: Iterator[int]) -> Iterator[list[Dense]]:
    """Yield the orders of layers that begin with `path` and fit, with a depth-first search of some `steps`.

    Each queue keeps its own order; its next layer is the last one in the list.
    """
    if not any(queues):
        yield [*path]
    for queue, _ in zip(queues, steps, strict=False):
        if queue and (not path or len(path[-1].weights) == queue[-1].weights.shape[1]):
            path.append(queue.pop())
            yield from _orders(queues, path, steps)
            queue.append(path.pop())


FLOAT32_DEVIATIONS = 1e-6, 1e18
"""Least and greatest standard deviation that nnviz stores in files with 32-bit floats.

Keras stores the square of the standard deviation, and replaces a standard deviation below 1e-7 with 1e-7.
"""
COARSE_RATIO = 1e4
"""Ratio of mean to standard deviation above which 32-bit floats are too coarse.

32-bit floats then round by more than 1/1000 of the standard deviation.
"""


class Scaling(NamedTuple):
    """Mean and standard deviation of each input, shape (inputs,).

    A network gets (raw − mean) / deviation as its input.
    """

    mean: Array
    deviation: Array


def find_scaling(state: State) -> Scaling | None:
    """Return the scaling of the inputs, or None if all means are 0 and all standard deviations are 1."""
    plain = 0.0, 1.0
    known = {column.nodes[0]: (column.mean, column.deviation) for column in state.columns}
    pairs = np.array([known.get(name, plain) for name in state.network.inputs])
    return Scaling(*pairs.T.copy()) if (pairs != plain).any() else None


def remove_scaling(state: State) -> State:
    """Return `state` without scaling and formulas of its inputs; the numbers of the rows stay the same."""
    columns = (replace(column, mean=0.0, deviation=1.0, formula="") for column in state.columns)
    return replace(state, columns=Columns(columns))


def fold_scaling(state: State) -> Network:
    """Return a network that predicts from raw numbers what `state` predicts from standardised numbers.

    Raises FileError if the weights would be too large.
    """
    scaling = find_scaling(state)
    return state.network if scaling is None else _with_raw_inputs(state.network, scaling)


def separate_scaling(state: State) -> tuple[Scaling | None, Network]:
    """Return (scaling that 32-bit floats can store, network for inputs with this scaling).

    The scaling is None if no input is standardised. A standard deviation outside FLOAT32_DEVIATIONS becomes
    part of the weights. Raises FileError if the weights get too large.
    """
    scaling = find_scaling(state)
    if scaling is None:
        return None, state.network
    least, most = FLOAT32_DEVIATIONS
    is_plain = (scaling.deviation >= least) & (scaling.deviation <= most)
    rest = Scaling(np.zeros_like(scaling.mean), np.where(is_plain, 1.0, scaling.deviation))
    network = state.network if is_plain.all() else _with_raw_inputs(state.network, rest)
    return scaling._replace(deviation=np.where(is_plain, scaling.deviation, 1.0)), network


def _with_raw_inputs(network: Network, scaling: Scaling) -> Network:
    """Return a network that computes from x what `network` computes from (x − mean) / deviation."""
    first, *others = network.layers
    with np.errstate(all="ignore"):
        weights = first.weights / scaling.deviation
        shift = weights @ scaling.mean
    if not (np.isfinite(weights).all() and np.isfinite(shift).all()):
        raise FileError(
            "the standard deviation of an input is so small that the weights for raw numbers are too large; "
            "`nnviz convert --without-scaling` saves the weights without the scaling"
        )
    biases = first.biases
    if scaling.mean.any():
        biases = -shift if biases is None else biases - shift
    return replace(network, layers=(replace(first, weights=weights, biases=biases), *others))


def standardised_rows(state: State, name: str, part: str = "weights and biases of the first layer") -> str:
    """Return a sentence on how the network in the file `name` standardises raw rows; "" if it does not.

    `part` names the part of the network that standardises the rows.
    """
    scaling = find_scaling(state)
    if scaling is None:
        return ""
    has_texts = any(column.values for column in state.columns.of_inputs)
    numbers = "raw numbers (texts as one-hot vectors)" if has_texts else "raw numbers"
    sentences = [f"the network in {name} expects {numbers} and standardises them with the {part}"]
    is_coarse = np.abs(scaling.mean) > COARSE_RATIO * scaling.deviation
    if is_coarse.any():
        inputs = zip(state.network.inputs, is_coarse, strict=True)
        names = list_text([name for name, coarse in inputs if coarse])
        limit = f"{COARSE_RATIO:,.0f} times the standard deviation"
        sentences.append(f"32-bit floats round {names} coarsely, as an input's mean is over {limit}")
    return "; ".join(sentences)
