"""State: a network with data, training settings, run, weight sets, title and notes, all immutable."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.columns import Columns
from nnviz.core.entries import check_known
from nnviz.core.formula import CellError
from nnviz.core.history import History
from nnviz.core.losses import Loss, Penalty, forms_of, loss_of
from nnviz.core.network import ByValue, Layer, Network
from nnviz.core.notebook import AsSvg
from nnviz.core.numbers import (
    KEPT_RUNS,
    LARGEST,
    NOTES,
    NUMBERS,
    ROWS,
    WEIGHT_SETS,
    as_text,
    check_name,
    check_title,
    check_whole,
    counted,
    parse_number,
    quoted,
)
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.schedules import CONSTANT, Schedule
from nnviz.core.slopes import penalty_of

EngineName: TypeAlias = Literal["numpy", "compiled"]
"""The name of an engine, which makes the updates of a run."""
NUMPY: EngineName = "numpy"
COMPILED: EngineName = "compiled"
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

    A run ends after `updates`, or earlier: after an epoch whose loss is at most `until`, or after `patience`
    epochs without a smaller validation loss (without validation rows: without a smaller loss). As in Keras,
    the first epoch is the first that counts. If `keep` is "best", the weights at the end are those with the
    smallest of these losses; "last" is the same as "".

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
    until: float | None = None
    patience: int | None = None
    keep: Literal["", "best", "last"] = ""

    def __post_init__(self) -> None:
        for name in ("learning_rate", "until"):
            number: object = getattr(self, name)
            is_number = isinstance(number, float | int | np.number) and not isinstance(number, bool)
            is_above = is_number and 0.0 < number <= sys.float_info.max  # type: ignore[operator]
            if not (is_above or (number is None and name == "until")):
                raise ValueError(f"{name}: expected a number above 0")
        null = ", or null for all rows"
        wholes = ("updates", 1, ""), ("batch_size", 1, null), ("seed", 0, ""), ("patience", 1, "")
        for name, least, other in wholes:
            value = getattr(self, name)
            if value is None and name in ("batch_size", "patience"):
                continue
            if not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least:
                raise ValueError(f"{name}: expected a whole number, at least {least}{other}")
            if value > LARGEST:
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
        if self.keep == "last":
            object.__setattr__(self, "keep", "")
        elif self.keep not in ("", "best"):
            raise ValueError(f"keep: expected 'best', found {quoted(self.keep)}")
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

    @property
    def update_settings(self) -> Training:
        """The settings that affect an update, without those that only affect where a run ends."""
        return replace(self, updates=1, until=None, patience=None, keep="")

    def rate(self, k: int) -> float:
        """Return the learning rate of the update after `k` updates."""
        return self.schedule.rate(self.learning_rate, k) if self.schedule else self.learning_rate

    def trained_rows(self, rows: int) -> int:
        """Return the number of training rows of data with `rows` rows."""
        return int(rows * (1.0 - self.validation))

    def updates_per_epoch(self, rows: int) -> int:
        """Return the number of updates in an epoch, that is one pass over `rows` training rows."""
        return -(-rows // min(self.batch_size or rows, rows))

    @property
    def next_seed(self) -> int:
        """The seed of the next random weights: `seed` + 1, or 0 after the largest seed."""
        return (self.seed + 1) % (LARGEST + 1)


def number_of(setting: str, text: str) -> float:
    """Return the number in a text as the value of a setting. Raises ValueError for an invalid value."""
    given: dict[str, Any] = {setting: parse_number(text)}
    return float(getattr(Training(**given), setting))


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


@dataclass(frozen=True)
class RunLabel:
    """What distinguishes a run: its number `id`, that of its `parent`, its name and its note.

    The parent is the run that ended before this run began, or None. Without a `name`, the settings in which
    the run differs from other runs name it. A `pinned` run is not removed to make room for new runs. Raises
    ValueError for an invalid id, parent, name or note.
    """

    id: int = 1
    parent: int | None = None
    name: str = ""
    note: str = ""
    pinned: bool = False

    def __post_init__(self) -> None:
        for place, number in (("id", self.id), ("parent", self.parent)):
            if number is not None and not 1 <= number <= MOST_UPDATES:
                raise ValueError(f"{place}: expected a whole number from 1 to {MOST_UPDATES}")
        check_title(self.name, "name")
        NOTES.check(len(self.note), "note")
        check_whole(self.note, "note")


@dataclass(frozen=True, eq=False)
class Run:
    """A training run: updates from one start. `segments` holds their settings, which seldom change.

    ============ ============================================================================
    `start`      the network at iteration 0
    `iteration`  the number of updates
    `history`    the history of the training loss
    `optimizer`  the name of the optimizer, or "" before the first update and in a script
    `memory`     the numbers that the optimizer stores, shape (memories, parameters)
    `segments`   the settings of every update; they are needed to compute an iteration again
    `watched`    whether a user's script made the updates, while nnviz showed the training
    `beside`     the other curves, such as the validation loss
    `engine`     the engine that made the updates; other engines round differently
    `label`      the number of the run, its name and its note
    `diverged`   whether the run ended because a number became infinite or NaN
    `stopped`    what ended the run early: "patience 2", "until 0.01" or ""
    `seconds`    how long the computation of the updates took; 0 if that is not known, as after opening a file
    `curve_only` whether only the curve is known, as for earlier runs in files of older versions
    ============ ============================================================================

    If `watched` is true, `history` shows the script's loss, and no iteration can be computed again.
    """

    start: Network
    iteration: int = 0
    history: History = field(default_factory=History)
    optimizer: str = ""
    memory: Array = field(default_factory=lambda: np.empty((0, 0)))
    segments: tuple[Segment, ...] = ()
    watched: bool = False
    beside: tuple[Curve, ...] = ()
    engine: EngineName = NUMPY
    label: RunLabel = RunLabel()
    diverged: bool = False
    stopped: str = ""
    seconds: float = 0.0
    curve_only: bool = False

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
    def monitored_curve(self) -> History:
        """The curve whose smallest value is best: that of the validation loss, or else that of the loss."""
        return self.curve("validation") or self.history

    @property
    def best_iteration(self) -> int:
        """The first iteration with the smallest value of the monitored curve."""
        points = self.monitored_curve.points
        return int(points[points[:, 1].argmin(), 0])

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
    """The columns for which the computed inputs are known to be true; set for each object."""

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

    def completed(self, columns: Columns) -> Dataset:
        """Return the data with true computed inputs; the data itself if they are true already.

        Raises ValueError, with the row, if a formula has no finite value.
        """
        if not columns.computed or self.completed_by is columns:
            return self
        try:
            inputs = columns.fill(self.inputs)
        except CellError as error:
            raise ValueError(f"row {error.row + 1}: {error}") from None
        made = self if np.array_equal(inputs, self.inputs) else Dataset(inputs, self.targets)
        object.__setattr__(made, "completed_by", columns)
        return made

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


def run_of(state: State) -> Run:
    """Return the run of a State that has a run."""
    assert state.run is not None
    return state.run


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

    `run` is the current run, or None before the first update. `runs` holds the kept runs, each as the State
    at its last iteration; the last one is the run that ended last. `baseline` is the id of the run that the
    other runs are compared with. `columns` encodes the cells of a raw table as inputs and targets; inputs and
    outputs without a column are plain numbers.
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
    runs: tuple[State, ...] = field(default=(), compare=False)
    columns: Columns = field(default_factory=Columns)
    view: Shown | None = field(default=None, compare=False)
    baseline: int | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        check_title(self.name, "name")
        NOTES.check(len(self.notes), "notes")
        check_whole(self.notes, "notes")
        WEIGHT_SETS.check(len(self.weight_sets), "weight_sets")
        KEPT_RUNS.check(len(self.runs), "runs")
        start = self.run.start if self.run else self.network
        if (start.sizes, start.parameters) != (self.network.sizes, self.network.parameters):
            raise ValueError("run: the run and the network have different shapes; set run to None")
        self.data.check_for(self.network)
        columns = Columns.of(self.columns, self.network.inputs, self.network.outputs)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "data", self.data.completed(columns))
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
    def monitored_title(self) -> str:
        """The name of the loss whose smallest value is best: "validation loss", or the loss."""
        return "validation loss" if self.validated else self.measure.phrase

    @property
    def stop_reason(self) -> str:
        """Why the run ended early: "no smaller validation loss for 2 epochs", "MSE ≤ 0.01"; or ""."""
        setting, _, value = (self.run.stopped if self.run else "").partition(" ")
        if setting == "until":
            return f"{self.measure.title} ≤ {as_text(float(value))}"
        return f"no smaller {self.monitored_title} for {counted(int(value), 'epoch')}" if setting else ""

    @property
    def before_run(self) -> State:
        """The State before the current run began, with the present settings."""
        return replace(self, network=self.run.start, run=None) if self.run else self

    @property
    def newest_run_id(self) -> int | None:
        """The id of the current run or, without one, of the run that ended last; None before a run."""
        return self.run.label.id if self.run else self.next_label.parent

    @property
    def next_label(self) -> RunLabel:
        """The label of the next run: an id above all others, and the run that ended last as parent."""
        labels = [each.run.label for each in self.runs if each.run]
        used = [self.run.label.id] if self.run else []
        used += [each for label in labels for each in (label.id, label.parent or 0)]
        return RunLabel(1 + max(used, default=0), labels[-1].id if labels else None)

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
        names = enumerate(self.training.frozen)
        return frozenset(self.network.part_called(name, f"training.frozen[{i}]") for i, name in names)

    def freezing(self, address: Address) -> Address | None:
        """Return the frozen part that contains the weight, bias, node or layer at `address`, or None."""
        return next((part for part in address.around if part in self.frozen), None)

    @property
    def trained_rows(self) -> int:
        """The number of training rows. As in Keras, these are the first rows; validation rows come last."""
        return self.training.trained_rows(len(self.data))

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
