"""Sweeps of the open document: runs at several settings from one start, which become kept runs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from nnviz.core.numbers import counted
from nnviz.core.runs import add_runs
from nnviz.core.state import State
from nnviz.core.sweep import Trial, carry_out_trials, combinations
from nnviz.document.document import Document
from nnviz.document.job import missing_for_training, refusal_sentence

LOOK_MS = 100
"""Time between two looks for new results, in milliseconds."""


class Sweeps(QObject):
    """Trains the document at several settings in threads, and adds the runs to the kept runs at the end.

    ========= ==========================================================
    `message` signal: a sentence for the status line
    `ended`   signal: the runs were added, as one undo entry
    ========= ==========================================================
    """

    message = Signal(str)
    ended = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._text = ""
        self._trials: Sequence[Trial] = ()
        self._ends: dict[int, State] = {}
        self._error: ValueError | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether runs are in progress."""
        return self._timer.isActive()

    def begin(self, text: str, swept: dict[str, Any]) -> None:
        """Begin to train at every combination of settings; `text` names the undo entry."""
        self.stop()
        state = self._document.state
        if not self._document.may_change():
            return
        if missing := missing_for_training(state):
            self.message.emit(missing)
            return
        if state.run:
            state = replace(state, network=state.run.start, run=None)
        try:
            self._trials = combinations(state, swept)
        except ValueError as error:
            self.message.emit(refusal_sentence(error))
            return
        self._text, self._ends, self._error = text, {}, None
        self._stop = threading.Event()
        arguments = self._trials, self._ends, self._stop
        self._thread = threading.Thread(target=self._work, args=arguments, daemon=True, name="nnviz sweep")
        self._thread.start()
        self._timer.start()
        self.message.emit(f"{text}: {counted(len(self._trials), 'run')} …")

    def stop(self) -> None:
        """Stop the runs that are in progress. Runs that have ended are kept."""
        if self.running:
            self._stop.set()
            if self._thread:
                self._thread.join()
            self._finish()

    def _work(self, trials: Sequence[Trial], ends: dict[int, State], stop: threading.Event) -> None:
        try:
            for place, run in carry_out_trials(trials, stop=stop):
                ends[place] = run.end
        except ValueError as error:
            self._error = error

    def _look(self) -> None:
        if self._thread and self._thread.is_alive():
            self.message.emit(f"{self._text}: {len(self._ends)} of {counted(len(self._trials), 'run')} …")
        else:
            self._finish()

    def _finish(self) -> None:
        self._timer.stop()
        self._thread = None
        ends = [self._ends[place] for place in sorted(self._ends)]
        if self._error:
            self.message.emit(refusal_sentence(self._error))
        elif ends and self._document.edit(self._text, add_runs, ends):
            made = f"{len(ends)} of {counted(len(self._trials), 'run')}"
            self.message.emit(f"{self._text}: {made}, in the panel Runs; Undo removes them")
            self.ended.emit()
