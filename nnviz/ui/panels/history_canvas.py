"""The plot of the loss history: its curves, a ring at the current iteration, and the readout.

The module imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import zip_longest
from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QMarginsF, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPen, QResizeEvent

from nnviz.core.activations import Array
from nnviz.core.history import CEILING, History, ceiling, in_columns
from nnviz.core.landscape import FLAT
from nnviz.core.numbers import SHORT_LETTERS, as_text, full, full_text
from nnviz.core.state import EarlierRun
from nnviz.picture.palette import Palette
from nnviz.ui.kit.theme import colours
from nnviz.ui.panels.history_readout import Readout, measure_title
from nnviz.ui.plot.card import coloured
from nnviz.ui.plot.plot import GRAB_PX, CurveItem, DotItem, Plot, QuietAxis, add_margins, faint, is_on

TURNS = 100
"""A curve that turns up or down more often than this has a thin line: clearer and much faster to draw."""
FAINT = 0.4
"""Opacity of the faint part of a curve."""
THIN_PX = 1.2
"""Width of the curves of earlier runs, in pixels."""
UNDER = -0.5
"""Qt's z value for the curves of earlier runs: above the grid, below everything else."""


class HistoryLine:
    """Draws a `history` as a line in a plot, and draws the line again only after a change.

    `curve` is the line up to the current iteration. `later`, the part after this iteration, is faint.
    """

    def __init__(self, plot: HistoryCurve, z: float, role: str, width: float = 2.0) -> None:
        """Add a line of this `width` in pixels at height `z` to a plot.

        `role` is the role of the line's colour in the palette.
        """
        self.history = History()
        self._role, self._width = role, width
        self._drawn: tuple[object, ...] = ()
        self.later, self.curve = CurveItem(), CurveItem()
        plot.add(z, self.later, self.curve)

    @property
    def colour(self) -> str:
        """The colour of the line, as #RRGGBB."""
        return str(getattr(colours(), self._role))

    def draw(self, plot: HistoryCurve, present: tuple[int, float] | None) -> None:
        """Draw the visible part of the line with few points per pixel column.

        `present` is the current iteration and its value, or None.
        """
        pixel = plot.device_pixel()
        before, self._drawn = self._drawn, (self.history, present, plot.view(), pixel, plot.log, colours())
        if self._drawn != before and (len(self.history) or self.curve.isVisible()):
            self._draw_again(plot, present)

    def _draw_again(self, plot: HistoryCurve, present: tuple[int, float] | None) -> None:
        ends, points = [present] if present else [], self.history.points
        self.curve.setVisible(len(points) > 0)
        if not plot.following:
            first, last = np.searchsorted(points[:, 0], plot.view()[0])
            points = points[max(first - 1, 0) : last + 1]
        if len(points):
            points = in_columns(points, plot.device_pixel(), self.history.bucket)
        with np.errstate(invalid="ignore"):  # a script's loss may be infinite
            falls = np.signbit(np.diff(points[:, 1]))
        noise = bool(np.count_nonzero(falls[1:] != falls[:-1]) > TURNS)
        iterations, at = points[:, 0], present[0] if present else -1
        beyond = points[iterations.searchsorted(at, side="right") :]
        self.later.setVisible(len(beyond) > 0)
        if len(beyond):
            self._put(plot, self.later, np.vstack((*ends, beyond)), faint(self.colour, FAINT), noise)
            points = np.vstack((points[: iterations.searchsorted(at)], *ends))
        self._put(plot, self.curve, points, self.colour, noise)

    def _put(
        self, plot: HistoryCurve, item: CurveItem, points: Array, colour: str | QColor, noise: bool
    ) -> None:
        points = on_scale(points, log=plot.log)
        item.setPen(pg.mkPen(colour) if noise else plot.pen(colour, self._width))
        item.setData(points[:, 0], plot.clip_heights(points[:, 1]), antialias=not noise)

    def distance(self, point: QPointF, pixel_up: float) -> float:
        """Return the vertical distance in pixels between a point and the line, or NaN without a line there.

        `pixel_up` is the height of a pixel on the scale of the plot.
        """
        iterations, heights = np.concatenate([self.curve.points, self.later.points]).T
        if not len(iterations):
            return math.nan
        height = np.interp(point.x(), iterations, heights, left=np.nan, right=np.nan)
        return abs(float(height) - point.y()) / pixel_up


def on_scale(points: Array, *, log: bool) -> Array:
    """Return the points to draw. If `log`, leave out losses of 0 and return log10 of the other losses."""
    if not log:
        return points
    above = points[points[:, 1] > 0.0]
    return np.column_stack((above[:, 0], np.log10(above[:, 1])))


