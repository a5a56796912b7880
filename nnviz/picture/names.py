"""The names in the nodes: they stand still while numbers change. Knows no numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nnviz.core.network import Network
from nnviz.picture.picture import Column, Kind, Label, Part, Rect
from nnviz.picture.slots import Slot
from nnviz.picture.text import elide, plain, text_width


def name_labels(network: Network, column: Column, slots: Mapping[Kind, Slot], body: Rect) -> Iterator[Label]:
    """Yield the names in sight of a column's nodes."""
    slot = slots.get("name")
    if slot is None:
        return
    names = network.names(column.column)
    for node in column.in_sight(body):
        text = elide(plain(names[node]), slot.size, slot.rect.width)
        width = min(text_width(text, slot.size), slot.rect.width)
        rect = slot.at(column.x, float(column.tops[node]))._replace(width=width)
        if text and rect.y >= body.y and rect.meets(body):
            part = Part("name", column.column, node)
            yield Label(part, text, rect, "name", slot.size, align="left", role=slot.role)
