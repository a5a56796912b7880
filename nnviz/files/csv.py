"""Tables of numbers as CSV: rows to predict, and the MSE history. Knows nothing of networks."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.limits import COLUMNS, LINES, NUMBERS, ROWS
from nnviz.core.names import quoted
from nnviz.core.numbers import counted, parsed
from nnviz.files import json_text
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.progress import Progress

_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_NO_NUMBER = re.compile(r"\s*[+-]?(nan|inf|infinity)\s*", re.IGNORECASE | re.ASCII)
_MISSING = re.compile(
    r"<?NA>?|na|n/a|#?N/A|[Nn]ull|NULL|[Nn]one|NONE|nil|\\N|[-–—?.*]*"
    r"|#(NUM|VALUE|REF|NULL)!|#DIV/0!|#NAME\?|[+-]?nan\(\w*\)|[+-]?1\.#\w+"
)
"""What programs write for a number that is missing."""
_NOT_FOR_NUMPY = re.compile(r"[^-+.,;\d eE\t\n]|[eE][-+]?\d{4}", re.ASCII)
"""What the strict reader has to see: a quote, say, or an exponent of many digits."""
BLOCK = 500
"""Lines that are read at once."""

_NOTHING: tuple[list[str], int, int] = ([], 0, 0)
_TOLD = {
    "unexpected end of data": "a quote is not closed",
    f"field larger than field limit ({csv.field_size_limit()})": "a cell has too many letters",
    **{f"'{sign}' expected after '\"'": "a closing quote is not the end of its cell" for sign in "\t;,"},
}
"""What Python's reader says, in our words."""


@dataclass(frozen=True)
class Table:
    """Numbers, shape (rows, columns), and the names of the columns where the file gives them.

    A column that holds anything else is at `fault` when it is wanted; the numbers that it holds are lost.
    """

    names: tuple[str, ...] | None
    _values: Array
    _faults: dict[int, FileError] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self._values.T)

    @property
    def rows(self) -> Array:
        """All columns as they stand. Raises FileError for a cell that is no finite number."""
        for fault in self._faults.values():
            raise fault
        return self._values

    def places(self, wanted: Sequence[str]) -> list[int] | None:
        """Return where the columns of the `wanted` names stand; None where no column bears one of them.

        Capitals do not matter where that leaves no doubt. Raises FileError where some names are there and
        some are not, and where one stands twice.
        """
        exact = _indices(self.names or ())
        alike = _indices(name.casefold() for name in self.names or ())
        sought = Counter(name.casefold() for name in wanted)
        found: list[list[int]] = []
        for name in wanted:
            folded = name.casefold()
            found.append(exact.get(name) or (alike.get(folded, []) if sought[folded] == 1 else []))
        if not any(found):
            return None
        for name, places in zip(wanted, found, strict=True):
            if len(places) != 1:
                told = f"{len(places)} columns are" if places else "no column is"
                raise FileError(f"{told} called {quoted(name)}", "line 1")
        return [place for (place,) in found]

    def at(self, places: Sequence[int]) -> Array:
        """Return some of the columns. Raises FileError for a cell in them that is no finite number."""
        for place, fault in self._faults.items():
            if place in places:
                raise fault
        return self._values[:, list(places)]


def _indices(names: Iterable[str]) -> dict[str, list[int]]:
    indices: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        indices.setdefault(name, []).append(i)
    return indices


def read(data: bytes, progress: Progress | None = None) -> Table:
    """Return the table in the bytes of a CSV file; its first line may name the columns.

    Tabs, semicolons or commas separate, as in the first line. It names the columns where no cell of it is a
    number and not all say that a number is missing. `progress` is told, now and then, which part
    is read. Raises FileError for lines of different lengths, and for more than nnviz opens.
    """
    return parsed_table(json_text.decoded(data), progress)


