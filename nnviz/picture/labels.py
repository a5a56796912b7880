"""The headings over the columns and the lines under them, shortened as far as the room asks for."""

from __future__ import annotations

from collections.abc import Iterator

from nnviz.core.activations import Array
from nnviz.core.address import Address, Kind
from nnviz.core.naming import column_title
from nnviz.picture.layout import Layout
from nnviz.picture.numbers import Numbers
from nnviz.picture.parts import Column, Label, Rect, Style
from nnviz.picture.pills import PAD, PillSlots, smaller
from nnviz.picture.text import elide, fitted, text_width

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
        yield from _line(Address("heading", column.column - 1), names, cell, column, top, HEADING, "heading")
        top += 1.45 * HEADING
        yield from _line(
            Address("subheading", column.column - 1), lines, cell, column, top, SUBHEADING, "subheading"
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
    addresses = [f"{count} nodes"] if count > MANY else []
    addresses.append(layer.activation)
    if layer.biases is not None:
        addresses.append("biases")
    if column.column == last and numbers.slopes_of:
        return [" · ".join([*addresses, numbers.slopes_of]), numbers.slopes_of]
    return [" · ".join(addresses[:kept]) for kept in range(len(addresses), 0, -1)]


def _line(
    address: Address, texts: list[str], cell: Rect, column: Column, middle: float, size: float, style: Style
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
            yield Label(address, text, Rect(x, middle - 0.65 * size, width, 1.3 * size), style, size)
            return


AIR = {"pill": 0.9, "slope": 0.5}
"""Free on both sides of a text where there is room, in font sizes."""


def edge_numbers(numbers: Numbers, layout: Layout, layer: int) -> Iterator[Label]:
    """Yield the weights of a gap, and its slopes if there are any."""
    weights = numbers.network.layers[layer].weights
    yield from _on_edges(layout.weights[layer], layer, weights, "weight", "pill")
    if numbers.slopes is not None:
        slopes = numbers.slopes.layers[layer].weights
        yield from _on_edges(layout.slopes[layer], layer, slopes, "slope", "slope")


def _on_edges(slots: PillSlots, layer: int, values: Array, kind: Kind, style: Style) -> Iterator[Label]:
    if not slots.x:
        return
    own, smallest, air = slots.size, smaller(slots.size), AIR[style]
    room = slots.width - PAD * own
    height = slots.height - 4.0 if style == "slope" else slots.height
    numbers = values[slots.nodes, slots.sources].tolist()
    for node, source, x, y, value in zip(slots.nodes, slots.sources, slots.x, slots.y, numbers, strict=True):
        found = fitted(value, own, room, bold=True, smallest=smallest)
        if found is None:
            continue
        text, size, width = found
        width = min(max(width + air * size, height), slots.width)
        rect = Rect(x - width / 2, y - height / 2, width, height)
        yield Label(Address(kind, layer, node, source), text, rect, style, size, value)
