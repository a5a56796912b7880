"""State: a network with data, training settings, run, weight sets, title and notes, all immutable."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, ClassVar, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnviz.core.activations import Array, activation
from nnviz.core.address import Address
from nnviz.core.entries import check_known
from nnviz.core.formula import formula
from nnviz.core.history import History
from nnviz.core.losses import Loss, Penalty, forms_of, loss_of
from nnviz.core.network import ByValue, Layer, Network
from nnviz.core.notebook import AsSvg
from nnviz.core.numbers import (
    EARLIER_POINTS,
    EARLIER_RUNS,
    LARGEST,
    LAYERS,
    NAME,
    NODES,
    NOTES,
    NUMBERS,
    ROWS,
    WEIGHT_SETS,
    Names,
    as_text,
    check_name,
    check_title,
    check_whole,
    counted,
    full,
    list_text,
    parse_number,
    quoted,
    shortened,
)
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.schedules import CONSTANT, Schedule
from nnviz.core.slopes import penalty_of

Cell: TypeAlias = str | float
MOST_LISTED = 5
"""Largest number of texts or columns that an error message lists."""
DIGITS = 14
"""Significant digits to which `Column.raw` rounds a column, unless a number needs more: 17 are exact."""


class CellError(ValueError):
    """Raised if a cell does not fit its column. `row` is the index of the cell's row."""

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row


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
            self._check_formula()

    def _check_formula(self) -> None:
        if self.values:
            raise ValueError("formula: a column of texts cannot be computed")
        try:
            formula(self.formula)
        except ValueError as error:
            raise ValueError(f"formula: {error}") from None

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
        if (self.mean, self.deviation) != (0.0, 1.0):
            raise ValueError("mean: a column of texts cannot be standardised")

    @property
    def is_plain(self) -> bool:
        """Whether the column holds numbers that are neither standardised nor computed."""
        return not (self.values or self.formula) and (self.mean, self.deviation) == (0.0, 1.0)

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
        return [
            self.values[at] if fits else ""
            for at, fits in zip(values.argmax(axis=1).tolist(), is_text.tolist(), strict=True)
        ]

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
    text = cell.strip() if isinstance(cell, str) else ""
    try:
        return full(parse_number(text, quotients=False) if isinstance(cell, str) else float(cell))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return text


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
        if not isinstance(cell, str):
            return float(cell)  # type: ignore[arg-type]
        return parse_number(cell, quotients=quotients)
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

    def compute(self, values: Callable[[int], Array]) -> Iterator[tuple[int, Array]]:
        """Yield the index of each computed input with its values, which may be infinite or NaN.

        `values(i)` returns the values of the input at index `i`. The shapes of these arrays must broadcast.
        """
        for place, column in self.computed.items():
            raw = {name: source.raw(values(i)) for name, (i, source) in self._used(column).items()}
            yield place, column.standardised(formula(column.formula)(raw))

    def _used(self, column: Column) -> dict[str, tuple[int, Column]]:
        return {name: self.sources[name] for name in formula(column.formula).names}

    def fill(self, inputs: Array) -> Array:
        """Return `inputs`, shape (rows, inputs), with the values of the computed inputs filled in.

        Raises CellError for a row for which a formula has no finite value.
        """
        if not self.computed:
            return inputs
        filled = inputs.copy()
        for place, values in self.compute(lambda i: inputs[:, i]):
            finite = np.isfinite(values)
            if not finite.all():
                row = int(finite.argmin())
                raise CellError(self._not_finite(self.computed[place], inputs[row]), row)
            filled[:, place] = values
        return filled

    def _not_finite(self, column: Column, inputs: Array) -> str:
        used = self._used(column).items()
        raw = [f"{name} = {as_text(float(source.raw(inputs[[i]])[0]))}" for name, (i, source) in used]
        return f"{column.formula} is not a finite number for {list_text(raw)}"

    def complete(self, data: Dataset) -> Dataset:
        """Return `data` with true computed inputs, or `data` itself if all its computed inputs are true.

        Raises ValueError, with the row, if a formula has no finite value.
        """
        if not self.computed or data.completed_by is self:
            return data
        try:
            inputs = self.fill(data.inputs)
        except CellError as error:
            raise ValueError(f"row {error.row + 1}: {error}") from None
        made = data if np.array_equal(inputs, data.inputs) else Dataset(inputs, data.targets)
        object.__setattr__(made, "completed_by", self)
        return made

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
        columns = self.of_inputs
        for row, cells in enumerate(rows):
            _check_width(row, cells, columns)
        parts = []
        for i, column in enumerate(columns):
            cells = rows[:, i] if isinstance(rows, np.ndarray) else [row[i] for row in rows]
            try:
                parts.append(column.encoded(cells))
            except CellError as error:
                raise ValueError(f"row {error.row + 1}, column {column.name}: {error}") from None
        try:
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
            if not (of_inputs or column.values or column.is_plain):
                raise ValueError(f"{place}.mean: targets cannot be standardised")
            if (of_inputs, column.name) in names:
                raise ValueError(f"{place}.name: two columns are called {quoted(column.name)}")
            names.add((of_inputs, column.name))
            if column.formula and not of_inputs:
                raise ValueError(f"{place}.formula: targets cannot be computed")
        for i, column in enumerate(self):
            if column.formula:
                try:
                    formula(column.formula).check_names(self.sources)
                except ValueError as error:
                    raise ValueError(f"columns[{i}].formula: {error}") from None

    def with_nodes(self, renamed: Callable[[str], str | None]) -> Columns:
        """Return the columns with each node `name` renamed to `renamed(name)`.

        A node whose new name is None is removed, together with the text that the node encodes. A column of
        numbers with the name of its node is renamed like the node, unless another column has the new name.
        Formulas use the new names. Raises ValueError if a formula needs a removed column.
        """
        taken = {column.name for column in self}
        sources = {name: _with_nodes(column, renamed, taken) for name, (_, column) in self.sources.items()}
        names = {name: column.name for name, column in sources.items() if column}
        changed = (_with_nodes(column, renamed, taken) for column in self)
        return Columns(with_names(column, names) for column in changed if column is not None)


