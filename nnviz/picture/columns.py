"""How columns of nodes share the room: sizes and places at zoom 1, then zoomed and moved.

Knows nothing of texts.

All lengths are pixels at zoom 1 in a small room; in a larger one all grows alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import ceil

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.network import Layer, Network
from nnviz.picture.parts import BAR, INSET, Column, Rect, Role, View
from nnviz.picture.small import pictured, pixel_side
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
NARROW = 44.0
"""Nodes without texts are no wider."""
TIGHT = ((110.0, 150.0), (76.0, 108.0))
"""Nodes become so narrow at least before the gap is less: beside it numbers stand side by side, or not."""
WISHED_GAP = 190.0
"""Between columns where nodes need not be narrower for it."""
WIDEST_GAP = 420.0
PITCH = 121.0
"""From node to node where it is not crowded."""
LEAST_PICTURED = 22.0
"""Below this height nodes with a picture stand side by side, as pictures without texts."""
GRID, GRID_SHARE, LEAST_CELL = 140.0, 0.16, 9.0
"""Width of nodes side by side, at most and as a share of the room's, and of one of them at least."""
BESIDE_GRID = 80.0
"""The gap beside nodes that stand side by side, which no numbers stand in, before others become narrower."""
PICTURE_EXTRA, LEAST_EXTRA = 0.55, 26.0
"""A node with a picture is so much wider, in its heights and at least: the rest is of its own width."""
PICTURE_SHARE = 0.45
"""Of a node's width that its picture is at most."""
WITH_Z, PICTURE_LESS = 110.0, 0.75
"""Width that name and z side by side take, for which a picture is smaller, but not less than this share."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """A column at zoom 1: its nodes' height, the way from node to node, and the room under a node."""

    count: int
    pitch: float
    height: float
    below: float
    across: int = 1
    extra: float = 0.0
    """How much wider a node is for its picture."""

    @property
    def half(self) -> float:
        """How far its nodes reach above its middle."""
        places = ceil(self.count / self.across) * self.across
        return ((places - 1) * self.pitch + self.height) / 2

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
    free = Rect(0.0, 0.0, min(GRID, GRID_SHARE * room.width), max(room.height - AIR - FOOT, 20.0))
    fits = _heights(network, below, free, scale if view.pictures else 0.0)
    widths, gap = _widths(fits, room.width, COMPACT / scale)
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
    cell, picture = fit.across * fit.pitch, 0.0
    if fit.across > 1 and layer >= 0:
        picture = (1.0 - 2.0 * INSET - BAR) * cell
    elif fit.extra:
        largest = min((1.0 - 2.0 * INSET) * fit.height, PICTURE_SHARE * width)
        beside = width - WITH_Z
        picture = beside if PICTURE_LESS * largest <= beside < largest else largest
    return Column(
        layer,
        x * zoom + view.dx,
        width * zoom,
        tops * zoom + view.dy,
        fit.height * zoom,
        role,
        block=fit.across > 1 or fit.height * zoom < BLOCK,
        below=min(fit.below, fit.pitch - fit.height) * zoom,
        across=fit.across,
        picture=picture * zoom,
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


def _heights(network: Network, below: Sequence[float], free: Rect, pictures: float) -> list[_Fit]:
    """Return how the columns share a height; `pictures`: how much those that have some have grown, or 0.

    `free` is the room for nodes that stand side by side; of the others only its height.
    """
    sizes, side, room = network.sizes, pixel_side(network), free.height
    crowded = min(room / max(sizes), min(max(0.44 * room, PITCH), 220.0))
    with_pictures = pictured(network) if pictures else range(0)
    fits = []
    for k, (count, wish) in enumerate(zip(sizes, below, strict=True)):
        pitch = min(room / count, max(crowded, PITCH))
        fit = _Fit(count, pitch, _height(pitch, wish), wish)
        if k == 0 and side:
            fit = _grid(count, side, min(room, free.width) / side)
        elif k in with_pictures:
            fit = _with_pictures(fit, free, pictures)
        fits.append(fit)
    deepest = room - max(fit.half for fit in fits)
    return [_lifted(fit, deepest) for fit in fits]


def _grid(count: int, across: int, cell: float) -> _Fit:
    """Return a column of square cells, so many side by side."""
    return _Fit(count, cell / across, cell / across, 0.0, across)


def _with_pictures(fit: _Fit, free: Rect, grown: float) -> _Fit:
    """Return a column with pictures in its nodes, or of pictures side by side where nodes are low."""
    if fit.height * grown >= LEAST_PICTURED:
        return replace(fit, extra=max(PICTURE_EXTRA * fit.height, LEAST_EXTRA))
    cell, across = max(
        (min(free.height / ceil(fit.count / across), free.width / across), across)
        for across in range(2, max(fit.count, 2) + 1)
    )
    return _grid(fit.count, across, cell) if cell * grown >= LEAST_CELL else fit


def _lifted(fit: _Fit, deepest: float) -> _Fit:
    """Return a column so close that its notes, too, reach no deeper than so far below its middle."""
    while fit.depth > deepest + ROUNDING and fit.pitch > BLOCK:
        pitch = 0.99 * fit.pitch
        fit = replace(fit, pitch=pitch, height=_height(pitch, fit.below))
    return fit


def _height(pitch: float, wish: float) -> float:
    share = 0.84 * pitch
    return share if share < FULL else max(FULL, min(pitch - wish, HEIGHT))


def _widths(fits: Sequence[_Fit], room: float, compact: float) -> tuple[list[float], float]:
    """Return every column's width and the gap between columns; nodes from `compact` on show a text."""
    texts = sum(_shows_texts(fit, compact) for fit in fits)
    bare = [_bare_width(fit) for fit in fits]
    gaps = len(fits) - 1
    others = [width for width, fit in zip(bare, fits, strict=True) if not _shows_texts(fit, compact)]
    rest = sum(others) + sum(fit.extra for fit in fits)
    narrow = any(width < NARROW for width in others)  # headings are wider
    margin = min(max((0.09 if narrow else 0.035) * room, 16.0), 100.0)
    beside = [BESIDE_GRID if left.across * right.across > 1 else WIDEST_GAP for left, right in pairwise(fits)]
    width = WIDTH
    gap = (room - 2 * margin - rest - texts * width) / gaps
    if gap < WISHED_GAP:
        inner = room - 40.0 - rest
        gap = min(WISHED_GAP, (inner - texts * width) / gaps)
        for least_width, least in TIGHT:
            if gap < least and texts:
                wide = inner - sum(min(least, most) for most in beside)
                width = min(max(wide / texts, least_width), width)
                gap = (inner - texts * width) / gaps
        if gap < 40.0:
            width = max(0.5 * inner / max(texts, 1), 8.0)
            gap = max((inner - texts * width) / gaps, 12.0)
    gap = min(gap, WIDEST_GAP)
    return [
        width + fit.extra if _shows_texts(fit, compact) else small
        for fit, small in zip(fits, bare, strict=True)
    ], gap


def _shows_texts(fit: _Fit, compact: float) -> bool:
    return fit.across == 1 and fit.height >= compact


def _bare_width(fit: _Fit) -> float:
    """Return the width of a column without texts."""
    return fit.across**2 * fit.pitch if fit.across > 1 else min(max(2.2 * fit.height, 28.0), NARROW)


def _middle(fits: Sequence[_Fit], room: Rect) -> float:
    """Return the height at which every column is centred, so that nodes and notes together fill the room."""
    up, down = max(fit.half for fit in fits), max(fit.depth for fit in fits)
    return room.y + AIR + (room.height - AIR - FOOT - up - down) / 2 + up
