"""The walk of one step of gradient descent on the diagram: forward, loss, backward, update, and back."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnviz.core import structure
from nnviz.core.address import Address
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.diagram import walk_layer
from nnviz.ui.diagram.edge_lines import edge_line
from nnviz.ui.window.toolbar import Toolbar
from tests.ui.hands import address_named, choose_entry, press, set_number, shown
from tests.ui.sees import offered, status, walking, written

EXAMPLES = ["relu", "twenty-updates", "two-hidden-layers", "xor"]


def texts(window):
    return [(label.address, label.text, label.rect) for label in window.diagram.picture.labels]


def key(window, letter):
    QTest.keyClick(window.diagram, letter)


def step(window, qtbot, times=1):
    """Press `.` and wait until the step is done, and the update that it may end with."""
    for _ in range(times):
        key(window, Qt.Key.Key_Period)
        qtbot.waitUntil(lambda: not (window.player.progress.moving or window.runner.running))


@pytest.fixture
def quick(open_window):
    def open_it(name):
        window = open_window(name)
        window.player.speed = 1.0
        return window

    return open_it


def test_values_appear_node_by_node(quick, qtbot):
    window = quick("relu")
    step(window, qtbot)
    assert shown(window, "value", "node_0") == "26"
    assert shown(window, "value", "node_1") == ""
    assert shown(window, "value", "output") == ""
    step(window, qtbot)
    assert shown(window, "value", "node_1") == "0"
    step(window, qtbot)
    assert shown(window, "value", "output") == "52"
    assert shown(window, "error", "output") == ""


def test_the_loss_then_the_slopes_appear_layer_by_layer_from_the_output(quick, qtbot):
    window = quick("relu")
    step(window, qtbot, 4)
    assert shown(window, "error", "output") == "error −8"
    step(window, qtbot, 2)
    assert shown(window, "node_slope", "output") == "−16"
    assert written(window, Address("slope", 1, 0, 0)) == ""
    step(window, qtbot)
    assert written(window, Address("slope", 1, 0, 0)) == "−416"
    assert written(window, Address("slope", 0, 0, 0)) == ""
    step(window, qtbot, 4)
    assert written(window, Address("slope", 0, 0, 0)) == "−96"
    assert written(window, Address("slope", 0, 1, 0)) == "0"
    headings = [label.text for label in window.diagram.picture.labels if "slopes" in label.text]
    assert headings == ["slopes of row 1 · identity"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_one_round_equals_pressing_step_once_bit_for_bit(quick, qtbot, name):
    window = quick(name)
    step(window, qtbot, len(window.player.progress.walk))
    walked = window.document.state
    choose_entry(window, "Undo")
    press(window, "One update")
    qtbot.waitUntil(lambda: not window.runner.running)
    stepped = window.document.state
    assert walked.network == stepped.network
    assert np.array_equal(walked.run.history.points, stepped.run.history.points)
    assert walked.iteration == 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_all_the_way_forward_and_back_ends_in_the_starting_picture(quick, qtbot, name):
    window = quick(name)
    state, picture = window.document.state, texts(window)
    rounds = len(window.player.progress.walk)
    step(window, qtbot, rounds)
    assert window.document.state is not state
    for _ in range(rounds + 1):
        key(window, Qt.Key.Key_Comma)
    assert window.document.state is state
    assert texts(window) == picture
    assert not walking(window)


def test_space_plays_a_phase_and_pauses_at_its_end(quick, qtbot):
    window = quick("relu")
    key(window, Qt.Key.Key_Space)
    assert window.player.playing
    qtbot.waitUntil(lambda: not window.player.playing)
    assert shown(window, "value", "output") == "52"
    assert shown(window, "error", "output") == ""
    key(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not window.player.playing)
    assert shown(window, "error", "output") == "error −8"


def test_playing_the_first_three_phases_leaves_the_document_alone(quick, qtbot):
    window = quick("xor")
    state = window.document.state
    for _ in range(3):
        key(window, Qt.Key.Key_Space)
        qtbot.waitUntil(lambda: not window.player.playing)
    assert window.document.state is state
    assert not offered(window, "Undo").isEnabled()


def test_an_edit_ends_the_walk(quick, qtbot):
    window = quick("relu")
    step(window, qtbot)
    set_number(window, address_named(window, "node_0", "accounts"), "1")
    assert not walking(window)
    assert shown(window, "value", "output") == "46"


def test_escape_ends_the_walk(quick, qtbot):
    window = quick("relu")
    step(window, qtbot)
    key(window, Qt.Key.Key_Escape)
    assert shown(window, "value", "output") == "52"


def test_the_walk_goes_by_layers_when_asked(quick, qtbot):
    window = quick("relu")
    offered(window, "Whole layers at a time").trigger()
    step(window, qtbot)
    assert shown(window, "value", "node_1") == "0"
    assert shown(window, "value", "output") == ""


def test_the_forward_pass_can_repeat_over_the_rows(quick, qtbot):
    window = quick("many-rows")
    offered(window, "Forward pass of every row, again and again").trigger()
    key(window, Qt.Key.Key_Space)
    for row in (1, 2, 3, 0):
        qtbot.waitUntil(lambda row=row: window.selection.row == row)
    key(window, Qt.Key.Key_Space)
    assert not window.player.playing


def test_a_phase_button_stands_at_the_start_of_its_phase(quick):
    window = quick("relu")
    press(window, "4  Update")
    assert window.player.progress.phase == "update"
    press(window, "3  Backward")
    assert window.player.progress.phase == "backward"
    assert shown(window, "error", "output") == "error −8"
    assert shown(window, "node_slope", "output") == ""


def test_slopes_stay_on_the_diagram_and_follow_an_edit(quick):
    window = quick("calculating-slopes")
    choose_entry(window, "Show slopes")
    set_number(window, Address("weight", 0, 0, 0), "1")
    slopes = [written(window, Address("slope", 0, 0, source)) for source in range(3)]
    assert slopes == ["16", "32", "48"]


def test_mean_over_all_rows_says_so_in_the_heading(quick):
    window = quick("many-rows")
    choose_entry(window, "Show slopes")
    assert headings_say(window, "slopes of row 1")
    choose_entry(window, "Mean over all rows")
    assert headings_say(window, "slopes: mean of all rows")


def headings_say(window, text):
    return any(text in own.text for own in window.diagram.picture.labels if own.address.kind == "subheading")


def test_the_sum_of_the_step_done_last_stays_to_be_read(quick, qtbot):
    window = quick("relu")
    before = window.diagram.grab().toImage()
    step(window, qtbot)
    assert window.player.progress.told == (("forward", 0, 0),)
    assert window.diagram.grab().toImage() != before
    key(window, Qt.Key.Key_Escape)
    assert window.player.progress.told == ()


def test_undo_and_redo_say_what_they_did(quick):
    window = quick("relu")
    set_number(window, address_named(window, "node_0", "accounts"), "1")
    choose_entry(window, "Undo")
    assert status(window) == "Undone: Set accounts → node_0"
    choose_entry(window, "Redo")
    assert status(window) == "Done again: Set accounts → node_0"


@pytest.mark.parametrize("presses", [1, 2], ids=["play", "pause"])
def test_space_refreshes_toolbar_and_diagram_once(open_window, pictures_made, monkeypatch, presses):
    refreshed, refresh = [], Toolbar.refresh
    monkeypatch.setattr(Toolbar, "refresh", lambda bar: refreshed.append(1) or refresh(bar))
    window = open_window("relu")
    for _ in range(presses):
        window.diagram.grab()
        refreshed.clear()
        pictures_made.clear()
        key(window, Qt.Key.Key_Space)
        window.diagram.grab()
    assert (len(refreshed), len(pictures_made)) == (1, 1)


def test_each_step_of_a_walk_that_plays_refreshes_once(quick, qtbot):
    window = quick("relu")
    moves = []
    window.player.changed.connect(lambda: moves.append(window.player.progress.position))
    key(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not window.player.playing)
    assert moves == [0, 1, 2, 3]


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_way_to_walk_says_twice_that_something_changed(quick, name):
    window = quick(name)
    player, told = window.player, []
    player.changed.connect(lambda: told.append(1))
    for verb in (
        player.step,
        player.step,
        player.back,
        player.to_end,
        player.play,
        player.back,
        player.to_start,
        lambda: player.show_phase("update"),
        player.to_end,
        player.back,
        player.play,
        player.pause,
        player.step,
        player.stop,
    ):
        told.clear()
        verb()
        assert len(told) == 1, verb


def test_what_has_no_targets_is_walked_forward_again_and_again(open_window, qtbot):
    state = load(example("relu").path)
    window = open_window(replace(state, data=replace(state.data, targets=None)))
    window.player.speed = 1.0
    for _ in range(3):
        key(window, Qt.Key.Key_Space)
        assert window.player.progress.moving
        qtbot.waitUntil(lambda: not window.player.playing)
        assert shown(window, "value", "output") != ""


def test_back_takes_the_update_back_also_after_other_layers_were_walked(quick, qtbot):
    window = quick("relu")
    before = window.document.state
    window.player.show_phase("update")
    step(window, qtbot, 5)
    assert window.document.state is not before
    window.document.push(structure.add_layer(window.document.state, 0), "Add a hidden layer")
    window.player.show_phase("forward")
    window.document.undo()
    key(window, Qt.Key.Key_Comma)
    assert window.document.state is before
    step(window, qtbot)
    assert window.document.state is not before


def test_a_layer_of_many_weights_marks_its_nodes_not_each_of_its_edges(open_window, monkeypatch):
    window = open_window("large", (2000, 1300))
    marked = []
    monkeypatch.setattr(walk_layer, "edge_line", lambda *where: marked.append(where) or edge_line(*where))
    progress = window.player.progress
    key(window, "3")
    while not progress.told or progress.told[0][:2] != ("slopes", 1):
        key(window, ".")
    assert len(progress.told) == 100
    assert not window.diagram.picture.layout.column(1).block
    marked.clear()
    window.diagram.grab()
    assert len(marked) == 0
