"""Places for the numbers on edges.

A place costs more if it is farther from the preferred place or covers more of the other edges. A label never
covers a crossing of two edges, because its number could belong to either edge. Places do not depend on the
weights, so numbers do not jump.

The search tries several font sizes and uses the size that shows the most numbers; the other numbers appear on
hover or zoom. The search begins with all weights or all slopes, the labels with few good places first.
Then labels without a place may move another label, and labels take better places that became free.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.picture.edges import REACH_PX, Gap, Indices
from nnviz.picture.parts import Rect
from nnviz.picture.text import LONG_NUMBER, NUMBER, ROUNDING

LABEL_GAP = 0.22
"""Space between two labels, in font sizes."""
STEP, MOST_COLUMNS = 0.45, 20
"""STEP: space between two places on an edge, in label heights. MOST_COLUMNS: most places on an edge."""
PREFERRED = (0.25, 0.75)
"""Preferred places of a weight and of a slope on an edge: 0 is the edge's start, 1 is the edge's end."""
COVERING, LEAVING = 1.0, 1.0
"""COVERING: cost for each other edge that a label covers. LEAVING: cost of a place off the label's own edge.

For comparison, the cost of moving a label along a whole edge is 1.
"""
MOST_COVERED = (2.5, 1.5)
"""(Without slopes, with slopes) Most other edges that a label may cover. No limit if edges cannot cross."""
EDGE_GAP = 0.3
"""Least vertical distance from the middle of a label to every other edge, in label heights."""
LEADER, FAR_LEADER = 0.75, 1.15
"""LEADER: distance, in label heights, of a label from the line of its edge if the label is not on the line.

