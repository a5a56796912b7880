"""The diagram by mouse and keyboard: selection, zoom, tooltips, structure and edits."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolButton, QToolTip

from nnviz.core import edits
from nnviz.core.address import Address
from nnviz.core.network import Network
from nnviz.core.numbers import as_text as number
from nnviz.core.numbers import full_text
from nnviz.core.results import next_batch
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.matrix import weight_colours
from nnviz.picture.palette import PALETTES, rgb
from nnviz.picture.svg import sheet, sheet_svg
from nnviz.ui.diagram.heads import HEIGHT_PX, LEFT_PADDING_PX, RIGHT_PADDING_PX, ActivationButton
from nnviz.ui.diagram.paint import edge_line
from nnviz.ui.kit.theme import apply_theme
from nnviz.ui.window.commands import PICTURES
from tests.picture.diagrams import state
from tests.ui.clipped import cut_off
from tests.ui.hands import (
    address_named,
    bring,
    choose_entry,
    click,
    double_click,
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
from tests.ui.runs import pixels_of
from tests.ui.sees import explained, offered, place, status, walking, written

LEFT, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
W = Address("weight", 0, 0, 0)
INPUT, OUTPUT, TARGET = Address("input", -1, 0), Address("value", 1, 0), Address("target", 1, 0)
HEADING = Address("subheading", -1, 0)
LIGHT = PALETTES["light"]
TITLE = "Thumbnails in the nodes"


def press(window, *keys):
    for key in keys:
        QTest.keyClick(window.diagram, getattr(Qt.Key, f"Key_{key}"))


def overlap(places):
    return [(a, b) for k, a in enumerate(places) for b in places[:k] if a.intersects(b)]


def button(window, name):
    """Return the button under a heading whose name begins with a text."""
    QApplication.processEvents()
    found = [own for own in window.diagram.findChildren(QToolButton) if own.isVisible()]
    (found,) = [own for own in found if own.accessibleName().startswith(name)]
    return found


def pixel(window, x, y):
    """Return the colour of a point of the diagram, as (red, green, blue) from 0 to 255."""
    shot = window.diagram.grab().toImage()
    colour = shot.pixelColor(QPoint(round(x), round(y)) * shot.devicePixelRatio())
    return np.array(colour.getRgb()[:3])


# --- selecting, looking


def test_a_click_selects_a_node_or_a_bare_edge_and_with_control_a_second_edge(bare):
    window = bare("relu")
    click(window, Address("value", 0, 0))
    assert window.document.now.address == Address("node", 0, 0)
    x, y = window.diagram.picture.layout.gaps[0].point(0, 1, 0.75)
    QTest.mouseClick(window.diagram, LEFT, pos=QPoint(round(x), round(y)))
    first, second = Address("weight", 0, 0, 1), Address("weight", 1, 0, 1)
    assert (window.document.now.address, window.diagram.session.open) == (first, False)
    click(window, second, CTRL)
    assert (window.document.now.address, window.document.now.second) == (first, second)


def test_arrows_reach_every_node_and_edge_and_keys_edit_and_nudge_what_is_selected(bare):
    window, seen = bare("relu"), []
    for key in ["Right", *2 * ["Right", *4 * ["Down"], "Right"]]:
        press(window, key)
        seen.append(window.document.now.address)
    assert seen[0] == Address("node", -1, 0)
    assert len({address for address in seen if address.kind == "weight"}) == 6
    assert Address("node", 1, 0) in seen
    window.document.select(W)
    press(window, "Return")
    assert editor_of(window).text() == "2"
    QTest.keyClick(editor_of(window), Qt.Key.Key_Escape)
    press(window, "Plus", "Plus", "Minus", "PageUp")
    assert written(window, W) == "3.1"
    window.document.undo()
    assert written(window, W) == "2"
    for node, opened in ((("node", -1, 0), "3"), (("node", 0, 0), "node_0"), (("node", 1, 0), "60")):
        window.document.select(Address(*node))
        press(window, "Return")
        assert editor_of(window).text() == opened, "an input's value, a target, or else the name"
        QTest.keyClick(editor_of(window), Qt.Key.Key_Escape)


def test_a_tooltip_tells_the_full_number(bare):
    window = bare("xor")
    rest(window.diagram, point(window, W))
    assert repr(float(window.document.state.network.layers[0].weights[0, 0])) in QToolTip.text()
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
    window, sizes = bare(state((1, 1, 1))), []
    while not sizes or sizes[-1] <= 36.0:
        turn(window.diagram, 1)
        name = window.diagram.picture.label(Address("name", 0, 0))
        seen = pixels_of(window.diagram.grab(QRectF(*name.rect).toAlignedRect()).toImage()) & 0xFF
        assert np.ptp(seen.astype(int)) > 100, f"a name in letters of {name.size} pixels"
        sizes.append(name.size)


def test_zooming_into_a_large_network_reveals_its_numbers(bare):
    window = bare("large")
    between_hidden = {label.address[:2] for label in window.diagram.picture.labels}
    assert ("weight", 1) not in between_hidden
    window.diagram.reveal(Address("node", 1, 50))
    labels = window.diagram.picture.labels
    assert any(label.address.kind == "value" for label in labels if label.address.column == 2)


def test_both_themes_are_taken_on_by_an_open_diagram_and_leave_no_trace(bare, qapp):
    window = bare("xor")
    before = window.diagram.grab().toImage()
    for theme in ("dark", "light"):
        apply_theme(qapp, theme)
        assert (pixel(window, 30, 300).mean() > 128) == (theme == "light")
        icon = button(window, "Add a node to the hidden layer").icon().pixmap(32).toImage()
        assert PALETTES[theme].ink in {icon.pixelColor(x, y).name().upper() for x, y in np.ndindex(32, 32)}
    QApplication.processEvents()
    assert window.diagram.grab().toImage() == before


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_output_shows_its_class_and_the_bar_of_its_share(bare, qapp, theme):
    apply_theme(qapp, theme)
    window, palette, output = bare("circles"), PALETTES[theme], Address("node", 1, 0)
    share = window.document.state.network.predict([0.469, 0.297])[0, 0]  # 0.3776 of class 1
    assert shown(window, "share", "output") == f"class 0 · {100 * (1 - share):.2f} % ✗"
    node = place(window, output)
    y = node.bottom + 5.5
    colours = [pixel(window, node.x + part * node.width, y).tolist() for part in (share - 0.03, share + 0.03)]
    assert colours == [[*rgb(palette.positive)], [*rgb(palette.negative)]]
    window.document.select(output)
    diagram = window.diagram
    assert diagram.accessibleDescription().endswith(f"= {full_text(share)}, bias 0, class 0, wrong")
    assert diagram.picture.describe(output._replace(kind="share")) == diagram.accessibleDescription()
    window.document.select_row(4)
    assert shown(window, "share", "output").endswith("✓")
    window.document.show_what_if_row([0.469, 0.297])
    assert shown(window, "share", "output") == f"class 0 · {100 * (1 - share):.2f} %"
    assert shown(window, "target", "output") == "target –"
    window.document.start(load(example("mazur").path))
    window.document.show_what_if_row([0.05, 0.1])
    assert shown(window, "share", "o1") == "", "its targets are no classes"


def test_nodes_and_numbers_are_nearly_half_as_large_again_in_a_window_of_1920_by_1080(afresh, qtbot):
    window = afresh("xor")

    def sizes():
        node = place(window, Address("node", 0, 0))
        labels = (window.diagram.picture.label(at) for at in (W, Address("value", 0, 0)))
        return np.array([node.width, node.height, *(label.size for label in labels)])

    for name in ("xor", "forward", "calculating-slopes"):
        window.document.start(load(example(name).path))
        small = sizes()
        window.main_window.resize(1920, 1080)
        qtbot.waitUntil(lambda: window.diagram.width() > 1380)
        assert (sizes() >= 1.45 * small).all(), name
        window.main_window.resize(1280, 800)
        qtbot.waitUntil(lambda: window.diagram.width() < 1000)
        assert (sizes() == small).all(), name


# --- edges


def on_edge(window, address, beside=0):
    """Return the colour of an edge near its end, or some pixels below it."""
    gap = window.diagram.picture.layout.gaps[address.layer]
    at = edge_line(gap, address.node, address.source).pointAt(0.7)
    return pixel(window, at.x(), at.y() + beside)


def test_under_the_mouse_other_edges_fade_but_not_the_selected_ones(bare):
    window = bare("many-rows")
    first, second, other = W, Address("weight", 1, 0, 1), Address("weight", 0, 1, 1)
    window.document.select(first, second)
    before = [on_edge(window, weight).tolist() for weight in (first, second, other)]
    hover(window.diagram, point(window, Address("weight", 0, 0, 1)))
    *kept, faded = (on_edge(window, weight).tolist() for weight in (first, second, other))
    assert kept == before[:2]
    assert faded != before[2]
    window.document.select(None)
    seen = []
    for at in (QPoint(3, 200), point(window, Address("node", 1, 0))):
        hover(window.diagram, at)
        weights = second, Address("weight", 1, 0, 0), other
        seen.append([on_edge(window, weight).tolist() for weight in weights])
    (*before, brighter), (*kept, faded) = seen
    assert (kept, faded != brighter) == (before, True), "the edges to the output stay"


def test_around_a_selected_weight_of_0_nothing_is_as_strong_as_a_weight(bare):
    window = bare("many-rows")
    window.document.push(edits.set_value(window.document.state, W, 0.0), "Set")
    window.document.select(W)
    for beside in (2, 3, 4):
        assert np.abs(on_edge(window, W, beside) - rgb(LIGHT.canvas)).max() < 50


def test_an_edge_under_the_mouse_shows_its_slope_where_there_is_no_room_for_it(bare):
    window = bare(state((4, 8, 3), spread=0))
    window.document.show_slopes(True)
    QApplication.processEvents()
    diagram, edge = window.diagram, Address("weight", 0, 3, 1)
    assert diagram.picture.label(edge._replace(kind="slope")) is None
    x, y = diagram.picture.layout.gaps[0].point(3, 1, 0.9)
    assert diagram.picture.address_at(x, y) == edge
    before = diagram.grab().toImage()
    hover(diagram, QPoint(round(x), round(y)))
    slope = next(label for label in diagram.picture.hidden_numbers(edge) if label.address.kind == "slope")
    inside = QRectF(*slope.rect.middle(slope.rect.width - 6, slope.rect.height - 6)).toRect()

    def purple_pixels(image):
        pixels = pixels_of(image.copy(inside))
        channels = np.stack([pixels >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(int)
        return (np.abs(channels - rgb(LIGHT.slope)).sum(axis=-1) < 120).sum()

    assert purple_pixels(diagram.grab().toImage()) > purple_pixels(before) + 10
    hover(diagram, QPoint(3, 200))
    assert diagram.grab().toImage() == before


# --- the structure


def test_nodes_are_added_and_removed_by_the_buttons_and_the_prediction_stays(bare, approved):
    window = bare("relu")
    before = window.document.state
    window.document.select(address_named(window, "node_1"))
    QTest.mouseClick(button(window, "Add a node to the hidden layer"), LEFT)
    assert window.document.state.network.sizes == (2, 3, 1)
    assert shown(window, "value", "output") == "52"
    approved("a node is added", status(window))
    hover(window.diagram, point(window, address_named(window, "node_2")._replace(kind="name")))
    window.document.undo()
    assert window.document.state is before
    assert not window.diagram.grab().isNull(), "what was under the mouse has gone"
    assert window.diagram.picture.address_at(5, 5) is None
    assert not button(window, "Remove the last output").isEnabled()
    for title, columns in (("Add an input", 3), ("Remove the last input", 2)):
        QTest.mouseClick(button(window, title), LEFT)
        assert window.document.state.data.inputs.shape == (1, columns)


def test_activation_biases_and_layers_are_chosen_from_the_column_menu(bare, approved):
    window, told = bare("relu"), []

    def choose(layer, text):
        menu = button(window, f"Menu: {layer}").menu()
        menu.aboutToShow.emit()
        entry(menu, text).trigger()
        told.append(status(window))
        return window.document.state.network.sizes, shown(window, "value", "output")

    assert choose("Hidden layer", "identity:  z") == ((2, 2, 1), "−39")
    assert choose("Hidden layer", "Add biases to the hidden layer") == ((2, 2, 1), "−39")
    assert window.document.state.network.layers[0].biases.tolist() == [0, 0]
    assert choose("Hidden layer", "Add a hidden layer after this one") == ((2, 2, 2, 1), "−39")
    assert choose("Hidden layer 2", "Remove hidden layer 2") == ((2, 2, 1), "−39")
    window.document.start(load(example("xor").path))
    window.document.select_row(1)
    choose("Hidden layer", "Add a hidden layer after this one")
    approved("the structure is changed by a menu", "\n".join(told))


def test_the_network_menu_says_which_layer_it_edits_and_leaves_no_menus_behind(afresh, approved):
    window = afresh("two-hidden-layers")
    menu, told, counts = entry(window.main_window.menuBar(), "Network").menu(), [], []
    for name in ("node_1_0", "output", "node_1_0"):
        window.document.select(address_named(window, name))
        menu.aboutToShow.emit()
        titles = [own.text().replace("&", "") for own in menu.actions() if own.text()]
        told.append(f"{name}: " + "; ".join(titles))
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        counts.append(len(window.main_window.findChildren(QMenu)))
    assert counts[0] == counts[2]
    approved("the network menu", "\n".join(told[:2]))
    window.document.select(None)
    menu.aboutToShow.emit()
    layers = [own.text().replace("&", "") for own in menu.actions() if own.menu()]
    assert layers[:4] == ["Inputs", "Hidden layer 1", "Hidden layer 2", "Prediction"]
    window.document.select(address_named(window, "node_1_1"))
    menu.aboutToShow.emit()
    window.document.select(address_named(window, "node_1_0"))
    menu.aboutToShow.emit()
    window.document.select(address_named(window, "node_1_1"))
    entry(menu, "Remove node_1_0").trigger()
    assert window.document.state.network.layers[1].nodes == ("node_1_1",)
    assert window.document.now.address == Address("node", 1, 0)


# --- frozen parts


def test_a_part_is_frozen_by_its_menu_says_so_and_stands_still_while_the_rest_learns(afresh, approved):
    window, told = afresh("xor"), []
    menu = entry(window.main_window.menuBar(), "Network").menu()
    weight, node, layer = (Address("weight", 1, 0, 1), Address("node", 0, 0), Address("layer", 0))

    def choose(address, text):
        window.document.select(address)
        menu.aboutToShow.emit()
        entry(menu, text).trigger()
        QApplication.processEvents()
        told.append(f"{status(window)}: {window.diagram.accessibleDescription()}")

    choose(weight, "Freeze the weight node_1 → output")
    choose(node, "Freeze node_0")
    menu.aboutToShow.emit()
    assert entry(menu, "Freeze the hidden layer"), "beside Unfreeze node_0"
    locks = window.diagram.picture.locks
    assert {*locks} == {weight, node}
    (x, y), corner = locks[node].center, place(window, node)
    assert (x, y) == (corner.right, corner.y)
    before = window.document.state.network
    offered(window, "One update").trigger()
    after = window.document.state.network
    still = [after.value_of(each) == before.value_of(each) for each in before.all_weights()]
    kept = [each for each, is_still in zip(before.all_weights(), still, strict=True) if is_still]
    assert kept == [Address("weight", 0, 0, 0), Address("weight", 0, 0, 1), Address("bias", 0, 0), weight]
    choose(layer, "Freeze the hidden layer")
    assert {*window.diagram.picture.locks} == {weight, layer}
    choose(Address("weight", 0, 1, 0), "Unfreeze the hidden layer")
    window.undo()
    assert {*window.diagram.picture.locks} == {weight, layer}
    approved("frozen parts", "\n".join(told))


def test_a_frozen_weight_is_explained_and_keeps_its_value_in_the_walk(afresh, approved):
    window = afresh("one-update")
    weight = address_named(window, "output", "input_1")
    window.document.edit("Freeze", edits.freeze, weight)
    bring(window, "Explain")
    click(window, weight._replace(kind="weight"))
    QTest.keyClick(editor_of(window), Qt.Key.Key_Escape)
    approved("the next update of a frozen weight", explained(window).partition("Next update")[2])
    offered(window, "Update").trigger()
    for _ in range(2):
        offered(window, "Next step").trigger()
    assert "input_1 → output: w (frozen) ← 2" in window.document.now.walk_line
    assert "input_0 → output: w ← 0 − 0.01·14 = −0.14" in window.document.now.walk_line


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


def test_the_controls_under_a_heading_can_be_hit_and_stand_on_nothing(open_window, qtbot, amount):
    window = open_window("two-hidden-layers", (900, 620))
    every = (900, 620), (1000, 650), (1280, 560), (1280, 800), (1920, 1080)
    for size in amount(quick=every[1::2], ci=every, night=every):
        window.main_window.resize(*size)
        qtbot.waitUntil(lambda size=size: window.main_window.width() == size[0])
        window.diagram.grab()
        QApplication.processEvents()
        controls = [own for own in window.diagram.findChildren(QToolButton) if own.isVisible()]
        places, picture = [own.geometry() for own in controls], window.diagram.picture
        assert overlap(places) == []
        whole = size in ((1000, 650), (1280, 800), (1920, 1080))
        assert len(controls) == 15 if whole else len(controls) > 9
        for own in controls if whole else ():
            assert min(own.width(), own.height()) >= 24
            assert own.toolTip()
            assert own.geometry().bottom() < picture.layout.body.y
        if size[1] <= 650:
            texts = [own for own in picture.headings if own.style == "heading" or own.address.layer < 0]
            rects = [QRectF(*own.rect).toRect() for own in texts]
            assert not any(at.intersects(rect) for at in places for rect in rects), size


def long_activation():
    layers = (
        replace(layer, activation="leaky_relu(0.0123456)", biases=[0.5] * len(layer))
        for layer in load(example("two-hidden-layers").path).network.layers
    )
    return State(Network(("accounts", "children"), tuple(layers)), Dataset([[3, 5], [1, 2]], [[200], [100]]))


OPENED = {
    "xor": lambda: load(example("xor").path),
    "4-8-3": lambda: state((4, 8, 3), activation="sigmoid"),
    "long": long_activation,
}


def test_the_control_of_every_activation_stands_whole_under_its_heading(qtbot, open_window, amount):
    every = [((1000, 650), 200), ((1000, 650), 100), ((1280, 800), 150), ((1920, 1080), 200)]
    for size, percent in amount(quick=every[:1], ci=every, night=every):
        if percent != 100:
            window = open_window("xor", size)
        window.set_size(percent)
        window.document.show_slopes(True)
        for name, make in OPENED.items():
            window.document.start(make())
            # in a narrow column the last line says only whose slopes are shown
            all_of_them = window.diagram.findChildren(ActivationButton)
            qtbot.waitUntil(lambda seen=all_of_them: any(own.isVisible() for own in seen))
            controls = [own for own in all_of_them if own.isVisible()]
            room = window.diagram.rect().adjusted(4, 0, -4, 0)
            for control in controls:
                assert room.contains(control.geometry()), (name, size, percent)
                scale = control.height() / HEIGHT_PX
                text = control.fontMetrics().horizontalAdvance(control.text().replace("&&", "&"))
                before_the_chevron = control.width() - (LEFT_PADDING_PX + RIGHT_PADDING_PX - 3) * scale
                assert text <= before_the_chevron, (name, size, percent)
            assert overlap([own.geometry() for own in controls]) == [], (name, size, percent)


def beside(window, control):
    """Return the items on the line of an activation's control, nearest first, and their side of it."""
    line, middle = [], control.geometry().center()
    for own in window.diagram.findChildren(QLabel):
        at = own.geometry()
        if own.isVisible() and own.text() and at.top() <= middle.y() <= at.bottom():
            away = at.center().x() - middle.x()
            line.append((abs(away), "before" if away < 0 else "behind", own.text()))
    return [(side, text) for _, side, text in sorted(line)]


