"""Where a node's texts stand: places relative to its corner, one set a column. Knows nothing of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from nnviz.core.address import Kind
from nnviz.core.network import Layer
from nnviz.picture.columns import COMPACT, FULL, HEIGHT, has_badges
from nnviz.picture.parts import Align, Column, Rect, Role
from nnviz.picture.pills import SHRUNK
from nnviz.picture.text import NUMBER, fitted, text_width

SMALLEST = 9.5
"""No text is smaller, in pixels."""
COURSE_NAME = 4.9
"""Width of a name such as node_0_1, in font sizes."""
Z = 4.1
"""The same for z −0.12, or z −0.123 written smaller."""
OUTCOME = 7.6
"""The same for error −0.123."""
BESIDE_PX = 16.0
"""How far a text under a node may reach beyond it, in pixels, and an output's pill on the right."""
INSIDE, OUTSIDE = 0.35, 3.0
"""How far from a node's left side its bias stands, in font sizes; how far its slope stands out, in pixels."""
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
    if column.height < COMPACT or column.block:
        return {}
    pills = _pills(column, layer)
    inside = _full(column, layer, pills) if column.height >= FULL else _compact(column, pills)
    if not inside:
        return {}
    on_box: dict[Kind, Slot] = {kind: replace(slot, role=column.role) for kind, slot in inside.items()}
    return on_box | pills | _below(column, layer, pills)


def _pills(column: Column, layer: Layer | None) -> dict[Kind, Slot]:
    """Return the line on the lower border that a node's bias and slope share, as the place of the slope."""
    if layer is None:
        return {}
    scale = max(column.height / HEIGHT, 0.87)
    size, height = 11.5 * scale, 17.0 * scale
    if column.height < 2.1 * height or column.below < height / 2 + 2:
        return {}
    right = column.width + (BESIDE_PX if column.role == "output" else OUTSIDE)
    return {"node_slope": Slot(Rect(-1.0, column.height - height / 2, right + 1.0, height), size)}


def _full(column: Column, layer: Layer | None, pills: Mapping[Kind, Slot]) -> dict[Kind, Slot]:
    """Return name and z in a line, the value large below them."""
    width, height, scale = column.width, column.height, column.height / HEIGHT
    small = max(11.5 * scale, SMALLEST)
    pad = min(11.0 * scale, 0.09 * width)
    line = Rect(pad, 0.1 * height, width - 2 * pad, 1.3 * small)
    slots: dict[Kind, Slot] = {}
    both = line.width / (COURSE_NAME + Z + 0.5)
    if layer is not None and not layer.function.linear and both >= SMALLEST:
        small = min(small, both)
        slots["z"] = Slot(line, small, "right", name_size=small, least=Z * small)
        line = line._replace(width=line.width - (Z + 0.5) * small)
    slots["name"] = Slot(line, small)
    size = min(22.0 * scale, (width - 8.0 * scale) / NUMBER)
    if size < SMALLEST + 1.0:
        size = min(SMALLEST + 1.0, (width - 8.0 * scale) / NUMBER)
    if size >= SMALLEST:
        middle = (0.61 if pills else 0.64) * height
        rect = Rect(4.0 * scale, middle - 0.6 * size, width - 8.0 * scale, 1.2 * size)
        slots["input" if layer is None else "value"] = Slot(rect, size)
    return slots


def _compact(column: Column, pills: Mapping[Kind, Slot]) -> dict[Kind, Slot]:
    """Return name and value side by side, or the value alone."""
    width, height = column.width, column.height
    size = min(max(0.46 * height, SMALLEST + 0.5), 16.0)
    free = min(slot.rect.y for slot in pills.values()) if pills else height
    if free < 1.25 * size or width < NUMBER * SMALLEST + 6.0:
        return {}
    size = min(size, (width - 6.0) / NUMBER)
    top = min((height - 1.2 * size) / 2, free - 1.2 * size)
    value, pad = 4.2 * min(size, 14.0), 7.0
    kind: Kind = "input" if column.layer < 0 else "value"
    rest = width - value - 2 * pad - 4.0
    small = max(min(0.34 * height, 11.0, rest / COURSE_NAME), SMALLEST)
    if rest < 3.6 * small:
        return {kind: Slot(Rect(3.0, top, width - 6.0, 1.2 * size), size)}
    line, size = top + 0.6 * (size - small), min(size, 14.0)
    return {
        "name": Slot(Rect(pad, line, rest, 1.2 * small), small),
        kind: Slot(Rect(pad, top, width - 2 * pad, 1.2 * size), size, "right", name_size=small, least=value),
    }


def _below(column: Column, layer: Layer | None, pills: Mapping[Kind, Slot]) -> dict[Kind, Slot]:
    """Return the notes under a node: what is odd about it, or an output's target and error."""
    if layer is None:
        return {}
    scale = max(column.height / HEIGHT, 0.87)
    top = column.height + (10.5 if pills else 5.0) * scale
    bottom = column.height + column.below
    if column.role == "output":
        return _outcome(column, top, bottom, scale)
    size, height = 11.5 * scale, 15.0 * scale
    fits = top + height <= bottom and text_width(LONGEST_BADGE, size) <= column.width
    if not has_badges(layer) or not fits:
        return {}
    return {"badge": Slot(Rect(0.0, top, column.width, height), size)}


def _outcome(column: Column, top: float, bottom: float, scale: float) -> dict[Kind, Slot]:
    width, height = column.width + BESIDE_PX, 17.0 * scale
    size = max(min(12.5 * scale, width / OUTCOME), SMALLEST)
    if top + 2 * height > bottom:
        return {}
    return {
        "target": Slot(Rect(0.0, top, width, height), size),
        "error": Slot(Rect(0.0, top + height, width, height), size),
    }
