"""A training in a Python script, as the window follows it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from nnviz.core.history import History
from nnviz.core.numbers import counted, shown
from nnviz.core.state import Run, State, with_weights
from nnviz.core.trainer import as_layers
from nnviz.document.document import Document
from nnviz.document.job import FRAME_PER_SHOWING, FRAME_S, USUAL_LIMITS
from nnviz.document.training import differ_in_notes
from nnviz.files.errors import FileError
from nnviz.files.frames import Frame, Mailbox, read_on

HELD = "A script trains this network: it can be changed here once that has ended"
STILL = "The training goes on, and the picture stays as it is until the walk is over"
STILL_AT_END = "The training has ended; its end is shown when the walk is over"
WATCHED = "Training watched"
"""What undo calls it."""


class Watched(QObject):
    """Follows the training that comes through `stream`, from the State that is open in `document` on.

    ======== ================================================================
    `ended`  the training is over and its end is shown, with one sentence
    `said`   what else there is to know, as one sentence
    `still`  asked before a frame is shown: whether the picture is to stay
    ======== ================================================================

    Nothing but notes can be changed until then. All of it is one undo entry. Where another document is opened
    nothing more is shown; the script goes on.
    """

    ended = Signal(str)
    said = Signal(str)
    _arrived = Signal()

    def __init__(self, document: Document, stream: BinaryIO) -> None:
        super().__init__()
        self._document, self._start = document, document.state.network
        self.still: Callable[[], bool] = lambda: False
        self._mailbox = Mailbox()
        self._history = History(USUAL_LIMITS.history_points)
        self._mine: State | None = document.state
        self._made = 0  # how many updates the script has told
        self._lost_at = 0
        """The first update told after which weights were no finite numbers; 0 while they are."""
        self._told_still: str | None = None
        self._timer = QTimer(self, singleShot=True, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._show)
        self._next_s = 0.0
        self._arrived.connect(self.go_on, Qt.ConnectionType.QueuedConnection)
        document.held = HELD
        document.set_in_motion(True)
        document.state_changed.connect(self._follow)
        reading = (stream, self._start.parameters, self._mailbox, self._arrived.emit)
        threading.Thread(target=_read, args=reading, name="nnviz watched", daemon=True).start()

    def go_on(self) -> None:
        """Show what has come, once a frame is due."""
        if self._mine is not None and not self._timer.isActive():
            self._timer.start(max(0, round(1000 * (self._next_s - time.perf_counter()))))

    def stop(self) -> None:
        """Follow it no further; the script goes on."""
        if self._mine is not None:
            self._end("You have stopped watching")

    def _show(self) -> None:
        ending = self._mailbox.ending  # first: no frame comes after it
        if self.still():
            self._tell_still(STILL if ending is None else STILL_AT_END)
            return
        if self._told_still == STILL and ending is None:
            self.said.emit("The walk is over: the training is shown again as it goes on")
        self._told_still = None
        began = time.perf_counter()
        if frame := self._mailbox.take():
            self._push(frame)
        if ending is not None and self._mine is not None:
            self._end(ending)
        now = time.perf_counter()
        self._next_s = max(began + FRAME_S, now + FRAME_PER_SHOWING * (now - began))

    def _tell_still(self, told: str) -> None:
        """Say once that the picture is not that of the training."""
        if told != self._told_still:
            self._told_still = told
            self.said.emit(told)

    def _push(self, frame: Frame) -> None:
        """Show a frame; where its weights are no finite numbers, its losses, and the weights before."""
        self._history, self._made = self._history.extended(frame.points), frame.iteration
        state, lost_before = self._document.state, self._lost_at
        network, iteration, self._lost_at = state.network, frame.iteration, 0
        try:
            network = with_weights(network, as_layers(frame.values, network))
        except ValueError:
            iteration, self._lost_at = state.iteration, lost_before or frame.iteration
        memory = np.zeros((0, network.parameters))
        run = Run(self._start, iteration, self._history, "gradient_descent", memory, (), watched=True)
        self._mine = replace(state, network=network, run=run)
        self._document.push(self._mine, WATCHED, merge=self)
        if self._lost_at and not lost_before:
            self.said.emit(f"{self._lost()}; the training goes on")

    def _lost(self) -> str:
        where = f"update {iteration}" if (iteration := self._document.state.iteration) else "the start"
        return f"By update {self._lost_at} weights are no numbers: {where} is shown"

    def _end(self, ending: str) -> None:
        self._leave()
        self._document.seal()
        told = f"{ending}: {counted(self._made, 'update')}"
        if len(self._history):
            first, last = self._history.points[[0, -1], 1].tolist()
            told += f", the script's loss {shown(first)} → {shown(last)}"
        if self._lost_at:
            told += f". {self._lost()}"
        self.ended.emit(told)

    def _leave(self) -> None:
        self._mine = None
        self._document.held = ""
        self._document.state_changed.disconnect(self._follow)
        self._document.set_in_motion(False)

    def _follow(self, old: State, new: State) -> None:
        """Go on where notes were written, and stop where another document is open."""
        if new is self._mine or differ_in_notes(old, new):
            self._mine = new
            return
        self._leave()
        self.ended.emit("")


def _read(stream: BinaryIO, parameters: int, mailbox: Mailbox, tell: Callable[[], None]) -> None:
    """Put into the mailbox what comes, until nothing will; the window may be gone by then."""
    ending = "The script of this training is gone"
    with contextlib.suppress(RuntimeError):
        try:
            while isinstance(message := read_on(stream, parameters), Frame):
                mailbox.put(message)
                tell()
            if message is not None:
                ending = message or "The training has ended"
        except (FileError, OSError, ValueError) as error:
            ending = f"Watching has ended, {error}"
        mailbox.end(ending)
        tell()
