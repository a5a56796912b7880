"""The diagram by mouse and keyboard: what is selected, in sight, larger, told by hover, and its structure."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolButton, QToolTip

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.numbers import shown as number
from nnviz.core.numbers import shown_in_full
from nnviz.core.results import next_batch
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.legend import sheet
from nnviz.picture.matrix import pixels
from nnviz.picture.palette import PALETTES, rgb
from nnviz.picture.svg import sheet_svg
from nnviz.ui.diagram.edge_lines import edge_line
from nnviz.ui.diagram.heads import BEFORE_PX, BEHIND_PX, HEIGHT_PX, ActivationButton
from nnviz.ui.widgets.theme import apply_theme, colours
from nnviz.ui.window.view_menu import PICTURES
from tests.picture.diagrams import state
from tests.ui.hands import (
    address_named,
    bring,
    choose_entry,
    click,
    drag,
    editor_of,
    entry,
    hover,
    point,
    rest,
    set_number,
    shown,
    turn,
    write,
)
from tests.ui.sees import explained, figure, offered, place, status, walking, written

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
W = Address("weight", 0, 0, 0)


def press(window, *keys):
    for key in keys:
        QTest.keyClick(window.diagram, getattr(Qt.Key, f"Key_{key}"))


def buttons(window):
    QApplication.processEvents()
    return [own for own in window.diagram.findChildren(QToolButton) if own.isVisible()]


def button(window, name):
    """Return the button under a heading whose name begins so."""
    found = [own for own in buttons(window) if own.accessibleName().startswith(name)]
    assert len(found) == 1, [own.accessibleName() for own in buttons(window)]
    return found[0]


def pixel(window, x, y):
    """Return the colour of a point of the diagram."""
    shot = window.diagram.grab().toImage()
    return shot.pixelColor(QPoint(round(x), round(y)) * shot.devicePixelRatio())


# --- selecting, looking


def test_a_click_selects_a_node_or_a_bare_edge_and_with_control_a_second_edge(bare):
    window = bare("relu")
    click(window, Address("value", 0, 0))
    assert window.selection.address == Address("node", 0, 0)
    x, y = window.diagram.picture.layout.gaps[0].point(0, 1, 0.75)
    QTest.mouseClick(window.diagram, LEFT, NONE, QPoint(round(x), round(y)))
    first, second = Address("weight", 0, 0, 1), Address("weight", 1, 0, 1)
    assert window.selection.address == first
    assert not window.diagram.session.open
    click(window, second, Qt.KeyboardModifier.ControlModifier)
    assert (window.selection.address, window.selection.second) == (first, second)


def test_arrows_reach_every_node_and_edge(bare):
    window, seen = bare("relu"), set()
    press(window, "Right")
    assert window.selection.address == Address("node", -1, 0)
    for _ in range(2):
        press(window, "Right")
        for _ in range(4):
            seen.add(window.selection.address)
            press(window, "Down")
        press(window, "Right")
        seen.add(window.selection.address)
    assert len({address for address in seen if address.kind == "weight"}) == 6
    assert Address("node", 1, 0) in seen


def test_enter_edits_and_plus_and_minus_nudge_the_selected_weight(bare):
    window = bare("relu")
    press(window, "Right", "Right", "Return")
    assert editor_of(window).text() == "2"
    QTest.keyClick(editor_of(window), Qt.Key.Key_Escape)
    press(window, "Plus", "Plus", "Minus", "PageUp")
    assert written(window, window.selection.address) == "3.1"
    window.document.undo()
    assert written(window, window.selection.address) == "2"


def test_tooltips_tell_the_full_number_and_a_bias_that_has_no_room_in_its_node(bare):
    window = bare("xor")
    rest(window.diagram, point(window, W))
    assert repr(float(window.document.state.network.layers[0].weights[0, 0])) in QToolTip.text()
    window = bare(state((2, 16, 1)))
    bias, node = Address("bias", 0, 3), Address("node", 0, 3)
    assert window.diagram.picture.label(bias) is None
    rest(window.diagram, point(window, node))
    value = float(window.document.state.network.layers[0].biases[3])
    assert f"bias {value!r}".replace("-", "−") in QToolTip.text()
    QToolTip.hideText()


def test_the_wheel_zooms_about_the_mouse_and_dragging_the_background_pans(bare):
    window = bare("relu")
    before = place(window, W)
    turn(window.diagram, 2)
    after, middle = place(window, W), window.diagram.rect().center()
    assert after.height > before.height
    times = after.height / before.height
    assert after.center[0] - middle.x() == pytest.approx(times * (before.center[0] - middle.x()), abs=4)
    window.diagram.fit()
    assert place(window, W) == before
    output = address_named(window, "output")
    before = place(window, output)
    drag(window.diagram, QPoint(40, 380), 48)
    assert place(window, output).x > before.x + 20
    assert not window.document.modified


def test_zooming_into_a_large_network_reveals_its_numbers(bare):
    window = bare("large")
    kinds = [label.address.kind for label in window.diagram.picture.labels]
    assert "weight" not in kinds
    window.diagram.reveal(Address("node", 1, 50))
    labels = window.diagram.picture.labels
    assert any(label.address.kind == "value" for label in labels if label.address.column == 2)


def test_both_themes_are_taken_on_by_an_open_diagram_and_leave_no_trace(bare, qapp):
    window = bare("xor")
    before = window.diagram.grab().toImage()
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        assert (pixel(window, 30, 300).lightness() > 128) == (theme == "light")
        icon = button(window, "Add a node to the hidden layer").icon().pixmap(32).toImage()
        seen = {icon.pixelColor(x, y).name().upper() for x in range(32) for y in range(32)}
        assert PALETTES[theme].ink in seen
    QApplication.processEvents()
    assert window.diagram.grab().toImage() == before


def sizes(window):
    picture = window.diagram.picture
    node = picture.place(Address("node", 0, 0))
    return (node.width, node.height, *(picture.label(at).size for at in (W, Address("value", 0, 0))))


def test_nodes_and_numbers_are_half_as_large_again_in_a_window_of_1920_by_1080(afresh, qtbot):
    window, failed = afresh("xor"), []
    for name in ("xor", "forward", "calculating-slopes"):
        window.document.start(load(example(name).path))
        small = sizes(window)
        window.main_window.resize(1920, 1080)
        qtbot.waitUntil(lambda: window.diagram.width() > 1400)
        large = sizes(window)
        window.main_window.resize(1280, 800)
        qtbot.waitUntil(lambda: window.diagram.width() < 1000)
        failed += [(name, small, large)] * any(b < 1.5 * a for a, b in zip(small, large, strict=True))
        failed += [(name, "not as before")] * (sizes(window) != small)
    assert failed == []


# --- edges


def on_edge(window, address, beside=0):
    """Return the colour of an edge near its end, or so many pixels below it."""
    gap = window.diagram.picture.layout.gaps[address.layer]
    at = edge_line(gap, address.node, address.source).pointAt(0.7)
    return pixel(window, at.x(), at.y() + beside)


def test_under_the_mouse_other_edges_fade_but_not_the_selected_ones(bare):
    window = bare("many-rows")
    first, second, other = W, Address("weight", 1, 0, 1), Address("weight", 0, 1, 1)
    window.selection.select(first, second)
    before = [on_edge(window, weight) for weight in (first, second, other)]
    hover(window.diagram, point(window, Address("weight", 0, 0, 1)))
    *kept, faded = (on_edge(window, weight) for weight in (first, second, other))
    assert kept == before[:2]
    assert faded != before[2]


def test_around_a_selected_weight_of_0_nothing_is_as_strong_as_a_weight(bare):
    window = bare("many-rows")
    window.document.push(edits.set_value(window.document.state, W, 0.0), "Set")
    window.selection.select(W)
    ground = QColor(colours().canvas).lightness()
    assert all(abs(on_edge(window, W, beside).lightness() - ground) < 25 for beside in (2, 3, 4))


def _near(one, other):
    return sum(abs(a - b) for a, b in zip(one.getRgb(), other.getRgb(), strict=True)) < 120


def test_an_edge_under_the_mouse_shows_its_slope_where_there_is_no_room_for_it(bare):
    window = bare(state((4, 8, 3), spread=0))
    window.selection.show_slopes(True)
    QApplication.processEvents()
    diagram, edge = window.diagram, Address("weight", 0, 3, 1)
    assert diagram.picture.label(edge._replace(kind="slope")) is None
    x, y = diagram.picture.layout.gaps[0].point(3, 1, 0.9)
    assert diagram.picture.at(x, y) == edge
    before = diagram.grab().toImage()
    hover(diagram, QPoint(round(x), round(y)))
    slope = next(label for label in diagram.picture.hidden_numbers(edge) if label.address.kind == "slope")
    after, purple = diagram.grab().toImage(), QColor(colours().slope)
    inside = QRectF(*slope.rect.middle(slope.rect.width - 6, slope.rect.height - 6)).toRect()
    pixels = [
        (x, y)
        for x in range(inside.left(), inside.right() + 1)
        for y in range(inside.top(), inside.bottom() + 1)
    ]
    drawn, was = (sum(_near(image.pixelColor(*at), purple) for at in pixels) for image in (after, before))
    assert drawn > was + 10
    hover(diagram, QPoint(3, 200))
    assert diagram.grab().toImage() == before


# --- the structure


def test_nodes_are_added_and_removed_by_the_buttons_and_the_prediction_stays(bare, approved):
    window = bare("relu")
    before = window.document.state
    window.selection.select(address_named(window, "node_1"))
    QTest.mouseClick(button(window, "Add a node to the hidden layer"), LEFT)
    network = window.document.state.network
    assert network.sizes == (2, 3, 1)
    assert shown(window, "value", "output") == "52"
    approved("a node is added", status(window))
    assert np.array_equal(network.layers[0].weights[:2], before.network.layers[0].weights)
    hover(window.diagram, point(window, address_named(window, "node_2")._replace(kind="name")))
    window.document.undo()
    assert window.document.state is before
    assert not window.diagram.grab().isNull(), "what was under the mouse has gone"
    assert window.diagram.picture.at(5, 5) is None
    assert not button(window, "Remove the last output").isEnabled()


def test_an_added_input_brings_a_data_column(bare):
    window = bare("many-rows")
    QTest.mouseClick(button(window, "Add an input"), LEFT)
    assert window.document.state.data.inputs[:, 2:].tolist() == [[0]] * 4
    QTest.mouseClick(button(window, "Remove the last input"), LEFT)
    assert window.document.state.data.inputs.shape == (4, 2)


def column_menu(window, title):
    menu = button(window, f"Menu: {title}").menu()
    menu.aboutToShow.emit()
    return menu


def test_activation_biases_and_layers_are_chosen_from_the_column_menu(bare, approved):
    window, told = bare("relu"), []

    def choose(layer, text):
        entry(column_menu(window, layer), text).trigger()
        told.append(status(window))

    choose("Hidden layer", "identity:  z")
    assert shown(window, "value", "output") == "−39"
    choose("Hidden layer", "Add biases to the hidden layer")
    assert window.document.state.network.layers[0].biases.tolist() == [0, 0]
    choose("Hidden layer", "Add a hidden layer after the hidden layer")
    assert window.document.state.network.sizes == (2, 2, 2, 1)
    choose("Hidden layer 2", "Remove hidden layer 2")
    assert window.document.state.network.sizes == (2, 2, 1)
    assert shown(window, "value", "output") == "−39"
    window.document.start(load(example("xor").path))
    window.selection.row = 1
    choose("Hidden layer", "Add a hidden layer after the hidden layer")
    approved("the structure is changed by a menu", "\n".join(told))


def test_the_network_menu_says_which_layer_it_edits_and_leaves_no_menus_behind(afresh, approved):
    window = afresh("two-hidden-layers")
    menu, told, counts = entry(window.main_window.menuBar(), "Network").menu(), [], []
    for name in ("node_1_0", "output", "node_1_0"):
        window.selection.select(address_named(window, name))
        menu.aboutToShow.emit()
        titles = [own.text().replace("&", "") for own in menu.actions() if own.text()]
        told.append(f"{name}: " + "; ".join(titles))
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        counts.append(len(window.main_window.findChildren(QMenu)))
    assert counts[0] == counts[2]
    approved("the network menu", "\n".join(told[:2]))
    window.selection.select(None)
    menu.aboutToShow.emit()
    layers = [own.text().replace("&", "") for own in menu.actions() if own.menu()]
    assert layers[:4] == ["Inputs", "Hidden layer 1", "Hidden layer 2", "Prediction"]
    window.selection.select(address_named(window, "node_1_1"))
    menu.aboutToShow.emit()
    window.selection.select(address_named(window, "node_1_0"))
    menu.aboutToShow.emit()
    window.selection.select(address_named(window, "node_1_1"))
    entry(menu, "Remove node_1_0").trigger()
    assert window.document.state.network.layers[1].nodes == ("node_1_1",)
    assert window.selection.address == Address("node", 1, 0)


# --- the controls under the headings


@pytest.mark.parametrize("how", ["click", "Return", "Space"])
def test_the_name_of_an_activation_under_a_heading_opens_the_list_of_them(bare, qtbot, how):
    window, opened = bare("relu"), []
    control = button(window, "Activation of the hidden layer:")
    assert control.text() == "relu"

    def choose():
        menu = QApplication.activePopupWidget()
        if menu is not None:
            opened.append([own.text() for own in menu.actions() if own.isChecked()])
            menu.setActiveAction(entry(menu, "tanh:  tanh(z)"))
            QTest.keyClick(menu, Qt.Key.Key_Return)

    timer = QTimer(interval=5)
    timer.timeout.connect(choose)
    timer.start()
    if how == "click":
        QTest.mouseClick(control, LEFT)
    else:
        window.diagram.setFocus()
        press(window, "Tab")
        while not control.hasFocus():
            QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
        QTest.keyClick(control, getattr(Qt.Key, f"Key_{how}"))
    qtbot.waitUntil(lambda: window.document.state.network.layers[0].activation == "tanh")
    timer.stop()
    assert [[text.replace("&", "") for text in texts] for texts in opened] == [["relu:  max(0, z)"]]
    assert button(window, "Activation of the hidden layer:").text() == "tanh"


def test_tab_reaches_the_controls_under_the_headings_and_arrows_go_along_them(afresh, approved):
    window, seen = afresh("relu"), []
    window.diagram.grab()
    window.diagram.setFocus()
    press(window, "Tab")
    while (now := QApplication.focusWidget().accessibleName()) not in seen:
        seen.append(now)
        QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    approved("the controls under the headings", "\n".join(seen))
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    assert not window.diagram.isAncestorOf(QApplication.focusWidget())


def overlap(places):
    return [(a, b) for k, a in enumerate(places) for b in places[:k] if a.intersects(b)]


def test_the_controls_under_a_heading_can_be_hit_and_stand_on_nothing(open_window, qtbot, amount):
    window = open_window("two-hidden-layers", (900, 620))
    every = (900, 620), (1000, 650), (1280, 560), (1280, 800), (1920, 1080)
    for size in amount(quick=every[1::2], ci=every, night=every):
        window.main_window.resize(*size)
        qtbot.waitUntil(lambda size=size: window.main_window.width() == size[0])
        window.diagram.grab()
        controls, picture = buttons(window), window.diagram.picture
        assert overlap([own.geometry() for own in controls]) == []
        if size in ((1000, 650), (1280, 800), (1920, 1080)):
            assert len(controls) == 4 * 3 + 3
            for own in controls:
                assert min(own.width(), own.height()) >= 24
                assert own.toolTip()
                assert own.accessibleName()
                assert own.geometry().bottom() < picture.layout.body.y
        if size[1] <= 650:
            assert len(controls) > 9
            texts = [own for own in picture.headings if own.style == "heading" or own.address.layer < 0]
            rects = [QRectF(*own.rect).toRect() for own in texts]
            assert not any(own.geometry().intersects(rect) for own in controls for rect in rects), size


def long_activation():
    layers = (
        replace(layer, activation="leaky_relu(0.0123456)", biases=[0.5] * len(layer))
        for layer in load(example("two-hidden-layers").path).network.layers
    )
    return State(Network(("accounts", "children"), tuple(layers)), Dataset([[3, 5], [1, 2]], [[200], [100]]))


SMALL = (1000, 650)
OPENED = {
    "xor": lambda: load(example("xor").path),
    "4-8-3": lambda: state((4, 8, 3), activation="sigmoid"),
    "long": long_activation,
}


def test_the_control_of_every_activation_stands_whole_under_its_heading(qtbot, open_window, amount):
    every = [(SMALL, 200), (SMALL, 100), ((1280, 800), 150), ((1920, 1080), 200)]
    for size, percent in amount(quick=every[:1], ci=every, night=every):
        if (size, percent) != (SMALL, 100):
            window = open_window("xor", size)
        window.set_size(percent)
        window.selection.show_slopes(True)
        for name, make in OPENED.items():
            window.document.start(make())
            # beside long names the last line says whose slopes are shown
            all_of_them = window.diagram.findChildren(ActivationButton)
            qtbot.waitUntil(lambda seen=all_of_them: sum(own.isVisible() for own in seen) >= 2)
            controls = [own for own in all_of_them if own.isVisible()]
            room = window.diagram.rect().adjusted(4, 0, -4, 0)
            for control in controls:
                assert room.contains(control.geometry()), (name, size, percent)
                scale = control.height() / HEIGHT_PX
                text = control.fontMetrics().horizontalAdvance(control.text().replace("&&", "&"))
                before_the_chevron = control.width() - (BEFORE_PX + BEHIND_PX - 3) * scale
                assert text <= before_the_chevron, (name, size, percent)
            assert overlap([own.geometry() for own in controls]) == [], (name, size, percent)


def beside(window, control):
    """Return what stands on the line of an activation's control, nearest first, and on which side of it."""
    line, middle = [], control.geometry().center()
    for own in window.diagram.findChildren(QLabel):
        at = own.geometry()
        if own.isVisible() and own.text() and at.top() <= middle.y() <= at.bottom():
            away = at.center().x() - middle.x()
            line.append((abs(away), "before" if away < 0 else "behind", own.text()))
    return [(side, text) for _, side, text in sorted(line)]


