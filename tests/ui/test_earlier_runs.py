"""Earlier runs in the MSE plot, as a person compares them: seen, read out, hidden, forgotten, saved."""

import time
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from nnviz.core import edits, structure
from nnviz.core.network import Network
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.document.document import Document
from nnviz.document.training.runner import Runner
from nnviz.picture.palette import PALETTES
from tests.ui import hands

FIRST = "learning rate 0.01 · gradient descent · 20 updates"
SECOND = "learning rate 0.005 · gradient descent · 20 updates"


@pytest.fixture
def document():
    network = Network.from_weights({"output": [0, 2, 1]})
    data = Dataset(np.array([[1.0, 2.0, 3.0]]), np.array([[0.0]]))
    return Document(State(network, data, Training(learning_rate=0.01, updates=20)))


@pytest.fixture
def runner(document):
    runner = Runner(document)
    runner.speed = 1.0
    return runner


@pytest.fixture
def run(qtbot, document, runner):
    """Return a function that restarts, chooses a learning rate, and runs."""

    def run(rate, updates=20):
        runner.restart()
        runner.set_training(replace(document.state.training, learning_rate=rate, updates=updates))
        with qtbot.waitSignal(runner.run_ended):
            runner.run()

    return run


@pytest.fixture
def plot(plot):
    plot.resize(480, 300)
    return plot


@pytest.fixture
def three(run, plot, qtbot):
    for rate in (0.01, 0.005, 0.02):
        run(rate)
    qtbot.waitUntil(lambda: len(plot.curve.earlier()) == 2)
    plot.grab()
    return plot


def mse_after(k, rate):
    return 49 * (1 - 28 * rate) ** (2 * k)


def hover(qtbot, plot, iteration, height):
    qtbot.mouseMove(plot.curve.viewport(), plot.curve.place_of(iteration, height).toPoint())


def triggered(plot, text):
    """Choose an entry of the plot's menu that can be chosen."""
    plot.menu.aboutToShow.emit()
    (action,) = (action for action in plot.menu.actions() if action.text() == text)
    assert action.isEnabled()
    action.trigger()


def test_the_runs_before_are_drawn_with_the_present_one(three):
    for curve, rate in zip(three.curve.earlier(), (0.01, 0.005), strict=True):
        np.testing.assert_allclose(curve[:, 1], mse_after(np.arange(21), rate), rtol=1e-7)
    np.testing.assert_allclose(three.curve.curve()[:, 1], mse_after(np.arange(21), 0.02), rtol=1e-7)


def test_each_is_told_under_the_mouse_with_its_mse_there(qtbot, three):
    for rate, called in ((0.01, FIRST), (0.005, SECOND)):
        hover(qtbot, three, 3, mse_after(3, rate))
        name, iteration, mse = three.curve.read_out.text().rsplit("\n", 2)
        assert name.replace("\n", " · ") == f"{called} · 3-1"
        assert (iteration, mse.split()[0]) == ("iteration 3", "MSE")
        assert float(mse.split()[1]) == pytest.approx(mse_after(3, rate), rel=1e-3)
    hover(qtbot, three, 3, mse_after(3, 0.02))
    assert three.curve.read_out.text().startswith("iteration 3\n")
    hover(qtbot, three, 15, 40.0)
    assert three.curve.read_out.text().startswith("iteration 15\n")


def test_keys_go_from_run_to_run(qtbot, three):
    view = three.curve
    for key, begins in (
        (Qt.Key.Key_Home, "iteration 0"),
        (Qt.Key.Key_Right, "iteration 1"),
        (Qt.Key.Key_Down, SECOND),
        (Qt.Key.Key_Down, FIRST),
        (Qt.Key.Key_Right, FIRST),
        (Qt.Key.Key_Up, SECOND),
        (Qt.Key.Key_Up, "iteration 2"),
    ):
        qtbot.keyClick(view, key)
        assert view.read_out.text().startswith(begins)
    assert f"{SECOND} · 3-1: MSE" in view.accessibleDescription()


@pytest.mark.parametrize("log", [False, True])
def test_the_axes_take_them_in(three, run, log):
    three.log_button.setChecked(log)
    run(0.02, updates=5)
    (left, right), (bottom, top) = three.curve.view()
    for curve in three.curve.earlier():
        x, y = curve.T
        assert left < x.min() < x.max() < right
        assert bottom < y.min() < y.max() < top
    expected = np.log10(mse_after(np.arange(21), 0.005)) if log else mse_after(np.arange(21), 0.005)
    np.testing.assert_allclose(three.curve.earlier()[1][:, 1], expected, rtol=1e-9)


def test_one_that_diverged_leaves_the_present_one_its_shape(plot, run, qtbot):
    run(0.2)  # the error grows to 4.6 times itself at every update
    run(0.01)
    qtbot.waitUntil(lambda: len(plot.curve.earlier()) == 1)
    assert plot.curve.view()[1][1] < 12 * 49
    assert plot.curve.earlier()[0][-1, 1] > plot.curve.view()[1][1]
    for key in (Qt.Key.Key_End, Qt.Key.Key_Down):
        qtbot.keyClick(plot.curve, key)
    assert "above the plot: of a run that has diverged" in plot.curve.read_out.text()


