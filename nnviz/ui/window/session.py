"""The open file while nnviz runs: changes on disk, a watched script, and recovery."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget

from nnviz.core.numbers import file_named
from nnviz.core.state import State
from nnviz.document.autosave import KeptRuns, Leftover, Presence, Recovery, claimed
from nnviz.document.document import Document
from nnviz.document.watched import Watched
from nnviz.files.atomic import STANDARD_INPUT, read_standard_input
from nnviz.files.errors import FileError, waited
from nnviz.files.examples import paths
from nnviz.files.frames import read_start
from nnviz.files.registry import TABLES, load, read
from nnviz.files.source import Activations, Source
from nnviz.system import NETWORK, TRAINING
from nnviz.ui.dialogs.ask import RecoverDialog, name_of
from nnviz.ui.kit.dialogs import Waiting, message_box, primary
from nnviz.ui.kit.settings import SIZES_PERCENT, Settings
from nnviz.ui.kit.theme import application, draw_at
from nnviz.ui.window.commands import PICTURES, offer_actions, table
from nnviz.ui.window.files import read_asking
from nnviz.ui.window.panels import PANELS
from nnviz.ui.window.window import MainWindow
from nnviz.ui.window.workspace import Workspace

AGAIN_MS = 50
"""Between two looks whether a person is still in the middle of a click."""


class ChangedElsewhere(QObject):
    """Looks after the file of a workspace whenever its window gets the focus; `folder` is for presences."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        super().__init__(workspace.main_window)
        self._workspace, self._presence = workspace, Presence(folder)
        self._others = 0
        self._look_timer = QTimer(self, singleShot=True)
        self._look_timer.timeout.connect(self._look)
        workspace.document.file_changed.connect(self._move)
        workspace.main_window.installEventFilter(self)
        self._move()

    def close(self) -> None:
        """Say to other windows that the file is not open here any more."""
        self._presence.leave()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look once the window has the focus."""
        if event.type() == QEvent.Type.WindowActivate:
            self._look_timer.start(0)
        return False

    def _look(self) -> None:
        if QApplication.mouseButtons() or QApplication.activePopupWidget():
            self._look_timer.start(AGAIN_MS)  # who clicks on the window is not interrupted
        elif QApplication.activeModalWidget() is None:
            self._count()
            self._workspace.files.look()

    def _move(self) -> None:
        self._presence.move_to(self._workspace.document.path)
        self._others = 0
        QTimer.singleShot(0, self, self._count)  # when it has been said that the file is open

    def _count(self) -> None:
        path, before = self._workspace.document.path, self._others
        self._others = self._presence.others() if path else 0
        if path and self._others > before:
            others = "another window" if self._others == 1 else f"{self._others} other windows"
            self._workspace.status.say(f"{file_named(path)} is open in {others} of nnviz too")


NICE = 10
"""By how much the window lets others go first, so that it does not slow the training down."""


def begun(window: QWidget) -> tuple[State, BinaryIO]:
    """Return what is trained, and the stream through which it goes on. Raises FileError."""
    if hasattr(os, "nice"):
        os.nice(NICE)
    stream = open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115  # as long as it comes
    with Waiting(window, "Waiting for the training to begin") as reading:
        return waited(lambda: read_start(stream), reading), stream


def follow(workspace: Workspace, stream: BinaryIO) -> Watched:
    """Show in `workspace` the training that comes through `stream`, from its State on.

    While a walk is under way its picture stays, and what has come meanwhile is shown after it.
    """
    diagram, player, status = workspace.diagram, workspace.player, workspace.status
    watched = Watched(workspace.document, stream)
    watched.setParent(workspace.main_window)
    watched.still = lambda: player.progress.active
    player.changed.connect(watched.go_on)
    watched.said.connect(status.say)
    watched.ended.connect(lambda _: diagram.hold_scale(False))
    watched.ended.connect(status.say)
    diagram.hold_scale(True)
    stop = QPushButton("Stop watching")
    stop.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keyboard where it is
    stop.setToolTip("Keep the network as it is shown; the script goes on by itself")
    stop.clicked.connect(watched.stop)
    verbs = workspace.training.verbs
    verbs.give_way(stop)
    watched.ended.connect(lambda _: verbs.come_back())
    assumed = workspace.document.state.notes  # that is all that a script has to note
    status.say(f"{workspace.document.title}: shown as it goes on{f'. {assumed}' if assumed else ''}")
    return watched


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
    workspace = Workspace(window, document, settings, PANELS)
    offer_actions(workspace, table(workspace, settings))
    workspace.diagram.show_pictures(settings.flag(PICTURES, first=False))
    workspace.use_size()
    for part in (window, *workspace.board.docks.values()):  # one that floats does not follow the window
        part.setUpdatesEnabled(True)
    return workspace


def _watch(window: MainWindow, settings: Settings) -> Workspace:
    """Fill `window` with the training that comes through standard input, and follow it."""
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
