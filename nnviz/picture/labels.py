"""Texts of the diagram: headings, and the numbers inside, on and under nodes and on edges."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from nnviz.core.address import Address, Kind, column_title
from nnviz.core.numbers import as_text, counted, percent_text
from nnviz.core.results import BLANK, Fate
from nnviz.picture.columns import Layout, Slot, Slots, head_room
from nnviz.picture.content import Content
from nnviz.picture.number_places import LABEL_GAP, LEAST_PAD, LEAST_SHRINK, NumberPlace
from nnviz.picture.number_rooms import Places
from nnviz.picture.parts import DiagramColumn, Label, Rect, Style
from nnviz.picture.text import ELLIPSIS, ROUNDING, elide, fit_number, font_sizes, one_line, text_width

HEADING, SUBHEADING = 12.5, 12.0
HEADING_Y, SUBHEADING_Y = 0.2, 0.49
"""Vertical middles of a heading and of the line under it, as shares of the height of the heading area."""
LINE_HEIGHT = 1.3
"""Height of a line, in font sizes."""
CONTROL_WIDTH = 28.0 / 12.0
"""Width that the line under a heading leaves free for a control of the window, in font sizes."""
MARGIN = 6.0
"""Space on both sides of a control and of a heading, in pixels."""
LETTER_SPACING = 0.06
"""Space between the letters of a heading, in font sizes."""
SEPARATOR = " · "
"""Text between the parts of the line under a heading."""
MANY_NODES = 12
"""The line under a heading shows the number of nodes if the column has more nodes than this."""
FATE_MARKS: dict[Fate, tuple[str, str]] = {
    "vanish": ("slopes vanish", "vanish"),
    "explode": ("slopes explode", "explode"),
    "are 0": ("slopes are 0", "slopes 0"),
}
"""Long and short text for each problem of a layer's slopes. The line under a heading shows the text."""
LineKind: TypeAlias = Literal["heading", "subheading"]
STYLES: dict[Kind, tuple[Style, float]] = {"weight": ("pill", 0.9), "slope": ("slope", 0.5)}
"""Style of a number in its label on an edge, and its preferred padding (left plus right) in font sizes."""


def headings(content: Content, layout: Layout) -> Iterator[Label]:
    """Yield the labels of the headings and of the lines under the headings, shortened to fit."""
    last, left = len(layout.columns) - 1, 0.0
    scale = max(min(layout.scale, layout.body.y / head_room(layout.view)), 1.0)
    for column, cell in zip(layout.columns, layout.headings, strict=True):
        names = _headings(column.index, last)
        lines = _subheadings(column, content)
        heading = _line("heading", names, cell, column, HEADING_Y * cell.height, HEADING * scale)
        middle = max(SUBHEADING_Y * cell.height, HEADING_Y * cell.height + LINE_HEIGHT * HEADING * scale)
        fits = middle + LINE_HEIGHT / 2 * SUBHEADING * scale <= cell.height  # else it would cover numbers
        line = _line("subheading", lines, cell, column, middle, SUBHEADING * scale) if fits else None
        if line and column.index == last and (note := _note(content)):
            cell = cell._replace(x=left, width=cell.right - left)
            line = _with_slopes(line, note, cell, column) or line
        left = line.rect.right + _margin("subheading", column, line.size) if line else cell.right
        yield from filter(None, (heading, line))


def _note(content: Content) -> str:
    """Return which other network is beside the network, and whose slopes the diagram shows."""
    beside = "differences to" if content.differences else "beside"
    other = f"{beside} {content.other.name}" if content.other else ""
    return SEPARATOR.join(filter(None, (other, content.slopes_of)))


def _headings(column: int, last: int) -> list[str]:
    title = column_title(column, last).upper()
    if column == 0:
        return [title, "IN"]
    if column == last:
        return [title, "OUTPUT", "OUT"]
    return [title, title.replace(" LAYER", ""), f"H{column}"]


def _subheadings(column: DiagramColumn, content: Content) -> list[str]:
    count = len(column.tops)
    if column.layer < 0:
        if content.trace is None:
            return ["no rows: type an input", "no rows"]
        state = content.state
        row = "what-if row" if content.is_what_if else f"row {content.row + 1} of {len(state.data):,}"
        validation = state.validated and not content.is_what_if and content.row >= state.trained_rows
        row_texts = [f"{row}, validation row", f"{row}, validation", row] if validation else [row]
        inputs = f"{counted(count, 'input')}{SEPARATOR}"
        return [*(inputs + each for each in row_texts if count > MANY_NODES), *row_texts]
    layer = content.network.layers[column.layer]
    parts = [counted(count, "node")] * (count > MANY_NODES) + [layer.activation]
    fate, biases = content.fate(column.layer), ["biases"] if layer.biases is not None else []
    shorter = [SEPARATOR.join(parts[:k]) for k in range(len(parts), 0, -1)]
    if not fate:
        return [SEPARATOR.join(parts + biases), *shorter]
    mark, short_mark = FATE_MARKS[fate]
    marks = [*parts, mark], [layer.activation, mark], [layer.activation, short_mark]
    return [*(SEPARATOR.join(each) for each in (marks[0] + biases, *marks)), *shorter]


