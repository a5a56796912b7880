"""The selection belongs to the State that is shown, and the search field selects."""

from dataclasses import replace
from itertools import cycle

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.numbers import as_text
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.matrix import Cell
from nnviz.picture.parts import Rect
from nnviz.ui.diagram.finder import Finder
from nnviz.ui.panels.matrix import MatrixView
from tests.core.oracle import set_weight
from tests.ui.hands import address_named, bring, click, pick
from tests.ui.sees import explained, place, written

CARDS = ("Loss", "Loss surface", "Confusion")
"""The plots, one at a time."""
SMALL = State(Network.from_weights({"output": [2.0]}), Dataset([[1.0]], [[0.0]]))


def push(edit, *where):
    return lambda window: window.document.push(edit(window.document.state, *where), "an edit")


CHANGES = {
    "a layer more": push(edits.add_layer, 0),
    "a layer less": push(edits.remove_layer, 0),
    "a node less": push(edits.remove_node, 1, 0),
    "an input less": push(edits.remove_node, 0, 0),
    "the last rows gone": push(edits.remove_rows, [2, 3]),
    "all rows gone": push(edits.remove_rows, [0, 1, 2, 3]),
    "one row pasted": push(edits.set_rows, [[1.0, 2.0]], None),
    "another network": lambda window: window.document.start(SMALL),
}
SELECTED = {
    "the prediction": (Address("node", 1, 0), None),
    "a hidden node": (Address("node", 0, 1), None),
    "an input": (Address("node", -1, 1), None),
    "a layer": (Address("layer", 0), None),
    "two weights": (Address("weight", 0, 1, 1), Address("weight", 1, 0, 1)),
}


def test_no_view_meets_the_selection_of_another_state(afresh, amount):
    window, cards = afresh("many-rows", (1000, 650)), cycle(CARDS)
    once, looks = amount(quick=True, ci=False, night=False), amount(quick=1, ci=6, night=6)

    def look():
        """Bring some cards into sight, each of which is painted."""
        for _ in range(looks):
            bring(window, next(cards))
            QApplication.processEvents()
        bring(window, "Explain")
        return window.diagram.accessibleDescription(), explained(window)

    def valid():
        """Return whether row and selection are of the State that is shown."""
        now = window.document.now
        state, selected = now.state, filter(None, (now.address, now.second))
        rows = range(max(len(state.data), 1))
        return now.row in rows and all(state.network.has(address) for address in selected)

    selected = [*SELECTED.values()]
    for k, (name, change) in enumerate(CHANGES.items()):
        for addresses in [selected[(k + 1) % len(selected)]] if once else selected:
            window.document.start(load(example("many-rows").path))
            window.document.select(*addresses)
            window.document.select_row(3)
            window.document.show_slopes(True)
            look()
            steps = change, lambda own: own.undo(), lambda own: own.redo()
            for step in steps[:2] if once else steps:
                step(window)
                assert valid(), (name, addresses)
                look()


# --- the search field


@pytest.fixture
def find(bare):
    """Return a function that opens the search field over a diagram, and types."""

    def type_it(text, what="relu", **times):
        own = bare(what, **times)
        own.finder = Finder(own.diagram, own.desk)
        own.finder.open()
        QTest.keyClicks(own.finder.field, text)
        return own, own.finder

    return type_it


def press(finder, *keys):
    for key in keys:
        QTest.keyClick(QApplication.focusWidget() or finder.field, getattr(Qt.Key, f"Key_{key}"))


def listed(finder):
    """Return the rows of the list as they are seen."""
    cells = finder.list
    return [tuple(cells.item(row, k).text() for k in range(3)) for row in range(cells.rowCount())]


