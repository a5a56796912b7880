"""The panel of the loss history: its plot, menu, and the verdict on the last run.

The plot needs pyqtgraph, which takes 150 ms to import, so it is imported only after the first frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6 import QtCore, QtGui, QtSvg, QtWidgets
from PySide6.QtGui import QAction, QActionGroup

from nnviz.core.coach import Verdict, judge, overfitting_since
from nnviz.core.history import SMOOTHED, History
from nnviz.core.losses import Loss
from nnviz.core.numbers import as_text, counted, file_label
from nnviz.core.runs import delete_runs, iterations_of
from nnviz.core.state import State
from nnviz.document.idle import Slicer
from nnviz.document.job import NEEDS_ROWS
from nnviz.document.moment import Moment, is_new
from nnviz.files import atomic
from nnviz.files.errors import Progress
from nnviz.ui.kit.card import quiet_button, small_button
from nnviz.ui.kit.controls import fill_box, named, wrapped_label
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.dialogs import export, show_text
from nnviz.ui.panels.history_readout import SCRIPTS, Readout, ShownRun, readouts
from nnviz.ui.plot.card import Pages, PlotPanel

if TYPE_CHECKING:
    from nnviz.ui.panels.history_canvas import HistoryCurve


TIP = (
    "Drag the ring to go to another iteration\n"
    "Drag elsewhere to move the plot, turn the wheel to zoom\nDouble-click to show the whole curve\n"
    "Press Left or Right to read the curve, Up or Down to read another run"
)
LOSS_TIP = (
    "The script reported a loss with each update, usually the loss before the update\n"
    "The {loss} in the panel Training is the loss after the update, computed by nnviz\n"
)
PENALTY_TIP = "The curve shows the {loss} alone, without the penalty\n"
SHOWN = "state", "lock_reason", "is_moving", "hiding", "hidden_runs", "listed_runs", "seeds_together"
"""Fields of a Moment that the plot depends on."""
SMOOTHED_TIP = f"Each point is the mean of the recorded values of the last {SMOOTHED:.0%} of the iterations"
RUNS_TIP = "List all runs with their settings and results"
ACCURACY_TIP = "Plot the share of rows with a correct prediction"
LOG_TIP, LOG_NAME = "Plot the loss on a logarithmic scale", "Logarithmic scale"
DELETE_RUNS = "Delete the kept runs"
ACCURACY = "accuracy"
"""Settings key: whether the panel plots the accuracy instead of the loss."""
EMPTY = "Press Run or One update to plot the {loss} here"
NO_LOSS = "The script's own loss appears here when the script calls update(loss)"


@lru_cache(maxsize=128)
def _smoothed(history: History) -> History:
    """Return the smoothed history of a kept run, which does not change: else it is drawn in every frame."""
    return history.smoothed()


class HistoryPlot(PlotPanel):
    """The panel with the curve of the loss, or of the accuracy if the Accuracy button is on.

    A second curve shows the validation rows. The part of a curve after the current iteration is faint.

    `load_soon` imports pyqtgraph, which is slow, and builds the plot. It is called after the first frame.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk, "", "", "")
        self._runner, self._travel = desk.runner, desk.runner.travel
        self.curve: HistoryCurve | None = None
        self._shown: tuple[object, ...] = (None,)
        """The history, the current point, the kept runs and the settings that the panel shows."""
        self._library = Slicer(self, self._load_slowly, lambda: True)
        self.pages = Pages(self)
        self._end: State | None = None
        """The end of the run that the coach judges, or has judged with the result `_verdict`."""
        self._verdict: Verdict | None = None
        self._runs_open = False
        self._coach = Slicer(self, self._judge, self._show_verdict)
        self.verdict, self.remedy = wrapped_label(pixels=11.5, name=""), small_button("")
        self._show_verdict()
        self.remedy.clicked.connect(self._try_remedy)
        self.body.addLayout(row := QtWidgets.QHBoxLayout())
        fill_box(row, 8, self.verdict, self.remedy)
        row.setStretch(0, 1)
        self._make_menu()

    def load_soon(self) -> None:
        """Create PySide's types in small steps, then `load`. The types take most of the time.

        The import must not run in a thread: PySide creates its types when they are first used, and the
        process crashes if two threads use a new type at the same time.
        """
        self._library.restart()

    def _load_slowly(self) -> Iterator[None]:
        """Make every PySide type that pyqtgraph uses, yield after each type, and load pyqtgraph."""
        for module in (QtCore, QtGui, QtWidgets, QtSvg):
            for name in dir(module):
                getattr(module, name)
                yield
        self.load()

    def load(self) -> None:
        """Import pyqtgraph, build the plot, and allow plots in other panels; unless the plot exists."""
        if self.curve:
            return
        from nnviz.ui.panels.history_canvas import HistoryCurve

        self.curve = HistoryCurve()
        self.curve.ring_taken.connect(self._runner.begin_drag)
        self.curve.wanted.connect(self._runner.scrub_to)
        self.curve.ring_dropped.connect(self._runner.end_drag)
        self.view_all.triggered.connect(self.curve.view_all)
        self.pages.addWidget(self.curve)
        self._desk.frames.show_again(self)
        self._desk.allow_plots()

    @property
    def plot(self) -> HistoryCurve | None:  # noqa: D102
        return self.curve if self._travel.history is not None or any(self._kept_runs()) else None

    def _kept_runs(self) -> Iterator[ShownRun]:
        """Yield the kept runs to plot: those with this measure, except the hidden ones."""
        now, end = self._document.now, self._document.past.end
        for each in self._document.run_table().runs:
            alike = each.settings["loss"] == now.state.measure.title
            if alike and (each.seeds or each.state is not end) and each.id not in now.hidden_runs:
                curves = each.curves("accuracy" if self._accuracy() else "")
                unit = iterations_of(self._unit, each.state)
                if curves and unit:
                    history, *band = map(_smoothed, curves) if self.smooth.isChecked() else curves
                    yield ShownRun(each.pen, each.name, history, tuple(band), unit)

    @property
    def _unit(self) -> str:
        """What the x axis counts."""
        chosen = (unit for unit, action in self.units.items() if action.isChecked())
        return next(chosen, "iteration")

    def _accuracy(self) -> History | None:
        """Return the history of the accuracy if the plot has to show it, else None."""
        run = self._travel.run
        return run.curve("accuracy") if run and self.accuracy_button.isChecked() else None

    def _make_menu(self) -> None:
        first = self.menu.actions()[0]
        self.view_all = QAction("Fit", self.menu)
        units = QActionGroup(self)
        units.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        self.units = {each: QAction(f"Over {each}s", units, checkable=True) for each in ("epoch", "second")}
        for action in self.units.values():
            action.toggled.connect(self._show_unit)
        self.smooth = QAction("Smoothed", self.menu, checkable=True, toolTip=SMOOTHED_TIP)
        self.smooth.toggled.connect(self.show_now)
        self.menu.insertActions(first, [self.view_all, *self.units.values(), self.smooth])
        self.menu.insertSeparator(first)
        self.ask_csv = self.add_entry("Export CSV…", self.export_csv)
        self.menu.addSeparator()
        self.forget = self.menu.addAction(DELETE_RUNS, lambda: self._document.edit(DELETE_RUNS, delete_runs))
        self.runs_button = self.add_button(quiet_button("", RUNS_TIP, "Runs"))
        self.runs_button.clicked.connect(self._desk.runs_requested)
        self.accuracy_button = self.add_button(
            quiet_button("Accuracy", ACCURACY_TIP, "Accuracy", checkable=True)
        )
        self.log_button = self.add_button(quiet_button("Log", LOG_TIP, LOG_NAME, checkable=True))
        self.accuracy_button.setChecked(self._desk.settings.get(ACCURACY, False))
        self.accuracy_button.toggled.connect(partial(self._desk.settings.remember, ACCURACY))
        for button in (self.accuracy_button, self.log_button):
            button.toggled.connect(self.show_now)

    def update_actions(self) -> None:
        """Update the entries of the menu."""
        super().update_actions()
        self.view_all.setEnabled(self.plot is not None)
        runs = self._document.run_table().runs
        for unit, action in self.units.items():
            found = {iterations_of(unit, each.state) for each in runs}
            action.setEnabled(action.isChecked() or not found <= {1.0, None})
        self.ask_csv.setEnabled(self.plot is not None and self._travel.history is not None)
        self.forget.setEnabled(bool(self._document.state.runs))

    def set_runs_open(self, runs_open: bool) -> None:
        """Set whether the panel Runs is open. Then the heading needs no button that opens the panel."""
        if runs_open != self._runs_open:
            self._runs_open = runs_open
            self._desk.frames.show_again(self)

    def _show_unit(self) -> None:
        self.show_now()
        if self.curve:
            self.curve.view_all()

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Draw the history again if the history, the current iteration or the kept runs have changed."""
        if not is_new(old, new, *SHOWN):
            return
        self._follow_run()
        self._name_after(new.state.measure)
        end, run, runs = self._document.past.end, self._travel.run, tuple(self._kept_runs())
        accuracy, present = self._accuracy(), self._travel.present
        history = accuracy or self._travel.history
        if accuracy and present:
            present = accuracy.at(present[0])
        finite = history is not None and bool(np.isfinite(history.points[:, 1]).any())
        self.pages.empty.setText("" if finite else self._reason_empty(history))
        self.accuracy_button.setVisible(run is not None and run.curve("accuracy") is not None)
        self.log_button.setEnabled(accuracy is None)
        unit, is_smooth = self._unit, self.smooth.isChecked()
        listed = self._document.run_table().runs
        self.runs_button.setText(counted(len(listed), "run"))
        self.runs_button.setVisible(len(listed) > 1 and not self._runs_open)
        before, shown = self._shown, (history, present, runs, new.state.training, unit, is_smooth)
        if self.curve is None or (shown == before and not is_new(old, new, "is_moving")):
            return
        measure = "accuracy" if accuracy else end.curve_title
        title = f"{measure}, smoothed" if is_smooth else measure
        self.curve.set_log(self.log_button.isChecked() and not accuracy)
        self.curve.set_measure(title, is_share=bool(accuracy))
        self.curve.set_unit(iterations_of(unit, end) or 1.0, f"{unit}s")
        self.curve.show_runs(runs)
        self.curve.marked = None if accuracy else overfitting_since(end)
        self.curve.stop_reason = end.stop_reason
        self.pages.plot_visible = finite or bool(runs)
        if self.pages.plot_visible:
            if before[0] is None:
                self.curve.view_all()
            tips = PENALTY_TIP * bool(new.state.training.penalty) + LOSS_TIP * (measure == SCRIPTS) + TIP
            self.curve.setToolTip(tips.format(loss=new.state.measure.phrase))
            validation = run.curve("validation accuracy" if accuracy else "validation") if run else None
            values = readouts(run, end.curve_title) if run else ()
            name = next((each.name for each in listed if run and each.state is end), "")
            drawn = history or History()
            if is_smooth:
                drawn = drawn.smoothed()
                present = present and drawn.at(present[0])
                validation = validation and validation.smoothed()
                values = (Readout(title, drawn, bool(accuracy)), *values)
            self.curve.show_history(drawn, present, validation, values, name=name, growing=new.is_moving)
        self._shown = shown

    def _follow_run(self) -> None:
        """Let the coach judge the last run, unless the run is still in progress."""
        if self._runner.running:
            self._coach.drop()
            self._end = self._verdict = None
        elif self._end is not self._document.past.end:
            self._end = self._document.past.end
            self._coach.restart()
        self._show_verdict()

    def _judge(self) -> Iterator[None]:
        self._verdict = yield from judge(self._document.past.end)

    def _show_verdict(self) -> bool:
        """Show the verdict, unless results are hidden, and return whether the coach has finished."""
        verdict = None if self._document.now.hiding.on else self._verdict
        _, sentence, rule, remedy = verdict or ("", "", "", None)
        show_text(self.verdict, f"{sentence[:1].upper()}{sentence[1:]}")
        self.verdict.setToolTip(rule)
        self.verdict.setAccessibleDescription(rule.replace("\n", " "))
        if remedy:
            self.remedy.setText(f"Run with {remedy.name}")
            tip = f"Return to the start of this run, and train again with {remedy.name}"
            self.remedy.setToolTip(f"{tip}\n{remedy.reason}")
        self.remedy.setVisible(remedy is not None)
        return not self._coach.busy

    def _try_remedy(self) -> None:
        if self._verdict and self._verdict.remedy and self._end is self._document.past.end:
            self._runner.run_with(self._verdict.remedy)

    def _name_after(self, loss: Loss) -> None:
        """Say in the heading and the menu which loss is in use."""
        if loss.title == self.accessibleName():
            return
        self.phrase, self.ending = f"the {loss.phrase}", f"-{loss.name.replace('_', '-')}"
        self.heading.setText(loss.title.upper())
        self.setAccessibleName(loss.title)
        named(self.more_button, f"Menu: {loss.title}", f"Copy or export {self.phrase}")

    def _reason_empty(self, history: History | None) -> str:
        if history:
            iteration, loss = history.last
            return f"The script's loss is not finite: {as_text(loss)} at iteration {iteration}"
        if self._document.now.lock_reason:
            return NO_LOSS
        state = self._document.state
        return (EMPTY if state.trainable else NEEDS_ROWS).format(loss=state.measure.phrase)

    def export_csv(self) -> None:
        """Ask for a file, and write the iterations, losses and validation losses of the run to it as CSV."""
        from nnviz.files.table.writing import history_text  # imported late: most sessions export no curve

        run, measure = self._travel.run, self._document.past.end.curve_title
        assert run is not None
        text = history_text(run.points, measure if run.watched else self._document.state.measure.name)
        thinned = f" (the first, lowest, highest and last {measure} of each group of updates)"

        def write(path: Path, _progress: Progress) -> str:
            atomic.write(path, text)
            return f"Exported {file_label(path)}{thinned if run.history.is_thinned else ''}"

        export(self, self._desk, "Export CSV", f"{self.ending}.csv", {"CSV": (".csv",)}, write)
