"""Cards that hold a plot, and pages of cards."""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QMenu, QStackedLayout, QVBoxLayout, QWidget

from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
from nnviz.ui.kit.card import Card, quiet_button
from nnviz.ui.kit.controls import follow, open_below
from nnviz.ui.kit.images import icon
from nnviz.ui.kit.theme import colours, ui_font

LOOKS = QEvent.Type.PaletteChange, QEvent.Type.FontChange
"""Said of another theme, and of another size."""


class PlotCard(Card):
    """Offers its plot as a picture, where there is one.

    ================ =======================================================================
    `what`           what the plot is called in a sentence
    `ending`         what its file is called behind the name of the network
    `picture_wished` tells whether the picture is to be copied; else it is to be exported
    ================ =======================================================================
    """

    picture_wished = Signal(bool)

    def __init__(self, heading: str, what: str, ending: str) -> None:
        super().__init__(heading)
        self.what, self.ending = what, ending
        self.menu = QMenu(self)
        self.copy_picture = self.menu.addAction("Copy picture", lambda: self.picture_wished.emit(True))
        self.export_picture = self.menu.addAction("Export picture…", lambda: self.picture_wished.emit(False))
        self.menu.aboutToShow.connect(self.look)
        self.more_button = quiet_button("", f"Copy or export {what}", f"More of {what}")
        self.more_button.clicked.connect(lambda: open_below(self.more_button, self.menu))
        follow(self.more_button, self.menu)
        self.buttons.addWidget(self.more_button)
        self._draw_icon()

    @property
    @abstractmethod
    def plot(self) -> QWidget | None:
        """The widget that shows the plot; None where there is nothing to show."""

    def look(self) -> None:
        """Offer what there is."""
        for action in (self.copy_picture, self.export_picture):
            action.setEnabled(self.plot is not None)

    def add_button(self, button: QWidget) -> None:
        """Put a button before that of the menu."""
        self.buttons.insertWidget(self.buttons.count() - 1, button)

    def _draw_icon(self) -> None:
        self.more_button.setIcon(icon("more", colours().muted, 16))

    def restyle(self) -> None:
        """Take over another theme's colours, or another size."""
        self._draw_icon()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() in LOOKS and hasattr(self, "more_button"):
            self.restyle()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu over the plot."""
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            self.menu.popup(event.globalPos())
        else:
            self.menu.popup(self.mapToGlobal(QPoint(20, 40)))


SHARE = 15
"""Of a run's time drawing takes no more than one part in so many."""


class LiveCard(PlotCard):
    """Calls `draw` for what has changed; what hides it meanwhile, it catches up with."""

    def __init__(self, heading: str, what: str, ending: str, document: Document, phase: float) -> None:
        """`phase`, from 0 to 1, is when its turn comes in a run: not all cards draw in one frame."""
        super().__init__(heading, what, ending)
        self.pages = Pages(self)
        self._changes = MotionThrottle(self, self.draw, document, phase=phase, share=SHARE)
        document.state_changed.connect(self.follow)

    @abstractmethod
    def draw(self) -> None:
        """Draw what there is now, or say what is missing."""

    def follow(self, *_: object) -> None:
        """Draw anew, if it is in sight."""
        if self.isVisible():
            self._changes.changed()

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.follow()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while it was hidden."""
        super().showEvent(event)
        self._changes.changed()

    def hideEvent(self, event: QHideEvent) -> None:
        """Draw nothing more."""
        super().hideEvent(event)
        self._changes.stop()


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
