"""The open file while nnviz runs: changes on disk, a script whose training is shown, and recovery."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget

from nnviz.core.numbers import file_label
from nnviz.core.state import State
from nnviz.document.autosave import Recovery, WorkCopy, claim_leftovers
from nnviz.document.document import Document
from nnviz.files.atomic import STANDARD_INPUT, read_standard_input
from nnviz.files.errors import FileError, wait_for
from nnviz.files.examples import paths
from nnviz.files.registry import TABLES, load, read
from nnviz.files.source import Activations, Source
from nnviz.system import NETWORK, TRAINING
from nnviz.ui.dialogs.questions import RecoverDialog, leftover_name
from nnviz.ui.kit.card import push_button
from nnviz.ui.kit.dialogs import ProgressDialog, make_primary, message_box
from nnviz.ui.kit.settings import SIZES_PERCENT, Settings
from nnviz.ui.kit.theme import application, set_size_percent
from nnviz.ui.window.commands import ALL_WEIGHTS, PICTURES, offer_actions, table
from nnviz.ui.window.files import read_asking
from nnviz.ui.window.window import MainWindow
from nnviz.ui.window.workspace import PANELS, Workspace

if TYPE_CHECKING:
    from nnviz.document.watched import ScriptFollower

AGAIN_MS = 50
"""Milliseconds by which a check of the file is delayed if a mouse button is pressed or a menu is open."""


class ChangedElsewhere(QObject):
    """Checks whether other programs have changed the open file, each time the window becomes active."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace.main_window)
        self._workspace = workspace
        self._check_timer = QTimer(self, singleShot=True)
        self._check_timer.timeout.connect(self._check)
        workspace.main_window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Check the file when the window becomes active."""
        if event.type() == QEvent.Type.WindowActivate:
            self._check_timer.start(0)
        return False

    def _check(self) -> None:
        if QApplication.mouseButtons() or QApplication.activePopupWidget():
            self._check_timer.start(AGAIN_MS)  # a dialog would interrupt the click
        elif QApplication.activeModalWidget() is None and self._workspace.main_window.isVisible():
            self._workspace.files.check_file()


NICE = 10
"""Niceness (Unix priority) of a window that shows a script's training, so that the script stays fast."""


def read_training_start(window: QWidget) -> tuple[State, BinaryIO]:
    """Return the State at the start of a script's training, and the stream that reports each update.

    Raises FileError if standard input does not hold a training.
    """
    from nnviz.files.frames import read_start  # imported late: most windows show no script

    if hasattr(os, "nice"):
        os.nice(NICE)
    stream = open(sys.stdin.fileno(), "rb", closefd=False)  # noqa: SIM115  # read until the training ends
    with ProgressDialog(window, "Waiting for the training to begin") as reading:
        return wait_for(lambda: read_start(stream), reading), stream


def follow(workspace: Workspace, stream: BinaryIO) -> ScriptFollower:
    """Show a script's training in `workspace`. `stream` reports each update of the training.

    The workspace must show the State at the start of the training. During a walk (the animation of one
    update), the diagram does not change; updates of the script are shown after the walk.
    """
    from nnviz.document.watched import ScriptFollower

    status = workspace.status
    watched = ScriptFollower(workspace.document, stream)
    watched.setParent(workspace.main_window)
    watched.message.connect(status.show_message)
    watched.ended.connect(status.show_message)
    tip = "Stop following the script, and keep the network as it is now; the script continues"
    stop = push_button("Stop watching", tip)
    stop.clicked.connect(watched.stop)
    verbs = workspace.training.run_buttons
    verbs.replace_by(stop)
    watched.ended.connect(lambda _: verbs.restore())
    following = f"{workspace.document.title}: nnviz shows the training while it runs"
    notes = workspace.document.state.notes  # the notes of a script hold only the assumptions of nnviz
    status.show_message(f"{following}. {notes}" if notes else following)
    return watched


FileToOpen: TypeAlias = str | Path | None
"""A path, NETWORK or TRAINING for standard input, or None for the file of the last session."""


