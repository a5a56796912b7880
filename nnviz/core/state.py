"""What is open, as one frozen value: network, data, training settings, weight sets and the present run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from nnviz.core.activations import Array
from nnviz.core.columns import Columns
from nnviz.core.frozen import ByValue
from nnviz.core.history import History
from nnviz.core.limits import EARLIER_POINTS, EARLIER_RUNS, NOTES, NUMBERS, ROWS, WEIGHT_SETS
from nnviz.core.names import check_name, check_title, check_whole, quoted
from nnviz.core.network import Layer, Network
from nnviz.core.notebook import AsSvg
from nnviz.core.numbers import LARGEST, counted
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.slopes import mse

MOST_UPDATES = 2**53
"""From there on a history, which is of floats, cannot tell two iterations apart."""


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


@dataclass(frozen=True)
class Training:
    """The settings of a run. `batch_size` None means all rows; `updates` counts iterations.

    Raises ValueError where one of them cannot be.
    """

    learning_rate: float = 0.01
    updates: int = 20
    batch_size: int | None = None
    optimizer: str = "gradient_descent"
    seed: int = 0

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
        for name in ("updates", "batch_size", "seed"):
            if (getattr(self, name) or 0) > LARGEST:
                raise ValueError(f"{name}: expected a whole number up to {LARGEST}")

    @property
    def next_seed(self) -> int:
        """The seed of the next random weights: one more, and 0 after the largest."""
        return (self.seed + 1) % (LARGEST + 1)


@lru_cache(maxsize=2)
def epoch_order(seed: int, epoch: int, rows: int) -> NDArray[np.intp]:
    """Return the order in which an epoch of mini-batches takes the rows, shape (rows,)."""
    return np.random.default_rng([seed, 1, epoch]).permutation(rows)


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


class Segment(NamedTuple):
    """A part of a run under one setting: the updates that follow `after` updates, up to the next one's."""

    after: int
    training: Training


@dataclass(frozen=True, eq=False)
class Run:
    """The updates since anything but training last changed network or data.

    `start` is the network at iteration 0; `memory` is the optimizer's, shape (memories, parameters). With
    `segments`, which say how every update was made, any iteration can be computed again. Not so of one that
    was `watched`: a script made it, its history is of the script's own loss, and only its frames are known.
    """

    start: Network
    iteration: int
    history: History
    optimizer: str
    memory: Array
    segments: tuple[Segment, ...]
    watched: bool = False

    @property
    def measure(self) -> str:
        """What its history is of, in a word."""
        return "loss" if self.watched else "MSE"


@dataclass(frozen=True, eq=False)
class EarlierRun(ByValue):
    """A run that another one has replaced, to compare it with: its last settings and its curve, no weights.

    `history` has shape (points, 2): iteration, MSE. Raises ValueError for its name and what cannot be.
    """

    ARRAYS = ("history",)
    name: str
    training: Training
    iterations: int
    history: Array

    def __post_init__(self) -> None:
        check_name(self.name, "name")
        if not 1 <= self.iterations <= MOST_UPDATES:
            raise ValueError(f"iterations: expected a whole number from 1 to {MOST_UPDATES}")
        EARLIER_POINTS.check(len(self.history), "history")
        super().__post_init__()


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
        NUMBERS.check(self.data.numbers + self.network.parameters * (1 + len(self.weight_sets)))

    def __repr__(self) -> str:
        name = f" {quoted(self.name)}" if self.name else ""
        return f"<State{name}: {self.network!r}, {counted(len(self.data), 'row')}>"

    @property
    def is_watched(self) -> bool:
        """Whether its run is that of a script."""
        return self.run is not None and self.run.watched

    @property
    def iteration(self) -> int:
        """How many updates the present run has made."""
        return self.run.iteration if self.run else 0

    @property
    def trainable(self) -> bool:
        """Whether there are rows and targets to train on."""
        return len(self.data) > 0 and self.data.targets is not None

    def predict(self, rows: Sequence[Sequence[object]] | Array) -> Array:
        """Return the predictions for raw rows, a cell for each of `columns.of_inputs`: shape (rows, outputs).

        Raises ValueError, which begins with the row, from 1, and the column, for a cell that does not fit.
        """
        return self.network.predict(self.columns.encoded(rows))

    def mse(self) -> float | None:
        """Return the MSE over all rows at the current weights, or None without rows or targets.

        One that is too large for a number is infinite or NaN, without a warning.
        """
        if len(self.data) == 0 or self.data.targets is None:
            return None
        return mse(self.network.predict(self.data.inputs), self.data.targets)
