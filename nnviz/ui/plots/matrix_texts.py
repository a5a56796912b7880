"""What is written on the image of a layer's weights: names beside it, numbers in it, each where it fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from nnviz.core.activations import Array
from nnviz.core.numbers import shown
from nnviz.picture.matrix import Cell, Sheet, ink_on
from nnviz.picture.parts import Rect
from nnviz.ui.widgets.elided import shorten_to_width
from nnviz.ui.widgets.images import qrect
from nnviz.ui.widgets.theme import colours, ui_font

Names: TypeAlias = tuple[Sequence[str], Sequence[str]]
"""Of the nodes, which stand at the left, and of their sources, which stand above."""
NAME_PX, NUMBER_PX = 11, (13, 11, 9.5)
"""Font sizes: of names, and of numbers, the best first."""
BESIDE = 6.0
"""Pixels between a name and the image, and beside a number."""
SHARE = 0.3
"""Of the width the names at the left take at most; a longer one is shortened."""
LEAST_NAME = 48.0
"""Pixels that a name above has at least where it is shortened."""
LEAST_NUMBER = 14.0
"""A cell that is narrower has no room for any number."""


def room_for_names(names: Names, room: Rect) -> tuple[float, float]:
    """Return how much of `room` the names take at the left and above; 0 where they do not fit."""
    (nodes, sources), metrics = names, QFontMetricsF(ui_font(NAME_PX))
    line = metrics.height()
    if line * (len(nodes) + 1) > room.height:
        return 0.0, 0.0
    left = min(max(map(metrics.horizontalAdvance, nodes), default=0.0), SHARE * room.width) + BESIDE
    across = (room.width - left) / max(len(sources), 1)
    fit = across >= LEAST_NAME or max(map(metrics.horizontalAdvance, sources)) + BESIDE <= across
    return left, line + BESIDE / 2 if fit else 0.0


def paint_names(painter: QPainter, sheet: Sheet, names: Names, room: tuple[float, float]) -> None:
    """Write the names at the left of the image and above it, where they have room."""
    (nodes, sources), (left, above) = names, room
    painter.setFont(ui_font(NAME_PX))
    painter.setPen(QColor(colours().muted))
    font, middle = painter.font(), Qt.AlignmentFlag.AlignVCenter
    for node, name in enumerate(shorten_to_width(nodes, font, left - BESIDE) if left else ()):
        place = sheet.row(node)
        at = QRectF(place.x - left, place.y, left - BESIDE, place.height)
        painter.drawText(at, Qt.AlignmentFlag.AlignRight | middle, name)
    across = sheet.column(0).width - 2
    for source, name in enumerate(shorten_to_width(sources, font, across) if above else ()):
        place = sheet.column(source)
        at = QRectF(place.x + 1, place.y - above, across, above - BESIDE / 2)
        painter.drawText(at, Qt.AlignmentFlag.AlignHCenter | middle, name)


def paint_numbers(painter: QPainter, sheet: Sheet, weights: Array, image: QImage) -> None:
    """Write every weight into its cell, if all of them fit there."""
    cell = sheet.cell(Cell(0, 0))
    if (sheet.rows, sheet.columns) != weights.shape or cell.width < LEAST_NUMBER:
        return
    texts = [[shown(float(weight)) for weight in row] for row in weights]
    font = _fitting(texts, cell)
    if font is None:
        return
    painter.setFont(font)
    for node, row in enumerate(texts):
        for source, text in enumerate(row):
            painter.setPen(QColor(ink_on(image.pixel(source, node))))
            painter.drawText(qrect(sheet.cell(Cell(node, source))), Qt.AlignmentFlag.AlignCenter, text)


def _fitting(texts: list[list[str]], cell: Rect) -> QFont | None:
    """Return the first font in which every text fits into a cell; None where none does."""
    for size in NUMBER_PX:
        metrics = QFontMetricsF(ui_font(size))
        widest = max(metrics.horizontalAdvance(text) for row in texts for text in row)
        if widest + BESIDE <= cell.width and metrics.height() <= cell.height:
            return ui_font(size)
    return None
