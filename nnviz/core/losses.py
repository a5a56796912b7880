"""The loss functions, one registry entry each, and the penalty for large weights.

An entry holds the computation, and the formulas of the loss and of its slope that Explain shows. An entry
also holds the output activations that fit the loss, the targets that suit it, and the names of the loss in
other libraries. All other modules use the entry. Each output has a term; the loss of a row is the sum or the
mean of the terms. The loss of a network is the mean over the rows. A loss may have a parameter in brackets
after its name: `huber(0.5)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from nnviz.core import entries
from nnviz.core.activations import Array, Total
from nnviz.core.entries import Named, Parameter, Rule, with_parameter
from nnviz.core.expressions import (
    ABS,
    EXP,
    LN,
    MAX,
    MIN,
    SIGN,
    Choice,
    Expression,
    Number,
    Square,
    Symbol,
    expression_of,
)
from nnviz.core.numbers import as_text, full

A, Y, ERROR, W = Symbol("a"), Symbol("y"), Symbol("error"), Symbol("w")
"""Symbols of a formula: an output, its target, the error a − y, and a weight."""

Terms: TypeAlias = Callable[[Array, Array, Array], Array]
"""A function of z, a and y, shape (…, rows, outputs) each, that returns a new array of the same shape."""


class LossNotation(NamedTuple):
    """The names and code of a loss in other libraries, to export code.

    =========== ==========================================================================
    `numpy`     an expression of `z`, `prediction` and `y` for the term of each output
    `slope`     an expression for the slope of the term; `error` stands for prediction − y
    `keras`     a class of `keras.losses`, or no name if Keras does not have the loss
    `torch`     code of a function of prediction and y, "" if PyTorch cannot compute the loss
    `of_z`      whether Keras and PyTorch compute the loss from z instead of the prediction
    `comment`   the comment above the `numpy` line
    `of_shares` a shorter `slope` for targets that sum to 1 in each row, or ""
    =========== ==========================================================================

    The arrays have shape (…, rows, outputs) or, for one row, (outputs,). The slope is with respect to z if
    the loss has a short form, else with respect to the prediction.
    """

    numpy: str
    slope: str
    keras: Named = Named()
    torch: str = ""
    of_z: bool = False
    comment: str = ""
    of_shares: str = ""


class Short(NamedTuple):
    """A short form of the slope ∂term/∂z: a formula without the factors ∂term/∂a and f′(z).

    `rule` takes Σy, the sum of the row's targets, and returns the formula in the symbols a, y and Σy.
    `reason` is a sentence that says why the factors cancel out.
    """

    rule: Callable[[float], Expression]
    reason: str


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss function, in its form for some output activations.

    =============== =======================================================================
    `name`          the name of the loss in files and commands
    `phrase`        the name of the loss within a sentence
    `symbol`        the symbol of the loss in ∂…/∂w
    `outputs`       the output activations that fit this form; empty if all fit
    `usual`         whether nnviz proposes the loss for these output activations
    `targets`       the targets for which the loss is meant
    `decides`       whether outputs are scores of classes, whatever their activation
    `scores`        the outputs that mean class 0 and class 1 where each output decides between both
    `averaged`      whether the loss of a row is the mean of the outputs' terms, not the sum
    `terms`         returns the term of each output
    `slopes`        `slopes(z, a, y, out)` writes the slope of each term into `out`
    `short`         the short form of the slope with respect to z, or None
    `slopes_a`      returns each term's slope with respect to a
    `factor`        the constant factor that `slopes` omits
    `least`         a lower bound of the loss for all possible targets
    `total`         `total(z, a, y, out)` returns the sum of all `terms` more quickly, or None
    `term`          the formula of a term, in the symbols a, y and error
    `term_by_z`     the formula of a term from all z, used if a is rounded to 0 or 1; or None
    `slope_rule`    the formula of ∂term/∂a
    `notation`      the loss in NumPy, Keras and PyTorch
    `parameter`     the parameter in brackets after the name, or None
    `compiled`      the rule of the compiled loops, or None if they lack the loss
    =============== =======================================================================

    Each output has a term; the loss of a row is the sum or the mean of the terms.

    `slopes` writes each term's slope, divided by `factor`: with respect to z if the loss has a `short` form,
    else with respect to a. Call `slopes` before `total`, which may read `out`. If `term` is accurate for
    every a, `term_by_z` is None.
    """

    name: str
    phrase: str
    symbol: str = "L"
    _: KW_ONLY
    averaged: bool = True
    terms: Terms
    slopes: Callable[[Array, Array, Array, Array], object]
    slopes_a: Terms
    term: Expression
    slope_rule: Expression
    notation: LossNotation
    outputs: tuple[str, ...] = ()
    usual: bool = False
    targets: Literal["any", "from 0 to 1", "0 or 1"] = "any"
    decides: bool = False
    scores: tuple[float, float] = (0.0, 1.0)
    factor: float = 1.0
    least: float = 0.0
    total: Callable[[Array, Array, Array, Array], float] | None = None
    short: Short | None = None
    term_by_z: Callable[[Sequence[Number], Number, int, Total], tuple[str, Expression]] | None = None
    parameter: Parameter[tuple[Loss, ...]] | None = None
    compiled: Rule | None = None

    @property
    def title(self) -> str:
        """The name of the loss in the window: "Cross-entropy", "MSE"."""
        return f"{self.phrase[0].upper()}{self.phrase[1:]}"

    @property
    def threshold(self) -> float:
        """The smallest output that means class 1 if each output decides between class 0 and class 1."""
        return sum(self.scores) / 2

    def parts(self, outputs: int) -> int:
        """Return the divisor of a row's loss: the number of outputs if their terms are averaged, else 1."""
        return outputs if self.averaged else 1

    def of_rows(self, z: Array, a: Array, y: Array) -> Array:
        """Return the loss of each row, shape (…, rows). On overflow, losses are infinite or NaN."""
        with np.errstate(all="ignore"):
            sums: Array = self.terms(z, a, y).sum(axis=-1) / self.parts(y.shape[-1])
        return sums

    def mean(self, z: Array, a: Array, y: Array) -> float:
        """Return the mean loss over the rows. On overflow, the loss is infinite or NaN."""
        with np.errstate(all="ignore"):
            return float(self.of_rows(z, a, y).mean())

    def mean_slopes(self, z: Array, a: Array, y: Array) -> Array:
        """Return the gradient of the mean loss over the rows, shape (rows, outputs).

        The gradient is with respect to z if the loss has a short form, else with respect to a.
        """
        slopes = np.empty_like(a)
        with np.errstate(all="ignore"):
            self.slopes(z, a, y, slopes)
            slopes *= self.scale(len(a), a.shape[-1])
        return slopes

    def scale(self, rows: int, outputs: int) -> float:
        """Return the factor that turns the result of `slopes` into the gradient of the rows' mean loss."""
        return self.factor / (rows * self.parts(outputs))


