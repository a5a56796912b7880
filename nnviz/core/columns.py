"""Columns of raw tables: how their cells become the inputs and the targets of a network, and back."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.formula import LETTERS, CellError, formula, quoted_name
from nnviz.core.numbers import (
    NAME,
    NODES,
    Names,
    check_name,
    check_whole,
    counted,
    full,
    list_text,
    parse_number,
    quoted,
    shortened,
)

Cell: TypeAlias = str | float
MOST_LISTED = 5
"""Largest number of texts or columns that an error message lists."""
DIGITS = 14
"""Significant digits to which `Column.raw` rounds a column, unless a number needs more: 17 are exact."""


@dataclass(frozen=True)
class Column:
    """A column of a raw table, and the inputs or outputs of the network that encode the column.

    `nodes` holds the names of these inputs or outputs. A column of numbers has one node with the value
    `(raw − mean) / deviation`; `deviation` is the standard deviation. A column of texts is one-hot encoded:
    `values` holds the texts, with one node for each text. If `formula` is not "", a raw table does not have
    the column: nnviz computes its numbers from other columns (see `nnviz.core.formula`).

    Raises ValueError if the fields do not fit each other. The message starts with the name of the field.
    """

    name: str
    nodes: tuple[str, ...]
    values: tuple[str, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0
    formula: str = ""

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        object.__setattr__(self, "nodes", Names(self.nodes, "nodes"))
        object.__setattr__(self, "values", tuple(self.values))
        if not self.nodes:
            raise ValueError("nodes: a column needs at least one node")
        if len(set(self.nodes)) < len(self.nodes):
            raise ValueError("nodes: two nodes have the same name")
        if self.values:
            self._check_values()
        elif len(self.nodes) > 1:
            raise ValueError(f"nodes: expected one node for a column of numbers, found {len(self.nodes)}")
        if not math.isfinite(self.mean):
            raise ValueError("mean: expected a finite number")
        if not 0.0 < self.deviation < math.inf:
            raise ValueError("deviation: expected a finite number above 0")
        if self.formula:
            formula(self.formula)
            if self.values:
                raise ValueError("formula: a column of texts cannot be computed")

    def _check_values(self) -> None:
        NODES.check(len(self.values), "values")
        if len(self.values) != len(self.nodes):
            texts = counted(len(self.nodes), "text")
            raise ValueError(f"values: expected {texts}, one for each node, found {len(self.values)}")
        for i, value in enumerate(self.values):
            NAME.check(len(value), f"values[{i}]")
            check_whole(value, f"values[{i}]")
        if len(set(self.values)) < len(self.values):
            raise ValueError("values: a text occurs twice")
        if self.is_scaled:
            raise ValueError("mean: a column of texts cannot be standardised")

    @property
    def is_plain(self) -> bool:
        """Whether the column holds numbers that are neither standardised nor computed."""
        return not (self.values or self.formula) and (self.mean, self.deviation) == (0.0, 1.0)

    @property
    def is_scaled(self) -> bool:
        """Whether the column is standardised."""
        return (self.mean, self.deviation) != (0.0, 1.0)

    def encoded(self, cells: Sequence[object] | Array, *, typed: bool = False) -> Array:
        """Encode `cells`, one for each row; return the values of the column's nodes, shape (rows, nodes).

        With `typed=True`, a cell may also be a quotient that a person typed, such as 1/3. Raises CellError
        if a cell in a column of texts is not one of the column's texts, or if a cell in a column of numbers
        is not a finite number.
        """
        if self.values:
            return self._of_texts(cells)
        return self.standardised(_numbers(cells, quotients=typed))[:, None]

    def standardised(self, raw: Array) -> Array:
        """Return `(raw − mean) / deviation` in the shape of `raw`. On overflow, numbers are infinite."""
        with np.errstate(over="ignore"):
            return raw if self.is_plain else (raw - self.mean) / self.deviation

    def _of_texts(self, cells: Sequence[object] | Array) -> Array:
        places = {value: i for i, value in enumerate(self.values)}
        out = np.zeros((len(cells), len(self.values)))
        for row, cell in enumerate(cells.tolist() if isinstance(cells, np.ndarray) else cells):
            place = places.get(cell) if isinstance(cell, str) else None
            if place is None and (place := places.get(_text(cell))) is None:
                raise CellError(self._unknown(cell), row)
            out[row, place] = 1.0
        return out

    def _unknown(self, cell: object) -> str:
        text = _text(cell)
        if not text:
            return "the cell is empty"
        values = [quoted(value) for value in self.values]
        few = ", ".join(values) if len(values) <= MOST_LISTED else list_text(values, MOST_LISTED)
        return f"{quoted(text)} is not a value of this column; the values are {few}"

    def decoded(self, values: Array) -> list[Cell]:
        """Return the raw cells, one for each row, whose encoding is `values`, shape (rows, nodes).

        In a column of texts, the cell is "" if the values of a row are not the encoding of a text.
        """
        if not self.values:
            raw: list[Cell] = self.raw(values[:, 0]).tolist()
            return raw
        is_text = ((values == 0) | (values == 1)).all(axis=1) & (values.sum(axis=1) == 1)
        pairs = zip(values.argmax(axis=1).tolist(), is_text.tolist(), strict=True)
        return [self.values[at] if fits else "" for at, fits in pairs]

    def raw(self, values: Array) -> Array:
        """Return the raw numbers whose encoding is `values`, shape (rows,).

        Rounding errors are removed if the encoding stays the same: 5.1, not 5.1000000000000005. On overflow,
        numbers are infinite.
        """
        if self.is_plain or not len(values):
            return values
        with np.errstate(all="ignore"):
            raw: Array = values * self.deviation + self.mean
            largest = min(max(np.abs(raw).max(), abs(self.mean), sys.float_info.min), sys.float_info.max)
            first = math.floor(math.log10(largest))
            short = np.round(raw, DIGITS - 1 - first)
            return np.where((short - self.mean) / self.deviation == values, short, raw)


def _text(cell: object) -> str:
    """Return a cell as a text to look up in `values`: 1 and "1.0" are "1"."""
    try:
        return full(_float(cell, quotients=False))
    except (TypeError, ValueError):
        return cell.strip() if isinstance(cell, str) else ""


def _float(cell: object, *, quotients: bool) -> float:
    return parse_number(cell, quotients=quotients) if isinstance(cell, str) else float(cell)  # type: ignore[arg-type]


def _numbers(cells: Sequence[object] | Array, *, quotients: bool) -> Array:
    """Return cells as finite numbers, shape (rows,). Raises CellError for any other cell."""
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
        return _float(cell, quotients=quotients)
    except (TypeError, ValueError) as error:
        empty = cell is None or (isinstance(cell, str) and not cell.strip())
        message = str(error) if isinstance(cell, str) else f"{quoted(cell)} is not a number"
        raise CellError("the cell is empty" if empty else message, row) from None


class Columns(tuple[Column, ...]):
    """The columns of a State, which are checked against the names of the network's inputs and outputs.

    Raises ValueError if a node of a column is missing in the network, if two columns have the same node, or
    if a column has both inputs and outputs.
    """

    _inputs: tuple[str, ...] = ()
    _outputs: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Iterable[Column], inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Columns:
        """Return the columns `given`, checked against the names of the inputs and outputs.

        If `given` is a Columns object that is already checked against these names, return `given` itself.
        """
        if isinstance(given, cls) and given._inputs is inputs and given._outputs is outputs:
            return given
        made = cls(given)
        made._inputs, made._outputs = inputs, outputs
        made._check(set(inputs), set(outputs))
        return made

    @property
    def of_inputs(self) -> tuple[Column, ...]:
        """The columns that a raw table of inputs has, in the order of the network's inputs.

        An input that belongs to no column gets a plain column with the input's name. Computed columns are
        left out.
        """
        return tuple(column for column in self._raw(self._inputs) if not column.formula)

    @cached_property
    def computed(self) -> dict[int, Column]:
        """The columns with a formula, by the index of their input."""
        own = {column.nodes[0]: column for column in self if column.formula}
        return {i: own[name] for i, name in enumerate(self._inputs) if name in own}

    @cached_property
    def entered(self) -> list[int]:
        """The indices of the inputs without a formula, whose values a person or a table gives."""
        return [i for i in range(len(self._inputs)) if i not in self.computed]

    @cached_property
    def sources(self) -> dict[str, tuple[int, Column]]:
        """The columns that a formula can use, by name: the index of the column's input, and the column."""
        place = {name: i for i, name in enumerate(self._inputs)}
        return {each.name: (place[each.nodes[0]], each) for each in self.of_inputs if not each.values}

    def read_only(self, place: int) -> str:
        """Return a sentence if the input at index `place` is computed and cannot be edited, else ""."""
        if place not in self.computed:
            return ""
        column = self.computed[place]
        names = list_text(formula(column.formula).names)
        return f"{column.nodes[0]} is computed as {column.formula}: change {names}, or the formula"

    @property
    def of_targets(self) -> tuple[Column, ...]:
        """The columns that a raw table of targets has, in the order of the network's outputs.

        An output that belongs to no column gets a plain column with the output's name.
        """
        return self._raw(self._outputs)

    def _raw(self, nodes: tuple[str, ...]) -> tuple[Column, ...]:
        by_node = {name: column for column in self for name in column.nodes}
        columns = (by_node.get(name) or Column(name, (name,)) for name in nodes)
        return tuple({column.nodes: column for column in columns}.values())

    def used_by(self, column: Column) -> set[int]:
        """Return the indices of the inputs from which `column` is computed."""
        return {self.sources[name][0] for name in formula(column.formula).names}

    def raw_of(self, text: str, values: Callable[[int], Array]) -> dict[str, Array]:
        """Return the raw numbers of the columns in the formula `text`, by name.

        `values(i)` returns the values of the input at index `i`.
        """
        used = {name: self.sources[name] for name in formula(text).names}
        return {name: column.raw(values(i)) for name, (i, column) in used.items()}

    def compute(self, values: Callable[[int], Array]) -> Iterator[tuple[int, Array]]:
        """Yield the index of each computed input with its values, which may be infinite or NaN.

        `values(i)` returns the values of the input at index `i`. The shapes of these arrays must broadcast.
        """
        for place, column in self.computed.items():
            raw = self.raw_of(column.formula, values)
            yield place, column.standardised(formula(column.formula)(raw))

    def fill(self, inputs: Array) -> Array:
        """Return `inputs`, shape (rows, inputs), with the values of the computed inputs filled in.

        Raises CellError for a row for which a formula has no finite value.
        """
        filled = inputs.copy() if self.computed else inputs
        for place, column in self.computed.items():
            raw = self.raw_of(column.formula, lambda i: inputs[:, i])
            filled[:, place] = column.standardised(formula(column.formula).finite(raw))
        return filled

    def join(self, parts: Sequence[Array]) -> Array:
        """Return the inputs, shape (rows, inputs), that the columns in `of_inputs` and the formulas give.

        `parts` holds the values of each column, shape (rows, nodes of the column). Raises CellError if a
        formula has no finite value.
        """
        return self.fill(in_order(self.of_inputs, self._inputs, parts))

    def encoded(self, rows: Sequence[Sequence[object]] | Array) -> Array:
        """Return the input values that encode raw rows, shape (rows, inputs).

        A raw row has one cell for each column of `of_inputs`. Raises ValueError for a cell that does not fit
        its column. The message starts with the row, counted from 1, and the column.
        """
        columns, parts = self.of_inputs, []
        try:
            for row, cells in enumerate(rows):
                check_width(cells, columns, row)
            for i, column in enumerate(columns):
                cells = rows[:, i] if isinstance(rows, np.ndarray) else [row[i] for row in rows]
                try:
                    parts.append(column.encoded(cells))
                except CellError as error:
                    raise ValueError(f"row {error.row + 1}, column {column.name}: {error}") from None
            return self.join(parts)
        except CellError as error:
            raise ValueError(f"row {error.row + 1}: {error}") from None

    def _check(self, inputs: set[str], outputs: set[str]) -> None:
        seen: set[str] = set()
        names: set[tuple[bool, str]] = set()
        for i, column in enumerate(self):
            place = f"columns[{i}]"
            for name in column.nodes:
                if name not in inputs and name not in outputs:
                    raise ValueError(f"{place}.nodes: no input or output is called {quoted(name)}")
                if name in seen:
                    raise ValueError(f"{place}.nodes: {quoted(name)} belongs to two columns")
                seen.add(name)
            of_inputs = inputs.issuperset(column.nodes)
            if not of_inputs and not outputs.issuperset(column.nodes):
                raise ValueError(f"{place}.nodes: expected only inputs or only outputs, found both")
            if column.formula and not of_inputs:
                raise ValueError(f"{place}.formula: targets cannot be computed")
            if not (of_inputs or column.values or column.is_plain):
                raise ValueError(f"{place}.mean: targets cannot be standardised")
            if (of_inputs, column.name) in names:
                raise ValueError(f"{place}.name: two columns are called {quoted(column.name)}")
            names.add((of_inputs, column.name))
        for i, column in enumerate(self):
            if column.formula:
                formula(column.formula).check_names(self.sources, f"columns[{i}].formula")

    def with_nodes(self, renamed: Callable[[str], str | None]) -> Columns:
        """Return the columns with each node `name` renamed to `renamed(name)`.

        A node whose new name is None is removed, together with the text that the node encodes. A column of
        numbers with the name of its node is renamed like the node. Formulas use the new names. Raises
        ValueError if a formula needs a removed column.
        """
        sources = {name: _with_nodes(column, renamed) for name, (_, column) in self.sources.items()}
        names = {name: column.name for name, column in sources.items() if column}
        changed = (_with_nodes(column, renamed) for column in self)
        return Columns(with_names(column, names) for column in changed if column is not None)


