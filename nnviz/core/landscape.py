"""The loss over all training rows while one weight varies (a line) or two weights vary (a map).

The loss is what training makes small: the loss of the data and the penalty. A weight changes only one
column of z, so the layers before this column are computed once. The generators yield None after every few
milliseconds of work; stop iterating to cancel. On overflow, numbers are infinite or NaN, without a warning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.function import Span
from nnviz.core.network import Network, Trace
from nnviz.core.optimizers import OPTIMIZERS
from nnviz.core.results import means_in_blocks
from nnviz.core.slopes import (
    BLOCK_NS,
    NODE_NS,
    MeanSlopes,
    Work,
    forward_ns,
    layer_ns,
    root_mean_square,
    row_blocks,
)
from nnviz.core.state import State

LONGEST_NS = 1e10
"""A finer grid that would take more nanoseconds than this is not computed."""
SIZES = (9, 17, 33, 65)
"""Number of points on each side of finer and finer grids."""


class LossPoint(NamedTuple):
    """The loss of the data and the penalty at the current weights, and ∂loss/∂w of one weight for both."""

    of_data: float
    penalty: float
    slope: float

    @property
    def loss(self) -> float:
        """The loss that training makes small: data and penalty together."""
        return self.of_data + self.penalty


@np.errstate(over="ignore")
def _offsets(values: ArrayLike, weight: Address, network: Network) -> Array:
    return np.asarray(values, dtype=np.float64) - network.value_of(weight)


@dataclass(frozen=True)
class Grid:
    """A grid of losses: `loss[i, j]` is the loss with the weights `values1[i]` and `values2[j]`."""

    values1: Array
    values2: Array
    loss: Array


def loss_along(state: State, weight: Address, values: ArrayLike) -> Work[Array]:
    """Compute the loss over all training rows for each value of a weight, shape (values,).

    The State must have training rows and targets.
    """
    offsets = _offsets(values, weight, state.network)
    sums = np.zeros(len(offsets))
    for trace, targets in _blocks(state, weight.layer):
        yield from _add_terms(state, trace, targets, weight, offsets, sums)
    return sums / _count(state) + penalty_along(state, weight, values)


@np.errstate(invalid="ignore")
def penalty_along(state: State, weight: Address, values: ArrayLike) -> Array:
    """Return the penalty for each value of a weight, shape (values,). A bias does not change the penalty."""
    penalty, values = state.training.penalty, np.asarray(values, dtype=np.float64)
    if not penalty or weight.kind == "bias":
        return np.full(len(values), state.penalty)
    return state.penalty - penalty.of(np.array(state.network.value_of(weight))) + penalty.of(values)


def loss_over_weights(
    state: State, first: Address, second: Address, values1: ArrayLike, values2: ArrayLike
) -> Work[Array]:
    """Compute the loss over all training rows for each pair of values of two weights.

    The result has shape (values1, values2).
    """
    if first.layer > second.layer:
        transposed = yield from loss_over_weights(state, second, first, values2, values1)
        return transposed.T
    network = state.network
    offsets1, offsets2 = _offsets(values1, first, network), _offsets(values2, second, network)
    sums = np.zeros((len(offsets1), len(offsets2)))
    for trace, targets in _blocks(state, first.layer):
        for i, offset in enumerate(offsets1):
            # up to the layer after the second weight, where `_add_terms` continues
            shifted = shifted_trace(network, trace, first, float(offset), second.layer + 2)
            yield from _add_terms(state, shifted, targets, second, offsets2, sums[i])
    of_first = penalty_along(state, first, values1)[:, None] - state.penalty
    return sums / _count(state) + of_first + penalty_along(state, second, values2)


def refined_grids(
    state: State, first: Address, second: Address, spans: tuple[Span, Span], known: Array | None = None
) -> Iterator[Grid | None]:
    """Yield a coarse grid of losses over the ranges `spans` of two weights, then finer grids.

    Also yield None after each unit of work. If `known` holds the losses of one of the grids, only the grids
    finer than this grid are computed. The generator ends early if the next grid would take too long.
    """
    for size in SIZES:
        if known is not None and (len(known) >= size or _grid_ns(state, first, second, size) > LONGEST_NS):
            continue
        values1, values2 = (np.linspace(low, high, size) for low, high in spans)
        known = yield from loss_over_weights(state, first, second, values1, values2)
        yield Grid(values1, values2, known)


def _grid_ns(state: State, first: Address, second: Address, size: int) -> float:
    """Return the approximate time to compute a grid, in nanoseconds."""
    network = state.network
    once = _onward_ns(network, min(first.layer, second.layer))
    again = _onward_ns(network, max(first.layer, second.layer))
    return state.trained_rows * size * (once + size * again)


def present_point(state: State, weight: Address, known: MeanSlopes | None = None) -> Work[LossPoint]:
    """Compute the loss over all training rows and ∂loss/∂w of a weight, or look both up in `known`."""
    if known is None:
        known = (yield from means_in_blocks(None, state)).slopes
    return LossPoint(known.loss, known.penalty, known.slope(weight))


def _count(state: State) -> int:
    """Return the divisor of the sum of all terms."""
    return state.trained_rows * state.measure.parts(len(state.network.outputs))


def _blocks(state: State, layer: int) -> Iterator[tuple[Trace, Array]]:
    """Yield the forward pass and the targets of each block of training rows."""
    assert state.data.targets is not None
    row_ns = max(forward_ns(state.network), _onward_ns(state.network, layer))
    for block in row_blocks(state.trained_rows, row_ns):
        yield state.network.forward(state.data.inputs[block]), state.data.targets[block]


def _onward_ns(network: Network, layer: int) -> float:
    """Return the approximate nanoseconds for one value of a weight of `layer` and one row."""
    onward = network.layers[layer + 1 :]
    return NODE_NS * (1 + sum(map(len, onward[:1]))) + sum(map(layer_ns, onward[1:]))


def _add_terms(
    state: State, trace: Trace, targets: Array, weight: Address, offsets: Array, sums: Array
) -> Iterator[None]:
    """Add to `sums` the sum of the loss's terms over these rows for each of `offsets`, added to the weight.

    Both arrays have shape (offsets,). Yield after each unit of work.
    """
    network, k, node = state.network, weight.layer, weight.node
    layer = network.layers[k]
    size = max(1, int(BLOCK_NS / (len(targets) * _onward_ns(network, k))))
    for start in range(0, len(offsets), size):
        part = slice(start, start + size)
        with np.errstate(all="ignore"):
            column = trace.z[k][:, node] + offsets[part, None] * _start(trace, weight)
            if layer.function.elementwise and k + 1 < len(network.layers):
                # the other nodes of the layer do not change, so z of the next layer changes only by this node
                more = layer.function(column) - trace.a[k][:, node]
                z = trace.z[k + 1] + more[..., None] * network.layers[k + 1].weights[:, node]
                sums[part] += _onward(state, k + 1, targets, z)
            else:
                z = np.repeat(trace.z[k][None], len(column), axis=0)
                z[:, :, node] = column
                sums[part] += _onward(state, k, targets, z)
        yield


def _start(trace: Trace, weight: Address) -> Array:
    """Return the values that a weight multiplies, shape (rows,) or, for a bias, 1, shape (1,)."""
    return np.ones(1) if weight.kind == "bias" else trace.feeding(weight.layer)[:, weight.source]


def _onward(state: State, k: int, targets: Array, z: Array) -> Array:
    """Return the sum of the terms for each value, from z of layer k, shape (values, rows, nodes)."""
    shape = len(z), *targets.shape
    for last in state.network.onward(k, z.reshape(-1, z.shape[-1])):
        z, a = last
    sums: Array = state.measure.terms(z.reshape(shape), a.reshape(shape), targets).sum(axis=(1, 2))
    return sums


def shifted_trace(
    network: Network, trace: Trace, weight: Address, offset: float, end: int | None = None
) -> Trace:
    """Return the forward pass `trace` recomputed for the network with `offset` added to `weight`.

    `weight` is the address of a weight, a bias or an input, to which `offset` is added in every row.
    Layers from index `end` on keep the values of `trace`. If `end` is None, all later layers are recomputed.
    """
    if offset == 0.0:
        return trace
    first = weight.layer
    with np.errstate(all="ignore"):
        if first < 0:
            return network.forward(trace.inputs + offset * (np.arange(len(network.inputs)) == weight.node))
        shifted = trace.z[first].copy()
        shifted[:, weight.node] += offset * _start(trace, weight)
        z, a = zip(*network.onward(first, shifted, end), strict=True)
    rest = first + len(z)
    return Trace(trace.inputs, trace.z[:first] + z + trace.z[rest:], trace.a[:first] + a + trace.a[rest:])


def same_except(old: State, new: State, *weights: Address) -> bool:
    """Return whether two States agree in all numbers that affect the loss, except in `weights`."""
    if not old.measures_like(new):
        return False
    network = new.network
    for weight in weights:
        if not (network.has(weight) and old.network.has(weight)):
            return False
        network = network.with_value(weight, old.network.value_of(weight))
    return network.computes_as(old.network)


NEAREST, FARTHEST = -12, 2
"""The loss is sampled at the weight ± 2^k · `size_of(…)`. NEAREST: smallest k. FARTHEST: largest k."""
WIDTH = 3.0
"""Default width of the displayed range of a weight, as a multiple of the result of `size_of`."""
STEEP = 8.0
"""A weight's range is narrowed if the loss near its ends exceeds this multiple of the current loss."""
LEAST = 0.01
"""The current loss counts as at least this share of an untrained network's loss when STEEP is applied.

Otherwise, a loss near 0 would make the displayed range of the weight very narrow.
"""
LARGEST, SMALLEST = 1e300, 1e-150
"""LARGEST: largest displayed weight or loss, so that ranges are finite. SMALLEST: smaller |w| count as 0."""
STEPS = 6.0
"""The next step of gradient descent is shown if its length is at most STEPS · distance to the minimum."""


