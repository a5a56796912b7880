"""Tables of rows: their layout, what their columns hold, the network for them, and the place of a fault."""

import csv
import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import example as also
from hypothesis import strategies as st

import nnviz
from nnviz.cli.main import main
from nnviz.core import edits
from nnviz.core.columns import Column
from nnviz.core.edits import standardise, worth_standardising
from nnviz.core.network import Layer
from nnviz.core.numbers import COLUMNS, LINES, NUMBERS, ROWS, full
from nnviz.core.state import Dataset, State
from nnviz.files import table as tables
from nnviz.files.errors import AmbiguousCellError, CancelledError, FileError
from nnviz.files.examples import example
from nnviz.files.registry import load, losses_on_save, save
from nnviz.files.source import Source
from nnviz.files.table import reading
from nnviz.files.table import writing as histories
from nnviz.files.table.columns import build, findings, proposed_choices
from nnviz.files.table.reading import Cells, TableLayout, read
from nnviz.files.table.writing import rows_of_state
from tests.core.oracle import make_network
from tests.files.helpers import cases_of, refusals, refused

ACCENTS = "größe,ville,y\n1.5,Besançon,0\n2,Köln,1\n3,Köln,1\n"


def data_of(text):
    return text if isinstance(text, bytes) else text.encode()


def made(text, given=None, **changes):
    """Return the State that is built from a table: as proposed, except for these choices."""
    table = read(data_of(text), given=given)
    found = findings(table)
    return build(table, found, replace(proposed_choices(found), **changes))


def roles(text, **asked):
    return [each.role for each in findings(read(data_of(text)), **asked)]


def rows_of(text):
    return read(data_of(text)).rows


def command(*arguments):
    """Return the exit code of a command, its standard output and its standard error."""
    out, told = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(told):
        code = main([str(each) for each in arguments])
    return code, out.getvalue(), told.getvalue()


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_the_encoding_is_found(ends):
    text = ACCENTS.replace("\n", ends)
    encodings = {"utf-8": "UTF-8", "utf-8-sig": "UTF-8", "utf-16": "UTF-16 LE", "cp1252": "Windows-1252"}
    files = [(text.encode(encoding), name) for encoding, name in encodings.items()]
    for data, name in [*files, (b"\xfe\xff" + text.encode("utf-16-be"), "UTF-16 BE")]:
        table = read(data)
        assert (table.layout.encoding, table.names) == (name, ("größe", "ville", "y"))
        assert table.texts(1) == ["Besançon", "Köln", "Köln"]
        assert table.columns_at([0, 2]).tolist() == [[1.5, 0], [2, 1], [3, 1]]


LAYOUTS = r"""
a,b\n1,2\n ¦ x;y,z\n1,2\n3,4\n5,6\n ¦ note,b\na;b,1\nc,2\nd;e,3\n
¦ sky,heat,play\nsunny,hot,no\nrain,hot,yes\n ¦ a,b\n1.234,2\n2.345,3\n ¦ 2024-03,2024-04\n1,2\n
¦ 1,2\n3,4\n ¦ 5.1,red\n4,blue\n ¦ sunny,hot,no\nsunny,mild,no\nrain,hot,yes\n
¦ 2024-03-14,a\n2024-03-15,b\n ¦ a;b\n1,5;2\n ¦ sep=;\r\na;b\r\n1,5;2\r\n ¦ a;b\n0,5;1\n12;-,25\n
¦ a\n0,5\n12\n-,25\n ¦ a;b\nMANY1;2,5\n ¦ a;b\n1.5;2\n ¦ "a;1";b\n"c;2";3\n ¦ a;b\n1.234;2\n12.5;3\n
¦ a;b\n1.234;2\n0.123;3\n ¦ a;b\nMANY1;2.5\n ¦ 1.234;1,5\n2.345;2,5\n ¦ a;b\n1.234;2\n950;3\n
¦ a;b\n1,234;2\n950;3\n ¦ a;b\n1.234.567;2\n950;3\n ¦ a\tb\n1,5\t2\n ¦ a\tb\n1.234\t2\n2.345\t3\n
¦ a|b\n1|2\n
"""


def test_the_layout_is_found_from_several_lines(approved):
    found = {}
    for text in cases_of(LAYOUTS):
        layout = read(text.replace("MANY", "1.234;2\n" * 200).encode()).layout
        names = "names in the first line" if layout.header else "no names"
        found[ascii(text)] = f"delimiter {layout.delimiter!r}, decimal sign {layout.decimal}, {names}"
    approved("layouts", found)


