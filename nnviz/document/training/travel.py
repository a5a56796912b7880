"""Back and forth in a run: shows it as it was after any of its updates. Knows nothing of widgets."""

from __future__ import annotations

import itertools
import time
from collections.abc import Hashable, Iterator
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from nnviz.core import edits
from nnviz.core.history import History
from nnviz.core.numbers import shown
from nnviz.core.state import State
from nnviz.core.training.past import Past, Replay, put_into
from nnviz.document.document import Document
from nnviz.document.training.background import Going
from nnviz.document.training.job import Job
from nnviz.document.training.outcome import refusal

AT_ONCE = 0.010
"""Seconds that are computed before the window may go on."""


class Travel(QObject):
    """Goes to another iteration of the present run, as far as it has come.

    =========== ===========================================================
    `departing` it is about to go: whatever runs must stop
    `said`      where it has arrived, or is still going, as one sentence
    `rested`    it has arrived, or has given up because something else began
    =========== ===========================================================

    A hand goes through iterations so: `hold`, `scrub_to` again and again, `let_go`; keys only `scrub_to`.
    What follows one `begin_scrub` or `hold` is one undo entry.
    """

    departing = Signal()
    said = Signal(str)
    rested = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._past = Past(document.state)
        self._job: Job | None = None
        self._goal: tuple[int, str, Hashable] = (0, "", None)
        self._ids = itertools.count(1)
        self._scrub = 0
        self._timer = QTimer(self, singleShot=True, interval=1)
        self._timer.timeout.connect(self._go_on)
        document.state_changed.connect(self._follow)

    @property
    def end(self) -> int:
        """How far the run has come, wherever in it one is now."""
        return self._past.end.iteration

    @property
    def history(self) -> History | None:
        """The MSE history of the whole run, as far as it has come; None before its first point."""
        return _history(self._past.end)

    @property
    def present(self) -> tuple[int, float] | None:
        """The iteration and MSE that were last measured before what is shown; of an undone run, its first."""
        shown_now, whole = _history(self._document.state), self.history
        return shown_now.last if shown_now else whole.first if whole else None

    @property
    def can_go_back(self) -> bool:
        """Whether there is an update to take back."""
        return self._document.state.iteration > 0

    def back(self) -> None:
        """Go back by one update."""
        self.departing.emit()
        iteration = self._document.state.iteration - 1
        self._go_to(iteration, f"Back to iteration {iteration}")

    def restart(self) -> None:
        """Return to the weights at the start of the run."""
        self.departing.emit()
        self._go_to(0, "Restart")

    def try_again(self, iteration: int, learning_rate: float) -> None:
        """Return to an iteration, there to go on with another learning rate; both are one undo entry."""
        self.departing.emit()
        state, merge = self._document.state, ("again", next(self._ids))
        text = f"Learning rate {shown(learning_rate)} from iteration {iteration} on"
        training = replace(state.training, learning_rate=learning_rate)
        self._document.push(edits.set_training(state, training), text, merge)
        self._go_to(iteration, text, merge)

    def begin_scrub(self) -> None:
        """Make what follows another undo entry."""
        self._scrub = next(self._ids)

    def hold(self) -> None:
        """Begin a drag: stop what runs, and expect many States."""
        self.begin_scrub()
        self.departing.emit()
        self._document.set_in_motion(True)

    def scrub_to(self, iteration: int) -> None:
        """Show the run as it was after `iteration` updates."""
        self.departing.emit()
        self._go_to(iteration, "Other iteration", ("scrub", self._scrub))

    def let_go(self) -> None:
        """End a drag."""
        self._document.set_in_motion(False)

    def _go_to(self, iteration: int, text: str, merge: Hashable = None) -> None:
        """Show the run after `iteration` updates; undo calls it `text`, and `merge` is that of a push."""
        self.cancel()
        iteration = min(max(iteration, 0), self.end)
        if iteration == self._document.state.iteration:
            return
        self._goal = iteration, text, merge
        known = self._past.nearest(iteration)
        if known.iteration == iteration:
            self._arrive(known)
            return
        end = self._past.end

        def make_ready() -> tuple[Going, Iterator[None]]:
            replay = Replay(known, end)
            return replay, replay.work(iteration - known.iteration)

        self._job = Job(known, iteration - known.iteration, make_ready)
        self._go_on()
        if self._job:
            self.said.emit(f"Going to iteration {iteration} …")

    def cancel(self) -> None:
        """Stay at the iteration that is shown."""
        job, self._job = self._job, None
        if job:
            self._timer.stop()
            job.stop()
            self.rested.emit()

    def _go_on(self) -> None:
        job = self._job
        if job is None:
            return
        job.advance(time.perf_counter() + AT_ONCE)
        if not job.over:
            self._timer.start()
            return
        self._job = None
        if job.error:
            self.said.emit(refusal(job.error))
            self.rested.emit()
            return
        state = job.take()
        assert state is not None
        self._arrive(state)

    def _arrive(self, then: State) -> None:
        iteration, text, merge = self._goal
        self._document.push(put_into(self._document.state, then), text, merge)
        last, mse = then.run.history.last if then.run else (0, 0.0)
        told = f": MSE {shown(mse)}" if last == iteration else ""
        self.said.emit(f"Iteration {iteration} of {self.end}{told}")
        self.rested.emit()

    def _follow(self, _old: State, new: State) -> None:
        self.cancel()
        self._past.follow(new)


def _history(state: State) -> History | None:
    return state.run.history if state.run and len(state.run.history) else None
