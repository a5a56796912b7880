"""A curve of a plot, and what is cut off it outside an area. Imports pyqtgraph, as plots do."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QPaintEngine, QPainter, QPen, QPolygonF

from nnviz.core.activations import Array

Area: TypeAlias = list[list[float]]
"""[[x from, to], [y from, to]], as a plot tells its view."""
Joined: TypeAlias = NDArray[np.bool_]


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


def cut(curve: Array, area: Area) -> tuple[Array, Joined]:
    """Return the parts of a curve in an area, shape (points, 2), and whether each point joins the next."""
    starts, ends, bounds = curve[:-1], curve[1:], np.array(area).T[:, None]
    with np.errstate(all="ignore"):  # along an axis on which it stands still, a part begins at ±∞ and ends so
        ways = ends - starts
        shares = (bounds - starts) / ways
        first = np.fmin(*shares).max(axis=1).clip(0.0)[:, None]
        last = np.fmax(*shares).min(axis=1).clip(max=1.0)[:, None]
        begins = np.where(first == 0.0, starts, starts + first * ways)
        stops = np.where(last == 1.0, ends, starts + last * ways)
    within = (first <= last)[:, 0]
    goes_on = np.append(within[1:] & (first[1:, 0] == 0.0), False) & (last[:, 0] == 1.0)
    comes_from = np.append(False, (goes_on & within)[:-1])
    chosen = np.column_stack((within & ~comes_from, within)).ravel()
    joined = np.column_stack((np.ones_like(goes_on), goes_on)).ravel()
    return np.stack((begins, stops), axis=1).reshape(-1, 2)[chosen], joined[chosen]
