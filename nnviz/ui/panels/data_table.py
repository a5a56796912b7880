"""The model of the data table: its columns, cells and edits."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from nnviz.core import edits
from nnviz.core.losses import MSE
from nnviz.core.numbers import MINUS, shown, shown_in_full, written
from nnviz.core.state import Column, Dataset, State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle

Index: TypeAlias = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NOTHING = "–"
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
NOWHERE = QModelIndex()
SHARE = 4
"""Of a run's time, painting the table takes no more than one part in so many."""
COMPUTED = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
TYPED = COMPUTED | Qt.ItemFlag.ItemIsEditable


class TableColumn(NamedTuple):
    """A column: what it shows, of which input or output, and its header."""

    kind: Literal["input", "target", "prediction", "error", "loss"]
    place: int
    header: str
    scale: str = ""
    """How a standardised input is made of the raw number x."""

    @property
    def editable(self) -> bool:
        """Whether a person can type into it."""
        return self.kind in ("input", "target")

    @property
    def strong(self) -> bool:
        """Whether its numbers may be semibold."""
        return self.editable or self.kind == "error"


def columns(state: State) -> list[TableColumn]:
    """Return the columns of a State's table; the last one is each row's loss."""
    network, measure = state.network, state.measure
    outputs = network.outputs
    scales = {column.nodes[0]: _scale(column) for column in state.columns if not column.is_plain}
    listed = [TableColumn("input", i, name, scales.get(name, "")) for i, name in enumerate(network.inputs)]
    for kind in ("target", "prediction", "error"):
        for j, name in enumerate(outputs):
            listed.append(TableColumn(kind, j, kind if len(outputs) == 1 else f"{kind} {name}"))
    squares = measure is MSE and len(outputs) == 1
    return [*listed, TableColumn("loss", 0, "error²" if squares else measure.word)]


def _scale(column: Column) -> str:
    """Return "(x − 29.5) / 14.2" of a column of numbers that is standardised, else ""."""
    if column.values or (column.mean, column.deviation) == (0.0, 1.0):
        return ""
    sign = MINUS if column.mean >= 0 else "+"
    return f"(x {sign} {shown(abs(column.mean))}) / {shown(column.deviation)}"


def _kinds(listed: list[TableColumn]) -> list[str]:
    return [column.kind for column in listed]


