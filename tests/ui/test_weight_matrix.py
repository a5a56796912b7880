"""The weights panel: hover tells, a click and the arrow keys select, what is selected is marked."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core.address import Address
from nnviz.core.edits import rename, set_weight
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.core.structure import add_layer, remove_layer
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.matrix import Cell
from nnviz.ui.plots.weight_matrix import HINT, WeightMatrix
from nnviz.ui.widgets.theme import apply_theme, colours

WEIGHTS = {"node_0": [2, 4, 0], "node_1": [4, -8, 1], "output": [2, 7]}


@pytest.fixture
def show(qtbot):
    """Return a function that shows the panel of an example's name or a State, and what it follows."""

    def show_it(what="digits"):
        state = load(example(what).path) if isinstance(what, str) else what
        document = Document(state)
        selection = Selection(document)
        card = WeightMatrix(document, selection)
        qtbot.addWidget(card)
        card.resize(364, 330)
        card.show()
        qtbot.waitExposed(card)
        return card, document, selection

    return show_it


@pytest.fixture
def small():
    return State(Network.from_weights(WEIGHTS), Dataset([[1, 2, 3]]))


def point(card, cell):
    return QPoint(*(int(value) for value in card.view.places().cell(cell).center))


def hover(card, cell):
    QTest.mouseMove(card.view, point(card, cell))
    QApplication.processEvents()


def colour_at(card, cell):
    """Return the colour of a cell, beside its number."""
    place = card.view.places().cell(cell)
    corner = QPoint(int(place.x + min(4, place.width / 2)), int(place.y + min(4, place.height / 2)))
    return card.view.grab().toImage().pixelColor(corner).name().upper()


def colours_in(card, left, top, width, height):
    image = card.view.grab().toImage()
    across, down = range(int(left) + 1, int(left + width)), range(int(top) + 1, int(top + height))
    return {image.pixelColor(x, y).name().upper() for x in across for y in down}


def press(card, *keys):
    card.view.setFocus()
    for key in keys:
        QTest.keyClick(card.view, key)


def test_the_line_tells_size_and_range_of_the_weights(show):
    card, document, _ = show()
    weights = document.state.network.layers[0].weights
    assert card.caption.text().startswith("32 × 64  ·  from −0.7025 to 0.7372")
    assert (round(weights.min(), 3), round(weights.max(), 3)) == (-0.702, 0.737)
    assert card.read_out.text() == HINT


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_positive_is_blue_negative_orange_and_zero_canvas_in_both_themes(show, small, qapp, theme):
    card, *_ = show(small)
    apply_theme(qapp, theme)
    try:
        seen = [colour_at(card, cell) for cell in (Cell(1, 1), Cell(0, 2))]
        assert seen == [colours().negative, colours().canvas]
        card.choice.setCurrentIndex(1)
        assert colour_at(card, Cell(0, 1)) == colours().positive
    finally:
        apply_theme(qapp, "light")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_small_layer_fills_its_room_with_numbers_that_can_be_read_and_names(show, small, qapp, theme):
    card, *_ = show(small)
    apply_theme(qapp, theme)
    try:
        sheet, view = card.view.places().room, card.view
        assert sheet.width >= 0.7 * view.width()
        for node in range(2):
            for source in range(3):
                cell = card.view.places().cell(Cell(node, source))
                middle = cell.x + cell.width / 4, cell.y + cell.height / 4, cell.width / 2, cell.height / 2
                assert len(colours_in(card, *middle)) > 2, "no number is written"
        assert len(colours_in(card, 0, sheet.y, sheet.x - 4, sheet.height)) > 2, "no names at the left"
        above = sheet.y - 20
        assert len(colours_in(card, sheet.x, above, sheet.width, 18)) > 2, "no names above"
    finally:
        apply_theme(qapp, "light")


