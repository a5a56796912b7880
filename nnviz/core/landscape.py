"""The loss where one weight moves, or two, while the others stay: over all rows that are trained on.

Only one column of z changes with a weight: what lies before it is computed once for many values. The work is
cut into units of a few milliseconds, after each of which the generators yield None. Drop one to cancel it.
What is too large for a number is infinite or NaN, without a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.cost import BLOCK_NS, NODE_NS, Work, forward_ns, layer_ns, row_blocks
from nnviz.core.losses import Loss
from nnviz.core.network import Layer, Network, Trace
from nnviz.core.results import means_in_blocks
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State

LONGEST_NS = 1e10
"""What a finer grid may take."""
SIZES = (9, 17, 33, 65)
"""Points on each side of a grid that becomes finer; every second one is known already."""


class Point(NamedTuple):
    """The loss over all rows at the present weights, and its slope with respect to one of them."""

    loss: float
    slope: float


@np.errstate(over="ignore")
def _offsets(values: ArrayLike, weight: Address, network: Network) -> Array:
    """Return how far `values` are from the weight."""
    return np.asarray(values, dtype=np.float64) - weight.value(network)


@np.errstate(over="ignore", invalid="ignore")
def _add(sums: Array, more: Array) -> None:
    sums += more


@dataclass(frozen=True)
class Grid:
    """`loss[i, j]` is the loss with the first weight at `values1[i]` and the second at `values2[j]`."""

    values1: Array
    values2: Array
    loss: Array


def along(state: State, weight: Address, values: ArrayLike) -> Work[Array]:
    """Find the loss over all rows with the weight at each of `values`, shape (values,).

    The State needs rows and targets.
    """
    offsets = _offsets(values, weight, state.network)
    sums = np.zeros(len(offsets))
    network, measure = state.network, state.measure
    for rows in _blocks(state, weight.layer):
        for part in _parts(network, weight.layer, len(rows.targets), len(offsets)):
            _add(sums[part], _terms(network, measure, rows, weight, offsets[part]))
            yield
    return sums / _count(state)


def over_weights(
    state: State, first: Address, second: Address, values1: ArrayLike, values2: ArrayLike
) -> Work[Array]:
    """Find the loss over all rows at each pair of values, shape (values1, values2)."""
    if first.layer > second.layer:
        turned = yield from over_weights(state, second, first, values2, values1)
        return turned.T
    network, measure = state.network, state.measure
    offsets1, offsets2 = _offsets(values1, first, network), _offsets(values2, second, network)
    sums = np.zeros((len(offsets1), len(offsets2)))
    for rows in _blocks(state, first.layer):
        for i, offset in enumerate(offsets1):
            # what feeds the second weight, and the layers that `_terms` goes on from
            trace = moved(network, rows.trace, first, float(offset), second.layer + 2)
            for part in _parts(network, second.layer, len(rows.targets), len(offsets2)):
                moved_rows = rows._replace(trace=trace)
                _add(sums[i, part], _terms(network, measure, moved_rows, second, offsets2[part]))
                yield
    return sums / _count(state)


def refined(
    state: State,
    first: Address,
    second: Address,
    span1: tuple[float, float],
    span2: tuple[float, float],
    known: Array | None = None,
) -> Iterator[Grid | None]:
    """Yield a coarse grid over both spans, then finer ones, and None after each unit of work between.

    It goes on from `known`, the loss of such a grid, where there is one, and ends early where the next grid
    would take very long.
    """
    for size in SIZES:
        if known is not None and (len(known) >= size or _grid_ns(state, first, second, size) > LONGEST_NS):
            continue
        values1, values2 = np.linspace(*span1, size), np.linspace(*span2, size)
        if known is None:
            known = yield from over_weights(state, first, second, values1, values2)
        else:
            finer = np.empty((size, size))
            finer[::2, ::2] = known
            finer[::2, 1::2] = yield from over_weights(state, first, second, values1[::2], values2[1::2])
            finer[1::2] = yield from over_weights(state, first, second, values1[1::2], values2)
            known = finer
        yield Grid(values1, values2, known)


def _grid_ns(state: State, first: Address, second: Address, size: int) -> float:
    """Return about how many nanoseconds a grid takes."""
    network = state.network
    once = _onward_ns(network, min(first.layer, second.layer))
    again = _onward_ns(network, max(first.layer, second.layer))
    return state.trained_rows * size * (once + size * again)


def at_present(state: State, weight: Address, known: MeanSlopes | None = None) -> Work[Point]:
    """Find the loss over all rows and its slope with respect to a weight, unless they are `known`."""
    if known is None:
        known = (yield from means_in_blocks(state, None)).slopes
    return Point(known.loss, known.of(weight))


class _Rows(NamedTuple):
    """What every layer computed for some rows, and their targets."""

    trace: Trace
    targets: Array


def _count(state: State) -> int:
    """Return by what the sum of all terms is divided."""
    return state.trained_rows * state.measure.parts(len(state.network.outputs))


def _blocks(state: State, layer: int) -> Iterator[_Rows]:
    assert state.data.targets is not None
    row_ns = max(forward_ns(state.network), _onward_ns(state.network, layer))
    for block in row_blocks(state.trained_rows, row_ns):
        yield _Rows(state.network.forward(state.data.inputs[block]), state.data.targets[block])


def _onward_ns(network: Network, layer: int) -> float:
    """Return the nanoseconds that one value of a weight of `layer` takes for one row."""
    onward = network.layers[layer + 1 :]
    return NODE_NS * (1 + sum(map(len, onward[:1]))) + sum(map(layer_ns, onward[1:]))


def _parts(network: Network, layer: int, rows: int, values: int) -> Iterator[slice]:
    size = max(1, int(BLOCK_NS / (rows * _onward_ns(network, layer))))
    for start in range(0, values, size):
        yield slice(start, start + size)


def _terms(network: Network, measure: Loss, rows: _Rows, weight: Address, offsets: Array) -> Array:
    """Return the sum of the loss's terms over these rows with the weight moved by each of `offsets`."""
    k, layer = weight.layer, network.layers[weight.layer]
    with np.errstate(all="ignore"):
        column = rows.trace.z[k][:, weight.node] + offsets[:, None] * _start(rows.trace, weight)
        if layer.function.elementwise and k + 1 < len(network.layers):
            # the other nodes of the layer stay, so the next layer's z moves by what this one's a moves
            more = layer.function(column) - rows.trace.a[k][:, weight.node]
            z = rows.trace.z[k + 1] + more[..., None] * network.layers[k + 1].weights[:, weight.node]
            return _onward(network, measure, k + 1, rows, z)
        z = np.repeat(rows.trace.z[k][None], len(offsets), axis=0)
        z[:, :, weight.node] = column
        return _onward(network, measure, k, rows, z)


