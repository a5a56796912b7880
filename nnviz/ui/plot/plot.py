"""The base of all plots: axes with a few round ticks, true minus signs and faint grid lines.

Importing pyqtgraph takes 150 ms, so this module is imported after the window's first frame.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import TypeAlias

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetrics,
    QFontMetricsF,
    QImage,
    QPaintEngine,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import QGraphicsEllipseItem, QGraphicsItem, QGraphicsView, QLabel

from nnviz.core.activations import Array
from nnviz.picture.scales import Tone, clip_curve, log_ticks, round_ticks, tick_texts
from nnviz.ui.kit.card import STYLE_EVENTS
from nnviz.ui.kit.controls import ignore_drops
from nnviz.ui.kit.theme import colours, px, ui_font

BAR_WIDTH, BAR_GAP, TEXT_GAP = 10, 10, 4
"""Pixels. BAR_WIDTH: width of a colour bar. BAR_GAP: gap left of the bar. TEXT_GAP: gap right of the bar."""
LEAST_TEXT, EMPTY_WIDTH = 30, 14
"""Pixels. LEAST_TEXT: least width of the space for the numbers beside a colour bar.

EMPTY_WIDTH: width of a scale without a bar, for half of the outermost number of the axis below.
"""
NUMBERS_APART = 14
"""Least vertical distance between two numbers beside a colour bar, in pixels."""


class Scale(pg.GraphicsWidget):  # type: ignore[misc]  # pyqtgraph has no types
    """A colour scale beside a plot, as high as the plot."""

    def __init__(self) -> None:
        super().__init__()
        self._tone = Tone(0.0, 1.0, False)
        self._levels: list[tuple[float, str]] = []
        self._bar: QImage | None = None
        self.fit()

    def show_scale(self, tone: Tone, levels: list[float], tones: NDArray[np.uint8]) -> None:
        """Show a bar of the RGB colours `tones`, lowest first, with the numbers `levels` beside the bar."""
        self._tone, self._levels = tone, list(zip(levels, tick_texts(levels), strict=True))
        column = np.ascontiguousarray(tones[::-1])
        bar = QImage(column.data, 1, len(column), 3, QImage.Format.Format_RGB888)
        self._bar = bar.convertToFormat(QImage.Format.Format_RGB32)  # a copy: the array is freed
        self.fit()
        self.update()

    def show_nothing(self) -> None:
        """Hide the scale."""
        self._bar = None
        self.fit()

    def fit(self) -> None:
        """Set the width so that the bar and its numbers fit at the current interface size."""
        metrics = QFontMetrics(ui_font(11))
        widest = max((metrics.horizontalAdvance(text) for _, text in self._levels), default=0)
        width = BAR_GAP + BAR_WIDTH + TEXT_GAP + max(widest, LEAST_TEXT)
        self.setFixedWidth(width if self._bar else EMPTY_WIDTH)

    def paint(self, painter: QPainter, *_: object) -> None:  # noqa: D102
        if self._bar is None:
            return
        bar = QRectF(BAR_GAP, 0, BAR_WIDTH, self.size().height())
        painter.drawImage(bar, self._bar)
        painter.setFont(ui_font(11))
        below = float("inf")
        for level, text in self._levels:
            y = bar.bottom() - bar.height() * float(self._tone.share(np.array(level)))
            painter.setPen(QPen(QColor(colours().surface), 1))
            painter.drawLine(QPointF(bar.left(), y), QPointF(bar.right(), y))
            if below - y < NUMBERS_APART:
                continue
            below = y
            painter.setPen(QColor(colours().muted))
            room = QRectF(bar.right() + TEXT_GAP, y - 8, self.size().width(), 16)
            painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)


Interval: TypeAlias = tuple[float, float]

LARGEST_COORDINATE, LEAST_WIDTH, LEAST_WIDTH_SHARE = 5e306, 1e-290, 1e-10
"""LARGEST_COORDINATE: largest coordinate in a view. LEAST_WIDTH: least width of the x or y range.

LEAST_WIDTH_SHARE: least ratio of width to largest coordinate. Otherwise, pixels overflow or coincide.
"""
LARGEST_AREA, SMALLEST_AREA = 1e307, 1e-290
"""Largest and smallest product of a view's width and height. Qt divides by this product."""


