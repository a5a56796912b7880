"""How wide a text is, without a font: an upper bound for Inter and DejaVu Sans. Knows nothing of Qt.

The table holds, in hundredths of the font size, the larger of the two fonts' advances, so that a text is
never wider than the place that was made for it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from nnviz.core.numbers import shown

ROUNDING = 1e-6
"""Pixels by which sums of the same widths may differ: the order and the Python decide the last bit."""


def fitted(
    value: float, size: float, room: float, *, bold: bool, prefix: str = "", smallest: float
) -> tuple[str, float, float] | None:
    """Return `prefix` and `value` so that they fit into `room` pixels, the font size, and the text's width.

    With less room they are smaller: half-way to the font size `smallest`, or of that. None where not even
    that fits: the number is never written otherwise.
    """
    text = prefix + shown(value)
    for at_size in (size, (size + smallest) / 2, smallest):
        width = text_width(text, at_size, bold)
        if width <= room + ROUNDING:
            return text, at_size, width
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
    92: "M",
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
    92: "w",
    100: "M…",
    104: "%@m",
    112: "W",
}
_ADVANCES = tuple(
    {character: hundredths / 100 for hundredths, text in table.items() for character in text}
    for table in (_REGULAR, _BOLD)
)
ELLIPSIS = "…"
NUMBER = 4.84
"""Width of the widest usual number, −0.1234, bold, in font sizes."""
LONG_NUMBER = 7.0
"""The same for −0.0001234, the longest of four digits but for larger exponents."""


def _advance(character: str, bold: bool) -> float:
    known = _ADVANCES[bold].get(character)
    if known is not None:
        return known
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
    """Return a width in pixels that `text` at font size `size` does not exceed."""
    try:
        return sum(map(_ADVANCES[bold].__getitem__, text)) * size
    except KeyError:
        return _ems(text, bold) * size


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Return `text` on one line: what is no visible character becomes a space."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp", "Cn"} else c for c in text)


def elide(text: str, size: float, width: float, bold: bool = False) -> str:
    """Return `text` if it fits into `width` pixels, else its start with …, or nothing.

    A number at its end is kept, since it tells node_1_10 from node_1_11.
    """
    if text_width(text, size, bold) <= width:
        return text
    number = re.search(r"_?\d{1,4}$", text)
    for tail in (ELLIPSIS + number[0] if number else ELLIPSIS, ELLIPSIS):
        room = width - text_width(tail, size, bold)
        kept = 0
        while kept < len(text) and (room := room - _advance(text[kept], bold) * size) >= 0:
            kept += 1
        if kept:
            return text[:kept].rstrip() + tail
    return ""
