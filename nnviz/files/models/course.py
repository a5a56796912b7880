"""The course's weights dictionary, `weights = {'node_0': …}`, as a file.

The file opens as a network with relu hidden nodes and an identity output, without rows and settings. The file
may also contain the code of an exercise, such as `input_data`. nnviz reads only assignments of literals at
the top level and runs no code. The notes of the network name the lines of code that change these values.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from nnviz.core.activations import ACTIVATIONS, Array
from nnviz.core.address import default_inputs
from nnviz.core.losses import MSE, loss_of
from nnviz.core.network import Network, frozen
from nnviz.core.numbers import WEIGHT_SETS, counted
from nnviz.core.state import Dataset, State, Training, WeightSet
from nnviz.files import json_text
from nnviz.files.errors import FileError, UnsuitableFormatError, as_file_errors
from nnviz.files.models import course_reader, dense
from nnviz.files.models.course_reader import Variable
from nnviz.files.source import Codec, Source, lost_parts


def network_of(raw: Any, hidden: str = "relu", output: str = "identity") -> Network:
    """Return the network of a weights dictionary with these activations. Raises FileError."""
    if not isinstance(raw, dict):
        raise FileError("expected a dictionary that maps node names to lists of weights")
    for name, weights in raw.items():
        _check_weights(name, weights)
    with as_file_errors():
        return Network.from_weights(raw, hidden=hidden, output=output)


def _check_weights(name: str, weights: Any) -> None:
    if not isinstance(weights, list | tuple):
        raise FileError("expected a list of numbers", name)
    if not weights:
        raise FileError("expected at least one number", name)
    for i, weight in enumerate(weights):
        if not _is_number(weight):
            raise FileError("expected a number", f"{name}[{i}]")
        if not abs(weight) <= sys.float_info.max:  # NaN too
            raise FileError("expected a finite number", f"{name}[{i}]")


HEAD_BYTES = 2**16
"""Number of bytes at the start of a file in which `sniff` looks for a weights dictionary."""

_LINES = rb"(?:\s|\#[^\n]*\n|(?:import|from)[ ][^\n]*\n)*"
_START = re.compile(rb"(?:\xef\xbb\xbf)?" + _LINES + rb"""(?:\w+\s*=\s*)?\{\s*['"](?:node_|output)""")
_CODE = re.compile(rb"""^\w+\s*=\s*\{\s*['"](?:node_|output)""", re.MULTILINE)


def sniff(data: bytes) -> bool:
    """Return whether a file that starts with `data` looks like a weights dictionary."""
    head = data[:HEAD_BYTES]
    return _START.match(head) is not None or _CODE.search(head) is not None


def read(source: Source) -> State:
    """Return the State of a weights dictionary or of code that contains a weights dictionary.

    Adds sentences on values that code changes, and on the assumed activations, to `source.assumptions`.
    Raises FileError.
    """
    text = json_text.decode_text(source.data)
    try:
        network = network_of(json_text.parse(text, source.progress))
        with as_file_errors():
            state = State(network, Dataset.empty(network))
    except json_text.BrokenJsonError:
        state = state_of(course_reader.statements(text), source.assumptions)
    source.assumptions.append(assumption(state.network))
    return state


def write(state: State) -> bytes:
    """Return the weights of `state` as a dictionary with one node per line.

    Raises UnsuitableFormatError if the dictionary cannot hold the network, or if the inputs are standardised.
    """
    network = state.network
    nodes = {
        name: row.tolist()
        for layer in network.layers
        for name, row in zip(layer.nodes, layer.weights, strict=True)
    }
    if dense.find_scaling(state):
        raise UnsuitableFormatError(
            "the inputs are standardised, and a weights dictionary cannot store the scaling; "
            "`nnviz convert --without-scaling` saves the weights without the scaling"
        )
    try:
        is_same = network_of(nodes).layers == network.layers
    except FileError as error:
        names = "a weights dictionary needs node names such as node_0 and output"
        raise UnsuitableFormatError(f"{names}; {error}") from None
    if not is_same:
        own = ", ".join(dict.fromkeys(layer.activation for layer in network.layers))
        raise UnsuitableFormatError(
            "a weights dictionary has only relu hidden nodes, an identity output and no biases, and the "
            f"nodes of a layer in the order of their numbers; the activations of this network are {own}"
        )
    return (json_text.to_text(nodes) + "\n").encode()


def left_out(state: State) -> list[str]:
    """Return the names of the parts of `state` that a weights dictionary does not keep."""
    network = replace(state.network, inputs=default_inputs(len(state.network.inputs)))
    return lost_parts(state, State(network, Dataset.empty(network)))


INPUTS = ("input_data", "inputs", "X", "x")
TARGETS = ("target_actuals", "target_actual", "targets", "target", "y")
"""INPUTS: names that the inputs may have in a course's code. TARGETS: names that the targets may have.

The preferred name is first. A name of one letter counts only if its value is a literal that never changes.
"""

BIASES = "biases"
"""Name of the variable with the dictionary that maps the name of a node to the node's bias."""

OUTPUT_SUMS = "model_inputs"
"""Name of the variable with the weighted sums z in programs that nnviz writes for several outputs."""
LOSS_PREFIX = "get_"
"""Prefix of the names of functions that return a loss."""

_NODE = re.compile(r"(node|output)(_\d+)*", re.ASCII)


def state_of(body: list[ast.stmt], remarks: list[str]) -> State:
    """Return the State that the statements of a file describe. Raises a FileError that names the line.

    Adds a sentence to `remarks` for each value that code changes.
    """
    variables = course_reader.variables(body)
    biases = _biases(variables)
    activations = _activations(body) if body[1:] else ("relu", "identity")
    candidates = {name: each for name, each in variables.items() if name != BIASES or not biases}
    networks, faults = _networks(candidates, activations)
    networks = {name: _add_biases(network, biases) for name, network in networks.items()}
    inputs, targets = (_first_variable(names, variables) for names in (INPUTS, TARGETS))
    chosen, network = _choose(networks, inputs)
    data = Dataset.empty(network) if inputs is None else _dataset(network, inputs, targets)
    same_size = {name: each for name, each in networks.items() if each.sizes == network.sizes}
    notes = [f"The weights come from `{chosen}` in {variables[chosen].line}; nnviz does not run the code."]
    others = (name for name in networks if name not in same_size)
    notes += [f"`{name}` in {variables[name].line} was left out: its layer sizes differ." for name in others]
    notes += [f"`{name}` was not read ({fault})." for name, fault in faults.items()]
    used = (*(variables[name] for name in same_size), inputs, targets)
    remarks += [
        f"`{each.name}` keeps its first value, although code changes it in {each.changed}"
        for each in used
        if each and each.changed
    ]
    notes += [f"{remark}." for remark in remarks]
    notes.append(f"Activations: {assumption(network)}.")
    with as_file_errors():
        weight_sets = tuple(WeightSet.of(*each) for each in same_size.items()) if len(same_size) > 1 else ()
        training = Training(loss=_loss(body, network.layers[-1].function.base))
        return State(network, data, training, weight_sets, notes="\n".join(notes) if body[1:] else "")


def assumption(network: Network) -> str:
    """Return a sentence that says which activations nnviz assumes and where to change them."""
    first, last = network.layers[0].activation, network.layers[-1].activation
    if len(network.layers) == 1:
        return f"nnviz assumes {last} on the output; you can set the activation in the diagram"
    return f"nnviz assumes {first} on hidden nodes and {last} on the output; you can set both in the diagram"


def _activations(body: list[ast.stmt]) -> tuple[str, str]:
    """Return the activations of the hidden nodes and of the output, by the functions that the code calls.

    If the code calls `predict_with_network` without defining it, relu is the course's activation.
    """
    nodes = [node for each in body for node in ast.walk(each)]
    functions = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    called = [(node.func.id, node.args) for node in calls if isinstance(node.func, ast.Name)]
    sums = {OUTPUT_SUMS} | {
        target.id
        for node in nodes
        if isinstance(node, ast.Assign) and _reads_output(node.value)
        for target in node.targets
        if isinstance(target, ast.Name)
    }

    def on_output(args: list[ast.expr]) -> bool:
        return any(_reads_output(arg) or (isinstance(arg, ast.Name) and arg.id in sums) for arg in args)

    names = {name for name, _ in called}
    is_relu = "predict_with_network" in names - functions or "relu" in names | functions
    default = "relu" if is_relu else "identity"
    hidden = (name for name, args in called if name in ACTIVATIONS and not on_output(args))
    output = (name for name, args in called if name in ACTIVATIONS and on_output(args))
    return next(hidden, default), next(output, "identity")


def _loss(body: list[ast.stmt], output: str) -> str:
    """Return the loss in the name of a function such as get_huber_0_5, if it fits, else MSE."""
    for each in body:
        if isinstance(each, ast.FunctionDef) and each.name.startswith(LOSS_PREFIX):
            name = re.sub(r"_(\d+)(?:_(\d+))?$", r"(\1.\2)", each.name.removeprefix(LOSS_PREFIX))
            with suppress(ValueError):
                return loss_of(name, output).name
    return MSE.name


def _reads_output(node: ast.expr) -> bool:
    """Return whether an expression uses the output's weights: `(hidden * weights['output']).sum()`."""
    keys = (part.slice for part in ast.walk(node) if isinstance(part, ast.Subscript))
    return any(isinstance(key, ast.Constant) and str(key.value).startswith("output") for key in keys)


def _first_variable(names: Iterable[str], variables: dict[str, Variable]) -> Variable | None:
    candidates = (variables[name] for name in names if name in variables)
    return next((each for each in candidates if len(each.name) > 1 or each.is_constant()), None)


def _biases(variables: dict[str, Variable]) -> dict[str, float]:
    """Return the bias of each node in the dictionary `biases`, or {} if there is no such dictionary."""
    biases = variables.get(BIASES)
    values = biases.literal() if biases and isinstance(biases.value, dict) else {}
    return values if all(map(_is_number, values.values())) else {}


def _add_biases(network: Network, biases: dict[str, float]) -> Network:
    layers = [*network.layers]
    for k, layer in enumerate(layers):
        if biases.keys() & set(layer.nodes):
            layers[k] = replace(layer, biases=np.array([biases.get(name, 0.0) for name in layer.nodes]))
    return replace(network, layers=tuple(layers))


def _networks(
    variables: dict[str, Variable], activations: tuple[str, str]
) -> tuple[dict[str, Network], dict[str, FileError]]:
    """Return the networks of all dictionaries by name, and the errors of the others by name.

    Without a dictionary, a list called weights makes the network. Raises FileError if there is no network.
    """
    found = {name: each for name, each in variables.items() if _is_network(each.value)}
    if not found and "weights" in variables:
        found["weights"] = variables["weights"]
    dense.check_limit(WEIGHT_SETS, len(found))
    networks, faults = {}, {}
    for name, each in found.items():
        try:
            networks[name] = _network(each, activations)
        except FileError as error:
            faults[name] = error
    if not networks:
        example = "weights = {'node_0': [2, 4], 'output': [2]}"
        missing = FileError(f"the file has no dictionary such as {example} (nnviz does not run code)")
        raise next(iter(faults.values()), missing)
    return networks, faults


def _is_network(value: object) -> bool:
    """Return whether a value is a dictionary with a node's name as a key."""
    return isinstance(value, dict) and any(map(_NODE.fullmatch, value))


def _network(each: Variable, activations: tuple[str, str]) -> Network:
    """Return the network of a dictionary, or of a list with the weights of the output.

    Raises FileError with the line of the faulty node.
    """
    value = each.literal()
    try:
        return network_of(value if isinstance(value, dict) else {"output": value}, *activations)
    except FileError as error:
        node = error.place.partition("[")[0]
        raise FileError(str(error), each.key_lines.get(node, each.line)) from None


def _choose(networks: dict[str, Network], inputs: Variable | None) -> tuple[str, Network]:
    """Return the name and network of the first network whose inputs fit a row, else of the first one."""
    width = 0
    if inputs is not None:
        with suppress(ValueError):  # rows of different lengths
            width = (np.shape(inputs.literal()) or (1,))[-1]
    fitting = (each for each in networks.items() if len(each[1].inputs) == width)
    return next(fitting, next(iter(networks.items())))


def _dataset(network: Network, inputs: Variable, targets: Variable | None) -> Dataset:
    rows = _rows(inputs, len(network.inputs))
    target_rows = None if targets is None else _rows(targets, len(network.outputs))
    if targets is not None and target_rows is not None and len(target_rows) != len(rows):
        expected = f"expected {counted(len(rows), 'row')}, one for each row of {inputs.name}"
        raise FileError(f"{targets.name}: {expected}, found {len(target_rows)}", targets.line)
    with as_file_errors(inputs.line):
        return Dataset(rows, target_rows)


def _rows(given: Variable, width: int) -> Array:
    """Return rows of numbers, shape (rows, width); a plain list is one row, or a column if `width` is 1."""
    try:
        numbers = frozen(given.literal(), given.name)
    except ValueError as error:
        raise FileError(str(error), given.line) from None
    if numbers.ndim < 2:
        numbers = numbers.reshape((-1, 1) if width == 1 else (1, -1))
    if numbers.ndim > 2 or numbers.shape[1] != width or not len(numbers):
        expected = f"expected rows of {counted(width, 'number')}"
        raise FileError(f"{given.name}: {expected}, found the shape {numbers.shape}", given.line)
    return numbers


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


COURSE = Codec(sniff, read, write, left_out, unread="code, comments and the layout of lines")
