"""Columns of a diagram: sizes, gaps, and the places of texts inside and below each node.

Lengths are pixels at zoom 1 in a small window; all lengths scale with a larger window.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import ceil
from typing import TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address, Kind
from nnviz.core.network import Layer, Network, pixel_side
from nnviz.core.numbers import shorten_distinctly
from nnviz.picture.edges import REACH_PX, Gap
from nnviz.picture.matrix import thumbnail_columns
from nnviz.picture.number_rooms import MANY_EDGES, NumberRoom
from nnviz.picture.parts import BAR, BEFORE, INSET, MOST_GROWTH, Align, DiagramColumn, Label, Rect, Role, View
from nnviz.picture.text import LEAST_SIZE, NUMBER, ROUNDING, elide, font_sizes, one_line, text_width

ROOM = 420.0
"""Height of a diagram at scale 1, in pixels, as in a window of 1280 by 800 pixels."""
MOST_CROWDING = 1.5
"""Largest scale of the diagram if above 1, as a multiple of the scale at which it just fits the view."""
WIDEST_ROOM, COLUMN_ROOM, GAP_ROOM = 886.0, 150.0, 190.0
"""Width of a diagram in pixels: COLUMN_ROOM per column and GAP_ROOM per gap, at most WIDEST_ROOM."""
HEAD, BARE_HEAD = 84.0, 56.0
"""Height of the headings, in pixels: HEAD with controls under the headings, BARE_HEAD without controls."""
HEAD_SHARE = 0.24
"""Largest height of the headings, as a share of the view's height."""
TOP, BOTTOM = 8.0, 16.0
"""Space above and below the columns, in pixels."""
WIDTH, HEIGHT = 140.0, 72.0
"""Width and height of a node if there is room, in pixels."""
BELOW, BELOW_BADGED, BELOW_OUTPUT = 12.0, 22.0, 46.0
"""Space below every node for a margin, for a badge, and for target and error, in pixels."""
FULL_HEIGHT = 44.0
"""Least height of a node without bias that shows name and value in two lines, in pixels."""
COMPACT = 15.0
"""Least height of nodes that show texts, in pixels."""
BLOCK_HEIGHT = 3.0
"""Least height of nodes that are drawn one by one, in pixels. Smaller nodes are drawn as one block."""
WIDEST_BARE = 44.0
"""Largest width of nodes without texts, in pixels."""
NARROW_WIDTHS = ((110.0, 150.0), (76.0, 108.0))
"""Pairs (least width of nodes, least gap between columns), in pixels, in the order to try them.

The first pair leaves room for two numbers side by side, the second pair for one number.
"""
USUAL_GAP = 190.0
"""Gap between columns if nodes keep their full width, in pixels."""
WIDEST_GAP = 420.0
"""Largest gap between columns, in pixels."""
PITCH = 121.0
"""Distance between the tops of neighbouring nodes in a column if there is room, in pixels."""
LEAST_PICTURED = 22.0
"""Least height of nodes with thumbnails beside texts, in pixels. Smaller nodes form a grid of thumbnails."""
GRID, GRID_SHARE, LEAST_CELL = 140.0, 0.16, 9.0
"""Largest width of a grid of thumbnails, in pixels and as a share of the view; least width of a cell."""
GRID_GAP = 80.0
"""Gap to reserve between a grid and the next column, in pixels. This gap shows no numbers."""
PICTURE_EXTRA, LEAST_EXTRA = 0.55, 26.0
"""A thumbnail makes a node wider by PICTURE_EXTRA node heights, but at least by LEAST_EXTRA pixels."""
PICTURE_SHARE = 0.45
"""Largest width of a thumbnail, as a share of the node's width."""
NAME_AND_Z, LEAST_SHRINK = 110.0, 0.75
"""NAME_AND_Z: width of name and z in one line, in pixels. LEAST_SHRINK: smallest scale of a thumbnail."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """A column at zoom 1: height of its nodes, distance between them, space below each."""

    count: int
    pitch: float
    height: float
    below: float
    per_row: int = 1
    extra: float = 0.0
    """Extra width of a node for its thumbnail."""

    @property
    def half(self) -> float:
        """Distance from the column's middle to the top of its nodes."""
        places = ceil(self.count / self.per_row) * self.per_row
        return ((places - 1) * self.pitch + self.height) / 2

    @property
    def depth(self) -> float:
        """Distance from the column's middle to the bottom of its nodes, including the texts below them."""
        return self.half + min(self.below, self.pitch - self.height)


