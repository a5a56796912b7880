"""Arithmetic as a tree of numbers that know where they come from: it can be written and evaluated.

Knows nothing of networks beyond the address of a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from operator import add, mul
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from nnviz.core.address import Address
from nnviz.core.numbers import MINUS, shown

SHORT = 8
"""A number that needs no more significant digits than this is written in full."""


class Piece(NamedTuple):
    """A stretch of written arithmetic. `unfolds` names the line that a click on it writes out in full."""

    text: str
    address: Address | None = None
    slope: bool = False
    unfolds: str = ""


T = TypeVar("T", float, Fraction)
Leaf = Callable[["Number"], T]
Function = Callable[[str, T], T]

_SUM, _PRODUCT, _POWER = 1, 2, 3


class Expression(Protocol):
    """Something that can be written and evaluated."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write it with `digits`, in parentheses where `level` binds closer.

        `leading`: nothing stands before it, so that a minus needs no parentheses.
        """

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return its value; `leaf` reads a number, `function` a function of one."""

    def numbers(self) -> Iterable[Number]:
        """Yield its numbers."""


def number_text(value: float, digits: int) -> str:
    """Write `value` in full where that is short, else with `digits`."""
    text = shown(value, SHORT)
    return text if read(text) == value else shown(value, digits)


def read(text: str) -> float:
    """Return the value of a written number."""
    return float(text.replace(MINUS, "-"))


@dataclass(frozen=True)
class Number:
    """A number, where it comes from, and whether it is a slope of the MSE."""

    value: float
    address: Address | None = None
    slope: bool = False
    note: str = ""
    """What it sums up, such as "94 more"."""
    unfolds: str = ""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write it; a minus in the middle of a line stands in parentheses."""
        text = number_text(self.value, digits)
        minus = text.startswith(MINUS) and not (leading and level < _POWER)
        piece = Piece(text, self.address, self.slope)
        found = _bracketed([piece], minus or (level >= _POWER and "e" in text))
        return [*found, Piece(f" [{self.note}]", unfolds=self.unfolds)] if self.note else found

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:  # noqa: ARG002
        """Return its value as `leaf` reads it."""
        return leaf(self)

    def numbers(self) -> Iterable[Number]:
        """Yield itself."""
        yield self


class _Composed:
    """An expression that is made of others."""

    def __init__(self, *parts: Expression) -> None:
        self.parts = parts

    def numbers(self) -> Iterable[Number]:
        """Yield the numbers of all parts."""
        for part in self.parts:
            yield from part.numbers()

    def _values(self, leaf: Leaf[T], function: Function[T]) -> list[T]:
        return [part.evaluate(leaf, function) for part in self.parts]


def _bracketed(pieces: list[Piece], needed: bool) -> list[Piece]:
    return [Piece("("), *pieces, Piece(")")] if needed else pieces


class Negative(_Composed):
    """A term that is subtracted."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write it with a minus before it."""
        found = [Piece(MINUS), *self.parts[0].pieces(digits, _PRODUCT, leading=False)]
        return _bracketed(found, not leading or level >= _POWER)

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the value with its sign turned."""
        return -self.parts[0].evaluate(leaf, function)


class Sum(_Composed):
    """Terms added from the left."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write `2 + 3 − 4`."""
        bracketed = level > _SUM
        found = self.parts[0].pieces(digits, _SUM, leading or bracketed)
        for part in self.parts[1:]:
            if isinstance(part, Negative):
                found += [Piece(f" {MINUS} "), *part.parts[0].pieces(digits, _PRODUCT, leading=False)]
            elif isinstance(part, Number) and part.value < 0:
                found += _subtracted(part.pieces(digits))
            else:
                found += [Piece(" + "), *part.pieces(digits, _SUM, leading=False)]
        return _bracketed(found, bracketed)

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the sum."""
        return reduce(add, self._values(leaf, function))


def _subtracted(pieces: list[Piece]) -> list[Piece]:
    first = pieces[0]
    return [Piece(f" {MINUS} "), first._replace(text=first.text.removeprefix(MINUS)), *pieces[1:]]


class Product(_Composed):
    """Factors multiplied from the left."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write `2·3·(−4)`."""
        bracketed = level > _PRODUCT
        found = self.parts[0].pieces(digits, _PRODUCT, leading or bracketed)
        for part in self.parts[1:]:
            found += [Piece("·"), *part.pieces(digits, _PRODUCT, leading=False)]
        return _bracketed(found, bracketed)

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the product."""
        return reduce(mul, self._values(leaf, function))


class Quotient(_Composed):
    """The first part divided by the second."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write `(2 + 3)/4`."""
        top, bottom = self.parts
        bracketed = level > _PRODUCT
        found = top.pieces(digits, _PRODUCT, leading or bracketed)
        return _bracketed([*found, Piece("/"), *bottom.pieces(digits, _POWER, leading=False)], bracketed)

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the quotient."""
        top, bottom = self._values(leaf, function)
        return top / bottom


class Square(_Composed):
    """The square of its part."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Write `(−8)²`."""
        return [*self.parts[0].pieces(digits, _POWER, leading=False), Piece("²")]

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the square."""
        value = self.parts[0].evaluate(leaf, function)
        return value * value


class Call(_Composed):
    """A function of one expression: `relu(26)`; `e^` and `√` are written as people write them."""

    def __init__(self, name: str, of: Expression) -> None:
        super().__init__(of)
        self.name = name

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Write it."""
        return [Piece(f"{self.name}("), *self.parts[0].pieces(digits), Piece(")")]

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the function's value."""
        return function(self.name, self.parts[0].evaluate(leaf, function))


def elided(terms: Sequence[Expression], sizes: Sequence[float], few: int, unfolds: str) -> Sum:
    """Return the sum of `terms`, whose values are `sizes`.

    Of more than `few` + 1 it writes the largest out, and the others as one number; `unfolds` names the line.
    """
    if len(terms) <= few + 1:
        return Sum(*terms)
    order = np.argsort(-np.abs(sizes), kind="stable")
    rest = float(np.sum(np.asarray(sizes)[order[few:]]))
    note = f"{len(terms) - few} more"
    return Sum(*(terms[i] for i in order[:few]), Number(rest, note=note, unfolds=unfolds))
