"""A table as it was found: its layout, its names, and its columns of numbers and texts.

Knows nothing of networks.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.columns import CellError, Column
from nnviz.core.limits import COLUMNS, LINES
from nnviz.core.names import quoted
from nnviz.core.numbers import counted, full
from nnviz.files.errors import FileError, UndecidedError, told_by_core
from nnviz.files.progress import Progress
from nnviz.files.table.cells import MISSING, NOT_CLOSED, AmbiguousError, number, rows_of
from nnviz.files.table.layout import Layout, found
from nnviz.files.table.numbers import Cells
from nnviz.files.table.text import ENCODINGS, decoded, encoding_of, with_plain_ends

HEAD_BYTES = 2**18
HEAD_ROWS = 200
"""So much of a table is looked at before it is read."""

_NOTHING: tuple[list[str], int, int] = ([], 0, 0)


@dataclass(frozen=True)
class Table:
    """Rows of cells, and the names of the columns where the file gives them.

    ========== =======================================================================
    `layout`   how it is laid out: all that was found, or said
    `names`    of the columns, or None
    `_values`  the numbers, shape (rows, columns); NaN where a cell is none
    `_texts`   of each column that has a cell which is no number, by its place: those, and "" for numbers
    `lines`    the line that each row begins in, shape (rows,)
    `of`       how many rows the file has, of which these are the first
    ========== =======================================================================
    """

    layout: Layout
    names: tuple[str, ...] | None
    _values: Array = field(repr=False)
    _texts: dict[int, list[str]] = field(repr=False)
    lines: NDArray[np.int32] = field(repr=False)
    of: int

    def __len__(self) -> int:
        return len(self._values)

    @property
    def size(self) -> str:
        """How many rows there are, in words, and of how many."""
        if len(self) == self.of:
            return counted(self.of, "row")
        return f"the first {len(self):,} of {counted(self.of, 'row')}"

    def first(self, rows: int) -> Table:
        """Return the first rows alone, at most so many."""
        if rows >= len(self):
            return self
        return replace(self.only(np.arange(len(self)) < rows), of=self.of)

    def only(self, rows: NDArray[np.bool_]) -> Table:
        """Return some of the rows as a table of their own."""
        values = self._values[rows]
        texts = {at: own for at, own in self._texts.items() if np.isnan(values[:, at]).any()}
        return replace(
            self,
            _values=values,
            _texts={at: [*compress(own, rows)] for at, own in texts.items()},
            lines=self.lines[rows],
            of=len(values),
        )

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self._values.T)

    @property
    def rows(self) -> Array:
        """All columns as they stand. Raises FileError for a cell that is no finite number."""
        return self.at(range(self.width))

    def at(self, places: Sequence[int]) -> Array:
        """Return some of the columns. Raises FileError for a cell in them that is no finite number."""
        faults = [(int(np.isnan(self._values[:, at]).argmax()), at) for at in places if at in self._texts]
        if faults:
            row, column = min(faults)
            raise self.fault(row, column)
        return self._values[:, list(places)]

    def numbers(self, column: int) -> Array:
        """Return the numbers of a column, shape (rows,); NaN where a cell is none."""
        return self._values[:, column]

    def texts(self, column: int) -> list[str] | None:
        """Return the cells of a column where not all are numbers: these in full, others without space."""
        own = self._texts.get(column)
        if own is None:
            return None
        numbers = self._values[:, column].tolist()
        return [text if number != number else full(number) for text, number in zip(own, numbers, strict=True)]

    def missing(self, column: int, values: Sequence[str] = ()) -> NDArray[np.bool_]:
        """Return which cells of a column are missing, shape (rows,); its own `values` are not."""
        texts = self._texts.get(column)
        if texts is None:
            return np.zeros(len(self), dtype=np.bool_)
        known = {text for text in set(texts) if MISSING.fullmatch(text) and text not in values}
        gone = np.fromiter((text in known for text in texts), np.bool_, len(texts))
        return gone & np.isnan(self._values[:, column])

    def place(self, row: int, column: int) -> str:
        """Return where a cell stands: "line 3, column 2"."""
        return f"line {self.lines[row]}, column {column + 1}"

    def fault(self, row: int, column: int) -> FileError:
        """Return what is wrong with a cell that is no number."""
        try:
            number(self._texts[column][row], self.layout.decimal, grouped=self.layout.grouped)
        except AmbiguousError as error:
            return UndecidedError(str(error), self.place(row, column))
        except ValueError as error:
            return FileError(str(error), self.place(row, column))
        raise AssertionError  # it is one

    def encoded(self, column: Column, at: int) -> Array:
        """Return what the cells of the column at a place become, shape (rows, nodes). Raises FileError."""
        if not column.values:
            return column.standardised(self.at([at]))
        texts = self.texts(at)
        try:
            return column.encoded(self._values[:, at] if texts is None else texts)
        except CellError as error:
            raise FileError(str(error), self.place(error.row, at)) from None

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


def _indices(names: Iterable[str]) -> dict[str, list[int]]:
    indices: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        indices.setdefault(name, []).append(i)
    return indices


def read(
    data: bytes,
    progress: Progress | None = None,
    said: Layout | None = None,
    most: int | None = None,
    *,
    fitting: bool = False,
) -> Table:
    """Return the table in the bytes of a file, the first `most` rows of it; what is not `said` is found.

    `fitting` takes of more rows than nnviz opens the first, as many as it does. `progress` is told, now and
    then, which part is read. Raises FileError, which begins with the line, for lines of different lengths and
    stray quotes, and for more than nnviz opens.
    """
    said = said or Layout()
    text, encoding = decoded(data, said.encoding)
    return parsed(text, progress, replace(said, encoding=encoding), most, fitting=fitting)


def head(data: bytes, said: Layout | None = None) -> Table:
    """Return the first rows of a table in the same way, at once, however large it is. Raises FileError."""
    said = said or Layout()
    if len(data) <= HEAD_BYTES:
        return read(data, said=said, most=HEAD_ROWS)
    encoding = said.encoding or encoding_of(data)
    said = replace(said, encoding=encoding)
    text = with_plain_ends(data[:HEAD_BYTES].decode(ENCODINGS[encoding], "ignore")).removeprefix("\ufeff")
    lines = text.split("\n")[:-1] or [text]
    try:
        return parsed("\n".join(lines), None, said, HEAD_ROWS)
    except FileError as error:
        line = re.fullmatch(r"line (\d+)", error.place)
        if error.message != NOT_CLOSED or line is None or line[1] == "1":
            raise
        return parsed("\n".join(lines[: int(line[1]) - 1]), None, said, HEAD_ROWS)


def parsed(
    text: str,
    progress: Progress | None = None,
    said: Layout | None = None,
    most: int | None = None,
    *,
    fitting: bool = False,
) -> Table:
    """Return the table in a text, as `read` does."""
    text = with_plain_ends(text)
    with told_by_core():
        LINES.check(text.count("\n") + (not text.endswith("\n")))
    lines = text.split("\n")
    layout = found(lines, said or Layout())
    assert layout.delimiter is not None
    first_row, _, after = next(rows_of(lines, layout.delimiter), _NOTHING)
    if not first_row:
        raise FileError("there are no rows")
    with told_by_core():
        COLUMNS.check(len(first_row), "line 1")
    names = tuple(cell.strip() for cell in first_row) if layout.header else None
    first, width = after if layout.header else 0, len(first_row)
    cells = Cells(lines, first, layout.delimiter, layout.decimal, width, grouped=layout.grouped)
    of = cells.read(most, progress, fitting=fitting)
    if not len(cells.values):
        raise FileError("there are no rows")
    return _without_ends(Table(layout, names, cells.values, cells.texts, cells.lines, of))


def _without_ends(table: Table) -> Table:
    """Leave out a last column that nothing but delimiters at the lines' ends makes."""
    last, names = table.width - 1, table.names
    texts = table.texts(last)
    if not last or texts is None or any(texts) or (names[last] if names else len(texts) < 2):
        return table
    others = {place: own for place, own in table._texts.items() if place != last}
    return replace(table, names=names and names[:last], _values=table._values[:, :last], _texts=others)
