"""Fields and figures of the training panel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from nnviz.core.losses import LOSSES
from nnviz.core.metrics import Measured, classifies
from nnviz.core.numbers import MINUS, counted, parsed, parsed_whole, shown, shown_in_full, written
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.state import State, Training
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.training import Runner
from nnviz.ui.kit.controls import Choice, NumberChoice
from nnviz.ui.kit.number_field import Modifiers, Nudge, NumberField, nudge_number, nudge_rate, nudge_whole
from nnviz.ui.kit.theme import colours, ui_font

ALL_ROWS = "all rows"
WHOLE = "\nUp, Down and the wheel change it by 1, with Shift by 10; Enter takes it"
RATE = (
    "\nUp, Down and the wheel change its first digit, with Alt its second, with Shift tenfold; Enter takes it"
)
SHARE = "\nUp, Down and the wheel change it by 0.1, with Alt by 0.01; Enter takes it"
LARGEST_SHARE = 0.99
"""To which keys and wheel go; what is typed may be nearer to 1."""

ROW_GAP_PX, LINE_GAP_PX = 3, 4
ROUNDING_PX = 2
"""By which a text may be wider than its letters together."""


class TrainingFields(QWidget):
    """Shows a `Training` and reads another.

    ============= ==============================================================
    `accepted`    the Training with the setting that was typed or chosen
    `loss_wanted` the name of the loss that was chosen, which may not fit
    `refused`     one sentence that says why a text is refused; "" where none is
    `finished`    a person confirmed a text with Enter, or chose from a list
    ============= ==============================================================
    """

    accepted = Signal(object)
    loss_wanted = Signal(str)
    refused = Signal(str)
    finished = Signal()

    def __init__(self, training: Training) -> None:
        super().__init__()
        self._training = training
        self._numbers: dict[str, NumberField] = {}
        self._tips: list[tuple[QWidget, str]] = []
        self.learning_rate = self._number(
            "learning_rate", "Learning rate", "0.00001", parsed, written, nudge_rate
        )
        self.updates = self._whole("updates", "Updates", "1000000", least=1)
        self.seed = self._whole("seed", "Seed", "999", least=0)
        batch = self._number("batch_size", "Batch", ALL_ROWS, read_batch, write_batch, nudge_batch)
        self.batch = NumberChoice(batch, [ALL_ROWS, "1", "8", "32"])
        self.validation = self._number("validation", "Validation", "0.25", parsed_share, written, nudge_share)
        self.optimizer, self.loss = Choice(), Choice()
        for name in OPTIMIZERS:
            self.optimizer.addItem(name.replace("_", " "), name)
        for name, forms in LOSSES.items():
            self.loss.addItem(forms[0].title, name)
        self.optimizer.activated.connect(self._choose_optimizer)
        self.loss.activated.connect(self._choose_loss)
        for choice in (self.optimizer, self.loss, self.batch):
            choice.chosen.connect(self.finished)
        self._lay_out()
        self.show_training(training)

    def show_training(self, training: Training) -> None:
        """Show other settings; a field whose setting stays is left alone."""
        self._training = training
        for name, field in self._numbers.items():
            if getattr(training, name) != field.value or not field.text():
                field.show_value(getattr(training, name))
        for choice, name in ((self.optimizer, training.optimizer), (self.loss, training.loss)):
            choice.setCurrentIndex(choice.findData(name))

    def restore(self) -> None:
        """Show the settings that hold; what was typed and not accepted is gone."""
        for name, field in self._numbers.items():
            field.show_value(getattr(self._training, name))

    def hold(self, why: str) -> None:
        """Take nothing, and let the tooltips say why; "" takes again."""
        self.setEnabled(not why)
        self.setToolTip(why)
        for field, tip in self._tips:
            field.setToolTip(why or tip)

    def commit(self) -> bool:
        """Accept what stands in every field; tell whether all hold."""
        held = [field.commit() for field in self._numbers.values()]
        return all(held)

    def _whole(self, setting: str, label: str, room: str, least: int) -> NumberField:
        read, nudge = partial(parsed_whole, least=least), partial(nudge_whole, least=least)
        return self._number(setting, label, room, read, str, nudge)

    def _number(
        self,
        setting: str,
        label: str,
        room: str,
        read: Callable[[str], Any],
        write: Callable[[Any], str],
        nudge: Nudge,
    ) -> NumberField:
        def read_setting(text: str) -> Any:
            try:
                value = read(text)
                replace(self._training, **{setting: value})
            except ValueError as error:
                raise ValueError(f"{label}: {str(error).removeprefix(f'{setting}: ')}") from None
            return value

        field = SettingField(room, read_setting, write, nudge)
        field.accepted.connect(lambda value: self._accept(setting, value))
        field.refused.connect(self.refused)
        field.confirmed.connect(self.finished)
        self._numbers[setting] = field
        return field

    def _accept(self, setting: str, value: Any) -> None:
        self._training = replace(self._training, **{setting: value})
        self.accepted.emit(self._training)

    def _choose_optimizer(self) -> None:
        chosen = self.optimizer.currentData()
        if chosen != self._training.optimizer:
            self._accept("optimizer", chosen)

    def _choose_loss(self) -> None:
        """Say which loss is wanted, and show the one that holds until it is in use."""
        wanted = self.loss.currentData()
        self.loss.setCurrentIndex(self.loss.findData(self._training.loss))
        if wanted != self._training.loss:
            self.loss_wanted.emit(wanted)

    def _lay_out(self) -> None:
        self._grid = grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(1)
        rate, rows = "How far one update goes against the slope, above 0", "How many rows one update looks at"
        seed = "Fixes the random weights and the order in which batches take rows"
        for field, name, tip, row, column, columns in (
            (self.learning_rate, "Learning rate", rate + RATE, 0, 0, 1),
            (self.updates, "Updates", f"How many updates a Run makes{WHOLE}", 0, 1, 2),
            (self.batch, "Batch", f"{rows}: all rows, or a number{WHOLE}", 0, 3, 1),
            (self.optimizer, "Optimizer", "The rule by which slopes change the weights", 1, 0, 2),
            (self.seed, "Seed", seed + WHOLE, 1, 2, 1),
        ):
            self._name(field, name, tip)
            self._put(field, QLabel(name), row, column, columns)
        self._add_measures()
        for column, stretch in enumerate((5, 2, 3, 5)):
            grid.setColumnStretch(column, stretch)
        self.hold("")

    def _name(self, field: QWidget, name: str, tip: str) -> None:
        self._tips.append((field, tip))
        field.setAccessibleName(name)

    def _add_measures(self) -> None:
        """Put what is measured, and over which rows, into a line of its own, with the labels in front."""
        loss = "What training makes small; cross-entropy goes with softmax or sigmoid on the output"
        share = "The share of the rows, the last ones, that are not trained on, as Keras's validation_split"
        self._name(self.loss, "Loss", loss)
        self._name(self.validation, "Validation", f"{share}: 0.2, 1/5 or 20 %, 0 for none{SHARE}")
        measures = QWidget()
        self._grid.addWidget(measures, 4, 0, 1, 4)
        line = QHBoxLayout(measures)
        line.setContentsMargins(0, LINE_GAP_PX, 0, 0)
        line.setSpacing(8)
        for field, stretch in ((self.loss, 2), (self.validation, 1)):
            label = QLabel(field.accessibleName())
            _buddy(label, field)
            line.addWidget(label)
            line.addWidget(field, stretch)

    def add_beside(self, widget: QWidget, label: QLabel) -> None:
        """Put one more widget at the end of the last row."""
        self._put(widget, label, 1, 3, 1)

    def _put(self, widget: QWidget, label: QLabel, row: int, column: int, columns: int) -> None:
        """Put a widget, as high as its row, under its label."""
        _buddy(label, widget)
        label.setContentsMargins(0, ROW_GAP_PX if row else 0, 0, 0)
        widget.setSizePolicy(widget.sizePolicy().horizontalPolicy(), QSizePolicy.Policy.Preferred)
        self._grid.addWidget(label, 2 * row, column, 1, columns)
        self._grid.addWidget(widget, 2 * row + 1, column, 1, columns)


def _buddy(label: QLabel, widget: QWidget) -> None:
    """Make a label that of a widget."""
    label.setBuddy(widget)
    label.setObjectName("muted")
    label.setFont(ui_font(11.5))


class SettingField(NumberField):
    """A number field that is never too narrow for a text like `room`, whatever the font."""

    def __init__(
        self, room: str, read: Callable[[str], Any], write: Callable[[Any], str], nudge: Nudge
    ) -> None:
        self._room = room
        super().__init__(read, write, nudge)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        hint, metrics = super().minimumSizeHint(), self.fontMetrics()
        more = metrics.horizontalAdvance(self._room) - metrics.maxWidth()
        return QSize(hint.width() + max(more, 0) + ROUNDING_PX, self.sizeHint().height())


def read_batch(text: str) -> int | None:
    """Read "all rows" as None, or a whole number from 1 on."""
    if text.strip().lower() in (ALL_ROWS, "all", ""):
        return None
    try:
        return parsed_whole(text, least=1)
    except ValueError as error:
        raise ValueError(f"{error}, or “{ALL_ROWS}”") from None


def write_batch(batch: int | None) -> str:
    """Write None as "all rows"."""
    return ALL_ROWS if batch is None else str(batch)


def nudge_batch(batch: int | None, steps: int, modifiers: Modifiers) -> int | None:
    """Nudge a whole number; below 1 it is None, all rows."""
    return nudge_whole(batch or 0, steps, modifiers) or None


def parsed_share(text: str) -> float:
    """Read a share: 0.2, 1/5, or 20 %. Raises ValueError."""
    number = text.rstrip()
    return parsed(number[:-1]) / 100 if number.endswith("%") else parsed(number)


def nudge_share(share: float, steps: int, modifiers: Modifiers) -> float:
    """Nudge a share by 0.1, with Alt by 0.01, from 0 to `LARGEST_SHARE`."""
    moved = nudge_number(share, steps, modifiers & ~Modifiers.ShiftModifier)
    return min(max(moved, 0.0), max(share, LARGEST_SHARE))


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
