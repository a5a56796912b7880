"""Columns of a diagram: sizes, gaps, and the places inside and below each node.

Lengths are pixels at zoom 1 in a small window; in a larger window all lengths grow alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import ceil

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address, Kind
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import shorten_distinctly
from nnviz.picture.edges import REACH_PX, Gap
from nnviz.picture.matrix import pictured, pixel_side
from nnviz.picture.parts import (
    BAR,
    INSET,
    MOST_GROWTH,
    Align,
    DiagramColumn,
    Label,
    NodeBox,
    Rect,
    Role,
    View,
)
from nnviz.picture.placing import SMALL, PillSlots, pill_slots
from nnviz.picture.text import NUMBER, ROUNDING, elide, fitted, plain, text_width

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


def lay_columns(network: Network, view: View) -> tuple[DiagramColumn, ...]:
    """Return the columns, inputs first."""
    scale = growth(view, len(network.sizes))
    seen = body(view, scale)
    room = Rect(0.0, seen.y / scale, seen.width / scale, seen.height / scale)
    below = [_room_below(network, layer) for layer in range(-1, len(network.layers))]
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
) -> DiagramColumn:
    zoom = view.zoom * scale
    cell, picture = fit.across * fit.pitch, 0.0
    if fit.across > 1 and layer >= 0:
        picture = (1.0 - 2.0 * INSET - BAR) * cell
    elif fit.extra:
        largest = min((1.0 - 2.0 * INSET) * fit.height, PICTURE_SHARE * width)
        beside = width - WITH_Z
        picture = beside if PICTURE_LESS * largest <= beside < largest else largest
    return DiagramColumn(
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


def _room_below(network: Network, layer: int) -> float:
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


SMALLEST, SHRUNK = 9.5, 0.55
"""No text is smaller, in pixels, and no number in a node that needs more room is than so much of its size."""
COURSE_NAME = 4.9
"""Width of a name such as node_0_1, in font sizes."""
SHORT_NAME, LEAST_BESIDE = 3.8, 12.0
"""The same for node_0, and the least font size of a value beside that, in pixels."""
LONGEST = 6.4
"""The same for −1.234e−5 and 1.234e−10, bold, which a node's long name leaves where it has room itself."""
Z, SHORT_Z = 5.3, 4.1
"""The same for z −0.1234, and for z −0.12."""
OUTCOME = 8.5
"""The same for error −0.1234."""
APART, LINE = 4.0, 17.0
"""Under a node, how far from it its notes begin, and the height of a line of these, in pixels."""
BESIDE, FREE = 0.06, 1.6
"""How far a text under a node may reach beyond it, in widths of the node, and at most, in pixels: so much is
free beside a node of what stands on its edges."""
VALUE = 24.0
"""Font size of a node's value; in full screen its digits are a thirtieth of the height for three columns."""
PILL_WIDTH, PILL_HEIGHT, INSIDE = 11.5, 17.0, 3.5
"""Font size and height of a bias and of a node's slope, and how far from the border they stand, in pixels."""
LEAST_PILL = 0.87
"""They are never smaller than so much of this."""
THREE_LINES, TWO_LINES = 47.0, 32.0
"""From these heights on a node with a bias or a slope shows three lines, or two: below, one without these.

In a larger room there are no three lines before they can be as large as the node is wide.
"""
BAR_LINE, BAR_TEXTS = 1.35, 12.0
"""How high and wide the bar under a picture is that holds a name and a value, in font sizes."""
PIXEL_VALUE, PIXEL_SHARE = 16.0, 0.95
"""Font size of a pixel's value at most, and the part of the pixel's width that its pill takes at most."""
LONGEST_BADGE = "dead on all rows"


@dataclass(frozen=True, slots=True)
class Slot:
    """The room for a text, relative to its node, and the font size."""

    rect: Rect
    size: float
    align: Align = "center"
    name_size: float = 0.0
    """Font size of the node's name where that stands on the same line, on the left; else 0."""
    least: float = 0.0
    """The room that a long name must leave."""
    role: Role | None = None
    """Of the node whose box is behind the text; None where there is none."""

    def at(self, x: float, y: float) -> Rect:
        """Return the place for the node whose corner is at (x, y)."""
        rect = self.rect
        return Rect(x + rect.x, y + rect.y, rect.width, rect.height)

    def fitted(
        self, value: float, room: float, *, bold: bool = False, prefix: str = ""
    ) -> tuple[str, float, float] | None:
        """Return a text for `value` that fits into `room`, its font size and its width; None without one."""
        smallest = min(max(SHRUNK * self.size, SMALLEST), self.size)
        return fitted(value, self.size, room, bold=bold, prefix=prefix, smallest=smallest)


