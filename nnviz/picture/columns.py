"""How columns of nodes share the room: sizes and places at zoom 1, then zoomed and moved.

Knows nothing of texts.

All lengths are pixels at zoom 1 in a small room; in a larger one all grows alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.network import Layer, Network
from nnviz.picture.parts import Column, Rect, Role, View
from nnviz.picture.text import ROUNDING

ROOM = 420.0
"""Height of a room in which nothing is larger than it need be: that of the diagram at 1280 by 800."""
CROWDED = 1.5
"""For the sake of a larger size all may be so many times as large as the room is made for."""
WIDEST_ROOM, COLUMN_ROOM, GAP_ROOM = 886.0, 150.0, 190.0
"""Its width for many columns, and what each column and each gap of few ones asks of it."""
HEAD, BARE_HEAD = 84.0, 56.0
"""Room for the headings at the top, with what the window puts under them and without."""
HEAD_SHARE = 0.24
"""Of the height that room is no more."""
AIR, FOOT = 8.0, 16.0
"""Free above and below the columns."""
WIDTH, HEIGHT = 140.0, 72.0
"""A node where there is room."""
FULL = 44.0
"""From this height on a node without bias shows its name and its value in two lines, below in one."""
COMPACT = 15.0
"""Below this height a node shows no text."""
BLOCK = 3.0
"""Below this height nodes are drawn as one block."""
TIGHT = ((110.0, 150.0), (76.0, 108.0))
"""Nodes become so narrow at least before the gap is less: beside it numbers stand side by side, or not."""
WISHED_GAP = 190.0
"""Between columns where nodes need not be narrower for it."""
WIDEST_GAP = 420.0
PITCH = 121.0
"""From node to node where it is not crowded."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """A column at zoom 1: its nodes' height, the way from node to node, and the room under a node."""

    count: int
    pitch: float
    height: float
    below: float

    @property
    def half(self) -> float:
        """How far its nodes reach above its middle."""
        return ((self.count - 1) * self.pitch + self.height) / 2

    @property
    def depth(self) -> float:
        """How far its nodes and what stands under them reach below its middle."""
        return self.half + min(self.below, self.pitch - self.height)


def corner(rect: Rect) -> float:
    """Return the radius of a node's corners."""
    return min(10.0 * max(1.0, rect.height / HEIGHT), rect.height / 3.0)


def growth(view: View, columns: int) -> float:
    """Return how many times as large as in a small room so many columns are drawn at zoom 1."""
    width = min(columns * COLUMN_ROOM + (columns - 1) * GAP_ROOM, WIDEST_ROOM)
    fits = min(view.width / width, view.height / ROOM)
    return min(view.larger * max(fits, 1.0), max(CROWDED * fits, 1.0), view.most_growth)


def head_room(view: View) -> float:
    """Return the room for the headings where nothing has grown."""
    return BARE_HEAD if view.bare else HEAD


def body(view: View, scale: float) -> Rect:
    """Return the room under the headings; `scale` is how much all has grown."""
    head = float(round(min(head_room(view) * scale, HEAD_SHARE * view.height)))
    return Rect(0.0, head, view.width, max(view.height - head, 1.0))


def lay_columns(network: Network, view: View) -> tuple[Column, ...]:
    """Return the columns, inputs first."""
    scale = growth(view, len(network.sizes))
    seen = body(view, scale)
    room = Rect(0.0, seen.y / scale, seen.width / scale, seen.height / scale)
    below = [_below(network, layer) for layer in range(-1, len(network.layers))]
    fits = _heights(network.sizes, below, max(room.height - AIR - FOOT, 20.0))
    widths, gap = _widths([fit.height for fit in fits], room.width, COMPACT / scale)
    x = (room.width - sum(widths) - gap * (len(widths) - 1)) / 2
    middle = _middle(fits, room)
    columns = []
    for k, (fit, width) in enumerate(zip(fits, widths, strict=True)):
        top = middle - fit.half
        tops = np.arange(fit.count, dtype=np.float64) * fit.pitch + top
        role: Role = "input" if k == 0 else "output" if k == len(fits) - 1 else "hidden"
        columns.append(_seen(k - 1, x, width, tops, fit, role, view, scale))
        x += width + gap
    return tuple(columns)


