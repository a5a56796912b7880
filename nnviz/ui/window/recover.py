"""The question after a crash, whether to recover the unsaved work that was left behind."""

from __future__ import annotations

from PySide6.QtWidgets import QMessageBox, QWidget

from nnviz.document.recovery import Leftover, Recovery
from nnviz.files.errors import FileError


def offer(window: QWidget, recovery: Recovery, left: list[Leftover]) -> str:
    """Ask about the latest leftover and return a sentence for the status line; others wait.

    Recover opens it as unsaved changes, Discard deletes it, Later keeps it.
    """
    if not left:
        return ""
    leftover = left[0]
    name = leftover.original.name if leftover.original else "a network that was never saved"
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("nnviz")
    box.setText(
        f"nnviz ended with unsaved changes to {name}, last kept at {leftover.written:%H:%M on %d %B}."
    )
    box.setInformativeText("Recover them? They open as unsaved changes; the file stays as it is.")
    recover = box.addButton("&Recover", QMessageBox.ButtonRole.AcceptRole)
    discard = box.addButton("&Discard", QMessageBox.ButtonRole.DestructiveRole)
    later = box.addButton("&Later", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(recover)
    box.setEscapeButton(later)
    box.exec()
    try:
        if box.clickedButton() is recover:
            recovery.recover(leftover)
            return f"Recovered the unsaved changes to {name}"
        if box.clickedButton() is discard:
            leftover.discard()
            return f"Discarded the unsaved changes to {name}"
    except FileError as error:
        return str(error)
    return ""
