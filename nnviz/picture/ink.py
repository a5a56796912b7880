"""Which colour a label is written and bordered in, and a value is shown as. Knows nothing of Qt."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.picture.palette import Palette, rgb
from nnviz.picture.parts import Label
from nnviz.picture.picture import Picture

Pixels: TypeAlias = NDArray[np.uint8]


def ink(label: Label, palette: Palette) -> str:
    """Return the colour of a label's text. An error of exactly 0 is no error."""
    if label.style == "slope":
        return palette.slope
    if label.style == "node_slope":
        return palette.on_slope
    if label.style == "error":
        return palette.error if label.value else palette.ink
    if label.role == "output":
        return palette.on_output
    return palette.ink if label.style in {"pill", "value"} else palette.muted


def border(label: Label, palette: Palette) -> str:
    """Return the colour around a pill: its number's sign."""
    if not label.value:
        return palette.zero
    return palette.positive if label.value > 0 else palette.negative


def value_strengths(picture: Picture, column: int) -> Array | None:
    """Return the values of a column over the largest without sign, shape (nodes,). None without a row.

    What a walk has not come to is 0.
    """
    trace = picture.numbers.trace
    return None if trace is None else _strengths(trace.feeding(column)[0], picture.hidden("value", column))


def slope_strengths(picture: Picture, column: int) -> Array | None:
    """Return the slopes of a column's nodes alike. None without slopes."""
    slopes = picture.numbers.slopes
    if slopes is None or column == 0:
        return None
    return _strengths(slopes.layers[column - 1].nodes, picture.hidden("node_slope", column))


def _strengths(values: Array, hidden: NDArray[np.bool_]) -> Array:
    strengths: Array = np.nan_to_num(np.where(hidden, 0.0, values))  # what is beyond any number is largest
    return strengths / max(float(np.abs(strengths).max()), 1e-300)


def value_pixels(picture: Picture, column: int, palette: Palette) -> Pixels | None:
    """Return the values of a column as RGBA, shape (nodes, 4): the sign as colour, the size as opacity."""
    strengths = value_strengths(picture, column)
    return None if strengths is None else _pixels(strengths, palette.positive, palette.negative)


def slope_pixels(picture: Picture, column: int, palette: Palette) -> Pixels | None:
    """Return the slopes of a column's nodes alike, in the slopes' colour."""
    strengths = slope_strengths(picture, column)
    return None if strengths is None else _pixels(strengths, palette.slope, palette.slope)


def _pixels(strengths: Array, positive: str, negative: str) -> Pixels:
    pixels = np.empty((len(strengths), 4), dtype=np.uint8)
    pixels[:, :3] = np.where((strengths > 0)[:, None], rgb(positive), rgb(negative))
    pixels[:, 3] = 255 * np.abs(strengths)
    return pixels
