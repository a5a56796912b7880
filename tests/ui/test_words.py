"""Which of explanation and notes is in front, as the diagram is pointed at, edited and looked through."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTabBar

from nnviz.files.examples import example
from nnviz.files.registry import load, save
from tests.ui.hands import address_named, bring, click, point, press, set_number, write


@pytest.fixture
def window(open_window):
    return open_window("relu")


def in_front(window):
    return "Notes" if window.notes.isVisible() else "Explain"


def on_edge(window, weight):
    """Return a point of an edge where no number stands."""
    x, picture = point(window, weight).x() + 60, window.diagram.picture
    return QPoint(x, next(y for y in range(window.diagram.height()) if picture.at(x, y) == weight))


def test_a_click_on_a_node_explains_it(window):
    assert in_front(window) == "Notes"
    click(window, address_named(window, "node_0"))
    assert in_front(window) == "Explain"


def test_a_click_on_the_edge_that_is_selected_already_explains_it(window, qtbot):
    weight = address_named(window, "output", "node_0")
    set_number(window, weight, "2")
    assert window.selection.address == weight
    assert in_front(window) == "Notes"
    QTest.mouseClick(window.diagram, Qt.MouseButton.LeftButton, pos=on_edge(window, weight))
    assert in_front(window) == "Explain"


def test_arrows_explain_what_they_select(window):
    window.diagram.setFocus()
    QTest.keyClick(window.diagram, Qt.Key.Key_Right)
    assert in_front(window) == "Explain"


def test_editing_a_number_leaves_the_notes_in_front(window):
    set_number(window, address_named(window, "node_0", window.document.state.network.inputs[0]), "3")
    assert window.document.state.network.layers[0].weights[0, 0] == 3.0
    assert in_front(window) == "Notes"


def test_notes_that_are_being_written_stay(window):
    press(window, "Edit")
    write(window.notes.field, "node_0 is ")
    click(window, address_named(window, "node_0"))
    assert in_front(window) == "Notes"


def test_a_document_without_notes_begins_with_the_explanation(open_window):
    assert in_front(open_window(replace(load(example("relu").path), notes=""))) == "Explain"


def test_what_is_opened_begins_with_what_says_something_of_it(window, tmp_path):
    save(replace(window.document.state, notes=""), tmp_path / "plain.json")
    window.files.open(tmp_path / "plain.json")
    assert in_front(window) == "Explain"
    window.files.open_example("xor")
    assert in_front(window) == "Notes"


def test_a_panel_that_a_person_has_put_in_front_stays_there_whatever_is_opened(window):
    code = bring(window, "Code")
    window.files.open_example("xor")
    assert code.isVisible()
    assert not window.notes.isVisible()


def test_the_arrows_go_from_tab_to_tab_and_the_keyboard_stays_there(open_window):
    window = open_window("relu")
    bar = next(bar for bar in window.board.findChildren(QTabBar) if bar.tabText(0) == "Explain")
    bar.setFocus(Qt.FocusReason.TabFocusReason)
    for key, seen in ((Qt.Key.Key_Left, "Explain"), (Qt.Key.Key_Right, "Notes")):
        QTest.keyClick(bar, key)
        assert in_front(window) == seen
        assert bar.hasFocus()


def test_a_click_on_a_tab_leaves_the_keyboard_with_the_diagram(open_window):
    window = open_window("relu")
    window.diagram.setFocus()
    press(window, "Explain")
    assert in_front(window) == "Explain"
    assert window.diagram.hasFocus()
