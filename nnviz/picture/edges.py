"""The edges between two columns as arrays: where they run, which is near a point, what many of them say.

Nothing here is done edge by edge. Knows nothing of Qt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array

Indices = NDArray[np.intp]

REACH = 6.0
"""How far from a node its edges end, in pixels, before they reach it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The edges that feed layer `layer`: straight from (x0, y0[source]) to (x1, y1[node]).

    `y0` has shape (sources,), `y1` shape (nodes,); both rise.
    """

    layer: int
    x0: float
    x1: float
    y0: Array
    y1: Array

    def segments(self, nodes: Indices, sources: Indices) -> Array:
        """Return x0, y0, x1, y1 of the edges from `sources` to `nodes`, shape (edges, 4)."""
        lines = np.empty((len(nodes), 4))
        lines[:, 0] = self.x0
        lines[:, 1] = self.y0[sources]
        lines[:, 2] = self.x1
        lines[:, 3] = self.y1[nodes]
        return lines

    def point(self, node: int, source: int, part: float) -> tuple[float, float]:
        """Return the point of an edge at `part` of the way, 0 at its source and 1 at its node."""
        y0, y1 = float(self.y0[source]), float(self.y1[node])
        return self.x0 + part * (self.x1 - self.x0), y0 + part * (y1 - y0)

    def nearest(self, x: float, y: float) -> tuple[int, int, float] | None:
        """Return the edge nearest to a point as (node, source, distance in pixels).

        None where the point lies left or right of the gap. The edges that end in one node fan out in the
        order of their sources, so the nearest of a fan is one of the two that the point lies between: a
        binary search a fan instead of a look at every edge.
        """
        if not self.x0 <= x <= self.x1 + REACH:
            return None
        x = min(x, self.x1)
        if len(self.y1) <= len(self.y0):
            source, node, distance = _nearest(self.x1, self.y1, self.x0, self.y0, x, y)
        else:
            node, source, distance = _nearest(self.x0, self.y0, self.x1, self.y1, x, y)
        return node, source, distance

    @property
    def span(self) -> tuple[float, float]:
        """The upper and the lower end of the edges."""
        return float(min(self.y0[0], self.y1[0])), float(max(self.y0[-1], self.y1[-1]))


def _nearest(
    apex_x: float, apex_y: Array, end_x: float, end_y: Array, x: float, y: float
) -> tuple[int, int, float]:
    """Return (end, apex, distance) of the segment nearest to (x, y), fan by fan."""
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
    right = x - apex_x
    below = y - apex_y
    along = (right * across + below * down) / (across * across + down * down)
    np.clip(along, 0.0, 1.0, out=along)
    off_x = right - along * across
    off_y = below - along * down
    squared = (off_x * off_x + off_y * off_y).ravel()
    best = int(squared.argmin())
    return int(ends[best]), best % fans, float(np.sqrt(squared[best]))


def strongest(weights: Array, k: int) -> tuple[Indices, Indices]:
    """Return (nodes, sources) of the `k` weights that are largest without sign, the weakest first."""
    flat = np.abs(weights).ravel()
    first = max(flat.size - k, 0)
    chosen = np.argpartition(flat, first)[first:] if first else np.arange(flat.size)
    chosen = chosen[np.argsort(flat[chosen], kind="stable")]
    nodes, sources = np.divmod(chosen, weights.shape[1])
    return nodes, sources


def edge_width(share: float) -> float:
    """Return how wide an edge is drawn, in pixels; `share` is its weight over the largest one."""
    return 1.2 + 4.8 * min(abs(share), 1.0)
