"""State: a network, its data, training settings, run, weight sets, title and notes, all immutable.

Knows nothing of files, and only the names of a network's nodes.
"""

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
    parsed,
    quoted,
    shortened,
)
from nnviz.core.optimizers import OPTIMIZERS

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


MOST_UPDATES = 2**53
"""From there on a history, which is of floats, cannot tell two iterations apart."""


@dataclass(frozen=True)
class Training:
    """The settings of a run. `batch_size` None means all rows; `updates` counts iterations.

    `validation` is the share of the rows, from 0 on and below 1, that are not trained on: the last ones.
    Raises ValueError where one of them cannot be.
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
            raise ValueError("updates: expected a whole number from 1 on")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError("batch_size: expected a whole number from 1 on, or null for all rows")
        if self.optimizer not in OPTIMIZERS:
            known = ", ".join(OPTIMIZERS)
            raise ValueError(f"optimizer: no optimizer is called {quoted(self.optimizer)}; known are {known}")
        if self.seed < 0:
            raise ValueError("seed: expected a whole number from 0 on")
        check_loss(self.loss)
        if not 0.0 <= self.validation < 1.0:
            raise ValueError("validation: expected a number from 0 on and below 1")
        for name in ("updates", "batch_size", "seed"):
            if (getattr(self, name) or 0) > LARGEST:
                raise ValueError(f"{name}: expected a whole number up to {LARGEST}")

    def updates_per_epoch(self, rows: int) -> int:
        """Return how many updates take in `rows`, which are trained on, once."""
        return -(-rows // min(self.batch_size or rows, rows))

    @property
    def next_seed(self) -> int:
        """The seed of the next random weights: one more, and 0 after the largest."""
        return (self.seed + 1) % (LARGEST + 1)


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, rows: int) -> NDArray[np.intp]:
    """Return the order in which an epoch of mini-batches takes the rows, shape (rows,)."""
    return np.random.default_rng([seed, 1, epoch]).permutation(rows)


class Segment(NamedTuple):
    """A part of a run under one setting: the updates that follow `after` updates, up to the next one's."""

    after: int
    training: Training


@dataclass(frozen=True)
class Curve:
    """What a run measured beside its loss: "validation", "accuracy" or "validation accuracy"."""

    name: str
    history: History


@dataclass(frozen=True, eq=False)
class Run:
    """The updates since anything but training last changed network or data.

    `start` is the network at iteration 0; `memory` is the optimizer's, shape (memories, parameters). With
    `segments`, which say how every update was made, any iteration can be computed again. Not so of one that
    was `watched`: a script made it, its history is of the script's own loss, and only its frames are known.
    `beside` holds what else was measured.
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
        """Return what was measured beside the loss under that name; None where it was not."""
        return next((curve.history for curve in self.beside if curve.name == name), None)

    def last_of(self, name: str) -> float | None:
        """Return what was measured under that name with the last loss; None where it was not."""
        curve = self.curve(name)
        there = curve.last if curve is not None and len(curve) else None
        return there[1] if there and there[0] == self.history.last[0] else None

    @property
    def points(self) -> Array:
        """The history, shape (points, 2 or 3): iteration, loss and, where there is one, that of validation.

        Where the validation is known of fewer points, as after a change, the others say NaN.
        """
        points, aside = self.history.points, self.curve("validation")
        if aside is None:
            return points
        beside = np.full(len(points), np.nan)
        _, here, there = np.intersect1d(points[:, 0], aside.points[:, 0], return_indices=True)
        beside[here] = aside.points[there, 1]
        return np.column_stack((points, beside))

    def with_curves(self, made: Callable[[History, str], History]) -> Run:
        """Return it with every history as `made` of it and its name, "" for that of the loss."""
        beside = tuple(Curve(curve.name, made(curve.history, curve.name)) for curve in self.beside)
        return replace(self, history=made(self.history, ""), beside=beside)

    def until(self, earlier: Run) -> Run:
        """Return `earlier` with that part of all histories that led to it."""

        def led(history: History, name: str) -> History:
            whole = self.curve(name) if name else self.history
            return history if whole is None else whole.until(history)

        return earlier.with_curves(led)


@dataclass(frozen=True)
class Architecture:
    """A network without its weights: the names of its inputs, and each layer's names and activation.

    Raises ValueError, which begins with the place, for a layer without nodes and what no network can have.
    """

    inputs: tuple[str, ...]
    layers: tuple[tuple[tuple[str, ...], str], ...]

    def __post_init__(self) -> None:
        for names, place in ((self.inputs, "inputs"), (self.layers, "layers")):
            if not names:
                raise ValueError(f"{place}: a network needs at least one")
        LAYERS.check(len(self.layers), "layers")
        NODES.check(sum(self.sizes))
        Names(self.inputs, "inputs")
        for k, (nodes, name) in enumerate(self.layers):
            if not nodes:
                raise ValueError(f"layers[{k}].nodes: a layer needs at least one")
            Names(nodes, f"layers[{k}].nodes")
            activation(name)

    @classmethod
    def of(cls, network: Network) -> Architecture:
        """Return the architecture of a network."""
        layers = ((tuple(layer.nodes), layer.activation) for layer in network.layers)
        return cls(tuple(network.inputs), tuple(layers))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Nodes in each column, inputs first: (2, 2, 1)."""
        return (len(self.inputs), *(len(nodes) for nodes, _ in self.layers))

    @property
    def in_words(self) -> str:
        """Its sizes, "2-2-1"; of a deep one the first and the last."""
        sizes = [str(size) for size in self.sizes]
        return "-".join(sizes if len(sizes) <= 8 else [*sizes[:3], "…", *sizes[-3:]])


