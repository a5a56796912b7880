"""The history of a loss, or of what is measured beside it, in a buffer that many States share.

It is only ever appended to, and each State has a length of its own.
It holds every point, in 16 bytes, unless it was given a limit: at so many points it is thinned to the lowest
and highest of every 16, so that a very long one holds its extremes at coarser and coarser iterations, and
loses no minimum, maximum or end. So does its envelope, the same curve in few points for a plot. A loss that a
script told may be infinite or NaN, which counts as infinite there.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from operator import itemgetter

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.limits import EARLIER_POINTS, POINTS

THINNED_POINTS = 16
"""Of so many points two remain: fewer would take longer than a frame, more would lose more of the curve."""
STRETCHES = 1024
"""At this many stretches, neighbours are joined: between 1024 and 2048 points tell the curve."""


class _Buffer:
    """Points in the order they came, in an array that doubles when it is full, and the curve's envelope."""

    def __init__(self) -> None:
        self.points = np.empty((16, 2))
        self.used = 0
        self.envelope = _Envelope()

    def append(self, points: Array) -> None:
        needed = self.used + len(points)
        if needed > len(self.points):
            grown = np.empty((max(needed, 2 * len(self.points)), 2))
            grown[: self.used] = self.points[: self.used]
            self.points = grown
        self.points[self.used : needed] = points
        self.used = needed


@dataclass(frozen=True, eq=False)
class History:
    """Pairs (iteration, the loss over the rows that are trained on after so many updates), from 0 on.

    Frozen: `extended` returns a longer history that shares the buffer, unless somebody else has gone on
    from here already (an undone run, then another one); then the points are copied.
    """

    limit: float = math.inf
    """How many points it holds before it is thinned."""
    is_thinned: bool = False
    length: int = 0
    _buffer: _Buffer = field(default_factory=_Buffer, repr=False)

    def __len__(self) -> int:
        return self.length

    @property
    def points(self) -> Array:
        """The history as a read-only view of shape (points, 2): iteration, loss."""
        view = self._buffer.points[: self.length]
        view.flags.writeable = False
        return view

    @property
    def store(self) -> Array:
        """The array that holds the points; longer and shorter histories share it."""
        return self._buffer.points

    @property
    def first(self) -> tuple[int, float]:
        """Iteration 0 and its loss; there must be one."""
        iteration, loss = self._buffer.points[0]
        return int(iteration), float(loss)

    @property
    def last(self) -> tuple[int, float]:
        """The last iteration and its loss; there must be one."""
        iteration, loss = self._buffer.points[self.length - 1]
        return int(iteration), float(loss)

    def at(self, iteration: int) -> tuple[int, float] | None:
        """Return the last point at or before an iteration; None where there is none."""
        points = self.points[: bisect_right(self.points, iteration, key=itemgetter(0))]
        return (int(points[-1, 0]), float(points[-1, 1])) if len(points) else None

    @property
    def envelope(self) -> Array:
        """The same curve in at most 2052 points, for a plot: no minimum, maximum or end of it is lost.

        Cheap again and again while the history grows, at any length.
        """
        envelope = self._buffer.envelope
        if envelope.covered > self.length:  # that of a longer history, which shares the buffer
            envelope = _Envelope()
        return envelope.over(self.points)

    @property
    def kept(self) -> History:
        """The history as it is saved, in at most POINTS: all of a short one, of a long one its envelope."""
        return self if self.length <= POINTS.most else History(is_thinned=True).extended(self.envelope)

    @property
    def brief(self) -> Array:
        """The curve as that of an earlier run, in at most EARLIER_POINTS: no extreme and no end is lost."""
        points, most = self.kept.points, EARLIER_POINTS.most
        if len(points) <= most:
            return points
        return thinned(points, math.ceil(2 * len(points) / (most - 20)))  # up to one span is left at the end

    def extended(self, points: Array) -> History:
        """Return this history followed by `points`, shape (more, 2)."""
        if self.length + len(points) > self.limit:
            room = int(self.limit) - self.length
            return self.extended(points[:room])._thinned().extended(points[room:])
        buffer = self._buffer
        if buffer.used != self.length:
            buffer = _Buffer()
            buffer.append(self.points)
        buffer.append(points)
        return replace(self, length=buffer.used, _buffer=buffer)

    def limited(self, limit: float) -> History:
        """Return this history, from now on with up to `limit` points, or with fewer where it has less."""
        return self if limit >= self.limit else replace(self, limit=limit)

    def end(self) -> History:
        """Return its last point alone, which takes next to no memory and is enough for `until`."""
        return History().extended(self.points[-1:])

    def beginning(self) -> History:
        """Return its point at iteration 0 alone, or nothing where it has none."""
        return replace(self, length=int(len(self) > 0 and self.first[0] == 0))

    def until(self, earlier: History) -> History:
        """Return this history as it was when it ended with the last point of `earlier`.

        It shares the buffer, unless that point was thinned out since, or was one within an epoch.
        """
        if not len(earlier):
            return replace(self, length=0)
        last = earlier.points[-1:]
        at = bisect_left(self.points, last[0, 0], key=itemgetter(0))
        if np.array_equal(self.points[at : at + 1], last, equal_nan=True):
            return replace(self, length=at + 1)
        return replace(self, length=at).extended(last)

    def _thinned(self) -> History:
        return History(self.limit, is_thinned=True).extended(thinned(self.points, THINNED_POINTS))


class _Envelope:
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
            within, heights = tail[:-1], _heights(tail[:-1])
            parts.append(within[sorted({int(heights.argmin()), int(heights.argmax())})])
            tail = tail[-1:]
        elif not len(tail) and len(points) and self._extremes[-1, 0] != points[-1, 0]:
            tail = points[-1:]
        return np.concatenate((*parts, tail))


def extremes(points: Array, span: int) -> Array:
    """Return the lowest and the highest of each `span` points; their number must be a multiple of `span` ≥ 2.

    Where all of a stretch are equal, its first and last stand for them.
    """
    y = _heights(points).reshape(-1, span)
    lowest, highest = y.argmin(axis=1), y.argmax(axis=1)
    highest[lowest == highest] = span - 1
    start = np.arange(0, len(points), span)
    chosen = np.stack((start + np.minimum(lowest, highest), start + np.maximum(lowest, highest)), axis=1)
    return points.take(chosen.ravel(), axis=0)


def _heights(points: Array) -> Array:
    """Return what tells the highest and the lowest: of a NaN, NumPy would say that it is both."""
    y = points[:, 1]
    return np.where(np.isnan(y), np.inf, y)


def thinned(points: Array, span: int) -> Array:
    """Return a curve in the lowest and the highest of each `span` points, with its first and last point."""
    if span <= 2 or len(points) <= span:
        return points
    inner = 1 + (len(points) - 2) // span * span
    return np.concatenate((points[:1], extremes(points[1:inner], span), points[inner:]))
