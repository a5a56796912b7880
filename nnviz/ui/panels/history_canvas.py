"""The plot of the loss history: its curves, a ring at the current iteration, and the readout.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QMarginsF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPaintEngine,
    QPainter,
    QPen,
    QPixmap,
    QTransform,
)
from PySide6.QtWidgets import QGraphicsItem

from nnviz.core.activations import Array
from nnviz.core.coach import RISEN
from nnviz.core.history import CEILING, History, ceiling, in_columns
from nnviz.core.landscape import FLAT
from nnviz.core.numbers import SHORT_LETTERS, as_text, full, full_text, shortened
from nnviz.picture.palette import Palette
from nnviz.picture.scales import clip_curve
from nnviz.ui.kit.theme import colours, px, run_pen, ui_font
from nnviz.ui.panels.history_readout import Readout, ShownRun, measure_title
from nnviz.ui.plot.card import coloured
from nnviz.ui.plot.plot import GRAB_PX, CurveItem, DotItem, Plot, QuietAxis, add_margins, faint, is_on

TURNS = 100
"""A curve that turns up or down more often than this has a thin line: clearer and much faster to draw."""
FAINT, BAND = 0.4, 0.18
"""Opacity of the faint part of a curve, and of the band from the smallest to the largest value of seeds."""
THIN_PX = 1.4
"""Width of the curves of kept runs, in pixels."""
UNDER = -0.5
"""Qt's z value for the curves of kept runs: above the background, below everything else."""
AHEAD = 0.15
"""Share by which a view is widened when a growing curve leaves it. So the picture of kept runs is reused."""


@dataclass(eq=False)
class HistoryLine:
    """Draws a `history` as a line in its `plot`, and draws the line again only after a change.

    ======= ======================================================================================
    `pen`   returns the pen of the line in the present theme
    `unit`  number of iterations that are 1 on the x axis
    `band`  the lower and the upper edge of a band around the line, or ()
    `curve` the line up to the current iteration
    `later` the part after this iteration, which is faint
    ======= ======================================================================================
    """

    plot: HistoryCurve
    pen: Callable[[], QPen]
    history: History = field(default_factory=History)
    unit: float = 1.0
    band: Sequence[HistoryLine] = ()
    later: CurveItem = field(default_factory=CurveItem, init=False)
    curve: CurveItem = field(default_factory=CurveItem, init=False)
    _drawn: tuple[object, ...] = field(default=(), init=False)

    @property
    def colour(self) -> str:
        """The colour of the line, as #RRGGBB."""
        return str(self.pen().color().name())

    def draw(self, present: tuple[int, float] | None) -> None:
        """Draw the visible part of the line with few points per pixel column.

        `present` is the current iteration and its value, or None.
        """
        ends, points, plot = [present] if present else [], self.history.points, self.plot
        drawn = self.history, self.unit, present, plot.view(), plot.device_pixel(), plot.log, colours()
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self.curve.setVisible(len(points) > 0)
        if not len(points):
            self.later.hide()
            return
        if not plot.following:
            first, last = np.searchsorted(points[:, 0], np.array(plot.view()[0]) * self.unit)
            points = points[max(first - 1, 0) : last + 1]
        points = in_columns(points, plot.device_pixel() * self.unit, self.history.bucket)
        with np.errstate(invalid="ignore"):  # a script's loss may be infinite
            falls = np.signbit(np.diff(points[:, 1]))
        noise = bool(np.count_nonzero(falls[1:] != falls[:-1]) > TURNS)
        iterations, at = points[:, 0], present[0] if present else -1
        beyond = points[iterations.searchsorted(at, side="right") :]
        self.later.setVisible(len(beyond) > 0)
        if len(beyond):
            self._put(self.later, np.vstack((*ends, beyond)), faint(self.colour, FAINT), noise)
            points = np.vstack((points[: iterations.searchsorted(at)], *ends))
        self._put(self.curve, points, self.colour, noise)

    def _put(self, item: CurveItem, points: Array, colour: str | QColor, noise: bool) -> None:
        pen, plot = self.pen(), self.plot
        item.setPen(pg.mkPen(colour) if noise else plot.pen(colour, pen.widthF(), pen.style()))
        points = points[points[:, 1] > 0.0] if plot.log else points  # log of 0 is −∞
        heights = np.log10(points[:, 1]) if plot.log else points[:, 1]
        joined: str | NDArray[np.bool_] = "all"
        points = np.column_stack((points[:, 0] / self.unit, plot.clip_heights(heights)))
        low, high = np.array(plot.view()).T
        area = np.array([2 * low - high, 2 * high - low])
        if len(points) > 1 and not ((points >= area[0]) & (points <= area[1])).all():
            points, joined = clip_curve(points, area.T.tolist())  # Qt would make dashes far outside, too
        item.setData(points[:, 0], points[:, 1], antialias=not noise, connect=joined)

    def distance(self, point: QPointF) -> float:
        """Return the vertical distance in pixels from a point to the line, or NaN without a line there."""
        iterations, heights = np.concatenate([self.curve.points, self.later.points]).T
        if not len(iterations):
            return math.nan
        height = np.interp(point.x(), iterations, heights, left=np.nan, right=np.nan)
        return abs(float(height) - point.y()) / self.plot.pixel()[1]


