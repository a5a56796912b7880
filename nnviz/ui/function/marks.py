"""Rows in a plot, each a mark of a colour and a shape. Imports pyqtgraph, as plots do."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPaintEngine, QPainter, QPen, QPixmap, QPolygonF, QTransform

from nnviz.ui.function.rows import MOST, SHAPES, Rows

RADII = ((60, 4.0), (250, 3.0), (MOST, 2.0))
"""Up to so many rows, so many pixels of a mark from its middle."""
RIM = 0.8
"""Pixels around a mark."""


class Marks(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws rows, on a screen from a pixmap: they stay while what is under them changes."""

    def __init__(self) -> None:
        super().__init__()
        self.rows = Rows.none()
        self._rim = self._ground = QColor()
        self._pixmap: QPixmap | None = None
        self._pixmap_of: tuple[object, ...] = ()

    def show_rows(self, rows: Rows, rim: str, ground: str) -> None:
        """Show other rows, each with a rim; what is hollow lets `ground` be seen, or has a dot."""
        self.rows, self._rim, self._ground = rows, QColor(rim), QColor(ground)
        self._pixmap = None
        self.update()

    def boundingRect(self) -> QRectF:  # noqa: D102
        area: QRectF = self.viewRect()
        return area if area is not None else QRectF()

    def viewRangeChanged(self) -> None:
        """Cover the whole view, whichever it is now."""
        self.prepareGeometryChange()
        self._pixmap = None

    def paint(self, painter: QPainter, *_: object) -> None:  # noqa: D102
        if not len(self.rows.points):
            return
        to_pixels = painter.transform()
        room = to_pixels.mapRect(self.boundingRect()).toAlignedRect()
        if room.isEmpty():  # a pixmap of no pixels cannot be drawn on
            return
        painter.resetTransform()
        if painter.paintEngine().type() != QPaintEngine.Type.Raster:
            self._draw(painter, to_pixels, QRectF(room))
        else:
            ratio = painter.device().devicePixelRatio()
            key = (to_pixels, room, ratio)
            if self._pixmap is None or key != self._pixmap_of:
                self._pixmap, self._pixmap_of = QPixmap(room.size() * ratio), key
                self._pixmap.setDevicePixelRatio(ratio)
                self._pixmap.fill(Qt.GlobalColor.transparent)
                moved = to_pixels * QTransform.fromTranslate(-room.left(), -room.top())
                with QPainter(self._pixmap) as own:
                    self._draw(own, moved, QRectF(QPointF(), QRectF(room).size()))
            painter.drawPixmap(room.topLeft(), self._pixmap)
        painter.setTransform(to_pixels)

    def _draw(self, painter: QPainter, to_pixels: QTransform, room: QRectF) -> None:
        """Draw the marks whose middles are in the room, in pixels."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rows = self.rows
        x = rows.points[:, 0] * to_pixels.m11() + to_pixels.dx()
        y = rows.points[:, 1] * to_pixels.m22() + to_pixels.dy()
        with np.errstate(invalid="ignore"):
            seen = (room.left() <= x) & (x <= room.right()) & (room.top() <= y) & (y <= room.bottom())
        count = len(rows.points)
        radius = next((size for most, size in RADII if count <= most), RADII[-1][1])
        for k in np.flatnonzero(seen).tolist():
            self._mark(painter, QPointF(x[k], y[k]), k, radius)

    def _mark(self, painter: QPainter, at: QPointF, k: int, radius: float) -> None:
        ground = (self._rim if self.rows.toned else self._ground) if self.rows.hollow[k] else None
        draw_mark(painter, at, self.rows.shapes[k], QColor(self.rows.colours[k]), self._rim, radius, ground)


def draw_mark(
    painter: QPainter,
    at: QPointF,
    shape: int,
    colour: QColor,
    rim: QColor,
    radius: float,
    ground: QColor | None = None,
) -> None:
    """Draw a mark of `radius` pixels with its middle at a point; hollow where a `ground` is seen in it."""
    if ground is None:
        painter.setPen(QPen(rim, RIM))
        painter.setBrush(colour)
    else:
        painter.setPen(QPen(rim, 0.5 * radius + 2 * RIM))
        _shape(painter, at, shape, radius)
        painter.setPen(QPen(colour, 0.5 * radius))
        painter.setBrush(ground)
    _shape(painter, at, shape, radius)


def _shape(painter: QPainter, at: QPointF, shape: int, radius: float) -> None:
    if SHAPES[shape] == "circle":
        painter.drawEllipse(at, radius, radius)
        return
    if SHAPES[shape] == "square":
        side = 0.9 * radius
        painter.drawRect(QRectF(at.x() - side, at.y() - side, 2 * side, 2 * side))
        return
    corners = ((0.0, -1.2), (1.1, 0.8), (-1.1, 0.8))
    painter.drawPolygon(QPolygonF([at + QPointF(dx, dy) * radius for dx, dy in corners]))