def size_of(state: State, weight: Address) -> float:
    """Return |w| of a weight or the root mean square of the layer's weights, whichever is larger.

    The result is 1 if all weights of the layer are 0.
    """
    w, weights = abs(state.network.value_of(weight)), state.network.layers[weight.layer].weights
    size = max(w, root_mean_square(weights))
    return 1.0 if size < SMALLEST else min(size, LARGEST)


def weight_after_step(state: State, weight: Address, slope: float) -> float:
    """Return the weight after a step of gradient descent: w − learning rate · slope."""
    return state.network.value_of(weight) - state.learning_rate * slope


def span(state: State, weight: Address, point: LossPoint) -> Work[Span]:
    """Compute the displayed range of a weight, which contains the next minimum and the next step.

    The result is (lowest, highest). `point` is the loss and slope at the current weight. A step that lands
    far away is left out, so that the rest stays visible. The range stays within ±`LARGEST`.
    """
    w, size = _within(state.network.value_of(weight)), size_of(state, weight)
    offsets = size * np.exp2(np.arange(NEAREST, FARTHEST + 1))
    below = yield from loss_along(state, weight, w - offsets)
    above = yield from loss_along(state, weight, w + offsets)
    down = -1.0 if point.slope > 0.0 else 1.0
    lowest = w + down * _lowest(offsets, below if down < 0.0 else above, point.loss) if point.slope else w
    covered = [w, lowest]
    step = weight_after_step(state, weight, point.slope)
    if math.isfinite(step) and abs(step - w) <= STEPS * max(abs(lowest - w), size / 2):
        covered.append(step)
    width = max(covered) - min(covered)
    room = min(WIDTH * size, 2.0 * _flat(offsets, below, above, max(point.loss, LEAST * _scale(state))))
    margin = max(0.6 * width, (room - width) / 2)
    return _within(min(covered) - margin), _within(max(covered) + margin)


