"""How wide a table's columns are, so that names and numbers can be read. Knows nothing of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtGui import QFont, QFontMetrics

from nnviz.core.numbers import MINUS
from nnviz.ui.widgets.elided import shorten_to_width
from nnviz.ui.widgets.theme import px, ui_font

Column: TypeAlias = tuple[str, Sequence[str], bool]
"""A name, numbers as they are written, and whether others may come, as where they are computed."""

SHORT, MIDDLE, LONG = f"{MINUS}1.234", f"{MINUS}0.01234", f"{MINUS}0.0001234"
"""Computed numbers that columns have room for: where it is tight, where they scroll, where there is room."""
LONGEST_NAME_PX = 220
"""The widest name that a column shows in full."""
PADDING_PX, MARGIN_PX, LEAST_MARGIN_PX = 4, 6, 2
"""At the right of a name and of a number, and at their left: what is wished, and the least."""
ROUNDING_PX = 1
"""By which a name may be wider than its letters together."""
NAME_PX = 12
"""Font size of a name."""
SIZES_PX = 13, 12, 11, 9.5
"""Font sizes of the numbers of a column, the best first; the first in which all fit is taken."""


def short_headers(headers: Sequence[str]) -> dict[str, str]:
    """Return a short header for each very long one."""
    short = shorten_to_width(headers, ui_font(NAME_PX), px(LONGEST_NAME_PX))
    return {whole: text for whole, text in zip(headers, short, strict=True) if text != whole}


def column_widths(columns: Sequence[Column], room: int) -> list[int]:
    """Return widths that fill `room`, or larger ones that have to scroll.

    No name is cut that is not very long. Rather than scroll, long numbers are written smaller.
    """
    names = QFontMetrics(ui_font(NAME_PX))
    numbers, smallest = (QFontMetrics(ui_font(SIZES_PX[k], QFont.Weight.DemiBold)) for k in (0, -1))
    short, middle, long = map(numbers.horizontalAdvance, (SHORT, MIDDLE, LONG))
    beside = px(PADDING_PX) + ROUNDING_PX
    named = [min(names.horizontalAdvance(name), px(LONGEST_NAME_PX)) + beside for name, *_ in columns]
    full, small = (
        [max(map(font.horizontalAdvance, texts), default=0) for _, texts, _ in columns]
        for font in (numbers, smallest)
    )
    computed = [each for *_, each in columns]
    tight = [
        max(low, short if each else min(width, short))
        for low, width, each in zip(small, full, computed, strict=True)
    ]
    least = _wide(named, tight, LEAST_MARGIN_PX)
    if sum(least) > room:
        return _wide(named, _at_least(middle, full, computed))
    held, wished = (_wide(named, _at_least(spare, full, computed)) for spare in (short, long))
    return _grown(held, wished, room) if sum(held) <= room else _grown(least, held, room)


def _at_least(room: int, widths: list[int], computed: list[bool]) -> list[int]:
    """Return the widths of numbers; computed ones have so much room as well, for those that may come."""
    return [max(width, room) if each else width for width, each in zip(widths, computed, strict=True)]


def _wide(named: list[int], numbers: list[int], margin: int = MARGIN_PX) -> list[int]:
    """Return the width of each column for its name and its numbers, with a margin at their left."""
    return [
        max(name, number + px(PADDING_PX)) + px(margin) for name, number in zip(named, numbers, strict=True)
    ]


def _grown(least: list[int], wished: list[int], room: int) -> list[int]:
    """Return widths that fill `room`: from the least towards what is wished, then the same more for each."""
    spare, needed = room - sum(least), sum(wished) - sum(least)
    part = min(1.0, spare / needed) if needed else 1.0
    widths = [low + int(part * (high - low)) for low, high in zip(least, wished, strict=True)]
    share, rest = divmod(room - sum(widths), len(widths))
    return [width + share + (k < rest) for k, width in enumerate(widths)]
