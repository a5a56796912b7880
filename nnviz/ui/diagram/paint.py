"""Paints the small pictures in the nodes, on paper and screen; their images are kept while they hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.picture import small_look as look
from nnviz.picture.layout import Layout
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Column, Rect
from nnviz.picture.picture import Picture
from nnviz.picture.style import tile_box
from nnviz.ui.widgets.images import qrect

MARK_PX = 1.6
"""Width of the line around a pixel."""


class _Places(NamedTuple):
    """Where the small pictures of a column stand, and under those side by side the bars."""

    layout: Layout
    nodes: range
    pictures: list[Rect]
    bars: list[Rect]


class SmallPictures:
    """Paints them, and keeps places and images while they hold."""

    def __init__(self) -> None:
        self._places: dict[int, _Places] = {}
        self._images: dict[int, tuple[Array, Palette, QImage]] = {}

    def paint(self, painter: QPainter, picture: Picture, palette: Palette, *, grids: bool) -> None:
        """Paint those of nodes side by side, under which nothing lies, or those within other nodes."""
        for column in picture.layout.columns:
            if not column.picture or grids != (column.across > 1):
                continue
            places = self._places_of(picture, column)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            _paint_bars(painter, picture, column, places.bars, palette)
            values = look.small_values(picture, column)
            if values is None:
                continue
            if look.is_curve(picture):
                _paint_curves(painter, values[places.nodes.start :], places.pictures, palette)
            else:
                self._paint_images(painter, picture, column, values, places, palette)
            _paint_frames(painter, places.pictures, column, palette)
            _paint_dots(painter, picture, values[places.nodes.start :], places.pictures, palette)

    def _places_of(self, picture: Picture, column: Column) -> _Places:
        known = self._places.get(column.index)
        if known is None or known.layout is not picture.layout:
            nodes = look.in_sight(picture, column)
            pictures = [_on_pixels(column.picture_of(node)) for node in nodes]
            bars = [_on_pixels(column.bar_of(node)) for node in nodes] if column.across > 1 else []
            known = self._places[column.index] = _Places(picture.layout, nodes, pictures, bars)
        return known

    def _paint_images(
        self,
        painter: QPainter,
        picture: Picture,
        column: Column,
        values: Array,
        places: _Places,
        palette: Palette,
    ) -> None:
        image = self._image_of(column, values, palette)
        side = image.width()
        sharp = look.sharp(picture, column.picture * painter.device().devicePixelRatioF())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not sharp)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # several times as fast
        for node, place in zip(places.nodes, places.pictures, strict=True):
            painter.drawImage(qrect(place), image, QRectF(0, node * side, side, side))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def _image_of(self, column: Column, values: Array, palette: Palette) -> QImage:
        """Return the pictures of a column, one below the other."""
        known = self._images.get(column.index)
        if known is None or known[0] is not values or known[1] is not palette:
            colours = look.small_colours(values, palette)
            nodes, rows, across = colours.shape
            image = QImage(colours.tobytes(), across, nodes * rows, 4 * across, QImage.Format.Format_RGB32)
            known = self._images[column.index] = values, palette, image
        return known[2]


def paint_marks(
    painter: QPainter, picture: Picture, addresses: Iterable[Address | None], palette: Palette
) -> None:
    """Outline the pixels that are selected or under the mouse, so that they stand out of blue and orange."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    rects = [rect for address in addresses for rect in look.marks(picture, address)]
    around = [qrect(_on_pixels(rect)).adjusted(-1.0, -1.0, 1.0, 1.0) for rect in rects]
    for colour, width in ((palette.canvas, MARK_PX + 2.0), (palette.ink, MARK_PX)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawRects(around)


def _on_pixels(rect: Rect) -> Rect:
    """Return a place that begins and ends with whole pixels."""
    x, y = round(rect.x), round(rect.y)
    return Rect(x, y, max(round(rect.right) - x, 1), max(round(rect.bottom) - y, 1))


def _paint_frames(painter: QPainter, places: Sequence[Rect], column: Column, palette: Palette) -> None:
    """Paint a line around every place."""
    painter.setPen(QPen(QColor(palette.node_border), look.frame_width(column.picture)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRects([qrect(place).adjusted(-0.5, -0.5, 0.5, 0.5) for place in places])


def _paint_bars(
    painter: QPainter, picture: Picture, column: Column, bars: Sequence[Rect], palette: Palette
) -> None:
    """Paint under each picture of nodes that stand side by side the bar that tells the node's value."""
    if not bars:
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(tile_box(column.role, palette).fill))
    painter.drawRects([qrect(bar) for bar in bars])
    for tint in look.bar_tints(picture, column, palette):
        for bar, colour in zip(bars, tint.pixels().tolist(), strict=True):
            if colour[3]:
                painter.fillRect(qrect(tint.over(bar)), QColor(*colour))
    _paint_frames(painter, bars, column, palette)


def _paint_dots(
    painter: QPainter, picture: Picture, values: Array, places: Sequence[Rect], palette: Palette
) -> None:
    """Paint where the row is."""
    painter.setPen(QPen(QColor(palette.canvas), look.RIM))
    painter.setBrush(QColor(palette.ink))
    for of_node, place in zip(values, places, strict=False):
        dot = look.dot(picture, place, of_node)
        if dot is not None:
            painter.drawEllipse(QPointF(dot.x, dot.y), dot.radius, dot.radius)


def _paint_curves(painter: QPainter, values: Array, places: Sequence[Rect], palette: Palette) -> None:
    for of_node, place in zip(values, places, strict=False):
        painter.fillRect(qrect(place), QColor(look.ground(palette)))
        painter.setPen(Qt.PenStyle.NoPen)
        for area in look.areas(of_node, place, palette):
            painter.setBrush(QColor(area.colour))
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in area.corners.tolist()]))
        zero = look.zero(of_node, place)
        painter.fillRect(QRectF(place.x, round(zero), place.width, 1.0), QColor(palette.node_border))
