"""Rows of numbers and the MSE history as CSV."""

import numpy as np
import pytest

from nnviz.files import csv
from nnviz.files.errors import FileError
from nnviz.files.table.numbers import Cells
from nnviz.files.table.table import read


def columns(table, wanted):
    """Return the columns of the wanted names, or all as they stand where none is called so."""
    places = table.places(wanted)
    return table.rows if places is None else table.at(places)


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("3,5\n1,-1\n", None, [[3, 5], [1, -1]]),
        ("a,b\n3,5\n", ("a", "b"), [[3, 5]]),
        ('"a x", b \r\n 3 , "5"\r\n\r\n', ("a x", "b"), [[3, 5]]),
        ("\ufeff1e-3,−2\n", None, [[0.001, -2]]),
        (".5,−0.5\n+1,5e-324", None, [[0.5, -0.5], [1, 5e-324]]),
        ("x\n1\n2\n", ("x",), [[1], [2]]),
        ('"a;b",x1\n1,2\n', ("a;b", "x1"), [[1, 2]]),
        ('a;"b,c"\n1,5;2\n', ("a", "b,c"), [[1.5, 2]]),
        ('"two\r\nlines",x\r\n1,2\r\n', ("two\nlines", "x"), [[1, 2]]),
        ("1,2\r3,4\r", None, [[1, 2], [3, 4]]),
        (",a\n0,1\n", ("", "a"), [[0, 1]]),
    ],
)
def test_rows_are_read_with_or_without_a_header(text, names, rows):
    table = read(text.encode())
    assert table.names == names
    assert table.rows.tolist() == rows


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "the file is empty"),
        ("a,b\n", "there are no rows"),
        ("3,5\n1\n", "line 2: expected 2 values as in the first line, found 1"),
        ("a,b\n3,5,6\n", "line 2: expected 2 values as in the first line, found 3"),
        ("a,b\n\n3,x\n", "line 3, column 2: 'x' is not a number"),
        ("3,\n", "line 1, column 2: the cell is empty"),
        ("a,1\n", "line 1, column 1: 'a' is not a number"),
        ("1,nan\n", "line 1, column 2: 'nan' is not a number"),
        ("1,inf\n", "line 1, column 2: 'inf' is not a number"),
        ("1,1e999\n", "line 1, column 2: 1e999 is too large for a number"),
        ("1,1_000\n", "line 1, column 2: '1_000' is not a number"),
        ("1,٣\n", "line 1, column 2: '٣' is not a number"),
        ("1,1/2\n", "line 1, column 2: '1/2' is not a number"),
        ("1,2\n3,120/80\n", "line 2, column 2: '120/80' is not a number"),
        ("1,true\n", "line 1, column 2: 'true' is not a number"),
        ('1,"2\n4,5', "line 1: a quote is not closed"),
        ('1,"2\n4",5\n', "line 1, column 2: '2\\n4' is not a number"),
        ('1,2\n1,"2\n4"\n', "line 2, column 2: '2\\n4' is not a number"),
        ('1,2\n"2"3,4\n', "line 2: a closing quote is not the end of its cell"),
        ('1;2\n"2"3;4\n', "line 2: a closing quote is not the end of its cell"),
        ("nan,nan\n1,2\n", "line 1, column 1: 'nan' is not a number"),
        ("-Inf,1\n1,2\n", "line 1, column 1: '-Inf' is not a number"),
        ("1\t2\n\t\n", "line 2, column 1: the cell is empty"),
        ("a\n1\n\x0c2\n1\u20282\n", "line 4, column 1: '1\\u20282' is not a number"),
        ("1," + "x" * 10**6 + "\n", "line 1: a cell has too many letters"),
        ("1," + "x" * 10**5 + "\n", f"line 1, column 2: '{'x' * 40}…{'x' * 19}' is not a number"),
        ("1," * 10_000 + "1\n", "line 1: expected at most 10,000 columns, found 10,001"),
        ("\n" * 500_002, "there are no rows"),
        ("\n" * 2_000_001, "expected at most 2,000,000 lines, found 2,000,001"),
        ("1\n" * 500_001, "expected at most 500,000 rows, found 500,001"),
        ("a\n" + "1\n" * 500_001, "expected at most 500,000 rows, found 500,001"),
        (
            "x" + ",1" * 999 + "\n" + ("1" + ",1" * 999 + "\n") * 4000,
            "expected at most 4,000,000 weights, biases, inputs and targets, those of weight sets among "
            "them, found 4,001,000",
        ),
    ],
)
def test_a_bad_table_is_refused_with_its_place(text, sentence):
    with pytest.raises(FileError) as caught:
        _ = read(text.encode()).rows
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1\n \n" * 300_000, 300_000),
        ('"1\n"\n' * 300_000, 300_000),
        ("x" + ",x" * 999 + "\n" + ("1" + ",1" * 999 + "\n") * 4000, 4000),
    ],
    ids=["blank lines", "lines in quotes", "numbers below a header"],
)
def test_what_is_within_the_limits_is_read_however_many_lines_it_takes(text, rows):
    assert len(read(text.encode()).rows) == rows