def node_slots(column: DiagramColumn, layer: Layer | None) -> Mapping[Kind, Slot]:
    """Return the places of what a node of `column` shows; what has no room is missing.

    `layer` is None for inputs. Nothing moves when slopes come: their room is kept.
    """
    if column.across > 1:
        return _in_bar(column) if column.picture else _in_pixel(column)
    if column.height < COMPACT or column.block:
        return {}
    texts = replace(column, width=column.picture_of(0).x - column.x) if column.picture else column
    least = FULL if layer is None else THREE_LINES * min(max(texts.width / WIDTH, 1.0), MOST_GROWTH)
    full = column.height >= least
    pills = _slope_slots(column if full else texts, layer, 1.0 if full else _grown(texts))
    inside = _full(texts, layer, pills) if full else _compact(texts, pills)
    if not inside:
        return {}
    on_box: dict[Kind, Slot] = {kind: replace(slot, role=column.role) for kind, slot in inside.items()}
    return on_box | pills | _notes_below(column, layer)


def _in_bar(column: DiagramColumn) -> dict[Kind, Slot]:
    """Return name and value in the bar under the picture of a node that stands side by side with others."""
    bar, (x, y, *_) = column.bar_of(0), column.rect(0)
    size = min(bar.height / BAR_LINE, bar.width / BAR_TEXTS)
    if size < SMALLEST:
        return {}
    line, value = Rect(bar.x - x + 0.3 * size, bar.y - y, bar.width - 0.6 * size, bar.height), NUMBER * size
    return {
        "name": Slot(line._replace(width=line.width - value - 0.5 * size), size, role=column.role),
        "value": Slot(line, size, "right", size, value, column.role),
    }


def _in_pixel(column: DiagramColumn) -> dict[Kind, Slot]:
    """Return the value of an input that is a pixel, as a pill on it."""
    size = min(PIXEL_SHARE * column.cell / (NUMBER + 1.6), PIXEL_VALUE)
    if size < SMALLEST:
        return {}
    return {"input": Slot(Rect(0.0, 0.0, column.cell, column.cell).middle(column.cell, 1.5 * size), size)}


def _slope_slots(column: DiagramColumn, layer: Layer | None, grown: float) -> dict[Kind, Slot]:
    """Return the last line in the node, which its bias and slope share, as the place of the slope."""
    if layer is None or column.height < TWO_LINES:
        return {}
    scale = column.height / HEIGHT
    pill, pad = max(scale, LEAST_PILL * grown), min(INSIDE * scale, 0.03 * column.width)
    height = PILL_HEIGHT * pill
    rect = Rect(pad, column.height - height - pad, column.width - 2 * pad, height)
    return {"node_slope": Slot(rect, PILL_WIDTH * pill)}


def _grown(column: DiagramColumn) -> float:
    """Return how much larger than in a small room the texts of a low node are."""
    return max(min(column.width / WIDTH, column.height / (1.15 * TWO_LINES)), 1.0)


def _full(column: DiagramColumn, layer: Layer | None, pills: Mapping[Kind, Slot]) -> dict[Kind, Slot]:
    """Return name and z in a line, the value large below them, in the middle of what a third line leaves."""
    width, height, scale = column.width, column.height, column.height / HEIGHT
    small = max(11.5 * scale, SMALLEST)
    pad = min(10.0 * scale, 0.08 * width)
    line = Rect(pad, 0.075 * height, width - 2 * pad, 1.3 * small)
    slots: dict[Kind, Slot] = {}
    if (
        layer is not None
        and not layer.function.linear
        and line.width >= (COURSE_NAME + SHORT_Z + 0.5) * SMALLEST
    ):
        small = max(min(small, line.width / (COURSE_NAME + Z + 0.5)), SMALLEST)
        slots["z"] = Slot(line, small, "right", name_size=small, least=SHORT_Z * small)
        line = line._replace(width=line.width - (SHORT_Z + 0.5) * small)
    slots["name"] = Slot(line, small)
    bottom = pills["node_slope"].rect.y if pills else 0.97 * height
    free = bottom - line.bottom
    size = min(VALUE * scale, (width - 8.0 * scale) / NUMBER, free / 1.1)
    if size >= SMALLEST:
        rect = Rect(4.0 * scale, line.bottom + (free - 1.1 * size) / 2, width - 8.0 * scale, 1.1 * size)
        slots["input" if layer is None else "value"] = Slot(rect, size)
    if "z" in slots:
        slots["badge"] = slots["z"]  # where it has no place under the node
    return slots


