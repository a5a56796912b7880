"""The marks of lit lines, in the margin and in the legend that says what they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.ui.widgets.theme import colours, px, ui_font

MarkKind: TypeAlias = Literal["chosen", "walked"]
BAR_PX, ARROW_PX = 3, 8
"""How wide a bar is, and how far its arrow points."""
APART_PX, BEHIND_PX = 14, 5
"""Between two entries of the legend, and between a mark and its text."""


class Entry(NamedTuple):
    """What lines are marked for; without a mark a sentence that stands alone."""

    text: str
    kind: MarkKind | None = None


def paint_mark(painter: QPainter, kind: MarkKind, place: QRectF, begins: float = 0.0) -> None:
    """Paint a mark at the left of a place: a bar; the walk's with an arrow where it `begins`, so high."""
    colour = QColor(colours().walk if kind == "walked" else colours().accent)
    painter.fillRect(QRectF(place.left(), place.top(), px(BAR_PX), place.height()), colour)
    if kind == "walked" and begins:
        left, middle, long = place.left(), place.top() + begins / 2, px(ARROW_PX)
        half = 0.625 * long
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        points = ((left, middle - half), (left + long, middle), (left, middle + half))
        painter.drawPolygon(QPolygonF([QPointF(*point) for point in points]))


class Legend(QWidget):
    """One line that says which lines are lit up for what."""

    def __init__(self) -> None:
        super().__init__()
        self._entries: Sequence[Entry] = ()
        self.setFont(ui_font(12))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def tell(self, *entries: Entry) -> None:
        """Say this from now on."""
        if entries != self._entries:
            self._entries = entries
            texts = [entry.text for entry in entries]
            self.setToolTip("\n".join(texts))
            self.setAccessibleName(", ".join(texts))
            self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(0, self.fontMetrics().height() + px(4))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the entries side by side; the last one ends in "…" where it has no room."""
        palette, left, metrics = colours(), px(BAR_PX), self.fontMetrics()
        side = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for entry in self._entries:
                if entry.kind:
                    mark = QRectF(left, px(2), px(ARROW_PX), self.height() - px(4))
                    paint_mark(painter, entry.kind, mark, mark.height())
                    left += px((ARROW_PX if entry.kind == "walked" else BAR_PX) + BEHIND_PX)
                room = max(self.width() - left, 0)
                text = metrics.elidedText(entry.text, Qt.TextElideMode.ElideRight, room)
                painter.setPen(QColor(palette.ink if entry.kind else palette.muted))
                painter.drawText(QRectF(left, 0, room, self.height()), side, text)
                left += metrics.horizontalAdvance(text) + px(APART_PX)
