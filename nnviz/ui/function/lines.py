"""Where a decision changes in the picture of a function, as lines with gaps. Knows nothing of Qt."""

from __future__ import annotations

import contourpy
import numpy as np

from nnviz.core.activations import Array
from nnviz.core.function import Picture

MOST_POINTS = 20_000
"""Of a finer picture not every point is taken: a line between them is as true to a pixel."""


def level_line(picture: Picture, output: int, level: float) -> Array:
    """Return where an output has a level, shape (points, 2): across, up; NaN between two lines."""
    step = _step(picture)
    return _zeros(picture, picture.prediction[::step, ::step, output] - level, step)


def class_lines(picture: Picture) -> Array:
    """Return where another output is the largest, shape (points, 2): across, up; NaN between two lines."""
    step = _step(picture)
    shares = picture.prediction[::step, ::step]
    winner = shares.argmax(axis=-1)
    second, largest = np.moveaxis(np.partition(shares, -2, axis=-1)[..., -2:], -1, 0)
    lines = []
    for k in np.unique(winner)[:-1].tolist():  # the last one ends where the others begin
        margin = np.where(winner == k, largest - second, shares[..., k] - largest)
        lines.append(_zeros(picture, margin, step))
    return np.concatenate(lines) if lines else np.empty((0, 2))


def _step(picture: Picture) -> int:
    return max(1, int(np.sqrt(picture.prediction[..., 0].size / MOST_POINTS)))


def _zeros(picture: Picture, heights: Array, step: int) -> Array:
    across, up = (values[::step] for values in picture.values)
    if min(len(across), len(up)) < 2:
        return np.empty((0, 2))
    contours = contourpy.contour_generator(
        across,
        up,
        np.ma.masked_invalid(heights),
        name="serial",
        line_type=contourpy.LineType.ChunkCombinedNan,
    )
    (points,) = contours.lines(0.0)[0]
    if points is None:
        return np.empty((0, 2))
    return np.concatenate([points, [[np.nan, np.nan]]])
