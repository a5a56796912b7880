"""Pictures of the diagram and of plots, as files and on the clipboard."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QEvent, QIODevice, QMarginsF, QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QColor, QImage, QPageSize, QPainter, QPdfWriter, QRegion
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QApplication, QWidget

from nnviz.core.state import State
from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.picture.palette import PALETTES, Palette
from nnviz.picture.parts import View
from nnviz.picture.picture import Picture, row_picture
from nnviz.picture.svg import sheet, sheet_shapes, sheet_svg
from nnviz.ui.diagram.paint import paint_edges, paint_shapes
from nnviz.ui.kit.images import png
from nnviz.ui.kit.theme import application, apply_theme, use_palette
from nnviz.ui.plot.card import PlotPanel
from nnviz.ui.plot.plot import Plot

KINDS = {"PNG image": (".png",), "SVG drawing": (".svg",), "PDF page": (".pdf",)}
"""The file formats of a picture, with their suffixes."""
PNG_RATIO = 2
"""Pixels of a PNG per pixel of the drawing, in each direction."""
DPI = 96
"""Dots per inch of SVG and PDF. With this value, a pixel of the drawing is a CSS pixel."""


@dataclass(frozen=True)
class Look:
    """The size of a picture in pixels, its theme, and whether its background is transparent."""

    width: int
    height: int
    theme: str = "light"
    transparent: bool = False

    @property
    def palette(self) -> Palette:
        """The theme's colours."""
        return PALETTES[self.theme]

    @property
    def room(self) -> QRect:
        """The rectangle of the whole picture."""
        return QRect(0, 0, self.width, self.height)


class Drawing(ABC):
    """A drawing that can have any size and theme. Subclasses paint the drawing."""

    phrase: str
    """The name of the drawing in a sentence: "the diagram"."""
    title = ""
    """The title to store in the file."""
    ending = ""
    """The end of the file's name, after the name of the network."""
    size: QSize
    """Default size in pixels."""

    @abstractmethod
    def paint(self, painter: QPainter, look: Look) -> None:
        """Paint the drawing without its background."""

    def background(self, palette: Palette) -> str:
        """Return the colour of the background."""
        return palette.surface

    def svg(self, look: Look) -> bytes:
        """Return the drawing as an SVG document."""
        buffer = QBuffer()
        generator = QSvgGenerator()
        generator.setOutputDevice(buffer)
        generator.setResolution(DPI)
        generator.setSize(QSize(look.width, look.height))
        generator.setViewBox(look.room)
        generator.setTitle(self.title)
        with QPainter(generator) as painter:
            self.paint_all(painter, look)
        return _portable(bytes(buffer.data().data()))

    def paint_all(self, painter: QPainter, look: Look) -> None:
        """Paint the drawing and its background."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not look.transparent:
            painter.fillRect(look.room, QColor(self.background(look.palette)))
        self.paint(painter, look)


def write(drawing: Drawing, look: Look, out: str | Path) -> None:
    """Write a drawing to `out` as PNG, SVG or PDF, depending on the suffix. Raises FileError."""
    suffix = Path(out).suffix.lower()
    if suffix == ".png":
        atomic.write(out, png(image(drawing, look)))
    elif suffix == ".svg":
        atomic.write(out, drawing.svg(look))
    elif suffix == ".pdf":
        atomic.write(out, _pdf(drawing, look))
    else:
        raise FileError(f"{out} was not written: its name must end in .png, .svg or .pdf")


def image(drawing: Drawing, look: Look) -> QImage:
    """Return a drawing as an image that has `PNG_RATIO` times the width and height of `look`."""
    pixels = QImage(QSize(look.width, look.height) * PNG_RATIO, QImage.Format.Format_ARGB32)
    pixels.setDevicePixelRatio(PNG_RATIO)
    pixels.fill(Qt.GlobalColor.transparent)
    with QPainter(pixels) as painter:
        drawing.paint_all(painter, look)
    return pixels


def _portable(svg: bytes) -> bytes:
    """Return an SVG that looks the same everywhere.

    Each font gets a fallback, in case it is not installed. Qt's vector-effect, which keeps the width of lines
    at any scale, is removed: few programs support it, and the drawings set their own widths.
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
    """Return a PDF whose fonts map the empty glyph to a space.

    Qt maps it to a tab, so searched and copied text would differ. Lengths and offsets stay the same.
    """
    tables = re.compile(rb"beginbfrange.*?endbfrange", re.DOTALL)
    return tables.sub(lambda table: table[0].replace(b"<0009>", b"<0020>"), pdf)


