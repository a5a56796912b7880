"""Rows of somebody's own, from a file or the clipboard: taken at once where they fit, else asked about."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from nnviz.core.names import file_named
from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.files.errors import FileError
from nnviz.files.opening import read_bytes
from nnviz.files.progress import CancelledError
from nnviz.files.table.layout import Layout
from nnviz.files.table.table import Table, parsed
from nnviz.files.table.table import read as read_table
from nnviz.ui.data.paste import Taken, loaded
from nnviz.ui.tables.dialog import OpenTable
from nnviz.ui.widgets.dialogs import tell
from nnviz.ui.widgets.waiting import Waiting
from nnviz.ui.window.settings import Settings

PASTED = "What was pasted"


class Tables(QObject):
    """Takes tables into the document of a window; `open_new` opens another one, and tells whether it could.

    ================ ==============================================================
    `said`           carries a sentence for the status line
    `loss_changed`   the loss became the usual one of the new output; carries the one before
    `about_to_ask`   whatever changes the document by itself must wait for the answer
    ================ ==============================================================
    """

    said = Signal(str)
    loss_changed = Signal(str)
    about_to_ask = Signal()

    def __init__(
        self, window: QWidget, document: Document, settings: Settings, open_new: Callable[[State, str], bool]
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._settings = window, document, settings
        self._open_new = open_new

    def load(self, path: Path, *, asks: bool = False) -> None:
        """Take a file's rows; where it cannot be read, say why and keep those that are there.

        Where it `asks`, also rows that fit are not taken at once: a network of their own may be wished.
        """
        if not self._document.may_change():
            return
        name = file_named(path)
        try:
            with Waiting(self._window, f"Reading {name}") as reading:
                data = read_bytes(path, reading)
                table = read_table(data, reading, fitting=True)
        except CancelledError:
            self.said.emit(f"{name} was not loaded; the rows are what they were")
        except FileError as error:
            self._refuse(f"{name} was not loaded: {error}")
        else:
            self.about_to_ask.emit()
            taken = None if asks else _taken_at_once(self._document, table)
            if taken is not None:
                self._document.push(taken.state, f"Load {name}")
                self.said.emit(f"Loaded {name}: {taken.said}")
            elif not self._ask(name, table, partial(self._read, name, data)):
                return
            self._settings.used(path)

    def ask_text(self, text: str) -> None:
        """Ask what is to be made of a table that stands in a text. Say why where it is none."""
        if not self._document.may_change():
            return
        try:
            table = parsed(text, fitting=True)
        except FileError as error:
            self._refuse(f"Nothing was pasted: {error}")
        else:
            self.about_to_ask.emit()
            self._ask(PASTED, table, lambda said: parsed(text, said=said, fitting=True))

    def _read(self, name: str, data: bytes, said: Layout) -> Table:
        with Waiting(self._window, f"Reading {name}") as reading:
            return read_table(data, reading, said, fitting=True)

    def _ask(self, name: str, table: Table, read: Callable[[Layout], Table]) -> bool:
        """Ask what becomes of a table, and do it; tell whether anything was done."""
        dialog = OpenTable(self._window, self._document.state, name, table, read)
        chosen = bool(dialog.exec())
        dialog.setParent(None)  # else Python keeps it, with the whole table, once Qt has deleted it
        dialog.deleteLater()
        if not chosen:
            self.said.emit("The rows are what they were")
            return False
        said = f"{name}: {dialog.said}"
        if dialog.what == "network":
            return self._open_new(dialog.state, said)
        before = self._document.state.training.loss
        self._document.push(dialog.state, "Paste a table" if name == PASTED else f"Load {name}")
        self.said.emit(said)
        if self._document.state.training.loss != before:
            self.loss_changed.emit(before)
        return True

    def _refuse(self, sentence: str) -> None:
        self.said.emit(sentence)
        tell(self._window, sentence)


def _taken_at_once(document: Document, table: Table) -> Taken | None:
    """Return the rows in the place of those that are there, where there is no doubt; else None."""
    if len(table) < table.of:
        return None
    try:
        taken = loaded(document.state, table)
    except FileError:
        return None
    return None if taken.foreign else taken
