"""What every node computes over the one or two inputs of a network, so coarse that it is found at once.

Knows nothing of Qt.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from nnviz.core.accuracy import THRESHOLD
from nnviz.core.activations import Array
from nnviz.core.cost import QUICK_NS, finished
from nnviz.core.decision import decides
from nnviz.core.function import Section, activations, point_ns, section
from nnviz.core.network import Network
from nnviz.core.state import State

COARSEST, FINEST, FINEST_LINE = 8, 32, 48
"""Points along each of two inputs, at least and at most, and along a single one at most."""


@dataclass(frozen=True, eq=False)
class NodeFunctions:
    """Every node's a at points of a line or a plane.

    ========= ================================================================================
    `section` the inputs that vary, and from where to where
    `a`       of every column, inputs first: shape (nodes, across), or (nodes, up, across)
    `at_half` whether outputs decide between two classes, at a half
    ========= ================================================================================
    """

    section: Section
    a: tuple[Array, ...]
    at_half: bool = False

    @cached_property
    def shares(self) -> tuple[Array, ...]:
        """Each a over the largest of its node without sign, from −1 to 1; 0 where it is no number.

        Of outputs that decide at a half, how far they are above or below it, over a half.
        """
        *others, outputs = map(_shares, self.a)
        if self.at_half:
            outputs = np.clip(np.nan_to_num(self.a[-1] / THRESHOLD - 1.0), -1.0, 1.0)
        return (*others, outputs)


def few_inputs(network: Network) -> bool:
    """Tell whether all inputs of a network can vary in one picture."""
    return len(network.inputs) <= 2


def quick(network: Network) -> bool:
    """Tell whether the coarsest picture of a network of few inputs is found at once."""
    points: int = COARSEST ** len(network.inputs)
    return points * point_ns(network) <= QUICK_NS


def node_functions(state: State, at_half: bool, most_ns: float = QUICK_NS) -> NodeFunctions:
    """Return what the nodes compute where the rows are; `most_ns`: about how long it may take.

    `at_half`: whether outputs decide between two classes, which takes a look at all targets.
    """
    network, count = state.network, len(state.network.inputs)
    points = (most_ns / point_ns(network)) ** (1 / count)
    size = int(min(max(points, COARSEST), FINEST if count == 2 else FINEST_LINE))
    where = section(state.data, tuple(range(count)), np.zeros(count))
    values = where.middles(*[size] * count)
    layers = finished(activations(network, where, values))
    inputs = np.stack(np.meshgrid(*values), axis=-1)
    return NodeFunctions(where, tuple(np.moveaxis(a, -1, 0) for a in (inputs, *layers)), at_half)


def _shares(a: Array) -> Array:
    known = np.where(np.isfinite(a), np.abs(a), 0.0)
    largest = known.max(axis=tuple(range(1, a.ndim)), keepdims=True)
    with np.errstate(all="ignore"):
        shares = np.nan_to_num(a / np.where(largest > 0.0, largest, 1.0))
    clipped: Array = np.clip(shares, -1.0, 1.0)
    return clipped


class KnownFunctions:
    """What each node computes, kept until the network, the data or the time for it is another one."""

    def __init__(self) -> None:
        self._known: tuple[State, float, NodeFunctions] | None = None

    def of(self, state: State, most_ns: float) -> NodeFunctions:
        """Return it for a State, as fine as it can be in about `most_ns`."""
        at_half = None
        if self._known is not None:
            before, known_ns, found = self._known
            same = before.network is state.network and before.data is state.data
            if same and known_ns == most_ns:
                return found
            at_half = found.at_half if _outputs_are(before, state) else None
        found = node_functions(state, decides(state) if at_half is None else at_half, most_ns)
        self._known = state, most_ns, found
        return found


def _outputs_are(before: State, now: State) -> bool:
    """Tell whether the outputs of two States are the same as far as their targets and activation go."""
    last = (state.network.layers[-1] for state in (before, now))
    return before.data is now.data and len({(len(layer), layer.activation) for layer in last}) == 1
