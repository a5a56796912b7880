"""The way that the last run took through the weights, thinned to few points. Knows no widgets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.core.surface import Weight
from nnviz.ui.loss_weight import same_but

MOST, BYTES = 500, 32 * 2**20
"""Networks that are kept, and how much memory they may take."""
LEAST = 8


class LossPath:
    """Keeps the networks that a run was seen at, from its start on.

    A new run begins a new path; a step that is taken back shortens it; other data or another structure end
    it. An edit of weights leaves it, as the way of the last run.
    """

    def __init__(self) -> None:
        self._start: Network | None = None
        self._seen: list[tuple[int, Network]] = []

    def follow(self, old: State, new: State) -> None:
        """Take in a change of the State."""
        run = new.run
        if old.data is not new.data or old.network.sizes != new.network.sizes:
            self._begin(None)
        if run is None:
            if new.network is self._start:
                self._begin(None)  # the run is undone
            return
        if run.start is not self._start:
            self._begin(run.start)
        while self._seen[-1][0] >= run.iteration and len(self._seen) > 1:
            self._seen.pop()
        self._seen.append((run.iteration, new.network))
        if len(self._seen) > self._most():
            self._seen[1:-1] = self._seen[2:-1:2]

    def over(self, first: Weight, second: Weight) -> Array:
        """Return the path over two weights, shape (points, 2); no points where there is no run."""
        points = [(first.value(network), second.value(network)) for _, network in self._seen]
        return np.array(points).reshape(-1, 2)

    def projected(self, state: State, first: Weight, second: Weight) -> bool:
        """Tell whether other weights than these two have moved along the way."""
        if len(self._seen) < 2:
            return False
        start, end = (replace(state, network=network) for _, network in (self._seen[0], self._seen[-1]))
        return not same_but(start, end, first, second)

    def _begin(self, start: Network | None) -> None:
        self._start = start
        self._seen = [] if start is None else [(0, start)]

    def _most(self) -> int:
        size = sum(layer.weights.nbytes for layer in self._seen[0][1].layers)
        return max(LEAST, min(MOST, BYTES // max(1, size)))
