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

    def name(self, network: Network) -> str:
        """Return "accounts → node_0" for a weight, "bias of node_0", or the node's name."""
        node = network.names(self.layer + 1)[self.node]
        if self.kind == "weight":
            return f"{network.names(self.layer)[self.source]} → {node}"
        return f"bias of {node}" if self.kind == "bias" else node

    def value(self, network: Network) -> float:
        """Return a weight, or a bias, which the layer has to have."""
        layer = network.layers[self.layer]
        if self.kind == "weight":
            return float(layer.weights[self.node, self.source])
        assert self.kind == "bias"
        assert layer.biases is not None
        return float(layer.biases[self.node])
