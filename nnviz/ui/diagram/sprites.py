"""Sprites: cached images of texts and boxes, for fast painting.

Words are cached as a whole, and numbers digit by digit, because numbers change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from math import ceil
from typing import Any, NamedTuple

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
from nnviz.picture.parts import BEFORE, DiagramColumn, Label, NodeBox, Rect
from nnviz.picture.picture import Picture
from nnviz.picture.style import PILL_STYLES, Box, label_box, node_box, sign_colour, text_colour, tints
from nnviz.ui.diagram.paint import label_font, paint_box, paint_label, paint_leader

LARGEST_TEXT, MAX_WIDTH = 36.0, 600.0
"""Largest font size of a text and largest width of a node or label painted from sprites, in pixels."""
WIDTH, MAX_HEIGHT = 1024, 2048
"""Width and largest height of the pixmap with all sprites, in pixels."""


class _PlacedLabels(NamedTuple):
    labels: Sequence[Label]
    selected: tuple[Address, ...]
    sprites: Array
    has_lines: bool
    """Whether some labels are large or have a leader, so that these are painted without sprites."""


class Screen:
    """Paints nodes and labels from sprites, in colours of `palette`, at `ratio` device pixels per pixel."""

    def __init__(self, palette: Palette, ratio: float) -> None:
        self.palette, self.ratio = palette, ratio
        self._margin = ceil(3 * ratio)
        self._sprites = Sprites(round(WIDTH * ratio))
        self._setter = TextSetter(self._sprites)
        self._letters: dict[tuple[str, float, str], Letters] = {}
        self._boxes: dict[tuple[object, ...], int] = {}
        self._layout: Layout | None = None
        self._fixed_sprites = self._nodes = NO_SPRITES
        self._nodes_of: Picture | None = None
        self._kept: list[_PlacedLabels] = []
        """The labels painted last: the headings and the numbers."""
        self._large_nodes: list[NodeBox] = []
        self._large_names: list[Label] = []

    @property
    def is_full(self) -> bool:
        """Whether the pixmap is so large that a new Screen should replace this one."""
        return self._sprites.height > MAX_HEIGHT * self.ratio

    def paint_nodes(self, painter: QPainter, picture: Picture, selected: tuple[Address, ...]) -> None:
        """Paint the nodes with their names, and outline the selected nodes in the accent colour."""
        layout = picture.layout
        if layout is not self._layout:
            self._fixed_sprites, self._layout = self._nodes_and_names(layout), layout
            self._large_nodes = [node for node in layout.nodes if node.rect.width > MAX_WIDTH]
            self._large_names = [name for name in layout.names if _is_large(name)]
        for node in self._large_nodes:
            paint_box(painter, node.rect, node_box(node.role, node.rect, self.palette))
        if picture is not self._nodes_of:
            tints = (sprites for column in layout.columns for sprites in self._tints(picture, column))
            self._nodes_of, self._nodes = picture, np.concatenate([self._fixed_sprites, *tints])
        self._sprites.draw(painter, self._nodes)
        for name in self._large_names:
            paint_label(painter, name, self.palette)
        for address in selected:
            column = layout.column(address.layer)
            if address.kind == "node" and column.are_distinct:
                rect = column.rect(address.node)
                paint_box(painter, rect, Box("", self.palette.accent, 2.4, corner(rect)))

    def paint_labels(self, painter: QPainter, labels: Sequence[Label], selected: tuple[Address, ...]) -> None:
        """Paint labels with their backgrounds. Outline the selected labels in the accent colour.

        The sprites of the last labels are kept: painting the same sequence again is fast.
        """
        kept = next((own for own in self._kept if own.labels is labels and own.selected == selected), None)
        if kept is None:
            kept = self._place(labels, selected)
            self._kept = [kept, *self._kept[:1]]
        for label in labels if kept.has_lines else ():
            if _is_large(label):
                paint_label(painter, label, self.palette, chosen=label.address in selected)
            elif label.leader is not None:
                paint_leader(painter, label, self.palette)
        self._sprites.draw(painter, kept.sprites)

    def _place(self, labels: Sequence[Label], selected: tuple[Address, ...]) -> _PlacedLabels:
        pills, has_lines = [], False
        for label in labels:
            is_large = _is_large(label)
            has_lines |= is_large or label.leader is not None
            if is_large:
                continue
            if label.style in PILL_STYLES:
                pills.append(self._pill(label, label.address in selected))
            self._setter.set(self._letters_of(label), label)
        backgrounds = self._sprites.placed(*zip(*pills, strict=True)) if pills else NO_SPRITES
        sprites = np.concatenate((backgrounds, self._setter.placed()))
        return _PlacedLabels(labels, selected, sprites, has_lines)

    def _letters_of(self, label: Label) -> Letters:
        colour = text_colour(label, self.palette)
        key = (label.style, label.size, colour)
        letters = self._letters.get(key)
        if letters is None:
            font = label_font(label.style, label.size)
            letters = self._letters[key] = Letters(self._setter, font, colour, self.ratio)
        return letters

    def _nodes_and_names(self, layout: Layout) -> Array:
        """Return the sprites of nodes and names, which change only with the layout."""
        boxes = [self._boxes_of(column, column.visible_nodes(layout.body)) for column in layout.columns]
        for name in layout.names:
            if not _is_large(name):
                self._setter.set(self._letters_of(name), name)
        return np.concatenate([*boxes, self._setter.placed()])

    def _boxes_of(self, column: DiagramColumn, nodes: range) -> Array:
        if not nodes or column.width > MAX_WIDTH:
            return NO_SPRITES
        left, width, height, tops = self._places(column, nodes)
        box = node_box(column.role, column.rect(0), self.palette)
        if column.height < COMPACT:
            sprite, margin = self._box_sprite(width + 1, height + 1, box.fill, box.line), 0
        else:
            sprite, margin = self._box(width, height, box), self._margin
        return self._sprites.placed([sprite] * len(nodes), left - margin, tops - margin)

    def _tints(self, picture: Picture, column: DiagramColumn) -> Iterator[Array]:
        """Yield the sprites that tint the nodes of a column, if they are too small for a text."""
        nodes = column.visible_nodes(picture.layout.body)
        if not nodes or column.height >= COMPACT:
            return
        left, width, height, tops = self._places(column, nodes)
        for tint in tints(picture, column, self.palette):
            across = int(width * tint.share)
            strengths = tint.strengths[nodes.start : nodes.stop]
            colours = tint.negative, tint.positive
            boxes = [self._box_sprite(across, height, colour, colour) for colour in colours]
            sprites = np.take(boxes, strengths > 0)
            yield self._sprites.placed(sprites, left + width - across, tops, np.abs(strengths))

    def _pill(self, label: Label, chosen: bool) -> tuple[int, int, int]:
        left, width = self._horizontal_span(label.rect)
        top = round(label.rect.y * self.ratio)
        height = round(label.rect.bottom * self.ratio) - top
        key = (width, height, label.style, sign_colour(label.value or 0.0, self.palette), chosen)
        sprite = self._boxes.get(key)
        if sprite is None:
            box = label_box(label, self.palette, chosen=chosen)
            assert box is not None
            sprite = self._boxes[key] = self._box(width, height, box)
        return sprite, left - self._margin, top - self._margin

    def _horizontal_span(self, rect: Rect) -> tuple[int, int]:
        """Return left and width in device pixels."""
        left = round(rect.x * self.ratio)
        return left, round(rect.right * self.ratio) - left

    def _places(self, column: DiagramColumn, nodes: range) -> tuple[int, int, int, Array]:
        """Return left, width and height of a column's nodes, and the tops of `nodes`, in device pixels."""
        left, width = self._horizontal_span(column.box)
        tops = np.rint(column.tops[nodes.start : nodes.stop] * self.ratio)
        return left, width, max(round(column.height * self.ratio), 1), tops

    def _box(self, width: int, height: int, box: Box) -> int:
        """Return the sprite of a box, with a margin for its line."""
        key, margin = (width, height, box), 2 * self._margin
        if key not in self._boxes:
            paint = partial(self._paint_box, *key)
            self._boxes[key] = self._sprites.add(width + margin, height + margin, paint)
        return self._boxes[key]

    def _paint_box(self, width: int, height: int, box: Box, painter: QPainter) -> None:
        painter.translate(self._margin, self._margin)
        painter.scale(self.ratio, self.ratio)
        paint_box(painter, Rect(0.0, 0.0, width / self.ratio, height / self.ratio), box)

    def _box_sprite(self, width: int, height: int, fill: str, line: str) -> int:
        """Return the sprite of a rectangle with square corners and a line of one device pixel."""
        key = (width, height, fill, line)
        if key not in self._boxes:
            self._boxes[key] = self._sprites.add(width, height, partial(_paint_plain, *key))
        return self._boxes[key]