def drawable_ranges(across: Sequence[float], up: Sequence[float]) -> tuple[Interval, Interval]:
    """Return a view's ranges, shortened or widened until Qt can draw them.

    `across` and `up` are the [low, high] of the x axis and of the y axis.
    """
    (left, right), (bottom, top) = across, up
    xs = _limit(left, right, LEAST_WIDTH, math.inf)
    width = xs[1] - xs[0]
    return xs, _limit(bottom, top, max(LEAST_WIDTH, SMALLEST_AREA / width), LARGEST_AREA / width)


def _limit(low: float, high: float, narrowest: float = LEAST_WIDTH, widest: float = math.inf) -> Interval:
    low, high = (min(max(end, -LARGEST_COORDINATE), LARGEST_COORDINATE) for end in (low, high))
    least = max(narrowest, LEAST_WIDTH_SHARE * max(abs(low), abs(high)))
    if least > widest:
        return -widest / 2, widest / 2
    width = min(max(high - low, least), widest)
    if width > high - low:
        low -= (width - (high - low)) / 2
    return low, low + width


def add_margins(low: float, high: float, below: float, above: float, least: float) -> Interval:
    """Return the range from `low` to `high`, widened by a margin at each end.

    The margins are the shares `below` and `above` of the old range, but at least the share `least` of the new
    range.
    """
    inside = least / max(1.0 - 2.0 * least, least)
    room = high - low
    return low - max(below, inside) * room, high + max(above, inside) * room


class CurveItem(pg.PlotCurveItem):  # type: ignore[misc]  # pyqtgraph has no types
    """A smooth line whose width in pixels does not depend on the ranges of its plot.

    In an SVG, a line with a brush is filled as a polygon.
    """

    def __init__(self, **options: object) -> None:
        super().__init__(antialias=True, **options)

    @property
    def points(self) -> Array:
        """The drawn points, shape (points, 2): x, y; empty if the line is hidden."""
        x, y = self.getData()
        return np.empty((0, 2)) if x is None or not self.isVisible() else np.column_stack((x, y))

    def paint(self, painter: QPainter, *rest: object) -> None:
        """Paint the line. In an SVG, paint in the picture's pixels and clip the line to the plot.

        Qt itself would write unclipped plot coordinates, with a line width that few programs scale correctly.
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
            points, joined = clip_curve(np.array([point.toTuple() for point in part.toList()]), area)
            path = pg.arrayToQPath(*points.T, connect=joined)
            if self.opts["brush"]:
                painter.fillPath(path, self.opts["brush"])
            painter.strokePath(path, pen)
        painter.restore()


LARGEST_EXPONENT = 308.0
"""Ticks of a logarithmic axis lie between 10⁻³⁰⁸ and 10³⁰⁸: larger powers of 10 are infinite."""
TICK_GAP, MOST_TICKS = {"left": 26.0, "right": 26.0, "bottom": 64.0}, 10
"""TICK_GAP: least gap between two ticks, in pixels. MOST_TICKS: largest number of ticks, approximately."""
SIZE_HINT = QSize(240, 96)
"""Preferred size of a plot, in pixels. In a layout, the plot grows into all free space."""
FARTHEST_OUTSIDE = 1e5
"""Largest distance of curves from the view, as a multiple of the view's size. Qt aborts beyond."""
GRAB_PX = 10.0
"""Largest distance between the mouse and a point of a plot at which the mouse is on the point, in pixels."""
OFFSET = 6
"""Space between an axis and its tick texts, in pixels."""
TICK_PX = 18
"""Height of the tick texts below the plot, in pixels at interface size 100 %."""
TITLE_PX = 18
"""Height of the line of text above a plot, in pixels at interface size 100 %."""
CENTRE, AROUND = (1, 1), {"left": (1, 0), "right": (1, 2), "bottom": (2, 1)}
"""Row and column of the box in a plot's grid, and of the axes around it. A title may be above the box."""
OUTSIDE = {"left": (0, 10), "right": (0, 10), "bottom": (30, 0)}
"""Pixels by which tick texts may extend beyond each axis: (left and right, above and below)."""

