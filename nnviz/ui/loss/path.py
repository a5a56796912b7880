"""The way that the last run took through the weights, read from its known past. Knows no widgets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.loss.same_but import same_but
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.core.training.past import Past


class LossPath:
    """The last run, from its start to where it was last shown, over two weights.

    A new run begins a new path; what is undone of it is not shown until it is redone. An edit of weights
    leaves it, as the way of the last run; with other data or another structure there is none.
    """

    def __init__(self, past: Past) -> None:
        self._past = past

    @property
    def whole(self) -> bool:
        """Whether every update is a point of the path."""
        shown = self._past.shown
        return shown is not None and len(self._past.way()) == shown.iteration + 1

    def over(self, state: State, first: Address, second: Address) -> Array:
        """Return the path over two weights of `state`, shape (points, 2); no points where there is no run."""
        way = self._way(state)
        points = [(first.value(network), second.value(network)) for network in way]
        return np.array(points if len(points) > 1 else []).reshape(-1, 2)

    def projected(self, state: State, first: Address, second: Address) -> bool:
        """Tell whether other weights than these two have moved along the way."""
        way = self._way(state)
        if len(way) < 2:
            return False
        start, end = replace(state, network=way[0]), replace(state, network=way[-1])
        return not same_but(start, end, first, second)

    def _way(self, state: State) -> list[Network]:
        shown = self._past.shown
        if shown is None or _shape(shown.network) != _shape(state.network):
            return []
        return self._past.way()


def _shape(network: Network) -> tuple[object, ...]:
    return network.sizes, *(layer.biases is None for layer in network.layers)