@dataclass(frozen=True, eq=False)
class EarlierRun(ByValue):
    """A run that another one has replaced, to compare it with: its last settings and its curve, no weights.

    `history` has shape (points, 2): iteration, loss; `network` is None where an older file does not say of
    which network it is. Raises ValueError for its name and what cannot be.
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
        """Return its name, the middle of a longer one left out, and its architecture, if it is known."""
        architecture = f" · {self.network.in_words}" if self.network else ""
        return shortened(self.name, letters) + architecture

    def fits(self, network: Network) -> bool:
        """Return whether it is, as far as is known, of a network with as many nodes in every layer."""
        return self.network is None or self.network.sizes == network.sizes


@dataclass(frozen=True, eq=False)
class Dataset(ByValue):
    """Rows of inputs, shape (rows, inputs), and of targets, shape (rows, outputs) or None. Read-only.

    Raises ValueError for what is no rows, and for too many.
    """

    ARRAYS = ("inputs", "targets")
    inputs: Array
    targets: Array | None = None

    if TYPE_CHECKING:  # what may be given

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
    def says_yes_or_no(self) -> bool:
        """Whether the only target of each row is 0 or 1, and both occur."""
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
        """Whether the rows of each class, the largest target or 0 and 1, stand together, some of each."""
        if self.targets is None:
            return False
        kinds = self.targets.argmax(axis=1) if self.targets.shape[1] > 1 else self.targets[:, 0]
        changes, classes = np.count_nonzero(np.diff(kinds)), len(np.unique(kinds))
        return 1 < classes == changes + 1 and len(self) >= 4 * classes

    @cached_property
    def has_shares(self) -> bool:
        """Whether no target is below 0 or above 1."""
        return self.targets is None or bool(((self.targets >= 0.0) & (self.targets <= 1.0)).all())

    @property
    def numbers(self) -> int:
        """How many inputs and targets there are."""
        return self.inputs.size + (0 if self.targets is None else self.targets.size)

    def check_for(self, network: Network) -> None:
        """Raise ValueError where the rows are not such as `network` takes and gives."""
        given, wanted = self.inputs.shape[1], len(network.inputs)
        if given != wanted:
            wish = f"expected {counted(wanted, 'number')} a row, one for each input"
            raise ValueError(f"data.inputs: {wish}, found {given}")
        if self.targets is None:
            return
        if len(self.targets) != len(self):
            wish = f"expected {counted(len(self), 'row')}, one for each row of inputs"
            raise ValueError(f"data.targets: {wish}, found {len(self.targets)}")
        given, wanted = self.targets.shape[1], len(network.outputs)
        if given != wanted:
            wish = f"expected {counted(wanted, 'number')} a row, one for each output"
            raise ValueError(f"data.targets: {wish}, found {given}")

    @classmethod
    def empty(cls, network: Network) -> Dataset:
        """Return no rows, for `network`."""
        return cls(np.empty((0, len(network.inputs))))


@dataclass(frozen=True, eq=False)
class Weights(ByValue):
    """One layer's weights, shape (nodes, inputs of the layer), and biases, shape (nodes,) or None."""

    ARRAYS = ("weights", "biases")
    weights: Array
    biases: Array | None = None


