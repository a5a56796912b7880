"""What is odd about a node or a slope, and why: dead, saturated, exactly 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activation import Interval
from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.network import Network, Trace
from nnviz.core.numbers import shown
from nnviz.core.slopes import Slopes


def _within(intervals: tuple[Interval, ...], z: Array) -> NDArray[np.bool_]:
    """Tell of every z whether it lies in one of the intervals."""
    inside = np.zeros(np.shape(z), dtype=bool)
    for low, high in intervals:
        inside |= (low <= z) & (z <= high)
    return inside


def _on_every_row(odd: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return of `odd`, shape (rows, nodes), whether it holds on all rows; without rows it does not."""
    return np.asarray(odd.all(axis=0) & (len(odd) > 0), dtype=bool)


def dead_nodes(network: Network, trace: Trace) -> tuple[NDArray[np.bool_], ...]:
    """Tell of every node, layer by layer, whether it stays at 0 on every row of `trace`, as relu does."""
    return tuple(
        _on_every_row(_within(layer.function.flat, z) & (a == 0.0))
        for layer, z, a in zip(network.layers, trace.z, trace.a, strict=True)
    )


def saturated_nodes(network: Network, trace: Trace) -> tuple[NDArray[np.bool_], ...]:
    """Tell of every node whether it hardly moves on any row of `trace`, and is not dead.

    What its activation calls saturated counts, and what is flat at another value than 0.
    """
    odd = []
    for layer, z, a in zip(network.layers, trace.z, trace.a, strict=True):
        stuck = _within(layer.function.flat, z) & (a != 0.0)
        odd.append(_on_every_row(stuck | _within(layer.function.saturated, z)))
    return tuple(odd)


def badges(network: Network, trace: Trace) -> dict[tuple[int, int], str]:
    """Return what is odd about nodes on all rows of `trace`, by (layer, node): dead, saturated."""
    if len(trace.inputs) < 2:
        return {}
    told = {}
    for text, oddity in (("dead on all rows", dead_nodes), ("saturated", saturated_nodes)):
        for k, odd in enumerate(oddity(network, trace)):
            for node in np.flatnonzero(odd).tolist():
                told[k, node] = text
    return told


def zero_reason(network: Network, slopes: Slopes, address: Address) -> str:
    """Return why the slope of a weight or bias is exactly 0 on each row of `slopes`, or "" where it is not.

    `slopes` may hold one row or many; the sentence holds for all of them.
    """
    layer = slopes.layers[address.layer]
    end = layer.inputs[:, address.node]
    if address.kind == "bias":
        return "" if end.any() else _flat_end(network, slopes, address)
    start = slopes.trace.feeding(address.layer)[:, address.source]
    if (start * end).any():
        return ""
    if not start.any():
        return _zero_start(network, address, len(start))
    if not end.any():
        return _flat_end(network, slopes, address)
    return "on every row the value at its start or the slope at its end is 0"


def _on_rows(rows: int) -> str:
    return "" if rows == 1 else " on every row"


def _zero_start(network: Network, address: Address, rows: int) -> str:
    name = network.names(address.layer)[address.source]
    kind = "the input " if address.layer == 0 else ""
    return f"{kind}{name}, the value at its start, is 0{_on_rows(rows)}"


def _flat_end(network: Network, slopes: Slopes, address: Address) -> str:
    """Return why the slope at the input of a node is 0."""
    layer = network.layers[address.layer]
    name, rows = layer.nodes[address.node], len(slopes.trace.inputs)
    if not slopes.layers[-1].outputs.any():
        return "the error is 0" if rows == 1 else "every error is 0"
    trace, kind = slopes.trace, layer.activation
    z, a = (values[address.layer][:, address.node] for values in (trace.z, trace.a))
    for part in layer.function.flat:
        if _within((part,), z).all():
            stays = "passes 0" if not a.any() else "does not move"
            return f"{name} {stays}{_on_rows(rows)}: the slope of {kind} is 0 where z is {_in_words(part)}"
    if not slopes.layers[address.layer].outputs[:, address.node].any():
        return _nothing_onward(network, slopes, address)
    return f"the slope of {kind} at {name} is 0{_on_rows(rows)} in float64"


def _in_words(part: Interval) -> str:
    low, high = part
    if np.isinf(low):
        return f"not above {shown(high)}"
    return f"not below {shown(low)}" if np.isinf(high) else f"from {shown(low)} to {shown(high)}"


def _nothing_onward(network: Network, slopes: Slopes, address: Address) -> str:
    name, rows = network.layers[address.layer].nodes[address.node], len(slopes.trace.inputs)
    if address.layer == len(network.layers) - 1:
        return f"the error of {name} is 0{_on_rows(rows)}"
    if not network.layers[address.layer + 1].weights[:, address.node].any():
        return f"every weight that leads on from {name} is 0"
    return f"no slope comes back to {name}{_on_rows(rows)}"
