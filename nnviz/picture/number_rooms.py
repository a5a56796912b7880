"""The numbers on the edges between two columns: of all edges, the strongest weights, or edges of interest.

The places of all numbers do not depend on the weights, so numbers do not jump. The strongest weights come
first, each in the best place with clear space around it. The numbers of edges of interest, such as those of
a selected node, are added, and numbers on other edges that stand in their way are left out. So no number
moves when others appear.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.picture.edges import Gap, Indices
from nnviz.picture.number_places import (
    LABEL_GAP,
    LEAST_PAD,
    NO_SLOTS,
    NOWHERE,
    Candidates,
    Edges,
    LabelBox,
    PillSlot,
    PillSlots,
    Placing,
    label_boxes,
    label_widths,
    slots_of_kind,
    visible_edges,
)
from nnviz.picture.parts import Rect
from nnviz.picture.text import LONG_NUMBER, NUMBER

MANY_EDGES = 30
"""A network with more edges than this shows only its strongest weights, unless the view shows all."""
MOST_STRONGEST = 8
"""Largest number of strongest weights between two columns. More would hide the edges."""

Places: TypeAlias = tuple[PillSlots, PillSlots]
"""The places of the weights and of the slopes between two columns."""


Spacing: TypeAlias = tuple[float, float]
"""Space between two labels, in font sizes: beside each other, and above each other."""
LONGER = LONG_NUMBER - NUMBER
"""Width by which a long number exceeds a usual number, in font sizes."""
CLEAR, CLOSE, ALONE = (LONGER + 1.5, 0.9), (LABEL_GAP, LABEL_GAP), (LONGER + LABEL_GAP, LABEL_GAP)
"""CLEAR: spacing of the strongest weights. CLOSE: of the numbers of a node. ALONE: of those of one edge."""
LEAST = 0.5
"""Share of all weights between two columns, or of all slopes, that must fit.

