"""Upper bounds of text widths in Inter and DejaVu Sans, without a font. This module does not use Qt.

For each character, the table has the width in the wider of the two fonts, in hundredths of the font size. So
a text is never wider than its computed width.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from nnviz.core.numbers import as_text

ROUNDING = 1e-6
"""Largest difference that rounding causes between two sums of the same widths, in pixels."""

LEAST_SIZE = 9.5
"""Least size of any font, in pixels."""


def font_sizes(size: float, shrink: float) -> tuple[float, float, float]:
    """Return the font sizes to try for a number: from `size` down to `shrink` · `size`, in pixels."""
    smallest = min(max(shrink * size, LEAST_SIZE), size)
    return size, (size + smallest) / 2, smallest


def fit_number(
    value: float, sizes: Sequence[float], room: float, *, bold: bool, prefix: str = ""
) -> tuple[str, float, float] | None:
    """Return (text, font size, width) of a number within `room` pixels, or None if the text does not fit.

    The text is `prefix` and the number, with the same digits in every font size. The function tries the font
    sizes in their order.
    """
    text = prefix + as_text(value)
    for size in sizes:
        width = text_width(text, size, bold)
        if width <= room + ROUNDING:
            return text, size, width
    return None


_REGULAR = {
    28: "ijl",
    32: " ',.I·",
    36: ":;|",
    40: "!()/[\\]ft",
    44: "r",
    48: "-²",
    52: '"*_`',
    56: "?sz",
    60: "FJLckvxy",
    64: "0123456789EPabdeghnopqu{}",
    68: "$STZ",
    72: "ABKRVXY",
    76: "CHNU",
    80: "&DGOQ",
    84: "#+<=>^w~−≈",
    92: "M✓✗",
    100: "%@Wm…",
}
_BOLD = {
    36: " 'ijl",
    40: ",./:;I\\|·",
    44: "f",
    48: "!()-[]t²",
    52: "_`r",
    56: '"*',
    60: "?Jcsz",
    64: "Lx",
    68: "EFTaekvy",
    72: "$0123456789SZbdghnopqu{}",
    76: "BCPY",
    80: "AKRVX",
    84: "#+<=>DGHNU^~−≈",
    88: "&OQ",
    92: "w✓✗",
    100: "M…",
    104: "%@m",
    112: "W",
}
_ADVANCES = tuple(
    {character: hundredths / 100 for hundredths, text in table.items() for character in text}
    for table in (_REGULAR, _BOLD)
)
ELLIPSIS = "…"
"""End of a shortened text."""
NUMBER = 4.84
"""Width of −0.1234 in bold, the widest usual number, in font sizes."""
LONG_NUMBER = 7.0
"""Width of −0.0001234, in font sizes. Only numbers with an exponent of two or more digits are wider."""


def _advance(character: str, bold: bool) -> float:
    if (advance := _ADVANCES[bold].get(character)) is not None:
        return advance
    category = unicodedata.category(character)
    if category.startswith("M"):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.4 if category == "So" else 1.05
    return 1.0 if category == "Ll" else 1.25


@lru_cache(maxsize=4096)
def _ems(text: str, bold: bool) -> float:
    return sum(_advance(character, bold) for character in text)


def text_width(text: str, size: float, bold: bool = False) -> float:
    """Return an upper bound of the width of `text` at font size `size`, in pixels."""
    try:
        return sum(map(_ADVANCES[bold].__getitem__, text)) * size
    except KeyError:
        return _ems(text, bold) * size


@lru_cache(maxsize=4096)
def one_line(text: str) -> str:
    """Return `text` on one line, with spaces in place of invisible characters."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp", "Cn"} else c for c in text)


def elide(text: str, size: float, width: float, bold: bool = False) -> str:
    """Return `text` if it fits into `width` pixels, else its start with "…", or "" if nothing fits.

    A number at the end of `text` stays, because it distinguishes node_1_10 from node_1_11.
    """
    if text_width(text, size, bold) <= width:
        return text
    number = re.search(r"_?\d{1,4}$", text)
    for tail in (ELLIPSIS + number[0] if number else ELLIPSIS, ELLIPSIS):
        room = width - text_width(tail, size, bold)
        length = 0
        while length < len(text) and (room := room - _advance(text[length], bold) * size) >= 0:
            length += 1
        if length:
            return text[:length].rstrip() + tail
    return ""
