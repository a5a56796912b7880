"""What the arrow keys select on the diagram: nodes and edges in turn, column by column. Knows no widgets."""

from __future__ import annotations

from nnviz.core.network import Network
from nnviz.picture.picture import Part


def moved(part: Part | None, network: Network, right: int, down: int) -> Part:
    """Return what an arrow key selects: right and left go from node to edge to node, up and down stay.

    Up and down run through the nodes of a column, or through the edges that begin where the selected one does
    and then through the others of the layer.
    """
    if part is None:
        return Part("node", 0, 0)
    if part.kind == "weight":
        return _from_edge(part, network, right, down)
    sizes = network.sizes
    if right > 0 and part.column < len(sizes) - 1:
        return Part("weight", part.column + 1, min(part.node, sizes[part.column + 1] - 1), part.node)
    if right < 0 and part.column > 0:
        return Part("weight", part.column, part.node, min(part.node, sizes[part.column - 1] - 1))
    return Part("node", part.column, (part.node + down) % sizes[part.column])


def _from_edge(part: Part, network: Network, right: int, down: int) -> Part:
    if right > 0:
        return Part("node", part.column, part.node)
    if right < 0:
        return Part("node", part.column - 1, part.source)
    sources, nodes = network.sizes[part.column - 1], network.sizes[part.column]
    place = (part.source * nodes + part.node + down) % (sources * nodes)
    return Part("weight", part.column, place % nodes, place // nodes)
