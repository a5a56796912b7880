"""Texts of numbers as rows of a network: pasted from a cell on, or in the place of all rows.

Knows nothing of the view. Every refusal is one sentence that names the place.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nnviz.core import edits
from nnviz.core.names import SHOWN, quoted, shortened
from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.table.placing import in_their_order, inputs_of, placed, targets_of
from nnviz.files.table.table import Table, parsed
from nnviz.ui.data.table import TableColumn, columns


class Taken(NamedTuple):
    """A State with other rows, what was done, and the names of columns that no node bears, by their place."""

    state: State
    said: str
    foreign: dict[int, str]


def pasted(state: State, text: str, row: int, column: int) -> Taken:
    """Return the State with the numbers of `text` from a cell on. Raises FileError."""
    shown = columns(state)
    table = parsed(_without_computed(text, shown, column, state.data.targets is None))
    known = None if table.names is None else _places(table.names, shown, state)
    places = known or _room(shown, column, table.width)
    with told_by_core():
        new = edits.put_cells(state, row, places, table.rows)
    said = f"Pasted {counted(len(table.rows), 'row')} of {counted(len(places), 'number')}"
    if added := len(new.data) - len(state.data):
        zero = new.data.targets is not None and max(places) < len(state.network.inputs)
        said += f"; {counted(added, 'row')} added{', with targets of 0' if zero else ''}"
    if state.data.targets is None and new.data.targets is not None and len(state.data):
        said += "; the targets of the other rows are 0"
    if any(shown[i].scale for i in places):
        said += "; they are taken as standardised: Paste as a table takes raw ones"
    names = () if known or table.names is None else table.names
    return Taken(new, said, dict(zip(places, names, strict=False)))


def _room(shown: list[TableColumn], column: int, width: int) -> list[int]:
    """Return the places of `width` columns from `column` on. Raises FileError where there are fewer."""
    room = [i for i, each in enumerate(shown) if each.editable and i >= column]
    if width > len(room):
        where = f"from {shortened(shown[column].header, SHOWN)} on the table takes"
        raise FileError(f"{where} {counted(len(room), 'column')}, found {width}")
    return room[:width]


def _without_computed(text: str, shown: list[TableColumn], column: int, untargeted: bool) -> str:
    """Leave out predictions and errors of whole rows that were copied from a table like this one."""
    lines = [line.split("\t") for line in text.splitlines() if line.strip()]
    if column or '"' in text or not lines or any(len(line) != len(shown) for line in lines):
        return text
    kept = [each.editable for each in shown]
    if untargeted:
        kept = [
            use and not (each.kind == "target" and all(not line[i].strip() for line in lines))
            for i, (each, use) in enumerate(zip(shown, kept, strict=True))
        ]
    return "\n".join("\t".join(cell for cell, use in zip(line, kept, strict=True) if use) for line in lines)


def _places(names: tuple[str, ...], shown: list[TableColumn], state: State) -> list[int] | None:
    """Return the places of columns by their names, or None where none is known. Raises FileError for some."""
    places = [_place(name, shown, state) for name in names]
    if all(place is None for place in places):
        return None
    known = []
    for name, place in zip(names, places, strict=True):
        if place is None:
            raise FileError(f"no input or target is called {quoted(name)}", "line 1")
        known.append(place)
    if len(set(known)) < len(known):
        raise FileError("two columns have the same name", "line 1")
    return known


def _place(name: str, shown: list[TableColumn], state: State) -> int | None:
    headers = [each.header for each in shown if each.editable]
    names = [*state.network.inputs, *state.network.outputs]
    for known in (headers, names):
        if name in known:
            return known.index(name)
    for known in (headers, names):
        alike = [i for i, other in enumerate(known) if other.casefold() == name.casefold()]
        if len(alike) == 1:
            return alike[0]
    return None


def loaded(state: State, table: Table) -> Taken:
    """Return the State with the raw rows of `table` in the place of its own. Raises FileError."""
    where = placed(table, state)
    with told_by_core():
        new = edits.set_rows(state, inputs_of(table, where, state), targets_of(table, where, state))
    said = f"{counted(len(table), 'row')} {'with' if where.targets else 'without'} targets"
    if where.foreign and any(column.values for column in state.columns):  # no column is a node
        return Taken(new, f"{said}; {in_their_order(where.foreign, state)}", {})
    return Taken(new, said, where.foreign)


def is_table(text: str) -> bool:
    """Tell whether a text is a table of its own, not numbers for cells: with names, or a column of texts."""
    try:
        table = parsed(text)
    except FileError:
        return False
    has_texts = any(np.isnan(table.numbers(column)).all() for column in range(table.width))
    return len(table) > 1 and (table.names is not None or has_texts)