def corner(rect: Rect) -> float:
    """Return the radius of a node's corners, in pixels."""
    return min(10.0 * max(1.0, rect.height / HEIGHT), rect.height / 3.0)


def growth(view: View, columns: int) -> float:
    """Return the scale of a diagram with this many columns at zoom 1. In a small room, the scale is 1."""
    width = min(columns * COLUMN_ROOM + (columns - 1) * GAP_ROOM, WIDEST_ROOM)
    fits = min(view.width / width, view.height / ROOM)
    return min(view.larger * max(fits, 1.0), max(MOST_CROWDING * fits, 1.0), view.most_growth)


def head_room(view: View) -> float:
    """Return the height of the headings at scale 1, in pixels."""
    return BARE_HEAD if view.bare else HEAD


def lay_columns(network: Network, view: View, scale: float, body: Rect) -> tuple[DiagramColumn, ...]:
    """Return the columns of nodes with their places and sizes, the inputs first.

    The diagram has this scale, and the columns at zoom 1 stand in `body`, below the headings.
    """
    room = Rect(0.0, body.y / scale, body.width / scale, body.height / scale)
    hidden = (layer.function for layer in network.layers[:-1])
    badged = (BELOW_BADGED if each.flat or each.saturated else BELOW for each in hidden)
    below = [BELOW, *badged, BELOW_OUTPUT]
    free = Rect(0.0, 0.0, min(GRID, GRID_SHARE * room.width), max(room.height - TOP - BOTTOM, 20.0))
    fits = _heights(network, below, free, scale if view.pictures else 0.0)
    widths, gap = _widths(fits, room.width, COMPACT / scale)
    x = (room.width - sum(widths) - gap * (len(widths) - 1)) / 2
    middle, zoom = _middle(fits, room), view.zoom * scale
    columns = []
    for k, (fit, width) in enumerate(zip(fits, widths, strict=True)):
        tops = np.arange(fit.count, dtype=np.float64) * fit.pitch + (middle - fit.half)
        role: Role = "input" if k == 0 else "output" if k == len(fits) - 1 else "hidden"
        height, free_below = fit.height * zoom, min(fit.below, fit.pitch - fit.height) * zoom
        block, side = fit.per_row > 1 or height < BLOCK_HEIGHT, _thumbnail_side(fit, k, width) * zoom
        place = x * zoom + view.dx, width * zoom, tops * zoom + view.dy, height
        columns.append(DiagramColumn(k - 1, *place, role, block, free_below, fit.per_row, side))
        x += width + gap
    return tuple(columns)


def _thumbnail_side(fit: _Fit, index: int, width: float) -> float:
    """Return width and height of the thumbnails in a column's nodes, or 0 without thumbnails."""
    if fit.per_row > 1 and index > 0:
        return (1.0 - 2.0 * INSET - BAR) * (fit.per_row * fit.pitch)
    if not fit.extra:
        return 0.0
    largest, rest = min((1.0 - 2.0 * INSET) * fit.height, PICTURE_SHARE * width), width - NAME_AND_Z
    return rest if LEAST_SHRINK * largest <= rest < largest else largest


