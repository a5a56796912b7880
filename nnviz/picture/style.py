"""Colours, lines and boxes of every part of a diagram, and of thumbnails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.picture.columns import COMPACT, HEIGHT, corner
from nnviz.picture.edges import sign_pixels
from nnviz.picture.labels import LETTER_SPACING
from nnviz.picture.matrix import pixel_side, weight_colours
from nnviz.picture.palette import Palette
from nnviz.picture.parts import DiagramColumn, Label, Rect, Role, Style
from nnviz.picture.picture import Picture

Pixels: TypeAlias = NDArray[np.uint8]
"""Colours as RGBA in the last axis."""

SLOPE_CORNER = 0.14
"""Radius of the corners of the box around a slope, as a share of the height of this box."""
DASHES = (3.0, 2.0)
"""Length of a dash and of a gap in a dashed line, in line widths."""
FINE_PX, FINE_SHARE, WIDEST_BORDER = 1.2, 0.06, 3.0
"""FINE_PX: least width of a line, in pixels. FINE_SHARE: width of a line around a number, in box heights.

WIDEST_BORDER: largest width of a node's border, in pixels.
"""
SLOPES_SHARE = 1 / 3
"""Share of the width of a small node or block, at the right end, whose colour shows the slope."""

PILL_STYLES: tuple[Style, ...] = ("pill", "slope", "node_slope")
"""Styles of labels that have a box of their own."""


class Box(NamedTuple):
    """The fill and the outline of a rectangle; `fill` or `line` is "" if the rectangle has none."""

    fill: str
    line: str
    width: float
    """Width of the line, in pixels."""
    radius: float
    """Radius of the corners, in pixels."""
    dashed: bool = False
    """Whether the line is dashed."""


def node_box(role: Role, rect: Rect, palette: Palette) -> Box:
    """Return a node's box. A node that is too small for a text has square corners and a fine line."""
    fill = _node_fill(role, palette)
    if rect.height < COMPACT:
        return Box(fill, palette.node_border, 0.5, 0.0)
    line = min(max(FINE_PX * rect.height / HEIGHT, FINE_PX), WIDEST_BORDER)
    return Box(fill, palette.node_border, line, corner(rect))


def block_box(column: DiagramColumn, palette: Palette) -> Box:
    """Return the box of a column that is one block: a strip of very small nodes, or a square of pixels."""
    radius = 4.0 if column.per_row == 1 else 0.0
    return Box(_node_fill(column.role, palette), palette.node_border, FINE_PX, radius)


def block_inside(column: DiagramColumn) -> Rect:
    """Return the part of a block that shows colours: a strip has a margin, a square of pixels has none."""
    inset = 2.0 if column.per_row == 1 else 0.0
    return column.box.middle(column.width - 2 * inset, column.box.height - 2 * inset)


def tile_box(role: Role, palette: Palette) -> Box:
    """Return the box of the bar under a thumbnail in a grid."""
    return Box(_node_fill(role, palette), palette.node_border, 0.5, 0.0)


def _node_fill(role: Role, palette: Palette) -> str:
    return {"input": palette.input_node, "hidden": palette.hidden_node, "output": palette.output_node}[role]


def label_box(label: Label, palette: Palette, *, chosen: bool = False) -> Box | None:
    """Return the box of a label, in the accent colour if `chosen`, or None if the label has no box.

    The box of a weight or bias is round, with a border in the colour of its sign. The box of a slope is
    angular. The shape distinguishes the two for people who see purple and blue as one colour.
    """
    height = label.rect.height
    line = leader_width(label)
    if label.style == "pill":
        box = Box(palette.hidden_node, sign_colour(label.value or 0.0, palette), line, height / 2)
    elif label.style == "slope":
        box = Box(palette.canvas, palette.slope, 0.8 * line, SLOPE_CORNER * height, dashed=True)
    elif label.style == "node_slope":
        box = Box(palette.slope, "", 0.0, SLOPE_CORNER * height)
    else:
        return None
    return box._replace(line=palette.accent, width=1.7 * line, dashed=False) if chosen else box


def leader_line(label: Label) -> tuple[float, float, float, float] | None:
    """Return the line (x0, y0, x1, y1) from a label's box to its edge, or None if the box is on the edge."""
    if label.leader is None:
        return None
    x, y = label.rect.center
    half = label.rect.height / 2
    return x, y + half if label.leader > y else y - half, x, label.leader


