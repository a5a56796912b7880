"""The line at the bottom: what just happened, what the colours mean, the seed and whether all is saved."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStatusBar, QWidget

from nnviz.ui.widgets.announce import announce
from nnviz.ui.widgets.theme import colours, ui_font

ENTRIES = (("positive", "weight > 0"), ("negative", "weight < 0"), ("slope", "slope of the MSE"))


class _Swatch(QWidget):
    """A short thick line in one of the palette's colours."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role
        self.setFixedSize(QSize(22, 10))

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(getattr(colours(), self._role)))
            painter.drawRoundedRect(0, 3, 22, 4, 2, 2)


class StatusLine(QStatusBar):
    """Says one thing at a time; the legend and the document's state stand at the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self.setFixedHeight(28)
        self._said = QLabel()
        self._said.setFont(ui_font(12))
        self._said.setContentsMargins(10, 0, 10, 0)
        self._said.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._facts = QLabel()
        self._facts.setFont(ui_font(12))
        self._facts.setObjectName("muted")
        self._facts.setContentsMargins(6, 0, 12, 0)
        self.addWidget(self._said, 1)
        self.addPermanentWidget(self._legend())
        self.addPermanentWidget(self._facts)

    def say(self, text: str) -> None:
        """Say what just happened, to screen readers too."""
        if text != self.text:
            self._said.setText(text)
            announce(self._said, text)
        self._said.setToolTip(text if len(text) > 80 else "")

    @property
    def text(self) -> str:
        """What is said at present."""
        return self._said.text()

    def show_facts(self, seed: int, kept: str) -> None:
        """Show the seed of the random start, and whether everything is saved, in a word."""
        self._facts.setText(f"seed {seed} · float64 · {kept}")

    def _legend(self) -> QWidget:
        legend = QWidget()
        row = QHBoxLayout(legend)
        row.setContentsMargins(0, 0, 10, 0)
        row.setSpacing(6)
        for role, text in ENTRIES:
            label = QLabel(text)
            label.setFont(ui_font(12))
            label.setObjectName("muted")
            row.addWidget(_Swatch(role))
            row.addWidget(label)
            row.addSpacing(8)
        return legend
