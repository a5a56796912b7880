"""Training in the window: runs, steps and pauses what is open. Knows nothing of widgets."""

from __future__ import annotations

import itertools
from collections.abc import Hashable

from PySide6.QtCore import QObject, Signal

from nnviz.core import edits
from nnviz.core.state import State, Training
from nnviz.document.document import Document
from nnviz.document.training.drive import Drive
from nnviz.document.training.job import Job, updates_per_second
from nnviz.document.training.outcome import counted, outcome, refusal, tenth
from nnviz.document.training.travel import Travel

AT_ONCE = 0.010
"""Seconds that a Step may take before it goes on in slices."""

STEP = "Step"
RUN = "Run of "
SETTINGS = {
    "learning_rate": "learning rate",
    "updates": "updates",
    "batch_size": "batch",
    "optimizer": "optimizer",
    "seed": "seed",
}


class Runner(QObject):
    """Runs and steps the training of what is open; `travel` goes back and forth in it.

    ============== =========================================================================================
    `run_started`  a run or a step has begun
    `progressed`   updates done, of so many, once a frame
    `run_ended`    it is over, with one sentence for the status line
    `warned`       something went wrong or upwards: what happened and what to try
    `diverged`     the iteration at which the run that diverged began, and a learning rate to try from there
    `said`         what else was done, as one sentence for the status line
    ============== =========================================================================================

    A run makes `training.updates` updates, or those that are left of a paused one, and is one undo entry.
    Whatever else changes the document pauses it; a new learning rate alone holds from the next update on.
    """

    run_started = Signal()
    progressed = Signal(int, int)
    run_ended = Signal(str)
    warned = Signal(str)
    diverged = Signal(int, float)
    said = Signal(str)

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self.travel = Travel(document)
        self.travel.said.connect(self.said)
        self.travel.departing.connect(self.pause)
        self._drive = Drive(self)
        self._drive.frame_due.connect(self._show)
        self._drive.over.connect(self._finish)
        self._ids = itertools.count()
        self._text = ""
        self._merge: Hashable = None
        self._left = 0
        self._own = document.state
        self._speed = 0.5
        document.state_changed.connect(self._follow)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._drive.job is not None

    @property
    def left(self) -> int:
        """How many updates are left of a run that was paused."""
        return self._left

    @property
    def speed(self) -> float:
        """From 0, one update a second, over 0.5, about 3 seconds a run, to 1, as fast as possible."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = min(max(speed, 0.0), 1.0)
        job = self._drive.job
        if job and not self._stepping:
            job.set_pace(updates_per_second(job.updates, self._speed))
            self._drive.go_on()

    def run(self) -> None:
        """Make `training.updates` updates more, or those that are left of the run that was paused."""
        if not self.running:
            updates = self._left or self._document.state.training.updates
            self._begin(updates, f"{RUN}{counted(updates)}")

    def step(self) -> None:
        """Make one update, an undo entry of its own; a run is paused first."""
        self.pause()
        left = self._left
        if self._begin(1, STEP):
            self._left = max(left - 1, 0)
            self._drive.work_for(AT_ONCE)

    def toggle(self) -> None:
        """Run, or pause the run that is under way; what is long under way is waited for, and shown then."""
        job = self._drive.job
        if job is None:
            self.run()
        elif job.in_background:
            job.wind_up()
            self.said.emit("Pausing …")
        else:
            self.pause()

    def pause(self) -> None:
        """Stop at once, at what is shown; `run` makes the updates that are left."""
        self.travel.cancel()
        job = self._drive.job
        if job is None:
            return
        job.stop()
        self._show()
        self._finish()

    def new_random_weights(self, seed: int | None = None) -> None:
        """Start from random weights by `seed`, or by the next one; the seed is shown and saved."""
        self.pause()
        state = self._document.state
        seed = state.training.next_seed if seed is None else seed
        self._document.push(edits.randomise(state, seed), "New random weights")
        self.said.emit(f"Random weights of seed {seed}")

    def set_training(self, training: Training) -> None:
        """Change the settings: a learning rate from the next update on, the others from the next run on."""
        old = self._document.state.training
        changed = [name for name in SETTINGS if getattr(old, name) != getattr(training, name)]
        if not changed:
            return
        if changed != ["learning_rate"]:
            self.pause()
        if self._drive.job:
            self._drive.job.set_training(training)
            self._show()
            return
        state = edits.set_training(self._document.state, training)
        if changed == ["learning_rate"]:
            self._own = state
        self._document.push(state, f"Change {SETTINGS[changed[0]]}")

    def _begin(self, updates: int, text: str) -> bool:
        self.travel.cancel()
        state = self._document.state
        try:
            job = Job(state, updates)
        except ValueError as error:
            self.warned.emit(refusal(error))
            return False
        self._text, self._merge = text, ("run", next(self._ids))
        if not self._stepping:
            job.set_pace(updates_per_second(updates, self._speed))
        self._own = state
        self._left = 0
        self._drive.start(job)
        self._document.set_in_motion(True)
        self.run_started.emit()
        self.progressed.emit(0, updates)
        return True

    @property
    def _stepping(self) -> bool:
        return self._text == STEP

    def _show(self) -> None:
        """Put the State that the job has come to into the document, where there is a new one."""
        job = self._drive.job
        assert job is not None
        state = job.take()
        if state is not None:
            self._own = state
            self._document.push(state, self._text, self._merge)
        if self._drive.job is job:
            self.progressed.emit(job.done, job.updates)

    def _finish(self) -> None:
        """Say what came of the job, which goes no further."""
        job = self._drive.job
        if job is None:  # showing it has led somebody to change the document
            return
        if not job.over or job.cut_short:
            self._left = 0 if self._stepping else job.updates - job.done
            self._end(_paused(job))
            return
        state = self._document.state
        label = f"Iteration {state.iteration}" if self._stepping else counted(job.updates)
        sentence, warning = outcome(label, job.before, state, job.diverged, job.error)
        if warning:
            self.warned.emit(sentence)
        if job.diverged:
            self.diverged.emit(job.before.iteration, tenth(state.training.learning_rate))
        self._end(sentence)

    def _end(self, sentence: str) -> None:
        self._drive.stop()
        self._document.set_in_motion(False)
        self.run_ended.emit(sentence)

    def _follow(self, old: State, new: State) -> None:
        """Let the run go where something else has changed the document."""
        if new is self._own:
            return
        self._left = 0
        if job := self._drive.job:
            job.stop()
            self._end(_paused(job))


def _paused(job: Job) -> str:
    return f"Paused after {job.done} of {counted(job.updates)}"
