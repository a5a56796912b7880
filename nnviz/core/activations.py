"""Activation functions: computation, slope, formula, and names in other libraries.

`ACTIVATIONS` is the registry: all other modules read an activation's entry there. An entry also names the
distribution of a layer's random weights. Arrays are float64 of shape (rows, nodes).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import inf
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nnviz.core import entries
from nnviz.core.entries import Named, Parameter, Rule, with_parameter
from nnviz.core.expressions import ABS, EXP, Choice, Expression, Function, Number, Square, Symbol, at_zero
from nnviz.core.numbers import full

Array: TypeAlias = NDArray[np.float64]
Forward: TypeAlias = Callable[[Array, Array], object]
"""`forward(z, a)` writes f(z) into the array `a`."""
Backward: TypeAlias = Callable[[Array, Array, Array, Array], object]
"""`backward(z, a, slope_a, slope_z)` writes ∂L/∂z into `slope_z`, given ∂L/∂a."""

_ALL = 40.0
"""In float64, Φ(z) is 1 for z above this number. For z below −40, Φ(z) and e^z are negligible."""
# NumPy converts a Python float at each call, but not an array without dimensions.
_ZERO, _HALF, _ONE = (np.array(value) for value in (0.0, 0.5, 1.0))
_add, _subtract, _multiply, _divide = np.add, np.subtract, np.multiply, np.divide
_maximum, _minimum, _tanh, _sign, _abs, _exp = np.maximum, np.minimum, np.tanh, np.sign, np.abs, np.exp


def _relu_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> None:
    _sign(a, slope_z)  # 1.0 or 0.0; a comparison would return bools, which NumPy would convert
    _multiply(slope_z, slope_a, slope_z)


def _sigmoid_forward(z: Array, a: Array) -> None:
    # (1 + tanh(z/2)) / 2 equals 1 / (1 + e^-z) without overflow for large negative z.
    _multiply(z, _HALF, a)
    _tanh(a, a)
    _add(a, _ONE, a)
    _multiply(a, _HALF, a)


def _softplus_backward(z: Array, _a: Array, slope_a: Array, slope_z: Array) -> None:
    _sigmoid_forward(z, slope_z)
    _multiply(slope_z, slope_a, slope_z)


def elu(alpha: float, scale: float = 1.0) -> tuple[Forward, Backward]:
    """Return the forward and backward functions of elu.

    f(z) is scale · z for z > 0, and scale · alpha · (e^z − 1) for other z.
    """
    depth, above = np.array(alpha * scale), np.array(scale)

    def forward(z: Array, a: Array) -> None:
        np.expm1(_minimum(z, _ZERO), a)
        _multiply(a, depth, a)
        _add(a, _maximum(z, _ZERO) * above, a)

    def backward(z: Array, a: Array, slope_a: Array, slope_z: Array) -> None:
        _add(a, depth, slope_z)  # depth · e^z for z ≤ 0
        np.copyto(slope_z, above, where=z > _ZERO)
        _multiply(slope_z, slope_a, slope_z)

    return forward, backward


def _silu_forward(z: Array, a: Array) -> None:
    # z · e^min(z, 0) / (1 + e^−|z|) never overflows, and keeps all digits of a result near 0.
    _divide(z * _exp(_minimum(z, _ZERO)), _exp(-_abs(z)) + _ONE, a)


def _silu_backward(z: Array, a: Array, slope_a: Array, slope_z: Array) -> None:
    _sigmoid_forward(z, slope_z)
    _multiply((_ONE - slope_z) * a + slope_z, slope_a, slope_z)


_erfc = np.frompyfunc(math.erfc, 1, 1)
_TINY = 1e-300
"""Up to this |z|, Φ is 1/2 in float64."""


def normal(z: Array) -> Array:
    """Return Φ(z), the share of a normal distribution that lies below z, as a new array.

    Φ(z) is erfc(−z/√2)/2. In the tail, Φ magnifies the rounding error of −z/√2 by z². The result is
    corrected for this error.
    """
    z = np.clip(z, -_ALL, _ALL)
    x = z * -math.sqrt(0.5)
    short_z, short_x = (np.rint(value * 2.0**16) * 2.0**-16 for value in (z, x))  # their squares are exact
    more = (x - short_x) * (x + short_x) - (z - short_z) * (z + short_z) / 2  # rest of x² − z²/2
    more += short_x * short_x - short_z * short_z / 2
    tail = np.asarray(_erfc(x), dtype=np.float64) / 2
    return np.where(z < 0.0, tail * np.exp(more), tail)


def _gelu_backward(z: Array, a: Array, slope_a: Array, slope_z: Array) -> None:
    # Φ(z) + z·φ(z), φ the bell curve e^(−z²/2)/√(2π); a is z·Φ(z)
    below = _divide(a, z, out=np.full_like(z, 0.5), where=_abs(z) > _TINY)
    x = np.clip(z, -_ALL, _ALL)
    bell = _exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi)
    _multiply(x * bell + below, slope_a, slope_z)


def _softsign_backward(z: Array, _a: Array, slope_a: Array, slope_z: Array) -> None:
    root = _ONE / (_abs(z) + _ONE)  # divide first: the square of a large z overflows
    _multiply(root * root, slope_a, slope_z)


def _softmax_forward(z: Array, a: Array) -> None:
    _subtract(z, z.max(axis=-1, keepdims=True), a)
    _exp(a, a)
    _divide(a, a.sum(axis=-1, keepdims=True), a)


def _softmax_backward(_z: Array, a: Array, slope_a: Array, slope_z: Array) -> None:
    _multiply(slope_a - (slope_a * a).sum(axis=-1, keepdims=True), a, slope_z)


Interval: TypeAlias = tuple[float, float]
"""A closed interval: (smallest number, largest number)."""
Question: TypeAlias = Literal["how much", "yes or no", "which one"]
"""A question that the output nodes of a network answer.

