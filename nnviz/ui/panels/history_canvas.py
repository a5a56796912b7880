"""The history of a loss or an accuracy as a curve with axes, and that of validation beside it.

Knows nothing of documents and of the mouse.

Imports pyqtgraph, which costs 150 ms, so it is imported only once the window stands.
"""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPen, QResizeEvent

from nnviz.core.activations import Array
from nnviz.core.history import CEILING, History, ceiling
from nnviz.core.loss.line import FLAT
from nnviz.core.names import SHOWN
from nnviz.core.numbers import full, shown, shown_in_full
from nnviz.core.run import EarlierRun
from nnviz.picture.palette import Palette
from nnviz.ui.plots.drawable import with_margins
from nnviz.ui.plots.earlier_curves import EarlierCurves, reach_together
from nnviz.ui.plots.history_line import HistoryLine
from nnviz.ui.plots.overfitting import said
from nnviz.ui.plots.plot import Dot, Plot, QuietAxis
from nnviz.ui.plots.told import SCRIPTS, Told, whose
from nnviz.ui.widgets.theme import px

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
        self._mark, self._ring, self._dot = Dot(9), Dot(10), Dot(8)
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
