"""How nodes and labels look, decided once for SVG, paper and screen. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.picture.columns import COMPACT, HEIGHT, corner
from nnviz.picture.labels import LETTER_SPACING
from nnviz.picture.palette import Palette, rgb
from nnviz.picture.parts import Column, Label, Rect, Role, Style
from nnviz.picture.picture import Picture

Pixels: TypeAlias = NDArray[np.uint8]

ANGULAR = 0.14
"""Radius of the corners of a slope's box, in its heights."""
DASHES = (3.0, 2.0)
"""Drawn and left out by turns along a dashed line, in its widths."""
FINE, FINE_SHARE, BOLDEST = 1.2, 0.06, 3.0
"""Width of a fine line in pixels, and in heights of a number's box; and of a node's border at most."""
SLOPES_SHARE = 1 / 3
"""Slopes tint the right third of a node that is too small for a text, or of a block."""

PILLS: tuple[Style, ...] = ("pill", "slope", "node_slope")
"""The styles of labels that stand on a box of their own."""


class Box(NamedTuple):
    """How a rectangle is drawn; `fill` or `line` is "" where it has none."""

    fill: str
    line: str
    width: float
    """Of the line, in pixels."""
    radius: float
    """Of the corners, in pixels."""
    dashed: bool = False
    """Whether its line is."""


def node_box(role: Role, rect: Rect, palette: Palette) -> Box:
    """Return how a node is drawn: too small for a text, with square corners and a fine line."""
    fill = _node_fill(role, palette)
    if rect.height < COMPACT:
        return Box(fill, palette.node_border, 0.5, 0.0)
    line = min(max(FINE * rect.height / HEIGHT, FINE), BOLDEST)
    return Box(fill, palette.node_border, line, corner(rect))


def block_box(column: Column, palette: Palette) -> Box:
    """Return how a column is drawn whose nodes are too small for a text: a strip, or a square of pixels."""
    return Box(
        _node_fill(column.role, palette), palette.node_border, FINE, 4.0 if column.across == 1 else 0.0
    )


def block_inside(column: Column) -> Rect:
    """Return the part of it that is tinted: in a square, each pixel is at its place."""
    edge = 2.0 if column.across == 1 else 0.0
    return column.box.middle(column.width - 2 * edge, column.box.height - 2 * edge)


def tile_box(role: Role, palette: Palette) -> Box:
    """Return how the bar under a small picture is drawn that stands side by side with others."""
    return Box(_node_fill(role, palette), palette.node_border, 0.5, 0.0)


def _node_fill(role: Role, palette: Palette) -> str:
    return {"input": palette.input_node, "hidden": palette.hidden_node, "output": palette.output_node}[role]


def label_box(label: Label, palette: Palette, *, chosen: bool = False) -> Box | None:
    """Return how the box of a label is drawn, a chosen one with the accent around it; None without one.

    It is round and bordered by its sign for a weight or a bias, angular for a slope, so that shape tells them
    apart where colour does not: for some eyes purple and blue are one.
    """
    height = label.rect.height
    line = leader_width(label)
    if label.style == "pill":
        box = Box(palette.hidden_node, sign_colour(label.value or 0.0, palette), line, height / 2)
    elif label.style == "slope":
        box = Box(palette.canvas, palette.slope, 0.8 * line, ANGULAR * height, dashed=True)
    elif label.style == "node_slope":
        box = Box(palette.slope, "", 0.0, ANGULAR * height)
    else:
        return None
    return box._replace(line=palette.accent, width=1.7 * line, dashed=False) if chosen else box


def leader(label: Label) -> tuple[float, float, float, float] | None:
    """Return the line (x0, y0, x1, y1) from a label's box to the edge that it had to leave, if it had to."""
    if label.leader is None:
        return None
    x, y = label.rect.center
    half = label.rect.height / 2
    return x, y + half if label.leader > y else y - half, x, label.leader


def leader_width(label: Label) -> float:
    """Return the width of a leader, in pixels."""
    return max(FINE, FINE_SHARE * label.rect.height)


def leader_colour(label: Label, palette: Palette) -> str:
    """Return the colour of a leader: its edge's, or a slope's."""
    return palette.slope if label.style == "slope" else sign_colour(label.value or 0.0, palette)


def sign_colour(value: float, palette: Palette) -> str:
    """Return the colour of a number's sign."""
    if value == 0.0:
        return palette.zero
    return palette.positive if value > 0 else palette.negative


def text_colour(label: Label, palette: Palette) -> str:
    """Return the colour of a label's text. An error of exactly 0 is no error."""
    if label.style == "slope":
        return palette.slope
    if label.style == "node_slope":
        return palette.on_slope
    if label.style == "error":
        return palette.error if label.value else palette.ink
    if label.role == "output":
        return palette.on_output
    return palette.ink if label.style in {"pill", "value", "mark", "marked"} else palette.muted


def font_weight(style: Style) -> int:
    """Return how bold a label is, as in CSS: 400 is regular."""
    if style in {"value", "dead"}:
        return 700
    return 600 if style in {*PILLS, "error", "heading", "mark"} else 400


def letter_spacing(label: Label) -> float:
    """Return how far apart the letters of a label are set, in pixels."""
    return LETTER_SPACING * label.size if label.style == "heading" else 0.0


class Tint(NamedTuple):
    """What tints nodes that are too small for a text: the sign as colour, the size as opacity."""

    strengths: Array
    """The numbers over the largest without sign, shape (nodes,)."""
    share: float
    """The right part of a node's width that is tinted."""
    positive: str
    negative: str

    def over(self, rect: Rect) -> Rect:
        """Return the part of `rect` that is tinted."""
        width = self.share * rect.width
        return rect._replace(x=rect.right - width, width=width)

    def picture(self, column: Column) -> Pixels:
        """Return the colours as a picture of the column, a strip or a square, as RGBA, shape (rows, …, 4)."""
        return self.pixels().reshape(-1, column.across, 4)

    def pixels(self) -> Pixels:
        """Return the colours as RGBA, shape (nodes, 4)."""
        pixels = np.empty((len(self.strengths), 4), dtype=np.uint8)
        pixels[:, :3] = np.where((self.strengths > 0)[:, None], rgb(self.positive), rgb(self.negative))
        pixels[:, 3] = 255 * np.abs(self.strengths)
        return pixels


def tints(picture: Picture, column: Column, palette: Palette) -> Iterator[Tint]:
    """Yield what tints the nodes of a column: their values if there is a row, over them their slopes.

    What a walk has not come to is 0.
    """
    trace, slopes = picture.content.trace, picture.content.slopes
    if trace is not None:
        values = _strengths(trace.feeding(column.index)[0], picture, Address("value", column.layer))
        yield Tint(values, 1.0, palette.positive, palette.negative)
    if slopes is not None and column.layer >= 0:
        numbers = slopes.layers[column.layer].nodes
        of_nodes = _strengths(numbers, picture, Address("node_slope", column.layer))
        yield Tint(of_nodes, SLOPES_SHARE, palette.slope, palette.slope)


def _strengths(values: Array, picture: Picture, first: Address) -> Array:
    """Return the numbers of a column, that of its first node at `first`, over the largest without sign."""
    if picture.shows is not None:
        shown = [picture.shows(first._replace(node=node)) for node in range(len(values))]
        values = np.where(shown, values, 0.0)
    strengths: Array = np.nan_to_num(values)  # what is beyond any number is largest
    return strengths / max(float(np.abs(strengths).max()), 1e-300)
