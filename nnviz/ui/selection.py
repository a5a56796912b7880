"""What is looked at: the row on the diagram and the selected node or edge. Not part of the State, not undone."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.picture.picture import Part


class Selection(QObject):
    """The row and the parts that are selected.

    ================= ==================================================================================
    `row_changed`     the row on the diagram is another one
    `part_changed`    the selected part is another one, or none
    `slopes_changed`  slopes are shown or hidden, or of one row or of all rows now
    ================= ==================================================================================

    `part` is a node (`Part("node", …)`), a weight (`Part("weight", …)`), a bias, or None; `second` is a second
    weight beside it, chosen with Ctrl or Shift, for the loss over two weights.
    """

    row_changed = Signal(int)
    part_changed = Signal()
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

    def show_slopes(self, shown: bool, mean_over_rows: bool | None = None) -> None:
        """Show or hide the slopes, of the selected row or as the mean over all rows."""
        mean = self.mean_over_rows if mean_over_rows is None else mean_over_rows
        if (shown, mean) != (self.slopes_shown, self.mean_over_rows):
            self.slopes_shown, self.mean_over_rows = shown, mean
            self.slopes_changed.emit()

    def _follow(self, _old: State, new: State) -> None:
        self.row = self._row
        sizes = new.network.sizes
        for part in (self.part, self.second):
            if part and not (part.column < len(sizes) and part.node < sizes[part.column]):
                self.select(None)
            elif part and part.kind == "weight" and part.source >= sizes[part.column - 1]:
                self.select(None)
