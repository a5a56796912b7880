"""The view of the data table: cells, column widths, the validation split, and the keys."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QHideEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegion,
    QResizeEvent,
    QShowEvent,
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

from nnviz.core.numbers import MINUS, counted, parsed, shown
from nnviz.ui.kit.controls import shorten_to_width
from nnviz.ui.kit.number_field import PIXELS_A_STEP, NumberField, scrubbed
from nnviz.ui.kit.theme import colours, px, ui_font
from nnviz.ui.panels.data_table import (
    NOTHING,
    RIGHT,
    DataTable,
    Index,
)


def first_fitting(metrics: Sequence[QFontMetrics], texts: Sequence[str], room: int) -> int | None:
    """Return the first of the fonts, the largest first, in which all texts fit; None where none is."""
    widest = max(texts, key=metrics[0].horizontalAdvance, default="")
    fits = (k for k, font in enumerate(metrics) if font.horizontalAdvance(widest) <= room)
    return next(fits, None)


class NumberCells(QStyledItemDelegate):
    """Right-aligned numbers; inputs and targets are semibold, errors coloured, rows for validation muted.

    ================ ================================================================================
    `accepted`       (row, column, key) a typed number was taken with Enter, Tab or Backtab
    `begun`          an editor has opened
    `refused`        a typed text is not a number; carries the sentence, or "" once it is mended
    `shown_row`      the line of the row on the diagram, which is highlighted
    `whole_rows`     rows were selected by their numbers: no cell among them is marked
    ================ ================================================================================
    """

    accepted = Signal(object, object, object)
    begun = Signal()
    refused = Signal(str)

    def __init__(self, table: DataTable, parent: QObject) -> None:
        super().__init__(parent)
        self._table = table
        self._edited = QPersistentModelIndex()
        self.fonts: dict[int, int | None] = {}
        """Of each column in sight, which font its numbers are written in; None where they fit in none."""
        self.shown_row = 0
        self.whole_rows = False
        self.size_changed()

    def size_changed(self) -> None:
        """Write in the size in use from now on."""
        self._normal = [ui_font(size) for size in SIZES_PX]
        self._bold = [ui_font(size, QFont.Weight.DemiBold) for size in SIZES_PX]
        self._metrics = [[QFontMetrics(font) for font in fonts] for fonts in (self._normal, self._bold)]

    def choose_fonts(self, rows: range, widths: Mapping[int, int]) -> bool:
        """Choose for each column the first font in which its numbers of these rows fit; tell if all do."""
        fitting = {
            column: first_fitting(
                self._metrics[self._table.columns[column].strong],
                [self._text(self._table.value(row, column)) for row in rows],
                width - px(PADDING_PX) - px(LEAST_MARGIN_PX),
            )
            for column, width in widths.items()
        }
        self.fonts = fitting
        return None not in fitting.values()

    @staticmethod
    def _text(value: float | None) -> str:
        return NOTHING if value is None else shown(value)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Paint straight, without the style sheet: many cells change a frame during a run."""
        p, row, column = colours(), index.row(), index.column()
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        if row == self.shown_row or state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(p.selection))
        painter.fillRect(QRect(rect.left(), rect.bottom(), rect.width(), 1), QColor(p.line))
        if state & QStyle.StateFlag.State_HasFocus and not self.whole_rows:
            painter.setPen(QPen(QColor(p.accent), 2))
            painter.drawRect(rect.adjusted(2, 2, -2, -3))
        kind, value = self._table.columns[column].kind, self._table.value(row, column)
        wrong = kind == "error" and value is not None and value != 0.0
        strong = self._table.columns[column].editable or wrong
        faint = value is None or row >= self._table.kept_from
        painter.setPen(QColor(p.error if wrong else p.muted if faint else p.ink))
        font = self.fonts.get(column, 0)
        painter.setFont((self._bold if strong else self._normal)[-1 if font is None else font])
        text, room = self._text(value), rect.adjusted(0, 0, -px(PADDING_PX), 0)
        seen = painter.viewport()
        room.setLeft(max(room.left(), seen.left()))
        room.setRight(min(room.right(), seen.right()))
        width = painter.fontMetrics().horizontalAdvance
        if font is None or width(text) > room.width():  # part of a number is another
            text = "…" if width("…") <= room.width() else ""
        painter.drawText(room, RIGHT, text)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """Return a field for the number, to be filled with all its digits."""
        column = self._table.columns[index.column()]
        header, row = column.header, self._table.row_of(index.row())

        def read(text: str) -> float:
            try:
                return parsed(text)
            except ValueError as error:
                raise ValueError(f"{header}: {error}") from None

        def empty() -> None:
            if why := self._table.refusal_to_clear([row]):
                raise ValueError(f"{header}: {why}")

        field = NumberField(read, parent=parent)
        if column.kind == "target":
            field.empty = empty
        field.setObjectName("cell")
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setAccessibleName(f"{header}, row {row + 1}")
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
        assert isinstance(editor, NumberField)
        editor.stand_over(option.rect.adjusted(1, 1, -1, -2))

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


