"""The places that a label may take along its edge, and what each costs. Knows nothing of weights.

A place costs the more the farther it is from where numbers of its kind are looked for, and the more edges of
others it covers. Where two edges cross, no number stands: it could be either's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.picture.edges import Gap, Indices
from nnviz.picture.parts import Rect
from nnviz.picture.text import LONG_NUMBER

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
