"""What lights up on the diagram: the edges of a hovered node or edge, and the halo of a selected edge."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnviz.core.numbers import shown
from nnviz.picture.draw import Picture
from nnviz.picture.edges import Indices
from nnviz.picture.palette import Palette
from nnviz.picture.picture import Label, Part
from nnviz.ui.diagram import painter as paint
from nnviz.ui.diagram.edge_painter import edge_line, paint_some_edges

Lit = list[tuple[int, Indices, Indices]]
"""Edges by layer: (layer, nodes, sources)."""


def neighbours(picture: Picture, part: Part | None) -> Lit:
    """Return the edges that light up with `part`: an edge itself, all edges of a node."""
    if part is None:
        return []
    if part.kind in ("weight", "slope"):
        return [(part.layer, np.array([part.node]), np.array([part.source]))]
    lit: Lit = []
    if part.column > 0:
        sources = np.arange(picture.weights[part.layer].shape[1])
        lit.append((part.layer, np.full_like(sources, part.node), sources))
    if part.column < len(picture.weights):
        nodes = np.arange(picture.weights[part.column].shape[0])
        lit.append((part.column, nodes, np.full_like(nodes, part.node)))
    return lit


def paint_neighbourhood(painter: QPainter, picture: Picture, lit: Lit, palette: Palette) -> None:
    """Paint the edges that are lit, and the number of a single one that has none in sight."""
    for layer, nodes, sources in lit:
        gap, weights = picture.layout.gaps[layer], picture.weights[layer]
        paint_some_edges(painter, gap, weights, nodes, sources, picture.scale, palette)
    if len(lit) == 1 and len(lit[0][1]) == 1:
        layer, nodes, sources = lit[0]
        part = Part("weight", layer + 1, int(nodes[0]), int(sources[0]))
        place = picture.place(part)
        if picture.label(part) is None and place is not None:
            weight = float(picture.weights[layer][nodes[0], sources[0]])
            label = Label(part, shown(weight), place, "pill", 13.5, weight)
            paint.paint_label(painter, label, palette, chosen=False)


def paint_halo(painter: QPainter, picture: Picture, part: Part, palette: Palette) -> None:
    """Paint the soft wide halo of a selected edge."""
    line = edge_line(picture.layout.gaps[part.layer], part.node, part.source)
    colour = QColor(palette.accent)
    colour.setAlphaF(0.3)
    painter.setPen(QPen(colour, 14.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(line)
