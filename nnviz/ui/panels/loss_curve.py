"""The loss over one weight, as a curve.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPen, QResizeEvent

from nnviz.core.activations import Array
from nnviz.core.landscape import LossLine, is_full_gradient_descent, line_is_valid, loss_line, same_except
from nnviz.core.numbers import as_text, full, loss_text
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.document.idle import COMPUTING, REDRAWN_LATER
from nnviz.explain.mean import all_rows_phrase
from nnviz.picture.palette import Palette
from nnviz.ui.kit.theme import colours
from nnviz.ui.panels.loss import LossPlane, LossView, axis_name
from nnviz.ui.plot.card import coloured
from nnviz.ui.plot.plot import CurveItem, DotItem, curve_points

HEAD = 9
"""Length of the arrow's head, in pixels."""


class LossCurvePlane(LossPlane):
    """The plot of the loss over one weight."""

    title_ending = "along the selected weight"

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette, grid=True)
        self.setToolTip("Click or drag to set the weight; arrow keys change it by 0.1 (Shift: 1, Alt: 0.01)")
        self._slope = math.nan
        self._landing: tuple[float, float] | None = None
        self._curve = CurveItem(connect="finite")
        self._tangent, self._step, self._drop = (CurveItem() for _ in range(3))
        self._head = pg.ArrowItem(headLen=HEAD, tipAngle=50, baseAngle=10, pxMode=True)
        self._end = DotItem(7)
        for z, item in enumerate(
            (self._curve, self._drop, self._step, self._head, self._end, self._tangent), start=1
        ):
            self.add(item, z)
        self._head.hide()
        self.set_palette(palette)

    def set_palette(self, palette: Palette) -> None:
        """Use the colours of a theme."""
        super().set_palette(palette)
        self._curve.setPen(self.pen(palette.muted))
        self._tangent.setPen(self.pen(palette.slope))
        self._step.setPen(self.pen(palette.accent))
        dotted = self.pen(palette.accent, 1)
        dotted.setStyle(Qt.PenStyle.DotLine)
        self._drop.setPen(dotted)
        self._head.setStyle(pen=pg.mkPen(None), brush=palette.accent)
        self._end.setPen(QPen(Qt.PenStyle.NoPen))
        self._end.setBrush(QColor(palette.accent))

    def show_curve(self, values: Array, loss: Array, floor: float, ceiling: float) -> None:
        """Draw `loss` over the weight's `values`. `floor` and `ceiling` are the limits of the loss axis."""
        self.show_again()
        self.set_view((float(values[0]), float(values[-1])), (floor, ceiling))
        self._curve.setData(values, self.clip_heights(np.where(np.isfinite(loss), loss, np.nan)))
        self._place()

    def show_nothing(self) -> None:
        """Clear the plot and hide its axes."""
        self.plotItem.hide()
        self._curve.setData([], [])
        self.show_point(math.nan, math.nan, math.nan, None)

    def stale(self, stale: bool) -> None:
        """Fade the curve if it belongs to earlier weights (`stale`), else draw the curve normally."""
        self._curve.setOpacity(0.3 if stale else 1.0)

    def show_point(self, w: float, loss: float, slope: float, landing: tuple[float, float] | None) -> None:
        """Draw the point of the current weight, its tangent, and an arrow for the next step.

        If `slope` is NaN, no tangent is drawn. `landing` holds the weight and the loss after the step. If
        `landing` is None, no arrow is drawn.
        """
        self.show_present(w, loss)
        self._slope, self._landing = slope, landing
        self._place()

    def tangent(self) -> Array:
        """Return the ends of the drawn tangent, shape (2, 2): w, loss; empty if no tangent is drawn."""
        return curve_points(self._tangent)

    def curve(self) -> Array:
        """Return the drawn curve, shape (points, 2): w, loss."""
        return curve_points(self._curve)

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the curve's point whose x is nearest to `at`, and its readout; None if there is no curve."""
        points = self.curve()
        if not len(points):
            return None
        w, loss = points[np.abs(points[:, 0] - at.x()).argmin()].tolist()
        height = loss if math.isfinite(loss) else self.view()[1][1]
        return QPointF(w, height), self.in_words((w,), loss)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw the tangent and the arrow again, so that their lengths in pixels do not change."""
        super().resizeEvent(event)
        if hasattr(self, "_end"):
            self._place()

    def _place(self) -> None:
        self.draw_tangent(self._tangent, self._slope)
        self._place_step()

    def _place_step(self) -> None:
        """Draw the step along w to its end, or to the plot's edge, and a line from its end to the curve."""
        for line in (self._step, self._drop):
            line.setData([], [])
        for mark in (self._head, self._end):
            mark.hide()
        if self._point is None or self._landing is None:
            return
        (low, high), _ = self.view()
        x, y = self._point.x(), self._point.y()
        end, loss = self._landing
        is_inside = low <= end <= high
        end = min(max(end, low), high)
        if abs(end - x) > 2 * HEAD * self.pixel()[0]:
            self._head.setStyle(angle=180 if end > x else 0)
            self._head.setPos(end, y)
            self._head.show()
        self._step.setData([x, end], [y, y])
        if is_inside and math.isfinite(loss):
            height = float(self.clip_heights(np.array(loss)))
            self._drop.setData([end, end], [y, height])
            self.place_dot(self._end, end, height)


