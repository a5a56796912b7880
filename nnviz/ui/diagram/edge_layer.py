"""The edges of the diagram in a cached pixmap, drawn again only when weights, size or view change."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QPainter, QPixmap

from nnviz.picture.draw import Picture
from nnviz.picture.palette import Palette
from nnviz.picture.picture import Part
from nnviz.ui.diagram.highlight import paint_halo
from nnviz.ui.diagram.painter import paint_edges


class EdgeLayer:
    """Keeps the picture of all edges on the canvas, the selected ones in their halo.

    A `moving` one is coarser; the owner asks for a sharp one when things have come to rest.
    """

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._drawn: tuple[object, ...] = ()
        self._kept: Picture | None = None
        self._sharp = True

    def pixmap(
        self, picture: Picture, selected: tuple[Part, ...], palette: Palette, ratio: float, *, moving: bool
    ) -> QPixmap:
        """Return the edges of `picture` at the device pixel ratio `ratio`."""
        edges = tuple(part for part in selected if part.kind == "weight")
        # Layouts and weights are the same only as the same objects; comparing their arrays would cost more.
        wanted = (id(picture.layout), *map(id, picture.weights), picture.scale, edges, palette, ratio)
        if wanted != self._drawn or not (self._sharp or moving):
            self._draw(picture, edges, palette, ratio, moving)
            self._drawn = wanted
            self._kept = picture  # so that no id is used again
        return self._pixmap

    def _draw(
        self, picture: Picture, edges: tuple[Part, ...], palette: Palette, ratio: float, moving: bool
    ) -> None:
        view = picture.layout.view
        size = QSize(round(view.width * ratio), round(view.height * ratio))
        if self._pixmap.size() != size:
            self._pixmap = QPixmap(size)
        self._pixmap.setDevicePixelRatio(ratio)
        self._pixmap.fill(QColor(palette.canvas))
        painter = QPainter(self._pixmap)
        for part in edges:
            paint_halo(painter, picture, part, palette)
        paint_edges(painter, picture, palette, moving=moving)
        painter.end()
        self._sharp = not moving
