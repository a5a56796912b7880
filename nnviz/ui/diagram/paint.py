"""Painting of the diagram with QPainter: edges, nodes, labels and thumbnails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

import numpy as np
import shiboken6
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPen, QPolygonF

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.picture import style
from nnviz.picture.edges import EVERY_EDGE, STRONGEST, EdgeGroups, Gap, edge_colour, edge_width, strongest
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Rect, Style
from nnviz.picture.picture import Picture
from nnviz.picture.scales import Pixels
from nnviz.picture.style import Box, Image, Polygon, Shape, Text
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import pixel_font


@lru_cache(maxsize=1024)
def _pen(colour: str, width: float, dashed: bool = False) -> QPen:
    pen = QPen(QColor(colour), width)
    if dashed:
        pen.setDashPattern(style.DASHES)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    return pen


@lru_cache(maxsize=256)
def _brush(fill: str, opacity: float = 1.0) -> QBrush:
    colour = QColor(fill)
    colour.setAlphaF(opacity)
    return QBrush(colour)


def image_of(pixels: Pixels) -> QImage:
    """Convert RGBA pixels, shape (rows, columns, 4), to a QImage in the format that Qt scales fastest."""
    rows, columns, _ = pixels.shape
    image = QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
_ALIGN = {  # combining Qt's flags is slower than a look-up
    "left": Qt.AlignmentFlag.AlignLeft | _MIDDLE,
    "center": Qt.AlignmentFlag.AlignHCenter | _MIDDLE,
    "right": Qt.AlignmentFlag.AlignRight | _MIDDLE,
}


def paint_shapes(painter: QPainter, shapes: Iterable[Shape]) -> None:
    """Paint shapes on a painter with antialiasing."""
    for shape in shapes:
        match shape:
            case Text(label, colour):
                painter.setFont(label_font(label.style, label.size))
                painter.setPen(_pen(colour, 1.0))
                painter.drawText(qrect(label.rect), _ALIGN[label.align], label.text)
            case Box():
                _paint_box(painter, shape)
            case Image(rect, pixels, sharp):
                painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not sharp)
                painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # several times faster
                painter.drawImage(qrect(_on_pixels(rect)), image_of(pixels))
                painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            case Polygon(corners, colour):
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(_brush(colour))
                painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners.tolist()]))


def _paint_box(painter: QPainter, box: Box) -> None:
    """Paint a box. Half of the outline's width lies outside the box; without round corners, it is 1 pixel."""
    width = box.width if box.radius else 0.0
    painter.setPen(_pen(box.line, width, box.dashed) if box.line else Qt.PenStyle.NoPen)
    painter.setBrush(_brush(box.fill, box.opacity) if box.fill else Qt.BrushStyle.NoBrush)
    if box.radius:
        painter.drawRoundedRect(qrect(box.rect), box.radius, box.radius)
    else:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.drawRect(qrect(_on_pixels(box.rect)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)


@lru_cache(maxsize=512)
def label_font(label_style: Style, size: float) -> QFont:
    """Return the font of labels of a style, with this size in pixels."""
    font = pixel_font(size, QFont.Weight(style.font_weight(label_style)))
    if spacing := style.letter_spacing(label_style, size):
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, spacing)
    return font


ALWAYS_SHARP = 150
"""Up to this many edges are antialiased even while weights change."""

STRONGEST_MOVING = 500
"""While weights change, only this number of edges per layer is drawn, the strongest edges."""
BUCKETS = 32
"""Number of different colours and widths of edges for each sign of the weights."""
HALO_PX, HALO_OPACITY, RAIL_PX = 12.0, 0.1, 1.25
"""HALO_PX, RAIL_PX: widths of the halo around a selected edge and of its borders, in pixels at scale 1.

HALO_OPACITY: opacity of the halo.
"""


