"""Formulas as trees of symbols and numbers, built with Python's operators, to evaluate and to print.

An example is `0.9 * V + SLOPE`. The property `text` prints the formula; the method `at` fills in numbers.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, replace
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
    """A part of a formula's text.

    If the part is a number, `address` is the node, weight or bias to which the number belongs, and `slope`
    says whether the number is a slope.
    """

    text: str
    address: Address | None = None
    slope: bool = False


class InexactError(Exception):
    """Raised if a value is irrational, or if its fraction would be too long."""


T = TypeVar("T", float, Fraction)
Leaf: TypeAlias = "Callable[[Number], T]"
Values: TypeAlias = "Mapping[str, Expression]"

SUM, PRODUCT, POWER = 1, 2, 3
"""Precedence of +, · and powers: an operand of lower precedence gets parentheses."""


class Expression(ABC):
    """An expression to print and to evaluate, in float64 and in fractions.

    An expression is made of other expressions, its `parts`. `compute` combines the values of the parts. A
    part can be given as a plain number.
    """

    parts: tuple[Expression, ...] = ()
    compute: ClassVar[Callable[..., Any]]

    def __init__(self, *parts: Expression | float) -> None:
        self.parts = tuple(map(expression_of, parts))

    @abstractmethod
    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return the parts of the expression's text. Numbers are written by `number_text` with `digits`.

        `level` is the precedence of the surrounding expression. If `level` is higher than the precedence of
        this expression, the text gets parentheses. If `leading`, the text starts the line, so that a minus
        sign needs no parentheses.
        """

    def evaluate(self, leaf: Leaf[T]) -> T:
        """Return the value of the expression; `leaf` converts each number to float or Fraction.

        With Fractions, raises InexactError if the value is irrational or the fraction would be too long.
        """
        value: T = self.compute(*(part.evaluate(leaf) for part in self.parts))
        return value

    def numbers(self) -> Iterable[Number]:
        """Yield all numbers in the expression."""
        for part in self.parts:
            yield from part.numbers()

    def at(self, values: Values) -> Expression:
        """Return the expression with each symbol that is a key of `values` replaced by its value."""
        if not self.parts:
            return self
        filled = copy(self)
        filled.parts = tuple(part.at(values) for part in self.parts)
        return filled

    def computed(self) -> float:
        """Return the value of the expression in float64."""
        return self.evaluate(lambda number: number.value)

    @property
    def text(self) -> str:
        """The expression as plain text."""
        return "".join(piece.text for piece in self.pieces(DIGITS))

    @property
    def factor(self) -> str:
        """The expression as plain text to multiply or divide: a sum or a choice has parentheses."""
        return "".join(piece.text for piece in self.pieces(DIGITS, PRODUCT))

    def __add__(self, other: Expression | float) -> Expression:
        return Sum(self, other)

    def __radd__(self, other: float) -> Expression:
        return Sum(other, self)

    def __sub__(self, other: Expression | float) -> Expression:
        return Sum(self, Negative(other))

    def __rsub__(self, other: float) -> Expression:
        return Sum(other, Negative(self))

    def __mul__(self, other: Expression | float) -> Expression:
        return Product(self, other)

    def __rmul__(self, other: float) -> Expression:
        return Product(other, self)

    def __truediv__(self, other: Expression | float) -> Expression:
        return Quotient(self, other)

    def __rtruediv__(self, other: float) -> Expression:
        return Quotient(other, self)

    def __neg__(self) -> Expression:
        return Negative(self)

    def __gt__(self, other: Expression | float) -> Comparison:
        return Comparison(self, ">", other)

    def __le__(self, other: Expression | float) -> Comparison:
        return Comparison(self, "≤", other)


def expression_of(value: Expression | float) -> Expression:
    """Return a number as an expression, and an expression unchanged."""
    return value if isinstance(value, Expression) else Number(float(value))


def number_text(value: float, digits: int) -> str:
    """Return `value` as text: exact if 8 significant digits are enough, else rounded to `digits` digits.

    If `digits` is at most `DIGITS`, rounding errors of float64 are hidden: 0.1 + 0.2 gives "0.3".
    """
    text = exact_text(value)
    return text if text and (digits <= DIGITS or read(text) == value) else rounded(value, digits)


def rounded(value: float, digits: int) -> str:
    """Return `value` as text with at most `digits` significant digits."""
    return tidy(f"{value:.{digits}g}")


