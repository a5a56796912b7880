"""A network for the columns of a table, or a network's ends rebuilt for them. Knows nothing of tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import default_nodes, fresh_name
from nnviz.core.columns import Column, Columns
from nnviz.core.limits import NUMBERS, ROWS
from nnviz.core.losses import usual
from nnviz.core.network import Layer, Network, random_weights
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State, WeightSet

LEAST, MOST = 8, 128
"""Hidden nodes that are proposed at least and at most."""
RATE = 0.01
BATCH, BATCH_FROM = 32, 200
"""The batch size, where there are more rows than that."""

UPDATES = 200
"""Enough for a few rows to be learnt, and too few for them to be learnt by heart."""

Names = tuple[str, ...]


def nodes_of(columns: Sequence[Column]) -> Names:
    """Return the names of all nodes that columns become, in order."""
    return tuple(name for column in columns for name in column.nodes)


def output_for(targets: Sequence[Column], values: Array) -> str:
    """Return the output activation that suits targets, shape (rows, outputs).

    softmax for classes, sigmoid for numbers that are 0 and 1 alone, identity for others.
    """
    if any(column.values for column in targets):
        return "softmax"
    return "sigmoid" if len(values) and bool(((values == 0) | (values == 1)).all()) else "identity"


def network_for(inputs: Sequence[Column], targets: Sequence[Column], data: Dataset, seed: int = 0) -> State:
    """Return a new network for rows: a hidden layer of relu and the output, random weights by `seed`, adam.

    Raises ValueError where names stand twice, and for more than nnviz opens.
    """
    assert data.targets is not None
    ins, outs = nodes_of(inputs), nodes_of(targets)
    hidden = _hidden(len(ins), len(outs))
    taken = {*ins, *outs}
    names = tuple(_free(name, taken) for name in default_nodes(0, 2, hidden))
    layers = (
        Layer(names, "relu", np.zeros((hidden, len(ins))), np.zeros(hidden)),
        Layer(outs, output_for(targets, data.targets), np.zeros((len(outs), hidden)), np.zeros(len(outs))),
    )
    network = Network(ins, layers).randomised(seed)
    batch = BATCH if len(data) > BATCH_FROM else None
    loss = usual(network.layers[-1].activation)
    training = Training(RATE, _updates(len(data)), batch, "adam", seed, loss)
    return State(network, data, training, columns=_kept(inputs, targets))


def _hidden(inputs: int, outputs: int) -> int:
    """Return how many hidden nodes are proposed."""
    return min(max(LEAST, round((inputs + outputs) / 2)), MOST)


def most_rows(inputs: int, outputs: int) -> int:
    """Return how many rows may go with a new network of so many inputs and outputs."""
    hidden = _hidden(inputs, outputs)
    weights = hidden * (inputs + 1) + outputs * (hidden + 1)
    return max(1, min(ROWS.most, (NUMBERS.most - weights) // (inputs + outputs)))


def _updates(rows: int) -> int:
    """Return how many updates are proposed: UPDATES, or in batches about 20 epochs where these are more."""
    return max(UPDATES, 20 * (rows // BATCH)) if rows > BATCH_FROM else UPDATES


def _kept(inputs: Sequence[Column], targets: Sequence[Column]) -> Columns:
    """Return the columns that a State has to keep: not those of a node of the same name and number."""
    return Columns(
        column for column in (*inputs, *targets) if not (column.is_plain and column.nodes == (column.name,))
    )


def fits(state: State, inputs: Sequence[Column], targets: Sequence[Column]) -> bool:
    """Tell whether a network has as many inputs and outputs as columns need."""
    sizes = state.network.sizes
    return (sizes[0], sizes[-1]) == (len(nodes_of(inputs)), len(nodes_of(targets)))


def with_rows(state: State, inputs: Sequence[Column], targets: Sequence[Column], data: Dataset) -> State:
    """Put rows into a network that they fit.

    Where the columns' nodes are the network's own they go to these, whatever their order; else inputs and
    outputs are called as the columns' nodes. Raises ValueError where the rows do not fit, and where a hidden
    node is called so.
    """
    network, outputs = state.network, nodes_of(targets) or state.network.outputs
    ins, values = _in_place(network.inputs, nodes_of(inputs), data.inputs)
    outs, wanted = (
        (outputs, None) if data.targets is None else _in_place(network.outputs, outputs, data.targets)
    )
    output = replace(network.layers[-1], nodes=outs)
    named = replace(network, inputs=ins, layers=(*network.layers[:-1], output))
    kept = targets or [column for column in state.columns if column.nodes[0] in outs]
    rows = Dataset(values, wanted)
    return replace(state, network=named, data=rows, columns=_kept(inputs, kept), run=None)


def _in_place(own: Names, given: Names, values: Array) -> tuple[Names, Array]:
    """Return names of nodes, and their values in this order: the network's own, where they are the same."""
    if {*own} != {*given}:
        return given, values
    place = {name: i for i, name in enumerate(given)}
    return own, values[:, [place[name] for name in own]]


def rebuilt(state: State, inputs: Sequence[Column], targets: Sequence[Column], data: Dataset) -> State:
    """Return `state` with its first and its last layer rebuilt for columns, as one edit; the others stay.

    What is new gets random weights by the seed; the output's activation and the loss become those of the
    targets' kind. An end that fits already keeps its weights, and where the columns' nodes are its own these
    their order. Weight sets of another shape are gone.
    """
    assert data.targets is not None
    ins, values = _in_place(state.network.inputs, nodes_of(inputs), data.inputs)
    outs, wanted = _in_place(state.network.outputs, nodes_of(targets), data.targets)
    layers, taken = [*state.network.layers], {*ins, *outs}
    for k, layer in enumerate(layers[:-1]):
        layers[k] = replace(layer, nodes=tuple(_free(name, taken) for name in layer.nodes))
    rng = np.random.default_rng([state.training.seed, 0])
    if len(ins) != state.network.sizes[0]:
        layers[0] = _widened(layers[0], layers[0].nodes, len(ins), rng)
    last = replace(layers[-1], activation=output_for(targets, wanted))
    if len(outs) == len(last):
        layers[-1] = replace(last, nodes=outs)
    else:
        layers[-1] = _widened(last, outs, last.weights.shape[1], rng)
    network = Network(ins, tuple(layers))
    is_same = network.sizes == state.network.sizes
    sets: tuple[WeightSet, ...] = state.weight_sets if is_same else ()
    return replace(
        state,
        network=network,
        data=Dataset(values, wanted),
        training=replace(state.training, loss=usual(last.activation)),
        columns=_kept(inputs, targets),
        weight_sets=sets,
        run=None,
    )


def _widened(layer: Layer, nodes: Names, inputs: int, rng: np.random.Generator) -> Layer:
    biases = None if layer.biases is None else np.zeros(len(nodes))
    return Layer(nodes, layer.activation, random_weights(rng, layer.function, (len(nodes), inputs)), biases)


def _free(name: str, taken: set[str]) -> str:
    """Return a hidden node's name, or another where a column has it."""
    free = fresh_name(name, taken) if name in taken else name
    taken.add(free)
    return free