def _heights(network: Network, below: Sequence[float], free: Rect, pictures: float) -> list[_Fit]:
    """Return the fit of every column to the height of `free`, whose width limits grids.

    `pictures` is the scale of the diagram if nodes may have thumbnails, else 0.
    """
    sizes, side, room = network.sizes, pixel_side(network), free.height
    crowded = min(room / max(sizes), min(max(0.44 * room, PITCH), 220.0))
    with_pictures = thumbnail_columns(network) if pictures else range(0)
    fits = []
    for k, (count, space) in enumerate(zip(sizes, below, strict=True)):
        pitch = min(room / count, max(crowded, PITCH))
        fit = _Fit(count, pitch, _height(pitch, space), space)
        if k == 0 and side:
            fit = _grid(count, side, min(room, free.width) / side)
        elif k in with_pictures:
            fit = _with_pictures(fit, free, pictures)
        fits.append(fit)
    deepest = room - max(fit.half for fit in fits)
    return [_squeeze(fit, deepest) for fit in fits]


def _grid(count: int, across: int, cell: float) -> _Fit:
    """Return a column of square cells, `across` in a row."""
    return _Fit(count, cell / across, cell / across, 0.0, across)


def _with_pictures(fit: _Fit, free: Rect, scale: float) -> _Fit:
    """Return a column with thumbnails in its nodes, or if nodes are low a grid of thumbnails."""
    if fit.height * scale >= LEAST_PICTURED:
        return replace(fit, extra=max(PICTURE_EXTRA * fit.height, LEAST_EXTRA))
    ways = range(2, max(fit.count, 2) + 1)
    cell, across = max((min(free.height / ceil(fit.count / k), free.width / k), k) for k in ways)
    return _grid(fit.count, across, cell) if cell * scale >= LEAST_CELL else fit


def _squeeze(fit: _Fit, deepest: float) -> _Fit:
    """Return a column with its nodes close enough for its notes to stay within `deepest` of its middle."""
    while fit.depth > deepest + ROUNDING and fit.pitch > BLOCK_HEIGHT:
        pitch = 0.99 * fit.pitch
        fit = replace(fit, pitch=pitch, height=_height(pitch, fit.below))
    return fit


def _height(pitch: float, below: float) -> float:
    share = 0.84 * pitch
    return share if share < FULL_HEIGHT else max(FULL_HEIGHT, min(pitch - below, HEIGHT))


def _widths(fits: Sequence[_Fit], room: float, compact: float) -> tuple[list[float], float]:
    """Return the width of every column, and of the gaps. Nodes from the height `compact` on show texts."""
    bare = [fit for fit in fits if fit.per_row > 1 or fit.height < compact]  # without texts
    gaps, texts, others = len(fits) - 1, len(fits) - len(bare), [_bare_width(fit) for fit in bare]
    rest = sum(others) + sum(fit.extra for fit in fits)
    narrow = any(width < WIDEST_BARE for width in others)  # their headings are wider
    margin = min(max((0.09 if narrow else 0.035) * room, 16.0), 100.0)
    limits = [GRID_GAP if left.per_row * right.per_row > 1 else WIDEST_GAP for left, right in pairwise(fits)]
    width = WIDTH
    gap = (room - 2 * margin - rest - texts * width) / gaps
    if gap < USUAL_GAP:
        inner = room - 40.0 - rest
        gap = min(USUAL_GAP, (inner - texts * width) / gaps)
        for least_width, least in NARROW_WIDTHS:
            if gap < least and texts:
                wide = inner - sum(min(least, most) for most in limits)
                width = min(max(wide / texts, least_width), width)
                gap = (inner - texts * width) / gaps
        if gap < 40.0:
            width = max(0.5 * inner / max(texts, 1), 8.0)
            gap = max((inner - texts * width) / gaps, 12.0)
    gap = min(gap, WIDEST_GAP)
    return [_bare_width(fit) if fit in bare else width + fit.extra for fit in fits], gap


def _bare_width(fit: _Fit) -> float:
    return fit.per_row**2 * fit.pitch if fit.per_row > 1 else min(max(2.2 * fit.height, 28.0), WIDEST_BARE)


def _middle(fits: Sequence[_Fit], room: Rect) -> float:
    """Return the y of all columns' middles that centres nodes and notes in the room."""
    up, down = max(fit.half for fit in fits), max(fit.depth for fit in fits)
    return room.y + TOP + (room.height - TOP - BOTTOM - up - down) / 2 + up


