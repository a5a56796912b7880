"""What follows from the document's State and the selected row: the one owner of every such number.

All views ask here, when they need it; each number is computed once for a network and its data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import numpy as np
from PySide6.QtCore import QObject, Signal

from nnviz.core.activations import Array
from nnviz.core.confusion import Decided
from nnviz.core.cost import BLOCK_NS, LIGHT_NS, QUICK_NS, THERE_AND_BACK
from nnviz.core.health import Health, Marks, fates
from nnviz.core.measured import Measured
from nnviz.core.network import Trace
from nnviz.core.node_functions import KnownFunctions, NodeFunctions
from nnviz.core.results import Computed, Means, Results, next_batch
from nnviz.core.slopes import MeanSlopes, Slopes
from nnviz.core.standardise import Scales
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.idle import QUIET_MS, Slicer
from nnviz.document.selection import Selection

UNKNOWN = Measured(None, None, None, None)
_Ways: TypeAlias = tuple[Callable[[], None], Callable[[float], Iterator[None]]]
"""How something is found: at once, or in blocks that take about so many nanoseconds each."""
BESIDE = "validation", "accuracy", "validation accuracy"
"""What a run measures beside its loss, in the order of Measured."""


class Derived(QObject):
    """The selected row's numbers, and those of all rows.

    Where all rows are quick, one pass forward gives everything. Where they are not, or not quick enough for
    every frame of a run, the row is computed alone. What takes long is None at first, and computed while the
    window is idle: `computed` says that it is known, or that it can be asked for once a run is over.
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
        self._results = self._of_free = Results(document.state)
        self._scales = Scales(document.state)
        self._functions = KnownFunctions()
        self._wanted: dict[object, Callable[[], Iterator[None]]] = {}
        self._new = self._put_off = False
        self._slicer = Slicer(self, self._steps, self._tell, quiet_ms=quiet_ms)
        document.state_changed.connect(lambda *_: self._present())
        document.motion_changed.connect(self._tell_of_rest)

    @property
    def state(self) -> State:
        """The State that all this follows from."""
        return self._document.state

    @property
    def looked_at(self) -> State:
        """The State that has the row on the diagram: this one, or one with the free row alone."""
        return self._selection.looked_at[0]

    @property
    def row(self) -> int:
        """The row on the diagram, from 0; its place in `looked_at`."""
        return self._selection.looked_at[1]

    # --- one row

    @property
    def trace(self) -> Trace | None:
        """What the row on the diagram computed; None where there is none."""
        if self.row >= len(self.looked_at.data):
            return None
        return self._with_row().trace_of(self.row, self._together)

    @property
    def slopes(self) -> Slopes | None:
        """The own slopes of the row on the diagram; None without rows or targets, as for a free row."""
        data = self.looked_at.data
        has_targets = self.row < len(data) and data.targets is not None
        return self._with_row().slopes_of(self.row, self._together) if has_targets else None

    @property
    def of_row(self) -> Computed:
        """What is computed of the row on the diagram, without the means."""
        return Computed(self.row, self.trace, self.slopes, free=self._selection.free is not None)

    def prediction(self, row: int) -> Array:
        """Return the prediction for a row of the data, shape (outputs,)."""
        results, together = self._present(), self._together
        if row != self._selection.row:
            return results.prediction(row, together)
        prediction: Array = results.trace_of(row, together).prediction[0]
        return prediction

    def row_loss(self, row: int) -> float | None:
        """Return the row's own loss; None without targets."""
        has_targets = self.state.data.targets is not None
        return self._present().loss(row, self._together) if has_targets else None

    def error(self, row: int) -> Array | None:
        """Return prediction − target of a row of the data, shape (outputs,); None without targets."""
        targets = self.state.data.targets
        with np.errstate(over="ignore", invalid="ignore"):
            return None if targets is None else self.prediction(row) - targets[row]

    # --- all inputs

    @property
    def node_functions(self) -> NodeFunctions:
        """What each node computes over the one or two inputs; coarser in motion where it takes long."""
        most_ns = LIGHT_NS if self._document.in_motion else min(self._quick_ns, QUICK_NS)
        return self._functions.of(self.state, most_ns)

    # --- all rows

    @property
    def health(self) -> Health | None:
        """How the nodes do on all rows; None without rows, or until it is known."""
        results = self._present()
        if results.health is None and len(self.state.data):
            self._find("health", self._quick, (results.examine, results.examine_in_blocks))
        return results.health

    def of_node(self, layer: int, node: int) -> tuple[Array, Array] | None:
        """Return z and a of a node on all rows, shape (rows,) each; None without rows, or until known."""
        results, place = self._present(), (layer, node)
        if place not in results.nodes and len(self.state.data):
            ways = partial(results.visit, place), partial(results.visit_in_blocks, place)
            self._find(place, self._together, ways, in_motion=False)
        return results.nodes.get(place)

    @property
    def decided(self) -> Decided | None:
        """The class of each row by target and prediction; None without them, or until it is known."""
        results = self._present()
        if results.decided is None and self.state.data.targets is not None and len(self.state.data):
            ways = results.decide, results.decide_in_blocks
            self._find("decided", self._together, ways, in_motion=False)
        return results.decided

    def marks(self, moving: bool = False) -> Marks:
        """Return what is odd about nodes and layers on all rows, as far as it is known.

        `moving`: others will follow in the next frame, so that nothing is said where it takes long.
        """
        if moving and THERE_AND_BACK * self._present().all_ns > LIGHT_NS:
            return Marks()
        health, slopes = self.health, self.known_slopes
        return Marks(health.badges() if health else {}, fates(slopes) if slopes else ())

    @property
    def scales(self) -> str:
        """The sentence that offers to standardise the inputs; "" where it need not, or until it is known."""
        if not self._scales.are_of(self.state):
            self._scales = Scales(self.state)
        scales = self._scales
        if scales.offer is None:
            self._find("scales", scales.ns <= self._quick_ns, (scales.find, scales.find_in_blocks))
        return scales.offer or ""

    @property
    def measured(self) -> Measured:
        """The losses and accuracies; None are those of rows or targets that are missing, or not known yet."""
        results = self._present()
        if results.measured is None and self.state.data.targets is not None and len(self.state.data):
            self._find("measured", self._quick, (results.measure, results.measure_in_blocks))
        return results.measured or UNKNOWN

    @property
    def loss(self) -> float | None:
        """The loss over all rows that are trained on; None without rows or targets, or until it is known."""
        return self.measured.loss

    @property
    def last_measured(self) -> tuple[Measured, int]:
        """The last of them that need not be computed, else the present ones; and of which iteration."""
        state, run = self.state, self.state.run
        if run and len(run.history) and not run.watched and not self._together:
            iteration, loss = run.history.last
            if self._document.in_motion or iteration == state.iteration:
                return Measured(loss, *map(run.last_of, BESIDE)), iteration
        return self.measured, state.iteration

    @property
    def means(self) -> Means | None:
        """The means over all rows trained on; None without rows or targets, or until they are known."""
        return self._means_over(None)

    @property
    def means_of_update(self) -> Means | None:
        """The means over the rows of the next update: all of them, or a batch."""
        return self._means_over(next_batch(self.state))

    @property
    def known_slopes(self) -> MeanSlopes | None:
        """The mean slopes over all rows that are trained on where they are quick or known already."""
        means = self.means if self._quick else self._present().means.get(None)
        return means.slopes if means else None

    @property
    def for_explanation(self) -> Computed:
        """All of it, as far as it is known, as an explanation takes it."""
        health = self.health if self._quick else self._present().health  # which the diagram has asked for
        return replace(self.of_row, whole=self.means, update=self.means_of_update, health=health)

    # --- when it is computed

    def rest(self) -> None:
        """Compute nothing more that takes long."""
        self._wanted.clear()
        self._slicer.drop()

    def _present(self) -> Results:
        """Return what is known of the present network and data."""
        state = self.state
        if not self._results.are_of(state):
            self._results = Results(state)
            self.rest()
        return self._results

    def _with_row(self) -> Results:
        """Return what is known of the network and the data that have the row on the diagram."""
        state = self.looked_at
        if state is self.state:
            return self._present()
        if not self._of_free.are_of(state):
            self._of_free = Results(state)
        return self._of_free

    @property
    def _quick(self) -> bool:
        """Whether one pass over all rows may be made at once."""
        return self._present().all_ns <= self._quick_ns

    @property
    def _together(self) -> bool:
        """Whether one pass over all rows is quick enough for a number of one of them."""
        most = min(LIGHT_NS, self._quick_ns) if self._document.in_motion else self._quick_ns
        return self._present().all_ns <= most

    def _means_over(self, rows: tuple[int, ...] | None) -> Means | None:
        results = self._present()
        if rows not in results.means and self.state.trainable:
            count = self.state.trained_rows if rows is None else len(rows)
            is_quick = count / len(self.state.data) * results.all_ns <= self._quick_ns
            ways = partial(results.average, rows, self._quick), partial(results.average_in_blocks, rows)
            self._find(rows, is_quick, ways)
        return results.means.get(rows)

    def _find(self, what: object, is_quick: bool, ways: _Ways, *, in_motion: bool = True) -> None:
        """Find it at once, or while the window is idle; what is not wanted `in_motion` once that is over."""
        if is_quick:
            ways[0]()
        elif self._document.in_motion and not in_motion:
            self._put_off = True
        elif what not in self._wanted:
            self._wanted[what] = partial(ways[1], self._block_ns)
            if not self._slicer.busy:
                self._slicer.ask()

    def _tell_of_rest(self) -> None:
        if self._put_off and not self._document.in_motion:
            self._put_off = False
            self.computed.emit()

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