Reach: TypeAlias = tuple[float, float]
"""The lowest and the highest finite value of a curve; on a logarithmic scale, log10 of these values."""


def reach(points: Array, *, log: bool) -> Reach | None:
    """Return the lowest and the highest drawn value of a curve, or None if nothing is drawn.

    If the run diverged, the highest value is at most a multiple of the first loss: `ceiling(losses)`. If
    `log`, both values are log10 of losses.
    """
    losses = points[:, 1]
    losses = losses[np.isfinite(losses) & ((losses > 0.0) | (not log))]
    if not len(losses):
        return None
    high = min(float(losses.max()), ceiling(losses))
    low = min(float(losses.min()), high)
    return (math.log10(low), math.log10(high)) if log else (low, high)


def reach_together(reaches: Iterable[Reach | None]) -> Reach | None:
    """Return the lowest and the highest value of several curves, or None if all `reaches` are None."""
    spans = [each for each in reaches if each]
    return (min(low for low, _ in spans), max(high for _, high in spans)) if spans else None


NOWHERE = -1, math.nan
"""Place of the ring on the curve if the current iteration is before all points: no ring is drawn."""
TIMES_AS_HIGH = 10.0
"""Earlier runs raise the top of the view to at most this multiple of the current run's highest value."""
ABOVE = "the point is above the plot"
DIVERGED = (
    f"the point is above the plot: the run diverged,\nthe plot ends at {CEILING:g} times the first loss"
)
LEAST_PX = 94
"""Least height of the plot, in pixels at 100 %."""
RING_PX = 7.0
"""Space for the ring (current iteration), in pixels: least distance of its centre from the plot's edge."""


