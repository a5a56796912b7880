"""A plot's axis in the window's look: few round ticks, true minus signs, faint grid lines.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QRectF

from nnviz.core.numbers import shown
from nnviz.picture.palette import Palette
from nnviz.ui.theme import ui_font

LARGEST = 307.0
"""The largest exponent of 10 whose neighbours are numbers still."""
GAP = {"left": 26.0, "bottom": 64.0}
"""Pixels between two ticks, at least."""
OUTSIDE = {"left": (0, 10), "bottom": (30, 0)}
"""Pixels by which the text of the first and last tick may stand out of the axis, across and down."""


class QuietAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis whose ticks are multiples of 1, 2 or 5; with `logarithmic` its values are exponents of 10.

    `whole` keeps ticks to whole numbers, as iterations are.
    """

    def __init__(self, orientation: str, label: str, *, whole: bool = False, grid: bool = False) -> None:
        super().__init__(orientation, maxTickLength=0)
        self.logarithmic = False
        self._label, self._whole = label, whole
        self.enableAutoSIPrefix(False)
        self.setStyle(tickTextOffset=6, maxTextLevel=0, tickAlpha=255)
        if grid:
            self.setGrid(255)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        self.setZValue(-1)  # under the curve; a PlotItem puts its axes over it
        self.setPen(pg.mkPen(None))
        self.setTickPen(palette.line)
        self.setTextPen(palette.muted)
        self.setTickFont(ui_font(11))
        self.setLabel(self._label, **{"color": palette.muted, "font-size": "11px"})

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N803, D102
        count = max(2, int(size / GAP[self.orientation]))
        low, high = sorted((minVal, maxVal))
        if not (math.isfinite(low) and math.isfinite(high)) or low == high:
            return []
        if self.logarithmic:
            return [(1.0, log_ticks(max(low, -LARGEST), min(high, LARGEST), count))]
        step = round_step((high - low) / count)
        if self._whole:
            step = max(step, 1.0)
        return [(step, multiples(low, high, step))]

    def tickStrings(self, values: list[float], scale: float, spacing: float) -> list[str]:  # noqa: D102
        if self.logarithmic:
            values = [10.0**value for value in values]
        digits = telling_digits(values)
        return [shown(value, digits) for value in values]

    def boundingRect(self) -> QRectF:  # noqa: D102
        across, down = OUTSIDE[self.orientation]
        inside: QRectF = super().boundingRect()
        return inside.adjusted(-across, -down, across, down)

    def mouseDragEvent(self, event: object) -> None:
        """Leave dragging to the plot."""


def round_step(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, … times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))


def multiples(low: float, high: float, step: float) -> list[float]:
    """Return the multiples of `step` from `low` to `high`."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` exponents of 10 between two exponents: of powers of ten, else of round numbers."""
    step = max(1, math.ceil((high - low) / count))
    powers = multiples(low, high, float(step))
    if len(powers) >= 3:
        return powers
    finer = [k + math.log10(m) for k in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
    finer = [exponent for exponent in finer if low <= exponent <= high]
    if len(finer) >= 2:
        return finer
    bottom, top = 10.0**low, 10.0**high
    between = multiples(bottom, top, round_step((top - bottom) / count))
    return [float(exponent) for exponent in np.log10([value for value in between if value > 0.0])]


def telling_digits(values: list[float]) -> int:
    """Return how many significant digits tell each of the rising `values` from the next one."""
    needed = 3
    for one, next_one in itertools.pairwise(values):
        largest = max(abs(one), abs(next_one))
        needed = max(needed, math.ceil(math.log10(largest / (next_one - one))) + 1)
    return min(needed, 15)
