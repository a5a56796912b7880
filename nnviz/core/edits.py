"""Every edit as a function from a State to a State; what it does not name stays what it was.

Knows nothing of undo. Layers count from 0 (the first hidden layer), columns from 0 (the inputs).
An edit ends the present run. Structural edits change the weight sets alike, and adding never changes a
prediction where the activation allows it: a new node starts with outgoing weights 0, a new input with
weights and data 0, a new hidden layer passes on what it receives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Where
from nnviz.core.naming import default_nodes, fresh_name
from nnviz.core.network import Layer, Network, random_weights
from nnviz.core.state import Dataset, State, Training, WeightSet


def _changed(array: Array, index: int | tuple[int, int], value: float) -> Array:
    copy = array.copy()
    copy[index] = value
    return copy


def with_network(state: State, network: Network) -> State:
    """Return `state` with another network of the same shape; its run ends."""
    return replace(state, network=network, run=None)


def set_weight(state: State, layer: int, node: int, source: int, value: float) -> State:
    """Set the weight that leads from `source` of the column before to `node` of `layer`."""
    old = state.network.layers[layer]
    new = replace(old, weights=_changed(old.weights, (node, source), value))
    return with_network(state, state.network.with_layer(layer, new))


def set_bias(state: State, layer: int, node: int, value: float) -> State:
    """Set a bias. Raises ValueError where the layer has none."""
    old = state.network.layers[layer]
    if old.biases is None:
        raise ValueError(f"layers[{layer}].biases: the layer has none")
    new = replace(old, biases=_changed(old.biases, node, value))
    return with_network(state, state.network.with_layer(layer, new))


def set_value(state: State, where: Where, value: float) -> State:
    """Set the weight or the bias at an address. Raises ValueError where the layer has no biases."""
    if where.kind == "weight":
        return set_weight(state, where.layer, where.node, where.source, value)
    return set_bias(state, where.layer, where.node, value)


def set_input(state: State, row: int, column: int, value: float) -> State:
    """Set an input of a row."""
    data = replace(state.data, inputs=_changed(state.data.inputs, (row, column), value))
    return replace(state, data=data, run=None)


def set_target(state: State, row: int, output: int, value: float) -> State:
    """Set a target of a row; where there were no targets, the others become 0."""
    targets = state.data.targets
    if targets is None:
        targets = np.zeros((len(state.data), len(state.network.outputs)))
    return replace(state, data=replace(state.data, targets=_changed(targets, (row, output), value)), run=None)


def add_row(state: State, after: int | None = None) -> State:
    """Add a row of zeros behind row `after` (None: at the end)."""
    at = len(state.data) if after is None else after + 1
    inputs = np.insert(state.data.inputs, at, 0.0, axis=0)
    targets = state.data.targets
    if targets is None and len(state.data) == 0:
        targets = np.empty((0, len(state.network.outputs)))
    if targets is not None:
        targets = np.insert(targets, at, 0.0, axis=0)
    return replace(state, data=Dataset(inputs, targets), run=None)


def remove_rows(state: State, rows: list[int]) -> State:
    """Remove rows of data."""
    targets = state.data.targets
    if targets is not None:
        targets = np.delete(targets, rows, axis=0)
    return replace(state, data=Dataset(np.delete(state.data.inputs, rows, axis=0), targets), run=None)


def set_training(state: State, training: Training) -> State:
    """Set the training settings; the present run goes on."""
    return replace(state, training=training)


def randomise(state: State, seed: int) -> State:
    """Start from new random weights by `seed`, which is kept in the settings."""
    state = replace(state, training=replace(state.training, seed=seed))
    return with_network(state, state.network.randomised(seed))


def rename(state: State, column: int, node: int, name: str) -> State:
    """Rename an input or a node. Raises ValueError for an empty name or one that is taken."""
    name = name.strip()
    network = state.network
    if not name:
        raise ValueError("a name needs at least one character")
    if network.names(column)[node] == name:
        return state
    if name in network.all_names():
        raise ValueError(f"the name {name!r} is taken; names are unique within a network")
    names = list(network.names(column))
    names[node] = name
    if column == 0:
        renamed = replace(network, inputs=tuple(names))
    else:
        layer = replace(network.layers[column - 1], nodes=tuple(names))
        renamed = network.with_layer(column - 1, layer)
    return replace(state, network=renamed)


def set_activation(state: State, layer: int, activation: str) -> State:
    """Choose the activation of a layer."""
    new = replace(state.network.layers[layer], activation=activation)
    return with_network(state, state.network.with_layer(layer, new))


def _restructured(state: State, edit: Callable[[Network], Network]) -> State:
    """Apply a structural edit to the network and to every weight set."""
    sets = tuple(WeightSet.of(own.name, edit(own.into(state.network))) for own in state.weight_sets)
    return replace(state, network=edit(state.network), weight_sets=sets, run=None)


def add_biases(state: State, layer: int) -> State:
    """Give a layer biases, all 0."""
    return _restructured(
        state,
        lambda net: net.with_layer(
            layer, replace(net.layers[layer], biases=np.zeros(len(net.layers[layer])))
        ),
    )


def remove_biases(state: State, layer: int) -> State:
    """Take a layer's biases away."""
    return _restructured(state, lambda net: net.with_layer(layer, replace(net.layers[layer], biases=None)))


