"""What the keys do on the diagram: arrows select nodes and edges in turn, others edit, nudge and walk."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from nnviz.core.network import Network
from nnviz.document.document import Document
from nnviz.picture.picture import Part
from nnviz.ui.diagram.edit_session import EditSession
from nnviz.ui.diagram.editing import number_of
from nnviz.ui.diagram.player import Player
from nnviz.ui.selection import Selection

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
        self._walks = {
            Qt.Key.Key_Space: player.toggle,
            Qt.Key.Key_Period: player.step,
            Qt.Key.Key_Comma: player.back,
            Qt.Key.Key_Home: player.to_start,
            Qt.Key.Key_Escape: self._escape,
        }

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key asks for; False where it asks for nothing here."""
        key, part, state = Qt.Key(event.key()), self._selection.part, self._document.state
        if key in ARROWS:
            self._selection.point_at(moved(part, state.network, *ARROWS[key]))
        elif key in NUDGES and part and (number := number_of(part, state)):
            steps, size = NUDGES[key]
            fine = event.modifiers() & Qt.KeyboardModifier.AltModifier
            self._session.nudge(number, steps, "0.01" if fine else size, "keys")
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and part:
            self._session.edit(number_of(part, state) or part._replace(kind="name"))
        elif key == Qt.Key.Key_F2 and part and part.kind != "weight":
            self._session.edit(Part("name", part.column, part.node))
        elif key in self._walks:
            self._walks[key]()
        else:
            return False
        return True

    def _escape(self) -> None:
        if self._player.progress.active:
            self._player.stop()
        else:
            self._selection.select(None)


def moved(part: Part | None, network: Network, right: int, down: int) -> Part:
    """Return what an arrow key selects: right and left go from node to edge to node, up and down stay.

    Up and down run through the nodes of a column, or through the edges that begin where the selected one does
    and then through the others of the layer.
    """
    if part is None:
        return Part("node", 0, 0)
    if part.kind == "weight":
        return _from_edge(part, network, right, down)
    sizes = network.sizes
    if right > 0 and part.column < len(sizes) - 1:
        return Part("weight", part.column + 1, min(part.node, sizes[part.column + 1] - 1), part.node)
    if right < 0 and part.column > 0:
        return Part("weight", part.column, part.node, min(part.node, sizes[part.column - 1] - 1))
    return Part("node", part.column, (part.node + down) % sizes[part.column])


def _from_edge(part: Part, network: Network, right: int, down: int) -> Part:
    if right > 0:
        return Part("node", part.column, part.node)
    if right < 0:
        return Part("node", part.column - 1, part.source)
    sources, nodes = network.sizes[part.column - 1], network.sizes[part.column]
    place = (part.source * nodes + part.node + down) % (sources * nodes)
    return Part("weight", part.column, place % nodes, place // nodes)
