"""Writer of CSV text: rows, predictions, and the loss history."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.columns import Cell, Column
from nnviz.core.metrics import is_one_of_many
from nnviz.core.numbers import free_name, full
from nnviz.core.runs import RunTable
from nnviz.core.state import State, Training
from nnviz.files.errors import FileError, Progress
from nnviz.files.table.columns import Placed
from nnviz.files.table.reading import Table, decode, rows_of, with_plain_ends

BLOCK = 500
"""Number of rows between two reports of progress."""
POINTS_AT_ONCE = 10_000
"""Number of points of a history that are texts at the same time: a text takes ten times a point's memory."""


def with_predictions(data: bytes, table: Table, where: Placed, state: State, prediction: Array) -> bytes:
    """Return the rows of `table` as CSV in UTF-8 with a header. Additional columns have the predictions.

    `data` has the bytes of the table's file. `where` says which columns are the network's inputs and targets.
    `prediction` has shape (rows, outputs). The new columns have the names of the outputs. If the table
    already has a column NAME, the new column is "prediction NAME". If the outputs are classes, the last
    column names the predicted class. Delimiter and decimal sign do not change.
    """
    layout = table.layout
    names = [*table.names] if table.names else _column_names(table.width, where, state)
    header = [*names, *_free_names(state.network.outputs, names)]
    name, texts = _predicted_classes(state, prediction)
    header += _free_names([name], header) if name else []
    lines = with_plain_ends(decode(data, layout.encoding)[0]).split("\n")
    rows = rows_of(lines, layout.delimiter or ",")
    if layout.header:
        next(rows)
    classes = [[text] for text in texts] if name else [[]] * len(prediction)
    own = {*table.lines.tolist()}
    cells = ([cell.strip() for cell in row[: table.width]] for row, line, _ in rows if line in own)
    parts = zip(cells, prediction.tolist(), classes, strict=True)
    decimal = layout.decimal or "."
    body = (
        [*row, *(full(each).replace(".", decimal) for each in numbers), *last] for row, numbers, last in parts
    )
    return _csv(header, body, layout.delimiter or ",")


def rows_of_state(state: State, progress: Progress | None = None) -> bytes:
    """Return the rows of `state` as CSV. Values that nnviz has standardised become raw values again.

    The columns are inputs, targets, predictions and errors (prediction − target), under the names that the
    window shows. If the outputs are classes, another column names the predicted class. Reports `progress`.
    Raises FileError if a prediction is infinite or NaN.
    """
    inputs = _raw(state.columns.of_inputs, state.network.inputs, state.data.inputs)
    prediction = state.network.predict(state.data.inputs)
    check_finite(prediction)
    parts = [inputs, *_outcomes(state, prediction)]
    header = [name for names, _ in parts for name in names]
    columns = [column for _, own in parts for column in own]

    def rows() -> Iterator[list[str]]:
        for i, row in enumerate(zip(*columns, strict=True)):
            if progress is not None and i % BLOCK == 0:
                progress(i / len(prediction))
            yield [cell if isinstance(cell, str) else full(cell) for cell in row]

    return _csv(_unique(header), rows(), ",")


def check_finite(prediction: Array) -> None:
    """Raise FileError if a prediction is infinite or NaN."""
    if not np.isfinite(prediction).all():
        raise FileError("a prediction is infinite or NaN: reduce the weights or the values in the data")


Part = tuple[list[str], list[Sequence[Cell]]]


def _raw(columns: Sequence[Column], nodes: tuple[str, ...], values: Array) -> Part:
    place = {name: i for i, name in enumerate(nodes)}
    cells: list[Sequence[Cell]] = [
        column.decoded(values[:, [place[name] for name in column.nodes]]) for column in columns
    ]
    return [column.name for column in columns], cells


