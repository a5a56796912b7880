"""What is open, as one frozen value: network, data, training settings, weight sets and the present run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.columns import Columns
from nnviz.core.frozen import ByValue
from nnviz.core.limits import EARLIER_RUNS, NOTES, NUMBERS, ROWS, WEIGHT_SETS
from nnviz.core.losses import Loss, loss_of
from nnviz.core.names import check_name, check_title, check_whole, quoted
from nnviz.core.network import Layer, Network
from nnviz.core.notebook import AsSvg
from nnviz.core.numbers import counted
from nnviz.core.run import EarlierRun, Run, Training


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
    training: Training = Training()  # noqa: RUF009 - frozen
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
