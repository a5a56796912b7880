"""Reader of tables in text files: encoding, delimiter, decimal sign, header and cells.

A person gives the layout of the table, or nnviz detects the layout from its first lines.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import compress

import msgspec
import numpy as np
from numpy.typing import NDArray

from nnviz.core.activations import Array
from nnviz.core.columns import Column
from nnviz.core.formula import CellError
from nnviz.core.numbers import COLUMNS, LINES, NUMBERS, ROWS, counted, full, parse_number, quoted, shortened
from nnviz.files.errors import AmbiguousCellError, FileError, Progress, as_file_errors
from nnviz.files.registry import refuse_bytes

ENCODINGS = {
    "UTF-8": "utf-8-sig",
    "UTF-16 LE": "utf-16-le",
    "UTF-16 BE": "utf-16-be",
    "Windows-1252": "cp1252",
}
"""Maps nnviz's name of each supported encoding to Python's name."""
_MARKS = {b"\xef\xbb\xbf": "UTF-8", b"\xff\xfe": "UTF-16 LE", b"\xfe\xff": "UTF-16 BE"}
_FOR_EXCEL = re.compile(r'\A\ufeff?"?sep=[;,|\t]"?(?=\n)', re.IGNORECASE)


def encoding_of(data: bytes) -> str:
    """Return the encoding of the bytes, one of ENCODINGS.

    A byte order mark decides. Without a mark, bytes that are not UTF-8 count as Windows-1252. Raises
    FileError for files that are certainly not tables, such as a web page.
    """
    refuse_bytes(data)
    for mark, name in _MARKS.items():
        if data.startswith(mark):
            return name
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return "Windows-1252"
    return "UTF-8"


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return the text of the bytes and the encoding's name in ENCODINGS. Line ends do not change.

    Raises FileError, with the line, for bytes that are not text in this encoding.
    """
    name = encoding or encoding_of(data)
    try:
        text = data.decode(ENCODINGS[name])
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        names = "UTF-8 or Windows-1252" if encoding is None else name
        raise FileError(f"the text is not {names}", f"line {line}") from None
    text = text.removeprefix("\ufeff")
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise FileError("the file is not a table, because it has a NUL character", f"line {line}")
    return text, name