def test_the_search_field_opens_with_ctrl_f_and_escape_gives_the_focus_back(afresh):
    window = afresh("relu")
    window.document.select(None)
    QTest.keyClick(window.diagram, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    finder = window.finder
    assert finder.field.hasFocus()
    assert window.diagram.rect().contains(finder.geometry())
    assert window.diagram.width() - finder.geometry().right() < 20
    assert finder.geometry().top() < 20
    QTest.keyClicks(finder.field, "node")
    press(finder, "Escape")
    assert not finder.isVisible()
    assert window.diagram.hasFocus()
    assert window.document.now.address is None
    finder.open()
    assert finder.field.selectedText() == "node"
    window.diagram.resize(320, 400)
    assert Rect(0, 0, 320, 400).contains(finder.x(), finder.y())
    assert finder.geometry().right() <= 320


def test_matches_are_listed_with_their_values_and_what_the_field_says_of_them(find, approved):
    window, finder = find("", "digits")
    hints = [finder.hint.text()]
    for text, first in (
        ("pixel_0_2", ("pixel_0_2", "input", "0.3125")),
        ("pixel_0_2 -> node_0_1", ("pixel_0_2 → node_0_1",)),
    ):
        finder.field.setText(text)
        assert listed(finder)[0][: len(first)] == first
    for text, count in (("pixel", 20), ("zzz", 0)):
        finder.field.setText(text)
        assert len(listed(finder)) == count
        hints.append(finder.hint.text())
    approved("the search field: empty, too many, none", "\n".join(hints))
    press(finder, "Return", "Down", "F2", "Tab")
    QTest.keyClick(finder, Qt.Key.Key_Right)
    assert window.document.now.address is None, "keys that the field does not want do not reach the diagram"


def test_enter_selects_the_current_match_and_brings_it_into_sight_beside_the_field(find):
    window, finder = find("node 0 17", "digits")
    press(finder, "Return")
    address = address_named(window, "node_0_17")
    assert window.document.now.address == address
    assert window.diagram.picture.layout.body.meets(place(window, address))
    assert written(window, address._replace(kind="value")) == "2.078"
    assert listed(finder) == [("node_0_17", "relu", as_text(finder.list.matches[0].value))]
    assert finder.isVisible()
    window.diagram.fit()
    finder.field.setText("digit")
    under = Rect(*finder.geometry().getRect())
    press(finder, "Down")
    address = address_named(window, "digit_1")
    assert place(window, address).meets(under)
    press(finder, "Return")
    assert not place(window, address).meets(under)
    assert place(window, address).meets(window.diagram.picture.layout.body)
    for keys, name in (
        (("Down", "Down", "Up", "Return"), "digit_2"),
        (("PageDown", "PageDown", "Return"), "digit_9"),
        (("PageUp", "PageUp", "Up", "Return"), "digit_0"),
    ):
        press(finder, *keys)
        assert window.document.now.address == address_named(window, name)
    finder.field.setText("-> digit_9")
    at = finder.list.visualItemRect(finder.list.item(1, 0)).center()
    selected = finder.list.matches[1].address._replace(kind="weight")
    for widget, clicked in ((finder.list.viewport(), at), (finder, finder.rect().bottomLeft())):
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=clicked)
        assert window.document.now.address == selected, "a click beside the list goes nowhere"


def test_matches_follow_edits_and_what_is_removed_can_no_longer_be_chosen(find, qtbot):
    window, finder = find("accounts -> node_0")
    assert listed(finder) == [("accounts → node_0", "", "2")]
    window.document.push(set_weight(window.document.state, 0, 0, 0, -1.5), "edit")
    qtbot.waitUntil(lambda: listed(finder) == [("accounts → node_0", "", "−1.5")])
    finder.field.setText("->")
    press(finder, "Down")
    current = finder.list.current.address
    window.document.push(set_weight(window.document.state, *current[1:], 99), "edit")
    qtbot.waitUntil(lambda: listed(finder)[0][2] == "99")
    assert finder.list.current.address == current, "the current match stays"
    finder.field.setText("node_1")
    own = window.document.state
    smaller = Network.from_weights({"node_0": [2, 4], "output": [2]}, inputs=own.network.inputs)
    window.document.push(replace(own, network=smaller), "remove")
    window.desk.frames.show_pending()
    assert listed(finder) == []
    press(finder, "Return")
    assert window.document.now.address is None
    network = Network.from_weights({"output": [1.0, 2.0]}, inputs=["<b>bold</b>", "x"])
    _, finder = find("bold", State(network, Dataset([[1.0, 1.0]])))
    assert listed(finder)[0][0] == finder.list.item(0, 0).toolTip() == "<b>bold</b>"


