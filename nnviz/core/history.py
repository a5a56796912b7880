"""The history of a loss, or of what is measured beside it, in a buffer that many States share.

The buffer is only ever appended to, and each State has a length of its own. A history without a limit holds
every point, in 16 bytes. A history with a limit keeps, from that number of points on, the first, least,
greatest and last point of each of at most `limit / 8` buckets of equal length. Neighbouring buckets merge
when more are needed. A line through these points is nowhere further from the curve than the spread within one
bucket. A loss that a script reports may be infinite or NaN, which counts as infinite there.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from operator import itemgetter

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.numbers import POINTS

BUCKETS = POINTS.most // 4
"""Of a curve, at most: each is at most 1/2048 of the run, unless it is a single iteration."""
CEILING = 3.0
"""Height up to which a diverged curve is drawn, as a multiple of its start: more flattens other runs."""
DIVERGED = 1e6
"""Multiple of the start above which a run has diverged: runs come back from lower jumps."""
NOISE = 1e-12
"""A smaller loss at the start is rounding noise: adam soon leaves it, and comes back."""
LARGEST = 1e306
"""A plot cannot show larger numbers: a run can start with one where another run has diverged."""


class _Buffer:
    """Points in the order they came, in an array that doubles when it is full."""

    def __init__(self) -> None:
        self.points = np.empty((16, 2))
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
    """Pairs (iteration, the loss over the rows that are trained on after so many updates), from 0 on.

    Frozen: `extended` returns a longer history that shares the buffer, unless somebody else has gone on
    from here already (an undone run, then another one); then the points are copied.
    """

    limit: float = math.inf
    """The number of points above which it keeps only those of buckets."""
    is_thinned: bool = False
    length: int = 0
    _buffer: _Buffer = field(default_factory=_Buffer, repr=False)
    _span: int = 1
    """Iterations of a bucket, a power of 2; later points are whole."""
    _finer: History | None = field(default=None, repr=False)
    """The history as it was before its buckets became longer, for a State of fewer iterations."""

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
    def stores(self) -> Iterator[Array]:
        """All arrays of the history: `store`, and those of the finer histories behind it."""
        yield self.store
        if self._finer is not None:
            yield from self._finer.stores

    @property
    def line(self) -> Array:
        """The curve in at most 4,096 buckets, shape (points, 2), as it is drawn and saved."""
        return in_buckets(self.points, self.bucket) if self.length else self.points

    @property
    def bucket(self) -> int:
        """The length of a bucket of `line`, in iterations."""
        return bucket_length(self.last[0])

    def extended(self, points: Array) -> History:
        """Return this history followed by `points`, shape (more, 2)."""
        history = self
        while history.length + len(points) > history.limit:
            room = max(int(history.limit) - history.length, 0)
            history, points = history._appended(points[:room])._in_longer_buckets(), points[room:]
        return history._appended(points)

    def _appended(self, points: Array) -> History:
        buffer = self._buffer
        if buffer.used != self.length:
            buffer = _Buffer()
            buffer.append(self.points)
        buffer.append(points)
        return replace(self, length=buffer.used, _buffer=buffer)

    def _in_longer_buckets(self) -> History:
        span = bucket_length(self.last[0], int(self.limit) // 8)
        finer = self._finer if span == self._span else self._in_buckets(self._span, self._finer)
        return self._in_buckets(span, finer)

    def _in_buckets(self, span: int, finer: History | None) -> History:
        points = in_buckets(self.points, span)
        is_thinned = self.is_thinned or len(points) < self.length
        return History(self.limit, is_thinned, _span=span, _finer=finer)._appended(points)

    def limited(self, limit: float) -> History:
        """Return this history, from now on with up to `limit` points, or with fewer where it has less."""
        return self if limit >= self.limit else replace(self, limit=limit)

    def end(self) -> History:
        """Return its last point alone, which takes next to no memory and is enough for `until`."""
        return History().extended(self.points[-1:])

    def beginning(self) -> History:
        """Return its point at iteration 0 alone, or nothing where it has none."""
        return History(self.limit)._appended(self.points[: int(len(self) > 0 and self.first[0] == 0)])

    def until(self, earlier: History) -> History:
        """Return this history as it was when it ended with the last point of `earlier`.

        It shares the buffer, unless that point was left out since, or was one within an epoch.
        """
        if not len(earlier):
            return replace(self, length=0, is_thinned=False, _span=1, _finer=None)
        last = earlier.points[-1:]
        if self._finer is not None and last[0, 0] <= self._finer.last[0]:
            return self._finer.until(earlier)
        at = bisect_left(self.points, last[0, 0], key=itemgetter(0))
        if np.array_equal(self.points[at : at + 1], last, equal_nan=True):
            return replace(self, length=at + 1)
        return replace(self, length=at).extended(last)


def ceiling(losses: Array) -> float:
    """Return the loss up to which a curve is drawn: a multiple of its start if it diverged, else ∞.

    The start is the first loss above NOISE.
    """
    sizes = np.abs(losses)
    if not sizes.max(initial=0.0) < math.inf:
        sizes = sizes[np.isfinite(sizes)]
    start, most = float(sizes[np.argmax(sizes > NOISE)]) if len(sizes) else 0.0, sizes.max(initial=0.0)
    diverged = most / DIVERGED > start > NOISE or most > LARGEST
    return min(CEILING * start, LARGEST) if diverged else math.inf


def leaves_at(points: Array, top: float) -> tuple[int, float] | None:
    """Return where a curve leaves a plot that ends at `top`; None if it never does.

    The result is the iteration of the first point above `top`, and the x at which the line to that point
    crosses `top`. If the curve ends above `top`, it is the last such place, else the first.
    """
    above = np.flatnonzero(~(points[:, 1] <= top))
    within = np.flatnonzero(points[:, 1] <= top)
    if not len(above):
        return None
    first = int(within[-1]) + 1 if len(within) and within[-1] < above[-1] else int(above[0])
    (x, y), (next_x, next_y) = points[max(first - 1, 0)], points[first]
    share = (top - y) / (next_y - y) if first and math.isfinite(next_y) else 0.0
    return int(next_x), float(x + share * (next_x - x))


def bucket_length(last: int, buckets: int = BUCKETS) -> int:
    """Return the shortest power of 2, in iterations, such that `buckets` of them cover 0 to `last`."""
    return 1 << (last // buckets).bit_length()


def in_columns(points: Array, pixel: float, bucket: int) -> Array:
    """Return the first, least, greatest and last point of every column of at most one pixel.

    `pixel` is the width of a pixel in iterations, and `points` are those of buckets of `bucket` iterations.
    """
    span = min(bucket, 2 ** int(math.log2(max(pixel, 1.0))))
    return in_buckets(points, pixel // span * span)


def in_buckets(points: Array, length: float) -> Array:
    """Return the first, least, greatest and last point of every `length` iterations, in their order.

    The points of shorter buckets give the same result as all points if `length` is a multiple of theirs.
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
    kept: Array = points[chosen]
    return kept