FAR_LEADER: a larger distance, which leaves room for another label on the edge.
"""


@dataclass(frozen=True, slots=True)
class LabelBox:
    """Sizes of labels, in pixels; `size` is the font size.

    `left` and `right` are the least and the largest x of a label's centre.
    """

    width: float
    height: float
    size: float
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Edges:
    """The visible edges of a gap between two columns, and the room for their labels."""

    gap: Gap
    body: Rect
    nodes: Indices
    sources: Indices
    y0: Array
    y1: Array

    def heights(self, x: Array) -> Array:
        """Return the y of the edges at each `x`, shape (places, edges)."""
        parts = (x - self.gap.x0) / (self.gap.x1 - self.gap.x0)
        return self.y0 + parts[:, None] * (self.y1 - self.y0)

    @property
    def ends(self) -> list[tuple[int, int]]:
        """The (node, source) of each edge."""
        return [*zip(self.nodes.tolist(), self.sources.tolist(), strict=True)]

    @property
    def slope(self) -> Array:
        """Slope of each edge: pixels downwards per pixel to the right, shape (edges,)."""
        return (self.y1 - self.y0) / (self.gap.x1 - self.gap.x0)

    def strongest(self, weights: Array, most: int) -> Edges:
        """Return the `most` edges with the largest absolute weights, the strongest first.

        `weights` has the weights of the whole gap, shape (nodes, sources).
        """
        order = np.argsort(-np.abs(weights[self.nodes, self.sources]), kind="stable")[:most]
        nodes, sources = self.nodes[order], self.sources[order]
        return Edges(self.gap, self.body, nodes, sources, self.y0[order], self.y1[order])

    def bound(self, box: LabelBox) -> float:
        """Return an upper bound for the number of labels that fit; `box` has the size of a label."""
        ends = self.heights(np.array([box.left, box.right]))
        span = min(float(ends.max() - ends.min()), self.body.height - box.height)
        return ((box.right - box.left) // box.width + 1) * (max(span, 0.0) // box.height + 1)


@dataclass(frozen=True, slots=True)
class Candidates:
    """The possible places of the labels: first those of weights, then those of slopes if `kinds` is 2.

    `x`, shape (places,), increases. `slope`, shape (labels,), says how steep the line of each label's edge
    is. `y` (of the label), `line` (y of the edge) and `cost` have shape (labels, places). Forbidden places
    cost infinity.
    """

    kinds: int
    x: Array
    y: Array
    line: Array
    slope: Array
    cost: Array

    @classmethod
    def of(cls, edges: Edges, box: LabelBox, kinds: int) -> Candidates:
        """Return the places on the edges: for weights (`kinds` is 1), or for both weights and slopes (2)."""
        count = min(max(round((box.right - box.left) / (STEP * box.height)) + 1, 1), MOST_COLUMNS)
        x = np.linspace(box.left, box.right, count) if count > 1 else np.array([box.left + box.right]) / 2
        line = edges.heights(x)
        covered = _covered(edges, box, x, line) - 1.0  # without the label's own edge
        can_cross = min(len(edges.gap.y0), len(edges.gap.y1)) > 1
        most = MOST_COVERED[kinds - 1] if can_cross else np.inf
        forbidden = (covered > most) | (_apart(line) < EDGE_GAP * box.height) | _outside(edges, box, line)
        cost = np.where(forbidden, np.inf, COVERING * covered)
        y, costs = np.tile(line.T, (kinds, 1)), _costs(edges, box, x, covered, cost, kinds)
        return cls(kinds, x, y, y, np.tile(edges.slope, kinds), costs)

    def with_leaders(self, edges: Edges, box: LabelBox, far: float = LEADER) -> Candidates:
        """Return the candidates with additional places above and below the edges.

        `far` is the vertical distance of these places from their edge, in heights of a label. Each new place
        is nearer to its own edge than to any other edge.
        """
        result = [self]
        line = edges.heights(self.x)
        cosine = 1.0 / np.hypot(1.0, edges.slope)
        for shift in (-far * box.height, far * box.height):
            y = line + shift
            away = np.abs(y[:, :, None] - line[:, None, :]) * cosine
            distance = abs(shift) * cosine[:, None]
            nearer = np.count_nonzero(away <= distance + 1.0, axis=2) > 1
            covered = _covered(edges, box, self.x, y)
            covered -= np.abs(shift) <= (box.height + np.abs(edges.slope) * box.width) / 2
            forbidden = nearer | (covered > 0.0) | _outside(edges, box, y)
            more = np.where(forbidden, np.inf, LEAVING)
            costs = _costs(edges, box, self.x, covered, more, self.kinds)
            result.append(replace(self, y=np.tile(y.T, (self.kinds, 1)), cost=costs))
        x = np.tile(self.x, len(result))
        order = np.argsort(x, kind="stable")
        parts = zip(*((each.y, each.line, each.cost) for each in result), strict=True)
        y, line, cost = (np.concatenate(each, axis=1)[:, order] for each in parts)
        return replace(self, x=x[order], y=y, line=line, cost=cost)


def _costs(edges: Edges, box: LabelBox, x: Array, covered: Array, cost: Array, kinds: int) -> Array:
    """Return the costs of the labels of every kind, shape (labels, places), from `cost` without the way."""
    ways = (_way(edges, box, x, covered, kind, kinds) for kind in range(kinds))
    return np.concatenate([(cost + way[:, None]).T for way in ways])


def _way(edges: Edges, box: LabelBox, x: Array, covered: Array, kind: int, kinds: int) -> Array:
    """Return the cost of each x by its distance from the best x for one kind of labels, shape (places,).

    At the best x, labels cover the fewest other edges, near the preferred place, and far enough from nodes
    for long numbers.
    """
    left, right = max(edges.gap.x0, edges.body.x), min(edges.gap.x1, edges.body.right)
    preferred = edges.gap.x0 + PREFERRED[kind] * (edges.gap.x1 - edges.gap.x0)
    free = box.right - box.left - (kinds - 1) * (box.width + LABEL_GAP * box.size)
    longer = max(min(LONG_NUMBER * box.size - box.width, free), 0.0) / 2
    preferred = min(max(preferred, box.left + longer), box.right - longer)
    way = np.abs(x - preferred) / (right - left)
    total = covered.mean(axis=1) * COVERING + way
    if kinds == 2:
        total = np.where((x - (left + right) / 2) * (1 - 2 * kind) > 0.0, np.inf, total)
    best = x[int(np.round(total, 3).argmin())]  # rounded, so that a pixel more of room keeps the place
    cost: Array = 0.8 * np.abs(x - best) / (right - left) + 0.2 * way
    return cost


def _apart(line: Array) -> Array:
    """Return the vertical distance from each edge to the nearest other one, shape (places, edges)."""
    order = line.argsort(axis=1)
    between = np.diff(np.take_along_axis(line, order, axis=1), axis=1, prepend=-np.inf, append=np.inf)
    distances = np.empty_like(line)
    np.put_along_axis(distances, order, np.minimum(between[:, :-1], between[:, 1:]), axis=1)
    return distances


def _outside(edges: Edges, box: LabelBox, y: Array) -> NDArray[np.bool_]:
    """Return whether a label at each y would leave the body."""
    half = box.height / 2
    return (y < edges.body.y + half) | (y > edges.body.bottom - half)


def _covered(edges: Edges, box: LabelBox, x: Array, y: Array) -> Array:
    """Return the number of edges under labels at (x, y), shape (places, edges).

    An edge under a corner counts half.
    """
    covered = np.zeros(y.size)
    offset = (float(np.abs(y).max()) + 1e4) * 2.0 * np.arange(len(y))[:, None]  # one search for all columns
    first = np.repeat(np.arange(len(y)) * y.shape[1], y.shape[1])
    for part in (1.0, 0.6):
        ends = edges.heights(x - part * box.width / 2), edges.heights(x + part * box.width / 2)
        upper, lower = (np.sort(each, axis=1) + offset for each in (np.minimum(*ends), np.maximum(*ends)))
        half = part * box.height / 2
        above = np.searchsorted(lower.ravel(), (y + offset - half).ravel())
        from_above = np.searchsorted(upper.ravel(), (y + offset + half).ravel(), "right")
        covered += (np.clip(from_above - first, 0, y.shape[1]) - np.clip(above - first, 0, y.shape[1])) / 2
    return covered.reshape(y.shape)


MOST_EDGES = 600
"""Edges between two columns have no labels if more than this many of these edges are visible."""
LEAST, LEAST_WITH_SLOPES = 1 / 3, 0.6
"""LEAST: share of the labels between two columns that must fit. LEAST_WITH_SLOPES: this share with slopes.

