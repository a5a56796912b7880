"""What all dialogs share: room around their parts, a heading, one primary button; and the box that asks.

A box has no icon: the system's are of other colours than the theme.
"""

from __future__ import annotations

from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from nnviz.ui.widgets.theme import ui_font


def message_box(window: QWidget, sentence: str, more: str = "") -> QMessageBox:
    """Return a box that says a sentence, and `more` below it; its buttons are for the caller to add."""
    box = QMessageBox(QMessageBox.Icon.NoIcon, "nnviz", sentence, parent=window)
    box.setInformativeText(more)
    if layout := box.layout():
        layout.setContentsMargins(0, 20, 20, 16)  # Qt leaves 20 before a text without an icon
    return box


def ask_text(window: QWidget | None, title: str, label: str, suggestion: str, does: str) -> str | None:
    """Return what a person types, without blanks around it; None where it is cancelled.

    `does` stands on the button that accepts.
    """
    dialog = QDialog(window)
    dialog.setWindowTitle(title)
    dialog.setMinimumWidth(360)
    field, told = QLineEdit(suggestion), QLabel(label)
    told.setBuddy(field)
    field.setAccessibleName(label.replace("&", ""))
    field.selectAll()
    buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    primary(buttons.addButton(does, QDialogButtonBox.ButtonRole.AcceptRole))
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    column = column_of(dialog)
    for part in (heading(title), told, field, buttons):
        column.addWidget(part)
    chosen = bool(dialog.exec())
    dialog.deleteLater()
    return field.text().strip() if chosen else None


def primary(button: QPushButton) -> QPushButton:
    """Return a button that is now its dialog's primary one, and pressed by Enter."""
    button.setObjectName("primary")
    button.style().polish(button)  # it may have been, by its former name
    button.setDefault(True)
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