def with_plain_ends(text: str) -> str:
    """Return the text with line feeds as line ends. A first line "sep=;" (for Excel) becomes blank."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    return _FOR_EXCEL.sub("", text, count=1)


BLOCK = 500
"""nnviz reads a table in blocks. A block has at most BLOCK lines and at most BLOCK_CELLS cells."""
BLOCK_CELLS = 50_000

_LISTS = msgspec.json.Decoder(list[list[float | None]])
_MISSING = frozenset(("", "NA", "NaN", "nan", "?"))
"""The most frequent texts for a missing number, for speed; MISSING has all such texts."""
_MINUS_0 = re.compile(r"-0(?![.eE\d])")
"""-0, whose sign JSON loses because it is a whole number."""
_MAY_BE = re.compile(r"[+−-]?[\d.,]+([eE][+−-]?\d+)?", re.ASCII)
"""Pattern that all numbers match, for speed: `number` is slow for all texts of a column."""


class Cells:
    """Reader of a table's cells. `values` has shape (rows, width), with NaN for a cell that is not a number.

    If a column has cells that are not numbers, `texts` maps the column's index to one text per row, "" for a
    number. `lines`, shape (rows,), is the line of the file in which each row begins, from 1. Raises FileError
    for a row of another width, for a stray quote, and for a table that exceeds nnviz's limits.
    """

    def __init__(self, lines: list[str], first: int, width: int, layout: TableLayout) -> None:
        self._text, self._first, self._width = lines, first, width
        self._delimiter, self._decimal = layout.delimiter or ",", layout.decimal
        self._grouped = layout.grouped
        self._strange = {".", ","} - {self._delimiter, self._decimal}
        """Comma and point, except the delimiter and the decimal sign; no plain number has these signs."""
        self._count = 0
        self.texts: dict[int, list[str]] = {}

    def read(self, progress: Progress | None, *, fitting: bool) -> int:
        """Read the rows. Return the number of rows in the file.

        Rows beyond nnviz's limits are left out if `fitting=True`; otherwise they raise FileError.
        """
        most = min(ROWS.limit, NUMBERS.limit // self._width)
        blocks = [np.empty((0, self._width))]
        lines = [np.empty(0, np.int32)]
        first, step = self._first, min(BLOCK, max(1, BLOCK_CELLS // self._width))
        while first < len(self._text) and self._count <= most:
            if progress is not None:
                progress(first / len(self._text))
            numbers, own, first = self._block(first, min(first + step, len(self._text)))
            blocks.append(numbers)
            lines.append(np.array(own, np.int32))
            self._count += len(numbers)
        count = self._count + sum(1 for _ in rows_of(self._text, self._delimiter, first))
        if not fitting:
            with as_file_errors():
                ROWS.check(count)
                NUMBERS.check(count * self._width)
        self.values, self.lines = np.concatenate(blocks)[:most], np.concatenate(lines)[:most]
        self.texts = {place: texts[:most] for place, texts in self.texts.items()}
        return count

    def _block(self, first: int, end: int) -> tuple[Array, Sequence[int], int]:
        """Return the numbers and the lines of the rows from `first` to before `end`, and the next index."""
        numbers = self._plain_numbers(self._text[first:end], self._width)
        if numbers is None or np.isnan(numbers).any():
            rows, lines, end = self._rows(first, end)
            return self._numbers(rows), lines, end
        for texts in self.texts.values():
            texts += [""] * len(numbers)
        return numbers, range(first + 1, end + 1), end

    def _rows(self, first: int, end: int) -> tuple[list[list[str]], Sequence[int], int]:
        """Return the rows that begin in the lines `first` to `end`, their lines, and the next index."""
        rows: list[list[str]] = []
        lines: list[int] = []
        for cells, line, last_line in rows_of(self._text, self._delimiter, first):
            rows.append(self._of_width(cells, line))
            lines.append(line)
            if last_line >= end:
                return rows, lines, last_line
        return rows, lines, len(self._text)

    def _plain_numbers(self, lines: Sequence[str], width: int) -> Array | None:
        """Return the numbers of lines, shape (lines, width), or None if JSON cannot read one of the lines.

        JSON's null becomes NaN.
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
            numbers = np.array(_LISTS.decode(f"[[{rows}]]"), dtype=np.float64)
        except (msgspec.DecodeError, ValueError):
            return None  # a text, another notation, or a row of another width
        return numbers if numbers.shape == (len(lines), width) else None

    def _of_width(self, cells: list[str], line: int) -> list[str]:
        if len(cells) == self._width + 1 and not cells[-1].strip():  # a delimiter at the line's end
            return cells[:-1]
        if len(cells) != self._width:
            expected = counted(self._width, "value")
            raise FileError(f"expected {expected} as in the first line, found {len(cells)}", f"line {line}")
        return cells

    def _numbers(self, rows: list[list[str]]) -> Array:
        out = np.empty((len(rows), self._width))
        for place, cells in enumerate(zip(*rows, strict=True)):
            plain = self._plain_numbers(["null" if cell in _MISSING else cell for cell in cells], 1)
            numbers = out[:, place] = self._mixed(cells) if plain is None else plain[:, 0]
            is_text = np.isnan(numbers)
            if is_text.any() and place not in self.texts:
                self.texts[place] = [""] * self._count
            if place in self.texts:
                pairs = zip(cells, is_text.tolist(), strict=True)
                self.texts[place] += (cell.strip() if is_one else "" for cell, is_one in pairs)
        return out

    def _mixed(self, cells: tuple[str, ...]) -> Array:
        known = dict.fromkeys(cells, np.nan)
        for cell in known:
            if _MAY_BE.fullmatch(text := cell.strip()):
                with suppress(ValueError):
                    known[cell] = number(text, self._decimal, grouped=self._grouped)
        return np.fromiter(map(known.__getitem__, cells), np.float64, len(cells))