def _with_slopes(line: Label, slopes_of: str, cell: Rect, column: DiagramColumn) -> Label | None:
    """Return the line with `slopes_of` before its text; the text itself stays in place if there is room.

    With less room, the line moves or loses its last parts.
    """
    margin, end = _margin("subheading", column, line.size), line.rect.right
    for title in (slopes_of, slopes_of.removeprefix("slopes: ")):
        text = title + SEPARATOR + line.text
        start = end - text_width(text, line.size)
        if start >= cell.x + margin:
            return line._replace(text=text, rect=line.rect._replace(x=start, width=end - start))
    parts = line.text.split(SEPARATOR)
    texts = [SEPARATOR.join([slopes_of, *parts[:k]]) for k in range(len(parts), -1, -1)]
    return _line("subheading", texts, cell, column, line.rect.center[1], line.size)


def split_at_activation(line: str, activation: str) -> tuple[str, str, str] | None:
    """Return the line as texts (before, activation, after), or None if the activation is not in the line."""
    parts, name = line.split(SEPARATOR), activation.partition("(")[0]
    for k, part in enumerate(parts):
        if part.startswith(name) or (part.endswith(ELLIPSIS) and name.startswith(part[:-1])):
            return SEPARATOR.join(parts[:k]), part, SEPARATOR.join(parts[k + 1 :])
    return None


def _line(
    kind: LineKind, texts: list[str], cell: Rect, column: DiagramColumn, middle: float, size: float
) -> Label | None:
    """Return the longest text that fits into its cell, centred over its column if the cell allows it."""
    heading, margin = kind == "heading", _margin(kind, column, size)
    room = cell.width - 2 * margin
    for text in [*texts, elide(texts[-1], size, room, bold=heading)]:
        width = text_width(text, size, bold=heading)
        if heading:
            width += LETTER_SPACING * size * len(text)
        if text and width <= room:
            x = column.x + column.width / 2 - width / 2
            x = min(max(x, cell.x + margin), cell.right - margin - width)
            rect = Rect(x, middle - LINE_HEIGHT / 2 * size, width, LINE_HEIGHT * size)
            return Label(Address(kind, column.layer), text, rect, kind, size)
    return None


def _margin(kind: Kind, column: DiagramColumn, size: float) -> float:
    """Return the space on each side of a line's text in its cell, which includes half of a control."""
    return MARGIN if kind == "heading" or column.layer < 0 else MARGIN + CONTROL_WIDTH / 2 * size


def edge_numbers(content: Content, places: Places, layer: int) -> Iterator[Label]:
    """Yield the labels of weights of `layer`, and of their slopes if `content` has slopes, at `places`."""
    values = {"weight": content.shown.layers[layer].weights}
    if content.slopes is not None:
        values["slope"] = content.slopes.layers[layer].weights
    for place in (each for each in places if each.address.kind in values):
        if label := _on_edge(place, float(values[place.address.kind][place.address[2:]])):
            yield _blank_if_hidden(label, content)


def _on_edge(place: NumberPlace, value: float) -> Label | None:
    """Return the label of a number on an edge, or None if the number is too long."""
    kind, room = place.address.kind, place.width - LEAST_PAD * place.size
    style, padding = STYLES[kind]
    fit = fit_number(value, font_sizes(place.size, LEAST_SHRINK), room, bold=True)
    if fit is None:
        return None
    text, size, width = fit
    height = place.height - 4.0 if kind == "slope" else place.height
    width = min(max(width + padding * size, height), place.width)
    rect = Rect(place.x - width / 2, place.y - height / 2, width, height)
    return Label(place.address, text, rect, style, size, value)


RIGHT, WRONG = "✓", "✗"
"""Marks of a class that is right or wrong."""
NEUTRAL: tuple[Kind, ...] = "value", "z", "slope", "node_slope"
"""Kinds of labels whose style does not depend on the number, unless the number is 0."""