@pytest.mark.parametrize(
    ("name", "layer", "function", "around"),
    [
        ("xor", "the hidden layer", "tanh", [("behind", "biases")]),
        ("large", "hidden layer 1", "relu", [("behind", "biases"), ("before", "100 nodes")]),
    ],
)
def test_the_control_of_an_activation_says_no_more_than_can_be_chosen_there(
    bare, name, layer, function, around
):
    window = bare(name)
    control = button(window, f"Activation of {layer}:")
    assert control.text() == function
    assert {*around} <= {*beside(window, control)[:2]}


def test_whose_slopes_are_shown_is_said_before_the_activation_which_stays_where_it_is(bare):
    for name in ("two-hidden-layers", "xor"):
        window = bare(name)
        control = button(window, "Activation of the prediction:")
        stands = control.geometry()
        for mean, said in ((False, "slopes of row 1"), (True, "slopes: mean of all rows")):
            window.document.show_slopes(True, mean)
            window.diagram.grab()
            assert ("before", said) in beside(window, control)
            assert control.geometry() == stands
    window.document.edit("keep a row", edits.validate_from, 3)
    window.diagram.grab()
    assert ("before", "mean of the training rows") in beside(window, control)


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


# --- the what-if row: numbers that are tried out, true like all others, stored only when wished


