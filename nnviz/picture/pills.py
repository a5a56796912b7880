"""Where the numbers of a gap's edges stand so that no two overlap.

Knows nothing of weights: pills do not jump.

A label's middle lies on its edge. Labels stand in columns: at one part of the way if all fit there, else in
as many columns side by side as are needed. In a column the labels are taken from the top as long as they
keep clear of each other, which is the largest number that one column can hold.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnviz.core.activations import Array
from nnviz.picture.edges import Gap, Indices
from nnviz.picture.parts import Rect
from nnviz.picture.text import LONG_NUMBER, NUMBER, ROUNDING

MOST = 600
"""With more edges in sight no label is shown."""
LEAST = 1 / 3
"""Where a smaller share of a gap's labels fits, none is shown: a lone handful looks random."""
WALL, LEAST_OF_WALL = 100, 0.75
"""Of more labels than `WALL` a part would hide the edges and still leave out what is looked for."""
ZOOMED_IN = 1.5
LARGE, SMALL = 13.5, 11.475
"""Font sizes of labels at zoom 1, in pixels."""
SHRUNK, LEAST_SIZE = 0.7, 9.5
"""A number that needs more room has a font so much smaller, but no smaller than that, in pixels."""
PAD, AIRY_PAD = 0.18, 0.9
"""Free on both sides of a number in its pill, in font sizes: at least, and where there is room."""
BETWEEN = 3.0
"""Free pixels between two labels."""
TRIES = 24
OFFSETS = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class PillSlots:
    """Places of equal size for the labels of some edges: middles (`x`, `y`), `width`, `height`, font size."""

    nodes: list[int]
    sources: list[int]
    x: list[float]
    y: list[float]
    width: float
    height: float
    size: float


NO_SLOTS = PillSlots([], [], [], [], 0.0, 0.0, 0.0)


def smaller(size: float) -> float:
    """Return the font size of a number that does not fit its place at `size`."""
    return min(size, max(SHRUNK * size, LEAST_SIZE))