@dataclass(frozen=True)
class WeightSet:
    """A named set of all weights of the network, kept beside those in use. Raises ValueError for its name."""

    name: str
    layers: tuple[Weights, ...] = field(repr=False)

    def __post_init__(self) -> None:
        check_name(self.name, "name")

    @classmethod
    def of(cls, name: str, network: Network) -> WeightSet:
        """Return the weights of `network` under `name`."""
        return cls(name, tuple(Weights(layer.weights, layer.biases) for layer in network.layers))

    def into(self, network: Network) -> Network:
        """Return `network` with these weights. Raises ValueError where the shapes do not fit."""
        return with_weights(network, self.layers)


def with_weights(network: Network, given: Sequence[Weights | Layer]) -> Network:
    """Return `network` with the weights and biases of `given`, layer by layer. Raises ValueError."""
    layers = [
        Layer(layer.nodes, layer.activation, each.weights, each.biases)
        for layer, each in zip(network.layers, given, strict=True)
    ]
    return replace(network, layers=tuple(layers))


@dataclass(frozen=True)
class State(AsSvg):
    """All that is open, undone and saved. `run` is None before the first update; `runs` are earlier ones.

    `columns` say how cells of a raw table become inputs and targets; what is in none of them is taken as it
    is. In a notebook it shows itself as the diagram with the numbers of the first row.
    Who replaces the network or the data by another one sets `run` to None, for it does not lead there.
    Raises ValueError for rows or columns that do not fit the network, for a run of one of another shape, for
    a title that is not one line, and where there is more than nnviz opens.
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
            raise ValueError("run: it is that of a network of another shape; give None for it")
        self.data.check_for(self.network)
        columns = Columns.of(self.columns, self.network.inputs, self.network.outputs)
        object.__setattr__(self, "columns", columns)
        self.measure  # noqa: B018 - which goes with the output
        NUMBERS.check(self.data.numbers + self.network.parameters * (1 + len(self.weight_sets)))

    def __repr__(self) -> str:
        name = f" {quoted(self.name)}" if self.name else ""
        return f"<State{name}: {self.network!r}, {counted(len(self.data), 'row')}>"

    @property
    def is_watched(self) -> bool:
        """Whether its run is that of a script."""
        return self.run is not None and self.run.watched

    @property
    def curve_title(self) -> str:
        """What the history of its run is of: the loss by its title, "loss" where a script told it."""
        return "loss" if self.is_watched else self.measure.title

    @property
    def iteration(self) -> int:
        """How many updates the present run has made."""
        return self.run.iteration if self.run else 0

    @property
    def measure(self) -> Loss:
        """The loss that training makes small. Raises ValueError where it does not go with the output."""
        return loss_of(self.training.loss, self.network.layers[-1].function.base)

    @property
    def trained_rows(self) -> int:
        """How many rows are trained on, the first ones; the others are for validation (as Keras splits)."""
        return int(len(self.data) * (1.0 - self.training.validation))

    @property
    def trainable(self) -> bool:
        """Whether there are rows and targets to train on."""
        return self.trained_rows > 0 and self.data.targets is not None

    @property
    def validated(self) -> bool:
        """Whether there are rows with targets that are kept for validation."""
        return self.trained_rows < len(self.data) and self.data.targets is not None

    @property
    def unbounded(self) -> str:
        """Why the loss may fall without end, whatever is learnt, or "" where it has a least value."""
        if self.measure.least == 0.0 or self.data.has_shares:
            return ""
        return f"{self.measure.word} is for targets from 0 to 1: by others it falls without end"

    def predict(self, rows: Sequence[Sequence[object]] | Array) -> Array:
        """Return the predictions for raw rows, a cell for each of `columns.of_inputs`: shape (rows, outputs).

        Raises ValueError, which begins with the row, from 1, and the column, for a cell that does not fit.
        """
        return self.network.predict(self.columns.encoded(rows))

    def loss(self) -> float | None:
        """Return the loss over the rows that are trained on, or None without such rows or targets.

        One that is too large for a number is infinite or NaN, without a warning.
        """
        if not self.trainable:
            return None
        assert self.data.targets is not None
        trace = self.network.forward(self.data.inputs[: self.trained_rows])
        return self.measure.over(trace.z[-1], trace.prediction, self.data.targets[: self.trained_rows])
