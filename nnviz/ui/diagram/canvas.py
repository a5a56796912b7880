"""The widget that shows the picture of what is open: makes it, and keeps it as long as it holds.

Knows nothing of mouse and keys.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMarginsF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QHideEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.core.address import Address
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
from nnviz.document.selection import Selection
from nnviz.document.walk.narrator import Narrator
from nnviz.document.walk.player import Player
from nnviz.picture.parts import MOST_GROWTH, Label, View
from nnviz.picture.picture import Picture, largest_weight
from nnviz.ui.diagram.callout import Callout
from nnviz.ui.diagram.edge_lines import ALWAYS_SHARP
from nnviz.ui.diagram.layers import Layers, PaintOptions, on_whole_pixels, paint_card
from nnviz.ui.diagram.showing import Showing
from nnviz.ui.widgets.announce import announce
from nnviz.ui.widgets.images import qrect
from nnviz.ui.widgets.theme import colours, factor

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
        self._layers = Layers(player, self.narrator)
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
