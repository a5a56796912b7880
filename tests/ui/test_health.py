"""What is odd on all rows, as the window shows it: marks on the diagram, reasons, remedies that help."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton, QToolTip

from nnviz.core.address import Address
from tests.core.test_health import deep, one_layer
from tests.ui.hands import address_named, click, hover, point, press, rest, set_number
from tests.ui.sees import explained, written

BADGE = [Address("badge", 0, node) for node in range(3)]
ROWS = [-2.0, -1.0, 1.0, 2.0]


@pytest.fixture
def window(open_window):
    """Four rows: the first node is dead, the second passes 0 for the first row alone, the third lives."""
    return open_window(one_layer("relu", [1.0, 1.0, 0.1], [-9.0, 1.5, 1.0], ROWS))


def activation_button(window, layer):
    return next(
        own
        for own in window.main_window.findChildren(QToolButton)
        if own.accessibleName().startswith(f"Activation of {layer}")
    )


def choose_activation(window, layer, name):
    """Open the list under a heading by a click, and click an activation in it."""
    button = activation_button(window, layer)

    def take():
        menu = button.menu()
        action = next(own for own in menu.actions() if own.text().replace("&", "").startswith(f"{name}:"))
        QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())

    button.menu().aboutToShow.connect(take, Qt.ConnectionType.QueuedConnection)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def marks_in_sight(window):
    """What stands beside the controls under the headings of layers whose slopes are odd."""
    labels = [own.text() for own in window.diagram.findChildren(QLabel) if own.isVisible()]
    return [text for text in labels if "vanish" in text]


def test_dead_on_all_rows_is_another_thing_than_passing_0_for_this_one(window):
    assert [written(window, badge) for badge in BADGE] == ["dead on all rows", "relu passes 0", ""]
    styles = [window.diagram.picture.label(badge).style for badge in BADGE[:2]]
    assert styles == ["mark", "note"]
    window.selection.row = 3
    assert [written(window, badge) for badge in BADGE] == ["dead on all rows", "", ""]
    assert "dead on all rows" in window.diagram.picture.describe(Address("node", 0, 0))


def test_explain_counts_and_the_remedy_that_it_names_takes_the_mark_away(window, qtbot):
    click(window, address_named(window, "node_1"))
    qtbot.waitUntil(lambda: "On all 4 rows" in explained(window))
    assert "z ≤ 0 on 1 of 4 rows (25 %): there relu passes 0" in explained(window)
    click(window, address_named(window, "node_0"))
    qtbot.waitUntil(lambda: "z ≤ 0 on 4 of 4 rows (100 %)" in explained(window))
    assert "leaky_relu, which lets a slope through below 0" in explained(window)
    assert "dead on all rows" in window.diagram.accessibleDescription()
    choose_activation(window, "the hidden layer", "leaky_relu")
    qtbot.waitUntil(lambda: written(window, BADGE[0]) == "")
    qtbot.waitUntil(lambda: "On all 4 rows" not in explained(window))
    assert "dead" not in window.diagram.accessibleDescription()


def test_the_mark_goes_and_comes_with_what_is_typed(window):
    set_number(window, Address("bias", 0, 0), "0")
    assert written(window, BADGE[0]) == "relu passes 0"
    set_number(window, Address("bias", 0, 1), "-2")
    assert written(window, BADGE[1]) == "dead on all rows"


def test_slopes_that_vanish_stand_in_the_heading_and_relu_with_new_random_weights_brings_them_back(
    open_window, qtbot
):
    window = open_window(deep())
    line = Address("subheading", 0)
    assert written(window, line) == "sigmoid · vanish"
    assert [written(window, line._replace(layer=k)) for k in (2, 3)] == ["sigmoid · biases"] * 2
    assert marks_in_sight(window) == ["vanish", "vanish"]  # of layers 1 and 2
    told = "its slopes vanish, less than 1/100 of the last layer's"
    assert activation_button(window, "hidden layer 1").accessibleName().endswith(f"sigmoid; {told}")
    qtbot.waitUntil(lambda: "They vanish" in explained(window))
    assert "Try relu or its kin with new random weights" in explained(window)
    for layer in range(1, 5):
        choose_activation(window, f"hidden layer {layer}", "relu")
        qtbot.waitUntil(lambda k=layer: window.document.state.network.layers[k - 1].activation == "relu")
    press(window, "New random weights")
    assert "vanish" not in written(window, line)
    assert marks_in_sight(window) == []
    assert "vanish" not in activation_button(window, "hidden layer 1").accessibleName()
    qtbot.waitUntil(lambda: "They vanish" not in explained(window))


def test_the_mark_of_a_layer_says_more_where_there_is_room_and_under_the_mouse(open_window, qtbot):
    window = open_window(deep(), (1900, 1000))
    place = point(window, Address("subheading", 0))
    assert "vanish" in written(window, Address("subheading", 0))
    rest(window.diagram, place)
    assert QToolTip.text() == "Hidden layer 1: its slopes vanish, less than 1/100 of the last layer's"
    QToolTip.hideText()
    hover(window.diagram, place)


def test_the_marks_are_there_while_it_is_trained(window, qtbot):
    press(window, "Run")
    qtbot.waitUntil(lambda: window.document.in_motion and window.document.state.iteration > 0)
    assert written(window, BADGE[0]) == "dead on all rows"
    with qtbot.waitSignal(window.runner.run_ended):
        window.training.speed.setValue(100)
    assert written(window, BADGE[0]) == "dead on all rows"


def test_a_mark_that_goes_in_a_run_leaves_no_pixels_where_a_heading_stands_alone(open_window, qapp):
    window = open_window(one_layer("relu", [-1.0], [0.0], [1.0, 2.0]))
    QTest.keyClick(window.main_window, Qt.Key.Key_F11)
    QTest.qWait(50)
    place = window.diagram.picture.place(Address("subheading", 0))
    assert "slopes are 0" in written(window, Address("subheading", 0))
    window.document.set_in_motion(True)
    window.document.push(one_layer("relu", [1.0], [0.0], [1.0, 2.0]), "as a run does")
    seen = []
    for _ in range(2):
        QTest.qWait(50)
        whole = qapp.primaryScreen().grabWindow(window.diagram.window().winId()).toImage()
        at = window.diagram.mapTo(window.diagram.window(), QPoint(int(place.x), int(place.y)))
        seen.append(whole.copy(at.x() - 60, at.y(), int(place.width) + 120, int(place.height)))
        window.diagram.update()
    window.document.set_in_motion(False)
    QTest.keyClick(window.diagram.window(), Qt.Key.Key_F11)
    assert seen[0] == seen[1]
