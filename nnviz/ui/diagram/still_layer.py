"""What stands still on the diagram while a step of the walk moves over it, in a cached pixmap."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPixmap

from nnviz.picture.draw import Picture


class StillLayer:
    """Keeps what `paint` paints for as long as it is `of` the same, and of the same picture."""

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._picture: Picture | None = None
        self._of: tuple[object, ...] = ()

    def pixmap(
        self, picture: Picture, ratio: float, of: tuple[object, ...], paint: Callable[[QPainter], None]
    ) -> QPixmap:
        """Return what `paint` paints of `picture` at the device pixel ratio `ratio`."""
        of = (ratio, *of)
        if picture is not self._picture or of != self._of:
            view = picture.layout.view
            self._pixmap = QPixmap(QSize(round(view.width * ratio), round(view.height * ratio)))
            self._pixmap.setDevicePixelRatio(ratio)
            painter = QPainter(self._pixmap)
            paint(painter)
            painter.end()
            self._picture, self._of = picture, of
        return self._pixmap

    def forget(self) -> None:
        """Give the memory back."""
        self._pixmap, self._picture = QPixmap(), None
