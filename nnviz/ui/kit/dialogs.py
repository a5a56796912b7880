"""What all dialogs share: room around their parts, a heading, one primary button; and the box that asks.

A box has no icon: the system's are of other colours than the theme.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.ui.widgets.announce import announce
from nnviz.ui.widgets.theme import ui_font

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
