"""Selecting, hovering, zooming, panning and changing the structure, by mouse and by keyboard."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QHelpEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolButton, QToolTip

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.numbers import shown as number
from nnviz.core.results import next_batch
from nnviz.core.slopes import slopes
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from tests.ui.hands import address_named, choose_entry, click, editor_of, entry, point, shown
from tests.ui.sees import place, status, written

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


def press(window, *keys):
    for key in keys:
        QTest.keyClick(window.diagram, getattr(Qt.Key, f"Key_{key}"))


def wheel(window, at, notches):
    event = QWheelEvent(
        QPointF(at),
        window.diagram.mapToGlobal(QPointF(at)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        NONE,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(window.diagram, event)


def button(window, name):
    QApplication.processEvents()
    found = [own for own in window.diagram.findChildren(QToolButton) if own.accessibleName() == name]
    assert len(found) == 1, [own.accessibleName() for own in window.diagram.findChildren(QToolButton)]
    return found[0]


def test_clicking_a_node_selects_it(open_window):
    window = open_window("relu")
    click(window, address_named(window, "node_0")._replace(kind="value"))
    assert window.selection.address == address_named(window, "node_0")


def test_clicking_a_bare_edge_selects_it_without_editing(open_window):
    window = open_window("relu")
    gap = window.diagram.picture.layout.gaps[0]
    x, y = gap.point(0, 1, 0.75)
    QTest.mouseClick(window.diagram, LEFT, NONE, QPoint(round(x), round(y)))
    assert window.selection.address == Address("weight", 0, 0, 1)
    assert not window.diagram.session.open


def test_control_click_chooses_a_second_edge(open_window):
    window = open_window("relu")
    window.selection.select(Address("weight", 0, 0, 0))
    click(window, Address("weight", 1, 0, 1), Qt.KeyboardModifier.ControlModifier)
    assert window.selection.address == Address("weight", 0, 0, 0)
    assert window.selection.second == Address("weight", 1, 0, 1)


def test_arrows_reach_every_node_and_edge(open_window):
    window = open_window("relu")
    press(window, "Right")
    assert window.selection.address == Address("node", -1, 0)
    seen = set()
    for _ in range(2):
        press(window, "Right")
        for _ in range(4):
            seen.add(window.selection.address)
            press(window, "Down")
        press(window, "Right")
        seen.add(window.selection.address)
    edges = {address for address in seen if address.kind == "weight"}
    assert len(edges) == 6
    assert address_named(window, "output") in seen


def test_enter_edits_and_plus_and_minus_nudge_the_selected_weight(open_window):
    window = open_window("relu")
    press(window, "Right", "Right", "Return")
    assert editor_of(window).text() == "2"
    QTest.keyClick(editor_of(window), Qt.Key.Key_Escape)
    press(window, "Plus", "Plus", "Minus", "PageUp")
    assert written(window, window.selection.address) == "3.1"
    choose_entry(window, "Undo")
    assert written(window, window.selection.address) == "2"


def test_the_tooltip_tells_the_full_number(open_window):
    window = open_window("xor")
    at = point(window, Address("weight", 0, 0, 0))
    QApplication.sendEvent(
        window.diagram, QHelpEvent(QEvent.Type.ToolTip, at, window.diagram.mapToGlobal(at))
    )
    weight = window.document.state.network.layers[0].weights[0, 0]
    assert repr(float(weight)) in QToolTip.text()
    QToolTip.hideText()


def test_the_wheel_zooms_about_the_mouse_and_fit_shows_everything_again(open_window):
    window = open_window("relu")
    address = Address("weight", 0, 0, 0)
    at, before = point(window, address), place(window, address)
    wheel(window, at, 2)
    after = place(window, address)
    assert after.height > before.height
    assert abs(after.center[0] - at.x()) < 4
    choose_entry(window, "Fit")
    assert place(window, address) == before


def test_dragging_the_background_pans(open_window):
    window = open_window("relu")
    before = place(window, address_named(window, "output"))
    QTest.mousePress(window.diagram, LEFT, NONE, QPoint(40, 420))
    QTest.mouseMove(window.diagram, QPoint(60, 430))
    QTest.mouseMove(window.diagram, QPoint(90, 440))
    QTest.mouseRelease(window.diagram, LEFT, NONE, QPoint(90, 440))
    after = place(window, address_named(window, "output"))
    assert after.x > before.x + 20
    assert not window.document.modified


def test_zooming_into_a_large_network_reveals_its_numbers(open_window):
    window = open_window("large")
    assert not any(label.address.kind == "weight" for label in window.diagram.picture.labels)
    window.diagram.reveal(Address("node", 1, 50))
    assert any(
        label.address.kind == "value" for label in window.diagram.picture.labels if label.address.column == 2
    )


def test_a_node_is_added_by_its_button_and_the_prediction_stays(open_window):
    window = open_window("relu")
    before = window.document.state
    window.selection.select(address_named(window, "node_1"))
    QTest.mouseClick(button(window, "Add a node to the hidden layer"), LEFT)
    network = window.document.state.network
    assert network.sizes == (2, 3, 1)
    assert shown(window, "value", "output") == "52"
    assert status(window) == "Added node_2 to the hidden layer; the prediction is what it was"
    assert np.array_equal(network.layers[0].weights[:2], before.network.layers[0].weights)
    choose_entry(window, "Undo")
    assert window.document.state is before


def test_an_added_input_brings_a_data_column(open_window):
    window = open_window("many-rows")
    QTest.mouseClick(button(window, "Add an input"), LEFT)
    assert window.document.state.data.inputs.shape == (4, 3)
    assert window.document.state.data.inputs[:, 2].tolist() == [0, 0, 0, 0]
    QTest.mouseClick(button(window, "Remove the last input"), LEFT)
    assert window.document.state.data.inputs.shape == (4, 2)


def test_the_last_node_of_a_layer_cannot_be_removed(open_window):
    window = open_window("relu")
    assert not button(window, "Remove the last output").isEnabled()


def column_menu(window, title):
    menu = button(window, f"Menu: {title}").menu()
    menu.aboutToShow.emit()
    return menu


def test_activation_biases_and_layers_are_chosen_from_the_column_menu(open_window):
    window = open_window("relu")
    entry(column_menu(window, "Hidden layer"), "identity:  z").trigger()
    assert shown(window, "value", "output") == "−39"
    assert status(window) == "Hidden layer: a = z; prediction of row 1: 52 → −39"
    entry(column_menu(window, "Hidden layer"), "Add biases to the hidden layer").trigger()
    assert window.document.state.network.layers[0].biases.tolist() == [0, 0]
    entry(column_menu(window, "Hidden layer"), "Add a hidden layer after the hidden layer").trigger()
    assert window.document.state.network.sizes == (2, 2, 2, 1)
    assert status(window) == "Added a hidden identity layer; the prediction is what it was"
    entry(column_menu(window, "Hidden layer 2"), "Remove hidden layer 2").trigger()
    assert window.document.state.network.sizes == (2, 2, 1)
    assert shown(window, "value", "output") == "−39"


def test_a_layer_that_changes_the_prediction_says_so_with_the_numbers(open_window):
    window = open_window("xor")
    window.selection.row = 1
    entry(column_menu(window, "Hidden layer"), "Add a hidden layer after the hidden layer").trigger()
    before, after = (
        state.network.predict(state.data.inputs)[1, 0]
        for state in (load(example("xor").path), window.document.state)
    )
    assert (
        status(window)
        == f"Added a hidden tanh layer; prediction of row 2: {number(before)} → {number(after)}"
    )


def test_the_network_menu_says_which_layer_it_edits(open_window):
    window = open_window("two-hidden-layers")
    menu = entry(window.main_window.menuBar(), "Network").menu()
    window.selection.select(address_named(window, "node_1_0"))
    menu.aboutToShow.emit()
    for title in (
        "Add a node below node_1_0",
        "Add a node to hidden layer 2",
        "Remove the last node of hidden layer 2",
        "Hidden layer 2: relu",
        "Add biases to hidden layer 2",
        "Add a hidden layer before hidden layer 2",
        "Remove hidden layer 2",
    ):
        assert entry(menu, title) is not None, title
    window.selection.select(address_named(window, "output"))
    menu.aboutToShow.emit()
    assert entry(menu, "Prediction: relu") is not None


def activation_of(window, title):
    QApplication.processEvents()
    found = [
        own
        for own in window.diagram.findChildren(QToolButton)
        if own.accessibleName().startswith(f"Activation of {title}:") and own.isVisible()
    ]
    assert len(found) == 1
    return found[0]


def said(action):
    """Return what an entry of a menu says."""
    return action.text().replace("&", "")


@pytest.mark.parametrize("how", ["click", "Enter", "Space"])
def test_the_name_of_an_activation_under_a_heading_opens_the_list_of_them(open_window, qtbot, how):
    window = open_window("relu")
    control = activation_of(window, "the hidden layer")
    assert control.text() == "relu"
    opened = []

    def choose():
        menu = QApplication.activePopupWidget()
        if menu is None:
            return
        opened.append([said(action) for action in menu.actions() if action.isChecked()])
        menu.setActiveAction(entry(menu, "tanh:  tanh(z)"))
        QTest.keyClick(menu, Qt.Key.Key_Return)

    timer = QTimer(interval=20)
    timer.timeout.connect(choose)
    timer.start()
    if how == "click":
        QTest.mouseClick(control, LEFT)
    else:
        window.diagram.setFocus()
        QTest.keyClick(window.diagram, Qt.Key.Key_Tab)
        while not control.hasFocus():
            QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
        QTest.keyClick(control, {"Enter": Qt.Key.Key_Return, "Space": Qt.Key.Key_Space}[how])
    qtbot.waitUntil(lambda: window.document.state.network.layers[0].activation == "tanh")
    timer.stop()
    assert opened == [["relu:  max(0, z)"]]
    assert activation_of(window, "the hidden layer").text() == "tanh"


def test_tab_reaches_the_controls_under_the_headings_and_arrows_go_along_them(open_window):
    window = open_window("relu")
    window.diagram.grab()
    window.diagram.setFocus()
    QTest.keyClick(window.diagram, Qt.Key.Key_Tab)
    seen = []
    while (now := QApplication.focusWidget().accessibleName()) not in seen:
        seen.append(now)
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    assert seen[0] == "Remove the last input"
    assert seen[3:7] == [
        "Activation of the hidden layer: relu",
        "Remove the last node of the hidden layer",
        "Menu: Hidden layer",
        "Add a node to the hidden layer",
    ]
    assert len(seen) == 3 + 4 + 3  # the last output cannot be removed
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Left)
    assert QApplication.focusWidget().accessibleName() == "Add an output"
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert not window.diagram.isAncestorOf(QApplication.focusWidget())


def test_the_controls_under_a_heading_can_be_hit(open_window):
    for size in ((1000, 650), (1280, 800), (1920, 1080)):
        window = open_window("two-hidden-layers", size)
        window.diagram.grab()
        controls = [own for own in window.diagram.findChildren(QToolButton) if own.isVisible()]
        assert len(controls) == 4 * 3 + 3
        body = window.diagram.picture.layout.body
        for own in controls:
            assert own.width() >= 24
            assert own.height() >= 24
            assert own.toolTip()
            assert own.accessibleName()
            assert own.geometry().bottom() < body.y
        places = [own.geometry() for own in controls]
        assert not any(a.intersects(b) for k, a in enumerate(places) for b in places[:k])


@pytest.mark.parametrize("size", [(900, 620), (1000, 650), (1280, 560)])
def test_in_a_low_diagram_no_control_under_a_heading_stands_on_another_one_or_on_a_text(open_window, size):
    window = open_window("two-hidden-layers", size)
    window.diagram.grab()
    places = [own.geometry() for own in window.diagram.findChildren(QToolButton) if own.isVisible()]
    assert len(places) > 9
    assert not any(a.intersects(b) for k, a in enumerate(places) for b in places[:k])
    for label in window.diagram.picture.headings:
        text = QRectF(*label.rect).toRect()
        if label.style == "heading" or label.address.layer < 0:
            assert not any(place.intersects(text) for place in places), label.text


def beside(window, control):
    """Return what stands on the line of an activation's control, nearest first, and on which side of it."""
    line, middle = [], control.geometry().center()
    for own in window.diagram.findChildren(QLabel):
        place = own.geometry()
        if own.isVisible() and own.text() and place.top() <= middle.y() <= place.bottom():
            away = place.center().x() - middle.x()
            line.append((abs(away), "before" if away < 0 else "behind", own.text()))
    return [(side, text) for _, side, text in sorted(line)]