def _with_nodes(column: Column, renamed: Callable[[str], str | None], taken: set[str]) -> Column | None:
    nodes = [renamed(name) for name in column.nodes]
    remaining = tuple(name for name in nodes if name is not None)
    if remaining == column.nodes or not remaining:
        return column if remaining else None
    if not column.values:
        follows = column.name in column.nodes and remaining[0] not in taken
        return replace(column, name=remaining[0] if follows else column.name, nodes=remaining)
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
    return replace(column, formula=own.renamed(names))


def _check_width(row: int, cells: object, columns: Sequence[Column]) -> None:
    if isinstance(cells, str) or not hasattr(cells, "__len__"):
        found = quoted(cells)
    elif len(cells) == len(columns):
        return
    else:
        found = str(len(cells))
    expected = counted(len(columns), "cell")
    names = list_text([column.name for column in columns], MOST_LISTED)
    raise ValueError(f"row {row + 1}: expected {expected} ({names}), found {found}")


def in_order(columns: Sequence[Column], nodes: Sequence[str], parts: Sequence[Array]) -> Array:
    """Join the values of `columns` into one array, shape (rows, nodes), in the order of `nodes`.

    `parts` holds the values of each column, shape (rows, nodes of the column). Other nodes get 0.
    """
    place, joined = {name: i for i, name in enumerate(nodes)}, np.zeros((len(parts[0]), len(nodes)))
    for column, values in zip(columns, parts, strict=True):
        joined[:, [place[name] for name in column.nodes]] = values
    return joined


MOST_UPDATES = 2**53
"""Largest iteration: a history stores iterations as floats, which are exact up to this number."""


