"""The numbers on the edges of a network with many edges: the strongest weights, and edges of interest.

The strongest weights between two columns come first, each in the best place with clear space around it.
The numbers of edges of interest, such as those of a selected node, are added, and numbers on other edges
that stand in their way are left out. So no number moves when others appear.
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
        """Return places for the numbers of `edges`, in a smaller font if then all weights of a node fit."""
        first, ends = None, edges.ends
        for box in label_boxes(self.gap, self.body, self.size):
            found = self._find_of_size(edges, box, spacing, shown)
            first = first or found
            done = {slot[:2] for slot in shown[0].places + found[0].places}
            if spacing is not CLOSE or done.issuperset(ends):
                return found
        return first or (NO_SLOTS, NO_SLOTS)

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
                    placing.place_label(label, int(np.abs(candidates.x - slot.x).argmin()))
                    covered = np.abs(candidates.x - slot.x) < (slot.width + box.width) / 2
                    covered = covered & (np.abs(candidates.y - slot.y) < (of_kind.height + box.height) / 2)
                    candidates.cost[covered] = np.inf
        labels = np.arange(kinds * count).reshape(kinds, count)
        for label in (labels if spacing is CLOSE else labels.T).ravel().tolist():
            if label not in known and (label < count or placing.places[label - count] != NOWHERE):
                placing.choose(label)
        if (placing.places == NOWHERE).all():
            return NO_SLOTS, NO_SLOTS
        widths = label_widths(candidates, placing.places, box)
        placing.places[[*known]] = NOWHERE
        weights, slopes = (slots_of_kind(edges, candidates, placing.places, box, widths, k) for k in range(2))
        if count == 1:
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
        return weight._replace(y=y, line=y, width=(LONG_NUMBER + LEAST_PAD) * box.size)
