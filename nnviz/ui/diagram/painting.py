"""Paints the whole diagram on its widget: edges, nodes and texts, the walk above them."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QPainter

from nnviz.picture.draw import Picture
from nnviz.picture.picture import Rect
from nnviz.ui.diagram import painter as paint
from nnviz.ui.diagram.edge_layer import EdgeLayer
from nnviz.ui.diagram.highlight import neighbours, paint_neighbourhood
from nnviz.ui.diagram.look import Look
from nnviz.ui.diagram.player import Player
from nnviz.ui.diagram.screen import Screen
from nnviz.ui.diagram.still_layer import StillLayer
from nnviz.ui.diagram.walk_layer import WalkLayer

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
        screen, body = self._screen_for(look), paint.qrect(picture.layout.body)
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
            body = paint.qrect(picture.layout.body)
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
        if not dirty.contains(paint.qrect(picture.layout.body)):
            labels = (label for label in labels if _meets(label.rect, dirty))
        screen.paint_labels(painter, labels, look.selected)


def _meets(rect: Rect, dirty: QRectF) -> bool:
    """Tell whether a node or a text, its border included, reaches into what is painted."""
    return dirty.intersects(QRectF(rect.x - 3, rect.y - 3, rect.width + 6, rect.height + 6))