@dataclass(frozen=True)
class Training:
    """The settings of a training run.

    `updates` is the number of iterations. If `batch_size` is None, a batch has all training rows.
    `validation` is the fraction of the rows that are used for validation, at least 0 and below 1. The
    validation rows are the last rows. `l1` and `l2` are the factors of the penalty l1·Σ|w| + l2·Σw²
    (regularisation), at least 0. `schedule` changes the learning rate in a run; None keeps it constant.
    `frozen` names the parts of the network that training does not change: "layer 0" (layers are counted from
    0), "node_0" (the weights into a node and its bias), "node_0 -> output" and "bias node_0".

    Raises ValueError for an invalid value. The message starts with the name of the setting.
    """

    learning_rate: float = 0.01
    updates: int = 20
    batch_size: int | None = None
    optimizer: str = "gradient_descent"
    seed: int = 0
    loss: str = "mse"
    validation: float = 0.0
    l1: float = 0.0
    l2: float = 0.0
    schedule: Schedule | None = None
    frozen: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 < self.learning_rate < float("inf"):
            raise ValueError("learning_rate: expected a number above 0")
        null = ", or null for all rows"
        for name, least, other in (("updates", 1, ""), ("batch_size", 1, null), ("seed", 0, "")):
            value = getattr(self, name)
            if value is not None and value < least:
                raise ValueError(f"{name}: expected a whole number, at least {least}{other}")
            if (value or 0) > LARGEST:
                raise ValueError(f"{name}: expected a whole number up to {LARGEST}")
        try:
            place = "optimizer"
            check_known(self.optimizer, OPTIMIZERS, place)
            place = "loss"
            object.__setattr__(self, "loss", forms_of(self.loss)[0].name)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        if not 0.0 <= self.validation < 1.0:
            raise ValueError("validation: expected a number, at least 0 and below 1")
        self.penalty  # noqa: B018 - raises ValueError for an invalid factor
        object.__setattr__(self, "frozen", tuple(dict.fromkeys(self.frozen)))

    @property
    def penalty(self) -> Penalty:
        """The penalty for large weights that training adds to the loss of the data."""
        return Penalty(self.l1, self.l2)

    @property
    def schedule_name(self) -> str:
        """The schedule and its parameters as text: "step(100, 0.5)", or "constant"."""
        return self.schedule.name if self.schedule else CONSTANT

    def rate(self, k: int) -> float:
        """Return the learning rate of the update after `k` updates."""
        return self.schedule.rate(self.learning_rate, k) if self.schedule else self.learning_rate

    def updates_per_epoch(self, rows: int) -> int:
        """Return the number of updates in an epoch, that is one pass over `rows` training rows."""
        return -(-rows // min(self.batch_size or rows, rows))

    @property
    def next_seed(self) -> int:
        """The seed of the next random weights: `seed` + 1, or 0 after the largest seed."""
        return (self.seed + 1) % (LARGEST + 1)


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, rows: int) -> NDArray[np.intp]:
    """Return the indices of the rows in the random order of an epoch of mini-batches, shape (rows,)."""
    return np.random.default_rng([seed, 1, epoch]).permutation(rows)


class Segment(NamedTuple):
    """A part of a run in which the settings are constant. `after` is the number of updates before it.

    A segment ends where the next segment of the run starts, or at the end of the run.
    """

    after: int
    training: Training


@dataclass(frozen=True)
class Curve:
    """The history of a measure other than the training loss.

    `name` is "validation" (the validation loss), "accuracy" or "validation accuracy".
    """

    name: str
    history: History


