"""Tables of numbers as CSV: rows to predict, and the MSE history. Knows nothing of networks."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.numbers import parsed
from nnviz.files import json_text
from nnviz.files.errors import FileError

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
BLOCK = 500
"""Lines that are read at once."""


@dataclass(frozen=True)
class Table:
    """Rows of numbers, shape (rows, columns), and the names of the columns where the file gives them."""

    names: tuple[str, ...] | None
    rows: Array

    def columns(self, wanted: Sequence[str]) -> Array:
        """Return the columns of the `wanted` names, or all as they stand where no column bears one.

        Raises FileError where some are there and some are not.
        """
        names = self.names or ()
        missing = [name for name in wanted if name not in names]
        if len(missing) == len(wanted):
            return self.rows
        if missing:
            raise FileError(f"no column is called {missing[0]!r}", "line 1")
        return self.rows[:, [names.index(name) for name in wanted]]


def read(data: bytes, progress: Callable[[float], None] | None = None) -> Table:
    """Return the table in the bytes of a CSV file; its first line may name the columns.

    Tabs, semicolons or commas separate, as in the first line. `progress` is told, now and then, which part
    is read. Raises FileError for a cell that is no finite number and for lines of different lengths.
    """
    return parsed_table(json_text.decoded(data), progress)


def parsed_table(text: str, progress: Callable[[float], None] | None = None) -> Table:
    """Return the table in a text, as `read` does."""
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    if first == len(lines):
        raise FileError("there are no rows")
    separator = next((sign for sign in "\t;" if sign in lines[first]), ",")
    cells = _cells(lines[first : first + 1], separator, first)[0][1]
    names = None
    if not any(cell.strip() and _is_number(cell) for cell in cells) and any(cell.strip() for cell in cells):
        names = tuple(cell.strip() for cell in cells)
        first += 1
    blocks = []
    for start in range(first, len(lines), BLOCK):
        blocks.append(_block(lines[start : start + BLOCK], separator, len(cells), start))
        if progress is not None:
            progress(start / len(lines))
    if not any(len(block) for block in blocks):
        raise FileError("there are no rows")
    return Table(names, np.concatenate(blocks))


def _block(lines: list[str], separator: str, width: int, before: int) -> Array:
    """Return the numbers of lines, shape (rows, width): by NumPy, or one by one to tell what is wrong."""
    full = [line for line in lines if line.strip()]
    if not full:
        return np.empty((0, width))
    try:
        rows = np.loadtxt(full, delimiter=separator, comments=None, quotechar='"', ndmin=2)
        if rows.shape[1] == width and np.isfinite(rows).all():
            return rows
    except ValueError:
        pass  # a fraction, a true minus, a decimal comma, or a mistake
    cells = _cells(lines, separator, before)
    return np.array([_row(line, width, number) for number, line in cells]).reshape(-1, width)


def _cells(lines: list[str], separator: str, before: int) -> list[tuple[int, list[str]]]:
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=separator != "\t")
    try:
        numbered = [(reader.line_num + before, line) for line in reader]
    except csv.Error as error:
        raise FileError(str(error), f"line {reader.line_num + before}") from None
    return [(number, line) for number, line in numbered if "".join(line).strip() or len(line) > 1]


def _is_number(cell: str) -> bool:
    try:
        parsed(cell)
    except ValueError:
        return False
    return True


def _row(line: list[str], width: int, number: int) -> list[float]:
    if len(line) != width:
        raise FileError(f"expected {width} values as in the first line, found {len(line)}", f"line {number}")
    return [_number(cell.strip(), f"line {number}, column {i + 1}") for i, cell in enumerate(line)]


def _number(cell: str, place: str) -> float:
    if _PLAIN.fullmatch(cell) and abs(value := float(cell)) < float("inf"):
        return value
    try:
        return parsed(cell)
    except ValueError as error:
        raise FileError(str(error) if cell else "the cell is empty", place) from None


def history(points: Array) -> bytes:
    """Return an MSE history, shape (points, 2), as CSV with the columns iteration and mse."""
    lines = [f"{int(iteration)},{mse!r}" for iteration, mse in points.tolist()]
    return "\n".join(["iteration,mse", *lines, ""]).encode()
