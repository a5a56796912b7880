"""Open, save and export, with the sentences that say what happened and what did not."""

from dataclasses import replace

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog, QLabel, QMessageBox

from nnviz.core import edits
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example, examples
from nnviz.files.registry import load
from nnviz.ui.window.new_network import NewNetwork
from tests.ui.hands import choose, type_name
from tests.ui.sees import status

LOST = (
    "w.py leaves out the rows, the names of the inputs, the title, the notes and the training settings; "
    "a file that ends in .json keeps them"
)


@pytest.fixture
def window(open_window):
    return open_window("relu")


def ask(window, keys):
    """Press Ctrl+Shift+S or another of the window's shortcuts."""
    QTest.keySequence(window.main_window, keys)


def test_a_save_that_would_lose_something_asks_and_offers_json(window, answer, tmp_path):
    told = []
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    answer(QMessageBox, choose("Save as .json…", told))
    answer(QFileDialog, type_name(tmp_path / "all.json"))
    ask(window, "Ctrl+Shift+S")
    assert told == [f"{LOST}."]
    assert not (tmp_path / "w.py").exists()
    assert load(tmp_path / "all.json") == window.document.state
    assert window.document.path == tmp_path / "all.json"


def test_what_was_saved_in_part_is_not_saved(window, answer, tmp_path):
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 9.0), "a weight")
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    answer(QMessageBox, choose("Write it all the same"))
    ask(window, "Ctrl+Shift+S")
    assert load(tmp_path / "w.py").network.layers[0].weights[0, 0] == 9.0
    assert status(window) == f"Written: {LOST}"
    assert window.main_window.isWindowModified()
    assert window.document.path is None


def test_a_save_in_part_can_be_cancelled(window, answer, tmp_path):
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    answer(QMessageBox, choose("Cancel"))
    ask(window, "Ctrl+Shift+S")
    assert list(tmp_path.iterdir()) == []


def test_what_a_dictionary_cannot_hold_at_all_is_refused_at_once(open_window, answer, tmp_path):
    window = open_window("xor")
    told = []
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    answer(QMessageBox, choose("OK", told))
    ask(window, "Ctrl+Shift+S")
    assert told[0].startswith(f"{tmp_path / 'w.py'} was not saved: the course's weights dictionary holds")
    assert status(window) == told[0]


def test_weights_alone_are_saved_as_a_dictionary_without_a_question(open_window, answer, tmp_path):
    network = replace(load(example("relu").path).network, inputs=("input_0", "input_1"))
    window = open_window(State(network, Dataset.empty(network)))
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    ask(window, "Ctrl+Shift+S")
    assert status(window) == "Saved w.py"
    assert load(tmp_path / "w.py").network == network


def test_a_name_without_a_suffix_gets_one_before_a_file_is_replaced(window, answer, tmp_path):
    (tmp_path / "mine.json").write_text("precious")
    told = []
    answer(QFileDialog, type_name(tmp_path / "mine"))
    answer(QMessageBox, choose("No", told))
    answer(QFileDialog, QFileDialog.reject)
    ask(window, "Ctrl+Shift+S")
    assert "mine.json already exists" in told[0]
    assert (tmp_path / "mine.json").read_text() == "precious"


def test_a_file_that_cannot_be_opened_is_named(window, answer, tmp_path):
    (tmp_path / "bad.json").write_text('{"output": [1, "x"]}')
    told = []
    answer(QMessageBox, choose("OK", told))
    assert not window.files.open(tmp_path / "bad.json")
    assert told == ["bad.json was not opened: output[1]: expected a number"]
    assert status(window) == told[0]


def facts(window):
    """Return the end of the status line, which says whether everything is saved."""
    return [own.text() for own in window.status.findChildren(QLabel) if "float64" in own.text()]


def test_the_status_line_says_saved_only_of_what_is_in_a_file(window, answer, tmp_path):
    window.files.open_example("xor")
    assert facts(window) == ["seed 0 · float64 · example"]
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 9.0), "a weight")
    assert facts(window) == ["seed 0 · float64 · not saved"]
    window.document.undo()
    assert facts(window) == ["seed 0 · float64 · example"]
    answer(NewNetwork, lambda dialog: dialog.findChild(QDialogButtonBox).accepted.emit())
    window.files.new()
    assert facts(window) == ["seed 0 · float64 · not saved"]
    answer(QFileDialog, type_name(tmp_path / "new.json"))
    assert window.files.save()
    assert facts(window) == ["seed 0 · float64 · saved"]


@pytest.mark.parametrize("own", examples(), ids=lambda own: own.name)
def test_an_example_says_its_title_once_when_it_opens(window, own):
    window.files.open_example(own.name)
    assert status(window).startswith(own.title)
    assert status(window).count(own.title) == 1
