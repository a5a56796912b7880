"""Playback of the walk in the window and in films. A walk shows one training iteration, step by step.

The walk changes the document only at its end, by one update of the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Literal, TypeAlias

from PySide6.QtCore import QObject, QVariantAnimation, Signal

from nnviz.core.state import State
from nnviz.document.document import Document
from nnviz.document.moment import Moment, is_new
from nnviz.document.training import Runner
from nnviz.document.walk import PHASES, Phase, Walk, WalkProgress, phase_prompt

MOVE_S = 1.0
"""In a film: seconds that the animation of one step of a training iteration takes."""
FIRST_S, LAST_S = 1.0, 4.0
"""FIRST_S: seconds of a film's first frame. LAST_S: seconds of the last frame, which is after the update."""
READ_S, LETTER_S, LONGEST_S = 0.6, 0.015, 3.0
"""A film shows a finished step for READ_S + LETTER_S · (letters of the text) seconds, at most LONGEST_S."""


def film_frames(
    progress: WalkProgress, moves: int, text_of: Callable[[WalkProgress], str]
) -> Iterator[tuple[WalkProgress, float, float]]:
    """Yield (progress, t, seconds) for each frame of a film of a walk from the start.

    `t` is the fraction of the step in progress, `seconds` the duration of the frame. A step is animated in
    `moves` frames. `text_of` returns the text of the step done last. In the last frame, the walk has ended.
    """
    progress, duration_s = progress.at(0), FIRST_S
    while progress.position < len(progress.walk):
        progress = progress.in_next_step()
        for move in range(moves):
            yield progress, move / moves, duration_s
            duration_s = MOVE_S / moves
        progress = progress.at(progress.goal)
        yield progress, 0.0, min(READ_S + LETTER_S * len(text_of(progress)), LONGEST_S)
    yield progress.ended(), 0.0, LAST_S


Repeat: TypeAlias = Literal["phase", "rows", "rounds"]
"""What Play does after a phase (forward pass, loss, backward pass or update) of an animated update.

"phase": stop. "rows": start again with the next row. "rounds": go on to the next phase.
"""

SLOWEST_MS, FASTEST_MS = 4000, 60
NO_ROW = "There is no row to compute: add a row under Data or type an input"
NO_TARGETS = "There are no targets, so there is no error to propagate back: type a target first"
FREE_ROW = "A what-if row has no target, so there is no error to propagate back: choose a row of the data"