def test_a_small_part_of_one_is_drawn_exactly_and_soon(plot, run, qtbot):
    """Qt makes every dash of a line, also of one that is a million times as long as the view is wide."""
    run(0.2, updates=100)
    run(0.01)
    qtbot.waitUntil(lambda: len(plot.curve.earlier()) == 1)
    slope = mse_after(1, 0.2) - 49
    for size in (1e-2, 1e-4, 1e-7):
        plot.curve.show_view([[0.5, 0.5 + size], [49 + slope * 0.5, 49 + slope * (0.5 + size)]])
        began = time.process_time()
        plot.grab()
        assert time.process_time() - began < 0.5
        (piece,) = plot.curve.earlier()
        assert np.ptp(piece[:, 0]) < 20 * size
        np.testing.assert_allclose(piece[:, 1], 49 + slope * piece[:, 0], rtol=1e-9)


def test_they_can_be_hidden_and_shown_again(three):
    triggered(three, "Show earlier runs")
    assert three.curve.earlier() == []
    triggered(three, "Show earlier runs")
    assert len(three.curve.earlier()) == 2


def test_they_can_be_forgotten_and_undo_brings_them_back(three, document):
    present = three.curve.curve().tolist()
    triggered(three, "Forget earlier runs")
    assert three.curve.earlier() == []
    assert document.state.runs == ()
    assert three.curve.curve().tolist() == present
    assert document.undo_text() == "Forget earlier runs"
    document.undo()
    assert len(three.curve.earlier()) == 2


def test_those_of_another_network_are_hidden_and_stretch_no_axis(qtbot, three, document, run):
    document.edit("Add a layer", structure.add_layer, 0)
    document.edit("Small weights", edits.randomise, 1)
    qtbot.waitUntil(lambda: not three.curve.isVisible())
    run(0.001, updates=5)
    qtbot.waitUntil(lambda: len(three.curve.curve()) == 6)
    assert three.curve.earlier() == []
    assert three.curve.view()[0][1] < 7
    triggered(three, "Show earlier runs of other networks (3-1)")
    assert len(three.curve.earlier()) == 3
    assert three.curve.view()[0][1] > 20
    for key in (Qt.Key.Key_Home, Qt.Key.Key_Down):
        qtbot.keyClick(three.curve, key)
    assert " · 3-1 · iteration 0" in three.curve.read_out.text().replace("\n", " · ")
    triggered(three, "Show earlier runs of other networks (3-1)")
    assert three.curve.earlier() == []
    while document.state.network.sizes != (3, 1):
        document.undo()
    qtbot.waitUntil(lambda: len(three.curve.earlier()) == 2)


def test_without_any_the_menu_offers_neither(run, plot):
    run(0.01)
    plot.menu.aboutToShow.emit()
    for text in ("Show earlier runs", "Show earlier runs of other networks", "Forget earlier runs"):
        (action,) = (action for action in plot.menu.actions() if action.text() == text)
        assert not action.isEnabled()


def test_they_stand_alone_where_there_is_no_run(qtbot, three, document):
    document.edit("Change weight", edits.set_weight, 0, 0, 0, 0.5)
    qtbot.waitUntil(lambda: not len(three.curve.curve()))
    assert three.curve.isVisible()
    assert len(three.curve.earlier()) == 2
    hover(qtbot, three, 3, mse_after(3, 0.005))
    assert three.curve.read_out.text().replace("\n", " · ").startswith(SECOND)
    three.menu.aboutToShow.emit()
    assert not three.ask_csv.isEnabled()
    document.undo()
    qtbot.waitUntil(lambda: len(three.curve.curve()) == 21)


def test_they_are_there_again_after_reopening(qtbot, three, document, tmp_path):
    drawn = [curve.tolist() for curve in three.curve.earlier()]
    document.save(tmp_path / "x.json")
    triggered(three, "Forget earlier runs")
    document.open(tmp_path / "x.json")
    qtbot.waitUntil(lambda: len(three.curve.earlier()) == 2)
    assert [curve.tolist() for curve in three.curve.earlier()] == drawn


def test_a_name_is_plain_text(qtbot, three, document):
    runs = tuple(replace(run, name=f"<b>{run.name}") for run in document.state.runs)
    document.push(replace(document.state, runs=runs), "Rename")
    qtbot.waitUntil(lambda: len(three.curve.earlier()) == 2)
    hover(qtbot, three, 3, mse_after(3, 0.01))
    assert three.curve.read_out.textFormat() == Qt.TextFormat.PlainText


def test_they_are_muted_in_both_themes(three):
    for theme in ("light", "dark"):
        palette = PALETTES[theme]
        three.curve.set_palette(palette)
        picture = three.curve.grab().toImage()
        colours = {picture.pixelColor(x, y).rgb() for x in range(picture.width()) for y in range(60, 200)}
        assert QColor(palette.slope).rgb() not in colours
        assert three.curve.earlier()


def test_a_person_compares_two_rates_in_the_window(qtbot, open_window):
    window = open_window("twenty-updates")
    window.runner.speed = 1.0
    for rate in ("0.01", "0.02"):
        hands.press(window, "Restart")
        field = window.training.fields.learning_rate
        field.setFocus()
        field.selectAll()
        qtbot.keyClicks(field, rate)
        qtbot.keyClick(field, Qt.Key.Key_Return)
        with qtbot.waitSignal(window.runner.run_ended):
            hands.press(window, "Run")
    qtbot.waitUntil(lambda: len(window.history.curve.earlier()) == 1)
    assert window.history.curve.earlier()[0][-1, 0] == 20
    hands.choose_entry(window, "Undo Run of 20 updates")
    qtbot.waitUntil(lambda: not window.history.curve.earlier())
    hands.choose_entry(window, "Redo Run of 20 updates")
    qtbot.waitUntil(lambda: len(window.history.curve.earlier()) == 1)