CORNER_PX, INSIDE_PX = 10.0, 10.0
"""CORNER_PX: radius of the corners of a card. INSIDE_PX: border around its curve at scale 1. In pixels."""


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
    """Plots the history of a run, the history of its validation loss, and earlier runs.

    `line`, `validation` and `earlier` draw the curves; `runs` holds the earlier runs, the newest last. A ring
    shows the current iteration. The mark `start_of_rise` on the validation curve shows where this loss starts
    to rise. The view follows the growing curve until the person zooms or moves the view, and again after
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
        super().__init__(QuietAxis("bottom", "iterations", whole=True), QuietAxis("left", grid=True))
        self.setMinimumHeight(LEAST_PX)
        self._measure = ""
        self._is_share = False
        self._readouts: tuple[Readout, ...] = ()
        self.marked: int | None = None
        """The iteration of the mark on the validation curve, for the next drawing, or None for no mark."""
        self._present = NOWHERE
        self.log = False
        self.following = True
        self._read_index: int | None = None
        self._read_run: EarlierRun | None = None
        self._is_dragging = False
        self.validation, self.line = HistoryLine(self, 0, "validation"), HistoryLine(self, 1, "accent")
        self.start_of_rise, self._ring, self._dot = DotItem(9), DotItem(10), DotItem(8)
        self.earlier: list[HistoryLine] = []
        self.runs: tuple[EarlierRun, ...] = ()
        self.add(2, self.start_of_rise, self._ring, self._dot)
        self.restyle()
        self.box.sigRangeChanged.connect(self._follow_view)
        self.box.sigRangeChangedManually.connect(self._look_closer)
        self.box.sigResized.connect(self._follow_size)

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.start_of_rise.set_colours(colours().surface, QPen(QColor(self.validation.colour), 2))
        self.colour_point()
        self._write_key()
        self._show_again()

    def colour_point(self) -> None:  # noqa: D102
        self._ring.set_colours(colours().surface, self.focus_pen())

    @property
    def _history(self) -> History:
        return self.line.history

    def show_history(
        self,
        history: History,
        present: tuple[int, float] | None = None,
        validation: History | None = None,
        values: tuple[Readout, ...] = (),
    ) -> None:
        """Draw `history`. It may be empty if there are earlier runs.

        `present` is the iteration and the value at the ring; without `present`, the whole curve is faint.
        `validation` is the history over the validation rows. `values` are the quantities of the readout; by
        default, the readout shows the value of `history`.
        """
        had_key = self._has_key
        self.line.history, self.validation.history = history, validation or History()
        self._readouts = values or (Readout(self._measure, history, self._is_share),)
        self._present = present or NOWHERE
        if had_key != self._has_key:
            self._write_key()
        if self.following:
            self._fit()
        self._draw()
        has_run = self._read_run is None or self._read_run in self.runs
        has_point = has_run and self._read_index is not None and self._read_index < len(self._points_read())
        self.read_at(self._read_index if has_point else None, self._read_run)
        self._describe()
        self.scene().prepareForPaint()  # otherwise items that move during painting are painted twice

    def set_measure(self, measure: str, *, is_share: bool = False) -> None:
        """Set the title of the history that is shown next. If `is_share`, show the values in percent."""
        if measure != self._measure:
            self._measure, self._is_share = measure, is_share
            self.left.show_percent(is_share)
            self.left.set_text(measure_title(measure))
            self.setAccessibleName(f"{measure} after every update")

    def show_earlier(self, runs: tuple[EarlierRun, ...]) -> None:
        """Set the earlier runs, whose curves are drawn under the history that is shown next."""
        if runs == self.runs:
            return
        self.runs = runs
        while len(self.earlier) < len(runs):
            self.earlier.append(HistoryLine(self, UNDER, "muted", THIN_PX))
        for line, run in zip_longest(self.earlier, runs):
            line.history = History().extended(run.history) if run else History()

    @property
    def _has_key(self) -> bool:
        """Whether the plot has a second curve, and therefore a key."""
        return len(self.validation.history) > 0

    def _write_key(self) -> None:
        """Show the key of the curves above the plot if there are two curves."""
        both = ((self.line.colour, "training"), (self.validation.colour, "validation"))
        parts = [f"{coloured(colour, '━━')} {name}" for colour, name in both]
        self.show_title("&nbsp;&nbsp;&nbsp; ".join(parts) if self._has_key else "")

    def _show_again(self) -> None:
        if len(self._history) or self.runs:
            self.show_history(self._history, self._present, self.validation.history, self._readouts)

    def set_log(self, log: bool) -> None:
        """Choose a logarithmic or a linear scale; a logarithmic scale leaves out losses of 0."""
        if log != self.log:
            self.log = log
            self.left.set_logarithmic(log)
            self.view_all()

    def view_all(self) -> None:
        """Show the whole curve, and follow the curve as it grows."""
        self.following = True
        self._show_again()

    def show_view(self, view: list[list[float]]) -> None:
        """Show the axis ranges [[left, right], [bottom, top]], and stop following the growing curve."""
        self.following = False
        self.set_view(*view)

    def present(self) -> QPointF:
        """Return the place of the ring (current iteration), in this widget's pixels."""
        return self.place_of(*self._place(*self._present))

    def _points_read(self) -> Array:
        return self._history.points if self._read_run is None else self._read_run.history

    def read_at(self, index: int | None, run: EarlierRun | None = None) -> None:
        """Show the readout of the point with index `index`. If `index` is None, hide the readout.

        The point is in the history or, if `run` is not None, in this earlier run.
        """
        self._read_index, self._read_run = index, None if index is None else run
        if index is None:
            self._dot.hide()
            self.readout.hide()
            return
        iteration, value = self._points_read()[index].tolist()
        x, y = self._place(iteration, value)
        self.place_dot(self._dot, x, y)
        point = QPointF(x, y if math.isfinite(y) else self.view()[1][0])
        values = [f"{self._measure} {as_text(value)}"]
        if run is None:
            values = [text for each in self._readouts if (text := each.text_at(int(iteration)))]
        name = run.called(SHORT_LETTERS).split(" · ") if run else []
        lines = [*name, f"iteration {as_text(iteration)}", *values]
        if self.following and self.view()[1][1] < self._height(value) < math.inf:
            losses = self._points_read()[:, 1]
            lines.append(DIVERGED if losses[0] < ceiling(losses) < math.inf else ABOVE)
        self._dot.set_colours(colours().muted if run else self.line.colour)
        self.show_readout(point, "\n".join(lines))

    def _place(self, iteration: float, value: float) -> tuple[float, float]:
        """Return the drawn place of a point: at the top if it is above the view; at −∞ for log of 0."""
        height, top = self._height(value), self.view()[1][1] - RING_PX * self.pixel()[1]
        return float(iteration), height if height < (top if self.following else math.inf) else top

    def _height(self, value: float) -> float:
        if not self.log or math.isnan(value):
            return value
        return math.log10(value) if value > 0.0 else -math.inf

    def _draw(self) -> None:
        """Draw all curves, the ring and the mark for the present view."""
        for line in self.earlier:
            line.draw(self, line.history.last if len(line.history) else None)
        present = self._present if self._present[0] >= 0 else None
        self.place_dot(self._ring, *(self._place(*present) if present else NOWHERE))
        self.line.draw(self, present)
        self.validation.draw(self, self.validation.history.at(self._present[0]))
        at = self.validation.history.at(self.marked) if self.marked is not None else None
        self.place_dot(self.start_of_rise, *(self._place(*at) if at else NOWHERE))

    def _fit(self) -> None:
        ends = (line.history.last[0] for line in (self.line, *self.earlier) if len(line.history))
        last = float(max(1, self._present[0], *ends))
        box, (low, high) = self.box, self._reach()
        self.set_view(
            add_margins(0.0, last, 0.025, 0.025, RING_PX / max(box.width(), 1.0)),
            add_margins(low, high, 0.04, 0.08, RING_PX / max(box.height(), 1.0)),
        )

    def _reach(self) -> tuple[float, float]:
        if self._is_share:
            return 0.0, 1.0
        own, earlier = (
            reach_together(reach(line.history.points, log=self.log) for line in lines)
            for lines in ((self.line, self.validation), self.earlier)
        )
        low, high = own or earlier or (-1.0, 1.0)
        if own and earlier:
            most = high + 1.0 if self.log else TIMES_AS_HIGH * high if high > 0.0 else math.inf
            low, high = min(low, earlier[0]), max(high, min(earlier[1], most))
        if not self.log and 0.0 <= low < high / 2:
            low = 0.0
        room = high - low
        if room <= FLAT * abs(high):
            room = abs(high) or 1.0
        return low, low + room

    def _follow_view(self) -> None:
        if not self.following:
            self._draw()

    def _follow_size(self) -> None:
        if self.following:
            self._fit()

    def _describe(self) -> None:
        places = []
        if len(self._history):
            first, last = self._history.points[[0, -1]].tolist()
            places = [first, self._present, last] if 0 <= self._present[0] < last[0] else [first, last]
        texts = [f"{self._measure} {full_text(value)} at iteration {full(at)}" for at, value in places]
        if ceiling(self._history.points[:, 1]) < math.inf:
            texts.append("the run diverged: the curve leaves the plot")
        if self._has_key:
            texts.append(f"the last validation value is {full_text(self.validation.history.last[1])}")
        if self.marked is not None:
            texts.append(f"the validation loss has risen since iteration {self.marked}")
        ends = [(run.called(), *run.history[-1].tolist()) for run in self.runs]
        at_end = f"{{}}: {self._measure} {{}} at iteration {{}}"
        runs = [at_end.format(name, full_text(loss), full(at)) for name, at, loss in ends]
        if runs:
            texts.append(f"earlier runs: {', '.join(runs)}")
        self.setAccessibleDescription(", ".join(texts))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if hasattr(self, "_dot"):
            self._draw()

    # --- mouse and keys

    def _look_closer(self) -> None:
        self.following = False
        self.set_view(*self.view())  # or the mouse wheel could zoom to a range that Qt cannot draw
        self._draw()

    def _is_on_ring(self, position: QPointF) -> bool:
        return self._ring.isVisible() and is_on(position, self.present())

    def _hover(self, position: QPointF) -> None:
        if not self.is_inside(position):
            self.read_at(None)
            return
        at = self.point_at(position)
        self._read_near(at.x(), self._run_at(at))

    def _run_at(self, at: QPointF) -> EarlierRun | None:
        """Return the earlier run near a plot point, or None if the history is nearer or no run is near."""
        own, *others = (line.distance(at, self.pixel()[1]) for line in (self.line, *self.earlier))
        nearest = int(np.nanargmin([min(GRAB_PX, own), *others]))
        return self.runs[nearest - 1] if nearest else None

    def _read_near(self, iteration: float, run: EarlierRun | None) -> None:
        """Show the readout of the point of the history, or of `run`, that is nearest to an iteration."""
        iterations = (self._history.points if run is None else run.history)[:, 0]
        after = int(np.searchsorted(iterations, iteration))
        points = [k for k in (after - 1, after) if 0 <= k < len(iterations)]
        self.read_at(min(points, key=lambda k: abs(float(iterations[k]) - iteration), default=None), run)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        last, at = len(self._points_read()) - 1, self._read_index
        if at is None:  # the last point up to the ring
            at = int(self._history.points[:, 0].searchsorted(self._present[0], side="right")) - 1
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
        runs = [*([None] if len(self._history) else []), *reversed(self.runs)]
        at = self._read_index
        place = runs.index(self._read_run) + step if self._read_run in runs else 0
        iteration = self._points_read()[at, 0] if at is not None else self._present[0]
        self._read_near(float(iteration), runs[place % len(runs)])

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
            self.wanted.emit(max(round(self.point_at(event.position()).x()), 0))
        else:
            super().mouseMoveEvent(event)
            shapes = Qt.CursorShape
            on_ring = self._is_on_ring(event.position())
            self.viewport().setCursor(shapes.SizeHorCursor if on_ring else shapes.ArrowCursor)
        self._hover(event.position())

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