class Player(QObject):
    """Plays the walk (one training iteration, step by step) of the selected row in the window.

    ========= ==============================================================================
    `frame`   signal: the fraction `t` of the step in progress has changed; carries `t`
    `message` signal: carries a sentence for the status line
    ========= ==============================================================================

    `progress` holds the steps done and in progress. The walk ends if an edit, an undo or a run changes the
    network or the data. A change to or from a what-if row (inputs that the user tries out, without targets)
    also ends the walk if the data has targets.
    """

    frame = Signal(float)
    message = Signal(str)

    def __init__(self, document: Document, runner: Runner) -> None:
        super().__init__()
        self._document, self._runner = document, runner
        document.show_walk(WalkProgress(self._new_walk()))
        self.speed = 0.25
        self.repeat: Repeat = "phase"
        self._updating: State | None = None
        """The State before the update that is in progress, or None."""
        self._updated: State | None = None
        """The State after the walk's last update, or None."""
        self._clock = QVariantAnimation(self, startValue=0.0, endValue=1.0)
        self._clock.valueChanged.connect(lambda _: self.frame.emit(self.t))
        self._clock.finished.connect(lambda: self._arrive_at(self.progress.goal))
        document.changed.connect(self._follow)
        runner.run_ended.connect(self._end_update)

    def _new_walk(self) -> Walk:
        state = self._document.state
        return Walk(state.network.sizes, self._phases, len(state.data))

    @property
    def _phases(self) -> tuple[Phase, ...]:
        """The phases that the row on the diagram allows: without targets, only the first phase."""
        return PHASES if self._document.now.row_state.trainable else PHASES[:1]

    @property
    def progress(self) -> WalkProgress:
        """The steps done and in progress."""
        return self._document.now.walk

    def _set(self, progress: WalkProgress, *, playing: bool | None = None) -> None:
        """Show other progress of the walk, with another value of `playing` unless it is None."""
        self._document.show_walk(progress if playing is None else replace(progress, playing=playing))

    def set_by_layer(self, on: bool) -> None:
        """Choose whether a step animates a layer, not a node."""
        self._set(replace(self.progress, by_layer=on))

    @property
    def t(self) -> float:
        """How much of the animation's current step is done, from 0 to 1."""
        running = self._clock.state() == QVariantAnimation.State.Running
        return float(self._clock.currentValue()) if running else 0.0

    # --- actions of a person

    def toggle(self) -> None:
        """Play the walk (the animation of one update), or pause the walk if it is playing."""
        if self.progress.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Play the walk (the animation of one update) to the end of the current phase.

        The attribute `repeat` says whether the walk then stops or continues.
        """
        if self._begin():
            self._set(self.progress, playing=True)
            self._go()

    def pause(self) -> None:
        """Pause the walk (the animation of one update), and finish a step in progress at once."""
        self._set(self.progress, playing=False)
        if self.progress.moving:
            self._clock.stop()
            self._arrive_at(self.progress.goal)

    def step(self) -> None:
        """Do the next step of the walk (the animation of one update), or pause the walk if it is playing.

        A step animates one node or one layer.
        """
        was_playing = self.progress.playing
        self.pause()
        if not was_playing and self._begin():
            self._go()

    def back(self) -> None:
        """Go back one step in the walk (the animation of one update). At the start, end the walk.

        If the walk has ended with an update of the weights, undo this update.
        """
        if self.progress.playing:
            self.pause()
        if not self._drop_step():
            self._step_back()

    def to_start(self) -> None:
        """Go to the start of the current phase of the walk (the animation of one update).

        If the walk is already there, go to the start of the previous phase.
        """
        self._drop_step()
        if self.progress.active:
            self._set(self.progress.at(self.progress.phase_start), playing=False)

    def to_end(self) -> None:
        """Finish the current phase of the walk (the animation of one update) at once."""
        if self._begin():
            self._clock.stop()
            self._set(self.progress, playing=False)
            self._arrive_at(self.progress.walk.phase_end(self.progress.position))

    def show_phase(self, phase: Phase) -> None:
        """Go to the start of a phase of the walk (the animation of one update); earlier phases are done."""
        self._drop_step()
        self._set(replace(self.progress, walk=self._new_walk()))
        if phase not in self.progress.walk.phases:
            self.message.emit(NO_TARGETS if self._document.now.what_if_row is None else FREE_ROW)
        elif self._has_row():
            self._set(self.progress.at_phase(phase), playing=False)
            self.message.emit(phase_prompt(phase).text)

    def stop(self) -> None:
        """End the walk (the animation of one update), so that the diagram shows all values again."""
        if self.progress.active or self.progress.playing:
            self._drop_step()
            self._set(self.progress.ended(), playing=False)

    # --- parts of these actions

    def _has_row(self) -> bool:
        """Return whether there is a row for the walk; if not, emit a sentence."""
        if len(self._document.now.row_state.data):
            return True
        self.message.emit(NO_ROW)
        return False

    def _begin(self) -> bool:
        """Start the walk unless the walk is active; return False if there is no row."""
        if not self._has_row():
            return False
        if not self.progress.active or self.progress.position == len(self.progress.walk):
            self._runner.pause()
            self._set(replace(self.progress, walk=self._new_walk()).at(0))
        return True

    def _go(self) -> None:
        self._set(self.progress.in_next_step())
        self._clock.setDuration(round(SLOWEST_MS * (FASTEST_MS / SLOWEST_MS) ** self.speed))
        self._clock.start()

    def _drop_step(self) -> bool:
        """Cancel a step or update in progress; return whether there was a step."""
        if self._updating:
            self._runner.give_up()
        self._clock.stop()
        dropped = bool(self.progress.moving)
        self._set(replace(self.progress, goal=self.progress.position))
        return dropped

    def _step_back(self) -> None:
        progress = self.progress
        if not progress.active:
            if self._updated is not self._document.state or self._updated is None:
                return
            self._document.undo()
            self._updated = None
            walk = self._new_walk()
            progress = replace(progress, walk=walk).at(len(walk))
        self._set(progress.ended() if progress.position == 0 else progress.at(progress.step_before))

    def _arrive_at(self, position: int) -> None:
        walk = self.progress.walk
        phase_end = walk.phase_end(self.progress.position)
        self._set(self.progress.at(position))
        if position == len(walk) and "update" in walk.phases:
            self._update()
        elif self.progress.playing and position != phase_end:
            self._go()
        elif self.progress.playing:
            self._go_on()

    def _go_on(self) -> None:
        """At the end of a phase, go on as `repeat` says, or stop playing."""
        if self.repeat == "rounds" and self.progress.position < len(self.progress.walk):
            self._go()
        elif self.repeat == "phase" or self._document.now.what_if_row is not None:  # no row follows it
            self._set(self.progress, playing=False)
        else:
            self._document.select_row((self._document.now.row + 1) % len(self._document.state.data))
            self._set(self.progress.at(0))
            self._go()

    def _update(self) -> None:
        """Make one update of the weights; until the update is made, the walk stays at the last step."""
        before = self._document.state
        self._runner.pause()  # the end of a run must not count as the end of the walk's update
        if self._document.state is not before:
            return  # the run has ended the walk
        self._updating = before
        self._runner.step()
        if not self._runner.running:
            self._end_update()

    def _end_update(self) -> None:
        """End the walk or begin the next training iteration; stay at the end if no update was made.

        If no update of the walk is in progress, do nothing.
        """
        before, self._updating, now = self._updating, None, self._document.state
        if before is None:
            return
        is_made = now.iteration == before.iteration + 1
        if is_made:
            self._updated = now
            self._set(self.progress.ended())
        if is_made and self.progress.playing and self.repeat == "rounds" and self._begin():
            self._go()
        else:
            self._set(self.progress, playing=False)

    def _follow(self, old: Moment, new: Moment) -> None:
        """End the walk if anything else changes the network or the data, or the row allows other phases."""
        is_other = is_new(old, new, "state.network", "state.data") and not self._updating
        if is_other or (is_new(old, new, "what_if_row") and self.progress.walk.phases != self._phases):
            self.stop()
