"""Parts of a panel, one below the other, each with the height that it needs."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

SPACING_PX = 6


class Stack(QWidget):
    """Asks for the height that its parts need at its width; Qt asks for too little where a text wraps."""

    def __init__(self, *parts: QWidget) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING_PX)
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        least = super().minimumSizeHint()
        wrapped = self.heightForWidth(max(self.width(), least.width()))  # -1 where no text wraps
        return QSize(least.width(), max(wrapped, least.height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask anew: at another width a text wraps otherwise."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()
