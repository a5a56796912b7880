"""Values computed from the document (trace, slopes, loss, …) once per State, and the selection."""

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
from nnviz.core.metrics import Decided, Measured
from nnviz.core.network import Network, Trace, frozen
from nnviz.core.results import Computed, Health, Marks, Means, Results, fates, next_batch
from nnviz.core.slopes import BLOCK_NS, LIGHT_NS, QUICK_NS, THERE_AND_BACK, MeanSlopes, Slopes
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document
from nnviz.document.idle import QUIET_MS, Slicer


class Selection(QObject):
    """The row and the addresses that are selected.

    ======================= ==============================================================
    `row_changed`           the row on the diagram is another one, or a free one now
    `address_changed`       what is selected is something else, or none
    `explanation_requested` somebody pointed at it to see where its number comes from
    `slopes_changed`        slopes are shown or hidden, or of one row or of all rows now
    ======================= ==============================================================

    `address` is that of a node, a weight or a bias, or None; `second` is a second weight beside it, chosen
    with Ctrl or Shift, for the loss over two weights. They stay with their nodes when others are added or
    removed. A free row is one that is tried out and not in the data: it stays until a row is chosen, the data
    change, or there are more or fewer inputs. Row and addresses are always of the State that is there,
    however early one asks; that they have moved with it is told once all know the State.
    """

    row_changed = Signal(object)
    address_changed = Signal()
    explanation_requested = Signal()
    slopes_changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._state = document.state
        """The State that row and addresses are of."""
        self._row = 0
        self._free: Array | None = None
        self._told_row: tuple[int, Array | None] = 0, None
        self._alone: State | None = None
        """The State that has the free row alone, where it is known."""
        self._chosen = self._told_chosen = _NOTHING
        self._all_know = True
        """Whether all have been told of the State that is there."""
        self.slopes_shown = False
        self.mean_over_rows = False
        document.settled.connect(self._settle)

    @property
    def row(self) -> int:
        """The row on the diagram, from 0."""
        self._resolve()
        return self._row

    @row.setter
    def row(self, row: int) -> None:
        self._resolve()
        self._row, self._free = _within(row, self._state), None
        self._tell()

    @property
    def free(self) -> Array | None:
        """The inputs of the free row, shape (inputs,); None where the row on the diagram is in the data."""
        self._resolve()
        return self._free

    def try_out(self, inputs: ArrayLike) -> None:
        """Look at a row of inputs, shape (inputs,), that is not in the data."""
        self._resolve()
        self._free, self._alone = frozen(inputs, "inputs"), None
        self._tell()

    def leave_free(self) -> None:
        """Look at the row again that was looked at before the free one."""
        self.row = self.row

    def keep_free(self) -> str:
        """Put the free row into the data, behind the row that was looked at before, and look at it there.

        Return what was done, as a sentence; "" where it could not be.
        """
        free = self.free
        after = self._row if len(self._state.data) else None
        if free is None or not self._document.edit("Keep a row", add_row, after, free):
            return ""
        self.row = 0 if after is None else after + 1
        targets = "no targets yet" if self._state.data.targets is None else "its targets are 0"
        return f"The free row is row {self.row + 1} now: {targets}"

    @property
    def looked_at(self) -> tuple[State, int]:
        """The State that has the row on the diagram, and its place in it: what is open, or a free row alone.

        The latter has no targets and no run.
        """
        free = self.free
        if free is None:
            return self._state, self._row
        if self._alone is None:
            self._alone = replace(self._state, data=Dataset(free[None]), run=None)
        return self._alone, 0

    @property
    def address(self) -> Address | None:
        """What is selected."""
        self._resolve()
        return self._chosen[0]

    @property
    def second(self) -> Address | None:
        """The second weight beside it."""
        self._resolve()
        return self._chosen[1]

    @property
    def weights(self) -> _Chosen:
        """The two, as far as they are weights or biases."""
        first, second = self.address, self.second
        return first if first and first.is_number else None, second if second and second.is_number else None

    def select(self, address: Address | None, second: Address | None = None) -> None:
        """Select an address (and a second weight beside it), or nothing; what is not there is not taken."""
        self._resolve()
        self._chosen = _present(self._state.network, address, second)
        self._tell()

    def point_at(self, address: Address) -> None:
        """Select an address, and ask for its explanation, even where it was selected before."""
        self.select(address)
        self.explanation_requested.emit()

    def show_slopes(self, shown: bool, mean_over_rows: bool | None = None) -> None:
        """Show or hide the slopes, of the selected row or as the mean over all rows."""
        mean = self.mean_over_rows if mean_over_rows is None else mean_over_rows
        if (shown, mean) != (self.slopes_shown, self.mean_over_rows):
            self.slopes_shown, self.mean_over_rows = shown, mean
            self.slopes_changed.emit()

    def _resolve(self) -> None:
        """Find row and addresses again in the State that is there now."""
        old, self._state = self._state, self._document.state
        if old is self._state:
            return
        self._all_know, self._alone = False, None
        self._row = _within(self._row, self._state)
        if old.data is not self._state.data or old.network.sizes[0] != self._state.network.sizes[0]:
            self._free = None
        network, chosen = self._state.network, self._chosen
        if old.network.sizes != network.sizes:
            chosen = _moved(chosen[0], old.network, network), _moved(chosen[1], old.network, network)
        self._chosen = _present(network, *chosen)

    def _settle(self) -> None:
        self._resolve()
        self._all_know = True
        self._tell()

    def _tell(self) -> None:
        """Tell what is different from what was told before, once all know the State."""
        self._resolve()
        if not self._all_know:
            return
        row, free = self._told_row
        if row != self.row or free is not self._free:
            self._told_row = self._row, self._free
            self.row_changed.emit(self._row)
        if (self.address, self.second) != self._told_chosen:
            self._told_chosen = self._chosen
            self.address_changed.emit()


_Chosen: TypeAlias = tuple[Address | None, Address | None]

_NOTHING: _Chosen = (None, None)


def _within(row: int, state: State) -> int:
    return max(0, min(row, len(state.data) - 1))


def _present(network: Network, *chosen: Address | None) -> _Chosen:
    """Return those of two addresses that the network has."""
    left = [address for address in chosen if address and network.has(address)]
    return (left[0] if left else None), (left[1] if len(left) > 1 else None)


def _moved(address: Address | None, old: Network, new: Network) -> Address | None:
    """Return `address` where its nodes, known by their names, are in `new`; None where one is gone."""
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
