"""The loss over two weights, as a colour map.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
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
from nnviz.core.landscape import Grid, LossMap, loss_map, same_except
from nnviz.core.network import Network
from nnviz.core.numbers import counted, full, loss_text
from nnviz.core.replay import Past
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.document.idle import COMPUTING, REDRAWN_LATER
from nnviz.explain.mean import all_rows_phrase
from nnviz.picture.palette import Palette
from nnviz.picture.shades import Tone, blended_pixels, loss_tones
from nnviz.picture.ticks import multiples, round_step
from nnviz.ui.kit.theme import colours
from nnviz.ui.panels.loss import LossPlane, LossView, axis_name, is_listed
from nnviz.ui.plot.plot import CurveItem, Scale, curve_points, drawable_ranges
from nnviz.ui.plot.points import GRAB_PX

SIZE = 193
"""Width and height of the colour map, in pixels."""
LEVELS = 8
"""Approximate number of contours."""
DECADES = ((1, 1.5, 2, 3, 4, 6, 8), (1, 2, 3, 5), (1, 2, 5), (1, 3), (1,))
"""Sets of round numbers for contours in one decade (from 1 to 10), from the largest set to the smallest."""
FEW = 60
"""If a path has at most this number of points, each point has a mark, else only the start of the path."""


class LossSurfacePlane(LossPlane):
    """The plot of the loss over two weights; `grid` holds the losses."""

    title_ending = "over two weights"

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette, grid=False)
        self.setToolTip("Click or drag to set both weights; arrow keys move one by 0.1 (Shift: 1, Alt: 0.01)")
        self.grid: Grid | None = None
        self._loss = math.nan
        self._tones = loss_tones(palette)
        self._image = pg.ImageItem()
        self._contours = CurveItem(connect="finite")
        self._halo, self._path = (CurveItem() for _ in range(2))
        self._start = pg.ScatterPlotItem(useCache=False)  # in an SVG, Qt would write its cache as pixels
        for z, item in enumerate((self._image, self._contours, self._halo, self._path, self._start)):
            self.add(item, z)
        self.plotItem.layout.setContentsMargins(0, 7, 0, 0)  # room for the scale's numbers at the right
        self._scale = Scale()
        self.plotItem.layout.addItem(self._scale, 2, 3)  # the plot itself is at (2, 1)
        self.set_palette(palette)

    def set_palette(self, palette: Palette) -> None:
        """Use the colours of a theme."""
        super().set_palette(palette)
        self._tones = loss_tones(palette)
        self._contours.setPen(self.pen(_faint(palette.ink, 0.32), 1))
        self._halo.setPen(self.pen(_faint(palette.surface, 0.8), 5))
        self._path.setPen(self.pen(palette.ink))
        self._start.setPen(None)
        self._start.setBrush(palette.ink)
        if self.grid is not None:
            self.show_grid(self.grid)

    def show_grid(self, grid: Grid) -> None:
        """Draw the loss on a grid; losses that are not finite are gaps."""
        self.show_again()
        self.grid = grid
        tone = Tone.scale_for(grid.loss)
        levels = levels_of(tone)
        share = tone.share(grid.loss)
        ends = ((float(values[0]), float(values[-1])) for values in (grid.values1, grid.values2))
        (left, right), (bottom, top) = drawable_ranges(*ends)
        self._image.setImage(blended_pixels(share, self._tones, SIZE), levels=None)
        # the centres of the outer pixels are on the edge of the grid
        across, up = (right - left) / (SIZE - 1), (top - bottom) / (SIZE - 1)
        self._image.setRect(QRectF(left - across / 2, bottom - up / 2, across * SIZE, up * SIZE))
        self._contours.setData(*_contours(grid, share, tone.share(np.array(levels)).tolist()))
        self._scale.show_scale(tone, levels, self._tones, self._palette)
        self.set_view((left, right), (bottom, top))

    def show_nothing(self) -> None:
        """Clear the plot and hide its axes."""
        self.plotItem.hide()
        self.grid = None
        self._image.clear()
        self._contours.setData([], [])
        self.show_point(math.nan, math.nan, math.nan)
        self.show_path(np.empty((0, 2)))

    def stale(self, stale: bool) -> None:
        """Fade the map if it belongs to earlier weights (`stale`), else draw the map normally."""
        for item in (self._image, self._contours):
            item.setOpacity(0.3 if stale else 1.0)

    def show_point(self, x: float, y: float, loss: float) -> None:
        """Draw the point of the two current weights; `loss` is NaN while the loss is not known."""
        self._loss = loss
        self.show_present(x, y)

    def show_path(self, path: Array) -> None:
        """Draw the path of a run, shape (points, 2): the values of the two weights."""
        for line in (self._halo, self._path):
            line.setData(path[:, 0], path[:, 1])
        marks = path if len(path) <= FEW else path[:1]
        self._start.setData(marks[:, 0], marks[:, 1], size=[6, *[4] * len(marks)][: len(marks)])

    def path(self) -> Array:
        """Return the drawn path, shape (points, 2): the values of the two weights."""
        return curve_points(self._path)

    def contours(self) -> Array:
        """Return the points of the drawn contours, shape (points, 2): x, y. NaN separates two contours."""
        return curve_points(self._contours)

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return a point near `at` and the text of its readout, or None if there is no map.

        If the point of the current weights is near `at`, return this point, else the nearest grid point.
        """
        if self.grid is None:
            return None
        grid = self.grid
        i, j = (int(np.abs(v - c).argmin()) for v, c in ((grid.values1, at.x()), (grid.values2, at.y())))
        x, y, loss = float(grid.values1[i]), float(grid.values2[j]), float(grid.loss[i, j])
        if self._point is not None and math.isfinite(self._loss):
            offset = self.place_of(at.x(), at.y()) - self.place_of(self._point.x(), self._point.y())
            if math.hypot(offset.x(), offset.y()) <= GRAB_PX:
                x, y, loss = self._point.x(), self._point.y(), self._loss
        return QPointF(x, y), self.in_words((x, y), loss)


