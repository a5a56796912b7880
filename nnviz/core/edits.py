"""Edits: functions that take a State and return a new one.

An edit of weights or data ends the current run. An edit of the structure also changes the weight sets, which
are stored copies of the weights. A new node starts with outgoing weights 0, a new input with weights and data
0, and a new hidden layer with the identity matrix. So the predictions stay the same, unless the activation of
a new layer changes the values. Layer 0 is the first hidden layer, and column 0 holds the inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import count
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnviz.core.activations import Array, default_activations, usual_output
from nnviz.core.address import Address, default_nodes, fresh_name
from nnviz.core.columns import Column, Columns, with_names
from nnviz.core.formula import formula
from nnviz.core.losses import usual_loss
from nnviz.core.network import Layer, Network, moved, pixel_side, random_weights
from nnviz.core.numbers import NUMBERS, ROWS, as_text, check_name, counted, list_text, quoted, shortened
from nnviz.core.state import Dataset, State, Training, WeightSet

ALL_OR_NONE = "all rows need targets if any row has targets; to empty a single target column, select all rows"
TARGETS_ADDED = "nnviz set the targets of the other rows to 0"
EDITABLE = ("input", "weight", "bias", "target")
"""Kinds of addresses whose numbers a person can edit."""


def with_network(state: State, network: Network) -> State:
    """Return `state` with another network of the same shape, and remove the training run."""
    return replace(state, network=network, run=None)


def value_at(state: State, address: Address, row: int = 0) -> float | None:
    """Return the weight, bias, input or target at an address, or None if the State lacks this number.

    For an input or a target, `row` is the index of the data row.
    """
    data = state.data
    if address.is_number:
        return state.network.value_of(address) if state.network.has(address) else None
    values = data.inputs if address.kind == "input" else data.targets
    return None if values is None or row >= len(data) else float(values[row, address.node])


def set_value(state: State, address: Address, value: float | None, row: int = 0) -> State:
    """Return `state` with a new value of the weight, bias, input or target at an address.

    For an input or a target, `row` is the index of the data row; a missing row is added at the end. If the
    State had no targets, the other targets become 0. The value None empties a target.

    Raises ValueError if the target cannot be empty, the layer has no biases, or the input is computed.
    """
    if value == value_at(state, address, row):
        return state
    if address.kind == "input" and (reason := state.columns.read_only(address.node)):
        raise ValueError(reason)
    if value is None:
        return clear_targets(state, [row])
    if address.is_number:
        return with_network(state, state.network.with_value(address, value))
    first = 0 if address.kind == "input" else len(state.network.inputs)
    return put_cells(state, row, [first + address.node], np.array([[value]]))


def number_at(state: State, address: Address) -> Address | None:
    """Return the address of the number to edit when a person edits the part at `address`.

    For a weight, bias, input or target, the result is `address`. For an input node, the result is the address
    of the input; for another node, the address of the bias. Without a bias, the result is the address of the
    target for an output node, and None for a hidden node.
    """
    if address.kind in EDITABLE:
        return address
    if address.column == 0:
        return address._replace(kind="input")
    if state.network.layers[address.layer].biases is not None:
        return address._replace(kind="bias")
    return address._replace(kind="target") if address.column == len(state.network.layers) else None


def clear_targets(state: State, rows: list[int]) -> State:
    """Remove the targets of `rows`, which must be all rows: either every row has targets, or no row has.

    Raises ValueError if `rows` are only some of the rows with targets, or if a row has several targets.
    """
    targets = state.data.targets
    if targets is not None and targets.shape != (len(set(rows)), 1):
        raise ValueError(ALL_OR_NONE)
    return state if targets is None else set_rows(state, state.data.inputs, None)


def add_row(
    state: State, after: int | None = None, inputs: ArrayLike = 0.0, targets: ArrayLike | None = None
) -> State:
    """Add a row below the row with the index `after`, or at the end if `after` is None.

    The new row has the values `inputs`, shape (inputs,), and `targets`, shape (outputs,). Arrays of the
    shapes (rows, inputs) and (rows, outputs) add several rows. If `targets` is None, the new targets are 0,
    and a row that is added to empty data has no targets. If `targets` are given and the State had none, the
    other targets become 0.
    """
    at, data = len(state.data) if after is None else after + 1, state.data
    old = data.targets if len(data) else None
    if old is None and targets is not None:
        old = np.zeros((len(data), len(state.network.outputs)))
    filled = np.insert(data.inputs, at, inputs, axis=0)
    places = [at] * (len(filled) - len(data))
    new = None if old is None else np.insert(old, places, 0.0 if targets is None else targets, axis=0)
    return set_rows(state, filled, new)


def remove_rows(state: State, rows: list[int]) -> State:
    """Remove the rows with the indices `rows` from the data."""
    return _with_order(state, np.delete(np.arange(len(state.data)), rows))


def set_rows(state: State, inputs: Array, targets: Array | None) -> State:
    """Replace all rows. `inputs` has shape (rows, inputs); `targets` has shape (rows, outputs) or is None."""
    return replace(state, data=Dataset(inputs, targets), run=None)


def shuffle_rows(state: State) -> State:
    """Shuffle the rows with `default_rng([seed, 2]).permutation(rows)`; `seed` is a training setting.

    A second call shuffles the shuffled rows again.
    """
    return _with_order(state, np.random.default_rng([state.training.seed, 2]).permutation(len(state.data)))


def _with_order(state: State, rows: NDArray[np.intp]) -> State:
    """Return `state` with only the rows with the indices `rows`, in this order."""
    targets = state.data.targets
    return set_rows(state, state.data.inputs[rows], None if targets is None else targets[rows])


def validate_from(state: State, row: int) -> State:
    """Use row `row` and all rows below it for validation; `row` must be at least 1.

    The setting `validation` becomes the share with the fewest decimals that selects these rows.
    """
    validation = validation_from(row, len(state.data))
    return set_training(state, replace(state.training, validation=validation))


def validation_from(row: int, rows: int) -> float:
    """Return the validation share that has the fewest decimals and uses the rows from `row` on.

    For the returned share, `int(rows * (1 - share))` equals `row`, which must be at least 1.
    """
    for digits in count():
        nearest = (rows - row) * 10**digits // rows
        for numerator in (nearest, nearest - 1):
            share: float = numerator / 10**digits
            if 0.0 <= share < 1.0 and int(rows * (1.0 - share)) == row:
                return share
    raise AssertionError


def put_cells(state: State, row: int, columns: list[int], values: Array) -> State:
    """Write `values`, shape (rows, columns), into columns of the data table, from row `row` down.

    `columns` are indices: first the inputs, then the targets. Missing rows are added, with 0 in the
    other columns. If the State had no targets and `columns` contains a target, all other targets become 0.
    """
    old, width = state.data, len(state.network.inputs)
    targets = old.targets if len(old) else None
    if targets is None and max(columns) >= width:
        targets = np.zeros((len(old), len(state.network.outputs)))
    end = row + len(values)

    def written(part: Array, first: int) -> Array:
        table = np.zeros((max(len(old), end), part.shape[1]))
        table[: len(old)] = part
        own = [k for k, column in enumerate(columns) if 0 <= column - first < part.shape[1]]
        table[row:end, [columns[k] - first for k in own]] = values[:, own]
        return table

    return set_rows(state, written(old.inputs, 0), None if targets is None else written(targets, width))


def set_training(state: State, training: Training) -> State:
    """Replace the training settings. The run ends if the loss or the validation share changes.

    Raises ValueError if the loss does not fit the output's activation.
    """
    old = state.training
    same = (old.loss, old.validation) == (training.loss, training.validation)
    return replace(state, training=training, run=state.run if same else None)


def freeze(state: State, address: Address) -> State:
    """Freeze the weight, bias, node or layer at `address`, so that training does not change it.

    The result is `state` itself if the part is frozen already. Raises ValueError if the part's name also
    means another part of the network.
    """
    if state.freezing(address):
        return state
    frozen = *unfreeze(state, address).training.frozen, state.network.part_name(address)
    return set_training(state, replace(state.training, frozen=frozen))


def unfreeze(state: State, address: Address) -> State:
    """Let training change the part at `address`, and everything that is frozen together with it."""
    part = state.freezing(address) or address
    frozen = state.training.frozen
    frozen = tuple(each for each in frozen if part not in state.network.part_called(each).around)
    return set_training(state, replace(state.training, frozen=frozen))


def set_notes(state: State, notes: str) -> State:
    """Replace the notes. Raises ValueError if the notes are too long."""
    return replace(state, notes=notes)


def randomise(state: State, seed: int) -> State:
    """Draw new random weights with `seed`, and store the seed in the training settings."""
    state = replace(state, training=replace(state.training, seed=seed))
    return with_network(state, state.network.randomised(seed))


def rename(state: State, column: int, node: int, name: str) -> State:
    """Rename an input or a node. Raises ValueError if the name is empty or already in use."""
    name, network = name.strip(), state.network
    if network.names(column)[node] == name:
        return state
    _check_new(name, names_in_use(state, network.names(column)[node]))
    names = list(network.names(column))
    names[node] = name
    if column == 0:
        renamed = replace(network, inputs=tuple(names))
    else:
        layer = replace(network.layers[column - 1], nodes=tuple(names))
        renamed = network.with_layer(column - 1, layer)
    old = (*network.inputs, *network.outputs)
    node_names = dict(zip(old, (*renamed.inputs, *renamed.outputs), strict=True))
    training, columns = training_after(state, renamed), state.columns.with_nodes(node_names.get)
    were = [each.training for each in state.run.segments] if state.run else []
    is_named = any(training_after(replace(state, training=own), renamed) != own for own in were)
    run = None if is_named else state.run  # a run repeats its updates with the old names of frozen parts
    return replace(state, network=renamed, training=training, columns=columns, run=run)


def names_in_use(state: State, own: str = "") -> set[str]:
    """Return the names of all nodes and columns, except the node called `own` and its column."""
    columns = (each.name for each in state.columns if own not in each.nodes)
    return {*state.network.all_names(), *columns} - {own}


def _check_new(name: str, taken: Iterable[str]) -> None:
    """Raise ValueError if the new name `name` is invalid or one of the names `taken`."""
    if not name:
        raise ValueError("a name needs at least one character")
    check_name(name, "name")
    if name in taken:
        raise ValueError(f"the name {quoted(name)} is already in use; choose another name")


def set_activation(state: State, layer: int, activation: str) -> State:
    """Replace the activation of a layer."""
    new = replace(state.network.layers[layer], activation=activation)
    return with_network(state, state.network.with_layer(layer, new))


def set_loss(state: State, loss: str, output: str | None = None) -> State:
    """Replace the loss and, unless `output` is None, the activation of the output layer.

    Raises ValueError if the loss does not fit the activation.
    """
    training = replace(state.training, loss=loss)
    if output is None:
        return set_training(state, training)
    network = state.network.with_layer(-1, replace(state.network.layers[-1], activation=output))
    return replace(state, network=network, training=training, run=None)


def use_set(state: State, place: int) -> State:
    """Return `state` with the weights of the weight set at index `place`."""
    return with_network(state, state.weight_sets[place].into(state.network))


def uses_set(state: State, place: int) -> bool:
    """Return whether the network has exactly the weights of the weight set at index `place`."""
    stored = state.weight_sets[place]
    return stored == WeightSet.of(stored.name, state.network)


def new_set_name(state: State) -> str:
    """Return the first free name for a weight set: weights_0, weights_1 and so on."""
    return fresh_name("weights", {each.name for each in state.weight_sets})


def keep_set(state: State, name: str) -> State:
    """Store the weights of the network as a new weight set called `name`.

    Raises ValueError if the name is empty or already in use.
    """
    name = name.strip()
    _check_new(name, [each.name for each in state.weight_sets])
    return replace(state, weight_sets=(*state.weight_sets, WeightSet.of(name, state.network)))


def remove_set(state: State, place: int) -> State:
    """Remove the weight set at index `place`. The weights of the network do not change."""
    sets = state.weight_sets
    return replace(state, weight_sets=sets[:place] + sets[place + 1 :])


Names = tuple[str, ...]
ChangeNodes: TypeAlias = Callable[[NDArray[Any], ArrayLike, int], NDArray[Any]]
"""`change(values, new, axis)` inserts `new`, the values of a new node, or deletes the values of a node."""


def add_biases(state: State, layer: int) -> State:
    """Add biases of 0 to a layer."""
    return _with_biases(state, layer, np.zeros(len(state.network.layers[layer])))


def remove_biases(state: State, layer: int) -> State:
    """Remove the biases of a layer."""
    return _with_biases(state, layer, None)


def add_node(state: State, column: int, after: int | None = None) -> State:
    """Add a node to a column, below the node with the index `after`, or at the end if `after` is None.

    A new input adds a data column of zeros, a new output a target column of zeros. The incoming weights of
    the new node are random, drawn with the seed of the training settings.
    """
    at = len(state.network.names(column)) if after is None else after + 1
    name = fresh_node_name(state, column)
    return _with_column(state, column, lambda values, new, axis: np.insert(values, at, new, axis), name)


def remove_node(state: State, column: int, node: int) -> State:
    """Remove a node with all its weights. If the node is an input or output, its data column is removed.

    Raises ValueError if the column has only one node.
    """
    if len(state.network.names(column)) == 1:
        raise ValueError("a layer needs at least one node")

    return _with_column(state, column, lambda values, _new, axis: np.delete(values, node, axis))


def add_layer(state: State, before: int) -> State:
    """Insert a hidden layer in front of the layer with index `before`, with the identity matrix as weights.

    The new layer has as many nodes as the previous column, and the activation of the previous hidden layer. A
    new first layer has relu. The prediction stays the same only for values that the activation does not
    change: all values with identity, values ≥ 0 with relu, and only 0 with tanh.
    """
    network = state.network
    count = network.sizes[before]
    names, taken = list[str](), names_in_use(state)
    for name in default_nodes(before, len(network.layers) + 1, count):
        stem, _, number = name.rpartition("_")
        names.append(fresh_name(stem, taken, int(number)))
        taken.add(names[-1])
    activation = network.layers[before - 1].activation if before else HIDDEN

    def edit(net: Network) -> Network:
        new = Layer(tuple(names), activation, np.eye(count))
        return replace(net, layers=(*net.layers[:before], new, *net.layers[before:]))

    return _restructured(state, edit)


def remove_layer(state: State, layer: int) -> State:
    """Remove a hidden layer. The weights of the next layer become the product of both layers' weights.

    Raises ValueError if `layer` is the output layer or the product overflows.
    """
    if layer == len(state.network.layers) - 1:
        raise ValueError("the output layer cannot be removed")

    def edit(net: Network) -> Network:
        removed, following = net.layers[layer], net.layers[layer + 1]
        biases = following.biases
        with np.errstate(over="ignore", invalid="ignore"):  # a Layer raises ValueError for infinite weights
            weights = following.weights @ removed.weights
            if biases is not None and removed.biases is not None:
                biases = biases + following.weights @ removed.biases
        try:
            joined = replace(following, weights=weights, biases=biases)
        except ValueError:
            raise ValueError(
                "the hidden layer was not removed: the product of its weights and the weights of the next "
                "layer overflows float64; make these weights smaller first"
            ) from None
        return replace(net, layers=(*net.layers[:layer], joined, *net.layers[layer + 2 :]))

    return _restructured(state, edit)


def _restructured(state: State, edit: Callable[[Network], Network], data: Dataset | None = None) -> State:
    """Apply an edit to the network and to every weight set. `data` replaces the rows unless it is None."""
    sets = tuple(WeightSet.of(each.name, edit(each.into(state.network))) for each in state.weight_sets)
    rows, network = state.data if data is None else data, edit(state.network)
    remaining = {*network.inputs, *network.outputs}
    columns = state.columns.with_nodes(lambda name: name if name in remaining else None)
    training = training_after(state, network)
    return replace(
        state, network=network, data=rows, weight_sets=sets, training=training, run=None, columns=columns
    )


def training_after(state: State, network: Network) -> Training:
    """Return the training settings of `state` for `network`, in which frozen parts may have other names."""
    old = state.network
    parts: Iterable[Address | None] = map(old.part_called, state.training.frozen)
    if old.sizes != network.sizes:
        parts = (moved(part, old, network) for part in parts)
    names = tuple(network.part_name(part) for part in parts if part and network.has(part))
    return replace(state.training, frozen=names) if state.training.frozen else state.training


def _with_biases(state: State, layer: int, biases: Array | None) -> State:
    return _restructured(state, lambda net: net.with_layer(layer, replace(net.layers[layer], biases=biases)))


def _with_column(state: State, column: int, change: ChangeNodes, name: str = "") -> State:
    """Add a node called `name` to a column, or remove a node if `name` is "".

    The network, the weight sets and the data are changed.
    """
    last = len(state.network.layers)

    def names(old: Names) -> Names:
        return tuple(change(np.array(old, dtype=object), name, 0))

    def edit(net: Network) -> Network:
        layers = list(net.layers)
        if column:
            old = layers[column - 1]
            rng = np.random.default_rng([state.training.seed, 0, len(old)])
            shape = (len(old) + 1, old.weights.shape[1])
            row = random_weights(rng, old.function, shape)[-1] if name else 0.0
            biases = None if old.biases is None else change(old.biases, 0.0, 0)
            layers[column - 1] = Layer(names(old.nodes), old.activation, change(old.weights, row, 0), biases)
        if column < last:
            layers[column] = replace(layers[column], weights=change(layers[column].weights, 0.0, 1))
        return Network(net.inputs if column else names(net.inputs), tuple(layers))

    inputs, targets = state.data.inputs, state.data.targets
    if column == 0:
        inputs = change(inputs, 0.0, 1)
    if column == last and targets is not None:
        targets = change(targets, 0.0, 1)
    return _restructured(state, edit, Dataset(inputs, targets))


def fresh_node_name(state: State, column: int) -> str:
    """Return a free name for a new node of a column of the diagram."""
    network = state.network
    example = default_nodes(column - 1, len(network.layers), 2)[0] if column else "input_0"
    stem = example.rpartition("_")[0]
    return fresh_name(stem, names_in_use(state), len(network.names(column)))


def column_values(state: State, text: str) -> Array:
    """Return the raw numbers of a column with the formula `text` for all rows, shape (rows,).

    Outside the domain of a function, numbers are infinite or NaN. Raises ValueError for a bad formula.
    """
    formula(text).check_names(state.columns.sources)
    return formula(text)(state.columns.raw_of(text, lambda i: state.data.inputs[:, i]))


def put_column(
    state: State, name: str, text: str, place: int | None = None, *, scaled: bool = False
) -> State:
    """Add an input called `name` that is computed by the formula `text`, or change the one at index `place`.

    A new input gets outgoing weights 0. With `scaled=True`, the input is standardised, or keeps its scaling
    if its formula is the same. Raises ValueError for a bad name or formula, and for a row for which the
    formula has no finite value.
    """
    formula(text).check_names(state.columns.sources)
    column = Column(name := name.strip(), (name,), formula=text.strip())
    if place is None:
        place, state = len(state.network.inputs), add_node(state, 0)
    state = rename(state, 0, place, name)
    own = state.columns.computed.get(place)
    if own and (own.formula, own.is_scaled) == (column.formula, scaled):
        return state
    others = (each for each in state.columns if name not in each.nodes)
    state = replace(state, columns=Columns((*others, column)), run=None)
    return standardise(state, [place]) if scaled else state


def put_generated(state: State, data: Dataset) -> State:
    """Return `state` with generated rows: `data` has the inputs without a formula, and the targets.

    The computed inputs stay, and the other columns become plain numbers.
    """
    columns, network = state.columns, state.network
    names = {name: network.inputs[i] for name, (i, _) in columns.sources.items()}
    inputs = np.zeros((len(data), len(network.inputs)))
    inputs[:, columns.entered] = data.inputs
    computed = Columns(with_names(column, names) for column in columns.computed.values())
    return replace(state, data=Dataset(inputs, data.targets), columns=computed, run=None)


FACTOR = 100
"""Ratio of two inputs' standard deviations above which one learning rate does not suit both."""
SCALES_DIFFER = f"the scales of the inputs differ more than {FACTOR}-fold"


