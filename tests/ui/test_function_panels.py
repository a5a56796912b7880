"""The panels Function and Activation: each point drawn is what the network or the node computes there."""

import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from nnviz.core import edits
from nnviz.core.activations import activation
from nnviz.core.address import Address
from nnviz.core.function import hidden_shares, refined_pictures, section
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import as_text, full_text
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.picture.scales import Tone, number_pixels, output_tones
from nnviz.ui.dialogs.pictures import Look, PlotDrawing
from nnviz.ui.kit.theme import apply_theme, colours, set_size_percent, size_factor
from nnviz.ui.panels.activation import POINT_PX
from nnviz.ui.panels.function import FunctionPanel
from nnviz.ui.panels.function_plane import FunctionPlane, hidden_distances
from tests.core.oracle import make_network, make_state, set_bias, set_weight
from tests.core.test_explain import BANK
from tests.core.test_health import one_layer
from tests.ui import hands
from tests.ui.bare import Bare, Seen, open_plot
from tests.ui.runs import click, drag, hover, keys, place, read_out
from tests.ui.sees import status, written

Key, LEFT, SHIFT = Qt.Key, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier


def colour_at(plane, x, y):
    """Return the colour of the map at a point: red, green, blue, alpha."""
    image, ((left, right), (bottom, top)) = plane.image.image, plane.picture.section.spans
    column = min(int((x - left) / (right - left) * image.shape[1]), image.shape[1] - 1)
    row = min(int((y - bottom) / (top - bottom) * image.shape[0]), image.shape[0] - 1)
    return tuple(int(part) for part in image[row, column])


def network(inputs, hidden, outputs, last, names=None):
    layers = (
        Layer([f"node_{k}" for k in range(hidden)], "tanh", np.zeros((hidden, inputs)), np.zeros(hidden)),
        Layer(outputs, last, np.zeros((len(outputs), hidden)), np.zeros(len(outputs))),
    )
    return Network(names or [f"x{k}" for k in range(inputs)], layers).randomised(4)


def places_of(marks):
    """Return the points of marks, shape (points, 2)."""
    return np.column_stack(marks.getData())


def two_classes(**settings):
    """Return rows around a point and away from it, learnt."""
    x = np.random.default_rng(0).uniform(-1, 1, (40, 2))
    y = (np.hypot(*x.T) > 0.6).astype(float)[:, None]
    state = State(network(2, 6, ["output"], "sigmoid"), Dataset(x, y), Training(3.0, 400))
    return State(train(state).state.network, state.data, Training(**settings))


def three_classes(inputs=4):
    x = np.random.default_rng(1).normal(size=(30, inputs))
    classes = [f"class {k}" for k in range(3)]
    return State(network(inputs, 5, classes, "softmax"), Dataset(x, np.eye(3)[np.arange(30) % 3]))


def one_input(outputs=("output",)):
    x = np.linspace(-1, 1, 9)[:, None]
    return State(network(1, 4, outputs, "identity"), Dataset(x, np.repeat(x**2, len(outputs), axis=1)))


def xor():
    return load(example("xor").path)


@pytest.fixture
def open_panel(qtbot, bare):
    """Return a function that opens the panel alone on a State, settled, as a person sees it."""

    def open_it(state):
        own = bare(state)
        panel = FunctionPanel(own.desk)
        panel.desk, panel.document, panel.runner, panel.told = own.desk, own.document, own.runner, []
        own.desk.message.connect(panel.told.append)
        own.show(panel, (300, 400))
        own.desk.frames.add(panel)
        settle(qtbot, panel := Seen(panel))
        return panel

    return open_it


def settle(qtbot, panel):
    for _ in range(2):
        panel.desk.frames.show_pending()
        qtbot.waitUntil(lambda: not panel.work.busy and panel.is_current)
        panel.grab()  # an axis takes its room once it has been painted


def start(qtbot, panel, state):
    panel.document.start(state)
    panel.begin_document()  # as the window does
    settle(qtbot, panel)


def predicted(panel, held, along, *values):
    """Return the prediction for a row, some inputs of which are given."""
    row = np.array(held, dtype=float)
    row[list(along)] = values
    return panel.document.state.network.predict(row)[0]


