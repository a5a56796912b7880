"""The data panel's table as a widget: keys, how columns share the room, how a cell is painted and edited."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPersistentModelIndex, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from nnviz.core.numbers import MINUS, parsed, shown
from nnviz.ui.data.table import NOTHING, RIGHT, DataTable, Index, TableColumn
from nnviz.ui.widgets.number_field import PIXELS_A_STEP, NumberField, scrubbed
from nnviz.ui.widgets.theme import colours, ui_font

ROW_HEIGHT_PX = 30
BEGIN = f"0123456789+-{MINUS}"
"""What a number begins with: typed on a cell, it opens the cell."""
SHORT, MIDDLE, LONG = f"{MINUS}1.234", f"{MINUS}0.01234", f"{MINUS}0.00000000"
"""Numbers that a column has room for: where it is tight, where columns scroll, where there is room."""
LONGEST_NAME_PX = 220
"""The widest name that a column shows in full."""
PADDING_PX, MARGIN_PX = 8, 4
"""At the right of a number, and the least at its left."""
SIZES_PX = 13, 11, 9.5
"""Font sizes of a number, the best first; the first that fits is taken."""


class TableView(QTableView):
    """A table of rows: a digit, Enter, F2 or a double click edits, Delete asks to remove the selected rows.

    A number that is dragged sideways is scrubbed; dragged up or down, rows are selected.
    """

    remove_wished = Signal()
    paste_wished = Signal()
    menu_wished = Signal(QPoint)

    def __init__(self, model: DataTable) -> None:
        super().__init__()
        self._table = model
        self._pressed = QPointF()
        self._scrub_from: float | None = None
        self._scrub = 0
        self._scrubs = False
        self.setModel(model)
        self.setAccessibleName("Data")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMinimumHeight(3 * ROW_HEIGHT_PX)
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
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT_PX)
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
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().flags() & Qt.ItemFlag.ItemIsEditable:  # Qt would warn of others
                self.edit(self.currentIndex())
        elif event.matches(QKeySequence.StandardKey.Delete) or event.key() == Qt.Key.Key_Backspace:
            self.remove_wished.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste_wished.emit()
        elif event.text().isprintable() and event.text() and not self._begins_number(event):
            event.ignore()  # what is no number is the window's: Space plays
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep a digit from being a shortcut where it begins a number."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            if self._begins_number(event):
                event.accept()
                return True
        return super().event(event)

    def _begins_number(self, event: QKeyEvent) -> bool:
        typed = event.text() in BEGIN and bool(event.text())
        plain = not event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
        return typed and plain and bool(self.currentIndex().flags() & Qt.ItemFlag.ItemIsEditable)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select, and be ready to scrub a number that a person types."""
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
        """End a scrub."""
        super().mouseReleaseEvent(event)
        self._scrub_from, self._scrubs = None, False

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
    return min(metrics.horizontalAdvance(column.header), LONGEST_NAME_PX) + 2 * PADDING_PX + MARGIN_PX


def _grown(least: list[int], wished: list[int], room: int) -> list[int]:
    """Return widths that fill `room`: from the least towards what is wished, then the same more for each."""
    spare, needed = room - sum(least), sum(wished) - sum(least)
    part = min(1.0, spare / needed) if needed else 1.0
    widths = [low + int(part * (high - low)) for low, high in zip(least, wished, strict=True)]
    share, rest = divmod(room - sum(widths), len(widths))
    return [width + share + (k < rest) for k, width in enumerate(widths)]


def fitted(fonts: Sequence[QFont], text: str, room: int) -> tuple[str, QFont]:
    """Return a number's text and the first font in which it fits, or "…": part of a number is another."""
    for font in fonts:
        if QFontMetrics(font).horizontalAdvance(text) <= room:
            return text, font
    return "…", fonts[-1]


class NumberCells(QStyledItemDelegate):
    """Right-aligned numbers; inputs and targets are semibold, errors coloured.

    ================ ================================================================================
    `accepted`       (row, column, key) a typed number was taken with Enter, Tab or Backtab
    `begun`          an editor has opened
    `refused`        a typed text is not a number; carries the sentence, or "" once it is mended
    `shown_row`      the row on the diagram, which is highlighted
    ================ ================================================================================
    """

    accepted = Signal(object, object, object)
    begun = Signal()
    refused = Signal(str)

    def __init__(self, table: DataTable, parent: QObject) -> None:
        super().__init__(parent)
        self._table = table
        self._edited = QPersistentModelIndex()
        self.shown_row = 0
        self._normal = [ui_font(size) for size in SIZES_PX]
        self._bold = [ui_font(size, QFont.Weight.DemiBold) for size in SIZES_PX]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint straight, without the style sheet: many cells change a frame during a run."""
        p, row, column = colours(), index.row(), index.column()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        if row == self.shown_row or state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(p.selection))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), QColor(p.line))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(p.accent), 2))
            painter.drawRect(rect.adjusted(2, 2, -2, -3))
        kind, value = self._table.columns[column].kind, self._table.value(row, column)
        wrong = kind == "error" and value is not None and value != 0.0
        strong = wrong or self._table.columns[column].editable
        painter.setPen(QColor(p.error if wrong else p.muted if value is None else p.ink))
        text = NOTHING if value is None else shown(value)
        room = rect.width() - PADDING_PX - MARGIN_PX
        text, font = fitted(self._bold if strong else self._normal, text, room)
        painter.setFont(font)
        painter.drawText(rect.adjusted(0, 0, -PADDING_PX, 0), RIGHT, text)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """Return a field for the number, to be filled with all its digits."""
        header = self._table.columns[index.column()].header

        def read(text: str) -> float:
            try:
                return parsed(text)
            except ValueError as error:
                raise ValueError(f"{header}: {error}") from None

        field = NumberField(read, parent=parent)
        field.setObjectName("cell")
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setAccessibleName(f"{header}, row {index.row() + 1}")
        self._edited = edited = QPersistentModelIndex(index)
        field.accepted.connect(lambda value: self._table.setData(edited, value))
        field.refused.connect(self.refused)
        self.begun.emit()
        return field

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Fill in the number with its text selected; what is being typed stays."""
        assert isinstance(editor, NumberField)
        if not editor.touched:
            editor.show_value(self._table.value(index.row(), index.column()))
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QObject, index: Index) -> None:
        """Take what was typed; an untouched field changes nothing."""
        assert isinstance(editor, NumberField)
        editor.commit()

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """Lay the field over its cell."""
        editor.setGeometry(option.rect.adjusted(1, 1, -1, -2))

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Enter and Tab accept and move on, unless the text is refused; Escape restores."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            assert isinstance(editor, NumberField)
            key = event.key()
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                self._accept(editor, key)
                return True
            if key == Qt.Key.Key_Escape:
                editor.show_value(editor.value)  # before it closes and loses the focus
        return super().eventFilter(editor, event)

    def _accept(self, editor: NumberField, key: int) -> None:
        row, column = self._edited.row(), self._edited.column()
        if not editor.commit():
            editor.selectAll()
            return
        self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.NoHint)
        self.accepted.emit(row, column, key)