DELIMITERS = "\t;|,"
"""Possible delimiters. If several of them fit, nnviz uses the first that fits."""

MISSING = re.compile(
    r"\s*(<?NA>?|na|n/a|#?N/A|[Nn]ull|NULL|[Nn]one|NONE|nil|NaN|nan|\\N|[-–—?.*]*"
    r"|[kKnN]\. ?[aA]\.?|[Kk]eine Angaben?|#NV|#(NUM|VALUE|REF|NULL|ZAHL|WERT|BEZUG)!|#DIV/0!|#NAME\?"
    r"|[+-]?nan\(\w*\)|[+-]?1\.#\w+)\s*"
)
"""Texts that stand for a missing value."""
_NO_NUMBER = re.compile(r"\s*[+-]?(nan|inf|infinity)\s*", re.IGNORECASE | re.ASCII)
_PLAIN = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
"""Numbers that Python's `float` reads like `parse`, except that they may become infinite."""
_GROUPED_WITH_DECIMALS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+(,\d*)?", re.ASCII)
"""A number with points as thousands separators and an optional decimal comma."""
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}((\.\d{3})+|(,\d{3})+)", re.ASCII)
"""Pattern of a number whose points or commas may separate thousands, such as 1.234 or 1,234,567."""
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
"""Dates and times in ISO, German and American notation, but not numbers such as 2024 and 14.03."""

_CSV_ERRORS = {
    "unexpected end of data": "a quote is not closed",
    f"field larger than field limit ({csv.field_size_limit()})": "a cell has too many characters",
    **{f"'{sign}' expected after '\"'": "a cell has text after its closing quote" for sign in DELIMITERS},
}
"""Messages of Python's csv module, and plain messages in their place."""
NOT_CLOSED = _CSV_ERRORS["unexpected end of data"]


def rows_of(lines: list[str], delimiter: str, first: int = 0) -> Iterator[tuple[list[str], int, int]]:
    """Yield (cells, first line number, last line number) of each row, from `lines[first]` on.

    Line numbers count from 1. Blank lines are left out. A cell in quotes may go on in the next line. Raises
    FileError for a stray quote.
    """
    source = (f"{lines[i]}\n" for i in range(first, len(lines)))
    rows = csv.reader(source, delimiter=delimiter, skipinitialspace=delimiter != "\t", strict=True)
    start = first + 1
    try:
        for cells in rows:
            last = first + rows.line_num
            if len(cells) > 1 or "".join(cells).strip():
                yield cells, start, last
            start = last + 1
    except csv.Error as error:
        raise FileError(_CSV_ERRORS.get(str(error), str(error)), f"line {start}") from None


class AmbiguousError(ValueError):
    """Error for a cell whose number is ambiguous while the decimal sign is unknown."""


def number(cell: str, decimal: str | None, *, grouped: bool = False) -> float:
    """Return the number in a cell. `decimal` is the decimal sign, or None if it is unknown.

    With `grouped=True`, thousands may be separated: by commas if the decimal sign is a point, else by points.
    Raises ValueError with the reason, and AmbiguousError if the number depends on the decimal sign.
    """
    if decimal is None and GROUPED.fullmatch(cell):
        text = shortened(cell)
        raise AmbiguousError(f"{text} may have a thousands separator: choose the decimal sign")
    if grouped and _GROUPED_WITH_DECIMALS.fullmatch(cell if decimal == "," else cell.translate(_SWAPPED)):
        cell = cell.replace("." if decimal == "," else ",", "")
    elif decimal == "," and _GROUPED_WITH_DECIMALS.fullmatch(cell):
        text, ungrouped = (shortened(each) for each in (cell, cell.replace(".", "")))
        raise ValueError(f"{text} has a thousands separator: write {ungrouped}")
    pointed = cell.replace(",", ".") if decimal == "," and cell.count(",") == 1 else cell
    if _PLAIN.fullmatch(pointed) and abs(value := float(pointed)) < float("inf"):
        return value
    if not cell:
        raise ValueError("the cell is empty")
    return parse_number(pointed, quotients=False)


