"""Fields and figures of the training panel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from nnviz.core.losses import LOSSES, forms_of
from nnviz.core.metrics import Measured, classifies
from nnviz.core.numbers import (
    MINUS,
    as_text,
    counted,
    field_text,
    full,
    full_text,
    parse_number,
    parse_whole,
    percent_text,
)
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.results import BLANK, HIDDEN
from nnviz.core.schedules import CONSTANT, SCHEDULES, schedule
from nnviz.core.state import State, Training
from nnviz.document.document import Document
from nnviz.document.moment import Moment, is_new
from nnviz.document.player import Player
from nnviz.document.training import Runner
from nnviz.ui.kit.card import HOW_TO_SHOW
from nnviz.ui.kit.controls import ComboBox, NumberChoice, fill_box, named, set_lock_reason, styled_label
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.dialogs import Check, ask_parameters
from nnviz.ui.kit.number_field import (
    Modifiers,
    Notation,
    Nudge,
    NumberField,
    nudge_number,
    nudge_rate,
    nudge_whole,
    whole_number,
)
from nnviz.ui.kit.theme import colours, ui_font

ALL_ROWS = "all rows"
WHOLE_KEYS = "\nUp, Down and the wheel change the number by 1 (Shift: by 10); Enter accepts the number"
DIGIT_KEYS = (
    "\nUp, Down and the wheel change the first digit (Alt: second digit; Shift: × 10); Enter accepts the {}"
)
RATE_TIP = "How far an update moves weights against the slope (gradient); a number above 0" + DIGIT_KEYS
PENALTY_TIP = "Training adds {}·Σ{} over all weights (a penalty, regularisation) to the loss; 0 for none"
SEED_TIP = f"Seed of the random weights and of the batch order{WHOLE_KEYS}"
BATCH_TIP = f"Number of rows that one update uses, or all rows{WHOLE_KEYS}"
SCHEDULE_TIP = "How the learning rate changes during a run: step(100, 0.5) halves it after every 100 updates"
LOSS_TIP = "Training makes the loss small; cross-entropy needs a softmax or sigmoid output"
SHARE_TIP = (
    "Share of the rows for validation (the last rows, as in Keras): 0.2, 1/5 or 20 %; 0 for none"
    "\nUp, Down and the wheel change the share by 0.1 (Alt: by 0.01); Enter accepts the share"
)
SCRIPT_TIP = "A script trains with its own settings.\nnnviz uses the settings here after the script ends."
UNTIL_TIP = "A run ends as soon as the loss is at most this; empty for no such limit" + DIGIT_KEYS
PATIENCE_TIP = (
    "A run ends after this many epochs without a smaller validation loss (without validation rows: without a"
    f" smaller loss), as in Keras; empty for no such limit{WHOLE_KEYS}"
)
KEEP_TIP = (
    "The weights that a run ends with: those after the last update,\nor the best ones, with the smallest"
    " validation loss (without validation rows: with the smallest loss)"
)
KEPT_WEIGHTS = {"": "last", "best": "best"}
SMALLEST_FACTOR = 1e-4
"""Smallest number above 0 that keys and the wheel reach from 0, for a penalty or the loss to stop at."""
LARGEST_SHARE = 0.99
"""Largest validation share that keys and the wheel can set; a typed share may be nearer to 1."""

ROW_GAP_PX = 2
"""Space above a row of labels, in pixels."""
GRID_COLUMNS = 12
"""Number of columns of a grid of fields: a multiple of the number of fields in a row."""


class EntryBox(ComboBox):
    """A combo box of the entries of a registry, which can ask for the parameters of an entry.

    `wanted` carries the name of the chosen entry, with parameters in brackets if it has any. The box shows
    the entry in use, whose name `used` returns, until another one is in use. `title` turns the name of an
    entry into the text of its item.
    """

    wanted = Signal(str)

    def __init__(self, names: Iterable[str], title: Callable[[str], str], used: Callable[[], str]) -> None:
        super().__init__()
        self._title, self._used = title, used
        self._questions = dict[str, tuple[str, str, Check]]()
        for name in names:
            self.addItem(title(name), name)
        self.activated.connect(self._choose)

    def ask_for(self, name: str, meaning: str, example: str, check: Check) -> None:
        """Add an item that asks for the parameters of the entry `name`, as `ask_parameters` does."""
        self._questions[f"{name}("] = meaning, example, check
        self.addItem(f"{self._title(name)} …", f"{name}(")

    def show_used(self) -> None:
        """Show the entry in use. An entry with other parameters gets an item when it is first used."""
        name = self._used()
        if self.findData(name) < 0:
            self.addItem(self._title(name), name)
        self.setCurrentIndex(self.findData(name))

    def _choose(self) -> None:
        """Emit the chosen entry, and show the one in use. Keys that step through the list ask nothing."""
        name = self.currentData()
        self.setCurrentIndex(self.findData(self._used()))
        if question := self._questions.get(name):
            asked = self.window(), self.accessibleName(), name.removesuffix("("), *question
            name = None if self._steps else ask_parameters(*asked) or None
        if name not in (None, self._used()):
            self.wanted.emit(name)
            self.setCurrentIndex(self.findData(self._used()))  # the next key steps on from here


class TrainingFields(QWidget):
    """The fields and combo boxes for the settings of a `Training`.

    This widget has the fields for the learning rate and the updates. The widget `more` has the fields for
    the other settings, and the slider `speed` with its label.

    The panel connects the box `loss`, since a loss may not fit the output.

    ========== ==================================================================================
    `accepted` carries the Training with the setting that the user has typed or chosen
    `refused`  carries the reason why a field's text is invalid, or "" once all texts are valid
    `finished` the user has pressed Enter in a field, or has chosen from a list
    ========== ==================================================================================
    """

    accepted = Signal(object)
    refused = Signal(str)
    finished = Signal()

    def __init__(self, document: Document, speed: QWidget, speed_label: QLabel) -> None:
        super().__init__()
        self._document = document
        self._numbers = {setting: self._field(setting, *texts) for setting, texts in SETTINGS.items()}
        self.learning_rate, self.updates, self.seed, *more = self._numbers.values()
        batch, self.validation, self.l1, self.l2, self.until, self.patience = more
        self.batch = NumberChoice(batch, [ALL_ROWS, "1", "8", "32"])
        self._add_choices()
        choices = *self._boxes, self.batch
        for choice in choices:
            choice.chosen.connect(self.finished)
        fields = *self._numbers.values(), *choices
        self._tips = {field: field.toolTip() for field in fields if field is not batch}
        self._lay_out(speed, speed_label)

    def _add_choices(self) -> None:
        self.optimizer = EntryBox(
            OPTIMIZERS, lambda name: name.replace("_", " "), lambda: self._training.optimizer
        )
        self.loss = EntryBox(LOSSES, lambda name: forms_of(name)[0].title, lambda: self._training.loss)
        for name, (form, *_) in LOSSES.items():
            if form.parameter:
                meaning = f"{form.parameter.meaning}, a number {form.parameter.valid_range}"
                self.loss.ask_for(name, meaning, full(form.parameter.example), forms_of)
        self.schedule = EntryBox([CONSTANT], str, lambda: self._training.schedule_name)
        for name, kind in SCHEDULES.items():
            self.schedule.ask_for(name, kind.meaning, ", ".join(map(full, kind.example)), schedule)
        self.keep = EntryBox(KEPT_WEIGHTS, KEPT_WEIGHTS.__getitem__, lambda: self._training.keep)
        self._boxes = self.optimizer, self.loss, self.schedule, self.keep
        named(self.keep, "Final weights", KEEP_TIP)
        named(self.optimizer, "Optimizer", "The rule that updates the weights from their slopes")
        named(self.loss, "Loss", LOSS_TIP)
        named(self.schedule, "Schedule", SCHEDULE_TIP)
        self.optimizer.wanted.connect(partial(self._accept, "optimizer"))
        self.keep.wanted.connect(partial(self._accept, "keep"))
        self.schedule.wanted.connect(lambda name: self._accept("schedule", schedule(name)))

    @property
    def _training(self) -> Training:
        return self._document.state.training

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the settings. A field whose setting is unchanged keeps its text."""
        if is_new(old, new, "lock_reason"):
            for field, tip in self._tips.items():
                set_lock_reason(field, new.lock_reason and SCRIPT_TIP, tip)
        for name, field in self._numbers.items():
            if (value := getattr(new.state.training, name)) != field.value:
                field.show_value(value)
        for box in self._boxes:
            box.show_used()

    def restore(self) -> None:
        """Show the current settings, and discard typed texts that were not accepted."""
        for name, field in self._numbers.items():
            field.show_value(getattr(self._training, name))

    def commit(self) -> bool:
        """Accept the text of every field. Return whether all texts are valid."""
        accepted = [field.commit() for field in self._numbers.values()]
        return all(accepted)

    def _field(self, setting: str, label: str, room: str, tip: str, notation: Notation) -> NumberField:
        read, write, nudge = notation

        def read_setting(text: str) -> Any:
            try:
                value = read(text)
                replace(self._training, **{setting: value})
            except ValueError as error:
                raise ValueError(f"{label}: {str(error).removeprefix(f'{setting}: ')}") from None
            return value

        field = named(NumberField((read_setting, write, nudge)), label, tip)
        field.room = room
        field.accepted.connect(lambda value: self._accept(setting, value))
        field.refused.connect(self.refused)
        field.confirmed.connect(self.finished)
        return field

    def _accept(self, setting: str, value: Any) -> None:
        self.accepted.emit(replace(self._training, **{setting: value}))

    def _lay_out(self, speed: QWidget, speed_label: QLabel) -> None:
        """Lay out the fields below their labels: one row here, and four rows in `more`."""
        self.more = QWidget()
        _fill_grid(self, ((self.learning_rate, self.updates),), {})
        rows = (
            (self.optimizer, self.loss),
            (self.batch, self.schedule, speed),
            (self.validation, self.l1, self.l2, self.seed),
            (self.until, self.patience, self.keep),
        )
        _fill_grid(self.more, rows, {speed: speed_label})


