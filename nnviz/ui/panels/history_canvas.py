"""The curves of the loss history.

Imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPen, QResizeEvent

from nnviz.core.activations import Array
from nnviz.core.history import CEILING, History, bucket_length, ceiling, in_columns, leaves_at
from nnviz.core.landscape import FLAT
from nnviz.core.numbers import SHOWN, full, shown, shown_in_full
from nnviz.core.state import EarlierRun
from nnviz.picture.notebook import Area, Joined, cut
from nnviz.picture.palette import Palette, rgb
from nnviz.ui.kit.theme import colours, px
from nnviz.ui.panels.history_readout import SCRIPTS, Told, said, whose
from nnviz.ui.plot.plot import Arrow, CurveItem, DotItem, Plot, QuietAxis, points_of, with_margins

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
        self._beyond, self._curve = CurveItem(), CurveItem()
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

    def _put(
        self, plot: Plot, item: CurveItem, points: Array, colour: QColor, noise: bool, log: bool
    ) -> None:
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
        self._items: list[CurveItem] = []
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
            self._items.append(CurveItem())
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


NOWHERE = -1, math.nan
"""The present point before every other."""
TIMES_AS_HIGH = 10.0
"""So far above the present run the view goes for earlier ones."""
ABOVE = "above the plot"
DIVERGED = f": of a run that has diverged\nit shows up to {CEILING:g} times the start"
KEY_PX = 18
"""Height of the line that says which curve is which."""
LEAST_PX, LOW_PX = 94, 130
"""How high the plot is at least, at 100 %, and below which height its lower axis has no name."""
RING_PX = 7.0
"""Room for the ring on each side of its middle."""


class HistoryCanvas(Plot):
    """Draws a history, marks its present point, draws what comes after that faintly, and earlier runs.

    Beside it may stand that of validation, on which an iteration may be marked.
    The view follows the curve until a part of it is shown; `view_all` makes it follow again.
    """

    def __init__(self, palette: Palette) -> None:
        super().__init__(QuietAxis("bottom", "iterations", whole=True), QuietAxis("left", grid=True))
        self.setMinimumHeight(LEAST_PX)
        self._measure = ""
        self._is_share = False
        self._told: tuple[Told, ...] = ()
        self._marked: int | None = None
        self._present = NOWHERE
        self.log = False
        self._following = True
        self._read: int | None = None
        self._read_run: EarlierRun | None = None
        self._aside, self._line = HistoryLine(self, 0), HistoryLine(self, 1)
        self._mark, self._ring, self._dot = DotItem(9), DotItem(10), DotItem(8)
        self._earlier = EarlierCurves()
        for z, item in enumerate((self._mark, self._ring, self._dot)):
            self.add(item, 2 + z)
        self.set_palette(palette)
        self.plotItem.vb.sigRangeChanged.connect(self._follow_view)
        self.plotItem.vb.sigResized.connect(self._follow_size)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        super().set_palette(palette)
        self._name_iterations()
        self._line.set_colour(palette.accent, palette.surface)
        self._aside.set_colour(palette.validation, palette.surface)
        self._mark.setPen(QPen(self._aside.colour, 2))
        self._mark.setBrush(QColor(palette.surface))
        self._colour_ring(palette)
        self._dot.setPen(QPen(Qt.PenStyle.NoPen))
        self._dot.setBrush(self._line.colour)
        self._earlier.set_colour(palette.muted)
        self._ink = palette.muted
        self._write_key()
        self._show_again()

    def _name_iterations(self) -> None:
        """Name the lower axis, or leave its height to the curve where there is little."""
        self._bottom.showLabel(self.height() >= px(LOW_PX))

    def _colour_ring(self, palette: Palette) -> None:
        """Show by its colour whether arrow keys act here."""
        self._ring.setPen(QPen(QColor(palette.accent if self.hasFocus() else palette.ink), 2))
        self._ring.setBrush(QColor(palette.surface))

    @property
    def _history(self) -> History:
        return self._line.history

    def show_history(
        self,
        history: History,
        present: tuple[int, float] | None = None,
        aside: History | None = None,
        told: tuple[Told, ...] = (),
    ) -> None:
        """Draw `history`, which may be what was drawn before, gone on; it has no point beside earlier runs.

        `present` is the iteration that the ring marks, and its height; where there is none all is drawn
        faintly. `aside` is the history over the rows for validation. What is read out is `told`, or else the
        history alone.
        """
        keyed = self._keyed
        self._line.history, self._aside.history = history, aside or History()
        self._told = told or (Told(self._measure, history, self._is_share),)
        self._present = present or NOWHERE
        if keyed != self._keyed:
            self._write_key()
        if self._following:
            self._fit()
        self._draw()
        there = self._read_run is None or self._read_run in self._earlier.runs
        still_there = there and self._read is not None and self._read < len(self._points_read())
        self.read_at(self._read if still_there else None, self._read_run)
        self._describe()
        self.scene().prepareForPaint()  # else the items move while they are painted, and are painted twice

    def set_measure(self, measure: str, *, is_share: bool = False) -> None:
        """Say of what the history is that is shown next: a loss, or an accuracy, which is a share of rows."""
        if measure != self._measure:
            self._measure, self._is_share = measure, is_share
            self._left.show_percent(is_share)
            self._left.set_text(whose(measure))
            self.setAccessibleName(f"{measure} after every update")

    def mark(self, iteration: int | None) -> None:
        """Mark an iteration on the curve of validation, which is shown next; or none."""
        self._marked = iteration

    def show_earlier(self, runs: tuple[EarlierRun, ...]) -> None:
        """Draw earlier runs under the history, which is shown next."""
        self._earlier.show(runs, log=self.log, measure=self._measure)

    @property
    def _keyed(self) -> bool:
        """Whether there is a second curve."""
        return len(self._aside.history) > 0

    def _write_key(self) -> None:
        """Say over the plot which curve is which, where there are two."""
        both = ((self._line.colour, "training"), (self._aside.colour, "validation"))
        parts = [f'<span style="color:{colour.name()}">\u2501\u2501</span> {name}' for colour, name in both]
        key = "&nbsp;&nbsp;&nbsp; ".join(parts) if self._keyed else None
        self.plotItem.setTitle(key, size=f"{px(11)}px", color=self._ink)
        height = px(KEY_PX) if key else 0
        self.plotItem.titleLabel.setMaximumHeight(height)
        self.plotItem.layout.setRowFixedHeight(0, height)

    def _show_again(self) -> None:
        if len(self._history) or self._earlier.runs:
            self.show_history(self._history, self._present, self._aside.history, self._told)

    def set_log(self, log: bool) -> None:
        """Draw on a logarithmic scale; a loss of 0 has no place there."""
        self.log = log
        self._left.set_logarithmic(log)
        self.show_earlier(self._earlier.runs)
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

        Iteration, and loss or its exponent of 10.
        """
        return self._line.up_to_present()

    def beyond(self) -> Array:
        """Return the curve from the present point on as it is drawn; no points where nothing comes after."""
        return self._line.beyond()

    def aside(self) -> Array:
        """Return the curve of validation up to the present point as it is drawn, shape (points, 2)."""
        return self._aside.up_to_present()

    def earlier(self) -> list[Array]:
        """Return the curves of earlier runs as they are drawn, the newest last."""
        return self._earlier.drawn()

    def present(self) -> QPointF:
        """Return where the ring stands, in this widget's pixels."""
        return self.place_of(*self._place(*self._present))

    def marked(self) -> QPointF | None:
        """Return where the mark stands, in this widget's pixels; None where there is none."""
        return self.place_of(*self._place(*self._at_mark())) if self._mark.isVisible() else None

    def _at_mark(self) -> tuple[int, float]:
        return (self._marked is not None and self._aside.history.at(self._marked)) or NOWHERE

    def _points_read(self) -> Array:
        return self._history.points if self._read_run is None else self._read_run.history

    def read_at(self, index: int | None, run: EarlierRun | None = None) -> None:
        """Read out the point `index` of the history, or of an earlier run; or none."""
        self._read, self._read_run = index, None if index is None else run
        if index is None:
            self._dot.hide()
            self.read_out.hide()
            return
        iteration, value = self._points_read()[index].tolist()
        x, y = self._place(iteration, value)
        self.put(self._dot, x, y)
        point = QPointF(x, y if math.isfinite(y) else self.view()[1][0])
        values = [f"{self._measure} {shown(value)}"]
        if run is None:
            values = [said for each in self._told if (said := each.said_at(int(iteration)))]
        told = "\n".join((f"iteration {shown(iteration)}", *values))
        if self._measure == SCRIPTS and not run:
            told = f"{self._measure} {shown(value)}, as the script\ntold it with update {shown(iteration)}"
        if self._following and self.view()[1][1] < self._height(value) < math.inf:
            losses = self._points_read()[:, 1]
            told += f"\n{ABOVE}{DIVERGED if losses[0] < ceiling(losses) < math.inf else ''}"
        self._dot.setBrush(self._earlier.colour if run else self._line.colour)
        self.read(point, f"{self._called(run)}\n{told}" if run else told)

    def _called(self, run: EarlierRun) -> str:
        """Return what an earlier run is called, on more lines where the plot is too narrow for one."""
        name = run.called(SHOWN)
        narrow = self.read_out.fontMetrics().horizontalAdvance(name) > self.plotItem.vb.width() - 32
        return name.replace(" · ", "\n") if narrow else name

    def _place(self, iteration: float, value: float) -> tuple[float, float]:
        """Return where a point is drawn: at the top if it is above it, at −∞ in a log a loss of 0."""
        height, top = self._height(value), self.view()[1][1] - RING_PX * self.pixel()[1]
        return float(iteration), height if height < (top if self._following else math.inf) else top

    def _height(self, value: float) -> float:
        if not self.log or math.isnan(value):
            return value
        return math.log10(value) if value > 0.0 else -math.inf

    def _draw(self) -> None:
        """Draw what is in view."""
        self._earlier.draw(self)
        here = [self._present] if self._present[0] >= 0 else []
        self.put(self._ring, *(self._place(*self._present) if here else NOWHERE))
        self._line.draw(self, *here or (None,), whole=self._following, log=self.log)
        self._aside.draw(self, self._aside.history.at(self._present[0]), whole=self._following, log=self.log)
        at = self._at_mark()
        self.put(self._mark, *(self._place(*at) if at[0] >= 0 else NOWHERE))

    def _fit(self) -> None:
        end = self._history.last[0] if len(self._history) else 0
        last = float(max(end, self._present[0], self._earlier.last, 1))
        box, (low, high) = self.plotItem.vb, self._reach()
        self.look(
            with_margins(0.0, last, 0.025, 0.025, RING_PX / max(box.width(), 1.0)),
            with_margins(low, high, 0.04, 0.08, RING_PX / max(box.height(), 1.0)),
        )

    def _reach(self) -> tuple[float, float]:
        if self._is_share:
            return 0.0, 1.0
        own = reach_together(line.reach(log=self.log) for line in (self._line, self._aside))
        earlier = self._earlier.reach
        reach = own or earlier
        if reach is None:
            return -1.0, 1.0
        low, high = reach
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
        points = [f"{self._measure} {shown_in_full(value)} at iteration {full(at)}" for at, value in told]
        earlier = [f"earlier runs: {self._earlier.told}"] if self._earlier.runs else []
        aside = [f"validation {shown_in_full(self._aside.history.last[1])} there"] if self._keyed else []
        left = (
            [f"diverged: above the plot from iteration {self._line.leaves[0]} on"]
            if self._line.leaves
            else []
        )
        risen = [said(self._marked)] if self._marked is not None else []
        self.setAccessibleDescription(", ".join(points + left + aside + risen + earlier))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        if hasattr(self, "_dot"):
            self._name_iterations()
            self._draw()


