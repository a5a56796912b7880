"""Which numbers of the diagram can be edited, and the edit that a new value makes. Knows no widgets."""

from __future__ import annotations

from nnviz.core import edits
from nnviz.core.address import Where
from nnviz.core.state import State
from nnviz.picture.picture import Part

EDITABLE = ("input", "weight", "bias", "target")
"""The kinds of parts that are numbers a person can type."""


def value_of(state: State, row: int, part: Part) -> float | None:
    """Return the number that stands for `part` in `row`, or None where there is none yet."""
    network, data = state.network, state.data
    if part.kind == "weight":
        return float(network.layers[part.layer].weights[part.node, part.source])
    if part.kind == "bias":
        biases = network.layers[part.layer].biases
        return None if biases is None else float(biases[part.node])
    if row >= len(data):
        return None
    if part.kind == "input":
        return float(data.inputs[row, part.node])
    return None if data.targets is None else float(data.targets[row, part.node])


def with_value(state: State, row: int, part: Part, value: float) -> State:
    """Return `state` with another number for `part`; the first number typed makes the first row."""
    if value == value_of(state, row, part):
        return state
    if part.kind == "weight":
        return edits.set_weight(state, part.layer, part.node, part.source, value)
    if part.kind == "bias":
        return edits.set_bias(state, part.layer, part.node, value)
    if row >= len(state.data):
        state = edits.add_row(state)
    if part.kind == "input":
        return edits.set_input(state, row, part.node, value)
    return edits.set_target(state, row, part.node, value)


def number_of(part: Part, state: State) -> Part | None:
    """Return the number that Enter edits for a selected part: a weight, an input, a bias, a target."""
    if part.kind in EDITABLE:
        return part
    if part.column == 0:
        return part._replace(kind="input")
    if state.network.layers[part.layer].biases is not None:
        return part._replace(kind="bias")
    return part._replace(kind="target") if part.column == len(state.network.layers) else None


def named(part: Part, state: State) -> str:
    """Return what undo and the status line call `part`: "accounts → node_0"."""
    network = state.network
    if part.kind == "weight" or part.kind == "bias":
        return Where(part.kind, part.layer, part.node, part.source).name(network)
    name = network.names(part.column)[part.node]
    return f"target of {name}" if part.kind == "target" else name
