"""Cards that share a place: quiet tabs where the heading stood, the chosen card under them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStackedWidget, QTabBar

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
        self._bar = QTabBar()
        self._bar.setDrawBase(False)
        self._bar.setExpanding(False)
        self._bar.setElideMode(Qt.TextElideMode.ElideNone)
        self._bar.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is
        for k, tab in enumerate(tabs):
            self._bar.addTab(tab.word)
            self._bar.setTabToolTip(k, tab.tip)
            self._bar.setAccessibleTabName(k, tab.tip)
        self._bar.currentChanged.connect(self._show)
        self._show(0)

    def show_card(self, index: int) -> None:
        """Bring a card to the front."""
        self._bar.setCurrentIndex(index)

    def _show(self, index: int) -> None:
        focused = self._bar.hasFocus()
        if index not in self._cards:
            self._cards[index] = self._tabs[index].make()
            self.addWidget(self._cards[index])
        card = self._cards[index]
        card.set_head(self._bar)
        self.setCurrentWidget(card)
        if focused:  # the bar's move to another card has taken it away
            self._bar.setFocus()
