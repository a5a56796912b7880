"""A card: the rounded surface of every panel, with a small heading and a row of buttons."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from nnviz.core.results import BLANK
from nnviz.ui.kit.controls import ElidedLabel, fill_box, named
from nnviz.ui.kit.desk import TEXT_MS
from nnviz.ui.kit.theme import px, styled, ui_font

if TYPE_CHECKING:
    from nnviz.document.document import Document
    from nnviz.document.moment import Moment
    from nnviz.ui.kit.desk import Desk

HEADING_PX = 24
"""Least height of a heading, in pixels at interface size 100 %: the height of a quiet button beside it."""
HOW_TO_SHOW = "Results are hidden: press H to show them, or click on one"
BLANK_PX = 28
"""Font size of the blank in place of a panel's body, in pixels at 100 %."""
PLOT_MS = 33.0
"""Usual least milliseconds between two Moments that a panel shows during a run or a drag."""


class Card(QFrame):
    """A panel with a heading. `body` takes the contents; `buttons` stand at the right of the heading.

    `head` is the row with heading and buttons; a dock uses the row as its handle. The window limits the
    minimum height of a card to a share of the screen's height. `content_px`, if not 0, is another upper
    limit, in pixels at normal size (100 %). With `height_is_fixed`, the card is never higher than its
    content.
    """

    content_px = 0
    height_is_fixed = False

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setAccessibleName(heading)
        self.heading = styled(ElidedLabel(), "title")
        self.heading.setText(heading.upper())
        self.heading.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.heading.setMinimumHeight(HEADING_PX)
        font = ui_font(11.5, QFont.Weight.DemiBold)
        font.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, 0.6)
        self.heading.setFont(font)
        self.buttons = fill_box(QHBoxLayout(), 4)
        self.head = styled(QFrame(), "head")
        top = QHBoxLayout(self.head)
        top.setContentsMargins(0, 0, 0, 0)
        self.set_tight(False)
        top.addWidget(self.heading)
        top.addStretch(1)
        top.addLayout(self.buttons)
        content = QWidget()
        self.body = fill_box(QVBoxLayout(content), 8, margins=(14, 2, 14, 12))
        self._outer = fill_box(QVBoxLayout(self), 0)
        self.put_head()
        self.faces = QStackedLayout()
        """The body and, if results can be hidden, a blank."""
        self._outer.addLayout(self.faces, 1)
        self.faces.addWidget(content)

    def put_head(self) -> None:
        """Put the row with heading and buttons back into the card, after a dock has used it."""
        self._outer.insertWidget(0, self.head)

    def set_tight(self, is_tight: bool) -> None:
        """Remove the space above and below the heading if `is_tight` is True; otherwise restore the space."""
        self._is_tight = is_tight
        top, bottom = (0, 0) if is_tight else (px(6), px(2))
        self.head.setContentsMargins(px(14), top, px(10), bottom)

    def changeEvent(self, event: QEvent) -> None:
        """Adapt the margins to a new size of the text."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_is_tight"):
            self.set_tight(self._is_tight)


STYLE_EVENTS = QEvent.Type.PaletteChange, QEvent.Type.FontChange
"""Types of the Qt events after which the theme or the interface size may have changed."""


class Panel(Card):
    """A card that shows the document. The window calls `show_moment` while the panel is visible.

    During a run or a drag, the panel shows a Moment at most once in `moving_ms` milliseconds. `covers`
    holds the blank in place of the body while results are hidden, unless the body shows more than results.
    """

    moving_ms = PLOT_MS
    covers: tuple[Cover, ...] = ()

    def __init__(self, desk: Desk, heading: str) -> None:
        super().__init__(heading)
        self._desk, self._document = desk, desk.document

    @abstractmethod
    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the Moment `new` in place of `old`, the one shown last. If `old` is None, show everything."""

    def rest(self) -> None:
        """Stop work in progress, since the panel is hidden now."""

    def begin_document(self) -> None:
        """Forget what the person has chosen for the document before, since another document was opened."""

    def show_now(self) -> None:
        """Show everything again now, instead of in the next frame."""
        self.show_moment(None, self._document.now)

    def restyle(self) -> None:
        """Show everything again, in another theme or interface size."""
        self._desk.frames.show_again(self)

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() in STYLE_EVENTS and hasattr(self, "_desk"):
            self.restyle()


class Cover(QPushButton):
    """The blank in place of a panel's body while results are hidden. A click shows the body."""

    moving_ms = TEXT_MS

    def __init__(self, panel: Panel, document: Document) -> None:
        super().__init__(BLANK)
        self.setObjectName("quiet")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # after a click, the diagram still has the keys
        self.setFont(ui_font(BLANK_PX, QFont.Weight.Bold))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        named(self, HOW_TO_SHOW, HOW_TO_SHOW)
        self._faces, self._place = panel.faces, type(panel).__name__
        self._faces.addWidget(self)
        self.clicked.connect(lambda: document.reveal(self._place))

    def show_moment(self, _old: Moment | None, new: Moment) -> None:
        """Show the blank or the body."""
        self._faces.setCurrentIndex(int(new.hiding.hides(self._place)))


def push_button(text: str, tip: str, *, checkable: bool = False) -> QPushButton:
    """Return a button that Tab reaches; a click does not move the keyboard focus to the button."""
    button = named(QPushButton(text), tip=tip)
    button.setCheckable(checkable)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def small_button(text: str) -> QPushButton:
    """Return a button with a small text, for an action that is rarely needed."""
    return styled(push_button(text, ""), "small", 11.5)


def quiet_button(text: str, tip: str, name: str = "", *, checkable: bool = False) -> QPushButton:
    """Return a flat button for the heading row of a card.

    `name` is the name for screen readers, by default the tooltip `tip`.
    """
    return styled(named(push_button(text, tip, checkable=checkable), name or tip, tip), "quiet")
