"""The numbers on the edges between two columns: of all edges, the strongest weights, or edges of interest.

The places of all numbers do not depend on the weights, so numbers do not jump. The strongest weights come
first, each in the best place with clear space around it. The numbers of edges of interest, such as those of
a selected node, are added, and numbers on other edges that stand in their way are left out. So no number
moves when others appear.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from nnviz.core.activations import Array
from nnviz.core.address import Address, Kind
from nnviz.picture.edges import Gap, Indices
from nnviz.picture.number_places import (
    LABEL_GAP,
    LEAST_PAD,
    Edges,
    NumberPlace,
    Placing,
    label_boxes,
    visible_edges,
)
from nnviz.picture.parts import Rect
from nnviz.picture.text import LONG_NUMBER, NUMBER

MANY_EDGES = 30
"""A network with more edges than this shows only its strongest weights, unless the view shows all."""
MOST_STRONGEST = 8
"""Largest number of strongest weights between two columns. More would hide the edges."""

EDGE_KINDS: tuple[Kind, Kind] = ("weight", "slope")
"""Kinds of numbers on edges."""
Places: TypeAlias = tuple[NumberPlace, ...]
"""The places of numbers between two columns, first those of weights."""
Spacing: TypeAlias = tuple[float, float]
"""Space between two labels, in font sizes: beside each other, and above each other."""
LONGER = LONG_NUMBER - NUMBER
"""Width by which a long number exceeds a usual number, in font sizes."""
CLEAR, CLOSE, ALONE = (LONGER + 1.5, 0.9), (LABEL_GAP, LABEL_GAP), (LONGER + LABEL_GAP, LABEL_GAP)
"""CLEAR: spacing of the strongest weights. CLOSE: of the numbers of a node. ALONE: of those of one edge."""
LEAST = 1 / 3
"""Share of all weights between two columns, or of all slopes, that must fit.

If fewer weights fit, only the strongest are shown, because others would look random.
"""
MOST_TOGETHER = 200
"""Largest number of visible edges between two columns that may all have numbers, which takes time."""
MOST_OF_NODE = 16
"""Largest number of weights into a node, or out of a node, that appear with the node."""
MOST_REMEMBERED = 500
"""Largest number of groups of edges whose places are remembered."""
STACK_GAP = 0.1
"""Space between a weight and its slope, one above the other for lack of room, in heights of a label."""


@dataclass(frozen=True, eq=False)
class NumberRoom:
    """The room for numbers on the edges `gap` within `body`, with a font of at most `size` pixels."""

    gap: Gap
    size: float
    body: Rect
    slopes: bool
    """Whether the diagram shows slopes beside weights."""
    only_strongest: bool
    """Whether the diagram shows only the strongest weights."""
    _found: dict[tuple[object, ...], Places] = field(default_factory=dict, init=False)
    """The places that were found before."""

    def places(self, weights: Array) -> Places:
        """Return the places of all numbers, or of the strongest `weights` if there is too little room.

        `weights` has shape (nodes, sources).
        """
        if self._visible is None:
            return ()
        if self.only_strongest or len(self._visible.nodes) > MOST_TOGETHER:
            return self._strongest(self._visible, weights)
        places, least = self._find(self._visible, CLOSE), LEAST * len(self._visible.nodes)
        of_weights, of_slopes = _amounts(places)
        if of_weights < least:
            return self._strongest(self._visible, weights)
        return places if of_slopes >= least else places[:of_weights]

    def _strongest(self, edges: Edges, weights: Array) -> Places:
        return self._find(edges.strongest(weights, MOST_STRONGEST), CLEAR)

    @cached_property
    def _visible(self) -> Edges | None:
        """The visible edges, or None if there are none or too many for numbers."""
        return visible_edges(self.gap, self.body, *self.gap.all_edges)

    def of_edges(self, nodes: Indices, sources: Indices, weights: Array, shown: Places) -> Places:
        """Return places for the strongest of the edges from `sources` to `nodes`, where there is room.

        A number of these edges that is `shown` already keeps its place. Numbers of other edges do not
        matter, so that the places do not depend on them.
        """
        if (edges := visible_edges(self.gap, self.body, nodes, sources)) is None:
            return ()
        if len(edges.nodes) > MOST_OF_NODE:
            edges = edges.strongest(weights, MOST_OF_NODE)
        return self._find(edges, CLOSE if len(nodes) > 1 else ALONE, shown)

    def _find(self, edges: Edges, spacing: Spacing, shown: Places = ()) -> Places:
        """Return places for the numbers of `edges`, from memory if the same places were found before.

        Most edits leave the order of the strongest weights as it is.
        """
        key = edges.nodes.tobytes(), edges.sources.tobytes(), spacing, shown
        if key not in self._found:
            if len(self._found) >= MOST_REMEMBERED:
                self._found.clear()
            self._found[key] = self._find_anew(edges, spacing, shown)
        return self._found[key]

    def _find_anew(self, edges: Edges, spacing: Spacing, shown: Places) -> Places:
        """Return places for the numbers of `edges`.

        Numbers that are close together have the font that shows the most of them, others the largest font.
        """
        best: Places = ()
        kinds, ends = EDGE_KINDS[: 1 + self.slopes], (edges.nodes.tolist(), edges.sources.tolist())
        addresses = [Address(kind, self.gap.layer, *end) for kind in kinds for end in zip(*ends, strict=True)]
        kept = {place.address: place for place in shown if place.address in addresses}
        for box in label_boxes(self.gap, self.body, self.size):
            placing = Placing(edges, box, len(kinds), *spacing)
            for address, place in kept.items():
                placing.keep(addresses.index(address), place)
            placing.search(in_order=spacing is CLEAR)
            found = (place for place in placing.places(addresses) if place.address not in kept)
            best = max(best, tuple(found), key=_amounts)
            if spacing is not CLOSE or len(best) + len(kept) == len(addresses):
                break
        return self._of_one_edge(best, (*kept.values(), *best)) if spacing is ALONE else best

    def _of_one_edge(self, found: Places, both: Places) -> Places:
        """Return the places `found` with room for long numbers, and if need be a slope off its edge.

        `both` are the places of the edge's weight and slope, as far as they have one.
        """
        found = tuple(place._replace(width=_long(place)) for place in found)
        if not self.slopes or _amounts(both) != (1, 0):
            return found
        weight = both[0]
        y = weight.y + (1.0 + STACK_GAP) * weight.height
        if y + weight.height / 2 > self.body.bottom:
            y = weight.y - (1.0 + STACK_GAP) * weight.height
        slope = weight.address._replace(kind="slope")
        return (*found, weight._replace(address=slope, y=y, width=_long(weight)))


def _long(place: NumberPlace) -> float:
    """Return the width of a label for a long number."""
    return (LONG_NUMBER + LEAST_PAD) * place.size


def _amounts(places: Places) -> tuple[int, int]:
    """Return the number of weights and the number of slopes."""
    weights = sum(place.address.kind == "weight" for place in places)
    return weights, len(places) - weights
