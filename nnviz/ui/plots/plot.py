"""What all plots with axes have in common: their look, dots, and a read-out.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QGraphicsEllipseItem, QLabel

from nnviz.core.activations import Array
from nnviz.picture.palette import Palette
from nnviz.ui.plots.axis import QuietAxis
from nnviz.ui.widgets.theme import ui_font


class Plot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A quiet plot with an axis below and one at the left; whoever draws in it sets its ranges."""

    def __init__(self, bottom: QuietAxis, left: QuietAxis) -> None:
        super().__init__(axisItems={"bottom": bottom, "left": left})
        self._bottom, self._left = bottom, left
        self.density: float | None = None
        """Device pixels on a side of a pixel; None for those of the screen."""
        for side in ("top", "right"):  # hidden, they would still follow every range
            self.getAxis(side).unlinkFromView()
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.setAntialiasing(True)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.plotItem.vb.disableAutoRange()
        self.plotItem.layout.setContentsMargins(0, 7, 14, 0)  # room for half of the outermost numbers
        self.read_out = QLabel(self)
        self.read_out.setObjectName("readout")
        self.read_out.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.read_out.hide()

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        self.setBackground(palette.surface)
        for axis in (self._bottom, self._left):
            axis.set_palette(palette)
        self.read_out.setFont(ui_font(11.5))

    def add(self, item: pg.GraphicsObject | QGraphicsEllipseItem, z: float) -> None:
        """Draw `item` in the plot, over what has a lower `z`."""
        self.plotItem.vb.addItem(item, ignoreBounds=True)
        item.setZValue(z)

    def pen(self, colour: str | QColor, width: float = 2.0) -> QPen:
        """Return a pen of so many pixels; pyqtgraph counts the device's, which are more on a dense screen."""
        pen: QPen = pg.mkPen(colour, width=width * (self.density or self.devicePixelRatioF()))
        return pen

    def view(self) -> list[list[float]]:
        """Return what is shown: [[x from, to], [y from, to]]; y as an exponent where it is logarithmic."""
        ranges: list[list[float]] = self.plotItem.vb.viewRange()
        return ranges

    def place_of(self, x: float, y: float) -> QPointF:
        """Return where a point of the plot stands in this widget, in pixels."""
        return QPointF(self.mapFromScene(self.plotItem.vb.mapViewToScene(QPointF(x, y))))

    def read(self, point: QPointF, text: str) -> None:
        """Read `point` out, in the upper corner that is away from it."""
        self.read_out.setText(text)
        self.read_out.adjustSize()
        area, place = self.plotItem.vb.sceneBoundingRect(), self.plotItem.vb.mapViewToScene(point)
        at_right = place.x() > area.center().x() and place.y() < area.center().y()
        left = area.left() + 6 if at_right else area.right() - 6 - self.read_out.width()
        self.read_out.move(round(left), round(area.top() + 4))
        self.read_out.show()


class Dot(QGraphicsEllipseItem):
    """A round mark of so many pixels, whatever the ranges; pyqtgraph's scatter takes ten times as long."""

    def __init__(self, size: float) -> None:
        super().__init__(-size / 2, -size / 2, size, size)
        self.setFlag(QGraphicsEllipseItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.hide()

    def show_at(self, x: float, y: float) -> None:
        """Put it there; nowhere where a coordinate is not finite."""
        there = math.isfinite(x) and math.isfinite(y)
        self.setVisible(there)
        if there:
            self.setPos(x, y)


def points_of(curve: pg.PlotCurveItem) -> Array:
    """Return what a curve draws, shape (points, 2)."""
    x, y = curve.getData()
    return np.empty((0, 2)) if x is None else np.column_stack((x, y))
