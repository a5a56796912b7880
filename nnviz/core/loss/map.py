"""What the panel "2 weights" draws, found a unit of work at a time. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.address import Address
from nnviz.core.cost import Work
from nnviz.core.loss.line import shows
from nnviz.core.loss.moved_weights import Grid, at_present, refined, same_but
from nnviz.core.loss.span import span
from nnviz.core.slopes import MeanSlopes
from nnviz.core.state import State

FAR = 25.0
"""A path that is so many times as wide as what else is to be seen is not shown whole."""
SHARE_BESIDE = 0.08
"""Room beside the path, as a share of its width."""


@dataclass(frozen=True)
class LossMap:
    """The loss over all rows over two weights: `loss` at the State that it was found for, and a grid."""

    state: State
    first: Address
    second: Address
    loss: float
    grid: Grid

    @property
    def stretches(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Where both axes begin and end."""
        return _ends(self.grid.values1), _ends(self.grid.values2)

    @property
    def drawable(self) -> bool:
        """Whether the present point can be drawn."""
        return all(
            low <= w <= high and low < high for w, (low, high) in zip(self.here, self.stretches, strict=True)
        )

    @property
    def here(self) -> tuple[float, float]:
        """Both weights."""
        return self.first.value(self.state.network), self.second.value(self.state.network)


def loss_map(
    state: State,
    first: Address,
    second: Address,
    path: Array,
    before: LossMap | None,
    slopes: MeanSlopes | None = None,
) -> Iterator[LossMap | None]:
    """Yield None after each unit of work, and the map as soon as it is known, then finer ones.

    `path` has shape (points, 2). What is known from the map before is used again, and its stretches are kept
    where they show the same. `slopes` are those over all rows where they are known.
    """
    loss = (yield from at_present(state, first, slopes)).loss
    known = None
    if before is not None and _holds(before, state):
        yield replace(before, state=state, loss=loss)
        stretches, known = before.stretches, before.grid.loss
    else:
        was1, was2 = before.stretches if before is not None else (None, None)
        stretch1 = yield from _stretch(state, first, path[:, 0], was1, slopes)
        stretch2 = yield from _stretch(state, second, path[:, 1], was2, slopes)
        stretches = stretch1, stretch2
    for grid in refined(state, first, second, *stretches, known):
        yield None if grid is None else LossMap(state, first, second, loss, grid)


def _holds(before: LossMap, state: State) -> bool:
    """Tell whether the map is the same one and shows the present point."""
    inside = [
        low <= weight.value(state.network) <= high
        for weight, (low, high) in zip((before.first, before.second), before.stretches, strict=True)
    ]
    return all(inside) and same_but(before.state, state, before.first, before.second)


def _stretch(
    state: State,
    weight: Address,
    path: Array,
    before: tuple[float, float] | None,
    slopes: MeanSlopes | None,
) -> Work[tuple[float, float]]:
    """Find the stretch of a weight that shows what is worth it, and the path unless that is very long."""
    point = yield from at_present(state, weight, slopes)
    low, high = yield from span(state, weight, point)
    if len(path) and float(np.ptp(path)) <= FAR * (high - low):
        room = SHARE_BESIDE * float(np.ptp(path))
        low, high = min(low, float(path.min()) - room), max(high, float(path.max()) + room)
    if before is not None and shows(before, (low, high), weight.value(state.network)):
        return before
    return low, high


def _ends(values: Array) -> tuple[float, float]:
    return float(values[0]), float(values[-1])
