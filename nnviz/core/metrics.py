"""Accuracy, confusion matrix, and decision threshold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.network import Network, Trace
from nnviz.core.slopes import BLOCK_NS, Work, forward_ns, row_blocks, run_work
from nnviz.core.state import State


class Measured(NamedTuple):
    """Loss and accuracy over the training rows and over the validation rows.

    The values over training or validation rows are None if the State has no rows of this kind or no targets.
    An accuracy is also None if the network is not a classifier.
    """

    loss: float | None = None
    validation: float | None = None
    accuracy: float | None = None
    validation_accuracy: float | None = None


def measure_all(state: State) -> Measured:
    """Return the losses and accuracies of `state` over training and validation rows."""
    return run_work(measure_blocks(state))


def traces_in_blocks(
    network: Network, inputs: Array, block_ns: float = BLOCK_NS, known: Trace | None = None
) -> Iterator[tuple[slice, Trace]]:
    """Yield the rows of each block of `inputs`, shape (rows, inputs), and the forward pass of these rows.

    A block takes about `block_ns` nanoseconds. If `known` is the forward pass of all rows, all rows
    are one block.
    """
    if known is not None:
        yield slice(0, len(inputs)), known
        return
    for block in row_blocks(len(inputs), forward_ns(network), block_ns):
        yield block, network.forward(inputs[block])


def measure_blocks(state: State, block_ns: float = BLOCK_NS, known: Trace | None = None) -> Work[Measured]:
    """Compute the losses and accuracies of `state`, and yield after each block of rows (about `block_ns` ns).

    `known` is the forward pass of all rows, or None to compute the forward pass.
    """
    network, data = state.network, state.data
    measure, is_classifier = state.measure, classifies(state)
    parts: list[tuple[float | None, float | None]] = []
    for part in slice(0, state.trained_rows), slice(state.trained_rows, len(data)):
        count = part.stop - part.start
        if not count or data.targets is None:
            parts.append((None, None))
            continue
        inputs, targets = data.inputs[part], data.targets[part]
        total, hits = 0.0, 0
        known_part = None if known is None else known.rows(part)
        for rows, trace in traces_in_blocks(network, inputs, block_ns, known_part):
            row_losses = measure.of_rows(trace.z[-1], trace.prediction, targets[rows])
            with np.errstate(all="ignore"):
                total += float(row_losses.sum())
            hits += int(are_correct(state, trace.prediction, targets[rows]).sum())
            yield
        parts.append((total / count, hits / count if is_classifier else None))
    losses, accuracies = zip(*parts, strict=True)
    return Measured(*losses, *accuracies)


THRESHOLD = 0.5
"""A target of at least this number means class 1, a lower target class 0."""
SORTED_BY_CLASS = "the rows are sorted by class, so validation uses only the last classes: shuffle the rows"
"""Warning about rows that are sorted by class."""
NO_CLASS = -1
"""Class of a row whose prediction is NaN."""
Classes: TypeAlias = NDArray[np.intp]
"""Classes, counted from 0, shape (rows, decisions)."""


def classifies(state: State) -> bool:
    """Return whether the network is a classifier: each target is 0 or 1, and the outputs suit classes.

    The outputs suit classes if the activation or the loss says so, or if there is a single output. A single
    output needs both targets 0 and 1, because targets that are all 0 or all 1 need not mean classes.
    """
    if is_one_of_many(state.network) or _answers_yes_or_no(state):
        return state.data.has_classes
    return state.data.is_binary


def _answers_yes_or_no(state: State) -> bool:
    return state.network.layers[-1].function.answers == "yes or no" or state.measure.decides


def means_classes(state: State) -> bool:
    """Return whether the outputs mean classes: the activation or the loss says so, and no target differs.

    Unlike `classifies`, this is false for other outputs with targets of 0 and 1, and needs no targets.
    """
    has_others = state.data.targets is not None and len(state.data) > 0 and not state.data.has_classes
    return not has_others and (is_one_of_many(state.network) or _answers_yes_or_no(state))


def rows_are_sorted(state: State) -> bool:
    """Return whether the network is a classifier with one decision per row and rows sorted by class."""
    is_single = len(state.network.outputs) == 1 or is_one_of_many(state.network)
    return is_single and classifies(state) and state.data.is_sorted_by_class


def is_one_of_many(network: Network) -> bool:
    """Return whether the network chooses one of several classes: softmax with more than one output."""
    return network.layers[-1].function.answers == "which one" and len(network.outputs) > 1


def classes_of(network: Network, outputs: Array, threshold: float = THRESHOLD) -> Classes:
    """Return the classes of `outputs`, which are predictions or targets, shape (rows, outputs).

    The result has shape (rows, decisions). Softmax makes one decision for each row: the class with the
    largest output, or the first of several largest outputs. With other activations, each output decides:
    class 1 if the output is at least `threshold`, else class 0. NaN has the class NO_CLASS.
    """
    if not is_one_of_many(network):
        return np.where(np.isnan(outputs), NO_CLASS, outputs >= threshold).astype(np.intp)
    missing: NDArray[np.bool_] = np.asarray(np.isnan(outputs).any(axis=1, keepdims=True))
    return np.where(missing, NO_CLASS, outputs.argmax(axis=1)[:, None]).astype(np.intp)


def chosen_outputs(network: Network, outputs: Array, threshold: float = THRESHOLD) -> Classes:
    """Return for each output whether it means its class (1) or not (0), shape (rows, outputs).

    With softmax, only the largest output means its class; else each output decides as in `classes_of`. NaN
    gives NO_CLASS.
    """
    classes = classes_of(network, outputs, threshold)
    if not is_one_of_many(network):
        return classes
    return np.where(classes == NO_CLASS, NO_CLASS, classes == np.arange(outputs.shape[1]))


LARGE_ERROR = 0.1
"""An error is large above this share of the scale of the targets, see `Dataset.target_scales`."""


def large_errors(state: State, prediction: Array, targets: Array) -> NDArray[np.bool_]:
    """Return whether each output's error is large, shape (rows, outputs).

    If the outputs mean classes, an error is large if the class is wrong: with softmax, at the predicted class
    and at the target. Else an error is large by its size. The error of a NaN is large. `prediction` and
    `targets` have shape (rows, outputs).
    """
    if means_classes(state):
        predicted = chosen_outputs(state.network, prediction, state.measure.threshold)
        return np.asarray(predicted != chosen_outputs(state.network, targets))
    with np.errstate(all="ignore"):
        return ~(np.abs(prediction - targets) <= LARGE_ERROR * state.data.target_scales)


def large_error_reason(state: State, output: int) -> str:
    """Return why an error of the output with index `output` is large; the State has targets."""
    if means_classes(state):
        return "the class is wrong"
    targets = state.data.targets
    if targets is None or not targets[:, output].any():
        return "more than 0.1"
    return f"more than a tenth of the {'range of the targets' if np.ptp(targets[:, output]) else 'target'}"


def are_correct(state: State, prediction: Array, targets: Array) -> NDArray[np.bool_]:
    """Return whether each row is classified correctly in all decisions, shape (rows,).

    `prediction` and `targets` have shape (rows, outputs). A row with NaN is not correct.
    """
    return correct_rows(prediction, targets, is_one_of_many(state.network), state.measure.threshold)


def correct_rows(prediction: Array, targets: Array, one_of_many: bool, least: float) -> NDArray[np.bool_]:
    """Return `are_correct` for a network that chooses one of many classes, or whose outputs each decide.

    If each output decides, an output of at least `least` means class 1.
    """
    if one_of_many:
        same = prediction.argmax(axis=1) == targets.argmax(axis=1)
        return np.asarray(same & ~np.isnan(prediction).any(axis=1))
    correct = np.where(targets >= THRESHOLD, prediction >= least, prediction < least)  # False for NaN
    return np.asarray(correct.all(axis=1))


class DecidedClasses(NamedTuple):
    """The target class and the predicted class of each row, as two arrays of shape (rows, decisions).

    A softmax layer makes one decision a row; otherwise each output makes one.
    """

    targets: Classes
    predictions: Classes


class Confusion(NamedTuple):
    """The confusion matrix of one decision.

    =========== ==============================================================================
    `counts`    `counts[i, j]` is the number of rows with target class i and predicted class j
    `uncounted` number of rows that `counts` omits because the prediction is NaN
    =========== ==============================================================================
    """

    counts: NDArray[np.intp]
    uncounted: int

    @property
    def correct(self) -> int:
        """The number of rows that are classified correctly."""
        return int(self.counts.trace())

    @property
    def rows(self) -> int:
        """The number of all rows, including the rows with the prediction NaN."""
        return int(self.counts.sum()) + self.uncounted

    @property
    def recalls(self) -> Array:
        """The recall of each class, correct rows / rows of the class; NaN if the class has no rows."""
        return _share(self.counts.diagonal(), self.counts.sum(axis=1))

    @property
    def precisions(self) -> Array:
        """The precision of each class: correct rows / rows predicted as the class.

        The precision is NaN if no row is predicted as the class.
        """
        return _share(self.counts.diagonal(), self.counts.sum(axis=0))

    @property
    def shares(self) -> Array:
        """Each count divided by the sum of the matrix row, shape (classes, classes); 0 if the sum is 0."""
        return np.nan_to_num(_share(self.counts, self.counts.sum(axis=1, keepdims=True)))


def decisions(network: Network) -> tuple[tuple[str, ...], ...]:
    """Return the class names of each decision.

    Softmax makes one decision with the names of the outputs. In other networks, each output decides between
    "not NAME" and "NAME".
    """
    if is_one_of_many(network):
        return (network.outputs,)
    return tuple((f"not {name}", name) for name in network.outputs)


def classes_in_blocks(
    state: State, block_ns: float = BLOCK_NS, known: Trace | None = None
) -> Work[DecidedClasses]:
    """Compute the classes of all rows of `state`, and yield after each block of rows (about `block_ns` ns).

    The State must have targets. `known` is the forward pass of all rows, or None.
    """
    network, targets = state.network, state.data.targets
    assert targets is not None
    parts = []
    for _, trace in traces_in_blocks(network, state.data.inputs, block_ns, known):
        parts.append(classes_of(network, trace.prediction, state.measure.threshold))
        yield
    return DecidedClasses(classes_of(network, targets), np.concatenate(parts))


def confusion(targets: NDArray[np.intp], predictions: NDArray[np.intp], classes: int) -> Confusion:
    """Return the confusion matrix of one decision between `classes` classes.

    `targets` and `predictions` hold the class of each row, shape (rows,).
    """
    known = predictions != NO_CLASS
    pairs = targets[known] * classes + predictions[known]
    counts = np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    return Confusion(counts, len(targets) - int(np.count_nonzero(known)))


def _share(part: NDArray[np.intp], whole: NDArray[np.intp]) -> Array:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def decides_yes_or_no(state: State) -> bool:
    """Return whether each output is a yes-or-no decision.

    If the State has no rows or no targets, the activation or the loss must say so.
    """
    return not is_one_of_many(state.network) and (means_classes(state) or classifies(state))


def output_range(state: State, output: int, values: Array) -> tuple[float, float]:
    """Return the range (lowest, highest) in which to show the output with index `output`.

    For a yes-or-no decision, the range is from class 0 to class 1. Otherwise, the range is that of the
    activation if bounded, else that of the targets if known, else that of `values`, which are values of this
    output.
    """
    if decides_yes_or_no(state):
        return state.measure.scores
    if bounds := state.network.layers[-1].function.bounds:
        return bounds
    targets = state.data.targets
    for numbers in (None if targets is None else targets[:, output], values[np.isfinite(values)]):
        if numbers is not None and numbers.size and numbers.min() < numbers.max():
            return float(numbers.min()), float(numbers.max())
    return 0.0, 1.0
