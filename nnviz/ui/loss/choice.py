"""Two combo boxes that choose the two weights of the loss surface, for small networks."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from nnviz.core.address import Address, all_weights
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.ui.widgets.card import quiet_button
from nnviz.ui.widgets.choice import Choice

MOST = 150
"""More weights than this are not listed."""


def listed(network: Network) -> bool:
    """Tell whether the network is small enough for a list."""
    counts = (layer.weights.size + (layer.biases is not None) * len(layer) for layer in network.layers)
    return sum(counts) <= MOST


class LossChoice(QWidget):
    """Lists every weight and bias twice, and selects what is chosen.

    Shown while two are not chosen yet, and then where the `button` asks for it.
    """

    def __init__(self, document: Document, selection: Selection) -> None:
        super().__init__()
        self._document, self._selection = document, selection
        self._weights: list[Address] = []
        self._network: Network | None = None
        self.first, self.second = Choice(), Choice()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for box, which, axis in ((self.first, "First", "across"), (self.second, "Second", "up")):
            box.setMinimumContentsLength(8)
            box.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setPlaceholderText(f"{which} weight…")
            box.setAccessibleName(f"{which} weight")
            box.setToolTip(f"{which} weight, {axis}")
            box.activated.connect(self._choose)
            row.addWidget(box, 1)
        self.button: QPushButton = quiet_button("weights…", "Choose the two weights from lists")
        self.button.setCheckable(True)
        self.button.toggled.connect(self.refresh)
        document.state_changed.connect(self._follow)
        selection.address_changed.connect(self.refresh)
        self.refresh()

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
        if self._network is not None and _same_names(self._network, network):
            return
        self._network = network
        self._weights = all_weights(network) if listed(network) else []
        names = [weight.name(network) for weight in self._weights]
        for box in (self.first, self.second):
            box.clear()
            box.addItems(names)

    def _choose(self) -> None:
        indices = [box.currentIndex() for box in (self.first, self.second)]
        addresses = dict.fromkeys(self._weights[k] for k in indices if k >= 0)
        self._selection.select(*addresses)


def _same_names(one: Network, other: Network) -> bool:
    return one is other or (
        one.inputs == other.inputs
        and [layer.nodes for layer in one.layers] == [layer.nodes for layer in other.layers]
        and [layer.biases is None for layer in one.layers] == [layer.biases is None for layer in other.layers]
    )
