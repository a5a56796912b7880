"""The diagram: the canvas with mouse and keys, edited where the numbers stand."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QToolTip

from nnviz.core.address import Address
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.player import Player
from nnviz.document.selection import Selection
from nnviz.picture.parts import View
from nnviz.ui.diagram.canvas import Canvas
from nnviz.ui.diagram.edit_session import EditSession
from nnviz.ui.diagram.gestures import Gestures, Keys


class Diagram(Canvas):
    """Hands what mouse and keys do to the gestures and the edit session."""

    said = Signal(str)
    """A sentence for the status line."""
    menu_requested = Signal(object, object)
    """(address or None, global position) A context menu is wanted."""

    def __init__(self, document: Document, selection: Selection, derived: Derived, player: Player) -> None:
        super().__init__(document, selection, derived, player)
        self.session = EditSession(self, document, selection)
        self.session.said.connect(self.said)
        self._gestures = Gestures(self, self.session, selection)
        self._keys = Keys(document, selection, player, self.session)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def state_changed(self, old: State, new: State) -> None:
        """Show another State; while a number is dragged, with edges as wide as before."""
        if self._gestures.scrubbing and not self.scale_held:
            self.hold_scale(True)
        if old.network.sizes != new.network.sizes:
            self.session.close()
        super().state_changed(old, new)

    def look(self, view: View) -> None:
        """Show what is in sight in another view, with the open field over its number."""
        super().look(view)
        self.session.follow()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hand it to the gestures."""
        self._gestures.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover, or go on with a drag."""
        self._gestures.move(event)
        at = event.position()
        address = None if event.buttons() else self.picture.at(at.x(), at.y())
        self.hover(address if address and address.kind not in ("heading", "subheading") else None)
        self.setCursor(self._cursor(at, address))

    def _cursor(self, at: QPointF, address: Address | None) -> Qt.CursorShape:
        """Return the mouse's shape over `address`: what a click or a drag would do."""
        text = self.picture.text_at(at.x(), at.y())
        if self._gestures.panning:
            return Qt.CursorShape.ClosedHandCursor
        if text and text.kind == "name":
            return Qt.CursorShape.IBeamCursor
        if text and text.kind in ("input", "weight", "bias", "target"):
            return Qt.CursorShape.SizeHorCursor if self._gestures.scrubbing else Qt.CursorShape.IBeamCursor
        return Qt.CursorShape.PointingHandCursor if address else Qt.CursorShape.ArrowCursor

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Hand it to the gestures."""
        scrubbed = self._gestures.scrubbing
        self._gestures.release(event)
        if scrubbed:
            self.hold_scale(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Hand it to the gestures."""
        self._gestures.double_click(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom."""
        self._gestures.wheel(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the focus where it came by the keyboard."""
        self.by_keyboard = event.reason() in (
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
        address = self._selection.address
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            address = self.picture.at(event.pos().x(), event.pos().y())
        self.menu_requested.emit(address, event.globalPos())

    def event(self, event: QEvent) -> bool:
        """Show the full number under the mouse as a tooltip."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            address = self.picture.at(event.pos().x(), event.pos().y())
            QToolTip.showText(
                event.globalPos(), _plain(self.picture.describe(address)) if address else "", self
            )
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the selection, edit, nudge, walk."""
        if not self._keys.press(event):
            super().keyPressEvent(event)


def _plain(text: str) -> str:
    """Keep a name from a file from being read as rich text."""
    return text.replace("&", "&amp;").replace("<", "&lt;") if "<" in text else text