def test_the_control_of_an_activation_says_no_more_than_can_be_chosen_there(bare):
    window = bare("xor")
    control = button(window, "Activation of the hidden layer:")
    assert window.diagram.picture.label(Address("subheading", 0)).text == "tanh · biases"
    assert control.text() == "tanh"
    assert ("behind", "biases") in beside(window, control)
    window = bare("large")
    control = button(window, "Activation of hidden layer 1:")
    assert control.text() == "relu"
    assert sorted(beside(window, control)[:2]) == [("before", "100 nodes"), ("behind", "biases")]


def test_whose_slopes_are_shown_is_said_before_the_activation_which_stays_where_it_is(bare):
    for name in ("xor", "two-hidden-layers"):
        window = bare(name)
        control = button(window, "Activation of the prediction:")
        stands = control.geometry()
        for mean, said in ((False, "slopes of row 1"), (True, "slopes: mean of all rows")):
            window.selection.show_slopes(True, mean)
            window.diagram.grab()
            assert ("before", said) in beside(window, control)
            assert control.geometry() == stands
        if name == "xor":
            window.document.edit("keep a row", edits.validate_from, 3)
            window.diagram.grab()
            assert ("before", "mean of the rows trained on") in beside(window, control)


# --- slopes and colours


def test_slopes_stay_on_the_diagram_and_follow_an_edit(bare):
    window = bare("calculating-slopes")
    window.selection.show_slopes(True)
    set_number(window, W, "1")
    assert [written(window, Address("slope", 0, 0, k)) for k in range(3)] == ["16", "32", "48"]


