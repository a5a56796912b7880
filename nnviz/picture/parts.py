"""Parts of a diagram: rectangles, columns of nodes and labels, and the view of them.

Coordinates are pixels, y downwards. This module does not use Qt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address


class Rect(NamedTuple):
    """A rectangle in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The x of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The y of the lower edge."""
        return self.y + self.height

    @property
    def center(self) -> tuple[float, float]:
        """The (x, y) of the middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def middle(self, width: float, height: float) -> Rect:
        """Return a rectangle of the given size around the middle of this rectangle."""
        x, y = self.x + (self.width - width) / 2, self.y + (self.height - height) / 2
        return Rect(x, y, width, height)

    def contains(self, x: float, y: float) -> bool:
        """Return whether the point (x, y) lies inside this rectangle."""
        return self.x <= x <= self.right and self.y <= y <= self.bottom

    def meets(self, other: Rect) -> bool:
        """Return whether this rectangle and `other` overlap."""
        meets_across = self.x < other.right and other.x < self.right
        return meets_across and self.y < other.bottom and other.y < self.bottom


MOST_ZOOM, LEAST_ZOOM = 60.0, 0.5
"""Largest and smallest zoom of a view."""
MOST_GROWTH = 2.0
"""Largest scale of the diagram in a large window, before zoom."""


class View(NamedTuple):
    """The view of a diagram: size in pixels, zoom and shift. Zoom 1 without shift shows everything.

    At zoom 1, the diagram has scale 1 in a small room and a larger scale in a large room. `larger` multiplies
    this scale, and `most_growth` limits the scale. With `bare`, the headings leave no room for controls. With
    `pictures`, nodes have thumbnails. With `all_weights`, a network with many edges shows every weight that
    has room, not only the strongest ones.
    """

    width: float
    height: float
    zoom: float = 1.0
    dx: float = 0.0
    dy: float = 0.0
    larger: float = 1.0
    most_growth: float = MOST_GROWTH
    bare: bool = False
    pictures: bool = False
    all_weights: bool = False

    def resized(self, width: float, height: float) -> View:
        """Return the view for another size in pixels; the same point of the diagram stays in the middle."""
        right, down = width / max(self.width, 1.0), height / max(self.height, 1.0)
        return self._replace(width=width, height=height, dx=self.dx * right, dy=self.dy * down)

    def moved(self, dx: float, dy: float) -> View:
        """Return the view with the diagram moved by (dx, dy) pixels."""
        return self._limited(self.zoom, self.dx + dx, self.dy + dy)

    def zoomed(self, x: float, y: float, factor: float) -> View:
        """Return the view zoomed by `factor` within the limits; the point (x, y) stays in place."""
        zoom = min(max(self.zoom * factor, LEAST_ZOOM), MOST_ZOOM)
        if abs(zoom - 1.0) < 0.02:
            zoom = 1.0
        factor = zoom / self.zoom
        return self._limited(zoom, x - (x - self.dx) * factor, y - (y - self.dy) * factor)

    def _limited(self, zoom: float, dx: float, dy: float) -> View:
        """Return the view with this zoom and shift, limited so that a third of the diagram stays visible."""
        dx = min(max(dx, self.width * (0.33 - zoom)), self.width * 0.67)
        dy = min(max(dy, self.height * (0.33 - zoom)), self.height * 0.67)
        return self._replace(zoom=zoom, dx=dx, dy=dy)


INSET, BAR = 0.05, 0.1
"""INSET: space around a thumbnail. BAR: height of the bar under a thumbnail. Both in heights of the node.

If the node's value does not fit as a text, the colour of the value fills the bar.
"""

Role: TypeAlias = Literal["input", "hidden", "output"]

Style: TypeAlias = Literal[
    "pill",  # a weight on its edge, or a bias: the border's colour shows the sign
    "slope",  # purple, on its edge
    "node_slope",  # a filled purple pill
    "value",  # large, in the node
    "dead",  # a value in grey
    "name",
    "z",
    "heading",
    "subheading",
    "note",  # a target, or that a node passes 0
    "mark",  # a badge about a node on all rows
    "error",
]


Align: TypeAlias = Literal["left", "center", "right"]
BEFORE: dict[Align, float] = {"left": 0.0, "center": 0.5, "right": 1.0}
"""Share of the free room before a text, by its alignment."""


