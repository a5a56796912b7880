"""A plot with a point in it, which is dragged, set by a click, or moved by arrow keys.

Knows nothing of the document. Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)

from nnviz.picture.palette import Palette
from nnviz.ui.plots.curve import Curve
from nnviz.ui.plots.plot import Dot, Plot, QuietAxis
from nnviz.ui.widgets.number_field import nudge_size
from nnviz.ui.widgets.theme import ui_font

REACH = 9.0
"""Pixels from the present point at which the mouse still takes hold of it."""
TANGENT = 44.0
"""Pixels of a tangent on either side of the present point."""
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Down: (0, -1),
    Qt.Key.Key_Up: (0, 1),
}


class PointPlot(Plot):
    """A plot whose axes are named by what they are, and in which a point stands.

    =============== ==================================================================================
    `point_moved`   the mouse asks for the point to be at (x, y), in round numbers
    `point_nudged`  an arrow key asks for so many steps (right, up) of "0.1", "1" or "0.01"
    `gesture_ended` what comes next is an undo entry of its own
    =============== ==================================================================================
    """

    point_moved = Signal(float, float)
    point_nudged = Signal(object, object, str)
    gesture_ended = Signal()

    def __init__(self, palette: Palette, *, grid: bool, point: float = 11) -> None:
        super().__init__(QuietAxis("bottom"), QuietAxis("left", grid=grid))
        self._names = ("", "")
        self._palette = palette
        self._hold: QPointF | None = None
        self._point: QPointF | None = None
        self._under_mouse: QPointF | None = None
        self.plotItem.vb.setMouseEnabled(False, False)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._present = Dot(point)
        self.add(self._present, 10)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        self._palette = palette
        super().set_palette(palette)
        self._colour_point()

    def name_axes(self, bottom: str, left: str) -> None:
        """Name the axes; what is too long for them is cut short."""
        if (bottom, left) != self._names:
            self._names = (bottom, left)
            self._write_names()

    def show_present(self, x: float, y: float) -> None:
        """Put the present point there; nowhere where a coordinate is not finite."""
        self._point = QPointF(x, y) if math.isfinite(x) and math.isfinite(y) else None
        self.put(self._present, x, y)
        self._tell()

    def touch(self, tangent: Curve, slope: float) -> None:
        """Lay a tangent of so many pixels through the present point; none where there is none of either."""
        if self._point is None or not math.isfinite(slope):
            tangent.setData([], [])
            return
        across, up = self.pixel()
        half = TANGENT / math.hypot(1 / across, slope / up)
        x, y = self._point.x(), self._point.y()
        tangent.setData([x - half, x + half], [y - half * slope, y + half * slope])

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the point to read out near `at`, and its numbers: none where nothing is drawn."""
        return None

    def takes_point(self) -> bool:
        """Tell whether the mouse and keys may put the point somewhere."""
        return self._point is not None

    def _tell(self) -> None:
        """Read out what is under the mouse, or nothing."""
        point = self.read_near(self._under_mouse) if self._under_mouse is not None else None
        if point is None:
            self.read_out.hide()
        else:
            self.read(*point)

    def _at(self, event: QMouseEvent) -> QPointF:
        at: QPointF = self.plotItem.vb.mapSceneToView(self.mapToScene(event.position().toPoint()))
        return at

    def rounded(self, at: QPointF) -> QPointF:
        """Return the point inside the plot that has no more digits than a pixel can tell apart."""
        rounded = []
        for value, (low, high), pixel in zip((at.x(), at.y()), self.view(), self.pixel(), strict=True):
            digits = -math.floor(math.log10(pixel))
            rounded.append(round(min(max(value, low), high), digits) + 0.0)
        return QPointF(*rounded)

    def _write_names(self) -> None:
        area, metrics = self.plotItem.vb.sceneBoundingRect(), QFontMetrics(ui_font(11))
        axes = (self._bottom, self._left)
        for axis, name, room in zip(axes, self._names, (area.width(), area.height()), strict=True):
            axis.set_text(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, max(60, int(room))))

    def _colour_point(self) -> None:
        colour = self._palette.accent if self.hasFocus() else self._palette.ink
        self._present.setPen(QPen(QColor(colour), 2))
        self._present.setBrush(QColor(self._palette.surface))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the present point, or put it where the mouse is."""
        if event.button() != Qt.MouseButton.LeftButton or not self.takes_point():
            event.ignore()
            return
        near = False
        if self._point is not None:
            place = event.position() - self.place_of(self._point.x(), self._point.y())
            near = math.hypot(place.x(), place.y()) <= REACH
        self._hold = self._point - self._at(event) if self._point is not None and near else QPointF()
        self.gesture_ended.emit()
        if not near:
            self._move(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the present point, or read out what is under the mouse."""
        if not event.buttons():
            self._let_go()  # a box may have taken the release
        if self._hold is not None:
            self._move(event)
        inside = self.plotItem.vb.sceneBoundingRect().contains(self.mapToScene(event.position().toPoint()))
        self._under_mouse = self._at(event) if inside else None
        self._tell()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the present point go."""
        self._let_go()

    def _let_go(self) -> None:
        if self._hold is not None:
            self._hold = None
            self.gesture_ended.emit()

    def _move(self, event: QMouseEvent) -> None:
        assert self._hold is not None
        at = self._at(event) + self._hold
        if math.isfinite(at.x()) and math.isfinite(at.y()):
            to = self.rounded(at)
            self.point_moved.emit(to.x(), to.y())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what scrolls the panels."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the present point by arrow keys: by 0.1, with Shift by 1, with Alt by 0.01."""
        if event.key() in ARROWS and self.takes_point():
            self._under_mouse = None  # what stands there would cover where the point goes
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
        self._tell()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Cut the names to the new length of the axes."""
        super().resizeEvent(event)
        if hasattr(self, "_present"):
            self._write_names()
