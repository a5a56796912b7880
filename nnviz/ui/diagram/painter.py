"""Paints a Picture with a QPainter as on paper: edges, node boxes, texts. PNG and PDF come through here."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen

from nnviz.picture.columns import COMPACT, corner
from nnviz.picture.ink import Pixels, border, ink, slope_pixels, value_pixels
from nnviz.picture.labels import LETTER_SPACING
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Label, NodeBox, Rect, Role
from nnviz.picture.picture import Picture
from nnviz.ui.diagram.edge_painter import paint_edges
from nnviz.ui.diagram.sprites import image_of
from nnviz.ui.widgets.rect import qrect
from nnviz.ui.widgets.theme import ui_font

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


def paint_picture(painter: QPainter, picture: Picture, palette: Palette) -> None:
    """Paint the whole picture, edges first, as for an export."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_edges(painter, picture, palette)
    paint_columns(painter, picture, palette)
    paint_nodes(painter, picture, picture.nodes, palette)
    for label in picture.labels:
        paint_label(painter, label, palette, chosen=False)


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
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(place, image_of(strip[:, None]))


def fill(role: str, palette: Palette) -> QColor:
    """Return the colour of a node by its role."""
    return QColor(getattr(palette, f"{role}_node"))


class Box(NamedTuple):
    """How a rectangle with round corners is painted; `fill` or `line` is "" where it has none."""

    fill: str
    line: str
    width: float
    radius: float


def paint_box(painter: QPainter, rect: Rect, box: Box) -> None:
    """Paint a box over `rect`, half of its line outside."""
    painter.setPen(_pen(box.line, box.width) if box.line else Qt.PenStyle.NoPen)
    painter.setBrush(_brush(box.fill) if box.fill else Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(qrect(rect), box.radius, box.radius)


def node_box(role: Role, rect: Rect, palette: Palette) -> Box:
    """Return how a node is painted."""
    return Box(getattr(palette, f"{role}_node"), palette.node_border, 1.2, corner(rect))


PILLS = ("pill", "slope", "node_slope")
"""The styles of labels that stand on a pill."""


def label_box(label: Label, palette: Palette, *, chosen: bool) -> Box | None:
    """Return how the pill of a label is painted, a chosen one with the accent around it; None without one."""
    if label.style == "pill":
        line, width = (palette.accent, 2.0) if chosen else (border(label, palette), 1.2)
        return Box(palette.hidden_node, line, width, label.rect.height / 2)
    if label.style == "node_slope":
        return Box(palette.slope, "", 0.0, label.rect.height / 2)
    if label.style == "slope":
        return Box(palette.canvas, "", 0.0, 4.0)
    return None


def paint_nodes(painter: QPainter, picture: Picture, nodes: Sequence[NodeBox], palette: Palette) -> None:
    """Paint node boxes without their texts."""
    _paint_small(painter, picture, [node for node in nodes if node.rect.height < SMALL], palette)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for node in nodes:
        if node.rect.height >= SMALL:
            paint_box(painter, node.rect, node_box(node.role, node.rect, palette))


def _paint_small(painter: QPainter, picture: Picture, nodes: list[NodeBox], palette: Palette) -> None:
    """Paint nodes that are too small for a text: square, tinted by their values."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(QPen(QColor(palette.node_border), 0))
    for role in {node.role for node in nodes}:
        painter.setBrush(QBrush(fill(role, palette)))
        painter.drawRects([qrect(node.rect) for node in nodes if node.role == role])
    for column in {node.address.column for node in nodes}:
        own = [node for node in nodes if node.address.column == column]
        _tint(painter, own, value_pixels(picture, column, palette), 1.0)
        _tint(painter, own, slope_pixels(picture, column, palette), 1 / 3)


def _tint(painter: QPainter, nodes: list[NodeBox], tints: Pixels | None, share: float) -> None:
    """Fill the right `share` of every node with its tint."""
    if tints is not None:
        for node in nodes:
            place = qrect(node.rect)
            place.setLeft(place.right() - share * place.width())
            painter.fillRect(place, QColor(*tints[node.address.node].tolist()))


_MIDDLE = Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip
_ALIGN = {  # joined here, since joining Qt's flags costs more than looking one up
    "left": Qt.AlignmentFlag.AlignLeft | _MIDDLE,
    "center": Qt.AlignmentFlag.AlignHCenter | _MIDDLE,
    "right": Qt.AlignmentFlag.AlignRight | _MIDDLE,
}


def paint_label(painter: QPainter, label: Label, palette: Palette, *, chosen: bool) -> None:
    """Paint a text with its pill."""
    box = label_box(label, palette, chosen=chosen)
    if box is not None:
        paint_box(painter, label.rect, box)
    painter.setFont(label_font(label))
    painter.setPen(_pen(ink(label, palette), 1.0))
    painter.drawText(qrect(label.rect), _ALIGN[label.align], label.text)


_fonts: dict[tuple[str, float], QFont] = {}


def label_font(label: Label) -> QFont:
    """Return the font of a label."""
    key = (label.style, label.size)
    if key not in _fonts:
        if len(_fonts) > 500:
            _fonts.clear()
        font = ui_font(label.size, _WEIGHTS.get(label.style, QFont.Weight.Normal))
        if label.style == "heading":
            font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, LETTER_SPACING * label.size)
        _fonts[key] = font
    return _fonts[key]