def tried_out(window):
    """Try out a row that no row of many-rows is."""
    window.document.select_row(1)
    window.document.show_what_if_row([7.5, -2.0])
    return window


def prediction(window, *inputs):
    return number(window.document.state.network.predict(inputs)[0, 0])


def test_the_window_shows_a_free_row_which_is_left_or_kept_by_the_menu_or_the_table(afresh, qtbot, approved):
    window = tried_out(afresh("many-rows"))
    assert [written(window, at) for at in (INPUT, HEADING, TARGET)] == ["7.5", "what-if row", "target –"]
    assert written(window, OUTPUT) == prediction(window, 7.5, -2.0)
    before, table, said = window.document.state, window.data.table, []
    assert not window.document.modified
    bring(window, "Explain")
    qtbot.waitUntil(lambda: "Click a node" in explained(window))
    for address in (Address("node", 1, 0), W, Address("node", -1, 0)):
        last = explained(window)
        window.document.select(address)
        qtbot.waitUntil(lambda last=last: explained(window) not in ("", last))
        said.append(explained(window))
    text = "\n---\n".join(said).replace("\u2028", " ").replace("\n= ", " = ")  # lines break by the font
    approved("the what-if row is explained", text)
    assert not table.currentIndex().isValid()
    at = table.visualRect(table.model().index(1, 0)).center()
    for leave in (
        lambda: QTest.mouseClick(table.viewport(), LEFT, pos=at),
        lambda: choose_entry(window, "Discard"),
    ):
        leave()
        assert (window.document.now.what_if_row, written(window, HEADING)) == (None, "row 2 of 4")
        for title in ("Add to the data", "Discard"):
            assert not offered(window, title).isEnabled()
        tried_out(window)
    choose_entry(window, "Add to the data")
    assert window.document.state.data.inputs.tolist()[2] == [7.5, -2.0]
    assert window.document.state.data.targets.tolist()[2] == [0.0]
    assert written(window, HEADING) == "row 3 of 5"
    approved("the what-if row is kept", status(window))
    choose_entry(window, "Undo")
    assert window.document.state is before
    assert written(window, HEADING) == "row 3 of 4"


