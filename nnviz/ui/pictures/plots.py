"""A plot as a picture: the widget that shows it, for a moment in another size and other colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QRectF, QSize
from PySide6.QtGui import QPainter, QRegion
from PySide6.QtWidgets import QApplication, QWidget

from nnviz.ui.pictures.drawing import Drawing, Look
from nnviz.ui.plots.plot import Plot
from nnviz.ui.plots.plot_card import PlotCard
from nnviz.ui.widgets.theme import in_colours

SIZE_PX = QSize(900, 560)
"""What a plot's picture has where nothing else is chosen: a panel is of any shape."""
MARGIN_PX = 18
"""Around the plot."""


class PlotDrawing(Drawing):
    """Draws what a card shows, which must be something."""

    size = SIZE_PX

    def __init__(self, card: PlotCard, title: str) -> None:
        widget = card.plot
        assert widget is not None
        self._card, self._widget = card, widget
        self.title, self.what, self.ending = title, card.what, card.ending

    def paint(self, painter: QPainter, look: Look) -> None:  # noqa: D102
        inside = look.room.adjusted(MARGIN_PX, MARGIN_PX, -MARGIN_PX, -MARGIN_PX)
        with self._dressed(look, inside.size(), painter.device().devicePixelRatio()):
            if isinstance(self._widget, Plot):
                self._widget.scene().render(painter, QRectF(inside), QRectF(self._widget.rect()))
            else:
                children = QWidget.RenderFlag.DrawChildren
                self._widget.render(painter, inside.topLeft(), QRegion(), children)

    @contextmanager
    def _dressed(self, look: Look, size: QSize, density: float) -> Iterator[None]:
        """Have the widget as it is wanted; nothing of it is seen, since no event comes in between."""
        before = self._widget.size()
        try:
            with in_colours(look.palette):
                self._dress(size, density)
                yield
        finally:
            self._dress(before, None)

    def _dress(self, size: QSize, density: float | None) -> None:
        if isinstance(self._widget, Plot):
            self._widget.density = density
        self._widget.resize(size)
        for widget in (self._card, self._widget):
            QApplication.sendEvent(widget, QEvent(QEvent.Type.PaletteChange))
        if isinstance(self._widget, Plot):
            self._widget.settle()
