"""What a run has come to, as figures: the MSE, the iteration and the selected row's error."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QWidget

from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.ui.widgets.figure import Figure

MSE_TIP = "Mean of error² over all rows and outputs at the current weights"
ITERATION_TIP = "Updates made since the present run began"
ROW_ERROR = "Row's error"
ROW_ERROR_TIP = "Prediction − target of the selected row"
ROW_MSE = "Row's MSE"
ROW_MSE_TIP = "Mean of error² over the outputs of the selected row"


class TrainingFigures(QWidget):
    """Three figures that follow the document and the selected row."""

    def __init__(self, document: Document, runner: Runner, selection: Selection, derived: Derived) -> None:
        super().__init__()
        self._runner, self._derived = runner, derived
        self._changes = MotionThrottle(self, self.follow, document, phase=2 / 3)
        self.mse = Figure("MSE", MSE_TIP)
        self.iteration = Figure("Iteration", ITERATION_TIP)
        self.row_error = Figure(ROW_ERROR, ROW_ERROR_TIP)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        for figure, stretch in ((self.mse, 13), (self.iteration, 9), (self.row_error, 13)):
            row.addWidget(figure, stretch)
        document.state_changed.connect(lambda *_: self._changes.changed())
        selection.row_changed.connect(self._show_row_error)
        derived.computed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Show the figures."""
        state = self._derived.state
        mse, iteration = self._derived.last_mse
        self.mse.set_caption("MSE" if iteration == state.iteration else f"MSE at {iteration}", MSE_TIP)
        self.mse.show_number(mse)
        end = self._runner.travel.end
        caption = "Iteration" if state.iteration == end else f"Iteration of {end}"
        self.iteration.set_caption(caption, ITERATION_TIP)
        self.iteration.show_number(state.iteration)
        self._show_row_error()

    def _show_row_error(self) -> None:
        derived = self._derived
        error = derived.error(derived.row) if derived.state.trainable else None
        if error is None:
            self.row_error.show_number(None)
            return
        if len(error) == 1:
            self.row_error.set_caption(ROW_ERROR, ROW_ERROR_TIP)
            value = float(error[0])
        else:
            self.row_error.set_caption(ROW_MSE, ROW_MSE_TIP)
            with np.errstate(over="ignore", invalid="ignore"):
                value = float(np.mean(error * error))
        self.row_error.show_number(value, error=value != 0.0)
