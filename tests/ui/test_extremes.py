"""Weights as small and as large as numbers go are painted, and names are written as they are."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from nnviz.core import edits
from nnviz.core.network import Layer, Network
from nnviz.core.state import Dataset, State
from nnviz.files.examples import example
from nnviz.ui.window.settings import Settings
from tests.ui.hands import address_named, bring, choose_entry, entry, set_number
from tests.ui.sees import offered, status, walking


def chain(weight):
    """Return a State of 2-2-1 whose weights are `weight` and 0."""
    hidden = Layer(("a", "b"), "identity", np.array([[weight, 0.0], [0.0, weight]]), None)
    output = Layer(("out",), "identity", np.array([[weight, 0.0]]), None)
    return State(Network(("x", "y"), (hidden, output)), Dataset(np.ones((1, 2)), np.zeros((1, 1))))


@pytest.mark.parametrize("weight", [1e-310, 1e200])
@pytest.mark.filterwarnings("ignore:overflow")
def test_extreme_weights_are_painted_still_and_in_a_walk(qtbot, open_window, capfd, weight):
    window = open_window(chain(weight))
    bring(window, "Matrix")
    window.player.toggle()
    qtbot.waitUntil(lambda: walking(window))
    window.player.to_end()
    window.main_window.grab()
    said = capfd.readouterr().err
    assert "Error" not in said
    assert "NaN" not in said


def test_a_hidden_layer_whose_product_is_too_large_stays_and_the_window_says_why(open_window):
    window = open_window(chain(1e308))
    menu = entry(window.main_window.menuBar(), "Network").menu()
    menu.aboutToShow.emit()
    entry(entry(menu, "Hidden layer").menu(), "Remove the hidden layer").trigger()
    assert status(window).startswith("the hidden layer stays: the product of its weights")
    assert window.document.state.network.sizes == (2, 2, 1)
    window.main_window.grab()


def test_a_number_that_is_nudged_and_scrubbed_ends_at_the_largest(open_window):
    window = open_window(chain(1.7976931348623157e308))
    weight = address_named(window, "a", "x")
    window.selection.select(weight)
    window.diagram.setFocus()
    QTest.keyClick(window.diagram, Qt.Key.Key_Plus)
    window.diagram.session.nudge(weight, 1e308, "100")
    assert weight.value(window.document.state.network) == 1.7976931348623157e308


def test_a_screen_reader_hears_the_number_as_it_is_now(qtbot, open_window):
    window = open_window("relu")
    weight = address_named(window, "node_0", "accounts")
    set_number(window, weight, "9.25")
    assert window.diagram.accessibleDescription().startswith("weight from accounts to node_0: 9.25")
    choose_entry(window, "Undo")
    assert window.diagram.accessibleDescription().startswith("weight from accounts to node_0: 2")


def test_undo_tells_a_name_as_it_is(open_window):
    window = open_window("relu")
    state = window.document.state
    window.document.push(edits.rename(state, 1, 0, "A&B_c"), "Rename node_0 to A&B_c")
    assert offered(window, "Undo").text() == "&Undo Rename node_0 to A&&B_c"


def test_one_step_of_the_zoom_makes_one_picture(open_window, pictures_made):
    window = open_window("xor")
    pictures_made.clear()
    window.diagram.zoom(1.25)
    window.diagram.grab()
    assert len(pictures_made) == 1


def test_a_last_file_that_may_not_be_looked_at_is_none(monkeypatch, tmp_path):
    settings = Settings(remembers=False)
    path = tmp_path / "mine.json"
    path.write_bytes(example("relu").path.read_bytes())
    settings.opened(path)
    assert settings.last == path
    monkeypatch.setattr("os.stat", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "denied")))
    assert (settings.last, settings.recent) == (None, [])
