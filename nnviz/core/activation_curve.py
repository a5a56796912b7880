"""An activation as a curve: a and its slope over a node's own z, where it bends and where the rows are.

Knows nothing of Qt.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from nnviz.core.activation import Activation
from nnviz.core.activations import Array

Stretch: TypeAlias = tuple[float, float]

USUAL = 4.0
"""The stretch reaches from − to + this at least, where activations bend."""
FENCE = 3.0
"""Rows so many quartile ranges beyond the quartiles, Tukey's far outliers, do not widen the stretch."""
ROOM = 0.06
"""Free on both sides of what is shown, as a share of it."""
WIDER = 2.5
"""A stretch is kept until another would be enough that is so many times narrower."""
LARGEST = 1e300
"""It ends at ± this: what is computed from more would be too large for a number."""
ALIKE, LEAST_SLOPE = 8.0, 0.25
"""An a up to so many times as high as its slope has one scale with it; no slope is taken for smaller."""
MOST_POINTS, LEAST_POINTS, MOST_VALUES = 401, 101, 40_000
"""Points of a curve: fewer where the z of a whole layer have to be computed for each of them."""


class Reading(NamedTuple):
    """What a node makes of one z."""

    z: float
    a: float
    slope: float


class Curve(NamedTuple):
    """a and ∂a/∂z over z, each of shape (points,). A NaN parts the slopes on both sides of a kink."""

    z: Array
    a: Array
    slope: Array
    kinks: tuple[tuple[Reading, Reading], ...]
    """What there is at each kink, and right behind it."""

    @property
    def times(self) -> float:
        """How many times as high as a its slope is drawn, on an axis of its own: 1, or a round number.

        Beside an a that goes up to 26 a slope of 1 could not be seen.
        """
        slope = float(np.abs(self.slope[np.isfinite(self.slope)]).max(initial=LEAST_SLOPE))
        ratio = float(np.abs(self.a[np.isfinite(self.a)]).max(initial=0.0)) / slope
        if ratio <= ALIKE:
            return 1.0
        power = 10.0 ** math.floor(math.log10(ratio))
        return power * max(digit for digit in (1.0, 2.0, 5.0) if digit * power <= ratio)

    def heights(self, beside: Array) -> Stretch:
        """Return from where to where a, its slope as it is drawn, 0, and what is `beside` it reach."""
        both = np.concatenate((self.a, self.times * self.slope, [0.0], beside))
        both = both[np.isfinite(both)].clip(-LARGEST, LARGEST)
        low, high = float(both.min()), float(both.max())
        return low - ROOM * (high - low), high + ROOM * (high - low)


@dataclass(frozen=True)
class Bend:
    """How a node makes a of its own z: by `function`.

    Where that depends on every z of the layer, they are held at `layer`, of shape (nodes,), but for the own
    one, which is that of `node`.
    """

    function: Activation
    layer: Array | None = None
    node: int = 0

    def __call__(self, z: Array) -> tuple[Array, Array]:
        """Return a and ∂a/∂z at every z, shape (points,)."""
        with np.errstate(all="ignore"):  # what is too large for a number is infinite
            if self.layer is None:
                return self.function(z), self.function.slope(z)
            held = np.tile(self.layer, (len(z), 1))
            held[:, self.node] = z
            a, own, slopes = self.function(held), np.zeros_like(held), np.empty_like(held)
            own[:, self.node] = 1.0
            self.function.backward(held, a, own, slopes)()
            return a[:, self.node], slopes[:, self.node]

    def at(self, z: float) -> Reading:
        """Return what the node makes of one z."""
        a, slope = self(np.array([z]))
        return Reading(z, float(a[0]), float(slope[0]))

    def curve(self, stretch: Stretch) -> Curve:
        """Return the curve over a stretch."""
        low, high = stretch
        wide = 1 if self.layer is None else len(self.layer)
        points = max(LEAST_POINTS, min(MOST_POINTS, MOST_VALUES // wide))
        kinks = [kink for kink in self.function.kinks if low < kink < high]
        behind = [math.nextafter(kink, math.inf) for kink in kinks]
        z = np.unique(np.concatenate((np.linspace(low, high, points), kinks, behind)))
        a, slope = self(z)
        at = np.searchsorted(z, behind)
        pairs = tuple((self.at(kink), self.at(after)) for kink, after in zip(kinks, behind, strict=True))
        return Curve(
            np.insert(z, at, kinks), np.insert(a, at, a[at - 1]), np.insert(slope, at, np.nan), pairs
        )


def stretch_of(z: Array, own: float) -> Stretch:
    """Return the stretch that shows the bend, z of the rows, shape (rows,), and `own`, that of the one row.

    Rows that lie far out from the others are left out, and what is no number.
    """
    shown = [-USUAL, USUAL]
    there = z[np.isfinite(z)].clip(-LARGEST, LARGEST)
    if len(there):
        first, last = np.quantile(there, (0.25, 0.75))
        reach = FENCE * max(last - first, USUAL)
        inside = there[(there >= first - reach) & (there <= last + reach)]
        shown += [float(inside.min()), float(inside.max())]
    if math.isfinite(own):
        shown.append(min(max(own, -LARGEST), LARGEST))
    return min(shown), max(shown)


def steady(known: Stretch | None, wanted: Stretch) -> Stretch:
    """Return the stretch `known` as long as it shows all that is wanted, large enough; else another."""
    low, high = wanted
    room = high - low
    if known and known[0] <= low and high <= known[1] and known[1] - known[0] <= WIDER * room:
        return known
    return low - ROOM * room, high + ROOM * room