def read(text: str) -> float:
    """Return the float that a displayed number means: −3 is -3.0, ∞ is inf."""
    return float(text.replace(MINUS, "-").replace(INFINITE, "inf"))


@dataclass(frozen=True)
class Number(Expression):
    """A number in a formula.

    `address` is the node, weight or bias to which the number belongs, or None. `slope` says whether the
    number is a slope.

    If the number replaces several terms of a sum, `note` says how many terms, such as "94 more".
    """

    value: float
    address: Address | None = None
    slope: bool = False
    note: str = ""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return the parts of the number's text, in parentheses if `level` and `leading` require them."""
        text = number_text(self.value, digits)
        minus = text.startswith(MINUS) and not (leading and level < POWER)
        piece = Piece(text, self.address, self.slope)
        pieces = bracketed([piece], minus or (level >= POWER and "e" in text))
        return [*pieces, Piece(f" [{self.note}]")] if self.note else pieces

    def evaluate(self, leaf: Leaf[T]) -> T:
        """Return the number, converted by `leaf`."""
        return leaf(self)

    def numbers(self) -> Iterable[Number]:
        """Yield the number itself."""
        yield self


def bracketed(pieces: list[Piece], needed: bool) -> list[Piece]:
    """Return `pieces`, in parentheses if `needed`."""
    return [Piece("("), *pieces, Piece(")")] if needed else pieces


class Negative(Expression):
    """The negative of an expression; in a sum, a subtracted term."""

    compute = staticmethod(neg)

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return the parts of a text such as `−4`, in parentheses if `level` and `leading` require them."""
        written = [Piece(MINUS), *self.parts[0].pieces(digits, PRODUCT, leading=False)]
        return bracketed(written, not leading or level >= POWER)


class Sum(Expression):
    """The sum of several expressions, added from left to right."""

    compute = staticmethod(lambda *terms: reduce(add, terms))

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return the parts of a text such as `2 + 3 − 4`, in parentheses if `level` requires them."""
        needed = level > SUM
        written = self.parts[0].pieces(digits, SUM, leading or needed)
        for part in self.parts[1:]:
            if isinstance(part, Number) and part.value < 0:
                part = Negative(replace(part, value=-part.value))
            if isinstance(part, Negative):
                written += [Piece(f" {MINUS} "), *part.parts[0].pieces(digits, PRODUCT, leading=False)]
            else:
                written += [Piece(" + "), *part.pieces(digits, SUM, leading=False)]
        return bracketed(written, needed)


class Product(Expression):
    """The product of several expressions, multiplied from left to right."""

    sign, level_after = "·", PRODUCT
    """The sign between two parts, and the level at which each part after the first is written."""
    compute = staticmethod(lambda *factors: reduce(mul, factors))

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Return the parts of a text such as `2·3·(−4)`, in parentheses if `level` requires them."""
        needed = level > PRODUCT
        written = self.parts[0].pieces(digits, PRODUCT, leading or needed)
        for part in self.parts[1:]:
            written += [Piece(self.sign), *part.pieces(digits, self.level_after, leading=False)]
        return bracketed(written, needed)


def _divided(top: T, bottom: T) -> T:
    if isinstance(bottom, float) and bottom == 0.0:  # the divisor may be a small number that rounded to 0
        return math.copysign(math.inf, top * bottom) if top else math.nan
    return top / bottom


class Quotient(Product):
    """The quotient of two expressions: the first divided by the second, written as `(2 + 3)/4`."""

    sign, level_after, compute = "/", POWER, staticmethod(_divided)


class Square(Expression):
    """The square of an expression."""

    compute = staticmethod(lambda value: value * value)

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Return the parts of a text such as `(−8)²`. `level` and `leading` have no effect."""
        return [*self.parts[0].pieces(digits, POWER, leading=False), Piece("²")]


LARGEST_POWER = 64
"""Largest exponent of an exact power: the digits of a fraction grow with the exponent."""


