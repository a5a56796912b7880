"""The exercises of a first course, done in the window with mouse and keys."""

import pytest

from nnviz.core.address import Address
from tests.ui.hands import address_named, choose_entry, press, set_number, shown
from tests.ui.sees import figure, written


def weight(window, source, node):
    return address_named(window, node, source)


def test_exercise_1_forward_propagation(open_window):
    window = open_window("forward")
    assert shown(window, "value", "node_0") == "26"
    assert shown(window, "value", "node_1") == "−13"
    assert shown(window, "value", "output") == "−39"


def test_exercise_2_relu_passes_0_for_a_negative_z(open_window):
    window = open_window("relu")
    assert shown(window, "z", "node_1") == "z −13"
    assert shown(window, "value", "node_1") == "0"
    assert shown(window, "badge", "node_1") == "relu passes 0"
    assert shown(window, "value", "output") == "52"


def test_exercise_3_each_row_has_its_prediction(open_window, qtbot):
    window = open_window("many-rows")
    seen = [shown(window, "value", "output")]
    for _ in range(3):
        next_row(window)
        seen.append(shown(window, "value", "output"))
    assert seen == ["52", "63", "0", "148"]


def next_row(window):
    action = next(action for action in window.main_window.actions() if action.text() == "Next row")
    action.trigger()


def test_exercise_4_two_hidden_layers(open_window):
    window = open_window("two-hidden-layers")
    names = ("node_0_0", "node_0_1", "node_1_0", "node_1_1", "output")
    assert [shown(window, "value", name) for name in names] == ["26", "0", "0", "26", "182"]


def test_exercise_5_tuning_by_hand_until_the_error_is_0(open_window):
    window = open_window("tuning-by-hand")
    assert shown(window, "error", "output") == "error 6"
    first, second = window.document.state.network.inputs
    for source, node, text in (
        (first, "node_0", "0"),
        (second, "node_0", "1"),
        (first, "node_1", "0"),
        (second, "node_1", "0"),
        ("node_1", "output", "0"),
    ):
        set_number(window, weight(window, source, node), text)
    assert shown(window, "value", "output") == "3"
    assert shown(window, "error", "output") == "error 0"
    assert figure(window, "MSE").text == "0"


def test_exercise_6_two_weight_sets(open_window):
    window = open_window("two-weight-sets")
    assert figure(window, "MSE").text == "37.5"
    _, second = window.document.state.network.inputs
    set_number(window, weight(window, second, "node_1"), "1,5")
    set_number(window, weight(window, "node_1", "output"), "3/2")
    assert figure(window, "MSE").text == "49.890625"
    assert figure(window, "MSE").toolTip().endswith("\nIn full: 49.890625")


def test_exercise_8_slopes(open_window):
    window = open_window("calculating-slopes")
    assert shown(window, "error", "output") == "error 7"
    choose_entry(window, "Show slopes")
    slopes = [written(window, Address("slope", 0, 0, source)) for source in range(3)]
    assert slopes == ["14", "28", "42"]


def test_exercise_9_one_update(open_window):
    window = open_window("one-update")
    assert figure(window, "Row's error").text == "7"
    press(window, "One update")
    assert figure(window, "Row's error").text == "5.04"
    assert shown(window, "error", "output") == "error 5.04"
    assert figure(window, "Iteration").text == "1"


def test_exercise_10_twenty_updates(open_window, qtbot):
    window = open_window("twenty-updates")
    assert figure(window, "MSE").text == "49"
    window.training.speed.setValue(100)
    press(window, "Run")
    qtbot.waitUntil(lambda: not window.runner.running)
    assert figure(window, "Iteration").text == "20"
    assert figure(window, "MSE").text.startswith("9.627")
    assert "9.62711" in figure(window, "MSE").toolTip()
    history = window.document.state.run.history.points
    assert history[:, 1] == pytest.approx([49 * 0.72 ** (2 * k) for k in range(21)], rel=1e-12)