def test_the_first_row_of_a_network_without_data_is_tried_out_and_kept(afresh, approved):
    network = Network.from_weights({"node_0": [2, 4], "output": [3]})
    window = afresh(State(network, Dataset.empty(network)))
    window.document.show_what_if_row([1.0, 2.0])
    assert written(window, OUTPUT) == "30"
    press(window, "Space")
    window.player.to_end()
    assert walking(window)
    choose_entry(window, "Add to the data")
    assert window.document.state.data.inputs.tolist() == [[1.0, 2.0]]
    assert window.document.state.data.targets is None
    approved("the what-if row is kept as the first row", status(window))


def test_a_free_row_is_edited_and_dragged_on_the_diagram_and_not_in_the_data(bare, approved):
    window = tried_out(bare("many-rows"))
    before = window.document.state
    set_number(window, INPUT, "-1.25")
    assert written(window, INPUT) == "−1.25"
    assert written(window, OUTPUT) == prediction(window, -1.25, -2.0)
    said = [status(window)]
    click(window, INPUT)
    QTest.keyClick(editor_of(window), Qt.Key.Key_Up)
    assert written(window, OUTPUT) == prediction(window, -1.15, -2.0)
    QTest.keyClick(editor_of(window), Qt.Key.Key_Escape)
    assert written(window, INPUT) == "−1.25"
    drag(window.diagram, point(window, INPUT), 36)
    assert window.document.now.what_if_row[0] > -1.25
    click(window, TARGET)
    assert not window.diagram.session.open
    approved(
        "what is typed into the what-if row, and a click on its target", "\n".join([*said, status(window)])
    )
    assert window.document.state is before


