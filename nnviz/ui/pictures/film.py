"""What all films share: a picture a frame, painted into an image, over a foot that says where the film is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from nnviz.files.motion.film import Frame, Pixels
from nnviz.files.progress import Progress
from nnviz.picture.columns import growth
from nnviz.picture.legend import HEIGHT, MARGIN, legend
from nnviz.picture.palette import Palette
from nnviz.picture.parts import View
from nnviz.ui.diagram.paper import paint_legend
from nnviz.ui.pictures.drawing import Look
from nnviz.ui.widgets.theme import pixel_font

FOOT_PX, APART = 13.0, 18.0
"""Font size of what the foot says in a small room, and between two things that it says."""


class Word(NamedTuple):
    """What the foot says, its colour, and the widest that it becomes if it is another one then."""

    text: str
    colour: str
    widest: str = ""


class ImageFilm(ABC):
    """A film in a look. A subclass says which moments there are, and paints the one that it is at."""

    count: int
    """How many frames there are."""

    def __init__(self, look: Look, fps: int, progress: Progress, columns: int, share: float = 1.0) -> None:
        """Give the diagram, of so many columns, its share of the height above the foot."""
        self._look, self.fps = look, fps
        self._progress, self._done = progress, 0.0
        self.width, self.height = look.width, look.height
        self.scale = growth(View(look.width, share * look.height), columns)
        self.foot = HEIGHT * self.scale
        height = max(round(share * (look.height - self.foot)), 1)
        self.above = View(look.width, height, bare=True, pictures=look.pictures)
        """The room of the diagram."""

    @abstractmethod
    def moments(self, *, few: bool = False) -> Iterator[float]:
        """Go on, and yield at each moment how long it is seen; `few`: at some, with all colours."""

    @abstractmethod
    def paint(self, painter: QPainter, palette: Palette) -> None:
        """Paint the present moment."""

    def frames(self) -> Iterator[Frame]:
        """Yield every frame."""
        for number, seconds in enumerate(self.moments()):
            self._done = number / self.count
            yield Frame(self._painted(), seconds)

    def samples(self) -> Iterator[Pixels]:
        """Yield some frames that have all colours."""
        for _ in self.moments(few=True):
            yield self._painted()

    def alive(self) -> None:
        """Tell the progress how far it is."""
        self._progress(self._done)

    def _painted(self) -> Pixels:
        self.alive()
        image = QImage(QSize(self.width, self.height), QImage.Format.Format_ARGB32_Premultiplied)
        with QPainter(image) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.fillRect(self._look.room, QColor(self._look.palette.canvas))
            self.paint(painter, self._look.palette)
        image = image.convertToFormat(QImage.Format.Format_RGB888)
        rows = np.frombuffer(image.constBits(), np.uint8).reshape(self.height, image.bytesPerLine())
        return rows[:, : 3 * self.width].reshape(self.height, self.width, 3).copy()

    def paint_foot(self, painter: QPainter, words: Iterable[Word], *, slopes: bool) -> None:
        """Paint words, and the legend where there is room for it beside the widest that they become."""
        middle, size = self.height - self.foot / 2, FOOT_PX * self.scale
        font, x = pixel_font(size, QFont.Weight.DemiBold), MARGIN
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        for text, colour, widest in words:
            painter.setPen(QColor(colour))
            place = QRectF(x, middle - size, self.width - x, 2 * size)
            whole = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(place.width(), 0.0))
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, whole)
            x += metrics.horizontalAdvance(widest or text) + APART * self.scale
        samples = legend(self.width - MARGIN, middle, slopes=slopes, scale=self.scale)
        if min(sample.box.rect.x for sample in samples) > x + APART * self.scale:
            paint_legend(painter, samples, self._look.palette)
