"""The plot of the loss history, with its scale and cursor.

Imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6 import QtCore, QtGui, QtSvg, QtWidgets
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QShowEvent

from nnviz.core.history import History
from nnviz.core.metrics import risen_since
from nnviz.core.numbers import file_named, listed, shown
from nnviz.core.replay import forget_runs
from nnviz.core.state import EarlierRun, State
from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle, Slicer
from nnviz.document.training import Runner
from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.files.table import writing
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.dialogs import ask_where
from nnviz.ui.kit.theme import colours
from nnviz.ui.panels.history_readout import SCRIPTS, Overfitting, all_told
from nnviz.ui.plot.card import Pages, PlotCard

if TYPE_CHECKING:
    from nnviz.ui.panels.history_canvas import HistoryCurve


class PlotLibrary(QObject):
    """Has `plot` draw with the plot library, which takes longer to import than the window's first frame may.

    `load_soon` brings it in while the window answers, `load` at once. Not in a thread: PySide makes its types
    when they are first asked for, and two threads that ask at a time end the process. `loaded`: it is there.
    """

    loaded = Signal()

    def __init__(self, parent: QObject, plot: HistoryPlot) -> None:
        super().__init__(parent)
        self._plot = plot
        self._work = Slicer(self, _types, self._load_with_types)

    def load_soon(self) -> None:
        """Make PySide's types a few at a time, which is most of the import, and load then."""
        self._work.ask()

    def _load_with_types(self) -> bool:
        if not self._work.busy:
            self.load()
        return not self._work.busy

    def load(self) -> None:
        """Draw with the plot library from now on."""
        self._plot.load()
        self.loaded.emit()


def _types() -> Iterator[None]:
    """Make every type that pyqtgraph asks PySide for, one at a time."""
    for module in (QtCore, QtGui, QtWidgets, QtSvg):
        for name in dir(module):
            getattr(module, name)
            yield


TIP = (
    "Drag the ring to another iteration of the run\n"
    "Drag elsewhere to move, wheel to zoom, double-click to see all\n"
    "Arrows read points out, up and down those of earlier runs"
)
LOSS_TIP = (
    "The script told each loss with an update, as a rule the one before it\n"
    "The {loss} in Training is nnviz's own, after it\n"
)
MARK_TIP = "\nClick the mark on the curve of validation to go to where it was least"
EMPTY = "Press Run or One update: the {loss} is drawn here"
NO_LOSS = "The script's own loss is drawn here, as update(loss) tells it"
OTHERS = "Show earlier runs of other networks"
NEEDS_ROWS = "The {loss} needs rows with targets: add some to the data"