def test_edits_of_weights_and_training_keep_the_free_row_without_slopes(bare):
    window = tried_out(bare("many-rows"))
    for change in (lambda: window.document.edit("Set", edits.set_value, W, 1.0), window.runner.step):
        change()
        assert written(window, OUTPUT) == prediction(window, 7.5, -2.0)
    assert window.document.state.iteration == 1
    with pytest.raises(ValueError, match=r"inputs\[1\]: expected a finite number"):
        window.document.show_what_if_row([1.0, np.nan])
    assert window.document.now.what_if_row.tolist() == [7.5, -2.0]
    window.document.show_slopes(True)
    line = Address("subheading", 1, 0)
    assert written(window, line).startswith("no slopes: a what-if row has no target")
    window.document.show_slopes(True, mean_over_rows=True)
    assert "mean of all rows" in written(window, line)
    slope = window.document.now.means.slopes.layers[0].weights[0, 0]
    assert written(window, Address("slope", 0, 0, 0)) == number(slope)


def test_a_row_chosen_other_data_or_other_inputs_leave_the_free_row(bare):
    for leave in (
        lambda window: window.document.select_row(1),
        lambda window: window.document.push(
            edits.set_value(window.document.state, Address("input", -1, 0), 9.0, 0), "Set"
        ),
        lambda window: window.document.push(edits.add_node(window.document.state, 0), "Add"),
    ):
        window = tried_out(bare("many-rows"))
        leave(window)
        assert window.document.now.what_if_row is None
        assert written(window, HEADING) == "row 2 of 4"
        assert written(window, INPUT) == number(window.document.state.data.inputs[1, 0])