def _blank_if_hidden(label: Label, content: Content) -> Label:
    """Return the label, or a blank of the same size if the label shows a hidden result."""
    if not content.hides(label.address):
        return label
    kind = label.address.kind
    text = f"{kind} {BLANK}" if kind in ("z", "error") else BLANK
    style: Style = "value" if label.style == "dead" else label.style if kind in NEUTRAL else "note"
    return label._replace(text=text, value=None, style=style)


MISSING = "–"
"""Text in place of a value that cannot be computed because there is no row."""
TIGHT_PADDING, ROOMY_PADDING = 0.3, 0.8
"""Least and preferred padding (left plus right) of a number in its label, in font sizes."""
LEAST_SLOPE_RATIO = 1.3
"""Least width of a slope's label, in heights of the label."""


def node_numbers(content: Content, column: DiagramColumn, slots: Slots, body: Rect) -> Iterator[Label]:
    """Return the labels in, on and under the nodes of a column, except the nodes' names.

    `slots` holds the place in a node for each kind of number. Labels outside `body` are left out.
    """
    labels = _all_numbers(content, column, slots, column.visible_text_nodes(body))
    visible = (label for label in labels if label.rect.y >= body.y and label.rect.meets(body))
    return (_blank_if_hidden(label, content) for label in visible)


def _all_numbers(content: Content, column: DiagramColumn, slots: Slots, nodes: range) -> Iterator[Label]:
    corners = [column.rect(node)[:2] for node in nodes] if slots else []
    at_right: dict[tuple[int, float], float] = {}
    """Left end of the right-aligned text in a line of a node, by node and y of the line."""
    for kind, slot in slots.items():
        for node, corner in zip(nodes, corners, strict=True) if kind in _MAKERS else ():
            address, rect = Address(kind, column.layer, node), slot.place(*corner)
            if kind == "badge" and slot.name_size:
                rect = _free_part(content, address, slot, rect, at_right.get((node, rect.y), rect.right))
            if label := _MAKERS[kind](content, address, slot, rect):
                if slot.align == "right":
                    at_right[node, rect.y] = label.rect.x
                yield label
    if "node_slope" in slots:
        for node in nodes:
            yield from _pills(content, column, slots["node_slope"], node)


def _number(
    content: Content, address: Address, slot: Slot, rect: Rect, value: float | None, style: Style, prefix: str
) -> Label | None:
    """Return the label of a number within a line, or None if the number is unknown or does not fit."""
    room, bold = _room(content, address, slot), style not in ("z", "note")
    fit = None if value is None else fit_number(value, slot.sizes, room, bold=bold, prefix=prefix)
    if fit is None:
        return None
    text, size, width = fit
    return Label(address, text, slot.aligned(rect, width), style, size, value, slot.align, slot.role)


def _z(content: Content, address: Address, slot: Slot, rect: Rect) -> Label | None:
    return _number(content, address, slot, rect, content.z(address), "z", "z ")


def _value(content: Content, address: Address, slot: Slot, rect: Rect) -> Label | None:
    if (value := content.output(address)) is None:
        return Label(address, MISSING, rect, "value", slot.size, None, slot.align, slot.role)
    style: Style = "dead" if content.dead(address) else "value" if slot.role else "pill"
    label = _number(content, address, slot, rect, value, style, "")
    if label is None or slot.align != "center":
        return label
    width = max(label.rect.width + 0.8 * label.size, 2.0 * label.size)
    return label._replace(rect=rect.middle(min(width, rect.width), rect.height))


def _room(content: Content, address: Address, slot: Slot) -> float:
    """Return the width that the name on the same line leaves for a number."""
    if not slot.name_size:
        return slot.rect.width
    name = one_line(content.name(address))
    return max(slot.rect.width - text_width(name, slot.name_size) - 0.5 * slot.name_size, slot.least)


def _free_part(content: Content, address: Address, slot: Slot, line: Rect, right: float) -> Rect:
    """Return the part of a line between the name at its left and a text that begins at `right`."""
    apart = 0.6 * slot.name_size
    left = line.x + text_width(one_line(content.name(address)), slot.name_size) + apart
    return Rect(left, line.y, right - apart - left, line.height)


def _badge(content: Content, address: Address, slot: Slot, rect: Rect) -> Label | None:
    """Return the node's badge; without one, under the node, whether it passes 0 for this row."""
    size = slot.name_size or slot.size
    badge = content.badges.get((address.layer, address.node), "")
    style: Style = "mark" if badge else "note"
    if badge:
        texts = badge, badge.partition(" on ")[0]
    elif content.dead(address) and not slot.name_size:
        texts = f"{content.network.layers[address.layer].activation} passes 0", "passes 0"
    else:
        return None
    for text in texts:
        width = text_width(text, size, bold=bool(badge))
        if width <= rect.width:
            return Label(address, text, rect.middle(width, rect.height), style, size, role=slot.role)
    return None


