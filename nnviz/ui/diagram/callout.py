"""What stands beside the node of the step in progress: its sum as it grows, then what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from nnviz.core.address import Address
from nnviz.core.explanation.arithmetic import Line
from nnviz.core.explanation.mean import update_lines
from nnviz.core.explanation.node import backward_lines, forward_lines, loss_lines
from nnviz.core.explanation.scene import Scene
from nnviz.core.numbers import shown
from nnviz.core.slopes import Slopes
from nnviz.document.walk.walk import ARRIVED, Step
from nnviz.picture.content import Content
from nnviz.picture.palette import Palette
from nnviz.picture.picture import Picture
from nnviz.picture.text import elide, plain
from nnviz.ui.widgets.images import qrect
from nnviz.ui.widgets.theme import ui_font

SUMMED = 0.75
"""The part of a step's time after which its terms have been added up."""
MOST_LINES = 7
"""An update of more weights says how many more there are."""
FONT_PX, LINE_PX, NAME_PX = 13.5, 22, 110.0
"""Font size, height of a line, and the width that a name may take: about as much as in its node."""
NEAR = 6.0
"""For each pixel that a callout stands farther from its node it may cover so many square pixels less."""


class Callout:
    """Paints what is said of a step; it is worked out once a step, and placed once for every text."""

    def __init__(self) -> None:
        self._lines_at: Callable[[float], list[str]] = lambda _: []
        self._of: tuple[object, ...] = ()
        self._lines: list[str] = []
        self._box = self._seen = QRectF()

    def dirty(self, picture: Picture, step: Step, t: float) -> QRectF:
        """Return what it covers at time `t`, from 0 to 1, and what it covered when it was last painted."""
        self._tell(picture, step, t)
        return self._seen.united(self._box).adjusted(-2, -2, 2, 2)

    def paint(self, painter: QPainter, picture: Picture, step: Step, t: float, palette: Palette) -> None:
        """Paint it as it is at time `t`."""
        self._tell(picture, step, t)
        box = self._seen = self._box
        if not self._lines:
            return
        painter.setPen(QPen(QColor(palette.slope if step.phase == "backward" else palette.accent), 1.4))
        painter.setBrush(QColor(palette.surface))
        painter.drawRoundedRect(box, 8, 8)
        painter.setFont(_font())
        painter.setPen(QColor(palette.ink))
        direction = painter.layoutDirection()
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # also after a name of another script
        for k, line in enumerate(self._lines):
            top = box.top() + 7 + LINE_PX * k
            place = QRectF(box.left() + 14, top, box.width() - 28, LINE_PX)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, line)
        painter.setLayoutDirection(direction)

    def _tell(self, picture: Picture, step: Step, t: float) -> None:
        """Find out what it says at time `t`, and where; nothing at all where it says nothing."""
        if self._of != (picture, step):
            self._of = picture, step
            self._lines_at, self._lines, self._box = callout_lines(picture.content, step), [], QRectF()
        lines = self._lines_at(t)
        if lines != self._lines:
            self._lines, self._box = lines, _box(picture, step, lines)


def _box(picture: Picture, step: Step, lines: list[str]) -> QRectF:
    if not lines:
        return QRectF()
    metrics = QFontMetricsF(_font())
    width = max(map(metrics.horizontalAdvance, lines)) + 28
    return free_place(picture, step, width, len(lines) * LINE_PX + 14)


def _font() -> QFont:
    return ui_font(FONT_PX, QFont.Weight.DemiBold)


def free_place(picture: Picture, step: Step, width: float, height: float) -> QRectF:
    """Return room for a callout near the node of its step, where it covers least of the picture."""
    node = qrect(picture.layout.column(step.layer).rect(step.node))
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
    taken = [qrect(node.rect) for node in picture.nodes]
    taken += [qrect(label.rect) for label in picture.labels]
    return min(
        (_inside(body, place, width, height) for place in places),
        key=lambda box: _covered(box, taken) + NEAR * (box.center() - middle).manhattanLength(),
    )


def _inside(body: QRectF, centre: QPointF, width: float, height: float) -> QRectF:
    """Return a box about `centre`, pushed into `body`."""
    box = QRectF(0, 0, width, height)
    box.moveCenter(centre)
    box.moveLeft(min(max(box.left(), body.left() + 8), body.right() - width - 8))
    box.moveTop(min(max(box.top(), body.top() + 2), body.bottom() - height - 6))
    return box


def _covered(box: QRectF, taken: list[QRectF]) -> float:
    """Return how much of other things a box would cover."""
    areas = (box.intersected(thing) for thing in taken)
    return sum(area.width() * area.height() for area in areas)


def callout_lines(content: Content, step: Step) -> Callable[[float], list[str]]:
    """Return what gives the lines for `step` at a time from 0 to 1; the work is done once, for all times."""
    slopes = content.slopes
    if content.trace is None:
        return lambda _: []
    if step.phase == "update":
        update = _update(content, step)
        return lambda _: update
    targets = content.state.data.targets
    of_row = slopes if isinstance(slopes, Slopes) and len(slopes.trace.inputs) == 1 else None
    row_targets = None if targets is None else targets[content.row]
    scene = Scene(content.network, content.trace, of_row, row_targets)
    if step.phase == "forward":
        return partial(_growing, forward_lines(scene, step.layer, step.node))
    if step.phase == "loss":
        return partial(_growing, loss_lines(scene, step.node))
    if of_row is not None:
        return partial(_growing, backward_lines(scene, step.layer, step.node))
    if slopes is None:  # not known yet
        return lambda _: []
    mean = float(slopes.layers[step.layer].nodes[step.node])
    return lambda t: [f"∂MSE/∂z, mean of all rows: {shown(mean)}"] if t >= ARRIVED else []


def told(line: Line) -> str:
    """Return a line with its label: `z = 3·2 + 5·4 = 26`."""
    equals = "" if line.arithmetic[0] == "≈" else "= "
    return f"{line.label} {equals}{line.arithmetic}"


def _growing(lines: list[Line], t: float) -> list[str]:
    """Return the first line term by term while the pulses arrive, then the others one by one."""
    if t < SUMMED and lines:
        pieces = lines[0].written.pieces
        shown_pieces = int(len(pieces) * max(t - ARRIVED, 0.0) / (SUMMED - ARRIVED))
        if shown_pieces == 0:
            return []
        return [f"{lines[0].label} = " + "".join(piece.text for piece in pieces[:shown_pieces])]
    count = 1 + int((len(lines) - 1) * (t - SUMMED) / (1.0 - SUMMED) + 0.999)
    return [told(line) for line in lines[:count]]


def _update(content: Content, step: Step) -> list[str]:
    if content.slopes is None:
        return []
    slopes, layer = content.slopes.layers[step.layer], content.network.layers[step.layer]
    sources = content.network.names(step.layer)
    lines = []
    for source, name in enumerate(sources[:MOST_LINES]):
        address = Address("weight", step.layer, step.node, source)
        becomes = update_lines(content.state, address, float(slopes.weights[step.node, source]))[-1]
        lines.append(f"{elide(plain(name), FONT_PX, NAME_PX, bold=True)}: {told(becomes)}")
    if len(sources) > MOST_LINES:
        lines.append(f"… and {len(sources) - MOST_LINES} more weights")
    if layer.biases is not None:
        address = Address("bias", step.layer, step.node)
        lines.append(told(update_lines(content.state, address, float(slopes.nodes[step.node]))[-1]))
    return lines
