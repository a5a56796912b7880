"""Where everything of a diagram stands: pure geometry, for a network's shape and a view.

Knows nothing of weights.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address, Kind
from nnviz.core.names import shorten_distinctly
from nnviz.core.network import Network
from nnviz.picture.columns import HEIGHT, body, growth, lay_columns
from nnviz.picture.edges import REACH_PX, Gap
from nnviz.picture.parts import Column, Label, NodeBox, Rect, View
from nnviz.picture.pills import SMALL, PillSlots, pill_slots
from nnviz.picture.slots import Slot, node_slots
from nnviz.picture.text import elide, plain, text_width

PILL, CROWDED = 13.5, 1.3
"""Font size of a number on an edge, and how much larger it may be than low nodes are."""
ALIKE = 0.7
"""Numbers of a gap that would be larger are as small as those of another, if these are not much smaller."""


@dataclass(frozen=True, eq=False)
class Layout:
    """The geometry of a diagram, to be kept while only numbers change: inputs first, or one entry a layer."""

    view: View
    scale: float
    """How many times as large as in a small room all is drawn, before zoom."""
    body: Rect
    """The room under the headings: nodes, edges and their texts are clipped to it."""
    columns: tuple[Column, ...]
    gaps: tuple[Gap, ...]
    """The edges."""
    nodes: tuple[NodeBox, ...]
    """Those in sight that are drawn one by one."""
    slots: tuple[Mapping[Kind, Slot], ...]
    """Where a node's texts stand, relative to the node, one entry a column."""
    names: tuple[Label, ...]
    """Of the nodes in sight."""
    weights: tuple[PillSlots, ...]
    slopes: tuple[PillSlots, ...]
    headings: tuple[Rect, ...]
    """The room for a column's heading, empty where the column is out of sight."""

    def column(self, layer: int) -> Column:
        """Return the column of a layer; −1 is that of the inputs."""
        return self.columns[layer + 1]

    @cached_property
    def lines(self) -> Array:
        """Every edge as x0, y0, x1, y1, layer by layer, node by node, shape (edges, 4)."""
        return np.concatenate([gap.segments(*gap.every) for gap in self.gaps])


def lay_out(network: Network, view: View, *, slopes: bool = False) -> Layout:
    """Place the diagram of `network` in `view`; `slopes`: with room for slopes on the edges.

    Nodes stand where they are with slopes and without. The layout depends on sizes, names and activations
    alone, so that it holds while weights, biases, data and rows change.
    """
    scale = growth(view, len(network.sizes))
    room, columns = body(view, scale), lay_columns(network, view)
    gaps = tuple(itertools.starmap(_gap, itertools.pairwise(columns)))
    pills = _pills(gaps, columns, room, scale, view.zoom, slopes)
    slots = [node_slots(column, network.layers[column.layer] if column.index else None) for column in columns]
    names = (_names(network, column, places, room) for column, places in zip(columns, slots, strict=True))
    return Layout(
        view,
        scale,
        room,
        columns,
        gaps,
        tuple(_nodes(columns, room)),
        tuple(slots),
        tuple(itertools.chain.from_iterable(names)),
        tuple(weights for weights, _ in pills),
        tuple(slopes for _, slopes in pills),
        _headings(columns, room),
    )


def _pills(
    gaps: tuple[Gap, ...],
    columns: tuple[Column, ...],
    body: Rect,
    scale: float,
    zoom: float,
    slopes: bool,
) -> list[tuple[PillSlots, PillSlots]]:
    """Return the places of the weights and of the slopes, gap by gap, all of one size where they can be."""
    largest = [_pill_size(left, right, scale * zoom) for left, right in itertools.pairwise(columns)]
    pills = [pill_slots(gap, body, size, zoom, slopes) for gap, size in zip(gaps, largest, strict=True)]
    sizes = [weights.size for weights, _ in pills]
    alike = min((size for size in sizes if size >= ALIKE * max(sizes)), default=0.0)
    for k, (weights, of_slopes) in enumerate(pills):
        if weights.size > alike:
            again = pill_slots(gaps[k], body, alike, zoom, slopes)
            if len(again[0].x) + len(again[1].x) >= len(weights.x) + len(of_slopes.x):
                pills[k] = again
    return pills


def _pill_size(left: Column, right: Column, grown: float) -> float:
    """Return the font size of numbers between two columns: smaller between low nodes, but readable."""
    height = min(left.height, right.height) / HEIGHT
    return max(PILL * min(grown, CROWDED * height), SMALL * min(max(grown, 1.0), CROWDED))


def _gap(left: Column, right: Column) -> Gap:
    start = left.x + left.width
    return Gap(right.layer, start, max(right.x - REACH_PX, start + 1.0), left.middles, right.middles)


def _nodes(columns: Iterable[Column], body: Rect) -> Iterator[NodeBox]:
    for column in columns:
        for node in column.in_sight(body):
            yield NodeBox(Address("node", column.layer, node), column.rect(node), column.role)


def _headings(columns: tuple[Column, ...], body: Rect) -> tuple[Rect, ...]:
    """Share the top among the columns: to half-way between a column and the next, as far as in sight."""
    borders = [0.0]
    for left, right in itertools.pairwise(columns):
        borders.append((left.x + left.width + right.x) / 2)
    borders[0] = min(2 * columns[0].box.center[0] - (borders[1] if len(borders) > 1 else 0.0), columns[0].x)
    last = columns[-1]
    borders.append(max(2 * last.box.center[0] - borders[-1], last.x + last.width))
    rects = []
    for start, end in itertools.pairwise(borders):
        start, end = max(start, 0.0), min(end, body.right)
        rects.append(Rect(start, 0.0, max(end - start, 0.0), body.y))
    return tuple(rects)


def _names(network: Network, column: Column, slots: Mapping[Kind, Slot], body: Rect) -> Iterator[Label]:
    """Yield the names in sight of a column's nodes."""
    slot = slots.get("name")
    if slot is None:
        return
    names = network.names(column.index)
    nodes = list(column.with_texts(body))
    texts = shorten_distinctly(
        [plain(names[node]) for node in nodes],
        lambda text: text_width(text, slot.size) <= slot.rect.width,
        lambda name: elide(name, slot.size, slot.rect.width),
    )
    for node, text in zip(nodes, texts, strict=True):
        width = min(text_width(text, slot.size), slot.rect.width)
        rect = slot.at(*column.rect(node)[:2])._replace(width=width)
        if text and rect.y >= body.y and rect.meets(body):
            address = Address("name", column.layer, node)
            yield Label(address, text, rect, "name", slot.size, align="left", role=slot.role)
