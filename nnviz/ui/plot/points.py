"""A plot with a movable point, and points for the rows of data.

Importing pyqtgraph takes 150 ms, so this module is imported after the window's first frame.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QGraphicsItem, QWidget

from nnviz.core.activations import Array
from nnviz.picture.scales import Pixels
from nnviz.ui.kit.controls import announce
from nnviz.ui.kit.number_field import nudge_size
from nnviz.ui.kit.theme import colours, ui_font
from nnviz.ui.plot.plot import CENTRE, CurveItem, DotItem, Interval, Plot, QuietAxis, Scale, is_on

SHORT = 22
"""Longer names in a readout are shortened to this number of characters."""
PLOT_PX = 110
"""Smallest height of a plot without a map, in pixels, if the window's contents have normal size (100 %)."""
TANGENT_PX = 44.0
"""Length of a tangent on each side of the movable point, in pixels."""
ARROWS = {Qt.Key.Key_Left: (-1, 0), Qt.Key.Key_Right: (1, 0), Qt.Key.Key_Down: (0, -1), Qt.Key.Key_Up: (0, 1)}


class PointPlot(Plot):
    """A plot with named axes and a point that mouse and keys can move.

    =============== =======================================================================================
    `point_moved`   emitted when the mouse moves the point, with the point's new rounded (x, y)
    `point_nudged`  emitted for an arrow key, with steps right, steps up, and step size "0.1", "1" or "0.01"
    `gesture_ended` emitted when the next change must be an undo entry of its own
    =============== =======================================================================================
    """

    point_moved = Signal(float, float)
    point_nudged = Signal(object, object, str)
    gesture_ended = Signal()

    def __init__(self, *, grid: bool, point: float = 11, whole: str = "") -> None:
        """Make a plot with horizontal lines if `grid`. `whole` names an axis without fractions, or is ""."""
        left = QuietAxis("left", grid=grid, whole=whole == "left")
        super().__init__(QuietAxis("bottom", whole=whole == "bottom"), left)
        self._names = ("", "")
        self._hold: QPointF | None = None
        self._point: QPointF | None = None
        self._under_mouse: QPointF | None = None
        self.box.setMouseEnabled(False, False)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self._slope = math.nan
        self.tangent, self._present = CurveItem(), DotItem(point)
        self.add(10, self.tangent, self._present)

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.tangent.setPen(self.pen(colours().slope))
        self.colour_point()

    def name_axes(self, bottom: str, left: str) -> None:
        """Name the axes; a name that is longer than its axis is shortened."""
        if (bottom, left) != self._names:
            self._names = (bottom, left)
            self._write_names()

    def show_present(self, x: float, y: float, slope: float = math.nan) -> None:
        """Put the movable point at the current values (x, y), and draw a tangent of this slope through it.

        Hide the point if x or y is infinite or NaN. Draw no tangent if the slope is infinite or NaN.
        """
        self._point = QPointF(x, y) if math.isfinite(x) and math.isfinite(y) else None
        self._slope = slope
        self.place_dot(self._present, x, y)
        self._draw_tangent()
        self._update_readout()

    def _draw_tangent(self) -> None:
        if self._point is None or not math.isfinite(self._slope):
            self.tangent.setData([], [])
            return
        across, up = self.pixel()
        half = TANGENT_PX / math.hypot(1 / across, self._slope / up)
        x, y, rise = self._point.x(), self._point.y(), half * self._slope
        self.tangent.setData([x - half, x + half], [y - rise, y + rise])

    def read_near(self, at: QPointF) -> tuple[QPointF, str] | None:
        """Return the point to describe when the mouse is at the plot point `at`, and its description.

        Return None if there is nothing to describe.
        """
        return None

    def can_move_point(self) -> bool:
        """Return whether the mouse and keys may move the point."""
        return self._point is not None

    def _update_readout(self) -> None:
        """Read out the point under the mouse, or hide the readout."""
        point = self.read_near(self._under_mouse) if self._under_mouse is not None else None
        if point is None:
            self.readout.hide()
        else:
            self.show_readout(*point)

    def round_point(self, at: QPointF) -> QPointF:
        """Return the plot point `at`, moved into the view if it lies outside.

        The coordinates are rounded to the digits that a pixel can show.
        """
        rounded = []
        for value, (low, high), pixel in zip((at.x(), at.y()), self.view(), self.pixel(), strict=True):
            digits = -math.floor(math.log10(pixel))
            rounded.append(round(min(max(value, low), high), digits) + 0.0)
        return QPointF(*rounded)

    def _write_names(self) -> None:
        area, metrics = self.box.sceneBoundingRect(), QFontMetrics(ui_font(11))
        axes = (self.bottom, self.left)
        for axis, name, room in zip(axes, self._names, (area.width(), area.height()), strict=True):
            axis.set_text(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, max(60, int(room))))

    def colour_point(self) -> None:  # noqa: D102
        self._present.set_colours(colours().surface, self.focus_pen())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab the movable point, or move it to the mouse."""
        if event.button() != Qt.MouseButton.LeftButton or not self.can_move_point():
            event.ignore()
            return
        at, point = event.position(), self._point
        is_grabbed = point is not None and is_on(at, self.place_of(point.x(), point.y()))
        self._hold = point - self.point_at(at) if point is not None and is_grabbed else QPointF()
        self.gesture_ended.emit()
        if not is_grabbed:
            self._move(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag the movable point, and describe the point under the mouse."""
        if not event.buttons():
            self._release()  # a message box may have received the release
        if self._hold is not None:
            self._move(event)
        at = event.position()
        self._under_mouse = self.point_at(at) if self.is_inside(at) else None
        self._update_readout()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag of the movable point."""
        self._release()

    def _release(self) -> None:
        if self._hold is not None:
            self._hold = None
            self.gesture_ended.emit()

    def _move(self, event: QMouseEvent) -> None:
        assert self._hold is not None
        at = self.point_at(event.position()) + self._hold
        if math.isfinite(at.x()) and math.isfinite(at.y()):
            to = self.round_point(at)
            self.point_moved.emit(to.x(), to.y())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Ignore the wheel, which scrolls the panels."""
        event.ignore()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the movable point by an arrow key: by 0.1, with Shift by 1, with Alt by 0.01."""
        if event.key() in ARROWS and self.can_move_point():
            self._under_mouse = None  # a readout would cover the point
            self.point_nudged.emit(*ARROWS[Qt.Key(event.key())], nudge_size(event.modifiers()))
        else:
            event.ignore()  # pyqtgraph would swallow it

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Mark the movable point while arrow keys can move it."""
        super().focusInEvent(event)
        self.gesture_ended.emit()

    def leaveEvent(self, event: QEvent) -> None:
        """Hide the description of the point under the mouse."""
        super().leaveEvent(event)
        self._under_mouse = None
        self._update_readout()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the names of the axes and the marks to the new size."""
        super().resizeEvent(event)
        if hasattr(self, "_present"):
            self._write_names()
            self.place_marks()

    def place_marks(self) -> None:
        """Draw again the marks that depend on the size of a pixel: the tangent, whose length is fixed."""
        self._draw_tangent()


class ReadPlot(PointPlot):
    """A plot that mouse and keys only read: its point cannot be moved.

    The arrow keys move the readout, which starts at the marked point, and Escape hides the readout. `tip` is
    the tooltip.
    """

    tip: str

    def __init__(self, *, grid: bool, whole: str = "") -> None:
        super().__init__(grid=grid, whole=whole)
        self.setMinimumHeight(PLOT_PX)
        self.setToolTip(self.tip)

    def can_move_point(self) -> bool:
        """Return False."""
        return False

    @abstractmethod
    def place_after(self, start: QPointF, right: int, up: int) -> QPointF | None:
        """Return the place to read next, `right` and `up` steps from `start`, or None if there is none."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the readout with the arrow keys. Escape hides the readout."""
        start = self._under_mouse or self._point or QPointF()
        if event.key() == Qt.Key.Key_Escape and self._under_mouse is not None:
            self._under_mouse = None
            self._update_readout()
        elif event.key() in ARROWS and (to := self.place_after(start, *ARROWS[Qt.Key(event.key())])):
            self._under_mouse = to
            self._update_readout()
            announce(self, self.readout.text().replace("\n", ", "))
        else:
            event.ignore()  # pyqtgraph would swallow it