# Mean squared error


def _errors(_z: Array, a: Array, y: Array, slopes: Array) -> None:
    np.subtract(a, y, slopes)


def _sum_of_squares(_z: Array, _a: Array, _y: Array, slopes: Array) -> float:
    errors = slopes.ravel(order="K")
    return float(errors.dot(errors))


def _written(slopes_a: Terms) -> Callable[[Array, Array, Array, Array], object]:
    return lambda z, a, y, slopes: np.copyto(slopes, slopes_a(z, a, y))


MSE = Loss(
    "mse",
    "MSE",
    "MSE",
    terms=lambda _z, a, y: np.square(a - y),
    slopes=_errors,
    slopes_a=lambda _z, a, y: 2.0 * (a - y),
    factor=2.0,
    total=_sum_of_squares,
    term=Square(ERROR),
    slope_rule=2 * ERROR,
    notation=LossNotation("(prediction - y) ** 2", "2 * error", Named("MeanSquaredError"), "nn.MSELoss()"),
    compiled=Rule(0),
)

# Huber loss


def _huber(delta: float) -> tuple[Loss]:
    """Return the loss by Huber (1964): error²/2, but δ·(|error| − δ/2) where |error| is larger than δ."""
    number, half = full(delta), full(delta / 2)
    beyond = ABS(ERROR) - delta / 2

    def terms(_z: Array, a: Array, y: Array) -> Array:
        size = np.abs(a - y)
        return np.where(size <= delta, size * size / 2, delta * (size - delta / 2))

    def slopes_a(_z: Array, a: Array, y: Array) -> Array:
        return np.clip(a - y, -delta, delta)

    size, times = "np.abs(prediction - y)", "" if delta == 1 else f"{number} * "
    own = Loss(
        with_parameter("huber", delta, 1.0),
        "Huber loss" if delta == 1 else f"Huber loss ({number})",
        terms=terms,
        slopes=_written(slopes_a),
        slopes_a=slopes_a,
        term=Choice(ABS(ERROR) <= delta, Square(ERROR) / 2, beyond if delta == 1 else delta * beyond),
        slope_rule=MAX(-delta, MIN(delta, ERROR)),
        notation=LossNotation(
            f"np.where({size} <= {number}, {size} ** 2 / 2, {times}({size} - {half}))",
            f"np.clip(error, -{number}, {number})",
            Named("Huber", "delta", delta),
            f"nn.{Named('HuberLoss', 'delta', delta).call}",
        ),
        parameter=Parameter("threshold δ of |error|", 0.5, "above 0", lambda v: 0 < v < math.inf, _huber),
        compiled=Rule(3, delta),
    )
    return (own,)


