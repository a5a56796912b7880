"""A figure shows its number as it stands everywhere, and its tooltip in full."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QApplication

from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import MINUS, shown_in_full
from nnviz.core.run import Training
from nnviz.core.state import Dataset, State
from nnviz.core.training import train
from nnviz.ui.training.figures import Figure
from nnviz.ui.widgets.theme import ui_font
from tests.ui.hands import press, set_number
from tests.ui.sees import figure as figure_of
from tests.ui.sees import status, written


@pytest.fixture
def figure(qtbot):
    figure = Figure("MSE", "Mean of error²")
    qtbot.addWidget(figure)
    figure.resize(116, 50)  # as in the panel
    figure.show()
    yield figure
    figure.hide()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (49.890625, "49.890625"),
        (-49.890625, f"{MINUS}49.890625"),
        (0.0625, "0.0625"),
        (123456, "123456"),
        (0.0446712345, "0.04467"),
    ],
)
def test_its_number_is_shown_as_everywhere_and_read_out_so(figure, value, text):
    figure.show_number(value)
    assert (figure.text, figure.accessibleDescription()) == (text, text)
    assert figure.toolTip() == f"Mean of error²\nIn full: {shown_in_full(value)}"


def predicting(weight, target=0.0):
    """Return a State whose one row has the prediction `weight`."""
    network = Network(("x",), (Layer(("output",), "identity", [[weight]]),))
    return State(network, Dataset([[1.0]], [[target]]))


def figures(window):
    return [figure_of(window, caption) for caption in ("MSE", "Iteration", "Row's error")]


def test_figures_have_one_size_which_does_not_change_as_a_number_lengthens(open_window):
    window = open_window(predicting(2.0))
    sizes = set()
    for weight in (2.0, -2.5, 0.0123456789, -1.23456789e-5, -0.000123456789, 7.0633278):
        window.document.start(predicting(weight))
        sizes |= {figure.pixels for figure in figures(window)}
    assert len(sizes) == 1
    assert sizes.pop() >= 14


def test_no_figure_is_cut_off_where_another_has_a_longer_caption(qtbot, open_window):
    network = Network(["x"], [Layer(["output"], "identity", [[1 / 3]])])
    state = State(network, Dataset([[0.1]], [[0.0333346]]), Training(learning_rate=1e-9))
    window = open_window(train(state, updates=123456).state)
    press(window, "One back")
    caption = "Iteration of 123456"
    qtbot.waitUntil(lambda: figure_of(window, "Iteration").accessibleName() == caption)
    QApplication.processEvents()
    for caption in ("MSE", "Iteration", "Row's error"):
        own = figure_of(window, caption)
        assert own.fitting(own.pixels, own.text) == own.pixels, own.text


@pytest.mark.parametrize("weight", [2.0, -0.00012207031, -1.23456789e-200])
def test_a_figure_is_never_wider_than_its_third(open_window, weight):
    window = open_window(predicting(weight))
    shown = figures(window)
    assert len({figure.pixels for figure in shown}) == 1
    for figure in shown:
        metrics = QFontMetrics(ui_font(figure.pixels, QFont.Weight.Bold))
        assert metrics.horizontalAdvance(figure.text) <= figure.width()


def test_where_nothing_is_there_is_a_dash_and_nan_and_infinity_have_their_signs(figure):
    for value, text in ((None, "–"), (np.nan, "NaN"), (np.inf, "∞")):
        figure.show_number(value)
        assert figure.text == text


@pytest.mark.parametrize(
    ("typed", "text"), [("0.0098118", "0.0098118"), ("1/3", "0.3333"), ("-2/7e4", "−2.857e−5")]
)
def test_one_number_is_written_alike_everywhere(open_window, typed, text):
    window = open_window(predicting(2.0))
    set_number(window, Address("weight", 0, 0, 0), typed)
    assert written(window, Address("weight", 0, 0, 0)) == text
    assert written(window, Address("value", 0, 0)) == text
    assert written(window, Address("error", 0, 0)) == f"error {text}"
    assert figure_of(window, "Row's error").text == text
    assert status(window).endswith(f": {text}")
    model = window.data.table.model()
    headers = [model.headerData(k, Qt.Orientation.Horizontal) for k in range(model.columnCount())]
    assert [model.index(0, headers.index(name)).data() for name in ("prediction", "error")] == [text, text]
