"""The texts of a diagram: which number or name stands in which place. Knows no geometry of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from nnviz.core.network import Network, Trace
from nnviz.core.slopes import Slopes
from nnviz.core.state import State
from nnviz.picture.fit import fitted
from nnviz.picture.layout import Layout
from nnviz.picture.picture import Column, Kind, Label, Part, Rect, Style
from nnviz.picture.pills import PAD, SHRUNK, PillSlots, smaller
from nnviz.picture.slots import DEAD, ROOMY, SMALLEST, TIGHT, Slot
from nnviz.picture.text import elide, plain, text_width

NOTHING = "–"
"""Stands where there is no row to compute."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is shown: a State, one of its rows, what the network makes of it, and slopes if wanted."""

    state: State
    row: int
    trace: Trace | None
    slopes: Slopes | None
    slopes_of: str
    badges: Mapping[tuple[int, int], str]
    """What is odd about a node on all rows, by (layer, node)."""

    @property
    def network(self) -> Network:
        """The network that is shown."""
        return self.state.network

    def output(self, column: int, node: int) -> float | None:
        """Return an input, or a of a node; None without a row."""
        if self.trace is None:
            return None
        return float(self.trace.feeding(column)[0, node])

    def z(self, column: int, node: int) -> float | None:
        """Return z of a node; None without a row."""
        return None if self.trace is None else float(self.trace.z[column - 1][0, node])

    def target(self, node: int) -> float | None:
        """Return an output's target; None where there is none."""
        data = self.state.data
        if data.targets is None or not 0 <= self.row < len(data):
            return None
        return float(data.targets[self.row, node])

    def dead(self, column: int, node: int) -> bool:
        """Tell whether relu passes 0 on."""
        if column == 0 or self.network.layers[column - 1].activation != "relu":
            return False
        z = self.z(column, node)
        return z is not None and z <= 0.0


def node_labels(layout: Layout, column: Column, node: int, numbers: Numbers) -> Iterator[Label]:
    """Yield the texts in and under a node."""
    slots = layout.slots[column.column]
    left, top = column.x, float(column.tops[node])
    for kind, slot in slots.items():
        label = _MAKERS[kind](slot, Part(kind, column.column, node), numbers)
        if label is not None:
            rect = label.rect
            yield Label(
                label.part,
                label.text,
                Rect(left + rect.x, top + rect.y, rect.width, rect.height),
                label.style,
                label.size,
                label.value,
                label.align,
                column.role if kind in _INSIDE else None,
            )


def _name(slot: Slot, part: Part, numbers: Numbers) -> Label | None:
    rect, size = slot.rect, slot.size
    text = elide(plain(numbers.network.names(part.column)[part.node]), size, rect.width)
    if not text:
        return None
    rect = rect._replace(width=min(text_width(text, size), rect.width))
    return Label(part, text, rect, "name", size, align="left")


def _room(slot: Slot, part: Part, numbers: Numbers) -> float:
    """Return the room for a number: what the name on its line leaves."""
    if not slot.name_size:
        return slot.rect.width
    name = text_width(plain(numbers.network.names(part.column)[part.node]), slot.name_size)
    return max(slot.rect.width - name - 0.5 * slot.name_size, slot.least)


def _z(slot: Slot, part: Part, numbers: Numbers) -> Label | None:
    z = numbers.z(part.column, part.node)
    if z is None:
        return None
    found = _fitted(z, slot.size, _room(slot, part, numbers), bold=False, prefix="z ")
    if found is None:
        return None
    text, size = found
    return Label(part, text, _right(slot.rect, text_width(text, size)), "z", size, z, "right")


def _value(slot: Slot, part: Part, numbers: Numbers) -> Label | None:
    rect = slot.rect
    value = numbers.output(part.column, part.node)
    style: Style = "dead" if numbers.dead(part.column, part.node) else "value"
    found = (
        (NOTHING, slot.size)
        if value is None
        else _fitted(value, slot.size, _room(slot, part, numbers), bold=True)
    )
    if found is None:
        return None
    text, size = found
    width = text_width(text, size, bold=True)
    if slot.align == "center":
        place = _middle(rect, min(max(width + 0.8 * size, 2.0 * size), rect.width))
    else:
        place = _right(rect, width)
    return Label(part, text, place, style, size, value, slot.align)


def _fitted(
    value: float, size: float, width: float, *, bold: bool, prefix: str = ""
) -> tuple[str, float] | None:
    smallest = min(max(SHRUNK * size, SMALLEST), size)
    return fitted(value, size, width, bold=bold, prefix=prefix, smallest=smallest)