def test_names_that_begin_and_end_alike_are_told_apart(show):
    inputs = [f"a length of the {part} of a flower in cm" for part in ("sepal", "petal")]
    nodes = ("the node for all of the first things", "the node for all of the other things")
    layer = Layer(nodes, "identity", np.ones((2, 2)))
    card, *_ = show(State(Network(inputs, [layer]), Dataset([[1, 2]])))
    first, second = (card.view.places().cell(Cell(k, k)) for k in range(2))
    grid = first.x, first.y

    def at_left(cell):
        return card.view.grab(QRect(0, int(cell.y), int(grid[0]) - 2, int(cell.height))).toImage()

    def above(cell):
        return card.view.grab(QRect(int(cell.x), 0, int(cell.width), int(grid[1]) - 2)).toImage()

    assert at_left(first) != at_left(second)
    assert above(first) != above(second)


def test_a_large_layer_has_neither_numbers_nor_names_and_the_whole_room(show):
    card, *_ = show()
    sheet = card.view.places().room
    assert sheet.width >= card.view.width() - 10
    assert len(colours_in(card, *card.view.places().cell(Cell(3, 5)))) == 1


def test_hover_tells_the_weight_and_its_two_ends(show, small):
    card, *_ = show(small)
    hover(card, Cell(1, 1))
    assert card.read_out.text() == "node_1 ← input_1: −8"
    QTest.mouseMove(card.view, QPoint(1, 1))
    QApplication.processEvents()
    assert card.read_out.text() == HINT


def test_the_tooltip_has_the_weight_in_full(show, small):
    card, *_ = show(set_weight(small, 0, 0, 0, -1 / 3))
    hover(card, Cell(0, 0))
    assert card.read_out.text() == "node_0 ← input_0: −0.3333"
    assert "−0.333333333333" in card.view.toolTip()


def test_a_click_selects_the_edge(show, small):
    card, _, selection = show(small)
    QTest.mouseClick(card.view, Qt.MouseButton.LeftButton, pos=point(card, Cell(0, 2)))
    assert selection.address == Address("weight", 0, 0, 2)
    assert card.read_out.text() == "node_0 ← input_2: 0"


def test_the_panel_follows_the_selection_to_its_layer(show):
    card, _, selection = show()
    selection.select(Address("weight", 1, 3, 4))
    assert (card.layer, card.choice.currentText()) == (1, "Hidden layer 2")
    selection.select(Address("node", 0, 7))  # a column of the layer that is shown
    assert (card.layer, card.read_out.text()) == (1, "node_0_7")
    selection.select(Address("node", 2, 9))
    assert (card.layer, card.read_out.text()) == (2, "digit_9")
    selection.select(Address("node", -1, 1))
    assert (card.layer, card.read_out.text()) == (0, "pixel_0_1")


def test_what_is_selected_is_marked(show):
    card, _, selection = show()
    accent = colours().accent
    row = card.view.places().row(5)
    border = QPoint(int(row.center[0]), round(row.y) - 1)

    def marked():
        return card.view.grab().toImage().pixelColor(border).name().upper() == accent

    assert not marked()
    selection.select(Address("node", 0, 5))
    assert marked()
    selection.select(Address("node", 0, 9))
    assert not marked()


def test_arrow_keys_move_the_selected_edge_and_stop_at_the_border(show, small):
    card, _, selection = show(small)
    press(card, Qt.Key.Key_Right)
    assert selection.address == Address("weight", 0, 0, 0)
    press(card, Qt.Key.Key_Right, Qt.Key.Key_Down)
    assert selection.address == Address("weight", 0, 1, 1)
    press(card, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Right)
    assert selection.address == Address("weight", 0, 1, 2)


def test_arrow_keys_move_from_node_to_node_where_a_node_is_selected(show, small):
    card, _, selection = show(small)
    selection.select(Address("node", 0, 0))
    press(card, Qt.Key.Key_Down)
    assert selection.address == Address("node", 0, 1)
    selection.select(Address("node", -1, 1))
    press(card, Qt.Key.Key_Right)
    assert selection.address == Address("node", -1, 2)
    press(card, Qt.Key.Key_Down)
    assert selection.address == Address("weight", 0, 0, 2)


