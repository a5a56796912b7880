"""Texts and boxes as cached images, for a fast repaint.

Words are cached whole, numbers digit by digit, since they change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import ceil
from typing import Any

import numpy as np
import shiboken6
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap, QTextLayout, QTextLine

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.numbers import MINUS
from nnviz.picture.columns import COMPACT, Layout, corner
from nnviz.picture.palette import Palette
from nnviz.picture.parts import DiagramColumn, Label, NodeBox, Rect
from nnviz.picture.picture import Picture
from nnviz.picture.style import PILLS, Box, label_box, node_box, sign_colour, text_colour, tints
from nnviz.ui.diagram.paint import label_font, paint_box, paint_label, paint_leader

LARGEST_TEXT, LARGEST = 36.0, 600.0
"""Font size and width, in pixels, of what is painted without a sprite if larger: few are in sight at once."""
WIDTH, MOST = 1024, 2048
"""Width of the sprites' pixmap, in pixels, and its height at most: several times what a diagram takes."""


class Screen:
    """The sprites of one widget, in the colours of `palette`, at `ratio` device pixels a pixel."""

    def __init__(self, palette: Palette, ratio: float) -> None:
        self.palette, self.ratio = palette, ratio
        self._margin = ceil(3 * ratio)
        self._sprites = Sprites(round(WIDTH * ratio))
        self._setter = TextSetter(self._sprites)
        self._letters: dict[tuple[str, float, str], Letters] = {}
        self._boxes: dict[tuple[object, ...], int] = {}
        self._layout: Layout | None = None
        self._still = NONE
        self._large_nodes: list[NodeBox] = []
        self._large_names: list[Label] = []

    @property
    def full(self) -> bool:
        """Whether it is better to start anew with another one, as after much zooming."""
        return self._sprites.height > MOST * self.ratio

    def paint_nodes(self, painter: QPainter, picture: Picture, selected: tuple[Address, ...]) -> None:
        """Paint the nodes that are drawn one by one, with their names; those selected with the accent."""
        layout = picture.layout
        if layout is not self._layout:
            self._still, self._layout = self._nodes_and_names(layout), layout
            self._large_nodes = [node for node in layout.nodes if node.rect.width > LARGEST]
            self._large_names = [name for name in layout.names if _is_large(name)]
        for node in self._large_nodes:
            paint_box(painter, node.rect, node_box(node.role, node.rect, self.palette))
        tinted = (placed for column in layout.columns for placed in self._tinted(picture, column))
        self._sprites.draw(painter, np.concatenate([self._still, *tinted]))
        for name in self._large_names:
            paint_label(painter, name, self.palette)
        for address in selected:
            column = layout.column(address.layer)
            if address.kind == "node" and column.told_apart:
                rect = column.rect(address.node)
                paint_box(painter, rect, Box("", self.palette.accent, 2.4, corner(rect)))

    def paint_labels(self, painter: QPainter, labels: Iterable[Label], selected: tuple[Address, ...]) -> None:
        """Paint labels with their pills; those selected with the accent."""
        pills = []
        for label in labels:
            chosen = label.address in selected
            if _is_large(label):
                paint_label(painter, label, self.palette, chosen=chosen)
                continue
            if label.leader is not None:
                paint_leader(painter, label, self.palette)
            if label.style in PILLS:
                pills.append(self._pill(label, chosen))
            self._setter.set(self._letters_of(label), label)
        below = self._sprites.placed(*zip(*pills, strict=True)) if pills else NONE
        self._sprites.draw(painter, np.concatenate((below, self._setter.placed())))

    def _letters_of(self, label: Label) -> Letters:
        colour = text_colour(label, self.palette)
        key = (label.style, label.size, colour)
        letters = self._letters.get(key)
        if letters is None:
            letters = self._letters[key] = Letters(self._setter, label_font(label), colour, self.ratio)
        return letters

    def _nodes_and_names(self, layout: Layout) -> Array:
        """Return what stands still as long as the layout does."""
        boxes = [self._boxes_of(column, column.in_sight(layout.body)) for column in layout.columns]
        for name in layout.names:
            if not _is_large(name):
                self._setter.set(self._letters_of(name), name)
        return np.concatenate([*boxes, self._setter.placed()])

    def _boxes_of(self, column: DiagramColumn, nodes: range) -> Array:
        if not nodes or column.width > LARGEST:
            return NONE
        left, width = self._across(column.box)
        height = max(round(column.height * self.ratio), 1)
        tops = self._tops(column, nodes)
        box = node_box(column.role, column.rect(0), self.palette)
        if column.height < COMPACT:
            sprite, margin = self._plain(width + 1, height + 1, box.fill, box.line), 0
        else:
            sprite, margin = self._box(width, height, box), self._margin
        return self._sprites.placed([sprite] * len(nodes), left - margin, tops - margin)

    def _tinted(self, picture: Picture, column: DiagramColumn) -> Iterator[Array]:
        """Yield what tints the nodes of a column, if they are too small for a text."""
        nodes = column.in_sight(picture.layout.body)
        if not nodes or column.height >= COMPACT:
            return
        left, width = self._across(column.box)
        height, tops = max(round(column.height * self.ratio), 1), self._tops(column, nodes)
        for tint in tints(picture, column, self.palette):
            across = int(width * tint.share)
            strengths = tint.strengths[nodes.start : nodes.stop]
            colours = [
                self._plain(across, height, colour, colour) for colour in (tint.negative, tint.positive)
            ]
            sprites = np.take(colours, strengths > 0)
            yield self._sprites.placed(sprites, left + width - across, tops, np.abs(strengths))

    def _pill(self, label: Label, chosen: bool) -> tuple[int, int, int]:
        left, width = self._across(label.rect)
        top = round(label.rect.y * self.ratio)
        height = round(label.rect.bottom * self.ratio) - top
        key = (width, height, label.style, sign_colour(label.value or 0.0, self.palette), chosen)
        sprite = self._boxes.get(key)
        if sprite is None:
            box = label_box(label, self.palette, chosen=chosen)
            assert box is not None
            sprite = self._boxes[key] = self._box(width, height, box)
        return sprite, left - self._margin, top - self._margin

    def _across(self, rect: Rect) -> tuple[int, int]:
        """Return left and width in device pixels."""
        left = round(rect.x * self.ratio)
        return left, round(rect.right * self.ratio) - left

    def _tops(self, column: DiagramColumn, nodes: range) -> Array:
        """Return the upper edges of nodes in device pixels."""
        tops: Array = np.rint(column.tops[nodes.start : nodes.stop] * self.ratio)
        return tops

    def _box(self, width: int, height: int, box: Box) -> int:
        """Return the sprite of a box with free pixels around it for its line."""
        key, margin = (width, height, box), 2 * self._margin
        if key not in self._boxes:
            paint = partial(self._paint_box, *key)
            self._boxes[key] = self._sprites.add(width + margin, height + margin, paint)
        return self._boxes[key]

    def _paint_box(self, width: int, height: int, box: Box, painter: QPainter) -> None:
        painter.translate(self._margin, self._margin)
        painter.scale(self.ratio, self.ratio)
        paint_box(painter, Rect(0.0, 0.0, width / self.ratio, height / self.ratio), box)

    def _plain(self, width: int, height: int, fill: str, line: str) -> int:
        """Return the sprite of a rectangle with square corners and a line of one device pixel."""
        key = (width, height, fill, line)
        if key not in self._boxes:
            self._boxes[key] = self._sprites.add(width, height, partial(_paint_plain, *key))
        return self._boxes[key]


