"""The picture of a function: a map or curves, the rows, and the point that is tried out.

Knows nothing of the document. Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPen

from nnviz.core.activations import Array
from nnviz.core.function import Picture, Span
from nnviz.picture.palette import Palette
from nnviz.picture.shades import Pixels
from nnviz.picture.ticks import round_values
from nnviz.picture.tone import Tone
from nnviz.ui.function.marks import Marks
from nnviz.ui.function.rows import Rows
from nnviz.ui.plots.curve import Curve, points_of
from nnviz.ui.plots.drawable import drawable
from nnviz.ui.plots.plot import Dot
from nnviz.ui.plots.point_plot import PointPlot
from nnviz.ui.plots.scale import Scale

MOST_CURVES = 10
"""Of more outputs than these no curves are drawn at once."""
LEVELS = 5
"""About so many numbers beside the tones."""
RING, POINT = 15, 11
"""Pixels across the ring around the row on the diagram, and across the free row's point."""
BESIDE = 14
"""Pixels for half of the outermost numbers, where no scale stands at the right."""
TIP = (
    "Click or drag: the point becomes the free row on the diagram, which is not stored. "
    "Arrows move it by 0.1, Shift 1, Alt 0.01; Enter keeps it as a row, Escape leaves it"
)


class FunctionPlane(PointPlot):
    """Draws what it is given.

    ======== =======================================================================
    `kept`   the point is wished as a row of the data
    `left`   the point is not wished any more
    `resized` there are more or fewer pixels
    `reader` returns the point to read out near another one, and the words; or None
    ======== =======================================================================
    """

    kept = Signal()
    left = Signal()
    resized = Signal()

    def __init__(self, palette: Palette) -> None:
        self._free = False
        super().__init__(palette, grid=True, point=RING)
        self.setAccessibleName("Picture of the function")
        self.setToolTip(TIP)
        self.reader: Callable[[QPointF], tuple[QPointF, str] | None] = lambda _: None
        self.picture: Picture | None = None
        self._image = FineImage(axisOrder="row-major")
        self._line, self._error = (Curve(connect="finite") for _ in range(2))
        self._curves = [Curve(connect="finite") for _ in range(MOST_CURVES)]
        self.marks = Marks()
        self._around = Dot(RING)
        items = (self._image, self._line, *self._curves, self._error, self.marks)
        for z, item in enumerate((*items, self._around)):
            self.add(item, z * 0.1)
        self._stale = False
        self.plotItem.vb.sigResized.connect(self.resized)
        self._scale = Scale()
        self._scale_of: tuple[object, ...] = ()
        self.plotItem.layout.addItem(self._scale, 2, 3)  # beside the plot itself, which is at (2, 1)
        self.set_palette(palette)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        super().set_palette(palette)
        self._scale.fit()
        self._line.setPen(self.pen(palette.ink))
        self._error.setPen(self.pen(palette.error, 1.5))
        self._around.setPen(QPen(QColor(palette.surface), 5))
        self._around.setBrush(Qt.BrushStyle.NoBrush)

    # --- what is drawn

    @property
    def pixels(self) -> tuple[int, int]:
        """How many pixels of the screen the plot has, across and up."""
        box, ratio = self.plotItem.vb, self.density or self.devicePixelRatioF()
        return max(2, math.ceil(box.width() * ratio)), max(2, math.ceil(box.height() * ratio))

    def show_map(
        self, picture: Picture, pixels: Pixels, line: Array, tone: Tone | None, tones: Pixels
    ) -> None:
        """Draw a function of two inputs: its pixels, and the line where the decision changes.

        `tone`: what the tones mean; None where each hue is a class.
        """
        self._begin(picture)
        (left, right), (bottom, top) = drawable(*picture.section.spans)
        self._image.setImage(pixels, levels=None, autoDownsample=False)
        self._image.setRect(QRectF(left, bottom, right - left, top - bottom))
        self._image.show()
        self._line.setData(line[:, 0], line[:, 1])
        self._show_scale(tone, tones)
        self.look(*picture.section.spans)

    def show_curves(self, picture: Picture, outputs: Sequence[int], colours: Sequence[str], up: Span) -> None:
        """Draw some outputs as functions of one input."""
        self._begin(picture)
        self._image.hide()
        self._show_scale(None, None)
        self.look(picture.section.spans[0], up)
        for curve, output, colour in zip(self._curves, outputs, colours, strict=False):
            heights = picture.prediction[:, output]
            curve.setPen(self.pen(colour))
            curve.setData(picture.values[0], self.in_reach(np.where(np.isfinite(heights), heights, np.nan)))

    def show_diagonal(self, across: Span, up: Span) -> None:
        """Draw where a prediction is what its target is."""
        self._begin(None)
        self._image.hide()
        self._show_scale(None, None)
        self.look(across, up)
        low, high = min(across[0], up[0]), max(across[1], up[1])
        self._line.setData([low, high], [low, high])

    def show_rows(self, rows: Rows) -> None:
        """Mark rows."""
        palette = self._palette
        self.marks.show_rows(rows, palette.ink if rows.toned else palette.muted, palette.surface)

    def show_row(self, x: float, y: float, *, free: bool, target: float = math.nan) -> None:
        """Ring the row on the diagram, or put the free one there; from it a line goes to its `target`."""
        if free != self._free:
            self._free, size = free, POINT if free else RING
            self._colour_point()
            self._present.setRect(-size / 2, -size / 2, size, size)
        there = math.isfinite(x) and math.isfinite(y) and math.isfinite(target)
        self._error.setData([x, x] if there else [], self.in_reach(np.array([y, target])) if there else [])
        self.put(self._around, math.nan if free else x, y)
        self.show_present(x, y)

    def stale(self, stale: bool) -> None:
        """Make the picture faint: it is of other numbers than the present ones."""
        if stale != self._stale:
            self._stale = stale
            items: tuple[pg.GraphicsObject, ...] = (self._image, self._line, *self._curves)
            for item in items:
                item.setOpacity(0.4 if stale else 1.0)

    def _begin(self, picture: Picture | None) -> None:
        self.bring_back()
        self.picture = picture
        for curve in (self._line, *self._curves):
            if len(points_of(curve)):
                curve.setData([], [])

    def _show_scale(self, tone: Tone | None, tones: Pixels | None) -> None:
        """Show what the tones mean, or leave no room for it."""
        shown = tone, id(tones), self._palette
        if shown == self._scale_of:
            return
        self._scale_of = shown
        if tone is None or tones is None:
            self._scale.show_nothing()
            self.plotItem.layout.setContentsMargins(0, 7, BESIDE, 0)
            return
        self.plotItem.layout.setContentsMargins(0, 7, 0, 0)
        levels = round_values(tone.low, tone.high, LEVELS)
        self._scale.show_scale(tone, levels, tones, self._palette)

    # --- what tests and screen readers ask

    def line(self) -> Array:
        """Return the decision line, or the diagonal, as it is drawn, shape (points, 2); NaN in its gaps."""
        return points_of(self._line)

    def curve(self, place: int = 0) -> Array:
        """Return a curve as it is drawn, shape (points, 2)."""
        return points_of(self._curves[place])

    def colour_at(self, x: float, y: float) -> tuple[int, ...]:
        """Return the colour of the map there: red, green, blue, alpha."""
        assert self.picture is not None
        image = self._image.image
        (left, right), (bottom, top) = self.picture.section.spans
        column = min(int((x - left) / (right - left) * image.shape[1]), image.shape[1] - 1)
        row = min(int((y - bottom) / (top - bottom) * image.shape[0]), image.shape[0] - 1)
        return tuple(int(part) for part in image[row, column])

    # --- mouse and keys

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:  # noqa: D102
        return self.reader(at)

    def takes_point(self) -> bool:  # noqa: D102
        return bool(self.plotItem.isVisible())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the point by arrow keys; Enter keeps the free row, Escape leaves it."""
        if self._free and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.kept.emit()
        elif self._free and event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def _colour_point(self) -> None:
        super()._colour_point()
        if self._free:
            self._present.setBrush(QColor(self._palette.accent))
            self._present.setPen(
                QPen(QColor(self._palette.ink if self.hasFocus() else self._palette.surface), 2)
            )
        else:
            self._present.setBrush(Qt.BrushStyle.NoBrush)


class FineImage(pg.ImageItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An image whose pixels are blended where they are larger than the screen's."""

    def paint(self, painter: QPainter, *rest: object) -> None:  # noqa: D102
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        super().paint(painter, *rest)
