"""The edges of the diagram, from a cached pixmap while they stand still."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPixmap

from nnviz.picture.draw import Picture
from nnviz.picture.picture import Part
from nnviz.ui.diagram.edge_painter import paint_edges
from nnviz.ui.diagram.highlight import paint_halo
from nnviz.ui.diagram.look import Look


class EdgeLayer:
    """Paints all edges on the canvas, the selected ones in their halo.

    Those of a moving look are coarser; the owner asks for sharp ones when things have come to rest.
    """

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._drawn: tuple[object, ...] = ()
        self._kept: Picture | None = None

    def paint(self, painter: QPainter, picture: Picture, look: Look, dirty: QRectF, opacity: float) -> None:
        """Paint the edges of `picture` that lie in `dirty`."""
        if look.moving and opacity == 1.0:
            painter.fillRect(dirty, QColor(look.palette.canvas))
            _paint(painter, picture, look)
            return
        if self._drawn != (wanted := _identity(picture, look)):
            self._draw(picture, look)
            self._drawn, self._kept = wanted, picture  # kept so that no id is used again
        if opacity < 1.0:  # nothing of the frame before may shine through
            painter.fillRect(dirty, QColor(look.palette.canvas))
        painter.setOpacity(opacity)
        part = QRectF(dirty.topLeft() * look.ratio, dirty.size() * look.ratio)
        painter.drawPixmap(dirty, self._pixmap, part)
        painter.setOpacity(1.0)

    def _draw(self, picture: Picture, look: Look) -> None:
        view = picture.layout.view
        size = QSize(round(view.width * look.ratio), round(view.height * look.ratio))
        if self._pixmap.size() != size:
            self._pixmap = QPixmap(size)
        self._pixmap.setDevicePixelRatio(look.ratio)
        self._pixmap.fill(QColor(look.palette.canvas))
        painter = QPainter(self._pixmap)
        _paint(painter, picture, look)
        painter.end()


def _identity(picture: Picture, look: Look) -> tuple[object, ...]:
    """Return what tells one painting of the edges from another.

    Layouts and weights are the same only as the same objects: comparing their arrays would cost more.
    """
    weights = tuple(map(id, picture.weights))
    return id(picture.layout), weights, picture.scale, _edges(look), look.palette, look.ratio, look.moving


def _edges(look: Look) -> tuple[Part, ...]:
    return tuple(part for part in look.selected if part.kind == "weight")


def _paint(painter: QPainter, picture: Picture, look: Look) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for part in _edges(look):
        paint_halo(painter, picture, part, look.palette)
    paint_edges(painter, picture, look.palette, moving=look.moving)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
