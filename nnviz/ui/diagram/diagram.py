"""The interactive diagram: mouse and keys select, edit numbers in place, drag, pan and zoom."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt, Signal
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
from nnviz.document.moment import Moment, is_new
from nnviz.picture.parts import View
from nnviz.ui.diagram.canvas import Canvas
from nnviz.ui.diagram.edit import EditSession
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.number_field import scrub

CLICK_PX = 4.0
"""A mouse press that moves less than this distance in pixels is a click, not a drag."""
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Up: (0, -1), Qt.Key.Key_Down: (0, 1)}
"""For each arrow key: (steps to the right, steps down). A negative step goes left or up."""
NUDGES = {
    Qt.Key.Key_Plus: (1, "0.1"),
    Qt.Key.Key_Equal: (1, "0.1"),
    Qt.Key.Key_Minus: (-1, "0.1"),
    Qt.Key.Key_PageUp: (1, "1"),
    Qt.Key.Key_PageDown: (-1, "1"),
}


ACTS = (
    *(QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonRelease, QEvent.Type.MouseButtonDblClick),
    *(QEvent.Type.KeyPress, QEvent.Type.ContextMenu),
)
"""Types of the events by which a person acts on a part of the network."""


class Diagram(Canvas):
    """The interactive diagram. Mouse and keys edit numbers, select nodes and edges, and move the view."""

    menu_requested = Signal(object, object)
    """(Address of a node or edge, or None; position on the screen) Emitted to request a context menu."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.session = EditSession(self, desk)
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._text: Address | None = None
        """Address of the text on which the mouse button was pressed, or None."""
        self._scrub_from: float | None = None
        self._drag = object()
        self._moved = False
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @property
    def _scrubbing(self) -> bool:
        """Whether a number is being dragged."""
        return self._moved and self._scrub_from is not None

    def show_moment(self, old: Moment | None, new: Moment) -> None:
        """Paint a Moment, and close the field of an edited number if nodes were added or removed."""
        if old and is_new(old, new, "state.network") and old.state.network.sizes != new.state.network.sizes:
            self.session.close()
        super().show_moment(old, new)

    def show_view(self, view: View) -> None:
        """Show the diagram with another zoom or position. The field of an edited number or name moves too."""
        super().show_view(view)
        self.session.follow()

    # --- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, the drag of a number, or a pan."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        if self.session.open:
            self.session.editor.commit()
        self._pressed = self._last = event.position()
        self._moved, self._drag = False, object()
        text = self._text = self._text_at(event.position())
        scrubs = text and text.kind in EDITABLE and event.button() == Qt.MouseButton.LeftButton
        self._scrub_from = self.session.value(text) if text and scrubs and not _is_adding(event) else None
        if text and self._scrub_from is not None and self.picture.label(text) is None:
            self._select_scrubbed(text)  # so that the number stays when the highlight ends

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Highlight the node or edge under the mouse, or continue to drag a number or to pan."""
        if not event.buttons():
            self._end_drag()  # a message box may have taken the release
        self._continue_drag(event)
        at = event.position()
        address = None if event.buttons() else self._address_at(at)
        if event.buttons() or self.hidden_number_at(at.x(), at.y()) is None:
            self.hover(address)  # else the number would go away under the mouse
        self.setCursor(self._cursor(at, address))

    def hover(self, address: Address | None) -> None:
        """Highlight the edge, or the node with its edges, at `address`. During an edit, highlight nothing."""
        ignored = address is None or address.kind in ("heading", "subheading") or self.session.open
        super().hover(None if ignored else address)

    def update_hover(self) -> None:
        """Highlight the node or edge under the mouse. The mouse may have moved while a menu was open."""
        at = self.mapFromGlobal(QCursor.pos())
        inside = self.rect().contains(at) and self.childAt(at) is None
        self.hover(self.picture.address_at(at.x(), at.y()) if inside else None)

    def _continue_drag(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        distance = event.position() - self._pressed
        if not self._moved and max(abs(distance.x()), abs(distance.y())) < CLICK_PX:
            return
        if self._text and self._scrub_from is not None and not self._moved:
            self._select_scrubbed(self._text)
            self.hold_scale(True)
        self._moved = True
        if self._scrub_from is not None and self._text is not None:
            value = scrub(self._scrub_from, distance.x(), event.modifiers())
            self.session.set_number(self._text, value, self._drag)
        else:
            step = event.position() - self._last
            self.show_view(self.view.moved(step.x(), step.y()))
        self._last = event.position()

    def _select_scrubbed(self, address: Address) -> None:
        """Select the dragged number, unless it is one of the selected weights."""
        if address not in self._document.now.weights:
            self.session.select(address)

    def _text_at(self, at: QPointF) -> Address | None:
        """Return the address of the text at a point, also of a number that only a highlight shows."""
        x, y = at.x(), at.y()
        return self.hidden_number_at(x, y) or self.picture.text_at(x, y)

    def _address_at(self, at: QPointF | QPoint) -> Address | None:
        """Return the address of the text, node or edge at a point."""
        x, y = float(at.x()), float(at.y())
        return self.hidden_number_at(x, y) or self.picture.address_at(x, y)

    def _cursor(self, at: QPointF, address: Address | None) -> Qt.CursorShape:
        """Return the cursor for the effect of a click or a drag at this place."""
        if self._moved and not self._scrubbing:
            return Qt.CursorShape.ClosedHandCursor
        text = self._text_at(at)
        if text and self._is_selected_name(text):
            return Qt.CursorShape.IBeamCursor
        if text and text.kind in EDITABLE:
            return Qt.CursorShape.SizeHorCursor if self._scrubbing else Qt.CursorShape.IBeamCursor
        return Qt.CursorShape.PointingHandCursor if address else Qt.CursorShape.ArrowCursor

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag or a pan; a press without movement is a click."""
        if self._pressed is None:
            return
        clicked = not self._moved
        if self._text and self.picture.label(self._text) is None:
            self._text = None  # the number is gone since the press
        self._end_drag()
        if clicked and event.button() == Qt.MouseButton.LeftButton:
            self._click(self._text, event)

    def _end_drag(self) -> None:
        if self._scrubbing:
            self.hold_scale(False)
        self._pressed = self._scrub_from = None
        self._moved = False

    def _click(self, text: Address | None, event: QMouseEvent) -> None:
        desk, now = self._desk, self._document.now
        if blank := self._blank_at(text, event.position()):
            self._document.reveal(blank)
            return
        address = text or self._address_at(event.position())
        if address and address.kind in ("heading", "subheading") and address.layer >= 0:
            desk.explain(Address("layer", address.layer))
        elif address is None or address.kind in ("heading", "subheading"):
            self._document.select(None)
        elif _is_adding(event) and address.kind in ("weight", "slope"):
            first = now.address if now.address and now.address.kind == "weight" else None
            second = address._replace(kind="weight")
            self._document.select(first or second, second if first and first != second else None)
        elif text and (text.kind in EDITABLE or self._is_selected_name(text)):
            self.session.edit(text)
        elif address.kind in ("weight", "slope"):
            desk.explain(address._replace(kind="weight"))
        else:
            desk.explain(Address("node", address.layer, address.node))

    def _is_selected_name(self, text: Address) -> bool:
        """Return whether a click on this text renames a node; a first click on a name selects the node."""
        return text.kind == "name" and text._replace(kind="node") == self._document.now.address

    def _blank_at(self, text: Address | None, at: QPointF) -> Hashable:
        """Return the place of the hidden result that was clicked, or None: a text, or the walk's callout."""
        if text and self.picture.content.hides(text):
            return text
        now = self._document.now
        is_on_callout = now.walk.active and self.callout.painted_rect.contains(at)
        return now.walk if is_on_callout and now.hiding.hides(now.walk) else None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Edit the weight of an edge or the value of a pixel; on the background, show the whole picture."""
        address = self._address_at(event.position())
        if address is None:
            self.fit()
        elif address.kind == "weight":
            self.session.edit(address)
        elif address.kind == "node" and self.picture.layout.column(-1).per_row > 1 and address.layer < 0:
            self.session.edit(address._replace(kind="input"))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the position of the mouse."""
        if angle := event.angleDelta().y() or event.angleDelta().x():
            at = event.position()
            self.show_view(self.view.zoomed(at.x(), at.y(), 1.0015**angle))
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        """Stop highlighting when the mouse leaves the diagram."""
        self.hover(None)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Request a menu for the node or edge under the mouse, or for the selection (menu key)."""
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        address = self._address_at(event.pos()) if by_mouse else self._document.now.address
        self.menu_requested.emit(address, event.globalPos())

    def event(self, event: QEvent) -> bool:
        """Describe the part under the mouse in a tooltip. Show the newest network before a click or a key."""
        if event.type() in ACTS:
            self._desk.frames.show_pending()
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            address = self._address_at(event.pos())
            text = self.picture.describe(address) if address else ""
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    # --- keys

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus on the border if the focus came from the keyboard."""
        reason = Qt.FocusReason
        by_keys = reason.TabFocusReason, reason.BacktabFocusReason, reason.ShortcutFocusReason
        self.by_keyboard = event.reason() in by_keys
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the selection, or edit or change the selected number."""
        key, address, state = Qt.Key(event.key()), self._document.now.address, self._document.state
        if key in ARROWS:
            self._desk.explain(arrow_target(address, state.network, *ARROWS[key]))
        elif key in NUDGES and address and (number := number_at(state, address)):
            steps, size = NUDGES[key]
            fine = event.modifiers() & Qt.KeyboardModifier.AltModifier
            self.session.nudge(number, steps, "0.01" if fine else size)
        elif address and address.kind == "layer" and key != Qt.Key.Key_Escape:
            super().keyPressEvent(event)  # nothing to edit
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and address:
            self.session.edit(number_at(state, address) or address._replace(kind="name"))
        elif key == Qt.Key.Key_F2 and address and address.kind != "weight":
            self.session.edit(Address("name", address.layer, address.node))
        elif key == Qt.Key.Key_Escape and address:
            self._document.select(None)
        else:
            super().keyPressEvent(event)


def _is_adding(event: QMouseEvent) -> bool:
    return bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))


def arrow_target(address: Address | None, network: Network, right: int, down: int) -> Address:
    """Return the address that an arrow key selects from `address`; `right` and `down` are −1, 0 or 1.

    Right and left alternate between nodes and edges, or go to the next layer. Up and down go through the
    layer as a whole and its nodes, or through the edges of a layer, ordered by start node.
    """
    if address is None:
        return Address("node", -1, 0)
    if address.kind == "layer" and right:
        layer = min(address.layer + right, len(network.layers) - 1)
        return Address("layer", layer) if layer >= 0 else Address("node", -1, 0)
    if address.kind == "weight":
        return _from_edge(address, network, right, down)
    layer = address.layer
    if right > 0 and layer + 1 < len(network.layers):
        node = min(address.node, len(network.layers[layer + 1]) - 1)
        return Address("weight", layer + 1, node, address.node)
    if right < 0 and layer >= 0:
        return Address("weight", layer, address.node, min(address.node, network.sizes[layer] - 1))
    size = network.sizes[address.column]
    if layer < 0:
        return Address("node", layer, (address.node + down) % size)
    place = ((0 if address.kind == "layer" else address.node + 1) + down) % (size + 1)
    return Address("node", layer, place - 1) if place else Address("layer", layer)


def _from_edge(address: Address, network: Network, right: int, down: int) -> Address:
    if right > 0:
        return Address("node", address.layer, address.node)
    if right < 0:
        return Address("node", address.layer - 1, address.source)
    nodes, sources = network.layers[address.layer].weights.shape
    place = (address.source * nodes + address.node + down) % (sources * nodes)
    return Address("weight", address.layer, place % nodes, place // nodes)
