"""The widget that paints the diagram in layers: edges, nodes, texts, walk and border."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from math import floor
from typing import NamedTuple, TypeAlias

from PySide6.QtCore import QEvent, QMarginsF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.core.address import Address
from nnviz.core.metrics import means_classes
from nnviz.core.network import Network
from nnviz.core.numbers import counted
from nnviz.core.results import Marks, Means
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.document.moment import Moment, is_new
from nnviz.picture.columns import Layout, corner, lay_out
from nnviz.picture.content import Content
from nnviz.picture.edges import neighbours
from nnviz.picture.matrix import shows_functions
from nnviz.picture.palette import Palette
from nnviz.picture.parts import MOST_GROWTH, Label, View
from nnviz.picture.picture import Picture, largest_weight, make_picture
from nnviz.picture.style import Box, label_shapes, lock_shapes, node_shapes, thumbnail_marks
from nnviz.ui.diagram.paint import ALWAYS_SHARP, paint_edges, paint_halo, paint_shapes, paint_some_edges
from nnviz.ui.diagram.walk import WalkLayer, short_name
from nnviz.ui.kit.controls import announce
from nnviz.ui.kit.desk import EVERY_FRAME_MS, TEXT_MS, Desk
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import colours, size_factor


class PictureMaker:
    """Makes pictures of Moments. Keeps the last picture, and the layout while only numbers change."""

    def __init__(self) -> None:
        self._kept_layout: Layout | None = None
        self._layout_key: tuple[object, ...] = ()
        self._picture: Picture | None = None
        self._picture_key: tuple[object, ...] = ()

    def picture(self, moment: Moment, view: View, largest: float | None = None) -> Picture:
        """Return the picture of a Moment for a view: the last one if nothing in the picture has changed.

        A weight with the absolute value `largest` gets the widest edge.
        """
        with_slopes = moment.slopes_shown or moment.walk.shows_slopes
        slopes, slopes_of = _slopes(moment) if with_slopes else (None, "")
        has_pictures = view.pictures and shows_functions(moment.state.network)
        row, is_what_if = (moment.state, moment.row, moment.trace), moment.what_if_row is not None
        marks = Marks() if moment.hiding.on else moment.marks
        functions = moment.node_functions if has_pictures and not moment.hiding.on else None
        compared = moment.compared, moment.differences
        content = Content(*row, slopes, slopes_of, *marks, is_what_if, moment.hiding, *compared, functions)
        layout, walk = self._layout(moment.state, view, with_slopes), moment.walk
        interest = (*_interest(moment),) if layout.shows_strongest else ()
        key, last = (layout, walk if walk.active else None, largest, interest), self._picture
        if last is None or key != self._picture_key or not content.is_same(last.content):
            shows = walk.shows if walk.active else None
            # during a run or a drag, the strongest weights stay the same ones
            ranking = last.ranking if last and largest is not None and layout is last.layout else None
            picture = make_picture(content, layout, shows=shows, largest=largest, ranking=ranking)
            for addresses in interest:
                picture = picture.with_numbers(*addresses)
            self._picture, self._picture_key = picture, key
            return picture
        return last

    def _layout(self, state: State, view: View, with_slopes: bool) -> Layout:
        classes = means_classes(state)
        key = _structure(state.network), view, with_slopes, classes
        if self._kept_layout is None or key != self._layout_key:
            self._kept_layout = lay_out(state.network, view, slopes=with_slopes, classes=classes)
            self._layout_key = key
        return self._kept_layout


def _structure(network: Network) -> tuple[object, ...]:
    """Return all of a network that the layout of its picture depends on."""
    return network.inputs, *((each.nodes, each.activation, each.biases is None) for each in network.layers)


def _interest(moment: Moment) -> Iterator[tuple[Address, ...]]:
    """Yield the addresses that show their weights: the edges of which the walk speaks, and the selection."""
    words = moment.walk_text(short_name)
    numbers = (each for each in (*words.subject, *words.used_numbers) if each.kind in ("weight", "slope"))
    if edges := sorted({number._replace(kind="weight") for number in numbers}):
        yield (*edges,)
    if selected := tuple(filter(None, (moment.address, moment.second))):
        yield selected


def _slopes(moment: Moment) -> tuple[MeanSlopes | None, str]:
    """Return the slopes of the row, all rows or the next update's rows, and a text that says whose."""
    if not moment.state.trainable:
        return None, "to see slopes, type a target"
    if moment.walk.mean_over_rows:
        return _mean(moment.state, moment.means_of_update)
    if moment.mean_over_rows:
        return _mean(moment.state, moment.means)
    if moment.what_if_row is not None:
        return None, "no slopes: a what-if row has no target"
    return moment.slopes, f"slopes of row {moment.row + 1}"


