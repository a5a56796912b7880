"""Formulas as trees of symbols and numbers, built with Python's operators, to evaluate and to print.

A rule is an expression such as `0.9 * V + SLOPE`: `text` is its formula, `at` fills in numbers.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add, mul, neg
from typing import Any, ClassVar, NamedTuple, TypeAlias, TypeVar

import numpy as np

from nnviz.core.address import Address
from nnviz.core.numbers import INFINITE, MINUS, exact_text, tidy

DIGITS = 6
"""Significant digits of a rounded number."""


class Piece(NamedTuple):
    """A part of a formula's text. `unfolds` names the line that a click on it shows in full."""

    text: str
    address: Address | None = None
    slope: bool = False
    unfolds: str = ""


class InexactError(Exception):
    """A value is not a fraction, or its fraction would be too long."""


T = TypeVar("T", float, Fraction)
Leaf: TypeAlias = "Callable[[Number], T]"
Values: TypeAlias = "Mapping[str, Expression]"

SUM, PRODUCT, POWER = 1, 2, 3
"""Precedence of signs: an expression of lower precedence gets parentheses."""


class Expression(ABC):
    """An expression to print and to evaluate, in float64 and in fractions."""

    @abstractmethod
    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return its text with `digits` digits, in parentheses if `level` has a higher precedence.

        If `leading`, it starts the line, so that a minus sign needs no parentheses.
        """

    @abstractmethod
    def evaluate(self, leaf: Leaf[T]) -> T:
        """Return its value; `leaf` converts each number. Raises InexactError if it has no exact fraction."""

    @abstractmethod
    def numbers(self) -> Iterable[Number]:
        """Yield all its numbers."""

    @abstractmethod
    def at(self, values: Values) -> Expression:
        """Return the expression with the symbols in `values` replaced."""

    def computed(self) -> float:
        """Return its value in float64."""
        return self.evaluate(lambda number: number.value)

    @property
    def text(self) -> str:
        """The expression as plain text."""
        return "".join(piece.text for piece in self.pieces(DIGITS))

    def __add__(self, other: Expression | float) -> Expression:
        return Sum(self, expression_of(other))

    def __radd__(self, other: float) -> Expression:
        return Sum(expression_of(other), self)

    def __sub__(self, other: Expression | float) -> Expression:
        return Sum(self, Negative(expression_of(other)))

    def __rsub__(self, other: float) -> Expression:
        return Sum(expression_of(other), Negative(self))

    def __mul__(self, other: Expression | float) -> Expression:
        return Product(self, expression_of(other))

    def __rmul__(self, other: float) -> Expression:
        return Product(expression_of(other), self)

    def __truediv__(self, other: Expression | float) -> Expression:
        return Quotient(self, expression_of(other))

    def __rtruediv__(self, other: float) -> Expression:
        return Quotient(expression_of(other), self)

    def __neg__(self) -> Expression:
        return Negative(self)


def expression_of(value: Expression | float) -> Expression:
    """Return a number as an expression, and an expression unchanged."""
    return value if isinstance(value, Expression) else Number(float(value))


def number_text(value: float, digits: int) -> str:
    """Return `value` as text: all digits if these are few, else rounded to `digits`.

    Rounding errors of float64 are shown only for `digits` above `DIGITS`: 0.1 + 0.2 is 0.3.
    """
    text = exact_text(value)
    return text if text and (digits <= DIGITS or read(text) == value) else rounded(value, digits)


def rounded(value: float, digits: int) -> str:
    """Return `value` as text with at most `digits` significant digits."""
    return tidy(f"{value:.{digits}g}")


def read(text: str) -> float:
    """Return the value of a displayed number."""
    return float(text.replace(MINUS, "-").replace(INFINITE, "inf"))


@dataclass(frozen=True)
class Number(Expression):
    """A number, the address it comes from, and whether it is a slope of the loss."""

    value: float
    address: Address | None = None
    slope: bool = False
    note: str = ""
    """A note on what the number sums up, such as "94 more"."""
    unfolds: str = ""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return its text. A number with a minus sign in the middle of a line gets parentheses."""
        text = number_text(self.value, digits)
        minus = text.startswith(MINUS) and not (leading and level < POWER)
        piece = Piece(text, self.address, self.slope)
        pieces = bracketed([piece], minus or (level >= POWER and "e" in text))
        return [*pieces, Piece(f" [{self.note}]", unfolds=self.unfolds)] if self.note else pieces

    def evaluate(self, leaf: Leaf[T]) -> T:
        """Return its value, converted by `leaf`."""
        return leaf(self)

    def numbers(self) -> Iterable[Number]:
        """Yield the number itself."""
        yield self

    def at(self, values: Values) -> Expression:  # noqa: ARG002
        """Return the number itself."""
        return self


class Composed(Expression):
    """An expression made of other expressions, `parts`. `compute` combines the values of the parts."""

    compute: ClassVar[Callable[..., Any]]

    def __init__(self, *parts: Expression) -> None:
        self.parts = parts

    def numbers(self) -> Iterable[Number]:
        """Yield the numbers of all parts."""
        for part in self.parts:
            yield from part.numbers()

    def at(self, values: Values) -> Expression:
        """Return the expression with the symbols in `values` replaced in all parts."""
        filled = copy(self)
        filled.parts = tuple(part.at(values) for part in self.parts)
        return filled

    def evaluate(self, leaf: Leaf[T]) -> T:
        """Return the value that `compute` returns for the values of all parts."""
        value: T = self.compute(*(part.evaluate(leaf) for part in self.parts))
        return value