def leader_width(label: Label) -> float:
    """Return the width of the line from a label to its edge, in pixels."""
    return max(FINE_PX, FINE_SHARE * label.rect.height)


def leader_colour(label: Label, palette: Palette) -> str:
    """Return the colour of the line from a label to its edge: the edge's colour, or the colour of slopes."""
    return palette.slope if label.style == "slope" else sign_colour(label.value or 0.0, palette)


def sign_colour(value: float, palette: Palette) -> str:
    """Return the colour that shows the sign of a number."""
    if value == 0.0:
        return palette.zero
    return palette.positive if value > 0 else palette.negative


def text_colour(label: Label, palette: Palette) -> str:
    """Return the colour of a label's text. An error of exactly 0 has the colour of usual texts."""
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
    """Return the font weight of a label as in CSS, where 400 is regular."""
    if style in {"value", "dead"}:
        return 700
    return 600 if style in {*PILL_STYLES, "error", "heading", "mark"} else 400


def letter_spacing(style: Style, size: float) -> float:
    """Return the space between the letters of labels of a style, with this font size, in pixels."""
    return LETTER_SPACING * size if style == "heading" else 0.0


class Tint(NamedTuple):
    """Colours of nodes that are too small for a text: the hue shows the sign, the opacity shows the size."""

    strengths: Array
    """The nodes' numbers, divided by the largest absolute value of these numbers, shape (nodes,)."""
    share: float
    """Share of a node's width, at the right end, that has the colour."""
    positive: str
    """Colour of positive numbers."""
    negative: str
    """Colour of negative numbers."""

    def covered(self, rect: Rect) -> Rect:
        """Return the part of `rect` that the tint covers."""
        width = self.share * rect.width
        return rect._replace(x=rect.right - width, width=width)

    def picture(self, column: DiagramColumn) -> Pixels:
        """Return the colours as an RGBA image of the column, strip or square, shape (rows, columns, 4)."""
        return self.pixels().reshape(-1, column.per_row, 4)

    def pixels(self) -> Pixels:
        """Return the colours as RGBA, shape (nodes, 4)."""
        return sign_pixels(self.strengths, 255 * np.abs(self.strengths), self.positive, self.negative)


def tints(picture: Picture, column: DiagramColumn, palette: Palette) -> Iterator[Tint]:
    """Yield the tint of the nodes' values, if there is a row, and the tint of the nodes' slopes, if shown.

    During the walk, the animation of one update step by step, numbers not yet reached count as 0.
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
    """Return a column's numbers over the largest absolute value; `first` is its first node's address."""
    if picture.shows is not None:
        visible = [picture.shows(first._replace(node=node)) for node in range(len(values))]
        values = np.where(visible, values, 0.0)
    strengths: Array = np.nan_to_num(values)  # ±∞ becomes the largest number
    return strengths / max(float(np.abs(strengths).max()), 1e-300)


LEAST_WITH_DOT = 24.0
"""Least side of a thumbnail that marks the row's inputs with a dot, in pixels."""
DOT_SHARE, LARGEST_DOT, THUMBNAIL_RIM = 0.055, 5.0, 1.2
"""DOT_SHARE: radius of a thumbnail's dot, as a share of the side. LARGEST_DOT: largest radius, in pixels.

THUMBNAIL_RIM: width of the dot's rim, in pixels.
"""
CURVE_MARGIN = 0.08
"""Space above and below a curve, as a share of the thumbnail's height."""


def thumbnail_values(picture: Picture, column: DiagramColumn) -> Array | None:
    """Return the numbers that the thumbnails of a column show, or None if the column has no thumbnails.

    The shape is (nodes, sources) for weights, (nodes, y, x) for functions of two inputs, with y increasing
    upwards, and (nodes, x) for curves.
    """
    if not column.picture:
        return None
    if pixel_side(picture.content.network):
        return picture.content.network.layers[column.layer].weights
    functions = picture.content.functions
    return None if functions is None else functions.shares[column.index]


def bar_tints(picture: Picture, column: DiagramColumn, palette: Palette) -> Iterator[Tint]:
    """Yield the tints of the bars under thumbnails, if the bars are too small for the values as texts."""
    if not picture.layout.slots[column.index]:
        yield from tints(picture, column, palette)


def is_curve(picture: Picture) -> bool:
    """Return whether the thumbnails are curves, as for a network with one input."""
    return len(picture.content.network.inputs) == 1


