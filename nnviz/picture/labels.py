"""The headings over the columns, and the numbers on the edges, as texts in their places."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from nnviz.core.activations import Array
from nnviz.core.address import Address, Kind, column_title
from nnviz.core.numbers import counted, shown
from nnviz.picture.columns import head_room
from nnviz.picture.content import Content
from nnviz.picture.layout import Layout
from nnviz.picture.parts import Column, Label, Rect, Style
from nnviz.picture.pills import PAD, PillSlots, smaller
from nnviz.picture.text import ELLIPSIS, elide, fitted, text_width

HEADING, SUBHEADING = 12.5, 12.0
ABOVE, BELOW = 0.2, 0.49
"""Of the room for the headings, how far down the middles of both lines stand, unless they would touch."""
LINE = 1.3
"""How high a line is, in font sizes."""
CONTROL = 28.0 / 12.0
"""What makes the line under a heading a control in the window is so much wider than it, in font sizes."""
MARGIN = 6.0
"""Free on both sides of a control and of a heading, in pixels."""
LETTER_SPACING = 0.06
"""Of headings, in font sizes."""
BETWEEN = " · "
"""Between two things that the line under a heading says."""
MANY = 12
"""Columns of more nodes say how many."""
STYLES: dict[Kind, Style] = {"weight": "pill", "slope": "slope"}
AIR = {"pill": 0.9, "slope": 0.5}
"""Free on both sides of a number on an edge where there is room, in font sizes."""


def headings(content: Content, layout: Layout) -> Iterator[Label]:
    """Yield the headings and the lines under them, shortened as far as the room asks for."""
    last, taken = len(layout.columns) - 1, 0.0
    grown = max(min(layout.scale, layout.body.y / head_room(layout.view)), 1.0)
    for column, cell in zip(layout.columns, layout.headings, strict=True):
        names = _headings(column.index, last)
        lines = _subheadings(column, content)
        heading = _line("heading", names, cell, column, ABOVE * cell.height, HEADING * grown)
        middle = max(BELOW * cell.height, ABOVE * cell.height + LINE * HEADING * grown)
        line = None
        if middle + LINE / 2 * SUBHEADING * grown <= cell.height:  # else it would stand on the numbers
            line = _line("subheading", lines, cell, column, middle, SUBHEADING * grown)
        if line and column.index == last and content.slopes_of:
            cell = cell._replace(x=taken, width=cell.right - taken)
            line = _with_slopes(line, content.slopes_of, cell, column) or line
        if line and content.fate(column.layer):
            line = line._replace(style="marked")
        taken = line.rect.right + _beside("subheading", column, line.size) if line else cell.right
        yield from filter(None, (heading, line))


def _headings(column: int, last: int) -> list[str]:
    title = column_title(column, last).upper()
    if column == 0:
        return [title, "IN"]
    if column == last:
        return [title, "OUTPUT", "OUT"]
    return [title, title.replace(" LAYER", ""), f"H{column}"]


def _subheadings(column: Column, content: Content) -> list[str]:
    count = len(column.tops)
    if column.layer < 0:
        rows = len(content.state.data)
        if content.trace is None:
            return ["no rows: type an input", "no rows"]
        row = "free row" if content.free else f"row {content.row + 1} of {rows:,}"
        state = content.state
        kept = state.validated and content.row >= state.trained_rows
        rows_told = [f"{row}, kept for validation", f"{row}, validation", row] if kept else [row]
        return [
            *(f"{counted(count, 'input')}{BETWEEN}{each}" for each in rows_told if count > MANY),
            *rows_told,
        ]
    layer = content.network.layers[column.layer]
    parts = [counted(count, "node")] if count > MANY else []
    parts.append(layer.activation)
    fate, biases = content.fate(column.layer), ["biases"] if layer.biases is not None else []
    shorter = [BETWEEN.join(parts[:kept]) for kept in range(len(parts), 0, -1)]
    if not fate:
        return [BETWEEN.join(parts + biases), *shorter]
    told = f"slopes {fate}", fate if fate != "are 0" else "slopes 0"
    marks = [*parts, told[0]], [layer.activation, told[0]], [layer.activation, told[1]]
    return [*(BETWEEN.join(each) for each in (marks[0] + biases, *marks)), *shorter]


def _with_slopes(line: Label, slopes_of: str, cell: Rect, column: Column) -> Label | None:
    """Return the line with whose slopes are shown before it, over the gap: what it said stays where it is.

    Where there is no room for that, the line makes some.
    """
    beside, end = _beside("subheading", column, line.size), line.rect.right
    for said in (slopes_of, slopes_of.removeprefix("slopes: ")):
        text = said + BETWEEN + line.text
        start = end - text_width(text, line.size)
        if start >= cell.x + beside:
            return line._replace(text=text, rect=line.rect._replace(x=start, width=end - start))
    parts = line.text.split(BETWEEN)
    texts = [BETWEEN.join([slopes_of, *parts[:kept]]) for kept in range(len(parts), -1, -1)]
    return _line("subheading", texts, cell, column, line.rect.center[1], line.size)


def around(line: str, activation: str) -> tuple[str, str, str] | None:
    """Return what the line under a heading says before the activation, of it, and behind it; None without."""
    parts, name = line.split(BETWEEN), activation.partition("(")[0]
    for k, part in enumerate(parts):
        if part.startswith(name) or (part.endswith(ELLIPSIS) and name.startswith(part[:-1])):
            return BETWEEN.join(parts[:k]), part, BETWEEN.join(parts[k + 1 :])
    return None


def _line(
    kind: Literal["heading", "subheading"],
    texts: list[str],
    cell: Rect,
    column: Column,
    middle: float,
    size: float,
) -> Label | None:
    """Return the longest text that fits into its cell, centred over its column as far as the cell allows."""
    heading, beside = kind == "heading", _beside(kind, column, size)
    room = cell.width - 2 * beside
    for text in [*texts, elide(texts[-1], size, room, bold=heading)]:
        width = text_width(text, size, bold=heading)
        if heading:
            width += LETTER_SPACING * size * len(text)
        if text and width <= room:
            x = column.x + column.width / 2 - width / 2
            x = min(max(x, cell.x + beside), cell.right - beside - width)
            rect = Rect(x, middle - LINE / 2 * size, width, LINE * size)
            return Label(Address(kind, column.layer), text, rect, kind, size)
    return None


def _beside(kind: Kind, column: Column, size: float) -> float:
    """Return how much of its cell stays free on both sides of a line's text: for half of a control, too."""
    return MARGIN if kind == "heading" or column.layer < 0 else MARGIN + CONTROL / 2 * size