class DataTable(QAbstractTableModel):
    """The document's rows, or some of them. Every edit is one undo entry.

    A line of the table is a place among those that are listed; `row_of` a line is its row in the document.

    =========== ========================================================================
    `said`      an edit did more than it shows; carries the sentence
    `split`     other rows are trained on, or kept for validation
    =========== ========================================================================
    """

    said = Signal(str)
    split = Signal()

    def __init__(self, document: Document, derived: Derived) -> None:
        super().__init__(document)
        self._document, self._derived = document, derived
        self._state = document.state
        self.columns = columns(self._state)
        self._listed: NDArray[np.intp] | None = None
        """The rows that are listed, in order; None for all."""
        self._short: dict[str, str] = {}
        self._computed = MotionThrottle(self, self._tell_computed, document, motion_ms=0.0, share=SHARE)
        document.state_changed.connect(self._follow)

    def painted(self, ms: float) -> None:
        """Take the time that painting took: where it is long, some States of a run are left out."""
        self._computed.took(ms)

    def use_short_headers(self, short: dict[str, str]) -> None:
        """Show these short headers, each by the header that it stands for, from now on."""
        self._short = short

    # --- which rows are listed

    @property
    def filtered(self) -> bool:
        """Whether not all rows are listed."""
        return self._listed is not None

    def list_rows(self, rows: NDArray[np.intp] | None) -> None:
        """List these rows alone, given in order, until others come, go or change together; None: all."""
        self.beginResetModel()
        self._listed = rows
        self.endResetModel()

    def row_of(self, line: int) -> int:
        """Return the row that stands in a line."""
        return line if self._listed is None else int(self._listed[line])

    def line_of(self, row: int) -> int | None:
        """Return the line in which a row stands; None where it is not listed."""
        if self._listed is None:
            return row if row < len(self._state.data) else None
        line = int(np.searchsorted(self._listed, row))
        return line if line < len(self._listed) and self._listed[line] == row else None

    @property
    def kept_from(self) -> int:
        """The first line that is kept for validation; behind the last one where none is."""
        kept = self._state.trained_rows if self._state.validated else len(self._state.data)
        return kept if self._listed is None else int(np.searchsorted(self._listed, kept))

    # --- following the document

    def _follow(self, old: State, new: State) -> None:
        self._take(old, new)
        if old.training is not new.training or old.data is not new.data:
            self.split.emit()

    def _take(self, old: State, new: State) -> None:
        measured = old.measure is not new.measure
        if old.network is new.network and old.data is new.data and not measured:
            self._state = new
            return
        names = (old.network.inputs, old.network.outputs), (new.network.inputs, new.network.outputs)
        renamed = measured or names[0] != names[1] or old.columns != new.columns
        listed = columns(new) if renamed else self.columns
        all_again = self._listed is not None and not is_an_edit(old.data, new.data)
        reshaped = len(old.data) != len(new.data) or (renamed and _kinds(listed) != _kinds(self.columns))
        reshaped = reshaped or all_again
        if reshaped:
            self.beginResetModel()
        self._state, self.columns = new, listed
        self._listed = None if all_again else self._listed
        if reshaped:
            self.endResetModel()
            return
        if renamed:
            self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)
        if old.data is not new.data:
            self._tell_from(0)
        else:
            self._computed.changed()

    def _tell_computed(self) -> None:
        self._tell_from(sum(column.editable for column in self.columns))  # behind inputs and targets

    def _tell_from(self, first: int) -> None:
        if lines := self.rowCount():
            last = self.index(lines - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, first), last)

    def value(self, line: int, column: int) -> float | None:
        """Return the number in a cell, or None where it needs a target and there is none."""
        row = self.row_of(line)
        kind, index, *_ = self.columns[column]
        data = self._state.data
        if kind == "input":
            return float(data.inputs[row, index])
        if kind == "prediction":
            return float(self._derived.prediction(row)[index])
        if data.targets is None:
            return None
        if kind == "target":
            return float(data.targets[row, index])
        if kind == "loss":
            return self._derived.row_loss(row)
        error = self._derived.error(row)
        assert error is not None
        return float(error[index])

    def row_text(self, line: int) -> str:
        """Return a line at full precision, tab-separated, as it is copied."""
        values = (self.value(line, column) for column in range(len(self.columns)))
        return "\t".join(map(written, values))

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Return the number of rows that are listed."""
        return 0 if parent.isValid() else len(self._state.data if self._listed is None else self._listed)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Tell what a cell allows: inputs and targets can be typed into."""
        return TYPED if index.isValid() and self.columns[index.column()].editable else COMPUTED

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        """Return a column's header, or a row's number from 1."""
        if orientation == Qt.Orientation.Vertical:
            if role == Role.TextAlignmentRole:
                return RIGHT
            return self.row_of(section) + 1 if role == Role.DisplayRole else None
        column = self.columns[section]
        if role == Role.DisplayRole:
            name = self._short.get(column.header, column.header)
            return f"{name}\n{column.scale}" if column.scale else name
        if role in (Role.ToolTipRole, Role.AccessibleTextRole):
            if role == Role.AccessibleTextRole or not column.scale:
                return column.header
            return f"{column.header} = {column.scale}: x is the raw number, then mean and deviation"
        return RIGHT if role == Role.TextAlignmentRole else None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        """Return what is shown, told (full precision) or edited in a cell."""
        if role == Role.TextAlignmentRole:
            return RIGHT
        if role not in (Role.DisplayRole, Role.EditRole, Role.ToolTipRole, Role.AccessibleTextRole):
            return None
        value = self.value(index.row(), index.column())
        if role == Role.EditRole:
            return written(value)
        if role == Role.DisplayRole:
            return NOTHING if value is None else shown(value)
        name = self.columns[index.column()].header
        text = "none" if value is None else shown_in_full(value)
        kept = ", kept for validation" if index.row() >= self.kept_from else ""
        return f"{name} {text}{kept}" if role == Role.AccessibleTextRole else text

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:
        """Take a number for a cell."""
        if role != Role.EditRole:
            return False
        self.put(index, value)
        return True

    def refusal_to_clear(self, rows: list[int]) -> str:
        """Return why a target of these rows cannot be empty, or ""."""
        try:
            edits.clear_targets(self._state, rows)
        except ValueError as error:
            return str(error)
        return ""

    def put(self, index: Index, number: float | None, merge: Hashable | None = None) -> None:
        """Give a cell a number, a target none by None; the same `merge` in a row is one undo entry."""
        state, row, column = self._state, self.row_of(index.row()), self.columns[index.column()]
        if number == self.value(index.row(), index.column()):
            return
        text = f"{column.header} of row {row + 1}"
        if number is None:
            if self._document.edit(text, edits.clear_targets, [row]):
                self.said.emit(f"{text} is empty now")
            return
        change = edits.set_input if column.kind == "input" else edits.set_target
        if not self._document.edit(text, change, row, column.place, number, merge=merge):
            return
        if column.kind == "target" and state.data.targets is None and state.data.inputs.shape[0] > 1:
            self.said.emit("The rows have targets now; those that you did not type are 0.")
        else:
            self.said.emit(f"{text}: {shown(number)}")


def is_an_edit(old: Dataset, new: Dataset) -> bool:
    """Tell whether rows are still the same ones in the same order: no more than one of them is different."""
    if old is new or len(old) != len(new):
        return old is new
    differ = np.zeros(len(old), dtype=bool)
    for before, after in ((old.inputs, new.inputs), (old.targets, new.targets)):
        if before is after or before is None or after is None:
            continue
        if before.shape != after.shape:  # a node was added or removed
            continue
        differ |= (before != after).any(axis=1)
    return int(np.count_nonzero(differ)) <= 1
