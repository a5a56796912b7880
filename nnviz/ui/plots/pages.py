"""What a panel shows: a plot, or in its place a sentence that says what is missing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QStackedLayout, QVBoxLayout, QWidget

from nnviz.ui.widgets.card import Card
from nnviz.ui.widgets.theme import ui_font


class Pages(QStackedLayout):
    """The sentence `empty`, which is in sight at first, and behind it the page with the plot."""

    def __init__(self, card: Card) -> None:
        super().__init__()
        self.empty = QLabel()
        self.empty.setObjectName("muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        card.body.addLayout(self, 1)  # first: what it shows would else be a window of its own
        self.addWidget(self.empty)

    def put(self, *parts: QWidget) -> None:
        """Add the page with the plot: parts one below the other, of which the plot takes all that is left."""
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in parts:
            column.addWidget(part)
        self.addWidget(page)

    @property
    def show_plot(self) -> bool:
        """Whether the plot is in sight."""
        return self.currentIndex() == 1

    @show_plot.setter
    def show_plot(self, shown: bool) -> None:
        self.setCurrentIndex(1 if shown else 0)

    def say(self, sentence: str) -> None:
        """Say what is missing."""
        self.empty.setText(sentence)
        self.show_plot = False


class Caption(QLabel):
    """What a plot shows in numbers, with colours, as HTML; no name from a file stands in it."""

    def __init__(self, lines: int, tip: str) -> None:
        """So many `lines` have room in any case, so that the plot keeps its height."""
        super().__init__()
        self.setObjectName("muted")
        self.setWordWrap(True)
        self.setFont(ui_font(11.5))
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setMinimumHeight(lines * self.fontMetrics().lineSpacing())
        self.setToolTip(tip)


def coloured(colour: str, text: str) -> str:
    """Return a text in a colour, for a caption."""
    return f"<span style='color:{colour}'>{text}</span>"
