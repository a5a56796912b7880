"""What is measured beside the loss, as a person sees it: validation and accuracy as figures."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication, QScrollArea

from nnviz.core import edits
from nnviz.core.measured import measured
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import shown
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.files.examples import example
from nnviz.files.registry import load
from tests.ui.hands import bring
from tests.ui.sees import figure, untrue


def classes(rows=40, validation=0.25):
    """Return three classes by softmax, trained a little, with some rows wrong."""
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(rows, 2))
    targets = np.eye(3)[np.digitize(inputs[:, 0] + rng.normal(0, 0.3, rows), [-0.5, 0.5])]
    layers = (Layer(("a", "b", "c"), "softmax", np.zeros((3, 2)), np.zeros(3)),)
    network = Network(("x", "y"), layers).randomised(0)
    settings = Training(0.5, 30, loss="cross_entropy", validation=validation)
    return train(State(network, Dataset(inputs, targets), settings)).state


def captions(window):
    own = window.training.figures
    every = (own.loss, own.iteration, own.row_error, own.validation, own.accuracy)
    return [each.accessibleName() for each in every if each.isVisible()]


def test_of_classes_validation_and_accuracy_stand_beside_the_loss(open_window):
    state = classes()
    window = open_window(state)
    told = measured(state)
    assert captions(window) == [
        *("Cross-entropy", "Iteration", "Row's loss", "Validation", "Accuracy"),
    ]
    assert figure(window, "Cross-entropy").text == shown(told.loss)
    assert figure(window, "Validation").text == shown(told.validation)
    right = (state.network.predict(state.data.inputs).argmax(1) == state.data.targets.argmax(1)).tolist()
    hits, aside = sum(right[:30]), sum(right[30:])
    assert 0 < hits < 30
    assert figure(window, "Accuracy").text == f"{shown(100 * hits / 30)} % · {shown(100 * aside / 10)} %"
    tip = figure(window, "Accuracy").toolTip()
    assert f"\n{hits} of 30 rows that are trained on\n{aside} of 10 rows for validation" in tip
    assert untrue(window) == []


@pytest.mark.parametrize("size", [(1000, 650), (1280, 800)])
def test_back_in_a_run_training_scrolls_neither_down_nor_aside(open_window, size):
    window = open_window(train(load(example("iris").path), updates=300).state, size)
    window.runner.scrub_to(150)
    assert captions(window)[1] == "Iteration of 300"
    for _ in range(4):  # a scroll bar comes an event after what makes it
        QApplication.processEvents()
    area = window.board.docks["Training"].findChild(QScrollArea)
    assert (area.verticalScrollBar().maximum(), area.horizontalScrollBar().maximum()) == (0, 0)


def test_shares_too_long_for_their_room_have_four_digits_and_the_tooltip_counts(open_window):
    state = classes(rows=1600, validation=0.2)
    own = figure(open_window(state), "Accuracy")
    share = 100 * measured(state).accuracy
    assert len(shown(share)) > 7
    assert own.text.startswith(f"{share:.4g} % · ")
    assert own.fitting(own.pixels, own.text) == own.pixels > 10
    assert f"{round(12.8 * share):,} of 1,280 rows" in own.toolTip()


def test_the_row_s_loss_is_that_of_the_loss_in_use(open_window):
    state = classes()
    window = open_window(state)
    window.selection.row = 35
    a = state.network.predict(state.data.inputs[35:36])[0]
    expected = -np.log(a[state.data.targets[35].argmax()])
    assert figure(window, "Row's loss").text == shown(expected)


def test_without_validation_and_classes_there_are_three_figures(open_window):
    window = open_window("relu")
    assert captions(window) == ["MSE", "Iteration", "Row's error"]


def test_a_sigmoid_has_no_accuracy_where_a_target_is_60(open_window):
    window = open_window(replace(load(example("relu").path), run=None))
    window.document.edit("sigmoid", edits.set_activation, 1, "sigmoid")
    assert captions(window) == ["MSE", "Iteration", "Row's error"]
    card = bring(window, "Classes")
    assert not card.pages.show_plot
    assert card.pages.empty.text().startswith("There are no classes to count: all targets must be 0 or 1")


def test_the_accuracy_goes_with_the_last_target_that_is_a_class(open_window):
    window = open_window(classes())
    assert "Accuracy" in captions(window)
    window.document.edit("a target", edits.set_target, 0, 0, 0.5)
    assert "Accuracy" not in captions(window)
    window.document.undo()
    assert "Accuracy" in captions(window)


@pytest.mark.parametrize(("validation", "of"), [(0.0, 1), (0.25, 2)])
def test_figures_come_and_go_with_what_is_measured(open_window, validation, of):
    window = open_window(classes(validation=validation))
    assert figure(window, "Accuracy").text.count("%") == of
    own = window.training.figures
    assert own.validation.isVisible() == (of == 2)
    for each in (own.validation, own.accuracy):
        assert each.isHidden() or each.fitting(each.pixels, each.text) == each.pixels >= 11
    window.document.start(replace(window.document.state, data=Dataset.empty(window.document.state.network)))
    assert captions(window)[:2] == ["Cross-entropy", "Iteration"]
    assert len(captions(window)) == 3
