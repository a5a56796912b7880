"""What a run has come to, as large figures: the loss, the iteration, the row's error, and how classes do."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from nnviz.core.accuracy import classifies
from nnviz.core.measured import Measured
from nnviz.core.numbers import MINUS, counted, shown, shown_in_full
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.ui.widgets.theme import colours, ui_font

ALL, TRAINED = "all rows", "the rows that are trained on"
OWN = "nnviz's own"
OWN_TIP = "after the update\nThe loss that the script told with an update is in the plot"
VALIDATION_TIP = "over the rows that are kept for validation, which are not trained on"
ACCURACY_TIP = "Rows whose class is told right at the current weights"
ITERATION_TIP = "Updates made since the present run began"
ROW_ERROR = "Row's error"
ROW_ERROR_TIP = "Prediction − target of the selected row"

LARGEST_PX, SMALL_PX, SMALLEST_PX = 22, 13, 10
"""Font sizes of figures, and of those that stand beside their captions: all of a line have the same one."""
USUAL = (f"{MINUS}0.0001234", "49.890625")
"""The longest usual numbers: the size does not change while no number is longer."""
USUAL_LOSS, SHARES = ("0.0001234",), ("97.14 % · 93.33 %",)
"""The same of a loss, and of an accuracy and that of validation."""
NOTHING = "–"
BESIDE_PX = 6
"""Between a caption and the number beside it."""


class TrainingFigures(QWidget):
    """Figures that follow the document and the selected row; a line below where there is more to measure."""

    def __init__(self, document: Document, runner: Runner, selection: Selection, derived: Derived) -> None:
        super().__init__()
        self._runner, self._derived = runner, derived
        self.setAttribute(
            Qt.WidgetAttribute.WA_OpaquePaintEvent
        )  # else all under it is painted with each figure
        self.loss = Figure("", "")
        self.iteration = Figure("Iteration", ITERATION_TIP, usual=("999999",))
        self.row_error = Figure(ROW_ERROR, ROW_ERROR_TIP)
        self.validation = Figure("Validation", VALIDATION_TIP, USUAL_LOSS, on_one_line=True)
        self.accuracy = Figure("Accuracy", ACCURACY_TIP, SHARES, on_one_line=True)
        self._lines = (self.loss, self.iteration, self.row_error), (self.validation, self.accuracy)
        self._usual_px = [LARGEST_PX, SMALL_PX]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for figures, parts in zip(self._lines, ((13, 9, 13), (11, 14)), strict=True):
            column.addLayout(row := QHBoxLayout())
            row.setSpacing(8)
            for figure, part in zip(figures, parts, strict=True):
                row.addWidget(figure, part)
        document.state_changed.connect(lambda *_: self.follow())
        selection.row_changed.connect(self._show_row_error)
        derived.computed.connect(self.follow)
        self.follow()

    def follow(self) -> None:
        """Show the figures."""
        state = self._derived.state
        measured, iteration = self._derived.last_measured
        title = state.measure.title
        tip = f"{title} over {TRAINED if state.validated else ALL} at the current weights"
        if state.is_watched:
            self.loss.set_caption(f"{title}, {OWN}", f"{tip}, {OWN_TIP}")
        else:
            self.loss.set_caption(title if iteration == state.iteration else f"{title} at {iteration}", tip)
        self.loss.show_number(measured.loss)
        self.validation.set_caption("Validation", f"{title} {VALIDATION_TIP}")
        self.validation.show_number(measured.validation)
        self._show_accuracy(state, measured)
        end = self._runner.travel.end
        caption = "Iteration" if state.iteration == end else f"Iteration of {end}"
        self.iteration.set_caption(caption, ITERATION_TIP)
        self.iteration.show_number(state.iteration)
        self._choose(self.validation, state.validated)
        self._choose(self.accuracy, classifies(state.network, state.data))
        self._show_row_error()

    def _choose(self, figure: Figure, wanted: bool) -> None:
        """Show a figure where there is something to measure."""
        if figure.isHidden() == wanted:
            figure.setVisible(wanted)
            self._find_usual()

    def _show_accuracy(self, state: State, measured: Measured) -> None:
        trained, rows = state.trained_rows, len(state.data)
        parts = (
            (measured.accuracy, trained, "that are trained on" if state.validated else ""),
            (measured.validation_accuracy, rows - trained, "for validation"),
        )
        known = [(round(share * count), count, which) for share, count, which in parts if share is not None]
        told = [f"{right:,} of {counted(count, 'row')} {which}".rstrip() for right, count, which in known]
        exact, short = (
            " · ".join(f"{written(100 * right / count)} %" for right, count, _ in known)
            for written in (shown, "{:.4g}".format)
        )
        text = exact if len(exact) <= len(SHARES[0]) else short
        self.accuracy.show_text(text or NOTHING, "".join(f"\n{line}" for line in told))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the ground of the figures, the card's."""
        with QPainter(self) as painter:
            painter.fillRect(event.rect(), QColor(colours().surface))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the figures to the room."""
        super().resizeEvent(event)
        self._find_usual()

    def _find_usual(self) -> None:
        """Find the size in which usual numbers fit."""
        layout = self.layout()
        assert layout is not None
        layout.activate()  # now, so that each has its width
        self._usual_px = [
            min(figure.fitting(figure.largest, *figure.usual) for figure in line) for line in self._lines
        ]
        self._fit()

    def event(self, event: QEvent) -> bool:
        """Fit the figures to the room that another caption has left them."""
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return done

    def _fit(self) -> None:
        """Give all figures of a line the largest font in which usual numbers and those that are shown fit."""
        for line, usual_px in zip(self._lines, self._usual_px, strict=True):
            shown = [figure for figure in line if not figure.isHidden()]
            pixels = min((figure.fitting(usual_px, figure.text) for figure in shown), default=usual_px)
            for figure in shown:
                figure.set_pixels(pixels)

    def _show_row_error(self) -> None:
        derived = self._derived
        looked_at = derived.looked_at.data
        has_error = looked_at.targets is not None and derived.row < len(looked_at)
        error = derived.error(derived.row) if has_error else None
        if error is None:
            self.row_error.show_number(None)
        elif len(error) == 1:
            self.row_error.set_caption(ROW_ERROR, ROW_ERROR_TIP)
            self.row_error.show_number(float(error[0]), error=error[0] != 0.0)
        else:
            loss, value = derived.state.measure, derived.row_loss(derived.row)
            self.row_error.set_caption("Row's loss", f"{loss.title} of the selected row alone")
            self.row_error.show_number(value, error=value != 0.0)
        self._fit()


class Figure(QWidget):
    """A caption and a number under it, or beside it; the tooltip tells the number in full.

    `usual` holds its longest usual texts, `largest` is its largest font size.
    """

    def __init__(
        self, caption: str, tip: str, usual: tuple[str, ...] = USUAL, *, on_one_line: bool = False
    ) -> None:
        super().__init__()
        self._tip, self.usual, self._on_one_line = tip, usual, on_one_line
        self.largest = SMALL_PX if on_one_line else LARGEST_PX
        self._caption = QLabel(caption)
        self._caption.setObjectName("muted")
        self._number = _Number(self.largest)
        box: QBoxLayout = QHBoxLayout(self) if on_one_line else QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(BESIDE_PX if on_one_line else 0)
        box.addWidget(self._caption)
        box.addWidget(self._number, 1)
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
        exact = "" if value is None else f"\nIn full: {shown_in_full(value)}"
        self.show_text(NOTHING if value is None else shown(value), exact, error)

    def show_text(self, text: str, exact: str, error: bool = False) -> None:
        """Show `text`, a dash for none; the tooltip says in lines of its own what it is in full."""
        self._number.show_text(text, error)
        self.setToolTip(f"{self._tip}{exact}")
        self.setAccessibleName(self._caption.text())
        self.setAccessibleDescription("none" if text == NOTHING else text)

    def fitting(self, pixels: int, *texts: str) -> int:
        """Return the largest font size up to `pixels` at which each text fits."""
        beside = self._caption.sizeHint().width() + BESIDE_PX if self._on_one_line else 0
        for size in range(pixels, SMALLEST_PX, -1):
            metrics = QFontMetrics(_font(size))
            if all(metrics.horizontalAdvance(text) <= self.width() - beside for text in texts):
                return size
        return SMALLEST_PX

    def set_pixels(self, pixels: int) -> None:
        """Set the number's font size."""
        self._number.set_pixels(pixels)


class _Number(QWidget):
    """Paints a number."""

    def __init__(self, largest: int) -> None:
        super().__init__()
        self.text, self.error = "", False
        self.pixels = self._largest = largest
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str, error: bool) -> None:
        self.text, self.error = text, error
        self.update()

    def set_pixels(self, pixels: int) -> None:
        if pixels != self.pixels:
            self.pixels = pixels
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(0, QFontMetrics(_font(self._largest)).height())

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setFont(_font(self.pixels))
            painter.setPen(colours().error if self.error else colours().ink)
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text
            )


def _font(pixels: int) -> QFont:
    return ui_font(pixels, QFont.Weight.Bold)
