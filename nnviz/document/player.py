"""Playback of the walk in the window and in films. A walk shows one training iteration, step by step.

The walk changes the document only at its end, by one update of the weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from operator import is_
from typing import Literal, TypeAlias

from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal

from nnviz.core.results import FEW_ROWS
from nnviz.core.state import State
from nnviz.document.derived import Derived, Selection
from nnviz.document.document import Document
from nnviz.document.training import Runner
from nnviz.document.walk import (
    NO_TEXT,
    PHASES,
    Phase,
    Progress,
    StepText,
    Walk,
    Walking,
    WalkStep,
    layer_text,
    phase_prompt,
    step_text,
)

MOVE_S = 1.0
"""In a film: seconds that the animation of one step of a training iteration takes."""
FIRST_S, LAST_S = 1.0, 4.0
"""FIRST_S: seconds of a film's first frame. LAST_S: seconds of the last frame, which is after the update."""
READ_S, LETTER_S, LONGEST_S = 0.6, 0.015, 3.0
"""A film shows a finished step for READ_S + LETTER_S · (letters of the text) seconds, at most LONGEST_S."""


class WalkPlayback:
    """Playback of a walk (one training iteration, step by step) in a film.

    `progress` holds the steps done and in progress. `t` is the fraction of the current step, from 0 to 1.
    """

    def __init__(self, walk: Walk, *, by_layer: bool = False) -> None:
        self.progress, self.t = Progress(walk), 0.0
        self.progress.by_layer = by_layer

    def play(self, moves: int, text: Callable[[], str]) -> Iterator[float]:
        """Play the walk: yield the duration of each frame in seconds. A step is animated in `moves` frames.

        `text()` returns the text of the step that has just finished. In the last frame, the walk has ended.
        """
        progress, walk = self.progress, self.progress.walk
        progress.go_to_position(0)
        while progress.position < len(walk):
            first = progress.position == 0
            progress.begin_step()
            for move in range(moves):
                self.t = move / moves
                yield FIRST_S if first and not move else MOVE_S / moves
            self.t = 0.0
            progress.go_to_position(progress.goal)
            yield min(READ_S + LETTER_S * len(text()), LONGEST_S)
        progress.end()
        yield LAST_S