def keeps_pixels_sharp(picture: Picture, size: float) -> bool:
    """Return whether a thumbnail with sides of `size` device pixels is drawn with sharp pixels."""
    side = pixel_side(picture.content.network)
    return side is not None and size >= side


def thumbnail_colours(values: Array, palette: Palette) -> NDArray[np.uint32]:
    """Return the colours of thumbnails as 0xffrrggbb, shape (nodes, rows, columns).

    The strongest colour stands for the layer's largest absolute weight, or for 1 if `values` are functions.
    """
    largest = None
    if values.ndim == 2:
        side = round(values.shape[1] ** 0.5)
        squares = values.reshape(-1, side, side)
    else:
        largest = 1.0
        squares = values[:, ::-1]  # the second input increases upwards
    nodes, rows, columns = squares.shape
    colours = weight_colours(squares.reshape(nodes * rows, columns), palette, largest)
    return colours.reshape(nodes, rows, columns)


def thumbnail_pixels(values: Array, palette: Palette) -> Pixels:
    """Return the colours of thumbnails as RGBA, shape (nodes, rows, columns, 4)."""
    colours = thumbnail_colours(values, palette)
    return np.stack([(colours >> shift & 255).astype(np.uint8) for shift in (16, 8, 0, 24)], axis=-1)


def curve_areas(values: Array, place: Rect, palette: Palette) -> Iterator[tuple[Array, str]]:
    """Yield the areas of a curve above 0 and below 0 as (corners, colour); corners have shape (corners, 2).

    `values` are evenly spaced over `place`.
    """
    x = place.x + (np.arange(len(values)) + 0.5) / len(values) * place.width
    x[[0, -1]] = place.x, place.right
    y, zero = _heights(values, place)
    for side, colour in ((np.minimum(y, zero), palette.positive), (np.maximum(y, zero), palette.negative)):
        if np.any(side != zero):
            ends = np.array([[place.right, zero], [place.x, zero]])
            yield np.concatenate([np.column_stack((x, side)), ends]), colour


def zero_line(values: Array, place: Rect) -> float:
    """Return the y of 0 for a curve with these values."""
    return _heights(values, place)[1]


def _heights(values: Array, place: Rect) -> tuple[Array, float]:
    """Return the y of each value of a curve, and of 0."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    room, bottom = (1.0 - 2.0 * CURVE_MARGIN) * place.height, place.bottom - CURVE_MARGIN * place.height
    scale = room / (high - low or 1.0)
    return bottom - (values - low) * scale, bottom + low * scale


def thumbnail_dot(picture: Picture, place: Rect, values: Array) -> tuple[float, float, float] | None:
    """Return the dot that marks the row's inputs in a node's thumbnail as (x, y, radius), in pixels.

    Return None if the thumbnail does not show the row.
    """
    content = picture.content
    if content.functions is None or content.trace is None or place.width < LEAST_WITH_DOT:
        return None
    inputs = zip(content.trace.feeding(0)[0].tolist(), content.functions.section.spans, strict=True)
    at = [(value - low) / (high - low) for value, (low, high) in inputs]
    if not all(0.0 <= part <= 1.0 for part in at):
        return None
    x = place.x + at[0] * place.width
    if len(at) == 2:
        y = place.bottom - at[1] * place.height
    else:
        heights, _ = _heights(values, place)
        y = float(np.interp(at[0] * len(values) - 0.5, np.arange(len(values)), heights))
    return x, y, min(max(DOT_SHARE * place.width, 1.8), LARGEST_DOT)


def thumbnail_marks(picture: Picture, address: Address | None) -> Iterator[Rect]:
    """Yield the rectangles of the image pixels that belong to a weight or an input at `address`.

    The pixels are in the image of the inputs, and in the thumbnails that show weights.
    """
    side, columns = pixel_side(picture.content.network), picture.layout.columns
    if address is None or not side:
        return
    if address.kind == "weight" and address.layer == 0:
        nodes, pixel = range(address.node, address.node + 1), address.source
    elif address.kind == "node" and address.layer < 0:
        nodes, pixel = columns[1].visible_text_nodes(picture.layout.body), address.node
    else:
        return
    yield columns[0].rect(pixel)
    down, right = divmod(pixel, side)
    for node in nodes if columns[1].picture else ():
        place = columns[1].picture_of(node)
        size = place.width / side
        yield Rect(place.x + right * size, place.y + down * size, size, size)


def frame_width(side: float) -> float:
    """Return the width of the line around a thumbnail, in pixels."""
    return min(max(0.012 * side, 0.6), 1.2)
