"""The function that a network, a node or an activation computes, over one or two inputs.

Only two products per node change from point to point, so the first layer costs as much for 784 inputs as for
2. The generators yield None after every few milliseconds of work; stop iterating to cancel. Numbers too large
for a float are infinite or NaN, without a warning.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np

from nnviz.core.activations import Activation, Array
from nnviz.core.metrics import THRESHOLD, decides
from nnviz.core.network import Network
from nnviz.core.slopes import BLOCK_NS, MOST_ROWS, NODE_NS, QUICK_NS, Work, finished, layer_ns, row_blocks
from nnviz.core.state import Dataset, State

Span: TypeAlias = tuple[float, float]
"""From one value of an input to another, larger one."""

MARGIN = 0.1
"""Room on either side of the data, as a share of what they span."""
LARGEST = 1e300
"""A span ends at ± this, so that its width, and the numbers computed from it, stay finite."""
COARSEST = 16
"""Pixels on a side of one point's place in the first picture, at most."""
LONGEST_NS = 1e10
"""What a finer picture may take."""


@dataclass(frozen=True, eq=False)
class Section:
    """A line or a plane through the space of inputs.

    ========= ==============================================================================
    `along`   the one or two inputs that vary, by their places: the first across, then up
    `spans`   from where to where each of them goes
    `held`    the values of all inputs, shape (inputs,); of those that vary, they do not count
    ========= ==============================================================================
    """

    along: tuple[int, ...]
    spans: tuple[Span, ...]
    held: Array

    def middles(self, *counts: int) -> tuple[Array, ...]:
        """Cut each span into so many equal parts, as pixels do, and return their middles."""
        return tuple(
            low + (np.arange(count) + 0.5) / count * (high - low)
            for (low, high), count in zip(self.spans, counts, strict=True)
        )

    def rows(self, *values: Array) -> Array:
        """Return rows of inputs, shape (points, inputs); `values` are those that vary, shape (points,)."""
        rows = np.repeat(self.held[None], len(values[0]), axis=0)
        rows[:, self.along] = np.stack(values, axis=1)
        return rows


@dataclass(frozen=True, eq=False)
class FunctionValues:
    """The prediction at each of `values`: shape (across, outputs), or (up, across, outputs) over a plane."""

    section: Section
    values: tuple[Array, ...]
    prediction: Array


def span_of(data: Dataset, place: int) -> Span:
    """Return the span of an input that shows all rows, and some room; from -1 to 1 without rows."""
    if not len(data):
        return -1.0, 1.0
    column = data.inputs[:, place]
    low, high = float(column.min()), float(column.max())
    room = MARGIN * (high / 2 - low / 2) * 2 if low < high else max(1.0, abs(low))
    return max(low - room, -LARGEST), min(high + room, LARGEST)


def section(data: Dataset, along: tuple[int, ...], held: Array) -> Section:
    """Return the line or plane over the inputs `along` that shows all rows, the others at `held`."""
    return Section(along, tuple(span_of(data, place) for place in along), held)


def predictions(network: Network, where: Section, values: tuple[Array, ...]) -> Work[Array]:
    """Find the prediction at `values` across, or at each pair of values across and up.

    Its shape is (across, outputs), or (up, across, outputs).
    """
    found = np.empty((*_shape(values), len(network.outputs)))
    for part, a in _parts(network, where, values):
        found[part] = a[-1]
        yield
    return found


def activations(network: Network, where: Section, values: tuple[Array, ...]) -> Work[tuple[Array, ...]]:
    """Find what every layer computes there: for each, shape (across, nodes), or (up, across, nodes)."""
    found = tuple(np.empty((*_shape(values), len(layer))) for layer in network.layers)
    for part, a in _parts(network, where, values):
        for k, values_of_layer in enumerate(a):
            found[k][part] = values_of_layer
        yield
    return found