def test_the_slopes_of_the_update_are_those_of_its_batch(bare, qtbot):
    window = bare("many-rows")
    own = window.document.state
    window.document.push(replace(own, training=replace(own.training, batch_size=2)), "Batch size")
    window.player.speed = 1.0
    window.player.show_phase("update")
    window.document.push(replace(own, training=replace(own.training, batch_size=3)), "Batch size")
    window.player.step()  # from the slopes of the row to their mean
    qtbot.waitUntil(lambda: any("batch of 3" in own.text for own in window.diagram.picture.labels))
    own = window.document.state
    rows = list(next_batch(own))
    expected = slopes(own.network, own.data.inputs[rows], own.data.targets[rows])
    assert len(rows) == 3
    drawn = window.diagram.picture.content.slopes.layers[1].weights
    assert drawn.tolist() == expected.layers[1].weights.tolist()


# --- the free row: numbers that are tried out, true like all others, stored only when wished

INPUT, OUTPUT, TARGET = Address("input", -1, 0), Address("value", 1, 0), Address("target", 1, 0)
HEADING = Address("subheading", -1, 0)


def tried_out(window):
    """Try out a row that no row of many-rows is."""
    window.selection.row = 1
    window.selection.try_out([7.5, -2.0])
    return window


def prediction(window, *inputs):
    return number(window.document.state.network.predict(inputs)[0, 0])


