"""Where an output decides between two classes, and which of its values tell most. Knows nothing of Qt."""

from __future__ import annotations

import numpy as np

from nnviz.core.accuracy import classifies, is_one_of_many
from nnviz.core.activations import Array
from nnviz.core.state import State

BOUNDS = {"sigmoid": (0.0, 1.0), "softmax": (0.0, 1.0), "tanh": (-1.0, 1.0), "softsign": (-1.0, 1.0)}
"""Between which numbers an activation's outputs lie, where they lie between two."""


def decides(state: State) -> bool:
    """Return whether each output says yes or no by itself; without targets a sigmoid does."""
    network, data = state.network, state.data
    if is_one_of_many(network):
        return False
    if data.targets is None or not len(data):
        return network.layers[-1].function.base == "sigmoid"
    return classifies(network, data)


def bounds(state: State, output: int, values: Array) -> tuple[float, float]:
    """Return from which number to which an output is worth telling apart; `values` are some that it takes.

    By what it decides, by its activation, or by its targets, or else by the values.
    """
    if decides(state):
        return 0.0, 1.0
    if known := BOUNDS.get(state.network.layers[-1].function.base):
        return known
    targets = state.data.targets
    for numbers in (None if targets is None else targets[:, output], values[np.isfinite(values)]):
        if numbers is not None and numbers.size and numbers.min() < numbers.max():
            return float(numbers.min()), float(numbers.max())
    return 0.0, 1.0
