"""Small images in one pixmap, each made once and painted often: boxes, words, digits; and texts set of them.

Words are set whole, numbers digit by digit, since they change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import ceil
from typing import Any

import numpy as np
import shiboken6
from numpy.typing import ArrayLike, NDArray
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPixmap, QTextLayout, QTextLine

from nnviz.core.activations import Array
from nnviz.core.numbers import MINUS
from nnviz.picture.parts import Label

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
