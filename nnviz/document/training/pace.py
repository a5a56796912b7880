"""How fast a run goes: so many updates a second, for a person to see it. Knows nothing of Qt."""

from __future__ import annotations

import math
import time

RUN_S = 3.0
"""How long a run takes at the middle speed, whatever its number of updates."""
SLOWEST_PER_S = 1.0
"""Updates a second at speed 0."""
RANGE = 100.0
"""How many times faster than the middle speed a run is shortly before "as fast as possible"."""


class Pace:
    """Says how many of `updates` updates are due by now; the first that follows `done` updates is at once."""

    def __init__(self, updates: int, done: int, per_s: float) -> None:
        self._updates, self._first, self._per_s = updates, done + 1, per_s
        self._since = time.perf_counter()

    def due(self, now: float) -> int:
        """Return how many updates should be made by `now`."""
        if now >= self._since + self._updates / self._per_s:
            return self._updates
        return min(self._updates, int(self._first + self._per_s * (now - self._since)))

    def time_of_next(self, done: int) -> float:
        """Return the time at which the update that follows `done` updates is due."""
        return self._since + (done + 1 - self._first) / self._per_s


def updates_per_second(updates: int, speed: float, slowest_per_s: float = SLOWEST_PER_S) -> float:
    """Return the pace of a run: slowest at speed 0, 3 seconds a run at 0.5, infinite at 1."""
    middle = updates / RUN_S
    if speed >= 1.0:
        return math.inf
    if speed >= 0.5:
        return float(middle * RANGE ** (2.0 * speed - 1.0))
    slowest = min(slowest_per_s, middle)
    return float(slowest * (middle / slowest) ** (2.0 * speed))


def in_words(updates: int, speed: float) -> str:
    """Say how long a run takes, in a few letters: "0.3 s", "3 s", "55 min", or "fastest"."""
    pace = updates_per_second(updates, speed)
    if math.isinf(pace):
        return "fastest"
    seconds = updates / pace
    if seconds < 10:
        return f"{seconds:.1g} s"
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:,.0f} min"
