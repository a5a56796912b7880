"""A long curve told in few points: the lowest and the highest of each stretch, in the order they came.

Knows nothing of training. Points are rows (x, y) of an array, x rising, y finite.
"""

from __future__ import annotations

import numpy as np

from nnviz.core.activations import Array

STRETCHES = 1024
"""At this many stretches, neighbours are joined: between 1024 and 2048 points tell the curve."""


def extremes(points: Array, span: int) -> Array:
    """Return the lowest and the highest of each `span` points; their number must be a multiple of `span` ≥ 2.

    Where all of a stretch are equal, its first and last stand for them.
    """
    y = points[:, 1].reshape(-1, span)
    lowest, highest = y.argmin(axis=1), y.argmax(axis=1)
    highest[lowest == highest] = span - 1
    start = np.arange(0, len(points), span)
    chosen = np.stack((start + np.minimum(lowest, highest), start + np.maximum(lowest, highest)), axis=1)
    return points.take(chosen.ravel(), axis=0)


def thinned(points: Array, span: int) -> Array:
    """Return a curve in the lowest and the highest of each `span` points, with its first and last point."""
    if span <= 2 or len(points) <= span:
        return points
    inner = 1 + (len(points) - 2) // span * span
    return np.concatenate((points[:1], extremes(points[1:inner], span), points[inner:]))


class Envelope:
    """The extremes of a curve that grows; takes in only what is new."""

    def __init__(self) -> None:
        self._span = 2
        self._extremes = np.empty((0, 2))
        self.covered = 0
        """How many of the curve's points are in the stretches so far."""

    def over(self, points: Array) -> Array:
        """Return the curve `points`, which has grown since the last call, in at most 2052 points.

        No minimum and no maximum is lost, nor the first and the last point.
        """
        while len(points) - self.covered >= self._span * STRETCHES:
            self._join()
        whole = (len(points) - self.covered) // self._span * self._span
        if whole:
            new = extremes(points[self.covered : self.covered + whole], self._span)
            self._extremes = np.concatenate((self._extremes, new))
            self.covered += whole
        while len(self._extremes) >= 2 * STRETCHES:
            self._join()
        return self._with_ends(points)

    def _join(self) -> None:
        """Make one stretch of every two; an odd one at the end is opened again."""
        keep = len(self._extremes) // 4 * 4
        if keep < len(self._extremes):
            self.covered -= self._span
        self._extremes = extremes(self._extremes[:keep], 4)
        self._span *= 2

    def _with_ends(self, points: Array) -> Array:
        tail = points[self.covered :]
        parts = [self._extremes]
        if len(self._extremes) and self._extremes[0, 0] != points[0, 0]:
            parts.insert(0, points[:1])
        if len(tail) > 2:
            within = tail[:-1]
            parts.append(within[sorted({int(within[:, 1].argmin()), int(within[:, 1].argmax())})])
            tail = tail[-1:]
        elif not len(tail) and len(points) and self._extremes[-1, 0] != points[-1, 0]:
            tail = points[-1:]
        return np.concatenate((*parts, tail))
