"""The nodes of a diagram as SVG elements. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Iterator

from nnviz.picture.columns import COMPACT, corner
from nnviz.picture.draw import Picture
from nnviz.picture.ink import slope_pixels, slope_strengths, value_pixels, value_strengths
from nnviz.picture.palette import Palette
from nnviz.picture.picture import Column, Rect, Role
from nnviz.picture.png import png_uri


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
