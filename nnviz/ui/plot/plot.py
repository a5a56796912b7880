"""The base of all plots: axes with few round ticks, true minus signs, and faint grid lines.

Imports pyqtgraph, which takes 150 ms, so it is imported only after the first frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any, TypeAlias

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QFontMetricsF, QImage, QPaintEngine, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsEllipseItem, QLabel

from nnviz.core.activations import Array
from nnviz.picture.notebook import cut
from nnviz.picture.palette import Palette
from nnviz.picture.shades import Tone
from nnviz.picture.ticks import log_ticks, round_values, texts_of
from nnviz.ui.kit.controls import leave_drops
from nnviz.ui.kit.theme import px, ui_font

BAR, BAR_GAP, SPACE = 10, 10, 4
"""Pixels of the bar, between plot and bar, and between bar and numbers."""
LEAST = 30
"""Pixels for the numbers, at least."""
APART = 14
"""Pixels between two numbers, at least."""


class Scale(pg.GraphicsWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """Stands in a plot's layout, as high as the plot."""

    def __init__(self) -> None:
        super().__init__()
        self._tone = Tone(0.0, 1.0, False)
        self._levels: list[tuple[float, str]] = []
        self._palette: Palette | None = None
        self._bar = QImage()

    def show_scale(self, tone: Tone, levels: list[float], tones: NDArray[np.uint8], palette: Palette) -> None:
        """Show these tones, low at the bottom, with a number at each of `levels`."""
        self._tone, self._palette = tone, palette
        self._levels = list(zip(levels, texts_of(levels), strict=True))
        self.fit()
        column = np.ascontiguousarray(tones[::-1])
        bar = QImage(column.data, 1, len(column), 3, QImage.Format.Format_RGB888)
        self._bar = bar.convertToFormat(QImage.Format.Format_RGB32)  # with pixels of its own; the array goes
        self.update()

    def show_nothing(self) -> None:
        """Take no room."""
        self._palette = None
        self.fit()

    def fit(self) -> None:
        """Take the width that bar and numbers need in the size in use."""
        metrics = QFontMetrics(ui_font(11))
        widest = max((metrics.horizontalAdvance(text) for _, text in self._levels), default=0)
        self.setFixedWidth(BAR_GAP + BAR + SPACE + max(widest, LEAST) if self._palette else 0)

    def paint(self, painter: QPainter, *_: object) -> None:  # noqa: D102
        if self._palette is None:
            return
        bar = QRectF(BAR_GAP, 0, BAR, self.size().height())
        painter.drawImage(bar, self._bar)
        painter.setFont(ui_font(11))
        below = float("inf")
        for level, text in self._levels:
            y = bar.bottom() - bar.height() * float(self._tone.share(np.array(level)))
            painter.setPen(QPen(QColor(self._palette.surface), 1))
            painter.drawLine(QPointF(bar.left(), y), QPointF(bar.right(), y))
            if below - y < APART:
                continue
            below = y
            painter.setPen(QColor(self._palette.muted))
            room = QRectF(bar.right() + SPACE, y - 8, self.size().width(), 16)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


Stretch: TypeAlias = tuple[float, float]

FARTHEST, NARROWEST, FINEST = 5e306, 1e-290, 1e-10
"""A view ends at ± the first, is as wide as the second at least, and as the third times what it shows: beyond
that its pixels are no numbers any more, or cannot be told apart."""
LARGEST_AREA, SMALLEST_AREA = 1e307, 1e-290
"""Qt divides by what a view is wide times what it is high."""


def drawable(across: Sequence[float], up: Sequence[float]) -> tuple[Stretch, Stretch]:
    """Return the stretches from one number to another, shortened or widened to such as can be drawn."""
    (left, right), (bottom, top) = across, up
    xs = _stretch(left, right, NARROWEST, math.inf)
    width = xs[1] - xs[0]
    return xs, _stretch(bottom, top, max(NARROWEST, SMALLEST_AREA / width), LARGEST_AREA / width)


def _stretch(low: float, high: float, narrowest: float = NARROWEST, widest: float = math.inf) -> Stretch:
    low, high = (min(max(end, -FARTHEST), FARTHEST) for end in (low, high))
    least = max(narrowest, FINEST * max(abs(low), abs(high)))
    if least > widest:
        return -widest / 2, widest / 2
    width = min(max(high - low, least), widest)
    if width > high - low:
        low -= (width - (high - low)) / 2
    return low, low + width


def with_margins(low: float, high: float, below: float, above: float, least: float) -> Stretch:
    """Return a range with shares of it around it, and at both ends at least a share of what it becomes."""
    inside = least / max(1.0 - 2.0 * least, least)
    room = high - low
    return low - max(below, inside) * room, high + max(above, inside) * room


