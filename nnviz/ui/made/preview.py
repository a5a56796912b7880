"""The picture of made rows: a plot of their inputs, or of a target over its input.

Knows nothing of the dialog. Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QSize, Qt

from nnviz.core.state import Dataset
from nnviz.ui.made.marks import Series, limits, series
from nnviz.ui.plots.plot import Plot, QuietAxis
from nnviz.ui.widgets.theme import colours, px

MOST_DRAWN = 2000
"""More rows than this are not told apart in the picture."""
DOT_PX, FEW = 7.0, 500
"""A row in the picture; of more than a few it is smaller."""
MARGIN = 0.06
"""Of the width that rows reach over, what stays free beside them."""
LEAST = QSize(280, 180)


class Preview(Plot):
    """Shows made rows; nothing in it is moved or chosen."""

    def __init__(self) -> None:
        self._across, self._up = QuietAxis("bottom", grid=True), QuietAxis("left", grid=True)
        super().__init__(self._across, self._up)
        self._series: list[Series] = []
        self._dots: list[pg.ScatterPlotItem] = []
        self.plotItem.vb.setMouseEnabled(False, False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMinimumSize(LEAST)
        self.set_palette(colours())

    def sizeHint(self) -> QSize:
        """Ask for little: pyqtgraph asks for 600 × 480."""
        return QSize(px(420), px(300))

    def show_rows(self, data: Dataset, across: str, up: str) -> None:
        """Show rows under the names of what is across and what is up."""
        self._series = series(data, MOST_DRAWN)
        self._across.set_text(across)
        self._up.set_text(up)
        self.plotItem.vb.setAspectLocked(data.inputs.shape[1] > 1)  # a circle is round
        self.look(*limits(self._series, MARGIN))
        self._draw()

    @property
    def drawn(self) -> dict[str, int]:
        """How many rows stand in the picture under each mark, by its words."""
        return {each.mark.words: len(each.points) for each in self._series}

    def changeEvent(self, event: QEvent) -> None:
        """Take over another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_dots"):
            self.set_palette(colours())
            self._draw()

    def _draw(self) -> None:
        for dots in self._dots:
            self.plotItem.vb.removeItem(dots)
        size = px(DOT_PX if sum(self.drawn.values()) <= FEW else DOT_PX / 2)
        self._dots = []
        for mark, points in self._series:
            dots = pg.ScatterPlotItem(
                *np.ascontiguousarray(points.T),
                symbol=mark.symbol,
                size=size,
                pen=None,
                brush=mark.colour(colours()),
            )
            self.add(dots, 5)
            self._dots.append(dots)
