"""What a window begins with: the document, its workspace, and the unsaved work that a crash left behind."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QTimer

from nnviz.document.document import Document
from nnviz.document.recovery import Recovery, leftovers, recovery_folder
from nnviz.files import native
from nnviz.files.errors import FileError
from nnviz.files.examples import paths
from nnviz.files.registry import load
from nnviz.ui.window.actions import offer_actions, table
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.recover import offer
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
