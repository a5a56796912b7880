"""The weights panel: one layer's weights as an image, or each node's as a picture of its own."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QFontMetrics, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout

from nnviz.core.address import Address, column_title
from nnviz.core.numbers import shown, shown_in_full
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.picture.matrix import MOST_TILES, side_of
from nnviz.ui.plots.matrix_view import Mark, MatrixView
from nnviz.ui.plots.plot_card import PlotCard
from nnviz.ui.widgets.card import quiet_button
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.widgets.elided import muted_line

HINT = "A row is a node, a column what it is fed by"
PICTURE_HINT = "A picture is the weights of one node"


class WeightMatrix(PlotCard):
    """Shows the layer that is chosen, or that the selected part belongs to; a click selects an edge."""

    def __init__(self, document: Document, selection: Selection) -> None:
        super().__init__("Matrix", "the weights", "-matrix")
        self._document, self._selection = document, selection
        self._make_controls()
        self.caption, self.read_out = muted_line(), muted_line()
        self.view = MatrixView()
        self.body.setSpacing(4)
        top = QHBoxLayout()
        top.addWidget(self.caption)
        top.addWidget(self.pictures)
        self.body.addLayout(top)
        self.body.addWidget(self.view, 1)
        self.body.addWidget(self.read_out)
        self._connect()
        self._refresh()

    def _make_controls(self) -> None:
        self.choice = Choice()
        self.choice.setToolTip("The layer whose weights are shown")
        self.choice.setAccessibleName("Layer whose weights are shown")
        self.pictures = quiet_button("As pictures", "Show each node's weights as a picture")
        self.pictures.setCheckable(True)
        self.add_button(self.choice)

    def _connect(self) -> None:
        self._document.state_changed.connect(self._state_changed)
        self._selection.address_changed.connect(self._selected)
        self.choice.currentIndexChanged.connect(lambda _: self._show_layer())
        self.pictures.toggled.connect(lambda _: self._show_layer())
        self.view.hovered.connect(self._tell)
        self.view.clicked.connect(lambda cell: self._selection.point_at(self._address(Mark(*cell))))
        self.view.moved.connect(lambda mark: self._selection.point_at(self._address(mark)))

    @property
    def plot(self) -> MatrixView:  # noqa: D102
        return self.view

    @property
    def layer(self) -> int:
        """The layer whose weights are shown."""
        return max(self.choice.currentIndex(), 0)

    # --- following

    def _state_changed(self, old: State, new: State) -> None:
        if self.isVisible() and old.network is not new.network:
            self._refresh()

    def _selected(self) -> None:
        if self.isVisible():
            self._follow_selection()
            self._tell()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while it was hidden."""
        super().showEvent(event)
        self._refresh()
        self._selected()

    def _refresh(self) -> None:
        """Show what has changed in the network."""
        network = self._document.state.network
        count = len(network.layers)
        titles = [column_title(column, count) for column in range(1, count + 1)]
        if titles != [self.choice.itemText(k) for k in range(self.choice.count())]:
            self._fill(titles)
        self._show_layer()

    def _fill(self, titles: list[str]) -> None:
        layer = min(self.layer, len(titles) - 1)
        with QSignalBlocker(self.choice):
            self.choice.clear()
            self.choice.addItems(titles)
            self.choice.setCurrentIndex(layer)
        self.choice.setVisible(len(titles) > 1)

    def _show_layer(self) -> None:
        network = self._document.state.network
        weights = network.layers[self.layer].weights
        nodes, sources = weights.shape
        side = side_of(sources)
        self.pictures.setVisible(side is not None and nodes <= MOST_TILES)
        self.pictures.setToolTip(f"Show each node's {sources} weights as a picture of {side} × {side}")
        names = network.names(self.layer + 1), network.names(self.layer)
        self.view.show_weights(weights, names, self.pictures.isChecked() and nodes <= MOST_TILES)
        largest = float(np.abs(weights).max()) or 1.0
        mean = float((weights / largest).mean()) * largest  # a sum of large weights would overflow
        low, high, middle = (shown(float(v)) for v in (weights.min(), weights.max(), mean))
        self.caption.setText(f"{nodes} × {sources}  ·  from {low} to {high}  ·  mean {middle}")
        self._tell()

    def _follow_selection(self) -> None:
        """Show the layer of the selected part, unless the part is in sight as a row or column already."""
        address = self._selection.address
        if address is not None and self._mark() == Mark():
            self.choice.setCurrentIndex(max(address.layer, 0))

    # --- what is selected, what is under the mouse

    def _mark(self) -> Mark:
        address = self._selection.address
        if address is None:
            return Mark()
        if address.kind in ("weight", "slope"):
            return Mark(address.node, address.source) if address.layer == self.layer else Mark()
        if address.layer == self.layer:
            return Mark(address.node, None)
        return Mark(None, address.node) if address.column == self.layer else Mark()

    def _address(self, mark: Mark) -> Address:
        node, source = mark
        if node is None:
            assert source is not None
            return Address("node", self.layer - 1, source)
        if source is None:
            return Address("node", self.layer, node)
        return Address("weight", self.layer, node, source)

    def _tell(self) -> None:
        """Write out the weight under the mouse, else the selected one, else what is to be seen."""
        mark = self._mark()
        self.view.show_mark(mark)
        node, source = self.view.hover or mark
        self.view.setAccessibleName(f"Weights: {self.choice.currentText()}")
        if node is None and source is None:
            self.read_out.setText(PICTURE_HINT if self.pictures.isChecked() else HINT)
            self.view.setToolTip("Click a weight to select its edge")
        else:
            self._read_out(node, source)
        self.view.setAccessibleDescription(f"{self.caption.text()}; {self.read_out.text()}")

    def _read_out(self, node: int | None, source: int | None) -> None:
        network = self._document.state.network
        start = "" if source is None else network.names(self.layer)[source]
        end = "" if node is None else network.names(self.layer + 1)[node]
        names = " ← ".join(filter(None, (end, start)))
        value, exact = "", ""
        if node is not None and source is not None:
            weight = float(network.layers[self.layer].weights[node, source])
            value, exact = f": {shown(weight)}", f": {shown_in_full(weight)}"
        metrics = QFontMetrics(self.read_out.font())
        room = self.read_out.width() - metrics.horizontalAdvance(value) - 2
        self.read_out.setText(metrics.elidedText(names, Qt.TextElideMode.ElideMiddle, room) + value)
        self.view.setToolTip(names + exact)

    # --- events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten names to the room."""
        super().resizeEvent(event)
        self._tell()
