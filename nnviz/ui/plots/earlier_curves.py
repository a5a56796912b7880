"""The curves of earlier runs in a plot, which is drawn over them.

Imports pyqtgraph, which costs 150 ms, so it is imported only once the window stands.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from nnviz.core.activations import Array
from nnviz.core.numbers import full
from nnviz.core.state import EarlierRun
from nnviz.ui.plots.plot import Plot, points_of

DASHES = ([7, 3], [2, 3], [9, 3, 2, 3], [4, 4])
"""Of lines and gaps, in the line's width: neighbours in time are told apart by more than their place."""
UNDER = -0.5
"""Over the grid, under everything else."""


class EarlierCurves:
    """Draws `runs` in a plot: thin, muted, dashed; anew only where they or the way they are drawn change.

    `last` is their last iteration, 0 without runs, `reach` their lowest and highest as drawn, or None, and
    `told` says in words where each ended.
    """

    def __init__(self) -> None:
        self._items: list[pg.PlotCurveItem] = []
        self._drawn: object = None
        self._curves: list[Array] = []
        self.colour = QColor()
        self.show((), log=False)

    def show(self, runs: tuple[EarlierRun, ...], *, log: bool) -> None:
        """Take other runs, or another scale."""
        self.runs = runs
        self._curves = [on_scale(run.history, log=log) for run in runs]
        self.last = max((int(run.history[-1, 0]) for run in runs), default=0)
        ends = ((run.name, *run.history[-1].tolist()) for run in runs)
        self.told = ", ".join(f"{name}: MSE {full(mse)} at iteration {full(at)}" for name, at, mse in ends)
        heights = [curve[:, 1] for curve in self._curves if len(curve)]
        self.reach: tuple[float, float] | None = None
        if heights:
            self.reach = float(min(y.min() for y in heights)), float(max(y.max() for y in heights))
        self._drawn = None

    def set_colour(self, colour: str) -> None:
        """Take the colour of a theme."""
        self.colour, self._drawn = QColor(colour), None

    def draw(self, plot: Plot) -> None:
        """Draw what has changed; a curve that goes far out of view is drawn again at another height of it."""
        height = plot.view()[1]
        if self._drawn == height:
            return
        self._drawn = height
        while len(self._items) < len(self._curves):
            self._items.append(pg.PlotCurveItem(antialias=True))
            plot.add(self._items[-1], UNDER)
        for k, item in enumerate(self._items):
            item.setVisible(k < len(self._curves))
        for k, (item, curve) in enumerate(zip(self._items, self._curves, strict=False)):
            pen = plot.pen(self.colour, 1.0)
            pen.setDashPattern(DASHES[k % len(DASHES)])
            item.setPen(pen)
            item.setData(curve[:, 0], plot.in_reach(curve[:, 1]))

    def drawn(self) -> list[Array]:
        """Return the curves as they are drawn, the newest last, shape (points, 2) each."""
        return [points_of(item) for item in self._items if item.isVisible()]

    def near(self, point: QPointF, pixel: tuple[float, float], within: float) -> EarlierRun | None:
        """Return the run whose curve is nearest to a point of the plot; None if none is `within` pixels."""
        distances = [distance(curve, point, pixel) for curve in self.drawn()]
        nearest = min(zip(distances, self.runs, strict=True), key=lambda pair: pair[0], default=None)
        return nearest[1] if nearest and nearest[0] <= within else None


def on_scale(points: Array, *, log: bool) -> Array:
    """Return `points` as they are drawn: exponents of 10 where it is logarithmic, and none for 0."""
    if not log:
        return points
    above = points[points[:, 1] > 0.0]
    return np.column_stack((above[:, 0], np.log10(above[:, 1])))


def distance(curve: Array, point: QPointF, pixel: tuple[float, float]) -> float:
    """Return how many pixels a point is away from a curve, shape (points, 2), where a pixel is so large."""
    if not len(curve):
        return float("inf")
    with np.errstate(over="ignore", invalid="ignore"):  # far out of a view that is very small
        places = (curve - (point.x(), point.y())) / pixel
        starts, ways = places[:-1], np.diff(places, axis=0)
        lengths = np.maximum((ways**2).sum(axis=1), 1e-12)
        shares = np.clip(-(starts * ways).sum(axis=1) / lengths, 0.0, 1.0)
        nearest = np.vstack((places[-1:], starts + shares[:, None] * ways))
        return float(np.hypot(*nearest.T).min())