def _is_large(label: Label) -> bool:
    return label.size > LARGEST_TEXT or label.rect.width > MAX_WIDTH


def _paint_plain(width: int, height: int, fill: str, line: str, painter: QPainter) -> None:
    painter.fillRect(0, 0, width, height, QColor(line))
    painter.fillRect(1, 1, width - 2, height - 2, QColor(fill))


FIRST_HEIGHT = 256
"""Initial height of the pixmap with all sprites, in device pixels. The pixmap grows downwards."""

PHASES = 4
"""Number of sprites of each digit. They show the digit at different fractions of a device pixel."""
MARGIN = 2
"""Space on each side of the text in a sprite, in device pixels."""
WORD = "\n"
"""In a `Letters` mapping, the key of a word ends in this character; the key of a digit or a sign does not."""

NO_SPRITES = np.empty((0, 10))
"""The array that `Sprites.placed` returns for an empty list of sprites."""
Numbers = Sequence[int] | NDArray[np.intp]


class Sprites:
    """Numbered sprites in a pixmap of the given `width`. Sizes and places are in device pixels."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._pixmap = QPixmap()
        self._places = np.empty((64, 4))
        self._count = 0
        self._x = self._y = self.height = 0
        """Place of the next sprite, and used height of the pixmap."""

    def add(self, width: int, height: int, paint: Callable[[QPainter], None]) -> int:
        """Add a sprite, which `paint` paints into the rectangle (0, 0, width, height). Return its number."""
        width, height = max(width, 1), max(height, 1)  # an empty sprite would overlap the previous one
        if self._x + width > self._width:
            self._x, self._y = 0, self.height
        self._make_room(self._y + height)
        with QPainter(self._pixmap) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.translate(self._x, self._y)
            painter.setClipRect(0, 0, width, height)
            paint(painter)
        self._places = _grown(self._places, self._count)
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

    def placed(self, sprites: Numbers, left: ArrayLike, top: ArrayLike, opacity: ArrayLike = 1.0) -> Array:
        """Return sprites with their places as an array for `draw`: float64, shape (sprites, 10).

        `left` and `top` are whole device pixels. A row holds a QPainter.PixmapFragment: x and y of the middle
        of the place; left, top, width and height in the pixmap; scale in x and y; rotation; opacity.
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
        """Draw the sprites in an array that `Sprites.placed` has returned."""
        ratio = painter.device().devicePixelRatioF()
        painter.save()
        painter.scale(1.0 / ratio, 1.0 / ratio)
        first = shiboken6.wrapInstance(placed.ctypes.data, QPainter.PixmapFragment)
        painter.drawPixmapFragments(first, len(placed), self._pixmap)  # type: ignore[arg-type]
        painter.restore()


