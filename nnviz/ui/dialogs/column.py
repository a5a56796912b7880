"""The dialog for an input that a formula computes from the columns."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QLineEdit, QListWidget, QVBoxLayout, QWidget

from nnviz.core import edits
from nnviz.core.formula import proposals, readable
from nnviz.core.numbers import NAME, as_text, counted, free_name, shortened
from nnviz.core.state import State
from nnviz.ui.kit.controls import fill_box, named, wrapped_label
from nnviz.ui.kit.dialogs import Dialog, beside, form, heading, show_text
from nnviz.ui.kit.theme import px

MOST_PREVIEWED = 6
"""Largest number of rows whose numbers the dialog shows."""
LIST_PX, MIN_WIDTH_PX, DELAY_MS = 180, 640, 100
FORMULA_TIP = (
    "Numbers, names of columns, + - * / **, parentheses, and sin cos tanh exp log abs sqrt min max; "
    "names that are not one word stand in backticks: `petal length`"
)
PROPOSALS_TIP = "Formulas of your columns; a selected one is put into the field"
SCALED_TIP = "Subtract the mean of the training rows, and divide by their standard deviation"


class ColumnDialog(Dialog):
    """Asks for a computed input: a new one, or another formula for the input at index `place`.

    `state()` returns the open State with the input; it raises ValueError for a bad formula or name.
    """

    def __init__(self, window: QWidget | None, state: State, place: int | None = None) -> None:
        title, does = ("Add a column", "&Add") if place is None else ("Change the formula", "&Change")
        super().__init__(window, title, does, MIN_WIDTH_PX)
        self._open, self._place = state, place
        self.proposals = named(QListWidget(), "Proposed formulas", PROPOSALS_TIP)
        self.formula = named(QLineEdit(placeholderText="x_0*x_1"), tip=FORMULA_TIP)
        self.name = named(QLineEdit(), tip="The name of the input")
        self.scaled = named(QCheckBox("&Standardise the numbers"), tip=SCALED_TIP)
        self._preview = wrapped_label()
        self._showing = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._showing.timeout.connect(self._show_numbers)
        self._add_parts(title)
        self.scaled.setEnabled(state.trained_rows > 1)
        self.scaled.setChecked(self.scaled.isEnabled() and any(each.is_scaled for each in state.columns))
        if place is not None:
            column = state.columns.computed[place]
            self.formula.setText(column.formula)
            self.name.setText(column.nodes[0])
            self.name.setModified(True)  # typed names stay when the formula changes
            self.scaled.setChecked(column.is_scaled)
        self.proposals.currentTextChanged.connect(self.formula.setText)
        self.formula.textChanged.connect(self._propose_name)
        for changed in (self.formula.textChanged, self.name.textChanged, self.scaled.toggled):
            changed.connect(lambda _: self._showing.start())  # computing many rows at each letter is slow
        self.formula.setFocus()

    def state(self) -> State:
        """Return the open State with the computed input. Raises ValueError."""
        text, name = self.formula.text(), self.name.text()
        return edits.put_column(self._open, name, text, self._place, scaled=self.scaled.isChecked())

    def _add_parts(self, title: str) -> None:
        self.proposals.addItems(proposals([*self._open.columns.sources]))
        self.proposals.setFixedWidth(LIST_PX)
        self.proposals.setSpacing(px(3))
        fields = form(("&Formula", self.formula), ("&Name", self.name))
        right = fill_box(QVBoxLayout(), 10, fields, self.scaled, self._preview)
        right.addStretch(1)
        self._lay_out(heading(title), beside(self.proposals, right))

    def _propose_name(self, text: str) -> None:
        """Name the column after its formula, unless the person has typed a name."""
        if not (self.name.isModified() and self.name.text()):
            name = shortened(readable(text), NAME.limit)
            own = "" if self._place is None else self._open.network.inputs[self._place]
            self.name.setText(free_name(name, dict.fromkeys(edits.names_in_use(self._open, own), 1)))

    def _show_numbers(self) -> None:
        """Show the first numbers of the column, or why the column cannot be used."""
        values = np.empty(0)
        with suppress(ValueError):
            values = edits.column_values(self._open, self.formula.text())
        text = f"First rows: {', '.join(map(as_text, values[:MOST_PREVIEWED].tolist()))}"
        if wrong := int(np.count_nonzero(~np.isfinite(values))):
            text += f"; {wrong:,} of {counted(len(values), 'row')} have no number"
        show_text(self._preview, text if len(values) else "")
        self._show_refusal()

    def _check(self) -> None:
        self.state()
