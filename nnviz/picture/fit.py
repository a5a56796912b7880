"""Numbers as they are written into a room: exact, or with three significant digits or more."""

from __future__ import annotations

from nnviz.core.numbers import MINUS, shown
from nnviz.picture.text import text_width

DIGITS, FEWEST = 4, 3
"""Significant digits of a number that is rounded: where there is room, and at least."""


def fitted(
    value: float, size: float, width: float, *, bold: bool, prefix: str = "", smallest: float
) -> tuple[str, float] | None:
    """Return `prefix` and `value` so that they fit into `width` pixels, and the font size that they fit at.

    With less room there are 4 digits, then 3, then 3 at the font size `smallest`, then these without the 0
    before the point. None where not even these fit: fewer digits would pass for another number.
    """
    text = prefix + written(value)
    if text_width(text, size, bold) <= width:
        return text, size
    short = prefix + _short(value)
    for own in (size, smallest):
        if text_width(short, own, bold) <= width:
            return short, own
    bare = short.replace("0.", ".") if abs(value) < 1.0 else short
    return (bare, smallest) if text_width(bare, smallest, bold) <= width else None


def written(value: float) -> str:
    """Return `value` exactly, or with 4 significant digits, zeros at the end included: 0.67398 is 0.6740."""
    text = shown(value, DIGITS)
    if float(text.replace(MINUS, "-")) == value:
        return text
    return _tidy(f"{value:#.{DIGITS}g}")


def _short(value: float) -> str:
    """Return the shortest of what is written of `value` and of it with 3 significant digits."""
    fixed, scientific = _tidy(f"{value:#.{FEWEST}g}"), _tidy(f"{value:.{FEWEST - 1}e}")
    return min(written(value), fixed, scientific, key=len)


def _tidy(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    mantissa = mantissa.rstrip(".")  # 1234. has it
    return f"{mantissa}e{int(exponent)}".replace("-", MINUS) if e else mantissa.replace("-", MINUS)
