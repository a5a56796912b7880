"""The diagram as an SVG document with a legend."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable, Iterator
from html import escape
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from nnviz.core.address import Address
from nnviz.core.metrics import means_classes
from nnviz.core.state import State
from nnviz.picture import style
from nnviz.picture.columns import growth, lay_out
from nnviz.picture.edges import EVERY_EDGE, STRONGEST, edge_colour, edge_width, strongest
from nnviz.picture.palette import PALETTES, Palette
from nnviz.picture.parts import BEFORE, Label, Rect, Style, View
from nnviz.picture.picture import Picture, make_picture, row_picture
from nnviz.picture.scales import Pixels
from nnviz.picture.style import (
    DASHES,
    Box,
    Image,
    Polygon,
    Shape,
    Text,
    label_shapes,
    lock_shapes,
    node_shapes,
)
from nnviz.picture.text import text_width

ANCHORS = {"left": "start", "center": "middle", "right": "end"}
"""SVG's name of each alignment."""
FONT = "Inter, system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


def document(width: float, height: float, title: str, ground: str, parts: Iterable[str]) -> str:
    """Return an SVG document of this size with `parts`. `ground` is the background colour, or "" for none."""
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{FONT}" '
        'style="font-variant-numeric:tabular-nums">',
        f"<title>{escaped(title)}</title>",
        *([f'<rect width="{width:g}" height="{height:g}" fill="{ground}"/>'] if ground else []),
        *parts,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """Return `text` escaped for XML; a space replaces each character that XML forbids."""
    allowed = (c if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF else " " for c in text)
    return escape("".join(allowed), quote=False)


Point: TypeAlias = tuple[float, float]
"""A place on the page, in pixels."""


def svg_text(
    at: Point, text: str, size: float, colour: str, anchor: str = "start", weight: int = 400, more: str = ""
) -> str:
    """Return an SVG text element with digits centred at the y of `at`. `anchor` is start, middle or end.

    `more` has additional attributes, each after a space.
    """
    x, middle = at
    # Not every renderer knows dominant-baseline; digits and capitals are about .72 of the size tall.
    return (
        f'<text x="{x:.1f}" y="{middle + 0.36 * size:.1f}" font-size="{size:.4g}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{colour}"{more}>{escaped(text)}</text>'
    )


def _rectangle(box: Box) -> str:
    more = f' stroke="{box.line}" stroke-width="{box.width}"' if box.line else ""
    if box.dashed:
        more += ' stroke-dasharray="{:g} {:g}"'.format(*DASHES)
    if box.opacity != 1.0:
        more += f' fill-opacity="{box.opacity:.3f}"'
    return f'<rect {_place(box.rect)} rx="{box.radius:.1f}" fill="{box.fill or "none"}"{more}/>'


def line(x0: float, y0: float, x1: float, y1: float, colour: str, more: str = "") -> str:
    """Return an SVG line element from (x0, y0) to (x1, y1).

    `more` has additional attributes, each after a space.
    """
    return f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}"{more}/>'


def _element(shape: Shape) -> str:
    """Return the SVG element of a shape."""
    match shape:
        case Box():
            return _rectangle(shape)
        case Image(rect, pixels, sharp):
            more = ' style="image-rendering: pixelated"' if sharp else ""
            return f'<image {_place(rect)} preserveAspectRatio="none"{more} href="{_png_uri(pixels)}"/>'
        case Text(label, colour):
            x, anchor = label.rect.x + BEFORE[label.align] * label.rect.width, ANCHORS[label.align]
            spacing = style.letter_spacing(label.style, label.size)
            more = f' letter-spacing="{spacing:.2f}"' if spacing else ""
            weight = style.font_weight(label.style)
            return svg_text((x, label.rect.center[1]), label.text, label.size, colour, anchor, weight, more)
        case Polygon(corners, colour):
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners.tolist())
            return f'<polygon points="{points}" fill="{colour}"/>'


def _place(rect: Rect) -> str:
    return f'x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" height="{rect.height:.1f}"'


def _png_uri(pixels: Pixels) -> str:
    """Return RGBA `pixels`, shape (rows, columns, 4), as a data URI."""
    rows, columns, _ = pixels.shape
    lines = np.zeros((rows, 1 + 4 * columns), dtype=np.uint8)
    lines[:, 1:] = pixels.reshape(rows, 4 * columns)
    header = struct.pack(">IIBBBBB", columns, rows, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)
    return "data:image/png;base64," + base64.b64encode(data).decode("ascii")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def svg(
    state: State,
    size: tuple[float, float] = (900, 500),
    theme: str = "light",
    view: Literal["forward", "slopes"] = "forward",
    *,
    transparent: bool = False,
    pictures: bool = False,
    all_weights: bool = False,
) -> str:
    """Return the diagram of `state` for the first row of data as an SVG document.

    `view` "slopes" adds the row's slopes, `pictures` adds thumbnails in the nodes. A network with many edges
    shows its strongest weights, or with `all_weights` all that have room. Raises ValueError if `view` is
    "slopes" but no rows have targets.
    """
    room = View(*size, pictures=pictures, all_weights=all_weights)
    picture = row_picture(state, room, with_slopes=view == "slopes")
    return sheet_svg(sheet(picture, *size), PALETTES[theme], transparent=transparent)


