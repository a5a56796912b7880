"""Weight matrices and thumbnails of node functions as images.

Rows are nodes, columns their sources. A pixel that stands for several weights shows the largest in size. Over
one or two inputs a thumbnail shows a node's function; if the inputs are pixels, it shows the node's weights
in the order of the pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, isqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.function import few_inputs, quick
from nnviz.core.network import Network
from nnviz.picture.palette import Palette, rgb
from nnviz.picture.parts import Rect

STEPS = 127
"""Shades of either sign."""
LARGEST_CELL = 150.0, 56.0
"""Width and height of a weight's cell, at most."""
LARGEST_TILE = 120.0
GAP = 4.0
"""Between two tiles."""
MOST_TILES = 400
EVEN = 0.179
"""The luminance on which black and white are read equally well."""


class Cell(NamedTuple):
    """A weight: the node that it feeds and its source, both counted in their layers."""

    node: int
    source: int


@lru_cache(maxsize=8)
def shades(palette: Palette) -> NDArray[np.uint32]:
    """Return the colours from the most negative weight to the most positive as 0xffrrggbb, canvas at zero.

    The strength is the root of the share, as on edges. Shape (2·STEPS + 1,).
    """
    strength = np.sqrt(np.abs(np.arange(-STEPS, STEPS + 1)) / STEPS)[:, None]
    full = np.repeat([rgb(palette.negative), rgb(palette.positive)], [STEPS, STEPS + 1], axis=0)
    mixed = np.rint(np.array(rgb(palette.canvas)) * (1.0 - strength) + full * strength).astype(np.uint32)
    colours: NDArray[np.uint32] = 0xFF000000 | mixed[:, 0] << 16 | mixed[:, 1] << 8 | mixed[:, 2]
    return colours


def pixels(weights: Array, palette: Palette, largest: float | None = None) -> NDArray[np.uint32]:
    """Return the colour of each weight, the `largest` in full; 0xffrrggbb, of the shape of `weights`."""
    if largest is None:
        largest = max(float(weights.max()), -float(weights.min()))
    steps = weights / (largest or 1.0) * STEPS
    steps += STEPS + 0.5  # rounds: what is cast below is cut off
    colours: NDArray[np.uint32] = shades(palette)[steps.astype(np.int16)]
    return colours


def ink_on(pixel: int) -> str:
    """Return black or white, in which a text has a contrast of 4.5 to 1 on any pixel 0xffrrggbb."""
    return "#000000" if _luminance((pixel >> 16 & 255, pixel >> 8 & 255, pixel & 255)) > EVEN else "#FFFFFF"


def _luminance(colour: tuple[int, int, int]) -> float:
    """Return the relative luminance of a colour, from 0 to 1, as WCAG defines it."""
    parts = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (c / 255 for c in colour))
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


def strongest(weights: Array, rows: int, columns: int) -> Array:
    """Return the strongest weight of each block when `weights` is cut into `rows` by `columns` blocks."""
    if (rows, columns) == weights.shape:
        return weights
    return _along(_along(weights, rows, 0), columns, 1)


def _along(weights: Array, blocks: int, axis: int) -> Array:
    """Return the strongest of each block along one axis, member by member: reduceat is ten times as slow."""
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
    """The matrix as one image of `rows` by `columns` pixels over `room`."""

    room: Rect
    nodes: int
    sources: int
    rows: int
    columns: int

    @classmethod
    def over(cls, room: Rect, shape: tuple[int, int], ratio: float = 1.0) -> MatrixImage:
        """Return the sheet of a matrix of `shape` in `room`; `ratio`: device pixels a pixel."""
        nodes, sources = shape
        width = min(room.width, LARGEST_CELL[0] * sources)
        height = min(room.height, LARGEST_CELL[1] * nodes)
        columns, rows = max(1, int(width * ratio)), max(1, int(height * ratio))
        return cls(room.middle(width, height), nodes, sources, min(nodes, rows), min(sources, columns))

    def row(self, node: int) -> Rect:
        """Return the place of a node's weights."""
        height = self.room.height / self.nodes
        return Rect(self.room.x, self.room.y + node * height, self.room.width, height)

    def column(self, source: int) -> Rect:
        """Return the place of the weights that lead on from a source."""
        width = self.room.width / self.sources
        return Rect(self.room.x + source * width, self.room.y, width, self.room.height)

    def cell(self, cell: Cell) -> Rect:
        """Return the place of a weight."""
        row, column = self.row(cell.node), self.column(cell.source)
        return Rect(column.x, row.y, column.width, row.height)

    def at(self, x: float, y: float, weights: Array) -> Cell | None:
        """Return the weight that a point shows, the strongest of those that share its pixel."""
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