def test_each_node_can_be_seen_as_a_picture_of_its_sources(show):
    card, document, selection = show()
    QTest.mouseClick(card.pictures, Qt.MouseButton.LeftButton)
    cell = Cell(9, 3 * 8 + 4)
    hover(card, cell)
    weight = document.state.network.layers[0].weights[9, 28]
    assert card.read_out.text() == f"node_0_9 ← pixel_3_4: {weight:g}".replace("-", "−")
    QTest.mouseClick(card.view, Qt.MouseButton.LeftButton, pos=point(card, cell))
    assert selection.address == Address("weight", 0, 9, 28)
    press(card, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_PageDown)
    assert selection.address == Address("weight", 0, 10, 4 * 8 + 5)
    press(card, *[Qt.Key.Key_Up] * 9)
    assert selection.address == Address("weight", 0, 10, 5)


def test_a_picture_is_painted_of_the_nodes_own_weights(show):
    card, document, _ = show()
    card.pictures.setChecked(True)
    weights = document.state.network.layers[0].weights
    cell = Cell(*(int(k) for k in np.unravel_index(np.abs(weights).argmax(), weights.shape)))
    expected = colours().positive if weights[cell] > 0 else colours().negative
    assert colour_at(card, cell) == expected


def test_pictures_are_offered_only_where_the_sources_make_a_square(show):
    card, *_ = show()
    assert card.pictures.isVisible()
    card.choice.setCurrentIndex(1)
    assert not card.pictures.isVisible()  # 32 sources
    card.choice.setCurrentIndex(2)
    assert card.pictures.isVisible()  # 16


def test_an_edit_is_seen_at_once(show, small):
    card, document, selection = show(small)
    selection.select(Address("weight", 0, 0, 2))
    document.push(set_weight(small, 0, 0, 2, 16), "edit")
    assert card.read_out.text() == "node_0 ← input_2: 16"
    assert "to 16" in card.caption.text()
    assert colour_at(card, Cell(0, 2)) == colours().positive
    document.undo()
    assert card.read_out.text() == "node_0 ← input_2: 0"


def test_a_name_that_changes_is_told_anew(show, small):
    card, document, selection = show(small)
    selection.select(Address("node", 0, 1))
    document.push(rename(small, 1, 1, "<b>fresh</b>"), "rename")
    assert card.read_out.text() == "<b>fresh</b>"
    assert card.view.toolTip() == "<b>fresh</b>"


def test_layers_come_and_go(show, small):
    card, document, _ = show(small)
    hover(card, Cell(1, 2))
    document.push(remove_layer(small, 0), "remove")
    assert (card.layer, card.choice.isVisible()) == (0, False)
    assert card.caption.text().startswith("1 × 3")
    document.push(add_layer(document.state, 0), "add")
    assert card.choice.count() == 2


def test_a_panel_that_was_hidden_catches_up_when_it_is_shown(show, small):
    card, document, selection = show(small)
    card.hide()
    document.push(set_weight(small, 1, 0, 0, -30), "edit")
    selection.select(Address("weight", 1, 0, 0))
    card.show()
    assert card.read_out.text() == "output ← node_0: −30"
    assert "from −30" in card.caption.text()


def test_a_long_name_leaves_room_for_the_value(show, small):
    network = replace(small.network, inputs=("a" * 200, "b", "c"))
    card, _, selection = show(replace(small, network=network))
    selection.select(Address("weight", 0, 0, 0))
    text = card.read_out.text()
    assert text.endswith(": 2")
    assert card.read_out.fontMetrics().horizontalAdvance(text) <= card.read_out.width()
    assert card.width() == 364


def test_what_is_seen_is_told_to_a_screen_reader(show, small):
    card, _, selection = show(small)
    selection.select(Address("weight", 0, 0, 1))
    assert card.view.accessibleName() == "Weights: Hidden layer"
    assert card.view.accessibleDescription() == ("2 × 3  ·  from −8 to 4  ·  mean 0.5; node_0 ← input_1: 4")
