"""Which part of the plane a plot can draw, near what it is asked for. Knows nothing of Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

Stretch: TypeAlias = tuple[float, float]

FARTHEST, NARROWEST, FINEST = 5e306, 1e-290, 1e-10
"""A view ends at ± the first, is as wide as the second at least, and as the third times what it shows: beyond
that its pixels are no numbers any more, or cannot be told apart."""
LARGEST_AREA, SMALLEST_AREA = 1e307, 1e-290
"""Qt divides by what a view is wide times what it is high."""


def drawable(across: Sequence[float], up: Sequence[float]) -> tuple[Stretch, Stretch]:
    """Return the stretches from one number to another, shortened or widened to such as can be drawn."""
    (left, right), (bottom, top) = across, up
    xs = _stretch(left, right, NARROWEST, math.inf)
    width = xs[1] - xs[0]
    return xs, _stretch(bottom, top, max(NARROWEST, SMALLEST_AREA / width), LARGEST_AREA / width)


def _stretch(low: float, high: float, narrowest: float = NARROWEST, widest: float = math.inf) -> Stretch:
    low, high = (min(max(end, -FARTHEST), FARTHEST) for end in (low, high))
    least = max(narrowest, FINEST * max(abs(low), abs(high)))
    if least > widest:
        return -widest / 2, widest / 2
    width = min(max(high - low, least), widest)
    if width > high - low:
        low -= (width - (high - low)) / 2
    return low, low + width


def with_margins(low: float, high: float, below: float, above: float, least: float) -> Stretch:
    """Return a range with shares of it around it, and at both ends at least a share of what it becomes."""
    inside = least / max(1.0 - 2.0 * least, least)
    room = high - low
    return low - max(below, inside) * room, high + max(above, inside) * room
