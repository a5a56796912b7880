"""The picture of made rows: a plot of their inputs, or of a target over its input.

Knows nothing of the dialog. Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt

from nnviz.core.state import Dataset
from nnviz.ui.function.marks import Marks
from nnviz.ui.made.marks import Series, limits, marked, series
from nnviz.ui.plots.plot import Plot, QuietAxis
from nnviz.ui.widgets.theme import colours, px

MOST_DRAWN = 2000
"""More rows than this are not told apart in the picture."""
MARGIN = 0.06
"""Of the width that rows reach over, what stays free beside them."""
LEAST = QSize(280, 180)


class Preview(Plot):
    """Shows made rows; nothing in it is moved or chosen."""

    def __init__(self) -> None:
        self._across, self._up = QuietAxis("bottom", grid=True), QuietAxis("left", grid=True)
        super().__init__(self._across, self._up)
        self._series: list[Series] = []
        self._marks = Marks()
        self.add(self._marks, 5)
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
        return {each.words: len(each.points) for each in self._series}

    def changeEvent(self, event: QEvent) -> None:
        """Take over another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_marks"):
            self.set_palette(colours())
            self._draw()

    def _draw(self) -> None:
        palette = colours()
        self._marks.show_rows(marked(self._series, palette), palette.surface, palette.surface)
