"""Places for the numbers on edges, which are labels on the lines of the edges.

A place costs more if it is farther from the preferred place or covers more of the other edges. A label never
covers a crossing of two edges, because its number could belong to either edge.

Labels take their cheapest free place, one after the other. Then a label without a place may move another
label aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.picture.edges import REACH_PX, Gap, Indices
from nnviz.picture.parts import Rect
from nnviz.picture.text import LEAST_SIZE, LONG_NUMBER, NUMBER, ROUNDING

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

    @property
    def slope(self) -> Array:
        """Slope of each edge: pixels downwards per pixel to the right, shape (edges,)."""
        down: Array = self.gap.y1[self.nodes] - self.gap.y0[self.sources]
        return down / (self.gap.x1 - self.gap.x0)

    def heights(self, x: Array) -> Array:
        """Return the y of the edges at each `x`, shape (places, edges)."""
        y0, y1 = self.gap.y0[self.sources], self.gap.y1[self.nodes]
        parts = (x - self.gap.x0) / (self.gap.x1 - self.gap.x0)
        heights: Array = y0 + parts[:, None] * (y1 - y0)
        return heights

    def strongest(self, weights: Array, most: int) -> Edges:
        """Return the `most` edges with the largest absolute weights, the strongest first.

        `weights` has the weights of the whole gap, shape (nodes, sources).
        """
        order = np.argsort(-np.abs(weights[self.nodes, self.sources]), kind="stable")[:most]
        return replace(self, nodes=self.nodes[order], sources=self.sources[order])


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


def _covered(edges: Edges, box: LabelBox, x: Array, line: Array) -> Array:
    """Return the number of other edges under labels on the `line` of each edge, shape (places, edges).

    An edge under a corner counts half.
    """
    covered = np.full(line.shape, -1.0)  # without the label's own edge
    for part in (1.0, 0.6):
        ends = edges.heights(x - part * box.width / 2), edges.heights(x + part * box.width / 2)
        upper, lower, half = np.minimum(*ends)[:, None], np.maximum(*ends)[:, None], part * box.height / 2
        under = (lower >= (line - half)[:, :, None]) & (upper <= (line + half)[:, :, None])
        covered += np.count_nonzero(under, axis=2) / 2
    return covered


MOST_EDGES = 600
"""Edges between two columns have no labels if more than this many of these edges are visible."""
LABEL_HEIGHT = 1.5
"""Height of a label, in font sizes."""
STEPS = (1.0, 0.85, 0.72, 0.5, 0.3, 0.18)
"""Font sizes to try, as factors of the largest font size."""
LEAST_SHRINK = 0.7
"""Smallest scale of a wide number's font."""
LEAST_PAD, AIRY_PAD = 0.18, 0.9
"""Least and preferred padding (left plus right) of a number in its label, in font sizes."""
NODE_GAP = 0.35
"""Least distance between a label and a node, as a multiple of the largest font size."""


class NumberPlace(NamedTuple):
    """Place of the number at `address` on its edge. The label's middle is at (`x`, `y`)."""

    address: Address
    x: float
    y: float
    width: float
    size: float
    """Font size."""

    @property
    def height(self) -> float:
        """Height of the label."""
        return LABEL_HEIGHT * self.size


def visible_edges(gap: Gap, body: Rect, nodes: Indices, sources: Indices) -> Edges | None:
    """Return the edges from `sources` to `nodes` that pass through the body.

    Return None if there are none or too many for labels.
    """
    left, right = max(gap.x0, body.x), min(gap.x1, body.right)
    if left >= right:
        return None
    y = Edges(gap, body, nodes, sources).heights(np.array([left, (left + right) / 2, right]))
    visible = ((y >= body.y) & (y <= body.bottom)).any(axis=0)
    if not 0 < np.count_nonzero(visible) <= MOST_EDGES:
        return None
    return Edges(gap, body, nodes[visible], sources[visible])


