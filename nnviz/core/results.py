"""What one network makes of its data: each number computed once, when it is first wanted. Knows no time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from nnviz.core.activations import Array
from nnviz.core.cost import forward_ns, row_blocks
from nnviz.core.means import Means, means_from, means_in_blocks
from nnviz.core.network import Network, Trace
from nnviz.core.oddities import badges
from nnviz.core.slopes import Slopes, mse, slopes_from
from nnviz.core.state import Dataset, State

BESIDE = 32
"""Rows that are predicted together where not all of them are."""


class Results:
    """What is known of one network and its data, each computed when it is first wanted.

    ========= ==========================================================================
    `all_ns`  about what a pass forward over all rows takes
    `mse`     over all rows, once it is measured
    `means`   by the rows that they are taken over, None for all; once they are averaged
    ========= ==========================================================================
    """

    def __init__(self, state: State) -> None:
        self.network: Network = state.network
        self.data: Dataset = state.data
        self.all_ns = forward_ns(state.network, len(state.data))
        self.mse: float | None = None
        self.means: dict[tuple[int, ...] | None, Means] = {}
        self._row = -1
        self._trace: Trace | None = None
        self._slopes: Slopes | None = None
        self._predicted: dict[int, Array] = {}

    @cached_property
    def trace(self) -> Trace:
        """What all rows computed."""
        return self.network.forward(self.data.inputs)

    @cached_property
    def badges(self) -> dict[tuple[int, int], str]:
        """What is odd about nodes on all rows, by (layer, node)."""
        return badges(self.network, self.trace)

    def trace_of(self, row: int, together: bool) -> Trace:
        """Return what a row computed, `together` with all others or alone; the last one is kept."""
        if self._trace is None or row != self._row:
            self._row, self._slopes = row, None
            rows = slice(row, row + 1)
            self._trace = self.trace.rows(rows) if together else self.network.forward(self.data.inputs[rows])
        return self._trace

    def slopes_of(self, row: int, together: bool) -> Slopes:
        """Return a row's own slopes; there must be targets."""
        trace = self.trace_of(row, together)
        if self._slopes is None:
            assert self.data.targets is not None
            self._slopes = slopes_from(self.network, trace, self.data.targets[row : row + 1])
        return self._slopes

    def prediction(self, row: int, together: bool) -> Array:
        """Return the prediction for a row, together with all others or with those beside it."""
        prediction: Array
        if together:
            prediction = self.trace.prediction[row]
            return prediction
        block, within = divmod(row, BESIDE)
        if block not in self._predicted:
            inputs = self.data.inputs[block * BESIDE : (block + 1) * BESIDE]
            self._predicted[block] = self.network.predict(inputs)
        prediction = self._predicted[block][within]
        return prediction

    def measure(self) -> None:
        """Find the MSE at once."""
        assert self.data.targets is not None
        self.mse = mse(self.trace.prediction, self.data.targets)

    def measure_in_blocks(self, block_ns: float) -> Iterator[None]:
        """Find the MSE, and yield after each block of rows."""
        assert self.data.targets is not None
        total = 0.0
        for block in row_blocks(len(self.data), forward_ns(self.network), block_ns):
            y = self.data.targets[block]
            total += mse(self.network.predict(self.data.inputs[block]), y) * y.size
            yield
        self.mse = total / self.data.targets.size

    def average(self, rows: tuple[int, ...] | None, together: bool) -> None:
        """Find the means over some rows, or all, at once."""
        chosen = slice(None) if rows is None else list(rows)
        trace = self.trace.rows(chosen) if together else self.network.forward(self.data.inputs[chosen])
        self.means[rows] = means_from(self.network, trace, self.data, rows)

    def average_in_blocks(self, rows: tuple[int, ...] | None, block_ns: float) -> Iterator[None]:
        """Find the means over some rows, or all, and yield after each block of them."""
        means = yield from means_in_blocks(self.network, self.data, rows, block_ns)
        self.means[rows] = means
        if rows is None:
            self.mse = means.slopes.mse
