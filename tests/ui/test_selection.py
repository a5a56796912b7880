"""What is selected and what is shown are of one State, whatever replaces it: no view sees two at once."""

import pytest
from PySide6.QtWidgets import QApplication

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.registry import load, save
from tests.ui.hands import address_named, bring, choose_entry, click, entry
from tests.ui.sees import explained, written

CARDS = ("MSE", "1 weight", "2 weights", "Activation", "Matrix", "Classes")
"""The plots, one at a time."""

SMALL = State(Network.from_weights({"output": [2.0]}), Dataset([[1.0]], [[0.0]]))


def network_menu(window, title):
    """Choose an entry of the Network menu."""
    menu = entry(window.main_window.menuBar(), "Network").menu()
    menu.aboutToShow.emit()
    entry(menu, title).trigger()


def push(edit, *where):
    return lambda window: window.document.push(edit(window.document.state, *where), "an edit")


CHANGES = {
    "a layer more": push(structure.add_layer, 0),
    "a layer less": push(structure.remove_layer, 0),
    "a node less": push(structure.remove_node, 1, 0),
    "an input less": push(structure.remove_node, 0, 0),
    "the last rows gone": push(edits.remove_rows, [2, 3]),
    "all rows gone": push(edits.remove_rows, [0, 1, 2, 3]),
    "one row pasted": lambda window: window.document.push(
        edits.set_rows(window.document.state, [[1.0, 2.0]], None), "one row"
    ),
    "another network": lambda window: window.document.start(SMALL),
}
SELECTED = {
    "the prediction": (Address("node", 1, 0), None),
    "a hidden node": (Address("node", 0, 1), None),
    "an input": (Address("node", -1, 1), None),
    "two weights": (Address("weight", 0, 1, 1), Address("weight", 1, 0, 1)),
}


def seen(window):
    """Return what every view says of the selection, once all of it is painted."""
    for card in CARDS:
        bring(window, card)
        QApplication.processEvents()
    window.main_window.grab()
    return window.diagram.accessibleDescription(), explained(window)


def valid(window):
    """Tell whether row and selection are of the State that is shown."""
    state, selection = window.document.state, window.selection
    rows = selection.row == 0 if not len(state.data) else 0 <= selection.row < len(state.data)
    return rows and all(
        address is None or address.within(state.network) for address in (selection.address, selection.second)
    )


@pytest.mark.parametrize("card", CARDS)
def test_a_hidden_layer_is_added_before_the_selected_prediction(open_window, card):
    window = open_window("relu")
    bring(window, card)
    click(window, address_named(window, "output")._replace(kind="value"))
    network_menu(window, "Add a hidden layer before the prediction")
    assert window.selection.address == address_named(window, "output")
    assert window.diagram.accessibleDescription().startswith("output: z = 52")
    choose_entry(window, "Undo")
    assert window.selection.address == Address("node", 1, 0)
    choose_entry(window, "Redo")
    assert window.selection.address == Address("node", 2, 0)


@pytest.mark.parametrize("selected", SELECTED)
def test_no_view_meets_the_selection_of_another_state(open_window, selected):
    window = open_window("many-rows")
    for name, change in CHANGES.items():
        window.selection.select(*SELECTED[selected])
        window.selection.row = 3
        window.selection.show_slopes(True)
        seen(window)
        for step in (change, lambda _: window.undo(), lambda _: window.redo()):
            step(window)
            assert valid(window), name
            seen(window)
        window.undo()


def test_a_smaller_file_is_opened_with_the_last_row_and_a_hidden_node_selected(open_window, tmp_path):
    save(SMALL, tmp_path / "small.json")
    window = open_window("many-rows")
    bring(window, "Matrix")
    window.selection.row = 3
    click(window, address_named(window, "node_1")._replace(kind="value"))
    window.document.open(tmp_path / "small.json")
    assert (window.selection.address, window.selection.row) == (None, 0)
    assert written(window, Address("value", 0, 0)) == "2"


def test_whoever_is_told_first_reads_a_row_that_is_there(open_window):
    window = open_window("many-rows")
    window.selection.row, rows = 3, []
    window.document.state_changed.connect(lambda *_: rows.append(window.selection.row))
    window.document.push(edits.remove_rows(window.document.state, [1, 2, 3]), "fewer rows")
    assert rows == [0]


def test_weight_sets_of_a_removed_node_leave_the_selection_valid(open_window):
    window = open_window(load(example("two-weight-sets").path))
    click(window, address_named(window, "node_1")._replace(kind="value"))
    window.document.push(structure.remove_node(window.document.state, 1, 1), "a node less")
    window.document.push(edits.use_set(window.document.state, 0), "a set")
    assert window.selection.address is None
    window.undo()
    window.undo()
    assert valid(window)
