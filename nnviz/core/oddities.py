"""Why a slope is exactly 0, in words."""

from __future__ import annotations

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.health import in_words, within
from nnviz.core.network import Network
from nnviz.core.slopes import Slopes


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
    if not _arriving(slopes, -1).any():
        return "the error is 0" if rows == 1 else "every error is 0"
    trace, kind = slopes.trace, layer.activation
    z, a = (values[address.layer][:, address.node] for values in (trace.z, trace.a))
    for part in layer.function.flat:
        if within((part,), z).all():
            stays = "passes 0" if not a.any() else "does not move"
            return f"{name} {stays}{_on_rows(rows)}: the slope of {kind} is 0 where {in_words((part,))}"
    if not _arriving(slopes, address.layer)[:, address.node].any():
        return _nothing_onward(network, slopes, address)
    return f"the slope of {kind} at {name} is 0{_on_rows(rows)} in float64"


def _arriving(slopes: Slopes, k: int) -> Array:
    """Return what comes back to a layer, shape (rows, nodes): ∂L/∂a, or ∂L/∂z where the loss begins there."""
    layer = slopes.layers[k]
    return layer.inputs if slopes.measure.short and layer is slopes.layers[-1] else layer.outputs


def _nothing_onward(network: Network, slopes: Slopes, address: Address) -> str:
    name, rows = network.layers[address.layer].nodes[address.node], len(slopes.trace.inputs)
    if address.layer == len(network.layers) - 1:
        return f"the error of {name} is 0{_on_rows(rows)}"
    if not network.layers[address.layer + 1].weights[:, address.node].any():
        return f"every weight that leads on from {name} is 0"
    return f"no slope comes back to {name}{_on_rows(rows)}"
