"""The question whose version counts where another program has changed the file that is open."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtWidgets import QAbstractButton, QMessageBox, QWidget

from nnviz.files.on_disk import KEPT
from nnviz.ui.widgets.dialogs import lettered, message_box


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
