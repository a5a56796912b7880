"""The selected weights that the MSE is drawn over. Knows no widgets."""

from __future__ import annotations

from nnviz.core.address import Where
from nnviz.core.network import Layer, Network
from nnviz.core.state import State
from nnviz.picture.picture import Part
from nnviz.ui.parts import where_of


def weight_of(part: Part | None) -> Where | None:
    """Return the address of the weight or bias that a selected part is, or None."""
    where = where_of(part) if part else None
    return where if where and where.kind != "node" else None


def axis_name(network: Network, weight: Where) -> str:
    """Return "w (accounts → node_0)", or "b (node_0)" for a bias."""
    own = network.layers[weight.layer].nodes[weight.node] if weight.kind == "bias" else weight.name(network)
    return f"{weight.symbol} ({own})"


def same_but(old: State, new: State, *weights: Where) -> bool:
    """Tell whether two States have the same MSE wherever these weights are: nothing else differs."""
    if old.data is not new.data or len(old.network.layers) != len(new.network.layers):
        return False
    pairs = zip(old.network.layers, new.network.layers, strict=True)
    return all(
        one is other or _same_layer_but(one, other, [weight for weight in weights if weight.layer == k])
        for k, (one, other) in enumerate(pairs)
    )


def _same_layer_but(one: Layer, other: Layer, weights: list[Where]) -> bool:
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
