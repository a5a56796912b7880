"""Inputs standardised: mean 0 and deviation 1 over the rows that are trained on. Knows nothing of undo."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.columns import Column, Columns
from nnviz.core.cost import BLOCK_NS
from nnviz.core.names import SHOWN, listed, shortened
from nnviz.core.numbers import counted, shown
from nnviz.core.state import Dataset, State

FACTOR = 100
"""Inputs whose deviations differ by more learn badly from one learning rate."""
DIFFER = f"the inputs differ in scale by more than {FACTOR} times"
TOO_LARGE = sys.float_info.max / 2
"""A number above it may be too far from the mean for the difference to be a float64."""
NUMBER_NS = 10.0
"""About what a number costs of those whose deviation is found."""


def standardise(state: State, inputs: Iterable[int]) -> State:
    """Return `state` with some inputs, counted from 0, standardised; its run ends.

    Each becomes (raw − mean) / deviation, with mean and population deviation (`ddof` 0, as scikit-learn's
    StandardScaler) of the raw numbers of the rows that are trained on; `columns` keeps both. What is no
    number by itself (a text's 0 and 1), and what does not vary, stays as it is.
    """
    table, columns = state.data.inputs.copy(), {column.nodes: column for column in state.columns}
    for i in sorted(set(inputs) & set(can_be_standardised(state))):
        name = state.network.inputs[i]
        column = columns.get((name,)) or Column(name, (name,))
        raw = np.array(column.decoded(table[:, [i]]), dtype=np.float64)
        mean, deviation = spread(raw[None, : state.trained_rows])
        columns[column.nodes] = replace(column, mean=mean.item(), deviation=deviation.item())
        table[:, i] = columns[column.nodes].standardised(raw)
    data = Dataset(table, state.data.targets)
    return replace(state, data=data, columns=Columns(columns.values()), run=None)


def can_be_standardised(state: State) -> list[int]:
    """Return the inputs, counted from 0, that are columns of numbers and vary over the rows trained on."""
    return _able(state, _deviations(state))


def told(state: State) -> str:
    """Return which inputs are standardised, how, and which are not, in a sentence."""
    names, deviations = state.network.inputs, _deviations(state)
    able = [names[i] for i in _able(state, deviations)]
    large = [names[i] for i in np.flatnonzero(deviations == np.inf)]
    if not (able or large):
        return "no input is a column of numbers that vary: nothing is standardised"
    over = f"mean and population deviation of {counted(state.trained_rows, 'row')}"
    parts = [f"standardised by {over}: {listed(able)}" if able else "nothing is standardised"]
    for left, why in ((constant(state), "the same in every row"), (large, "too large for that")):
        if left:
            parts.append(f"{listed(left)} {'is' if len(left) == 1 else 'are'} {why} and left as it is")
    return "; ".join(parts)


def constant(state: State) -> list[str]:
    """Return the names of the inputs that are the same in every row trained on: they stay as they are."""
    deviations = _deviations(state)
    return [name for name, each in zip(state.network.inputs, deviations, strict=True) if each == 0.0]


class Scales:
    """Whether a State's inputs are worth standardising, found when it is wanted.

    ======= =====================================================================================
    `ns`    about how long that takes
    `offer` the sentence that offers it where the inputs' deviations differ by more than FACTOR,
            else ""; None until it is found
    ======= =====================================================================================
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.ns = NUMBER_NS * state.trained_rows * len(state.network.inputs)
        self.offer: str | None = None

    def are_of(self, state: State) -> bool:
        """Tell whether they are those of `state`."""
        own = self._state
        return (
            own.data is state.data
            and own.trained_rows == state.trained_rows
            and own.columns == state.columns
            and own.network.inputs == state.network.inputs
        )

    def find(self) -> None:
        """Find it at once."""
        self.offer = worth_standardising(self._state)

    def find_in_blocks(self, block_ns: float = BLOCK_NS) -> Iterator[None]:
        """Find it, and yield after each block of inputs; one input is the least."""
        inputs = len(self._state.network.inputs)
        at_once = max(1, int(block_ns / self.ns * inputs)) if self.ns else inputs
        parts = []
        for first in range(0, inputs, at_once):
            parts.append(_deviations(self._state, slice(first, first + at_once)))
            yield
        self.offer = _offer(self._state, np.concatenate(parts))


def worth_standardising(state: State) -> str:
    """Return the sentence that offers it where the inputs' deviations differ by more than FACTOR, or ""."""
    return _offer(state, _deviations(state))


def _offer(state: State, deviations: Array) -> str:
    found = sorted(_able(state, deviations), key=lambda i: deviations[i])
    if not found or not deviations[found[-1]] > FACTOR * deviations[found[0]]:
        return ""
    least, most = (
        f"{shortened(state.network.inputs[i], SHOWN)} {verb} {shown(deviations[i])}"
        for i, verb in ((found[0], "has the deviation"), (found[-1], "has"))
    )
    return (
        f"{DIFFER}: {least}, {most}; "
        "standardised, each has mean 0 and deviation 1, and one learning rate suits all"
    )


def _able(state: State, deviations: Array) -> list[int]:
    """Return the inputs, counted from 0, that are columns of numbers with a deviation."""
    texts = {name for column in state.columns if column.values for name in column.nodes}
    return [
        i for i, name in enumerate(state.network.inputs) if name not in texts and 0.0 < deviations[i] < np.inf
    ]


def _deviations(state: State, inputs: slice = slice(None)) -> Array:
    """Return each input's population deviation over the rows trained on, shape (inputs,); 0 without rows."""
    return spread(np.ascontiguousarray(state.data.inputs[: state.trained_rows, inputs].T))[1]


def spread(columns: Array) -> tuple[Array, Array]:
    """Return the means and the population deviations of columns, shape (columns, rows).

    The deviation of equal values is exactly 0, and that of values above TOO_LARGE is infinite.
    """
    if not columns.shape[1]:
        return np.zeros(len(columns)), np.zeros(len(columns))
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        means, deviations = columns.mean(axis=1), columns.std(axis=1)
    same = (columns == columns[:, :1]).all(axis=1)
    means[same], deviations[same] = columns[same, 0], 0.0
    for i in np.flatnonzero(~(same | ((deviations > 0.0) & (deviations < np.inf)))):
        largest = np.abs(columns[i]).max()
        scaled = columns[i] / largest  # the sum or the squares of the values overflow or underflow
        means[i], deviations[i] = scaled.mean() * largest, scaled.std() * largest
        if largest > TOO_LARGE:
            deviations[i] = np.inf
    return means, deviations
