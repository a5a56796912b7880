"""The diagram: the canvas with mouse and keys. Selects, edits where the numbers stand, drags, pans, zooms."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QCursor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip

from nnviz.core.address import Address
from nnviz.core.edits import EDITABLE, number_at
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.player import Player
from nnviz.picture.parts import View
from nnviz.ui.diagram.canvas import Canvas
from nnviz.ui.diagram.edit import EditSession
from nnviz.ui.kit.number_field import scrubbed

CLICK_PX = 4.0
"""A press that moves less than this is a click."""
ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
"""By how much an arrow goes to the right and down."""
NUDGES = {
    Qt.Key.Key_Plus: (1, "0.1"),
    Qt.Key.Key_Equal: (1, "0.1"),
    Qt.Key.Key_Minus: (-1, "0.1"),
    Qt.Key.Key_PageUp: (1, "1"),
    Qt.Key.Key_PageDown: (-1, "1"),
}


class Diagram(Canvas):
    """Turns what mouse and keys do into edits, selection and other views."""

    said = Signal(str)
    """A sentence for the status line."""
    menu_requested = Signal(object, object)
    """(address or None, global position) A context menu is wanted."""

    def __init__(self, document: Document, selection: Selection, derived: Derived, player: Player) -> None:
        super().__init__(document, selection, derived, player)
        self.session = EditSession(self, document, selection)
        self.session.said.connect(self.said)
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._text: Address | None = None
        """Whose text the mouse was pressed on."""
        self._scrub_from: float | None = None
        self._drag = object()
        self._moved = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def _scrubbing(self) -> bool:
        """Whether a number is being dragged."""
        return self._moved and self._scrub_from is not None

    def state_changed(self, old: State, new: State) -> None:
        """Show another State; while a number is dragged, with edges as wide as before."""
        if self._scrubbing and not self.scale_held:
            self.hold_scale(True)
        if old.network.sizes != new.network.sizes:
            self.session.close()
        super().state_changed(old, new)

    def look(self, view: View) -> None:
        """Show what is in sight in another view, with the open field over its number."""
        super().look(view)
        self.session.follow()

    # --- the mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, a scrub or a pan."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        if self.session.open:
            self.session.editor.commit()
        self._pressed = self._last = event.position()
        self._moved, self._drag = False, object()
        text = self._text = self.picture.text_at(event.position().x(), event.position().y())
        scrubs = text and text.kind in EDITABLE and event.button() == Qt.MouseButton.LeftButton
        self._scrub_from = self.session.value(text) if text and scrubs and not _adding(event) else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover, or go on with a scrub or a pan."""
        if not event.buttons():
            self._let_go()  # a box may have taken the release
        self._drag_on(event)
        at = event.position()
        address = None if event.buttons() else self.picture.at(at.x(), at.y())
        self.hover(address)
        self.setCursor(self._cursor(at, address))

    def hover(self, address: Address | None) -> None:
        """Light up a node's or an edge's neighbourhood; nothing fades while a number is edited."""
        dark = address is None or address.kind in ("heading", "subheading") or self.session.open
        super().hover(None if dark else address)

    def hover_again(self) -> None:
        """Light up what is under the mouse now: it may have moved away while a menu had it."""
        at = self.mapFromGlobal(QCursor.pos())
        inside = self.rect().contains(at) and self.childAt(at) is None
        self.hover(self.picture.at(at.x(), at.y()) if inside else None)

    def _drag_on(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        way = event.position() - self._pressed
        if not self._moved and max(abs(way.x()), abs(way.y())) < CLICK_PX:
            return
        if self._text and self._scrub_from is not None and not self._moved:
            self._select_scrubbed(self._text)
        self._moved = True
        if self._scrub_from is not None and self._text is not None:
            value = scrubbed(self._scrub_from, way.x(), event.modifiers())
            self.session.set_number(self._text, value, self._drag)
        else:
            step = event.position() - self._last
            self.look(self.view.moved(step.x(), step.y()))
        self._last = event.position()

    def _select_scrubbed(self, address: Address) -> None:
        """Select what is dragged; with one of two weights whose loss is seen both stay selected."""
        if address not in self._selection.weights:
            self.session.select(address)

    def _cursor(self, at: QPointF, address: Address | None) -> Qt.CursorShape:
        """Return the mouse's shape over `address`: what a click or a drag would do."""
        if self._moved and not self._scrubbing:
            return Qt.CursorShape.ClosedHandCursor
        text = self.picture.text_at(at.x(), at.y())
        if text and text.kind == "name":
            return Qt.CursorShape.IBeamCursor
        if text and text.kind in EDITABLE:
            return Qt.CursorShape.SizeHorCursor if self._scrubbing else Qt.CursorShape.IBeamCursor
        return Qt.CursorShape.PointingHandCursor if address else Qt.CursorShape.ArrowCursor

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a scrub or a pan; a press that did not move is a click."""
        if self._pressed is None:
            return
        clicked = not self._moved
        self._let_go()
        if clicked and event.button() == Qt.MouseButton.LeftButton:
            self._click(self._text, event)

    def _let_go(self) -> None:
        if self._scrubbing:
            self.hold_scale(False)
        self._pressed = self._scrub_from = None
        self._moved = False

    def _click(self, text: Address | None, event: QMouseEvent) -> None:
        selection = self._selection
        address = text or self.picture.at(event.position().x(), event.position().y())
        if address is None or address.kind in ("heading", "subheading"):
            selection.select(None)
        elif _adding(event) and address.kind in ("weight", "slope"):
            first = selection.address if selection.address and selection.address.kind == "weight" else None
            second = address._replace(kind="weight")
            selection.select(first or second, second if first and first != second else None)
        elif text and text.kind in (*EDITABLE, "name"):
            self.session.edit(text)
        elif address.kind in ("weight", "slope"):
            selection.point_at(address._replace(kind="weight"))
        else:
            selection.point_at(Address("node", address.layer, address.node))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Edit the number of an edge or a pixel that is not written there; on nothing, show everything."""
        address = self.picture.at(event.position().x(), event.position().y())
        if address is None:
            self.fit()
        elif address.kind == "weight":
            self.session.edit(address)
        elif address.kind == "node" and self.picture.layout.column(-1).across > 1 and address.layer < 0:
            self.session.edit(address._replace(kind="input"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the mouse."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if turned:
            at = event.position()
            self.look(self.view.zoomed(at.x(), at.y(), 1.0015**turned))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse any more."""
        self.hover(None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of what is under the mouse, or of the selection."""
        address = self._selection.address
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            address = self.picture.at(event.pos().x(), event.pos().y())
        self.menu_requested.emit(address, event.globalPos())

    def event(self, event: QEvent) -> bool:
        """Show the full number under the mouse as a tooltip."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            address = self.picture.at(event.pos().x(), event.pos().y())
            text = self.picture.describe(address) if address else ""
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    # --- the keys

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus where it came by the keyboard."""
        self.by_keyboard = event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
            Qt.FocusReason.ShortcutFocusReason,
        )
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the selection, edit, nudge."""
        key, address, state = Qt.Key(event.key()), self._selection.address, self._document.state
        if key in ARROWS:
            self._selection.point_at(moved(address, state.network, *ARROWS[key]))
        elif key in NUDGES and address and (number := number_at(state, address)):
            steps, size = NUDGES[key]
            fine = event.modifiers() & Qt.KeyboardModifier.AltModifier
            self.session.nudge(number, steps, "0.01" if fine else size)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and address:
            self.session.edit(number_at(state, address) or address._replace(kind="name"))
        elif key == Qt.Key.Key_F2 and address and address.kind != "weight":
            self.session.edit(Address("name", address.layer, address.node))
        elif key == Qt.Key.Key_Escape and address:
            self._selection.select(None)
        else:
            super().keyPressEvent(event)


def _adding(event: QMouseEvent) -> bool:
    return bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))


def moved(address: Address | None, network: Network, right: int, down: int) -> Address:
    """Return what an arrow key selects: right and left go from node to edge to node, up and down stay.

    Up and down run through the nodes of a column, or through the edges that begin where the selected one does
    and then through the others of the layer.
    """
    if address is None:
        return Address("node", -1, 0)
    if address.kind == "weight":
        return _from_edge(address, network, right, down)
    layer = address.layer
    if right > 0 and layer + 1 < len(network.layers):
        node = min(address.node, len(network.layers[layer + 1]) - 1)
        return Address("weight", layer + 1, node, address.node)
    if right < 0 and layer >= 0:
        return Address("weight", layer, address.node, min(address.node, network.sizes[layer] - 1))
    return Address("node", layer, (address.node + down) % network.sizes[address.column])


def _from_edge(address: Address, network: Network, right: int, down: int) -> Address:
    if right > 0:
        return Address("node", address.layer, address.node)
    if right < 0:
        return Address("node", address.layer - 1, address.source)
    nodes, sources = network.layers[address.layer].weights.shape
    place = (address.source * nodes + address.node + down) % (sources * nodes)
    return Address("weight", address.layer, place % nodes, place // nodes)
