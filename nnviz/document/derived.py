"""Adapters for panels that still follow the document by themselves."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QObject, Signal

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.results import Marks
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.moment import Moment


class Selection(QObject):
    """The selection of a document, with the old signals."""

    row_changed = Signal(object)
    address_changed = Signal()
    explanation_requested = Signal()
    slopes_changed = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        document.changed.connect(self._follow)
        self.show_slopes, self.select = document.show_slopes, document.select
        self.show_what_if_row, self.insert_what_if_row = (
            document.show_what_if_row,
            document.insert_what_if_row,
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._document.now, name)

    @property
    def row(self) -> int:
        return self._document.now.row

    @row.setter
    def row(self, row: int) -> None:
        self._document.select_row(row)

    def close_what_if_row(self) -> None:
        self.row = self.row

    @property
    def what_if_row(self) -> Array | None:
        return self._document.now.what_if_row

    @property
    def address(self) -> Address | None:
        return self._document.now.address

    @property
    def second(self) -> Address | None:
        return self._document.now.second

    @property
    def state_and_row(self) -> tuple[State, int]:
        return self._document.now.row_state, self._document.now.row_index

    def select_and_explain(self, address: Address) -> None:
        self.select(address)
        self.explanation_requested.emit()

    def _follow(self, old: Moment, new: Moment) -> None:
        if old.row != new.row or old.what_if_row is not new.what_if_row:
            self.row_changed.emit(new.row)
        if (old.address, old.second) != (new.address, new.second):
            self.address_changed.emit()
        if (old.slopes_shown, old.mean_over_rows) != (new.slopes_shown, new.mean_over_rows):
            self.slopes_changed.emit()


class Derived(QObject):
    """The values that follow from the document's Moment, with the old signal."""

    computed = Signal()

    def __init__(self, document: Document, selection: Selection, **_times: float) -> None:
        super().__init__(document)
        self._document = document
        document.idle.found.connect(self.computed)
        document.motion_changed.connect(self.computed)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._document.now, name)

    @property
    def row(self) -> int:
        return self._document.now.row_index

    def marks(self, moving: bool = False) -> Marks:
        return self._document.now.marks

    def cancel_pending(self) -> None:
        self._document.idle.drop()
