"""The weights of a layer as a grid of colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from PySide6.QtCore import QEvent, QRectF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QHBoxLayout

from nnviz.core.activations import Array
from nnviz.core.address import Address, column_title
from nnviz.core.numbers import as_text, full_text
from nnviz.document.moment import Moment, is_new
from nnviz.picture.matrix import (
    MOST_TILES,
    Cell,
    MatrixImage,
    Tiles,
    ink_on,
    square_side,
    strongest,
    weight_colours,
)
from nnviz.picture.parts import Rect
from nnviz.ui.kit.card import quiet_button
from nnviz.ui.kit.controls import muted_label, shorten_to_width
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import colours, ui_font
from nnviz.ui.plot.card import PlotView
from nnviz.ui.plot.points import CellGrid, draw_outline

Names: TypeAlias = tuple[Sequence[str], Sequence[str]]
"""Names of the image's rows (the nodes) and names of its columns (the nodes of the layer before)."""
NAME_PX, NUMBER_PX = 11, (13, 11, 9.5)
"""Font sizes in pixels. NAME_PX: for names. NUMBER_PX: for numbers; the largest size that fits is used."""
BESIDE = 6.0
"""Pixels between the image and the names at the left. Also the least sum of the margins beside a number."""
SHARE = 0.3
"""Largest share of the panel's width for the names left of the image; longer names are shortened."""
LEAST_NAME = 48.0
"""Least width of a column, in pixels, for a shortened name above the image."""
LEAST_NUMBER = 14.0
"""Least width of a cell in which a number is shown, in pixels."""


def room_for_names(names: Names, room: Rect) -> tuple[float, float]:
    """Return the width of the names left of the image and the height of the names above, in pixels.

    Both are 0 if `room` is too low for the names at the left. The height is 0 if the names above do not fit.
    """
    (nodes, sources), metrics = names, QFontMetricsF(ui_font(NAME_PX))
    line = metrics.height()
    if line * (len(nodes) + 1) > room.height:
        return 0.0, 0.0
    left = min(max(map(metrics.horizontalAdvance, nodes), default=0.0), SHARE * room.width) + BESIDE
    across = (room.width - left) / max(len(sources), 1)
    fit = across >= LEAST_NAME or max(map(metrics.horizontalAdvance, sources)) + BESIDE <= across
    return left, line + BESIDE / 2 if fit else 0.0


def paint_names(painter: QPainter, sheet: MatrixImage, names: Names, room: tuple[float, float]) -> None:
    """Write the names left of the image and above the image. `room` is the result of `room_for_names`."""
    (nodes, sources), (left, above) = names, room
    painter.setFont(ui_font(NAME_PX))
    painter.setPen(QColor(colours().muted))
    font, middle = painter.font(), Qt.AlignmentFlag.AlignVCenter
    for node, name in enumerate(shorten_to_width(nodes, font, left - BESIDE) if left else ()):
        place = sheet.row(node)
        at = QRectF(place.x - left, place.y, left - BESIDE, place.height)
        painter.drawText(at, Qt.AlignmentFlag.AlignRight | middle, name)
    across = sheet.column(0).width - 2
    for source, name in enumerate(shorten_to_width(sources, font, across) if above else ()):
        place = sheet.column(source)
        at = QRectF(place.x + 1, place.y - above, across, above - BESIDE / 2)
        painter.drawText(at, Qt.AlignmentFlag.AlignHCenter | middle, name)


def paint_numbers(painter: QPainter, sheet: MatrixImage, weights: Array, image: QImage) -> None:
    """If all weights fit, write each weight into its cell of `sheet`. `image` has the cells' colours."""
    cell = sheet.cell(Cell(0, 0))
    if (sheet.rows, sheet.columns) != weights.shape or cell.width < LEAST_NUMBER:
        return
    texts = [[as_text(float(weight)) for weight in row] for row in weights]
    font = _fitting(texts, cell)
    if font is None:
        return
    painter.setFont(font)
    for node, row in enumerate(texts):
        for source, text in enumerate(row):
            painter.setPen(QColor(ink_on(image.pixel(source, node))))
            painter.drawText(qrect(sheet.cell(Cell(node, source))), Qt.AlignmentFlag.AlignCenter, text)


