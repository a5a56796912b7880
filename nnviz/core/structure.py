"""Every edit of a network's structure as a function from a State to a State: nodes, layers, biases.

An edit ends the present run and changes the weight sets alike. Adding changes no prediction where the
activation allows it: a new node starts with outgoing weights 0, a new input with weights and data 0, a new
hidden layer weighs what it receives by 1. `outcome` tells what became of the predictions. Layers count from 0
(the first hidden layer), columns from 0 (the inputs).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import default_nodes, fresh_name
from nnviz.core.cost import QUICK_NS, forward_ns
from nnviz.core.network import Layer, Network, random_weights
from nnviz.core.numbers import shown, shown_in_full
from nnviz.core.state import Dataset, State, WeightSet

Names = tuple[str, ...]
ROUNDING = 1e-12
"""Predictions that differ by less, or by this share, differ by the order of their sums alone."""


def add_biases(state: State, layer: int) -> State:
    """Give a layer biases, all 0."""
    return _with_biases(state, layer, np.zeros(len(state.network.layers[layer])))


def remove_biases(state: State, layer: int) -> State:
    """Take a layer's biases away."""
    return _with_biases(state, layer, None)


def add_node(state: State, column: int, after: int | None = None) -> State:
    """Add a node to a column, behind node `after` (None: at the end).

    An input brings a data column of zeros, an output a target column of zeros; what feeds a node are the
    seeded random weights of its layer.
    """
    network = state.network
    at = len(network.names(column)) if after is None else after + 1
    name = fresh_node_name(network, column)

    def names(old: Names) -> Names:
        return (*old[:at], name, *old[at:])

    def of_layer(layer: Layer) -> Layer:
        rng = np.random.default_rng([state.training.seed, 0, len(layer)])
        row = random_weights(rng, layer.function, (len(layer) + 1, layer.weights.shape[1]))[-1]
        biases = None if layer.biases is None else np.insert(layer.biases, at, 0.0)
        return Layer(names(layer.nodes), layer.activation, np.insert(layer.weights, at, row, axis=0), biases)

    return _with_column(state, column, names, of_layer, lambda values: np.insert(values, at, 0.0, axis=1))


def remove_node(state: State, column: int, node: int) -> State:
    """Remove a node with its weights, and an input's or output's data column.

    Raises ValueError where it is the last of its column.
    """
    if len(state.network.names(column)) == 1:
        raise ValueError("a layer needs at least one node")

    def names(old: Names) -> Names:
        return old[:node] + old[node + 1 :]

    def of_layer(layer: Layer) -> Layer:
        biases = None if layer.biases is None else np.delete(layer.biases, node)
        return Layer(names(layer.nodes), layer.activation, np.delete(layer.weights, node, axis=0), biases)

    return _with_column(state, column, names, of_layer, lambda values: np.delete(values, node, axis=1))


def add_layer(state: State, before: int) -> State:
    """Insert a hidden layer in front of layer `before`: as many nodes as feed it, each weighing one by 1.

    It takes the activation of the hidden layer before it, or relu, and passes on what that leaves as it is:
    identity everything, relu what is not below 0, tanh nothing but 0.
    """
    network = state.network
    count = network.sizes[before]
    names: list[str] = []
    taken = set(network.all_names())
    for wanted in default_nodes(before, len(network.layers) + 1, count):
        stem, _, number = wanted.rpartition("_")
        names.append(fresh_name(stem, taken, int(number)))
        taken.add(names[-1])
    activation = network.layers[before - 1].activation if before else "relu"

    def edit(net: Network) -> Network:
        new = Layer(tuple(names), activation, np.eye(count))
        return replace(net, layers=(*net.layers[:before], new, *net.layers[before:]))

    return _restructured(state, edit)


