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
from nnviz.ui.activation.panel import ActivationPanel
from nnviz.ui.widgets.theme import apply_theme, colours
from tests.core.oracle import make_network, make_state
from tests.core.test_explain import BANK
from tests.core.test_health import one_layer
from tests.ui.bare import Bare
from tests.ui.hands import bring, click, hover, press, set_number

SHIFT = Qt.KeyboardModifier.ShiftModifier


class Card(Bare):
    """The panel on screen, with its document and selection."""

    def __init__(self, qtbot, state, **times):
        super().__init__(qtbot, state, **times)
        self.panel = ActivationPanel(self.document, self.selection, self.derived)
        self.show(self.panel, (420, 260))
        self.plane = self.panel.plane

    def select(self, *address):
        self.selection.select(Address(*address))
        QApplication.processEvents()

    def caption(self):
        """Return what stands under the plot, without its colours."""
        text = re.sub("<[^>]*>", "", self.panel.caption.text())
        return text.replace("&nbsp;", "").replace("  ", " ")

    def edit(self, edit, *where):
        self.document.push(edit(self.document.state, *where), "an edit")


@pytest.fixture
def card(qtbot):
    """Return a function that opens the panel on a State, with the first hidden node selected: a Card."""
    opened = []

    def open_it(state=BANK, **times):
        opened.append(Card(qtbot, state, **times))
        opened[-1].select("node", 0, 0)
        return opened[-1]

    yield open_it
    for own in opened:
        own.close()


def test_what_is_selected_row_weight_and_activation_are_followed(card, approved):
    bank = card()
    told = {"node_0": bank.caption(), "said": bank.plane.accessibleDescription()}
    bank.selection.row = 1
    told["row 2"] = bank.caption()
    bank.edit(set_weight, 0, 0, 0, 5.0)
    told["a weight of 5"] = bank.caption()
    bank.edit(set_activation, 0, "leaky_relu(0.2)")
    told["leaky_relu(0.2)"] = bank.caption()
    curve, leaky = bank.plane.curve(), activation("leaky_relu(0.2)")
    np.testing.assert_array_equal(curve[:, 1], leaky(curve[:, 0]))
    bank.document.undo()
    bank.document.undo()
    assert bank.caption() == told["row 2"]
    bank.selection.row = 2
    told["row 3"] = bank.caption()
    bank.select("node", 0, 1)
    known = bank.caption(), bank.plane.curve().tolist()
    bank.select("weight", 0, 1, 0)
    assert (bank.caption(), bank.plane.curve().tolist()) == known, "an edge is of the node that it leads to"
    assert bank.panel.plot is bank.plane
    for name, *address in (("an input", "node", -1, 0), ("nothing",)):
        if address:
            bank.select(*address)
        else:
            bank.selection.select(None)
        told[name] = bank.panel.pages.empty.text()
        assert bank.panel.pages.empty.isVisible()
        assert bank.panel.plot is None
    bank.document.start(State(BANK.network, Dataset.empty(BANK.network)))
    bank.select("node", 0, 0)
    told["no rows"] = bank.caption()
    assert len(bank.plane.curve())
    network = Network(("x",), (Layer(("p", "q"), "softmax", [[1.0], [2.0]]),))
    bank.document.start(State(network, Dataset.empty(network)))
    bank.select("node", 0, 0)
    told["no rows, softmax"] = bank.panel.pages.empty.text()
    approved("the caption", "\n".join(f"{name}: {text}" for name, text in told.items()))


def test_the_curve_its_tangent_its_slope_and_all_rows_are_drawn(card):
    bank = card()
    curve, relu = bank.plane.curve(), activation("relu")
    np.testing.assert_array_equal(curve[:, 1], relu(curve[:, 0]))
    assert sorted(bank.plane.rows().tolist()) == [[-2, 0], [0, 0], [26, 26], [32, 32]]
    (x0, y0), (x1, y1) = bank.plane.tangent()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(1.0)
    assert (x0 + x1) / 2 == pytest.approx(26.0)
    z, drawn = bank.plane.slopes().T
    there = np.isfinite(drawn)
    assert bank.plane.times == 20.0
    np.testing.assert_array_equal(drawn[there] / 20.0, relu.slope(z[there]))
    assert np.count_nonzero(~there) == 1, "a gap at the kink"
    state = bank.document.state
    QTest.mouseClick(bank.plane.viewport(), Qt.MouseButton.LeftButton)
    assert bank.document.state is state


