"""The picture of the function is true at every point, and a point in it becomes the free row."""

from dataclasses import replace
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
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.document.training.runner import Runner
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.picture.shades import of_numbers, shades
from nnviz.picture.tone import Tone
from nnviz.ui.function.panel import FunctionPanel
from nnviz.ui.function.plane import FunctionPlane
from nnviz.ui.pictures.drawing import Look
from nnviz.ui.pictures.plots import PlotDrawing
from nnviz.ui.widgets.theme import draw_at
from tests.ui import hands
from tests.ui.runs import click, drag, hover, keys, place
from tests.ui.sees import status, written

LEFT = Qt.MouseButton.LeftButton


def network(inputs, hidden, outputs, last, names=None):
    layers = (
        Layer([f"node_{k}" for k in range(hidden)], "tanh", np.zeros((hidden, inputs)), np.zeros(hidden)),
        Layer(outputs, last, np.zeros((len(outputs), hidden)), np.zeros(len(outputs))),
    )
    return Network(names or [f"x{k}" for k in range(inputs)], layers).randomised(4)


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
def open_panel(qtbot):
    """Return a function that opens the panel alone on a State, settled."""

    def open_it(state):
        document = Document(state)
        selection = Selection(document)
        panel = FunctionPanel(document, selection, Derived(document, selection))
        panel.document, panel.selection, panel.told = document, selection, []
        panel.said.connect(panel.told.append)
        qtbot.addWidget(panel)
        panel.resize(300, 400)
        panel.show()
        settle(qtbot, panel)
        return panel

    return open_it


def settle(qtbot, panel):
    for _ in range(2):
        qtbot.waitUntil(lambda: not panel.work.busy and panel.view.found)
        panel.grab()  # an axis takes its room once it has been painted


def start(qtbot, panel, state):
    panel.document.start(state)
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
    """Return a point in the picture that is not on a row."""
    (left, right), (bottom, top) = panel.plane.view()
    return left + 0.62 * (right - left), bottom + 0.31 * (top - bottom)


def choose(choice, text):
    """Choose by the keyboard alone, as from the list that is closed."""
    choice.setFocus()
    wanted = next(k for k in range(choice.count()) if choice.itemText(k) == text)
    while choice.currentIndex() != wanted:
        QTest.keyClick(choice, Qt.Key.Key_Down if choice.currentIndex() < wanted else Qt.Key.Key_Up)


def test_each_pixel_of_the_map_is_the_prediction_with_the_others_as_in_the_row(qtbot, open_panel, approved):
    panel = open_panel(three_classes(784))
    for state in (panel.document.state, three_classes(), two_classes()):
        start(qtbot, panel, state)
        panel.selection.row = 7
        settle(qtbot, panel)
        assert is_true(panel, state.data.inputs[7])
    start(qtbot, panel, three_classes())
    assert [panel.axes.across.itemText(k) for k in range(5)][:2] == ["x0", "x1"]
    data, told = panel.document.state.data, []
    choose(panel.axes.across, "x3")
    choose(panel.axes.up, "x2")
    for row in (0, 1):
        panel.selection.row = row
        settle(qtbot, panel)
        assert is_true(panel, data.inputs[row], (3, 2))
        told.append(panel.caption.text())
    approved("the inputs that are held", "\n".join(told))
    choose(panel.axes.up, "prediction")
    settle(qtbot, panel)
    curve = panel.plane.curve(2)
    expected = predicted(panel, data.inputs[1], (3,), curve[5, 0])[2]
    assert curve[5, 1] == pytest.approx(expected, rel=1e-9)


def test_the_colours_are_those_of_the_predictions_and_the_line_is_where_it_is_a_half(qtbot, open_panel):
    panel = open_panel(two_classes())
    line = panel.plane.line()
    on_it = panel.document.state.network.predict(line[np.isfinite(line).all(axis=1)])
    assert len(on_it) > 20
    assert on_it == pytest.approx(0.5, abs=0.01)
    for x, y in ((0.0, 0.0), (0.95, -0.95), (-0.2, 0.1), (-0.9, 0.9)):
        red, _, blue, alpha = panel.plane.colour_at(x, y)
        assert (blue > red) == (predicted(panel, [0, 0], (0, 1), x, y)[0] > 0.5)
        assert alpha == 255


