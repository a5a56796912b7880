"""Loads a CSV file's rows in the place of the document's, and shows how far it is."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QMessageBox, QProgressDialog, QWidget

from nnviz.document.document import Document
from nnviz.files import csv
from nnviz.files.errors import FileError
from nnviz.files.registry import read_bytes
from nnviz.ui.data.paste import loaded


class _CancelledError(Exception):
    """A person has pressed Cancel."""


class LoadRows(QObject):
    """Asks for a CSV file and takes its rows, as one undo entry."""

    said = Signal(str)

    def __init__(self, window: QWidget, document: Document) -> None:
        super().__init__(window)
        self._window, self._document = window, document

    def ask(self) -> None:
        """Ask which file to take rows from."""
        folder = str(self._document.path.parent) if self._document.path else ""
        kinds = "Tables (*.csv *.tsv *.txt);;All files (*)"
        name, _ = QFileDialog.getOpenFileName(self._window, "Load rows from CSV", folder, kinds)
        if name:
            self.load(Path(name))

    def load(self, path: Path) -> None:
        """Take a file's rows; where it cannot be read, say why and keep those that are there."""
        dialog = QProgressDialog(f"Reading {path.name}", "Cancel", 0, 100, self._window)
        dialog.setWindowTitle("nnviz")
        dialog.setWindowModality(Qt.WindowModality.WindowModal)

        def progress(part: float) -> None:
            dialog.setValue(int(100 * part))  # which lets the window live
            if dialog.wasCanceled():
                raise _CancelledError

        try:
            table = csv.read(read_bytes(path), progress)
            state, said = loaded(self._document.state, table)
        except _CancelledError:
            self.said.emit(f"{path.name} was not loaded; the rows are what they were")
        except FileError as error:
            sentence = f"{path.name} was not loaded: {error}"
            dialog.reset()
            self.said.emit(sentence)
            QMessageBox.warning(self._window, "nnviz", sentence)
        else:
            self._document.push(state, f"load {path.name}")
            self.said.emit(f"Loaded {path.name}: {said}")
        finally:
            dialog.reset()
            dialog.deleteLater()