def _insert_source(layer: Layer, at: int) -> Layer:
    return replace(layer, weights=np.insert(layer.weights, at, 0.0, axis=1))


def add_node(state: State, column: int, after: int | None = None) -> State:
    """Add a node to a column, behind node `after` (None: at the end).

    An input brings a data column of zeros, an output a target column of zeros; a node's own weights are the
    seeded random start of its layer.
    """
    network, data = state.network, state.data
    at = len(network.names(column)) if after is None else after + 1
    name = _fresh_node_name(network, column)
    last = column == len(network.layers)

    def edit(net: Network) -> Network:
        layers = list(net.layers)
        inputs = net.inputs
        if column == 0:
            inputs = (*inputs[:at], name, *inputs[at:])
        else:
            own = layers[column - 1]
            rng = np.random.default_rng([state.training.seed, 0, len(own)])
            row = random_weights(rng, own.function, (len(own) + 1, own.weights.shape[1]))[-1]
            layers[column - 1] = Layer(
                (*own.nodes[:at], name, *own.nodes[at:]),
                own.activation,
                np.insert(own.weights, at, row, axis=0),
                None if own.biases is None else np.insert(own.biases, at, 0.0),
            )
        if not last:
            layers[column] = _insert_source(layers[column], at)
        return Network(inputs, tuple(layers))

    inputs, targets = data.inputs, data.targets
    if column == 0:
        inputs = np.insert(inputs, at, 0.0, axis=1)
    if last and targets is not None:
        targets = np.insert(targets, at, 0.0, axis=1)
    return replace(_restructured(state, edit), data=Dataset(inputs, targets))


def _fresh_node_name(network: Network, column: int) -> str:
    taken = set(network.all_names())
    count = len(network.names(column))
    if column == 0:
        stem = "input"
    elif column == len(network.layers):
        stem = "output"
    else:
        stem = default_nodes(column - 1, len(network.layers), 1)[0].rsplit("_", 1)[0]
    return fresh_name(stem, taken, count)


def remove_node(state: State, column: int, node: int) -> State:
    """Remove a node with its weights, and an input's or output's data column.

    Raises ValueError where it is the last of its column.
    """
    if len(state.network.names(column)) == 1:
        raise ValueError("a layer needs at least one node")

    def edit(net: Network) -> Network:
        layers = list(net.layers)
        inputs = net.inputs
        if column == 0:
            inputs = inputs[:node] + inputs[node + 1 :]
        else:
            own = layers[column - 1]
            layers[column - 1] = Layer(
                own.nodes[:node] + own.nodes[node + 1 :],
                own.activation,
                np.delete(own.weights, node, axis=0),
                None if own.biases is None else np.delete(own.biases, node),
            )
        if column < len(layers):
            after = layers[column]
            layers[column] = replace(after, weights=np.delete(after.weights, node, axis=1))
        return Network(inputs, tuple(layers))

    inputs, targets = state.data.inputs, state.data.targets
    if column == 0:
        inputs = np.delete(inputs, node, axis=1)
    if column == len(state.network.layers) and targets is not None:
        targets = np.delete(targets, node, axis=1)
    return replace(_restructured(state, edit), data=Dataset(inputs, targets))


def add_layer(state: State, before: int) -> State:
    """Insert a hidden layer in front of layer `before`: as many nodes as feed it, each passing its value on.

    It takes the activation of the hidden layer before it, or relu.
    """
    network = state.network
    count = network.sizes[before]
    taken = set(network.all_names())
    names: list[str] = []
    for j in range(count):
        wanted = default_nodes(before, len(network.layers) + 1, count)[j]
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

    Raises ValueError for the output layer.
    """
    if layer == len(state.network.layers) - 1:
        raise ValueError("the output layer cannot be removed")

    def edit(net: Network) -> Network:
        gone, after = net.layers[layer], net.layers[layer + 1]
        biases = after.biases
        if biases is not None and gone.biases is not None:
            biases = biases + after.weights @ gone.biases
        joined = replace(after, weights=after.weights @ gone.weights, biases=biases)
        return replace(net, layers=(*net.layers[:layer], joined, *net.layers[layer + 2 :]))

    return _restructured(state, edit)
