"""Paints a Picture with a QPainter: edges, node boxes, texts. Window, PNG and PDF all come through here."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPen

from nnviz.core.activations import Array
from nnviz.picture.columns import COMPACT
from nnviz.picture.draw import Picture
from nnviz.picture.edges import Gap, Indices, edge_colour, edge_width, haze_pixels, strongest
from nnviz.picture.ink import Pixels, border, ink, slope_pixels, value_pixels
from nnviz.picture.palette import Palette
from nnviz.picture.picture import Label, NodeBox, Part, Rect
from nnviz.ui.theme import ui_font

EVERY_EDGE = 600
"""Up to so many edges in a network each is drawn by itself; above, a haze and the strongest of each layer."""
ALWAYS_SHARP = 150
"""Up to so many edges are drawn with antialiasing while they change, too."""

STRONGEST, STRONGEST_MOVING = 1500, 500
BUCKETS = 32
SMALL = COMPACT
"""Nodes lower than this show no text: they have square corners and are tinted by their values."""

_WEIGHTS = {
    "pill": QFont.Weight.DemiBold,
    "slope": QFont.Weight.DemiBold,
    "node_slope": QFont.Weight.DemiBold,
    "value": QFont.Weight.Bold,
    "dead": QFont.Weight.Bold,
    "heading": QFont.Weight.DemiBold,
    "error": QFont.Weight.DemiBold,
}


@lru_cache(maxsize=1024)
def _pen(colour: str, width: float) -> QPen:
    return QPen(QColor(colour), width)


@lru_cache(maxsize=64)
def _brush(colour: str) -> QBrush:
    return QBrush(QColor(colour))


def qrect(rect: Rect) -> QRectF:
    """Return a Rect as Qt's."""
    return QRectF(rect.x, rect.y, rect.width, rect.height)


def paint_picture(painter: QPainter, picture: Picture, palette: Palette) -> None:
    """Paint the whole picture, edges first, as for an export."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_edges(painter, picture, palette)
    paint_columns(painter, picture, palette)
    paint_nodes(painter, picture, picture.nodes, palette)
    paint_labels(painter, picture.labels, palette)


def paint_edges(painter: QPainter, picture: Picture, palette: Palette, *, moving: bool = False) -> None:
    """Paint all edges; `moving` draws fewer and without antialiasing, since a sharper picture will follow."""
    few = sum(weights.size for weights in picture.weights) <= EVERY_EDGE
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not moving)
    strongest_of = STRONGEST_MOVING if moving else STRONGEST
    for gap, weights in zip(picture.layout.gaps, picture.weights, strict=True):
        if not few and weights.size > STRONGEST:
            _paint_haze(painter, gap, weights, palette)
        nodes, sources = strongest(weights, weights.size if few else strongest_of)
        paint_some_edges(painter, gap, weights, nodes, sources, picture.scale, palette)


def paint_some_edges(
    painter: QPainter,
    gap: Gap,
    weights: Array,
    nodes: Indices,
    sources: Indices,
    scale: float,
    palette: Palette,
) -> None:
    """Paint the edges named by `nodes` and `sources`, weak ones first, in buckets of one pen each."""
    shares = np.clip(weights[nodes, sources] / (scale or 1.0), -1.0, 1.0)
    buckets = np.rint(shares * BUCKETS)
    order = np.lexsort((buckets, np.abs(buckets)))
    lines = [QLineF(*segment) for segment in gap.segments(nodes[order], sources[order]).tolist()]
    buckets = buckets[order]
    starts = [0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist(), len(lines)]
    slim = 1.0 if len(lines) <= EVERY_EDGE else 0.5
    for start, end in itertools.pairwise(starts):
        share = float(buckets[start]) / BUCKETS
        # A pen of width 1 or less costs Qt's raster engine seven times more.
        width = max(edge_width(share) * slim, 1.2)
        painter.setPen(_pen(edge_colour(share, palette), width))
        painter.drawLines(lines[start:end])


def _paint_haze(painter: QPainter, gap: Gap, weights: Array, palette: Palette) -> None:
    pixels = haze_pixels(gap, weights, palette)
    rows, columns, _ = pixels.shape
    image = QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    top, bottom = gap.span
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(QRectF(gap.x0, top, gap.x1 - gap.x0, bottom - top), image)


def paint_columns(painter: QPainter, picture: Picture, palette: Palette) -> None:
    """Paint the columns whose nodes are too small to be drawn one by one, as a strip of their values."""
    for column in picture.layout.columns:
        if column.block:
            painter.setPen(QPen(QColor(palette.node_border), 1.2))
            painter.setBrush(QBrush(fill(column.role, palette)))
            painter.drawRoundedRect(qrect(column.box), 4, 4)
            inside = qrect(column.box).adjusted(2, 2, -2, -2)
            _paint_strip(painter, inside, value_pixels(picture, column.column, palette))
            inside.setLeft(inside.right() - inside.width() / 3)
            _paint_strip(painter, inside, slope_pixels(picture, column.column, palette))


def _paint_strip(painter: QPainter, place: QRectF, strip: Pixels | None) -> None:
    if strip is not None:
        image = QImage(strip.tobytes(), 1, len(strip), 4, QImage.Format.Format_RGBA8888)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(place, image)


def fill(role: str, palette: Palette) -> QColor:
    """Return the colour of a node by its role."""
    return QColor(getattr(palette, f"{role}_node"))


def corner(rect: Rect) -> float:
    """Return the radius of a node's corners."""
    return min(10.0 * max(1.0, rect.height / 64.0), rect.height / 3.0)


