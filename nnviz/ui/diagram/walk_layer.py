"""Paints the step of the walk that is in progress: pulses along the edges, and the sum that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from nnviz.document.walk.player import Player
from nnviz.document.walk.walk import Step
from nnviz.picture.columns import corner
from nnviz.picture.palette import Palette
from nnviz.picture.picture import Picture
from nnviz.ui.diagram.callout import SIZE, callout
from nnviz.ui.diagram.edge_painter import edge_line
from nnviz.ui.widgets.rect import qrect
from nnviz.ui.widgets.theme import ui_font

PULSES = 60
"""So many pulses at most travel at once: those of the strongest edges."""
ARRIVED = 0.5
"""The part of a step's time after which the pulses have arrived."""
PULSE = 6.0
NEAR = 6.0
"""For each pixel that a callout stands farther from its node it may cover so many square pixels less."""


class WalkLayer:
    """What moves above the picture."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._pulses: list[tuple[QLineF, QColor, float]] = []
        self._pulses_of: tuple[object, ...] = ()
        self._kept: Picture | None = None
        self._callout: Callable[[float], list[str]] = lambda _: []
        self._callout_of: tuple[object, ...] = ()
        self._callout_kept: Picture | None = None
        self._callout_seen = QRectF()

    def paint(self, painter: QPainter, picture: Picture, palette: Palette) -> None:
        """Paint the steps in progress."""
        steps = self._player.progress.moving
        if not steps:
            if told := self._player.progress.told:
                self._paint_callout(painter, picture, told, 1.0, palette)
            return
        t = self._player.t
        if steps[0].phase in ("forward", "backward") and t < ARRIVED:
            self._paint_pulses(painter, picture, steps, t / ARRIVED, palette)
        if len(steps) == 1:
            self._paint_callout(painter, picture, steps[0], t, palette)

    def paint_outlines(self, painter: QPainter, picture: Picture, palette: Palette) -> None:
        """Paint the outlines of the nodes in progress, under their texts."""
        for step in self._player.progress.moving:
            self._paint_outline(painter, picture, step, palette)

    def dirty(self, picture: Picture) -> QRectF:
        """Return the part of the picture that the steps in progress may change."""
        steps = self._player.progress.moving
        if not steps:
            return qrect(picture.layout.body)
        columns, step = picture.layout.columns, steps[0]
        ends = {step.layer + 1}
        if step.phase in ("forward", "update"):
            ends.add(step.layer)
        elif step.phase == "backward" and step.layer + 2 < len(columns):
            ends.add(step.layer + 2)
        body = qrect(picture.layout.body)
        boxes = [qrect(columns[end].box) for end in ends]
        left = min(box.left() for box in boxes) - 60
        right = max(box.right() for box in boxes) + 260
        ways = QRectF(left, body.top(), right - left, body.height())
        callouts = self._callout_seen.united(self._callout_box(picture, step, self._player.t)[0])
        return (ways if len(steps) > 1 else ways.united(callouts.adjusted(-2, -2, 2, 2))).intersected(body)

    def _paint_outline(self, painter: QPainter, picture: Picture, step: Step, palette: Palette) -> None:
        column = picture.layout.columns[step.layer + 1]
        if column.block:
            return
        slope = step.phase == "backward"
        painter.setPen(QPen(QColor(palette.slope if slope else palette.accent), 2.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        rect = column.rect(step.node)
        painter.drawRoundedRect(qrect(rect), corner(rect), corner(rect))

    def _paint_pulses(
        self, painter: QPainter, picture: Picture, steps: tuple[Step, ...], t: float, palette: Palette
    ) -> None:
        if self._pulses_of != (id(picture), steps, palette):
            self._pulses = list(_pulses(picture, steps, palette))
            self._pulses_of = id(picture), steps, palette
            self._kept = picture  # so that no id is used again
        painter.setPen(Qt.PenStyle.NoPen)
        for line, colour, radius in self._pulses:
            painter.setBrush(colour)
            painter.drawEllipse(line.pointAt(t), radius, radius)

    def _paint_callout(
        self, painter: QPainter, picture: Picture, step: Step, t: float, palette: Palette
    ) -> None:
        box, lines = self._callout_box(picture, step, t)
        self._callout_seen = box
        if not lines:
            return
        painter.setPen(QPen(QColor(palette.slope if step.phase == "backward" else palette.accent), 1.4))
        painter.setBrush(QColor(palette.surface))
        painter.drawRoundedRect(box, 8, 8)
        painter.setFont(_font())
        painter.setPen(QColor(palette.ink))
        direction = painter.layoutDirection()
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # also after a name of another script
        for k, line in enumerate(lines):
            place = QRectF(box.left() + 14, box.top() + 7 + 22 * k, box.width() - 28, 22)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, line)
        painter.setLayoutDirection(direction)

    def _callout_box(self, picture: Picture, step: Step, t: float) -> tuple[QRectF, list[str]]:
        """Return what the callout says at time `t`, and where; nothing at all where it says nothing."""
        if self._callout_of != (id(picture), step):
            self._callout_of, self._callout_kept = (id(picture), step), picture  # so that no id is used again
            self._callout = callout(picture.numbers, step)
        lines = self._callout(t)
        if not lines:
            return QRectF(), []
        metrics = QFontMetricsF(_font())
        width = max(map(metrics.horizontalAdvance, lines)) + 28
        return self._callout_place(picture, step, width, len(lines) * 22 + 14), lines

    def _callout_place(self, picture: Picture, step: Step, width: float, height: float) -> QRectF:
        """Return room for the callout near its node, where it covers least of the picture."""
        node = qrect(picture.layout.columns[step.layer + 1].rect(step.node))
        body = qrect(picture.layout.body)
        middle = node.center()
        places = (
            QPointF(middle.x(), node.top() - height / 2 - 10),
            QPointF(middle.x(), node.bottom() + height / 2 + 24),
            QPointF(node.right() + width / 2 + 14, middle.y()),
            QPointF(node.left() - width / 2 - 14, middle.y()),
            QPointF(middle.x(), body.top() + height / 2 + 4),
            QPointF(middle.x(), body.bottom() - height / 2 - 8),
            QPointF(body.left(), body.bottom()),
            QPointF(body.right(), body.bottom()),
            QPointF(body.center().x(), body.bottom()),
        )
        taken = [qrect(own.rect) for own in picture.nodes]
        taken += [qrect(own.rect) for own in picture.labels]
        boxes = (_inside(body, place, width, height) for place in places)
        return min(
            boxes,
            key=lambda box: _covered(box, taken) + NEAR * (box.center() - middle).manhattanLength(),
        )


def _font() -> QFont:
    return ui_font(SIZE, QFont.Weight.DemiBold)


def _pulses(
    picture: Picture, steps: tuple[Step, ...], palette: Palette
) -> Iterator[tuple[QLineF, QColor, float]]:
    """Yield the way, the colour and the radius of what travels along the strongest edges of some steps."""
    backward = steps[0].phase == "backward"
    layer = steps[0].layer + (1 if backward else 0)
    trace, slopes = picture.numbers.trace, picture.numbers.slopes
    if layer >= len(picture.weights) or trace is None or (backward and slopes is None):
        return
    weights, nodes = picture.weights[layer], [step.node for step in steps]
    chosen = np.zeros_like(weights, dtype=bool)
    if backward:
        assert slopes is not None
        ends = slopes.layers[layer].nodes[:, None]
        chosen[:, nodes] = True
    else:
        ends = trace.feeding(layer)[0]
        chosen[nodes, :] = True
    with np.errstate(all="ignore"):
        carried = np.nan_to_num(weights * ends)  # what is beyond any number is largest
    sizes = np.where(chosen, np.abs(carried), -1.0)
    largest = float(sizes.max())
    order = np.argsort(sizes, axis=None)[::-1][: min(PULSES, int(chosen.sum()))]
    for node, source in zip(*(own.tolist() for own in np.divmod(order, weights.shape[1])), strict=True):
        value = float(carried[node, source])
        line = edge_line(picture.layout.gaps[layer], node, source)
        share = abs(value) / largest if largest > 0 else 0.0
        sign = palette.positive if value > 0 else palette.negative if value < 0 else palette.zero
        colour = QColor(palette.slope if backward else sign)
        yield QLineF(line.p2(), line.p1()) if backward else line, colour, PULSE * (0.4 + 0.6 * share**0.5)


def _inside(body: QRectF, centre: QPointF, width: float, height: float) -> QRectF:
    """Return a box about `centre`, pushed into `body`."""
    box = QRectF(0, 0, width, height)
    box.moveCenter(centre)
    box.moveLeft(min(max(box.left(), body.left() + 8), body.right() - width - 8))
    box.moveTop(min(max(box.top(), body.top() + 2), body.bottom() - height - 6))
    return box


def _covered(box: QRectF, taken: list[QRectF]) -> float:
    """Return how much of other things a box would cover."""
    areas = (box.intersected(own) for own in taken)
    return sum(area.width() * area.height() for area in areas)
