"""Where a node's texts stand: places relative to its corner, one set a column. Knows nothing of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nnviz.core.address import Kind
from nnviz.core.network import Layer
from nnviz.picture.columns import COMPACT, FULL, HEIGHT, WIDTH, has_badges
from nnviz.picture.parts import MOST_GROWTH, Align, Column, Rect, Role
from nnviz.picture.text import NUMBER, ROUNDING, fitted, text_width

SMALLEST, SHRUNK = 9.5, 0.55
"""No text is smaller, in pixels, and no number in a node that needs more room is than so much of its size."""
COURSE_NAME = 4.9
"""Width of a name such as node_0_1, in font sizes."""
SHORT_NAME, LEAST_BESIDE = 3.8, 12.0
"""The same for node_0, and the least font size of a value beside that, in pixels."""
LONGEST = 6.4
"""The same for −1.234e−5 and 1.234e−10, bold, which a node's long name leaves where it has room itself."""
Z, SHORT_Z = 5.3, 4.1
"""The same for z −0.1234, and for z −0.12."""
OUTCOME = 8.5
"""The same for error −0.1234."""
APART, LINE = 4.0, 17.0
"""Under a node, how far from it its notes begin, and the height of a line of these, in pixels."""
BESIDE, FREE = 0.06, 1.6
"""How far a text under a node may reach beyond it, in widths of the node, and at most, in pixels: so much is
free beside a node of what stands on its edges."""
VALUE = 24.0
"""Font size of a node's value; in full screen its digits are a thirtieth of the height for three columns."""
PILL, PILL_HEIGHT, INSIDE = 11.5, 17.0, 3.5
"""Font size and height of a bias and of a node's slope, and how far from the border they stand, in pixels."""
LEAST_PILL = 0.87
"""They are never smaller than so much of this."""
THREE_LINES, TWO_LINES = 47.0, 32.0
"""From these heights on a node with a bias or a slope shows three lines, or two: below, one without these.

In a larger room there are no three lines before they can be as large as the node is wide.
"""
BAR_LINE, BAR_TEXTS = 1.35, 12.0
"""How high and wide the bar under a picture is that holds a name and a value, in font sizes."""
PIXEL_VALUE, PIXEL_SHARE = 16.0, 0.95
"""Font size of a pixel's value at most, and the part of the pixel's width that its pill takes at most."""
LONGEST_BADGE = "dead on all rows"


@dataclass(frozen=True, slots=True)
class Slot:
    """The room for a text, relative to its node, and the font size."""

    rect: Rect
    size: float
    align: Align = "center"
    name_size: float = 0.0
    """Font size of the node's name where that stands on the same line, on the left; else 0."""
    least: float = 0.0
    """The room that a long name must leave."""
    role: Role | None = None
    """Of the node whose box is behind the text; None where there is none."""

    def at(self, x: float, y: float) -> Rect:
        """Return the place for the node whose corner is at (x, y)."""
        rect = self.rect
        return Rect(x + rect.x, y + rect.y, rect.width, rect.height)

    def fitted(
        self, value: float, room: float, *, bold: bool = False, prefix: str = ""
    ) -> tuple[str, float, float] | None:
        """Return a text for `value` that fits into `room`, its font size and its width; None without one."""
        smallest = min(max(SHRUNK * self.size, SMALLEST), self.size)
        return fitted(value, self.size, room, bold=bold, prefix=prefix, smallest=smallest)


def node_slots(column: Column, layer: Layer | None) -> Mapping[Kind, Slot]:
    """Return the places of what a node of `column` shows; what has no room is missing.

    `layer` is None for inputs. Nothing moves when slopes come: their room is kept.
    """
    if column.across > 1:
        return _in_bar(column) if column.picture else _in_pixel(column)
    if column.height < COMPACT or column.block:
        return {}
    texts = replace(column, width=column.picture_of(0).x - column.x) if column.picture else column
    least = FULL if layer is None else THREE_LINES * min(max(texts.width / WIDTH, 1.0), MOST_GROWTH)
    full = column.height >= least
    pills = _pills(column if full else texts, layer, 1.0 if full else _grown(texts))
    inside = _full(texts, layer, pills) if full else _compact(texts, pills)
    if not inside:
        return {}
    on_box: dict[Kind, Slot] = {kind: replace(slot, role=column.role) for kind, slot in inside.items()}
    return on_box | pills | _below(column, layer)


def _in_bar(column: Column) -> dict[Kind, Slot]:
    """Return name and value in the bar under the picture of a node that stands side by side with others."""
    bar, (x, y, *_) = column.bar_of(0), column.rect(0)
    size = min(bar.height / BAR_LINE, bar.width / BAR_TEXTS)
    if size < SMALLEST:
        return {}
    line, value = Rect(bar.x - x + 0.3 * size, bar.y - y, bar.width - 0.6 * size, bar.height), NUMBER * size
    return {
        "name": Slot(line._replace(width=line.width - value - 0.5 * size), size, role=column.role),
        "value": Slot(line, size, "right", size, value, column.role),
    }


def _in_pixel(column: Column) -> dict[Kind, Slot]:
    """Return the value of an input that is a pixel, as a pill on it."""
    size = min(PIXEL_SHARE * column.cell / (NUMBER + 1.6), PIXEL_VALUE)
    if size < SMALLEST:
        return {}
    return {"input": Slot(Rect(0.0, 0.0, column.cell, column.cell).middle(column.cell, 1.5 * size), size)}


