"""Numbers as they are written into a room: exact, or with three significant digits or more."""

from __future__ import annotations

from nnviz.core.numbers import shown, tidy
from nnviz.picture.text import text_width

FEWEST = 3
"""Significant digits that a rounded number has at least."""
ROUNDING = 1e-6
"""Pixels by which sums of the same widths may differ: the order and the Python decide the last bit."""


def fitted(
    value: float, size: float, room: float, *, bold: bool, prefix: str = "", smallest: float
) -> tuple[str, float, float] | None:
    """Return `prefix` and `value` so that they fit into `room` pixels, the font size, and the text's width.

    With less room there are 4 digits, then 3, then 3 at the font size `smallest`, then these without the 0
    before the point. None where not even these fit: fewer digits would pass for another number.
    """
    longest = shown(value)
    text = prefix + longest
    width = text_width(text, size, bold)
    if width <= room + ROUNDING:
        return text, size, width
    short = prefix + min(longest, *_three_digits(value), key=len)
    bare = short.replace("0.", ".") if abs(value) < 1.0 else short
    for text, own in ((short, size), (short, smallest), (bare, smallest)):
        width = text_width(text, own, bold)
        if width <= room + ROUNDING:
            return text, own, width
    return None


def _three_digits(value: float) -> tuple[str, str]:
    return tidy(f"{value:#.{FEWEST}g}"), tidy(f"{value:.{FEWEST - 1}e}")
