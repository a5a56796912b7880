"""The card that the diagram lies on: round corners, and a border that shows the focus."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

CORNER = 10


def paint_card(painter: QPainter, card: QRectF, dirty: QRectF, outside: str, line: str) -> None:
    """Paint the border of `card` in the colour `line`, and `outside` around it, where `dirty` has them."""
    if card.adjusted(CORNER, CORNER, -CORNER, -CORNER).contains(dirty):
        return
    ratio = painter.device().devicePixelRatioF()
    corners = _corners(outside, line, ratio)
    size, part = QRectF(0, 0, CORNER, CORNER), QRectF(0, 0, CORNER * ratio, CORNER * ratio)
    right, bottom = card.right() - CORNER, card.bottom() - CORNER
    for x, from_x in ((0.0, 0.0), (right, part.width())):
        for y, from_y in ((0.0, 0.0), (bottom, part.height())):
            painter.drawPixmap(size.translated(x, y), corners, part.translated(from_x, from_y))
    colour = QColor(line)
    for y in (0.0, card.bottom() - 1):
        painter.fillRect(QRectF(CORNER, y, right - CORNER, 1), colour)
    for x in (0.0, card.right() - 1):
        painter.fillRect(QRectF(x, CORNER, 1, bottom - CORNER), colour)


@lru_cache(maxsize=8)
def _corners(outside: str, line: str, ratio: float) -> QPixmap:
    """Return a card as small as can be."""
    size = round(2 * CORNER * ratio)
    pixmap = QPixmap(size, size)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    whole, border = QPainterPath(), QPainterPath()
    whole.addRect(QRectF(0, 0, 2 * CORNER, 2 * CORNER))
    border.addRoundedRect(QRectF(0.5, 0.5, 2 * CORNER - 1, 2 * CORNER - 1), CORNER, CORNER)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(whole - border, QColor(outside))
    painter.setPen(QPen(QColor(line), 1.0))
    painter.drawPath(border)
    painter.end()
    return pixmap
