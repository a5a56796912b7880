"""Where there is nothing yet, the window says what to do, in a sentence."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit

from nnviz.core.address import Address
from nnviz.core.state import Dataset
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.ui.hands import address_named, choose_entry, click, press, set_number, write
from tests.ui.sees import explained, figure, offered, status, written

RELU = load(example("relu").path)
NO_TARGETS = replace(RELU, data=Dataset(RELU.data.inputs))
NO_ROWS = replace(RELU, data=Dataset(np.empty((0, 2))))


def told(widget):
    return [own.text() for own in widget.findChildren(QLabel) if own.isVisible()]


def test_without_targets_training_says_where_to_type_them_until_they_are_there(open_window):
    window = open_window(NO_TARGETS)
    sentence = "There are no targets to train on: type them in the data table."
    assert sentence in told(window.training)
    window.document.push(RELU, "targets")
    assert sentence not in told(window.training)
    assert any(text.startswith("One update: w") for text in told(window.training))


def test_what_is_missing_is_said_of_the_file_that_is_open_now(open_window, tmp_path):
    window = open_window("relu")
    (tmp_path / "course.py").write_text("input_data = [3, 5]\nweights = {'output': [2, 7]}\n")
    (tmp_path / "w.py").write_text("{'output': [2, 7]}")
    window.files.open(tmp_path / "course.py")
    assert any(text.startswith("There are no targets to train on") for text in told(window.training))
    press(window, "Run")
    window.files.open(tmp_path / "w.py")
    assert not any(text.startswith("There are no targets to train on") for text in told(window.training))
    assert any(text.startswith("There are no rows to train on") for text in told(window.training))


def test_a_refused_setting_ends_with_the_document_it_was_typed_for(open_window, tmp_path):
    window, rate = open_window(RELU), "Learning rate: 'abc' is not a number"
    field = window.training.fields.learning_rate
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("{'output': [2, 7]}")
    window.files.open(tmp_path / "a.py")
    field.setFocus()
    field.selectAll()
    write(field, "abc")
    QTest.keyClick(field, Qt.Key.Key_Return)
    set_number(window, Address("input", -1, 0), "3")
    assert (field.text(), rate in told(window.training)) == ("abc", True)
    choose_entry(window, "Undo")
    window.files.open(tmp_path / "b.py")
    assert (field.text(), rate in told(window.training)) == ("0.01", False)


def test_without_targets_explain_and_the_slopes_say_what_to_type(qtbot, open_window):
    window = open_window(NO_TARGETS)
    click(window, address_named(window, "output"))
    qtbot.waitUntil(lambda: "type a target in the data table" in explained(window))
    offered(window, "Show slopes").trigger()
    assert "type a target" in written(window, Address("subheading", 1))


def test_without_rows_the_diagram_says_what_to_type_and_that_makes_one(qtbot, open_window):
    window = open_window(NO_ROWS)
    assert written(window, Address("subheading", -1)) == "no rows: type an input"
    assert any(text.startswith("There are no rows to train on: add one") for text in told(window.training))
    click(window, address_named(window, "output"))
    qtbot.waitUntil(lambda: "add one in the data table" in explained(window))
    set_number(window, Address("input", -1, 0), "3")
    assert written(window, Address("subheading", -1)) == "row 1 of 1"
    assert written(window, Address("target", 1, 0)) == "target –"
    assert figure(window, "MSE").text == "–"
    assert "There are no targets to train on: type them in the data table." in told(window.training)


def test_an_added_row_says_what_its_target_is(open_window):
    window = open_window(NO_ROWS)
    press(window, "Add row")
    assert status(window) == "Added row 1: zeros, no targets yet"
    assert written(window, Address("target", 1, 0)) == "target –"
    set_number(window, Address("target", 1, 0), "5")
    press(window, "Add row")
    assert status(window) == "Added row 2: zeros, its targets too"
    assert written(window, Address("target", 1, 0)) == "target 0"


def test_explain_says_what_to_click(qtbot, open_window):
    window = open_window(replace(RELU, notes=""))
    qtbot.waitUntil(lambda: "Click a node or an edge" in explained(window))


def test_empty_notes_say_what_to_press(open_window):
    window = open_window(replace(RELU, notes=""))
    assert "press Edit" in window.notes.page.toPlainText()


def test_find_says_what_to_type_where_nothing_is_called_so(open_window):
    window = open_window("relu")
    choose_entry(window, "Find…")
    QTest.keyClicks(window.finder.findChild(QLineEdit), "zzz")
    assert "A part of a name is enough" in window.finder.hint.text()


def test_a_menu_without_files_says_what_will_stand_there(open_window):
    menu = offered(open_window("relu"), "Open recent").menu()
    menu.aboutToShow.emit()
    assert [entry.text() for entry in menu.actions()] == [
        "No recent files: what you open or save will stand here"
    ]
