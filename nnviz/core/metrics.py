"""Over-fitting: whether the loss over the validation rows has risen for good while the training loss falls.

Knows nothing of Qt.
"""

from __future__ import annotations

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.history import History
from nnviz.core.state import State

EPOCHS = 10
"""Shortest stretch of a run, in epochs and in points of its curve: within less a loss dips by luck."""
ROWS = 5
"""Fewer validation rows say too little of other rows."""
RISE, FALL = 0.1, 0.01
"""Least rise of the validation loss and least fall of the training loss, as shares of what they were."""
VISIBLE = 1e-3
"""Least rise as a share of the first loss: less than a pixel of a plot that begins there."""
PARTS = 4
"""Number of averages over the last third of a run."""


@np.errstate(all="ignore")
def risen_since(state: State) -> int | None:
    """Return the iteration from which on the validation loss in the run of `state` has risen for good.

    It is that of the least before the last third of the run. Compare that third with the lowest level below
    which the validation loss had stayed for a whole stretch before, EPOCHS or longer. The averages of the
    PARTS of that third must lie above the level by half of RISE, and the last of them by RISE and by half of
    the highest: a loss on its way down again has not risen. The training loss must have fallen from that
    stretch to the last part. Return None otherwise, and with fewer than ROWS validation rows.

    The result hardly depends on how the curves are thinned.
    """
    run = state.run
    validation = run.curve("validation") if run else None
    if run is None or validation is None or len(state.data) - state.trained_rows < ROWS:
        return None
    points = _finite(validation)
    per_epoch = max((each.training.updates_per_epoch(state.trained_rows) for each in run.segments), default=1)
    shortest = EPOCHS * per_epoch
    if len(points) <= EPOCHS or points[-1, 0] <= shortest:
        return None
    end, first = points[-1, 0], points[0, 1]
    late = np.linspace(end - max(end / 3, shortest), end, PARTS + 1)
    early = points[points[:, 0] <= late[0]]  # a lucky dip in the last third hides no rise
    iteration = early[early[:, 1].argmin(), 0] if len(early) else 0
    if not points[0, 0] < iteration:
        return None
    level, stretch = _kept_below(points, shortest, late[0])
    if not level < first:
        return None
    rises = _means(points, late) - level
    enough = max(RISE * abs(level), VISIBLE * abs(first))
    if not (rises.min() >= enough / 2 and rises[-1] >= max(enough, rises.max() / 2)):
        return None
    trained = _finite(run.history)
    (before,), after = _means(trained, stretch), _means(trained, late)[-1]
    return int(iteration) if after <= before - FALL * abs(before) else None


def _finite(history: History) -> Array:
    """Return the points of a curve whose losses are finite, shape (points, 2)."""
    points = history.points
    finite = np.isfinite(points[:, 1])
    return points if finite.all() else points[finite]


def _kept_below(points: Array, shortest: float, end: float) -> tuple[float, Array]:
    """Return the lowest level below which a curve stays for a whole stretch before `end`, and that stretch.

    A stretch is `shortest` iterations long, or a quarter of those before it, and has at least EPOCHS points.
    It is returned as its first and last iteration; without any, the level is infinite.
    """
    x, y = points.T
    grown = 2 * shortest * 1.05 ** np.arange(max(0.0, np.log(end / shortest) / np.log(1.05)))
    starts = np.concatenate((np.arange(0.0, 2 * shortest, shortest / EPOCHS), grown))
    begins = np.searchsorted(x, starts)
    ends = np.searchsorted(x, starts + np.maximum(shortest, starts / 4), side="right")
    ends = np.maximum(ends, begins + EPOCHS)
    within = ends <= np.searchsorted(x, end, side="right")
    if not within.any():
        return np.inf, np.empty(0)
    between = np.column_stack((begins, ends))[within]
    highest = np.maximum.reduceat(y, between.ravel())[::2]
    begin, after = between[highest.argmin()]
    return float(highest.min()), x[[begin, after - 1]]


def _means(points: Array, edges: Array) -> Array:
    """Return the means of a curve between neighbouring `edges`, its points joined by straight lines."""
    before, after = np.searchsorted(points[:, 0], edges[[0, -1]])
    x, y = points[max(before - 1, 0) : after + 1].T
    areas = np.concatenate(([0.0], np.cumsum(np.diff(x) * (y[1:] + y[:-1]) / 2)))
    at = np.clip(np.searchsorted(x, edges, side="right") - 1, 0, len(x) - 2)
    beyond = edges - x[at]
    slopes = (y[at + 1] - y[at]) / (x[at + 1] - x[at])
    means: Array = np.diff(areas[at] + beyond * (y[at] + slopes * beyond / 2)) / np.diff(edges)
    return means
