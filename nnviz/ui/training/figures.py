"""What a run has come to, as large figures: the MSE, the iteration and the selected row's error."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from nnviz.core.numbers import full, shown
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.ui.widgets.theme import colours, ui_font

MSE_TIP = "Mean of error² over all rows and outputs at the current weights"
ITERATION_TIP = "Updates made since the present run began"
ROW_ERROR = "Row's error"
ROW_ERROR_TIP = "Prediction − target of the selected row"
ROW_MSE = "Row's MSE"
ROW_MSE_TIP = "Mean of error² over the outputs of the selected row"

DIGITS = 8
ROUNDED = (
    *((8, 22), (7, 22), (6, 22), (6, 18), (6, 16)),
    *((5, 22), (5, 18), (4, 22), (4, 18), (4, 15), (4, 12)),
)
"""Digits and pixels of a figure, the best first; the first that fits is taken."""
EXACT = ((8, 22), (8, 18), (8, 16), *ROUNDED)
"""The same for a number that needs no more digits: better smaller than rounded."""


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


class Figure(QWidget):
    """A caption and a number under it; the tooltip tells the number in full."""

    def __init__(self, caption: str, tip: str) -> None:
        super().__init__()
        self._tip = tip
        self._caption = QLabel(caption)
        self._caption.setObjectName("muted")
        self._number = _Number()
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self._caption)
        box.addWidget(self._number)
        self.show_number(None)

    @property
    def text(self) -> str:
        """The number as it is shown."""
        return self._number.text

    @property
    def is_error(self) -> bool:
        """Whether the number stands in the error colour."""
        return self._number.error

    def set_caption(self, caption: str, tip: str) -> None:
        """Name the figure otherwise."""
        self._tip = tip
        if caption != self._caption.text():
            self._caption.setText(caption)

    def show_number(self, value: float | None, error: bool = False) -> None:
        """Show a number, or a dash for None."""
        self._number.show_number(value, error)
        exact = "" if value is None else f"\nIn full: {full(value)}"
        self.setToolTip(f"{self._tip}{exact}")
        self.setAccessibleName(self._caption.text())
        self.setAccessibleDescription("none" if value is None else full(value))


class _Number(QWidget):
    """Paints a number as large and with as many digits, up to 8, as fit its width."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.error = False
        self._value: float | None = None
        self._font = ui_font(22, QFont.Weight.Bold)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_number(self, value: float | None, error: bool) -> None:
        self._value, self.error = value, error
        self._fit()
        self.update()

    def _fit(self) -> None:
        for digits, size in EXACT if _is_exact(self._value) else ROUNDED:
            self.text = _text(self._value, digits)
            self._font = ui_font(size, QFont.Weight.Bold)
            if QFontMetrics(self._font).horizontalAdvance(self.text) <= self.width():
                return

    def sizeHint(self) -> QSize:
        return QSize(0, QFontMetrics(ui_font(22, QFont.Weight.Bold)).height())

    def resizeEvent(self, event: object) -> None:
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setFont(self._font)
            painter.setPen(colours().error if self.error else colours().ink)
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text
            )


def _text(value: float | None, digits: int) -> str:
    if value is None or math.isnan(value):
        return "–"
    return shown(value, digits) if math.isfinite(value) else "∞"


def _is_exact(value: float | None) -> bool:
    """Tell whether a number has no more digits than are shown at most."""
    return value is not None and value == float(f"{value:.{DIGITS}g}")
