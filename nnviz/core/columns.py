"""The columns of raw tables: how their cells become inputs and targets, and are made of these again.

Knows nothing of files and of networks but the names of their nodes.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.limits import NAME, NODES
from nnviz.core.names import Names, check_name, check_whole, quoted
from nnviz.core.numbers import counted, full, parsed

Cell: TypeAlias = str | float
TOLD = 5
"""So many of the texts that a column takes are told."""
DIGITS = range(6, 18)
"""Significant digits of the largest that raw numbers are looked for with: 17 say every float64."""


class CellError(ValueError):
    """A cell that its column does not take; `row` counts from 0."""

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True)
class Column:
    """A column of raw cells, and the inputs, or the outputs, that it becomes.

    A column of numbers becomes one node, `(raw − mean) / deviation`. One of texts, where it has `values`,
    becomes a node for each of them, which is 1 where the cell is that text and 0 elsewhere.
    Raises ValueError, which begins with the place such as `deviation`, where this cannot be.
    """

    name: str
    nodes: tuple[str, ...]
    values: tuple[str, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        object.__setattr__(self, "nodes", Names(self.nodes, "nodes"))
        object.__setattr__(self, "values", tuple(self.values))
        if not self.nodes:
            raise ValueError("nodes: a column needs at least one")
        if len(set(self.nodes)) < len(self.nodes):
            raise ValueError("nodes: a name stands twice")
        if self.values:
            self._check_values()
        elif len(self.nodes) > 1:
            raise ValueError(f"nodes: expected one for a column of numbers, found {len(self.nodes)}")
        if not math.isfinite(self.mean):
            raise ValueError("mean: expected a finite number")
        if not 0.0 < self.deviation < math.inf:
            raise ValueError("deviation: expected a finite number above 0")

    def _check_values(self) -> None:
        NODES.check(len(self.values), "values")
        if len(self.values) != len(self.nodes):
            wish = f"expected {counted(len(self.nodes), 'text')}, one for each node"
            raise ValueError(f"values: {wish}, found {len(self.values)}")
        for i, value in enumerate(self.values):
            NAME.check(len(value), f"values[{i}]")
            check_whole(value, f"values[{i}]")
        if len(set(self.values)) < len(self.values):
            raise ValueError("values: a text stands twice")
        if (self.mean, self.deviation) != (0.0, 1.0):
            raise ValueError("mean: a column of texts has none")

    @property
    def is_plain(self) -> bool:
        """Whether its cells are numbers that are taken as they are."""
        return not self.values and (self.mean, self.deviation) == (0.0, 1.0)

    def encoded(self, cells: Sequence[object] | Array, *, typed: bool = False) -> Array:
        """Return what its nodes are for the cells of rows, shape (rows, nodes).

        A number that a person has `typed` may be a quotient. Raises CellError for a cell that is not such a
        number, or none of the texts.
        """
        if self.values:
            return self._of_texts(cells)
        return self.standardised(_numbers(cells, quotients=typed))[:, None]

    def standardised(self, raw: Array) -> Array:
        """Return `(raw − mean) / deviation`, of the same shape; infinite, without a warning, on overflow."""
        with np.errstate(over="ignore"):
            return raw if self.is_plain else (raw - self.mean) / self.deviation

    def _of_texts(self, cells: Sequence[object] | Array) -> Array:
        place = {value: i for i, value in enumerate(self.values)}
        out = np.zeros((len(cells), len(self.values)))
        for row, cell in enumerate(cells.tolist() if isinstance(cells, np.ndarray) else cells):
            at = place.get(cell) if isinstance(cell, str) else None
            if at is None and (at := place.get(_text(cell))) is None:
                raise CellError(self._unknown(cell), row)
            out[row, at] = 1.0
        return out

    def _unknown(self, cell: object) -> str:
        text = _text(cell)
        if not text:
            return "the cell is empty"
        known = ", ".join(map(quoted, self.values[:TOLD]))
        more = f" and {len(self.values) - TOLD} more" if len(self.values) > TOLD else ""
        return f"{quoted(text)} is not known; known are {known}{more}"

    def decoded(self, values: Array) -> list[Cell]:
        """Return the raw cells that become `values`, shape (rows, nodes); "" where no text does."""
        if not self.values:
            raw: list[Cell] = self.raw(values[:, 0]).tolist()
            return raw
        is_text = ((values == 0) | (values == 1)).all(axis=1) & (values.sum(axis=1) == 1)
        return [
            self.values[at] if fits else ""
            for at, fits in zip(values.argmax(axis=1).tolist(), is_text.tolist(), strict=True)
        ]

    def raw(self, values: Array) -> Array:
        """Return the numbers of the fewest digits that become `values`: 5.1, and not 5.1000000000000005.

        One that is too large for a number is infinite, without a warning.
        """
        if self.is_plain or not len(values):
            return values
        with np.errstate(all="ignore"):
            raw: Array = values * self.deviation + self.mean
            largest = min(max(np.abs(raw).max(), abs(self.mean), sys.float_info.min), sys.float_info.max)
            first = math.floor(math.log10(largest))
            short, is_open = raw.copy(), np.ones(len(raw), dtype=np.bool_)
            for digits in DIGITS:
                tried = np.round(raw, digits - 1 - first)
                fits = is_open & ((tried - self.mean) / self.deviation == values)
                short[fits] = tried[fits]
                is_open &= ~fits
        return short


def _text(cell: object) -> str:
    """Return a cell as `values` have it: 1 and "1.0" are "1"."""
    text = cell.strip() if isinstance(cell, str) else ""
    try:
        return full(parsed(text, quotients=False) if isinstance(cell, str) else float(cell))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return text


def _numbers(cells: Sequence[object] | Array, *, quotients: bool) -> Array:
    """Return cells as finite numbers, shape (rows,). Raises CellError."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiub":
        numbers = cells.astype(np.float64)
    else:
        read = (_number(cell, row, quotients=quotients) for row, cell in enumerate(cells))
        numbers = np.fromiter(read, np.float64, len(cells))
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if len(wrong):
        row = int(wrong[0])
        raise CellError(f"{float(numbers[row])} is not a finite number", row)
    return numbers