class CurveItem(pg.PlotCurveItem):  # type: ignore[misc]  # pyqtgraph has no types
    """A smooth line of so many pixels, whatever the ranges of its plot."""

    def __init__(self, **options: object) -> None:
        super().__init__(antialias=True, **options)

    def paint(self, painter: QPainter, *rest: object) -> None:
        """Paint; into an SVG in the picture's own pixels and within the plot.

        Qt would write it in the numbers of the plot, not cut off, with a line that few programs know how to
        keep as it is in another scale.
        """
        if painter.paintEngine().type() != QPaintEngine.Type.SVG:
            super().paint(painter, *rest)
            return
        pen, to_picture = QPen(self.opts["pen"]), painter.transform()
        pen.setCosmetic(False)
        room = to_picture.mapRect(painter.clipBoundingRect())
        area = [[room.left(), room.right()], [room.top(), room.bottom()]]
        painter.save()
        painter.resetTransform()
        for part in self.getPath().toSubpathPolygons(to_picture):
            points, joined = cut(_points(part), area)
            painter.strokePath(pg.arrayToQPath(*points.T, connect=joined), pen)
        painter.restore()


def _points(polygon: QPolygonF) -> Array:
    return np.array([point.toTuple() for point in polygon.toList()])


def points_of(curve: CurveItem) -> Array:
    """Return what a curve draws, shape (points, 2)."""
    x, y = curve.getData()
    return np.empty((0, 2)) if x is None else np.column_stack((x, y))


LARGEST = 308.0
"""The largest exponent of 10 that is a number; the least stands as far below 1."""
TICK_GAP, MOST = {"left": 26.0, "right": 26.0, "bottom": 64.0}, 10
"""Pixels between two ticks, at least, and about how many there are, at most."""
WISHED = QSize(240, 96)
"""Pixels that a plot asks for; it takes all that is left."""
BESIDE = 1e5
"""A curve goes on so many times its view's height beyond it, a dot is hidden: Qt ends the process at more."""
ARROW = 10.0
"""Pixels of the width and the height of an arrow."""
OFFSET = 6
"""Pixels between the plot and the texts."""
TICK_PX = 18
"""Height of the numbers below the plot, at 100 %."""
OUTSIDE = {"left": (0, 10), "right": (0, 10), "bottom": (30, 0)}
"""Pixels by which the text of the first and last tick may stand out of the axis, across and down."""

Picture: TypeAlias = tuple[list[QLineF], list[tuple[QPointF, str]]]
"""Lines, and texts with where the base line of each begins."""


class QuietAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis whose ticks are multiples of 1, 2 or 5; its values may be exponents of 10.

    `whole` keeps ticks to whole numbers, as iterations are; `grid` draws a line across the plot at each.
    """

    def __init__(self, orientation: str, label: str = "", *, whole: bool = False, grid: bool = False) -> None:
        super().__init__(orientation, maxTickLength=0)
        self.picture: Picture | None = None
        self._logarithmic = self._percent = False
        self._whole, self._text = whole, label
        self._line, self._muted, self._font = QPen(), QPen(), ui_font(11)
        self.enableAutoSIPrefix(False)
        self.setStyle(tickTextOffset=OFFSET)
        if grid:
            self.setGrid(255)

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        self.setZValue(-1)  # under the curve; a PlotItem puts its axes over it
        self._line, self._muted = QPen(QColor(palette.line)), QPen(QColor(palette.muted))
        self.set_text(self._text)

    def set_text(self, text: str) -> None:
        """Name the axis; the text is plain. It has the size in use."""
        self._text, self._font = text, ui_font(11)
        self.textHeight = px(TICK_PX)
        self.setLabel(escape(text), **{"color": self._muted.color().name(), "font-size": f"{px(11)}px"})
        self.resizeEvent()  # the name goes to the middle, where pyqtgraph puts it in another size alone

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Take the axis's values for exponents of 10 from now on, or for themselves."""
        self._logarithmic, self.picture = logarithmic, None

    def show_percent(self, percent: bool) -> None:
        """Write the axis's values as percent from now on, or as they are."""
        self._percent, self.picture = percent, None

    def ticks(self, low: float, high: float, pixels: float) -> list[tuple[float, str]]:
        """Return the values that have a tick between two others that are so far apart, and their texts."""
        count = min(max(2, int(pixels / TICK_GAP[self.orientation])), MOST)
        if self._logarithmic:
            low, high = max(low, -LARGEST), min(high, LARGEST)
        if not low < high:  # nothing is shown yet, or no number that has a tick
            return []
        if self._logarithmic:
            values = log_ticks(low, high, count)
            texts = texts_of([10.0**value for value in values])
        else:
            values = round_values(low, high, count, least=1.0 if self._whole else 0.0)
            texts = texts_of(values)
        if self._percent:
            texts = [f"{text} %" for text in texts_of([100 * value for value in values])]
        return list(zip(values, texts, strict=True))

    def paint(self, painter: QPainter, *_: object) -> None:
        """Paint lines and texts; pyqtgraph's own way takes four times as long."""
        if self.picture is None:  # so pyqtgraph says that something has changed
            self.picture = self._laid_out()
        lines, texts = self.picture
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self._line)
        painter.drawLines(lines)
        painter.setPen(self._muted)
        painter.setFont(self._font)
        for place, text in texts:
            painter.drawText(place, text)

    def _laid_out(self) -> Picture:
        """Return what is to be painted at the present range and size."""
        lines, texts = self._across() if self.orientation == "bottom" else self._up()
        return lines if self.grid else [], texts

    def _up(self) -> Picture:
        metrics, size, (low, high) = QFontMetricsF(self._font), self.size(), self.range
        lines, texts, widest = [], [], 0.0
        for value, text in self.ticks(low, high, size.height()):
            y, width = (high - value) / (high - low) * size.height(), metrics.horizontalAdvance(text)
            lines.append(QLineF(size.width(), y, size.width() + self.linkedView().width(), y))
            texts.append((QPointF(size.width() - OFFSET - width, y + metrics.capHeight() / 2), text))
            widest = max(widest, width)
        self._updateMaxTextSize(widest)
        return lines, texts

    def _across(self) -> Picture:
        """Return the texts, but none that would touch the one before it or stand out of the plot."""
        metrics, size, (low, high) = QFontMetricsF(self._font), self.size(), self.range
        room = self.mapRectFromScene(QRectF(self.getViewWidget().rect()))
        texts, free = [], room.left()
        for value, text in self.ticks(low, high, size.width()):
            width = metrics.horizontalAdvance(text)
            x = (value - low) / (high - low) * size.width() - width / 2
            if free <= x and x + width <= room.right():
                texts.append((QPointF(x, OFFSET + metrics.ascent()), text))
                free = x + width + OFFSET
        return [], texts

    def boundingRect(self) -> QRectF:  # noqa: D102
        across, down = OUTSIDE[self.orientation]
        inside: QRectF = super().boundingRect()
        return inside.adjusted(-across, -down, across, down)

    def mouseDragEvent(self, event: object) -> None:
        """Leave dragging to the plot."""


