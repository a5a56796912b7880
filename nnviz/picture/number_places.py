"""Places for the numbers on edges, which are labels on the lines of the edges.

A place costs more if it is farther from the preferred place or covers more of the other edges. A label never
covers a crossing of two edges, because its number could belong to either edge.

Labels take their cheapest free place, one after the other. Then a label without a place may move another
label aside.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
MOST_COVERED = 2.5
"""Most other edges that a label may cover. No limit if edges cannot cross."""
EDGE_GAP = 0.3
"""Least vertical distance from the middle of a label to every other edge, in label heights."""


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


@dataclass(frozen=True, slots=True)
class Candidates:
    """The possible places of the labels: first those of weights, then those of slopes if `kinds` is 2.

    `x`, shape (places,), increases. `slope`, shape (labels,), says how steep the line of each label's edge
    is. `y` and `cost` have shape (labels, places). Forbidden places cost infinity.
    """

    kinds: int
    x: Array
    y: Array
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
        most = MOST_COVERED if can_cross else np.inf
        forbidden = (covered > most) | (_apart(line) < EDGE_GAP * box.height) | _outside(edges, box, line)
        cost = np.where(forbidden, np.inf, covered)
        ways = (_way(edges, box, x, covered, kind, kinds) for kind in range(kinds))
        costs = np.concatenate([(cost + way[:, None]).T for way in ways])
        return cls(kinds, x, np.tile(line.T, (kinds, 1)), np.tile(edges.slope, kinds), costs)


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
    total = covered.mean(axis=1) + way
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
STEPS = (1.0, 0.85, 0.72, 0.5, 0.3, 0.18)
"""Font sizes to try, as factors of the largest font size."""
LEAST_SHRINK, LEAST_SIZE = 0.7, 9.5
"""LEAST_SHRINK: smallest scale of a wide number's font. LEAST_SIZE: least size of any font, in pixels."""
LEAST_PAD, AIRY_PAD = 0.18, 0.9
"""Least and preferred padding (left plus right) of a number in its label, in font sizes."""
NODE_GAP = 0.35
"""Least distance between a label and a node, as a multiple of the largest font size."""


class PillSlot(NamedTuple):
    """Place of the label of the edge from `source` to `node`. The label's middle is at (`x`, `y`)."""

    node: int
    source: int
    x: float
    y: float
    width: float


@dataclass(frozen=True, slots=True)
class PillSlots:
    """Places of labels with the same height and font size."""

    places: list[PillSlot]
    height: float = 0.0
    size: float = 0.0


NO_SLOTS = PillSlots([])


def smaller(size: float) -> float:
    """Return the smaller font size for a number that is too wide for its place at font size `size`."""
    return min(size, max(LEAST_SHRINK * size, LEAST_SIZE))


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


def label_widths(candidates: Candidates, places: Indices, box: LabelBox) -> Array:
    """Return the width of each label: enough for a long number, unless another label needs the room."""
    placed = np.flatnonzero(places != NOWHERE)
    at = places[placed]
    x, y = candidates.x[at], candidates.y[placed, at]
    slope, air = candidates.slope[placed], LABEL_GAP * box.size
    right, down = np.subtract.outer(x, x), np.subtract.outer(y, y)
    between = down - np.add.outer(slope, slope) * right / 2
    blocked = (np.abs(down) < box.height + air) | (between * down < 0.0)
    np.fill_diagonal(blocked, False)
    free = np.where(blocked, np.abs(right) - air, (LONG_NUMBER + AIRY_PAD) * box.size).min(axis=1)
    ends = np.minimum(x - box.left, box.right - x) * 2.0 + box.width + NODE_GAP * box.size
    widths = np.zeros(len(places))
    widths[placed] = np.maximum(np.minimum(free, ends), box.width)
    return widths


def slots_of_kind(
    edges: Edges, candidates: Candidates, places: Indices, box: LabelBox, widths: Array, kind: int
) -> PillSlots:
    """Return the places of the labels of one kind: 0 for weights, 1 for slopes."""
    count = len(edges.nodes)
    placed = np.flatnonzero(places[kind * count : (kind + 1) * count] != NOWHERE)
    labels = placed + kind * count
    at = places[labels]
    ends, x, y = (edges.nodes[placed], edges.sources[placed]), candidates.x[at], candidates.y[labels, at]
    columns = (column.tolist() for column in (*ends, x, y, widths[labels]))
    slots = [PillSlot(*slot) for slot in zip(*columns, strict=True)]
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