def _class_texts(content: Content, node: Address, *, alone: bool) -> list[str]:
    """Return texts about an output's class, the longest first, or [] if the output means no class.

    If the text stands `alone`, without the target, it names the target of a wrong prediction.
    """
    predicted, share, is_large = content.predicted(node), content.share(node), content.has_large_error(node)
    if predicted is None:
        return []
    mark = "" if is_large is None else f" {WRONG if is_large else RIGHT}"
    if not content.one_of_many:
        of_class = "" if share is None else f"{SEPARATOR}{percent_text(share if predicted else 1.0 - share)}"
        return [f"class {predicted}{of_class}{mark}", f"class {predicted}{mark}", f"{predicted}{mark}"]
    percentage = percent_text(share or 0.0)
    if predicted:
        return [f"predicted{SEPARATOR}{percentage}{mark}"] * (not alone) + [f"{percentage}{mark}"]
    return [f"target {percentage}"] * bool(alone and content.target(node)) + [percentage]


def _share(content: Content, address: Address, slot: Slot, rect: Rect) -> Label | None:
    """Return the class of an output with its share; in a node without a class, the value."""
    inside = slot.role is not None
    texts = _class_texts(content, address, alone=inside)
    is_class = not content.one_of_many or bool(content.predicted(address))
    fit = slot.fit_text(texts, _room(content, address, slot), bold=is_class)
    if fit is None or (inside and content.share(address) is None):
        return _value(content, address._replace(kind="value"), slot, rect) if inside else None
    text, size, width = fit
    style: Style = "note" if not is_class else "value" if inside else "error" if WRONG in text else "mark"
    place = slot.aligned(rect, width)
    return Label(address, text, place, style, size, content.share(address), slot.align, slot.role)


def _outcome(content: Content, address: Address, slot: Slot, rect: Rect) -> Label | None:
    """Return an output's target or error under the node. "–" stands for a target or a pair without value."""
    error = address.kind == "error"
    value = content.error(address) if error else content.target(address)
    if value is None and content.trace is not None and (not error or slot.align != "center"):
        text = f"{address.kind} {MISSING}"
        place = slot.aligned(rect, text_width(text, slot.size))
        return Label(address, text, place, "note", slot.size, align=slot.align)
    style: Style = "error" if error and content.has_large_error(address) else "note"
    return _number(content, address, slot, rect, value, style, f"{address.kind} ")


_MAKERS: dict[Kind, Callable[[Content, Address, Slot, Rect], Label | None]] = {
    "z": _z,
    "input": _value,
    "value": _value,
    "badge": _badge,
    "share": _share,
    "target": _outcome,
    "error": _outcome,
}


def _pills(content: Content, column: DiagramColumn, slot: Slot, node: int) -> Iterator[Label]:
    """Yield the pills of a node's bias, at the left, and of its slope, at the right, if it has them.

    Both have the same font size. If they do not fit side by side even in the smallest font, yield the bias
    only: z needs it.
    """
    biases, slopes = content.shown.layers[column.layer].biases, content.slopes
    line, address = slot.place(column.x, float(column.tops[node])), Address("bias", column.layer, node)
    numbers = [] if biases is None else [(address, float(biases[node]))]
    if slopes is not None:
        numbers.append((address._replace(kind="node_slope"), float(slopes.layers[column.layer].nodes[node])))
    for shown, size in itertools.product((numbers, numbers[:1]), slot.sizes):
        pills = [_pill(*number, line, size) for number in shown]
        free = line.width - sum(pill.rect.width for pill in pills) - LABEL_GAP * size * (len(pills) - 1)
        if free < -ROUNDING:
            continue
        for pill in pills:
            width = pill.rect.width + min((ROOMY_PADDING - TIGHT_PADDING) * size, free / len(pills))
            left = line.x if pill.style == "pill" else line.right - width
            yield pill._replace(rect=line._replace(x=left, width=width))
        return


def _pill(address: Address, value: float, line: Rect, size: float) -> Label:
    """Return the pill of a bias or a node's slope with its least width, at the left of its line."""
    is_bias = address.kind == "bias"
    text = f"b {as_text(value)}" if is_bias else as_text(value)
    width = text_width(text, size, bold=True) + TIGHT_PADDING * size
    place = line._replace(width=width if is_bias else max(width, LEAST_SLOPE_RATIO * line.height))
    return Label(address, text, place, "pill" if is_bias else "node_slope", size, value)