def test_the_window_shows_a_free_row_which_is_left_or_kept_by_the_menu_or_the_table(afresh, qtbot, approved):
    window = tried_out(afresh("many-rows"))
    assert [written(window, at) for at in (INPUT, HEADING, TARGET)] == ["7.5", "free row", "target –"]
    assert written(window, OUTPUT) == prediction(window, 7.5, -2.0)
    assert figure(window, "Row's error").text == "–"
    before, table, said = window.document.state, window.data.table, []
    assert not window.document.modified
    bring(window, "Explain")
    qtbot.waitUntil(lambda: "Click a node" in explained(window))
    for address in (Address("node", 1, 0), W, Address("node", -1, 0)):
        last = explained(window)
        window.selection.select(address)
        qtbot.waitUntil(lambda last=last: explained(window) not in ("", last))
        said.append(explained(window))
    approved("the free row is explained", "\n---\n".join(said).replace("\u2028", " "))
    assert not table.currentIndex().isValid()
    place = table.visualRect(table.model().index(1, 0)).center()
    QTest.mouseClick(table.viewport(), LEFT, pos=place)
    assert (window.selection.free, written(window, HEADING)) == (None, "row 2 of 4")
    assert not offered(window, "Keep free row").isEnabled()
    assert not offered(window, "Leave free row").isEnabled()
    tried_out(window)
    choose_entry(window, "Leave free row")
    assert (window.selection.free, written(window, HEADING)) == (None, "row 2 of 4")
    tried_out(window)
    choose_entry(window, "Keep free row")
    assert window.document.state.data.inputs.tolist()[2] == [7.5, -2.0]
    assert window.document.state.data.targets.tolist()[2] == [0.0]
    assert written(window, HEADING) == "row 3 of 5"
    approved("the free row is kept", status(window))
    choose_entry(window, "Undo")
    assert window.document.state is before
    assert written(window, HEADING) == "row 3 of 4"


