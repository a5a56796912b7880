"""Tables with something wrong: one sentence, with line and column, the same in the model and in a command."""

import pytest

from nnviz.cli.main import main
from nnviz.files.errors import FileError
from nnviz.files.source import Source
from nnviz.files.table import format as tables
from nnviz.files.table.building import built
from nnviz.files.table.findings import findings, proposed
from nnviz.files.table.table import head, read

NUMBERS = "1,2\n3,4\n5,6\n"
SPECIES = "x,y,species\n1,2,a\n3,4,b\n5,6,a\n"

MALFORMED = {
    "blank lines alone": ("\n\n \n", "there are no rows"),
    "a header alone": ("x,y\n", "there are no rows"),
    "a header and blank lines": ("x,y\n\n\n", "there are no rows"),
    "a row too short": ("x,y\n1,2\n3\n", "line 3: expected 2 values as in the first line, found 1"),
    "a row too long": ("x,y\n1,2\n3,4,5\n", "line 3: expected 2 values as in the first line, found 3"),
    "a short row behind a blank line": (
        "x,y\n1,2\n\n3\n",
        "line 4: expected 2 values as in the first line, found 1",
    ),
    "a short row behind a cell of two lines": (
        'x,y\n"a\nb",2\n3\n',
        "line 4: expected 2 values as in the first line, found 1",
    ),
    "a short row among semicolons": (
        "x;y\n1;2\n3;4\n5\n",
        "line 4: expected 2 values as in the first line, found 1",
    ),
    "a short row among tabs": (
        "x\ty\n1\t2\n3\n5\t6\n",
        "line 3: expected 2 values as in the first line, found 1",
    ),
    "a short row among bars": (
        "x|y\n1|2\n3|4\n5\n",
        "line 4: expected 2 values as in the first line, found 1",
    ),
    "a long row in a late block": (
        "x,y\n" + "1,2\n" * 700 + "1,2,3\n",
        "line 702: expected 2 values as in the first line, found 3",
    ),
    "an open quote": ('x,y\n1,"2\n3,4\n', "line 2: a quote is not closed"),
    "an open quote in the header": ('"x,y\n1,2\n', "line 1: a quote is not closed"),
    "a stray quote": ('x,y\n1,"2"3\n', "line 2: a closing quote is not the end of its cell"),
    "a stray quote among semicolons": (
        'x;y\n1;2\n"3"4;5\n',
        "line 3: a closing quote is not the end of its cell",
    ),
    "a stray quote late": (
        "x,y\n" + "1,2\n" * 700 + '1,"2"3\n',
        "line 702: a closing quote is not the end of its cell",
    ),
    "a text among numbers": ("x,y\n1,2\n3,x\n5,6\n", "line 3, column 2: 'x' is not a number"),
    "a text late among numbers": (
        "x,y\n" + "1,2\n" * 700 + "oops,2\n",
        "line 702, column 1: 'oops' is not a number",
    ),
    "a number and its unit": ("x,y\n1,2\n3 kg,4\n5,6\n", "line 3, column 1: '3 kg' is not a number"),
    "a currency": ("x,y\n1,2\n$3,4\n5,6\n", "line 3, column 1: '$3' is not a number"),
    "a percent": ("x,y\n1,2\n30%,4\n5,6\n", "line 3, column 1: '30%' is not a number"),
    "an infinite number": ("x,y\n1,2\n3,inf\n5,6\n", "line 3, column 2: 'inf' is not a number"),
    "a number that is too large": (
        "x,y\n1,2\n3,1e999\n5,6\n",
        "line 3, column 2: 1e999 is too large for a number",
    ),
    "an underscore": ("x,y\n1,2\n1_000,4\n5,6\n", "line 3, column 1: '1_000' is not a number"),
    "other digits": ("x,y\n1,2\n٣,4\n5,6\n", "line 3, column 1: '٣' is not a number"),
    "a quotient": ("x,y\n1,2\n1/2,4\n5,6\n", "line 3, column 1: '1/2' is not a number"),
    "a date among numbers": ("x,y\n1,2\n2024/03,4\n5,6\n", "line 3, column 1: '2024/03' is not a number"),
    "dates alone": (
        "x,y\n3/14,12:30\n4/1,9:15\n",
        "no column is left for an input; the table has 2 columns",
    ),
    "a thousands separator of commas": (
        'x;y\n1.5;2\n"1,234";4\n5;6\n',
        "line 3, column 1: 1,234 can be read in two ways: write it without a thousands separator",
    ),
    "a thousands separator of points": (
        "x;y\n1,5;2\n1.234;4\n5;6\n",
        "line 3, column 1: 1.234 has a thousands separator: write it without, as 1234",
    ),
    "a thousands separator of points and a decimal comma": (
        "x;y\n1,5;2\n1.234,5;4\n5;6\n",
        "line 3, column 1: 1.234,5 has a thousands separator: write it without, as 1234,5",
    ),
    "a thousands separator in every row": (
        "x;y\n1.234,5;2\n2.345,6;4\n",
        "line 2, column 1: 1.234,5 has a thousands separator: write it without, as 1234,5",
    ),
    "a thousands separator of spaces": (
        "x;y\n1;2\n1 234;4\n5;6\n",
        "line 3, column 1: '1 234' is not a number",
    ),
    "two decimal commas": ("x;y\n1,5;2\n1,5,5;4\n5;6\n", "line 3, column 1: '1,5,5' is not a number"),
    "a header twice": ("x,y\n1,2\n3,4\nx,y\n5,6\n", "line 4, column 1: 'x' is not a number"),
    "a sum below": ("x,y\n1,2\n3,4\ntotal,6\n", "line 4, column 1: 'total' is not a number"),
    "one column": ("x\n1\n2\n", "no column is left for a target: 2 rows; inputs x"),
    "one column without a name": ("1\n2\n", "no column is left for a target: 2 rows; inputs input_0"),
    "prose": ("Dear all\nthis is no table\n", "no column is left for an input; the table has 1 column"),
    "a column of nothing in every row that is left": (
        "x,y\n,2\n3,\n",
        "no row is left: 2 rows with missing cells are left out, the first in line 2, column 1",
    ),
    "a NUL": ("x,y\n1,2\n3,\0\n", "line 3: there is a NUL, which no text holds: this is no table"),
    "a program's bytes": (
        b"\x7fELF\x02\x01\x01\0\0\0",
        "line 1: there is a NUL, which no text holds: this is no table",
    ),
    "neither UTF-8 nor Windows-1252": (
        b"x,y\n1,2\n3,\x81\x8d\n",
        "line 3: this is neither UTF-8 nor Windows-1252 text",
    ),
    "half of UTF-16": (
        "x,y\n1,2\n".encode("utf-16-le")[:-1],
        "line 2: this is neither UTF-8 nor Windows-1252 text",
    ),
    "a cell of very many letters": ("x,y\n1," + "a" * 200_000 + "\n", "line 2: a cell has too many letters"),
    "too many columns": ("1," * 10_000 + "1\n", "line 1: expected at most 10,000 columns, found 10,001"),
    "a class of very many letters": (
        "x,y\n1,a\n2," + "b" * 201 + "\n1,a\n",
        "line 3, column 2: expected at most 200 letters, found 201",
    ),
    "too many classes": (
        "x,kind\n" + "".join(f"{i},k{i // 2}\n" for i in range(2002)),
        "expected at most 1,000 different values in 'kind', one node each, found 1,001: leave the column out",
    ),
}


