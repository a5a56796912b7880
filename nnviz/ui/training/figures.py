"""What a run has come to, as large figures: the MSE, the iteration and the selected row's error."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from nnviz.core.numbers import MINUS, shown, shown_in_full
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.ui.widgets.theme import colours, ui_font

MSE_TIP = "Mean of error² over all rows and outputs at the current weights"
OWN_MSE = "MSE, nnviz's own"
OWN_MSE_TIP = f"{MSE_TIP}, after the update\nThe loss that the script told with an update is in the plot"
ITERATION_TIP = "Updates made since the present run began"
ROW_ERROR = "Row's error"
ROW_ERROR_TIP = "Prediction − target of the selected row"
ROW_MSE = "Row's MSE"
ROW_MSE_TIP = "Mean of error² over the outputs of the selected row"

LARGEST_PX, SMALLEST_PX = 22, 10
"""Font sizes of the figures: they have the same one, so that none is larger than the one beside it."""
USUAL = (f"{MINUS}0.0001234", "49.890625")
"""The longest usual numbers: the size does not change while no number is longer."""


class TrainingFigures(QWidget):
    """Three figures that follow the document and the selected row."""

    def __init__(self, document: Document, runner: Runner, selection: Selection, derived: Derived) -> None:
        super().__init__()
        self._runner, self._derived = runner, derived
        self.setAttribute(
            Qt.WidgetAttribute.WA_OpaquePaintEvent
        )  # else all under it is painted with each figure
        self.mse = Figure("MSE", MSE_TIP)
        self.iteration = Figure("Iteration", ITERATION_TIP, usual=("999999",))
        self.row_error = Figure(ROW_ERROR, ROW_ERROR_TIP)
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        self._figures = (self.mse, self.iteration, self.row_error)
        self._usual_px = LARGEST_PX
        for figure, stretch in zip(self._figures, (13, 9, 13), strict=True):
            row.addWidget(figure, stretch)
        document.state_changed.connect(lambda *_: self.follow())
        selection.row_changed.connect(self._show_row_error)
        derived.computed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Show the figures."""
        state = self._derived.state
        loss, iteration = self._derived.last_loss
        if state.is_watched:
            self.mse.set_caption(OWN_MSE, OWN_MSE_TIP)
        else:
            self.mse.set_caption("MSE" if iteration == state.iteration else f"MSE at {iteration}", MSE_TIP)
        self.mse.show_number(loss)
        end = self._runner.travel.end
        caption = "Iteration" if state.iteration == end else f"Iteration of {end}"
        self.iteration.set_caption(caption, ITERATION_TIP)
        self.iteration.show_number(state.iteration)
        self._show_row_error()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground of the figures, the card's."""
        with QPainter(self) as painter:
            painter.fillRect(event.rect(), QColor(colours().surface))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the figures to the room."""
        super().resizeEvent(event)
        self._row.activate()  # now, so that each has its width
        self._usual_px = min(figure.fitting(LARGEST_PX, *figure.usual) for figure in self._figures)
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Fit the figures to the room that another caption has left them."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return done

    def _fit(self) -> None:
        """Give all figures the largest font in which usual numbers and those that are shown fit."""
        pixels = min(figure.fitting(self._usual_px, figure.text) for figure in self._figures)
        for figure in self._figures:
            figure.set_pixels(pixels)

    def _show_row_error(self) -> None:
        derived = self._derived
        error = derived.error(derived.row) if derived.looked_at.trainable else None
        if error is None:
            self.row_error.show_number(None)
        elif len(error) == 1:
            self.row_error.set_caption(ROW_ERROR, ROW_ERROR_TIP)
            self.row_error.show_number(float(error[0]), error=error[0] != 0.0)
        else:
            self.row_error.set_caption(ROW_MSE, ROW_MSE_TIP)
            with np.errstate(over="ignore", invalid="ignore"):
                value = float(np.mean(error * error))
            self.row_error.show_number(value, error=value != 0.0)
        self._fit()


class Figure(QWidget):
    """A caption and a number under it; the tooltip tells the number in full.

    `usual` holds its longest usual texts.
    """

    def __init__(self, caption: str, tip: str, usual: tuple[str, ...] = USUAL) -> None:
        super().__init__()
        self._tip, self.usual = tip, usual
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
    def pixels(self) -> int:
        """The number's font size."""
        return self._number.pixels

    def set_caption(self, caption: str, tip: str) -> None:
        """Name the figure otherwise."""
        self._tip = tip
        if caption != self._caption.text():
            self._caption.setText(caption)

    def show_number(self, value: float | None, error: bool = False) -> None:
        """Show a number, or a dash for None."""
        self._number.show_text(_text(value), error)
        exact = "" if value is None else f"\nIn full: {shown_in_full(value)}"
        self.setToolTip(f"{self._tip}{exact}")
        self.setAccessibleName(self._caption.text())
        self.setAccessibleDescription("none" if value is None else self.text)

    def fitting(self, pixels: int, *texts: str) -> int:
        """Return the largest font size up to `pixels` at which each text fits."""
        for size in range(pixels, SMALLEST_PX, -1):
            metrics = QFontMetrics(_font(size))
            if all(metrics.horizontalAdvance(text) <= self.width() for text in texts):
                return size
        return SMALLEST_PX

    def set_pixels(self, pixels: int) -> None:
        """Set the number's font size."""
        self._number.set_pixels(pixels)


class _Number(QWidget):
    """Paints a number."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.error = "", False
        self.pixels = LARGEST_PX
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str, error: bool) -> None:
        self.text, self.error = text, error
        self.update()

    def set_pixels(self, pixels: int) -> None:
        if pixels != self.pixels:
            self.pixels = pixels
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, QFontMetrics(_font(LARGEST_PX)).height())

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setFont(_font(self.pixels))
            painter.setPen(colours().error if self.error else colours().ink)
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text
            )


def _font(pixels: int) -> QFont:
    return ui_font(pixels, QFont.Weight.Bold)


def _text(value: float | None) -> str:
    return "–" if value is None else shown(value)
