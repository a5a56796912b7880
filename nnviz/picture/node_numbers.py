"""The numbers in, on and under the nodes as texts in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

from nnviz.core.address import Address, Kind
from nnviz.picture.candidates import BETWEEN
from nnviz.picture.content import Content
from nnviz.picture.parts import Column, Label, Rect, Style
from nnviz.picture.slots import BESIDE, Slot
from nnviz.picture.text import plain, text_width

NOTHING = "–"
"""Stands where there is no row to compute."""
TIGHT, ROOMY = 0.3, 0.8
"""Free on both sides of a number in its pill, in font sizes: at least, and where there is room."""
ROUND = 1.3
"""A slope's pill is at least so many times as wide as high."""
LESS = 1e-3
"""Pixels less of room that ask for the next shorter text."""


def node_numbers(content: Content, column: Column, slots: Mapping[Kind, Slot], body: Rect) -> Iterator[Label]:
    """Yield what stands in, on and under the nodes of a column, but for their names."""
    nodes = column.with_texts(body)
    corners = [column.rect(node)[:2] for node in nodes] if slots else []
    box = column.box
    beside = BESIDE * column.width
    all_in_sight = body.covers(Rect(box.x - beside, box.y, box.width + 2 * beside, box.height + column.below))
    at_right: dict[tuple[int, float], float] = {}
    """Where what stands at the right of a node's line begins."""
    for kind, slot in slots.items():
        make = _MAKERS.get(kind)
        if make is None:
            continue
        for node, corner in zip(nodes, corners, strict=True):
            address, rect = Address(kind, column.layer, node), slot.at(*corner)
            if kind == "badge" and slot.name_size:
                rect = _between(content, address, slot, rect, at_right.get((node, rect.y), rect.right))
            label = make(content, address, slot, rect)
            if label is None:
                continue
            if slot.align == "right":
                at_right[node, rect.y] = label.rect.x
            if all_in_sight or _in_sight(label.rect, body):
                yield label
    line = slots.get("node_slope")
    if line is not None:
        for node in nodes:
            for label in _pills(content, column, line, node):
                if all_in_sight or _in_sight(label.rect, body):
                    yield label


def _in_sight(rect: Rect, body: Rect) -> bool:
    return rect.y >= body.y and rect.meets(body)


def _z(content: Content, address: Address, slot: Slot, rect: Rect) -> Label | None:
    z = content.z(address)
    fit = None if z is None else slot.fitted(z, _room(content, address, slot), prefix="z ")
    if fit is None:
        return None
    text, size, width = fit
    return Label(address, text, _right(rect, width), "z", size, z, "right", slot.role)


def _value(content: Content, address: Address, slot: Slot, rect: Rect) -> Label | None:
    value = content.output(address)
    if value is None:
        return Label(address, NOTHING, rect, "value", slot.size, None, slot.align, slot.role)
    fit = slot.fitted(value, _room(content, address, slot), bold=True)
    if fit is None:
        return None
    text, size, width = fit
    style: Style = "dead" if content.dead(address) else "value" if slot.role else "pill"
    if slot.align == "center":
        rect = rect.middle(min(max(width + 0.8 * size, 2.0 * size), rect.width), rect.height)
    else:
        rect = _right(rect, width)
    return Label(address, text, rect, style, size, value, slot.align, slot.role)


def _room(content: Content, address: Address, slot: Slot) -> float:
    """Return the room that the name on the same line leaves for a number."""
    if not slot.name_size:
        return slot.rect.width
    name = plain(content.name(address))
    return max(slot.rect.width - text_width(name, slot.name_size) - 0.5 * slot.name_size, slot.least)


def _between(content: Content, address: Address, slot: Slot, line: Rect, right: float) -> Rect:
    """Return what the name at the left of a line and what begins at `right` leave of it."""
    apart = 0.6 * slot.name_size
    left = line.x + text_width(plain(content.name(address)), slot.name_size) + apart
    return Rect(left, line.y, right - apart - left, line.height)


def _badge(content: Content, address: Address, slot: Slot, rect: Rect) -> Label | None:
    """Return what is odd about a node on all rows, else, under it, that it passes 0 for this one."""
    size = slot.name_size or slot.size
    told = content.badges.get((address.layer, address.node), "")
    style: Style = "mark" if told else "note"
    if told:
        texts = told, told.partition(" on ")[0]
    elif content.dead(address) and not slot.name_size:
        texts = f"{content.network.layers[address.layer].activation} passes 0", "passes 0"
    else:
        return None
    for text in texts:
        width = text_width(text, size, bold=bool(told))
        if width <= rect.width:
            return Label(address, text, rect.middle(width, rect.height), style, size, role=slot.role)
    return None


