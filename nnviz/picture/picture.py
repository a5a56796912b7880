"""The diagram as data, without Qt: its nodes, texts and weights, and their places.

The window paints a Picture, looks up the part of the Picture under the mouse, and writes the Picture as SVG.
Tests inspect the Picture.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.function import node_functions
from nnviz.core.metrics import means_classes
from nnviz.core.network import Network, pixel_side
from nnviz.core.results import Results
from nnviz.core.state import State
from nnviz.picture.columns import EDGE_PILL, Layout, lay_out
from nnviz.picture.content import Content, description
from nnviz.picture.edges import EVERY_EDGE, neighbours
from nnviz.picture.labels import edge_numbers, headings, node_numbers
from nnviz.picture.matrix import shows_functions
from nnviz.picture.number_rooms import EDGE_KINDS, Places
from nnviz.picture.parts import DiagramColumn, Label, Rect, View

NEAR_PX = 6.0
"""Largest distance between the mouse and an edge at which the mouse points at the edge, in pixels."""
LOCK, LOCK_SHARE = 17.0, 0.8
"""LOCK: side of a node's padlock at scale 1, in pixels. LOCK_SHARE: side of others, in text heights."""
HEADINGS = ("heading", "subheading")
"""Styles of the labels above the columns."""


@dataclass(frozen=True, eq=False)
class Picture:
    """The contents of a diagram and their places.

    Two Pictures are equal only if they are the same object, because comparing their numbers is slow.
    """

    layout: Layout
    content: Content
    labels: tuple[Label, ...]
    """The labels in drawing order: a later label covers an earlier label."""
    weights: tuple[Array, ...]
    """The weights that colour the edges, one array per layer, shape (nodes, sources)."""
    scale: float
    """Absolute value of the weight whose edge is drawn widest."""
    ranking: tuple[Array, ...]
    """Weights that say which edges are the strongest: those of the picture, or of a time before a run."""
    places: tuple[Places, ...]
    """The places of the weights and slopes on the edges, one entry per layer."""
    shows: Callable[[Address], bool] | None = None
    """Function that returns whether the animated walk already shows a text; None shows all texts."""

    def shows_number(self, address: Address) -> bool:
        """Return whether the number at `address` is neither hidden nor still missing in the walk."""
        return not self.content.hides(address) and (self.shows is None or self.shows(address))

    @property
    def nodes(self) -> dict[Address, Rect]:
        """The rectangles of the visible nodes that are drawn one by one, by address."""
        return {
            Address("node", column.layer, node): column.rect(node)
            for column in self.layout.columns
            for node in column.visible_nodes(self.layout.body)
        }

    @property
    def few_edges(self) -> bool:
        """Whether every edge is drawn. If not, only the strongest edges of each layer are drawn."""
        return sum(weights.size for weights in self.weights) <= EVERY_EDGE

    @property
    def hidden_weights(self) -> Iterator[Address]:
        """The weights of edges that the picture draws, but whose numbers appear only when they are selected.

        None if every weight that has room is visible.
        """
        if self.layout.shows_strongest and self.few_edges:
            for layer, weights in enumerate(self.weights):
                for node, source in np.ndindex(weights.shape):
                    yield Address("weight", layer, node, source)

    @cached_property
    def headings(self) -> tuple[Label, ...]:
        """The labels above the columns. These labels come first in `labels`."""
        return tuple(takewhile(lambda label: label.style in HEADINGS, self.labels))

    @cached_property
    def locks(self) -> dict[Address, Rect]:
        """The squares of the padlocks of the frozen parts that the picture shows, by the part's address.

        The padlock of a weight, a bias or a node is at the upper right corner of its box; the padlock of a
        layer stands behind its heading.
        """
        return {part: place for part in self.content.state.frozen if (place := self._lock(part))}

    def _lock(self, part: Address) -> Rect | None:
        column, is_layer, body = self.layout.column(part.layer), part.kind == "layer", self.layout.body
        label = self.label(part._replace(kind="heading" if is_layer else part.kind))
        rect, size = (label.rect, LOCK_SHARE * label.rect.height) if label else (None, 0.0)
        if part.kind == "node":
            rect, size = None if column.block else column.rect(part.node), LOCK * self.layout.scale
        if rect is None or size > rect.height or not (is_layer or rect.meets(body)):
            return None
        x, y = (rect.right + size, rect.center[1]) if is_layer else (rect.right, rect.y)
        return Rect(x, y, 0.0, 0.0).middle(size, size) if is_layer or y > body.y else None

    @property
    def body_labels(self) -> tuple[Label, ...]:
        """The labels in, on and under nodes, and on edges."""
        return self.labels[len(self.headings) :]

    @cached_property
    def _by_address(self) -> dict[Address, Label]:
        return {label.address: label for label in self.labels}

    def label(self, address: Address) -> Label | None:
        """Return the label whose address is `address`, or None if the picture has no label there."""
        return self._by_address.get(address)

    def text(self, address: Address) -> str:
        """Return the text of the label at `address`, or "" if the picture has no label there."""
        label = self.label(address)
        return label.text if label else ""

    def place(self, address: Address) -> Rect | None:
        """Return the rectangle of the text, node or edge at `address`, or None if this is not in the picture.

        For a weight without a text, the rectangle is at the middle of the visible part of the edge.
        """
        if label := self.label(address):
            return label.rect
        column = self.layout.column(address.layer)
        if address.kind == "node" or (address.kind == "input" and column.per_row > 1):
            return column.rect(address.node)
        return self._on_edge(address) if address.kind == "weight" else None

    def _on_edge(self, address: Address) -> Rect:
        gap, view = self.layout.gaps[address.layer], self.layout.view
        left, right = max(gap.x0, 0.0), min(gap.x1, view.width)
        middle = ((left + right) / 2 - gap.x0) / (gap.x1 - gap.x0)
        x, y = gap.point(address.node, address.source, min(max(middle, 0.0), 1.0))
        size = EDGE_PILL * self.layout.scale
        return Rect(x, y, 0.0, 0.0).middle(5.4 * size, 1.5 * size)

    def hidden_numbers(self, *addresses: Address | None) -> tuple[Label, ...]:
        """Return labels for the weights and slopes of some edges, except labels that the picture already has.

        The labels stand on their edges. If the picture shows only the strongest weights, an address may also
        be a node: its edges get such labels, as far as there is room.
        """
        places = self._hidden_places(addresses)
        labels = (label for layer, at in places.items() for label in edge_numbers(self.content, at, layer))
        return tuple(label for label in labels if self.shows is None or self.shows(label.address))

    def with_numbers(self, *addresses: Address) -> Picture:
        """Return the picture with the hidden numbers of some edges and nodes.

        Numbers of other edges give way where they would overlap.
        """
        added, more = self.hidden_numbers(*addresses), self._hidden_places(addresses)
        places = (each + more.get(layer, ()) for layer, each in enumerate(self.places))
        rects = [label.rect for label in added]
        kept = (each for each in self.labels if not (each.is_on_edge and any(map(each.rect.meets, rects))))
        return replace(self, places=tuple(places), labels=(*kept, *added))

    def _hidden_places(self, addresses: tuple[Address | None, ...]) -> dict[int, Places]:
        """Return the places of the hidden numbers of some edges and nodes, by layer."""
        edges: dict[int, set[tuple[int, int]]] = {}
        for address in filter(None, addresses):
            if address.kind in EDGE_KINDS or (self.layout.shows_strongest and address.kind != "layer"):
                for layer, nodes, sources in neighbours(self.weights, address):
                    pairs = zip(nodes.tolist(), sources.tolist(), strict=True)
                    edges.setdefault(layer, set()).update(pairs)
        return {layer: self._find_places(layer, own) for layer, own in edges.items()}

    def _find_places(self, layer: int, edges: set[tuple[int, int]]) -> Places:
        """Return places for the numbers of some edges (node, source) that the picture does not show."""
        shown = tuple(
            place._replace(width=label.rect.width)
            for place in self.places[layer]
            if place.address[2:] in edges and (label := self.label(place.address))
        )
        nodes, sources = np.array(sorted(edges)).T
        return self.layout.rooms[layer].of_edges(nodes, sources, self.ranking[layer], shown)

    def describe(self, address: Address) -> str:
        """Return a description of the part of the network at `address`, with numbers in full precision."""
        return description(address, self.content) or self.text(address)

    def address_at(self, x: float, y: float) -> Address | None:
        """Return the address of the text, node or edge at a point, or None if nothing is there.

        Texts come first, then nodes, then the nearest edge within NEAR_PX pixels.
        """
        text = self.text_at(x, y)
        if text or not self.layout.body.contains(x, y):
            return text
        return self._node_at(x, y) or self._edge_at(x, y)

    def text_at(self, x: float, y: float) -> Address | None:
        """Return the address of the text at a point, or None if no text is there."""
        return next((label.address for label in reversed(self.labels) if label.rect.contains(x, y)), None)

    def _node_at(self, x: float, y: float) -> Address | None:
        for column in self.layout.columns:
            if (node := column.node_at(x, y)) is not None:
                return self._pixel_at(column, node, x, y) or Address("node", column.layer, node)
        return None

    def _pixel_at(self, column: DiagramColumn, node: int, x: float, y: float) -> Address | None:
        """Return the weight at a point of a node's thumbnail, if the thumbnail shows its weights."""
        place, side = column.picture_of(node), pixel_side(self.content.network)
        if column.layer != 0 or not side or not column.picture or not place.contains(x, y):
            return None
        right, down = (min(int(way / place.width * side), side - 1) for way in (x - place.x, y - place.y))
        return Address("weight", 0, node, down * side + right)

    def _edge_at(self, x: float, y: float) -> Address | None:
        for gap in self.layout.gaps:
            if (nearest := gap.nearest(x, y)) and nearest[2] <= NEAR_PX:
                return Address("weight", gap.layer, nearest[0], nearest[1])
        return None