def bracketed(pieces: list[Piece], needed: bool) -> list[Piece]:
    """Return `pieces`, in parentheses if `needed`."""
    return [Piece("("), *pieces, Piece(")")] if needed else pieces


class Negative(Composed):
    """A term that is subtracted."""

    compute = staticmethod(neg)

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return `−4`."""
        written = [Piece(MINUS), *self.parts[0].pieces(digits, PRODUCT, leading=False)]
        return bracketed(written, not leading or level >= POWER)


class Sum(Composed):
    """Terms added from the left."""

    compute = staticmethod(lambda *terms: reduce(add, terms))

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return `2 + 3 − 4`."""
        needed = level > SUM
        written = self.parts[0].pieces(digits, SUM, leading or needed)
        for part in self.parts[1:]:
            if isinstance(part, Negative):
                written += [Piece(f" {MINUS} "), *part.parts[0].pieces(digits, PRODUCT, leading=False)]
            elif isinstance(part, Number) and part.value < 0:
                written += _subtracted(part.pieces(digits))
            else:
                written += [Piece(" + "), *part.pieces(digits, SUM, leading=False)]
        return bracketed(written, needed)


def _subtracted(pieces: list[Piece]) -> list[Piece]:
    first = pieces[0]
    return [Piece(f" {MINUS} "), first._replace(text=first.text.removeprefix(MINUS)), *pieces[1:]]


class Product(Composed):
    """Factors multiplied from the left."""

    compute = staticmethod(lambda *factors: reduce(mul, factors))

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return `2·3·(−4)`."""
        needed = level > PRODUCT
        written = self.parts[0].pieces(digits, PRODUCT, leading or needed)
        for part in self.parts[1:]:
            written += [Piece("·"), *part.pieces(digits, PRODUCT, leading=False)]
        return bracketed(written, needed)


def _divided(top: T, bottom: T) -> T:
    if isinstance(bottom, float) and bottom == 0.0:  # the divisor may be a small number that rounded to 0
        return math.copysign(math.inf, top * bottom) if top else math.nan
    return top / bottom


class Quotient(Composed):
    """The first part divided by the second."""

    compute = staticmethod(_divided)

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return `(2 + 3)/4`."""
        top, bottom = self.parts
        needed = level > PRODUCT
        written = top.pieces(digits, PRODUCT, leading or needed)
        return bracketed([*written, Piece("/"), *bottom.pieces(digits, POWER, leading=False)], needed)


class Square(Composed):
    """The square of its part."""

    compute = staticmethod(lambda value: value * value)

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Return `(−8)²`."""
        return [*self.parts[0].pieces(digits, POWER, leading=False), Piece("²")]


LARGEST_POWER = 64
"""Largest exponent that is computed in fractions, because their digits grow with it."""


@dataclass(frozen=True)
class Symbol(Expression):
    """A name in a rule, to be replaced by a number."""

    name: str

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Return the name."""
        return [Piece(self.name)]

    def evaluate(self, leaf: Leaf[T]) -> T:  # noqa: ARG002
        """Raise ValueError: a symbol has no value."""
        raise ValueError(f"no number stands for {self.name}")

    def numbers(self) -> Iterable[Number]:
        """Yield nothing."""
        return ()

    def at(self, values: Values) -> Expression:
        """Return the value for this symbol, or the symbol itself if there is none."""
        return values.get(self.name, self)


def _power(base: T, exponent: T) -> T:
    if isinstance(base, Fraction) and exponent > LARGEST_POWER:
        raise InexactError
    return base ** int(exponent)


class Power(Composed):
    """A number to the power of an expression whose value is a whole number."""

    compute = staticmethod(_power)

    def __init__(self, base: float, exponent: Expression) -> None:
        super().__init__(Number(base), exponent)

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Return `0.9^3`."""
        base, exponent = (part.pieces(digits, POWER, leading=False) for part in self.parts)
        return [*base, Piece("^"), *exponent]


class Either(Composed):
    """The first part if z is above a kink, else the second."""

    def __init__(self, above: Expression | float, below: Expression | float, kink: float = 0.0) -> None:
        super().__init__(expression_of(above), expression_of(below))
        self.kink = kink

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Return `1 if z > 0 else 0.01`."""
        above, below = (part.pieces(digits, 1) for part in self.parts)
        choice = Piece(f" if z > {number_text(self.kink, DIGITS)} else ")
        return bracketed([*above, choice, *below], level > 0)

    def compute(self, *_: object) -> float:
        """Raise ValueError: z must have a value to choose the part."""
        raise ValueError("no number stands for z")

    def at(self, values: Values) -> Expression:
        """Return the part that applies to z if z has a value, else both parts with values filled in."""
        z = values.get("z")
        if not isinstance(z, Number):
            return super().at(values)
        return self.parts[0 if z.value > self.kink else 1].at(values)


class Function(NamedTuple):
    """A function of one number. Call it with an expression to apply it.

    ========= =========================================================================
    `name`    its text before the parenthesis: `relu`, `e^`
    `value`   computes it in float64
    `exact`   computes it in fractions, or returns None if the value is not a fraction
    ========= =========================================================================
    """

    name: str
    value: Callable[[float], float]
    exact: Callable[[Fraction], Fraction | None] = lambda _: None

    def __call__(self, of: Expression) -> Expression:
        """Return the function applied to an expression."""
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
    """Return the `exact` of a function whose value is a fraction, this one, only at 0."""
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