class Label(NamedTuple):
    """A text and its place. `value` is the number in full precision if the text shows a number."""

    address: Address
    text: str
    rect: Rect
    style: Style
    size: float
    """Font size in pixels."""
    value: float | None = None
    align: Align = "center"
    role: Role | None = None
    """Role of the node whose box is behind the text, or None if the text is not on a node's box."""

    @property
    def is_on_edge(self) -> bool:
        """Whether the text is a weight or the slope of a weight."""
        return self.address.kind in ("weight", "slope")


@dataclass(frozen=True, slots=True)
class DiagramColumn:
    """A column of nodes of the same height. Nodes that are too small to distinguish are drawn as one block.

    With `per_row` > 1, the nodes form a grid of square cells, row by row. The edges of a node end at the
    node's y in `middles`, which lies within the node's row of the grid.
    """

    layer: int
    """Index of the layer, −1 for the inputs."""
    x: float
    width: float
    tops: Array
    """The y of the upper edge of every node, shape (nodes,)."""
    height: float
    """Height of one node."""
    role: Role
    block: bool
    """Whether the nodes are drawn together, because they are too small or form a grid."""
    below: float
    """Height of the free space below every node, for texts such as the target and the error."""
    per_row: int = 1
    """Number of nodes side by side, 1 unless the column is a grid."""
    picture: float = 0.0
    """Width and height of each node's thumbnail, or 0 without thumbnails."""

    @property
    def index(self) -> int:
        """The index of the column, as in `Network.names` and `sizes`: 0 for the inputs."""
        return self.layer + 1

    @property
    def middles(self) -> Array:
        """The y of the middle of every node, shape (nodes,)."""
        return self.tops + self.height / 2

    @property
    def box(self) -> Rect:
        """The rectangle around the whole column."""
        first, last = self.rect(0), self.rect(len(self.tops) - 1)
        return Rect(self.x, first.y, self.width, last.bottom - first.y)

    @property
    def cell(self) -> float:
        """Width of a node. In a grid, this is also the height of a node."""
        return self.width / self.per_row

    @property
    def are_distinct(self) -> bool:
        """Whether the nodes are large enough to be distinguished."""
        return self.per_row > 1 or not self.block

    def rect(self, node: int) -> Rect:
        """Return the rectangle of a node."""
        if self.per_row > 1:
            down, right = divmod(node, self.per_row)
            x, y = self.x + right * self.cell, float(self.tops[0]) + down * self.cell
            return Rect(x, y, self.cell, self.cell)
        return Rect(self.x, float(self.tops[node]), self.width, self.height)

    def picture_of(self, node: int) -> Rect:
        """Return the rectangle of a node's thumbnail."""
        rect, side = self.rect(node), self.picture
        inset = INSET * rect.height
        if self.per_row > 1:
            return Rect(rect.x + inset, rect.y + inset, side, side)
        return Rect(rect.right - inset - side, rect.y + (rect.height - side) / 2, side, side)

    def bar_of(self, node: int) -> Rect:
        """Return the rectangle of the bar under the thumbnail of a node in a grid."""
        picture, height = self.picture_of(node), BAR * self.cell
        return Rect(picture.x, self.rect(node).bottom - INSET * self.cell - height, picture.width, height)

    def node_at(self, x: float, y: float) -> int | None:
        """Return the index of the node at a point, or None if no node is there."""
        if not self.box.contains(x, y):
            return None
        if self.per_row > 1:
            right = min(int((x - self.x) / self.cell), self.per_row - 1)
            node = int((y - float(self.tops[0])) / self.cell) * self.per_row + right
            return node if node < len(self.tops) else None
        node = int(np.searchsorted(self.tops, y, side="right")) - 1
        return node if node >= 0 and (self.block or self.rect(node).contains(x, y)) else None

    def visible_text_nodes(self, body: Rect) -> range:
        """Return the indices of the visible nodes that can show texts, including nodes in a grid."""
        if self.per_row == 1:
            return self.visible_nodes(body)
        top = float(self.tops[0])
        first, last = ((y - top) // self.cell * self.per_row for y in (body.y, body.bottom))
        return range(max(int(first), 0), min(int(last) + self.per_row, len(self.tops)))

    def visible_nodes(self, body: Rect) -> range:
        """Return the indices of the nodes that reach into `body` and are drawn one by one."""
        if self.block or self.x > body.right or self.x + self.width < body.x:
            return range(0)
        first = int(np.searchsorted(self.tops, body.y - self.height))
        return range(first, int(np.searchsorted(self.tops, body.bottom)))
