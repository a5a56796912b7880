"""What a network computes where one or two of its inputs vary and the others are held. Knows nothing of Qt.

Only two products a node change from point to point, so the first layer costs as much for 784 inputs as for 2.
The work is cut into units of a few milliseconds, after each of which the generators yield None. Drop one to
cancel it. What is too large for a number is infinite or NaN, without a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.cost import BLOCK_NS, MOST_ROWS, NODE_NS, Work, layer_ns, row_blocks
from nnviz.core.network import Network
from nnviz.core.state import Dataset

Span: TypeAlias = tuple[float, float]
"""From one value of an input to another, larger one."""

MARGIN = 0.1
"""Room on either side of the data, as a share of what they span."""
LARGEST = 1e300
"""A span ends at ± this, so that its width is a number."""
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
class Picture:
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
) -> Iterator[Picture | None]:
    """Yield pictures that become finer, up to one point for each pixel, and None after each unit of work.

    `pixels` are those of each span. The first picture takes about `quick_ns`, or is as coarse as any may be;
    it ends early where the next one would take very long.
    """
    for step in _steps(network, pixels, quick_ns):
        counts = tuple(max(2, -(-count // step)) for count in pixels)
        if step < COARSEST and np.prod(counts) * point_ns(network) > LONGEST_NS:
            return
        values = where.middles(*counts)
        yield Picture(where, values, (yield from predictions(network, where, values)))


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