def _mean(state: State, means: Means | None) -> tuple[MeanSlopes | None, str]:
    if means is None:
        return None, f"slopes: averaging {counted(state.trained_rows, 'row')} …"
    rows = "the training rows" if state.validated else "all rows"
    rows = rows if means.rows is None else f"a batch of {means.count:,} rows"
    return means.slopes, f"slopes: mean of {rows}"


def _paint_selected_heading(painter: QPainter, now: Moment, picture: Picture, palette: Palette) -> None:
    """Outline the heading of a selected layer."""
    at = now.address
    if at and at.kind == "layer" and (heading := picture.label(at._replace(kind="heading"))):
        rect = heading.rect.middle(heading.rect.width + 2 * CORNER_PX, heading.rect.height + 4)
        paint_shapes(painter, [Box(rect, "", palette.accent, 2.0, rect.height / 3)])


FADED = 0.2
"""Opacity of the edges that are not highlighted, while other edges are highlighted."""
CORNER_PX = 10
"""Radius of the corners of the diagram's border."""


class PaintOptions(NamedTuple):
    """The selection, the highlight and the colours of a painting."""

    selected: tuple[Address, ...]
    """The nodes and edges to outline in the accent colour, and layers, which only their heading shows."""
    highlighted: Address | None
    """The edge to highlight, or the node whose edges to highlight."""
    moving: bool
    """Whether the weights are changing, so that edges need not be sharp."""
    palette: Palette

    @property
    def selected_edges(self) -> tuple[Address, ...]:
        """The selected edges."""
        return tuple(address for address in self.selected if address.kind == "weight")


class DiagramPainter:
    """Paints the diagram on its widget: edges, nodes with their texts, selection and walk."""

    def __init__(self) -> None:
        self._edges, self._parts = _CachedLayer(), _CachedLayer()
        self.walk = WalkLayer()

    def paint(
        self, painter: QPainter, moment: Moment, picture: Picture, edges: Picture, options: PaintOptions
    ) -> None:
        """Paint the diagram without its background and without the border of the widget.

        `picture` is the picture of `moment`, in a run with older numbers; `edges` is the same with the
        weights of `moment`.
        """
        palette = options.palette
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setClipRect(qrect(picture.layout.body))
        self._paint_edges(painter, edges, options)
        painter.setClipping(False)
        fades = picture.layout.shows_strongest and options.highlighted is not None
        labels = tuple(label for label in picture.body_labels if not (fades and label.is_on_edge))

        def paint_parts(painter: QPainter) -> None:  # everything that changes only with the picture
            paint_shapes(painter, label_shapes(picture.headings, palette))
            painter.setClipRect(qrect(picture.layout.body))
            paint_shapes(painter, node_shapes(picture, palette))
            self.walk.paint_outlines(painter, moment, picture, palette)
            paint_shapes(painter, label_shapes(labels, palette))
            painter.setClipping(False)
            paint_shapes(painter, lock_shapes(picture, palette))

        self._parts.draw(painter, picture, (picture, palette, fades), paint_parts)
        _paint_selected_heading(painter, moment, picture, palette)
        painter.setClipRect(qrect(picture.layout.body))
        if fades:
            paint_shapes(painter, label_shapes(_highlighted_numbers(picture, options), palette))
        _paint_selection(painter, picture, options)
        paint_shapes(painter, label_shapes(picture.hidden_numbers(options.highlighted), palette))
        self.walk.paint(painter, moment, picture, palette)
        painter.setClipping(False)

    def _paint_edges(self, painter: QPainter, picture: Picture, options: PaintOptions) -> None:
        """Paint the edges; highlighted edges fade the others, except the selected ones.

        While weights change, edges are coarser, and not cached.
        """
        highlighted, palette = neighbours(picture.weights, options.highlighted), options.palette

        def paint(painter: QPainter) -> None:
            for address in options.selected_edges:
                paint_halo(painter, picture, address, palette)
            paint_edges(painter, picture, palette, moving=options.moving)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)

        if options.moving and not highlighted:
            paint(painter)
            return
        painter.setOpacity(FADED if highlighted else 1.0)
        weights = tuple(map(id, picture.weights))  # comparing arrays is slower
        key = picture.layout, weights, picture.scale, options.selected_edges, palette, options.moving
        self._edges.draw(painter, picture, key, paint, palette.canvas)
        painter.setOpacity(1.0)
        for address in options.selected_edges if highlighted else ():
            paint_halo(painter, picture, address, palette)
            paint_some_edges(painter, picture, neighbours(picture.weights, address), palette)
        paint_some_edges(painter, picture, highlighted, palette)


