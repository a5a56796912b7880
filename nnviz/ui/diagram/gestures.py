"""What mouse and keys do on the diagram: select, edit, drag a number, pan and zoom, walk."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent

from nnviz.core.address import Address
from nnviz.core.edits import EDITABLE, number_at
from nnviz.core.network import Network
from nnviz.document.document import Document
from nnviz.document.player import Player
from nnviz.document.selection import Selection
from nnviz.ui.diagram.canvas import Canvas
from nnviz.ui.diagram.edit_session import EditSession
from nnviz.ui.widgets.number_field import scrubbed

CLICK_PX = 4.0
"""A press that moves less than this is a click."""


class Gestures:
    """Turns mouse events on the canvas into edits, selection and other views."""

    def __init__(self, canvas: Canvas, session: EditSession, selection: Selection) -> None:
        self._canvas, self._session, self._selection = canvas, session, selection
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._address: Address | None = None
        self._scrub_from: float | None = None
        self._drag = object()
        self.moved = False

    @property
    def scrubbing(self) -> bool:
        """Whether a number is being dragged."""
        return self._scrub_from is not None and self.moved

    @property
    def panning(self) -> bool:
        """Whether the picture is being dragged."""
        return self._pressed is not None and self.moved and self._scrub_from is None

    def press(self, event: QMouseEvent) -> None:
        """Begin a click, a scrub or a pan."""
        if event.button() not in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            return
        if self._session.open:
            self._session.editor.commit()
        self._pressed = self._last = event.position()
        self.moved, self._drag = False, object()
        self._address = self._canvas.picture.text_at(event.position().x(), event.position().y())
        number = self._address is not None and self._address.kind in EDITABLE and not _adding(event)
        left = event.button() == Qt.MouseButton.LeftButton
        self._scrub_from = self._session.value(self._address) if number and left and self._address else None

    def move(self, event: QMouseEvent) -> None:
        """Go on with a scrub or a pan."""
        if self._pressed is None:
            return
        way = event.position() - self._pressed
        if not self.moved and max(abs(way.x()), abs(way.y())) < CLICK_PX:
            return
        self.moved = True
        if self._scrub_from is not None and self._address is not None:
            value = scrubbed(self._scrub_from, way.x(), event.modifiers())
            self._session.set_number(self._address, value, self._drag)
        else:
            step = event.position() - self._last
            self._canvas.look(self._canvas.view.moved(step.x(), step.y()))
        self._last = event.position()

    def release(self, event: QMouseEvent) -> None:
        """End it; a press that did not move is a click."""
        if self._pressed is None:
            return
        clicked = not self.moved
        self._pressed = self._scrub_from = None
        self.moved = False
        if clicked and event.button() == Qt.MouseButton.LeftButton:
            self._click(self._address, event)

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom about the mouse."""
        turned = event.angleDelta().y() or event.angleDelta().x()
        if turned:
            at = event.position()
            self._canvas.look(self._canvas.view.zoomed(at.x(), at.y(), 1.0015**turned))
        event.accept()

    def double_click(self, event: QMouseEvent) -> None:
        """Edit the number of an edge or node whose number is not in sight; on nothing, show everything."""
        address = self._canvas.picture.at(event.position().x(), event.position().y())
        if address is None:
            self._canvas.fit()
        elif address.kind == "weight":
            self._session.edit(address)

    def _click(self, text: Address | None, event: QMouseEvent) -> None:
        selection = self._selection
        address = text or self._canvas.picture.at(event.position().x(), event.position().y())
        if address is None or address.kind in ("heading", "subheading"):
            selection.select(None)
        elif _adding(event) and address.kind in ("weight", "slope"):
            first = selection.address if selection.address and selection.address.kind == "weight" else None
            second = address._replace(kind="weight")
            selection.select(first or second, second if first and first != second else None)
        elif text and text.kind in (*EDITABLE, "name"):
            self._session.edit(text)
        elif address.kind in ("weight", "slope"):
            selection.point_at(address._replace(kind="weight"))
        else:
            selection.point_at(Address("node", address.layer, address.node))


def _adding(event: QMouseEvent) -> bool:
    return bool(event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier))


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


class Keys:
    """Turns the keys that are pressed on the diagram into what they ask for."""

    def __init__(
        self, document: Document, selection: Selection, player: Player, session: EditSession
    ) -> None:
        self._document, self._selection = document, selection
        self._player, self._session = player, session

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key asks for; False where it asks for nothing here."""
        key, address, state = Qt.Key(event.key()), self._selection.address, self._document.state
        if key in ARROWS:
            self._selection.point_at(moved(address, state.network, *ARROWS[key]))
        elif key in NUDGES and address and (number := number_at(state, address)):
            steps, size = NUDGES[key]
            fine = event.modifiers() & Qt.KeyboardModifier.AltModifier
            self._session.nudge(number, steps, "0.01" if fine else size, "keys")
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and address:
            self._session.edit(number_at(state, address) or address._replace(kind="name"))
        elif key == Qt.Key.Key_F2 and address and address.kind != "weight":
            self._session.edit(Address("name", address.layer, address.node))
        elif key == Qt.Key.Key_Escape:
            self._escape()
        else:
            return False
        return True

    def _escape(self) -> None:
        if self._player.progress.active:
            self._player.stop()
        else:
            self._selection.select(None)


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
