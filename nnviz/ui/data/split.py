"""The line in the table over the rows that are kept for validation, which the mouse drags to other rows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRect, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPen, QRegion
from PySide6.QtWidgets import QTableView, QWidget

from nnviz.core.numbers import counted, shown
from nnviz.ui.widgets.theme import colours, px, ui_font

HEIGHT_PX, GRAB_PX, LEFT_PX, INSIDE_PX = 14, 7, 8, 6
"""Heights of the caption, which stands between two rows' numbers, and of what is taken hold of beside it; the
caption's place, and the room within it."""
DRAG, BEGIN = "Drag up or down: the rows below are kept for validation", "Drag up to keep rows for validation"


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
        self.setToolTip(DRAG if self.caption else BEGIN)
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
