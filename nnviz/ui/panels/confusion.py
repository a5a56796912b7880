"""The panel that counts which classes are taken for which; a cell lists its rows in the table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QSignalBlocker, Signal

from nnviz.core.accuracy import classifies
from nnviz.core.confusion import Confusion, confusion, decisions
from nnviz.core.names import shorten_names
from nnviz.core.numbers import counted, shown
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import COMPUTING, LATER
from nnviz.ui.confusion.grid import ConfusionGrid
from nnviz.ui.confusion.places import Cell
from nnviz.ui.confusion.texts import percent
from nnviz.ui.plots.live_card import LiveCard
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.widgets.elided import muted_line
from nnviz.ui.widgets.theme import px

NO_TARGETS = "There are no rows with targets: add or load some in the data table"
NO_CLASSES = (
    "There are no classes to count: all targets must be 0 or 1, "
    "and the output layer softmax or sigmoid, or a single node"
)
HINT = "Click a cell to list its rows in the table"
TIP = f"{HINT}; or go there by the arrow keys and press Enter. Escape lists all again"
ALL, TRAINED, VALIDATION = "All rows", "Trained on", "Validation"
GRID_PX = 150
"""So high the matrix is at 100 %, at least."""
LETTERS = 20
"""Of a name in a line of the panel."""


class ConfusionPanel(LiveCard):
    """Shows the confusion matrix of all rows or some.

    ============== ========================================================================
    `rows_wished`  (rows, what): the rows of a cell are wanted, by their numbers in order
    `all_wished`   all rows are wanted again
    `said`         a sentence for the status line
    ============== ========================================================================
    """

    rows_wished = Signal(object, str)
    all_wished = Signal()
    said = Signal(str)
    content_px = 72

    def __init__(self, document: Document, derived: Derived) -> None:
        super().__init__("Classes", "the confusion matrix", "-confusion", document, phase=1 / 3)
        self._document, self._derived = document, derived
        self._found: Confusion | None = None
        self._names: tuple[str, ...] = ()
        self.view = ConfusionGrid()
        self.view.setAccessibleName("Confusion matrix")
        self.view.setMinimumHeight(px(GRID_PX))
        self._make_controls()
        self.caption, self.read_out = muted_line(), muted_line()
        self.pages.put(self.caption, self.view, self.read_out)
        self._connect()
        self.draw()

    def _make_controls(self) -> None:
        self.output, self.part = Choice(), Choice()
        self.part.addItems([ALL, TRAINED, VALIDATION])
        told = (self.output, "The output whose yes and no are counted"), (self.part, "Which rows are counted")
        for choice, tip in told:
            choice.setToolTip(tip)
            choice.setAccessibleName(tip)
            self.add_button(choice)

    def _connect(self) -> None:
        self._derived.computed.connect(self.follow)
        for choice in (self.output, self.part):
            choice.currentIndexChanged.connect(self.draw)
        for pointed in (self.view.hovered, self.view.moved):
            pointed.connect(self._tell)
        self.view.chosen.connect(self._choose)
        self.view.left.connect(self.all_wished)

    @property
    def plot(self) -> ConfusionGrid | None:  # noqa: D102
        return self.view if self.pages.show_plot else None

    def restyle(self) -> None:  # noqa: D102
        self.view.setMinimumHeight(px(GRID_PX))
        super().restyle()

    # --- what it shows

    def draw(self, *_: object) -> None:
        """Count the rows, or say what is missing."""
        state = self._derived.state
        has_targets = state.data.targets is not None and len(state.data) > 0
        missing = "" if classifies(state.network, state.data) else NO_CLASSES if has_targets else NO_TARGETS
        self._offer(not missing)
        if missing:
            self._say_instead(missing)
            return
        names = decisions(state.network)[self._decision]
        decided = self._derived.decided
        if decided is None:
            waits = LATER if self._document.in_motion else COMPUTING
            if self._found is None or names != self._names:
                self._say_instead(waits)
            self.caption.setText(waits)
            return
        wanted, taken = (classes[self._part, self._decision] for classes in decided)
        self._found, self._names = confusion(wanted, taken, len(names)), names
        self.view.show_counts(self._found, names)
        self.pages.show_plot = True
        rows, right = counted(self._found.rows, "row"), self._found.right
        share = f" · {shown(100 * right / self._found.rows)} %" if self._found.rows else ""
        lost = f" · {counted(self._found.lost, 'prediction')} without a number" if self._found.lost else ""
        self.caption.setText(f"{right:,} of {rows} right{share}{lost}")
        self._tell()

    def _say_instead(self, sentence: str) -> None:
        self._found = None
        self.pages.say(sentence)

    @property
    def _decision(self) -> int:
        """Which decision is shown; the only one of a softmax and of an output that is alone."""
        return max(self.output.currentIndex(), 0)

    @property
    def _part(self) -> slice:
        """Which rows are counted."""
        trained = self._derived.state.trained_rows
        return {TRAINED: slice(trained), VALIDATION: slice(trained, None)}.get(
            self.part.currentText(), slice(None)
        )

    def _offer(self, classes: bool) -> None:
        """Offer to choose where there is a choice."""
        state = self._derived.state
        found = decisions(state.network) if classes else ()
        names = [each[-1] for each in found] if len(found) > 1 else []
        if names != [self.output.itemText(k) for k in range(self.output.count())]:
            with QSignalBlocker(self.output):
                at = min(self._decision, max(len(names) - 1, 0))
                self.output.clear()
                self.output.addItems(names)
                self.output.setCurrentIndex(at if names else -1)
        self.output.setVisible(bool(names))
        both = classes and state.validated and state.trained_rows > 0
        if not both and self.part.currentIndex():
            with QSignalBlocker(self.part):
                self.part.setCurrentIndex(0)
        self.part.setVisible(both)

    def _tell(self) -> None:
        """Write out the cell under the mouse, else the one that is chosen."""
        found, cell = self._found, self.view.at
        if found is None:
            return
        self.read_out.setText(self._sentence(found, cell, shortened_names=True) if cell else HINT)
        whole = self._sentence(found, cell) if cell else TIP
        self.view.setToolTip(whole)
        self.view.setAccessibleDescription(f"{self.caption.text()}; {whole}")

    def _sentence(self, found: Confusion, cell: Cell, *, shortened_names: bool = False) -> str:
        """Return what a cell says."""
        count, share = found.counts[cell], found.shares[cell]
        target = self._named(shortened_names)[cell.target]
        of = f" · {percent(share)} of {target}" if found.counts[cell.target].sum() else ""
        return f"{counted(int(count), 'row')}: {self._what(cell, shortened_names)}{of}"

    def _what(self, cell: Cell, shortened_names: bool = False) -> str:
        """Return which rows are in a cell."""
        names = self._named(shortened_names)
        target, prediction = (names[k] for k in cell)
        return f"{target} taken for {prediction}" if cell.target != cell.prediction else f"{target}, right"

    def _named(self, shortened_names: bool) -> Sequence[str]:
        return shorten_names(self._names, LETTERS) if shortened_names else self._names

    def _choose(self, cell: Cell) -> None:
        """Have the rows of a cell listed."""
        decided = self._derived.decided
        if decided is None:
            self.said.emit(self.caption.text())
            return
        wanted, taken = (classes[self._part, self._decision] for classes in decided)
        within = np.flatnonzero((wanted == cell.target) & (taken == cell.prediction))
        part = "" if self.part.currentIndex() <= 0 else f" ({self.part.currentText().lower()})"
        if len(within):
            self.rows_wished.emit(within + (self._part.start or 0), self._what(cell) + part)
        else:
            self.said.emit(f"No row: {self._what(cell)}{part}")