ROWS_WITH_AND_WITHOUT_NAMES = r"""
3,5\n1,-1\n ¦ a,b\n3,5\n ¦ "a x", b \r\n 3 , "5"\r\n\r\n ¦ x\n1\n2\n ¦ .5,−0.5\n+1,5e-324
¦ "a;b",x1\n1,2\n ¦ a;"b,c"\n1,5;2\n ¦ "two\r\nlines",x\r\n1,2\r\n ¦ 1,2\r3,4\r ¦ ,a\n0,1\n
¦ a,b,\n1,2,\n3,4,\n ¦ a,b\n1,2,\n3,4,\n ¦ 1,2,\n3,4,\n ¦ Na,K\n1,2\n ¦ x,NA\n1,2\n ¦ NAN1,x?\n1,2\n
¦ a.b,?\n1,2\n ¦ -,none of these\n1,2\n ¦ "a"\n"1"\n\n"2"\n ¦ "a"\n"1"\n \n"2"\n ¦ "a"\n"1"\n""\n"2"\n
"""


def test_rows_are_read_with_or_without_a_header(approved):
    found = {}
    for text in (*cases_of(ROWS_WITH_AND_WITHOUT_NAMES), "\ufeff1e-3,−2\n"):
        table = read(text.encode())
        found[ascii(text)] = f"{table.names} {table.rows.tolist()}"
    approved("rows with and without names", found)


def test_a_cell_may_hold_lines_quotes_and_delimiters():
    table = read(b'text,n\n"a, ""b""\nc",1\n"d",2\n')
    assert table.texts(0) == ['a, "b"\nc', "d"]
    assert table.columns_at([1]).tolist() == [[1], [2]]
    assert table.place(1, 1) == "line 4, column 2"
    assert read(b'"a"\n"1"\n\n"2"\n').place(1, 0) == "line 4, column 1"


def test_the_decimal_sign_decides_what_points_and_commas_are():
    for decimal, cells, values in (
        (",", "1.234 12.500 950", [1234, 12500, 950]),
        (".", "1.234 12.500 950", [1.234, 12.5, 950]),
        (".", "1,234 -12,500 1,234.5", [1234, -12500, 1234.5]),
        (",", "1,234 -12,500 1.234,5", [1.234, -12.5, 1234.5]),
        (",", "1.234.567 +1.234 1,5", [1234567, 1234, 1.5]),
    ):
        text = "a;b\n" + "".join(f"{cell};1\n" for cell in cells.split())
        assert read(text.encode(), given=TableLayout(decimal=decimal)).rows[:, 0].tolist() == values


def test_a_cell_that_depends_on_the_decimal_sign_is_refused(approved):
    cells = {cell: f"x;y\n950;2\n{cell};4\n".encode() for cell in ("1.234", "-1,234", "1.234.567")}
    approved("a cell of two readings", refusals(cells, lambda text: read(text).rows))
    with pytest.raises(AmbiguousCellError):
        _ = read(cells["1.234"]).rows


def test_a_given_layout_is_used(approved):
    text = b"1,5;2\n2,5;3\n"
    assert read(text).rows.tolist() == [[1.5, 2], [2.5, 3]]
    assert read(text, given=TableLayout(delimiter=",", decimal=".")).width == 2
    assert read(text, given=TableLayout(header=True)).names == ("1,5", "2")
    assert read("é,b\n1,2\n".encode(), given=TableLayout(encoding="Windows-1252")).names == ("Ã©", "b")
    source = Source(ACCENTS.encode("cp1252"))
    tables.read(source)
    approved("a table in Windows-1252", "\n".join(source.notes))


# Faults of numbers, each with its place.

LATE = "x,y\n" + "1,2\n" * 700
QUOTED = '"a","b"\n' + '"1","2"\n' * 700
NO_NUMBERS = r"""
a,b\n ¦ a,b\n\n3,x\n ¦ 3,\n ¦ a,1\n ¦ 1,nan\n ¦ 1,true\n ¦ 1,2\n3,120/80\n ¦ 1,"2\n4",5\n ¦ 1,2\n1,"2\n4"\n
¦ nan,nan\n1,2\n ¦ -Inf,1\n1,2\n ¦ 1\t2\n\t\n
"""
MISSING = r"""NA,NA null,null N/A,- ?,? n/a, None,none NULL,. #N/A,#DIV/0! <NA>,NA \N,\N
-nan(ind),1.#QNAN --,— na,nil"""
LONG = ("a\n1\n\x0c2\n1\u20282\n", *("1," + "x" * 10**k + "\n" for k in (5, 6)), "1," * 10_000 + "1\n")
LAST = r"""
"3"\n ¦ "3","4","5"\n ¦ "3","x"\n ¦ \n"3",""\n ¦ "3","4"5\n ¦ "3","4\n ¦ "3\n","4"\n"5","x"\n
¦ "3","4",\n"5","x"\n
"""


