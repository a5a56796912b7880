"""The selection in the window, and the numbers (z, a, slopes, loss, …) computed for each State."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike
from PySide6.QtCore import QObject, Signal

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.edits import Scales, add_row
from nnviz.core.function import KnownFunctions, NodeFunctions
from nnviz.core.metrics import DecidedClasses, Measured
from nnviz.core.network import Network, Trace, frozen
from nnviz.core.results import Computed, Health, Marks, Means, Results, fates, next_batch
from nnviz.core.slopes import BLOCK_NS, LIGHT_NS, PASSES_PER_UPDATE, QUICK_NS, MeanSlopes, Slopes
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document
from nnviz.document.idle import QUIET_MS, Slicer


class Selection(QObject):
    """The selected row of the data, and the addresses of the selected node, weights or biases.

    ======================= ===============================================================
    `row_changed`           the row on the diagram or the inputs of that row changed
    `address_changed`       the selected addresses changed
    `explanation_requested` a person asked for the explanation of the selected number
    `slopes_changed`        the slopes were shown, hidden, or switched between row and mean
    ======================= ===============================================================

    `address` is a node, a weight, a bias or None. `second` is a second weight, chosen with Ctrl or Shift, for
    the plot of the loss over two weights. When other nodes are added or removed, both addresses still
    refer to the same nodes. A what-if row has inputs that the person tries out and that are not in the data.
    A what-if row is shown until a row is chosen, or the data or the number of inputs change. Row and
    addresses always fit the current State. The signals are emitted after every slot of the document has
    received the State.
    """

    row_changed = Signal(object)
    address_changed = Signal()
    explanation_requested = Signal()
    slopes_changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._state = document.state
        """The State that the row and the addresses belong to."""
        self._row = 0
        self._what_if_row: Array | None = None
        self._emitted_row: tuple[int, Array | None] = 0, None
        self._alone: State | None = None
        """The State that contains only the what-if row, or None until this State is created."""
        self._chosen = self._emitted_chosen = _NOTHING
        self._all_know = True
        """Whether every slot of the document has received the current State."""
        self.slopes_shown = False
        self.mean_over_rows = False
        document.settled.connect(self._settle)

    @property
    def row(self) -> int:
        """Index of the selected data row, from 0. Trying out other inputs does not change this index."""
        self._resolve()
        return self._row

    @row.setter
    def row(self, row: int) -> None:
        self._resolve()
        self._row, self._what_if_row = _within(row, self._state), None
        self._emit_changes()

    @property
    def what_if_row(self) -> Array | None:
        """The inputs that the person tries out, shape (inputs,); None if the diagram shows a data row."""
        self._resolve()
        return self._what_if_row

    def show_what_if_row(self, inputs: ArrayLike) -> None:
        """Show a what-if row (not in the data) on the diagram. The array `inputs` has the shape (inputs,)."""
        self._resolve()
        self._what_if_row, self._alone = frozen(inputs, "inputs"), None
        self._emit_changes()

    def close_what_if_row(self) -> None:
        """Close the what-if row (inputs that the person tries out); return to the previous data row."""
        self.row = self.row

    def insert_what_if_row(self) -> str:
        """Insert the what-if row (inputs that the person tries out) into the data; select the new row.

        The new row comes after the data row that was shown before the what-if row. Return a sentence about
        the new row, or "" if the edit was refused.
        """
        free = self.what_if_row
        after = self._row if len(self._state.data) else None
        if free is None or not self._document.edit("Add the what-if row to the data", add_row, after, free):
            return ""
        self.row = 0 if after is None else after + 1
        targets = "missing" if self._state.data.targets is None else "0"
        return f"The what-if row is now row {self.row + 1} of the data; its targets are {targets}"

    @property
    def state_and_row(self) -> tuple[State, int]:
        """The State that contains the row on the diagram, and the index of the row in that State.

        If the person tries out inputs, the State has only this what-if row, no targets and no run.
        """
        free = self.what_if_row
        if free is None:
            return self._state, self._row
        if self._alone is None:
            self._alone = replace(self._state, data=Dataset(free[None]), run=None)
        return self._alone, 0

    @property
    def address(self) -> Address | None:
        """The selected address, or None."""
        self._resolve()
        return self._chosen[0]

    @property
    def second(self) -> Address | None:
        """The second selected weight, or None."""
        self._resolve()
        return self._chosen[1]

    @property
    def weights(self) -> _Chosen:
        """The selected weights or biases: the first and the second address. A missing address is None."""
        first, second = self.address, self.second
        return first if first and first.is_number else None, second if second and second.is_number else None

    def select(self, address: Address | None, second: Address | None = None) -> None:
        """Select `address` and `second`; None means no selection. Ignore addresses that do not exist."""
        self._resolve()
        self._chosen = _present(self._state.network, address, second)
        self._emit_changes()

    def select_and_explain(self, address: Address) -> None:
        """Select an address, and request the explanation of the number at this address."""
        self.select(address)
        self.explanation_requested.emit()

    def show_slopes(self, shown: bool, mean_over_rows: bool | None = None) -> None:
        """Show or hide the slopes.

        If `mean_over_rows` is true, the mean slopes over all rows are shown. If `mean_over_rows` is false,
        the slopes of the selected row are shown. If `mean_over_rows` is None, the current choice stays.
        """
        mean = self.mean_over_rows if mean_over_rows is None else mean_over_rows
        if (shown, mean) != (self.slopes_shown, self.mean_over_rows):
            self.slopes_shown, self.mean_over_rows = shown, mean
            self.slopes_changed.emit()

    def _resolve(self) -> None:
        """Adapt the row and the addresses to the current State."""
        old, self._state = self._state, self._document.state
        if old is self._state:
            return
        self._all_know, self._alone = False, None
        self._row = _within(self._row, self._state)
        if old.data is not self._state.data or old.network.sizes[0] != self._state.network.sizes[0]:
            self._what_if_row = None
        network, chosen = self._state.network, self._chosen
        if old.network.sizes != network.sizes:
            chosen = _moved(chosen[0], old.network, network), _moved(chosen[1], old.network, network)
        self._chosen = _present(network, *chosen)

    def _settle(self) -> None:
        self._resolve()
        self._all_know = True
        self._emit_changes()

    def _emit_changes(self) -> None:
        """Emit signals for changes since the last call, if every slot of the document has the State."""
        self._resolve()
        if not self._all_know:
            return
        row, free = self._emitted_row
        if row != self.row or free is not self._what_if_row:
            self._emitted_row = self._row, self._what_if_row
            self.row_changed.emit(self._row)
        if (self.address, self.second) != self._emitted_chosen:
            self._emitted_chosen = self._chosen
            self.address_changed.emit()


_Chosen: TypeAlias = tuple[Address | None, Address | None]

_NOTHING: _Chosen = (None, None)


def _within(row: int, state: State) -> int:
    return max(0, min(row, len(state.data) - 1))


def _present(network: Network, *chosen: Address | None) -> _Chosen:
    """Return two addresses: the ones that the network has, then None in the remaining places."""
    left = [address for address in chosen if address and network.has(address)]
    return (left[0] if left else None), (left[1] if len(left) > 1 else None)


def _moved(address: Address | None, old: Network, new: Network) -> Address | None:
    """Return the address in `new` of the nodes with the same names, or None if a node is missing."""
    if address is None:
        return None
    places = {
        name: (column - 1, node)
        for column in range(len(new.sizes))
        for node, name in enumerate(new.names(column))
    }
    place = places.get(old.names(address.column)[address.node])
    if place is None:
        return None
    layer, node = place
    if address.kind != "weight":
        return address._replace(layer=layer, node=node)
    before, source = places.get(old.names(address.layer)[address.source], (None, -1))
    return address._replace(layer=layer, node=node, source=source) if before == layer - 1 else None


NOT_MEASURED = Measured(None, None, None, None)
_Ways: TypeAlias = tuple[Callable[[], None], Callable[[float], Iterator[None]]]
"""Two ways to compute a value: at once, or in blocks that last about the given time in nanoseconds."""
CURVE_NAMES = "validation", "accuracy", "validation accuracy"
"""Names of a run's curves except the training loss, in the order of the fields of the class `Measured`."""


