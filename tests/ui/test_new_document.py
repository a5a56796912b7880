"""Networks made anew over an opened file: each is a document of its own, and the file keeps its work."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QListWidget, QMessageBox

from nnviz.core import edits
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.made.dialog import MakeRows
from nnviz.ui.tables.dialog import OpenTable
from nnviz.ui.window.new_network import NewNetwork
from tests.ui.hands import choose, choose_entry, choose_in_table_menu, press_button, type_name
from tests.ui.sees import offered, status

TABLE = "height,weight,kind\n" + "".join(f"{k},{2 * k},{'ab'[k % 2]}\n" for k in range(12))


@pytest.fixture
def mine(open_window, tmp_path):
    """Open a window on a file of one's own; return both."""
    window, path = open_window("relu"), tmp_path / "mine.json"
    path.write_bytes(example("relu").path.read_bytes())
    assert window.files.open(path)
    return window, path


def new(window, answer):
    answer(NewNetwork, press_button("Create"))
    choose_entry(window, "New…")


def made_rows(window, answer, kind="Spiral", network="Take a network"):
    def make(dialog):
        kinds = dialog.findChild(QListWidget)
        kinds.setCurrentItem(kinds.findItems(kind, Qt.MatchFlag.MatchExactly)[0])
        (dialog.suiting if network == "Take a network" else dialog.mine).click()
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


def ready_rows(window, _answer):
    choose_entry(window, "Wine")


WAYS = [new, made_rows, loaded_table, pasted_table, ready_rows]


@pytest.mark.parametrize("way", WAYS)
def test_a_network_made_anew_is_a_new_document_and_saving_asks_where(mine, answer, way):
    window, path = mine
    before = path.read_bytes()
    way(window, answer)
    assert window.document.path is None
    assert path.name not in window.main_window.windowTitle()
    assert not offered(window, "Undo").isEnabled()
    beside = path.with_name("other.json")
    answer(QFileDialog, type_name(beside))
    choose_entry(window, "Save")
    assert path.read_bytes() == before
    assert load(beside) == window.document.state


@pytest.mark.parametrize("way", WAYS)
def test_unsaved_work_is_asked_about_before_a_network_is_made_anew(mine, answer, way):
    window, path = mine
    window.document.edit("a weight", edits.set_weight, 0, 0, 0, 9.0)
    edited = window.document.state
    make_after(window, answer, way, "Cancel")
    assert (window.document.state, window.document.path) == (edited, path)
    assert window.document.undo_text() == "a weight"
    make_after(window, answer, way, "Save")
    assert load(path) == edited
    assert window.document.path is None


def make_after(window, answer, way, button):
    """Make a network anew, and press a button of the question that comes before it is open."""
    if way is ready_rows:
        answer(QMessageBox, choose(button))

    def answer_both(kind, does):
        answer(kind, does)
        answer(QMessageBox, choose(button))

    way(window, answer_both)


def test_rows_that_fit_stay_an_edit_of_the_opened_file(mine, answer):
    window, path = mine
    made_rows(window, answer, "Two moons", network="Put them into mine")
    assert window.document.path == path
    assert window.document.modified
    window.undo()
    assert window.document.state == load(path)
    assert status(window) == "Undone: Make rows: Two moons"