def _solid(role: str) -> Callable[[], QPen]:
    """Return the pen of a line in the colour with this role in the palette."""
    return lambda: QPen(QColor(getattr(colours(), role)), 2.0)


class KeptCurves(QGraphicsItem):
    """Draws the curves of kept runs into one picture, which is made again only after a change.

    Many curves take long to paint, and no longer change while another run grows.
    """

    def __init__(self, plot: HistoryCurve) -> None:
        super().__init__()
        self.setParentItem(plot.box)
        self.setZValue(UNDER)
        self._plot = plot
        self.lines: list[HistoryLine] = []
        self.reaches: dict[bool, Reach | None] = {}
        """The lowest and the highest drawn value of all curves; True: on a logarithmic scale."""
        self._drawn: tuple[object, ...] = ()
        self._room = QRectF()
        self._picture: tuple[QTransform, QPixmap] | None = None

    def show_runs(self, runs: Sequence[ShownRun]) -> None:
        """Show the curves of these runs, from the next `draw` on."""
        self.lines, self._drawn = [], ()
        for run in runs:
            pen = partial(run_pen, run.id, THIN_PX)
            band = [HistoryLine(self._plot, pen, edge, run.unit) for edge in run.band]
            self.lines.append(HistoryLine(self._plot, pen, run.history, run.unit, band))
        for log in (False, True):
            reaches = (reach(run.history.points, log=log, kept=True) for run in runs)
            self.reaches[log] = reach_together(reaches)

    def draw(self) -> None:
        """Draw the curves for the present view of the plot, if it has changed."""
        plot, before = self._plot, self._drawn
        self._drawn = (plot.view(), plot.device_pixel(), plot.log, colours(), plot.box.rect())
        if self._drawn != before:
            for line in self.lines:
                for each in (line, *line.band):
                    each.draw(each.history.last)
            self._picture = None
            self.prepareGeometryChange()
            self._room = QRectF(plot.box.rect())
            self.update()

    def boundingRect(self) -> QRectF:
        """Return the area of the plot between the axes."""
        return self._room  # Qt may ask while it deletes the box

    def paint(self, painter: QPainter, *rest: object) -> None:
        """Paint the picture of all curves; in a file of lines, paint the curves themselves."""
        if not self.lines:
            return
        to_pixels, to_place = painter.transform(), self._plot.box.childTransform()
        painter.save()
        if painter.paintEngine().type() != QPaintEngine.Type.Raster:
            self._paint_lines(painter, to_place * to_pixels, *rest)
        else:
            room = to_pixels.mapRect(self.boundingRect()).toAlignedRect()
            if self._picture is None or self._picture[0] != to_pixels:
                ratio = painter.device().devicePixelRatioF()
                picture = QPixmap(room.size() * ratio)
                picture.setDevicePixelRatio(ratio)
                picture.fill(Qt.GlobalColor.transparent)
                with QPainter(picture) as inside:
                    to_picture = to_pixels * QTransform.fromTranslate(-room.x(), -room.y())
                    self._paint_lines(inside, to_place * to_picture, *rest)
                self._picture = to_pixels, picture
            painter.resetTransform()
            painter.drawPixmap(room.topLeft(), self._picture[1])
        painter.restore()

    def _paint_lines(self, painter: QPainter, to_device: QTransform, *rest: object) -> None:
        painter.setTransform(to_device)
        for line in self.lines:
            if line.band:
                low, high = (edge.curve.points for edge in line.band)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(faint(line.colour, BAND))
                painter.drawPolygon([QPointF(*place) for place in (*low, *high[::-1])])
                painter.setBrush(Qt.BrushStyle.NoBrush)  # or a line would be filled, too
            if len(line.curve.points):
                line.curve.paint(painter, *rest)


