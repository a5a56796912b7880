"""The weights of a layer as a grid of colours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QHBoxLayout

from nnviz.core.activations import Array
from nnviz.core.address import Address, column_title
from nnviz.core.numbers import as_text, full_text
from nnviz.document.moment import Moment, is_new
from nnviz.picture.matrix import MOST_TILES, Cell, MatrixImage, Tiles, square_side, weight_colours
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.controls import fill_box, muted_label
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import colours
from nnviz.ui.plot.card import PlotView
from nnviz.ui.plot.grid import ARROWS, ImageGrid, Mark, Names, outline


class MatrixView(ImageGrid):
    """Paints weights of shape (nodes, sources) as one image, or as a picture for each node."""

    def __init__(self) -> None:
        super().__init__(least=96, wished=220)
        self._as_pictures = False

    def show_weights(self, weights: Array, names: Names, as_pictures: bool) -> None:
        """Show `weights` as one image, or with `as_pictures` as one square picture for each node.

        If the number of sources is not a square number above 1, `as_pictures` has no effect.
        """
        self._as_pictures = as_pictures
        self.show_values(weights, names)

    def colours_of(self, values: Array) -> NDArray[np.uint32]:  # noqa: D102
        return weight_colours(values, colours())

    def texts(self) -> NDArray[np.str_]:  # noqa: D102
        return np.array([[as_text(weight) for weight in row] for row in self.values.tolist()])

    def places(self) -> MatrixImage | Tiles:
        """Return the positions of all weights in this widget: in one image, or in a picture for each node."""
        nodes, sources = self.values.shape
        side = square_side(sources)
        return Tiles.fit(self.room(), nodes, side) if self._as_pictures and side else super().places()

    def cell_at(self, x: float, y: float) -> Cell | None:  # noqa: D102
        places = self.places()
        return places.weight_at(x, y) if isinstance(places, Tiles) else super().cell_at(x, y)

    # --- painting

    def pixels(self, places: MatrixImage | Tiles) -> Array:
        """Return the weights to paint; the pictures of nodes are one below the other."""
        return self.values.reshape(-1, places.side) if isinstance(places, Tiles) else super().pixels(places)

    def paint_cells(self, painter: QPainter, places: MatrixImage | Tiles, image: QImage) -> None:  # noqa: D102
        if not isinstance(places, Tiles):
            super().paint_cells(painter, places, image)
            return
        side = places.side
        # A smaller picture shows all its pixels only if they are averaged.
        is_smaller = places.size * self.devicePixelRatioF() < side
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_smaller)
        for node in range(places.nodes):
            tile = qrect(places.row(node))
            painter.drawImage(tile, image, QRectF(0, node * side, side, side))
            painter.drawRect(tile.adjusted(-0.5, -0.5, 0.5, 0.5))

    def paint_mark(self, painter: QPainter, places: MatrixImage | Tiles) -> None:
        """Outline the selected row and column. In pictures, mark the cells of the column."""
        (node, source), accent = self.mark, colours().accent
        width = 1.0 if self.selected else 2.0
        if node is not None:
            outline(painter, places.row(node), accent, width)
        if source is not None and isinstance(places, MatrixImage):
            outline(painter, places.column(source), accent, width)
        elif source is not None and node is None:
            painter.setPen(QPen(QColor(accent), 1.0))
            for each in range(places.nodes):
                painter.drawRect(qrect(places.cell(Cell(each, source))).adjusted(-0.5, -0.5, 0.5, 0.5))
        super().paint_mark(painter, places)

    def steps(self) -> dict[Qt.Key, tuple[int, int]]:
        """Return the steps of arrow keys, and of page keys, which move the mark to another node."""
        places, keys = self.places(), Qt.Key
        pages = {keys.Key_PageUp: (-1, 0), keys.Key_PageDown: (1, 0)}
        if isinstance(places, Tiles):
            pages |= {keys.Key_Up: (0, -places.side), keys.Key_Down: (0, places.side)}
        return ARROWS | pages


HINT = "Each row is a node, each column a node of the layer before"
PICTURE_HINT = "Each picture shows the weights of one node"
CLICK = "Click a weight to select its edge in the diagram"


class WeightMatrix(PlotView):
    """The weights of one layer. A click on a weight selects the edge of this weight."""

    phrase, ending = "the weights", "-matrix"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._now, self._explain = self._document.now, desk.explain
        self.layer = 0
        """Index of the layer whose weights are shown."""
        self.pictures = quiet_button("As pictures", "Show each node's weights as a picture")
        self.pictures.setCheckable(True)
        self.caption, self.readout = muted_label(), muted_label()
        self.readout.elided = Qt.TextElideMode.ElideMiddle  # so that the number stays visible
        self.grid = MatrixView()
        below = QHBoxLayout()
        fill_box(below, 6, self.readout, self.pictures)
        fill_box(self.body, 4, self.caption, self.grid, below)
        self.pictures.toggled.connect(lambda _: self._show_layer())
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
        side = square_side(sources)
        self.pictures.setVisible(side is not None and nodes <= MOST_TILES)
        self.pictures.setToolTip(f"Show each node's {sources} weights as a picture of {side} × {side}")
        hint = PICTURE_HINT if self.pictures.isChecked() else HINT
        names = network.names(self.layer + 1), network.names(self.layer)
        self.grid.show_weights(weights, names, self.pictures.isChecked() and nodes <= MOST_TILES)
        low, high = as_text(float(weights.min())), as_text(float(weights.max()))
        title = column_title(self.layer + 1, len(network.layers))
        self.grid.setAccessibleName(f"Weights: {title}")
        self.caption.setText(f"{title}: {nodes} × {sources} weights from {low} to {high}")
        self.caption.setToolTip(f"{hint}\n{CLICK}")
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
        mark = self._mark()
        self.grid.show_mark(mark)
        self._read_out(*(self.grid.hover or mark))
        self.grid.setAccessibleDescription(f"{self.caption.text()}; {self.readout.text()}")

    def _read_out(self, node: int | None, source: int | None) -> None:
        network = self._now.state.network
        start = "" if source is None else network.names(self.layer)[source]
        end = "" if node is None else network.names(self.layer + 1)[node]
        names = " ← ".join(filter(None, (end, start)))
        value, exact = "", ""
        if node is not None and source is not None:
            weight = float(network.layers[self.layer].weights[node, source])
            value, exact = f": {as_text(weight)}", f": {full_text(weight)}"
        self.readout.setText(names + value)
        self.grid.setToolTip(names + exact)
