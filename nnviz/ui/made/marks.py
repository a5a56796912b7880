"""How made rows are marked in a picture of them, as on the panel Function: a plot, or a small picture."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from nnviz.core.activations import Array
from nnviz.core.state import Dataset
from nnviz.picture.palette import Palette
from nnviz.picture.shades import class_colour
from nnviz.ui.function.marks import draw_mark
from nnviz.ui.function.rows import Rows, class_shape
from nnviz.ui.widgets.theme import px

RATIO = 2.0
"""Device pixels on a side of a small picture's pixel, so that it is sharp on any screen."""
RADIUS_PX, AROUND_PX = 1.5, 3.0
"""A row in a small picture, and what stays free around all of them."""
WORDS = ("orange squares", "blue circles", "green triangles")
"""What the marks of class 0, 1 and 2 are."""


class Series(NamedTuple):
    """Rows of one class: where they stand, shape (rows, 2)."""

    number: int
    points: Array

    @property
    def words(self) -> str:
        """How they are marked, in words."""
        return WORDS[self.number]


def series(data: Dataset, most: int) -> list[Series]:
    """Return the first `most` rows: of one input as (input, target), of two as (first, second), by class."""
    assert data.targets is not None
    inputs, targets = data.inputs[:most], data.targets[:most]
    if inputs.shape[1] == 1:
        return [Series(1, np.hstack([inputs, targets]))]
    classes = targets.argmax(axis=1) if targets.shape[1] > 1 else (targets[:, 0] >= 0.5).astype(int)
    return [Series(k, inputs[classes == k]) for k in range(len(WORDS)) if (classes == k).any()]


def marked(shown: list[Series], palette: Palette) -> Rows:
    """Return the rows as they are marked."""
    numbers = [each.number for each in shown for _ in each.points]
    points = np.concatenate([each.points for each in shown])
    colours = [class_colour(palette, k) for k in numbers]
    return Rows(points, colours, [*map(class_shape, numbers)], np.zeros(len(points), dtype=bool))


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
    rows, radius = marked(shown, palette), px(100) / 100 * RADIUS_PX
    no_rim = QColor(Qt.GlobalColor.transparent)
    (left, right), (bottom, top) = limits(shown, 0.0)
    room = np.array([size.width(), size.height()]) - 2 * AROUND_PX
    places = AROUND_PX + (rows.points - (left, top)) / (right - left, bottom - top) * room
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for at, shape, colour in zip(places.tolist(), rows.shapes, rows.colours, strict=True):
            draw_mark(painter, QPointF(*at), shape, QColor(colour), no_rim, radius)
    return pixmap
