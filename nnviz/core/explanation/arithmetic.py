"""Arithmetic as it stands on a line, with digits enough that it closes as shown.

A line closes when evaluating it as it stands, with its rounded numbers, gives its written result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from nnviz.core.activations import FUNCTIONS
from nnviz.core.explanation.expressions import SHORT, Expression, Number, Piece, number_text, read
from nnviz.core.numbers import MINUS, shown

DIGITS = 6
"""Significant digits of a written result that is rounded."""
MOST = 17
"""Significant digits that give a float64 back."""


class InexactError(Exception):
    """A function's value is not a fraction."""


def _fraction_of(name: str, value: Fraction) -> Fraction:
    found = FUNCTIONS[name].exact(value)
    if found is None:
        raise InexactError
    return found


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
        value = expression.evaluate(lambda number: number.value, _float_of)
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


def _float_of(name: str, value: float) -> float:
    return FUNCTIONS[name].value(value)


def _closing_digits(expression: Expression, value: float) -> int | None:
    """Return how many digits the operands need, or None where no number of digits closes the line."""
    text = number_text(value, DIGITS)
    for digits in range(DIGITS, MOST + 1):
        found = _as_written(expression, digits)
        if read(text) in (read(shown(found, SHORT)), read(shown(found, DIGITS))):
            return digits
    return None


def _as_written(expression: Expression, digits: int) -> float:
    return expression.evaluate(lambda number: read(number_text(number.value, digits)), _float_of)


def _is_exact(expression: Expression, digits: int, result: str) -> bool:
    """Tell whether the line is true to its last digit as it stands.

    Operands may be rounded only where that changes nothing: relu of any negative number is 0.
    """
    texts = [(number.value, number_text(number.value, digits)) for number in expression.numbers()]
    if not math.isfinite(read(result)) or not all(math.isfinite(value) for value, _ in texts):
        return False
    whole = all(read(text) == value for value, text in texts)
    try:
        found = expression.evaluate(lambda n: _fraction(number_text(n.value, digits)), _fraction_of)
        return found == _fraction(result) and (
            whole or expression.evaluate(lambda n: Fraction(n.value), _fraction_of) == found
        )
    except (InexactError, ZeroDivisionError):
        return False


_ASCII = str.maketrans(
    {MINUS: "-", "·": "*", "²": "^2", "≈": "~=", "√": "sqrt", "′": "'", "→": "->", "–": "-"}
)


def ascii_text(text: str) -> str:
    """Return arithmetic as it is copied: in ASCII, with `*` and a plain minus. Names keep their letters."""
    return text.translate(_ASCII).replace("∂MSE/∂", "dMSE/d").replace("Σ ", "sum of ").replace("Σ", "sum of ")
