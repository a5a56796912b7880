"""Back and forth in a run: shows it as it was after any of its updates. Knows nothing of widgets."""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterator

from PySide6.QtCore import QObject, QTimer, Signal

from nnviz.core.numbers import shown
from nnviz.core.state import State
from nnviz.core.training.past import Past, Replay, put_into
from nnviz.document.document import Document
from nnviz.ui.training.background import Going
from nnviz.ui.training.job import Job
from nnviz.ui.training.outcome import refusal

AT_ONCE = 0.010
"""Seconds that are computed before the window may go on."""


class Travel(QObject):
    """Goes to another iteration of the present run, as far as it has come.

    ======== ===========================================================
    `said`   where it has arrived, or is still going, as one sentence
    `rested` it has arrived, or has given up because something else began
    ======== ===========================================================
    """

    said = Signal(str)
    rested = Signal()

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._past = Past(document.state)
        self._job: Job | None = None
        self._goal: tuple[int, str, Hashable] = (0, "", None)
        self._timer = QTimer(self, singleShot=True, interval=1)
        self._timer.timeout.connect(self._go_on)
        document.state_changed.connect(self._follow)

    @property
    def end(self) -> int:
        """How far the run has come, wherever in it one is now."""
        return self._past.end.iteration

    def go_to(self, iteration: int, text: str, merge: Hashable = None) -> None:
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
            replay = Replay(known, end, iteration)
            return replay, replay.work()

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