def _with_nodes(column: Column, renamed: Callable[[str], str | None]) -> Column | None:
    nodes = [renamed(name) for name in column.nodes]
    remaining = tuple(name for name in nodes if name is not None)
    if remaining == column.nodes or not remaining:
        return column if remaining else None
    if not column.values:
        name = remaining[0] if column.name in column.nodes else column.name
        return replace(column, name=name, nodes=remaining)
    values = tuple(value for value, name in zip(column.values, nodes, strict=True) if name is not None)
    return replace(column, nodes=remaining, values=values)


def with_names(column: Column, names: Mapping[str, str]) -> Column:
    """Return a column whose formula uses the new `names` by old name. Raises ValueError if one is missing."""
    if not column.formula:
        return column
    own = formula(column.formula)
    for name in own.names:
        if name not in names:
            used = f"{shortened(column.name)} = {column.formula}"
            raise ValueError(f"{shortened(name)} is needed for {used}: remove {shortened(column.name)} first")
    if all(names[name] == name for name in own.names):
        return column
    text = own.rewritten(lambda name: quoted_name(names[name]))
    LETTERS.check(len(text), f"the formula of {shortened(column.name)}")
    return replace(column, formula=text)


def check_width(cells: object, columns: Sequence[Column], row: int = 0) -> None:
    """Raise CellError unless there is one cell for each column. `row` is the index of the cells' row."""
    width = len(cells) if isinstance(cells, Sized) and not isinstance(cells, str) else None
    if width == len(columns):
        return
    expected, found = counted(len(columns), "cell"), quoted(cells) if width is None else width
    names = list_text([column.name for column in columns], MOST_LISTED)
    raise CellError(f"expected {expected} ({names}), found {found}", row)


def in_order(columns: Sequence[Column], nodes: Sequence[str], parts: Sequence[Array]) -> Array:
    """Join the values of `columns` into one array, shape (rows, nodes), in the order of `nodes`.

    `parts` holds the values of each column, shape (rows, nodes of the column). Other nodes get 0.
    """
    place, joined = {name: i for i, name in enumerate(nodes)}, np.zeros((len(parts[0]), len(nodes)))
    for column, values in zip(columns, parts, strict=True):
        joined[:, [place[name] for name in column.nodes]] = values
    return joined
