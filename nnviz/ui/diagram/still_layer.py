"""What stands still on the diagram while a step of the walk moves over it, in a cached pixmap."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPixmap

from nnviz.picture.draw import Picture
from nnviz.ui.diagram.look import Look


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
