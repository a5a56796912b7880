"""The MSE along one weight: curve, tangent and step are true, and the point moves the weight."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QTextDocumentFragment
from PySide6.QtTest import QTest

from nnviz.core import edits, structure
from nnviz.core.address import Address
from nnviz.core.cost import finished
from nnviz.core.loss.moved_weights import along
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import shown
from nnviz.core.run import Training
from nnviz.core.slopes import slopes
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.picture.palette import PALETTES
from nnviz.ui.loss.curve import LossCurve
from nnviz.ui.loss.panel import LossPanel
from nnviz.ui.widgets.theme import apply_theme
from tests.core import oracle
from tests.ui import hands

FIRST = Address("weight", 0, 0, 0)


@pytest.fixture
def open_curve(qtbot, qapp):
    """Return a function that opens the panel alone on a State or an example's name."""

    def open_it(what="many-rows", address=FIRST):
        state = load(example(what).path) if isinstance(what, str) else what
        document = Document(state)
        selection = Selection(document)
        panel = LossPanel(LossCurve(), document, selection, Derived(document, selection))
        panel.document, panel.selection = document, selection
        qtbot.addWidget(panel)
        panel.resize(364, 290)
        panel.show()
        qtbot.waitExposed(panel)
        selection.select(address)
        settle(qtbot, panel)
        panel.grab()
        qapp.processEvents()  # an axis takes its room once it has been painted
        return panel

    return open_it


def settle(qtbot, panel):
    qtbot.waitUntil(lambda: not panel.work.busy, timeout=20_000)


def weight(panel, address=FIRST):
    layer = panel.document.state.network.layers[address.layer]
    return float(
        layer.biases[address.node] if address.kind == "bias" else layer.weights[address.node, address.source]
    )


def shown_slope(panel):
    state = panel.document.state
    address = panel.selection.address
    layer = slopes(state.network, state.data.inputs, state.data.targets).layers[address.layer]
    return (
        layer.nodes[address.node] if address.kind == "bias" else layer.weights[address.node, address.source]
    )


def place(panel, w, mse):
    """Return where a point of the plot stands, in the plot's pixels."""
    return panel.plane.place_of(w, mse).toPoint()


def present(panel):
    return place(panel, weight(panel, panel.selection.address), panel.document.state.loss())


def hover(panel, at):
    """Move the mouse there; Qt sends nothing where it stands there already from the test before."""
    QTest.mouseMove(panel.plane.viewport(), QPoint(1, 1))
    QTest.mouseMove(panel.plane.viewport(), at)


def drag(panel, start, *ends):
    QTest.mousePress(panel.plane.viewport(), Qt.MouseButton.LeftButton, pos=start)
    for end in ends:
        QTest.mouseMove(panel.plane.viewport(), end)
    QTest.mouseRelease(panel.plane.viewport(), Qt.MouseButton.LeftButton, pos=ends[-1])


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("many-rows", FIRST),
        ("xor", Address("weight", 1, 0, 1)),
        ("xor", Address("bias", 0, 2)),
        ("curve", Address("weight", 0, 0, 0)),
    ],
)
def test_the_tangent_touches_the_curve_at_the_present_point_with_the_shown_slope(open_curve, name, address):
    panel = open_curve(name, address)
    (x0, y0), (x1, y1) = panel.plane.tangent()
    w, mse = weight(panel, address), panel.document.state.loss()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(shown_slope(panel), rel=1e-9)
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == pytest.approx((w, mse))
    h = 1e-5
    own = address
    below, above = finished(along(panel.document.state, own, [w - h, w + h]))
    assert (y1 - y0) / (x1 - x0) == pytest.approx((above - below) / (2 * h), rel=1e-4)


