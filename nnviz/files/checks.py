"""What every file must keep to; each check raises a FileError that names the place. Knows no format."""

from __future__ import annotations

import difflib
import re

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from nnviz.core.activations import Array
from nnviz.files import version1
from nnviz.files.errors import FileError

_KEYS = [key for part in vars(version1).values() for key in getattr(part, "__struct_fields__", ())]
_WORDS = {
    "array": "a list",
    "object": "an object in braces",
    "str": "a text",
    "float": "a number",
    "int": "a whole number",
    "bool": "true or false",
}


def refused_by_msgspec(error: msgspec.ValidationError) -> FileError:
    """Return what msgspec raised in plain words, its place without the `$`."""
    what, _, at = str(error).partition(" - at `$")
    place = at.rstrip("`").removeprefix(".")
    if match := re.fullmatch(r"Object contains unknown field `(.*)`", what, re.DOTALL):
        close = [] if match[1] in _KEYS else difflib.get_close_matches(match[1], _KEYS, 1, cutoff=0.7)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        return FileError(f"unknown key {match[1]!r}{hint}", place)
    if match := re.fullmatch(r"Object missing required field `(.*)`", what):
        return FileError(f"the key {match[1]!r} is missing", place)
    if match := re.fullmatch(r"Expected `(.*)`, got `(.*)`", what):
        expected = " or ".join(_WORDS.get(word, word) for word in match[1].split(" | "))
        found = "a decimal number" if match[2] == "float" else _WORDS.get(match[2], match[2])
        return FileError(f"expected {expected}, found {found}", place)
    if what == "Number out of range":
        return FileError("expected a finite number, found one that is too large", place)
    return FileError(f"{what[0].lower()}{what[1:]}", place)


def refused_by_core(error: ValueError, place: str) -> FileError:
    """Return what the core raised, its own place behind `place`."""
    own, _, message = str(error).partition(": ")
    return FileError(message, own).within(place)


def text(value: str, place: str) -> None:
    """Check that a text can be saved as UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise FileError("half of a surrogate pair is not a character", place) from None


def name(value: str, place: str) -> None:
    """Check that a name can be saved and seen."""
    text(value, place)
    if not value.strip():
        raise FileError("a name needs at least one character", place)


def names(values: list[str], place: str) -> tuple[str, ...]:
    """Return names as a tuple."""
    for i, value in enumerate(values):
        name(value, f"{place}[{i}]")
    return tuple(values)


def numbers(values: ArrayLike, place: str) -> Array:
    """Return finite numbers as an array."""
    array = np.asarray(values, dtype=np.float64)
    if not np.isfinite(array).all():
        index = np.argwhere(~np.isfinite(array))[0]
        found = "NaN" if np.isnan(array[tuple(index)]) else "one that is too large"
        where = "".join(f"[{i}]" for i in index)
        raise FileError(f"expected a finite number, found {found}", place + where)
    return array


def length(found: int, expected: int, unit: str, why: str, place: str) -> None:
    """Check that there are as many as there have to be: `expected` units, one for each `why`."""
    if found != expected:
        units = unit if expected == 1 else f"{unit}s"
        raise FileError(f"expected {expected} {units}, one for each {why}, found {found}", place)


def matrix(rows: version1.Matrix, width: int, why: str, place: str) -> Array:
    """Return rows of `width` finite numbers each as an array of shape (rows, width)."""
    for j, row in enumerate(rows):
        length(len(row), width, "number", why, f"{place}[{j}]")
    return numbers(np.array(rows, dtype=np.float64).reshape(len(rows), width), place)


def biases(values: list[float] | None, nodes: int, place: str) -> Array | None:
    """Return biases, one for each node, or None."""
    if values is None:
        return None
    length(len(values), nodes, "number", "node", place)
    return numbers(values, place)