Reach: TypeAlias = tuple[float, float]
"""The lowest and the highest finite value of a curve; on a logarithmic scale, log10 of these values."""


def reach(points: Array, *, log: bool, kept: bool = False) -> Reach | None:
    """Return the lowest and the highest drawn value of a curve, or None if nothing is drawn.

    If the run diverged, the highest value is at most a multiple of the first loss. For a `kept` run, a spike
    above the first and the last loss is left out. If `log`, both values are log10 of losses.
    """
    losses = points[:, 1]
    losses = losses[np.isfinite(losses) & ((losses > 0.0) | (not log))]
    if not len(losses):
        return None
    most = ceiling(losses)
    if kept:
        most = max(losses[[0, -1]]) if most == math.inf else most / CEILING
    high = min(float(losses.max()), float(most))
    low = min(float(losses.min()), high)
    return (math.log10(low), math.log10(high)) if log else (low, high)


def reach_together(reaches: Iterable[Reach | None]) -> Reach | None:
    """Return the lowest and the highest value of several curves, or None if all `reaches` are None."""
    spans = [each for each in reaches if each]
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


def steady(view: Sequence[float], low: float, high: float) -> Reach:
    """Return a range around [low, high]: the present `view` if it is not much too large, or a wider one."""
    left, right = view
    room = AHEAD * (high - low)
    if right - left > (high - low) + 3 * room:
        return low, high
    return left if left <= low else low - room, right if high <= right else high + room


NOWHERE = -1, math.nan
"""Place of the ring on the curve if the current iteration is before all points: no ring is drawn."""
TIMES_AS_HIGH = 10.0
"""Kept runs raise the top of the view to at most this multiple of the current run's highest value."""
ABOVE = "the point is above the plot"
DIVERGED = (
    f"the point is above the plot: the run diverged,\nthe plot ends at {CEILING:g} times the first loss"
)
LEAST_PX = 94
"""Least height of the plot, in pixels at 100 %."""
RING_PX = 7.0
"""Space for the ring (current iteration), in pixels: least distance of its centre from the plot's edge."""


ITERATIONS = "iterations"
"""Title of the x axis whose ticks are whole numbers: a run may last less than an epoch or a second."""
LINES = {
    Qt.PenStyle.SolidLine: "━━",
    Qt.PenStyle.DashLine: "╍╍",
    Qt.PenStyle.DashDotLine: "━•",
    Qt.PenStyle.DotLine: "•••",
    Qt.PenStyle.DashDotDotLine: "━••",
}
"""How the key of the curves writes a line of each pattern."""
KEY_GAP, MORE_PX = "    ", 50
"""KEY_GAP: space between two entries of the key. MORE_PX: room for "12 more", in pixels at 100 %."""
CORNER_PX, INSIDE_PX = 10.0, 10.0
"""CORNER_PX: radius of the corners of a card. INSIDE_PX: border around its curve at scale 1. In pixels."""


def key_entry(pen: QPen, name: str) -> str:
    """Return an entry of the key (legend) as HTML: a sample of a line with this pen, and its name."""
    return f"{coloured(pen.color().name(), LINES[pen.style()])} {escape(name)}"


