"""Which numbers of the diagram can be edited, and the edit that a new value makes. Imports no widgets."""

from __future__ import annotations

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.state import State

EDITABLE = ("input", "weight", "bias", "target")
"""The kinds of numbers a person can type."""


def value_of(state: State, row: int, address: Address) -> float | None:
    """Return the number that stands for `address` in `row`, or None where there is none yet."""
    data = state.data
    if address.is_number:
        return address.value(state.network) if address.within(state.network) else None
    if row >= len(data):
        return None
    if address.kind == "input":
        return float(data.inputs[row, address.node])
    return None if data.targets is None else float(data.targets[row, address.node])


def with_value(state: State, row: int, address: Address, value: float) -> State:
    """Return `state` with another number for `address`; the first number typed makes the first row."""
    if value == value_of(state, row, address):
        return state
    if address.is_number:
        return edits.set_value(state, address, value)
    if row >= len(state.data):
        state = edits.add_row(state)
    if address.kind == "input":
        return edits.set_input(state, row, address.node, value)
    return edits.set_target(state, row, address.node, value)


def number_of(address: Address, state: State) -> Address | None:
    """Return the number that Enter edits for a selected part: a weight, an input, a bias, a target."""
    if address.kind in EDITABLE:
        return address
    if address.column == 0:
        return address._replace(kind="input")
    if state.network.layers[address.layer].biases is not None:
        return address._replace(kind="bias")
    return address._replace(kind="target") if address.column == len(state.network.layers) else None


def named(address: Address, state: State) -> str:
    """Return what undo and the status line call `address`: "accounts → node_0"."""
    name = address.name(state.network)
    return f"target of {name}" if address.kind == "target" else name
