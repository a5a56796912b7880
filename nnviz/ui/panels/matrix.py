"""The weights of a layer as a grid of colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter

from nnviz.core.activations import Array
from nnviz.core.address import Address, column_title
from nnviz.core.numbers import as_text, full_text
from nnviz.document.moment import Moment, is_new
from nnviz.picture.matrix import MatrixImage, weight_colours
from nnviz.ui.kit.controls import fill_box, muted_label
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.theme import colours
from nnviz.ui.plot.card import PlotView
from nnviz.ui.plot.grid import ImageGrid, Mark, outline


class MatrixView(ImageGrid):
    """Paints weights of shape (nodes, sources) as an image."""

    def colours_of(self, values: Array) -> NDArray[np.uint32]:  # noqa: D102
        return weight_colours(values, colours())

    def texts(self) -> NDArray[np.str_]:  # noqa: D102
        return np.array([[as_text(weight) for weight in row] for row in self.values.tolist()])

    def paint_mark(self, painter: QPainter, cells: MatrixImage) -> None:
        """Outline the selected row and column."""
        (node, source), accent = self.mark, colours().accent
        width = 1.0 if self.selected else 2.0
        if node is not None:
            outline(painter, cells.row(node), accent, width)
        if source is not None:
            outline(painter, cells.column(source), accent, width)
        super().paint_mark(painter, cells)


HINT = "Each row is a node, each column a node of the layer before"
CLICK = "Click a weight to select its edge in the diagram"


class WeightMatrix(PlotView):
    """The weights of one layer. A click on a weight selects the edge of this weight."""

    phrase, ending = "the weights", "-matrix"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._now, self._explain = self._document.now, desk.explain
        self.layer = 0
        """Index of the layer whose weights are shown."""
        self.caption, self.readout = muted_label(), muted_label()
        self.readout.elided = Qt.TextElideMode.ElideMiddle  # so that the number stays visible
        self.grid = MatrixView(least=96, wished=220)
        fill_box(self.body, 4, self.caption, self.grid, self.readout)
        self.grid.hovered.connect(self._update_readout)
        self.grid.clicked.connect(lambda cell: desk.explain(self._address(Mark(*cell))))
        self.grid.moved.connect(self._move)

    @property
    def plot(self) -> MatrixView:  # noqa: D102
        return self.grid

    def _move(self, mark: Mark) -> None:
        self.grid.show_mark(mark)  # at once, since another key may come before the frame
        self._explain(self._address(mark))

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the weights of the layer of the selected part, and mark this part.

        A node of the layer before is marked as a column if the person selects the node in the matrix.
        """
        self._now, before = new, self.layer
        self.layer = min(self.layer, len(new.state.network.layers) - 1)
        if new.address and (old is None or self._mark() == Mark()):
            self.layer = max(new.address.layer, 0)
        if self.layer != before or is_new(old, new, "state.network"):
            self._show_layer()
        elif is_new(old, new, "address"):
            self._update_readout()

    def _show_layer(self) -> None:
        network = self._now.state.network
        weights = network.layers[self.layer].weights
        nodes, sources = weights.shape
        self.grid.show_values(weights, (network.names(self.layer + 1), network.names(self.layer)))
        low, high = as_text(float(weights.min())), as_text(float(weights.max()))
        title = column_title(self.layer + 1, len(network.layers))
        self.grid.setAccessibleName(f"Weights: {title}")
        self.caption.setText(f"{title}: {nodes} × {sources} weights from {low} to {high}")
        self.caption.setToolTip(f"{HINT}\n{CLICK}")
        self._update_readout()

    def _mark(self) -> Mark:
        address = self._now.address
        if address is None or address.kind == "layer":
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

    def _update_readout(self) -> None:
        """Show the readout of the weight under the mouse, else of the selected part."""
        self.grid.show_mark(self._mark())
        node, source = place = self.grid.hover or self.grid.mark
        named_places = zip(self.grid.names, place, strict=True)
        names = " ← ".join(texts[k] for texts, k in named_places if k is not None)
        value = exact = ""
        if node is not None and source is not None:
            weight = float(self.grid.values[node, source])
            value, exact = f": {as_text(weight)}", f": {full_text(weight)}"
        self.readout.setText(names + value)
        self.grid.setToolTip(names + exact)
        self.grid.setAccessibleDescription(f"{self.caption.text()}; {self.readout.text()}")