LEAST_FACTOR, LEAST_TEXT = 0.55, 0.75
"""Smallest scales of the font of a long number, and of a text that can be shorter."""
NAME_WIDTH = 4.9
"""Width of a name such as node_0_1, in font sizes."""
LONG_VALUE = 6.4
"""Width of −1.234e−5 or 1.234e−10 in bold, in font sizes.

A long name leaves this width for the value if possible.
"""
Z_WIDTH, SHORT_Z_WIDTH = 5.3, 4.1
"""Widths of the texts "z −0.1234" and "z −0.12", in font sizes."""
ERROR_WIDTH = 8.5
"""Width of the text "error −0.1234", in font sizes."""
NOTES_GAP, NOTES_LINE = 4.0, 17.0
"""Distance from a node to the notes below (badge, target, error), and height of a note's line, in pixels."""
BAR_TOP, BAR_HEIGHT, BAR_ROOM = 3.0, 5.0, 6.0
"""Distance from an output to the bar of its share, height of the bar, and room for both, in pixels."""
LOW_BAR, LEAST_BAR = 0.6, 1.5
"""LOW_BAR: height of a bar without texts below, as a share of the free height. LEAST_BAR: least in pixels."""
TARGET_PART, PAIR_WIDTH, SHARE_WIDTH = 0.36, 13.5, 12.7
"""TARGET_PART: part of a line for the target beside the error. PAIR_WIDTH: width of both, in font sizes.

SHARE_WIDTH: width of the text "predicted · 68.33 % ✓", in font sizes.
"""
OVERHANG, MOST_OVERHANG_PX = 0.06, 1.6
"""A text below a node may extend beyond each side by OVERHANG node widths, at most MOST_OVERHANG_PX pixels.

Weights and slopes beside the node keep this distance from the node.
"""
VALUE_SIZE = 24.0
"""Font size of the value in a node of height HEIGHT, in pixels."""
PILL_SIZE, PILL_HEIGHT, PILL_INSET = 11.5, 17.0, 3.5
"""PILL_SIZE, PILL_HEIGHT: font size and height of the labels with round ends for bias and slope, in pixels.

PILL_INSET: distance of these labels from the node's border, in pixels.
"""
LEAST_PILL = 0.87
"""Smallest scale of the labels with round ends that show a node's bias and slope."""
THREE_LINES, TWO_LINES = 47.0, 32.0
"""Least height of a node with a bias or slope, in pixels: THREE_LINES for three lines, TWO_LINES for two.

In a larger room, THREE_LINES grows with the node's width.
"""
BAR_LINE, BAR_TEXTS = 1.35, 12.0
"""BAR_LINE, BAR_TEXTS: height and width of name and value in a thumbnail's bar, in font sizes."""
PIXEL_VALUE, PIXEL_SHARE = 16.0, 0.95
"""Largest font size, and largest width in pixel widths, of an input's value on its pixel of an image."""
LONGEST_BADGE = "dead on all rows"
"""Widest text of a badge (note on a node). The width of this text decides whether badges fit below nodes."""


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a text relative to its node, with the font size of the text."""

    rect: Rect
    size: float
    align: Align = "center"
    name_size: float = 0.0
    """Font size of the node's name if the name is at the left of this text, on the same line; else 0."""
    least: float = 0.0
    """Width that stays free for the text beside a long name, in pixels."""
    role: Role | None = None
    """Role of the node whose box is behind the text, or None if the text is not on a node's box."""

    def place(self, x: float, y: float) -> Rect:
        """Return the rectangle of the text in a node whose top left corner is (x, y)."""
        return self.rect._replace(x=x + self.rect.x, y=y + self.rect.y)

    def fit_text(self, texts: Sequence[str], room: float, *, bold: bool) -> tuple[str, float, float] | None:
        """Return the first of `texts` that fits as (text, font size, width), or None if none fits.

        A text may be a little smaller than the slot's font size, the last one as small as a long number.
        """
        for text in texts:
            size = min(self.size, room / text_width(text, 1.0, bold))
            if size >= (self.sizes[-1] if text == texts[-1] else LEAST_TEXT * self.size):
                return text, size, text_width(text, size, bold)
        return None

    def aligned(self, line: Rect, width: float) -> Rect:
        """Return the part of a line for a text of this width."""
        return line._replace(x=line.x + BEFORE[self.align] * (line.width - width), width=width)

    @property
    def sizes(self) -> tuple[float, float, float]:
        """The font sizes to try for a number, the largest first."""
        return font_sizes(self.size, LEAST_FACTOR)


