"""New, Open, Save, Save as, Recent, dropped files, and the question before anything would be lost."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.files.errors import FileError
from nnviz.files.examples import example
from nnviz.files.registry import FORMATS
from nnviz.ui.window.new_network import NewNetwork
from nnviz.ui.window.settings import Settings


class FileCommands(QObject):
    """Opens and saves the document for a window."""

    said = Signal(str)
    opened = Signal()

    def __init__(self, window: QWidget, document: Document, settings: Settings) -> None:
        super().__init__(window)
        self._window, self._document, self._settings = window, document, settings

    def new(self) -> None:
        """Ask for a network's sizes and start with it."""
        if not self.may_leave():
            return
        dialog = NewNetwork(self._window)
        if dialog.exec():
            self.start(dialog.state(), "New network with random weights, seed 0")

    def start(self, state: State, said: str) -> None:
        """Begin with an unsaved State."""
        self._document.start(state)
        self.said.emit(said)
        self.opened.emit()

    def ask_open(self) -> None:
        """Ask which file to open."""
        if not self.may_leave():
            return
        folder = str(self._document.path.parent) if self._document.path else ""
        name, _ = QFileDialog.getOpenFileName(self._window, "Open a network", folder, _open_filter())
        if name:
            self.open(Path(name))

    def open(self, path: Path) -> bool:
        """Open a file; where it cannot be read, say why and keep what is open."""
        try:
            self._document.open(path)
        except FileError as error:
            self.said.emit(str(error))
            QMessageBox.warning(self._window, "nnviz", f"{path.name} was not opened.\n\n{error}")
            return False
        self._settings.opened(path)
        self.said.emit(f"Opened {path.name}")
        self.opened.emit()
        return True

    def leave_and_open(self, path: Path) -> None:
        """Open a file, after the question about unsaved changes."""
        if self.may_leave():
            self.open(path)

    def open_example(self, name: str) -> None:
        """Open an example by its name; saving it asks for a file of one's own."""
        if not self.may_leave():
            return
        found = example(name)
        assert found is not None
        self._document.open(found.path)
        self._document.path = None
        self._document.file_changed.emit()
        self._settings.remember("last", "")
        self.said.emit(f"{found.title}: {found.line}")
        self.opened.emit()

    def save(self) -> bool:
        """Save where it came from, or ask where."""
        return self._save(self._document.path) if self._document.path else self.ask_save()

    def ask_save(self) -> bool:
        """Ask where to save."""
        suggestion = str(self._document.path or Path(_file_name(self._document.title)))
        name, _ = QFileDialog.getSaveFileName(
            self._window, "Save the network", suggestion, "nnviz network (*.json)"
        )
        if not name:
            return False
        path = Path(name)
        return self._save(path if path.suffix else path.with_suffix(".json"))

    def may_leave(self) -> bool:
        """Ask about unsaved changes; False where the person wants to stay."""
        if not self._document.modified:
            return True
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("nnviz")
        box.setText(f"Save the changes to {self._document.title}?")
        box.setInformativeText("What is not saved is lost.")
        buttons = QMessageBox.StandardButton
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)
        answer = box.exec()
        return self.save() if answer == buttons.Save else answer == buttons.Discard

    def _save(self, path: Path) -> bool:
        try:
            self._document.save(path)
        except FileError as error:
            self.said.emit(str(error))
            QMessageBox.warning(self._window, "nnviz", f"{path.name} was not saved.\n\n{error}")
            return False
        self._settings.opened(path)
        self.said.emit(f"Saved {path.name}")
        return True


def _open_filter() -> str:
    patterns = " ".join(f"*{suffix}" for suffix in dict.fromkeys(s for own in FORMATS for s in own.suffixes))
    return f"Networks ({patterns});;All files (*)"


def _file_name(title: str) -> str:
    words = "".join(letter if letter.isalnum() else " " for letter in title).split()
    return "-".join(words).lower() + ".json"
