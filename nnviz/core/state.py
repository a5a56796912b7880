"""State: a network, its data, training settings, run, weight sets, title and notes, all immutable."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnviz.core.activations import Array, activation
from nnviz.core.history import History
from nnviz.core.losses import Loss, check_loss, loss_of
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
    check_name,
    check_title,
    check_whole,
    counted,
    full,
    parse_number,
    quoted,
    shortened,
)
from nnviz.core.optimizers import OPTIMIZERS

Cell: TypeAlias = str | float
MOST_LISTED = 5
"""Number of texts or columns that an error message lists."""
DIGITS = range(6, 18)
"""Significant digits that `Column.raw` tries, fewest first: 17 are enough for every float64."""


class CellError(ValueError):
    """A cell that does not fit its column; `row` counts from 0."""

    def __init__(self, message: str, row: int) -> None:
        super().__init__(message)
        self.row = row


@dataclass(frozen=True)
class Column:
    """A column of a raw table, and the inputs or outputs that encode it.

    A column of numbers is encoded as one node, `(raw − mean) / deviation`. A column with `values` holds texts
    and is one-hot encoded: it has one node for each text.
    Raises ValueError, which starts with the place such as `deviation`, if the fields do not fit each other.
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
        """Whether its cells are numbers that are not standardised."""
        return not self.values and (self.mean, self.deviation) == (0.0, 1.0)

    def encoded(self, cells: Sequence[object] | Array, *, typed: bool = False) -> Array:
        """Return the values of its nodes for one cell of each row, shape (rows, nodes).

        If `typed`, a number may be a quotient such as 1/3. Raises CellError for a cell that is not a number
        or, in a column of texts, none of its texts.
        """
        if self.values:
            return self._of_texts(cells)
        return self.standardised(_numbers(cells, quotients=typed))[:, None]

    def standardised(self, raw: Array) -> Array:
        """Return `(raw − mean) / deviation` in the same shape; on overflow infinite, without a warning."""
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
        values = _listed([quoted(value) for value in self.values])
        return f"{quoted(text)} is not a value of this column; the values are {values}"

    def decoded(self, values: Array) -> list[Cell]:
        """Return the raw cells that are encoded as `values`, shape (rows, nodes); "" if no text is."""
        if not self.values:
            raw: list[Cell] = self.raw(values[:, 0]).tolist()
            return raw
        is_text = ((values == 0) | (values == 1)).all(axis=1) & (values.sum(axis=1) == 1)
        return [
            self.values[at] if fits else ""
            for at, fits in zip(values.argmax(axis=1).tolist(), is_text.tolist(), strict=True)
        ]

    def raw(self, values: Array) -> Array:
        """Return the raw numbers of `values`, with the fewest digits: 5.1, not 5.1000000000000005.

        On overflow a number is infinite, without a warning.
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
    """The columns of a State, checked once against the names of its network.

    Raises ValueError if a node is missing in the network, is in two columns, or if a column has inputs and
    outputs.
    """

    _inputs: tuple[str, ...] = ()
    _outputs: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Iterable[Column], inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Columns:
        """Return columns that fit these names. Columns already checked are returned unchanged."""
        if isinstance(given, cls) and given._inputs is inputs and given._outputs is outputs:
            return given
        made = cls(given)
        made._inputs, made._outputs = inputs, outputs
        made._check(set(inputs), set(outputs))
        return made

    @property
    def of_inputs(self) -> tuple[Column, ...]:
        """The columns of a raw row, in the order of the inputs. An input without column is its own column."""
        return self._raw(self._inputs)

    @property
    def of_targets(self) -> tuple[Column, ...]:
        """The columns of a raw row's targets, in the order of the outputs, one by itself if it has none."""
        return self._raw(self._outputs)

    def _raw(self, nodes: tuple[str, ...]) -> tuple[Column, ...]:
        by_node = {name: column for column in self for name in column.nodes}
        columns = (by_node.get(name) or Column(name, (name,)) for name in nodes)
        return tuple({column.nodes: column for column in columns}.values())

    def encoded(self, rows: Sequence[Sequence[object]] | Array) -> Array:
        """Return raw rows, with a cell per column of `of_inputs`, as input values, shape (rows, inputs).

        Raises ValueError, which starts with the row, counted from 1, and the column.
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
                raise ValueError(f"{place}.mean: targets cannot be standardised")
            if (of_inputs, column.name) in names:
                raise ValueError(f"{place}.name: two columns are called {quoted(column.name)}")
            names.add((of_inputs, column.name))

    def with_nodes(self, renamed: Callable[[str], str | None]) -> Columns:
        """Return the columns with their nodes renamed. A node renamed to None is removed, with its text.

        A column of numbers that has the name of its node gets the new name too.
        """
        taken = {column.name for column in self}
        changed = (_with_nodes(column, renamed, taken) for column in self)
        return Columns(column for column in changed if column is not None)


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


def _check_width(row: int, cells: object, columns: Sequence[Column]) -> None:
    if isinstance(cells, str) or not hasattr(cells, "__len__"):
        found = quoted(cells)
    elif len(cells) == len(columns):
        return
    else:
        found = str(len(cells))
    expected, names = counted(len(columns), "cell"), _listed([column.name for column in columns])
    raise ValueError(f"row {row + 1}: expected {expected} ({names}), found {found}")


def in_order(columns: Sequence[Column], nodes: Sequence[str], parts: Sequence[Array]) -> Array:
    """Return the encoded columns in the order of `nodes`, shape (rows, nodes).

    `parts` holds the values of each column, shape (rows, nodes of the column).
    """
    place = {name: i for i, name in enumerate(name for column in columns for name in column.nodes)}
    return np.ascontiguousarray(np.hstack(parts)[:, [place[name] for name in nodes]])


def _listed(texts: Sequence[str]) -> str:
    first = ", ".join(texts[:MOST_LISTED])
    return f"{first} and {len(texts) - MOST_LISTED} more" if len(texts) > MOST_LISTED else first


MOST_UPDATES = 2**53
"""Largest iteration: a history stores iterations as floats, which are exact up to here."""


@dataclass(frozen=True)
class Training:
    """The settings of a run. If `batch_size` is None, a batch has all rows. `updates` counts iterations.

    `validation` is the share of the rows, at least 0 and below 1, used for validation: the last rows.
    Raises ValueError, which starts with the name of the setting, for an invalid value.
    """

    learning_rate: float = 0.01
    updates: int = 20
    batch_size: int | None = None
    optimizer: str = "gradient_descent"
    seed: int = 0
    loss: str = "mse"
    validation: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 < self.learning_rate < float("inf"):
            raise ValueError("learning_rate: expected a number above 0")
        if self.updates < 1:
            raise ValueError("updates: expected a whole number, at least 1")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError("batch_size: expected a whole number, at least 1, or null for all rows")
        if self.optimizer not in OPTIMIZERS:
            name, known = quoted(self.optimizer), ", ".join(OPTIMIZERS)
            raise ValueError(f"optimizer: no optimizer is called {name}; the optimizers are {known}")
        if self.seed < 0:
            raise ValueError("seed: expected a whole number, at least 0")
        check_loss(self.loss)
        if not 0.0 <= self.validation < 1.0:
            raise ValueError("validation: expected a number, at least 0 and below 1")
        for name in ("updates", "batch_size", "seed"):
            if (getattr(self, name) or 0) > LARGEST:
                raise ValueError(f"{name}: expected a whole number up to {LARGEST}")

    def updates_per_epoch(self, rows: int) -> int:
        """Return the number of updates in an epoch, one pass over this many training rows."""
        return -(-rows // min(self.batch_size or rows, rows))

    @property
    def next_seed(self) -> int:
        """The seed of the next random weights: one more, or 0 after the largest seed."""
        return (self.seed + 1) % (LARGEST + 1)


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, rows: int) -> NDArray[np.intp]:
    """Return the order of the rows in an epoch of mini-batches, shape (rows,)."""
    return np.random.default_rng([seed, 1, epoch]).permutation(rows)


class Segment(NamedTuple):
    """A part of a run with constant settings. It starts after `after` updates and ends at the next one."""

    after: int
    training: Training


@dataclass(frozen=True)
class Curve:
    """A measure of a run other than its loss: "validation", "accuracy" or "validation accuracy"."""

    name: str
    history: History


@dataclass(frozen=True, eq=False)
class Run:
    """The updates since an edit last changed the network or the data.

    `start` is the network at iteration 0; `memory` is the optimizer's, shape (memories, parameters).
    `segments` store the settings of every update, so that any iteration can be computed again. This does not
    hold for a `watched` run: a script made it, and its history shows the script's own loss.
    `beside` holds the other curves, such as the validation loss.
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
        """Return the history of the other curve with this name, or None if it was not measured."""
        return next((curve.history for curve in self.beside if curve.name == name), None)

    def last_of(self, name: str) -> float | None:
        """Return the value of another curve at the iteration of the last loss, or None if there is none."""
        curve = self.curve(name)
        last = curve.last if curve is not None and len(curve) else None
        return last[1] if last and last[0] == self.history.last[0] else None

    @property
    def points(self) -> Array:
        """The history, shape (points, 2 or 3): iteration, loss and, if there is one, validation loss.

        The validation loss is NaN at points where it was not measured.
        """
        points, validation = self.history.points, self.curve("validation")
        if validation is None:
            return points
        losses = np.full(len(points), np.nan)
        _, places, sources = np.intersect1d(points[:, 0], validation.points[:, 0], return_indices=True)
        losses[places] = validation.points[sources, 1]
        return np.column_stack((points, losses))

    def with_curves(self, made: Callable[[History, str], History]) -> Run:
        """Return the run with each history replaced by `made(history, name)`; the loss has the name ""."""
        beside = tuple(Curve(curve.name, made(curve.history, curve.name)) for curve in self.beside)
        return replace(self, history=made(self.history, ""), beside=beside)

    def until(self, earlier: Run) -> Run:
        """Return `earlier`, an earlier iteration of this run, with all its points of this run's histories."""

        def cut(history: History, name: str) -> History:
            longer = self.curve(name) if name else self.history
            return history if longer is None else longer.until(history)

        return earlier.with_curves(cut)


