"""The selected weights that the MSE is drawn over. Knows no widgets."""

from __future__ import annotations

from nnviz.core.address import Address
from nnviz.core.network import Network


def weight_of(address: Address | None) -> Address | None:
    """Return the address of the weight or bias that a selected part is, or None."""
    return address if address and address.is_number else None


def axis_name(network: Network, weight: Address) -> str:
    """Return "w (accounts → node_0)", or "b (node_0)" for a bias."""
    own = network.layers[weight.layer].nodes[weight.node] if weight.kind == "bias" else weight.name(network)
    return f"{weight.symbol} ({own})"