class HistoryPlot(PlotCard):
    """Draws the history of the loss or, by a switch, of the accuracy, and with each that of validation.

    Where one has gone back in the run, what comes after stays, faint.
    `load` brings the plot in once the window stands: its import is slow. `said` carries the sentence that a
    file was written, or why it could not be. `called` says what is drawn when that changes.
    `accuracy_chosen` tells that a person has turned the switch.
    """

    called = Signal(str)
    accuracy_chosen = Signal(bool)
    said = Signal(str)

    def __init__(self, document: Document, runner: Runner, suggestion: Callable[[str], Path]) -> None:
        """`suggestion` makes the path of a file whose name has this end."""
        super().__init__("", "", "")
        self._suggestion = suggestion
        self._document, self._runner, self._travel = document, runner, runner.travel
        self.curve: HistoryCurve | None = None
        self._history: History | None = None
        self._present: tuple[int, float] | None = None
        self._runs: tuple[EarlierRun, ...] = ()
        self.title = self.short = ""
        """What the loss in use is called, and what the panel: small windows have tabs of few letters."""
        self._of_accuracy = False
        self.pages = Pages(self)
        self.overfitting = Overfitting()
        self.overfitting.go.clicked.connect(self._go_to_least)
        self.body.addWidget(self.overfitting)
        self._make_menu()
        self._changes = MotionThrottle(self, self._refresh, document, phase=0.0)
        document.state_changed.connect(self._follow)
        document.motion_changed.connect(self._refresh)
        self._refresh()

    def load(self) -> None:
        """Import pyqtgraph and build the plot, once."""
        if self.curve:
            return
        from nnviz.ui.panels.history_canvas import HistoryCurve

        self.curve = HistoryCurve(colours())
        self.curve.menu_requested.connect(self.menu.popup)
        self.curve.ring_taken.connect(self._runner.hold)
        self.curve.wanted.connect(self._runner.scrub_to)
        self.curve.ring_dropped.connect(self._runner.let_go)
        self.curve.mark_clicked.connect(self._go_to_least)
        self.log_button.toggled.connect(self._set_log)
        self._set_log()
        self.view_all.triggered.connect(self.curve.view_all)
        self.pages.addWidget(self.curve)
        self._history, self._runs = None, ()
        self._refresh()

    def export_csv(self, path: Path) -> None:
        """Write iteration, loss and, where there is one, that of validation, to `path`."""
        run, state = self._travel.run, self._document.state
        assert run is not None
        measure = self._travel.measure
        thinned = f": the first, least, greatest and last {measure} of every few updates"
        column = measure if run.watched else state.measure.name
        self._export(
            path, writing.history_text(run.points, column), thinned if run.history.is_thinned else ""
        )

    def show_accuracy(self, shown: bool) -> None:
        """Draw the accuracy where there is one, or the loss."""
        self.accuracy_button.setChecked(shown)

    @property
    def plot(self) -> HistoryCurve | None:  # noqa: D102
        return self.curve if self._travel.history is not None or self._earlier() else None

    def _earlier(self) -> tuple[EarlierRun, ...]:
        """Return the earlier runs that are to be seen: of the same loss, and not beside an accuracy."""
        if self._accuracy():
            return ()
        network = self._document.state.network
        return tuple(
            run
            for run in self._alike()
            if (self.show_runs if run.fits(network) else self.show_others).isChecked()
        )

    def _alike(self) -> tuple[EarlierRun, ...]:
        state = self._document.state
        return tuple(run for run in state.runs if run.training.loss == state.training.loss)

    def _others(self) -> list[str]:
        """Return the architectures of the earlier runs of other networks."""
        state = self._document.state
        found = (run.network.in_words for run in self._alike() if run.network and not run.fits(state.network))
        return list(dict.fromkeys(found))

    def _accuracy(self) -> History | None:
        """Return the history of the accuracy, where it is to be drawn."""
        run = self._travel.run
        return run.curve("accuracy") if run and self.accuracy_button.isChecked() else None

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
        self.show_others = self.menu.addAction(OTHERS, self._refresh)
        self.show_others.setCheckable(True)
        self.forget = self.menu.addAction("Forget earlier runs", self._forget)
        self.log_button = quiet_button("Log", "Draw the curve on a logarithmic scale", "Logarithmic scale")
        self.log_button.setCheckable(True)
        self.accuracy_button = quiet_button("Accuracy", "Draw the share of rows that are right", "Accuracy")
        self.accuracy_button.setCheckable(True)
        self.accuracy_button.toggled.connect(self._refresh)
        self.accuracy_button.clicked.connect(self.accuracy_chosen)
        self.add_button(self.accuracy_button)
        self.add_button(self.log_button)

    def look(self) -> None:
        """Offer what there is."""
        super().look()
        self.view_all.setEnabled(self.plot is not None)
        self.ask_csv.setEnabled(self.plot is not None and self._travel.history is not None)
        runs, alike = len(self._document.state.runs), len(self._alike())
        others = "" if runs == alike else f" ({runs - alike} by another loss not drawn)"
        self.show_runs.setText(f"Show earlier runs{others}")
        for action in (self.show_runs, self.forget):
            action.setEnabled(runs > 0)
        architectures = self._others()
        self.show_others.setText(f"{OTHERS} ({listed(architectures)})" if architectures else OTHERS)
        self.show_others.setEnabled(bool(architectures))

    def _forget(self) -> None:
        self._document.edit("Forget earlier runs", forget_runs)

    def _follow(self, old: State, new: State) -> None:
        if self.isVisible():
            self._changes.changed()

    def _refresh(self) -> None:
        """Draw the history where it is another one, has grown, or another point of it is the present one."""
        run, runs = self._travel.run, self._earlier()
        accuracy = self._accuracy()
        history = accuracy or self._travel.history
        present = self._travel.present
        if accuracy and present:
            present = accuracy.at(present[0])
        finite = history is not None and bool(np.isfinite(history.points[:, 1]).any())
        self.pages.empty.setText("" if finite else self._why_empty(history))
        self.accuracy_button.setVisible(run is not None and run.curve("accuracy") is not None)
        self.log_button.setEnabled(accuracy is None)
        self.look()
        self._name()
        same = history is self._history and present == self._present and runs == self._runs
        if self.curve is None or same:
            return
        risen = risen_since(self._travel.past.end)
        self.overfitting.tell(risen, self._document.state.measure.word)
        measure = "accuracy" if accuracy else self._travel.measure
        if bool(accuracy) != self._of_accuracy:
            self._of_accuracy = bool(accuracy)
            self._set_log()
        self.curve.set_measure(measure, is_share=bool(accuracy))
        self.curve.show_earlier(runs)
        self.curve.mark(None if accuracy else risen)
        self.pages.show_plot = finite or bool(runs)
        if self.pages.show_plot:
            if self._history is None:
                self.curve.view_all()
            tip = LOSS_TIP.format(loss=self._document.state.measure.word) + TIP if measure == SCRIPTS else TIP
            self.curve.setToolTip(tip if risen is None or accuracy else tip + MARK_TIP)
            aside = run.curve("validation accuracy" if accuracy else "validation") if run else None
            told = all_told(run, self._travel.measure) if run else ()
            self.curve.show_history(history or History(), present, aside, told)
        self._history, self._present, self._runs = history, present, runs

    def _name(self) -> None:
        """Call the panel as the loss in use."""
        loss = self._document.state.measure
        if loss.title == self.title:
            return
        self.title, self.what = loss.title, f"the {loss.word}"
        self.ending = f"-{loss.name.replace('_', '-')}"
        self.short = loss.title if loss.title.isupper() else "Loss"
        self.heading.setText(self.short.upper())
        self.setAccessibleName(loss.title)
        self.more_button.setToolTip(f"Copy or export {self.what}")
        self.more_button.setAccessibleName(f"More of {self.what}")
        self.called.emit(self.short)

    def _set_log(self) -> None:
        """Draw on the scale that is chosen; shares have none that is logarithmic."""
        if self.curve:
            self.curve.set_log(self.log_button.isChecked() and not self._of_accuracy)

    def _go_to_least(self) -> None:
        """Go to the iteration since which validation has risen."""
        if self.overfitting.since is not None:
            self._runner.begin_scrub()
            self._runner.scrub_to(self.overfitting.since)

    def _why_empty(self, history: History | None) -> str:
        if history:
            return f"The script's loss is no number: {shown(history.last[1])} at iteration {history.last[0]}"
        state = self._document.state
        return (
            NO_LOSS
            if self._document.held
            else (EMPTY if state.trainable else NEEDS_ROWS).format(loss=state.measure.word)
        )

    def _ask_csv(self) -> None:
        wanted = self._suggestion(f"{self.ending}.csv")
        if path := ask_where(self, "Export CSV", wanted, {"CSV": (".csv",)}):
            self.export_csv(path)

    def _export(self, path: Path, data: bytes, what: str = "") -> None:
        try:
            atomic.write(path, data)
        except FileError as error:
            self.said.emit(str(error))
        else:
            self.said.emit(f"Exported {file_named(path)}{what}")

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        if self.curve:
            self.curve.set_palette(colours())

    def showEvent(self, event: QShowEvent) -> None:  # noqa: D102
        super().showEvent(event)
        self._refresh()
