"""Names as a person gives them and a file brings them: what one may be, and how it stands in a sentence."""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, Self, TypeAlias

from nnviz.core.limits import NAME

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
