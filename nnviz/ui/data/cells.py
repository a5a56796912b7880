"""How a cell of the data panel's table is painted and edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, QPersistentModelIndex, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from nnviz.core.numbers import parsed, shown
from nnviz.ui.data.columns import LEAST_MARGIN_PX, PADDING_PX, SIZES_PX
from nnviz.ui.data.table import NOTHING, RIGHT, DataTable, Index
from nnviz.ui.widgets.number_field import NumberField
from nnviz.ui.widgets.theme import colours, px, ui_font


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
