"""The history of a loss or another measure, in a buffer that many States share.

Points are only appended to the buffer, and each State stores the length of its history. A history without a
limit holds every point, in 16 bytes each. A history that exceeds its limit is thinned. Then the iterations
are divided into at most `limit / 8` buckets of equal length, and the history keeps the first, smallest,
largest and last point of each bucket. Neighbouring buckets are merged when the history becomes longer. A line
through the kept points differs from the curve by at most the spread in one bucket. A loss reported by a
script can be infinite or NaN; buckets treat NaN as infinite.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from operator import itemgetter
from threading import Lock

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.numbers import KEPT_POINTS, POINTS

BUCKETS = POINTS.limit // 4
"""Largest number of buckets of a drawn curve: ranges of iterations with at most 4 drawn points each."""
CEILING = 3.0
"""A plot cuts off a diverged run above this multiple of its first loss, so that other runs stay visible."""
DIVERGED = 1e6
"""A run diverged if a loss exceeds this multiple of its first loss. From a smaller loss, it can recover."""
NOISE = 1e-12
"""Losses up to this number count as 0. `ceiling` takes the first larger loss as a run's first loss."""
LARGEST = 1e306
"""Largest loss that a plot can show. A run that starts with a diverged run's weights can exceed this loss."""

MOST_ROOM = 2**23
"""Largest number of points for which a new buffer has room. Memory that is not used yet costs nothing."""
SMOOTHED = 0.05
"""Share of a curve's iterations over which a smoothed curve takes the mean."""
MANY = 64
"""Largest number of points that are added to a thinned history without being thinned at once."""


_APPENDING = Lock()


