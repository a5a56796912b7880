"""The curves of earlier runs in a plot, which is drawn over them.

Imports pyqtgraph, which costs 150 ms, so it is imported only once the window stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor

from nnviz.core.activations import Array
from nnviz.core.history import bucket_length, ceiling, in_columns, leaves_at
from nnviz.core.numbers import full, shown_in_full
from nnviz.core.run import EarlierRun
from nnviz.picture.curve import Area, Joined, cut
from nnviz.ui.plots.curve import Curve, points_of
from nnviz.ui.plots.plot import Arrow, Plot

DASHES = ([7, 3], [2, 3], [9, 3, 2, 3], [4, 4])
"""Of lines and gaps, in the line's width: neighbours in time are told apart by more than their place."""
UNDER = -0.5
"""Over the grid, under everything else."""
MOST_VIEWS = 9.0
"""What is drawn is at most so many views wide and high: Qt makes every dash of a line, also out of sight."""


class EarlierCurves:
    """Draws `runs` in a plot: thin, muted, dashed; anew only where they or the way they are drawn change.

    `last` is their last iteration, 0 without runs, `reach` their lowest and highest as drawn, or None, and
    `told` says in words where each ended.
    """

    def __init__(self) -> None:
        self._items: list[Curve] = []
        self._arrows: list[Arrow] = []
        self._area: Area | None = None
        self._pixel = math.inf
        self._curves: list[Array] = []
        self._cut: list[tuple[Array, Joined]] = []
        self.colour = QColor()
        self.show((), log=False, measure="")

    def show(self, runs: tuple[EarlierRun, ...], *, log: bool, measure: str) -> None:
        """Take other runs, or another scale; `measure` is the loss that all of them have."""
        self.runs = runs
        self._curves = [on_scale(run.history, log=log) for run in runs]
        self.last = max((int(run.history[-1, 0]) for run in runs), default=0)
        ends = ((run.called(), *run.history[-1].tolist()) for run in runs)
        self.told = ", ".join(
            f"{name}: {measure} {shown_in_full(loss)} at iteration {full(at)}" for name, at, loss in ends
        )
        self._diverged = {k for k, run in enumerate(runs) if ceiling(run.history[:, 1]) < math.inf}
        self.reach = reach_together(reach(run.history, log=log) for run in runs)
        self._area = None

    def set_colour(self, colour: str) -> None:
        """Take the colour of a theme."""
        self.colour, self._area = QColor(colour), None

    def draw(self, plot: Plot) -> None:
        """Draw what has changed, with what is around the view: most views to come are within that."""
        view, pixel = plot.view(), plot.device_pixel()
        while len(self._items) < len(self._curves):
            self._items.append(Curve())
            self._arrows.append(Arrow())
            plot.add(self._items[-1], UNDER)
            plot.add(self._arrows[-1], UNDER)
        for k, arrow in enumerate(self._arrows):
            leaves = leaves_at(self._curves[k], view[1][1]) if k in self._diverged else None
            plot.put(arrow, leaves[1] if leaves else math.nan, view[1][1])
        if self._area and _is_good_for(self._area, view) and pixel >= self._pixel:
            return
        self._area, self._pixel = _around(view), pixel
        for k, item in enumerate(self._items):
            item.setVisible(k < len(self._curves))
            self._arrows[k].setBrush(self.colour)
        self._cut = [
            cut(in_columns(curve, pixel, bucket_length(run.iterations)), self._area)
            for curve, run in zip(self._curves, self.runs, strict=True)
        ]
        for k, (item, (points, joined)) in enumerate(zip(self._items, self._cut, strict=False)):
            pen = plot.pen(self.colour, 1.0)
            pen.setDashPattern(DASHES[k % len(DASHES)])
            item.setPen(pen)
            item.setData(points[:, 0], points[:, 1], connect=joined)

    def drawn(self) -> list[Array]:
        """Return the curves as they are drawn, the newest last, shape (points, 2) each."""
        return [points_of(item) for item in self._items if item.isVisible()]

    def near(self, point: QPointF, pixel: tuple[float, float], within: float) -> EarlierRun | None:
        """Return the run whose curve is nearest to a point of the plot; None if none is `within` pixels."""
        distances = [distance(points, point, pixel, joined) for points, joined in self._cut]
        nearest = min(zip(distances, self.runs, strict=True), key=lambda pair: pair[0], default=None)
        return nearest[1] if nearest and nearest[0] <= within else None


def _around(view: Area) -> Area:
    """Return what is in view, and as much on each side of it."""
    return [[2.0 * low - high, 2.0 * high - low] for low, high in view]


def _is_good_for(area: Area, view: Area) -> bool:
    """Tell whether what is drawn of an area holds what is in view, and not much too much around it."""
    return all(
        least <= low and high <= most and most - least <= MOST_VIEWS * (high - low)
        for (least, most), (low, high) in zip(area, view, strict=True)
    )


def on_scale(points: Array, *, log: bool) -> Array:
    """Return `points` as they are drawn: exponents of 10 where it is logarithmic, and none for 0."""
    if not log:
        return points
    above = points[points[:, 1] > 0.0]
    return np.column_stack((above[:, 0], np.log10(above[:, 1])))


Reach: TypeAlias = tuple[float, float]
"""The lowest and the highest finite height at which curves are drawn."""


def reach(points: Array, *, log: bool) -> Reach | None:
    """Return from where to where a curve is drawn, up to its ceiling; None if it has no height."""
    losses = points[:, 1]
    if (
        not losses.min(initial=math.inf) > (0.0 if log else -math.inf)
        or not losses.max(initial=0.0) < math.inf
    ):
        losses = losses[np.isfinite(losses) & ((losses > 0.0) | (not log))]
    if not len(losses):
        return None
    high = min(float(losses.max()), ceiling(losses))
    low = min(float(losses.min()), high)
    return (math.log10(low), math.log10(high)) if log else (low, high)


def reach_together(reaches: Iterable[Reach | None]) -> Reach | None:
    """Return the lowest and the highest of several; None if all are None."""
    known = [each for each in reaches if each]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def distance(
    points: Array, point: QPointF, pixel: tuple[float, float], joined: Joined | None = None
) -> float:
    """Return how many pixels a point is away from a curve, where a pixel is so large; ∞ without a curve.

    `joined` tells of each point whether the curve goes on from it to the next; all do where it is None.
    """
    with np.errstate(over="ignore", invalid="ignore"):  # far out of a view that is very small
        places = (points - (point.x(), point.y())) / pixel
        starts, ways = places[:-1], np.diff(places, axis=0)
        if joined is not None:
            starts, ways = starts[joined[:-1]], ways[joined[:-1]]
        lengths = np.maximum((ways**2).sum(axis=1), 1e-12)
        shares = np.clip(-(starts * ways).sum(axis=1) / lengths, 0.0, 1.0)
        return float(np.hypot(*(starts + shares[:, None] * ways).T).min(initial=np.inf))
