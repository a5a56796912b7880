"""Paints the step of the walk that is in progress: pulses along the edges, and what is said of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from nnviz.document.walk.narrator import Narrator
from nnviz.document.walk.walk import ARRIVED, Step, Walking
from nnviz.picture.columns import corner
from nnviz.picture.palette import Palette
from nnviz.picture.picture import Picture
from nnviz.ui.diagram.callout import Callout, short_name
from nnviz.ui.diagram.edge_lines import edge_line
from nnviz.ui.widgets.images import qrect

PULSING = ("forward", "backward")
"""The steps in which something travels along edges."""
EDGES = ("slopes", "mean", "update")
"""The steps that are about the edges into a node."""
OF_SLOPES = ("backward", "slopes", "mean")
"""The steps that are about slopes."""
TOLD = 0.9
"""The part of a step's time after which all is said."""
PULSES = 60
"""So many pulses at most travel at once: those of the strongest edges."""
MARK_PX, MARK_OPACITY = 10.0, 0.25
"""How wide and how strong the edges are marked that a step is about."""
MOST_MARKED = 600
"""More edges at once take long, and nobody sees which they are: the nodes that they lead to are marked."""
PULSE_PX = 6.0
"""Radius of the largest."""


class WalkLayer:
    """What moves above the picture."""

    def __init__(self, player: Walking, narrator: Narrator) -> None:
        self._player, self._narrator = player, narrator
        self._pulses: list[tuple[QLineF, QColor, float]] = []
        self._pulses_of: tuple[object, ...] = ()
        self.callout = Callout()

    def paint(self, painter: QPainter, picture: Picture, palette: Palette) -> None:
        """Paint the steps in progress, or what is said of those done last."""
        progress, t = self._player.progress, self._player.t
        steps, begins = progress.moving, 0.0
        if steps and steps[0].deed in PULSING:
            begins = ARRIVED
            if t < ARRIVED:
                self._paint_pulses(painter, picture, steps, t / ARRIVED, palette)
        self.callout.put(picture, self._narrator.words(short_name))
        share = (t - begins) / (TOLD - begins) if steps else 1.0
        told = progress.told
        slopes = bool(told) and told[0].deed in OF_SLOPES
        self.callout.paint(painter, palette, min(share, 1.0), slopes=slopes)

    def paint_outlines(self, painter: QPainter, picture: Picture, palette: Palette) -> None:
        """Paint what marks the nodes and edges in progress, or done last, under their texts."""
        progress = self._player.progress
        edges = sum(picture.weights[step.layer].shape[1] for step in progress.told)
        for step in progress.told:
            column = picture.layout.column(step.layer)
            if not column.told_apart or progress.walk.of_all_weights(step):
                continue
            if step.deed in EDGES and edges <= MOST_MARKED:
                _paint_marks(painter, picture, step, palette)
                continue
            painter.setPen(QPen(_colour(step, palette), 2.4))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            rect = column.rect(step.node)
            painter.drawRoundedRect(qrect(rect), corner(rect), corner(rect))

    def dirty(self, picture: Picture) -> QRectF:
        """Return the part of the picture that the steps in progress may change."""
        steps = self._player.progress.moving
        if not steps:
            return qrect(picture.layout.body)
        step, body = steps[0], qrect(picture.layout.body)
        layers = {step.layer}
        if step.deed in ("forward", *EDGES):
            layers.add(step.layer - 1)
        elif step.deed == "backward" and step.layer + 1 < len(picture.weights):
            layers.add(step.layer + 1)
        boxes = [qrect(picture.layout.column(layer).box) for layer in layers]
        left = min(box.left() for box in boxes) - 60
        right = max(box.right() for box in boxes) + 260
        ways = QRectF(left, body.top(), right - left, body.height())
        self.callout.put(picture, self._narrator.words(short_name))
        return ways.united(self.callout.covered).intersected(body)

    def _paint_pulses(
        self, painter: QPainter, picture: Picture, steps: tuple[Step, ...], t: float, palette: Palette
    ) -> None:
        if self._pulses_of != (picture, steps, palette):
            self._pulses = list(_pulses(picture, steps, palette))
            self._pulses_of = picture, steps, palette
        painter.setPen(Qt.PenStyle.NoPen)
        for line, colour, radius in self._pulses:
            painter.setBrush(colour)
            painter.drawEllipse(line.pointAt(t), radius, radius)


def _colour(step: Step, palette: Palette) -> QColor:
    return QColor(palette.slope if step.deed in OF_SLOPES else palette.accent)


def _paint_marks(painter: QPainter, picture: Picture, step: Step, palette: Palette) -> None:
    """Mark the edges that a step is about."""
    colour = _colour(step, palette)
    colour.setAlphaF(MARK_OPACITY)
    painter.setPen(QPen(colour, MARK_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    for source in range(picture.weights[step.layer].shape[1]):
        painter.drawLine(edge_line(picture.layout.gaps[step.layer], step.node, source))


def _pulses(
    picture: Picture, steps: tuple[Step, ...], palette: Palette
) -> Iterator[tuple[QLineF, QColor, float]]:
    """Yield the way, the colour and the radius of what travels along the strongest edges of some steps."""
    backward = steps[0].deed == "backward"
    layer = steps[0].layer + (1 if backward else 0)
    trace, slopes = picture.content.trace, picture.content.slopes
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
    for node, source in zip(*(ends.tolist() for ends in np.divmod(order, weights.shape[1])), strict=True):
        value = float(carried[node, source])
        line = edge_line(picture.layout.gaps[layer], node, source)
        share = abs(value) / largest if largest > 0 else 0.0
        sign = palette.positive if value > 0 else palette.negative if value < 0 else palette.zero
        colour = QColor(palette.slope if backward else sign)
        way = QLineF(line.p2(), line.p1()) if backward else line
        yield way, colour, PULSE_PX * (0.4 + 0.6 * share**0.5)
