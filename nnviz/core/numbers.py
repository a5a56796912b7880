"""Conversion of numbers and names to text, and limits on sizes.

Displayed numbers have a true minus sign (−). Typed and copied numbers may have a true minus sign or a hyphen
(-). The limits are checked when a network, rows or a State are created. So every State can be saved, and
every saved file can be opened again.
"""

from __future__ import annotations

import math
import re
import sys
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import takewhile
from pathlib import Path
from typing import Self, TypeAlias

MINUS = "\N{MINUS SIGN}"
INFINITE = "∞"
"""Text that displays an infinite number, such as the result of an overflow."""
NOISE = 1e-15
"""Rounding errors up to this fraction of a number are not displayed: 0.1 + 0.2 is displayed as 0.3."""
EXACT, ROUNDED = 8, 4
"""Significant digits. EXACT: most digits of a number shown exactly. ROUNDED: digits of a rounded number."""
LARGEST = 2**63 - 1
"""Largest whole number in settings."""


def as_text(value: float) -> str:
    """Return `value` as displayed text: exact if 8 significant digits are enough, else rounded to 4 digits.

    Trailing zeros mark a rounded number: 1.719963214 becomes "1.720", and 1.72 becomes "1.72". Rounding
    errors of float64 are not shown: 0.1 + 0.2 becomes "0.3".
    """
    return exact_text(value) or tidy(f"{value:#.{ROUNDED}g}")


def exact_text(value: float) -> str:
    """Return `value` as text with up to 8 significant digits, or "" if `value` has more digits."""
    value = float(value) + 0.0  # turns negative zero into 0
    text = f"{value:.{EXACT}g}"
    return tidy(text) if abs(float(text) - value) <= NOISE * abs(value) else ""


def tidy(text: str) -> str:
    """Convert a number's text from Python's form to nnviz's: 1.2e-05 becomes 1.2e−5, and inf becomes ∞."""
    if text.endswith(("inf", "nan")):
        return text.replace("inf", INFINITE).replace("nan", "NaN").replace("-", MINUS)
    mantissa, e, exponent = text.partition("e")
    if e:
        text = f"{mantissa}e{int(exponent)}"
    return text.rstrip(".").replace("-", MINUS)


def percent_text(share: float) -> str:
    """Return a share from 0 to 1 as displayed percentage, with at most two decimals: "98.33 %".

    "0 %" and "100 %" are exact; a share that only rounds to them is "≈ 0 %" or "≈ 100 %". Like other rounded
    numbers, a rounded percentage keeps its zeros: 0.29999 becomes "30.00 %".
    """
    percentage = 100 * float(share)
    text, rounded = exact_text(percentage), f"{percentage:.2f}"
    if not text or len(text.partition(".")[2]) > 2 or "e" in text:
        text = f"≈ {rounded[:-3]}" if rounded in ("0.00", "100.00") else tidy(rounded)
    return f"{text} %"


def full(value: float) -> str:
    """Return a text that Python reads as exactly the float `value`, with an ASCII minus sign.

    Negative zero is written as 0.
    """
    value = float(value)
    if math.isfinite(value) and value == int(value) and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def field_text(value: float | None) -> str:
    """Return the text of an input field: `value` with all digits and an ASCII minus sign; "" for None."""
    return "" if value is None else full_text(value).replace(MINUS, "-")


def full_text(value: float) -> str:
    """Return `value` as displayed text with all digits, for tooltips and screen readers: "1.719963214"."""
    return tidy(full(value))


def counted(count: int, thing: str) -> str:
    """Return a count with its noun: "1 row", "2,000 rows"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def loss_text(title: str, loss: float) -> str:
    """Return a loss with its title: "MSE 74.25", "MSE infinite or NaN"."""
    return f"{title} {as_text(loss) if math.isfinite(loss) else 'infinite or NaN'}"


def parse_number(text: str, *, quotients: bool = True) -> float:
    """Convert a number that a person typed, such as `0.5`, `0,5`, `−3` or `1e-3`, to a float.

    With `quotients=True`, `text` may also be a quotient, such as `1/2`. Raises ValueError if `text` is not a
    finite number.
    """
    try:
        return float(_exact(text, quotients=quotients))
    except OverflowError:
        raise ValueError(f"{shortened(text.strip())} is outside the range −1.8e308 to 1.8e308") from None


def parse_whole(text: str, least: int, most: int = LARGEST) -> int:
    """Convert a typed whole number to an int. Raises ValueError unless `least` ≤ number ≤ `most`."""
    value = _exact(text)
    if value.denominator != 1 or value < least:
        raise ValueError(f"expected a whole number, at least {least}")
    if value > most:
        raise ValueError(f"expected a whole number up to {most:,}")
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
        typed = shortened(text.strip())
        raise ValueError(f"{typed} can be read in two ways: write the number without a thousands separator")
    if not re.fullmatch(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,4})?", part, re.ASCII):
        raise ValueError(f"{quoted(text.strip())} is not a number")
    DIGITS.check(len(part))
    return Decimal(part.replace(",", "."))


def moved_by_steps(value: float, steps: float, size: str = "0.1") -> float:
    """Return `value` + `steps` · `size`, without rounding errors of float64.

    `size` is the text of a decimal number, such as "0.1". The result is always finite.
    """
    return _finite(Decimal(repr(float(value))) + Decimal(repr(float(steps))) * Decimal(size))


def _finite(number: Decimal) -> float:
    """Return the nearest finite number."""
    return min(max(float(number), -sys.float_info.max), sys.float_info.max)


def nudge_digit(value: float, steps: int, digit: int) -> float:
    """Return `value`, a number above 0, with its first or second significant digit changed by `steps`.

    `digit` is 1 for the first digit, 2 for the second. With `digit` 1, three steps up from 0.08 give 0.09,
    0.1 and 0.2, and a step down from 0.1 gives 0.09. With `digit` 0, each step multiplies or divides the
    number by 10. The result is finite and above 0.
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


