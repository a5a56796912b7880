"""The loss over two weights, as a colour map.

Imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import contourpy
import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor

from nnviz.core.activations import Array
from nnviz.core.landscape import Grid, LossMap, loss_map, same_but
from nnviz.core.network import Network
from nnviz.core.numbers import counted, full, loss_in_words
from nnviz.core.replay import Past
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.document.idle import COMPUTING, LATER
from nnviz.explain.mean import all_rows
from nnviz.picture.palette import Palette
from nnviz.picture.shades import Tone, pixels, ramp
from nnviz.picture.ticks import multiples, round_step
from nnviz.ui.kit.theme import colours
from nnviz.ui.panels.loss import LossPlane, LossView, axis_name, is_listed
from nnviz.ui.plot.plot import CurveItem, Scale, drawable, points_of
from nnviz.ui.plot.points import REACH

SIZE = 193
"""Pixels on each side of the picture of the tones."""
LEVELS = 8
"""About so many contours."""
DECADES = ((1, 1.5, 2, 3, 4, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
"""Round numbers in a decade, from many to few."""
FEW = 60
"""Points of a path up to which each is marked, as the updates that it is made of."""


class LossSurfacePlane(LossPlane):
    """Draws a `grid` of losses as it is given; `stale` makes it faint while a new one is computed."""

    over = "over two weights"

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette, grid=False)
        self.setToolTip(
            "Drag the point or click to set both weights; arrows move it by 0.1, Shift 1, Alt 0.01"
        )
        self.grid: Grid | None = None
        self._loss = math.nan
        self._tones = ramp(palette)
        self._image = pg.ImageItem()
        self._contours = CurveItem(connect="finite")
        self._halo, self._path = (CurveItem() for _ in range(2))
        self._start = pg.ScatterPlotItem(useCache=False)  # Qt would write its cache into an SVG as pixels
        for z, item in enumerate((self._image, self._contours, self._halo, self._path, self._start)):
            self.add(item, z)
        self.plotItem.layout.setContentsMargins(0, 7, 0, 0)  # the scale's numbers stand at the right
        self._scale = Scale()
        self.plotItem.layout.addItem(self._scale, 2, 3)  # beside the plot itself, which is at (2, 1)
        self.set_palette(palette)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        super().set_palette(palette)
        self._tones = ramp(palette)
        self._contours.setPen(self.pen(_faint(palette.ink, 0.32), 1))
        self._halo.setPen(self.pen(_faint(palette.surface, 0.8), 5))
        self._path.setPen(self.pen(palette.ink))
        self._start.setPen(None)
        self._start.setBrush(palette.ink)
        if self.grid is not None:
            self.show_grid(self.grid)

    def show_grid(self, grid: Grid) -> None:
        """Draw the loss on a grid; what is not finite is a gap."""
        self.bring_back()
        self.grid = grid
        tone = Tone.of(grid.loss)
        levels = levels_of(tone)
        share = tone.share(grid.loss)
        ends = ((float(values[0]), float(values[-1])) for values in (grid.values1, grid.values2))
        (left, right), (bottom, top) = drawable(*ends)
        self._image.setImage(pixels(share, self._tones, SIZE), levels=None)
        # the middles of the outer pixels stand on the grid's edge
        across, up = (right - left) / (SIZE - 1), (top - bottom) / (SIZE - 1)
        self._image.setRect(QRectF(left - across / 2, bottom - up / 2, across * SIZE, up * SIZE))
        self._contours.setData(*_contours(grid, share, tone.share(np.array(levels)).tolist()))
        self._scale.show_scale(tone, levels, self._tones, self._palette)
        self.look((left, right), (bottom, top))

    def show_nothing(self) -> None:
        """Draw nothing, not even the axes."""
        self.plotItem.hide()
        self.grid = None
        self._image.clear()
        self._contours.setData([], [])
        self.show_point(math.nan, math.nan, math.nan)
        self.show_path(np.empty((0, 2)))

    def stale(self, stale: bool) -> None:
        """Make the map faint: it is of other weights than the present ones."""
        for item in (self._image, self._contours):
            item.setOpacity(0.3 if stale else 1.0)

    def show_point(self, x: float, y: float, loss: float) -> None:
        """Put the present point there; `loss` may not be known yet (NaN)."""
        self._loss = loss
        self.show_present(x, y)

    def show_path(self, path: Array) -> None:
        """Draw the way of a run, shape (points, 2)."""
        for line in (self._halo, self._path):
            line.setData(path[:, 0], path[:, 1])
        marked = path if len(path) <= FEW else path[:1]
        self._start.setData(marked[:, 0], marked[:, 1], size=[6, *[4] * len(marked)][: len(marked)])

    def path(self) -> Array:
        """Return the way as it is drawn, shape (points, 2)."""
        return points_of(self._path)

    def contours(self) -> Array:
        """Return all contours as they are drawn, shape (points, 2); NaN between two of them."""
        return points_of(self._contours)

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the computed point that is nearest to `at`: the present one, or one of the grid."""
        if self.grid is None:
            return None
        grid = self.grid
        i, j = (int(np.abs(v - c).argmin()) for v, c in ((grid.values1, at.x()), (grid.values2, at.y())))
        x, y, loss = float(grid.values1[i]), float(grid.values2[j]), float(grid.loss[i, j])
        if self._point is not None and math.isfinite(self._loss):
            away = self.place_of(at.x(), at.y()) - self.place_of(self._point.x(), self._point.y())
            if math.hypot(away.x(), away.y()) <= REACH:
                x, y, loss = self._point.x(), self._point.y(), self._loss
        return QPointF(x, y), self.in_words((x, y), loss)