@pytest.mark.parametrize(
    "row",
    [
        *("NA,NA", "null,null", "N/A,-", "?,?", "n/a,", "None,none", "NULL,.", "#N/A,#DIV/0!", "<NA>,NA"),
        *("\\N,\\N", "-nan(ind),1.#QNAN", "--,—", "na,nil"),
    ],
)
def test_a_first_row_of_missing_numbers_is_no_header(row):
    with pytest.raises(FileError, match=r"^line 1, column 1: .* is not a number$"):
        _ = read(f"{row}\n1,2\n".encode()).rows


@pytest.mark.parametrize("row", ["Na,K", "x,NA", "-,none of these", "NAN1,x?", "a.b,?"])
def test_a_first_row_with_a_name_is_a_header(row):
    assert read(f"{row}\n1,2\n".encode()).names == tuple(row.split(","))


class CountedLines(list):
    """Lines of text that count how often one of them is read."""

    reads = 0

    def __iter__(self):
        for line in super().__iter__():
            self.reads += 1
            yield line

    def __getitem__(self, at):
        found = super().__getitem__(at)
        self.reads += len(found) if isinstance(at, slice) else 1
        return found


@pytest.mark.parametrize("row", ['"1","2"', '"1","a, b"', '"1\n","2"'], ids=["numbers", "texts", "two lines"])
def test_the_work_for_quoted_rows_grows_with_their_number(row):
    def reads(rows):
        lines = CountedLines((f"{row}\n" * rows).splitlines())
        Cells(lines, 0, ",", ".", 2).read(None, None, fitting=False)
        return lines.reads

    assert reads(20_000) < 2.2 * reads(10_000)


QUOTED = '"1","2"\n' * 700


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        ('"3"\n', "line 702: expected 2 values as in the first line, found 1"),
        ('"3","4","5"\n', "line 702: expected 2 values as in the first line, found 3"),
        ('"3","x"\n', "line 702, column 2: 'x' is not a number"),
        ('\n"3",""\n', "line 703, column 2: the cell is empty"),
        ('"3","4"5\n', "line 702: a closing quote is not the end of its cell"),
        ('"3","4\n', "line 702: a quote is not closed"),
        ('"3\n","4"\n"5","x"\n', "line 704, column 2: 'x' is not a number"),
        ('"3","4",\n"5","x"\n', "line 703, column 2: 'x' is not a number"),
    ],
)
def test_a_fault_behind_many_quoted_rows_is_told_with_its_line(last, sentence):
    with pytest.raises(FileError) as caught:
        _ = read(f'"a","b"\n{QUOTED}{last}'.encode()).rows
    assert str(caught.value) == sentence


@pytest.mark.parametrize("blank", ["", " ", '""'])
def test_a_blank_line_among_quoted_cells_of_one_column_is_no_row(blank):
    table = read(f'"a"\n"1"\n{blank}\n"2"\n'.encode())
    assert table.rows.tolist() == [[1], [2]]
    assert table.place(1, 0) == "line 4, column 1"


def test_the_first_of_many_quoted_rows_are_taken_alone():
    table = read(('"a","b"\n' + '"x","2"\n' * 700).encode(), most=600)
    assert (len(table), table.texts(0)) == (600, ["x"] * 600)


def test_columns_are_taken_by_name_or_as_they_stand():
    table = read(b"target,b,a\n60,5,3\n")
    assert columns(table, ["a", "b"]).tolist() == [[3, 5]]
    assert columns(table, ["x", "y"]).tolist() == [[60, 5, 3]]
    assert columns(read(b"3,5\n"), ["a", "b"]).tolist() == [[3, 5]]
    with pytest.raises(FileError, match=r"^line 1: no column is called 'c'$"):
        columns(table, ["a", "c"])


def test_a_column_that_nobody_wants_may_hold_texts():
    table = read(b"name,x1,born,x2\nAnn,1,1990-1-1,2\nBob,3,,4\n" + b"Eve,5,?,6\n" * 600)
    assert columns(table, ["x1", "x2"])[:2].tolist() == [[1, 2], [3, 4]]
    with pytest.raises(FileError, match=r"^line 2, column 1: 'Ann' is not a number$"):
        columns(table, ["x1", "name"])
    with pytest.raises(FileError, match=r"^line 2, column 1: 'Ann' is not a number$"):
        columns(table, ["y"])


@pytest.mark.parametrize(
    ("header", "wanted", "places"),
    [
        ("X2,X1", ["x1", "x2"], [1, 0]),
        ("X1,x1", ["x1"], [1]),
        ("x1,a", ["x1"], [0]),
        ("X1,a", ["x1", "X1"], "no column is called 'x1'"),
        ("x1,x1,x2", ["x1", "x2"], "2 columns are called 'x1'"),
        ("X1,X1,x2", ["x1", "x2"], "2 columns are called 'x1'"),
        ("x1,x1,x2", ["x2"], [2]),
        ("a,b", ["x1", "x2"], None),
    ],
)
def test_a_name_says_which_column_is_meant_or_it_is_refused(header, wanted, places):
    table = read(f"{header}\n{','.join('1' for _ in header.split(','))}\n".encode())
    if isinstance(places, str):
        with pytest.raises(FileError, match=f"^line 1: {places}$"):
            table.places(wanted)
    else:
        assert table.places(wanted) == places


def test_a_history_keeps_every_bit():
    points = np.array([[0, 49.0], [1, 0.1 + 0.2], [1e6, 5e-324]])
    assert csv.history(points) == b"iteration,mse\n0,49.0\n1,0.30000000000000004\n1000000,5e-324\n"
    assert read(csv.history(points)).rows.tolist() == points.tolist()
