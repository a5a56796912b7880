"""Names as a person gives them and a file brings them: what one may be, and how it stands in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from nnviz.core.limits import NAME

SHOWN = 60
"""Letters of a text from outside that stand in a sentence."""

LISTED = 3
"""So many names are told."""

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
