"""Accuracy: how many rows a classifier has right. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.network import Network
from nnviz.core.state import Dataset

THRESHOLD = 0.5
"""From here on an output that is alone, or one of sigmoids, says yes."""
UNSHUFFLED = "the rows stand class by class: shuffle them, or validation has the last classes alone"
"""What is to be said where they do."""
_THRESHOLD = np.array(THRESHOLD)


def classifies(network: Network, data: Dataset) -> bool:
    """Tell whether a network tells classes: by softmax or sigmoid, or one output with targets of 0 and 1.

    Of the last both must occur: a target of 0 alone is a number like any other.
    """
    if data.targets is None or not len(data):
        return False
    if is_one_of_many(network) or network.layers[-1].function.base == "sigmoid":
        return True
    return data.says_yes_or_no


def are_unshuffled(network: Network, data: Dataset) -> bool:
    """Tell whether a classifier's rows stand class by class."""
    alone = len(network.outputs) == 1 or is_one_of_many(network)
    return alone and classifies(network, data) and data.is_sorted_by_class


def is_one_of_many(network: Network) -> bool:
    """Tell whether the outputs share one decision: softmax of more than one."""
    return network.layers[-1].function.base == "softmax" and len(network.outputs) > 1


def right(network: Network, prediction: Array, targets: Array) -> NDArray[np.bool_]:
    """Tell of each row whether it is classified right, shape (rows,); both have shape (rows, outputs).

    Of a softmax the largest output and the largest target must be the same, the first of equal ones; else
    every output must be on the side of 0.5 on which its target is. NaN is never right.
    """
    if is_one_of_many(network):
        hit: NDArray[np.bool_] = prediction.argmax(axis=1) == targets.argmax(axis=1)
        return hit & ~np.isnan(prediction).any(axis=1)
    same = (prediction >= THRESHOLD) == (targets >= THRESHOLD)
    return np.asarray((same & ~np.isnan(prediction)).all(axis=1), dtype=bool)


def counting(network: Network, prediction: Array, targets: Array) -> Callable[[], int]:
    """Bind what counts the rows that are right to arrays of shape (rows, outputs); the targets must stay.

    It is as `right` has it, but for NaN, which it does not look for.
    """
    if is_one_of_many(network):
        wanted = targets.argmax(axis=1)
        return lambda: int(np.count_nonzero(prediction.argmax(axis=1) == wanted))
    yes, said = targets >= THRESHOLD, np.empty(prediction.shape, dtype=bool)
    alone = len(network.outputs) == 1

    def count() -> int:
        np.greater_equal(prediction, _THRESHOLD, said)
        np.equal(said, yes, said)
        return int(np.count_nonzero(said if alone else said.all(axis=1)))

    return count
