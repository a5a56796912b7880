"""What stands beside the step in progress: whose it is, and its sum as it grows; it points at that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.document.walk.words import Words
from nnviz.picture.palette import Palette
from nnviz.picture.parts import Rect
from nnviz.picture.picture import Picture, labels_of
from nnviz.picture.text import elide, plain
from nnviz.ui.diagram.edge_lines import edge_line
from nnviz.ui.diagram.free_place import Obstacles, Place, Size, Way, free_place, rectangles, way
from nnviz.ui.widgets.images import qrect
from nnviz.ui.widgets.theme import pixel_font

FONT_PX, SMALLEST_PX = 13.5, 10.5
"""Font size where the diagram is as large as in a small room, and the least where there is no room for it."""
SHRUNK, SMALLER = (1.0, 0.85, 0.72), 300.0
"""Sizes of the font in use, as shares of it; each smaller one must cover so many square pixels less."""
LINE, PAD_X, PAD_Y, INDENT, NAME = 1.5, 0.9, 0.5, 1.2, 8.5
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


class Row(NamedTuple):
    """A line as it stands in the box: the pieces of it, which come one by one."""

    pieces: tuple[str, ...]
    style: str
    """title, line, rest (of a line that is broken) or aside."""


class Setting(NamedTuple):
    """Rows at a font size, and the box that they take."""

    rows: tuple[Row, ...]
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

    def put(self, picture: Picture, words: Words) -> None:
        """Find room for what is said, unless that was done."""
        if self._of == (picture.layout, words):
            return
        self._of = picture.layout, words
        self._setting = self._place = self._way = None
        if words.sayings or words.title:
            self._find(picture, words)

    def _find(self, picture: Picture, words: Words) -> None:
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
            place = QRectF(x, box.top() + (PAD_Y + LINE * k) * pixels, box.right() - x, LINE * pixels)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, "".join(row.pieces[:shown]))
        painter.setLayoutDirection(direction)


def short_name(name: str) -> str:
    """Return a name so that it is not longer than those of nodes on the diagram."""
    return elide(plain(name), FONT_PX, NAME * FONT_PX, bold=True)


def _font(pixels: float, style: str) -> QFont:
    weights = {"title": QFont.Weight.Bold, "aside": QFont.Weight.Normal}
    return pixel_font(pixels, weights.get(style, QFont.Weight.DemiBold))


def _settings(words: Words, pixels: float) -> Iterator[Setting]:
    """Yield ways to set the words, the widest first: lines are broken between terms alone."""
    metrics = {style: QFontMetricsF(_font(pixels, style)) for style in ("title", "line", "aside")}
    metrics["rest"] = metrics["line"]

    def width(row: Row) -> float:
        indent = INDENT * pixels if row.style == "rest" else 0.0
        return metrics[row.style].horizontalAdvance("".join(row.pieces)) + indent

    whole = max(map(width, _rows(words, lambda _: True)))
    known = set()
    for share in NARROWER:
        rows = tuple(_rows(words, lambda row, share=share: width(row) <= share * whole + 1.0))
        if rows not in known:
            known.add(rows)
            wide, high = max(map(width, rows)), len(rows) * LINE * pixels
            yield Setting(rows, pixels, wide + 2 * PAD_X * pixels, high + 2 * PAD_Y * pixels)


def _rows(words: Words, fits: object) -> Iterator[Row]:
    assert callable(fits)
    if words.title:
        yield Row((words.title,), "title")
    for saying in words.sayings:
        style = "aside" if saying.aside else "line"
        row = Row((), style)
        for piece in saying.pieces:
            longer = row._replace(pieces=(*row.pieces, piece))
            if not row.pieces or fits(longer):
                row = longer
                continue
            yield row
            row = Row((piece.lstrip(),), "aside" if saying.aside else "rest")
        yield row


def _near(picture: Picture, words: Words) -> Rect:
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


def _targets(picture: Picture, words: Words, obstacles: Obstacles) -> Array:
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


def _obstacles(picture: Picture, words: Words) -> Obstacles:
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
