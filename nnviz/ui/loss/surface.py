"""The panel "2 weights": a map of the MSE, and the path that the last run took on it.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QPushButton, QWidget

from nnviz.core.activations import Array
from nnviz.core.address import Address, all_weights
from nnviz.core.loss.map import LossMap, loss_map
from nnviz.core.loss.moved_weights import Grid, same_but
from nnviz.core.network import Network
from nnviz.core.numbers import counted, full, mse_in_words
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.core.training.past import Past
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.idle import COMPUTING, LATER
from nnviz.document.selection import Selection
from nnviz.ui.loss.panel import LossPanel, axis_name, over_rows
from nnviz.ui.loss.surface_plane import LossSurfacePlane
from nnviz.ui.widgets.card import quiet_button
from nnviz.ui.widgets.choice import Choice
from nnviz.ui.widgets.theme import colours

CHOOSE = "Click a weight on the diagram and Ctrl+click another one"
CHOOSE_SECOND = "Ctrl+click a second weight on the diagram"
OR_HERE = ", or choose two above"
THEN = ": the MSE over both is drawn here"
TOO_LARGE = "These weights are too large to be drawn."
SPACING_PX = 8
MOST_LISTED = 150
"""More weights than this are not listed."""


class LossSurface(LossPanel):
    """Draws the MSE over all rows over the two selected weights; dragging the point changes both.

    A line is the way of the last run, from its start to where it was last shown. A new run begins a new one;
    what is undone of it is not shown until it is redone. An edit of weights leaves it; with other data or
    another structure there is none.
    """

    WHAT, ENDING = "the MSE over two weights", "-2-weights"
    TITLE = "2 weights"
    TIP = "Each tone is the MSE with these two weights; all others stay as they are"
    WANTED = 2
    CAPTION_LINES = 2

    plane: LossSurfacePlane
    _known: LossMap | None
    _drawn: Grid | None

    def __init__(self, document: Document, selection: Selection, derived: Derived, past: Past) -> None:
        self._past = past
        super().__init__(LossSurfacePlane(colours()), document, selection, derived)
        self.choice = LossChoice(document, selection)
        self.body.insertWidget(0, self.choice)
        self.choice.refresh()  # now: it would have been a window of its own
        self.add_button(self.choice.button)

    def _hint(self, network: Network) -> str:
        choose = CHOOSE_SECOND if self._weights else CHOOSE
        return choose + (OR_HERE if _listed(network) else "") + THEN

    def _find(self, state: State, slopes: MeanSlopes | None) -> Iterator[None]:
        """Find the map, coarse and then finer."""
        first, second = self._weights
        path = self._over_weights(self._way(state.network))
        for step in loss_map(state, first, second, path, self._known, slopes):
            self._known = step or self._known
            yield

    def _draw(self, state: State) -> tuple[bool, str]:
        """Draw what is known of the map, which may be that of another State, and the path."""
        self.plane.name_axes(*(axis_name(state.network, weight) for weight in self._weights))
        self._draw_map(state)
        mse = self._known.mse if self._known is not None and same_but(self._known.state, state) else None
        way = self._way(state.network)
        x, y = (weight.value(state.network) for weight in self._weights)
        self.plane.show_path(self._over_weights(way))
        self.plane.show_point(x, y, math.nan if mse is None else mse)
        caption = " ".join(filter(None, (self._present(state, mse), self._about(way, state))))
        first, second = (weight.name(state.network) for weight in self._weights)
        self.plane.setAccessibleDescription(f"{first} {full(x)}, {second} {full(y)}: {caption}")
        return mse is not None, caption

    def _draw_map(self, state: State) -> None:
        if self._known is None or not self._known.drawable:
            self.plane.show_nothing()
            self._drawn = None
            return
        if self._drawn is not self._known.grid:
            self._drawn = self._known.grid
            self.plane.show_grid(self._drawn)
        self.plane.stale(not same_but(self._known.state, state, *self._weights))

    def _present(self, state: State, mse: float | None) -> str:
        """Return the present MSE in words, or that it is being computed."""
        if self._known is not None and not self._known.drawable:
            return TOO_LARGE
        if mse is not None:
            return f"{mse_in_words(mse)} {over_rows(state)}."
        stale = self._known is not None and not same_but(self._known.state, state, *self._weights)
        return LATER if stale else COMPUTING

    # --- the path of the last run

    def _way(self, network: Network) -> list[Network]:
        """Return the known networks on the way of the last run; none where it was of another structure."""
        last = self._past.shown
        fits = last is not None and _structure(last.network) == _structure(network)
        way = self._past.way() if fits else []
        return way if len(way) > 1 else []

    def _over_weights(self, way: list[Network]) -> Array:
        """Return the way over the two weights, shape (points, 2)."""
        first, second = self._weights
        return np.array([(first.value(each), second.value(each)) for each in way]).reshape(-1, 2)

    def _about(self, way: list[Network], state: State) -> str:
        """Return what the line is, where there is one."""
        if not way or self._past.shown is None:
            return ""
        whole = len(way) == self._past.shown.iteration + 1
        path = "the last run’s path" if whole else f"{counted(len(way), 'point')} of the last run’s path"
        start, end = replace(state, network=way[0]), replace(state, network=way[-1])
        projected = not same_but(start, end, *self._weights)
        return f"Line: {path}{', projected: the other weights moved too' if projected else ''}."


class LossChoice(QWidget):
    """Lists every weight and bias of a small network twice, and selects what is chosen.

    Shown while two are not chosen yet, and then where the `button` asks for it.
    """

    def __init__(self, document: Document, selection: Selection) -> None:
        super().__init__()
        self._document, self._selection = document, selection
        self._weights: list[Address] = []
        self._listed: object = None
        self.first, self.second = Choice(), Choice()
        self._boxes = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._boxes.setContentsMargins(0, 0, 0, 0)
        self._boxes.setSpacing(SPACING_PX)
        for box, which, axis in ((self.first, "First", "across"), (self.second, "Second", "up")):
            box.setMinimumContentsLength(12)
            box.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setPlaceholderText(f"{which} weight…")
            box.setAccessibleName(f"{which} weight")
            box.setToolTip(f"{which} weight, {axis}")
            box.activated.connect(self._choose)
            self._boxes.addWidget(box, 1)
        self.button: QPushButton = quiet_button("Weights…", "Choose the two weights from lists")
        self.button.setCheckable(True)
        self.button.toggled.connect(self.refresh)
        document.state_changed.connect(self._follow)
        selection.address_changed.connect(self.refresh)

    def minimumSizeHint(self) -> QSize:
        """Ask for the width of one box alone: the other one has room below it."""
        return QSize(self.first.minimumSizeHint().width(), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the boxes side by side where both have room so."""
        super().resizeEvent(event)
        side_by_side = self.width() >= 2 * self.first.minimumSizeHint().width() + SPACING_PX
        directions = QBoxLayout.Direction
        self._boxes.setDirection(directions.LeftToRight if side_by_side else directions.TopToBottom)

    def refresh(self) -> None:
        """Show what is selected, and stand there where it is needed."""
        self._fill(self._document.state.network)
        chosen = self._selection.weights
        for box, weight in zip((self.first, self.second), chosen, strict=True):
            box.setCurrentIndex(self._weights.index(weight) if weight in self._weights else -1)
        both = None not in chosen
        self.button.setVisible(bool(self._weights) and both)
        self.setVisible(bool(self._weights) and (self.button.isChecked() or not both))

    def _follow(self, old: State, new: State) -> None:
        if old.network is not new.network:
            self.refresh()

    def _fill(self, network: Network) -> None:
        if self._listed == (listed := _names(network)):
            return
        self._listed = listed
        self._weights = all_weights(network) if _listed(network) else []
        names = [weight.name(network) for weight in self._weights]
        for box in (self.first, self.second):
            box.clear()
            box.addItems(names)

    def _choose(self) -> None:
        indices = [box.currentIndex() for box in (self.first, self.second)]
        addresses = dict.fromkeys(self._weights[k] for k in indices if k >= 0)
        self._selection.select(*addresses)


def _listed(network: Network) -> bool:
    """Tell whether the network is small enough for a list."""
    return network.parameters <= MOST_LISTED


def _structure(network: Network) -> tuple[object, ...]:
    return network.sizes, *(layer.biases is None for layer in network.layers)


def _names(network: Network) -> list[object]:
    return [network.inputs, *((layer.nodes, layer.biases is None) for layer in network.layers)]
