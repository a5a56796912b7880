"""As which class each row is taken, and how many rows of each class as which. Knows nothing of Qt."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from nnviz.core.accuracy import NO_CLASS, Classes, decided, is_one_of_many
from nnviz.core.activations import Array
from nnviz.core.cost import BLOCK_NS, Work, forward_ns, row_blocks
from nnviz.core.network import Network
from nnviz.core.state import State


class Decided(NamedTuple):
    """The class of each row by its targets and by its predictions, each of shape (rows, decisions)."""

    targets: Classes
    predictions: Classes


class Confusion(NamedTuple):
    """How many rows of each class are taken as which.

    ========== ==============================================================================
    `counts`   shape (classes, classes): by the class of the target, and by that of the prediction
    `lost`     how many rows are in none of them, as their predictions are no numbers
    ========== ==============================================================================
    """

    counts: NDArray[np.intp]
    lost: int

    @property
    def right(self) -> int:
        """How many rows are taken as what they are."""
        return int(self.counts.trace())

    @property
    def rows(self) -> int:
        """How many rows there are, those that are lost among them."""
        return int(self.counts.sum()) + self.lost

    @property
    def recalls(self) -> Array:
        """The share of each class's rows that is taken as it, shape (classes,); NaN without rows."""
        return _share(self.counts.diagonal(), self.counts.sum(axis=1))

    @property
    def precisions(self) -> Array:
        """The share of what is taken as a class that is of it, shape (classes,); NaN where nothing is."""
        return _share(self.counts.diagonal(), self.counts.sum(axis=0))

    @property
    def shares(self) -> Array:
        """Each count's share of its row, shape (classes, classes); 0 in a row without any."""
        return np.nan_to_num(_share(self.counts, self.counts.sum(axis=1, keepdims=True)))


def decisions(network: Network) -> tuple[tuple[str, ...], ...]:
    """Return the classes of each decision by name: of an output that decides alone "not NAME" and NAME."""
    if is_one_of_many(network):
        return (network.outputs,)
    return tuple((f"not {name}", name) for name in network.outputs)


def decided_in_blocks(state: State, block_ns: float = BLOCK_NS) -> Work[Decided]:
    """Find the classes of all rows of `state`, which has targets, and yield after each block of them."""
    network, targets = state.network, state.data.targets
    assert targets is not None
    parts = []
    for block in row_blocks(len(targets), forward_ns(network), block_ns):
        parts.append(decided(network, network.predict(state.data.inputs[block])))
        yield
    return Decided(decided(network, targets), np.concatenate(parts))


def confusion(targets: NDArray[np.intp], predictions: NDArray[np.intp], classes: int) -> Confusion:
    """Count the rows of one decision, by the class of the target and by that of the prediction: (rows,)."""
    known = predictions != NO_CLASS
    pairs = targets[known] * classes + predictions[known]
    counts = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return Confusion(counts, len(targets) - int(np.count_nonzero(known)))


def _share(part: NDArray[np.intp], whole: NDArray[np.intp]) -> Array:
    share: Array = np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
    return share
