"""What is looked at: the row on the diagram and the selected node or edge. Not in the State, not undone."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from numpy.typing import ArrayLike
from PySide6.QtCore import QObject, Signal

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.edits import add_row
from nnviz.core.frozen import frozen
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document


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
    left = [address for address in chosen if address and address.within(network)]
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
