"""Which colour a label is written and bordered in, and a value is shown as. Knows nothing of Qt."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.picture.draw import Picture
from nnviz.picture.palette import Palette
from nnviz.picture.picture import Label

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


def value_pixels(picture: Picture, column: int, palette: Palette) -> Pixels | None:
    """Return the values of a column as RGBA, shape (nodes, 4): the sign as colour, the size as opacity.

    None without a row. The largest value of the column is opaque; what a walk has not come to is clear.
    """
    trace = picture.numbers.trace
    if trace is None:
        return None
    values = trace.feeding(column)[0]
    colours = np.where((values > 0)[:, None], _rgb(palette.positive), _rgb(palette.negative))
    return _pixels(colours, np.where(picture.hidden("value", column), 0.0, values))


def slope_pixels(picture: Picture, column: int, palette: Palette) -> Pixels | None:
    """Return the slopes of a column's nodes alike, in the slopes' colour. None without slopes."""
    slopes = picture.numbers.slopes
    if slopes is None or column == 0:
        return None
    values = slopes.layers[column - 1].nodes
    colours = np.broadcast_to(_rgb(palette.slope), (len(values), 3))
    return _pixels(colours, np.where(picture.hidden("node_slope", column), 0.0, values))


def _rgb(colour: str) -> list[int]:
    return [int(colour[k : k + 2], 16) for k in (1, 3, 5)]


def _pixels(colours: NDArray[np.int_], values: Array) -> Pixels:
    pixels = np.empty((len(values), 4), dtype=np.uint8)
    pixels[:, :3] = colours
    size = np.abs(values)
    pixels[:, 3] = 255 * size / max(float(size.max()), 1e-300)
    return pixels
