"""What a window begins with: the document, its workspace, and the unsaved work that a crash left behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QMessageBox, QWidget

from nnviz._streams import NETWORK, TRAINING
from nnviz.core.names import file_named
from nnviz.document.document import Document
from nnviz.document.kept_runs import KeptRuns
from nnviz.document.leftovers import Leftover, claimed
from nnviz.document.recovery import Recovery
from nnviz.files.errors import FileError
from nnviz.files.examples import paths
from nnviz.files.opening import STANDARD_INPUT, read_standard_input
from nnviz.files.registry import TABLES, load, read
from nnviz.files.source import Activations, Source
from nnviz.ui.widgets.dialogs import message_box, primary
from nnviz.ui.widgets.theme import application, draw_at
from nnviz.ui.widgets.waiting import Waiting
from nnviz.ui.window.actions import offer_actions, table
from nnviz.ui.window.changed_elsewhere import ChangedElsewhere
from nnviz.ui.window.main_window import MainWindow
from nnviz.ui.window.reading_asked import read_asking
from nnviz.ui.window.recover import RecoverDialog, name_of
from nnviz.ui.window.settings import SIZES_PERCENT, Settings
from nnviz.ui.window.view_menu import PICTURES
from nnviz.ui.window.workspace import Workspace


def begin(
    window: MainWindow,
    settings: Settings,
    file: str | Path | None,
    activations: Activations = None,
    *,
    asks: bool = True,
) -> Workspace:
    """Fill `window` with what `file` holds, or the last session's file, or the first example.

    A network or a training may come through standard input. An example opens as a new document, to be saved
    elsewhere. A table is asked about over the first example. `activations` are those of a file that does
    not say them, which a person is asked for. Nobody is asked anything unless it `asks`.
    Raises FileError where `file` cannot be read.
    """
    if file == TRAINING:
        return _watch(window, settings)
    asking = partial(read_asking, window, settings, given=activations, asks=asks)
    table_asked = Path(file) if file and asks and Path(file).suffix.lower() in TABLES else None
    if table_asked and table_asked.is_file():
        file = paths()[0]
    document, refused = _document(window, settings, file, asking)
    if document.path:
        settings.opened(document.path)
    workspace = fill(window, document, settings)
    taken = document.file.as_read.told if document.file else ""
    hint = taken or "click a number to change it, Space plays the values forward"
    workspace.status.say(f"{document.title}: {hint}")
    if table_asked:
        QTimer.singleShot(0, window, lambda: workspace.files.tables.load(table_asked, asks=True))
    if refused:
        box = message_box(window, refused, f"{document.title} is open instead.")
        box.setDefaultButton(primary(box.addButton(QMessageBox.StandardButton.Ok)))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()
    return workspace


def fill(window: MainWindow, document: Document, settings: Settings) -> Workspace:
    """Fill `window` with a document's panels, menus and toolbar."""
    window.setUpdatesEnabled(False)
    draw_at(application(), SIZES_PERCENT[0])  # in which everything is made; a question before had its own
    workspace = Workspace(window, document, settings)
    offer_actions(workspace, table(workspace, settings))
    workspace.diagram.show_pictures(settings.flag(PICTURES, first=False))
    workspace.use_size()
    for part in (window, *workspace.board.docks.values()):  # one that floats does not follow the window
        part.setUpdatesEnabled(True)
    return workspace


def _watch(window: MainWindow, settings: Settings) -> Workspace:
    """Fill `window` with the training that comes through standard input, and follow it."""
    from nnviz.ui.window.watching import begun, follow

    state, stream = begun(window)
    workspace = fill(window, Document(state), settings)
    follow(workspace, stream)
    return workspace


def _document(
    window: MainWindow, settings: Settings, file: str | Path | None, asking: Callable[..., Any]
) -> tuple[Document, str]:
    """Return the document, and why it is not the last session's where that cannot be read, or ""."""
    if file == NETWORK:
        with Waiting(window, "Waiting for a network on standard input") as reading:
            data = read_standard_input(reading)
        stream = Path(STANDARD_INPUT)
        return Document(asking(stream, lambda *answer: read(Source(data, stream, *answer)))), ""
    path = Path(file) if file else settings.last
    if path in paths():
        return Document(asking(path, partial(load, path)), example=True), ""
    document = Document(load(paths()[0]), example=True)
    if path:
        try:
            document.start(*asking(path, partial(document.read, path)))
        except FileError as error:
            if file:
                raise
            return document, f"{file_named(path)} was not opened: {error}"
    return document, ""


class Kept:
    """What looks after the work in a window: copies of what is unsaved, and what others do to its file."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self._recovery = Recovery(workspace.document, folder / "recovery")
        self._recovery.failed.connect(workspace.status.say)
        self._elsewhere = ChangedElsewhere(workspace, folder / "open")
        workspace.files.runs = KeptRuns(folder / "runs")
        if kept := workspace.files.runs.offer(workspace.document):
            workspace.status.say(f"{workspace.document.title}: {kept}")
        if not workspace.document.held:  # else what is recovered would take the place of what is watched
            QTimer.singleShot(0, workspace.main_window, lambda: self._offer(workspace, folder / "recovery"))

    def _offer(self, workspace: Workspace, folder: Path) -> None:
        left, damaged = claimed(folder)
        said = [damaged, offer(workspace.main_window, self._recovery, left)]
        if any(said):
            workspace.status.say("; ".join(filter(None, said)))

    def leave(self) -> None:
        """Keep what is unsaved for the next start."""
        self._recovery.leave()
        self._elsewhere.close()

    def close(self) -> None:
        """Keep no copy any longer: what was to be saved is."""
        self._recovery.close()
        self._elsewhere.close()


def offer(window: QWidget, recovery: Recovery, left: list[Leftover]) -> str:
    """Ask about leftovers and return a sentence for the status line.

    One is recovered as unsaved changes; those that are discarded are deleted, and the others wait.
    """
    if not left:
        return ""
    dialog = RecoverDialog(window, left)
    chosen = dialog.chosen if dialog.exec() else None
    dialog.deleteLater()
    try:
        if chosen:
            recovery.recover(chosen)
            return f"Recovered {name_of(chosen)}: {chosen.holds}"
    except FileError as error:
        chosen = None
        return f"This was not recovered: {error}"
    finally:
        for leftover in left:
            if leftover is not chosen:
                leftover.release()
    return ""
