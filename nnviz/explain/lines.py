"""What an explanation is made of: lines of arithmetic with digits enough, and sentences, in sections.

A line closes when evaluating it as it stands, with its rounded numbers, gives its written result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from nnviz.core.expressions import (
    DIGITS,
    Expression,
    InexactError,
    Number,
    Piece,
    Sum,
    number_text,
    read,
    rounded,
)
from nnviz.core.numbers import EXACT, INFINITE, MINUS, NOISE

MOST = 17
"""Significant digits that give a float64 back."""


def _fraction(text: str) -> Fraction:
    return Fraction(Decimal(text.replace(MINUS, "-")))


@dataclass(frozen=True)
class Written:
    """Arithmetic as it stands, `… = 26` or `… ≈ 0.2375`, and the value that it comes to."""

    pieces: tuple[Piece, ...]
    value: float
    exact: bool

    @property
    def text(self) -> str:
        """The whole line as plain text."""
        return "".join(piece.text for piece in self.pieces)


def write(expression: Expression, value: float, *, result: Number | None = None) -> Written:
    """Write `expression` and its `value` so that the line closes as shown.

    The operands get more digits until it does. Where it never does, because the terms cancel to less than
    float64 holds, the line's own sum in float64 is its value. `result` says where the value belongs.
    """
    digits = _closing_digits(expression, value)
    if digits is None:
        value = expression.computed()
        digits = _closing_digits(expression, value) or MOST
    told = result or Number(value)
    text = number_text(value, DIGITS)
    written = expression.pieces(digits)
    exact = _is_exact(expression, digits, text)
    if exact:  # 0.1 + 0.2 is 0.3 as it stands, although float64 has a little more
        text = number_text(read(text), DIGITS)
    end = Piece(text, told.address, told.slope)
    if isinstance(expression, Number):
        return Written((*written,) if exact else (Piece("≈ "), *written), value, exact)
    if "".join(piece.text for piece in written) == text:  # a sum of one number: it is said once
        return Written((end,) if exact else (Piece("≈ "), end), value, exact)
    return Written((*written, Piece(" = " if exact else " ≈ "), end), value, exact)


def _closing_digits(expression: Expression, value: float) -> int | None:
    """Return how many digits the operands need, or None where no number of digits closes the line."""
    text = number_text(value, DIGITS)
    for digits in range(DIGITS, MOST + 1):
        reached = _as_written(expression, digits)
        if read(text) in (read(rounded(reached, EXACT)), read(rounded(reached, DIGITS))):
            return digits
    return None


def _as_written(expression: Expression, digits: int) -> float:
    return expression.evaluate(lambda number: read(number_text(number.value, digits)))


def _is_exact(expression: Expression, digits: int, result: str) -> bool:
    """Tell whether the line is true to its last digit as it stands.

    Operands may be rounded only where that changes nothing: relu of any negative number is 0.
    """
    texts = [(number.value, number_text(number.value, digits)) for number in expression.numbers()]
    if not math.isfinite(read(result)) or not all(math.isfinite(value) for value, _ in texts):
        return False
    whole = all(abs(read(text) - value) <= NOISE * abs(value) for value, text in texts)
    try:
        exact = expression.evaluate(lambda n: _fraction(number_text(n.value, digits)))
        return exact == _fraction(result) and (
            whole or expression.evaluate(lambda n: Fraction(n.value)) == exact
        )
    except (InexactError, ZeroDivisionError):
        return False


def elided(terms: Sequence[Expression], few: int, unfolds: str) -> Sum:
    """Return the sum of `terms`.

    Of more than `few` + 1 it writes the largest out, and the others as one number; `unfolds` names the line.
    """
    if len(terms) <= few + 1:
        return Sum(*terms)
    sizes = np.array([term.computed() for term in terms])
    order = np.argsort(-np.abs(sizes), kind="stable")
    rest = float(np.sum(sizes[order[few:]]))
    note = f"{len(terms) - few} more"
    return Sum(*(terms[i] for i in order[:few]), Number(rest, note=note, unfolds=unfolds))


_ASCII = str.maketrans(
    {MINUS: "-", INFINITE: "inf", "·": "*", "²": "^2", "≈": "~=", "√": "sqrt", "′": "'", "→": "->", "–": "-"}
    | {"Φ": "Phi"}
)


def ascii_text(text: str) -> str:
    """Return arithmetic as it is copied: in ASCII, with `*` and a plain minus. Names keep their letters."""
    text = re.sub(r"∂(\w+)/∂", r"d\1/d", text.translate(_ASCII))
    return text.replace("Σ ", "sum of ").replace("Σ", "sum of ")


@dataclass(frozen=True)
class Line:
    """A label, a formula, and the same with the present numbers.

    `name` is what unfolds it; `ticked` says of a numerical check whether it agrees.
    """

    label: str
    formula: str
    written: Written
    name: str = ""
    ticked: bool | None = None

    @property
    def arithmetic(self) -> str:
        """The arithmetic as plain text."""
        return self.written.text

    @property
    def text(self) -> str:
        """Label, formula and arithmetic."""
        formula = f" = {self.formula}" if self.formula else ""
        sign = "" if self.arithmetic.startswith("≈") else "= "
        return f"{self.label}{formula} {sign}{self.arithmetic}"

    @property
    def value(self) -> float:
        """What the arithmetic comes to, at full precision."""
        return self.written.value


@dataclass(frozen=True)
class Note:
    """A sentence."""

    label: str
    text: str


@dataclass(frozen=True)
class Section:
    """Lines under a heading that says of which row or rows they are."""

    heading: str
    rows: tuple[Line | Note, ...]


@dataclass(frozen=True)
class Explanation:
    """Where a node's, a weight's or the loss's number comes from."""

    title: str
    sections: tuple[Section, ...]

    @property
    def lines(self) -> tuple[Line, ...]:
        """All lines of arithmetic."""
        return tuple(row for section in self.sections for row in section.rows if isinstance(row, Line))

    def text(self) -> str:
        """Return everything as ASCII text, as it is copied; names keep their letters."""
        lines = [self.title]
        for section in self.sections:
            lines += ["", section.heading] if section.heading else [""]
            lines += [_text(row) for row in section.rows]
        return ascii_text("\n".join(lines)) + "\n"


def _text(row: Line | Note) -> str:
    if isinstance(row, Note):
        return f"{row.label}: {row.text}" if row.label else row.text
    tick = {True: " (agrees)", False: " (differs)", None: ""}[row.ticked]
    return row.text + tick