def begin(
    window: MainWindow,
    settings: Settings,
    file: FileToOpen,
    activations: Activations = None,
    *,
    asks: bool = True,
) -> Workspace:
    """Open `file` in `window`, or else the last session's file, or else the first example.

    If `file` is NETWORK or TRAINING, read a network or a training from standard input. An example opens as a
    new document without a file. For a table, open the first example and ask how to use the table.
    `activations` are the activation functions for a file that does not contain them; without `activations`, a
    dialog asks for them. If `asks` is false, no dialog opens. Return the workspace in the window.
    Raises FileError if `file` cannot be read.
    """
    if file == TRAINING:
        state, stream = read_training_start(window)
        workspace = fill(window, Document(state), settings)
        follow(workspace, stream)
        return workspace
    asking = partial(read_asking, window, settings, given=activations, asks=asks)
    table_asked = Path(file) if file and asks and Path(file).suffix.lower() in TABLES else None
    if table_asked and table_asked.is_file():
        file = paths()[0]
    document, refused = _document(window, settings, file, asking)
    if document.path:
        settings.remember_open(document.path)
    workspace = fill(window, document, settings)
    remark = document.file.as_read.notes if document.file else ""
    hint = remark or "click any number to change it; press Space to play the forward pass"
    workspace.status.show_message(f"{document.title}: {hint}")
    if table_asked:
        QTimer.singleShot(0, window, lambda: workspace.files.load_table(table_asked, asks=True))
    if refused:
        box = message_box(window, refused, f"{document.title} is open instead.")
        box.setDefaultButton(make_primary(box.addButton(QMessageBox.StandardButton.Ok)))
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()
    return workspace


def fill(window: MainWindow, document: Document, settings: Settings) -> Workspace:
    """Make the panels, menus and toolbar for a document in `window`, and return the workspace."""
    window.setUpdatesEnabled(False)
    # all parts are made at 100 %; a dialog before had its own size
    set_size_percent(application(), SIZES_PERCENT[0])
    workspace = Workspace(window, document, settings, PANELS)
    offer_actions(workspace, table(workspace))
    workspace.diagram.show_pictures(settings.get(PICTURES, False))
    workspace.diagram.show_all_weights(settings.get(ALL_WEIGHTS, False))
    workspace.use_size()
    QTimer.singleShot(0, window, workspace.appear)  # after the docks have got their sizes
    return workspace


def _document(
    window: MainWindow, settings: Settings, file: FileToOpen, asking: Callable[..., Any]
) -> tuple[Document, str]:
    """Return the document, and why the last session's file was not opened, or "" if the file was opened."""
    if file == NETWORK:
        with ProgressDialog(window, "Waiting for a network on standard input") as reading:
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
            return document, f"{file_label(path)} was not opened: {error}"
    return document, ""


def protect_work(workspace: Workspace, folder: Path) -> Recovery:
    """Protect the work in a window, with copies in `folder`, and return the Recovery that makes the copies.

    The function also offers the copies of earlier sessions, and watches for changes of the file by other
    programs.
    """
    say = workspace.status.show_message
    recovery = Recovery(workspace.document, folder / "recovery")
    recovery.failed.connect(say)
    ChangedElsewhere(workspace)

    def offer_copies() -> None:
        leftovers, damaged = claim_leftovers(folder / "recovery")
        offered = offer(workspace.main_window, recovery, leftovers) if leftovers else ""
        if message := "; ".join(filter(None, (damaged, offered))):
            say(message)

    if not workspace.document.now.lock_reason:  # a recovered document would replace the watched training
        QTimer.singleShot(0, workspace.main_window, offer_copies)
    return recovery


def offer(window: QWidget, recovery: Recovery, leftovers: list[WorkCopy]) -> str:
    """Ask about autosaved copies of earlier sessions, and return a message for the status bar, or "".

    The copy that the person chooses is opened as unsaved changes. The dialog deletes the copies that the
    person discards. All other copies are kept for the next start.
    """
    dialog = RecoverDialog(window, leftovers)
    chosen = dialog.chosen if dialog.is_accepted() else None
    try:
        if chosen:
            recovery.recover(chosen)
            return f"Recovered {leftover_name(chosen)}: {chosen.about.content}"
    except FileError as error:
        chosen = None
        return f"The unsaved work was not recovered: {error}"
    finally:
        for leftover in leftovers:
            if leftover is not chosen:
                leftover.release()
    return ""
