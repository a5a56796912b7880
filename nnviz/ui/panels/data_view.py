"""The view of the data table: cells, column widths, the validation line, mouse and keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QPersistentModelIndex, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
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

from nnviz.core import edits
from nnviz.core.numbers import MINUS, as_text, counted
from nnviz.core.results import BLANK
from nnviz.ui.kit.controls import named, shorten_to_width
from nnviz.ui.kit.desk import TEXT_MS, Desk
from nnviz.ui.kit.number_field import NumberField
from nnviz.ui.kit.theme import colours, px, ui_font
from nnviz.ui.panels.data_table import NO_VALUE, DataTable, Index

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class NumberCells(QStyledItemDelegate):
    """Delegate for numbers: inputs and targets are semibold, validation rows muted.

    Large errors, and losses of rows with large errors, are semibold and in the colour of errors.

    =============== ==============================================================================
    `accepted`      a number was entered with Enter, Tab or Backtab; carries line, column and key
    `editing_begun` a field for typing has opened in a cell
    `refused`       carries why a typed text is refused, or "" once the text is valid again
    =============== ==============================================================================
    """

    accepted = Signal(object, object, object)
    editing_begun = Signal()
    refused = Signal(str)

    def __init__(self, table: DataTable, parent: QObject) -> None:
        super().__init__(parent)
        self._table = table
        self._edited = QPersistentModelIndex()
        self._texts: dict[tuple[int, int], str] = {}
        """The text of each visible cell, by line and column."""
        self._large: set[tuple[int, int]] = set()
        """The visible cells, as (line, column), of large errors."""
        self.use_size(SIZES_PX[0])

    def use_size(self, pixels: float) -> None:
        """Write the numbers in a font size, in pixels at 100 %."""
        self._fonts = [ui_font(pixels, weight) for weight in (QFont.Weight.Normal, QFont.Weight.DemiBold)]

    def update_texts(self, lines: range, columns: range) -> None:
        """Update the texts of the visible lines and columns."""
        self._texts = {(line, column): self._table.text(line, column) for column in columns for line in lines}
        self._large = self._table.large_errors(lines, columns)

    def fit(self, width: Callable[[int], int]) -> bool:
        """Return whether each visible number fits into its column; `width` returns a column's pixels."""
        needed = QFontMetrics(self._fonts[1]).horizontalAdvance
        return all(needed(text) + px(PADDING_PX) <= width(k) for (_, k), text in self._texts.items())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint a cell without the style sheet, which is slow: a run changes many cells in each frame."""
        p, line, column = colours(), index.row(), self._table.columns[index.column()]
        text, rect = self._texts[line, index.column()], option.rect
        state: QStyle.StateFlag = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(p.selection))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), QColor(p.line))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(p.accent), 2))
            painter.drawRect(rect.adjusted(2, 2, -2, -3))
        large = (line, index.column()) in self._large and text != BLANK
        muted = text == NO_VALUE or line >= self._table.split_line
        painter.setPen(QColor(p.error if large else p.muted if muted else p.ink))
        painter.setFont(self._fonts[column.editable or large])
        room = rect.adjusted(0, 0, -px(PADDING_PX), 0).intersected(painter.viewport())
        width = painter.fontMetrics().horizontalAdvance
        if width(text) > room.width():  # a cut number would look like another
            text = "…" if width("…") <= room.width() else ""
        painter.drawText(room, RIGHT, text)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """Return the field in which the number of a cell is typed."""
        column = self._table.columns[index.column()]
        header, row = column.header, self._table.row_of(index.row())
        field = named(NumberField(parent=parent), f"{header}, row {row + 1}")
        if column.kind == "target":
            field.empty = lambda: edits.clear_targets(self._table.state, [row])
        field.setObjectName("cell")
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._edited = edited = QPersistentModelIndex(index)
        field.accepted.connect(lambda value: self._table.set_number(edited, value))
        field.refused.connect(lambda why: self.refused.emit(f"{header}: {why}" if why else ""))
        self.editing_begun.emit()
        return field

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """Show all digits of the number and select them, unless the user has typed something."""
        assert isinstance(editor, NumberField)
        if not editor.is_edited:
            editor.show_value(self._table.value(index.row(), index.column()))
            editor.selectAll()

    def setModelData(self, editor: QWidget, model: QObject, index: Index) -> None:
        """Commit the typed number. If the user has typed nothing, change nothing."""
        assert isinstance(editor, NumberField)
        editor.commit()

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """Place the field over its cell."""
        assert isinstance(editor, NumberField)
        editor.place_over(option.rect.adjusted(1, 1, -1, -2))

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        """Accept the number and move on with Enter or Tab; restore the old number with Escape."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            assert isinstance(editor, NumberField)
            key = event.key()
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
                row, column = self._edited.row(), self._edited.column()
                if editor.commit():
                    self.closeEditor.emit(editor, QStyledItemDelegate.EndEditHint.NoHint)
                    self.accepted.emit(row, column, key)
                else:
                    editor.selectAll()
                return True
            if key == Qt.Key.Key_Escape:
                editor.show_value(editor.value)  # before the editor loses the focus and commits
        return super().eventFilter(editor, event)


