"""Numbers as most of other people's files hold them: floats of 32 bits, where nnviz's have 64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.state import State
from nnviz.files.errors import FileError

Single = np.dtype("<f4")


def narrowed(array: Array, place: str) -> NDArray[np.float32]:
    """Return numbers as floats of 32 bits, in the same shape. Raises FileError for one that is too large."""
    with np.errstate(over="ignore"):
        narrow = array.astype(Single)
    if not np.isfinite(narrow).all():
        raise FileError("a number is too large for the format, whose floats have 32 bits", place)
    return narrow


def shortest(number: float) -> float:
    """Return what a person has typed, where `number` is that as a float of 32 bits: 0.2 for 0.20000000298."""
    with np.errstate(over="ignore"):
        single = np.float32(number)
    return float(str(single)) if float(single) == number else number


def left_out(state: State) -> list[str]:
    """Return what of the numbers of a network is lost, in words."""
    with np.errstate(over="ignore"):
        is_exact = all(np.array_equal(array, array.astype(Single)) for array in _arrays(state))
    return [] if is_exact else ["digits of the weights beyond the seventh"]


def _arrays(state: State) -> Iterator[NDArray[Any]]:
    for layer in state.network.layers:
        yield layer.weights
        if layer.biases is not None:
            yield layer.biases
