"""Weight matrices and thumbnails as images.

Rows are nodes, columns are their sources. A pixel that covers several weights shows the weight of largest
absolute value. A thumbnail shows a node's function over one or two inputs. If the inputs are pixels, the
thumbnail shows the node's weights in the order of the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.function import coarsest_is_quick
from nnviz.core.network import Network, pixel_side
from nnviz.picture.palette import Palette, rgb
from nnviz.picture.parts import Rect

STEPS = 127
"""Number of colours for the weights of each sign."""
LARGEST_CELL = 140.0, 90.0
"""Largest width and height of a cell, in pixels at interface size 100 %."""
GREY = 0.179
"""Luminance of a background on which black and white text have the same contrast."""


class Cell(NamedTuple):
    """The place of a number in a matrix. In a weight matrix, the row is the node, the column the source."""

    row: int
    column: int


@lru_cache(maxsize=8)
def matrix_colours(palette: Palette) -> NDArray[np.uint32]:
    """Return the colours of weights as 0xffrrggbb, shape (2·STEPS + 1,), the most negative weight first.

    Zero has the canvas colour. The colour's strength grows with the square root of the absolute weight.
    """
    strength = np.sqrt(np.abs(np.arange(-STEPS, STEPS + 1)) / STEPS)[:, None]
    full = np.repeat([rgb(palette.negative), rgb(palette.positive)], [STEPS, STEPS + 1], axis=0)
    mixed = np.rint(np.array(rgb(palette.canvas)) * (1.0 - strength) + full * strength).astype(np.uint32)
    colours: NDArray[np.uint32] = 0xFF000000 | mixed[:, 0] << 16 | mixed[:, 1] << 8 | mixed[:, 2]
    return colours


def weight_colours(weights: Array, palette: Palette, largest: float | None = None) -> NDArray[np.uint32]:
    """Return the colour of each weight as 0xffrrggbb, in the shape of `weights`.

    A weight with the absolute value `largest` has the strongest colour.
    """
    if largest is None:
        largest = max(float(weights.max()), -float(weights.min()))
    steps = weights / (largest or 1.0) * STEPS
    steps += STEPS + 0.5  # rounds, because the cast below truncates
    return matrix_colours(palette)[steps.astype(np.int16)]


def ink_on(pixel: int) -> str:
    """Return black or white as #RRGGBB, whichever has a contrast ≥ 4.5 on the colour `pixel`, 0xffrrggbb."""
    return "#000000" if _luminance((pixel >> 16 & 255, pixel >> 8 & 255, pixel & 255)) > GREY else "#FFFFFF"


def _luminance(colour: tuple[int, int, int]) -> float:
    """Return the relative luminance of a colour, from 0 to 1, as WCAG defines it."""
    parts = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (c / 255 for c in colour))
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def strongest(weights: Array, rows: int, columns: int) -> Array:
    """Return a coarser matrix, shape (rows, columns): the weight of largest absolute value in each block."""
    if (rows, columns) == weights.shape:
        return weights
    return _strongest_along(_strongest_along(weights, rows, 0), columns, 1)


def _strongest_along(weights: Array, blocks: int, axis: int) -> Array:
    """Return the strongest of each block along one axis, member by member: reduceat is ten times slower."""
    borders = _borders(weights.shape[axis], blocks)
    starts, lasts = borders[:-1], borders[1:] - 1
    best: Array = weights.take(starts, axis=axis)
    for member in range(1, int((lasts - starts).max()) + 1):
        other = weights.take(np.minimum(starts + member, lasts), axis=axis)
        np.copyto(best, other, where=np.abs(other) > np.abs(best))
    return best


def _borders(size: int, blocks: int) -> NDArray[np.intp]:
    return np.arange(blocks + 1) * size // blocks


@dataclass(frozen=True)
class MatrixImage:
    """A weight matrix as an image of `rows` by `columns` pixels, stretched over `room`."""

    room: Rect
    nodes: int
    sources: int
    rows: int
    columns: int

    @classmethod
    def fit(cls, room: Rect, shape: tuple[int, int], ratio: float = 1.0, scale: float = 1.0) -> MatrixImage:
        """Return the image of a matrix, centred in `room`.

        `ratio` is the number of device pixels per pixel. A cell is at most `scale` · LARGEST_CELL large.
        """
        nodes, sources = shape
        width = min(room.width, scale * LARGEST_CELL[0] * sources)
        height = min(room.height, scale * LARGEST_CELL[1] * nodes)
        columns, rows = max(1, int(width * ratio)), max(1, int(height * ratio))
        return cls(room.middle(width, height), nodes, sources, min(nodes, rows), min(sources, columns))

    def row(self, node: int) -> Rect:
        """Return the rectangle of a node's weights, one row of the matrix."""
        height = self.room.height / self.nodes
        return Rect(self.room.x, self.room.y + node * height, self.room.width, height)

    def column(self, source: int) -> Rect:
        """Return the rectangle of the weights that start at a source, one column of the matrix."""
        width = self.room.width / self.sources
        return Rect(self.room.x + source * width, self.room.y, width, self.room.height)

    def cell(self, cell: Cell) -> Rect:
        """Return the rectangle of a weight."""
        row, column = self.row(cell.row), self.column(cell.column)
        return Rect(column.x, row.y, column.width, row.height)

    def weight_at(self, x: float, y: float, weights: Array) -> Cell | None:
        """Return the Cell of the strongest weight in the pixel at (x, y), or None outside the image."""
        room = self.room
        if not room.contains(x, y):
            return None
        row = min(int((y - room.y) * self.rows / room.height), self.rows - 1)
        column = min(int((x - room.x) * self.columns / room.width), self.columns - 1)
        top, bottom = _borders(self.nodes, self.rows)[row : row + 2]
        left, right = _borders(self.sources, self.columns)[column : column + 2]
        block = np.abs(weights[top:bottom, left:right])
        node, source = divmod(int(block.argmax()), block.shape[1])
        return Cell(int(top) + node, int(left) + source)


NO_THUMBNAILS = "Thumbnails need a network with one or two inputs, or with a square of at least 8 × 8 inputs"
TOO_LARGE = "This network is too large for thumbnails: drawing them takes too long while the weights change"


def thumbnail_columns(network: Network) -> range:
    """Return the indices of the columns whose nodes can have thumbnails; the inputs are column 0."""
    if pixel_side(network):
        return range(1, 2)
    return range(len(network.sizes)) if len(network.inputs) <= 2 and coarsest_is_quick(network) else range(0)


def shows_functions(network: Network) -> bool:
    """Return whether the thumbnails show node functions instead of weights."""
    return bool(thumbnail_columns(network)) and not pixel_side(network)


def why_no_thumbnails(network: Network) -> str:
    """Return the reason why the nodes cannot have thumbnails, or "" if some nodes can."""
    if thumbnail_columns(network):
        return ""
    return TOO_LARGE if len(network.inputs) <= 2 else NO_THUMBNAILS
