"""The walk on the diagram: highlights, and the callout with the current step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.document.player import Narrator
from nnviz.document.walk import ARRIVED, StepWords, Walking, WalkStep
from nnviz.picture.columns import corner
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Rect
from nnviz.picture.picture import Picture, labels_of
from nnviz.picture.text import elide, plain
from nnviz.ui.diagram.paint import edge_line
from nnviz.ui.kit.images import qrect
from nnviz.ui.kit.theme import pixel_font

STEP_PX = 12.0
"""Places are tried so far from one another."""
KEPT, BESIDE = 4.0, 2.0
"""Free between the box and what it must not cover, and between it and the room's sides."""
FORBIDDEN = 1e6
"""What a square pixel costs that must not be covered: more than all others together."""
TEXT = 6.0
"""What a square pixel of a text costs that should not be covered; one of a node costs 1."""
NEAR = 2.0
"""For each pixel that the box stands farther away it may cover so many square pixels less."""
MARGIN, ASIDE = 8.0, 200.0
"""Free at the room's sides where that can be, and what it costs where not."""
LINE = 30.0
"""What a point of a line costs that should not be covered."""
CROSSED, USED = 700.0, 4
"""What it costs that the way to what the box speaks of leads over a node or a text, and how many times as
much where that must not be covered."""
FINALISTS, SAMPLES = 24, 12
"""Of so many places the way is looked at, at so many points."""


class Obstacles(NamedTuple):
    """What stands in a room: rectangles as x, y, right, bottom, shape (n, 4), and points, shape (m, 2)."""

    forbidden: Array
    points: Array
    """Of lines that must not be covered."""
    nodes: Array
    """These and the next should not be covered, a text still less than a node."""
    texts: Array
    passed: Array
    """Points of other lines, which should not be covered."""


class Size(NamedTuple):
    """A size that the box may have, and what it costs to have this one."""

    width: float
    height: float
    cost: float


class Place(NamedTuple):
    """Where a box may stand: which of the sizes it has, and its cost."""

    size: int
    rect: Rect
    cost: float

    @property
    def free(self) -> bool:
        """Whether nothing is covered that must not be."""
        return self.cost < FORBIDDEN


def rectangles(rects: Sequence[Rect]) -> Array:
    """Return rectangles as an array, shape (n, 4)."""
    edges = [(rect.x, rect.y, rect.right, rect.bottom) for rect in rects]
    return np.array(edges, dtype=np.float64).reshape(-1, 4)


def free_place(room: Rect, sizes: Sequence[Size], obstacles: Obstacles, near: Rect, targets: Array) -> Place:
    """Return the best place in `room` for a box of one of `sizes`, near `near`.

    A line from the box will lead to one of the points `targets`, shape (n, 2), if there are any.
    """
    found: list[Place] = []
    for k, size in sorted(enumerate(sizes), key=lambda own: own[1].cost):
        if found and size.cost > min(place.cost for place in found):
            break  # no place costs less than its size
        found.append(_best(room, k, size, obstacles, near, targets))
    return min(found, key=lambda place: (place.cost, place.size))


