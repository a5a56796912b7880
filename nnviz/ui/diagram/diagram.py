"""The diagram: one widget that paints a Picture of the document and is edited where the numbers stand."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.picture.draw import Picture
from nnviz.picture.picture import Part
from nnviz.ui.diagram import painter as paint
from nnviz.ui.diagram.camera import Camera
from nnviz.ui.diagram.card import paint_card
from nnviz.ui.diagram.drawing import Drawing
from nnviz.ui.diagram.edge_painter import ALWAYS_SHARP
from nnviz.ui.diagram.edit_session import EditSession
from nnviz.ui.diagram.gestures import Gestures
from nnviz.ui.diagram.keyboard import Keys
from nnviz.ui.diagram.look import Look
from nnviz.ui.diagram.painting import Painting
from nnviz.ui.diagram.player import Player
from nnviz.ui.selection import Selection
from nnviz.ui.theme import colours

SHARPEN_MS = 80


class Diagram(QWidget):
    """Shows the document's network for the selected row.

    ================== ======================================================================
    `picture`          what is shown at present, as data
    `said`             a sentence for the status line
    `menu_requested`   (part or None, global position) a context menu is wanted
    `looked`           the view is another one, or the layout is
    ================== ======================================================================
    """

    said = Signal(str)
    menu_requested = Signal(object, object)
    looked = Signal()

    def __init__(self, document: Document, selection: Selection, player: Player) -> None:
        super().__init__()
        self._document, self._selection, self._player = document, selection, player
        self.camera = Camera()
        self._drawing = Drawing(selection, player)
        self._drawing.laid_out.connect(self.looked)
        self._drawing.ready.connect(self._stale)
        self._picture: Picture | None = None
        self._largest: float | None = None
        self._painting = Painting(player)
        self._hover: Part | None = None
        self._moving = False
        self._by_keyboard = self._focused = False
        self._calm = QTimer(self, singleShot=True, interval=SHARPEN_MS)
        self._calm.timeout.connect(self._sharpen)
        self.session = EditSession(self, document, selection, lambda: self.picture)
        self.session.said.connect(self.said)
        self._gestures = Gestures(
            self._at, self._text_at, self.session, selection, self.camera, self._camera_moved
        )
        self._keys = Keys(document, selection, player, self.session)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)  # else all behind it is painted first
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Network diagram")
        document.state_changed.connect(self._state_changed)
        selection.row_changed.connect(self._stale)
        selection.slopes_changed.connect(self._stale)
        selection.part_changed.connect(self._selected)
        player.changed.connect(self._stale)
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
            self._picture = self._drawing.picture(self._document.state, self.camera.view, self._largest)
        return self._picture

    def hold_scale(self, hold: bool) -> None:
        """Hold the edges' widths still, as while a run or a drag changes the weights."""
        self._largest = self.picture.scale if hold else None
        self._stale()

    def fit(self) -> None:
        """Show everything."""
        self.camera.fit()
        self._camera_moved()

    def zoom(self, factor: float) -> None:
        """Zoom about the middle."""
        self.camera.zoom_at(self.width() / 2, self.height() / 2, factor)
        self._camera_moved()

    def reveal(self, part: Part) -> None:
        """Bring `part` into sight, large enough to be read, and select it."""
        self._selection.point_at(part)
        column = self.picture.layout.columns[part.column]
        if column.height < 24 and len(column.tops) > 1:
            x, y = column.rect(part.node).center
            self.camera.zoom_at(x, y, 30.0 / column.height)
            self._stale()
        place = self.picture.place(part)
        if place is not None and not self.picture.layout.body.meets(place):
            self.camera.centre_on(*place.center)
        self._camera_moved()

    def hover(self, part: Part | None) -> None:
        """Light up a node's or an edge's neighbourhood."""
        if part != self._hover:
            self._hover = part
            self.update()

    def focus_on_selection(self, wanted: bool) -> None:
        """Show the edges of the selected node or the selected edge, and fade the rest, or show all alike."""
        self._focused = wanted
        self.update()

    def _stale(self) -> None:
        self._picture = None
        self.update()

    def _state_changed(self, old: State, new: State) -> None:
        if self._largest is None and self._gestures.scrubbing:
            self._largest = self.picture.scale
        weights = sum(layer.weights.size for layer in new.network.layers)
        if weights > ALWAYS_SHARP and old.network is not new.network:
            self._start_moving()
        if old.network.sizes != new.network.sizes:
            self._hover = None  # what was under the mouse may be gone
            self.session.close()
        if self._document.in_motion and self._picture:
            body = self._picture.layout.body
            self._picture = None  # headings and the buttons beside them stay as they are
            self.update(paint.qrect(body).toAlignedRect())
        elif not (self._document.in_motion and self._picture is None):
            self._stale()

    def _start_moving(self) -> None:
        self._moving = True
        self._calm.start()

    def _sharpen(self) -> None:
        self._moving = False
        self.update()

    def _selected(self) -> None:
        part = self._selection.part
        self.setAccessibleDescription(self.picture.describe(part) if part else "")
        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
        self.update()

    def _camera_moved(self) -> None:
        if sum(weights.size for weights in self.picture.weights) > ALWAYS_SHARP:
            self._start_moving()
        self._stale()
        self.session.follow()

    def _at(self, x: float, y: float) -> Part | None:
        return self.picture.at(x, y)

    def _text_at(self, x: float, y: float) -> Part | None:
        part = self.picture.at(x, y)
        label = self.picture.label(part) if part else None
        return part if label and label.rect.contains(x, y) else None

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint the picture, and the card that it lies on."""
        selection, dirty = self._selection, QRectF(event.rect())
        look = Look(
            selected=tuple(part for part in (selection.part, selection.second) if part),
            lit=self._hover or (selection.part if self._focused else None),
            moving=self._moving,
            palette=colours(),
            ratio=self.devicePixelRatioF(),
        )
        painter = QPainter(self)
        self._painting.paint(painter, self.picture, look, dirty)
        line = look.palette.accent if self.hasFocus() and self._by_keyboard else look.palette.line
        paint_card(painter, QRectF(self.rect()), dirty, look.palette.window, line)
        painter.end()

    def _walk_frame(self) -> None:
        self.update(self._painting.walk_dirty(self.picture).toAlignedRect())

    # --- events

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the picture to the room."""
        self.camera.resize(self.width(), self.height())
        self._camera_moved()

    def hideEvent(self, event: QHideEvent) -> None:
        """Leave nothing to do behind."""
        self._calm.stop()
        self._drawing.rest()
        self._moving = False
        super().hideEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hand it to the gestures."""
        self._gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover, or go on with a drag."""
        self._gestures.move(event)
        part = None if event.buttons() else self.picture.at(event.position().x(), event.position().y())
        self.hover(part if part and part.kind not in ("heading", "subheading") else None)
        text = self._text_at(event.position().x(), event.position().y())
        shape = Qt.CursorShape.ArrowCursor
        if self._gestures.panning:
            shape = Qt.CursorShape.ClosedHandCursor
        elif text and text.kind == "name":
            shape = Qt.CursorShape.IBeamCursor
        elif text and text.kind in ("input", "weight", "bias", "target"):
            shape = Qt.CursorShape.SizeHorCursor if self._gestures.scrubbing else Qt.CursorShape.IBeamCursor
        elif part:
            shape = Qt.CursorShape.PointingHandCursor
        self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Hand it to the gestures."""
        scrubbed = self._gestures.scrubbing
        self._gestures.release(event)
        if scrubbed:
            self._largest = None
            self._stale()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Hand it to the gestures."""
        self._gestures.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom."""
        self._gestures.wheel(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus where it came by the keyboard."""
        self._by_keyboard = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        super().focusInEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse any more."""
        self.hover(None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of what is under the mouse, or of the selection."""
        part = self._selection.part
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            part = self.picture.at(event.pos().x(), event.pos().y())
        self.menu_requested.emit(part, event.globalPos())

    def event(self, event: QEvent) -> bool:
        """Show the full number under the mouse as a tooltip."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            part = self.picture.at(event.pos().x(), event.pos().y())
            QToolTip.showText(event.globalPos(), _plain(self.picture.describe(part)) if part else "", self)
            return True
        if event.type() == QEvent.Type.PaletteChange:
            self._stale()
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the selection, edit, nudge, walk."""
        if not self._keys.press(event):
            super().keyPressEvent(event)


def _plain(text: str) -> str:
    """Keep a name from a file from being read as rich text."""
    return text.replace("&", "&amp;").replace("<", "&lt;") if "<" in text else text
