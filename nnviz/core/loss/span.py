"""Which stretch of a weight is worth looking at: its value, the minimum nearby, where the step lands."""

from __future__ import annotations

import math

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.cost import Work
from nnviz.core.loss.moved_weights import Point, along
from nnviz.core.state import State

NEAREST, FARTHEST = -12, 2
"""Powers of two, times the size of the layer's weights, at which the loss is probed on either side."""
WIDTH = 3.0
"""Width of the stretch where nothing asks for another one, times that size."""
STEEP = 8.0
"""The stretch ends where the loss is so many times the present one, unless there is more to see."""
LEAST = 0.01
"""A loss below this share of what is usual for the data is taken for that: do not zoom in without end."""
LARGEST, SMALLEST = 1e300, 1e-150
"""A stretch lies between ± the first, and a loss above it is not drawn: what is computed from more would be
too large for a number. Weights below the second are taken for 0."""
STEPS = 6.0
"""A step that lands farther away than so many times the rest of what is to be seen is left out."""


def size_of(state: State, weight: Address) -> float:
    """Return how large the weights of the layer are, and this one; 1 where all are 0."""
    w, beside = abs(weight.value(state.network)), state.network.layers[weight.layer].weights
    largest = max(w, float(np.abs(beside).max()))
    if largest < SMALLEST:
        return 1.0
    usual = largest * float(np.sqrt(np.mean(np.square(beside / largest))))  # so that nothing overflows
    return min(max(w, usual), LARGEST)


def landing(state: State, weight: Address, slope: float) -> float:
    """Return where a step of gradient descent at the present learning rate takes the weight."""
    return weight.value(state.network) - state.training.learning_rate * slope


def span(state: State, weight: Address, point: Point) -> Work[tuple[float, float]]:
    """Find the stretch (from, to) of a weight that shows `point`, the minimum nearby and the next step.

    A step that lands far away is left out, so that the rest can be seen. What lies beyond ± `LARGEST` is too.
    """
    w, size = _within(weight.value(state.network)), size_of(state, weight)
    offsets = size * np.exp2(np.arange(NEAREST, FARTHEST + 1))
    below = yield from along(state, weight, w - offsets)
    above = yield from along(state, weight, w + offsets)
    down = -1.0 if point.slope > 0.0 else 1.0
    lowest = w + down * _lowest(offsets, below if down < 0.0 else above, point.loss) if point.slope else w
    seen = [w, lowest]
    step = landing(state, weight, point.slope)
    if math.isfinite(step) and abs(step - w) <= STEPS * max(abs(lowest - w), size / 2):
        seen.append(step)
    width = max(seen) - min(seen)
    room = min(WIDTH * size, 2.0 * _flat(offsets, below, above, max(point.loss, LEAST * _scale(state))))
    beside = max(0.6 * width, (room - width) / 2)
    return _within(min(seen) - beside), _within(max(seen) + beside)


def _within(w: float) -> float:
    """Return the nearest number that can be drawn."""
    return min(max(w, -LARGEST), LARGEST)


def _scale(state: State) -> float:
    """Return what the loss is where each output's z is 0, or was where the run began, whichever is larger."""
    assert state.data.targets is not None
    targets = state.data.targets[: state.trained_rows]
    z = np.zeros_like(targets)
    without = state.measure.over(z, state.network.layers[-1].function(z), targets)
    if state.run is None or state.run.watched or len(state.run.history) == 0:
        return without
    return max(without, float(state.run.history.points[0, 1]))


def _lowest(offsets: Array, loss: Array, present: float) -> float:
    """Return how far away the loss is lowest, going down from the present point; 0 where it only falls."""
    x = np.concatenate(([0.0], offsets))
    y = np.concatenate(([present], loss))
    with np.errstate(invalid="ignore"):
        rises = np.flatnonzero(~(np.diff(y) < 0.0))
    if len(rises) == 0:
        return 0.0
    k = max(int(rises[0]), 1)
    if k + 1 == len(x) or not np.isfinite(y[k - 1 : k + 2]).all():
        return float(x[k])
    return _vertex(x[k - 1 : k + 2], y[k - 1 : k + 2])


def _vertex(x: Array, y: Array) -> float:
    """Return where the parabola through three points is lowest, or the middle one where it is nowhere."""
    y = y / (float(np.abs(y).max()) or 1.0)  # so that nothing overflows
    left, right = (y[1] - y[0]) / (x[1] - x[0]), (y[2] - y[1]) / (x[2] - x[1])
    bend = (right - left) / (x[2] - x[0])
    if not bend > 0.0:
        return float(x[1])
    vertex = (x[0] + x[1]) / 2 - left / (2 * bend)
    return float(min(max(vertex, x[0]), x[2]))


def _flat(offsets: Array, below: Array, above: Array, present: float) -> float:
    """Return how far one can go on both sides before the loss is many times the present one."""
    if not (present > 0.0 and math.isfinite(present)):
        return math.inf
    steep = np.flatnonzero(~((below <= STEEP * present) & (above <= STEEP * present)))
    if len(steep) == 0:
        return math.inf
    return float(offsets[steep[0]])