If fewer labels fit, no label is shown, because a few single numbers would look random.
"""
MANY, LEAST_OF_MANY = 100, 0.75
"""If there are more than MANY labels between two columns, LEAST_OF_MANY is the share that must fit.

Fewer labels would hide the edges and still miss many numbers.
"""
ZOOMED_IN = 1.5
"""From this zoom on, labels are shown even if only a few fit."""
STEPS = (1.0, 0.85, 0.72, 0.5, 0.3, 0.18)
"""Font sizes that the search tries, as factors of the largest font size."""
LEAST_SHRINK, LEAST_SIZE = 0.7, 9.5
"""LEAST_SHRINK: smallest scale of a wide number's font. LEAST_SIZE: least size of any font, in pixels."""
LEAST_PAD, AIRY_PAD = 0.18, 0.9
"""Least and preferred padding (left plus right) of a number in its label, in font sizes."""
NODE_GAP = 0.35
"""Least distance between a label and a node, as a multiple of the largest font size."""
COST_FACTOR = 0.35
"""Decrease of a label's value per unit of its place's cost. A place that covers one edge costs 1 unit."""
WEIGHT, SLOPE_PRICE = 1.5, 1.1
"""WEIGHT: value of a weight's label in the search for places. The value of a slope's label is 1.

SLOPE_PRICE: slopes are hidden if hiding multiplies the number of weights that fit by at least this.
"""
MOST_LEADERS = 6
"""Labels may leave their edges if at most this many labels have no place on their edges."""

FEW, COMPLETE_BONUS = 20, 1.2
"""FEW: largest number of labels for which the search tries two orders of the labels.

COMPLETE_BONUS: factor of the labels' total value if every label has a place. Then a smaller font may win.
"""


class PillSlot(NamedTuple):
    """Place of the label of the edge from `source` to `node`. The label's middle is at (`x`, `y`).

    `line` is the y of the edge at `x`, which differs from `y` if the label stands off the edge.
    """

    node: int
    source: int
    x: float
    y: float
    line: float
    width: float


@dataclass(frozen=True, slots=True)
class PillSlots:
    """Places of labels with the same height and font size.

    If fewer than `least` numbers fit, no number is shown.
    """

    places: list[PillSlot]
    height: float = 0.0
    size: float = 0.0
    least: float = 0.0


NO_SLOTS = PillSlots([])


def smaller(size: float) -> float:
    """Return the smaller font size for a number that is too wide for its place at font size `size`."""
    return min(size, max(LEAST_SHRINK * size, LEAST_SIZE))