def levels_of(tone: Tone) -> list[float]:
    """Return about `LEVELS` round losses, at which the contours are drawn."""
    if not tone.logarithmic:
        return multiples(tone.low, tone.high, round_step((tone.high - tone.low) / LEVELS))
    low, high = math.log10(tone.low), math.log10(tone.high)
    decade = next(steps for steps in DECADES if len(steps) * (high - low) <= LEVELS or len(steps) == 1)
    powers = range(math.floor(low), math.floor(high) + 1)
    levels = [number * 10.0**power for power in powers for number in decade]
    return [level for level in levels if tone.low <= level <= tone.high]


def _contours(grid: Grid, share: Array, levels: list[float]) -> tuple[Array, Array]:
    """Return x and y of all contours, with NaN between two, computed on the colour scale to be even."""
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


CHOOSE = "Click a weight on the diagram and Ctrl+click a second weight to plot the {} over both."
CHOOSE_SECOND = "Ctrl+click a second weight on the diagram to plot the {} over both."
OR_ABOVE = "Or choose two weights above."
TOO_LARGE = "These weights are too large to plot."


class LossSurface(LossView):
    """The mean loss over the rows as a function of two weights. Dragging the point sets both weights.

    A line shows the path of the last run, from the run's start to the network shown last. Undone updates
    are not part of the line until they are redone. Edits of weights do not change the line; with other data
    or another structure, the plot has no line.
    """

    title, phrase, ending = "2 weights", "the loss over two weights", "-2-weights"
    tip = "The colour of each point shows the loss at its two weights; all other weights stay as they are"
    wanted, caption_lines = 2, 2

    plane: LossSurfacePlane
    _result: LossMap | None
    _drawn: Grid | None

    def __init__(self, past: Past) -> None:
        super().__init__(LossSurfacePlane(colours()))
        self._past = past

    def hint(self, state: State) -> str:  # noqa: D102
        choose = (CHOOSE_SECOND if self.weights else CHOOSE).format(state.measure.phrase)
        return f"{choose} {OR_ABOVE}" if is_listed(state.network) else choose

    def compute(self, state: State, slopes: MeanSlopes | None) -> Iterator[None]:
        """Compute the map, first coarse and then finer."""
        first, second = self.weights
        path = self._over_weights(self._path(state.network))
        for step in loss_map(state, first, second, path, self._result, slopes):
            self._result = step or self._result
            yield

    def draw(self, state: State) -> tuple[bool, str]:
        """Draw the computed map and the path. Return whether the loss belongs to `state`, and the caption."""
        self.plane.name_axes(*(axis_name(state.network, weight) for weight in self.weights))
        self._draw_map(state)
        result = self._result
        loss = result.loss if result is not None and same_except(result.state, state) else None
        path = self._path(state.network)
        x, y = (state.network.value_of(weight) for weight in self.weights)
        self.plane.show_path(self._over_weights(path))
        self.plane.show_point(x, y, math.nan if loss is None else loss)
        caption = " ".join(filter(None, (self._loss_text(state, loss), self._path_text(path, state))))
        first, second = (state.network.name_of(weight) for weight in self.weights)
        self.plane.setAccessibleDescription(f"{first} {full(x)}, {second} {full(y)}: {caption}")
        return loss is not None, caption

    def _draw_map(self, state: State) -> None:
        if self._result is None or not self._result.drawable:
            self.plane.show_nothing()
            self._drawn = None
            return
        if self._drawn is not self._result.grid:
            self._drawn = self._result.grid
            self.plane.show_grid(self._drawn)
        self.plane.stale(not same_except(self._result.state, state, *self.weights))

    def _loss_text(self, state: State, loss: float | None) -> str:
        """Return a sentence with the present loss, or the message that it is being computed."""
        if self._result is not None and not self._result.drawable:
            return TOO_LARGE
        if loss is not None:
            return f"{loss_text(state.measure.title, loss)} over {all_rows_phrase(state)}."
        stale = self._result is not None and not same_except(self._result.state, state, *self.weights)
        return REDRAWN_LATER if stale else COMPUTING

    # --- the path of the last run

    def _path(self, network: Network) -> list[Network]:
        """Return the stored networks of the last run in order; empty if the structure has changed."""
        last = self._past.shown
        fits = last is not None and _structure(last.network) == _structure(network)
        path = self._past.networks() if fits else []
        return path if len(path) > 1 else []

    def _over_weights(self, path: list[Network]) -> Array:
        """Return the values of the two weights along a path, shape (points, 2)."""
        first, second = self.weights
        return np.array([(each.value_of(first), each.value_of(second)) for each in path]).reshape(-1, 2)

    def _path_text(self, path: list[Network], state: State) -> str:
        """Return a sentence about the line of the path, or "" without a path."""
        if not path or self._past.shown is None:
            return ""
        is_all = len(path) == self._past.shown.iteration + 1
        line = "the path of the last run"
        line = line if is_all else f"{counted(len(path), 'point')} of the path of the last run"
        start, end = replace(state, network=path[0]), replace(state, network=path[-1])
        is_projected = not same_except(start, end, *self.weights)
        return (
            f"Line: {line}, projected, since other weights moved too." if is_projected else f"Line: {line}."
        )


def _structure(network: Network) -> tuple[object, ...]:
    return network.sizes, *(layer.biases is None for layer in network.layers)