def test_the_first_row_of_a_network_without_data_is_tried_out_and_kept(afresh, approved):
    network = Network.from_weights({"node_0": [2, 4], "output": [3]})
    window = afresh(State(network, Dataset.empty(network)))
    window.selection.try_out([1.0, 2.0])
    assert written(window, OUTPUT) == "30"
    press(window, "Space")
    window.player.to_end()
    assert walking(window)
    choose_entry(window, "Keep free row")
    assert window.document.state.data.inputs.tolist() == [[1.0, 2.0]]
    assert window.document.state.data.targets is None
    approved("the free row is kept as the first row", status(window))


def test_a_free_row_is_edited_and_dragged_on_the_diagram_and_not_in_the_data(bare, approved):
    window = tried_out(bare("many-rows"))
    before = window.document.state
    set_number(window, INPUT, "-1.25")
    assert written(window, INPUT) == "−1.25"
    assert written(window, OUTPUT) == prediction(window, -1.25, -2.0)
    said = [status(window)]
    drag(window.diagram, point(window, INPUT), 36)
    assert window.selection.free[0] > -1.25
    click(window, TARGET)
    assert not window.diagram.session.open
    approved("what is typed into the free row, and a click on its target", "\n".join([*said, status(window)]))
    assert window.document.state is before


