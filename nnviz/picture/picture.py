"""A diagram as data: its nodes, texts and weights, and what stands where. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address, Kind
from nnviz.core.network import Trace
from nnviz.core.slopes import MeanSlopes
from nnviz.core.slopes import slopes as slopes_of_rows
from nnviz.core.state import State
from nnviz.picture.describe import described
from nnviz.picture.labels import edge_numbers, heading_labels
from nnviz.picture.layout import Layout, lay_out
from nnviz.picture.node_numbers import node_numbers
from nnviz.picture.numbers import Numbers
from nnviz.picture.parts import Label, NodeBox, Rect, View

NEAR = 6.0
"""An edge is hit from so many pixels away."""


@dataclass(frozen=True)
class Picture:
    """What is shown, where.

    ============== ===========================================================================
    `nodes`        the nodes in sight that are drawn one by one
    `labels`       the texts; where two could be hit, the later one lies above
    `weights`      the weights, one array a layer: what the edges are coloured by
    `scale`        the weight that is drawn widest
    `at(x, y)`     what is hit: a text, else a node, else the nearest edge
    `label(part)`  the text that stands for a part, with its rectangle; None where it is hidden
    `place(part)`  where a part is; for a weight without a text, where one would be typed
    `describe()`   a part in one sentence at full precision
    ============== ===========================================================================
    """

    layout: Layout
    numbers: Numbers
    labels: tuple[Label, ...]
    weights: tuple[Array, ...]
    scale: float
    shows: Callable[[Address], bool] | None = None
    """Hides the numbers that a walk has not come to; None hides nothing."""

    @property
    def nodes(self) -> tuple[NodeBox, ...]:
        """The nodes in sight that are drawn one by one."""
        return self.layout.nodes

    def hidden(self, kind: Kind, column: int) -> NDArray[np.bool_]:
        """Tell of every node of a column whether its number of this kind is hidden."""
        nodes = len(self.layout.columns[column].tops)
        if self.shows is None:
            return np.zeros(nodes, dtype=bool)
        return np.array([not self.shows(Address(kind, column - 1, node)) for node in range(nodes)])

    @cached_property
    def _by_part(self) -> dict[Address, Label]:
        return {label.address: label for label in self.labels}

    def label(self, address: Address) -> Label | None:
        """Return the text that stands for `part`, or None."""
        return self._by_part.get(address)

    def text(self, address: Address) -> str:
        """Return what is written for `part`, or nothing."""
        label = self.label(address)
        return label.text if label else ""

    def place(self, address: Address) -> Rect | None:
        """Return where `part` is; a weight without a text has a place in the middle of its visible piece."""
        label = self.label(address)
        if label is not None:
            return label.rect
        if address.kind == "node":
            column = self.layout.columns[address.column]
            return column.rect(address.node)
        if address.kind == "weight":
            return self._on_edge(address)
        return None

    def _on_edge(self, address: Address) -> Rect:
        gap, view = self.layout.gaps[address.layer], self.layout.view
        left, right = max(gap.x0, 0.0), min(gap.x1, view.width)
        middle = ((left + right) / 2 - gap.x0) / (gap.x1 - gap.x0)
        x, y = gap.point(address.node, address.source, min(max(middle, 0.0), 1.0))
        return Rect(x - 36.0, y - 10.0, 72.0, 20.0)

    def describe(self, address: Address) -> str:
        """Return a sentence for `part` with its numbers at full precision."""
        return described(address, self.numbers) or self.text(address)

    def at(self, x: float, y: float) -> Address | None:
        """Return what is at a point: a text, else a node, else the nearest edge within `NEAR` pixels."""
        for label in reversed(self.labels):
            if label.rect.contains(x, y):
                return label.address
        if not self.layout.body.contains(x, y):
            return None
        return self._node_at(x, y) or self._edge_at(x, y)

    def _node_at(self, x: float, y: float) -> Address | None:
        for column in self.layout.columns:
            if column.box.contains(x, y):
                node = int(np.searchsorted(column.tops, y, side="right")) - 1
                if node >= 0 and (column.block or column.rect(node).contains(x, y)):
                    return Address("node", column.column - 1, node)
        return None

    def _edge_at(self, x: float, y: float) -> Address | None:
        for gap in self.layout.gaps:
            nearest = gap.nearest(x, y)
            if nearest is not None and nearest[2] <= NEAR:
                return Address("weight", gap.layer, nearest[0], nearest[1])
        return None


def draw(
    state: State,
    layout: Layout,
    *,
    row: int = 0,
    trace: Trace | None = None,
    slopes: MeanSlopes | None = None,
    slopes_of: str = "",
    shows: Callable[[Address], bool] | None = None,
    largest: float | None = None,
    badges: Mapping[tuple[int, int], str] | None = None,
) -> Picture:
    """Fill `layout` with the numbers of `state` for one row of its data.

    `trace` is the row's (computed here if None), `slopes` are what is written in purple, and `slopes_of`
    says of which rows they are. `shows` hides texts; `largest` holds the weight that is drawn widest;
    `badges` says what is odd about a node on all rows, by (layer, node).
    """
    network = state.network
    if trace is None and 0 <= row < len(state.data):
        trace = network.forward(state.data.inputs[row])
    outputs = (Address("node_slope", len(network.layers) - 1, node) for node in range(len(network.outputs)))
    if slopes is not None and shows is not None and not any(map(shows, outputs)):
        slopes_of = ""  # a walk back begins at the outputs, and has not come to one yet
    numbers = Numbers(state, row, trace, slopes, slopes_of, badges or {})
    labels = _labels(layout, numbers)
    if shows is not None:
        labels = (label for label in labels if shows(label.address))
    weights = tuple(layer.weights for layer in network.layers)
    if largest is None:
        largest = max((float(np.abs(w).max()) for w in weights if w.size), default=0.0)
    return Picture(layout, numbers, tuple(labels), weights, largest, shows)


def row_picture(state: State, view: View, *, with_slopes: bool = False, row: int = 0) -> Picture:
    """Return the whole diagram for one row, with its slopes if they are wanted.

    Raises ValueError where there are no rows with targets to take slopes of.
    """
    layout = lay_out(state.network, view, slopes=with_slopes)
    if not with_slopes:
        return draw(state, layout, row=row)
    if not state.trainable or state.data.targets is None:
        raise ValueError("data.targets: there are no rows with targets to take slopes of")
    rows = slice(row, row + 1)
    found = slopes_of_rows(state.network, state.data.inputs[rows], state.data.targets[rows])
    return draw(state, layout, row=row, trace=found.trace, slopes=found, slopes_of=f"slopes of row {row + 1}")


def _labels(layout: Layout, numbers: Numbers) -> Iterator[Label]:
    yield from heading_labels(layout, numbers)
    yield from layout.names
    for column, slots in zip(layout.columns, layout.slots, strict=True):
        yield from node_numbers(numbers, column, slots, layout.body)
    for gap in layout.gaps:
        yield from edge_numbers(numbers, layout, gap.layer)
