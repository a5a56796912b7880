"""The weights panel: hover shows numbers, a click and arrow keys select, and the selection is marked."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core.address import Address
from nnviz.core.edits import add_layer, remove_layer, rename
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.matrix import Cell
from nnviz.ui.kit.theme import apply_theme, colours
from nnviz.ui.panels.matrix import HINT
from tests.core.oracle import set_weight
from tests.ui.bare import open_plot
from tests.ui.runs import pixels_of

WEIGHTS = {"node_0": [2, 4, 0], "node_1": [4, -8, 1], "output": [2, 7]}
SMALL = State(Network.from_weights(WEIGHTS), Dataset([[1, 2, 3]]))
RIGHT, UP, DOWN = Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down


@pytest.fixture(scope="module")
def digits():
    return load(example("digits").path)


class Looked:
    """The view of a panel as a person sees it: what waits for the next frame is shown before each look."""

    def __init__(self, frames, panel):
        self._frames, self._panel = frames, panel

    def __getattr__(self, name):
        self._frames.show_pending()
        return getattr(self._panel.view or self._panel, name)

    def width(self):
        return self._panel.width()

    def hide(self):
        self._panel.hide()
        self._frames.remove(self._panel)
        self._panel.rest()

    def show(self):
        self._panel.show()
        self._frames.add(self._panel)


@pytest.fixture
def show(bare):
    """Return a function that shows the panel of a State, and returns its view and document."""

    def show_it(state=SMALL):
        own = bare(state)
        panel = open_plot(own, (364, 330), matrix=True)
        return Looked(own.desk.frames, panel), own.document

    return show_it


def point(card, cell):
    return QPoint(*(int(value) for value in card.grid.named_cells[0].cell(cell).center))


def hover(card, cell):
    QTest.mouseMove(card.grid, point(card, cell))
    QApplication.processEvents()
    return card.readout.text()


def colour_at(card, cell):
    """Return the colour of a cell, beside its number."""
    place = card.grid.named_cells[0].cell(cell)
    corner = QPoint(int(place.x + min(4, place.width / 2)), int(place.y + min(4, place.height / 2)))
    return card.grid.grab().toImage().pixelColor(corner).name().upper()


def colours_in(card, left, top, width, height):
    seen = pixels_of(card.grid)[int(top) + 1 : int(top + height), int(left) + 1 : int(left + width)]
    return set(seen.ravel().tolist())


def press(card, *keys):
    card.grid.setFocus()
    for key in keys:
        QTest.keyClick(card.grid, key)


def click(card, cell):
    QTest.mouseClick(card.grid, Qt.MouseButton.LeftButton, pos=point(card, cell))


def test_the_caption_and_a_screen_reader_tell_size_and_range_of_the_weights(show, digits, approved):
    card, document = show(digits)
    weights = digits.network.layers[0].weights
    assert (round(weights.min(), 3), round(weights.max(), 3)) == (-0.702, 0.737)
    assert card.caption.toolTip().startswith(HINT)
    told = [card.caption.text()]
    document.start(SMALL)
    document.select(Address("weight", 0, 0, 1))
    told += [card.grid.accessibleName(), card.grid.accessibleDescription()]
    approved("captions and a screen reader", "\n".join(told))


def test_a_small_layer_has_colours_numbers_and_names_in_both_themes(show, qapp):
    card, document = show()
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        document.select(Address("node", 1, 0))
        assert colour_at(card, Cell(0, 1)) == colours().positive
        document.select(Address("weight", 0, 0, 0))
        seen = [colour_at(card, cell) for cell in (Cell(1, 1), Cell(0, 2))]
        assert seen == [colours().negative, colours().canvas]
        sheet = card.grid.named_cells[0].room
        assert sheet.width >= 0.7 * card.grid.width()
        written = {"at the left": (0, sheet.y, sheet.x - 4, sheet.height)}
        written["above"] = (sheet.x, sheet.y - 20, sheet.width, 18)
        for node, source in np.ndindex(2, 3):
            cell = card.grid.named_cells[0].cell(Cell(node, source))
            written[node, source] = cell.middle(cell.width / 2, cell.height / 2)
        for where, place in written.items():
            assert len(colours_in(card, *place)) > 2, where


def test_names_that_begin_and_end_alike_are_told_apart_and_leave_room_for_the_value(show):
    inputs = [f"a length of the {part} of a flower in cm" for part in ("sepal", "petal")]
    nodes = ("the node for all of the first things", "the node for all of the other things")
    layer = Layer(nodes, "identity", np.full((2, 2), 2.0))
    card, document = show(State(Network(inputs, [layer]), Dataset([[1, 2]])))
    first, second = (card.grid.named_cells[0].cell(Cell(k, k)) for k in range(2))

    def names_of(cell):
        """Return the names of the cell's node, at the left, and of its input, above."""
        left = QRect(0, int(cell.y), int(first.x) - 2, int(cell.height))
        above = QRect(int(cell.x), 0, int(cell.width), int(first.y) - 2)
        return [card.grid.grab(place).toImage() for place in (left, above)]

    assert all(one != other for one, other in zip(names_of(first), names_of(second), strict=True))
    document.select(Address("weight", 0, 0, 0))
    text = card.readout.text()
    assert text.endswith(": 2")
    assert card.readout.elided == Qt.TextElideMode.ElideMiddle
    assert card.width() == 364


