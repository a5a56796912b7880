"""Training in the window: drives a Trainer in short slices between two frames. Knows nothing of widgets."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal

from nnviz.core import edits
from nnviz.core.numbers import shown
from nnviz.core.state import State, Training
from nnviz.core.training import Trainer
from nnviz.document.document import Document
from nnviz.ui.pace import updates_per_second

FRAME = 1 / 60
SPARE = 0.0007
"""Seconds left free before a frame is due, so that it is not late."""
LEAST = 0.004
"""Seconds of work a frame where painting takes all of it."""
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
    """Runs, steps and takes back the training of what is open.

    ============== =========================================================================================
    `run_started`  a run or a step has begun
    `progressed`   updates done, of so many, once a frame
    `run_ended`    it is over, with one sentence for the status line
    `warned`       something went wrong or upwards: what happened and what to try
    ============== =========================================================================================

    A run makes `training.updates` updates, or those that are left of a paused one, and is one undo entry.
    Whatever else changes the document pauses it; a new learning rate alone holds from the next update on.
    """

    run_started = Signal()
    progressed = Signal(int, int)
    run_ended = Signal(str)
    warned = Signal(str)

    def __init__(self, document: Document) -> None:
        super().__init__()
        self._document = document
        self._ids = itertools.count()
        self._job: _Job | None = None
        self._left = 0
        self._own = document.state
        self._speed = 0.5
        self._evaluated: tuple[State, float | None] | None = None
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
        if self._job and not self._job.step:
            self._job.set_pace(updates_per_second(self._job.updates, self._speed))
            self._timer.start(0)

    def run(self) -> None:
        """Make `training.updates` updates more, or those that are left of the run that was paused."""
        if not self.running:
            updates = self._left or self._document.state.training.updates
            self._begin(updates, f"{RUN}{_counted(updates)}")

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
        if self._job:
            self._show()
            job = self._job
            if not job.step:
                self._left = job.updates - job.done
            self._end(f"Paused after {job.done} of {_counted(job.updates)}: MSE{self._change(job)}")

    @property
    def can_go_back(self) -> bool:
        """Whether the last change was a Step or a Run."""
        text = self._document.undo_text()
        return text == STEP or text.startswith(RUN)

    def back(self) -> None:
        """Take the last Step or Run back."""
        self.pause()
        if self.can_go_back:
            self._document.undo()

    def restart(self) -> None:
        """Return to the weights at the start of the present run."""
        self.pause()
        self._document.push(edits.restart(self._document.state), "Restart")

    def new_random_weights(self, seed: int | None = None) -> None:
        """Start from random weights by `seed`, or by the next one; the seed is shown and saved."""
        self.pause()
        state = self._document.state
        seed = state.training.seed + 1 if seed is None else seed
        self._document.push(edits.randomise(state, seed), "New random weights")

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
            self._show()
            return
        state = edits.set_training(self._document.state, training)
        if changed == ["learning_rate"]:
            self._own = state
        self._document.push(state, f"Change {SETTINGS[changed[0]]}")

    def mse(self) -> float | None:
        """Return the MSE over all rows at the current weights, or None without rows or targets."""
        state = self._document.state
        known = self._evaluated
        if known is None or known[0].network is not state.network or known[0].data is not state.data:
            with np.errstate(over="ignore", invalid="ignore"):
                self._evaluated = known = (state, state.mse())
        return known[1]

    def _begin(self, updates: int, text: str) -> bool:
        try:
            trainer = Trainer(self._document.state)
        except ValueError as error:
            self.warned.emit(_refusal(error))
            return False
        self._job = _Job(trainer, self._document.state, updates, text, next(self._ids))
        self._job.set_pace(updates_per_second(updates, 1.0 if self._job.step else self._speed))
        self._own = self._document.state
        self._left = 0
        self.run_started.emit()
        self.progressed.emit(0, updates)
        self._timer.start(0)
        return True

    def _tick(self) -> None:
        """Show what was done where a frame is due, else work until shortly before; painting is in between."""
        job = self._job
        if job is None:
            return
        now = time.perf_counter()
        if job.worked and now >= job.frame_due - SPARE:
            job.worked = False
            job.frame_due = max(job.frame_due + FRAME, now + FRAME / 2)
            self._show()
            if self._job is job:
                self._timer.start(0)
        else:
            self._work_until(max(job.frame_due - SPARE, now + LEAST))

    def _work_until(self, until: float) -> None:
        job = self._job
        assert job is not None
        job.work_until(until)
        if job.over:
            self._show()
            self._finish(job)
        else:
            wait = max(job.frame_due, job.next_due()) - time.perf_counter()
            self._timer.start(max(0, int(wait * 1000)))

    def _show(self) -> None:
        """Put the trainer's State into the document, where there is a new one."""
        job = self._job
        assert job is not None
        state = job.new_state()
        if state is not None:
            self._own = state
            self._document.push(state, job.text, merge=("run", job.id))
        self.progressed.emit(job.done, job.updates)

    def _finish(self, job: _Job) -> None:
        rate = shown(job.training.learning_rate)
        if job.trainer.diverged:
            sentence = (
                f"Diverged after iteration {job.trainer.iteration}: the MSE grew beyond any number. "
                f"The weights are the last finite ones; go Back and try a learning rate below {rate}."
            )
            self.warned.emit(sentence)
        elif job.trainer.mse > job.mse_before:
            sentence = f"{job.label}: the MSE rose,{self._change(job)}; try a learning rate below {rate}."
            self.warned.emit(sentence)
        else:
            sentence = f"{job.label}: MSE{self._change(job)}"
        self._end(sentence)

    def _change(self, job: _Job) -> str:
        return f" {shown(job.mse_before)} → {shown(self.mse() or 0.0)}"

    def _end(self, sentence: str) -> None:
        self._timer.stop()
        self._job = None
        self._document.seal()
        self.run_ended.emit(sentence)

    def _follow(self, old: State, new: State) -> None:
        """Let the run go where something else has changed the document."""
        if new is self._own:
            return
        self._left = 0
        if self._job:
            job = self._job
            self._timer.stop()
            self._job = None
            self.run_ended.emit(f"Paused after {job.done} of {_counted(job.updates)}")


