"""The weights and slopes on their edges as texts in their pills."""

from __future__ import annotations

from collections.abc import Iterator

from nnviz.core.activations import Array
from nnviz.picture.fit import fitted
from nnviz.picture.layout import Layout
from nnviz.picture.numbers import Numbers
from nnviz.picture.picture import Kind, Label, Part, Rect, Style
from nnviz.picture.pills import PAD, PillSlots, smaller

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
        yield Label(Part(kind, layer + 1, node, source), text, rect, style, size, value)