def paint_edges(painter: QPainter, picture: Picture, palette: Palette, *, moving: bool = False) -> None:
    """Paint all edges. With `moving=True`, save time: paint fewer edges, without antialiasing."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not moving)
    layout = picture.layout
    if picture.few_edges:
        shares = np.concatenate([weights.ravel() for weights in picture.weights]) / (picture.scale or 1.0)
        _paint_lines(painter, layout.lines, shares, _edge_pens(palette, False, layout.scale))
        return
    limit = STRONGEST_MOVING if moving else STRONGEST
    for layer, weights in enumerate(picture.weights):
        paint_some_edges(painter, picture, [(layer, *strongest(weights, limit))], palette)


def paint_some_edges(painter: QPainter, picture: Picture, groups: EdgeGroups, palette: Palette) -> None:
    """Paint groups of edges in full colours."""
    layout = picture.layout
    for layer, nodes, sources in groups:
        weights = picture.weights[layer]
        pens = _edge_pens(palette, weights.size > EVERY_EDGE, layout.scale)
        lines = layout.gaps[layer].segments(nodes, sources)
        _paint_lines(painter, lines, weights[nodes, sources] / (picture.scale or 1.0), pens)


def _paint_lines(painter: QPainter, lines: Array, shares: Array, pens: Mapping[int, QPen]) -> None:
    """Paint lines, shape (lines, 4), from weak to strong, in buckets with one pen each.

    `shares` are the weights divided by the largest weight.
    """
    buckets = np.clip(np.rint(shares * BUCKETS), -BUCKETS, BUCKETS).astype(np.intp)
    size = np.abs(buckets)
    above = (buckets > 0) ^ (size % 2 > 0)  # the signs alternate, so that neither hides the other
    order = np.argsort(2 * size + above, kind="stable")
    buckets, lines = buckets[order], np.ascontiguousarray(lines[order], dtype=np.float64)
    first, size_of_line = lines.ctypes.data, lines.strides[0]
    starts = [0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist()]
    for start, end, bucket in zip(starts, [*starts[1:], len(buckets)], buckets[starts].tolist(), strict=True):
        painter.setPen(pens[bucket])
        line = shiboken6.wrapInstance(first + start * size_of_line, QLineF)
        painter.drawLines(line, end - start)  # type: ignore[call-overload]


@lru_cache(maxsize=8)
def _edge_pens(palette: Palette, crowded: bool, growth: float) -> dict[int, QPen]:
    shares = {bucket: bucket / BUCKETS for bucket in range(-BUCKETS, BUCKETS + 1)}
    return {
        bucket: QPen(QColor(edge_colour(share, palette)), edge_width(share, crowded) * growth)
        for bucket, share in shares.items()
    }


def edge_line(gap: Gap, node: int, source: int) -> QLineF:
    """Return the line of the edge from `source` to `node`."""
    return QLineF(*gap.segments(np.array([node]), np.array([source]))[0].tolist())


def paint_halo(painter: QPainter, picture: Picture, address: Address, palette: Palette) -> None:
    """Paint a halo with borders around a selected edge. A halo alone would look like a wide edge."""
    line = edge_line(picture.layout.gaps[address.layer], address.node, address.source)
    scale, faint = picture.layout.scale, QColor(palette.accent)
    faint.setAlphaF(HALO_OPACITY)
    solid, flat = Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap
    painter.setPen(QPen(faint, HALO_PX * scale, solid, flat))
    painter.drawLine(line)
    normal = line.normalVector().unitVector()
    offset = QPointF(normal.dx(), normal.dy()) * (HALO_PX * scale / 2)
    painter.setPen(QPen(QColor(palette.accent), RAIL_PX * scale, solid, flat))
    painter.drawLines([line.translated(offset), line.translated(-offset)])


def _on_pixels(rect: Rect) -> Rect:
    """Return a rectangle rounded to whole pixels, at least one pixel wide and high."""
    x, y = round(rect.x), round(rect.y)
    return Rect(x, y, max(round(rect.right) - x, 1), max(round(rect.bottom) - y, 1))