class Plot(pg.PlotWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A quiet plot with an axis below and one at the left; whoever draws in it sets its ranges."""

    def __init__(self, bottom: QuietAxis, left: QuietAxis) -> None:
        super().__init__(axisItems={"bottom": bottom, "left": left}, enableMenu=False)
        self._bottom, self._left = bottom, left
        self.density: float | None = None
        """Device pixels on a side of a pixel; None for those of the screen."""
        for side in ("top", "right"):  # hidden, they would still follow every range
            self.getAxis(side).unlinkFromView()
        leave_drops(self)
        self.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self.setAntialiasing(True)
        self.hideButtons()
        self.destroyed.connect(self.plotItem.ctrlMenu.deleteLater)  # is made all the same
        self.plotItem.vb.disableAutoRange()
        self.plotItem.layout.setContentsMargins(0, 7, 14, 0)  # room for half of the outermost numbers
        self.read_out = QLabel(self, textFormat=Qt.TextFormat.PlainText)
        self.read_out.setObjectName("readout")
        self.read_out.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.read_out.hide()

    def set_palette(self, palette: Palette) -> None:
        """Take the colours of a theme."""
        self.setBackground(palette.surface)
        for axis in (self._bottom, self._left):
            axis.set_palette(palette)
        self.read_out.setFont(ui_font(11.5))

    def settle(self) -> None:
        """Give the axes the room that their numbers take, which is known once these have been painted."""
        for _ in range(2):  # with other room there may be other numbers
            self.grab()
            self.plotItem.layout.activate()

    def bring_back(self) -> None:
        """Show what was hidden, with the room for the axes, which take none when they are named meanwhile."""
        if not self.plotItem.isVisible():
            self.plotItem.show()
            for axis in (self._bottom, self._left):
                axis.show()

    def add(self, item: pg.GraphicsObject | QGraphicsEllipseItem, z: float) -> None:
        """Draw `item` in the plot, over what has a lower `z`."""
        self.plotItem.vb.addItem(item, ignoreBounds=True)
        item.setZValue(z)

    def pen(self, colour: str | QColor, width: float = 2.0) -> QPen:
        """Return a pen of so many pixels; pyqtgraph counts the device's, which are more on a dense screen."""
        pen: QPen = pg.mkPen(colour, width=width * self._ratio)
        return pen

    @property
    def _ratio(self) -> float:
        return self.density or self.devicePixelRatioF()

    def device_pixel(self) -> float:
        """Return how much of the plot a pixel of the device is across."""
        return self.pixel()[0] / self._ratio

    def look(self, across: Sequence[float], up: Sequence[float]) -> None:
        """Show what lies from one number to another, across and up, as far as that can be drawn."""
        xs, ys = drawable(across, up)
        self.plotItem.vb.setRange(xRange=xs, yRange=ys, padding=0)

    def pixel(self) -> tuple[float, float]:
        """Return how much of the plot a pixel is, across and up."""
        box = self.plotItem.vb
        (left, right), (bottom, top) = self.view()
        return (right - left) / max(box.width(), 1.0), (top - bottom) / max(box.height(), 1.0)

    def sizeHint(self) -> QSize:
        """Ask for little: pyqtgraph asks for 600 × 480, and a panel would scroll to it."""
        return WISHED

    def in_reach(self, heights: Array) -> Array:
        """Return heights of a curve, those far out of view not quite so far."""
        bottom, top = self.view()[1]
        far = BESIDE * (top - bottom)
        return np.clip(heights, bottom - far, top + far)

    def put(self, dot: DotItem, x: float, y: float) -> None:
        """Put a dot there; nowhere where a coordinate is not finite or far out of view."""
        there = all(
            abs(value - low) <= BESIDE * (high - low)
            for value, (low, high) in zip((x, y), self.view(), strict=True)
        )
        dot.setVisible(there)
        if there:
            dot.setPos(x, y)

    def view(self) -> list[list[float]]:
        """Return what is shown: [[x from, to], [y from, to]]; y as an exponent where it is logarithmic."""
        ranges: list[list[float]] = self.plotItem.vb.viewRange()
        return ranges

    def place_of(self, x: float, y: float) -> QPointF:
        """Return where a point of the plot stands in this widget, in pixels."""
        return QPointF(self.mapFromScene(self.plotItem.vb.mapViewToScene(QPointF(x, y))))

    def viewportEvent(self, event: QEvent) -> bool:
        """Say what the mouse and keys do where nothing is read out, which a tooltip would cover."""
        if event.type() == QEvent.Type.ToolTip and self.read_out.isVisible():
            return True
        return bool(super().viewportEvent(event))

    def read(self, point: QPointF, text: str) -> None:
        """Read `point` out, in the upper corner that is away from it."""
        self.read_out.setText(text)
        self.read_out.adjustSize()
        area, place = self.plotItem.vb.sceneBoundingRect(), self.plotItem.vb.mapViewToScene(point)
        at_right = place.x() > area.center().x() and place.y() < area.center().y()
        left = area.left() + 6 if at_right else area.right() - 6 - self.read_out.width()
        self.read_out.move(round(left), round(area.top() + 4))
        self.read_out.show()


class DotItem(QGraphicsEllipseItem):
    """A round mark of so many pixels, whatever the ranges; pyqtgraph's scatter takes ten times as long."""

    def __init__(self, size: float) -> None:
        super().__init__(-size / 2, -size / 2, size, size)
        self.setFlag(QGraphicsEllipseItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.hide()

    def paint(self, painter: QPainter, *rest: Any) -> None:
        """Paint; into an SVG, where Qt cuts nothing off, only what stands in the plot."""
        svg = painter.paintEngine().type() == QPaintEngine.Type.SVG
        if not svg or painter.clipBoundingRect().contains(self.rect().center()):
            self._draw(painter, *rest)

    def _draw(self, painter: QPainter, *rest: Any) -> None:
        super().paint(painter, *rest)


class Arrow(DotItem):
    """A mark that points up to the edge of a plot, where a curve leaves it."""

    def __init__(self) -> None:
        super().__init__(ARROW)
        self.setRect(-ARROW / 2, 1.0, ARROW, ARROW)
        self.setPen(QPen(Qt.PenStyle.NoPen))

    def _draw(self, painter: QPainter, *rest: Any) -> None:
        box = self.rect()
        painter.setPen(self.pen())
        painter.setBrush(self.brush())
        painter.drawPolygon([QPointF(box.center().x(), box.top()), box.bottomLeft(), box.bottomRight()])
