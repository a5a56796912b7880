"""A course's code, as its notes have it: the weights and the data that stand in it as numbers.

Only assignments of literals at its top level are read, such as `input_data = np.array([3, 5])` and, later,
`weights['output'] = [2, 7]`; imports, functions and what is computed are passed over, and no code is run.
What is passed over and assigns weights or rows anew is said in the notes; what else changes them is refused.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.frozen import frozen
from nnviz.core.limits import WEIGHT_SETS
from nnviz.core.losses import LOSSES, MSE, fitting
from nnviz.core.names import SHOWN, quoted, shortened
from nnviz.core.network import Network
from nnviz.core.numbers import counted
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State, WeightSet
from nnviz.files.course import python_names
from nnviz.files.course.python_names import Assigned
from nnviz.files.course.python_text import Statement, value_of, walk
from nnviz.files.course.weights import network_of
from nnviz.files.errors import FileError, told_by_core

INPUTS = ("input_data", "inputs", "X", "x")
TARGETS = ("target_actuals", "target_actual", "targets", "target", "y")
"""What a course calls the rows and what they should come to; the first that is there is taken.

A single letter may stand for anything: it is taken only where numbers stand there.
"""

BIASES = "biases"
"""What a dictionary of one number for each node is called."""

FINAL = "model_inputs"
"""What nnviz's own programs call the z of several outputs."""
GIVES = "get_"
"""So begins the name of a function that gives a loss."""

_NODE = re.compile(r"(node|output)(_\d+)*", re.ASCII)


def state_of(body: list[Statement]) -> State:
    """Return the State that the statements of a text describe. Raises FileError with the line."""
    assigned = python_names.assigned(body)
    biases = _biases(assigned)
    networks, faults = _networks(assigned, beside={BIASES} if biases else set())
    networks = {name: _with_biases(own, biases) for name, own in networks.items()}
    if body[1:]:
        hidden, output = _activations(body)
        networks = {name: _with(own, hidden, output) for name, own in networks.items()}
    inputs, targets = (_first(names, assigned) for names in (INPUTS, TARGETS))
    taken, network = _chosen(networks, inputs)
    data = Dataset.empty(network) if inputs is None else _dataset(network, inputs, targets)
    fitting = {name: own for name, own in networks.items() if own.sizes == network.sizes}
    notes = [f"The weights are `{taken}`, {assigned[taken].line} of the code."]
    notes += [
        f"`{name}`, {assigned[name].line}, is another network." for name in networks if name not in fitting
    ]
    notes += [f"`{name}` is left out: {fault}." for name, fault in faults.items()]
    notes += [
        f"`{own.name}` is assigned anew in {own.anew} by code that is not run: here it is as before."
        for own in (*(assigned[name] for name in fitting), inputs, targets)
        if own and own.anew
    ]
    notes.append(f"Taken: {assumed(network)}.")
    with told_by_core():
        sets = tuple(WeightSet.of(name, own) for name, own in fitting.items()) if len(fitting) > 1 else ()
        training = Training(loss=_loss(body, network.layers[-1].function.base))
        return State(network, data, training, sets, notes="\n".join(notes) if body[1:] else "")


def assumed(network: Network) -> str:
    """Return which activations were taken for a network of weights alone, and where to change that."""
    hidden = f"{network.layers[0].activation} on the hidden nodes, " if len(network.layers) > 1 else ""
    return f"{hidden}{network.layers[-1].activation} on the output: change it under the headings"