def test_a_table_that_is_not_all_numbers_is_refused_with_its_place(approved):
    cases = [*cases_of(NO_NUMBERS), *LONG, *(QUOTED + last for last in cases_of(LAST))]
    approved("no numbers", refusals(cases, rows_of))
    missing = refusals(MISSING.split(), lambda row: rows_of(f"{row}\n1,2\n"))
    approved("a first row of missing numbers", missing)


@pytest.fixture
def small_limits(monkeypatch):
    """Let a table have a thousandth of the rows, lines and numbers that it may have."""
    assert (ROWS.limit, LINES.limit, NUMBERS.limit, COLUMNS.limit) == (500_000, 2_000_000, 4_000_000, 10_000)
    monkeypatch.setattr(reading, "ROWS", replace(ROWS, limit=500))
    monkeypatch.setattr(reading, "NUMBERS", replace(NUMBERS, limit=4000))
    monkeypatch.setattr(reading, "LINES", replace(LINES, limit=2000))


WIDE = ",1" * 9 + "\n"


@pytest.mark.usefixtures("small_limits")
def test_a_table_has_limits_of_rows_lines_and_numbers(approved):
    cases = ("\n" * 502, "\n" * 2001, "1\n" * 501, "a\n" + "1\n" * 501, "x" + WIDE + ("1" + WIDE) * 400)
    approved("beyond the limits of a table", refusals(cases, rows_of))
    within = {"1\n \n" * 300: 300, '"1\n"\n' * 300: 300, "x" + ",x" * 9 + "\n" + ("1" + WIDE) * 400: 400}
    for text, rows in within.items():
        assert len(rows_of(text)) == rows


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
        Cells(lines, 0, 2, TableLayout(delimiter=",", decimal=".")).read(None, fitting=False)
        return lines.reads

    assert reads(4_000) < 2.2 * reads(2_000)


def test_the_first_rows_are_taken_alone():
    table = read(('"a","b"\n' + '"x","2"\n' * 700).encode()).first(600)
    assert (len(table), table.texts(0), table.rows_in_file) == (600, ["x"] * 600, 700)


def test_columns_are_matched_by_name_or_by_order(approved):
    table = read(b"name,x1,born,x2\nAnn,1,1990-1-1,2\nBob,3,,4\n" + b"Eve,5,?,6\n" * 600)
    assert table.columns_at(table.places(["x1", "x2"]))[:2].tolist() == [[1, 2], [3, 4]]
    told = [refused(lambda: table.columns_at(table.places(["x1", "name"])))]
    assert told == [refused(lambda: table.rows)]
    for case in (
        *("a b of target,b,a", "x y of target,b,a", "x1 x2 of X2,X1", "x1 of X1,x1", "x1 of x1,a"),
        *("x2 of x1,x1,x2", "a c of target,b,a", "x1 X1 of X1,a", "x1 x2 of x1,x1,x2", "x1 x2 of X1,X1,x2"),
    ):
        wanted, header = case.split(" of ")
        table = read(f"{header}\n{','.join('1' * len(header.split(',')))}\n".encode())
        try:
            told.append(f"{case}: {table.places(wanted.split())}")
        except FileError as error:
            told.append(f"{case}: {error}")
    assert read(b"3,5\n").places(["a", "b"]) is None
    approved("columns by their names", "\n".join(told))


def test_a_history_keeps_every_bit():
    points = np.array([[0, 49.0], [1, 0.1 + 0.2], [1e6, 5e-324]])
    assert histories.history_text(points) == b"iteration,mse\n0,49.0\n1,0.30000000000000004\n1000000,5e-324\n"
    assert read(histories.history_text(points)).rows.tolist() == points.tolist()
    long = np.column_stack([np.arange(25_001.0), np.ones(25_001)])
    assert read(histories.history_text(long)).rows.tolist() == long.tolist()


# Faults of a table for a network: the same in the model and in a command.

