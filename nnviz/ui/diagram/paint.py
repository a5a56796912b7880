"""Painting of the diagram with QPainter: edges, nodes, labels and thumbnails."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import numpy as np
import shiboken6
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPen, QPolygonF

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.picture import style
from nnviz.picture.columns import COMPACT
from nnviz.picture.edges import (
    EVERY_EDGE,
    STRONGEST,
    Gap,
    Indices,
    edge_colour,
    edge_width,
    haze_pixels,
    strongest,
)
from nnviz.picture.palette import Palette
from nnviz.picture.parts import DiagramColumn, Label, Rect, Style
from nnviz.picture.picture import Picture
from nnviz.picture.style import Box, Pixels
from nnviz.picture.svg import Sample
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import pixel_font


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
    """Convert RGBA pixels, shape (rows, columns, 4), to a QImage in the format that Qt scales fastest."""
    rows, columns, _ = pixels.shape
    image = QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


def paint_box(painter: QPainter, rect: Rect, box: Box) -> None:
    """Paint a box over `rect`. Half of the outline's width lies outside `rect`."""
    painter.setPen(_pen(box.line, box.width, box.dashed) if box.line else Qt.PenStyle.NoPen)
    painter.setBrush(_brush(box.fill) if box.fill else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(qrect(rect), box.radius, box.radius)


def paint_nodes(painter: QPainter, picture: Picture, palette: Palette) -> None:
    """Paint all nodes with their thumbnails, without texts."""
    _paint_blocks(painter, picture, palette)
    _paint_boxes(painter, picture, palette)
    for column in picture.layout.columns:
        if column.picture:
            _paint_thumbnails(painter, picture, column, palette)


def _paint_blocks(painter: QPainter, picture: Picture, palette: Palette) -> None:
    """Paint columns whose nodes are too small for separate boxes, as strips or squares of colours."""
    for column in picture.layout.columns:
        if column.block and not column.picture:
            box, inside = style.block_box(column, palette), style.block_inside(column)
            paint_box(painter, column.box, box)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            for tint in style.tints(picture, column, palette):
                painter.drawImage(qrect(tint.covered(inside)), image_of(tint.picture(column)))
            if column.per_row > 1:
                paint_box(painter, column.box, box._replace(fill=""))


def _paint_boxes(painter: QPainter, picture: Picture, palette: Palette) -> None:
    """Paint the boxes of all nodes that are large enough for separate boxes, without texts."""
    for column in picture.layout.columns:
        if not column.block and column.height < COMPACT:
            _paint_small(painter, picture, column, palette)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for node in picture.nodes:
        if node.rect.height >= COMPACT:
            paint_box(painter, node.rect, style.node_box(node.role, node.rect, palette))


def _paint_small(painter: QPainter, picture: Picture, column: DiagramColumn, palette: Palette) -> None:
    """Paint nodes too small for a text, with a line of one device pixel, and their tints."""
    nodes = column.visible_nodes(picture.layout.body)
    places = [column.rect(node) for node in nodes]
    box = style.node_box(column.role, column.rect(0), palette)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(_pen(box.line, 0.0))
    painter.setBrush(_brush(box.fill))
    painter.drawRects([qrect(place) for place in places])
    for tint in style.tints(picture, column, palette):
        colours = tint.pixels()[nodes.start : nodes.stop].tolist()
        for place, colour in zip(places, colours, strict=True):
            painter.fillRect(qrect(tint.covered(place)), QColor(*colour))


_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
_ALIGN = {  # combining Qt's flags is slower than a look-up
    "left": Qt.AlignmentFlag.AlignLeft | _MIDDLE,
    "center": Qt.AlignmentFlag.AlignHCenter | _MIDDLE,
    "right": Qt.AlignmentFlag.AlignRight | _MIDDLE,
}


def paint_leader(painter: QPainter, label: Label, palette: Palette) -> None:
    """Paint the line from a number to its edge, if the number does not lie on the edge."""
    line = style.leader_line(label)
    if line is not None:
        painter.setPen(_pen(style.leader_colour(label, palette), style.leader_width(label)))
        painter.drawLine(QLineF(*line))


def paint_label(painter: QPainter, label: Label, palette: Palette, *, chosen: bool = False) -> None:
    """Paint a label with its background. With `chosen=True`, outline the label in the accent colour."""
    paint_leader(painter, label, palette)
    box = style.label_box(label, palette, chosen=chosen)
    if box is not None:
        paint_box(painter, label.rect, box)
    painter.setFont(label_font(label.style, label.size))
    painter.setPen(_pen(style.text_colour(label, palette), 1.0))
    painter.drawText(qrect(label.rect), _ALIGN[label.align], label.text)


def paint_labels(painter: QPainter, labels: Iterable[Label], palette: Palette) -> None:
    """Paint labels with their backgrounds."""
    for label in labels:
        paint_label(painter, label, palette)


def paint_legend(painter: QPainter, legend: Iterable[Sample], palette: Palette) -> None:
    """Paint the legend of colours and shapes."""
    for sample in legend:
        if sample.edge is not None:
            painter.fillRect(qrect(sample.edge), QColor(edge_colour(sample.box.value or 0.0, palette)))
        paint_label(painter, sample.box, palette)
        paint_label(painter, sample.meaning, palette)


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

EdgeGroups = list[tuple[int, Indices, Indices]]
"""Groups of edges: (layer, nodes, sources). Edge k of a group leads from sources[k] to nodes[k]."""


def paint_edges(painter: QPainter, picture: Picture, palette: Palette, *, moving: bool = False) -> None:
    """Paint all edges. With `moving=True`, save time: paint fewer edges, without antialiasing."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not moving)
    layout = picture.layout
    if picture.few_edges:
        flat = np.concatenate([weights.ravel() for weights in picture.weights])
        _paint_lines(painter, layout.lines, flat, picture.scale, _edge_pens(palette, False, layout.scale))
        return
    limit = STRONGEST_MOVING if moving else STRONGEST
    for layer, (gap, weights) in enumerate(zip(layout.gaps, picture.weights, strict=True)):
        if weights.size > STRONGEST:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(qrect(gap.box), image_of(haze_pixels(gap, weights, palette)))
        paint_some_edges(painter, picture, [(layer, *strongest(weights, limit))], palette)


def paint_some_edges(painter: QPainter, picture: Picture, groups: EdgeGroups, palette: Palette) -> None:
    """Paint groups of edges in full colours."""
    layout = picture.layout
    for layer, nodes, sources in groups:
        weights = picture.weights[layer]
        pens = _edge_pens(palette, weights.size > EVERY_EDGE, layout.scale)
        lines = layout.gaps[layer].segments(nodes, sources)
        _paint_lines(painter, lines, weights[nodes, sources], picture.scale, pens)


def _paint_lines(
    painter: QPainter, lines: Array, weights: Array, scale: float, pens: Mapping[int, QPen]
) -> None:
    """Paint lines, shape (lines, 4), from weak to strong, in buckets with one pen each."""
    buckets = np.clip(np.rint(weights / (scale or 1.0) * BUCKETS), -BUCKETS, BUCKETS).astype(np.intp)
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


def neighbours(picture: Picture, address: Address | None) -> EdgeGroups:
    """Return the edges to highlight: an edge, all edges of a node, or the edges into a layer."""
    if address is None:
        return []
    if address.kind in ("weight", "slope"):
        return [(address.layer, np.array([address.node]), np.array([address.source]))]
    if address.kind == "layer":
        nodes, sources = np.indices(picture.weights[address.layer].shape).reshape(2, -1)
        return [(address.layer, nodes, sources)]
    groups: EdgeGroups = []
    if address.layer >= 0:
        sources = np.arange(picture.weights[address.layer].shape[1])
        groups.append((address.layer, np.full_like(sources, address.node), sources))
    following = address.layer + 1
    if following < len(picture.weights):
        nodes = np.arange(picture.weights[following].shape[0])
        groups.append((following, nodes, np.full_like(nodes, address.node)))
    return groups


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


MARK_PX = 1.6
"""Width of the outline of a selected pixel of an input, in pixels of the screen."""


def _paint_thumbnails(painter: QPainter, picture: Picture, column: DiagramColumn, palette: Palette) -> None:
    """Paint the thumbnails of a column, and under those in a grid bars tinted by the nodes' values."""
    nodes = column.visible_text_nodes(picture.layout.body)
    places = [_on_pixels(column.picture_of(node)) for node in nodes]
    if column.per_row > 1:
        _paint_bars(painter, picture, column, nodes, palette)
    values = style.thumbnail_values(picture, column)
    if values is None:
        return
    if style.is_curve(picture):
        _paint_curves(painter, values[nodes.start :], places, palette)
    else:
        sharp = style.keeps_pixels_sharp(picture, column.picture * painter.device().devicePixelRatioF())
        _paint_images(painter, style.thumbnail_colours(values, palette), nodes, places, sharp=sharp)
    _paint_frames(painter, places, column, palette)
    _paint_dots(painter, picture, values[nodes.start :], places, palette)


def _paint_images(
    painter: QPainter, colours: NDArray[np.uint32], nodes: range, places: Sequence[Rect], *, sharp: bool
) -> None:
    """Paint the thumbnails of `nodes`; `colours`, shape (nodes, side, side), are those of all nodes."""
    count, side, _ = colours.shape
    image = QImage(colours.tobytes(), side, count * side, 4 * side, QImage.Format.Format_RGB32)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not sharp)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # several times faster
    for node, place in zip(nodes, places, strict=True):
        painter.drawImage(qrect(place), image, QRectF(0, node * side, side, side))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def paint_marks(
    painter: QPainter, picture: Picture, addresses: Iterable[Address | None], palette: Palette
) -> None:
    """Outline the pixels of inputs at `addresses`. The colours contrast with the pixels' blue and orange."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    rects = [rect for address in addresses for rect in style.thumbnail_marks(picture, address)]
    outlines = [qrect(_on_pixels(rect)).adjusted(-1.0, -1.0, 1.0, 1.0) for rect in rects]
    for colour, width in ((palette.canvas, MARK_PX + 2.0), (palette.ink, MARK_PX)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawRects(outlines)


def _on_pixels(rect: Rect) -> Rect:
    """Return a rectangle rounded to whole pixels, at least one pixel wide and high."""
    x, y = round(rect.x), round(rect.y)
    return Rect(x, y, max(round(rect.right) - x, 1), max(round(rect.bottom) - y, 1))


def _paint_frames(painter: QPainter, places: Sequence[Rect], column: DiagramColumn, palette: Palette) -> None:
    """Paint a frame around every place."""
    painter.setPen(QPen(QColor(palette.node_border), style.frame_width(column.picture)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRects([qrect(place).adjusted(-0.5, -0.5, 0.5, 0.5) for place in places])


def _paint_bars(
    painter: QPainter, picture: Picture, column: DiagramColumn, nodes: range, palette: Palette
) -> None:
    """Paint the bars below the pictures of nodes side by side; a bar shows its node's value."""
    bars = [_on_pixels(column.bar_of(node)) for node in nodes]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(style.tile_box(column.role, palette).fill))
    painter.drawRects([qrect(bar) for bar in bars])
    for tint in style.bar_tints(picture, column, palette):
        for bar, colour in zip(bars, tint.pixels()[nodes.start : nodes.stop].tolist(), strict=True):
            if colour[3]:
                painter.fillRect(qrect(tint.covered(bar)), QColor(*colour))
    _paint_frames(painter, bars, column, palette)


def _paint_dots(
    painter: QPainter, picture: Picture, values: Array, places: Sequence[Rect], palette: Palette
) -> None:
    """Paint the dot of the row in each small picture."""
    painter.setPen(QPen(QColor(palette.canvas), style.THUMBNAIL_RIM))
    painter.setBrush(QColor(palette.ink))
    for curve, place in zip(values, places, strict=False):
        dot = style.thumbnail_dot(picture, place, curve)
        if dot is not None:
            x, y, radius = dot
            painter.drawEllipse(QPointF(x, y), radius, radius)


def _paint_curves(painter: QPainter, values: Array, places: Sequence[Rect], palette: Palette) -> None:
    for curve, place in zip(values, places, strict=False):
        painter.fillRect(qrect(place), QColor(palette.canvas))
        painter.setPen(Qt.PenStyle.NoPen)
        for corners, colour in style.curve_areas(curve, place, palette):
            painter.setBrush(QColor(colour))
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners.tolist()]))
        zero = style.zero_line(curve, place)
        painter.fillRect(QRectF(place.x, round(zero), place.width, 1.0), QColor(palette.node_border))