@dataclass(frozen=True)
class Architecture:
    """A network without its weights: the names of its inputs, and each layer's node names and activation.

    Raises ValueError, which starts with the place, if no network can have this architecture.
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
        """The number of nodes in each column, inputs first: (2, 2, 1)."""
        return (len(self.inputs), *(len(nodes) for nodes, _ in self.layers))

    @property
    def in_words(self) -> str:
        """The sizes as text, "2-2-1"; for more than 8 columns, the first and the last three."""
        sizes = [str(size) for size in self.sizes]
        return "-".join(sizes if len(sizes) <= 8 else [*sizes[:3], "…", *sizes[-3:]])


@dataclass(frozen=True, eq=False)
class EarlierRun(ByValue):
    """An earlier run, kept for comparison with later runs: its last settings and its curve, no weights.

    `history` has shape (points, 2): iteration, loss. `network` is None if the run comes from an older file
    without this entry. Raises ValueError for an invalid name, iteration or history.
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

    def called(self, letters: int = NAME.most) -> str:
        """Return its name, shortened to this many letters, and its architecture, if it has one."""
        architecture = f" · {self.network.in_words}" if self.network else ""
        return shortened(self.name, letters) + architecture

    def fits(self, network: Network) -> bool:
        """Return whether the run's network has the same number of nodes in each column, or is None."""
        return self.network is None or self.network.sizes == network.sizes


