"""The rows as Qt's table model: inputs, targets, predictions, errors. Knows nothing of the view."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal, NamedTuple, TypeAlias

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from nnviz.core import edits
from nnviz.core.losses import MSE
from nnviz.core.numbers import shown, shown_in_full, written
from nnviz.core.state import State
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
    listed = [TableColumn("input", i, name) for i, name in enumerate(network.inputs)]
    for kind in ("target", "prediction", "error"):
        for j, name in enumerate(outputs):
            listed.append(TableColumn(kind, j, kind if len(outputs) == 1 else f"{kind} {name}"))
    squares = measure is MSE and len(outputs) == 1
    return [*listed, TableColumn("loss", 0, "error²" if squares else measure.word)]


def _kinds(listed: list[TableColumn]) -> list[str]:
    return [column.kind for column in listed]


class DataTable(QAbstractTableModel):
    """The document's rows. Every edit is one undo entry.

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
        self._computed = MotionThrottle(self, self._tell_computed, document, motion_ms=0.0, share=SHARE)
        document.state_changed.connect(self._follow)

    def painted(self, ms: float) -> None:
        """Take the time that painting took: where it is long, some States of a run are left out."""
        self._computed.took(ms)

    @property
    def kept_from(self) -> int:
        """The first of the rows that are kept for validation; behind the last one where none is."""
        return self._state.trained_rows if self._state.validated else len(self._state.data)

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
        renamed = measured or names[0] != names[1]
        listed = columns(new) if renamed else self.columns
        reshaped = len(old.data) != len(new.data) or (renamed and _kinds(listed) != _kinds(self.columns))
        if reshaped:
            self.beginResetModel()
        self._state, self.columns = new, listed
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
        if len(self._state.data):
            last = self.index(len(self._state.data) - 1, len(self.columns) - 1)
            self.dataChanged.emit(self.index(0, first), last)

    def value(self, row: int, column: int) -> float | None:
        """Return the number in a cell, or None where it needs a target and there is none."""
        kind, index, _ = self.columns[column]
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

    def row_text(self, row: int) -> str:
        """Return a row at full precision, tab-separated, as it is copied."""
        values = (self.value(row, column) for column in range(len(self.columns)))
        return "\t".join(map(written, values))

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Return the number of rows."""
        return 0 if parent.isValid() else len(self._state.data)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(self.columns)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Tell what a cell allows: inputs and targets can be typed into."""
        return TYPED if index.isValid() and self.columns[index.column()].editable else COMPUTED

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        """Return a column's header, or a row's number from 1."""
        if orientation == Qt.Orientation.Vertical:
            return (
                RIGHT if role == Role.TextAlignmentRole else section + 1 if role == Role.DisplayRole else None
            )
        if role in (Role.DisplayRole, Role.ToolTipRole):
            return self.columns[section].header
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

    def put(self, index: Index, number: float, merge: Hashable | None = None) -> None:
        """Give a cell a number; pushes in a row with the same `merge` are one undo entry."""
        state, row, column = self._state, index.row(), self.columns[index.column()]
        if number == self.value(row, index.column()):
            return
        change = edits.set_input if column.kind == "input" else edits.set_target
        text = f"{column.header} of row {row + 1}"
        if not self._document.edit(text, change, row, column.place, number, merge=merge):
            return
        if column.kind == "target" and state.data.targets is None and state.data.inputs.shape[0] > 1:
            self.said.emit("The rows have targets now; those that you did not type are 0.")
        else:
            self.said.emit(f"{text}: {shown(number)}")
