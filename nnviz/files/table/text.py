"""The bytes of a table as text: which encoding they are in. Knows nothing of cells."""

from __future__ import annotations

import re

from nnviz.files.errors import FileError
from nnviz.files.strangers import refuse_bytes

ENCODINGS = {
    "UTF-8": "utf-8-sig",
    "UTF-16 LE": "utf-16-le",
    "UTF-16 BE": "utf-16-be",
    "Windows-1252": "cp1252",
}
"""Those that are known, by what a person calls them, and Python's names for them."""
_MARKS = {b"\xef\xbb\xbf": "UTF-8", b"\xff\xfe": "UTF-16 LE", b"\xfe\xff": "UTF-16 BE"}
_SAMPLE_BYTES = 4096
_FOR_EXCEL = re.compile(r'\A\ufeff?"?sep=[;,|\t]"?(?=\n)', re.IGNORECASE)


def encoding_of(data: bytes) -> str:
    """Return in which of ENCODINGS the bytes are: as a mark says, or as they look, Windows-1252 at last.

    Raises FileError for what is often met and is no table, such as a web page.
    """
    refuse_bytes(data)
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return name
    if name := _without_mark(data[:_SAMPLE_BYTES]):
        return name
    if data.isascii():
        return "UTF-8"
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "Windows-1252"
    return "UTF-8"


def _without_mark(sample: bytes) -> str:
    """Return "UTF-16 …" where every other byte is 0, as it is with Latin letters and digits, or ""."""
    pairs = len(sample) // 2
    first, second = sample[: 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if second > 0.6 * pairs and first < 0.1 * pairs:
        return "UTF-16 LE"
    return "UTF-16 BE" if first > 0.6 * pairs and second < 0.1 * pairs else ""


def decoded(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return bytes as text, its lines ending as they do, and in which of ENCODINGS they are.

    Raises FileError, which begins with the line, for what is no text in it.
    """
    name = encoding or encoding_of(data)
    try:
        text = data.decode(ENCODINGS[name])
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = "this is neither UTF-8 nor Windows-1252" if encoding is None else f"this is not {name}"
        raise FileError(f"{what} text", f"line {line}") from None
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FileError("there is a NUL, which no text holds: this is no table", f"line {line}")
    return text, name


def with_plain_ends(text: str) -> str:
    """Return a text whose lines end in line feeds alone, the first one blank where it tells Excel "sep=;"."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return _FOR_EXCEL.sub("", text, count=1)
