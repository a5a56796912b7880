"""One step of gradient descent as a walk: forward, loss, backward, update, and how far it has come.

Knows nothing of time.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Literal, NamedTuple, Protocol, TypeAlias

from nnviz.core.address import Address, Kind

Phase: TypeAlias = Literal["forward", "loss", "backward", "update"]
PHASES: tuple[Phase, ...] = ("forward", "loss", "backward", "update")

ARRIVED = 0.5
"""The part of a step's time after which what travels along the edges has arrived, and is added up."""

MANY_STEPS = 100
"""A round with more steps than this is walked a layer at a time unless a person asks for nodes."""

Deed: TypeAlias = Literal["forward", "loss", "losses", "backward", "slopes", "mean", "update", "taken"]
_PHASE_OF: dict[Deed, Phase] = {
    "forward": "forward",
    "loss": "loss",
    "losses": "loss",
    "backward": "backward",
    "slopes": "backward",
    "mean": "update",
    "update": "update",
    "taken": "update",
}
_DEED_FOR: dict[Kind, Deed] = {
    "z": "forward",
    "value": "forward",
    "badge": "forward",
    "error": "loss",
    "node_slope": "backward",
    "slope": "slopes",
}
"""What computes a number; all others are there from the start."""


class Step(NamedTuple):
    """What one step of the walk does to one node of a layer.

    ========== ==================================================================================
    forward    the node adds up its terms and applies its activation
    loss       an output's error and what it adds to the row's loss
    losses     the mean of the rows' losses: one step for the whole network
    backward   the node's slope
    slopes     the slopes of the weights that feed it, and of its bias
    mean       the means of these over the update's rows; of one row one step for the whole network
    update     the new values of the weights that feed it, and of its bias
    taken      all of them change to these at once: one step for the whole network
    ========== ==================================================================================
    """

    deed: Deed
    layer: int
    node: int

    @property
    def phase(self) -> Phase:
        """The phase that it belongs to."""
        return _PHASE_OF[self.deed]


class Walk:
    """All steps of one round for a network of `sizes` (inputs first), and which of them are whole layers.

    A position is the number of steps done, from 0 to `len(walk)`. Reaching the end takes the update.
    """

    def __init__(self, sizes: tuple[int, ...], phases: tuple[Phase, ...] = PHASES, rows: int = 1) -> None:
        self.phases = phases
        self.one_row = rows <= 1
        """Whether there is nothing to take a mean of: the mean slopes are the row's."""
        self.steps = [step for step in self._all_steps(sizes) if step.phase in phases]
        self._done = {step: k for k, step in enumerate(self.steps)}
        self._starts = {step.phase: k for k, step in reversed([*enumerate(self.steps)])}

    def _all_steps(self, sizes: tuple[int, ...]) -> Iterator[Step]:
        def each(deed: Deed, layer: int) -> Iterator[Step]:
            return (Step(deed, layer, node) for node in range(sizes[layer + 1]))

        layers, last = range(len(sizes) - 1), len(sizes) - 2
        yield from chain.from_iterable(each("forward", layer) for layer in layers)
        yield from each("loss", last)
        yield Step("losses", last, 0)
        for layer in reversed(layers):
            yield from each("backward", layer)
            yield from each("slopes", layer)
        if self.one_row:
            yield Step("mean", last, 0)
        else:
            yield from chain.from_iterable(each("mean", layer) for layer in reversed(layers))
        yield from chain.from_iterable(each("update", layer) for layer in layers)
        yield Step("taken", last, 0)

    def __len__(self) -> int:
        return len(self.steps)

    def start(self, phase: Phase) -> int:
        """Return the position at which `phase` begins."""
        return self._starts[phase]

    def phase_at(self, position: int) -> Phase:
        """Return the phase of the step that comes next at `position`, at the end the last phase."""
        return self.steps[min(position, len(self) - 1)].phase

    def phase_end(self, position: int) -> int:
        """Return the position at which the phase of the step that comes next at `position` is done."""
        phase = self.phase_at(position)
        return max(k for k, step in enumerate(self.steps) if step.phase == phase) + 1

    def layer_end(self, position: int) -> int:
        """Return the position after the layer whose step comes next at `position`."""
        step = self.steps[position]
        while position < len(self) and self.steps[position][:2] == step[:2]:
            position += 1
        return position

    def layer_start(self, position: int) -> int:
        """Return the position before the layer whose step was done last at `position`."""
        step = self.steps[position - 1]
        while position > 0 and self.steps[position - 1][:2] == step[:2]:
            position -= 1
        return position

    def of_all_weights(self, step: Step) -> bool:
        """Tell whether `step` is about all weights at once."""
        return step.deed == "taken" or (step.deed == "mean" and self.one_row)

    def done(self, step: Step, position: int) -> bool:
        """Tell whether `step` is done at `position`; a step of a phase that is not walked never is."""
        return self._done.get(step, position) < position