def _fill_grid(widget: QWidget, rows: Sequence[Sequence[QWidget]], labels: Mapping[QWidget, QLabel]) -> None:
    """Lay out rows of fields, each below its label; the fields of a row have the same width.

    A field that is not in `labels` gets a label with its accessible name.
    """
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(8)
    grid.setVerticalSpacing(1)
    for row, fields in enumerate(rows):
        columns = GRID_COLUMNS // len(fields)
        for column, field in enumerate(fields):
            label = labels.get(field) or styled_label(field.accessibleName())
            label.setBuddy(field)
            label.setFont(ui_font(11.5))
            label.setContentsMargins(0, ROW_GAP_PX if row else 0, 0, 0)
            field.setSizePolicy(field.sizePolicy().horizontalPolicy(), QSizePolicy.Policy.Preferred)
            grid.addWidget(label, 2 * row, column * columns, 1, columns)
            grid.addWidget(field, 2 * row + 1, column * columns, 1, columns)  # it fills the height of its row
    for column in range(GRID_COLUMNS):
        grid.setColumnStretch(column, 1)


def read_batch(text: str) -> int | None:
    """Return the batch size that a text names, or None for "all rows". Raises ValueError for other texts."""
    if text.strip().lower() in (ALL_ROWS, "all", ""):
        return None
    try:
        return parse_whole(text, least=1)
    except ValueError as error:
        raise ValueError(f"{error}, or “{ALL_ROWS}”") from None


