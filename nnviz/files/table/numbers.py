"""The cells of a table, columns of numbers and texts, read a block of lines at a time. Knows no names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

import msgspec
import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.limits import NUMBERS, ROWS
from nnviz.core.numbers import counted
from nnviz.files.errors import FileError, told_by_core
from nnviz.files.progress import Progress
from nnviz.files.table.cells import number, one_line_rows, rows_of

BLOCK = 500
"""Lines that are read at once, of a wide table fewer: so many that hold BLOCK_CELLS."""
BLOCK_CELLS = 50_000

_LISTS = msgspec.json.Decoder(list[list[float | None]])
_MISSING = frozenset(("", "NA", "NaN", "nan", "?"))
"""Those that are frequent among numbers of all texts for a missing one."""
_MINUS_0 = re.compile(r"-0(?![.eE\d])")
"""Whose sign is lost where JSON has whole numbers."""
_MAY_BE = re.compile(r"[+−-]?[\d.,]+([eE][+−-]?\d+)?", re.ASCII)
"""What every number looks like: to look closer at all texts of a column takes long."""


class Cells:
    """Cells as columns: `values`, shape (rows, width), is NaN where there is no number.

    `texts` holds what stands there instead, of those columns alone that have such a cell, and "" for numbers;
    `lines`, shape (rows,), says in which line of the file a row begins, from 1. Raises FileError for a row
    of another width, a stray quote, and for more than nnviz opens.
    """

    def __init__(
        self,
        lines: list[str],
        first: int,
        delimiter: str,
        decimal: str | None,
        width: int,
        *,
        grouped: bool = False,
    ) -> None:
        self._text, self._first = lines, first
        self._delimiter, self._decimal, self._width = delimiter, decimal, width
        self._grouped = grouped
        self._strange = {".", ","} - {delimiter, decimal}
        """What stands in no plain number: a comma, or a point where the decimal sign is no point."""
        self._count = 0
        self.texts: dict[int, list[str]] = {}

    def read(self, most: int | None, progress: Progress | None, *, fitting: bool) -> int:
        """Read the rows from the first line on, the first `most` of them; where `fitting`, as many as may be.

        Return how many there are.
        """
        count = room = self._room(progress) if most is None else most
        if fitting:
            room = min(count, ROWS.most, NUMBERS.most // self._width)
        with told_by_core():
            ROWS.check(room)
            NUMBERS.check(room * self._width)
        self.values = np.empty((room, self._width))
        self.lines: NDArray[np.int32] = np.empty(room, dtype=np.int32)
        first, step = self._first, min(BLOCK, max(1, BLOCK_CELLS // self._width))
        while first < len(self._text) and self._count < room:
            if progress is not None:
                progress(first / len(self._text))
            first = self._block(first, min(first + step, len(self._text)))
        self.values, self.lines = self.values[: self._count], self.lines[: self._count]
        return count if count > room else self._count

    def _room(self, progress: Progress | None) -> int:
        """Return how many rows there are at most; where that is too many, how many there are."""
        lines = islice(self._text, self._first, None)
        rows = sum(1 for line in lines if self._delimiter in line or line.strip())
        if rows <= min(ROWS.most, NUMBERS.most // self._width) or not any('"' in line for line in self._text):
            return rows
        rows = 0
        for _, _, last in rows_of(self._text, self._delimiter, self._first):  # a cell in quotes has line ends
            rows += 1
            if progress is not None and rows % BLOCK == 0:
                progress(last / len(self._text))
        return rows

    def _block(self, first: int, end: int) -> int:
        """Take the rows that begin from line `first` up to line `end`; return the line behind them."""
        numbers = self._plain_numbers(self._text[first:end], self._width)
        if numbers is not None and not np.isnan(numbers).any():
            count = self._take(numbers, range(first + 1, end + 1))
            for texts in self.texts.values():
                texts += [""] * count
            return end
        end = min(end, first + len(self.values) - self._count)
        whole = one_line_rows(self._text[first:end], self._delimiter, self._width)
        if whole is not None:
            self._take(self._of_cells(whole), range(first + 1, end + 1))
            return end
        rows: list[list[str]] = []
        begins: list[int] = []
        last = len(self._text)
        for cells, line, ended in rows_of(self._text, self._delimiter, first):
            rows.append(self._of_width(cells, line))
            begins.append(line)
            if ended >= end or self._count + len(rows) == len(self.values):
                last = ended
                break
        if rows:
            self._take(self._of_cells(rows), begins)
        return last

    def _take(self, numbers: Array, lines: Sequence[int]) -> int:
        """Take as many rows as there is room for; return how many."""
        count = min(len(numbers), len(self.values) - self._count)
        room = slice(self._count, self._count + count)
        self.values[room], self.lines[room] = numbers[:count], lines[:count]
        self._count += count
        return count

    def _plain_numbers(self, lines: Sequence[str], width: int) -> Array | None:
        """Return the numbers of lines that hold `width` of them, as JSON has them; None for other lines.

        JSON's null is NaN.
        """
        text = "\n".join(lines)
        if "[" in text or any(sign in text for sign in self._strange):
            return None
        if self._delimiter != ",":
            text = text.replace(self._decimal or ".", ".").replace(self._delimiter, ",")
        if _MINUS_0.search(text):
            return None
        rows = text.replace("\n", "],[")
        try:
            found = np.array(_LISTS.decode(f"[[{rows}]]"), dtype=np.float64)
        except (msgspec.DecodeError, ValueError):
            return None  # a text, another notation, a row of another width
        return found if found.shape == (len(lines), width) else None

    def _of_width(self, cells: list[str], line: int) -> list[str]:
        if len(cells) == self._width + 1 and not cells[-1].strip():  # a delimiter at the line's end
            return cells[:-1]
        if len(cells) != self._width:
            expected = counted(self._width, "value")
            raise FileError(f"expected {expected} as in the first line, found {len(cells)}", f"line {line}")
        return cells

    def _of_cells(self, rows: list[list[str]]) -> Array:
        out = np.empty((len(rows), self._width))
        for place, cells in enumerate(zip(*rows, strict=True)):
            plain = self._plain_numbers(["null" if cell in _MISSING else cell for cell in cells], 1)
            numbers = out[:, place] = self._mixed(cells) if plain is None else plain[:, 0]
            gone = np.isnan(numbers)
            if gone.any() and place not in self.texts:
                self.texts[place] = [""] * self._count
            if place in self.texts:
                own = zip(cells, gone.tolist(), strict=True)
                self.texts[place] += (cell.strip() if is_gone else "" for cell, is_gone in own)
        return out

    def _mixed(self, cells: tuple[str, ...]) -> Array:
        known = {cell: self._number(cell.strip()) for cell in set(cells)}
        return np.fromiter(map(known.__getitem__, cells), np.float64, len(cells))

    def _number(self, cell: str) -> float:
        try:
            may_be = _MAY_BE.fullmatch(cell)
            return number(cell, self._decimal, grouped=self._grouped) if may_be else np.nan
        except ValueError:
            return np.nan
