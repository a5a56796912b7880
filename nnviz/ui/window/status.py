"""The status bar."""

from __future__ import annotations

from math import ceil

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QStatusBar, QWidget

from nnviz.picture.number_rooms import MANY_EDGES
from nnviz.picture.svg import legend, legend_shapes
from nnviz.ui.diagram.paint import paint_shapes
from nnviz.ui.kit.controls import ElidedLabel, announce, named, styled_label
from nnviz.ui.kit.theme import colours, size_factor, ui_font

HEIGHT_PX, LEGEND_PX, MARGIN_PX = 28, 22, 8
"""HEIGHT_PX: height of the status bar. LEGEND_PX: height of the legend. MARGIN_PX: legend's side margins."""
TIP = f"""Round boxes on the edges show weights, and angular boxes show slopes (gradients).
With more than {MANY_EDGES} edges, the strongest weights are visible, and those at the mouse or selection.
"View → All weights" shows all weights that have room."""


class Legend(QWidget):
    """The legend, which explains the colours and shapes of the diagram."""

    def __init__(self) -> None:
        super().__init__()
        edge = legend(0.0, 0.0)[0].edge
        assert edge is not None
        right = ceil(-edge.x) + MARGIN_PX
        self._samples = legend(right, LEGEND_PX / 2)
        self.setFixedSize(right + MARGIN_PX, LEGEND_PX)
        words = [sample.meaning.text for sample in self._samples]
        named(self, f"Legend: {', '.join(words)}", TIP)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(size_factor(), size_factor())
            paint_shapes(painter, legend_shapes(self._samples, colours()))


class StatusLine(QStatusBar):
    """The status bar: a message at the left; the legend, the seed and the save state at the right."""

    def __init__(self) -> None:
        super().__init__(sizeGripEnabled=False)
        self.reminder = ""
        """The text to show while there is no message."""
        self.setFixedHeight(HEIGHT_PX)
        self._message, self._facts = ElidedLabel(), styled_label("")
        for label, left, right in ((self._message, 10, 10), (self._facts, 6, 12)):
            label.setFont(ui_font(12))
            label.setContentsMargins(left, 0, right, 0)
        self.addWidget(self._message, 1)
        self.addPermanentWidget(Legend())
        self.addPermanentWidget(self._facts)

    def show_message(self, text: str) -> None:
        """Show a message, or else the reminder, and announce it to screen readers."""
        text = text or self.reminder
        self._message.setText(text)
        announce(self._message, text)

    @property
    def text(self) -> str:
        """The message that the status bar shows now."""
        return self._message.text()

    def show_facts(self, seed: int, saved: str) -> None:
        """Show the seed of the random weights, and `saved`, which says whether the document is saved."""
        self._facts.setText(f"seed {seed} · float64 · {saved}")