Slots: TypeAlias = Mapping[Kind, Slot]
"""The places of the texts of a node, by kind."""


def node_slots(column: DiagramColumn, layer: Layer | None, *, classes: bool = False) -> Slots:
    """Return the place of each text of a node in `column`, by kind. A text without room is left out.

    `layer` is None for inputs. Slopes have places even while they are hidden, so that nothing moves when they
    appear. If the outputs mean `classes`, the class stands below an output or, without room there, in place
    of the value.
    """
    if column.per_row > 1:
        return _in_bar(column) if column.picture else _in_pixel(column)
    if column.height < COMPACT or column.block:
        return {}
    texts = replace(column, width=column.picture_of(0).x - column.x) if column.picture else column
    least = FULL_HEIGHT if layer is None else THREE_LINES * min(max(texts.width / WIDTH, 1.0), MOST_GROWTH)
    full = column.height >= least
    pills = _slope_slots(column if full else texts, layer, 1.0 if full else _text_scale(texts))
    inside = _full(texts, layer, pills) if full else _compact(texts, pills)
    if not inside:
        return {}
    below = _notes_below(column, layer, classes)
    shows_share = column.role == "output" and classes and not below
    renamed: dict[Kind, Kind] = {"value": "share"} if shows_share else {}
    on_box = {renamed.get(kind, kind): replace(slot, role=column.role) for kind, slot in inside.items()}
    return on_box | pills | below


def _in_bar(column: DiagramColumn) -> dict[Kind, Slot]:
    """Return the places of name and value in the bar under a thumbnail in a grid."""
    bar, (x, y, *_) = column.bar_of(0), column.rect(0)
    size = min(bar.height / BAR_LINE, bar.width / BAR_TEXTS)
    if size < LEAST_SIZE:
        return {}
    line, value = Rect(bar.x - x + 0.3 * size, bar.y - y, bar.width - 0.6 * size, bar.height), NUMBER * size
    name = Slot(line._replace(width=line.width - value - 0.5 * size), size, role=column.role)
    return {"name": name, "value": Slot(line, size, "right", size, value, column.role)}


def _in_pixel(column: DiagramColumn) -> dict[Kind, Slot]:
    """Return the place of an input's value, a pill on its pixel."""
    size = min(PIXEL_SHARE * column.cell / (NUMBER + 1.6), PIXEL_VALUE)
    if size < LEAST_SIZE:
        return {}
    return {"input": Slot(Rect(0.0, 0.0, column.cell, column.cell).middle(column.cell, 1.5 * size), size)}


def _slope_slots(column: DiagramColumn, layer: Layer | None, text_scale: float) -> dict[Kind, Slot]:
    """Return the last line in the node, shared by bias and slope, as the place of the slope."""
    if layer is None or column.height < TWO_LINES:
        return {}
    scale = column.height / HEIGHT
    pill, pad = max(scale, LEAST_PILL * text_scale), min(PILL_INSET * scale, 0.03 * column.width)
    height = PILL_HEIGHT * pill
    rect = Rect(pad, column.height - height - pad, column.width - 2 * pad, height)
    return {"node_slope": Slot(rect, PILL_SIZE * pill)}


def _text_scale(column: DiagramColumn) -> float:
    """Return the scale of the texts of a low node, 1 in a small room."""
    return max(min(column.width / WIDTH, column.height / (1.15 * TWO_LINES)), 1.0)


