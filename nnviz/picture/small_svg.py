"""The small pictures in the nodes of a column as SVG. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Iterator

from nnviz.core.activations import Array
from nnviz.picture import small_look as look
from nnviz.picture.elements import PIXELATED, image, rectangle
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Column, Rect
from nnviz.picture.picture import Picture
from nnviz.picture.style import Box, tile_box


def small_pictures(picture: Picture, column: Column, palette: Palette) -> Iterator[str]:
    """Yield the small pictures of a column, and of nodes side by side the bars that tell their values."""
    if column.across > 1:
        yield from _bars(picture, column, palette)
    values = look.small_values(picture, column)
    if values is None:
        return
    curves = look.is_curve(picture)
    images = None if curves else look.small_pixels(values, palette)
    more = PIXELATED if look.sharp(picture, column.picture) else ""
    around = Box("", palette.node_border, look.frame_width(column.picture), 0.0)
    for node in look.in_sight(picture, column):
        place = column.picture_of(node)
        if images is None:
            yield from _curve(values[node], place, palette)
        else:
            yield image(place, images[node], more)
        yield rectangle(place, around)
        dot = look.dot(picture, place, values[node])
        if dot is not None:
            yield (
                f'<circle cx="{dot.x:.1f}" cy="{dot.y:.1f}" r="{dot.radius:.1f}" fill="{palette.ink}" '
                f'stroke="{palette.canvas}" stroke-width="{look.RIM:g}"/>'
            )


def _bars(picture: Picture, column: Column, palette: Palette) -> Iterator[str]:
    bars = [column.bar_of(node) for node in range(len(column.tops))]
    for bar in bars:
        yield rectangle(bar, tile_box(column.role, palette))
    for tint in look.bar_tints(picture, column, palette):
        for bar, strength in zip(bars, tint.strengths.tolist(), strict=True):
            box = Box(tint.positive if strength > 0 else tint.negative, "", 0.0, 0.0)
            yield rectangle(tint.over(bar), box, f' fill-opacity="{abs(strength):.3f}"')


def _curve(values: Array, place: Rect, palette: Palette) -> Iterator[str]:
    yield rectangle(place, Box(look.ground(palette), "", 0.0, 0.0))
    for area in look.areas(values, place, palette):
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in area.corners.tolist())
        yield f'<polygon points="{corners}" fill="{area.colour}"/>'
    y = look.zero(values, place)
    yield (
        f'<line x1="{place.x:.1f}" y1="{y:.1f}" x2="{place.right:.1f}" y2="{y:.1f}" '
        f'stroke="{palette.node_border}"/>'
    )
