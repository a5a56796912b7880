"""The text of a program: its lines follow a program that changes, are lit up, pointed at and chosen."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QTextBlock, QTextCursor
from PySide6.QtWidgets import QFrame, QTextEdit

from nnviz.ui.code.highlighter import Highlighter
from nnviz.ui.code.marks import paint_mark
from nnviz.ui.code.writing import indent, write
from nnviz.ui.widgets.drops import leave_drops
from nnviz.ui.widgets.theme import code_font, colours, px

LANES_PX = 18
"""How wide the margin is in which lit lines are marked."""
CHOSEN_PX, WALKED_PX = 2, 8
"""Where in it the mark of what is selected stands, and that of the walk."""
AROUND_PX, CARET_PX = 4, 2
LEAST_LINES = 3

_Spot: TypeAlias = tuple[int, int]
"""A line and a column."""
NOWHERE: _Spot = (-1, 0)


class Lit(NamedTuple):
    """The lines that are lit up, by their numbers from 0."""

    chosen: frozenset[int] = frozenset()
    walked: frozenset[int] = frozenset()


class CodeText(QTextEdit):
    """Shows a program; nothing can be typed into it. A line that has no room goes on further in.

    ============== =============================================================================
    `line_chosen`  a line was clicked, or Enter pressed in it: its number and the column
    `line_hovered` the mouse is over another line or column
    ============== =============================================================================

    Where a line leads nowhere both tell −1.
    """

    line_chosen = Signal(object, object)
    line_hovered = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._lines: list[str] = []
        self._leading: Collection[int] = ()
        self._lit = Lit()
        self._hovered = NOWHERE
        self.setAccessibleName("Program")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        leave_drops(self)
        self.viewport().setMouseTracking(True)
        self.setFont(code_font(12))
        self._highlighter = Highlighter(self.document())
        self._fit()

    # --- what it shows

    def show_lines(self, lines: Sequence[str], leading: Collection[int], *, anew: bool) -> None:
        """Show other lines, of which those `leading` somewhere can be chosen.

        Unless all is `anew`, what is scrolled to and selected stays.
        """
        before, self._lines, self._leading = self._lines, list(lines), leading
        write(self.document(), before, self._lines, px(LANES_PX))
        if anew:
            self.setTextCursor(QTextCursor(self.document()))
            self.verticalScrollBar().setValue(0)

    def light(self, lit: Lit) -> None:
        """Light up lines."""
        if lit != self._lit:
            self._lit = lit
            self.viewport().update()

    def bring(self, lines: Collection[int]) -> None:
        """Scroll to where lines begin from which most of them are in sight, unless as many are already."""
        bar, page = self.verticalScrollBar(), self.viewport().height()
        around, shift, ordered = self.fontMetrics().lineSpacing(), bar.value(), sorted(lines)
        places = [self._place(self.document().findBlockByNumber(line)) for line in ordered]
        tops = [place.top() + shift for place in places]
        bottoms = [place.bottom() + shift for place in places]

        def worth(start: int) -> tuple[int, int]:
            seen = bisect_right(bottoms, start + page) - bisect_left(tops, start)
            return seen, -abs(start - shift)

        begins = [top - around for line, top in zip(ordered, tops, strict=True) if line - 1 not in lines]
        bar.setValue(max((round(min(max(start, 0), bar.maximum())) for start in (shift, *begins)), key=worth))

    def shows_any(self, lines: Collection[int]) -> bool:
        """Tell whether one of the lines is in sight."""
        return any(block.blockNumber() in lines for block, _ in self._in_sight())

    def _place(self, block: QTextBlock) -> QRectF:
        """Return where a line stands in the viewport, from edge to edge."""
        place = self.document().documentLayout().blockBoundingRect(block)
        top = place.top() - self.verticalScrollBar().value()
        return QRectF(0, top, self.viewport().width(), place.height())

    def _in_sight(self) -> Iterator[tuple[QTextBlock, QRectF]]:
        """Yield the lines in sight, and where they stand."""
        block = self.cursorForPosition(QPoint()).block()
        while block.isValid() and (place := self._place(block)).top() < self.viewport().height():
            yield block, place
            block = block.next()

    # --- where the mouse is

    def _spot_at(self, at: QPoint) -> _Spot:
        """Return the line that leads somewhere at a place of the viewport, and the column, or NOWHERE."""
        cursor = self.cursorForPosition(at)
        return self._spot_of(cursor) if self._place(cursor.block()).contains(at) else NOWHERE

    def _spot_of(self, cursor: QTextCursor) -> _Spot:
        leads = cursor.blockNumber() in self._leading
        return (cursor.blockNumber(), cursor.positionInBlock()) if leads else NOWHERE

    def _hover(self, spot: _Spot) -> None:
        if spot != self._hovered:
            self._hovered = spot
            shapes = Qt.CursorShape
            self.viewport().setCursor(shapes.IBeamCursor if spot == NOWHERE else shapes.PointingHandCursor)
            self.line_hovered.emit(*spot)

    # --- what Qt calls

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint marks and grounds of the lit lines, the walk's above the other, and the text on them."""
        palette, high = colours(), self.fontMetrics().lineSpacing()
        with QPainter(self.viewport()) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for block, place in self._in_sight():
                line = block.blockNumber()
                chosen, walked = line in self._lit.chosen, line in self._lit.walked
                if chosen or walked:
                    ground = place.adjusted(px(LANES_PX - AROUND_PX), 0, 0, 0)
                    painter.fillRect(ground, QColor(palette.walked if walked else palette.selection))
                if chosen:
                    paint_mark(painter, "chosen", place.translated(px(CHOSEN_PX), 0))
                if walked:
                    begins = 0 if line - 1 in self._lit.walked else high
                    paint_mark(painter, "walked", place.translated(px(WALKED_PX), 0), begins)
        super().paintEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: D102
        super().mouseMoveEvent(event)
        self._hover(self._spot_at(event.position().toPoint()) if not event.buttons() else NOWHERE)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Choose a line that was clicked, unless text was selected."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self.line_chosen.emit(*self._spot_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is hovered any more."""
        super().leaveEvent(event)
        self._hover(NOWHERE)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Choose the line of the caret with Enter."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            cursor = self.textCursor()
            self.line_chosen.emit(*self._spot_of(cursor))
        else:
            super().keyPressEvent(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        """Return the selected text alone: colours are the window's."""
        data = super().createMimeDataFromSelection()
        text = data.text()
        for kind in data.formats():
            data.removeFormat(kind)
        data.setText(text)
        return data

    def minimumSizeHint(self) -> QSize:
        """Ask for a few lines."""
        height = LEAST_LINES * self.fontMetrics().lineSpacing() + px(2 * AROUND_PX)
        return QSize(super().minimumSizeHint().width(), height)

    def changeEvent(self, event: QEvent) -> None:
        """Take over another theme's colours, or another size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_highlighter"):
            self._highlighter.take_colours()
        elif event.type() == QEvent.Type.FontChange and self.document().documentMargin() != px(AROUND_PX):
            self._fit()

    def _fit(self) -> None:
        self.setCursorWidth(px(CARET_PX))
        self.document().setDocumentMargin(px(AROUND_PX))
        indent(self.document(), range(len(self._lines)), px(LANES_PX))
