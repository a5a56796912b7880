"""The diagram as a picture: the whole network with the numbers that are seen, and a legend."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter

from nnviz.core.state import State
from nnviz.picture.legend import sheet
from nnviz.picture.palette import Palette
from nnviz.picture.parts import View
from nnviz.picture.picture import Picture, row_picture
from nnviz.picture.svg import sheet_svg
from nnviz.ui.diagram.edge_lines import paint_edges
from nnviz.ui.diagram.paper import paint_blocks, paint_label, paint_legend, paint_nodes
from nnviz.ui.diagram.small_pictures import SmallPictures
from nnviz.ui.pictures.drawing import Drawing, Look, write
from nnviz.ui.widgets.theme import application, apply_theme


def render(
    state: State,
    out: str | Path,
    size: tuple[int, int],
    theme: str,
    view: str,
    transparent: bool,
    pictures: bool,
) -> None:
    """Write the diagram of `state` to `out`, a PNG or PDF by its suffix. Needs no display.

    Raises FileError, and ValueError for slopes of what has no targets.
    """
    apply_theme(application(), theme)
    picture = row_picture(state, View(*size, pictures=pictures), with_slopes=view == "slopes")
    write(DiagramDrawing(picture), Look(*size, theme, transparent), out)


class DiagramDrawing(Drawing):
    """Draws the numbers of a picture, however far that is zoomed in."""

    what = "the diagram"

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self.title = picture.content.state.name
        self.size = QSize(round(picture.layout.view.width), round(picture.layout.view.height))

    def ground(self, palette: Palette) -> str:  # noqa: D102
        return palette.canvas

    def svg(self, look: Look) -> bytes:  # noqa: D102
        paper = sheet(self._picture, look.width, look.height)
        return sheet_svg(paper, look.palette, transparent=look.transparent).encode()

    def paint(self, painter: QPainter, look: Look) -> None:  # noqa: D102
        paper, palette = sheet(self._picture, look.width, look.height), look.palette
        paint_edges(painter, paper.picture, palette)
        paint_blocks(painter, paper.picture, palette)
        small = SmallPictures()
        small.paint(painter, paper.picture, palette, grids=True)
        paint_nodes(painter, paper.picture, palette)
        small.paint(painter, paper.picture, palette, grids=False)
        for label in paper.picture.labels:
            paint_label(painter, label, palette)
        paint_legend(painter, paper.legend, palette)