class Narrator(QObject):
    """Writes the text of the current step of a walk, which shows one training iteration step by step.

    The signal `message` carries each new text, on one line.
    """

    message = Signal(str)

    def __init__(self, player: Walking, derived: Derived, parent: QObject) -> None:
        super().__init__(parent)
        self._player, self._derived = player, derived
        self._last = ""
        self._cache: dict[Callable[[str], str], tuple[tuple[object, ...], StepText]] = {}
        """For each function that shortens names: the last text, and the values from which it was written."""

    def words(self, short: Callable[[str], str] = str) -> StepText:
        """Return the text of the step in progress or, if no step is in progress, of the last step.

        `short` shortens node names.
        """
        progress = self._player.progress
        if progress.is_waiting:
            return phase_prompt(progress.phase)
        steps = progress.described_steps
        return self._words(steps[0], short) if len(steps) == 1 else NO_TEXT

    def _words(self, step: WalkStep, short: Callable[[str], str]) -> StepText:
        derived = self._derived
        few = len(derived.state.data) <= FEW_ROWS
        whole = derived.means if step.deed == "losses" and few else None
        update = derived.means_of_update if step.phase == "update" else None
        computed = replace(derived.row_numbers, means=whole, update=update)
        loss = derived.loss if step.deed == "losses" else None
        inputs = (derived.state, step, computed.trace, computed.slopes, whole, update, loss)
        key, text = self._cache.get(short, ((), NO_TEXT))
        if len(key) != len(inputs) or not all(map(is_, key, inputs)):  # comparing arrays would be slower
            text = step_text(derived.state, computed, step, loss, short)
            self._cache[short] = inputs, text
        return text

    @property
    def text(self) -> str:
        """The text of the step in progress or, if none is in progress, of the last step, on one line."""
        steps = self._player.progress.described_steps
        network = self._derived.state.network
        return layer_text(steps[0], network) if len(steps) > 1 else self.words().text if steps else ""

    def update_text(self) -> None:
        """Emit the signal `message` with the current text, if the text has changed."""
        text = self.text
        if text != self._last:
            self._last = text
            self.message.emit(text)


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

    ========= ==============================================================
    `changed` signal: `playing` or `progress` may have changed
    `frame`   signal: `t`, the fraction of the step in progress, has changed
    `message` signal: carries a sentence for the status line
    ========= ==============================================================

    `progress` holds the steps done and in progress. The walk ends if an edit, an undo or a run changes the
    network or the data. A change to or from a what-if row (inputs that the user tries out, without targets)
    also ends the walk if the data has targets.
    """

    changed = Signal()
    frame = Signal()
    message = Signal(str)

    def __init__(self, document: Document, selection: Selection, runner: Runner) -> None:
        super().__init__()
        self._document, self._selection, self._runner = document, selection, runner
        self.progress = Progress(self._new_walk())
        self.playing = False
        self.speed = 0.25
        self.repeat: Repeat = "phase"
        self._updating: State | None = None
        """The State before the update that is in progress, or None."""
        self._asking = False
        """Whether the player itself is changing the document."""
        self._updated: State | None = None
        """The State after the walk's last update, or None."""
        self._clock = QVariantAnimation(self, startValue=0.0, endValue=1.0)
        self._clock.setEasingCurve(QEasingCurve.Type.Linear)
        self._clock.valueChanged.connect(lambda _: self.frame.emit())
        self._clock.finished.connect(self._arrive)
        document.state_changed.connect(self._follow)
        selection.row_changed.connect(self._row_changed)
        runner.run_ended.connect(self._run_ended)

    def _new_walk(self) -> Walk:
        state = self._document.state
        return Walk(state.network.sizes, self._phases, len(state.data))

    @property
    def _phases(self) -> tuple[Phase, ...]:
        """The phases that the row on the diagram allows: without targets, only the first phase."""
        return PHASES if self._selection.state_and_row[0].trainable else PHASES[:1]

    @property
    def t(self) -> float:
        """How much of the animation's current step is done, from 0 to 1."""
        running = self._clock.state() == QVariantAnimation.State.Running
        return float(self._clock.currentValue()) if running else 0.0

    # --- actions of a person

    def toggle(self) -> None:
        """Play the walk (the animation of one update), or pause the walk if it is playing."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Play the walk (the animation of one update) to the end of the current phase.

        The attribute `repeat` says whether the walk then stops or continues.
        """
        if self._begin():
            self.playing = True
            self._go()
        self.changed.emit()

    def pause(self) -> None:
        """Pause the walk (the animation of one update), and finish a step in progress at once."""
        self._finish()
        self.changed.emit()

    def step(self) -> None:
        """Do the next step of the walk (the animation of one update), or pause the walk if it is playing.

        A step animates one node or one layer.
        """
        was_playing = self.playing
        self._finish()
        if not was_playing and self._begin():
            self._go()
        self.changed.emit()

    def back(self) -> None:
        """Go back one step in the walk (the animation of one update). At the start, end the walk.

        If the walk has ended with an update of the weights, undo this update.
        """
        if self.playing:
            self._finish()
        if not self._drop_step():
            self._step_back()
        self.changed.emit()

    def to_start(self) -> None:
        """Go to the start of the current phase of the walk (the animation of one update).

        If the walk is already there, go to the start of the previous phase.
        """
        self._drop_step()
        if self.progress.active:
            self.playing = False
            self.progress.go_to_position(self.progress.phase_start)
        self.changed.emit()

    def to_end(self) -> None:
        """Finish the current phase of the walk (the animation of one update) at once."""
        if self._begin():
            self._clock.stop()
            self.playing = False
            self._arrive_at(self.progress.walk.phase_end(self.progress.position))
        self.changed.emit()

    def show_phase(self, phase: Phase) -> None:
        """Go to the start of a phase of the walk (the animation of one update); earlier phases are done."""
        self._drop_step()
        self.progress.walk = self._new_walk()
        if phase not in self.progress.walk.phases:
            self.message.emit(NO_TARGETS if self._selection.what_if_row is None else FREE_ROW)
        elif self._has_row():
            self.playing = False
            self.progress.choose_phase(phase)
            self.message.emit(phase_prompt(phase).text)
        self.changed.emit()

    def stop(self) -> None:
        """End the walk (the animation of one update), so that the diagram shows all values again."""
        if self.progress.active or self.playing:
            self._drop_step()
            self.playing = False
            self.progress.end()
            self.changed.emit()

    # --- parts of these actions: they do not emit `changed`, so each action emits it once

    def _has_row(self) -> bool:
        """Return whether there is a row for the walk; if not, emit a sentence."""
        if len(self._selection.state_and_row[0].data):
            return True
        self.message.emit(NO_ROW)
        return False

    def _begin(self) -> bool:
        """Start the walk unless the walk is active; return False if there is no row."""
        if not self._has_row():
            return False
        if not self.progress.active or self.progress.position == len(self.progress.walk):
            self._runner.pause()
            self.progress.walk = self._new_walk()
            self.progress.go_to_position(0)
        return True

    def _go(self) -> None:
        self.progress.begin_step()
        self._clock.setDuration(round(SLOWEST_MS * (FASTEST_MS / SLOWEST_MS) ** self.speed))
        self._clock.start()

    def _finish(self) -> None:
        """Stop playing the walk, and finish a step in progress at once."""
        self.playing = False
        if self.progress.moving:
            self._clock.stop()
            self._arrive_at(self.progress.goal)

    def _drop_step(self) -> bool:
        """Cancel a step or update in progress; return whether there was a step."""
        if self._updating:
            self._runner.give_up()
        self._clock.stop()
        dropped = bool(self.progress.moving)
        self.progress.goal = self.progress.position
        return dropped

    def _step_back(self) -> None:
        progress = self.progress
        if not progress.active:
            if self._updated is not self._document.state or self._updated is None:
                return
            self._asking = True
            self._document.undo()
            self._asking = False
            self._updated = None
            progress.walk = self._new_walk()
            progress.go_to_position(len(progress.walk))
        if progress.position == 0:
            progress.end()
        else:
            progress.go_to_position(progress.step_before)

    def _arrive(self) -> None:
        self._arrive_at(self.progress.goal)
        self.changed.emit()

    def _arrive_at(self, position: int) -> None:
        walk = self.progress.walk
        phase_end, was_mean = walk.phase_end(self.progress.position), self.progress.mean_over_rows
        self.progress.go_to_position(position)
        if self.progress.mean_over_rows and not (was_mean or walk.one_row):
            self.message.emit("From now on the diagram shows the mean slopes over the rows of this update")
        if position == len(walk):
            self._end_of_round()
        elif self.playing and position != phase_end:
            self._go()
        elif self.playing:
            self._end_of_phase()

    def _end_of_phase(self) -> None:
        if self.repeat == "rounds":
            self._go()
        elif self.repeat == "rows":
            self._next_row()
        else:
            self.playing = False

    def _next_row(self) -> None:
        if self._selection.what_if_row is not None:  # no row of the data follows it
            self.playing = False
            return
        self._selection.row = (self._selection.row + 1) % len(self._document.state.data)
        self.progress.go_to_position(0)
        self._go()

    def _end_of_round(self) -> None:
        if "update" in self.progress.walk.phases:
            self._update()
        elif self.playing and self.repeat != "phase":
            self._next_row()
        else:
            self.playing = False

    def _update(self) -> None:
        """Make one update of the weights; until the update is made, the walk stays at the last step."""
        self._updating = self._document.state
        self._asking = True
        self._runner.step()
        self._asking = False
        if not self._runner.running:
            self._end_update()

    def _run_ended(self) -> None:
        if self._updating and not self._asking:
            self._end_update()
            self.changed.emit()

    def _end_update(self) -> None:
        """End the walk or begin the next training iteration; stay at the end if no update was made."""
        before, self._updating, now = self._updating, None, self._document.state
        if before is None or now.iteration != before.iteration + 1:
            self.playing = False
            return
        self._updated = now
        self.progress.end()
        if self.playing and self.repeat == "rounds" and self._begin():
            self._go()
        else:
            self.playing = False

    def _row_changed(self) -> None:
        """End the walk if the new row allows other phases than the walk has."""
        if self.progress.walk.phases != self._phases:
            self.stop()

    def _follow(self, old: State, new: State) -> None:
        if self._asking or self._updating:
            return
        if old.network is not new.network or old.data is not new.data:
            self.stop()
