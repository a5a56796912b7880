"""The panel Activation: what it draws is what the node computes, for whatever is selected, live."""

import re

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nnviz.core.activations import activation
from nnviz.core.address import Address
from nnviz.core.edits import set_activation, set_bias, set_weight
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import shown_in_full
from nnviz.core.state import Dataset, State
from nnviz.document.derived import Derived
from nnviz.document.document import Document
from nnviz.document.selection import Selection
from nnviz.ui.activation.panel import ActivationPanel
from nnviz.ui.widgets.theme import apply_theme, colours
from tests.core.oracle import make_network, make_state
from tests.core.test_explain import BANK
from tests.core.test_health import one_layer
from tests.ui.hands import bring, click, hover, press, set_number


class Card:
    """The panel on screen, with its document and selection."""

    def __init__(self, qtbot, state, size=(420, 260), **times):
        self.qtbot, self.document = qtbot, Document(state)
        self.selection = Selection(self.document)
        derived = Derived(self.document, self.selection, **times)
        self.panel = ActivationPanel(self.document, self.selection, derived)
        qtbot.addWidget(self.panel)
        self.panel.resize(*size)
        self.panel.show()
        qtbot.waitExposed(self.panel)
        self.plane = self.panel.plane

    def select(self, *address):
        self.selection.select(Address(*address))
        QApplication.processEvents()

    def caption(self):
        """What stands under the plot, without its colours."""
        text = re.sub("<[^>]*>", "", self.panel.caption.text())
        return text.replace("&nbsp;", "").replace("  ", " ")

    def said(self):
        return self.plane.accessibleDescription()


@pytest.fixture
def bank(qtbot):
    return Card(qtbot, BANK)


def test_nothing_and_an_input_say_what_to_do(bank):
    assert bank.panel.pages.empty.isVisible()
    assert bank.panel.pages.empty.text() == "Click a node on the diagram: its activation is drawn here"
    bank.select("node", -1, 0)
    assert bank.panel.pages.empty.isVisible()
    assert bank.panel.pages.empty.text().startswith("An input has no activation")
    assert bank.panel.plot is None
    bank.select("node", 0, 0)
    assert bank.plane.isVisible()
    assert bank.panel.plot is bank.plane


def test_the_node_its_row_and_all_rows_stand_on_the_curve(bank):
    bank.select("node", 0, 0)
    assert bank.caption() == "Row 1: z 26 → a 26, slope 1 · All 4 rows: z from −2 to 32"
    curve, relu = bank.plane.curve(), activation("relu")
    np.testing.assert_array_equal(curve[:, 1], relu(curve[:, 0]))
    assert sorted(bank.plane.rows().tolist()) == [[-2, 0], [0, 0], [26, 26], [32, 32]]
    (x0, y0), (x1, y1) = bank.plane.tangent()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(1.0)
    assert (x0 + x1) / 2 == pytest.approx(26.0)
    assert bank.said().startswith("node_0, relu(z): Row 1: z 26 → a 26, slope 1; ")


def test_an_edge_and_a_bias_are_those_of_the_node_that_they_lead_to(bank):
    bank.select("node", 0, 1)
    known = bank.caption(), bank.plane.curve().tolist()
    bank.select("weight", 0, 1, 0)
    assert (bank.caption(), bank.plane.curve().tolist()) == known


def test_it_follows_row_weight_and_activation(bank):
    bank.select("node", 0, 0)
    bank.selection.row = 1
    assert bank.caption().startswith("Row 2: z −2 → a 0, slope 0")
    bank.document.push(set_weight(bank.document.state, 0, 0, 0, 5.0), "a weight")
    assert bank.caption().startswith("Row 2: z 1 → a 1, slope 1")
    bank.document.push(set_activation(bank.document.state, 0, "leaky_relu(0.2)"), "an activation")
    curve, leaky = bank.plane.curve(), activation("leaky_relu(0.2)")
    np.testing.assert_array_equal(curve[:, 1], leaky(curve[:, 0]))
    bank.document.undo()
    bank.document.undo()
    assert bank.caption().startswith("Row 2: z −2 → a 0, slope 0")


def test_the_slope_has_an_axis_of_its_own_and_a_gap_at_the_kink(bank):
    bank.select("node", 0, 0)
    z, drawn = bank.plane.slopes().T
    there = np.isfinite(drawn)
    assert bank.plane.times == 20.0
    np.testing.assert_array_equal(drawn[there] / 20.0, activation("relu").slope(z[there]))
    assert np.count_nonzero(~there) == 1
    bank.selection.row = 2
    assert bank.caption().startswith("Row 3: z 0 → a 0, slope 0, that left of the kink")


