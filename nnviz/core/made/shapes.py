"""The formulas of made rows: each a function of how many rows, how much noise, and where chance comes from.

Inputs have shape (rows, inputs), targets (rows, outputs). Noise is the standard deviation of a normal
distribution; it is added to the target of a function and to the inputs of classes. Rows that a formula gives
in an order are mixed, so that the last ones, which a validation share holds out, are like the others.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from nnviz.core.activations import Array

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