def test_the_read_out_tells_a_point_of_the_curve(open_curve):
    panel = open_curve()
    hover(panel, present(panel) + QPoint(60, 0))
    first, second = panel.plane.read_out.text().splitlines()
    name, _, number = first.partition(" = ")
    w, mse = float(number.replace("−", "-")), float(second.removeprefix("MSE "))
    assert name == "w (accounts → node_0)"
    expected = edits.set_weight(panel.document.state, 0, 0, 0, w).loss()
    assert panel.plane.read_out.isVisible()
    assert mse == pytest.approx(expected, rel=1e-3)


def caption(panel):
    """Return the lines that stand under the plot."""
    return QTextDocumentFragment.fromHtml(panel.caption.text()).toPlainText().splitlines()


def test_the_caption_tells_slope_and_next_step_and_the_mse_of_this_weight_alone(open_curve):
    panel = open_curve()  # w 2, learning rate 0.0004, slope 40
    landed = edits.set_weight(panel.document.state, 0, 0, 0, 2 - 0.0004 * 40).loss()
    assert caption(panel) == [
        "MSE 74.25 over all 4 rows · slope 40",
        "Next step: w 2 → 1.984",
        f"If this weight alone moves there: MSE {shown(landed)}",
    ]


def test_the_weight_of_the_next_step_is_where_a_step_takes_it_but_its_mse_is_another_one(open_curve):
    panel = open_curve()
    stepped = train(panel.document.state, updates=1).state
    assert f"→ {shown(stepped.network.layers[0].weights[0, 0])}" in caption(panel)[1]
    assert shown(stepped.loss()) not in caption(panel)[2]  # the other weights have moved too


@pytest.mark.parametrize(("target", "way"), [(1.23455, "lower"), (1.23458, "higher")])
def test_a_step_too_small_for_its_digits_says_which_way_it_goes(open_curve, target, way):
    layer = Layer(("output",), "identity", [[1.23456789]])
    state = State(Network(("x",), (layer,)), Dataset([[1.0]], [[target]]), Training(learning_rate=0.01))
    panel = open_curve(state, Address("weight", 0, 0, 0))
    assert caption(panel)[1] == f"Next step: w 1.235 → 1.235, a little {way}"


def test_an_mse_that_moves_too_little_for_its_digits_says_which_way(open_curve):
    panel = open_curve(train(load(example("xor").path), updates=300).state, Address("weight", 0, 0, 1))
    assert caption(panel)[2].endswith(", a little lower")


def test_a_screen_reader_is_told_that_this_weight_alone_moves(open_curve):
    said = open_curve().plane.accessibleDescription()
    assert said.startswith("MSE 74.25 at w = 2, slope 40, next step to 1.984, where the MSE is 73.6")
    assert said.endswith("if this weight alone moves")


def test_a_bias_is_called_b(open_curve):
    panel = open_curve("xor", Address("bias", 0, 2))
    assert caption(panel)[1].startswith("Next step: b ")


def test_where_the_slope_is_0_the_weight_stays(qtbot, open_curve):
    panel = open_curve("many-rows", Address("weight", 0, 1, 0))
    panel.document.push(edits.set_weight(panel.document.state, 1, 0, 1, 0.0), "Set")
    settle(qtbot, panel)  # nothing comes of node_1 any more
    assert caption(panel)[1:] == ["Next step: w 4 stays, the slope is 0"]


def test_a_learning_rate_that_is_too_large_lands_higher_and_the_plot_reaches_there(qtbot, open_curve):
    panel = open_curve()
    document = panel.document
    document.push(edits.set_training(document.state, Training(learning_rate=0.05)), "Change learning rate")
    settle(qtbot, panel)
    assert caption(panel)[1] == "Next step: w 2 → 0"
    assert caption(panel)[2].endswith(", higher")
    (low, high), _ = panel.plane.view()
    assert low < 0.0 < 2.0 < high


def test_a_step_that_lands_far_away_is_told_and_the_plot_stays_readable(open_curve):
    state = load(example("many-rows").path)
    panel = open_curve(edits.set_training(state, Training(learning_rate=50.0)))
    (low, high), _ = panel.plane.view()
    assert "off the plot" in panel.caption.text()
    assert high - low < 20


