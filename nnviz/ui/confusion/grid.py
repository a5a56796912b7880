"""The confusion matrix as an image with its counts. Knows nothing of the document."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPaintEvent, QPen

from nnviz.core.confusion import Confusion
from nnviz.picture.palette import Palette, rgb
from nnviz.ui.confusion.places import Cell, Places, placed
from nnviz.ui.confusion.texts import paint_counts, paint_names, paint_shares, paint_titles
from nnviz.ui.plots.cell_grid import CellGrid, outline
from nnviz.ui.widgets.theme import colours

STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class ConfusionGrid(CellGrid[Cell]):
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
        self._places: Places | None = None
        self._chosen: Cell | None = None
        self.clicked.connect(self._click)

    @property
    def at(self) -> Cell | None:
        """The cell under the mouse, else the one that was chosen last, or that the keyboard is on."""
        return self.hover or self._chosen

    def show_counts(self, found: Confusion, names: Sequence[str]) -> None:
        """Paint the counts of these classes from now on."""
        if names != self._names:
            self._places = self._chosen = self.hover = None
        self._found, self._names = found, names
        self._image = image_of(found, colours())
        self.update()

    def places(self) -> Places:
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

    def _paint_lines(self, painter: QPainter, places: Places, p: Palette) -> None:
        """Paint a thin line around the cells that have room for one, and a darker one on the diagonal."""
        roomy = places.cell(Cell(0, 0)).width() >= 8
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(p.line), 1.0))
        if not roomy:
            painter.drawRect(places.grid.adjusted(-0.5, -0.5, 0.5, 0.5))
            return
        for k in range(places.classes):
            row, column = places.cell(Cell(k, 0)), places.cell(Cell(0, k))
            painter.drawRect(QRectF(row.left(), row.top(), places.grid.width(), row.height()))
            painter.drawRect(QRectF(column.left(), column.top(), column.width(), places.grid.height()))
        for k in range(places.classes):
            _outline(painter, places.cell(Cell(k, k)), QPen(QColor(p.muted), 1.5))

    # --- events

    def cell_at(self, x: float, y: float) -> Cell | None:  # noqa: D102
        return self.places().at(x, y)

    def _click(self, cell: Cell) -> None:
        self._go_to(cell)
        self.chosen.emit(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move by the arrow keys, choose by Enter, leave by Escape."""
        if event.key() in STEPS:
            down, right = STEPS[Qt.Key(event.key())]
            last = len(self._names) - 1
            at = self._chosen or Cell(-down, -right)  # the first is the first cell
            self._go_to(Cell(min(max(at.target + down, 0), last), min(max(at.prediction + right, 0), last)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._chosen:
            self.chosen.emit(self._chosen)
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _go_to(self, cell: Cell) -> None:
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
