"""The dialog that asks how to use the columns of a table.

A list shows the columns. Space, Enter, F2 or a click below "Use as" opens a menu for the selected columns.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TypeAlias

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QGridLayout,
    QHeaderView,
    QMenu,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.core.numbers import as_text, counted, one_line, shortened
from nnviz.core.state import State
from nnviz.files.errors import CancelledError, FileError
from nnviz.files.table.columns import (
    Choices,
    Finding,
    Role,
    Uses,
    What,
    capitalised,
    describe,
    findings,
    proposed_choices,
    table_uses,
)
from nnviz.files.table.reading import DECIMALS, ENCODINGS, NAMES, Table, TableLayout
from nnviz.ui.kit.controls import ComboBox, fill_box, named, wrapped_label
from nnviz.ui.kit.dialogs import Dialog, ListTable, add_labelled, heading, show_text

Use: TypeAlias = tuple[Role, bool]
"""A column's role, and whether each different value of the column becomes a node of its own (one-hot)."""

HEADERS = ("Column", "Contents", "First values", "Use as")
NAME, CONTENTS, VALUES, USE = range(len(HEADERS))
SAMPLE_COUNT = 4
"""Number of values to show for each column."""
USES: dict[Use, str] = {
    ("input", False): "input",
    ("input", True): "inputs, one for each value",
    ("target", False): "target",
    ("target", True): "target (classes)",
    ("left out", False): "left out",
}
OPENS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2)


