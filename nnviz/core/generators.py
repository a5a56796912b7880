"""Generators of example data sets: classes in two dimensions, and functions with noise.

Inputs have shape (rows, inputs), targets (rows, outputs). The argument `noise` is the standard deviation of
normal noise, which is added to the targets of a function or to the inputs of classes. Rows that are generated
in order are shuffled, so that the last rows can be used for validation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import default_nodes
from nnviz.core.formula import formula, quoted_name
from nnviz.core.network import Network
from nnviz.core.numbers import ROWS, as_text, counted, full, list_text
from nnviz.core.state import Dataset, State, Training

Points: TypeAlias = tuple[Array, Array]
"""(inputs, targets), shapes (rows, inputs) and (rows, outputs)."""

INNER = 0.5
"""Radius of the inner circle, called `factor` in scikit-learn; the outer radius is 1."""
TURNS, NEAREST = 1.25, 0.1
"""TURNS: number of turns of an arm of the spiral. NEAREST: smallest radius of an arm; the largest is 1."""
CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def points_of(text: str, low: float, high: float) -> Callable[[int, float, np.random.Generator], Points]:
    """Return a function that makes points of the formula `text`, for inputs from `low` to `high`.

    A single input has equally spaced values, several inputs have random values.
    """
    own = formula(text)

    def make(rows: int, noise: float, rng: np.random.Generator) -> Points:
        x = np.linspace(low, high, rows)[:, None]
        if len(own.names) > 1:
            x = rng.uniform(low, high, (rows, len(own.names)))
        y = own.finite(dict(zip(own.names, x.T, strict=True)))[:, None]
        return _mixed(x, _noisy(y, noise, rng), rng)

    return make


def xor(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return the corners (0, 0), (0, 1), (1, 0), (1, 1) in turn, with target 1 if exactly one input is 1."""
    corners = CORNERS[np.arange(rows) % 4]
    return _noisy(corners, noise, rng), (corners.sum(axis=1) == 1.0).astype(float)[:, None]