@dataclass(frozen=True, eq=False)
class Run:
    """A training run: all updates since an edit last changed the network or the data.

    ============ ============================================================================
    `start`      the network at iteration 0
    `iteration`  the number of updates
    `history`    the history of the training loss
    `optimizer`  the name of the optimizer
    `memory`     the numbers that the optimizer stores, shape (memories, parameters)
    `segments`   the settings of every update; they are needed to compute an iteration again
    `watched`    whether a user's script made the updates, while nnviz showed the training
    `beside`     the other curves, such as the validation loss
    ============ ============================================================================

    If `watched` is true, `history` shows the script's loss, and no iteration can be computed again.
    """

    start: Network
    iteration: int
    history: History
    optimizer: str
    memory: Array
    segments: tuple[Segment, ...]
    watched: bool = False
    beside: tuple[Curve, ...] = ()

    def curve(self, name: str) -> History | None:
        """Return the history of the curve `name`, such as "accuracy"; None if the run lacks this curve."""
        return next((curve.history for curve in self.beside if curve.name == name), None)

    def last_of(self, name: str) -> float | None:
        """Return the value of the curve `name` at the last point of the training loss.

        The result is None if the curve has no value at the iteration of this point.
        """
        curve = self.curve(name)
        last = curve.last if curve is not None and len(curve) else None
        return last[1] if last and last[0] == self.history.last[0] else None

    @property
    def points(self) -> Array:
        """The history as an array with the columns iteration and loss, shape (points, 2).

        If the run has validation rows, the third column is the validation loss, shape (points, 3). The
        validation loss is NaN where it was not measured.
        """
        points, validation = self.history.points, self.curve("validation")
        if validation is None:
            return points
        losses = np.full(len(points), np.nan)
        _, places, sources = np.intersect1d(points[:, 0], validation.points[:, 0], return_indices=True)
        losses[places] = validation.points[sources, 1]
        return np.column_stack((points, losses))

    def with_curves(self, made: Callable[[History, str], History]) -> Run:
        """Return the run with each history replaced by `made(history, name)`; `name` is "" for the loss."""
        beside = tuple(Curve(curve.name, made(curve.history, curve.name)) for curve in self.beside)
        return replace(self, history=made(self.history, ""), beside=beside)

    def until(self, earlier: Run) -> Run:
        """Return the run `earlier` with the history points of this run, up to the iteration of `earlier`.

        `earlier` is this run at an earlier iteration.
        """

        def cut(history: History, name: str) -> History:
            longer = self.curve(name) if name else self.history
            return history if longer is None else longer.until(history)

        return earlier.with_curves(cut)


@dataclass(frozen=True)
class Architecture:
    """The architecture of a network, without weights.

    `inputs` holds the names of the inputs. `layers` holds, for each layer, the names of the nodes and the
    activation. Raises ValueError if no network can have this architecture. The message starts with the place
    of the error.
    """

    inputs: tuple[str, ...]
    layers: tuple[tuple[tuple[str, ...], str], ...]

    def __post_init__(self) -> None:
        for names, place, thing in ((self.inputs, "inputs", "input"), (self.layers, "layers", "layer")):
            if not names:
                raise ValueError(f"{place}: a network needs at least one {thing}")
        LAYERS.check(len(self.layers), "layers")
        NODES.check(sum(self.sizes))
        Names(self.inputs, "inputs")
        for k, (nodes, name) in enumerate(self.layers):
            if not nodes:
                raise ValueError(f"layers[{k}].nodes: a layer needs at least one node")
            Names(nodes, f"layers[{k}].nodes")
            activation(name)

    @classmethod
    def of(cls, network: Network) -> Architecture:
        """Return the architecture of a network."""
        layers = ((tuple(layer.nodes), layer.activation) for layer in network.layers)
        return cls(tuple(network.inputs), tuple(layers))

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of inputs, then the number of nodes in each layer: (2, 2, 1)."""
        return (len(self.inputs), *(len(nodes) for nodes, _ in self.layers))

    @property
    def in_words(self) -> str:
        """The sizes as text: "2-2-1". If there are more than 8 sizes, the text omits the middle ones."""
        sizes = [str(size) for size in self.sizes]
        return "-".join(sizes if len(sizes) <= 8 else [*sizes[:3], "…", *sizes[-3:]])


@dataclass(frozen=True, eq=False)
class EarlierRun(ByValue):
    """An earlier run, kept for comparison with later runs, without weights.

    `training` holds the last settings of the run, and `iterations` the number of updates. `history` has the
    columns iteration and loss, shape (points, 2). `network` is the architecture, or None if the run comes
    from an older file without architectures. Raises ValueError for an invalid name, number of updates or
    history.
    """

    ARRAYS = ("history",)
    name: str
    training: Training
    iterations: int
    history: Array
    network: Architecture | None = None

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        if not 1 <= self.iterations <= MOST_UPDATES:
            raise ValueError(f"iterations: expected a whole number from 1 to {MOST_UPDATES}")
        EARLIER_POINTS.check(len(self.history), "history")
        super().__post_init__()

    def called(self, letters: int = NAME.limit) -> str:
        """Return the run's name, shortened to `letters` letters, and the layer sizes: "seed 2 · 2-2-1"."""
        architecture = f" · {self.network.in_words}" if self.network else ""
        return shortened(self.name, letters) + architecture

    def fits(self, network: Network) -> bool:
        """Return whether `network` has as many inputs, and as many nodes in each layer, as the run's network.

        The result is True if the architecture of the run's network is unknown.
        """
        return self.network is None or self.network.sizes == network.sizes


