"""The panel "MSE along this weight": the curve over the selected weight or bias, and the next step on it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from nnviz.core.numbers import nudged
from nnviz.core.state import State
from nnviz.core.surface import Weight
from nnviz.document.document import Document
from nnviz.ui.loss.card import NO_MSE, LossCard
from nnviz.ui.loss.line import LossLine, is_of, loss_line
from nnviz.ui.loss.weight import axis_name, same_but, weight_of, within
from nnviz.ui.loss.words import line_in_full, line_in_html
from nnviz.ui.loss.work import COMPUTING, LATER
from nnviz.ui.selection import Selection
from nnviz.ui.theme import colours

if TYPE_CHECKING:
    from nnviz.ui.loss.curve_plane import LossCurvePlane

CHOOSE = "Click a weight or a bias on the diagram: the MSE along it is drawn here"
TOO_LARGE = "At these weights the MSE is too large to be drawn"


class LossCurve(LossCard):
    """Draws the MSE over all rows along the selected weight; dragging the point changes the weight.

    `load` brings the plot in once the window stands: its import is slow.
    """

    def __init__(self, document: Document, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__("MSE along this weight", document, selection, parent)
        self.plane: LossCurvePlane | None = None
        self._weight: Weight | None = None
        self._line: LossLine | None = None
        self._drawn: LossLine | None = None
        self.caption.setTextFormat(Qt.TextFormat.RichText)
        self.caption.setToolTip("The slope over all rows, and the next step if the other weights stay")
        self.body.addLayout(self._pages)
        self.setMinimumHeight(210)
        document.state_changed.connect(self._follow)
        selection.part_changed.connect(self._choose)
        self._choose()

    def load(self) -> None:
        """Import pyqtgraph and build the plot."""
        from nnviz.ui.loss.curve_plane import LossCurvePlane

        self.plane = LossCurvePlane(colours())
        self.plane.point_moved.connect(self._move)
        self._take(self.plane)

    def _move(self, x: float, _: float) -> None:
        if self._weight is not None:
            self._set((self._weight, x))

    def _nudge(self, right: int, up: int, size: str) -> None:
        if self._weight is not None:
            w = self._weight.value(self._document.state.network)
            self._set((self._weight, nudged(w, right + up, size)))

    # --- when it is drawn

    def _choose(self) -> None:
        weight, network = weight_of(self._selection.part), self._document.state.network
        self._end_gesture()
        self._weight = weight if within(network, weight) else None
        self._line = self._drawn = None
        self.work.stop()
        self._begin()

    def _follow(self, old: State, new: State) -> None:
        if old.network.sizes != new.network.sizes or not within(new.network, self._weight):
            self._choose()
        elif self._line is None or not is_of(self._line, new) or self.work.busy:
            self._begin()

    def _why_not(self, state: State) -> str:
        if self._weight is None:
            return CHOOSE
        return "" if state.trainable else NO_MSE

    def _compute(self) -> Iterator[None]:
        assert self._weight is not None
        for found in loss_line(self._document.state, self._weight, self._line):
            if found is not None:
                self._line = found
            yield

    # --- how it is drawn

    def _show(self) -> bool:
        """Show what is known; tell whether it is of the present State."""
        line, weight, state = self._line, self._weight, self._document.state
        assert self.plane is not None
        assert weight is not None
        present = line is not None and is_of(line, state)
        if line is not None and present and not line.drawable:
            self.empty.setText(TOO_LARGE)
            self._pages.setCurrentIndex(0)
            return True
        self._pages.setCurrentIndex(1)
        self.plane.name_axes(axis_name(state.network, weight), "MSE")
        if line is None:
            self.caption.setText(f"{COMPUTING}<br>")
            self.plane.show_nothing()
        elif present:
            self._show_line(line)
        else:
            self._show_old(line, state)
        return present

    def _show_line(self, line: LossLine) -> None:
        assert self.plane is not None
        if self._drawn is None or self._drawn.values is not line.values:
            self.plane.show_curve(line.values, line.mse, *line.heights())
        self._drawn = line
        self.plane.stale(False)
        self.plane.show_point(line.w, line.point.mse, line.point.slope, line.landing)
        self._write_caption(line)

    def _show_old(self, line: LossLine, state: State) -> None:
        """Show what still holds of a line while the one of `state` is being computed."""
        assert self.plane is not None
        same = same_but(line.state, state, line.weight)
        self.plane.stale(not same)
        w = line.weight.value(state.network)
        self.plane.show_point(w, line.at(w) if same else math.nan, math.nan, None)
        # two lines, so that the plot keeps its height
        self.caption.setText(f"{COMPUTING if same else LATER}<br>")

    def _write_caption(self, line: LossLine) -> None:
        assert self.plane is not None
        self.caption.setText(line_in_html(line, colours()))
        self.plane.setAccessibleDescription(line_in_full(line))