# --- thumbnails in the nodes


def place_of(window, column, node):
    return window.diagram.picture.layout.columns[column].picture_of(node)


def colour_of(weight, largest):
    """Return the colour of a weight beside the largest one: red, green and blue."""
    packed = int(weight_colours(np.array([[weight, largest]]), LIGHT)[0, 0])
    return np.array([packed >> shift & 255 for shift in (16, 8, 0)])


def follows(window):
    """Return whether the output's picture shows the present function, at points all over it."""
    own, at = window.document.state, place_of(window, 2, 0)
    low, high = own.data.inputs.min(axis=0), own.data.inputs.max(axis=0)
    low, high = low - 0.1 * (high - low), high + 0.1 * (high - low)
    for across, up in ((0.2, 0.3), (0.5, 0.5), (0.8, 0.3), (0.3, 0.8), (0.75, 0.75)):
        predicted = own.network.predict([low + np.array([across, up]) * (high - low)])[0, 0]
        seen = pixel(window, at.x + across * at.width, at.bottom - up * at.height)
        if np.abs(seen - colour_of(np.clip(2 * predicted - 1, -1, 1), 1.0)).max() > 26:  # blended there
            return False
    return True


def test_small_pictures_are_switched_on_by_key_or_menu_remembered_and_follow(open_window, settings, qtbot):
    window = open_window("xor")
    before = window.diagram.grab().toImage()
    assert not offered(window, TITLE).isChecked()
    for switch, shows in (
        (lambda: QTest.keyClick(window.diagram, Qt.Key.Key_I, CTRL), True),
        (lambda: choose_entry(window, TITLE), False),
        (lambda: choose_entry(window, TITLE), True),
    ):
        switch()
        assert offered(window, TITLE).isChecked() == settings.get(PICTURES, False) == shows
        assert follows(window) if shows else window.diagram.grab().toImage() == before
    middle = place_of(window, 2, 0).center
    colour = pixel(window, *middle)
    set_number(window, Address("weight", 1, 0, 1), "-3")
    assert (pixel(window, *middle) != colour).any()
    assert follows(window)
    window.undo()
    assert (pixel(window, *middle) == colour).all()
    window.runner.run()
    qtbot.waitUntil(lambda: window.document.state.iteration > 3)
    window.runner.pause()
    qtbot.waitUntil(lambda: not window.document.now.is_moving)
    assert follows(window)
    again = open_window("xor")
    assert offered(again, TITLE).isChecked()
    assert follows(again)
    again.document.start(load(example("large").path))
    for _ in range(2):
        choose_entry(again, TITLE)
    assert "one or two inputs" in status(again)
    assert all(column.picture == 0.0 for column in again.diagram.picture.layout.columns)


