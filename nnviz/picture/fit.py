"""Numbers as they are written into a room: exact, or with three significant digits or more."""

from __future__ import annotations

from nnviz.core.numbers import MINUS, shown
from nnviz.picture.text import text_width

DIGITS, FEWEST = 4, 3
"""Significant digits of a number that is rounded: where there is room, and at least."""


def fitted(
    value: float, size: float, room: float, *, bold: bool, prefix: str = "", smallest: float
) -> tuple[str, float, float] | None:
    """Return `prefix` and `value` so that they fit into `room` pixels, the font size, and the text's width.

    With less room there are 4 digits, then 3, then 3 at the font size `smallest`, then these without the 0
    before the point. None where not even these fit: fewer digits would pass for another number.
    """
    longest = written(value)
    text = prefix + longest
    width = text_width(text, size, bold)
    if width <= room:
        return text, size, width
    short = prefix + min(longest, *_three_digits(value), key=len)
    bare = short.replace("0.", ".") if abs(value) < 1.0 else short
    for text, own in ((short, size), (short, smallest), (bare, smallest)):
        width = text_width(text, own, bold)
        if width <= room:
            return text, own, width
    return None


def written(value: float) -> str:
    """Return `value` exactly, or with 4 significant digits, zeros at the end included: 0.67398 is 0.6740."""
    text = f"{value:#.{DIGITS}g}"
    exact = float(text) == value or (value.is_integer() and abs(value) < 1e6)
    return shown(value, DIGITS) if exact else _tidy(text)


def _three_digits(value: float) -> tuple[str, str]:
    return _tidy(f"{value:#.{FEWEST}g}"), _tidy(f"{value:.{FEWEST - 1}e}")


def _tidy(text: str) -> str:
    if "e" in text:
        mantissa, _, exponent = text.partition("e")
        text = f"{mantissa}e{int(exponent)}"
    return text.rstrip(".").replace("-", MINUS)  # 1234. has a point
