"""Every number in the window has one owner: an edit is one pass forward, and no two views disagree."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from nnviz.core.address import Address
from nnviz.core.cost import MOST_ROWS
from nnviz.core.expressions import DIGITS, number_text
from nnviz.core.network import Network
from nnviz.core.state import Dataset, State
from tests.ui.hands import bring, choose_entry, set_number
from tests.ui.sees import explained, figure, walking

W = Address("weight", 0, 0, 0)
EXAMPLES = ["relu", "many-rows", "xor"]


@pytest.fixture
def passes(monkeypatch):
    """How many rows each pass forward took, whoever asked for it."""
    taken, forward = [], Network.forward

    def counted(network, x):
        taken.append(len(x))
        return forward(network, x)

    monkeypatch.setattr(Network, "forward", counted)
    return taken


def settle(window):
    """Let everything be painted and everything that waits for a quiet moment be done."""
    for _ in range(3):
        QApplication.processEvents()
        window.main_window.grab()


def nothing_else(window):
    assert not window.explain.isVisible()


def explain_is_shown(window):
    bring(window, "Explain")
    assert window.explain.isVisible()


def walk_rests(window):
    window.player.show_phase("backward")
    assert walking(window)


def mean_slopes_are_shown(window):
    choose_entry(window, "Show slopes")
    choose_entry(window, "Mean over all rows")


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("ready", [nothing_else, explain_is_shown, walk_rests, mean_slopes_are_shown])
def test_editing_a_weight_runs_one_pass_forward(open_window, passes, name, ready):
    window = open_window(name)
    ready(window)
    settle(window)
    passes.clear()
    set_number(window, W, "1.5")
    settle(window)
    assert passes == [len(window.document.state.data)]
    assert window.document.state.network.layers[0].weights[0, 0] == 1.5


def test_a_new_name_or_learning_rate_computes_nothing(open_window, passes):
    window = open_window("many-rows")
    explain_is_shown(window)
    settle(window)
    passes.clear()
    state = window.document.state
    window.document.push(replace(state, name="another", notes="others"), "words")
    window.document.push(replace(state, training=replace(state.training, learning_rate=0.5)), "a rate")
    settle(window)
    assert passes == []


def test_another_row_of_few_is_known_already(open_window, passes):
    window = open_window("many-rows")
    explain_is_shown(window)
    settle(window)
    passes.clear()
    for row in (3, 1):
        window.selection.row = row
        settle(window)
    assert passes == []


def full_of(figure):
    """Return the number of a figure as its tooltip tells it."""
    return float(figure.toolTip().rpartition(": ")[2])


@pytest.mark.parametrize("name", ["many-rows", "digits", "large"])
def test_diagram_table_figures_and_explanation_say_the_same(open_window, name):
    window = open_window(name)
    window.selection.row = 2
    explain_is_shown(window)
    settle(window)
    loss = figure(window, window.document.state.measure.title)
    assert number_text(full_of(loss), DIGITS) in explained(window)
    output = Address("node", len(window.document.state.network.layers) - 1, 0)
    window.selection.select(output)
    settle(window)
    table = window.data.table.model()
    headers = [table.headerData(k, Qt.Orientation.Horizontal) for k in range(table.columnCount())]
    prediction = next(k for k, header in enumerate(headers) if header.startswith("prediction"))
    cell = table.index(2, prediction)
    assert cell.data(Qt.ItemDataRole.ToolTipRole) in window.diagram.picture.describe(output)
    assert number_text(float(cell.data(Qt.ItemDataRole.EditRole)), DIGITS) in explained(window)


def test_an_edit_with_very_many_rows_never_holds_the_window_up_and_the_mse_comes_a_little_later(
    qtbot, open_window, passes
):
    network = Network.from_weights({"node_0": [2, 4], "node_1": [4, -5], "output": [2, 7]})
    rows = np.random.default_rng(0).normal(size=(60_000, 3))
    window = open_window(State(network, Dataset(rows[:, :2], rows[:, 2:])))
    passes.clear()
    set_number(window, W, "1.5")
    mse = figure(window, "MSE")
    assert mse.text == "–"
    qtbot.waitUntil(lambda: mse.text != "–")
    assert full_of(mse) == pytest.approx(window.document.state.loss(), rel=1e-12)
    assert max(passes[:-1]) <= MOST_ROWS