def make_picture(
    content: Content,
    layout: Layout,
    *,
    shows: Callable[[Address], bool] | None = None,
    largest: float | None = None,
    ranking: tuple[Array, ...] | None = None,
) -> Picture:
    """Return a picture of `content` at the places of `layout`.

    The function `shows` returns whether to show the text at an address. `largest` is the absolute value of
    the weight whose edge is widest, by default the largest absolute value in the network. The weights
    `ranking` say which edges are the strongest, by default those of the network.
    """
    layers = content.shown.layers
    outputs = (Address("node_slope", len(layers) - 1, node) for node in range(len(layers[-1])))
    if content.slopes is not None and shows is not None and not any(map(shows, outputs)):
        content = replace(content, slopes_of="")  # the walk back has not begun
    weights = tuple(layer.weights for layer in layers)
    ranks = ranking or weights
    places = tuple(room.places(each) for room, each in zip(layout.rooms, ranks, strict=True))
    labels = all_labels(content, layout, places)
    if shows is not None:
        labels = (label for label in labels if shows(label.address))
    scale = largest_weight(content.shown) if largest is None else largest
    return Picture(layout, content, tuple(labels), weights, scale, ranks, places, shows)


def largest_weight(network: Network) -> float:
    """Return the largest absolute value of the weights, or 0 if there are no weights."""
    weights = (layer.weights for layer in network.layers)
    return max((float(np.abs(each).max()) for each in weights if each.size), default=0.0)


