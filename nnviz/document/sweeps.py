"""Sweeps of the open document: runs at several settings from one start, which become kept runs."""

from __future__ import annotations

import threading
import time
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from nnviz.core.numbers import counted
from nnviz.core.runs import add_runs
from nnviz.core.state import State, run_of
from nnviz.core.sweep import carry_out_trials, combinations
from nnviz.core.workers import Threads
from nnviz.document.document import Document
from nnviz.document.job import missing_for_training, refusal_sentence

LOOK_MS = 100
"""Time between two looks for new results, in milliseconds."""


class Sweeps(QObject):
    """Trains the document at several settings in threads, and adds the runs to the kept runs.

    ============ =======================================================================
    `message`    signal: a sentence for the status line
    `progressed` signal: how many runs are made and how long the rest takes; "" at the end
    ============ =======================================================================

    Runs that have ended are listed at once, in the order of the settings. At the end, but not while another
    run trains, all of them are added as one undo entry.
    """

    message = Signal(str)
    progressed = Signal(str)

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._timer = QTimer(self, interval=LOOK_MS)
        self._timer.timeout.connect(self._look)

    @property
    def running(self) -> bool:
        """Whether runs are in progress."""
        return self._timer.isActive()

    def begin(
        self, text: str, swept: dict[str, Any], seeds: int | None = None, updates: int | None = None
    ) -> None:
        """Begin to train at every combination of settings; `text` names the undo entry."""
        self.stop()
        state = self._document.state.before_run
        if not self._document.may_change():
            return
        try:
            self._trials = combinations(state, swept, seeds, updates)
            if missing := missing_for_training(self._trials[0].state):
                self.message.emit(missing)
                return
        except ValueError as error:
            self.message.emit(refusal_sentence(error))
            return
        self._text, self._began_s = text, time.monotonic()
        self._ends: dict[int, State] = {}
        self._error: ValueError | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="nnviz sweep")
        self._thread.start()
        self._timer.start()
        self._tell()

    def stop(self, *, keep: bool = True) -> None:
        """Stop the runs that are in progress. If `keep`, keep the runs that have ended."""
        if self.running:
            self._stop.set()
            self._thread.join()
            self._finish(keep=keep)

    def _work(self) -> None:
        try:
            for place, run in carry_out_trials(self._trials, Threads(stop=self._stop)):
                self._ends[place] = run.end
        except ValueError as error:
            self._error = error
        except MemoryError:
            self._error = ValueError("there is not enough memory to continue")

    def _look(self) -> None:
        """List the runs that have ended, and report the progress."""
        if not (self._thread.is_alive() or self._document.now.is_moving):
            self._finish()  # the edit would end a run in progress
            return
        ended = self._in_order()
        if len(ended) > len(self._document.now.listed_runs):
            self._document.list_runs(ended)
        self._tell()

    def _in_order(self) -> tuple[State, ...]:
        return tuple(self._ends[place] for place in sorted(self._ends))

    def _tell(self) -> None:
        made, runs = len(self._ends), len(self._trials)
        text = f"{made} of {counted(runs, 'run')}"
        if made:
            left_s = (time.monotonic() - self._began_s) / made * (runs - made)
            left = f"{left_s:.0f} s" if left_s < 100 else f"{left_s / 60:.0f} min"
            text = f"{text}, {left} left"
        self.progressed.emit(text)

    def _finish(self, *, keep: bool = True) -> None:
        """End the sweep. If `keep`, add all runs as one undo entry, and report the end."""
        self._timer.stop()
        self.progressed.emit("")
        if not keep:
            return
        ended = self._in_order()
        self._document.list_runs(())
        if ended:
            self._document.edit(self._text, add_runs, ended, self._document.state.newest_run_id)
        starts = {id(trial.state.network) for trial in self._trials}
        added = sum(id(run_of(kept).start) in starts for kept in self._document.state.runs)
        if self._error:
            self.message.emit(refusal_sentence(self._error))
        elif added:
            made = f"{added} of {counted(len(self._trials), 'run')}"
            self.message.emit(f"{self._text}: {made}, in the panel Runs; Undo removes them")
        else:
            self.message.emit(f"{self._text}: stopped before a run had ended")
