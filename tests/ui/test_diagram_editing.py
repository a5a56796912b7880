"""Numbers and names of the diagram are edited where they stand."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip

from nnviz.core.address import Address
from tests.ui.clipped import cut_off
from tests.ui.hands import (
    address_named,
    choose_entry,
    click,
    drag,
    editor_of,
    hover,
    point,
    press,
    set_number,
    shown,
    turn,
    write,
)
from tests.ui.sees import figure, offered, status, written

W = Address("weight", 0, 0, 0)
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def window(open_window):
    return open_window("relu")


def keys(window, key, modifier=NONE):
    QTest.keyClick(editor_of(window), key, modifier)


def test_clicking_a_weight_opens_a_field_with_its_text_selected(window):
    click(window, W)
    assert editor_of(window).text() == "2"
    assert editor_of(window).selectedText() == "2"


def test_a_typed_weight_changes_every_number_that_depends_on_it(window):
    set_number(window, W, "1")
    assert shown(window, "value", "node_0") == "23"
    assert shown(window, "value", "output") == "46"
    assert shown(window, "error", "output") == "error −14"
    assert figure(window, "MSE").text == "196"


@pytest.mark.parametrize("source", ["accounts", "children"])
@pytest.mark.parametrize("text", ["−12.375", "−0.3333333333333333"])
def test_all_that_is_typed_over_a_weight_is_in_sight_within_the_diagram(window, source, text):
    set_number(window, address_named(window, "node_0", source), text, key=None)
    editor = editor_of(window)
    assert list(cut_off(editor)) == []
    assert window.diagram.rect().contains(editor.geometry())


@pytest.mark.parametrize(
    ("typed", "read"), [("0,5", 0.5), ("1/2", 0.5), ("−3", -3.0), ("-3", -3.0), ("1e-3", 0.001), (" 7 ", 7.0)]
)
def test_numbers_are_read_as_people_type_them(window, typed, read):
    set_number(window, W, typed)
    assert window.document.state.network.layers[0].weights[0, 0] == read


@pytest.mark.parametrize("typed", ["abc", "1,000", "", "1/0", "1e999", "nan", "1_000"])
def test_what_is_no_number_is_refused_with_a_reason_and_changes_nothing(window, typed):
    before = window.document.state
    click(window, W)
    editor_of(window).clear()
    write(editor_of(window), typed)
    keys(window, Qt.Key.Key_Return)
    assert editor_of(window).isVisible()
    assert status(window) not in ("", typed)
    assert window.document.state is before
    keys(window, Qt.Key.Key_Escape)
    assert window.document.state is before


def test_escape_restores_the_old_number(window):
    set_number(window, W, "9", Qt.Key.Key_Escape)
    assert written(window, W) == "2"
    assert not window.document.modified


def test_a_click_elsewhere_accepts(window):
    click(window, W)
    write(editor_of(window), "9")
    QTest.mouseClick(window.diagram, Qt.MouseButton.LeftButton, NONE, QPoint(20, 300))
    assert written(window, W) == "9"
    assert not window.diagram.session.open


def test_tab_accepts_and_goes_to_the_next_number_all_the_way_round(window):
    click(window, address_named(window, "accounts")._replace(kind="input"))
    seen = []
    for _ in range(9):
        seen.append(editor_of(window).text())
        keys(window, Qt.Key.Key_Tab)
    assert seen == ["3", "5", "2", "4", "4", "-5", "2", "7", "60"]
    assert editor_of(window).text() == "3"
    keys(window, Qt.Key.Key_Backtab)
    assert editor_of(window).text() == "60"
    keys(window, Qt.Key.Key_Escape)


def test_up_down_and_wheel_nudge_in_decimal_and_are_one_undo_entry(window):
    click(window, W)
    for _ in range(3):
        keys(window, Qt.Key.Key_Up)
    assert editor_of(window).text() == "2.3"
    assert shown(window, "z", "node_0") == "z 26.9"
    keys(window, Qt.Key.Key_Down, SHIFT)
    assert editor_of(window).text() == "1.3"
    keys(window, Qt.Key.Key_Up, ALT)
    assert editor_of(window).text() == "1.31"
    turn(editor_of(window), 1)
    assert editor_of(window).text() == "1.41"
    keys(window, Qt.Key.Key_Return)
    choose_entry(window, "Undo")
    assert written(window, W) == "2"
    assert not offered(window, "Undo").isEnabled()


def test_escape_after_nudges_restores_what_was_there(window):
    click(window, W)
    keys(window, Qt.Key.Key_Up)
    keys(window, Qt.Key.Key_Escape)
    assert written(window, W) == "2"


def test_dragging_a_number_sideways_scrubs_it_as_one_undo_entry(window):
    drag(window.diagram, point(window, W), 60)
    assert written(window, W) == "3"
    assert offered(window, "Undo").isEnabled()
    choose_entry(window, "Undo")
    assert written(window, W) == "2"
    assert not offered(window, "Undo").isEnabled()


def test_what_is_dragged_is_selected(open_window):
    window = open_window("xor")
    bias = Address("bias", 0, 1)
    for number, selected in (
        (W, W),
        (bias, bias),
        (W._replace(node=1), W._replace(node=1)),
        (Address("input", -1, 0), Address("node", -1, 0)),
    ):
        drag(window.diagram, point(window, number), 30)
        assert window.selection.address == selected


def test_one_of_two_weights_is_dragged_with_both_selected(window):
    other = W._replace(node=1)
    window.selection.select(W, other)
    drag(window.diagram, point(window, other), 30)
    assert window.selection.weights == (W, other)


def test_two_drags_are_two_undo_entries(window):
    drag(window.diagram, point(window, W), 60)
    drag(window.diagram, point(window, W), -30)
    assert written(window, W) == "2.5"
    choose_entry(window, "Undo")
    assert written(window, W) == "3"


def test_edges_keep_their_scale_while_a_number_is_scrubbed(window):
    before = window.diagram.picture.scale
    start = point(window, W)
    QTest.mousePress(window.diagram, Qt.MouseButton.LeftButton, NONE, start)
    for x in range(0, 720, 6):
        QTest.mouseMove(window.diagram, start + QPoint(x, 0))
    assert window.document.state.network.layers[0].weights[0, 0] > 10
    assert window.diagram.picture.scale == before
    QTest.mouseRelease(window.diagram, Qt.MouseButton.LeftButton, NONE, start + QPoint(714, 0))
    assert window.diagram.picture.scale > 10


def test_in_a_run_the_scale_of_the_edges_grows_with_the_largest_weight_and_never_shrinks(qtbot, open_window):
    window = open_window("circles")
    scales, weights = [window.diagram.picture.scale], []

    def look():
        scales.append(window.diagram.picture.scale)
        weights.append(max(np.abs(layer.weights).max() for layer in window.document.state.network.layers))

    window.runner.progressed.connect(look)
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        window.runner.run()
    assert weights[-1] > 3 * scales[0]
    assert scales == sorted(scales)
    assert all(weight <= scale for weight, scale in zip(weights, scales[1:], strict=True))


def test_a_press_whose_release_went_to_a_box_changes_nothing_when_the_mouse_moves_on(window):
    before, view = window.document.state, window.diagram.view
    corner = QPoint(window.diagram.width() // 2, window.diagram.height() - 20)
    for start in (point(window, W), corner):
        QTest.mousePress(window.diagram, Qt.MouseButton.LeftButton, NONE, start)
        hover(window.diagram, *(start + QPoint(x, 0) for x in (12, 60, 90)))
        assert window.document.state is before
        assert window.diagram.view == view
    QTest.mouseRelease(window.diagram, Qt.MouseButton.LeftButton, NONE, corner)
    assert written(window, W) == "2"


def test_inputs_and_targets_are_edited_where_they_stand(window):
    set_number(window, address_named(window, "accounts")._replace(kind="input"), "1")
    set_number(window, address_named(window, "output")._replace(kind="target"), "50")
    assert shown(window, "value", "output") == "44"
    assert shown(window, "error", "output") == "error −6"


def empty_target(window):
    click(window, address_named(window, "output")._replace(kind="target"))
    keys(window, Qt.Key.Key_Backspace)
    keys(window, Qt.Key.Key_Return)


def test_a_target_that_is_typed_can_be_emptied_again(window):
    empty_target(window)
    assert window.document.state.data.targets is None
    assert status(window) == "target of output is empty now"
    window.undo()
    assert shown(window, "error", "output") == "error −8"


def test_a_target_of_several_rows_is_refused_empty_and_stays(open_window):
    window = open_window("many-rows")
    before = window.document.state
    empty_target(window)
    told = "rows have all their targets or none; the table's menu removes all"
    assert status(window) == told
    assert editor_of(window).isVisible()
    keys(window, Qt.Key.Key_Escape)
    assert window.document.state is before


def test_a_bias_is_edited_where_it_stands(open_window):
    window = open_window("xor")
    set_number(window, address_named(window, "output")._replace(kind="bias"), "0.5")
    assert shown(window, "value", "output") == "0.5"


def test_a_name_is_edited_where_it_stands(window):
    click(window, address_named(window, "accounts")._replace(kind="name"))
    write(editor_of(window), "Konten & <b>")
    keys(window, Qt.Key.Key_Return)
    assert window.document.state.network.inputs == ("Konten & <b>", "children")


def test_a_name_that_is_taken_is_refused_and_stays_to_be_mended(window):
    set_number(window, address_named(window, "accounts")._replace(kind="name"), "node_0")
    assert window.document.state.network.inputs[0] == "accounts"
    assert "taken" in status(window)
    assert "taken" in QToolTip.text()
    assert editor_of(window).text() == "node_0"
    write(editor_of(window), "0")
    keys(window, Qt.Key.Key_Return)
    assert window.document.state.network.inputs[0] == "node_00"
    QToolTip.hideText()


def test_an_open_field_says_to_a_screen_reader_what_it_edits(window):
    for name, kind, said in (
        ("node_0", "name", "Name of node_0, hidden layer"),
        ("accounts", "name", "Name of accounts, inputs"),
        ("output", "target", "Target of output"),
    ):
        click(window, address_named(window, name)._replace(kind=kind))
        assert editor_of(window).accessibleName() == said
        keys(window, Qt.Key.Key_Escape)
    click(window, W)
    assert editor_of(window).accessibleName() == "Weight accounts → node_0"


def strength(window, address):
    """How far the edge of a weight stands out from the canvas, near its end."""
    image, gap = window.diagram.grab().toImage(), window.diagram.picture.layout.gaps[address.layer]
    x, y = map(round, gap.point(address.node, address.source, 0.8))
    return 255 - min(image.pixelColor(x, y + dy).red() for dy in range(-2, 3))


def test_a_mouse_that_rests_on_a_node_fades_no_weight_that_is_edited(window):
    edge = address_named(window, "output", "node_1")
    before = strength(window, edge)
    hover(window.diagram, point(window, address_named(window, "accounts")))
    assert strength(window, edge) < before / 2
    click(window, edge)
    assert strength(window, edge) == before
    keys(window, Qt.Key.Key_Backtab)
    hover(window.diagram, point(window, address_named(window, "accounts")))
    assert strength(window, edge) == before


def test_the_first_number_typed_makes_the_first_row(open_window):
    from nnviz import Network
    from nnviz.core.state import Dataset, State

    network = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
    window = open_window(State(network, Dataset.empty(network)))
    assert shown(window, "value", "output") == "–"
    set_number(window, Address("input", -1, 0), "3")
    set_number(window, Address("input", -1, 1), "5")
    assert shown(window, "value", "output") == "52"


def test_hovering_tells_the_full_number(window):
    set_number(window, W, "0.123456789012")
    assert "0.123456789012" in window.diagram.picture.describe(W)


def test_a_number_that_is_open_is_taken_before_an_update(open_window):
    window = open_window("relu")
    weight = address_named(window, "output", "node_0")
    set_number(window, weight, "1", key=None)
    press(window, "One update")
    assert window.document.state.iteration == 1
    choose_entry(window, "Undo")
    assert written(window, weight) == "1"