AxisPicture: TypeAlias = tuple[list[QLineF], list[tuple[QPointF, str]]]
"""Grid lines of an axis, and texts at its ticks. Each text is a pair: left end of its baseline, text."""


def is_on(place: QPointF, point: QPointF) -> bool:
    """Return whether the mouse at `place` is on a point at `point`; both are positions in pixels."""
    offset = place - point
    return math.hypot(offset.x(), offset.y()) <= GRAB_PX


class QuietAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis with a few ticks at round numbers. On a logarithmic axis, the values are exponents of 10.

    If `whole` is true, all ticks are whole numbers. If `grid` is true, each tick has a grid line. `colour` is
    the role of the texts' colour in the palette. The plot draws each value multiplied by `times`, plus
    `shift`; the texts show the value itself.
    """

    times, shift = 1.0, 0.0

    def __init__(
        self,
        orientation: str,
        label: str = "",
        *,
        whole: bool = False,
        grid: bool = False,
        colour: str = "muted",
    ) -> None:
        super().__init__(orientation, maxTickLength=0)
        self.picture: AxisPicture | None = None
        self._logarithmic = self._percent = False
        self.whole, self._text, self._colour = whole, label, colour
        self.enableAutoSIPrefix(False)
        self.setStyle(tickTextOffset=OFFSET)
        if grid:
            self.setGrid(255)

    def restyle(self) -> None:
        """Use the colours of the theme, and the interface size."""
        self._line, self._pen = (QPen(QColor(getattr(colours(), role))) for role in ("line", self._colour))
        self._font = ui_font(11)
        self.set_text(self._text)

    def set_text(self, text: str) -> None:
        """Name the axis with a plain text."""
        self._text = text
        self.textHeight = px(TICK_PX)
        self.setLabel(escape(text), **{"color": self._pen.color().name(), "font-size": f"{px(11)}px"})
        self.resizeEvent()  # centres the name; pyqtgraph does so only after a resize

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Set whether the axis's values are exponents of 10."""
        self._logarithmic, self.picture = logarithmic, None

    def show_percent(self, percent: bool) -> None:
        """Set whether the axis shows its values as percent."""
        self._percent, self.picture = percent, None

    def ticks(self, low: float, high: float, pixels: float) -> list[tuple[float, str]]:
        """Return the ticks between `low` and `high` as (value, text); the axis is `pixels` long."""
        count = min(max(2, int(pixels / TICK_GAP[self.orientation])), MOST_TICKS)
        if self._logarithmic:
            low, high = max(low, -LARGEST_EXPONENT), min(high, LARGEST_EXPONENT)
        if not low < high:  # the plot is empty, or too small for a tick
            return []
        if self._logarithmic:
            values = log_ticks(low, high, count)
            texts = tick_texts([10.0**value for value in values])
        else:
            values = round_ticks(low, high, count, least=1.0 if self.whole else 0.0)
            texts = tick_texts(values)
        if self._percent:
            texts = [f"{text} %" for text in tick_texts([100 * value for value in values])]
        return list(zip(values, texts, strict=True))

    def paint(self, painter: QPainter, *_: object) -> None:
        """Paint grid lines and texts; pyqtgraph's own painting takes four times as long."""
        if self.picture is None:  # pyqtgraph sets None after every change
            is_horizontal = self.orientation == "bottom"
            self.picture = self._horizontal_picture() if is_horizontal else self._vertical_picture()
        lines, texts = self.picture
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        painter.setPen(self._line)
        painter.drawLines(lines)
        painter.setPen(self._pen)
        painter.setFont(self._font)
        for place, text in texts:
            painter.drawText(place, text)

    def _vertical_picture(self) -> AxisPicture:
        metrics, size, is_left = QFontMetricsF(self._font), self.size(), self.orientation == "left"
        low, high = self.range
        least, most = sorted((end - self.shift) / self.times for end in self.range)
        lines, texts, widest = [], [], 0.0
        for value, text in self.ticks(least, most, size.height()):
            up, width = value * self.times + self.shift, metrics.horizontalAdvance(text)
            y = (high - up) / (high - low) * size.height()
            lines.append(QLineF(size.width(), y, size.width() + self.linkedView().width(), y))
            x = size.width() - OFFSET - width if is_left else OFFSET
            texts.append((QPointF(x, y + metrics.capHeight() / 2), text))
            widest = max(widest, width)
        self._updateMaxTextSize(widest)
        return lines if self.grid else [], texts

    def _horizontal_picture(self) -> AxisPicture:
        """Return the texts that neither touch the text before nor leave the plot."""
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
        """Ignore a drag, which the plot handles."""


