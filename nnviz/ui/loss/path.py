"""The way that the last run took through the weights, thinned to few points. Knows no widgets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.loss.surface import same_but
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.document.document import Document

MOST, BYTES = 500, 32 * 2**20
"""Networks that are kept, and how much memory they may take."""
LEAST = 8


class LossPath:
    """Keeps the networks that a document's run was seen at, from its start on.

    A new run begins a new path; what is undone of it is not shown until it is redone; other data or another
    structure end it. An edit of weights leaves it, as the way of the last run.
    """

    def __init__(self, document: Document) -> None:
        self._start: Network | None = None
        self._seen: list[tuple[int, Network]] = []
        self._shown = 0
        self._iteration = 0
        self._follow(document.state, document.state)
        document.state_changed.connect(self._follow)

    @property
    def whole(self) -> bool:
        """Whether every update is a point of the path."""
        return self._iteration == self._shown - 1

    def _follow(self, old: State, new: State) -> None:
        """Take in a change of the State."""
        if old.data is not new.data or _shape(old.network) != _shape(new.network):
            self._begin(None)
        if new.run is not None and new.run.start is not self._start:
            self._begin(new.run.start)
        known = next((k for k, (_, network) in enumerate(self._seen) if network is new.network), None)
        if known is not None:
            self._shown = known + 1  # undone or redone
        elif new.run is not None:
            self._go_on(new.iteration, new.network)
        if new.run is not None or known is not None:
            self._iteration = new.iteration

    def over(self, first: Address, second: Address) -> Array:
        """Return the path over two weights, shape (points, 2); no points where there is no run."""
        points = [(first.value(network), second.value(network)) for _, network in self._seen[: self._shown]]
        return np.array(points if len(points) > 1 else []).reshape(-1, 2)

    def projected(self, state: State, first: Address, second: Address) -> bool:
        """Tell whether other weights than these two have moved along the way."""
        if self._shown < 2:
            return False
        start, end = (replace(state, network=self._seen[k][1]) for k in (0, self._shown - 1))
        return not same_but(start, end, first, second)

    def _begin(self, start: Network | None) -> None:
        self._start = start
        self._seen = [] if start is None else [(0, start)]
        self._shown = len(self._seen)

    def _go_on(self, iteration: int, network: Network) -> None:
        del self._seen[self._shown :]
        while len(self._seen) > 1 and self._seen[-1][0] >= iteration:  # gone back in the run
            self._seen.pop()
        self._seen.append((iteration, network))
        size = sum(layer.weights.nbytes for layer in network.layers)
        if len(self._seen) > max(LEAST, min(MOST, BYTES // max(1, size))):
            self._seen[1:-1] = self._seen[2:-1:2]
        self._shown = len(self._seen)


def _shape(network: Network) -> tuple[object, ...]:
    return network.sizes, *(layer.biases is None for layer in network.layers)
