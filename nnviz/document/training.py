"""The training of the document: run, pause, step, and going back to earlier iterations."""

from __future__ import annotations

import itertools
from collections.abc import Hashable
from dataclasses import fields, replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from nnviz.core import edits
from nnviz.core.history import History
from nnviz.core.numbers import counted, shown
from nnviz.core.replay import Past, Replay, makes_again, put_into, with_earlier
from nnviz.core.state import Run, State, Training
from nnviz.core.trainer import Trainer
from nnviz.document.document import Document
from nnviz.document.job import USUAL_LIMITS, Job, Limits, outcome, paused, refusal, tenth


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


SETTINGS = {
    "learning_rate": "learning rate",
    "updates": "updates",
    "batch_size": "batch",
    "optimizer": "optimizer",
    "seed": "seed",
    "loss": "loss",
    "validation": "validation",
}
ONE_UPDATE = "One update"
"""What an update by itself is called, also where it is undone."""


class Runner(QObject):
    """Runs and steps the training of what is open, and goes back and forth in its run.

    ============== =========================================================================================
    `run_started`  a run or a step has begun
    `progressed`   updates done, of so many, once a frame
    `run_ended`    it is over, with one sentence for the status line
    `warned`       something went wrong or upwards: what happened and what to try; the status line has it too
    `diverged`     the iteration at which the run that diverged began, and a learning rate to try from there
    `said`         what else was done, as one sentence for the status line
    `travel`       knows how far the run has come and where in it one is
    ============== =========================================================================================

    A run makes `training.updates` updates, or those that are left of a paused one, and is one undo entry.
    Whatever else changes the document, but for its notes, pauses it; a new learning rate alone holds from the
    next update on.
    A drag through iterations is `hold`, `scrub_to` again and again, `let_go`; keys only `scrub_to`.
    What follows one `begin_scrub` or `hold` is one undo entry.
    """

    run_started = Signal()
    progressed = Signal(object, object)
    run_ended = Signal(str)
    warned = Signal(str)
    diverged = Signal(object, float)
    said = Signal(str)

    def __init__(self, document: Document, limits: Limits = USUAL_LIMITS) -> None:
        super().__init__()
        self._document, self._limits = document, limits
        self.travel = Travel(document, limits)
        self.travel.said.connect(self.said)
        self._job: Job | None = None
        self._ids = itertools.count()
        self._text = ""
        self._merge: Hashable = None
        self._stepping = False
        self._scrub = 0
        self.left = 0
        """How many updates are left of a run that was paused."""
        self._made_here = document.state
        self._speed = 0.5
        document.state_changed.connect(self._follow)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._job is not None

    @property
    def speed(self) -> float:
        """From 0, one update a second, over 0.5, about 3 seconds a run, to 1, as fast as possible."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = min(max(speed, 0.0), 1.0)
        if self._job and not self._stepping:
            self._job.set_speed(self._speed)

    def run(self) -> None:
        """Make `training.updates` updates more, or those that are left of the run that was paused."""
        if not self.running:
            updates = self.left or self._document.state.training.updates
            if job := self._begin(updates):
                job.set_speed(self._speed)

    def step(self) -> None:
        """Make one update, an undo entry of its own; a run is paused first."""
        self.pause()
        left = self.left
        if job := self._begin(1, ONE_UPDATE):
            self.left = max(left - 1, 0)
            job.work_at_once()

    def toggle(self) -> None:
        """Run, or pause the run that is under way; what is long under way is waited for, and shown then."""
        if self._job is None:
            self.run()
        elif self._job.in_background:
            self._job.end_soon()
            self.said.emit("Pausing …")
        else:
            self.pause()

    def pause(self) -> None:
        """Stop at once, at what is shown; `run` makes the updates that are left."""
        self.travel.cancel()
        if self._job:
            self._job.stop()
            self._show()
            self._finish()

    def give_up(self) -> None:
        """Stop for good, without the updates that are made and not shown yet."""
        self.left = 0
        if self._job:
            self._end(self._job, paused(self._job.done, self._job.updates))

    def back(self) -> None:
        """Go back by one update."""
        self.pause()
        iteration = self._document.state.iteration - 1
        self.travel.go_to(iteration, f"Back to iteration {iteration}")

    def restart(self) -> None:
        """Return to the weights at the start of the run."""
        self.pause()
        self.travel.go_to(0, "Restart")

    def try_again(self, iteration: int, learning_rate: float) -> None:
        """Return to an iteration, there to go on with another learning rate; both are one undo entry."""
        self.pause()
        state, merge = self._document.state, ("again", next(self._ids))
        text = f"Learning rate {shown(learning_rate)} from iteration {iteration} on"
        training = replace(state.training, learning_rate=learning_rate)
        self._document.push(edits.set_training(state, training), text, merge)
        self.travel.go_to(iteration, text, merge)

    def begin_scrub(self) -> None:
        """Make what follows another undo entry."""
        self._scrub = next(self._ids)

    def hold(self) -> None:
        """Begin a drag: stop what runs, and expect many States, unless a script makes them."""
        self.begin_scrub()
        self.pause()
        if not self._document.held:
            self._document.set_in_motion(True)

    def scrub_to(self, iteration: int) -> None:
        """Show the run as it was after `iteration` updates."""
        self.pause()
        self.travel.go_to(iteration, "Other iteration", ("scrub", self._scrub))

    def let_go(self) -> None:
        """End a drag."""
        if not self._document.held:
            self._document.set_in_motion(False)

    def new_random_weights(self, seed: int | None = None) -> None:
        """Start from random weights by `seed`, or by the next one; the seed is shown and saved."""
        self.pause()
        seed = self._document.state.training.next_seed if seed is None else seed
        if self._document.edit("New random weights", edits.randomise, seed):
            self.said.emit(f"Random weights of seed {seed}")

    def set_training(self, training: Training) -> None:
        """Change the settings: a learning rate from the next update on, the others from the next run on."""
        old = self._document.state.training
        changed = [name for name in SETTINGS if getattr(old, name) != getattr(training, name)]
        if not changed or not self._document.may_change():
            return
        if changed != ["learning_rate"]:
            self.pause()
        if self._job:
            self._job.set_training(training)
            self._show()
            return
        state = edits.set_training(self._document.state, training)
        if changed == ["learning_rate"]:
            self._made_here = state
        self._document.push(state, f"Change {SETTINGS[changed[0]]}")

    def _begin(self, updates: int, text: str = "") -> Job | None:
        self.travel.cancel()
        if not self._document.may_change():
            return None
        state = with_earlier(self._document.state, self.travel.past.last)
        try:
            make = partial(Trainer, history_limit=self._limits.history_points)
            job = Job(state, updates, self, self._limits, make)
        except ValueError as error:
            self.warned.emit(refusal(error))
            self.said.emit(refusal(error))
            return None
        job.frame_due.connect(self._show)
        job.ended.connect(self._finish)
        self._job, self._stepping = job, text == ONE_UPDATE
        self._text, self._merge = text, ("run", next(self._ids))
        self._made_here = state
        self.left = 0
        self._document.set_in_motion(True)
        self.run_started.emit()
        self.progressed.emit(0, updates)
        return job

    def _show(self) -> None:
        """Put the State that the job has come to into the document, where there is a new one."""
        job = self._job
        assert job is not None
        state = job.take()
        if state is not None:
            self._made_here = state = replace(state, notes=self._document.state.notes)
            self._document.push(state, self._text or f"Run of {counted(job.done, 'update')}", self._merge)
        if self._job is job:
            self.progressed.emit(job.done, job.updates)

    def _finish(self) -> None:
        """Say what came of the job, which goes no further."""
        job = self._job
        if job is None:  # showing it has led somebody to change the document
            return
        if job.cut_short:
            self.left = 0 if self._stepping else job.updates - job.done
            self._end(job, paused(job.done, job.updates))
            return
        state = self._document.state
        label = f"Iteration {state.iteration}" if self._stepping else counted(job.updates, "update")
        sentence, warning = outcome(label, job.before, state, job.diverged, job.error)
        if warning:
            self.warned.emit(sentence)
        if job.diverged:
            self.diverged.emit(job.before.iteration, tenth(state.training.learning_rate))
        self._end(job, sentence)

    def _end(self, job: Job, sentence: str) -> None:
        job.stop()
        self._job = None
        self._document.set_in_motion(False)
        self.run_ended.emit(sentence)

    def _follow(self, old: State, new: State) -> None:
        """Let the run go where something else has changed the document."""
        goes_on = new is self._made_here or differ_in_notes(old, new)
        self._made_here = new  # and hold no other one
        if not goes_on:
            self.give_up()


def differ_in_notes(one: State, other: State) -> bool:
    """Tell whether two States hold the very same but for their notes, which no run depends on."""
    names = {field.name for field in fields(State)} - {"notes"}
    return all(getattr(one, name) is getattr(other, name) for name in names)