def is_like_a_number(cell: str, decimal: str | None) -> bool:
    """Return whether a cell is a number. Infinity, NaN and thousands separators are allowed."""
    cell = cell.strip()
    try:
        number(cell, decimal)
    except ValueError as error:
        return _NO_NUMBER.fullmatch(cell) is not None or "thousands separator" in str(error)
    return True


def is_date(cell: str) -> bool:
    """Return whether a cell is a date, a time, or both."""
    return _DATE_OR_TIME.fullmatch(cell.strip()) is not None


SAMPLE = 100
"""Number of lines, at the start of a table, that nnviz reads to detect the layout."""
DECIMALS = ".,"
_COMMA = re.compile(
    r"[+-]?(\d{1,3}(\.\d{3})+|0|\d{4,}),\d+|[+-]?\d*,(\d{1,2}|\d{4,})([eE][+-]?\d+)?", re.ASCII
)
_POINT = re.compile(r"[+-]?\d*\.\d+([eE][+-]?\d+)?|[+-]?\d{1,3}(,\d{3})+\.\d*", re.ASCII)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(\.\d{3})+", re.ASCII)
"""A number that may have points as thousands separators, if the decimal sign is a comma."""
_GROUPED = re.compile(rf'(^|;)\s*"?{GROUPED.pattern}"?\s*(;|$)', re.ASCII)
"""A line with a GROUPED cell."""
NAMES = {"\t": "tabs", ";": "semicolons", "|": "vertical bars", ",": "commas"}


@dataclass(frozen=True)
class TableLayout:
    """The layout of a table; nnviz detects each value that is None.

    ============ ====================================================================================
    `encoding`   one of ENCODINGS
    `delimiter`  the sign between cells: a tab, a semicolon, `|` or a comma
    `decimal`    the decimal sign: a point or a comma; stays None if the table does not show the sign
    `header`     whether the first row names the columns
    `grouped`    whether numbers may have thousands separators; true if a person gives `decimal`
    ============ ====================================================================================
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    header: bool | None = None
    grouped: bool = False


def detect_layout(lines: list[str], given: TableLayout) -> TableLayout:
    """Return the layout of a table. Values that are None in `given` are detected from the first lines.

    If these lines do not show whether points separate thousands, all lines are searched for the decimal sign.
    """
    sample = lines[:SAMPLE]
    delimiter = given.delimiter or _delimiter(sample)
    rows, _ = _rows(sample, delimiter)
    decimal = given.decimal or _decimal(rows)
    if decimal is None:
        is_open = delimiter == ";" and any(map(_GROUPED.search, lines))
        decimal = _decimal(cells for cells, _, _ in rows_of(lines, delimiter)) if is_open else "."
    header = _is_header(rows, decimal) if given.header is None else given.header
    return TableLayout(given.encoding, delimiter, decimal, header, grouped=given.decimal is not None)


def _rows(lines: list[str], delimiter: str) -> tuple[list[list[str]], bool]:
    """Return the rows before the first error, and whether there is one; a quote may end after the sample."""
    rows: list[list[str]] = []
    try:
        rows.extend(cells for cells, _, _ in rows_of(lines, delimiter))
    except FileError as error:
        return rows, error.message != NOT_CLOSED or len(lines) < SAMPLE
    return rows, False


def _delimiter(lines: list[str]) -> str:
    """Return the delimiter that gives most rows the same number of cells, above one, without stray quotes."""
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
    """Return whether the lines are one name and then numbers, some with a decimal comma."""
    name, *numbers = [line.strip() for line in lines if line.strip()] or [""]
    some = "," not in name and any(map(_COMMA.fullmatch, numbers))
    return some and all(is_like_a_number(number, ",") for number in numbers)


def _decimal(rows: Iterable[list[str]]) -> str | None:
    """Return the decimal sign of the numbers in these rows, the point first; None if no number has one.

    A sign that may separate thousands does not count.
    """
    has_comma = False
    with suppress(FileError):
        for cell in (cell.strip() for row in rows for cell in row):
            if _POINT.fullmatch(cell) and not _THOUSANDS.fullmatch(cell):
                return "."
            has_comma = has_comma or _COMMA.fullmatch(cell) is not None
    return "," if has_comma else None


def _is_header(rows: list[list[str]], decimal: str | None) -> bool:
    """Return whether the first row names the columns: it has no numbers, and not only missing values.

    A date above dates is not a name. If no row has a number, a text is not a name if it appears again below.
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


