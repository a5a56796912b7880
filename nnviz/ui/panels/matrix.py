"""The image of a layer's weights, with a mark on what is selected. Knows nothing of the document."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter, QPaintEvent, QPen

from nnviz.core.activations import Array
from nnviz.picture.matrix import Cell, Sheet, Tiles, pixels, side_of, strongest
from nnviz.picture.parts import Rect
from nnviz.ui.plots.cell_grid import CellGrid, outline
from nnviz.ui.plots.matrix_texts import Names, paint_names, paint_numbers, room_for_names
from nnviz.ui.widgets.images import qrect
from nnviz.ui.widgets.theme import colours

ROOM = 4
"""Pixels around the image, for the mark on its border."""
SMALLEST_MARK = 5.0


class Mark(NamedTuple):
    """What is selected: a node's row, a source's column, or with both one weight."""

    node: int | None = None
    source: int | None = None


class MatrixView(CellGrid[Cell]):
    """Paints weights of shape (nodes, sources): one image, or a picture of each node's weights.

    `moved`: an arrow key wants this Mark.
    """

    moved = Signal(object)

    def __init__(self) -> None:
        super().__init__(least=96, wished=220)
        self.weights: Array = np.zeros((1, 1))
        self._names: Names = (), ()
        self._as_pictures = False
        self._mark = Mark()
        self._image: QImage | None = None

    def show_weights(self, weights: Array, names: Names, as_pictures: bool) -> None:
        """Paint `weights` from now on, with a picture a node where their sources make a square.

        `names` are those of the nodes and of the sources.
        """
        if self.weights.shape != weights.shape:
            self.hover = None
        self.weights, self._names = weights, names
        self._as_pictures = as_pictures and side_of(weights.shape[1]) is not None
        self._image = None
        self.update()

    def show_mark(self, mark: Mark) -> None:
        """Outline what is selected."""
        if mark != self._mark:
            self._mark = mark
            self.update()

    def places(self) -> Sheet | Tiles:
        """Return where every weight is."""
        shape, room = self.weights.shape, self._room()
        side = side_of(shape[1])
        if self._as_pictures and side:
            return Tiles.over(room, shape[0], side)
        left, above = room_for_names(self._names, room)
        room = Rect(room.x + left, room.y + above, room.width - left, room.height - above)
        return Sheet.over(room, (shape[0], shape[1]), self.devicePixelRatioF())

    def _room(self) -> Rect:
        return Rect(ROOM, ROOM, self.width() - 2.0 * ROOM, self.height() - 2.0 * ROOM)

    def cell_at(self, x: float, y: float) -> Cell | None:  # noqa: D102
        places = self.places()
        return places.at(x, y) if isinstance(places, Tiles) else places.at(x, y, self.weights)

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the image, a thin line around it, and the mark."""
        places = self.places()
        with QPainter(self) as painter:
            if self._image is None:
                self._image = self._drawn(places)
            painter.setPen(QPen(QColor(colours().line), 1.0))
            if isinstance(places, Tiles):
                self._paint_tiles(painter, places, self._image)
            else:
                painter.drawImage(qrect(places.room), self._image)
                painter.drawRect(qrect(places.room).adjusted(-0.5, -0.5, 0.5, 0.5))
                paint_names(painter, places, self._names, room_for_names(self._names, self._room()))
                paint_numbers(painter, places, self.weights, self._image)
            self._paint_mark(painter, places)
            self.paint_focus(painter)

    def _drawn(self, places: Sheet | Tiles) -> QImage:
        """Return the image to be scaled; of tiles one below the other."""
        weights = self.weights
        if isinstance(places, Tiles):
            weights = weights.reshape(-1, places.side)
        else:
            weights = strongest(weights, places.rows, places.columns)
        data = np.ascontiguousarray(pixels(weights, colours()))
        rows, columns = data.shape
        return QImage(data.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGB32)

    def _paint_tiles(self, painter: QPainter, places: Tiles, image: QImage) -> None:
        side = places.side
        # Shrunk, a picture keeps all its pixels only when they are averaged.
        shrunk = places.size * self.devicePixelRatioF() < side
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, shrunk)
        for node in range(places.nodes):
            tile = qrect(places.row(node))
            painter.drawImage(tile, image, QRectF(0, node * side, side, side))
            painter.drawRect(tile.adjusted(-0.5, -0.5, 0.5, 0.5))

    def _paint_mark(self, painter: QPainter, places: Sheet | Tiles) -> None:
        node, source = self._mark
        accent = QColor(colours().accent)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if node is not None:
            _outline(painter, places.row(node), accent, 1.0 if source is not None else 2.0)
        if source is not None and isinstance(places, Sheet):
            _outline(painter, places.column(source), accent, 1.0 if node is not None else 2.0)
        if node is not None and source is not None:
            _outline(painter, _at_least(places.cell(Cell(node, source)), SMALLEST_MARK), accent, 2.0)
        elif source is not None and isinstance(places, Tiles):
            painter.setPen(QPen(accent, 1.0))
            for every in range(places.nodes):
                painter.drawRect(qrect(places.cell(Cell(every, source))).adjusted(-0.5, -0.5, 0.5, 0.5))

    # --- events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the mark by the arrow keys, and by Page Up and Page Down from node to node."""
        tiles = self.places()
        down = tiles.side if isinstance(tiles, Tiles) else 0
        steps = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (0, -down) if down else (-1, 0),
            Qt.Key.Key_Down: (0, down) if down else (1, 0),
            Qt.Key.Key_PageUp: (-1, 0),
            Qt.Key.Key_PageDown: (1, 0),
        }
        if event.key() in steps:
            self.moved.emit(self._moved(*steps[Qt.Key(event.key())]))
        else:
            super().keyPressEvent(event)

    def _moved(self, nodes: int, sources: int) -> Mark:
        node, source = self._mark
        if node is None and source is None:
            return Mark(0, 0)
        if nodes:
            node = _stepped(node, nodes, self.weights.shape[0])
        if sources:
            source = _stepped(source, sources, self.weights.shape[1])
        return Mark(node, source)

    def resizeEvent(self, event: QEvent) -> None:  # noqa: D102
        self._image = None

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._image = None
            self.update()


def _stepped(at: int | None, step: int, size: int) -> int:
    """Return the place `step` further, or `at` itself where that is none; 0 where there was none before."""
    if at is None:
        return 0
    return at + step if 0 <= at + step < size else at


def _at_least(rect: Rect, size: float) -> Rect:
    x, y = rect.center
    width, height = max(rect.width, size), max(rect.height, size)
    return Rect(x - width / 2, y - height / 2, width, height)


def _outline(painter: QPainter, rect: Rect, colour: QColor, width: float) -> None:
    """Draw it on a rim of the canvas, so that it stands out from blue as from orange."""
    pens = QPen(QColor(colours().canvas), width + 2.0), QPen(colour, width)
    outline(painter, qrect(rect).adjusted(-0.5, -0.5, 0.5, 0.5), pens)
