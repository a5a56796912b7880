"""Numbers as people read and type them. Knows nothing of Qt.

Shown numbers carry a true minus sign (−); typed and copied ones may use either.
"""

from __future__ import annotations

import math
import re
import sys
from decimal import Decimal
from fractions import Fraction

from nnviz.core.limits import DIGITS
from nnviz.core.names import SHOWN, quoted, shortened

MINUS = "\N{MINUS SIGN}"
INFINITE = "∞"
"""What is too large for a number; what comes of reckoning with that is NaN."""
NOISE = 1e-15
"""A float64 holds 15 digits of a decimal number: a relative difference of this is none."""
EXACT, ROUNDED = 8, 4
"""Significant digits that an exact number has at most, and those of a rounded one."""
LARGEST = 2**63 - 1
"""The largest whole number that is taken."""


def shown(value: float) -> str:
    """Return `value` as it stands everywhere: exact where 8 significant digits say it, else rounded to 4.

    A number that is rounded shows all four, so that it does not pass for an exact one: 1.71996 is 1.720,
    and 1.72 is 1.72. A place that is too small for a number hides it or makes its font smaller. What
    float64 cannot hold is no digit: 0.1 + 0.2 is 0.3.
    """
    return exactly(value) or tidy(f"{value:#.{ROUNDED}g}")


def exactly(value: float) -> str:
    """Return `value` in up to 8 significant digits, or "" where these do not say it."""
    value = float(value) + 0.0  # negative zero is 0
    text = f"{value:.{EXACT}g}"
    return tidy(text) if abs(float(text) - value) <= NOISE * abs(value) else ""


def tidy(text: str) -> str:
    """Return what Python has formatted as people write it: 1.2e-05 as 1.2e−5, 12. as 12, inf as ∞."""
    if text.endswith(("inf", "nan")):
        return text.replace("inf", INFINITE).replace("nan", "NaN").replace("-", MINUS)
    mantissa, e, exponent = text.partition("e")
    if e:
        text = f"{mantissa}e{int(exponent)}"
    return text.rstrip(".").replace("-", MINUS)


def full(value: float) -> str:
    """Return `value` so that reading it gives the same float back, as shortly as can be, ASCII minus.

    Negative zero is 0, as `shown` has it.
    """
    value = float(value)
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def written(value: float | None) -> str:
    """Return `full` as a number stands in a field, to be typed over or copied, or "" for none: 3e-6."""
    return "" if value is None else shown_in_full(value).replace(MINUS, "-")


def shown_in_full(value: float) -> str:
    """Return `full` as people write it, as tooltips and screen readers have it: 3e−6."""
    return tidy(full(value))


def counted(count: int, thing: str) -> str:
    """Return "1 row", "2,000 rows"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def loss_in_words(title: str, loss: float) -> str:
    """Return "MSE 74.25"."""
    return f"{title} {shown(loss) if math.isfinite(loss) else 'too large for a number'}"


def parsed(text: str, *, quotients: bool = True) -> float:
    """Read a number that a person typed: `0.5`, `0,5`, `−3`, `1e-3`, and unless without quotients `1/2`.

    Raises ValueError with one sentence that says what is wrong.
    """
    try:
        return float(_exact(text, quotients=quotients))
    except OverflowError:
        raise ValueError(f"{shortened(text.strip(), SHOWN)} is too large for a number") from None


def parsed_whole(text: str, least: int) -> int:
    """Read a whole number from `least` on in the same way, to its last digit. Raises ValueError."""
    value = _exact(text)
    if value.denominator != 1 or value < least:
        raise ValueError(f"expected a whole number from {least} on")
    if value > LARGEST:
        raise ValueError(f"expected a whole number up to {LARGEST}")
    return int(value)


def _exact(text: str, *, quotients: bool = True) -> Fraction:
    typed = text.strip().replace(MINUS, "-")
    if not typed:
        raise ValueError("type a number")
    top, slash, bottom = typed.partition("/") if quotients else (typed, "", "")
    divisor = _decimal(bottom, text) if slash else Decimal(1)
    if divisor == 0:
        raise ValueError("a number cannot be divided by 0")
    return Fraction(_decimal(top, text)) / Fraction(divisor)


def _decimal(part: str, text: str) -> Decimal:
    part = part.strip()
    if re.fullmatch(r"[+-]?[1-9]\d{0,2}([,.]\d{3}){2,}|[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?", part, re.ASCII):
        typed = shortened(text.strip(), SHOWN)
        raise ValueError(f"{typed} can be read in two ways: write it without a thousands separator")
    if not re.fullmatch(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,4})?", part, re.ASCII):
        raise ValueError(f"{quoted(text.strip())} is not a number")
    DIGITS.check(len(part))
    return Decimal(part.replace(",", "."))


def nudged(value: float, steps: float, size: str = "0.1") -> float:
    """Return `value` moved by `steps` of `size`, in decimal: 0.2 + 0.1 is 0.3; it ends at the largest."""
    return _finite(Decimal(repr(float(value))) + Decimal(repr(float(steps))) * Decimal(size))


def _finite(number: Decimal) -> float:
    """Return the nearest number that is finite."""
    return min(max(float(number), -sys.float_info.max), sys.float_info.max)


def nudged_digit(value: float, steps: int, digit: int) -> float:
    """Return a number above 0 moved by 1 in its first or second digit: 0.08, 0.09, 0.1, 0.2.

    Downwards a digit that would become 0 is the next place's 10, so that the number stays above 0. Digit 0
    is the place before the first: the number is multiplied or divided by 10. It ends at the largest number
    and at the smallest above 0.
    """
    number = Decimal(repr(float(value)))
    for _ in range(abs(steps)):
        if digit == 0:
            number = number.scaleb(1 if steps > 0 else -1)
            continue
        first = Decimal(1).scaleb(number.adjusted())
        place = first.scaleb(1 - digit)
        if steps > 0:
            number += place
        else:
            number -= place if number - place >= first else place.scaleb(-1)
    return max(_finite(number), math.ulp(0.0))
