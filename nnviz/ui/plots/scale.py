"""What the tones of a plot mean: a bar of them with numbers. Imports pyqtgraph, as plots do."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPen

from nnviz.picture.palette import Palette
from nnviz.picture.ticks import texts_of
from nnviz.picture.tone import Tone
from nnviz.ui.widgets.theme import ui_font

BAR, GAP, SPACE = 10, 10, 4
"""Pixels of the bar, between plot and bar, and between bar and numbers."""
LEAST = 30
"""Pixels for the numbers, at least."""
APART = 14
"""Pixels between two numbers, at least."""


class Scale(pg.GraphicsWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Stands in a plot's layout, as high as the plot."""

    def __init__(self) -> None:
        super().__init__()
        self._tone = Tone(0.0, 1.0, False)
        self._levels: list[tuple[float, str]] = []
        self._palette: Palette | None = None
        self._bar = QImage()

    def show_scale(self, tone: Tone, levels: list[float], tones: NDArray[np.uint8], palette: Palette) -> None:
        """Show these tones, low at the bottom, with a number at each of `levels`."""
        self._tone, self._palette = tone, palette
        self._levels = list(zip(levels, texts_of(levels), strict=True))
        self.fit()
        column = np.ascontiguousarray(tones[::-1])
        bar = QImage(column.data, 1, len(column), 3, QImage.Format.Format_RGB888)
        self._bar = bar.convertToFormat(QImage.Format.Format_RGB32)  # with pixels of its own; the array goes
        self.update()

    def show_nothing(self) -> None:
        """Take no room."""
        self._palette = None
        self.fit()

    def fit(self) -> None:
        """Take the width that bar and numbers need in the size in use."""
        metrics = QFontMetrics(ui_font(11))
        widest = max((metrics.horizontalAdvance(text) for _, text in self._levels), default=0)
        self.setFixedWidth(GAP + BAR + SPACE + max(widest, LEAST) if self._palette else 0)

    def paint(self, painter: QPainter, *_: object) -> None:  # noqa: D102
        if self._palette is None:
            return
        bar = QRectF(GAP, 0, BAR, self.size().height())
        painter.drawImage(bar, self._bar)
        painter.setFont(ui_font(11))
        below = float("inf")
        for level, text in self._levels:
            y = bar.bottom() - bar.height() * float(self._tone.share(np.array(level)))
            painter.setPen(QPen(QColor(self._palette.surface), 1))
            painter.drawLine(QPointF(bar.left(), y), QPointF(bar.right(), y))
            if below - y < APART:
                continue
            below = y
            painter.setPen(QColor(self._palette.muted))
            room = QRectF(bar.right() + SPACE, y - 8, self.size().width(), 16)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
