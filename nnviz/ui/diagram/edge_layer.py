"""The edges of the diagram in a cached pixmap, drawn again only when weights, size or view change."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPixmap

from nnviz.picture.draw import Picture
from nnviz.picture.palette import Palette
from nnviz.ui.diagram.painter import EVERY_EDGE, paint_edges


class EdgeLayer:
    """Keeps the picture of all edges. A `moving` one is coarser; the owner asks for a sharp one when idle."""

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._drawn: tuple[object, ...] = ()
        self.sharp = True

    def pixmap(self, picture: Picture, palette: Palette, ratio: float, *, moving: bool) -> QPixmap:
        """Return the edges of `picture` at the device pixel ratio `ratio`."""
        wanted = (picture.layout, *picture.weights, picture.scale, palette, ratio)
        same = len(wanted) == len(self._drawn) and all(
            new is old or (isinstance(new, float) and new == old)
            for new, old in zip(wanted, self._drawn, strict=True)
        )
        if not same or (not self.sharp and not moving):
            self._draw(picture, palette, ratio, moving)
            self._drawn = wanted
        return self._pixmap

    def _draw(self, picture: Picture, palette: Palette, ratio: float, moving: bool) -> None:
        view = picture.layout.view
        size = QSize(round(view.width * ratio), round(view.height * ratio))
        if self._pixmap.size() != size:
            self._pixmap = QPixmap(size)
        self._pixmap.setDevicePixelRatio(ratio)
        self._pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._pixmap)
        paint_edges(painter, picture, palette, moving=moving)
        painter.end()
        few = sum(weights.size for weights in picture.weights) <= EVERY_EDGE
        self.sharp = few or not moving
