"""How wide a table's columns are, so that names and numbers can be read. Knows nothing of the table."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import TypeAlias

from PySide6.QtGui import QFont, QFontMetrics

from nnviz.core.numbers import MINUS
from nnviz.ui.widgets.theme import px, ui_font

Column: TypeAlias = tuple[str, Sequence[str] | None]
"""A name, and numbers as they are written; None where they are computed and change all the time."""

SHORT, MIDDLE, LONG = f"{MINUS}1.234", f"{MINUS}0.01234", f"{MINUS}0.0001234"
"""Computed numbers that columns have room for: where it is tight, where they scroll, where there is room."""
LONGEST_NAME_PX = 220
"""The widest name that a column shows in full."""
PADDING_PX, MARGIN_PX = 8, 4
"""At the right of a name and of a number, and the least at their left."""
SIZES_PX = 13, 11, 9.5
"""Font sizes of a number, the best first; the first that fits is taken."""


def column_widths(columns: Sequence[Column], names: QFontMetrics, room: int) -> list[int]:
    """Return widths that fill `room`, or larger ones that have to scroll; `names`: metrics of the header.

    No name is cut that is not very long. Rather than scroll, long numbers are written smaller.
    """
    numbers = QFontMetrics(ui_font(SIZES_PX[0], QFont.Weight.DemiBold))
    short, middle, long = map(numbers.horizontalAdvance, (SHORT, MIDDLE, LONG))
    named = [min(names.horizontalAdvance(name), px(LONGEST_NAME_PX)) + px(PADDING_PX) for name, _ in columns]
    typed = [None if texts is None else _widest(numbers, texts) for _, texts in columns]
    tight = [width and max(min(width, short), ceil(width * SIZES_PX[-1] / SIZES_PX[0])) for width in typed]
    least = _wide(named, tight, short)
    if sum(least) <= room:
        return _grown(least, _wide(named, typed, long), room)
    return _wide(named, typed, middle)


def _widest(metrics: QFontMetrics, texts: Sequence[str]) -> int:
    return max(map(metrics.horizontalAdvance, texts), default=0)


def _wide(named: list[int], typed: list[int | None], computed: int) -> list[int]:
    """Return the width of each column for its name and its numbers."""
    numbers = [computed if width is None else width for width in typed]
    return [
        max(name, number + px(PADDING_PX)) + px(MARGIN_PX)
        for name, number in zip(named, numbers, strict=True)
    ]


def _grown(least: list[int], wished: list[int], room: int) -> list[int]:
    """Return widths that fill `room`: from the least towards what is wished, then the same more for each."""
    spare, needed = room - sum(least), sum(wished) - sum(least)
    part = min(1.0, spare / needed) if needed else 1.0
    widths = [low + int(part * (high - low)) for low, high in zip(least, wished, strict=True)]
    share, rest = divmod(room - sum(widths), len(widths))
    return [width + share + (k < rest) for k, width in enumerate(widths)]