def _best(room: Rect, number: int, size: Size, obstacles: Obstacles, near: Rect, targets: Array) -> Place:
    width, height, _ = size
    x = _starts(room.x, room.right, width)
    y = _starts(room.y, room.bottom, height)
    kept = obstacles.forbidden + np.array([-KEPT, -KEPT, KEPT, KEPT])
    cost = FORBIDDEN * _covered(x, y, size, kept)
    cost += _covered(x, y, size, obstacles.nodes) + TEXT * _covered(x, y, size, obstacles.texts)
    cost += FORBIDDEN * _held(x, y, size, obstacles.points) + LINE * _held(x, y, size, obstacles.passed)
    cost += ASIDE * (
        _at_side(y, height, room.y, room.bottom)[:, None] + _at_side(x, width, room.x, room.right)
    )
    cost += NEAR * (_away(y, height, near.y, near.bottom)[:, None] + _away(x, width, near.x, near.right))
    best = np.argsort(cost, axis=None, kind="stable")[:FINALISTS]
    tops, lefts = y[best // len(x)], x[best % len(x)]
    too_large = max(width + 2 * BESIDE - room.width, 0.0) + max(height + 2 * BESIDE - room.height, 0.0)
    total = cost.ravel()[best] + size.cost + FORBIDDEN * too_large
    if len(targets):
        lows = np.column_stack((lefts, tops))
        total += _ways(lows, lows + np.array([width, height]), targets, obstacles).min(axis=1)
    k = int(np.argmin(total))
    return Place(number, Rect(float(lefts[k]), float(tops[k]), width, height), float(total[k]))


def _starts(low: float, high: float, length: float) -> Array:
    last = max(high - BESIDE - length, low + BESIDE)
    within = np.arange(low + MARGIN, high - MARGIN - length, STEP_PX)
    return np.concatenate(([low + BESIDE], within, [max(high - MARGIN - length, low + BESIDE), last]))


def _at_side(starts: Array, length: float, low: float, high: float) -> Array:
    near = (starts < low + MARGIN) | (starts + length > high - MARGIN)
    at_side: Array = near.astype(np.float64)
    return at_side


def _covered(x: Array, y: Array, size: Size, rects: Array) -> Array:
    """Return how much of `rects` a box covers at each place, shape (y, x)."""
    across, down = (
        np.maximum(
            np.minimum(starts[:, None] + length, rects[:, axis + 2])
            - np.maximum(starts[:, None], rects[:, axis]),
            0.0,
        )
        for axis, starts, length in ((0, x, size.width), (1, y, size.height))
    )
    area: Array = down @ across.T
    return area


def _held(x: Array, y: Array, size: Size, points: Array) -> Array:
    """Return how many of `points` a box covers at each place, shape (y, x)."""
    across, down = (
        (points[:, axis] > starts[:, None] - KEPT) & (points[:, axis] < starts[:, None] + length + KEPT)
        for axis, starts, length in ((0, x, size.width), (1, y, size.height))
    )
    count: Array = down.astype(np.float64) @ across.T.astype(np.float64)
    return count


def _away(starts: Array, length: float, low: float, high: float) -> Array:
    away: Array = np.maximum(np.maximum(low - (starts + length), starts - high), 0.0)
    return away


class Way(NamedTuple):
    """A line from a box to what it speaks of, and what it costs."""

    start: tuple[float, float]
    end: tuple[float, float]
    cost: float


def way(box: Rect, targets: Array, obstacles: Obstacles) -> Way:
    """Return the best line from `box` to one of the points `targets`: over least, then the shortest."""
    low, high = np.array([[box.x, box.y]]), np.array([[box.right, box.bottom]])
    cost = _ways(low, high, targets, obstacles)[0]
    k = int(np.argmin(cost))
    (x0, y0), (x1, y1) = np.clip(targets[k], low[0], high[0]).tolist(), targets[k].tolist()
    return Way((x0, y0), (x1, y1), float(cost[k]))


def _ways(lows: Array, highs: Array, targets: Array, obstacles: Obstacles) -> Array:
    """Return what the line from each box to each target costs, shape (boxes, targets)."""
    starts = np.clip(targets, lows[:, None], highs[:, None])
    share = np.linspace(0.05, 0.9, SAMPLES)[:, None, None, None]
    points = starts + share * (targets - starts)
    x, y = points[..., 0, None], points[..., 1, None]
    crossed = np.zeros(points.shape[1:3])
    for rects, times in ((obstacles.nodes, 1), (obstacles.texts, 1), (obstacles.forbidden, USED)):
        inside = (x > rects[:, 0]) & (x < rects[:, 2]) & (y > rects[:, 1]) & (y < rects[:, 3])
        crossed += times * inside.any(axis=0).sum(axis=-1)
    cost: Array = CROSSED * crossed + NEAR * np.linalg.norm(targets - starts, axis=-1)
    return cost


FONT_PX, SMALLEST_PX = 13.5, 10.5
"""Font size where the diagram is as large as in a small room, and the least where there is no room for it."""
SHRUNK, SMALLER = (1.0, 0.85, 0.72), 300.0
"""Sizes of the font in use, as shares of it; each smaller one must cover so many square pixels less."""
LINE_HEIGHT, PAD_X, PAD_Y, INDENT, NAME = 1.5, 0.9, 0.5, 1.2, 8.5
"""In font sizes: a line's height, free at its sides and above, how far a broken line goes in, a name."""
NARROWER = (1.0, 0.8, 0.65, 0.5, 0.38, 0.28, 0.2, 0.15, 0.11)
"""Lines are broken so that the box is about so many times as wide as without."""
FEWER = (8, 4, 2, 1)
"""So many lines are told, and no remarks, where there is no room for all; the last one in short at last."""
BROKEN = 500.0
"""For each line more that a narrower box has it must cover so many square pixels less."""
DOT_PX = 3.0
"""Radius of the dot at the end of the line to what is told of."""
SHARES = np.linspace(0.15, 0.85, 4)
"""Where on a side of a node that line may end."""
FEW_EDGES = 200
"""Of more edges nobody sees which one is covered."""
MOST_TARGETS = 24
"""At about so many points the line may end."""
POINT_PX = 5.0
"""An edge is kept free at points so far from one another."""
OWN = ("value", "z", "bias", "node_slope", "error", "target")
"""What stands at a node and is a part of it."""


class CalloutLine(NamedTuple):
    """A line as it stands in the box: the pieces of it, which come one by one."""

    pieces: tuple[str, ...]
    style: str
    """title, line, rest (of a line that is broken) or aside."""


class Setting(NamedTuple):
    """Rows at a font size, and the box that they take."""

    rows: tuple[CalloutLine, ...]
    pixels: float
    width: float
    height: float


class Callout:
    """Places what is said of a step once for all the time that the step takes, and paints it."""

    def __init__(self) -> None:
        self._of: tuple[object, ...] = ()
        self._setting: Setting | None = None
        self._place: Place | None = None
        self._way: Way | None = None

    @property
    def box(self) -> QRectF:
        """Where it stands; nothing where nothing is said."""
        return qrect(self._place.rect) if self._place else QRectF()

    def put(self, picture: Picture, words: StepWords) -> None:
        """Find room for what is said, unless that was done."""
        if self._of == (picture.layout, words):
            return
        self._of = picture.layout, words
        self._setting = self._place = self._way = None
        if words.sayings or words.title:
            self._find(picture, words)

    def _find(self, picture: Picture, words: StepWords) -> None:
        near, obstacles = _near(picture, words), _obstacles(picture, words)
        targets = _targets(picture, words, obstacles)
        sizes = [max(share * FONT_PX * picture.layout.scale, SMALLEST_PX) for share in SHRUNK]
        fewer = *(words.first(few) for few in FEWER), words.first(1).in_short()
        for told, fonts in ((words, sizes), *((few, [SMALLEST_PX]) for few in fewer)):
            settings = [own for pixels in fonts for own in _settings(told, pixels)]
            least = min(len(own.rows) for own in settings)
            costs = (BROKEN * (len(own.rows) - least) + SMALLER * fonts.index(own.pixels) for own in settings)
            boxes = [Size(own.width, own.height, cost) for own, cost in zip(settings, costs, strict=True)]
            place = free_place(picture.layout.body, boxes, obstacles, near, targets)
            if place.free or words.elsewhere:
                break
        if not place.free and words.elsewhere:
            return
        self._place, self._setting = place, settings[place.size]
        self._way = way(place.rect, targets, obstacles) if len(targets) else None

    @property
    def covered(self) -> QRectF:
        """All that it may paint on."""
        if self._way is None:
            return self.box.adjusted(-2, -2, 2, 2)
        end = QPointF(*self._way.end)
        return self.box.united(QRectF(end, end).adjusted(-DOT_PX, -DOT_PX, DOT_PX, DOT_PX)).adjusted(
            -2, -2, 2, 2
        )

    def paint(self, painter: QPainter, palette: Palette, share: float, *, slopes: bool) -> None:
        """Paint so much of it, from 0 to 1; `slopes`: it is about slopes."""
        if self._setting is None or share <= 0.0:
            return
        box, colour = self.box, QColor(palette.slope if slopes else palette.accent)
        painter.setPen(QPen(colour, 1.4))
        if self._way is not None:
            painter.drawLine(QLineF(*self._way.start, *self._way.end))
            painter.setBrush(colour)
            painter.drawEllipse(QPointF(*self._way.end), DOT_PX, DOT_PX)
        painter.setBrush(QColor(palette.surface))
        painter.drawRoundedRect(box, 8, 8)
        self._paint_rows(painter, palette, share)

    def _paint_rows(self, painter: QPainter, palette: Palette, share: float) -> None:
        setting = self._setting
        assert setting is not None
        pixels, box = setting.pixels, self.box
        direction = painter.layoutDirection()
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # also after a name of another script
        left = sum(len(row.pieces) for row in setting.rows if row.style != "title")
        left = round(share * left)
        for k, row in enumerate(setting.rows):
            shown = len(row.pieces) if row.style == "title" else min(left, len(row.pieces))
            left -= shown if row.style != "title" else 0
            painter.setFont(_font(pixels, row.style))
            painter.setPen(QColor(palette.muted if row.style == "aside" else palette.ink))
            x = box.left() + (PAD_X + (INDENT if row.style == "rest" else 0.0)) * pixels
            place = QRectF(
                x, box.top() + (PAD_Y + LINE_HEIGHT * k) * pixels, box.right() - x, LINE_HEIGHT * pixels
            )
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, "".join(row.pieces[:shown]))
        painter.setLayoutDirection(direction)


