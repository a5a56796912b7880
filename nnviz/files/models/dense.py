"""A chain of dense layers, as other people's files hold one: to a State. What they lack is not made up."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray

from nnviz.core.address import default_inputs, default_nodes
from nnviz.core.limits import LAYERS, NODES, NUMBERS
from nnviz.core.losses import LOSSES, MSE, fitting, loss_of, usual
from nnviz.core.names import check_name
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import counted
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.left_out import lost
from nnviz.files.source import Source


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
