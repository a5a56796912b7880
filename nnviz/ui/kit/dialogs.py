"""Message boxes, file dialogs, and progress dialogs.

A box has no icon, because the system's icons do not match the theme's colours.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QLineEdit,
    QListView,
    QMessageBox,
    QProgressBar,
    QProgressDialog,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.files.errors import CancelledError
from nnviz.ui.kit.controls import announce
from nnviz.ui.kit.theme import ui_font

INDENT_PX = 15
"""Space that Qt leaves before the text of a message box without an icon, in pixels."""


def message_box(window: QWidget | None, sentence: str, more: str = "") -> QMessageBox:
    """Return a box that shows `sentence`, and `more` below the sentence. The caller adds the buttons."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, "nnviz", sentence, parent=window)
    box.setInformativeText(more)
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


def show_message(window: QWidget, sentence: str) -> None:
    """Show a sentence in a box until the person closes it."""
    box = message_box(window, sentence)
    box.setDefaultButton(make_primary(box.addButton(QMessageBox.StandardButton.Ok)))
    box.exec()


class AskText(QDialog):
    """A dialog that asks for one text.

    `check` raises ValueError to reject the text: the dialog then stays open and shows the error. `does` is
    the text of the button that accepts the text.
    """

    def __init__(
        self,
        window: QWidget | None,
        title: str,
        label: str,
        suggestion: str,
        does: str,
        check: Callable[[str], object],
    ) -> None:
        super().__init__(window)
        self._check = check
        self.setWindowTitle(title)
        self.setMinimumWidth(360)
        self._field, caption, self._refusal = QLineEdit(suggestion), QLabel(label), QLabel()
        caption.setBuddy(self._field)
        self._field.setAccessibleName(label.replace("&", ""))
        self._field.selectAll()
        self._field.textEdited.connect(lambda _: self._refusal.hide())
        self._refusal.setObjectName("error")
        self._refusal.setWordWrap(True)
        self._refusal.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        make_primary(buttons.addButton(does, QDialogButtonBox.ButtonRole.AcceptRole))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = dialog_column(self)
        for part in (heading(title), caption, self._field, self._refusal, buttons):
            column.addWidget(part)

    def ask(self) -> str | None:
        """Show the dialog; return the text without surrounding blanks, or None if the person cancels."""
        accepted = bool(self.exec())
        self.deleteLater()
        return self._text if accepted else None

    def accept(self) -> None:
        """Close the dialog, unless `check` rejects the text."""
        try:
            self._check(self._text)
        except ValueError as error:
            self._refusal.setText(str(error))
            self._refusal.show()
            announce(self._refusal, str(error))
        else:
            super().accept()

    @property
    def _text(self) -> str:
        return self._field.text().strip()


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


def dialog_column(dialog: QDialog) -> QVBoxLayout:
    """Set and return a vertical layout for the parts of a dialog."""
    column = QVBoxLayout(dialog)
    column.setContentsMargins(20, 20, 20, 16)
    column.setSpacing(12)
    return column


def heading(text: str) -> QLabel:
    """Return a label for the heading of a dialog."""
    label = QLabel(text)
    label.setFont(ui_font(15, QFont.Weight.DemiBold))
    return label


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


def ask_save_path(
    window: QWidget, title: str, suggestion: Path, kinds: Mapping[str, Sequence[str]]
) -> Path | None:
    """Ask for a path to save to. Return the path, or None if the person cancels.

    `kinds` maps the name of a file type to its suffixes. At first, the type of `suggestion` is chosen. A
    name without a suffix gets the suffix of the chosen type. After that, the dialog asks whether to replace
    an existing file.
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
    numbers = itertools.count(2)
    free = path
    while os.path.lexists(free):
        free = path.with_stem(f"{path.stem}-{next(numbers)}")
    return free


WAIT_S = 0.5
"""Time before a progress dialog appears, in seconds."""
UPDATE_S = 0.03
"""Time between two updates of a progress dialog, in seconds. Updates are rare enough to cost little."""


class ProgressDialog:
    """A progress callback for long work. It raises CancelledError after the person has pressed Cancel.

    Use the object as a context manager, which closes the dialog at the end.
    """

    def __init__(self, window: QWidget, what: str) -> None:
        self._window, self._what = window, what
        self._dialog: QProgressDialog | None = None
        self._next = time.monotonic() + WAIT_S

    def __enter__(self) -> Self:
        return self

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
        dialog = QProgressDialog(self._what, "Cancel", 0, 100, self._window)
        dialog.setWindowTitle("nnviz")
        dialog.setMinimumWidth(320)
        bar = QProgressBar()
        bar.setTextVisible(False)
        bar.setMaximumHeight(6)
        bar.setAccessibleName(self._what)
        dialog.setBar(bar)
        dialog.setWindowModality(Qt.WindowModality.WindowModal)
        dialog.setAutoReset(False)
        dialog.setAutoClose(False)
        dialog.show()
        return dialog