def _compact(column: DiagramColumn, pills: Mapping[Kind, Slot]) -> dict[Kind, Slot]:
    """Return name and value side by side, or the value alone."""
    width, grown = column.width, _grown(column)
    free = pills["node_slope"].rect.y if pills else column.height
    size = min(max(0.56 * free, SMALLEST + 0.5), 16.0 * grown)
    if free < 1.25 * size or width < NUMBER * SMALLEST + 6.0:
        return {}
    size = min(size, (width - 6.0) / NUMBER)
    top = (free - 1.2 * size) / 2
    value, pad = 4.2 * min(size, 14.0 * grown), min(7.0 * grown, 0.05 * width)
    kind: Kind = "input" if column.layer < 0 else "value"
    longest = LONGEST * max(SHRUNK * size, SMALLEST)
    if kind == "value" and width - longest - 2 * pad - 4.0 >= COURSE_NAME * SMALLEST:
        value = max(value, longest)
    rest = width - value - 2 * pad - 4.0
    small = max(min(0.4 * free, 11.0 * grown, rest / COURSE_NAME), SMALLEST)
    alone: dict[Kind, Slot] = {kind: Slot(Rect(3.0, top, width - 6.0, 1.2 * size), size)}
    if rest < 3.6 * small:  # no name but a short one, beside a smaller value
        small, pad = SMALLEST, 4.0
        rest = SHORT_NAME * small
        size = min(size, (width - 2 * pad - 3.0 - rest) / NUMBER)
        value, top = NUMBER * size, (free - 1.2 * size) / 2
        if size < LEAST_BESIDE:
            return alone
    line, size = top + 0.6 * (size - small), min(size, 14.0 * grown)
    beside = Slot(Rect(pad, top, width - 2 * pad, 1.2 * size), size, "right", name_size=small, least=value)
    return {"name": Slot(Rect(pad, line, rest, 1.2 * small), small), kind: beside, "badge": beside}


def _notes_below(column: DiagramColumn, layer: Layer | None) -> dict[Kind, Slot]:
    """Return the notes under a node: what is odd about it, or an output's target and error."""
    if layer is None:
        return {}
    if column.role == "output":
        return _outcome(column)
    scale = max(column.height / HEIGHT, LEAST_PILL)
    top = column.height + APART * scale
    bottom = column.height + column.below
    size, height = 11.5 * scale, 15.0 * scale
    fits = top + height <= bottom and text_width(LONGEST_BADGE, size) <= column.width
    if not has_badges(layer) or not fits:
        return {}
    return {"badge": Slot(Rect(0.0, top, column.width, height), size)}


def _outcome(column: DiagramColumn) -> dict[Kind, Slot]:
    """Return target and error in two lines, as large as the node is wide where there is room under it."""
    fits = (column.below - ROUNDING) / (APART + 2 * LINE)
    scale = max(column.height / HEIGHT, LEAST_PILL, min(column.width / WIDTH, fits))
    if scale > fits:
        return {}
    beside = min(BESIDE * column.width, FREE)
    width, left, line = column.width + 2 * beside, -beside, LINE * scale
    top, size = column.height + APART * scale, max(min(12.5 * scale, width / OUTCOME), SMALLEST)
    return {
        "target": Slot(Rect(left, top, width, line), size),
        "error": Slot(Rect(left, top + line, width, line), size),
    }


PILL_ON_EDGE, CROWDED_PILLS = 13.5, 1.3
"""Font size of a number on an edge, and how much larger it may be than low nodes are."""
ALIKE = 0.7
"""Numbers of a gap that would be larger are as small as those of another, if these are not much smaller."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The geometry of a diagram, to be kept while only numbers change: inputs first, or one entry a layer."""

    view: View
    scale: float
    """How many times as large as in a small room all is drawn, before zoom."""
    body: Rect
    """The room under the headings: nodes, edges and their texts are clipped to it."""
    columns: tuple[DiagramColumn, ...]
    gaps: tuple[Gap, ...]
    """The edges."""
    nodes: tuple[NodeBox, ...]
    """Those in sight that are drawn one by one."""
    slots: tuple[Mapping[Kind, Slot], ...]
    """Where a node's texts stand, relative to the node, one entry a column."""
    names: tuple[Label, ...]
    """Of the nodes in sight."""
    weights: tuple[PillSlots, ...]
    slopes: tuple[PillSlots, ...]
    headings: tuple[Rect, ...]
    """The room for a column's heading, empty where the column is out of sight."""

    def column(self, layer: int) -> DiagramColumn:
        """Return the column of a layer; −1 is that of the inputs."""
        return self.columns[layer + 1]

    @cached_property
    def lines(self) -> Array:
        """Every edge as x0, y0, x1, y1, layer by layer, node by node, shape (edges, 4)."""
        return np.concatenate([gap.segments(*gap.every) for gap in self.gaps])


