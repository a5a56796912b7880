"""The panel "Loss over two weights": a map of the MSE, and the path that the last run took on it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from nnviz.core.numbers import full, nudged
from nnviz.core.state import State
from nnviz.core.surface import Weight
from nnviz.document.document import Document
from nnviz.ui.loss.card import NO_MSE, LossCard
from nnviz.ui.loss.choice import LossChoice
from nnviz.ui.loss.map import LossMap, loss_map
from nnviz.ui.loss.path import LossPath
from nnviz.ui.loss.weight import axis_name, name_of, part_of, same_but, weight_of, within
from nnviz.ui.loss.words import mse_in_words, over_rows
from nnviz.ui.loss.work import COMPUTING, LATER
from nnviz.ui.selection import Selection
from nnviz.ui.theme import colours

if TYPE_CHECKING:
    from nnviz.ui.loss.surface_plane import LossSurfacePlane

CHOOSE = "Click a weight on the diagram and Ctrl+click another one"
CHOOSE_SECOND = "Ctrl+click a second weight on the diagram"
OR_HERE = ", or choose two above"
THEN = ": the MSE over both is drawn here"


class LossSurface(LossCard):
    """Draws the MSE over all rows over the two selected weights; dragging the point changes both.

    `load` brings the plot in once the window stands: its import is slow.
    """

    def __init__(self, document: Document, selection: Selection, parent: QWidget | None = None) -> None:
        super().__init__("Loss over two weights", document, selection, parent)
        self.plane: LossSurfacePlane | None = None
        self._pair: tuple[Weight, Weight] | None = None
        self._map: LossMap | None = None
        self._drawn: LossMap | None = None
        self._path = LossPath()
        self._path.follow(document.state, document.state)
        self._make_choice()
        self.caption.setTextFormat(Qt.TextFormat.PlainText)
        self.caption.setToolTip("Each tone is the MSE with these two weights; all others stay as they are")
        self.body.addWidget(self.choice)
        self.body.addLayout(self._pages, 1)
        self.setMinimumHeight(250)
        document.state_changed.connect(self._follow)
        selection.part_changed.connect(self._choose)
        self._choose()

    def _make_choice(self) -> None:
        self.choice = LossChoice()
        self.choice.chosen.connect(self._select)
        self.choose_button = QPushButton("weights…")
        self.choose_button.setObjectName("quiet")
        self.choose_button.setCheckable(True)
        self.choose_button.setToolTip("Choose the two weights from lists")
        self.choose_button.setAccessibleName("Choose the two weights from lists")
        self.choose_button.toggled.connect(self._arrange)
        self.buttons.addWidget(self.choose_button)

    def load(self) -> None:
        """Import pyqtgraph and build the plot."""
        from nnviz.ui.loss.surface_plane import LossSurfacePlane

        self.plane = LossSurfacePlane(colours())
        self.plane.point_moved.connect(self._move)
        self._take(self.plane)

    # --- what changes weights and selection

    def _select(self, first: Weight | None, second: Weight | None) -> None:
        parts = [part_of(weight) for weight in (first, second) if weight is not None]
        self._selection.select(parts[0], parts[1] if len(parts) > 1 and first != second else None)

    def _move(self, x: float, y: float) -> None:
        if self._pair is not None:
            self._set((self._pair[0], x), (self._pair[1], y))

    def _nudge(self, right: int, up: int, size: str) -> None:
        if self._pair is not None:
            x, y = (weight.value(self._document.state.network) for weight in self._pair)
            self._move(nudged(x, right, size), nudged(y, up, size))

    # --- when it is drawn

    def _choose(self) -> None:
        network = self._document.state.network
        first, second = (weight_of(part) for part in (self._selection.part, self._selection.second))
        first, second = (weight if within(network, weight) else None for weight in (first, second))
        self._end_gesture()
        self._pair = (first, second) if first and second and first != second else None
        self._map = self._drawn = None
        self.work.stop()
        self.choice.show_network(network)
        self.choice.show_chosen(first, second)
        self._arrange()
        self._begin()

    def _follow(self, old: State, new: State) -> None:
        self._path.follow(old, new)
        if old.network.sizes != new.network.sizes or not all(
            within(new.network, weight) for weight in self._pair or ()
        ):
            self._choose()
            return
        if old.network is not new.network:
            self.choice.show_network(new.network)
            self.choice.show_chosen(*(self._pair or (weight_of(self._selection.part), None)))
        if old.network is not new.network or old.data is not new.data or old.run is not new.run:
            self._begin()

    def _why_not(self, state: State) -> str:
        if not state.trainable:
            return NO_MSE
        if self._pair:
            return ""
        choose = CHOOSE if weight_of(self._selection.part) is None else CHOOSE_SECOND
        return choose + (OR_HERE if self.choice.possible else "") + THEN

    def _arrange(self) -> None:
        """Show the lists where they are asked for, or where nothing is chosen yet."""
        possible = self.choice.possible
        self.choose_button.setVisible(possible and self._pair is not None)
        self.choice.setVisible(possible and (self._pair is None or self.choose_button.isChecked()))

    def _compute(self) -> Iterator[None]:
        assert self._pair is not None
        path = self._path.over(*self._pair)
        for found in loss_map(self._document.state, *self._pair, path, self._map):
            if found is not None:
                self._map = found
            yield

    # --- how it is drawn

    def _show(self) -> bool:
        """Show what is known; tell whether it is of the present State."""
        found, state = self._map, self._document.state
        assert self.plane is not None
        assert self._pair is not None
        self._pages.setCurrentIndex(1)
        self.plane.name_axes(*(axis_name(state.network, weight) for weight in self._pair))
        if found is None:
            self.plane.show_nothing()
        else:
            if self._drawn is None or self._drawn.grid is not found.grid:
                self.plane.show_grid(found.grid)
            self._drawn = found
            self.plane.stale(not same_but(found.state, state, *self._pair))
        mse = found.mse if found is not None and same_but(found.state, state) else None
        x, y = (weight.value(state.network) for weight in self._pair)
        self.plane.show_path(self._path.over(*self._pair))
        self.plane.show_point(x, y, math.nan if mse is None else mse)
        self._write_caption(found, mse)
        self.plane.setAccessibleDescription(
            ", ".join(
                f"{name_of(state.network, w)} {full(v)}" for w, v in zip(self._pair, (x, y), strict=True)
            )
            + f": {self.caption.text()}"
        )
        return mse is not None

    def _write_caption(self, found: LossMap | None, mse: float | None) -> None:
        assert self._pair is not None
        state = self._document.state
        told = COMPUTING
        if mse is not None:
            told = f"{mse_in_words(mse)} {over_rows(state)}."
        elif found is not None and not same_but(found.state, state, *self._pair):
            told = LATER
        if points := len(self._path.over(*self._pair)):
            told += " Line: " if self._path.whole else f" Line: {points} points of "
            told += "the last run’s path"
            if self._path.projected(state, *self._pair):
                told += ", projected: the other weights moved too"
            told += "."
        self.caption.setText(told)