@dataclass(frozen=True, eq=False)
class Dataset(ByValue):
    """The rows of a data set: `inputs`, shape (rows, inputs), and `targets`, None or shape (rows, outputs).

    The arguments can be lists or arrays; the data set stores read-only copies. Raises ValueError if an
    argument does not have two dimensions, or has too many rows or numbers.
    """

    ARRAYS = ("inputs", "targets")
    inputs: Array
    targets: Array | None = None
    completed_by: ClassVar[Columns | None] = None
    """The columns whose `complete` has found the computed inputs true; set for each object."""

    if TYPE_CHECKING:  # types of the arguments

        def __init__(self, inputs: ArrayLike, targets: ArrayLike | None = None) -> None: ...

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in self.ARRAYS:
            if getattr(getattr(self, name), "ndim", 2) != 2:
                raise ValueError(f"{name}: expected rows of numbers")
        ROWS.check(len(self.inputs), "inputs")
        NUMBERS.check(self.numbers)

    def __len__(self) -> int:
        return len(self.inputs)

    @cached_property
    def is_binary(self) -> bool:
        """Whether each row has a single target, which is 0 in some rows and 1 in all other rows."""
        if self.targets is None or self.targets.shape[1] != 1:
            return False
        return self.has_classes and bool(self.targets.min() < self.targets.max())

    @cached_property
    def has_classes(self) -> bool:
        """Whether the rows have targets, and every target is 0 or 1."""
        targets = self.targets
        return targets is not None and len(self) > 0 and bool(((targets == 0.0) | (targets == 1.0)).all())

    @cached_property
    def is_sorted_by_class(self) -> bool:
        """Whether the rows are sorted by class, with at least 4 rows per class on average.

        The class of a row is the index of the largest target or, with a single target, the target.
        """
        if self.targets is None:
            return False
        labels = self.targets.argmax(axis=1) if self.targets.shape[1] > 1 else self.targets[:, 0]
        changes, classes = np.count_nonzero(np.diff(labels)), len(np.unique(labels))
        return 1 < classes == changes + 1 and len(self) >= 4 * classes

    @cached_property
    def has_unit_targets(self) -> bool:
        """Whether every target is at least 0 and at most 1. True if the rows have no targets."""
        return self.targets is None or bool(((self.targets >= 0.0) & (self.targets <= 1.0)).all())

    @cached_property
    def target_scales(self) -> Array:
        """The range (largest − smallest) of each output's targets, shape (outputs,).

        If all targets of an output are equal, the scale is their absolute value, or 1 if they are 0. The data
        set must have targets.
        """
        assert self.targets is not None
        with np.errstate(over="ignore"):
            ranges = self.targets.max(axis=0) - self.targets.min(axis=0)
        sizes = np.where(self.targets[0] == 0.0, 1.0, np.abs(self.targets[0]))
        scales: Array = np.where(ranges > 0.0, ranges, sizes)
        return scales

    @property
    def numbers(self) -> int:
        """The count of all numbers in the data set: the inputs and the targets of all rows."""
        return self.inputs.size + (0 if self.targets is None else self.targets.size)

    def check_for(self, network: Network) -> None:
        """Raise ValueError unless the inputs and the targets have the shapes that `network` needs."""
        ends = ("inputs", "input", network.inputs), ("targets", "output", network.outputs)
        for name, end, nodes in ends:
            array = getattr(self, name)
            if array is None:
                continue
            if len(array) != len(self):
                rows, found = counted(len(self), "row"), len(array)
                raise ValueError(f"data.{name}: expected {rows}, one for each row of inputs, found {found}")
            if array.shape[1] != len(nodes):
                row, found = f"{counted(len(nodes), 'number')} per row", array.shape[1]
                raise ValueError(f"data.{name}: expected {row}, one for each {end}, found {found}")

    @classmethod
    def empty(cls, network: Network) -> Dataset:
        """Return a data set that fits `network`, without rows and without targets."""
        return cls(np.empty((0, len(network.inputs))))


