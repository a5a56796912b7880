"""A plot with the present point in it, which is dragged, set by a click, or moved by arrow keys.

Knows nothing of the document. Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math
from html import escape

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QLabel

from nnviz.core.activations import Array
from nnviz.picture.palette import Palette
from nnviz.ui.diagram.editor import nudge_size
from nnviz.ui.plots.axis import QuietAxis
from nnviz.ui.theme import ui_font

REACH = 9.0
"""Pixels from the present point at which the mouse still takes hold of it."""
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Down: (0, -1),
    Qt.Key.Key_Up: (0, 1),
}


class LossPlane(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A plot over weights; its axes are named by them.

    =============== ==================================================================================
    `point_moved`   the mouse asks for the present point to be at (x, y), in round numbers
    `point_nudged`  an arrow key asks for so many steps (right, up) of "0.1", "1" or "0.01"
    `gesture_ended` what comes next is an undo entry of its own
    =============== ==================================================================================
    """

    point_moved = Signal(float, float)
    point_nudged = Signal(int, int, str)
    gesture_ended = Signal()

    def __init__(self, palette: Palette, *, grid: bool) -> None:
        self._axes = {"bottom": QuietAxis("bottom", ""), "left": QuietAxis("left", "", grid=grid)}
        super().__init__(axisItems=self._axes)
        self._names = {"bottom": "", "left": ""}
        self._palette = palette
        self._hold: QPointF | None = None
        self._point: QPointF | None = None
        self._under_mouse: QPointF | None = None
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.plotItem.layout.setContentsMargins(0, 7, 0, 0)  # half the height of the uppermost number
        self.plotItem.vb.setMouseEnabled(False, False)
        self.plotItem.vb.disableAutoRange()
        self._present = pg.ScatterPlotItem(size=11)
        self._present.setZValue(10)
        self.plotItem.addItem(self._present, ignoreBounds=True)
        self.read_out = QLabel(self)
        self.read_out.setObjectName("readout")
        self.read_out.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.read_out.hide()

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        self._palette = palette
        self.setBackground(palette.surface)
        for axis in self._axes.values():
            axis.set_palette(palette)
        self._write_names()
        self._colour_point()
        self.read_out.setFont(ui_font(11.5))

    def name_axes(self, bottom: str, left: str) -> None:
        """Name the axes; what is too long for them is cut short."""
        self._names = {"bottom": bottom, "left": left}
        self._write_names()

    def show_present(self, x: float, y: float) -> None:
        """Put the present point there; nowhere where a coordinate is not finite."""
        self._point = QPointF(x, y) if math.isfinite(x) and math.isfinite(y) else None
        self._present.setData([x] if self._point else [], [y] if self._point else [])
        self.tell(self._under_mouse)

    def place_of(self, x: float, y: float) -> QPointF:
        """Return where a point of the plot stands in this widget, in pixels."""
        return QPointF(self.mapFromScene(self.plotItem.vb.mapViewToScene(QPointF(x, y))))

    def view(self) -> list[list[float]]:
        """Return what is shown: [[x from, to], [y from, to]]."""
        ranges: list[list[float]] = self.plotItem.vb.viewRange()
        return ranges

    def read(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the point to read out near `at`, and its numbers; None where there is nothing to say."""
        raise NotImplementedError

    def tell(self, at: QPointF | None) -> None:
        """Read out what is near `at`, or nothing."""
        found = self.read(at) if at is not None else None
        if found is None:
            self.read_out.hide()
            return
        point, text = found
        self.read_out.setText(text)
        self.read_out.adjustSize()
        area = self.plotItem.vb.sceneBoundingRect()
        place = self.plotItem.vb.mapViewToScene(point)
        at_right = place.x() > area.center().x() and place.y() < area.center().y()
        left = area.left() + 6 if at_right else area.right() - 6 - self.read_out.width()
        self.read_out.move(round(left), round(area.top() + 4))
        self.read_out.show()

    def _at(self, event: QMouseEvent) -> QPointF:
        at: QPointF = self.plotItem.vb.mapSceneToView(self.mapToScene(event.position().toPoint()))
        return at

    def _round(self, at: QPointF) -> QPointF:
        """Return the point inside the plot that has no more digits than a pixel can tell apart."""
        rounded = []
        for value, (low, high), pixel in zip(
            (at.x(), at.y()), self.view(), self.plotItem.vb.viewPixelSize(), strict=True
        ):
            digits = -math.floor(math.log10(pixel))
            rounded.append(round(min(max(value, low), high), digits) + 0.0)
        return QPointF(*rounded)

    def _write_names(self) -> None:
        area = self.plotItem.vb.sceneBoundingRect()
        metrics = QFontMetrics(ui_font(11))
        for side, room in (("bottom", area.width()), ("left", area.height())):
            name = metrics.elidedText(self._names[side], Qt.TextElideMode.ElideMiddle, max(60, int(room)))
            self._axes[side].setLabel(escape(name), **{"color": self._palette.muted, "font-size": "11px"})

    def _colour_point(self) -> None:
        colour = self._palette.accent if self.hasFocus() else self._palette.ink
        self._present.setPen(pg.mkPen(colour, width=2))
        self._present.setBrush(self._palette.surface)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the present point, or put it where the mouse is."""
        if event.button() != Qt.MouseButton.LeftButton or self._point is None:
            event.ignore()
            return
        place = event.position() - self.place_of(self._point.x(), self._point.y())
        near = math.hypot(place.x(), place.y()) <= REACH
        self._hold = self._point - self._at(event) if near else QPointF()
        self.gesture_ended.emit()
        if not near:
            self._move(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the present point, or read out what is under the mouse."""
        if self._hold is not None:
            self._move(event)
        inside = self.plotItem.vb.sceneBoundingRect().contains(self.mapToScene(event.position().toPoint()))
        self._under_mouse = self._at(event) if inside else None
        self.tell(self._under_mouse)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the present point go."""
        if self._hold is not None:
            self._hold = None
            self.gesture_ended.emit()

    def _move(self, event: QMouseEvent) -> None:
        assert self._hold is not None
        to = self._round(self._at(event) + self._hold)
        self.point_moved.emit(to.x(), to.y())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what scrolls the panels."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the present point by arrow keys: by 0.1, with Shift by 1, with Alt by 0.01."""
        if event.key() in ARROWS and self._point is not None:
            self.point_nudged.emit(*ARROWS[Qt.Key(event.key())], nudge_size(event.modifiers()))
        else:
            event.ignore()  # pyqtgraph would swallow it

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that arrow keys act here."""
        super().focusInEvent(event)
        self.gesture_ended.emit()
        self._colour_point()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that arrow keys act elsewhere."""
        super().focusOutEvent(event)
        self._colour_point()

    def leaveEvent(self, event: QEvent) -> None:
        """Read nothing out any more."""
        super().leaveEvent(event)
        self._under_mouse = None
        self.tell(None)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the names to the new length of the axes."""
        super().resizeEvent(event)
        if hasattr(self, "read_out"):
            self._write_names()


def points_of(curve: pg.PlotCurveItem) -> Array:
    """Return what a curve draws, shape (points, 2)."""
    x, y = curve.getData()
    return np.empty((0, 2)) if x is None else np.column_stack((x, y))