_NOTHING: tuple[list[str], int, int] = ([], 0, 0)


@dataclass(frozen=True)
class Table:
    """Rows of cells, and the names of the columns if the file has them.

    ============== ========================================================================
    `layout`       the layout, detected or given
    `names`        the names of the columns, or None
    `_values`      the numbers, shape (rows, columns); NaN for a cell that is not a number
    `_texts`       by column index, the texts of each column that has texts; "" for numbers
    `lines`        the line in which each row begins, shape (rows,), from 1
    `rows_in_file` the number of rows in the file; the table may have fewer rows
    ============== ========================================================================
    """

    layout: TableLayout
    names: tuple[str, ...] | None
    _values: Array = field(repr=False)
    _texts: dict[int, list[str]] = field(repr=False)
    lines: NDArray[np.int32] = field(repr=False)
    rows_in_file: int

    def __len__(self) -> int:
        return len(self._values)

    @property
    def size(self) -> str:
        """The number of rows in words: "150 rows" or "the first 100 of 150 rows"."""
        if len(self) == self.rows_in_file:
            return counted(self.rows_in_file, "row")
        return f"the first {len(self):,} of {counted(self.rows_in_file, 'row')}"

    def first(self, rows: int) -> Table:
        """Return a table of the first `rows` rows, or of all rows if the table has fewer."""
        if rows >= len(self):
            return self
        return replace(self.select(np.arange(len(self)) < rows), rows_in_file=self.rows_in_file)

    def select(self, rows: NDArray[np.bool_]) -> Table:
        """Return a table of the selected rows; `rows` is a mask with one bool per row."""
        values = self._values[rows]
        has_texts = (at for at in self._texts if np.isnan(values[:, at]).any())
        texts = {at: [*compress(self._texts[at], rows)] for at in has_texts}
        return Table(self.layout, self.names, values, texts, self.lines[rows], len(values))

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self._values.T)

    @property
    def rows(self) -> Array:
        """All numbers, shape (rows, columns). Raises FileError for a cell that is not a finite number."""
        return self.columns_at(range(self.width))

    def columns_at(self, places: Sequence[int]) -> Array:
        """Return the numbers of the columns with these indices, shape (rows, columns).

        Raises FileError for a cell in these columns that is not a finite number.
        """
        faults = [(int(np.isnan(self._values[:, at]).argmax()), at) for at in places if at in self._texts]
        if faults:
            raise self.fault(*min(faults))
        return self._values[:, list(places)]

    def numbers(self, column: int) -> Array:
        """Return the numbers of a column, shape (rows,); NaN for a cell that is not a number."""
        return self._values[:, column]

    def texts(self, column: int) -> list[str] | None:
        """Return the cells of a column as texts, or None if all cells are numbers."""
        own = self._texts.get(column)
        if own is None:
            return None
        numbers = self._values[:, column].tolist()
        return [text if number != number else full(number) for text, number in zip(own, numbers, strict=True)]

    def missing(self, column: int, values: Sequence[str] = ()) -> NDArray[np.bool_]:
        """Return a mask of a column's missing cells, shape (rows,). Texts in `values` are never missing."""
        texts = self._texts.get(column)
        if texts is None:
            return np.zeros(len(self), dtype=np.bool_)
        known = {text for text in set(texts) if MISSING.fullmatch(text) and text not in values}
        is_known = np.fromiter((text in known for text in texts), np.bool_, len(texts))
        return is_known & np.isnan(self._values[:, column])

    def place(self, row: int, column: int) -> str:
        """Return the place of a cell in the file: "line 3, column 2"."""
        return f"line {self.lines[row]}, column {column + 1}"

    def fault(self, row: int, column: int) -> FileError:
        """Return the error that says why a cell is not a number."""
        try:
            number(self._texts[column][row], self.layout.decimal, grouped=self.layout.grouped)
        except ValueError as error:
            kind = AmbiguousCellError if isinstance(error, AmbiguousError) else FileError
            return kind(str(error), self.place(row, column))
        raise AssertionError  # the cell is a number

    def encoded(self, column: Column, index: int) -> Array:
        """Return the column at `index` as numbers for the network's nodes, shape (rows, nodes).

        `column` says how a cell becomes numbers. Raises FileError for a cell that `column` does not allow.
        """
        if not column.values:
            return column.standardised(self.columns_at([index]))
        texts = self.texts(index)
        try:
            return column.encoded(self._values[:, index] if texts is None else texts)
        except CellError as error:
            raise FileError(str(error), self.place(error.row, index)) from None

    def places(self, wanted: Sequence[str]) -> list[int] | None:
        """Return the indices of the columns with the `wanted` names, or None if no column has a wanted name.

        Upper and lower case do not matter if only one column has the name. Raises FileError if the table has
        only some of the names, or has a name twice.
        """
        exact, alike = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
        for place, name in enumerate(self.names or ()):
            exact[name].append(place)
            alike[name.casefold()].append(place)
        sought = Counter(name.casefold() for name in wanted)
        folded = [alike[name.casefold()] if sought[name.casefold()] == 1 else [] for name in wanted]
        matches = [exact[name] or places for name, places in zip(wanted, folded, strict=True)]
        if not any(matches):
            return None
        for name, places in zip(wanted, matches, strict=True):
            if len(places) != 1:
                subject = f"{len(places)} columns are" if places else "no column is"
                raise FileError(f"{subject} called {quoted(name)}", "line 1")
        return [place for (place,) in matches]


