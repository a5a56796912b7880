"""Open, save, and what makes a document anew: the sentences that say what happened and what did not."""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QListView, QListWidget, QMessageBox

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.limits import NODES, NOTES, ROWS, SEGMENTS
from nnviz.core.network import Layer, Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.structure import add_biases
from nnviz.core.training import train
from nnviz.files.examples import example, examples
from nnviz.files.registry import load
from nnviz.ui.made.dialog import MakeRows
from nnviz.ui.tables.dialog import OpenTable
from nnviz.ui.window.new_network import NewNetwork
from tests.ui.hands import (
    address_named,
    choose,
    choose_entry,
    choose_in_table_menu,
    press,
    press_button,
    set_number,
    type_name,
)
from tests.ui.sees import figure, offered, status, written

DICTIONARY = "weights = {'node_0': [2, 4], 'node_1': [4, -5], 'output': [2, 7]}"
CREATE = press_button("Create")


@pytest.fixture
def window(open_window):
    return open_window("relu")


def ask(window, keys):
    """Press Ctrl+Shift+S or another of the window's shortcuts."""
    window.main_window.activateWindow()  # as a window manager does once a dialog closes
    QTest.qWaitForWindowActive(window.main_window)
    QTest.keySequence(window.main_window, keys)


def first_weight(path):
    return load(path).network.layers[0].weights[0, 0]


def set_weight(window, number, what="a weight"):
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, number), what)


def anew(window):
    window.document.start(load(example("relu").path))


def test_a_save_that_would_lose_something_asks_and_a_name_is_typed_in_full_or_not(
    window, answer, tmp_path, approved
):
    told = []
    for name, button, *then in (
        ("w.py", "Cancel"),
        ("w.py", "Save elsewhere…", "all.json"),
        ("w.py", "Save as nnviz JSON"),
        ("taken.py", "Save as nnviz JSON"),
    ):
        (tmp_path / "taken.json").write_text("precious")
        anew(window)
        answer(QFileDialog, type_name(tmp_path / name))
        answer(QMessageBox, choose(button, told))
        for other in then:
            answer(QFileDialog, type_name(tmp_path / other))
        ask(window, "Ctrl+Shift+S")
    assert {path.name for path in tmp_path.iterdir()} == {"taken.json", "all.json", "w.json", "taken-2.json"}
    assert (tmp_path / "taken.json").read_text() == "precious"
    for name in ("all", "w", "taken-2"):
        assert load(tmp_path / f"{name}.json") == window.document.state
    assert window.document.path == tmp_path / "taken-2.json"

    anew(window)
    set_weight(window, 9.0)
    answer(QFileDialog, type_name(tmp_path / "w.py"))
    answer(QMessageBox, choose("Write it anyway"))
    ask(window, "Ctrl+Shift+S")
    assert first_weight(tmp_path / "w.py") == 9.0
    told.append(status(window))
    assert window.main_window.isWindowModified()
    assert window.document.path is None
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    set_weight(window, 8.0, "another weight")
    answer(QMessageBox, choose("Cancel", told))
    window.files.open_example("xor")
    approved("a dictionary is saved, written anyway, and left twice", "\n".join(told))

    network = replace(load(example("relu").path).network, inputs=("input_0", "input_1"))
    window.document.start(State(network, Dataset.empty(network)))
    answer(QFileDialog, type_name(tmp_path / "weights.py"))
    ask(window, "Ctrl+Shift+S")
    assert status(window) == "Saved weights.py", "weights alone lose nothing"
    assert load(tmp_path / "weights.py").network == network

    anew(window)
    state = train(replace(window.document.state, training=Training(1e-6)), updates=1).state
    (segment,) = state.run.segments
    many = tuple(segment._replace(after=k) for k in range(SEGMENTS.most + 1))
    window.document.push(replace(state, run=replace(state.run, segments=many, iteration=len(many))), "Run")
    told.clear()
    answer(QFileDialog, type_name(tmp_path / "mine.json"))
    answer(QMessageBox, choose("Save", told))
    ask(window, "Ctrl+S")
    approved("a run that is too large for a file", "\n".join([*told, status(window)]))
    assert load(tmp_path / "mine.json").run is None
    assert not window.main_window.isWindowModified()

    anew(window)
    for name in ("half.json", "f.json"):
        shutil.copy(example("xor").path, tmp_path / name)
    window.files.open(tmp_path / "f.json")  # so that the dialog shows its folder
    answer(QFileDialog, type_in_full(tmp_path / "half.json"))
    ask(window, "Ctrl+O")
    assert window.document.path == tmp_path / "half.json"
    name = window.document.state.name
    assert window.main_window.windowTitle() == f"{name} — half.json[*] — nnviz"
    answer(QFileDialog, type_in_full(tmp_path / "new.json"))
    choose_entry(window, "Save as…")
    assert window.document.path == tmp_path / "new.json"
    assert load(tmp_path / "new.json") == window.document.state
    told.clear()
    (tmp_path / "own.json").write_text("precious")
    answer(QFileDialog, type_name(tmp_path / "own"))
    answer(QMessageBox, choose("No", told))
    answer(QFileDialog, QFileDialog.reject)
    ask(window, "Ctrl+Shift+S")
    assert "own.json already exists" in told[0]
    assert (tmp_path / "own.json").read_text() == "precious"
    (tmp_path / "plain.py").write_text(DICTIONARY)
    window.files.open(tmp_path / "plain.py")
    assert window.main_window.windowTitle() == "plain[*] — nnviz"