def test_a_large_layer_has_no_texts_marks_what_is_selected_and_gives_way_to_its_layer(show, digits):
    card, document = show(digits)
    assert card.grid.named_cells[0].room.width >= card.grid.width() - 10
    assert len(colours_in(card, *card.grid.named_cells[0].cell(Cell(3, 5)))) == 1
    row, accent = card.grid.named_cells[0].row(5), int(colours().accent[1:], 16)
    for node, marked in ((20, False), (5, True), (9, False)):
        document.select(Address("node", 0, node))
        assert (pixels_of(card.grid)[round(row.y) - 1, int(row.center[0])] == accent) == marked
    document.select(Address("weight", 1, 3, 4))
    assert (card.layer, card.grid.accessibleName()) == (1, "Weights: Hidden layer 2")
    for address, layer, name in (
        (Address("node", 0, 7), 1, "node_0_7"),  # a column of the layer that is shown
        (Address("node", 2, 9), 2, "digit_9"),
        (Address("node", -1, 1), 0, "pixel_0_1"),
    ):
        document.select(address)
        assert (card.layer, card.readout.text()) == (layer, name)


def test_hover_and_a_click_tell_a_weight_and_its_two_ends(show, approved):
    card, document = show()
    assert hover(card, Cell(1, 1)) == "node_1 ← input_1: −8"
    QTest.mouseMove(card.grid, QPoint(1, 1))
    QApplication.processEvents()
    assert card.readout.text() == "node_0 ← input_0: 2", "the weight that is selected"
    document.push(set_weight(SMALL, 0, 0, 0, -1 / 3), "edit")
    assert hover(card, Cell(0, 0)) == "node_0 ← input_0: −0.3333"
    approved("the tooltip of a weight", card.grid.toolTip())
    click(card, Cell(0, 2))
    QApplication.processEvents()
    assert document.now.address == Address("weight", 0, 0, 2)
    assert hover(card, Cell(0, 2)) == card.readout.text() == "node_0 ← input_2: 0"


def test_arrow_keys_move_the_selection_and_stop_at_the_border(show):
    card, document = show()
    for begin, pressed, end in (
        (("weight", 0, 0, 0), [RIGHT, DOWN], ("weight", 0, 1, 1)),
        (None, [DOWN, RIGHT, RIGHT, RIGHT], ("weight", 0, 1, 2)),
        (("node", 0, 0), [DOWN], ("node", 0, 1)),
        (("node", -1, 1), [RIGHT], ("node", -1, 2)),
        (None, [DOWN], ("weight", 0, 0, 2)),
    ):
        if begin:
            document.select(Address(*begin))
        press(card, *pressed)
        assert document.now.address == Address(*end)


def test_edits_names_and_layers_are_seen_at_once_or_when_the_panel_is_shown(show):
    card, document = show()
    document.select(Address("weight", 0, 0, 2))
    document.push(set_weight(SMALL, 0, 0, 2, 16), "edit")
    assert card.readout.text() == "node_0 ← input_2: 16"
    assert "to 16" in card.caption.text()
    assert colour_at(card, Cell(0, 2)) == colours().positive
    document.undo()
    assert card.readout.text() == "node_0 ← input_2: 0"
    document.select(Address("node", 0, 1))
    document.push(rename(SMALL, 1, 1, "<b>fresh</b>"), "rename")
    assert card.readout.text() == card.grid.toolTip() == "<b>fresh</b>"
    document.undo()
    card.hide()
    document.push(set_weight(SMALL, 1, 0, 0, -30), "edit")
    document.select(Address("weight", 1, 0, 0))
    card.show()
    assert card.readout.text() == "output ← node_0: −30"
    assert "from −30" in card.caption.text()
    document.undo()
    document.select(Address("weight", 0, 0, 0))
    hover(card, Cell(1, 2))
    document.push(remove_layer(SMALL, 0), "remove")
    assert card.plot is None, "the weight has gone with its layer"
    document.select(Address("weight", 0, 0, 0))
    assert (card.layer, card.grid.accessibleName()) == (0, "Weights: Prediction")
    assert card.caption.text().startswith("Prediction: 1 × 3")
    document.push(add_layer(document.state, 0), "add")
    document.select(Address("weight", 0, 0, 0))
    assert card.grid.accessibleName() == "Weights: Hidden layer"