class RunPainter:
    """Paints the curve of a run on a card: in a film, and in presentation mode."""

    def __init__(self) -> None:
        self.card, self.curve = QRectF(), HistoryCurve()
        self.curve.setMinimumHeight(0)  # or a larger interface would make the curve higher than its card

    def use(self, card: QRectF, scale: float, density: float = 1.0) -> None:
        """Paint on the rectangle `card` from now on. `scale` enlarges lines and texts.

        `density` is the number of device pixels per pixel.
        """
        self.card, free = card, INSIDE_PX * scale
        self._inside = card.marginsRemoved(QMarginsF(free, free, free, free))
        self.curve.density = scale * density
        self.curve.resize((self._inside.size() / scale).toSize())

    def paint(self, painter: QPainter, palette: Palette, note: str = "") -> None:
        """Paint the card and the curve, or a note in place of the curve."""
        painter.setPen(QPen(QColor(palette.line), 1.0))
        painter.setBrush(QColor(palette.surface))
        painter.drawRoundedRect(self.card, CORNER_PX, CORNER_PX)
        if note:
            painter.setPen(QColor(palette.muted))
            painter.drawText(self.card, Qt.AlignmentFlag.AlignCenter, note)
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(Qt.BrushStyle.NoBrush)  # else pyqtgraph fills the plot with it, over its lines
        self.curve.scene().render(painter, self._inside, QRectF(self.curve.rect()))


