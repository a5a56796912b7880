"""Open, save and export, with the sentences that say what happened and what did not."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog, QLabel, QLineEdit, QListView, QMessageBox

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.limits import SEGMENTS
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.structure import add_biases
from nnviz.core.training import train
from nnviz.files.examples import example, examples
from nnviz.files.registry import load
from nnviz.ui.window.new_network import NewNetwork
from tests.ui.hands import address_named, choose, choose_entry, set_number, type_name
from tests.ui.sees import figure, status, written

DICTIONARY = "weights = {'node_0': [2, 4], 'node_1': [4, -5], 'output': [2, 7]}"
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
    answer(QMessageBox, choose("Save as nnviz JSON", told))
    ask(window, "Ctrl+Shift+S")
    assert told == [f"{LOST}.nnviz JSON keeps everything: w.json, in the same folder."]
    assert not (tmp_path / "w.py").exists()
    assert load(tmp_path / "w.json") == window.document.state
    assert window.document.path == tmp_path / "w.json"


def test_the_json_beside_takes_no_other_files_place(window, answer, tmp_path):
    (tmp_path / "w.json").write_text("precious")
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    answer(QMessageBox, choose("Save as nnviz JSON"))
    ask(window, "Ctrl+Shift+S")
    assert (tmp_path / "w.json").read_text() == "precious"
    assert load(tmp_path / "w-2.json") == window.document.state


def type_in_full(path):
    """Return what to do with a file dialog: type a path whose folder Qt has selected on the way."""

    def type_it(dialog):
        name, files = dialog.findChild(QLineEdit, "fileNameEdit"), dialog.findChild(QListView, "listView")
        name.setText(str(path))
        rows = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        files.selectionModel().select(files.rootIndex(), rows)
        QTest.keyClick(name, Qt.Key.Key_Return)

    return type_it


def test_a_path_in_the_folder_that_the_dialog_shows_can_be_typed_in_full(window, answer, tmp_path):
    for name in ("half.json", "f.json"):
        shutil.copy(example("xor").path, tmp_path / name)
    window.files.open(tmp_path / "f.json")  # so that the dialog shows its folder
    answer(QFileDialog, type_in_full(tmp_path / "half.json"))
    ask(window, "Ctrl+O")
    assert window.document.path == tmp_path / "half.json"
    answer(QFileDialog, type_in_full(tmp_path / "new.json"))
    choose_entry(window, "Save as…")
    assert window.document.path == tmp_path / "new.json"
    assert load(tmp_path / "new.json") == window.document.state


def test_it_can_be_saved_elsewhere(window, answer, tmp_path):
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    answer(QMessageBox, choose("Save elsewhere…"))
    answer(QFileDialog, type_name(tmp_path / "all.json"))
    ask(window, "Ctrl+Shift+S")
    assert [path.name for path in tmp_path.iterdir()] == ["all.json"]


def test_what_was_saved_in_part_is_not_saved(window, answer, tmp_path):
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 9.0), "a weight")
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    answer(QMessageBox, choose("Write it anyway"))
    ask(window, "Ctrl+Shift+S")
    assert load(tmp_path / "w.py").network.layers[0].weights[0, 0] == 9.0
    assert status(window) == f"Written: {LOST}"
    assert window.main_window.isWindowModified()
    assert window.document.path is None
    told = []
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 8.0), "another weight")
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    title, lost = window.document.title, "What is not saved is lost."
    assert told == [
        f"Save all of {title}?{LOST}. {lost}",
        f"Save the changes to {title}?Done last: Another weight. {lost}",
    ]


def test_a_save_in_part_can_be_cancelled(window, answer, tmp_path):
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    answer(QMessageBox, choose("Cancel"))
    ask(window, "Ctrl+Shift+S")
    assert list(tmp_path.iterdir()) == []


A_DICTIONARY = "a weights dictionary"
UNFIT = {
    f"'node_0' has tanh, and {A_DICTIONARY} knows relu hidden nodes and an identity output": (
        lambda state: edits.set_activation(state, 0, "tanh")
    ),
    f"'node_0' has a bias, and {A_DICTIONARY} knows none": lambda state: add_biases(state, 0),
    f"in {A_DICTIONARY} nodes have the course's names; "
    "first: expected a name such as node_0, node_0_1 or output": (
        lambda state: edits.rename(state, 1, 1, "first")
    ),
}


@pytest.mark.parametrize("why", UNFIT)
def test_a_dictionary_that_no_longer_holds_its_network_is_saved_as_json_with_enter(
    open_window, answer, tmp_path, why
):
    (tmp_path / "w.py").write_text(DICTIONARY)
    window, told = open_window("xor"), []
    window.files.open(tmp_path / "w.py")
    window.document.edit("Edit", UNFIT[why])
    answer(QMessageBox, lambda box: (told.append(box.text()), QTest.keyClick(box, Qt.Key.Key_Return)))
    ask(window, "Ctrl+S")
    assert told == [f"{tmp_path / 'w.py'} was not saved: {why}; of Python, nnviz writes a dictionary alone."]
    assert load(tmp_path / "w.json") == window.document.state
    assert (tmp_path / "w.py").read_text() == DICTIONARY
    assert status(window) == "Saved w.json"
    assert not window.main_window.isWindowModified()


COURSE = """# Chapter 3
import numpy as np

