"""The files in resources/data are what their README says."""

import csv
import re

import pytest

from tests.ready_sets import FOLDER, MADE_UP, TAKEN

README = (FOLDER / "README.md").read_text(encoding="utf-8")


def rows(name):
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_stands_in_the_table_with_its_rows():
    told = dict(re.findall(r"^\| `(\w+)\.csv` \| (\d+) \|", README, re.MULTILINE))
    assert {name: str(len(rows(name))) for name in (*TAKEN, *MADE_UP)} == told
    assert {path.stem for path in FOLDER.glob("*.csv")} == set(told)


@pytest.mark.parametrize("name", MADE_UP)
def test_what_is_made_up_is_made_by_its_program(name):
    assert (FOLDER / f"{name}.csv").read_text(encoding="utf-8") == MADE_UP[name]()


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_is_that_of_scikit_learn(name):
    pytest.importorskip("sklearn")
    assert (FOLDER / f"{name}.csv").read_text(encoding="utf-8") == TAKEN[name]()


def test_ages_are_missing_where_the_readme_says_so():
    missing = [row for row in rows("passengers") if not row["age"]]
    assert f"with texts and {len(missing)} ages missing" in README


@pytest.mark.parametrize("name", [*TAKEN, "passengers"])
def test_the_last_fifth_has_every_class(name):
    classes = [list(row.values())[-1] for row in rows(name)]
    assert set(classes[-(len(classes) // 5) :]) == set(classes)