KNOWN = "x,colour,y\n1,red,2\n3,blue,4\n5,red,6\n"
AMONG = ("3 kg", "$3", "30%", "inf", "1e999", "1_000", "٣", "1/2", "2024/03")
BAD = r"""
<!DOCTYPE html>\n<p>1,2 ¦ \n\n \n ¦ x,y\n\n\n ¦ x,y\n1,2\n3\n ¦ x,y\n1,2\n3,4,5\n ¦ x,y\n1,2\n\n3\n
¦ x,y\n"a\nb",2\n3\n ¦ x;y\n1;2\n3;4\n5\n ¦ x\ty\n1\t2\n3\n5\t6\n ¦ x|y\n1|2\n3|4\n5\n ¦ x,y\n1,"2\n3,4\n
¦ "x,y\n1,2\n ¦ x,y\n1,"2"3\n ¦ x;y\n1;2\n"3"4;5\n ¦ x,y\n1,2\n3,x\n5,6\n ¦ x,y\n3/14,12:30\n4/1,9:15\n
¦ x;y\n1.5;2\n"1,234";4\n5;6\n ¦ x;y\n1,5;2\n1.234;4\n5;6\n ¦ x;y\n1,5;2\n1.234,5;4\n5;6\n
¦ x;y\n1.234,5;2\n2.345,6;4\n ¦ x;y\n1;2\n1 234;4\n5;6\n ¦ x;y\n1,5;2\n1,5,5;4\n5;6\n
¦ x,y\n1,2\n3,4\nx,y\n5,6\n ¦ x,y\n1,2\n3,4\ntotal,6\n ¦ x\n1\n2\n ¦ 1\n2\n ¦ Dear all\nthis is no table\n
¦ a,b,species\n1,2,cat\n3,4,cat\n5,6,cat\n ¦ x,y\n,2\n3,\n ¦ x,y\n1,2\n3,\0\n
"""
SHORT = (
    *("", *cases_of(BAD), *(f"x,y\n1,2\n{cell},4\n5,6\n" for cell in AMONG)),
    *(b"\x7fELF\x02\x01\x01\0\0\0", b"x,y\n1,2\n3,\x81\x8d\n", "x,y\n1,2\n".encode("utf-16-le")[:-1]),
    *("x,y\n1," + "a" * 200_000 + "\n", "x,y\n1,a\n2," + "b" * 201 + "\n1,a\n"),
)
LATER = (
    *(LATE + "1,2,3\n", LATE + '1,"2"3\n', LATE + "oops,2\n", "1," * 10_000 + "1\n"),
    "x,kind\n" + "".join(f"{i},k{i // 2}\n" for i in range(2002)),
)


def test_a_malformed_table_is_refused(approved):
    told = refusals(SHORT, lambda text: tables.read(Source(data_of(text))))
    late = refusals(LATER, lambda text: tables.read(Source(data_of(text))))
    approved("malformed tables", f"{told}\n{late}")


def test_a_command_says_in_one_line_what_is_wrong_with_a_table(tmp_path, approved):
    rows, known, net = tmp_path / "rows.csv", tmp_path / "known.csv", tmp_path / "net.json"
    rows.write_text("x,y\n1,2\n3,x\n5,6\n")
    told = {"convert": command("convert", rows, net)}
    assert not net.exists()
    known.write_text(KNOWN)
    assert command("convert", known, net)[0] == 0
    for text in cases_of(
        r"""x,colour\n1,green\n ¦ x,colour\n1,red\n2,\n ¦ colour,x\nred,1\nblue,\n ¦ x,size\n1,2\n
        ¦ x,x,colour\n1,2,red\n ¦ 1\n2\n"""
    ):
        rows.write_text(text)
        told[ascii(text)] = command("predict", net, "--data", rows)
    for row in (",red", "4x,red"):
        code, out, said = command("predict", known, "--row", row)
        told[f"the row {row}"] = (code, out, said.splitlines()[-1] + "\n")
    assert all((code, out, said.count("\n")) == (1, "", 1) for code, out, said in told.values())
    lines = (f"{name}: {said.strip()}" for name, (_, _, said) in told.items())
    approved("tables in a command", "\n".join(lines))


def test_loading_a_table_as_a_network_is_refused(tmp_path, approved):
    (tmp_path / "a.csv").write_text("1,2\n3,4\n")
    approved("a table instead of a network", refused(load, tmp_path / "a.csv"))


# What the columns hold.

TITANIC = "PassengerId,Survived,Pclass,Name,Sex,Age,Cabin,Embarked\n" + "".join(
    f"{i + 1},{i % 2},{i % 3 + 1},N{i},{('female', 'male')[i % 2]},"
    f"{20 + i if i != 4 else ''},{'C1' if i == 0 else ''},{'SCQ'[i % 3]}\n"
    for i in range(30)
)


def test_roles_are_proposed_with_their_reasons(approved):
    found = findings(read(TITANIC.encode()))
    approved(
        "proposed roles", {each.name: each.role + (each.reason and f", {each.reason}") for each in found}
    )
    assert [each.classes for each in found] == [False, False, False, True, True, False, True, True]
    assert (found[5].missing, found[5].first_missing) == (1, "line 6, column 6")
    named = "name,a,b\n" + "".join(f"n{k},{k % 3},{k * k}\n" for k in range(20))
    assert roles(named) == ["left out", "input", "target"]
    assert roles("a,b,species\n1,2,cat\n3,4,cat\n5,6,cat\n") == ["input", "input", "left out"]