@dataclass(frozen=True, eq=False)
class Dataset(ByValue):
    """Rows of inputs, shape (rows, inputs), and of targets, shape (rows, outputs) or None. Read-only.

    Raises ValueError if an array does not have two dimensions, or has too many rows or numbers.
    """

    ARRAYS = ("inputs", "targets")
    inputs: Array
    targets: Array | None = None

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
        """Whether there is a single output, whose targets are 0 or 1, and both occur."""
        if self.targets is None or self.targets.shape[1] != 1:
            return False
        return self.has_classes and bool(self.targets.min() < self.targets.max())

    @cached_property
    def has_classes(self) -> bool:
        """Whether there are targets and each is 0 or 1."""
        if self.targets is None or not len(self):
            return False
        return bool(((self.targets == 0.0) | (self.targets == 1.0)).all())

    @cached_property
    def is_sorted_by_class(self) -> bool:
        """Whether the rows are sorted by class, with at least 4 rows per class on average.

        The class of a row is its largest target or, with one output, its target.
        """
        if self.targets is None:
            return False
        labels = self.targets.argmax(axis=1) if self.targets.shape[1] > 1 else self.targets[:, 0]
        changes, classes = np.count_nonzero(np.diff(labels)), len(np.unique(labels))
        return 1 < classes == changes + 1 and len(self) >= 4 * classes

    @cached_property
    def has_unit_targets(self) -> bool:
        """Whether every target is from 0 to 1."""
        return self.targets is None or bool(((self.targets >= 0.0) & (self.targets <= 1.0)).all())

    @property
    def numbers(self) -> int:
        """The number of inputs and targets in all rows."""
        return self.inputs.size + (0 if self.targets is None else self.targets.size)

    def check_for(self, network: Network) -> None:
        """Raise ValueError if the rows do not fit the inputs and outputs of `network`."""
        found, inputs = self.inputs.shape[1], len(network.inputs)
        if found != inputs:
            numbers = counted(inputs, "number")
            raise ValueError(f"data.inputs: expected {numbers} a row, one for each input, found {found}")
        if self.targets is None:
            return
        if len(self.targets) != len(self):
            rows, found = counted(len(self), "row"), len(self.targets)
            raise ValueError(f"data.targets: expected {rows}, one for each row of inputs, found {found}")
        found, outputs = self.targets.shape[1], len(network.outputs)
        if found != outputs:
            numbers = counted(outputs, "number")
            raise ValueError(f"data.targets: expected {numbers} a row, one for each output, found {found}")

    @classmethod
    def empty(cls, network: Network) -> Dataset:
        """Return a data set without rows and targets that fits `network`."""
        return cls(np.empty((0, len(network.inputs))))


