"""Where a card stands: beside what it speaks of, within the window, over as little as can be."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, QRect, QSize

GAP_PX = 14
"""Between a card and what it speaks of, and between a card and the window's edge."""
FAR_PX = 8
"""To be farther off by a pixel is as bad as to cover so many of them."""


def place(size: QSize, room: QRect, spot: QRect | None, beside: Sequence[QRect] = ()) -> QPoint:
    """Return where in `room` the corner of a card of `size` stands: near `spot`, without a spot below.

    It covers as little as it can of `spot` and of what is `beside`.
    """
    inner = room.adjusted(GAP_PX, GAP_PX, -GAP_PX, -GAP_PX)
    kept = [spot, *beside] if spot else list(beside)

    def price(corner: QPoint) -> int:
        card = QRect(corner, size)
        common = (card.intersected(other) for other in kept)
        covered = sum(each.width() * each.height() for each in common)
        return covered + FAR_PX * (_apart(card, spot) if spot else 0)

    return min((_moved_into(inner, corner, size) for corner in _corners(size, inner, spot)), key=price)


def _apart(one: QRect, other: QRect) -> int:
    """Return how far two are from one another, across and down."""
    across = max(one.left() - other.right(), other.left() - one.right(), 0)
    return across + max(one.top() - other.bottom(), other.top() - one.bottom(), 0)


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