def standardise(state: State, inputs: Iterable[int]) -> State:
    """Return `state` with the inputs at the indices `inputs` standardised, and without a run.

    An input becomes (raw − mean) / standard deviation, as with scikit-learn's StandardScaler (`ddof` 0). Mean
    and standard deviation are those of the raw numbers in the training rows; `State.columns` stores both.
    One-hot inputs, constant inputs and inputs whose squares overflow do not change.
    """
    table, columns = state.data.inputs.copy(), {column.nodes: column for column in state.columns}
    for i in sorted(set(inputs) & set(can_be_standardised(state))):
        name = state.network.inputs[i]
        column = columns.get((name,)) or Column(name, (name,))
        raw = np.array(column.decoded(table[:, [i]]), dtype=np.float64)
        mean, deviation = mean_and_deviation(raw[None, : state.trained_rows])
        if 0.0 < deviation < np.inf:
            columns[column.nodes] = replace(column, mean=mean.item(), deviation=deviation.item())
            table[:, i] = columns[column.nodes].standardised(raw)
    data = Dataset(table, state.data.targets)
    return replace(state, data=data, columns=Columns(columns.values()), run=None)


def can_be_standardised(state: State) -> list[int]:
    """Return the indices of the inputs that hold numbers and vary over the training rows."""
    return [*_deviations(state)]


