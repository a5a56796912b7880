"""Makes the diagram's Picture and keeps what has not changed since the last one. Knows no events."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from nnviz.core.means import Figures, Means, figures, is_quick, next_batch
from nnviz.core.network import Network
from nnviz.core.oddities import badges
from nnviz.core.slopes import LayerSlopes, Slopes, slopes
from nnviz.core.state import Dataset, State
from nnviz.document.selection import Selection
from nnviz.document.walk.player import Player
from nnviz.picture.layout import Layout, lay_out
from nnviz.picture.parts import View
from nnviz.picture.picture import Picture, draw

SLICE = 0.008
"""Seconds at a time that the mean over very many rows may take from the window."""


class Drawing(QObject):
    """Draws the selected row of a State, with the walk's progress and the slopes that are wanted.

    `ready` says that slopes that took their time are there: draw again.
    """

    ready = Signal()

    def __init__(self, selection: Selection, player: Player) -> None:
        super().__init__()
        self._selection, self._player = selection, player
        self._layout: Layout | None = None
        self._layout_of: tuple[object, ...] = ()
        self._slopes: Slopes | None = None
        self._slopes_of: tuple[Network | None, Dataset | None, object] = (None, None, None)
        self._badges: tuple[Network | None, Dataset | None, dict[tuple[int, int], str]] = (None, None, {})
        self._steps: Iterator[Figures] = iter(())
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go_on)

    def picture(self, state: State, view: View, largest: float | None) -> Picture:
        """Return what is to be seen of `state`; `largest` holds the edges' widths, as during a run."""
        progress = self._player.progress
        with_slopes = self._selection.slopes_shown or progress.shows_slopes
        found, of = self._slopes_now(state) if with_slopes else (None, "")
        return draw(
            state,
            self._laid_out(state.network, view, with_slopes),
            row=self._selection.row,
            slopes=found,
            slopes_of=of,
            shows=progress.shows if progress.active else None,
            largest=largest,
            badges=self._badges_now(state) if largest is None else {},
        )

    def rest(self) -> None:
        """Compute nothing more until the next picture."""
        self._timer.stop()

    def _laid_out(self, network: Network, view: View, with_slopes: bool) -> Layout:
        layers = tuple((layer.nodes, layer.activation, layer.biases is None) for layer in network.layers)
        key = (network.inputs, layers, view, with_slopes)
        if self._layout is None or key != self._layout_of:
            self._layout = lay_out(network, view, slopes=with_slopes)
            self._layout_of = key
        return self._layout

    def _slopes_now(self, state: State) -> tuple[Slopes | None, str]:
        """Return the slopes of the row, of all rows or of the next update's batch, and which these are."""
        if not state.trainable:
            return None, "no targets: no slopes"
        row, updating = self._selection.row, self._player.progress.mean_over_rows
        if updating and (batch := next_batch(state)):
            return self._of_rows(state, batch), f"slopes: mean of a batch of {len(batch)}"
        if not (updating or self._selection.mean_over_rows):
            return self._of_rows(state, (row,)), f"slopes of row {row + 1}"
        if is_quick(state):
            return self._of_rows(state, None), "slopes: mean of all rows"
        found = self._of_many_rows(state)
        return found, "slopes: mean of all rows" if found else f"slopes: averaging {len(state.data):,} rows …"

    def _known(self, state: State, rows: object) -> bool:
        network, data, of = self._slopes_of
        if network is state.network and data is state.data and of == rows:
            return True
        self._slopes, self._slopes_of = None, (state.network, state.data, rows)
        self._timer.stop()
        return False

    def _of_rows(self, state: State, rows: tuple[int, ...] | None) -> Slopes | None:
        if not self._known(state, rows):
            chosen = slice(None) if rows is None else list(rows)
            assert state.data.targets is not None
            self._slopes = slopes(state.network, state.data.inputs[chosen], state.data.targets[chosen])
        return self._slopes

    def _of_many_rows(self, state: State) -> Slopes | None:
        """Return the mean over all rows where it is known; else go on with it in slices."""
        if not self._known(state, "many"):
            self._steps = figures(state, self._selection.row)
        if self._slopes is None and not self._timer.isActive():
            self._timer.start()
        return self._slopes

    def _go_on(self) -> None:
        until = time.perf_counter() + SLICE
        for step in self._steps:
            if step.whole is not None and step.trace is not None:
                self._slopes = _of_means(step, step.whole)
            if time.perf_counter() >= until:
                return
        self._timer.stop()
        self.ready.emit()

    def _badges_now(self, state: State) -> dict[tuple[int, int], str]:
        if not is_quick(state):
            return {}
        if self._badges[0] is not state.network or self._badges[1] is not state.data:
            self._badges = state.network, state.data, badges(state)
        return self._badges[2]


def _of_means(found: Figures, means: Means) -> Slopes:
    """Return means over many rows as Slopes, of which the single rows are not known."""
    assert found.trace is not None
    layers = tuple(
        LayerSlopes(weights, nodes, nodes, np.empty((0, len(nodes))), np.empty((0, len(nodes))))
        for weights, nodes in zip(means.weights, means.nodes, strict=True)
    )
    return Slopes(means.mse, found.trace, layers)
