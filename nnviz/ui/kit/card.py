"""A card: a rounded surface with a small heading and a row of actions, as every panel is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from nnviz.ui.kit.controls import Elided
from nnviz.ui.kit.theme import px, ui_font


class Card(QFrame):
    """A panel with a heading; `body` takes its contents, `buttons` stand at the right of the heading.

    `head` is the row of both, which a dock takes for its handle; `more_down` is the part of the screen's
    height that it may ask for beyond a panel's usual share, where everything is drawn at 100 %;
    `content_px` is the height at 100 % that it asks for where it needs more, which is scrolled to, or 0.
    """

    more_down = 0.0
    content_px = 0

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(heading)
        self.heading = Elided()
        self.heading.setText(heading.upper())
        self.heading.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.heading.setObjectName("title")
        font = ui_font(11.5, QFont.Weight.DemiBold)
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.6)
        self.heading.setFont(font)
        self.buttons = QHBoxLayout()
        self.buttons.setSpacing(4)
        self.head = QFrame()
        self.head.setObjectName("head")
        top = QHBoxLayout(self.head)
        top.setContentsMargins(0, 0, 0, 0)
        self.stand_close(False)
        top.addWidget(self.heading)
        top.addStretch(1)
        top.addLayout(self.buttons)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        self.body.setContentsMargins(14, 2, 14, 12)
        self._outer = QVBoxLayout(self)
        self._outer.setContentsMargins(0, 0, 0, 0)
        self._outer.setSpacing(0)
        self._outer.addLayout(self.body, 1)
        self.put_head()

    def put_head(self) -> None:
        """Take the heading into the card, where it stands unless a dock has it."""
        self._outer.insertWidget(0, self.head)

    def stand_close(self, close: bool) -> None:
        """Leave the heading no room of its own above and below, as under tabs, or leave it some."""
        self._close = close
        top, bottom = (0, 0) if close else (px(6), px(2))
        self.head.setContentsMargins(px(14), top, px(10), bottom)

    def changeEvent(self, event: QEvent) -> None:
        """Take over another size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_close"):
            self.stand_close(self._close)

    def reach_the_edges(self) -> None:
        """Give the contents the whole width of the card; the heading stays where it is."""
        self.body.setContentsMargins(1, 2, 1, 8)


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
