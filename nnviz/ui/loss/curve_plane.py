"""The loss over one weight: curve, present point, tangent and next step. Knows nothing of the document.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPen, QResizeEvent

from nnviz.core.activations import Array
from nnviz.picture.palette import Palette
from nnviz.ui.loss.plane import LossPlane
from nnviz.ui.plots.curve import Curve, points_of
from nnviz.ui.plots.plot import Dot

HEAD = 9
"""Pixels of the arrow's head."""


class LossCurvePlane(LossPlane):
    """Draws the curve as it is given; `stale` makes it faint while a new one is computed."""

    over = "along the selected weight"

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette, grid=True)
        self.setToolTip("Drag the point or click to set the weight; arrows move it by 0.1, Shift 1, Alt 0.01")
        self._slope = math.nan
        self._landing: tuple[float, float] | None = None
        self._curve = Curve(connect="finite")
        self._tangent, self._step, self._drop = (Curve() for _ in range(3))
        self._head = pg.ArrowItem(headLen=HEAD, tipAngle=50, baseAngle=10, pxMode=True)
        self._landed = Dot(7)
        for z, item in enumerate(
            (self._curve, self._drop, self._step, self._head, self._landed, self._tangent), start=1
        ):
            self.add(item, z)
        self._head.hide()
        self.set_palette(palette)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        super().set_palette(palette)
        self._curve.setPen(self.pen(palette.muted))
        self._tangent.setPen(self.pen(palette.slope))
        self._step.setPen(self.pen(palette.accent))
        dotted = self.pen(palette.accent, 1)
        dotted.setStyle(Qt.PenStyle.DotLine)
        self._drop.setPen(dotted)
        self._head.setStyle(pen=pg.mkPen(None), brush=palette.accent)
        self._landed.setPen(QPen(Qt.PenStyle.NoPen))
        self._landed.setBrush(QColor(palette.accent))

    def show_curve(self, values: Array, loss: Array, floor: float, ceiling: float) -> None:
        """Draw the loss at `values` between two heights; what is not finite is a gap."""
        self.bring_back()
        self.look((float(values[0]), float(values[-1])), (floor, ceiling))
        self._curve.setData(values, self.in_reach(np.where(np.isfinite(loss), loss, np.nan)))
        self._place()

    def show_nothing(self) -> None:
        """Draw nothing, not even the axes."""
        self.plotItem.hide()
        self._curve.setData([], [])
        self.show_point(math.nan, math.nan, math.nan, None)

    def stale(self, stale: bool) -> None:
        """Make the curve faint: it is of other weights than the present ones."""
        self._curve.setOpacity(0.3 if stale else 1.0)

    def show_point(self, w: float, loss: float, slope: float, landing: tuple[float, float] | None) -> None:
        """Draw the present point, the tangent with `slope` (none for NaN), and a step to (w, loss)."""
        self.show_present(w, loss)
        self._slope, self._landing = slope, landing
        self._place()

    def tangent(self) -> Array:
        """Return both ends of the tangent as it is drawn, shape (2, 2): w, loss; none where there is none."""
        return points_of(self._tangent)

    def curve(self) -> Array:
        """Return the curve as it is drawn, shape (points, 2): w, loss."""
        return points_of(self._curve)

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the computed point of the curve that is nearest to `at` across."""
        points = self.curve()
        if not len(points):
            return None
        w, loss = points[np.abs(points[:, 0] - at.x()).argmin()].tolist()
        height = loss if math.isfinite(loss) else self.view()[1][1]
        return QPointF(w, height), self.in_words((w,), loss)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the lengths in pixels."""
        super().resizeEvent(event)
        if hasattr(self, "_landed"):
            self._place()

    def _place(self) -> None:
        self.touch(self._tangent, self._slope)
        self._place_step()

    def _place_step(self) -> None:
        """Draw the step along w to where it lands, or to the plot's edge, and from there to the curve."""
        for line in (self._step, self._drop):
            line.setData([], [])
        for mark in (self._head, self._landed):
            mark.hide()
        if self._point is None or self._landing is None:
            return
        (low, high), _ = self.view()
        x, y = self._point.x(), self._point.y()
        end, loss = self._landing
        inside = low <= end <= high
        end = min(max(end, low), high)
        if abs(end - x) > 2 * HEAD * self.pixel()[0]:
            self._head.setStyle(angle=180 if end > x else 0)
            self._head.setPos(end, y)
            self._head.show()
        self._step.setData([x, end], [y, y])
        if inside and math.isfinite(loss):
            there = float(self.in_reach(np.array(loss)))
            self._drop.setData([end, end], [y, there])
            self.put(self._landed, end, there)
