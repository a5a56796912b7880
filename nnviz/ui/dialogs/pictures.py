"""Writes what can be drawn as PNG, SVG or PDF: the one place for every picture that leaves nnviz."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QRect, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.picture.palette import PALETTES, Palette
from nnviz.ui.widgets.images import png

KINDS = {"PNG image": (".png",), "SVG drawing": (".svg",), "PDF page": (".pdf",)}
"""The kinds of file that a picture can be written to, with their suffixes."""
PNG_RATIO = 2
"""Pixels of a PNG, each way, for a pixel of its drawing."""
DPI = 96
"""Of what has no pixels of its own, so that a pixel of the drawing is one of the web's."""


@dataclass(frozen=True)
class Look:
    """How large a picture is, in pixels, in which theme, and whether what is behind it shines through."""

    width: int
    height: int
    theme: str = "light"
    transparent: bool = False
    pictures: bool = False
    """Whether nodes hold small pictures."""

    @property
    def palette(self) -> Palette:
        """The theme's colours."""
        return PALETTES[self.theme]

    @property
    def room(self) -> QRect:
        """The whole picture."""
        return QRect(0, 0, self.width, self.height)


class Drawing(ABC):
    """What can be drawn in any size and theme; a subclass paints it."""

    what: str
    """What it is called in a sentence."""
    title = ""
    """What a program that shows the file may call it."""
    ending = ""
    """What its file is called behind the name of the network."""
    size: QSize
    """How large it is where nobody says so, in pixels."""

    @abstractmethod
    def paint(self, painter: QPainter, look: Look) -> None:
        """Paint all but the ground."""

    def ground(self, palette: Palette) -> str:
        """Return the colour that it lies on."""
        return palette.surface

    def svg(self, look: Look) -> bytes:
        """Return it as an SVG document."""
        buffer = QBuffer()
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setResolution(DPI)
        generator.setSize(QSize(look.width, look.height))
        generator.setViewBox(look.room)
        generator.setTitle(self.title)
        with QPainter(generator) as painter:
            self.paint_all(painter, look)
        return _for_everybody(bytes(buffer.data().data()))

    def paint_all(self, painter: QPainter, look: Look) -> None:
        """Paint it on its ground."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not look.transparent:
            painter.fillRect(look.room, QColor(self.ground(look.palette)))
        self.paint(painter, look)


def write(drawing: Drawing, look: Look, out: str | Path) -> None:
    """Write a drawing to `out`, a PNG, SVG or PDF by its suffix. Raises FileError."""
    suffix = Path(out).suffix.lower()
    if suffix == ".png":
        atomic.write(out, png(image(drawing, look)))
    elif suffix == ".svg":
        atomic.write(out, drawing.svg(look))
    elif suffix == ".pdf":
        atomic.write(out, _pdf(drawing, look))
    else:
        raise FileError(f"{out} was not written: its name needs to end in .png, .svg or .pdf")


def image(drawing: Drawing, look: Look) -> QImage:
    """Return a drawing as an image, `PNG_RATIO` times as large each way."""
    made = QImage(QSize(look.width, look.height) * PNG_RATIO, QImage.Format.Format_ARGB32)
    made.setDevicePixelRatio(PNG_RATIO)
    made.fill(Qt.GlobalColor.transparent)
    with QPainter(made) as painter:
        drawing.paint_all(painter, look)
    return made


def _for_everybody(svg: bytes) -> bytes:
    """Leave nothing in an SVG to this machine and to Qt: a font has another where it is not installed.

    No line is to keep its width in another scale: few programs know how, and the drawings know better.
    """
    svg = re.sub(rb' vector-effect="[a-z-]*"', b"", svg)
    return re.sub(rb'(\sfont-family="[^"]+)"', rb'\1, sans-serif"', svg)


def _pdf(drawing: Drawing, look: Look) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(drawing.title)
    writer.setResolution(DPI)
    size = QSizeF(look.width, look.height) * 72 / DPI
    writer.setPageSize(QPageSize(size, QPageSize.Unit.Point))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    with QPainter(writer) as painter:
        drawing.paint_all(painter, look)
    return _with_spaces(bytes(buffer.data().data()))


def _with_spaces(pdf: bytes) -> bytes:
    """Say of the fonts' empty glyph that it is a space; Qt says the first letter with that glyph, a tab.

    So a text that is searched for or copied is what is written. No length changes, and no offset.
    """
    tables = re.compile(rb"beginbfrange.*?endbfrange", re.DOTALL)
    return tables.sub(lambda table: table[0].replace(b"<0009>", b"<0020>"), pdf)
