"""Editing in place: a field over a number or a name of the diagram, and the edits made with the field."""

from __future__ import annotations

from collections.abc import Hashable
from functools import partial

from PySide6.QtCore import QObject, QRectF, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QToolTip, QWidget

from nnviz.core import edits
from nnviz.core.activations import Array
from nnviz.core.address import Address, column_title
from nnviz.core.numbers import as_text, moved_by_steps
from nnviz.core.state import State
from nnviz.picture.columns import EDGE_PILL
from nnviz.ui.diagram.canvas import Canvas
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.number_field import DECIMAL, NumberField
from nnviz.ui.kit.theme import pixel_font

NO_TARGET = "A what-if row (trial inputs) has no target. Add it to the data first: Edit → What-if row"


class PlaceEditor(NumberField):
    """A field over the diagram that edits a number or a name. The field hides after it accepts a text."""

    moved_on = Signal(object)
    """(1 or −1) Emitted when Tab (1) or Shift+Tab (−1) accepts a number: edit the next or previous number."""
    restored = Signal()
    """Emitted when the field closes without accepting its text."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent=parent)
        self._surface = parent
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.refused.connect(self._show_reason)
        self.hide()

    def open(self, rect: QRectF, value: float | str | None, size: float, title: str) -> None:
        """Open the field over `rect` to edit `value`: a name, a number, or None for an empty number.

        `title` is for screen readers. Set the notation of the value first. A blank text clears the number, if
        `empty` allows it.
        """
        self.setAccessibleName(title)
        self.setFont(pixel_font(max(size, 12.0)))
        self.show_value(value)
        self.stand_around(rect)
        self.show()
        self.raise_()
        self.selectAll()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def stand_around(self, rect: QRectF) -> None:
        """Move the field over `rect`, with some room around the rectangle."""
        box = QRectF(0, 0, max(rect.width() + 12, 64.0), max(rect.height() + 8, 30.0))
        box.moveCenter(rect.center())
        self.place_over(box.toRect())

    def commit(self) -> bool:
        """Accept the text and close. If the text is invalid, stay open, show why, and return False."""
        if accepted := self.isHidden() or super().commit():
            self.hide()
        return accepted

    def leave(self) -> None:
        """Accept the text after a click elsewhere. If the text is invalid, restore the previous text."""
        if self.isVisible() and not self.commit():
            self.hide()
            self.restored.emit()

    def hideEvent(self, event: QHideEvent) -> None:
        """Move the focus to the diagram; Qt would call `focusNextPrevChild`, which opens the next number."""
        super().hideEvent(event)
        if self.hasFocus():
            self._surface.setFocus()

    def _show_reason(self, why: str) -> None:
        if why:
            QToolTip.showText(self.mapToGlobal(self.rect().bottomLeft()), why, self)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Accept the text on Tab, instead of moving the focus."""
        if self.commit():
            self.moved_on.emit(1 if forward else -1)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Accept the text on Enter. Close without accepting the text on Escape."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.commit()
        elif event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.restored.emit()
        else:
            super().keyPressEvent(event)


def _title(address: Address, name: str) -> str:
    """Return the title of a number: "Weight accounts → node_0", "Bias of node_0", "Value of accounts"."""
    if address.kind in ("bias", "target"):
        return name[0].upper() + name[1:]
    return f"Weight {name}" if address.kind == "weight" else f"Value of {name}"


