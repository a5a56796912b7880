"""Where a card stands: beside what it speaks of, within the window, over nothing that has to be seen."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QLine, QPoint, QRect, QSize

from nnviz.picture.parts import Rect
from nnviz.ui.diagram.free_place import Obstacles, Size, free_place, rectangles, way

SHARES = (0.25, 0.5, 0.75)
"""Where on a side of what is spoken of the line to it may end."""


def place(size: QSize, room: QRect, spot: QRect | None, kept: Sequence[QRect]) -> tuple[QRect, QLine | None]:
    """Return where in `room` a card of `size` stands, and the line from there to `spot`, if there is one.

    It stands near the spot, without one at the lower left, and covers nothing of what is `kept`, or as little
    as can be.
    """
    nothing, rects = np.empty((0, 2)), rectangles([_rect(each) for each in kept])
    obstacles = Obstacles(rects, nothing, rects, rectangles([]), nothing)
    near = _rect(spot or QRect(room.bottomLeft(), QSize(0, 0)))
    ends = np.array(_border(near)) if spot else nothing
    found = free_place(_rect(room), [Size(size.width(), size.height(), 0.0)], obstacles, near, ends).rect
    card = QRect(QPoint(round(found.x), round(found.y)), size)
    if not spot:
        return card, None
    start, end, _ = way(_rect(card), ends, obstacles)
    return card, QLine(*map(round, (*start, *end)))


def _rect(rect: QRect) -> Rect:
    return Rect(float(rect.x()), float(rect.y()), float(rect.width()), float(rect.height()))


def _border(rect: Rect) -> list[tuple[float, float]]:
    """Return points on the four sides of a rectangle."""
    across, down = ([start + share * length for share in SHARES] for start, length in (rect[::2], rect[1::2]))
    return [
        *((x, y) for x in across for y in (rect.y, rect.bottom)),
        *((x, y) for y in down for x in (rect.x, rect.right)),
    ]