def test_the_selected_row_is_a_dot_in_the_small_pictures_also_on_paper(bare):
    for name in ("curve", "digits", "xor"):
        window = bare(name)
        window.diagram.show_pictures(True)
        text = sheet_svg(sheet(window.diagram.picture, 900, 500), LIGHT)
        assert text.count("<image") + text.count("<polygon") > window.document.state.network.sizes[1], name
    at = place_of(window, 2, 0)
    for row, (across, up) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        window.document.select_row(row)
        dot = at.x + (across + 0.1) / 1.2 * at.width, at.bottom - (up + 0.1) / 1.2 * at.height
        assert pixel(window, *dot).mean() < 60


def test_pixels_are_the_digit_of_the_selected_row_and_can_be_changed(bare):
    window = bare("digits")
    column = window.diagram.picture.layout.columns[0]
    for row in (7, 0):
        window.document.select_row(row)
        image = window.diagram.grab().toImage()
        values = window.document.state.data.inputs[row]
        for k, share in enumerate(values / values.max()):
            seen = image.pixelColor(*(round(v) for v in column.rect(k).center)).getRgb()[:3]
            blend = (1 - share) * np.array(rgb(LIGHT.input_node)) + share * np.array(rgb(LIGHT.positive))
            assert np.abs(blend - seen).max() < 4
    at = QPointF(*column.rect(11).center).toPoint()
    rest(window.diagram, at)
    assert QToolTip.text() == f"pixel_1_3 = {window.document.state.data.inputs[0, 11]}"
    double_click(window.diagram, at)
    write(editor_of(window), "0.25")
    QTest.keyClick(editor_of(window), Qt.Key.Key_Return)
    assert window.document.state.data.inputs[0, 11] == 0.25


def test_a_pixel_of_a_node_is_a_weight_that_a_click_selects(bare):
    window = bare("digits")
    window.diagram.show_pictures(True)
    weights, layout = window.document.state.network.layers[0].weights, window.diagram.picture.layout
    tile = place_of(window, 1, 5)
    at = QPoint(round(tile.x + 3.5 * tile.width / 8), round(tile.y + 2.5 * tile.height / 8))
    wanted = colour_of(weights[5, 19], np.abs(weights).max())
    assert np.abs(pixel(window, at.x(), at.y()) - wanted).max() < 3
    digit = layout.columns[0].rect(19)
    before = pixel(window, digit.x - 1, digit.y - 1)
    rest(window.diagram, at)
    assert pixel(window, digit.x - 1, digit.y - 1).sum() < before.sum()  # its pixel of the digit is outlined
    assert QToolTip.text() == f"weight from pixel_2_3 to node_0_5: {full_text(weights[5, 19])}"
    for clicked, selected in (
        (at, Address("weight", 0, 5, 19)),
        (QPointF(*layout.columns[1].bar_of(5).center).toPoint(), Address("node", 0, 5)),
    ):
        QTest.mouseClick(window.diagram, LEFT, pos=clicked)
        assert window.document.now.address == selected


# --- numbers and names are edited where they stand

SHIFT, ALT = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def window(bare):
    return bare("relu")


def keys(window, key, modifier=NONE):
    QTest.keyClick(editor_of(window), key, modifier)


def test_a_typed_weight_changes_every_number_that_depends_on_it(window):
    for typed, key in (("9", Qt.Key.Key_Escape), ("2.0", Qt.Key.Key_Return)):
        set_number(window, W, typed, key)
        assert (written(window, W), window.document.modified) == ("2", False), typed
    click(window, W)
    assert editor_of(window).text() == editor_of(window).selectedText() == "2"
    write(editor_of(window), "1")
    QTest.mouseClick(window.diagram, LEFT, NONE, QPoint(20, 300))  # elsewhere
    assert not window.diagram.session.open
    assert [shown(window, "value", name) for name in ("node_0", "output")] == ["23", "46"]
    assert shown(window, "error", "output") == "error −14"
    assert "= 23" in window.diagram.picture.describe(Address("node", 0, 0))
    set_number(window, W, "0,123456789012")
    assert "0.123456789012" in window.diagram.picture.describe(W)


def test_all_that_is_typed_over_a_weight_is_in_sight_within_the_diagram(window):
    for source in ("accounts", "children"):
        for text in ("−12.375", "−0.3333333333333333"):
            set_number(window, address_named(window, "node_0", source), text, key=None)
            editor = editor_of(window)
            assert list(cut_off(editor)) == []
            assert window.diagram.rect().contains(editor.geometry())
            keys(window, Qt.Key.Key_Escape)


