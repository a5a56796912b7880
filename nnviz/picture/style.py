"""The shapes and colours of the parts of a diagram, for a painter and for an SVG document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple, TypeAlias

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.network import pixel_side
from nnviz.picture.columns import COMPACT, HEIGHT, corner, share_bar
from nnviz.picture.labels import LETTER_SPACING
from nnviz.picture.matrix import weight_colours
from nnviz.picture.palette import Palette, rgb
from nnviz.picture.parts import DiagramColumn, Label, Rect, Style
from nnviz.picture.picture import Picture
from nnviz.picture.scales import Pixels

SLOPE_CORNER = 0.14
"""Radius of the corners of the box around a slope, as a share of the height of this box."""
DASHES = (3.0, 2.0)
"""Length of a dash and of a gap in a dashed line, in line widths."""
FINE_PX, FINE_SHARE, WIDEST_BORDER = 1.2, 0.06, 3.0
"""FINE_PX: least width of a line, in pixels. FINE_SHARE: width of a line around a number, in box heights.

WIDEST_BORDER: largest width of a node's border, in pixels.
"""
SMALL_LINE, STRIP_CORNER, STRIP_INSET = 0.5, 4.0, 2.0
"""SMALL_LINE: width of the line around a small node. STRIP_CORNER: radius of the corners of a strip of nodes.

STRIP_INSET: distance of a strip's colours from its border. In pixels.
"""
SLOPES_SHARE = 1 / 3
"""Share of the width of a small node or block, at the right end, whose colour shows the slope."""


class Box(NamedTuple):
    """A rectangle with a fill and an outline; `fill` or `line` is "" if the rectangle has none.

    A box without rounded corners fills whole pixels on the screen.
    """

    rect: Rect
    fill: str
    line: str = ""
    width: float = 0.0
    """Width of the line, in pixels."""
    radius: float = 0.0
    """Radius of the corners, in pixels."""
    dashed: bool = False
    """Whether the line is dashed."""
    opacity: float = 1.0
    """Opacity of the fill."""


class Image(NamedTuple):
    """An image stretched over a rectangle; its pixels stay sharp if `sharp` is true, else they blend."""

    rect: Rect
    pixels: Pixels
    sharp: bool


class Polygon(NamedTuple):
    """A filled area; `corners` has shape (corners, 2)."""

    corners: Array
    colour: str


class Text(NamedTuple):
    """The text of a label."""

    label: Label
    colour: str


Shape: TypeAlias = Box | Image | Polygon | Text


def label_box(label: Label, palette: Palette, *, chosen: bool = False) -> Box | None:
    """Return the box of a label, in the accent colour if `chosen`, or None if the label has no box.

    The box of a weight or bias is round, with a border in the colour of its sign. The box of a slope is
    angular. The shape distinguishes the two for people who see purple and blue as one colour.
    """
    height = label.rect.height
    line = max(FINE_PX, FINE_SHARE * height)
    if label.style == "pill":
        colour = sign_colour(label.value or 0.0, palette)
        box = Box(label.rect, palette.hidden_node, colour, line, height / 2)
    elif label.style == "slope":
        box = Box(label.rect, palette.canvas, palette.slope, 0.8 * line, SLOPE_CORNER * height, dashed=True)
    elif label.style == "node_slope":
        box = Box(label.rect, palette.slope, radius=SLOPE_CORNER * height)
    else:
        return None
    return box._replace(line=palette.accent, width=1.7 * line, dashed=False) if chosen else box


def label_shapes(labels: Iterable[Label], palette: Palette, *, chosen: bool = False) -> Iterator[Shape]:
    """Yield the boxes and texts of labels. With `chosen=True`, boxes have an outline in the accent colour."""
    for label in labels:
        if box := label_box(label, palette, chosen=chosen):
            yield box
        yield Text(label, text_colour(label, palette))


def lock_shapes(picture: Picture, palette: Palette) -> Iterator[Shape]:
    """Yield the padlocks of the frozen parts, each on a disc in the colour of the background."""
    for square in picture.locks.values():
        size, (x, y) = square.width, square.center
        line = max(0.09 * size, 1.0)
        yield Box(square, palette.canvas, palette.node_border, 0.6 * line, size / 2)
        shackle = Rect(x, y - 0.13 * size, 0.0, 0.0).middle(0.28 * size, 0.34 * size)
        yield Box(shackle, "", palette.ink, line, 0.14 * size)
        body = Rect(x, y + 0.13 * size, 0.0, 0.0).middle(0.48 * size, 0.34 * size)
        yield Box(body, palette.ink, radius=0.06 * size)


def sign_colour(value: float, palette: Palette) -> str:
    """Return the colour that shows the sign of a number."""
    if value == 0.0:
        return palette.zero
    return palette.positive if value > 0 else palette.negative


def text_colour(label: Label, palette: Palette) -> str:
    """Return the colour of a label's text."""
    own = {"slope": palette.slope, "node_slope": palette.on_slope, "error": palette.error}
    if label.style in own:
        return own[label.style]
    if label.role == "output":
        return palette.on_output
    return palette.ink if label.style in {"pill", "value", "mark"} else palette.muted


