"""Where the numbers of a gap's edges stand so that no two overlap. Knows no weights: pills do not jump.

A label's middle lies on its edge. Labels stand in columns: at one part of the way if all fit there, else in
as many columns side by side as are needed. In a column the labels are taken from the top as long as they
keep clear of each other, which is the largest number that one column can hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from nnviz.core.activations import Array
from nnviz.picture.edges import Gap, Indices
from nnviz.picture.picture import Rect
from nnviz.picture.text import NUMBER, SHORT_NUMBER

MOST = 600
"""With more edges in sight no label is shown."""
LEAST = 1 / 3
"""Where a smaller share of a gap's labels fits, none is shown: a lone handful looks random."""
ZOOMED_IN = 1.5
BETWEEN = 3.0
"""Free pixels between two labels."""
TRIES = 24


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


@dataclass(frozen=True, slots=True)
class _Sort:
    """A kind of label: its size, and the part of the gap where its middle may be."""

    width: float
    height: float
    size: float
    left: float
    right: float


def pill_slots(gap: Gap, body: Rect, scale: float, zoom: float, slopes: bool) -> tuple[PillSlots, PillSlots]:
    """Return the places of a gap's weights and, if `slopes`, of its slopes, mirrored from the edges' ends.

    `scale` is the height of the smaller nodes beside the gap over that of a large node.
    """
    halves = (0.0, 0.5), (0.5, 1.0)
    if not slopes:
        return _side(gap, body, scale, zoom, (0.0, 1.0), mirrored=False), NO_SLOTS
    weights = _side(gap, body, scale, zoom, halves[0], mirrored=False)
    return weights, _side(gap, body, scale, zoom, halves[1], mirrored=True)


def _side(
    gap: Gap, body: Rect, scale: float, zoom: float, share: tuple[float, float], *, mirrored: bool
) -> PillSlots:
    best: PillSlots = NO_SLOTS
    wanted = 0
    for sort in _sorts(gap, body, scale, share):
        nodes, sources = _in_sight(gap, body, sort)
        wanted = max(wanted, len(nodes))
        if not 0 < len(nodes) <= MOST:
            continue
        found = _fill(gap, body, sort, nodes, sources, mirrored)
        if len(found.x) > len(best.x):
            best = found
        if len(found.x) == len(nodes):
            break
    enough = len(best.x) >= wanted * LEAST or zoom >= ZOOMED_IN
    return best if enough else NO_SLOTS


def _sorts(gap: Gap, body: Rect, scale: float, share: tuple[float, float]) -> Iterator[_Sort]:
    """Yield the sizes to try, the most readable first."""
    length = gap.x1 - gap.x0
    left = max(gap.x0 + 5.0, body.x, gap.x0 + share[0] * length + BETWEEN / 2)
    right = min(gap.x1 + 2.0, body.right, gap.x0 + share[1] * length - BETWEEN / 2)
    largest = 13.5 * max(min(scale, 1.0), 0.85) if scale < 1.0 else 13.5 * scale
    sizes = dict.fromkeys((largest, max(11.5, 0.85 * largest)))
    for ems in (NUMBER, SHORT_NUMBER):
        for size in sizes:
            width = ems * size + 0.9 * size
            if width <= right - left:
                yield _Sort(width, 1.5 * size, size, left + width / 2, right - width / 2)


def _in_sight(gap: Gap, body: Rect, sort: _Sort) -> tuple[Indices, Indices]:
    """Return the edges that pass through the body half-way between the outermost places of their labels."""
    parts = _parts(gap, np.array([sort.left, (sort.left + sort.right) / 2, sort.right]))
    top, bottom = body.y + sort.height / 2, body.bottom - sort.height / 2
    seen = np.zeros((len(gap.y1), len(gap.y0)), dtype=bool)
    for part in parts:
        y = np.add.outer(part * gap.y1, (1.0 - part) * gap.y0)
        seen |= (y >= top) & (y <= bottom)
    nodes, sources = np.nonzero(seen)
    return nodes, sources


def _parts(gap: Gap, x: Array) -> Array:
    parts: Array = (x - gap.x0) / (gap.x1 - gap.x0)
    return parts


def _fill(gap: Gap, body: Rect, sort: _Sort, nodes: Indices, sources: Indices, mirrored: bool) -> PillSlots:
    y0, y1 = gap.y0[sources], gap.y1[nodes]
    step = sort.height + BETWEEN
    top, bottom = body.y + sort.height / 2, body.bottom - sort.height / 2
    most = int((sort.right - sort.left) // (sort.width + BETWEEN)) + 1
    best: list[tuple[int, float]] = []
    for xs in _columns(gap, sort, most, mirrored):
        parts = _parts(gap, np.array(xs))[:, None]
        heights = y0 + parts * (y1 - y0)
        found = _pack(heights, step, top, bottom)
        if len(found) > len(best):
            best = [(edge, xs[column]) for edge, column in found]
        if len(best) == len(nodes):
            break
    chosen = np.array([edge for edge, _ in best], dtype=np.intp)
    x = np.array([place for _, place in best])
    y = y0[chosen] + _parts(gap, x) * (y1[chosen] - y0[chosen])
    return PillSlots(
        nodes[chosen].tolist(),
        sources[chosen].tolist(),
        x.tolist(),
        y.tolist(),
        sort.width,
        sort.height,
        sort.size,
    )


def _columns(gap: Gap, sort: _Sort, most: int, mirrored: bool) -> Iterator[list[float]]:
    """Yield sets of columns to try: one, then two and so on, by the edges' start (`mirrored`: end)."""
    span = sort.right - sort.left
    wished = gap.x0 + (0.75 if mirrored else 0.25) * (gap.x1 - gap.x0)
    wished = min(max(wished, sort.left), sort.right)
    single = sort.left + span * np.linspace(0.0, 1.0, TRIES)
    for x in [wished, *single[np.argsort(np.abs(single - wished), kind="stable")].tolist()]:
        yield [x]
    pitch = sort.width + BETWEEN
    for count in range(2, min(most, 6) + 1):
        slack = span - (count - 1) * pitch
        for share in (0.0, 0.25, 0.5, 0.75, 1.0):
            xs = [sort.left + share * slack + k * pitch for k in range(count)]
            yield xs[::-1] if mirrored else xs


def _pack(heights: Array, step: float, top: float, bottom: float) -> list[tuple[int, int]]:
    """Return (edge, column) pairs that keep clear; `heights` has shape (columns, edges)."""
    taken: set[int] = set()
    found: list[tuple[int, int]] = []
    for column, line in enumerate(heights):
        order = np.argsort(line, kind="stable").tolist()
        values = line.tolist()
        last = top - step
        for edge in order:
            y = values[edge]
            if y - last >= step and y <= bottom and edge not in taken:
                last = y
                taken.add(edge)
                found.append((edge, column))
    return found
