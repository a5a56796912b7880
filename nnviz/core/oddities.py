"""What is odd about a node or a slope, and why: dead, saturated, exactly 0."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nnviz.core.address import Address
from nnviz.core.network import Network, Trace
from nnviz.core.slopes import Slopes

SATURATED = 0.01
"""A sigmoid whose slope, or a tanh whose distance from ±1, stays below this is saturated."""


def _on_every_row(odd: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return of `odd`, shape (rows, nodes), whether it holds on all rows; without rows it does not."""
    return np.asarray(odd.all(axis=0) & (len(odd) > 0), dtype=bool)


def dead_nodes(network: Network, trace: Trace) -> tuple[NDArray[np.bool_], ...]:
    """Tell of every node, layer by layer, whether it is a relu that is 0 on every row of `trace`."""
    return tuple(
        _on_every_row((z <= 0.0) & (layer.activation == "relu"))
        for layer, z in zip(network.layers, trace.z, strict=True)
    )


def saturated_nodes(network: Network, trace: Trace) -> tuple[NDArray[np.bool_], ...]:
    """Tell of every node whether it is a sigmoid or tanh that hardly moves on any row of `trace`.

    That is |a| > 0.99 for tanh, and a slope below 0.01 for sigmoid.
    """
    found = []
    for layer, a in zip(network.layers, trace.a, strict=True):
        flat = np.zeros(a.shape, dtype=bool)
        if layer.activation == "tanh":
            flat = np.abs(a) > 1.0 - SATURATED
        elif layer.activation == "sigmoid":
            flat = a * (1.0 - a) < SATURATED
        found.append(_on_every_row(flat))
    return tuple(found)


def badges(network: Network, trace: Trace) -> dict[tuple[int, int], str]:
    """Return what is odd about nodes on all rows of `trace`, by (layer, node): dead, saturated."""
    if len(trace.inputs) < 2:
        return {}
    found = {}
    for text, oddity in (("dead on all rows", dead_nodes), ("saturated", saturated_nodes)):
        for k, odd in enumerate(oddity(network, trace)):
            for node in np.flatnonzero(odd).tolist():
                found[k, node] = text
    return found


def zero_reason(network: Network, found: Slopes, address: Address) -> str:
    """Return why the slope of a weight or bias is exactly 0 on each row of `found`, or "" where it is not.

    `found` may hold one row or many; the sentence holds for all of them.
    """
    layer = found.layers[address.layer]
    end = layer.inputs[:, address.node]
    if address.kind == "bias":
        return "" if end.any() else _flat_end(network, found, address)
    start = found.trace.feeding(address.layer)[:, address.source]
    if (start * end).any():
        return ""
    if not start.any():
        return _zero_start(network, address, len(start))
    if not end.any():
        return _flat_end(network, found, address)
    return "on every row the value at its start or the slope at its end is 0"


def _on_rows(rows: int) -> str:
    return "" if rows == 1 else " on every row"


def _zero_start(network: Network, address: Address, rows: int) -> str:
    name = network.names(address.layer)[address.source]
    kind = "the input " if address.layer == 0 else ""
    return f"{kind}{name}, the value at its start, is 0{_on_rows(rows)}"


def _flat_end(network: Network, found: Slopes, address: Address) -> str:
    """Return why the slope at the input of a node is 0."""
    layer = network.layers[address.layer]
    name, rows = layer.nodes[address.node], len(found.trace.inputs)
    if not found.layers[-1].outputs.any():
        return "the error is 0" if rows == 1 else "every error is 0"
    z = found.trace.z[address.layer][:, address.node]
    if layer.activation == "relu" and (z <= 0.0).all():
        return f"{name} passes 0{_on_rows(rows)}: the slope of relu is 0 where z is not above 0"
    if not found.layers[address.layer].outputs[:, address.node].any():
        return _nothing_onward(network, found, address)
    return f"the slope of {layer.activation} at {name} is 0{_on_rows(rows)} in float64"


def _nothing_onward(network: Network, found: Slopes, address: Address) -> str:
    name, rows = network.layers[address.layer].nodes[address.node], len(found.trace.inputs)
    if address.layer == len(network.layers) - 1:
        return f"the error of {name} is 0{_on_rows(rows)}"
    if not network.layers[address.layer + 1].weights[:, address.node].any():
        return f"every weight that leads on from {name} is 0"
    return f"no slope comes back to {name}{_on_rows(rows)}"
