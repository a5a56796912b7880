"""How rows are marked in a picture of them: a shape and a colour for each class; and small pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from nnviz.core.activations import Array
from nnviz.core.state import Dataset
from nnviz.picture.palette import Palette
from nnviz.picture.shades import class_colour
from nnviz.ui.widgets.theme import px

RATIO = 2.0
"""Device pixels on a side of a small picture's pixel, so that it is sharp on any screen."""
DOT_PX, AROUND_PX = 3.0, 3.0
"""A row in a small picture, and what stays free around all of them."""


class Mark(NamedTuple):
    """How rows of the class `number` are drawn: in words, and their `symbol` as pyqtgraph has it."""

    words: str
    symbol: str
    number: int

    def colour(self, palette: Palette) -> QColor:
        """Return its colour in a theme."""
        return QColor(class_colour(palette, self.number))


MARKS = (
    Mark("orange squares", "s", 0),
    Mark("blue circles", "o", 1),
    Mark("green triangles", "t1", 2),
)
"""Of class 0, 1 and 2; each has a shape of its own, too, for who sees no colours."""


class Series(NamedTuple):
    """Rows of one class: where they stand, shape (rows, 2)."""

    mark: Mark
    points: Array


def series(data: Dataset, most: int) -> list[Series]:
    """Return the first `most` rows: of one input as (input, target), of two as (first, second), by class."""
    assert data.targets is not None
    inputs, targets = data.inputs[:most], data.targets[:most]
    if inputs.shape[1] == 1:
        return [Series(MARKS[1], np.hstack([inputs, targets]))]
    classes = targets.argmax(axis=1) if targets.shape[1] > 1 else (targets[:, 0] >= 0.5).astype(int)
    return [Series(mark, inputs[classes == k]) for k, mark in enumerate(MARKS) if (classes == k).any()]


def limits(shown: list[Series], part: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return from where to where the rows reach, across and up, and a `part` of that more on each side."""
    points = np.concatenate([each.points for each in shown])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, part * (high - low), 1.0)
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return (left, right), (bottom, top)


def thumbnail(shown: list[Series], size: QSize, palette: Palette) -> QPixmap:
    """Return a small picture of the rows, on nothing."""
    pixmap = QPixmap(size * RATIO)
    pixmap.setDevicePixelRatio(RATIO)
    pixmap.fill(Qt.GlobalColor.transparent)
    dot = px(100) / 100 * DOT_PX
    room = QRectF(0, 0, size.width(), size.height()).adjusted(AROUND_PX, AROUND_PX, -AROUND_PX, -AROUND_PX)
    (left, right), (bottom, top) = limits(shown, 0.0)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for mark, points in shown:
            painter.setBrush(mark.colour(palette))
            across = room.left() + (points[:, 0] - left) / (right - left) * room.width()
            down = room.bottom() - (points[:, 1] - bottom) / (top - bottom) * room.height()
            draw = _drawing(painter, mark.symbol)
            for place in _squares(across, down, dot):
                draw(place)
    return pixmap


def _squares(across: Array, down: Array, side: float) -> Iterator[QRectF]:
    """Yield what is around each point."""
    for x, y in zip(across.tolist(), down.tolist(), strict=True):
        yield QRectF(x - side / 2, y - side / 2, side, side)


def _drawing(painter: QPainter, symbol: str) -> Callable[[QRectF], object]:
    """Return what draws a symbol into a square."""
    if symbol == "o":
        return painter.drawEllipse
    if symbol == "s":
        return painter.drawRect
    return lambda at: painter.drawPolygon(
        [at.bottomLeft(), at.bottomRight(), QPointF(at.center().x(), at.top())]
    )
