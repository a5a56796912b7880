"""The diagram as SVG, which `render` writes and the window exports. Knows nothing of Qt."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterator
from typing import Literal
from xml.sax.saxutils import escape

import numpy as np

from nnviz.core.state import State
from nnviz.picture import style
from nnviz.picture.columns import COMPACT
from nnviz.picture.edges import (
    EVERY_EDGE,
    STRONGEST,
    edge_colour,
    edge_width,
    haze_pixels,
    strongest,
)
from nnviz.picture.legend import Sample, Sheet, sheet
from nnviz.picture.palette import PALETTES, Palette
from nnviz.picture.parts import Column, Label, Rect, View
from nnviz.picture.picture import Picture, row_picture
from nnviz.picture.style import Box, Pixels

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


def svg(
    state: State,
    size: tuple[float, float] = (900, 500),
    theme: str = "light",
    view: Literal["forward", "slopes"] = "forward",
    *,
    transparent: bool = False,
) -> str:
    """Return the diagram of `state` with its first row of data as an SVG document.

    `view` "slopes" adds that row's slopes. Raises ValueError where it has no targets to take slopes of.
    """
    picture = row_picture(state, View(*size), with_slopes=view == "slopes")
    return sheet_svg(sheet(picture, *size), PALETTES[theme], transparent=transparent)


def sheet_svg(sheet: Sheet, palette: Palette, *, transparent: bool = False) -> str:
    """Return a sheet as an SVG document; a `transparent` one has no ground."""
    picture, (width, height) = sheet.picture, sheet[:2]
    state = picture.content.state
    ground = f'<rect width="{width:g}" height="{height:g}" fill="{palette.canvas}"/>'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{FONT}" '
        'style="font-variant-numeric:tabular-nums">',
        f"<title>{_text(state.name or repr(state.network))}</title>",
        *([] if transparent else [ground]),
        *_edges(picture, palette),
        *_nodes(picture, palette),
        *(element for label in picture.labels for element in _label(label, palette)),
        *(element for sample in sheet.legend for element in _sample(sample, palette)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _text(text: str) -> str:
    """Return `text` without what XML cannot hold, escaped."""
    kept = (c if c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF else " " for c in text)
    return escape("".join(kept))


def _edges(picture: Picture, palette: Palette) -> Iterator[str]:
    every = sum(weights.size for weights in picture.weights) <= EVERY_EDGE
    for gap, weights in zip(picture.layout.gaps, picture.weights, strict=True):
        crowded = weights.size > EVERY_EDGE
        if weights.size > STRONGEST:
            yield _image(gap.box, haze_pixels(gap, weights, palette))
        nodes, sources = strongest(weights, weights.size if every else STRONGEST)
        shares = weights[nodes, sources] / (picture.scale or 1.0)
        yield "<g>"
        for share, line in zip(shares.tolist(), gap.segments(nodes, sources).tolist(), strict=True):
            x0, y0, x1, y1 = (f"{value:.4g}" if value < 1 else f"{value:.1f}" for value in line)
            yield (
                f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="{edge_colour(share, palette)}" '
                f'stroke-width="{edge_width(share, crowded) * picture.layout.scale:.2f}"/>'
            )
        yield "</g>"


def _nodes(picture: Picture, palette: Palette) -> Iterator[str]:
    """Yield the nodes without their texts: one by one, or a column as a block."""
    for column in picture.layout.columns:
        if column.block:
            yield _rectangle(column.box, style.block_box(column.role, palette))
            yield from _strips(picture, column, palette)
        elif column.height < COMPACT:
            yield from _small(picture, column, palette)
    for node in picture.nodes:
        if node.rect.height >= COMPACT:
            yield _rectangle(node.rect, style.node_box(node.role, node.rect, palette))


def _small(picture: Picture, column: Column, palette: Palette) -> Iterator[str]:
    """Yield nodes that are too small for a text, and their tints."""
    nodes = column.in_sight(picture.layout.body)
    for node in nodes:
        rect = column.rect(node)
        yield _rectangle(rect, style.node_box(column.role, rect, palette))
    for tint in style.tints(picture, column, palette):
        strengths = tint.strengths[nodes.start : nodes.stop].tolist()
        for node, strength in zip(nodes, strengths, strict=True):
            box = Box(tint.positive if strength > 0 else tint.negative, "", 0.0, 0.0)
            yield _rectangle(tint.over(column.rect(node)), box, f' fill-opacity="{abs(strength):.3f}"')


def _strips(picture: Picture, column: Column, palette: Palette) -> Iterator[str]:
    """Yield the tints of a column that is drawn as one block."""
    inside = column.box.middle(column.width - 4, column.box.height - 4)
    for tint in style.tints(picture, column, palette):
        yield _image(tint.over(inside), tint.pixels()[:, None, :], ' style="image-rendering: pixelated"')


def _label(label: Label, palette: Palette) -> Iterator[str]:
    rect, box, leader = label.rect, style.label_box(label, palette), style.leader(label)
    if leader is not None:
        x0, y0, x1, y1 = leader
        yield (
            f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" '
            f'stroke="{style.leader_colour(label, palette)}" stroke-width="{style.leader_width(label):.3g}"/>'
        )
    if box is not None:
        yield _rectangle(rect, box)
    x, anchor = {
        "left": (rect.x, "start"),
        "center": (rect.center[0], "middle"),
        "right": (rect.right, "end"),
    }[label.align]
    spacing = style.letter_spacing(label)
    yield _write(
        x,
        rect.center[1],
        label.text,
        label.size,
        style.text_colour(label, palette),
        anchor,
        style.font_weight(label.style),
        f' letter-spacing="{spacing:.2f}"' if spacing else "",
    )


def _write(
    x: float,
    middle: float,
    text: str,
    size: float,
    colour: str,
    anchor: str = "start",
    weight: int = 400,
    more: str = "",
) -> str:
    # Not every renderer knows dominant-baseline; digits and capitals are about .72 of the size tall.
    return (
        f'<text x="{x:.1f}" y="{middle + 0.36 * size:.1f}" font-size="{size:.4g}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{colour}"{more}>{_text(text)}</text>'
    )


def _sample(sample: Sample, palette: Palette) -> Iterator[str]:
    if sample.edge is not None:
        yield _rectangle(sample.edge, Box(edge_colour(sample.box.value or 0.0, palette), "", 0.0, 0.0))
    yield from _label(sample.box, palette)
    yield from _label(sample.words, palette)


def _rectangle(rect: Rect, box: Box, more: str = "") -> str:
    line = f' stroke="{box.line}" stroke-width="{box.width}"' if box.line else ""
    if box.dashed:
        line += ' stroke-dasharray="{:g} {:g}"'.format(*style.DASHES)
    return (
        f'<rect x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" height="{rect.height:.1f}" '
        f'rx="{box.radius:.1f}" fill="{box.fill}"{line}{more}/>'
    )


def _image(rect: Rect, pixels: Pixels, more: str = "") -> str:
    return (
        f'<image x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" height="{rect.height:.1f}" '
        f'preserveAspectRatio="none"{more} href="{_png_uri(pixels)}"/>'
    )


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
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)
