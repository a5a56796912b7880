"""Places for the numbers on edges.

A place costs more the farther it is from the usual place and the more other edges it covers. A crossing of
two edges is never used: the number could belong to either. Places do not depend on the weights, so numbers do
not jump. Of several sizes, the one is chosen that shows the most numbers; the others appear on hover or zoom.
Either weights or slopes choose first, and labels with the fewest good places before others; then a label
without a place may move another, and each takes a better place that became free.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.picture.edges import REACH_PX, Gap, Indices
from nnviz.picture.parts import Rect
from nnviz.picture.text import LONG_NUMBER, NUMBER, ROUNDING

BETWEEN = 0.22
"""Free between two labels, in font sizes: all here grows with zoom, so that labels stay on their edges."""
STEP, MOST_COLUMNS = 0.45, 20
"""From one place along an edge to the next, in heights of a label, and how many there are at most."""
WISHED = (0.25, 0.75)
"""Which part of the way weights and slopes are looked for."""
COVERING, LEAVING = 1.0, 1.0
"""What it costs to cover an edge of another, and to leave one's own; the way along the edge costs 1."""
MOST_COVERED = (2.5, 1.5)
"""More edges of others are never covered by weights alone, or with slopes, where edges cross."""
APART = 0.3
"""So far from any other edge a label's middle is, in heights of a label."""
LEADER, CLEAR = 0.75, 1.15
"""How far from its edge a label's middle is that leaves it, in heights of a label: a little, or far enough to
leave room for another label on the edge."""


