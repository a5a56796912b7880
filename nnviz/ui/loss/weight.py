"""Selected parts of the diagram as weights to draw the MSE over, by name. Knows no widgets."""

from __future__ import annotations

from nnviz.core.network import Layer, Network
from nnviz.core.state import State
from nnviz.core.surface import Weight
from nnviz.picture.picture import Part


def weight_of(part: Part | None) -> Weight | None:
    """Return the weight or bias that a selected part is, or None."""
    if part is None or part.kind not in ("weight", "bias"):
        return None
    return Weight(part.layer, part.node, part.source)


def part_of(weight: Weight) -> Part:
    """Return the part of the diagram that stands for a weight or bias."""
    return Part("bias" if weight.source < 0 else "weight", weight.layer + 1, weight.node, weight.source)


def within(network: Network, weight: Weight | None) -> bool:
    """Tell whether the network has such a weight or bias."""
    if weight is None or weight.layer >= len(network.layers):
        return False
    layer = network.layers[weight.layer]
    if weight.node >= len(layer) or weight.source >= layer.weights.shape[1]:
        return False
    return weight.source >= 0 or layer.biases is not None


def all_weights(network: Network) -> list[Weight]:
    """Return every weight and bias, node by node."""
    return [
        Weight(k, j, i)
        for k, layer in enumerate(network.layers)
        for j in range(len(layer))
        for i in (*range(layer.weights.shape[1]), *(() if layer.biases is None else (-1,)))
    ]


def count_of(network: Network) -> int:
    """Return how many weights and biases there are."""
    return sum(layer.weights.size + (layer.biases is not None) * len(layer) for layer in network.layers)


def name_of(network: Network, weight: Weight) -> str:
    """Return "accounts → node_0", or "bias of node_0"."""
    return weight.where.name(network)


def axis_name(network: Network, weight: Weight) -> str:
    """Return "w (accounts → node_0)", or "b (node_0)" for a bias."""
    if weight.source < 0:
        return f"b ({network.layers[weight.layer].nodes[weight.node]})"
    return f"w ({name_of(network, weight)})"


def same_but(old: State, new: State, *weights: Weight) -> bool:
    """Tell whether two States have the same MSE wherever these weights are: nothing else differs."""
    if old.data is not new.data or len(old.network.layers) != len(new.network.layers):
        return False
    pairs = zip(old.network.layers, new.network.layers, strict=True)
    return all(
        one is other or _same_layer_but(one, other, [weight for weight in weights if weight.layer == k])
        for k, (one, other) in enumerate(pairs)
    )


def _same_layer_but(one: Layer, other: Layer, weights: list[Weight]) -> bool:
    if one.activation != other.activation or one.weights.shape != other.weights.shape:
        return False
    if (one.biases is None) != (other.biases is None):
        return False
    differs = one.weights != other.weights
    differing = int(differs.sum()) - sum(
        bool(differs[weight.node, weight.source]) for weight in weights if weight.source >= 0
    )
    if one.biases is not None and other.biases is not None:
        off = one.biases != other.biases
        differing += int(off.sum()) - sum(bool(off[weight.node]) for weight in weights if weight.source < 0)
    return differing == 0