def test_between_classes_the_line_is_where_two_outputs_are_the_largest_or_one_is_alone(qtbot, open_panel):
    panel = open_panel(three_classes(2))
    line = panel.plane.line()
    shares = np.sort(panel.document.state.network.predict(line[np.isfinite(line).all(axis=1)]))
    assert len(shares) > 10
    assert shares[:, -1] == pytest.approx(shares[:, -2], abs=0.01)
    assert panel.key.isVisible()
    choose(panel.axes.output, "class 1")
    settle(qtbot, panel)
    assert not panel.key.isVisible()
    assert hover(panel, place(panel, *middle(panel)))[-1].startswith("class 1: ")


def test_the_numbers_beside_the_tones_have_room_in_every_size(qapp, qtbot):
    light, state = PALETTES["light"], xor()
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


def test_over_one_input_each_output_has_a_curve_or_one_is_chosen(qtbot, open_panel):
    panel = open_panel(one_input())
    (curve, data), predict = (
        (panel.plane.curve(), panel.document.state.data),
        panel.document.state.network.predict,
    )
    assert len(curve) == panel.plane.pixels[0]
    assert curve[:, 1] == pytest.approx(predict(curve[:, :1])[:, 0])
    assert panel.plane.marks.rows.points == pytest.approx(np.hstack([data.inputs, data.targets]))
    assert not panel.axes.up.isVisible()
    start(qtbot, panel, one_input(("low", "high")))
    predict = panel.document.state.network.predict
    for output in (0, 1):
        curve = panel.plane.curve(output)
        assert curve[:, 1] == pytest.approx(predict(curve[:, :1])[:, output])
    choose(panel.axes.output, "high")
    settle(qtbot, panel)
    curve = panel.plane.curve()
    assert curve[:, 1] == pytest.approx(predict(curve[:, :1])[:, 1])
    assert not len(panel.plane.curve(1))


def test_predictions_are_drawn_over_targets_and_a_click_selects_the_row(qtbot, open_panel):
    panel = open_panel(one_input())
    choose(panel.axes.across, "target")
    settle(qtbot, panel)
    state, selection = panel.document.state, panel.selection
    expected = np.hstack([state.data.targets, state.network.predict(state.data.inputs)])
    assert panel.plane.marks.rows.points == pytest.approx(expected)
    click(panel, place(panel, *expected[2]))
    assert (selection.row, selection.free) == (2, None)
    keys(panel, (Qt.Key.Key_Right,))
    assert selection.row == 3


def test_predictions_that_take_long_are_never_those_of_other_rows(qtbot, open_panel):
    x = np.linspace(-1, 1, 1400)[:, None]
    panel = open_panel(State(network(1, 2_000, ["output"], "identity"), Dataset(x, x**2)))
    choose(panel.axes.across, "target")
    settle(qtbot, panel)
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
    y = [[5.0], [0.0], [5.0], [0.0]]  # rows 2 and 4 are as pale as the ground
    start(
        qtbot, panel, State(network(2, 4, ["output"], "identity"), Dataset(x, y), Training(validation=0.25))
    )
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
    document, runner = panel.document, Runner(panel.document)
    spans, seen = panel.plane.picture.section.spans, []
    for does in (
        lambda: document.push(edits.set_weight(document.state, 0, 0, 0, 3.0), "Set"),
        runner.step,
        document.undo,
    ):
        does()
        settle(qtbot, panel)
        assert is_true(panel)
    assert panel.plane.picture.section.spans == spans

    def look(_old, new):
        across, up = panel.plane.picture.values
        expected = new.network.predict([across[5], up[9]])[0]
        seen.append(panel.plane.picture.prediction[9, 5] == pytest.approx(expected, rel=1e-9))

    document.state_changed.connect(look)
    runner.speed = 0.2
    runner.run()
    qtbot.waitUntil(lambda: seen.count(True) > 2)
    runner.pause()
    settle(qtbot, panel)
    assert is_true(panel)


