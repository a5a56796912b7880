"""Editing in place: opens the field over a number and pushes what is typed, nudged or scrubbed."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtWidgets import QWidget

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.numbers import nudged, shown
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.picture.picture import Picture
from nnviz.ui.diagram.editor import PlaceEditor
from nnviz.ui.widgets.images import qrect

_sessions = itertools.count()


class EditSession(QObject):
    """What is edited on the diagram at present. `said` tells the status line what happened."""

    said = Signal(str)

    def __init__(
        self,
        surface: QWidget,
        document: Document,
        selection: Selection,
        picture: Callable[[], Picture],
    ) -> None:
        super().__init__(surface)
        self._surface, self._document, self._selection = surface, document, selection
        self._picture = picture
        self._address: Address | None = None
        self._session = 0
        self._nudged: State | None = None
        """What the last nudge of the open field led to; Escape takes back that and nothing else."""
        self.editor = PlaceEditor(surface)
        self.editor.accepted.connect(self._accept)
        self.editor.moved_on.connect(self._move_on)
        self.editor.nudged.connect(self._nudge_to)
        self.editor.restored.connect(self._restore)
        self.editor.refused.connect(self.said)

    @property
    def open(self) -> bool:
        """Whether a field is open."""
        return not self.editor.isHidden()

    def edit(self, address: Address) -> None:
        """Open the field over a number, or a node's name."""
        if self.open and not self.editor.commit():
            return
        picture = self._picture()
        place = picture.place(address)
        if place is None:
            return
        label = picture.label(address)
        self._address, self._session, self._nudged = address, next(_sessions), None
        if address.kind == "name":
            self._select(address._replace(kind="node"))
            value: float | str | None = self._document.state.network.names(address.column)[address.node]
        else:
            self._select(address)
            value = self.value(address)
        self.editor.open(qrect(place), value, label.size if label else 13.5)

    def nudge(self, address: Address, steps: float, size: str, session: object) -> None:
        """Move the number at `address` by `steps` of `size`; nudges of one `session` are one undo entry."""
        value = self.value(address)
        if value is not None:
            self._push(address, nudged(value, steps, size), (address, session))

    def set_number(self, address: Address, value: float, session: object) -> None:
        """Set the number at `address` while it is dragged; those of one `session` are one undo entry."""
        self._push(address, value, (address, session))

    def value(self, address: Address) -> float | None:
        """Return the number at `address`."""
        return edits.value_at(self._document.state, address, self._selection.row)

    def editable_parts(self) -> list[Address]:
        """Return the numbers in sight in the order of Tab: column by column, top to bottom."""
        order = edits.EDITABLE
        return sorted(
            (label.address for label in self._picture().labels if label.address.kind in order),
            key=lambda address: (address.column, order.index(address.kind), address.node, address.source),
        )

    def close(self) -> None:
        """Close the field; what was typed and not accepted is dropped."""
        self.editor.hide()

    def follow(self) -> None:
        """Keep the field over its number when the view moves."""
        if self.open and self._address and (place := self._picture().place(self._address)):
            box = QRectF(self.editor.geometry())
            box.moveCenter(qrect(place).center())
            self.editor.setGeometry(box.toRect())

    def _select(self, address: Address) -> None:
        kind = "node" if address.kind in ("input", "target", "name", "value", "z") else address.kind
        self._selection.select(address._replace(kind=kind))

    def _push(self, address: Address, value: float, merge: object = None) -> None:
        document = self._document
        had_targets = document.state.data.targets is not None
        state = edits.set_value(document.state, address, value, self._selection.row)
        name = address.name(state.network)
        document.push(state, f"Set {name}", merge)
        text = f"{name}: {shown(value, 8)}"
        if address.kind == "target" and not had_targets and len(state.data) > 1:
            text += "; the targets of the other rows are 0"
        self.said.emit(text)

    def _accept(self, value: float | str) -> None:
        assert self._address is not None
        if isinstance(value, str):
            self._rename(self._address, value)
        else:
            merge = (self._address, "field", self._session) if self._nudged else None
            self._push(self._address, value, merge)

    def _rename(self, address: Address, text: str) -> None:
        old = self._document.state.network.names(address.column)[address.node]
        try:
            state = edits.rename(self._document.state, address.column, address.node, text)
        except ValueError as error:
            self.said.emit(str(error))
            return
        self._document.push(state, f"Rename {old}")
        self.said.emit(f"{old} is called {text} now")

    def _nudge_to(self, value: float) -> None:
        assert self._address is not None
        self._push(self._address, value, (self._address, "field", self._session))
        self._nudged = self._document.state
        self.editor.show_value(value)  # it holds already

    def _restore(self) -> None:
        if self._nudged is self._document.state:
            self._document.undo()
        self._nudged = None
        self.said.emit("")
        self._surface.setFocus()

    def _move_on(self, steps: int) -> None:
        addresses = self.editable_parts()
        if self._address in addresses:
            self.edit(addresses[(addresses.index(self._address) + steps) % len(addresses)])
