"""The numbers in, on and under the nodes as texts in their places."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from nnviz.picture.node_pills import node_pills
from nnviz.picture.numbers import Numbers
from nnviz.picture.picture import Column, Kind, Label, Part, Rect, Style
from nnviz.picture.slots import BESIDE, DEAD, Slot
from nnviz.picture.text import plain, text_width

NOTHING = "–"
"""Stands where there is no row to compute."""


def node_numbers(numbers: Numbers, column: Column, slots: Mapping[Kind, Slot], body: Rect) -> Iterator[Label]:
    """Yield what stands in, on and under the nodes of a column, but for their names."""
    nodes = column.in_sight(body)
    box = column.box
    all_in_sight = body.covers(Rect(box.x - BESIDE, box.y, box.width + 2 * BESIDE, box.height + column.below))
    for kind, slot in slots.items():
        make = _MAKERS.get(kind)
        if make is None:
            continue
        for node, top in zip(nodes, column.tops[nodes.start : nodes.stop].tolist(), strict=True):
            label = make(numbers, Part(kind, column.column, node), slot, slot.at(column.x, top))
            if label is not None and (all_in_sight or _in_sight(label.rect, body)):
                yield label
    line = slots.get("node_slope")
    if line is not None:
        for node in nodes:
            for label in node_pills(numbers, column, line, node):
                if all_in_sight or _in_sight(label.rect, body):
                    yield label


def _in_sight(rect: Rect, body: Rect) -> bool:
    return rect.y >= body.y and rect.meets(body)


def _z(numbers: Numbers, part: Part, slot: Slot, rect: Rect) -> Label | None:
    z = numbers.z(part.column, part.node)
    found = None if z is None else slot.fitted(z, _room(numbers, part, slot), prefix="z ")
    if found is None:
        return None
    text, size, width = found
    return Label(part, text, _right(rect, width), "z", size, z, "right", slot.role)


def _value(numbers: Numbers, part: Part, slot: Slot, rect: Rect) -> Label | None:
    value = numbers.output(part.column, part.node)
    if value is None:
        return Label(part, NOTHING, rect, "value", slot.size, None, slot.align, slot.role)
    found = slot.fitted(value, _room(numbers, part, slot), bold=True)
    if found is None:
        return None
    text, size, width = found
    style: Style = "dead" if numbers.dead(part.column, part.node) else "value"
    if slot.align == "center":
        rect = _middle(rect, min(max(width + 0.8 * size, 2.0 * size), rect.width))
    else:
        rect = _right(rect, width)
    return Label(part, text, rect, style, size, value, slot.align, slot.role)


def _room(numbers: Numbers, part: Part, slot: Slot) -> float:
    """Return the room that the name on the same line leaves for a number."""
    if not slot.name_size:
        return slot.rect.width
    name = plain(numbers.network.names(part.column)[part.node])
    return max(slot.rect.width - text_width(name, slot.name_size) - 0.5 * slot.name_size, slot.least)


def _badge(numbers: Numbers, part: Part, slot: Slot, rect: Rect) -> Label | None:
    dead = DEAD if numbers.dead(part.column, part.node) else ""
    text = numbers.badges.get((part.layer, part.node), dead)
    if not text:
        return None
    return Label(part, text, _middle(rect, text_width(text, slot.size)), "note", slot.size)


def _target(numbers: Numbers, part: Part, slot: Slot, rect: Rect) -> Label | None:
    return _outcome(numbers.target(part.node), "target ", "note", part, slot, rect)


def _error(numbers: Numbers, part: Part, slot: Slot, rect: Rect) -> Label | None:
    target, prediction = numbers.target(part.node), numbers.output(part.column, part.node)
    error = None if target is None or prediction is None else prediction - target
    return _outcome(error, "error ", "error", part, slot, rect)


def _outcome(
    value: float | None, prefix: str, style: Style, part: Part, slot: Slot, rect: Rect
) -> Label | None:
    found = None if value is None else slot.fitted(value, rect.width, bold=style == "error", prefix=prefix)
    if found is None:
        return None
    text, size, width = found
    middle = rect.x - slot.rect.x + slot.middle
    left = max(rect.x, min(middle - width / 2, rect.right - width))
    return Label(part, text, Rect(left, rect.y, width, rect.height), style, size, value)


def _middle(rect: Rect, width: float) -> Rect:
    return Rect(rect.x + (rect.width - width) / 2, rect.y, width, rect.height)


def _right(rect: Rect, width: float) -> Rect:
    return Rect(rect.right - width, rect.y, width, rect.height)


_MAKERS: dict[Kind, Callable[[Numbers, Part, Slot, Rect], Label | None]] = {
    "z": _z,
    "input": _value,
    "value": _value,
    "badge": _badge,
    "target": _target,
    "error": _error,
}