def parsed_table(text: str, progress: Progress | None = None) -> Table:
    """Return the table in a text, as `read` does."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    with told_by_core():
        LINES.check(text.count("\n") + (not text.endswith("\n")))
    lines = text.split("\n")
    separator = _separator(lines)
    cells, _, after = next(_strict(lines, separator, 0), _NOTHING)
    if not cells:
        raise FileError("there are no rows")
    with told_by_core():
        COLUMNS.check(len(cells), "line 1")
    stripped = tuple(cell.strip() for cell in cells)
    named = not (any(map(_like_a_number, cells)) or all(map(_MISSING.fullmatch, stripped)))
    names, first = (stripped, after) if named else (None, 0)
    with told_by_core():
        _check_size(lines, separator, first, len(cells))
    reader = _Reader(lines, separator, len(cells))
    blocks = list(reader.blocks(first, progress))
    if not any(map(len, blocks)):
        raise FileError("there are no rows")
    return Table(names, np.concatenate(blocks), reader.faults)


def _separator(lines: list[str]) -> str:
    """Return what cuts the first line into cells where it stands outside quotes."""
    for sign in "\t;":
        try:
            cells, _, _ = next(_strict(lines, sign, 0), _NOTHING)
        except FileError:  # a quote that does not begin and end a cell if this is the separator
            continue
        if len(cells) > 1:
            return sign
    return ","


def _strict(lines: list[str], separator: str, first: int) -> Iterator[tuple[list[str], int, int]]:
    """Yield the cells of each row from line `first` on, the number of its first line, and that of its last.

    Lines count from 1. A cell in quotes may go on in the next line. Raises FileError for a stray quote.
    """
    rows = csv.reader(
        (f"{line}\n" for line in islice(lines, first, None)),
        delimiter=separator,
        skipinitialspace=separator != "\t",
        strict=True,
    )
    last = first
    while True:
        begins = last + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileError(_TOLD.get(str(error), str(error)), f"line {begins}") from None
        last = first + rows.line_num
        if len(cells) > 1 or "".join(cells).strip():
            yield cells, begins, last


def _check_size(lines: list[str], separator: str, first: int, width: int) -> None:
    """Raise ValueError where there are more rows or numbers than nnviz opens from line `first` on."""
    rows = sum(1 for line in islice(lines, first, None) if separator in line or line.strip())
    if rows > min(ROWS.most, NUMBERS.most // width):  # a cell in quotes may go on in the next line
        rows = sum(1 for _ in _strict(lines, separator, first))
    ROWS.check(rows)
    NUMBERS.check(rows * width)


class _Reader:
    """Reads the rows of a table a block of lines at a time: by NumPy where that reads as strictly.

    `faults` gets the first fault of each column.
    """

    def __init__(self, lines: list[str], separator: str, width: int) -> None:
        self._lines, self._separator, self._width = lines, separator, width
        self.faults: dict[int, FileError] = {}

    def blocks(self, first: int, progress: Progress | None) -> Iterator[Array]:
        """Yield the numbers of the rows from line `first` on, shape (rows, width)."""
        while first < len(self._lines):
            if progress is not None:
                progress(first / len(self._lines))
            rows = self._by_numpy(self._lines[first : first + BLOCK])
            if rows is None:
                rows, first = self._strictly(first, first + BLOCK)
            else:
                first += BLOCK
            yield rows

    def _by_numpy(self, lines: list[str]) -> Array | None:
        """Return the numbers, or None where the strict reader has to look."""
        full = [line for line in lines if self._separator in line or line.strip()]
        if not full or _NOT_FOR_NUMPY.search("\n".join(full)):
            return None if full else np.empty((0, self._width))
        try:
            rows = np.loadtxt(full, delimiter=self._separator, comments=None, ndmin=2)
        except ValueError:
            return None  # a decimal comma, or a mistake
        return rows if rows.shape[1] == self._width and np.isfinite(rows).all() else None

    def _strictly(self, first: int, end: int) -> tuple[Array, int]:
        """Return the numbers of the rows that begin before line `end`, and the line behind them."""
        rows: list[list[float]] = []
        for cells, line, last in _strict(self._lines, self._separator, first):
            rows.append(self._row(cells, f"line {line}"))
            if last >= end:
                return np.array(rows), last
        return np.array(rows).reshape(-1, self._width), len(self._lines)

    def _row(self, cells: list[str], place: str) -> list[float]:
        if len(cells) != self._width:
            expected = counted(self._width, "value")
            raise FileError(f"expected {expected} as in the first line, found {len(cells)}", place)
        return [self._number(cell.strip(), i, place) for i, cell in enumerate(cells)]

    def _number(self, cell: str, column: int, place: str) -> float:
        if _PLAIN.fullmatch(cell) and abs(value := float(cell)) < math.inf:
            return value
        if column in self.faults:
            return math.nan
        try:
            return parsed(cell)
        except ValueError as error:
            wrong = str(error) if cell else "the cell is empty"
            self.faults[column] = FileError(wrong, f"{place}, column {column + 1}")
            return math.nan


def _like_a_number(cell: str) -> bool:
    """Tell whether a cell of the first line holds a number, one that is not finite among them."""
    try:
        parsed(cell)
    except ValueError:
        return _NO_NUMBER.fullmatch(cell) is not None
    return True


def history(points: Array, measure: str = "mse") -> bytes:
    """Return a history, shape (points, 2), as CSV with the columns iteration and mse, or what it measures."""
    lines = [f"{int(iteration)},{mse!r}" for iteration, mse in points.tolist()]
    return "\n".join([f"iteration,{measure}", *lines, ""]).encode()
