"""Paints edges with a QPainter: each by itself where they are few, else the strongest over a haze."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from nnviz.core.activations import Array
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
from nnviz.ui.diagram.sprites import Lines, image_of

ALWAYS_SHARP = 150
"""Up to so many edges are drawn with antialiasing while they change, too."""

STRONGEST_MOVING = 500
BUCKETS = 32


def paint_edges(painter: QPainter, picture: Picture, palette: Palette, *, moving: bool = False) -> None:
    """Paint all edges; `moving` draws fewer and without antialiasing, since a sharper picture will follow."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, not moving)
    layout, scale = picture.layout, picture.scale
    if sum(weights.size for weights in picture.weights) <= EVERY_EDGE:
        every = np.concatenate([weights.ravel() for weights in picture.weights])
        _paint_lines(painter, layout.lines, every, scale, _edge_pens(palette, crowded=False))
        return
    most = STRONGEST_MOVING if moving else STRONGEST
    for gap, weights in zip(layout.gaps, picture.weights, strict=True):
        if weights.size > STRONGEST:
            _paint_haze(painter, gap, weights, palette)
        paint_some_edges(painter, gap, weights, *strongest(weights, most), scale, palette)


def paint_some_edges(
    painter: QPainter,
    gap: Gap,
    weights: Array,
    nodes: Indices,
    sources: Indices,
    scale: float,
    palette: Palette,
) -> None:
    """Paint the edges named by `nodes` and `sources`."""
    pens = _edge_pens(palette, crowded=weights.size > EVERY_EDGE)
    _paint_lines(painter, gap.segments(nodes, sources), weights[nodes, sources], scale, pens)


def _paint_lines(
    painter: QPainter, lines: Array, weights: Array, scale: float, pens: Mapping[int, QPen]
) -> None:
    """Paint lines, shape (lines, 4), weak ones first, in buckets of one pen each."""
    buckets = np.clip(np.rint(weights / (scale or 1.0) * BUCKETS), -BUCKETS, BUCKETS).astype(np.intp)
    size = np.abs(buckets)
    above = (buckets > 0) ^ (size % 2 > 0)  # by turns, so that neither sign hides the other
    order = np.argsort(2 * size + above, kind="stable")
    buckets, drawn = buckets[order], Lines(lines[order])
    starts = [0, *(np.flatnonzero(np.diff(buckets)) + 1).tolist()]
    for start, end, bucket in zip(starts, [*starts[1:], len(buckets)], buckets[starts].tolist(), strict=True):
        painter.setPen(pens[bucket])
        drawn.draw(painter, start, end)


@lru_cache(maxsize=8)
def _edge_pens(palette: Palette, crowded: bool) -> dict[int, QPen]:
    shares = {bucket: bucket / BUCKETS for bucket in range(-BUCKETS, BUCKETS + 1)}
    return {
        bucket: QPen(QColor(edge_colour(share, palette)), edge_width(share, crowded))
        for bucket, share in shares.items()
    }


def _paint_haze(painter: QPainter, gap: Gap, weights: Array, palette: Palette) -> None:
    top, bottom = gap.span
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    image = image_of(haze_pixels(gap, weights, palette))
    painter.drawImage(QRectF(gap.x0, top, gap.x1 - gap.x0, bottom - top), image)


def edge_line(gap: Gap, node: int, source: int) -> QLineF:
    """Return where an edge runs."""
    return QLineF(*gap.segments(np.array([node]), np.array([source]))[0].tolist())