def _fitting(texts: list[list[str]], cell: Rect) -> QFont | None:
    """Return the first font in which every text fits into a cell, or None."""
    for size in NUMBER_PX:
        metrics = QFontMetricsF(ui_font(size))
        widest = max(metrics.horizontalAdvance(text) for row in texts for text in row)
        if widest + BESIDE <= cell.width and metrics.height() <= cell.height:
            return ui_font(size)
    return None


ROOM = 4
"""Margin around the image, in pixels, which leaves space for a mark on the image's border."""
SMALLEST_MARK = 5.0
"""Smallest width and height of the mark around a weight, in pixels."""


class Mark(NamedTuple):
    """The selected part of the matrix: row `node`, column `source`, or the weight in this row and column."""

    node: int | None = None
    source: int | None = None


class MatrixView(CellGrid[Cell]):
    """Paints weights of shape (nodes, sources) as one image, or as a picture for each node.

    `moved` is emitted when an arrow key or a page key is pressed. It carries the Mark to select next.
    """

    moved = Signal(object)

    def __init__(self) -> None:
        super().__init__(least=96, wished=220)
        self.weights: Array = np.zeros((1, 1))
        self._names: Names = (), ()
        self._as_pictures = False
        self._mark = Mark()
        self._image: QImage | None = None

    def show_weights(self, weights: Array, names: Names, as_pictures: bool) -> None:
        """Show `weights` as one image, or with `as_pictures` as one square picture for each node.

        If the number of sources is not a square number above 1, `as_pictures` has no effect.
        """
        if self.weights.shape != weights.shape:
            self.hover = None
        self.weights, self._names = weights, names
        self._as_pictures = as_pictures and square_side(weights.shape[1]) is not None
        self._image = None
        self.update()

    def show_mark(self, mark: Mark) -> None:
        """Outline the selected part of the matrix."""
        if mark != self._mark:
            self._mark = mark
            self.update()

    def places(self) -> MatrixImage | Tiles:
        """Return the positions of all weights in this widget: in one image, or in a picture for each node."""
        shape, room = self.weights.shape, self._room()
        side = square_side(shape[1])
        if self._as_pictures and side:
            return Tiles.fit(room, shape[0], side)
        left, above = room_for_names(self._names, room)
        room = Rect(room.x + left, room.y + above, room.width - left, room.height - above)
        return MatrixImage.fit(room, (shape[0], shape[1]), self.devicePixelRatioF())

    def _room(self) -> Rect:
        return Rect(ROOM, ROOM, self.width() - 2.0 * ROOM, self.height() - 2.0 * ROOM)

    def cell_at(self, x: float, y: float) -> Cell | None:  # noqa: D102
        places = self.places()
        return places.weight_at(x, y) if isinstance(places, Tiles) else places.weight_at(x, y, self.weights)

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the image, its border and the mark."""
        places = self.places()
        with QPainter(self) as painter:
            if self._image is None:
                self._image = self._render(places)
            painter.setPen(QPen(QColor(colours().line), 1.0))
            if isinstance(places, Tiles):
                self._paint_tiles(painter, places, self._image)
            else:
                painter.drawImage(qrect(places.room), self._image)
                painter.drawRect(qrect(places.room).adjusted(-0.5, -0.5, 0.5, 0.5))
                paint_names(painter, places, self._names, room_for_names(self._names, self._room()))
                paint_numbers(painter, places, self.weights, self._image)
            self._paint_mark(painter, places)
            self.paint_focus(painter)

    def _render(self, places: MatrixImage | Tiles) -> QImage:
        """Return an image with a pixel for each weight; the pictures of nodes are one below the other."""
        weights = self.weights
        if isinstance(places, Tiles):
            weights = weights.reshape(-1, places.side)
        else:
            weights = strongest(weights, places.rows, places.columns)
        data = np.ascontiguousarray(weight_colours(weights, colours()))
        rows, columns = data.shape
        return QImage(data.tobytes(), columns, rows, 4 * columns, QImage.Format.Format_RGB32)

    def _paint_tiles(self, painter: QPainter, places: Tiles, image: QImage) -> None:
        side = places.side
        # A smaller picture shows all its pixels only if they are averaged.
        is_smaller = places.size * self.devicePixelRatioF() < side
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_smaller)
        for node in range(places.nodes):
            tile = qrect(places.row(node))
            painter.drawImage(tile, image, QRectF(0, node * side, side, side))
            painter.drawRect(tile.adjusted(-0.5, -0.5, 0.5, 0.5))

    def _paint_mark(self, painter: QPainter, places: MatrixImage | Tiles) -> None:
        node, source = self._mark
        accent = QColor(colours().accent)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if node is not None:
            _outline(painter, places.row(node), accent, 1.0 if source is not None else 2.0)
        if source is not None and isinstance(places, MatrixImage):
            _outline(painter, places.column(source), accent, 1.0 if node is not None else 2.0)
        if node is not None and source is not None:
            _outline(painter, _at_least(places.cell(Cell(node, source)), SMALLEST_MARK), accent, 2.0)
        elif source is not None and isinstance(places, Tiles):
            painter.setPen(QPen(accent, 1.0))
            for each in range(places.nodes):
                painter.drawRect(qrect(places.cell(Cell(each, source))).adjusted(-0.5, -0.5, 0.5, 0.5))

    # --- events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Emit `moved`: arrow keys move the mark to the next weight, page keys move it to the next node."""
        tiles = self.places()
        down = tiles.side if isinstance(tiles, Tiles) else 0
        steps = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (0, -down) if down else (-1, 0),
            Qt.Key.Key_Down: (0, down) if down else (1, 0),
            Qt.Key.Key_PageUp: (-1, 0),
            Qt.Key.Key_PageDown: (1, 0),
        }
        if event.key() in steps:
            self.moved.emit(self._next_mark(*steps[Qt.Key(event.key())]))
        else:
            super().keyPressEvent(event)

    def _next_mark(self, nodes: int, sources: int) -> Mark:
        node, source = self._mark
        if nodes:
            node = _step(node, nodes, self.weights.shape[0])
        if sources:
            source = _step(source, sources, self.weights.shape[1])
        return Mark(node, source)

    def resizeEvent(self, event: QEvent) -> None:  # noqa: D102
        self._image = None

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._image = None
            self.update()


