"""The command that predicts: raw rows from the command line, a table or the file itself. Imports no Qt."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

from nnviz.cli.printing import complain, print_json, print_lines
from nnviz.cli.usage import UsageError
from nnviz.core.activations import Array
from nnviz.core.columns import CellError, in_order
from nnviz.core.numbers import counted
from nnviz.core.state import State
from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.files.opening import read_bytes
from nnviz.files.table.layout import Layout
from nnviz.files.table.placing import Placed, complete, in_their_order, inputs_of, placed
from nnviz.files.table.table import Table, read
from nnviz.files.table.writing import check_finite, rows_of_state, with_predictions


def predict(state: State, chosen: argparse.Namespace) -> None:
    """Print one prediction a line, or write a table with them: of the rows given, else of the file's own."""
    if chosen.out is not None and chosen.row:
        raise UsageError("nnviz predict: -o writes the rows of --data, or those of FILE, and none of --row")
    if chosen.skip_incomplete and chosen.data is None:
        raise UsageError("nnviz predict: --skip-incomplete leaves out rows of --data, which is missing")
    parts = [_typed(state, row) for row in chosen.row]
    write = None
    if chosen.data is not None:
        rows, write = _rows_of(chosen, state)
        parts.append(rows)
    inputs = np.concatenate(parts) if parts else state.data.inputs
    if len(inputs) == 0:
        raise FileError("the file has no rows; give one with --row, or a CSV file with --data", "data")
    prediction = state.network.predict(inputs)
    check_finite(prediction)
    if chosen.out is not None:
        table = write(prediction) if write else rows_of_state(state)
        if told := atomic.write(chosen.out, table):
            complain(told)
    if chosen.json:
        print_json({"predictions": prediction.tolist()})
    elif chosen.out is None:
        print_lines(" ".join(map(repr, row)) for row in prediction.tolist())


def _typed(state: State, cells: list[str]) -> Array:
    """Return a raw row as inputs, shape (1, inputs). Raises UsageError and FileError."""
    columns, place = state.columns.of_inputs, f"--row {','.join(cells)}"
    has_texts = any(column.values for column in columns)
    if len(cells) != len(columns):
        what, whose = ("cell", "column") if has_texts else ("number", "input")
        wish = f"expected {counted(len(columns), what)} a row, one for each {whose}"
        raise FileError(f"{wish}, found {len(cells)}", place)
    parts = []
    for column, cell in zip(columns, cells, strict=True):
        try:
            parts.append(column.encoded([cell], typed=True))
        except CellError as error:
            if has_texts:
                raise FileError(str(error), f"{place}, column {column.name}") from None
            told = f"argument --row: expected numbers such as 3,5: {error}"
            raise UsageError(f"nnviz predict: {told}; `nnviz predict --help` says more") from None
    return in_order(columns, state.network.inputs, parts)


def _rows_of(chosen: argparse.Namespace, state: State) -> tuple[Array, Callable[[Array], bytes]]:
    """Return the rows of --data as inputs, and what writes it with their predictions. Raises FileError."""
    path: Path = chosen.data
    data = read_bytes(path)
    try:
        table = read(data, said=Layout(decimal=chosen.decimal))
        where = placed(table, state)
        if chosen.skip_incomplete:
            table = _complete(table, where, state, path)
        rows = inputs_of(table, where, state)
    except FileError as error:
        raise type(error)(f"{path}{', ' if error.place else ': '}{error}") from None
    if where.foreign:
        complain(f"{path}: {in_their_order(where.foreign, state)}")
    elif table.names is None and where.targets:
        first = counted(len(where.inputs), "column")
        complain(f"{path}: no line names the columns: the first {first} are inputs, the others targets")
    return rows, lambda prediction: with_predictions(data, table, where, state, prediction)


def _complete(table: Table, where: Placed, state: State, path: Path) -> Table:
    """Return the rows without a missing input, and say which are left out. Raises FileError if all are."""
    rows = complete(table, where, state)
    if not rows.any():
        raise FileError("no row is left: every row has a missing cell")
    if gone := np.flatnonzero(~rows).tolist():
        s, verb = ("", "is") if len(gone) == 1 else ("s", "are")
        of = ", ".join(str(row + 1) for row in gone)
        lines = ", ".join(map(str, table.lines[gone]))
        told = f"{counted(len(gone), 'row')} with missing cells {verb} left out"
        complain(f"{path}: {told}: row{s} {of} (line{s} {lines})")
    return table.only(rows)