def _activations(body: list[Statement]) -> tuple[str, str]:
    """Return the activations of hidden nodes and output, by where the code calls what.

    A course's `predict_with_network` that stands elsewhere has relu on its hidden nodes.
    """
    nodes = [node for each in body for node in walk(each.statement)]
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    called = [(node.func.id, node.args) for node in calls if isinstance(node.func, ast.Name)]
    sums = {FINAL} | {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and _reads_output(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def on_output(args: list[ast.expr]) -> bool:
        return any(_reads_output(arg) or (isinstance(arg, ast.Name) and arg.id in sums) for arg in args)

    names = {name for name, _ in called}
    if "predict_with_network" in names - functions or "relu" in names | functions:
        usual = "relu"
    else:
        usual = "identity"
    hidden = (name for name, args in called if name in ACTIVATIONS and not on_output(args))
    output = (name for name, args in called if name in ACTIVATIONS and on_output(args))
    return next(hidden, usual), next(output, "identity")


def _loss(body: list[Statement], output: str) -> str:
    """Return the loss that a function of the code is called by, such as get_cross_entropy, if it fits."""
    defined = (each.statement.name for each in body if isinstance(each.statement, ast.FunctionDef))
    named = (name.removeprefix(GIVES) for name in defined if name.startswith(GIVES))
    return next((name for name in named if name in LOSSES and output in fitting(name)), MSE.name)


def _reads_output(node: ast.expr) -> bool:
    """Tell whether an expression takes the output's weights: `(hidden * weights['output']).sum()`."""
    keys = (part.slice for part in walk(node) if isinstance(part, ast.Subscript))
    return any(isinstance(key, ast.Constant) and str(key.value).startswith("output") for key in keys)


def _with(network: Network, hidden: str, output: str) -> Network:
    last = len(network.layers) - 1
    layers = (
        replace(own, activation=output if k == last else hidden) for k, own in enumerate(network.layers)
    )
    return replace(network, layers=tuple(layers))


def _first(names: Iterable[str], assigned: dict[str, Assigned]) -> Assigned | None:
    there = (assigned[name] for name in names if name in assigned)
    return next((each for each in there if len(each.name) > 1 or each.stands_there()), None)


def _biases(assigned: dict[str, Assigned]) -> dict[str, float]:
    """Return the bias of each node that a dictionary of numbers names. Raises FileError where it changes."""
    own = assigned.get(BIASES)
    values = own.value() if own and isinstance(own.node, ast.Dict) else {}
    return values if all(map(_is_number, values.values())) else {}


def _with_biases(network: Network, biases: dict[str, float]) -> Network:
    layers = [
        replace(layer, biases=np.array([biases.get(name, 0.0) for name in layer.nodes]))
        if biases.keys() & set(layer.nodes)
        else layer
        for layer in network.layers
    ]
    return replace(network, layers=tuple(layers))


def _networks(
    assigned: dict[str, Assigned], beside: set[str]
) -> tuple[dict[str, Network], dict[str, FileError]]:
    """Return the networks that dictionaries make, but those `beside`, or that of a list called weights.

    Returns them by name, and the faults.

    Raises FileError where there is no network.
    """
    there = {name: each for name, each in assigned.items() if name not in beside and _is_network(each.node)}
    with told_by_core():
        WEIGHT_SETS.check(len(there))
    read: dict[ast.expr, Network | FileError] = {}  # a dictionary may have several names
    for each in there.values():
        if each.node not in read:
            try:
                read[each.node] = _network(each)
            except FileError as error:
                read[each.node] = error
    made = {name: read[each.node] for name, each in there.items()}
    found = {name: own for name, own in made.items() if isinstance(own, Network)}
    faults = {name: own for name, own in made.items() if isinstance(own, FileError)}
    if not found and not faults and "weights" in assigned:
        weights = assigned["weights"]
        try:
            found["weights"] = network_of({"output": weights.value()})
        except FileError as error:
            raise (
                error if error.place.startswith("line ") else FileError(error.message, weights.line)
            ) from None
    if not found:
        wanted = "a dictionary such as weights = {'node_0': [2, 4], 'output': [2]}"
        raise next(iter(faults.values()), FileError(f"expected {wanted}; code is read, not run"))
    return found, faults


def _is_network(node: ast.expr) -> bool:
    """Tell whether an expression is a dictionary of which a key names a node."""
    return isinstance(node, ast.Dict) and any(map(_names_a_node, node.keys))


def _names_a_node(key: ast.expr | None) -> bool:
    return isinstance(key, ast.Constant) and isinstance(key.value, str) and bool(_NODE.fullmatch(key.value))


def _network(each: Assigned) -> Network:
    """Return the network of a dictionary. Raises FileError with the line of the node that is at fault."""
    if each.fault:
        raise each.fault
    node = each.node
    assert isinstance(node, ast.Dict)
    lines: dict[str, str] = {}
    raw: dict[str, Any] = {}
    for key, value in zip(node.keys, node.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            raise FileError("expected a node's name in quotes", each.within.line_of(value))
        if key.value in raw:
            raise FileError(f"{quoted(key.value)} stands twice", each.within.line_of(key))
        lines[key.value] = each.within.line_of(key)
        try:
            raw[key.value] = value_of(value)
        except (ValueError, TypeError):
            what = f"{shortened(key.value, SHOWN)} has to stand there as numbers: nothing is computed"
            raise FileError(what, lines[key.value]) from None
    try:
        return network_of(raw)
    except FileError as error:
        raise FileError(str(error), lines.get(error.place.partition("[")[0], each.line)) from None


def _chosen(networks: dict[str, Network], inputs: Assigned | None) -> tuple[str, Network]:
    """Return the first network that takes the inputs, or the first of all."""
    if inputs is not None:
        row = inputs.value()
        while isinstance(row, list | tuple) and row and isinstance(row[0], list | tuple):
            row = row[0]
        width = len(row) if isinstance(row, list | tuple) else 1
        for name, network in networks.items():
            if len(network.inputs) == width:
                return name, network
    return next(iter(networks.items()))


def _dataset(network: Network, inputs: Assigned, targets: Assigned | None) -> Dataset:
    first = network.layers[0].nodes[0]
    width = len(network.inputs)
    rows = _rows(inputs, of_many=width == 1)
    for row in rows:
        if len(row) != width:
            weights, values = counted(width, "weight"), counted(len(row), "value")
            raise FileError(f"{first} has {weights}, {inputs.name} has {values}", inputs.line)
    wanted = None
    if targets is not None:
        outputs = len(network.outputs)
        wanted = _rows(targets, of_many=outputs == 1)
        if len(wanted) != len(rows) or any(len(row) != outputs for row in wanted):
            expected = f"{counted(len(rows), 'row')} of {counted(outputs, 'value')}"
            found = f"{counted(len(wanted), 'row')} of {counted(len(wanted[0]), 'value')}"
            raise FileError(f"{targets.name} has {found}, expected {expected}", targets.line)
    try:
        numbers = frozen(rows, inputs.name)
        return Dataset(numbers, None if wanted is None else frozen(wanted, "the targets"))
    except ValueError as error:
        raise FileError(str(error), inputs.line) from None


def _rows(given: Assigned, *, of_many: bool) -> list[list[float]]:
    """Return rows of numbers: a number, a row of them, or of one number each where there are `of_many`."""
    value = given.value()
    if not isinstance(value, list | tuple):
        value = [value]
    if not any(isinstance(part, list | tuple) for part in value):
        value = [[part] for part in value] if of_many else [value]
    wrong = FileError(f"{given.name} is not numbers, or rows of numbers", given.line)
    if not value:
        raise wrong
    for row in value:
        if not isinstance(row, list | tuple) or not row or not all(map(_is_number, row)):
            raise wrong
    return [list(row) for row in value]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
