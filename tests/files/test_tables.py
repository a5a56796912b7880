"""Tables of other people: how they are laid out, what their columns hold, and the network made for them."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example as also
from hypothesis import given, settings
from hypothesis import strategies as st

from nnviz.cli.main import main
from nnviz.core import network_for
from nnviz.core.columns import Column
from nnviz.core.limits import NUMBERS
from nnviz.core.numbers import full
from nnviz.core.standardise import standardise, worth_standardising
from nnviz.files.errors import FileError, UndecidedError
from nnviz.files.progress import CancelledError
from nnviz.files.registry import load, save
from nnviz.files.source import Source
from nnviz.files.table import format as tables
from nnviz.files.table import numbers
from nnviz.files.table.building import built
from nnviz.files.table.findings import Choices, findings, proposed
from nnviz.files.table.layout import Layout
from nnviz.files.table.table import HEAD_BYTES, HEAD_ROWS, head, read
from nnviz.files.table.writing import rows_of_state

ACCENTS = "größe,ville,y\n1.5,Besançon,0\n2,Köln,1\n3,Köln,1\n"


def made(text, said=None, **changes):
    table = read(text if isinstance(text, bytes) else text.encode(), said=said)
    found = findings(table)
    choices = proposed(found)
    return built(table, found, Choices(**{**vars(choices), **changes}))


@pytest.mark.parametrize(
    ("encoded", "name"),
    [
        (ACCENTS.encode(), "UTF-8"),
        (ACCENTS.encode("utf-8-sig"), "UTF-8"),
        (ACCENTS.encode("utf-16"), "UTF-16 LE"),
        (b"\xfe\xff" + ACCENTS.encode("utf-16-be"), "UTF-16 BE"),
        (ACCENTS.encode("utf-16-le"), "UTF-16 LE"),
        (ACCENTS.encode("utf-16-be"), "UTF-16 BE"),
        (ACCENTS.encode("cp1252"), "Windows-1252"),
    ],
)
@pytest.mark.parametrize("ends", [b"\n", b"\r\n", b"\r"])
def test_the_encoding_is_found(encoded, name, ends):
    wide = {"UTF-16 LE": "utf-16-le", "UTF-16 BE": "utf-16-be"}.get(name, "ascii")
    encoded = encoded.replace("\n".encode(wide), ends.decode().encode(wide))
    table = read(encoded)
    assert table.layout.encoding == name
    assert table.names == ("größe", "ville", "y")
    assert table.texts(1) == ["Besançon", "Köln", "Köln"]
    assert table.at([0, 2]).tolist() == [[1.5, 0], [2, 1], [3, 1]]


def test_an_encoding_that_is_not_expected_is_said():
    source = Source(ACCENTS.encode("cp1252"))
    tables.read(source)
    assert source.told[0].startswith("read as Windows-1252; 3 rows; inputs größe")


@pytest.mark.parametrize(
    ("text", "delimiter", "decimal", "header"),
    [
        ("a,b\n1,2\n", ",", ".", True),
        ("a;b\n1,5;2\n", ";", ",", True),
        ("a;b\n1.5;2\n", ";", ".", True),
        ("a\tb\n1,5\t2\n", "\t", ",", True),
        ("a|b\n1|2\n", "|", ".", True),
        ("sep=;\r\na;b\r\n1,5;2\r\n", ";", ",", True),
        ("x;y,z\n1,2\n3,4\n5,6\n", ",", ".", True),
        ("note,b\na;b,1\nc,2\nd;e,3\n", ",", ".", True),
        ('"a;1";b\n"c;2";3\n', ";", ".", True),
        ("1,2\n3,4\n", ",", ".", False),
        ("5.1,red\n4,blue\n", ",", ".", False),
        ("sunny,hot,no\nsunny,mild,no\nrain,hot,yes\n", ",", ".", False),
        ("sky,heat,play\nsunny,hot,no\nrain,hot,yes\n", ",", ".", True),
        ("1.234;1,5\n2.345;2,5\n", ";", ",", False),
        ("a;b\n0,5;1\n12;-,25\n", ";", ",", True),
        ("a\n0,5\n12\n-,25\n", ";", ",", True),
        ("a;b\n1.234;2\n950;3\n", ";", None, True),
        ("a;b\n1,234;2\n950;3\n", ";", None, True),
        ("a;b\n1.234.567;2\n950;3\n", ";", None, True),
        ("a;b\n1.234;2\n12.5;3\n", ";", ".", True),
        ("a;b\n1.234;2\n0.123;3\n", ";", ".", True),
        ("a;b\n" + "1.234;2\n" * 200 + "1;2.5\n", ";", ".", True),
        ("a;b\n" + "1.234;2\n" * 200 + "1;2,5\n", ";", ",", True),
        ("a,b\n1.234,2\n2.345,3\n", ",", ".", True),
        ("a\tb\n1.234\t2\n2.345\t3\n", "\t", ".", True),
        ("2024-03-14,a\n2024-03-15,b\n", ",", ".", False),
        ("2024-03,2024-04\n1,2\n", ",", ".", True),
    ],
)
def test_the_layout_is_found_from_several_lines(text, delimiter, decimal, header):
    layout = read(text.encode()).layout
    assert (layout.delimiter, layout.decimal, layout.header) == (delimiter, decimal, header)


@pytest.mark.parametrize(
    ("decimal", "cells", "numbers"),
    [
        (",", ("1.234", "12.500", "950"), [1234, 12500, 950]),
        (".", ("1.234", "12.500", "950"), [1.234, 12.5, 950]),
        (".", ("1,234", "-12,500", "1,234.5"), [1234, -12500, 1234.5]),
        (",", ("1,234", "-12,500", "1.234,5"), [1.234, -12.5, 1234.5]),
        (",", ("1.234.567", "+1.234", "1,5"), [1234567, 1234, 1.5]),
    ],
)
def test_the_decimal_sign_that_is_said_decides_what_points_and_commas_are(decimal, cells, numbers):
    text = "a;b\n" + "".join(f"{cell};1\n" for cell in cells)
    assert read(text.encode(), said=Layout(decimal=decimal)).rows[:, 0].tolist() == numbers


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("1.234", "can be read in two ways, as 1.234 and, with a thousands separator, as 1234"),
        ("-1,234", "can be read in two ways, as -1.234 and, with a thousands separator, as -1234"),
        ("1.234.567", "is 1234567 with a thousands separator"),
    ],
)
def test_a_cell_that_only_the_decimal_sign_tells_is_refused_with_its_readings(cell, told):
    for look in (read, head):
        with pytest.raises(UndecidedError) as caught:
            _ = look(f"x;y\n950;2\n{cell};4\n".encode()).rows
        assert str(caught.value) == f"line 3, column 1: {cell} {told}: choose the decimal sign"


DATES = {
    "2024-03-14 2024-03-15": True,
    "2024-03-14T10:00 2024-03-14T10:00:30.5Z": True,
    "2024/03/14 2024/12/01": True,
    "2024/03 2024/12": True,
    "14.03.2024 1.4.24": True,
    "3/14/2024 12/31/2024": True,
    "3/14 4/1": True,
    "14-Mar-24 1-Dez-24": True,
    "12:30 9:05": True,
    "120/80 130/85": False,
    "2024/13 2024/12": False,
    "3/14 half": False,
    "may june": False,
    "3:1 2:2": False,
    "A/5 B/6": False,
}


@pytest.mark.parametrize("cells", DATES)
def test_a_column_of_dates_is_left_out_and_that_is_said(cells):
    cells = cells.split(" ")
    made_of = made("when,x,y\n" + "".join(f"{cells[k % 2] if k else ''},{k},{k * k}\n" for k in range(8)))
    assert ("left out when (it holds dates or times)" in made_of.said[0]) == DATES[" ".join(cells)]
    assert [column.name for column in made_of.inputs] == (["x"] if DATES[" ".join(cells)] else ["when", "x"])


def test_a_column_of_quotients_is_a_column_of_texts():
    pressure, _ = made("bp,x,y\n120/80,1,2\n130/85,2,3\n120/80,3,9\n").inputs
    assert pressure.values == ("120/80", "130/85")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [(b"", "the file is empty"), (b"<!DOCTYPE html>\n<p>1,2", "it is a web page: download the file itself")],
)
def test_what_is_no_table_is_told_by_its_kind(data, sentence):
    for look in (read, head):
        with pytest.raises(FileError, match=f"^{sentence}$"):
            look(data)


def test_what_is_said_is_not_looked_for():
    text = b"1,5;2\n2,5;3\n"
    assert read(text).rows.tolist() == [[1.5, 2], [2.5, 3]]
    assert read(text, said=Layout(delimiter=",", decimal=".")).width == 2
    assert read(text, said=Layout(header=True)).names == ("1,5", "2")
    assert read("é,b\n1,2\n".encode(), said=Layout(encoding="Windows-1252")).names == ("Ã©", "b")
    with pytest.raises(FileError, match=r"^delimiter: expected one of .*, found ':'$"):
        Layout(delimiter=":")


@pytest.mark.parametrize("text", ["a,b,\n1,2,\n3,4,\n", "a,b\n1,2,\n3,4,\n", "1,2,\n3,4,\n"])
def test_delimiters_at_the_end_of_lines_make_no_column(text):
    table = read(text.encode())
    assert table.rows.tolist() == [[1, 2], [3, 4]]
    assert table.names in (("a", "b"), None)


def test_a_cell_may_hold_lines_quotes_and_delimiters():
    table = read(b'text,n\n"a, ""b""\nc",1\n"d",2\n')
    assert table.texts(0) == ['a, "b"\nc', "d"]
    assert table.at([1]).tolist() == [[1], [2]]
    assert table.place(1, 1) == "line 4, column 2"


TITANIC = (
    "PassengerId,Survived,Pclass,Name,Sex,Age,Cabin,Embarked\n"
    + "".join(
        f"{i + 1},{i % 2},{i % 3 + 1},N{i},{'male' if i % 2 else 'female'},"
        f"{'' if i == 4 else 20 + i},{'C1' if i == 0 else ''},{'SCQ'[i % 3]}\n"
        for i in range(30)
    )
)  # fmt: skip


def test_roles_are_proposed_with_their_reasons():
    found = findings(read(TITANIC.encode()))
    assert [(each.role, each.why) for each in found] == [
        ("left out", "it counts the rows"),
        ("target", ""),
        ("input", ""),
        ("left out", "nearly every row has a text of its own"),
        ("input", ""),
        ("input", ""),
        ("left out", "29 of 30 cells are missing"),
        ("input", ""),
    ]
    assert [each.classes for each in found] == [False, False, False, True, True, False, True, True]
    assert (found[5].missing, found[5].first_missing) == (1, "line 6, column 6")


def test_a_01_target_gets_a_sigmoid_and_missing_cells_are_left_out_or_filled():
    without, filled = made(TITANIC), made(TITANIC, missing="fill")
    assert without.said[1] == "1 row with missing cells is left out, the first in line 6, column 6"
    assert (len(without.data), len(filled.data)) == (29, 30)
    assert filled.said[1] == (
        "1 missing cell of Age filled with the column's mean, the first in line 6, column 6"
    )
    ages = [20.0 + i for i in range(30) if i != 4]
    assert filled.data.inputs[4, 3] == np.mean(ages)
    state = without.network()
    assert state.network.inputs == (
        *("Pclass", "Sex=female", "Sex=male", "Age"),
        *("Embarked=C", "Embarked=Q", "Embarked=S"),
    )
    assert (state.network.layers[-1].activation, state.training.loss) == ("sigmoid", "cross_entropy")
    assert state.predict([[3, "male", 30, "S"]]).shape == (1, 1)


def test_numbers_with_many_texts_among_them_are_texts_and_with_a_few_they_are_named():
    tickets = [f"{('PC ', 'A/5 ', '', '')[k % 4]}{1000 + k}" for k in range(40)]
    of_texts, of_kinds, of_numbers = (
        findings(read(("ticket,y\n" + "".join(f"{cell},{k % 2}\n" for k, cell in enumerate(own))).encode()))[
            0
        ]
        for own in (tickets, [*"ABC12345"] * 5, [*"AB", *"12345678" * 5])
    )
    assert (of_texts.is_number, of_texts.why) == (False, "nearly every row has a text of its own")
    assert (of_kinds.is_number, of_kinds.role, of_kinds.distinct) == (False, "input", 8)
    assert str(of_numbers.fault) == "line 2, column 1: 'A' is not a number"


@pytest.mark.parametrize("missing", ["leave out", "fill"])
def test_columns_of_huge_values_become_a_network_without_a_warning(missing):
    rows = "".join(f"{'-' * (k % 2)}1.7e308,{k}e307,{k % 3}\n" for k in range(1, 10))
    state = made(f"a,b,y\n,1.5e308,1\n{rows}", missing=missing).network()
    assert np.isfinite(state.data.inputs).all()
    if missing == "fill":
        assert state.data.inputs[0, 0] == pytest.approx(-1.7e308 / 9)
    assert worth_standardising(state) == ""


@pytest.mark.parametrize("word", ["k.A.", "k. A.", "keine Angabe", "n/a", "N/A", "n.a.", "-", "–", "#NV"])
def test_a_word_for_nothing_is_a_missing_cell_of_numbers_and_of_texts(word):
    rows = "".join(f"{k},{'ab'[k % 2]},{k * k}\n" for k in range(1, 9))
    found = findings(read(f"x,kind,y\n{word},a,1\n2,{word},3\n{rows}".encode()))
    assert [(each.missing, each.is_number, each.distinct) for each in found[:2]] == [
        (1, True, 8),
        (1, False, 2),
    ]


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("kind,a,b\np,1,2\nq,2,3\np,3,4\n", "kind"),
        ("a,kind,b\n1,p,2\n2,q,3\n3,p,4\n", "kind"),
        ("kind,a,price\np,1,2\nq,2,3\np,3,4\n", "kind"),
        ("kind,a,outcome\np,1,2\nq,2,3\np,3,4\n", "outcome"),
        ("kind,colour,b\np,red,2\nq,blue,3\np,red,4\n", "b"),
        ("day,kind,b\n3/14,p,2\n3/15,q,3\n3/16,p,4\n", "kind"),
        ("kind,b\np,2\nq,3\np,4\n", "kind"),
        ("target,kind,b\n3/14,p,2\n3/15,q,3\n3/16,p,4\n", "kind"),
    ],
)
def test_the_only_column_of_texts_is_the_target_unless_another_is_called_so(text, target):
    found = findings(read(text.encode()))
    assert [each.name for each in found if each.role == "target"] == [target]


def test_a_text_that_every_row_has_for_itself_is_not_the_target():
    rows = "".join(f"n{k},{k % 3},{k * k}\n" for k in range(20))
    found = findings(read(f"name,a,b\n{rows}".encode()))
    assert [each.role for each in found] == ["left out", "input", "target"]


@pytest.mark.parametrize(
    ("header", "wanted", "roles"),
    [
        ("kind,a,b", ["a"], ["input", "target", "input"]),
        ("kind,a,b", ["B"], ["input", "input", "target"]),
        ("kind,a,b", ["b", "a", "b"], ["input", "target", "target"]),
        ("target,a,error", ["a"], ["input", "target", "left out"]),
        ("", ["2"], ["input", "target", "input"]),
    ],
)
def test_the_targets_are_those_that_are_said(header, wanted, roles):
    table = read(f"{header}\np,1,2\nq,2,3\np,3,4\n".encode())
    assert [each.role for each in findings(table, targets=wanted)] == roles


@pytest.mark.parametrize(
    ("header", "wanted", "sentence"),
    [
        ("species,a,b", "specis", "no column is called 'specis': perhaps 'species'"),
        ("species,a,b", "x", "no column is called 'x': the columns are species, a and b"),
        ("", "a", "no line names the columns, and so none is called 'a': give its number, from 1 to 3"),
        ("a,a,b", "a", "line 1: 2 columns are called 'a'"),
    ],
)
def test_a_target_that_is_no_column_is_refused(header, wanted, sentence):
    with pytest.raises(FileError) as caught:
        findings(read(f"{header}\np,1,2\nq,2,3\n".encode()), targets=[wanted])
    assert str(caught.value) == sentence


def test_a_measurement_is_not_the_target_where_all_rows_are_of_one_class():
    found = findings(read(b"a,b,species\n1,2,cat\n3,4,cat\n5,6,cat\n"))
    assert [each.role for each in found] == ["input", "input", "left out"]
    with pytest.raises(
        FileError, match=r"^no column is left for a target: .* species \(it is the same in every"
    ):
        made("a,b,species\n1,2,cat\n3,4,cat\n5,6,cat\n").network()


def test_a_missing_text_is_filled_with_the_most_frequent():
    filled = made("c,y\nb,1\na,2\na,3\n,4\n", missing="fill")
    assert filled.data.inputs.tolist() == [[0, 1], [1, 0], [1, 0], [1, 0]]
    assert "most frequent value" in filled.said[1]


def test_texts_become_classes_and_numbers_may_be_taken_as_such():
    state = made("x,y\n1,no\n2,yes\n3,no\n").network()
    assert state.network.outputs == ("no", "yes")
    assert state.network.layers[-1].activation == "softmax"
    assert state.columns == (Column("y", ("no", "yes"), ("no", "yes")),)
    grades = made("x,y\n1,10\n2,9\n3,10\n", classes=(False, True))
    assert grades.network().network.outputs == ("9", "10")
    assert grades.data.targets.tolist() == [[0, 1], [1, 0], [0, 1]]
    digits = "p,label\n" + "".join(f"{i},{i % 3}\n" for i in range(30))
    assert made(digits).network().network.outputs == ("0", "1", "2")
    numbers = made("x,y\n1,2.5\n2,3\n3,4\n").network()
    assert (numbers.network.layers[-1].activation, numbers.training.loss) == ("identity", "mse")


def test_a_number_among_classes_is_one_text_however_it_is_written():
    text = "grade,y\n" + "".join(f"{i % 2}.0,{i}\n" for i in range(600)) + "A,1\n1.0,2\n01,3\n"
    assert made(text, classes=(True, False)).inputs[0].values == ("0", "1", "A")


def test_names_of_nodes_are_valid_and_unique():
    state = made('a,a=1,a=1,"b\nc"," ",y\n1,1,1,1,5,a=1\n2,2,2,2,9,node_0\n').network()
    assert state.network.inputs == ("a", "a=1", "a=1 2", "b c", "input_4")
    assert state.network.outputs == ("a=1 3", "node_0")
    assert len({*state.network.all_names()}) == sum(state.network.sizes)


def test_columns_of_one_name_are_numbered():
    state = made("a,a,a,b,b,y\n1,2,3,p,r,7\n4,5,6,q,s,8\n").network()
    columns = state.columns.of_inputs
    assert [column.name for column in columns] == ["a", "a 2", "a 3", "b", "b 2"]
    assert state.network.inputs[2:] == ("a 3", "b=p", "b=q", "b 2=r", "b 2=s")


def test_columns_without_names_get_the_usual_ones():
    assert made("1,2,3\n4,5,6\n").network().network.inputs == ("input_0", "input_1")
    assert made("1,2,3\n4,5,6\n").network().network.outputs == ("output",)


def test_rows_go_into_a_network_that_they_fit_and_its_ends_are_rebuilt_for_others():
    one, two = made("a,b,y\n1,2,3\n2,3,5\n"), made("c,d,e,kind\n1,2,3,x\n4,5,6,y\n")
    state = one.network()
    same = made("c,d,z\n1,2,3\n5,6,7\n")
    assert same.fits(state)
    put = same.into(state)
    assert put.network.inputs == ("c", "d")
    assert put.network.layers[0].weights.tolist() == state.network.layers[0].weights.tolist()
    assert not two.fits(state)
    with pytest.raises(FileError, match=r"^layers\[0\]|data|expected"):
        two.into(state)
    new = two.rebuilt(state)
    assert new.network.sizes == (3, 8, 2)
    assert new.network.layers[-1].activation == "softmax"
    assert new.training.loss == "cross_entropy"
    assert new.predict([[1, 2, 3]]).sum() == pytest.approx(1)
    back = one.rebuilt(new)
    assert (back.network.sizes, back.training.loss) == (state.network.sizes, "mse")
    only_targets = made("a,b,kind\n1,2,x\n2,3,y\n").rebuilt(state)
    assert only_targets.network.layers[0] == state.network.layers[0]
    turned = made("b,a,kind\n2,1,x\n3,2,y\n").rebuilt(state)
    assert turned.network.layers[0] == state.network.layers[0]
    assert (turned.network.inputs, turned.data.inputs.tolist()) == (("a", "b"), [[1, 2], [2, 3]])


def test_a_networks_own_columns_stay_what_they_are():
    text = "a,colour,y\n10,red,x\n20,blue,z\n30,red,x\n"
    state = standardise(made(text).network(), [0])
    found = findings(read(b"note,y,colour,a\nn1,z,red,40\nn2,x,blue,20\n"), state)
    assert [each.role for each in found] == ["left out", "target", "input", "input"]
    assert found[0].why == "no input and no output is called so"
    table = read(b"y,colour,a\nz,red,40\nx,blue,20\n")
    found = findings(table, state)
    put = built(table, found, proposed(found), state)
    assert put.fits(state)
    new = put.into(state)
    assert new.network == state.network
    assert {*new.columns} == {*state.columns}
    assert new.data.inputs.tolist() == state.columns.encoded([[40, "red"], [20, "blue"]]).tolist()
    assert new.data.targets.tolist() == [[0, 1], [1, 0]]
    strange = read(b"y,colour,a\nz,green,40\n")
    found = findings(strange, state)
    with pytest.raises(FileError, match=r"^line 2, column 2: 'green' is not known; known are 'blue', 'red'$"):
        built(strange, found, proposed(found), state)


def test_a_table_is_no_network_to_load(tmp_path):
    (tmp_path / "a.csv").write_text("1,2\n3,4\n")
    with pytest.raises(FileError, match=r"is a table and no network; `nnviz convert a.csv a.json` makes one"):
        load(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("rows", "written"),
    [
        ("a;c\n1,5;red\n", "a;c;no;yes;predicted y\n1,5;red;{0};{1};{2}\n"),
        ("1.5,red\n", "a,c,no,yes,predicted y\n1.5,red,{0},{1},{2}\n"),
        ("SEP=,\na,c\n1.5,red\n", "a,c,no,yes,predicted y\n1.5,red,{0},{1},{2}\n"),
        (
            "y,no,c,a\nyes,7,red,1.50\n",
            "y,no,c,a,prediction no,yes,predicted y\nyes,7,red,1.50,{0},{1},{2}\n",
        ),
    ],
)
def test_predictions_are_written_behind_the_cells_as_they_were(rows, written, tmp_path):
    net, data, out = tmp_path / "net.json", tmp_path / "rows.csv", tmp_path / "out.csv"
    state = made("a,c,y\n1,red,no\n2.5,blue,yes\n3,red,no\n").network()
    save(state, net)
    data.write_text(rows)
    assert main(["predict", str(net), "--data", str(data), "-o", str(out)]) == 0
    (no, yes) = state.predict([[1.5, "red"]])[0].tolist()
    numbers = [full(each).replace(".", ",") if ";" in rows else full(each) for each in (no, yes)]
    assert out.read_text() == written.format(*numbers, "no" if no > yes else "yes")


def test_reading_tells_how_far_it_is_and_can_be_stopped():
    data = b"1,2\n" * 5000
    told = []
    read(data, told.append)
    assert told == sorted(told)
    assert len(told) == 10

    def stop(part):
        if part > 0.5:
            raise CancelledError

    with pytest.raises(CancelledError):
        read(data, stop)


def test_a_preview_has_the_first_rows_alone():
    row = "0.5,abc\n"
    data = ("x,y\n" + row * (2 * HEAD_BYTES // len(row))).encode()
    assert len(head(data)) == HEAD_ROWS
    wide = (",".join(["1"] * 5000) + "\n") * 60
    assert 0 < len(head(wide.encode())) < HEAD_ROWS
    quoted = '1,"' + "line\n" * 20_000 + '"\n'  # a cell goes on where the sample ends
    assert len(head(("1,2\n" + quoted * 4).encode())) in range(1, 5)
    assert len(read(b"1,2\n3,4\n5,6\n", most=2)) == 2


cells = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=8),
)
names = st.lists(
    st.text(st.characters(categories=["L"]), min_size=1, max_size=6), min_size=2, max_size=4, unique=True
)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_what_is_written_is_read(data):
    header = data.draw(names)
    width = len(header)
    rows = data.draw(st.lists(st.lists(cells, min_size=width, max_size=width), min_size=1, max_size=6))
    out = io.StringIO()
    delimiter = data.draw(st.sampled_from(",;\t|"))
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [header, *rows]
    )
    said = Layout("UTF-8", delimiter, ".", True)
    if not any(any(cell.strip() for cell in row) for row in rows):
        return
    table = read(out.getvalue().encode(), said=said)
    assert table.names == tuple(header)[: table.width]
    for place in range(table.width):
        texts = table.texts(place)
        given_ = [row[place].strip() for row in rows]
        if texts is None:
            assert all(np.isfinite(table.numbers(place)))
        else:
            assert texts == given_ or any(map(np.isfinite, table.numbers(place)))


values = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3))


@given(st.lists(st.tuples(values, values, st.sampled_from(["red", "blue"])), min_size=3, max_size=12))
@also([(1e6, 0.001, "red"), (-1e6, 0.002, "blue"), (3.5, 0.003, "red")])
@settings(max_examples=60, deadline=None)
def test_rows_are_written_as_raw_as_they_came(rows):
    text = "a,b,colour,y\n" + "".join(f"{a!r},{b!r},{colour},{i}\n" for i, (a, b, colour) in enumerate(rows))
    if len({colour for *_, colour in rows}) < 2:
        return
    state = made(
        text, roles=("input", "input", "input", "target"), classes=(False, False, True, False)
    ).network()
    state = standardise(state, range(4))
    written = read(rows_of_state(state))
    assert written.names == ("a", "b", "colour", "target", "prediction", "error")
    assert written.at([0, 1]).tolist() == [[a, b] for a, b, _ in rows]
    assert written.texts(2) == [colour for *_, colour in rows]
    assert written.at([3]).tolist() == [[i] for i in range(len(rows))]
    predicted = state.predict([[a, b, colour] for a, b, colour in rows])
    np.testing.assert_allclose(written.at([4]), predicted, rtol=1e-12)
    again = findings(written)
    assert [each.role for each in again] == ["input", "input", "input", "target", "left out", "left out"]


@pytest.mark.parametrize("kind", ["u", '"u\nu"'])
def test_of_more_rows_than_nnviz_opens_the_first_are_taken_for_a_network_and_that_is_said(monkeypatch, kind):
    for module in (numbers, network_for):
        monkeypatch.setattr(module, "NUMBERS", replace(NUMBERS, most=200))
    data = (
        "a,b,kind\n" + "".join(f"{2 * k},{k * k},{('v', 'w', kind)[k % 3]}\n" for k in range(100))
    ).encode()
    source = Source(data, Path("many.csv"))
    state = tables.read(source)
    rows = (200 - state.network.parameters) // (2 + 3)
    assert state.data.inputs.tolist() == [[2 * k, k * k] for k in range(rows)]
    assert f"; the first {rows} of 100 rows are taken, as many as nnviz opens; " in source.told[0]
    with pytest.raises(FileError, match=r"expected at most 200 .*, found 300"):
        read(data)