def _number(cell: object, row: int, *, quotients: bool) -> float:
    try:
        if not isinstance(cell, str):
            return float(cell)  # type: ignore[arg-type]
        return parsed(cell, quotients=quotients)
    except (TypeError, ValueError) as error:
        empty = cell is None or (isinstance(cell, str) and not cell.strip())
        what = str(error) if isinstance(cell, str) else f"{quoted(cell)} is not a number"
        raise CellError("the cell is empty" if empty else what, row) from None


class Columns(tuple[Column, ...]):
    """The columns of a State: held against the names of its network once, not 60 times a second.

    Raises ValueError where nodes are missing, stand twice, or are not all inputs or all outputs.
    """

    _inputs: tuple[str, ...] = ()
    _outputs: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Iterable[Column], inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Columns:
        """Return columns that fit these names; given ones that are known to fit are returned as they are."""
        if isinstance(given, cls) and given._inputs is inputs and given._outputs is outputs:
            return given
        made = cls(given)
        made._inputs, made._outputs = inputs, outputs
        made._check(set(inputs), set(outputs))
        return made

    @property
    def of_inputs(self) -> tuple[Column, ...]:
        """The columns of a raw row, in the order of the inputs; an input that is in none is one by itself."""
        return self._raw(self._inputs)

    @property
    def of_targets(self) -> tuple[Column, ...]:
        """The columns of a raw row's targets, in the order of the outputs, in the same way."""
        return self._raw(self._outputs)

    def _raw(self, nodes: tuple[str, ...]) -> tuple[Column, ...]:
        own = {name: column for column in self for name in column.nodes}
        found = (own.get(name) or Column(name, (name,)) for name in nodes)
        return tuple({column.nodes: column for column in found}.values())

    def encoded(self, rows: Sequence[Sequence[object]] | Array) -> Array:
        """Return raw rows, a cell for each of `of_inputs`, as values of the inputs, shape (rows, inputs).

        Raises ValueError, which begins with the row, from 1, and the column.
        """
        columns = self.of_inputs
        for row, cells in enumerate(rows):
            _check_width(row, cells, columns)
        parts = []
        for i, column in enumerate(columns):
            own = rows[:, i] if isinstance(rows, np.ndarray) else [row[i] for row in rows]
            try:
                parts.append(column.encoded(own))
            except CellError as error:
                raise ValueError(f"row {error.row + 1}, column {column.name}: {error}") from None
        return in_order(columns, self._inputs, parts)

    def _check(self, inputs: set[str], outputs: set[str]) -> None:
        seen: set[str] = set()
        names: set[tuple[bool, str]] = set()
        for i, column in enumerate(self):
            place = f"columns[{i}]"
            for name in column.nodes:
                if name not in inputs and name not in outputs:
                    raise ValueError(f"{place}.nodes: no input and no output is called {quoted(name)}")
                if name in seen:
                    raise ValueError(f"{place}.nodes: {quoted(name)} is in two columns")
                seen.add(name)
            of_inputs = inputs.issuperset(column.nodes)
            if not of_inputs and not outputs.issuperset(column.nodes):
                raise ValueError(f"{place}.nodes: expected inputs or outputs, found both")
            if not (of_inputs or column.values or column.is_plain):
                raise ValueError(f"{place}.mean: targets are taken as they are")
            if (of_inputs, column.name) in names:
                raise ValueError(f"{place}.name: two columns are called {quoted(column.name)}")
            names.add((of_inputs, column.name))

    def with_nodes(self, renamed: Callable[[str], str | None]) -> Columns:
        """Return the columns with their nodes renamed; one that becomes None is gone, with its text.

        A column of numbers that is called as its node stays so.
        """
        taken = {column.name for column in self}
        changed = (_with_nodes(column, renamed, taken) for column in self)
        return Columns(column for column in changed if column is not None)


