"""What a frame of the diagram is painted of, from the bottom up, and what is kept of it for the next.

Edges; nodes and texts; the walk; above all of them the border of the card that they lie on.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import floor
from typing import NamedTuple

from PySide6.QtCore import QMarginsF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from nnviz.core.address import Address
from nnviz.document.walk.narrator import Narrator
from nnviz.document.walk.walk import Walking
from nnviz.picture.palette import Palette
from nnviz.picture.picture import Picture
from nnviz.ui.diagram.edge_lines import neighbours, paint_edges, paint_halo, paint_lit
from nnviz.ui.diagram.paper import paint_blocks, paint_label
from nnviz.ui.diagram.screen import Screen
from nnviz.ui.diagram.small_pictures import SmallPictures, paint_marks
from nnviz.ui.diagram.walk_layer import WalkLayer
from nnviz.ui.widgets.images import qrect

FADED = 0.2
"""Opacity of all other edges while some are lit."""
CORNER_PX = 10
"""Radius of the card's corners."""
HEADINGS = ("heading", "subheading", "marked")
PAINTED_WITH_NODES = (*HEADINGS, "name")
"""Styles of labels that stand still as long as the layout does."""


class PaintOptions(NamedTuple):
    """What is selected and lit, how finely, in which colours."""

    selected: tuple[Address, ...]
    """What has the accent around it."""
    lit: Address | None
    """Whose edges light up."""
    moving: bool
    """Whether the weights are changing, so that edges need not be sharp."""
    palette: Palette
    ratio: float
    """Device pixels for each pixel of the picture."""

    @property
    def selected_edges(self) -> tuple[Address, ...]:
        """The edges among what is selected."""
        return tuple(address for address in self.selected if address.kind == "weight")


class Layers:
    """Paints the diagram on its widget, layer by layer."""

    def __init__(self, player: Walking, narrator: Narrator) -> None:
        self._player = player
        self._edges, self._still = _CachedLayer(), _CachedLayer()
        self._small = SmallPictures()
        self.walk = WalkLayer(player, narrator)
        self._screen: Screen | None = None

    def paint(self, painter: QPainter, picture: Picture, options: PaintOptions, dirty: QRectF) -> None:
        """Paint what lies in `dirty`, but for the card."""
        painter.fillRect(dirty, QColor(options.palette.canvas))  # also pixels of which we have a part
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        screen, body = self._screen_for(options), qrect(picture.layout.body)
        if dirty.top() < body.top():
            headings = (label for label in picture.labels if label.style in HEADINGS)
            screen.paint_labels(painter, headings, ())
        painter.setClipRect(body.intersected(dirty))
        self._paint_body(painter, screen, picture, options, dirty.intersected(body))
        painter.setClipping(False)

    def _screen_for(self, options: PaintOptions) -> Screen:
        screen = self._screen
        wanted = options.palette, options.ratio
        if screen is None or screen.full or (screen.palette, screen.ratio) != wanted:
            screen = self._screen = Screen(*wanted)
        return screen

    def _paint_body(
        self, painter: QPainter, screen: Screen, picture: Picture, options: PaintOptions, dirty: QRectF
    ) -> None:
        if self._player.progress.moving:
            body = qrect(picture.layout.body)
            self._still.keep(
                picture,
                options,
                (picture, options),
                lambda painter: self._paint_still(painter, screen, picture, options, body),
            )
            self._still.paint(painter)
        else:
            self._still.forget()
            self._paint_still(painter, screen, picture, options, dirty)
        self.walk.paint(painter, picture, options.palette)

    def _paint_still(
        self, painter: QPainter, screen: Screen, picture: Picture, options: PaintOptions, dirty: QRectF
    ) -> None:
        """Paint all but what moves."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = neighbours(picture, options.lit)
        self._paint_edges(painter, picture, options, faded=bool(lit))
        if lit:  # what is selected does not fade
            for address in options.selected_edges:
                paint_halo(painter, picture, address, options.palette)
                paint_lit(painter, picture, neighbours(picture, address), options.palette)
        paint_lit(painter, picture, lit, options.palette)
        paint_blocks(painter, picture, options.palette)
        self._small.paint(painter, picture, options.palette, grids=True)
        screen.paint_nodes(painter, picture, options.selected)
        self._small.paint(painter, picture, options.palette, grids=False)
        paint_marks(painter, picture, (*options.selected, options.lit), options.palette)
        self.walk.paint_outlines(painter, picture, options.palette)
        labels = (label for label in picture.labels if label.style not in PAINTED_WITH_NODES)
        if not dirty.contains(qrect(picture.layout.body)):
            border = QMarginsF(3, 3, 3, 3)  # a label's line reaches out of its place
            labels = (label for label in labels if dirty.intersects(qrect(label.reach) + border))
        screen.paint_labels(painter, labels, options.selected)
        for label in picture.hidden_numbers(options.lit):
            paint_label(painter, label, options.palette)

    def _paint_edges(
        self, painter: QPainter, picture: Picture, options: PaintOptions, *, faded: bool
    ) -> None:
        """Paint the edges. Those that move are coarser, and not kept, since the next ones are others."""
        if options.moving and not faded:
            _paint_all_edges(painter, picture, options)
            return
        self._edges.keep(
            picture,
            options,
            _edges_key(picture, options),
            lambda painter: _paint_all_edges(painter, picture, options),
        )
        painter.setOpacity(FADED if faded else 1.0)
        self._edges.paint(painter)
        painter.setOpacity(1.0)


class _CachedLayer:
    """A pixmap of a whole picture, painted anew only where its key is another one."""

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._key: tuple[object, ...] = ()
        self._picture: Picture | None = None

    def keep(
        self,
        picture: Picture,
        options: PaintOptions,
        key: tuple[object, ...],
        paint: Callable[[QPainter], None],
    ) -> None:
        """Have `paint` paint it on the canvas, unless that was done for the same key."""
        if key == self._key:
            return
        view, ratio = picture.layout.view, options.ratio
        size = QSize(round(view.width * ratio), round(view.height * ratio))
        if self._pixmap.size() != size:
            self._pixmap = QPixmap(size)
        self._pixmap.setDevicePixelRatio(ratio)
        self._pixmap.fill(QColor(options.palette.canvas))
        self._key = ()  # until it is painted
        with QPainter(self._pixmap) as painter:
            paint(painter)
        self._key, self._picture = key, picture  # the picture is kept so that no id of a key is used again

    def paint(self, painter: QPainter) -> None:
        """Paint it, as far as the painter's clip goes: a part would be cut at other pixels each time."""
        painter.drawPixmap(0, 0, self._pixmap)

    def forget(self) -> None:
        """Give the memory back."""
        self._pixmap, self._key, self._picture = QPixmap(), (), None


