"""The confusion matrix: a grid of classes with counts, and its texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QKeyEvent, QPainter, QPaintEvent, QPen

from nnviz.core.metrics import Confusion, classifies, confusion, decisions
from nnviz.core.numbers import counted, shorten_names, shown
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import COMPUTING, LATER
from nnviz.picture.matrix import ink_on
from nnviz.picture.palette import Palette, rgb
from nnviz.ui.kit.controls import Choice, muted_line, shorten_to_width
from nnviz.ui.kit.theme import colours, px, ui_font
from nnviz.ui.plot.card import LiveCard
from nnviz.ui.plot.points import CellGrid, outline

NAME_PX, TITLE_PX = 11, 11.5
"""Font sizes."""
GAP = 6.0
"""Pixels between a text and what it stands beside."""
SHARE = 0.3
"""Of the room names take at most, at the left and above."""
LEAST_NAME = 48.0
"""Pixels that a name above has at least where it is written across and shortened."""
LARGEST_CELL = 110.0, 90.0
"""Width and height of a cell, at most."""
LEAST_CELL = 24.0
"""Beside cells that are less wide there are no shares: they would take the room of counts."""
RIM = 5.0
"""Around everything, for the mark of the keyboard."""


class ClassCell(NamedTuple):
    """Rows of one class that are taken as one class, each by its place among the classes."""

    target: int
    prediction: int


@dataclass(frozen=True)
class GridPlaces:
    """The grid of `classes` times `classes` cells, and what stands around it.

    ============ =========================================================================
    `grid`       where all cells are
    `left`       the width of the names at its left; 0 where they have no room
    `above`      the height of those above it; 0 where they have no room
    `upright`    whether those above are written upwards
    `shares`     the width of the shares at its right, the height of those below; or 0, 0
    ============ =========================================================================
    """

    grid: QRectF
    classes: int
    left: float
    above: float
    upright: bool
    shares: tuple[float, float]

    def cell(self, cell: ClassCell) -> QRectF:
        """Return where a cell is."""
        width, height = self.grid.width() / self.classes, self.grid.height() / self.classes
        left, top = self.grid.left() + cell.prediction * width, self.grid.top() + cell.target * height
        return QRectF(left, top, width, height)

    def at(self, x: float, y: float) -> ClassCell | None:
        """Return the cell at a point; None beside the grid."""
        column = int((x - self.grid.left()) // (self.grid.width() / self.classes))
        row = int((y - self.grid.top()) // (self.grid.height() / self.classes))
        there = 0 <= column < self.classes and 0 <= row < self.classes
        return ClassCell(row, column) if there else None


def placed(names: Sequence[str], width: float, height: float) -> GridPlaces:
    """Return where everything stands in so many pixels, as large as it may be and in the middle."""
    count, metrics = len(names), QFontMetricsF(ui_font(NAME_PX))
    title, line = QFontMetricsF(ui_font(TITLE_PX)).height(), metrics.height()
    longest = max(map(metrics.horizontalAdvance, names))
    room = QRectF(0, 0, width, height).adjusted(RIM + title, RIM + title, -RIM, -RIM)
    left = min(longest, SHARE * width) + 2 * GAP if line * (count + 2) <= room.height() else 0.0
    beside = metrics.horizontalAdvance("100 %") + 2 * GAP
    shared = (room.width() - left - beside) / count >= px(LEAST_CELL) and left > 0
    shares = (beside, line + GAP) if shared else (0.0, 0.0)
    across = min((room.width() - left - shares[0]) / count, px(LARGEST_CELL[0]))
    upright = longest + GAP > across and across < px(LEAST_NAME)
    above = (min(longest, SHARE * height) if upright else line) + 2 * GAP
    if upright and left:  # names at the left come first: they are read more easily
        above = min(above, room.height() - shares[1] - line * count)
    if upright and (line > across or above < 3 * line):
        above = 0.0
    down = min((room.height() - above - shares[1]) / count, px(LARGEST_CELL[1]))
    if line > down + 0.01:
        left = 0.0
    whole = left + across * count + shares[0], above + down * count + shares[1]
    x = room.left() + (room.width() - whole[0]) / 2 + left
    y = room.top() + (room.height() - whole[1]) / 2 + above
    return GridPlaces(QRectF(x, y, across * count, down * count), count, left, above, upright, shares)


TARGET, PREDICTION = "target class", "predicted class"
RECALL, PRECISION = "recall", "precision"
COUNT_PX = 13, 11, 9.5
"""Font sizes of counts, the best first."""
FEW = 12
"""Up to so many classes each count of 0 is written; of more they would hide the others."""
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
MIDDLE = Qt.AlignmentFlag.AlignCenter


def paint_titles(painter: QPainter, places: GridPlaces) -> None:
    """Write what rows and columns are, over and at the left of the names."""
    painter.setFont(ui_font(TITLE_PX))
    painter.setPen(QColor(colours().muted))
    grid, high = places.grid, QFontMetricsF(painter.font()).height()
    wide = max(grid.width(), QFontMetricsF(painter.font()).horizontalAdvance(PREDICTION))
    top = QRectF(grid.center().x() - wide / 2, grid.top() - places.above - high, wide, high)
    painter.drawText(top, MIDDLE, PREDICTION)
    _upwards(painter, grid.left() - places.left - high / 2, grid.center().y(), TARGET, MIDDLE, grid.height())


def paint_names(painter: QPainter, places: GridPlaces, names: Sequence[str]) -> None:
    """Write the names of the classes, shortened if need be, where they have room."""
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
            _upwards(painter, column.center().x(), middle, name, LEFT, places.above - GAP)
        else:
            room = QRectF(column.left() + 2, column.top() - places.above, across, places.above)
            painter.drawText(room, MIDDLE, name)


def paint_counts(painter: QPainter, places: GridPlaces, counts: NDArray[np.intp], image: QImage) -> None:
    """Write every count into its cell, if all of them fit there."""
    font = _fitting(f"{counts.max():,}", places.cell(ClassCell(0, 0)))
    if font is None:
        return
    painter.setFont(font)
    few = len(counts) <= FEW
    for target, prediction in zip(*map(np.ndarray.tolist, _places_of(counts, few)), strict=True):
        count, pixel = int(counts[target, prediction]), image.pixel(prediction, target)
        painter.setPen(QColor(ink_on(pixel) if count else colours().muted))
        painter.drawText(places.cell(ClassCell(target, prediction)), MIDDLE, f"{count:,}")


def paint_shares(painter: QPainter, places: GridPlaces, found: Confusion) -> None:
    """Write the recall of each class at the right and its precision below, where they have room."""
    beside, below = places.shares
    if not beside:
        return
    painter.setFont(ui_font(NAME_PX))
    painter.setPen(QColor(colours().muted))
    grid, line = places.grid, QFontMetricsF(painter.font()).height()
    for k, (recall, precision) in enumerate(zip(found.recalls, found.precisions, strict=True)):
        row, column = places.cell(ClassCell(k, 0)), places.cell(ClassCell(0, k))
        at_right = QRectF(grid.right() + GAP, row.top(), beside - GAP, row.height())
        painter.drawText(at_right, RIGHT, percent(recall))
        under = QRectF(column.left(), grid.bottom(), column.width(), below)
        if painter.fontMetrics().horizontalAdvance("100 %") <= column.width():
            painter.drawText(under, MIDDLE, percent(precision))
    if line <= places.above:
        painter.drawText(QRectF(grid.right(), grid.top() - line - GAP, beside, line + GAP), RIGHT, RECALL)
    room = QRectF(grid.left() - places.left, grid.bottom(), places.left - GAP, below)
    if painter.fontMetrics().horizontalAdvance(PRECISION) <= room.width():
        painter.drawText(room, RIGHT, PRECISION)


def percent(share: float) -> str:
    """Return a share as it is written: 100 % is all, 0 % is none, and nothing else is."""
    if np.isnan(share):
        return "–"
    whole = round(100 * share)
    if whole in (0, 100) and share not in (0, 1):
        return "> 99 %" if whole else "< 1 %"
    return f"{whole} %"


def _places_of(counts: NDArray[np.intp], all_of_them: bool) -> tuple[NDArray[np.intp], ...]:
    return np.nonzero(np.ones_like(counts) if all_of_them else counts)


def _fitting(text: str, cell: QRectF) -> QFont | None:
    """Return the first font in which the text fits into a cell; None where it does in none."""
    for size in COUNT_PX:
        metrics = QFontMetricsF(ui_font(size))
        if metrics.horizontalAdvance(text) + 4 <= cell.width() and metrics.height() <= cell.height():
            return ui_font(size)
    return None


def _upwards(painter: QPainter, x: float, y: float, text: str, side: Qt.AlignmentFlag, length: float) -> None:
    """Write a text upwards, its middle at a point."""
    high = QFontMetricsF(painter.font()).height()
    painter.save()
    painter.translate(x, y)
    painter.rotate(-90)
    length = max(length, QFontMetricsF(painter.font()).horizontalAdvance(text))
    painter.drawText(QRectF(-length / 2, -high / 2, length, high), side, text)
    painter.restore()


STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class ConfusionGrid(CellGrid[ClassCell]):
    """Paints counts: a row for each class of the targets, a column for each of the predictions.

    =========== =============================================
    `moved`     the keyboard is on another Cell
    `chosen`    a Cell, by a click or Enter
    `left`      Escape
    =========== =============================================
    """

    moved = Signal()
    chosen = Signal(object)
    left = Signal()

    def __init__(self) -> None:
        super().__init__(least=34, wished=300)
        self._found = Confusion(np.zeros((2, 2), dtype=np.intp), 0)
        self._names: Sequence[str] = ("", "")
        self._image = QImage()
        self._places: GridPlaces | None = None
        self._chosen: ClassCell | None = None
        self.clicked.connect(self._click)

    @property
    def at(self) -> ClassCell | None:
        """The cell under the mouse, else the one that was chosen last, or that the keyboard is on."""
        return self.hover or self._chosen

    def show_counts(self, found: Confusion, names: Sequence[str]) -> None:
        """Paint the counts of these classes from now on."""
        if names != self._names:
            self._places = self._chosen = self.hover = None
        self._found, self._names = found, names
        self._image = image_of(found, colours())
        self.update()

    def places(self) -> GridPlaces:
        """Return where everything stands."""
        if self._places is None:
            self._places = placed(self._names, self.width(), self.height())
        return self._places

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the image, lines, texts, and marks on the diagonal and on the chosen cell."""
        places, p = self.places(), colours()
        with QPainter(self) as painter:
            painter.drawImage(places.grid, self._image)
            self._paint_lines(painter, places, p)
            paint_titles(painter, places)
            paint_names(painter, places, self._names)
            paint_counts(painter, places, self._found.counts, self._image)
            paint_shares(painter, places, self._found)
            marks = (self.hover, QPen(QColor(p.ink), 1)), (self._chosen, QPen(QColor(p.accent), 2))
            for cell, pen in marks:
                if cell:
                    _outline(painter, places.cell(cell), QPen(QColor(p.surface), pen.width() + 2), pen)
            self.paint_focus(painter)

    def _paint_lines(self, painter: QPainter, places: GridPlaces, p: Palette) -> None:
        """Paint a thin line around the cells that have room for one, and a darker one on the diagonal."""
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
        return self.places().at(x, y)

    def _click(self, cell: ClassCell) -> None:
        self._go_to(cell)
        self.chosen.emit(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by the arrow keys, choose by Enter, leave by Escape."""
        if event.key() in STEPS:
            down, right = STEPS[Qt.Key(event.key())]
            last = len(self._names) - 1
            at = self._chosen or ClassCell(-down, -right)  # the first is the first cell
            self._go_to(
                ClassCell(min(max(at.target + down, 0), last), min(max(at.prediction + right, 0), last))
            )
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._chosen:
            self.chosen.emit(self._chosen)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _go_to(self, cell: ClassCell) -> None:
        self._chosen = cell
        self.moved.emit()
        self.update()

    def resizeEvent(self, event: QEvent) -> None:  # noqa: D102
        self._places = None

    def changeEvent(self, event: QEvent) -> None:
        """Take over another theme's colours, or another size."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._places = None
            self._image = image_of(self._found, colours())
            self.update()


def image_of(found: Confusion, palette: Palette) -> QImage:
    """Return a pixel for each cell: the more of its row it has, the further from the canvas to full."""
    low, high = np.array(rgb(palette.canvas)), np.array(rgb(palette.output_node))
    strength = np.sqrt(found.shares)[..., None]  # so that a few rows are seen
    mixed = np.rint(low * (1.0 - strength) + high * strength).astype(np.uint32)
    data = 0xFF000000 | mixed[..., 0] << 16 | mixed[..., 1] << 8 | mixed[..., 2]
    rows, columns = data.shape
    pixels = np.ascontiguousarray(data.astype(np.uint32)).tobytes()
    return QImage(pixels, columns, rows, 4 * columns, QImage.Format.Format_RGB32).copy()


def _outline(painter: QPainter, place: QRectF, *pens: QPen) -> None:
    outline(painter, place.adjusted(0.5, 0.5, -0.5, -0.5), pens)


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

    def _sentence(self, found: Confusion, cell: ClassCell, *, shortened_names: bool = False) -> str:
        """Return what a cell says."""
        count, share = found.counts[cell], found.shares[cell]
        target = self._named(shortened_names)[cell.target]
        of = f" · {percent(share)} of {target}" if found.counts[cell.target].sum() else ""
        return f"{counted(int(count), 'row')}: {self._what(cell, shortened_names)}{of}"

    def _what(self, cell: ClassCell, shortened_names: bool = False) -> str:
        """Return which rows are in a cell."""
        names = self._named(shortened_names)
        target, prediction = (names[k] for k in cell)
        return f"{target} taken for {prediction}" if cell.target != cell.prediction else f"{target}, right"

    def _named(self, shortened_names: bool) -> Sequence[str]:
        return shorten_names(self._names, LETTERS) if shortened_names else self._names

    def _choose(self, cell: ClassCell) -> None:
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