def render(state: State, out: Path, look: Look, *, slopes: bool, pictures: bool, all_weights: bool) -> None:
    """Write the diagram of `state` to `out` as PNG or PDF, depending on the suffix. Needs no display.

    With `slopes`, the diagram also shows the first row's slopes. If `pictures` is true, nodes have
    thumbnails. A network with many edges shows its strongest weights, or with `all_weights` all that have
    room. Raises FileError, and ValueError if `slopes` is true and `state` has no targets.
    """
    apply_theme(application(), look.theme)
    room = View(look.width, look.height, pictures=pictures, all_weights=all_weights)
    write(DiagramDrawing(row_picture(state, room, with_slopes=slopes)), look, out)


class DiagramDrawing(Drawing):
    """Draws the whole diagram of `picture` with its numbers and a legend, without zoom."""

    phrase = "the diagram"

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self.title = picture.content.state.name
        self.size = QSize(round(picture.layout.view.width), round(picture.layout.view.height))

    def background(self, palette: Palette) -> str:  # noqa: D102
        return palette.canvas

    def svg(self, look: Look) -> bytes:  # noqa: D102
        paper = sheet(self._picture, look.width, look.height)
        return sheet_svg(paper, look.palette, transparent=look.transparent).encode()

    def paint(self, painter: QPainter, look: Look) -> None:  # noqa: D102
        paper, palette = sheet(self._picture, look.width, look.height), look.palette
        paint_edges(painter, paper.picture, palette)
        paint_shapes(painter, sheet_shapes(paper, palette))


SIZE_PX = QSize(900, 560)
"""Default size of an exported plot, in pixels. The shape of the panel would not always suit a page."""
MARGIN_PX = 18
"""Free border around the plot, in pixels."""


class PlotDrawing(Drawing):
    """Draws the plot of a panel, which must have a plot."""

    size = SIZE_PX

    def __init__(self, panel: PlotPanel, title: str) -> None:
        widget = panel.plot
        assert widget is not None
        self._panel, self._widget = panel, widget
        self.title, self.phrase, self.ending = title, panel.phrase, panel.ending

    def paint(self, painter: QPainter, look: Look) -> None:  # noqa: D102
        inside = look.room.adjusted(MARGIN_PX, MARGIN_PX, -MARGIN_PX, -MARGIN_PX)
        before = self._widget.size()
        try:  # no event is processed, so the user does not see the other size and colours
            with use_palette(look.palette):
                self._set_style(inside.size(), painter.device().devicePixelRatio())
                if isinstance(self._widget, Plot):
                    self._widget.scene().render(painter, QRectF(inside), QRectF(self._widget.rect()))
                else:
                    children = QWidget.RenderFlag.DrawChildren
                    self._widget.render(painter, inside.topLeft(), QRegion(), children)
        finally:
            self._set_style(before, None)

    def _set_style(self, size: QSize, density: float | None) -> None:
        if isinstance(self._widget, Plot):
            self._widget.density = density
        self._widget.resize(size)
        for widget in (self._panel, self._widget):
            QApplication.sendEvent(widget, QEvent(QEvent.Type.PaletteChange))
        self._panel.show_now()
        if isinstance(self._widget, Plot):
            self._widget.settle()
