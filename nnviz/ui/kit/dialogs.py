"""Message boxes, file dialogs, and progress dialogs.

A box has no icon, because the system's icons do not match the theme's colours.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TypeAlias

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QListView,
    QMessageBox,
    QProgressBar,
    QProgressDialog,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from nnviz.core.numbers import file_label
from nnviz.files.errors import CancelledError, FileError, Progress
from nnviz.ui.kit.controls import announce, fill_box, named, wrapped_label
from nnviz.ui.kit.desk import Desk
from nnviz.ui.kit.number_field import Notation, NumberField
from nnviz.ui.kit.theme import ui_font

INDENT_PX = 15
"""Space that Qt leaves before the text of a message box without an icon, in pixels."""
BUTTON, ROLE = QMessageBox.StandardButton, QMessageBox.ButtonRole
Answer: TypeAlias = QMessageBox.StandardButton | tuple[str, QMessageBox.ButtonRole]
"""A button of a message box: one of Qt's standard buttons, or the text and the role of another button."""


def message_box(window: QWidget | None, sentence: str, more: str = "") -> QMessageBox:
    """Return a box that shows `sentence`, and `more` below the sentence. The caller adds the buttons."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, "nnviz", sentence, parent=window, informativeText=more)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)  # to copy a command
    layout = box.layout()
    assert isinstance(layout, QGridLayout)
    layout.setContentsMargins(20 - INDENT_PX, 20, 20, 16)
    layout.setHorizontalSpacing(0)
    layout.setColumnStretch(1, 1)
    buttons = box.findChild(QDialogButtonBox)
    assert buttons is not None
    buttons.setContentsMargins(INDENT_PX, 0, 0, 0)
    return box


def ask(
    window: QWidget | None, sentence: str, more: str, answers: Sequence[Answer], *, has_primary: bool = True
) -> Answer | None:
    """Show a box with a button for each answer, and return the answer. None: the program has closed the box.

    The first answer is the primary button, unless `has_primary` is false.
    """
    box = message_box(window, sentence, more)
    buttons: dict[QAbstractButton, Answer] = {}
    for answer in answers:
        button = box.addButton(*answer) if isinstance(answer, tuple) else add_mnemonic(box.addButton(answer))
        if has_primary and not buttons:
            box.setDefaultButton(make_primary(button))
        buttons[button] = answer
    box.exec()
    box.deleteLater()
    return buttons.get(box.clickedButton())


def show_message(window: QWidget, sentence: str) -> None:
    """Show a sentence in a box until the person closes it."""
    ask(window, sentence, "", [BUTTON.Ok])


class Dialog(QDialog):
    """A dialog of several parts, one below the other. Its last row has the buttons Cancel and `does`.

    `does` says what the dialog does when the person accepts it, for example "&Create". `width` is the least
    width in pixels.
    """

    def __init__(self, window: QWidget | None, title: str, does: str, width: int = 0) -> None:
        super().__init__(window)
        self.setWindowTitle(title)
        self.setMinimumWidth(width)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        accept = self._buttons.addButton(does, QDialogButtonBox.ButtonRole.AcceptRole)
        self._accept_button = make_primary(accept)
        self._refusal = wrapped_label("", "error")
        self._refusal.hide()
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)

    def _lay_out(self, *parts: QWidget | QLayout) -> QVBoxLayout:
        """Put the parts one below the other, and the buttons below them. Return the column."""
        return dialog_column(self, *parts, self._refusal, self._buttons)

    def _number(self, notation: Notation) -> NumberField:
        """Return a new field. Enter accepts the dialog, and the dialog says why a text is refused."""
        field = NumberField(notation)
        field.refused.connect(partial(show_text, self._refusal))
        field.confirmed.connect(self._accept_button.click)
        return field

    def _check(self) -> None:
        """Raise ValueError, with the reason, if the dialog cannot accept the answers."""

    def _show_refusal(self) -> str:
        """Show why the dialog cannot accept the answers. Return the reason, or "" if it can."""
        reason = ""
        try:
            self._check()
        except ValueError as error:
            reason = str(error)
        show_text(self._refusal, reason)
        return reason

    def accept(self) -> None:
        """Close the dialog if the numbers in all number fields and the other answers are valid."""
        if not all(field.commit() for field in self.findChildren(NumberField)):
            return
        if reason := self._show_refusal():
            announce(self._refusal, reason)
        else:
            super().accept()

    def is_accepted(self) -> bool:
        """Show the dialog until the person closes it. Return whether the person accepts.

        Qt deletes the dialog at the next event, so read the answers at once.
        """
        accepted = bool(self.exec())
        self.setParent(None)  # otherwise Python keeps the dialog after Qt has deleted it
        self.deleteLater()
        return accepted


Check: TypeAlias = Callable[[str], object]
"""Function that raises ValueError, with the reason, to reject a text."""


class AskText(Dialog):
    """A dialog that asks for one text. If `check` rejects the text, the dialog stays open and says why.

    `does` is the text of the button that accepts the text.
    """

    def __init__(
        self, window: QWidget | None, title: str, label: str, suggestion: str, does: str, check: Check
    ) -> None:
        super().__init__(window, title, does, width=360)
        self._check_text = check
        self._field, caption = named(QLineEdit(suggestion), label.replace("&", "")), QLabel(label)
        caption.setBuddy(self._field)
        self._field.selectAll()
        self._field.textEdited.connect(lambda _: self._refusal.hide())
        self._lay_out(heading(title), caption, self._field)

    def ask(self) -> str | None:
        """Show the dialog; return the text without surrounding blanks, or None if the person cancels."""
        return self._text if self.is_accepted() else None

    def _check(self) -> None:
        self._check_text(self._text)

    @property
    def _text(self) -> str:
        return self._field.text().strip()


def ask_parameters(
    window: QWidget | None, what: str, name: str, meaning: str, example: str, check: Check
) -> str:
    """Ask for the parameters of an entry, for example of the `what` "Loss" with the `name` "huber".

    `meaning` says what the parameters mean. Return the name with the parameters in brackets, for which
    `check` does not raise ValueError, or "" if the person cancels.
    """
    label = f"{meaning[0].upper()}{meaning[1:]}"
    dialog = AskText(window, f"{what} {name}", label, example, "&Use", lambda text: check(f"{name}({text})"))
    text = dialog.ask()
    return f"{name}({text})" if text else ""


def make_primary(button: QPushButton) -> QPushButton:
    """Make a button the primary button of its dialog, which Enter presses. Return the button."""
    button.setObjectName("primary")
    button.style().polish(button)  # its style depends on the object name
    button.setDefault(True)
    return button


def add_mnemonic(button: QPushButton) -> QPushButton:
    """Make the first letter of a standard button its mnemonic, which Alt activates. Return the button.

    Qt itself does so on few platforms.
    """
    button.setText(f"&{button.text().replace('&', '')}")
    return button


def dialog_column(dialog: QDialog, *parts: QWidget | QLayout) -> QVBoxLayout:
    """Lay out the parts of a dialog, one below the other. Return the layout."""
    return fill_box(QVBoxLayout(dialog), 12, *parts, margins=(20, 20, 20, 16))


def heading(text: str) -> QLabel:
    """Return a label for the heading of a dialog."""
    label = QLabel(text)
    label.setFont(ui_font(15, QFont.Weight.DemiBold))
    return label


def form(*rows: tuple[str, QWidget]) -> QFormLayout:
    """Return a layout with a row for each (label, field); the label also names the field."""
    layout = QFormLayout(horizontalSpacing=16, verticalSpacing=8)
    for label, field in rows:
        layout.addRow(label, field)
        field.setAccessibleName(label.replace("&", ""))
    return layout


def beside(left: QWidget, right: QLayout) -> QHBoxLayout:
    """Return a layout with a list at the left of the parts that belong to its current row."""
    layout = fill_box(QHBoxLayout(), 16, left, right)
    layout.setStretchFactor(right, 1)
    return layout


def show_text(label: QLabel, text: str) -> None:
    """Show a text in a label, or hide the label if the text is ""."""
    label.setText(text)
    label.setVisible(bool(text))


def add_labelled(grid: QGridLayout, text: str, field: QWidget) -> QLabel:
    """Add a field at the right of the other fields in a grid, below its label `text`. Return the label."""
    label, column = QLabel(text), grid.count() // 2
    label.setBuddy(field)
    field.setAccessibleName(text.replace("&", ""))
    grid.addWidget(label, 0, column)
    grid.addWidget(field, 1, column)
    return label


ROW_PX = 30
"""Height of a row of a list, in pixels."""


class ListTable(QTableWidget):
    """A list with several columns, whose rows the person selects. The tab key leaves the list."""

    def __init__(self, name: str, headers: Sequence[str], rows: int = 0) -> None:
        super().__init__(rows, len(headers))
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(name)
        self.setObjectName("rows")
        self.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.setHorizontalHeaderLabels(headers)
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        header = self.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)

    def show_cell(self, row: int, column: int, text: str, tip: str) -> QTableWidgetItem:
        """Show a text in a cell, with a tooltip. Return the new item."""
        item = QTableWidgetItem(text)
        item.setToolTip(tip)
        self.setItem(row, column, item)
        return item


class FileDialog(QFileDialog):
    """Qt's file dialog, corrected to accept a path that is typed in full.

    While a person types, Qt selects each folder of the path, even if the dialog does not list the folder.
    Enter would then open the last folder and ignore the path.
    """

    def ask(self) -> Path | None:
        """Show the dialog, then delete it; return the chosen path, or None if the person cancels."""
        paths = self.selectedFiles() if self.exec() else []
        self.deleteLater()
        return Path(paths[0]) if paths else None

    def accept(self) -> None:
        """Accept the selection in the visible list, or else the typed path."""
        if view := self.findChild(QListView, "listView"):  # a desktop's dialog has none
            selection = view.selectionModel()
            deselect = QItemSelectionModel.SelectionFlag.Deselect | QItemSelectionModel.SelectionFlag.Rows
            for index in selection.selectedRows():
                if index.parent() != view.rootIndex():
                    selection.select(index, deselect)
        super().accept()


Kinds: TypeAlias = Mapping[str, Sequence[str]]
"""The suffixes of each file type, by the name of the type."""


def ask_save_path(window: QWidget, title: str, suggestion: Path, kinds: Kinds) -> Path | None:
    """Ask for a path to save to. Return the path, or None if the person cancels.

    At first, the type of `suggestion` is chosen. A name without a suffix gets the suffix of the chosen type.
    After that, the dialog asks whether to replace an existing file.
    """
    suffixes = {name_filter(kind, ends): ends[0] for kind, ends in kinds.items()}
    dialog = FileDialog(window, title, str(suggestion.parent), ";;".join(suffixes))
    dialog.setAcceptMode(FileDialog.AcceptMode.AcceptSave)
    dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(suffixes[chosen]))
    matches = [name_filter(kind, ends) for kind, ends in kinds.items() if suggestion.suffix.lower() in ends]
    dialog.selectNameFilter((matches or list(suffixes))[0])
    dialog.setDefaultSuffix(suffixes[dialog.selectedNameFilter()])
    dialog.selectFile(suggestion.name)
    return dialog.ask()


def name_filter(what: str, ends: Sequence[str]) -> str:
    """Return a file dialog's filter for these suffixes, for example "Networks (*.json)"."""
    return f"{what} ({' '.join(f'*{end}' for end in ends)})"


