"""The walk on the diagram: one training iteration, animated step by step, with a callout for each step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

import numpy as np
from PySide6.QtCore import QLineF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.document.moment import Moment
from nnviz.document.walk import ARRIVAL_SHARE, StepText, WalkStep
from nnviz.picture.columns import corner
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Rect
from nnviz.picture.picture import Picture, all_labels
from nnviz.picture.style import Box, sign_colour
from nnviz.picture.text import elide, one_line
from nnviz.ui.diagram.paint import edge_line, paint_shapes
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import pixel_font

STEP_PX = 12.0
"""Distance between candidate places of the callout, in pixels."""
GAP_PX, MARGIN_PX = 4.0, 6.0
"""GAP_PX: gap around obstacles that the callout must not cover. MARGIN_PX: gap to the diagram's sides."""
FORBIDDEN = 1e6
"""Cost of each square pixel or edge point that the callout must not cover; above all other costs."""
TEXT = 6.0
"""Cost of each square pixel of text under the callout. A square pixel of a node costs 1."""
DISTANCE = 2.0
"""Cost per pixel of distance between the callout and the nodes or edges that it describes."""
LINE = 30.0
"""Cost of each edge point that the callout covers. The points of an edge are POINT_PX apart."""
CROSSING, FORBIDDEN_FACTOR = 700.0, 4
"""CROSSING: cost per obstacle on the callout's pointer line; times FORBIDDEN_FACTOR if it is forbidden."""
CANDIDATES, SAMPLES = 24, 12
"""CANDIDATES: number of best places tried for the callout. SAMPLES: points checked on its pointer line."""


class Obstacles(NamedTuple):
    """Obstacles for the callout: rectangles (x, y, right, bottom), shape (n, 4), and points, shape (m, 2)."""

    forbidden: Array
    """Rectangles (x, y, right, bottom) that the callout must not cover, shape (n, 4)."""
    points: Array
    """Points (x, y) of edges that the callout must not cover, shape (n, 2)."""
    nodes: Array
    """Rectangles of nodes, shape (n, 4). A place of the callout that covers a node is worse, but possible."""
    texts: Array
    """Rectangles of texts, shape (n, 4). A place that covers a text is worse than one that covers a node."""
    edges: Array
    """Points (x, y) of edges, shape (n, 2). A place that covers one of the points is worse, but possible."""


class Size(NamedTuple):
    """A possible size of the callout, and the cost of this size."""

    width: float
    height: float
    cost: float


class Place(NamedTuple):
    """A possible place of the callout: the index of its Size, its rectangle, and the cost."""

    size: int
    rect: Rect
    cost: float

    @property
    def is_free(self) -> bool:
        """Whether the callout, at this place, covers no obstacle that it must not cover."""
        return self.cost < FORBIDDEN


def rectangles(rects: Sequence[Rect]) -> Array:
    """Return rectangles as an array of (x, y, right, bottom), shape (n, 4)."""
    edges = [(rect.x, rect.y, rect.right, rect.bottom) for rect in rects]
    return np.array(edges, dtype=np.float64).reshape(-1, 4)


def free_place(room: Rect, sizes: Sequence[Size], obstacles: Obstacles, near: Rect, targets: Array) -> Place:
    """Return the cheapest place in `room` for a callout of one of `sizes`; places near `near` cost less.

    If `targets`, shape (n, 2), is not empty, a pointer leads from the callout to one of these points.
    """
    places: list[Place] = []
    for k, size in sorted(enumerate(sizes), key=lambda item: item[1].cost):
        if places and size.cost > min(place.cost for place in places):
            break  # no place costs less than its size
        places.append(_cheapest(room, k, size, obstacles, near, targets))
    return min(places, key=lambda place: (place.cost, place.size))