def test_edits_of_weights_training_and_a_nudge_taken_back_keep_the_free_row(bare):
    window = tried_out(bare("many-rows"))
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 1.0), "Set")
    assert written(window, OUTPUT) == prediction(window, 7.5, -2.0)
    click(window, INPUT)
    editor = editor_of(window)
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert written(window, OUTPUT) == prediction(window, 7.6, -2.0)
    QTest.keyClick(editor, Qt.Key.Key_Escape)
    assert written(window, INPUT) == "7.5"
    assert window.document.state.network.layers[0].weights[0, 0] == 1.0
    window.runner.step()
    assert window.document.state.iteration == 1
    assert written(window, OUTPUT) == prediction(window, 7.5, -2.0)
    with pytest.raises(ValueError, match=r"inputs\[1\]: expected a finite number"):
        window.selection.try_out([1.0, np.nan])
    assert window.selection.free.tolist() == [7.5, -2.0]


def test_a_row_chosen_other_data_or_other_inputs_leave_the_free_row(bare):
    for leave in (
        lambda window: setattr(window.selection, "row", 1),
        lambda window: window.document.push(edits.set_input(window.document.state, 0, 0, 9.0), "Set"),
        lambda window: window.document.push(structure.add_node(window.document.state, 0), "Add"),
    ):
        window = tried_out(bare("many-rows"))
        leave(window)
        assert window.selection.free is None
        assert written(window, HEADING) == "row 2 of 4"
        assert written(window, INPUT) == number(window.document.state.data.inputs[1, 0])


