"""Finds room for a box on the diagram: where it covers nothing that it must not, then least, then nearest."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.picture.parts import Rect

STEP_PX = 12.0
"""Places are tried so far from one another."""
KEPT, BESIDE = 4.0, 2.0
"""Free between the box and what it must not cover, and between it and the room's sides."""
FORBIDDEN = 1e6
"""What a square pixel costs that must not be covered: more than all others together."""
TEXT = 6.0
"""What a square pixel of a text costs that should not be covered; one of a node costs 1."""
NEAR = 2.0
"""For each pixel that the box stands farther away it may cover so many square pixels less."""
MARGIN, ASIDE = 8.0, 200.0
"""Free at the room's sides where that can be, and what it costs where not."""
LINE = 30.0
"""What a point of a line costs that should not be covered."""
CROSSED, USED = 700.0, 4
"""What it costs that the way to what the box speaks of leads over a node or a text, and how many times as
much where that must not be covered."""
FINALISTS, SAMPLES = 24, 12
"""Of so many places the way is looked at, at so many points."""


class Obstacles(NamedTuple):
    """What stands in a room: rectangles as x, y, right, bottom, shape (n, 4), and points, shape (m, 2)."""

    forbidden: Array
    points: Array
    """Of lines that must not be covered."""
    nodes: Array
    """These and the next should not be covered, a text still less than a node."""
    texts: Array
    passed: Array
    """Points of other lines, which should not be covered."""


class Size(NamedTuple):
    """A size that the box may have, and what it costs to have this one."""

    width: float
    height: float
    cost: float


class Place(NamedTuple):
    """Where a box may stand: which of the sizes it has, and its cost."""

    size: int
    rect: Rect
    cost: float

    @property
    def free(self) -> bool:
        """Whether nothing is covered that must not be."""
        return self.cost < FORBIDDEN


def rectangles(rects: Sequence[Rect]) -> Array:
    """Return rectangles as an array, shape (n, 4)."""
    edges = [(rect.x, rect.y, rect.right, rect.bottom) for rect in rects]
    return np.array(edges, dtype=np.float64).reshape(-1, 4)


def free_place(room: Rect, sizes: Sequence[Size], obstacles: Obstacles, near: Rect, targets: Array) -> Place:
    """Return the best place in `room` for a box of one of `sizes`, near `near`.

    A line from the box will lead to one of the points `targets`, shape (n, 2), if there are any.
    """
    found: list[Place] = []
    for k, size in sorted(enumerate(sizes), key=lambda own: own[1].cost):
        if found and size.cost > min(place.cost for place in found):
            break  # no place costs less than its size
        found.append(_best(room, k, size, obstacles, near, targets))
    return min(found, key=lambda place: (place.cost, place.size))


def _best(room: Rect, number: int, size: Size, obstacles: Obstacles, near: Rect, targets: Array) -> Place:
    width, height, _ = size
    x = _starts(room.x, room.right, width)
    y = _starts(room.y, room.bottom, height)
    kept = obstacles.forbidden + np.array([-KEPT, -KEPT, KEPT, KEPT])
    cost = FORBIDDEN * _covered(x, y, size, kept)
    cost += _covered(x, y, size, obstacles.nodes) + TEXT * _covered(x, y, size, obstacles.texts)
    cost += FORBIDDEN * _held(x, y, size, obstacles.points) + LINE * _held(x, y, size, obstacles.passed)
    cost += ASIDE * (
        _at_side(y, height, room.y, room.bottom)[:, None] + _at_side(x, width, room.x, room.right)
    )
    cost += NEAR * (_away(y, height, near.y, near.bottom)[:, None] + _away(x, width, near.x, near.right))
    best = np.argsort(cost, axis=None, kind="stable")[:FINALISTS]
    tops, lefts = y[best // len(x)], x[best % len(x)]
    too_large = max(width + 2 * BESIDE - room.width, 0.0) + max(height + 2 * BESIDE - room.height, 0.0)
    total = cost.ravel()[best] + size.cost + FORBIDDEN * too_large
    if len(targets):
        lows = np.column_stack((lefts, tops))
        total += _ways(lows, lows + np.array([width, height]), targets, obstacles).min(axis=1)
    k = int(np.argmin(total))
    return Place(number, Rect(float(lefts[k]), float(tops[k]), width, height), float(total[k]))


def _starts(low: float, high: float, length: float) -> Array:
    last = max(high - BESIDE - length, low + BESIDE)
    within = np.arange(low + MARGIN, high - MARGIN - length, STEP_PX)
    return np.concatenate(([low + BESIDE], within, [max(high - MARGIN - length, low + BESIDE), last]))


def _at_side(starts: Array, length: float, low: float, high: float) -> Array:
    near = (starts < low + MARGIN) | (starts + length > high - MARGIN)
    at_side: Array = near.astype(np.float64)
    return at_side


def _covered(x: Array, y: Array, size: Size, rects: Array) -> Array:
    """Return how much of `rects` a box covers at each place, shape (y, x)."""
    across, down = (
        np.maximum(
            np.minimum(starts[:, None] + length, rects[:, axis + 2])
            - np.maximum(starts[:, None], rects[:, axis]),
            0.0,
        )
        for axis, starts, length in ((0, x, size.width), (1, y, size.height))
    )
    area: Array = down @ across.T
    return area


def _held(x: Array, y: Array, size: Size, points: Array) -> Array:
    """Return how many of `points` a box covers at each place, shape (y, x)."""
    across, down = (
        (points[:, axis] > starts[:, None] - KEPT) & (points[:, axis] < starts[:, None] + length + KEPT)
        for axis, starts, length in ((0, x, size.width), (1, y, size.height))
    )
    count: Array = down.astype(np.float64) @ across.T.astype(np.float64)
    return count


def _away(starts: Array, length: float, low: float, high: float) -> Array:
    away: Array = np.maximum(np.maximum(low - (starts + length), starts - high), 0.0)
    return away


class Way(NamedTuple):
    """A line from a box to what it speaks of, and what it costs."""

    start: tuple[float, float]
    end: tuple[float, float]
    cost: float


def way(box: Rect, targets: Array, obstacles: Obstacles) -> Way:
    """Return the best line from `box` to one of the points `targets`: over least, then the shortest."""
    low, high = np.array([[box.x, box.y]]), np.array([[box.right, box.bottom]])
    cost = _ways(low, high, targets, obstacles)[0]
    k = int(np.argmin(cost))
    (x0, y0), (x1, y1) = np.clip(targets[k], low[0], high[0]).tolist(), targets[k].tolist()
    return Way((x0, y0), (x1, y1), float(cost[k]))


def _ways(lows: Array, highs: Array, targets: Array, obstacles: Obstacles) -> Array:
    """Return what the line from each box to each target costs, shape (boxes, targets)."""
    starts = np.clip(targets, lows[:, None], highs[:, None])
    share = np.linspace(0.05, 0.9, SAMPLES)[:, None, None, None]
    points = starts + share * (targets - starts)
    x, y = points[..., 0, None], points[..., 1, None]
    crossed = np.zeros(points.shape[1:3])
    for rects, times in ((obstacles.nodes, 1), (obstacles.texts, 1), (obstacles.forbidden, USED)):
        inside = (x > rects[:, 0]) & (x < rects[:, 2]) & (y > rects[:, 1]) & (y < rects[:, 3])
        crossed += times * inside.any(axis=0).sum(axis=-1)
    cost: Array = CROSSED * crossed + NEAR * np.linalg.norm(targets - starts, axis=-1)
    return cost
