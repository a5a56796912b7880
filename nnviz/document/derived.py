"""What follows from the document's State and the selected row: the one owner of every such number.

All views ask here, when they need it; each number is computed once for a network and its data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial

import numpy as np
from PySide6.QtCore import QObject, Signal

from nnviz.core.activations import Array
from nnviz.core.cost import BLOCK_NS, LIGHT_NS, QUICK_NS, forward_ns, row_blocks
from nnviz.core.means import Computed, Means, means_from, means_in_blocks, next_batch
from nnviz.core.network import Network, Trace
from nnviz.core.oddities import badges
from nnviz.core.slopes import MeanSlopes, Slopes, mse, slopes_from
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document
from nnviz.document.idle import QUIET_MS, Slicer
from nnviz.document.selection import Selection

BESIDE = 32
"""Rows that are predicted together where not all of them are."""


class Derived(QObject):
    """The selected row's numbers, and those of all rows.

    Where all rows are quick, one pass forward gives everything. Where they are not, or not quick enough for
    every frame of a run, the row is computed alone. What takes long is None at first, and computed while the
    window is idle: `computed` says that it is known.
    """

    computed = Signal()

    def __init__(
        self,
        document: Document,
        selection: Selection,
        *,
        quick_ns: float = QUICK_NS,
        block_ns: float = BLOCK_NS,
        quiet_ms: float = QUIET_MS,
    ) -> None:
        super().__init__(document)
        self._document, self._selection = document, selection
        self._quick_ns, self._block_ns = quick_ns, block_ns
        self._numbers = _Numbers(document.state)
        self._wanted: dict[object, Callable[[], Iterator[None]]] = {}
        self._new = False
        self._slicer = Slicer(self, self._steps, self._tell, quiet_ms=quiet_ms)
        document.state_changed.connect(lambda *_: self._present())

    @property
    def state(self) -> State:
        """The State that all this follows from."""
        return self._document.state

    @property
    def row(self) -> int:
        """The selected row, from 0."""
        return self._selection.row

    # --- one row

    @property
    def trace(self) -> Trace | None:
        """What the selected row computed; None where there are no rows."""
        if self.row >= len(self.state.data):
            return None
        return self._present().trace_of(self.row, self._together)

    @property
    def slopes(self) -> Slopes | None:
        """The selected row's own slopes; None without rows or targets."""
        return self._present().slopes_of(self.row, self._together) if self.state.trainable else None

    def prediction(self, row: int) -> Array:
        """Return the prediction for a row, shape (outputs,)."""
        numbers, together = self._present(), self._together
        if row != self.row:
            return numbers.prediction(row, together)
        prediction: Array = numbers.trace_of(row, together).prediction[0]
        return prediction

    def error(self, row: int) -> Array | None:
        """Return prediction − target of a row, shape (outputs,); None without targets."""
        targets = self.state.data.targets
        with np.errstate(over="ignore", invalid="ignore"):
            return None if targets is None else self.prediction(row) - targets[row]

    # --- all rows

    @property
    def badges(self) -> dict[tuple[int, int], str]:
        """What is odd about nodes on all rows, by (layer, node); nothing is said where that takes long."""
        numbers = self._present()
        return numbers.badges if numbers.all_ns <= self._quick_ns else {}

    @property
    def mse(self) -> float | None:
        """The MSE over all rows; None without rows or targets, or until it is known."""
        numbers = self._present()
        if numbers.mse is None and self.state.trainable:
            if numbers.all_ns <= self._quick_ns:
                numbers.measure()
            else:
                self._want("mse", partial(numbers.measure_in_blocks, self._block_ns))
        return numbers.mse

    @property
    def last_mse(self) -> tuple[float | None, int]:
        """The last MSE over all rows that need not be computed, else the present one; and its iteration."""
        state = self.state
        if state.run and len(state.run.history) and not self._together:
            iteration, measured = state.run.history.last
            if self._document.in_motion or iteration == state.iteration:
                return measured, iteration
        return self.mse, state.iteration

    @property
    def means(self) -> Means | None:
        """The means over all rows; None without rows or targets, or until they are known."""
        return self._means_over(None)

    @property
    def means_of_update(self) -> Means | None:
        """The means over the rows of the next update: all of them, or a batch."""
        return self._means_over(next_batch(self.state))

    @property
    def known_slopes(self) -> MeanSlopes | None:
        """The mean slopes over all rows where they are quick or known already."""
        numbers = self._present()
        quick = numbers.all_ns <= self._quick_ns
        means = self.means if quick else numbers.means.get(None)
        return means.slopes if means else None

    @property
    def for_explanation(self) -> Computed:
        """All of it, as far as it is known, as an explanation takes it."""
        return Computed(self.row, self.trace, self.slopes, self.means, self.means_of_update)

    # --- when it is computed

    def rest(self) -> None:
        """Compute nothing more that takes long."""
        self._wanted.clear()
        self._slicer.drop()

    def _present(self) -> _Numbers:
        """Return what is known of the present network and data."""
        state = self.state
        if self._numbers.network is not state.network or self._numbers.data is not state.data:
            self._numbers = _Numbers(state)
            self.rest()
        return self._numbers

    @property
    def _together(self) -> bool:
        """Whether one pass over all rows is quick enough for a number of one of them."""
        most = min(LIGHT_NS, self._quick_ns) if self._document.in_motion else self._quick_ns
        return self._present().all_ns <= most

    def _means_over(self, rows: tuple[int, ...] | None) -> Means | None:
        numbers = self._present()
        if rows not in numbers.means and self.state.trainable:
            share = 1.0 if rows is None else len(rows) / len(self.state.data)
            if share * numbers.all_ns <= self._quick_ns:
                numbers.average(rows, numbers.all_ns <= self._quick_ns)
            else:
                self._want(rows, partial(numbers.average_in_blocks, rows, self._block_ns))
        return numbers.means.get(rows)

    def _want(self, what: object, steps: Callable[[], Iterator[None]]) -> None:
        if what not in self._wanted:
            self._wanted[what] = steps
            if not self._slicer.busy:
                self._slicer.ask()

    def _steps(self) -> Iterator[None]:
        """Compute what is wanted, one after the other."""
        while self._wanted:
            what, steps = next(iter(self._wanted.items()))
            yield from steps()
            del self._wanted[what]
            self._new = True

    def _tell(self) -> bool:
        new, self._new = self._new, False
        if new:
            self.computed.emit()
        return new


class _Numbers:
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
        return badges(self.network, self.trace)

    def trace_of(self, row: int, together: bool) -> Trace:
        """Return what a row computed, `together` with all others or alone; the last one is kept."""
        if self._trace is None or row != self._row:
            self._row, self._slopes = row, None
            rows = slice(row, row + 1)
            self._trace = self.trace.rows(rows) if together else self.network.forward(self.data.inputs[rows])
        return self._trace

    def slopes_of(self, row: int, together: bool) -> Slopes:
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
