"""Chooses a place for every label among its candidates so that no two overlap, at the least cost.

Weights choose before slopes, or slopes before weights, and first those with the fewest good places. Then a
label that has none may push another one aside, and each takes a better one that has become free. The same
candidates lead to the same choice. Knows nothing of texts.
"""

from __future__ import annotations

from bisect import bisect_left

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.picture.candidates import BETWEEN, Candidates, Sort
from nnviz.picture.edges import Indices

NOWHERE = -1
"""The choice of a label without a place."""
GOOD = 0.35
"""A place that costs so much more than a label's best one is a good one, too."""
PUSHES = 4
"""From so many places a label without one may try to push another one."""


class Placing:
    """The choice of places while it is made: `chosen` among the candidates of every label."""

    def __init__(self, candidates: Candidates, sort: Sort, *, slopes_first: bool = False) -> None:
        air = BETWEEN * sort.size
        self._of, self._width, self._height = candidates, sort.width + air, sort.height + air
        cost, self._x = candidates.cost, candidates.x.tolist()
        self._weights, self._every = len(cost) // candidates.kinds, slice(0, len(cost))
        self.chosen: Indices = np.full(len(cost), NOWHERE)
        self._possible = np.isfinite(cost)
        self._blocks: dict[int, NDArray[np.int16]] = {}
        """What every label that has a place blocks, shape (labels, places)."""
        self._blocked = np.zeros(cost.shape, dtype=np.int16)
        """By how many labels every place is blocked."""
        self._greedy(cost, slopes_first)
        self._push_aside()
        self._improve()

    def _greedy(self, cost: Array, slopes_first: bool) -> None:
        best = cost.min(axis=1)
        able = np.flatnonzero(np.isfinite(best))
        choices = np.count_nonzero(cost[able] <= best[able, None] + GOOD, axis=1)
        for label in able[np.lexsort((choices, (able >= self._weights) != slopes_first))].tolist():
            self._choose(label)

    def _push_aside(self) -> None:
        """Give labels without a place one that a single other label blocks, if that one finds another."""
        for label in np.flatnonzero(self.chosen == NOWHERE).tolist():
            cost = np.where(self._blocked[label] == 1, self._of.cost[label], np.inf)
            for place in np.argsort(cost, kind="stable")[:PUSHES].tolist():
                if not np.isfinite(cost[place]) or self._push(label, place):
                    break

    def _push(self, label: int, place: int) -> bool:
        other = next(each for each, blocks in self._blocks.items() if blocks[label, place])
        if self._moves(other, label, place) or label < self._weights <= other:  # a weight goes before a slope
            self._remove(other)
            self._put(label, place)
            self._choose(other)
            return True
        return False

    def _moves(self, other: int, label: int, place: int) -> bool:
        """Tell whether `other` finds another place than its own where `label` takes `place`."""
        free = (self._blocked[other] == 0) & self._possible[other]
        if np.count_nonzero(free) <= 1:
            return False
        return bool((free & ~self._blocks_of(label, place, slice(other, other + 1))[0]).any())

    def _improve(self) -> None:
        """Move the label that gains most to a better place until none gains."""
        cost = self._of.cost
        placed = np.flatnonzero(self.chosen != NOWHERE)
        for _ in range(len(placed)):
            free = np.where(self._blocked[placed] == 0, cost[placed], np.inf)
            gain = cost[placed, self.chosen[placed]] - free.min(axis=1)
            if len(placed) == 0 or gain.max() <= 1e-9:
                return
            label = int(placed[int(gain.argmax())])
            self._remove(label)
            self._choose(label)

    def _choose(self, label: int) -> bool:
        """Give a label its cheapest free place, if there is one."""
        cost = np.where(self._blocked[label] == 0, self._of.cost[label], np.inf)
        place = int(cost.argmin())
        if not np.isfinite(cost[place]):
            return False
        self._put(label, place)
        return True

    def _put(self, label: int, place: int) -> None:
        self.chosen[label] = place
        blocks = self._blocks_of(label, place, self._every).astype(np.int16)
        blocks[label] = 0
        self._blocks[label] = blocks
        self._blocked += blocks

    def _remove(self, label: int) -> None:
        self.chosen[label] = NOWHERE
        self._blocked -= self._blocks.pop(label)

    def _blocks_of(self, label: int, place: int, others: slice) -> NDArray[np.bool_]:
        """Return which places of `others` a label at one of its own blocks, shape (others, places)."""
        of = self._of
        x, partner = self._x[place], of.partner(label)
        near = slice(bisect_left(self._x, x - self._width), bisect_left(self._x, x + self._width))
        half = (x - of.x[near]) / 2
        down = of.y[label, place] - of.y[others, near]
        # where two stand above each other, so do their lines
        between = of.line[label, place] - of.slope[label] * half
        between = between - of.line[others, near] - of.slope[others, None] * half
        blocks = np.zeros((len(down), len(of.x)), dtype=np.bool_)
        blocks[:, near] = (np.abs(down) < self._height) | (between * down < 0.0)
        if partner != NOWHERE and others.start <= partner < others.stop:  # a weight stands left of its slope
            blocks[partner - others.start] |= (x - of.x) * (partner - label) > 0.0
        return blocks
