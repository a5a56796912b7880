"""Generators of example datasets: shapes with classes, functions with noise.

Inputs have shape (rows, inputs), targets (rows, outputs). Noise is the standard deviation of a normal
distribution; it is added to the target of a function and to the inputs of classes. Rows that a formula gives
in order are shuffled, so that the last rows, which a validation split takes, are like the others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import default_nodes
from nnviz.core.losses import loss_of
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import ROWS, counted, shown
from nnviz.core.state import Dataset, State, Training

Points: TypeAlias = tuple[Array, Array]
"""Inputs and targets."""

INNER = 0.5
"""Radius of the inner of two circles, as scikit-learn's `factor`; the outer one has 1."""
TURNS, NEAREST = 1.25, 0.1
"""How often an arm of the spiral goes around, and how near to the middle it begins; it ends at 1."""
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def line(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return y = 2·x − 1, x from −1 to 1 at equal distances."""
    x = np.linspace(-1.0, 1.0, rows)
    return _mixed(x[:, None], _noisy((2.0 * x - 1.0)[:, None], noise, rng), rng)


def curve(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return y = sin(π·x), x from −1 to 1 at equal distances."""
    x = np.linspace(-1.0, 1.0, rows)
    return _mixed(x[:, None], _noisy(np.sin(np.pi * x)[:, None], noise, rng), rng)


def xor(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return the corners (0, 0), (0, 1), (1, 0), (1, 1) in turn; the target is 1 where one is."""
    corners = CORNERS[np.arange(rows) % 4]
    return _noisy(corners, noise, rng), (corners.sum(axis=1) == 1.0).astype(float)[:, None]


def circles(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return half of the rows around (0, 0) at distance 1, target 0; the others at 0.5, target 1.

    As scikit-learn's `make_circles(factor=0.5)`: at equal angles from 0 on.
    """
    outer, inner = (2.0 * np.pi * np.arange(n) / n for n in _halves(rows))
    return _classes(_around(outer, 1.0), _around(inner, INNER), noise, rng)


def moons(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return half of the rows at (cos t, sin t), target 0; the others at (1 − cos t, ½ − sin t), target 1.

    As scikit-learn's `make_moons`: t from 0 to π at equal distances.
    """
    upper, lower = (np.linspace(0.0, np.pi, n) for n in _halves(rows))
    return _classes(_around(upper, 1.0), [1.0, 0.5] - _around(lower, 1.0), noise, rng)


def spiral(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return two arms from the middle outwards, the second turned by half a turn; targets 0 and 1.

    At r·(cos t, sin t), r from 0.1 to 1 and t from 0 to 1¼ turns, both at equal distances: that of TensorFlow
    Playground, with another number of turns.
    """
    arms = []
    for n, start in zip(_halves(rows), (0.0, np.pi), strict=True):
        along = np.linspace(0.0, 1.0, n)
        turned = start + 2.0 * np.pi * TURNS * along
        arms.append(_around(turned, (NEAREST + (1.0 - NEAREST) * along)[:, None]))
    return _classes(arms[0], arms[1], noise, rng)


def blobs(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return normal clouds at three corners of an equal-sided triangle around (0, 0).

    They are at distance 1 from there, the first one on top, and come in turn. Of three targets that of the
    row's cloud is 1.
    """
    cloud = np.arange(rows) % 3
    centres = _around(np.pi / 2 + 2.0 * np.pi * cloud / 3, 1.0)
    return _noisy(centres, noise, rng), np.eye(3)[cloud]


def _around(angles: Array, distance: float | Array) -> Array:
    """Return the points at these angles around (0, 0), shape (rows, 2)."""
    return distance * np.column_stack([np.cos(angles), np.sin(angles)])


def _halves(rows: int) -> tuple[int, int]:
    """Return how many rows the first and the second class have."""
    return rows // 2, rows - rows // 2


def _classes(first: Array, second: Array, noise: float, rng: np.random.Generator) -> Points:
    targets = np.repeat([0.0, 1.0], [len(first), len(second)])
    return _mixed(_noisy(np.concatenate([first, second]), noise, rng), targets[:, None], rng)


def _noisy(values: Array, noise: float, rng: np.random.Generator) -> Array:
    return values + noise * rng.standard_normal(values.shape)


def _mixed(inputs: Array, targets: Array, rng: np.random.Generator) -> Points:
    order = rng.permutation(len(inputs))
    return inputs[order], targets[order]


STREAM = 3
"""Rows come from `default_rng([seed, STREAM])`; random weights and batches have other streams of a seed."""
FEW = 20
"""Of fewer rows none is kept for validation."""
MOST_NOISE = 100.0
"""More noise than this leaves nothing of any formula."""


def check_rows(rows: int) -> None:
    """Raise ValueError where no so many rows can be made."""
    if rows < 1:
        raise ValueError("expected a whole number from 1 on")
    ROWS.check(rows)


def check_noise(noise: float) -> None:
    """Raise ValueError for what is no noise."""
    if not 0.0 <= noise <= MOST_NOISE:
        raise ValueError(f"expected a number from 0 to {shown(MOST_NOISE)}")


@dataclass(frozen=True)
class Suiting:
    """A network that learns a kind of rows: nodes of each hidden layer, activations, settings of a run."""

    hidden: tuple[int, ...]
    activation: str
    output: str
    training: Training

    def network(self, inputs: tuple[str, ...], outputs: tuple[str, ...]) -> Network:
        """Return it for these names, with biases, at the random start of its seed."""
        sizes = (len(inputs), *self.hidden, len(outputs))
        last = len(sizes) - 2
        layers = [
            Layer(
                outputs if k == last else default_nodes(k, last + 1, size),
                self.output if k == last else self.activation,
                np.zeros((size, before)),
                np.zeros(size),
            )
            for k, (before, size) in enumerate(pairwise(sizes))
        ]
        return Network(inputs, layers).randomised(self.training.seed)

    def in_words(self, network: Network) -> str:
        """Return "2-8-1, tanh and sigmoid; MSE, adam 0.05, 500 updates" of a network of this kind."""
        sizes = "-".join(map(str, network.sizes))
        functions = f"{self.activation} and {self.output}" if self.hidden else self.output
        run, rule = self.training, self.training.optimizer.replace("_", " ")
        how = f"{rule} {shown(run.learning_rate)}, {counted(run.updates, 'update')}"
        return f"{sizes}, {functions}; {loss_of(run.loss, self.output).word}, {how}"


@dataclass(frozen=True)
class Kind:
    """Rows that a formula makes.

    ========== ==========================================================================
    `title`    what the window calls it
    `line`     what it is and what it teaches, in a sentence
    `formula`  how the rows come about, in Markdown
    `make`     (rows, noise, generator) → inputs, targets
    `rows`     how many are proposed
    `noise`    how much is proposed, as a standard deviation
    `suits`    the network that learns it by its own settings
    ========== ==========================================================================
    """

    name: str
    title: str
    line: str
    formula: str
    make: Callable[[int, float, np.random.Generator], Points] = field(repr=False)
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rows: int
    noise: float
    suits: Suiting

    def data(self, rows: int, noise: float, seed: int) -> Dataset:
        """Make rows. The same numbers give the same rows. Raises ValueError where one cannot be."""
        check_rows(rows)
        check_noise(noise)
        return Dataset(*self.make(rows, noise, np.random.default_rng([seed, STREAM])))

    def fits(self, network: Network) -> bool:
        """Tell whether a network takes as many inputs and gives as many outputs."""
        return (network.sizes[0], network.sizes[-1]) == (len(self.inputs), len(self.outputs))

    def network(self) -> Network:
        """Return the network that suits it, at its random start."""
        return self.suits.network(self.inputs, self.outputs)

    def state(self, rows: int, noise: float, seed: int) -> State:
        """Return made rows with the network that suits them, and notes that say how both came about."""
        network = self.network()
        numbers = f"{counted(rows, 'row')}, noise {shown(noise)}, seed {seed}"
        suits = f"{counted(self.rows, 'row')} with noise {shown(self.noise)}"
        fewer = ", or fewer nodes," if len(network.layers) > 1 else ""
        notes = (
            f"{self.line}\n\n{self.formula} Noise is normal; its size is a standard deviation.\n\nMade with "
            f"{numbers}.\n\n**Try:** press Run. These settings learn {suits}; more noise{fewer} makes it "
            "harder.\n"
        )
        training = self.suits.training if rows >= FEW else replace(self.suits.training, validation=0.0)
        return State(network, self.data(rows, noise, seed), training, name=self.title, notes=notes)


_ADAM = Training(learning_rate=0.05, updates=500, optimizer="adam")
_CLASSES = replace(_ADAM, loss="cross_entropy", validation=0.2)
_of_x = partial(Kind, inputs=("x",), outputs=("y",))
_of_two = partial(Kind, inputs=("x_0", "x_1"), outputs=("output",), rows=200)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _of_x(
            "line",
            "Line",
            "One input, one target on a line: one weight and one bias find it.",
            "y = 2·x − 1, x from −1 to 1 at equal distances. Noise is added to y.",
            line,
            rows=20,
            noise=0.1,
            suits=Suiting((), "identity", "identity", Training(learning_rate=0.1, updates=100)),
        ),
        _of_x(
            "curve",
            "Curve",
            "One input, one target on a wave: hidden nodes bend the line.",
            "y = sin(π·x), x from −1 to 1 at equal distances. Noise is added to y.",
            curve,
            rows=40,
            noise=0.05,
            suits=Suiting((8,), "tanh", "identity", replace(_ADAM, learning_rate=0.02, updates=1000)),
        ),
        _of_two(
            "xor",
            "Exclusive or",
            "Two inputs, two classes at opposite corners: no line parts them.",
            "The corners (0, 0), (0, 1), (1, 0), (1, 1) in turn; the target is 1 where one of the two is 1. "
            "Noise is added to the inputs; 4 rows without noise are the table of exclusive or.",
            xor,
            noise=0.1,
            suits=Suiting((4,), "tanh", "sigmoid", replace(_CLASSES, validation=0.0)),
        ),
        _of_two(
            "circles",
            "Two circles",
            "Two inputs, two classes, one around the other.",
            "Half of the rows on a circle of radius 1, target 0, the others on one of radius 0.5, target 1, "
            "as scikit-learn's `make_circles(factor=0.5)`. Noise is added to the inputs.",
            circles,
            noise=0.1,
            suits=Suiting((8,), "tanh", "sigmoid", _CLASSES),
        ),
        _of_two(
            "moons",
            "Two moons",
            "Two inputs, two classes that reach into each other.",
            "Half of the rows at (cos t, sin t), target 0, the others at (1 − cos t, ½ − sin t), target 1, t "
            "from 0 to π, as scikit-learn's `make_moons`. Noise is added to the inputs.",
            moons,
            noise=0.1,
            suits=Suiting((8,), "tanh", "sigmoid", _CLASSES),
        ),
        _of_two(
            "spiral",
            "Spiral",
            "Two inputs, two classes wound around each other: hard, for two hidden layers.",
            "Two arms r·(cos t, sin t), the second turned by half a turn, r from 0.1 to 1, t from 0 to 1¼ "
            "turns. Noise is added to the inputs.",
            spiral,
            noise=0.02,
            suits=Suiting((16, 16), "tanh", "sigmoid", replace(_CLASSES, learning_rate=0.02, updates=1000)),
        ),
        _of_two(
            "blobs",
            "Three blobs",
            "Two inputs, three classes in clouds: softmax with three outputs.",
            "Clouds around three corners of an equal-sided triangle, each at distance 1 from (0, 0). Noise "
            "is the size of the clouds.",
            blobs,
            outputs=("blob_0", "blob_1", "blob_2"),
            rows=150,
            noise=0.3,
            suits=Suiting((), "identity", "softmax", replace(_CLASSES, learning_rate=0.1, updates=300)),
        ),
    )
}
"""Every kind by its name, in the order of the dialog."""
