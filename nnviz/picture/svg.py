"""The diagram as SVG: what `render` writes and Jupyter shows. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal
from xml.sax.saxutils import escape

from nnviz.core.activations import Array
from nnviz.core.state import State
from nnviz.picture.draw import Picture, row_picture
from nnviz.picture.edges import (
    EVERY_EDGE,
    STRONGEST,
    Gap,
    edge_colour,
    edge_width,
    haze_pixels,
    strongest,
)
from nnviz.picture.headings import LETTER_SPACING
from nnviz.picture.ink import border, ink
from nnviz.picture.palette import PALETTES, Palette
from nnviz.picture.picture import Label, Rect, View
from nnviz.picture.png import png_uri
from nnviz.picture.svg_nodes import nodes, rectangle
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