ColumnHead: TypeAlias = tuple[str, Sequence[str], bool]
"""A name, numbers as they are written, and whether others may come, as where they are computed."""

SHORT, MIDDLE, LONG = f"{MINUS}1.234", f"{MINUS}0.01234", f"{MINUS}0.0001234"
"""Computed numbers that columns have room for: where it is tight, where they scroll, where there is room."""
LONGEST_NAME_PX = 220
"""The widest name that a column shows in full."""
PADDING_PX, MARGIN_PX, LEAST_MARGIN_PX = 4, 6, 2
"""At the right of a name and of a number, and at their left: what is wished, and the least."""
ROUNDING_PX = 1
"""By which a name may be wider than its letters together."""
NAME_PX = 12
"""Font size of a name."""
SIZES_PX = 13, 12, 11, 9.5
"""Font sizes of the numbers of a column, the best first; the first in which all fit is taken."""


def short_headers(headers: Sequence[str]) -> dict[str, str]:
    """Return a short header for each very long one."""
    short = shorten_to_width(headers, ui_font(NAME_PX), px(LONGEST_NAME_PX))
    return {whole: text for whole, text in zip(headers, short, strict=True) if text != whole}


def column_widths(columns: Sequence[ColumnHead], room: int) -> list[int]:
    """Return widths that fill `room`, or larger ones that have to scroll.

    No name is cut that is not very long. Rather than scroll, long numbers are written smaller.
    """
    names = QFontMetrics(ui_font(NAME_PX))
    numbers, smallest = (QFontMetrics(ui_font(SIZES_PX[k], QFont.Weight.DemiBold)) for k in (0, -1))
    short, middle, long = map(numbers.horizontalAdvance, (SHORT, MIDDLE, LONG))
    beside = px(PADDING_PX) + ROUNDING_PX
    named = [min(names.horizontalAdvance(name), px(LONGEST_NAME_PX)) + beside for name, *_ in columns]
    full, small = (
        [max(map(font.horizontalAdvance, texts), default=0) for _, texts, _ in columns]
        for font in (numbers, smallest)
    )
    computed = [each for *_, each in columns]
    tight = [
        max(low, short if each else min(width, short))
        for low, width, each in zip(small, full, computed, strict=True)
    ]
    least = _wide(named, tight, LEAST_MARGIN_PX)
    if sum(least) > room:
        return _wide(named, _at_least(middle, full, computed))
    held, wished = (_wide(named, _at_least(spare, full, computed)) for spare in (short, long))
    return _grown(held, wished, room) if sum(held) <= room else _grown(least, held, room)


def _at_least(room: int, widths: list[int], computed: list[bool]) -> list[int]:
    """Return the widths of numbers; computed ones have so much room as well, for those that may come."""
    return [max(width, room) if each else width for width, each in zip(widths, computed, strict=True)]