@dataclass(frozen=True, slots=True)
class _Sort:
    """A kind of label: its size, and between which x its middle may be."""

    width: float
    height: float
    size: float
    left: float
    right: float

    @property
    def most(self) -> int:
        """How many stand side by side."""
        return int((self.right - self.left) // (self.width + BETWEEN)) + 1


@dataclass(frozen=True, slots=True)
class _Edges:
    """The edges in sight, and the room that their labels must keep to."""

    gap: Gap
    body: Rect
    nodes: Indices
    sources: Indices
    y0: Array
    y1: Array

    def heights(self, x: Array) -> Array:
        """Return where the edges are at `x`, shape (places, edges)."""
        parts = (x - self.gap.x0) / (self.gap.x1 - self.gap.x0)
        heights: Array = self.y0 + parts[:, None] * (self.y1 - self.y0)
        return heights

    def bound(self, sort: _Sort) -> float:
        """Return a number of labels that cannot be exceeded."""
        ends = self.heights(np.array([sort.left, sort.right]))
        span = min(float(ends.max() - ends.min()), self.body.height - sort.height)
        return sort.most * (max(span, 0.0) // (sort.height + BETWEEN) + 1)


def pill_slots(gap: Gap, body: Rect, scale: float, zoom: float, slopes: bool) -> tuple[PillSlots, PillSlots]:
    """Return the places of a gap's weights and, if `slopes`, of its slopes, mirrored from the edges' ends.

    `scale` is the height of the smaller nodes beside the gap over that of a large node.
    """
    edges = _in_sight(gap, body)
    if edges is None:
        return NO_SLOTS, NO_SLOTS
    count = len(edges.nodes)
    least = 0.0 if zoom >= ZOOMED_IN else count * (LEAST_OF_WALL if count > WALL else LEAST)
    if slopes:
        places = max((_both(edges, scale, share) for share in _shares(gap)), key=_fewer)
        if _fewer(places) >= max(least, 1.0):
            return places
    weights = _side(edges, max(LARGE * scale, SMALL), (0.0, 1.0), mirrored=False)
    return (weights if len(weights.x) >= least else NO_SLOTS), NO_SLOTS


def _in_sight(gap: Gap, body: Rect) -> _Edges | None:
    """Return the edges that pass through the body, or None if there are too many to label."""
    left, right = max(gap.x0, body.x), min(gap.x1, body.right)
    if left >= right:
        return None
    seen = np.zeros((len(gap.y1), len(gap.y0)), dtype=bool)
    for x in (left, (left + right) / 2, right):
        part = (x - gap.x0) / (gap.x1 - gap.x0)
        y = np.add.outer(part * gap.y1, (1.0 - part) * gap.y0)
        seen |= (y >= body.y) & (y <= body.bottom)
    if not 0 < np.count_nonzero(seen) <= MOST:
        return None
    nodes, sources = np.nonzero(seen)
    return _Edges(gap, body, nodes, sources, gap.y0[sources], gap.y1[nodes])


def _shares(gap: Gap) -> tuple[float, ...]:
    """Return how much of the gap's length the weights may have: more where the edges fan out."""
    sources, nodes = len(gap.y0), len(gap.y1)
    return (0.5, 0.6) if sources < nodes else (0.5, 0.4) if sources > nodes else (0.5,)


def _both(edges: _Edges, scale: float, share: float) -> tuple[PillSlots, PillSlots]:
    """Return places for weights and slopes, of one font size."""
    largest = max(LARGE * scale, SMALL)
    weights = _side(edges, largest, (0.0, share), mirrored=False)
    slopes = _side(edges, weights.size or largest, (share, 1.0), mirrored=True)
    if slopes.size and slopes.size < weights.size:
        weights = _side(edges, slopes.size, (0.0, share), mirrored=False)
    return weights, slopes


def _fewer(slots: tuple[PillSlots, PillSlots]) -> int:
    return min(len(places.x) for places in slots)


def _side(edges: _Edges, largest: float, share: tuple[float, float], *, mirrored: bool) -> PillSlots:
    """Return places in a share of the gap's length, of the most readable sort that has one for every edge."""
    count = len(edges.nodes)
    sorts = list(_sorts(edges, largest, share))
    best = NO_SLOTS
    for sort in sorts:
        last = sort is sorts[-1]
        if edges.bound(sort) >= count * (LEAST if last else 1.0):
            places = _fill(edges, sort, mirrored, partly=last)
            if len(places.x) > len(best.x):
                best = places
            if len(places.x) == count:
                break
    return best


def _sorts(edges: _Edges, largest: float, share: tuple[float, float]) -> Iterator[_Sort]:
    """Yield the sizes to try, the most readable first."""
    gap, body = edges.gap, edges.body
    length = gap.x1 - gap.x0
    left = max(gap.x0 + 5.0, body.x, gap.x0 + share[0] * length + BETWEEN / 2)
    right = min(gap.x1 + 2.0, body.right)
    if share[1] < 1.0:
        right = min(right, gap.x0 + share[1] * length - BETWEEN / 2)
    sizes = dict.fromkeys((largest, smaller(largest)))
    any_number = [max((NUMBER + AIRY_PAD) * size, LONG_NUMBER * smaller(size) + PAD * size) for size in sizes]
    usual = [(NUMBER + AIRY_PAD) * size for size in sizes]
    tight = [NUMBER * smaller(size) + PAD * size for size in sizes]
    for widths in (any_number, usual, tight):
        for size, width in zip(sizes, widths, strict=True):
            if width <= right - left + ROUNDING:
                yield _Sort(width, 1.5 * size, size, left + width / 2, right - width / 2)


def _fill(edges: _Edges, sort: _Sort, mirrored: bool, partly: bool) -> PillSlots:
    """Return places for every edge, or for none; `partly`: for as many as there are."""
    count = len(edges.nodes)
    single = _single(edges, sort, mirrored)
    if single is not None:
        return _slots(edges, sort, np.arange(count), np.full(count, single))
    best: list[tuple[Indices, float]] = []
    number = 0
    for xs in _columns(sort, mirrored):
        places = _pack(edges, sort, xs, BETWEEN)
        fits = sum(len(chosen) for chosen, _ in places)
        if fits == count:
            airy = _pack(edges, sort, xs, 0.4 * sort.height)
            best = airy if sum(len(chosen) for chosen, _ in airy) == count else places
            break
        if partly and fits > number:
            best, number = places, fits
    if not best:
        return NO_SLOTS
    chosen = np.concatenate([some for some, _ in best])
    return _slots(edges, sort, chosen, np.repeat([x for _, x in best], [len(some) for some, _ in best]))


def _slots(edges: _Edges, sort: _Sort, chosen: Indices, x: Array) -> PillSlots:
    gap = edges.gap
    y0, y1 = edges.y0[chosen], edges.y1[chosen]
    y = y0 + (x - gap.x0) / (gap.x1 - gap.x0) * (y1 - y0)
    nodes, sources = edges.nodes[chosen].tolist(), edges.sources[chosen].tolist()
    return PillSlots(nodes, sources, x.tolist(), y.tolist(), sort.width, sort.height, sort.size)


def _single(edges: _Edges, sort: _Sort, mirrored: bool) -> float | None:
    """Return the x nearest to a quarter of the way (`mirrored`: from the end) where every label fits."""
    gap = edges.gap
    wished = gap.x0 + (0.75 if mirrored else 0.25) * (gap.x1 - gap.x0)
    wished = min(max(wished, sort.left), sort.right)
    xs = np.append(np.linspace(sort.left, sort.right, TRIES), wished)
    xs = xs[np.argsort(np.abs(xs - wished), kind="stable")]
    heights = np.sort(edges.heights(xs), axis=1)
    clear = np.diff(heights, axis=1).min(axis=1, initial=np.inf) >= sort.height + BETWEEN
    half = sort.height / 2
    clear &= (heights[:, 0] >= edges.body.y + half) & (heights[:, -1] <= edges.body.bottom - half)
    return float(xs[clear.argmax()]) if clear.any() else None


def _columns(sort: _Sort, mirrored: bool) -> Iterator[list[float]]:
    """Yield sets of columns to try: fewer first, by the edges' start (`mirrored`: by their end) first."""
    pitch = sort.width + BETWEEN
    for count in range(1 if sort.most == 1 else 2, min(sort.most, 6) + 1):
        slack = sort.right - sort.left - (count - 1) * pitch
        for offset in OFFSETS:
            xs = [sort.left + offset * slack + k * pitch for k in range(count)]
            yield [sort.left + sort.right - x for x in xs] if mirrored else xs


def _pack(edges: _Edges, sort: _Sort, xs: list[float], air: float) -> list[tuple[Indices, float]]:
    """Return the edges that have a place in each column, column by column, with the column's x."""
    top, bottom = edges.body.y + sort.height / 2, edges.body.bottom - sort.height / 2
    step = sort.height + air
    free: Indices = np.arange(len(edges.nodes))
    places = []
    for x, line in zip(xs, edges.heights(np.array(xs)), strict=True):
        heights = line[free]
        order = heights.argsort(kind="stable")
        sorted_heights = heights[order].tolist()
        picked = []
        at = bisect_left(sorted_heights, top)
        while at < len(sorted_heights) and sorted_heights[at] <= bottom:
            picked.append(at)
            at = bisect_left(sorted_heights, sorted_heights[at] + step, at + 1)
        chosen = order[picked] if picked else order[:0]
        places.append((free[chosen], x))
        free = np.delete(free, chosen)
    return places
