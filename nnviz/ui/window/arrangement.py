"""Where the panels stand: the diagram large, data and words under it, training and plots at the right."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QSplitter, QWidget

from nnviz.ui.window.settings import Settings

GAP_PX = 10
RIGHT_PX = 364


class Arrangement(QSplitter):
    """Five places, divided by splitters to be dragged; each holds an empty card until it is given a panel."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._settings = settings
        left = QSplitter(Qt.Orientation.Vertical, self)
        right = QSplitter(Qt.Orientation.Vertical, self)
        self._panels: dict[str, QWidget] = {"diagram": _empty_card(left)}
        below = QSplitter(Qt.Orientation.Horizontal, left)
        for name, place in (("data", below), ("words", below), ("training", right), ("plots", right)):
            self._panels[name] = _empty_card(place)
        self._splitters = {"left": left, "below": below, "right": right, "whole": self}
        for splitter in self._splitters.values():
            splitter.setHandleWidth(GAP_PX)
            splitter.setChildrenCollapsible(False)
        left.setStretchFactor(0, 1)
        right.setStretchFactor(1, 1)
        right.setMinimumWidth(300)
        self.setStretchFactor(0, 1)
        self.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
        left.setSizes([450, 214])
        below.setSizes([510, 366])
        right.setSizes([280, 400])
        self.setSizes([1280 - RIGHT_PX, RIGHT_PX])
        for name, splitter in self._splitters.items():
            if state := settings.bytes(f"splitter/{name}"):
                splitter.restoreState(state)

    def put(self, **panels: QWidget) -> None:
        """Put panels in their places: diagram, data, words, training, plots."""
        for name, panel in panels.items():
            before = self._panels[name]
            splitter = before.parentWidget()
            assert isinstance(splitter, QSplitter)
            splitter.replaceWidget(splitter.indexOf(before), panel)
            before.deleteLater()
            self._panels[name] = panel

    def remember(self) -> None:
        """Keep the sizes for the next start."""
        for name, splitter in self._splitters.items():
            self._settings.remember(f"splitter/{name}", splitter.saveState())


def _empty_card(place: QSplitter) -> QFrame:
    card = QFrame(place)
    card.setObjectName("card")
    return card