def side_of(sources: int) -> int | None:
    """Return the side of the square picture that so many sources make; None where they make none."""
    side = isqrt(sources)
    return side if side > 1 and side * side == sources else None


@dataclass(frozen=True)
class Tiles:
    """The weights of each node as a square picture of `side` by `side` cells, `across` in a row."""

    room: Rect
    nodes: int
    side: int
    across: int
    size: float
    """Width and height of a tile."""

    @classmethod
    def over(cls, room: Rect, nodes: int, side: int) -> Tiles:
        """Return as large tiles as fit into `room`, in its middle."""
        size, across = max((_tile_size(room, nodes, across), across) for across in range(1, nodes + 1))
        size = min(size, LARGEST_TILE)
        down = ceil(nodes / across)
        width, height = across * (size + GAP) - GAP, down * (size + GAP) - GAP
        return cls(room.middle(width, height), nodes, side, across, size)

    def row(self, node: int) -> Rect:
        """Return the place of a node's picture."""
        down, right = divmod(node, self.across)
        pitch = self.size + GAP
        return Rect(self.room.x + right * pitch, self.room.y + down * pitch, self.size, self.size)

    def cell(self, cell: Cell) -> Rect:
        """Return the place of a weight."""
        tile, width = self.row(cell.node), self.size / self.side
        down, right = divmod(cell.source, self.side)
        return Rect(tile.x + right * width, tile.y + down * width, width, width)

    def at(self, x: float, y: float) -> Cell | None:
        """Return the weight at a point, or None between the tiles."""
        pitch = self.size + GAP
        right, down = int((x - self.room.x) // pitch), int((y - self.room.y) // pitch)
        node = down * self.across + right
        if not (0 <= right < self.across and 0 <= node < self.nodes):
            return None
        tile = self.row(node)
        if not tile.contains(x, y):
            return None
        across = min(int((x - tile.x) * self.side / self.size), self.side - 1)
        under = min(int((y - tile.y) * self.side / self.size), self.side - 1)
        return Cell(node, under * self.side + across)


def _tile_size(room: Rect, nodes: int, across: int) -> float:
    down = ceil(nodes / across)
    return max(1.0, min((room.width + GAP) / across - GAP, (room.height + GAP) / down - GAP))


LEAST_PIXELS = 64
"""Fewer inputs are no picture, even where they make a square."""
NO_PICTURES = (
    "No small pictures here: they show what nodes compute over one or two inputs, or the weights of a square "
    "of 8 × 8 pixels or more"
)
TOO_LARGE = "No small pictures here: what so many nodes compute takes too long to draw while weights change"


def pixel_side(network: Network) -> int | None:
    """Return the side of the square picture that the inputs are; None where they are none."""
    count = len(network.inputs)
    return side_of(count) if count >= LEAST_PIXELS else None


def pictured(network: Network) -> range:
    """Return the columns whose nodes can have small pictures, counted with that of the inputs."""
    if pixel_side(network):
        return range(1, 2)
    return range(len(network.sizes)) if few_inputs(network) and quick(network) else range(0)


def of_functions(network: Network) -> bool:
    """Tell whether the small pictures show what nodes compute, and not their weights."""
    return bool(pictured(network)) and not pixel_side(network)


def why_none(network: Network) -> str:
    """Return why no node can have a small picture; "" where some can."""
    if pictured(network):
        return ""
    return TOO_LARGE if few_inputs(network) else NO_PICTURES
