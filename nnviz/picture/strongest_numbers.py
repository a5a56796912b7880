"""The numbers on the edges of a network with many edges: the strongest weights, and edges of interest.

The strongest weights between two columns come first, each in the best place with clear space around it.
The numbers of edges of interest, such as those of a selected node, are added, and numbers on other edges
that stand in their way are left out. So no number moves when others appear.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.picture.edges import Gap, Indices
from nnviz.picture.number_places import (
    LABEL_GAP,
    LEAST_PAD,
    NO_SLOTS,
    Candidates,
    Edges,
    LabelBox,
    PillSlot,
    PillSlots,
    label_boxes,
    visible_edges,
)
from nnviz.picture.parts import Rect
from nnviz.picture.text import LONG_NUMBER

MANY_EDGES = 30
"""A network with more edges than this shows only its strongest weights, unless the view shows all."""
MOST_STRONGEST = 8
"""Largest number of strongest weights between two columns. More would hide the edges."""

Places: TypeAlias = tuple[PillSlots, PillSlots]
"""The places of the weights and of the slopes between two columns."""


class Spacing(NamedTuple):
    """Room for numbers, in font sizes: largest width of a text, and space beside and above a label."""

    number: float
    beside: float
    above: float
    covers_nodes: bool = False
    """Whether a long number may cover a part of a node, so that it is visible in any case."""


CLEAR = Spacing(LONG_NUMBER, 1.5, 0.9)
"""The room for the numbers of the strongest weights."""
CLOSE = Spacing(6.0, LABEL_GAP, LABEL_GAP)
"""The room for the numbers of all edges of a node; a long number fits in a smaller font."""
ALONE = Spacing(LONG_NUMBER, LABEL_GAP, LABEL_GAP, covers_nodes=True)
"""The room for the numbers of a single edge."""
MOST_OF_NODE = 16
"""Largest number of weights into a node, or out of a node, that appear with the node."""
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
        edges = self._visible.strongest(weights, MOST_STRONGEST)
        key = edges.nodes.tobytes(), edges.sources.tobytes()
        if key not in self._strongest:  # most edits leave the order of the strongest weights as it is
            self._strongest.clear()
            self._strongest[key] = self._find(edges, CLEAR, (NO_SLOTS, NO_SLOTS))
        return self._strongest[key]

    @cached_property
    def _strongest(self) -> dict[tuple[bytes, bytes], Places]:
        """The places found last, by the order of the edges."""
        return {}

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
        return self._find(edges.strongest(weights, MOST_OF_NODE), CLOSE if len(nodes) > 1 else ALONE, shown)

    def _find(self, edges: Edges, spacing: Spacing, shown: Places) -> Places:
        """Return places for the numbers of `edges`, in a smaller font if then all weights of a node fit."""
        first, pairs = None, [*zip(edges.nodes.tolist(), edges.sources.tolist(), strict=True)]
        for box in label_boxes(self.gap, self.body, self.size):
            found = self._find_of_size(edges, box, spacing, shown)
            first = first or found
            done = {slot[:2] for slot in shown[0].places + found[0].places}
            if spacing is not CLOSE or done.issuperset(pairs):
                return found
        return first or (NO_SLOTS, NO_SLOTS)

    def _find_of_size(self, edges: Edges, box: LabelBox, spacing: Spacing, shown: Places) -> Places:
        """Return places for labels of the size of `box`."""
        pairs = [*zip(edges.nodes.tolist(), edges.sources.tolist(), strict=True)]
        kinds = range(1 + self.slopes)
        labels = [(edge, kind) for edge in range(len(pairs)) for kind in kinds]
        if spacing is CLOSE:  # all weights before the first slope
            labels.sort(key=lambda label: label[1])
        weights_at, slopes_at = (
            {slot[:2]: slot for slot in each.places if slot[:2] in pairs} for each in shown
        )
        steepness = dict(zip(pairs, edges.slope.tolist(), strict=True))
        taken = [(slot, steepness[slot[:2]]) for slot in (*weights_at.values(), *slopes_at.values())]
        search = _Search(Candidates.of(edges, box, len(kinds)), box, spacing, taken)
        found: Places = PillSlots([], box.height, box.size), PillSlots([], box.height, box.size)
        for edge, kind in labels:
            pair, weight = pairs[edge], weights_at.get(pairs[edge])
            if (kind == 0 and weight) or (kind == 1 and (weight is None or pair in slopes_at)):
                continue
            slot = search.place(edge + kind * len(pairs), pair, right_of=weight.x if weight else -np.inf)
            if slot is None and weight and len(pairs) == 1:
                slot = self._beside(weight, box)
            if slot:
                (weights_at, slopes_at)[kind][pair] = slot
                found[kind].places.append(slot)
        return found

    def _beside(self, weight: PillSlot, box: LabelBox) -> PillSlot:
        """Return the place of a slope below its weight, or above its weight at the end of the body."""
        y = weight.y + (1.0 + STACK_GAP) * box.height
        if y + box.height / 2 > self.body.bottom:
            y = weight.y - (1.0 + STACK_GAP) * box.height
        return weight._replace(y=y, line=y, width=(LONG_NUMBER + LEAST_PAD) * box.size)


@dataclass(frozen=True)
class _Search:
    """A search for places, one label after another, that keep away from all places `taken` before."""

    candidates: Candidates
    box: LabelBox
    spacing: Spacing
    taken: list[tuple[PillSlot, float]]
    """The places, each with the slope of its edge, in pixels downwards per pixel to the right."""

    def place(self, label: int, edge: tuple[int, int], *, right_of: float = -np.inf) -> PillSlot | None:
        """Return the best free place of a label of an edge, and take it, or return None."""
        x, y, box = self.candidates.x, self.candidates.y[label], self.box
        widths = np.full(len(x), (self.spacing.number + LEAST_PAD) * box.size)
        if not self.spacing.covers_nodes:
            widths = np.minimum(widths, 2.0 * np.minimum(x - box.left, box.right - x) + box.width)
        cost = np.where(x > right_of, self.candidates.cost[label], np.inf)
        for slot, steepness in self.taken:
            apart = np.abs(x - slot.x) - (widths + slot.width) / 2
            down, half = y - slot.y, (x - slot.x) / 2
            near = (apart < self.spacing.beside * box.size) & (
                np.abs(down) < box.height + self.spacing.above * box.size
            )
            # of two labels, the upper one has the upper edge
            down_between = down - (self.candidates.slope[label] + steepness) * half
            cost[near | ((apart < 0.0) & (down_between * down < 0.0))] = np.inf
        best = int(cost.argmin())
        if not np.isfinite(cost[best]):
            return None
        place = PillSlot(*edge, float(x[best]), float(y[best]), float(y[best]), float(widths[best]))
        self.taken.append((place, float(self.candidates.slope[label])))
        return place
