"""The confusion matrix panel: the painting of the grid, and its texts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QKeyEvent, QPainter

from nnviz.core.activations import Array
from nnviz.core.metrics import Confusion, DecidedClasses, classifies, confusion, decisions
from nnviz.core.numbers import counted, percent_text
from nnviz.core.state import State
from nnviz.document.idle import COMPUTING, REDRAWN_LATER
from nnviz.document.moment import Moment, is_new
from nnviz.picture.matrix import Cell, MatrixImage
from nnviz.picture.palette import Palette, rgb
from nnviz.picture.parts import Rect
from nnviz.ui.kit.controls import muted_label
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.theme import colours, px, ui_font
from nnviz.ui.plot.card import Pages, PlotPanel
from nnviz.ui.plot.grid import GAP, MIDDLE, NAME_PX, RIGHT, ImageGrid, Mark, NameRoom, write_up

TITLE_PX = 11.5
"""Font size of the titles of the axes, in pixels at 100 %."""
LEAST_CELL = 24.0
"""If cells would be narrower than this, in pixels at 100 %, recall and precision are left out."""
TARGET, PREDICTION = "target class", "predicted class"
RECALL, PRECISION, WIDEST = "recall", "precision", "66.67 %"
"""Titles of the shares of the classes, and a sample of a share that needs much room."""
FEW_NAMES, GRID_PX, NAMED_GRID_PX = 5, 150, 215
"""GRID_PX: minimum height of the matrix with up to FEW_NAMES classes, in pixels at 100 %.