class _Buffer:
    """Points in order, in an array that doubles its size when it is full."""

    def __init__(self, room: int = 16) -> None:
        self.points = np.empty((room, 2))
        self.used = 0

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
    """Immutable points (iteration, loss) in order of iteration. The loss may be another measure.

    The method `extended` returns a longer history that shares the buffer. The points are copied only if
    another history already continues this one, as after an undone run.
    """

    limit: float = math.inf
    """The number of points above which the history is thinned."""
    is_thinned: bool = False
    length: int = 0
    _buffer: _Buffer = field(default_factory=_Buffer, repr=False)
    _span: int = 1
    """Iterations in a bucket, a power of 2. Points after the last merge are not thinned."""
    _finer: History | None = field(default=None, repr=False)
    """The history before its buckets became longer, for States with fewer iterations."""

    @classmethod
    def with_room_for(cls, points: float) -> History:
        """Return an empty history whose buffer need not grow for `points` points, at most MOST_ROOM."""
        return cls(_buffer=_Buffer(int(min(points, MOST_ROOM))))

    def __len__(self) -> int:
        return self.length

    @property
    def points(self) -> Array:
        """All points as a read-only view with the columns iteration and loss, shape (points, 2)."""
        view = self._buffer.points[: self.length]
        view.flags.writeable = False
        return view

    @property
    def last(self) -> tuple[int, float]:
        """The last point: (iteration, loss). The history must not be empty."""
        iteration, loss = self._buffer.points[self.length - 1]
        return int(iteration), float(loss)

    def at(self, iteration: int) -> tuple[int, float] | None:
        """Return the last point (iteration, loss) up to an iteration, or None if all points are later."""
        points = self.points[: bisect_right(self.points, iteration, key=itemgetter(0))]
        return (int(points[-1, 0]), float(points[-1, 1])) if len(points) else None

    @property
    def stores(self) -> Iterator[Array]:
        """The array that holds the points, then the arrays from before the buckets became longer.

        Longer and shorter histories share these arrays.
        """
        yield self._buffer.points
        if self._finer is not None:
            yield from self._finer.stores

    @property
    def line(self) -> Array:
        """The points to draw and save, at most 4 in each bucket of `bucket` iterations, shape (points, 2)."""
        return in_buckets(self.points, self.bucket) if self.length else self.points

    @property
    def bucket(self) -> int:
        """The number of iterations in a bucket; `line` has at most 4 points for each bucket."""
        return bucket_length(self.last[0])

    def extended(self, points: Array) -> History:
        """Return this history followed by `points`, shape (points, 2)."""
        history = self
        if self._span > 1 and len(points) > MANY:  # keeps the buffer short, and so the work in one call
            points = in_buckets(points, self._span)
        while history.length + len(points) > history.limit:
            room = max(int(history.limit) - history.length, 0)
            history, points = history._appended(points[:room])._in_longer_buckets(), points[room:]
        return history._appended(points)

    def _appended(self, points: Array) -> History:
        with _APPENDING:  # several threads may continue one history
            buffer = self._buffer
            if buffer.used != self.length:
                buffer = _Buffer()
                buffer.append(self.points)
            buffer.append(points)
            return replace(self, length=buffer.used, _buffer=buffer)

    def _in_longer_buckets(self) -> History:
        span = bucket_length(self.last[0], int(self.limit) // 8)
        points = in_buckets(self.points, span)
        is_thinned = self.is_thinned or len(points) < self.length
        finer = self._finer if span == self._span else self
        return History(self.limit, is_thinned, _span=span, _finer=finer)._appended(points)

    def smoothed(self) -> History:
        """Return a history in which each point is the mean over the last SMOOTHED share of the iterations."""
        points = self.points
        if not self.length:
            return self
        iterations, sums = points[:, 0], np.append(0.0, np.cumsum(points[:, 1]))
        starts = np.searchsorted(iterations, iterations - SMOOTHED * iterations[-1], side="right")
        ends = np.arange(1, len(points) + 1)
        means = (sums[ends] - sums[starts]) / (ends - starts)
        return History(is_thinned=self.is_thinned).extended(np.column_stack((iterations, means)))

    def limited(self, limit: float) -> History:
        """Return this history with the limit `limit`, unless its present limit is smaller."""
        return self if limit >= self.limit else replace(self, limit=limit)

    def end(self) -> History:
        """Return a history with only the last point. This short history is a valid argument of `until`."""
        return History().extended(self.points[-1:])

    def brief(self) -> History:
        """Return a history with at most KEPT_POINTS points: up to 4 in each of 1024 buckets."""
        points = self.points
        if self.length:
            points = in_buckets(points, bucket_length(self.last[0], KEPT_POINTS.limit // 4))
        return History(is_thinned=self.is_thinned or len(points) < self.length).extended(points)

    def beginning(self) -> History:
        """Return a history with the point at iteration 0, or an empty history if this point is missing."""
        return History(self.limit)._appended(self.points[: int(self.at(0) is not None)])

    def until(self, earlier: History) -> History:
        """Return this history up to the last point of `earlier`.

        The result shares the buffer, unless this history lacks the last point of `earlier`. A point can be
        missing because the history was thinned, or because a run stopped within an epoch.
        """
        if not len(earlier):
            return replace(self, length=0, is_thinned=False, _span=1, _finer=None)
        last = earlier.points[-1:]
        if self._finer is not None and last[0, 0] <= self._finer.last[0]:
            return self._finer.until(earlier)
        index = bisect_left(self.points, last[0, 0], key=itemgetter(0))
        if np.array_equal(self.points[index : index + 1], last, equal_nan=True):
            return replace(self, length=index + 1)
        return replace(self, length=index).extended(last)


def ceiling(losses: Array) -> float:
    """Return the highest loss that is drawn: CEILING times the first loss if the run diverged, else ∞.

    `losses` are the losses of the run, shape (points,). The first loss is the first element above NOISE.
    """
    sizes = np.abs(losses)
    if not sizes.max(initial=0.0) < math.inf:
        sizes = sizes[np.isfinite(sizes)]
    start, most = float(sizes[np.argmax(sizes > NOISE)]) if len(sizes) else 0.0, sizes.max(initial=0.0)
    diverged = most / DIVERGED > start > NOISE or most > LARGEST
    return min(CEILING * start, LARGEST) if diverged else math.inf


def bucket_length(last: int, buckets: int = BUCKETS) -> int:
    """Return the least power of 2 for which `buckets` buckets of this length hold iterations 0 to `last`."""
    return 1 << (last // buckets).bit_length()


def in_columns(points: Array, pixel: float, bucket: int) -> Array:
    """Return the first, smallest, largest and last point in each column of a plot.

    A column is at most one pixel wide; `pixel` is the width of a pixel in iterations. If `points`
    are already thinned, at most 4 are left of each `bucket` iterations.
    """
    span = min(bucket, 2 ** int(math.log2(max(pixel, 1.0))))
    return in_buckets(points, pixel // span * span)


def in_buckets(points: Array, length: float) -> Array:
    """Return the first, smallest, largest and last point of each bucket of `length` iterations, in order.

    Points that are already thinned give the same result as all points, if `length` is a multiple of the
    bucket length that was used for the thinning.
    """
    if len(points) < 3 or length <= 1:
        return points
    iterations, heights = points[:, 0], np.where(np.isnan(points[:, 1]), np.inf, points[:, 1])
    first, last = iterations[[0, -1]] // length
    edges = np.searchsorted(iterations, np.arange(first + 1, last + 1) * length)
    starts = np.append(0, edges[np.diff(edges, prepend=0) > 0])
    ends = np.append(starts[1:], len(points))
    chosen = np.zeros(len(points), dtype=bool)
    chosen[starts] = chosen[ends - 1] = True
    for extreme in (np.minimum, np.maximum):
        there = np.flatnonzero(heights == np.repeat(extreme.reduceat(heights, starts), ends - starts))
        chosen[there[np.searchsorted(there, starts)]] = True
    kept: Array = points.compress(chosen, axis=0)  # much faster than `points[chosen]`
    return kept
