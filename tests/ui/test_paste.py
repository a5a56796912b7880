"""Rows from the clipboard and from CSV files, as a person brings them."""

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMessageBox

from nnviz.core.standardise import standardise
from nnviz.ui.tables.dialog import OpenTable
from tests.ui.hands import choose, choose_entry, type_name
from tests.ui.sees import status


@pytest.fixture
def window(open_window):
    return open_window("xor")


def paste(window, text, row=0, column=0):
    table = window.data.table
    table.setFocus()
    table.setCurrentIndex(table.model().index(row, column))
    QGuiApplication.clipboard().setText(text)
    QTest.keyClick(table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


@pytest.mark.parametrize("text", ["5\t6\t7\n8\t.5\t0,5", "5;6;7\n8;,5;0,5", "5,6,7\n8,.5,0.5\n"])
def test_numbers_are_pasted_from_the_current_cell_on_as_one_edit(window, text):
    before = window.document.state.data
    paste(window, text, row=3)
    data = window.document.state.data
    assert data.inputs[3:].tolist() == [[5, 6], [8, 0.5]]
    assert data.targets[3:].tolist() == [[7], [0.5]]
    assert status(window) == "Pasted 2 rows of 3 numbers; 1 row added"
    window.document.undo()
    assert window.document.state.data == before
    assert window.document.undo_text() == ""


def test_numbers_that_are_pasted_into_standardised_cells_say_as_what_they_are_taken(window):
    window.document.edit("", standardise, [0])
    told = "; they are taken as standardised: Paste as a table takes raw ones"
    paste(window, "5\t6")
    assert window.document.state.data.inputs[0].tolist() == [5, 6]
    assert status(window) == f"Pasted 1 row of 2 numbers{told}"
    paste(window, "6\t7", column=1)
    assert status(window) == "Pasted 1 row of 2 numbers"


def test_rows_that_are_pasted_without_targets_among_others_say_that_they_get_some(window):
    paste(window, "5\t6\n7\t8", row=3)
    assert window.document.state.data.targets[4:].tolist() == [[0]]
    assert status(window) == "Pasted 2 rows of 2 numbers; 1 row added, with targets of 0"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("1\t\t3", "line 1, column 2: the cell is empty"),
        ("1\t2\nx\t3", "line 2, column 1: 'x' is not a number"),
        ("1\t1/2", "line 1, column 2: '1/2' is not a number"),
        ("1\t3/14", "line 1, column 2: '3/14' is not a number"),
        ("nan\t3", "line 1, column 1: 'nan' is not a number"),
        ("1\t2\t3\t4", "takes 3 columns, found 4"),
    ],
)
def test_what_does_not_fit_is_refused_as_a_whole(window, text, sentence):
    before = window.document.state
    paste(window, text)
    assert status(window).startswith("Nothing was pasted: ")
    assert sentence in status(window)
    assert window.document.state is before


def test_what_can_be_read_in_two_ways_is_asked_about_and_nothing_is_guessed(window, answer):
    before, asked = window.document.state, []

    def look(dialog):
        asked.append((dialog.decimal.currentText(), dialog.wrong.text()))
        dialog.reject()

    answer(OpenTable, look)
    paste(window, "1.234;2.345\n3.456;4.567")
    ((sign, told),) = asked
    assert sign == ""
    assert told == (
        "Line 1, column 1: 1.234 can be read in two ways, as 1.234 and, with a thousands separator, as 1234: "
        "choose the decimal sign."
    )
    assert window.document.state is before


