"""The lists from which the two weights of the map are chosen, where the network is small enough for them."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QPushButton, QWidget

from nnviz.core.address import Address, all_weights
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.ui.widgets.card import quiet_button
from nnviz.ui.widgets.choice import Choice

SPACING_PX = 8
MOST_LISTED = 150
"""More weights than this are not listed."""


class LossChoice(QWidget):
    """Lists every weight and bias of a small network twice, and selects what is chosen.

    Shown while two are not chosen yet, and then where the `button` asks for it.
    """

    def __init__(self, document: Document, selection: Selection) -> None:
        super().__init__()
        self._document, self._selection = document, selection
        self._weights: list[Address] = []
        self._listed: object = None
        self.first, self.second = Choice(), Choice()
        self._boxes = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._boxes.setContentsMargins(0, 0, 0, 0)
        self._boxes.setSpacing(SPACING_PX)
        for box, which, axis in ((self.first, "First", "across"), (self.second, "Second", "up")):
            box.setMinimumContentsLength(13)
            box.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setPlaceholderText(f"{which} weight…")
            box.setAccessibleName(f"{which} weight")
            box.setToolTip(f"{which} weight, {axis}")
            box.activated.connect(self._choose)
            self._boxes.addWidget(box, 1)
        self.button: QPushButton = quiet_button("Weights…", "Choose the two weights from lists")
        self.button.setCheckable(True)
        self.button.toggled.connect(self.refresh)
        document.state_changed.connect(self._follow)
        selection.address_changed.connect(self.refresh)

    def minimumSizeHint(self) -> QSize:
        """Ask for the width of one box alone: the other one has room below it."""
        return QSize(self.first.minimumSizeHint().width(), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the boxes side by side where both have room so."""
        super().resizeEvent(event)
        side_by_side = self.width() >= 2 * self.first.minimumSizeHint().width() + SPACING_PX
        directions = QBoxLayout.Direction
        self._boxes.setDirection(directions.LeftToRight if side_by_side else directions.TopToBottom)

    def refresh(self) -> None:
        """Show what is selected, and stand there where it is needed."""
        self._fill(self._document.state.network)
        chosen = self._selection.weights
        for box, weight in zip((self.first, self.second), chosen, strict=True):
            box.setCurrentIndex(self._weights.index(weight) if weight in self._weights else -1)
        both = None not in chosen
        self.button.setVisible(bool(self._weights) and both)
        self.setVisible(bool(self._weights) and (self.button.isChecked() or not both))

    def _follow(self, old: State, new: State) -> None:
        if old.network is not new.network:
            self.refresh()

    def _fill(self, network: Network) -> None:
        if self._listed == (listed := _names(network)):
            return
        self._listed = listed
        self._weights = all_weights(network) if is_listed(network) else []
        names = [weight.name(network) for weight in self._weights]
        for box in (self.first, self.second):
            box.clear()
            box.addItems(names)

    def _choose(self) -> None:
        indices = [box.currentIndex() for box in (self.first, self.second)]
        addresses = dict.fromkeys(self._weights[k] for k in indices if k >= 0)
        self._selection.select(*addresses)


def is_listed(network: Network) -> bool:
    """Tell whether the network is small enough for a list."""
    return network.parameters <= MOST_LISTED


def _names(network: Network) -> list[object]:
    return [network.inputs, *((layer.nodes, layer.biases is None) for layer in network.layers)]