def test_a_01_target_gets_a_sigmoid_and_missing_cells_are_left_out_or_filled(approved):
    without, filled = made(TITANIC), made(TITANIC, missing="fill")
    texts = made("c,y\nb,1\na,2\na,3\n,4\n", missing="fill")
    approved("missing cells", "\n".join((without.notes[1], filled.notes[1], texts.notes[1])))
    assert texts.data.inputs.tolist() == [[0, 1], [1, 0], [1, 0], [1, 0]]
    assert (len(without.data), len(filled.data)) == (29, 30)
    assert filled.data.inputs[4, 3] == np.mean([20.0 + i for i in range(30) if i != 4])
    state = without.network()
    names = "Pclass Sex=female Sex=male Age Embarked=C Embarked=Q Embarked=S"
    assert state.network.inputs == tuple(names.split())
    assert (state.network.layers[-1].activation, state.training.loss) == ("sigmoid", "cross_entropy")
    assert state.predict([[3, "male", 30, "S"]]).shape == (1, 1)


def test_numbers_with_many_texts_among_them_are_texts_and_with_a_few_they_are_named():
    def first_column(cells):
        rows = "".join(f"{cell},{k % 2}\n" for k, cell in enumerate(cells))
        return findings(read(f"ticket,y\n{rows}".encode()))[0]

    of_texts = first_column(f"{('PC ', 'A/5 ', '', '')[k % 4]}{1000 + k}" for k in range(40))
    of_kinds, of_numbers = first_column([*"ABC12345"] * 5), first_column([*"AB", *"12345678" * 5])
    assert (of_texts.is_number, of_texts.role) == (False, "left out")
    assert (of_kinds.is_number, of_kinds.role, of_kinds.distinct) == (False, "input", 8)
    assert of_numbers.fault.place == "line 2, column 1"


DATES = (
    *("2024-03-14 2024-03-15", "2024-03-14T10:00 2024-03-14T10:00:30.5Z", "2024/03/14 2024/12/01"),
    *("2024/03 2024/12", "14.03.2024 1.4.24", "3/14/2024 12/31/2024", "3/14 4/1", "14-Mar-24 1-Dez-24"),
    "12:30 9:05",
)
NO_DATES = ("120/80 130/85", "2024/13 2024/12", "3/14 half", "may june", "3:1 2:2", "A/5 B/6")


@pytest.mark.parametrize("texts", DATES + NO_DATES)
def test_a_column_of_dates_is_left_out_and_nnviz_says_so(texts, approved):
    cells = texts.split(" ")
    made_of = made("when,x,y\n" + "".join(f"{cells[k % 2] if k else ''},{k},{k * k}\n" for k in range(8)))
    if texts in DATES:
        approved("a column of dates", "\n".join(made_of.notes))
    else:
        assert {*made_of.inputs[0].values} == {*cells}


@pytest.mark.parametrize("missing", ["leave out", "fill"])
def test_columns_of_huge_values_become_a_network_without_a_warning(missing):
    rows = "".join(f"{'-' * (k % 2)}1.7e308,{k}e307,{k % 3}\n" for k in range(1, 10))
    state = made(f"a,b,y\n,1.5e308,1\n{rows}", missing=missing).network()
    assert np.isfinite(state.data.inputs).all()
    if missing == "fill":
        assert state.data.inputs[0, 0] == pytest.approx(-1.7e308 / 9)
    assert worth_standardising(state) == ""


def test_words_for_a_missing_value_are_missing_cells():
    rows = "".join(f"{k},{'ab'[k % 2]},{k * k}\n" for k in range(1, 9))
    for word in ("k.A.", "k. A.", "keine Angabe", "n/a", "N/A", "n.a.", "-", "–", "#NV"):
        found = findings(read(f"x,kind,y\n{word},a,1\n2,{word},3\n{rows}".encode()))
        of = [(each.missing, each.is_number, each.distinct) for each in found[:2]]
        assert of == [(1, True, 8), (1, False, 2)], word


def test_the_only_column_of_texts_is_the_target_unless_a_name_decides():
    for table, target in (
        ("kind,a,b p,1,2 q,2,3 p,3,4", "kind"),
        ("kind,a,price p,1,2 q,2,3 p,3,4", "kind"),
        ("a,kind,b 1,p,2 2,q,3 3,p,4", "kind"),
        ("kind,a,outcome p,1,2 q,2,3 p,3,4", "outcome"),
        ("kind,colour,b p,red,2 q,blue,3 p,red,4", "b"),
        ("kind,b p,2 q,3 p,4", "kind"),
        ("day,kind,b 3/14,p,2 3/15,q,3 3/16,p,4", "kind"),
        ("target,kind,b 3/14,p,2 3/15,q,3 3/16,p,4", "kind"),
    ):
        found = findings(read(table.replace(" ", "\n").encode()))
        assert [each.name for each in found if each.role == "target"] == [target]


