"""Round numbers for an axis or a scale, and their texts."""

from __future__ import annotations

import itertools
import math

import numpy as np

from nnviz.core.numbers import tidy


def round_step(least: float) -> float:
    """Return the smallest number ≥ `least` that is 1, 2 or 5 times a power of ten; `least` must be > 0."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= least * (1 - 1e-9))


def multiples(low: float, high: float, step: float) -> list[float]:
    """Return the multiples of `step` from `low` to `high`."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def round_ticks(low: float, high: float, count: int, least: float = 0.0) -> list[float]:
    """Return about `count` multiples of a round step between `low` and `high`, at least two if possible.

    The step is at least `least`.
    """
    for finer in (1, 2, 4):
        step = max(round_step((high - low) / (count * finer)), least)
        if len(values := multiples(low, high, step)) > 1:
            break
    return values


def log_ticks(low: float, high: float, count: int) -> list[float]:
    """Return about `count` ticks of a logarithmic axis, as exponents of 10 between `low` and `high`.

    The ticks are powers of ten or, if fewer than three fit, other round numbers.
    """
    step = max(1, math.ceil((high - low) / count))
    powers = multiples(low, high, float(step))
    if len(powers) >= 3:
        return powers
    finer = [k + math.log10(m) for k in range(math.floor(low), math.ceil(high) + 1) for m in (1, 2, 5)]
    finer = [exponent for exponent in finer if low <= exponent <= high]
    if len(finer) >= 2:
        return finer
    bottom, top = 10.0**low, 10.0**high
    between = round_ticks(bottom, top, count)
    return [float(exponent) for exponent in np.log10([value for value in between if value > 0.0])]


def tick_texts(values: list[float]) -> list[str]:
    """Return the texts of increasing `values`, with enough digits to distinguish neighbours."""
    digits = 6
    for one, next_one in itertools.pairwise(values):
        largest = max(abs(one), abs(next_one))
        digits = max(digits, math.ceil(math.log10(largest / (next_one - one))) + 1)
    return [tidy(f"{value:.{min(digits, 15)}g}") for value in values]