def _full(column: DiagramColumn, layer: Layer | None, pills: Slots) -> dict[Kind, Slot]:
    """Return the places of name and z in one line, and of the large value centred below them."""
    width, height, scale = column.width, column.height, column.height / HEIGHT
    small = max(11.5 * scale, LEAST_SIZE)
    pad = min(10.0 * scale, 0.08 * width)
    line = Rect(pad, 0.075 * height, width - 2 * pad, 1.3 * small)
    slots: dict[Kind, Slot] = {}
    has_z = layer is not None and not layer.function.linear
    if has_z and line.width >= (NAME_WIDTH + SHORT_Z_WIDTH + 0.5) * LEAST_SIZE:
        small = max(min(small, line.width / (NAME_WIDTH + Z_WIDTH + 0.5)), LEAST_SIZE)
        slots["z"] = Slot(line, small, "right", name_size=small, least=SHORT_Z_WIDTH * small)
        line = line._replace(width=line.width - (SHORT_Z_WIDTH + 0.5) * small)
    slots["name"] = Slot(line, small)
    bottom = pills["node_slope"].rect.y if pills else 0.97 * height
    free = bottom - line.bottom
    size = min(VALUE_SIZE * scale, (width - 8.0 * scale) / NUMBER, free / 1.1)
    if size >= LEAST_SIZE:
        rect = Rect(4.0 * scale, line.bottom + (free - 1.1 * size) / 2, width - 8.0 * scale, 1.1 * size)
        slots["input" if layer is None else "value"] = Slot(rect, size)
    if "z" in slots:
        slots["badge"] = slots["z"]  # if it has no place under the node
    return slots


def _compact(column: DiagramColumn, pills: Slots) -> dict[Kind, Slot]:
    """Return the places of name and value side by side, or of the value alone."""
    width, text_scale = column.width, _text_scale(column)
    free = pills["node_slope"].rect.y if pills else column.height
    size = min(max(0.56 * free, LEAST_SIZE + 0.5), 16.0 * text_scale)
    if free < 1.25 * size or width < NUMBER * LEAST_SIZE + 6.0:
        return {}
    size = min(size, (width - 6.0) / NUMBER)
    top = (free - 1.2 * size) / 2
    value, pad = 4.2 * min(size, 14.0 * text_scale), min(7.0 * text_scale, 0.05 * width)
    kind: Kind = "input" if column.layer < 0 else "value"
    longest = LONG_VALUE * max(LEAST_FACTOR * size, LEAST_SIZE)
    if kind == "value" and width - longest - 2 * pad - 4.0 >= NAME_WIDTH * LEAST_SIZE:
        value = max(value, longest)
    rest = width - value - 2 * pad - 4.0
    small = max(min(0.4 * free, 11.0 * text_scale, rest / NAME_WIDTH), LEAST_SIZE)
    if rest < 3.6 * small:
        return {kind: Slot(Rect(3.0, top, width - 6.0, 1.2 * size), size)}
    line, size = top + 0.6 * (size - small), min(size, 14.0 * text_scale)
    place = Slot(Rect(pad, top, width - 2 * pad, 1.2 * size), size, "right", name_size=small, least=value)
    return {"name": Slot(Rect(pad, line, rest, 1.2 * small), small), kind: place, "badge": place}


def _notes_below(column: DiagramColumn, layer: Layer | None, classes: bool) -> dict[Kind, Slot]:
    """Return the places of the notes under a node: its badge, or an output's class, target and error."""
    if layer is None:
        return {}
    if column.role == "output":
        return _outcome(column, classes)
    scale = max(column.height / HEIGHT, LEAST_PILL)
    top = column.height + NOTES_GAP * scale
    bottom = column.height + column.below
    size, height = 11.5 * scale, 15.0 * scale
    fits = top + height <= bottom and text_width(LONGEST_BADGE, size) <= column.width
    return {"badge": Slot(Rect(0.0, top, column.width, height), size)} if fits else {}