class _Job:
    """One run or step under way: the trainer, how far it has come and how fast it may go."""

    def __init__(self, trainer: Trainer, state: State, updates: int, text: str, number: int) -> None:
        self.trainer, self.updates, self.text, self.id = trainer, updates, text, number
        self.training = state.training
        self.mse_before = trainer.mse
        self.frame_due = time.perf_counter() + FRAME
        self._first = self._shown = trainer.iteration
        self._shown_training = state.training
        self._work: Iterator[None] = trainer.work(updates)
        self.over = self.worked = False
        self.set_pace(1.0)

    @property
    def step(self) -> bool:
        return self.text == STEP

    @property
    def label(self) -> str:
        return f"Iteration {self.trainer.iteration}" if self.step else _counted(self.done)

    @property
    def done(self) -> int:
        return self.trainer.iteration - self._first

    def set_pace(self, pace: float) -> None:
        """Go on at `pace` updates a second, the next one at once."""
        self._pace = pace
        self._since, self._from = time.perf_counter(), self.done + 1

    def set_training(self, training: Training) -> None:
        self.training = training
        self.trainer.learning_rate = training.learning_rate

    def next_due(self) -> float:
        """Return the time at which the pace asks for the next update."""
        return self._since + (self.done + 1 - self._from) / self._pace

    def work_until(self, until: float) -> None:
        """Make the updates that the pace asks for by now, but stop when it is `until`."""
        clock, trainer, work = time.perf_counter, self.trainer, self._work
        now = clock()
        last = self._first + self.updates
        asked = last
        if now < self._since + self.updates / self._pace:
            asked = min(last, self._first + int(self._from + self._pace * (now - self._since)))
        while now < until and (trainer.iteration < asked or trainer.iteration >= last):
            if next(work, self) is self:
                self.over = True
                return
            now = clock()
        self.worked = True
        self.over = trainer.diverged

    def new_state(self) -> State | None:
        """Return the State as it is now, or None where it is the one that was taken before."""
        if self.trainer.iteration == self._shown and self.training is self._shown_training:
            return None
        self._shown, self._shown_training = self.trainer.iteration, self.training
        return edits.set_training(self.trainer.state(), self.training)


def _counted(updates: int) -> str:
    return "1 update" if updates == 1 else f"{updates} updates"


def _refusal(error: ValueError) -> str:
    place, colon, what = str(error).partition(": ")
    sentence = what if colon and place.startswith("data") else str(error)
    return f"{sentence[0].upper()}{sentence[1:]}."
