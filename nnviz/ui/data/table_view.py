"""The data panel's table as a widget: its keys, and how its columns share the room."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from nnviz.core.numbers import MINUS
from nnviz.ui.data.cells import MARGIN_PX, PADDING_PX
from nnviz.ui.data.table import DIGITS, DataTable, TableColumn
from nnviz.ui.widgets.theme import ui_font

ROW_HEIGHT = 34
SHORT, MIDDLE, LONG = f"{MINUS}1.234", f"{MINUS}1.23456", f"{MINUS}0.{'0' * DIGITS}"
"""Numbers that a column has room for: where it is tight, where columns scroll, where there is room."""
LONGEST_NAME = 220
"""The widest name, in pixels, that a column shows in full."""


class TableView(QTableView):
    """A table of rows: typing, Enter, F2 or a double click edits, Delete asks to remove the selected rows."""

    remove_wished = Signal()
    paste_wished = Signal()
    menu_wished = Signal(QPoint)

    def __init__(self, model: DataTable) -> None:
        super().__init__()
        self._table = model
        self.setModel(model)
        self.setAccessibleName("Data")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMinimumHeight(3 * ROW_HEIGHT)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        self.verticalHeader().setVisible(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setMinimumSectionSize(1)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # names often differ at their ends
        model.modelReset.connect(self._fit_columns)
        model.headerDataChanged.connect(self._fit_columns)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter edits; Delete removes rows; Ctrl+C and Ctrl+V copy and paste."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.edit(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Delete) or event.key() == Qt.Key.Key_Backspace:
            self.remove_wished.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste_wished.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for a menu, at the mouse or, by the menu key, at the current cell."""
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard and self.currentIndex().isValid():
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        self.menu_wished.emit(at)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Spread the columns over the room."""
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Show all columns at once if their numbers can be read so, names shortened; else let them scroll."""
        columns, room = self._table.columns, self.viewport().width()
        header = self.horizontalHeader().fontMetrics()
        numbers = QFontMetrics(ui_font(13, QFont.Weight.DemiBold))
        short, middle, long = (
            numbers.horizontalAdvance(text) + PADDING_PX + MARGIN_PX for text in (SHORT, MIDDLE, LONG)
        )
        named = [max(short, _name_width(header, column)) for column in columns]
        least = [short if column.editable else width for column, width in zip(columns, named, strict=True)]
        if sum(named) <= room:
            widths = _grown(named, [max(long, width) for width in named], room)
        elif sum(least) <= room:
            widths = _grown(least, named, room)
        else:
            widths = [max(middle, width) for width in named]
        for k, width in enumerate(widths):
            self.horizontalHeader().resizeSection(k, width)

    def copy(self) -> None:
        """Copy the selected rows."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        QGuiApplication.clipboard().setText("\n".join(self._table.row_text(row) for row in rows))


def _name_width(metrics: QFontMetrics, column: TableColumn) -> int:
    return min(metrics.horizontalAdvance(column.header), LONGEST_NAME) + 2 * PADDING_PX + MARGIN_PX


def _grown(least: list[int], wished: list[int], room: int) -> list[int]:
    """Return widths that fill `room`: from the least towards what is wished, then the same more for each."""
    spare, needed = room - sum(least), sum(wished) - sum(least)
    part = min(1.0, spare / needed) if needed else 1.0
    widths = [low + int(part * (high - low)) for low, high in zip(least, wished, strict=True)]
    share, rest = divmod(room - sum(widths), len(widths))
    return [width + share + (k < rest) for k, width in enumerate(widths)]