@dataclass(frozen=True, slots=True)
class Sort:
    """A size of labels, and between which x their middles may be."""

    width: float
    height: float
    size: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Edges:
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

    @property
    def slope(self) -> Array:
        """How far every edge goes down for each pixel to the right."""
        slope: Array = (self.y1 - self.y0) / (self.gap.x1 - self.gap.x0)
        return slope

    @property
    def cross(self) -> bool:
        """Whether any two edges may: a fan's keep their order."""
        return min(len(self.gap.y0), len(self.gap.y1)) > 1

    def bound(self, sort: Sort) -> float:
        """Return a number of labels that cannot be exceeded."""
        ends = self.heights(np.array([sort.left, sort.right]))
        span = min(float(ends.max() - ends.min()), self.body.height - sort.height)
        return ((sort.right - sort.left) // sort.width + 1) * (max(span, 0.0) // sort.height + 1)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The places of the weights of some edges, and after them of their slopes.

    `x` has shape (places,) and rises, `slope` has shape (labels,). `y`, the edge's own height `line`, `cost`
    (infinite where none may stand) have shape (labels, places).
    """

    kinds: int
    x: Array
    y: Array
    line: Array
    slope: Array
    cost: Array

    @classmethod
    def of(cls, edges: Edges, sort: Sort, kinds: int) -> Candidates:
        """Return places on the edges, for weights alone or for weights and slopes."""
        count = min(max(round((sort.right - sort.left) / (STEP * sort.height)) + 1, 1), MOST_COLUMNS)
        x = np.linspace(sort.left, sort.right, count) if count > 1 else np.array([sort.left + sort.right]) / 2
        line = edges.heights(x)
        covered = _covered(edges, sort, x, line) - 1.0  # its own
        most = MOST_COVERED[kinds - 1] if edges.cross else np.inf
        spoilt = (covered > most) | (_apart(line) < APART * sort.height) | _outside(edges, sort, line)
        cost = np.where(spoilt, np.inf, COVERING * covered)
        costs = [cost + _way(edges, sort, x, covered, kind, kinds)[:, None] for kind in range(kinds)]
        y = np.tile(line.T, (kinds, 1))
        return cls(
            kinds,
            x,
            y,
            y,
            np.tile(edges.slope, kinds),
            np.concatenate([each.T for each in costs]),
        )

    def partner(self, label: int) -> int:
        """Return the other label of the same edge, or −1."""
        labels = len(self.cost)
        return (label + labels // 2) % labels if self.kinds == 2 else -1

    def with_leaders(self, edges: Edges, sort: Sort, far: float = LEADER) -> Candidates:
        """Return these and, so far above and below, places beside the edge where no other edge is as near."""
        found = [self]
        line = edges.heights(self.x)
        cosine = 1.0 / np.hypot(1.0, edges.slope)
        for shift in (-far * sort.height, far * sort.height):
            y = line + shift
            away = np.abs(y[:, :, None] - line[:, None, :]) * cosine
            own = abs(shift) * cosine[:, None]
            nearer = np.count_nonzero(away <= own + 1.0, axis=2) > 1
            covered = _covered(edges, sort, self.x, y)
            covered -= np.abs(shift) <= (sort.height + np.abs(edges.slope) * sort.width) / 2
            spoilt = nearer | (covered > 0.0) | _outside(edges, sort, y)
            more = np.where(spoilt, np.inf, LEAVING)
            costs = np.concatenate(
                [
                    more + _way(edges, sort, self.x, covered, kind, self.kinds)[:, None]
                    for kind in range(self.kinds)
                ],
                1,
            )
            found.append(replace(self, y=np.tile(y.T, (self.kinds, 1)), cost=costs.T))
        x = np.tile(self.x, len(found))
        order = np.argsort(x, kind="stable")
        y, line, cost = (
            np.concatenate(each, axis=1)[:, order]
            for each in zip(*((each.y, each.line, each.cost) for each in found), strict=True)
        )
        return replace(self, x=x[order], y=y, line=line, cost=cost)


def _way(edges: Edges, sort: Sort, x: Array, covered: Array, kind: int, kinds: int) -> Array:
    """Return what the way costs from where labels of a kind stand side by side, shape (places,).

    That is where they cover least of others' edges, near the wished part of the way, but so far from nodes
    that long numbers have room.
    """
    left, right = max(edges.gap.x0, edges.body.x), min(edges.gap.x1, edges.body.right)
    wished = edges.gap.x0 + WISHED[kind] * (edges.gap.x1 - edges.gap.x0)
    free = sort.right - sort.left - (kinds - 1) * (sort.width + BETWEEN * sort.size)
    longer = max(min(LONG_NUMBER * sort.size - sort.width, free), 0.0) / 2
    wished = min(max(wished, sort.left + longer), sort.right - longer)
    way = np.abs(x - wished) / (right - left)
    total = covered.mean(axis=1) * COVERING + way
    if kinds == 2:
        total = np.where((x - (left + right) / 2) * (1 - 2 * kind) > 0.0, np.inf, total)
    best = x[int(np.round(total, 3).argmin())]  # not another one for the sake of a pixel more of room
    cost: Array = 0.8 * np.abs(x - best) / (right - left) + 0.2 * way
    return cost


def _apart(line: Array) -> Array:
    """Return how far from every edge the nearest other one is, upright, shape (places, edges)."""
    order = line.argsort(axis=1)
    between = np.diff(np.take_along_axis(line, order, axis=1), axis=1, prepend=-np.inf, append=np.inf)
    apart = np.empty_like(line)
    np.put_along_axis(apart, order, np.minimum(between[:, :-1], between[:, 1:]), axis=1)
    return apart


def _outside(edges: Edges, sort: Sort, y: Array) -> NDArray[np.bool_]:
    """Tell where a label would reach out of the body."""
    half = sort.height / 2
    outside: NDArray[np.bool_] = (y < edges.body.y + half) | (y > edges.body.bottom - half)
    return outside


def _covered(edges: Edges, sort: Sort, x: Array, y: Array) -> Array:
    """Return how many edges pass under labels at (x, y), shape (places, edges).

    One that passes under a corner counts half.
    """
    covered = np.zeros(y.size)
    apart = (
        (float(np.abs(y).max()) + 1e4) * 2.0 * np.arange(len(y))[:, None]
    )  # all columns are searched in one go
    first = np.repeat(np.arange(len(y)) * y.shape[1], y.shape[1])
    for part in (1.0, 0.6):
        ends = edges.heights(x - part * sort.width / 2), edges.heights(x + part * sort.width / 2)
        upper, lower = (np.sort(each, axis=1) + apart for each in (np.minimum(*ends), np.maximum(*ends)))
        half = part * sort.height / 2
        above = np.searchsorted(lower.ravel(), (y + apart - half).ravel())
        from_above = np.searchsorted(upper.ravel(), (y + apart + half).ravel(), "right")
        covered += (np.clip(from_above - first, 0, y.shape[1]) - np.clip(above - first, 0, y.shape[1])) / 2
    return covered.reshape(y.shape)


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


NOWHERE = -1
"""The choice of a label without a place."""
GOOD = 0.35
"""A place that costs so much more than a label's best one is a good one, too."""
PUSHES = 4
"""From so many places a label without one may try to push another one."""


class Placing:
    """The choice of places while it is made: `chosen` among the candidates of every label."""

    def __init__(self, candidates: Candidates, sort: Sort, *, slopes_first: bool = False) -> None:
        air = BETWEEN * sort.size
        self._of, self._width, self._height = candidates, sort.width + air, sort.height + air
        cost, self._x = candidates.cost, candidates.x.tolist()
        self._weights, self._every = len(cost) // candidates.kinds, slice(0, len(cost))
        self.chosen: Indices = np.full(len(cost), NOWHERE)
        self._possible = np.isfinite(cost)
        self._blocks: dict[int, NDArray[np.int16]] = {}
        """What every label that has a place blocks, shape (labels, places)."""
        self._blocked = np.zeros(cost.shape, dtype=np.int16)
        """By how many labels every place is blocked."""
        self._greedy(cost, slopes_first)
        self._push_aside()
        self._improve()

    def _greedy(self, cost: Array, slopes_first: bool) -> None:
        best = cost.min(axis=1)
        able = np.flatnonzero(np.isfinite(best))
        choices = np.count_nonzero(cost[able] <= best[able, None] + GOOD, axis=1)
        for label in able[np.lexsort((choices, (able >= self._weights) != slopes_first))].tolist():
            self._choose(label)

    def _push_aside(self) -> None:
        """Give labels without a place one that a single other label blocks, if that one finds another."""
        for label in np.flatnonzero(self.chosen == NOWHERE).tolist():
            cost = np.where(self._blocked[label] == 1, self._of.cost[label], np.inf)
            for place in np.argsort(cost, kind="stable")[:PUSHES].tolist():
                if not np.isfinite(cost[place]) or self._push(label, place):
                    break

    def _push(self, label: int, place: int) -> bool:
        other = next(each for each, blocks in self._blocks.items() if blocks[label, place])
        if self._moves(other, label, place) or label < self._weights <= other:  # a weight goes before a slope
            self._remove(other)
            self._put(label, place)
            self._choose(other)
            return True
        return False

    def _moves(self, other: int, label: int, place: int) -> bool:
        """Tell whether `other` finds another place than its own where `label` takes `place`."""
        free = (self._blocked[other] == 0) & self._possible[other]
        if np.count_nonzero(free) <= 1:
            return False
        return bool((free & ~self._blocks_of(label, place, slice(other, other + 1))[0]).any())

    def _improve(self) -> None:
        """Move the label that gains most to a better place until none gains."""
        cost = self._of.cost
        placed = np.flatnonzero(self.chosen != NOWHERE)
        for _ in range(len(placed)):
            free = np.where(self._blocked[placed] == 0, cost[placed], np.inf)
            gain = cost[placed, self.chosen[placed]] - free.min(axis=1)
            if len(placed) == 0 or gain.max() <= 1e-9:
                return
            label = int(placed[int(gain.argmax())])
            self._remove(label)
            self._choose(label)

    def _choose(self, label: int) -> bool:
        """Give a label its cheapest free place, if there is one."""
        cost = np.where(self._blocked[label] == 0, self._of.cost[label], np.inf)
        place = int(cost.argmin())
        if not np.isfinite(cost[place]):
            return False
        self._put(label, place)
        return True

    def _put(self, label: int, place: int) -> None:
        self.chosen[label] = place
        blocks = self._blocks_of(label, place, self._every).astype(np.int16)
        blocks[label] = 0
        self._blocks[label] = blocks
        self._blocked += blocks

    def _remove(self, label: int) -> None:
        self.chosen[label] = NOWHERE
        self._blocked -= self._blocks.pop(label)

    def _blocks_of(self, label: int, place: int, others: slice) -> NDArray[np.bool_]:
        """Return which places of `others` a label at one of its own blocks, shape (others, places)."""
        of = self._of
        x, partner = self._x[place], of.partner(label)
        near = slice(bisect_left(self._x, x - self._width), bisect_left(self._x, x + self._width))
        half = (x - of.x[near]) / 2
        down = of.y[label, place] - of.y[others, near]
        # where two stand above each other, so do their lines
        between = of.line[label, place] - of.slope[label] * half
        between = between - of.line[others, near] - of.slope[others, None] * half
        blocks = np.zeros((len(down), len(of.x)), dtype=np.bool_)
        blocks[:, near] = (np.abs(down) < self._height) | (between * down < 0.0)
        if partner != NOWHERE and others.start <= partner < others.stop:  # a weight stands left of its slope
            blocks[partner - others.start] |= (x - of.x) * (partner - label) > 0.0
        return blocks
