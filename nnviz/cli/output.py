"""Commands that read FILE: they train, print, or write predictions, programs, networks, pictures and films.

A function imports the modules that only one command needs, so that the other commands start fast.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import fields, replace
from importlib import import_module
from pathlib import Path

import numpy as np

from nnviz.cli.arguments import PICTURES, UsageError
from nnviz.cli.terminal import (
    StopRequest,
    print_json,
    print_lines,
    print_remark,
    print_table,
    print_text,
    weights_json,
)
from nnviz.core import edits
from nnviz.core import train as training_core
from nnviz.core.activations import Array
from nnviz.core.coach import judge, overfitting_since
from nnviz.core.columns import check_width
from nnviz.core.formula import CellError
from nnviz.core.metrics import SORTED_BY_CLASS, measure_all, rows_are_sorted
from nnviz.core.network import Network
from nnviz.core.numbers import MINUS, as_text, counted
from nnviz.core.runs import begin, keep_ended
from nnviz.core.slopes import Slopes, run_work
from nnviz.core.slopes import slopes as slopes_of
from nnviz.core.state import State, Training, run_of
from nnviz.core.train import Result
from nnviz.files import atomic, examples, native, registry
from nnviz.files.atomic import read_bytes
from nnviz.files.errors import FileError, as_file_errors
from nnviz.files.registry import TABLES
from nnviz.files.table import writing
from nnviz.files.table.columns import Placed, complete_rows, inputs_of, order_note, place_columns
from nnviz.files.table.reading import Table, TableLayout, read
from nnviz.files.table.writing import check_finite, rows_of_state, with_predictions
from nnviz.files.version1 import training_json

SIZE_PX = (1200, 800)
"""Default width and height of a diagram, in pixels."""


def predict(state: State, chosen: argparse.Namespace) -> None:
    """Predict the rows of --row and --data; without both, the rows of FILE. Print or save the predictions."""
    if chosen.out is not None and chosen.row:
        raise UsageError("nnviz predict: -o saves predictions for --data or FILE; do not use -o with --row")
    if chosen.skip_incomplete and chosen.data is None:
        raise UsageError("nnviz predict: --skip-incomplete leaves out incomplete rows of --data; add --data")
    parts = [_typed_row(state, row) for row in chosen.row]
    write = None
    if chosen.data is not None:
        rows, write = _rows_of(chosen, state)
        parts.append(rows)
    inputs = np.concatenate(parts) if parts else state.data.inputs
    if len(inputs) == 0:
        raise FileError("the file has no rows; give a row with --row or a CSV file with --data", "data")
    prediction = state.network.predict(inputs)
    check_finite(prediction)
    if chosen.out is not None:
        table = write(prediction) if write else rows_of_state(state)
        atomic.write(chosen.out, table)
    if chosen.json:
        print_json({"predictions": prediction.tolist()})
    elif chosen.out is None:
        print_lines(" ".join(map(repr, row)) for row in prediction.tolist())


def _typed_row(state: State, cells: list[str]) -> Array:
    """Return the cells of a typed row as inputs, shape (1, inputs). Raises UsageError and FileError."""
    columns, place = state.columns.of_inputs, f"--row {','.join(cells)}"
    has_texts = any(column.values for column in columns)
    with as_file_errors(place):
        check_width(cells, columns)
    parts = []
    for column, cell in zip(columns, cells, strict=True):
        try:
            parts.append(column.encoded([cell], typed=True))
        except CellError as error:
            if has_texts:
                raise FileError(str(error), f"{place}, column {column.name}") from None
            fault = f"argument --row: expected numbers such as 3,5: {error}"
            raise UsageError(f"nnviz predict: {fault}; see `nnviz predict --help`") from None
    with as_file_errors(place):
        return state.columns.join(parts)


def _rows_of(chosen: argparse.Namespace, state: State) -> tuple[Array, Callable[[Array], bytes]]:
    """Return the rows of --data as inputs, shape (rows, inputs), and a function that makes a table.

    The function takes the predictions and returns the table with them as bytes. Raises FileError.
    """
    path: Path = chosen.data
    data = read_bytes(path)
    try:
        table = read(data, given=TableLayout(decimal=chosen.decimal))
        where = place_columns(table, state)
        if chosen.skip_incomplete:
            table = _complete_rows(table, where, state, path)
        rows = inputs_of(table, where, state)
    except FileError as error:
        raise type(error)(f"{path}{', ' if error.place else ': '}{error}") from None
    if where.foreign:
        print_remark(f"{path}: {order_note(where.foreign, state)}")
    elif table.names is None and where.targets:
        first = counted(len(where.inputs), "column")
        print_remark(f"{path} has no header: nnviz takes the first {first} as inputs, the rest as targets")
    return rows, lambda prediction: with_predictions(data, table, where, state, prediction)


def _complete_rows(table: Table, where: Placed, state: State, path: Path) -> Table:
    """Return the rows without missing cells, and print which rows are left out.

    Raises FileError if every row has a missing cell.
    """
    rows = complete_rows(table, where, state)
    if not rows.any():
        raise FileError("every row has a missing cell, so no row is left")
    if gone := np.flatnonzero(~rows).tolist():
        numbers = ", ".join(str(row + 1) for row in gone)
        lines, count = ", ".join(map(str, table.lines[gone])), counted(len(gone), "row")
        print_remark(f"{path}: nnviz left out {count} with missing cells (rows: {numbers}; lines: {lines})")
    return table.select(rows)


def slopes(state: State, chosen: argparse.Namespace) -> None:
    """Print the loss and its slope (gradient) with respect to every weight, as a table or as JSON."""
    network, inputs, targets = state.network, state.data.inputs, state.data.targets
    if targets is None or len(inputs) == 0:
        fault = f"the {state.measure.phrase} and its slopes need targets, but no row in the file has any"
        raise FileError(fault, "data")
    penalty = state.training.penalty
    x, y = inputs[: state.trained_rows], targets[: state.trained_rows]
    result = slopes_of(network, x, y, state.training.loss, l1=penalty.l1, l2=penalty.l2)
    for numbers in (np.array(result.loss), *(layer.weights for layer in result.layers)):
        if not np.isfinite(numbers).all():
            raise FileError("the result is infinite: reduce the weights or the values in the data")
    if chosen.json:
        layers = [weights_json(layer) for layer in result.layers]
        losses = {result.measure.name: result.loss} | ({"penalty": result.penalty} if penalty else {})
        print_json({**losses, "layers": layers})
    else:
        lines = [f"Penalty {result.penalty!r}", ""] if penalty else [""]
        print_lines([f"{result.measure.title} {result.loss!r}", *lines])
        print_table(_slope_rows(network, result))


def _slope_rows(network: Network, slopes: Slopes) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = [("node", "from", "weight", "slope")]
    for at in network.all_weights():
        source = network.names(at.layer)[at.source] if at.kind == "weight" else "(bias)"
        node, numbers = network.names(at.column)[at.node], (network.value_of(at), slopes.slope(at))
        rows.append((node, source, *map(repr, numbers)))
    return rows


def code(state: State, chosen: argparse.Namespace) -> None:
    """Print or save a Python program that computes the network's predictions.

    If the network has many weights, a second file holds the weights.
    """
    from nnviz.files.code import program
    from nnviz.files.code.lines import numbers_path, save

    with as_file_errors():
        made = program(state, chosen.style)
    if chosen.out is None:
        if made.separate_arrays:
            print_remark("to save the program's arrays in a separate file, use -o OUT.py")
            made = program(state, chosen.style, beside=False)
        print_text(made.text)
        return
    save(made, chosen.out)
    if made.separate_arrays:
        print_remark(f"{numbers_path(chosen.out)} contains the program's arrays: keep both files together")


def save_network(state: State, path: Path) -> None:
    """Save `state` to `path`, and print what the file lacks. Raises FileError."""
    registry.save(state, path)
    if remark := registry.losses_on_save(state, path):
        print_remark(remark)


def convert(state: State, chosen: argparse.Namespace) -> None:
    """Save `state` in another format; shuffle or standardise the rows if the options ask for it.

    For a table without these options, print that --shuffle or --standardise would help. With
    --without-scaling, print that the saved model expects standardised rows.
    """
    from nnviz.files.models import dense

    path = examples.file_of(chosen.file)
    is_table = path.suffix.lower() in TABLES
    if chosen.seed is not None:
        state = replace(state, training=replace(state.training, seed=chosen.seed))
    if chosen.shuffle:
        state = edits.shuffle_rows(state)
    elif is_table and rows_are_sorted(state):
        print_remark(f"{path}: {SORTED_BY_CLASS} (--shuffle)")
    if chosen.standardise:
        note = edits.standardising_note(state)
        state = edits.standardise(state, range(len(state.network.inputs)))
        print_remark(f"{path}: {note}")
    elif is_table and (offer := edits.worth_standardising(state)):
        print_remark(f"{path}: {offer} (--standardise)")
    if chosen.without_scaling and dense.find_scaling(state):
        lost = "the scaling and the formulas" if state.columns.computed else "the scaling"
        remark = f"does not contain {lost} of the inputs: the model expects standardised rows"
        print_remark(f"{chosen.out} {remark}")
        state = dense.remove_scaling(state)
    save_network(state, chosen.out)


def render(state: State, chosen: argparse.Namespace) -> None:
    """Draw the diagram of the network into a file, or write a film."""
    draw = write_film if is_film(chosen) else _draw
    with as_file_errors():
        draw(state, chosen)


def _draw(state: State, chosen: argparse.Namespace) -> None:
    size, theme, clear = chosen.size or SIZE_PX, chosen.theme, chosen.transparent
    shown = {"pictures": chosen.pictures, "all_weights": chosen.all_weights}
    if chosen.out.suffix.lower() == ".svg":
        from nnviz.picture.svg import svg

        atomic.write(chosen.out, svg(state, size, theme, chosen.view, transparent=clear, **shown).encode())
        return
    from nnviz import system

    system.draw_without_display()
    from nnviz.ui.dialogs.pictures import Look
    from nnviz.ui.dialogs.pictures import render as draw

    draw(state, chosen.out, Look(size[0], size[1], theme, clear), slopes=chosen.view == "slopes", **shown)


def is_film(chosen: argparse.Namespace) -> bool:
    """Return whether the command writes a film. Raises UsageError for options that exclude each other."""
    from nnviz.files import film

    suffix, option = chosen.out.suffix.lower(), "--walk" if chosen.walk else "--training"
    if not (chosen.walk or chosen.training):
        if chosen.fps is not None or suffix not in PICTURES:
            films = f"--fps and the suffixes {', '.join(film.SUFFIXES)} need --walk or --training"
            raise UsageError(f"nnviz render: OUT must end in {', '.join(PICTURES)}; {films}")
        return False
    if suffix not in film.SUFFIXES:
        raise UsageError(f"nnviz render: with {option}, OUT must end in {', '.join(film.SUFFIXES)}")
    if chosen.transparent or (chosen.walk and chosen.view == "slopes"):
        raise UsageError("nnviz render: a film takes no --transparent, and --walk takes no --view")
    if max(chosen.size or film.SIZE_PX) > film.MOST_PX:
        raise UsageError(f"nnviz render: with {option}, width and height must not exceed {film.MOST_PX}")
    return True


def write_film(state: State, chosen: argparse.Namespace) -> None:
    """Write a film of one update or the training. Raises FileError, or ValueError for an empty film."""
    from nnviz import system
    from nnviz.files import film

    film.check(chosen.out)
    system.draw_without_display()
    from nnviz.ui.dialogs.films import Subject, render
    from nnviz.ui.dialogs.pictures import Look

    width, height = chosen.size or film.SIZE_PX
    shown = {"pictures": chosen.pictures, "all_weights": chosen.all_weights}
    subject = Subject("walk" if chosen.walk else "training", state, slopes=chosen.view == "slopes", **shown)
    render(subject, Look(width, height, chosen.theme), chosen.fps or film.FPS, chosen.out)


MOST_LINES = 50
"""A loss history with at most this number of points is printed in full."""
OPTIONS = tuple(each.name for each in fields(Training) if each.name != "frozen")
"""Names of options of `nnviz train`. Each option sets the field with the same name in `Training`."""


def train(state: State, chosen: argparse.Namespace) -> int:
    """Train the network, write the output files and print the loss history. Return the exit code.

    After the first signal, the training ends early and the result is saved. The next signal ends the command
    at once.
    """
    with StopRequest() as stop:
        with as_file_errors():
            given = training_core.with_settings(state, {name: getattr(chosen, name) for name in OPTIONS})
            if chosen.random_start:
                given = edits.randomise(given, given.training.seed)
            state = begin(keep_ended(state, given, state), state)
            result = training_core.carry_out(state, lambda: stop.exit_code != 0)
        made = result.end.iteration - state.iteration
        if stop.exit_code and not made:
            print_remark("training stopped before the first update; nothing was saved")
            return stop.exit_code
        since = overfitting_since(result.end)
        _print_outcome(result, since)
        if stop.exit_code:
            print_remark(f"training stopped after {made:,} of {counted(state.training.updates, 'update')}")
        faults = _write_results(result, chosen)
    try:
        _print_history(result, since, chosen)
    except BrokenPipeError:
        if not stop.exit_code:  # otherwise the signal has ended the reader too
            raise
    finally:  # report unwritten files even if printing fails
        if faults:
            raise FileError("; ".join(faults))
    return stop.exit_code


def runs(state: State, chosen: argparse.Namespace) -> None:
    """Print the runs of a file, oldest first, or write them as CSV or as event files of TensorBoard.

    Raises FileError if a file cannot be written.
    """
    from nnviz.core.runs import run_table

    table = run_table((*state.runs, state) if state.run else state.runs)
    facts = [each.facts for each in table.runs]
    if chosen.tensorboard is not None:
        from nnviz.files import tensorboard

        tensorboard.write(table, chosen.tensorboard)
    if chosen.out is not None:
        atomic.write(chosen.out, writing.runs_text(table))
    elif chosen.json:
        print_json([each | {"training": training_json(each["training"])} for each in facts])
    elif chosen.tensorboard is None:
        left_out = "parent", "training"
        shown = [
            {key: _cell(cell) for key, cell in each.items() if key not in left_out}
            | {key: named.settings[key] for key in table.differing}
            for each, named in zip(facts, table.runs, strict=True)
        ]
        print_table([[*shown[0]], *([*each.values()] for each in shown)] if shown else [["no runs"]])


def _cell(value: object) -> str:
    if isinstance(value, float):
        return as_text(value).replace(MINUS, "-")
    return "" if value is None else str(value)


def _print_outcome(result: Result, since: int | None) -> None:
    """Print to standard error how the training went; `since` is the first iteration of overfitting."""
    state = result.state
    if result.diverged:
        print_remark(
            f"the {state.measure.phrase} grew without bound, so nnviz kept the weights after "
            f"{counted(state.iteration, 'update')}"
        )
    if reason := result.end.stop_reason:
        print_remark(f"training stopped after {counted(result.end.iteration, 'update')}: {reason}")
    if state.unsuited_targets:
        print_remark(state.unsuited_targets)
    if state.training.validation and rows_are_sorted(state):
        print_remark(SORTED_BY_CLASS)
    if verdict := run_work(judge(result.end)):
        print_remark(verdict.sentence + (f"; try {verdict.remedy.name}" if verdict.remedy else ""))
    if since is not None and not state.training.keep:
        print_remark("to save the network with the lowest validation loss, use --keep best")
    if state.training.keep:
        least = as_text(run_of(state).monitored_curve.last[1])
        found = f"(lowest {state.monitored_title}: {least})"
        print_remark(f"kept iteration {state.iteration} of {result.end.iteration} {found}")


def _print_history(result: Result, since: int | None, chosen: argparse.Namespace) -> None:
    state, name = result.state, result.state.measure.name
    found = measure_all(state)
    if not chosen.json:
        rows = writing.rows_text(_thinned(result.history, state.iteration), name)
        if found.accuracy is not None:
            shares = found.accuracy, found.validation_accuracy
            rows.append(("accuracy", *(repr(share) for share in shares if share is not None)))
        print_table(rows)
        return
    history = result.history.astype(object)
    history[np.isnan(result.history)] = None
    values = {
        "iteration": state.iteration,
        name: run_of(state).history.last[1],
        **found._replace(loss=None)._asdict(),  # the loss stands under its own name
        "over_fitting_since": since,
        "kept": state.training.keep or None,
        "stopped": result.end.stop_reason or None,
        "diverged": result.diverged,
        "history": [[int(at), *losses] for at, *losses in history.tolist()],
        "layers": [weights_json(layer) for layer in state.network.layers],
    }
    print_json({key: value for key, value in values.items() if value is not None})


def _write_results(result: Result, chosen: argparse.Namespace) -> list[str]:
    """Write the network file and the history file; return a sentence for each file that failed."""
    faults = []
    if chosen.out is not None:  # first, because a long history takes long to write
        try:
            save_network(result.state, chosen.out)
        except FileError as error:
            faults.append(f"{error}; {_save_temporary(result.state)}")
    if chosen.history is not None:
        try:
            atomic.write(chosen.history, writing.history_text(result.history, result.state.measure.name))
        except FileError as error:
            faults.append(str(error))
    return faults


def _save_temporary(state: State) -> str:
    """Save the result as a temporary file; return a sentence with the path or the reason of the failure."""
    try:
        with tempfile.NamedTemporaryFile(prefix="nnviz-", suffix=".json", delete=False) as file:
            file.write(native.write(state))
    except (OSError, FileError) as error:
        return f"the result was not saved as a temporary file either: {error}"
    return f"the result was saved as {file.name} instead"


def _thinned(points: Array, iteration: int) -> Array:
    """Return at most MOST_LINES points unchanged; else about 20, with the first, the last and `iteration`."""
    if len(points) <= MOST_LINES:
        return points
    evenly = np.linspace(0, len(points) - 1, 21).round().astype(int)
    at = np.searchsorted(points[:, 0], iteration, side="right") - 1
    chosen: Array = points[np.union1d(evenly, at)]
    return chosen


COMMANDS: dict[str, Callable[[State, argparse.Namespace], int | None]] = {
    "predict": predict,
    "slopes": slopes,
    "train": train,
    "sweep": lambda state, chosen: import_module("nnviz.cli.sweeps").sweep(state, chosen),
    "runs": runs,
    "render": render,
    "convert": convert,
    "code": code,
}
"""The commands that read FILE, by name."""