class Derived(QObject):
    """Computes the values, slopes and losses of the selected row and of all rows.

    If a forward pass over all rows is quick, one pass gives the values of all rows. Otherwise the selected
    row is computed alone. Slow values are None at first, and are computed while the window is idle. The
    signal `computed` is emitted when new values are known. It is also emitted after a run, because slow
    values can then be requested again.
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
        self._results = self._what_if_results = Results(document.state)
        self._scales = Scales(document.state)
        self._functions = KnownFunctions()
        self._wanted: dict[object, Callable[[], Iterator[None]]] = {}
        self._new = self._put_off = False
        self._slicer = Slicer(self, self._steps, self._emit_changes, quiet_ms=quiet_ms)
        document.state_changed.connect(lambda *_: self._present())
        document.motion_changed.connect(self._emit_after_motion)

    @property
    def state(self) -> State:
        """The State of the document."""
        return self._document.state

    @property
    def row_state(self) -> State:
        """The document's State or, while the person tries out inputs, a State with only these inputs."""
        return self._selection.state_and_row[0]

    @property
    def row(self) -> int:
        """The index of the row on the diagram in the data of `row_state`, from 0."""
        return self._selection.state_and_row[1]

    # --- one row

    @property
    def trace(self) -> Trace | None:
        """The trace (every z and a) of the row on the diagram, or None if there are no rows."""
        if self.row >= len(self.row_state.data):
            return None
        return self._with_row().trace_of(self.row, self._together)

    @property
    def slopes(self) -> Slopes | None:
        """The slopes of the row on the diagram, or None if there is no row or the row has no targets."""
        data = self.row_state.data
        has_targets = self.row < len(data) and data.targets is not None
        return self._with_row().slopes_of(self.row, self._together) if has_targets else None

    @property
    def row_numbers(self) -> Computed:
        """The index, trace (every z and a) and slopes of the row on the diagram; no means over rows."""
        return Computed(self.row, self.trace, self.slopes, is_what_if=self._selection.what_if_row is not None)

    def prediction(self, row: int) -> Array:
        """Return the prediction for a row of the data, shape (outputs,)."""
        results, together = self._present(), self._together
        if row != self._selection.row:
            return results.prediction(row, together)
        prediction: Array = results.trace_of(row, together).prediction[0]
        return prediction

    def row_loss(self, row: int) -> float | None:
        """Return the loss of a row of the data, or None if the data has no targets."""
        has_targets = self.state.data.targets is not None
        return self._present().loss(row, self._together) if has_targets else None

    def error(self, row: int) -> Array | None:
        """Return prediction − target of a data row, shape (outputs,), or None if the data has no targets."""
        targets = self.state.data.targets
        with np.errstate(over="ignore", invalid="ignore"):
            return None if targets is None else self.prediction(row) - targets[row]

    # --- all inputs

    @property
    def node_functions(self) -> NodeFunctions:
        """Each node's outputs on a grid over one or two inputs; the grid is coarser during a run or drag."""
        most_ns = LIGHT_NS if self._document.in_motion else min(self._quick_ns, QUICK_NS)
        return self._functions.get(self.state, most_ns)

    # --- all rows

    @property
    def health(self) -> Health | None:
        """The health of the nodes (dead or saturated) on all rows.

        The health is None if the data has no rows, and until the health is computed.
        """
        results = self._present()
        if results.health is None and len(self.state.data):
            self._find("health", self._quick, (results.examine, results.examine_in_blocks))
        return results.health

    def node_values(self, layer: int, node: int) -> tuple[Array, Array] | None:
        """Return z and a of a node on all rows, shape (rows,) each.

        The result is None if the data has no rows, and until the values are computed.
        """
        results, place = self._present(), (layer, node)
        if place not in results.nodes and len(self.state.data):
            ways = partial(results.visit, place), partial(results.visit_in_blocks, place)
            self._find(place, self._together, ways, in_motion=False)
        return results.nodes.get(place)

    @property
    def row_classes(self) -> DecidedClasses | None:
        """The classes of all rows: by the targets, and by the predictions.

        The classes are None if the data has no rows or no targets, and until they are computed.
        """
        results = self._present()
        if results.decided is None and self.state.data.targets is not None and len(self.state.data):
            ways = results.decide, results.decide_in_blocks
            self._find("decided", self._together, ways, in_motion=False)
        return results.decided

    def marks(self, moving: bool = False) -> Marks:
        """Return the known marks of dead or saturated nodes, and of vanishing or exploding slopes.

        If the weights change in every frame (`moving` is true) and the marks are slow to compute, the
        result is empty.
        """
        if moving and PASSES_PER_UPDATE * self._present().all_ns > LIGHT_NS:
            return Marks()
        health, slopes = self.health, self.known_slopes
        return Marks(health.badges() if health else {}, fates(slopes) if slopes else ())

    @property
    def scales(self) -> str:
        """The sentence that offers to standardise the inputs.

        The sentence is "" if the inputs need no standardising, and until nnviz has examined the inputs.
        """
        if not self._scales.holds_for(self.state):
            self._scales = Scales(self.state)
        scales = self._scales
        if scales.offer is None:
            self._find("scales", scales.ns <= self._quick_ns, (scales.find, scales.find_in_blocks))
        return scales.offer or ""

    @property
    def measured(self) -> Measured:
        """The losses and accuracies.

        All values are None if the data has no rows or no targets, and until they are computed.
        """
        results = self._present()
        if results.measured is None and self.state.data.targets is not None and len(self.state.data):
            self._find("measured", self._quick, (results.measure, results.measure_in_blocks))
        return results.measured or NOT_MEASURED

    @property
    def loss(self) -> float | None:
        """The loss over all training rows.

        The loss is None if the data has no rows or no targets, and until the loss is computed.
        """
        return self.measured.loss

    @property
    def last_measured(self) -> tuple[Measured, int]:
        """The losses and accuracies to show, and the iteration at which they were measured.

        If computing these values is slow, the last points of the run's curves are used.
        """
        state, run = self.state, self.state.run
        if run and len(run.history) and not run.watched and not self._together:
            iteration, loss = run.history.last
            if self._document.in_motion or iteration == state.iteration:
                return Measured(loss, *map(run.last_of, CURVE_NAMES)), iteration
        return self.measured, state.iteration

    @property
    def means(self) -> Means | None:
        """The mean loss over all training rows, and the slopes of this loss.

        The means are None if there are no training rows or no targets, and until the means are computed.
        """
        return self._means_over(None)

    @property
    def means_of_update(self) -> Means | None:
        """The mean loss and slopes over the rows of the next update: all training rows, or one batch.

        These means are None if there are no training rows or no targets, and until they are computed.
        """
        return self._means_over(next_batch(self.state))

    @property
    def known_slopes(self) -> MeanSlopes | None:
        """The mean slopes over all training rows, or None if they are slow to compute and not yet known."""
        means = self.means if self._quick else self._present().means.get(None)
        return means.slopes if means else None

    @property
    def explanation_input(self) -> Computed:
        """The results that an explanation uses: all results that are computed already or quick to compute."""
        health = self.health if self._quick else self._present().health  # requested by the diagram
        return replace(self.row_numbers, means=self.means, update=self.means_of_update, health=health)

    # --- when it is computed

    def cancel_pending(self) -> None:
        """Cancel every pending computation."""
        self._wanted.clear()
        self._slicer.drop()

    def _present(self) -> Results:
        """Return the results of the current network and data."""
        state = self.state
        if not self._results.holds_for(state):
            self._results = Results(state)
            self.cancel_pending()
        return self._results

    def _with_row(self) -> Results:
        """Return the results for the State that contains the row on the diagram."""
        state = self.row_state
        if state is self.state:
            return self._present()
        if not self._what_if_results.holds_for(state):
            self._what_if_results = Results(state)
        return self._what_if_results

    @property
    def _quick(self) -> bool:
        """Whether a forward pass over all rows is quick enough to be made at once."""
        return self._present().all_ns <= self._quick_ns

    @property
    def _together(self) -> bool:
        """Whether a forward pass over all rows is quick enough even if only one row is needed."""
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
        """Compute `what` at once if quick, else while idle; with `in_motion` also during a run or a drag."""
        if is_quick:
            ways[0]()
        elif self._document.in_motion and not in_motion:
            self._put_off = True
        elif what not in self._wanted:
            self._wanted[what] = partial(ways[1], self._block_ns)
            if not self._slicer.busy:
                self._slicer.restart()

    def _emit_after_motion(self) -> None:
        if self._put_off and not self._document.in_motion:
            self._put_off = False
            self.computed.emit()

    def _steps(self) -> Iterator[None]:
        """Compute the pending values one after the other."""
        while self._wanted:
            what, steps = next(iter(self._wanted.items()))
            yield from steps()
            del self._wanted[what]
            self._new = True

    def _emit_changes(self) -> bool:
        new, self._new = self._new, False
        if new:
            self.computed.emit()
        return new