def _highlighted_numbers(picture: Picture, options: PaintOptions) -> Iterator[Label]:
    """Yield the numbers of the picture that stand on highlighted or selected edges."""
    edges = {
        (layer, *ends)
        for address in (options.highlighted, *options.selected_edges)
        for layer, nodes, sources in neighbours(picture.weights, address)
        for ends in zip(nodes.tolist(), sources.tolist(), strict=True)
    }
    return (label for label in picture.body_labels if label.is_on_edge and label.address[1:] in edges)


def _paint_selection(painter: QPainter, picture: Picture, options: PaintOptions) -> None:
    """Outline the selected nodes, pixels and numbers in the accent colour."""
    for address in (*options.selected, options.highlighted):
        paint_shapes(painter, thumbnail_marks(picture, address, options.palette))
    for address in options.selected:
        column, label = picture.layout.column(address.layer), picture.label(address)
        if address.kind == "node" and column.are_distinct:
            rect = column.rect(address.node)
            paint_shapes(painter, [Box(rect, "", options.palette.accent, 2.4, corner(rect))])
        elif label:
            paint_shapes(painter, label_shapes([label], options.palette, chosen=True))


Paint: TypeAlias = Callable[[QPainter], None]
"""Function that paints something with a painter."""


class _CachedLayer:
    """A pixmap as large as a whole picture, painted again only when its key changes.

    The whole pixmap must be drawn, because a part of the pixmap would be cut at varying pixels.
    """

    def __init__(self) -> None:
        self._pixmap = QPixmap()
        self._key: Hashable = None
        self._picture: Picture | None = None

    def draw(
        self, painter: QPainter, picture: Picture, key: Hashable, paint: Paint, ground: str = "transparent"
    ) -> None:
        """Draw the pixmap. Call `paint` on an empty one, unless it was painted with the same `key`."""
        view, ratio = picture.layout.view, painter.device().devicePixelRatioF()
        if self._key != (key, ratio):
            size = QSize(round(view.width * ratio), round(view.height * ratio))
            if self._pixmap.size() != size:
                self._pixmap = QPixmap(size)
            self._pixmap.setDevicePixelRatio(ratio)
            self._pixmap.fill(ground)
            self._key = None  # invalid until painted
            with QPainter(self._pixmap) as layer:
                layer.setRenderHint(QPainter.RenderHint.Antialiasing)
                paint(layer)
            self._key, self._picture = (key, ratio), picture  # keep the picture: its ids stay unique
        painter.drawPixmap(0, 0, self._pixmap)


