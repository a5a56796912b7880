"""Cards that share a place: quiet tabs where the heading stood, the chosen card under them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QStackedWidget

from nnviz.ui.widgets.card import Card


@dataclass(frozen=True)
class Tab:
    """The short word on a tab, what its tooltip says, and what makes its card when it is first shown."""

    word: str
    tip: str
    make: Callable[[], Card]


class CardTabs(QStackedWidget):
    """Shows one of several cards; the tabs stand in the head of the one that is shown."""

    def __init__(self, tabs: tuple[Tab, ...]) -> None:
        super().__init__()
        self._tabs = tabs
        self._cards: dict[int, Card] = {}
        self._frame = QFrame()
        row = QHBoxLayout(self._frame)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        group = QButtonGroup(self)
        self.buttons: list[QPushButton] = []
        for k, tab in enumerate(tabs):
            button = QPushButton(tab.word)
            button.setObjectName("tab")
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is
            button.setToolTip(tab.tip)
            button.setAccessibleName(tab.tip)
            button.clicked.connect(lambda _=False, k=k: self.show_card(k))
            group.addButton(button)
            row.addWidget(button)
            self.buttons.append(button)
        self.show_card(0)

    def show_card(self, index: int) -> None:
        """Bring a card to the front."""
        focused = self.buttons[index].hasFocus()
        self.buttons[index].setChecked(True)
        if index not in self._cards:
            self._cards[index] = self._tabs[index].make()
            self.addWidget(self._cards[index])
        card = self._cards[index]
        card.set_head(self._frame)
        self.setCurrentWidget(card)
        if focused:  # the head's move to another card has taken it away
            self.buttons[index].setFocus()