def standardising_note(state: State) -> str:
    """Return a text that names the inputs changed by `standardise`."""
    varying = [state.network.inputs[i] for i in can_be_standardised(state)]
    if not varying:
        return "no input was standardised: no input has numbers that vary over the training rows"
    rows = counted(state.trained_rows, "row")
    return f"standardised {list_text(varying)} with the mean and population standard deviation of {rows}"


def has_same_inputs(one: State, other: State) -> bool:
    """Return whether two States have the same training rows, columns and names of inputs."""
    same_rows = one.data is other.data and one.trained_rows == other.trained_rows
    return same_rows and one.columns == other.columns and one.network.inputs == other.network.inputs


def worth_standardising(state: State) -> str:
    """Return a sentence that recommends standardising, or "" if the scales of the inputs differ little.

    Standardising is recommended if the ratio of two inputs' standard deviations is above FACTOR. The scales
    of pixels do differ: nothing is recommended for them.
    """
    deviations, names = _deviations(state), state.network.inputs
    varying = sorted(deviations, key=deviations.__getitem__)
    ends = varying[:1] + varying[-1:]
    if not ends or deviations[ends[1]] <= FACTOR * deviations[ends[0]] or pixel_side(state.network):
        return ""
    scales = ", ".join(f"{as_text(deviations[i])} for {shortened(names[i])}" for i in ends)
    return (
        f"{SCALES_DIFFER}: the standard deviation is {scales}; "
        "standardised inputs have mean 0 and standard deviation 1, so one learning rate suits all of them"
    )


