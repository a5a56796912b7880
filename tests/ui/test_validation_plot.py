"""The plot of the loss with the curve of validation, the accuracy and over-fitting, as a person sees it."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from nnviz.core import edits
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import shown
from nnviz.core.overfitting import risen_since
from nnviz.core.run import Training
from nnviz.core.standardise import standardise
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.document.document import Document
from nnviz.document.training.runner import Runner
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.ui.hands import bring, press
from tests.ui.sees import offered, status
from tests.ui.test_measured import classes


def noisy_sine(validation=0.4, updates=600):
    """Return few noisy rows and a network that learns them by heart."""
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, (30, 1))
    y = np.sin(3 * x) + rng.normal(0, 0.35, (30, 1))
    hidden = Layer(tuple(f"node_{k}" for k in range(10)), "tanh", np.zeros((10, 1)), np.zeros(10))
    output = Layer(("output",), "identity", np.zeros((1, 10)), np.zeros(1))
    settings = Training(0.02, updates, optimizer="adam", validation=validation)
    return State(Network(("x",), (hidden, output)).randomised(0), Dataset(x, y), settings)


@pytest.fixture(scope="module")
def overfitted():
    return train(noisy_sine()).state


@pytest.fixture
def document():
    return Document(noisy_sine())


@pytest.fixture
def runner(document):
    return Runner(document)


def showing(plot, document, state):
    document.start(state)
    plot.curve.settle()
    return plot


def test_validation_is_a_second_curve_with_a_key_in_other_colours(document, plot, overfitted):
    assert plot.curve.plotItem.titleLabel.text == ""
    showing(plot, document, overfitted)
    run = overfitted.run
    np.testing.assert_array_equal(plot.curve.curve(), run.history.points)
    np.testing.assert_array_equal(plot.curve.aside(), run.curve("validation").points)
    key = plot.curve.plotItem.titleLabel
    assert key.isVisible()
    assert "training" in key.text
    assert "validation" in key.text
    _, (y0, y1) = plot.curve.view()
    for points in (plot.curve.curve(), plot.curve.aside()):
        assert ((y0 <= points[:, 1]) & (points[:, 1] <= y1)).all()
    showing(plot, document, train(noisy_sine(validation=0.0), updates=5).state)
    assert len(plot.curve.aside()) == 0
    assert not key.isVisible()


def test_what_is_read_out_is_all_that_was_measured_then(document, plot):
    state = classes()
    showing(plot, document, state)
    plot.curve.read_at(12)
    run = state.run
    values = [run.history.points[12, 1], *(curve.history.points[12, 1] for curve in run.beside)]
    loss, validation, right, right_aside = values
    assert plot.curve.read_out.text().splitlines() == [
        "iteration 12",
        f"Cross-entropy {shown(loss)}",
        f"validation {shown(validation)}",
        f"accuracy {shown(100 * right)} %",
        f"of validation {shown(100 * right_aside)} %",
    ]


def test_the_accuracy_is_drawn_by_a_switch_from_0_to_100_percent(qtbot, document, plot):
    assert not plot.accuracy_button.isVisible()
    showing(plot, document, classes())
    qtbot.mouseClick(plot.accuracy_button, Qt.MouseButton.LeftButton)
    plot.curve.settle()
    run = document.state.run
    np.testing.assert_array_equal(plot.curve.curve(), run.curve("accuracy").points)
    np.testing.assert_array_equal(plot.curve.aside(), run.curve("validation accuracy").points)
    low, high = plot.curve.view()[1]
    ticks = [text for _, text in plot.curve.getAxis("left").ticks(low, high, 150.0)]
    assert (ticks[0], ticks[-1]) == ("0 %", "100 %")
    assert plot.curve.getAxis("left").labelText == "accuracy"
    assert not plot.log_button.isEnabled()
    assert plot.curve.read_out.isHidden()
    qtbot.keyClick(plot.accuracy_button, Qt.Key.Key_Space)
    np.testing.assert_array_equal(plot.curve.curve(), run.history.points)
    assert plot.log_button.isEnabled()


def test_the_ring_goes_along_the_accuracy(qtbot, document, runner, plot):
    showing(plot, document, classes())
    plot.accuracy_button.click()
    runner.scrub_to(7)
    qtbot.waitUntil(lambda: document.state.iteration == 7)
    right = plot.curve.curve()[-1, 1]
    assert plot.curve.present() == plot.curve.place_of(7.0, right)
    assert len(plot.curve.curve()) == len(plot.curve.aside()) == 8
    assert len(plot.curve.beyond()) == 24


def test_over_fitting_is_named_marked_and_gone_to(qtbot, document, plot, overfitted):
    showing(plot, document, overfitted)
    least = int(overfitted.run.curve("validation").points[:, 1].argmin())
    assert 0 < least < 590
    assert plot.overfitting.isVisible()
    assert plot.overfitting.sentence.text() == (
        f"Validation has risen since iteration {least} while the MSE still falls: over-fitting"
    )
    rule = plot.overfitting.sentence.toolTip()
    assert "it had been for 10 epochs or longer, in the end by 10 % or more" in rule
    assert f"Validation has risen since iteration {least}" in plot.curve.accessibleDescription()
    mark = plot.curve.marked().toPoint()
    qtbot.mouseClick(plot.curve.viewport(), Qt.MouseButton.LeftButton, pos=mark)
    qtbot.waitUntil(lambda: document.state.iteration == least)
    document.undo()
    assert document.state.iteration == 600
    plot.overfitting.go.click()
    qtbot.waitUntil(lambda: document.state.iteration == least)
    assert plot.overfitting.isVisible()  # the run is what it was


def test_it_is_not_named_where_it_is_not_so(document, plot):
    iris = standardise(load(example("iris").path), range(4))
    states = (
        train(noisy_sine(), updates=100).state,
        train(noisy_sine(validation=0)).state,
        classes(),
        train(iris, learning_rate=1.0, updates=200).state,  # one dip at 59, and all are right at the end
    )
    for state in states:
        assert risen_since(state) is None
        showing(plot, document, state)
        assert not plot.overfitting.isVisible()
        assert plot.curve.marked() is None


def test_the_end_of_a_run_says_it_too(qtbot, open_window):
    window = open_window(noisy_sine())
    bring(window, "Matrix")
    window.runner.speed = 1.0
    with qtbot.waitSignal(window.runner.run_ended):
        press(window, "Run")
    curve = window.history.curve
    window.library.load()  # as it was already
    assert window.history.curve is curve
    least = window.history.overfitting.since
    assert status(window).endswith(f"; validation has risen since iteration {least}: over-fitting")
    card = window.history  # behind a tab, which would scroll once it is in sight
    assert card.heightForWidth(card.width()) <= card.height()


def test_an_earlier_run_of_another_loss_is_not_drawn(qtbot, document, runner, plot):
    showing(plot, document, replace(classes(), runs=()))
    runner.speed = 1.0

    def run_anew(**settings):
        state = document.state
        document.push(edits.set_training(state, replace(state.training, **settings)), "Settings")
        document.push(edits.randomise(document.state, document.state.training.seed + 1), "Random")
        with qtbot.waitSignal(runner.run_ended):
            runner.run()
        plot.look()

    run_anew()
    assert len(plot.curve.earlier()) == 1
    run_anew(loss="mse")
    assert len(document.state.runs) == 2
    assert plot.curve.earlier() == []
    assert plot.show_runs.text() == "Show earlier runs (2 by another loss not drawn)"
    run_anew()
    assert len(plot.curve.earlier()) == 1


def test_csv_has_the_column_of_validation(document, plot, tmp_path):
    state = classes()
    showing(plot, document, state)
    plot.export_csv(tmp_path / "history.csv")
    assert (tmp_path / "history.csv").read_text().startswith("iteration,cross_entropy,validation\n")
    rows = np.loadtxt(tmp_path / "history.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(rows, state.run.points)


def test_the_panel_is_called_as_the_loss_in_use_and_stands_where_it_stood(open_window, settings):
    window = open_window(classes())
    dock = window.board.docks["MSE"]
    assert dock.in_sight
    assert (dock.windowTitle(), dock.objectName()) == ("Loss", "MSE")
    assert not window.history.heading.isVisible()  # its tab says it
    press(window, "Loss")
    window.history.accuracy_button.click()
    assert settings.flag("accuracy", first=False)
    window.document.start(noisy_sine())
    assert dock.windowTitle() == "MSE"
    assert offered(window, "MSE").isChecked()
    assert "MSE" in window.history.pages.empty.text()
