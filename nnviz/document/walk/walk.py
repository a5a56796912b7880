"""One step of gradient descent as a walk: forward, loss, backward, update. Knows nothing of time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeAlias

Phase: TypeAlias = Literal["forward", "loss", "backward", "update"]
PHASES: tuple[Phase, ...] = ("forward", "loss", "backward", "update")

ARRIVED = 0.5
"""The part of a step's time after which what travels along the edges has arrived, and is added up."""


class Step(NamedTuple):
    """What one step of the walk does to one node of a layer.

    ========== ==================================================================================
    forward    the node adds up its terms and applies its activation
    loss       an output's error, its square, and the slope of the MSE with respect to the output
    backward   the node's slope, and the slopes of the weights that feed it
    update     the weights that feed it, and its bias, show their new values
    ========== ==================================================================================
    """

    phase: Phase
    layer: int
    node: int


class Walk:
    """All steps of one round for a network of `sizes` (inputs first), and which of them are whole layers.

    A position is the number of steps done, from 0 to `len(walk)`. Reaching the end takes the update.
    """

    def __init__(self, sizes: tuple[int, ...], phases: tuple[Phase, ...] = PHASES) -> None:
        self.phases = phases
        layers = range(len(sizes) - 1)
        order: dict[Phase, Iterator[int]] = {
            "forward": iter(layers),
            "loss": iter([len(sizes) - 2]),
            "backward": reversed(layers),
            "update": iter(layers),
        }
        self.steps = [
            Step(phase, layer, node)
            for phase in phases
            for layer in order[phase]
            for node in range(sizes[layer + 1])
        ]
        self._done = {step: k for k, step in enumerate(self.steps)}

    def __len__(self) -> int:
        return len(self.steps)

    def start(self, phase: Phase) -> int:
        """Return the position at which `phase` begins."""
        return next(k for k, step in enumerate(self.steps) if step.phase == phase)

    def end(self, phase: Phase) -> int:
        """Return the position at which `phase` is done."""
        return max(k for k, step in enumerate(self.steps) if step.phase == phase) + 1

    def phase_at(self, position: int) -> Phase:
        """Return the phase of the step that comes next at `position`, at the end the last phase."""
        return self.steps[min(position, len(self) - 1)].phase

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

    def done(self, step: Step, position: int) -> bool:
        """Tell whether `step` is done at `position`; a step of a phase that is not walked never is."""
        return self._done.get(step, position) < position
