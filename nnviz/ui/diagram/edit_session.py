"""Editing in place: opens the field over a number and pushes what is typed, nudged or scrubbed."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtWidgets import QWidget

from nnviz.core import edits
from nnviz.core.numbers import full, nudged, parsed, shown
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.picture.draw import Picture
from nnviz.picture.picture import Part
from nnviz.ui.diagram.editing import EDITABLE, named, value_of, with_value
from nnviz.ui.diagram.editor import PlaceEditor
from nnviz.ui.diagram.painter import qrect
from nnviz.ui.selection import Selection

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
        self._part: Part | None = None
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

    def edit(self, part: Part) -> None:
        """Open the field over `part`: a number, or a node's name."""
        if self.open and not self.editor.commit():
            return
        picture = self._picture()
        place = picture.place(part)
        if place is None:
            return
        label = picture.label(part)
        self._part, self._session, self._nudged = part, next(_sessions), None
        if part.kind == "name":
            self._select(part._replace(kind="node"))
            text = self._document.state.network.names(part.column)[part.node]
        else:
            self._select(part)
            value = value_of(self._document.state, self._selection.row, part)
            text = "" if value is None else full(value)
        size = label.size if label else 13.5
        self.editor.open(qrect(place), text, size, number=part.kind != "name")

    def nudge(self, part: Part, steps: float, size: str, session: object) -> None:
        """Move the number of `part` by `steps` of `size`; nudges of one `session` are one undo entry."""
        value = value_of(self._document.state, self._selection.row, part)
        if value is not None:
            self._push(part, nudged(value, steps, size), (part, session))

    def set_number(self, part: Part, value: float, session: object) -> None:
        """Give `part` a number while it is dragged; numbers of one `session` are one undo entry."""
        self._push(part, value, (part, session))

    def value(self, part: Part) -> float | None:
        """Return the number of `part`."""
        return value_of(self._document.state, self._selection.row, part)

    def editable_parts(self) -> list[Part]:
        """Return the numbers in sight in the order of Tab: column by column, top to bottom."""
        order = {"input": 0, "weight": 1, "bias": 2, "target": 3}
        parts = [label.part for label in self._picture().labels if label.part.kind in EDITABLE]
        return sorted(parts, key=lambda part: (part.column, order[part.kind], part.node, part.source))

    def close(self) -> None:
        """Close the field; what was typed and not accepted is dropped."""
        self.editor.hide()

    def follow(self) -> None:
        """Keep the field over its number when the view moves."""
        if self.open and self._part and (place := self._picture().place(self._part)):
            box = QRectF(self.editor.geometry())
            box.moveCenter(qrect(place).center())
            self.editor.setGeometry(box.toRect())

    def _select(self, part: Part) -> None:
        kind = "node" if part.kind in ("input", "target", "name", "value", "z") else part.kind
        self._selection.select(part._replace(kind=kind))

    def _push(self, part: Part, value: float, merge: object = None) -> None:
        document, row = self._document, self._selection.row
        had_targets = document.state.data.targets is not None
        state = with_value(document.state, row, part, value)
        name = named(part, state)
        document.push(state, f"Set {name}", merge)
        text = f"{name}: {shown(value, 8)}"
        if part.kind == "target" and not had_targets and len(state.data) > 1:
            text += "; the targets of the other rows are 0"
        self.said.emit(text)

    def _accept(self, text: str) -> None:
        assert self._part is not None
        if self._part.kind == "name":
            self._rename(self._part, text)
        else:
            self._push(
                self._part, parsed(text), (self._part, "field", self._session) if self._nudged else None
            )

    def _rename(self, part: Part, text: str) -> None:
        old = self._document.state.network.names(part.column)[part.node]
        try:
            state = edits.rename(self._document.state, part.column, part.node, text)
        except ValueError as error:
            self.said.emit(str(error))
            return
        self._document.push(state, f"Rename {old}")
        self.said.emit(f"{old} is called {text} now")

    def _nudge_to(self, value: float) -> None:
        assert self._part is not None
        self._push(self._part, value, (self._part, "field", self._session))
        self._nudged = self._document.state

    def _restore(self) -> None:
        if self._nudged is self._document.state:
            self._document.undo()
        self._nudged = None
        self.said.emit("")
        self._surface.setFocus()

    def _move_on(self, steps: int) -> None:
        parts = self.editable_parts()
        if self._part in parts:
            self.edit(parts[(parts.index(self._part) + steps) % len(parts)])
