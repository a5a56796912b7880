"""The questions what to do where a kind of file cannot hold everything, or nothing."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget

from nnviz.ui.widgets.dialogs import lettered, message_box, primary


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