# Hinge loss of targets 0 and 1, which stand for the outputs −1 and 1


def _margins(a: Array, y: Array) -> Array:
    return 1.0 - (2.0 * y - 1.0) * a


def _hinges(_z: Array, a: Array, y: Array) -> Array:
    return np.maximum(0.0, _margins(a, y))


def _hinge_slopes(_z: Array, a: Array, y: Array) -> Array:
    return np.where(_margins(a, y) > 0.0, 1.0 - 2.0 * y, 0.0)


_MARGIN = 1 - (2 * Y - 1) * A
_HINGE = Loss(
    "binary_hinge",
    "hinge loss",
    outputs=("identity",),
    targets="0 or 1",
    decides=True,
    scores=(-1.0, 1.0),
    terms=_hinges,
    slopes=_written(_hinge_slopes),
    slopes_a=_hinge_slopes,
    term=MAX(0, _MARGIN),
    slope_rule=Choice(_MARGIN > 0, 1 - 2 * Y, 0),
    notation=LossNotation(
        "np.maximum(0, 1 - (2 * y - 1) * prediction)",
        "np.where(1 - (2 * y - 1) * prediction > 0, 1 - 2 * y, 0)",
        Named("Hinge"),
        "lambda prediction, y: (1 - (2 * y - 1) * prediction).relu().mean()",
    ),
    compiled=Rule(4),
)

# Cross-entropy of a softmax over all outputs, and of single sigmoids, computed from z to avoid overflow


def _of_softmax(z: Array, _a: Array, y: Array) -> Array:
    """Return −y·ln a with ln a = z − m − ln Σ e^(z − m), m the largest z."""
    below = z - z.max(axis=-1, keepdims=True)
    terms: Array = y * (np.log(np.exp(below).sum(axis=-1, keepdims=True)) - below)
    return terms


def _softmax_slopes(_z: Array, a: Array, y: Array, slopes: Array) -> None:
    np.subtract(a * y.sum(axis=-1, keepdims=True), y, slopes)


def _softmax_by_z(z: Sequence[Number], y: Number, node: int, total: Total) -> tuple[str, Expression]:
    largest = max(each.value for each in z)
    powers = [EXP(Number(each.value - largest, each.address)) for each in z]
    below = Number(z[node].value - largest, z[node].address)
    return "y·(ln Σ e^(z − m) − (z − m)), where m is the largest z", y * (LN(total(powers)) - below)


def _of_sigmoids(z: Array, _a: Array, y: Array) -> Array:
    """Return −y·ln a − (1 − y)·ln(1 − a), computed as max(0, z) − y·z + ln(1 + e^−|z|)."""
    return np.maximum(z, 0.0) - y * z + np.log1p(np.exp(-np.abs(z)))


def _sigmoid_by_z(z: Sequence[Number], y: Number, node: int, _total: Total) -> tuple[str, Expression]:
    own = z[node]
    above, power = Number(max(own.value, 0.0), own.address), EXP(Number(-abs(own.value), own.address))
    return "max(0, z) − y·z + ln(1 + e^−|z|)", above - y * own + LN(1 + power)


CROSS_ENTROPY = "cross_entropy"
_SOFTMAX_FORM = Loss(
    CROSS_ENTROPY,
    "cross-entropy",
    averaged=False,
    outputs=("softmax",),
    usual=True,
    targets="from 0 to 1",
    least=-math.inf,
    terms=_of_softmax,
    slopes=_softmax_slopes,
    slopes_a=lambda _z, a, y: -y / a,
    term=-(Y * LN(A)),
    term_by_z=_softmax_by_z,
    slope_rule=-(Y / A),
    short=Short(
        lambda total: A - Y if abs(total - 1.0) < 1e-12 else A * Symbol("Σy") - Y,
        "The factor a in the slope of softmax and the factor 1/a in the slope of ln cancel out.",
    ),
    notation=LossNotation(
        "y * (np.logaddexp.reduce(z, axis=-1, keepdims=True) - z)",
        "prediction * y.sum(axis=-1, keepdims=True) - y",
        Named("CategoricalCrossentropy"),
        "nn.CrossEntropyLoss()",
        of_z=True,
        comment="computes -ln(a) in -y*ln(a) as ln(sum of e^z) - z: accurate even if a rounds to 0",
        of_shares="error",
    ),
    compiled=Rule(2),
)
_SIGMOID_FORM = Loss(
    CROSS_ENTROPY,
    "cross-entropy",
    outputs=("sigmoid",),
    usual=True,
    targets="from 0 to 1",
    least=-math.inf,
    terms=_of_sigmoids,
    slopes=_errors,
    slopes_a=lambda _z, a, y: (a - y) / (a * (1.0 - a)),
    term=-(Y * LN(A) + (1 - Y) * LN(1 - A)),
    term_by_z=_sigmoid_by_z,
    slope_rule=(A - Y) / (A * (1 - A)),
    short=Short(lambda _total: A - Y, "The slope a·(1 − a) of sigmoid and the divisor a·(1 − a) cancel out."),
    notation=LossNotation(
        "np.logaddexp(0, z) - y * z",
        "error",
        Named("BinaryCrossentropy"),
        "nn.BCEWithLogitsLoss()",
        of_z=True,
        comment="computes -y*ln(a) - (1-y)*ln(1-a) as ln(1 + e^z) - y*z: accurate even if a is 0 or 1",
    ),
    compiled=Rule(1),
)