@pytest.mark.parametrize("settings", [{"optimizer": "adam"}, {"batch_size": 2}])
def test_where_the_update_is_another_one_it_is_called_a_step_of_gradient_descent(qtbot, open_curve, settings):
    panel = open_curve()
    assert "Next step" in caption(panel)[1]
    document = panel.document
    document.push(edits.set_training(document.state, Training(learning_rate=0.0004, **settings)), "Change")
    settle(qtbot, panel)
    assert caption(panel)[1].startswith("Gradient descent step: ")


def test_dragging_the_point_sets_the_weight_as_one_undo_entry_and_the_axis_stays(qtbot, open_curve):
    panel = open_curve()
    before, view = panel.document.state, panel.plane.view()[0]
    start = present(panel)
    drag(panel, start, start + QPoint(20, 0), start + QPoint(40, 3), start + QPoint(70, 0))
    settle(qtbot, panel)
    (low, high), width = view, panel.plane.plotItem.vb.width()
    assert weight(panel) == pytest.approx(2 + 70 * (high - low) / width, abs=2 * (high - low) / width)
    assert panel.plane.view()[0] == view
    x, y = panel.plane.tangent().mean(axis=0)
    assert (x, y) == pytest.approx((weight(panel), panel.document.state.loss()))
    panel.document.undo()
    assert panel.document.state is before
    assert panel.document.undo_text() == ""


def test_a_click_on_the_point_alone_changes_nothing(open_curve):
    panel = open_curve()
    before = panel.document.state
    QTest.mouseClick(panel.plane.viewport(), Qt.MouseButton.LeftButton, pos=present(panel) + QPoint(3, 0))
    assert panel.document.state is before


def test_a_click_elsewhere_sets_the_weight_in_a_round_number(open_curve):
    panel = open_curve()
    QTest.mouseClick(panel.plane.viewport(), Qt.MouseButton.LeftButton, pos=place(panel, 3.5, 500))
    assert weight(panel) == pytest.approx(3.5, abs=0.05)
    assert weight(panel) == round(weight(panel), 2)
    assert panel.document.undo_text() == "Set accounts → node_0"


def test_two_drags_are_two_undo_entries(qtbot, open_curve):
    panel = open_curve()
    for _ in range(2):
        drag(panel, present(panel), present(panel) + QPoint(30, 0))
        settle(qtbot, panel)
    panel.document.undo()
    assert weight(panel) != 2.0
    panel.document.undo()
    assert weight(panel) == 2.0


