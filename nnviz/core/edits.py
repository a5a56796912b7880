"""Every edit of numbers, rows, settings, names and weight sets as a function from a State to a State.

What an edit does not name stays as it is.
Knows nothing of undo. Layers count from 0 (the first hidden layer), columns from 0 (the inputs).
An edit of weights or data ends the present run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.address import Address, fresh_name
from nnviz.core.names import quoted
from nnviz.core.network import Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State, WeightSet

ALL_OR_NONE = "rows have all their targets or none; the table's menu removes all"
EDITABLE = ("input", "weight", "bias", "target")
"""The kinds of addresses whose numbers a person can type."""


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


def value_at(state: State, address: Address, row: int = 0) -> float | None:
    """Return the number that stands at an address, in `row` for an input or a target; None without one."""
    data = state.data
    if address.is_number:
        return address.value(state.network) if address.within(state.network) else None
    values = data.inputs if address.kind == "input" else data.targets
    return None if values is None or row >= len(data) else float(values[row, address.node])


def set_value(state: State, address: Address, value: float | None, row: int = 0) -> State:
    """Set the number at an address; an input or a target is that of `row`, which may be the first one.

    None empties a target. Raises ValueError where it cannot, and for a bias where the layer has none.
    """
    if value == value_at(state, address, row):
        return state
    if value is None:
        return clear_targets(state, [row])
    if address.kind == "weight":
        return set_weight(state, address.layer, address.node, address.source, value)
    if address.kind == "bias":
        return set_bias(state, address.layer, address.node, value)
    if row >= len(state.data):
        state = add_row(state)
    change = set_input if address.kind == "input" else set_target
    return change(state, row, address.node, value)


def number_at(state: State, address: Address) -> Address | None:
    """Return the number that stands for a part: itself, an input's value, a node's bias or its target."""
    if address.kind in EDITABLE:
        return address
    if address.column == 0:
        return address._replace(kind="input")
    if state.network.layers[address.layer].biases is not None:
        return address._replace(kind="bias")
    return address._replace(kind="target") if address.column == len(state.network.layers) else None


def set_input(state: State, row: int, column: int, value: float) -> State:
    """Set an input of a row."""
    return set_rows(state, _changed(state.data.inputs, (row, column), value), state.data.targets)


def set_target(state: State, row: int, output: int, value: float) -> State:
    """Set a target of a row; where there were no targets, the others become 0."""
    targets = state.data.targets
    if targets is None:
        targets = np.zeros((len(state.data), len(state.network.outputs)))
    return set_rows(state, state.data.inputs, _changed(targets, (row, output), value))


def clear_targets(state: State, rows: list[int]) -> State:
    """Empty a target of each of some rows. Raises ValueError where other targets would be left."""
    targets = state.data.targets
    if targets is not None and targets.shape != (len(set(rows)), 1):
        raise ValueError(ALL_OR_NONE)
    return remove_targets(state)


def remove_targets(state: State) -> State:
    """Leave all rows without targets."""
    return state if state.data.targets is None else set_rows(state, state.data.inputs, None)


def add_row(state: State, after: int | None = None, inputs: ArrayLike = 0.0) -> State:
    """Add a row behind row `after` (None: at the end), of zeros but for `inputs`, shape (inputs,).

    The first one has no targets yet.
    """
    at = len(state.data) if after is None else after + 1
    inputs = np.insert(state.data.inputs, at, inputs, axis=0)
    targets = state.data.targets if len(state.data) else None
    if targets is not None:
        targets = np.insert(targets, at, 0.0, axis=0)
    return set_rows(state, inputs, targets)


def remove_rows(state: State, rows: list[int]) -> State:
    """Remove rows of data."""
    targets = state.data.targets
    if targets is not None:
        targets = np.delete(targets, rows, axis=0)
    return set_rows(state, np.delete(state.data.inputs, rows, axis=0), targets)


def set_rows(state: State, inputs: Array, targets: Array | None) -> State:
    """Put other rows in the place of all: inputs, shape (rows, inputs), targets, shape (rows, outputs)."""
    return replace(state, data=Dataset(inputs, targets), run=None)


def shuffle_rows(state: State) -> State:
    """Put the rows in the order `default_rng([seed, 2]).permutation(rows)`, by the seed of the settings.

    Again, it mixes what it mixed before.
    """
    order = np.random.default_rng([state.training.seed, 2]).permutation(len(state.data))
    targets = state.data.targets
    return set_rows(state, state.data.inputs[order], None if targets is None else targets[order])


def validate_from(state: State, row: int) -> State:
    """Keep the rows from `row` on for validation; there must be one before it, and none need be from it on.

    Of the shares that do, `validation` becomes the one with the fewest digits.
    """
    validation = validation_from(row, len(state.data))
    return set_training(state, replace(state.training, validation=validation))


def validation_from(row: int, rows: int) -> float:
    """Return the share with the fewest decimals of which `int(rows * (1 - share))` is `row`, from 1 on."""
    for digits in count():
        nearest = (rows - row) * 10**digits // rows
        for numerator in (nearest, nearest - 1):
            share: float = numerator / 10**digits
            if 0.0 <= share < 1.0 and int(rows * (1.0 - share)) == row:
                return share
    raise AssertionError


def put_cells(state: State, row: int, columns: list[int], values: Array) -> State:
    """Put `values`, shape (rows, columns), from `row` on; new rows are 0 elsewhere.

    A column counts the inputs and then the targets; where there were no targets, those that are not put
    there become 0, unless none is.
    """
    old, width = state.data, len(state.network.inputs)
    targets = old.targets if len(old) else None
    if targets is None and max(columns) >= width:
        targets = np.zeros((len(old), len(state.network.outputs)))
    table = old.inputs if targets is None else np.hstack([old.inputs, targets])
    rows = np.zeros((max(len(old), row + len(values)), table.shape[1]))
    rows[: len(old)] = table
    rows[row : row + len(values), columns] = values
    return set_rows(state, rows[:, :width], None if targets is None else rows[:, width:])


def set_training(state: State, training: Training) -> State:
    """Set the training settings; the present run goes on, but under another loss or with other rows.

    Raises ValueError for a loss that does not go with the output.
    """
    old = state.training
    same = (old.loss, old.validation) == (training.loss, training.validation)
    return replace(state, training=training, run=state.run if same else None)


def set_notes(state: State, notes: str) -> State:
    """Write other notes. Raises ValueError where they are too long."""
    return replace(state, notes=notes)


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
        raise ValueError(f"the name {quoted(name)} is taken; names are unique within a network")
    names = list(network.names(column))
    names[node] = name
    if column == 0:
        renamed = replace(network, inputs=tuple(names))
    else:
        layer = replace(network.layers[column - 1], nodes=tuple(names))
        renamed = network.with_layer(column - 1, layer)
    return _renamed(state, renamed)


def _renamed(state: State, network: Network) -> State:
    """Return `state` with the same network under other names; its columns go with them."""
    old = (*state.network.inputs, *state.network.outputs)
    names = dict(zip(old, (*network.inputs, *network.outputs), strict=True))
    return replace(state, network=network, columns=state.columns.with_nodes(names.get))


def rename_columns(state: State, names: Mapping[int, str]) -> State:
    """Rename inputs, and outputs, which count behind them, at once. Raises ValueError where two are alike."""
    network, width = state.network, len(state.network.inputs)
    called = [*network.inputs, *network.outputs]
    for place, name in names.items():
        called[place] = name.strip()
    output = replace(network.layers[-1], nodes=tuple(called[width:]))
    renamed = replace(network, inputs=tuple(called[:width]), layers=(*network.layers[:-1], output))
    return _renamed(state, renamed)


def set_activation(state: State, layer: int, activation: str) -> State:
    """Choose the activation of a layer."""
    new = replace(state.network.layers[layer], activation=activation)
    return with_network(state, state.network.with_layer(layer, new))


def set_loss(state: State, loss: str, output: str | None = None) -> State:
    """Choose the loss, and with it the activation of the output where one is given.

    Raises ValueError where they do not go together.
    """
    training = replace(state.training, loss=loss)
    if output is None:
        return set_training(state, training)
    layers = state.network.layers
    network = state.network.with_layer(len(layers) - 1, replace(layers[-1], activation=output))
    return replace(state, network=network, training=training, run=None)


def use_set(state: State, place: int) -> State:
    """Return `state` with the weights of the set at `place` in use."""
    return with_network(state, state.weight_sets[place].into(state.network))


def set_in_use(state: State, place: int) -> bool:
    """Tell whether the weights in use are those of a set."""
    kept = state.weight_sets[place]
    return kept == WeightSet.of(kept.name, state.network)


def loss_with_set(state: State, place: int) -> float | None:
    """Return the loss over the rows trained on with the weights of a set, or None without them or targets."""
    return use_set(state, place).loss()


def new_set_name(state: State) -> str:
    """Return the first of the course's names, weights_0 and so on, that no set has."""
    return fresh_name("weights", {kept.name for kept in state.weight_sets})


def keep_set(state: State, name: str) -> State:
    """Keep the weights in use as one more set. Raises ValueError for an empty name or one that is taken."""
    name = name.strip()
    if not name:
        raise ValueError("a name needs at least one character")
    if any(kept.name == name for kept in state.weight_sets):
        raise ValueError(f"a weight set is called {quoted(name)} already; remove it, or choose another name")
    return replace(state, weight_sets=(*state.weight_sets, WeightSet.of(name, state.network)))


def remove_set(state: State, place: int) -> State:
    """Drop a set; the weights in use stay, those of the set too."""
    sets = state.weight_sets
    return replace(state, weight_sets=sets[:place] + sets[place + 1 :])