def test_the_control_of_an_activation_says_no_more_than_can_be_chosen_there(open_window):
    window = open_window("xor")
    window.diagram.grab()
    label = window.diagram.picture.label(Address("subheading", 0))
    control = activation_of(window, "the hidden layer")
    assert label.text == "tanh · biases"
    assert control.text() == "tanh"
    assert ("behind", "biases") in beside(window, control)


@pytest.mark.parametrize("name", ["xor", "two-hidden-layers"])
def test_whose_slopes_are_shown_is_said_before_the_activation_which_stays_where_it_is(open_window, name):
    window = open_window(name)
    control = activation_of(window, "the prediction")
    stands = control.geometry()
    for mean, said in ((False, "slopes of row 1"), (True, "slopes: mean of all rows")):
        window.selection.show_slopes(True, mean)
        window.diagram.grab()
        assert ("before", said) in beside(window, control)
        assert control.geometry() == stands


def test_means_over_the_rows_trained_on_are_called_so(open_window):
    window = open_window("xor")
    window.selection.show_slopes(True, True)
    window.document.edit("keep a row", edits.validate_from, 3)
    control = activation_of(window, "the prediction")
    assert ("before", "mean of the rows trained on") in beside(window, control)


def test_beside_the_control_of_a_large_layer_stands_how_many_nodes_it_has(open_window):
    window = open_window("large")
    control = activation_of(window, "hidden layer 1")
    assert control.text() == "relu"
    assert sorted(beside(window, control)[:2]) == [("before", "100 nodes"), ("behind", "biases")]