def optional_nudge(nudge: Nudge) -> Nudge:
    """Return a function that changes a number as `nudge` does, with None in place of 0."""
    return lambda value, steps, modifiers: nudge(value or 0, steps, modifiers) or None


def optional(read: Callable[[str], Any], write: Callable[[Any], str], nudge: Nudge) -> Notation:
    """Return the notation of a number or None, which is a blank text and stands in place of 0."""
    return (
        lambda text: read(text) if text.strip() else None,
        lambda value: write(value) if value else "",
        optional_nudge(nudge),
    )


def nudge_penalty(factor: float, steps: int, modifiers: Modifiers) -> float:
    """Return a factor of a penalty changed in its digits as a learning rate, but from and to 0.

    The first step up from 0 gives `SMALLEST_FACTOR`. A step down to less than this gives 0.
    """
    start, rest = (factor, steps) if factor else (SMALLEST_FACTOR, steps - 1)
    moved = nudge_rate(start, rest, modifiers)
    return moved if moved >= min(start, SMALLEST_FACTOR) else 0.0


def parsed_share(text: str) -> float:
    """Return the share in a text such as 0.2, 1/5 or 20 %. Raises ValueError if the text is not a number."""
    number = text.rstrip()
    return parse_number(number[:-1]) / 100 if number.endswith("%") else parse_number(number)


def nudge_share(share: float, steps: int, modifiers: Modifiers) -> float:
    """Return a share changed by 0.1 for each step (with Alt by 0.01), limited to 0 to `LARGEST_SHARE`."""
    moved = nudge_number(share, steps, modifiers & ~Modifiers.ShiftModifier)
    return min(max(moved, 0.0), max(share, LARGEST_SHARE))