def test_the_targets_are_the_named_columns(approved):
    for header, wanted, expected in (
        ("kind,a,b", ["a"], ["input", "target", "input"]),
        ("kind,a,b", ["B"], ["input", "input", "target"]),
        ("kind,a,b", ["b", "a", "b"], ["input", "target", "target"]),
        ("target,a,error", ["a"], ["input", "target", "left out"]),
        ("", ["2"], ["input", "target", "input"]),
    ):
        assert roles(f"{header}\np,1,2\nq,2,3\np,3,4\n", targets=wanted) == expected
    cases = (("species,a,b", "specis"), ("species,a,b", "x"), ("", "a"), ("a,a,b", "a"))
    told = refusals(cases, lambda case: roles(f"{case[0]}\np,1,2\nq,2,3\n", targets=[case[1]]))
    approved("targets that are no column", told)


# The network for a table, and rows for a network.


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
    measured = made("x,y\n1,2.5\n2,3\n3,4\n").network()
    assert (measured.network.layers[-1].activation, measured.training.loss) == ("identity", "mse")
    text = "grade,y\n" + "".join(f"{i % 2}.0,{i}\n" for i in range(600)) + "A,1\n1.0,2\n01,3\n"
    assert made(text, classes=(True, False)).inputs[0].values == ("0", "1", "A")


def test_names_of_nodes_are_valid_and_unique():
    state = made('a,a=1,a=1,"b\nc"," ",y\n1,1,1,1,5,a=1\n2,2,2,2,9,node_0\n').network()
    assert state.network.inputs == ("a", "a=1", "a=1 2", "b c", "input_4")
    assert state.network.outputs == ("a=1 3", "node_0")
    assert len({*state.network.all_names()}) == sum(state.network.sizes)
    numbered = made("a,a,a,b,b,y\n1,2,3,p,r,7\n4,5,6,q,s,8\n").network()
    assert [column.name for column in numbered.columns.of_inputs] == ["a", "a 2", "a 3", "b", "b 2"]
    assert numbered.network.inputs[2:] == ("a 3", "b=p", "b=q", "b 2=r", "b 2=s")
    usual = made("1,2,3\n4,5,6\n").network().network
    assert (usual.inputs, usual.outputs) == (("input_0", "input_1"), ("output",))


def test_rows_go_into_a_network_that_they_fit_and_its_ends_are_rebuilt_for_others():
    one, two = made("a,b,y\n1,2,3\n2,3,5\n"), made("c,d,e,kind\n1,2,3,x\n4,5,6,y\n")
    state, same = one.network(), made("c,d,z\n1,2,3\n5,6,7\n")
    put = same.into(state)
    assert put.network.inputs == ("c", "d")
    assert np.array_equal(put.network.layers[0].weights, state.network.layers[0].weights)
    assert "the network needs 2 inputs and 1 target" in refused(two.into, state)
    new = two.rebuilt(state)
    end = new.network.sizes, new.network.layers[-1].activation, new.training.loss
    assert end == ((3, 8, 2), "softmax", "cross_entropy")
    back = one.rebuilt(new)
    assert (back.network.sizes, back.training.loss) == (state.network.sizes, "mse")
    only_targets = made("a,b,kind\n1,2,x\n2,3,y\n").rebuilt(state)
    turned = made("b,a,kind\n2,1,x\n3,2,y\n").rebuilt(state)
    assert only_targets.network.layers[0] == turned.network.layers[0] == state.network.layers[0]
    assert (turned.network.inputs, turned.data.inputs.tolist()) == (("a", "b"), [[1, 2], [2, 3]])


def test_a_networks_own_columns_stay_what_they_are(approved):
    state = standardise(made("a,colour,y\n10,red,x\n20,blue,z\n30,red,x\n").network(), [0])
    named = roles("note,y,colour,a\nn1,z,red,40\nn2,x,blue,20\n", state=state)
    assert named == ["left out", "target", "input", "input"]
    table = read(b"y,colour,a\nz,red,40\nx,blue,20\n")
    found = findings(table, state)
    put = build(table, found, proposed_choices(found), state)
    new = put.into(state)
    assert (new.network, {*new.columns}) == (state.network, {*state.columns})
    assert new.data.inputs.tolist() == state.columns.encoded([[40, "red"], [20, "blue"]]).tolist()
    assert new.data.targets.tolist() == [[0, 1], [1, 0]]
    strange = read(b"note,y,colour,a\nn1,z,green,40\n")
    found = findings(strange, state)
    told = refused(build, strange, found, proposed_choices(found), state)
    approved("columns and texts that the network does not know", f"note: {found[0].reason}\n{told}")


