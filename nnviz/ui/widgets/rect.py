"""A rectangle of the picture as Qt's."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from nnviz.picture.parts import Rect


def qrect(rect: Rect) -> QRectF:
    """Return a Rect as Qt's."""
    return QRectF(rect.x, rect.y, rect.width, rect.height)