def _start(trace: Trace, weight: Address) -> Array:
    """Return the values at the start of a weight, shape (rows,) or, for a bias, (1,)."""
    return np.ones(1) if weight.kind == "bias" else trace.feeding(weight.layer)[:, weight.source]


def _onward(network: Network, measure: Loss, k: int, rows: _Rows, z: Array) -> Array:
    """Take z of layer k, shape (values, rows, nodes), to the end: the sum of the terms for each value."""
    values, z = len(z), z.reshape(-1, z.shape[-1])
    a = network.layers[k].function(z)
    for layer in network.layers[k + 1 :]:
        z = layer.z(a)
        a = layer.function(z)
    shape = values, *rows.targets.shape
    sums: Array = measure.terms(z.reshape(shape), a.reshape(shape), rows.targets).sum(axis=(1, 2))
    return sums


def moved(network: Network, trace: Trace, weight: Address, offset: float, end: int | None = None) -> Trace:
    """Return what the layers before layer `end` (None: all) compute with the weight moved by `offset`.

    The layers from `end` on stay as they were.
    """
    if offset == 0.0:
        return trace
    z, a, first = list(trace.z), list(trace.a), weight.layer
    with np.errstate(all="ignore"):
        z[first] = z[first].copy()
        z[first][:, weight.node] += offset * _start(trace, weight)
        for k, layer in enumerate(network.layers[:end]):
            if k > first:
                z[k] = layer.z(a[k - 1])
            if k >= first:
                a[k] = layer.function(z[k])
    return Trace(trace.inputs, tuple(z), tuple(a))


def measures_alike(old: State, new: State) -> bool:
    """Tell whether two States have the same rows, and take the same loss over the same part of them."""
    same = (old.training.loss, old.training.validation) == (new.training.loss, new.training.validation)
    return old.data is new.data and same


def same_but(old: State, new: State, *weights: Address) -> bool:
    """Tell whether two States have the same loss wherever these weights are: nothing else differs."""
    if not measures_alike(old, new) or len(old.network.layers) != len(new.network.layers):
        return False
    pairs = zip(old.network.layers, new.network.layers, strict=True)
    return all(
        one is other or _same_layer_but(one, other, [weight for weight in weights if weight.layer == k])
        for k, (one, other) in enumerate(pairs)
    )


def _same_layer_but(one: Layer, other: Layer, weights: list[Address]) -> bool:
    if one.activation != other.activation or one.weights.shape != other.weights.shape:
        return False
    if (one.biases is None) != (other.biases is None):
        return False
    differs = one.weights != other.weights
    differing = int(differs.sum()) - sum(
        bool(differs[weight.node, weight.source]) for weight in weights if weight.kind == "weight"
    )
    if one.biases is not None and other.biases is not None:
        off = one.biases != other.biases
        differing += int(off.sum()) - sum(
            bool(off[weight.node]) for weight in weights if weight.kind == "bias"
        )
    return differing == 0