def test_predictions_are_written_after_the_unchanged_cells(tmp_path):
    net, data, out = tmp_path / "net.json", tmp_path / "rows.csv", tmp_path / "out.csv"
    state = made("a,c,y\n1,red,no\n2.5,blue,yes\n3,red,no\n").network()
    save(state, net)
    (no, yes) = state.predict([[1.5, "red"]])[0].tolist()
    for rows, header, row in (
        ("a;c\n1,5;red\n", "a;c;no;yes;predicted y", "1,5;red;{0};{1};{2}"),
        ("1.5,red\n", "a,c,no,yes,predicted y", "1.5,red,{0},{1},{2}"),
        ("SEP=,\na,c\n1.5,red\n", "a,c,no,yes,predicted y", "1.5,red,{0},{1},{2}"),
        (
            "y,no,c,a\nyes,7,red,1.50\n",
            "y,no,c,a,prediction no,yes,predicted y",
            "yes,7,red,1.50,{0},{1},{2}",
        ),
    ):
        data.write_text(rows)
        assert command("predict", net, "--data", data, "-o", out)[0] == 0
        values = [full(each).replace(".", ",") if ";" in rows else full(each) for each in (no, yes)]
        assert out.read_text() == f"{header}\n{row.format(*values, 'no' if no > yes else 'yes')}\n"


def test_reading_reports_progress_and_can_be_stopped():
    told = []
    read(b"1,2\n" * 5000, told.append)
    assert told == sorted(told)
    assert len(told) == 11

    def stop(part):
        if part > 0.5:
            raise CancelledError

    with pytest.raises(CancelledError):
        read(b"1,2\n" * 5000, stop)


cells = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=8),
)
words = st.text(st.characters(categories=["L"]), min_size=1, max_size=6)


@given(st.data())
def test_a_written_table_is_read(data):
    header = data.draw(st.lists(words, min_size=2, max_size=4, unique=True))
    row = st.lists(cells, min_size=len(header), max_size=len(header))
    rows = data.draw(
        st.lists(row, min_size=1, max_size=6).filter(lambda rows: "".join(map("".join, rows)).strip())
    )
    out, delimiter = io.StringIO(), data.draw(st.sampled_from(",;\t|"))
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([header, *rows])
    table = read(out.getvalue().encode(), given=TableLayout("UTF-8", delimiter, ".", True))
    assert table.names == tuple(header)[: table.width]
    for place in range(table.width):
        texts, written = table.texts(place), [row[place].strip() for row in rows]
        assert texts in (None, written) or any(map(np.isfinite, table.numbers(place)))
        assert texts is not None or all(np.isfinite(table.numbers(place)))


values = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3))


@given(st.lists(st.tuples(values, values, st.sampled_from(["red", "blue"])), min_size=3, max_size=6))
@also([(1e6, 0.001, "red"), (-1e6, 0.002, "blue"), (3.5, 0.003, "red")])
def test_rows_are_written_with_their_raw_values(rows):
    assume(len({colour for *_, colour in rows}) == 2)
    text = "a,b,colour,y\n" + "".join(f"{a!r},{b!r},{colour},{i}\n" for i, (a, b, colour) in enumerate(rows))
    chosen = {"roles": ("input", "input", "input", "target"), "classes": (False, False, True, False)}
    state = standardise(made(text, **chosen).network(), range(4))
    written = read(rows_of_state(state))
    assert written.names == ("a", "b", "colour", "target", "prediction", "error")
    assert written.columns_at([0, 1]).tolist() == [[a, b] for a, b, _ in rows]
    assert written.texts(2) == [colour for *_, colour in rows]
    assert written.columns_at([3]).tolist() == [[i] for i in range(len(rows))]
    predicted = state.predict([[a, b, colour] for a, b, colour in rows])
    np.testing.assert_allclose(written.columns_at([4]), predicted, rtol=1e-12)
    again = [each.role for each in findings(written)]
    assert again == ["input", "input", "input", "target", "left out", "left out"]


@pytest.mark.parametrize("kind", ["u", '"u\nu"'])
def test_a_table_with_too_many_rows_is_cut_with_a_note(monkeypatch, kind, approved):
    for module in (reading, edits):
        monkeypatch.setattr(module, "NUMBERS", replace(NUMBERS, limit=200))
    rows = "".join(f"{2 * k},{k * k},{('v', 'w', kind)[k % 3]}\n" for k in range(100))
    data = f"a,b,kind\n{rows}".encode()
    source = Source(data, Path("many.csv"))
    state = tables.read(source)
    count = (200 - state.network.parameters) // (2 + 3)
    assert state.data.inputs.tolist() == [[2 * k, k * k] for k in range(count)]
    approved("more rows than nnviz opens", source.notes[0].replace("u\\nu", "u"))
    assert "found 300" in refused(read, data)


