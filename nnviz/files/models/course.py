"""The course's weights dictionary, `weights = {'node_0': …}`, as a file.

It opens as a network with relu hidden nodes and an identity output, without rows and settings. The dictionary
may stand among the code of an exercise, together with `input_data`. Only assignments of literals at the top
level are read; no code is run. Assignments that are passed over are listed in the notes; any other change of
the weights is refused.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import default_inputs
from nnviz.core.losses import LOSSES, MSE, fitting
from nnviz.core.network import Network, frozen
from nnviz.core.numbers import SHOWN, WEIGHT_SETS, counted, quoted, shortened
from nnviz.core.state import Dataset, State, Training, WeightSet
from nnviz.files import json_text
from nnviz.files.errors import FileError, UnfitError, told_by_core
from nnviz.files.models import course_reader, dense
from nnviz.files.models.course_reader import Assigned, Statement, value_of, walk
from nnviz.files.source import Source, lost


def network_of(raw: Any) -> Network:
    """Return the network of a dictionary by name: relu hidden nodes, an identity output. Raises FileError."""
    if not isinstance(raw, dict):
        raise FileError("expected a dictionary from node names to lists of weights")
    for name, weights in raw.items():
        _check_weights(name, weights)
    with told_by_core():
        return Network.from_weights(raw)


def _check_weights(name: str, weights: Any) -> None:
    if not isinstance(weights, list | tuple):
        raise FileError("expected a list of numbers", name)
    if not weights:
        raise FileError("expected at least one number", name)
    for i, weight in enumerate(weights):
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise FileError("expected a number", f"{name}[{i}]")
        if not abs(weight) <= sys.float_info.max:  # NaN too
            raise FileError("expected a finite number", f"{name}[{i}]")


HEAD_BYTES = 2**16
"""Of a file, which may hold nothing but line breaks, so much is looked at to tell what it is."""

_LINES = rb"(?:\s|\#[^\n]*\n|(?:import|from)[ ][^\n]*\n)*"
_START = re.compile(rb"(?:\xef\xbb\xbf)?" + _LINES + rb"""(?:\w+\s*=\s*)?\{\s*['"](?:node_|output)""")
_IMPORT = re.compile(r"^(?:import|from) ", re.MULTILINE)
_CODE = re.compile(rb"""^\w+\s*=\s*\{\s*['"](?:node_|output)""", re.MULTILINE)


def sniff(data: bytes) -> bool:
    """Tell whether a file that starts with `data` looks like a weights dictionary."""
    head = data[:HEAD_BYTES]
    return _START.match(head) is not None or _CODE.search(head) is not None


def read(source: Source) -> State:
    """Return the State of a dictionary, or of code with one; which activations are taken is told.

    Raises FileError.
    """
    state = _state_of(source)
    source.assumed.append(assumed(state.network))
    return state


def _state_of(source: Source) -> State:
    text = json_text.decoded(source.data)
    try:
        raw = json_text.parsed(text, source.progress)
    except json_text.BrokenJsonError:
        return state_of(course_reader.statements(text))
    network = network_of(raw)
    with told_by_core():
        return State(network, Dataset.empty(network))


def write(state: State) -> bytes:
    """Return the weights of `state` as a dictionary, one node a line.

    Raises FileError for a network, or standardised inputs, that the dictionary cannot hold.
    """
    network = state.network
    nodes = {
        name: row.tolist()
        for layer in network.layers
        for name, row in zip(layer.nodes, layer.weights, strict=True)
    }
    if dense.find_scaling(state):
        raise UnfitError(
            "its inputs are standardised, for which a weights dictionary has no place; "
            "`nnviz convert --without-scaling` leaves the scaling out"
        )
    if why := _unfit(network, nodes):
        raise UnfitError(f"{why}; of Python, nnviz writes a dictionary alone")
    return (json_text.laid_out(nodes) + "\n").encode()


def _unfit(network: Network, nodes: dict[str, list[float]]) -> str:
    """Return why a dictionary cannot hold `network`, whose `nodes` it would hold: what is where; or ""."""
    for layer in network.layers:
        node = quoted(layer.nodes[0])
        if layer.activation != ("identity" if layer is network.layers[-1] else "relu"):
            return (
                f"{node} has {layer.activation}, and a weights dictionary knows relu hidden nodes and an "
                "identity output"
            )
        if layer.biases is not None:
            return f"{node} has a bias, and a weights dictionary knows none"
    try:
        read = network_of(nodes)
    except FileError as error:
        return f"in a weights dictionary nodes have the course's names; {error}"
    same = read.layers == network.layers
    return "" if same else "in a weights dictionary the nodes of a layer are in the order of their numbers"


def left_out(state: State) -> list[str]:
    """Return what of `state` a dictionary does not keep: what it would not have after reading it again."""
    network = replace(state.network, inputs=default_inputs(len(state.network.inputs)))
    return lost(state, State(network, Dataset.empty(network)))


def replaced(data: bytes) -> list[str]:
    """Return what of the text of a file is lost where a dictionary alone takes its place."""
    try:
        text = json_text.decoded(data)
        body = [each.statement for each in course_reader.statements(text)]
    except FileError:  # longer than any Python that is read, so JSON; or no dictionary at all
        return []
    bare = any(isinstance(own, ast.Expr) and isinstance(own.value, ast.Dict) for own in body)
    parts = {
        "the dictionary's name": not bare,
        "the other lines of the code": len(body) > 1 or _IMPORT.search(text) is not None,
        "the comments": course_reader.has_comment(text),
    }
    return [part for part, lost in parts.items() if lost]


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
    assigned = course_reader.assigned(body)
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