def test_what_is_no_number_is_refused_with_a_reason_and_changes_nothing(window, approved):
    before = window.document.state
    set_number(window, W, "1,000")
    assert editor_of(window).isVisible()
    approved("refused as number", status(window))
    keys(window, Qt.Key.Key_Escape)
    assert window.document.state is before


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
    for _ in range(3):
        keys(window, Qt.Key.Key_Up)
    assert (editor_of(window).text(), shown(window, "z", "node_0")) == ("2.3", "z 26.9")
    for key, modifier, text in ((Qt.Key.Key_Down, SHIFT, "1.3"), (Qt.Key.Key_Up, ALT, "1.31")):
        keys(window, key, modifier)
        assert editor_of(window).text() == text
    turn(editor_of(window), 1)
    assert editor_of(window).text() == "1.41"
    keys(window, Qt.Key.Key_Return)
    window.document.undo()
    assert (written(window, W), window.document.undo_text()) == ("2", "")
    click(window, W)
    keys(window, Qt.Key.Key_Up)
    keys(window, Qt.Key.Key_Escape)
    assert written(window, W) == "2", "Escape takes nudges back, and nothing else"
    click(window, W)
    keys(window, Qt.Key.Key_Up)
    window.runner.step()
    stepped = window.document.state
    keys(window, Qt.Key.Key_Escape)
    assert window.document.state is stepped


def test_dragging_a_number_sideways_scrubs_it_and_each_drag_is_one_undo_entry(window):
    for dx, weight in ((60, "3"), (-30, "2.5")):
        drag(window.diagram, point(window, W), dx)
        assert written(window, W) == weight
    for weight in ("3", "2"):
        window.document.undo()
        assert written(window, W) == weight
    assert window.document.undo_text() == ""
    before, start = window.diagram.picture.scale, point(window, W)
    QTest.mousePress(window.diagram, LEFT, NONE, start)
    for x in range(0, 720, 60):
        QTest.mouseMove(window.diagram, start + QPoint(x, 0))
    assert window.document.state.network.layers[0].weights[0, 0] > 10
    assert window.diagram.picture.scale == before, "edges keep their scale meanwhile"
    QTest.mouseRelease(window.diagram, LEFT, NONE, start + QPoint(714, 0))
    assert window.diagram.picture.scale > 10


def test_what_is_dragged_is_selected(bare):
    window = bare("xor")
    bias, other = Address("bias", 0, 1), W._replace(node=1)
    for address, selected in ((W, W), (bias, bias), (other, other), (INPUT, Address("node", -1, 0))):
        drag(window.diagram, point(window, address), 30)
        assert window.document.now.address == selected
    window.document.select(W, other)
    drag(window.diagram, point(window, other), 30)
    assert window.document.now.weights == (W, other)


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


def test_inputs_targets_and_biases_are_edited_where_they_stand(window, bare, approved):
    said = []
    for own, address, what, shows in (
        (window, INPUT, "1", {"value": "44", "error": "error −16"}),
        (window, TARGET, "50", {"value": "44", "error": "error −6"}),
        (bare("xor"), Address("bias", 1, 0), "0.5", {"value": "0.5"}),
    ):
        set_number(own, address, what)
        assert {kind: shown(own, kind, "output") for kind in shows} == shows
    for kind, *at in (("name", 0, 0), ("name", -1, 0), ("target", 1, 0), ("weight", 0, 0, 0)):
        click(window, Address(kind, *at))
        if kind == "name":
            assert not window.diagram.session.open, "the first click on a name selects the node"
            click(window, Address(kind, *at))
        said.append(editor_of(window).accessibleName())
        keys(window, Qt.Key.Key_Escape)
    approved("what an open field edits", "\n".join(said))


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
    set_number(window, name, "Konten & <b>")
    assert window.document.state.network.inputs == ("Konten & <b>", "children")
    set_number(window, name, "node_0")
    assert window.document.state.network.inputs[0] == "Konten & <b>"
    assert QToolTip.text() == status(window)
    approved("a taken name", status(window))
    assert editor_of(window).text() == "node_0"
    write(editor_of(window), "0")
    keys(window, Qt.Key.Key_Return)
    assert window.document.state.network.inputs[0] == "node_00"
    set_number(window, name, "x", Qt.Key.Key_Tab)
    assert window.document.state.network.inputs[0] == "x"
    assert not window.diagram.session.open, "Tab goes on from number to number alone"
    QToolTip.hideText()


def test_a_mouse_that_rests_on_a_node_fades_no_weight_that_is_edited(window):
    edge, node = address_named(window, "output", "node_1"), address_named(window, "accounts")
    x, y = map(round, window.diagram.picture.layout.gaps[edge.layer].point(edge.node, edge.source, 0.8))

    def strength():
        """Return how far the edge stands out from the canvas, near its end."""
        image = window.diagram.grab().toImage()
        return 255 - min(image.pixelColor(x, y + dy).red() for dy in range(-2, 3))

    before = strength()
    hover(window.diagram, point(window, node))
    assert strength() < before / 2
    click(window, edge)
    assert strength() == before
    keys(window, Qt.Key.Key_Backtab)
    hover(window.diagram, point(window, node))
    assert strength() == before


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
