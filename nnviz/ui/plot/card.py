"""Cards (panels with a heading) that hold a plot, and the pages inside a card."""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QMenu, QStackedLayout, QVBoxLayout, QWidget

from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
from nnviz.ui.kit.card import STYLE_EVENTS, Card, Panel, quiet_button
from nnviz.ui.kit.controls import clear_hover_on_close, open_below
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.images import icon
from nnviz.ui.kit.theme import colours, ui_font


class PlotPanel(Panel):
    """A panel with a menu that copies or exports its plot as a picture.

    ========= ========================================================
    `phrase`  name of the plot, as written within a sentence
    `ending`  end of the exported file's name, after the network's name
    ========= ========================================================
    """

    def __init__(self, desk: Desk, heading: str, phrase: str, ending: str) -> None:
        super().__init__(desk, heading)
        self.phrase, self.ending = phrase, ending
        self.menu = QMenu(self)
        request = desk.picture_requested.emit
        self.copy_picture = self.menu.addAction("Copy picture", lambda: request(self, True))
        self.export_picture = self.menu.addAction("Export picture…", lambda: request(self, False))
        self.menu.aboutToShow.connect(self.update_actions)
        self.more_button = quiet_button("", f"Copy or export {phrase}")
        self.more_button.clicked.connect(lambda: open_below(self.more_button, self.menu))
        clear_hover_on_close(self.more_button, self.menu)
        self.buttons.addWidget(self.more_button)
        self._draw_icon()

    @property
    @abstractmethod
    def plot(self) -> QWidget | None:
        """The widget with the plot, or None if there is no plot to show."""

    def update_actions(self) -> None:
        """Enable the menu entries if there is a plot."""
        for action in (self.copy_picture, self.export_picture):
            action.setEnabled(self.plot is not None)

    def add_button(self, button: QWidget) -> None:
        """Add a button before the menu's button."""
        self.buttons.insertWidget(self.buttons.count() - 1, button)

    def _draw_icon(self) -> None:
        self.more_button.setIcon(icon("more", colours().muted, 16))

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self._draw_icon()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu over the plot."""
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            self.menu.popup(event.globalPos())
        else:
            self.menu.popup(self.mapToGlobal(QPoint(20, 40)))


# --- old bases, to be removed with the last panel that uses them


class PlotCard(Card):
    """A card (a panel with a heading) with a menu that copies or exports its plot as a picture.

    =================== ====================================================================
    `phrase`            name of the plot, as written within a sentence
    `ending`            end of the exported file's name, after the name of the network
    `picture_requested` emitted with True to copy the picture, with False to export it
    =================== ====================================================================
    """

    picture_requested = Signal(bool)

    def __init__(self, heading: str, phrase: str, ending: str) -> None:
        super().__init__(heading)
        self.phrase, self.ending = phrase, ending
        self.menu = QMenu(self)
        request = self.picture_requested.emit
        self.copy_picture = self.menu.addAction("Copy picture", lambda: request(True))
        self.export_picture = self.menu.addAction("Export picture…", lambda: request(False))
        self.menu.aboutToShow.connect(self.update_actions)
        self.more_button = quiet_button("", f"Copy or export {phrase}")
        self.more_button.clicked.connect(lambda: open_below(self.more_button, self.menu))
        clear_hover_on_close(self.more_button, self.menu)
        self.buttons.addWidget(self.more_button)
        self._draw_icon()

    @property
    @abstractmethod
    def plot(self) -> QWidget | None:
        """The widget with the plot, or None if there is no plot to show."""

    def update_actions(self) -> None:
        """Enable the menu entries if there is a plot."""
        for action in (self.copy_picture, self.export_picture):
            action.setEnabled(self.plot is not None)

    def add_button(self, button: QWidget) -> None:
        """Add a button before the menu's button."""
        self.buttons.insertWidget(self.buttons.count() - 1, button)

    def _draw_icon(self) -> None:
        self.more_button.setIcon(icon("more", colours().muted, 16))

    def show_now(self) -> None:
        """Do nothing: `restyle` has drawn the plot."""

    def restyle(self) -> None:
        """Redraw the plot after a change of the theme or of the interface size."""
        self._draw_icon()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() in STYLE_EVENTS and hasattr(self, "more_button"):
            self.restyle()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu over the plot."""
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            self.menu.popup(event.globalPos())
        else:
            self.menu.popup(self.mapToGlobal(QPoint(20, 40)))


DRAWING_SHARE = 15
"""During a run, a panel with a plot spends at most 1/DRAWING_SHARE of the time on drawing."""


class LiveCard(PlotCard):
    """A panel with a plot; draws again after each change of the document, as soon as the panel is visible."""

    def __init__(self, heading: str, phrase: str, ending: str, document: Document, phase: float) -> None:
        """Create the card; `phase`, from 0 to 1, spreads the drawing of several cards over a run's frames."""
        super().__init__(heading, phrase, ending)
        self.pages = Pages(self)
        self._changes = MotionThrottle(self, self.draw, document, phase=phase, share=DRAWING_SHARE)
        document.state_changed.connect(self.follow)

    @abstractmethod
    def draw(self) -> None:
        """Draw the current state, or show a sentence that says which data are missing."""

    def follow(self, *_: object) -> None:
        """Draw again if the panel is visible."""
        if self.isVisible():
            self._changes.changed()

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.follow()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw the plot again, since the document may have changed while the panel was hidden."""
        super().showEvent(event)
        self._changes.changed()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop drawing while the panel is hidden."""
        super().hideEvent(event)
        self._changes.stop()


class Pages(QStackedLayout):
    """A stack of two pages: a sentence that replaces a missing plot, and the plot."""

    def __init__(self, card: Card) -> None:
        super().__init__()
        self.empty = QLabel()
        self.empty.setObjectName("muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        card.body.addLayout(self, 1)  # first, or its pages would be windows
        self.addWidget(self.empty)

    def add_plot(self, *parts: QWidget) -> None:
        """Add a page that shows the given widgets, one below the other. The plot takes all free height."""
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for part in parts:
            column.addWidget(part)
        self.addWidget(page)

    @property
    def plot_visible(self) -> bool:
        """Whether the page with the plot is visible."""
        return self.currentIndex() == 1

    @plot_visible.setter
    def plot_visible(self, visible: bool) -> None:
        self.setCurrentIndex(1 if visible else 0)

    def show_sentence(self, sentence: str) -> None:
        """Show the page with a sentence instead of the plot."""
        self.empty.setText(sentence)
        self.plot_visible = False


class Caption(QLabel):
    """A text with a plot's numbers, as coloured HTML. Do not add names from a file: they may hold HTML."""

    def __init__(self, lines: int, tip: str) -> None:
        """Reserve room for this many `lines`, so that the plot keeps its height."""
        super().__init__()
        self.setObjectName("muted")
        self.setWordWrap(True)
        self.setFont(ui_font(11.5))
        self.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setMinimumHeight(lines * self.fontMetrics().lineSpacing())
        self.setToolTip(tip)


def coloured(colour: str, text: str) -> str:
    """Return HTML that shows `text` in a colour, for a caption."""
    return f"<span style='color:{colour}'>{text}</span>"