class Placing:
    """The choice of places. `places` has the index of each label's place in the Candidates, or NOWHERE.

    `beside` and `above` are the spaces between labels, in font sizes.
    """

    def __init__(self, candidates: Candidates, box: LabelBox, beside: float, above: float) -> None:
        self._candidates = candidates
        self._width, self._height = box.width + beside * box.size, box.height + above * box.size
        cost, self._x = candidates.cost, candidates.x.tolist()
        self._weights = len(cost) // candidates.kinds
        self.places: Indices = np.full(len(cost), NOWHERE)
        self._blocks: dict[int, NDArray[np.int16]] = {}
        """Places that each label with a chosen place blocks, shape (labels, places)."""
        self._blocked = np.zeros(cost.shape, dtype=np.int16)
        """Number of labels that block each place, shape (labels, places)."""

    def keep(self, label: int, x: float) -> None:
        """Leave a label at the place nearest to `x`, whatever other labels need."""
        self.places[label] = np.abs(self._candidates.x - x).argmin()
        self._candidates.cost[self._blocks_of(label, int(self.places[label]))] = np.inf

    def fewest_first(self) -> list[int]:
        """Return the labels with the fewest good places first, all weights before all slopes."""
        cost = self._candidates.cost
        best = cost.min(axis=1, keepdims=True)
        choices = np.count_nonzero(np.isfinite(cost) & (cost <= best + GOOD_COST), axis=1)
        order: list[int] = np.lexsort((choices, np.arange(len(cost)) >= self._weights)).tolist()
        return order

    def search(self, order: Iterable[int]) -> None:
        """Find places for labels in this order. Slopes without their weight get no place."""
        for label in order:
            if self._has_weight(label) and not self._choose(label):
                self._push_aside(label)

    def _push_aside(self, label: int) -> None:
        """Give a label a place that a single other label blocks, if that label can move."""
        cost = np.where(self._blocked[label] == 1, self._candidates.cost[label], np.inf)
        for place in np.argsort(cost, kind="stable")[: np.count_nonzero(np.isfinite(cost))].tolist():
            if self._push(label, place):
                break

    def _has_weight(self, label: int) -> bool:
        return label < self._weights or self.places[label - self._weights] != NOWHERE

    def _push(self, label: int, place: int) -> bool:
        other = next(each for each, blocks in self._blocks.items() if blocks[label, place])
        # a weight is more important than a slope
        if self._can_move(other, label, place) or label < self._weights <= other:
            self.places[other] = NOWHERE
            self._blocked -= self._blocks.pop(other)
            self._place(label, place)
            self._choose(other)
            return True
        return False

    def _can_move(self, other: int, label: int, place: int) -> bool:
        """Return whether `other` has another free place if `label` takes `place`."""
        free = (self._blocked[other] == 0) & np.isfinite(self._candidates.cost[other])
        return bool((free & ~self._blocks_of(label, place)[other]).any())

    def _choose(self, label: int) -> bool:
        """Give a label its cheapest free place. Return whether there is one."""
        cost = np.where(self._blocked[label] == 0, self._candidates.cost[label], np.inf)
        place = int(cost.argmin())
        if np.isfinite(cost[place]):
            self._place(label, place)
        return bool(self.places[label] != NOWHERE)

    def _place(self, label: int, place: int) -> None:
        self.places[label] = place
        blocks = self._blocks_of(label, place).astype(np.int16)
        blocks[label] = 0
        self._blocks[label] = blocks
        self._blocked += blocks

    def _blocks_of(self, label: int, place: int) -> NDArray[np.bool_]:
        """Return the places that a label blocks at one of its places, shape (labels, places)."""
        candidates, labels = self._candidates, len(self.places)
        x = self._x[place]
        near = slice(bisect_left(self._x, x - self._width), bisect_left(self._x, x + self._width))
        half = (x - candidates.x[near]) / 2
        down = candidates.y[label, place] - candidates.y[:, near]
        # of two labels, the upper one has the upper line
        between = down - (candidates.slope[label] + candidates.slope[:, None]) * half
        blocks = np.zeros(candidates.cost.shape, dtype=np.bool_)
        blocks[:, near] = (np.abs(down) < self._height) | (between * down < 0.0)
        if candidates.kinds == 2:  # a weight stands left of its slope
            partner = (label + labels // 2) % labels
            blocks[partner] |= (x - candidates.x) * (partner - label) > 0.0
        return blocks