def lay_out(network: Network, view: View, *, slopes: bool = False) -> Layout:
    """Place the diagram of `network` in `view`; `slopes`: with room for slopes on the edges.

    Nodes stand where they are with slopes and without. The layout depends on sizes, names and activations
    alone, so that it holds while weights, biases, data and rows change.
    """
    scale = growth(view, len(network.sizes))
    room, columns = body(view, scale), lay_columns(network, view)
    gaps = tuple(itertools.starmap(_gap, itertools.pairwise(columns)))
    pills = _edge_pills(gaps, columns, room, scale, view.zoom, slopes)
    slots = [node_slots(column, network.layers[column.layer] if column.index else None) for column in columns]
    names = (_names(network, column, places, room) for column, places in zip(columns, slots, strict=True))
    return Layout(
        view,
        scale,
        room,
        columns,
        gaps,
        tuple(_nodes(columns, room)),
        tuple(slots),
        tuple(itertools.chain.from_iterable(names)),
        tuple(weights for weights, _ in pills),
        tuple(slopes for _, slopes in pills),
        _headings(columns, room),
    )


def _edge_pills(
    gaps: tuple[Gap, ...],
    columns: tuple[DiagramColumn, ...],
    body: Rect,
    scale: float,
    zoom: float,
    slopes: bool,
) -> list[tuple[PillSlots, PillSlots]]:
    """Return the places of the weights and of the slopes, gap by gap, all of one size where they can be."""
    largest = [_pill_size(left, right, scale * zoom) for left, right in itertools.pairwise(columns)]
    pills = [pill_slots(gap, body, size, zoom, slopes) for gap, size in zip(gaps, largest, strict=True)]
    sizes = [weights.size for weights, _ in pills]
    alike = min((size for size in sizes if size >= ALIKE * max(sizes)), default=0.0)
    for k, (weights, of_slopes) in enumerate(pills):
        if weights.size > alike:
            again = pill_slots(gaps[k], body, alike, zoom, slopes)
            if len(again[0].x) + len(again[1].x) >= len(weights.x) + len(of_slopes.x):
                pills[k] = again
    return pills


def _pill_size(left: DiagramColumn, right: DiagramColumn, grown: float) -> float:
    """Return the font size of numbers between two columns: smaller between low nodes, but readable."""
    height = min(left.height, right.height) / HEIGHT
    return max(PILL_ON_EDGE * min(grown, CROWDED_PILLS * height), SMALL * min(max(grown, 1.0), CROWDED_PILLS))


def _gap(left: DiagramColumn, right: DiagramColumn) -> Gap:
    start = left.x + left.width
    return Gap(right.layer, start, max(right.x - REACH_PX, start + 1.0), left.middles, right.middles)


def _nodes(columns: Iterable[DiagramColumn], body: Rect) -> Iterator[NodeBox]:
    for column in columns:
        for node in column.in_sight(body):
            yield NodeBox(Address("node", column.layer, node), column.rect(node), column.role)


def _headings(columns: tuple[DiagramColumn, ...], body: Rect) -> tuple[Rect, ...]:
    """Share the top among the columns: to half-way between a column and the next, as far as in sight."""
    borders = [0.0]
    for left, right in itertools.pairwise(columns):
        borders.append((left.x + left.width + right.x) / 2)
    borders[0] = min(2 * columns[0].box.center[0] - (borders[1] if len(borders) > 1 else 0.0), columns[0].x)
    last = columns[-1]
    borders.append(max(2 * last.box.center[0] - borders[-1], last.x + last.width))
    rects = []
    for start, end in itertools.pairwise(borders):
        start, end = max(start, 0.0), min(end, body.right)
        rects.append(Rect(start, 0.0, max(end - start, 0.0), body.y))
    return tuple(rects)


def _names(
    network: Network, column: DiagramColumn, slots: Mapping[Kind, Slot], body: Rect
) -> Iterator[Label]:
    """Yield the names in sight of a column's nodes."""
    slot = slots.get("name")
    if slot is None:
        return
    names = network.names(column.index)
    nodes = list(column.with_texts(body))
    texts = shorten_distinctly(
        [plain(names[node]) for node in nodes],
        lambda text: text_width(text, slot.size) <= slot.rect.width,
        lambda name: elide(name, slot.size, slot.rect.width),
    )
    for node, text in zip(nodes, texts, strict=True):
        width = min(text_width(text, slot.size), slot.rect.width)
        rect = slot.at(*column.rect(node)[:2])._replace(width=width)
        if text and rect.y >= body.y and rect.meets(body):
            address = Address("name", column.layer, node)
            yield Label(address, text, rect, "name", slot.size, align="left", role=slot.role)
