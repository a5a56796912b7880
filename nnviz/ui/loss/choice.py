"""Two combo boxes that choose the two weights of the loss surface, for small networks."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from nnviz.core.network import Network
from nnviz.core.surface import Weight
from nnviz.ui.loss.weight import all_weights, count_of, name_of
from nnviz.ui.widgets.choice import Choice

MOST = 150
"""More weights than this are not listed."""


class LossChoice(QWidget):
    """Lists every weight and bias twice. `chosen` carries the first Weight and the second, or None."""

    chosen = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._weights: list[Weight] = []
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

    @property
    def possible(self) -> bool:
        """Whether the network is small enough for a list."""
        return bool(self._weights)

    def show_network(self, network: Network) -> None:
        """List the weights of a network."""
        if self._network is not None and _same_names(self._network, network):
            return
        self._network = network
        self._weights = all_weights(network) if count_of(network) <= MOST else []
        names = [name_of(network, weight) for weight in self._weights]
        for box in (self.first, self.second):
            box.clear()
            box.addItems(names)

    def show_chosen(self, first: Weight | None, second: Weight | None) -> None:
        """Show which two are chosen."""
        for box, weight in ((self.first, first), (self.second, second)):
            box.setCurrentIndex(self._weights.index(weight) if weight in self._weights else -1)

    def _choose(self) -> None:
        first, second = (
            self._weights[box.currentIndex()] if box.currentIndex() >= 0 else None
            for box in (self.first, self.second)
        )
        self.chosen.emit(first, second)


def _same_names(one: Network, other: Network) -> bool:
    return one is other or (
        one.inputs == other.inputs
        and [layer.nodes for layer in one.layers] == [layer.nodes for layer in other.layers]
        and [layer.biases is None for layer in one.layers] == [layer.biases is None for layer in other.layers]
    )
