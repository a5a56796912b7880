"""The activation functions: one entry each, which holds all that nnviz knows of it.

What is computed, how Explain writes it and its slope, its random start, where it is kinked and where flat:
combo boxes, files, training, Explain, the numerical check and badges follow from the entry. Knows nothing of
networks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import inf

import numpy as np

from nnviz.core import kernels
from nnviz.core.activation import Activation, Elsewhere, Joint, Named, Parameter, Total
from nnviz.core.expressions import Expression, Number, Square
from nnviz.core.kernels import Array as Array
from nnviz.core.kernels import Call as Call
from nnviz.core.names import quoted
from nnviz.core.numbers import full, parsed
from nnviz.core.rules import ABS, EXP, Either, Function, Symbol, at_zero

Z, A = Symbol("z"), Symbol("a")
SATURATED = 0.01
"""A node is saturated where its slope stays below this, or the distance of a tanh from ±1."""
LEAK = 0.01
"""Slope of `leaky_relu` left of zero, if no other stands in brackets."""
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934, 1.6732632423543772848
"""As Klambauer, Unterthiner, Mayr and Hochreiter (2017), PyTorch and Keras have them."""


def _precise_sigmoid(z: float) -> float:
    power = math.exp(-abs(z))  # cannot overflow, and keeps all digits of a result near 0
    return (1.0 if z >= 0 else power) / (1.0 + power)


# Entries that take a parameter


def _leaky_relu(leak: float) -> Activation:
    return Activation(
        _named("leaky_relu", leak, LEAK),
        *kernels.leaky_relu(leak),
        f"max({full(leak)}·z, z)",
        Elsewhere(
            f"np.maximum(z, {full(leak)} * z)",
            f"slope_a * np.where(z > 0, 1, {full(leak)})",
            Named("LeakyReLU", "negative_slope", leak),
            Named("LeakyReLU", "negative_slope", leak),
            Named("LeakyRelu", "alpha", leak),
        ),
        Either(1, leak),
        "he",
        kinks=(0.0,),
        exact=lambda z: max(z * Fraction(full(leak)), z),
        parameter=Parameter("slope left of 0", 0.2, "between 0 and 1", lambda v: 0 < v < 1, _leaky_relu),
    )


def _elu(alpha: float) -> Activation:
    return Activation(
        _named("elu", alpha, 1.0),
        *kernels.elu(alpha),
        "z if z > 0 else " + ("e^z − 1" if alpha == 1 else f"{full(alpha)}·(e^z − 1)"),
        Elsewhere(
            f"np.where(z > 0, z, {full(alpha)} * np.expm1(np.minimum(z, 0)))",
            f"slope_a * np.where(z > 0, 1, a + {full(alpha)})",
            Named("ELU", "alpha", alpha),
            Named("ELU", "alpha", alpha),
            Named("Elu", "alpha", alpha),
        ),
        Either(1, A + alpha),
        "he",
        kinks=() if alpha == 1 else (0.0,),
        saturated=((-inf, min(math.log(SATURATED / alpha), 0.0)),),
        exact=lambda z: None if z < 0 else z,
        parameter=Parameter("depth left of 0", 0.5, "above 0", lambda v: 0 < v < inf, _elu),
    )


def _named(name: str, value: float, default: float) -> str:
    return name if value == default else f"{name}({full(value)})"


# Softmax


LARGE_POWER = 600.0
"""e^z of a softmax is written shifted where some |z| is larger: float64 ends at e^709."""


def _softmax_value(z: Sequence[Number], node: int, total: Total) -> tuple[str, Expression]:
    values = [each.value for each in z]
    shift = max(values) if max(map(abs, values)) > LARGE_POWER else 0.0
    powers = [EXP(Number(each.value - shift, each.address)) for each in z]
    formula = "e^(z − m) / Σ e^(z − m), m the largest z" if shift else "e^z / Σ e^z"
    return formula, powers[node] / total(powers)


def _softmax_slope(
    a: Sequence[Number], slopes_a: Sequence[Number], node: int, total: Total
) -> tuple[str, Expression]:
    mean = total([slope * each for slope, each in zip(slopes_a, a, strict=True)])
    return "a·(∂L/∂a − Σ ∂L/∂a·a)", a[node] * (slopes_a[node] - mean)


SIGMOID = Function("sigmoid", _precise_sigmoid, at_zero(Fraction(1, 2)))
NORMAL = Function("Φ", lambda z: float(kernels.normal(np.array(z))), at_zero(Fraction(1, 2)))

_PHI = "np.vectorize(math.erfc)(-z / math.sqrt(2)) / 2"

_low_sigmoid = 2.0 * math.atanh(math.sqrt(1.0 - 4.0 * SATURATED))

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation(
            "identity",
            *kernels.IDENTITY,
            "z",
            Elsewhere("z", "slope_a", Named("linear"), Named("Identity"), Named("Identity")),
            Number(1.0),
            exact=lambda z: z,
            linear=True,
        ),
        Activation(
            "relu",
            *kernels.RELU,
            "max(0, z)",
            Elsewhere("np.maximum(z, 0)", "slope_a * (z > 0)", Named("relu"), Named("ReLU"), Named("Relu")),
            Either(1, 0),
            "he",
            kinks=(0.0,),
            flat=((-inf, 0.0),),
            exact=lambda z: max(z, Fraction(0)),
        ),
        _leaky_relu(LEAK),
        _elu(1.0),
        Activation(
            "selu",
            *kernels.elu(SELU_ALPHA, SELU_SCALE),
            "1.0507·(z if z > 0 else 1.6733·(e^z − 1))",
            Elsewhere(
                f"{SELU_SCALE} * np.where(z > 0, z, {SELU_ALPHA} * np.expm1(np.minimum(z, 0)))",
                f"slope_a * np.where(z > 0, {SELU_SCALE}, a + {SELU_SCALE * SELU_ALPHA})",
                Named("selu"),
                Named("SELU"),
                Named("Selu"),
            ),
            Either(SELU_SCALE, A + SELU_SCALE * SELU_ALPHA),
            "he",
            kinks=(0.0,),
            saturated=((-inf, math.log(SATURATED / (SELU_SCALE * SELU_ALPHA))),),
            exact=at_zero(0),
        ),
        Activation(
            "silu",
            *kernels.SILU,
            "z / (1 + e^−z)",
            Elsewhere(
                "z / (1 + np.exp(-z))",
                "slope_a * (a + (1 - a) / (1 + np.exp(-z)))",
                Named("silu"),
                Named("SiLU"),
                Named("Swish"),
            ),
            SIGMOID(Z) + A * (1 - SIGMOID(Z)),
            "he",
            saturated=((-inf, -6.3),),
            exact=at_zero(0),
        ),
        Activation(
            "gelu",
            *kernels.GELU,
            "z·Φ(z), Φ the normal distribution",
            Elsewhere(
                f"z * {_PHI}",
                f"slope_a * ({_PHI} + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi))",
                Named("gelu"),
                Named("GELU"),
                Named("Gelu"),
            ),
            NORMAL(Z) + Z * EXP(-Square(Z) / 2) / math.sqrt(2 * math.pi),
            "he",
            saturated=((-inf, -3.1),),
            exact=at_zero(0),
        ),
        Activation(
            "sigmoid",
            *kernels.SIGMOID,
            "1 / (1 + e^−z)",
            Elsewhere(
                "1 / (1 + np.exp(-z))",
                "slope_a * a * (1 - a)",
                Named("sigmoid"),
                Named("Sigmoid"),
                Named("Sigmoid"),
            ),
            A * (1 - A),
            saturated=((-inf, -_low_sigmoid), (_low_sigmoid, inf)),
            exact=at_zero(Fraction(1, 2)),
            scalar=_precise_sigmoid,
        ),
        Activation(
            "tanh",
            *kernels.TANH,
            "tanh(z)",
            Elsewhere("np.tanh(z)", "slope_a * (1 - a * a)", Named("tanh"), Named("Tanh"), Named("Tanh")),
            1 - Square(A),
            saturated=((-inf, -math.atanh(1 - SATURATED)), (math.atanh(1 - SATURATED), inf)),
            exact=at_zero(0),
        ),
        Activation(
            "softsign",
            *kernels.SOFTSIGN,
            "z / (1 + |z|)",
            Elsewhere(
                "z / (1 + np.abs(z))",
                "slope_a / (1 + np.abs(z)) ** 2",
                Named("softsign"),
                Named("Softsign"),
                Named("Softsign"),
            ),
            1 / Square(1 + ABS(Z)),
            saturated=((-inf, -9.0), (9.0, inf)),
            exact=lambda z: z / (1 + abs(z)),
        ),
        Activation(
            "softplus",
            *kernels.SOFTPLUS,
            "ln(1 + e^z)",
            Elsewhere(
                "np.logaddexp(z, 0)",
                "slope_a / (1 + np.exp(-z))",
                Named("softplus"),
                Named("Softplus"),
                Named("Softplus"),
            ),
            1 / (1 + EXP(-Z)),
            "he",
        ),
        Activation(
            "softmax",
            *kernels.SOFTMAX,
            "e^z / Σ e^z",
            Elsewhere(
                "np.exp(z - np.logaddexp.reduce(z, axis=-1, keepdims=True))",
                "a * (slope_a - (slope_a * a).sum(axis=-1, keepdims=True))",
                Named("softmax"),
                Named("Softmax"),
                Named("Softmax"),
            ),
            joint=Joint(_softmax_value, _softmax_slope),
        ),
    )
}
"""Every activation by name: what combo boxes offer and files may name."""


def proposed(layers: int) -> tuple[str, ...]:
    """Return what is proposed for a network of so many layers: hidden ones relu, the output identity."""
    return ("relu",) * (layers - 1) + ("identity",)


def activation(name: str) -> Activation:
    """Return the activation of a name, which may have a parameter in brackets: `leaky_relu(0.2)`.

    Raises ValueError, with a sentence, for a name or a parameter that there is not.
    """
    if not isinstance(name, str):
        raise ValueError(f"expected a name, found {quoted(name)}")
    base, bracket, rest = name.partition("(")
    if base not in ACTIVATIONS:
        raise ValueError(f"no activation is called {quoted(base)}; known are {', '.join(ACTIVATIONS)}")
    return _with_parameter(ACTIVATIONS[base], rest) if bracket else ACTIVATIONS[base]


@lru_cache(maxsize=256)
def _with_parameter(usual: Activation, rest: str) -> Activation:
    parameter, name = usual.parameter, usual.name
    if parameter is None:
        raise ValueError(f"{name} takes no parameter in brackets")
    try:
        value = parsed(rest.removesuffix(")")) if rest.endswith(")") else math.nan
    except ValueError:
        value = math.nan
    if not parameter.takes(value):
        told = f"its {parameter.what}, a number {parameter.taken}, such as {name}({full(parameter.example)})"
        raise ValueError(f"{name} takes in brackets {told}")
    return parameter.make(value)
