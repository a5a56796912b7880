"""Message boxes, file dialogs, and the wait for slow files.

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
"""What Qt leaves before the text of a box without an icon."""


def message_box(window: QWidget | None, sentence: str, more: str = "") -> QMessageBox:
    """Return a box that says a sentence, and `more` below it; its buttons are for the caller to add."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, "nnviz", sentence, parent=window)
    box.setInformativeText(more)
    box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)  # a line to install, say
    layout = box.layout()
    assert isinstance(layout, QGridLayout)
    layout.setContentsMargins(20 - INDENT_PX, 20, 20, 16)
    layout.setHorizontalSpacing(0)
    layout.setColumnStretch(1, 1)
    buttons = box.findChild(QDialogButtonBox)
    assert buttons is not None
    buttons.setContentsMargins(INDENT_PX, 0, 0, 0)
    return box


def tell(window: QWidget, sentence: str) -> None:
    """Say a sentence in a box, until it is read."""
    box = message_box(window, sentence)
    box.setDefaultButton(primary(box.addButton(QMessageBox.StandardButton.Ok)))
    box.exec()


class AskText(QDialog):
    """Asks for one text, which `check` may refuse: it raises ValueError, and the dialog stays and says why.

    `does` stands on the button that accepts.
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
        self._field, told, self._refusal = QLineEdit(suggestion), QLabel(label), QLabel()
        told.setBuddy(self._field)
        self._field.setAccessibleName(label.replace("&", ""))
        self._field.selectAll()
        self._field.textEdited.connect(lambda _: self._refusal.hide())
        self._refusal.setObjectName("error")
        self._refusal.setWordWrap(True)
        self._refusal.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        primary(buttons.addButton(does, QDialogButtonBox.ButtonRole.AcceptRole))
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column = column_of(self)
        for part in (heading(title), told, self._field, self._refusal, buttons):
            column.addWidget(part)

    def asked(self) -> str | None:
        """Return what a person types, without blanks around it; None where it is cancelled."""
        chosen = bool(self.exec())
        self.deleteLater()
        return self._text if chosen else None

    def accept(self) -> None:
        """Close, unless the text is refused."""
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


def primary(button: QPushButton) -> QPushButton:
    """Return a button that is now its dialog's primary one, and pressed by Enter."""
    button.setObjectName("primary")
    button.style().polish(button)  # it may have been, by its former name
    button.setDefault(True)
    return button


def lettered(button: QPushButton) -> QPushButton:
    """Return one of Qt's buttons, which Alt and its first letter press now: on most platforms none does."""
    button.setText(f"&{button.text().replace('&', '')}")
    return button


def column_of(dialog: QDialog) -> QVBoxLayout:
    """Return the column in which a dialog's parts stand."""
    column = QVBoxLayout(dialog)
    column.setContentsMargins(20, 20, 20, 16)
    column.setSpacing(12)
    return column


def heading(text: str) -> QLabel:
    """Return the sentence at the head of a dialog or a card."""
    label = QLabel(text)
    label.setFont(ui_font(15, QFont.Weight.DemiBold))
    return label


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


def ask_where(
    window: QWidget, title: str, suggestion: Path, kinds: Mapping[str, Sequence[str]]
) -> Path | None:
    """Return the path that is chosen, or None. `kinds`: what a file may be called → its suffixes.

    The kind of the suggestion is chosen at first. A name without a suffix gets that of the chosen kind before
    the dialog asks whether a file that is there may be replaced.
    """
    suffixes = {filter_of(kind, ends): ends[0] for kind, ends in kinds.items()}
    dialog = FileDialog(window, title, str(suggestion.parent), ";;".join(suffixes))
    dialog.setAcceptMode(FileDialog.AcceptMode.AcceptSave)
    dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(suffixes[chosen]))
    own = [filter_of(kind, ends) for kind, ends in kinds.items() if suggestion.suffix.lower() in ends]
    dialog.selectNameFilter((own or list(suffixes))[0])
    dialog.setDefaultSuffix(suffixes[dialog.selectedNameFilter()])
    dialog.selectFile(suggestion.name)
    return dialog.ask()


def filter_of(what: str, ends: Sequence[str]) -> str:
    """Return how a file dialog is told to show files of these suffixes alone."""
    return f"{what} ({' '.join(f'*{end}' for end in ends)})"


def file_name(title: str) -> str:
    """Return a title as the name of a file: "bank-transactions"."""
    words = "".join(letter if letter.isalnum() else " " for letter in title).split()
    return "-".join(words).lower()


def unused(path: Path) -> Path:
    """Return a path, or where it is taken the next one with a number behind its name, of no file yet."""
    numbers = itertools.count(2)
    free = path
    while os.path.lexists(free):
        free = path.with_stem(f"{path.stem}-{next(numbers)}")
    return free


WAIT_S = 0.5
LOOK_S = 0.03
"""Between two looks at what a person does: the window stays alive, and the work hardly slower."""


class Waiting:
    """What long work tells its progress to. Raises CancelledError once the person has pressed Cancel.

    As a context: the dialog is gone at its end.
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
        """Show that this part is done, and let the window live for a moment."""
        if time.monotonic() < self._next:
            return
        dialog = self._dialog = self._dialog or self._shown()
        dialog.setMaximum(100 if part else 0)  # while nothing has come, nobody knows how far it is
        dialog.setValue(int(100 * part))
        QApplication.processEvents()
        self._next = time.monotonic() + LOOK_S
        if dialog.wasCanceled():
            raise CancelledError

    def _shown(self) -> QProgressDialog:
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