def test_the_mouse_reads_the_curve_and_so_do_arrow_keys(card, heard):
    plane = card().plane
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
    QTest.keyClick(plane, Qt.Key.Key_Left, SHIFT)
    assert first != plane.read_out.text()
    assert heard[-1] == (plane, plane.read_out.text().replace("\n", ", "))
    for _ in range(12):
        QTest.keyClick(plane, Qt.Key.Key_Left, SHIFT)
    assert plane.read_out.text().endswith("a 0\nslope 0")


def test_of_softmax_the_other_nodes_are_held_and_the_rows_stand_where_they_are(card):
    state = make_state(make_network((2, 3), ("softmax",), (True,)), 20)
    own = card(state)
    own.select("node", 0, 1)
    trace = state.network.forward(state.data.inputs)
    z, a = trace.z[0][:, 1], trace.a[0][:, 1]
    assert "the others are held as in this row, and the slope is a·(1 − a)" in own.caption()
    assert f"slope {a[0] * (1 - a[0]):.4g}"[:9] in own.caption()
    drawn = own.plane.rows().tolist()
    assert 10 <= len(drawn) <= 20
    assert all([float(x), float(y)] in np.column_stack((z, a)).tolist() for x, y in drawn)
    first = own.plane.curve()[:, 1].tolist()
    own.selection.row = 1
    assert own.plane.curve()[:, 1].tolist() != first


def test_huge_numbers_are_drawn_or_left_out_and_told(card, amount):
    names = "relu", "elu(0.5)", "sigmoid", "gelu"
    for name in amount(quick=names[:2], ci=names, night=names):
        own = card(one_layer(name, [1.0], [0.0], [1.0, 2.0]))
        for bias in (1e300, -1e300, 1.7e308):
            own.edit(set_weight, 0, 0, 0, 1.0)
            own.edit(set_bias, 0, 0, bias)
            own.panel.grab()
            assert "Row 1: z " in own.caption(), (name, bias)
            own.edit(set_weight, 0, 0, 0, bias)
            own.panel.grab()


def test_a_row_far_out_is_told_and_shown_once_it_is_looked_at(card):
    own = card(one_layer("tanh", [1.0], [0.0], [*np.linspace(-3, 3, 49), 1e6]))
    assert "z from −3 to 1000000, 1 row beyond the plot" in own.caption().replace("1e6", "1000000")
    assert own.plane.view()[0][1] < 10
    own.selection.row = 49
    assert own.plane.view()[0][1] > 1e6
    assert "beyond" not in own.caption()


def test_many_rows_are_one_point_a_pixel_and_come_while_it_is_idle(card, qtbot):
    state = make_state(make_network((2, 3, 1), ("tanh", "identity"), (True, False)), 20_000)
    own = card(state, quick_ns=1_000.0, block_ns=1_000.0)
    assert "The points of 20,000 rows come when the weights rest" in own.caption()
    qtbot.waitUntil(lambda: "All 20,000 rows: z from" in own.caption())
    z = state.network.forward(state.data.inputs).z[0][:, 0]
    drawn = own.plane.rows()
    assert 50 < len(drawn) < 2_000
    assert set(drawn[:, 0].tolist()) <= set(z.tolist())
    far = np.abs(drawn[:, 0][:, None] - z[None, ::50]).min(axis=0)
    inside = np.abs(z[::50]) < own.plane.view()[0][1]
    assert far[inside].max() <= 2 * own.plane.pixel()[0], "each row has a point within two pixels"
    low, high = own.plane.view()[0]
    own.edit(set_weight, 0, 0, 0, 0.0)
    assert own.plane.view()[0][0] <= low, "rows that are not known at present may need all of it"
    assert own.plane.view()[0][1] >= high


def test_it_takes_the_colours_of_a_theme(qapp, card):
    bank = card()
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
    qtbot.waitUntil(lambda: "Row 1: z 29 " not in card.plane.accessibleDescription())
    with qtbot.waitSignal(window.runner.run_ended):
        window.training.speed.setValue(100)
    state = window.document.state
    z = state.network.forward(state.data.inputs).z[0][0, 0]
    assert f"Row 1: z {shown_in_full(z)} " in card.plane.accessibleDescription()
