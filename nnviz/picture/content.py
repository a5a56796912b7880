"""What a diagram shows of a State: one of its rows, and what the network makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nnviz.core.address import Address
from nnviz.core.network import Network, Trace
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State


@dataclass(frozen=True, slots=True)
class Content:
    """The numbers of a diagram; a node's are asked for by its address, whatever its kind."""

    state: State
    row: int
    trace: Trace | None
    """The row's; None where there is no row."""
    slopes: MeanSlopes | None
    """What is written in purple, if wanted."""
    slopes_of: str
    """Of which rows the slopes are."""
    badges: Mapping[tuple[int, int], str]
    """What is odd about a node on all rows, by (layer, node)."""

    @property
    def network(self) -> Network:
        """The network that is shown."""
        return self.state.network

    def name(self, node: Address) -> str:
        """Return a node's name."""
        return self.network.names(node.column)[node.node]

    def output(self, node: Address) -> float | None:
        """Return an input, or a of a node; None without a row."""
        return None if self.trace is None else float(self.trace.feeding(node.column)[0, node.node])

    def z(self, node: Address) -> float | None:
        """Return z of a node; None without a row."""
        return None if self.trace is None else float(self.trace.z[node.layer][0, node.node])

    def target(self, node: Address) -> float | None:
        """Return an output's target; None where there is none."""
        data = self.state.data
        if data.targets is None or not 0 <= self.row < len(data):
            return None
        return float(data.targets[self.row, node.node])

    def dead(self, node: Address) -> bool:
        """Tell whether a node passes 0 on, as relu does, whatever little z changes."""
        z = self.z(node) if node.layer >= 0 else None
        if z is None or self.output(node) != 0.0:
            return False
        return any(low <= z <= high for low, high in self.network.layers[node.layer].function.flat)


def content_of(
    state: State,
    row: int = 0,
    *,
    trace: Trace | None = None,
    slopes: MeanSlopes | None = None,
    slopes_of: str = "",
    badges: Mapping[tuple[int, int], str] | None = None,
) -> Content:
    """Return what is shown of one row of `state`; its trace is computed here if it is not known."""
    if trace is None and 0 <= row < len(state.data):
        trace = state.network.forward(state.data.inputs[row])
    return Content(state, row, trace, slopes, slopes_of, badges or {})