class HistoryCurve(Plot):
    """Plots the history of a run, the history of its validation loss, and kept runs.

    `line`, `validation` and `kept` draw the curves; `runs` holds the kept runs, the newest last. A ring shows
    the current iteration. The mark `start_of_rise` on the validation curve shows where this loss starts to
    rise. The view follows the growing curve until the person zooms or moves the view, and again after
    `view_all`.

    ============== ==================================================================
    `ring_taken`   emitted when the mouse button is pressed on the ring
    `wanted`       emitted while the ring is dragged; carries the iteration at the mouse
    `ring_dropped` emitted when the ring is released
    ============== ==================================================================
    """

    ring_taken = Signal()
    wanted = Signal(object)
    ring_dropped = Signal()

    def __init__(self) -> None:
        super().__init__(QuietAxis("bottom", ITERATIONS, whole=True), QuietAxis("left", grid=True))
        self.setMinimumHeight(LEAST_PX)
        self._measure = ""
        self._is_share = False
        self._readouts: tuple[Readout, ...] = ()
        self.marked: int | None = None
        """The iteration of the mark on the validation curve, for the next drawing, or None for no mark."""
        self.stop_reason = ""
        """Why the run ended early, for the next drawing, or ""."""
        self._present = NOWHERE
        self.log = False
        self.following = True
        self._read_index: int | None = None
        self._read_run: ShownRun | None = None
        self._is_dragging = False
        self.validation, self.line = (HistoryLine(self, _solid(role)) for role in ("validation", "accent"))
        self.kept = KeptCurves(self)
        self.start_of_rise, self._ring, self._dot = DotItem(9), DotItem(10), DotItem(8)
        self.stop_line = pg.InfiniteLine(label="", labelOpts={"position": 0.85})
        self.stop_line.label.setFont(ui_font(11))
        self.runs: tuple[ShownRun, ...] = ()
        self._growing, self._name = False, ""
        self._key: tuple[object, ...] = ()
        self.add(0, self.validation.later, self.validation.curve)
        self.add(1, self.line.later, self.line.curve)
        self.add(1, self.stop_line)
        self.add(2, self.start_of_rise, self._ring, self._dot)
        self.restyle()
        self.box.sigRangeChanged.connect(self._follow_view)
        self.box.sigRangeChangedManually.connect(self._look_closer)
        self.box.sigResized.connect(self._show_all)

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.stop_line.setPen(self.pen(colours().muted, 1, Qt.PenStyle.DotLine))
        self.stop_line.label.setColor(colours().muted)
        self.start_of_rise.set_colours(colours().surface, QPen(QColor(self.validation.colour), 2))
        self.colour_point()
        self._show_all()

    def colour_point(self) -> None:  # noqa: D102
        self._ring.set_colours(colours().surface, self.focus_pen())

    def show_history(
        self,
        history: History,
        present: tuple[int, float] | None = None,
        validation: History | None = None,
        values: tuple[Readout, ...] = (),
        *,
        name: str = "",
        growing: bool = False,
    ) -> None:
        """Draw `history`. It may be empty if there are kept runs. If `growing`, the view moves rarely.

        `present` is the iteration and the value at the ring; without `present`, the whole curve is faint.
        `validation` is the history over the validation rows. `values` are the quantities of the readout; by
        default, the readout shows the value of `history`. `name` is the name of the run in the key.
        """
        key = bool(validation), self.runs, name, self.box.width()
        self._growing, self._name = growing, name
        self.line.history, self.validation.history = history, validation or History()
        self._readouts = values or (Readout(self._measure, history, self._is_share),)
        self._present = present or NOWHERE
        if key != self._key:
            self._key = key
            self._write_key()
        self._show()

    def _show_all(self) -> None:
        """Show everything again, in another theme or size."""
        self._write_key()
        self._show()

    def _show(self) -> None:
        if self.following:
            self._fit()
        self._draw()
        self.read_at(self._read_index, self._read_run)
        self._describe()
        self.scene().prepareForPaint()  # otherwise items that move during painting are painted twice

    def set_measure(self, measure: str, *, is_share: bool = False) -> None:
        """Set the title of the history that is shown next. If `is_share`, show the values in percent."""
        if measure != self._measure:
            self._measure, self._is_share = measure, is_share
            self.left.show_percent(is_share)
            self.left.set_text(measure_title(measure))
            self.setAccessibleName(f"{measure} after every update")

    def set_unit(self, unit: float, title: str) -> None:
        """Set how many iterations of the history are 1 on the x axis, and the title of this axis."""
        self.line.unit = self.validation.unit = unit
        self.bottom.whole = title == ITERATIONS
        self.bottom.set_text(title)

    def show_runs(self, runs: tuple[ShownRun, ...]) -> None:
        """Set the kept runs, whose curves are drawn under the history that is shown next."""
        if runs != self.runs:
            self.runs = runs
            self.kept.show_runs(runs)

    def _write_key(self) -> None:
        """Show the key of the curves above the plot if there are several: as many runs as have room."""
        own = shortened(self._name, SHORT_LETTERS) if self.runs else ""
        entries = [(self.line.pen(), own or "training")] if own or self.validation.history else []
        if self.validation.history:
            entries.append((self.validation.pen(), "validation"))
        newest = reversed(self.runs)
        entries += [(run_pen(run.id, THIN_PX), shortened(run.name, SHORT_LETTERS)) for run in newest]
        metrics, room = QFontMetricsF(ui_font(11)), self.box.width()
        texts = [f"{LINES[pen.style()]} {name}{KEY_GAP}" for pen, name in entries]
        ends = np.cumsum([metrics.horizontalAdvance(text) for text in texts])
        fitting = len(ends) if (ends <= room).all() else int((ends <= room - px(MORE_PX)).sum())
        parts = [key_entry(*entry) for entry in entries[: max(fitting, 1)]]
        if more := len(entries) - len(parts):
            parts.append(f"{more} more")
        self.show_title("&nbsp;&nbsp;&nbsp; ".join(parts))

    def set_log(self, log: bool) -> None:
        """Choose a logarithmic or a linear scale; a logarithmic scale leaves out losses of 0."""
        if log != self.log:
            self.log = log
            self.left.set_logarithmic(log)
            self.view_all()

    def view_all(self) -> None:
        """Show the whole curve, and follow the curve as it grows."""
        self.following, self._growing = True, False
        self._show()

    def show_view(self, view: list[list[float]]) -> None:
        """Show the axis ranges [[left, right], [bottom, top]], and stop following the growing curve."""
        self.following = False
        self.set_view(*view)

    def present(self) -> QPointF:
        """Return the place of the ring (current iteration), in this widget's pixels."""
        return self.place_of(*self._place(*self._present))

    @property
    def _read_line(self) -> HistoryLine | ShownRun:
        """The history or the kept run that the readout reads."""
        return self._read_run or self.line

    def read_at(self, index: int | None, run: ShownRun | None = None) -> None:
        """Show the readout of the point with index `index`. If there is no such point, hide the readout.

        The point is in the history or, if `run` is not None, in this kept run.
        """
        points = (run or self.line).history.points
        if index is None or index >= len(points) or run not in (None, *self.runs):
            self._read_index = self._read_run = None
            self._dot.hide()
            self.readout.hide()
            return
        self._read_index, self._read_run = index, run
        iteration, value = points[index].tolist()
        x, y = self._place(iteration, value, run)
        self.place_dot(self._dot, x, y)
        point = QPointF(x, y if math.isfinite(y) else self.view()[1][0])
        values = [f"{self._measure} {as_text(value)}"]
        if run is None:
            values = [text for each in self._readouts if (text := each.text_at(int(iteration)))]
        name = shortened(run.name, SHORT_LETTERS) if run else ""
        lines = [*filter(None, name.split(" · ")), f"iteration {as_text(iteration)}", *values]
        if self.following and self.view()[1][1] < self._height(value) < math.inf:
            diverged = points[0, 1] < ceiling(points[:, 1]) < math.inf
            lines.append(DIVERGED if diverged else ABOVE)
        self._dot.set_colours(run_pen(run.id, 1).color().name() if run else self.line.colour)
        self.show_readout(point, "\n".join(lines))

    def _place(self, iteration: float, value: float, run: ShownRun | None = None) -> tuple[float, float]:
        """Return the drawn place of a point: at the top if it is above the view; at −∞ for log of 0."""
        x, height = iteration / (run or self.line).unit, self._height(value)
        top = self.view()[1][1] - RING_PX * self.pixel()[1]
        return x, height if height < (top if self.following else math.inf) else top

    def _height(self, value: float) -> float:
        if not self.log or math.isnan(value):
            return value
        return math.log10(value) if value > 0.0 else -math.inf

    def _draw(self) -> None:
        """Draw all curves, the ring and the mark for the present view."""
        self.kept.draw()
        present = self._present if self._present[0] >= 0 else None
        self.place_dot(self._ring, *(self._place(*present) if present else NOWHERE))
        self.line.draw(present)
        self.validation.draw(self.validation.history.at(self._present[0]))
        at = self.validation.history.at(self.marked) if self.marked is not None else None
        self.place_dot(self.start_of_rise, *(self._place(*at) if at else NOWHERE))
        self.stop_line.setVisible(self.stop_reason != "" and len(self.line.history) > 0)
        if self.stop_line.isVisible():
            self.stop_line.setPos(self.line.history.last[0] / self.line.unit)
            self.stop_line.label.setFormat(f"stopped early:\n{self.stop_reason}")

    def _fit(self) -> None:
        lines = (line for line in (self.line, *self.kept.lines) if line.history)
        ends = [line.history.last[0] / line.unit for line in lines]
        last = max(1.0 / self.line.unit, self._present[0] / self.line.unit, *ends)
        box, (low, high) = self.box, self._reach()
        view = (
            add_margins(0.0, last, 0.025, 0.025, RING_PX / max(box.width(), 1.0)),
            add_margins(low, high, 0.04, 0.08, RING_PX / max(box.height(), 1.0)),
        )
        if self._growing and self.runs:
            view = (steady(self.view()[0], *view[0]), steady(self.view()[1], *view[1]))
        self.set_view(*view)

    def _reach(self) -> tuple[float, float]:
        if self._is_share:
            return 0.0, 1.0
        lines = self.line, self.validation
        own = reach_together(reach(line.history.points, log=self.log) for line in lines)
        kept = self.kept.reaches.get(self.log)
        low, high = own or kept or (-1.0, 1.0)
        if own and kept:
            most = high + 1.0 if self.log else TIMES_AS_HIGH * high if high > 0.0 else math.inf
            low, high = min(low, kept[0]), max(high, min(kept[1], most))
        if not self.log and 0.0 <= low < high / 2:
            low = 0.0
        room = high - low
        if room <= FLAT * abs(high):
            room = abs(high) or 1.0
        return low, low + room

    def _follow_view(self) -> None:
        if not self.following:
            self._draw()

    def _describe(self) -> None:
        places = []
        if len(self.line.history):
            first, last = self.line.history.points[[0, -1]].tolist()
            places = [first, self._present, last] if 0 <= self._present[0] < last[0] else [first, last]
        texts = [f"{self._measure} {full_text(value)} at iteration {full(at)}" for at, value in places]
        if ceiling(self.line.history.points[:, 1]) < math.inf:
            texts.append("the run diverged: the curve leaves the plot")
        if self.validation.history:
            texts.append(f"the last validation value is {full_text(self.validation.history.last[1])}")
        if self.stop_reason:
            texts.append(f"stopped early: {self.stop_reason}")
        if self.marked is not None:
            texts.append(RISEN.format(self.marked))
        if self.runs:
            ends = ((run.name, *run.history.last) for run in self.runs)
            runs = (f"{name}: {self._measure} {full_text(x)} at iteration {at}" for name, at, x in ends)
            texts.append(f"kept runs: {', '.join(runs)}")
        self.setAccessibleDescription(", ".join(texts))

    # --- mouse and keys

    def _look_closer(self) -> None:
        was_following = self.following
        self.show_view(self.view())  # or the mouse wheel could zoom to a range that Qt cannot draw
        if was_following:  # else the curves follow the view already
            self._draw()

    def _is_on_ring(self, position: QPointF) -> bool:
        return self._ring.isVisible() and is_on(position, self.present())

    def _run_at(self, at: QPointF) -> ShownRun | None:
        """Return the kept run near a plot point, or None if the history is nearer or no run is near."""
        own, *others = (line.distance(at) for line in (self.line, *self.kept.lines))
        nearest = int(np.nanargmin([min(GRAB_PX, own), *others]))
        return self.runs[nearest - 1] if nearest else None

    def _read_near(self, x: float, run: ShownRun | None) -> None:
        """Show the readout of the point of the history, or of `run`, that is nearest to x on the axis."""
        line = run or self.line
        iteration, iterations = x * line.unit, line.history.points[:, 0]
        after = int(np.searchsorted(iterations, iteration))
        points = [k for k in (after - 1, after) if 0 <= k < len(iterations)]
        self.read_at(min(points, key=lambda k: abs(float(iterations[k]) - iteration), default=None), run)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        last, at = len(self._read_line.history) - 1, self._read_index
        if at is None:  # the last point up to the ring
            at = int(self.line.history.points[:, 0].searchsorted(self._present[0], side="right")) - 1
        steps = {Qt.Key.Key_Left: at - 1, Qt.Key.Key_Right: at + 1, Qt.Key.Key_Home: 0, Qt.Key.Key_End: last}
        if event.key() in steps and last >= 0:
            self.read_at(min(max(steps[Qt.Key(event.key())], 0), last), self._read_run)
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self.runs:
            self._read_other_run(-1 if event.key() == Qt.Key.Key_Up else 1)
        elif event.key() == Qt.Key.Key_Escape and self._read_index is not None:
            self.read_at(None)
        else:
            event.ignore()  # pyqtgraph would swallow it

    def _read_other_run(self, step: int) -> None:
        """Show the readout of another run at the same iteration: the present run, then the latest first."""
        runs = [*([None] if len(self.line.history) else []), *reversed(self.runs)]
        line, at = self._read_line, self._read_index
        place = runs.index(self._read_run) + step if self._read_run in runs else 0
        iteration = line.history.points[at, 0] if at is not None else self._present[0]
        self._read_near(float(iteration) / line.unit, runs[place % len(runs)])

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()  # the panel opens its menu
        elif self._is_on_ring(event.position()):
            self._is_dragging = True
            self.ring_taken.emit()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if not event.buttons():
            self._let_go()  # a dialog may have got the release
        if self._is_dragging:
            self.wanted.emit(max(round(self.point_at(event.position()).x() * self.line.unit), 0))
        else:
            super().mouseMoveEvent(event)
            shapes = Qt.CursorShape
            on_ring = self._is_on_ring(event.position())
            self.viewport().setCursor(shapes.SizeHorCursor if on_ring else shapes.ArrowCursor)
        if self.is_inside(event.position()):
            at = self.point_at(event.position())
            self._read_near(at.x(), self._run_at(at))
        else:
            self.read_at(None)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if self._is_dragging and event.button() == Qt.MouseButton.LeftButton:
            self._let_go()
        else:
            super().mouseReleaseEvent(event)

    def _let_go(self) -> None:
        if self._is_dragging:
            self._is_dragging = False
            self.ring_dropped.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        super().mouseDoubleClickEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.view_all()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        super().leaveEvent(event)
        self.read_at(None)