def test_a_free_row_has_no_slopes_and_the_mean_over_the_rows_stays(bare):
    window = tried_out(bare("many-rows"))
    window.selection.show_slopes(True)
    line = Address("subheading", 1, 0)
    assert written(window, line).startswith("no slopes: a free row has no target")
    window.selection.show_slopes(True, mean_over_rows=True)
    assert "mean of all rows" in written(window, line)
    slope = window.derived.means.slopes.layers[0].weights[0, 0]
    assert written(window, Address("slope", 0, 0, 0)) == number(slope)


# --- small pictures in the nodes

LIGHT = PALETTES["light"]
TITLE = "Small pictures in the nodes"


def switch(window):
    press_with_control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(window.diagram, Qt.Key.Key_I, press_with_control)


def rgb_at(window, x, y):
    """Return what is seen at a point of the diagram, as red, green and blue."""
    return np.array(pixel(window, x, y).getRgb()[:3])


def place_of(window, column, node):
    return window.diagram.picture.layout.columns[column].picture_of(node)


def follows(window):
    """Tell whether the output's picture is of what is computed now, at points all over it."""
    own, place, shot = window.document.state, place_of(window, 2, 0), window.diagram.grab().toImage()
    low, high = own.data.inputs.min(axis=0), own.data.inputs.max(axis=0)
    low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
    for across, up in ((0.2, 0.3), (0.5, 0.5), (0.8, 0.3), (0.3, 0.8), (0.75, 0.75)):
        at = low + np.array([across, up]) * (high - low)
        share = np.clip(2 * own.network.predict([at])[0, 0] - 1, -1, 1)
        packed = int(pixels(np.array([[share, 1.0]]), LIGHT)[0, 0])
        x, y = place.x + across * place.width, place.bottom - up * place.height
        seen = np.array(shot.pixelColor(round(x), round(y)).getRgb()[:3])
        if np.abs(seen - [packed >> 16 & 255, packed >> 8 & 255, packed & 255]).max() > 26:  # blended there
            return False
    return True