def test_a_copied_row_can_be_pasted_again(window):
    window.data.table.setFocus()
    window.selection.row = 1
    QTest.keyClick(window.data.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    paste(window, QGuiApplication.clipboard().text(), row=0)
    data = window.document.state.data
    assert data.inputs[0].tolist() == data.inputs[1].tolist()
    assert data.targets[0].tolist() == data.targets[1].tolist()


def test_a_csv_files_rows_replace_the_data_by_name(window, tmp_path):
    names = window.document.state.network.inputs
    (tmp_path / "rows.csv").write_text(f"target,{names[1]},{names[0]}\n7,5,3\n")
    window.main_window.dropped.emit(tmp_path / "rows.csv")
    data = window.document.state.data
    assert (data.inputs.tolist(), data.targets.tolist()) == ([[3, 5]], [[7]])
    assert status(window) == "Loaded rows.csv: 1 row with targets"
    window.document.undo()
    assert len(window.document.state.data) == 4


def rows(window):
    data = window.document.state.data
    return data.inputs.tolist()[:2], data.targets.tolist()[:2]


def load(window, folder, text):
    (folder / "rows.csv").write_text(text)
    window.files.tables.load(folder / "rows.csv")


def take(dialog):
    QTest.keyClick(dialog, Qt.Key.Key_Return)


@pytest.mark.parametrize("renames", [True, False])
def test_names_of_their_own_are_offered_to_the_nodes(window, answer, renames):
    told, before = [], window.document.state
    names = window.document.state.network.inputs, window.document.state.network.outputs
    answer(QMessageBox, choose("Rename the nodes" if renames else "Keep the names", told))
    paste(window, "wind,rain,umbrella\n1,2,3\n4,5,6\n")
    assert told[0].startswith(
        f"The columns are called wind, rain and umbrella, the nodes {names[0][0]}, {names[0][1]} and "
        f"{names[1][0]}. Rename the nodes?"
    )
    assert rows(window) == ([[1, 2], [4, 5]], [[3], [6]])
    network = window.document.state.network
    assert (network.inputs, network.outputs) == ((("wind", "rain"), ("umbrella",)) if renames else names)
    said = "the nodes are called wind, rain and umbrella" if renames else f"wind as {names[0][0]}, rain as"
    assert said in status(window)
    window.document.undo()
    assert window.document.state is before


def test_who_cancels_keeps_rows_and_names(window, answer):
    before = window.document.state
    answer(QMessageBox, choose("Cancel"))
    paste(window, "wind,rain,umbrella\n1,2,3\n")
    assert window.document.state is before


def test_foreign_inputs_beside_a_column_called_target_are_inputs(window, answer, tmp_path):
    answer(OpenTable, take)
    load(window, tmp_path, "target,wind,rain\n3,1,2\n6,4,5\n")
    assert rows(window) == ([[1, 2], [4, 5]], [[3], [6]])
    assert window.document.state.network.inputs == ("wind", "rain")
    assert window.document.state.network.outputs == ("target",)


def test_names_that_the_nodes_cannot_have_are_taken_in_their_order(window):
    hidden = window.document.state.network.layers[0].nodes[0]
    paste(window, f"{hidden},rain,umbrella\n1,2,3\n4,5,6\n")
    assert rows(window) == ([[1, 2], [4, 5]], [[3], [6]])
    assert f"the columns are taken in their order: {hidden} as " in status(window)


@pytest.mark.parametrize("suffix", ["csv", "TSV"])
def test_open_takes_a_tables_rows_as_a_drop_does(window, answer, tmp_path, suffix):
    path, network = tmp_path / f"rows.{suffix}", window.document.state.network
    path.write_text("3,5,7\n")
    answer(QFileDialog, type_name(path))
    choose_entry(window, "Open…")
    assert status(window) == f"Loaded rows.{suffix}: 1 row with targets"
    assert window.document.state.network is network


def test_open_shows_among_tables_only_those_whose_rows_it_takes(window, answer):
    kinds = []

    def look(dialog):
        kinds.extend(kind for kind in dialog.nameFilters() if kind.startswith("Tables"))
        dialog.reject()

    for entry in ("Open…", "Load rows from CSV…"):
        answer(QFileDialog, look)
        choose_entry(window, entry)
    assert kinds == ["Tables (*.csv *.tsv)", "Tables (*.csv *.tsv *.txt)"]


def test_a_bad_csv_file_is_refused_with_its_line(window, answer, tmp_path):
    (tmp_path / "bad.csv").write_text("1,2\n3,4,5\n")
    told = []
    answer(QMessageBox, choose("OK", told))
    window.main_window.dropped.emit(tmp_path / "bad.csv")
    assert told == ["bad.csv was not loaded: line 2: expected 2 values as in the first line, found 3"]


def test_a_refusal_is_gone_from_the_status_line_once_something_is_done(window):
    table = window.data.table
    for key, after in ((Qt.Key.Key_Escape, ""), (Qt.Key.Key_Return, "input_0 of row 1: 9")):
        table.setFocus()
        table.setCurrentIndex(table.model().index(0, 0))
        QTest.keyClick(table, Qt.Key.Key_9)
        editor = table.findChild(QLineEdit)
        editor.setText("abc")
        editor.setModified(True)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        assert "'abc' is not a number" in status(window)
        editor.setText("9")
        editor.setModified(True)
        QTest.keyClick(editor, key)
        assert status(window) == after.replace("input_0", window.document.state.network.inputs[0])
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