def pill_slots(gap: Gap, body: Rect, size: float, zoom: float, slopes: bool) -> tuple[PillSlots, PillSlots]:
    """Return the places of the weights and of the slopes on the edges `gap` between two columns.

    Only edges that pass through the rectangle `body` get labels. `size` is the largest font size. The slopes
    have no places if `slopes` is false, or if clearly more weights fit without slopes.
    """
    edges = visible_edges(gap, body)
    if edges is None:
        return NO_SLOTS, NO_SLOTS
    count = len(edges.nodes)
    share = LEAST_OF_MANY if count > MANY else LEAST
    least, with_slopes = (0.0 if zoom >= ZOOMED_IN else count * of for of in (share, LEAST_WITH_SLOPES))
    both = _best(edges, size, 2, max(least, with_slopes)) if slopes else (NO_SLOTS, NO_SLOTS)
    both = both[0], replace(both[1], least=with_slopes)
    worth = SLOPE_PRICE * len(both[0].places)
    if worth > count:
        return both
    alone = _best(edges, size, 1, least)
    return both if worth > len(alone[0].places) else alone


def visible_edges(
    gap: Gap, body: Rect, nodes: Indices | None = None, sources: Indices | None = None
) -> Edges | None:
    """Return the edges that pass through the body, or None if there are none or too many for labels.

    The edges in question lead from `sources` to `nodes`, by default from all to all.
    """
    left, right = max(gap.x0, body.x), min(gap.x1, body.right)
    if left >= right:
        return None
    nodes = np.arange(len(gap.y1))[:, None] if nodes is None else nodes
    sources = np.arange(len(gap.y0)) if sources is None else sources
    visible = np.zeros(np.broadcast_shapes(nodes.shape, sources.shape), dtype=bool)
    for x in (left, (left + right) / 2, right):
        part = (x - gap.x0) / (gap.x1 - gap.x0)
        y = part * gap.y1[nodes] + (1.0 - part) * gap.y0[sources]
        visible |= (y >= body.y) & (y <= body.bottom)
    if not 0 < np.count_nonzero(visible) <= MOST_EDGES:
        return None
    nodes, sources = (each[visible] for each in np.broadcast_arrays(nodes, sources))
    return Edges(gap, body, nodes, sources, gap.y0[sources], gap.y1[nodes])


def _best(edges: Edges, largest: float, kinds: int, least: float) -> tuple[PillSlots, PillSlots]:
    """Return the places that show the most numbers, of weights only or with slopes, or none if too few fit.

    If too few of a small number fit on their edges, labels may leave the edges, provided that all then fit.
    """
    count = len(edges.nodes)
    result = _search(edges, largest, kinds, least)
    if result is None and kinds * count <= FEW:
        result = _search(edges, largest, kinds, count, leading=True)
    if result is None:
        return NO_SLOTS, NO_SLOTS
    widths = label_widths(*result)
    places = [slots_of_kind(edges, *result, widths, kind) for kind in range(kinds)]
    return places[0], places[1] if kinds == 2 else NO_SLOTS


def _search(
    edges: Edges, largest: float, kinds: int, least: float, *, leading: bool = False
) -> tuple[Candidates, Indices, LabelBox] | None:
    """Return the choice that shows the most, with at least `least` numbers of each kind.

    `leading` allows places beside the edges.
    """
    count, best, result = len(edges.nodes), 0.0, None
    bonus = COMPLETE_BONUS if kinds * count <= FEW else 1.0
    for box in label_boxes(edges.gap, edges.body, largest):
        room = edges.bound(box)
        if room < max(kinds * least, 1.0) or count * (WEIGHT + kinds - 1.0) * box.size * bonus <= best:
            continue
        candidates = Candidates.of(edges, box, kinds)
        most = np.sort(_worth(candidates).max(axis=1))[::-1][: int(room)]
        if np.count_nonzero(most) < max(kinds * least, 1.0) or float(most.sum()) * box.size * bonus <= best:
            continue
        if leading:
            candidates = candidates.with_leaders(edges, box, FAR_LEADER)
        places = _choice(candidates, box)
        fewest, worth = _score(candidates, places, box)
        if fewest >= max(least, 1.0) and worth > best + ROUNDING:
            best, result = worth, (candidates, places, box)
    if result is None:
        return None
    candidates, places, box = result
    if 0 < np.count_nonzero(places == NOWHERE) <= MOST_LEADERS:
        candidates = candidates.with_leaders(edges, box)
        places = _choice(candidates, box)
        if _score(candidates, places, box)[1] > best + ROUNDING:
            result = candidates, places, box
    return result