@dataclass(frozen=True, eq=False)
class Weights(ByValue):
    """One layer's weights, shape (nodes, inputs of the layer), and biases, shape (nodes,) or None."""

    ARRAYS = ("weights", "biases")
    weights: Array
    biases: Array | None = None


@dataclass(frozen=True)
class WeightSet:
    """A stored copy of all weights and biases of a network. Raises ValueError for an invalid name."""

    name: str
    layers: tuple[Weights, ...] = field(repr=False)

    def __post_init__(self) -> None:
        check_name(self.name, "name")

    @classmethod
    def of(cls, name: str, network: Network) -> WeightSet:
        """Return the weights and biases of `network` as a weight set called `name`."""
        return cls(name, tuple(Weights(layer.weights, layer.biases) for layer in network.layers))

    def into(self, network: Network) -> Network:
        """Return `network` with these weights and biases. Raises ValueError if the shapes do not fit."""
        return with_weights(network, self.layers)


def with_weights(network: Network, given: Sequence[Weights | Layer]) -> Network:
    """Return `network` with other weights and biases. Raises ValueError if the shapes do not fit."""
    layers = [
        Layer(layer.nodes, layer.activation, each.weights, each.biases)
        for layer, each in zip(network.layers, given, strict=True)
    ]
    return replace(network, layers=tuple(layers))


@dataclass(frozen=True)
class State(AsSvg):
    """The content of a document. `run` is None before the first update; `runs` are earlier runs.

    `columns` encode cells of a raw table as inputs and targets; nodes without column get numbers unchanged.
    A notebook shows a State as its diagram, with the numbers of the first row.
    Set `run` to None when you replace the network or the data, because the run does not lead to the new ones.
    Raises ValueError if rows, columns or the run do not fit the network, if the title is not one line, and if
    a limit of sizes is exceeded.
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

    def __post_init__(self) -> None:
        check_title(self.name, "name")
        NOTES.check(len(self.notes), "notes")
        check_whole(self.notes, "notes")
        WEIGHT_SETS.check(len(self.weight_sets), "weight_sets")
        EARLIER_RUNS.check(len(self.runs), "runs")
        start = self.run.start if self.run else self.network
        if (start.sizes, start.parameters) != (self.network.sizes, self.network.parameters):
            raise ValueError("run: the run's network has another shape; set run to None")
        self.data.check_for(self.network)
        columns = Columns.of(self.columns, self.network.inputs, self.network.outputs)
        object.__setattr__(self, "columns", columns)
        self.measure  # noqa: B018 - raises ValueError if the loss does not fit the output
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
        """The title of the run's curve: the title of the loss, or "loss" if a script reported it."""
        return "loss" if self.is_watched else self.measure.title

    @property
    def iteration(self) -> int:
        """The number of updates in the run."""
        return self.run.iteration if self.run else 0

    @property
    def measure(self) -> Loss:
        """The loss that training minimises. Raises ValueError if it does not fit the output's activation."""
        return loss_of(self.training.loss, self.network.layers[-1].function.base)

    @property
    def trained_rows(self) -> int:
        """The number of training rows. They come first; the rest is for validation, as in Keras."""
        return int(len(self.data) * (1.0 - self.training.validation))

    @property
    def trainable(self) -> bool:
        """Whether there are rows and targets to train on."""
        return self.trained_rows > 0 and self.data.targets is not None

    @property
    def validated(self) -> bool:
        """Whether there are validation rows with targets."""
        return self.trained_rows < len(self.data) and self.data.targets is not None

    @property
    def unbounded(self) -> str:
        """A sentence on why the loss can decrease without bound, or "" if it cannot."""
        if self.measure.least == 0.0 or self.data.has_unit_targets:
            return ""
        return f"{self.measure.phrase} needs targets from 0 to 1: with others it decreases without bound"

    def predict(self, rows: Sequence[Sequence[object]] | Array) -> Array:
        """Return the predictions, shape (rows, outputs), for raw rows with a cell per `columns.of_inputs`.

        Raises ValueError for a cell that does not fit; it starts with the row, from 1, and the column.
        """
        return self.network.predict(self.columns.encoded(rows))

    def loss(self) -> float | None:
        """Return the loss over the training rows, or None without training rows or targets.

        On overflow it is infinite or NaN, without a warning.
        """
        if not self.trainable:
            return None
        assert self.data.targets is not None
        trace = self.network.forward(self.data.inputs[: self.trained_rows])
        return self.measure.over(trace.z[-1], trace.prediction, self.data.targets[: self.trained_rows])
