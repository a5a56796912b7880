"""The way to another iteration of a run: shows it as it was then. Knows nothing of widgets."""

from __future__ import annotations

from collections.abc import Hashable

from PySide6.QtCore import QObject, Signal

from nnviz.core.history import History
from nnviz.core.numbers import shown
from nnviz.core.run import Run
from nnviz.core.state import State
from nnviz.core.training.past import Past, Replay, makes_again, put_into
from nnviz.document.document import Document
from nnviz.document.training.job import Job, Limits
from nnviz.document.training.outcome import refusal


class Travel(QObject):
    """Knows the present run as far as it has come, and goes to any of its iterations.

    ======== ================================================================
    `past`   the States of the run that are known
    `said`   where it has arrived, or is still going, as one sentence
    `rested` it has arrived, or has given up because something else began
    ======== ================================================================
    """

    said = Signal(str)
    rested = Signal()

    def __init__(self, document: Document, limits: Limits) -> None:
        super().__init__()
        self._document, self._limits = document, limits
        self.past = Past(document.state)
        self._job: Job | None = None
        self._text = ""
        self._merge: Hashable = None
        document.state_changed.connect(self._follow)

    @property
    def end(self) -> int:
        """How far the run has come, wherever in it one is now."""
        return self.past.end.iteration

    @property
    def place(self) -> tuple[str, str]:
        """Where in a run that has come further one is, and what makes the rest again; each may be ""."""
        state = self._document.state
        if state.iteration == self.end:
            return "", ""
        again = "Run makes the same updates again from there" if makes_again(state, self.past.end) else ""
        return f" at iteration {state.iteration} of the run's {self.end}", again

    @property
    def run(self) -> Run | None:
        """The whole run, as far as it has come; None before its first point."""
        run = self.past.end.run
        return run if run and len(run.history) else None

    @property
    def history(self) -> History | None:
        """Its history."""
        return self.run.history if self.run else None

    @property
    def measure(self) -> str:
        """What that history is of, in a word."""
        return self.past.end.curve_title

    @property
    def present(self) -> tuple[int, float] | None:
        """The iteration and loss that were last measured before what is shown; of an undone run, its first.

        None where there is none, as before the first loss that a script told.
        """
        state = self._document.state
        history = _history(state) or self.history
        return history.at(state.iteration) if history else None

    def go_to(self, iteration: int, text: str, merge: Hashable = None) -> None:
        """Show the run after `iteration` updates; undo calls it `text`, and `merge` is that of a push.

        Of a run that was watched the frame before is shown, where there is none of this iteration.
        """
        self.cancel()
        iteration = min(max(iteration, 0), self.end)
        if iteration == self._document.state.iteration or not self._document.may_change():
            return
        known, end = self.past.nearest(iteration), self.past.end
        watched = end.run is not None and end.run.watched
        if known.iteration == iteration or watched:
            if known.iteration != self._document.state.iteration:
                self._arrive(known, text, merge)
            return
        updates = iteration - known.iteration

        def make(state: State) -> Replay:
            return Replay(state, end, self._limits.history_points)

        job = self._job = Job(known, updates, self, self._limits, make)
        self._text, self._merge = text, merge
        job.ended.connect(self._finish)  # not a lambda: what holds its own parent ends twice
        job.work_at_once()
        if self._job is job:
            self.said.emit(f"Going to iteration {iteration} …")

    def cancel(self) -> None:
        """Stay at the iteration that is shown."""
        job, self._job = self._job, None
        if job:
            job.stop()
            self.rested.emit()

    def _finish(self) -> None:
        job, self._job = self._job, None
        assert job is not None
        job.stop()
        if job.error:
            self.said.emit(refusal(job.error))
            self.rested.emit()
            return
        state = job.take()
        assert state is not None
        self._arrive(state, self._text, self._merge)

    def _arrive(self, then: State, text: str, merge: Hashable) -> None:
        self._document.push(put_into(self._document.state, then), text, merge)
        point, told = then.run.history.at(then.iteration) if then.run else None, ""
        if then.run and point and point[0] == then.iteration:
            told = f": {then.curve_title} {shown(point[1])}"
            told += ", as the script told it with this update" if then.run.watched else ""
        self.said.emit(f"Iteration {then.iteration} of {self.end}{told}")
        self.rested.emit()

    def _follow(self, _old: State, new: State) -> None:
        self.cancel()
        if not (self._document.undo_text() or self._document.redo_text()):
            self.past.begin(new)  # nothing leads back to what was there before
        self.past.follow(new)


def _history(state: State) -> History | None:
    return state.run.history if state.run and len(state.run.history) else None
