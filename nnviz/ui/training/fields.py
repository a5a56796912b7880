"""The settings of a run as fields: learning rate, updates, batch, optimizer, loss, seed and validation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from nnviz.core.losses import LOSSES
from nnviz.core.numbers import parsed, parsed_whole, written
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.run import Training
from nnviz.ui.widgets.choice import Choice, NumberChoice
from nnviz.ui.widgets.number_field import (
    Modifiers,
    Nudge,
    NumberField,
    nudge_number,
    nudge_rate,
    nudge_whole,
)
from nnviz.ui.widgets.theme import ui_font

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