def font_weight(style: Style) -> int:
    """Return the font weight of a label as in CSS, where 400 is regular."""
    if style in {"value", "dead"}:
        return 700
    return 600 if style in {"pill", "slope", "node_slope", "error", "heading", "mark"} else 400


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

    def boxes(self, places: Sequence[Rect], nodes: range) -> Iterator[Box]:
        """Yield the coloured parts of the rectangles `places` of `nodes`."""
        for place, strength in zip(places, self.strengths[nodes.start : nodes.stop].tolist(), strict=True):
            colour = self.positive if strength > 0 else self.negative
            yield Box(self.covered(place), colour, opacity=abs(strength))

    def pixels(self) -> Pixels:
        """Return the colours as RGBA, shape (nodes, 4)."""
        hues = np.where(self.strengths[:, None] > 0, rgb(self.positive), rgb(self.negative))
        return np.column_stack((hues, 255 * np.abs(self.strengths))).astype(np.uint8)


def tints(picture: Picture, column: DiagramColumn, palette: Palette) -> Iterator[Tint]:
    """Yield the tint of the nodes' values, if there is a row, and the tint of the nodes' slopes, if shown.

    Hidden numbers, and during the walk (the animation of one update) numbers not yet reached, count as 0.
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
    if picture.shows is not None or picture.content.hiding.on:
        visible = [picture.shows_number(first._replace(node=node)) for node in range(len(values))]
        values = np.where(visible, values, 0.0)
    strengths: Array = np.nan_to_num(values)  # ±∞ becomes the largest number
    return strengths / max(float(np.abs(strengths).max()), 1e-300)


def node_shapes(picture: Picture, palette: Palette) -> Iterator[Shape]:
    """Yield the nodes with their thumbnails, without texts."""
    for column in picture.layout.columns:
        if not column.block:
            yield from _boxes(picture, column, palette)
        elif not column.picture:
            yield from _block(picture, column, palette)
        if column.picture:
            yield from _thumbnails(picture, column, palette)


def _boxes(picture: Picture, column: DiagramColumn, palette: Palette) -> Iterator[Shape]:
    """Yield the boxes of a column's nodes. Nodes too small for a text have square corners and tints."""
    nodes, height = column.visible_nodes(picture.layout.body), column.height
    places, box = [column.rect(node) for node in nodes], _node_box(column, palette)
    if height >= COMPACT:
        width = min(max(FINE_PX * height / HEIGHT, FINE_PX), WIDEST_BORDER)
        box = box._replace(width=width, radius=corner(column.rect(0)))
    yield from (box._replace(rect=place) for place in places)
    for tint in tints(picture, column, palette) if height < COMPACT else ():
        yield from tint.boxes(places, nodes)
    if column.role == "output" and height >= COMPACT:
        yield from _share_bars(picture, column, palette)


def _share_bars(picture: Picture, column: DiagramColumn, palette: Palette) -> Iterator[Shape]:
    """Yield the bars below the outputs that show the probabilities of their classes.

    An output that decides between class 1 and class 0 also shows the probability of class 0, at the right, in
    the colour of class 0.
    """
    content = picture.content
    for node in column.visible_nodes(picture.layout.body):
        address, bar = Address("share", column.layer, node), share_bar(column, node)
        share = content.share(address)
        if share is None or bar is None:
            continue
        is_shown = picture.shows_number(address)
        rest = palette.negative if is_shown and not content.one_of_many else palette.line
        yield Box(bar, rest, radius=bar.height / 2)
        part = bar._replace(width=share * bar.width)
        if is_shown and part.width:
            yield Box(part, palette.positive, radius=min(bar.height, part.width) / 2)


def _node_box(column: DiagramColumn, palette: Palette) -> Box:
    """Return a box with the colours of a column's nodes, around the whole column."""
    fills = {"input": palette.input_node, "hidden": palette.hidden_node, "output": palette.output_node}
    return Box(column.box, fills[column.role], palette.node_border, SMALL_LINE)


def _block(picture: Picture, column: DiagramColumn, palette: Palette) -> Iterator[Shape]:
    """Yield a column that is drawn as one block: a strip of very small nodes, or a square of pixels."""
    box, is_strip = _node_box(column, palette)._replace(width=FINE_PX), column.per_row == 1
    inset = STRIP_INSET if is_strip else 0.0
    inside = column.box.middle(column.width - 2 * inset, column.box.height - 2 * inset)
    yield box._replace(radius=STRIP_CORNER) if is_strip else box
    for tint in tints(picture, column, palette):
        yield Image(tint.covered(inside), tint.pixels().reshape(-1, column.per_row, 4), sharp=True)
    if not is_strip:
        yield box._replace(fill="")


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


