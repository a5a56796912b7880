"""Points by hand: rows that mouse and keys add, move and remove, and drawings of inputs that are pixels."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core import edits
from nnviz.core.drawing import pixel_style
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.window.window import ARRANGEMENTS
from tests.ui import hands
from tests.ui.bare import Seen
from tests.ui.runs import click, drag, keys, place
from tests.ui.sees import figure, offered
from tests.ui.test_function_panels import (
    choose,
    network,
    one_input,
    open_panel,
    settle,
    start,
    three_classes,
    xor,
)

Key, LEFT, RIGHT = Qt.Key, Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
__all__ = ["open_panel"]


def rows_of(panel):
    """Return the inputs and targets of all rows, shape (rows, inputs + outputs)."""
    return np.hstack(panel.document.state.data.arrays)


def edit_points(qtbot, panel):
    """Turn the tool on, as a person does."""
    QTest.mouseClick(panel.tool, LEFT)
    settle(qtbot, panel)
    return panel.document


def path(panel, *points, steps=8):
    """Return the places on the way through points of the plot."""
    ends = [place(panel, *point) for point in points]
    return [a + (b - a) * k / steps for a, b in pairwise(ends) for k in range(steps + 1)]


def test_a_click_adds_a_row_of_the_chosen_class_that_undo_takes_back(qtbot, open_panel):
    panel = open_panel(before := xor())
    document = edit_points(qtbot, panel)
    assert "New points" in panel.key.text()
    click(panel, place(panel, 0.4, 0.7))
    keys(panel, Key.Key_1)
    click(panel, place(panel, 0.6, 0.2))
    panel.key.linkActivated.emit("0")
    click(panel, place(panel, 0.2, 0.2))
    settle(qtbot, panel)
    expected = [[0.4, 0.7, 0.0], [0.6, 0.2, 1.0], [0.2, 0.2, 0.0]]
    assert rows_of(panel)[4:] == pytest.approx(np.array(expected), abs=0.02)
    assert rows_of(panel)[4:, 2].tolist() == [0.0, 1.0, 0.0]
    assert max(len(str(value)) for value in rows_of(panel)[4:].ravel()) <= 5, "a pixel shows three digits"
    assert (document.now.row, len(panel.plane.marks.rows.points)) == (6, 7)
    for left in (6, 5, 4):
        assert document.undo_text() == "Add points"
        document.undo()
        assert len(document.state.data) == left
    assert document.state is before
    document.redo()
    assert rows_of(panel)[4:] == pytest.approx(np.array(expected[:1]), abs=0.02)


def test_a_point_is_dragged_in_one_step_and_the_plot_does_not_move(qtbot, open_panel):
    panel = open_panel(before := xor())
    document, view, seen = edit_points(qtbot, panel), panel.plane.view(), []
    document.changed.connect(lambda _, new: seen.append((new.is_moving, *new.state.data.inputs[2].tolist())))
    drag(panel, *path(panel, before.data.inputs[2], (0.5, 0.5)))
    settle(qtbot, panel)
    assert document.state.data.inputs[2] == pytest.approx([0.5, 0.5], abs=0.02)
    assert len({tuple(place) for is_moving, *place in seen if is_moving}) > 4, "the row follows the mouse"
    assert np.delete(rows_of(panel), 2, 0).tolist() == np.delete(np.hstack(before.data.arrays), 2, 0).tolist()
    assert (document.now.row, document.now.is_moving, panel.plane.view()) == (2, False, view)
    document.undo()
    assert document.state is before


def test_a_drag_over_the_ground_sprinkles_points_in_one_step(qtbot, open_panel):
    panel = open_panel(before := xor())
    document = edit_points(qtbot, panel)
    drag(panel, *path(panel, (0.2, 0.3), (0.8, 0.3), (0.8, 0.7)))
    added = document.state.data.inputs[4:]
    corners = np.array([(0.2, 0.3), (0.8, 0.3), (0.8, 0.7)]) / panel.plane.pixel()
    length = np.hypot(*np.diff(corners, axis=0).T).sum()
    assert len(added) == pytest.approx(length / 16, abs=2)
    assert np.abs(np.diff(added[:-3, 1])).max() > 0, "points scatter around the mouse"
    assert document.undo_text() == "Add points"
    document.undo()
    assert document.state is before


def test_points_of_one_move_of_the_mouse_come_together_and_a_run_begins_again_once(qtbot, open_panel):
    panel = open_panel(xor())
    document, runner, told = edit_points(qtbot, panel), panel.runner, []
    runner.message.connect(told.append)
    runner.set_training(replace(document.state.training, updates=100_000))
    runner.run()
    drag(panel, *(place(panel, *at) for at in ((0.2, 0.3), (0.8, 0.7))))
    assert len(document.state.data) > 9
    assert runner.running
    assert len(told) == 2, "the press has begun a run, and the move another"
    assert document.now.row == len(document.state.data) - 1
    runner.pause()


def test_all_works_by_the_keyboard(qtbot, open_panel):
    panel = open_panel(before := xor())
    document = edit_points(qtbot, panel)
    assert QApplication.focusWidget() is panel.plane
    keys(panel, Key.Key_1, Key.Key_Insert, Key.Key_Right, (Key.Key_Up, Qt.KeyboardModifier.AltModifier))
    assert rows_of(panel)[4].tolist() == [0.6, 0.51, 1.0]
    keys(panel, Key.Key_Return, Key.Key_Delete, Key.Key_Backspace)
    assert document.state.data == before.data
    keys(panel, *[Key.Key_Delete] * 6)
    assert len(document.state.data) == 0
    keys(panel, Key.Key_Left, Key.Key_7, Key.Key_Enter)
    assert rows_of(panel).tolist() == [[0.5, 0.5, 1.0]], "there is no class 7"
    keys(panel, Key.Key_Escape)
    assert not panel.tool.isChecked()
    settle(qtbot, panel)
    click(panel, place(panel, 0.2, 0.2))
    assert document.now.what_if_row is not None
    assert len(document.state.data) == 1


def test_over_one_input_the_height_is_the_target(qtbot, open_panel):
    panel = open_panel(one_input())
    document = edit_points(qtbot, panel)
    click(panel, place(panel, 0.3, 0.6))
    assert rows_of(panel)[-1] == pytest.approx([0.3, 0.6], abs=0.02)
    settle(qtbot, panel)
    drag(panel, *path(panel, rows_of(panel)[-1], (-0.3, 0.2)))
    assert rows_of(panel)[-1] == pytest.approx([-0.3, 0.2], abs=0.02)
    assert len(document.state.data) == 10
    keys(panel, Key.Key_Up)
    assert rows_of(panel)[-1, 1] == pytest.approx(0.3, abs=0.02)
    x = np.linspace(-1, 1, 8)[:, None]
    start(qtbot, panel, State(network(1, 3, ["output"], "sigmoid"), Dataset(x, x > 0)))
    edit_points(qtbot, panel)
    click(panel, place(panel, 0.5, 0.8))
    click(panel, place(panel, 0.5, 0.3))
    assert rows_of(panel)[-2:, 1].tolist() == [1.0, 0.0], "an output that decides has targets 0 and 1"


def test_of_three_classes_the_target_is_one_hot(qtbot, open_panel):
    panel = open_panel(three_classes(3))
    document = edit_points(qtbot, panel)
    document.select_row(4)
    settle(qtbot, panel)
    other = document.state.data.inputs[4, 2]
    keys(panel, Key.Key_2)
    assert "class 2" in panel.key.accessibleName()
    click(panel, place(panel, 0.13, -0.21))
    assert rows_of(panel)[-1] == pytest.approx([0.13, -0.21, other, 0, 0, 1], abs=0.05)
    assert rows_of(panel)[-1, 2:].tolist() == [other, 0, 0, 1], "the other input is as in the row"
    choose(qtbot, panel, panel.up, "prediction")
    click(panel, place(panel, 0.7, 0.5))
    assert rows_of(panel)[-1, 3:].tolist() == [0, 0, 1]


def test_numbers_come_from_the_field_and_other_outputs_from_the_row(qtbot, open_panel):
    data = Dataset([[0.0, 0.0], [1.0, 1.0]], [[1.0, 5.0], [2.0, 6.0]])
    panel = open_panel(State(network(2, 3, ["low", "high"], "identity"), data))
    document = edit_points(qtbot, panel)
    choose(qtbot, panel, panel.output, "high")
    document.select_row(1)
    panel.number.setFocus()
    panel.number.selectAll()
    hands.write(panel.number, "2,5")
    click(panel, place(panel, 0.3, 0.3))
    assert rows_of(panel)[-1, 2:].tolist() == [2.0, 2.5]
    panel.number.setFocus()
    panel.number.selectAll()
    hands.write(panel.number, "many")
    click(panel, place(panel, 0.6, 0.3))
    assert rows_of(panel)[-1, 2:].tolist() == [2.0, 2.5]
    assert panel.number.property("refused")


def test_standardised_inputs_are_placed_in_the_units_of_the_axes(qtbot, open_panel):
    raw = replace(xor(), data=Dataset([[10.0, 500.0], [20.0, 700.0], [30.0, 100.0]], [[0.0], [1.0], [1.0]]))
    panel = open_panel(state := edits.standardise(raw, [0, 1]))
    edit_points(qtbot, panel)
    click(panel, place(panel, 0.5, -0.5))
    x, y = rows_of(panel)[-1, :2]
    assert (x, y) == pytest.approx((0.5, -0.5), abs=0.02)
    for column, value in zip(state.columns, (x, y), strict=True):
        (cell,) = column.decoded(np.array([[value]]))
        assert cell == pytest.approx(column.mean + column.deviation * value)


def test_the_tool_stays_on_when_an_input_is_renamed(qtbot, open_panel):
    panel = open_panel(xor())
    document = edit_points(qtbot, panel)
    document.edit("Rename", edits.rename, 0, 0, "width")
    panel.desk.frames.show_pending()
    assert panel.tool.isChecked()
    click(panel, place(panel, 0.5, 0.6))
    assert len(document.state.data) == 5


def test_a_new_row_is_the_last_training_row(qtbot, open_panel):
    rows = np.random.default_rng(0).uniform(-1, 1, (10, 2))
    state = replace(
        xor(), data=Dataset(rows, rows[:, :1] > 0), training=replace(xor().training, validation=0.4)
    )
    panel = open_panel(state)
    edit_points(qtbot, panel)
    click(panel, place(panel, 0.05, 0.05))
    assert rows_of(panel)[5, :2] == pytest.approx([0.05, 0.05], abs=0.02)
    for count in range(1, 4):
        keys(panel, Key.Key_Insert)
        state = panel.document.state
        middle = rows_of(panel)[state.trained_rows - 1, :2].tolist()
        assert middle not in rows.tolist()
        assert len(state.data) == 11 + count
    assert state.trained_rows == 8
    assert rows_of(panel)[-4:, :2].tolist() == rows[-4:].tolist()


def test_each_new_point_of_many_is_drawn(qtbot, open_panel):
    rows = np.random.default_rng(0).uniform(-1, 1, (4000, 2))
    training = replace(xor().training, validation=0.2)
    panel = open_panel(replace(xor(), data=Dataset(rows, rows[:, :1] > 0), training=training))
    edit_points(qtbot, panel)
    for k in range(8):
        keys(panel, Key.Key_Insert, *[Key.Key_Right] * (k + 1))
    settle(qtbot, panel)
    state, drawn = panel.document.state, panel.plane.marks.rows.points.tolist()
    trained = {tuple(row) for row in state.data.inputs[: state.trained_rows].tolist()}
    added = trained - {tuple(row) for row in rows.tolist()}
    assert len(added) >= 6
    assert len(drawn) == 1500
    assert added <= {tuple(point) for point in drawn}


def test_the_tool_is_offered_only_where_rows_can_be_placed_and_ends_with_the_document(qtbot, open_panel):
    panel = open_panel(one_input(("low", "high")))
    assert not panel.tool.isVisible(), "a height is the target of one output"
    choose(qtbot, panel, panel.output, "low")
    assert panel.tool.isVisible()
    edit_points(qtbot, panel)
    choose(qtbot, panel, panel.across, "target")
    assert not any((panel.tool.isVisible(), panel.tool.isChecked(), "New points" in panel.key.text()))
    many = [f"class {k}" for k in range(11)]
    start(qtbot, panel, State(network(2, 3, many, "softmax"), Dataset(np.eye(2), np.eye(11)[:2])))
    assert not panel.tool.isVisible()
    start(qtbot, panel, xor())
    edit_points(qtbot, panel)
    panel.wide.trigger()
    panel.document.edit("Add p", lambda state: edits.put_column(state, "p", "x_0*x_1"))
    settle(qtbot, panel)
    assert (panel.tool.isChecked(), panel.wide.isChecked()) == (True, True)
    start(qtbot, panel, three_classes(2))
    assert not panel.tool.isChecked()
    assert not panel.wide.isChecked(), "another network begins with the range of its rows"
    choose(qtbot, panel, panel.output, "all")
    assert panel.key.isVisible()
    count = len(panel.document.state.data)
    click(panel, place(panel, 0.1, 0.1))
    assert len(panel.document.state.data) == count


def test_over_one_input_a_height_stands_for_a_class_if_the_output_decides(qtbot, open_panel):
    start = State(network(1, 2, ("output",), "sigmoid"), Dataset([[0.0], [1.0]], [[0.0], [1.0]]))
    panel = open_panel(replace(start, training=Training(loss="cross_entropy")))
    document = edit_points(qtbot, panel)
    assert panel.key.text() == "New points: the target is 1 from the height 0.5 on, below 0"
    click(panel, place(panel, 0.5, 0.8))
    click(panel, place(panel, 0.5, 0.3))
    assert document.state.data.targets[2:].tolist() == [[1.0], [0.0]]


def test_locked_rows_are_not_changed(qtbot, open_panel):
    panel = open_panel(before := xor())
    document, told = edit_points(qtbot, panel), []
    document.refused.connect(told.append)
    document.lock("A script trains")
    drag(panel, *path(panel, (0.2, 0.3), (0.8, 0.3)))
    assert told == ["A script trains"], "once, and not for each move of the mouse"
    keys(panel, Key.Key_Delete)
    assert (document.state, document.now.is_moving) == (before, False)
    assert set(told) == {"A script trains"}


def undo_all(document):
    """Undo everything; return the names of the entries, the last first."""
    texts = []
    while document.undo_text():
        texts.append(re.sub(r"\d+", "n", document.undo_text()))
        document.undo()
    return texts


def test_each_key_that_edits_points_is_a_step_of_its_own_but_arrows_of_one_point_are_one(qtbot, open_panel):
    panel = open_panel(before := xor())
    document = edit_points(qtbot, panel)
    document.select_row(0)
    keys(panel, Key.Key_Right, Key.Key_Right)
    document.select_row(2)
    keys(panel, Key.Key_Right, Key.Key_Insert, Key.Key_Right, Key.Key_Delete, Key.Key_Left)
    assert document.state.data.inputs[0].tolist() == [0.2, 0.0]
    moved = "Move a point"
    assert undo_all(document) == [moved, "Remove a point", moved, "Add points", moved, moved]
    assert document.state is before


def test_a_key_in_a_run_is_a_step_apart_from_the_updates(qtbot, open_panel):
    panel = open_panel(xor())
    document, runner = edit_points(qtbot, panel), panel.runner
    runner.set_training(replace(document.state.training, updates=100_000))
    runner.speed = 0.3
    for key in (Key.Key_Insert, Key.Key_Right):
        before = document.state.iteration
        runner.run()
        qtbot.waitUntil(lambda before=before: document.state.iteration > before + 5)
        keys(panel, key)
        qtbot.waitUntil(lambda: document.state.iteration > 5)
        runner.pause()
    run = "Run of n updates"
    assert undo_all(document)[:6] == [run, "Move a point", run, run, "Add points", run]


def test_a_key_while_a_point_is_dragged_is_a_step_of_its_own(qtbot, open_panel):
    panel = open_panel(before := xor())
    document, view = edit_points(qtbot, panel), panel.plane.viewport()
    QTest.mousePress(view, LEFT, pos=place(panel, *before.data.inputs[2]))
    QTest.mouseMove(view, place(panel, 0.5, 0.5))
    keys(panel, Key.Key_Delete)
    QTest.mouseRelease(view, LEFT, pos=place(panel, 0.5, 0.5))
    assert undo_all(document) == ["Remove a point", "Move a point"]


def test_keys_with_ctrl_edit_nothing(qtbot, open_panel):
    panel = open_panel(xor())
    document = edit_points(qtbot, panel)
    keys(panel, (Key.Key_Delete, Qt.KeyboardModifier.ControlModifier))
    assert not document.undo_text()
    start(qtbot, panel, load(example("digits").path))
    QTest.mouseClick(panel.tool, LEFT)
    panel.desk.frames.show_pending()
    stroke(panel.pad, strokes_of(7)[0])
    QTest.keyClick(panel.pad, Key.Key_7, Qt.KeyboardModifier.ControlModifier)
    assert not document.undo_text()


def test_a_save_under_another_name_keeps_the_tool_and_the_range(qtbot, open_panel, tmp_path):
    panel = open_panel(xor())
    document = edit_points(qtbot, panel)
    panel.wide.trigger()
    document.save(tmp_path / "points.json")
    settle(qtbot, panel)
    assert (panel.tool.isChecked(), panel.wide.isChecked()) == (True, True)
    panel.tool.setChecked(False)
    wide = panel.plane.view()
    start(qtbot, panel, xor())
    assert panel.plane.view()[0][1] < wide[0][1], "another document begins with the range of its rows"


@pytest.mark.parametrize("key", [Key.Key_Delete, "undo"])
def test_a_point_that_is_gone_is_dragged_no_further(qtbot, open_panel, key):
    panel = open_panel(xor())
    document = edit_points(qtbot, panel)
    click(panel, place(panel, 0.5, 0.5))
    rows = document.state.data.inputs[:4].tolist()
    view = panel.plane.viewport()
    QTest.mousePress(view, LEFT, pos=place(panel, 0.5, 0.5))
    QTest.mouseMove(view, place(panel, 0.5, 0.6))
    if key == "undo":
        document.undo()
        document.undo()
    else:
        keys(panel, key)
    for at in ((0.3, 0.6), (0.3, 0.7)):
        QTest.mouseMove(view, place(panel, *at))
    QTest.mouseRelease(view, LEFT, pos=place(panel, 0.3, 0.7))
    assert document.state.data.inputs.tolist() == rows


def test_a_refused_point_leaves_the_run_as_it_is(qtbot, open_panel):
    panel = open_panel(edits.put_column(xor(), "root", "sqrt(x_0)"))
    document, runner, told = edit_points(qtbot, panel), panel.runner, []
    runner.message.connect(told.append)
    document.refused.connect(told.append)
    runner.set_training(replace(document.state.training, updates=100_000))
    runner.speed = 0.3
    runner.run()
    qtbot.waitUntil(lambda: document.state.iteration > 5)
    iteration = document.state.iteration
    document.select_row(0)
    keys(panel, Key.Key_Left)
    assert [sentence.partition(":")[0] for sentence in told] == ["row 1"]
    assert (runner.running, document.state.iteration >= iteration) == (True, True)
    runner.pause()
    assert runner.updates_left == 100_000 - document.state.iteration


def test_points_of_data_without_targets_say_that_the_others_get_0(qtbot, open_panel):
    panel = open_panel(edits.clear_targets(xor(), [0, 1, 2, 3]))
    document, told = edit_points(qtbot, panel), []
    panel.desk.message.connect(told.append)
    click(panel, place(panel, 0.5, 0.5))
    assert told[-1] == "nnviz set the targets of the other rows to 0"
    assert document.state.data.targets.tolist() == [[0.0]] * 4 + [[1.0]]


def test_during_a_run_the_training_goes_on_with_the_new_rows(qtbot, open_panel):
    panel = open_panel(xor())
    document, runner, told = edit_points(qtbot, panel), panel.runner, []
    runner.message.connect(told.append)
    runner.set_training(replace(document.state.training, updates=100_000))
    runner.speed = 0.3
    runner.run()
    qtbot.waitUntil(lambda: document.state.iteration > 5)
    click(panel, place(panel, 0.5, 0.6))
    network = document.state.network
    assert runner.running
    assert told == ["The rows have changed: a new run goes on from these weights, and counts from 0"]
    assert document.state.run is None or document.state.run.start.computes_as(network)
    qtbot.waitUntil(lambda: document.state.iteration > 5)
    drag(panel, *path(panel, document.state.data.inputs[-1], (0.2, 0.2)))
    qtbot.waitUntil(lambda: document.state.iteration > 5)
    assert runner.running
    assert document.now.is_moving
    assert not document.state.network.computes_as(network)
    assert len(document.state.data) == 5
    assert len(document.state.runs) == 2, "those before the click and before the drag"
    runner.pause()
    texts = []
    while document.undo_text():
        texts.append(re.sub(r"\d+", "n", document.undo_text()))
        document.undo()
    run = "Run of n updates"
    assert texts[:5] == [run, "Move a point", run, "Add points", run]


def test_a_run_ends_with_its_reason_if_its_last_row_goes(qtbot, open_panel):
    one = replace(xor(), data=Dataset([[0.0, 1.0]], [[1.0]]), training=Training(0.1, 100_000))
    panel = open_panel(one)
    document, warned = edit_points(qtbot, panel), []
    panel.runner.warned.connect(warned.append)
    panel.runner.speed = 0.3
    panel.runner.run()
    qtbot.waitUntil(lambda: document.state.iteration > 2)
    keys(panel, Key.Key_Delete)
    assert (panel.runner.running, document.now.is_moving) == (False, False)
    assert warned[-1].startswith("There are no rows to train on")


def test_new_from_points_is_an_empty_plane_whose_clouds_a_run_separates(qtbot, open_window):
    window = open_window()
    hands.choose_entry(window, "New from points")
    panel = window.panel("Function")
    panel.desk = window.desk
    panel = Seen(panel)
    qtbot.waitUntil(lambda: panel.plane.isVisible() and panel.plane.picture is not None)
    settle(qtbot, panel)
    assert window.board.front == "Function"
    assert (panel.plane.title.text, len(window.document.state.data)) == ("Click to add a point of class 0", 0)
    assert panel.plane.view() == pytest.approx(np.array([[-1, 1], [-1, 1]]))
    assert "no rows to train on" in window.training.message.label.text()
    panel.plane.settle()
    size, way = panel.plane.box.height(), path(panel, (-0.7, -0.6), (-0.2, -0.6), (-0.2, -0.2))
    QTest.mousePress(panel.plane.viewport(), LEFT, pos=way[0])
    settle(qtbot, panel)
    panel.plane.settle()
    assert panel.plane.box.height() == size, "the plot does not move under the mouse"
    QTest.mouseRelease(panel.plane.viewport(), LEFT, pos=way[0])
    drag(panel, *way)
    arranged = []
    offered(window, f"Arrange for {ARRANGEMENTS[2].name}").triggered.connect(lambda: arranged.append(1))
    QTest.keyClick(panel.plane, Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    assert arranged == [1], "only plain digits choose a class"
    qtbot.waitUntil(lambda: panel.plane.isVisible() and window.board.front == "Function")
    settle(qtbot, panel)
    keys(panel, Key.Key_1)  # elsewhere in the window, 1 plays the forward pass
    assert not window.player.progress.active
    assert panel.plane.title.text == ""
    drag(panel, *path(panel, (0.2, 0.7), (0.7, 0.7), (0.7, 0.2)))
    assert set(window.document.state.data.targets.ravel()) == {0.0, 1.0}
    with qtbot.waitSignal(window.runner.run_ended, timeout=20_000):
        hands.press(window, "Run")
        qtbot.waitUntil(lambda: window.document.state.iteration > 2)
        click(panel, place(panel, 0.75, 0.75))
        QApplication.processEvents()
        assert window.runner.running
        window.training.speed.setValue(100)
    assert window.document.now.measured.accuracy == 1.0
    keys(panel, Key.Key_Escape)
    assert not panel.tool.isChecked()


# --- the pad

STROKES = {
    0: ["50,5 25,20 20,60 40,92 62,90 78,60 75,25 50,5"],
    1: ["55,5 50,95"],
    2: ["20,25 35,7 65,8 77,30 60,55 20,93", "20,93 82,93"],
    3: ["25,15 50,5 72,20 65,42 45,48", "45,48 70,56 76,78 50,95 22,85"],
    4: ["60,5 18,62 85,62", "62,30 62,95"],
    7: ["20,8 80,8 45,95"],
}
"""Digits as lines through points "x,y" in percent of the pad."""


def strokes_of(digit):
    """Return the lines of a digit, each as points in shares of the pad."""
    return [[[int(n) / 100 for n in point.split(",")] for point in each.split()] for each in STROKES[digit]]


def at(pad, x, y):
    """Return a place on the pad, in its pixels."""
    return QPoint(*(round(1 + pad.room.width() * share) for share in (x, y)))


def stroke(pad, points, button=LEFT):
    QTest.mousePress(pad, button, pos=at(pad, *points[0]))
    for one, other in pairwise(points):
        for share in np.linspace(0, 1, 6)[1:]:
            QTest.mouseMove(pad, at(pad, *(np.array(one) + share * (np.array(other) - one))))
    QTest.mouseRelease(pad, button, pos=at(pad, *points[-1]))


@pytest.fixture
def open_pad(qtbot, open_panel):
    """Return a function that opens the panel on a State, with the pad in front: (panel, pad)."""

    def open_it(state):
        panel = open_panel(state)
        QTest.mouseClick(panel.tool, LEFT)
        panel.desk.frames.show_pending()
        assert panel.pad.isVisible()
        assert not panel.plane.isVisible()
        return panel, panel.pad

    return open_it


def shares(panel):
    """Return the percentages beside the pad, shape (outputs,)."""
    panel.desk.frames.show_pending()
    texts = panel.pad.accessibleDescription().split(", ")
    return np.array([float(re.search(r"(\S+) %", text)[1]) for text in texts])


def test_drawn_digits_are_read_while_they_are_drawn(qtbot, open_pad):
    panel, pad = open_pad(load(example("digits").path))
    document = panel.document
    for digit in STROKES:
        for points in strokes_of(digit):
            stroke(pad, points)
        assert shares(panel).argmax() == digit
        expected = document.state.network.predict(document.now.what_if_row)[0]
        assert shares(panel) == pytest.approx(100 * expected, abs=0.006)
        QTest.mouseClick(pad.clear_button, LEFT)
        assert (document.now.what_if_row, len(pad.ink)) == (None, 0)
    for points in strokes_of(3):  # small, in a corner
        stroke(pad, [(0.05 + 0.4 * x, 0.5 + 0.4 * y) for x, y in points])
    assert shares(panel).argmax() == 3
    image = document.now.what_if_row.reshape(8, 8)
    assert (image.min(), image.max()) == (0.0, 1.0)
    assert image.any(axis=1).all(), "as high as the digits in the rows"


def test_a_drawing_is_added_as_a_class_by_a_key_or_a_click_on_its_bar(qtbot, open_pad):
    panel, pad = open_pad(load(example("digits").path))
    document, told, rows = panel.document, [], len(panel.document.state.data)
    panel.desk.message.connect(told.append)
    bar = QPoint(pad.width() - 20, round(7.5 * (pad.height() - pad.clear_button.height()) / 10))
    QTest.mouseClick(pad, LEFT, pos=bar)
    assert len(document.state.data) == rows, "nothing is drawn"
    stroke(pad, strokes_of(7)[0])
    QTest.keyClick(pad, Key.Key_Return)
    assert (len(document.state.data), len(pad.ink) > 0) == (rows, True)
    assert told[-1].startswith("A key 0–9 or a click on a bar adds")
    QTest.mouseClick(pad, RIGHT, pos=bar)
    assert len(document.state.data) == rows
    QTest.mouseClick(pad, LEFT, pos=bar)
    assert document.state.data.targets[document.now.row].tolist() == np.eye(10)[7].tolist()


def test_the_pad_erases_and_all_works_by_the_keyboard(qtbot, open_pad):
    panel, pad = open_pad(load(example("digits").path))
    document = panel.document
    stroke(pad, [(0.5, 0.1), (0.5, 0.9)])
    line = document.now.what_if_row
    stroke(pad, [(0.1, 0.5), (0.3, 0.5)])
    assert document.now.what_if_row.tolist() != line.tolist()
    stroke(pad, [(0.1, 0.5), (0.3, 0.5)], RIGHT)
    assert document.now.what_if_row == pytest.approx(line)
    QTest.keyClick(pad, Key.Key_Delete)
    assert document.now.what_if_row is None
    pad.setFocus()
    QTest.keyClick(pad, Key.Key_Right)
    for _ in range(8):
        QTest.keyClick(pad, Key.Key_Space)
        QTest.keyClick(pad, Key.Key_Down)
    assert len(pad.ink) == 8
    QTest.keyClick(pad, Key.Key_Space)
    assert len(pad.ink) == 7, "below the last cell is none, and Space empties a full one"
    QTest.keyClick(pad, Key.Key_Space)
    assert shares(panel).argmax() == 1
    count, drawn = len(document.state.data), document.now.what_if_row
    QTest.keyClick(pad, Key.Key_1)
    assert len(document.state.data) == count + 1
    assert document.state.data.inputs[document.now.row].tolist() == drawn.tolist()
    panel.desk.frames.show_pending()
    assert len(pad.ink) == 0
    QTest.keyClick(pad, Key.Key_Space)
    QTest.keyClick(pad, Key.Key_3)
    assert document.state.data.targets[document.now.row].tolist() == np.eye(10)[3].tolist()
    document.undo()
    assert len(document.state.data) == count + 1
    QTest.keyClick(pad, Key.Key_Escape)
    settle(qtbot, panel)
    assert panel.plane.isVisible()
    assert not pad.isVisible()


def test_in_the_window_the_pad_has_space_and_the_arrows(qtbot, open_window):
    window = open_window("digits")
    panel = hands.bring(window, "Function")
    QTest.mouseClick(panel.tool, LEFT)
    window.desk.frames.show_pending()
    qtbot.waitUntil(lambda: not panel.work.busy)
    assert not any(part.isVisible() for part in (panel.key, panel.same_scale)), "the pad has all the room"
    QTest.keyClick(panel.pad, Key.Key_Space)
    assert window.document.now.what_if_row is not None
    assert not window.player.progress.active
    assert figure(window, "Cross-entropy").text
    hands.press(window, "Run")
    qtbot.waitUntil(lambda: window.document.state.iteration > 20)
    window.runner.pause()
    before = panel.pad.accessibleDescription()
    stroke(panel.pad, strokes_of(7)[0])
    window.desk.frames.show_pending()
    assert panel.pad.accessibleDescription() != before


def images(ink):
    """Return a State whose inputs are images with a softmax of two classes."""
    layers = (Layer(("a", "b"), "softmax", np.zeros((2, 144))),)
    net = Network([f"p{k}" for k in range(144)], layers)
    return State(net, Dataset(ink.reshape(len(ink), 144)), Training(loss="cross_entropy"))


def test_a_drawing_is_as_light_large_and_central_as_the_rows():
    ink = np.zeros((20, 12, 12))
    for k, image in enumerate(ink):
        image[2 : 8 + k % 2, 3 + k % 3 : 7] = 4.0
    style = pixel_style(images(ink))
    assert (style.empty[0], style.full[0], style.size) == (0.0, 4.0, 6.5)
    assert style.centre == pytest.approx([5.475, 5.25], abs=0.05)
    dark = pixel_style(images(4.0 - ink))
    assert (dark.empty[0], dark.full[0], dark.size) == (4.0, 0.0, 6.5)
    state = edits.standardise(images(ink), range(144))
    scaled = pixel_style(state)
    assert state.columns, "some pixels vary"
    assert scaled.size == 6.5
    changed = state.network.inputs.index(state.columns[0].name)
    column = state.columns[0]
    assert scaled.full[changed] == pytest.approx((4.0 - column.mean) / column.deviation)
    heavy = np.zeros((20, 12, 12))
    for k, image in enumerate(heavy):  # thin tails of any length do not move the centre of mass
        image[4:8, 4:8], image[5, 8 : 8 + k % 4] = 1.0, 0.3
    assert pixel_style(images(heavy)).by_mass
    empty = images(np.zeros((0, 12, 12)))
    assert pixel_style(empty).centre.tolist() == [6.0, 6.0]
    assert pixel_style(images(np.full((2, 12, 12), 7.0))).size > 0


def test_the_pad_draws_with_extreme_values_and_without_rows(qtbot, open_pad):
    huge = np.where(np.random.default_rng(0).uniform(size=(3, 12, 12)) > 0.8, 1.7e308, -1.7e308)
    panel, pad = open_pad(images(huge))
    stroke(pad, [(0.2, 0.2), (0.8, 0.8)])
    assert panel.document.now.what_if_row.max() > 1e308
    assert panel.document.now.what_if_row.min() == -1.7e308
    panel.document.edit("Remove", edits.remove_rows, [0, 1, 2])
    panel.desk.frames.show_pending()
    stroke(pad, [(0.2, 0.2), (0.8, 0.8)])
    row = panel.document.now.what_if_row
    assert (row.min(), row.max()) == (0.0, pytest.approx(1.0))
    assert shares(panel).tolist() == [50.0, 50.0]


def test_a_run_finds_the_points_that_hands_have_made():
    x = np.random.default_rng(0).uniform(-1, 1, (4, 2))
    state = State(network(2, 3, ["output"], "sigmoid"), Dataset(x[:2]))
    both = edits.add_row(edits.add_row(state, 0, x[2:], [[1.0], [0.0]]), None)
    assert both.data.inputs.tolist() == [*x[[0, 2, 3, 1]].tolist(), [0.0, 0.0]]
    assert both.data.targets.ravel().tolist() == [0.0, 1.0, 0.0, 0.0, 0.0]
    assert train(both, updates=1).state.iteration == 1