_RATE, _PENALTY = ((parse_number, field_text, nudge) for nudge in (nudge_rate, nudge_penalty))
_BATCH = read_batch, lambda batch: str(batch or ALL_ROWS), optional_nudge(nudge_whole)
_LIMIT, _EPOCHS = optional(*_PENALTY), optional(partial(parse_whole, least=1), str, nudge_whole)
SETTINGS: dict[str, tuple[str, str, str, Notation]] = {
    "learning_rate": ("Learning rate", "0.00001", RATE_TIP.format("rate"), _RATE),
    "updates": ("Updates", "1000000", f"Number of updates in a run{WHOLE_KEYS}", whole_number(1)),
    "seed": ("Seed", "999", SEED_TIP, whole_number(0)),
    "batch_size": ("Batch", ALL_ROWS, BATCH_TIP, _BATCH),
    "validation": ("Validation", "0.25", SHARE_TIP, (parsed_share, field_text, nudge_share)),
    "l1": ("L1", "0.00001", (PENALTY_TIP + DIGIT_KEYS).format("L1", "|w|", "factor"), _PENALTY),
    "l2": ("L2", "0.00001", (PENALTY_TIP + DIGIT_KEYS).format("L2", "w²", "factor"), _PENALTY),
    "until": ("Stop at loss", "0.00001", UNTIL_TIP.format("loss"), _LIMIT),
    "patience": ("Patience", "999", PATIENCE_TIP, _EPOCHS),
}
"""For each setting that is a number: its label, its longest usual text, its tooltip and its notation."""


class SpeedSlider(QSlider):
    """A slider for the speed of runs or of the walk, which is a number from 0 to 1."""

    def __init__(self, moving: Runner | Player, name: str, tip: str = "") -> None:
        super().__init__(Qt.Orientation.Horizontal)
        named(self, name, tip)
        self.setRange(0, 100)
        self.setValue(round(100 * moving.speed))
        self.valueChanged.connect(lambda value: setattr(moving, "speed", value / 100))


VALUE_TIP = "The penalty for large weights (L1 and L2 under More), which training adds to the {}"

LARGEST_PX, SMALL_PX, SMALLEST_PX = 22, 13, 10
"""Largest font in pixels: LARGEST_PX below a caption, SMALL_PX beside a caption. SMALLEST_PX: smallest."""
USUAL = (f"{MINUS}0.0001234", "49.890625")
"""Longest texts that a number usually has. For a longer text, the font becomes smaller."""
NO_VALUE = "–"
CAPTION_GAP_PX = 6
"""Space between a caption and the number beside the caption, in pixels."""


