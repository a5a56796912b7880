"""Texts of numbers as rows of a network: pasted from a cell on, or in the place of all rows.

Knows nothing of the view. Every refusal is one sentence that names the place.
"""

from __future__ import annotations

from nnviz.core import edits
from nnviz.core.names import SHOWN, quoted, shortened
from nnviz.core.state import State
from nnviz.files import csv
from nnviz.files.csv import Table
from nnviz.files.errors import FileError, told_by_core
from nnviz.ui.data.table import TableColumn, columns


def counted(count: int, thing: str) -> str:
    """Return "1 row", "2 rows"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def pasted(state: State, text: str, row: int, column: int) -> tuple[State, str]:
    """Return the State with the numbers of `text` from a cell on, and what was done. Raises FileError."""
    shown = columns(state.network)
    editable = [i for i, each in enumerate(shown) if each.editable]
    table = csv.parsed_table(_without_computed(text, shown, column, state.data.targets is None))
    if table.names is not None:
        places = [_place(name, shown, state) for name in table.names]
        if len(set(places)) < len(places):
            raise FileError("two columns have the same name", "line 1")
    else:
        room = [i for i in editable if i >= column]
        if table.width > len(room):
            where = f"from {shortened(shown[column].header, SHOWN)} on the table takes"
            raise FileError(f"{where} {counted(len(room), 'column')}, found {table.width}")
        places = room[: table.width]
    with told_by_core():
        new = edits.put_cells(state, row, places, table.rows)
    said = f"Pasted {counted(len(table.rows), 'row')} of {counted(len(places), 'number')}"
    if added := len(new.data) - len(state.data):
        said += f"; {counted(added, 'row')} added"
    if state.data.targets is None and new.data.targets is not None and len(state.data):
        said += "; the targets of the other rows are 0"
    return new, said


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


def _place(name: str, shown: list[TableColumn], state: State) -> int:
    headers = [each.header for each in shown if each.editable]
    names = [*state.network.inputs, *state.network.outputs]
    for known in (headers, names):
        if name in known:
            return known.index(name)
    for known in (headers, names):
        alike = [i for i, other in enumerate(known) if other.casefold() == name.casefold()]
        if len(alike) == 1:
            return alike[0]
    raise FileError(f"no input or target is called {quoted(name)}", "line 1")


def loaded(state: State, table: Table) -> tuple[State, str]:
    """Return the State with the rows of `table` in the place of its own, and what was done.

    Columns are taken by the names of inputs and outputs, or as they stand: inputs, then targets or none.
    Raises FileError.
    """
    inputs, outputs = state.network.inputs, state.network.outputs
    headers = [each.header for each in columns(state.network) if each.kind == "target"]
    named = next((them for them in (outputs, headers) if table.places(them) is not None), ())
    places = table.places([*inputs, *named])
    if places is None:
        _check_width(table.width, len(inputs), len(outputs))
        rows = table.rows
    else:
        rows = table.at(places)
    taken, targets = rows[:, : len(inputs)], rows[:, len(inputs) :]
    with told_by_core():
        new = edits.set_rows(state, taken, targets if targets.shape[1] else None)
    said = f"{counted(len(rows), 'row')} {'with' if targets.shape[1] else 'without'} targets"
    if table.names and places is None:
        said += f"; the columns are taken in their order, since none is called {quoted(inputs[0])}"
    return new, said


def _check_width(width: int, inputs: int, outputs: int) -> None:
    if width not in (inputs, inputs + outputs):
        wish = f"expected {counted(inputs, 'column')}, one for each input"
        raise FileError(f"{wish}, or {inputs + outputs} with the targets, found {width}", "line 1")
