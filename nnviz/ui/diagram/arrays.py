"""Hands arrays to Qt as they lie in memory, without a Python object for each line or image."""

from __future__ import annotations

import numpy as np
import shiboken6
from PySide6.QtCore import QLineF
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