def bytes_of(text):
    return text if isinstance(text, bytes) else text.encode()


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_table_is_one_sentence_in_a_command(case, tmp_path, capsys):
    text, sentence = MALFORMED[case]
    file = tmp_path / "rows.csv"
    file.write_bytes(bytes_of(text))
    assert main(["convert", str(file), str(tmp_path / "out.json")]) == 1
    assert capsys.readouterr() == ("", f"{sentence}\n")
    assert not (tmp_path / "out.json").exists()


def refused(step):
    with pytest.raises(FileError) as caught:
        step()
    return str(caught.value)


def preview(data):
    table = head(data)
    found = findings(table)
    built(table, found, proposed(found)).network()


@pytest.mark.parametrize(
    "case", [case for case in MALFORMED if "late" not in case and "too many" not in case]
)
def test_a_preview_says_the_same(case):
    text, sentence = MALFORMED[case]
    assert refused(lambda: tables.read(Source(bytes_of(text)))) == sentence
    assert refused(lambda: preview(bytes_of(text))) == sentence


def test_there_are_enough():
    assert len(MALFORMED) >= 40


KNOWN = "x,colour,y\n1,red,2\n3,blue,4\n5,red,6\n"
UNKNOWN = {
    "an unknown category": (
        "x,colour\n1,green\n",
        "line 2, column 2: 'green' is not known; known are 'blue', 'red'",
    ),
    "an empty category": ("x,colour\n1,red\n2,\n", "line 3, column 2: the cell is empty"),
    "an empty number": ("colour,x\nred,1\nblue,\n", "line 3, column 2: the cell is empty"),
    "a column too few": ("x,size\n1,2\n", "line 1: no column is called 'colour'"),
    "a column twice": ("x,x,colour\n1,2,red\n", "line 1: 2 columns are called 'x'"),
    "no names, one column": (
        "1\n2\n",
        "line 1: expected 2 columns, one for each input, or 3 with the targets, found 1",
    ),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_raw_rows_that_do_not_fit_a_network_are_refused_with_their_place(case, tmp_path, capsys):
    text, sentence = UNKNOWN[case]
    (tmp_path / "known.csv").write_text(KNOWN)
    rows, net = tmp_path / "rows.csv", tmp_path / "net.json"
    assert main(["convert", str(tmp_path / "known.csv"), str(net)]) == 0
    capsys.readouterr()
    rows.write_text(text)
    assert main(["predict", str(net), "--data", str(rows)]) == 1
    assert capsys.readouterr().err in (f"{rows}, {sentence}\n", f"{rows}: {sentence}\n")


@pytest.mark.parametrize(
    ("row", "sentence"),
    [(",red", "column x: the cell is empty"), ("4x,red", "column x: '4x' is not a number")],
)
def test_a_row_of_texts_and_numbers_is_refused_with_its_column(row, sentence, tmp_path, capsys):
    (tmp_path / "known.csv").write_text(KNOWN)
    assert main(["predict", str(tmp_path / "known.csv"), "--row", row]) == 1
    assert capsys.readouterr().err.splitlines()[-1] == f"--row {row}, {sentence}"


def test_what_is_read_is_the_same_in_a_preview():
    for text in (NUMBERS, SPECIES, KNOWN):
        whole, first = read(text.encode()), head(text.encode())
        assert (whole.names, whole.layout) == (first.names, first.layout)
        assert findings(whole) == findings(first)