# Raw rows of standardised inputs in the files of models.

ENDS = (".npz", ".safetensors")


def a_state(mean=(12.0, -750.0), deviation=(0.8, 310.0), biases=True):
    """Return a network of two standardised inputs and one of a text, and raw rows of it."""
    random = np.random.default_rng(1)
    measured = random.normal(size=(20, 2)) * deviation + mean
    network = make_network([3, 4, 2], ["tanh", "identity"], [biases] * 2, 3)
    data = Dataset(np.column_stack([measured, np.ones(20)]), random.normal(size=(20, 2)))
    state = standardise(State(replace(network, inputs=("x", "y", "red")), data), (0, 1))
    state = replace(state, columns=(*state.columns, Column("colour", ("red",), ("red",))))
    return state, [[x, y, "red"] for x, y in measured.tolist()]


def outputs(path, raw):
    """Return the predictions of a file's network for raw rows."""
    return load(path).predict(np.array([[x, y, 1.0] for x, y, _ in raw]))


def told_by_convert(*arguments):
    code, out, told = command("convert", *arguments)
    assert (code, out) == (0, "")
    return told


@pytest.mark.parametrize("end", ENDS)
def test_a_saved_model_predicts_raw_rows_like_nnviz(end, tmp_path, approved):
    path, told = tmp_path / f"m{end}", {}
    for name, (state, raw), most in (
        ("biases", a_state(), 1e-12),
        ("no biases", a_state(biases=False), 1e-12),
        ("a mean far beyond the deviation", a_state(mean=(1e6, 1.0), deviation=(1e-3, 1.0)), 1e-6),
    ):
        save(state, path)
        np.testing.assert_allclose(outputs(path, raw), state.predict(raw), rtol=1e-12, atol=most)
        told[name] = losses_on_save(state, path)
    approved(f"standardised inputs in | {end}", told)
    plain = replace(state, columns=())
    save(plain, path)
    assert load(path).network.layers == plain.network.layers
    assert "standardises" not in losses_on_save(plain, path)
    assert told_by_convert(path, tmp_path / "a.json") == ""  # no other loss is possible


def test_saving_warns_of_how_raw_rows_are_standardised(tmp_path, approved):
    state, _ = a_state()
    save(state, tmp_path / "a.json")
    told = told_by_convert(tmp_path / "a.json", tmp_path / "m.npz")
    with pytest.warns(UserWarning, match="expects raw numbers"):
        nnviz.save(state, tmp_path / "m.npz")
    small = replace(state, columns=(Column("x", ("x",), deviation=5e-324),))
    refusal = refused(save, small, tmp_path / "n.npz")
    approved("convert a network of standardised inputs", f"{told}too small a deviation: {refusal}")
    assert not (tmp_path / "n.npz").exists()


def test_without_scaling_the_weights_are_those_that_are_shown(tmp_path, approved):
    state, _ = a_state()
    save(state, tmp_path / "a.json")
    told = {}
    for end in (*ENDS, ".json"):
        told[end] = told_by_convert(tmp_path / "a.json", tmp_path / f"m{end}", "--without-scaling")
        network = load(tmp_path / f"m{end}").network
        for one, other in zip(network.layers, state.network.layers, strict=True):
            assert np.array_equal(one.weights, other.weights)
            assert np.array_equal(one.biases, other.biases)
    approved("without scaling", told)
    assert told_by_convert("xor", tmp_path / "m.json", "--without-scaling") == ""


def test_a_weights_dictionary_refuses_standardised_inputs_and_names_the_way_out(tmp_path, approved):
    state, paths = load(example("relu").path), (tmp_path / "a.json", tmp_path / "m.py")
    save(replace(state, columns=(Column("children", ("children",), mean=2.0),)), paths[0])
    code, _, told = command("convert", *paths)
    assert code == 1
    approved("standardised inputs in a dictionary", told)
    told_by_convert(*paths, "--without-scaling")
    assert load(paths[1]).network.layers == state.network.layers


@pytest.mark.parametrize("output", ["sigmoid", "softmax"])
def test_the_usual_loss_of_the_output_is_taken_and_named(output, tmp_path, approved):
    layer, told = Layer(("a", "b"), output, np.ones((2, 3))), {}
    network = replace(a_state()[0].network, layers=(layer,))
    for end in ENDS:
        path = tmp_path / f"m{end}"
        save(State(network, Dataset.empty(network)), path)
        assert load(path).training.loss == "cross_entropy"
        told[end] = told_by_convert(path, tmp_path / "a.json").strip()
        assert command("predict", path, "--row", "1,2,3")[::2] == (0, "")
    approved(f"the usual loss | {output}", told)
