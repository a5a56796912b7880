"""The diagram's widget: paints edges, nodes, texts, walk and border in layers."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import floor
from typing import NamedTuple

from PySide6.QtCore import QEvent, QMarginsF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QColor,
    QHideEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.numbers import counted
from nnviz.core.results import Means
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
from nnviz.document.player import Narrator, Player
from nnviz.document.walk import Progress, Walking
from nnviz.picture.columns import Layout, lay_out
from nnviz.picture.content import Content
from nnviz.picture.matrix import of_functions
from nnviz.picture.palette import Palette
from nnviz.picture.parts import MOST_GROWTH, Label, View
from nnviz.picture.picture import Picture, largest_weight, make_picture
from nnviz.ui.diagram.paint import (
    ALWAYS_SHARP,
    SmallPictures,
    neighbours,
    paint_blocks,
    paint_edges,
    paint_halo,
    paint_label,
    paint_lit,
    paint_marks,
)
from nnviz.ui.diagram.sprites import Screen
from nnviz.ui.diagram.walk import Callout, WalkLayer
from nnviz.ui.kit.controls import announce
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import colours, factor


class Showing:
    """Makes pictures, with the slopes that are wanted; `layout` is kept as long as it holds."""

    def __init__(self, derived: Derived, selection: Selection, progress: Progress) -> None:
        self._derived, self._selection, self._progress = derived, selection, progress
        self.layout: Layout | None = None
        self._layout_of: tuple[object, ...] = ()

    def picture(self, view: View, largest: float | None = None) -> Picture:
        """Return what is shown in a view; `largest` holds the weight that is drawn widest, as in a run."""
        derived, progress = self._derived, self._progress
        with_slopes = self._selection.slopes_shown or progress.shows_slopes
        slopes, slopes_of = self._slopes() if with_slopes else (None, "")
        wanted = view.pictures and of_functions(derived.state.network)
        marks = derived.marks(moving=largest is not None)
        content = Content(
            derived.looked_at,
            derived.row,
            derived.trace,
            slopes,
            slopes_of,
            *marks,
            free=self._selection.free is not None,
            functions=derived.node_functions if wanted else None,
        )
        layout = self._laid_out(derived.state.network, view, with_slopes)
        return make_picture(
            content, layout, shows=progress.shows if progress.active else None, largest=largest
        )

    def _laid_out(self, network: Network, view: View, with_slopes: bool) -> Layout:
        layers = tuple((layer.nodes, layer.activation, layer.biases is None) for layer in network.layers)
        key = (network.inputs, layers, view, with_slopes)
        if self.layout is None or key != self._layout_of:
            self.layout, self._layout_of = lay_out(network, view, slopes=with_slopes), key
        return self.layout

    def _slopes(self) -> tuple[MeanSlopes | None, str]:
        """Return the slopes of the row, of all rows or of the next update's rows, and which these are."""
        derived = self._derived
        if not derived.state.trainable:
            return None, "no slopes: type a target"
        if self._progress.mean_over_rows:
            return self._mean(derived.means_of_update)
        if self._selection.mean_over_rows:
            return self._mean(derived.means)
        if self._selection.free is not None:
            return None, "no slopes: a free row has no target"
        return derived.slopes, f"slopes of row {derived.row + 1}"

    def _mean(self, means: Means | None) -> tuple[MeanSlopes | None, str]:
        state = self._derived.state
        if means is None:
            return None, f"slopes: averaging {counted(state.trained_rows, 'row')} …"
        rows = "the rows trained on" if state.validated else "all rows"
        of = rows if means.rows is None else f"a batch of {means.count:,}"
        return means.slopes, f"slopes: mean of {of}"


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


class DiagramPainter:
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


SHARPEN_MS = 80