def _thumbnails(picture: Picture, column: DiagramColumn, palette: Palette) -> Iterator[Shape]:
    """Yield the thumbnails of a column, and under those in a grid bars tinted by the nodes' values."""
    nodes, values = column.visible_text_nodes(picture.layout.body), thumbnail_values(picture, column)
    if column.per_row > 1:
        yield from _bars(picture, column, nodes, palette)
    if values is None:
        return
    side = pixel_side(picture.content.network)
    images = thumbnail_pixels(values, palette) if side or values.ndim > 2 else None
    width = min(max(0.012 * column.picture, 0.6), 1.2)
    for node in nodes:
        place = column.picture_of(node)
        if images is None:
            yield from _curve(values[node], place, palette)
        else:
            yield Image(place, images[node], sharp=side is not None and column.picture >= side)
        yield Box(place, "", palette.node_border, width)
        yield from _row_dot(picture, place, values[node], palette)


def _bars(picture: Picture, column: DiagramColumn, nodes: range, palette: Palette) -> Iterator[Shape]:
    """Yield the bars under the thumbnails in a grid, tinted if too small for the values as texts."""
    bars, box = [column.bar_of(node) for node in nodes], _node_box(column, palette)
    yield from (box._replace(rect=bar) for bar in bars)
    for tint in tints(picture, column, palette) if not picture.layout.slots[column.index] else ():
        yield from tint.boxes(bars, nodes)


def thumbnail_pixels(values: Array, palette: Palette) -> Pixels:
    """Return the colours of thumbnails as RGBA, shape (nodes, rows, columns, 4).

    The strongest colour stands for the layer's largest absolute weight, or for 1 if `values` are functions.
    """
    if values.ndim == 2:
        side = round(values.shape[1] ** 0.5)
        colours = weight_colours(values.reshape(-1, side, side), palette)
    else:
        colours = weight_colours(values[:, ::-1], palette, 1.0)  # the second input increases upwards
    return np.stack([(colours >> shift & 255).astype(np.uint8) for shift in (16, 8, 0, 24)], axis=-1)


def _curve(values: Array, place: Rect, palette: Palette) -> Iterator[Shape]:
    """Yield the areas of a curve above 0 and below 0. `values` are evenly spaced over `place`."""
    yield Box(place, palette.canvas)
    x = place.x + (np.arange(len(values)) + 0.5) / len(values) * place.width
    x[[0, -1]] = place.x, place.right
    y, zero = _heights(values, place)
    for side, colour in ((np.minimum(y, zero), palette.positive), (np.maximum(y, zero), palette.negative)):
        if np.any(side != zero):
            ends = np.array([[place.right, zero], [place.x, zero]])
            yield Polygon(np.concatenate([np.column_stack((x, side)), ends]), colour)
    yield Box(Rect(place.x, zero - 0.5, place.width, 1.0), palette.node_border)


def _heights(values: Array, place: Rect) -> tuple[Array, float]:
    """Return the y of each value of a curve, and of 0."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    room, bottom = (1.0 - 2.0 * CURVE_MARGIN) * place.height, place.bottom - CURVE_MARGIN * place.height
    scale = room / (high - low or 1.0)
    return bottom - (values - low) * scale, bottom + low * scale


def _row_dot(picture: Picture, place: Rect, values: Array, palette: Palette) -> Iterator[Shape]:
    """Yield the dot that marks the row's inputs in a node's thumbnail, if the thumbnail shows the row."""
    content = picture.content
    if content.functions is None or content.trace is None or place.width < LEAST_WITH_DOT:
        return
    inputs = zip(content.trace.feeding(0)[0].tolist(), content.functions.section.spans, strict=True)
    at = [(value - low) / (high - low) for value, (low, high) in inputs]
    if not all(0.0 <= part <= 1.0 for part in at):
        return
    if len(at) == 2:
        y = place.bottom - at[1] * place.height
    else:
        heights, _ = _heights(values, place)
        y = float(np.interp(at[0] * len(values) - 0.5, np.arange(len(values)), heights))
    radius = min(max(DOT_SHARE * place.width, 1.8), LARGEST_DOT)
    around = Rect(place.x + at[0] * place.width, y, 0.0, 0.0).middle(2 * radius, 2 * radius)
    yield Box(around, palette.ink, palette.canvas, THUMBNAIL_RIM, radius)


MARK_PX = 1.6
"""Width of the outline of a selected pixel, in pixels of the screen."""


def thumbnail_marks(picture: Picture, address: Address | None, palette: Palette) -> Iterator[Shape]:
    """Yield the outlines of the image pixels that belong to a weight or an input at `address`.

    The pixels are in the image of the inputs, and in the thumbnails that show weights. The colours contrast
    with the pixels' blue and orange.
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
    places, (down, right) = [columns[0].rect(pixel)], divmod(pixel, side)
    for node in nodes if columns[1].picture else ():
        place = columns[1].picture_of(node)
        size = place.width / side
        places.append(Rect(place.x + right * size, place.y + down * size, size, size))
    for (colour, width), place in product(((palette.canvas, MARK_PX + 2.0), (palette.ink, MARK_PX)), places):
        yield Box(place.middle(place.width + 2.0, place.height + 2.0), "", colour, width, radius=1.0)
