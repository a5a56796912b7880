"""The search field: typing finds, Up and Down move, Enter and a click select, Escape gives the focus back."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core.address import Address
from nnviz.core.edits import set_weight
from nnviz.core.network import Network
from nnviz.core.numbers import shown
from nnviz.core.state import Dataset, State
from nnviz.picture.parts import Rect
from nnviz.ui.diagram.finder import NOTHING
from tests.ui.hands import address_named
from tests.ui.sees import place, written


@pytest.fixture
def find(open_window):
    """Return a function that opens the window, presses Ctrl+F, and types."""

    def type_it(text, what="digits"):
        window = open_window(what)
        QTest.keyClick(window.diagram, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(window.finder.field, text)
        return window, window.finder

    return type_it


def press(finder, *keys):
    for key in keys:
        QTest.keyClick(QApplication.focusWidget() or finder.field, key)


def listed(finder):
    """Return the rows of the list as they are seen."""
    cells = finder.list
    return [tuple(cells.item(row, k).text() for k in range(3)) for row in range(cells.rowCount())]


def test_it_opens_at_the_upper_right_of_the_diagram_with_the_focus_in_the_field(find):
    window, finder = find("")
    assert finder.field.hasFocus()
    assert window.diagram.rect().contains(finder.geometry())
    assert window.diagram.width() - finder.geometry().right() < 20
    assert finder.geometry().top() < 20
    assert "pixel_0_0 -> node_0_0" in finder.hint.text()


def test_matches_are_listed_with_their_values_while_one_types(find):
    _, finder = find("pixel_0_2")
    assert listed(finder) == [("pixel_0_2", "input", "0.3125")]
    QTest.keyClicks(finder.field, " -> node_0_1")
    assert listed(finder)[0][0] == "pixel_0_2 → node_0_1"
    finder.field.setText("biases of digit_3")
    assert [row[0] for row in listed(finder)] == ["bias of digit_3"]


def test_enter_selects_the_first_match_and_brings_it_into_sight(find):
    window, finder = find("node 0 17")
    press(finder, Qt.Key.Key_Return)
    address = address_named(window, "node_0_17")
    assert window.selection.address == address
    seen = place(window, address)
    assert window.diagram.picture.layout.body.meets(seen)
    value = written(window, address._replace(kind="value"))
    assert value == "2.078"
    assert listed(finder) == [("node_0_17", "relu", shown(finder.list.matches[0].value))]
    assert finder.isVisible()


def test_what_is_selected_does_not_lie_under_the_field(find):
    window, finder = find("digit")
    press(finder, Qt.Key.Key_Down)
    address = address_named(window, "digit_1")
    assert place(window, address).meets(Rect(*finder.geometry().getRect()))
    press(finder, Qt.Key.Key_Return)
    assert not place(window, address).meets(Rect(*finder.geometry().getRect()))
    assert place(window, address).meets(window.diagram.picture.layout.body)


def test_down_and_up_move_the_current_match_and_stop_at_the_ends(find):
    window, finder = find("digit")
    press(finder, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return)
    assert window.selection.address == address_named(window, "digit_1")
    press(finder, Qt.Key.Key_PageDown, Qt.Key.Key_PageDown, Qt.Key.Key_Return)
    assert window.selection.address == address_named(window, "digit_9")
    press(finder, Qt.Key.Key_PageUp, Qt.Key.Key_PageUp, Qt.Key.Key_Up, Qt.Key.Key_Return)
    assert window.selection.address == address_named(window, "digit_0")


def test_a_click_on_a_match_selects_it(find):
    window, finder = find("3 strongest of digit_9")
    place = finder.list.visualItemRect(finder.list.item(1, 0)).center()
    QTest.mouseClick(finder.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    address = finder.list.matches[1].address
    assert window.selection.address == Address("weight", address.layer, address.node, address.source)


def test_escape_closes_it_and_gives_the_focus_back_to_the_diagram(find):
    window, finder = find("node", "relu")
    press(finder, Qt.Key.Key_Escape)
    assert not finder.isVisible()
    assert window.diagram.hasFocus()
    assert window.selection.address is None
    finder.open()
    assert finder.field.selectedText() == "node"


def test_keys_that_the_field_does_not_want_do_not_reach_the_diagram(find):
    window, finder = find("zzz", "relu")
    press(finder, Qt.Key.Key_Return, Qt.Key.Key_Down, Qt.Key.Key_F2, Qt.Key.Key_Tab)
    QTest.keyClick(finder, Qt.Key.Key_Right)
    assert window.selection.address is None
    assert finder.hint.text() == NOTHING
    assert listed(finder) == []


def test_clicks_beside_the_list_do_not_reach_the_diagram(find):
    window, finder = find("node_1", "relu")
    press(finder, Qt.Key.Key_Return)
    QTest.mouseClick(finder, Qt.MouseButton.LeftButton, pos=finder.rect().bottomLeft())
    assert window.selection.address == address_named(window, "node_1")


def test_a_list_that_is_full_says_so(find):
    _, finder = find("pixel")
    assert len(listed(finder)) == 20
    assert "first 20" in finder.hint.text()


def test_shown_values_follow_an_edit(find, qtbot):
    window, finder = find("accounts -> node_0", "relu")
    assert listed(finder) == [("accounts → node_0", "", "2")]
    state = window.document.state
    window.document.push(set_weight(state, 0, 0, 0, -1.5), "edit")
    qtbot.waitUntil(lambda: listed(finder) == [("accounts → node_0", "", "−1.5")])


def test_the_current_match_stays_while_values_change(find, qtbot):
    window, finder = find("largest", "relu")
    press(finder, Qt.Key.Key_Down)
    assert finder.list.current.address == Address("weight", 0, 0, 1)
    window.document.push(set_weight(window.document.state, 0, 0, 1, 99), "edit")
    qtbot.waitUntil(lambda: listed(finder)[0] == ("children → node_0", "", "99"))
    assert finder.list.current.address == Address("weight", 0, 0, 1)


def test_a_node_that_is_removed_can_no_longer_be_chosen(find):
    window, finder = find("node_1", "relu")
    own = window.document.state
    smaller = Network.from_weights({"node_0": [2, 4], "output": [2]}, inputs=own.network.inputs)
    window.document.push(replace(own, network=smaller), "remove")
    assert listed(finder) == []
    press(finder, Qt.Key.Key_Return)
    assert window.selection.address is None


def test_names_are_shown_as_plain_text(find):
    network = Network.from_weights({"output": [1.0, 2.0]}, inputs=["<b>bold</b>", "x"])
    _, finder = find("bold", State(network, Dataset([[1.0, 1.0]])))
    assert listed(finder)[0][0] == "<b>bold</b>"
    assert finder.list.item(0, 0).toolTip() == "<b>bold</b>"


def test_it_stays_within_a_narrow_diagram(find):
    window, finder = find("node", "relu")
    window.diagram.resize(320, 400)
    assert Rect(0, 0, 320, 400).contains(finder.x(), finder.y())
    assert finder.geometry().right() <= 320