def _within(w: float) -> float:
    """Return the nearest drawable number."""
    return min(max(w, -LARGEST), LARGEST)


def _scale(state: State) -> float:
    """Return the loss of an untrained network, with z = 0 at all outputs."""
    assert state.data.targets is not None
    targets = state.data.targets[: state.trained_rows]
    z = np.zeros_like(targets)
    return state.measure.mean(z, state.network.layers[-1].function(z), targets)


def _lowest(offsets: Array, loss: Array, present: float) -> float:
    """Return the one of `offsets` nearest to the first minimum, or 0 if the loss falls over all of them."""
    with np.errstate(invalid="ignore"):
        rises = np.flatnonzero(~(np.diff(loss, prepend=present) < 0.0))
    return float(offsets[max(int(rises[0]) - 1, 0)]) if len(rises) else 0.0


def _flat(offsets: Array, below: Array, above: Array, present: float) -> float:
    """Return the distance at which the loss exceeds STEEP times `present` on one side; ∞ if it never does."""
    steep = offsets[~((below <= STEEP * present) & (above <= STEEP * present))]
    return float(steep[0]) if len(steep) and 0.0 < present < math.inf else math.inf


COARSE, FINE = 33, 129
"""COARSE: number of points of the first curve. FINE: number of points of the finer curve."""
HIGHEST = 3.0
"""Largest displayed loss, as a multiple of the highest loss that must be visible."""
FLAT = 1e-9
"""Relative change of the loss up to which a curve is flat: smaller changes are rounding errors."""
EDGE = 0.03
"""A range is replaced if the weight is closer to an end than this share of the range's width."""


