"""Paints edges, on paper and screen: each by itself where they are few, else the strongest over a haze."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
import shiboken6
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnviz.core.activations import Array
from nnviz.core.address import Address
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
from nnviz.picture.picture import Picture
from nnviz.ui.diagram.paper import image_of
from nnviz.ui.widgets.images import qrect

ALWAYS_SHARP = 150
"""Up to so many edges are drawn with antialiasing while they change, too."""

STRONGEST_MOVING = 500
BUCKETS = 32
HALO_PX, HALO_OPACITY, RAIL_PX = 12.0, 0.1, 1.25

Lit = list[tuple[int, Indices, Indices]]
"""Edges that light up, by layer: (layer, nodes, sources)."""


def paint_edges(painter: QPainter, picture: Picture, palette: Palette, *, moving: bool = False) -> None:
    """Paint all edges; `moving` draws fewer and without antialiasing, since a sharper picture will follow."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not moving)
    layout, scale = picture.layout, picture.scale
    if picture.few_edges:
        every = np.concatenate([weights.ravel() for weights in picture.weights])
        _paint_lines(painter, layout.lines, every, scale, _edge_pens(palette, False, layout.scale))
        return
    most = STRONGEST_MOVING if moving else STRONGEST
    for gap, weights in zip(layout.gaps, picture.weights, strict=True):
        if weights.size > STRONGEST:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(qrect(gap.box), image_of(haze_pixels(gap, weights, palette)))
        paint_some_edges(painter, gap, weights, *strongest(weights, most), scale, palette, layout.scale)


def paint_some_edges(
    painter: QPainter,
    gap: Gap,
    weights: Array,
    nodes: Indices,
    sources: Indices,
    scale: float,
    palette: Palette,
    grown: float = 1.0,
) -> None:
    """Paint the edges named by `nodes` and `sources`, `grown` times as wide as in a small room."""
    pens = _edge_pens(palette, weights.size > EVERY_EDGE, grown)
    _paint_lines(painter, gap.segments(nodes, sources), weights[nodes, sources], scale, pens)


def _paint_lines(
    painter: QPainter, lines: Array, weights: Array, scale: float, pens: Mapping[int, QPen]
) -> None:
    """Paint lines, shape (lines, 4), weak ones first, in buckets of one pen each."""
    buckets = np.clip(np.rint(weights / (scale or 1.0) * BUCKETS), -BUCKETS, BUCKETS).astype(np.intp)
    size = np.abs(buckets)
    above = (buckets > 0) ^ (size % 2 > 0)  # by turns, so that neither sign hides the other
    order = np.argsort(2 * size + above, kind="stable")
    buckets, lines = buckets[order], np.ascontiguousarray(lines[order], dtype=np.float64)
    first, size_of_line = lines.ctypes.data, lines.strides[0]
    starts = [0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist()]
    for start, end, bucket in zip(starts, [*starts[1:], len(buckets)], buckets[starts].tolist(), strict=True):
        painter.setPen(pens[bucket])
        line = shiboken6.wrapInstance(first + start * size_of_line, QLineF)
        painter.drawLines(line, end - start)  # type: ignore[call-overload]


@lru_cache(maxsize=8)
def _edge_pens(palette: Palette, crowded: bool, grown: float) -> dict[int, QPen]:
    shares = {bucket: bucket / BUCKETS for bucket in range(-BUCKETS, BUCKETS + 1)}
    return {
        bucket: QPen(QColor(edge_colour(share, palette)), edge_width(share, crowded) * grown)
        for bucket, share in shares.items()
    }


def edge_line(gap: Gap, node: int, source: int) -> QLineF:
    """Return where an edge runs."""
    return QLineF(*gap.segments(np.array([node]), np.array([source]))[0].tolist())


def neighbours(picture: Picture, address: Address | None) -> Lit:
    """Return the edges that light up with `address`: an edge itself, all edges of a node."""
    if address is None:
        return []
    if address.kind in ("weight", "slope"):
        return [(address.layer, np.array([address.node]), np.array([address.source]))]
    lit: Lit = []
    if address.layer >= 0:
        sources = np.arange(picture.weights[address.layer].shape[1])
        lit.append((address.layer, np.full_like(sources, address.node), sources))
    following = address.layer + 1
    if following < len(picture.weights):
        nodes = np.arange(picture.weights[following].shape[0])
        lit.append((following, nodes, np.full_like(nodes, address.node)))
    return lit


def paint_lit(painter: QPainter, picture: Picture, lit: Lit, palette: Palette) -> None:
    """Paint the edges that are lit."""
    for layer, nodes, sources in lit:
        gap, weights = picture.layout.gaps[layer], picture.weights[layer]
        paint_some_edges(painter, gap, weights, nodes, sources, picture.scale, palette, picture.layout.scale)


def paint_halo(painter: QPainter, picture: Picture, address: Address, palette: Palette) -> None:
    """Paint a track around a selected edge: a faint band alone would pass for the width of a weight."""
    line = edge_line(picture.layout.gaps[address.layer], address.node, address.source)
    scale, faint = picture.layout.scale, QColor(palette.accent)
    faint.setAlphaF(HALO_OPACITY)
    solid, flat = Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap
    painter.setPen(QPen(faint, HALO_PX * scale, solid, flat))
    painter.drawLine(line)
    across = line.normalVector().unitVector()
    away = QPointF(across.dx(), across.dy()) * (HALO_PX * scale / 2)
    painter.setPen(QPen(QColor(palette.accent), RAIL_PX * scale, solid, flat))
    painter.drawLines([line.translated(away), line.translated(-away)])