def _choice(candidates: Candidates, box: LabelBox) -> Indices:
    """Return the places of the labels; if some of few labels have none, the better of two orders."""
    places = Placing(candidates, box).search()
    if candidates.kinds == 1 or len(places) > FEW or NOWHERE not in places:
        return places
    other = Placing(candidates, box).search(slopes_first=True)
    return max(places, other, key=lambda choice: _score(candidates, choice, box)[1])


def label_widths(candidates: Candidates, places: Indices, box: LabelBox) -> Array:
    """Return the width of each label: enough for a long number, unless another label needs the room."""
    placed = np.flatnonzero(places != NOWHERE)
    at = places[placed]
    x, y, line = candidates.x[at], candidates.y[placed, at], candidates.line[placed, at]
    slope, air = candidates.slope[placed], LABEL_GAP * box.size
    right, down = np.subtract.outer(x, x), np.subtract.outer(y, y)
    between = np.subtract.outer(line, line) - np.add.outer(slope, slope) * right / 2
    blocked = (np.abs(down) < box.height + air) | (between * down < 0.0)
    np.fill_diagonal(blocked, False)
    free = np.where(blocked, np.abs(right) - air, (LONG_NUMBER + AIRY_PAD) * box.size).min(axis=1)
    ends = np.minimum(x - box.left, box.right - x) * 2.0 + box.width + NODE_GAP * box.size
    widths = np.zeros(len(places))
    widths[placed] = np.maximum(np.minimum(free, ends), box.width)
    return widths