def short_name(name: str) -> str:
    """Return a name so that it is not longer than those of nodes on the diagram."""
    return elide(plain(name), FONT_PX, NAME * FONT_PX, bold=True)


def _font(pixels: float, style: str) -> QFont:
    weights = {"title": QFont.Weight.Bold, "aside": QFont.Weight.Normal}
    return pixel_font(pixels, weights.get(style, QFont.Weight.DemiBold))


def _settings(words: StepWords, pixels: float) -> Iterator[Setting]:
    """Yield ways to set the words, the widest first: lines are broken between terms alone."""
    metrics = {style: QFontMetricsF(_font(pixels, style)) for style in ("title", "line", "aside")}
    metrics["rest"] = metrics["line"]

    def width(row: CalloutLine) -> float:
        indent = INDENT * pixels if row.style == "rest" else 0.0
        return metrics[row.style].horizontalAdvance("".join(row.pieces)) + indent

    whole = max(map(width, _rows(words, lambda _: True)))
    known = set()
    for share in NARROWER:
        rows = tuple(_rows(words, lambda row, share=share: width(row) <= share * whole + 1.0))
        if rows not in known:
            known.add(rows)
            wide, high = max(map(width, rows)), len(rows) * LINE_HEIGHT * pixels
            yield Setting(rows, pixels, wide + 2 * PAD_X * pixels, high + 2 * PAD_Y * pixels)


