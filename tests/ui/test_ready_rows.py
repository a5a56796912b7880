"""The tables that ship with nnviz, opened by the menu: what the table shows, and that they are learned."""

import re

import pytest
from PySide6.QtWidgets import QMessageBox

from nnviz.core import edits
from nnviz.core.standardise import worth_standardising
from nnviz.core.training import train
from nnviz.files.table.ready_sets import READY_SETS
from nnviz.ui.data.table import DataTable
from tests.ready_sets import FOLDER
from tests.ui.hands import choose, choose_entry
from tests.ui.sees import status, untrue

LOSSES = {"iris": 0.1, "wine": 0.05, "digits": 0.05, "passengers": 0.5, "wages": 10.0}


def test_every_table_that_ships_is_in_the_menu_and_its_source_in_the_readme():
    assert {each.path.name for each in READY_SETS} == {path.name for path in FOLDER.glob("*.csv")}
    readme = (FOLDER / "README.md").read_text("utf-8")
    for each in READY_SETS:
        (row,) = re.findall(rf"^\| `{each.name}\.csv`.*$", readme, re.MULTILINE)
        known = "made up" if each.source.startswith("Made up") else each.source[-10:-1]
        assert known in row, each.name
        assert each.line.split()[0] in row


@pytest.mark.parametrize("ready", READY_SETS, ids=lambda each: each.name)
def test_a_table_that_ships_opens_with_a_network_that_learns_it(ready):
    state = ready.state()
    assert not ready.standardises or not worth_standardising(state)
    result = train(state)
    assert not result.diverged
    assert result.state.loss() < LOSSES[ready.name]
    assert (state.name, state.training.validation) == (ready.title, 0.2)
    assert ready.source in state.notes


def test_the_menu_opens_rows_as_a_new_document(open_window, answer):
    window = open_window("relu")
    choose_entry(window, "Iris")
    state = window.document.state
    assert state.network.sizes == (4, 8, 3)
    model = window.data.model
    assert isinstance(model, DataTable)
    assert [model.index(0, k).data() for k in range(4)] == ["6.1", "2.8", "4", "1.3"]
    assert window.main_window.windowTitle() == "Iris[*] — nnviz"
    assert status(window) == "Iris: 150 flowers by four lengths: which of three species?"
    assert not window.document.modified
    assert untrue(window) == []


def test_unsaved_work_is_asked_about_before_rows_are_opened(open_window, answer):
    window = open_window("relu")
    window.document.edit("a weight", edits.set_weight, 0, 0, 0, 9.0)
    before = window.document.state
    answer(QMessageBox, choose("Cancel"))
    choose_entry(window, "Wine")
    assert window.document.state is before


def test_what_was_standardised_is_said(open_window):
    window = open_window("relu")
    choose_entry(window, "Wages")
    notes = window.document.state.notes
    assert "standardised by mean and population deviation of 480 rows: " in notes
    assert window.document.state.columns
