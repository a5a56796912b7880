"""Small images in one pixmap, each made once and painted often: digits, words, pills, boxes of nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import shiboken6
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap

from nnviz.core.activations import Array
from nnviz.picture.ink import Pixels


class Lines:
    """Lines as x0, y0, x1, y1, shape (lines, 4), to be drawn by parts."""

    def __init__(self, lines: Array) -> None:
        self._lines = np.ascontiguousarray(lines, dtype=np.float64)
        self._address, self._size = self._lines.ctypes.data, self._lines.strides[0]

    def draw(self, painter: QPainter, start: int, end: int) -> None:
        """Draw the lines from `start` up to `end`."""
        first = shiboken6.wrapInstance(self._address + start * self._size, QLineF)
        painter.drawLines(first, end - start)  # type: ignore[call-overload]


def draw_fragments(painter: QPainter, fragments: Array, pixmap: QPixmap) -> None:
    """Draw pieces of `pixmap`, one for each row of `fragments`, float64, shape (pieces, 10).

    A row: the middle's x and y, the piece's left, top, width and height, the scale in x and y, the rotation,
    the opacity.
    """
    first = shiboken6.wrapInstance(fragments.ctypes.data, QPainter.PixmapFragment)
    painter.drawPixmapFragments(first, len(fragments), pixmap)  # type: ignore[arg-type]


def image_of(pixels: Pixels) -> QImage:
    """Return RGBA, shape (rows, columns, 4), in the format that Qt stretches fastest."""
    rows, columns, _ = pixels.shape
    image = QImage(pixels.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGBA8888)
    return image.convertToFormat(QImage.Format.Format_ARGB32_Premultiplied)


HEIGHT = 256
"""Of the pixmap at first; it grows downwards."""

NONE = np.empty((0, 10))
"""No sprites in no places."""
Numbers = Sequence[int] | NDArray[np.intp]


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
        self._pixmap = QPixmap(self._width, max(HEIGHT, 2 * old.height(), height))
        self._pixmap.fill(Qt.GlobalColor.transparent)
        if not old.isNull():
            painter = QPainter(self._pixmap)
            painter.drawPixmap(0, 0, old)
            painter.end()

    def placed(self, sprites: Numbers, left: ArrayLike, top: ArrayLike, opacity: ArrayLike = 1.0) -> Array:
        """Return sprites in their places, ready to be drawn; their upper left corners are device pixels."""
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
        draw_fragments(painter, placed, self._pixmap)
        painter.restore()
