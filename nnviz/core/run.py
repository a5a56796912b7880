"""A run: the settings that its updates are made by, what it has measured, and where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array, activation
from nnviz.core.frozen import ByValue
from nnviz.core.history import History
from nnviz.core.limits import EARLIER_POINTS, LAYERS, NAME, NODES
from nnviz.core.losses import check_loss
from nnviz.core.names import Names, check_name, quoted, shortened
from nnviz.core.network import Network
from nnviz.core.numbers import LARGEST
from nnviz.core.optimizers import OPTIMIZERS

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
