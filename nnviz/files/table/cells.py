"""A line of text as cells, and a cell as a number. Knows nothing of columns."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any

from nnviz.core.names import SHOWN, shortened
from nnviz.core.numbers import parsed
from nnviz.files.errors import FileError

DELIMITERS = "\t;|,"
"""What may separate cells; where several would do, the first of them does."""

MISSING = re.compile(
    r"\s*(<?NA>?|na|n/a|#?N/A|[Nn]ull|NULL|[Nn]one|NONE|nil|NaN|nan|\\N|[-–—?.*]*"
    r"|[kKnN]\. ?[aA]\.?|[Kk]eine Angaben?|#NV|#(NUM|VALUE|REF|NULL|ZAHL|WERT|BEZUG)!|#DIV/0!|#NAME\?"
    r"|[+-]?nan\(\w*\)|[+-]?1\.#\w+)\s*"
)
"""What programs and people write for a value that is missing."""
_NO_NUMBER = re.compile(r"\s*[+-]?(nan|inf|infinity)\s*", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
"""What Python's `float` reads as `parsed` does, but for its size."""
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?", re.ASCII)
"""With points, which a decimal comma leaves to thousands."""
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}((\.\d{3})+|(,\d{3})+)", re.ASCII)
"""A number that may have a thousands separator, with either decimal sign."""
_SWAPPED = str.maketrans(".,", ",.")

_Y, _YY = r"\d{4}", r"(\d{4}|\d\d)"
_M, _D = r"(0?[1-9]|1[0-2])", r"(0?[1-9]|[12]\d|3[01])"
_NAME = (
    r"(jan(uary|uar)?|feb(ruary|ruar)?|mar(ch)?|mär(z)?|mrz|apr(il)?|ma[yi]|jun[ei]?|jul[yi]?|aug(ust)?"
    r"|sept?(ember)?|o[ck]t(ober)?|nov(ember)?|de[cz](ember)?)\.?"
)
_DATES = (
    f"{_Y}[-/.]{_M}[-/.]{_D}|{_Y}[-/]{_M}",  # 2024-03-14, 2024/03
    rf"{_D}\. ?{_M}\. ?{_YY}?",  # 14.03.2024, 14.3.
    f"({_D}[-/]{_M}|{_M}[-/]{_D})[-/]{_YY}",  # 3/14/2024, 14-03-24
    f"{_D}/{_M}|{_M}/({_D}|{_Y})",  # 3/14, 03/2024
    rf"{_D}\.?[- ]{_NAME}([- ]{_YY})?|{_NAME}[- ]({_D},? )?{_YY}",  # 14-Mar-24, 14. März, Mar 14, 2024
)
_TIME = r"([01]?\d|2[0-4]):[0-5]\d(:[0-5]\d([.,]\d+)?)?( ?[ap]\.?m\.?)?( ?(z|utc|gmt|[+-]\d\d(:?\d\d)?))?"
_DATE_OR_TIME = re.compile(rf"({'|'.join(_DATES)})([T ,]+{_TIME})?|{_TIME}", re.IGNORECASE | re.ASCII)
"""As ISO, Germans and Americans write them, and no number: 2024 and 14.03 are some."""

_TOLD = {
    "unexpected end of data": "a quote is not closed",
    f"field larger than field limit ({csv.field_size_limit()})": "a cell has too many letters",
    **{f"'{sign}' expected after '\"'": "a closing quote is not the end of its cell" for sign in DELIMITERS},
}
"""What Python's reader says, in our words."""
NOT_CLOSED = _TOLD["unexpected end of data"]


def rows_of(lines: list[str], delimiter: str, first: int = 0) -> Iterator[tuple[list[str], int, int]]:
    """Yield the cells of each row from line `first` on, the number of its first line, and that of its last.

    Lines count from 1, and blank ones are no rows. A cell in quotes may go on in the next line. Raises
    FileError for a stray quote.
    """
    rows = csv.reader((f"{lines[i]}\n" for i in range(first, len(lines))), **_as_csv(delimiter))
    last = first
    while True:
        begins = last + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise FileError(_TOLD.get(str(error), str(error)), f"line {begins}") from None
        last = first + rows.line_num
        if len(cells) > 1 or "".join(cells).strip():
            yield cells, begins, last


def one_line_rows(lines: list[str], delimiter: str, width: int) -> list[list[str]] | None:
    """Return the cells of each line, or None unless every line is a row by itself, of `width` cells.

    Much quicker than `rows_of`, which reads every row and says what is wrong with it, and where.
    """
    try:
        rows = [*csv.reader(lines, **_as_csv(delimiter))]
    except csv.Error:
        return None
    are_rows = len(rows) == len(lines) and all(len(cells) == width for cells in rows)
    return rows if are_rows and (width > 1 or all(cell.strip() for (cell,) in rows)) else None


def _as_csv(delimiter: str) -> dict[str, Any]:
    return {"delimiter": delimiter, "skipinitialspace": delimiter != "\t", "strict": True}


class AmbiguousError(ValueError):
    """A cell that is two different numbers, depending on the decimal sign."""


def number(cell: str, decimal: str | None, *, grouped: bool = False) -> float:
    """Return the number in a cell. `decimal` is the decimal sign, or None if it is not known.

    If numbers may be `grouped`, the other sign separates thousands. Raises ValueError with what is wrong,
    AmbiguousError if only the decimal sign is missing.
    """
    if decimal is None and GROUPED.fullmatch(cell):
        told, whole = (shortened(text, SHOWN) for text in (cell, re.sub("[.,]", "", cell)))
        if len(re.findall("[.,]", cell)) > 1:
            raise AmbiguousError(f"{told} is {whole} with a thousands separator: choose the decimal sign")
        ways = f"as {told.replace(',', '.')} and, with a thousands separator, as {whole}"
        raise AmbiguousError(f"{told} can be read in two ways, {ways}: choose the decimal sign")
    if grouped and _THOUSANDS.fullmatch(cell if decimal == "," else cell.translate(_SWAPPED)):
        cell = cell.replace("." if decimal == "," else ",", "")
    elif decimal == "," and _THOUSANDS.fullmatch(cell):
        told = shortened(cell, SHOWN)
        without = shortened(cell.replace(".", ""), SHOWN)
        raise ValueError(f"{told} has a thousands separator: write it without, as {without}")
    pointed = cell.replace(",", ".") if decimal == "," and cell.count(",") == 1 else cell
    if _PLAIN.fullmatch(pointed) and abs(value := float(pointed)) < float("inf"):
        return value
    if not cell:
        raise ValueError("the cell is empty")
    return parsed(pointed, quotients=False)


def is_like_a_number(cell: str, decimal: str | None) -> bool:
    """Tell whether a cell holds a number, one that is not finite or has a thousands separator among them."""
    cell = cell.strip()
    try:
        number(cell, decimal)
    except ValueError as error:
        return _NO_NUMBER.fullmatch(cell) is not None or "thousands separator" in str(error)
    return True


def is_date(cell: str) -> bool:
    """Tell whether a cell holds a date or a time, or both."""
    return _DATE_OR_TIME.fullmatch(cell.strip()) is not None