def refined(
    network: Network, where: Section, pixels: tuple[int, ...], quick_ns: float
) -> Iterator[FunctionValues | None]:
    """Yield pictures that become finer, up to one point for each pixel, and None after each unit of work.

    `pixels` are those of each span. The first picture takes about `quick_ns`, or is as coarse as any may be;
    it ends early where the next one would take very long.
    """
    for step in _steps(network, pixels, quick_ns):
        counts = tuple(max(2, -(-count // step)) for count in pixels)
        if step < COARSEST and np.prod(counts) * point_ns(network) > LONGEST_NS:
            return
        values = where.middles(*counts)
        yield FunctionValues(where, values, (yield from predictions(network, where, values)))


def point_ns(network: Network) -> float:
    """Return about how many nanoseconds one point takes."""
    first, *others = network.layers
    return NODE_NS * len(first) + sum(map(layer_ns, others))


def _steps(network: Network, pixels: tuple[int, ...], quick_ns: float) -> Iterator[int]:
    """Yield the pixels on a side of a point's place, from many to 1."""
    step = COARSEST
    whole = float(np.prod(pixels)) * point_ns(network)
    while step > 1 and whole / (step // 2) ** len(pixels) <= quick_ns:
        step //= 2
    while step:
        yield step
        step //= 2


def _shape(values: tuple[Array, ...]) -> tuple[int, ...]:
    return tuple(len(each) for each in reversed(values))


def _parts(
    network: Network, where: Section, values: tuple[Array, ...]
) -> Iterator[tuple[tuple[slice, ...], list[Array]]]:
    """Yield a part of the points, and every layer's a there, shape (…, nodes), for each unit of work."""
    first = network.layers[0]
    rest = where.held.copy()
    rest[list(where.along)] = 0.0
    with np.errstate(all="ignore"):
        z = [each[:, None] * first.weights[:, place] for each, place in zip(values, where.along, strict=True)]
        z[0] += first.z(rest[None])
    for part in _cut(_shape(values), point_ns(network)):
        with np.errstate(all="ignore"):
            there = z[0][part[-1]] if len(z) == 1 else z[0][None, part[1]] + z[1][part[0], None]
            yield part, _onward(network, there)


def _onward(network: Network, z: Array) -> list[Array]:
    """Take the first layer's z, shape (…, nodes), to the end; return every layer's a."""
    shape = z.shape[:-1]
    a = network.layers[0].function(z.reshape(-1, z.shape[-1]))
    found = [a]
    for layer in network.layers[1:]:
        a = layer.function(layer.z(a))
        found.append(a)
    return [each.reshape(*shape, -1) for each in found]


def _cut(shape: tuple[int, ...], ns: float) -> Iterator[tuple[slice, ...]]:
    """Cut points of this shape, each of which takes `ns`, into units of work."""
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
"""Points along each of two inputs, at least and at most, and along a single one at most."""


@dataclass(frozen=True, eq=False)
class NodeFunctions:
    """Every node's a at points of a line or a plane.

    ========= ================================================================================
    `section` the inputs that vary, and from where to where
    `a`       of every column, inputs first: shape (nodes, across), or (nodes, up, across)
    `at_half` whether outputs decide between two classes, at a half
    ========= ================================================================================
    """

    section: Section
    a: tuple[Array, ...]
    at_half: bool = False

    @cached_property
    def shares(self) -> tuple[Array, ...]:
        """Each a over the largest of its node without sign, from −1 to 1; 0 where it is no number.

        Of outputs that decide at a half, how far they are above or below it, over a half.
        """
        *others, outputs = map(_shares, self.a)
        if self.at_half:
            outputs = np.clip(np.nan_to_num(self.a[-1] / THRESHOLD - 1.0), -1.0, 1.0)
        return (*others, outputs)


def few_inputs(network: Network) -> bool:
    """Tell whether all inputs of a network can vary in one picture."""
    return len(network.inputs) <= 2


def quick(network: Network) -> bool:
    """Tell whether the coarsest picture of a network of few inputs is found at once."""
    points: int = COARSEST_GRID ** len(network.inputs)
    return points * point_ns(network) <= QUICK_NS


def node_functions(state: State, at_half: bool, most_ns: float = QUICK_NS) -> NodeFunctions:
    """Return what the nodes compute where the rows are; `most_ns`: about how long it may take.

    `at_half`: whether outputs decide between two classes, which takes a look at all targets.
    """
    network, count = state.network, len(state.network.inputs)
    points = (most_ns / point_ns(network)) ** (1 / count)
    size = int(min(max(points, COARSEST_GRID), FINEST if count == 2 else FINEST_LINE))
    where = section(state.data, tuple(range(count)), np.zeros(count))
    values = where.middles(*[size] * count)
    layers = finished(activations(network, where, values))
    inputs = np.stack(np.meshgrid(*values), axis=-1)
    return NodeFunctions(where, tuple(np.moveaxis(a, -1, 0) for a in (inputs, *layers)), at_half)


def _shares(a: Array) -> Array:
    known = np.where(np.isfinite(a), np.abs(a), 0.0)
    largest = known.max(axis=tuple(range(1, a.ndim)), keepdims=True)
    with np.errstate(all="ignore"):
        shares = np.nan_to_num(a / np.where(largest > 0.0, largest, 1.0))
    clipped: Array = np.clip(shares, -1.0, 1.0)
    return clipped


class KnownFunctions:
    """What each node computes, kept until the network, the data or the time for it is another one."""

    def __init__(self) -> None:
        self._known: tuple[State, float, NodeFunctions] | None = None

    def of(self, state: State, most_ns: float) -> NodeFunctions:
        """Return it for a State, as fine as it can be in about `most_ns`."""
        at_half = None
        if self._known is not None:
            before, known_ns, found = self._known
            same = before.network is state.network and before.data is state.data
            if same and known_ns == most_ns:
                return found
            at_half = found.at_half if _outputs_are(before, state) else None
        found = node_functions(state, decides(state) if at_half is None else at_half, most_ns)
        self._known = state, most_ns, found
        return found


def _outputs_are(before: State, now: State) -> bool:
    """Tell whether the outputs of two States are the same as far as their targets and activation go."""
    last = (state.network.layers[-1] for state in (before, now))
    return before.data is now.data and len({(len(layer), layer.activation) for layer in last}) == 1


Stretch: TypeAlias = tuple[float, float]

USUAL = 4.0
"""The stretch reaches from − to + this at least, where activations bend."""
FENCE = 3.0
"""Rows so many quartile ranges beyond the quartiles, Tukey's far outliers, do not widen the stretch."""
ROOM = 0.06
"""Free on both sides of what is shown, as a share of it."""
WIDER = 2.5
"""A stretch is kept until another would be enough that is so many times narrower."""
ALIKE, LEAST_SLOPE = 8.0, 0.25
"""An a up to so many times as high as its slope has one scale with it; no slope is taken for smaller."""
MOST_POINTS, LEAST_POINTS, MOST_VALUES = 401, 101, 40_000
"""Points of a curve: fewer where the z of a whole layer have to be computed for each of them."""


class Reading(NamedTuple):
    """What a node makes of one z."""

    z: float
    a: float
    slope: float


class ActivationCurve(NamedTuple):
    """a and ∂a/∂z over z, each of shape (points,). A NaN parts the slopes on both sides of a kink."""

    z: Array
    a: Array
    slope: Array
    kinks: tuple[tuple[Reading, Reading], ...]
    """What there is at each kink, and right behind it."""

    @property
    def times(self) -> float:
        """How many times as high as a its slope is drawn, on an axis of its own: 1, or a round number.

        Beside an a that goes up to 26 a slope of 1 could not be seen.
        """
        slope = float(np.abs(self.slope[np.isfinite(self.slope)]).max(initial=LEAST_SLOPE))
        ratio = float(np.abs(self.a[np.isfinite(self.a)]).max(initial=0.0)) / slope
        if ratio <= ALIKE:
            return 1.0
        power = 10.0 ** math.floor(math.log10(ratio))
        return power * max(digit for digit in (1.0, 2.0, 5.0) if digit * power <= ratio)

    def heights(self, beside: Array) -> Stretch:
        """Return from where to where a, its slope as it is drawn, 0, and what is `beside` it reach."""
        both = np.concatenate((self.a, self.times * self.slope, [0.0], beside))
        both = both[np.isfinite(both)].clip(-LARGEST, LARGEST)
        low, high = float(both.min()), float(both.max())
        return low - ROOM * (high - low), high + ROOM * (high - low)


@dataclass(frozen=True)
class Bend:
    """How a node makes a of its own z: by `function`.

    Where that depends on every z of the layer, they are held at `layer`, of shape (nodes,), but for the own
    one, which is that of `node`.
    """

    function: Activation
    layer: Array | None = None
    node: int = 0

    def __call__(self, z: Array) -> tuple[Array, Array]:
        """Return a and ∂a/∂z at every z, shape (points,)."""
        with np.errstate(all="ignore"):  # what is too large for a number is infinite
            if self.layer is None:
                return self.function(z), self.function.slope(z)
            held = np.tile(self.layer, (len(z), 1))
            held[:, self.node] = z
            a, own, slopes = self.function(held), np.zeros_like(held), np.empty_like(held)
            own[:, self.node] = 1.0
            self.function.backward(held, a, own, slopes)()
            return a[:, self.node], slopes[:, self.node]

    def at(self, z: float) -> Reading:
        """Return what the node makes of one z."""
        a, slope = self(np.array([z]))
        return Reading(z, float(a[0]), float(slope[0]))

    def curve(self, stretch: Stretch) -> ActivationCurve:
        """Return the curve over a stretch."""
        low, high = stretch
        wide = 1 if self.layer is None else len(self.layer)
        points = max(LEAST_POINTS, min(MOST_POINTS, MOST_VALUES // wide))
        kinks = [kink for kink in self.function.kinks if low < kink < high]
        behind = [math.nextafter(kink, math.inf) for kink in kinks]
        z = np.unique(np.concatenate((np.linspace(low, high, points), kinks, behind)))
        a, slope = self(z)
        at = np.searchsorted(z, behind)
        pairs = tuple((self.at(kink), self.at(after)) for kink, after in zip(kinks, behind, strict=True))
        return ActivationCurve(
            np.insert(z, at, kinks), np.insert(a, at, a[at - 1]), np.insert(slope, at, np.nan), pairs
        )


def stretch_of(z: Array, own: float) -> Stretch:
    """Return the stretch that shows the bend, z of the rows, shape (rows,), and `own`, that of the one row.

    Rows that lie far out from the others are left out, and what is no number.
    """
    shown = [-USUAL, USUAL]
    there = z[np.isfinite(z)].clip(-LARGEST, LARGEST)
    if len(there):
        first, last = np.quantile(there, (0.25, 0.75))
        reach = FENCE * max(last - first, USUAL)
        inside = there[(there >= first - reach) & (there <= last + reach)]
        shown += [float(inside.min()), float(inside.max())]
    if math.isfinite(own):
        shown.append(min(max(own, -LARGEST), LARGEST))
    return min(shown), max(shown)


def steady(known: Stretch | None, wanted: Stretch) -> Stretch:
    """Return the stretch `known` as long as it shows all that is wanted, large enough; else another."""
    low, high = wanted
    room = high - low
    if known and known[0] <= low and high <= known[1] and known[1] - known[0] <= WIDER * room:
        return known
    return low - ROOM * room, high + ROOM * room
