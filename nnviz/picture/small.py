"""The small pictures in the nodes: which nodes have one, and of what. Knows nothing of Qt.

Over one or two inputs each node shows what it computes; where the inputs are pixels, those that they feed
show their weights, in the order of the pixels.
"""

from __future__ import annotations

from nnviz.core.network import Network
from nnviz.core.node_functions import few_inputs, quick
from nnviz.picture.matrix import side_of

LEAST_PIXELS = 64
"""Fewer inputs are no picture, even where they make a square."""
NO_PICTURES = (
    "No small pictures here: they show what nodes compute over one or two inputs, or the weights of a square "
    "of 8 × 8 pixels or more"
)
TOO_LARGE = "No small pictures here: what so many nodes compute takes too long to draw while weights change"


def pixel_side(network: Network) -> int | None:
    """Return the side of the square picture that the inputs are; None where they are none."""
    count = len(network.inputs)
    return side_of(count) if count >= LEAST_PIXELS else None


def pictured(network: Network) -> range:
    """Return the columns whose nodes can have small pictures, counted with that of the inputs."""
    if pixel_side(network):
        return range(1, 2)
    return range(len(network.sizes)) if few_inputs(network) and quick(network) else range(0)


def of_functions(network: Network) -> bool:
    """Tell whether the small pictures show what nodes compute, and not their weights."""
    return bool(pictured(network)) and not pixel_side(network)


def why_none(network: Network) -> str:
    """Return why no node can have a small picture; "" where some can."""
    if pictured(network):
        return ""
    return TOO_LARGE if few_inputs(network) else NO_PICTURES