def _rows(words: StepWords, fits: object) -> Iterator[CalloutLine]:
    assert callable(fits)
    if words.title:
        yield CalloutLine((words.title,), "title")
    for saying in words.sayings:
        style = "aside" if saying.aside else "line"
        row = CalloutLine((), style)
        for piece in saying.pieces:
            longer = row._replace(pieces=(*row.pieces, piece))
            if not row.pieces or fits(longer):
                row = longer
                continue
            yield row
            row = CalloutLine((piece.lstrip(),), "aside" if saying.aside else "rest")
        yield row


def _near(picture: Picture, words: StepWords) -> Rect:
    """Return what the box should stand near: its node, all outputs, where its edges end; else the top."""
    if not words.subject:
        body = picture.layout.body
        return Rect(body.center[0], body.y, 0.0, body.height)
    first, last = words.subject[0], words.subject[-1]
    column = picture.layout.column(first.layer)
    if first.kind == "node":
        top, bottom = column.rect(first.node), column.rect(last.node)
        return top._replace(height=bottom.bottom - top.y)
    node, gap = column.rect(first.node), picture.layout.gaps[first.layer]
    return Rect(gap.x1 - 2.0, node.center[1] - 2.0, 4.0, 4.0)


def _targets(picture: Picture, words: StepWords, obstacles: Obstacles) -> Array:
    """Return the points that a line may lead to: on a node's border, or on an edge where no number stands."""
    if any(at.kind == "weight" for at in words.subject):
        rects, points = obstacles.forbidden, obstacles.points[:, None]
        free = ~((points > rects[:, :2]) & (points < rects[:, 2:])).all(axis=-1).any(axis=-1)
        return _thinned(obstacles.points[free] if free.any() else obstacles.points)
    sides: list[Array] = [np.empty((0, 2))]
    for at in words.subject:
        x, y, width, height = picture.layout.column(at.layer).rect(at.node)
        across, down = x + width * SHARES, y + height * SHARES
        sides += [np.column_stack((across, np.full_like(across, edge))) for edge in (y, y + height)]
        sides += [np.column_stack((np.full_like(down, edge), down)) for edge in (x, x + width)]
    return _thinned(np.concatenate(sides))


