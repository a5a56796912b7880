"""Which numbers of the diagram can be edited, and the edit that a new value makes. Knows no widgets."""

from __future__ import annotations

from nnviz.core import edits
from nnviz.core.state import State
from nnviz.picture.picture import Part
from nnviz.ui.parts import where_of

EDITABLE = ("input", "weight", "bias", "target")
"""The kinds of parts that are numbers a person can type."""


def value_of(state: State, row: int, part: Part) -> float | None:
    """Return the number that stands for `part` in `row`, or None where there is none yet."""
    data = state.data
    if where := where_of(part):
        return where.value(state.network) if where.within(state.network) else None
    if row >= len(data):
        return None
    if part.kind == "input":
        return float(data.inputs[row, part.node])
    return None if data.targets is None else float(data.targets[row, part.node])


def with_value(state: State, row: int, part: Part, value: float) -> State:
    """Return `state` with another number for `part`; the first number typed makes the first row."""
    if value == value_of(state, row, part):
        return state
    if where := where_of(part):
        return edits.set_value(state, where, value)
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
    if where := where_of(part):
        return where.name(state.network)
    name = state.network.names(part.column)[part.node]
    return f"target of {name}" if part.kind == "target" else name
