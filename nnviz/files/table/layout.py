"""How a table is laid out: what separates its cells, its decimal sign, whether its first row names columns.

It is found from several rows, and may be said instead.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from nnviz.core.names import quoted
from nnviz.files.errors import FileError
from nnviz.files.table.cells import (
    DELIMITERS,
    GROUPED,
    MISSING,
    NOT_CLOSED,
    is_date,
    is_like_a_number,
    rows_of,
)
from nnviz.files.table.text import ENCODINGS

SAMPLE = 100
"""Lines that are looked at."""
DECIMALS = ".,"
_COMMA = re.compile(
    r"[+-]?(\d{1,3}(\.\d{3})+|0|\d{4,}),\d+|[+-]?\d*,(\d{1,2}|\d{4,})([eE][+-]?\d+)?", re.ASCII
)
_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?|[+-]?\d{1,3}(,\d{3})+\.\d*", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", re.ASCII)
"""What may be a number with points between thousands, where the decimal sign is a comma."""
_GROUPED = re.compile(rf'(^|;)\s*"?{GROUPED.pattern}"?\s*(;|$)', re.ASCII)
"""A line with a GROUPED cell."""
NAMES = {"\t": "tabs", ";": "semicolons", "|": "vertical bars", ",": "commas"}


@dataclass(frozen=True)
class Layout:
    """How a table is laid out; None is what is to be found. Raises FileError for what is not known.

    ============ ====================================================================================
    `encoding`   one of `text.ENCODINGS`
    `delimiter`  what separates cells: a tab, a semicolon, `|` or a comma
    `decimal`    the decimal sign: a point or a comma; None also where nothing in the table tells which
    `header`     whether the first row names the columns
    `grouped`    whether the other sign may part thousands: a person has said the decimal sign
    ============ ====================================================================================
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: bool | None = None
    grouped: bool = False

    def __post_init__(self) -> None:
        for name, known in (("encoding", ENCODINGS), ("delimiter", NAMES), ("decimal", DECIMALS)):
            said = getattr(self, name)
            if said is not None and said not in [*known]:
                raise FileError(f"expected one of {', '.join(map(repr, known))}, found {quoted(said)}", name)


def found(lines: list[str], said: Layout) -> Layout:
    """Return the layout of a table with these lines, by its first rows; what is `said` stays.

    If these leave open whether points separate thousands, all lines are searched for the decimal sign.
    """
    sample = lines[:SAMPLE]
    delimiter = said.delimiter or _delimiter(sample)
    rows, _ = _rows(sample, delimiter)
    decimal = said.decimal or _decimal(rows)
    if decimal is None:
        is_open = delimiter == ";" and any(map(_GROUPED.search, lines))
        decimal = _decimal(_cells(lines, delimiter)) if is_open else "."
    header = _is_header(rows, decimal) if said.header is None else said.header
    return replace(
        said, delimiter=delimiter, decimal=decimal, header=header, grouped=said.decimal is not None
    )


def _rows(lines: list[str], delimiter: str) -> tuple[list[list[str]], bool]:
    """Return the rows up to the first fault, and whether there is one; a quote may end behind the sample."""
    rows: list[list[str]] = []
    try:
        rows.extend(_cells(lines, delimiter))
    except FileError as error:
        return rows, error.message != NOT_CLOSED or len(lines) < SAMPLE
    return rows, False


def _cells(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    for cells, _, _ in rows_of(lines, delimiter):
        yield cells


def _delimiter(lines: list[str]) -> str:
    """Return what cuts most rows into equally many cells, not into one, and leaves no stray quote."""
    if _is_one_column(lines):
        return ";"
    best, most = ",", (False, 0.0)
    for sign in DELIMITERS:
        rows, is_faulty = _rows(lines, sign)
        widths = Counter(map(len, rows))
        width, count = max(widths.items(), key=lambda each: (each[1], each[0]), default=(0, 0))
        fit = (not is_faulty, count / len(rows) if width > 1 else 0.0)
        if fit[1] and fit > most:
            best, most = sign, fit
    return best


def _is_one_column(lines: list[str]) -> bool:
    """Tell whether below one name stand numbers alone, some with a decimal comma: it parts no cells then."""
    name, *numbers = [line.strip() for line in lines if line.strip()] or [""]
    some = "," not in name and any(map(_COMMA.fullmatch, numbers))
    return some and all(is_like_a_number(number, ",") for number in numbers)


def _decimal(rows: Iterable[list[str]]) -> str | None:
    """Return the decimal sign of the numbers in these rows, the point first; None if no number shows it.

    A number whose signs may separate thousands does not show it.
    """
    has_comma = False
    with suppress(FileError):
        for cell in (cell.strip() for row in rows for cell in row):
            if _POINT.fullmatch(cell) and not _THOUSANDS.fullmatch(cell):
                return "."
            has_comma = has_comma or _COMMA.fullmatch(cell) is not None
    return "," if has_comma else None


def _is_header(rows: list[list[str]], decimal: str | None) -> bool:
    """Tell whether the first row names columns: no cell of it is a number, and not all say one is missing.

    A date above dates is no name either, nor is, where no row holds a number, a text that is seen again
    below it, in its column.
    """
    if not rows:
        return False
    first, rest = [cell.strip() for cell in rows[0]], rows[1:]
    if any(is_like_a_number(cell, decimal) for cell in first) or all(map(MISSING.fullmatch, first)):
        return False
    below = [{cell.strip() for cell in column} for column in zip(*rest, strict=False)]
    if any(is_date(cell) and any(map(is_date, own)) for cell, own in zip(first, below, strict=False)):
        return False
    if any(is_like_a_number(cell, decimal) for row in rest for cell in row):
        return True
    return not any(cell and cell in column for cell, column in zip(first, below, strict=False))