def test_the_point_is_dragged_moved_kept_and_left(qtbot, open_panel, approved):
    panel = open_panel(three_classes())
    selection, document = panel.selection, panel.document
    selection.row = 4
    held = document.state.data.inputs[4]
    begin, end = place(panel, *held[:2]), place(panel, 0.5, -0.5)
    drag(panel, begin, *(begin + (end - begin) * part for part in (0.3, 0.6, 1.0)))
    assert selection.free[:2] == pytest.approx([0.5, -0.5], abs=0.1)
    assert selection.free[2:].tolist() == held[2:].tolist()

    start(qtbot, panel, before := xor())
    selection.row = 0
    panel.told.clear()
    keys(panel, (Qt.Key.Key_Right,))
    keys(
        panel,
        (
            Qt.Key.Key_Up,
            Qt.KeyboardModifier.ShiftModifier,
        ),
    )
    assert selection.free.tolist() == [0.1, 1.0]
    keys(panel, (Qt.Key.Key_Return,))
    assert (selection.free, selection.row) == (None, 1)
    assert document.state.data.inputs.tolist()[1] == [0.1, 1.0]
    assert len(panel.plane.marks.rows.points) == 5
    document.undo()
    assert document.state is before
    settle(qtbot, panel)
    click(panel, place(panel, 0.4, 0.7))

    def left():
        keys(panel, (Qt.Key.Key_Escape,))
        return selection.free is None

    qtbot.waitUntil(left)  # the point that Escape leaves is drawn a frame after the click
    assert not panel.keep.isVisible()
    approved("a free row that is kept, and one that is left", "\n".join(panel.told))
    click(panel, place(panel, 0.4, 0.7))
    QTest.mouseClick(panel.leave, LEFT)
    assert selection.free is None
    click(panel, place(panel, 0.4, 0.7))
    assert document.edit("Remove", structure.remove_node, 0, 1)
    settle(qtbot, panel)
    assert selection.free is None
    assert panel.plane.picture.values[0].shape == (panel.plane.pixels[0],)


def test_what_is_read_out_is_the_prediction_for_the_inputs_that_it_says(open_panel):
    panel = open_panel(xor())
    lines = hover(panel, place(panel, 0.3, 0.6))
    x, y = (float(line.partition(" = ")[2].replace("−", "-")) for line in lines[:2])
    assert lines[0].startswith("x_0 = ")
    assert lines[2] == f"output: {shown(predicted(panel, [0, 0], (0, 1), x, y)[0])}"
    keys(panel, (Qt.Key.Key_Right,))  # the mouse is elsewhere
    assert not panel.plane.read_out.isVisible()


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
            assert panel.plane.colour_at(9e4, 2.0)[3] == 0
        fine = tuple(map(len, panel.plane.picture.values)) == panel.plane.pixels
        click(panel, place(panel, *middle(panel)))
        free = panel.selection.free is not None
        qtbot.waitUntil(lambda: panel.plane.accessibleDescription().startswith("Free row: "))
        hover(panel, place(panel, *middle(panel)))
        if not all((fine, free, panel.plane.read_out.isVisible())):
            wrong.append((name, fine, free))
    assert wrong == []


def test_the_picture_is_exported_as_what_it_is(qtbot, open_panel, amount):
    panel = open_panel(one_input())
    for state in (panel.document.state, two_classes(), three_classes()):
        start(qtbot, panel, state)
        for theme in amount(quick=["dark"], ci=PALETTES, night=PALETTES):
            svg = PlotDrawing(panel, "A title").svg(Look(600, 400, theme))
            assert svg.startswith(b"<?xml")
            marks = sum(svg.count(b"<" + shape) for shape in (b"circle", b"rect", b"polygon", b"ellipse"))
            assert marks > len(state.data)
            assert (b"<image" in svg) == (panel.view.axes.up is not None)


def seen(card, widget):
    """Return whether all of a widget is in what is seen of its panel."""
    room = card.parentWidget()
    return room.rect().contains(QRect(widget.mapTo(room, QPoint()), widget.size()))


def test_in_the_window_choices_tell_names_apart_and_a_low_panel_scrolls(qtbot, open_window, approved):
    iris = load(example("iris").path)
    parts = product(["sepal", "petal"], ["length", "width"])
    names = {k: f"{part} {of} (cm)" for k, (part, of) in enumerate(parts)}
    window = open_window(replace(edits.rename_columns(iris, names)), (1920, 1080))
    panel = hands.bring(window, "Function")
    choices = panel.axes.across, panel.axes.up
    qtbot.waitUntil(lambda: panel.key.isVisible() and seen(panel, panel.side))
    for size in ((1280, 800), (1000, 650)):
        window.main_window.resize(*size)
        qtbot.waitUntil(lambda: [own.shown_text[:7] for own in choices] == ["sepal l", "sepal w"])
    assert [own.currentText() for own in choices] == [names[0], names[1]]
    qtbot.waitUntil(lambda: panel.plane.height() == 140 and not seen(panel, panel.side))
    assert window.main_window.height() == 650
    settle(qtbot, panel)
    click(panel, place(panel, *middle(panel)))
    assert written(window, Address("input", -1, 0)) == shown(window.selection.free[0])
    approved("a free row in the window", status(window))
    hands.rest(panel.axes.up, panel.axes.up.rect().center())
    assert QToolTip.text() == "sepal width (cm)\nWhat is drawn upwards"
    QToolTip.hideText()
