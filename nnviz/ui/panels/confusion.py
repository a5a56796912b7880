"""The confusion matrix panel: the layout, painting and keys of the grid, and its texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QKeyEvent, QPainter, QPaintEvent, QPen

from nnviz.core.metrics import Confusion, DecidedClasses, classifies, confusion, decisions
from nnviz.core.numbers import as_text, counted, shorten_names
from nnviz.core.state import State
from nnviz.document.idle import COMPUTING, REDRAWN_LATER
from nnviz.document.moment import Moment, is_new
from nnviz.picture.matrix import ink_on
from nnviz.picture.palette import Palette, rgb
from nnviz.ui.kit.controls import Choice, muted_label, shorten_to_width
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.theme import colours, px, ui_font
from nnviz.ui.plot.card import Pages, PlotPanel
from nnviz.ui.plot.points import CellGrid, draw_outline

NAME_PX, TITLE_PX = 11, 11.5
"""Font size in pixels at 100 %: NAME_PX for class names, TITLE_PX for the titles of the axes."""
GAP = 6.0
"""Pixels between a text and the grid."""
NAME_SHARE = 0.3
"""Largest share of the width or height that class names may take."""
LEAST_NAME = 48.0
"""If columns are narrower than this, in pixels at 100 %, names that do not fit are written upwards."""
LARGEST_CELL = 110.0, 90.0
"""Largest width and height of a cell, in pixels at 100 %."""
LEAST_CELL = 24.0
"""If cells would be narrower than this, in pixels at 100 %, recall and precision are left out."""
RIM = 5.0
"""Margin in pixels around the matrix, for the frame that shows the keyboard focus."""


class ClassCell(NamedTuple):
    """A cell of the matrix: the indices of the target class and the predicted class."""

    target: int
    prediction: int


@dataclass(frozen=True)
class GridPlaces:
    """The layout, in pixels, of a grid with `classes` rows and columns, and of the texts around the grid.

    ============ ==========================================================================
    `grid`       the rectangle of all cells
    `left`       width of the names at the left of the grid; 0 without names
    `above`      height of the names above the grid; 0 without names
    `upright`    whether the names above the grid are written upwards
    `shares`     width of the recalls right of the grid, height of the precisions below it
    ============ ==========================================================================

    `shares` is (0, 0) if recall and precision are left out.
    """

    grid: QRectF
    classes: int
    left: float
    above: float
    upright: bool
    shares: tuple[float, float]

    def cell(self, cell: ClassCell) -> QRectF:
        """Return the rectangle of a cell."""
        width, height = self.grid.width() / self.classes, self.grid.height() / self.classes
        left, top = self.grid.left() + cell.prediction * width, self.grid.top() + cell.target * height
        return QRectF(left, top, width, height)

    def cell_at(self, x: float, y: float) -> ClassCell | None:
        """Return the cell at a point, or None if the point is outside the grid."""
        column = int((x - self.grid.left()) // (self.grid.width() / self.classes))
        row = int((y - self.grid.top()) // (self.grid.height() / self.classes))
        inside = 0 <= column < self.classes and 0 <= row < self.classes
        return ClassCell(row, column) if inside else None


def grid_places(names: Sequence[str], width: float, height: float) -> GridPlaces:
    """Return the largest layout that fits in an area of `width` × `height` pixels, centred in this area."""
    count, metrics = len(names), QFontMetricsF(ui_font(NAME_PX))
    title, line = QFontMetricsF(ui_font(TITLE_PX)).height(), metrics.height()
    longest = max(map(metrics.horizontalAdvance, names))
    room = QRectF(0, 0, width, height).adjusted(RIM + title, RIM + title, -RIM, -RIM)
    left = min(longest, NAME_SHARE * width) + 2 * GAP if line * (count + 2) <= room.height() else 0.0
    recall = metrics.horizontalAdvance("100 %") + 2 * GAP
    has_shares = (room.width() - left - recall) / count >= px(LEAST_CELL) and left > 0
    shares = (recall, line + GAP) if has_shares else (0.0, 0.0)
    across = min((room.width() - left - shares[0]) / count, px(LARGEST_CELL[0]))
    upright = longest + GAP > across and across < px(LEAST_NAME)
    above = (min(longest, NAME_SHARE * height) if upright else line) + 2 * GAP
    if upright and left:  # horizontal names at the left are easier to read, so they get the room first
        above = min(above, room.height() - shares[1] - line * count)
    if upright and (line > across or above < 3 * line):
        above = 0.0
    down = min((room.height() - above - shares[1]) / count, px(LARGEST_CELL[1]))
    if line > down + 0.01:
        left = 0.0
    total = left + across * count + shares[0], above + down * count + shares[1]
    x = room.left() + (room.width() - total[0]) / 2 + left
    y = room.top() + (room.height() - total[1]) / 2 + above
    return GridPlaces(QRectF(x, y, across * count, down * count), count, left, above, upright, shares)


TARGET, PREDICTION = "target class", "predicted class"
RECALL, PRECISION = "recall", "precision"
COUNT_PX = 13, 11, 9.5
"""Font sizes of counts, in pixels at 100 %. The matrix uses the first size in which all counts fit."""
FEW_CLASSES = 12
"""With more classes than this, counts of 0 are not written, so that the other counts stand out."""
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
MIDDLE = Qt.AlignmentFlag.AlignCenter


def paint_titles(painter: QPainter, places: GridPlaces) -> None:
    """Write the titles of the axes, above and at the left of the class names."""
    painter.setFont(ui_font(TITLE_PX))
    painter.setPen(QColor(colours().muted))
    grid, high = places.grid, QFontMetricsF(painter.font()).height()
    wide = max(grid.width(), QFontMetricsF(painter.font()).horizontalAdvance(PREDICTION))
    top = QRectF(grid.center().x() - wide / 2, grid.top() - places.above - high, wide, high)
    painter.drawText(top, MIDDLE, PREDICTION)
    _write_up(painter, grid.left() - places.left - high / 2, grid.center().y(), TARGET, MIDDLE, grid.height())


def paint_names(painter: QPainter, places: GridPlaces, names: Sequence[str]) -> None:
    """Write the names of the classes, shortened to the room they have."""
    painter.setFont(ui_font(NAME_PX))
    painter.setPen(QColor(colours().ink))
    font, across = painter.font(), places.cell(ClassCell(0, 0)).width() - 4
    if places.left:
        for k, name in enumerate(shorten_to_width(names, font, places.left - GAP)):
            row = places.cell(ClassCell(k, 0))
            room = QRectF(row.left() - places.left, row.top(), places.left - GAP, row.height())
            painter.drawText(room, RIGHT, name)
    if not places.above:
        return
    for k, name in enumerate(shorten_to_width(names, font, places.above - GAP if places.upright else across)):
        column = places.cell(ClassCell(0, k))
        if places.upright:
            middle = column.top() - places.above / 2
            _write_up(painter, column.center().x(), middle, name, LEFT, places.above - GAP)
        else:
            room = QRectF(column.left() + 2, column.top() - places.above, across, places.above)
            painter.drawText(room, MIDDLE, name)


def paint_counts(painter: QPainter, places: GridPlaces, counts: NDArray[np.intp], image: QImage) -> None:
    """Write the counts into the cells. If the largest count does not fit into its cell, write no counts.

    `image` has one pixel for each cell: the cell's colour, which decides the colour of the count.
    """
    font = _fitting_font(f"{counts.max():,}", places.cell(ClassCell(0, 0)))
    if font is None:
        return
    painter.setFont(font)
    few = len(counts) <= FEW_CLASSES
    for target, prediction in zip(*map(np.ndarray.tolist, _written_cells(counts, few)), strict=True):
        count, pixel = int(counts[target, prediction]), image.pixel(prediction, target)
        painter.setPen(QColor(ink_on(pixel) if count else colours().muted))
        painter.drawText(places.cell(ClassCell(target, prediction)), MIDDLE, f"{count:,}")


def paint_shares(painter: QPainter, places: GridPlaces, matrix: Confusion) -> None:
    """Write the recalls of the classes right of the grid, and the precisions below the grid, if they fit."""
    width, height = places.shares
    if not width:
        return
    painter.setFont(ui_font(NAME_PX))
    painter.setPen(QColor(colours().muted))
    grid, line = places.grid, QFontMetricsF(painter.font()).height()
    for k, (recall, precision) in enumerate(zip(matrix.recalls, matrix.precisions, strict=True)):
        row, column = places.cell(ClassCell(k, 0)), places.cell(ClassCell(0, k))
        right = QRectF(grid.right() + GAP, row.top(), width - GAP, row.height())
        painter.drawText(right, RIGHT, percent(recall))
        below = QRectF(column.left(), grid.bottom(), column.width(), height)
        if painter.fontMetrics().horizontalAdvance("100 %") <= column.width():
            painter.drawText(below, MIDDLE, percent(precision))
    if line <= places.above:
        painter.drawText(QRectF(grid.right(), grid.top() - line - GAP, width, line + GAP), RIGHT, RECALL)
    room = QRectF(grid.left() - places.left, grid.bottom(), places.left - GAP, height)
    if painter.fontMetrics().horizontalAdvance(PRECISION) <= room.width():
        painter.drawText(room, RIGHT, PRECISION)


def percent(share: float) -> str:
    """Return a share as a percentage. "100 %" means exactly 1 and "0 %" means exactly 0; NaN gives "–"."""
    if np.isnan(share):
        return "–"
    percentage = round(100 * share)
    if percentage in (0, 100) and share not in (0, 1):
        return "> 99 %" if percentage else "< 1 %"
    return f"{percentage} %"


def _written_cells(counts: NDArray[np.intp], zeros: bool) -> tuple[NDArray[np.intp], ...]:
    """Return the row and column indices of the cells with a written count, with or without zeros."""
    return np.nonzero(np.ones_like(counts) if zeros else counts)


def _fitting_font(text: str, cell: QRectF) -> QFont | None:
    """Return the first font in which the text fits into a cell, or None."""
    for size in COUNT_PX:
        metrics = QFontMetricsF(ui_font(size))
        if metrics.horizontalAdvance(text) + 4 <= cell.width() and metrics.height() <= cell.height():
            return ui_font(size)
    return None


def _write_up(painter: QPainter, x: float, y: float, text: str, side: Qt.AlignmentFlag, room: float) -> None:
    """Write a text upwards, centred at a point."""
    high = QFontMetricsF(painter.font()).height()
    painter.save()
    painter.translate(x, y)
    painter.rotate(-90)
    room = max(room, QFontMetricsF(painter.font()).horizontalAdvance(text))
    painter.drawText(QRectF(-room / 2, -high / 2, room, high), side, text)
    painter.restore()


STEPS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}


class ConfusionGrid(CellGrid[ClassCell]):
    """The grid of counts: a row for each target class, a column for each predicted class.

    =============== ================================================
    `cell_selected` the arrow keys have selected another cell
    `cell_chosen`   the user has clicked a cell or pressed Enter on it
    `escaped`       the user has pressed Escape
    =============== ================================================
    """

    cell_selected = Signal()
    cell_chosen = Signal(object)
    escaped = Signal()

    def __init__(self) -> None:
        super().__init__(least=34, wished=300)
        self._matrix = Confusion(np.zeros((2, 2), dtype=np.intp), 0)
        self._names: Sequence[str] = ("", "")
        self._image = QImage()
        self._places: GridPlaces | None = None
        self._selected: ClassCell | None = None
        self.clicked.connect(self._click)

    @property
    def current_cell(self) -> ClassCell | None:
        """The cell under the mouse, else the cell that was last clicked or selected by key, else None."""
        return self.hover or self._selected

    def show_counts(self, matrix: Confusion, names: Sequence[str]) -> None:
        """Show the counts of `matrix`; `names` are the names of the classes."""
        if names != self._names:
            self._places = self._selected = self.hover = None
        self._matrix, self._names = matrix, names
        self._image = image_of(matrix, colours())
        self.update()

    def places(self) -> GridPlaces:
        """Return the layout for the current size."""
        if self._places is None:
            self._places = grid_places(self._names, self.width(), self.height())
        return self._places

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cells, lines and texts, and outline the diagonal and the selected cell."""
        places, p = self.places(), colours()
        with QPainter(self) as painter:
            painter.drawImage(places.grid, self._image)
            self._paint_lines(painter, places, p)
            paint_titles(painter, places)
            paint_names(painter, places, self._names)
            paint_counts(painter, places, self._matrix.counts, self._image)
            paint_shares(painter, places, self._matrix)
            marks = (self.hover, QPen(QColor(p.ink), 1)), (self._selected, QPen(QColor(p.accent), 2))
            for cell, pen in marks:
                if cell:
                    _outline(painter, places.cell(cell), QPen(QColor(p.surface), pen.width() + 2), pen)
            self.paint_focus(painter)

    def _paint_lines(self, painter: QPainter, places: GridPlaces, p: Palette) -> None:
        """Paint a thin line around cells that are large enough, and a darker one on the diagonal."""
        roomy = places.cell(ClassCell(0, 0)).width() >= 8
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(p.line), 1.0))
        if not roomy:
            painter.drawRect(places.grid.adjusted(-0.5, -0.5, 0.5, 0.5))
            return
        for k in range(places.classes):
            row, column = places.cell(ClassCell(k, 0)), places.cell(ClassCell(0, k))
            painter.drawRect(QRectF(row.left(), row.top(), places.grid.width(), row.height()))
            painter.drawRect(QRectF(column.left(), column.top(), column.width(), places.grid.height()))
        for k in range(places.classes):
            _outline(painter, places.cell(ClassCell(k, k)), QPen(QColor(p.muted), 1.5))

    # --- events

    def cell_at(self, x: float, y: float) -> ClassCell | None:  # noqa: D102
        return self.places().cell_at(x, y)

    def _click(self, cell: ClassCell) -> None:
        self._go_to(cell)
        self.cell_chosen.emit(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move with the arrow keys, choose a cell with Enter, emit `escaped` with Escape."""
        if event.key() in STEPS:
            down, right = STEPS[Qt.Key(event.key())]
            last = len(self._names) - 1
            at = self._selected or ClassCell(-down, -right)  # so that the first key selects the first cell
            self._go_to(
                ClassCell(min(max(at.target + down, 0), last), min(max(at.prediction + right, 0), last))
            )
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._selected:
            self.cell_chosen.emit(self._selected)
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)

    def _go_to(self, cell: ClassCell) -> None:
        self._selected = cell
        self.cell_selected.emit()
        self.update()

    def resizeEvent(self, event: QEvent) -> None:  # noqa: D102
        self._places = None

    def changeEvent(self, event: QEvent) -> None:
        """Use the new theme's colours, or the new font size."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._places = None
            self._image = image_of(self._matrix, colours())
            self.update()


def image_of(matrix: Confusion, palette: Palette) -> QImage:
    """Return an image with one pixel per cell. The colour shows the cell's share of the counts in the row."""
    low, high = np.array(rgb(palette.canvas)), np.array(rgb(palette.output_node))
    strength = np.sqrt(matrix.shares)[..., None]  # the root makes small shares visible
    mixed = np.rint(low * (1.0 - strength) + high * strength).astype(np.uint32)
    data = 0xFF000000 | mixed[..., 0] << 16 | mixed[..., 1] << 8 | mixed[..., 2]
    rows, columns = data.shape
    pixels = np.ascontiguousarray(data.astype(np.uint32)).tobytes()
    return QImage(pixels, columns, rows, 4 * columns, QImage.Format.Format_RGB32).copy()


def _outline(painter: QPainter, place: QRectF, *pens: QPen) -> None:
    draw_outline(painter, place.adjusted(0.5, 0.5, -0.5, -0.5), pens)


NO_TARGETS = "No row has targets: type targets in the data table, or load rows with targets"
NO_CLASSES = (
    "nnviz cannot count classes here: all targets must be 0 or 1, "
    "and the output layer must be softmax, sigmoid or a single node"
)
HINT = "Click a cell to list its rows in the data table"
TIP = "Click a cell, or select it with arrow keys and press Enter, to list its rows. Escape lists all rows"
ALL, TRAINED, VALIDATION = "All rows", "Training", "Validation"
GRID_PX = 150
"""Minimum height of the matrix, in pixels at 100 %."""
LETTERS = 20
"""Largest number of letters of a class name in the line below the matrix. Longer names are shortened."""


class ConfusionPanel(PlotPanel):
    """The panel with the confusion matrix of all rows, the training rows or the validation rows."""

    content_px = 72

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "Confusion", "the confusion matrix", "-confusion")
        self._decided: DecidedClasses | None = None
        self._matrix: Confusion | None = None
        self._names: tuple[str, ...] = ()
        self.view = ConfusionGrid()
        self.view.setAccessibleName("Confusion matrix")
        self.view.setMinimumHeight(px(GRID_PX))
        self._make_controls()
        self.caption, self.readout = muted_label(), muted_label()
        self.pages = Pages(self)
        self.pages.add_plot(self.caption, self.view, self.readout)
        for pointed in (self.view.hovered, self.view.cell_selected):
            pointed.connect(self._show_cell)
        self.view.cell_chosen.connect(self._list_rows)
        self.view.escaped.connect(desk.all_rows_requested)

    def _make_controls(self) -> None:
        self.output, self.part = Choice(), Choice()
        self.part.addItems([ALL, TRAINED, VALIDATION])
        for choice, name, use in ((self.output, "output", "to show"), (self.part, "rows", "to count")):
            choice.setToolTip(f"Choose the {name} {use}")
            choice.setAccessibleName(name.capitalize())
            choice.currentIndexChanged.connect(self.show_now)
            self.add_button(choice)

    @property
    def plot(self) -> ConfusionGrid | None:  # noqa: D102
        return self.view if self.pages.plot_visible else None

    def restyle(self) -> None:  # noqa: D102
        self.view.setMinimumHeight(px(GRID_PX))
        super().restyle()

    # --- what it shows

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Count the rows of every cell, or show a message that says why nnviz cannot count the rows."""
        data, network = new.state.data, new.state.network
        has_targets = data.targets is not None and len(data) > 0
        missing = "" if classifies(network, data) else NO_CLASSES if has_targets else NO_TARGETS
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
        if self._matrix is None or names != self._names:
            self._matrix = None
            self.pages.show_sentence(sentence)
        self.caption.setText(sentence)

    def _show_counts(self, state: State, decided: DecidedClasses, names: tuple[str, ...]) -> None:
        targets, predictions = (classes[self._part(state), self._decision] for classes in decided)
        self._matrix, self._names = confusion(targets, predictions, len(names)), names
        self.view.show_counts(self._matrix, names)
        self.pages.plot_visible = True
        rows, right = counted(self._matrix.rows, "row"), self._matrix.correct
        share = f"{as_text(100 * right / self._matrix.rows)} %" if self._matrix.rows else ""
        lost = f"NaN in {counted(self._matrix.uncounted, 'prediction')}" if self._matrix.uncounted else ""
        self.caption.setText(" · ".join(filter(None, (f"{right:,} of {rows} correct", share, lost))))
        self._show_cell()

    @property
    def _decision(self) -> int:
        """The index of the counted decision: the selected output, or 0 if there is only one decision."""
        return max(self.output.currentIndex(), 0)

    def _part(self, state: State) -> slice:
        """Return the counted rows."""
        parts = {TRAINED: slice(state.trained_rows), VALIDATION: slice(state.trained_rows, None)}
        return parts.get(self.part.currentText(), slice(None))

    def _offer_choices(self, state: State, classes: bool) -> None:
        """Show the combo boxes of outputs and rows if there is more than one of them."""
        offered = decisions(state.network) if classes else ()
        names = [each[-1] for each in offered] if len(offered) > 1 else []
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

    def _show_cell(self) -> None:
        """Describe the cell under the mouse, else the selected cell, below the matrix."""
        matrix, cell = self._matrix, self.view.current_cell
        if matrix is None:
            return
        self.readout.setText(self._cell_text(matrix, cell, short=True) if cell else HINT)
        tip = self._cell_text(matrix, cell) if cell else TIP
        self.view.setToolTip(tip)
        self.view.setAccessibleDescription(f"{self.caption.text()}; {tip}")

    def _cell_text(self, matrix: Confusion, cell: ClassCell, *, short: bool = False) -> str:
        """Return the count of a cell, its classes, and its share of the target class."""
        rows, share = counted(int(matrix.counts[cell]), "row"), percent(matrix.shares[cell])
        target, what = self._class_names(short)[cell.target], self._row_description(cell, short)
        empty = not matrix.counts[cell.target].sum()
        return f"{rows}: {what}" if empty else f"{rows}: {what} · {share} of class {target}"

    def _row_description(self, cell: ClassCell, short: bool = False) -> str:
        """Return which rows a cell counts."""
        target, prediction = (self._class_names(short)[k] for k in cell)
        correct = cell.target == cell.prediction
        return f"{target} predicted correctly" if correct else f"{target} predicted as {prediction}"

    def _class_names(self, short: bool) -> Sequence[str]:
        return shorten_names(self._names, LETTERS) if short else self._names

    def _list_rows(self, cell: ClassCell) -> None:
        """Ask for the rows of a cell in the data table."""
        state, decided = self._document.state, self._document.now.row_classes
        if decided is None:
            self._desk.message.emit(self.caption.text())
            return
        counted_rows = self._part(state)
        targets, predictions = (classes[counted_rows, self._decision] for classes in decided)
        rows = np.flatnonzero((targets == cell.target) & (predictions == cell.prediction))
        part, what = self.part.currentText().lower(), self._row_description(cell)
        what = what if self.part.currentIndex() <= 0 else f"{what} ({part})"
        if len(rows):
            self._desk.rows_requested.emit(rows + (counted_rows.start or 0), what)
        else:
            self._desk.message.emit(f"This cell has no rows: {what}")