input_data = np.array([3, 5])
weights_0 = {'node_0': np.array([2, 1]), 'node_1': [1, 2], 'output': [1, 1]}
weights_1 = {'node_0': np.array([2, 1]), 'node_1': [1, 1], 'output': [1, 2]}
print(predict_with_network(input_data, weights_0))
"""
MORE_THAN_A_DICTIONARY = {
    COURSE: "w.py leaves out the rows, the notes and the weight sets; a file that ends in .json keeps them. "
    "w.py loses the dictionary's name, the other lines of the code and the comments",
    f"# mine\n{DICTIONARY}": "w.py loses the dictionary's name and the comments",
    f"import numpy\n{DICTIONARY[10:]}": "w.py loses the other lines of the code",
}


@pytest.mark.parametrize("text", MORE_THAN_A_DICTIONARY)
def test_a_save_over_code_asks_and_says_what_is_lost_and_what_stays(window, answer, tmp_path, text):
    path, told = tmp_path / "w.py", []
    path.write_text(text)
    window.files.open(path)
    set_number(window, address_named(window, "node_0", "input_0"), "9")
    answer(QMessageBox, choose("Cancel", told))
    choose_entry(window, "Save")
    assert told == [
        f"{MORE_THAN_A_DICTIONARY[text]}; the version before stays as w.py~."
        "nnviz JSON keeps everything: w.json, in the same folder; w.py stays as it is."
    ]
    assert path.read_text() == text
    answer(QMessageBox, choose("Write it anyway"))
    choose_entry(window, "Save")
    assert load(path).network.layers[0].weights[0, 0] == 9.0
    assert (tmp_path / "w.py~").read_text() == text
    assert window.main_window.isWindowModified() == ("leaves out" in told[0])
    choose_entry(window, "Undo")
    assert window.main_window.isWindowModified()
    choose_entry(window, "Redo")
    set_number(window, address_named(window, "node_0", "input_0"), "8")
    if "leaves out" in told[0]:
        answer(QMessageBox, choose("Write it anyway", told))
    choose_entry(window, "Save")
    assert load(path).network.layers[0].weights[0, 0] == 8.0
    assert "loses" not in "".join(told[1:])
    if "leaves out" in told[0]:
        path.unlink()
        window.files.look()
        answer(QMessageBox, choose("Cancel", told))
        window.files.open_example("xor")
        assert told[-1].startswith("Save the changes to w?"), "no file has any of it now"


@pytest.mark.parametrize("text", [DICTIONARY, COURSE, COURSE.replace("predict_with_network", "max")])
def test_a_python_file_in_which_nothing_has_changed_is_not_written(window, answer, tmp_path, text):
    path = tmp_path / "w.py"
    path.write_text(text)
    window.files.open(path)
    choose_entry(window, "Save")
    assert status(window) == "Nothing has changed: w.py is as it was opened or saved"
    assert path.read_text() == text
    path.unlink()
    answer(QMessageBox, choose("Cancel")) if text != DICTIONARY else None
    choose_entry(window, "Save")
    assert path.exists() == (text == DICTIONARY)


def test_weights_alone_are_saved_as_a_dictionary_without_a_question(open_window, answer, tmp_path):
    network = replace(load(example("relu").path).network, inputs=("input_0", "input_1"))
    window = open_window(State(network, Dataset.empty(network)))
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    ask(window, "Ctrl+Shift+S")
    assert status(window) == "Saved w.py"
    assert load(tmp_path / "w.py").network == network


def test_a_run_that_no_file_holds_is_left_out_and_that_is_told(window, answer, tmp_path):
    state = train(replace(window.document.state, training=Training(1e-6)), updates=1).state
    (segment,) = state.run.segments
    many = tuple(segment._replace(after=k) for k in range(SEGMENTS.most + 1))
    window.document.push(replace(state, run=replace(state.run, segments=many, iteration=len(many))), "Run")
    lost, told = "mine.json leaves out its run, which is too large for a file", []
    answer(QFileDialog, type_name(tmp_path / "mine.json"))
    answer(QMessageBox, choose("Save", told))
    ask(window, "Ctrl+S")
    assert told == [f"{lost}."]
    assert status(window) == f"Saved mine.json; {lost}"
    assert load(tmp_path / "mine.json").run is None
    assert not window.main_window.isWindowModified()


def test_the_title_says_the_networks_name_and_its_files(window, answer, tmp_path):
    name = window.document.state.name
    assert window.main_window.windowTitle() == f"{name}[*] — nnviz"
    answer(QFileDialog, type_name(tmp_path / "mine.json"))
    ask(window, "Ctrl+S")
    assert window.main_window.windowTitle() == f"{name} — mine.json[*] — nnviz"
    (tmp_path / "plain.py").write_text(DICTIONARY)
    window.files.open(tmp_path / "plain.py")
    assert window.main_window.windowTitle() == "plain[*] — nnviz"


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


def test_a_new_network_shows_no_error_before_a_target_is_typed(window, answer):
    answer(NewNetwork, lambda dialog: dialog.findChild(QDialogButtonBox).accepted.emit())
    window.files.new()
    for source in (0, 1):
        set_number(window, Address("input", -1, source), "3")
    assert written(window, Address("value", 1, 0)) not in ("", "0", "–")
    assert written(window, Address("target", 1, 0)) == "target –"
    assert written(window, Address("error", 1, 0)) == ""
    assert figure(window, "Row's error").text == figure(window, "MSE").text == "–"
    set_number(window, Address("target", 1, 0), "6")
    assert written(window, Address("target", 1, 0)) == "target 6"
    assert figure(window, "Row's error").text != "–"


def test_an_example_says_its_title_once_when_it_opens(window):
    for own in examples():
        window.files.open_example(own.name)
        assert status(window).startswith(own.title)
        assert status(window).count(own.title) == 1


def test_what_a_dictionary_does_not_say_is_said_where_it_is_opened(open_window, tmp_path):
    window = open_window("relu")
    path = tmp_path / "weights.json"
    path.write_text('{"node_0": [2, 4], "output": [7]}', encoding="utf-8")
    window.files.open(path)
    taken = "relu on the hidden nodes, identity on the output: change it under the headings"
    assert status(window) == f"Opened weights.json; {taken}"


def seen_in(folders):
    """Return what to do with a file dialog: take note of the folder that it shows, and cancel."""

    def look(dialog):
        folders.append(Path(dialog.directory().absolutePath()))
        dialog.reject()

    return look


def test_dialogs_begin_in_the_folder_that_was_used_last_also_after_a_restart(
    window, open_window, answer, tmp_path
):
    folders = {name: tmp_path / name for name in ("opened", "saved", "rows")}
    for folder in folders.values():
        folder.mkdir()
    (folders["opened"] / "w.py").write_text(DICTIONARY)
    (folders["rows"] / "rows.csv").write_text("1,2\n3,4\n")
    window.files.open(folders["opened"] / "w.py")
    window.files.open_example("relu")
    window.runner.step()
    seen = []
    for entry in ("Open…", "Save as…", "Load rows from CSV…"):
        answer(QFileDialog, seen_in(seen))
        choose_entry(window, entry)
    answer(QFileDialog, seen_in(seen))
    window.history.ask_csv.trigger()
    assert seen == [folders["opened"]] * 4
    answer(QFileDialog, type_name(folders["saved"] / "mine.json"))
    choose_entry(window, "Save as…")
    window.files.open_example("relu")
    again = open_window("xor")
    for entry in ("Open…", "Save as…", "Load rows from CSV…"):
        answer(QFileDialog, seen_in(seen))
        choose_entry(again, entry)
    assert seen[4:] == [folders["saved"]] * 3
    again.files.tables.load(folders["rows"] / "rows.csv")
    answer(QFileDialog, seen_in(seen))
    choose_entry(again, "Open…")
    assert seen[7:] == [folders["rows"]]
    shutil.rmtree(folders["rows"])
    answer(QFileDialog, seen_in(seen))
    choose_entry(again, "Open…")
    assert seen[8].is_dir()
