"""Numbers and names as text, and the limits of sizes.

Displayed numbers have a true minus sign (−); typed and copied numbers may have either. The limits hold
wherever a network, rows or a State is made, so every State can be saved, and every saved file can be opened
again.
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
from pathlib import Path
from typing import Literal, Self, TypeAlias

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


SHOWN = 60
"""Letters of a text from outside that stand in a sentence."""

LISTED = 3
"""So many names are told."""

MOST_COMPARED = 500
"""More names than this are shortened one by one: comparing them would be slow."""

Fits: TypeAlias = Callable[[str], bool]
"""Return whether a text fits."""
Side: TypeAlias = Literal["right", "left", "middle"]
"""Where letters of a name are left out."""
SIDES: tuple[Side, ...] = "right", "left", "middle"

HALF = "half of a surrogate pair is not a character"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SPOILING = re.compile(f"{_CONTROL.pattern}|[\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def quoted(value: object) -> str:
    """Return what comes from outside as it stands in a sentence: a text in quotes, its middle left out."""
    return repr(shortened(value, SHOWN)) if isinstance(value, str) else shortened(repr(value), SHOWN)


def shortened(text: str, letters: int) -> str:
    """Return a text of at most `letters`: of a longer one the beginning and the end."""
    if len(text) <= letters:
        return text
    end = (letters - 1) // 3
    return f"{text[: letters - 1 - end]}…{text[len(text) - end :]}"


def shorten_distinctly(names: Sequence[str], fits: Fits, usual: Callable[[str], str]) -> list[str]:
    """Return names that fit, shortened so that no two of them look alike; `usual` shortens a single name.

    Words at which all long names end are left out first: "sepal length (cm)" and "sepal width (cm)" become
    "sepal len…" and "sepal wid…", never both "sepal… (cm)".
    """
    short = [name if fits(name) else usual(name) for name in names]
    wanted, long = len(set(names)), {name for name, text in zip(names, short, strict=True) if text != name}
    if not 1 < len(long) <= MOST_COMPARED:
        return short
    best: list[str] = []
    for way in _ways(long):
        tried = short
        if way:
            pairs = zip(names, short, strict=True)
            tried = [_part(name, *way, fits) or text if name in long else name for name, text in pairs]
        best = max(best, tried, key=lambda texts: len(set(texts)))
        if len(set(best)) == wanted:
            break
    return best


def _ways(names: set[str]) -> Iterator[tuple[int, int, Side] | None]:
    """Yield (start, end, side) for `_part`, the best way to shorten names first; None is the usual way."""
    begins, ends = _common_start(names), _common_start({name[::-1] for name in names})
    start, end = map(_whole_words, (begins, ends))
    if end:
        yield 0, end, "right"
    yield None
    yield 0, 0, "right"
    yield from ((start, end, side) for side in SIDES)
    yield len(begins), len(ends), "right"


def _common_start(names: set[str]) -> str:
    """Return the letters that all names begin with."""
    first, last = min(names), max(names)
    alike = (k for k, pair in enumerate(zip(first, last, strict=False)) if len(set(pair)) > 1)
    return first[: next(alike, len(first))]


def _whole_words(text: str) -> int:
    """Return the length of a text up to the end of its last separator."""
    return max((found.end() for found in re.finditer(r"[\W_]", text)), default=0)


def _part(name: str, start: int, end: int, side: Side, fits: Fits) -> str:
    """Return a name without its first `start` and last `end` letters, shortened at `side` until it fits.

    Return "" if not even one letter fits.
    """
    core, before, behind = name[start : len(name) - end], "…" * bool(start), "…" * bool(end)

    def part(letters: int) -> str:
        if letters == len(core):
            return f"{before}{core}{behind}"
        if side == "right":
            return f"{before}{core[:letters].rstrip()}…"
        if side == "left":
            return f"…{core[len(core) - letters :].lstrip()}{behind}"
        tail = letters // 2
        return f"{before}{core[: letters - tail]}…{core[len(core) - tail :]}{behind}"

    if fits(part(len(core))):
        return part(len(core))
    letters = bisect(range(1, len(core) + 1), False, key=lambda letters: not fits(part(letters)))
    return part(letters) if letters else ""


def shorten_names(names: Sequence[str], letters: int) -> list[str]:
    """Return names of at most `letters` letters, shortened so that no two of them look alike."""
    return shorten_distinctly(names, lambda name: len(name) <= letters, lambda name: shortened(name, letters))


def on_one_line(text: str) -> str:
    """Return a sentence with control characters and what turns its rest around written out.

    Halves of surrogate pairs are replaced.
    """
    return _SPOILING.sub(lambda found: ascii(found[0])[1:-1], _SURROGATE.sub(REPLACEMENT, text))


def listed(names: Sequence[str], most: int = LISTED) -> str:
    """Return "a, b and c", or the first of many names."""
    short = [on_one_line(shortened(name, SHOWN)) for name in names]
    if len(short) > most:
        return f"{', '.join(short[:most])} and {len(short) - most:,} more"
    return " and ".join([", ".join(short[:-1]), short[-1]] if short[1:] else short)


def numbered(name: str, taken: dict[str, int]) -> str:
    """Return `name` or, where it is taken, the first of `name 2`, `name 3`, … that is not; it is taken then.

    `taken` holds for each name how far it was counted, 1 at first.
    """
    free = name
    while free in taken:
        taken[name] += 1
        free = f"{shortened(name, NAME.most - 8)} {taken[name]}"
    taken[free] = 1
    return free


def file_named(path: Path) -> str:
    """Return a file's name as it is shown: of a sane length, on one line."""
    return on_one_line(shortened(path.name, SHOWN))


