"""The MSE history as a curve with axes.

Knows nothing of documents and of the mouse.

Imports pyqtgraph, which costs 150 ms, so it is imported only once the window stands.
"""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPen, QResizeEvent

from nnviz.core.activations import Array
from nnviz.core.history import History, thinned
from nnviz.core.loss.line import FLAT
from nnviz.core.numbers import full, shown
from nnviz.picture.palette import Palette, rgb
from nnviz.ui.plots.plot import Dot, Plot, QuietAxis, points_of

TURNS = 100
"""A curve that turns up and down more often is noise: drawn thin it is clearer, and many times faster."""
FAINT = 0.4
"""How much of the curve's colour is in the part beyond the present point."""


class MseCanvas(Plot):
    """Draws a history, marks its present point, and draws what comes after that faintly.

    The view follows the curve until a part of it is shown; `view_all` makes it follow again.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__(QuietAxis("bottom", "iterations", whole=True), QuietAxis("left", "MSE", grid=True))
        self._history = History()
        self._present = 0, 0.0
        self.log = False
        self._following = True
        self._read: int | None = None
        self.setAccessibleName("MSE after every update")
        self._beyond, self._curve = (pg.PlotCurveItem(antialias=True) for _ in range(2))
        self._ring, self._dot = Dot(10), Dot(8)
        for z, item in enumerate((self._beyond, self._curve, self._ring, self._dot)):
            self.add(item, z)
        self.set_palette(palette)
        self.plotItem.vb.sigRangeChanged.connect(self._follow_view)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        super().set_palette(palette)
        self._colour = QColor(palette.accent)
        self._faint = _mixed(palette.accent, palette.surface, FAINT)
        self._ring.setPen(QPen(QColor(palette.ink), 2))
        self._ring.setBrush(QColor(palette.surface))
        self._dot.setPen(QPen(Qt.PenStyle.NoPen))
        self._dot.setBrush(self._colour)
        if len(self._history):
            self.show_history(self._history, self._present)

    def show_history(self, history: History, present: tuple[int, float] | None = None) -> None:
        """Draw `history`, which must have a point and may be what was drawn before, gone on.

        `present` is the iteration that the ring marks, and its MSE; its last point where nothing is said.
        """
        self._history, self._present = history, present or history.last
        if self._following:
            self._fit()
        self._draw()
        self.put(self._ring, *self._place(*self._present))
        still_there = self._read is not None and self._read < len(history)
        self.read_at(self._read if still_there else None)
        self._describe()
        self.scene().prepareForPaint()  # else the items move while they are painted, and are painted twice

    def set_log(self, log: bool) -> None:
        """Draw the MSE on a logarithmic scale; an MSE of 0 has no place there."""
        self.log = log
        self._left.set_logarithmic(log)
        self.view_all()

    def view_all(self) -> None:
        """Show the whole curve, and follow it."""
        self._following = True
        if len(self._history):
            self.show_history(self._history, self._present)

    def show_view(self, view: list[list[float]]) -> None:
        """Show a part of the curve, as `view` returned it."""
        self._following = False
        self.look(*view)

    def curve(self) -> Array:
        """Return the curve up to the present point as it is drawn, shape (points, 2).

        Iteration, and MSE or its exponent of 10.
        """
        return points_of(self._curve)

    def beyond(self) -> Array:
        """Return the curve from the present point on as it is drawn; no points where nothing comes after."""
        return points_of(self._beyond) if self._beyond.isVisible() else np.empty((0, 2))

    def present(self) -> QPointF:
        """Return where the ring stands, in this widget's pixels."""
        return self.place_of(*self._place(*self._present))

    def read_at(self, index: int | None) -> None:
        """Read out the point `index`, or none."""
        self._read = index
        if index is None:
            self._dot.hide()
            self.read_out.hide()
            return
        iteration, mse = self._history.points[index].tolist()
        x, y = self._place(iteration, mse)
        self.put(self._dot, x, y)
        point = QPointF(x, y if math.isfinite(y) else self.view()[1][0])
        self.read(point, f"iteration {shown(iteration)}\nMSE {shown(mse)}")

    def _place(self, iteration: float, mse: float) -> tuple[float, float]:
        """Return where a point is drawn; an exponent of −∞ for an MSE of 0."""
        if self.log:
            mse = math.log10(mse) if mse > 0.0 else -math.inf
        return float(iteration), mse

    def _drawn(self, points: Array) -> Array:
        """Return `points` as they are drawn: exponents of 10 where it is logarithmic, and none for 0."""
        if not self.log:
            return points
        above = points[points[:, 1] > 0.0]
        return np.column_stack((above[:, 0], np.log10(above[:, 1])))

    def _draw(self) -> None:
        """Draw what is in view, each pixel's lowest and highest point."""
        points = self._history.envelope if self._following else self._in_view()
        points = thinned(points, math.ceil(len(points) / (2 * self.plotItem.vb.width())))
        falls = np.signbit(np.diff(points[:, 1]))
        noise = bool(np.count_nonzero(falls[1:] != falls[:-1]) > TURNS)
        iterations, (present, _) = points[:, 0], self._present
        beyond = points[iterations.searchsorted(present, side="right") :]
        self._beyond.setVisible(len(beyond) > 0)
        if len(beyond):
            self._put(self._beyond, np.vstack((self._present, beyond)), self._faint, noise)
            points = np.vstack((points[: iterations.searchsorted(present)], self._present))
        self._put(self._curve, points, self._colour, noise)

    def _put(self, item: pg.PlotCurveItem, points: Array, colour: QColor, noise: bool) -> None:
        points = self._drawn(points)
        item.setPen(pg.mkPen(colour) if noise else self.pen(colour))
        item.setData(points[:, 0], self.in_reach(points[:, 1]), antialias=not noise)

    def _in_view(self) -> Array:
        points = self._history.points
        first, last = np.searchsorted(points[:, 0], self.view()[0])
        return points[max(first - 1, 0) : last + 1]

    def _fit(self) -> None:
        last = max(self._history.last[0], self._present[0], 1)
        self.look((-0.025 * last, 1.025 * last), self._reach())

    def _reach(self) -> tuple[float, float]:
        y = self._drawn(self._history.envelope)[:, 1]
        if len(y) == 0:
            return -1.0, 1.0
        low, high = float(y.min()), float(y.max())
        if not self.log and low < high / 2:
            low = 0.0
        room = high - low
        if room <= FLAT * abs(high):
            room = abs(high) or 1.0
        return low - 0.04 * room, high + 0.08 * room

    def _follow_view(self) -> None:
        if not self._following:
            self._draw()

    def _describe(self) -> None:
        first, last = self._history.points[[0, -1]].tolist()
        told = [first, self._present, last] if self._present[0] < last[0] else [first, last]
        self.setAccessibleDescription(
            ", ".join(f"MSE {full(mse)} at iteration {full(iteration)}" for iteration, mse in told)
        )

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if hasattr(self, "_dot"):
            self._draw()


def _mixed(colour: str, ground: str, share: float) -> QColor:
    """Return `share` of a colour on a ground."""
    red, green, blue = np.rint(share * np.array(rgb(colour)) + (1.0 - share) * np.array(rgb(ground)))
    return QColor(int(red), int(green), int(blue))
