"""What the panel "1 weight" draws, found a unit of work at a time. Knows nothing of Qt."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.cost import Work
from nnviz.core.loss.moved_weights import Point, along, at_present, measures_alike, same_but
from nnviz.core.loss.span import LARGEST, landing, span
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State

COARSE, FINE = 33, 129
"""Points of the curve: those that are known first, and all of them."""
HIGHEST = 3.0
"""The plot ends above so many times the highest loss that has to be seen."""
FLAT = 1e-9
"""A loss that changes by no more than this share of itself is flat: what is left is rounding."""
EDGE = 0.03
"""Share of the stretch at its ends where the present point is not well seen."""


@dataclass(frozen=True)
class LossLine:
    """The loss over all rows along one weight.

    ========== =========================================================================
    `state`    the State that it was found for
    `point`    the loss and its slope there
    `landing`  where the next step of gradient descent takes the weight, and the loss
               with that weight alone changed; None where that is no number
    `values`   values of the weight, evenly from one end of the stretch to the other
    `loss`      the loss at each of them; it may be infinite or NaN
    ========== =========================================================================
    """

    state: State
    weight: Address
    point: Point
    landing: tuple[float, float] | None
    values: Array
    loss: Array

    @property
    def w(self) -> float:
        """The weight."""
        return self.weight.value(self.state.network)

    @property
    def stretch(self) -> tuple[float, float]:
        """The values at both ends."""
        return float(self.values[0]), float(self.values[-1])

    def at(self, w: float) -> float:
        """Return about the loss at `w`, between the points that are known."""
        return float(np.interp(w, self.values, self.loss))

    @property
    def drawable(self) -> bool:
        """Whether the present point can be drawn."""
        low, high = self.stretch
        seen = low <= self.w <= high and low < high
        return seen and self.point.loss <= LARGEST and math.isfinite(self.point.slope)

    def heights(self) -> tuple[float, float]:
        """Return from which loss to which one should look; what is far above the rest is cut off."""
        known = self.loss[self.loss <= LARGEST]
        if len(known) == 0:
            return 0.0, 1.0
        low, high = float(known.min()), float(known.max())
        seen = [self.point.loss, float(min(known[0], known[-1]))]
        if self.landing and self.stretch[0] <= self.landing[0] <= self.stretch[1]:
            seen.append(self.landing[1])
        base = min(low, 0.0)  # below 0 is a cross-entropy of targets that are no shares
        high = min(high, max([low, *(base + HIGHEST * (loss - base) for loss in seen if loss <= LARGEST)]))
        high = max(high, self.point.loss)
        if low == high == 0.0:
            return -0.1, 1.0
        room = high - low if high - low > FLAT * abs(high) else abs(high)
        floor = 0.0 if 0.0 <= low < high / 2 else low - 0.08 * room
        return floor - 0.1 * (high - floor), high + 0.08 * room


def is_of(line: LossLine, state: State) -> bool:
    """Tell whether all of `line` holds for `state`."""
    return (
        line.state.network is state.network
        and measures_alike(line.state, state)
        and _step_of(line.state) == _step_of(state)
    )


def is_plain(state: State) -> bool:
    """Tell whether the next update is a step of gradient descent over all rows."""
    size = state.training.batch_size
    return state.training.optimizer == "gradient_descent" and (size is None or size >= state.trained_rows)


def _step_of(state: State) -> tuple[float, bool]:
    return state.training.learning_rate, is_plain(state)


def loss_line(
    state: State, weight: Address, before: LossLine | None, slopes: MeanSlopes | None = None
) -> Iterator[LossLine | None]:
    """Yield None after each unit of work, and the line as soon as it is known, then a finer one.

    What is known from the line before is used again, and its stretch is kept where that shows the same.
    `slopes` are those over all rows where they are known.
    """
    point = yield from at_present(state, weight, slopes)
    landed = yield from _landing(state, weight, point)
    if before is not None and _holds(before, state):
        yield replace(before, state=state, point=point, landing=landed)
        return
    stretch = yield from span(state, weight, point)
    if before is not None and shows(before.stretch, stretch, weight.value(state.network)):
        stretch = before.stretch
    for count in (COARSE, FINE):
        values = np.linspace(*stretch, count)
        loss = yield from along(state, weight, values)
        yield LossLine(state, weight, point, landed, values, loss)


def _landing(state: State, weight: Address, point: Point) -> Work[tuple[float, float] | None]:
    end = landing(state, weight, point.slope)
    if not math.isfinite(end):
        return None
    loss = yield from along(state, weight, [end])
    return end, float(loss[0])


def _holds(before: LossLine, state: State) -> bool:
    """Tell whether the curve is the same one and shows the present point."""
    low, high = before.stretch
    return (
        len(before.values) == FINE
        and low <= before.weight.value(state.network) <= high
        and before.state.training.learning_rate == state.training.learning_rate
        and same_but(before.state, state, before.weight)
    )


def shows(stretch: tuple[float, float], wanted: tuple[float, float], w: float) -> bool:
    """Tell whether a stretch shows `w` and about what another one would: the axis need not move."""
    low, high = stretch
    width = high - low
    return (
        low + EDGE * width <= w <= high - EDGE * width
        and 0.3 * width <= wanted[1] - wanted[0] <= 1.3 * width
        and abs((wanted[0] + wanted[1]) / 2 - (low + high) / 2) <= 0.5 * width
    )