STALE = 0.35
"""Opacity of curves and maps that belong to an earlier State."""


class MapPlot(PointPlot):
    """A plot with a movable point on a line, or on a colour map with lines and a colour scale beside it.

    `image` is the map, `line` the line or lines, and `bar` the scale. `faded` are the items that `set_stale`
    fades.
    """

    def __init__(self, *, grid: bool, point: float = 11) -> None:
        super().__init__(grid=grid, point=point)
        self.image, self.line = FineImage(axisOrder="row-major"), CurveItem(connect="finite")
        self.bar = Scale()
        self.faded: list[QGraphicsItem] = [self.image, self.line]
        self.add(0, *self.faded)
        self.centralLayout.setContentsMargins(0, 7, 0, 0)
        self.centralLayout.addItem(self.bar, CENTRE[0], 3)

    def restyle(self) -> None:  # noqa: D102
        super().restyle()
        self.bar.fit()

    def show_image(self, pixels: Pixels, across: Interval, up: Interval) -> None:
        """Show a map of RGBA `pixels`, shape (up, across, 4), over the ranges `across` and `up`."""
        self.image.setImage(pixels, levels=None, autoDownsample=False)
        self.image.setRect(QRectF(across[0], up[0], across[1] - across[0], up[1] - up[0]))
        self.image.show()

    def hide_image(self) -> None:
        """Hide the map and its scale."""
        self.image.hide()
        self.bar.show_nothing()

    def set_stale(self, stale: bool) -> None:
        """Fade map and lines if they show an earlier State (`stale`), else draw them normally."""
        for item in self.faded:
            item.setOpacity(STALE if stale else 1.0)