LOSSES: dict[str, tuple[Loss, ...]] = {
    forms[0].name: forms for forms in ((MSE,), (_SOFTMAX_FORM, _SIGMOID_FORM), _huber(1.0), (_HINGE,))
}
"""Every loss by name: the forms for different output activations. Combo boxes and files use these names."""


def forms_of(name: str) -> tuple[Loss, ...]:
    """Return the forms of the loss with this name, which may have a parameter in brackets: `huber(0.5)`.

    Raises ValueError for an unknown name or an invalid parameter.
    """
    return entries.find(LOSSES, name, "loss", lambda forms: forms[0].parameter)


def fitting_outputs(name: str) -> tuple[str, ...]:
    """Return the output activations that fit a loss, or an empty tuple if all activations fit."""
    return tuple(output for form in forms_of(name) for output in form.outputs)


def usual_loss(output: str) -> str:
    """Return the name of the loss that is usual for an output activation."""
    forms = (form for forms in LOSSES.values() for form in forms)
    return next((form.name for form in forms if form.usual and output in form.outputs), MSE.name)


def loss_of(name: str, output: str) -> Loss:
    """Return the form of a loss for the output activation `output`.

    Raises ValueError if the activation does not fit the loss or no loss has this name. The message lists the
    activations that fit, or the names of the losses.
    """
    forms = forms_of(name)
    for form in forms:
        if not form.outputs or output in form.outputs:
            return form
    needed = " or ".join(fitting_outputs(name))
    raise ValueError(f"{forms[0].phrase} needs {needed} as the output activation, not {output}")


@dataclass(frozen=True)
class Penalty:
    """The penalty l1·Σ|w| + l2·Σw² over all weights without biases, as Keras's regularizers L1 and L2.

    Training minimises the mean loss of the data plus the penalty (regularisation). Raises ValueError unless
    both factors are finite numbers, at least 0. The message starts with the name of the factor.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        for name, factor in (("l1", self.l1), ("l2", self.l2)):
            if not 0.0 <= factor < math.inf:
                raise ValueError(f"{name}: expected a number, at least 0")

    def __bool__(self) -> bool:
        return self.l1 > 0.0 or self.l2 > 0.0

    def of(self, weights: Array) -> Array:
        """Return the penalty of each weight, in the shape of `weights`. On overflow, numbers are infinite."""
        with np.errstate(over="ignore"):
            l1 = self.l1 * np.abs(weights)
            return np.asarray(l1 + self.l2 * np.square(weights) if self.l2 else l1)  # 0 · inf is NaN

    def slopes(self, weights: Array) -> Array:
        """Return the slope of the penalty with respect to each weight; the slope of |w| at 0 is 0."""
        with np.errstate(over="ignore"):
            return np.asarray(self.l1 * np.sign(weights) + 2.0 * self.l2 * weights)

    @property
    def texts(self) -> list[str]:
        """The factors above 0 as short texts: "L1 0.001", "L2 0.01"."""
        return [f"{name} {as_text(factor)}" for name, factor in (("L1", self.l1), ("L2", self.l2)) if factor]

    def sums(self, weights: Array) -> list[tuple[float, Expression, float]]:
        """Return each factor above 0 with its formula for one weight w, and the formula's sum over all."""
        parts = (self.l1, ABS(W), np.abs), (self.l2, Square(W), np.square)
        with np.errstate(over="ignore"):
            return [(factor, term, float(size(weights).sum())) for factor, term, size in parts if factor]

    @property
    def slope_terms(self) -> list[Expression]:
        """The formulas of the slope of the penalty for one weight w, for each factor above 0."""
        l1, l2 = self.l1 * SIGN(W), 2 * expression_of(self.l2) * W
        return [term for term, factor in ((l1, self.l1), (l2, self.l2)) if factor]


NO_PENALTY = Penalty()
