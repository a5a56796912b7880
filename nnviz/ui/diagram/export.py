"""Writes the diagram as PNG, SVG or PDF. Needs no display."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QSize, QSizeF
from PySide6.QtGui import QColor, QImage, QPageSize, QPainter, QPdfWriter

from nnviz.core.state import State
from nnviz.files import atomic
from nnviz.files.errors import FileError
from nnviz.picture.layout import lay_out
from nnviz.picture.palette import PALETTES, Palette
from nnviz.picture.parts import View
from nnviz.picture.picture import Picture, make_picture, row_picture
from nnviz.picture.svg import picture_svg
from nnviz.ui.diagram.edge_lines import paint_edges
from nnviz.ui.diagram.paper import paint_blocks, paint_label, paint_nodes
from nnviz.ui.widgets.images import png
from nnviz.ui.widgets.theme import application, apply_theme

KINDS = {"PNG image": (".png",), "SVG drawing": (".svg",), "PDF page": (".pdf",)}
"""The kinds of file that a picture can be written to, with their suffixes."""
PNG_RATIO = 2
"""Pixels of a PNG for each pixel of the diagram."""


def render(state: State, out: str | Path, size: tuple[int, int], theme: str, view: str) -> None:
    """Write the diagram of `state` to `out`, a PNG or PDF by its suffix.

    Raises FileError, and ValueError for slopes of what has no targets.
    """
    apply_theme(application(), theme)
    write_picture(row_picture(state, View(*size), with_slopes=view == "slopes"), out, PALETTES[theme])


def whole(picture: Picture) -> Picture:
    """Return the same numbers, with the whole network in sight however far `picture` is zoomed in."""
    content = picture.content
    layout = lay_out(content.network, picture.layout.view.fitted, slopes=content.slopes is not None)
    return make_picture(content, layout, shows=picture.shows, largest=picture.scale)


def write_picture(picture: Picture, out: str | Path, palette: Palette) -> None:
    """Write a picture to `out`, a PNG, SVG or PDF by its suffix. Raises FileError."""
    suffix = Path(out).suffix.lower()
    if suffix == ".pdf":
        atomic.write(out, _pdf(picture, palette))
    elif suffix == ".png":
        atomic.write(out, png(_image(picture, palette)))
    elif suffix == ".svg":
        atomic.write(out, picture_svg(picture, palette).encode())
    else:
        raise FileError(f"{out} was not written: its name needs to end in .png, .pdf or .svg")


def _image(picture: Picture, palette: Palette) -> QImage:
    view = picture.layout.view
    image = QImage(QSize(round(view.width), round(view.height)) * PNG_RATIO, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(PNG_RATIO)
    image.fill(QColor(palette.canvas))
    with QPainter(image) as painter:
        _paint(painter, picture, palette)
    return image


def _pdf(picture: Picture, palette: Palette) -> bytes:
    view = picture.layout.view
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(96)
    writer.setPageSize(QPageSize(QSizeF(view.width, view.height) * 72 / 96, QPageSize.Unit.Point))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    with QPainter(writer) as painter:
        painter.fillRect(0, 0, round(view.width), round(view.height), QColor(palette.canvas))
        _paint(painter, picture, palette)
    return bytes(buffer.data().data())


def _paint(painter: QPainter, picture: Picture, palette: Palette) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    paint_edges(painter, picture, palette)
    paint_blocks(painter, picture, palette)
    paint_nodes(painter, picture, palette)
    for label in picture.labels:
        paint_label(painter, label, palette)