@dataclass(frozen=True, eq=False)
class Weights(ByValue):
    """The weights of one layer, shape (nodes, inputs of the layer), and the biases, shape (nodes,)."""

    ARRAYS = ("weights", "biases")
    weights: Array
    biases: Array | None = None


@dataclass(frozen=True)
class WeightSet:
    """A named copy of all weights and biases of a network. Raises ValueError for an invalid name."""

    name: str
    layers: tuple[Weights, ...] = field(repr=False)

    def __post_init__(self) -> None:
        check_name(self.name, "name")

    @classmethod
    def of(cls, name: str, network: Network) -> WeightSet:
        """Return the weights and biases of `network` as a weight set called `name`."""
        return cls(name, tuple(Weights(layer.weights, layer.biases) for layer in network.layers))

    def into(self, network: Network) -> Network:
        """Return `network` with the weights of this set. Raises ValueError if the shapes differ."""
        return with_weights(network, self.layers)


def agree_except(one: object, other: object, *names: str) -> bool:
    """Return whether two values of one dataclass share every field except possibly the fields `names`."""
    shared = (each.name for each in fields(one) if each.name not in names)  # type: ignore[arg-type]
    return all(getattr(one, name) is getattr(other, name) for name in shared)


def with_weights(network: Network, given: Sequence[Weights | Layer]) -> Network:
    """Return `network` with the weights and biases `given`. Raises ValueError if the shapes differ."""
    pairs = zip(network.layers, given, strict=True)
    layers = (Layer(layer.nodes, layer.activation, each.weights, each.biases) for layer, each in pairs)
    return replace(network, layers=tuple(layers))


@dataclass(frozen=True)
class Shown:
    """What the window shows when the file is opened: the name of the panel in front."""

    panel: str


