"""Colours, lines and boxes of each part of a diagram, and of thumbnails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.picture.columns import COMPACT, HEIGHT, corner
from nnviz.picture.labels import LETTER_SPACING
from nnviz.picture.matrix import pixel_side, pixels
from nnviz.picture.palette import Palette, rgb
from nnviz.picture.parts import DiagramColumn, Label, Rect, Role, Style
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


def block_box(column: DiagramColumn, palette: Palette) -> Box:
    """Return how a column is drawn whose nodes are too small for a text: a strip, or a square of pixels."""
    return Box(
        _node_fill(column.role, palette), palette.node_border, FINE, 4.0 if column.across == 1 else 0.0
    )


def block_inside(column: DiagramColumn) -> Rect:
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

    def picture(self, column: DiagramColumn) -> Pixels:
        """Return the colours as a picture of the column, a strip or a square, as RGBA, shape (rows, …, 4)."""
        return self.pixels().reshape(-1, column.across, 4)

    def pixels(self) -> Pixels:
        """Return the colours as RGBA, shape (nodes, 4)."""
        pixels = np.empty((len(self.strengths), 4), dtype=np.uint8)
        pixels[:, :3] = np.where((self.strengths > 0)[:, None], rgb(self.positive), rgb(self.negative))
        pixels[:, 3] = 255 * np.abs(self.strengths)
        return pixels


def tints(picture: Picture, column: DiagramColumn, palette: Palette) -> Iterator[Tint]:
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


LEAST_WITH_DOT = 24.0
"""In a smaller picture there is no dot for the row, in pixels."""
DOT, LARGEST_DOT, THUMBNAIL_RIM = 0.055, 5.0, 1.2
"""Radius of the dot in sides of its picture, and at most; width of its rim."""
AIR = 0.08
"""Free above and below a curve, in sides of its picture."""


class Dot(NamedTuple):
    """Where the row is in a picture."""

    x: float
    y: float
    radius: float


class Area(NamedTuple):
    """What a curve encloses with 0 on one side of it."""

    corners: Array
    """Shape (corners, 2)."""
    colour: str


def thumbnail_values(picture: Picture, column: DiagramColumn) -> Array | None:
    """Return what the small pictures of a column are of; None without any.

    Shape (nodes, sources) for weights, (nodes, up, across) over a plane, (nodes, across) for curves.
    """
    if not column.picture:
        return None
    if pixel_side(picture.content.network):
        return picture.content.network.layers[column.layer].weights
    functions = picture.content.functions
    return None if functions is None else functions.shares[column.index]


def thumbnail_in_sight(picture: Picture, column: DiagramColumn) -> range:
    """Return the nodes whose small pictures are drawn."""
    return range(len(column.tops)) if column.across > 1 else column.in_sight(picture.layout.body)


def bar_tints(picture: Picture, column: DiagramColumn, palette: Palette) -> Iterator[Tint]:
    """Yield what tints the bars under small pictures, if they are too small for the value itself."""
    if not picture.layout.slots[column.index]:
        yield from tints(picture, column, palette)


def is_curve(picture: Picture) -> bool:
    """Tell whether the small pictures are curves, over one input."""
    return len(picture.content.network.inputs) == 1


def sharp(picture: Picture, size: float) -> bool:
    """Tell whether pixels stay apart where a picture is drawn so large, in device pixels."""
    side = pixel_side(picture.content.network)
    return side is not None and size >= side


def thumbnail_colours(values: Array, palette: Palette) -> NDArray[np.uint32]:
    """Return the colours of small pictures as 0xffrrggbb, shape (nodes, rows, columns).

    Weights are coloured over the layer's largest, shares as they are.
    """
    largest = None
    if values.ndim == 2:
        side = round(values.shape[1] ** 0.5)
        squares = values.reshape(-1, side, side)
    else:
        largest = 1.0
        squares = values[:, ::-1]  # the second input goes up
    nodes, rows, columns = squares.shape
    return pixels(squares.reshape(nodes * rows, columns), palette, largest).reshape(nodes, rows, columns)


def thumbnail_pixels(values: Array, palette: Palette) -> Pixels:
    """Return the same as RGBA, shape (nodes, rows, columns, 4)."""
    colours = thumbnail_colours(values, palette)
    return np.stack([(colours >> shift & 255).astype(np.uint8) for shift in (16, 8, 0, 24)], axis=-1)


def areas(values: Array, place: Rect, palette: Palette) -> Iterator[Area]:
    """Yield what a curve with these values, evenly spread over `place`, encloses above 0 and below it."""
    x = place.x + (np.arange(len(values)) + 0.5) / len(values) * place.width
    x[[0, -1]] = place.x, place.right
    y, zero = _heights(values, place)
    for side, colour in ((np.minimum(y, zero), palette.positive), (np.maximum(y, zero), palette.negative)):
        if np.any(side != zero):
            ends = np.array([[place.right, zero], [place.x, zero]])
            yield Area(np.concatenate([np.column_stack((x, side)), ends]), colour)


def zero_line(values: Array, place: Rect) -> float:
    """Return where 0 stands beside such a curve."""
    return _heights(values, place)[1]


def _heights(values: Array, place: Rect) -> tuple[Array, float]:
    """Return where the values of a curve stand, and where 0 does."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    room, bottom = (1.0 - 2.0 * AIR) * place.height, place.bottom - AIR * place.height
    scale = room / (high - low or 1.0)
    return bottom - (values - low) * scale, bottom + low * scale


def thumbnail_dot(picture: Picture, place: Rect, values: Array) -> Dot | None:
    """Return where the row is in the picture of a node with these values; None where it is outside."""
    content = picture.content
    if content.functions is None or content.trace is None or place.width < LEAST_WITH_DOT:
        return None
    at = [
        (value - low) / (high - low)
        for value, (low, high) in zip(
            content.trace.feeding(0)[0].tolist(), content.functions.section.spans, strict=True
        )
    ]
    if not all(0.0 <= part <= 1.0 for part in at):
        return None
    x = place.x + at[0] * place.width
    if len(at) == 2:
        y = place.bottom - at[1] * place.height
    else:
        heights, _ = _heights(values, place)
        y = float(np.interp(at[0] * len(values) - 0.5, np.arange(len(values)), heights))
    return Dot(x, y, min(max(DOT * place.width, 1.8), LARGEST_DOT))


def thumbnail_ground(palette: Palette) -> str:
    """Return the colour behind a curve, and of what is 0."""
    return palette.canvas


def thumbnail_marks(picture: Picture, address: Address | None) -> Iterator[Rect]:
    """Yield the pixels that are a weight or an input: in the inputs' image, and in the weights' ones."""
    side, columns = pixel_side(picture.content.network), picture.layout.columns
    if address is None or not side:
        return
    if address.kind == "weight" and address.layer == 0:
        nodes, pixel = range(address.node, address.node + 1), address.source
    elif address.kind == "node" and address.layer < 0:
        nodes, pixel = thumbnail_in_sight(picture, columns[1]), address.node
    else:
        return
    yield columns[0].rect(pixel)
    down, right = divmod(pixel, side)
    for node in nodes if columns[1].picture else ():
        place = columns[1].picture_of(node)
        size = place.width / side
        yield Rect(place.x + right * size, place.y + down * size, size, size)


def frame_width(side: float) -> float:
    """Return how wide the line around a small picture is, in pixels."""
    return min(max(0.012 * side, 0.6), 1.2)