def read(
    data: bytes, progress: Progress | None = None, given: TableLayout | None = None, *, fitting: bool = False
) -> Table:
    """Return the table in the bytes of a file.

    `given` is the layout that a person gives; values that are None are detected. With `fitting=True`, read
    only as many rows as nnviz's limits allow. Otherwise, a table above the limits raises FileError. Rows of
    different lengths and stray quotes also raise FileError, with the line. Reports `progress`.
    """
    layout = given or TableLayout()
    text, encoding = decode(data, layout.encoding)
    return parse(text, progress, replace(layout, encoding=encoding), fitting=fitting)


def parse(
    text: str, progress: Progress | None = None, given: TableLayout | None = None, *, fitting: bool = False
) -> Table:
    """Return the table in a text. The other arguments are the same as for the function `read`."""
    text = with_plain_ends(text)
    with as_file_errors():
        LINES.check(text.count("\n") + (not text.endswith("\n")))
    lines = text.split("\n")
    layout = detect_layout(lines, given or TableLayout())
    first_row, _, after = next(rows_of(lines, layout.delimiter or ","), _NOTHING)
    if not first_row:
        raise FileError("the table has no rows")
    with as_file_errors():
        COLUMNS.check(len(first_row), "line 1")
    names = tuple(cell.strip() for cell in first_row) if layout.header else None
    cells = Cells(lines, after if layout.header else 0, len(first_row), layout)
    rows = cells.read(progress, fitting=fitting)
    if not len(cells.values):
        raise FileError("the table has no rows")
    return _without_ends(Table(layout, names, cells.values, cells.texts, cells.lines, rows))


def _without_ends(table: Table) -> Table:
    """Return the table without a last column that is empty because all lines end in a delimiter."""
    last, names = table.width - 1, table.names
    texts = table.texts(last)
    if not last or texts is None or any(texts) or (names[last] if names else len(texts) < 2):
        return table
    others = {place: own for place, own in table._texts.items() if place != last}
    return replace(table, names=names and names[:last], _values=table._values[:, :last], _texts=others)
