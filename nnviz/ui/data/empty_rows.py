"""What stands in the data table's place while there is no row."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget


class EmptyRows(QWidget):
    """Says what to do, and has buttons for it."""

    def __init__(self) -> None:
        super().__init__()
        sentence = QLabel("No rows yet: add one, paste some with Ctrl+V, load or make them.")
        sentence.setObjectName("muted")
        sentence.setWordWrap(True)
        sentence.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.load = QPushButton("Load rows from CSV…")
        self.make = QPushButton("Make rows…")
        column, beside = QVBoxLayout(self), QHBoxLayout()
        column.addStretch(1)
        column.addWidget(sentence)
        column.addLayout(beside)  # while it is empty: Python would else hold its items
        column.addStretch(1)
        beside.addStretch(1)
        for button in (self.load, self.make):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            beside.addWidget(button)
        beside.addStretch(1)
