"""Edits: functions from a State to a new State. Undo and networks are elsewhere.

An edit of weights or data ends the current run. An edit of the structure changes the weight sets too. Where
the activation allows it, adding a part changes no prediction: a new node starts with outgoing weights 0, a
new input with weights and data 0, a new hidden layer with the identity matrix. Layers count from 0 (the first
hidden layer), columns from 0 (the inputs).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.address import Address, default_nodes, fresh_name
from nnviz.core.losses import usual
from nnviz.core.network import Layer, Network, random_weights
from nnviz.core.numbers import NUMBERS, ROWS, SHOWN, counted, listed, quoted, shortened, shown, shown_in_full
from nnviz.core.slopes import BLOCK_NS, QUICK_NS, forward_ns
from nnviz.core.state import Column, Columns, Dataset, State, Training, WeightSet

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
        return state.network.value_of(address) if state.network.has(address) else None
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
        if found := _prediction_change(old, new, list(rows)):
            return found
    return "the prediction is what it was" if quick else f"the prediction of row {row + 1} is what it was"


def _prediction_change(old: State, new: State, rows: list[int]) -> str:
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


FACTOR = 100
"""Inputs whose deviations differ by more learn badly from one learning rate."""
DIFFER = f"the inputs differ in scale by more than {FACTOR} times"
TOO_LARGE = sys.float_info.max / 2
"""A number above it may be too far from the mean for the difference to be a float64."""
NUMBER_NS = 10.0
"""About what a number costs of those whose deviation is found."""


def standardise(state: State, inputs: Iterable[int]) -> State:
    """Return `state` with some inputs, counted from 0, standardised; its run ends.

    Each becomes (raw − mean) / deviation, with mean and population deviation (`ddof` 0, as scikit-learn's
    StandardScaler) of the raw numbers of the rows that are trained on; `columns` keeps both. What is no
    number by itself (a text's 0 and 1), and what does not vary, stays as it is.
    """
    table, columns = state.data.inputs.copy(), {column.nodes: column for column in state.columns}
    for i in sorted(set(inputs) & set(can_be_standardised(state))):
        name = state.network.inputs[i]
        column = columns.get((name,)) or Column(name, (name,))
        raw = np.array(column.decoded(table[:, [i]]), dtype=np.float64)
        mean, deviation = spread(raw[None, : state.trained_rows])
        columns[column.nodes] = replace(column, mean=mean.item(), deviation=deviation.item())
        table[:, i] = columns[column.nodes].standardised(raw)
    data = Dataset(table, state.data.targets)
    return replace(state, data=data, columns=Columns(columns.values()), run=None)


def can_be_standardised(state: State) -> list[int]:
    """Return the inputs, counted from 0, that are columns of numbers and vary over the rows trained on."""
    return _able(state, _deviations(state))


def standardising_note(state: State) -> str:
    """Return which inputs are standardised, how, and which are not, in a sentence."""
    names, deviations = state.network.inputs, _deviations(state)
    able = [names[i] for i in _able(state, deviations)]
    large = [names[i] for i in np.flatnonzero(deviations == np.inf)]
    if not (able or large):
        return "no input is a column of numbers that vary: nothing is standardised"
    over = f"mean and population deviation of {counted(state.trained_rows, 'row')}"
    parts = [f"standardised by {over}: {listed(able)}" if able else "nothing is standardised"]
    for left, why in ((constant(state), "the same in every row"), (large, "too large for that")):
        if left:
            parts.append(f"{listed(left)} {'is' if len(left) == 1 else 'are'} {why} and left as it is")
    return "; ".join(parts)


def constant(state: State) -> list[str]:
    """Return the names of the inputs that are the same in every row trained on: they stay as they are."""
    deviations = _deviations(state)
    return [name for name, each in zip(state.network.inputs, deviations, strict=True) if each == 0.0]


class Scales:
    """Whether a State's inputs are worth standardising, found when it is wanted.

    ======= =====================================================================================
    `ns`    about how long that takes
    `offer` the sentence that offers it where the inputs' deviations differ by more than FACTOR,
            else ""; None until it is found
    ======= =====================================================================================
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.ns = NUMBER_NS * state.trained_rows * len(state.network.inputs)
        self.offer: str | None = None

    def are_of(self, state: State) -> bool:
        """Tell whether they are those of `state`."""
        own = self._state
        return (
            own.data is state.data
            and own.trained_rows == state.trained_rows
            and own.columns == state.columns
            and own.network.inputs == state.network.inputs
        )

    def find(self) -> None:
        """Find it at once."""
        self.offer = worth_standardising(self._state)

    def find_in_blocks(self, block_ns: float = BLOCK_NS) -> Iterator[None]:
        """Find it, and yield after each block of inputs; one input is the least."""
        inputs = len(self._state.network.inputs)
        at_once = max(1, int(block_ns / self.ns * inputs)) if self.ns else inputs
        parts = []
        for first in range(0, inputs, at_once):
            parts.append(_deviations(self._state, slice(first, first + at_once)))
            yield
        self.offer = _offer(self._state, np.concatenate(parts))


def worth_standardising(state: State) -> str:
    """Return the sentence that offers it where the inputs' deviations differ by more than FACTOR, or ""."""
    return _offer(state, _deviations(state))


def _offer(state: State, deviations: Array) -> str:
    found = sorted(_able(state, deviations), key=lambda i: deviations[i])
    if not found or not deviations[found[-1]] > FACTOR * deviations[found[0]]:
        return ""
    least, most = (
        f"{shortened(state.network.inputs[i], SHOWN)} {verb} {shown(deviations[i])}"
        for i, verb in ((found[0], "has the deviation"), (found[-1], "has"))
    )
    return (
        f"{DIFFER}: {least}, {most}; "
        "standardised, each has mean 0 and deviation 1, and one learning rate suits all"
    )


def _able(state: State, deviations: Array) -> list[int]:
    """Return the inputs, counted from 0, that are columns of numbers with a deviation."""
    texts = {name for column in state.columns if column.values for name in column.nodes}
    return [
        i for i, name in enumerate(state.network.inputs) if name not in texts and 0.0 < deviations[i] < np.inf
    ]


def _deviations(state: State, inputs: slice = slice(None)) -> Array:
    """Return each input's population deviation over the rows trained on, shape (inputs,); 0 without rows."""
    return spread(np.ascontiguousarray(state.data.inputs[: state.trained_rows, inputs].T))[1]


def spread(columns: Array) -> tuple[Array, Array]:
    """Return the means and the population deviations of columns, shape (columns, rows).

    The deviation of equal values is exactly 0, and that of values above TOO_LARGE is infinite.
    """
    if not columns.shape[1]:
        return np.zeros(len(columns)), np.zeros(len(columns))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        means, deviations = columns.mean(axis=1), columns.std(axis=1)
    same = (columns == columns[:, :1]).all(axis=1)
    means[same], deviations[same] = columns[same, 0], 0.0
    for i in np.flatnonzero(~(same | ((deviations > 0.0) & (deviations < np.inf)))):
        largest = np.abs(columns[i]).max()
        scaled = columns[i] / largest  # the sum or the squares of the values overflow or underflow
        means[i], deviations[i] = scaled.mean() * largest, scaled.std() * largest
        if largest > TOO_LARGE:
            deviations[i] = np.inf
    return means, deviations


LEAST, MOST = 8, 128
"""Hidden nodes that are proposed at least and at most."""
RATE = 0.01
BATCH, BATCH_FROM = 32, 200
"""The batch size, where there are more rows than that."""

UPDATES = 200
"""Enough for a few rows to be learnt, and too few for them to be learnt by heart."""


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
