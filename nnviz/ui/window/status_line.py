"""The line at the bottom: what just happened, what the colours mean, the seed and whether all is saved."""

from __future__ import annotations

from math import ceil

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QStatusBar, QWidget

from nnviz.picture.legend import legend
from nnviz.ui.diagram.paper import paint_legend
from nnviz.ui.widgets.announce import announce
from nnviz.ui.widgets.elided import Elided
from nnviz.ui.widgets.theme import colours, factor, ui_font

HEIGHT_PX, LEGEND_PX, AROUND_PX = 28, 22, 8
"""Heights of the line and of the legend, and the room on both sides of that."""


class Legend(QWidget):
    """What the diagram's colours and shapes mean, drawn as they are there."""

    def __init__(self) -> None:
        super().__init__()
        edge = legend(0.0, 0.0)[0].edge
        assert edge is not None
        right = ceil(-edge.x) + AROUND_PX
        self._samples = legend(right, LEGEND_PX / 2)
        self.setFixedSize(right + AROUND_PX, LEGEND_PX)
        words = [sample.words.text for sample in self._samples]
        self.setAccessibleName(f"Legend: {', '.join(words)}")
        self.setToolTip("A weight stands in a round box on its edge, a slope in an angular one")

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.scale(factor(), factor())
            paint_legend(painter, self._samples, colours())


class StatusLine(QStatusBar):
    """Says one thing at a time; the legend and the document's state stand at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setFixedHeight(HEIGHT_PX)
        self._said = Elided()
        self._said.setFont(ui_font(12))
        self._said.setContentsMargins(10, 0, 10, 0)
        self._facts = QLabel()
        self._facts.setFont(ui_font(12))
        self._facts.setObjectName("muted")
        self._facts.setContentsMargins(6, 0, 12, 0)
        self.addWidget(self._said, 1)
        self.addPermanentWidget(Legend())
        self.addPermanentWidget(self._facts)

    def say(self, text: str) -> None:
        """Say what just happened, to screen readers too."""
        if text != self.text:
            self._said.setText(text)
            announce(self._said, text)

    @property
    def text(self) -> str:
        """What is said at present."""
        return self._said.text()

    def show_facts(self, seed: int, kept: str) -> None:
        """Show the seed of the random start, and whether everything is saved, in a word."""
        self._facts.setText(f"seed {seed} · float64 · {kept}")
