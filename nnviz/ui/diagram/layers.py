"""The edges of the diagram, from a cached pixmap while they stand still."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from nnviz.core.address import Address
from nnviz.core.numbers import shown
from nnviz.picture.edges import Indices
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Label
from nnviz.picture.picture import Picture
from nnviz.ui.diagram import painter as paint
from nnviz.ui.diagram.edge_painter import edge_line, paint_edges, paint_some_edges

Lit = list[tuple[int, Indices, Indices]]
"""Edges by layer: (layer, nodes, sources)."""


def neighbours(picture: Picture, address: Address | None) -> Lit:
    """Return the edges that light up with `part`: an edge itself, all edges of a node."""
    if address is None:
        return []
    if address.kind in ("weight", "slope"):
        return [(address.layer, np.array([address.node]), np.array([address.source]))]
    lit: Lit = []
    if address.column > 0:
        sources = np.arange(picture.weights[address.layer].shape[1])
        lit.append((address.layer, np.full_like(sources, address.node), sources))
    if address.column < len(picture.weights):
        nodes = np.arange(picture.weights[address.column].shape[0])
        lit.append((address.column, nodes, np.full_like(nodes, address.node)))
    return lit


def paint_neighbourhood(painter: QPainter, picture: Picture, lit: Lit, palette: Palette) -> None:
    """Paint the edges that are lit, and the number of a single one that has none in sight."""
    for layer, nodes, sources in lit:
        gap, weights = picture.layout.gaps[layer], picture.weights[layer]
        paint_some_edges(painter, gap, weights, nodes, sources, picture.scale, palette)
    if len(lit) == 1 and len(lit[0][1]) == 1:
        layer, nodes, sources = lit[0]
        address = Address("weight", layer, int(nodes[0]), int(sources[0]))
        place = picture.place(address)
        if picture.label(address) is None and place is not None:
            weight = float(picture.weights[layer][nodes[0], sources[0]])
            label = Label(address, shown(weight), place, "pill", 13.5, weight)
            paint.paint_label(painter, label, palette, chosen=False)


def paint_halo(painter: QPainter, picture: Picture, address: Address, palette: Palette) -> None:
    """Paint the soft wide halo of a selected edge."""
    line = edge_line(picture.layout.gaps[address.layer], address.node, address.source)
    colour = QColor(palette.accent)
    colour.setAlphaF(0.3)
    painter.setPen(QPen(colour, 14.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    painter.drawLine(line)


class Look(NamedTuple):
    """What is selected and lit, how finely, in which colours.

    ============ ==================================================================
    `selected`   the parts with the accent around them
    `lit`        the part whose edges light up, or None
    `moving`     whether the weights are changing, so that edges need not be sharp
    `ratio`      device pixels for each pixel of the picture
    ============ ==================================================================
    """

    selected: tuple[Address, ...]
    lit: Address | None
    moving: bool
    palette: Palette
    ratio: float


class EdgeLayer:
    """Paints all edges on the canvas, the selected ones in their halo.

    Those of a moving look are coarser; the owner asks for sharp ones when things have come to rest.
    """

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._drawn: tuple[object, ...] = ()
        self._kept: Picture | None = None

    def paint(self, painter: QPainter, picture: Picture, look: Look, dirty: QRectF, opacity: float) -> None:
        """Paint the edges of `picture` that lie in `dirty`."""
        if look.moving and opacity == 1.0:
            painter.fillRect(dirty, QColor(look.palette.canvas))
            _paint(painter, picture, look)
            return
        if self._drawn != (wanted := _identity(picture, look)):
            self._draw(picture, look)
            self._drawn, self._kept = wanted, picture  # kept so that no id is used again
        if opacity < 1.0:  # nothing of the frame before may shine through
            painter.fillRect(dirty, QColor(look.palette.canvas))
        painter.setOpacity(opacity)
        address = QRectF(dirty.topLeft() * look.ratio, dirty.size() * look.ratio)
        painter.drawPixmap(dirty, self._pixmap, address)
        painter.setOpacity(1.0)

    def _draw(self, picture: Picture, look: Look) -> None:
        view = picture.layout.view
        size = QSize(round(view.width * look.ratio), round(view.height * look.ratio))
        if self._pixmap.size() != size:
            self._pixmap = QPixmap(size)
        self._pixmap.setDevicePixelRatio(look.ratio)
        self._pixmap.fill(QColor(look.palette.canvas))
        painter = QPainter(self._pixmap)
        _paint(painter, picture, look)
        painter.end()


def _identity(picture: Picture, look: Look) -> tuple[object, ...]:
    """Return what tells one painting of the edges from another.

    Layouts and weights are the same only as the same objects: comparing their arrays would cost more.
    """
    weights = tuple(map(id, picture.weights))
    return id(picture.layout), weights, picture.scale, _edges(look), look.palette, look.ratio, look.moving


def _edges(look: Look) -> tuple[Address, ...]:
    return tuple(address for address in look.selected if address.kind == "weight")


def _paint(painter: QPainter, picture: Picture, look: Look) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for address in _edges(look):
        paint_halo(painter, picture, address, look.palette)
    paint_edges(painter, picture, look.palette, moving=look.moving)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


class StillLayer:
    """Keeps what `paint` paints for as long as picture and look are the same."""

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._picture: Picture | None = None
        self._look: Look | None = None

    def pixmap(self, picture: Picture, look: Look, paint: Callable[[QPainter], None]) -> QPixmap:
        """Return what `paint` paints of `picture`."""
        if picture is not self._picture or look != self._look:
            view = picture.layout.view
            self._pixmap = QPixmap(QSize(round(view.width * look.ratio), round(view.height * look.ratio)))
            self._pixmap.setDevicePixelRatio(look.ratio)
            painter = QPainter(self._pixmap)
            paint(painter)
            painter.end()
            self._picture, self._look = picture, look
        return self._pixmap

    def forget(self) -> None:
        """Give the memory back."""
        self._pixmap, self._picture = QPixmap(), None
