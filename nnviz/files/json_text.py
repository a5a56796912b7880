"""JSON as text: a strict reader, and a writer whose text is easy to read and to compare.

This module is independent of file formats.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

import msgspec
import numpy as np

from nnviz.core.activations import Array
from nnviz.core.numbers import (
    DIGITS,
    HALF,
    KEPT_NUMBERS,
    KEPT_RUNS,
    LAYERS,
    NESTING,
    NOTES,
    NUMBERS,
    POINTS,
    ROWS,
    SEGMENTS,
    WEIGHT_SETS,
    Limit,
    has_no_surrogate,
    quoted,
)
from nnviz.files.errors import STEP, FileError, Progress, as_file_errors

SETS = 2 * WEIGHT_SETS.limit + 4 * KEPT_RUNS.limit
OBJECTS = Limit("objects", NOTES.limit + SEGMENTS.limit + SETS * LAYERS.limit)
CURVES = 4 * POINTS.limit + KEPT_NUMBERS.limit
LISTS = Limit("lists", 2 * ROWS.limit + CURVES + 4 * OBJECTS.limit)
VALUES = Limit("values", NUMBERS.limit + LISTS.limit + 10 * OBJECTS.limit)
"""OBJECTS, LISTS, VALUES: largest numbers of objects, lists and values in a JSON text."""
KEYS = Limit("keys", 5 * OBJECTS.limit)
"""Largest number of keys in all objects of a file together. A colon in a text counts as a key, too."""

POINTS_A_LINE = 4

# Undocumented functions; the same from Python 3.11 to 3.14.
_read_list: Any = json.decoder.JSONArray  # type: ignore[attr-defined]
_read_object: Any = json.decoder.JSONObject  # type: ignore[attr-defined]

_FLAT = re.compile(r'\[[^\[\]{}"]*\]')
_WHOLE = re.compile(r"(?<=[\[ ])(0|-?[1-9]\d{0,14})\.0(?=[,\]])")
_NUMBERS = msgspec.json.Decoder(list[float])


class Row:
    """A list of numbers within another list, held as an array, shape (numbers,), to save memory.

    This is a class of its own because msgspec would write an array or a dataclass as an object in braces.
    """

    __slots__ = ("numbers",)

    def __init__(self, numbers: Array) -> None:
        self.numbers = numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def __repr__(self) -> str:
        return f"[{len(self)} numbers]"


class Point(Row):
    """A Row of two numbers: a point of a curve. The writer puts several points on a line."""

    __slots__ = ()


class BrokenJsonError(FileError):
    """Error for a text that is not JSON."""


def decode_text(data: bytes) -> str:
    """Return the text of UTF-8 bytes, with or without a byte order mark. Raises FileError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError("the text is not UTF-8", f"line {line}") from None


def parse(text: str, progress: Progress | None = None) -> Any:
    """Return the value of a JSON text. The parser accepts NaN and infinities; the caller must refuse both.

    A list of finite numbers within a list becomes a Row. Reports `progress`. Raises BrokenJsonError, and
    FileError if a key appears twice in an object or the text has more values than nnviz opens.
    """
    check_counts(text)
    try:
        return _Reader(progress).decode(text)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise FileError("the file is empty") from None
        place = f"line {error.lineno}, column {error.colno}"
        what = error.msg[0].lower() + error.msg[1:].removesuffix(" at").removesuffix(" starting")
        raise BrokenJsonError(f"the text is not valid JSON ({what})", place) from None


def check_counts(text: str) -> None:
    """Raise FileError if a JSON text, not yet parsed, has too many objects, lists or values."""
    with as_file_errors():
        for limit, sign in ((LISTS, "["), (OBJECTS, "{"), (VALUES, ","), (KEYS, ":")):
            limit.check(text.count(sign))