def _grown(rows: NDArray[Any], used: int) -> NDArray[Any]:
    """Return an array with at least one free row after the `used` rows."""
    return rows if used < len(rows) else np.concatenate((rows, np.empty_like(rows)))


class TextSetter:
    """Collects texts as letters, and places the sprites of all letters at once."""

    def __init__(self, sprites: Sprites) -> None:
        self._sprites = sprites
        self._advances, self._phases = np.empty(64), np.empty((64, PHASES), dtype=np.intp)
        self._count = 0
        self._reset()

    def _reset(self) -> None:
        self._set: list[int] = []
        self._lengths: list[int] = []
        self._places: list[tuple[float, float, float, int]] = []

    def add(self, advance: float, height: int, paint: Callable[[int, QPainter], None], phases: int) -> int:
        """Add a letter of width `advance` and height `height`, in device pixels. Return its number.

        The letter has as many sprites as `phases`; `paint(k, painter)` paints sprite k, from 0.
        """
        width = ceil(advance) + 2 * MARGIN + 1
        sprites = [self._sprites.add(width, height, partial(paint, phase)) for phase in range(phases)]
        number, self._count = self._count, self._count + 1
        self._advances, self._phases = _grown(self._advances, number), _grown(self._phases, number)
        self._advances[number] = advance
        self._phases[number] = sprites * (PHASES // phases)
        return number

    def set(self, letters: Letters, label: Label) -> None:
        """Add the text of a label."""
        before = len(self._set)
        self._set += letters.indices(label)
        self._lengths.append(len(self._set) - before)
        self._places.append(letters.place(label))

    def placed(self) -> Array:
        """Return the sprites of all added texts as an array for `Sprites.draw`. Then forget the texts."""
        if not self._set:
            return NO_SPRITES
        letters, lengths = np.array(self._set), np.array(self._lengths)
        left, room, before, top = np.array(self._places).T
        self._reset()
        advances = self._advances[letters]
        ends = np.cumsum(advances)
        last = np.cumsum(lengths) - 1
        starts = np.concatenate(([0.0], ends[last[:-1]]))
        origins = np.rint(left + (room - (ends[last] - starts)) * before)
        x = np.repeat(origins - starts, lengths) + ends - advances
        pixels = np.floor(x)
        phases = ((x - pixels) * PHASES).astype(np.intp)
        sprites = self._phases[letters, phases]
        return self._sprites.placed(sprites, pixels - MARGIN, np.repeat(top, lengths))


class Letters(dict[str, int]):
    """Maps the letters of one font and colour to their numbers in a TextSetter.

    A letter is a digit, a sign or a whole word. The key of a word ends in a line break. Letters are made
    on demand, at `ratio` device pixels per pixel.
    """

    def __init__(self, setter: TextSetter, font: QFont, colour: str, ratio: float) -> None:
        super().__init__()
        self._setter, self._font, self._colour, self._ratio = setter, font, QColor(colour), ratio
        self._metrics = metrics = QFontMetricsF(font)
        self._ascent = metrics.ascent() * ratio
        self._rise = ceil(self._ascent)
        self._height = self._rise + ceil(metrics.descent() * ratio) + 2 * MARGIN
        self._above_middle = self._ascent - metrics.height() * ratio / 2

    def indices(self, label: Label) -> Iterable[int]:
        """Return the TextSetter's number for each letter of a label's text."""
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
        """Return (left, width, alignment, top) of a label in device pixels. Alignment: 0 is left, 1 right."""
        x, y, width, height = label.rect
        ratio = self._ratio
        top = round((y + height / 2) * ratio + self._above_middle) - self._rise - MARGIN
        return x * ratio, width * ratio, BEFORE[label.align], top

    def __missing__(self, letter: str) -> int:
        """Make the sprites of a letter, and return the number of the letter."""
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
        """Return the width of a text in any script, and a function that draws the text."""
        layout, line = self._lay_out(text)
        # A fallback font may be taller; its line has the same middle.
        top = (self._metrics.height() - line.ascent() - line.descent()) / 2
        return line.naturalTextWidth(), lambda painter: layout.draw(painter, QPointF(0.0, top))

    def _sign(self, text: str) -> tuple[float, Callable[[QPainter], None]]:
        """Return width and function for a digit or signs between zeros: neighbours may change their shape."""
        before = "" if text == MINUS else "0"
        layout, line = self._lay_out(before + text + "0")
        start, end = (line.cursorToX(len(part))[0] for part in (before, before + text))  # type: ignore[index]
        runs = layout.glyphRuns(len(before), len(text))

        def draw(painter: QPainter) -> None:
            for run in runs:
                painter.drawGlyphRun(QPointF(-start, 0.0), run)

        return end - start, draw

    def _lay_out(self, text: str) -> tuple[QTextLayout, QTextLine]:
        layout = QTextLayout(text, self._font)
        layout.beginLayout()
        line = layout.createLine()
        layout.endLayout()
        return layout, line
