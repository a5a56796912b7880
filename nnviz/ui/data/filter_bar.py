"""What stands over the table while it lists some rows alone: which ones, and the way back to all."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from nnviz.ui.widgets.card import quiet_button
from nnviz.ui.widgets.elided import Elided

TIP = (
    "Only these rows are listed, as they were when they were chosen: training and edits of a number leave "
    "the list as it is. It ends when rows are added, removed or moved, or several change at once."
)
ALL, SHOWS_ALL = "Show all", "List all rows again (Escape in the table)"


class FilterBar(QWidget):
    """A sentence and a button; whoever lists the rows shows and hides it."""

    def __init__(self) -> None:
        super().__init__()
        self._sentence = Elided()
        self._sentence.setToolTip(TIP)
        self.button = quiet_button(ALL, SHOWS_ALL, ALL)
        row = QHBoxLayout(self)
        row.setContentsMargins(13, 0, 9, 0)
        row.addWidget(self._sentence, 1)
        row.addWidget(self.button)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.hide()

    def say(self, sentence: str) -> None:
        """Say which rows are listed."""
        self._sentence.setText(sentence)
