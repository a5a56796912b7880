"""Writes a program into a document: no more of it than what has changed, and long lines indented below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtGui import QFontMetricsF, QTextBlockFormat, QTextCursor, QTextDocument

from nnviz.ui.code.highlighter import units

HANGING = 4
"""So many letters more than its beginning the rest of a line is indented that has no room."""


def write(document: QTextDocument, before: Sequence[str], now: Sequence[str], left: int) -> None:
    """Write lines in the place of those `before`, `left` pixels from the edge; what is the same stays."""
    cursor = QTextCursor(document)
    cursor.beginEditBlock()
    if len(before) == len(now):
        other = [k for k in range(len(now)) if before[k] != now[k]]
        for k in other:
            _replace(cursor, document.findBlockByNumber(k).position(), before[k], now[k])
        indent(document, (k for k in other if _depth(before[k]) != _depth(now[k])), left)
    else:
        _replace(cursor, 0, "\n".join(before), "\n".join(now))
        indent(document, range(len(now)), left)
    cursor.endEditBlock()


def indent(document: QTextDocument, lines: Iterable[int], left: int) -> None:
    """Have lines begin `left` pixels from the edge, and what has no room in them further in."""
    letter = QFontMetricsF(document.defaultFont()).horizontalAdvance(" ")
    for line in lines:
        block, form = document.findBlockByNumber(line), QTextBlockFormat()
        further = (_depth(block.text()) + HANGING) * letter
        form.setLeftMargin(left + further)
        form.setTextIndent(-further)
        if block.blockFormat() != form:
            QTextCursor(block).setBlockFormat(form)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _replace(cursor: QTextCursor, start: int, before: str, now: str) -> None:
    """Write `now` over `before`, which stands at `start`: no more of it than what is other.

    What is new comes before what is old goes, so that what is selected beside it stays as it is.
    """
    head = _alike(before, now)
    tail = _alike(before[head:][::-1], now[head:][::-1])
    first = start + units(before[:head])
    last = first + units(before[head : len(before) - tail])
    cursor.setPosition(last)
    cursor.insertText(now[head : len(now) - tail])
    cursor.setPosition(first)
    cursor.setPosition(last, QTextCursor.MoveMode.KeepAnchor)
    cursor.removeSelectedText()


def _alike(one: str, other: str) -> int:
    """Return how many letters two texts begin with that are the same."""
    letters = enumerate(zip(one, other, strict=False))
    return next((k for k, (a, b) in letters if a != b), min(len(one), len(other)))
