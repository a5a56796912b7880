"""A run that has diverged in the plot of the loss: drawn up to a ceiling, where a mark tells of it."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from nnviz.core.history import History
from nnviz.document.document import Document
from nnviz.document.training.runner import Runner
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.ui import hands


@pytest.fixture
def document():
    return Document(load(example("xor").path))


@pytest.fixture
def runner(document):
    runner = Runner(document)
    runner.speed = 1.0
    return runner


@pytest.fixture
def run(qtbot, document, runner):
    """Return a function that restarts, chooses a learning rate, and runs 300 updates."""

    def run(rate):
        runner.restart()
        runner.set_training(replace(document.state.training, learning_rate=rate, updates=300))
        with qtbot.waitSignal(runner.run_ended):
            runner.run()

    return run


@pytest.fixture
def plot(plot):
    plot.resize(560, 280)
    return plot


def loss_at(view, log):
    """Return the losses at the lower and the upper edge of a view."""
    return [10**y for y in view[1]] if log else view[1]


def pixels(plot, at):
    """Return how many pixels around a place of the plot are not those of the empty plot."""
    image = plot.curve.grab().toImage()
    around = [image.pixelColor(int(at.x()) + x, int(at.y()) + y) for x in range(-6, 7) for y in range(1, 12)]
    return sum(colour != image.pixelColor(2, 2) for colour in around)


def leaving(plot, curve):
    """Return where a curve crosses the upper edge of the plot for the last time, in the plot's pixels."""
    top = plot.curve.view()[1][1]
    last = int(np.flatnonzero(curve[:, 1] <= top)[-1])
    (x, y), (next_x, next_y) = curve[last : last + 2]
    return plot.curve.place_of(x + (top - y) / (next_y - y) * (next_x - x), top)


@pytest.mark.parametrize("log", [False, True])
def test_a_diverged_run_is_drawn_up_to_three_times_its_start(qtbot, document, plot, run, log):
    plot.log_button.setChecked(log)
    run(1.0)
    history = document.state.run.history.points
    assert history[:, 1].max() > 1e300
    qtbot.waitUntil(lambda: plot.curve.view()[0][1] > document.state.iteration)
    low, high = loss_at(plot.curve.view(), log)
    start = history[0, 1]
    assert low < history[:, 1].min()
    assert 3 * start <= high < 4 * start
    arrow = leaving(plot, plot.curve.curve())
    assert pixels(plot, arrow) > 40
    assert plot.curve.rect().contains(plot.curve.present().toPoint())  # the ring can still be dragged back


def test_the_mark_of_a_diverged_run_tells_where_and_why_it_leaves_the_plot(qtbot, document, plot, run):
    run(1.0)
    qtbot.waitUntil(lambda: plot.curve.view()[0][1] > document.state.iteration)
    plot.curve.settle()
    losses = document.state.run.history.points[:, 1]
    first = int(np.flatnonzero(losses <= 3 * losses[0])[-1]) + 1
    qtbot.mouseMove(plot.curve.viewport(), (leaving(plot, plot.curve.curve()) + QPointF(0, 5)).toPoint())
    told = plot.curve.read_out.text().splitlines()
    assert told[0] == f"iteration {first}"
    assert (
        " ".join(told[-2:]) == "above the plot: of a run that has diverged it shows up to 3 times the start"
    )
    assert f"diverged: above the plot from iteration {first} on" in plot.curve.accessibleDescription()
    qtbot.keyClick(plot.curve, Qt.Key.Key_Home)
    assert "above the plot" not in plot.curve.read_out.text()
    qtbot.keyClick(plot.curve, Qt.Key.Key_End)
    assert "above the plot" in plot.curve.read_out.text()


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("rates", [(1.0, 0.05), (0.05, 1.0)], ids=["before", "after"])
def test_a_diverged_run_leaves_another_one_its_shape(qtbot, plot, run, log, rates):
    plot.log_button.setChecked(log)
    for rate in rates:
        run(rate)
    qtbot.waitUntil(lambda: len(plot.curve.earlier()) == 1)
    good = plot.curve.curve() if rates[-1] < 1 else plot.curve.earlier()[0]
    bottom, top = plot.curve.view()[1]
    assert np.ptp(good[:, 1]) > 0.2 * (top - bottom)
    if rates[-1] < 1:
        assert pixels(plot, leaving(plot, plot.curve.earlier()[0])) > 40


def test_a_run_that_starts_where_another_diverged_is_marked_at_its_start(plot):
    losses = np.array([[0, 1.55e307], [1, 1.55e307], [2, 1.6e307]])
    plot.curve.show_history(History().extended(losses), (2, 1.6e307))
    low, high = plot.curve.view()[1]
    assert -1e305 < low < high < 3e306
    assert pixels(plot, plot.curve.place_of(0, plot.curve.view()[1][1])) > 40


def test_a_loss_that_rises_and_does_not_diverge_is_drawn_whole(plot):
    losses = np.column_stack((np.arange(100), np.linspace(0.01, 5000, 100)))
    plot.curve.show_history(History().extended(losses), (99, 5000.0))
    assert plot.curve.view()[1][1] > 5000


def test_where_a_part_of_a_diverged_run_is_looked_at_it_is_drawn_as_it_is(qtbot, document, plot, run):
    run(1.0)
    plot.curve.show_view([[0, 20], [0, 1e40]])
    curve = plot.curve.curve()
    losses = document.state.run.history.points
    np.testing.assert_array_equal(curve[:20], losses[:20])
    hands.rest(plot.curve.viewport(), plot.curve.place_of(3, 5e39).toPoint())
    assert "above the plot" not in plot.curve.read_out.text()
