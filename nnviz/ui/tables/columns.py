"""The columns of a table as a list: what each holds, its first values, and what a person makes of it.

Space, Enter, F2 or a click on the last cell opens the choice for all selected columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView

from nnviz.core.names import SHOWN, on_one_line, shortened
from nnviz.core.numbers import shown
from nnviz.files.table.findings import Choices, Finding, Role, described
from nnviz.files.table.table import Table

Index: TypeAlias = QModelIndex | QPersistentModelIndex
Use: TypeAlias = tuple[Role, bool]
"""A column's role, and whether each of its values is a node."""

HEADERS = ("Column", "Holds", "First values", "Use as")
NOWHERE = QModelIndex()
FIRST = 4
"""So many values are shown of each column."""
ROW_PX = 30
USES: dict[Use, str] = {
    ("input", False): "input",
    ("input", True): "inputs, one for each value",
    ("target", False): "target",
    ("target", True): "target, classes",
    ("left out", False): "left out",
}
OPENS = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2)


class Columns(QAbstractTableModel):
    """What the columns of a table hold and are used as; `chosen` says that a person has chosen."""

    chosen = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._table: Table | None = None
        self.found: Sequence[Finding] = ()
        self.choices = Choices((), ())

    def show_table(self, table: Table, found: Sequence[Finding], choices: Choices) -> None:
        """Show another table."""
        self.beginResetModel()
        self._table, self.found, self.choices = table, found, choices
        self.endResetModel()

    def uses(self, rows: Sequence[int]) -> list[Use]:
        """Return what columns can be used as, all of these: a text is never a number."""
        numbers = all(self.found[row].is_number for row in rows)
        return [use for use in USES if numbers or use[1] or use[0] == "left out"]

    def choose(self, rows: Sequence[int], use: Use) -> None:
        """Use columns as a person wants."""
        role, each_value = use
        roles, classes = [*self.choices.roles], [*self.choices.classes]
        for row in rows:
            roles[row], classes[row] = role, each_value or not self.found[row].is_number
        self.choices = replace(self.choices, roles=tuple(roles), classes=tuple(classes))
        self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), len(HEADERS) - 1))
        self.chosen.emit()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        """Return how many columns the table has."""
        return 0 if parent.isValid() else len(self.found)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        """Return how much is said of each."""
        return 0 if parent.isValid() else len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        """Return what a column of this list says, or a table's column by its number from 1."""
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return HEADERS[section] if orientation == Qt.Orientation.Horizontal else section + 1

    def data(self, index: Index, role: int = 0) -> Any:
        """Return what is said of a column."""
        row, text = index.row(), self._text(index.row(), index.column())
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            why = self.found[row].why if HEADERS[index.column()] == "Use as" else ""
            return f"{HEADERS[index.column()]}: {text}{f', as {why}' if why else ''}"
        return None

    def _text(self, row: int, column: int) -> str:
        found = self.found[row]
        if column == 0:
            return on_one_line(shortened(found.name, SHOWN)) or f"column {row + 1}"
        if column == 1:
            return described(found)
        return self._first(row) if column == 2 else f"{self._use(row)} ▾"

    def _use(self, row: int) -> str:
        role, classes = self.choices.roles[row], self.choices.classes[row]
        return USES[role, classes and role != "left out"]

    def _first(self, column: int) -> str:
        assert self._table is not None
        texts = self._table.texts(column)
        if texts is None:
            values = [shown(number) for number in self._table.numbers(column)[:FIRST].tolist()]
        else:
            values = [on_one_line(shortened(text, 20)) or "–" for text in texts[:FIRST]]
        return "  ".join(values) + ("  …" if len(self._table) > FIRST else "")


class ColumnsView(QTableView):
    """The list as a widget."""

    def __init__(self, columns: Columns) -> None:
        super().__init__()
        self._columns = columns
        self.setObjectName("rows")
        self.setAccessibleName("Columns of the table")
        self.setToolTip("Select columns, and press Space to say what they are used as")
        self.setModel(columns)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_PX)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(HEADERS.index("Holds"), QHeaderView.ResizeMode.Stretch)
        columns.modelReset.connect(self._begin)
        columns.chosen.connect(partial(self.resizeColumnToContents, HEADERS.index("Use as")))

    def _begin(self) -> None:
        self.resizeColumnsToContents()
        for k, most in ((0, 180), (2, 160)):
            self.setColumnWidth(k, min(self.columnWidth(k) + 12, most))
        if self._columns.rowCount():
            self.selectRow(0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Open the choice; the rest is Qt's."""
        if event.key() in OPENS and self.currentIndex().isValid():
            cell = self.visualRect(self.currentIndex().siblingAtColumn(len(HEADERS) - 1))
            self._open(cell.bottomLeft())
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open the choice where its cell was clicked."""
        super().mouseReleaseEvent(event)
        at = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and at.column() == len(HEADERS) - 1:
            self._open(self.visualRect(at).bottomLeft())

    def _open(self, at: QPoint) -> None:
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        if not rows:
            return
        menu = QMenu(self)
        for use in self._columns.uses(rows):
            menu.addAction(USES[use], partial(self._columns.choose, rows, use))
        menu.setActiveAction(menu.actions()[0])
        menu.exec(self.viewport().mapToGlobal(at))
        menu.deleteLater()