SAMPLE = f"{MINUS}1.234"
"""A column is at least as wide as this number, since numbers change."""
LONGEST_NAME_PX = 220
"""Names wider than this, in pixels at 100 %, are shortened."""
PADDING_PX, MARGIN_PX = 4, 6
"""Gaps beside texts, at 100 %. PADDING_PX: right. MARGIN_PX: left."""
ROUNDING_PX = 1
"""Pixels added to the measured width of a name, since Qt rounds the widths of letters."""
NAME_PX = 12
"""Font size of a column name, in pixels at 100 %."""
SIZES_PX = 13, 12, 11, 9.5
"""Font sizes of numbers, in pixels at 100 %. The table uses the first size in which it need not scroll."""


def column_widths(headers: Sequence[str], texts: Sequence[Sequence[str]], size: float) -> NDArray[np.intp]:
    """Return the widths that columns need for their names and numbers, in pixels.

    `headers` are the names of the columns, `texts` the numbers in each column, in a font of `size` pixels at
    100 %. Only very long names are cut.
    """
    name = QFontMetrics(ui_font(NAME_PX)).horizontalAdvance
    number = QFontMetrics(ui_font(size, QFont.Weight.DemiBold)).horizontalAdvance
    named = [min(name(each), px(LONGEST_NAME_PX)) + ROUNDING_PX for each in headers]
    widest = [max(map(number, (SAMPLE, *each))) for each in texts]
    return np.maximum(named, widest) + px(PADDING_PX + MARGIN_PX)


HEIGHT_PX, GRAB_PX, LEFT_PX, INSIDE_PX = 14, 7, 8, 6
"""Pixels at 100 %, for the validation line. HEIGHT_PX: height of the caption. GRAB_PX: height of the area
that can be dragged; cells beside this area can be clicked. LEFT_PX: left edge of the caption. INSIDE_PX:
padding of the caption's text."""
DRAG_TIP, START_TIP = "Drag the line: the rows below it are for validation", "Drag up to add validation rows"


