"""Paints nodes and texts line by line, as exact as on paper: exports, and what is too large for a sprite."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPen

from nnviz.picture import style
from nnviz.picture.columns import COMPACT
from nnviz.picture.edges import edge_colour
from nnviz.picture.legend import Sample
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Column, Label, Rect
from nnviz.picture.picture import Picture
from nnviz.picture.style import Box, Pixels
from nnviz.ui.widgets.images import qrect
from nnviz.ui.widgets.theme import pixel_font


@lru_cache(maxsize=1024)
def _pen(colour: str, width: float, dashed: bool = False) -> QPen:
    pen = QPen(QColor(colour), width)
    if dashed:
        pen.setDashPattern(style.DASHES)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


@lru_cache(maxsize=64)
def _brush(colour: str) -> QBrush:
    return QBrush(QColor(colour))


def image_of(pixels: Pixels) -> QImage:
    """Return RGBA, shape (rows, columns, 4), in the format that Qt stretches fastest."""
    rows, columns, _ = pixels.shape
    image = QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def paint_box(painter: QPainter, rect: Rect, box: Box) -> None:
    """Paint a box over `rect`, half of its line outside."""
    painter.setPen(_pen(box.line, box.width, box.dashed) if box.line else Qt.PenStyle.NoPen)
    painter.setBrush(_brush(box.fill) if box.fill else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(qrect(rect), box.radius, box.radius)


def paint_blocks(painter: QPainter, picture: Picture, palette: Palette) -> None:
    """Paint the columns whose nodes are too small for a text, as strips or squares of their tints."""
    for column in picture.layout.columns:
        if column.block and not column.picture:
            box, inside = style.block_box(column, palette), style.block_inside(column)
            paint_box(painter, column.box, box)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            for tint in style.tints(picture, column, palette):
                painter.drawImage(qrect(tint.over(inside)), image_of(tint.picture(column)))
            if column.across > 1:
                paint_box(painter, column.box, box._replace(fill=""))


def paint_nodes(painter: QPainter, picture: Picture, palette: Palette) -> None:
    """Paint the nodes that are drawn one by one, without their texts."""
    for column in picture.layout.columns:
        if not column.block and column.height < COMPACT:
            _paint_small(painter, picture, column, palette)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for node in picture.nodes:
        if node.rect.height >= COMPACT:
            paint_box(painter, node.rect, style.node_box(node.role, node.rect, palette))


def _paint_small(painter: QPainter, picture: Picture, column: Column, palette: Palette) -> None:
    """Paint nodes that are too small for a text, with a line of one device pixel, and their tints."""
    nodes = column.in_sight(picture.layout.body)
    places = [column.rect(node) for node in nodes]
    box = style.node_box(column.role, column.rect(0), palette)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(_pen(box.line, 0.0))
    painter.setBrush(_brush(box.fill))
    painter.drawRects([qrect(place) for place in places])
    for tint in style.tints(picture, column, palette):
        colours = tint.pixels()[nodes.start : nodes.stop].tolist()
        for place, colour in zip(places, colours, strict=True):
            painter.fillRect(qrect(tint.over(place)), QColor(*colour))


_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
_ALIGN = {  # joined here, since joining Qt's flags costs more than looking one up
    "left": Qt.AlignmentFlag.AlignLeft | _MIDDLE,
    "center": Qt.AlignmentFlag.AlignHCenter | _MIDDLE,
    "right": Qt.AlignmentFlag.AlignRight | _MIDDLE,
}


def paint_leader(painter: QPainter, label: Label, palette: Palette) -> None:
    """Paint the line from a number to its edge, where it had to leave it."""
    line = style.leader(label)
    if line is not None:
        painter.setPen(_pen(style.leader_colour(label, palette), style.leader_width(label)))
        painter.drawLine(QLineF(*line))


def paint_label(painter: QPainter, label: Label, palette: Palette, *, chosen: bool = False) -> None:
    """Paint a text with its pill, a chosen one with the accent around it."""
    paint_leader(painter, label, palette)
    box = style.label_box(label, palette, chosen=chosen)
    if box is not None:
        paint_box(painter, label.rect, box)
    painter.setFont(label_font(label))
    painter.setPen(_pen(style.text_colour(label, palette), 1.0))
    painter.drawText(qrect(label.rect), _ALIGN[label.align], label.text)


def paint_legend(painter: QPainter, legend: Iterable[Sample], palette: Palette) -> None:
    """Paint what the colours and the shapes mean."""
    for sample in legend:
        if sample.edge is not None:
            painter.fillRect(qrect(sample.edge), QColor(edge_colour(sample.box.value or 0.0, palette)))
        paint_label(painter, sample.box, palette)
        paint_label(painter, sample.words, palette)


_fonts: dict[tuple[str, float], QFont] = {}


def label_font(label: Label) -> QFont:
    """Return the font of a label."""
    key = (label.style, label.size)
    if key not in _fonts:
        if len(_fonts) > 500:
            _fonts.clear()
        font = pixel_font(label.size, QFont.Weight(style.font_weight(label.style)))
        if spacing := style.letter_spacing(label):
            font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, spacing)
        _fonts[key] = font
    return _fonts[key]
