"""Export the scaling of standardised inputs to other formats, before the first layer or within it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from nnviz.core.activations import Array
from nnviz.core.columns import Columns
from nnviz.core.names import listed
from nnviz.core.network import Network
from nnviz.core.state import State
from nnviz.files.errors import FileError

PLAIN = 1e-6, 1e18
"""Least and greatest deviation whose square is a float of 32 bits; Keras raises those below 1e-7."""
COARSE = 1e4
"""In deviations: a float of 32 bits rounds a larger mean by more than 1/1000 of the deviation."""


class Scaling(NamedTuple):
    """Mean and deviation of each input, shape (inputs,): an input is (raw − mean) / deviation."""

    mean: Array
    deviation: Array


def find(state: State) -> Scaling | None:
    """Return the scaling of the inputs, mean 0 and deviation 1 for plain ones; None if all are plain."""
    numbers = {column.nodes[0]: column for column in state.columns if not column.is_plain}
    found = [numbers.get(name) for name in state.network.inputs]
    scaling = Scaling(
        np.array([0.0 if column is None else column.mean for column in found]),
        np.array([1.0 if column is None else column.deviation for column in found]),
    )
    return scaling if scaling.mean.any() or (scaling.deviation != 1.0).any() else None


def remove(state: State) -> State:
    """Return `state` without the scaling of its inputs; its rows stay standardised."""
    columns = (
        column if column.values else replace(column, mean=0.0, deviation=1.0) for column in state.columns
    )
    return replace(state, columns=Columns(columns))


def fold(state: State) -> Network:
    """Return a network for raw numbers with the predictions of `state`.

    Raises FileError if its weights would be too large.
    """
    scaling = find(state)
    return state.network if scaling is None else _with_raw_inputs(state.network, scaling)


def separate(state: State) -> tuple[Scaling | None, Network]:
    """Return the scaling for floats of 32 bits, and the network for inputs scaled by it.

    The weights take in a deviation outside PLAIN. Raises FileError.
    """
    scaling = find(state)
    if scaling is None:
        return None, state.network
    least, most = PLAIN
    is_plain = (scaling.deviation >= least) & (scaling.deviation <= most)
    rest = Scaling(np.zeros_like(scaling.mean), np.where(is_plain, 1.0, scaling.deviation))
    network = state.network if is_plain.all() else _with_raw_inputs(state.network, rest)
    return scaling._replace(deviation=np.where(is_plain, scaling.deviation, 1.0)), network


def _with_raw_inputs(network: Network, scaling: Scaling) -> Network:
    """Return the network that computes of x what `network` computes of (x − mean) / deviation."""
    first, *others = network.layers
    with np.errstate(all="ignore"):
        weights = first.weights / scaling.deviation
        shift = weights @ scaling.mean
    if not (np.isfinite(weights).all() and np.isfinite(shift).all()):
        raise FileError(
            "an input has so small a deviation that the weights for raw numbers are too large; "
            "`nnviz convert --without-scaling` leaves the scaling out"
        )
    biases = first.biases
    if scaling.mean.any():
        biases = -shift if biases is None else biases - shift
    return replace(network, layers=(replace(first, weights=weights, biases=biases), *others))


def describe(state: State, how: str = "the weights and biases of its first layer") -> str:
    """Return what a file that scales raw rows by `how` does with them; "" if no input is standardised."""
    scaling = find(state)
    if scaling is None:
        return ""
    said = f"standardises raw numbers itself, by {how}"
    if any(column.values for column in state.columns.of_inputs):
        said += ", and takes a 1 or a 0 for each text of a column"
    is_coarse = np.abs(scaling.mean) > COARSE * scaling.deviation
    if is_coarse.any():
        names = listed([name for name, coarse in zip(state.network.inputs, is_coarse, strict=True) if coarse])
        said += (
            f"; floats of 32 bits are coarse for {names}: the mean is over {COARSE:,.0f} times the deviation"
        )
    return said
