"""Outputs of a network or of its nodes while one or two inputs vary, and curves of activations over z.

For each point, only the inputs that vary are multiplied by weights again. So the first layer is as fast for
784 inputs as for 2. The generators yield None after every few milliseconds of work; stop iterating to cancel.
On overflow, numbers are infinite or NaN, without a warning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Activation, Array, Interval
from nnviz.core.columns import Columns
from nnviz.core.metrics import decides_yes_or_no
from nnviz.core.network import Network
from nnviz.core.slopes import BLOCK_NS, MOST_ROWS, NODE_NS, QUICK_NS, Work, layer_ns, row_blocks, run_work
from nnviz.core.state import Dataset, State

Span: TypeAlias = tuple[float, float]
"""A displayed range of an input, a weight or another number: (smallest value, largest value)."""

MARGIN, WIDE_MARGIN = 0.1, 1.0
"""Margins that a plot, and a wide plot, add on each side of the data, as a share of the range of the data."""
LARGEST = 1e300
"""Ranges of inputs lie within ±LARGEST, so that the numbers computed from a range stay finite."""
COARSEST = 16
"""Size, in pixels, of the square that each computed point fills in the coarsest picture."""
STEPS = (COARSEST, 8, 4, 2, 1)
"""The sizes of this square in finer and finer pictures."""
LONGEST_NS = 1e10
"""A finer picture that would take more nanoseconds than this is not computed."""


@dataclass(frozen=True, eq=False)
class Section:
    """A line or a plane in the space of inputs: one or two inputs vary, and the others are constant.

    ========= ==============================================================================
    `along`   indices of the inputs that vary: first the horizontal, then the vertical input
    `spans`   the lowest and the highest value of each input that varies
    `inputs`  values of the inputs, shape (inputs,); values of inputs that vary are ignored
    `columns` the columns, which say how computed inputs follow the inputs that vary
    ========= ==============================================================================
    """

    along: tuple[int, ...]
    spans: tuple[Span, ...]
    inputs: Array
    columns: Columns = field(default_factory=Columns)

    @property
    def hidden(self) -> list[int]:
        """The indices of the inputs that are constant."""
        others = *self.along, *self.columns.computed
        return [place for place in range(len(self.inputs)) if place not in others]

    def computed(self, values: tuple[Array, ...]) -> dict[int, Array]:
        """Return the values of the computed inputs, by index, at points of the line or plane.

        `values` holds the values of each input that varies, in shapes that broadcast.
        """
        given = dict(zip(self.along, values, strict=True))
        return dict(self.columns.compute(lambda i: given.get(i, self.inputs[[i]])))

    def middles(self, *counts: int) -> tuple[Array, ...]:
        """Return, for each input that varies, evenly spaced values: the centres of equal parts of its range.

        The arguments `counts` are the numbers of parts, one number for each input that varies.
        """
        pairs = zip(self.spans, counts, strict=True)
        return tuple(low + (np.arange(count) + 0.5) / count * (high - low) for (low, high), count in pairs)


@dataclass(frozen=True, eq=False)
class FunctionValues:
    """Predictions at points of a line, shape (across, outputs), or of a plane, shape (up, across, outputs).

    `values` holds the values of the horizontal input, shape (across,), and for a plane also the values of the
    vertical input, shape (up,).
    """

    section: Section
    values: tuple[Array, ...]
    prediction: Array


def span_of(data: Dataset, place: int, known: Span | None = None, margin: float = MARGIN) -> Span:
    """Return the lowest and the highest value of the input at index `place`, with a margin on both sides.

    `margin` is a share of the range. If the data has no rows, the result is (−1, 1). If the range `known`
    contains all values, return `known`.
    """
    if not len(data):
        return known or (-1.0, 1.0)
    column = data.inputs[:, place]
    low, high = float(column.min()), float(column.max())
    if known and known[0] <= low and high <= known[1]:
        return known
    room = margin * (high / 2 - low / 2) * 2 if low < high else max(1.0, abs(low))
    return max(low - room, -LARGEST), min(high + room, LARGEST)


def section(
    state: State, along: tuple[int, ...], held: Array, known: Section | None = None, margin: float = MARGIN
) -> Section:
    """Return the line or plane on which the inputs with the indices `along` vary.

    These inputs vary over their range in the data, with a margin (a share of the range), or over their range
    in `known` if this range contains all rows. The other inputs have the values in `held`, shape (inputs,).
    """
    spans = dict(zip(known.along, known.spans, strict=True)) if known else {}
    own = tuple(span_of(state.data, place, spans.get(place), margin) for place in along)
    return Section(along, own, held, state.columns)


def hidden_shares(data: Dataset, rows: NDArray[np.intp], where: Section) -> Array:
    """Return how far rows lie from a line or a plane in each hidden input, shape (rows, hidden inputs).

    A distance is |value of the row − value on the plane| as a share of the input's range over all rows, or 0
    if the input has the same value in all rows.
    """
    inputs, held = data.inputs[:, where.hidden] / 2, where.inputs[where.hidden] / 2  # a range may overflow
    spread = np.ptp(inputs, axis=0)
    return np.abs(inputs[rows] - held) / np.where(spread > 0.0, spread, math.inf)


def activations(
    network: Network, where: Section, values: tuple[Array, ...], first: int = 0
) -> Work[tuple[Array, ...]]:
    """Compute the outputs of the layers from index `first` on, at points of a line or a plane.

    The arrays have shape (across, nodes) for a line, (up, across, nodes) for a plane. `values` holds the
    values of the horizontal input and, for a plane, of the vertical input.
    """
    layers = tuple(np.empty((*_shape(values), len(layer))) for layer in network.layers[first:])
    for part, a in _parts(network, where, values):
        for outputs, values_of_layer in zip(layers, a[first:], strict=True):
            outputs[part] = values_of_layer
        yield
    return layers


def refined_pictures(
    network: Network, where: Section, pixels: tuple[int, ...], quick_ns: float
) -> Iterator[FunctionValues | None]:
    """Yield finer and finer pictures of the predictions, and None after each unit of work.

    The finest picture has one point for each pixel; `pixels` holds the length of each axis in pixels. The
    first picture takes about `quick_ns` nanoseconds, unless even the coarsest picture takes longer. The
    generator ends early if the next picture would take too long.
    """
    whole_ns = float(np.prod(pixels)) * point_ns(network)
    for step in STEPS:
        if step > 1 and whole_ns / (step // 2) ** len(pixels) <= quick_ns:
            continue  # the next picture is quick, too
        counts = tuple(max(2, -(-count // step)) for count in pixels)
        if step < COARSEST and np.prod(counts) * point_ns(network) > LONGEST_NS:
            return
        values = where.middles(*counts)
        (prediction,) = yield from activations(network, where, values, first=-1)
        yield FunctionValues(where, values, prediction)


def point_ns(network: Network) -> float:
    """Return the approximate time to compute the outputs at one point, in nanoseconds."""
    first, *others = network.layers
    return NODE_NS * len(first) + sum(map(layer_ns, others))


def _shape(values: tuple[Array, ...]) -> tuple[int, ...]:
    return tuple(len(each) for each in reversed(values))


def _parts(
    network: Network, where: Section, values: tuple[Array, ...]
) -> Iterator[tuple[tuple[slice, ...], list[Array]]]:
    """Yield (part of the points, a of each layer there, shape (…, nodes)) for each unit of work."""
    first = network.layers[0]
    rest = where.inputs.copy()
    rest[[*where.along, *where.columns.computed]] = 0.0
    with np.errstate(all="ignore"):
        z = [each[:, None] * first.weights[:, place] for each, place in zip(values, where.along, strict=True)]
        z[0] += first.z(rest[None])
    for part in _cut(_shape(values), point_ns(network)):
        with np.errstate(all="ignore"):
            z_first = z[0][part[-1]] if len(z) == 1 else z[0][None, part[1]] + z[1][part[0], None]
            at = grid([each[cut] for each, cut in zip(values, reversed(part), strict=True)])
            for place, computed in where.computed(at).items():
                z_first = z_first + computed[..., None] * first.weights[:, place]
            layers = network.onward(0, z_first.reshape(-1, z_first.shape[-1]))
            yield part, [a.reshape(*z_first.shape[:-1], -1) for _, a in layers]


def grid(values: Sequence[Array]) -> tuple[Array, ...]:
    """Return the values of each input that varies in shapes that broadcast to a line or a plane.

    On a plane, the horizontal values get the shape (1, across), the vertical ones (up, 1).
    """
    return tuple(values) if len(values) == 1 else (values[0][None, :], values[1][:, None])


def _cut(shape: tuple[int, ...], ns: float) -> Iterator[tuple[slice, ...]]:
    """Yield index slices that cut points of this shape into units of work, if a point takes `ns`."""
    *lines, across = shape
    for columns in row_blocks(across, ns):
        if not lines:
            yield (columns,)
            continue
        width = columns.stop - columns.start
        size = max(1, min(int(BLOCK_NS / (width * ns)), MOST_ROWS // width))
        for start in range(0, lines[0], size):
            yield slice(start, start + size), columns


COARSEST_GRID, FINEST, FINEST_LINE = 8, 32, 48
"""Computed points along each input: at least COARSEST_GRID; at most FINEST (plane) or FINEST_LINE (line)."""


@dataclass(frozen=True, eq=False)
class NodeFunctions:
    """The outputs of all nodes at points of a line or a plane.

    ========= ================================================================================
    `section` the line or plane
    `a`       the inputs, then outputs by layer: shape (nodes, across) or (nodes, up, across)
    `scores`  the outputs that mean class 0 and class 1 if each output decides, else None
    ========= ================================================================================
    """

    section: Section
    a: tuple[Array, ...]
    scores: Interval | None = None

    @cached_property
    def shares(self) -> tuple[Array, ...]:
        """The outputs `a`, each divided by the largest |a| of the same node: from −1 to 1, and 0 for NaN.

        With `scores`, an output of the last layer is −1 for class 0 and 1 for class 1 instead.
        """
        *others, outputs = map(_shares, self.a)
        if self.scores:
            low, high = self.scores
            outputs = np.clip(np.nan_to_num(2.0 * (self.a[-1] - low) / (high - low) - 1.0), -1.0, 1.0)
        return (*others, outputs)


def coarsest_is_quick(network: Network) -> bool:
    """Return whether a network with one or two inputs computes a coarse picture in a few milliseconds."""
    points: int = COARSEST_GRID ** len(network.inputs)
    return points * point_ns(network) <= QUICK_NS


def node_functions(state: State, most_ns: float = QUICK_NS) -> NodeFunctions:
    """Return the outputs of all nodes over the range of the data, computed in about `most_ns` nanoseconds."""
    network, along = state.network, tuple(state.columns.entered)
    count = len(along)
    points = (most_ns / point_ns(network)) ** (1 / count)
    size = int(min(max(points, COARSEST_GRID), FINEST if count == 2 else FINEST_LINE))
    where = section(state, along, np.zeros(len(network.inputs)))
    values = where.middles(*[size] * count)
    layers = run_work(activations(network, where, values))
    at = grid(values)
    inputs = dict(zip(along, at, strict=True)) | where.computed(at)
    every = np.stack(np.broadcast_arrays(*(inputs[i] for i in range(len(inputs)))))
    outputs = (every, *(np.moveaxis(a, -1, 0) for a in layers))
    return NodeFunctions(where, outputs, state.measure.scores if decides_yes_or_no(state) else None)


def _shares(a: Array) -> Array:
    known = np.where(np.isfinite(a), np.abs(a), 0.0)
    largest = known.max(axis=tuple(range(1, a.ndim)), keepdims=True)
    with np.errstate(all="ignore"):
        shares = np.nan_to_num(a / np.where(largest > 0.0, largest, 1.0))
    return np.clip(shares, -1.0, 1.0)


USUAL = 4.0
"""Every displayed range of z contains −USUAL to USUAL, where activations bend."""
FENCE = 3.0
"""Values of z that lie more than this many interquartile ranges beyond a quartile are ignored."""
ROOM = 0.06
"""Margin on both sides of the displayed range, as a share of the range."""
WIDER = 2.5
"""A displayed range is kept unless it is more than this many times as wide as the range now needed."""
ALIKE, LEAST_SLOPE = 8.0, 0.25
"""The curve of ∂a/∂z is stretched if max |a| / max |∂a/∂z| exceeds ALIKE. LEAST_SLOPE: least divisor."""
MOST_POINTS, LEAST_POINTS, MOST_VALUES = 401, 101, 40_000
"""A curve has LEAST_POINTS to MOST_POINTS points. With softmax, points · nodes ≤ MOST_VALUES if possible."""


class Reading(NamedTuple):
    """The output and the slope of a node at one z."""

    z: float
    a: float
    slope: float


class ActivationCurve(NamedTuple):
    """The curves of a and of ∂a/∂z over z; `z`, `a` and `slope` have shape (points,).

    A NaN in `slope` separates the slopes on both sides of a jump.
    """

    z: Array
    a: Array
    slope: Array

    @property
    def times(self) -> float:
        """The factor that stretches the curve of the slope, which has its own axis: 1 or a round number.

        Without the factor, a slope of 1 would not be visible next to an output of 26.
        """
        slope = float(np.abs(self.slope[np.isfinite(self.slope)]).max(initial=LEAST_SLOPE))
        ratio = float(np.abs(self.a[np.isfinite(self.a)]).max(initial=0.0)) / slope
        if ratio <= ALIKE:
            return 1.0
        power = 10.0 ** math.floor(math.log10(ratio))
        return power * max(digit for digit in (1.0, 2.0, 5.0) if digit * power <= ratio)

    def heights(self, beside: Array) -> Span:
        """Return the range (lowest, highest) that shows both curves, height 0 and the heights in `beside`."""
        both = np.concatenate((self.a, self.times * self.slope, [0.0], beside))
        both = both[np.isfinite(both)].clip(-LARGEST, LARGEST)
        low, high = float(both.min()), float(both.max())
        return low - ROOM * (high - low), high + ROOM * (high - low)


@dataclass(frozen=True)
class Bend:
    """The activation function of a node, from z to a.

    If `function` depends on every z of the layer, `layer` holds the z of all nodes, shape (nodes,). Then only
    the z of the node with index `node` varies.
    """

    function: Activation
    layer: Array | None = None
    node: int = 0

    def __call__(self, z: Array) -> tuple[Array, Array]:
        """Return a and ∂a/∂z at every z, shape (points,) each."""
        with np.errstate(all="ignore"):  # overflow gives infinite numbers
            if self.layer is None:
                return self.function(z), self.function.slope(z)
            held = np.tile(self.layer, (len(z), 1))
            held[:, self.node] = z
            a, own, slopes = self.function(held), np.zeros_like(held), np.empty_like(held)
            own[:, self.node] = 1.0
            self.function.backward(held, a, own, slopes)
            return a[:, self.node], slopes[:, self.node]

    def point(self, z: float) -> Reading:
        """Return the output and the slope at one z."""
        a, slope = self(np.array([z]))
        return Reading(z, float(a[0]), float(slope[0]))

    def curve(self, stretch: Span) -> ActivationCurve:
        """Return the curve over a range of z."""
        low, high = stretch
        wide = 1 if self.layer is None else len(self.layer)
        points = max(LEAST_POINTS, min(MOST_POINTS, MOST_VALUES // wide))
        kinks = [kink for kink in self.function.kinks if low < kink < high]
        behind = [math.nextafter(kink, math.inf) for kink in kinks]
        z = np.unique(np.concatenate((np.linspace(low, high, points), kinks, behind)))
        a, slope = self(z)
        at = np.searchsorted(z, behind)
        a, slope = np.insert(a, at, a[at - 1]), np.insert(slope, at, np.nan)
        return ActivationCurve(np.insert(z, at, kinks), a, slope)


def stretch_of(z: Array, own: float) -> Span:
    """Return the range of z that shows the bend of an activation and the z of a node.

    `z` holds z of the node on all rows, shape (rows,); `own` is z on the selected row. Far outliers and NaN
    in `z` are ignored.
    """
    covered = [-USUAL, USUAL]
    finite = z[np.isfinite(z)].clip(-LARGEST, LARGEST)
    if len(finite):
        first, last = np.quantile(finite, (0.25, 0.75))
        reach = FENCE * max(last - first, USUAL)
        inside = finite[(finite >= first - reach) & (finite <= last + reach)]
        covered += [float(inside.min()), float(inside.max())]
    if math.isfinite(own):
        covered.append(min(max(own, -LARGEST), LARGEST))
    return min(covered), max(covered)


def steady_stretch(known: Span | None, wanted: Span) -> Span:
    """Return the range `known` if it covers `wanted` and is not much wider, else `wanted` with a margin."""
    low, high = wanted
    room = high - low
    if known and known[0] <= low and high <= known[1] and known[1] - known[0] <= WIDER * room:
        return known
    return low - ROOM * room, high + ROOM * room
