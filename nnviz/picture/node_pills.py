"""The pills on a node's lower border: its bias on the left, its slope on the right, in one line by need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nnviz.picture.numbers import Numbers
from nnviz.picture.picture import Column, Label, Part, Rect
from nnviz.picture.pills import BETWEEN
from nnviz.picture.slots import INSIDE, OUTSIDE, Slot

TIGHT, ROOMY = 0.4, 0.8
"""Free on both sides of a number in its pill, in font sizes: at least, and where there is room."""
ROUND = 1.3
"""A slope's pill is at least so many times as wide as high."""
LESS = 1e-3
"""Pixels less of room that ask for the next shorter text."""


class _Pill(NamedTuple):
    """A way to write a number: its text, the font size, and the least width of the pill."""

    value: float
    prefix: str
    text: str
    size: float
    width: float


def node_pills(numbers: Numbers, column: Column, slot: Slot, node: int) -> Iterator[Label]:
    """Yield a node's bias and its slope, as far as there are these.

    They stand out beyond the node's sides only where they must. Where not even the shortest texts fit side
    by side, the bias is shown alone, as the node's sum needs it.
    """
    layer = column.column - 1
    biases = numbers.network.layers[layer].biases
    line = slot.rect.width
    bias = None if biases is None else _pill(slot, float(biases[node]), line, "b ")
    slope = None
    if numbers.slopes is not None:
        slope = _pill(slot, float(numbers.slopes.layers[layer].nodes[node]), line)
    if bias is not None and slope is not None:
        both = _side_by_side(slot, bias, slope)
        bias, slope = both or (bias, None)
    yield from _placed(column, slot, node, bias, slope)


def _pill(slot: Slot, value: float, room: float, prefix: str = "") -> _Pill | None:
    pad = TIGHT * slot.size
    found = slot.fitted(value, room - pad, bold=True, prefix=prefix)
    if found is None:
        return None
    text, size, width = found
    least = 0.0 if prefix else ROUND * slot.rect.height
    return _Pill(value, prefix, text, size, max(width + pad, least))


def _shorter(slot: Slot, pill: _Pill) -> _Pill | None:
    """Return the next way to write the number in less room, or None."""
    found = _pill(slot, pill.value, pill.width - LESS, pill.prefix)
    return found if found is not None and found.width < pill.width else None


def _side_by_side(slot: Slot, bias: _Pill, slope: _Pill) -> tuple[_Pill, _Pill] | None:
    """Return both so that they fit into the line: the wider one is written shorter, as far as it can."""
    room = slot.rect.width - BETWEEN
    while bias.width + slope.width > room:
        less_bias = _shorter(slot, bias) if bias.width >= slope.width else None
        less_slope = _shorter(slot, slope) if less_bias is None else None
        if less_slope is None and less_bias is None:
            less_bias = _shorter(slot, bias)
        if less_slope is None and less_bias is None:
            return None
        bias, slope = less_bias or bias, less_slope or slope
    return bias, slope


def _placed(
    column: Column, slot: Slot, node: int, bias: _Pill | None, slope: _Pill | None
) -> Iterator[Label]:
    box = column.rect(node)
    line = slot.at(box.x, box.y)
    left, right = box.x + INSIDE * slot.size, box.right + OUTSIDE
    pills = [pill for pill in (bias, slope) if pill is not None]
    if not pills:
        return
    needed = sum(pill.width for pill in pills) + BETWEEN * (len(pills) - 1)
    right = min(max(right, left + needed), line.right)
    left = max(min(left, right - needed), line.x)
    airs = (right - left - needed) / len(pills)
    part = Part("bias", column.column, node)
    if bias is not None:
        width = bias.width + min((ROOMY - TIGHT) * bias.size, airs)
        place = Rect(left, line.y, width, line.height)
        yield Label(part, bias.text, place, "pill", bias.size, bias.value)
    if slope is not None:
        width = slope.width + min((ROOMY - TIGHT) * slope.size, airs)
        place = Rect(right - width, line.y, width, line.height)
        yield Label(
            part._replace(kind="node_slope"), slope.text, place, "node_slope", slope.size, slope.value
        )
