"""Playback of the walk: which step is shown when.

Has no clock: the caller advances it by a given time. Only its last phase changes the document, by one update.
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
    NOTHING,
    PHASES,
    Phase,
    Progress,
    StepWords,
    Walk,
    Walking,
    WalkStep,
    invitation,
    of_layer,
    words,
)

MOVE_S = 1.0
"""How long a step moves; the last part of it only says the rest."""
FIRST_S, LAST_S = 1.0, 4.0
"""How long the beginning stands before anything moves, and all values after the update."""
READ_S, LETTER_S, LONGEST_S = 0.6, 0.015, 3.0
"""How long a step rests: so long, and for each letter that is said of it, up to so long."""


class Reel:
    """A walk that is played: `progress` and `t` are where it stands."""

    def __init__(self, walk: Walk, *, by_layer: bool = False) -> None:
        self.progress, self.t = Progress(walk), 0.0
        self.progress.by_layer = by_layer

    def play(self, moves: int, said: Callable[[], str]) -> Iterator[float]:
        """Yield at each moment, `moves` of them while a step moves, how many seconds that stands.

        `said` returns what is said of the step done last. At the last moment the walk is active no more.
        """
        progress, walk = self.progress, self.progress.walk
        progress.stand_at(0)
        while progress.position < len(walk):
            first = progress.position == 0
            progress.set_off()
            for move in range(moves):
                self.t = move / moves
                yield FIRST_S if first and not move else MOVE_S / moves
            self.t = 0.0
            progress.stand_at(progress.goal)
            yield min(READ_S + LETTER_S * len(said()), LONGEST_S)
        progress.end()
        yield LAST_S


class Narrator(QObject):
    """Knows what is to be said at present. `said` carries it whenever it is something else, on one line."""

    said = Signal(str)

    def __init__(self, player: Walking, derived: Derived, parent: QObject) -> None:
        super().__init__(parent)
        self._player, self._derived = player, derived
        self._last = ""
        self._known: dict[Callable[[str], str], tuple[tuple[object, ...], StepWords]] = {}
        """What was said last with names made short so, and of what: a frame asks for it again."""

    def words(self, short: Callable[[str], str] = str) -> StepWords:
        """Return what is said of the step in progress, or done last; `short` makes a name fit."""
        progress = self._player.progress
        if progress.waits:
            return invitation(progress.phase)
        steps = progress.told
        return self._of(steps[0], short) if len(steps) == 1 else NOTHING

    def _of(self, step: WalkStep, short: Callable[[str], str]) -> StepWords:
        derived = self._derived
        few = len(derived.state.data) <= FEW_ROWS
        whole = derived.means if step.deed == "losses" and few else None
        update = derived.means_of_update if step.phase == "update" else None
        computed = replace(derived.of_row, whole=whole, update=update)
        loss = derived.loss if step.deed == "losses" else None
        of = (derived.state, step, computed.trace, computed.slopes, whole, update, loss)
        known, said = self._known.get(short, ((), NOTHING))
        if len(known) != len(of) or not all(map(is_, known, of)):  # to compare their arrays would cost more
            said = words(derived.state, computed, step, loss, short)
            self._known[short] = of, said
        return said

    @property
    def text(self) -> str:
        """What is said on one line, also of a whole layer."""
        steps = self._player.progress.told
        network = self._derived.state.network
        return of_layer(steps[0], network) if len(steps) > 1 else self.words().text if steps else ""

    def tell(self) -> None:
        """Say what is done now, if it is something else."""
        text = self.text
        if text != self._last:
            self._last = text
            self.said.emit(text)


Repeat: TypeAlias = Literal["phase", "rows", "rounds"]
"""What Play does at the end of a phase: stop, the forward pass of the next row, the next phase."""

SLOWEST_MS, FASTEST_MS = 4000, 60
NO_ROW = "There is no row to compute: add one under Data, or type an input"
NO_TARGETS = "There are no targets, so there is no error to walk back: type a target first"
FREE_ROW = "A free row has no target, so there is no error to walk back: choose a row of the data first"


class Player(QObject):
    """Moves the walk of the selected row; `progress` says where it stands.

    ========= =========================================================================
    `changed` what is done, or whether the walk is active, is different now
    `frame`   a step in progress has moved on: `t` runs from 0 to 1
    `said`    what is missing for what a person asked, as one sentence
    ========= =========================================================================

    Any other change of the network or the data ends the walk, and so does a free row, or its end.
    """

    changed = Signal()
    frame = Signal()
    said = Signal(str)

    def __init__(self, document: Document, selection: Selection, runner: Runner) -> None:
        super().__init__()
        self._document, self._selection, self._runner = document, selection, runner
        self.progress = Progress(self._new_walk())
        self.playing = False
        self.speed = 0.25
        self.repeat: Repeat = "phase"
        self._updating: State | None = None
        """The State whose update is under way; a long one takes its time."""
        self._asking = False
        """Whether the document is being changed by the player itself."""
        self._updated: State | None = None
        """What the walk's last update led to."""
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
        """What can be walked of the row on the diagram."""
        return PHASES if self._selection.looked_at[0].trainable else PHASES[:1]

    @property
    def t(self) -> float:
        """How far the step in progress is, from 0 to 1."""
        running = self._clock.state() == QVariantAnimation.State.Running
        return float(self._clock.currentValue()) if running else 0.0

    # --- what a person asks for

    def toggle(self) -> None:
        """Play, or pause."""
        if self.playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """Walk on: to the end of the phase, or round and round, as `repeat` says."""
        if self._begin():
            self.playing = True
            self._go()
        self.changed.emit()

    def pause(self) -> None:
        """Stop where the walk is; a step in progress is done at once."""
        self._finish()
        self.changed.emit()

    def step(self) -> None:
        """Do one step: a node, or a layer. What plays is paused instead."""
        was_playing = self.playing
        self._finish()
        if not was_playing and self._begin():
            self._go()
        self.changed.emit()

    def back(self) -> None:
        """Take one step back, the update too; before the first step the walk ends."""
        if self.playing:
            self._finish()
        if not self._drop_step():
            self._step_back()
        self.changed.emit()

    def to_start(self) -> None:
        """Go back to the start of the phase, or of the one before."""
        self._drop_step()
        if self.progress.active:
            self.playing = False
            self.progress.stand_at(self.progress.phase_start)
        self.changed.emit()

    def to_end(self) -> None:
        """Finish the phase at once."""
        if self._begin():
            self._clock.stop()
            self.playing = False
            self._arrive_at(self.progress.walk.phase_end(self.progress.position))
        self.changed.emit()

    def show_phase(self, phase: Phase) -> None:
        """Stand at the start of `phase` with everything before it done."""
        self._drop_step()
        self.progress.walk = self._new_walk()
        if phase not in self.progress.walk.phases:
            self.said.emit(NO_TARGETS if self._selection.free is None else FREE_ROW)
        elif self._has_row():
            self.playing = False
            self.progress.choose(phase)
            self.said.emit(invitation(phase).text)
        self.changed.emit()

    def stop(self) -> None:
        """End the walk; the diagram shows all values again."""
        if self.progress.active or self.playing:
            self._drop_step()
            self.playing = False
            self.progress.end()
            self.changed.emit()

    # --- how it goes: nothing here tells that it changed, so that each wish of a person tells it once

    def _has_row(self) -> bool:
        """Tell whether there is a row to walk, and say so where there is none."""
        if len(self._selection.looked_at[0].data):
            return True
        self.said.emit(NO_ROW)
        return False

    def _begin(self) -> bool:
        """Stand at the start unless the walk goes on already; False where there is no row."""
        if not self._has_row():
            return False
        if not self.progress.active or self.progress.position == len(self.progress.walk):
            self._runner.pause()
            self.progress.walk = self._new_walk()
            self.progress.stand_at(0)
        return True

    def _go(self) -> None:
        self.progress.set_off()
        self._clock.setDuration(round(SLOWEST_MS * (FASTEST_MS / SLOWEST_MS) ** self.speed))
        self._clock.start()

    def _finish(self) -> None:
        """Play no longer, and do a step in progress at once."""
        self.playing = False
        if self.progress.moving:
            self._clock.stop()
            self._arrive_at(self.progress.goal)

    def _drop_step(self) -> bool:
        """Take a step in progress back; False where there was none. An update under way is given up."""
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
            progress.stand_at(len(progress.walk))
        if progress.position == 0:
            progress.end()
        else:
            progress.stand_at(progress.step_before)

    def _arrive(self) -> None:
        self._arrive_at(self.progress.goal)
        self.changed.emit()

    def _arrive_at(self, position: int) -> None:
        walk = self.progress.walk
        phase_end, was_mean = walk.phase_end(self.progress.position), self.progress.mean_over_rows
        self.progress.stand_at(position)
        if self.progress.mean_over_rows and not (was_mean or walk.one_row):
            self.said.emit("The slopes on the diagram are means over the update's rows from here on")
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
        if self._selection.free is not None:  # there is no other one like it
            self.playing = False
            return
        self._selection.row = (self._selection.row + 1) % len(self._document.state.data)
        self.progress.stand_at(0)
        self._go()

    def _end_of_round(self) -> None:
        if "update" in self.progress.walk.phases:
            self._update()
        elif self.playing and self.repeat != "phase":
            self._next_row()
        else:
            self.playing = False

    def _update(self) -> None:
        """Take the update; the walk stands at its end until that is done."""
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
        """End the walk, or begin the next round; where no update was made it goes on standing there."""
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
        """End a walk that has other phases than one of this row would have."""
        if self.progress.walk.phases != self._phases:
            self.stop()

    def _follow(self, old: State, new: State) -> None:
        if self._asking or self._updating:
            return
        if old.network is not new.network or old.data is not new.data:
            self.stop()