def levels_of(tone: Tone) -> list[float]:
    """Return round losses for the contours."""
    if not tone.logarithmic:
        return multiples(tone.low, tone.high, round_step((tone.high - tone.low) / LEVELS))
    low, high = math.log10(tone.low), math.log10(tone.high)
    decade = next(
        numbers for numbers in DECADES if len(numbers) * (high - low) <= LEVELS or len(numbers) == 1
    )
    powers = range(math.floor(low), math.floor(high) + 1)
    levels = [number * 10.0**power for power in powers for number in decade]
    return [level for level in levels if tone.low <= level <= tone.high]


def _contours(grid: Grid, share: Array, levels: list[float]) -> tuple[Array, Array]:
    """Return all contours as one line with gaps. They are found on the scale, so as even as the tones are."""
    contours = contourpy.contour_generator(
        grid.values1,
        grid.values2,
        np.ma.masked_invalid(share.T),
        name="serial",
        line_type=contourpy.LineType.ChunkCombinedNan,
    )
    gap = np.full((1, 2), np.nan)
    lines = [gap]
    for level in levels:
        points = contours.lines(level)[0][0]
        if points is not None:
            lines += [points, gap]
    joined = np.concatenate(lines)
    return joined[:, 0], joined[:, 1]


def _faint(colour: str, opacity: float) -> QColor:
    faint = QColor(colour)
    faint.setAlphaF(opacity)
    return faint


CHOOSE = "Click a weight on the diagram and Ctrl+click another one"
CHOOSE_SECOND = "Ctrl+click a second weight on the diagram"
OR_HERE = ", or choose two above"
THEN = ": the {} over both is drawn here"
TOO_LARGE = "These weights are too large to be drawn."


class LossSurface(LossView):
    """Draws the loss over the rows over the two selected weights; dragging the point changes both.

    A line is the way of the last run, from its start to where it was last shown. A new run begins a new one;
    what is undone of it is not shown until it is redone. An edit of weights leaves it; with other data or
    another structure there is none.
    """

    title, what, ending = "2 weights", "the loss over two weights", "-2-weights"
    tip = "Each tone is the loss with these two weights; all others stay as they are"
    wanted, caption_lines = 2, 2

    plane: LossSurfacePlane
    _known: LossMap | None
    _drawn: Grid | None

    def __init__(self, past: Past) -> None:
        super().__init__(LossSurfacePlane(colours()))
        self._past = past

    def hint(self, state: State) -> str:  # noqa: D102
        choose = CHOOSE_SECOND if self.weights else CHOOSE
        return choose + (OR_HERE if is_listed(state.network) else "") + THEN.format(state.measure.word)

    def find(self, state: State, slopes: MeanSlopes | None) -> Iterator[None]:
        """Find the map, coarse and then finer."""
        first, second = self.weights
        path = self._over_weights(self._way(state.network))
        for step in loss_map(state, first, second, path, self._known, slopes):
            self._known = step or self._known
            yield

    def draw(self, state: State) -> tuple[bool, str]:
        """Draw what is known of the map, which may be that of another State, and the path."""
        self.plane.name_axes(*(axis_name(state.network, weight) for weight in self.weights))
        self._draw_map(state)
        loss = self._known.loss if self._known is not None and same_but(self._known.state, state) else None
        way = self._way(state.network)
        x, y = (state.network.value_of(weight) for weight in self.weights)
        self.plane.show_path(self._over_weights(way))
        self.plane.show_point(x, y, math.nan if loss is None else loss)
        caption = " ".join(filter(None, (self._present(state, loss), self._about(way, state))))
        first, second = (state.network.name_of(weight) for weight in self.weights)
        self.plane.setAccessibleDescription(f"{first} {full(x)}, {second} {full(y)}: {caption}")
        return loss is not None, caption

    def _draw_map(self, state: State) -> None:
        if self._known is None or not self._known.drawable:
            self.plane.show_nothing()
            self._drawn = None
            return
        if self._drawn is not self._known.grid:
            self._drawn = self._known.grid
            self.plane.show_grid(self._drawn)
        self.plane.stale(not same_but(self._known.state, state, *self.weights))

    def _present(self, state: State, loss: float | None) -> str:
        """Return the present loss in words, or that it is being computed."""
        if self._known is not None and not self._known.drawable:
            return TOO_LARGE
        if loss is not None:
            return f"{loss_in_words(state.measure.title, loss)} over {all_rows(state)}."
        stale = self._known is not None and not same_but(self._known.state, state, *self.weights)
        return LATER if stale else COMPUTING

    # --- the path of the last run

    def _way(self, network: Network) -> list[Network]:
        """Return the known networks on the way of the last run; none where it was of another structure."""
        last = self._past.shown
        fits = last is not None and _structure(last.network) == _structure(network)
        way = self._past.way() if fits else []
        return way if len(way) > 1 else []

    def _over_weights(self, way: list[Network]) -> Array:
        """Return the way over the two weights, shape (points, 2)."""
        first, second = self.weights
        return np.array([(each.value_of(first), each.value_of(second)) for each in way]).reshape(-1, 2)

    def _about(self, way: list[Network], state: State) -> str:
        """Return what the line is, where there is one."""
        if not way or self._past.shown is None:
            return ""
        whole = len(way) == self._past.shown.iteration + 1
        path = "the last run’s path" if whole else f"{counted(len(way), 'point')} of the last run’s path"
        start, end = replace(state, network=way[0]), replace(state, network=way[-1])
        projected = not same_but(start, end, *self.weights)
        return f"Line: {path}{', projected: the other weights moved too' if projected else ''}."


def _structure(network: Network) -> tuple[object, ...]:
    return network.sizes, *(layer.biases is None for layer in network.layers)