def _deviations(state: State) -> dict[int, float]:
    """Return the population deviation of each input that holds numbers and varies over the training rows.

    The keys are the indices of the inputs, in order.
    """
    texts = {name for column in state.columns if column.values for name in column.nodes}
    _, deviations = mean_and_deviation(np.ascontiguousarray(state.data.inputs[: state.trained_rows].T))
    pairs = zip(state.network.inputs, deviations.tolist(), strict=True)
    return {i: own for i, (name, own) in enumerate(pairs) if name not in texts and 0.0 < own < np.inf}


def mean_and_deviation(columns: Array) -> tuple[Array, Array]:
    """Return the means and the population standard deviations, shape (columns,) each.

    `columns` has shape (columns, rows). The standard deviation of equal values is 0. It is infinite or NaN if
    the squares of the values overflow.
    """
    if not columns.shape[1]:
        return np.zeros(len(columns)), np.zeros(len(columns))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        means, deviations = columns.mean(axis=1), columns.std(axis=1)
    same = (columns == columns[:, :1]).all(axis=1)
    means[same], deviations[same] = columns[same, 0], 0.0
    return means, deviations


LEAST, MOST = 8, 128
"""Number of hidden nodes in a new network for a table. LEAST: smallest number. MOST: largest number."""
RATE = 0.01
HIDDEN, OPTIMIZER = default_activations(2)[0], "adam"
"""HIDDEN: activation of a new hidden layer. OPTIMIZER: the optimizer set for a new network."""
BATCH, BATCH_FROM = 32, 200
"""BATCH: batch size set for a new network. With at most BATCH_FROM rows, a batch has all rows."""

