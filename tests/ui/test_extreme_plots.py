"""Plots of numbers that hardly are numbers: nothing is raised in painting, and what is seen is finite."""

import itertools
import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from nnviz.core.history import History
from nnviz.core.loss.moved_weights import Grid
from nnviz.core.run import MOST_UPDATES, EarlierRun, Training
from nnviz.picture.palette import PALETTES
from nnviz.ui.loss.curve_plane import LossCurvePlane
from nnviz.ui.loss.surface_plane import LossSurfacePlane
from nnviz.ui.plots.drawable import drawable
from nnviz.ui.plots.history_curve import HistoryCurve

EXTREMES = [0.0, -0.0, 5e-324, 1e-320, 1e-300, 1e-154, 1.0, 1e16, 1e154, 1e300, 1e307, 5e307, 1.7e308]
HISTORIES = [[value] * 3 for value in EXTREMES] + [[1.0], [0.0], [1.7e308, 0.0], [5e-324, 1.7e308, 1.0]]
ENDS = [-math.inf, -1e308, -1e300, -1.0, -1e-320, 0.0, 1e-320, 1.0, 1e300, 1.7e308, math.inf]
STRETCHES = [*itertools.combinations_with_replacement(ENDS, 2)]
LINES = [each for each in STRETCHES if max(map(abs, each)) <= 1e300]
PRESENT = [[], [1.0, 0.5], [0.0, 0.0], [1.7e308, 0.0]]
EARLIER = [
    (present, mse)
    for k, mse in enumerate(each for each in HISTORIES if len(each) > 1)
    for present in (PRESENT if mse[0] in (0.0, 1.7e308) else [PRESENT[k % 4]])
]
"""Each earlier run with one of what there is now, and those at the ends with all of it."""


@pytest.fixture
def show(qtbot):
    """Return a function that shows a plot, moves the mouse over it, and clicks."""

    def look(plot):
        plot.resize(300, 200)
        qtbot.addWidget(plot)
        plot.show()
        for at in (QPoint(150, 100), QPoint(80, 40)):
            QTest.mouseMove(plot.viewport(), at)
            QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=at)
            plot.grab()
        assert all(math.isfinite(low) and low < high for low, high in plot.view())
        return plot

    return look


def show_history(plot, mse):
    """Show a history of these, whose last is the present one."""
    history = History().extended(np.array([*enumerate(mse)], dtype=float).reshape(-1, 2))
    plot.show_history(history, history.last if mse else None)


@pytest.mark.parametrize("mse", HISTORIES, ids=str)
def test_an_mse_history_of_extremes_is_drawn_on_both_scales(show, mse):
    plot = HistoryCurve(PALETTES["light"])
    show_history(plot, mse)
    show(plot)
    for logarithmic in (True, False):
        plot.set_log(logarithmic)
        plot.grab()
    show_history(plot, [1.0, 2.0])
    plot.grab()


@pytest.mark.parametrize(("present", "mse"), EARLIER, ids=str)
def test_earlier_runs_of_extremes_are_drawn_on_both_scales(show, mse, present):
    far = [EarlierRun("far", Training(), MOST_UPDATES, [[0.0, 1.0], [float(MOST_UPDATES), mse[-1]]])]
    runs = (EarlierRun("a", Training(), len(mse), [*enumerate(mse)]), *(far if len(present) == 2 else ()))
    plot = HistoryCurve(PALETTES["light"])
    plot.show_earlier(runs)
    show_history(plot, present)
    show(plot)
    for logarithmic in (True, False):
        plot.set_log(logarithmic)
        plot.grab()
        QTest.keyClick(plot, Qt.Key.Key_Down)
        QTest.keyClick(plot, Qt.Key.Key_Right)
        plot.show_view([[0.0, 1e-300], [0.0, 1e-290]])
        QTest.mouseMove(plot.viewport(), QPoint(150, 90))
        plot.grab()
        plot.view_all()
    plot.show_earlier(())
    show_history(plot, [1.0, 2.0])
    assert plot.earlier() == []


@pytest.mark.parametrize("mse", [0.0, 1e-320, 1.0, 1e300])
@pytest.mark.parametrize("slope", [0.0, -0.0, 1e-320, -1e300, 1.7e308])
def test_a_curve_of_extremes_is_drawn(show, mse, slope):
    plot = LossCurvePlane(PALETTES["light"])
    show(plot)
    for low, high in LINES:
        values = np.linspace(low, high, 33)
        heights = np.full(33, mse)
        heights[::5] = 1e308
        plot.show_curve(values, heights, -0.1 * mse, 3.0 * mse)
        plot.show_point(low, mse, slope, (high, 1e308))
        plot.grab()
        assert all(math.isfinite(end) for stretch in plot.view() for end in stretch)


@pytest.mark.parametrize("values", LINES, ids=str)
def test_a_map_of_extremes_is_drawn(show, values):
    plot = LossSurfacePlane(PALETTES["light"])
    show(plot)
    for mse in (0.0, 5e-324, 1.0, 1e300, 1.7e308):
        for grid in (np.full((9, 9), mse), np.linspace(0.0, mse, 81).reshape(9, 9)):
            plot.show_grid(Grid(np.linspace(*values, 9), np.linspace(*values, 9), grid))
            plot.show_point(values[0], values[1], mse)
            plot.grab()


@pytest.mark.parametrize("across", STRETCHES, ids=str)
def test_what_is_drawn_has_pixels_that_can_be_told_apart(across):
    for up in STRETCHES:
        drawn = drawable(across, up)
        for low, high in drawn:
            pixel = (high - low) / 1000
            assert math.isfinite(pixel)
            assert low < low + pixel < high - pixel < high
        assert 0.0 < math.prod(high - low for low, high in drawn) < math.inf
