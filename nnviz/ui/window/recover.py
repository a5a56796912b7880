"""The question what becomes of the unsaved work that programs left behind when they ended."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QListWidget, QVBoxLayout, QWidget

from nnviz.core.names import SHOWN, file_named, shortened
from nnviz.document.leftovers import Leftover

WIDTH_PX = 560


class RecoverDialog(QDialog):
    """Lists leftovers: one is recovered, some are discarded, others wait. `left` are those not discarded."""

    def __init__(self, window: QWidget, left: list[Leftover]) -> None:
        super().__init__(window)
        self.left = left
        self.setWindowTitle("nnviz")
        self.setMinimumWidth(WIDTH_PX)
        self._list = QListWidget()
        self._list.setAccessibleName("Unsaved work")
        self._list.addItems([f"{name_of(each)}\n{each.holds}, kept {_when(each)}" for each in left])
        self._list.setCurrentRow(0)
        self._list.itemDoubleClicked.connect(self.accept)
        self._buttons = QDialogButtonBox()
        roles = QDialogButtonBox.ButtonRole
        self._buttons.addButton("&Recover", roles.AcceptRole).setDefault(True)
        self._buttons.addButton("&Discard", roles.DestructiveRole).clicked.connect(self._discard)
        self._buttons.addButton("&Later", roles.RejectRole)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._lay_out()

    @property
    def chosen(self) -> Leftover:
        """The one to recover, where the dialog is accepted."""
        return self.left[self._list.currentRow()]

    def _lay_out(self) -> None:
        how = "It opens as unsaved changes; the file that it belongs to stays as it is."
        if len(self.left) > 1:
            how += " The others are offered again at the next start."
        column = QVBoxLayout(self)
        for text in ("nnviz ended with unsaved work. Recover it?", how):
            label = QLabel(text)
            label.setWordWrap(True)
            column.addWidget(label)
        column.insertWidget(1, self._list)
        column.addWidget(self._buttons)

    def _discard(self) -> None:
        row = self._list.currentRow()
        self.left.pop(row).discard()
        self._list.takeItem(row)
        if not self.left:
            self.reject()


def name_of(leftover: Leftover) -> str:
    """Return what a leftover is called: its file, or its title where it has none."""
    if leftover.original:
        return file_named(leftover.original)
    return f"{shortened(leftover.title, SHOWN)}, never saved"


def _when(leftover: Leftover) -> str:
    return f"at {leftover.written:%H:%M on %d %B}"
