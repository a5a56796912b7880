"""The curve of an activation with its slope, the rows on it, and the present row's tangent.

Knows nothing of the document. Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QLineF, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPen, QResizeEvent

from nnviz.core.activation_curve import Bend, Curve, Reading
from nnviz.core.activations import Array
from nnviz.core.numbers import shown
from nnviz.picture.palette import Palette
from nnviz.ui.activation.points import SIZE, Points
from nnviz.ui.plots.curve import Curve as Line
from nnviz.ui.plots.curve import points_of
from nnviz.ui.plots.plot import OFFSET, Dot, Picture, QuietAxis
from nnviz.ui.plots.point_plot import PointPlot
from nnviz.ui.widgets.announce import announce

STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
MANY = 2000
"""So many points of rows are drawn at once without a look at which stand on one pixel."""
FINE, COARSE = 100, 10
"""Parts of the plot's width by which an arrow key goes on reading, alone and with Shift."""


class SlopeAxis(QuietAxis):
    """An axis at the right, in the colour of slopes: its numbers are the plot's divided by `times`."""

    def __init__(self) -> None:
        super().__init__("right")
        self.times = 1.0

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        super().set_palette(palette)
        self._muted = QPen(QColor(palette.slope))
        self.set_text(self._text)

    def _up(self) -> Picture:
        metrics, size = QFontMetricsF(self._font), self.size()
        low, high = (end / self.times for end in self.range)
        texts, widest = list[tuple[QPointF, str]](), 0.0
        for value, text in self.ticks(low, high, size.height()):
            y = (high - value) / (high - low) * size.height()
            texts.append((QPointF(OFFSET, y + metrics.capHeight() / 2), text))
            widest = max(widest, metrics.horizontalAdvance(text))
        self._updateMaxTextSize(widest)
        return list[QLineF](), texts