@dataclass(frozen=True)
class State(AsSvg):
    """The content of a document: a network, data, training settings, weight sets, title, notes and runs.

    `run` is the current run, or None before the first update; `runs` holds earlier runs. `columns` encodes
    the cells of a raw table as inputs and targets; inputs and outputs without a column are plain numbers.
    The values of inputs with a formula are computed again from the other inputs, so they are always true.
    `name` is the title, `view` what the window shows at first. A notebook shows a State as a diagram with the
    numbers of the first row.

    Set `run` to None when you replace the network or the data, because the updates of the run do not lead to
    the new network. Raises ValueError if the data, columns or run do not fit the network, if the title has
    several lines, or if a size limit is exceeded.
    """

    network: Network
    data: Dataset
    training: Training = Training()
    weight_sets: tuple[WeightSet, ...] = ()
    name: str = ""
    notes: str = ""
    run: Run | None = field(default=None, compare=False)
    runs: tuple[EarlierRun, ...] = field(default=(), compare=False)
    columns: Columns = field(default_factory=Columns)
    view: Shown | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        check_title(self.name, "name")
        NOTES.check(len(self.notes), "notes")
        check_whole(self.notes, "notes")
        WEIGHT_SETS.check(len(self.weight_sets), "weight_sets")
        EARLIER_RUNS.check(len(self.runs), "runs")
        start = self.run.start if self.run else self.network
        if (start.sizes, start.parameters) != (self.network.sizes, self.network.parameters):
            raise ValueError("run: the run and the network have different shapes; set run to None")
        self.data.check_for(self.network)
        columns = Columns.of(self.columns, self.network.inputs, self.network.outputs)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "data", columns.complete(self.data))
        self.measure  # noqa: B018 - raises ValueError if the loss does not fit the output
        self.frozen  # noqa: B018 - raises ValueError if the network lacks a frozen part
        NUMBERS.check(self.data.numbers + self.network.parameters * (1 + len(self.weight_sets)))

    def __repr__(self) -> str:
        name = f" {quoted(self.name)}" if self.name else ""
        return f"<State{name}: {self.network!r}, {counted(len(self.data), 'row')}>"

    @property
    def is_watched(self) -> bool:
        """Whether the run was made by a script that `nnviz.watch` follows."""
        return self.run is not None and self.run.watched

    @property
    def curve_title(self) -> str:
        """The title of the run's curve: the title of the loss, or "loss" if a script reported the loss."""
        return "loss" if self.is_watched else self.measure.title

    @cached_property
    def penalty(self) -> float:
        """The penalty for the current weights, which training adds to the loss of the data."""
        return penalty_of(self.network, self.training.penalty)

    @property
    def trained_title(self) -> str:
        """The name of the loss that training makes small: "MSE", or "MSE + penalty"."""
        return f"{self.measure.title} + penalty" if self.training.penalty else self.measure.title

    @property
    def iteration(self) -> int:
        """The number of updates in the run."""
        return self.run.iteration if self.run else 0

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return self.training.rate(self.iteration)

    @property
    def measure(self) -> Loss:
        """The loss function that training minimises.

        Raises ValueError if the loss does not fit the output activation.
        """
        return loss_of(self.training.loss, self.network.layers[-1].function.base)

    @cached_property
    def frozen(self) -> frozenset[Address]:
        """The addresses of the frozen parts, which training does not change: layers, nodes, weights, biases.

        Raises ValueError if the network lacks a part that `training.frozen` names.
        """
        addresses = []
        for i, name in enumerate(self.training.frozen):
            try:
                addresses.append(self.network.part_called(name))
            except ValueError as error:
                raise ValueError(f"training.frozen[{i}]: {error}") from None
        return frozenset(addresses)

    def freezing(self, address: Address) -> Address | None:
        """Return the frozen part that contains the weight, bias, node or layer at `address`, or None."""
        return next((part for part in address.around if part in self.frozen), None)

    @property
    def trained_rows(self) -> int:
        """The number of training rows. As in Keras, these are the first rows; validation rows come last."""
        return int(len(self.data) * (1.0 - self.training.validation))

    @property
    def trainable(self) -> bool:
        """Whether the data has training rows with targets."""
        return self.trained_rows > 0 and self.data.targets is not None

    @property
    def validated(self) -> bool:
        """Whether the data has validation rows with targets."""
        return self.trained_rows < len(self.data) and self.data.targets is not None

    @property
    def unsuited_targets(self) -> str:
        """A sentence on the targets that the loss is meant for, or "" if the State has no other targets."""
        measure, data = self.measure, self.data
        has_targets = data.targets is not None and len(data) > 0
        suited = {"any": True, "from 0 to 1": data.has_unit_targets, "0 or 1": data.has_classes}
        if suited[measure.targets] or not has_targets:
            return ""
        sentence = f"{measure.phrase} needs targets {measure.targets}"
        return f"{sentence}; with other targets, the loss falls for ever" if measure.least < 0.0 else sentence

    def measures_like(self, other: State) -> bool:
        """Return whether two States have the same data, loss function, penalty and validation share."""
        names = "loss", "validation", "l1", "l2"
        own, others = ([getattr(each.training, name) for name in names] for each in (self, other))
        return self.data is other.data and own == others

    def predict(self, rows: Sequence[Sequence[object]] | Array) -> Array:
        """Return the predictions for raw rows, shape (rows, outputs).

        A raw row has one cell for each column of `columns.of_inputs`. Raises ValueError for a cell that does
        not fit its column. The message starts with the row, counted from 1, and the column.
        """
        return self.network.predict(self.columns.encoded(rows))

    def loss(self) -> float | None:
        """Return the loss over the training rows; on overflow, the loss is infinite or NaN.

        The result is None if the State has no training rows or no targets.
        """
        if not self.trainable:
            return None
        assert self.data.targets is not None
        trace = self.network.forward(self.data.inputs[: self.trained_rows])
        return self.measure.mean(trace.z[-1], trace.prediction, self.data.targets[: self.trained_rows])
