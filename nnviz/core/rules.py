"""What a rule is written with: symbols for which numbers will stand, functions, powers, and a choice.

A rule is an expression such as `0.9 * V + SLOPE`; its `text` is the formula, and `at` fills it with numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from nnviz.core.expressions import (
    DIGITS,
    POWER,
    Composed,
    Expression,
    InexactError,
    Leaf,
    Number,
    Piece,
    T,
    Values,
    bracketed,
    expression_of,
    number_text,
)

LARGEST_POWER = 64
"""The largest exponent that is computed in fractions: their digits grow with it."""


@dataclass(frozen=True)
class Symbol(Expression):
    """A name in a rule that a number will stand for."""

    name: str

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Write the name."""
        return [Piece(self.name)]

    def evaluate(self, leaf: Leaf[T]) -> T:  # noqa: ARG002
        """Raise ValueError: a symbol has no value."""
        raise ValueError(f"no number stands for {self.name}")

    def numbers(self) -> Iterable[Number]:
        """Yield nothing."""
        return ()

    def at(self, values: Values) -> Expression:
        """Return the number that stands for it, if there is one."""
        return values.get(self.name, self)


def _power(base: T, exponent: T) -> T:
    if isinstance(base, Fraction) and exponent > LARGEST_POWER:
        raise InexactError
    return base ** int(exponent)


class Power(Composed):
    """A number to the power of another part, which is a whole number."""

    compute = staticmethod(_power)

    def __init__(self, base: float, exponent: Expression) -> None:
        super().__init__(Number(base), exponent)

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Write `0.9^3`."""
        base, exponent = (part.pieces(digits, POWER, leading=False) for part in self.parts)
        return [*base, Piece("^"), *exponent]


class Either(Composed):
    """The first part where z is above a kink, else the second."""

    def __init__(self, above: Expression | float, below: Expression | float, kink: float = 0.0) -> None:
        super().__init__(expression_of(above), expression_of(below))
        self.kink = kink

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Write `1 if z > 0 else 0.01`."""
        above, below = (part.pieces(digits, 1) for part in self.parts)
        choice = Piece(f" if z > {number_text(self.kink, DIGITS)} else ")
        return bracketed([*above, choice, *below], level > 0)

    def compute(self, *_: object) -> float:
        """Raise ValueError: which part it is is known when z has a value."""
        raise ValueError("no number stands for z")

    def at(self, values: Values) -> Expression:
        """Return the part that holds for z, where it is known."""
        z = values.get("z")
        if not isinstance(z, Number):
            return super().at(values)
        return self.parts[0 if z.value > self.kink else 1].at(values)


class Function(NamedTuple):
    """A function of one number, and how it is written; call it to write it of an expression.

    ========= =========================================================================
    `name`    what stands before the parenthesis: `relu`; `e^` as people write it
    `value`   in float64
    `exact`   in fractions; None where the value is none
    ========= =========================================================================
    """

    name: str
    value: Callable[[float], float]
    exact: Callable[[Fraction], Fraction | None] = lambda _: None

    def __call__(self, of: Expression) -> Expression:
        """Return the function of an expression."""
        return _Applied(self, of)


class _Applied(Composed):
    def __init__(self, function: Function, of: Expression) -> None:
        super().__init__(of)
        self.function = function

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        return [Piece(f"{self.function.name}("), *self.parts[0].pieces(digits), Piece(")")]

    def compute(self, value: T) -> T:
        if not isinstance(value, Fraction):
            return self.function.value(value)
        exact = self.function.exact(value)
        if exact is None:
            raise InexactError
        return exact


def at_zero(exact: Fraction | int) -> Callable[[Fraction], Fraction | None]:
    """Return the `exact` of a function that has a fraction, this one, at 0 alone."""
    return lambda z: None if z else Fraction(exact)


def _exp(z: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(z))


def _ln(value: float) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.log(value))


EXP = Function("e^", _exp, at_zero(1))
LN = Function("ln", _ln, lambda value: Fraction(0) if value == 1 else None)
ROOT = Function("√", math.sqrt, at_zero(0))
ABS = Function("abs", abs, abs)
