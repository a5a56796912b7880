"""The diagram of a window, without the window: for a film, which shows it moment by moment."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.walk.narrator import Narrator
from nnviz.document.walk.walk import Walking
from nnviz.picture.palette import Palette
from nnviz.picture.parts import View
from nnviz.picture.picture import Picture
from nnviz.ui.diagram.layers import Layers, PaintOptions
from nnviz.ui.diagram.showing import Showing


class Scene:
    """A diagram in a view, of one row, with the walk that `walking` moves; `largest` as that of a picture."""

    def __init__(
        self,
        state: State,
        row: int,
        walking: Walking,
        view: View,
        *,
        slopes: bool = False,
        largest: float | None = None,
    ) -> None:
        self._view, self._walking, self._largest = view, walking, largest
        self._document = Document(state)
        selection = Selection(self._document)
        selection.row, selection.slopes_shown = row, slopes
        derived = Derived(self._document, selection, quick_ns=math.inf)
        self._narrator = Narrator(walking, derived, self._document)
        self._layers = Layers(walking, self._narrator)
        self._showing = Showing(derived, selection, walking.progress)
        self._picture: Picture | None = None
        self._picture_of: tuple[object, ...] = ()

    @property
    def said(self) -> str:
        """What is said of the step in progress, or done last."""
        return self._narrator.text

    @property
    def picture(self) -> Picture:
        """What is shown at present, the same as long as nothing but what moves is different."""
        progress = self._walking.progress
        key = (self._document.state.network, progress.active, progress.position, progress.goal)
        if self._picture is None or key != self._picture_of:
            self._picture, self._picture_of = self._showing.picture(self._view, self._largest), key
        return self._picture

    def show(self, state: State) -> None:
        """Show another State, of the same shape."""
        self._document.push(state, "", merge=self)  # as one change: the States between are not kept

    def paint(self, painter: QPainter, palette: Palette) -> None:
        """Paint the diagram as it is now."""
        options = PaintOptions((), None, moving=False, palette=palette, ratio=1.0)
        whole = QRectF(0.0, 0.0, self._view.width, self._view.height)
        self._layers.paint(painter, self.picture, options, whole)
