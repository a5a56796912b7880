"""Questions in a dialog: activations, JSON, unsaved changes, recovery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from PySide6.QtCore import QDate, QLocale, Qt
from PySide6.QtWidgets import QAbstractItemView, QDialogButtonBox, QHeaderView, QWidget

from nnviz.core.activations import ACTIVATIONS
from nnviz.core.numbers import SHORT_LETTERS, counted, file_label, one_line, shortened
from nnviz.document.autosave import WorkCopy
from nnviz.document.document import Document
from nnviz.files.on_disk import BACKUP_SUFFIX
from nnviz.ui.kit.controls import ComboBox, wrapped_label
from nnviz.ui.kit.dialogs import (
    BUTTON,
    ROLE,
    ROW_PX,
    Answer,
    Dialog,
    ListTable,
    add_mnemonic,
    ask,
    form,
    heading,
    message_box,
)


class AskActivations(Dialog):
    """Asks for the activation of the hidden layers and of the output; `activations` holds the answer.

    `sizes` are the network's layer sizes, inputs first. `proposal` names an activation for each layer.
    """

    def __init__(self, window: QWidget, name: str, sizes: Sequence[int], proposal: Sequence[str]) -> None:
        super().__init__(window, "nnviz", "&Open", width=380)
        self._count = len(proposal) - 1
        words = wrapped_label(
            f"The file holds the weights of a network with {counted(sizes[0], 'input')}, but no "
            "activations. You can change each layer's activation later, under the headings of the diagram."
        )
        self._hidden, self._output = _choice(proposal[0]), _choice(proposal[-1])
        hidden = "&Hidden layers" if self._count > 1 else "&Hidden layer", self._hidden
        output = f"&Prediction, {counted(sizes[-1], 'node')}", self._output
        fields = form(hidden, output) if self._count else form(output)
        self._lay_out(heading(f"Which activations does {name} have?"), words, fields)

    @property
    def activations(self) -> tuple[str, ...]:
        """The chosen activation of each layer."""
        return (self._hidden.currentText(),) * self._count + (self._output.currentText(),)


def _choice(proposed: str) -> ComboBox:
    return ComboBox(dict.fromkeys((*ACTIVATIONS, proposed)), proposed)


SAVE_JSON = "&Save as nnviz JSON", ROLE.AcceptRole
SAVE_ELSEWHERE = "Save &elsewhere…", ROLE.ActionRole
SAVE_ANYWAY = "Save an&yway", ROLE.DestructiveRole


def leave_question(document: Document) -> tuple[str, str]:
    """Return the question whether to save, and the explanation below it."""
    title, state = shortened(document.title), document.state
    lost = "Unsaved changes will be lost."
    if state.run and state.run.watched:
        count = f"{title}: {counted(state.iteration, 'update')}"
        return "Save the trained network?", f"{count}. The network is lost unless you or the script saves it."
    change = shortened(document.last_done(), 2 * SHORT_LETTERS)
    return f"Save the changes to {title}?", f"{change}. {lost}" if change else lost


KEEP_MINE = "&Keep mine", ROLE.AcceptRole
TAKE_THEIRS = "&Take theirs", ROLE.AcceptRole
SAVE_AS = "Save &as…", ROLE.ActionRole


def ask_version(window: QWidget, name: str) -> Answer | None:
    """Ask whose version of the file `name` to keep: KEEP_MINE, TAKE_THEIRS, SAVE_AS, or Cancel for later.

    nnviz loses no version, whatever the answer is.
    """
    question = f"Another program or window changed {name} after this window opened or saved it."
    more = (
        f"Keep mine: your next save replaces their version; {name}{BACKUP_SUFFIX} keeps a copy "
        "of their version. Take theirs: nnviz shows their version, and Undo brings your version back."
    )
    return ask(window, question, more, [KEEP_MINE, TAKE_THEIRS, SAVE_AS, BUTTON.Cancel], has_primary=False)


WIDTH_PX = 700
VISIBLE_ROWS = 8
"""Number of rows that the list of autosaved work shows without scrolling."""


class RecoverDialog(Dialog):
    """Lists autosaved work to recover or discard; `copies` holds the work that is not discarded yet."""

    def __init__(self, window: QWidget, left: list[WorkCopy]) -> None:
        super().__init__(window, "nnviz", "&Recover")
        self.copies = left
        self.setFixedWidth(WIDTH_PX)
        self._list = _List(left)
        self._list.doubleClicked.connect(self.accept)
        discard = self._buttons.addButton("&Discard", QDialogButtonBox.ButtonRole.DestructiveRole)
        discard.clicked.connect(self._discard)
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText("&Later")
        how = "nnviz opens the selected work as unsaved changes. The saved file stays unchanged."
        if len(left) > 1:
            how += " nnviz offers the rest of the list again at the next start."
        words = wrapped_label(how, "")
        column = self._lay_out(heading("nnviz ended with unsaved work. Recover it?"), self._list, words)
        column.setStretchFactor(words, 1)  # takes the room that Qt adds below its lines

    @property
    def chosen(self) -> WorkCopy:
        """The selected autosaved work. The caller recovers this work if the user accepts the dialog."""
        return self.copies[self._list.currentRow()]

    def _discard(self) -> None:
        """Ask whether to discard the selected leftover."""
        leftover = self.chosen
        question = f"Discard {leftover_name(leftover)}, autosaved at {_when(leftover)}?"
        box = message_box(self, question, "Discarded work cannot be restored.")
        for button in (BUTTON.Discard, BUTTON.Cancel):
            add_mnemonic(box.addButton(button))
        box.setDefaultButton(BUTTON.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        once = Qt.ConnectionType.SingleShotConnection
        box.button(BUTTON.Discard).clicked.connect(partial(self._remove, leftover), once)
        box.open()  # exec() would let another click through before it returns

    def _remove(self, leftover: WorkCopy) -> None:
        row = self.copies.index(leftover)
        self.copies.pop(row).discard()
        self._list.removeRow(row)
        if not self.copies:
            self.reject()


class _List(ListTable):
    """The time, the name and the contents of each leftover."""

    def __init__(self, left: list[WorkCopy]) -> None:
        super().__init__("Unsaved work", ["Autosaved", "Name", "Contents"], len(left))
        for row, work in enumerate(left):
            name, when, content = leftover_name(work), _when(work), work.about.content
            where = one_line(str(work.about.original or name))
            for column, (text, tip) in enumerate(((when, when), (name, where), (content, content))):
                self.show_cell(row, column, text, tip)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.selectRow(0)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setFixedHeight(ROW_PX)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFixedHeight((1 + min(len(left), VISIBLE_ROWS)) * ROW_PX + 2 * self.frameWidth())


def leftover_name(leftover: WorkCopy) -> str:
    """Return the file name of autosaved work, or its title if the work was never saved."""
    about = leftover.about
    return file_label(about.original) if about.original else f"{shortened(about.title)}, never saved"


def _when(leftover: WorkCopy) -> str:
    """Return the time as "14:32:05 on 4 March", in English, with the year unless it is this year."""
    written = leftover.written
    day = QDate(written.year, written.month, written.day)
    date_format = "d MMMM" if written.year == date.today().year else "d MMMM yyyy"
    return f"{written:%H:%M:%S} on {QLocale.c().toString(day, date_format)}"