def _outcome(column: DiagramColumn, classes: bool) -> dict[Kind, Slot]:
    """Return the places of an output's target and error in two lines, or side by side below its class.

    The lines are as wide as the node if the height allows it.
    """
    above = NOTES_GAP + BAR_ROOM * classes
    if not (scale := _outcome_scale(column, above)):
        return {}
    overhang = min(OVERHANG * column.width, MOST_OVERHANG_PX)
    width, left, line = column.width + 2 * overhang, -overhang, NOTES_LINE * scale
    top, size = column.height + above * scale, max(min(12.5 * scale, width / ERROR_WIDTH), LEAST_SIZE)
    first, second = (Rect(left, y, width, line) for y in (top, top + line))
    if not classes:
        return {"target": Slot(first, size), "error": Slot(second, size)}
    share = Slot(first, max(min(size, width / SHARE_WIDTH), LEAST_SIZE))
    part, small = TARGET_PART * width, min(size, width / PAIR_WIDTH)
    if small < LEAST_SIZE:  # the mark of the class says whether the error is large
        return {"share": share, "target": Slot(second, size)}
    gap = 0.3 * small
    target = Slot(second._replace(width=part - gap), small, "right")
    error = Slot(second._replace(x=left + part + gap, width=width - part - gap), small, "left")
    return {"share": share, "target": target, "error": error}


def _outcome_scale(column: DiagramColumn, above: float) -> float:
    """Return the scale of two lines under an output, `above` pixels below the output; 0 without room."""
    fits = (column.below - ROUNDING) / (above + 2 * NOTES_LINE)
    scale = max(column.height / HEIGHT, LEAST_PILL, min(column.width / WIDTH, fits))
    return scale if scale <= fits else 0.0


def share_bar(column: DiagramColumn, node: int) -> Rect | None:
    """Return the place of the bar of an output's share, below the output, or None without room."""
    scale, low = _outcome_scale(column, NOTES_GAP + BAR_ROOM), LOW_BAR * column.below
    height = BAR_HEIGHT * scale or min(BAR_HEIGHT * column.height / FULL_HEIGHT, low)
    if height < LEAST_BAR:
        return None
    top = BAR_TOP * scale or (column.below - height) / 2
    rect = column.rect(node)
    return Rect(rect.x, rect.bottom + top, rect.width, height)


EDGE_PILL, LOW_SCALE, LEAST_SCALE = 13.5, 1.3, 0.85
"""EDGE_PILL: font size of numbers on edges, in pixels. LOW_SCALE: their largest scale / the nodes' scale.

LEAST_SCALE: their least scale between nodes of small height, at scale 1.
"""
EQUAL_SHARE = 0.7
"""Least common font size of the numbers on edges, as a share of the largest font size in a gap.

Each gap between two columns has a largest font size. The common font size is the smallest of these that is
not below the least one. A gap uses a smaller size if it would otherwise show fewer numbers.
"""


@dataclass(frozen=True, eq=False)
class Layout:
    """The geometry of a diagram, valid while only numbers change.

    `columns`, `slots` and `headings` have one entry per column (the inputs first), `gaps` one per layer.
    """

    view: View
    scale: float
    """Scale of the diagram before zoom, 1 in a small room."""
    body: Rect
    """The rectangle below the headings. Nodes, edges and their texts are clipped to this rectangle."""
    columns: tuple[DiagramColumn, ...]
    gaps: tuple[Gap, ...]
    """The edges between each column and the next."""
    slots: tuple[Slots, ...]
    """Places of a node's texts relative to the node, one mapping per column."""
    names: tuple[Label, ...]
    """Labels with the names of the visible nodes."""
    rooms: tuple[NumberRoom, ...]
    """Room for the numbers on edges, one entry per layer."""
    shows_strongest: bool
    """Whether the diagram shows only the strongest weights, because all would be too many."""
    headings: tuple[Rect, ...]
    """The rectangle of each column's heading. A column out of view has an empty rectangle."""

    def column(self, layer: int) -> DiagramColumn:
        """Return the column of a layer; layer −1 is the inputs."""
        return self.columns[layer + 1]

    @cached_property
    def lines(self) -> Array:
        """All edges as x0, y0, x1, y1, layer by layer and node by node, shape (edges, 4)."""
        return np.concatenate([gap.segments(*gap.all_edges) for gap in self.gaps])