def test_the_selection_stays_with_its_node_when_a_node_before_it_goes(open_window):
    window = open_window("relu")
    window.selection.select(address_named(window, "node_0"))
    entry(window.main_window.menuBar(), "Network").menu().aboutToShow.emit()
    window.selection.select(address_named(window, "node_1"))
    entry(window.main_window.menuBar(), "Remove node_0").trigger()
    assert window.document.state.network.layers[0].nodes == ("node_1",)
    assert window.selection.address == Address("node", 0, 0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_can_be_chosen_while_the_window_is_open(open_window, theme):
    window = open_window("relu")
    window.set_theme(theme)
    image = window.diagram.grab().toImage()
    assert (image.pixelColor(30, 300).lightness() > 128) == (theme == "light")
    window.set_theme("light")


def test_the_buttons_under_the_headings_take_on_another_theme(open_window):
    window = open_window("relu")
    for theme in ("dark", "light"):
        window.set_theme(theme)
        icon = button(window, "Add a node to the hidden layer").icon().pixmap(32).toImage()
        colours = {icon.pixelColor(x, y).name().upper() for x in range(32) for y in range(32)}
        assert PALETTES[theme].ink in colours


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)], ids=str)
def test_after_other_colours_the_diagram_is_as_before_in_its_own(open_window, size):
    window = open_window("xor", size)
    before = window.diagram.grab().toImage()
    for theme in ("dark", "light"):
        window.set_theme(theme)
    QApplication.processEvents()
    assert window.diagram.grab().toImage() == before