def _outcome(content: Content, address: Address, slot: Slot, rect: Rect) -> Label | None:
    """Return an output's target or its error, centred under the node; a target that is not there yet is –."""
    error = address.kind == "error"
    value = content.error(address) if error else content.target(address)
    if value is None and not error and content.trace is not None:
        text = f"{address.kind} {NOTHING}"
        return Label(address, text, rect.middle(text_width(text, slot.size), rect.height), "note", slot.size)
    fit = None if value is None else slot.fitted(value, rect.width, bold=error, prefix=f"{address.kind} ")
    if fit is None:
        return None
    text, size, width = fit
    return Label(address, text, rect.middle(width, rect.height), "error" if error else "note", size, value)


def _right(rect: Rect, width: float) -> Rect:
    return Rect(rect.right - width, rect.y, width, rect.height)


_MAKERS: dict[Kind, Callable[[Content, Address, Slot, Rect], Label | None]] = {
    "z": _z,
    "input": _value,
    "value": _value,
    "badge": _badge,
    "target": _outcome,
    "error": _outcome,
}


class _Pill(NamedTuple):
    """A way to write a number: its text, the font size, and the least width of the pill."""

    kind: Literal["bias", "node_slope"]
    value: float
    text: str
    size: float
    width: float


def _pills(content: Content, column: Column, slot: Slot, node: int) -> Iterator[Label]:
    """Yield a node's bias and its slope, as far as there are these.

    Where they do not fit side by side even in small letters, the bias is shown alone, as the node's sum needs
    it.
    """
    biases, slopes, line = content.network.layers[column.layer].biases, content.slopes, slot.rect.width
    bias = slope = None
    if biases is not None:
        bias = _pill(slot, "bias", float(biases[node]), line)
    if slopes is not None:
        slope = _pill(slot, "node_slope", float(slopes.layers[column.layer].nodes[node]), line)
    pills = [pill for pill in (bias, slope) if pill is not None]
    if len(pills) == 2:
        pills = _side_by_side(slot, pills) or pills[:1]
    if pills:
        yield from _placed(column, slot, node, pills)


def _pill(slot: Slot, kind: Literal["bias", "node_slope"], value: float, room: float) -> _Pill | None:
    pad = TIGHT * slot.size
    fit = slot.fitted(value, room - pad, bold=True, prefix="b " if kind == "bias" else "")
    if fit is None:
        return None
    text, size, width = fit
    least = 0.0 if kind == "bias" else ROUND * slot.rect.height
    return _Pill(kind, value, text, size, max(width + pad, least))


def _side_by_side(slot: Slot, pills: list[_Pill]) -> list[_Pill]:
    """Return both so that they fit into the line, or none: the wider is written shorter, as far as it can."""
    bias, slope = pills
    while bias.width + slope.width > slot.rect.width - BETWEEN * slot.size:
        wider_first = (bias, slope) if bias.width >= slope.width else (slope, bias)
        shorter = next(filter(None, (_shorter(slot, pill) for pill in wider_first)), None)
        if shorter is None:
            return []
        bias, slope = (shorter, slope) if shorter.kind == "bias" else (bias, shorter)
    return [bias, slope]


def _shorter(slot: Slot, pill: _Pill) -> _Pill | None:
    """Return the next way to write the number in less room, or None."""
    fit = _pill(slot, pill.kind, pill.value, pill.width - LESS)
    return fit if fit is not None and fit.width < pill.width else None


def _placed(column: Column, slot: Slot, node: int, pills: list[_Pill]) -> Iterator[Label]:
    """Yield the bias on the left and the slope on the right."""
    line = slot.at(column.x, float(column.tops[node]))
    needed = sum(pill.width for pill in pills) + BETWEEN * slot.size * (len(pills) - 1)
    air = (line.width - needed) / len(pills)
    for pill in pills:
        width = pill.width + min((ROOMY - TIGHT) * pill.size, air)
        left = line.x if pill.kind == "bias" else line.right - width
        style: Style = "pill" if pill.kind == "bias" else "node_slope"
        place = Rect(left, line.y, width, line.height)
        yield Label(Address(pill.kind, column.layer, node), pill.text, place, style, pill.size, pill.value)
