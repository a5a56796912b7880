"""What a diagram is made of: columns of nodes and labels, each in its place, and how they are seen.

Places are pixels, y downwards. Knows nothing of Qt.
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
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    @property
    def center(self) -> tuple[float, float]:
        """The middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def middle(self, width: float, height: float) -> Rect:
        """Return a rectangle of this size in the middle."""
        x, y = self.x + (self.width - width) / 2, self.y + (self.height - height) / 2
        return Rect(x, y, width, height)

    def contains(self, x: float, y: float) -> bool:
        """Tell whether the point lies inside."""
        return self.x <= x <= self.right and self.y <= y <= self.bottom

    def covers(self, other: Rect) -> bool:
        """Tell whether the other one lies inside."""
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def meets(self, other: Rect) -> bool:
        """Tell whether the two overlap."""
        return (
            self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom
        )


MOST_ZOOM, LEAST_ZOOM = 60.0, 0.5
MOST_GROWTH = 2.0
"""In more room all is larger, up to so many times."""


class View(NamedTuple):
    """The room there is, in pixels, and how it is seen: zoom 1 and no shift fit everything.

    `larger`: how many times as large as the room asks for all is wished. `most_growth`: how many times as
    large as in a small room all may be, before zoom. `bare`: no controls stand under headings. `pictures`:
    nodes hold small pictures.
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

    @property
    def fitted(self) -> View:
        """The same room with everything in sight."""
        return self._replace(zoom=1.0, dx=0.0, dy=0.0)

    def resized(self, width: float, height: float) -> View:
        """Return the view in other room; what was in the middle stays there."""
        right, down = width / max(self.width, 1.0), height / max(self.height, 1.0)
        return self._replace(width=width, height=height, dx=self.dx * right, dy=self.dy * down)

    def moved(self, dx: float, dy: float) -> View:
        """Return the view with the picture moved by so many pixels."""
        return self._kept(self.zoom, self.dx + dx, self.dy + dy)

    def zoomed(self, x: float, y: float, factor: float) -> View:
        """Return the view zoomed by `factor`, as far as may be; the point (x, y) stays where it is."""
        zoom = min(max(self.zoom * factor, LEAST_ZOOM), MOST_ZOOM)
        if abs(zoom - 1.0) < 0.02:
            zoom = 1.0
        factor = zoom / self.zoom
        return self._kept(zoom, x - (x - self.dx) * factor, y - (y - self.dy) * factor)

    def _kept(self, zoom: float, dx: float, dy: float) -> View:
        """Keep a third of the picture in sight, wherever it is pushed."""
        dx = min(max(dx, self.width * (0.33 - zoom)), self.width * 0.67)
        dy = min(max(dy, self.height * (0.33 - zoom)), self.height * 0.67)
        return self._replace(zoom=zoom, dx=dx, dy=dy)


INSET, BAR = 0.05, 0.1
"""Free around a node's small picture, and the height of the bar under it that its value tints where there is
no room for a text, in heights of the node."""

Role: TypeAlias = Literal["input", "hidden", "output"]

Style: TypeAlias = Literal[
    "pill",  # a weight on its edge, a bias: bordered by its sign's colour
    "slope",  # purple, on its edge
    "node_slope",  # a filled purple pill
    "value",  # large, in the node
    "dead",  # the same, greyed
    "name",
    "z",
    "heading",
    "subheading",
    "marked",  # a subheading that says what is odd about the layer
    "note",  # target, a node that passes 0
    "mark",  # what is odd about a node on all rows
    "error",
]


Align: TypeAlias = Literal["left", "center", "right"]


class Label(NamedTuple):
    """A text with its place. `value` is the number at full precision where the text is a number."""

    address: Address
    text: str
    rect: Rect
    style: Style
    size: float
    """Font size in pixels."""
    value: float | None = None
    align: Align = "center"
    role: Role | None = None
    """Of the node whose box is behind the text; None where there is none."""
    leader: float | None = None
    """Where the edge runs, under or over the middle, of a number that had to leave it; else None."""

    @property
    def reach(self) -> Rect:
        """Its place with the line to its edge."""
        if self.leader is None:
            return self.rect
        top, bottom = min(self.rect.y, self.leader), max(self.rect.bottom, self.leader)
        return self.rect._replace(y=top, height=bottom - top)


class NodeBox(NamedTuple):
    """A node that is drawn by itself."""

    address: Address
    rect: Rect
    role: Role


@dataclass(frozen=True, slots=True)
class DiagramColumn:
    """A column: `tops` of its nodes, all of one height; too small to tell apart, it is drawn as one block.

    With `across` nodes side by side it is a grid of square cells, read row by row. Its edges end at the
    heights `middles` all the same, each within its node's row.
    """

    layer: int
    """−1 for the inputs."""
    x: float
    width: float
    tops: Array
    """Upper edge of every node, shape (nodes,)."""
    height: float
    """Height of one node."""
    role: Role
    block: bool
    """Whether the nodes are too small to be drawn one by one."""
    below: float
    """The room under every node."""
    across: int = 1
    """How many nodes stand side by side."""
    picture: float = 0.0
    """The side of the small picture at the right end of every node; 0 without."""

    @property
    def index(self) -> int:
        """How many columns stand left of it, as in `Network.names` and `sizes`."""
        return self.layer + 1

    @property
    def middles(self) -> Array:
        """Half-way down every node, shape (nodes,)."""
        return self.tops + self.height / 2

    @property
    def box(self) -> Rect:
        """The place of the whole column."""
        top = float(self.tops[0])
        if self.across > 1:
            return Rect(self.x, top, self.width, -(-len(self.tops) // self.across) * self.cell)
        return Rect(self.x, top, self.width, float(self.tops[-1]) + self.height - top)

    @property
    def cell(self) -> float:
        """Width of a node."""
        return self.width / self.across

    @property
    def told_apart(self) -> bool:
        """Whether one node can be seen beside another."""
        return self.across > 1 or not self.block

    def rect(self, node: int) -> Rect:
        """Return the place of a node."""
        if self.across > 1:
            down, right = divmod(node, self.across)
            return Rect(
                self.x + right * self.cell, float(self.tops[0]) + down * self.cell, self.cell, self.cell
            )
        return Rect(self.x, float(self.tops[node]), self.width, self.height)

    def picture_of(self, node: int) -> Rect:
        """Return the place of a node's small picture."""
        rect, side = self.rect(node), self.picture
        inset = INSET * rect.height
        if self.across > 1:
            return Rect(rect.x + inset, rect.y + inset, side, side)
        return Rect(rect.right - inset - side, rect.y + (rect.height - side) / 2, side, side)

    def bar_of(self, node: int) -> Rect:
        """Return the place of the bar under the picture of a node that stands side by side with others."""
        picture, height = self.picture_of(node), BAR * self.cell
        return Rect(picture.x, self.rect(node).bottom - INSET * self.cell - height, picture.width, height)

    def at(self, x: float, y: float) -> int | None:
        """Return which node is at a point, or None."""
        if not self.box.contains(x, y):
            return None
        if self.across > 1:
            right = min(int((x - self.x) / self.cell), self.across - 1)
            node = int((y - float(self.tops[0])) / self.cell) * self.across + right
            return node if node < len(self.tops) else None
        node = int(np.searchsorted(self.tops, y, side="right")) - 1
        return node if node >= 0 and (self.block or self.rect(node).contains(x, y)) else None

    def with_texts(self, body: Rect) -> range:
        """Return the nodes in sight that can show texts: also those that stand side by side."""
        if self.across == 1:
            return self.in_sight(body)
        top = float(self.tops[0])
        first, last = ((y - top) // self.cell * self.across for y in (body.y, body.bottom))
        return range(max(int(first), 0), min(int(last) + self.across, len(self.tops)))

    def in_sight(self, body: Rect) -> range:
        """Return the nodes that are drawn one by one and reach into `body`."""
        if self.block or self.x > body.right or self.x + self.width < body.x:
            return range(0)
        first = int(np.searchsorted(self.tops, body.y - self.height))
        return range(first, int(np.searchsorted(self.tops, body.bottom)))
