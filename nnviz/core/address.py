"""The address of a number in a network: which node, weight or bias it is, and what it is called."""

from __future__ import annotations

from typing import Literal, NamedTuple

from nnviz.core.network import Network


class Where(NamedTuple):
    """Where a number comes from: a node (layer −1 holds the inputs), a weight, or a bias.

    `source` is the node of the layer before that a weight leads from.
    """

    kind: Literal["node", "weight", "bias"]
    layer: int
    node: int
    source: int = -1

    @property
    def symbol(self) -> str:
        """The letter of a weight or a bias in formulas: w or b."""
        return self.kind[0]

    def name(self, network: Network) -> str:
        """Return "accounts → node_0" for a weight, "bias of node_0", or the node's name."""
        node = network.names(self.layer + 1)[self.node]
        if self.kind == "weight":
            return f"{network.names(self.layer)[self.source]} → {node}"
        return f"bias of {node}" if self.kind == "bias" else node

    def within(self, network: Network) -> bool:
        """Tell whether the network has such a node, weight or bias."""
        if self.layer >= len(network.layers) or self.node >= network.sizes[self.layer + 1]:
            return False
        if self.kind == "bias":
            return network.layers[self.layer].biases is not None
        return self.kind == "node" or self.source < network.sizes[self.layer]

    def value(self, network: Network) -> float:
        """Return a weight, or a bias, which the layer has to have."""
        layer = network.layers[self.layer]
        if self.kind == "weight":
            return float(layer.weights[self.node, self.source])
        assert self.kind == "bias"
        assert layer.biases is not None
        return float(layer.biases[self.node])


def all_weights(network: Network) -> list[Where]:
    """Return the address of every weight and bias, node by node; a node's bias stands behind its weights."""
    found: list[Where] = []
    for k, layer in enumerate(network.layers):
        for j in range(len(layer)):
            found += [Where("weight", k, j, i) for i in range(network.sizes[k])]
            if layer.biases is not None:
                found.append(Where("bias", k, j))
    return found