class Progress:
    """A walk and where it stands: `position` steps are done, those up to `goal` are in progress.

    Not `active`, the diagram shows all values.
    """

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.by_layer = False
        self.active = False
        self.position = self.goal = 0
        self._chosen = 0
        """Where a person chose to stand, at the start of a phase."""

    @property
    def moving(self) -> tuple[Step, ...]:
        """The steps in progress: one node's, or a whole layer's."""
        return tuple(self.walk.steps[self.position : self.goal])

    @property
    def waits(self) -> bool:
        """Whether it stands at the start of a phase that a person asked for, and nothing is in progress."""
        return self.active and self.goal == self.position == self._chosen

    @property
    def told(self) -> tuple[Step, ...]:
        """The steps in progress, else those done last, which may be read now: one node's, or a layer's."""
        if self.moving or not self.active or self.waits or self.position == 0:
            return self.moving
        return tuple(self.walk.steps[self.step_before : self.position])

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
        """Whether the slopes must be those that the update uses: from the end of the first mean on."""
        return self.active and self.phase == "update" and self.position > self.walk.start("update")

    def shows(self, address: Address) -> bool:
        """Tell whether the walk has come to the number at an address."""
        deed = _DEED_FOR.get(address.kind)
        if deed is None or address.layer < 0:
            return True
        if self.mean_over_rows and not self.walk.one_row and deed in ("backward", "slopes"):
            deed = "mean"
        if _PHASE_OF[deed] not in self.walk.phases:
            return False
        return self.walk.done(Step(deed, address.layer, address.node), self.position)

    @property
    def step_before(self) -> int:
        """The position before the step, a node's or a layer's, that was done last."""
        return self.walk.layer_start(self.position) if self.whole_layers else self.position - 1

    @property
    def phase_start(self) -> int:
        """The start of the phase, or of the one before where it has just begun."""
        starts = [self.walk.start(phase) for phase in self.walk.phases]
        return max((start for start in starts if start < self.position), default=0)

    def stand_at(self, position: int) -> None:
        """Be active with so many steps done and none in progress."""
        self.active = True
        self.position = self.goal = position

    def choose(self, phase: Phase) -> None:
        """Stand at the start of `phase` because a person asked for it."""
        self._chosen = self.walk.start(phase)
        self.stand_at(self._chosen)

    def set_off(self) -> None:
        """Begin the next step: a node's, or a whole layer's."""
        self.goal = self.walk.layer_end(self.position) if self.whole_layers else self.position + 1
        self._chosen = 0

    def end(self) -> None:
        """Be active no longer."""
        self.active = False
        self.position = self.goal = 0

    @property
    def whole_layers(self) -> bool:
        """Whether a step is that of a whole layer."""
        return self.by_layer or len(self.walk) > MANY_STEPS


class Walking(Protocol):
    """Who moves a walk, as those who show it see them."""

    @property
    def progress(self) -> Progress:
        """Where the walk stands."""

    @property
    def t(self) -> float:
        """How far the step in progress is, from 0 to 1."""