@dataclass(frozen=True)
class LossLine:
    """The loss over all training rows as a function of one weight.

    ========== =========================================================================
    `state`    the State for which the line was computed
    `weight`   the address of the weight
    `point`    the losses and ∂loss/∂w at the current weight
    `landing`  (weight, loss) after a step of gradient descent on only this weight; or None
    `values`   equally spaced values of the weight
    `loss`     the loss at each value, with the penalty; may be infinite or NaN
    ========== =========================================================================

    A frozen weight stays where it is. If the weight overflows in the step, `landing` is None.
    """

    state: State
    weight: Address
    point: LossPoint
    landing: tuple[float, float] | None
    values: Array
    loss: Array

    @property
    def w(self) -> float:
        """The current weight."""
        return self.state.network.value_of(self.weight)

    @property
    def stretch(self) -> Span:
        """The displayed range of the weight: (smallest value, largest value)."""
        return _ends(self.values)

    @cached_property
    @np.errstate(invalid="ignore")
    def of_data(self) -> Array | None:
        """The loss of the data alone at each value, or None without a penalty.

        The result is also None if this curve is so far below `loss` that a plot of both would be flat.
        """
        of_data: Array = self.loss - penalty_along(self.state, self.weight, self.values)
        low, high = np.fmin.reduce(self.loss), np.fmax.reduce(self.loss)
        is_near = np.fmin.reduce(of_data) >= low - (high - low)
        return of_data if self.state.training.penalty and is_near else None

    def loss_at(self, w: float) -> float:
        """Return the loss for the weight `w`, interpolated between the computed values."""
        return float(np.interp(w, self.values, self.loss))

    @property
    def drawable(self) -> bool:
        """Whether the plot can show the current weight: it is in range, and its loss is not too large."""
        low, high = self.stretch
        is_inside = low <= self.w <= high and low < high
        return is_inside and self.point.loss <= LARGEST and math.isfinite(self.point.slope)

    def heights(self) -> tuple[float, float]:
        """Return the displayed range of losses (lowest, highest). Very high losses are cut off."""
        known = self.loss[self.loss <= LARGEST]
        if len(known) == 0:
            return 0.0, 1.0
        low, high = float(known.min()), float(known.max())
        if self.of_data is not None:
            low = min(low, float(np.fmin.reduce(self.of_data)))
        visible = [self.point.loss, float(min(known[0], known[-1]))]
        if self.landing and self.stretch[0] <= self.landing[0] <= self.stretch[1]:
            visible.append(self.landing[1])
        base = min(low, 0.0)  # cross-entropy is below 0 if targets are not from 0 to 1
        high = min(high, max([low, *(base + HIGHEST * (loss - base) for loss in visible if loss <= LARGEST)]))
        high = max(high, self.point.loss)
        if low == high == 0.0:
            return -0.1, 1.0
        room = high - low if high - low > FLAT * abs(high) else abs(high)
        floor = 0.0 if 0.0 <= low < high / 2 else low - 0.08 * room
        return floor - 0.1 * (high - floor), high + 0.08 * room


def line_is_valid(line: LossLine, state: State) -> bool:
    """Return whether `line`, including its attributes `point` and `landing`, is valid for `state`."""

    def step(each: State) -> tuple[object, ...]:
        return is_full_gradient_descent(each), each.freezing(line.weight), each.learning_rate

    own = line.state
    is_same = own.network is state.network and own.measures_like(state)
    return is_same and step(own) == step(state)


def is_full_gradient_descent(state: State) -> bool:
    """Return whether the next update is a step of gradient descent over all training rows."""
    size, optimizer = state.training.batch_size, OPTIMIZERS[state.training.optimizer]
    return optimizer.follows_slope and (size is None or size >= state.trained_rows)


def loss_line(
    state: State, weight: Address, before: LossLine | None, slopes: MeanSlopes | None = None
) -> Iterator[LossLine | None]:
    """Yield None after each unit of work, then a coarse line and a finer line.

    `before` is the previous line or None. If the losses of `before` are valid for `state`, they are used
    again. Otherwise, the displayed range of `before` is used again if it still fits. `slopes` are the mean
    slopes over all training rows, or None to compute them.
    """
    point = yield from present_point(state, weight, slopes)
    landed = yield from _landing(state, weight, point)
    if before is not None and same_except(before.state, state, before.weight):
        kept = replace(before, state=state, point=point, landing=landed)
        same_rate = before.state.learning_rate == state.learning_rate
        if same_rate and len(kept.values) == FINE and kept.stretch[0] <= kept.w <= kept.stretch[1]:
            yield kept
            return
    stretch = yield from _stretch(state, weight, point, before.stretch if before else None, np.empty(0))
    for count in (COARSE, FINE):
        values = np.linspace(*stretch, count)
        loss = yield from loss_along(state, weight, values)
        yield LossLine(state, weight, point, landed, values, loss)