class SplitLine(QWidget):
    """The line above the validation rows: a widget over the table that can be dragged.

    Without validation rows, the line is invisible, below the last row. Dragging it up adds validation rows.

    `dragged` carries the index of the first validation row, and an object for each drag of the line.
    """

    dragged = Signal(object, object)

    def __init__(self, table: QTableView) -> None:
        super().__init__(table.viewport(), accessibleName="Validation")
        self._table, self._header = table, table.verticalHeader()
        self._row = self._rows = 0
        self.caption = ""
        self._drag = object()
        self.setCursor(Qt.CursorShape.SplitVCursor)
        self.hide()

    def show_split(self, row: int, rows: int, validation: float) -> None:
        """Show the line above the row with index `row`; `rows` is the number of rows.

        `validation` is the share of validation rows, from 0 to 1. With fewer than two rows, hide the line.
        """
        self._row, self._rows = row, rows
        below = counted(rows - row, "row")
        self.caption = f"validation: {as_text(100 * validation)} %, {below}" if row < rows else ""
        self.setAccessibleDescription(self.caption or "no validation rows")
        self.setToolTip(DRAG_TIP if self.caption else START_TIP)
        self.setVisible(rows > 1)
        self.follow()

    def follow(self) -> None:
        """Move the line to the place of its row after the table has scrolled or changed its size."""
        height, middle = px(HEIGHT_PX), px(HEIGHT_PX) // 2
        y = self._row * self._header.defaultSectionSize() - self._header.offset()
        self.setGeometry(0, y - middle - 1, self._table.viewport().width(), height)
        line = QRect(0, middle - px(GRAB_PX) // 2, self.width(), px(GRAB_PX))
        self.setMask(QRegion(line) | QRegion(self._caption_room()))
        self.update()

    def _caption_room(self) -> QRect:
        width = QFontMetrics(ui_font(10)).horizontalAdvance(self.caption) + 2 * px(INSIDE_PX)
        return QRect(px(LEFT_PX), 0, width, self.height()) if self.caption else QRect()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if not self.caption:
            return
        p, room = colours(), self._caption_room()
        with QPainter(self) as painter:
            painter.fillRect(0, self.height() // 2, self.width(), 2, QColor(p.validation))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(p.validation), 1))
            painter.setBrush(QColor(p.surface))
            radius = room.height() / 2
            painter.drawRoundedRect(room.toRectF().adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
            painter.setPen(QColor(p.ink))
            painter.setFont(ui_font(10))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter, self.caption)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._drag = object()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Emit `dragged` for the row under the mouse, and scroll the table to that row."""
        if not event.buttons() & Qt.MouseButton.LeftButton:
            return
        y = self.mapToParent(event.position().toPoint()).y() + self._header.offset()
        row = min(max(round(y / self._header.defaultSectionSize()), 1), self._rows)
        if row != self._row:
            self.dragged.emit(row, self._drag)
            self._table.scrollTo(self._table.model().index(min(row, self._rows - 1), 0))


Modifier: TypeAlias = Qt.KeyboardModifier
ROW_HEIGHT_PX = 30
LEAST_HEIGHT_PX = 3 * ROW_HEIGHT_PX
SETTLED_MS = 3 * TEXT_MS
"""Column widths adapt this many ms after the last change of a computed number, to avoid flicker."""
NUMBER_STARTS = f"0123456789+-{MINUS}"
"""Characters that begin a number. Typing one of these characters starts to edit the current cell."""
MOST_MEASURED = 100
"""Largest number of columns whose numbers are measured to set their widths."""


class TableView(QTableView):
    """The table of rows. A digit, Enter, F2 or a double click edits a cell.

    The Delete key requests that the current column is emptied in the selected rows, Ctrl+Delete that the rows
    are removed.
    """

    clear_requested = Signal()
    remove_requested = Signal()
    all_rows_requested = Signal()
    paste_requested = Signal()

    def __init__(self, model: DataTable, desk: Desk) -> None:
        super().__init__(showGrid=False, wordWrap=False, cornerButtonEnabled=False)
        self._table, self._desk = model, desk
        self.cells = NumberCells(model, self)
        self.setItemDelegate(self.cells)
        self.split = SplitLine(self)
        self.fit_soon = QTimer(self, singleShot=True)
        """The timer that fits the columns to changed numbers."""
        self.fit_soon.timeout.connect(self.fit_columns)
        self._layouts = np.empty((0, 0), dtype=np.intp)
        """The widths of the columns, shape (SIZES_PX, columns)."""
        self.setModel(model)
        self.setAccessibleName("Data")
        self.setMinimumHeight(LEAST_HEIGHT_PX)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        # The current row, which the diagram shows, is always selected, also after clicks and keys with Ctrl.
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        for each in (rows, header):
            each.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            each.setDefaultAlignment(RIGHT)
        rows.setDefaultSectionSize(ROW_HEIGHT_PX)
        header.setMinimumSectionSize(1)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        model.modelReset.connect(self.fit_columns)
        model.headerDataChanged.connect(self.fit_columns)
        model.dataChanged.connect(self._follow)
        self.clicked.connect(self._reveal)
        self.doubleClicked.connect(self._say_computed)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        # Without this attribute Qt repaints the panel and the window under it in every frame of a run.
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def _reveal(self, index: Index) -> None:
        """Show the hidden result in a clicked cell."""
        if place := self._table.blank_at(index.row(), index.column()):
            self._desk.document.reveal(place)

    def _say_computed(self, index: Index) -> None:
        """Say why a cell cannot be edited, if its input is computed."""
        column = self._table.columns[index.column()]
        if column.formula:
            self._desk.message.emit(self._table.state.columns.read_only(column.place))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Edit, empty, copy or paste cells, or remove rows. Escape lists all rows."""
        modifiers = event.modifiers() & ~Modifier.KeypadModifier
        deletes = event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().flags() & Qt.ItemFlag.ItemIsEditable:  # Qt warns about other cells
                self.edit(self.currentIndex())
            elif self.currentIndex().isValid():
                self._say_computed(self.currentIndex())
        elif deletes and modifiers == Modifier.ControlModifier:
            self.remove_requested.emit()
        elif deletes and not modifiers:
            self.clear_requested.emit()
        elif event.key() == Qt.Key.Key_Escape and self._table.filtered:
            self.all_rows_requested.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Paste):
            self.paste_requested.emit()
        elif event.text().isprintable() and event.text() and not self._begins_number(event):
            event.ignore()  # the window uses other keys: Space plays the walk
        else:
            super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Let a digit begin a number, and not act as a shortcut of the window."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            event.setAccepted(self._begins_number(event))
            if event.isAccepted():
                return True
        return super().event(event)

    def _begins_number(self, event: QKeyEvent) -> bool:
        starts = event.text() in NUMBER_STARTS and bool(event.text())
        plain = not event.modifiers() & ~(Modifier.ShiftModifier | Modifier.KeypadModifier)
        return starts and plain and bool(self.currentIndex().flags() & Qt.ItemFlag.ItemIsEditable)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the table."""
        with QPainter(self.viewport()) as painter:
            painter.fillRect(event.rect(), QColor(colours().surface))
        self._update_texts()
        super().paintEvent(event)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Scroll. After a sideways move, repaint all cells, so that the "…" of a cut number stays visible."""
        super().scrollContentsBy(dx, dy)
        self.split.follow()
        if dx:
            self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Spread the columns over the new width."""
        super().resizeEvent(event)
        self.split.follow()
        self.fit_columns()

    def _follow(self, first: Index, _last: Index) -> None:
        """Fit the columns to changed numbers, to typed ones at once, and show the new marks of the rows."""
        if self._table.has_marks:
            self.verticalHeader().viewport().update()
        if self._table.columns[first.column()].stored:
            self.fit_columns()
        else:
            self.fit_later()

    def fit_later(self) -> None:
        """Fit the columns when the numbers have not changed for SETTLED_MS."""
        self.fit_soon.start(int(SETTLED_MS))

    def fit_columns(self) -> None:
        """Set the column widths so that names and numbers are readable. The row numbers never scroll."""
        listed = self._table.columns
        lines = self._visible_lines() if len(listed) <= MOST_MEASURED else range(0)  # else it would be slow
        headers = [each.header for each in listed]
        short = shorten_to_width(tuple(headers), ui_font(NAME_PX), px(LONGEST_NAME_PX))
        self._table.short_headers = dict(zip(headers, short, strict=True))
        shown = [self._table.headerData(k, Qt.Orientation.Horizontal) for k in range(len(listed))]
        names = [max(each.splitlines(), key=len) for each in shown]
        # the texts of hidden numbers, too, so that widths do not change
        texts = [[self._table.number_text(line, k) for line in lines] for k in range(len(listed))]
        room = self.viewport().width()
        layouts = np.array([column_widths(names, texts, size) for size in SIZES_PX])
        if self._desk.document.now.is_moving and layouts.shape == self._layouts.shape:
            layouts = np.maximum(layouts, self._layouts)  # in a run, columns only become wider
        self._layouts = layouts
        k = int(np.argmax(layouts.sum(axis=1) <= room))  # the first layout that fits, or else the first
        self.cells.use_size(SIZES_PX[k])
        share, rest = divmod(max(room - int(layouts[k].sum()), 0), len(listed))
        for column, width in enumerate(layouts[k].tolist()):
            self.horizontalHeader().resizeSection(column, width + share + (column < rest))
        self.updateGeometries()  # the numbers of the rows need other room with marks

    def _visible_lines(self) -> range:
        top, bottom = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        return range(max(top, 0), bottom + 1 if bottom >= 0 else self._table.rowCount())

    def _update_texts(self) -> None:
        """Update the texts of the visible columns, and widen the columns if a number does not fit."""
        right = self.columnAt(self.viewport().width() - 1)
        last = right if right >= 0 else len(self._table.columns) - 1
        self.cells.update_texts(self._visible_lines(), range(max(self.columnAt(0), 0), last + 1))
        if len(self._table.columns) <= MOST_MEASURED and not self.cells.fit(self.columnWidth):
            self.fit_soon.start(0)

    def copy(self) -> None:
        """Copy the selected rows to the clipboard."""
        self._desk.frames.show_pending()
        lines = sorted(index.row() for index in self.selectionModel().selectedRows())
        QGuiApplication.clipboard().setText("\n".join(self._table.row_text(line) for line in lines))
