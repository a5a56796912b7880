"""Where a card stands: beside what it speaks of, within the window, over as little as can be."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize

GAP_PX = 14
"""Between a card and what it speaks of, and between a card and the window's edge."""
MARGIN_PX = 8
"""So much of the margin of what it must not cover may be covered all the same."""


def place(size: QSize, room: QRect, spot: QRect | None, beside: Sequence[QRect] = ()) -> QPoint:
    """Return where in `room` the corner of a card of `size` stands: it covers neither `spot` nor `beside`.

    Where it cannot help that, it covers as little of them as it can. Without a spot it stands below.
    """
    inner = room.adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)
    within = [each.adjusted(MARGIN_PX, MARGIN_PX, -MARGIN_PX, -MARGIN_PX) for each in beside]
    kept = [spot, *within] if spot else within

    def covered(corner: QPoint) -> int:
        common = (QRect(corner, size).intersected(other) for other in kept)
        return sum(each.width() * each.height() for each in common)

    return min((_moved_into(inner, corner, size) for corner in _corners(size, inner, spot)), key=covered)


def _corners(size: QSize, room: QRect, spot: QRect | None) -> list[QPoint]:
    """Return where it may stand, the best place first."""
    low, right = room.bottom() - size.height(), room.right() - size.width()
    corners = [QPoint(room.left(), low), QPoint(right, low), room.topLeft(), QPoint(right, room.top())]
    if spot is None:
        return corners
    middle = spot.center() - QPoint(size.width() // 2, size.height() // 2)
    return [
        QPoint(spot.right() + GAP_PX, middle.y()),
        QPoint(middle.x(), spot.bottom() + GAP_PX),
        QPoint(spot.left() - GAP_PX - size.width(), middle.y()),
        QPoint(middle.x(), spot.top() - GAP_PX - size.height()),
        *corners,
    ]


def _moved_into(room: QRect, corner: QPoint, size: QSize) -> QPoint:
    x = max(room.left(), min(corner.x(), room.right() + 1 - size.width()))
    y = max(room.top(), min(corner.y(), room.bottom() + 1 - size.height()))
    return QPoint(x, y)
