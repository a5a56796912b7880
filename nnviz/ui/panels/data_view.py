"""The data panel's table as a widget: its keys, and what the mouse does in it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableView,
)

from nnviz.core.numbers import MINUS
from nnviz.ui.data.cells import NumberCells
from nnviz.ui.data.columns import column_widths, short_headers
from nnviz.ui.data.split import SplitLine
from nnviz.ui.data.table import DataTable, Index
from nnviz.ui.widgets.number_field import PIXELS_A_STEP, scrubbed
from nnviz.ui.widgets.theme import colours

Flag: TypeAlias = QItemSelectionModel.SelectionFlag
ROW_HEIGHT_PX = 30
LEAST_HEIGHT_PX = 3 * ROW_HEIGHT_PX
SETTLED_MS = 150
"""So long computed numbers have to stand before the columns follow them: in a fast run they would tremble."""
BEGIN = f"0123456789+-{MINUS}"
"""What a number begins with: typed on a cell, it opens the cell."""
SAMPLE = 100
"""So many typed numbers are measured, of the first rows; a longer one further down is written smaller."""


class TableView(QTableView):
    """A table of rows: a digit, Enter, F2 or a double click edits, Delete asks to empty the cell.

    Where rows were selected by their numbers, Delete asks to remove them, as Ctrl+Delete does anywhere.
    A number that is dragged sideways is scrubbed; dragged up or down, rows are selected.
    """

    clear_wished = Signal()
    remove_wished = Signal()
    all_wished = Signal()
    paste_wished = Signal()
    menu_wished = Signal(QPoint)

    def __init__(self, model: DataTable) -> None:
        super().__init__()
        self._table = model
        self.cells = NumberCells(model, self)
        self.setItemDelegate(self.cells)
        self.split = SplitLine(self)
        self._fit_soon = QTimer(self, singleShot=True)
        self._fit_soon.timeout.connect(self._fit_columns)
        self._pressed = QPointF()
        self._scrub_from: float | None = None
        self._scrub = 0
        self._scrubs = False
        self.setModel(model)
        self.setAccessibleName("Data")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMinimumHeight(LEAST_HEIGHT_PX)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
            | QAbstractItemView.EditTrigger.AnyKeyPressed
        )
        self.setCornerButtonEnabled(False)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(ROW_HEIGHT_PX)
        for chosen in (rows.sectionPressed, rows.sectionEntered):  # behind Qt's own, which selects the row
            chosen.connect(lambda _: self._choose_whole_rows(True))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setMinimumSectionSize(1)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        model.modelReset.connect(self._fit_columns)
        model.headerDataChanged.connect(self._fit_columns)
        model.dataChanged.connect(self._follow)
        # Else Qt would paint the panel, its room and the window under it in every frame of a run.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter edits; Delete empties or removes; Ctrl+C and Ctrl+V copy and paste; Escape ends a filter."""
        held = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        deletes = event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().flags() & Qt.ItemFlag.ItemIsEditable:  # Qt would warn of others
                self.edit(self.currentIndex())
        elif deletes and held == Qt.KeyboardModifier.ControlModifier:
            self.remove_wished.emit()
        elif deletes and not held:
            (self.remove_wished if self.cells.whole_rows else self.clear_wished).emit()
        elif event.key() == Qt.Key.Key_Escape and self._table.filtered:
            self.all_wished.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste_wished.emit()
        elif event.text().isprintable() and event.text() and not self._begins_number(event):
            event.ignore()  # what is no number is the window's: Space plays
        else:
            extends = self.cells.whole_rows and held & Qt.KeyboardModifier.ShiftModifier
            super().keyPressEvent(event)
            if extends:
                self._choose_whole_rows(True)

    def event(self, event: QEvent) -> bool:
        """Keep a digit from being a shortcut where it begins a number."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(self._begins_number(event))
            if event.isAccepted():
                return True
        return super().event(event)

    def _begins_number(self, event: QKeyEvent) -> bool:
        typed = event.text() in BEGIN and bool(event.text())
        plain = not event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        return typed and plain and bool(self.currentIndex().flags() & Qt.ItemFlag.ItemIsEditable)

    def _choose_whole_rows(self, whole: bool) -> None:
        """Take the selection for whole rows from now on, or for the cells of a column."""
        if whole != self.cells.whole_rows:
            self.cells.whole_rows = whole
            self.viewport().update()

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Take what goes to another cell for a choice of cells."""
        super().currentChanged(current, previous)
        self._choose_whole_rows(False)

    def selectionCommand(self, index: Index, event: QEvent | None = None) -> Flag:
        """Take the selection along wherever a key goes; while Ctrl is held, Qt would leave it behind."""
        command = super().selectionCommand(index, event)
        if command != Flag.NoUpdate or not isinstance(event, QKeyEvent):
            return command
        extends = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        return Flag.Rows | (Flag.SelectCurrent if extends else Flag.ClearAndSelect)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select, and be ready to scrub a number that a person types."""
        self._choose_whole_rows(False)
        super().mousePressEvent(event)
        index, self._pressed, self._scrubs = self.indexAt(event.position().toPoint()), event.position(), False
        typed = index.isValid() and self._table.columns[index.column()].editable
        plain = event.button() == Qt.MouseButton.LeftButton and not event.modifiers()
        self._scrub_from = self._table.value(index.row(), index.column()) if typed and plain else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub a number that is dragged sideways."""
        way = event.position() - self._pressed
        if not self._scrubs and self._scrub_from is not None:
            self._scrubs = abs(way.x()) >= PIXELS_A_STEP and abs(way.x()) > abs(way.y())
            self._scrub += self._scrubs
        if not self._scrubs:
            super().mouseMoveEvent(event)
            return
        index = self.indexAt(self._pressed.toPoint())
        value = scrubbed(self._scrub_from, way.x(), event.modifiers())
        self._table.put(index, value, ("scrub", id(self), self._scrub))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a scrub; have the current row, which the diagram shows, among the selected ones."""
        super().mouseReleaseEvent(event)
        self._select_current()
        self._scrub_from, self._scrubs = None, False
        self._fit_columns()

    def _select_current(self) -> None:
        """Go to the nearest selected row where Ctrl and a click took the current one out."""
        current, chosen = self.currentIndex(), self.selectionModel()
        if not current.isValid() or chosen.isRowSelected(current.row(), QModelIndex()):
            return
        rows = (index.row() for index in chosen.selectedRows())
        row = min(rows, key=lambda row: abs(row - current.row()), default=current.row())
        chosen.setCurrentIndex(current.siblingAtRow(row), Flag.Select | Flag.Rows)

    def dataChanged(self, first: Index, last: Index, roles: Sequence[int] = ()) -> None:
        """Paint the columns behind the typed ones alone where these have changed: in a run, each frame."""
        if self._table.columns[first.column()].editable:
            super().dataChanged(first, last, roles)
        else:
            left = self.columnViewportPosition(first.column())
            self.viewport().update(self.viewport().rect().adjusted(left, 0, 0, 0))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for a menu, at the mouse or, by the menu key, at the current cell."""
        at = event.globalPos()
        if event.reason() == QContextMenuEvent.Reason.Keyboard and self.currentIndex().isValid():
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).bottomLeft())
        self.menu_wished.emit(at)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint, and tell how long it took."""
        start = time.perf_counter()
        with QPainter(self.viewport()) as painter:
            painter.fillRect(event.rect(), QColor(colours().surface))
        self._choose_sizes()
        super().paintEvent(event)
        self._table.painted(1e3 * (time.perf_counter() - start))

    def changeEvent(self, event: QEvent) -> None:
        """Fit the columns to texts of another size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.isVisible():
            self._fit_columns()

    def showEvent(self, event: QShowEvent) -> None:
        """Fit the columns to what has changed meanwhile."""
        super().showEvent(event)
        self._fit_columns()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave the columns alone while nobody sees them."""
        super().hideEvent(event)
        self._fit_soon.stop()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Scroll; the "…" of a number that is cut off stays where it is seen."""
        super().scrollContentsBy(dx, dy)
        if dx:
            self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Spread the columns over the room."""
        super().resizeEvent(event)
        self._fit_columns()

    def _follow(self, first: Index, _last: Index) -> None:
        """Fit the columns to other numbers, to typed ones at once, but not while the mouse scrubs one."""
        if not self.isVisible():
            return
        if not self._table.columns[first.column()].editable:
            self._fit_soon.start(SETTLED_MS)
        elif not QGuiApplication.mouseButtons():
            self._fit_columns()

    def _fit_columns(self) -> None:
        """Make names and numbers readable; where they have no room the columns scroll, row numbers do not."""
        listed = self._table.columns
        few = len(listed) <= SAMPLE
        self._table.use_short_headers(short_headers([each.header for each in listed]))
        columns = [
            (
                max(self._table.headerData(k, Qt.Orientation.Horizontal).splitlines(), key=len),
                self._texts(k) if few else (),  # many would take long: they have the room of computed ones
                not (few and each.editable),
            )
            for k, each in enumerate(listed)
        ]
        for k, width in enumerate(column_widths(columns, self.viewport().width())):
            self.horizontalHeader().resizeSection(k, width)

    def _texts(self, column: int) -> list[str]:
        """Return numbers of a column as they are written: typed ones of the first rows, computed in sight."""
        first = range(min(SAMPLE // len(self._table.columns) + 1, self._table.rowCount()))
        rows = first if self._table.columns[column].editable else self._rows_in_sight()
        return [self._table.index(row, column).data() for row in rows]

    def _rows_in_sight(self) -> range:
        top, bottom = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        return range(max(top, 0), bottom + 1 if bottom >= 0 else self._table.rowCount())

    def _choose_sizes(self) -> None:
        """Choose the font of each column in sight, and make room where a number has none in any."""
        header, rows = self.horizontalHeader(), self._rows_in_sight()
        right = header.visualIndexAt(self.viewport().width() - 1)
        last = right if right >= 0 else header.count() - 1
        widths = {k: header.sectionSize(k) for k in range(max(header.visualIndexAt(0), 0), last + 1)}
        before = dict(self.cells.fonts)
        if not self.cells.choose_fonts(rows, widths) and len(self._table.columns) <= SAMPLE:
            self._fit_soon.start(0)
        if self.cells.fonts != before:
            self.viewport().update()  # also what is not painted at present

    def copy(self) -> None:
        """Copy the selected rows."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        QGuiApplication.clipboard().setText("\n".join(self._table.row_text(row) for row in rows))
