"""Round points of so many pixels, thousands as quickly as one curve. Imports pyqtgraph, as plots do."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPaintEngine, QPainter, QPen

from nnviz.core.activations import Array

SIZE = 5.0
"""Across, in pixels."""


class Points(pg.GraphicsObject):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws points, shape (points, 2): x, y."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: Array = np.empty((0, 2))
        self._pen = QPen()

    def set_pen(self, pen: QPen) -> None:
        """Take a colour, and the points' size."""
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        self._pen = pen
        self.update()

    def show_points(self, points: Array) -> None:
        """Draw these from now on."""
        if not np.array_equal(points, self.drawn):
            self.prepareGeometryChange()
            self.drawn = points
            self.update()

    def boundingRect(self) -> QRectF:  # noqa: D102
        if not len(self.drawn):
            return QRectF()
        (left, bottom), (right, top) = self.drawn.min(axis=0), self.drawn.max(axis=0)
        across, up = SIZE * self.pixelWidth(), SIZE * self.pixelHeight()
        return QRectF(QPointF(left, bottom), QPointF(right, top)).adjusted(-across, -up, across, up)

    def paint(self, painter: QPainter, *_: object) -> None:
        """Paint; into an SVG circles within the plot: few programs know a pen that keeps its size."""
        if not len(self.drawn):  # an empty polygon ends the process
            return
        if painter.paintEngine().type() != QPaintEngine.Type.SVG:
            painter.setPen(self._pen)
            painter.drawPoints(pg.functions.arrayToQPolygonF(*self.drawn.T))
            return
        to_picture, clip = painter.transform(), painter.clipBoundingRect()
        painter.save()
        painter.resetTransform()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._pen.color()))
        for x, y in self.drawn.tolist():
            if clip.contains(QPointF(x, y)):
                painter.drawEllipse(to_picture.map(QPointF(x, y)), SIZE / 2, SIZE / 2)
        painter.restore()