class Plot(pg.GraphicsView):  # type: ignore[misc]  # pyqtgraph has no types
    """A plot with an axis below and an axis at the left. Subclasses or callers set the ranges.

    A subclass calls `restyle` when the plot is made; after that, the plot follows theme and interface size.

    `box` draws the curves. pyqtgraph's own PlotWidget would make 45 more widgets, for a menu.
    """

    _is_styled = False

    def __init__(self, bottom: QuietAxis, left: QuietAxis) -> None:
        super().__init__()
        self.box, self.bottom, self.left = pg.ViewBox(enableMenu=False), bottom, left
        self._axes: list[QuietAxis] = []
        self.density: float | None = None
        """Device pixels per pixel, or None to use the screen's ratio."""
        self.centralLayout.setSpacing(0)
        self.centralLayout.setContentsMargins(0, 7, 14, 0)  # room for half of the outermost numbers
        self.centralLayout.addItem(self.box, *CENTRE)
        self.add_axis(bottom)
        self.add_axis(left)
        self.title = pg.LabelItem()
        self.centralLayout.addItem(self.title, 0, CENTRE[1])
        self.title.setMaximumHeight(0)  # or an empty title would take the room of a line
        ignore_drops(self)
        self.setAntialiasing(True)
        self.box.disableAutoRange()
        self.readout = QLabel(self, textFormat=Qt.TextFormat.PlainText)
        self.readout.setObjectName("readout")
        self.readout.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.readout.hide()

    def close(self) -> bool:
        """Close the plot. pyqtgraph would delete the items first, for which Qt still has events."""
        return QGraphicsView.close(self)

    def add_axis(self, axis: QuietAxis) -> None:
        """Add an axis at its side of the plot."""
        self._axes.append(axis)
        axis.linkToView(self.box)
        axis.setZValue(self.box.zValue() - 1)  # under the curves
        self.centralLayout.addItem(axis, *AROUND[axis.orientation])

    def restyle(self) -> None:
        """Use the colours of the theme, and the interface size."""
        self.setBackground(colours().surface)
        for axis in self._axes:
            axis.restyle()
        self.readout.setFont(ui_font(11.5))
        self._is_styled = True

    def show_title(self, html: str) -> None:
        """Show a line of HTML above the plot, also in exported pictures, or no line if `html` is ""."""
        self.title.setText(html, size=f"{px(11)}px", color=colours().muted)
        self.title.setVisible(bool(html))
        self.title.setMaximumHeight(px(TITLE_PX) if html else 0)

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() in STYLE_EVENTS and self._is_styled:
            self.restyle()

    def settle(self) -> None:
        """Size the axes for their numbers, which are known only after painting."""
        for _ in range(2):  # another size may give other numbers
            self.grab()
            self.centralLayout.activate()

    def add(self, z: float, *items: QGraphicsItem) -> None:
        """Add items to the plot, each above those before it and above all items with a lower `z`."""
        for item in items:
            self.box.addItem(item, ignoreBounds=True)
            item.setZValue(z)

    def pen(
        self, colour: str | QColor, width: float = 2.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine
    ) -> QPen:
        """Return a pen of this width in pixels; pyqtgraph's widths are in device pixels."""
        pen: QPen = pg.mkPen(colour, width=width * self._ratio, style=style)
        return pen

    @property
    def _ratio(self) -> float:
        return self.density or self.devicePixelRatioF()

    def device_pixel(self) -> float:
        """Return the width of a device pixel in plot coordinates."""
        return self.pixel()[0] / self._ratio

    def set_view(self, across: Sequence[float], up: Sequence[float]) -> None:
        """Show the ranges `across` (x) and `up` (y), as far as Qt can draw them."""
        xs, ys = drawable_ranges(across, up)
        self.box.setRange(xRange=xs, yRange=ys, padding=0)

    def pixel(self) -> tuple[float, float]:
        """Return the width and height of a pixel in plot coordinates."""
        (left, right), (bottom, top) = self.view()
        return (right - left) / max(self.box.width(), 1.0), (top - bottom) / max(self.box.height(), 1.0)

    def sizeHint(self) -> QSize:
        """Return a small preferred size: with pyqtgraph's size of 600 × 480, a panel would scroll."""
        return SIZE_HINT

    def clip_heights(self, heights: Array) -> Array:
        """Return the y values `heights` of a curve, limited to a range around the view that Qt can draw."""
        bottom, top = self.view()[1]
        far = FARTHEST_OUTSIDE * (top - bottom)
        return np.clip(heights, bottom - far, top + far)

    def place_dot(self, dot: QGraphicsItem, x: float, y: float) -> None:
        """Put a dot at (x, y); hide it if a coordinate is NaN or out of view."""
        visible = all(low <= value <= high for value, (low, high) in zip((x, y), self.view(), strict=True))
        dot.setVisible(visible)
        if visible:
            dot.setPos(x, y)

    def point_at(self, place: QPointF) -> QPointF:
        """Return the plot point at a position in this widget, in pixels."""
        return QPointF(self.box.mapSceneToView(self.mapToScene(place.toPoint())))

    def is_inside(self, place: QPointF) -> bool:
        """Return whether a position in this widget, in pixels, is between the axes."""
        return bool(self.box.sceneBoundingRect().contains(self.mapToScene(place.toPoint())))

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Mark the point that the keys move."""
        super().focusInEvent(event)
        self.colour_point()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Remove the mark from the point that the keys move."""
        super().focusOutEvent(event)
        self.colour_point()

    def colour_point(self) -> None:
        """Colour the point that the keys move, to show whether the plot has the keyboard focus."""

    def focus_pen(self) -> QPen:
        """Return the pen for the rim of the point that the keys move."""
        return QPen(QColor(colours().accent if self.hasFocus() else colours().ink), 2)

    def view(self) -> list[list[float]]:
        """Return the view's ranges [[lowest x, highest x], [lowest y, highest y]].

        The y values are exponents of 10 if the y axis is logarithmic.
        """
        ranges: list[list[float]] = self.box.viewRange()
        return ranges

    def place_of(self, x: float, y: float) -> QPointF:
        """Return the position of the plot point (x, y) in this widget, in pixels."""
        return QPointF(self.mapFromScene(self.box.mapViewToScene(QPointF(x, y))))

    def viewportEvent(self, event: QEvent) -> bool:
        """Show the tooltip, which explains mouse and keys, unless a readout is visible."""
        if event.type() == QEvent.Type.ToolTip and self.readout.isVisible():
            return True
        return bool(super().viewportEvent(event))

    def show_readout(self, point: QPointF, text: str) -> None:
        """Show `text` in the upper corner that is farther from `point`."""
        self.readout.setText(text)
        self.readout.adjustSize()
        area, place = self.box.sceneBoundingRect(), self.box.mapViewToScene(point)
        at_right = place.x() > area.center().x() and place.y() < area.center().y()
        left = area.left() + 6 if at_right else area.right() - 6 - self.readout.width()
        self.readout.move(round(left), round(area.top() + 4))
        self.readout.show()


def faint(colour: str, opacity: float) -> QColor:
    """Return a colour with an opacity from 0 to 1."""
    result = QColor(colour)
    result.setAlphaF(opacity)
    return result


class DotItem(QGraphicsEllipseItem):
    """A round mark of a fixed size in pixels; pyqtgraph's scatter plot takes ten times as long."""

    def __init__(self, size: float) -> None:
        super().__init__(-size / 2, -size / 2, size, size)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIgnoresTransformations)
        self.hide()

    def set_colours(self, inside: str, rim: QPen | Qt.PenStyle = Qt.PenStyle.NoPen) -> None:
        """Fill the mark with a colour, and draw its rim with a pen."""
        self.setPen(QPen(rim))
        self.setBrush(QColor(inside))
