"""How commands save a network. Knows no command."""

from __future__ import annotations

from pathlib import Path

from nnviz.cli.printing import complain
from nnviz.core import edits, standardise
from nnviz.core.accuracy import UNSHUFFLED, are_unshuffled
from nnviz.core.state import State
from nnviz.files import registry
from nnviz.files.models import scaling
from nnviz.files.registry import TABLES


def save(state: State, path: Path) -> None:
    """Save, and say what is left out or changed besides. Raises FileError."""
    for said in (registry.save(state, path), registry.left_out(state, path)):
        if said:
            complain(said)


def shuffled(state: State, path: Path, *, wanted: bool) -> State:
    """Return `state` with its rows shuffled where that is `wanted`; else say where it would help."""
    if wanted:
        return edits.shuffle_rows(state)
    if path.suffix.lower() in TABLES and are_unshuffled(state.network, state.data):
        complain(f"{path}: {UNSHUFFLED} (--shuffle)")
    return state


def standardised(state: State, path: Path, *, wanted: bool) -> State:
    """Return `state` with its inputs standardised where that is `wanted`; else say where it would help."""
    if wanted:
        new = standardise.standardise(state, range(len(state.network.inputs)))
        complain(f"{path}: {standardise.told(state)}")
        return new
    if path.suffix.lower() in TABLES and (offer := standardise.worth_standardising(state)):
        complain(f"{path}: {offer} (--standardise)")
    return state


def without_scaling(state: State, out: Path) -> State:
    """Return `state` without the scaling of its inputs, and say which rows the file takes."""
    if scaling.find(state):
        complain(f"{out} leaves out the scaling of the inputs: it takes standardised rows")
    return scaling.remove(state)