def _wide(named: list[int], numbers: list[int], margin: int = MARGIN_PX) -> list[int]:
    """Return the width of each column for its name and its numbers, with a margin at their left."""
    return [
        max(name, number + px(PADDING_PX)) + px(margin) for name, number in zip(named, numbers, strict=True)
    ]


def _grown(least: list[int], wished: list[int], room: int) -> list[int]:
    """Return widths that fill `room`: from the least towards what is wished, then the same more for each."""
    spare, needed = room - sum(least), sum(wished) - sum(least)
    part = min(1.0, spare / needed) if needed else 1.0
    widths = [low + int(part * (high - low)) for low, high in zip(least, wished, strict=True)]
    share, rest = divmod(room - sum(widths), len(widths))
    return [width + share + (k < rest) for k, width in enumerate(widths)]


HEIGHT_PX, GRAB_PX, LEFT_PX, INSIDE_PX = 14, 7, 8, 6
"""Heights of the caption, which stands between two rows' numbers, and of what is taken hold of beside it; the
caption's place, and the room within it."""
DRAG, START = "Drag up or down: the rows below are kept for validation", "Drag up to keep rows for validation"


class SplitLine(QWidget):
    """Lies over a table; under the last row, where none is kept, it is not seen but can be dragged up.

    `taken`: a drag has begun; `wished`: the row is told from which on rows are to be kept.
    """

    taken = Signal()
    wished = Signal(object)

    def __init__(self, table: QTableView) -> None:
        super().__init__(table.viewport())
        self._table = table
        self._row = self._rows = 0
        self.caption = ""
        self._dragged = False
        self.setCursor(Qt.CursorShape.SplitVCursor)
        self.setAccessibleName("Validation")
        table.viewport().installEventFilter(self)
        for bar in (table.verticalScrollBar(), table.horizontalScrollBar()):
            bar.valueChanged.connect(self.follow)
        self.hide()

    def show_split(self, row: int, rows: int, validation: float) -> None:
        """Stand over row `row` of `rows`, of which the share `validation` is kept; hide without two rows."""
        self._row, self._rows = row, rows
        kept = counted(rows - row, "row")
        self.caption = f"validation: {shown(100 * validation)} %, {kept}" if row < rows else ""
        self.setAccessibleDescription(self.caption or "no rows")
        self.setToolTip(DRAG if self.caption else START)
        self.setVisible(rows > 1)
        self.follow()

    def follow(self) -> None:
        """Go where the table has the row now."""
        height, middle = px(HEIGHT_PX), px(HEIGHT_PX) // 2
        y = self._row * self._row_height - self._table.verticalHeader().offset()
        self.setGeometry(0, y - middle - 1, self._table.viewport().width(), height)
        line = QRect(0, middle - px(GRAB_PX) // 2, self.width(), px(GRAB_PX))
        self.setMask(QRegion(line) | QRegion(self._caption_room()))
        self.update()

    @property
    def _row_height(self) -> int:
        return self._table.verticalHeader().defaultSectionSize()

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

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the table's width."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self.follow()
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        if event.button() == Qt.MouseButton.LeftButton:
            self._dragged = True
            self.taken.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Wish for the rows below the mouse; out of the table it is scrolled."""
        if not self._dragged or not event.buttons():
            return
        y = self.mapToParent(event.position().toPoint()).y() + self._table.verticalHeader().offset()
        row = min(max(round(y / self._row_height), 1), self._rows)
        if row != self._row:
            self.wished.emit(row)
            self._table.scrollTo(self._table.model().index(min(row, self._rows - 1), 0))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        self._dragged = False


Flag: TypeAlias = QItemSelectionModel.SelectionFlag
ROW_HEIGHT_PX = 30
LEAST_HEIGHT_PX = 3 * ROW_HEIGHT_PX
SETTLED_MS = 150
"""So long computed numbers have to stand before the columns follow them: in a fast run they would tremble."""
NUMBER_STARTS = f"0123456789+-{MINUS}"
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
        typed = event.text() in NUMBER_STARTS and bool(event.text())
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