def type_in_full(path):
    """Return what to do with a file dialog: type a path whose folder Qt has selected on the way."""

    def type_it(dialog):
        name, files = dialog.findChild(QLineEdit, "fileNameEdit"), dialog.findChild(QListView, "listView")
        name.setText(str(path))
        rows = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        files.selectionModel().select(files.rootIndex(), rows)
        QTest.keyClick(name, Qt.Key.Key_Return)

    return type_it


UNFIT = {
    "tanh": lambda state: edits.set_activation(state, 0, "tanh"),
    "biases": lambda state: add_biases(state, 0),
    "a name": lambda state: edits.rename(state, 1, 1, "first"),
}


COURSE = """# Chapter 3
import numpy as np

input_data = np.array([3, 5])
weights_0 = {'node_0': np.array([2, 1]), 'node_1': [1, 2], 'output': [1, 1]}
weights_1 = {'node_0': np.array([2, 1]), 'node_1': [1, 1], 'output': [1, 2]}
print(predict_with_network(input_data, weights_0))
"""


def test_a_save_over_code_asks_unless_nothing_has_changed_and_says_what_is_lost(
    window, answer, tmp_path, approved
):
    path, every = tmp_path / "w.py", []
    for text in (COURSE, f"# mine\n{DICTIONARY}", f"import numpy\n{DICTIONARY[10:]}"):
        told, in_part = [], text is COURSE
        path.write_text(text)
        anew(window)
        window.files.open(path)
        first = address_named(window, "node_0", "input_0")
        set_number(window, first, "9")
        answer(QMessageBox, choose("Cancel", told))
        choose_entry(window, "Save")
        assert path.read_text() == text
        answer(QMessageBox, choose("Write it anyway"))
        choose_entry(window, "Save")
        assert first_weight(path) == 9.0
        assert (tmp_path / "w.py~").read_text() == text
        assert window.main_window.isWindowModified() == in_part
        choose_entry(window, "Undo")
        assert window.main_window.isWindowModified()
        choose_entry(window, "Redo")
        set_number(window, first, "8")
        if in_part:
            answer(QMessageBox, choose("Write it anyway", told))
        choose_entry(window, "Save")
        assert first_weight(path) == 8.0
        if in_part:
            path.unlink()
            window.files.look()
            answer(QMessageBox, choose("Cancel", told))
            window.files.open_example("xor")  # no file has any of it now
        every += told
    approved("code of the course, a comment and an import are saved over", "\n".join(every))

    for text in (DICTIONARY, COURSE, COURSE.replace("predict_with_network", "max")):
        path.write_text(text)
        anew(window)
        window.files.open(path)
        choose_entry(window, "Save")
        approved("a file in which nothing has changed is saved", status(window))
        assert path.read_text() == text
        path.unlink()
        answer(QMessageBox, choose("Cancel")) if text != DICTIONARY else None
        choose_entry(window, "Save")
        assert path.exists() == (text == DICTIONARY)

    anew(window)
    told = []
    for name, edit in UNFIT.items():
        path = tmp_path / f"{name}.py"
        path.write_text(DICTIONARY)
        window.files.open(path)
        window.document.edit("Edit", edit)
        answer(QMessageBox, lambda box: (told.append(box.text()), QTest.keyClick(box, Qt.Key.Key_Return)))
        ask(window, "Ctrl+S")
        assert load(tmp_path / f"{name}.json") == window.document.state
        assert path.read_text() == DICTIONARY
        assert status(window) == f"Saved {name}.json"
        assert not window.main_window.isWindowModified()
    approved("networks that a dictionary cannot hold", "\n".join(told))


