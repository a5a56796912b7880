"""A curve of a plot. Imports pyqtgraph, as plots do."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QPaintEngine, QPainter, QPen, QPolygonF

from nnviz.core.activations import Array
from nnviz.picture.curve import cut


class Curve(pg.PlotCurveItem):  # type: ignore[misc]  # pyqtgraph has no types
    """A smooth line of so many pixels, whatever the ranges of its plot."""

    def __init__(self, **options: object) -> None:
        super().__init__(antialias=True, **options)

    def paint(self, painter: QPainter, *rest: object) -> None:
        """Paint; into an SVG in the picture's own pixels and within the plot.

        Qt would write it in the numbers of the plot, not cut off, with a line that few programs know how to
        keep as it is in another scale.
        """
        if painter.paintEngine().type() != QPaintEngine.Type.SVG:
            super().paint(painter, *rest)
            return
        pen, to_picture = QPen(self.opts["pen"]), painter.transform()
        pen.setCosmetic(False)
        room = to_picture.mapRect(painter.clipBoundingRect())
        area = [[room.left(), room.right()], [room.top(), room.bottom()]]
        painter.save()
        painter.resetTransform()
        for part in self.getPath().toSubpathPolygons(to_picture):
            points, joined = cut(_points(part), area)
            painter.strokePath(pg.arrayToQPath(*points.T, connect=joined), pen)
        painter.restore()


def _points(polygon: QPolygonF) -> Array:
    return np.array([point.toTuple() for point in polygon.toList()])


def points_of(curve: Curve) -> Array:
    """Return what a curve draws, shape (points, 2)."""
    x, y = curve.getData()
    return np.empty((0, 2)) if x is None else np.column_stack((x, y))