SHORT_LETTERS = 60
"""Largest length of a text that a sentence quotes, in letters."""

LISTED = 3
"""Largest number of names that `list_text` writes out."""

MOST_COMPARED = 500
"""Largest number of long names that `shorten_distinctly` compares; comparing more names would be slow."""

Fits: TypeAlias = Callable[[str], bool]
"""A function that returns whether a text fits into the available space."""

HALF = "half of a surrogate pair is not a character"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SPOILING = re.compile(f"{_CONTROL.pattern}|[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def quoted(value: object) -> str:
    """Return `value`, which comes from a file or a person, as a text to quote in a sentence.

    A str gets quotation marks; another value gets none. A long text is shortened in the middle.
    """
    return repr(shortened(value)) if isinstance(value, str) else shortened(repr(value))


def shortened(text: str, letters: int = SHORT_LETTERS) -> str:
    """Return `text` with at most `letters` letters; the middle of a longer text becomes "…"."""
    if len(text) <= letters:
        return text
    end = (letters - 1) // 3
    return f"{text[: letters - 1 - end]}…{text[len(text) - end :]}"


def shorten_distinctly(names: Sequence[str], fits: Fits, usual: Callable[[str], str]) -> list[str]:
    """Return `names` with the long names shortened, so that each name fits and the names stay distinct.

    `fits(text)` returns whether a text fits. `usual(name)` shortens a name without regard to other names.
    Words at the end of all long names are omitted first: "sepal length (cm)" and "sepal width (cm)" become
    "sepal len…" and "sepal wid…". If not all names can stay distinct, as many as possible stay distinct.
    """
    short = [name if fits(name) else usual(name) for name in names]
    distinct, long = len(set(names)), {name for name, text in zip(names, short, strict=True) if text != name}
    if not 1 < len(long) <= MOST_COMPARED:
        return short
    best: list[str] = []
    for way in _ways(long):
        tried = short
        if way:
            pairs = zip(names, short, strict=True)
            tried = [_part(name, *way, fits) or text if name in long else name for name, text in pairs]
        best = max(best, tried, key=lambda texts: len(set(texts)))
        if len(set(best)) == distinct:
            break
    return best


def _ways(names: set[str]) -> Iterator[tuple[int, int] | None]:
    """Yield (letters left out at the start, at the end), the best way first. None is the usual way."""
    begins, ends = _common_start(names), _common_start({name[::-1] for name in names})
    start, end = map(_whole_words, (begins, ends))
    if end:
        yield 0, end
    yield None
    yield 0, 0
    yield start, end
    yield len(begins), len(ends)


def _common_start(names: set[str]) -> str:
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(min(names), max(names), strict=False))
    return "".join(letter for letter, _ in pairs)


def _whole_words(text: str) -> int:
    """Return the number of letters up to the last separator, including it."""
    return max((found.end() for found in re.finditer(r"[\W_]", text)), default=0)


def _part(name: str, start: int, end: int, fits: Fits) -> str:
    """Return a name without its first `start` and last `end` letters, shortened at the end until it fits.

    Return "" if not even one letter fits.
    """
    core, before, behind = name[start : len(name) - end], "…" * bool(start), "…" * bool(end)
    if fits(f"{before}{core}{behind}"):
        return f"{before}{core}{behind}"

    def part(letters: int) -> str:
        return f"{before}{core[:letters].rstrip()}…"

    letters = bisect(range(1, len(core) + 1), False, key=lambda letters: not fits(part(letters)))
    return part(letters) if letters else ""


def shorten_names(names: Sequence[str], letters: int) -> list[str]:
    """Return `names` shortened to at most `letters` letters each, so that all names stay distinct."""
    return shorten_distinctly(names, lambda name: len(name) <= letters, lambda name: shortened(name, letters))


def one_line(text: str) -> str:
    """Return `text` on one line: control characters and marks of writing direction become escapes.

    Half of a surrogate pair becomes the replacement character U+FFFD.
    """
    return _SPOILING.sub(lambda found: ascii(found[0])[1:-1], _SURROGATE.sub(REPLACEMENT, text))


