"""Small images in one pixmap, each made once and painted often: digits, words, pills, boxes of nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import shiboken6
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPixmap

from nnviz.core.activations import Array

FIRST_HEIGHT = 256
"""Of the pixmap, in device pixels; it grows downwards."""

NONE = np.empty((0, 10))
"""No sprites in no places."""
Chosen = Sequence[int] | NDArray[np.intp]


class Sprites:
    """Numbered sprites in a pixmap of some `width`. All sizes and places are device pixels."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._pixmap = QPixmap()
        self._places = np.empty((64, 4))
        self._count = 0
        self._x = self._y = self._deepest = 0

    @property
    def height(self) -> int:
        """How much of the pixmap is taken."""
        return self._deepest

    def add(self, width: int, height: int, paint: Callable[[QPainter], None]) -> int:
        """Return the number of a new sprite that `paint` paints into (0, 0, width, height)."""
        width, height = max(width, 1), max(height, 1)  # or it would lie over those before it
        if self._x + width > self._width:
            self._x, self._y = 0, self._deepest
        self._make_room(self._y + height)
        painter = QPainter(self._pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.translate(self._x, self._y)
        painter.setClipRect(0, 0, width, height)
        paint(painter)
        painter.end()
        if self._count == len(self._places):
            self._places = np.concatenate((self._places, np.empty_like(self._places)))
        self._places[self._count] = self._x, self._y, width, height
        self._count += 1
        self._x += width
        self._deepest = max(self._deepest, self._y + height)
        return self._count - 1

    def _make_room(self, height: int) -> None:
        old = self._pixmap
        if height <= old.height():
            return
        self._pixmap = QPixmap(self._width, max(FIRST_HEIGHT, 2 * old.height(), height))
        self._pixmap.fill(Qt.GlobalColor.transparent)
        if not old.isNull():
            painter = QPainter(self._pixmap)
            painter.drawPixmap(0, 0, old)
            painter.end()

    def placed(self, sprites: Chosen, left: ArrayLike, top: ArrayLike, opacity: ArrayLike = 1.0) -> Array:
        """Return sprites in their places, ready to be drawn, float64, shape (sprites, 10).

        `left` and `top` are whole device pixels. A row is a QPainter.PixmapFragment: the middle's x and y,
        the sprite's left, top, width and height in the pixmap, the scale in x and y, rotation, opacity.
        """
        places = self._places.take(sprites, axis=0)
        fragments = np.empty((len(places), 10))
        fragments[:, 0] = left
        fragments[:, 1] = top
        fragments[:, :2] += places[:, 2:] / 2
        fragments[:, 2:6] = places
        fragments[:, 6:8] = 1.0
        fragments[:, 8] = 0.0
        fragments[:, 9] = opacity
        return fragments

    def draw(self, painter: QPainter, placed: Array) -> None:
        """Draw sprites in their places."""
        ratio = painter.device().devicePixelRatioF()
        painter.save()
        painter.scale(1.0 / ratio, 1.0 / ratio)
        first = shiboken6.wrapInstance(placed.ctypes.data, QPainter.PixmapFragment)
        painter.drawPixmapFragments(first, len(placed), self._pixmap)  # type: ignore[arg-type]
        painter.restore()
