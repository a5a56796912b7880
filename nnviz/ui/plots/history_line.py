"""A history as a line of a plot: up to the present point, and faint what comes after it.

Imports pyqtgraph, which costs 150 ms, so it is imported only once the window stands.
"""

from __future__ import annotations

import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor

from nnviz.core.activations import Array
from nnviz.core.history import History, ceiling, in_columns, leaves_at
from nnviz.picture.palette import rgb
from nnviz.ui.plots.curve import Curve, points_of
from nnviz.ui.plots.earlier_curves import Reach, on_scale, reach
from nnviz.ui.plots.plot import Arrow, Plot

TURNS = 100
"""A curve that turns up and down more often is noise: drawn thin it is clearer, and many times faster."""
FAINT = 0.4
"""How much of the curve's colour is in the part beyond the present point."""


class HistoryLine:
    """Draws `history` in a plot; the present point is at or between its points, or before them all."""

    def __init__(self, plot: Plot, z: float) -> None:
        self.history = History()
        self.colour = QColor()
        self._faint = QColor()
        self.leaves: tuple[int, float] | None = None
        """Where it leaves the plot, as `leaves_at` says, if it has diverged and the whole line is drawn."""
        self._beyond, self._curve = Curve(), Curve()
        self._arrow = Arrow()
        plot.add(self._arrow, z + 1)
        for k, item in enumerate((self._beyond, self._curve)):
            plot.add(item, z + k / 2)

    def set_colour(self, colour: str, ground: str) -> None:
        """Take the colours of a theme."""
        self.colour, self._faint = QColor(colour), _mixed(colour, ground, FAINT)
        self._arrow.setBrush(self.colour)

    def up_to_present(self) -> Array:
        """Return the line up to the present point as it is drawn, shape (points, 2)."""
        return points_of(self._curve)

    def beyond(self) -> Array:
        """Return the line from the present point on as it is drawn; no points where nothing comes after."""
        return points_of(self._beyond) if self._beyond.isVisible() else np.empty((0, 2))

    def reach(self, *, log: bool) -> Reach | None:
        """Return from where to where it is drawn."""
        return reach(self.history.points, log=log)

    def draw(self, plot: Plot, present: tuple[int, float] | None, *, whole: bool, log: bool) -> None:
        """Draw the whole line, or as much as is in view, in columns of a pixel of the device."""
        here = [present] if present else []
        self._curve.setVisible(len(self.history) > 0)
        points = self.history.points if whole else self._in_view(plot)
        if len(points):
            points = in_columns(points, plot.device_pixel(), self.history.bucket)
        self._mark_exit(plot, points, whole and ceiling(points[:, 1]) < math.inf, log)
        with np.errstate(invalid="ignore"):  # a script's loss may be infinite
            falls = np.signbit(np.diff(points[:, 1]))
        noise = bool(np.count_nonzero(falls[1:] != falls[:-1]) > TURNS)
        iterations, at = points[:, 0], present[0] if present else -1
        beyond = points[iterations.searchsorted(at, side="right") :]
        self._beyond.setVisible(len(beyond) > 0)
        if len(beyond):
            self._put(plot, self._beyond, np.vstack((*here, beyond)), self._faint, noise, log)
            points = np.vstack((points[: iterations.searchsorted(at)], *here))
        self._put(plot, self._curve, points, self.colour, noise, log)

    def _put(self, plot: Plot, item: Curve, points: Array, colour: QColor, noise: bool, log: bool) -> None:
        points = on_scale(points, log=log)
        item.setPen(pg.mkPen(colour) if noise else plot.pen(colour))
        item.setData(points[:, 0], plot.in_reach(points[:, 1]), antialias=not noise)

    def _mark_exit(self, plot: Plot, points: Array, diverged: bool, log: bool) -> None:
        top = plot.view()[1][1]
        self.leaves = leaves_at(on_scale(points, log=log), top) if diverged else None
        plot.put(self._arrow, self.leaves[1] if self.leaves else math.nan, top)

    def _in_view(self, plot: Plot) -> Array:
        points = self.history.points
        first, last = np.searchsorted(points[:, 0], plot.view()[0])
        return points[max(first - 1, 0) : last + 1]


def _mixed(colour: str, ground: str, share: float) -> QColor:
    """Return `share` of a colour on a ground."""
    red, green, blue = np.rint(share * np.array(rgb(colour)) + (1.0 - share) * np.array(rgb(ground)))
    return QColor(int(red), int(green), int(blue))
