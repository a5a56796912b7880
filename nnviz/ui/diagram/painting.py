"""Paints the whole diagram on its widget: edges, nodes and texts, the walk above them."""

from __future__ import annotations

from functools import lru_cache
from math import ceil

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from nnviz.document.walk.player import Player
from nnviz.picture.parts import Rect
from nnviz.picture.picture import Picture
from nnviz.ui.diagram import painter as paint
from nnviz.ui.diagram.layers import EdgeLayer, Look, StillLayer, neighbours, paint_neighbourhood
from nnviz.ui.diagram.screen import Screen
from nnviz.ui.diagram.walk_layer import WalkLayer
from nnviz.ui.widgets.rect import qrect

FADED = 0.2
"""Opacity of all other edges while some are lit."""
STILL = ("heading", "subheading", "name")


class Painting:
    """What is kept of one painting of the diagram for the next."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._edges = EdgeLayer()
        self._walk = WalkLayer(player)
        self._still = StillLayer()
        self._screen: Screen | None = None

    def walk_dirty(self, picture: Picture) -> QRectF:
        """Return the part of the picture that the walk's next frame may change."""
        return self._walk.dirty(picture)

    def paint(self, painter: QPainter, picture: Picture, look: Look, dirty: QRectF) -> None:
        """Paint what lies in `dirty`, but for the card."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        screen, body = self._screen_for(look), qrect(picture.layout.body)
        painter.save()
        painter.setClipRect(body.intersected(dirty))
        self._paint_network(painter, screen, picture, look, dirty.intersected(body))
        painter.restore()
        if dirty.top() < body.top():
            head = QRectF(dirty.left(), dirty.top(), dirty.width(), ceil(body.top()) - dirty.top())
            painter.fillRect(head, QColor(look.palette.canvas))
            headings = (label for label in picture.labels if label.style in ("heading", "subheading"))
            screen.paint_labels(painter, headings, ())

    def _screen_for(self, look: Look) -> Screen:
        screen = self._screen
        if screen is None or screen.full or (screen.palette, screen.ratio) != (look.palette, look.ratio):
            screen = self._screen = Screen(look.palette, look.ratio)
        return screen

    def _paint_network(
        self, painter: QPainter, screen: Screen, picture: Picture, look: Look, dirty: QRectF
    ) -> None:
        if self._player.progress.moving:
            body = qrect(picture.layout.body)
            pixmap = self._still.pixmap(
                picture, look, lambda painter: self._paint_still(painter, screen, picture, look, body)
            )
            part = QRectF(dirty.topLeft() * look.ratio, dirty.size() * look.ratio)
            painter.drawPixmap(dirty, pixmap, part)
        else:
            self._still.forget()
            self._paint_still(painter, screen, picture, look, dirty)
        self._walk.paint(painter, picture, look.palette)

    def _paint_still(
        self, painter: QPainter, screen: Screen, picture: Picture, look: Look, dirty: QRectF
    ) -> None:
        """Paint all but what moves."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = neighbours(picture, look.lit)
        self._edges.paint(painter, picture, look, dirty, FADED if lit else 1.0)
        paint_neighbourhood(painter, picture, lit, look.palette)
        paint.paint_columns(painter, picture, look.palette)
        screen.paint_nodes(painter, picture, look.selected)
        self._walk.paint_outlines(painter, picture, look.palette)
        labels = (label for label in picture.labels if label.style not in STILL)
        if not dirty.contains(qrect(picture.layout.body)):
            labels = (label for label in labels if _meets(label.rect, dirty))
        screen.paint_labels(painter, labels, look.selected)


def _meets(rect: Rect, dirty: QRectF) -> bool:
    """Tell whether a node or a text, its border included, reaches into what is painted."""
    return dirty.intersects(QRectF(rect.x - 3, rect.y - 3, rect.width + 6, rect.height + 6))


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
