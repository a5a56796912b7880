"""Parts of a panel, one below the other: each keeps the height it needs; what has no room is scrolled to."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

SHARE = 0.5
"""Of the window's height is asked for at most; what needs more is scrolled."""
SPACING_PX = 6
LEFT_PX, RIGHT_PX = 13, 3
"""Beside the parts; at the right is the room of the scroll bar too."""


class Scrolled(QScrollArea):
    """Asks for as much height as its parts need, anew whenever that changes."""

    def __init__(self, *parts: QWidget) -> None:
        super().__init__()
        self._contents = QWidget()
        column = QVBoxLayout(self._contents)
        column.setContentsMargins(LEFT_PX, 0, RIGHT_PX, 0)
        column.setSpacing(SPACING_PX)
        for part in parts:
            column.addWidget(part)
        column.addStretch(1)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        bar = self.verticalScrollBar()
        bar.rangeChanged.connect(
            lambda least, most: bar.setEnabled(least < most)
        )  # else nothing is seen of it
        self.setWidget(self._contents)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        contents, bar = self._contents, self.verticalScrollBar().sizeHint().width()
        width = contents.minimumSizeHint().width()
        needed = contents.heightForWidth(max(self.viewport().width(), width))
        return QSize(width + bar, min(needed, round(SHARE * self.window().height())))

    def sizeHint(self) -> QSize:  # noqa: D102
        hint = self._contents.sizeHint()
        return QSize(hint.width() + self.verticalScrollBar().sizeHint().width(), hint.height())

    def viewportEvent(self, event: QEvent) -> bool:
        """Ask anew when what the parts need has changed."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().viewportEvent(event)
