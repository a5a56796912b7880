"""Accuracy, confusion matrix, decision threshold, and where overfitting begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.history import History
from nnviz.core.network import Network, Trace
from nnviz.core.slopes import BLOCK_NS, Work, finished, forward_ns, row_blocks
from nnviz.core.state import Dataset, State


class Measured(NamedTuple):
    """The loss over the rows trained on and over those for validation, and the shares that are right.

    None where there are no such rows, and where the network tells no classes.
    """

    loss: float | None
    validation: float | None
    accuracy: float | None
    validation_accuracy: float | None


def measured(state: State) -> Measured:
    """Measure `state` at once."""
    return finished(measuring(state))


def measuring(state: State, block_ns: float = BLOCK_NS, known: Trace | None = None) -> Work[Measured]:
    """Measure `state`, and yield after each block of rows; `known` is what all of them computed, if it is."""
    told = classifies(state.network, state.data)
    parts = slice(0, state.trained_rows), slice(state.trained_rows, len(state.data))
    losses: list[float | None] = []
    shares: list[float | None] = []
    for part in parts:
        count = part.stop - part.start if state.data.targets is not None else 0
        if not count:
            losses.append(None)
            shares.append(None)
            continue
        total, hits = yield from _over(state, part, block_ns, known)
        losses.append(total / count)
        shares.append(hits / count if told else None)
    return Measured(losses[0], losses[1], shares[0], shares[1])


def _over(state: State, part: slice, block_ns: float, known: Trace | None) -> Work[tuple[float, int]]:
    """Return the sum of the losses of some rows, and how many of them are right."""
    network, targets = state.network, state.data.targets
    assert targets is not None
    count = part.stop - part.start
    blocks = [slice(0, count)] if known else list(row_blocks(count, forward_ns(network), block_ns))
    total, hits = 0.0, 0
    for block in blocks:
        rows = slice(part.start + block.start, part.start + block.stop)
        trace = known.rows(rows) if known else network.forward(state.data.inputs[rows])
        losses = state.measure.of_rows(trace.z[-1], trace.prediction, targets[rows])
        with np.errstate(all="ignore"):
            total += float(losses.sum())
        hits += int(right(network, trace.prediction, targets[rows]).sum())
        yield
    return total, hits


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