UPDATES = 200
"""Number of updates set for a new network: enough to learn a few rows, too few to overfit much.

With mini-batches, 20 epochs are set if these are more updates.
"""


def node_names(columns: Sequence[Column]) -> Names:
    """Return the names of the inputs or outputs that encode the table's `columns`, in order."""
    return tuple(name for column in columns for name in column.nodes)


def output_activation(targets: Sequence[Column], data: Dataset) -> str:
    """Return the output activation that suits the columns `targets` with the targets in `data`.

    The result is softmax for columns of texts (classes), sigmoid if all targets are 0 or 1, else identity.
    """
    if any(column.values for column in targets):
        return usual_output("which one")
    return usual_output("yes or no" if data.has_classes else "how much")


def network_for(inputs: Sequence[Column], targets: Sequence[Column], data: Dataset, seed: int = 0) -> State:
    """Return a State with `data`, a new network with one hidden relu layer, and settings to train with adam.

    The random weights are drawn with `seed`. Raises ValueError if two nodes have the same name or the network
    exceeds a limit.
    """
    ins, outs = node_names(inputs), node_names(targets)
    hidden, activation = _hidden_nodes(len(ins), len(outs)), output_activation(targets, data)
    taken = {*ins, *outs}
    names = tuple(_free_name(name, taken) for name in default_nodes(0, 2, hidden))
    network = Network.random(ins, [(names, HIDDEN), (outs, activation)], seed)
    batch, updates = None, UPDATES
    if len(data) > BATCH_FROM:
        batch, updates = BATCH, max(UPDATES, 20 * (len(data) // BATCH))
    training = Training(RATE, updates, batch, OPTIMIZER, seed, usual_loss(activation))
    return State(network, data, training, columns=_stored(inputs, targets))


def _hidden_nodes(inputs: int, outputs: int) -> int:
    """Return the number of hidden nodes of a new network."""
    return min(max(LEAST, round((inputs + outputs) / 2)), MOST)


def most_rows(inputs: int, outputs: int) -> int:
    """Return the largest number of rows for which the rows and a new network stay within the size limits."""
    hidden = _hidden_nodes(inputs, outputs)
    weights = hidden * (inputs + 1) + outputs * (hidden + 1)
    return max(1, min(ROWS.limit, (NUMBERS.limit - weights) // (inputs + outputs)))


def _stored(inputs: Sequence[Column], targets: Sequence[Column]) -> Columns:
    """Return the columns that a State must store: all except plain numbers with the name of their node."""
    columns = *inputs, *targets
    return Columns(each for each in columns if not (each.is_plain and each.nodes == (each.name,)))


def fits(state: State, inputs: Sequence[Column], targets: Sequence[Column]) -> bool:
    """Return whether the table's columns need exactly as many inputs and outputs as the network has."""
    sizes = state.network.sizes
    return (sizes[0], sizes[-1]) == (len(node_names(inputs)), len(node_names(targets)))


def with_computed(state: State, inputs: Sequence[Column], data: Dataset) -> tuple[Sequence[Column], Dataset]:
    """Return the input columns of a table and the computed columns of `state`, with `data` for all of them.

    Raises ValueError if the network has computed inputs, and the table has other columns than the network.
    """
    computed, own = [*state.columns.computed.values()], [each.name for each in state.columns.of_inputs]
    if computed and {*own} != {each.name for each in inputs}:
        names = list_text([each.name for each in computed])
        raise ValueError(f"the network computes {names}, so the table needs the columns {list_text(own)}")
    zeros = np.zeros((len(data), len(computed)))
    return (*inputs, *computed), Dataset(np.hstack([data.inputs, zeros]), data.targets)


def with_rows(state: State, inputs: Sequence[Column], targets: Sequence[Column], data: Dataset) -> State:
    """Return `state` with `data` as its rows. The numbers of inputs and outputs must fit the network.

    If the columns and the inputs have the same names, in any order, the values are matched by name. Otherwise
    the inputs get the columns' names. The same applies to the outputs. Raises ValueError if the rows do not
    fit the network or a new name is the name of a hidden node.
    """
    network = state.network
    ins, outs, rows = _matched(network, inputs, targets, data)
    output = replace(network.layers[-1], nodes=outs)
    named = replace(network, inputs=ins, layers=(*network.layers[:-1], output))
    target_columns = targets or [column for column in state.columns if column.nodes[0] in outs]
    training = training_after(state, named)
    columns = _stored(inputs, target_columns)
    return replace(state, network=named, data=rows, columns=columns, training=training, run=None)


def _matched(
    network: Network, inputs: Sequence[Column], targets: Sequence[Column], data: Dataset
) -> tuple[Names, Names, Dataset]:
    """Return the names of inputs and outputs, and the rows, in the network's order if the names match."""
    ins, values = _in_network_order(network.inputs, node_names(inputs), data.inputs)
    if data.targets is None:
        return ins, node_names(targets) or network.outputs, Dataset(values)
    outs, target_values = _in_network_order(network.outputs, node_names(targets), data.targets)
    return ins, outs, Dataset(values, target_values)


def _in_network_order(own: Names, given: Names, values: Array) -> tuple[Names, Array]:
    """Return node names and their values, in the network's order if both have the same names."""
    if {*own} != {*given}:
        return given, values
    place = {name: i for i, name in enumerate(given)}
    return own, values[:, [place[name] for name in own]]


def rebuild_ends(state: State, inputs: Sequence[Column], targets: Sequence[Column], data: Dataset) -> State:
    """Return `state` with `data` as its rows, and with first and last layers that fit the columns.

    A layer that already fits keeps its weights. Another layer gets random weights, drawn with the seed of the
    training settings. If the columns have the names of the network's nodes, the values are matched by name.
    The activation of the output and the loss are replaced to suit the targets. If the shape of the network
    changes, all weight sets are removed.
    """
    ins, outs, rows = _matched(state.network, inputs, targets, data)
    layers, taken = [*state.network.layers], {*ins, *outs}
    for k, layer in enumerate(layers[:-1]):
        layers[k] = replace(layer, nodes=tuple(_free_name(name, taken) for name in layer.nodes))
    rng = np.random.default_rng([state.training.seed, 0])
    if len(ins) != state.network.sizes[0]:
        layers[0] = _widened(layers[0], layers[0].nodes, len(ins), rng)
    last = replace(layers[-1], activation=output_activation(targets, rows))
    if len(outs) == len(last):
        layers[-1] = replace(last, nodes=outs)
    else:
        layers[-1] = _widened(last, outs, last.weights.shape[1], rng)
    network, columns = Network(ins, tuple(layers)), _stored(inputs, targets)
    training = replace(training_after(state, network), loss=usual_loss(last.activation))
    sets = state.weight_sets if network.sizes == state.network.sizes else ()
    return replace(
        state, network=network, data=rows, training=training, columns=columns, weight_sets=sets, run=None
    )


def _widened(layer: Layer, nodes: Names, inputs: int, rng: np.random.Generator) -> Layer:
    biases = None if layer.biases is None else np.zeros(len(nodes))
    return Layer(nodes, layer.activation, random_weights(rng, layer.function, (len(nodes), inputs)), biases)


def _free_name(name: str, taken: set[str]) -> str:
    """Return the name of a hidden node, or a similar one if it is in use; add it to `taken`."""
    free = fresh_name(name, taken) if name in taken else name
    taken.add(free)
    return free