def label_boxes(gap: Gap, body: Rect, largest: float) -> Iterator[LabelBox]:
    """Yield the sizes of labels that fit into a gap, the largest font first."""
    from_nodes = NODE_GAP * largest
    left, right = max(gap.x0 + from_nodes, body.x), min(gap.x1 + REACH_PX - from_nodes, body.right)
    sizes = [step * largest for step in STEPS if step * largest > LEAST_SIZE]
    for size in (*sizes, min(LEAST_SIZE, largest)):
        width = (NUMBER + LEAST_PAD) * size
        if width <= right - left + ROUNDING:
            yield LabelBox(width, LABEL_HEIGHT * size, size, left + width / 2, right - width / 2)


NOWHERE = -1
"""Index of the place of a label that has no place."""
GOOD_COST = 0.35
"""A place is good if its cost exceeds the cost of the label's best place by at most this."""


class Placing:
    """The choice of places for the labels of `edges`: all weights, then all slopes if `kinds` is 2.

    `beside` and `above` are the spaces between labels, in font sizes.
    """

    def __init__(self, edges: Edges, box: LabelBox, kinds: int, beside: float, above: float) -> None:
        self._box, self._weights = box, len(edges.nodes)
        self._width, self._height = box.width + beside * box.size, box.height + above * box.size
        count = min(max(round((box.right - box.left) / (STEP * box.height)) + 1, 1), MOST_COLUMNS)
        x = np.linspace(box.left, box.right, count) if count > 1 else np.array([box.left + box.right]) / 2
        line = edges.heights(x)
        covered, half = _covered(edges, box, x, line), box.height / 2
        can_cross = min(len(edges.gap.y0), len(edges.gap.y1)) > 1
        forbidden = (_apart(line) < EDGE_GAP * box.height) | (can_cross & (covered > MOST_COVERED))
        forbidden |= (line < edges.body.y + half) | (line > edges.body.bottom - half)
        cost = np.where(forbidden, np.inf, covered)
        ways = (_way(edges, box, x, covered, kind, kinds) for kind in range(kinds))
        self._x = x
        """x of the places of every label, shape (places,), increasing."""
        self._y = np.tile(line.T, (kinds, 1))
        """y of each label at each place, shape (labels, places)."""
        self._slope = np.tile(edges.slope, kinds)
        """How steep the line of each label's edge is, shape (labels,)."""
        self._cost = np.concatenate([(cost + way[:, None]).T for way in ways])
        """Cost of each place, shape (labels, places). Forbidden places cost infinity."""
        self._places: Indices = np.full(len(self._cost), NOWHERE)
        """The index of each label's place, or NOWHERE."""
        self._blocks: dict[int, NDArray[np.int16]] = {}
        """Places that each label with a chosen place blocks, shape (labels, places)."""
        self._blocked = np.zeros(self._cost.shape, dtype=np.int16)
        """Number of labels that block each place, shape (labels, places)."""

    def keep(self, label: int, place: NumberPlace) -> None:
        """Leave a label where it is, whatever other labels need."""
        self._places[label] = np.abs(self._x - place.x).argmin()
        covered = np.abs(self._x - place.x) < (place.width + self._box.width) / 2
        covered = covered & (np.abs(self._y - place.y) < (place.height + self._box.height) / 2)
        self._cost[covered | self._blocks_of(label, int(self._places[label]))] = np.inf

    def places(self, addresses: Sequence[Address]) -> list[NumberPlace]:
        """Return the places that were found for the labels at `addresses`."""
        placed = np.flatnonzero(self._places != NOWHERE)
        at_x, at_y = self._x[self._places[placed]], self._y[placed, self._places[placed]]
        columns = (each.tolist() for each in (placed, at_x, at_y, self._widths(placed, at_x, at_y)))
        size, found = self._box.size, zip(*columns, strict=True)
        return [NumberPlace(addresses[label], x, y, width, size) for label, x, y, width in found]

    def _widths(self, placed: Indices, x: Array, y: Array) -> Array:
        """Return the width of each placed label: enough for a long number, unless others need the room."""
        box, slope, air = self._box, self._slope[placed], LABEL_GAP * self._box.size
        right, down = np.subtract.outer(x, x), np.subtract.outer(y, y)
        between = down - np.add.outer(slope, slope) * right / 2
        blocked = (np.abs(down) < box.height + air) | (between * down < 0.0)
        np.fill_diagonal(blocked, False)
        free = np.where(blocked, np.abs(right) - air, (LONG_NUMBER + AIRY_PAD) * box.size)
        ends = np.minimum(x - box.left, box.right - x) * 2.0 + box.width + NODE_GAP * box.size
        widths: Array = np.maximum(np.minimum(free.min(axis=1, initial=np.inf), ends), box.width)
        return widths

    def search(self, *, in_order: bool) -> None:
        """Find places for the labels. Slopes without their weight get no place.

        Labels come in the order of their edges if `in_order` is true. Else weights come before slopes, and
        the labels with the fewest good places come first.
        """
        best = self._cost.min(axis=1, keepdims=True)
        choices = np.count_nonzero(np.isfinite(self._cost) & (self._cost <= best + GOOD_COST), axis=1)
        is_slope, edge = np.divmod(np.arange(len(choices)), self._weights)
        order = np.lexsort((is_slope, edge) if in_order else (choices, is_slope))
        for label in order.tolist():
            has_weight = label < self._weights or self._places[label - self._weights] != NOWHERE
            if has_weight and self._places[label] == NOWHERE and not self._choose(label):
                self._push_aside(label)

    def _push_aside(self, label: int) -> None:
        """Give a label a place that a single other label blocks, if that label can move."""
        cost = np.where(self._blocked[label] == 1, self._cost[label], np.inf)
        for place in np.argsort(cost, kind="stable")[: np.count_nonzero(np.isfinite(cost))].tolist():
            if self._push(label, place):
                break

    def _push(self, label: int, place: int) -> bool:
        other = next(each for each, blocks in self._blocks.items() if blocks[label, place])
        # a weight is more important than a slope
        if self._can_move(other, label, place) or label < self._weights <= other:
            self._places[other] = NOWHERE
            self._blocked -= self._blocks.pop(other)
            self._place(label, place)
            self._choose(other)
            return True
        return False

    def _can_move(self, other: int, label: int, place: int) -> bool:
        """Return whether `other` has another free place if `label` takes `place`."""
        free = (self._blocked[other] == 0) & np.isfinite(self._cost[other])
        return bool((free & ~self._blocks_of(label, place)[other]).any())

    def _choose(self, label: int) -> bool:
        """Give a label its cheapest free place. Return whether there is one."""
        cost = np.where(self._blocked[label] == 0, self._cost[label], np.inf)
        place = int(cost.argmin())
        if np.isfinite(cost[place]):
            self._place(label, place)
        return bool(self._places[label] != NOWHERE)

    def _place(self, label: int, place: int) -> None:
        self._places[label] = place
        blocks = self._blocks_of(label, place).astype(np.int16)
        blocks[label] = 0
        self._blocks[label] = blocks
        self._blocked += blocks

    def _blocks_of(self, label: int, place: int) -> NDArray[np.bool_]:
        """Return the places that a label blocks at one of its places, shape (labels, places)."""
        right = self._x[place] - self._x
        down = self._y[label, place] - self._y
        # of two labels, the upper one has the upper line
        between = down - (self._slope[label] + self._slope[:, None]) * right / 2
        blocks: NDArray[np.bool_] = (np.abs(down) < self._height) | (between * down < 0.0)
        blocks &= np.abs(right) < self._width
        if len(blocks) > self._weights:  # a weight stands left of its slope
            partner = (label + self._weights) % len(blocks)
            blocks[partner] |= right * (partner - label) > 0.0
        return blocks
