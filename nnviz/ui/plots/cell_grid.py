"""A widget of cells that mouse and keys point at, as an image of weights or of counts has them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from typing import Generic, TypeVar

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.ui.widgets.theme import colours

LEAST_ACROSS_PX, WISHED_ACROSS_PX = 120, 336
"""Pixels across: those that are needed, and those of a side panel."""
Cell = TypeVar("Cell")


class CellGrid(QWidget, Generic[Cell]):
    """Knows which cell is under the mouse, and which was clicked.

    =========== ============================================
    `hover`     the cell under the mouse, or None
    `hovered`   that is another one now
    `clicked`   a cell, with the left button
    =========== ============================================
    """

    hovered = Signal()
    clicked = Signal(object)

    def __init__(self, least: int, wished: int) -> None:
        """So many pixels are needed and wished down."""
        super().__init__()
        self.hover: Cell | None = None
        self._wished = wished
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(LEAST_ACROSS_PX, least)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def sizeHint(self) -> QSize:
        """Ask for a side panel's width."""
        return QSize(WISHED_ACROSS_PX, self._wished)

    @abstractmethod
    def cell_at(self, x: float, y: float) -> Cell | None:
        """Return the cell at a point, or None."""

    def paint_focus(self, painter: QPainter) -> None:
        """Paint a line around everything while keys act here."""
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours().accent), 2.0))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.0, 1.0, -1.0, -1.0), 4.0, 4.0)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is under the mouse."""
        self._hover_at(self.cell_at(event.position().x(), event.position().y()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse any more."""
        self._hover_at(None)

    def _hover_at(self, cell: Cell | None) -> None:
        if cell != self.hover:
            self.hover = cell
            self.hovered.emit()
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell which cell was clicked."""
        cell = self.cell_at(event.position().x(), event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None:
            self.clicked.emit(cell)


def outline(painter: QPainter, around: QRectF, pens: Iterable[QPen]) -> None:
    """Draw a rectangle with one pen over the other: with a wider one below, it stands out of any ground."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for pen in pens:
        painter.setPen(pen)
        painter.drawRect(around)