def _pills(column: Column, layer: Layer | None, grown: float) -> dict[Kind, Slot]:
    """Return the last line in the node, which its bias and slope share, as the place of the slope."""
    if layer is None or column.height < TWO_LINES:
        return {}
    scale = column.height / HEIGHT
    pill, pad = max(scale, LEAST_PILL * grown), min(INSIDE * scale, 0.03 * column.width)
    height = PILL_HEIGHT * pill
    rect = Rect(pad, column.height - height - pad, column.width - 2 * pad, height)
    return {"node_slope": Slot(rect, PILL * pill)}


def _grown(column: Column) -> float:
    """Return how much larger than in a small room the texts of a low node are."""
    return max(min(column.width / WIDTH, column.height / (1.15 * TWO_LINES)), 1.0)


def _full(column: Column, layer: Layer | None, pills: Mapping[Kind, Slot]) -> dict[Kind, Slot]:
    """Return name and z in a line, the value large below them, in the middle of what a third line leaves."""
    width, height, scale = column.width, column.height, column.height / HEIGHT
    small = max(11.5 * scale, SMALLEST)
    pad = min(10.0 * scale, 0.08 * width)
    line = Rect(pad, 0.075 * height, width - 2 * pad, 1.3 * small)
    slots: dict[Kind, Slot] = {}
    if (
        layer is not None
        and not layer.function.linear
        and line.width >= (COURSE_NAME + SHORT_Z + 0.5) * SMALLEST
    ):
        small = max(min(small, line.width / (COURSE_NAME + Z + 0.5)), SMALLEST)
        slots["z"] = Slot(line, small, "right", name_size=small, least=SHORT_Z * small)
        line = line._replace(width=line.width - (SHORT_Z + 0.5) * small)
    slots["name"] = Slot(line, small)
    bottom = pills["node_slope"].rect.y if pills else 0.97 * height
    free = bottom - line.bottom
    size = min(VALUE * scale, (width - 8.0 * scale) / NUMBER, free / 1.1)
    if size >= SMALLEST:
        rect = Rect(4.0 * scale, line.bottom + (free - 1.1 * size) / 2, width - 8.0 * scale, 1.1 * size)
        slots["input" if layer is None else "value"] = Slot(rect, size)
    if "z" in slots:
        slots["badge"] = slots["z"]  # where it has no place under the node
    return slots


def _compact(column: Column, pills: Mapping[Kind, Slot]) -> dict[Kind, Slot]:
    """Return name and value side by side, or the value alone."""
    width, grown = column.width, _grown(column)
    free = pills["node_slope"].rect.y if pills else column.height
    size = min(max(0.56 * free, SMALLEST + 0.5), 16.0 * grown)
    if free < 1.25 * size or width < NUMBER * SMALLEST + 6.0:
        return {}
    size = min(size, (width - 6.0) / NUMBER)
    top = (free - 1.2 * size) / 2
    value, pad = 4.2 * min(size, 14.0 * grown), min(7.0 * grown, 0.05 * width)
    kind: Kind = "input" if column.layer < 0 else "value"
    longest = LONGEST * max(SHRUNK * size, SMALLEST)
    if kind == "value" and width - longest - 2 * pad - 4.0 >= COURSE_NAME * SMALLEST:
        value = max(value, longest)
    rest = width - value - 2 * pad - 4.0
    small = max(min(0.4 * free, 11.0 * grown, rest / COURSE_NAME), SMALLEST)
    alone: dict[Kind, Slot] = {kind: Slot(Rect(3.0, top, width - 6.0, 1.2 * size), size)}
    if rest < 3.6 * small:  # no name but a short one, beside a smaller value
        small, pad = SMALLEST, 4.0
        rest = SHORT_NAME * small
        size = min(size, (width - 2 * pad - 3.0 - rest) / NUMBER)
        value, top = NUMBER * size, (free - 1.2 * size) / 2
        if size < LEAST_BESIDE:
            return alone
    line, size = top + 0.6 * (size - small), min(size, 14.0 * grown)
    beside = Slot(Rect(pad, top, width - 2 * pad, 1.2 * size), size, "right", name_size=small, least=value)
    return {"name": Slot(Rect(pad, line, rest, 1.2 * small), small), kind: beside, "badge": beside}


def _below(column: Column, layer: Layer | None) -> dict[Kind, Slot]:
    """Return the notes under a node: what is odd about it, or an output's target and error."""
    if layer is None:
        return {}
    if column.role == "output":
        return _outcome(column)
    scale = max(column.height / HEIGHT, LEAST_PILL)
    top = column.height + APART * scale
    bottom = column.height + column.below
    size, height = 11.5 * scale, 15.0 * scale
    fits = top + height <= bottom and text_width(LONGEST_BADGE, size) <= column.width
    if not has_badges(layer) or not fits:
        return {}
    return {"badge": Slot(Rect(0.0, top, column.width, height), size)}


def _outcome(column: Column) -> dict[Kind, Slot]:
    """Return target and error in two lines, as large as the node is wide where there is room under it."""
    fits = (column.below - ROUNDING) / (APART + 2 * LINE)
    scale = max(column.height / HEIGHT, LEAST_PILL, min(column.width / WIDTH, fits))
    if scale > fits:
        return {}
    beside = min(BESIDE * column.width, FREE)
    width, left, line = column.width + 2 * beside, -beside, LINE * scale
    top, size = column.height + APART * scale, max(min(12.5 * scale, width / OUTCOME), SMALLEST)
    return {
        "target": Slot(Rect(left, top, width, line), size),
        "error": Slot(Rect(left, top + line, width, line), size),
    }