def paint_nodes(
    painter: QPainter,
    picture: Picture,
    nodes: Sequence[NodeBox],
    palette: Palette,
    selected: Part | None = None,
) -> None:
    """Paint node boxes without their texts."""
    small = [node for node in nodes if node.rect.height < SMALL]
    _paint_small(painter, picture, small, palette)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for node in nodes:
        chosen = node.part == selected
        if node.rect.height < SMALL and not chosen:
            continue
        painter.setPen(_pen(palette.accent if chosen else palette.node_border, 2.4 if chosen else 1.2))
        painter.setBrush(_brush(getattr(palette, f"{node.role}_node")))
        radius = corner(node.rect)
        painter.drawRoundedRect(qrect(node.rect), radius, radius)


def _paint_small(painter: QPainter, picture: Picture, nodes: list[NodeBox], palette: Palette) -> None:
    """Paint nodes that are too small for a text: square, tinted by their values."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(palette.node_border), 0))
    for role in {node.role for node in nodes}:
        painter.setBrush(QBrush(fill(role, palette)))
        painter.drawRects([qrect(node.rect) for node in nodes if node.role == role])
    for column in {node.part.column for node in nodes}:
        own = [node for node in nodes if node.part.column == column]
        _tint(painter, own, value_pixels(picture, column, palette), 1.0)
        _tint(painter, own, slope_pixels(picture, column, palette), 1 / 3)


def _tint(painter: QPainter, nodes: list[NodeBox], tints: Pixels | None, share: float) -> None:
    """Fill the right `share` of every node with its tint."""
    if tints is not None:
        for node in nodes:
            place = qrect(node.rect)
            place.setLeft(place.right() - share * place.width())
            painter.fillRect(place, QColor(*tints[node.part.node].tolist()))


def paint_labels(
    painter: QPainter,
    labels: Iterable[Label],
    palette: Palette,
    selected: tuple[Part | None, ...] = (),
) -> None:
    """Paint labels with their pills; those of `selected` parts with the accent as their border."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for label in labels:
        _paint_label(painter, label, palette, label.part in selected)


_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
_ALIGN = {  # joined here, since joining Qt's flags costs more than looking one up
    "left": Qt.AlignmentFlag.AlignLeft | _MIDDLE,
    "center": Qt.AlignmentFlag.AlignHCenter | _MIDDLE,
    "right": Qt.AlignmentFlag.AlignRight | _MIDDLE,
}


def _paint_label(painter: QPainter, label: Label, palette: Palette, selected: bool) -> None:
    rect = qrect(label.rect)
    if label.style == "pill":
        line = palette.accent if selected else border(label, palette)
        painter.setPen(_pen(line, 2.0 if selected else 1.2))
        painter.setBrush(_brush(palette.hidden_node))
        painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
    elif label.style == "node_slope":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(_brush(palette.slope))
        painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
    elif label.style == "slope":
        painter.fillRect(rect.adjusted(0, 2, 0, -2), QColor(palette.canvas))
    painter.setFont(label_font(label))
    painter.setPen(_pen(ink(label, palette), 1.0))
    painter.drawText(rect, _ALIGN[label.align], label.text)


_fonts: dict[tuple[str, float], QFont] = {}


def label_font(label: Label) -> QFont:
    """Return the font of a label."""
    key = (label.style, label.size)
    if key not in _fonts:
        if len(_fonts) > 500:
            _fonts.clear()
        font = ui_font(label.size, _WEIGHTS.get(label.style, QFont.Weight.Normal))
        if label.style == "heading":
            font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.6)
        _fonts[key] = font
    return _fonts[key]


def edge_line(gap: Gap, node: int, source: int) -> QLineF:
    """Return where an edge runs."""
    return QLineF(*gap.segments(np.array([node]), np.array([source]))[0].tolist())