def _middle(rect: Rect, width: float) -> Rect:
    return Rect(rect.x + (rect.width - width) / 2, rect.y, width, rect.height)


def _right(rect: Rect, width: float) -> Rect:
    return Rect(rect.right - width, rect.y, width, rect.height)


def _bias(slot: Slot, part: Part, numbers: Numbers) -> Label | None:
    biases = numbers.network.layers[part.layer].biases
    if biases is None:
        return None
    value = float(biases[part.node])
    found = _pill(slot, value, "b ")
    if found is None:
        return None
    text, size, width = found
    return Label(part, text, slot.rect._replace(width=width), "pill", size, value)


def _node_slope(slot: Slot, part: Part, numbers: Numbers) -> Label | None:
    if numbers.slopes is None:
        return None
    value = float(numbers.slopes.layers[part.layer].nodes[part.node])
    found = _pill(slot, value)
    if found is None:
        return None
    text, size, width = found
    return Label(part, text, _right(slot.rect, max(width, 1.3 * slot.rect.height)), "node_slope", size, value)


def _pill(slot: Slot, value: float, prefix: str = "") -> tuple[str, float, float] | None:
    """Return the text of a pill, its font size and the pill's width."""
    room = slot.rect.width
    found = _fitted(value, slot.size, room - TIGHT * slot.size, bold=True, prefix=prefix)
    if found is None:
        return None
    text, size = found
    return text, size, min(text_width(text, size, bold=True) + ROOMY * size, room)


def _badge(slot: Slot, part: Part, numbers: Numbers) -> Label | None:
    dead = DEAD if numbers.dead(part.column, part.node) else ""
    text = numbers.badges.get((part.layer, part.node), dead)
    if not text:
        return None
    return Label(part, text, _middle(slot.rect, text_width(text, slot.size)), "note", slot.size)


def _target(slot: Slot, part: Part, numbers: Numbers) -> Label | None:
    return _outcome(slot, part, numbers.target(part.node), "target ", "note")


def _error(slot: Slot, part: Part, numbers: Numbers) -> Label | None:
    target, prediction = numbers.target(part.node), numbers.output(part.column, part.node)
    error = None if target is None or prediction is None else prediction - target
    return _outcome(slot, part, error, "error ", "error")


def _outcome(slot: Slot, part: Part, value: float | None, prefix: str, style: Style) -> Label | None:
    if value is None:
        return None
    bold = style == "error"
    found = _fitted(value, slot.size, slot.rect.width, bold=bold, prefix=prefix)
    if found is None:
        return None
    text, size = found
    width = text_width(text, size, bold)
    left = max(slot.rect.x, min(slot.middle - width / 2, slot.rect.right - width))
    return Label(part, text, slot.rect._replace(x=left, width=width), style, size, value)


_MAKERS = {
    "name": _name,
    "z": _z,
    "input": _value,
    "value": _value,
    "bias": _bias,
    "node_slope": _node_slope,
    "badge": _badge,
    "target": _target,
    "error": _error,
}


_INSIDE: frozenset[Kind] = frozenset(("name", "z", "input", "value"))


def edge_labels(layout: Layout, layer: int, numbers: Numbers) -> Iterator[Label]:
    """Yield the weights of a gap, and its slopes if there are any."""
    weights = numbers.network.layers[layer].weights
    yield from _on_edges(layout.weights[layer], layer, weights.item, "weight", "pill", 0.9)
    if numbers.slopes is not None:
        slopes = numbers.slopes.layers[layer].weights
        yield from _on_edges(layout.slopes[layer], layer, slopes.item, "slope", "slope", 0.5)


def _on_edges(
    slots: PillSlots, layer: int, number: Callable[..., float], kind: Kind, style: Style, pad: float
) -> Iterator[Label]:
    height, room = slots.height, slots.width - PAD * slots.size
    for node, source, x, y in zip(slots.nodes, slots.sources, slots.x, slots.y, strict=True):
        value = number(node, source)
        found = fitted(value, slots.size, room, bold=True, smallest=smaller(slots.size))
        if found is None:
            continue
        text, size = found
        width = min(max(text_width(text, size, bold=True) + pad * size, height), slots.width)
        rect = Rect(x - width / 2, y - height / 2, width, height)
        yield Label(Part(kind, layer + 1, node, source), text, rect, style, size, value)
