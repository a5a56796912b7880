"""The losses: one entry each, which holds all that nnviz knows of it.

What is computed, how Explain writes it and its slope, with which outputs it goes, and how other people's
code has it: the panel, files, training, Explain, the walk, plots and code follow from the entry. A row's
loss is made of what each output adds, its term; the loss is the mean over rows. Knows nothing of networks.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from nnviz.core.activations import Array, Call, Total
from nnviz.core.expressions import EXP, LN, Expression, Number, Square, Symbol
from nnviz.core.numbers import quoted

A, Y, ERROR = Symbol("a"), Symbol("y"), Symbol("error")
"""What a rule may speak of: an output, its target, and a − y."""

Terms: TypeAlias = Callable[[Array, Array, Array], Array]
"""Of z, a and y of the outputs, shape (…, rows, outputs) each, a new array of that shape."""


class LossNotation(NamedTuple):
    """The loss in other people's notation; code is written by it.

    =========== ==========================================================================
    `numpy`     what each output adds, an expression of `z`, `prediction` and `y`, arrays of
                shape (…, rows, outputs), or of one row, (outputs,)
    `slope`     its slope, with respect to z where the entry has it there, else to the
                prediction; an expression of these and of `error`, prediction − y
    `keras`     a class of `keras.losses`
    `torch`     a class of `torch.nn`
    `of_z`      Keras and PyTorch take it of z, what enters the output's activation
    `comment`   what stands above `numpy`
    `of_shares` the `slope` where each row's targets sum to 1, if that is shorter
    =========== ==========================================================================
    """

    numpy: str
    slope: str
    keras: str
    torch: str
    of_z: bool = False
    comment: str = ""
    of_shares: str = ""


class Short(NamedTuple):
    """A slope with respect to z that is shorter than its factors.

    `rule` may speak of `A`, `Y` and Σy, the sum of the row's targets, which it is given; `reason` says why.
    """

    rule: Callable[[float], Expression]
    reason: str


@dataclass(frozen=True, eq=False)
class Loss:
    """What training makes small, where the output has one of some activations.

    =============== =======================================================================
    `name`          what files and commands call it
    `title`         what the window calls it
    `symbol`        what stands in ∂…/∂w
    `outputs`       the output's activations that it goes with; empty where any will do
    `averaged`      a row's loss is the mean of its outputs' terms, not their sum
    `terms`         what each output adds
    `slopes`        binds what writes the terms' slopes, but for `factor`, into a last array
    `short`         where those are with respect to z: how they are written; else to a
    `slopes_a`      the slopes with respect to a as they are
    `factor`        what `slopes` leaves out
    `least`         what it never is below, whatever the targets
    `total`         binds the sum of all terms to z, a, y and the `slopes` that are written
    `term`          a term as it is written, in `A`, `Y` and `ERROR`
    `term_by_z`     the same from the z of all outputs, for an a that is too near to 0 or 1
    `slope_rule`    ∂term/∂a as it is written
    =============== =======================================================================
    """

    name: str
    title: str
    symbol: str
    averaged: bool
    terms: Terms
    slopes: Callable[[Array, Array, Array, Array], Call]
    slopes_a: Terms
    term: Expression
    slope_rule: Expression
    elsewhere: LossNotation
    outputs: tuple[str, ...] = ()
    factor: float = 1.0
    least: float = 0.0
    short: Short | None = None
    total: Callable[[Array, Array, Array, Array], Callable[[], float]] = field(kw_only=True)
    term_by_z: Callable[[Sequence[Number], Number, int, Total], tuple[str, Expression]] | None = None

    @property
    def word(self) -> str:
        """What the window calls it within a sentence."""
        return self.title if self.title.isupper() else self.title.lower()

    def parts(self, outputs: int) -> int:
        """Return by what the sum of a row's terms is divided."""
        return outputs if self.averaged else 1

    def of_rows(self, z: Array, a: Array, y: Array) -> Array:
        """Return each row's loss, shape (…, rows); too large a one is infinite or NaN, without warning."""
        with np.errstate(all="ignore"):
            sums: Array = self.terms(z, a, y).sum(axis=-1) / self.parts(y.shape[-1])
        return sums

    def over(self, z: Array, a: Array, y: Array) -> float:
        """Return the mean over the rows, in the same way."""
        with np.errstate(all="ignore"):
            return float(self.of_rows(z, a, y).mean())

    def mean_slopes(self, z: Array, a: Array, y: Array) -> Array:
        """Return what the mean over these rows changes by, with respect to z where `short`, else to a."""
        slopes = np.empty_like(a)
        with np.errstate(all="ignore"):
            self.slopes(z, a, y, slopes)()
            slopes *= self.scale(len(a), a.shape[-1])
        return slopes

    def scale(self, rows: int, outputs: int) -> float:
        """Return what turns `slopes` into those of the mean over so many rows."""
        return self.factor / (rows * self.parts(outputs))


# Mean squared error


def _squared(_z: Array, a: Array, y: Array) -> Array:
    error = a - y
    return error * error


def _errors(_z: Array, a: Array, y: Array, slopes: Array) -> Call:
    return partial(np.subtract, a, y, slopes)


def _sum_of_squares(_z: Array, _a: Array, _y: Array, slopes: Array) -> Callable[[], float]:
    errors = slopes.ravel(order="K")
    return cast("Callable[[], float]", partial(errors.dot, errors))


MSE = Loss(
    "mse",
    "MSE",
    "MSE",
    averaged=True,
    terms=_squared,
    slopes=_errors,
    slopes_a=lambda _z, a, y: 2.0 * (a - y),
    factor=2.0,
    total=_sum_of_squares,
    term=Square(ERROR),
    slope_rule=2 * ERROR,
    elsewhere=LossNotation("(prediction - y) ** 2", "2 * error", "MeanSquaredError", "MSELoss"),
)