def lay_out(network: Network, view: View, *, slopes: bool = False, classes: bool = False) -> Layout:
    """Return the layout of a network's diagram in `view`, with places for slopes if `slopes=True`.

    With `classes=True`, there are places for the classes that the outputs mean.
    Nodes stand at the same places with and without slopes. The layout depends only on sizes, names and
    activations, so it stays valid while weights, biases, data and rows change.
    """
    scale = growth(view, len(network.sizes))
    head = float(round(min(head_room(view) * scale, HEAD_SHARE * view.height)))
    room = Rect(0.0, head, view.width, max(view.height - head, 1.0))
    columns = lay_columns(network, view, scale, room)
    gaps = tuple(itertools.starmap(_gap, pairwise(columns)))
    pill_sizes = [_pill_size(left, right, scale * view.zoom) for left, right in pairwise(columns)]
    size = min(size for size in pill_sizes if size >= EQUAL_SHARE * max(pill_sizes))
    sizes = (min(size, each) for each in pill_sizes)
    many = not view.all_weights and sum(len(gap.y0) * len(gap.y1) for gap in gaps) > MANY_EDGES
    rooms = tuple(NumberRoom(*each, room, slopes, many) for each in zip(gaps, sizes, strict=True))
    pairs = zip(columns, (None, *network.layers), strict=True)
    slots = [node_slots(column, layer, classes=classes) for column, layer in pairs]
    names = (_names(network, column, places, room) for column, places in zip(columns, slots, strict=True))
    texts = tuple(slots), tuple(itertools.chain.from_iterable(names))
    headings = _headings(columns, room)
    return Layout(view, scale, room, columns, gaps, *texts, rooms, many, headings)


def _pill_size(left: DiagramColumn, right: DiagramColumn, scale: float) -> float:
    """Return the font size of numbers between two columns: smaller between low nodes, but readable."""
    height = min(left.height, right.height) / HEIGHT
    return EDGE_PILL * max(min(scale, LOW_SCALE * height), LEAST_SCALE * min(max(scale, 1.0), LOW_SCALE))


def _gap(left: DiagramColumn, right: DiagramColumn) -> Gap:
    start = left.x + left.width
    return Gap(right.layer, start, max(right.x - REACH_PX, start + 1.0), left.middles, right.middles)


def _headings(columns: tuple[DiagramColumn, ...], body: Rect) -> tuple[Rect, ...]:
    """Return the places of the headings: each reaches half-way to the next column, within the view."""
    borders = [(left.x + left.width + right.x) / 2 for left, right in pairwise(columns)]
    first, last = columns[0].box, columns[-1].box
    start = min(2 * first.center[0] - borders[0], first.x)
    end = max(2 * last.center[0] - borders[-1], last.right)
    visible = [min(max(x, 0.0), body.right) for x in (start, *borders, end)]
    return tuple(Rect(left, 0.0, right - left, body.y) for left, right in pairwise(visible))


def _names(network: Network, column: DiagramColumn, slots: Slots, body: Rect) -> Iterator[Label]:
    """Yield the visible names of a column's nodes."""
    if (slot := slots.get("name")) is None:
        return
    names = network.names(column.index)
    nodes = list(column.visible_text_nodes(body))
    texts = shorten_distinctly(
        [one_line(names[node]) for node in nodes],
        lambda text: text_width(text, slot.size) <= slot.rect.width,
        lambda name: elide(name, slot.size, slot.rect.width),
    )
    for node, text in zip(nodes, texts, strict=True):
        width = min(text_width(text, slot.size), slot.rect.width)
        rect = slot.place(*column.rect(node)[:2])._replace(width=width)
        if text and rect.y >= body.y and rect.meets(body):
            address = Address("name", column.layer, node)
            yield Label(address, text, rect, "name", slot.size, align="left", role=slot.role)
