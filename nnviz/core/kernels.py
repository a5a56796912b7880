"""What computes the activations, in place: a function of arrays is bound to them once and then called.

Knows nothing of networks, and of an activation nothing but its numbers. Arrays are float64 of shape
(rows, nodes).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Call: TypeAlias = Callable[[], object]
Forward: TypeAlias = Callable[[Array, Array], Call]
"""`forward(z, a)` returns what writes f(z) into `a`, another array."""
Backward: TypeAlias = Callable[[Array, Array, Array, Array], Call]
"""`backward(z, a, slope_a, slope_z)` returns what writes `slope_a · ∂a/∂z` into `slope_z`, another array."""

# An array of no dimension is taken as it is, where a Python float is converted each time; and a function that
# holds what it needs is called in half the time of one that is given it.
_ZERO, _HALF, _ONE = (np.array(value) for value in (0.0, 0.5, 1.0))
_add, _subtract, _multiply, _copy = np.add, np.subtract, np.multiply, np.copyto
_maximum, _minimum, _tanh, _sign, _square = np.maximum, np.minimum, np.tanh, np.sign, np.square

FEW_NUMBERS = 2**16
"""For so many an array of zeros is worth it: two arrays are compared in half the time."""


def _identity_forward(z: Array, a: Array) -> Call:
    return partial(_copy, a, z)


def _identity_backward(_z: Array, _a: Array, slope_a: Array, slope_z: Array) -> Call:
    return partial(_copy, slope_z, slope_a)


def _relu_forward(z: Array, a: Array) -> Call:
    zeros = np.zeros_like(z) if z.size <= FEW_NUMBERS else _ZERO

    def forward() -> None:
        _maximum(z, zeros, out=a)

    return forward


def _relu_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> Call:
    def backward() -> None:
        _sign(a, slope_z)  # 1 or 0, and a float already: a comparison's bools would have to be converted
        _multiply(slope_z, slope_a, slope_z)

    return backward


def leaky_relu(leak: float) -> tuple[Forward, Backward]:
    """Return z above 0 and leak · z below, for a leak between 0 and 1."""
    slope = np.array(leak)

    def bind_forward(z: Array, a: Array) -> Call:
        def forward() -> None:
            _multiply(z, slope, a)
            _maximum(z, a, out=a)

        return forward

    def bind_backward(z: Array, _a: Array, slope_a: Array, slope_z: Array) -> Call:
        def backward() -> None:
            _sign(z, slope_z)
            _maximum(slope_z, slope, out=slope_z)
            _multiply(slope_z, slope_a, slope_z)

        return backward

    return bind_forward, bind_backward


def _sigmoid_forward(z: Array, a: Array) -> Call:
    def forward() -> None:
        # (1 + tanh(z/2)) / 2 is 1 / (1 + e^-z) without overflow for large negative z.
        _multiply(z, _HALF, a)
        _tanh(a, a)
        _add(a, _ONE, a)
        _multiply(a, _HALF, a)

    return forward


def _sigmoid_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> Call:
    def backward() -> None:
        _subtract(_ONE, a, slope_z)
        _multiply(slope_z, a, slope_z)
        _multiply(slope_z, slope_a, slope_z)

    return backward


def _tanh_forward(z: Array, a: Array) -> Call:
    return partial(_tanh, z, a)


def _tanh_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> Call:
    def backward() -> None:
        _square(a, slope_z)
        _subtract(_ONE, slope_z, slope_z)
        _multiply(slope_z, slope_a, slope_z)

    return backward


def _softplus_forward(z: Array, a: Array) -> Call:
    return partial(np.logaddexp, z, _ZERO, a)


def _softplus_backward(z: Array, _a: Array, slope_a: Array, slope_z: Array) -> Call:
    sigmoid = _sigmoid_forward(z, slope_z)

    def backward() -> None:
        sigmoid()
        _multiply(slope_z, slope_a, slope_z)

    return backward


def elu(alpha: float, scale: float = 1.0) -> tuple[Forward, Backward]:
    """Return scale · z above 0 and scale · alpha · (e^z − 1) below."""
    depth, above = np.array(alpha * scale), np.array(scale)

    def bind_forward(z: Array, a: Array) -> Call:
        right = np.empty_like(z)

        def forward() -> None:
            _minimum(z, _ZERO, out=a)
            np.expm1(a, a)
            _multiply(a, depth, a)
            _maximum(z, _ZERO, out=right)
            _multiply(right, above, right)
            _add(a, right, a)

        return forward

    def bind_backward(z: Array, a: Array, slope_a: Array, slope_z: Array) -> Call:
        right = np.empty(z.shape, dtype=bool)

        def backward() -> None:
            _add(a, depth, slope_z)  # depth · e^z
            np.greater(z, _ZERO, right)
            _copy(slope_z, above, where=right)
            _multiply(slope_z, slope_a, slope_z)

        return backward

    return bind_forward, bind_backward


def _silu_forward(z: Array, a: Array) -> Call:
    below = np.empty_like(z)

    def forward() -> None:
        # z · e^min(z, 0) / (1 + e^−|z|) overflows nowhere, and keeps all digits of a result near 0.
        np.abs(z, below)
        np.negative(below, below)
        np.exp(below, below)
        _add(below, _ONE, below)
        _minimum(z, _ZERO, out=a)
        np.exp(a, a)
        _multiply(a, z, a)
        np.divide(a, below, a)

    return forward


def _silu_backward(z: Array, a: Array, slope_a: Array, slope_z: Array) -> Call:
    sigma = np.empty_like(z)
    sigmoid = _sigmoid_forward(z, sigma)

    def backward() -> None:
        sigmoid()
        _subtract(_ONE, sigma, slope_z)
        _multiply(slope_z, a, slope_z)
        _add(slope_z, sigma, slope_z)
        _multiply(slope_z, slope_a, slope_z)

    return backward


_erfc = np.frompyfunc(math.erfc, 1, 1)
_ALL = 40.0
"""From here on Φ is 1 in float64, and 0 on the other side."""
_TINY = 1e-300
"""Up to here Φ is 1/2 in float64."""


def normal(z: Array) -> Array:
    """Return Φ(z), the share of a normal distribution that lies below z, as a new array.

    It is erfc(−z/√2)/2. What −z/√2 is rounded by counts z² times in the tail, so it is put right there.
    """
    z = np.clip(z, -_ALL, _ALL)
    x = z * -math.sqrt(0.5)
    short_z, short_x = (np.rint(value * 2.0**16) * 2.0**-16 for value in (z, x))  # their squares are exact
    more = (x - short_x) * (x + short_x) - (z - short_z) * (z + short_z) / 2  # of x² than of z²/2
    more += short_x * short_x - short_z * short_z / 2
    tail = np.asarray(_erfc(x), dtype=np.float64) / 2
    return np.where(z < 0.0, tail * np.exp(more), tail)


def _gelu_forward(z: Array, a: Array) -> Call:
    return lambda: _multiply(z, normal(z), a)


def _gelu_backward(z: Array, a: Array, slope_a: Array, slope_z: Array) -> Call:
    below = np.empty_like(z)

    def backward() -> None:
        # Φ(z) + z·φ(z), φ the bell curve e^(−z²/2)/√(2π); a is z·Φ(z)
        below.fill(0.5)
        np.divide(a, z, out=below, where=np.abs(z) > _TINY)
        np.clip(z, -_ALL, _ALL, out=slope_z)
        _multiply(slope_z, np.exp(-0.5 * slope_z * slope_z) / math.sqrt(2.0 * math.pi), slope_z)
        _add(slope_z, below, slope_z)
        _multiply(slope_z, slope_a, slope_z)

    return backward


def _softsign_forward(z: Array, a: Array) -> Call:
    def forward() -> None:
        np.abs(z, a)
        _add(a, _ONE, a)
        np.divide(z, a, a)

    return forward


def _softsign_backward(z: Array, _a: Array, slope_a: Array, slope_z: Array) -> Call:
    def backward() -> None:
        np.abs(z, slope_z)
        _add(slope_z, _ONE, slope_z)
        np.divide(_ONE, slope_z, slope_z)  # squared before, it could overflow
        _square(slope_z, slope_z)
        _multiply(slope_z, slope_a, slope_z)

    return backward


def _softmax_forward(z: Array, a: Array) -> Call:
    def forward() -> None:
        _subtract(z, z.max(axis=-1, keepdims=True), a)
        np.exp(a, a)
        np.divide(a, a.sum(axis=-1, keepdims=True), a)

    return forward


def _softmax_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> Call:
    def backward() -> None:
        _multiply(slope_a, a, slope_z)
        _subtract(slope_a, slope_z.sum(axis=-1, keepdims=True), slope_z)
        _multiply(slope_z, a, slope_z)

    return backward


IDENTITY = _identity_forward, _identity_backward
RELU = _relu_forward, _relu_backward
SIGMOID = _sigmoid_forward, _sigmoid_backward
TANH = _tanh_forward, _tanh_backward
SOFTPLUS = _softplus_forward, _softplus_backward
SILU = _silu_forward, _silu_backward
GELU = _gelu_forward, _gelu_backward
SOFTSIGN = _softsign_forward, _softsign_backward
SOFTMAX = _softmax_forward, _softmax_backward
