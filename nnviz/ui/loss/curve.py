"""The panel "MSE along this weight": the curve over the selected weight or bias, and the next step on it.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from nnviz.core.address import Address
from nnviz.core.loss.line import LossLine, is_of, loss_line
from nnviz.core.loss.same_but import same_but
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import COMPUTING, LATER
from nnviz.document.selection import Selection
from nnviz.ui.loss.curve_plane import LossCurvePlane
from nnviz.ui.loss.panel import LossPanel
from nnviz.ui.loss.words import axis_name, line_in_full, line_in_html, over_rows
from nnviz.ui.widgets.theme import colours

CHOOSE = "Click a weight or a bias on the diagram: the MSE along it is drawn here"
TOO_LARGE = "At these weights the MSE is too large to be drawn"


class LossCurve(LossPanel):
    """Draws the MSE over all rows along the selected weight; dragging the point changes the weight."""

    def __init__(self, document: Document, selection: Selection, derived: Derived) -> None:
        super().__init__(OverOne(), document, selection, derived)
        self.setMinimumHeight(210)


class OverOne:
    """The drawing over one weight: curve, tangent, and the next step."""

    heading = "MSE along this weight"
    tip = "The slope over all rows, and the next step of this weight alone: the others stay"
    wanted = 1
    lines = 3

    def __init__(self) -> None:
        self.plane = LossCurvePlane(colours())
        self.begin(())

    def hint(self, state: State) -> str:
        """Return what to click."""
        return CHOOSE

    def begin(self, weights: tuple[Address, ...]) -> None:
        """Be over another weight, or none."""
        self.weights = weights
        self._line: LossLine | None = None
        self._drawn: LossLine | None = None

    def find(self, state: State, slopes: MeanSlopes | None) -> Iterator[None]:
        """Find the line, coarse and then fine."""
        for step in loss_line(state, self.weights[0], self._line, slopes):
            self._line = step or self._line
            yield

    def show(self, state: State) -> tuple[bool, str]:
        """Draw what is known of the line, which may be that of another State."""
        line = self._line
        self.plane.name_axes(axis_name(state.network, *self.weights), f"MSE {over_rows(state)}")
        if line is None:
            self.plane.show_nothing()
            return False, COMPUTING
        if not is_of(line, state):
            return False, self._show_old(line, state)
        if not line.drawable:
            self.plane.show_nothing()
            return True, TOO_LARGE
        if self._drawn is None or self._drawn.values is not line.values:
            self.plane.show_curve(line.values, line.mse, *line.heights())
        self._drawn = line
        self.plane.stale(False)
        self.plane.show_point(line.w, line.point.mse, line.point.slope, line.landing)
        self.plane.setAccessibleDescription(line_in_full(line))
        return True, line_in_html(line, colours())

    def _show_old(self, line: LossLine, state: State) -> str:
        """Show what still holds of a line while the one of `state` is being computed."""
        same = same_but(line.state, state, line.weight)
        self.plane.stale(not same)
        w = line.weight.value(state.network)
        self.plane.show_point(w, line.at(w) if same else math.nan, math.nan, None)
        return COMPUTING if same else LATER
