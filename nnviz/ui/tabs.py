"""Cards that share a place: a row of quiet tabs, and the chosen card under it."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QStackedWidget, QVBoxLayout, QWidget


class CardTabs(QWidget):
    """Shows one of several cards; only the one that is shown is at work."""

    def __init__(self, cards: dict[str, QWidget]) -> None:
        super().__init__()
        self._stack = QStackedWidget()
        self._buttons: dict[str, QPushButton] = {}
        group = QButtonGroup(self)
        frame = QFrame()
        frame.setObjectName("segments")
        row = QHBoxLayout(frame)
        row.setContentsMargins(3, 3, 3, 3)
        row.setSpacing(2)
        for name, card in cards.items():
            button = QPushButton(name)
            button.setObjectName("segment")
            button.setCheckable(True)
            button.setToolTip(f"Show {card.accessibleName()}")
            button.clicked.connect(lambda _=False, name=name: self.show_card(name))
            group.addButton(button)
            row.addWidget(button, 1)
            self._stack.addWidget(card)
            self._buttons[name] = button
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addWidget(frame)
        column.addWidget(self._stack, 1)
        self.show_card(next(iter(cards)))

    def show_card(self, name: str) -> None:
        """Bring a card to the front."""
        self._buttons[name].setChecked(True)
        self._stack.setCurrentIndex(list(self._buttons).index(name))
