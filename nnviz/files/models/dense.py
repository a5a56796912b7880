"""Chains of dense layers, shared by all model formats: checks, float32, layer order, standardised inputs."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple, TypeGuard

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import default_inputs, default_nodes
from nnviz.core.losses import LOSSES, MSE, fitting, loss_of, usual
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import LAYERS, NODES, NUMBERS, check_name, counted, listed, quoted
from nnviz.core.state import Columns, Dataset, State, Training
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.source import Source, lost


@dataclass(frozen=True)
class Dense:
    """A layer as it was read: nothing of it has been looked at.

    `weights` has shape (nodes, inputs), `biases` (nodes,) or None, of any real type; `activation` is a name
    of nnviz's. `place` is what the file calls the layer, and `nodes` are the names it gives, if any.
    """

    weights: NDArray[Any]
    biases: NDArray[Any] | None
    activation: str
    place: str = ""
    nodes: Sequence[str] = ()


def state_of(
    layers: Sequence[Dense],
    *,
    inputs: Sequence[str] = (),
    name: str = "",
    notes: str = "",
    loss: str = "",
    source: Source | None = None,
    why: str = "",
) -> State:
    """Return the State of a chain of layers, without rows. Raises FileError, with the place.

    `loss`, `source` and `why` are as `trained_by` has them.

    Names are kept where they are complete, can be names and are unique; else all get those of the course.
    """
    sizes = sizes_of(layers)
    default = [default_inputs(sizes[0])]
    default += [default_nodes(k, len(layers), size) for k, size in enumerate(sizes[1:])]
    given = [tuple(inputs), *(tuple(layer.nodes) for layer in layers)]
    names = given if _are_names(given, sizes) else default
    made = (_layer(layer, place(layers, k), names[k + 1]) for k, layer in enumerate(layers))
    with told_by_core():
        network = Network(names[0], tuple(made))
        training = trained_by(network, loss, source, why)
        return State(network, Dataset.empty(network), training, name=name, notes=notes)


def trained_by(network: Network, loss: str = "", source: Source | None = None, why: str = "") -> Training:
    """Return the settings for a network with the `loss` that its file says, or the usual loss of its output.

    The usual one is taken if the file says none, for the reason `why`, or one that does not fit the output;
    the `source` notes so, unless there is no other loss for that output.
    """
    output = network.layers[-1].function.base
    if loss and fitting(loss) and output not in fitting(loss):
        loss, why = "", f"{LOSSES[loss][0].word} does not go with {output} on the output"
    if loss:
        return Training(loss=loss)
    loss = usual(output)
    if source is not None and (why or loss != MSE.name):
        taken = f"{loss_of(loss, output).word} is taken, the usual loss with {output} on the output"
        (source.told if why else source.defaults).append(f"{why or 'the file says no loss'}: {taken}")
    return Training(loss=loss)


def with_activations(layers: Sequence[Dense], activations: Sequence[str], place: str = "") -> list[Dense]:
    """Return the layers with an activation each. Raises FileError where there are not as many."""
    if len(activations) != len(layers):
        wish = f"expected {counted(len(layers), 'activation')}, one for each layer"
        raise FileError(f"{wish}, found {len(activations)}", place)
    return [replace(layer, activation=own) for layer, own in zip(layers, activations, strict=True)]


def left_out(state: State) -> list[str]:
    """Return what of `state` is lost in a file that holds a chain of layers and no names."""
    layers = [Dense(layer.weights, layer.biases, layer.activation) for layer in state.network.layers]
    return lost(state, state_of(layers))


def sizes_of(layers: Sequence[Dense]) -> tuple[int, ...]:
    """Return how many nodes each column has, inputs first. Raises FileError where the shapes are no chain.

    Limits are looked at here, before any array is copied.
    """
    if not layers:
        raise FileError("the file holds no dense layer")
    with told_by_core():
        LAYERS.check(len(layers))
    for k, layer in enumerate(layers):
        _check_shapes(layer, place(layers, k))
    for k, (before, layer) in enumerate(itertools.pairwise(layers), start=1):
        found, expected = layer.weights.shape[1], len(before.weights)
        if found != expected:
            wish = f"expected {counted(expected, 'input')}, one for each node of the layer before"
            raise FileError(f"{wish}, found {found}", place(layers, k))
    sizes = (layers[0].weights.shape[1], *(len(layer.weights) for layer in layers))
    with told_by_core():
        NODES.check(sum(sizes))
        NUMBERS.check(sum(array.size for layer in layers for array in _arrays(layer)))
    return sizes


def place(layers: Sequence[Dense], k: int) -> str:
    """Return what layer `k` is called in a sentence."""
    return layers[k].place or f"layers[{k}]"


def _arrays(layer: Dense) -> list[NDArray[Any]]:
    return [array for array in (layer.weights, layer.biases) if array is not None]


def _check_shapes(layer: Dense, place: str) -> None:
    weights, biases = layer.weights, layer.biases
    for array in _arrays(layer):
        if array.dtype.kind not in "fiu":
            raise FileError(f"expected real numbers, found {array.dtype}", place)
    if weights.ndim != 2 or 0 in weights.shape:
        raise FileError(f"expected weights of shape (nodes, inputs), found {weights.shape}", place)
    if biases is not None and biases.shape != weights.shape[:1]:
        wish = f"expected {counted(len(weights), 'number')}, one for each node"
        raise FileError(f"{wish}, found those of shape {biases.shape}", place)


def _are_names(given: Sequence[tuple[str, ...]], sizes: tuple[int, ...]) -> bool:
    if tuple(map(len, given)) != sizes:
        return False
    names = [name for column in given for name in column]
    try:
        for name in names:
            check_name(name, "")
    except ValueError:
        return False
    return len(set(names)) == len(names)


def _layer(layer: Dense, place: str, names: tuple[str, ...]) -> Layer:
    with told_by_core(place):
        return Layer(names, layer.activation, layer.weights, layer.biases)


Single = np.dtype("<f4")
LARGEST = 1e38
"""Of a number in a text; floats of 32 bits end at 3.4e38."""


def is_number(value: object, most: float = LARGEST) -> TypeGuard[float]:
    """Tell whether a value of JSON is a number, no larger than `most` either way."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most


