"""The activation functions: forward and vector-Jacobian product together, one registry entry each.

Knows nothing of networks. Arrays are float64 of shape (rows, nodes) and are written in place.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

LEAK = 0.01
"""Slope of `leaky_relu` left of zero."""


@dataclass(frozen=True)
class Activation:
    """`a = f(z)` and how a slope comes back through it.

    ========== ==========================================================================
    `forward`  `forward(z, a)` writes f(z) into `a`
    `backward` `backward(z, a, slope_a, slope_z)` writes the vector-Jacobian product
               `slope_a · ∂a/∂z` into `slope_z`, an array of its own
    `start`    random start that suits it: "he" (normal) or "glorot" (uniform)
    ========== ==========================================================================
    """

    name: str
    forward: Callable[[Array, Array], object]
    backward: Callable[[Array, Array, Array, Array], object]
    formula: str
    slope_formula: str
    start: Literal["he", "glorot"] = "glorot"
    elementwise: bool = True

    def __call__(self, z: Array) -> Array:
        """Return f(z) as a new array of the same shape."""
        a = np.empty_like(z)
        self.forward(z, a)
        return a

    def slope(self, z: Array) -> Array:
        """Return f'(z), elementwise.

        Raises TypeError for softmax, whose outputs depend on every z of the layer.
        """
        if not self.elementwise:
            raise TypeError(f"{self.name} has no elementwise slope")
        a = self(z)
        out = np.empty_like(z)
        self.backward(z, a, np.ones_like(z), out)
        return out


# Constants as arrays of no dimension: a ufunc takes these as they are, a Python float it converts each time.
_ZERO, _HALF, _ONE, _LEAK = (np.array(value) for value in (0.0, 0.5, 1.0, LEAK))


def _identity_forward(z: Array, a: Array) -> None:
    np.copyto(a, z)


def _identity_backward(_z: Array, _a: Array, slope_a: Array, slope_z: Array) -> None:
    np.copyto(slope_z, slope_a)


def _relu_forward(z: Array, a: Array) -> None:
    np.maximum(z, _ZERO, out=a)


def _relu_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> None:
    np.sign(a, slope_z)  # 1 or 0, and a float already: a comparison's bools would have to be converted
    np.multiply(slope_z, slope_a, slope_z)


def _leaky_relu_forward(z: Array, a: Array) -> None:
    np.multiply(z, _LEAK, a)
    np.maximum(z, a, out=a)


def _leaky_relu_backward(z: Array, _a: Array, slope_a: Array, slope_z: Array) -> None:
    np.sign(z, slope_z)
    np.maximum(slope_z, _LEAK, out=slope_z)
    np.multiply(slope_z, slope_a, slope_z)


def _sigmoid_forward(z: Array, a: Array) -> None:
    # (1 + tanh(z/2)) / 2 is 1 / (1 + e^-z) without overflow for large negative z.
    np.multiply(z, _HALF, a)
    np.tanh(a, a)
    np.add(a, _ONE, a)
    np.multiply(a, _HALF, a)


def _sigmoid_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> None:
    np.subtract(_ONE, a, slope_z)
    np.multiply(slope_z, a, slope_z)
    np.multiply(slope_z, slope_a, slope_z)


def _tanh_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> None:
    np.multiply(a, a, slope_z)
    np.subtract(_ONE, slope_z, slope_z)
    np.multiply(slope_z, slope_a, slope_z)


def _softplus_forward(z: Array, a: Array) -> None:
    np.logaddexp(z, _ZERO, a)


def _softplus_backward(z: Array, _a: Array, slope_a: Array, slope_z: Array) -> None:
    _sigmoid_forward(z, slope_z)
    np.multiply(slope_z, slope_a, slope_z)


def _softmax_forward(z: Array, a: Array) -> None:
    np.subtract(z, z.max(axis=-1, keepdims=True), a)
    np.exp(a, a)
    np.divide(a, a.sum(axis=-1, keepdims=True), a)


def _softmax_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> None:
    np.multiply(slope_a, a, slope_z)
    np.subtract(slope_a, slope_z.sum(axis=-1, keepdims=True), slope_z)
    np.multiply(slope_z, a, slope_z)


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
        Activation("tanh", np.tanh, _tanh_backward, "tanh(z)", "1 − a²"),
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
