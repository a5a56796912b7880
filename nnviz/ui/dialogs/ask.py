"""Questions in a dialog: activations, JSON, unsaved changes, recovery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from enum import Enum, auto
from functools import partial

from PySide6.QtCore import QDate, QLocale, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHeaderView,
    QLabel,
    QMessageBox,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.address import column_title
from nnviz.core.numbers import SHOWN, counted, file_named, on_one_line, shortened
from nnviz.document.autosave import Leftover
from nnviz.document.document import Document
from nnviz.files.on_disk import KEPT
from nnviz.ui.kit.controls import Choice
from nnviz.ui.kit.dialogs import column_of, heading, lettered, message_box, primary

MOST = 30
"""Of more layers, the hidden ones are asked about together."""
SEEN = 8
"""So many layers are seen at once; the others are scrolled to."""


class AskActivations(QDialog):
    """Offers a choice for each layer; `answer` is what is chosen.

    `sizes` are the network's, inputs first, and `proposal` names an activation for each layer.
    """

    def __init__(self, window: QWidget, name: str, sizes: Sequence[int], proposal: Sequence[str]) -> None:
        super().__init__(window)
        self.setWindowTitle("nnviz")
        self.setMinimumWidth(380)
        each = len(proposal) <= MOST
        hidden = map(_offering, proposal[:-1]) if each else [_offering(proposal[0])] * (len(proposal) - 1)
        self._choices = [*hidden, _offering(proposal[-1])]
        told = QLabel(
            f"The file holds the weights of a network with {counted(sizes[0], 'input')}, not its "
            "activations. They can be changed later, under the headings."
        )
        told.setWordWrap(True)
        told.setObjectName("muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        primary(buttons.addButton("&Open", QDialogButtonBox.ButtonRole.AcceptRole))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = column_of(self)
        for part in (heading(f"Which activations does {name} have?"), told, self._layers(sizes), buttons):
            column.addWidget(part)

    @property
    def answer(self) -> tuple[str, ...]:
        """An activation for each layer."""
        return tuple(choice.currentText() for choice in self._choices)

    def _layers(self, sizes: Sequence[int]) -> QWidget:
        """Return a row for each layer, and one for all hidden ones where there are several."""
        rows, count = QWidget(), len(self._choices)
        form = QFormLayout(rows)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        if count > MOST:
            form.addRow(f"&All {count - 1} hidden layers", self._choices[0])
        elif count > 2:
            every = _offering(self._choices[0].currentText())
            every.currentTextChanged.connect(self._choose)
            form.addRow("&All hidden layers", every)
        for k in range(count - 1 if count > MOST else 0, count):
            title = f"{column_title(k + 1, count)}, {counted(sizes[k + 1], 'node')}"
            self._choices[k].setAccessibleName(title)
            form.addRow(title, self._choices[k])
        if form.rowCount() <= SEEN + 1:
            return rows
        area = QScrollArea()
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(rows)
        area.setMinimumHeight(SEEN * form.sizeHint().height() // form.rowCount())
        return area

    def _choose(self, name: str) -> None:
        for choice in self._choices[:-1]:
            choice.setCurrentText(name)


def _offering(proposed: str) -> Choice:
    choice = Choice()
    choice.addItems(list(dict.fromkeys((*ACTIVATIONS, proposed))))
    choice.setCurrentText(proposed)
    return choice


class Instead(Enum):
    """What a person chooses."""

    JSON = auto()
    ELSEWHERE = auto()
    ANYWAY = auto()
    NOTHING = auto()


def ask_part(window: QWidget, why: str, more: str) -> bool:
    """Say why nnviz's own file cannot hold everything, and ask whether it is to be saved."""
    box = message_box(window, why, more)
    save = primary(lettered(box.addButton(QMessageBox.StandardButton.Save)))
    box.setDefaultButton(save)
    lettered(box.addButton(QMessageBox.StandardButton.Cancel))
    box.exec()
    return box.clickedButton() is save


def ask_json(window: QWidget, why: str, more: str, *, part: bool) -> Instead:
    """Say why, offer nnviz's own file, and where a `part` can be held, to write that anyway."""
    box = message_box(window, why, more)
    own = box.addButton("&Save as nnviz JSON", QMessageBox.ButtonRole.AcceptRole)
    buttons: dict[QAbstractButton, Instead] = {
        own: Instead.JSON,
        box.addButton("Save &elsewhere…", QMessageBox.ButtonRole.ActionRole): Instead.ELSEWHERE,
    }
    if part:
        anyway = box.addButton("&Write it anyway", QMessageBox.ButtonRole.DestructiveRole)
        buttons[anyway] = Instead.ANYWAY
    lettered(box.addButton(QMessageBox.StandardButton.Cancel))
    box.setDefaultButton(primary(own))
    box.exec()
    return buttons.get(box.clickedButton(), Instead.NOTHING)


def ask_leave(window: QWidget, document: Document, left_out: str) -> QMessageBox.StandardButton:
    """Ask whether to save; `left_out` says what a file that holds the rest of the State leaves out, or ""."""
    buttons = QMessageBox.StandardButton
    box = message_box(window, *_told(document, left_out))
    box.setDefaultButton(primary(lettered(box.addButton(buttons.Save))))
    for button in (buttons.Discard, buttons.Cancel):
        lettered(box.addButton(button))
    return buttons(box.exec())


def _told(document: Document, left_out: str) -> tuple[str, str]:
    title, state = shortened(document.title, SHOWN), document.state
    lost = "What is not saved is lost."
    if left_out:
        return f"Save all of {title}?", f"{left_out}. {lost}"
    if state.run and state.run.watched:
        made = counted(state.iteration, "update")
        return "Save the trained network?", f"{title}: {made}. What neither you nor the script saves is lost."
    done = shortened(document.last_done(), 2 * SHOWN)
    return f"Save the changes to {title}?", f"{done}. {lost}" if done else lost


class Whose(Enum):
    """What a person chooses; LATER is no choice."""

    MINE = auto()
    THEIRS = auto()
    ELSEWHERE = auto()
    LATER = auto()


def ask_whose(window: QWidget, name: str) -> Whose:
    """Ask whose version of the file `name` counts; whatever is chosen, nothing is lost."""
    question = f"{name} was changed by another program or window since it was opened or saved here."
    box = message_box(
        window,
        question,
        f"Keep mine: the next save replaces theirs, which stays as {name}{KEPT}. "
        "Take theirs: it is shown, and Undo brings yours back.",
    )
    buttons: dict[QAbstractButton, Whose] = {
        box.addButton("&Keep mine", QMessageBox.ButtonRole.AcceptRole): Whose.MINE,
        box.addButton("&Take theirs", QMessageBox.ButtonRole.AcceptRole): Whose.THEIRS,
        box.addButton("Save &as…", QMessageBox.ButtonRole.ActionRole): Whose.ELSEWHERE,
        lettered(box.addButton(QMessageBox.StandardButton.Cancel)): Whose.LATER,
    }
    box.exec()
    return buttons.get(box.clickedButton(), Whose.LATER)


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