def on_whole_pixels(painter: QPainter, room: QRect) -> QRectF:
    """Move the painter's origin to a whole device pixel. Return the rectangle `room` in whole pixels.

    At a fractional scale, a widget may begin and end inside a pixel. Qt assigns such a pixel to the widget
    with the larger part, and rounds pixmaps inconsistently there.
    """
    ratio, place = painter.device().devicePixelRatioF(), painter.deviceTransform().mapRect(QRectF(room))
    edges = place.left(), place.top(), place.right(), place.bottom()
    left, top, right, bottom = (floor(edge + 0.5) for edge in edges)
    painter.translate((left - place.left()) / ratio, (top - place.top()) / ratio)
    return QRectF(0.0, 0.0, (right - left) / ratio, (bottom - top) / ratio)


def paint_card(painter: QPainter, card: QRectF, dirty: QRectF, outside: str, line: str) -> None:
    """Paint a rounded border of colour `line` along `card`, and the corners beyond it in colour `outside`."""
    if card.adjusted(CORNER_PX, CORNER_PX, -CORNER_PX, -CORNER_PX).contains(dirty):
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    corners, border = QPainterPath(), card.adjusted(0.5, 0.5, -0.5, -0.5)
    corners.addRect(card)
    corners.addRoundedRect(border, CORNER_PX, CORNER_PX)
    painter.fillPath(corners, QColor(outside))  # odd-even: outside the border
    painter.setPen(QPen(QColor(line), 1.0))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(border, CORNER_PX, CORNER_PX)


SEEN_AT_ONCE = "is_moving", "row", "what_if_row", "slopes_shown", "mean_over_rows", "walk", "hiding", "other"
"""Parts of a Moment that change numbers and texts of the picture at once, also in a run."""