"how much": each output is a number. "yes or no": each output is the probability of its class. "which one":
the outputs are the probabilities of classes that exclude each other.
"""

Total: TypeAlias = Callable[[Sequence[Expression]], Expression]


class Joint(NamedTuple):
    """Formulas of an activation whose outputs depend on every z of their layer.

    ========= =============================================================================================
    `value`   `value(z, node, total)` returns (formula of a as text, expression with numbers)
    `slope`   `slope(a, slopes_a, node, total)` returns (formula of ∂L/∂z as text, expression with numbers)
    `own`     the slope of a node's a with respect to the node's own z, as text
    ========= =============================================================================================

    `z`, `a` and `slopes_a` (∂L/∂a) hold one number for each node of the layer. `node` is the index of the
    explained node. The function `total` adds terms, and may shorten a long sum.
    """

    value: Callable[[Sequence[Number], int, Total], tuple[str, Expression]]
    slope: Callable[[Sequence[Number], Sequence[Number], int, Total], tuple[str, Expression]]
    own: str


class ActivationNotation(NamedTuple):
    """The names and code of an activation in other libraries, to export code and to read and write files.

    ============= ==========================================================================
    `numpy`       an expression of `z`, an array of shape (rows, nodes)
    `numpy_slope` an expression for ∂L/∂z with `z`, `a` and `slope_a`, which is ∂L/∂a
    `keras`       a name of `keras.activations`; with a parameter, a class of `keras.layers`
    `torch`       a class of `torch.nn`
    `onnx`        an operator
    ============= ==========================================================================

    A library without the activation has no name here.
    """

    numpy: str
    numpy_slope: str
    keras: Named = Named()
    torch: Named = Named()
    onnx: Named = Named()


def _notation(numpy: str, slope: str, torch: str, keras: str = "", onnx: str = "") -> ActivationNotation:
    """Return the notation of an activation that has no parameter.

    Keras usually writes the name of PyTorch in small letters, and ONNX with one capital letter: SELU is selu
    in Keras and Selu in ONNX.
    """
    names = keras or torch.lower(), torch, onnx or torch.capitalize()
    return ActivationNotation(numpy, slope, *map(Named, names))


@dataclass(frozen=True, eq=False)
class Activation:
    """An activation function `a = f(z)`, its slope, and the formulas of both.

    ============= ==========================================================================
    `forward`     writes f(z) into an array, see `Forward`
    `backward`    writes the vector-Jacobian product into an array, see `Backward`
    `formula`     f(z) as text
    `notation`    the activation in NumPy, Keras, PyTorch and ONNX
    `slope_rule`  the formula of f′(z) with z and a; None if `joint` has the formula
    `start`       distribution of random weights: "he" (normal) or "glorot" (uniform)
    `kinks`       each z at which f′ jumps; at this z, f′ is the slope on the left side
    `flat`        intervals of z in which f′(z) is exactly 0
    `saturated`   intervals of z in which f′(z) is almost 0
    `bounds`      the least and the greatest a, if a is bounded on both sides, else None
    `answers`     the question that output nodes answer, see `Question`
    `exact`       returns f(z) as a Fraction for a Fraction z, or None if f(z) is irrational
    `scalar`      computes f(z) for one float more precisely than `forward`; or None
    `linear`      whether f(z) = z, so that z and a can share one array
    `joint`       the formulas if each output depends on every z of the layer, else None
    `parameter`   the parameter in brackets after the name, or None
    `compiled`    the rule of the compiled loops, or None if they lack the activation
    ============= ==========================================================================
    """

    name: str
    forward: Forward
    backward: Backward
    formula: str
    notation: ActivationNotation
    slope_rule: Expression | None = None
    start: Literal["he", "glorot"] = "glorot"
    kinks: tuple[float, ...] = ()
    flat: tuple[Interval, ...] = ()
    saturated: tuple[Interval, ...] = ()
    bounds: Interval | None = None
    answers: Question = "how much"
    exact: Callable[[Fraction], Fraction | None] = lambda _: None
    scalar: Callable[[float], float] | None = None
    linear: bool = False
    joint: Joint | None = None
    parameter: Parameter[Activation] | None = None
    compiled: Rule | None = None

    def __call__(self, z: Array) -> Array:
        """Return f(z) as a new array of the same shape."""
        a = np.empty_like(z)
        self.forward(z, a)
        return a

    @property
    def base(self) -> str:
        """The name without the parameter in brackets. This name is the key in `ACTIVATIONS`."""
        return self.name.partition("(")[0]

    @property
    def elementwise(self) -> bool:
        """Whether the output of a node depends only on the z of this node."""
        return self.joint is None

    def slope(self, z: Array) -> Array:
        """Return f′(z) for every z, in the shape of `z`.

        Raises TypeError if each output depends on every z of the layer, as with softmax.
        """
        if not self.elementwise:
            raise TypeError(f"{self.name} has no elementwise slope")
        a = self(z)
        out = np.empty_like(z)
        self.backward(z, a, np.ones_like(z), out)
        return out

    @cached_property
    def written(self) -> Function:
        """The activation as a Function for formulas. For relu, it maps the expression z to relu(z)."""
        return Function(self.name, self.scalar or (lambda z: self(np.array([[z]]))[0, 0]), self.exact)

    @property
    def call(self) -> str:
        """The text of the activation applied to z: "relu(z)"."""
        return self.written(Symbol("z")).text


Z, A = Symbol("z"), Symbol("a")
SATURATED = 0.01
"""A node is saturated if f′(z) is below this number; with tanh, if 1 − |a| is below this number."""
LEAK = 0.01
"""Slope of `leaky_relu` for z < 0 if the name has no parameter in brackets."""
SELU_SCALE, SELU_ALPHA = 1.0507009873554804934, 1.6732632423543772848
"""`scale` and `alpha` of selu by Klambauer, Unterthiner, Mayr, Hochreiter (2017), as in PyTorch and Keras."""


def _precise_sigmoid(z: float) -> float:
    power = math.exp(-abs(z))  # cannot overflow, and keeps all digits of a result near 0
    return (1.0 if z >= 0 else power) / (1.0 + power)


# Entries with a parameter


def _leaky_relu(leak: float) -> Activation:
    slope = np.array(leak)
    return Activation(
        with_parameter("leaky_relu", leak, LEAK),
        lambda z, a: _maximum(z, z * slope, out=a),
        lambda z, _a, slope_a, slope_z: _multiply(_maximum(_sign(z), slope), slope_a, slope_z),
        f"max({full(leak)}·z, z)",
        ActivationNotation(
            f"np.maximum(z, {full(leak)} * z)",
            f"slope_a * np.where(z > 0, 1, {full(leak)})",
            Named("LeakyReLU", "negative_slope", leak),
            Named("LeakyReLU", "negative_slope", leak),
            Named("LeakyRelu", "alpha", leak),
        ),
        Choice(Z > 0, 1, leak),
        "he",
        kinks=(0.0,),
        exact=lambda z: max(z * Fraction(full(leak)), z),
        parameter=Parameter("slope for negative z", 0.2, "between 0 and 1", lambda v: 0 < v < 1, _leaky_relu),
        compiled=Rule(2, leak),
    )


def _elu(alpha: float) -> Activation:
    return Activation(
        with_parameter("elu", alpha, 1.0),
        *elu(alpha),
        "z if z > 0 else " + ("e^z − 1" if alpha == 1 else f"{full(alpha)}·(e^z − 1)"),
        ActivationNotation(
            f"np.where(z > 0, z, {full(alpha)} * np.expm1(np.minimum(z, 0)))",
            f"slope_a * np.where(z > 0, 1, a + {full(alpha)})",
            Named("ELU", "alpha", alpha),
            Named("ELU", "alpha", alpha),
            Named("Elu", "alpha", alpha),
        ),
        Choice(Z > 0, 1, A + alpha),
        "he",
        kinks=() if alpha == 1 else (0.0,),
        saturated=((-inf, min(math.log(SATURATED / alpha), 0.0)),),
        exact=lambda z: None if z < 0 else z,
        parameter=Parameter("factor of e^z − 1", 0.5, "above 0", lambda v: 0 < v < inf, _elu),
        compiled=Rule(6, alpha, 1.0),
    )


# Softmax


LARGE_POWER = 600.0
"""If any |z| is larger, the Explain panel writes softmax with e^(z − largest z): e^710 overflows float64."""


def _softmax_value(z: Sequence[Number], node: int, total: Total) -> tuple[str, Expression]:
    values = [each.value for each in z]
    shift = max(values) if max(map(abs, values)) > LARGE_POWER else 0.0
    powers = [EXP(Number(each.value - shift, each.address)) for each in z]
    formula = "e^(z − m) / Σ e^(z − m), where m is the largest z" if shift else "e^z / Σ e^z"
    return formula, powers[node] / total(powers)


def _softmax_slope(
    a: Sequence[Number], slopes_a: Sequence[Number], node: int, total: Total
) -> tuple[str, Expression]:
    mean = total([slope * each for slope, each in zip(slopes_a, a, strict=True)])
    return "a·(∂L/∂a − Σ ∂L/∂a·a)", a[node] * (slopes_a[node] - mean)


SIGMOID = Function("sigmoid", _precise_sigmoid, at_zero(Fraction(1, 2)))
NORMAL = Function("Φ", lambda z: float(normal(np.array(z))), at_zero(Fraction(1, 2)))

_PHI = "np.vectorize(math.erfc)(-z / math.sqrt(2)) / 2"

_low_sigmoid = 2.0 * math.atanh(math.sqrt(1.0 - 4.0 * SATURATED))

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation(
            "identity",
            np.positive,
            lambda _z, _a, slope_a, slope_z: np.copyto(slope_z, slope_a),
            "z",
            _notation("z", "slope_a", "Identity", keras="linear"),
            Number(1.0),
            exact=lambda z: z,
            linear=True,
            compiled=Rule(0),
        ),
        Activation(
            "relu",
            lambda z, a: _maximum(z, _ZERO, out=a),
            _relu_backward,
            "max(0, z)",
            _notation("np.maximum(z, 0)", "slope_a * (z > 0)", "ReLU"),
            Choice(Z > 0, 1, 0),
            "he",
            kinks=(0.0,),
            flat=((-inf, 0.0),),
            exact=lambda z: max(z, Fraction(0)),
            compiled=Rule(1),
        ),
        _leaky_relu(LEAK),
        _elu(1.0),
        Activation(
            "selu",
            *elu(SELU_ALPHA, SELU_SCALE),
            "1.0507·(z if z > 0 else 1.6733·(e^z − 1))",
            _notation(
                f"{SELU_SCALE} * np.where(z > 0, z, {SELU_ALPHA} * np.expm1(np.minimum(z, 0)))",
                f"slope_a * np.where(z > 0, {SELU_SCALE}, a + {SELU_SCALE * SELU_ALPHA})",
                "SELU",
            ),
            Choice(Z > 0, SELU_SCALE, A + SELU_SCALE * SELU_ALPHA),
            "he",
            kinks=(0.0,),
            saturated=((-inf, math.log(SATURATED / (SELU_SCALE * SELU_ALPHA))),),
            exact=at_zero(0),
            compiled=Rule(6, SELU_ALPHA * SELU_SCALE, SELU_SCALE),
        ),
        Activation(
            "silu",
            _silu_forward,
            _silu_backward,
            "z / (1 + e^−z)",
            _notation(
                "z / (1 + np.exp(-z))", "slope_a * (a + (1 - a) / (1 + np.exp(-z)))", "SiLU", onnx="Swish"
            ),
            SIGMOID(Z) + A * (1 - SIGMOID(Z)),
            "he",
            saturated=((-inf, -6.3),),
            exact=at_zero(0),
            compiled=Rule(7),
        ),
        Activation(
            "gelu",
            lambda z, a: _multiply(z, normal(z), a),
            _gelu_backward,
            "z·Φ(z), where Φ is the normal distribution",
            _notation(
                f"z * {_PHI}", f"slope_a * ({_PHI} + z * np.exp(-z * z / 2) / math.sqrt(2 * math.pi))", "GELU"
            ),
            NORMAL(Z) + Z * EXP(-Square(Z) / 2) / math.sqrt(2 * math.pi),
            "he",
            saturated=((-inf, -3.1),),
            exact=at_zero(0),
            compiled=Rule(8),
        ),
        Activation(
            "sigmoid",
            _sigmoid_forward,
            lambda _z, a, slope_a, slope_z: _multiply((_ONE - a) * a, slope_a, slope_z),
            "1 / (1 + e^−z)",
            _notation("1 / (1 + np.exp(-z))", "slope_a * a * (1 - a)", "Sigmoid"),
            A * (1 - A),
            saturated=((-inf, -_low_sigmoid), (_low_sigmoid, inf)),
            bounds=(0.0, 1.0),
            answers="yes or no",
            exact=at_zero(Fraction(1, 2)),
            scalar=_precise_sigmoid,
            compiled=Rule(3),
        ),
        Activation(
            "tanh",
            _tanh,
            lambda _z, a, slope_a, slope_z: _multiply(_ONE - a * a, slope_a, slope_z),
            "tanh(z)",
            _notation("np.tanh(z)", "slope_a * (1 - a * a)", "Tanh"),
            1 - Square(A),
            saturated=((-inf, -math.atanh(1 - SATURATED)), (math.atanh(1 - SATURATED), inf)),
            bounds=(-1.0, 1.0),
            exact=at_zero(0),
            compiled=Rule(4),
        ),
        Activation(
            "softsign",
            lambda z, a: _divide(z, _abs(z) + _ONE, a),
            _softsign_backward,
            "z / (1 + |z|)",
            _notation("z / (1 + np.abs(z))", "slope_a / (1 + np.abs(z)) ** 2", "Softsign"),
            1 / Square(1 + ABS(Z)),
            saturated=((-inf, -9.0), (9.0, inf)),
            bounds=(-1.0, 1.0),
            exact=lambda z: z / (1 + abs(z)),
            compiled=Rule(9),
        ),
        Activation(
            "softplus",
            lambda z, a: np.logaddexp(z, _ZERO, a),
            _softplus_backward,
            "ln(1 + e^z)",
            _notation("np.logaddexp(z, 0)", "slope_a / (1 + np.exp(-z))", "Softplus"),
            1 / (1 + EXP(-Z)),
            "he",
            compiled=Rule(5),
        ),
        Activation(
            "softmax",
            _softmax_forward,
            _softmax_backward,
            "e^z / Σ e^z",
            _notation(
                "np.exp(z - np.logaddexp.reduce(z, axis=-1, keepdims=True))",
                "a * (slope_a - (slope_a * a).sum(axis=-1, keepdims=True))",
                "Softmax",
            ),
            bounds=(0.0, 1.0),
            answers="which one",
            joint=Joint(_softmax_value, _softmax_slope, "a·(1 − a)"),
            compiled=Rule(10),
        ),
    )
}
"""Every activation by name. Combo boxes and files use these names."""


def usual_output(question: Question) -> str:
    """Return the name of the activation that is usual for outputs that answer `question`."""
    return next(name for name, own in ACTIVATIONS.items() if own.answers == question)


def named_in(library: Literal["keras", "torch", "onnx"]) -> dict[str, Activation]:
    """Return the activations by their names in a library, without the activations that it lacks."""
    names = {own: getattr(own.notation, library).name for own in ACTIVATIONS.values()}
    return {name: own for own, name in names.items() if name}


def default_activations(layers: int) -> tuple[str, ...]:
    """Return the default activation of each layer: relu for hidden layers, identity for the output."""
    return ("relu",) * (layers - 1) + ("identity",)


def activation(name: str) -> Activation:
    """Return the activation with this name, which may have a parameter in brackets: `leaky_relu(0.2)`.

    Raises ValueError for an unknown name or an invalid parameter.
    """
    return entries.find(ACTIVATIONS, name, "activation", lambda own: own.parameter)
