"""Training of the document: run, pause, step, and return to earlier iterations."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from nnviz.core import edits
from nnviz.core.coach import Remedy
from nnviz.core.history import History
from nnviz.core.numbers import as_text, counted
from nnviz.core.replay import Replay, leads_to, state_at_start, with_past
from nnviz.core.runs import begin
from nnviz.core.state import Run, State, Training, agree_except
from nnviz.core.trainer import Trainer
from nnviz.document.document import Document
from nnviz.document.job import USUAL_LIMITS, Job, Limits, outcome_sentence, paused_sentence, refusal_sentence
from nnviz.document.moment import Moment


class Travel(QObject):
    """Shows the State at any iteration of the current run.

    ========= =================================================================================
    `message` signal: a sentence on the iteration that is shown or being computed
    `rested`  signal: the chosen iteration is shown, or its computation was cancelled or failed
    ========= =================================================================================
    """

    message = Signal(str)
    rested = Signal()

    def __init__(self, document: Document, limits: Limits) -> None:
        super().__init__()
        self._document, self._limits = document, limits
        self._job: Job | None = None
        self._arrival: tuple[str, Hashable, str] = ("", None, "")
        document.changed.connect(self._follow)

    @property
    def end(self) -> int:
        """The last iteration of the run."""
        return self._document.past.end.iteration

    @property
    def place(self) -> str:
        """The shown iteration as text: " at iteration 5 of 21"; "" at the last iteration."""
        iteration = self._document.state.iteration
        return f" at iteration {iteration} of {self.end}" if iteration != self.end else ""

    @property
    def run(self) -> Run | None:
        """The whole run, or None until a loss of the run is measured."""
        return _measured_run(self._document.past.end)

    @property
    def history(self) -> History | None:
        """The loss history of the whole run, or None until a loss of the run is measured."""
        return self.run.history if self.run else None

    @property
    def present(self) -> tuple[int, float] | None:
        """The last measured (iteration, loss) up to the current iteration, or None until a loss is measured.

        If the run is undone, the value is the first measured (iteration, loss) of the run.
        """
        state = self._document.state
        run = _measured_run(state) or self.run
        return run.history.at(state.iteration) if run else None

    def go_to(self, iteration: int, text: str, merge: Hashable = None, sentence: str = "") -> None:
        """Show the State after `iteration` updates of the run, and push the State as an undo entry.

        `text` and `merge` are the arguments of `Document.push`. The `sentence` is the message when the State
        is shown; by default, the message is the iteration and its loss. If a script has trained the network,
        nnviz knows only some iterations, and shows the nearest earlier iteration.
        """
        self.cancel()
        iteration = min(max(iteration, 0), self.end)
        if iteration == self._document.state.iteration or not self._document.may_change():
            return
        self._arrival = text, merge, sentence
        nearest, end = self._document.past.nearest(iteration), self._document.past.end
        if nearest.iteration == iteration or end.is_watched:
            if nearest.iteration != self._document.state.iteration:
                self._arrive(nearest)
            return
        updates = iteration - nearest.iteration
        make = partial(Replay, end=end, history_limit=self._limits.history_points)
        job = self._job = Job(nearest, updates, self, self._limits, make)
        job.ended.connect(self._finish)  # not a lambda: it would keep its parent alive and end twice
        job.work_at_once()
        if self._job is job:
            self.message.emit(f"Going to iteration {iteration} …")

    def cancel(self) -> None:
        """Stop computing another iteration of the run, if this is in progress."""
        job, self._job = self._job, None
        if job:
            job.stop()
            self.rested.emit()

    def _finish(self) -> None:
        job, self._job = self._job, None
        assert job is not None
        job.stop()
        if job.error:
            self.message.emit(refusal_sentence(job.error))
            self.rested.emit()
            return
        state = job.take()
        assert state is not None
        self._arrive(state)

    def _arrive(self, then: State) -> None:
        text, merge, message = self._arrival
        self._document.push(with_past(self._document.state, then), text, merge)
        point = then.run.history.at(then.iteration) if then.run else None
        sentence = f"Iteration {then.iteration} of {self.end}"
        if point and point[0] == then.iteration and not self._document.now.hiding.on:
            title = "the script's loss" if then.is_watched else then.curve_title
            sentence = f"{sentence}: {title} {as_text(point[1])}"
        self.message.emit(message or sentence)
        self.rested.emit()

    def _follow(self, old: Moment, new: Moment) -> None:
        if not agree_except(old.state, new.state, *APART):
            self.cancel()


def _measured_run(state: State) -> Run | None:
    return state.run if state.run and len(state.run.history) else None


APART = "notes", "runs", "baseline"
"""Parts of the State that may change while a run or a jump to another iteration goes on."""
ONE_UPDATE = "One update"
"""Name of the undo entry of a single update."""
ROWS_CHANGED = "The rows have changed: a new run goes on from these weights, and counts from 0"


class Runner(QObject):
    """Trains the document by runs (many updates) and steps (one update), and goes to any iteration of a run.

    ============= ======================================================================================
    `progressed`  signal: (updates made, all updates of the run), once a frame
    `run_ended`   signal: a run or a step is over; carries a sentence for the status line
    `warned`      signal: the loss rose or the run failed; carries a sentence that says what to do
    `message`     signal: a sentence for the status line on an action other than a run or a step
    `travel`      Travel, which shows any iteration of the run
    ============= ======================================================================================

    A run makes `training.updates` updates, or the remaining updates of a paused run, and is one undo entry.
    Any other change of the document stops the run, except a change of the notes; `edit_rows` goes on with
    new rows. A new learning rate applies from the next update. A view in which the user drags through
    iterations calls `begin_drag`, then `scrub_to` repeatedly, then `end_drag`. For key presses, the view
    calls only `begin_scrub` and `scrub_to`. All calls of `scrub_to` after one `begin_scrub` or `begin_drag`
    form one undo entry.
    """

    progressed = Signal(object, object)
    run_ended = Signal(str)
    warned = Signal(str)
    message = Signal(str)

    def __init__(self, document: Document, limits: Limits = USUAL_LIMITS) -> None:
        super().__init__()
        self._document, self._limits = document, limits
        self.travel = Travel(document, limits)
        self.travel.message.connect(self.message)
        self._job: Job | None = None
        self._text = ""
        self._merge: Hashable = None
        self._is_step = False
        self._scrub = object()
        self.updates_left = 0
        """Number of updates that a paused run still has to make."""
        self._paused_with = document.state.training
        """The settings at the end of the last run. With these settings, a paused run goes on."""
        self._own_state = document.state
        self._speed = 0.5
        document.changed.connect(self._follow)

    @property
    def running(self) -> bool:
        """Whether a run or a step is in progress."""
        return self._job is not None

    @property
    def speed(self) -> float:
        """Speed of runs: 0 is one update a second, 0.5 is 3 seconds for a run, 1 is as fast as possible."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._speed = min(max(speed, 0.0), 1.0)
        if self._job and not self._is_step:
            self._job.set_speed(self._speed)

    def run(self) -> None:
        """Make the updates that the training settings ask for, or the remaining updates of a paused run."""
        if not self.running:
            self._begin(self.updates_left or self._document.state.training.updates)

    def step(self) -> None:
        """Pause any run, and make one update as a separate undo entry."""
        self.pause()
        left = self.updates_left
        if job := self._begin(1, ONE_UPDATE):
            self.updates_left = max(left - 1, 0)
            job.work_at_once()

    def toggle(self) -> None:
        """Start or pause a run. A run in a thread pauses after the current unit of work."""
        if self._job is None:
            self.run()
        elif self._job.end_soon():
            self.message.emit("Pausing …")
        else:
            self.pause()

    def pause(self) -> None:
        """Pause the run at once, and show its latest State. `run` later makes the remaining updates."""
        self.travel.cancel()
        if self._job:
            self._job.stop()
            self._show()
            self._finish()

    def give_up(self) -> None:
        """End the run, and drop the updates that are not shown yet."""
        self.updates_left = 0
        if self._job:
            self._end(self._job, paused_sentence(self._job.done, self._job.updates))

    def back(self) -> None:
        """Show the State before the last update."""
        self.pause()
        iteration = self._document.state.iteration - 1
        self.travel.go_to(iteration, f"Back to iteration {iteration}")

    def restart(self) -> None:
        """Show the State at the start of the run, iteration 0."""
        self.pause()
        self.travel.go_to(0, "Restart")

    def run_with(self, remedy: Remedy) -> None:
        """Go to the start of the run, changed by `remedy`, as one undo entry, and start a new run."""
        self.pause()
        start = with_past(self._document.state, state_at_start(self._document.past.end))
        if self._document.edit(f"Restart with {remedy.name}", lambda _: remedy.change(start)):
            self.run()

    def begin_scrub(self) -> None:
        """Begin a new undo entry for the next calls of `scrub_to`, which show other iterations."""
        self._scrub = object()

    def begin_drag(self) -> None:
        """Begin dragging through iterations: pause the run.

        Set `Moment.is_moving`, so that slow views skip some States. If a script is training the network, do
        not set this attribute.
        """
        self.begin_scrub()
        self.pause()
        if not self._document.now.lock_reason:
            self._document.set_in_motion(True)

    def scrub_to(self, iteration: int) -> None:
        """Show the State after `iteration` updates of the run."""
        self.pause()
        self.travel.go_to(iteration, "Go to another iteration", self._scrub)

    def end_drag(self) -> None:
        """End dragging through iterations.

        Reset `Moment.is_moving`, so that slow views show every State again. If a script is training the
        network, do not reset this attribute.
        """
        if not self._document.now.lock_reason:
            self._document.set_in_motion(False)

    def new_random_weights(self) -> None:
        """Set random weights that are made with the next seed."""
        self.pause()
        seed = self._document.state.training.next_seed
        if self._document.edit("New random weights", edits.randomise, seed):
            self.message.emit(f"New random weights with seed {seed}")

    def edit_rows(self, text: str, edit: Callable[..., State], *where: object, merge: Hashable) -> bool:
        """Edit the rows of the data as `Document.edit` does; return whether the edit was possible.

        A run ends, and a new run of all updates goes on from its weights, with the new rows. Until
        `end_edit`, the updates of the new run belong to the undo entry of the edit.
        """
        job = None if self._is_step else self._job
        if job is None or not self._document.may_change():
            return self._document.edit(text, edit, *where, merge=merge)
        try:
            data = edit(self._document.state, *where).data
        except ValueError as error:
            self._document.refused.emit(str(error))
            return False
        job.stop()
        self._show()
        self._job = None  # without the signals of a pause: the next run begins at once
        edited = replace(self._document.state, data=data, run=None)
        # each place of a drag would otherwise keep a run
        self._document.push(edited, text, merge, keeps_run=not self._text)
        if self._begin(self._document.state.training.updates, text, merge):
            self.message.emit(ROWS_CHANGED)
        else:
            self._end(job, paused_sentence(job.done, job.updates))
        return True

    def end_edit(self) -> None:
        """Begin a new undo entry for the next updates of a run that `edit_rows` has continued; end a drag."""
        if self._job is None or self._is_step:
            self.end_drag()
        elif self._text:  # otherwise the updates have an entry of their own already
            self._text, self._merge = "", object()

    def set_training(self, training: Training) -> None:
        """Change the training settings. A change of any setting but the learning rate pauses the run."""
        old = self._document.state.training
        changed = [name for name, value in vars(training).items() if value != getattr(old, name)]
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
            self._own_state = state
        names = {
            "updates": "number of updates",
            "l1": "L1",
            "l2": "L2",
            "until": "loss to stop at",
            "keep": "weights to keep",
        }
        self._document.push(state, f"Change {names.get(changed[0], changed[0].replace('_', ' '))}")

    def _begin(self, updates: int, text: str = "", merge: Hashable | None = None) -> Job | None:
        """Begin a run or a step. If `merge` is given, the run continues a run whose rows were edited."""
        self.travel.cancel()
        if not self._document.may_change():
            return None
        state = self._document.state
        if not self.updates_left or state.training != self._paused_with:
            begun = begin(state, self._document.past.last)
            if begun is not state:
                self._document.amend(replace(state, runs=begun.runs))  # undoing the new run keeps the old one
            state = begun
        end = self._document.past.end
        keeps_best = state.training.keep and text != ONE_UPDATE and end.run and leads_to(state, end)
        if keeps_best and end.run and 0 < state.iteration == end.run.best_iteration:
            state = with_past(state, end)  # go on after the last update, not after the best one
        try:
            make = partial(Trainer, history_limit=self._limits.history_points)
            job = Job(state, updates, self, self._limits, make)
        except ValueError as error:
            self.warned.emit(refusal_sentence(error))
            self.message.emit(refusal_sentence(error))
            return None
        job.frame_due.connect(self._show)
        job.ended.connect(self._finish)
        self._job, self._is_step = job, text == ONE_UPDATE
        if not self._is_step:
            job.set_speed(self._speed)
        self._text, self._merge = text, merge or object()
        self._own_state = state
        self.updates_left = 0
        self._document.set_in_motion(True)
        self.progressed.emit(0, updates)
        return job

    def _show(self) -> None:
        """Put the latest State of the job into the document, if the State is new."""
        job = self._job
        assert job is not None
        state = job.take()
        if state is not None:
            apart = {name: getattr(self._document.state, name) for name in APART}
            self._own_state = state = replace(state, **apart)
            self._document.push(state, self._text_of(job), self._merge)
        if self._job is job:
            self.progressed.emit(job.done, job.updates)

    def _finish(self) -> None:
        """Report the result of the job, and end the job."""
        job = self._job
        if job is None:  # a slot of `frame_due` has changed the document
            return
        if job.was_cut_short:
            self.updates_left = 0 if self._is_step else job.updates - job.done
            self._end(job, paused_sentence(job.done, job.updates))
            return
        state = self._document.state
        label = f"Iteration {state.iteration}" if self._is_step else counted(job.done, "update")
        is_hidden = self._document.now.hiding.on
        sentence, warning = outcome_sentence(label, job.before, state, job.error, is_hidden)
        keeps_best = bool(state.run and state.training.keep) and not (self._is_step or job.error)
        if warning and not keeps_best:
            self.warned.emit(sentence)
        self._end(job, sentence)
        if keeps_best and state.run:
            best = state.run.best_iteration
            sentence = f"{sentence.removesuffix('.')}; back to iteration {best}, the best one"
            self.travel.go_to(best, self._text_of(job), self._merge, sentence)

    def _text_of(self, job: Job) -> str:
        return self._text or f"Run of {counted(job.done, 'update')}"

    def _end(self, job: Job, sentence: str) -> None:
        job.stop()
        self._job, self._paused_with = None, self._document.state.training
        self._document.set_in_motion(False)
        self.run_ended.emit(sentence)

    def _follow(self, old: Moment, new: Moment) -> None:
        """End the run if anything other than the run has changed the document."""
        goes_on = new.state is self._own_state or agree_except(old.state, new.state, *APART)
        self._own_state = new.state  # and free the previous State
        if not goes_on:
            self.give_up()