class TrainingFigures(QWidget):
    """Shows the loss and the iteration, and validation loss and accuracy if they can be measured.

    A click on a hidden figure shows the figure.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._document, self._runner = desk.document, desk.runner
        # Without this attribute, Qt repaints the widgets under each changed figure.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.loss, self.validation = Figure(USUAL), Figure(USUAL)
        self.iteration = Figure(("999999",))
        self.penalty = Figure(USUAL[:1], on_one_line=True)
        self.accuracy = Figure(("Training 97.14 % · validation 93.33 %",), on_one_line=True)
        self._results = self.loss, self.validation, self.accuracy
        """The figures that can be hidden."""
        self._lines = (self.loss, self.validation, self.iteration), (self.penalty,), (self.accuracy,)
        column = QVBoxLayout(self)
        fill_box(column, 4)
        for figures in self._lines:
            column.addLayout(row := QHBoxLayout())
            row.setSpacing(8)
            for figure in figures:
                row.addWidget(figure, 2 if figure is self.iteration else 3)

    def show_moment(self, _old: Moment | None, new: Moment) -> None:
        """Show the figures of a Moment."""
        state = new.state
        measured, iteration = new.last_measured
        title, rows = state.measure.title, "the training rows" if state.validated else "all rows"
        caption, tip = title, f"{title} over {rows} at the current weights"
        if state.is_watched:
            caption = f"{title} by nnviz"
            tip += ", after the update\nThe plot shows the loss that the script reported with each update"
        elif iteration != state.iteration:
            caption = f"{title} at {iteration}"
        self.loss.show_number(caption, tip, measured.loss)
        tip = f"{title} over the validation rows, which training does not use"
        self.validation.show_number("Validation", tip, measured.validation)
        self.validation.setVisible(state.validated)
        self.penalty.show_number("Penalty", VALUE_TIP.format(state.measure.phrase), state.penalty)
        self.penalty.setVisible(bool(state.training.penalty))
        self._show_accuracy(state, measured)
        self.accuracy.setVisible(classifies(state))
        end = self._runner.travel.end
        is_last = self._runner.running or state.iteration == end  # a run may already be further on
        caption = "Iteration" if is_last else f"Iteration of {end}"
        self.iteration.show_number(caption, "Updates since the start of the current run", state.iteration)
        for figure in self._results:
            if new.hiding.hides(figure):
                figure.show_text(figure.accessibleName(), HOW_TO_SHOW, BLANK)
        self._fit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show the hidden figure that was clicked."""
        place, hiding = event.position().toPoint(), self._document.now.hiding
        for figure in self._results:
            if figure.isVisible() and figure.geometry().contains(place) and hiding.hides(figure):
                self._document.reveal(figure)

    def _show_accuracy(self, state: State, measured: Measured) -> None:
        counts = state.trained_rows, len(state.data) - state.trained_rows
        parts = zip(("training", "validation"), counts, measured[2:], strict=True)
        tip, texts = ["Share of the rows whose class is predicted correctly at the current weights"], []
        for name, count, share in parts:
            if share is not None:
                correct, kind = round(share * count), f"{name} row" if state.validated else "row"
                tip.append(f"{correct:,} of {counted(count, kind)} = {full_text(100 * correct / count)} %")
                texts.append(f"{name} {percent_text(share)}" if state.validated else percent_text(share))
        text = " · ".join(texts) or NO_VALUE
        self.accuracy.show_text("Accuracy", "\n".join(tip), text[0].upper() + text[1:])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the background, in the colour of the card."""
        with QPainter(self) as painter:
            painter.fillRect(event.rect(), QColor(colours().surface))

    def event(self, event: QEvent) -> bool:
        """Fit the figures to a new width, and to a new layout, for example after a new caption."""
        accepted = super().event(event)
        if event.type() in (QEvent.Type.LayoutRequest, QEvent.Type.Resize):
            self._fit()
        return accepted

    def _fit(self) -> None:
        """Set the font size of each line: the largest in which usual and current numbers fit."""
        for line in self._lines:
            visible = [figure for figure in line if not figure.isHidden()]
            pixels = min((figure.fitting(*figure.usual, figure.text) for figure in visible), default=0)
            for figure in visible:
                figure.set_pixels(pixels)


class Figure(QWidget):
    """A caption with a number below or beside the caption. The tooltip shows all digits of the number.

    `usual` holds the number's usual longest texts. `pixels` is the font size of the number, `text` its text.
    """

    def __init__(self, usual: tuple[str, ...], *, on_one_line: bool = False) -> None:
        super().__init__()
        self.usual, self._on_one_line = usual, on_one_line
        self._largest = self.pixels = SMALL_PX if on_one_line else LARGEST_PX
        self._caption, self._number = styled_label(""), QLabel()
        self._number.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        box: QBoxLayout = QHBoxLayout(self) if on_one_line else QVBoxLayout(self)
        fill_box(box, CAPTION_GAP_PX if on_one_line else 0, self._caption, self._number)
        box.setStretch(1, 1)

    @property
    def text(self) -> str:
        """The displayed text of the number."""
        return self._number.text()

    def show_number(self, caption: str, tip: str, value: float | None) -> None:
        """Show a caption and a number, or a dash for None. The tooltip is `tip` and all digits."""
        if value is None:
            self.show_text(caption, tip, NO_VALUE)
        else:
            self.show_text(caption, f"{tip}\nIn full: {full_text(value)}", as_text(value))

    def show_text(self, caption: str, tip: str, text: str) -> None:
        """Show a caption and a text, with a tooltip."""
        self._caption.setText(caption)
        self._number.setText(text)
        named(self, caption, tip)
        self.setAccessibleDescription({NO_VALUE: "none", BLANK: HIDDEN}.get(text, text))

    def fitting(self, *texts: str) -> int:
        """Return the largest font size in pixels with which each of `texts` fits, at least SMALLEST_PX."""
        caption = self._caption.sizeHint().width() + CAPTION_GAP_PX if self._on_one_line else 0
        for size in range(self._largest, SMALLEST_PX, -1):
            metrics = QFontMetrics(_font(size))
            if all(metrics.horizontalAdvance(text) <= self.width() - caption for text in texts):
                return size
        return SMALLEST_PX

    def set_pixels(self, pixels: int) -> None:
        """Set the number's font size in pixels, in a line that is high enough for the largest size."""
        self.pixels = pixels
        self._number.setFont(_font(pixels))
        self._number.setFixedHeight(QFontMetrics(_font(self._largest)).height() + 1)  # QLabel rounds up


def _font(pixels: int) -> QFont:
    return ui_font(pixels, QFont.Weight.Bold)