def test_what_is_under_the_mouse_may_go_away(open_window):
    window = open_window("relu")
    QTest.mouseClick(button(window, "Add a node to the hidden layer"), LEFT)
    QTest.mouseMove(window.diagram, point(window, address_named(window, "node_2")._replace(kind="name")))
    choose_entry(window, "Undo")
    assert not window.diagram.grab().isNull()
    assert window.diagram.picture.at(5, 5) is None


def test_the_slopes_of_the_update_are_those_of_its_batch(open_window, qtbot):
    window = open_window("many-rows")
    state = window.document.state
    window.document.push(replace(state, training=replace(state.training, batch_size=2)), "Batch size")
    window.player.show_phase("update")
    window.document.push(replace(state, training=replace(state.training, batch_size=3)), "Batch size")
    window.player.step()  # from the slopes of the row to their mean
    qtbot.waitUntil(lambda: any("batch of 3" in own.text for own in window.diagram.picture.labels))
    state = window.document.state
    rows = list(next_batch(state))
    expected = slopes(state.network, state.data.inputs[rows], state.data.targets[rows])
    picture = window.diagram.picture
    assert len(rows) == 3
    assert picture.content.slopes.layers[1].weights.tolist() == expected.layers[1].weights.tolist()
    assert any("batch of 3" in own.text for own in picture.labels)


def test_another_document_closes_an_open_field(open_window):
    window = open_window("two-hidden-layers")
    click(window, Address("weight", 2, 0, 1))
    assert window.diagram.session.open
    window.files.open_example("forward")
    assert not window.diagram.session.open
    assert not window.document.modified


def test_the_network_menu_is_filled_anew_without_leaving_menus_behind(open_window):
    window = open_window("relu")
    menu = entry(window.main_window.menuBar(), "Network").menu()
    counts = []
    for _ in range(3):
        menu.aboutToShow.emit()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        counts.append(len(window.main_window.findChildren(QMenu)))
    assert counts[0] == counts[1] == counts[2]


def test_escape_takes_back_nudges_alone(open_window):
    window = open_window("relu")
    click(window, Address("weight", 0, 0, 0))
    QTest.keyClick(editor_of(window), Qt.Key.Key_Up)
    window.runner.step()
    stepped = window.document.state
    QTest.keyClick(editor_of(window), Qt.Key.Key_Escape)
    assert window.document.state is stepped
