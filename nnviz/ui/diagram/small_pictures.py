"""Paints the small pictures in the nodes, on paper and screen; their images are kept while they hold."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from nnviz.core.activations import Array
from nnviz.picture import small_look as look
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Column, Rect
from nnviz.picture.picture import Picture
from nnviz.picture.style import tile_box, tints
from nnviz.ui.diagram.paper import image_of, paint_box
from nnviz.ui.widgets.images import qrect


class SmallPictures:
    """Paints them, and keeps the images of the last time."""

    def __init__(self) -> None:
        self._images: dict[int, tuple[Array, Palette, list[QImage]]] = {}

    def paint(self, painter: QPainter, picture: Picture, palette: Palette) -> None:
        """Paint the small pictures of all nodes in sight."""
        for column in picture.layout.columns:
            if not column.picture:
                continue
            grid = column.across > 1
            nodes = range(len(column.tops)) if grid else column.in_sight(picture.layout.body)
            if grid:
                _paint_tiles(painter, picture, column, palette)
            values = look.small_values(picture, column)
            if values is not None:
                self._paint_column(painter, picture, column, nodes, values, palette)

    def _paint_column(
        self,
        painter: QPainter,
        picture: Picture,
        column: Column,
        nodes: range,
        values: Array,
        palette: Palette,
    ) -> None:
        curves = look.is_curve(picture)
        images = [] if curves else self._images_of(column, values, palette)
        size = column.picture * painter.device().devicePixelRatioF()
        smooth = not look.sharp(picture, size)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        for node in nodes:
            place = column.picture_of(node)
            if curves:
                _paint_curve(painter, values[node], place, palette)
            else:
                painter.drawImage(qrect(place), images[node])
            paint_box(painter, place, look.frame(place, palette))
            _paint_dot(painter, look.dot(picture, place, values[node]), palette)

    def _images_of(self, column: Column, values: Array, palette: Palette) -> list[QImage]:
        known = self._images.get(column.index)
        if known is None or known[0] is not values or known[1] is not palette:
            images = [image_of(pixels) for pixels in look.small_pixels(values, palette)]
            known = self._images[column.index] = values, palette, images
        return known[2]


def _paint_tiles(painter: QPainter, picture: Picture, column: Column, palette: Palette) -> None:
    """Paint the nodes of a column that stand side by side, and under each picture the bar that tells its value."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for node in range(len(column.tops)):
        bar = column.bar_of(node)
        painter.fillRect(qrect(bar), QColor(tile_box(column.role, bar, palette).fill))
    for tint in tints(picture, column, palette):
        for node, colour in enumerate(tint.pixels().tolist()):
            painter.fillRect(qrect(tint.over(column.bar_of(node))), QColor(*colour))
    for node in range(len(column.tops)):
        bar = column.bar_of(node)
        paint_box(painter, bar, tile_box(column.role, bar, palette)._replace(fill=""))


def _paint_curve(painter: QPainter, values: Array, place: Rect, palette: Palette) -> None:
    painter.fillRect(qrect(place), QColor(look.ground(palette)))
    painter.setPen(Qt.PenStyle.NoPen)
    for area in look.areas(values, place, palette):
        painter.setBrush(QColor(area.colour))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in area.corners.tolist()]))
    line = look.zero_line(values, place)
    painter.setPen(QPen(QColor(palette.node_border), 1.0))
    painter.drawLine(QPointF(line.x, line.y), QPointF(line.right, line.y))


def _paint_dot(painter: QPainter, dot: look.Dot | None, palette: Palette) -> None:
    if dot is not None:
        painter.setPen(QPen(QColor(palette.canvas), look.RIM))
        painter.setBrush(QColor(palette.ink))
        painter.drawEllipse(QPointF(dot.x, dot.y), dot.radius, dot.radius)
