"""Numbers as most of other people's files hold them: floats of 32 bits, where nnviz's have 64."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.state import State
from nnviz.files.errors import FileError

Single = np.dtype("<f4")
LARGEST = 1e38
"""Of a number in a text; floats of 32 bits end at 3.4e38."""


def is_number(value: object, most: float = LARGEST) -> TypeGuard[float]:
    """Tell whether a value of JSON is a number, no larger than `most` either way."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most


def narrowed(array: Array, place: str) -> NDArray[np.float32]:
    """Return numbers as floats of 32 bits, in the same shape. Raises FileError for one that is too large."""
    with np.errstate(over="ignore"):
        narrow = array.astype(Single)
    if not np.isfinite(narrow).all():
        raise FileError("a number is too large for the format, whose floats have 32 bits", place)
    return narrow


def of_upper_halves(bits: NDArray[Any]) -> NDArray[np.float32]:
    """Return the floats of which whole numbers of 16 bits are the upper half, which is called bfloat16."""
    return (bits.astype("<u4") << 16).view(Single)


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