class EditSession(QObject):
    """Edits numbers and names on the diagram."""

    def __init__(self, canvas: Canvas, desk: Desk) -> None:
        super().__init__(canvas)
        self._canvas, self._document, self._message = canvas, desk.document, desk.message
        self._frames = desk.frames
        self._address: Address | None = None
        self._session = object()
        """The merge key of all edits while the field is open."""
        self._nudged: State | None = None
        """The State after the last nudge in the open field. Escape undoes nudges if this State is current."""
        self._what_if_row: Array | None = None
        """The what-if row when the field opened."""
        self.editor = PlaceEditor(canvas)
        self.editor.accepted.connect(self._accept)
        self.editor.moved_on.connect(self._move_on)
        self.editor.nudged.connect(self._nudge_to)
        self.editor.restored.connect(self._restore)
        self.editor.refused.connect(desk.message)

    @property
    def open(self) -> bool:
        """Whether a field is open."""
        return not self.editor.isHidden()

    def edit(self, address: Address) -> None:
        """Open the field over a number or a name. In a locked document, select the node or edge instead."""
        if self.open and not self.editor.commit():
            return
        if not self._document.may_change():  # a script may still be training
            self.select(address)
            return
        if reason := self._read_only(address):
            self.select(address)
            self._message.emit(reason)
            return
        if self._canvas.picture.place(address) is None:
            return
        self._address, self._session, self._nudged = address, object(), None
        self._what_if_row = self._document.now.what_if_row
        network = self._document.state.network
        name = network.name_of(address)
        self.select(address)
        if address.kind == "name":
            self.editor.set_notation((partial(self._read_name, address), str, None))
            value: float | str | None = name
            title = f"Name of {name}, {column_title(address.column, len(network.layers)).lower()}"
        else:
            self.editor.set_notation(DECIMAL)
            value, title = self.value(address), _title(address, name)
        self._frames.show_pending()  # the number of a selected edge may appear only now
        picture = self._canvas.picture
        label, place = picture.label(address), picture.place(address)
        assert place is not None
        size = label.size if label else EDGE_PILL * picture.layout.scale
        self.editor.empty = partial(self._cleared, address) if address.kind == "target" else None
        self.editor.open(qrect(place), value, size, title)
        self._canvas.hover(None)

    def _read_only(self, address: Address) -> str:
        """Return a sentence if the number at `address` cannot be edited, else ""."""
        if address.kind == "target" and self._document.now.what_if_row is not None:
            return NO_TARGET
        return self._document.state.columns.read_only(address.node) if address.kind == "input" else ""

    def nudge(self, address: Address, steps: float, size: str) -> None:
        """Add `steps` · `size`, for example 3 · "0.1", to a number. Consecutive calls are one undo entry."""
        if (value := self.value(address)) is not None:
            self.set_number(address, moved_by_steps(value, steps, size), (address, "keys"))

    def value(self, address: Address) -> float | None:
        """Return the number at `address`, or None for an empty target."""
        now = self._document.now
        return edits.value_at(now.row_state, address, now.row_index)

    def close(self) -> None:
        """Close the field without accepting its text."""
        self.editor.hide()

    def follow(self) -> None:
        """Move the open field over the edited number again, after the diagram has moved."""
        if self.open and self._address and (place := self._canvas.picture.place(self._address)):
            self.editor.stand_around(qrect(place))

    def select(self, address: Address) -> None:
        """Select the edge, the bias or the node whose number or name stands at `address`."""
        kind = "node" if address.kind in ("input", "target", "name", "value", "z") else address.kind
        self._document.select(address._replace(kind=kind))

    def set_number(self, address: Address, value: float | None, merge: Hashable = None) -> None:
        """Set or clear (None) the number at `address`. Edits with an equal `merge` are one undo entry."""
        document, before = self._document, self._document.state.data
        name, free = document.state.network.name_of(address), self._document.now.what_if_row
        if reason := self._read_only(address):
            self._message.emit(reason)
            return
        if free is not None and address.kind == "input":
            assert value is not None
            changed = free.copy()
            changed[address.node] = value
            self._document.show_what_if_row(changed)
            self._message.emit(f"{name} is {as_text(value)} in the what-if row, which nnviz does not store")
            return
        row = self._document.now.row
        if not document.edit(f"Set {name}", edits.set_value, address, value, row, merge=merge):
            return
        text = f"{name} is now empty" if value is None else f"{name}: {as_text(value)}"
        if address.kind == "target" and before.targets is None and len(before) > 1:
            text = f"{text}; {edits.TARGETS_ADDED}"
        self._message.emit(text)

    def _accept(self, value: float | str | None) -> None:
        assert self._address is not None
        if isinstance(value, str):
            self._rename(self._address, value)
        else:
            self.set_number(self._address, value, self._session if self._nudged else None)

    def _cleared(self, address: Address) -> State:
        """Return the State without the number at an address. Raises ValueError if the number is required."""
        return edits.set_value(self._document.state, address, None, self._document.now.row)

    def _read_name(self, address: Address, text: str) -> str:
        """Return a typed name without outer spaces. Raises ValueError if the node cannot have this name."""
        edits.rename(self._document.state, address.column, address.node, text.strip())
        return text.strip()

    def _rename(self, address: Address, text: str) -> None:
        old = self._document.state.network.names(address.column)[address.node]
        if self._document.edit(f"Rename {old}", edits.rename, address.column, address.node, text):
            self._message.emit(f"Renamed {old} to {text}")

    def _nudge_to(self, value: float) -> None:
        assert self._address is not None
        self.set_number(self._address, value, self._session)
        self._nudged = self._document.state
        self.editor.show_value(value)  # already accepted

    def _restore(self) -> None:
        if self._nudged is self._document.state:
            if self._what_if_row is not None and self._address and self._address.kind == "input":
                self._document.show_what_if_row(self._what_if_row)
            else:
                self._document.undo()
        self._nudged = None
        self._message.emit("")

    def _move_on(self, steps: int) -> None:
        """Open the next number that is visible or can be, column by column, top to bottom."""
        order, picture = edits.EDITABLE, self._canvas.picture
        visible = {label.address for label in picture.labels if label.address.kind in order}
        visible = {address for address in visible if not self._read_only(address)}
        addresses = sorted(
            visible.union(picture.hidden_weights),
            key=lambda address: (address.column, order.index(address.kind), address.node, address.source),
        )
        if self._address in addresses:
            self.edit(addresses[(addresses.index(self._address) + steps) % len(addresses)])