class DiagramNumbers:
    """The numbers and texts on a canvas, which nobody reads 60 times a second, also for screen readers."""

    moving_ms = TEXT_MS

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Show the numbers of a Moment, and describe the selected node or edge."""
        self._canvas.show_numbers(new)
        text = self._canvas.picture.describe(new.address) if new.address else ""
        if text != self._canvas.accessibleDescription():
            self._canvas.setAccessibleDescription(text)


SHARPEN_MS = 80
"""Time without changes after which edges are painted sharply again, in milliseconds."""


class Canvas(QWidget):
    """Widget that shows the network for the selected row, with optional slopes and the animated walk."""

    layout_changed = Signal()
    """Emitted when nodes or texts have moved, or a heading or the theme has changed."""

    moving_ms = EVERY_FRAME_MS

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.view = View(100.0, 100.0)
        """The size of the widget, and the visible part of the picture."""
        self._most_growth, self._free_px = MOST_GROWTH, 0
        self.presenting = False
        """Whether the diagram is in presentation mode, without the controls under its headings."""
        self.by_keyboard = False
        """Whether the focus came from the keyboard, so that the border shows the focus."""
        self._desk, self._document = desk, desk.document
        self._maker = PictureMaker()
        self._picture: Picture | None = None
        self._picture_of: Moment | None = None
        """The Moment of the picture, or None if the picture must be made again."""
        self.moment = self._numbers_of = desk.document.now
        """`moment` is the Moment that the canvas shows. In a run, its numbers are of an earlier Moment."""
        self._kept_scale: float | None = None
        self._holds_scale = False
        self._walk_line = ""
        self._layers = DiagramPainter()
        self.callout = self._layers.walk.callout
        """The box that describes the current step of the animated walk (one iteration, step by step)."""
        self._hover: Address | None = None
        self._focus_selection = False
        self._moving = QTimer(self, singleShot=True, interval=SHARPEN_MS)
        """Runs while edges are painted coarsely, because more changes may follow."""
        self._moving.timeout.connect(self.update)
        self.numbers = DiagramNumbers(self)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # else Qt paints the background first
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Network diagram")
        desk.player.frame.connect(self._walk_frame)

    def sizeHint(self) -> QSize:
        """Return a size that suits a small network."""
        return QSize(900, 500)

    def minimumSizeHint(self) -> QSize:
        """Return the smallest usable size."""
        return QSize(320, 160)

    @property
    def picture(self) -> Picture:
        """The picture of the canvas. In a run, its numbers change less often than the edges."""
        now = self._numbers_of
        if self._picture is None or self._picture_of is not now:
            before, picture = self._picture, self._maker.picture(now, self.view, self._kept_scale)
            self._picture_of, self._picture = now, picture
            if not before or before.layout is not picture.layout or before.headings != picture.headings:
                self.layout_changed.emit()
                if now.is_moving:  # the headings are above the body
                    self.update()
        return self._picture

    @property
    def _edges(self) -> Picture:
        """The picture with the weights of the Moment that the canvas shows."""
        picture, layers = self.picture, self.moment.state.network.layers
        if self.moment is self._numbers_of:
            return picture
        weights = tuple(layer.weights for layer in layers)
        return replace(picture, weights=weights, scale=self._kept_scale or picture.scale)

    @property
    def _is_large(self) -> bool:
        """Whether the network has too many edges to paint them sharply at once."""
        return sum(layer.weights.size for layer in self.moment.state.network.layers) > ALWAYS_SHARP

    def show_numbers(self, moment: Moment) -> None:
        """Show the numbers of a Moment."""
        if moment is not self._numbers_of:
            self._numbers_of = moment
            self.update(qrect(self.picture.layout.body).toAlignedRect())

    def show_again(self) -> None:
        """Make and paint the picture again, for example in another view."""
        self._picture_of = None
        self.update()

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Paint a Moment, and announce the text of a new step of the walk to screen readers."""
        self.moment, self._kept_scale = new, self._scale(new)
        has_changed = not old or _structure(old.state.network) != _structure(new.state.network)
        if has_changed or not new.is_moving or is_new(old, new, *SEEN_AT_ONCE):
            self._numbers_of = new
        if is_new(old, new, "state.network"):
            if self._is_large:
                self._moving.start()
            if old and old.state.network.sizes != new.state.network.sizes:
                self._hover = None  # the node or edge under the mouse may be gone
        if self._picture and old and not is_new(old, new, "is_moving") and new.is_moving:
            self.update(qrect(self._picture.layout.body).toAlignedRect())  # headings have not changed
        else:
            self.update()
        if new.walk_line != self._walk_line:
            self._walk_line = new.walk_line
            announce(self, self._walk_line)

    def hold_scale(self, on: bool) -> None:
        """Keep the scale of the edges' widths, for example while a number is dragged, or stop keeping it."""
        self._holds_scale = on
        self._kept_scale = self._scale(self.moment)
        self.show_again()

    def _scale(self, now: Moment) -> float | None:
        """Return the scale of the edges' widths if it is kept, else None.

        During a run, the scale grows with the largest weight and never shrinks, so that wide edges stay
        distinguishable.
        """
        if not (now.is_moving or self._holds_scale):
            return None
        scale = self._kept_scale or (self._picture.scale if self._picture else 0.0)
        return max(scale, largest_weight(now.differences or now.state.network)) if now.is_moving else scale

    def hover(self, address: Address | None) -> None:
        """Highlight an edge, or a node with all its edges. None ends the highlight."""
        if address != self._hover:
            self._hover = address
            self.update()

    def hidden_number_at(self, x: float, y: float) -> Address | None:
        """Return the address of the number at a point that is visible only while its edge is highlighted."""
        labels = self.picture.hidden_numbers(self._hover)
        return next((label.address for label in labels if label.rect.contains(x, y)), None)

    def focus_on_selection(self, on: bool) -> None:
        """If `on`, highlight the selected edge or the edges of the selected node, else stop highlighting."""
        self._focus_selection = on
        self.update()

    # --- the view

    def show_view(self, view: View) -> None:
        """Show another view of the picture. If there are many edges, paint them coarsely at first."""
        self.view = view
        if self._is_large:
            self._moving.start()
        self.show_again()
        if self.updatesEnabled():  # otherwise the window is still being filled, and its size will change
            _ = self.picture  # places the headings before Qt paints

    def show_all_weights(self, shown: bool) -> None:
        """Show all weights that have room, or in a network with many edges the strongest ones."""
        self.show_view(self.view._replace(all_weights=shown))

    def show_pictures(self, shown: bool) -> None:
        """Show or hide thumbnails in the nodes that can have one."""
        self.show_view(self.view._replace(pictures=shown))

    def limit_growth(self, most: float) -> None:
        """Set the largest scale of the diagram in a large window: `most` times the chosen interface scale.

        An automatic interface scale follows the window, as the diagram does anyway, and has no effect here.
        """
        self._most_growth, chosen = most, size_factor() if self._desk.settings.size else 1.0
        larger = 1.0 if self.presenting else chosen
        self.show_view(self.view._replace(larger=larger, most_growth=most * chosen))

    def set_presenting(self, presenting: bool, most: float) -> None:
        """Enter or leave presentation mode, and call `limit_growth` with the factor `most`."""
        self.presenting = presenting
        self.limit_growth(most)
        self.layout_changed.emit()

    def fit(self) -> None:
        """Show the whole picture."""
        self.show_view(self.view._replace(zoom=1.0, dx=0.0, dy=0.0))

    def leave_free(self, height: int) -> None:
        """Leave the lowest `height` pixels of the widget free for another widget."""
        if height != self._free_px:
            self._free_px = height
            self._fill()

    def _fill(self) -> None:
        """Fit the picture to the widget."""
        self.show_view(self.view.resized(self.width(), max(self.height() - self._free_px, 1)))

    def zoom(self, factor: float) -> None:
        """Zoom around the middle of the widget."""
        self.show_view(self.view.zoomed(self.view.width / 2, self.view.height / 2, factor))

    def reveal(self, address: Address) -> None:
        """Select a node or an edge, and make it visible and readable."""
        self._desk.explain(address)
        column = self.picture.layout.column(address.layer)
        rect = column.rect(address.node)
        if rect.height < 24 and len(column.tops) > 1:
            self.show_view(self.view.zoomed(*rect.center, 30.0 / rect.height))
        if (place := self.picture.place(address)) and not self.picture.layout.body.meets(place):
            x, y = place.center
            self.show_view(self.view.moved(self.view.width / 2 - x, self.view.height / 2 - y))

    # --- Qt events

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture and the border of the widget."""
        now, margins = self.moment, QMarginsF(2, 2, 2, 2)  # includes pixels partly of other widgets
        dirty = QRectF(event.rect()) + margins
        highlighted = self._hover or (now.address if self._focus_selection else None)
        selected = tuple(filter(None, (now.address, now.second)))
        options = PaintOptions(selected, highlighted, self._moving.isActive(), colours())
        with QPainter(self) as painter:
            card = on_whole_pixels(painter, self.rect())
            painter.fillRect(dirty, QColor(options.palette.canvas))
            self._layers.paint(painter, now, self.picture, self._edges, options)
            line = options.palette.accent if self.hasFocus() and self.by_keyboard else options.palette.line
            paint_card(painter, card, dirty, options.palette.window, line)

    def _walk_frame(self, t: float) -> None:
        self._layers.walk.t = t
        self.update(self._layers.walk.dirty(self.moment, self.picture).toAlignedRect())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the picture to the widget."""
        self._fill()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop the timer that sharpens the edges."""
        self._moving.stop()
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow a change of theme or interface scale."""
        if event.type() == QEvent.Type.StyleChange:  # also resets the fonts of the widgets on the diagram
            self.show_again()
            self.layout_changed.emit()
        elif event.type() == QEvent.Type.FontChange:
            self.limit_growth(self._most_growth)
        super().changeEvent(event)
