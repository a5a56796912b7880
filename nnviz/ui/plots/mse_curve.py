"""The MSE history as a curve with axes and a read-out under the mouse. Knows nothing of the document.

Imports pyqtgraph, which costs 150 ms, so it is imported only once the window stands.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QLabel

from nnviz.core.activations import Array
from nnviz.core.numbers import full, shown
from nnviz.core.training.history import History
from nnviz.picture.palette import Palette
from nnviz.ui.plots.axis import QuietAxis
from nnviz.ui.theme import ui_font

FEW = 500
"""Points up to which the curve is smooth and two pixels wide; that costs ten times as much on a long one."""


class MseCurve(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Draws a history and marks its last point.

    The view follows the curve until somebody zooms or pans; `view_all` makes it follow again.
    """

    menu_requested = Signal(QPoint)

    def __init__(self, palette: Palette) -> None:
        self._x = QuietAxis("bottom", "iterations", whole=True)
        self._y = QuietAxis("left", "MSE", grid=True)
        super().__init__(axisItems={"bottom": self._x, "left": self._y})
        self._history = History()
        self._log = False
        self._following = True
        self._read: int | None = None
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.plotItem.layout.setContentsMargins(0, 2, 14, 0)  # room for half of the last iteration's text
        self.setAccessibleName("MSE after every update")
        self._curve = self.plotItem.plot([], [])
        self.plotItem.setDownsampling(auto=True, mode="peak")
        self.plotItem.setClipToView(True)
        self._present = pg.ScatterPlotItem(size=10)
        self._dot = pg.ScatterPlotItem(size=8)
        for item in (self._present, self._dot):
            item.setZValue(2)
            self.plotItem.addItem(item, ignoreBounds=True)
        self.read_out = QLabel(self)
        self.read_out.setObjectName("readout")
        self.read_out.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.read_out.hide()
        self.set_palette(palette)
        self.plotItem.vb.disableAutoRange()
        self.plotItem.vb.sigRangeChangedManually.connect(self._look_closer)
        self.scene().sigMouseClicked.connect(self._click)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        self.setBackground(palette.surface)
        self._x.set_palette(palette)
        self._y.set_palette(palette)
        self._colour = palette.accent
        self._present.setPen(pg.mkPen(palette.ink, width=2))
        self._present.setBrush(palette.surface)
        self._dot.setPen(None)
        self._dot.setBrush(palette.accent)
        self.read_out.setFont(ui_font(11.5))
        if len(self._history):
            self.show_history(self._history)

    def show_history(self, history: History) -> None:
        """Draw `history`, which must have a point and may be what was drawn before, gone on."""
        self._history = history
        if self._following:
            self.view_all()
        else:
            self._draw(history.points)
        present = self._drawn(history.points[-1:])
        self._present.setData(present[:, 0], present[:, 1])
        still_there = self._read is not None and self._read < len(history)
        self._tell_read_out(self._read if still_there else None)
        self._describe()
        self.scene().prepareForPaint()  # else the items move while they are painted, and are painted twice

    def set_log(self, log: bool) -> None:
        """Draw the MSE on a logarithmic scale; an MSE of 0 has no place there."""
        self._log = self._y.logarithmic = log
        self._y.picture = None
        self._following = True
        if len(self._history):
            self.show_history(self._history)

    def view_all(self) -> None:
        """Show the whole curve, and follow it."""
        self._following = True
        if len(self._history) == 0:
            return
        envelope = self._history.envelope
        last = max(self._history.last[0], 1)
        box = self.plotItem.vb
        box.setRange(xRange=(-0.025 * last, 1.025 * last), yRange=self._reach(envelope), padding=0)
        self._draw(envelope)

    def view(self) -> list[list[float]]:
        """Return what is shown: [[x from, to], [y from, to]], y as an exponent where it is logarithmic."""
        ranges: list[list[float]] = self.plotItem.vb.viewRange()
        return ranges

    def show_view(self, view: list[list[float]]) -> None:
        """Show a part of the curve, as `view` returned it."""
        self._look_closer()
        self.plotItem.vb.setRange(xRange=view[0], yRange=view[1], padding=0)

    def read_at(self, index: int | None) -> None:
        """Read out the point `index`, or none."""
        self._tell_read_out(index)

    def _drawn(self, points: Array) -> Array:
        """Return `points` as they are drawn: exponents of 10 where it is logarithmic, and none for 0."""
        if not self._log:
            return points
        above = points[points[:, 1] > 0.0]
        return np.column_stack((above[:, 0], np.log10(above[:, 1])))

    def _draw(self, points: Array) -> None:
        drawn = self._drawn(points)
        few = len(points) <= FEW
        self._curve.setPen(pg.mkPen(self._colour, width=2 if few else 1))
        self._curve.setData(drawn[:, 0], drawn[:, 1], antialias=few)

    def _reach(self, points: Array) -> tuple[float, float]:
        y = self._drawn(points)[:, 1]
        if len(y) == 0:
            return -1.0, 1.0
        low, high = float(y.min()), float(y.max())
        if not self._log and low < high / 2:
            low = 0.0
        room = (high - low) or abs(high) or 1.0
        return low - 0.04 * room, high + 0.08 * room

    def _look_closer(self) -> None:
        """Stop following, and draw every point: the envelope is for the whole."""
        if self._following:
            self._following = False
            self._draw(self._history.points)

    def _click(self, event: pg.GraphicsScene.mouseEvents.MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:  # a right drag zooms
            self.menu_requested.emit(event.screenPos().toPoint())

    def _hover(self, position: QPointF) -> None:
        box = self.plotItem.vb
        if len(self._history.points) == 0 or not box.sceneBoundingRect().contains(position):
            self._tell_read_out(None)
            return
        x = box.mapSceneToView(position).x()
        iterations = self._history.points[:, 0]
        after = int(np.searchsorted(iterations, x))
        near = [k for k in (after - 1, after) if 0 <= k < len(iterations)]
        self._tell_read_out(min(near, key=lambda k: abs(float(iterations[k]) - x)))

    def _tell_read_out(self, index: int | None) -> None:
        self._read = index
        if index is None:
            self._dot.setData([], [])
            self.read_out.hide()
            return
        iteration, mse = self._history.points[index].tolist()
        dot = self._drawn(self._history.points[index : index + 1])
        self._dot.setData(dot[:, 0], dot[:, 1])
        self.read_out.setText(f"iteration {shown(iteration)}\nMSE {shown(mse, 8)}")
        self.read_out.adjustSize()
        y = float(dot[0, 1]) if len(dot) else 0.0
        self._place_read_out(self.plotItem.vb.mapViewToScene(QPointF(iteration, y)))
        self.read_out.show()

    def _place_read_out(self, point: QPointF) -> None:
        """Put the read-out into the upper corner that is away from its point."""
        area = self.plotItem.vb.sceneBoundingRect()
        at_right = point.x() > area.center().x() and point.y() < area.center().y()
        left = area.left() + 6 if at_right else area.right() - 6 - self.read_out.width()
        self.read_out.move(round(left), round(area.top() + 4))

    def _describe(self) -> None:
        said = [
            f"MSE {full(mse)} at iteration {full(k)}" for k, mse in self._history.points[[0, -1]].tolist()
        ]
        self.setAccessibleDescription(", ".join(said))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        last = len(self._history.points) - 1
        present = last if self._read is None else self._read
        steps = {
            Qt.Key.Key_Left: present - 1,
            Qt.Key.Key_Right: present + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if event.key() in steps and last >= 0:
            self.read_at(min(max(steps[Qt.Key(event.key())], 0), last))
        elif event.key() == Qt.Key.Key_Escape and self._read is not None:
            self.read_at(None)
        else:
            event.ignore()  # pyqtgraph would swallow it

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        super().mouseMoveEvent(event)
        self._hover(self.mapToScene(event.position().toPoint()))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        super().mouseDoubleClickEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.view_all()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        super().leaveEvent(event)
        self._tell_read_out(None)