class FineImage(pg.ImageItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An image that is drawn smoothly if its pixels are larger than the screen's pixels."""

    def paint(self, painter: QPainter, *rest: object) -> None:  # noqa: D102
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        super().paint(painter, *rest)


def contours(across: Array, up: Array, heights: Array, levels: Iterable[float]) -> Array:
    """Return the lines at which `heights`, shape (up, across), have one of `levels`.

    The result has shape (points, 2): x, y. NaN separates two lines.
    """
    import contourpy

    if min(heights.shape) < 2:
        return np.empty((0, 2))
    line_type, gap = contourpy.LineType.ChunkCombinedNan, np.full((1, 2), np.nan)
    found = contourpy.contour_generator(
        across, up, np.ma.masked_invalid(heights), name="serial", line_type=line_type
    )
    lines = [gap]
    for level in levels:
        if (points := found.lines(level)[0][0]) is not None:
            lines += [points, gap]
    return np.concatenate(lines)


class MarksItem(pg.ScatterPlotItem):  # type: ignore[misc]  # pyqtgraph has no types
    """Marks of a fixed size in pixels, at first without outlines. For export, each mark is a shape."""

    def __init__(self, size: float) -> None:
        super().__init__(size=size, pen=None)

    def mouseClickEvent(self, event: pg.GraphicsScene.mouseEvents.MouseClickEvent) -> None:
        """Leave the click to the plot."""
        event.ignore()

    def boundingRect(self) -> QRectF:
        """Return the view, since the bounds of points can be too large for Qt."""
        area: QRectF | None = self.viewRect()
        return QRectF() if area is None else area

    def paint(self, painter: QPainter, option: object, widget: QWidget | None) -> None:  # noqa: D102
        self.opts["useCache"] = widget is not None  # in an SVG, Qt would write the cache as pixels
        super().paint(painter, option, widget)
        self.opts["useCache"] = True