# --- a whole layer


def matrix_of(window):
    """Return the matrix that Explain shows, or None."""
    return next((view for view in window.findChildren(MatrixView) if view.isVisible()), None)


@pytest.fixture
def layer_chosen(afresh, qtbot):
    """Return a window in which a click on a heading has selected the hidden layer, and the panel Explain."""
    window = afresh("relu")
    explain = bring(window, "Explain")
    qtbot.waitUntil(lambda: window.desk.has_plots)
    click(window, Address("heading", 0))
    window.desk.frames.show_pending()
    return window, explain


def test_a_click_on_a_heading_selects_the_layer_and_explain_shows_its_matrix(layer_chosen):
    window, explain = layer_chosen
    assert window.diagram.accessibleDescription() == "Hidden layer: 2 nodes with relu"
    lines = explained(window).splitlines()
    assert lines[:2] == ["2 nodes, each with 2 weights: training changes 4 numbers.", "Row 1 of 1"]
    assert lines[2:4] == ["node_0 = relu(z) = relu(26) = 26", "node_1 = relu(z) = relu(−13) = 0"]
    matrix = matrix_of(explain)
    assert matrix is not None
    assert explain.view.caption.text() == "Hidden layer: 2 × 2 weights from −5 to 4"
    assert explain.choice.currentText() == "Matrix"
    click(window, Address("heading", -1))
    window.desk.frames.show_pending()
    assert window.document.now.address is None
    assert matrix_of(explain) is None


def test_a_weight_chosen_in_the_matrix_of_a_layer_leaves_the_matrix_in_sight(layer_chosen):
    window, explain = layer_chosen
    matrix = matrix_of(explain)
    middle = QPoint(*map(round, matrix.named_cells[0].cell(Cell(1, 0)).center))
    QTest.mouseClick(matrix, Qt.MouseButton.LeftButton, pos=middle)
    window.desk.frames.show_pending()
    assert window.document.now.address == Address("weight", 0, 1, 0)
    assert matrix_of(explain) is matrix
    QTest.keyClick(matrix, Qt.Key.Key_Right)
    window.desk.frames.show_pending()
    assert window.document.now.address == Address("weight", 0, 1, 1)
    assert matrix_of(explain) is matrix
    click(window, address_named(window, "node_0", window.document.state.network.inputs[0]))
    window.desk.frames.show_pending()
    assert matrix_of(explain) is matrix
    assert explain.choice.currentText() == "Matrix"
    pick(explain.choice, "Loss")
    window.desk.frames.show_pending()
    assert matrix_of(explain) is None


def test_arrow_keys_go_from_the_first_node_to_the_layer_and_on_to_the_next_layer(bare):
    window = bare("two-hidden-layers")
    window.document.select(Address("node", 0, 0))
    reached = []
    for key in ("Up", "Right", "Right", "Right", "Down", "Up", "Up", "Left", "Left", "Left"):
        QTest.keyClick(window.diagram, getattr(Qt.Key, f"Key_{key}"))
        reached.append(window.document.now.address)
    assert reached[:4] == [Address("layer", 0), Address("layer", 1), Address("layer", 2), Address("layer", 2)]
    assert reached[4:7] == [Address("node", 2, 0), Address("layer", 2), Address("node", 2, 0)]
    window.document.select(Address("layer", 0))
    for key in ("Return", "F2"):
        QTest.keyClick(window.diagram, getattr(Qt.Key, f"Key_{key}"))
        assert not window.diagram.session.open
    QTest.keyClick(window.diagram, Qt.Key.Key_Left)
    assert window.document.now.address == Address("node", -1, 0)


def test_a_selected_layer_keeps_its_nodes_when_layers_are_added_or_removed(bare):
    window = bare("two-hidden-layers")
    document, names = window.document, window.document.state.network.layers[1].nodes
    document.select(Address("layer", 1))
    document.push(edits.add_layer(document.state, 0), "a layer more")
    assert document.state.network.layers[document.now.address.layer].nodes == names
    document.push(edits.remove_layer(document.state, 2), "the layer gone")
    assert document.now.address is None
