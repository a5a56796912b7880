"""The MSE history as a curve with axes and a read-out under the mouse. Knows nothing of the document.

Imports pyqtgraph, which costs 150 ms, so it is imported only once the window stands.
"""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPen, QResizeEvent

from nnviz.core.activations import Array
from nnviz.core.numbers import full, shown
from nnviz.core.training.envelope import thinned
from nnviz.core.training.history import History
from nnviz.picture.palette import Palette
from nnviz.ui.plots.axis import QuietAxis
from nnviz.ui.plots.plot import Dot, Plot, points_of

TURNS = 100
"""A curve that turns up and down more often is noise: drawn thin it is clearer, and many times faster."""


class MseCurve(Plot):
    """Draws a history and marks its last point.

    The view follows the curve until somebody zooms or pans; `view_all` makes it follow again.
    """

    menu_requested = Signal(QPoint)

    def __init__(self, palette: Palette) -> None:
        super().__init__(QuietAxis("bottom", "iterations", whole=True), QuietAxis("left", "MSE", grid=True))
        self._history = History()
        self._log = False
        self._following = True
        self._read: int | None = None
        self.setAccessibleName("MSE after every update")
        self._curve = pg.PlotCurveItem(antialias=True)
        self._present, self._dot = Dot(10), Dot(8)
        for z, item in enumerate((self._curve, self._present, self._dot)):
            self.add(item, z)
        self.set_palette(palette)
        self.plotItem.vb.sigRangeChangedManually.connect(self._look_closer)
        self.plotItem.vb.sigRangeChanged.connect(self._follow_view)
        self.scene().sigMouseClicked.connect(self._click)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        super().set_palette(palette)
        self._colour = palette.accent
        self._present.setPen(QPen(QColor(palette.ink), 2))
        self._present.setBrush(QColor(palette.surface))
        self._dot.setPen(QPen(Qt.PenStyle.NoPen))
        self._dot.setBrush(QColor(palette.accent))
        if len(self._history):
            self.show_history(self._history)

    def show_history(self, history: History) -> None:
        """Draw `history`, which must have a point and may be what was drawn before, gone on."""
        self._history = history
        if self._following:
            self._fit()
        self._draw()
        self._present.show_at(*self._place(*history.last))
        still_there = self._read is not None and self._read < len(history)
        self.read_at(self._read if still_there else None)
        self._describe()
        self.scene().prepareForPaint()  # else the items move while they are painted, and are painted twice

    def set_log(self, log: bool) -> None:
        """Draw the MSE on a logarithmic scale; an MSE of 0 has no place there."""
        self._log = log
        self._left.set_logarithmic(log)
        self.view_all()

    def view_all(self) -> None:
        """Show the whole curve, and follow it."""
        self._following = True
        if len(self._history):
            self.show_history(self._history)

    def show_view(self, view: list[list[float]]) -> None:
        """Show a part of the curve, as `view` returned it."""
        self._following = False
        self.plotItem.vb.setRange(xRange=view[0], yRange=view[1], padding=0)

    def curve(self) -> Array:
        """Return the curve as it is drawn, shape (points, 2): iteration, MSE or its exponent of 10."""
        return points_of(self._curve)

    def read_at(self, index: int | None) -> None:
        """Read out the point `index`, or none."""
        self._read = index
        if index is None:
            self._dot.hide()
            self.read_out.hide()
            return
        iteration, mse = self._history.points[index].tolist()
        x, y = self._place(iteration, mse)
        self._dot.show_at(x, y)
        point = QPointF(x, y if math.isfinite(y) else self.view()[1][0])
        self.read(point, f"iteration {shown(iteration)}\nMSE {shown(mse, 8)}")

    # --- drawing

    def _place(self, iteration: float, mse: float) -> tuple[float, float]:
        """Return where a point is drawn; an exponent of −∞ for an MSE of 0."""
        if self._log:
            mse = math.log10(mse) if mse > 0.0 else -math.inf
        return float(iteration), mse

    def _drawn(self, points: Array) -> Array:
        """Return `points` as they are drawn: exponents of 10 where it is logarithmic, and none for 0."""
        if not self._log:
            return points
        above = points[points[:, 1] > 0.0]
        return np.column_stack((above[:, 0], np.log10(above[:, 1])))

    def _draw(self) -> None:
        """Draw what is in view, each pixel's lowest and highest point."""
        points = self._history.envelope if self._following else self._in_view()
        points = self._drawn(thinned(points, math.ceil(len(points) / (2 * self.plotItem.vb.width()))))
        falls = np.signbit(np.diff(points[:, 1]))
        noise = np.count_nonzero(falls[1:] != falls[:-1]) > TURNS
        self._curve.setPen(pg.mkPen(self._colour) if noise else self.pen(self._colour))
        self._curve.setData(points[:, 0], points[:, 1], antialias=not noise)

    def _in_view(self) -> Array:
        points = self._history.points
        first, last = np.searchsorted(points[:, 0], self.view()[0])
        return points[max(first - 1, 0) : last + 1]

    def _fit(self) -> None:
        last = max(self._history.last[0], 1)
        box = self.plotItem.vb
        box.setRange(xRange=(-0.025 * last, 1.025 * last), yRange=self._reach(), padding=0)

    def _reach(self) -> tuple[float, float]:
        y = self._drawn(self._history.envelope)[:, 1]
        if len(y) == 0:
            return -1.0, 1.0
        low, high = float(y.min()), float(y.max())
        if not self._log and low < high / 2:
            low = 0.0
        room = (high - low) or abs(high) or 1.0
        return low - 0.04 * room, high + 0.08 * room

    def _look_closer(self) -> None:
        self._following = False
        self._follow_view()

    def _follow_view(self) -> None:
        if not self._following:
            self._draw()

    def _describe(self) -> None:
        said = [
            f"MSE {full(mse)} at iteration {full(k)}" for k, mse in self._history.points[[0, -1]].tolist()
        ]
        self.setAccessibleDescription(", ".join(said))

    # --- events

    def _click(self, event: pg.GraphicsScene.mouseEvents.MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:  # a right drag zooms
            self.menu_requested.emit(event.screenPos().toPoint())

    def _hover(self, position: QPointF) -> None:
        box = self.plotItem.vb
        if len(self._history) == 0 or not box.sceneBoundingRect().contains(position):
            self.read_at(None)
            return
        x = box.mapSceneToView(position).x()
        iterations = self._history.points[:, 0]
        after = int(np.searchsorted(iterations, x))
        near = [k for k in (after - 1, after) if 0 <= k < len(iterations)]
        self.read_at(min(near, key=lambda k: abs(float(iterations[k]) - x)))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        last = len(self._history) - 1
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
        self.read_at(None)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if hasattr(self, "_dot"):
            self._draw()