def narrowed(array: Array, place: str) -> NDArray[np.float32]:
    """Return numbers as floats of 32 bits, in the same shape. Raises FileError for one that is too large."""
    with np.errstate(over="ignore"):
        narrow = array.astype(Single)
    if not np.isfinite(narrow).all():
        raise FileError("a number is too large for the format, whose floats have 32 bits", place)
    return narrow


def of_upper_halves(bits: NDArray[Any]) -> NDArray[np.float32]:
    """Return the floats of which whole numbers of 16 bits are the upper half, which is called bfloat16."""
    return (bits.astype("<u4") << 16).view(Single)


def shortest(number: float) -> float:
    """Return what a person has typed, where `number` is that as a float of 32 bits: 0.2 for 0.20000000298."""
    with np.errstate(over="ignore"):
        single = np.float32(number)
    return float(str(single)) if float(single) == number else number


def lost_digits(state: State) -> list[str]:
    """Return what of the numbers of a network is lost, in words."""
    with np.errstate(over="ignore"):
        is_exact = all(np.array_equal(array, array.astype(Single)) for array in _network_arrays(state))
    return [] if is_exact else ["digits of the weights beyond the seventh"]


def _network_arrays(state: State) -> Iterator[NDArray[Any]]:
    for layer in state.network.layers:
        yield layer.weights
        if layer.biases is not None:
            yield layer.biases


_NUMBERS = re.compile(r"(\d{1,9})", re.ASCII)
_STEPS = 200_000
"""Of the search, before it is given up: layers of one size follow one another in any order."""


def in_order(layers: Sequence[Dense]) -> list[Dense]:
    """Return layers in the one order in which each has as many inputs as the one before has nodes.

    Names that differ in their numbers alone, such as fc1 and fc2, follow one another as those count.
    Raises FileError where there is no such order, and where there are several.
    """
    by_name = sorted(layers, key=lambda layer: _natural(layer.place))
    queues: dict[str, list[Dense]] = {}
    for layer in by_name:
        queues.setdefault(_NUMBERS.sub("#", layer.place), []).append(layer)
    found = list(islice(_orders(list(queues.values())), 2))
    if len(found) == 1:
        return found[0]
    if not found:
        sizes_of(by_name)  # which raises, unless the search was given up
        found = [by_name, by_name[::-1]]
    one, other = next((one, other) for one, other in zip(*found, strict=True) if one is not other)
    raise FileError(
        f"which of {quoted(one.place)} and {quoted(other.place)} comes first cannot be told from names and "
        "shapes: number the layers, such as 0.weight and 2.weight"
    )


def _natural(name: str) -> list[tuple[int, str]]:
    """Return what a name is sorted by: its numbers as numbers, so that fc10 comes behind fc9."""
    parts = _NUMBERS.split(name)
    return [(int(part), "") if k % 2 else (-1, part) for k, part in enumerate(parts)]