def _cheapest(room: Rect, number: int, size: Size, obstacles: Obstacles, near: Rect, targets: Array) -> Place:
    width, height, _ = size
    x = _starts(room.x, room.right, width)
    y = _starts(room.y, room.bottom, height)
    forbidden = obstacles.forbidden + np.array([-GAP_PX, -GAP_PX, GAP_PX, GAP_PX])
    cost = FORBIDDEN * _area(x, y, size, forbidden)
    cost += _area(x, y, size, obstacles.nodes) + TEXT * _area(x, y, size, obstacles.texts)
    cost += FORBIDDEN * _count(x, y, size, obstacles.points) + LINE * _count(x, y, size, obstacles.edges)
    cost += DISTANCE * (_gap(y, height, near.y, near.bottom)[:, None] + _gap(x, width, near.x, near.right))
    cheapest = np.argsort(cost, axis=None, kind="stable")[:CANDIDATES]
    tops, lefts = y[cheapest // len(x)], x[cheapest % len(x)]
    excess = max(width + 2 * MARGIN_PX - room.width, 0.0) + max(height + 2 * MARGIN_PX - room.height, 0.0)
    total = cost.ravel()[cheapest] + size.cost + FORBIDDEN * excess
    if len(targets):
        lows = np.column_stack((lefts, tops))
        total += _pointer_costs(lows, lows + np.array([width, height]), targets, obstacles).min(axis=1)
    k = int(np.argmin(total))
    return Place(number, Rect(float(lefts[k]), float(tops[k]), width, height), float(total[k]))


def _starts(low: float, high: float, length: float) -> Array:
    first = low + MARGIN_PX
    last = max(high - MARGIN_PX - length, first)
    return np.append(np.arange(first, last, STEP_PX), last)


def _area(x: Array, y: Array, size: Size, rects: Array) -> Array:
    """Return the area of `rects` that a box covers at each place, shape (y, x)."""
    across = _overlap(x, size.width, rects[:, 0], rects[:, 2])
    down = _overlap(y, size.height, rects[:, 1], rects[:, 3])
    return down @ across.T


def _overlap(starts: Array, length: float, low: Array, high: Array) -> Array:
    """Return how much of (low, high) an interval at each start covers, shape (starts, intervals)."""
    ends = np.minimum(starts[:, None] + length, high)
    overlap: Array = np.maximum(ends - np.maximum(starts[:, None], low), 0.0)
    return overlap


def _count(x: Array, y: Array, size: Size, points: Array) -> Array:
    """Return the number of `points` that a box covers at each place, shape (y, x)."""
    across, down = (
        (points[:, axis] > starts[:, None] - GAP_PX) & (points[:, axis] < starts[:, None] + length + GAP_PX)
        for axis, starts, length in ((0, x, size.width), (1, y, size.height))
    )
    return down.astype(np.float64) @ across.T.astype(np.float64)


def _gap(starts: Array, length: float, low: float, high: float) -> Array:
    """Return the distance of an interval at each start from the interval (low, high)."""
    return np.maximum(np.maximum(low - (starts + length), starts - high), 0.0)


def best_pointer(box: Rect, targets: Array, obstacles: Obstacles) -> QLineF:
    """Return a short line across few obstacles, from `box` to one of `targets`, shape (n, 2)."""
    low, high = np.array([[box.x, box.y]]), np.array([[box.right, box.bottom]])
    end = targets[_pointer_costs(low, high, targets, obstacles)[0].argmin()]
    return QLineF(*np.clip(end, low[0], high[0]).tolist(), *end.tolist())


def _pointer_costs(lows: Array, highs: Array, targets: Array, obstacles: Obstacles) -> Array:
    """Return the cost of the pointer from each box to each target, shape (boxes, targets)."""
    starts = np.clip(targets, lows[:, None], highs[:, None])
    share = np.linspace(0.05, 0.9, SAMPLES)[:, None, None, None]
    points = starts + share * (targets - starts)
    x, y = points[..., 0, None], points[..., 1, None]
    crossings = np.zeros(points.shape[1:3])
    for rects, times in ((obstacles.nodes, 1), (obstacles.texts, 1), (obstacles.forbidden, FORBIDDEN_FACTOR)):
        inside = (x > rects[:, 0]) & (x < rects[:, 2]) & (y > rects[:, 1]) & (y < rects[:, 3])
        crossings += times * inside.any(axis=0).sum(axis=-1)
    cost: Array = CROSSING * crossings + DISTANCE * np.linalg.norm(targets - starts, axis=-1)
    return cost


FONT_PX, MIN_FONT_PX = 13.5, 10.5
"""FONT_PX: font size of the callout at scale 1. MIN_FONT_PX: least font size at any scale. In pixels."""
FONT_SHARES, SMALLER = (1.0, 0.85, 0.72), 300.0
"""FONT_SHARES: font sizes to try, as shares of the usual size. SMALLER: cost per step to a smaller size."""
LINE_HEIGHT, PAD_X, PAD_Y, INDENT, NAME = 1.5, 0.9, 0.5, 1.2, 8.5
"""Line height; horizontal, vertical padding; indent of continued lines; width of a name. In font sizes."""
WIDTH_SHARES = (1.0, 0.8, 0.65, 0.5, 0.38, 0.28, 0.2, 0.15, 0.11)
"""Widths of the callout to try, as shares of its width without line breaks."""
LINE_COUNTS = (8, 4, 2, 1)
"""Numbers of lines to try if the whole text does not fit. The last try is a single, shortened line."""
LINE_BREAK = 500.0
"""Cost of each line of text in the callout."""
DOT_PX = 3.0
"""Radius of the dot at the end of the callout's pointer, in pixels."""
SHARES = np.linspace(0.15, 0.85, 4)
"""Points on a side of a node where the callout's pointer may end, as shares of the side's length."""
FEW_EDGES = 200
"""With more edges than this in the diagram, the callout avoids only the edges that it describes."""
MAX_TARGETS = 24
"""Approximate largest number of points where the callout's pointer may end."""
POINT_PX = 5.0
"""Distance between the points that represent an edge as an obstacle, in pixels."""
NODE_LABELS = ("value", "share", "z", "bias", "node_slope", "error", "target")
"""Kinds of labels that belong to a node."""


class CalloutLine(NamedTuple):
    """A line of the callout, in parts of text that appear one by one."""

    pieces: tuple[str, ...]
    style: str
    """Kind of line: title, line, rest (the continuation of a line) or remark (an additional sentence)."""


class Setting(NamedTuple):
    """The lines of the callout at the font size `pixels`, and the size of the box around the lines."""

    rows: tuple[CalloutLine, ...]
    pixels: float
    size: Size


class Callout:
    """The callout: a box on the diagram that describes a step of the walk, the animated iteration."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._setting: Setting | None = None
        self._place: Place | None = None
        self._pointer: QLineF | None = None

    @property
    def box(self) -> QRectF:
        """The rectangle of the box, or an empty rectangle if there is no text."""
        return qrect(self._place.rect) if self._place else QRectF()

    def place_box(self, picture: Picture, words: StepText) -> None:
        """Place the box for the text `words`, unless the box already has a place for this text."""
        if self._key == (picture.layout, words):
            return
        self._key = picture.layout, words
        self._setting = self._place = self._pointer = None
        if not (words.text_lines or words.title):
            return
        near, obstacles = _near(picture, words), _obstacles(picture, words)
        targets = _targets(picture, words, obstacles)
        sizes = [max(share * FONT_PX * picture.layout.scale, MIN_FONT_PX) for share in FONT_SHARES]
        shorter = *(words.limit_lines(count) for count in LINE_COUNTS), words.limit_lines(1).shorten()
        for text, fonts in ((words, sizes), *((each, [MIN_FONT_PX]) for each in shorter)):
            settings = [each for k, font in enumerate(fonts) for each in _settings(text, font, SMALLER * k)]
            boxes = [each.size for each in settings]
            place = free_place(picture.layout.body, boxes, obstacles, near, targets)
            if place.is_free or words.is_shown_elsewhere:
                break
        if not place.is_free and words.is_shown_elsewhere:
            return
        self._place, self._setting = place, settings[place.size]
        self._pointer = best_pointer(place.rect, targets, obstacles) if len(targets) else None

    @property
    def painted_rect(self) -> QRectF:
        """The rectangle around the box and the pointer."""
        if self._pointer is None:
            return self.box.adjusted(-2, -2, 2, 2)
        end = self._pointer.p2()
        dot = QRectF(end, end).adjusted(-DOT_PX, -DOT_PX, DOT_PX, DOT_PX)
        return self.box.united(dot).adjusted(-2, -2, 2, 2)

    def paint(self, painter: QPainter, palette: Palette, share: float, *, slopes: bool) -> None:
        """Paint the box with a `share` (0 to 1) of its text. `slopes=True` uses the colour of slopes."""
        if self._setting is None or share <= 0.0:
            return
        box, colour = self.box, QColor(palette.slope if slopes else palette.accent)
        painter.setPen(QPen(colour, 1.4))
        if self._pointer is not None:
            painter.drawLine(self._pointer)
            painter.setBrush(colour)
            painter.drawEllipse(self._pointer.p2(), DOT_PX, DOT_PX)
        painter.setBrush(QColor(palette.surface))
        painter.drawRoundedRect(box, 8, 8)
        self._paint_rows(painter, palette, share, self._setting)

    def _paint_rows(self, painter: QPainter, palette: Palette, share: float, setting: Setting) -> None:
        pixels, box = setting.pixels, self.box
        direction = painter.layoutDirection()
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # also for a name from right to left
        pieces = sum(len(row.pieces) for row in setting.rows if row.style != "title")
        rest = round(share * pieces)
        for k, row in enumerate(setting.rows):
            count = len(row.pieces) if row.style == "title" else min(rest, len(row.pieces))
            rest -= count if row.style != "title" else 0
            painter.setFont(_font(pixels, row.style))
            painter.setPen(QColor(palette.muted if row.style == "remark" else palette.ink))
            x = box.left() + (PAD_X + (INDENT if row.style == "rest" else 0.0)) * pixels
            top, height = box.top() + (PAD_Y + LINE_HEIGHT * k) * pixels, LINE_HEIGHT * pixels
            place = QRectF(x, top, box.right() - x, height)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, "".join(row.pieces[:count]))
        painter.setLayoutDirection(direction)


def short_name(name: str) -> str:
    """Return a node's name, elided to the width that a name may have in the callout."""
    return elide(one_line(name), FONT_PX, NAME * FONT_PX, bold=True)


def _font(pixels: float, style: str) -> QFont:
    weights = {"title": QFont.Weight.Bold, "remark": QFont.Weight.Normal}
    return pixel_font(pixels, weights.get(style, QFont.Weight.DemiBold))


def _settings(words: StepText, pixels: float, cost: float) -> Iterator[Setting]:
    """Yield settings of a text, the widest first, for a font of this cost. Lines break only between terms."""
    metrics = {style: QFontMetricsF(_font(pixels, style)) for style in ("title", "line", "rest", "remark")}

    def width(row: CalloutLine) -> float:
        indent = INDENT * pixels if row.style == "rest" else 0.0
        return metrics[row.style].horizontalAdvance("".join(row.pieces)) + indent

    widest = max(map(width, _rows(words, width, np.inf)))
    breaks = (tuple(_rows(words, width, share * widest + 1.0)) for share in WIDTH_SHARES)
    for rows in dict.fromkeys(breaks):
        across = max(map(width, rows)) + 2 * PAD_X * pixels
        down = (len(rows) * LINE_HEIGHT + 2 * PAD_Y) * pixels
        yield Setting(rows, pixels, Size(across, down, LINE_BREAK * len(rows) + cost))


def _rows(words: StepText, width: Callable[[CalloutLine], float], most: float) -> Iterator[CalloutLine]:
    """Yield the lines of a text, none of which is wider than `most` if it has several pieces."""
    if words.title:
        yield CalloutLine((words.title,), "title")
    for saying in words.text_lines:
        style = "remark" if saying.is_remark else "line"
        row = CalloutLine((), style)
        for piece in saying.pieces:
            longer = row._replace(pieces=(*row.pieces, piece))
            if not row.pieces or width(longer) <= most:
                row = longer
                continue
            yield row
            row = CalloutLine((piece.lstrip(),), "remark" if saying.is_remark else "rest")
        yield row


def _near(picture: Picture, words: StepText) -> Rect:
    """Return the rectangle that the box should be near: its nodes, its edges' end, or else the top."""
    if not words.subject:
        body = picture.layout.body
        return Rect(body.center[0], body.y, 0.0, body.height)
    ends = words.subject[0], words.subject[-1]
    first, last = (picture.layout.column(at.layer).rect(at.node) for at in ends)
    return first._replace(height=last.bottom - first.y)


def _targets(picture: Picture, words: StepText, obstacles: Obstacles) -> Array:
    """Return the points where the pointer may end: on a node's border, or on an edge beside its number."""
    if any(at.kind == "weight" for at in words.subject):
        rects, points = obstacles.forbidden, obstacles.points[:, None]
        free = ~((points > rects[:, :2]) & (points < rects[:, 2:])).all(axis=-1).any(axis=-1)
        return _thin_out(obstacles.points[free] if free.any() else obstacles.points)
    sides: list[Array] = [np.empty((0, 2))]
    for at in words.subject:
        x, y, width, height = picture.layout.column(at.layer).rect(at.node)
        across, down = x + width * SHARES, y + height * SHARES
        sides += [np.column_stack((across, np.full_like(across, edge))) for edge in (y, y + height)]
        sides += [np.column_stack((np.full_like(down, edge), down)) for edge in (x, x + width)]
    return _thin_out(np.concatenate(sides))


def _thin_out(points: Array) -> Array:
    return points[:: max(len(points) // MAX_TARGETS, 1)]


def _obstacles(picture: Picture, words: StepText) -> Obstacles:
    every = all_labels(picture.content, picture.layout, picture.places)
    texts = {label.address: label.rect for label in every}
    addresses = (*words.subject, *words.used_numbers)
    forbidden = [rect for address in addresses for rect in _places(picture, texts, address)]
    edges = [address for address in words.subject if address.kind == "weight"]
    subject = [edge_line(picture.layout.gaps[at.layer], at.node, at.source) for at in edges]
    nodes, labels = list(picture.nodes.values()), list(texts.values())
    forbidden += nodes + labels if words.is_shown_elsewhere else []
    lines = picture.layout.lines.tolist() if len(picture.layout.lines) <= FEW_EDGES else []
    others = _points(QLineF(*ends) for ends in lines)
    return Obstacles(rectangles(forbidden), _points(subject), rectangles(nodes), rectangles(labels), others)


def _places(picture: Picture, texts: Mapping[Address, Rect], address: Address) -> Iterator[Rect]:
    """Yield the rectangles of a node with its labels, of an edge's numbers, or of another number."""
    kinds = {"node": NODE_LABELS, "weight": ("weight", "slope")}.get(address.kind, (address.kind,))
    if address.kind == "node":
        yield picture.layout.column(address.layer).rect(address.node)
    own = (address._replace(kind=kind) for kind in kinds)  # type: ignore[arg-type]
    yield from (texts[at] for at in own if at in texts)


def _points(lines: Iterable[QLineF]) -> Array:
    """Return points at equal distances along lines, shape (n, 2)."""
    points = [np.empty((0, 2))]
    for line in lines:
        share = np.linspace(0.0, 1.0, max(int(line.length() / POINT_PX), 2))[:, None]
        points.append(np.array([line.x1(), line.y1()]) + share * np.array([line.dx(), line.dy()]))
    return np.concatenate(points)


PULSE_STEPS = ("forward", "backward")
"""Steps of the walk (the animated training iteration) in which dots move along edges."""
EDGE_STEPS = ("slopes", "mean", "update")
"""Steps of the walk (the animated training iteration) that concern a node's incoming edges."""
SLOPE_STEPS = ("backward", "slopes", "mean")
"""Steps of the walk (the animated training iteration) that concern slopes."""
TEXT_END = 0.9
"""Share of a step's time after which the whole text of the step is visible."""
MAX_PULSES = 60
"""Largest number of pulses (moving dots) at a time. The edges that carry the largest numbers show pulses."""
MARK_PX, MARK_OPACITY = 10.0, 0.25
"""Width in pixels, and opacity from 0 to 1, of the wide lines that mark the edges of the current step."""
MAX_MARKED = 600
"""Largest number of edges marked at once. With more edges, nodes are outlined instead, to save time."""
PULSE_PX = 6.0
"""Radius of the largest pulse (a dot that moves along an edge), in pixels."""


Pulse: TypeAlias = tuple[QLineF, QColor, float]
"""The path, the colour and the radius of a pulse."""


class WalkLayer:
    """Paints the animation of the walk (one training iteration in steps) over the picture."""

    def __init__(self) -> None:
        self.t = 0.0
        """Fraction of the step in progress, from 0 to 1."""
        self._pulses = lru_cache(maxsize=1)(lambda *steps: tuple(_pulses(*steps)))
        """Returns the pulses of some steps, and keeps the last ones, which many frames show."""
        self.callout = Callout()

    def paint(self, painter: QPainter, moment: Moment, picture: Picture, palette: Palette) -> None:
        """Paint the pulses of the steps in progress, and the callout about the current or last steps."""
        progress, t = moment.walk, self.t
        steps, text_start = progress.moving, 0.0
        if steps and steps[0].deed in PULSE_STEPS:
            text_start = ARRIVAL_SHARE
            if t < ARRIVAL_SHARE:
                painter.setPen(Qt.PenStyle.NoPen)
                for line, colour, radius in self._pulses(picture, steps, palette):
                    painter.setBrush(colour)
                    painter.drawEllipse(line.pointAt(t / ARRIVAL_SHARE), radius, radius)
        self.callout.place_box(picture, moment.walk_text(short_name))
        share = (t - text_start) / (TEXT_END - text_start) if steps else 1.0
        described = progress.described_steps
        slopes = bool(described) and described[0].deed in SLOPE_STEPS
        self.callout.paint(painter, palette, min(share, 1.0), slopes=slopes)

    def paint_outlines(self, painter: QPainter, moment: Moment, picture: Picture, palette: Palette) -> None:
        """Outline the nodes, or mark the edges, of the steps that the callout describes."""
        progress = moment.walk
        edges = sum(picture.weights[step.layer].shape[1] for step in progress.described_steps)
        for step in progress.described_steps:
            column = picture.layout.column(step.layer)
            if not column.are_distinct or progress.walk.of_all_weights(step):
                continue
            if step.deed in EDGE_STEPS and edges <= MAX_MARKED:
                _paint_marks(painter, picture, step, palette)
                continue
            rect = column.rect(step.node)
            paint_shapes(painter, [Box(rect, "", _colour(step, palette), 2.4, corner(rect))])

    def dirty(self, moment: Moment, picture: Picture) -> QRectF:
        """Return the part of the picture that the steps in progress may change."""
        steps = moment.walk.moving
        if not steps:
            return qrect(picture.layout.body)
        step, body = steps[0], qrect(picture.layout.body)
        first = last = step.layer
        if step.deed in ("forward", *EDGE_STEPS):
            first -= 1
        elif step.deed == "backward" and step.layer + 1 < len(picture.weights):
            last += 1
        left, right = picture.layout.column(first).x - 60, picture.layout.column(last).box.right + 260
        columns = QRectF(left, body.top(), right - left, body.height())
        self.callout.place_box(picture, moment.walk_text(short_name))
        return columns.united(self.callout.painted_rect).intersected(body)


def _colour(step: WalkStep, palette: Palette) -> str:
    return palette.slope if step.deed in SLOPE_STEPS else palette.accent


def _paint_marks(painter: QPainter, picture: Picture, step: WalkStep, palette: Palette) -> None:
    """Mark the edges of a step."""
    colour = QColor(_colour(step, palette))
    colour.setAlphaF(MARK_OPACITY)
    painter.setPen(QPen(colour, MARK_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    for source in range(picture.weights[step.layer].shape[1]):
        painter.drawLine(edge_line(picture.layout.gaps[step.layer], step.node, source))


def _pulses(picture: Picture, steps: tuple[WalkStep, ...], palette: Palette) -> Iterator[Pulse]:
    """Yield the pulses on the strongest edges of some steps."""
    backward = steps[0].deed == "backward"
    layer = steps[0].layer + backward
    trace, slopes = picture.content.trace, picture.content.slopes
    if layer >= len(picture.weights) or picture.content.hiding.on or trace is None:  # dots show results
        return
    weights, nodes = picture.weights[layer], [step.node for step in steps]
    chosen = np.zeros_like(weights, dtype=bool)
    if backward:
        if slopes is None:
            return
        ends = slopes.layers[layer].nodes[:, None]
        chosen[:, nodes] = True
    else:
        ends = trace.feeding(layer)[0]
        chosen[nodes, :] = True
    with np.errstate(all="ignore"):
        carried = np.nan_to_num(weights * ends)  # infinity becomes the largest number
    sizes = np.where(chosen, np.abs(carried), -1.0)
    largest = float(sizes.max())
    order = np.argsort(sizes, axis=None)[::-1][: min(MAX_PULSES, int(chosen.sum()))]
    for node, source in zip(*(ends.tolist() for ends in np.divmod(order, weights.shape[1])), strict=True):
        value = float(carried[node, source])
        line = edge_line(picture.layout.gaps[layer], node, source)
        share = abs(value) / largest if largest > 0 else 0.0
        colour = QColor(palette.slope if backward else sign_colour(value, palette))
        path = QLineF(line.p2(), line.p1()) if backward else line
        yield path, colour, PULSE_PX * (0.4 + 0.6 * share**0.5)
