"""How the small pictures in the nodes look, decided once for SVG, paper and screen. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.picture.matrix import pixels
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Column, Rect
from nnviz.picture.picture import Picture
from nnviz.picture.small import pixel_side
from nnviz.picture.style import Pixels, Tint, tints

LEAST_WITH_DOT = 24.0
"""In a smaller picture there is no dot for the row, in pixels."""
DOT, LARGEST_DOT, RIM = 0.055, 5.0, 1.2
"""Radius of the dot in sides of its picture, and at most; width of its rim."""
AIR = 0.08
"""Free above and below a curve, in sides of its picture."""


class Dot(NamedTuple):
    """Where the row is in a picture."""

    x: float
    y: float
    radius: float


class Area(NamedTuple):
    """What a curve encloses with 0 on one side of it."""

    corners: Array
    """Shape (corners, 2)."""
    colour: str


def small_values(picture: Picture, column: Column) -> Array | None:
    """Return what the small pictures of a column are of; None without any.

    Shape (nodes, sources) for weights, (nodes, up, across) over a plane, (nodes, across) for curves.
    """
    if not column.picture:
        return None
    if pixel_side(picture.content.network):
        return picture.content.network.layers[column.layer].weights
    functions = picture.content.functions
    return None if functions is None else functions.shares[column.index]


def in_sight(picture: Picture, column: Column) -> range:
    """Return the nodes whose small pictures are drawn."""
    return range(len(column.tops)) if column.across > 1 else column.in_sight(picture.layout.body)


def bar_tints(picture: Picture, column: Column, palette: Palette) -> Iterator[Tint]:
    """Yield what tints the bars under small pictures, if they are too small for the value itself."""
    if not picture.layout.slots[column.index]:
        yield from tints(picture, column, palette)


def is_curve(picture: Picture) -> bool:
    """Tell whether the small pictures are curves, over one input."""
    return len(picture.content.network.inputs) == 1


def sharp(picture: Picture, size: float) -> bool:
    """Tell whether pixels stay apart where a picture is drawn so large, in device pixels."""
    side = pixel_side(picture.content.network)
    return side is not None and size >= side


def small_colours(values: Array, palette: Palette) -> NDArray[np.uint32]:
    """Return the colours of small pictures as 0xffrrggbb, shape (nodes, rows, columns).

    Weights are coloured over the layer's largest, shares as they are.
    """
    largest = None
    if values.ndim == 2:
        side = round(values.shape[1] ** 0.5)
        squares = values.reshape(-1, side, side)
    else:
        largest = 1.0
        squares = values[:, ::-1]  # the second input goes up
    nodes, rows, columns = squares.shape
    return pixels(squares.reshape(nodes * rows, columns), palette, largest).reshape(nodes, rows, columns)


def small_pixels(values: Array, palette: Palette) -> Pixels:
    """Return the same as RGBA, shape (nodes, rows, columns, 4)."""
    colours = small_colours(values, palette)
    return np.stack([(colours >> shift & 255).astype(np.uint8) for shift in (16, 8, 0, 24)], axis=-1)


def areas(values: Array, place: Rect, palette: Palette) -> Iterator[Area]:
    """Yield what a curve with these values, evenly spread over `place`, encloses above 0 and below it."""
    x = place.x + (np.arange(len(values)) + 0.5) / len(values) * place.width
    x[[0, -1]] = place.x, place.right
    y, zero = _heights(values, place)
    for side, colour in ((np.minimum(y, zero), palette.positive), (np.maximum(y, zero), palette.negative)):
        if np.any(side != zero):
            ends = np.array([[place.right, zero], [place.x, zero]])
            yield Area(np.concatenate([np.column_stack((x, side)), ends]), colour)


def zero(values: Array, place: Rect) -> float:
    """Return where 0 stands beside such a curve."""
    return _heights(values, place)[1]


def _heights(values: Array, place: Rect) -> tuple[Array, float]:
    """Return where the values of a curve stand, and where 0 does."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    room, bottom = (1.0 - 2.0 * AIR) * place.height, place.bottom - AIR * place.height
    scale = room / (high - low or 1.0)
    return bottom - (values - low) * scale, bottom + low * scale


def dot(picture: Picture, place: Rect, values: Array) -> Dot | None:
    """Return where the row is in the picture of a node with these values; None where it is outside."""
    content = picture.content
    if content.functions is None or content.trace is None or place.width < LEAST_WITH_DOT:
        return None
    at = [
        (value - low) / (high - low)
        for value, (low, high) in zip(
            content.trace.feeding(0)[0].tolist(), content.functions.section.spans, strict=True
        )
    ]
    if not all(0.0 <= part <= 1.0 for part in at):
        return None
    x = place.x + at[0] * place.width
    if len(at) == 2:
        y = place.bottom - at[1] * place.height
    else:
        heights, _ = _heights(values, place)
        y = float(np.interp(at[0] * len(values) - 0.5, np.arange(len(values)), heights))
    return Dot(x, y, min(max(DOT * place.width, 1.8), LARGEST_DOT))


def ground(palette: Palette) -> str:
    """Return the colour behind a curve, and of what is 0."""
    return palette.canvas


def marks(picture: Picture, address: Address | None) -> Iterator[Rect]:
    """Yield the pixels that are a weight or an input: in the inputs' image, and in the weights' ones."""
    side, columns = pixel_side(picture.content.network), picture.layout.columns
    if address is None or not side:
        return
    if address.kind == "weight" and address.layer == 0:
        nodes, pixel = range(address.node, address.node + 1), address.source
    elif address.kind == "node" and address.layer < 0:
        nodes, pixel = in_sight(picture, columns[1]), address.node
    else:
        return
    yield columns[0].rect(pixel)
    down, right = divmod(pixel, side)
    for node in nodes if columns[1].picture else ():
        place = columns[1].picture_of(node)
        size = place.width / side
        yield Rect(place.x + right * size, place.y + down * size, size, size)


def frame_width(side: float) -> float:
    """Return how wide the line around a small picture is, in pixels."""
    return min(max(0.012 * side, 0.6), 1.2)