def is_true(panel, held=(0, 0), along=(0, 1)):
    """Return whether the map has the predictions, at its corners and within."""
    (across, up), found = panel.plane.picture.values, panel.plane.picture.prediction
    assert (len(across), len(up)) == panel.plane.pixels
    width, height = len(across), len(up)
    for i, j in ((0, 0), (3, 20), (width // 2, height // 3), (width - 1, height - 1)):
        if found[j, i] != pytest.approx(predicted(panel, held, along, across[i], up[j]), rel=1e-9):
            return False
    return True


def middle(panel):
    """Return where a point of the picture is that is not on a row."""
    (left, right), (bottom, top) = panel.plane.view()
    return place(panel, left + 0.62 * (right - left), bottom + 0.31 * (top - bottom))


def choose(qtbot, panel, choice, text):
    """Choose by the keyboard alone, as from the list that is closed."""
    choice.setFocus()
    wanted = next(k for k in range(choice.count()) if choice.itemText(k) == text)
    while choice.currentIndex() != wanted:
        QTest.keyClick(choice, Key.Key_Down if choice.currentIndex() < wanted else Key.Key_Up)
    settle(qtbot, panel)


def test_each_pixel_of_the_map_is_the_prediction_with_the_others_as_in_the_row(qtbot, open_panel, approved):
    panel = open_panel(three_classes(784))
    for state in (panel.document.state, two_classes(), three_classes()):
        start(qtbot, panel, state)
        panel.document.select_row(7)
        settle(qtbot, panel)
        assert is_true(panel, state.data.inputs[7])
    data, told = panel.document.state.data, []
    choose(qtbot, panel, panel.across, "x3")
    choose(qtbot, panel, panel.up, "x2")
    for row in (0, 1):
        panel.document.select_row(row)
        settle(qtbot, panel)
        assert is_true(panel, data.inputs[row], (3, 2))
        told.append(panel.caption.text())
    approved("the inputs that are held", "\n".join(told))
    choose(qtbot, panel, panel.up, "prediction")
    curve = panel.plane.curves[2].points
    expected = predicted(panel, data.inputs[1], (3,), curve[5, 0])[2]
    assert curve[5, 1] == pytest.approx(expected, rel=1e-9)


def on_the_line(panel):
    """Return the predictions for the points of the line."""
    line = panel.plane.line.points
    return panel.document.state.network.predict(line[np.isfinite(line).all(axis=1)])


def test_the_colours_are_those_of_the_predictions_and_the_line_is_where_it_is_a_half(open_panel):
    panel = open_panel(two_classes())
    assert len(on_the_line(panel)) > 20
    assert on_the_line(panel) == pytest.approx(0.5, abs=0.01)
    for x, y in ((0.0, 0.0), (0.95, -0.95), (-0.2, 0.1), (-0.9, 0.9)):
        red, _, blue, alpha = colour_at(panel.plane, x, y)
        assert (blue > red) == (predicted(panel, [0, 0], (0, 1), x, y)[0] > 0.5)
        assert alpha == 255


def test_between_classes_the_line_is_where_two_outputs_are_the_largest_or_one_is_alone(qtbot, open_panel):
    panel = open_panel(three_classes(2))
    shares = np.sort(on_the_line(panel))
    assert len(shares) > 10
    assert shares[:, -1] == pytest.approx(shares[:, -2], abs=0.01)
    assert panel.key.isVisible()
    choose(qtbot, panel, panel.output, "class 1")
    assert not panel.key.isVisible()
    assert hover(panel, middle(panel))[-1].startswith("class 1: ")


def test_the_numbers_beside_the_tones_have_room_in_every_size(qapp, qtbot):
    light, state = PALETTES["light"], xor()
    plane, tone, tones = FunctionPlane(), Tone(0.0, 1e6, False), output_tones(light, False)
    qtbot.addWidget(plane)
    *_, found = refined_pictures(state.network, section(state, (0, 1), np.zeros(2)), (8, 8), 1e6)
    plane.show_map(found, number_pixels(found.prediction[..., 0], tone, tones), np.empty((0, 2)), tone, tones)
    scale = plane.centralLayout.itemAt(1, 3)
    before = scale.minimumWidth()
    set_size_percent(qapp, 150)
    assert scale.minimumWidth() > 1.2 * before


def test_over_one_input_each_output_has_a_curve_or_one_is_chosen(qtbot, open_panel):
    panel = open_panel(one_input())

    def has(curve, output):
        predictions = panel.document.state.network.predict(curve[:, :1])
        return curve[:, 1] == pytest.approx(predictions[:, output])

    data = panel.document.state.data
    assert len(panel.plane.curves[0].points) == panel.plane.pixels[0]
    assert has(panel.plane.curves[0].points, 0)
    assert panel.plane.marks.rows.points == pytest.approx(np.hstack([data.inputs, data.targets]))
    assert not panel.up.isVisible()
    start(qtbot, panel, one_input(("low", "high")))
    assert has(panel.plane.curves[0].points, 0)
    assert has(panel.plane.curves[1].points, 1)
    choose(qtbot, panel, panel.output, "high")
    assert has(panel.plane.curves[0].points, 1)
    assert not len(panel.plane.curves[1].points)


def test_predictions_are_drawn_over_targets_and_a_click_selects_the_row(qtbot, open_panel):
    panel = open_panel(one_input())
    choose(qtbot, panel, panel.across, "target")
    document, state = panel.document, panel.document.state
    expected = np.hstack([state.data.targets, state.network.predict(state.data.inputs)])
    assert panel.plane.marks.rows.points == pytest.approx(expected)
    click(panel, place(panel, *expected[2]))
    assert (document.now.row, document.now.what_if_row) == (2, None)
    keys(panel, Key.Key_Right)
    assert document.now.row == 3


def test_predictions_that_take_long_are_never_those_of_other_rows(qtbot, open_panel):
    x = np.linspace(-1, 1, 1400)[:, None]
    panel = open_panel(State(network(1, 2_000, ["output"], "identity"), Dataset(x, x**2)))
    choose(qtbot, panel, panel.across, "target")
    drawn = panel.plane.marks.rows.points
    assert len(drawn) == 1400
    panel.document.edit("remove a row", edits.remove_rows, [0])
    qtbot.waitUntil(lambda: panel.plane.marks.rows.points is not drawn)
    hands.hover(panel.plane.viewport(), place(panel, 0.5, 0.5))
    settle(qtbot, panel)
    assert len(panel.plane.marks.rows.points) == 1399


def test_rows_for_validation_are_hollow_or_have_a_dot_and_it_says_so(qtbot, open_panel, approved):
    panel = open_panel(two_classes(validation=0.25))
    assert np.flatnonzero(panel.plane.marks.rows.hollow).tolist() == list(range(30, 40))
    told = [panel.caption.text()]
    x = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    data = Dataset(x, [[5.0], [0.0], [5.0], [0.0]])  # rows 2 and 4 are as pale as the ground
    start(qtbot, panel, State(network(2, 4, ["output"], "identity"), data, Training(validation=0.25)))
    image = panel.plane.viewport().grab().toImage()
    trained, kept = (image.pixelColor(place(panel, *x[row])).lightness() for row in (1, 3))
    assert trained > 240 > 60 > kept
    told.append(panel.caption.text())
    net = network(3, 3, ["output"], "sigmoid")
    start(qtbot, panel, State(net, Dataset.empty(net)))
    told.append(panel.caption.text())
    approved("hollow rows, rows with a dot, no rows", "\n".join(told))


def test_the_picture_follows_an_edit_a_run_and_undo(qtbot, open_panel):
    panel = open_panel(two_classes(learning_rate=0.01, updates=100_000))
    document, runner = panel.document, panel.runner
    spans, seen = panel.plane.picture.section.spans, []
    for does in (
        lambda: document.push(set_weight(document.state, 0, 0, 0, 3.0), "Set"),
        runner.step,
        document.undo,
    ):
        does()
        settle(qtbot, panel)
        assert is_true(panel)
    assert panel.plane.picture.section.spans == spans

    def look(old, new):
        if old.state is new.state:
            return
        panel.desk.frames.show_pending()
        across, up = panel.plane.picture.values
        expected = new.state.network.predict([across[5], up[9]])[0]
        seen.append(panel.plane.picture.prediction[9, 5] == pytest.approx(expected, rel=1e-9))

    document.changed.connect(look)
    runner.speed = 0.2
    runner.run()
    qtbot.waitUntil(lambda: seen.count(True) > 2)
    runner.pause()
    settle(qtbot, panel)
    assert is_true(panel)


def test_the_point_is_dragged_moved_kept_and_left(qtbot, open_panel, approved):
    panel = open_panel(three_classes())
    document = panel.document
    document.select_row(4)
    held = document.state.data.inputs[4]
    begin, end = place(panel, *held[:2]), place(panel, 0.5, -0.5)
    drag(panel, begin, *(begin + (end - begin) * part for part in (0.3, 0.6, 1.0)))
    assert document.now.what_if_row[:2] == pytest.approx([0.5, -0.5], abs=0.1)
    assert document.now.what_if_row[2:].tolist() == held[2:].tolist()

    start(qtbot, panel, before := xor())
    document.select_row(0)
    panel.told.clear()
    keys(panel, Key.Key_Right, (Key.Key_Up, SHIFT))
    assert document.now.what_if_row.tolist() == [0.1, 1.0]
    keys(panel, Key.Key_Return)
    assert (document.now.what_if_row, document.now.row) == (None, 1)
    assert document.state.data.inputs.tolist()[1] == [0.1, 1.0]
    assert len(panel.plane.marks.rows.points) == 5
    document.undo()
    assert document.state is before
    settle(qtbot, panel)
    click(panel, place(panel, 0.4, 0.7))

    def left():
        keys(panel, Key.Key_Escape)
        return document.now.what_if_row is None

    qtbot.waitUntil(left)  # the point that Escape leaves is drawn a frame after the click
    approved("a what-if row that is kept, and one that is left", "\n".join(panel.told))
    click(panel, place(panel, 0.4, 0.7))
    assert document.edit("Remove", edits.remove_node, 0, 1)
    settle(qtbot, panel)
    assert document.now.what_if_row is None
    assert panel.plane.picture.values[0].shape == (panel.plane.pixels[0],)


def test_what_is_read_out_is_the_prediction_for_the_inputs_that_it_says(qtbot, open_panel):
    panel = open_panel(xor())
    lines = hover(panel, place(panel, 0.3, 0.6))
    x, y = (float(line.partition(" = ")[2].replace("−", "-")) for line in lines[:2])
    assert lines[0].startswith("x_0 = ")
    assert lines[2] == f"output: {as_text(predicted(panel, [0, 0], (0, 1), x, y)[0])}"
    keys(panel, Key.Key_Right)  # the mouse is elsewhere
    assert read_out(panel) is None
    start(qtbot, panel, one_input(("first", "second")))  # choices go, and the plot gets another size
    lines = hover(panel, middle(panel))
    x = float(lines[0].partition(" = ")[2].replace("−", "-"))
    both = panel.document.state.network.predict([x])[0]
    assert lines[1:] == [f"first: {as_text(both[0])}", f"second: {as_text(both[1])}"]


def states_that_lack():
    net = network(2, 3, ["output"], "sigmoid")
    huge = Network(("a", "b"), (Layer(("output",), "identity", [[1e308, 1e308]]),))
    wide, names = network(9_997, 2, ["output"], "tanh"), [f"class {k}" for k in range(30)]
    long_names = network(2, 3, ["o" * 200], "identity", ["i" * 200, "j" * 200])
    yield "too large", State(huge, Dataset([[1e5, 2.0], [3.0, 4.0]], [[0.0], [5.0]]))
    yield "no rows", State(net, Dataset.empty(net))
    yield "no targets", State(net, Dataset([[1.0, 2.0], [3.0, 4.0]]))
    yield "constant", State(net, Dataset([[2.0, 0.0], [2.0, 0.0]], [[1.0], [1.0]]))
    yield "long names", State(long_names, Dataset([[1.0, 2.0]]))
    yield "wide", State(wide, Dataset(np.ones((2, 9_997)), [[0.0], [1.0]]))
    yield "many classes", State(network(2, 3, names, "softmax"), Dataset(np.eye(2), np.eye(30)[:2]))


def test_what_is_missing_or_too_much_is_drawn_all_the_same(qtbot, open_panel):
    panel, wrong = open_panel(xor()), []
    for name, state in states_that_lack():
        start(qtbot, panel, state)
        if name == "too large":
            assert colour_at(panel.plane, 9e4, 2.0)[3] == 0
        fine = tuple(map(len, panel.plane.picture.values)) == panel.plane.pixels
        click(panel, middle(panel))
        free = panel.document.now.what_if_row is not None
        qtbot.waitUntil(lambda: panel.plane.accessibleDescription().startswith("What-if row: "))
        if not (fine and free and hover(panel, middle(panel))):
            wrong.append((name, fine, free))
    assert wrong == []


def test_the_picture_is_exported_as_what_it_is(qtbot, open_panel, amount):
    panel = open_panel(one_input())
    for state in (panel.document.state, two_classes(), three_classes()):
        start(qtbot, panel, state)
        for theme in amount(quick=["dark"], ci=PALETTES, night=PALETTES):
            svg = PlotDrawing(panel.window(), "A title").svg(Look(600, 400, theme))
            assert svg.startswith(b"<?xml")
            assert svg.count(b"<path") >= 2 * len(state.data), "the outline and the inside of each mark"
            assert (b"<image" in svg) == (panel.axes.vertical is not None)


def test_marks_fade_as_their_rows_differ_in_hidden_inputs_and_the_plot_says_so(qtbot, open_panel):
    panel = open_panel(load(example("iris").path))
    panel.resize(600, 400)
    inputs = panel.document.state.data.inputs
    for row, along in ((0, (0, 1)), (33, (0, 1)), (33, (2,))):
        panel.document.select_row(row)
        if along == (2,):
            choose(qtbot, panel, panel.across, "petal_length")
            choose(qtbot, panel, panel.up, "prediction")
        settle(qtbot, panel)
        hidden = [place for place in range(4) if place not in along]
        parts = np.abs(inputs - inputs[row])[:, hidden] / np.ptp(inputs, axis=0)[hidden]
        expected = np.maximum(0.3, 1 - 2 * parts.mean(axis=1))
        assert panel.plane.marks.rows.opacity.reshape(-1, 150)[0] == pytest.approx(expected)
        note = f"Faint rows differ in {len(hidden)} hidden inputs"
        assert panel.plane.title.text == note
        assert panel.plane.accessibleDescription().endswith(f". {note}")
    brushes = {brush.color().alpha() for brush in panel.plane.marks.data["brush"]}
    assert min(brushes) < 0.4 * 255 < 0.9 * 255 < max(brushes) == 255
    start(qtbot, panel, xor())
    assert panel.plane.title.text == ""
    assert set(panel.plane.marks.rows.opacity) == {1.0}
    start(qtbot, panel, load(example("digits").path))
    assert panel.plane.title.text == "Faint rows differ in 59 hidden inputs"


def test_a_hidden_input_counts_by_its_range_even_if_the_range_is_extreme():
    inputs = np.array([[0, -1.7e308, 3, 5e-324, 0], [1, 1.7e308, 3, 0, 1], [2, 0.0, 3, 0, 4]])
    network = Network(tuple("abcde"), (Layer(("output",), "identity", np.ones((1, 5))),))
    where = section(State(network, Dataset(inputs)), (0,), inputs[0])
    assert where.hidden == [1, 2, 3, 4]
    shares = hidden_shares(Dataset(inputs), np.array([0, 1, 2]), where)
    assert shares.tolist() == [[0, 0, 0, 0], [1, 0, 0, 0.25], [0.5, 0, 0, 1]]
    assert hidden_distances(shares).tolist() == [0, 0.3125, 0.375]


def test_hover_on_a_row_reads_how_its_hidden_inputs_differ(qtbot, open_panel, approved):
    panel, told = open_panel(xor()), {}
    for name, row in (("iris", 9), ("digits", 4)):
        start(qtbot, panel, load(example(name).path))
        at = place(panel, *panel.plane.marks.rows.points[row])
        told |= {f"{name} {k}": line for k, line in enumerate(hover(panel, at))}
    approved("a row under the mouse", told)
    panel.plane.marks.rows.points[:] = np.inf
    assert hover(panel, at)[-1].startswith("digit_"), "away from marks, the function is read"


def test_both_axes_have_the_same_scale_if_the_person_wants_it(qtbot, open_panel):
    panel = open_panel(load(example("circles").path))
    button = panel.same_scale
    assert not button.isChecked()
    wide, high = panel.plane.pixel()
    assert abs(wide / high - 1) > 0.1
    QTest.mouseClick(button, LEFT)
    for width, height in ((300, 400), (640, 320)):
        panel.resize(width, height)
        settle(qtbot, panel)
        wide, high = panel.plane.pixel()
        assert wide == pytest.approx(high, rel=0.02)
    assert is_true(panel)
    PlotDrawing(panel.window(), "A title").svg(Look(900, 400, "light"))
    settle(qtbot, panel)
    assert panel.desk.settings.get("function: same scale", False)
    again = FunctionPanel(panel.desk)
    qtbot.addWidget(again)
    assert again.same_scale.isChecked()
    x = np.column_stack([np.linspace(0, 1, 8), np.linspace(0, 1000, 8)])
    start(qtbot, panel, replace(xor(), data=Dataset(x, np.zeros((8, 1)))))
    assert not button.isVisible(), "an axis would be too short"
    assert panel.plane.box.width() > 100 < panel.plane.box.height()
    start(qtbot, panel, one_input())
    assert not button.isVisible()


def test_an_exported_plot_has_the_same_scale_and_names_the_hidden_inputs(qtbot, open_panel):
    panel, drawn = open_panel(load(example("iris").path)), []
    QTest.mouseClick(panel.same_scale, LEFT)
    settle(qtbot, panel)
    paint = panel.plane.marks.paint
    panel.plane.marks.paint = lambda *args: (drawn.append(panel.plane.pixel()), paint(*args))
    svg = PlotDrawing(panel.window(), "A title").svg(Look(900, 400, "light")).decode()
    assert "Faint rows differ in 2 hidden inputs" in svg
    assert drawn[-1][0] == pytest.approx(drawn[-1][1], rel=0.01)


def seen(card, widget):
    """Return whether all of a widget is in the visible part of its panel."""
    room = card.parentWidget()
    return room.rect().contains(QRect(widget.mapTo(room, QPoint()), widget.size()))


def test_in_the_window_choices_tell_names_apart_and_a_low_panel_has_no_caption(qtbot, open_window, approved):
    parts = product(["sepal", "petal"], ["length", "width"])
    state = load(example("iris").path)
    for k, (part, of) in enumerate(parts):
        state = edits.rename(state, 0, k, f"{part} {of} of a flower in cm")
    window = open_window(state, (1920, 1080))
    hands.unfold(window.training)
    panel = hands.bring(window, "Function")
    panel.desk = window.desk
    choices = panel.across, panel.up
    qtbot.waitUntil(lambda: panel.key.isVisible() and seen(panel, panel.caption))
    for size in ((1280, 800), (1000, 650)):
        window.main_window.resize(*size)
        qtbot.waitUntil(lambda: len({own.visible_text for own in choices}) == 2)
        qtbot.waitUntil(lambda: size_factor() == 1.0)
    names = state.network.inputs
    assert [own.currentText() for own in choices] == [*names[:2]]
    qtbot.waitUntil(lambda: panel.plane.height() <= 162 and not panel.caption.isVisible())
    assert window.main_window.height() == 650
    settle(qtbot, Seen(panel))
    click(panel, middle(panel))
    assert written(window, Address("input", -1, 0)) == as_text(window.document.now.what_if_row[0])
    approved("a what-if row in the window", status(window))
    qtbot.waitUntil(lambda: panel.up.visible_text != names[1])
    hands.rest(panel.up, panel.up.rect().center())
    assert QToolTip.text() == f"{names[1]}\nChoose what the vertical axis shows"
    QToolTip.hideText()


# --- the activation in the panel Explain


class Card(Bare):
    """The activation in the panel Explain, with its document; the first hidden node is selected."""

    def __init__(self, qtbot, state=BANK, **times):
        super().__init__(qtbot, state, **times)
        self.card = open_plot(self, (420, 260))
        self.select("node", 0, 0)

    @property
    def panel(self):
        """What the panel shows, after the changes that wait for the next frame."""
        self.desk.frames.show_pending()
        return self.card.view

    @property
    def plane(self):
        return self.panel.plane

    def select(self, *address):
        self.document.select(Address(*address))
        QApplication.processEvents()

    def caption(self):
        """Return the text under the plot, without its colours."""
        text = re.sub("<[^>]*>", "", self.panel.caption.text())
        return text.replace("&nbsp;", "").replace("  ", " ")

    def edit(self, edit, *where):
        self.document.push(edit(self.document.state, *where), "an edit")


def test_what_is_selected_row_weight_and_activation_are_followed(bare, approved):
    bank = bare(kind=Card)
    told = {"node_0": bank.caption(), "said": bank.plane.accessibleDescription()}
    bank.document.select_row(1)
    told["row 2"] = bank.caption()
    bank.edit(set_weight, 0, 0, 0, 5.0)
    told["a weight of 5"] = bank.caption()
    bank.edit(edits.set_activation, 0, "leaky_relu(0.2)")
    told["leaky_relu(0.2)"] = bank.caption()
    curve, leaky = bank.plane.curve.points, activation("leaky_relu(0.2)")
    np.testing.assert_array_equal(curve[:, 1], leaky(curve[:, 0]))
    bank.document.undo()
    bank.document.undo()
    assert bank.caption() == told["row 2"]
    bank.document.select_row(2)
    told["row 3"] = bank.caption()
    bank.select("node", 0, 1)
    known = bank.caption(), bank.plane.curve.points.tolist()
    for address in (Address("node", -1, 0), None):
        bank.document.select(address)
        QApplication.processEvents()
        assert (bank.panel, bank.card.plot) == (None, None)
    bank.select("node", 0, 1)
    assert (bank.caption(), bank.plane.curve.points.tolist()) == known
    assert bank.panel.plot is bank.plane
    bank.document.start(State(BANK.network, Dataset.empty(BANK.network)))
    bank.select("node", 0, 0)
    told["no rows"] = bank.caption()
    assert len(bank.plane.curve.points)
    softmax = Network(("x",), (Layer(("p", "q"), "softmax", [[1.0], [2.0]]),))
    bank.document.start(State(softmax, Dataset.empty(softmax)))
    bank.select("node", 0, 0)
    told["no rows, softmax"] = bank.panel.pages.empty.text()
    approved("the caption of an activation", "\n".join(f"{name}: {text}" for name, text in told.items()))


def test_the_curve_its_tangent_its_slope_and_all_rows_are_drawn(qapp, bare):
    bank = bare(kind=Card)
    curve, relu = bank.plane.curve.points, activation("relu")
    np.testing.assert_array_equal(curve[:, 1], relu(curve[:, 0]))
    assert sorted(places_of(bank.plane.rows).tolist()) == [[-2, 0], [0, 0], [26, 26], [32, 32]]
    (x0, y0), (x1, y1) = bank.plane.tangent.points
    assert (y1 - y0) / (x1 - x0) == pytest.approx(1.0)
    assert (x0 + x1) / 2 == pytest.approx(26.0)
    z, drawn = bank.plane.slopes.points.T
    there = np.isfinite(drawn)
    assert bank.plane.slope_axis.times == 20.0
    np.testing.assert_array_equal(drawn[there] / 20.0, relu.slope(z[there]))
    assert np.count_nonzero(~there) == 1, "a gap at the kink"
    svg = PlotDrawing(bank.card, "A title").svg(Look(600, 400, "light")).decode()
    size = f"{POINT_PX:g}"
    across = [float(x) for x in re.findall(rf'transform="matrix\({size},0,0,{size},([^,]+),', svg)]
    assert np.corrcoef(across, places_of(bank.plane.rows)[:, 0])[0, 1] == pytest.approx(1.0), (
        "a circle for each row"
    )
    state = bank.document.state
    QTest.mouseClick(bank.plane.viewport(), LEFT)
    assert bank.document.state is state
    apply_theme(qapp, "dark")
    QApplication.processEvents()
    assert colours().slope in bank.panel.caption.text()
    assert bank.panel.caption.textFormat() == Qt.TextFormat.RichText
    assert bank.plane.backgroundBrush().color().name().casefold() == colours().surface.casefold()


def test_the_mouse_reads_the_curve_and_so_do_arrow_keys(bare, heard):
    panel = bare(kind=Card).panel
    hands.hover(panel.plane.viewport(), panel.plane.place_of(10.0, 5.0))
    z, a, slope = read_out(panel)
    value = float(z.removeprefix("z "))
    assert value == pytest.approx(10.0, abs=0.2)
    assert (a, slope) == (f"a {value:g}", "slope 1")
    keys(panel, Key.Key_Escape)
    assert read_out(panel) is None
    keys(panel, Key.Key_Left)
    first = read_out(panel)
    assert first[0].startswith("z 25.")
    keys(panel, Key.Key_Left)
    assert first != read_out(panel)
    assert heard[-1] == (panel.plane, ", ".join(read_out(panel)))
    keys(panel, *[Key.Key_Left] * 120)
    assert read_out(panel)[1:] == ["a 0", "slope 0"]


def test_of_softmax_the_other_nodes_are_held_and_the_rows_stand_where_they_are(bare):
    state = make_state(make_network((2, 3), ("softmax",), (True,)), 20)
    own = bare(state, kind=Card)
    own.select("node", 0, 1)
    trace = state.network.forward(state.data.inputs)
    z, a = trace.z[0][:, 1], trace.a[0][:, 1]
    assert "the plot varies only this node's z, so the slope is a·(1 − a)" in own.caption()
    assert f"slope {a[0] * (1 - a[0]):.4g}"[:9] in own.caption()
    found = places_of(own.plane.rows).tolist()
    assert 10 <= len(found) <= 20
    assert all([float(x), float(y)] in np.column_stack((z, a)).tolist() for x, y in found)
    first = own.plane.curve.points[:, 1].tolist()
    own.document.select_row(1)
    assert own.plane.curve.points[:, 1].tolist() != first


def test_huge_numbers_are_drawn_or_left_out_and_told(bare, amount):
    names = "relu", "elu(0.5)", "sigmoid", "gelu"
    for name in amount(quick=names[:2], ci=names, night=names):
        own = bare(one_layer(name, [1.0], [0.0], [1.0, 2.0]), kind=Card)
        for bias in (1e300, -1e300, 1.7e308):
            own.edit(set_weight, 0, 0, 0, 1.0)
            own.edit(set_bias, 0, 0, bias)
            own.panel.grab()
            assert "Row 1: z " in own.caption(), (name, bias)
            own.edit(set_weight, 0, 0, 0, bias)
            own.panel.grab()


def test_a_row_far_out_is_told_and_shown_once_it_is_looked_at(bare):
    own = bare(one_layer("tanh", [1.0], [0.0], [*np.linspace(-3, 3, 49), 1e6]), kind=Card)
    assert "z from −3 to 1000000, 1 row outside the plot" in own.caption().replace("1e6", "1000000")
    assert own.plane.view()[0][1] < 10
    own.document.select_row(49)
    assert own.plane.view()[0][1] > 1e6
    assert "beyond" not in own.caption()


def test_many_rows_are_one_point_a_step_of_z_and_come_while_it_is_idle(bare, qtbot):
    state = make_state(make_network((2, 3, 1), ("tanh", "identity"), (True, False)), 20_000)
    own = bare(state, kind=Card, quick_ns=1_000.0, block_ns=1_000.0)
    assert "The points of 20,000 rows appear when the weights stop changing" in own.caption()
    qtbot.waitUntil(lambda: "All 20,000 rows: z from" in own.caption())
    z = state.network.forward(state.data.inputs).z[0][:, 0]
    found = places_of(own.plane.rows)
    assert 50 < len(found) <= 2_001
    assert set(found[:, 0].tolist()) <= set(z.tolist())
    far = np.abs(found[:, 0][:, None] - z[None, ::50]).min(axis=0)
    inside = np.abs(z[::50]) < own.plane.view()[0][1]
    assert far[inside].max() <= 2 * own.plane.pixel()[0], "each row has a point within two pixels"
    low, high = own.plane.view()[0]
    own.edit(set_weight, 0, 0, 0, 0.0)
    assert own.plane.view()[0][0] <= low, "rows that are not known at present may need all of it"
    assert own.plane.view()[0][1] >= high


def test_in_the_window_the_activation_follows_clicks_what_is_typed_and_a_run(open_window, qtbot):
    window = open_window("many-rows")
    window.history.load()
    card = hands.bring(window, "Explain")
    hands.click(window, Address("node", 0, 0))
    window.desk.frames.show_pending()
    assert card.view.plane.isVisible()
    assert "Row 1: z 26" in card.view.plane.accessibleDescription()
    window.document.push(set_weight(window.document.state, 0, 0, 0, 3.0), "w")
    window.desk.frames.show_pending()
    assert "Row 1: z 29" in card.view.plane.accessibleDescription()
    hands.press(window, "Run")
    qtbot.waitUntil(lambda: window.document.now.is_moving and window.document.state.iteration > 2)
    qtbot.waitUntil(lambda: "Row 1: z 29 " not in card.view.plane.accessibleDescription())
    with qtbot.waitSignal(window.runner.run_ended):
        window.training.speed.setValue(100)
    state = window.document.state
    z = state.network.forward(state.data.inputs).z[0][0, 0]
    assert f"Row 1: z {full_text(z)} " in card.view.plane.accessibleDescription()