class Canvas(QWidget):
    """Shows the document's network for the selected row, with the walk's progress and the slopes wanted."""

    laid_out = Signal()
    """Nodes and texts stand elsewhere now, or a heading says something else."""

    def __init__(self, document: Document, selection: Selection, derived: Derived, player: Player) -> None:
        super().__init__()
        self.view = View(100.0, 100.0, larger=factor(), most_growth=MOST_GROWTH * factor())
        """The room, and what part of the picture is in sight."""
        self._most_growth = MOST_GROWTH
        self.alone = False
        """Whether it is shown to others, without the controls under its headings."""
        self.by_keyboard = False
        """Whether the focus came by the keyboard, so that it is shown."""
        self._document, self._selection = document, selection
        self._derived, self._player = derived, player
        self._picture: Picture | None = None
        self._showing = Showing(derived, selection, player.progress)
        self._headings: tuple[Label, ...] = ()
        self._largest: float | None = None
        self.narrator = Narrator(player, derived, self)
        """Says what the walk does, for the callout and for a screen reader."""
        self.narrator.said.connect(self._say)
        self._layers = DiagramPainter(player, self.narrator)
        self._hover: Address | None = None
        self._focused = False
        self._moving = QTimer(self, singleShot=True, interval=SHARPEN_MS)
        """Runs while edges are painted coarser, since others will follow."""
        self._moving.timeout.connect(self.update)
        self._told = MotionThrottle(self, self._describe, document, phase=1 / 3)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # else all behind it is painted first
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Network diagram")
        document.state_changed.connect(self.state_changed)
        selection.row_changed.connect(self.stale)
        selection.slopes_changed.connect(self.stale)
        for changed in (document.state_changed, selection.row_changed, selection.slopes_changed):
            changed.connect(self._told.changed)
        selection.address_changed.connect(self._selected)
        derived.computed.connect(self.stale)
        player.changed.connect(self.narrator.tell)
        player.changed.connect(self.stale)
        player.frame.connect(self._walk_frame)
        document.motion_changed.connect(self._motion_changed)

    @property
    def callout(self) -> Callout:
        """What stands beside the step in progress or done last."""
        return self._layers.walk.callout

    def sizeHint(self) -> QSize:
        """Ask for room for a small network."""
        return QSize(900, 500)

    def minimumSizeHint(self) -> QSize:
        """Stay usable."""
        return QSize(320, 160)

    @property
    def picture(self) -> Picture:
        """What is shown at present; made anew when something has changed, as soon as the State has."""
        known = self._picture
        if known is None or not known.content.holds(*self._selection.looked_at):
            before = self._showing.layout, self._headings
            self._let_scale_grow()
            known = self._picture = self._showing.picture(self.view, self._largest)
            self._headings = known.headings
            if before != (known.layout, self._headings):
                self.laid_out.emit()
                if self._document.in_motion:  # what becomes of the slopes stands over the body
                    self.update()
        return known

    def stale(self) -> None:
        """Make and paint another picture."""
        self._picture = None
        self.update()

    def state_changed(self, old: State, new: State) -> None:
        """Show another State."""
        weights = sum(layer.weights.size for layer in new.network.layers)
        if weights > ALWAYS_SHARP and old.network is not new.network:
            self._moving.start()
        if old.network.sizes != new.network.sizes:
            self._hover = None  # what was under the mouse may be gone
        if not self._document.in_motion:
            self.stale()
        elif self._picture:  # headings and the buttons beside them stay as they are
            self.update(qrect(self._picture.layout.body).toAlignedRect())

    def _motion_changed(self) -> None:
        if self.view.pictures:
            self.stale()  # they may be finer at rest

    @property
    def scale_held(self) -> bool:
        """Whether the edges keep their widths."""
        return self._largest is not None

    def hold_scale(self, hold: bool) -> None:
        """Hold the edges' widths still while a drag changes the weights; in a run they are of one scale.

        That grows with the largest weight, and never shrinks.
        """
        self._largest = self.picture.scale if hold else None
        self.stale()

    def _let_scale_grow(self) -> None:
        """Draw the largest weight widest in a run, too: edges that were as wide could not be told apart."""
        if self._largest is not None and self._document.in_motion:
            self._largest = max(self._largest, largest_weight(self._document.state.network))

    def hover(self, address: Address | None) -> None:
        """Light up a node's or an edge's neighbourhood."""
        if address != self._hover:
            self._hover = address
            self.update()

    def focus_on_selection(self, wanted: bool) -> None:
        """Show the edges of the selected node or the selected edge, and fade the rest, or show all alike."""
        self._focused = wanted
        self.update()

    def _selected(self) -> None:
        self._describe()
        self.update()

    def _say(self, text: str) -> None:
        """Tell those who cannot see it what the walk does."""
        announce(self, text)

    def _describe(self) -> None:
        """Tell those who cannot see it what is selected, and its numbers as they are now."""
        address = self._selection.address
        said = self.picture.describe(address) if address else ""
        if said != self.accessibleDescription():
            self.setAccessibleDescription(said)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    # --- what is in sight

    def look(self, view: View) -> None:
        """Show what is in sight in another view: at once, and sharp when it has come to rest."""
        self.view = view
        if sum(weights.size for weights in self.picture.weights) > ALWAYS_SHARP:
            self._moving.start()
        self.stale()

    def show_pictures(self, shown: bool) -> None:
        """Show small pictures in the nodes that can have some, or none."""
        self.look(self.view._replace(pictures=shown))

    def grow(self, most: float) -> None:
        """Be `most` times as large as in a small room at most; the size in use asks for more, but alone."""
        self._most_growth, larger = most, 1.0 if self.alone else factor()
        self.look(self.view._replace(larger=larger, most_growth=most * factor()))

    def stand_alone(self, alone: bool, most: float) -> None:
        """Be alone or not, and `most` times as large as in a small room at most."""
        self.alone = alone
        self.grow(most)
        self.laid_out.emit()

    def fit(self) -> None:
        """Show everything."""
        self.look(self.view.fitted)

    def zoom(self, factor: float) -> None:
        """Zoom about the middle."""
        self.look(self.view.zoomed(self.width() / 2, self.height() / 2, factor))

    def reveal(self, address: Address) -> None:
        """Bring what has this address into sight, large enough to be read, and select it."""
        self._selection.point_at(address)
        column = self.picture.layout.column(address.layer)
        rect = column.rect(address.node)
        if rect.height < 24 and len(column.tops) > 1:
            self.look(self.view.zoomed(*rect.center, 30.0 / rect.height))
        place = self.picture.place(address)
        if place is not None and not self.picture.layout.body.meets(place):
            x, y = place.center
            self.look(self.view.moved(self.view.width / 2 - x, self.view.height / 2 - y))

    # --- what Qt calls

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture, and the card that it lies on."""
        selection, whole = self._selection, QMarginsF(2, 2, 2, 2)  # also the pixels that it cuts
        dirty = QRectF(event.rect()) + whole
        options = PaintOptions(
            selected=tuple(address for address in (selection.address, selection.second) if address),
            lit=self._hover or (selection.address if self._focused else None),
            moving=self._moving.isActive(),
            palette=colours(),
            ratio=self.devicePixelRatioF(),
        )
        with QPainter(self) as painter:
            card = on_whole_pixels(painter, self.rect())
            self._layers.paint(painter, self.picture, options, dirty)
            line = options.palette.accent if self.hasFocus() and self.by_keyboard else options.palette.line
            paint_card(painter, card, dirty, options.palette.window, line)

    def _walk_frame(self) -> None:
        self.update(self._layers.walk.dirty(self.picture).toAlignedRect())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the picture to the room."""
        self.look(self.view.resized(self.width(), self.height()))

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave nothing to do behind."""
        self._moving.stop()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Take other colours on, or another size."""
        if event.type() == QEvent.Type.PaletteChange:
            self.stale()
        elif event.type() == QEvent.Type.FontChange:
            self.grow(self._most_growth)
        super().changeEvent(event)
