"""What is written in and around a confusion matrix: counts, names, shares and titles, each where it fits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from nnviz.core.confusion import Confusion
from nnviz.picture.matrix import ink_on
from nnviz.ui.confusion.places import GAP, NAME_PX, TITLE_PX, Cell, Places
from nnviz.ui.widgets.elided import shorten_to_width
from nnviz.ui.widgets.theme import colours, ui_font

TARGET, PREDICTION = "target class", "predicted class"
RECALL, PRECISION = "recall", "precision"
COUNT_PX = 13, 11, 9.5
"""Font sizes of counts, the best first."""
FEW = 12
"""Up to so many classes each count of 0 is written; of more they would hide the others."""
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
MIDDLE = Qt.AlignmentFlag.AlignCenter


def paint_titles(painter: QPainter, places: Places) -> None:
    """Write what rows and columns are, over and at the left of the names."""
    painter.setFont(ui_font(TITLE_PX))
    painter.setPen(QColor(colours().muted))
    grid, high = places.grid, QFontMetricsF(painter.font()).height()
    wide = max(grid.width(), QFontMetricsF(painter.font()).horizontalAdvance(PREDICTION))
    top = QRectF(grid.center().x() - wide / 2, grid.top() - places.above - high, wide, high)
    painter.drawText(top, MIDDLE, PREDICTION)
    _upwards(painter, grid.left() - places.left - high / 2, grid.center().y(), TARGET, MIDDLE, grid.height())


def paint_names(painter: QPainter, places: Places, names: Sequence[str]) -> None:
    """Write the names of the classes, shortened if need be, where they have room."""
    painter.setFont(ui_font(NAME_PX))
    painter.setPen(QColor(colours().ink))
    font, across = painter.font(), places.cell(Cell(0, 0)).width() - 4
    if places.left:
        for k, name in enumerate(shorten_to_width(names, font, places.left - GAP)):
            row = places.cell(Cell(k, 0))
            room = QRectF(row.left() - places.left, row.top(), places.left - GAP, row.height())
            painter.drawText(room, RIGHT, name)
    if not places.above:
        return
    for k, name in enumerate(shorten_to_width(names, font, places.above - GAP if places.upright else across)):
        column = places.cell(Cell(0, k))
        if places.upright:
            middle = column.top() - places.above / 2
            _upwards(painter, column.center().x(), middle, name, LEFT, places.above - GAP)
        else:
            room = QRectF(column.left() + 2, column.top() - places.above, across, places.above)
            painter.drawText(room, MIDDLE, name)


def paint_counts(painter: QPainter, places: Places, counts: NDArray[np.intp], image: QImage) -> None:
    """Write every count into its cell, if all of them fit there."""
    font = _fitting(f"{counts.max():,}", places.cell(Cell(0, 0)))
    if font is None:
        return
    painter.setFont(font)
    few = len(counts) <= FEW
    for target, prediction in zip(*map(np.ndarray.tolist, _places_of(counts, few)), strict=True):
        count, pixel = int(counts[target, prediction]), image.pixel(prediction, target)
        painter.setPen(QColor(ink_on(pixel) if count else colours().muted))
        painter.drawText(places.cell(Cell(target, prediction)), MIDDLE, f"{count:,}")


def paint_shares(painter: QPainter, places: Places, found: Confusion) -> None:
    """Write the recall of each class at the right and its precision below, where they have room."""
    beside, below = places.shares
    if not beside:
        return
    painter.setFont(ui_font(NAME_PX))
    painter.setPen(QColor(colours().muted))
    grid, line = places.grid, QFontMetricsF(painter.font()).height()
    for k, (recall, precision) in enumerate(zip(found.recalls, found.precisions, strict=True)):
        row, column = places.cell(Cell(k, 0)), places.cell(Cell(0, k))
        at_right = QRectF(grid.right() + GAP, row.top(), beside - GAP, row.height())
        painter.drawText(at_right, RIGHT, percent(recall))
        under = QRectF(column.left(), grid.bottom(), column.width(), below)
        if painter.fontMetrics().horizontalAdvance("100 %") <= column.width():
            painter.drawText(under, MIDDLE, percent(precision))
    if line <= places.above:
        painter.drawText(QRectF(grid.right(), grid.top() - line - GAP, beside, line + GAP), RIGHT, RECALL)
    room = QRectF(grid.left() - places.left, grid.bottom(), places.left - GAP, below)
    if painter.fontMetrics().horizontalAdvance(PRECISION) <= room.width():
        painter.drawText(room, RIGHT, PRECISION)


def percent(share: float) -> str:
    """Return a share as it is written: 100 % is all, 0 % is none, and nothing else is."""
    if np.isnan(share):
        return "–"
    whole = round(100 * share)
    if whole in (0, 100) and share not in (0, 1):
        return "> 99 %" if whole else "< 1 %"
    return f"{whole} %"


def _places_of(counts: NDArray[np.intp], all_of_them: bool) -> tuple[NDArray[np.intp], ...]:
    return np.nonzero(np.ones_like(counts) if all_of_them else counts)


def _fitting(text: str, cell: QRectF) -> QFont | None:
    """Return the first font in which the text fits into a cell; None where it does in none."""
    for size in COUNT_PX:
        metrics = QFontMetricsF(ui_font(size))
        if metrics.horizontalAdvance(text) + 4 <= cell.width() and metrics.height() <= cell.height():
            return ui_font(size)
    return None


def _upwards(painter: QPainter, x: float, y: float, text: str, side: Qt.AlignmentFlag, length: float) -> None:
    """Write a text upwards, its middle at a point."""
    high = QFontMetricsF(painter.font()).height()
    painter.save()
    painter.translate(x, y)
    painter.rotate(-90)
    length = max(length, QFontMetricsF(painter.font()).horizontalAdvance(text))
    painter.drawText(QRectF(-length / 2, -high / 2, length, high), side, text)
    painter.restore()
