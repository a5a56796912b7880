"""A card: a rounded surface with a small heading and a row of actions, as every panel is; tabs share one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from nnviz.ui.widgets.theme import ui_font


class Card(QFrame):
    """A panel with a heading; `body` takes its contents, `buttons` stand at the right of the heading."""

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(heading)
        self.heading = QLabel(heading.upper())
        self.heading.setObjectName("title")
        font = ui_font(11.5, QFont.Weight.DemiBold)
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.6)
        self.heading.setFont(font)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(4)
        self._top = QHBoxLayout()
        self._top.addWidget(self.heading)
        self._top.addStretch(1)
        self._top.addLayout(self.buttons)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(14, 12, 14, 12)
        self._outer.setSpacing(8)
        self._outer.addLayout(self._top)
        self._outer.addLayout(self.body, 1)

    def reach_the_edges(self) -> None:
        """Give the contents the whole width of the card; the heading stays where it is."""
        self._outer.setContentsMargins(1, 12, 1, 8)
        self._top.setContentsMargins(13, 0, 9, 0)

    def set_head(self, head: QWidget) -> None:
        """Show `head` in the place of the heading."""
        self.heading.hide()
        self._top.insertWidget(0, head)


def quiet_button(text: str, tip: str, name: str = "") -> QPushButton:
    """Return a button for a card's actions; `name` is what a screen reader says of it, else the tip.

    A click leaves the keyboard where it is, and Tab reaches the button.
    """
    button = QPushButton(text)
    button.setObjectName("quiet")
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setToolTip(tip)
    button.setAccessibleName(name or tip)
    return button


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
