"""The question what becomes of the unsaved work that programs left behind when they ended."""

from __future__ import annotations

from datetime import date
from functools import partial

from PySide6.QtCore import QDate, QLocale, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QMessageBox,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from nnviz.core.names import SHOWN, file_named, on_one_line, shortened
from nnviz.document.leftovers import Leftover
from nnviz.ui.widgets.dialogs import column_of, heading, lettered, message_box, primary

WIDTH_PX, ROW_PX = 700, 30
ROWS_SEEN = 8
"""Rows that are seen at once; the others are scrolled to."""


class RecoverDialog(QDialog):
    """Lists leftovers: one is recovered, some are discarded, others wait. `left` are those not discarded."""

    def __init__(self, window: QWidget, left: list[Leftover]) -> None:
        super().__init__(window)
        self.left = left
        self.setWindowTitle("nnviz")
        self.setFixedWidth(WIDTH_PX)
        self._list = _List(left)
        self._list.doubleClicked.connect(self.accept)
        self._buttons = QDialogButtonBox()
        roles = QDialogButtonBox.ButtonRole
        primary(self._buttons.addButton("&Recover", roles.AcceptRole))
        self._buttons.addButton("&Discard", roles.DestructiveRole).clicked.connect(self._discard)
        self._buttons.addButton("&Later", roles.RejectRole)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._lay_out()

    @property
    def chosen(self) -> Leftover:
        """The leftover that is selected: the one to recover if the dialog is accepted."""
        return self.left[self._list.currentRow()]

    def _lay_out(self) -> None:
        how = "It opens as unsaved changes; the file that it belongs to stays as it is."
        if len(self.left) > 1:
            how += " The others are offered again at the next start."
        column = column_of(self)
        told = QLabel(how)
        told.setWordWrap(True)
        told.setAlignment(Qt.AlignmentFlag.AlignTop)
        for part in (heading("nnviz ended with unsaved work. Recover it?"), self._list, told, self._buttons):
            column.addWidget(part)
        column.setStretchFactor(told, 1)  # what its lines leave of the room that Qt gives them

    def _discard(self) -> None:
        """Ask whether to discard the selected leftover."""
        leftover, buttons = self.chosen, QMessageBox.StandardButton
        question = f"Discard {name_of(leftover)}, kept at {_when(leftover)}?"
        box = message_box(self, question, "Nothing brings it back.")
        for button in (buttons.Discard, buttons.Cancel):
            lettered(box.addButton(button))
        box.setDefaultButton(buttons.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.button(buttons.Discard).clicked.connect(
            partial(self._remove, leftover), Qt.ConnectionType.SingleShotConnection
        )
        box.open()  # a loop of its own would let another click in before it ends

    def _remove(self, leftover: Leftover) -> None:
        row = self.left.index(leftover)
        self.left.pop(row).discard()
        self._list.removeRow(row)
        if not self.left:
            self.reject()


class _List(QTableWidget):
    """When each was kept, what it is called, and what it holds."""

    def __init__(self, left: list[Leftover]) -> None:
        super().__init__(len(left), 3)
        self.setAccessibleName("Unsaved work")
        self.setHorizontalHeaderLabels(["Kept", "Name", "Holds"])
        for row, each in enumerate(left):
            where = str(each.original or name_of(each))
            for column, (text, tip) in enumerate(
                ((_when(each), _when(each)), (name_of(each), on_one_line(where)), (each.holds, each.holds))
            ):
                item = QTableWidgetItem(text)
                item.setToolTip(tip)
                self.setItem(row, column, item)
        self.setObjectName("rows")
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.selectRow(0)
        self._lay_out()

    def _lay_out(self) -> None:
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setFixedHeight(ROW_PX)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows = min(self.rowCount(), ROWS_SEEN)
        self.setFixedHeight((1 + rows) * ROW_PX + 2 * self.frameWidth())


def name_of(leftover: Leftover) -> str:
    """Return what a leftover is called: its file, or its title where it has none."""
    if leftover.original:
        return file_named(leftover.original)
    return f"{shortened(leftover.title, SHOWN)}, never saved"


def _when(leftover: Leftover) -> str:
    """Return "14:32:05 on 4 March", with the year where it is not this one, in English."""
    written = leftover.written
    day = QDate(written.year, written.month, written.day)
    shown = "d MMMM" if written.year == date.today().year else "d MMMM yyyy"
    return f"{written:%H:%M:%S} on {QLocale.c().toString(day, shown)}"
