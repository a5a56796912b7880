"""The picture of the function is true at every point, and a point in it becomes the free row."""

from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolTip

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.function import refined, section
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import shown
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.picture.shades import of_numbers, shades
from nnviz.picture.tone import Tone
from nnviz.ui.function.plane import FunctionPlane
from nnviz.ui.pictures.drawing import Look
from nnviz.ui.pictures.plots import PlotDrawing
from nnviz.ui.widgets.theme import draw_at
from tests.ui import hands
from tests.ui.sees import offered, status, written

LEFT = Qt.MouseButton.LeftButton
FIRST, SECOND, OUTPUT = Address("input", -1, 0), Address("input", -1, 1), Address("value", 1, 0)


def network(inputs, hidden, outputs, last, names=None):
    layers = (
        Layer([f"node_{k}" for k in range(hidden)], "tanh", np.zeros((hidden, inputs)), np.zeros(hidden)),
        Layer(outputs, last, np.zeros((len(outputs), hidden)), np.zeros(len(outputs))),
    )
    return Network(names or [f"x{k}" for k in range(inputs)], layers).randomised(4)


def two_classes():
    """Rows around a point and away from it, learnt."""
    x = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    y = (np.hypot(*x.T) > 0.6).astype(float)[:, None]
    state = State(network(2, 6, ["output"], "sigmoid"), Dataset(x, y), Training(3.0, 400))
    return State(train(state).state.network, state.data)


def three_classes(inputs=4):
    x = np.random.default_rng(1).normal(size=(30, inputs))
    classes = [f"class {k}" for k in range(3)]
    return State(network(inputs, 5, classes, "softmax"), Dataset(x, np.eye(3)[np.arange(30) % 3]))


def one_input(outputs=("output",)):
    x = np.linspace(-1, 1, 9)[:, None]
    return State(network(1, 4, outputs, "identity"), Dataset(x, np.repeat(x**2, len(outputs), axis=1)))


@pytest.fixture
def open_panel(qtbot, open_window):
    """Return a function that opens a window with the panel in sight: the window and the panel, settled."""

    def open_it(what):
        window = open_window(what)
        panel = hands.bring(window, "Function")
        settle(qtbot, panel)
        panel.grab()  # an axis takes its room once it has been painted
        settle(qtbot, panel)
        return window, panel

    return open_it


def settle(qtbot, panel):
    qtbot.waitUntil(lambda: not panel.work.busy and panel.view.found, timeout=20_000)


def place(panel, x, y):
    return panel.plane.place_of(x, y).toPoint()


def click(panel, x, y):
    QTest.mouseClick(panel.plane.viewport(), LEFT, pos=place(panel, x, y))


def predicted(window, held, along, *values):
    """Return the prediction for a row, some inputs of which are given."""
    row = np.array(held, dtype=float)
    row[list(along)] = values
    return window.document.state.network.predict(row)[0]


def middle(panel):
    """Return a point in the picture that is not on a row."""
    (left, right), (bottom, top) = panel.plane.view()
    return left + 0.62 * (right - left), bottom + 0.31 * (top - bottom)


# --- the picture is true


