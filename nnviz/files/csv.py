"""Tables of numbers as CSV: rows to predict, and the MSE history. Knows nothing of networks."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.numbers import parsed
from nnviz.files import json_text
from nnviz.files.errors import FileError

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)


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


def read(data: bytes) -> Table:
    """Return the table in the bytes of a CSV file; its first line may name the columns.

    Raises FileError for a cell that is no finite number and for lines of different lengths.
    """
    reader = csv.reader(json_text.decoded(data).splitlines(), skipinitialspace=True)
    try:
        lines = [(reader.line_num, line) for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise FileError(str(error), f"line {reader.line_num}") from None
    names = None
    if lines and not any(_is_number(cell) for cell in lines[0][1]):
        names = tuple(cell.strip() for cell in lines.pop(0)[1])
    if not lines:
        raise FileError("there are no rows")
    width = len(names or lines[0][1])
    return Table(names, np.array([_row(line, width, number) for number, line in lines]))


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
