"""The MSE panel: the history of the whole run as a curve, and its way out as CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from nnviz.core.history import History
from nnviz.core.names import file_named
from nnviz.core.numbers import shown
from nnviz.core.run import EarlierRun
from nnviz.core.state import State
from nnviz.core.training.earlier import forget_runs
from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
from nnviz.document.training.runner import Runner
from nnviz.files import atomic, csv
from nnviz.files.errors import FileError
from nnviz.ui.plots.plot_card import PlotCard
from nnviz.ui.widgets.ask_where import ask_where
from nnviz.ui.widgets.card import quiet_button
from nnviz.ui.widgets.theme import colours

if TYPE_CHECKING:
    from nnviz.ui.plots.mse_curve import MseCurve

TIP = (
    "Drag the ring to another iteration of the run\n"
    "Drag elsewhere to move, wheel to zoom, double-click to see all\n"
    "Arrows read points out, up and down those of earlier runs"
)
LOSS_TIP = (
    "The script told each loss with an update, as a rule the one before it\n"
    "The MSE in Training is nnviz's own, after it\n"
)
EMPTY = "Press Run or One update: the MSE is drawn here"
NO_LOSS = "The script's own loss is drawn here, as update(loss) tells it"
NO_MSE = "The MSE needs rows with targets: add some to the data"


class MsePlot(PlotCard):
    """Draws the MSE history; where one has gone back in the run, what comes after stays, faint.

    `load` brings the plot in once the window stands: its import is slow. `exported` and `refused` say in one
    sentence that a file was written, or why it could not be.
    """

    exported = Signal(str)
    refused = Signal(str)

    def __init__(self, document: Document, runner: Runner, suggestion: Callable[[str], Path]) -> None:
        """`suggestion` makes the path of a file whose name has this end."""
        super().__init__("MSE", "the MSE", "-mse", self._drawn)
        self._suggestion = suggestion
        self._document, self._runner, self._travel = document, runner, runner.travel
        self.curve: MseCurve | None = None
        self._history: History | None = None
        self._present: tuple[int, float] | None = None
        self._runs: tuple[EarlierRun, ...] = ()
        self.empty = QLabel()
        self.empty.setObjectName("muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._pages = QStackedLayout()
        self.body.addLayout(self._pages)  # first: what it shows would else be a window of its own
        self._pages.addWidget(self.empty)
        self._make_menu()
        self._changes = MotionThrottle(self, self._refresh, document, phase=0.0)
        document.state_changed.connect(self._follow)
        document.motion_changed.connect(self._refresh)
        self._refresh()

    def load(self) -> None:
        """Import pyqtgraph and build the plot."""
        from nnviz.ui.plots.mse_curve import MseCurve

        self.curve = MseCurve(colours())
        self.curve.menu_requested.connect(self.menu.popup)
        self.curve.ring_taken.connect(self._runner.hold)
        self.curve.wanted.connect(self._runner.scrub_to)
        self.curve.ring_dropped.connect(self._runner.let_go)
        self.curve.set_log(self.log_button.isChecked())
        self.log_button.toggled.connect(self.curve.set_log)
        self.view_all.triggered.connect(self.curve.view_all)
        self._pages.addWidget(self.curve)
        self._history, self._runs = None, ()
        self._refresh()

    def export_csv(self, path: Path) -> None:
        """Write the history to `path` with the columns iteration and mse, or loss where it was watched."""
        history, measure = self._travel.history, self._travel.measure
        assert history is not None
        thinned = f": of every few updates the lowest and the highest {measure}" if history.is_thinned else ""
        self._export(path, csv.history(history.points, measure.lower()), thinned)

    def _drawn(self) -> QWidget | None:
        return self.curve if self._travel.history is not None or self._earlier() else None

    def _earlier(self) -> tuple[EarlierRun, ...]:
        """Return the earlier runs that are to be seen."""
        return self._document.state.runs if self.show_runs.isChecked() else ()

    def _make_menu(self) -> None:
        first = self.menu.actions()[0]
        self.view_all = QAction("Fit", self.menu)
        self.menu.insertAction(first, self.view_all)
        self.menu.insertSeparator(first)
        self.ask_csv = self.menu.addAction("Export CSV…", self._ask_csv)
        self.menu.addSeparator()
        self.show_runs = self.menu.addAction("Show earlier runs", self._refresh)
        self.show_runs.setCheckable(True)
        self.show_runs.setChecked(True)
        self.forget = self.menu.addAction("Forget earlier runs", self._forget)
        self.log_button = quiet_button("Log", "Draw the curve on a logarithmic scale", "Logarithmic scale")
        self.log_button.setCheckable(True)
        self.add_button(self.log_button)

    def look(self) -> None:
        """Offer what there is."""
        super().look()
        self.view_all.setEnabled(self.plot is not None)
        self.ask_csv.setEnabled(self.plot is not None and self._travel.history is not None)
        for action in (self.show_runs, self.forget):
            action.setEnabled(len(self._document.state.runs) > 0)

    def _forget(self) -> None:
        self._document.edit("Forget earlier runs", forget_runs)

    def _follow(self, old: State, new: State) -> None:
        if self.isVisible():
            self._changes.changed()

    def _refresh(self) -> None:
        """Draw the history where it is another one, has grown, or another point of it is the present one."""
        history, present, runs = self._travel.history, self._travel.present, self._earlier()
        finite = history is not None and bool(np.isfinite(history.envelope[:, 1]).any())
        self.empty.setText("" if finite else self._why_empty(history))
        self.look()
        same = history is self._history and present == self._present and runs is self._runs
        if self.curve is None or same:
            return
        if runs is not self._runs:
            self.curve.show_earlier(runs)
        if not (finite or runs):
            self._pages.setCurrentWidget(self.empty)
        else:
            if self._history is None:
                self.curve.view_all()
            self.curve.set_measure(self._travel.measure)
            self.curve.setToolTip(LOSS_TIP + TIP if self._travel.measure == "loss" else TIP)
            self.curve.show_history(history or History(), present)
            self._pages.setCurrentWidget(self.curve)
        self._history, self._present, self._runs = history, present, runs

    def _why_empty(self, history: History | None) -> str:
        if history:
            return f"The script's loss is no number: {shown(history.last[1])} at iteration {history.last[0]}"
        return NO_LOSS if self._document.held else EMPTY if self._document.state.trainable else NO_MSE

    def _ask_csv(self) -> None:
        wanted = self._suggestion(f"{self.ending}.csv")
        if path := ask_where(self, "Export CSV", wanted, {"CSV": (".csv",)}):
            self.export_csv(path)

    def _export(self, path: Path, data: bytes, what: str = "") -> None:
        try:
            atomic.write(path, data)
        except FileError as error:
            self.refused.emit(str(error))
        else:
            self.exported.emit(f"Exported {file_named(path)}{what}")

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        looks = (QEvent.Type.PaletteChange, QEvent.Type.FontChange)
        if event.type() in looks and hasattr(self, "curve") and self.curve:
            self.curve.set_palette(colours())

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self._refresh()