class _Reader(json.JSONDecoder):
    """Python's own decoder with a hook at the start of each value.

    The hook counts nesting, reads a list of plain numbers at once, and reports progress.
    """

    scan_once: Any

    def __init__(self, progress: Progress | None) -> None:
        super().__init__(parse_int=_integer)
        self._leaf, self.scan_once = self.scan_once, self._scan
        self._progress, self._last_report = progress, 0
        self._brackets = ""  # the open brackets

    def _scan(self, text: str, at: int) -> tuple[Any, int]:
        if self._progress is not None and at >= self._last_report + STEP:
            self._last_report = at
            self._progress(at / len(text))
        sign = text[at : at + 1]
        if sign in ("[", "{") and len(self._brackets) == NESTING.limit:
            raise FileError("the JSON is nested too deeply")
        if sign == "[" and (flat := _FLAT.match(text, at)):
            return self._flat(text, at, flat.end()), flat.end()
        if not sign or sign not in "[{":
            leaf, end = self._leaf(text, at)
            if isinstance(leaf, str) and not has_no_surrogate(leaf):
                raise FileError(HALF, _place(text, at))
            return leaf, end
        self._brackets += sign
        if sign == "[":
            value, end = _read_list((text, at + 1), self._scan)
        else:
            value, end = _read_object((text, at + 1), True, self._scan, None, _object)
        self._brackets = self._brackets[:-1]
        return value, end

    def _flat(self, text: str, start: int, end: int) -> Any:
        part = text[start:end]
        if self._brackets.endswith("["):
            with suppress(msgspec.MsgspecError):  # true, null, an infinite number, or a mistake
                return Row(np.array(_NUMBERS.decode(part)))
        try:
            return json.loads(part, parse_int=_integer)
        except json.JSONDecodeError as error:
            raise json.JSONDecodeError(error.msg, text, start + error.pos) from None


def _place(text: str, at: int) -> str:
    line, start = text.count("\n", 0, at) + 1, text.rfind("\n", 0, at)
    return f"line {line}, column {at - start}"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        twice = Counter(keys).most_common(1)[0][0]
        raise FileError(f"the key {quoted(twice)} appears twice in one object")
    for key in keys:
        if not has_no_surrogate(key):
            raise FileError(HALF, f"the key {quoted(key)}")
    return dict(pairs)


def _integer(digits: str) -> int:
    # int() has a confusing error for thousands of digits; the first 400 are too large a number, too.
    return int(digits[: DIGITS.limit])


def to_text(value: Any) -> str:
    """Return `value` as a JSON text, with one key per line and one row of a matrix per line.

    Floats survive writing and reading exactly; the text has 2 for 2.0, and -0.0 for −0.0. `value` consists of
    JSON types and Rows; floats must be finite.
    """
    return "".join(_pieces(value, ""))


def _pieces(value: Any, indent: str) -> Iterator[str]:
    """Yield the text of a value in parts, one per row of a matrix, which may be large."""
    inner = indent + "  "
    if isinstance(value, list) and value and isinstance(value[0], Point):
        yield f"[\n{inner}{_points(value, inner)}\n{indent}]"
        return
    if isinstance(value, Mapping) and value:
        opening, closing = "{}"
        items = [(f"{inner}{_leaf(key)}: ", item) for key, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, list | Mapping | Row) for item in value):
        opening, closing = "[]"
        items = [(inner, item) for item in value]
    else:
        yield _leaf(value)
        return
    before = opening
    for start, item in items:
        if isinstance(item, Row):  # there may be many rows
            yield f"{before}\n{start}{_leaf(item)}"
        else:
            yield f"{before}\n{start}"
            yield from _pieces(item, inner)
        before = ","
    yield f"\n{indent}{closing}"


def _points(points: list[Point], indent: str) -> str:
    """Return the points of a curve, several per line; encoding all numbers at once is ten times as fast."""
    texts = _numbers(np.concatenate([point.numbers for point in points]).tolist())[1:-1].split(", ")
    pairs = [f"[{x}, {y}]" for x, y in zip(texts[::2], texts[1::2], strict=True)]
    lines = (", ".join(pairs[k : k + POINTS_A_LINE]) for k in range(0, len(pairs), POINTS_A_LINE))
    return f",\n{indent}".join(lines)


def _leaf(value: Any) -> str:
    if isinstance(value, Row):
        return _numbers(value.numbers.tolist())
    if isinstance(value, float):
        return _numbers([value])[1:-1]
    if isinstance(value, list):
        return "[" + ", ".join(map(_leaf, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _numbers(values: list[float]) -> str:
    """Return floats as a JSON list, 2 for 2.0. -0.0 stays, since -0 would be read as 0.

    msgspec is five times as fast as Python.
    """
    text = msgspec.json.encode(values).decode().replace(",", ", ")
    return _WHOLE.sub(r"\1", text) if ".0," in text or ".0]" in text else text
