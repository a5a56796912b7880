"""Which columns of a table are a network's inputs and targets: by their names, or as they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.columns import Column, in_order
from nnviz.core.names import SHOWN, listed, shortened
from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.table.table import Table

HALF = SHOWN // 2 - 2
"""Letters of either name where one is said to be taken as another."""


class Placed(NamedTuple):
    """Where in a table the columns of inputs and targets stand; no targets where there are none.

    `foreign` are the names of columns that are taken as they stand because none bears a name of the network:
    of an input by its number, of an output by its number behind those.
    """

    inputs: list[int]
    targets: list[int]
    foreign: dict[int, str]


def placed(table: Table, state: State) -> Placed:
    """Find the columns of raw rows by their names, and an output also as target; else as they stand.

    They stand as inputs, and then targets or none. Raises FileError for a table with others, and where some
    of the names are there and some are not.
    """
    network = state.network
    of_inputs, of_targets = _names(state.columns.of_inputs), _names(state.columns.of_targets)
    headers = ("target",) if len(network.outputs) == 1 else tuple(f"target {name}" for name in of_targets)
    known = (table.places(names) for names in (of_targets, headers))
    targets = next((places for places in known if places is not None), [])
    inputs = table.places(of_inputs)
    if inputs is not None:
        return Placed(inputs, targets, {})
    rest = [place for place in range(table.width) if place not in targets]
    width = len(of_inputs)
    if len(rest) not in ((width,) if targets else (width, width + len(of_targets))):
        found = f"or {width + len(of_targets)} with the targets, found {len(rest)}"
        if targets:
            found = f"found {len(rest)} beside the targets"
        raise FileError(f"expected {counted(width, 'column')}, one for each input, {found}", "line 1")
    names = {} if table.names is None else {i: table.names[place] for i, place in enumerate(rest)}
    return Placed(rest[:width], targets or rest[width:], names)


def _names(columns: Sequence[Column]) -> tuple[str, ...]:
    return tuple(column.name for column in columns)


def inputs_of(table: Table, where: Placed, state: State) -> Array:
    """Return the rows of a table as inputs, shape (rows, inputs). Raises FileError, with line and column."""
    return _nodes(table, where.inputs, state.columns.of_inputs, state.network.inputs)


def complete(table: Table, where: Placed, state: State) -> NDArray[np.bool_]:
    """Return which rows of a table have all inputs, shape (rows,); a known text such as "-" is there."""
    gone = np.zeros(len(table), dtype=np.bool_)
    for place, column in zip(where.inputs, state.columns.of_inputs, strict=True):
        gone |= table.missing(place, column.values)
    return ~gone


def targets_of(table: Table, where: Placed, state: State) -> Array | None:
    """Return the rows of a table as targets, shape (rows, outputs), or None. Raises FileError."""
    if not where.targets:
        return None
    return _nodes(table, where.targets, state.columns.of_targets, state.network.outputs)


def _nodes(table: Table, places: list[int], columns: Sequence[Column], nodes: tuple[str, ...]) -> Array:
    table.at([place for place, column in zip(places, columns, strict=True) if not column.values])
    parts = [table.encoded(column, place) for place, column in zip(places, columns, strict=True)]
    return in_order(columns, nodes, parts)


def in_their_order(foreign: Mapping[int, str], state: State) -> str:
    """Return a sentence that says as what the columns of foreign names are taken."""
    own = [*_names(state.columns.of_inputs), *_names(state.columns.of_targets)]
    pairs = [f"{shortened(name, HALF)} as {shortened(own[i], HALF)}" for i, name in foreign.items()]
    return f"the columns are taken in their order: {listed(pairs)}"
