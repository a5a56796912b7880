"""A card with a plot, which can be had as a picture from the card's menu."""

from __future__ import annotations

from abc import abstractmethod

from PySide6.QtCore import QEvent, QPoint, Signal
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QMenu, QWidget

from nnviz.ui.widgets.button_menu import follow, open_below
from nnviz.ui.widgets.card import Card, quiet_button
from nnviz.ui.widgets.images import icon
from nnviz.ui.widgets.theme import colours

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