def is_whole(text: str) -> bool:
    """Tell whether a text has no half of a surrogate pair, which no file can hold."""
    return text.isascii() or not _SURROGATE.search(text)


def check_whole(text: str, place: str) -> None:
    """Raise ValueError for a text that is not whole."""
    if not is_whole(text):
        raise ValueError(f"{place}: {HALF}")


def check_title(text: str, place: str) -> None:
    """Raise ValueError for what is not one line of a sane length; it may be empty."""
    NAME.check(len(text), place)
    check_whole(text, place)
    if _CONTROL.search(text):
        raise ValueError(f"{place}: a name is one line, without control characters")


def check_name(name: str, place: str) -> None:
    """Raise ValueError, with the `place`, for what cannot be the name of a node or a weight set."""
    if not isinstance(name, str):
        raise ValueError(f"{place}: expected a text, found {quoted(name)}")
    check_title(name, place)
    if not name.strip():
        raise ValueError(f"{place}: a name needs at least one character")


class Names(tuple[str, ...]):
    """Names that have been looked at: a tuple that is one already is not looked at again, 60 times a second.

    Raises ValueError, with the `place` of the first one that cannot be a name.
    """

    __slots__ = ()

    def __new__(cls, names: Iterable[str], place: str = "names") -> Self:
        """Look at each name, unless that was done when `names` was made."""
        if isinstance(names, cls):
            return names
        if isinstance(names, str) or not isinstance(names, Iterable):  # a text would be a name a letter
            raise ValueError(f"{place}: expected a list of names, found {quoted(names)}")
        plain = (str(name) if isinstance(name, str) else name for name in names)  # NumPy has texts of its own
        made = super().__new__(cls, plain)
        for i, name in enumerate(made):
            check_name(name, f"{place}[{i}]")
        return made


@dataclass(frozen=True)
class Limit:
    """At most `most` of something; `things` says of what, in the plural."""

    things: str
    most: int
    what: str = ""
    """What is limited, as the help says it; of a limit that no person meets nothing."""

    def check(self, count: int, place: str = "") -> None:
        """Raise ValueError, in a sentence behind its `place`, where there are more than may be."""
        if count > self.most:
            where = f"{place}: " if place else ""
            raise ValueError(f"{where}expected at most {self.most:,} {self.things}, found {count:,}")


FILE = Limit("MB", 128, "A file")
"""Of 2²⁰ bytes; a text takes up to four times as much memory as its file."""
NUMBERS = Limit(
    "weights, biases, inputs and targets, those of weight sets among them", 4_000_000, "Numbers in all"
)
LAYERS = Limit("layers", 500, "A network's layers")
NODES = Limit("nodes, inputs among them", 10_000, "A network's nodes")
ROWS = Limit("rows", 500_000, "Rows")
COLUMNS = Limit("columns", 10_000, "The columns of a CSV file")
LINES = Limit("lines", 2_000_000, "The lines of a CSV file, blank ones among them")
WEIGHT_SETS = Limit("weight sets", 100, "Weight sets")
SEGMENTS = Limit(
    "settings that a run had one after the other, in a file", 20_000, "A run whose settings were changed"
)
POINTS = Limit("points of a run's curve in a file", 16_384, "A run's curve")
"""Four for each of 4,096 buckets: the first, least, greatest and last."""
EARLIER_RUNS = Limit("earlier runs, the latest", 8, "Earlier runs")
EARLIER_POINTS = Limit("points of an earlier run's curve", 16_384, "An earlier run's curve")
NAME = Limit("letters", 200, "A title, and the name of an input, a node or a weight set")
NOTES = Limit("letters", 100_000, "Notes")
NESTING = Limit("levels of brackets", 32, "Brackets within brackets in a file")
DIGITS = Limit("digits", 400, "A number that is typed, or a whole number in a file")
"""309 are too large for a number."""
LITERAL = Limit("letters", 500_000, "A dictionary in Python's notation, which as JSON can be longer")
"""Python's own parser takes some 500 bytes for each."""
