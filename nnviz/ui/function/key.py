"""Which colour and which mark is which output, painted as in the picture. Imports pyqtgraph, as plots do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from PySide6.QtCore import QLineF, QPointF, QSize
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.ui.function.marks import draw_mark
from nnviz.ui.widgets.elided import shorten_to_width
from nnviz.ui.widgets.theme import colours, px, ui_font

FONT, LINE_PX, SAMPLE_PX, APART_PX = 11.5, 17, 16, 10
"""Size of the words, height of a line, room for a sample, and between two of them."""


class Sample(NamedTuple):
    """A colour and what it means; `shape` is that of a mark, or None for a curve."""

    name: str
    colour: str
    shape: int | None


class Key(QWidget):
    """Shows samples side by side, on as many lines as they need."""

    def __init__(self) -> None:
        super().__init__()
        self._samples: list[Sample] = []
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setSizePolicy(policy)
        self.hide()

    def show_samples(self, samples: list[Sample]) -> None:
        """Show these; nothing for none."""
        if samples != self._samples:
            self._samples = samples
            self.setAccessibleName("Colours: " + ", ".join(sample.name for sample in samples))
            self.updateGeometry()
            self.update()
        self.setVisible(bool(samples))

    def sizeHint(self) -> QSize:  # noqa: D102
        last = max((at.y() for _, at, _ in self._placed()), default=-px(LINE_PX))
        return QSize(px(80), round(last + px(LINE_PX)))

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(px(40), self.sizeHint().height())

    def _placed(self) -> Iterator[tuple[Sample, QPointF, str]]:
        """Yield each sample with its upper left corner and its name as far as that has room."""
        font = ui_font(FONT)
        metrics, room = QFontMetrics(font), max(self.width(), px(80))
        x = y = 0.0
        names = shorten_to_width([sample.name for sample in self._samples], font, room - px(SAMPLE_PX))
        for sample, name in zip(self._samples, names, strict=True):
            width = px(SAMPLE_PX) + metrics.horizontalAdvance(name)
            if x and x + width > room:
                x, y = 0.0, y + px(LINE_PX)
            yield sample, QPointF(x, y), name
            x += width + px(APART_PX)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        muted, middle = QColor(colours().muted), px(LINE_PX) / 2
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setFont(ui_font(FONT))
            ascent = painter.fontMetrics().capHeight() / 2
            for sample, at, name in self._placed():
                left = at + QPointF(px(5), middle)
                if sample.shape is None:
                    painter.setPen(QPen(QColor(sample.colour), 2.5))
                    painter.drawLine(QLineF(left - QPointF(px(5), 0), left + QPointF(px(6), 0)))
                else:
                    draw_mark(painter, left, sample.shape, QColor(sample.colour), muted, px(4))
                painter.setPen(muted)
                painter.drawText(at + QPointF(px(SAMPLE_PX), middle + ascent), name)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self.updateGeometry()
