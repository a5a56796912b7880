"""Arithmetic as a tree of numbers that know where they come from: it can be written and evaluated.

Knows nothing of networks beyond the address of a number. Python's own operators make a tree.
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