NAMED_GRID_PX: minimum height with more classes, at which the names of ten classes fit.
"""


def percent(share: float) -> str:
    """Return a share as a percentage; NaN gives "–"."""
    return "–" if np.isnan(share) else percent_text(share)


class ConfusionGrid(ImageGrid):
    """The grid of counts, `matrix`: a row for each target class, a column for each predicted class.

    Recall and precision of the classes stand right of the grid and below it if there is room.
    """

    def __init__(self) -> None:
        super().__init__(least=GRID_PX, wished=300)
        self.matrix = Confusion(np.zeros((1, 1), dtype=np.intp), 0)
        self._shares = 0.0, 0.0
        """Width of the recalls and height of the precisions; 0 if they are left out."""

    def show_counts(self, matrix: Confusion, names: Sequence[str]) -> None:
        """Show the counts of `matrix`; `names` are the names of the classes."""
        self.matrix = matrix
        self.show_values(matrix.shares, (names, names))

    def colours_of(self, values: Array) -> NDArray[np.uint32]:  # noqa: D102
        return share_colours(values, colours())

    def texts(self) -> NDArray[np.str_]:  # noqa: D102
        return np.array([[f"{count:,}" for count in row] for row in self.matrix.counts.tolist()])

    def room(self) -> Rect:
        """Return the room without titles, and without recall and precision if the cells are large enough."""
        names, title = QFontMetricsF(ui_font(NAME_PX)), QFontMetricsF(ui_font(TITLE_PX)).height()
        x, y, width, height = super().room()
        room = Rect(x + title + GAP, y + title, width - title - GAP, height - title)
        self._shares = names.horizontalAdvance(WIDEST) + 2 * GAP, names.height() + GAP
        smaller = room._replace(width=room.width - self._shares[0], height=room.height - self._shares[1])
        cells, names_room = self.fit(smaller)
        if names_room.left and cells.column(0).width >= px(LEAST_CELL):
            return smaller
        self._shares = 0.0, 0.0
        return room

    def paint_cells(self, painter: QPainter, cells: MatrixImage, room: NameRoom, image: QImage) -> None:
        """Paint the cells, and the texts around the grid."""
        super().paint_cells(painter, cells, room, image)
        painter.setPen(QColor(colours().muted))
        self._paint_titles(painter, cells, room)
        if self._shares[0]:
            self._paint_shares(painter, cells, room)

    def _paint_titles(self, painter: QPainter, cells: MatrixImage, room: NameRoom) -> None:
        """Write the titles of the axes, above and at the left of the class names."""
        painter.setFont(ui_font(TITLE_PX))
        metrics, (x, y) = QFontMetricsF(painter.font()), cells.room.center
        high, wide = metrics.height(), max(cells.room.width, metrics.horizontalAdvance(PREDICTION))
        top = QRectF(x - wide / 2, cells.room.y - room.above - high, wide, high)
        painter.drawText(top, MIDDLE, PREDICTION)
        write_up(painter, cells.room.x - room.left - GAP - high / 2, y, TARGET, cells.room.height)

    def _paint_shares(self, painter: QPainter, cells: MatrixImage, room: NameRoom) -> None:
        """Write the recall of each class right of the grid, and the precisions below it if they fit."""
        painter.setFont(ui_font(NAME_PX))
        (width, height), grid, metrics = self._shares, cells.room, QFontMetricsF(painter.font())
        fits = metrics.horizontalAdvance(WIDEST) <= cells.column(0).width
        shares = zip(self.matrix.recalls, self.matrix.precisions, strict=True)
        for k, (recall, precision) in enumerate(shares):
            row, column = cells.row(k), cells.column(k)
            painter.drawText(QRectF(grid.right + GAP, row.y, width - GAP, row.height), RIGHT, percent(recall))
            if fits:
                below = QRectF(column.x, grid.bottom, column.width, height)
                painter.drawText(below, MIDDLE, percent(precision))
        line = metrics.height()
        if line <= room.above:
            painter.drawText(QRectF(grid.right, grid.y - line - GAP, width, line + GAP), RIGHT, RECALL)
        if metrics.horizontalAdvance(PRECISION) <= room.left - GAP:
            beside = QRectF(grid.x - room.left, grid.bottom, room.left - GAP, height)
            painter.drawText(beside, RIGHT, PRECISION)


def share_colours(shares: Array, palette: Palette) -> NDArray[np.uint32]:
    """Return the colour of each share, from 0 to 1, as 0xffrrggbb, in the shape of `shares`."""
    low, high = np.array(rgb(palette.canvas)), np.array(rgb(palette.output_node))
    strength = np.sqrt(shares)[..., None]  # the root makes small shares visible
    mixed = np.rint(low * (1.0 - strength) + high * strength).astype(np.uint32)
    result: NDArray[np.uint32] = 0xFF000000 | mixed[..., 0] << 16 | mixed[..., 1] << 8 | mixed[..., 2]
    return result


NO_TARGETS = "No row has targets: type targets in the data table, or load rows with targets"
NO_CLASSES = (
    "nnviz cannot count classes here: all targets must be 0 or 1, "
    "and the output layer must be softmax, sigmoid or a single node"
)
HINT = "Click a cell to list its rows in the data table"
TIP = "Click a cell, or select it with arrow keys and press Enter, to list its rows. Escape lists all rows"
PARTS = "All rows", "Training", "Validation"


class ConfusionPanel(PlotPanel):
    """The panel with the confusion matrix of all rows, the training rows or the validation rows."""

    content_px = 72

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Confusion", "the confusion matrix", "-confusion")
        self._decided: DecidedClasses | None = None
        self.view = ConfusionGrid()
        self.view.setAccessibleName("Confusion matrix")
        self.output = self.add_box("Output", "Choose the output to show")
        self.part = self.add_box("Rows", "Choose the rows to count")
        self.part.addItems(PARTS)
        for box in (self.output, self.part):
            box.currentIndexChanged.connect(self.show_now)
        self.caption, self.readout = muted_label(), muted_label()
        self.readout.elided = Qt.TextElideMode.ElideMiddle  # so that count and share stay visible
        self.pages = Pages(self)
        self.pages.add_plot(self.caption, self.view, self.readout)
        self.view.hovered.connect(self._show_cell)
        self.view.moved.connect(self._select)
        self.view.clicked.connect(self._list_rows)

    @property
    def plot(self) -> ConfusionGrid | None:  # noqa: D102
        return self.view if self.pages.plot_visible else None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """List all rows on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self._desk.all_rows_requested.emit()
        else:
            super().keyPressEvent(event)

    # --- what it shows

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Count the rows of every cell, or show a message that says why nnviz cannot count the rows."""
        data, network = new.state.data, new.state.network
        has_targets = data.targets is not None and len(data) > 0
        missing = "" if classifies(new.state) else NO_CLASSES if has_targets else NO_TARGETS
        decided = None if missing else new.row_classes
        if not is_new(old, new, "state", "is_moving") and decided is self._decided:
            return
        self._decided = decided
        self._offer_choices(new.state, not missing)
        names = () if missing else decisions(network)[self._decision]
        if decided:
            self._show_counts(new.state, decided, names)
            return
        sentence = missing or (REDRAWN_LATER if new.is_moving else COMPUTING)
        if not self.pages.plot_visible or names != self.view.names[0]:
            self.pages.show_sentence(sentence)
        self.caption.setText(sentence)

    def _show_counts(self, state: State, decided: DecidedClasses, names: tuple[str, ...]) -> None:
        targets, predictions = (classes[self._part(state), self._decision] for classes in decided)
        matrix = confusion(targets, predictions, len(names))
        self.view.setMinimumHeight(px(GRID_PX if len(names) <= FEW_NAMES else NAMED_GRID_PX))
        self.view.show_counts(matrix, names)
        self.pages.plot_visible = True
        rows, right = counted(matrix.rows, "row"), matrix.correct
        share = percent_text(right / matrix.rows) if matrix.rows else ""
        lost = f"NaN in {counted(matrix.uncounted, 'prediction')}" if matrix.uncounted else ""
        self.caption.setText(" · ".join(filter(None, (f"{right:,} of {rows} correct", share, lost))))
        self._show_cell()

    @property
    def _decision(self) -> int:
        """The index of the counted decision: the selected output, or 0 if there is only one decision."""
        return max(self.output.currentIndex(), 0)

    def _part(self, state: State) -> slice:
        """Return the counted rows."""
        trained = state.trained_rows
        return (slice(None), slice(trained), slice(trained, None))[self.part.currentIndex()]

    def _offer_choices(self, state: State, classes: bool) -> None:
        """Show the combo boxes of outputs and rows if there is more than one of them."""
        offered = decisions(state.network) if classes else ()
        names = [each[-1] for each in offered] if len(offered) > 1 else []
        self.output.show_items(names, min(self._decision, len(names) - 1))
        self.output.setVisible(bool(names))
        both = classes and state.validated and state.trained_rows > 0
        if not both:
            self.part.show_items(PARTS, 0)
        self.part.setVisible(both)

    def _select(self, mark: Mark) -> None:
        self.view.show_mark(Mark(mark.row or 0, mark.column or 0))  # the first key selects the first cell
        self._show_cell()

    def _show_cell(self) -> None:
        """Describe the cell under the mouse, else the selected cell, below the matrix."""
        if not self.pages.plot_visible:
            return
        cell = self.view.hover or self.view.selected
        text = self._cell_text(cell) if cell else ""
        tip = text or TIP
        self.readout.setText(text or HINT)
        self.view.setToolTip(tip)
        self.view.setAccessibleDescription(f"{self.caption.text()}; {tip}")

    def _cell_text(self, cell: Cell) -> str:
        """Return the count of a cell, its classes, and its share of the target class."""
        matrix, names = self.view.matrix, self.view.names[0]
        rows, share = counted(int(matrix.counts[cell]), "row"), percent(matrix.shares[cell])
        text = f"{rows}: {self._row_description(cell)}"
        return f"{text} · {share} of class {names[cell.row]}" if matrix.counts[cell.row].any() else text

    def _row_description(self, cell: Cell) -> str:
        """Return which rows a cell counts."""
        target, prediction = (self.view.names[0][k] for k in cell)
        correct = cell.row == cell.column
        return f"{target} predicted correctly" if correct else f"{target} predicted as {prediction}"

    def _list_rows(self, cell: Cell) -> None:
        """Select a cell, and ask for its rows in the data table."""
        self._select(Mark(*cell))
        state, decided = self._document.state, self._document.now.row_classes
        if decided is None:
            self._desk.message.emit(self.caption.text())
            return
        counted_rows = self._part(state)
        targets, predictions = (classes[counted_rows, self._decision] for classes in decided)
        rows = np.flatnonzero((targets == cell.row) & (predictions == cell.column))
        part, what = self.part.currentText().lower(), self._row_description(cell)
        what = what if self.part.currentIndex() <= 0 else f"{what} ({part})"
        if len(rows):
            self._desk.rows_requested.emit(rows + (counted_rows.start or 0), what)
        else:
            self._desk.message.emit(f"This cell has no rows: {what}")
