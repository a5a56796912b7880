"""What the panel "2 weights" shows: a map of the loss, and the path that the last run took on it.

Imports pyqtgraph, so it is imported only once the window stands.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.explanation.mean import all_rows
from nnviz.core.loss.map import LossMap, loss_map
from nnviz.core.loss.moved_weights import Grid, same_but
from nnviz.core.network import Network
from nnviz.core.numbers import counted, full, loss_in_words
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State
from nnviz.core.training.past import Past
from nnviz.document.idle import COMPUTING, LATER
from nnviz.ui.loss.surface_plane import LossSurfacePlane
from nnviz.ui.loss.view import LossView, axis_name
from nnviz.ui.loss.weight_choice import is_listed
from nnviz.ui.widgets.theme import colours

CHOOSE = "Click a weight on the diagram and Ctrl+click another one"
CHOOSE_SECOND = "Ctrl+click a second weight on the diagram"
OR_HERE = ", or choose two above"
THEN = ": the {} over both is drawn here"
TOO_LARGE = "These weights are too large to be drawn."


class LossSurface(LossView):
    """Draws the loss over the rows over the two selected weights; dragging the point changes both.

    A line is the way of the last run, from its start to where it was last shown. A new run begins a new one;
    what is undone of it is not shown until it is redone. An edit of weights leaves it; with other data or
    another structure there is none.
    """

    title, what, ending = "2 weights", "the loss over two weights", "-2-weights"
    tip = "Each tone is the loss with these two weights; all others stay as they are"
    wanted, caption_lines = 2, 2

    plane: LossSurfacePlane
    _known: LossMap | None
    _drawn: Grid | None

    def __init__(self, past: Past) -> None:
        super().__init__(LossSurfacePlane(colours()))
        self._past = past

    def hint(self, state: State) -> str:  # noqa: D102
        choose = CHOOSE_SECOND if self.weights else CHOOSE
        return choose + (OR_HERE if is_listed(state.network) else "") + THEN.format(state.measure.word)

    def find(self, state: State, slopes: MeanSlopes | None) -> Iterator[None]:
        """Find the map, coarse and then finer."""
        first, second = self.weights
        path = self._over_weights(self._way(state.network))
        for step in loss_map(state, first, second, path, self._known, slopes):
            self._known = step or self._known
            yield

    def draw(self, state: State) -> tuple[bool, str]:
        """Draw what is known of the map, which may be that of another State, and the path."""
        self.plane.name_axes(*(axis_name(state.network, weight) for weight in self.weights))
        self._draw_map(state)
        loss = self._known.loss if self._known is not None and same_but(self._known.state, state) else None
        way = self._way(state.network)
        x, y = (weight.value(state.network) for weight in self.weights)
        self.plane.show_path(self._over_weights(way))
        self.plane.show_point(x, y, math.nan if loss is None else loss)
        caption = " ".join(filter(None, (self._present(state, loss), self._about(way, state))))
        first, second = (weight.name(state.network) for weight in self.weights)
        self.plane.setAccessibleDescription(f"{first} {full(x)}, {second} {full(y)}: {caption}")
        return loss is not None, caption

    def _draw_map(self, state: State) -> None:
        if self._known is None or not self._known.drawable:
            self.plane.show_nothing()
            self._drawn = None
            return
        if self._drawn is not self._known.grid:
            self._drawn = self._known.grid
            self.plane.show_grid(self._drawn)
        self.plane.stale(not same_but(self._known.state, state, *self.weights))

    def _present(self, state: State, loss: float | None) -> str:
        """Return the present loss in words, or that it is being computed."""
        if self._known is not None and not self._known.drawable:
            return TOO_LARGE
        if loss is not None:
            return f"{loss_in_words(state.measure.title, loss)} over {all_rows(state)}."
        stale = self._known is not None and not same_but(self._known.state, state, *self.weights)
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
        first, second = self.weights
        return np.array([(first.value(each), second.value(each)) for each in way]).reshape(-1, 2)

    def _about(self, way: list[Network], state: State) -> str:
        """Return what the line is, where there is one."""
        if not way or self._past.shown is None:
            return ""
        whole = len(way) == self._past.shown.iteration + 1
        path = "the last run’s path" if whole else f"{counted(len(way), 'point')} of the last run’s path"
        start, end = replace(state, network=way[0]), replace(state, network=way[-1])
        projected = not same_but(start, end, *self.weights)
        return f"Line: {path}{', projected: the other weights moved too' if projected else ''}."


def _structure(network: Network) -> tuple[object, ...]:
    return network.sizes, *(layer.biases is None for layer in network.layers)