def circles(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return points on two circles around (0, 0): radius 1 with target 0, and radius 0.5 with target 1.

    The angles are equally spaced and start at 0, as in scikit-learn's `make_circles(factor=0.5)`.
    """
    outer, inner = (2.0 * np.pi * np.arange(n) / n for n in _halves(rows))
    return _classes(_around(outer, 1.0), _around(inner, INNER), noise, rng)


def moons(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return points on two half circles: (cos t, sin t) with target 0, (1 − cos t, ½ − sin t) with target 1.

    The values of t are equally spaced from 0 to π, as in scikit-learn's `make_moons`.
    """
    upper, lower = (np.linspace(0.0, np.pi, n) for n in _halves(rows))
    return _classes(_around(upper, 1.0), [1.0, 0.5] - _around(lower, 1.0), noise, rng)


def spiral(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return points on the two arms of a spiral, the second rotated by half a turn, with targets 0 and 1.

    The points are r·(cos t, sin t), with equally spaced r from 0.1 to 1 and t from 0 to 1¼ turns, as in
    TensorFlow Playground with another number of turns.
    """
    arms = []
    for n, start in zip(_halves(rows), (0.0, np.pi), strict=True):
        share = np.linspace(0.0, 1.0, n)
        angles = start + 2.0 * np.pi * TURNS * share
        arms.append(_around(angles, (NEAREST + (1.0 - NEAREST) * share)[:, None]))
    return _classes(arms[0], arms[1], noise, rng)


def blobs(rows: int, noise: float, rng: np.random.Generator) -> Points:
    """Return normally distributed points around the three corners of a triangle, with one-hot targets.

    The triangle is equilateral. Its corners are at distance 1 from (0, 0), the first corner on top. The rows
    belong to the three corners in turn.
    """
    cloud = np.arange(rows) % 3
    centres = _around(np.pi / 2 + 2.0 * np.pi * cloud / 3, 1.0)
    return _noisy(centres, noise, rng), np.eye(3)[cloud]


def _around(angles: Array, distance: float | Array) -> Array:
    """Return the points at these angles and distances from (0, 0), shape (rows, 2)."""
    return distance * np.column_stack([np.cos(angles), np.sin(angles)])


def _halves(rows: int) -> tuple[int, int]:
    """Return the numbers of rows of the first and the second class."""
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
"""Rows are drawn from `default_rng([seed, STREAM])`; weights and batches use other streams of the seed."""
FEW = 20
"""With fewer generated rows than this number, no rows are used for validation."""
MOST_NOISE = 100.0
"""Largest noise. Noise of this size already hides the formula of the rows completely."""


def check_rows(rows: int) -> None:
    """Raise ValueError unless the number of rows is from 1 to the limit `ROWS`."""
    if rows < 1:
        raise ValueError("expected a whole number, at least 1")
    ROWS.check(rows)


def check_noise(noise: float) -> None:
    """Raise ValueError unless noise is a number from 0 to MOST_NOISE."""
    if not 0.0 <= noise <= MOST_NOISE:
        raise ValueError(f"expected a number from 0 to {as_text(MOST_NOISE)}")


@dataclass(frozen=True)
class Kind:
    """A kind of generated rows, and a network that can learn the rows.

    ============ ==========================================================================
    `title`      the name of the kind in the window
    `line`       sentences on the rows and on what they teach
    `formula`    sentences on how the rows are computed, in Markdown
    `make`       `make(rows, noise, rng)` returns (inputs, targets)
    `rows`       the default number of rows
    `noise`      the default noise, as a standard deviation
    `hidden`     the number of nodes of each hidden layer of the network
    `output`     the activation of the output layer
    `training`   the training settings
    ============ ==========================================================================
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
    training: Training
    hidden: tuple[int, ...] = (8,)
    output: str = "sigmoid"

    def data(self, rows: int, noise: float, seed: int) -> Dataset:
        """Return generated rows. Equal arguments give equal rows.

        Raises ValueError if the number of rows or the noise is invalid.
        """
        check_rows(rows)
        check_noise(noise)
        return Dataset(*self.make(rows, noise, np.random.default_rng([seed, STREAM])))

    def fits(self, state: State) -> bool:
        """Return whether the network of a State needs as many inputs and outputs as the rows of this kind.

        Inputs that a formula computes are not needed.
        """
        needed = len(state.columns.entered), len(state.network.outputs)
        return needed == (len(self.inputs), len(self.outputs))

    def network(self) -> Network:
        """Return the network that suits this kind: tanh in hidden layers, biases of 0 and random weights."""
        count = len(self.hidden) + 1
        hidden = [(default_nodes(k, count, size), "tanh") for k, size in enumerate(self.hidden)]
        return Network.random(self.inputs, [*hidden, (self.outputs, self.output)], self.training.seed)

    def state(self, rows: int, noise: float, seed: int) -> State:
        """Return a State with generated rows, a network that suits the rows, and notes about both."""
        numbers = f"{counted(rows, 'row')}, noise {as_text(noise)} (a standard deviation) and seed {seed}"
        then = f"The network can learn {counted(self.rows, 'row')} with noise {as_text(self.noise)}."
        if self.name == TYPED:  # nobody knows whether the network can learn it
            then = "Then choose Wide range in the menu of Function: there, the network extrapolates."
        change = "More noise or fewer nodes make" if self.hidden else "More noise makes"
        notes = (
            f"{self.line}\n\n{self.formula} The noise has a normal distribution.\n\nThe data has {numbers}."
            f"\n\n**Try:** Press Run. {then} {change} the task harder.\n"
        )
        training = self.training if rows >= FEW else replace(self.training, validation=0.0)
        return State(self.network(), self.data(rows, noise, seed), training, name=self.title, notes=notes)


_ADAM = Training(learning_rate=0.05, updates=500, optimizer="adam")
_CLASSES = replace(_ADAM, loss="cross_entropy", validation=0.2)
_of_x = partial(Kind, inputs=("x",), outputs=("y",), output="identity")
_of_two = partial(Kind, inputs=("x_0", "x_1"), outputs=("output",), rows=200, training=_CLASSES)

TYPED = "formula"
"""Name of the kind of rows for which a person types a formula."""


def formula_kind(text: str = "y = x**3 - 3*x", low: float = -2.0, high: float = 2.0) -> Kind:
    """Return the kind of rows whose targets follow a typed formula; its names become the inputs.

    A single input has equally spaced values from `low` to `high`, several inputs have random values. Raises
    ValueError for a bad formula or range.
    """
    left, _, right = text.rpartition("=")
    own, target = formula(right.rjust(len(text))), left.strip() or "y"  # messages count all characters
    if quoted_name(target.strip("`")) != target or target.strip("`") in own.names:
        raise ValueError("formula, character 1: expected another name before the equals sign, such as y")
    if not low < high:
        raise ValueError(f"the range goes from {full(low)} to {full(high)}: expected a higher end")

    code = "``" if "`" in text else "`"  # the notes are Markdown
    shown = f"{code}{target} = {right.strip()}{code}"
    values, names = "equally spaced" if len(own.names) == 1 else "random", list_text(own.names)
    return _of_x(
        TYPED,
        "Formula",
        "The targets follow a formula that you type. Outside the range, the network has to guess.",
        f"{shown} for {values} {names} from {as_text(low)} to {as_text(high)}. Noise is added to {target}.",
        points_of(own.text, low, high),
        inputs=own.names,
        outputs=(target.strip("`"),),
        rows=60,
        noise=0.1,
        training=replace(_ADAM, learning_rate=0.02, updates=1000),
    )


KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        _of_x(
            "line",
            "Line",
            "One input; the targets are on a line, so one weight and one bias are enough.",
            "y = 2·x − 1 for equally spaced x from −1 to 1. Noise is added to y.",
            points_of("2*x - 1", -1.0, 1.0),
            rows=20,
            noise=0.1,
            hidden=(),
            training=Training(learning_rate=0.1, updates=100),
        ),
        _of_x(
            "curve",
            "Curve",
            "One input; the targets are on a wave, so the network needs hidden nodes to fit the wave.",
            "y = sin(π·x) for equally spaced x from −1 to 1. Noise is added to y.",
            points_of(f"sin({np.pi}*x)", -1.0, 1.0),
            rows=40,
            noise=0.05,
            training=replace(_ADAM, learning_rate=0.02, updates=1000),
        ),
        _of_two(
            "xor",
            "Exclusive or",
            "Two inputs; each class has two opposite corners, so no straight line separates the classes.",
            "The rows are the corners (0, 0), (0, 1), (1, 0), (1, 1) in turn, with targets 0, 1, 1 and 0. "
            "Noise is added to the inputs; 4 rows without noise are the truth table of exclusive or.",
            xor,
            noise=0.1,
            hidden=(4,),
            training=replace(_CLASSES, validation=0.0),
        ),
        _of_two(
            "circles",
            "Two circles",
            "Two inputs; the rows of one class surround the rows of the other class.",
            "The rows with target 0 are on a circle of radius 1, the rows with target 1 on a circle "
            "of radius 0.5, as in scikit-learn's `make_circles(factor=0.5)`. Noise is added to the inputs.",
            circles,
            noise=0.1,
        ),
        _of_two(
            "moons",
            "Two moons",
            "Two inputs; the two classes are half circles that interlock.",
            "The rows with target 0 are at (cos t, sin t), the rows with target 1 at (1 − cos t, ½ − sin t), "
            "for t from 0 to π, as in scikit-learn's `make_moons`. Noise is added to the inputs.",
            moons,
            noise=0.1,
        ),
        _of_two(
            "spiral",
            "Spiral",
            "Two inputs; two classes wind around each other, so the network needs two hidden layers.",
            "Each class is an arm r·(cos t, sin t), for r from 0.1 to 1 and t from 0 to 1¼ turns; the second "
            "arm is rotated by half a turn. Noise is added to the inputs.",
            spiral,
            noise=0.02,
            hidden=(16, 16),
            training=replace(_CLASSES, learning_rate=0.02, updates=1000),
        ),
        _of_two(
            "blobs",
            "Three blobs",
            "Two inputs; three classes are clouds of points, so the network has softmax with three outputs.",
            "Each cloud surrounds a corner of an equilateral triangle. Each corner is 1 away from (0, 0). "
            "The noise is the standard deviation of the points in a cloud.",
            blobs,
            outputs=("blob_0", "blob_1", "blob_2"),
            rows=150,
            noise=0.3,
            hidden=(),
            output="softmax",
            training=replace(_CLASSES, learning_rate=0.1, updates=300),
        ),
        formula_kind(),
    )
}
"""Every kind by name, in the order of the dialog."""