def _step(at: int | None, step: int, size: int) -> int:
    """Return `at + step` if it is an index below `size`, else `at`. Return 0 if `at` is None."""
    if at is None:
        return 0
    return at + step if 0 <= at + step < size else at


def _at_least(rect: Rect, size: float) -> Rect:
    x, y = rect.center
    width, height = max(rect.width, size), max(rect.height, size)
    return Rect(x - width / 2, y - height / 2, width, height)


def _outline(painter: QPainter, rect: Rect, colour: QColor, width: float) -> None:
    """Draw an outline with a rim in the colour of the canvas, visible on both blue and orange."""
    pens = QPen(QColor(colours().canvas), width + 2.0), QPen(colour, width)
    draw_outline(painter, qrect(rect).adjusted(-0.5, -0.5, 0.5, 0.5), pens)


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
        self.grid = MatrixView()
        self.body.setSpacing(4)
        below = QHBoxLayout()
        below.addWidget(self.readout, 1)
        below.addWidget(self.pictures)
        self.body.addWidget(self.caption)
        self.body.addWidget(self.grid, 1)
        self.body.addLayout(below)
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
        largest = float(np.abs(weights).max()) or 1.0
        mean = float((weights / largest).mean()) * largest  # a sum of large weights would overflow
        low, high, middle = (as_text(float(v)) for v in (weights.min(), weights.max(), mean))
        title = column_title(self.layer + 1, len(network.layers))
        self.grid.setAccessibleName(f"Weights: {title}")
        self.caption.setText(f"{title}: {nodes} × {sources} weights from {low} to {high}")
        self.caption.setToolTip(f"{hint}\n{CLICK}\nMean of the weights: {middle}")
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
        metrics = QFontMetrics(self.readout.font())
        room = self.readout.width() - metrics.horizontalAdvance(value) - 2
        self.readout.setText(metrics.elidedText(names, Qt.TextElideMode.ElideMiddle, room) + value)
        self.grid.setToolTip(names + exact)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the names in the readout to the new width of the panel."""
        super().resizeEvent(event)
        self._update_readout()
