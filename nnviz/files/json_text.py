"""JSON as text: a strict reader, and a writer that is pleasant to read and to diff.

Knows nothing of formats.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from nnviz.core.numbers import full
from nnviz.files.errors import FileError


class BrokenJsonError(FileError):
    """Text that is not JSON at all."""


def decoded(data: bytes) -> str:
    """Return UTF-8 bytes, with or without a byte order mark, as text. Raises FileError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise FileError("this is not UTF-8 text", f"line {line}") from None


def parsed(text: str) -> Any:
    """Read JSON; NaN and infinities come back as such, for the caller to refuse with their place.

    Raises BrokenJsonError, and FileError for a key that stands twice and for nesting too deep to follow.
    """
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_integer)
    except json.JSONDecodeError as error:
        if not text.strip():
            raise FileError("the file is empty") from None
        place = f"line {error.lineno}, column {error.colno}"
        raise BrokenJsonError(
            f"the JSON is broken here ({error.msg[0].lower()}{error.msg[1:]})", place
        ) from None
    except RecursionError:
        raise FileError("the JSON is nested too deeply") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = [key for key, _ in pairs]
    check_unique(keys)
    for key in keys:
        if not key.isascii() and re.search("[\ud800-\udfff]", key):
            raise FileError(f"the key {key!r} holds half of a surrogate pair")
    return dict(pairs)


def check_unique(keys: list[Any]) -> None:
    """Raise FileError where one of an object's keys stands twice."""
    if len(set(keys)) < len(keys):
        twice = Counter(keys).most_common(1)[0][0]
        raise FileError(f"the key {twice!r} stands twice in one object")


def _integer(digits: str) -> int | float:
    # int() refuses thousands of digits with a riddle; as a float they are infinite: told with their place.
    return int(digits) if len(digits) < 400 else float(digits)


def laid_out(value: Any, indent: str = "") -> str:
    """Return `value` as JSON, one key a line and one row of a matrix a line.

    A float is written so that reading it gives the same float: 2 for 2.0, -0.0 for −0.0. Takes what JSON has;
    floats are finite.
    """
    inner = indent + "  "
    if isinstance(value, Mapping) and value:
        lines = [f"{inner}{_leaf(key)}: {laid_out(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, list | Mapping) for item in value):
        lines = [f"{inner}{laid_out(item, inner)}" for item in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    return _leaf(value)


def _leaf(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_leaf, value)) + "]"
    if isinstance(value, float):
        # -0 would come back as the integer 0.
        return "-0.0" if value == 0.0 and math.copysign(1.0, value) < 0.0 else full(value)
    return json.dumps(value, ensure_ascii=False)
