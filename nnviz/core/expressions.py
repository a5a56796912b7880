"""Formulas as trees of symbols, built with Python's own operators: evaluated, printed and differentiated.

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
from nnviz.core.numbers import INFINITE, MINUS, exactly, tidy

DIGITS = 6
"""Significant digits of a number that is rounded."""


class Piece(NamedTuple):
    """A stretch of written arithmetic. `unfolds` names the line that a click on it writes out in full."""

    text: str
    address: Address | None = None
    slope: bool = False
    unfolds: str = ""


class InexactError(Exception):
    """A value is not a fraction, or not one of a sane size."""


T = TypeVar("T", float, Fraction)
Leaf: TypeAlias = "Callable[[Number], T]"
Values: TypeAlias = "Mapping[str, Expression]"

SUM, PRODUCT, POWER = 1, 2, 3
"""How close a sign binds: what binds less stands in parentheses."""


class Expression(ABC):
    """Something that can be written and evaluated, in float64 and in fractions."""

    @abstractmethod
    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write it with `digits`, in parentheses where `level` binds closer.

        `leading`: nothing stands before it, so that a minus needs no parentheses.
        """

    @abstractmethod
    def evaluate(self, leaf: Leaf[T]) -> T:
        """Return its value, reading each number by `leaf`. Raises InexactError where fractions end."""

    @abstractmethod
    def numbers(self) -> Iterable[Number]:
        """Yield its numbers."""

    @abstractmethod
    def at(self, values: Values) -> Expression:
        """Return it with numbers in the place of the symbols that `values` names."""

    def computed(self) -> float:
        """Return its value in float64."""
        return self.evaluate(lambda number: number.value)

    @property
    def text(self) -> str:
        """The whole of it as plain text."""
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
    """Return a number as an expression, and an expression as it is."""
    return value if isinstance(value, Expression) else Number(float(value))


def number_text(value: float, digits: int) -> str:
    """Write `value` in full where that is short, else rounded to `digits`, as shortly as that can be.

    What float64 cannot hold is a digit only where more than `DIGITS` are wanted: 0.1 + 0.2 is 0.3.
    """
    text = exactly(value)
    return text if text and (digits <= DIGITS or read(text) == value) else rounded(value, digits)


def rounded(value: float, digits: int) -> str:
    """Write `value` with at most so many significant digits."""
    return tidy(f"{value:.{digits}g}")


def read(text: str) -> float:
    """Return the value of a written number."""
    return float(text.replace(MINUS, "-").replace(INFINITE, "inf"))


@dataclass(frozen=True)
class Number(Expression):
    """A number, where it comes from, and whether it is a slope of the loss."""

    value: float
    address: Address | None = None
    slope: bool = False
    note: str = ""
    """What it sums up, such as "94 more"."""
    unfolds: str = ""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write it; a minus in the middle of a line stands in parentheses."""
        text = number_text(self.value, digits)
        minus = text.startswith(MINUS) and not (leading and level < POWER)
        piece = Piece(text, self.address, self.slope)
        written = bracketed([piece], minus or (level >= POWER and "e" in text))
        return [*written, Piece(f" [{self.note}]", unfolds=self.unfolds)] if self.note else written

    def evaluate(self, leaf: Leaf[T]) -> T:
        """Return its value as `leaf` reads it."""
        return leaf(self)

    def numbers(self) -> Iterable[Number]:
        """Yield itself."""
        yield self

    def at(self, values: Values) -> Expression:  # noqa: ARG002
        """Return itself."""
        return self


class Composed(Expression):
    """An expression that is made of others, `parts`, whose values `compute` makes one of."""

    compute: ClassVar[Callable[..., Any]]

    def __init__(self, *parts: Expression) -> None:
        self.parts = parts

    def numbers(self) -> Iterable[Number]:
        """Yield the numbers of all parts."""
        for part in self.parts:
            yield from part.numbers()

    def at(self, values: Values) -> Expression:
        """Return it with numbers in the place of symbols."""
        filled = copy(self)
        filled.parts = tuple(part.at(values) for part in self.parts)
        return filled

    def evaluate(self, leaf: Leaf[T]) -> T:
        """Return what `compute` makes of the values of all parts."""
        value: T = self.compute(*(part.evaluate(leaf) for part in self.parts))
        return value


def bracketed(pieces: list[Piece], needed: bool) -> list[Piece]:
    """Return `pieces` in parentheses where those are needed."""
    return [Piece("("), *pieces, Piece(")")] if needed else pieces


class Negative(Composed):
    """A term that is subtracted."""

    compute = staticmethod(neg)

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write it with a minus before it."""
        written = [Piece(MINUS), *self.parts[0].pieces(digits, PRODUCT, leading=False)]
        return bracketed(written, not leading or level >= POWER)


class Sum(Composed):
    """Terms added from the left."""

    compute = staticmethod(lambda *terms: reduce(add, terms))

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write `2 + 3 − 4`."""
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
        """Write `2·3·(−4)`."""
        needed = level > PRODUCT
        written = self.parts[0].pieces(digits, PRODUCT, leading or needed)
        for part in self.parts[1:]:
            written += [Piece("·"), *part.pieces(digits, PRODUCT, leading=False)]
        return bracketed(written, needed)


def _divided(top: T, bottom: T) -> T:
    if isinstance(bottom, float) and bottom == 0.0:  # as it is where what stands there was rounded to 0
        return math.copysign(math.inf, top * bottom) if top else math.nan
    return top / bottom


class Quotient(Composed):
    """The first part divided by the second."""

    compute = staticmethod(_divided)

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write `(2 + 3)/4`."""
        top, bottom = self.parts
        needed = level > PRODUCT
        written = top.pieces(digits, PRODUCT, leading or needed)
        return bracketed([*written, Piece("/"), *bottom.pieces(digits, POWER, leading=False)], needed)


class Square(Composed):
    """The square of its part."""

    compute = staticmethod(lambda value: value * value)

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Write `(−8)²`."""
        return [*self.parts[0].pieces(digits, POWER, leading=False), Piece("²")]


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