def _is_large(label: Label) -> bool:
    return label.size > LARGEST_TEXT or label.rect.width > LARGEST


def _paint_plain(width: int, height: int, fill: str, line: str, painter: QPainter) -> None:
    painter.fillRect(0, 0, width, height, QColor(line))
    painter.fillRect(1, 1, width - 2, height - 2, QColor(fill))


FIRST_HEIGHT = 256
"""Of the pixmap, in device pixels; it grows downwards."""

PHASES = 4
"""A digit may stand on every quarter of a device pixel, as where Qt paints the whole text."""
MARGIN = 2
"""Device pixels around the text of a sprite."""
WORD = "\n"
_BEFORE = {"left": 0.0, "center": 0.5, "right": 1.0}

NONE = np.empty((0, 10))
"""No sprites in no places."""
Chosen = Sequence[int] | NDArray[np.intp]


class Sprites:
    """Numbered sprites in a pixmap of some `width`. All sizes and places are device pixels."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._pixmap = QPixmap()
        self._places = np.empty((64, 4))
        self._count = 0
        self._x = self._y = self.height = 0
        """Where the next sprite would stand, and how much of the pixmap is taken."""

    def add(self, width: int, height: int, paint: Callable[[QPainter], None]) -> int:
        """Return the number of a new sprite that `paint` paints into (0, 0, width, height)."""
        width, height = max(width, 1), max(height, 1)  # or it would lie over those before it
        if self._x + width > self._width:
            self._x, self._y = 0, self.height
        self._make_room(self._y + height)
        with QPainter(self._pixmap) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(self._x, self._y)
            painter.setClipRect(0, 0, width, height)
            paint(painter)
        self._places = _with_room(self._places, self._count)
        self._places[self._count] = self._x, self._y, width, height
        self._count += 1
        self._x += width
        self.height = max(self.height, self._y + height)
        return self._count - 1

    def _make_room(self, height: int) -> None:
        old = self._pixmap
        if height <= old.height():
            return
        self._pixmap = QPixmap(self._width, max(FIRST_HEIGHT, 2 * old.height(), height))
        self._pixmap.fill(Qt.GlobalColor.transparent)
        if not old.isNull():
            with QPainter(self._pixmap) as painter:
                painter.drawPixmap(0, 0, old)

    def placed(self, sprites: Chosen, left: ArrayLike, top: ArrayLike, opacity: ArrayLike = 1.0) -> Array:
        """Return sprites in their places, ready to be drawn, float64, shape (sprites, 10).

        `left` and `top` are whole device pixels. A row is a QPainter.PixmapFragment: the middle's x and y,
        the sprite's left, top, width and height in the pixmap, the scale in x and y, rotation, opacity.
        """
        places = self._places.take(sprites, axis=0)
        fragments = np.empty((len(places), 10))
        fragments[:, 0] = left
        fragments[:, 1] = top
        fragments[:, :2] += places[:, 2:] / 2
        fragments[:, 2:6] = places
        fragments[:, 6:8] = 1.0
        fragments[:, 8] = 0.0
        fragments[:, 9] = opacity
        return fragments

    def draw(self, painter: QPainter, placed: Array) -> None:
        """Draw sprites in their places."""
        ratio = painter.device().devicePixelRatioF()
        painter.save()
        painter.scale(1.0 / ratio, 1.0 / ratio)
        first = shiboken6.wrapInstance(placed.ctypes.data, QPainter.PixmapFragment)
        painter.drawPixmapFragments(first, len(placed), self._pixmap)  # type: ignore[arg-type]
        painter.restore()


def _with_room(rows: NDArray[Any], taken: int) -> NDArray[Any]:
    """Return an array with a free row behind those that are taken."""
    return rows if taken < len(rows) else np.concatenate((rows, np.empty_like(rows)))


class TextSetter:
    """Sets texts in letters, all those of a painting in one go."""

    def __init__(self, sprites: Sprites) -> None:
        self._sprites = sprites
        self._advances, self._phases = np.empty(64), np.empty((64, PHASES), dtype=np.intp)
        self._count = 0
        self._begin()

    def _begin(self) -> None:
        self._set: list[int] = []
        self._lengths: list[int] = []
        self._places: list[tuple[float, float, float, int]] = []

    def add(self, advance: float, height: int, paint: Callable[[int, QPainter], None], phases: int) -> int:
        """Return the number of a new letter; `paint` paints it, moved to the right by a phase."""
        width = ceil(advance) + 2 * MARGIN + 1
        sprites = [self._sprites.add(width, height, partial(paint, phase)) for phase in range(phases)]
        number, self._count = self._count, self._count + 1
        self._advances, self._phases = _with_room(self._advances, number), _with_room(self._phases, number)
        self._advances[number] = advance
        self._phases[number] = sprites * (PHASES // phases)
        return number

    def set(self, letters: Letters, label: Label) -> None:
        """Set the text of a label."""
        before = len(self._set)
        self._set += letters.of(label)
        self._lengths.append(len(self._set) - before)
        self._places.append(letters.place(label))

    def placed(self) -> Array:
        """Return the sprites of all that was set in their places, and begin anew."""
        if not self._set:
            return NONE
        letters, lengths = np.array(self._set), np.array(self._lengths)
        left, room, before, top = np.array(self._places).T
        self._begin()
        advances = self._advances[letters]
        ends = np.cumsum(advances)
        last = np.cumsum(lengths) - 1
        starts = np.concatenate(([0.0], ends[last[:-1]]))
        origins = np.rint(left + (room - (ends[last] - starts)) * before)
        x = np.repeat(origins - starts, lengths) + ends - advances
        whole = np.floor(x)
        phases = ((x - whole) * PHASES).astype(np.intp)
        sprites = self._phases[letters, phases]
        return self._sprites.placed(sprites, whole - MARGIN, np.repeat(top, lengths))


class Letters(dict[str, int]):
    """The letters of one font in one colour, at `ratio` device pixels a pixel: their numbers in a TextSetter.

    A letter is a digit, a sign, or a word, which ends in a line break here. It is made when it is missed.
    """

    def __init__(self, setter: TextSetter, font: QFont, colour: str, ratio: float) -> None:
        super().__init__()
        self._setter, self._font, self._colour, self._ratio = setter, font, QColor(colour), ratio
        self._metrics = metrics = QFontMetricsF(font)
        self._ascent = metrics.ascent() * ratio
        self._rise = ceil(self._ascent)
        self._height = self._rise + ceil(metrics.descent() * ratio) + 2 * MARGIN
        self._above_middle = self._ascent - metrics.height() * ratio / 2

    def of(self, label: Label) -> Iterable[int]:
        """Return the letters of a label's text."""
        text = label.text
        if label.value is None:
            return (self[text + WORD],)
        if "e" not in text and " " not in text:
            return map(self.__getitem__, text)
        word, space, digits = text.rpartition(" ")
        mantissa, _, exponent = digits.partition("e")
        sign = MINUS if exponent.startswith(MINUS) else ""
        letters = [word + space + WORD] if space else []
        letters += mantissa
        if exponent:
            letters += ["e" + sign, *exponent[len(sign) :]]
        return map(self.__getitem__, letters)

    def place(self, label: Label) -> tuple[float, float, float, int]:
        """Return a label's left and width, the share of free room that is before it, and the sprites' top."""
        x, y, width, height = label.rect
        ratio = self._ratio
        top = round((y + height / 2) * ratio + self._above_middle) - self._rise - MARGIN
        return x * ratio, width * ratio, _BEFORE[label.align], top

    def __missing__(self, letter: str) -> int:
        """Make a letter."""
        word = letter.endswith(WORD)
        width, draw = self._word(letter.removesuffix(WORD)) if word else self._sign(letter)

        def paint(phase: int, painter: QPainter) -> None:
            painter.translate(MARGIN + phase / PHASES, MARGIN + self._rise - self._ascent)
            painter.scale(self._ratio, self._ratio)
            painter.setPen(self._colour)
            draw(painter)

        self[letter] = self._setter.add(width * self._ratio, self._height, paint, 1 if word else PHASES)
        return self[letter]

    def _word(self, text: str) -> tuple[float, Callable[[QPainter], None]]:
        """Return the width of a text in any script, and what draws it."""
        layout, line = self._laid_out(text)
        # Another font that has the letters may be taller; its line has the same middle.
        top = (self._metrics.height() - line.ascent() - line.descent()) / 2
        return line.naturalTextWidth(), lambda painter: layout.draw(painter, QPointF(0.0, top))

    def _sign(self, text: str) -> tuple[float, Callable[[QPainter], None]]:
        """Return the same for a digit or signs; a font may shape a minus or a point by what is beside it."""
        before = "" if text == MINUS else "0"
        layout, line = self._laid_out(before + text + "0")
        start, end = (_reach(line, len(part)) for part in (before, before + text))
        runs = layout.glyphRuns(len(before), len(text))

        def draw(painter: QPainter) -> None:
            for run in runs:
                painter.drawGlyphRun(QPointF(-start, 0.0), run)

        return end - start, draw

    def _laid_out(self, text: str) -> tuple[QTextLayout, QTextLine]:
        layout = QTextLayout(text, self._font)
        layout.beginLayout()
        line = layout.createLine()
        layout.endLayout()
        return layout, line


def _reach(line: QTextLine, characters: int) -> float:
    """Return how far so many characters reach."""
    reach: float = line.cursorToX(characters)[0]  # type: ignore[index]
    return reach