def row_picture(state: State, view: View, *, with_slopes: bool = False) -> Picture:
    """Return a picture of the whole diagram for the first row; `with_slopes=True` adds the row's slopes.

    Raises ValueError if `with_slopes` is true but no rows have targets.
    """
    if with_slopes and not state.trainable:
        raise ValueError("data.targets: slopes need at least one row with targets")
    results = Results(state)
    trace = results.trace_of(0, together=False) if len(state.data) else None
    slopes, of_row = (results.slopes_of(0, together=False), "slopes of row 1") if with_slopes else (None, "")
    functions = node_functions(state) if view.pictures and shows_functions(state.network) else None
    content = Content(state, 0, trace, slopes, of_row, functions=functions)
    layout = lay_out(state.network, view, slopes=with_slopes, classes=means_classes(state))
    return make_picture(content, layout)


def all_labels(content: Content, layout: Layout, places: Iterable[Places]) -> Iterator[Label]:
    """Yield the labels of all texts, including texts that the animated walk has not reached yet.

    `places` are the places of the numbers on edges, layer by layer.
    """
    yield from headings(content, layout)
    yield from layout.names
    for column, slots in zip(layout.columns, layout.slots, strict=True):
        yield from node_numbers(content, column, slots, layout.body)
    for layer, of_layer in enumerate(places):
        yield from edge_numbers(content, of_layer, layer)