def test_arrow_keys_move_the_weight_in_decimal_steps_as_one_undo_entry(open_curve):
    panel = open_curve()
    panel.plane.setFocus()
    QTest.keyClick(panel.plane, Qt.Key.Key_Right)
    assert weight(panel) == 2.1
    QTest.keyClick(panel.plane, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert weight(panel) == 3.1
    QTest.keyClick(panel.plane, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert weight(panel) == 3.09
    panel.document.undo()
    assert weight(panel) == 2.0


def test_a_weight_that_leaves_the_plot_takes_the_axis_with_it(qtbot, open_curve):
    panel = open_curve()
    panel.document.push(edits.set_weight(panel.document.state, 0, 0, 0, 40.0), "Set")
    settle(qtbot, panel)
    (low, high), _ = panel.plane.view()
    assert low < 40.0 < high


def test_another_weight_elsewhere_changes_the_curve(qtbot, open_curve):
    panel = open_curve()
    panel.document.push(edits.set_weight(panel.document.state, 1, 0, 0, -3.0), "Set")
    settle(qtbot, panel)
    x, y = panel.plane.tangent().mean(axis=0)
    assert (x, y) == pytest.approx((2.0, panel.document.state.loss()))
    drawn = panel.plane.curve()
    assert drawn[:, 1] == pytest.approx(
        finished(along(panel.document.state, Address("weight", 0, 0, 0), drawn[:, 0]))
    )
    across, up = np.diff(panel.plane.tangent(), axis=0)[0]
    assert up / across == pytest.approx(shown_slope(panel))


@pytest.mark.parametrize("address", [None, Address("node", 0, 0), Address("input", -1, 0)])
def test_without_a_weight_it_says_what_to_click(open_curve, address):
    panel = open_curve(address=address)
    assert panel.pages.empty.isVisible()
    assert "Click a weight" in panel.pages.empty.text()
    assert not panel.plane.isVisible()


def test_without_targets_it_says_what_is_missing(open_curve):
    state = load(example("many-rows").path)
    panel = open_curve(State(state.network, Dataset(state.data.inputs)))
    assert "targets" in panel.pages.empty.text()


def test_weights_too_large_for_a_number_are_said_to_be_so(open_curve):
    network = Network(("x",), (Layer(("output",), "identity", [[1e200]]),))
    panel = open_curve(State(network, Dataset([[1.0]], [[0.0]])))
    assert "too large to be drawn" in panel.caption.text()
    assert len(panel.plane.curve()) == 0
    assert not panel.plane.getAxis("left").isVisible()


def test_the_curve_comes_back_from_where_the_mse_is_too_large(qtbot, open_curve):
    network = Network(("x",), (Layer(("output",), "identity", [[0.9]]),))
    panel = open_curve(State(network, Dataset([[1e150]], [[0.0]])))
    curve = panel.plane.curve()
    assert len(curve)
    document, before = panel.document, panel.document.state
    document.push(edits.set_value(before, FIRST, 1.5), "Edit")
    settle(qtbot, panel)
    assert len(panel.plane.curve()) == 0
    document.push(before, "Edit")
    settle(qtbot, panel)
    assert panel.plane.curve() == pytest.approx(curve)
    assert panel.plane.getAxis("left").isVisible()


def test_where_the_mse_is_too_large_for_a_number_the_curve_has_gaps(open_curve):
    network = Network(("x",), (Layer(("output",), "identity", [[1.0]]),))
    panel = open_curve(State(network, Dataset([[1e149]], [[0.0]]), Training(learning_rate=1e-290)))
    assert "MSE 1e298" in panel.caption.text()
    assert "MSE too large for a number" in panel.caption.text()
    assert panel.plane.tangent().mean(axis=0) == pytest.approx((1.0, 1e298))


def test_it_tells_over_which_rows(open_curve):
    for name, text in (("many-rows", " over all 4 rows · "), ("relu", " over the one row · ")):
        assert text in caption(open_curve(name))[0]


def test_removing_the_node_says_what_to_click(open_curve):
    panel = open_curve()
    panel.document.push(structure.remove_node(panel.document.state, 1, 0), "Remove node_0")
    assert "Click a weight" in panel.pages.empty.text()


def test_what_is_undone_while_it_is_computed_is_not_drawn_later(qtbot, open_curve):
    network = oracle.make_network((20, 60, 3), ("tanh", "identity"), (True, True))
    panel = open_curve(oracle.make_state(network, 20_000))
    document = panel.document
    before = document.state
    panel.hide()
    panel.show()  # it does not know any more that this takes long
    settle(qtbot, panel)
    document.push(edits.set_weight(before, 1, 0, 0, 2.0), "Set")
    qtbot.waitUntil(lambda: not panel.plane.tangent().size)  # the first slice has not come to an end
    assert panel.work.busy
    document.undo()
    settle(qtbot, panel)
    assert panel.plane.tangent().mean(axis=0) == pytest.approx((weight(panel), before.loss()))


def test_many_rows_are_computed_meanwhile_and_a_change_drops_what_is_under_way(qtbot):
    network = oracle.make_network((20, 60, 3), ("tanh", "identity"), (True, True))
    state = oracle.make_state(network, 60_000)
    document = Document(state)
    selection = Selection(document)
    panel = LossPanel(LossCurve(), document, selection, Derived(document, selection))
    qtbot.addWidget(panel)
    panel.resize(364, 290)
    panel.show()
    selection.select(FIRST)
    qtbot.waitUntil(lambda: panel.caption.text() != "")
    assert panel.work.busy
    assert "Computing" in panel.caption.text()
    changed = edits.set_weight(state, 1, 0, 0, 2.0)
    document.push(changed, "Set")
    qtbot.waitUntil(lambda: not panel.work.busy, timeout=20_000)
    x, y = panel.plane.tangent().mean(axis=0)
    assert (x, y) == pytest.approx((float(network.layers[0].weights[0, 0]), changed.loss()))


def test_hidden_it_computes_nothing_and_catches_up_when_shown(qtbot, open_curve):
    panel = open_curve()
    panel.hide()
    panel.document.push(edits.set_weight(panel.document.state, 0, 0, 0, 1.0), "Set")
    assert not panel.work.busy
    panel.show()
    settle(qtbot, panel)
    assert panel.plane.tangent().mean(axis=0) == pytest.approx((1.0, panel.document.state.loss()))


def test_clicking_an_edge_on_the_diagram_draws_its_curve_and_a_run_moves_it(qtbot, open_window):
    window = open_window("many-rows")
    panel = LossPanel(LossCurve(), window.document, window.selection, window.derived)
    qtbot.addWidget(panel)
    panel.resize(364, 290)
    panel.show()
    address = hands.address_named(window, "node_0", "accounts")
    window.selection.select(address)
    settle(qtbot, panel)
    with qtbot.waitSignal(window.runner.run_ended):
        window.runner.speed = 1.0
        window.runner.run()
    settle(qtbot, panel)
    state = window.document.state
    assert state.iteration > 0
    w = float(state.network.layers[0].weights[0, 0])
    assert panel.plane.tangent().mean(axis=0) == pytest.approx((w, state.loss()))


def test_it_takes_the_colours_of_the_theme(qapp, open_curve):
    panel = open_curve()
    try:
        for theme in ("dark", "light"):
            apply_theme(qapp, theme)
            image = panel.grab().toImage()
            assert image.pixelColor(4, image.height() // 2).name().upper() == PALETTES[theme].surface
            assert PALETTES[theme].slope in panel.caption.text()
            colours = {
                image.pixelColor(x, y).name().upper()
                for x in range(image.width())
                for y in range(image.height())
            }
            assert PALETTES[theme].slope in colours
            assert PALETTES[theme].accent in colours
    finally:
        apply_theme(qapp, "light")


@pytest.mark.parametrize("target", [0.0, 3.0])
def test_a_flat_mse_lies_in_the_plot_and_no_axis_goes_below_0(open_curve, target):
    dead = Network.from_weights({"node_0": [-1.0], "output": [2.0]}, inputs=["x"])
    panel = open_curve(State(dead, Dataset([[0.0]], [[target]])))
    curve, (_, (bottom, top)) = panel.plane.curve(), panel.plane.view()
    assert set(curve[:, 1]) == {target**2}
    assert bottom < target**2 < top
    ticks = panel.plane.getAxis("left").ticks(bottom, top, 100.0)
    assert len(ticks) >= 2
    assert all(value >= 0.0 for value, _ in ticks)


@pytest.mark.parametrize("pixels", [30, 70, 110, 300])
def test_an_axis_has_at_least_two_ticks(open_curve, pixels):
    axis = open_curve().plane.getAxis("bottom")
    for low, high in ((1.2, 2.8), (-0.4, 0.9), (0.05, 0.14), (-7e5, 9e4), (3.0, 3.0001), (99.0, 101.9)):
        ticks = axis.ticks(low, high, pixels)
        assert len(ticks) >= 2
        assert len({text for _, text in ticks}) == len(ticks)