def list_text(names: Sequence[str], most: int = LISTED) -> str:
    """Return `names` as text, such as "a, b and c", or "a, b, c and 5 more" for more than `most` names."""
    short = [one_line(shortened(name)) for name in names]
    if len(short) > most:
        return f"{', '.join(short[:most])} and {len(short) - most:,} more"
    return " and ".join([", ".join(short[:-1]), short[-1]] if short[1:] else short)


def free_name(name: str, taken: dict[str, int]) -> str:
    """Return `name` if it is not in `taken`, else the first free name of `name 2`, `name 3`, ….

    The function adds the returned name to `taken`, which maps each used name to the last number that was
    tried with this name.
    """
    free = name
    while free in taken:
        taken[name] += 1
        free = f"{shortened(name, NAME.limit - 8)} {taken[name]}"
    taken[free] = 1
    return free


def file_label(path: Path) -> str:
    """Return the name of a file for display, shortened and on one line."""
    return one_line(shortened(path.name))


def has_no_surrogate(text: str) -> bool:
    """Return whether `text` is free of surrogates (halves of a character pair), which no file can store."""
    return text.isascii() or not _SURROGATE.search(text)


def check_whole(text: str, place: str) -> None:
    """Raise ValueError if `text` contains half of a surrogate pair. The message starts with `place`."""
    if not has_no_surrogate(text):
        raise ValueError(f"{place}: {HALF}")


def check_title(text: str, place: str) -> None:
    """Raise ValueError unless `text` is one line of at most `NAME.limit` letters.

    The message starts with `place`.
    """
    NAME.check(len(text), place)
    check_whole(text, place)
    if _CONTROL.search(text):
        raise ValueError(f"{place}: a name must be one line without control characters")


def check_name(name: str, place: str) -> None:
    """Raise ValueError for an invalid name of a node or weight set. The message starts with `place`."""
    if not isinstance(name, str):
        raise ValueError(f"{place}: expected a text, found {quoted(name)}")
    check_title(name, place)
    if not name.strip():
        raise ValueError(f"{place}: a name needs at least one character")


class Names(tuple[str, ...]):
    """A tuple of valid names. The names are checked when the tuple is created, and never again.

    Raises ValueError for an invalid name. The message starts with the place of the name.
    """

    __slots__ = ()

    def __new__(cls, names: Iterable[str], place: str = "names") -> Self:
        """Return `names` if they are a Names object, else check each name."""
        if isinstance(names, cls):
            return names
        if isinstance(names, str) or not isinstance(names, Iterable):  # each letter of a text would be a name
            raise ValueError(f"{place}: expected a list of names, found {quoted(names)}")
        plain = (str(name) if isinstance(name, str) else name for name in names)  # converts numpy.str_
        made = super().__new__(cls, plain)
        for i, name in enumerate(made):
            check_name(name, f"{place}[{i}]")
        return made


@dataclass(frozen=True)
class Limit:
    """The largest allowed number of things, such as nodes. `things` is the plural noun for messages."""

    things: str
    limit: int

    def check(self, count: int, place: str = "") -> None:
        """Raise ValueError if `count` exceeds the limit. The message starts with `place`."""
        if count > self.limit:
            where = f"{place}: " if place else ""
            raise ValueError(f"{where}expected at most {self.limit:,} {self.things}, found {count:,}")


FILE = Limit("MB", 128)
"""Largest size of a file; 1 MB is 2²⁰ bytes. As a str, the text takes up to 4 times as much memory."""
NUMBERS = Limit("weights, biases, inputs and targets, including the numbers in weight sets", 4_000_000)
LAYERS = Limit("layers", 500)
NODES = Limit("nodes, including inputs", 10_000)
ROWS = Limit("rows", 500_000)
COLUMNS = Limit("columns", 10_000)
LINES = Limit("lines", 2_000_000)
"""Largest numbers of columns and of lines of a CSV file, including blank lines."""
WEIGHT_SETS = Limit("weight sets", 100)
SEGMENTS = Limit("changes of a run's settings in a file", 20_000)
POINTS = Limit("points of a run's curve in a file", 16_384)
"""Largest number of points of a curve in a file: 4,096 ranges of iterations, with up to 4 points in each."""
KEPT_RUNS = Limit("kept runs", 64)
"""Largest number of kept runs: nnviz removes the oldest run that is not pinned."""
KEPT_POINTS = Limit("points of a kept run's curve", 4096)
KEPT_NUMBERS = Limit("weights, biases, rows and points of kept runs", 2_000_000)
"""Largest count of numbers of all kept runs together, which a file holds beside those of NUMBERS."""
NAME = Limit("letters", 200)
"""Largest length of a title, and of the name of an input, a node or a weight set."""
NOTES = Limit("letters", 100_000)
NESTING = Limit("levels of brackets", 32)
DIGITS = Limit("digits", 400)
"""Largest number of digits of a typed number, and of a whole number in a file.

A float64 has at most 309 digits before the decimal point.
"""
LITERAL = Limit("letters", 500_000)
"""Largest length of a dictionary in Python's notation, in letters; one in JSON can be longer.

Python's parser takes about 500 bytes of memory per letter.
"""
