"""Plays the walk on the diagram: where it stands, its clock, and the update at its end.

The first three phases never touch the document; the update is the training panel's Step.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation, Signal

from nnviz.core.state import State
from nnviz.core.walk import PHASES, Phase, Step, Walk
from nnviz.document.document import Document
from nnviz.picture.picture import Kind, Part
from nnviz.ui.selection import Selection
from nnviz.ui.training.runner import Runner

Repeat: TypeAlias = Literal["phase", "rows", "rounds"]
"""What Play does at the end of a phase: stop, the forward pass of the next row, the next phase."""

SLOWEST_MS, FASTEST_MS = 4000, 60
MANY_STEPS = 60
"""A phase with more steps than this is walked a layer at a time unless a person asks for nodes."""

_PHASE_OF: dict[Kind, Phase] = {
    "z": "forward",
    "value": "forward",
    "badge": "forward",
    "error": "loss",
    "slope": "backward",
    "node_slope": "backward",
}
"""The phase in which a number is computed; all others are there from the start."""


class Player(QObject):
    """The walk of the selected row.

    ============ ==========================================================================
    `changed`    what is done, or whether the walk is active, is different now
    `frame`      a step in progress has moved on: `t` runs from 0 to 1
    ============ ==========================================================================

    Not active, the diagram shows all values. Any other change of the network or the data ends the walk.
    """

    changed = Signal()
    frame = Signal()
    said = Signal(str)

    def __init__(self, document: Document, selection: Selection, runner: Runner) -> None:
        super().__init__()
        self._document, self._selection, self._runner = document, selection, runner
        self.active = False
        self.playing = False
        self.position = 0
        self.goal = 0
        """Where the step in progress leads; the same as `position` where none is."""
        self._chosen = 0
        """Where a person chose to stand, at the start of a phase."""
        self.speed = 0.25
        self.repeat: Repeat = "phase"
        self.by_layer = False
        self._taking = False
        self._taken: State | None = None
        self.walk = self._new_walk()
        self._clock = QVariantAnimation(self, startValue=0.0, endValue=1.0)
        self._clock.setEasingCurve(QEasingCurve.Type.Linear)
        self._clock.valueChanged.connect(lambda _: self.frame.emit())
        self._clock.finished.connect(self._arrive)
        document.state_changed.connect(self._follow)

    def _new_walk(self) -> Walk:
        state = self._document.state
        return Walk(state.network.sizes, PHASES if state.trainable else PHASES[:1])

    @property
    def t(self) -> float:
        """How far the step in progress is, from 0 to 1."""
        running = self._clock.state() == QVariantAnimation.State.Running
        return float(self._clock.currentValue()) if running else 0.0

    @property
    def moving(self) -> tuple[Step, ...]:
        """The steps in progress: one node's, or a whole layer's."""
        return tuple(self.walk.steps[self.position : self.goal])

    @property
    def told(self) -> Step | None:
        """The node's step that was done last and may be read now; None while one is in progress."""
        reads = self.active and self.goal == self.position and 0 < self.position != self._chosen
        return self.walk.steps[self.position - 1] if reads and not self._whole_layers() else None

    @property
    def phase(self) -> Phase:
        """The phase that is shown: the one in progress, or done last."""
        if not self.active:
            return "forward"
        begun = self.goal > self.position or self.position == self._chosen
        return self.walk.phase_at(self.position if begun else max(self.position - 1, 0))

    @property
    def shows_slopes(self) -> bool:
        """Whether slopes have a place on the diagram at present."""
        return self.active and self.phase in ("backward", "update")

    @property
    def mean_over_rows(self) -> bool:
        """Whether the slopes must be those that the update uses."""
        return self.active and self.phase == "update"

    def shows(self, part: Part) -> bool:
        """Tell whether the walk has come to the number of `part`."""
        phase = _PHASE_OF.get(part.kind)
        if phase is None or part.column == 0:
            return True
        if phase not in self.walk.phases:
            return False
        return self.walk.done(Step(phase, part.layer, part.node), self.position)

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
            self.changed.emit()
            self._go()

    def pause(self) -> None:
        """Stop where the walk is; a step in progress is done at once."""
        self.playing = False
        self._finish()
        self.changed.emit()

    def step(self) -> None:
        """Do one step: a node, or a layer."""
        if self.playing:
            self.pause()
            return
        self._finish()
        if self._begin():
            self._go()

    def back(self) -> None:
        """Take one step back, the update too; before the first step the walk ends."""
        if self.playing:
            self.pause()
        if self._drop_step():
            return
        if not self.active:
            if self._taken is not self._document.state or self._taken is None:
                return
            self._taking = True
            self._document.undo()
            self._taking = False
            self._taken, self.active = None, True
            self.position = self.goal = len(self.walk)
        if self.position == 0:
            self.stop()
            return
        start = self.walk.layer_start(self.position) if self._whole_layers() else self.position - 1
        self._stand_at(start)

    def to_start(self) -> None:
        """Go back to the start of the phase, or of the one before."""
        self._drop_step()
        if not self.active:
            return
        starts = [self.walk.start(phase) for phase in self.walk.phases]
        self.playing = False
        self._stand_at(max((start for start in starts if start < self.position), default=0))

    def to_end(self) -> None:
        """Finish the phase at once."""
        if not self._begin():
            return
        self._clock.stop()
        self.playing = False
        phase = self.walk.phase_at(self.position)
        self._arrive_at(self.walk.end(phase))

    def show_phase(self, phase: Phase) -> None:
        """Stand at the start of `phase` with everything before it done."""
        self._drop_step()
        self.walk = self._new_walk()
        if phase not in self.walk.phases:
            self.said.emit("There are no targets, so there is no error to walk back: type a target first")
            self.changed.emit()
            return
        if len(self._document.state.data) == 0:
            self._begin()
            return
        self.active, self.playing = True, False
        self._chosen = self.walk.start(phase)
        self._stand_at(self._chosen)

    def stop(self) -> None:
        """End the walk; the diagram shows all values again."""
        self._drop_step()
        if self.active or self.playing:
            self.active = self.playing = False
            self.position = self.goal = 0
            self.changed.emit()

    # --- how it goes

    def _begin(self) -> bool:
        if len(self._document.state.data) == 0:
            self.said.emit("There is no row to compute: add one under Data, or type an input")
            self.changed.emit()
            return False
        if not self.active:
            self._runner.pause()
            self.walk = self._new_walk()
            self.active, self.position, self.goal = True, 0, 0
        return True

    def _whole_layers(self) -> bool:
        return self.by_layer or len(self.walk) > MANY_STEPS

    def _go(self) -> None:
        if self.position >= len(self.walk):
            self._take()
            if not self.active:
                return
        self.goal = self.walk.layer_end(self.position) if self._whole_layers() else self.position + 1
        self._clock.setDuration(round(SLOWEST_MS * (FASTEST_MS / SLOWEST_MS) ** self.speed))
        self._clock.start()
        self._chosen = 0
        self.changed.emit()

    def _finish(self) -> None:
        if self.goal > self.position:
            self._clock.stop()
            playing, self.playing = self.playing, False
            self._arrive()
            self.playing = playing

    def _drop_step(self) -> bool:
        """Take a step in progress back; False where there was none."""
        self._clock.stop()
        dropped = self.goal > self.position
        self.goal = self.position
        if dropped:
            self.changed.emit()
        return dropped

    def _arrive(self) -> None:
        self._arrive_at(self.goal)

    def _arrive_at(self, position: int) -> None:
        before = self.walk.phase_at(self.position)
        self.position = self.goal = position
        done = position == self.walk.end(before)
        if position == len(self.walk):
            self._end_of_round()
        elif self.playing and not done:
            self._go()
        elif self.playing:
            self._end_of_phase()
        self.changed.emit()

    def _stand_at(self, position: int) -> None:
        self.position = self.goal = position
        self.changed.emit()

    def _end_of_phase(self) -> None:
        if self.repeat == "rounds":
            self._go()
        elif self.repeat == "rows":
            self._next_row()
        else:
            self.playing = False

    def _next_row(self) -> None:
        self._selection.row = (self._selection.row + 1) % len(self._document.state.data)
        self.position = self.goal = 0
        self._go()

    def _end_of_round(self) -> None:
        if "update" in self.walk.phases:
            self._take()
        elif self.playing and self.repeat != "phase":
            self._next_row()
            return
        else:
            self.playing = False
            return
        if self.playing and self.repeat == "rounds":
            self._begin()
            self._go()
        else:
            self.playing = False

    def _take(self) -> None:
        self._taking = True
        self._runner.step()
        self._taking = False
        self._taken = self._document.state
        self.active, self.position, self.goal = False, 0, 0

    def _follow(self, old: State, new: State) -> None:
        if self._taking:
            return
        if old.network is not new.network or old.data is not new.data:
            self.stop()
            self.walk = self._new_walk()