CHOOSE = "Click a weight or a bias on the diagram to plot the {} over its values"
TOO_LARGE = "The {} at the current weights is too large to plot"


class LossCurve(LossView):
    """The mean loss over the rows as a function of the selected weight. Dragging sets the weight."""

    title, phrase, ending = "1 weight", "the loss over one weight", "-1-weight"
    tip = "The mean loss and slope over the rows, and the loss after a step that moves only this weight"
    wanted, caption_lines = 1, 3

    plane: LossCurvePlane
    _result: LossLine | None
    _drawn: Array | None

    def __init__(self) -> None:
        super().__init__(LossCurvePlane(colours()))

    def hint(self, state: State) -> str:  # noqa: D102
        return CHOOSE.format(state.measure.phrase)

    def compute(self, state: State, slopes: MeanSlopes | None) -> Iterator[None]:
        """Compute the curve, first coarse and then fine."""
        for step in loss_line(state, self.weights[0], self._result, slopes):
            self._result = step or self._result
            yield

    def draw(self, state: State) -> tuple[bool, str]:
        """Draw the computed curve. Return whether the curve belongs to `state`, and the caption in HTML."""
        line = self._result
        self.plane.name_axes(axis_name(state.network, *self.weights), state.measure.title)
        if line is None:
            return False, self._draw_nothing(COMPUTING)
        if not line_is_valid(line, state):
            return False, self._draw_old(line, state)
        if not line.drawable:
            return True, self._draw_nothing(TOO_LARGE.format(state.measure.phrase))
        if self._drawn is not line.values:
            self.plane.show_curve(line.values, line.loss, *line.heights())
            self._drawn = line.values
        self.plane.stale(False)
        self.plane.show_point(line.w, line.point.loss, line.point.slope, line.landing)
        self.plane.setAccessibleDescription(line_in_full(line))
        return True, line_in_html(line, colours())

    def _draw_nothing(self, caption: str) -> str:
        self.plane.show_nothing()
        self._drawn = None
        return caption

    def _draw_old(self, line: LossLine, state: State) -> str:
        """Draw the curve of an earlier State while the curve of `state` is computed."""
        same = same_except(line.state, state, line.weight)
        self.plane.stale(not same)
        w = state.network.value_of(line.weight)
        self.plane.show_point(w, line.loss_at(w) if same else math.nan, math.nan, None)
        return COMPUTING if same else REDRAWN_LATER


def line_in_html(line: LossLine, palette: Palette) -> str:
    """Return three lines of rich text: the loss and slope, the next step, and the loss after this step.

    The loss after the step assumes that only this weight moves.
    """
    loss, slope = line.point
    here = coloured(
        palette.muted, f"{loss_text(line.state.measure.title, loss)} over {all_rows_phrase(line.state)} · "
    )
    slope_here = coloured(palette.slope, f"slope {as_text(slope)}")
    step = f"{coloured(palette.accent, f'{_step(line)}:')} {_move(line)}"
    return "<br>".join((here + slope_here, step, _landing(line, palette)))


def line_in_full(line: LossLine) -> str:
    """Return the caption with all digits, for a screen reader."""
    loss, slope = line.point
    measure = line.state.measure
    point = f"{measure.title} {full(loss)} at {line.weight.symbol} = {full(line.w)}, slope {full(slope)}"
    if not line.landing:
        return point
    step, (end, there) = _step(line).lower(), (full(value) for value in line.landing)
    return f"{point}, {step} to {end}, where the {measure.phrase} is {there} if only this weight moves"


def _step(line: LossLine) -> str:
    """Return the name of the step; the next step of a script or another optimizer is not known."""
    is_next = is_full_gradient_descent(line.state) and not line.state.is_watched
    return "Next step" if is_next else "Gradient descent step"


def _move(line: LossLine) -> str:
    """Return the change of the weight in the step, as "w 2 → 1.984"."""
    w = f"{line.weight.symbol} {as_text(line.w)}"
    if line.landing is None:
        return f"{w} would become infinite or NaN"
    end, _ = line.landing
    if end == line.w:
        return f"{w} stays: the slope is 0" if line.point.slope == 0.0 else f"{w} stays"
    low, high = line.stretch
    return f"{w} → {as_text(end)}{_which_way(line.w, end)}{'' if low <= end <= high else ' (off the plot)'}"


def _landing(line: LossLine, palette: Palette) -> str:
    """Return the loss after the step of this weight; a real step moves the other weights too."""
    if line.landing is None or line.landing[0] == line.w:
        return ""
    loss = line.landing[1]
    here, there = line.point.loss, loss_text(line.state.measure.title, loss)
    way = _which_way(here, loss)
    if loss <= here:
        there += way
    else:
        there = coloured(palette.error, there + (way or ", higher") if math.isfinite(loss) else there)
    return f"If only this weight moves: {there}"


def _which_way(start: float, end: float) -> str:
    """Return the direction of a change too small to change the written number, or ""."""
    if start == end or as_text(start) != as_text(end):
        return ""
    return ", a little higher" if end > start else ", a little lower"