def edge_numbers(content: Content, layout: Layout, layer: int) -> Iterator[Label]:
    """Yield the weights of a gap, and its slopes if there are any."""
    weights = content.network.layers[layer].weights
    yield from _on_edges(layout.weights[layer], layer, weights, "weight")
    if content.slopes is not None:
        places = layout.slopes[layer]
        slopes = list(_on_edges(places, layer, content.slopes.layers[layer].weights, "slope"))
        yield from slopes if len(slopes) >= places.least else ()


def _on_edges(slots: PillSlots, layer: int, values: Array, kind: Kind) -> Iterator[Label]:
    if not slots.x:
        return
    style = STYLES[kind]
    largest, smallest, air = slots.size, smaller(slots.size), AIR[style]
    height = slots.height - 4.0 if style == "slope" else slots.height
    numbers = values[slots.nodes, slots.sources].tolist()
    places = zip(slots.nodes, slots.sources, slots.x, slots.y, slots.line, slots.widths, numbers, strict=True)
    for node, source, x, y, line, room, value in places:
        fit = fitted(value, largest, room - PAD * largest, bold=True, smallest=smallest)
        if fit is None:
            continue
        text, size, width = fit
        width = min(max(width + air * size, height), room)
        rect = Rect(x - width / 2, y - height / 2, width, height)
        leader = None if line == y else line
        yield Label(Address(kind, layer, node, source), text, rect, style, size, value, leader=leader)


def edge_number(address: Address, value: float, size: float, middle: tuple[float, float]) -> Label:
    """Return a weight or a slope in a place that it has for as long as its edge is looked at."""
    text, style = shown(value), STYLES[address.kind]
    width = max(text_width(text, size, bold=True) + AIR[style] * size, 1.5 * size)
    return Label(address, text, Rect(*middle, 0.0, 0.0).middle(width, 1.5 * size), style, size, value)