def _landing(state: State, weight: Address, point: LossPoint) -> Work[tuple[float, float] | None]:
    if state.freezing(weight):
        return state.network.value_of(weight), point.loss
    end = weight_after_step(state, weight, point.slope)
    if not math.isfinite(end):
        return None
    loss = yield from loss_along(state, weight, [end])
    return end, float(loss[0])


def stretch_fits(stretch: Span, wanted: Span, w: float) -> bool:
    """Return whether an axis can keep the range `stretch`, which must contain `w` and be similar to `wanted`.

    `stretch` and `wanted` are ranges (lowest, highest).
    """
    low, high = stretch
    width = high - low
    return (
        low + EDGE * width <= w <= high - EDGE * width
        and 0.3 * width <= wanted[1] - wanted[0] <= 1.3 * width
        and abs((wanted[0] + wanted[1]) / 2 - (low + high) / 2) <= 0.5 * width
    )


FAR = 25.0
"""A range is not extended to show a path of weights that is wider than this multiple of the range."""
SHARE_BESIDE = 0.08
"""Margin on both sides of a path of weights, as a share of the path's width."""


@dataclass(frozen=True)
class LossMap:
    """The loss over all training rows as a function of two weights, `first` and `second`.

    `point` holds the loss at the current weights, and `grid` holds the losses of other weights.
    """

    state: State
    first: Address
    second: Address
    point: LossPoint
    grid: Grid

    @property
    def stretches(self) -> tuple[Span, Span]:
        """The displayed range (smallest value, largest value) of each weight."""
        return _ends(self.grid.values1), _ends(self.grid.values2)

    @property
    def drawable(self) -> bool:
        """Whether the plot can show the current weights: the displayed ranges contain both."""
        pairs = zip(self.here, self.stretches, strict=True)
        return all(low <= w <= high and low < high for w, (low, high) in pairs)

    @property
    def here(self) -> tuple[float, float]:
        """The current values of both weights."""
        return self.state.network.value_of(self.first), self.state.network.value_of(self.second)


def loss_map(
    state: State,
    first: Address,
    second: Address,
    path: Array,
    before: LossMap | None,
    slopes: MeanSlopes | None = None,
) -> Iterator[LossMap | None]:
    """Yield None after each unit of work, then a coarse map and finer maps.

    `path`, shape (points, 2), holds the values of both weights during training. `before` is the previous map
    or None. If the grid of `before` is valid for `state`, the grid is used again. Otherwise, the displayed
    ranges of `before` are used again if they still fit. `slopes` are the mean slopes over all training rows,
    or None to compute them.
    """
    point = yield from present_point(state, first, slopes)
    known = kept = None
    if before is not None and same_except(before.state, state, before.first, before.second):
        kept = replace(before, state=state, point=point)
    if kept is not None and kept.drawable:
        yield kept
        stretches, known = kept.stretches, kept.grid.loss
    else:
        was1, was2 = before.stretches if before is not None else (None, None)
        point2 = yield from present_point(state, second, slopes)
        stretch1 = yield from _stretch(state, first, point, was1, path[:, 0])
        stretch2 = yield from _stretch(state, second, point2, was2, path[:, 1])
        stretches = stretch1, stretch2
    for grid in refined_grids(state, first, second, stretches, known):
        yield None if grid is None else LossMap(state, first, second, point, grid)


def _stretch(state: State, weight: Address, point: LossPoint, before: Span | None, path: Array) -> Work[Span]:
    """Compute the displayed range of a weight as `span` does, or return `before` if it still fits.

    The range is extended to the weights in `path`, unless that makes it very wide.
    """
    low, high = yield from span(state, weight, point)
    if len(path) and float(np.ptp(path)) <= FAR * (high - low):
        room = SHARE_BESIDE * float(np.ptp(path))
        low, high = min(low, float(path.min()) - room), max(high, float(path.max()) + room)
    if before is not None and stretch_fits(before, (low, high), state.network.value_of(weight)):
        return before
    return low, high


def _ends(values: Array) -> Span:
    return float(values[0]), float(values[-1])
