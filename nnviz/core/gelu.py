"""The kernels of gelu, z·Φ(z), and the normal distribution Φ, which NumPy does not have.

Φ(z) = erfc(−z/√2)/2. For x ≥ 0, (1 + 2x)·e^(x²)·erfc(x) is a Chebyshev series in (x − 3.75)/(x + 3.75), as
J. L. Schonfelder has it (Chebyshev expansions for the error and related functions, Math. Comp. 32, 1978); the
terms were computed with 50 digits, and Φ is right to some 1e-15 of itself at any z.
"""

from __future__ import annotations

import math

import numpy as np

from nnviz.core.kernels import Array, Call, Kernels

_SERIES = tuple(
    np.array(term)
    for term in (
        1.1775789345674017541,
        -0.0045900545806464773305,
        -0.084249133366517915583,
        0.059209939998191890498,
        -0.026658668435305752277,
        0.0090749976707052650942,
        -0.0024131635404176081906,
        0.00049077583652580863258,
        -0.000069169733025012063393,
        4.1390279860730104286e-6,
        7.7403830661984930959e-7,
        -2.1886401049234373368e-7,
        1.0764999465671112146e-8,
        4.5219598112184662563e-9,
        -7.7544002088297926899e-10,
        -6.3180883408735480825e-11,
        2.8687950109412775657e-11,
        1.9455868553790870977e-13,
        -9.6546967478964414814e-13,
        3.2525481508420572188e-14,
        3.3478119482868610102e-14,
        -1.8645629073513748081e-15,
        -1.2507951067674962278e-15,
        7.4182272432111974367e-17,
        5.0681382972392161797e-17,
    )
)
_CENTRE = 3.75
_ALL = 40.0
"""From here on Φ is 1 in float64, and 0 on the other side."""
_TINY = 1e-300
"""Up to here Φ is 1/2 in float64."""


def normal(z: Array) -> Array:
    """Return Φ(z), the share of a normal distribution that lies below z, as a new array."""
    x = np.minimum(np.abs(z), _ALL) * math.sqrt(0.5)
    tail = 0.5 * _bell(z) * _series((x - _CENTRE) / (x + _CENTRE)) / (1.0 + 2.0 * x)
    return np.where(z > 0.0, 1.0 - tail, tail)


def _bell(z: Array) -> Array:
    """Return e^(−z²/2). The square is taken in two parts: its last bits count as often as it is large."""
    size = np.minimum(np.abs(z), _ALL)
    short = np.rint(size * 2.0**16) * 2.0**-16  # its square is exact
    found: Array = np.exp(-0.5 * short * short) * np.exp(0.5 * (short - size) * (short + size))
    return found


def _series(t: Array) -> Array:
    """Return the sum of the Chebyshev series at t (Clenshaw's recurrence)."""
    twice, after, before, room = 2.0 * t, np.zeros_like(t), np.zeros_like(t), np.empty_like(t)
    for term in _SERIES[:0:-1]:
        np.multiply(twice, before, room)
        np.subtract(room, after, room)
        np.add(room, term, room)
        after, before, room = before, room, after
    found: Array = t * before - after + _SERIES[0]
    return found


def _forward(z: Array, a: Array) -> Call:
    """Bind what writes z·Φ(z) into `a`."""
    return lambda: np.multiply(z, normal(z), a)


def _backward(z: Array, a: Array, slope_a: Array, slope_z: Array) -> Call:
    """Bind what writes slope_a · (Φ(z) + z·φ(z)) into `slope_z`; φ is the bell curve, e^(−z²/2)/√(2π)."""
    below = np.empty_like(z)

    def backward() -> None:
        below.fill(0.5)
        np.divide(a, z, out=below, where=np.abs(z) > _TINY)  # a is z·Φ(z)
        np.multiply(z, _bell(z) / math.sqrt(2.0 * math.pi), slope_z)
        np.add(slope_z, below, slope_z)
        np.multiply(slope_z, slope_a, slope_z)

    return backward


GELU = Kernels(_forward, _backward)