def large(hidden=1, rows=1):
    layers = (
        Layer([f"h{k}" for k in range(hidden)], "relu", np.ones((hidden, 1))),
        Layer(("out",), "identity", np.ones((1, hidden))),
    )
    return State(Network(("x",), layers), Dataset(np.zeros((rows, 1))))


def facts(window):
    """Return the end of the status line, which says whether everything is saved."""
    (text,) = (own.text() for own in window.status.findChildren(QLabel) if "float64" in own.text())
    return text


def test_the_status_line_says_what_was_opened_or_refused_and_whether_it_is_saved(
    window, answer, tmp_path, approved, amount
):
    press(window, "Edit")
    window.notes.field.setPlainText("x" * (NOTES.most + 1))
    press(window, "Done")
    told = [status(window)]
    assert window.notes.field.isVisible()
    assert len(window.notes.field.toPlainText()) == NOTES.most + 1
    window.notes.field.setPlainText("short")
    press(window, "Done")
    assert window.document.state.notes == "short"
    for state, adds in (
        (large(rows=ROWS.most), lambda: press(window, "Add row")),
        (large(hidden=NODES.most - 2), lambda: window.structure.add_node(1)),
    ):
        window.document.start(state)
        adds()
        told.append(status(window))
        assert window.document.state is state
    approved("a letter, a row and a node too many", "\n".join(told))

    anew(window)
    told.clear()
    (tmp_path / "bad.json").write_text('{"output": [1, "x"]}')
    answer(QMessageBox, choose("OK", told))
    assert not window.files.open(tmp_path / "bad.json")
    assert status(window) == told[0]
    (tmp_path / "weights.json").write_text('{"node_0": [2, 4], "output": [7]}', "utf-8")
    window.files.open(tmp_path / "weights.json")
    approved("a bad file and a dictionary are opened", "\n".join([*told, status(window)]))
    for own in [*examples()][:: amount(quick=8, ci=1, night=1)]:
        window.files.open_example(own.name)
        assert status(window).startswith(own.title)
        assert status(window).count(own.title) == 1

    anew(window)
    window.files.open_example("xor")
    assert facts(window) == "seed 0 · float64 · example"
    set_weight(window, 9.0)
    assert facts(window) == "seed 0 · float64 · not saved"
    window.document.undo()
    assert facts(window) == "seed 0 · float64 · example"
    answer(NewNetwork, CREATE)
    window.files.new()
    assert facts(window) == "seed 0 · float64 · not saved"
    answer(QFileDialog, type_name(tmp_path / "new.json"))
    assert window.files.save()
    assert facts(window) == "seed 0 · float64 · saved"

    for source in (0, 1):  # a new network shows no error before a target is typed
        set_number(window, Address("input", -1, source), "3")
    assert written(window, Address("value", 1, 0)) not in ("", "0", "–")
    assert written(window, Address("target", 1, 0)) == "target –"
    assert written(window, Address("error", 1, 0)) == ""
    assert figure(window, "Row's error").text == figure(window, "MSE").text == "–"
    set_number(window, Address("target", 1, 0), "6")
    assert written(window, Address("target", 1, 0)) == "target 6"
    assert figure(window, "Row's error").text != "–"


