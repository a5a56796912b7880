"""The functions that stand in written arithmetic, in float64 and in fractions."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import NamedTuple

import numpy as np


class Function(NamedTuple):
    """A function of one number; `exact` returns None where its value is not a fraction."""

    value: Callable[[float], float]
    exact: Callable[[Fraction], Fraction | None]


def _exp(z: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(z))


def _softplus(z: float) -> float:
    return float(np.logaddexp(z, 0.0))


def _sigmoid(z: float) -> float:
    power = math.exp(-abs(z))  # cannot overflow, and keeps all digits of a result near 0
    return (1.0 if z >= 0 else power) / (1.0 + power)


def _at_zero(value: Fraction) -> Callable[[Fraction], Fraction | None]:
    """Return the exact side of a function that has a fraction, this one, at 0 alone."""
    return lambda z: None if z else value


FUNCTIONS = {
    "relu": Function(lambda z: max(z, 0.0), lambda z: max(z, Fraction(0))),
    "leaky_relu": Function(lambda z: max(0.01 * z, z), lambda z: max(z / 100, z)),
    "sigmoid": Function(_sigmoid, _at_zero(Fraction(1, 2))),
    "tanh": Function(math.tanh, _at_zero(Fraction(0))),
    "softplus": Function(_softplus, lambda _z: None),
    "e^": Function(_exp, _at_zero(Fraction(1))),
    "√": Function(math.sqrt, _at_zero(Fraction(0))),
}
"""Every function by the name that it is written with."""
