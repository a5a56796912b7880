"""Training in the window: drives a Trainer in short slices between two frames. Knows nothing of widgets."""

from __future__ import annotations

import itertools
import time
from collections.abc import Hashable
from dataclasses import replace

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from nnviz.core import edits
from nnviz.core.numbers import shown
from nnviz.core.state import State, Training
from nnviz.document.document import Document
from nnviz.ui.training.job import Job
from nnviz.ui.training.outcome import counted, outcome, refusal, tenth
from nnviz.ui.training.pace import updates_per_second
from nnviz.ui.training.travel import Travel

FRAME = 1 / 60
SPARE = 0.0007
"""Seconds left free before a frame is due, so that it is not late."""
LEAST = 0.006
"""Seconds of work a frame where painting takes all of it."""
SHARE = 2.0
"""A frame lasts at least so many times as long as showing a State does: long, for a large network."""
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
    """Runs and steps the training of what is open, and goes back in it.

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
        self._ids = itertools.count()
        self._job: Job | None = None
        self._text = ""
        self._merge: Hashable = None
        self._frame_due = 0.0
        self._worked = False
        self._left = 0
        self._own = document.state
        self._speed = 0.5
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)
        document.state_changed.connect(self._follow)

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self._job is not None

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
        if self._job and not self._stepping:
            self._job.set_pace(updates_per_second(self._job.updates, self._speed))
            self._timer.start(0)

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
            self._work_until(time.perf_counter() + AT_ONCE)

    def toggle(self) -> None:
        """Run, or pause the run that is under way."""
        if self.running:
            self.pause()
        else:
            self.run()

    def pause(self) -> None:
        """Stop after the update that is under way; `run` makes those that are left."""
        self.travel.cancel()
        job = self._job
        if job is None:
            return
        job.stop()
        self._show(job)
        if job.over:
            self._go_on()
        else:
            self._left = 0 if self._stepping else job.updates - job.done
            self._end(f"Paused after {job.done} of {counted(job.updates)}")

    @property
    def can_go_back(self) -> bool:
        """Whether there is an update to take back."""
        return self._document.state.iteration > 0

    def back(self) -> None:
        """Go back by one update."""
        self.pause()
        iteration = self._document.state.iteration - 1
        self.travel.go_to(iteration, f"Back to iteration {iteration}")

    def go_to(self, iteration: int, merge: Hashable) -> None:
        """Show the run as it was after `iteration` updates; with the same `merge` it is one undo entry."""
        self.pause()
        self.travel.go_to(iteration, "Other iteration", merge)

    def restart(self) -> None:
        """Return to the weights at the start of the present run."""
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
        if self._job:
            self._job.set_training(training)
            self._show(self._job)
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
        self._job, self._text, self._merge = job, text, ("run", next(self._ids))
        if not self._stepping:
            job.set_pace(updates_per_second(updates, self._speed))
        self._frame_due = time.perf_counter() + FRAME
        self._worked = False
        self._own = state
        self._left = 0
        self._document.set_in_motion(True)
        self.run_started.emit()
        self.progressed.emit(0, updates)
        self._timer.start(0)
        return True

    @property
    def _stepping(self) -> bool:
        return self._text == STEP

    def _tick(self) -> None:
        """Show what was done where a frame is due, else work until shortly before; painting is in between."""
        if self._job is None:
            return
        now = time.perf_counter()
        if self._worked and now >= self._frame_due - SPARE:
            self._worked = False
            self._show(self._job)
            took = time.perf_counter() - now
            self._frame_due = max(self._frame_due + FRAME, now + FRAME / 2, now + SHARE * took)
            self._go_on()
        else:
            self._work_until(max(self._frame_due - SPARE, now + LEAST))

    def _work_until(self, until: float) -> None:
        job = self._job
        assert job is not None
        job.advance(until)
        self._worked = True
        if job.over:
            self._show(job)
        self._go_on()

    def _go_on(self) -> None:
        """End the job that is over; else wait for the next slice, frame or update."""
        job = self._job
        if job is None:  # showing it has led somebody to change the document
            return
        if job.over:
            self._finish(job)
            return
        due = self._frame_due - SPARE if self._worked else job.next_due()
        wait = due - time.perf_counter()
        self._timer.start(max(0, int(wait * 1000)))

    def _show(self, job: Job) -> None:
        """Put the trainer's State into the document, where there is a new one."""
        state = job.take()
        if state is not None:
            self._own = state
            self._document.push(state, self._text, self._merge)
        if self._job is job:
            self.progressed.emit(job.done, job.updates)

    def _finish(self, job: Job) -> None:
        state = self._document.state
        label = f"Iteration {state.iteration}" if self._stepping else counted(job.updates)
        sentence, warning = outcome(label, job.before, state, job.diverged, job.error)
        if warning:
            self.warned.emit(sentence)
        if job.diverged:
            self.diverged.emit(job.before.iteration, tenth(state.training.learning_rate))
        self._end(sentence)

    def _end(self, sentence: str) -> None:
        self._timer.stop()
        self._job = None
        self._document.set_in_motion(False)
        self.run_ended.emit(sentence)

    def _follow(self, old: State, new: State) -> None:
        """Let the run go where something else has changed the document."""
        if new is self._own:
            return
        self._left = 0
        job = self._job
        if job:
            job.stop()
            self._timer.stop()
            self._job = None
            self._document.set_in_motion(False)
            self.run_ended.emit(f"Paused after {job.done} of {counted(job.updates)}")