def test_dialogs_begin_in_the_folder_that_was_used_last_also_after_a_restart(
    window, open_window, answer, tmp_path
):
    folders = {name: tmp_path / name for name in ("opened", "saved", "rows")}
    for folder in folders.values():
        folder.mkdir()
    (folders["opened"] / "w.py").write_text(DICTIONARY)
    (folders["rows"] / "rows.csv").write_text("1,2\n3,4\n")

    def seen(*asks):
        """Return the folder that each of some file dialogs shows."""
        found = set()

        def look(dialog):
            found.add(Path(dialog.directory().absolutePath()))
            dialog.reject()

        for opens in asks:
            answer(QFileDialog, look)
            opens()
        return found

    def each(window):
        entries = ("Open…", "Save as…", "Load rows from CSV…")
        return [partial(choose_entry, window, entry) for entry in entries]

    window.files.open(folders["opened"] / "w.py")
    window.files.open_example("relu")
    window.runner.step()
    assert seen(*each(window), window.history.ask_csv.trigger) == {folders["opened"]}
    answer(QFileDialog, type_name(folders["saved"] / "mine.json"))
    choose_entry(window, "Save as…")
    window.files.open_example("relu")
    again = open_window("xor")
    assert seen(each(again)[0]) == {folders["saved"]}
    again.files.tables.load(folders["rows"] / "rows.csv")
    assert seen(each(again)[0]) == {folders["rows"]}
    shutil.rmtree(folders["rows"])
    assert all(folder.is_dir() for folder in seen(each(again)[0]))


TABLE = "height,weight,kind\n" + "".join(f"{k},{2 * k},{'ab'[k % 2]}\n" for k in range(12))


def new(window, answer):
    answer(NewNetwork, CREATE)
    choose_entry(window, "New…")


def made_rows(window, answer, kind="Spiral", network="suiting"):
    def make(dialog):
        kinds = dialog.findChild(QListWidget)
        kinds.setCurrentItem(kinds.findItems(kind, Qt.MatchFlag.MatchExactly)[0])
        getattr(dialog, network).click()
        press_button("Make rows")(dialog)

    answer(MakeRows, make)
    choose_entry(window, "Make rows…")


def take_table(dialog):
    dialog.uses["network"].click()
    press_button("Take")(dialog)


def loaded_table(window, answer):
    path = window.document.path.with_name("rows.csv")
    path.write_text(TABLE)
    answer(OpenTable, take_table)
    window.main_window.dropped.emit(path)


def pasted_table(window, answer):
    QGuiApplication.clipboard().setText(TABLE)
    answer(OpenTable, take_table)
    choose_in_table_menu(window, "Paste as a table…")


def ready_rows(window, answer):
    answer(None, None)  # nothing is asked but what becomes of unsaved work
    choose_entry(window, "Wine")


def test_a_network_made_anew_is_a_new_document_and_asks_about_unsaved_work(window, answer, tmp_path, amount):
    path = tmp_path / "mine.json"

    def mine():
        anew(window)
        shutil.copyfile(example("relu").path, path)
        assert window.files.open(path)

    def answering(button):
        """Return an `answer` after which a button of the question about unsaved work is pressed."""

        def answer_both(kind, does):
            if kind:
                answer(kind, does)
            if button:
                answer(QMessageBox, choose(button))

        return answer_both

    ways = (new, made_rows, loaded_table, pasted_table, ready_rows)
    for way in ways[: amount(quick=3, ci=5, night=5)]:
        mine()
        set_weight(window, 9.0)
        edited = window.document.state
        way(window, answering("Cancel"))
        assert (window.document.state, window.document.path) == (edited, path), way
        assert window.document.undo_text() == "a weight"
        if way is new:
            way(window, answering("Save"))
            assert load(path) == edited
        mine()
        before = path.read_bytes()
        way(window, answering(None))
        assert window.document.path is None, way
        assert path.name not in window.main_window.windowTitle()
        assert not offered(window, "Undo").isEnabled()
        other = path.with_name(f"{way.__name__}.json")
        answer(QFileDialog, type_name(other))
        choose_entry(window, "Save")
        assert path.read_bytes() == before
        assert load(other) == window.document.state
    mine()
    made_rows(window, answer, "Two moons", network="mine")
    assert (window.document.path, window.document.modified) == (path, True), "rows that fit are an edit"
    window.undo()
    assert window.document.state == load(path)
    assert status(window) == "Undone: Make rows: Two moons"