def _score(candidates: Candidates, places: Indices, box: LabelBox) -> tuple[int, float]:
    """Return the number of placed labels of the rarer kind, and the value of all placed labels."""
    placed = np.flatnonzero(places != NOWHERE)
    kinds = np.bincount(placed // (len(places) // candidates.kinds), minlength=candidates.kinds)
    worth = float(_worth(candidates)[placed, places[placed]].sum()) * box.size
    return int(kinds.min()), worth * (COMPLETE_BONUS if len(placed) == len(places) <= FEW else 1.0)


def _worth(candidates: Candidates) -> Array:
    """Return the value of each label at each of its places, shape (labels, places)."""
    worth = np.where(np.isfinite(candidates.cost), np.maximum(1.0 - COST_FACTOR * candidates.cost, 0.1), 0.0)
    worth[: len(worth) // candidates.kinds] *= WEIGHT
    return worth


def slots_of_kind(
    edges: Edges, candidates: Candidates, places: Indices, box: LabelBox, widths: Array, kind: int
) -> PillSlots:
    """Return the places of the labels of one kind: 0 for weights, 1 for slopes."""
    count = len(edges.nodes)
    placed = np.flatnonzero(places[kind * count : (kind + 1) * count] != NOWHERE)
    labels = placed + kind * count
    at = places[labels]
    ends, x, y = (edges.nodes[placed], edges.sources[placed]), candidates.x[at], candidates.y[labels, at]
    columns = (*ends, x, y, candidates.line[labels, at], widths[labels])
    slots = [PillSlot(*slot) for slot in zip(*(column.tolist() for column in columns), strict=True)]
    return PillSlots(slots, box.height, box.size)


def label_boxes(gap: Gap, body: Rect, largest: float) -> Iterator[LabelBox]:
    """Yield the sizes of labels that fit into a gap, the largest font first."""
    from_nodes = NODE_GAP * largest
    left, right = max(gap.x0 + from_nodes, body.x), min(gap.x1 + REACH_PX - from_nodes, body.right)
    sizes = [step * largest for step in STEPS if step * largest > LEAST_SIZE]
    for size in (*sizes, min(LEAST_SIZE, largest)):
        width = (NUMBER + LEAST_PAD) * size
        if width <= right - left + ROUNDING:
            yield LabelBox(width, 1.5 * size, size, left + width / 2, right - width / 2)


NOWHERE = -1
"""Entry in `Placing.places` for a label that has no place."""
GOOD_COST = 0.35
"""A place is good if its cost exceeds the cost of the label's best place by at most this."""
PUSHES = 4
"""Largest number of places that a label without a place tries to take from another label."""


class Placing:
    """The search for places. `places` has the index of each label's place in the Candidates, or NOWHERE.

    `beside` and `above` are the spaces between labels, in font sizes.
    """

    def __init__(
        self, candidates: Candidates, box: LabelBox, beside: float = LABEL_GAP, above: float = LABEL_GAP
    ) -> None:
        self._candidates = candidates
        self._width, self._height = box.width + beside * box.size, box.height + above * box.size
        cost, self._x = candidates.cost, candidates.x.tolist()
        self._weights = len(cost) // candidates.kinds
        self.places: Indices = np.full(len(cost), NOWHERE)
        self._possible = np.isfinite(cost)
        self._blocks: dict[int, NDArray[np.int16]] = {}
        """Places that each placed label blocks, shape (labels, places)."""
        self._blocked = np.zeros(cost.shape, dtype=np.int16)
        """Number of labels that block each place, shape (labels, places)."""

    def search(self, *, slopes_first: bool = False) -> Indices:
        """Find places for as many labels as possible, all weights or all slopes first. Return `places`."""
        self._greedy(self._candidates.cost, slopes_first)
        self._push_aside()
        self._improve()
        return self.places

    def _greedy(self, cost: Array, slopes_first: bool) -> None:
        best = cost.min(axis=1)
        able = np.flatnonzero(np.isfinite(best))
        choices = np.count_nonzero(cost[able] <= best[able, None] + GOOD_COST, axis=1)
        for label in able[np.lexsort((choices, (able >= self._weights) != slopes_first))].tolist():
            self.choose(label)

    def _push_aside(self) -> None:
        """Give a label without a place one that a single other label blocks, if that label can move."""
        for label in np.flatnonzero(self.places == NOWHERE).tolist():
            cost = np.where(self._blocked[label] == 1, self._candidates.cost[label], np.inf)
            for place in np.argsort(cost, kind="stable")[:PUSHES].tolist():
                if not np.isfinite(cost[place]) or self._push(label, place):
                    break

    def _push(self, label: int, place: int) -> bool:
        other = next(each for each, blocks in self._blocks.items() if blocks[label, place])
        # a weight is more important than a slope
        if self._can_move(other, label, place) or label < self._weights <= other:
            self._remove(other)
            self.place_label(label, place)
            self.choose(other)
            return True
        return False

    def _can_move(self, other: int, label: int, place: int) -> bool:
        """Return whether `other` has another free place if `label` takes `place`."""
        free = (self._blocked[other] == 0) & self._possible[other]
        if np.count_nonzero(free) <= 1:
            return False
        return bool((free & ~self._blocks_of(label, place)[other]).any())

    def _improve(self) -> None:
        """Move the label that gains most to a better place, until none gains."""
        cost = self._candidates.cost
        placed = np.flatnonzero(self.places != NOWHERE)
        for _ in range(len(placed)):
            free = np.where(self._blocked[placed] == 0, cost[placed], np.inf)
            gain = cost[placed, self.places[placed]] - free.min(axis=1)
            if len(placed) == 0 or gain.max() <= 1e-9:
                return
            label = int(placed[int(gain.argmax())])
            self._remove(label)
            self.choose(label)

    def choose(self, label: int) -> None:
        """Give a label its cheapest free place, if there is one."""
        cost = np.where(self._blocked[label] == 0, self._candidates.cost[label], np.inf)
        place = int(cost.argmin())
        if np.isfinite(cost[place]):
            self.place_label(label, place)

    def place_label(self, label: int, place: int) -> None:
        """Give a label a place."""
        self.places[label] = place
        blocks = self._blocks_of(label, place).astype(np.int16)
        blocks[label] = 0
        self._blocks[label] = blocks
        self._blocked += blocks

    def _remove(self, label: int) -> None:
        self.places[label] = NOWHERE
        self._blocked -= self._blocks.pop(label)

    def _blocks_of(self, label: int, place: int) -> NDArray[np.bool_]:
        """Return the places that a label blocks at one of its places, shape (labels, places)."""
        candidates, labels = self._candidates, len(self.places)
        x = self._x[place]
        near = slice(bisect_left(self._x, x - self._width), bisect_left(self._x, x + self._width))
        half = (x - candidates.x[near]) / 2
        down = candidates.y[label, place] - candidates.y[:, near]
        # of two labels, the upper one has the upper line
        between = candidates.line[label, place] - candidates.slope[label] * half
        between = between - candidates.line[:, near] - candidates.slope[:, None] * half
        blocks = np.zeros(candidates.cost.shape, dtype=np.bool_)
        blocks[:, near] = (np.abs(down) < self._height) | (between * down < 0.0)
        if candidates.kinds == 2:  # a weight stands left of its slope
            partner = (label + labels // 2) % labels
            blocks[partner] |= (x - candidates.x) * (partner - label) > 0.0
        return blocks
