"""Rows of numbers and the MSE history as CSV."""

import numpy as np
import pytest

from nnviz.files import csv
from nnviz.files.errors import FileError


@pytest.mark.parametrize(
    ("text", "names", "rows"),
    [
        ("3,5\n1,-1\n", None, [[3, 5], [1, -1]]),
        ("a,b\n3,5\n", ("a", "b"), [[3, 5]]),
        ('"a x", b \r\n 3 , "5"\r\n\r\n', ("a x", "b"), [[3, 5]]),
        ("\ufeff1e-3,−2\n", None, [[0.001, -2]]),
        (".5,1/2\n+1,5e-324", None, [[0.5, 0.5], [1, 5e-324]]),
        ("x\n1\n2\n", ("x",), [[1], [2]]),
    ],
)
def test_rows_are_read_with_or_without_a_header(text, names, rows):
    table = csv.read(text.encode())
    assert table.names == names
    assert table.rows.tolist() == rows


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "there are no rows"),
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
        ("1,true\n", "line 1, column 2: 'true' is not a number"),
    ],
)
def test_a_bad_table_is_refused_with_its_place(text, sentence):
    with pytest.raises(FileError) as caught:
        csv.read(text.encode())
    assert str(caught.value) == sentence


def test_columns_are_taken_by_name_or_as_they_stand():
    table = csv.read(b"target,b,a\n60,5,3\n")
    assert table.columns(["a", "b"]).tolist() == [[3, 5]]
    assert table.columns(["x", "y"]).tolist() == [[60, 5, 3]]
    assert csv.read(b"3,5\n").columns(["a", "b"]).tolist() == [[3, 5]]
    with pytest.raises(FileError, match=r"^line 1: no column is called 'c'$"):
        table.columns(["a", "c"])


def test_a_history_keeps_every_bit():
    points = np.array([[0, 49.0], [1, 0.1 + 0.2], [1e6, 5e-324]])
    assert csv.history(points) == b"iteration,mse\n0,49.0\n1,0.30000000000000004\n1000000,5e-324\n"
    assert csv.read(csv.history(points)).rows.tolist() == points.tolist()
