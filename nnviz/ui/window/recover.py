"""The question after a crash, whether to recover the unsaved work that was left behind."""

from __future__ import annotations

from pathlib import Path

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
    what, how = _told(leftover.original)
    question = f"nnviz ended with {what}, last kept at {leftover.written:%H:%M on %d %B}."
    box = QMessageBox(QMessageBox.Icon.Question, "nnviz", question, parent=window)
    box.setInformativeText(how)
    recover = box.addButton("&Recover", QMessageBox.ButtonRole.AcceptRole)
    discard = box.addButton("&Discard", QMessageBox.ButtonRole.DestructiveRole)
    later = box.addButton("&Later", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(recover)
    box.setEscapeButton(later)
    box.exec()
    try:
        if box.clickedButton() is recover:
            recovery.recover(leftover)
            return f"Recovered {what}"
        if box.clickedButton() is discard:
            leftover.discard()
            return f"Discarded {what}"
    except FileError as error:
        return str(error)
    return ""


def _told(original: Path | None) -> tuple[str, str]:
    """Return what was left behind of a file, or of a network that has none, and how it would open."""
    if original is None:
        return "a network that was never saved", "Recover it? It opens as a new network, still to be saved."
    changes = f"unsaved changes to {original.name}"
    return changes, "Recover them? They open as unsaved changes; the file stays as it is."