@pytest.mark.parametrize("make", [two_classes, three_classes, lambda: three_classes(784)])
def test_each_pixel_of_the_map_is_the_prediction_with_the_others_as_in_the_row(qtbot, open_panel, make):
    window, panel = open_panel(make())
    window.selection.row = 7
    settle(qtbot, panel)
    held, picture = window.document.state.data.inputs[7], panel.plane.picture
    across, up = picture.values
    assert (len(across), len(up)) == panel.plane.pixels
    for i, j in ((0, 0), (3, 20), (len(across) // 2, len(up) // 3), (len(across) - 1, len(up) - 1)):
        found = panel.plane.picture.prediction[j, i]
        assert found == pytest.approx(predicted(window, held, (0, 1), across[i], up[j]), rel=1e-9)


def test_the_colours_are_those_of_the_predictions_and_the_line_is_where_it_is_a_half(open_panel):
    window, panel = open_panel(two_classes())
    line = panel.plane.line()
    on_it = window.document.state.network.predict(line[np.isfinite(line).all(axis=1)])
    assert len(on_it) > 20
    assert on_it == pytest.approx(0.5, abs=0.01)
    for x, y in ((0.0, 0.0), (0.95, -0.95), (-0.2, 0.1), (-0.9, 0.9)):
        red, _, blue, alpha = panel.plane.colour_at(x, y)
        is_second = predicted(window, [0, 0], (0, 1), x, y)[0] > 0.5
        assert (blue > red) == is_second
        assert alpha == 255


def test_the_numbers_beside_the_tones_have_room_in_every_size(qapp, qtbot):
    light, state = PALETTES["light"], two_classes()
    plane, tone, tones = FunctionPlane(light), Tone(0.0, 1e6, False), shades(light, False)
    qtbot.addWidget(plane)
    *_, found = refined(state.network, section(state.data, (0, 1), np.zeros(2)), (8, 8), 1e6)
    plane.show_map(found, of_numbers(found.prediction[..., 0], tone, tones), np.empty((0, 2)), tone, tones)
    scale = plane.plotItem.layout.itemAt(2, 3)
    before = scale.minimumWidth()
    try:
        draw_at(qapp, 150)
        plane.set_palette(light)
        assert scale.minimumWidth() > 1.2 * before
    finally:
        draw_at(qapp, 100)


def test_between_classes_the_line_is_where_two_outputs_are_the_largest(open_panel):
    window, panel = open_panel(three_classes(2))
    line = panel.plane.line()
    shares = np.sort(window.document.state.network.predict(line[np.isfinite(line).all(axis=1)]))
    assert len(shares) > 10
    assert shares[:, -1] == pytest.approx(shares[:, -2], abs=0.01)
    assert panel.key.isVisible()


def test_the_curve_over_one_input_is_the_prediction(open_panel):
    window, panel = open_panel(one_input())
    curve = panel.plane.curve()
    assert len(curve) == panel.plane.pixels[0]
    assert curve[:, 1] == pytest.approx(window.document.state.network.predict(curve[:, :1])[:, 0])
    assert panel.plane.marks.rows.points == pytest.approx(
        np.hstack([window.document.state.data.inputs, window.document.state.data.targets])
    )
    assert not panel.axes.up.isVisible()


def test_of_several_outputs_each_has_a_curve_or_one_is_chosen(qtbot, open_panel):
    window, panel = open_panel(one_input(("low", "high")))
    network = window.document.state.network
    for output in (0, 1):
        curve = panel.plane.curve(output)
        assert curve[:, 1] == pytest.approx(network.predict(curve[:, :1])[:, output])
    choose(panel.axes.output, "high")
    settle(qtbot, panel)
    curve = panel.plane.curve()
    assert curve[:, 1] == pytest.approx(network.predict(curve[:, :1])[:, 1])
    assert not len(panel.plane.curve(1))


def test_predictions_are_drawn_over_targets_and_a_click_selects_the_row(qtbot, open_panel):
    window, panel = open_panel(one_input())
    choose(panel.axes.across, "target")
    settle(qtbot, panel)
    data = window.document.state.data
    expected = np.hstack([data.targets, window.document.state.network.predict(data.inputs)])
    assert panel.plane.marks.rows.points == pytest.approx(expected)
    click(panel, *expected[2])
    assert window.selection.row == 2
    assert window.selection.free is None
    QTest.keyClick(panel.plane, Qt.Key.Key_Right)
    assert window.selection.row == 3


def test_predictions_that_take_long_are_never_those_of_other_rows(qtbot, open_panel):
    x = np.linspace(-1, 1, 1400)[:, None]
    window, panel = open_panel(State(network(1, 2_000, ["output"], "identity"), Dataset(x, x**2)))
    choose(panel.axes.across, "target")
    settle(qtbot, panel)
    drawn = panel.plane.marks.rows.points
    assert len(drawn) == 1400
    window.document.edit("remove a row", edits.remove_rows, [0])
    qtbot.waitUntil(lambda: panel.plane.marks.rows.points is not drawn)
    hands.hover(panel.plane.viewport(), place(panel, 0.5, 0.5))
    settle(qtbot, panel)
    assert len(panel.plane.marks.rows.points) == 1399


def test_rows_for_validation_are_hollow_and_it_says_so(open_panel):
    state = two_classes()
    _, panel = open_panel(State(state.network, state.data, Training(validation=0.25)))
    assert np.flatnonzero(panel.plane.marks.rows.hollow).tolist() == list(range(30, 40))
    assert "Hollow: rows for validation." in panel.caption.text()


def test_in_the_tones_of_numbers_those_for_validation_have_a_dot_and_it_says_so(open_panel):
    x = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    y = [[5.0], [0.0], [5.0], [0.0]]  # rows 2 and 4 are as pale as the ground
    state = State(network(2, 4, ["output"], "identity"), Dataset(x, y), Training(validation=0.25))
    _, panel = open_panel(state)
    image = panel.plane.viewport().grab().toImage()
    trained, kept = (image.pixelColor(place(panel, *x[row])).lightness() for row in (1, 3))
    assert trained > 240 > 60 > kept
    assert "With a dot: rows for validation." in panel.caption.text()


def test_it_follows_an_edit_a_run_and_undo(qtbot, open_panel):
    window, panel = open_panel(two_classes())

    def is_true():
        settle(qtbot, panel)
        across, up = panel.plane.picture.values
        expected = predicted(window, [0, 0], (0, 1), across[30], up[40])
        return panel.plane.picture.prediction[40, 30] == pytest.approx(expected, rel=1e-9)

    spans = panel.plane.picture.section.spans
    window.document.push(edits.set_weight(window.document.state, 0, 0, 0, 3.0), "Set")
    assert is_true()
    window.training.step()
    assert is_true()
    offered(window, "Undo").trigger()
    assert is_true()
    assert panel.plane.picture.section.spans == spans


def test_while_a_run_goes_on_the_picture_is_that_of_the_present_state(qtbot, open_panel):
    window, panel = open_panel(two_classes())
    window.document.push(edits.set_training(window.document.state, Training(0.01, 100_000)), "Set")
    seen = []

    def look(_old, new):
        across, up = panel.plane.picture.values
        expected = new.network.predict([across[5], up[9]])[0]
        seen.append(panel.plane.picture.prediction[9, 5] == pytest.approx(expected, rel=1e-9))

    window.document.state_changed.connect(look)
    window.runner.run()
    qtbot.waitUntil(lambda: len(seen) > 5)
    window.runner.pause()
    assert seen.count(True) > len(seen) / 2
    settle(qtbot, panel)
    assert tuple(map(len, panel.plane.picture.values)) == panel.plane.pixels


# --- the point


def test_a_click_puts_its_numbers_on_the_diagram_and_stores_nothing(open_panel):
    window, panel = open_panel("xor")
    before = window.document.state
    click(panel, 0.4, 0.7)
    x, y = window.selection.free
    assert (x, y) == pytest.approx((0.4, 0.7), abs=0.03)
    assert (written(window, FIRST), written(window, SECOND)) == (shown(x), shown(y))
    assert written(window, OUTPUT) == shown(before.network.predict([x, y])[0, 0])
    assert window.document.state is before
    assert status(window) == "Free row: nothing is stored. Enter keeps it as a row, Escape leaves it"
    assert panel.keep.isVisible()


def test_dragged_it_follows_the_mouse_and_holds_what_does_not_vary(open_panel):
    window, panel = open_panel(three_classes())
    window.selection.row = 4
    held = window.document.state.data.inputs[4]
    viewport = panel.plane.viewport()
    start, end = place(panel, *held[:2]), place(panel, 0.5, -0.5)
    QTest.mousePress(viewport, LEFT, pos=start)
    for part in (0.3, 0.6, 1.0):
        QTest.mouseMove(viewport, start + (end - start) * part)
    QTest.mouseRelease(viewport, LEFT, pos=end)
    assert window.selection.free[:2] == pytest.approx([0.5, -0.5], abs=0.1)
    assert window.selection.free[2:].tolist() == held[2:].tolist()


def test_arrows_move_it_enter_keeps_it_and_undo_removes_it(open_panel):
    window, panel = open_panel("xor")
    before = window.document.state
    panel.plane.setFocus()
    QTest.keyClick(panel.plane, Qt.Key.Key_Right)
    QTest.keyClick(panel.plane, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert window.selection.free.tolist() == [0.1, 1.0]
    QTest.keyClick(panel.plane, Qt.Key.Key_Return)
    assert window.selection.free is None
    assert window.document.state.data.inputs.tolist()[1] == [0.1, 1.0]
    assert "row 2" in status(window)
    assert len(panel.plane.marks.rows.points) == 5
    offered(window, "Undo").trigger()
    assert window.document.state is before


def test_escape_and_the_button_leave_it(open_panel):
    window, panel = open_panel("xor")
    click(panel, 0.4, 0.7)
    QTest.keyClick(panel.plane, Qt.Key.Key_Escape)
    assert window.selection.free is None
    assert not panel.keep.isVisible()
    assert status(window) == "The free row is left: row 1 is on the diagram"
    click(panel, 0.4, 0.7)
    QTest.mouseClick(panel.leave, LEFT)
    assert window.selection.free is None


def test_it_is_left_where_its_input_is_removed(qtbot, open_panel):
    window, panel = open_panel("xor")
    click(panel, 0.4, 0.7)
    assert window.document.edit("Remove", structure.remove_node, 0, 1)
    settle(qtbot, panel)
    assert window.selection.free is None
    assert panel.plane.picture.values[0].shape == (panel.plane.pixels[0],)


def test_what_is_read_out_is_the_prediction_for_the_inputs_that_it_says(open_panel):
    window, panel = open_panel("xor")
    hands.hover(panel.plane.viewport(), QPoint(1, 1), place(panel, 0.3, 0.6))
    lines = panel.plane.read_out.text().splitlines()
    x, y = (float(line.partition(" = ")[2].replace("−", "-")) for line in lines[:2])
    assert lines[0].startswith("x_0 = ")
    assert lines[2] == f"output: {shown(predicted(window, [0, 0], (0, 1), x, y)[0])}"
    panel.plane.setFocus()
    QTest.keyClick(panel.plane, Qt.Key.Key_Right)  # the mouse is elsewhere
    assert not panel.plane.read_out.isVisible()


# --- the choices


def choose(choice, text):
    """Choose by the keyboard alone, as from the list that is closed."""
    choice.setFocus()
    wanted = next(k for k in range(choice.count()) if choice.itemText(k) == text)
    while choice.currentIndex() != wanted:
        QTest.keyClick(choice, Qt.Key.Key_Down if choice.currentIndex() < wanted else Qt.Key.Key_Up)


def test_axes_are_chosen_by_the_keyboard_and_the_others_are_held(qtbot, open_panel):
    window, panel = open_panel(three_classes())
    choose(panel.axes.across, "x3")
    choose(panel.axes.up, "x2")
    settle(qtbot, panel)
    held, (across, up) = window.document.state.data.inputs[0], panel.plane.picture.values
    found = panel.plane.picture.prediction[11, 17]
    assert found == pytest.approx(predicted(window, held, (3, 2), across[17], up[11]), rel=1e-9)
    assert "Other 2 inputs: as in row 1." in panel.caption.text()
    window.selection.row = 1
    settle(qtbot, panel)
    assert "as in row 2." in panel.caption.text()
    choose(panel.axes.up, "prediction")
    settle(qtbot, panel)
    curve = panel.plane.curve(2)
    assert curve[5, 1] == pytest.approx(
        predicted(window, window.document.state.data.inputs[1], (3,), curve[5, 0])[2], rel=1e-9
    )


@pytest.mark.parametrize("size", [(1000, 650), (1280, 800)])
def test_long_names_that_begin_and_end_alike_are_told_apart_in_the_choices(open_window, size):
    names = {
        k: f"{part} {of} (cm)"
        for k, (part, of) in enumerate(product(["sepal", "petal"], ["length", "width"]))
    }
    window = open_window(edits.rename_columns(load(example("iris").path), names), size=size)
    panel = hands.bring(window, "Function")
    shown = [choice.shown_text for choice in (panel.axes.across, panel.axes.up)]
    assert [text[:7] for text in shown] == ["sepal l", "sepal w"]
    assert [choice.currentText() for choice in (panel.axes.across, panel.axes.up)] == [names[0], names[1]]
    hands.rest(panel.axes.up, panel.axes.up.rect().center())
    assert QToolTip.text() == "sepal width (cm)\nWhat is drawn upwards"
    QToolTip.hideText()


def test_one_output_of_several_is_drawn_alone(qtbot, open_panel):
    _, panel = open_panel(three_classes(2))
    choose(panel.axes.output, "class 1")
    settle(qtbot, panel)
    assert not panel.key.isVisible()
    x, y = middle(panel)
    hands.hover(panel.plane.viewport(), QPoint(1, 1), place(panel, x, y))
    assert panel.plane.read_out.text().splitlines()[-1].startswith("class 1: ")


# --- what is not there, and what is too much


def states_that_lack():
    net = network(2, 3, ["output"], "sigmoid")
    yield "no rows", State(net, Dataset.empty(net))
    yield "no targets", State(net, Dataset([[1.0, 2.0], [3.0, 4.0]]))
    yield "constant", State(net, Dataset([[2.0, 0.0], [2.0, 0.0]], [[1.0], [1.0]]))
    huge = Network(("a", "b"), (Layer(("output",), "identity", [[1e308, 1e308]]),))
    yield "too large", State(huge, Dataset([[1e5, 2.0], [3.0, 4.0]], [[0.0], [5.0]]))
    yield (
        "long names",
        State(network(2, 3, ["o" * 200], "identity", ["i" * 200, "j" * 200]), Dataset([[1.0, 2.0]])),
    )
    wide = network(9_997, 2, ["output"], "tanh")
    yield "wide", State(wide, Dataset(np.ones((2, 9_997)), [[0.0], [1.0]]))
    names = [f"class {k}" for k in range(30)]
    yield "many classes", State(network(2, 3, names, "softmax"), Dataset(np.eye(2), np.eye(30)[:2]))


@pytest.mark.parametrize(("name", "state"), [pytest.param(*each, id=each[0]) for each in states_that_lack()])
def test_what_is_missing_or_too_much_is_drawn_all_the_same(open_panel, name, state):
    window, panel = open_panel(state)
    picture = panel.plane.picture
    assert tuple(map(len, picture.values)) == panel.plane.pixels
    x, y = middle(panel)
    click(panel, x, y)
    assert window.selection.free is not None
    assert panel.plane.accessibleDescription().startswith("Free row: ")
    hands.hover(panel.plane.viewport(), QPoint(1, 1), place(panel, x, y))
    assert panel.plane.read_out.isVisible()
    if name == "too large":
        assert panel.plane.colour_at(9e4, 2.0)[3] == 0


def test_with_no_rows_the_others_are_0_and_it_says_so(open_panel):
    net = network(3, 3, ["output"], "sigmoid")
    _, panel = open_panel(State(net, Dataset.empty(net)))
    assert "Other input: 0, for there is no row." in panel.caption.text()


def test_another_network_begins_with_its_own_inputs(qtbot, open_panel):
    window, panel = open_panel("xor")
    window.document.start(three_classes())
    settle(qtbot, panel)
    assert [panel.axes.across.itemText(k) for k in range(5)][:2] == ["x0", "x1"]
    assert panel.plane.picture.prediction.shape[-1] == 3


@pytest.mark.parametrize("make", [two_classes, three_classes, one_input])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_exported_as_what_it_is(open_panel, make, theme):
    window, panel = open_panel(make())
    svg = PlotDrawing(panel, "A title").svg(Look(600, 400, theme))
    assert svg.startswith(b"<?xml")
    marks = sum(svg.count(b"<" + shape) for shape in (b"circle", b"rect", b"polygon", b"ellipse"))
    assert marks > len(window.document.state.data)
    assert (b"<image" in svg) == (panel.view.axes.up is not None)


# --- the room that it has


def seen(card, widget):
    """Tell whether all of a widget is in what is seen of its panel."""
    room = card.parentWidget()
    return room.rect().contains(QRect(widget.mapTo(room, QPoint()), widget.size()))


def test_in_a_tall_column_all_is_in_sight_and_in_a_low_one_the_plot_is_high_and_the_rest_scrolled_to(
    qtbot, open_window
):
    window = open_window("iris", (1920, 1080))
    panel = hands.bring(window, "Function")
    qtbot.waitUntil(lambda: panel.key.isVisible() and seen(panel, panel.side))
    window.main_window.resize(1000, 650)
    qtbot.waitUntil(lambda: panel.plane.height() == 140 and not seen(panel, panel.side))
    assert window.main_window.height() == 650
    settle(qtbot, panel)
