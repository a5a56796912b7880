"""What a window begins with: the document, its workspace, and the unsaved work that a crash left behind."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QMessageBox, QWidget

from nnviz.document.document import Document
from nnviz.document.recovery import Leftover, Recovery, leftovers, recovery_folder
from nnviz.files import native
from nnviz.files.errors import FileError
from nnviz.files.examples import paths
from nnviz.files.registry import load
from nnviz.ui.window.actions import offer_actions, table
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.settings import Settings
from nnviz.ui.window.workspace import Workspace


def begin(window: MainWindow, settings: Settings, file: str | Path | None) -> Workspace:
    """Fill `window` with what `file` holds, or the last session's file, or the first example.

    "-" is a network on standard input. An example opens as a new document, to be saved elsewhere.
    Raises FileError where `file` cannot be read.
    """
    document, refused = _document(settings, file)
    if document.path:
        settings.opened(document.path)
    workspace = fill(window, document, settings)
    workspace.status.say(
        refused or f"{document.title}: click a number to change it, Space plays the values forward"
    )
    return workspace


def fill(window: MainWindow, document: Document, settings: Settings) -> Workspace:
    """Fill `window` with a document's panels, menus and toolbar."""
    window.setUpdatesEnabled(False)
    workspace = Workspace(window, document, settings)
    offer_actions(workspace, table(workspace, settings))
    window.setUpdatesEnabled(True)
    return workspace


def _document(settings: Settings, file: str | Path | None) -> tuple[Document, str]:
    """Return the document, and why it is not the last session's where that cannot be read, or ""."""
    if file == "-":
        return Document(native.read(sys.stdin.buffer.read())), ""
    path = Path(file) if file else settings.last
    if path and path not in paths():
        try:
            return Document(load(path), path), ""
        except FileError as error:
            if file:
                raise
            return Document(load(paths()[0]), example=True), f"{path.name} was not opened: {error}"
    return Document(load(path or paths()[0]), example=True), ""


def keep(workspace: Workspace) -> Recovery:
    """Keep copies of unsaved work from now on, and ask about those that are there."""
    folder = recovery_folder()
    recovery = Recovery(workspace.document, folder)
    recovery.failed.connect(workspace.status.say)

    def ask() -> None:
        if said := offer(workspace.main_window, recovery, leftovers(folder)):
            workspace.status.say(said)

    QTimer.singleShot(0, ask)
    return recovery


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
