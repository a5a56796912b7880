"""Whether the MSE over some weights is the same in two States, so that what is known of it still holds."""

from __future__ import annotations

from nnviz.core.address import Address
from nnviz.core.network import Layer
from nnviz.core.state import State


def same_but(old: State, new: State, *weights: Address) -> bool:
    """Tell whether two States have the same MSE wherever these weights are: nothing else differs."""
    if old.data is not new.data or len(old.network.layers) != len(new.network.layers):
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
