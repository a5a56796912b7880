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
from nnviz.core.names import SHOWN, shortened
from nnviz.core.numbers import full, shown, shown_in_full
from nnviz.core.run import EarlierRun
from nnviz.picture.palette import Palette, rgb
from nnviz.ui.plots.curve import Curve, points_of
from nnviz.ui.plots.earlier_curves import EarlierCurves, on_scale
from nnviz.ui.plots.plot import Dot, Plot, QuietAxis

TURNS = 100
"""A curve that turns up and down more often is noise: drawn thin it is clearer, and many times faster."""
FAINT = 0.4
"""How much of the curve's colour is in the part beyond the present point."""
TIMES_AS_HIGH = 10.0
"""So far above the present run the view goes for earlier ones: one that has diverged would leave it flat."""
NOWHERE = -1, math.nan
"""The present point before every other."""
RING_PX = 7.0
"""Room for the ring on each side of its middle."""


class MseCanvas(Plot):
    """Draws a history, marks its present point, draws what comes after that faintly, and earlier runs.

    The view follows the curve until a part of it is shown; `view_all` makes it follow again.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__(QuietAxis("bottom", "iterations", whole=True), QuietAxis("left", "MSE", grid=True))
        self._history = History()
        self._measure = "MSE"
        self._present = NOWHERE
        self.log = False
        self._following = True
        self._read: int | None = None
        self._read_run: EarlierRun | None = None
        self.setAccessibleName("MSE after every update")
        self._beyond, self._curve = (Curve() for _ in range(2))
        self._ring, self._dot = Dot(10), Dot(8)
        self._earlier = EarlierCurves()
        for z, item in enumerate((self._beyond, self._curve, self._ring, self._dot)):
            self.add(item, z)
        self.set_palette(palette)
        self.plotItem.vb.sigRangeChanged.connect(self._follow_view)
        self.plotItem.vb.sigResized.connect(self._follow_size)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        super().set_palette(palette)
        self._colour = QColor(palette.accent)
        self._faint = _mixed(palette.accent, palette.surface, FAINT)
        self._ring.setPen(QPen(QColor(palette.ink), 2))
        self._ring.setBrush(QColor(palette.surface))
        self._dot.setPen(QPen(Qt.PenStyle.NoPen))
        self._dot.setBrush(self._colour)
        self._earlier.set_colour(palette.muted)
        self._show_again()

    def show_history(self, history: History, present: tuple[int, float] | None = None) -> None:
        """Draw `history`, which may be what was drawn before, gone on; it has no point beside earlier runs.

        `present` is the iteration that the ring marks, and its MSE; where there is none all is drawn faintly.
        """
        self._history = history
        self._present = present or NOWHERE
        if self._following:
            self._fit()
        self._draw()
        there = self._read_run is None or self._read_run in self._earlier.runs
        still_there = there and self._read is not None and self._read < len(self._points_read())
        self.read_at(self._read if still_there else None, self._read_run)
        self._describe()
        self.scene().prepareForPaint()  # else the items move while they are painted, and are painted twice

    def set_measure(self, measure: str) -> None:
        """Say of what the history is that is shown next: the MSE, or a loss that a script told."""
        if measure != self._measure:
            self._measure = measure
            self._left.set_text(whose(measure))

    def show_earlier(self, runs: tuple[EarlierRun, ...]) -> None:
        """Draw earlier runs under the history, which is shown next."""
        self._earlier.show(runs, log=self.log)

    def _show_again(self) -> None:
        if len(self._history) or self._earlier.runs:
            self.show_history(self._history, self._present)

    def set_log(self, log: bool) -> None:
        """Draw the MSE on a logarithmic scale; an MSE of 0 has no place there."""
        self.log = log
        self._left.set_logarithmic(log)
        self._earlier.show(self._earlier.runs, log=log)
        self.view_all()

    def view_all(self) -> None:
        """Show the whole curve, and follow it."""
        self._following = True
        self._show_again()

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

    def earlier(self) -> list[Array]:
        """Return the curves of earlier runs as they are drawn, the newest last."""
        return self._earlier.drawn()

    def present(self) -> QPointF:
        """Return where the ring stands, in this widget's pixels."""
        return self.place_of(*self._place(*self._present))

    def _points_read(self) -> Array:
        return self._history.points if self._read_run is None else self._read_run.history

    def read_at(self, index: int | None, run: EarlierRun | None = None) -> None:
        """Read out the point `index` of the history, or of an earlier run; or none."""
        self._read, self._read_run = index, None if index is None else run
        if index is None:
            self._dot.hide()
            self.read_out.hide()
            return
        iteration, mse = self._points_read()[index].tolist()
        x, y = self._place(iteration, mse)
        self.put(self._dot, x, y)
        point = QPointF(x, y if math.isfinite(y) else self.view()[1][0])
        told = f"iteration {shown(iteration)}\nMSE {shown(mse)}"
        if self._measure != "MSE" and not run:
            told = f"{self._measure} {shown(mse)}, as the script\ntold it with update {shown(iteration)}"
        self._dot.setBrush(self._earlier.colour if run else self._colour)
        self.read(point, f"{self._called(run)}\n{told}" if run else told)

    def _called(self, run: EarlierRun) -> str:
        """Return what an earlier run is called, on more lines where the plot is too narrow for one."""
        name = shortened(run.name, SHOWN)
        narrow = self.read_out.fontMetrics().horizontalAdvance(name) > self.plotItem.vb.width() - 32
        return name.replace(" · ", "\n") if narrow else name

    def _place(self, iteration: float, mse: float) -> tuple[float, float]:
        """Return where a point is drawn: at the top what is no finite number, at −∞ in a log an MSE of 0."""
        if not mse < math.inf:
            mse = self.view()[1][1] - RING_PX * self.pixel()[1]
        elif self.log:
            mse = math.log10(mse) if mse > 0.0 else -math.inf
        return float(iteration), mse

    def _draw(self) -> None:
        """Draw what is in view, each pixel's lowest and highest point."""
        self._earlier.draw(self)
        here = [self._present] if self._present[0] >= 0 else []
        self.put(self._ring, *(self._place(*self._present) if here else NOWHERE))
        self._curve.setVisible(len(self._history) > 0)
        points = self._history.envelope if self._following else self._in_view()
        points = thinned(points, math.ceil(len(points) / (2 * self.plotItem.vb.width())))
        with np.errstate(invalid="ignore"):  # a script's loss may be infinite
            falls = np.signbit(np.diff(points[:, 1]))
        noise = bool(np.count_nonzero(falls[1:] != falls[:-1]) > TURNS)
        iterations, (present, _) = points[:, 0], self._present
        beyond = points[iterations.searchsorted(present, side="right") :]
        self._beyond.setVisible(len(beyond) > 0)
        if len(beyond):
            self._put(self._beyond, np.vstack((*here, beyond)), self._faint, noise)
            points = np.vstack((points[: iterations.searchsorted(present)], *here))
        self._put(self._curve, points, self._colour, noise)

    def _put(self, item: Curve, points: Array, colour: QColor, noise: bool) -> None:
        points = on_scale(points, log=self.log)
        item.setPen(pg.mkPen(colour) if noise else self.pen(colour))
        item.setData(points[:, 0], self.in_reach(points[:, 1]), antialias=not noise)

    def _in_view(self) -> Array:
        points = self._history.points
        first, last = np.searchsorted(points[:, 0], self.view()[0])
        return points[max(first - 1, 0) : last + 1]

    def _fit(self) -> None:
        end = self._history.last[0] if len(self._history) else 0
        last = float(max(end, self._present[0], self._earlier.last, 1))
        box, (low, high) = self.plotItem.vb, self._reach()
        self.look(
            _with_margins(0.0, last, 0.025, 0.025, box.width()),
            _with_margins(low, high, 0.04, 0.08, box.height()),
        )

    def _reach(self) -> tuple[float, float]:
        y = on_scale(self._history.envelope, log=self.log)[:, 1]
        y = y[np.isfinite(y)]
        earlier = self._earlier.reach
        own = (float(y.min()), float(y.max())) if len(y) else None
        reach = own or earlier
        if reach is None:
            return -1.0, 1.0
        low, high = reach
        if own and earlier:
            most = math.inf if self.log or high == 0.0 else TIMES_AS_HIGH * high
            low, high = min(low, earlier[0]), max(high, min(earlier[1], most))
        if not self.log and low < high / 2:
            low = 0.0
        room = high - low
        if room <= FLAT * abs(high):
            room = abs(high) or 1.0
        return low, low + room

    def _follow_view(self) -> None:
        if not self._following:
            self._draw()

    def _follow_size(self) -> None:
        if self._following:
            self._fit()

    def _describe(self) -> None:
        told = []
        if len(self._history):
            first, last = self._history.points[[0, -1]].tolist()
            told = [first, self._present, last] if 0 <= self._present[0] < last[0] else [first, last]
        points = [f"{self._measure} {shown_in_full(mse)} at iteration {full(at)}" for at, mse in told]
        earlier = [f"earlier runs: {self._earlier.told}"] if self._earlier.runs else []
        self.setAccessibleDescription(", ".join(points + earlier))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if hasattr(self, "_dot"):
            self._draw()


def whose(measure: str) -> str:
    """Return what a history is of, where that stands alone: a loss is the script's."""
    return f"script's {measure}" if measure == "loss" else measure


def _with_margins(low: float, high: float, below: float, above: float, pixels: float) -> tuple[float, float]:
    """Return a range with shares of it around it, and at both ends at least the ring's room."""
    ring = RING_PX / max(pixels - 2 * RING_PX, RING_PX)
    room = high - low
    return low - max(below, ring) * room, high + max(above, ring) * room


def _mixed(colour: str, ground: str, share: float) -> QColor:
    """Return `share` of a colour on a ground."""
    red, green, blue = np.rint(share * np.array(rgb(colour)) + (1.0 - share) * np.array(rgb(ground)))
    return QColor(int(red), int(green), int(blue))
