"""The panel "MSE over two weights": a map of the MSE, and the path that the last run took on it.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnviz.core.address import Address
from nnviz.core.loss.map import LossMap, loss_map
from nnviz.core.loss.same_but import same_but
from nnviz.core.numbers import full, mse_in_words
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import COMPUTING, LATER
from nnviz.document.selection import Selection
from nnviz.ui.loss.choice import LossChoice, listed
from nnviz.ui.loss.panel import LossPanel
from nnviz.ui.loss.path import LossPath
from nnviz.ui.loss.surface_plane import LossSurfacePlane
from nnviz.ui.loss.words import axis_name, over_rows
from nnviz.ui.widgets.theme import colours

CHOOSE = "Click a weight on the diagram and Ctrl+click another one"
CHOOSE_SECOND = "Ctrl+click a second weight on the diagram"
OR_HERE = ", or choose two above"
THEN = ": the MSE over both is drawn here"


class LossSurface(LossPanel):
    """Draws the MSE over all rows over the two selected weights; dragging the point changes both."""

    def __init__(self, document: Document, selection: Selection, derived: Derived, path: LossPath) -> None:
        super().__init__(OverTwo(path), document, selection, derived)
        self.choice = LossChoice(document, selection)
        self.body.insertWidget(0, self.choice)
        self.buttons.addWidget(self.choice.button)
        self.setMinimumHeight(250)


class OverTwo:
    """The drawing over two weights: tones, contours, and the path of the last run."""

    heading = "MSE over two weights"
    tip = "Each tone is the MSE with these two weights; all others stay as they are"
    wanted = 2
    lines = 2

    def __init__(self, path: LossPath) -> None:
        self.plane = LossSurfacePlane(colours())
        self._path = path
        self.begin(())

    def hint(self, state: State) -> str:
        """Return what to click."""
        choose = CHOOSE_SECOND if self.weights else CHOOSE
        return choose + (OR_HERE if listed(state.network) else "") + THEN

    def begin(self, weights: tuple[Address, ...]) -> None:
        """Be over two other weights, or none."""
        self.weights = weights
        self._map: LossMap | None = None
        self._drawn: LossMap | None = None

    def find(self, state: State, slopes: MeanSlopes | None) -> Iterator[None]:
        """Find the map, coarse and then finer."""
        first, second = self.weights
        path = self._path.over(state, first, second)
        for step in loss_map(state, first, second, path, self._map, slopes):
            self._map = step or self._map
            yield

    def show(self, state: State) -> tuple[bool, str]:
        """Draw what is known of the map, which may be that of another State, and the path."""
        self.plane.name_axes(*(axis_name(state.network, weight) for weight in self.weights))
        self._show_map(self._map, state)
        mse = self._map.mse if self._map is not None and same_but(self._map.state, state) else None
        path = self._path.over(state, *self.weights)
        x, y = (weight.value(state.network) for weight in self.weights)
        self.plane.show_path(path)
        self.plane.show_point(x, y, math.nan if mse is None else mse)
        caption = " ".join(filter(None, (self._present(state, mse), self._about(state, len(path)))))
        first, second = (weight.name(state.network) for weight in self.weights)
        self.plane.setAccessibleDescription(f"{first} {full(x)}, {second} {full(y)}: {caption}")
        return mse is not None, caption

    def _show_map(self, known: LossMap | None, state: State) -> None:
        if known is None:
            self.plane.show_nothing()
            return
        if self._drawn is None or self._drawn.grid is not known.grid:
            self.plane.show_grid(known.grid)
        self._drawn = known
        self.plane.stale(not same_but(known.state, state, *self.weights))

    def _present(self, state: State, mse: float | None) -> str:
        """Return the present MSE in words, or that it is being computed."""
        if mse is not None:
            return f"{mse_in_words(mse)} {over_rows(state)}."
        stale = self._map is not None and not same_but(self._map.state, state, *self.weights)
        return LATER if stale else COMPUTING

    def _about(self, state: State, points: int) -> str:
        """Return what the line is, where there is one of so many points."""
        if not points:
            return ""
        path = "the last run’s path" if self._path.whole else f"{points} points of the last run’s path"
        projected = self._path.projected(state, *self.weights)
        return f"Line: {path}{', projected: the other weights moved too' if projected else ''}."
