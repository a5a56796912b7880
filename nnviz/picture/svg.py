"""The diagram as SVG: what `render` writes and Jupyter shows. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from xml.sax.saxutils import escape

from nnviz.core.activations import Array
from nnviz.core.state import State
from nnviz.picture.columns import COMPACT, corner
from nnviz.picture.edges import (
    EVERY_EDGE,
    STRONGEST,
    Gap,
    edge_colour,
    edge_width,
    haze_pixels,
    strongest,
)
from nnviz.picture.ink import border, ink, slope_pixels, slope_strengths, value_pixels, value_strengths
from nnviz.picture.labels import LETTER_SPACING
from nnviz.picture.palette import PALETTES, Palette
from nnviz.picture.parts import Column, Label, Rect, Role, View
from nnviz.picture.picture import Picture, row_picture
from nnviz.picture.png import png_uri
from nnviz.picture.text import text_width

FONT = "Inter, system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
LEGEND = 36.0
"""Height of the legend at the bottom."""
_BOLD = {
    "value": 700,
    "dead": 700,
    "pill": 600,
    "slope": 600,
    "node_slope": 600,
    "error": 600,
    "heading": 600,
}


def svg(
    state: State,
    size: tuple[float, float] = (900, 500),
    theme: str = "light",
    view: Literal["forward", "slopes"] = "forward",
) -> str:
    """Return the diagram of `state` with its first row of data as an SVG document.

    `view` "slopes" adds that row's slopes. Raises ValueError where it has no targets to take slopes of.
    """
    width, height = size
    picture = row_picture(state, View(width, max(height - LEGEND, 1.0)), with_slopes=view == "slopes")
    return picture_svg(picture, PALETTES[theme])


def picture_svg(picture: Picture, palette: Palette) -> str:
    """Return a picture as an SVG document, with a legend under it."""
    state, with_slopes = picture.numbers.state, picture.numbers.slopes is not None
    width, height = picture.layout.view.width, picture.layout.view.height + LEGEND
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" font-family="{FONT}" '
        'style="font-variant-numeric:tabular-nums">',
        f"<title>{_text(state.name or repr(state.network))}</title>",
        f'<rect width="{width:g}" height="{height:g}" fill="{palette.canvas}"/>',
        *_edges(picture, palette),
        *nodes(picture, palette),
        *(element for label in picture.labels for element in _label(label, palette)),
        *_legend(width, height - LEGEND / 2, palette, with_slopes),
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
            yield _haze(gap, weights, palette)
        nodes, sources = strongest(weights, weights.size if every else STRONGEST)
        shares = weights[nodes, sources] / (picture.scale or 1.0)
        yield "<g>"
        for share, line in zip(shares.tolist(), gap.segments(nodes, sources).tolist(), strict=True):
            x0, y0, x1, y1 = (f"{value:.4g}" if value < 1 else f"{value:.1f}" for value in line)
            yield (
                f'<line x1="{x0}" y1="{y0}" x2="{x1}" y2="{y1}" stroke="{edge_colour(share, palette)}" '
                f'stroke-width="{edge_width(share, crowded):.2f}"/>'
            )
        yield "</g>"


def _haze(gap: Gap, weights: Array, palette: Palette) -> str:
    top, bottom = gap.span
    return (
        f'<image x="{gap.x0:.1f}" y="{top:.1f}" width="{gap.x1 - gap.x0:.1f}" height="{bottom - top:.1f}" '
        f'preserveAspectRatio="none" href="{png_uri(haze_pixels(gap, weights, palette))}"/>'
    )


def _label(label: Label, palette: Palette) -> Iterator[str]:
    rect = label.rect
    if label.style == "pill":
        paint = f'fill="{palette.hidden_node}" stroke="{border(label, palette)}" stroke-width="1.2"'
        yield rectangle(rect, rect.height / 2, paint)
    elif label.style == "node_slope":
        yield rectangle(rect, rect.height / 2, f'fill="{palette.slope}"')
    elif label.style == "slope":
        yield rectangle(rect, 4.0, f'fill="{palette.canvas}"')
    x, anchor = {
        "left": (rect.x, "start"),
        "center": (rect.center[0], "middle"),
        "right": (rect.right, "end"),
    }[label.align]
    more = f' letter-spacing="{LETTER_SPACING * label.size:.2f}"' if label.style == "heading" else ""
    yield _write(
        x,
        rect.center[1],
        label.text,
        label.size,
        ink(label, palette),
        anchor,
        _BOLD.get(label.style, 400),
        more,
    )


def _write(
    x: float, middle: float, text: str, size: float, colour: str, anchor: str, weight: int, more: str = ""
) -> str:
    # Not every renderer knows dominant-baseline; digits and capitals are about .72 of the size tall.
    return (
        f'<text x="{x:.1f}" y="{middle + 0.36 * size:.1f}" font-size="{size:.4g}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{colour}"{more}>{_text(text)}</text>'
    )


def _legend(width: float, middle: float, palette: Palette, with_slopes: bool) -> Iterator[str]:
    entries = [("weight > 0", palette.positive), ("weight < 0", palette.negative)]
    if with_slopes:
        entries.append(("slope of the MSE", palette.slope))
    x = width - 20.0
    for text, colour in reversed(entries):
        x -= text_width(text, 12.0)
        yield _write(x, middle, text, 12.0, palette.muted, "start", 400)
        yield rectangle(Rect(x - 28.0, middle - 2.0, 22.0, 4.0), 2.0, f'fill="{colour}"')
        x -= 28.0 + 18.0


def nodes(picture: Picture, palette: Palette) -> Iterator[str]:
    """Yield the nodes without their texts: one by one, or a column as a block."""
    for column in picture.layout.columns:
        if column.block:
            yield _box(column.box, column.role, 4.0, palette)
            yield from _strips(picture, column, palette)
        elif column.height < COMPACT:
            yield from _small(picture, column, palette)
    for node in picture.nodes:
        if node.rect.height >= COMPACT:
            yield _box(node.rect, node.role, corner(node.rect), palette)


def _small(picture: Picture, column: Column, palette: Palette) -> Iterator[str]:
    """Yield nodes that are too small for a text: square, tinted by their values, on the right by slopes."""
    nodes = column.in_sight(picture.layout.body)
    for node in nodes:
        yield _box(column.rect(node), column.role, 0.0, palette, 0.5)
    for strengths, share, positive, negative in (
        (value_strengths(picture, column.column), 1.0, palette.positive, palette.negative),
        (slope_strengths(picture, column.column), 1 / 3, palette.slope, palette.slope),
    ):
        if strengths is not None:
            for node, strength in zip(nodes, strengths[nodes.start : nodes.stop].tolist(), strict=True):
                rect = column.rect(node)
                rect = rect._replace(x=rect.right - share * rect.width, width=share * rect.width)
                colour = positive if strength > 0 else negative
                yield rectangle(rect, 0.0, f'fill="{colour}" fill-opacity="{abs(strength):.3f}"')


def _strips(picture: Picture, column: Column, palette: Palette) -> Iterator[str]:
    """Yield the values of a column that is drawn as one block, and its slopes in the right third."""
    box = column.box
    inside = Rect(box.x + 2, box.y + 2, box.width - 4, box.height - 4)
    third = inside._replace(x=inside.right - inside.width / 3, width=inside.width / 3)
    for rect, pixels in (
        (inside, value_pixels(picture, column.column, palette)),
        (third, slope_pixels(picture, column.column, palette)),
    ):
        if pixels is not None:
            yield (
                f'<image x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" '
                f'height="{rect.height:.1f}" preserveAspectRatio="none" '
                f'style="image-rendering: pixelated" href="{png_uri(pixels[:, None, :])}"/>'
            )


def _box(rect: Rect, role: Role, radius: float, palette: Palette, line: float = 1.2) -> str:
    fill = {"input": palette.input_node, "hidden": palette.hidden_node, "output": palette.output_node}[role]
    return rectangle(rect, radius, f'fill="{fill}" stroke="{palette.node_border}" stroke-width="{line}"')


def rectangle(rect: Rect, radius: float, paint: str) -> str:
    """Return a rectangle with round corners."""
    return (
        f'<rect x="{rect.x:.1f}" y="{rect.y:.1f}" width="{rect.width:.1f}" height="{rect.height:.1f}" '
        f'rx="{radius:.1f}" {paint}/>'
    )