class ActivationPlot(PointPlot):
    """Draws a over a node's z, and its slope on an axis of its own; arrow keys read the curve."""

    def __init__(self, palette: Palette) -> None:
        self._bend: Bend | None = None
        self._times, self._slope = 1.0, math.nan
        super().__init__(palette, grid=True)
        self.setAccessibleName("Activation of the selected node")
        self.setToolTip("Move the mouse over the curve to read it, or press the left and right arrow keys")
        self._right = SlopeAxis()
        self.plotItem.setAxisItems({"right": self._right})
        self._curve, self._slopes = (Line(connect="finite") for _ in range(2))
        self._tangent, self._zero = Line(), Line()
        self._rows = Points()
        self._ends = Dot(6), Dot(6)  # of the slope at a kink, and behind it; no activation has two kinks
        for z, item in enumerate((self._zero, self._slopes, self._curve, self._rows, self._tangent), start=1):
            self.add(item, z)
        for dot in self._ends:
            self.add(dot, 6)
        self.set_palette(palette)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        super().set_palette(palette)
        if not hasattr(self, "_right"):
            return
        self._right.set_palette(palette)
        self._zero.setPen(self.pen(palette.line, 1))
        self._curve.setPen(self.pen(palette.ink))
        self._slopes.setPen(self.pen(palette.slope, 1.5))
        self._tangent.setPen(self.pen(palette.slope, 2.5))
        self._rows.set_pen(self.pen(palette.accent, SIZE))
        for dot, inside in zip(self._ends, (palette.slope, palette.surface), strict=True):
            dot.setPen(QPen(QColor(palette.slope), 1.5))
            dot.setBrush(QColor(inside))

    def show_nothing(self) -> None:
        """Draw nothing, not even the axes."""
        self.plotItem.hide()
        self._bend = None
        self._under_mouse = None
        self._tell()

    def show_curve(self, bend: Bend, curve: Curve, names: tuple[str, str], a: Array) -> None:
        """Draw the curve of a node called `names[0]`, whose function is called `names[1]`.

        `a` are those of all rows: where they depend on other z, too, they are not on the curve.
        """
        self.bring_back()
        self._bend, self._times = bend, curve.times
        self._right.times = curve.times
        self._right.picture = None
        self.name_axes(f"z of {names[0]}", names[1])
        self._right.set_text("slope")
        low, high = curve.heights(a if bend.layer is not None else a[:0])
        self.look((float(curve.z[0]), float(curve.z[-1])), (low, high))
        self._curve.setData(curve.z, np.where(np.isfinite(curve.a), curve.a, np.nan))
        self._slopes.setData(curve.z, self._times * curve.slope)
        self._zero.setData([0.0, 0.0], self.view()[1])
        kink = curve.kinks[0] if curve.kinks else (Reading(math.nan, math.nan, math.nan),) * 2
        for dot, reading in zip(self._ends, kink, strict=True):
            self.put(dot, reading.z, self._times * reading.slope)

    def show_rows(self, z: Array, a: Array) -> int:
        """Draw a point for each row, shape (rows,), and return how many stand out of the plot.

        Of more than `MANY` one is drawn where several would stand on one pixel.
        """
        (left, right), (bottom, top) = self.view()
        inside = (z >= left) & (z <= right) & (a >= bottom) & (a <= top)
        points = np.column_stack((z, a))[inside]
        self._rows.show_points(points if len(points) <= MANY else self._one_a_pixel(points))
        return len(z) - len(points)

    def _one_a_pixel(self, points: Array) -> Array:
        """Return one of the points, shape (points, 2), which are in view, for each pixel that has any."""
        (left, _), (bottom, top) = self.view()
        across, up = self.pixel()
        columns, rows = ((points - (left, bottom)) / (across, up)).astype(np.intp).T
        cells = columns * (int((top - bottom) / up) + 1) + rows
        one = np.full(int(cells.max()) + 1, -1, np.intp)
        one[cells] = np.arange(len(points))
        chosen: Array = points[one[one >= 0]]
        return chosen

    def show_reading(self, reading: Reading | None) -> None:
        """Mark what the node makes of the present row's z, with its tangent."""
        z, a, self._slope = reading or (math.nan, math.nan, math.nan)
        self.show_present(z, a)
        self.touch(self._tangent, self._slope)

    def takes_point(self) -> bool:
        """Nothing moves the point: z follows from the row and the weights."""
        return False

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return what the node makes of the z at `at`."""
        if self._bend is None:
            return None
        z, a, slope = self._bend.at(self.rounded(at).x())
        height = a if math.isfinite(a) else self.view()[1][1]
        return QPointF(z, height), f"z {shown(z)}\na {shown(a)}\nslope {shown(slope)}"

    # --- what is drawn

    def curve(self) -> Array:
        """Return the curve as it is drawn, shape (points, 2): z, a."""
        return points_of(self._curve)

    def slopes(self) -> Array:
        """Return the slopes as they are drawn, shape (points, 2): z, and the slope times `times`."""
        return points_of(self._slopes)

    @property
    def times(self) -> float:
        """How many times as high as it is the slope is drawn."""
        return self._times

    def rows(self) -> Array:
        """Return the rows' points as they are drawn, shape (points, 2): z, a."""
        return self._rows.drawn

    def tangent(self) -> Array:
        """Return both ends of the tangent as it is drawn, shape (2, 2); none where there is none."""
        return points_of(self._tangent)

    # --- events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Read the curve further left or right, from the present row's z on; Escape ends it."""
        if event.key() == Qt.Key.Key_Escape and self._under_mouse is not None:
            self._under_mouse = None
            self._tell()
        elif event.key() in STEPS and self._bend is not None:
            parts = COARSE if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else FINE
            (left, right), (bottom, _) = self.view()
            start = self._under_mouse or self._point or QPointF()
            z = start.x() + STEPS[Qt.Key(event.key())] * (right - left) / parts
            self._under_mouse = QPointF(min(max(z, left), right), bottom)
            self._tell()
            announce(self, self.read_out.text().replace("\n", ", "))
        else:
            event.ignore()  # pyqtgraph would swallow it

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the tangent's length in pixels, and the axis's name in its size."""
        super().resizeEvent(event)
        if hasattr(self, "_right"):
            self.touch(self._tangent, self._slope)
