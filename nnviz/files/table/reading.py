"""Tables from text: encoding, delimiter, decimal sign, header and cells.

The layout is found from several rows, or given.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import compress, islice
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.numbers import COLUMNS, LINES, NUMBERS, ROWS, SHOWN, counted, full, parsed, quoted, shortened
from nnviz.core.state import CellError, Column
from nnviz.files.errors import FileError, Progress, UndecidedError, told_by_core
from nnviz.files.registry import refuse_bytes

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


BLOCK = 500
"""Lines that are read at once, of a wide table fewer: so many that hold BLOCK_CELLS."""
BLOCK_CELLS = 50_000

_LISTS = msgspec.json.Decoder(list[list[float | None]])
_MISSING = frozenset(("", "NA", "NaN", "nan", "?"))
"""Those that are frequent among numbers of all texts for a missing one."""
_MINUS_0 = re.compile(r"-0(?![.eE\d])")
"""Whose sign is lost where JSON has whole numbers."""
_MAY_BE = re.compile(r"[+−-]?[\d.,]+([eE][+−-]?\d+)?", re.ASCII)
"""What every number looks like: to look closer at all texts of a column takes long."""


class Cells:
    """Cells as columns: `values`, shape (rows, width), is NaN where there is no number.

    `texts` holds what stands there instead, of those columns alone that have such a cell, and "" for numbers;
    `lines`, shape (rows,), says in which line of the file a row begins, from 1. Raises FileError for a row
    of another width, a stray quote, and for more than nnviz opens.
    """

    def __init__(
        self,
        lines: list[str],
        first: int,
        delimiter: str,
        decimal: str | None,
        width: int,
        *,
        grouped: bool = False,
    ) -> None:
        self._text, self._first = lines, first
        self._delimiter, self._decimal, self._width = delimiter, decimal, width
        self._grouped = grouped
        self._strange = {".", ","} - {delimiter, decimal}
        """What stands in no plain number: a comma, or a point where the decimal sign is no point."""
        self._count = 0
        self.texts: dict[int, list[str]] = {}

    def read(self, most: int | None, progress: Progress | None, *, fitting: bool) -> int:
        """Read the rows from the first line on, the first `most` of them; where `fitting`, as many as may be.

        Return how many there are.
        """
        count = room = self._room(progress) if most is None else most
        if fitting:
            room = min(count, ROWS.most, NUMBERS.most // self._width)
        with told_by_core():
            ROWS.check(room)
            NUMBERS.check(room * self._width)
        self.values = np.empty((room, self._width))
        self.lines: NDArray[np.int32] = np.empty(room, dtype=np.int32)
        first, step = self._first, min(BLOCK, max(1, BLOCK_CELLS // self._width))
        while first < len(self._text) and self._count < room:
            if progress is not None:
                progress(first / len(self._text))
            first = self._block(first, min(first + step, len(self._text)))
        self.values, self.lines = self.values[: self._count], self.lines[: self._count]
        return count if count > room else self._count

    def _room(self, progress: Progress | None) -> int:
        """Return how many rows there are at most; where that is too many, how many there are."""
        lines = islice(self._text, self._first, None)
        rows = sum(1 for line in lines if self._delimiter in line or line.strip())
        if rows <= min(ROWS.most, NUMBERS.most // self._width) or not any('"' in line for line in self._text):
            return rows
        rows = 0
        for _, _, last in rows_of(self._text, self._delimiter, self._first):  # a cell in quotes has line ends
            rows += 1
            if progress is not None and rows % BLOCK == 0:
                progress(last / len(self._text))
        return rows

    def _block(self, first: int, end: int) -> int:
        """Take the rows that begin from line `first` up to line `end`; return the line behind them."""
        numbers = self._plain_numbers(self._text[first:end], self._width)
        if numbers is not None and not np.isnan(numbers).any():
            count = self._take(numbers, range(first + 1, end + 1))
            for texts in self.texts.values():
                texts += [""] * count
            return end
        end = min(end, first + len(self.values) - self._count)
        whole = one_line_rows(self._text[first:end], self._delimiter, self._width)
        if whole is not None:
            self._take(self._of_cells(whole), range(first + 1, end + 1))
            return end
        rows: list[list[str]] = []
        begins: list[int] = []
        last = len(self._text)
        for cells, line, ended in rows_of(self._text, self._delimiter, first):
            rows.append(self._of_width(cells, line))
            begins.append(line)
            if ended >= end or self._count + len(rows) == len(self.values):
                last = ended
                break
        if rows:
            self._take(self._of_cells(rows), begins)
        return last

    def _take(self, numbers: Array, lines: Sequence[int]) -> int:
        """Take as many rows as there is room for; return how many."""
        count = min(len(numbers), len(self.values) - self._count)
        room = slice(self._count, self._count + count)
        self.values[room], self.lines[room] = numbers[:count], lines[:count]
        self._count += count
        return count

    def _plain_numbers(self, lines: Sequence[str], width: int) -> Array | None:
        """Return the numbers of lines that hold `width` of them, as JSON has them; None for other lines.

        JSON's null is NaN.
        """
        text = "\n".join(lines)
        if "[" in text or any(sign in text for sign in self._strange):
            return None
        if self._delimiter != ",":
            text = text.replace(self._decimal or ".", ".").replace(self._delimiter, ",")
        if _MINUS_0.search(text):
            return None
        rows = text.replace("\n", "],[")
        try:
            found = np.array(_LISTS.decode(f"[[{rows}]]"), dtype=np.float64)
        except (msgspec.DecodeError, ValueError):
            return None  # a text, another notation, a row of another width
        return found if found.shape == (len(lines), width) else None

    def _of_width(self, cells: list[str], line: int) -> list[str]:
        if len(cells) == self._width + 1 and not cells[-1].strip():  # a delimiter at the line's end
            return cells[:-1]
        if len(cells) != self._width:
            expected = counted(self._width, "value")
            raise FileError(f"expected {expected} as in the first line, found {len(cells)}", f"line {line}")
        return cells

    def _of_cells(self, rows: list[list[str]]) -> Array:
        out = np.empty((len(rows), self._width))
        for place, cells in enumerate(zip(*rows, strict=True)):
            plain = self._plain_numbers(["null" if cell in _MISSING else cell for cell in cells], 1)
            numbers = out[:, place] = self._mixed(cells) if plain is None else plain[:, 0]
            gone = np.isnan(numbers)
            if gone.any() and place not in self.texts:
                self.texts[place] = [""] * self._count
            if place in self.texts:
                own = zip(cells, gone.tolist(), strict=True)
                self.texts[place] += (cell.strip() if is_gone else "" for cell, is_gone in own)
        return out

    def _mixed(self, cells: tuple[str, ...]) -> Array:
        known = {cell: self._number(cell.strip()) for cell in set(cells)}
        return np.fromiter(map(known.__getitem__, cells), np.float64, len(cells))

    def _number(self, cell: str) -> float:
        try:
            may_be = _MAY_BE.fullmatch(cell)
            return number(cell, self._decimal, grouped=self._grouped) if may_be else np.nan
        except ValueError:
            return np.nan


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
_GROUPED_WITH_DECIMALS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?", re.ASCII)
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
    if grouped and _GROUPED_WITH_DECIMALS.fullmatch(cell if decimal == "," else cell.translate(_SWAPPED)):
        cell = cell.replace("." if decimal == "," else ",", "")
    elif decimal == "," and _GROUPED_WITH_DECIMALS.fullmatch(cell):
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
class TableLayout:
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


def found(lines: list[str], said: TableLayout) -> TableLayout:
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


HEAD_BYTES = 2**18
HEAD_ROWS = 200
"""So much of a table is looked at before it is read."""

_NOTHING: tuple[list[str], int, int] = ([], 0, 0)


@dataclass(frozen=True)
class Table:
    """Rows of cells, and the names of the columns where the file gives them.

    ========== =======================================================================
    `layout`   how it is laid out: all that was found, or said
    `names`    of the columns, or None
    `_values`  the numbers, shape (rows, columns); NaN where a cell is none
    `_texts`   of each column that has a cell which is no number, by its place: those, and "" for numbers
    `lines`    the line that each row begins in, shape (rows,)
    `of`       how many rows the file has, of which these are the first
    ========== =======================================================================
    """

    layout: TableLayout
    names: tuple[str, ...] | None
    _values: Array = field(repr=False)
    _texts: dict[int, list[str]] = field(repr=False)
    lines: NDArray[np.int32] = field(repr=False)
    of: int

    def __len__(self) -> int:
        return len(self._values)

    @property
    def size(self) -> str:
        """How many rows there are, in words, and of how many."""
        if len(self) == self.of:
            return counted(self.of, "row")
        return f"the first {len(self):,} of {counted(self.of, 'row')}"

    def first(self, rows: int) -> Table:
        """Return the first rows alone, at most so many."""
        if rows >= len(self):
            return self
        return replace(self.only(np.arange(len(self)) < rows), of=self.of)

    def only(self, rows: NDArray[np.bool_]) -> Table:
        """Return some of the rows as a table of their own."""
        values = self._values[rows]
        texts = {at: own for at, own in self._texts.items() if np.isnan(values[:, at]).any()}
        return replace(
            self,
            _values=values,
            _texts={at: [*compress(own, rows)] for at, own in texts.items()},
            lines=self.lines[rows],
            of=len(values),
        )

    @property
    def width(self) -> int:
        """How many columns there are."""
        return len(self._values.T)

    @property
    def rows(self) -> Array:
        """All columns as they stand. Raises FileError for a cell that is no finite number."""
        return self.at(range(self.width))

    def at(self, places: Sequence[int]) -> Array:
        """Return some of the columns. Raises FileError for a cell in them that is no finite number."""
        faults = [(int(np.isnan(self._values[:, at]).argmax()), at) for at in places if at in self._texts]
        if faults:
            row, column = min(faults)
            raise self.fault(row, column)
        return self._values[:, list(places)]

    def numbers(self, column: int) -> Array:
        """Return the numbers of a column, shape (rows,); NaN where a cell is none."""
        return self._values[:, column]

    def texts(self, column: int) -> list[str] | None:
        """Return the cells of a column where not all are numbers: these in full, others without space."""
        own = self._texts.get(column)
        if own is None:
            return None
        numbers = self._values[:, column].tolist()
        return [text if number != number else full(number) for text, number in zip(own, numbers, strict=True)]

    def missing(self, column: int, values: Sequence[str] = ()) -> NDArray[np.bool_]:
        """Return which cells of a column are missing, shape (rows,); its own `values` are not."""
        texts = self._texts.get(column)
        if texts is None:
            return np.zeros(len(self), dtype=np.bool_)
        known = {text for text in set(texts) if MISSING.fullmatch(text) and text not in values}
        gone = np.fromiter((text in known for text in texts), np.bool_, len(texts))
        return gone & np.isnan(self._values[:, column])

    def place(self, row: int, column: int) -> str:
        """Return where a cell stands: "line 3, column 2"."""
        return f"line {self.lines[row]}, column {column + 1}"

    def fault(self, row: int, column: int) -> FileError:
        """Return what is wrong with a cell that is no number."""
        try:
            number(self._texts[column][row], self.layout.decimal, grouped=self.layout.grouped)
        except AmbiguousError as error:
            return UndecidedError(str(error), self.place(row, column))
        except ValueError as error:
            return FileError(str(error), self.place(row, column))
        raise AssertionError  # it is one

    def encoded(self, column: Column, at: int) -> Array:
        """Return what the cells of the column at a place become, shape (rows, nodes). Raises FileError."""
        if not column.values:
            return column.standardised(self.at([at]))
        texts = self.texts(at)
        try:
            return column.encoded(self._values[:, at] if texts is None else texts)
        except CellError as error:
            raise FileError(str(error), self.place(error.row, at)) from None

    def places(self, wanted: Sequence[str]) -> list[int] | None:
        """Return where the columns of the `wanted` names stand; None where no column bears one of them.

        Capitals do not matter where that leaves no doubt. Raises FileError where some names are there and
        some are not, and where one stands twice.
        """
        exact = _indices(self.names or ())
        alike = _indices(name.casefold() for name in self.names or ())
        sought = Counter(name.casefold() for name in wanted)
        found: list[list[int]] = []
        for name in wanted:
            folded = name.casefold()
            found.append(exact.get(name) or (alike.get(folded, []) if sought[folded] == 1 else []))
        if not any(found):
            return None
        for name, places in zip(wanted, found, strict=True):
            if len(places) != 1:
                told = f"{len(places)} columns are" if places else "no column is"
                raise FileError(f"{told} called {quoted(name)}", "line 1")
        return [place for (place,) in found]


def _indices(names: Iterable[str]) -> dict[str, list[int]]:
    indices: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        indices.setdefault(name, []).append(i)
    return indices


def read(
    data: bytes,
    progress: Progress | None = None,
    said: TableLayout | None = None,
    most: int | None = None,
    *,
    fitting: bool = False,
) -> Table:
    """Return the table in the bytes of a file, the first `most` rows of it; what is not `said` is found.

    `fitting` takes of more rows than nnviz opens the first, as many as it does. `progress` is told, now and
    then, which part is read. Raises FileError, which begins with the line, for lines of different lengths and
    stray quotes, and for more than nnviz opens.
    """
    said = said or TableLayout()
    text, encoding = decoded(data, said.encoding)
    return parse(text, progress, replace(said, encoding=encoding), most, fitting=fitting)


def head(data: bytes, said: TableLayout | None = None) -> Table:
    """Return the first rows of a table in the same way, at once, however large it is. Raises FileError."""
    said = said or TableLayout()
    if len(data) <= HEAD_BYTES:
        return read(data, said=said, most=HEAD_ROWS)
    encoding = said.encoding or encoding_of(data)
    said = replace(said, encoding=encoding)
    text = with_plain_ends(data[:HEAD_BYTES].decode(ENCODINGS[encoding], "ignore")).removeprefix("\ufeff")
    lines = text.split("\n")[:-1] or [text]
    try:
        return parse("\n".join(lines), None, said, HEAD_ROWS)
    except FileError as error:
        line = re.fullmatch(r"line (\d+)", error.place)
        if error.message != NOT_CLOSED or line is None or line[1] == "1":
            raise
        return parse("\n".join(lines[: int(line[1]) - 1]), None, said, HEAD_ROWS)


def parse(
    text: str,
    progress: Progress | None = None,
    said: TableLayout | None = None,
    most: int | None = None,
    *,
    fitting: bool = False,
) -> Table:
    """Return the table in a text, as `read` does."""
    text = with_plain_ends(text)
    with told_by_core():
        LINES.check(text.count("\n") + (not text.endswith("\n")))
    lines = text.split("\n")
    layout = found(lines, said or TableLayout())
    assert layout.delimiter is not None
    first_row, _, after = next(rows_of(lines, layout.delimiter), _NOTHING)
    if not first_row:
        raise FileError("there are no rows")
    with told_by_core():
        COLUMNS.check(len(first_row), "line 1")
    names = tuple(cell.strip() for cell in first_row) if layout.header else None
    first, width = after if layout.header else 0, len(first_row)
    cells = Cells(lines, first, layout.delimiter, layout.decimal, width, grouped=layout.grouped)
    of = cells.read(most, progress, fitting=fitting)
    if not len(cells.values):
        raise FileError("there are no rows")
    return _without_ends(Table(layout, names, cells.values, cells.texts, cells.lines, of))


def _without_ends(table: Table) -> Table:
    """Leave out a last column that nothing but delimiters at the lines' ends makes."""
    last, names = table.width - 1, table.names
    texts = table.texts(last)
    if not last or texts is None or any(texts) or (names[last] if names else len(texts) < 2):
        return table
    others = {place: own for place, own in table._texts.items() if place != last}
    return replace(table, names=names and names[:last], _values=table._values[:, :last], _texts=others)
