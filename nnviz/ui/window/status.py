"""The line at the bottom: what just happened, what the colours mean, the seed and whether all is saved."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QPushButton, QStatusBar, QWidget

from nnviz.picture.legend import legend
from nnviz.ui.diagram.paper import paint_legend
from nnviz.ui.widgets.announce import announce
from nnviz.ui.widgets.elided import Elided
from nnviz.ui.widgets.theme import colours, factor, ui_font

HEIGHT_PX, LEGEND_PX, AROUND_PX = 28, 22, 8
"""Heights of the line and of the legend, and the room on both sides of that."""
LIT_MS = 500
"""So long a sentence is lit that was said before."""


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


class Sentence(Elided):
    """What just happened; the same once more lights up, for without that nothing would be seen of it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(ui_font(12))
        self.setContentsMargins(10, 0, 10, 0)
        self._lit = QTimer(self, singleShot=True, interval=LIT_MS)
        self._lit.timeout.connect(self.update)

    def say(self, text: str) -> None:
        """Say it, to screen readers too."""
        if text and text == self.text():
            self._lit.start()
        else:
            self._lit.stop()
        self.setText(text)
        self.update()
        announce(self, text)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if self._lit.isActive():
            with QPainter(self) as painter:
                painter.fillRect(self.rect(), QColor(colours().selection))
        super().paintEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: D102
        super().hideEvent(event)
        self._lit.stop()


class StatusLine(QStatusBar):
    """Says one thing at a time; the legend and the document's state stand at the right.

    Beside what is said a button can take it back, until something else is said.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setFixedHeight(HEIGHT_PX)
        self._said = Sentence()
        self._back = QPushButton()
        self._back.setObjectName("inline")
        self._back.setFont(ui_font(12))
        self._back.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is
        self._back.clicked.connect(self._take_back)
        self._offered: Callable[[], object] | None = None
        self._facts = QLabel()
        self._facts.setFont(ui_font(12))
        self._facts.setObjectName("muted")
        self._facts.setContentsMargins(6, 0, 12, 0)
        self.addWidget(self._said, 1)
        self.addWidget(self._back)
        self._back.hide()
        self.addPermanentWidget(Legend())
        self.addPermanentWidget(self._facts)

    def say(self, text: str) -> None:
        """Say what just happened; where that only adds to what was said, this can still be taken back."""
        if not text.startswith(self.text):
            self.withdraw()
        self._said.say(text)

    def offer(self, text: str, does: Callable[[], object], tip: str) -> None:
        """Offer to take back what is said, by a button that says `text`."""
        self._offered = does
        self._back.setText(text)
        self._back.setToolTip(tip)
        self._back.show()
        announce(self._back, text.replace("&", ""))

    def withdraw(self) -> None:
        """Offer nothing any more."""
        self._offered = None
        self._back.hide()

    def _take_back(self) -> None:
        does = self._offered
        self.withdraw()
        if does:
            does()

    @property
    def text(self) -> str:
        """What is said at present."""
        return self._said.text()

    def show_facts(self, seed: int, kept: str) -> None:
        """Show the seed of the random start, and whether everything is saved, in a word."""
        self._facts.setText(f"seed {seed} · float64 · {kept}")
