"""Arithmetic as a tree of numbers that know where they come from: it can be written and evaluated.

Knows nothing of networks beyond the address of a number.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple, Protocol, TypeVar

import numpy as np

from nnviz.core.address import Where
from nnviz.core.numbers import MINUS, shown

SHORT = 8
"""A number that needs no more significant digits than this is written in full."""


class Piece(NamedTuple):
    """A stretch of written arithmetic. `unfolds` names the line that a click on it writes out in full."""

    text: str
    where: Where | None = None
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
    where: Where | None = None
    slope: bool = False
    note: str = ""
    """What it sums up, such as "94 more"."""
    unfolds: str = ""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write it; a minus in the middle of a line stands in parentheses."""
        text = number_text(self.value, digits)
        minus = text.startswith(MINUS) and not (leading and level < _POWER)
        piece = Piece(text, self.where, self.slope)
        found = [Piece("("), piece, Piece(")")] if minus or (level >= _POWER and "e" in text) else [piece]
        return [*found, Piece(f" [{self.note}]", unfolds=self.unfolds)] if self.note else found

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:  # noqa: ARG002
        """Return its value as `leaf` reads it."""
        return leaf(self)

    def numbers(self) -> Iterable[Number]:
        """Yield itself."""
        yield self


@dataclass(frozen=True)
class Negative:
    """A term that is subtracted."""

    of: Expression

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write it with a minus before it."""
        found = [Piece(MINUS), *self.of.pieces(digits, _PRODUCT, leading=False)]
        return found if leading and level < _POWER else [Piece("("), *found, Piece(")")]

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the value with its sign turned."""
        return -self.of.evaluate(leaf, function)

    def numbers(self) -> Iterable[Number]:
        """Yield its numbers."""
        return self.of.numbers()


class _Several:
    """An expression of several parts."""

    parts: tuple[Expression, ...]

    def __init__(self, *parts: Expression) -> None:
        self.parts = parts

    def numbers(self) -> Iterable[Number]:
        """Yield the numbers of all parts."""
        for part in self.parts:
            yield from part.numbers()


class Sum(_Several):
    """Terms added from the left."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write `2 + 3 − 4`."""
        bracketed = level > _SUM
        found: list[Piece] = []
        for i, part in enumerate(self.parts):
            if i == 0:
                found += part.pieces(digits, _SUM, leading or bracketed)
            elif isinstance(part, Negative):
                found += [Piece(f" {MINUS} "), *part.of.pieces(digits, _PRODUCT, leading=False)]
            elif isinstance(part, Number) and part.value < 0:
                found += _subtracted(part.pieces(digits))
            else:
                found += [Piece(" + "), *part.pieces(digits, _SUM, leading=False)]
        return [Piece("("), *found, Piece(")")] if bracketed else found

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the sum."""
        total = self.parts[0].evaluate(leaf, function)
        for part in self.parts[1:]:
            total = total + part.evaluate(leaf, function)
        return total


def _subtracted(pieces: list[Piece]) -> list[Piece]:
    first = pieces[0]
    return [Piece(f" {MINUS} "), first._replace(text=first.text.removeprefix(MINUS)), *pieces[1:]]


class Product(_Several):
    """Factors multiplied from the left."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write `2·3·(−4)`."""
        bracketed = level > _PRODUCT
        found: list[Piece] = []
        for i, part in enumerate(self.parts):
            if i:
                found.append(Piece("·"))
            found += part.pieces(digits, _PRODUCT, (leading or bracketed) and i == 0)
        return [Piece("("), *found, Piece(")")] if bracketed else found

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the product."""
        total = self.parts[0].evaluate(leaf, function)
        for part in self.parts[1:]:
            total = total * part.evaluate(leaf, function)
        return total


class Quotient(_Several):
    """The first part divided by the second."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:
        """Write `(2 + 3)/4`."""
        top, bottom = self.parts
        bracketed = level > _PRODUCT
        found = top.pieces(digits, _PRODUCT, leading or bracketed)
        found += [Piece("/"), *bottom.pieces(digits, _POWER, leading=False)]
        return [Piece("("), *found, Piece(")")] if bracketed else found

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the quotient."""
        top, bottom = self.parts
        return top.evaluate(leaf, function) / bottom.evaluate(leaf, function)


class Square(_Several):
    """The square of its part."""

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Write `(−8)²`."""
        return [*self.parts[0].pieces(digits, _POWER, leading=False), Piece("²")]

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the square."""
        value = self.parts[0].evaluate(leaf, function)
        return value * value


@dataclass(frozen=True)
class Call:
    """A function of one expression: `relu(26)`; `e^` and `√` are written as people write them."""

    name: str
    of: Expression

    def pieces(self, digits: int, level: int = 0, leading: bool = True) -> list[Piece]:  # noqa: ARG002
        """Write it."""
        return [Piece(f"{self.name}("), *self.of.pieces(digits), Piece(")")]

    def evaluate(self, leaf: Leaf[T], function: Function[T]) -> T:
        """Return the function's value."""
        return function(self.name, self.of.evaluate(leaf, function))

    def numbers(self) -> Iterable[Number]:
        """Yield its numbers."""
        return self.of.numbers()


def _exp(z: float) -> float:
    with np.errstate(over="ignore"):
        return float(np.exp(z))


def _softplus(z: float) -> float:
    return float(np.logaddexp(z, 0.0))


def _sigmoid(z: float) -> float:
    power = math.exp(-abs(z))  # cannot overflow, and keeps all digits of a result near 0
    return (1.0 if z >= 0 else power) / (1.0 + power)


FUNCTIONS: dict[str, Callable[[float], float]] = {
    "relu": lambda z: max(z, 0.0),
    "leaky_relu": lambda z: max(0.01 * z, z),
    "sigmoid": _sigmoid,
    "tanh": math.tanh,
    "softplus": _softplus,
    "e^": _exp,
    "√": math.sqrt,
}
"""What a written function computes."""


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
