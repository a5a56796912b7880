"""The dialog that shows what a table holds and asks what is to be made of it, before anything is changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.core.numbers import counted
from nnviz.core.standardise import standardise, worth_standardising
from nnviz.core.state import State
from nnviz.files.errors import FileError
from nnviz.files.progress import CancelledError
from nnviz.files.table.findings import findings, proposed
from nnviz.files.table.layout import DECIMALS, NAMES, Layout
from nnviz.files.table.table import Table
from nnviz.files.table.text import ENCODINGS
from nnviz.files.table.uses import Uses, What, sentence, uses
from nnviz.ui.tables.columns import Columns, ColumnsView
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.widgets.dialogs import column_of, heading, primary

Read: TypeAlias = Callable[[Layout], Table]
"""Reads the table in a layout. Raises FileError, and CancelledError where a person has had enough."""

LEAST = QSize(820, 560)
SIGNS = {".": "point, as in 0.5", ",": "comma, as in 0,5"}
TITLES: dict[What, str] = {
    "rows": "Put these rows into &my network",
    "network": "Make a &network for these columns",
    "ends": "Rebuild the &first and the last layer of my network for them",
}
TIPS: dict[What, str] = {
    "rows": "Replace the rows alone: weights, names and settings stay",
    "network": "A network with random weights opens in the place of what is open",
    "ends": "The layers between keep their weights; names and rows are the table's. Undo takes it back",
}
STANDARDISE = "&Standardise the inputs: (value − mean) / deviation of each column"

KEPT = "They are standardised as your network's rows were; ticked, anew by their own mean and deviation."


class OpenTable(QDialog):
    """Asks what is made of a table; `what` is chosen, `state` is what comes of it, `said` tells it.

    `read` reads the table again where another layout is said; `name` is what it is called.
    """

    def __init__(self, window: QWidget | None, state: State, name: str, table: Table, read: Read) -> None:
        super().__init__(window)
        self._open, self._read, self._table = state, read, table
        self._uses: Uses | None = None
        self._wishes: What | None = None
        self._decimal_said: str | None = None
        self.setWindowTitle("Rows of a table")
        self.setMinimumSize(LEAST)
        self._heading = heading("")
        self._name = name
        self.columns = Columns()
        self.view = ColumnsView(self.columns)
        self._make_layout_choices()
        self._make_uses()
        self._lay_out()
        self._again = QTimer(self, singleShot=True)
        self._again.timeout.connect(self._build)
        self.columns.chosen.connect(self._again.start)
        self._show_table()

    # --- its parts

    def _make_layout_choices(self) -> None:
        self.delimiter = _offering(NAMES, "What separates the cells of a line")
        self.decimal = _offering({sign: SIGNS[sign] for sign in DECIMALS}, "The decimal sign of its numbers")
        self.encoding = _offering({name: name for name in ENCODINGS}, "The encoding of its letters")
        self.header = QCheckBox("The first &line names the columns")
        self.header.setToolTip("Else the first line is a row like the others")
        self.missing = _offering(
            {"leave out": "leave their rows out", "fill": "fill with the column's mean"},
            "What becomes of rows with missing cells; of texts the most frequent one is filled in",
        )
        self.decimal.setPlaceholderText("choose")
        self.decimal.activated.connect(lambda _: self._decimal_chosen())
        for choice in (self.delimiter, self.encoding):
            choice.activated.connect(lambda _: self._read_again())
        self.header.clicked.connect(lambda _: self._read_again())
        self.missing.activated.connect(lambda _: self._missing_chosen())

    def _make_uses(self) -> None:
        self.uses = {what: QRadioButton(title) for what, title in TITLES.items()}
        for what, button in self.uses.items():
            button.clicked.connect(lambda _, what=what: self._wish(what))
        self.standardise = QCheckBox(STANDARDISE)
        self.standardise.setToolTip("Mean and deviation are kept with the network, and applied to new rows")
        self.told, self.offer, self.wrong = _words("muted"), _words("muted"), _words("error")

    def _lay_out(self) -> None:
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self._take = primary(self._buttons.addButton("&Take", QDialogButtonBox.ButtonRole.AcceptRole))
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        grid = self._grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        self._missing_label = QLabel("&Missing cells")
        self._encoding_label = QLabel("&Encoding")
        labels = QLabel("&Cells separated by"), QLabel("&Decimal sign"), self._encoding_label
        choices = self.delimiter, self.decimal, self.encoding, self.missing
        for k, (label, choice) in enumerate(zip((*labels, self._missing_label), choices, strict=True)):
            label.setBuddy(choice)
            grid.addWidget(label, 0, k)
            grid.addWidget(choice, 1, k)
            grid.setColumnStretch(k, 1)
        uses = QVBoxLayout()
        uses.setSpacing(6)
        for part in (*self.uses.values(), self.standardise, self.offer):
            uses.addWidget(part)
        column = column_of(self)
        column.addWidget(self._heading)
        column.addLayout(grid)
        column.addWidget(self.header)
        column.addWidget(self.view, 1)
        column.addWidget(self.told)
        column.addWidget(self.wrong)
        column.addLayout(uses)
        column.addWidget(self._buttons)

    # --- what a person does

    @property
    def _layout_said(self) -> Layout:
        return Layout(
            self.encoding.currentData(),
            self.delimiter.currentData(),
            self._decimal_said,
            self.header.isChecked(),
        )

    def _read_again(self) -> None:
        """Read the table as it is said to be laid out now."""
        try:
            self._table = self._read(self._layout_said)
        except CancelledError:
            self._show_table()
        except FileError as error:
            self._refuse(error)
            for part in (self.view, self.missing):  # they are of what was read before
                part.setEnabled(False)
        else:
            self._show_table()

    def _decimal_chosen(self) -> None:
        self._decimal_said = self.decimal.currentData()
        self._read_again()

    def _missing_chosen(self) -> None:
        self.columns.choices = replace(self.columns.choices, missing=self.missing.currentData())
        self._build()

    def _wish(self, what: What) -> None:
        self._wishes = what
        self._show_uses()

    # --- what follows

    def _show_table(self) -> None:
        found = findings(self._table, self._open)
        rows, columns = counted(self._table.of, "row"), counted(self._table.width, "column")
        self._heading.setText(f"{self._name}: {rows}, {columns}")
        choices = replace(proposed(found), missing=self.missing.currentData())
        self.columns.show_table(self._table, found, choices)
        for part in (self.view, self.missing):
            part.setEnabled(True)
        self._show_layout()
        self._build()

    def _show_layout(self) -> None:
        layout = self._table.layout
        for choice, value in (
            (self.delimiter, layout.delimiter),
            (self.decimal, layout.decimal),
            (self.encoding, layout.encoding),
        ):
            choice.setCurrentIndex(choice.findData(value))
        for part in (self.encoding, self._encoding_label):
            part.setVisible(layout.encoding is not None)  # a text that is pasted has none
        self._grid.setColumnStretch(2, int(layout.encoding is not None))
        self.header.setChecked(bool(layout.header))

    def _build(self) -> None:
        """Make all that can be made of it, or say why nothing can."""
        self._again.stop()
        pairs = zip(self.columns.found, self.columns.choices.roles, strict=True)
        has_holes = any(each.missing and role != "left out" for each, role in pairs)
        self._missing_label.setVisible(has_holes)
        self.missing.setVisible(has_holes)
        try:
            self._uses = uses(self._table, self.columns.found, self.columns.choices, self._open)
        except FileError as error:
            self._refuse(error)
            return
        said = self._uses.built.said
        self.told.setText(". ".join(f"{each[0].upper()}{each[1:]}" for each in said) + ".")
        self.told.show()
        self.wrong.setText(self._uses.wrong)
        self.wrong.setVisible(bool(self._uses.wrong))
        self._show_uses()

    def _refuse(self, error: FileError) -> None:
        self._uses = None
        self.told.hide()
        self.wrong.setText(f"{sentence(error)}.")
        self.wrong.show()
        self._show_uses()

    @property
    def _states(self) -> dict[What, State]:
        return self._uses.states if self._uses else {}

    @property
    def what(self) -> What:
        """What is to be done: as wished, else the first that can be."""
        if self._wishes in self._states:
            assert self._wishes is not None
            return self._wishes
        return next(iter(self._states), "network")

    def _show_uses(self) -> None:
        what = self.what
        for each, button in self.uses.items():
            button.setEnabled(each in self._states)
            button.setToolTip(self._uses.why_not.get(each, TIPS[each]) if self._uses else "")
            button.setChecked(bool(self._states) and each == what)
            told = f": {_sizes(self._states[each])}" if each in self._states else ""
            button.setText(f"{TITLES[each]}{told}")
        self._take.setEnabled(bool(self._states))
        offer = worth_standardising(self._states[what]) if self._states else ""
        if self._is_kept:
            offer = KEPT
        elif offer:
            offer = f"Worth it: {offer}."
        self.offer.setText(offer)
        self.offer.setVisible(bool(offer))
        self.standardise.setEnabled(bool(self._states))

    @property
    def _is_kept(self) -> bool:
        """Whether the rows are standardised as the network's own were."""
        return self.what == "rows" and bool(self._uses and self._uses.keeps_standardised)

    @property
    def state(self) -> State:
        """What comes of it."""
        state = self._states[self.what]
        if self.standardise.isChecked():
            state = standardise(state, range(len(state.network.inputs)))
        return state

    @property
    def said(self) -> str:
        """What was done, in a sentence."""
        assert self._uses is not None
        more = ("inputs standardised as before",) if self._is_kept else ()
        more = ("inputs standardised",) if self.standardise.isChecked() else more
        return "; ".join((*self._uses.built.said, *more))


def _sizes(state: State) -> str:
    """Return "4-8-3, softmax, cross-entropy"."""
    sizes = "-".join(str(size) for size in state.network.sizes)
    return f"{sizes}, {state.network.layers[-1].activation}, {state.measure.word}"


def _offering(offered: dict[str, str], tip: str) -> Choice:
    choice = Choice()
    for value, text in offered.items():
        choice.addItem(text, value)
    choice.setToolTip(tip)
    choice.setAccessibleDescription(tip)
    return choice


def _words(name: str) -> QLabel:
    label = QLabel()
    label.setObjectName(name)
    label.setWordWrap(True)
    label.hide()
    return label
