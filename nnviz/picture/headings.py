"""The headings over the columns and the lines under them, shortened as far as the room asks for."""

from __future__ import annotations

from collections.abc import Iterator

from nnviz.core.naming import column_title
from nnviz.picture.layout import Layout
from nnviz.picture.numbers import Numbers
from nnviz.picture.picture import Column, Label, Part, Rect, Style
from nnviz.picture.text import elide, text_width

HEADING, SUBHEADING = 12.5, 12.0
LETTER_SPACING = 0.06
"""Of headings, in font sizes."""
MANY = 12
"""Columns of more nodes say how many."""


def heading_labels(layout: Layout, numbers: Numbers) -> Iterator[Label]:
    """Yield the headings with the lines under them."""
    last = len(layout.columns) - 1
    for column, cell in zip(layout.columns, layout.headings, strict=True):
        names = _headings(column.column, last)
        lines = _subheadings(column, last, numbers)
        top = 0.34 * cell.height
        yield from _line(Part("heading", column.column), names, cell, column, top, HEADING, "heading")
        top += 1.45 * HEADING
        yield from _line(
            Part("subheading", column.column), lines, cell, column, top, SUBHEADING, "subheading"
        )


def _headings(column: int, last: int) -> list[str]:
    title = column_title(column, last).upper()
    if column == 0:
        return [title, "IN"]
    if column == last:
        return [title, "OUTPUT", "OUT"]
    return [title, title.replace(" LAYER", ""), f"H{column}"]


def _subheadings(column: Column, last: int, numbers: Numbers) -> list[str]:
    count = len(column.tops)
    if column.column == 0:
        rows = len(numbers.state.data)
        row = f"row {numbers.row + 1} of {rows}" if numbers.trace is not None else "no rows"
        return [f"{count} inputs · {row}", row] if count > MANY else [row]
    layer = numbers.network.layers[column.column - 1]
    parts = [f"{count} nodes"] if count > MANY else []
    parts.append(layer.activation)
    if layer.biases is not None:
        parts.append("biases")
    if column.column == last and numbers.slopes_of:
        return [" · ".join([*parts, numbers.slopes_of]), numbers.slopes_of]
    return [" · ".join(parts[:kept]) for kept in range(len(parts), 0, -1)]


def _line(
    part: Part, texts: list[str], cell: Rect, column: Column, middle: float, size: float, style: Style
) -> Iterator[Label]:
    """Yield the longest text that fits into its cell, centred over its column as far as the cell allows."""
    heading = style == "heading"
    room = cell.width - 8.0
    for text in [*texts, elide(texts[-1], size, room, bold=heading)]:
        width = text_width(text, size, bold=heading)
        if heading:
            width += LETTER_SPACING * size * len(text)
        if text and width <= room:
            x = column.x + column.width / 2 - width / 2
            x = min(max(x, cell.x + 4.0), cell.right - 4.0 - width)
            yield Label(part, text, Rect(x, middle - 0.65 * size, width, 1.3 * size), style, size)
            return
