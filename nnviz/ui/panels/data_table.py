"""The Qt model of the data table: its columns, cells and edits."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from nnviz.core import edits
from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.columns import Column
from nnviz.core.losses import MSE
from nnviz.core.metrics import large_error_reason, means_classes
from nnviz.core.network import OtherNetwork
from nnviz.core.numbers import MINUS, as_text, field_text, full_text, shortened
from nnviz.core.results import BLANK, HIDDEN
from nnviz.core.state import Dataset, State
from nnviz.document.moment import Moment, is_new
from nnviz.picture.labels import RIGHT, WRONG
from nnviz.ui.kit.desk import Desk

Index: TypeAlias = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
RESULTS = "error", "loss"
"""Kinds of columns with the errors and the losses of the rows."""
CELL_PARTS = "state.data", "state.network", "state.measure", "hiding", "other"
"""Parts of a Moment that the cells depend on."""
NO_VALUE = "–"
SCALED = ", scaled"
"""End of the text below the name of a computed column that is standardised."""
FORMULA_LETTERS = 16
"""Largest length of a formula in a heading; the tooltip has the whole formula."""
NOWHERE = QModelIndex()


ColumnKind: TypeAlias = Literal["input", "target", "prediction", "error", "loss"]


class TableColumn(NamedTuple):
    """A column of the table; `place` is the index of the input or output that the column shows."""

    kind: ColumnKind
    place: int
    header: str
    scale: str = ""
    """How the number is computed from the raw number x or from other columns, or "" if it is a raw number."""
    formula: str = ""
    """Formula that computes the raw number, or "" if the column is not computed."""
    compared: bool = False
    """Whether the numbers are those of the other network."""

    @property
    def stored(self) -> bool:
        """Whether the data contains the numbers of the column."""
        return self.kind in ("input", "target")

    @property
    def editable(self) -> bool:
        """Whether a person can type numbers into the column."""
        return self.stored and not self.formula

    @property
    def address(self) -> Address:
        """The address, for `edits.value_at` and `edits.set_value`, of the input or target in the column."""
        assert self.kind in ("input", "target")
        return Address(self.kind, -1, self.place)


def columns(state: State, compared: OtherNetwork | None = None) -> list[TableColumn]:
    """Return the columns of a state's data table. The last column is the loss of each row.

    Another network beside the network adds its predictions and errors.
    """
    network, measure = state.network, state.measure
    outputs = network.outputs
    scaled = [column for column in state.columns if not (column.is_plain or column.values)]
    own = {column.nodes[0]: (_scale(column), column.formula) for column in scaled}
    listed = [TableColumn("input", i, name, *own.get(name, ())) for i, name in enumerate(network.inputs)]
    kinds: list[tuple[ColumnKind, str]] = [("target", ""), ("prediction", ""), ("error", "")]
    if compared:
        kinds += [("prediction", "other "), ("error", "other ")]
    for kind, start in kinds:
        for j, name in enumerate(outputs):
            header = f"{start}{kind if len(outputs) == 1 else f'{kind} {name}'}"
            listed.append(TableColumn(kind, j, header, compared=bool(start)))
    squares = measure is MSE and len(outputs) == 1
    return [*listed, TableColumn("loss", 0, "error²" if squares else measure.phrase)]


def _scale(column: Column) -> str:
    """Return the formula of a standardised or computed column: "(x − 29.5) / 14.2", "= x_0*x_1, scaled"."""
    if column.formula:
        return f"= {shortened(column.formula, FORMULA_LETTERS)}{SCALED * column.is_scaled}"
    sign = MINUS if column.mean >= 0 else "+"
    return f"(x {sign} {as_text(abs(column.mean))}) / {as_text(column.deviation)}"


def _shape(state: State) -> tuple[int, int, int]:
    """Return the numbers of rows, inputs and outputs."""
    return len(state.data), state.network.sizes[0], state.network.sizes[-1]


class DataTable(QAbstractTableModel):
    """The Qt model of the rows of a Moment. A filter can hide rows. Every edit is one undo entry.

    `line` is an index among the listed rows; `row` is an index among all rows of the data.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk, self._document = desk, desk.document
        self._now = desk.document.now
        self.columns = columns(self.state, self._now.compared)
        self._others: dict[int, Array] = {}
        """Predictions of the other network by row."""
        self._listed = np.arange(len(self.state.data))
        """The listed rows in ascending order."""
        self.short_headers: dict[str, str] = {}
        """Maps a full header to the text that the table shows."""

    @property
    def state(self) -> State:
        """The State whose rows the table shows."""
        return self._now.state

    # --- which rows are listed

    @property
    def filtered(self) -> bool:
        """Whether the table lists only some rows."""
        return len(self._listed) < len(self.state.data)

    def list_rows(self, rows: NDArray[np.intp] | None) -> None:
        """List only `rows`, indices in ascending order. If `rows` is None, list all rows.

        The table lists all rows again as soon as rows are added or removed, or several rows change.
        """
        self.beginResetModel()
        self._listed = np.arange(len(self.state.data)) if rows is None else rows
        self.endResetModel()

    def row_of(self, line: int) -> int:
        """Return the index, among all rows of the document, of the row in a line of the table."""
        return int(self._listed[line])

    def line_of(self, row: int) -> int | None:
        """Return the index of the line that shows a row of the document, or None if no line shows the row."""
        line = int(np.searchsorted(self._listed, row))
        return line if line < len(self._listed) and self._listed[line] == row else None

    @property
    def split_line(self) -> int:
        """The line of the first validation row, or the number of lines if no validation row is listed."""
        row = self.state.trained_rows if self.state.validated else len(self.state.data)
        return int(np.searchsorted(self._listed, row))

    # --- what the table shows

    def show_moment(self, new: Moment) -> None:
        """Show the rows of another Moment, and report the headers and cells that differ."""
        old, state = self._now, new.state
        if is_new(old, new, "state.data", "other"):
            self._others = {}
        listed = columns(state, new.compared)
        keeps_list = is_edit_of_one_row(self.state.data, state.data)
        same = _shape(self.state) == _shape(state) and len(listed) == len(self.columns)
        if not same or (self.filtered and not keeps_list):
            self._now, self.columns = new, listed
            self.list_rows(self._listed if keeps_list else None)
            return
        renamed, had_marks = listed != self.columns, self.has_marks
        self._now, self.columns = new, listed
        if renamed:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(listed) - 1)
        if had_marks != self.has_marks:
            self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, self.rowCount() - 1)
        if self.rowCount() and is_new(old, new, *CELL_PARTS):
            typed = sum(column.stored for column in listed)
            first = self.index(0, 0 if is_new(old, new, "state.data") else typed)
            self.dataChanged.emit(first, self.index(self.rowCount() - 1, len(listed) - 1))

    def value(self, line: int, column: int) -> float | None:
        """Return the number in a cell. Return None if the number needs targets and the rows have none."""
        row, shown = self.row_of(line), self.columns[column]
        if shown.stored:
            return edits.value_at(self.state, shown.address, row)
        if shown.kind == "loss":
            return self._now.row_loss(row)
        values: Array | None = self._prediction(row, shown.compared)
        if shown.kind == "error":
            values = self._now.error(row, values)
        return None if values is None else float(values[shown.place])

    def _prediction(self, row: int, compared: bool) -> Array:
        """Return the prediction for a row, or that of the other network, which is computed once."""
        if not compared:
            return self._now.prediction(row)
        if row not in self._others:
            assert self._now.compared is not None
            self._others[row] = self._now.compared.network.predict(self.state.data.inputs[row])[0]
        return self._others[row]

    def blank_at(self, line: int, column: int) -> Hashable:
        """Return the place of the hidden result in a cell, or None if the cell shows its number."""
        shown = self.columns[column]
        place = shown.kind, shown.place, self.row_of(line), shown.compared
        return place if not shown.stored and self._now.hiding.hides(place) else None

    def text(self, line: int, column: int) -> str:
        """Return the number in a cell as displayed text, or a blank."""
        return BLANK if self.blank_at(line, column) else self.number_text(line, column)

    def number_text(self, line: int, column: int) -> str:
        """Return the number in a cell as text, even if it is hidden."""
        value = self.value(line, column)
        return NO_VALUE if value is None else as_text(value)

    def large_errors(self, lines: Sequence[int], columns: Iterable[int]) -> set[tuple[int, int]]:
        """Return the cells, as (line, column), with a large error, or with the loss of a row that has one."""
        shown = [(k, self.columns[k]) for k in columns]
        results = [(k, each) for k, each in shown if each.kind in RESULTS and not each.compared]
        parts = [(k, each.place if each.kind == "error" else ...) for k, each in results]
        large = self._now.large_errors([self.row_of(line) for line in lines]) if parts else None
        if large is None:
            return set()
        rows = [*zip(lines, large, strict=True)]
        return {(line, k) for k, part in parts for line, of_row in rows if of_row[part].any()}

    def row_text(self, line: int) -> str:
        """Return inputs and targets of a line for the clipboard: at full precision, separated by tabs."""
        values = (self.value(line, k) for k, column in enumerate(self.columns) if column.editable)
        return "\t".join(field_text(value) for value in values if value is not None)

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Return the number of listed rows."""
        return 0 if parent.isValid() else len(self._listed)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return the flags of a cell; inputs and targets are editable."""
        flags = super().flags(index)
        editable = index.isValid() and self.columns[index.column()].editable
        return flags | Qt.ItemFlag.ItemIsEditable if editable else flags

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        """Return the header of a column, or the number of a row, from 1."""
        if orientation == Qt.Orientation.Vertical:
            return self._row_header(section, role)
        column = self.columns[section]
        if role == Role.DisplayRole:
            name = self.short_headers.get(column.header, column.header)
            return f"{name}\n{column.scale}" if column.scale else name
        if role in (Role.ToolTipRole, Role.AccessibleTextRole):
            if column.formula:
                then = ", then standardised" if column.scale.endswith(SCALED) else ""
                return f"{column.header}, computed as {column.formula}{then}"
            if role == Role.AccessibleTextRole or not column.scale:
                return column.header
            return f"{column.header} = {column.scale}: (raw number x − mean) / standard deviation"
        return None

    def _row_header(self, line: int, role: int) -> str | None:
        """Return the number of a row, from 1, with a mark if the rows have marks: "78 ✗"."""
        number, is_text = f"{self.row_of(line) + 1}", role == Role.DisplayRole
        if role not in (Role.DisplayRole, Role.ToolTipRole, Role.AccessibleTextRole):
            return None
        if not self.has_marks:
            return number if is_text else f"row {number}"
        errors = self._now.large_errors([self.row_of(line)])
        is_right = errors is None or not errors.any()
        if is_text:
            return f"{number} {RIGHT if is_right else WRONG}"
        return f"row {number}, {'right' if is_right else 'wrong'} class"

    @property
    def has_marks(self) -> bool:
        """Whether a mark beside the number of each row says whether the class of the row is right."""
        state = self.state
        return means_classes(state) and state.data.targets is not None and not self._now.hiding.on

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Return the text of a cell. Tooltips, screen readers and editors get all digits of the number."""
        if role not in (Role.DisplayRole, Role.EditRole, Role.ToolTipRole, Role.AccessibleTextRole):
            return None
        if role == Role.DisplayRole:
            return self.text(index.row(), index.column())
        value = self.value(index.row(), index.column())
        if role == Role.EditRole:
            return field_text(value)
        column, validates = self.columns[index.column()], index.row() >= self.split_line
        text = "none" if value is None else full_text(value)
        if column.kind == "error" and self.large_errors([index.row()], [index.column()]):
            text += f", large: {large_error_reason(self.state, column.place)}"
        if self.blank_at(index.row(), index.column()):
            text = HIDDEN
        spoken = f"{column.header} {text}, validation row" if validates else f"{column.header} {text}"
        return spoken if role == Role.AccessibleTextRole else text

    def set_number(self, index: Index, number: float | None) -> None:
        """Set the number of a cell. If `number` is None, empty the cell, which must be in a target column.

        If the cell no longer exists, or contains the number already, change nothing.
        """
        state = self._document.state
        if not index.isValid() or _shape(state) != _shape(self.state):
            return
        row, column = self.row_of(index.row()), self.columns[index.column()]
        text, before = f"{column.header} of row {row + 1}", edits.value_at(state, column.address, row)
        if number == before or not self._document.edit(text, edits.set_value, column.address, number, row):
            return
        if number is None:
            self._desk.message.emit(f"{text} is empty now")
        elif column.kind == "target" and state.data.targets is None and len(state.data) > 1:
            self._desk.message.emit("All rows have targets now; each target that you have not typed is 0.")
        else:
            self._desk.message.emit(f"{text}: {as_text(number)}")


def is_edit_of_one_row(old: Dataset, new: Dataset) -> bool:
    """Return whether `new` differs from `old` in at most one row and has the same number of rows."""
    if old is new or len(old) != len(new):
        return old is new
    differ = np.zeros(len(old), dtype=bool)
    for before, after in ((old.inputs, new.inputs), (old.targets, new.targets)):
        # without targets, or after a node was added or removed, there is nothing to compare
        if before is not None and after is not None and before.shape == after.shape:
            differ |= (before != after).any(axis=1)
    return int(np.count_nonzero(differ)) <= 1
