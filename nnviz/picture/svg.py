"""The diagram as SVG, which `render` writes and the window exports. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

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
from nnviz.picture.elements import PIXELATED, document, image, rectangle, words
from nnviz.picture.legend import MARGIN, Sample, Sheet, sheet
from nnviz.picture.palette import PALETTES, Palette
from nnviz.picture.parts import Column, Label, View
from nnviz.picture.picture import Picture, row_picture
from nnviz.picture.small_svg import small_pictures
from nnviz.picture.style import Box


def svg(
    state: State,
    size: tuple[float, float] = (900, 500),
    theme: str = "light",
    view: Literal["forward", "slopes"] = "forward",
    *,
    transparent: bool = False,
    pictures: bool = False,
) -> str:
    """Return the diagram of `state` with its first row of data as an SVG document.

    `view` "slopes" adds that row's slopes, `pictures` small pictures in the nodes. Raises ValueError where
    it has no targets to take slopes of.
    """
    picture = row_picture(state, View(*size, pictures=pictures), with_slopes=view == "slopes")
    return sheet_svg(sheet(picture, *size), PALETTES[theme], transparent=transparent)


def sheet_svg(
    sheet: Sheet, palette: Palette, *, transparent: bool = False, strongest: int = STRONGEST, note: str = ""
) -> str:
    """Return a sheet as an SVG document; a `transparent` one has no ground.

    Where not every edge is drawn, the `strongest` of each layer are. A `note` stands beside the legend.
    """
    picture, (width, height) = sheet.picture, sheet[:2]
    state = picture.content.state
    example = sheet.legend[0].words
    beside = example._replace(text=note, rect=example.rect._replace(x=MARGIN))
    parts = [
        *_edges(picture, palette, strongest),
        *_nodes(picture, palette),
        *(element for label in picture.labels for element in _label(label, palette)),
        *(element for sample in sheet.legend for element in _sample(sample, palette)),
        *(_label(beside, palette) if note else ()),
    ]
    ground = "" if transparent else palette.canvas
    return document(width, height, state.name or repr(state.network), ground, parts)


def _edges(picture: Picture, palette: Palette, most: int) -> Iterator[str]:
    for gap, weights in zip(picture.layout.gaps, picture.weights, strict=True):
        crowded = weights.size > EVERY_EDGE
        drawn = weights.size if picture.few_edges else most
        if weights.size > drawn:
            yield image(gap.box, haze_pixels(gap, weights, palette))
        nodes, sources = strongest(weights, drawn)
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
        if column.block and not column.picture:
            yield from _block(picture, column, palette)
        elif column.height < COMPACT and not column.block:
            yield from _small(picture, column, palette)
    for node in picture.nodes:
        if node.rect.height >= COMPACT:
            yield rectangle(node.rect, style.node_box(node.role, node.rect, palette))
    for column in picture.layout.columns:
        if column.picture:
            yield from small_pictures(picture, column, palette)


def _small(picture: Picture, column: Column, palette: Palette) -> Iterator[str]:
    """Yield nodes that are too small for a text, and their tints."""
    nodes = column.in_sight(picture.layout.body)
    for node in nodes:
        rect = column.rect(node)
        yield rectangle(rect, style.node_box(column.role, rect, palette))
    for tint in style.tints(picture, column, palette):
        strengths = tint.strengths[nodes.start : nodes.stop].tolist()
        for node, strength in zip(nodes, strengths, strict=True):
            box = Box(tint.positive if strength > 0 else tint.negative, "", 0.0, 0.0)
            yield rectangle(tint.over(column.rect(node)), box, f' fill-opacity="{abs(strength):.3f}"')


def _block(picture: Picture, column: Column, palette: Palette) -> Iterator[str]:
    """Yield a column that is drawn as one block, with its tints."""
    box, inside = style.block_box(column, palette), style.block_inside(column)
    yield rectangle(column.box, box)
    for tint in style.tints(picture, column, palette):
        yield image(tint.over(inside), tint.picture(column), PIXELATED)
    if column.across > 1:
        yield rectangle(column.box, box._replace(fill=""))


def _label(label: Label, palette: Palette) -> Iterator[str]:
    rect, box, leader = label.rect, style.label_box(label, palette), style.leader(label)
    if leader is not None:
        x0, y0, x1, y1 = leader
        yield (
            f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" '
            f'stroke="{style.leader_colour(label, palette)}" stroke-width="{style.leader_width(label):.3g}"/>'
        )
    if box is not None:
        yield rectangle(rect, box)
    x, anchor = {
        "left": (rect.x, "start"),
        "center": (rect.center[0], "middle"),
        "right": (rect.right, "end"),
    }[label.align]
    spacing = style.letter_spacing(label)
    yield words(
        x,
        rect.center[1],
        label.text,
        label.size,
        style.text_colour(label, palette),
        anchor,
        style.font_weight(label.style),
        f' letter-spacing="{spacing:.2f}"' if spacing else "",
    )


def _sample(sample: Sample, palette: Palette) -> Iterator[str]:
    if sample.edge is not None:
        yield rectangle(sample.edge, Box(edge_colour(sample.box.value or 0.0, palette), "", 0.0, 0.0))
    yield from _label(sample.box, palette)
    yield from _label(sample.words, palette)