def _thinned(points: Array) -> Array:
    return points[:: max(len(points) // MOST_TARGETS, 1)]


def _obstacles(picture: Picture, words: StepWords) -> Obstacles:
    texts = {label.address: label.rect for label in labels_of(picture.content, picture.layout)}
    spoken_of = (*words.subject, *words.uses)
    forbidden = [rect for address in spoken_of for rect in _places(picture, texts, address)]
    edges = [address for address in words.subject if address.kind == "weight"]
    subject = [edge_line(picture.layout.gaps[at.layer], at.node, at.source) for at in edges]
    nodes, others = [node.rect for node in picture.nodes], list(texts.values())
    forbidden += nodes + others if words.elsewhere else []
    every = picture.layout.lines.tolist() if len(picture.layout.lines) <= FEW_EDGES else []
    passed = _points(QLineF(*ends) for ends in every)
    return Obstacles(rectangles(forbidden), _points(subject), rectangles(nodes), rectangles(others), passed)


def _places(picture: Picture, texts: Mapping[Address, Rect], address: Address) -> Iterator[Rect]:
    """Yield where a node with all that belongs to it, an edge's numbers, or another number stands."""
    kinds = {"node": OWN, "weight": ("weight", "slope")}.get(address.kind, (address.kind,))
    if address.kind == "node":
        yield picture.layout.column(address.layer).rect(address.node)
    own = (_at(address, kind) for kind in kinds)
    yield from (texts[at] for at in own if at in texts)


def _at(address: Address, kind: str) -> Address:
    return Address(kind, *address[1:])  # type: ignore[arg-type]


def _points(lines: Iterable[QLineF]) -> Array:
    """Return points along lines, shape (n, 2)."""
    points = [np.empty((0, 2))]
    for line in lines:
        share = np.linspace(0.0, 1.0, max(int(line.length() / POINT_PX), 2))[:, None]
        points.append(np.array([line.x1(), line.y1()]) + share * np.array([line.dx(), line.dy()]))
    return np.concatenate(points)


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
        self, painter: QPainter, picture: Picture, steps: tuple[WalkStep, ...], t: float, palette: Palette
    ) -> None:
        if self._pulses_of != (picture, steps, palette):
            self._pulses = list(_pulses(picture, steps, palette))
            self._pulses_of = picture, steps, palette
        painter.setPen(Qt.PenStyle.NoPen)
        for line, colour, radius in self._pulses:
            painter.setBrush(colour)
            painter.drawEllipse(line.pointAt(t), radius, radius)


def _colour(step: WalkStep, palette: Palette) -> QColor:
    return QColor(palette.slope if step.deed in OF_SLOPES else palette.accent)


def _paint_marks(painter: QPainter, picture: Picture, step: WalkStep, palette: Palette) -> None:
    """Mark the edges that a step is about."""
    colour = _colour(step, palette)
    colour.setAlphaF(MARK_OPACITY)
    painter.setPen(QPen(colour, MARK_PX, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
    for source in range(picture.weights[step.layer].shape[1]):
        painter.drawLine(edge_line(picture.layout.gaps[step.layer], step.node, source))


def _pulses(
    picture: Picture, steps: tuple[WalkStep, ...], palette: Palette
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