def file_name(title: str) -> str:
    """Return a title as a file name without suffix, for example "bank-transactions"."""
    words = "".join(letter if letter.isalnum() else " " for letter in title).split()
    return "-".join(words).lower()


def unused_path(path: Path) -> Path:
    """Return `path`, or if `path` exists, the first unused path with a number: "rows-2.csv", "rows-3.csv"."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in itertools.count(2))
    return next(each for each in itertools.chain((path,), numbered) if not os.path.lexists(each))


WAIT_S = 0.5
"""Time before a progress dialog appears, in seconds."""
UPDATE_S = 0.03
"""Time between two updates of a progress dialog, in seconds. Updates are rare enough to cost little."""


class ProgressDialog(AbstractContextManager["ProgressDialog"]):
    """A progress callback for long work. It raises CancelledError after the person has pressed Cancel.

    Use the object as a context manager, which closes the dialog at the end.
    """

    def __init__(self, window: QWidget, what: str) -> None:
        self._window, self._what = window, what
        self._dialog: QProgressDialog | None = None
        self._next = time.monotonic() + WAIT_S

    def __exit__(self, *_error: object) -> None:
        if self._dialog is not None:
            self._dialog.hide()
            self._dialog.deleteLater()

    def __call__(self, part: float) -> None:
        """Show the progress, a share from 0 to 1, and process the window's events."""
        if time.monotonic() < self._next:
            return
        dialog = self._dialog = self._dialog or self._open()
        dialog.setMaximum(100 if part else 0)  # 0: the progress is unknown
        dialog.setValue(int(100 * part))
        QApplication.processEvents()
        self._next = time.monotonic() + UPDATE_S
        if dialog.wasCanceled():
            raise CancelledError

    def _open(self) -> QProgressDialog:
        dialog = QProgressDialog(self._what, "Cancel", 0, 100, self._window, autoReset=False, autoClose=False)
        dialog.setWindowTitle("nnviz")
        dialog.setMinimumWidth(320)
        dialog.setBar(bar := named(QProgressBar(textVisible=False), self._what))
        bar.setMaximumHeight(6)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.show()
        return dialog


Write: TypeAlias = Callable[[Path, Progress], str]
"""Function that writes a file, and returns a sentence that says what it has written. Raises FileError."""


def export(window: QWidget, desk: Desk, title: str, end: str, kinds: Kinds, write: Write) -> None:
    """Ask for a path as `ask_save_path` does, and call `write`. Say what was written, or why nothing was.

    The suggested name ends in `end`.
    """
    if (path := ask_save_path(window, title, desk.suggestion(end), kinds)) is None:
        return
    name = file_label(path)
    try:
        with ProgressDialog(window, f"Exporting {name}") as progress:
            done = write(path, progress)
        desk.message.emit(done)
    except CancelledError:
        desk.message.emit(f"Export cancelled: {name} was not written")
    except FileError as error:
        desk.message.emit(str(error))
        show_message(window, str(error))
