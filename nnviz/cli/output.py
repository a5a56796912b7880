"""Commands that print or write predictions, programs, networks and films."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nnviz.cli.arguments import PICTURES, UsageError
from nnviz.cli.printing import complain, print_json, print_lines, print_text
from nnviz.core import edits
from nnviz.core.activations import Array
from nnviz.core.metrics import UNSHUFFLED, are_unshuffled
from nnviz.core.numbers import counted
from nnviz.core.state import CellError, State, in_order
from nnviz.files import atomic, film, registry
from nnviz.files.atomic import read_bytes
from nnviz.files.code import program
from nnviz.files.code.lines import beside, save
from nnviz.files.errors import FileError
from nnviz.files.film import FPS, MOST_PX, SIZE_PX
from nnviz.files.models import dense
from nnviz.files.registry import TABLES
from nnviz.files.table.columns import Placed, complete, in_their_order, inputs_of, placed
from nnviz.files.table.reading import Table, TableLayout, read
from nnviz.files.table.writing import check_finite, rows_of_state, with_predictions

if TYPE_CHECKING:
    from nnviz.ui.dialogs.films import What


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
        table = read(data, said=TableLayout(decimal=chosen.decimal))
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


def write_program(state: State, chosen: argparse.Namespace) -> None:
    """Print the program, all numbers in it, or save it, many numbers in a file beside it."""
    try:
        made = program(state, chosen.style)
    except ValueError as error:
        raise FileError(str(error)) from None
    if chosen.out is None:
        if made.beside:
            complain("all numbers are written out; -o OUT.py puts them into a file beside the program")
            made = program(state, chosen.style, beside=False)
        print_text(made.text)
        return
    if said := save(made, chosen.out):
        complain(said)
    if made.beside:
        complain(f"{beside(chosen.out)} holds its numbers: keep the two together")


def save_network(state: State, path: Path) -> None:
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
        new = edits.standardise(state, range(len(state.network.inputs)))
        complain(f"{path}: {edits.standardising_note(state)}")
        return new
    if path.suffix.lower() in TABLES and (offer := edits.worth_standardising(state)):
        complain(f"{path}: {offer} (--standardise)")
    return state


def without_scaling(state: State, out: Path) -> State:
    """Return `state` without the scaling of its inputs, and say which rows the file takes."""
    if dense.find_scaling(state):
        complain(f"{out} leaves out the scaling of the inputs: it takes standardised rows")
    return dense.remove_scaling(state)


def is_film(chosen: argparse.Namespace) -> bool:
    """Tell whether a film is asked for. Raises UsageError for what does not go together."""
    suffix, option = chosen.out.suffix.lower(), "--walk" if chosen.walk else "--training"
    if not (chosen.walk or chosen.training):
        if chosen.fps is not None:
            raise UsageError("nnviz render: --fps is for a film, so it goes with --walk or --training")
        if suffix not in PICTURES:
            raise UsageError(f"nnviz render: what moves in a {suffix} is missing: give --walk or --training")
        return False
    if suffix not in film.SUFFIXES:
        raise UsageError(f"nnviz render: with {option}, OUT ends in {', '.join(film.SUFFIXES)}")
    if chosen.transparent:
        raise UsageError(f"nnviz render: --transparent does not go with {option}")
    if chosen.walk and chosen.view == "slopes":
        raise UsageError("nnviz render: --view does not go with --walk, which comes to the slopes by itself")
    if max(chosen.size or SIZE_PX) > MOST_PX:
        raise UsageError(f"nnviz render: with {option}, width and height are up to {MOST_PX}")
    return True


def write_film(state: State, chosen: argparse.Namespace) -> None:
    """Write the film. Raises FileError, and ValueError where there is nothing to show."""
    from nnviz import system

    film.check(chosen.out)
    system.draw_without_display()
    from nnviz.ui.dialogs.films import Subject, render
    from nnviz.ui.dialogs.pictures import Look

    width, height = chosen.size or SIZE_PX
    what: What = "walk" if chosen.walk else "training"
    subject = Subject(what, state, slopes=chosen.view == "slopes", pictures=chosen.pictures)
    render(subject, Look(width, height, chosen.theme), chosen.fps or FPS, chosen.out)
    if of_size := film.of_size(chosen.out, width, height):
        complain(f"{chosen.out}: {of_size}")
