"""Where the numbers of a gap's edges stand: each on its own edge, clear of each other and of others' edges.

Knows nothing of weights: pills do not jump. Of several sizes of places the one is taken that shows the most
numbers where the eye finds their edges; what finds no good place waits for hover or zoom.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.picture.candidates import BETWEEN, CLEAR, Candidates, Edges, Sort
from nnviz.picture.edges import REACH_PX, Gap, Indices
from nnviz.picture.parts import Rect
from nnviz.picture.placing import NOWHERE, Placing
from nnviz.picture.text import LONG_NUMBER, NUMBER, ROUNDING

MOST = 600
"""With more edges in sight no label is shown."""
LEAST, LEAST_WITH_SLOPES = 1 / 3, 0.6
"""Where a smaller share of a gap's labels fits, none is shown, or no slopes: a lone handful looks random."""
WALL, LEAST_OF_WALL = 100, 0.75
"""Of more labels than `WALL` a part would hide the edges and still leave out what is looked for."""
ZOOMED_IN = 1.5
SMALL = 11.475
"""Font size of labels where there is less room, in pixels."""
STEPS = (1.0, 0.85, 0.72, 0.5, 0.3, 0.18)
"""Fonts are so much smaller where there is less room."""
SHRUNK, LEAST_SIZE = 0.7, 9.5
"""That of a number that needs more room than others is so much smaller; none is below 9.5 pixels."""
PAD, AIRY_PAD = 0.18, 0.9
"""Free on both sides of a number in its pill, in font sizes, together: at least, and where there is room."""
ASIDE = 0.35
"""So far from the nodes labels stay, in font sizes of the largest."""
SPOILT = 0.35
"""By so much less a number counts for what its place costs: for each edge of another that it covers."""
WEIGHT, DEAR = 1.5, 1.1
"""So many slopes a weight is worth; and slopes are hidden where so many times as many weights fit without."""
LEADING = 6
"""Where more find no place on their edges none leaves its edge either: it would not help."""

FEW, WHOLE = 20, 1.2
"""So few labels are placed twice where that shows more, and all of them are worth more than larger ones."""


@dataclass(frozen=True, slots=True)
class PillSlots:
    """Places of one height for the labels of some edges: middles (`x`, `y`), the room across, font size.

    `line` is where the edge runs at `x`: elsewhere than at `y` if a label had to leave it. Where fewer than
    `least` numbers fit their places, none is shown.
    """

    nodes: list[int]
    sources: list[int]
    x: list[float]
    y: list[float]
    line: list[float]
    widths: list[float]
    height: float
    size: float
    least: float = 0.0


NO_SLOTS = PillSlots([], [], [], [], [], [], 0.0, 0.0)


def smaller(size: float) -> float:
    """Return the font size of a number that does not fit its place at `size`."""
    return min(size, max(SHRUNK * size, LEAST_SIZE))


def pill_slots(gap: Gap, body: Rect, size: float, zoom: float, slopes: bool) -> tuple[PillSlots, PillSlots]:
    """Return the places of a gap's weights and, if `slopes`, of its slopes; no font is larger than `size`."""
    edges = _in_sight(gap, body)
    if edges is None:
        return NO_SLOTS, NO_SLOTS
    count = len(edges.nodes)
    share = LEAST_OF_WALL if count > WALL else LEAST
    least, with_slopes = (0.0 if zoom >= ZOOMED_IN else count * of for of in (share, LEAST_WITH_SLOPES))
    both = _best(edges, size, 2, max(least, with_slopes)) if slopes else (NO_SLOTS, NO_SLOTS)
    both = both[0], replace(both[1], least=with_slopes)
    if DEAR * len(both[0].x) > count:
        return both
    alone = _best(edges, size, 1, least)
    return both if DEAR * len(both[0].x) > len(alone[0].x) else alone


def _in_sight(gap: Gap, body: Rect) -> Edges | None:
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
    return Edges(gap, body, nodes, sources, gap.y0[sources], gap.y1[nodes])


def _best(edges: Edges, largest: float, kinds: int, least: float) -> tuple[PillSlots, PillSlots]:
    """Return the places that show most, of weights alone or with slopes; none where it is too few.

    Where a few are too few on their edges some leave these, if all have a place then.
    """
    count = len(edges.nodes)
    found = _found(edges, largest, kinds, least)
    if found is None and kinds * count <= FEW:
        found = _found(edges, largest, kinds, count, leading=True)
    if found is None:
        return NO_SLOTS, NO_SLOTS
    widths = _widths(*found)
    places = [_slots(edges, *found, widths, kind) for kind in range(kinds)]
    return places[0], places[1] if kinds == 2 else NO_SLOTS


