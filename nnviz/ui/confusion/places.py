"""Where the parts of a confusion matrix stand: cells, names, shares and the titles of both axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from PySide6.QtCore import QRectF
from PySide6.QtGui import QFontMetricsF

from nnviz.ui.widgets.theme import px, ui_font

NAME_PX, TITLE_PX = 11, 11.5
"""Font sizes."""
GAP = 6.0
"""Pixels between a text and what it stands beside."""
SHARE = 0.3
"""Of the room names take at most, at the left and above."""
LEAST_NAME = 48.0
"""Pixels that a name above has at least where it is written across and shortened."""
LARGEST_CELL = 110.0, 90.0
"""Width and height of a cell, at most."""
LEAST_CELL = 24.0
"""Beside cells that are less wide there are no shares: they would take the room of counts."""
RIM = 5.0
"""Around everything, for the mark of the keyboard."""


class Cell(NamedTuple):
    """Rows of one class that are taken as one class, each by its place among the classes."""

    target: int
    prediction: int


@dataclass(frozen=True)
class Places:
    """The grid of `classes` times `classes` cells, and what stands around it.

    ============ =========================================================================
    `grid`       where all cells are
    `left`       the width of the names at its left; 0 where they have no room
    `above`      the height of those above it; 0 where they have no room
    `upright`    whether those above are written upwards
    `shares`     the width of the shares at its right, the height of those below; or 0, 0
    ============ =========================================================================
    """

    grid: QRectF
    classes: int
    left: float
    above: float
    upright: bool
    shares: tuple[float, float]

    def cell(self, cell: Cell) -> QRectF:
        """Return where a cell is."""
        width, height = self.grid.width() / self.classes, self.grid.height() / self.classes
        left, top = self.grid.left() + cell.prediction * width, self.grid.top() + cell.target * height
        return QRectF(left, top, width, height)

    def at(self, x: float, y: float) -> Cell | None:
        """Return the cell at a point; None beside the grid."""
        column = int((x - self.grid.left()) // (self.grid.width() / self.classes))
        row = int((y - self.grid.top()) // (self.grid.height() / self.classes))
        there = 0 <= column < self.classes and 0 <= row < self.classes
        return Cell(row, column) if there else None


def placed(names: Sequence[str], width: float, height: float) -> Places:
    """Return where everything stands in so many pixels, as large as it may be and in the middle."""
    count, metrics = len(names), QFontMetricsF(ui_font(NAME_PX))
    title, line = QFontMetricsF(ui_font(TITLE_PX)).height(), metrics.height()
    longest = max(map(metrics.horizontalAdvance, names))
    room = QRectF(0, 0, width, height).adjusted(RIM + title, RIM + title, -RIM, -RIM)
    left = min(longest, SHARE * width) + 2 * GAP if line * (count + 2) <= room.height() else 0.0
    beside = metrics.horizontalAdvance("100 %") + 2 * GAP
    shared = (room.width() - left - beside) / count >= px(LEAST_CELL) and left > 0
    shares = (beside, line + GAP) if shared else (0.0, 0.0)
    across = min((room.width() - left - shares[0]) / count, px(LARGEST_CELL[0]))
    upright = longest + GAP > across and across < px(LEAST_NAME)
    above = (min(longest, SHARE * height) if upright else line) + 2 * GAP
    if upright and left:  # names at the left come first: they are read more easily
        above = min(above, room.height() - shares[1] - line * count)
    if upright and (line > across or above < 3 * line):
        above = 0.0
    down = min((room.height() - above - shares[1]) / count, px(LARGEST_CELL[1]))
    if line > down + 0.01:
        left = 0.0
    whole = left + across * count + shares[0], above + down * count + shares[1]
    x = room.left() + (room.width() - whole[0]) / 2 + left
    y = room.top() + (room.height() - whole[1]) / 2 + above
    return Places(QRectF(x, y, across * count, down * count), count, left, above, upright, shares)