def test_the_mouse_reads_the_curve_and_so_do_arrow_keys(bank, heard):
    bank.select("node", 0, 0)
    plane = bank.plane
    hover(plane.viewport(), plane.place_of(10.0, 5.0))
    z, a, slope = plane.read_out.text().split("\n")
    value = float(z.removeprefix("z "))
    assert value == pytest.approx(10.0, abs=0.2)
    assert (a, slope) == (f"a {value:g}", "slope 1")
    plane.setFocus()
    QTest.keyClick(plane, Qt.Key.Key_Escape)
    assert not plane.read_out.isVisible()
    QTest.keyClick(plane, Qt.Key.Key_Left)
    first = plane.read_out.text()
    assert first.startswith("z 25.")
    QTest.keyClick(plane, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert first != plane.read_out.text()
    assert heard[-1] == (plane, plane.read_out.text().replace("\n", ", "))
    for _ in range(12):
        QTest.keyClick(plane, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert plane.read_out.text().endswith("a 0\nslope 0")


def test_a_click_moves_nothing(bank):
    bank.select("node", 0, 0)
    state = bank.document.state
    QTest.mouseClick(bank.plane.viewport(), Qt.MouseButton.LeftButton)
    assert bank.document.state is state


def test_of_softmax_the_other_nodes_are_held_and_the_rows_stand_where_they_are(qtbot):
    state = make_state(make_network((2, 3), ("softmax",), (True,)), 20)
    card = Card(qtbot, state)
    card.select("node", 0, 1)
    trace = state.network.forward(state.data.inputs)
    z, a = trace.z[0][:, 1], trace.a[0][:, 1]
    assert "the others are held as in this row, and the slope is a·(1 − a)" in card.caption()
    assert f"slope {a[0] * (1 - a[0]):.4g}"[:9] in card.caption()
    drawn = card.plane.rows().tolist()
    assert 10 <= len(drawn) <= 20
    assert all([float(x), float(y)] in np.column_stack((z, a)).tolist() for x, y in drawn)
    first = card.plane.curve()[:, 1].tolist()
    card.selection.row = 1
    assert card.plane.curve()[:, 1].tolist() != first


def test_without_rows_the_curve_stands_alone(qtbot):
    card = Card(qtbot, State(BANK.network, Dataset.empty(BANK.network)))
    card.select("node", 0, 0)
    assert card.caption() == "There are no rows: the curve alone is drawn"
    assert len(card.plane.curve())
    network = Network(("x",), (Layer(("p", "q"), "softmax", [[1.0], [2.0]]),))
    joint = Card(qtbot, State(network, Dataset.empty(network)))
    joint.select("node", 0, 0)
    assert joint.panel.pages.empty.text().startswith("There are no rows")


@pytest.mark.parametrize("bias", [1e300, -1e300, 1.7e308])
@pytest.mark.parametrize("name", ["relu", "sigmoid", "elu(0.5)", "gelu"])
def test_huge_numbers_are_drawn_or_left_out_and_told(qtbot, name, bias):
    card = Card(qtbot, one_layer(name, [1.0], [0.0], [1.0, 2.0]))
    card.select("node", 0, 0)
    card.document.push(set_bias(card.document.state, 0, 0, bias), "a bias")
    card.panel.grab()
    assert "Row 1: z " in card.caption()
    card.document.push(set_weight(card.document.state, 0, 0, 0, bias), "a weight")
    card.document.push(set_bias(card.document.state, 0, 0, bias), "a bias")
    card.panel.grab()


def test_a_row_far_out_is_told_and_shown_once_it_is_looked_at(qtbot):
    card = Card(qtbot, one_layer("tanh", [1.0], [0.0], [*np.linspace(-3, 3, 49), 1e6]))
    card.select("node", 0, 0)
    assert "z from −3 to 1000000, 1 row beyond the plot" in card.caption().replace("1e6", "1000000")
    assert card.plane.view()[0][1] < 10
    card.selection.row = 49
    assert card.plane.view()[0][1] > 1e6
    assert "beyond" not in card.caption()


def test_many_rows_are_one_point_a_pixel_and_come_while_it_is_idle(qtbot):
    state = make_state(make_network((2, 3, 1), ("tanh", "identity"), (True, False)), 20_000)
    card = Card(qtbot, state, quick_ns=1_000.0, block_ns=1_000.0)
    card.selection.select(Address("node", 0, 0))
    assert "The points of 20,000 rows come when the weights rest" in card.caption()
    qtbot.waitUntil(lambda: "All 20,000 rows: z from" in card.caption())
    z = state.network.forward(state.data.inputs).z[0][:, 0]
    drawn = card.plane.rows()
    assert 50 < len(drawn) < 2_000
    assert set(drawn[:, 0].tolist()) <= set(z.tolist())
    pixel = card.plane.pixel()[0]
    far = np.abs(drawn[:, 0][:, None] - z[None, ::50]).min(axis=0)
    inside = np.abs(z[::50]) < card.plane.view()[0][1]
    assert far[inside].max() <= 2 * pixel, "each row has a point within two pixels"


def test_it_takes_the_colours_of_a_theme(qapp, bank):
    bank.select("node", 0, 0)
    try:
        apply_theme(qapp, "dark")
        QApplication.processEvents()
        assert colours().slope in bank.panel.caption.text()
        assert bank.panel.caption.textFormat() == Qt.TextFormat.RichText
        assert bank.plane.backgroundBrush().color().name().casefold() == colours().surface.casefold()
    finally:
        apply_theme(qapp, "light")


def test_in_the_window_it_follows_clicks_what_is_typed_and_a_run(open_window, qtbot):
    window = open_window("many-rows")
    card = bring(window, "Activation")
    click(window, Address("node", 0, 0))
    qtbot.waitUntil(lambda: card.plane.isVisible())
    assert "Row 1: z 26" in card.plane.accessibleDescription()
    set_number(window, Address("weight", 0, 0, 0), "3")
    assert "Row 1: z 29" in card.plane.accessibleDescription()
    press(window, "Run")
    qtbot.waitUntil(lambda: window.document.in_motion and window.document.state.iteration > 2)
    qtbot.waitUntil(lambda: "Row 1: z 29" not in card.plane.accessibleDescription())
    with qtbot.waitSignal(window.runner.run_ended):
        window.training.speed.setValue(100)
    state = window.document.state
    z = state.network.forward(state.data.inputs).z[0][0, 0]
    assert f"Row 1: z {shown_in_full(z)} " in card.plane.accessibleDescription()