GRAB = 10.0
"""So many pixels around its middle the ring is taken."""


class HistoryCurve(HistoryCanvas):
    """Reads points out under the mouse or by keys, zooms and pans; the ring can be dragged along the curve.

    ================ ======================================================
    `menu_requested` where on the screen it was clicked with the right button
    `ring_taken`     the mouse was pressed on the ring
    `wanted`         the iteration that the ring was dragged to
    `ring_dropped`   the mouse has let it go
    `mark_clicked`   the mouse was pressed on the mark
    ================ ======================================================
    """

    menu_requested = Signal(QPoint)
    ring_taken = Signal()
    wanted = Signal(object)
    ring_dropped = Signal()
    mark_clicked = Signal()

    def __init__(self, palette: Palette) -> None:
        super().__init__(palette)
        self._dragged = False
        self.plotItem.vb.sigRangeChangedManually.connect(self._look_closer)
        self.scene().sigMouseClicked.connect(self._click)

    def _look_closer(self) -> None:
        self.show_view(self.view())
        self._follow_view()

    def _click(self, event: pg.GraphicsScene.mouseEvents.MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:  # a right drag zooms
            self.menu_requested.emit(event.screenPos().toPoint())

    def _iteration_at(self, position: QPointF) -> float:
        return float(self.plotItem.vb.mapSceneToView(self.mapToScene(position.toPoint())).x())

    def _is_on_ring(self, position: QPointF) -> bool:
        if not self._ring.isVisible():
            return False
        return _near(position, self.present())

    def _is_on_mark(self, position: QPointF) -> bool:
        mark = self.marked()
        return mark is not None and _near(position, mark)

    def _hover(self, position: QPointF) -> None:
        scene = self.mapToScene(position.toPoint())
        if not self.plotItem.vb.sceneBoundingRect().contains(scene):
            self.read_at(None)
            return
        leaves = self._line.leaves
        if leaves and _near(position, self.place_of(leaves[1], self.view()[1][1])):
            self._read_near(leaves[0], None)
        else:
            self._read_near(self._iteration_at(position), self._run_at(scene))

    def _run_at(self, scene: QPointF) -> EarlierRun | None:
        """Return the earlier run that the mouse is on; None where the history is nearer, or nothing near."""
        at = self.plotItem.vb.mapSceneToView(scene)
        own = min((distance(each, at, self.pixel()) for each in (self.curve(), self.beyond())), default=GRAB)
        return self._earlier.near(at, self.pixel(), within=min(own, GRAB))

    def _read_near(self, iteration: float, run: EarlierRun | None) -> None:
        """Read out the point of the history, or of an earlier run, that is nearest to an iteration."""
        iterations = (self._history.points if run is None else run.history)[:, 0]
        after = int(np.searchsorted(iterations, iteration))
        near = [k for k in (after - 1, after) if 0 <= k < len(iterations)]
        self.read_at(min(near, key=lambda k: abs(float(iterations[k]) - iteration), default=None), run)

    def _read_or_present(self) -> int:
        """Return the point that is read out, or the last one that is not beyond the ring."""
        if self._read is not None:
            return self._read
        return int(self._history.points[:, 0].searchsorted(self._present[0], side="right")) - 1

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        last, at = len(self._points_read()) - 1, self._read_or_present()
        steps = {
            Qt.Key.Key_Left: at - 1,
            Qt.Key.Key_Right: at + 1,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: last,
        }
        if event.key() in steps and last >= 0:
            self.read_at(min(max(steps[Qt.Key(event.key())], 0), last), self._read_run)
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down) and self._earlier.runs:
            self._read_other_run(-1 if event.key() == Qt.Key.Key_Up else 1)
        elif event.key() == Qt.Key.Key_Escape and self._read is not None:
            self.read_at(None)
        else:
            event.ignore()  # pyqtgraph would swallow it

    def _read_other_run(self, step: int) -> None:
        """Read out the next run at the same iteration: after the present one the earlier, latest first."""
        runs = [*([None] if len(self._history) else []), *reversed(self._earlier.runs)]
        here = self._read_run if self._read is not None else None
        place = runs.index(here) + step if here in runs else 0
        iteration = self._points_read()[self._read, 0] if self._read is not None else self._present[0]
        self._read_near(float(iteration), runs[place % len(runs)])

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusInEvent(event)
        self._colour_ring(colours())

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(event)
        self._colour_ring(colours())

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() == Qt.MouseButton.LeftButton and self._is_on_ring(event.position()):
            self._dragged = True
            self.ring_taken.emit()
        elif event.button() == Qt.MouseButton.LeftButton and self._is_on_mark(event.position()):
            self.mark_clicked.emit()
        else:
            super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if not event.buttons():
            self._let_go()  # a box may have taken the release
        if self._dragged:
            self.wanted.emit(max(round(self._iteration_at(event.position())), 0))
        else:
            super().mouseMoveEvent(event)
            self.viewport().setCursor(self._cursor_at(event.position()))
        self._hover(event.position())

    def _cursor_at(self, position: QPointF) -> Qt.CursorShape:
        if self._is_on_ring(position):
            return Qt.CursorShape.SizeHorCursor
        on_mark = self._is_on_mark(position)
        return Qt.CursorShape.PointingHandCursor if on_mark else Qt.CursorShape.ArrowCursor

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if self._dragged and event.button() == Qt.MouseButton.LeftButton:
            self._let_go()
        else:
            super().mouseReleaseEvent(event)

    def _let_go(self) -> None:
        if self._dragged:
            self._dragged = False
            self.ring_dropped.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        super().mouseDoubleClickEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.view_all()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Leave the card's menu to a click: a right drag zooms."""
        event.setAccepted(event.reason() == QContextMenuEvent.Reason.Mouse)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: D102
        super().leaveEvent(event)
        self.read_at(None)


def _near(one: QPointF, other: QPointF) -> bool:
    away = one - other
    return bool(np.hypot(away.x(), away.y()) <= GRAB)
