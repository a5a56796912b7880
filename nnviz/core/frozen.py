"""Numbers that do not change: read-only arrays, and the dataclasses that hold them and are equal by value."""

from __future__ import annotations

from dataclasses import fields
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.core.limits import NUMBERS


def frozen(values: ArrayLike, place: str) -> Array:
    """Return `values`, lists, tuples or an array, as a read-only float64 array of its own.

    Raises ValueError, which names the place, for what is no numbers in rows of one length, where one of them
    is not finite, and where too many are there.
    """
    if isinstance(values, np.ndarray):
        NUMBERS.check(values.size, place)  # before they are copied
    try:
        given = np.asarray(values)
        if given.dtype.kind not in "biufO":  # NumPy would make other numbers of complex ones, and of dates
            raise TypeError
        with np.errstate(invalid="ignore"):  # of a NaN that signals, which is refused below
            array = np.array(given, dtype=np.float64)
    except OverflowError:
        raise ValueError(f"{place}: expected finite numbers, found one that is too large") from None
    except (TypeError, ValueError):
        raise ValueError(f"{place}: expected numbers, in rows of one length") from None
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(np.argwhere(~finite)[0])
        where = "".join(f"[{i}]" for i in index)
        found = "NaN" if np.isnan(array[index]) else "one that is too large"
        raise ValueError(f"{place}{where}: expected a finite number, found {found}")
    array.flags.writeable = False
    return array


class ByValue:
    """A frozen dataclass that holds `ARRAYS` (or None): they are made read-only, and compared by value.

    Raises ValueError where one of them holds what is not a finite number, so that no State does.
    """

    ARRAYS: ClassVar[tuple[str, ...]]
    __hash__ = None  # type: ignore[assignment]  # equal by value, so not by identity

    def __post_init__(self) -> None:
        for name in self.ARRAYS:
            if getattr(self, name) is not None:
                object.__setattr__(self, name, frozen(getattr(self, name), name))

    def __eq__(self, other: object) -> bool:
        if self is other or type(self) is not type(other):
            return self is other
        names = [field.name for field in fields(self)]  # type: ignore[arg-type]
        return all(_same(getattr(self, name), getattr(other, name)) for name in names)


def _same(one: object, other: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return np.array_equal(one, other)
    return type(one) is type(other) and one == other
