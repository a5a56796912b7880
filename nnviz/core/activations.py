"""The activation functions: forward and vector-Jacobian product together, one registry entry each.

Knows nothing of networks. Arrays are float64 of shape (rows, nodes) and are written in place: an activation
is bound to its arrays once and then called as often as they hold new numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Call: TypeAlias = Callable[[], object]

LEAK = 0.01
"""Slope of `leaky_relu` left of zero."""


@dataclass(frozen=True)
class Activation:
    """`a = f(z)` and how a slope comes back through it.

    ========== ==========================================================================
    `forward`  `forward(z, a)` returns what writes f(z) into `a`, an array of its own
    `backward` `backward(z, a, slope_a, slope_z)` returns what writes the vector-Jacobian
               product `slope_a · ∂a/∂z` into `slope_z`, an array of its own
    `start`    random start that suits it: "he" (normal) or "glorot" (uniform)
    ========== ==========================================================================
    """

    name: str
    forward: Callable[[Array, Array], Call]
    backward: Callable[[Array, Array, Array, Array], Call]
    formula: str
    slope_formula: str
    start: Literal["he", "glorot"] = "glorot"
    elementwise: bool = True

    def __call__(self, z: Array) -> Array:
        """Return f(z) as a new array of the same shape."""
        a = np.empty_like(z)
        self.forward(z, a)()
        return a

    def slope(self, z: Array) -> Array:
        """Return f'(z), elementwise.

        Raises TypeError for softmax, whose outputs depend on every z of the layer.
        """
        if not self.elementwise:
            raise TypeError(f"{self.name} has no elementwise slope")
        a = self(z)
        out = np.empty_like(z)
        self.backward(z, a, np.ones_like(z), out)()
        return out


# An array of no dimension is taken as it is, where a Python float is converted each time; and a function that
# holds what it needs is called in half the time of one that is given it.
_ZERO, _HALF, _ONE, _LEAK = (np.array(value) for value in (0.0, 0.5, 1.0, LEAK))
_copy, _maximum, _tanh, _sign, _square = np.copyto, np.maximum, np.tanh, np.sign, np.square
_add, _subtract, _multiply = np.add, np.subtract, np.multiply

FEW = 2**16
"""Numbers for which zeros of their own are worth it: two arrays are compared in half the time."""


def _identity_forward(z: Array, a: Array) -> Call:
    return partial(_copy, a, z)


def _identity_backward(_z: Array, _a: Array, slope_a: Array, slope_z: Array) -> Call:
    return partial(_copy, slope_z, slope_a)


def _relu_forward(z: Array, a: Array) -> Call:
    zeros = np.zeros_like(z) if z.size <= FEW else _ZERO

    def forward() -> None:
        _maximum(z, zeros, out=a)

    return forward


def _relu_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> Call:
    def backward() -> None:
        _sign(a, slope_z)  # 1 or 0, and a float already: a comparison's bools would have to be converted
        _multiply(slope_z, slope_a, slope_z)

    return backward


def _leaky_relu_forward(z: Array, a: Array) -> Call:
    def forward() -> None:
        _multiply(z, _LEAK, a)
        _maximum(z, a, out=a)

    return forward


def _leaky_relu_backward(z: Array, _a: Array, slope_a: Array, slope_z: Array) -> Call:
    def backward() -> None:
        _sign(z, slope_z)
        _maximum(slope_z, _LEAK, out=slope_z)
        _multiply(slope_z, slope_a, slope_z)

    return backward


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


ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("identity", _identity_forward, _identity_backward, "z", "1"),
        Activation("relu", _relu_forward, _relu_backward, "max(0, z)", "1 if z > 0 else 0", "he"),
        Activation(
            "leaky_relu",
            _leaky_relu_forward,
            _leaky_relu_backward,
            "max(0.01·z, z)",
            "1 if z > 0 else 0.01",
            "he",
        ),
        Activation("sigmoid", _sigmoid_forward, _sigmoid_backward, "1 / (1 + e^−z)", "a·(1 − a)"),
        Activation("tanh", _tanh_forward, _tanh_backward, "tanh(z)", "1 − a²"),
        Activation("softplus", _softplus_forward, _softplus_backward, "ln(1 + e^z)", "1 / (1 + e^−z)", "he"),
        Activation(
            "softmax",
            _softmax_forward,
            _softmax_backward,
            "e^z / Σ e^z",
            "a·(δ − a)",
            elementwise=False,
        ),
    )
}
"""Every activation by name: what combo boxes offer and files may name."""


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