def _orders(queues: list[list[Dense]]) -> Iterator[list[Dense]]:
    """Yield the orders that fit, in which each queue keeps its own: a depth-first search of so many steps."""
    count = sum(map(len, queues))
    path: list[tuple[int, Dense]] = []
    taken = [0] * len(queues)
    choices = [iter(range(len(queues)))]
    for _ in range(_STEPS):
        k = next(choices[-1], None)
        if k is None:
            choices.pop()
            if not path:
                return
            taken[path.pop()[0]] -= 1
        elif taken[k] < len(queues[k]) and _fits(path, layer := queues[k][taken[k]]):
            path.append((k, layer))
            taken[k] += 1
            choices.append(iter(range(len(queues))))
            if len(path) == count:
                yield [layer for _, layer in path]


def _fits(path: list[tuple[int, Dense]], layer: Dense) -> bool:
    return not path or len(path[-1][1].weights) == layer.weights.shape[1]


PLAIN = 1e-6, 1e18
"""Least and greatest deviation whose square is a float of 32 bits; Keras raises those below 1e-7."""
COARSE = 1e4
"""In deviations: a float of 32 bits rounds a larger mean by more than 1/1000 of the deviation."""


class Scaling(NamedTuple):
    """Mean and deviation of each input, shape (inputs,): an input is (raw − mean) / deviation."""

    mean: Array
    deviation: Array


def find_scaling(state: State) -> Scaling | None:
    """Return the scaling of the inputs, mean 0 and deviation 1 for plain ones; None if all are plain."""
    numbers = {column.nodes[0]: column for column in state.columns if not column.is_plain}
    found = [numbers.get(name) for name in state.network.inputs]
    scaling = Scaling(
        np.array([0.0 if column is None else column.mean for column in found]),
        np.array([1.0 if column is None else column.deviation for column in found]),
    )
    return scaling if scaling.mean.any() or (scaling.deviation != 1.0).any() else None


def remove_scaling(state: State) -> State:
    """Return `state` without the scaling of its inputs; its rows stay standardised."""
    columns = (
        column if column.values else replace(column, mean=0.0, deviation=1.0) for column in state.columns
    )
    return replace(state, columns=Columns(columns))


def fold_scaling(state: State) -> Network:
    """Return a network for raw numbers with the predictions of `state`.

    Raises FileError if its weights would be too large.
    """
    scaling = find_scaling(state)
    return state.network if scaling is None else _with_raw_inputs(state.network, scaling)


def separate_scaling(state: State) -> tuple[Scaling | None, Network]:
    """Return the scaling for floats of 32 bits, and the network for inputs scaled by it.

    The weights take in a deviation outside PLAIN. Raises FileError.
    """
    scaling = find_scaling(state)
    if scaling is None:
        return None, state.network
    least, most = PLAIN
    is_plain = (scaling.deviation >= least) & (scaling.deviation <= most)
    rest = Scaling(np.zeros_like(scaling.mean), np.where(is_plain, 1.0, scaling.deviation))
    network = state.network if is_plain.all() else _with_raw_inputs(state.network, rest)
    return scaling._replace(deviation=np.where(is_plain, scaling.deviation, 1.0)), network


def _with_raw_inputs(network: Network, scaling: Scaling) -> Network:
    """Return the network that computes of x what `network` computes of (x − mean) / deviation."""
    first, *others = network.layers
    with np.errstate(all="ignore"):
        weights = first.weights / scaling.deviation
        shift = weights @ scaling.mean
    if not (np.isfinite(weights).all() and np.isfinite(shift).all()):
        raise FileError(
            "an input has so small a deviation that the weights for raw numbers are too large; "
            "`nnviz convert --without-scaling` leaves the scaling out"
        )
    biases = first.biases
    if scaling.mean.any():
        biases = -shift if biases is None else biases - shift
    return replace(network, layers=(replace(first, weights=weights, biases=biases), *others))


def standardised_rows(state: State, how: str = "the weights and biases of its first layer") -> str:
    """Return what a file that scales raw rows by `how` does with them; "" if no input is standardised."""
    scaling = find_scaling(state)
    if scaling is None:
        return ""
    said = f"standardises raw numbers itself, by {how}"
    if any(column.values for column in state.columns.of_inputs):
        said += ", and takes a 1 or a 0 for each text of a column"
    is_coarse = np.abs(scaling.mean) > COARSE * scaling.deviation
    if is_coarse.any():
        names = listed([name for name, coarse in zip(state.network.inputs, is_coarse, strict=True) if coarse])
        said += (
            f"; floats of 32 bits are coarse for {names}: the mean is over {COARSE:,.0f} times the deviation"
        )
    return said
