"""What a diagram shows of a State: one of its rows, and what the network makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nnviz.core.network import Network, Trace
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State


@dataclass(frozen=True, slots=True)
class Numbers:
    """What is shown: a State, one of its rows, what the network makes of it, and slopes if wanted."""

    state: State
    row: int
    trace: Trace | None
    slopes: MeanSlopes | None
    slopes_of: str
    badges: Mapping[tuple[int, int], str]
    """What is odd about a node on all rows, by (layer, node)."""

    @property
    def network(self) -> Network:
        """The network that is shown."""
        return self.state.network

    def output(self, column: int, node: int) -> float | None:
        """Return an input, or a of a node; None without a row."""
        if self.trace is None:
            return None
        return float(self.trace.feeding(column)[0, node])

    def z(self, column: int, node: int) -> float | None:
        """Return z of a node; None without a row."""
        return None if self.trace is None else float(self.trace.z[column - 1][0, node])

    def target(self, node: int) -> float | None:
        """Return an output's target; None where there is none."""
        data = self.state.data
        if data.targets is None or not 0 <= self.row < len(data):
            return None
        return float(data.targets[self.row, node])

    def dead(self, column: int, node: int) -> bool:
        """Tell whether a node passes 0 on, as relu does, whatever little z changes."""
        z = self.z(column, node) if column else None
        if z is None or self.output(column, node) != 0.0:
            return False
        return any(low <= z <= high for low, high in self.network.layers[column - 1].function.flat)