def _found(
    edges: Edges, largest: float, kinds: int, least: float, *, leading: bool = False
) -> tuple[Candidates, Indices, Sort] | None:
    """Return the choice that shows most, of `least` numbers of each kind; `leading`: also beside edges."""
    count, best, found = len(edges.nodes), 0.0, None
    whole = WHOLE if kinds * count <= FEW else 1.0
    for sort in _sorts(edges, largest):
        room = edges.bound(sort)
        if room < max(kinds * least, 1.0) or count * (WEIGHT + kinds - 1.0) * sort.size * whole <= best:
            continue
        candidates = Candidates.of(edges, sort, kinds)
        most = np.sort(_worth(candidates).max(axis=1))[::-1][: int(room)]
        if np.count_nonzero(most) < max(kinds * least, 1.0) or float(most.sum()) * sort.size * whole <= best:
            continue
        if leading:
            candidates = candidates.with_leaders(edges, sort, CLEAR)
        chosen = _chosen(candidates, sort)
        fewest, worth = _shown(candidates, chosen, sort)
        if fewest >= max(least, 1.0) and worth > best + ROUNDING:
            best, found = worth, (candidates, chosen, sort)
    if found is None:
        return None
    candidates, chosen, sort = found
    if 0 < np.count_nonzero(chosen == NOWHERE) <= LEADING:
        candidates = candidates.with_leaders(edges, sort)
        chosen = _chosen(candidates, sort)
        if _shown(candidates, chosen, sort)[1] > best + ROUNDING:
            found = candidates, chosen, sort
    return found


def _chosen(candidates: Candidates, sort: Sort) -> Indices:
    """Return the better of two ways to place a few labels, where the first leaves any out."""
    chosen = Placing(candidates, sort).chosen
    if candidates.kinds == 1 or len(chosen) > FEW or NOWHERE not in chosen:
        return chosen
    other = Placing(candidates, sort, slopes_first=True).chosen
    return max(chosen, other, key=lambda own: _shown(candidates, own, sort)[1])


def _widths(candidates: Candidates, chosen: Indices, sort: Sort) -> Array:
    """Return the room across of every label: as much as a long number takes, if no other label needs it."""
    shown = np.flatnonzero(chosen != NOWHERE)
    at = chosen[shown]
    x, y, line = candidates.x[at], candidates.y[shown, at], candidates.line[shown, at]
    slope, air = candidates.slope[shown], BETWEEN * sort.size
    right, down = np.subtract.outer(x, x), np.subtract.outer(y, y)
    between = np.subtract.outer(line, line) - np.add.outer(slope, slope) * right / 2
    beside = (np.abs(down) < sort.height + air) | (between * down < 0.0)
    np.fill_diagonal(beside, False)
    free = np.where(beside, np.abs(right) - air, (LONG_NUMBER + AIRY_PAD) * sort.size).min(axis=1)
    ends = np.minimum(x - sort.left, sort.right - x) * 2.0 + sort.width + ASIDE * sort.size
    widths = np.zeros(len(chosen))
    widths[shown] = np.maximum(np.minimum(free, ends), sort.width)
    return widths


def _shown(candidates: Candidates, chosen: Indices, sort: Sort) -> tuple[int, float]:
    """Return how many labels of the rarer kind have a place, and how much all show."""
    shown = np.flatnonzero(chosen != NOWHERE)
    kinds = np.bincount(shown // (len(chosen) // candidates.kinds), minlength=candidates.kinds)
    worth = float(_worth(candidates)[shown, chosen[shown]].sum()) * sort.size
    return int(kinds.min()), worth * (WHOLE if len(shown) == len(chosen) <= FEW else 1.0)


def _worth(candidates: Candidates) -> Array:
    """Return how much a label shows at each of its places, shape (labels, places)."""
    worth = np.where(np.isfinite(candidates.cost), np.maximum(1.0 - SPOILT * candidates.cost, 0.1), 0.0)
    worth[: len(worth) // candidates.kinds] *= WEIGHT
    return worth


def _slots(
    edges: Edges, candidates: Candidates, chosen: Indices, sort: Sort, widths: Array, kind: int
) -> PillSlots:
    """Return the places of one kind, the first or the second of each edge."""
    count = len(edges.nodes)
    shown = np.flatnonzero(chosen[kind * count : (kind + 1) * count] != NOWHERE)
    labels = shown + kind * count
    at = chosen[labels]
    return PillSlots(
        edges.nodes[shown].tolist(),
        edges.sources[shown].tolist(),
        candidates.x[at].tolist(),
        candidates.y[labels, at].tolist(),
        candidates.line[labels, at].tolist(),
        widths[labels].tolist(),
        sort.height,
        sort.size,
    )


def _sorts(edges: Edges, largest: float) -> Iterator[Sort]:
    """Yield the sizes to try, the most readable first."""
    gap, body = edges.gap, edges.body
    from_nodes = ASIDE * largest
    left, right = max(gap.x0 + from_nodes, body.x), min(gap.x1 + REACH_PX - from_nodes, body.right)
    for size in _sizes(largest):
        width = (NUMBER + PAD) * size
        if width <= right - left + ROUNDING:
            yield Sort(width, 1.5 * size, size, left + width / 2, right - width / 2)


def _sizes(largest: float) -> Iterator[float]:
    """Yield font sizes, in small steps and then, zoomed in, in large ones."""
    for step in STEPS:
        if step * largest > LEAST_SIZE:
            yield step * largest
    yield min(LEAST_SIZE, largest)
