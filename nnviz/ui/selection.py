"""What is looked at: the row on the diagram and the selected node or edge. Not in the State, not undone."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.picture.picture import Part


class Selection(QObject):
    """The row and the parts that are selected.

    ======================= ==============================================================
    `row_changed`           the row on the diagram is another one
    `part_changed`          the selected part is another one, or none
    `explanation_requested` somebody pointed at the part to see where its number comes from
    `slopes_changed`        slopes are shown or hidden, or of one row or of all rows now
    ======================= ==============================================================

    `part` is a node (`Part("node", …)`), a weight (`Part("weight", …)`), a bias, or None; `second` is a
    second weight beside it, chosen with Ctrl or Shift, for the loss over two weights. They stay with their
    nodes when others are added or removed.
    """

    row_changed = Signal(int)
    part_changed = Signal()
    explanation_requested = Signal()
    slopes_changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._row = 0
        self.part: Part | None = None
        self.second: Part | None = None
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

    def select(self, part: Part | None, second: Part | None = None) -> None:
        """Select `part` (and a second weight beside it), or nothing."""
        if (part, second) != (self.part, self.second):
            self.part, self.second = part, second
            self.part_changed.emit()

    def point_at(self, part: Part) -> None:
        """Select `part`, and ask for its explanation, even where it was selected before."""
        self.select(part)
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
                _moved(self.part, old.network, new.network), _moved(self.second, old.network, new.network)
            )


def _moved(part: Part | None, old: Network, new: Network) -> Part | None:
    """Return `part` where its nodes, known by their names, are in `new`; None where one is gone."""
    if part is None or part.column >= len(old.sizes) or part.node >= old.sizes[part.column]:
        return None
    place = _place(new, old.names(part.column)[part.node])
    if place is None:
        return None
    column, node = place
    if part.kind != "weight":
        return part._replace(column=column, node=node)
    source = _place(new, old.names(part.column - 1)[part.source])
    if source is None or source[0] != column - 1:
        return None
    return part._replace(column=column, node=node, source=source[1])


def _place(network: Network, name: str) -> tuple[int, int] | None:
    for column in range(len(network.sizes)):
        names = network.names(column)
        if name in names:
            return column, names.index(name)
    return None
