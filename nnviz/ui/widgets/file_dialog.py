"""The dialog in which a file is chosen, to be opened or saved."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QItemSelectionModel
from PySide6.QtWidgets import QFileDialog, QListView


class FileDialog(QFileDialog):
    """Qt's own, which takes a path that is typed in full.

    While it is typed Qt selects each folder on the way, also those that its list does not show, and does not
    let go of the last one: Enter would enter that folder and forget the path.
    """

    def ask(self) -> Path | None:
        """Return the path that is chosen, or None; the dialog asks once."""
        chosen = self.selectedFiles() if self.exec() else []
        self.deleteLater()
        return Path(chosen[0]) if chosen else None

    def accept(self) -> None:
        """Take what is selected in the list that is shown, or else what is typed."""
        if view := self.findChild(QListView, "listView"):  # a desktop's dialog has none
            selection = view.selectionModel()
            let_go = QItemSelectionModel.SelectionFlag.Deselect | QItemSelectionModel.SelectionFlag.Rows
            for index in selection.selectedRows():
                if index.parent() != view.rootIndex():
                    selection.select(index, let_go)
        super().accept()
