"""The MSE at the current weights, computed once for a network and its data. Knows nothing of Qt."""

from __future__ import annotations

from nnviz.core.state import State

LIGHT = 200_000
"""Multiply-adds of a pass over all rows that take no time worth saving: less than a millisecond."""


class PresentMse:
    """Finds the MSE of a State; that of long data the history knows, unless something was edited since."""

    def __init__(self) -> None:
        self._known: tuple[State, float | None] | None = None

    def of(self, state: State, running: bool = False) -> tuple[float | None, int]:
        """Return the MSE over all rows, None without rows or targets, and the iteration at which it holds.

        That is the present one, but during a run of long data the last one that was measured.
        """
        if state.run and len(state.run.history) and not is_light(state):
            iteration, mse = state.run.history.last
            if running or iteration == state.iteration:
                return mse, iteration
        known = self._known
        if known is None or known[0].network is not state.network or known[0].data is not state.data:
            self._known = known = (state, state.mse())
        return known[1], state.iteration


def is_light(state: State) -> bool:
    """Tell whether the MSE over all rows takes no longer than a small part of a frame."""
    weights = sum(layer.weights.size for layer in state.network.layers)
    return weights * len(state.data) <= LIGHT