def _with_nodes(column: Column, renamed: Callable[[str], str | None], taken: set[str]) -> Column | None:
    nodes = [renamed(name) for name in column.nodes]
    kept = tuple(name for name in nodes if name is not None)
    if kept == column.nodes or not kept:
        return column if kept else None
    if not column.values:
        follows = column.name in column.nodes and kept[0] not in taken
        return replace(column, name=kept[0] if follows else column.name, nodes=kept)
    values = tuple(value for value, name in zip(column.values, nodes, strict=True) if name is not None)
    return replace(column, nodes=kept, values=values)


def _check_width(row: int, cells: object, columns: Sequence[Column]) -> None:
    if isinstance(cells, str) or not hasattr(cells, "__len__"):
        found = f"{quoted(cells)}, which is no row"
    elif len(cells) == len(columns):
        return
    else:
        found = str(len(cells))
    wish = f"expected {counted(len(columns), 'cell')} ({_listed(columns)})"
    raise ValueError(f"row {row + 1}: {wish}, found {found}")


def in_order(columns: Sequence[Column], nodes: Sequence[str], parts: Sequence[Array]) -> Array:
    """Return the encoded `parts` of columns, each of shape (rows, its nodes), in the order of `nodes`."""
    place = {name: i for i, name in enumerate(name for column in columns for name in column.nodes)}
    return np.ascontiguousarray(np.hstack(parts)[:, [place[name] for name in nodes]])


def _listed(columns: Sequence[Column]) -> str:
    names = ", ".join(column.name for column in columns[:TOLD])
    return f"{names} and {len(columns) - TOLD} more" if len(columns) > TOLD else names
