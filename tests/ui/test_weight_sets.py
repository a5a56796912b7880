"""The menu of weight sets, chosen from as a person does."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QLineEdit

from nnviz.core import edits
from tests.ui.hands import choose_entry, entry, write
from tests.ui.sees import figure, status


@pytest.fixture
def window(open_window):
    return open_window("two-weight-sets")


def menu_of(window):
    """Open the menu Network, and Weight sets in it."""
    network = entry(window.main_window.menuBar(), "Network").menu()
    network.aboutToShow.emit()
    sets = entry(network, "Weight sets").menu()
    sets.aboutToShow.emit()
    return sets


def entries(window):
    return [action.text().replace("&", "") for action in menu_of(window).actions() if action.text()]


def call_it(name):
    """Return what to do with the question for a name."""

    def into(dialog):
        field = dialog.findChild(QLineEdit)
        field.selectAll()
        write(field, name)
        QTest.keyClick(field, Qt.Key.Key_Return)

    return into


def test_every_set_is_listed_with_its_mse_and_the_one_in_use_is_ticked(window):
    assert entries(window) == [
        "weights_0\tMSE 37.5",
        "weights_1\tMSE 49.890625",
        "Keep the present weights…",
        "Remove",
    ]
    ticked = [action.text() for action in menu_of(window).actions() if action.isChecked()]
    assert ticked == ["weights_0\tMSE 37.5"]


def test_exercise_6_a_set_is_put_in_and_taken_back(window):
    assert figure(window, "MSE").text == "37.5"
    entry(menu_of(window), "weights_1\tMSE 49.890625").trigger()
    assert "49.890625" in figure(window, "MSE").toolTip()
    assert status(window) == "The weights are those of weights_1 now"
    assert window.document.undo_text() == "Use weights_1"
    choose_entry(window, "Undo")
    assert figure(window, "MSE").text == "37.5"


def test_the_present_weights_are_kept_under_a_name_and_saved_with_the_file(window, answer, tmp_path):
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 0.0), "a weight")
    answer(QDialog, call_it("by hand"))
    entry(menu_of(window), "Keep the present weights…").trigger()
    assert entries(window)[2].startswith("by hand\tMSE ")
    assert window.main_window.isWindowModified()
    entry(menu_of(window), "weights_0\tMSE 37.5").trigger()
    entry(menu_of(window), entries(window)[2]).trigger()
    assert window.document.state.network.layers[0].weights[0, 0] == 0.0


def test_a_name_that_is_taken_is_refused_in_the_dialog_which_stays(window, answer):
    told = []

    def call_it_twice(dialog):
        call_it("weights_1")(dialog)
        told.extend(own.text() for own in dialog.findChildren(QLabel) if own.isVisible())
        call_it("another")(dialog)

    answer(QDialog, call_it_twice)
    entry(menu_of(window), "Keep the present weights…").trigger()
    assert "a weight set is called 'weights_1' already; remove it, or choose another name" in told
    assert [kept.name for kept in window.document.state.weight_sets] == ["weights_0", "weights_1", "another"]


def test_a_set_is_removed_and_the_weights_in_use_stay(window):
    before = window.document.state.network
    entry(entry(menu_of(window), "Remove").menu(), "weights_0").trigger()
    assert entries(window)[0] == "weights_1\tMSE 49.890625"
    assert window.document.state.network is before
    choose_entry(window, "Undo")
    assert len(window.document.state.weight_sets) == 2


def test_without_sets_the_menu_says_so(open_window):
    assert entries(open_window("relu")) == [
        "No weight sets yet: keep the present weights, to come back to them",
        "Keep the present weights…",
    ]