def _outcomes(state: State, prediction: Array) -> Iterator[Part]:
    """Yield the columns of targets, predictions and errors."""
    outputs, targets = state.network.outputs, state.data.targets

    def headers(kind: str) -> list[str]:
        return [kind] if len(outputs) == 1 else [f"{kind} {name}" for name in outputs]

    if targets is not None:
        columns = state.columns.of_targets
        if any(column.values for column in columns):
            yield _raw(columns, outputs, targets)
        else:
            yield headers("target"), [*targets.T.tolist()]
    yield headers("prediction"), [*prediction.T.tolist()]
    name, texts = _predicted_classes(state, prediction)
    if name:
        yield [name], [texts]
    if targets is not None:
        yield headers("error"), [*(prediction - targets).T.tolist()]


def _predicted_classes(state: State, prediction: Array) -> tuple[str, list[str]]:
    """Return the name and the cells of the column of predicted classes; "" and [] without classes."""
    outputs = state.network.outputs
    column = next((each for each in state.columns.of_targets if each.values), None)
    if column is not None:
        name, nodes, texts = f"predicted {column.name}", column.nodes, column.values
    elif is_one_of_many(state.network):
        name, nodes, texts = "predicted", outputs, outputs
    else:
        return "", []
    largest = prediction[:, [outputs.index(node) for node in nodes]].argmax(axis=1)
    return name, [texts[at] for at in largest.tolist()]


def _column_names(width: int, where: Placed, state: State) -> list[str]:
    """Return the names of the network's columns, for a table without column names."""
    names = [f"column {i + 1}" for i in range(width)]
    for place, column in zip(where.inputs, state.columns.of_inputs, strict=True):
        names[place] = column.name
    for place, column in zip(where.targets, state.columns.of_targets, strict=False):
        names[place] = f"target {column.name}"
    return names


def _free_names(wanted: Iterable[str], taken: Sequence[str]) -> list[str]:
    names = [*taken, *(f"prediction {name}" if name in taken else name for name in wanted)]
    return _unique(names)[len(taken) :]


def _unique(names: list[str]) -> list[str]:
    """Return the names, with a number after each name that appears before it."""
    taken: dict[str, int] = {}
    return [free_name(name, taken) for name in names]


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]], delimiter: str) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue().encode()


def runs_text(table: RunTable) -> bytes:
    """Return runs as CSV: a line for each run, with its settings and results in full precision."""
    rows = []
    for named in table.runs:
        facts = named.facts
        training: Training = facts.pop("training")
        settings = {each.name: getattr(training, each.name) for each in fields(Training)}
        settings |= {"schedule": training.schedule_name, "frozen": ", ".join(training.frozen)}
        settings["validation_split"] = settings.pop("validation")  # "validation" is the loss
        shape = {"network": named.state.network.in_words, "activation": named.settings["activation"]}
        rows.append(facts | shape | settings)
    header = [*rows[0]] if rows else []
    return _csv(header, [["" if cell is None else str(cell) for cell in row.values()] for row in rows], ",")


def history_text(points: Array, measure: str = "mse") -> bytes:
    """Return a loss history as CSV. `measure` is the name of the training loss in the header.

    The columns of `points`, shape (points, 2 or 3), are iteration, training loss and, if present, the
    validation loss.
    """
    starts = range(0, max(len(points), 1), POINTS_AT_ONCE)
    blocks = (rows_text(points[k : k + POINTS_AT_ONCE], measure)[k > 0 :] for k in starts)
    return b"".join("".join(f"{','.join(row)}\n" for row in rows).encode() for rows in blocks)


def rows_text(points: Array, measure: str) -> list[tuple[str, ...]]:
    """Return the rows of a loss history as texts, the header first. An unknown loss (NaN) becomes ""."""
    header = ("iteration", measure, "validation")[: points.shape[1]]
    losses = [["" if math.isnan(loss) else repr(loss) for loss in own] for own in points[:, 1:].tolist()]
    return [header, *((str(int(at)), *own) for at, own in zip(points[:, 0], losses, strict=True))]
