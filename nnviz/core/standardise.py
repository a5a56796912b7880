"""Inputs standardised: mean 0 and deviation 1 over the rows that are trained on. Knows nothing of undo."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.columns import Column, Columns
from nnviz.core.names import SHOWN, listed, shortened
from nnviz.core.numbers import counted, shown
from nnviz.core.state import Dataset, State

FACTOR = 100
"""Inputs whose deviations differ by more learn badly from one learning rate."""


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
        mean, deviation = _spread(raw[: state.trained_rows])
        columns[column.nodes] = replace(column, mean=mean, deviation=deviation)
        table[:, i] = columns[column.nodes].standardised(raw)
    data = Dataset(table, state.data.targets)
    return replace(state, data=data, columns=Columns(columns.values()), run=None)


def can_be_standardised(state: State) -> list[int]:
    """Return the inputs, counted from 0, that are columns of numbers and vary over the rows trained on."""
    texts = {name for column in state.columns if column.values for name in column.nodes}
    deviations = _deviations(state)
    return [
        i for i, name in enumerate(state.network.inputs) if name not in texts and 0.0 < deviations[i] < np.inf
    ]


def told(state: State) -> str:
    """Return which inputs are standardised, how, and which are not, in a sentence."""
    names = state.network.inputs
    able = [names[i] for i in can_be_standardised(state)]
    if not able:
        return "no input is a column of numbers that vary: nothing is standardised"
    said = f"standardised by mean and population deviation of {counted(state.trained_rows, 'row')}: "
    said += listed(able)
    if same := constant(state):
        said += (
            f"; {listed(same)} {'is' if len(same) == 1 else 'are'} the same in every row and left as it is"
        )
    return said


def constant(state: State) -> list[str]:
    """Return the names of the inputs that are the same in every row trained on: they stay as they are."""
    deviations = _deviations(state)
    return [name for name, each in zip(state.network.inputs, deviations, strict=True) if each == 0.0]


def worth_standardising(state: State) -> str:
    """Return the sentence that offers it where the inputs' deviations differ by more than FACTOR, or ""."""
    deviations = _deviations(state)
    found = sorted(can_be_standardised(state), key=lambda i: deviations[i])
    if not found or not deviations[found[-1]] > FACTOR * deviations[found[0]]:
        return ""
    least, most = (
        f"{shortened(state.network.inputs[i], SHOWN)} {verb} {shown(deviations[i])}"
        for i, verb in ((found[0], "has the deviation"), (found[-1], "has"))
    )
    return (
        f"the inputs differ in scale by more than {FACTOR} times: {least}, {most}; "
        "standardised, each has mean 0 and deviation 1, and one learning rate suits all"
    )


def _deviations(state: State) -> Array:
    """Return each input's population deviation over the rows trained on, shape (inputs,); 0 without rows."""
    rows = state.data.inputs[: state.trained_rows]
    return np.array([_spread(column)[1] for column in rows.T])


def _spread(values: Array) -> tuple[float, float]:
    """Return mean and population deviation; a deviation of exactly 0 where all values are the same."""
    if not len(values) or (values == values[0]).all():
        return (float(values[0]) if len(values) else 0.0), 0.0
    with np.errstate(over="ignore", invalid="ignore"):
        return float(values.mean()), float(values.std())
