"""How fast a run goes: a speed from 0 to 1 as updates a second. Knows nothing of Qt."""

from __future__ import annotations

import math

SPREAD = 3.0
"""Seconds over which a run spreads at the middle speed, whatever its number of updates."""

SLOWEST = 1.0
"""Updates a second at speed 0."""

RANGE = 100.0
"""How many times faster than the middle speed a run is shortly before "as fast as possible"."""


def updates_per_second(updates: int, speed: float) -> float:
    """Return the pace of a run: slowest at speed 0, 3 seconds a run at 0.5, infinite at 1."""
    middle = updates / SPREAD
    if speed >= 1.0:
        return math.inf
    if speed >= 0.5:
        return float(middle * RANGE ** (2.0 * speed - 1.0))
    slowest = min(SLOWEST, middle)
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
