"""Conversions for Qt: icons in the theme's colours, rectangles of the diagram, images as PNG."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QBuffer, QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QImageWriter, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from nnviz.picture.parts import Rect
from nnviz.system import resources
from nnviz.ui.kit.theme import colours


def icon(name: str, colour: str | None = None, size: int = 20) -> QIcon:
    """Return the icon `name` of resources/icons in the theme's text colour, or in `colour`.

    A disabled icon is fainter.
    """
    return _icon(name, colour or colours().ink, colours().zero, size)


@lru_cache
def _icon(name: str, colour: str, faint: str, size: int) -> QIcon:
    text = (resources() / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    result = QIcon()
    for mode, ink in ((QIcon.Mode.Normal, colour), (QIcon.Mode.Disabled, faint)):
        result.addPixmap(_pixmap(text.replace("currentColor", ink), size), mode)
    return result


def _pixmap(svg: str, size: int) -> QPixmap:
    pixmap = QPixmap(QSize(size, size) * 2)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        QSvgRenderer(QByteArray(svg.encode())).render(painter, QRectF(0, 0, size, size))
    return pixmap


def qrect(rect: Rect) -> QRectF:
    """Return a Rect of the diagram as Qt's QRectF."""
    return QRectF(rect.x, rect.y, rect.width, rect.height)


def png(image: QImage) -> bytes:
    """Return the bytes of `image` as a PNG file."""
    buffer = QBuffer()
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    return bytes(buffer.data().data())