def _edges_key(picture: Picture, options: PaintOptions) -> tuple[object, ...]:
    """Return what tells one painting of the edges from another.

    Weights are the same only as the same objects: comparing their arrays would cost more.
    """
    weights = tuple(map(id, picture.weights))
    selected, palette = options.selected_edges, options.palette
    return picture.layout, weights, picture.scale, selected, palette, options.ratio, options.moving


def _paint_all_edges(painter: QPainter, picture: Picture, options: PaintOptions) -> None:
    """Paint all edges, the selected ones in their halo."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for address in options.selected_edges:
        paint_halo(painter, picture, address, options.palette)
    paint_edges(painter, picture, options.palette, moving=options.moving)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)


def on_whole_pixels(painter: QPainter, room: QRect) -> QRectF:
    """Move the painter to a whole device pixel, and return the card that fills all pixels of `room` there.

    At a fractional size a widget may begin and end in the midst of pixels; Qt gives each to whoever has more
    of it, and paints pictures at such places in several ways.
    """
    ratio, place = painter.device().devicePixelRatioF(), painter.deviceTransform().mapRect(QRectF(room))
    left, top, right, bottom = (
        floor(edge + 0.5) for edge in (place.left(), place.top(), place.right(), place.bottom())
    )
    painter.translate((left - place.left()) / ratio, (top - place.top()) / ratio)
    return QRectF(0.0, 0.0, (right - left) / ratio, (bottom - top) / ratio)


def paint_card(painter: QPainter, card: QRectF, dirty: QRectF, outside: str, line: str) -> None:
    """Paint the border of `card` in the colour `line`, and `outside` around it, where `dirty` has them."""
    if card.adjusted(CORNER_PX, CORNER_PX, -CORNER_PX, -CORNER_PX).contains(dirty):
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)  # the lines fill whole pixels
    ratio = painter.device().devicePixelRatioF()
    corners = _corners(outside, line, ratio)
    size, part = QRectF(0, 0, CORNER_PX, CORNER_PX), QRectF(0, 0, CORNER_PX * ratio, CORNER_PX * ratio)
    right, bottom = card.right() - CORNER_PX, card.bottom() - CORNER_PX
    for x, from_x in ((0.0, 0.0), (right, part.width())):
        for y, from_y in ((0.0, 0.0), (bottom, part.height())):
            painter.drawPixmap(size.translated(x, y), corners, part.translated(from_x, from_y))
    colour = QColor(line)
    for y in (0.0, card.bottom() - 1):
        painter.fillRect(QRectF(CORNER_PX, y, right - CORNER_PX, 1), colour)
    for x in (0.0, card.right() - 1):
        painter.fillRect(QRectF(x, CORNER_PX, 1, bottom - CORNER_PX), colour)


@lru_cache(maxsize=8)
def _corners(outside: str, line: str, ratio: float) -> QPixmap:
    """Return a card as small as can be."""
    size = round(2 * CORNER_PX * ratio)
    pixmap = QPixmap(size, size)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    whole, border = QPainterPath(), QPainterPath()
    whole.addRect(QRectF(0, 0, 2 * CORNER_PX, 2 * CORNER_PX))
    border.addRoundedRect(QRectF(0.5, 0.5, 2 * CORNER_PX - 1, 2 * CORNER_PX - 1), CORNER_PX, CORNER_PX)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillPath(whole - border, QColor(outside))
        painter.setPen(QPen(QColor(line), 1.0))
        painter.drawPath(border)
    return pixmap
