"""Accuracy: how many rows a classifier has right. Knows nothing of Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

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
NO_CLASS = -1
"""What a row is taken as whose prediction is no number."""
Classes: TypeAlias = NDArray[np.intp]
"""Classes by their places, shape (rows, decisions)."""


def classifies(network: Network, data: Dataset) -> bool:
    """Return whether the targets are classes: all 0 or 1, and softmax, sigmoid or a single output.

    With another activation than these two, both 0 and 1 must occur: 0 alone is a number like any other.
    """
    if is_one_of_many(network) or network.layers[-1].function.base == "sigmoid":
        return data.has_classes
    return data.says_yes_or_no


def are_unshuffled(network: Network, data: Dataset) -> bool:
    """Tell whether a classifier's rows stand class by class."""
    alone = len(network.outputs) == 1 or is_one_of_many(network)
    return alone and classifies(network, data) and data.is_sorted_by_class


def is_one_of_many(network: Network) -> bool:
    """Tell whether the outputs share one decision: softmax of more than one."""
    return network.layers[-1].function.base == "softmax" and len(network.outputs) > 1


def decided(network: Network, outputs: Array) -> Classes:
    """Return which class predictions or targets, shape (rows, outputs), say; NO_CLASS is where one is NaN.

    A softmax decides once, for the largest output, the first of equal ones; else each output decides alone,
    by the side of 0.5 on which it is.
    """
    if not is_one_of_many(network):
        return np.where(np.isnan(outputs), NO_CLASS, outputs >= THRESHOLD).astype(np.intp)
    missing: NDArray[np.bool_] = np.asarray(np.isnan(outputs).any(axis=1, keepdims=True))
    return np.where(missing, NO_CLASS, outputs.argmax(axis=1)[:, None]).astype(np.intp)


def right(network: Network, prediction: Array, targets: Array) -> NDArray[np.bool_]:
    """Tell of each row whether all is decided as its targets are, shape (rows,); both are (rows, outputs).

    NaN is never right.
    """
    same: NDArray[np.bool_] = decided(network, prediction) == decided(network, targets)
    return np.asarray(same.all(axis=1))


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
