"""The free row: numbers that are tried out on the diagram, true like all others, stored only when wished."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.numbers import shown
from nnviz.core.state import Dataset, State
from tests.ui import hands
from tests.ui.sees import explained, figure, offered, status, walking, written

INPUT, OUTPUT = Address("input", -1, 0), Address("value", 1, 0)
HEADING = Address("subheading", -1, 0)
TARGET = Address("target", 1, 0)


@pytest.fixture
def window(open_window):
    """many-rows, with a free row that no row of the data is."""
    window = open_window("many-rows")
    window.selection.row = 1
    window.selection.try_out([7.5, -2.0])
    return window


def prediction(window, *inputs):
    return shown(window.document.state.network.predict(inputs)[0, 0])


def test_the_diagram_shows_the_free_row_and_says_so(window):
    assert written(window, INPUT) == "7.5"
    assert written(window, OUTPUT) == prediction(window, 7.5, -2.0)
    assert written(window, HEADING) == "free row"
    assert written(window, TARGET) == "target –"
    assert figure(window, "Row's error").text == "–"
    assert window.document.state.data.inputs.tolist()[1] != [7.5, -2.0]
    assert not window.document.modified


def test_an_input_typed_on_the_diagram_changes_the_free_row_and_not_the_data(window):
    before = window.document.state
    hands.set_number(window, INPUT, "-1.25")
    assert window.document.state is before
    assert written(window, INPUT) == "−1.25"
    assert written(window, OUTPUT) == prediction(window, -1.25, -2.0)
    assert "not stored" in status(window)


def test_escape_takes_a_nudge_of_the_free_row_back_and_undoes_nothing_else(window):
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 1.0), "Set")
    window.selection.try_out([7.5, -2.0])
    hands.click(window, INPUT)
    editor = hands.editor_of(window)
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert written(window, OUTPUT) == prediction(window, 7.6, -2.0)
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert written(window, INPUT) == "7.5"
    assert window.document.state.network.layers[0].weights[0, 0] == 1.0


def test_a_number_dragged_sideways_changes_the_free_row(window):
    before = window.document.state
    hands.drag(window.diagram, hands.point(window, INPUT), 36)
    assert window.document.state is before
    assert window.selection.free[0] > 7.5


@pytest.mark.parametrize(
    "leave",
    [
        lambda window: offered(window, "Leave free row").trigger(),
        lambda window: setattr(window.selection, "row", 1),
        lambda window: window.document.push(edits.set_input(window.document.state, 0, 0, 9.0), "Set"),
        lambda window: window.document.push(structure.add_node(window.document.state, 0), "Add"),
    ],
)
def test_a_row_chosen_other_data_or_other_inputs_leave_it(window, leave):
    leave(window)
    assert window.selection.free is None
    assert written(window, HEADING) == "row 2 of 4"
    assert written(window, INPUT) == shown(window.document.state.data.inputs[1, 0])


def test_a_click_in_the_table_chooses_the_very_row_that_was_looked_at_before(window):
    table = window.data.table
    assert not table.currentIndex().isValid()
    QTest.mouseClick(
        table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(table.model().index(1, 0)).center()
    )
    assert window.selection.free is None
    assert written(window, HEADING) == "row 2 of 4"


def test_training_and_edits_of_weights_keep_it(window):
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 0.5), "Set")
    assert written(window, OUTPUT) == prediction(window, 7.5, -2.0)
    window.training.step()
    assert window.document.state.iteration == 1
    assert written(window, OUTPUT) == prediction(window, 7.5, -2.0)


def test_kept_it_is_a_row_that_undo_removes(window):
    before = window.document.state
    offered(window, "Keep free row").trigger()
    assert window.document.state.data.inputs.tolist()[2] == [7.5, -2.0]
    assert window.document.state.data.targets.tolist()[2] == [0.0]
    assert written(window, HEADING) == "row 3 of 5"
    assert "row 3" in status(window)
    offered(window, "Undo").trigger()
    assert window.document.state is before
    assert written(window, HEADING) == "row 3 of 4"


def test_without_a_free_row_nothing_can_be_kept(window):
    window.selection.leave_free()
    assert not offered(window, "Keep free row").isEnabled()
    assert not offered(window, "Leave free row").isEnabled()


def test_the_first_row_of_a_network_without_data_is_tried_out_and_kept(open_window):
    network = Network.from_weights({"node_0": [2, 4], "output": [3]})
    window = open_window(State(network, Dataset.empty(network)))
    window.selection.try_out([1.0, 2.0])
    assert written(window, OUTPUT) == "30"
    QTest.keyClick(window.diagram, Qt.Key.Key_Space)
    window.player.to_end()
    assert walking(window)
    offered(window, "Keep free row").trigger()
    assert window.document.state.data.inputs.tolist() == [[1.0, 2.0]]
    assert window.document.state.data.targets is None
    assert "no targets yet" in status(window)


def test_it_is_walked_forward_and_the_way_back_says_why_there_is_none(window):
    QTest.keyClick(window.diagram, Qt.Key.Key_3)
    assert (
        status(window)
        == "A free row has no target, so there is no error to walk back: choose a row of the data first"
    )
    assert not walking(window)
    QTest.keyClick(window.diagram, Qt.Key.Key_Period)
    window.player.to_end()
    assert written(window, OUTPUT) == prediction(window, 7.5, -2.0)
    assert window.player.progress.phase == "forward"


def test_a_walk_back_ends_when_a_row_without_a_target_is_tried_out(window):
    window.selection.leave_free()
    QTest.keyClick(window.diagram, Qt.Key.Key_3)
    assert walking(window)
    window.selection.try_out([1.0, 1.0])
    assert not walking(window)


def test_a_walk_of_every_row_stops_at_the_free_one(window):
    window.player.repeat = "rows"
    window.player.play()
    window.player.to_end()
    assert not window.player.playing
    assert window.selection.free is not None


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (Address("node", 1, 0), "A free row has no target, so it has no error and no slope."),
        (Address("weight", 0, 0, 0), "A free row has no target, so it has no error and no slope."),
        (Address("node", -1, 0), "It is tried out, and not in the data"),
    ],
)
def test_explain_is_of_the_free_row(qtbot, window, address, said):
    hands.bring(window, "Explain")
    window.selection.select(address)
    qtbot.waitUntil(lambda: said in explained(window))
    assert "Free row".upper() in explained(window).upper()
    if address.kind == "node" and address.layer == 1:
        assert prediction(window, 7.5, -2.0) in explained(window)


def test_a_click_on_the_place_of_a_target_says_that_there_is_none(window):
    hands.click(window, TARGET)
    assert not window.diagram.session.open
    assert status(window) == "A free row has no target: keep it as a row, then type one"


def test_slopes_of_a_free_row_are_none_and_the_mean_over_the_rows_stays(window):
    window.selection.show_slopes(True)
    line = written(window, Address("subheading", 1, 0))
    assert line.startswith("no slopes: a free row has no target")
    window.selection.show_slopes(True, mean_over_rows=True)
    assert "mean of all rows" in written(window, Address("subheading", 1, 0))
    slope = window.derived.means.slopes.layers[0].weights[0, 0]
    assert written(window, Address("slope", 0, 0, 0)) == shown(slope)


def test_what_is_no_number_is_refused(window):
    with pytest.raises(ValueError, match=r"inputs\[1\]: expected a finite number"):
        window.selection.try_out([1.0, np.nan])
    assert window.selection.free.tolist() == [7.5, -2.0]
