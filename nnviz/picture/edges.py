"""The edges between two columns as arrays: their lines, the edge nearest a point, and the strongest edges.

Every computation covers all edges between two columns at once. This module does not use Qt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.picture.palette import Palette, rgb

Indices = NDArray[np.intp]
"""Indices of nodes or sources."""

EdgeGroups = list[tuple[int, Indices, Indices]]
"""Groups of edges: (layer, nodes, sources). Edge k of a group leads from sources[k] to nodes[k]."""

EVERY_EDGE, STRONGEST = 600, 1500
"""EVERY_EDGE: every edge is drawn if the network has at most this many edges.

In a larger network, the STRONGEST edges of each layer are drawn.
"""
REACH_PX = 6.0
"""Distance from a node at which its incoming edges end, in pixels."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The edges between two columns: straight lines from (x0, y0[source]) to (x1, y1[node]).

    `y0` has shape (sources,), `y1` has shape (nodes,); both increase. The nodes belong to layer `layer`.
    """

    layer: int
    x0: float
    x1: float
    y0: Array
    y1: Array

    def segments(self, nodes: Indices, sources: Indices) -> Array:
        """Return x0, y0, x1, y1 of the edges from `sources` to `nodes`, shape (edges, 4)."""
        return np.column_stack(np.broadcast_arrays(self.x0, self.y0[sources], self.x1, self.y1[nodes]))

    @property
    def all_edges(self) -> tuple[Indices, Indices]:
        """The indices of nodes and of sources of all edges, node by node: two arrays of shape (edges,)."""
        nodes, sources = np.indices((len(self.y1), len(self.y0))).reshape(2, -1)
        return nodes, sources

    def point(self, node: int, source: int, part: float) -> tuple[float, float]:
        """Return the (x, y) of a point on an edge: at the source for `part` 0, at the node for `part` 1."""
        y0, y1 = float(self.y0[source]), float(self.y1[node])
        return self.x0 + part * (self.x1 - self.x0), y0 + part * (y1 - y0)

    def nearest(self, x: float, y: float) -> tuple[int, int, float] | None:
        """Return the edge nearest to a point as (node, source, distance in pixels).

        Return None if the point is not between the two columns.

        The edges into one node form a fan in the order of their sources. The nearest edge of a fan is the
        next edge above or below the point, so a binary search per fan is enough.
        """
        if not self.x0 <= x <= self.x1 + REACH_PX:
            return None
        x = min(x, self.x1)
        if len(self.y1) > len(self.y0):
            return _nearest(self.x0, self.y0, self.x1, self.y1, x, y)
        source, node, distance = _nearest(self.x1, self.y1, self.x0, self.y0, x, y)
        return node, source, distance


def _nearest(
    apex_x: float, apex_y: Array, end_x: float, end_y: Array, x: float, y: float
) -> tuple[int, int, float]:
    """Return (end, apex, distance) of the segment nearest to (x, y), by a search in each fan."""
    part = (x - apex_x) / (end_x - apex_x)
    fans = len(apex_y)
    if part > 0.0:
        above = np.searchsorted(end_y, apex_y + (y - apex_y) / part)
    else:
        above = np.searchsorted(end_y, np.where(y < apex_y, -np.inf, np.inf))
    ends = np.concatenate((above - 1, above))
    np.clip(ends, 0, len(end_y) - 1, out=ends)
    across = end_x - apex_x
    down = end_y[ends].reshape(2, fans) - apex_y
    point_x = x - apex_x
    point_y = y - apex_y
    along = (point_x * across + point_y * down) / (across * across + down * down)
    np.clip(along, 0.0, 1.0, out=along)
    distances = np.hypot(point_x - along * across, point_y - along * down).ravel()
    best = int(distances.argmin())
    return int(ends[best]), best % fans, float(distances[best])


def neighbours(weights: Sequence[Array], address: Address | None) -> EdgeGroups:
    """Return the edges of an address: an edge, all edges of a node, or the edges into a layer.

    `weights` has one array per layer, shape (nodes, sources).
    """
    if address is None:
        return []
    if address.kind in ("weight", "slope"):
        return [(address.layer, np.array([address.node]), np.array([address.source]))]
    if address.kind == "layer":
        nodes, sources = np.indices(weights[address.layer].shape).reshape(2, -1)
        return [(address.layer, nodes, sources)]
    groups: EdgeGroups = []
    if address.layer >= 0:
        sources = np.arange(weights[address.layer].shape[1])
        groups.append((address.layer, np.full_like(sources, address.node), sources))
    following = address.layer + 1
    if following < len(weights):
        nodes = np.arange(weights[following].shape[0])
        groups.append((following, nodes, np.full_like(nodes, address.node)))
    return groups


def strongest(weights: Array, k: int) -> tuple[Indices, Indices]:
    """Return the indices (nodes, sources) of the `k` weights of largest absolute value, the weakest first."""
    sizes = np.abs(weights).ravel()
    first = max(len(sizes) - k, 0)
    best = np.argpartition(sizes, first)[first:] if first else np.arange(len(sizes))
    best = best[np.argsort(sizes[best], kind="stable")]
    nodes, sources = np.divmod(best, weights.shape[1])
    return nodes, sources


def edge_width(share: float, crowded: bool = False) -> float:
    """Return the width of an edge in pixels; `share` is the edge's weight divided by the largest weight.

    If `crowded` (more than EVERY_EDGE edges in the layer), edges are thinner.
    """
    width = 1.2 + 4.8 * min(abs(share), 1.0)
    return max(width / 2, 1.2) if crowded else width


def edge_colour(share: float, palette: Palette) -> str:
    """Return the colour of an edge as #rrggbb.

    `share`, from −1 to 1, is the edge's weight divided by the largest weight. The colour is grey at 0.
    Its strength grows with the square root of the share, so that small weights keep their hue.
    """
    strength = min(abs(share), 1.0) ** 0.5
    full = palette.positive if share > 0 else palette.negative
    parts = zip(rgb(palette.zero), rgb(full), strict=True)
    return "#" + "".join(f"{round(zero * (1 - strength) + most * strength):02x}" for zero, most in parts)