def remove_layer(state: State, layer: int) -> State:
    """Remove a hidden layer; the next layer's weights become the product of both, as if it had been linear.

    Raises ValueError for the output layer, and where the product is too large for a number.
    """
    if layer == len(state.network.layers) - 1:
        raise ValueError("the output layer cannot be removed")

    def edit(net: Network) -> Network:
        gone, after = net.layers[layer], net.layers[layer + 1]
        biases = after.biases
        with np.errstate(over="ignore", invalid="ignore"):  # what is not finite, a Layer does not take
            weights = after.weights @ gone.weights
            if biases is not None and gone.biases is not None:
                biases = biases + after.weights @ gone.biases
        try:
            joined = replace(after, weights=weights, biases=biases)
        except ValueError:
            what = "the product of its weights and the next layer's is too large for a number"
            raise ValueError(f"the hidden layer stays: {what}; make them smaller first") from None
        return replace(net, layers=(*net.layers[:layer], joined, *net.layers[layer + 2 :]))

    return _restructured(state, edit)


def outcome(old: State, new: State, row: int) -> str:
    """Return what an edit made of the predictions, in words: with the numbers of one that changed.

    `row` is looked at first. Where all rows would take too long it is the only one; "" where there is none.
    """
    if row >= len(old.data):
        return ""
    quick = forward_ns(old.network, len(old.data)) + forward_ns(new.network, len(old.data)) < QUICK_NS
    for rows in ([row], range(len(old.data)) if quick else []):
        if found := _changed(old, new, list(rows)):
            return found
    return "the prediction is what it was" if quick else f"the prediction of row {row + 1} is what it was"


def _changed(old: State, new: State, rows: list[int]) -> str:
    """Return the first prediction of some rows that has changed, in words, of the outputs that are left."""
    names = [name for name in old.network.outputs if name in new.network.outputs]
    before, after = (_predictions(state, rows, names) for state in (old, new))
    changed = np.argwhere(~np.isclose(before, after, ROUNDING, ROUNDING, equal_nan=True))
    if not len(changed):
        return ""
    place, output = changed[0].tolist()
    was, now = float(before[place, output]), float(after[place, output])
    write = shown if shown(was) != shown(now) else shown_in_full
    what = names[output] if len(old.network.outputs) > 1 else "prediction"
    return f"{what} of row {rows[place] + 1}: {write(was)} → {write(now)}"


def _predictions(state: State, rows: list[int], outputs: list[str]) -> Array:
    columns = [state.network.outputs.index(name) for name in outputs]
    return state.network.predict(state.data.inputs[rows])[:, columns]


def _restructured(state: State, edit: Callable[[Network], Network], data: Dataset | None = None) -> State:
    """Apply an edit to the network and to every weight set; `data` are other rows, if they change with it."""
    sets = tuple(WeightSet.of(kept.name, edit(kept.into(state.network))) for kept in state.weight_sets)
    rows, network = state.data if data is None else data, edit(state.network)
    left = {*network.inputs, *network.outputs}
    columns = state.columns.with_nodes(lambda name: name if name in left else None)
    return replace(state, network=network, data=rows, weight_sets=sets, run=None, columns=columns)


def _with_biases(state: State, layer: int, biases: Array | None) -> State:
    return _restructured(state, lambda net: net.with_layer(layer, replace(net.layers[layer], biases=biases)))


def _with_column(
    state: State,
    column: int,
    names: Callable[[Names], Names],
    of_layer: Callable[[Layer], Layer],
    values: Callable[[Array], Array],
) -> State:
    """Change the nodes of a column: `names` an input's, `of_layer` the layer that they are.

    `values` changes what has one column for each of them: the weights that lead on, inputs or targets.
    """
    last = len(state.network.layers)

    def edit(net: Network) -> Network:
        layers = list(net.layers)
        if column:
            layers[column - 1] = of_layer(layers[column - 1])
        if column < last:
            layers[column] = replace(layers[column], weights=values(layers[column].weights))
        return Network(net.inputs if column else names(net.inputs), tuple(layers))

    inputs, targets = state.data.inputs, state.data.targets
    if column == 0:
        inputs = values(inputs)
    if column == last and targets is not None:
        targets = values(targets)
    return _restructured(state, edit, Dataset(inputs, targets))


def fresh_node_name(network: Network, column: int) -> str:
    """Return the name that a node gets which is added to a column."""
    if column == 0:
        stem = "input"
    elif column == len(network.layers):
        stem = "output"
    else:
        stem = default_nodes(column - 1, len(network.layers), 1)[0].rsplit("_", 1)[0]
    return fresh_name(stem, set(network.all_names()), len(network.names(column)))