def sheet_svg(
    sheet: Sheet, palette: Palette, *, transparent: bool = False, strongest: int = STRONGEST, note: str = ""
) -> str:
    """Return a sheet (picture and legend) as an SVG document; `transparent=True` omits the background.

    In a large network, only the strongest edges are drawn; `strongest` is their number per layer. `note` is a
    text at the left of the legend.
    """
    picture, (width, height) = sheet.picture, sheet[:2]
    state = picture.content.state
    example = sheet.legend[0].meaning
    notes = [example._replace(text=note, rect=example.rect._replace(x=MARGIN))] if note else []
    shapes = (*sheet_shapes(sheet, palette), *label_shapes(notes, palette))
    parts = [*_edges(picture, palette, strongest), *map(_element, shapes)]
    ground = "" if transparent else palette.canvas
    return document(width, height, state.name or repr(state.network), ground, parts)


def _edges(picture: Picture, palette: Palette, most: int) -> Iterator[str]:
    for gap, weights in zip(picture.layout.gaps, picture.weights, strict=True):
        crowded = weights.size > EVERY_EDGE
        nodes, sources = strongest(weights, weights.size if picture.few_edges else most)
        shares = weights[nodes, sources] / (picture.scale or 1.0)
        yield "<g>"
        lines = gap.segments(nodes, sources).tolist()
        for share, (x0, y0, x1, y1) in zip(shares.tolist(), lines, strict=True):
            width = edge_width(share, crowded) * picture.layout.scale
            yield line(x0, y0, x1, y1, edge_colour(share, palette), f' stroke-width="{width:.2f}"')
        yield "</g>"


HEIGHT = 36.0
"""Height of the legend on a sheet, in pixels."""
TEXT_SIZE, BOX_SIZE = 12.0, 11.0
"""Font sizes of a legend entry's text and of the sign in its box, in pixels."""
ENTRY_BOX, PIECE = Rect(0.0, 0.0, 22.0, 15.0), Rect(0.0, 0.0, 38.0, 3.0)
"""Size of the box in a legend entry, and of the piece of an edge behind a weight's box, in pixels."""
PIECE_CORNER = 0.5
"""Radius of the corners of the piece of an edge, in pixels."""
TEXT_GAP, ENTRY_GAP, MARGIN = 6.0, 18.0, 20.0
"""Space in the legend, in pixels: after a box, between two entries, and after the last text."""
ENTRIES: tuple[tuple[Style, float, str, str], ...] = (
    ("pill", 1.0, "+", "weight > 0"),
    ("pill", -1.0, "\N{MINUS SIGN}", "weight < 0"),
    ("slope", 1.0, "±", "slope of the loss"),
)
"""For each legend entry: style, value and text of its box, and the meaning of the box."""
NOWHERE = Address("heading", -1)


class Sample(NamedTuple):
    """A legend entry: a box and the box's meaning. `edge` is a piece of an edge behind a weight's box."""

    box: Label
    edge: Rect | None
    meaning: Label


class Sheet(NamedTuple):
    """A page with a picture of the whole network and a legend below the picture. Sizes are in pixels."""

    width: float
    height: float
    picture: Picture
    legend: tuple[Sample, ...]


def legend(right: float, middle: float, *, slopes: bool = True, scale: float = 1.0) -> tuple[Sample, ...]:
    """Return a legend that ends at x `right` and is centred at y `middle`.

    Unless `slopes=False`, the legend also explains the boxes of slopes.
    """
    samples: list[Sample] = []
    for box_style, value, text, meaning in reversed(ENTRIES if slopes else ENTRIES[:2]):
        width = text_width(meaning, TEXT_SIZE * scale)
        place = Rect(right - width, middle - TEXT_SIZE * scale * 0.65, width, TEXT_SIZE * scale * 1.3)
        piece = PIECE if box_style == "pill" else ENTRY_BOX
        left = place.x - (TEXT_GAP + piece.width) * scale
        room = Rect(left, middle, piece.width * scale, 0.0)
        box = room.middle(ENTRY_BOX.width * scale, ENTRY_BOX.height * scale)
        sign = Label(NOWHERE, text, box, box_style, BOX_SIZE * scale, value)
        edge = room.middle(PIECE.width * scale, PIECE.height * scale) if box_style == "pill" else None
        words = Label(NOWHERE, meaning, place, "note", TEXT_SIZE * scale, align="left")
        samples.append(Sample(sign, edge, words))
        right = left - ENTRY_GAP * scale
    return tuple(reversed(samples))


def legend_shapes(samples: Iterable[Sample], palette: Palette) -> Iterator[Shape]:
    """Yield the shapes of a legend."""
    for sample in samples:
        if sample.edge is not None:
            yield Box(sample.edge, edge_colour(sample.box.value or 0.0, palette), radius=PIECE_CORNER)
        yield from label_shapes((sample.box, sample.meaning), palette)


def sheet_shapes(sheet: Sheet, palette: Palette) -> Iterator[Shape]:
    """Yield the shapes of a sheet above its edges: nodes, labels, padlocks and legend."""
    yield from node_shapes(sheet.picture, palette)
    yield from label_shapes(sheet.picture.labels, palette)
    yield from lock_shapes(sheet.picture, palette)
    yield from legend_shapes(sheet.legend, palette)


def sheet(picture: Picture, width: float, height: float) -> Sheet:
    """Return a sheet of this size with a legend and the whole diagram of `picture`, without zoom."""
    content = picture.content
    network, slopes = content.network, content.slopes is not None
    scale = growth(View(width, height), len(network.sizes))
    view, room_height = picture.layout.view, max(height - HEIGHT * scale, 1.0)
    room = View(width, room_height, pictures=view.pictures, all_weights=view.all_weights)
    layout = lay_out(network, room, slopes=slopes, classes=means_classes(content.state))
    unzoomed = make_picture(content, layout, shows=picture.shows, largest=picture.scale)
    middle = height - HEIGHT * scale / 2
    return Sheet(width, height, unzoomed, legend(width - MARGIN, middle, slopes=slopes, scale=scale))
