"""A grid of coloured cells with names, texts, hover and a cell that the keys move."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.core.activations import Array
from nnviz.picture.matrix import LARGEST_CELL, Cell, MatrixImage, ink_on, strongest
from nnviz.picture.parts import Rect
from nnviz.ui.kit.controls import shorten_to_width
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import colours, px, size_factor, ui_font

Names: TypeAlias = tuple[Sequence[str], Sequence[str]]
"""Names of the rows and names of the columns."""
LEAST_ACROSS_PX, HINT_ACROSS_PX = 120, 336
"""LEAST_ACROSS_PX: least width of a grid. HINT_ACROSS_PX: preferred width. Both in pixels."""
NAME_PX, TEXT_PX = 11, (13, 11, 9.5)
"""Font sizes in pixels at 100 %. NAME_PX: for names. TEXT_PX: for texts in cells; the first that fits."""
RIM, GAP = 5, 6
"""In pixels. RIM: margin, which leaves space for the keyboard frame. GAP: space between names and cells."""
NAME_SHARE = 0.3
"""Largest share of the width or height that names may take."""
LEAST_NAME, LEAST_TEXT = 48, 14.0
"""Pixels. LEAST_NAME: if columns are narrower, at 100 %, names that do not fit are written upwards.

LEAST_TEXT: least width of a cell in which a text is shown.
"""
SMALLEST_MARK = 5.0
"""Smallest width and height of the mark around a cell, in pixels."""
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
MIDDLE = Qt.AlignmentFlag.AlignCenter
ARROWS = {Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0)}
"""Steps (rows, columns) of the arrow keys."""


class Mark(NamedTuple):
    """The selected part of a grid: a row, a column, or the cell in both; None for no row or no column."""

    row: int | None = None
    column: int | None = None


class NameRoom(NamedTuple):
    """Room for names, in pixels: the width left of the cells and the height above the cells.

    A length is 0 if there are no names. If `upright`, the names above the cells are written upwards.
    """

    left: float = 0.0
    above: float = 0.0
    upright: bool = False


def room_for_names(names: Names, room: Rect) -> NameRoom:
    """Return the room for the names of rows and columns, of which `room` is shared with the cells."""
    (rows, columns), metrics = names, QFontMetricsF(ui_font(NAME_PX))
    line = metrics.height()
    longest_row, longest_column = (max(map(metrics.horizontalAdvance, each)) for each in names)
    has_rows = line * (len(rows) + 1) <= room.height
    left = min(longest_row, NAME_SHARE * room.width) + GAP if has_rows else 0.0
    across = min((room.width - left) / len(columns), px(LARGEST_CELL[0]))
    upright = longest_column + GAP > across and across < px(LEAST_NAME)
    above = (min(longest_column, NAME_SHARE * room.height) if upright else line) + GAP
    if upright and left:  # horizontal names at the left are easier to read, so they get the room first
        above = min(above, room.height - line * len(rows))
    if upright and (line > across or above < 3 * line):
        above = 0.0
    if line * len(rows) > room.height - above:
        left = 0.0
    return NameRoom(left, above, upright)


def paint_names(painter: QPainter, cells: MatrixImage, names: Names, room: NameRoom) -> None:
    """Write the names left of the cells and above the cells, shortened to their room."""
    painter.setFont(ui_font(NAME_PX))
    painter.setPen(QColor(colours().ink))
    font, (rows, columns), across = painter.font(), names, cells.column(0).width - 4
    for k, name in enumerate(shorten_to_width(tuple(rows), font, room.left - GAP) if room.left else ()):
        row = cells.row(k)
        painter.drawText(QRectF(row.x - room.left, row.y, room.left - GAP, row.height), RIGHT, name)
    length = room.above - GAP if room.upright else across
    for k, name in enumerate(shorten_to_width(tuple(columns), font, length) if room.above else ()):
        column = cells.column(k)
        if room.upright:
            write_up(painter, column.center[0], column.y - room.above / 2, name, length, LEFT)
        else:
            painter.drawText(QRectF(column.x + 2, column.y - room.above, across, room.above), MIDDLE, name)


def write_up(
    painter: QPainter, x: float, y: float, text: str, room: float, side: Qt.AlignmentFlag = MIDDLE
) -> None:
    """Write a text upwards, in `room` pixels around a point, or in more if the text is longer."""
    metrics = QFontMetricsF(painter.font())
    painter.save()
    painter.translate(x, y)
    painter.rotate(-90)
    room, high = max(room, metrics.horizontalAdvance(text)), metrics.height()
    painter.drawText(QRectF(-room / 2, -high / 2, room, high), side, text)
    painter.restore()


def _fitting_font(texts: NDArray[np.str_], cell: Rect) -> QFont | None:
    """Return the first font in which every text fits into a cell, or None."""
    for size in TEXT_PX:
        metrics = QFontMetricsF(ui_font(size))
        widest = max(map(metrics.horizontalAdvance, texts.flat))
        if widest + GAP <= cell.width and metrics.height() <= cell.height:
            return ui_font(size)
    return None


class ImageGrid(QWidget):
    """A grid with a coloured cell for each number of a matrix.

    Names and texts are shown where they fit. If a pixel covers several numbers, it shows the number of
    largest absolute value.

    =========== ======================================================================================
    `hover`     the cell under the mouse, or None
    `mark`      the selected part, as told by `show_mark`
    `hovered`   emitted when `hover` has changed
    `clicked`   emitted with a cell that the left button clicked
    `moved`     emitted with the Mark to select next when an arrow key is pressed
    =========== ======================================================================================
    """

    hovered = Signal()
    clicked = Signal(object)
    moved = Signal(object)

    def __init__(self, least: int, wished: int) -> None:
        """Create the grid; `least` and `wished` are its least and its preferred height, in pixels."""
        super().__init__()
        self.values: Array = np.zeros((1, 1))
        self.names: Names = ("",), ("",)
        self.hover: Cell | None = None
        self.mark = Mark()
        self._image: QImage | None = None
        self._named_cells: tuple[MatrixImage, NameRoom] | None = None
        self._hint = wished
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(LEAST_ACROSS_PX, least)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    @abstractmethod
    def colours_of(self, values: Array) -> NDArray[np.uint32]:
        """Return the colour of each cell as 0xffrrggbb, in the shape of `values`."""

    @abstractmethod
    def texts(self) -> NDArray[np.str_]:
        """Return the text of each cell, in the shape of `values`; "" for no text."""

    def sizeHint(self) -> QSize:
        """Return the preferred size of the grid, which is as wide as a side panel."""
        return QSize(HINT_ACROSS_PX, self._hint)

    def show_values(self, values: Array, names: Names) -> None:
        """Show a matrix, and the names of its rows and columns. Without these names, nothing is selected."""
        if names != self.names:
            self.hover, self.mark = None, Mark()
        self.values, self.names = values, names
        self._redraw()

    def show_mark(self, mark: Mark) -> None:
        """Outline the selected part of the grid."""
        if mark != self.mark:
            self.mark = mark
            self.update()

    @property
    def selected(self) -> Cell | None:
        """The selected cell, or None if no cell, or only a row or a column is selected."""
        row, column = self.mark
        return Cell(row, column) if row is not None and column is not None else None

    # --- places

    def room(self) -> Rect:
        """Return the room for cells and names."""
        return Rect(RIM, RIM, self.width() - 2.0 * RIM, self.height() - 2.0 * RIM)

    def fit(self, room: Rect) -> tuple[MatrixImage, NameRoom]:
        """Return the largest cells that fit into `room` together with their names, and the names' room."""
        rows, columns = self.values.shape
        names = room_for_names(self.names, room)
        left, above = names.left, names.above
        room = Rect(room.x + left, room.y + above, room.width - left, room.height - above)
        return MatrixImage.fit(room, (rows, columns), self.devicePixelRatioF(), size_factor()), names

    @property
    def named_cells(self) -> tuple[MatrixImage, NameRoom]:
        """The cells, and the room for their names; cached until something changes."""
        if self._named_cells is None:
            self._named_cells = self.fit(self.room())
        return self._named_cells

    def cell_at(self, x: float, y: float) -> Cell | None:
        """Return the cell at (x, y), in pixels of this widget, or None if there is no cell."""
        return self.named_cells[0].weight_at(x, y, self.values)

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the cells, the marks, and a frame while the grid has the keyboard focus."""
        (cells, room), p = self.named_cells, colours()
        if self._image is None:
            self._image = self._render(strongest(self.values, cells.rows, cells.columns))
        with QPainter(self) as painter:
            painter.setPen(QPen(QColor(p.line), 1.0))
            self.paint_cells(painter, cells, room, self._image)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            self.paint_mark(painter, cells)
            if self.hover:
                outline(painter, cells.cell(self.hover), p.ink, 1.0)
            if self.hasFocus():
                painter.setPen(QPen(QColor(p.accent), 2.0))
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
                painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.0, 1.0, -1.0, -1.0), 4.0, 4.0)

    def _render(self, values: Array) -> QImage:
        """Return an image with a pixel for each of `values`."""
        data = np.ascontiguousarray(self.colours_of(values))
        rows, columns = data.shape
        image = QImage(data.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGB32)
        return image.copy()  # the bytes are freed

    def paint_cells(self, painter: QPainter, cells: MatrixImage, room: NameRoom, image: QImage) -> None:
        """Paint the image, its border, the names in their `room` and the texts."""
        painter.drawImage(qrect(cells.room), image)
        painter.drawRect(qrect(cells.room).adjusted(-0.5, -0.5, 0.5, 0.5))
        paint_names(painter, cells, self.names, room)
        if (cells.rows, cells.columns) == self.values.shape and cells.column(0).width >= LEAST_TEXT:
            self._paint_texts(painter, cells, image)

    def _paint_texts(self, painter: QPainter, cells: MatrixImage, image: QImage) -> None:
        """If all texts fit, write each text into its cell; a 0 is muted."""
        texts, muted = self.texts(), colours().muted
        if font := _fitting_font(texts, cells.cell(Cell(0, 0))):
            painter.setFont(font)
            for cell, text in np.ndenumerate(texts):
                painter.setPen(QColor(muted if text == "0" else ink_on(image.pixel(cell[1], cell[0]))))
                painter.drawText(qrect(cells.cell(Cell(*cell))), MIDDLE, text)

    def paint_mark(self, painter: QPainter, cells: MatrixImage) -> None:
        """Outline the selected cell."""
        if self.selected:
            outline(painter, cells.cell(self.selected), colours().accent, 2.0)

    # --- events

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Update the cell under the mouse."""
        self._hover_at(self.cell_at(event.position().x(), event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        """Clear the cell under the mouse."""
        self._hover_at(None)

    def _hover_at(self, cell: Cell | None) -> None:
        if cell != self.hover:
            self.hover = cell
            self.hovered.emit()
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Emit `clicked` for a click on a cell."""
        cell = self.cell_at(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None:
            self.clicked.emit(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Emit `moved` for an arrow key, and `clicked` for Enter on a selected cell."""
        if event.key() in ARROWS:
            self.moved.emit(Mark(*map(_moved, self.mark, ARROWS[Qt.Key(event.key())], self.values.shape)))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected:
            self.clicked.emit(self.selected)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QEvent) -> None:  # noqa: D102
        self._redraw()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_image"):
            self._redraw()

    def _redraw(self) -> None:
        self._image = self._named_cells = None
        self.update()


def _moved(at: int | None, step: int, size: int) -> int | None:
    """Return `at + step` if it is an index below `size`, else `at`. Without `at`, a step leads to 0."""
    if at is None:
        return 0 if step else None
    return at + step if 0 <= at + step < size else at


def outline(painter: QPainter, rect: Rect, colour: str, width: float) -> None:
    """Draw an outline with a rim in the colour of the canvas, visible on any colour of a cell."""
    rect = rect.middle(max(rect.width, SMALLEST_MARK), max(rect.height, SMALLEST_MARK))
    for pen in (QPen(QColor(colours().canvas), width + 2.0), QPen(QColor(colour), width)):
        painter.setPen(pen)
        painter.drawRect(qrect(rect).adjusted(-0.5, -0.5, 0.5, 0.5))
