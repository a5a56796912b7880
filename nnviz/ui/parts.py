"""Parts of the diagram as addresses of numbers, and back."""

from __future__ import annotations

from nnviz.core.address import Where
from nnviz.picture.picture import Part


def part_of(where: Where) -> Part:
    """Return the part of the diagram that a number comes from."""
    return Part(where.kind, where.layer + 1, where.node, where.source)


def where_of(part: Part) -> Where | None:
    """Return the address of a node, a weight or a bias on the diagram; None for any other part."""
    if part.kind == "node" or part.kind == "weight" or part.kind == "bias":
        return Where(part.kind, part.layer, part.node, part.source)
    return None
