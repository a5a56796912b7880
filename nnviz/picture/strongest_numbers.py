"""The numbers on the edges of a network with many edges: the strongest weights, and edges of interest.

The strongest weights between two columns come first, each in the best place with clear space around it.
The numbers of edges of interest, such as those of a selected node, are added, and numbers on other edges
that stand in their way are left out. So no number moves when others appear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    Candidates,
    Edges,
    LabelBox,
    PillSlot,
    PillSlots,
    label_boxes,
    visible_edges,
)
from nnviz.picture.parts import Rect
from nnviz.picture.text import LONG_NUMBER, NUMBER

MANY_EDGES = 30
"""A network with more edges than this shows only its strongest weights, unless the view shows all."""
MOST_STRONGEST = 8
"""Largest number of strongest weights between two columns. More would hide the edges."""
CLEAR_ACROSS, CLEAR_DOWN = 1.0, 0.6
"""Clear space beside, and above and below, the number of a strong weight, in heights of a label."""

Places: TypeAlias = tuple[PillSlots, PillSlots]
"""The places of the weights and of the slopes between two columns."""


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
        nodes, sources = self._visible
        order = np.argsort(-np.abs(weights[nodes, sources]), kind="stable")[:MOST_STRONGEST]
        found = self._candidates((nodes[order], sources[order]))
        if found is None:
            return NO_SLOTS, NO_SLOTS
        edges, box, candidates = found
        box = replace(box, width=(LONG_NUMBER + LEAST_PAD) * box.size)
        air = CLEAR_ACROSS * box.height, CLEAR_DOWN * box.height
        return _choose(edges, candidates, box, range(len(order)), [], air)

    def of_edges(self, ends: tuple[Indices, Indices], weights: Array, places: Places) -> Places:
        """Return places for the edges `ends` (nodes, sources) that have none in `places`, if there is room.

        The numbers of other edges give way, so that an edge's place does not depend on them.
        """
        found = self._candidates(ends)
        if found is None:
            return NO_SLOTS, NO_SLOTS
        edges, box, candidates = found
        shown = {slot[:2] for slot in places[0].places}
        pairs = [*zip(edges.nodes.tolist(), edges.sources.tolist(), strict=True)]
        missing = [k for k, pair in enumerate(pairs) if pair not in shown]
        missing.sort(key=lambda k: -abs(weights[pairs[k]]))
        taken = [slot for slot in places[0].places + places[1].places if slot[:2] in shown & set(pairs)]
        air = LABEL_GAP * box.size, LABEL_GAP * box.size
        return _choose(edges, candidates, box, missing, taken, air)

    @cached_property
    def _visible(self) -> tuple[Indices, Indices] | None:
        """The nodes and sources of the visible edges, or None if there are none or too many for numbers."""
        edges = visible_edges(self.gap, self.body)
        return None if edges is None else (edges.nodes, edges.sources)

    def _candidates(self, ends: tuple[Indices, Indices]) -> tuple[Edges, LabelBox, Candidates] | None:
        """Return the visible ones of some edges, and the places of their numbers."""
        edges, box = visible_edges(self.gap, self.body, ends), next(self._boxes, None)
        if edges is None or box is None:
            return None
        return edges, box, Candidates.of(edges, box, 1 + self.slopes)

    @property
    def _boxes(self) -> Iterator[LabelBox]:
        return label_boxes(self.gap, self.body, self.size)


def _choose(
    edges: Edges,
    candidates: Candidates,
    box: LabelBox,
    order: Sequence[int],
    taken: Sequence[PillSlot],
    air: tuple[float, float],
) -> Places:
    """Return places for the edges `order` in turn, each of which stays without a place if none is free.

    The numbers keep away from each other and from `taken`. `air` is the space to leave beside a number, and
    above and below it.
    """
    weights: list[PillSlot] = []
    slopes: list[PillSlot] = []
    for edge in order:
        for kind, slots in enumerate((weights, slopes)[: candidates.kinds]):
            slot = _free_slot(edges, candidates, box, edge, kind, (*taken, *weights, *slopes), air)
            if slot is None:
                break
            slots.append(slot)
    return PillSlots(weights, box.height, box.size), PillSlots(slopes, box.height, box.size)


def _free_slot(
    edges: Edges,
    candidates: Candidates,
    box: LabelBox,
    edge: int,
    kind: int,
    taken: Sequence[PillSlot],
    air: tuple[float, float],
) -> PillSlot | None:
    """Return the best place of a weight (`kind` 0) or a slope (1) that keeps away from the places `taken`."""
    label = edge + kind * len(edges.nodes)
    x, y = candidates.x, candidates.y[label]
    ends = 2.0 * np.minimum(x - box.left, box.right - x) + (NUMBER + LEAST_PAD) * box.size
    width, cost = np.minimum(ends, box.width), candidates.cost[label]
    if taken:
        other = np.array([(slot.x, slot.y, slot.width) for slot in taken])
        near = np.abs(x[:, None] - other[:, 0]) < (width[:, None] + other[:, 2]) / 2 + air[0]
        near &= np.abs(y[:, None] - other[:, 1]) < box.height + air[1]
        cost = np.where(near.any(axis=1), np.inf, cost)
    best = int(cost.argmin())
    if not np.isfinite(cost[best]):
        return None
    at = float(x[best]), float(y[best])
    return PillSlot(int(edges.nodes[edge]), int(edges.sources[edge]), *at, at[1], float(width[best]))