If fewer weights fit, only the strongest are shown, because others would look random.
"""
MOST_OF_NODE = 16
"""Largest number of weights into a node, or out of a node, that appear with the node."""
MOST_REMEMBERED = 500
"""Largest number of groups of edges whose places are remembered."""
STACK_GAP = 0.1
"""Space between a weight and its slope, one above the other for lack of room, in heights of a label."""


def join_places(places: Places, more: Places) -> Places:
    """Return all places of `places` and `more`."""
    weights, slopes = (
        replace(new, places=old.places + new.places) for old, new in zip(places, more, strict=True)
    )
    return weights, slopes


@dataclass(frozen=True, eq=False)
class NumberRoom:
    """The room for numbers on the edges `gap` within `body`, with a font of at most `size` pixels."""

    gap: Gap
    size: float
    body: Rect
    slopes: bool
    """Whether the diagram shows slopes beside weights."""

    def of_all(self, weights: Array) -> Places:
        """Return the places of all numbers, or of the strongest `weights` if there is too little room."""
        if self._visible is None:
            return NO_SLOTS, NO_SLOTS
        of_weights, of_slopes = self._find(self._visible, CLOSE, (NO_SLOTS, NO_SLOTS))
        least = LEAST * len(self._visible.nodes)
        if len(of_weights.places) < least:
            return self.strongest(weights)
        return of_weights, of_slopes if len(of_slopes.places) >= least else NO_SLOTS

    def strongest(self, weights: Array) -> Places:
        """Return the places of the strongest of the `weights` of the gap, shape (nodes, sources)."""
        if self._visible is None:
            return NO_SLOTS, NO_SLOTS
        return self._find(self._visible.strongest(weights, MOST_STRONGEST), CLEAR, (NO_SLOTS, NO_SLOTS))

    @cached_property
    def _visible(self) -> Edges | None:
        """The visible edges, or None if there are none or too many for numbers."""
        return visible_edges(self.gap, self.body)

    def of_edges(self, nodes: Indices, sources: Indices, weights: Array, shown: Places) -> Places:
        """Return places for the strongest of the edges from `sources` to `nodes`, where there is room.

        A number of these edges that is `shown` already keeps its place. Numbers of other edges do not
        matter, so that the places do not depend on them.
        """
        edges = visible_edges(self.gap, self.body, nodes, sources)
        if edges is None:
            return NO_SLOTS, NO_SLOTS
        if len(edges.nodes) > MOST_OF_NODE:
            edges = edges.strongest(weights, MOST_OF_NODE)
        return self._find(edges, CLOSE if len(nodes) > 1 else ALONE, shown)

    def _find(self, edges: Edges, spacing: Spacing, shown: Places) -> Places:
        """Return places for the numbers of `edges`, from memory if the same places were found before.

        Most edits leave the order of the strongest weights as it is.
        """
        key = edges.nodes.tobytes(), edges.sources.tobytes(), spacing, *(tuple(each.places) for each in shown)
        if key not in self._found:
            if len(self._found) >= MOST_REMEMBERED:
                self._found.clear()
            self._found[key] = self._find_anew(edges, spacing, shown)
        return self._found[key]

    @cached_property
    def _found(self) -> dict[tuple[object, ...], Places]:
        return {}

    def _find_anew(self, edges: Edges, spacing: Spacing, shown: Places) -> Places:
        """Return places for the numbers of `edges` in the font that shows the most: the largest such font.

        The strongest weights always have the largest font that fits.
        """
        best, most = (NO_SLOTS, NO_SLOTS), (0, 0)
        for box in label_boxes(self.gap, self.body, self.size):
            found = self._find_of_size(edges, box, spacing, shown)
            amounts = len(found[0].places), len(found[1].places)
            if amounts > most:
                best, most = found, amounts
            if spacing is CLEAR or self._shows_all(edges, shown, found):
                break
        return best

    def _shows_all(self, edges: Edges, *places: Places) -> bool:
        """Return whether all numbers of `edges` have places."""
        kinds = ([slot[:2] for each in places for slot in each[k].places] for k in range(1 + self.slopes))
        return all(set(edges.ends).issubset(kind) for kind in kinds)

    def _find_of_size(self, edges: Edges, box: LabelBox, spacing: Spacing, shown: Places) -> Places:
        """Return places for labels of the size of `box`."""
        count, kinds = len(edges.nodes), 1 + self.slopes
        candidates = Candidates.of(edges, box, kinds)
        placing = Placing(candidates, box, *spacing)
        numbers = {ends: k for k, ends in enumerate(edges.ends)}
        known: dict[int, PillSlot] = {}
        for kind, of_kind in enumerate(shown):
            for slot in of_kind.places:
                if slot[:2] in numbers:
                    label = numbers[slot[:2]] + kind * count
                    known[label] = slot
                    placing.keep(label, slot.x)
                    covered = np.abs(candidates.x - slot.x) < (slot.width + box.width) / 2
                    covered = covered & (np.abs(candidates.y - slot.y) < (of_kind.height + box.height) / 2)
                    candidates.cost[covered] = np.inf
        alternating = np.arange(kinds * count).reshape(kinds, count).T.ravel().tolist()
        order = alternating if spacing is CLEAR else placing.fewest_first()
        placing.search(label for label in order if label not in known)
        if (placing.places == NOWHERE).all():
            return NO_SLOTS, NO_SLOTS
        widths = label_widths(candidates, placing.places, box)
        placing.places[[*known]] = NOWHERE
        weights, slopes = (slots_of_kind(edges, candidates, placing.places, box, widths, k) for k in range(2))
        if spacing is ALONE:
            for slots in (weights.places, slopes.places):
                slots[:] = [slot._replace(width=(LONG_NUMBER + LEAST_PAD) * box.size) for slot in slots]
            if self.slopes and 1 not in known and not slopes.places:
                slopes.places.append(self._beside(known[0] if known else weights.places[0], box))
        return weights, slopes

    def _beside(self, weight: PillSlot, box: LabelBox) -> PillSlot:
        """Return the place of a slope below its weight, or above its weight at the end of the body."""
        y = weight.y + (1.0 + STACK_GAP) * box.height
        if y + box.height / 2 > self.body.bottom:
            y = weight.y - (1.0 + STACK_GAP) * box.height
        return weight._replace(y=y, width=(LONG_NUMBER + LEAST_PAD) * box.size)
