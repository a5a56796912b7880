"""Points placed by hand in the plot of the function: where they are, and which targets they get.

A point is a row of the data. The module imports pyqtgraph, so it is imported only after the first frame.
"""

from __future__ import annotations

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.metrics import THRESHOLD, decides_yes_or_no, is_one_of_many
from nnviz.core.state import State
from nnviz.document.moment import Moment
from nnviz.ui.panels.function_plane import Axes

MOST_CLASSES = 10
"""Largest number of classes of which a person can place points: the keys 0 to 9 choose the class."""


def can_place_points(state: State, axes: Axes) -> bool:
    """Return whether a place in the plot and a choice of the target say all that a new row needs."""
    if is_one_of_many(state.network):
        return axes.horizontal is not None and len(state.network.outputs) <= MOST_CLASSES
    return axes.horizontal is not None and axes.output is not None


def class_names(state: State, axes: Axes) -> tuple[str, ...]:
    """Return the names of the classes that a new point can have, or () if it gets a number as target."""
    if is_one_of_many(state.network):
        return state.network.outputs
    return ("0", "1") if axes.vertical is not None and decides_yes_or_no(state) else ()


def target_at(state: State, height: float) -> float:
    """Return the target that a height in a plot over one input means: if outputs decide, class 0 or 1."""
    return float(height >= THRESHOLD) if decides_yes_or_no(state) else height


def shown_columns(state: State, axes: Axes) -> list[int]:
    """Return the columns of the data table, first inputs, then targets, that moving a point changes."""
    has_target = state.data.targets is not None and axes.vertical is None and axes.output is not None
    if not has_target or is_one_of_many(state.network):
        return list(axes.along)
    return [*axes.along, len(state.network.inputs) + (axes.output or 0)]


def new_targets(now: Moment, axes: Axes, height: float, chosen: float) -> Array:
    """Return the targets of a new point, shape (outputs,).

    `height` is its place on the vertical axis, `chosen` the index of the chosen class, or the chosen number.
    Outputs that are not in the plot get the targets of the selected row.
    """
    old, outputs = now.state.data.targets, len(now.state.network.outputs)
    targets: Array = np.zeros(outputs) if old is None or not len(old) else old[now.row].copy()
    if is_one_of_many(now.state.network):
        targets[:] = np.eye(outputs)[int(chosen)]
    else:
        targets[axes.output] = target_at(now.state, height) if axes.vertical is None else chosen
    return targets
