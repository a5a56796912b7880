"""What is looked at: the row on the diagram and the selected node or edge. Not in the State, not undone."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.document.document import Document


class Selection(QObject):
    """The row and the addresses that are selected.

    ======================= ==============================================================
    `row_changed`           the row on the diagram is another one
    `address_changed`       what is selected is something else, or none
    `explanation_requested` somebody pointed at it to see where its number comes from
    `slopes_changed`        slopes are shown or hidden, or of one row or of all rows now
    ======================= ==============================================================

    `address` is that of a node, a weight or a bias, or None; `second` is a second weight beside it, chosen
    with Ctrl or Shift, for the loss over two weights. They stay with their nodes when others are added or
    removed.
    """

    row_changed = Signal(int)
    address_changed = Signal()
    explanation_requested = Signal()
    slopes_changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._row = 0
        self.address: Address | None = None
        self.second: Address | None = None
        self.slopes_shown = False
        self.mean_over_rows = False
        document.state_changed.connect(self._follow)

    @property
    def row(self) -> int:
        """The row on the diagram, from 0."""
        return self._row

    @row.setter
    def row(self, row: int) -> None:
        row = max(0, min(row, len(self._document.state.data) - 1))
        if row != self._row:
            self._row = row
            self.row_changed.emit(row)

    @property
    def weights(self) -> tuple[Address | None, Address | None]:
        """The two, as far as they are weights or biases."""
        first, second = self.address, self.second
        return first if first and first.is_number else None, second if second and second.is_number else None

    def select(self, address: Address | None, second: Address | None = None) -> None:
        """Select an address (and a second weight beside it), or nothing."""
        if (address, second) != (self.address, self.second):
            self.address, self.second = address, second
            self.address_changed.emit()

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

    def _follow(self, old: State, new: State) -> None:
        self.row = self._row
        if old.network.sizes != new.network.sizes:
            self.select(
                _moved(self.address, old.network, new.network), _moved(self.second, old.network, new.network)
            )


def _moved(address: Address | None, old: Network, new: Network) -> Address | None:
    """Return `address` where its nodes, known by their names, are in `new`; None where one is gone."""
    if address is None or address.column >= len(old.sizes) or address.node >= old.sizes[address.column]:
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
