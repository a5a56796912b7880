"""The kinds of made rows: one entry each, with the network that suits it. Knows nothing of windows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise

import numpy as np

from nnviz.core.address import default_nodes
from nnviz.core.limits import ROWS
from nnviz.core.losses import loss_of
from nnviz.core.made import shapes
from nnviz.core.made.shapes import Points
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import counted, shown
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State

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
            shapes.line,
            rows=20,
            noise=0.1,
            suits=Suiting((), "identity", "identity", Training(learning_rate=0.1, updates=100)),
        ),
        _of_x(
            "curve",
            "Curve",
            "One input, one target on a wave: hidden nodes bend the line.",
            "y = sin(π·x), x from −1 to 1 at equal distances. Noise is added to y.",
            shapes.curve,
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
            shapes.xor,
            noise=0.1,
            suits=Suiting((4,), "tanh", "sigmoid", replace(_CLASSES, validation=0.0)),
        ),
        _of_two(
            "circles",
            "Two circles",
            "Two inputs, two classes, one around the other.",
            "Half of the rows on a circle of radius 1, target 0, the others on one of radius 0.5, target 1, "
            "as scikit-learn's `make_circles(factor=0.5)`. Noise is added to the inputs.",
            shapes.circles,
            noise=0.1,
            suits=Suiting((8,), "tanh", "sigmoid", _CLASSES),
        ),
        _of_two(
            "moons",
            "Two moons",
            "Two inputs, two classes that reach into each other.",
            "Half of the rows at (cos t, sin t), target 0, the others at (1 − cos t, ½ − sin t), target 1, t "
            "from 0 to π, as scikit-learn's `make_moons`. Noise is added to the inputs.",
            shapes.moons,
            noise=0.1,
            suits=Suiting((8,), "tanh", "sigmoid", _CLASSES),
        ),
        _of_two(
            "spiral",
            "Spiral",
            "Two inputs, two classes wound around each other: hard, for two hidden layers.",
            "Two arms r·(cos t, sin t), the second turned by half a turn, r from 0.1 to 1, t from 0 to 1¼ "
            "turns. Noise is added to the inputs.",
            shapes.spiral,
            noise=0.02,
            suits=Suiting((16, 16), "tanh", "sigmoid", replace(_CLASSES, learning_rate=0.02, updates=1000)),
        ),
        _of_two(
            "blobs",
            "Three blobs",
            "Two inputs, three classes in clouds: softmax with three outputs.",
            "Clouds around three corners of an equal-sided triangle, each at distance 1 from (0, 0). Noise "
            "is the size of the clouds.",
            shapes.blobs,
            outputs=("blob_0", "blob_1", "blob_2"),
            rows=150,
            noise=0.3,
            suits=Suiting((), "identity", "softmax", replace(_CLASSES, learning_rate=0.1, updates=300)),
        ),
    )
}
"""Every kind by its name, in the order of the dialog."""