class ColumnsView(ListTable):
    """Shows the columns of a table as a list, and opens a menu with the possible uses of the columns.

    `chosen` is emitted when the user chooses a use.
    """

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__("Columns of the table", HEADERS)
        self.findings: Sequence[Finding] = ()
        self.choices = Choices((), ())
        self.setToolTip("Select columns, then press Space to choose their use")
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setSectionResizeMode(CONTENTS, QHeaderView.ResizeMode.Stretch)

    def show_table(self, table: Table, columns: Sequence[Finding], choices: Choices) -> None:
        """Show a table, what nnviz found in its columns, and the chosen use of each column."""
        self.findings, self.choices = columns, choices
        self.setRowCount(0)  # clears the selection
        self.setRowCount(len(columns))
        for row, finding in enumerate(columns):
            self._show(row, NAME, one_line(shortened(finding.name)) or f"column {row + 1}")
            self._show(row, CONTENTS, describe(finding))
            self._show(row, VALUES, _first_values(table, row))
            self._show_use(row)
        self.resizeColumnsToContents()
        for column, most in ((NAME, 180), (VALUES, 160)):
            self.setColumnWidth(column, min(self.columnWidth(column) + 12, most))
        self.selectRow(0)

    def _show(self, row: int, column: int, text: str, why: str = "") -> None:
        """Show the text of a cell, and repeat the text in the tooltip, with the reason `why`."""
        tip = f"{HEADERS[column]}: {text} ({why})" if why else f"{HEADERS[column]}: {text}"
        self.show_cell(row, column, text, tip).setData(Qt.ItemDataRole.AccessibleTextRole, tip)

    def _show_use(self, row: int) -> None:
        role, classes = self.choices.roles[row], self.choices.classes[row]
        use = USES[role, classes and role != "left out"]
        self._show(row, USE, f"{use} ▾", self.findings[row].reason)

    def _choose(self, rows: Sequence[int], use: Use) -> None:
        """Set the use of table columns; `rows` are the rows of these columns in the list."""
        role, each_value = use
        roles, classes = [*self.choices.roles], [*self.choices.classes]
        for row in rows:
            roles[row], classes[row] = role, each_value or not self.findings[row].is_number
        self.choices = replace(self.choices, roles=tuple(roles), classes=tuple(classes))
        for row in rows:
            self._show_use(row)
        self.resizeColumnToContents(USE)
        self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the menu of uses on Space, Enter or F2; leave other keys to Qt."""
        if event.key() in OPENS and self.currentRow() >= 0:
            self._open(self.currentRow())
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the menu of uses after a click in the column "Use as"."""
        super().mouseReleaseEvent(event)
        at = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and at.column() == USE:
            self._open(at.row())

    def _open(self, at: int) -> None:
        """Open the menu of uses below the row `at`, for all selected columns."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        if not rows:
            return
        numbers = all(self.findings[row].is_number for row in rows)
        menu = QMenu(self)
        for use, title in USES.items():
            if numbers or use[1] or use[0] == "left out":
                menu.addAction(title, partial(self._choose, rows, use))
        menu.setActiveAction(menu.actions()[0])
        cell = self.visualRect(self.model().index(at, USE))
        menu.exec(self.viewport().mapToGlobal(cell.bottomLeft()))
        menu.deleteLater()


def _first_values(table: Table, column: int) -> str:
    if (texts := table.texts(column)) is None:
        values = [as_text(number) for number in table.numbers(column)[:SAMPLE_COUNT].tolist()]
    else:
        values = [one_line(shortened(text, 20)) or "–" for text in texts[:SAMPLE_COUNT]]
    return "  ".join(values) + ("  …" if len(table) > SAMPLE_COUNT else "")


Read: TypeAlias = Callable[[TableLayout], Table]
"""Function that reads a table in the given layout. Raises FileError, or CancelledError after Cancel."""

MIN_SIZE = QSize(820, 560)
SIGNS = {".": "point, as in 0.5", ",": "comma, as in 0,5"}
TITLES: dict[What, str] = {
    "rows": "Put these rows into &my network",
    "network": "Make a &network for these columns",
    "ends": "Rebuild the &first and last layers of my network for these columns",
}
TIPS: dict[What, str] = {
    "rows": "Replace only the rows, and keep the weights, names and settings",
    "network": "Replace the open network by a new network with random weights",
    "ends": "Keep the layers between first and last; use the table's names and rows. Undo reverts the change",
}


class OpenTable(Dialog):
    """Asks how to use a table.

    `read` reads the table again in another layout. `name` is the name of the table. `state` is the State
    that results from the chosen use.
    """

    def __init__(self, window: QWidget | None, state: State, name: str, table: Table, read: Read) -> None:
        super().__init__(window, "Rows of a table", "&Use this table")
        self._open, self._read, self._table = state, read, table
        self._uses: Uses | None = None
        self._preferred: What | None = None
        self._decimal: str | None = None
        self.setMinimumSize(MIN_SIZE)
        self._heading = heading("")
        self._name = name
        self.view = ColumnsView()
        self._make_layout_choices()
        self._add_parts()
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._build)
        self.view.chosen.connect(self._timer.start)
        self._show_table()

    # --- parts

    def _make_layout_choices(self) -> None:
        self.delimiter = _choice(NAMES, "The character that separates the cells of a line")
        self.decimal = _choice({sign: SIGNS[sign] for sign in DECIMALS}, "The decimal sign of the numbers")
        self.encoding = _choice({name: name for name in ENCODINGS}, "The character encoding of the file")
        tip = "If the box is not ticked, nnviz reads the first line as a row of values"
        self.header = named(QCheckBox("The first &line names the columns"), tip=tip)
        self.missing = _choice(
            {"leave out": "leave out the whole row", "fill": "fill with the column's mean"},
            "Choose how to treat missing cells; a text column is filled with its most frequent text",
        )
        self.decimal.setPlaceholderText("choose")
        self.decimal.activated.connect(lambda chosen: self._read_again(self.decimal.itemData(chosen)))
        for changed in (self.delimiter.activated, self.encoding.activated, self.header.clicked):
            changed.connect(lambda _: self._read_again())
        self.missing.activated.connect(lambda _: self._build())

    def _add_parts(self) -> None:
        self.uses = {what: QRadioButton(title) for what, title in TITLES.items()}
        for what, button in self.uses.items():
            button.clicked.connect(lambda _, what=what: self._prefer(what))
        self.summary, self.error_label = wrapped_label(), wrapped_label("", "error")
        grid = self._grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        add_labelled(grid, "&Cells separated by", self.delimiter)
        add_labelled(grid, "&Decimal sign", self.decimal)
        self._encoding_label = add_labelled(grid, "&Encoding", self.encoding)
        self._missing_label = add_labelled(grid, "&Missing cells", self.missing)
        for column in range(grid.columnCount()):
            grid.setColumnStretch(column, 1)
        uses = fill_box(QVBoxLayout(), 6, *self.uses.values())
        parts = self._heading, grid, self.header, self.view, self.summary, self.error_label, uses
        self._lay_out(*parts).setStretchFactor(self.view, 1)

    # --- choices of the user

    def _read_again(self, decimal: str | None = None) -> None:
        """Read the table again in the chosen layout. If `decimal` is not None, use this decimal sign."""
        self._decimal = decimal or self._decimal
        signs = self.encoding.currentData(), self.delimiter.currentData(), self._decimal
        try:
            self._table = self._read(TableLayout(*signs, self.header.isChecked()))
        except CancelledError:
            self._show_table()
        except FileError as error:
            self._refuse(error)
            for part in (self.view, self.missing):  # they belong to the previous table
                part.setEnabled(False)
        else:
            self._show_table()

    def _prefer(self, what: What) -> None:
        self._preferred = what
        self._show_uses()

    # --- results of the choices

    def _show_table(self) -> None:
        columns = findings(self._table, self._open)
        rows, width = counted(self._table.rows_in_file, "row"), counted(self._table.width, "column")
        self._heading.setText(f"{self._name}: {rows}, {width}")
        self.view.show_table(self._table, columns, proposed_choices(columns))
        for part in (self.view, self.missing):
            part.setEnabled(True)
        self._show_layout()
        self._build()

    def _show_layout(self) -> None:
        layout = self._table.layout
        values = layout.encoding, layout.delimiter, layout.decimal
        for choice, value in zip((self.encoding, self.delimiter, self.decimal), values, strict=True):
            choice.setCurrentIndex(choice.findData(value))
        for part in (self.encoding, self._encoding_label):
            part.setVisible(layout.encoding is not None)  # a pasted text has no encoding
        self._grid.setColumnStretch(2, int(layout.encoding is not None))
        self.header.setChecked(bool(layout.header))

    def _build(self) -> None:
        """Build every possible use of the table, or show why none is possible."""
        self._timer.stop()
        pairs = zip(self.view.findings, self.view.choices.roles, strict=True)
        has_holes = any(each.missing and role != "left out" for each, role in pairs)
        self._missing_label.setVisible(has_holes)
        self.missing.setVisible(has_holes)
        choices = replace(self.view.choices, missing=self.missing.currentData())
        try:
            self._uses = table_uses(self._table, self.view.findings, choices, self._open)
        except FileError as error:
            self._refuse(error)
            return
        show_text(self.summary, f"{'; '.join(self._uses.built.notes)}.")
        show_text(self.error_label, self._uses.problem)
        self._show_uses()

    def _refuse(self, error: FileError) -> None:
        self._uses = None
        self.summary.hide()
        show_text(self.error_label, f"{capitalised(error)}.")
        self._show_uses()

    @property
    def _states(self) -> dict[What, State]:
        return self._uses.states if self._uses else {}

    @property
    def chosen_use(self) -> What:
        """The use of the table: the user's choice if it is possible, else the first possible use."""
        ways: list[What] = [*self._states] or ["network"]
        return self._preferred if self._preferred in ways else ways[0]

    def _show_uses(self) -> None:
        what = self.chosen_use
        for each, button in self.uses.items():
            button.setEnabled(each in self._states)
            button.setToolTip(self._uses.reasons.get(each, TIPS[each]) if self._uses else "")
            button.setChecked(bool(self._states) and each == what)
            title = TITLES[each]
            button.setText(f"{title}: {_sizes(self._states[each])}" if each in self._states else title)
        self._accept_button.setEnabled(bool(self._states))

    @property
    def state(self) -> State:
        """The State that results from the chosen use of the table."""
        return self._states[self.chosen_use]

    @property
    def result_text(self) -> str:
        """A description of the result, for the status bar."""
        assert self._uses is not None
        is_scaled = self.chosen_use == "rows" and self._uses.keeps_standardised
        scaled = ["the inputs are standardised with the network's means"] * is_scaled
        return "; ".join((*self._uses.built.notes, *scaled))


def _sizes(state: State) -> str:
    """Return sizes, activation and loss of a network: "4-8-3, softmax, cross-entropy"."""
    sizes = "-".join(str(size) for size in state.network.sizes)
    return f"{sizes}, {state.network.layers[-1].activation}, {state.measure.phrase}"


def _choice(offered: dict[str, str], tip: str) -> ComboBox:
    choice = ComboBox(tip=tip)
    for value, text in offered.items():
        choice.addItem(text, value)
    choice.setAccessibleDescription(tip)
    return choice
