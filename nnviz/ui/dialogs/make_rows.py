"""The dialog that generates rows, with a preview.

This module imports pyqtgraph, which takes 150 ms, so nnviz imports the module only after the first frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.core import edits
from nnviz.core.function import section, span_of
from nnviz.core.generators import KINDS, TYPED, check_noise, check_rows, formula_kind
from nnviz.core.numbers import counted, field_text, parse_number, shortened
from nnviz.core.state import Dataset, State
from nnviz.ui.dialogs.column import FORMULA_TIP
from nnviz.ui.dialogs.table import TIPS
from nnviz.ui.kit.controls import fill_box, named, wrapped_label
from nnviz.ui.kit.dialogs import Dialog, add_labelled, beside, heading, show_text
from nnviz.ui.kit.number_field import DECIMAL, Modifiers, Notation, NumberField, nudge_number, whole_number
from nnviz.ui.kit.theme import px
from nnviz.ui.panels.function_plane import MOST, Axes, FunctionPlane, marked_rows

MIN_PREVIEW = QSize(280, 140)


class Preview(FunctionPlane):
    """Shows rows as the panel Function does, in a plot that ignores mouse and keyboard."""

    def __init__(self) -> None:
        self._state: State | None = None
        super().__init__()
        named(self, "Preview of the rows").setMinimumSize(MIN_PREVIEW)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def show_state(self, state: State) -> None:
        """Show the rows of a State: both inputs, or the input and the target if there is one input."""
        self._state, network = state, state.network
        axes = Axes(0, 1 if len(network.inputs) > 1 else None).restrict(state)
        self.name_axes(*(*network.inputs, *network.outputs)[:2])
        self.box.setAspectLocked(axes.vertical is not None)  # keeps circles round
        rows = marked_rows(state, axes, None, section(state, axes.along, np.zeros(len(network.inputs))))
        self.show_rows(replace(rows, hollow=np.zeros_like(rows.hollow)))
        points = Dataset(rows.points)
        self.set_view(span_of(points, 0), span_of(points, 1))

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        if self._state:
            self.show_state(self._state)


RANGE = {"From": "The lowest value of each input", "To": "The highest value of each input"}
"""Names and tooltips of the fields with the range of the inputs of a typed formula."""
LIST_PX, FIELD_PX, INDENT_PX = 160, 90, 24
MIN_DIALOG = QSize(720, 560)
DELAY_MS = 100
"""Time from a new number to the new preview, since many rows take long to draw, in milliseconds."""
NEW_TIP = "Open a new document with these rows, matching settings and notes, and random weights"
NUDGE_TIP = "Up, Down and the mouse wheel change the number by 1, or with Shift by 10"


class MakeRows(Dialog):
    """Asks which rows to make. `state()` returns a State with the rows; `summary` describes the result."""

    def __init__(self, window: QWidget | None, state: State) -> None:
        super().__init__(window, "Make rows", "&Make rows")
        self._open = state
        self._prefers_mine = True
        self.setMinimumSize(MIN_DIALOG)
        self.kinds = named(QListWidget(), "Kinds of rows")
        self.preview = Preview()
        self._title, self._description, self._message = heading(""), wrapped_label(), wrapped_label()
        tip = f"A target and its formula, such as y = x_0*x_1\n{FORMULA_TIP}"
        self.formula, self._typed = named(QLineEdit("y = x**3 - 3*x"), tip=tip), QWidget()
        self.low, self.high = (named(self._field(name, DECIMAL), name, tip) for name, tip in RANGE.items())
        self.low.show_value(-2.0)
        self.high.show_value(2.0)
        self.rows = self._field("Rows", whole_number(1), check_rows)
        self.noise = self._field("Noise", (parse_number, field_text, _nudge_noise), check_noise)
        self.seed = self._field("Seed", whole_number(0))
        self.seed.show_value(0)
        self.for_open_network = named(QRadioButton("&Put these rows into my network"), tip=TIPS["rows"])
        self.for_new_network = named(QRadioButton("Make a &network that suits these rows"), tip=NEW_TIP)
        self._of_mine, self._of_suiting = wrapped_label(), wrapped_label()
        self._drawing = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._drawing.timeout.connect(self._draw)
        self._add_parts()
        self.kinds.currentRowChanged.connect(self._choose)
        self.formula.textChanged.connect(lambda _: self._drawing.start())
        one_of = QButtonGroup(self)  # else Qt groups them with pyqtgraph's menu buttons
        for button in (self.for_open_network, self.for_new_network):
            one_of.addButton(button)
            button.clicked.connect(self._remember_preference)
        self.kinds.setCurrentRow(0)
        self.kinds.setFocus()

    @property
    def summary(self) -> str:
        """A description of the result, for the status bar."""
        made = f"Made {counted(self.rows.value, 'row')}: {self.kind.title}, seed {self.seed.value}"
        if self.for_open_network.isChecked():
            return f"{made}; the weights are unchanged"
        return f"{made}; the network has random weights, seed {self.kind.training.seed}"

    def state(self) -> State:
        """Return the open State with the new rows, or a State with a new network for the rows."""
        numbers = self.rows.value, self.noise.value, self.seed.value
        if self.for_open_network.isChecked():
            return edits.put_generated(self._open, self.kind.data(*numbers))
        return self.kind.state(*numbers)

    # --- widgets

    def _field(
        self, name: str, notation: Notation, check: Callable[[Any], object] = lambda _: None
    ) -> NumberField:
        """Return a field. `check` raises ValueError for a number that the field does not accept."""
        read, write, nudge = notation

        def read_checked(text: str) -> Any:
            try:
                number = read(text)
                check(number)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
            return number

        field = self._number((read_checked, write, nudge))
        field.setFixedWidth(FIELD_PX)
        field.nudged.connect(lambda _: field.commit())
        field.accepted.connect(lambda _: self._drawing.start())
        return field

    def _add_parts(self) -> None:
        self.kinds.setSpacing(px(4))
        self.kinds.setFixedWidth(LIST_PX)
        for kind in KINDS.values():
            QListWidgetItem(kind.title, self.kinds).setToolTip(kind.line)
        self.rows.setToolTip(f"The number of rows to make\n{NUDGE_TIP}")
        self.noise.setToolTip(
            "Each point is shifted at random; the noise is the standard deviation of the shift\n"
            "Up, Down and the mouse wheel change the number by 0.1, or with Alt by 0.01"
        )
        self.seed.setToolTip(f"The same seed makes the same rows\n{NUDGE_TIP}")
        typed, numbers = QGridLayout(self._typed), QGridLayout()
        typed.setContentsMargins(0, 0, 0, 0)
        typed.setColumnStretch(0, 1)
        for text, field in zip(("&Formula", *RANGE), (self.formula, self.low, self.high), strict=True):
            add_labelled(typed, text, field)
        numbers.setHorizontalSpacing(8)
        for text, field in (("&Rows", self.rows), ("N&oise", self.noise), ("&Seed", self.seed)):
            add_labelled(numbers, text, field)
        numbers.setColumnStretch(3, 1)
        shown = (self._title, self._description, self._typed, self.preview, self._message, numbers)
        mine, suiting = (self.for_open_network, self._of_mine), (self.for_new_network, self._of_suiting)
        for line in (self._of_mine, self._of_suiting):
            line.setContentsMargins(INDENT_PX, 0, 0, 0)
        right = fill_box(QVBoxLayout(), 8, *shown, *mine, *suiting)
        right.setStretchFactor(self.preview, 1)
        across = beside(self.kinds, right)
        self._lay_out(across).setStretchFactor(across, 1)

    # --- display

    def _choose(self) -> None:
        """Show the selected kind, with its number of rows and its noise."""
        self.kind = list(KINDS.values())[max(0, self.kinds.currentRow())]
        self.rows.show_value(self.kind.rows)
        self.noise.show_value(self.kind.noise)
        self._title.setText(self.kind.title)
        self._description.setText(self.kind.line)
        self._typed.setVisible(self.kind.name == TYPED)
        self._draw()

    def _offer_networks(self) -> None:
        """Offer the open network if the rows fit, and a new one."""
        kind, network = self.kind, self._open.network
        fits = kind.fits(self._open)
        self.for_open_network.setEnabled(fits)
        (self.for_open_network if fits and self._prefers_mine else self.for_new_network).setChecked(True)
        sizes = shortened("-".join(map(str, network.sizes)))
        inputs, outputs = counted(len(kind.inputs), "input"), counted(len(kind.outputs), "output")
        replaces = f"The new rows replace {counted(len(self._open.data), 'row')} of your network ({sizes})"
        needs = f"These rows need a network with {inputs} and {outputs}; your network is {sizes}"
        self._of_mine.setText(replaces if fits else needs)
        self._of_suiting.setText(kind.network().in_words)

    def _remember_preference(self) -> None:
        self._prefers_mine = self.for_open_network.isChecked()

    def _draw(self) -> None:
        self._show_refusal()
        rows = self.rows.value
        show_text(self._message, f"The picture shows {MOST:,} of {counted(rows, 'row')}." * (rows > MOST))

    def _check(self) -> None:
        """Draw the rows. Raises ValueError for a bad formula."""
        if self.kind.name == TYPED:
            self.kind = formula_kind(self.formula.text(), self.low.value, self.high.value)
        self._offer_networks()
        self.preview.show_state(self.kind.state(self.rows.value, self.noise.value, self.seed.value))


def _nudge_noise(value: float, steps: int, modifiers: Modifiers) -> float:
    return max(0.0, nudge_number(value, steps, modifiers))
