"""Drawings as inputs of a network whose inputs are the pixels of an image.

A drawing is centred and scaled like the shapes in the rows of the data, such as handwritten digits.
"""

from __future__ import annotations

from math import isqrt
from typing import NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.state import State

MOST_ROWS = 1000
"""Largest number of rows, from the first row on, whose shapes nnviz measures."""
LEAST_INK = 0.25
"""A pixel belongs to a shape if it has more than this share of the ink of a full pixel."""
PEN = 0.65
"""Width of the pen · size of a shape / ink of the shape. With this value, drawn digits are read best."""


class PixelStyle(NamedTuple):
    """How the rows of a data set show shapes in images of `side` · `side` pixels.

    =============== ============================================================================
    `empty`, `full` inputs of empty and of full pixels, shape (inputs,)
    `size`          usual length of the longer side of a shape, in pixels
    `centre`        usual centre of a shape, in pixels: x, y
    `by_mass`       whether the centre is the centre of mass, instead of the middle of the shape
    `pen`           width of a line, in pixels
    =============== ============================================================================
    """

    side: int
    empty: Array
    full: Array
    size: float
    centre: Array
    by_mass: bool
    pen: float

    def placed(self, points: Array, least: float) -> tuple[float, Array]:
        """Return the scale and the offset that map a drawing into the image.

        `points`, shape (points, 2), are evenly spaced on the lines of the drawing. A drawing smaller than
        `least` is scaled as if it had this size.
        """
        low, high = points.min(axis=0), points.max(axis=0)
        scale = (self.size - self.pen) / max(float((high - low).max()), least)
        return scale, self.centre - scale * (points.mean(axis=0) if self.by_mass else (low + high) / 2)


def pixel_style(state: State) -> PixelStyle:
    """Return how the rows of `state` show shapes. Without rows, a shape nearly fills the image.

    Of the centres of mass and the middles of the shapes, the result has those that differ less between rows.
    """
    names, side = state.network.inputs, isqrt(len(state.network.inputs))
    scales = {column.nodes[0]: (column.mean, column.deviation) for column in state.columns}
    mean, deviation = np.array([scales.get(name, (0.0, 1.0)) for name in names]).T
    with np.errstate(all="ignore"):  # differences of extreme inputs overflow
        raw = np.nan_to_num(state.data.inputs[:MOST_ROWS] * deviation + mean)
        low, high = (float(raw.min()), float(raw.max())) if raw.size else (0.0, 1.0)
        ink = np.nan_to_num((raw - low) / ((high - low) or 1.0)).reshape(-1, side, side)
    if ink.size and ink[:, [0, 0, -1, -1], [0, -1, 0, -1]].mean() > 0.5:  # dark shapes on a light ground
        low, high, ink = high, low, 1.0 - ink
    ends = (low - mean) / deviation, (high - mean) / deviation
    ink = ink[ink.max(axis=(1, 2), initial=0.0) > LEAST_INK]
    if not len(ink):
        return PixelStyle(side, *ends, 0.9 * side, np.full(2, side / 2), False, 0.15 * side)
    inside = [(ink > LEAST_INK).any(axis=axis) for axis in (1, 2)]
    first = np.column_stack([each.argmax(axis=1) for each in inside])
    last = side - np.column_stack([each[:, ::-1].argmax(axis=1) for each in inside])
    total, size = ink.sum(axis=(1, 2)), float(np.median((last - first).max(axis=1)))
    mass = np.column_stack([ink.sum(axis=axis) @ (np.arange(side) + 0.5) / total for axis in (1, 2)])
    by_mass = bool(mass.std(axis=0).sum() < ((first + last) / 2).std(axis=0).sum())
    centre = (mass if by_mass else (first + last) / 2).mean(axis=0)
    return PixelStyle(side, *ends, size, centre, by_mass, float(PEN * total.mean() / size))
