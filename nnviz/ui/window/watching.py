"""The window that follows a training in a script, for `nnviz.watch`: what it shows, and what it lets wait."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from nnviz.core.state import State
from nnviz.document.training.watched import Watched
from nnviz.files.frames import read_start
from nnviz.files.progress import waited
from nnviz.ui.widgets.waiting import Waiting
from nnviz.ui.window.workspace import Workspace

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
