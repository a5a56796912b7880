"""The MSE history: an append-only buffer that many States share, each with a length of its own.

Memory is bounded: a history of 2**20 points is thinned to the lowest and highest of every 16, so that a
very long one holds its extremes at coarser and coarser iterations, and loses no minimum, maximum or end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.training.envelope import Envelope, thinned

LIMIT = 2**20
"""Points that a history holds before it is thinned: 16 MB."""

THINNED = 16
"""Of so many points two remain: fewer would take longer than a frame, more would lose more of the curve."""


class _Buffer:
    """Points in the order they came, in an array that doubles when it is full, and the curve's envelope."""

    def __init__(self) -> None:
        self.points = np.empty((16, 2))
        self.used = 0
        self.envelope = Envelope()

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
    """Pairs (iteration, MSE over all rows after so many updates), from iteration 0 on.

    Frozen: `extended` returns a longer history that shares the buffer, unless somebody else has gone on
    from here already (an undone run, then another one); then the points are copied.
    """

    _buffer: _Buffer = field(default_factory=_Buffer, repr=False)
    length: int = 0

    def __len__(self) -> int:
        return self.length

    @property
    def points(self) -> Array:
        """The history as a read-only view of shape (points, 2): iteration, MSE."""
        view = self._buffer.points[: self.length]
        view.flags.writeable = False
        return view

    @property
    def first(self) -> tuple[int, float]:
        """Iteration 0 and its MSE; there must be one."""
        iteration, mse = self._buffer.points[0]
        return int(iteration), float(mse)

    @property
    def last(self) -> tuple[int, float]:
        """The last iteration and its MSE; there must be one."""
        iteration, mse = self._buffer.points[self.length - 1]
        return int(iteration), float(mse)

    @property
    def envelope(self) -> Array:
        """The same curve in at most 2052 points, for a plot: no minimum, maximum or end of it is lost.

        Cheap again and again while the history grows, at any length.
        """
        envelope = self._buffer.envelope
        if envelope.covered > self.length:  # that of a longer history, which shares the buffer
            envelope = Envelope()
        return envelope.over(self.points)

    def extended(self, points: Array) -> History:
        """Return this history followed by `points`, shape (more, 2)."""
        room = LIMIT - self.length
        if len(points) > room:
            return self.extended(points[:room])._thinned().extended(points[room:])
        buffer = self._buffer
        if buffer.used != self.length:
            buffer = _Buffer()
            buffer.append(self.points)
        buffer.append(points)
        return History(buffer, buffer.used)

    def _thinned(self) -> History:
        return History().extended(thinned(self.points, THINNED))