@dataclass(frozen=True)
class Symbol(Expression):
    """A named variable in a formula, which `at` replaces by a number, or an irrational number such as π.

    `value` is the irrational number, or None for a variable.
    """

    name: str
    value: float | None = None

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Return one part, the name of the symbol. The parameters have no effect."""
        return [Piece(self.name)]

    def evaluate(self, leaf: Leaf[T]) -> T:
        """Return the number, converted by `leaf`. Raises ValueError if the symbol is a variable.

        With Fractions, raises InexactError.
        """
        if self.value is None:
            raise ValueError(f"the symbol {self.name} has no value")
        value = leaf(Number(self.value))
        if isinstance(value, Fraction):
            raise InexactError
        return value

    def at(self, values: Values) -> Expression:
        """Return the value of this symbol in `values`, or the symbol if `values` lacks the symbol."""
        return values.get(self.name, self)


class Power(Expression):
    """A number to the power of an expression whose value is a whole number: `Power(base, exponent)`."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Return the parts of a text such as `0.9^3`. `level` and `leading` have no effect."""
        base, exponent = (part.pieces(digits, POWER, leading=False) for part in self.parts)
        return [*base, Piece("^"), *exponent]

    def compute(self, base: T, exponent: T) -> T:
        """Return the power. Raises InexactError for a Fraction with too large an exponent."""
        if isinstance(base, Fraction) and exponent > LARGEST_POWER:
            raise InexactError
        return base ** int(exponent)


class Comparison(Expression):
    """The condition of a `Choice`, built as `left > right` or `left <= right` from two expressions."""

    def __init__(self, left: Expression, sign: str, right: Expression | float) -> None:
        super().__init__(left, right)
        self.sign = sign

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Return the parts of a text such as `z > 0`. `level` and `leading` have no effect."""
        left, right = (part.pieces(digits) for part in self.parts)
        return [*left, Piece(f" {self.sign} "), *right]

    def compute(self, left: T, right: T) -> bool:
        """Return whether the condition is true for the values of both sides."""
        return left > right if self.sign == ">" else left <= right


class Choice(Expression):
    """A formula with two cases, such as `1 if z > 0 else 0.01`: `Choice(condition, then, otherwise)`.

    `at` chooses the case as soon as all symbols of the condition have numbers.
    """

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Return the parts of a text such as `1 if z > 0 else 0.01`, in parentheses if `level` is above 0."""
        condition, then, otherwise = (part.pieces(digits, 1) for part in self.parts)
        return bracketed([*then, Piece(" if "), *condition, Piece(" else "), *otherwise], level > 0)

    def at(self, values: Values) -> Expression:
        """Return the expression with `values` filled in: one case if the condition has no symbols left."""
        filled = super().at(values)
        try:
            is_true = filled.parts[0].computed()
        except ValueError:  # a symbol has no value
            return filled
        return filled.parts[1 if is_true else 2]

    def compute(self, condition: T, then: T, otherwise: T) -> T:
        """Return the value of the case that the condition chooses."""
        return then if condition else otherwise


class Function(NamedTuple):
    """A function of one or several numbers. Call it with expressions to apply it.

    ========= =========================================================================
    `name`    the text before the parenthesis: `relu`, `e^`
    `value`   computes the function in float64
    `exact`   computes the function of Fractions, or returns None if the value is irrational
    ========= =========================================================================
    """

    name: str
    value: Callable[..., float]
    exact: Callable[..., Fraction | None] = lambda *_: None

    def __call__(self, *arguments: Expression | float) -> Expression:
        """Return the function applied to expressions or numbers."""
        return _Applied(self, *arguments)


class _Applied(Expression):
    def __init__(self, function: Function, *arguments: Expression | float) -> None:
        super().__init__(*arguments)
        self.function = function

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        first, *others = (part.pieces(digits) for part in self.parts)
        more = [piece for pieces in others for piece in (Piece(", "), *pieces)]
        return [Piece(f"{self.function.name}("), *first, *more, Piece(")")]

    def compute(self, *values: T) -> T:
        if not isinstance(values[0], Fraction):
            with np.errstate(all="ignore"):  # on overflow, the result is infinite
                return float(self.function.value(*values))
        exact = self.function.exact(*values)
        if exact is None:
            raise InexactError
        return exact


def at_zero(exact: Fraction | int) -> Callable[[Fraction], Fraction | None]:
    """Return a function that returns `exact` for z = 0, and None for other Fractions (irrational values)."""
    return lambda z: None if z else Fraction(exact)


EXP = Function("e^", np.exp, at_zero(1))
LN = Function("ln", np.log, lambda value: Fraction(0) if value == 1 else None)
ROOT = Function("√", math.sqrt, at_zero(0))
ABS, MAX, MIN = Function("abs", abs, abs), Function("max", max, max), Function("min", min, min)
SIGN = Function("sign", np.sign, lambda value: Fraction((value > 0) - (value < 0)))
FLOOR = Function("floor", math.floor, lambda value: Fraction(math.floor(value)))
COS = Function("cos", math.cos)
PI = Symbol("π", math.pi)