# Cross-entropy, of a softmax over all outputs and of sigmoids one by one; from z, so that nothing overflows


def _of_softmax(z: Array, _a: Array, y: Array) -> Array:
    """−y·ln a with ln a = z − m − ln Σ e^(z − m), m the largest z."""
    below = z - z.max(axis=-1, keepdims=True)
    terms: Array = y * (np.log(np.exp(below).sum(axis=-1, keepdims=True)) - below)
    return terms


def _softmax_slopes(_z: Array, a: Array, y: Array, slopes: Array) -> Call:
    def write() -> None:
        np.multiply(a, y.sum(axis=-1, keepdims=True), slopes)
        np.subtract(slopes, y, slopes)

    return write


def _softmax_by_z(z: Sequence[Number], y: Number, node: int, total: Total) -> tuple[str, Expression]:
    largest = max(each.value for each in z)
    powers = [EXP(Number(each.value - largest, each.address)) for each in z]
    below = Number(z[node].value - largest, z[node].address)
    return "y·(ln Σ e^(z − m) − (z − m)), m the largest z", y * (LN(total(powers)) - below)


def _of_sigmoids(z: Array, _a: Array, y: Array) -> Array:
    """−y·ln a − (1 − y)·ln(1 − a) as max(0, z) − y·z + ln(1 + e^−|z|)."""
    return np.maximum(z, 0.0) - y * z + np.log1p(np.exp(-np.abs(z)))


def _sigmoid_by_z(z: Sequence[Number], y: Number, node: int, _total: Total) -> tuple[str, Expression]:
    own = z[node]
    above, power = Number(max(own.value, 0.0), own.address), EXP(Number(-abs(own.value), own.address))
    return "max(0, z) − y·z + ln(1 + e^−|z|)", above - y * own + LN(1 + power)


def _total_of(terms: Terms) -> Callable[[Array, Array, Array, Array], Callable[[], float]]:
    return lambda z, a, y, _slopes: lambda: float(terms(z, a, y).sum())


CROSS_ENTROPY = "cross_entropy"
_of_softmax_output = Loss(
    CROSS_ENTROPY,
    "Cross-entropy",
    "L",
    averaged=False,
    outputs=("softmax",),
    least=-math.inf,
    terms=_of_softmax,
    slopes=_softmax_slopes,
    slopes_a=lambda _z, a, y: -y / a,
    total=_total_of(_of_softmax),
    term=-(Y * LN(A)),
    term_by_z=_softmax_by_z,
    slope_rule=-(Y / A),
    short=Short(
        lambda total: A - Y if abs(total - 1.0) < 1e-12 else A * Symbol("Σy") - Y,
        "The a that softmax's slope brings cancels the 1/a of the ln.",
    ),
    elsewhere=LossNotation(
        "y * (np.logaddexp.reduce(z, axis=-1, keepdims=True) - z)",
        "prediction * y.sum(axis=-1, keepdims=True) - y",
        "CategoricalCrossentropy",
        "CrossEntropyLoss",
        of_z=True,
        comment="-y*ln(a), where -ln(a) is ln(sum of e^z) - z: so it is right where an a rounds to 0, too",
        of_shares="error",
    ),
)
_of_sigmoid_output = Loss(
    CROSS_ENTROPY,
    "Cross-entropy",
    "L",
    averaged=True,
    outputs=("sigmoid",),
    least=-math.inf,
    terms=_of_sigmoids,
    slopes=_errors,
    slopes_a=lambda _z, a, y: (a - y) / (a * (1.0 - a)),
    total=_total_of(_of_sigmoids),
    term=-(Y * LN(A) + (1 - Y) * LN(1 - A)),
    term_by_z=_sigmoid_by_z,
    slope_rule=(A - Y) / (A * (1 - A)),
    short=Short(lambda _total: A - Y, "The a·(1 − a) of sigmoid's slope cancels that under the error."),
    elsewhere=LossNotation(
        "np.logaddexp(0, z) - y * z",
        "error",
        "BinaryCrossentropy",
        "BCEWithLogitsLoss",
        of_z=True,
        comment="-y*ln(a) - (1-y)*ln(1-a) is ln(1 + e^z) - y*z: so it is right where an a rounds to 0, too",
    ),
)

LOSSES: dict[str, tuple[Loss, ...]] = {
    MSE.name: (MSE,),
    CROSS_ENTROPY: (_of_softmax_output, _of_sigmoid_output),
}
"""Every loss by name, in its forms for different outputs: what combo boxes offer and files may name."""


def check_loss(name: str) -> None:
    """Raise ValueError where no loss is called so."""
    if name not in LOSSES:
        raise ValueError(f"loss: no loss is called {quoted(name)}; known are {', '.join(LOSSES)}")


def fitting(name: str) -> tuple[str, ...]:
    """Return the output activations that a loss goes with; none where any will do."""
    return tuple(output for form in LOSSES[name] for output in form.outputs)


def usual(output: str) -> str:
    """Return the name of the loss that an output with that activation is usually trained with."""
    return next((name for name in LOSSES if output in fitting(name)), MSE.name)


def loss_of(name: str, output: str) -> Loss:
    """Return a loss for an output with the activation `output`.

    Raises ValueError, which says what would do, where they do not go together or there is no such loss.
    """
    check_loss(name)
    for form in LOSSES[name]:
        if not form.outputs or output in form.outputs:
            return form
    wanted = " or ".join(fitting(name))
    raise ValueError(f"{LOSSES[name][0].word} needs {wanted} on the output, which has {output}")
