"""Show a training that runs in a Python script, for `nnviz.watch`."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from nnviz.core.history import History
from nnviz.core.numbers import as_text, counted
from nnviz.core.parameters import as_layers
from nnviz.core.state import Run, State, agree_except, with_weights
from nnviz.document.document import Document
from nnviz.document.job import FRAME_PER_SHOWING, FRAME_S, USUAL_LIMITS
from nnviz.document.moment import Moment
from nnviz.files.errors import FileError
from nnviz.files.frames import Frame, Mailbox, read_next

SCRIPT_LOCK = "A script is training this network: you can edit it when the training has ended"
WALK_HIDES_TRAINING = "The diagram shows the walk; the latest weights of the training appear after the walk"
UNDO_NAME = "Watched training"
"""Name of the undo entry that contains the whole training of a script."""


class ScriptFollower(QObject):
    """Puts the training that a script sends through `stream` into `document`.

    ========= ===================================================================================
    `ended`   signal: the training is over and the last State is shown; carries a sentence
    `message` signal: carries a sentence for the status line
    ========= ===================================================================================

    The training starts from the State of `document`. Until the training ends, the user can edit only the
    notes. The whole training is one undo entry. If another document is opened, or a weight becomes infinite
    or NaN, the window stops following and the script continues. During a walk (one training iteration, step
    by step), the diagram does not change.
    """

    ended = Signal(str)
    message = Signal(str)
    _arrived = Signal()

    def __init__(self, document: Document, stream: BinaryIO) -> None:
        super().__init__()
        self._document, self._start = document, document.state.network
        self._mailbox = Mailbox()
        self._history = History(USUAL_LIMITS.history_points)
        self._own_state: State | None = document.state
        self._updates = 0  # number of updates that the script has reported
        self._is_hidden = False
        """Whether a walk hides the latest weights."""
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._show)
        self._next_s = 0.0
        self._arrived.connect(self.go_on, Qt.ConnectionType.QueuedConnection)
        document.lock(SCRIPT_LOCK)
        document.set_in_motion(True)
        document.changed.connect(self._follow)
        reading = (stream, self._start.parameters, self._mailbox, self._arrived.emit)
        threading.Thread(target=_read, args=reading, name="nnviz watched", daemon=True).start()

    def go_on(self) -> None:
        """Show the script's latest weights and losses at the next time that the frame rate allows."""
        if self._own_state is not None and not self._timer.isActive():
            self._timer.start(max(0, round(1000 * (self._next_s - time.perf_counter()))))

    def stop(self) -> None:
        """Stop following the training; the script continues."""
        if self._own_state is not None:
            self._end("You have stopped watching the training")

    def _show(self) -> None:
        ending = self._mailbox.ending  # first: no frame comes after it
        was_hidden, self._is_hidden = self._is_hidden, self._document.now.walk.active
        if was_hidden != self._is_hidden:
            self.message.emit(WALK_HIDES_TRAINING if self._is_hidden else "")
        if self._is_hidden:
            return
        began = time.perf_counter()
        if frame := self._mailbox.take():
            self._push(frame)
        if ending is not None and self._own_state is not None:
            self._end(ending)
        now = time.perf_counter()
        self._next_s = max(began + FRAME_S, now + FRAME_PER_SHOWING * (now - began))

    def _push(self, frame: Frame) -> None:
        """Show a frame; if a weight is not finite, show the losses with the previous weights, and end."""
        self._history, self._updates = self._history.extended(frame.points), frame.iteration
        state = self._document.state
        network, iteration, ending = state.network, frame.iteration, ""
        try:
            network = with_weights(network, as_layers(frame.values, network))
        except ValueError:
            ending = f"Watching has ended, as weights are infinite or NaN after update {iteration:,}"
            iteration = state.iteration
        run = Run(self._start, iteration, self._history, watched=True)
        self._own_state = replace(state, network=network, run=run)
        self._document.push(self._own_state, UNDO_NAME, merge=self, keeps_run=False)
        if ending:
            self._end(ending)

    def _end(self, ending: str) -> None:
        self._leave()
        self._document.seal()
        sentence = f"{ending}: {counted(self._updates, 'update')}"
        if len(self._history) and not self._document.now.hiding.on:
            first, last = self._history.points[[0, -1], 1].tolist()
            sentence = f"{sentence}, the script's loss {as_text(first)} → {as_text(last)}"
        self.ended.emit(sentence)

    def _leave(self) -> None:
        self._own_state = None
        self._document.lock("")
        self._document.set_in_motion(False)

    def _follow(self, old: Moment, new: Moment) -> None:
        """Continue after a walk or a change of the notes, and stop if another document was opened."""
        if self._own_state is None:
            return
        if old.walk.active and not new.walk.active:
            self.go_on()
        if new.state is self._own_state or agree_except(old.state, new.state, "notes"):
            self._own_state = new.state
            return
        self._leave()
        self.ended.emit("")


def _read(stream: BinaryIO, parameters: int, mailbox: Mailbox, tell: Callable[[], None]) -> None:
    """Put each message of the stream into the mailbox, until the stream ends or the window is closed."""
    ending = "The script of this training stopped unexpectedly"
    with contextlib.suppress(RuntimeError):
        try:
            while isinstance(message := read_next(stream, parameters), Frame):
                mailbox.put(message)
                tell()
            if message is not None:
                ending = message or "The training has ended"
        except (FileError, OSError, ValueError) as error:
            ending = f"Watching has ended ({error})"
        mailbox.end(ending)
        tell()
