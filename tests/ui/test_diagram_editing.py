"""Numbers and names of the diagram are edited where they stand."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip

from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from tests.ui.clipped import cut_off
from tests.ui.hands import (
    address_named,
    click,
    drag,
    editor_of,
    hover,
    point,
    set_number,
    shown,
    turn,
    write,
)
from tests.ui.sees import status, written

W = Address("weight", 0, 0, 0)
INPUT, TARGET = Address("input", -1, 0), Address("target", 1, 0)
SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
NONE, LEFT = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton


@pytest.fixture
def window(bare):
    return bare("relu")


def keys(window, key, modifier=NONE):
    QTest.keyClick(editor_of(window), key, modifier)


def undoes(window):
    """Undo once; tell what the first weight is then, and whether that was all."""
    window.document.undo()
    return written(window, W), window.document.undo_text() == ""


def test_a_typed_weight_changes_every_number_that_depends_on_it(window):
    click(window, W)
    assert editor_of(window).text() == editor_of(window).selectedText() == "2"
    keys(window, Qt.Key.Key_Escape)
    set_number(window, W, "1")
    assert [shown(window, "value", name) for name in ("node_0", "output")] == ["23", "46"]
    assert shown(window, "error", "output") == "error −14"
    assert "= 23" in window.diagram.picture.describe(Address("node", 0, 0))
    set_number(window, W, "0.123456789012")
    assert "0.123456789012" in window.diagram.picture.describe(W)


def test_all_that_is_typed_over_a_weight_is_in_sight_within_the_diagram(window):
    for source in ("accounts", "children"):
        for text in ("−12.375", "−0.3333333333333333"):
            set_number(window, address_named(window, "node_0", source), text, key=None)
            editor = editor_of(window)
            assert list(cut_off(editor)) == []
            assert window.diagram.rect().contains(editor.geometry())
            keys(window, Qt.Key.Key_Escape)


def test_numbers_are_read_as_people_type_them(window):
    expected = {"0,5": 0.5, "1/2": 0.5, "−3": -3.0, "-3.5": -3.5, "1e-3": 0.001, " 7 ": 7.0}
    read = {}
    for typed in expected:
        set_number(window, W, typed)
        read[typed] = window.document.state.network.layers[0].weights[0, 0]
    assert read == expected


def test_what_is_no_number_is_refused_with_a_reason_and_changes_nothing(window, approved):
    before, told = window.document.state, []
    for typed in ("abc", "1,000", "", "1/0", "1e999", "nan", "1_000"):
        click(window, W)
        editor_of(window).clear()
        write(editor_of(window), typed)
        keys(window, Qt.Key.Key_Return)
        assert editor_of(window).isVisible()
        told.append(f"{typed!r}: {status(window)}")
        assert window.document.state is before
        keys(window, Qt.Key.Key_Escape)
        assert window.document.state is before
    approved("refused as number", "\n".join(told))


def test_escape_restores_and_a_click_elsewhere_accepts(window):
    set_number(window, W, "9", Qt.Key.Key_Escape)
    assert written(window, W) == "2"
    assert not window.document.modified
    set_number(window, W, "9", key=None)
    QTest.mouseClick(window.diagram, LEFT, NONE, QPoint(20, 300))
    assert written(window, W) == "9"
    assert not window.diagram.session.open


def test_tab_accepts_and_goes_to_the_next_number_all_the_way_round(window):
    click(window, INPUT)
    seen = []
    for _ in range(10):
        seen.append(editor_of(window).text())
        keys(window, Qt.Key.Key_Tab)
    assert seen == ["3", "5", "2", "4", "4", "-5", "2", "7", "60", "3"]
    keys(window, Qt.Key.Key_Backtab)
    keys(window, Qt.Key.Key_Backtab)
    assert editor_of(window).text() == "60"
    keys(window, Qt.Key.Key_Escape)


def test_up_down_and_wheel_nudge_in_decimal_and_are_one_undo_entry(window):
    click(window, W)
    keys(window, Qt.Key.Key_Up)
    keys(window, Qt.Key.Key_Escape)
    assert written(window, W) == "2", "Escape takes nudges back"
    click(window, W)
    for _ in range(3):
        keys(window, Qt.Key.Key_Up)
    assert (editor_of(window).text(), shown(window, "z", "node_0")) == ("2.3", "z 26.9")
    keys(window, Qt.Key.Key_Down, SHIFT)
    assert editor_of(window).text() == "1.3"
    keys(window, Qt.Key.Key_Up, ALT)
    assert editor_of(window).text() == "1.31"
    turn(editor_of(window), 1)
    assert editor_of(window).text() == "1.41"
    keys(window, Qt.Key.Key_Return)
    assert undoes(window) == ("2", True)


def test_escape_takes_back_nudges_alone(window):
    click(window, W)
    keys(window, Qt.Key.Key_Up)
    window.runner.step()
    stepped = window.document.state
    keys(window, Qt.Key.Key_Escape)
    assert window.document.state is stepped


def test_dragging_a_number_sideways_scrubs_it_and_each_drag_is_one_undo_entry(window):
    drag(window.diagram, point(window, W), 60)
    assert written(window, W) == "3"
    drag(window.diagram, point(window, W), -30)
    assert written(window, W) == "2.5"
    assert undoes(window) == ("3", False)
    assert undoes(window) == ("2", True)


def test_what_is_dragged_is_selected(bare):
    window = bare("xor")
    bias, other = Address("bias", 0, 1), W._replace(node=1)
    for number, selected in ((W, W), (bias, bias), (other, other), (INPUT, Address("node", -1, 0))):
        drag(window.diagram, point(window, number), 30)
        assert window.selection.address == selected
    window.selection.select(W, other)
    drag(window.diagram, point(window, other), 30)
    assert window.selection.weights == (W, other)


def test_edges_keep_their_scale_while_a_number_is_scrubbed(window):
    before = window.diagram.picture.scale
    start = point(window, W)
    QTest.mousePress(window.diagram, LEFT, NONE, start)
    for x in range(0, 720, 60):
        QTest.mouseMove(window.diagram, start + QPoint(x, 0))
    assert window.document.state.network.layers[0].weights[0, 0] > 10
    assert window.diagram.picture.scale == before
    QTest.mouseRelease(window.diagram, LEFT, NONE, start + QPoint(714, 0))
    assert window.diagram.picture.scale > 10


def test_a_press_whose_release_went_to_a_box_changes_nothing_when_the_mouse_moves_on(window):
    before, view = window.document.state, window.diagram.view
    corner = QPoint(window.diagram.width() // 2, window.diagram.height() - 20)
    for start in (point(window, W), corner):
        QTest.mousePress(window.diagram, LEFT, NONE, start)
        hover(window.diagram, *(start + QPoint(x, 0) for x in (12, 60, 90)))
        assert window.document.state is before
        assert window.diagram.view == view
    QTest.mouseRelease(window.diagram, LEFT, NONE, corner)
    assert written(window, W) == "2"


def test_inputs_targets_and_biases_are_edited_where_they_stand(window, bare):
    set_number(window, INPUT, "1")
    set_number(window, TARGET, "50")
    assert shown(window, "value", "output") == "44"
    assert shown(window, "error", "output") == "error −6"
    xor = bare("xor")
    set_number(xor, Address("bias", 1, 0), "0.5")
    assert shown(xor, "value", "output") == "0.5"


def test_the_target_of_an_only_row_can_be_emptied_and_that_of_several_is_refused(window, bare, approved):
    told = []
    for own in (window, bare("many-rows")):
        before = own.document.state
        click(own, TARGET)
        keys(own, Qt.Key.Key_Backspace)
        keys(own, Qt.Key.Key_Return)
        told.append(status(own))
        if own is window:
            assert own.document.state.data.targets is None
            own.document.undo()
            assert shown(own, "error", "output") == "error −8"
        else:
            keys(own, Qt.Key.Key_Escape)
            assert own.document.state is before
    approved("an empty target, of one row and of several", "\n".join(told))


def test_a_name_is_edited_where_it_stands_and_a_taken_one_stays_to_be_mended(window, approved):
    name = Address("name", -1, 0)
    click(window, name)
    write(editor_of(window), "Konten & <b>")
    keys(window, Qt.Key.Key_Return)
    assert window.document.state.network.inputs == ("Konten & <b>", "children")
    set_number(window, name, "node_0")
    assert window.document.state.network.inputs[0] == "Konten & <b>"
    assert QToolTip.text() == status(window)
    approved("a taken name", status(window))
    assert editor_of(window).text() == "node_0"
    write(editor_of(window), "0")
    keys(window, Qt.Key.Key_Return)
    assert window.document.state.network.inputs[0] == "node_00"
    QToolTip.hideText()


def test_an_open_field_says_to_a_screen_reader_what_it_edits(window, approved):
    said = []
    for kind, *at in (("name", 0, 0), ("name", -1, 0), ("target", 1, 0), ("weight", 0, 0, 0)):
        click(window, Address(kind, *at))
        said.append(editor_of(window).accessibleName())
        keys(window, Qt.Key.Key_Escape)
    approved("what an open field edits", "\n".join(said))


def strength(window, address):
    """Return how far the edge of a weight stands out from the canvas, near its end."""
    image, gap = window.diagram.grab().toImage(), window.diagram.picture.layout.gaps[address.layer]
    x, y = map(round, gap.point(address.node, address.source, 0.8))
    return 255 - min(image.pixelColor(x, y + dy).red() for dy in range(-2, 3))


def test_a_mouse_that_rests_on_a_node_fades_no_weight_that_is_edited(window):
    edge, node = address_named(window, "output", "node_1"), address_named(window, "accounts")
    before = strength(window, edge)
    hover(window.diagram, point(window, node))
    assert strength(window, edge) < before / 2
    click(window, edge)
    assert strength(window, edge) == before
    keys(window, Qt.Key.Key_Backtab)
    hover(window.diagram, point(window, node))
    assert strength(window, edge) == before


def test_the_first_numbers_typed_make_the_first_row(bare):
    network = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
    window = bare(State(network, Dataset.empty(network)))
    assert shown(window, "value", "output") == "–"
    set_number(window, INPUT, "3")
    set_number(window, INPUT._replace(node=1), "5")
    assert shown(window, "value", "output") == "52"


def test_another_network_closes_an_open_field(bare):
    window = bare("two-hidden-layers")
    click(window, Address("weight", 2, 0, 1))
    window.document.start(bare("forward").document.state)
    assert not window.diagram.session.open
    assert not window.document.modified