def test_small_pictures_are_switched_on_by_key_or_menu_remembered_and_follow(open_window, settings, qtbot):
    window = open_window("xor")
    before = window.diagram.grab().toImage()
    assert not offered(window, TITLE).isChecked()
    switch(window)
    assert offered(window, TITLE).isChecked()
    assert settings.flag(PICTURES, first=False)
    assert follows(window)
    choose_entry(window, TITLE)
    assert not settings.flag(PICTURES)
    assert window.diagram.grab().toImage() == before
    choose_entry(window, TITLE)
    middle = place_of(window, 2, 0).center
    colour = rgb_at(window, *middle)
    set_number(window, Address("weight", 1, 0, 1), "-3")
    assert (rgb_at(window, *middle) != colour).any()
    assert follows(window)
    window.undo()
    assert (rgb_at(window, *middle) == colour).all()
    window.runner.run()
    qtbot.waitUntil(lambda: window.document.state.iteration > 3)
    window.runner.pause()
    qtbot.waitUntil(lambda: not window.document.in_motion)
    assert follows(window)
    again = open_window("xor")
    assert offered(again, TITLE).isChecked()
    assert follows(again)
    choose_entry(again, TITLE)
    again.document.start(load(example("large").path))
    switch(again)
    assert "one or two inputs" in status(again)
    assert all(column.picture == 0.0 for column in again.diagram.picture.layout.columns)


def test_the_selected_row_is_a_dot_in_the_small_pictures(bare):
    window = bare("xor")
    window.diagram.show_pictures(True)
    place = place_of(window, 2, 0)
    for row, (across, up) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        window.selection.row = row
        x = place.x + (across + 0.1) / 1.2 * place.width
        y = place.bottom - (up + 0.1) / 1.2 * place.height
        assert pixel(window, x, y).lightness() < 60


def test_pixels_are_the_digit_of_the_selected_row_and_can_be_changed(bare):
    window = bare("digits")
    column = window.diagram.picture.layout.columns[0]
    for row in (7, 0):
        window.selection.row = row
        image = window.diagram.grab().toImage()
        values = window.document.state.data.inputs[row]
        for k, share in enumerate(values / values.max()):
            seen = image.pixelColor(*(round(v) for v in column.rect(k).center)).getRgb()[:3]
            blend = (1 - share) * np.array(rgb(LIGHT.input_node)) + share * np.array(rgb(LIGHT.positive))
            assert np.abs(blend - seen).max() < 4
    at = QPointF(*column.rect(11).center).toPoint()
    rest(window.diagram, at)
    assert QToolTip.text() == f"pixel_1_3 = {window.document.state.data.inputs[0, 11]}"
    QTest.mouseDClick(window.diagram, LEFT, pos=at)
    write(editor_of(window), "0.25")
    QTest.keyClick(editor_of(window), Qt.Key.Key_Return)
    assert window.document.state.data.inputs[0, 11] == 0.25


def test_a_pixel_of_a_node_is_a_weight_that_a_click_selects(bare):
    window = bare("digits")
    window.diagram.show_pictures(True)
    weights, layout = window.document.state.network.layers[0].weights, window.diagram.picture.layout
    tile = place_of(window, 1, 5)
    at = QPoint(round(tile.x + 3.5 * tile.width / 8), round(tile.y + 2.5 * tile.height / 8))
    packed = int(pixels(np.array([[weights[5, 19], np.abs(weights).max()]]), LIGHT)[0, 0])
    wanted = [packed >> 16 & 255, packed >> 8 & 255, packed & 255]
    assert np.abs(rgb_at(window, at.x(), at.y()) - wanted).max() < 3
    digit = layout.columns[0].rect(19)
    before = rgb_at(window, digit.x - 1, digit.y - 1)
    rest(window.diagram, at)
    assert rgb_at(window, digit.x - 1, digit.y - 1).sum() < before.sum()  # its pixel of the digit is outlined
    assert QToolTip.text() == f"weight from pixel_2_3 to node_0_5: {shown_in_full(weights[5, 19])}"
    QTest.mouseClick(window.diagram, LEFT, pos=at)
    assert window.selection.address == Address("weight", 0, 5, 19)
    QTest.mouseClick(window.diagram, LEFT, pos=QPointF(*layout.columns[1].bar_of(5).center).toPoint())
    assert window.selection.address == Address("node", 0, 5)


def test_small_pictures_are_in_the_copy(bare):
    for name in ("xor", "curve", "digits"):
        window = bare(name)
        window.diagram.show_pictures(True)
        text = sheet_svg(sheet(window.diagram.picture, 900, 500), LIGHT)
        assert text.count("<image") + text.count("<polygon") > window.document.state.network.sizes[1], name