def _seen(
    layer: int, x: float, width: float, tops: Array, fit: _Fit, role: Role, view: View, scale: float
) -> Column:
    zoom = view.zoom * scale
    return Column(
        layer,
        x * zoom + view.dx,
        width * zoom,
        tops * zoom + view.dy,
        fit.height * zoom,
        role,
        block=fit.height * zoom < BLOCK,
        below=min(fit.below, fit.pitch - fit.height) * zoom,
    )


def _below(network: Network, layer: int) -> float:
    """Return the room that is wished for under every node of a column: notes, and some air."""
    if layer < 0:
        return 12.0
    if layer == len(network.layers) - 1:
        return 46.0
    return 22.0 if has_badges(network.layers[layer]) else 12.0


def has_badges(layer: Layer) -> bool:
    """Tell whether nodes of a layer can be dead or saturated, which is said under them."""
    return bool(layer.function.flat or layer.function.saturated)


def _heights(sizes: Sequence[int], below: Sequence[float], room: float) -> list[_Fit]:
    crowded = min(room / max(sizes), min(max(0.44 * room, PITCH), 220.0))
    fits = []
    for count, wish in zip(sizes, below, strict=True):
        pitch = min(room / count, max(crowded, PITCH))
        fits.append(_Fit(count, pitch, _height(pitch, wish), wish))
    deepest = room - max(fit.half for fit in fits)
    return [_lifted(fit, deepest) for fit in fits]


def _lifted(fit: _Fit, deepest: float) -> _Fit:
    """Return a column so close that its notes, too, reach no deeper than so far below its middle."""
    while fit.depth > deepest + ROUNDING and fit.pitch > BLOCK:
        pitch = 0.99 * fit.pitch
        fit = replace(fit, pitch=pitch, height=_height(pitch, fit.below))
    return fit


def _height(pitch: float, wish: float) -> float:
    share = 0.84 * pitch
    return share if share < FULL else max(FULL, min(pitch - wish, HEIGHT))


def _widths(heights: Sequence[float], room: float, compact: float) -> tuple[list[float], float]:
    """Return every column's width and the gap between columns; nodes from `compact` on show a text."""
    texts = sum(height >= compact for height in heights)
    bare = [min(max(2.2 * height, 28.0), 44.0) for height in heights]
    gaps = len(heights) - 1
    rest = sum(width for width, height in zip(bare, heights, strict=True) if height < compact)
    margin = min(max((0.09 if rest else 0.035) * room, 16.0), 100.0)  # headings are wider than bare nodes
    width = WIDTH
    gap = (room - 2 * margin - rest - texts * width) / gaps
    if gap < WISHED_GAP:
        inner = room - 40.0 - rest
        gap = min(WISHED_GAP, (inner - texts * width) / gaps)
        for narrow, least in TIGHT:
            if gap < least and texts:
                width = min(max((inner - gaps * least) / texts, narrow), width)
                gap = (inner - texts * width) / gaps
        if gap < 40.0:
            width = max(0.5 * inner / max(texts, 1), 8.0)
            gap = max((inner - texts * width) / gaps, 12.0)
    gap = min(gap, WIDEST_GAP)
    return [width if height >= compact else small for height, small in zip(heights, bare, strict=True)], gap


def _middle(fits: Sequence[_Fit], room: Rect) -> float:
    """Return the height at which every column is centred, so that nodes and notes together fill the room."""
    up, down = max(fit.half for fit in fits), max(fit.depth for fit in fits)
    return room.y + AIR + (room.height - AIR - FOOT - up - down) / 2 + up
