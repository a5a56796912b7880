"""The widget that shows the picture of what is open, as the camera sees it. Knows no mouse and no keys."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QHideEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from nnviz.core.address import Address
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import MotionThrottle
from nnviz.document.selection import Selection
from nnviz.document.walk.player import Player
from nnviz.picture.layout import Layout
from nnviz.picture.picture import Picture
from nnviz.ui.diagram.camera import Camera
from nnviz.ui.diagram.edge_lines import ALWAYS_SHARP
from nnviz.ui.diagram.layers import Layers, PaintOptions, paint_card
from nnviz.ui.diagram.picture_maker import PictureMaker
from nnviz.ui.widgets.rect import qrect
from nnviz.ui.widgets.theme import colours

SHARPEN_MS = 80


class Canvas(QWidget):
    """Shows the document's network for the selected row.

    ================ ======================================
    `picture`        what is shown at present, as data
    `scale_held`     whether edges keep their widths
    `laid_out`       nodes and texts stand elsewhere now
    ================ ======================================
    """

    laid_out = Signal()

    def __init__(self, document: Document, selection: Selection, derived: Derived, player: Player) -> None:
        super().__init__()
        self.camera = Camera()
        self.by_keyboard = False
        """Whether the focus came by the keyboard, so that it is shown."""
        self._document, self._selection = document, selection
        self._maker = PictureMaker(derived, selection, player)
        self._picture: Picture | None = None
        self._layout_seen: Layout | None = None
        self._largest: float | None = None
        self._layers = Layers(player)
        self._hover: Address | None = None
        self._moving = self._focused = False
        self._calm = QTimer(self, singleShot=True, interval=SHARPEN_MS)
        self._calm.timeout.connect(self._sharpen)
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
        player.changed.connect(self.stale)
        player.frame.connect(self._walk_frame)

    def sizeHint(self) -> QSize:
        """Ask for room for a small network."""
        return QSize(900, 500)

    def minimumSizeHint(self) -> QSize:
        """Stay usable."""
        return QSize(320, 220)

    @property
    def picture(self) -> Picture:
        """What is shown at present; made anew when something has changed."""
        if self._picture is None:
            self._picture = self._maker.picture(self.camera.view, self._largest)
            if self._picture.layout is not self._layout_seen:
                self._layout_seen = self._picture.layout
                self.laid_out.emit()
        return self._picture

    def stale(self) -> None:
        """Make and paint another picture."""
        self._picture = None
        self.update()

    def state_changed(self, old: State, new: State) -> None:
        """Show another State."""
        weights = sum(layer.weights.size for layer in new.network.layers)
        if weights > ALWAYS_SHARP and old.network is not new.network:
            self._start_moving()
        if old.network.sizes != new.network.sizes:
            self._hover = None  # what was under the mouse may be gone
        if self._document.in_motion and self._picture:
            body = self._picture.layout.body
            self._picture = None  # headings and the buttons beside them stay as they are
            self.update(qrect(body).toAlignedRect())
        elif not (self._document.in_motion and self._picture is None):
            self.stale()

    @property
    def scale_held(self) -> bool:
        """Whether the edges keep their widths."""
        return self._largest is not None

    def hold_scale(self, hold: bool) -> None:
        """Hold the edges' widths still, as while a run or a drag changes the weights."""
        self._largest = self.picture.scale if hold else None
        self.stale()

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

    def _describe(self) -> None:
        """Tell those who cannot see it what is selected, and its numbers as they are now."""
        address = self._selection.address
        said = self.picture.describe(address) if address else ""
        if said != self.accessibleDescription():
            self.setAccessibleDescription(said)
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    # --- the camera

    def fit(self) -> None:
        """Show everything."""
        self.camera.fit()
        self.camera_moved()

    def zoom(self, factor: float) -> None:
        """Zoom about the middle."""
        self.camera.zoom_at(self.width() / 2, self.height() / 2, factor)
        self.camera_moved()

    def reveal(self, address: Address) -> None:
        """Bring what has this address into sight, large enough to be read, and select it."""
        self._selection.point_at(address)
        column = self.picture.layout.column(address.layer)
        if column.height < 24 and len(column.tops) > 1:
            x, y = column.rect(address.node).center
            self.camera.zoom_at(x, y, 30.0 / column.height)
            self.stale()
        place = self.picture.place(address)
        if place is not None and not self.picture.layout.body.meets(place):
            self.camera.centre_on(*place.center)
        self.camera_moved()

    def camera_moved(self) -> None:
        """Show what the camera sees now: at once, and sharp when it has come to rest."""
        if sum(weights.size for weights in self.picture.weights) > ALWAYS_SHARP:
            self._start_moving()
        self.stale()

    def _start_moving(self) -> None:
        self._moving = True
        self._calm.start()

    def _sharpen(self) -> None:
        self._moving = False
        self.update()

    # --- what Qt calls

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture, and the card that it lies on."""
        selection, dirty = self._selection, QRectF(event.rect())
        options = PaintOptions(
            selected=tuple(address for address in (selection.address, selection.second) if address),
            lit=self._hover or (selection.address if self._focused else None),
            moving=self._moving,
            palette=colours(),
            ratio=self.devicePixelRatioF(),
        )
        painter = QPainter(self)
        self._layers.paint(painter, self.picture, options, dirty)
        line = options.palette.accent if self.hasFocus() and self.by_keyboard else options.palette.line
        paint_card(painter, QRectF(self.rect()), dirty, options.palette.window, line)
        painter.end()

    def _walk_frame(self) -> None:
        self.update(self._layers.walk_dirty(self.picture).toAlignedRect())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the picture to the room."""
        self.camera.resize(self.width(), self.height())
        self.camera_moved()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave nothing to do behind."""
        self._calm.stop()
        self._moving = False
        super().hideEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Take other colours on."""
        if event.type() == QEvent.Type.PaletteChange:
            self.stale()
        super().changeEvent(event)
