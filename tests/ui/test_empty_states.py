"""Where there is nothing yet the window says what to do, and where there is a number, the number."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from nnviz.core.address import Address
from nnviz.core.network import Layer, Network
from nnviz.core.numbers import MINUS, full_text
from nnviz.core.state import Dataset, State, Training
from nnviz.core.train import train
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.kit.theme import ui_font
from nnviz.ui.panels.training_parts import USUAL, Figure
from tests.ui.hands import address_named, bring, choose_entry, click, press, set_number, write
from tests.ui.sees import explained, figure, labels, offered, status, written

pytestmark = pytest.mark.fonts

RELU = load(example("relu").path)
NO_TARGETS = replace(RELU, data=Dataset(RELU.data.inputs))
NO_ROWS = replace(RELU, data=Dataset(np.empty((0, 2))))
MISSING = ("targets", "rows")


def test_without_targets_the_window_says_where_to_type_them_until_they_are_there(
    qtbot, open_window, tmp_path
):
    window = open_window(NO_TARGETS)

    def hints():
        """Return whether the panel says that there are no targets, and that there are no rows."""
        lines = labels(window.training)
        return [
            any(line.startswith(f"There are no {what} to train on") for line in lines) for what in MISSING
        ]

    assert "There are no targets to train on: type targets in the data table." in labels(window.training)
    click(window, address_named(window, "output"))
    qtbot.waitUntil(lambda: "type a target in the data table" in explained(window))
    offered(window, "Show slopes").trigger()
    assert "type a target" in written(window, Address("subheading", 1))
    window.document.push(RELU, "targets")
    assert hints() == [False, False]
    # what is missing is said of the file that is open now
    (tmp_path / "course.py").write_text("input_data = [3, 5]\nweights = {'output': [2, 7]}\n")
    (tmp_path / "w.py").write_text("{'output': [2, 7]}")
    window.files.asks = False
    window.files.open(tmp_path / "course.py")
    assert hints() == [True, False]
    press(window, "Run")
    window.files.open(tmp_path / "w.py")
    assert hints() == [False, True]


def test_a_refused_setting_ends_with_the_document_it_was_typed_for(open_window, tmp_path):
    window, rate = open_window(RELU), "Learning rate: 'abc' is not a number"
    field = window.training.fields.learning_rate
    (tmp_path / "a.py").write_text("{'output': [2, 7]}")
    (tmp_path / "b.py").write_text("{'output': [2, 7]}")
    window.files.open(tmp_path / "a.py")
    field.setFocus()
    field.selectAll()
    write(field, "abc")
    QTest.keyClick(field, Qt.Key.Key_Return)
    set_number(window, Address("input", -1, 0), "3")
    assert (field.text(), rate in labels(window.training)) == ("abc", True)
    choose_entry(window, "Undo")
    window.files.open(tmp_path / "b.py")
    assert (field.text(), rate in labels(window.training)) == ("0.01", False)


def test_without_rows_the_window_says_what_to_type_and_an_added_row_what_its_target_is(qtbot, open_window):
    window = open_window(NO_ROWS)
    assert written(window, Address("subheading", -1)) == "no rows: type an input"
    assert any(
        text.startswith("There are no rows to train on: add a row") for text in labels(window.training)
    )
    click(window, address_named(window, "output"))
    qtbot.waitUntil(lambda: "add a row in the data table" in explained(window))
    set_number(window, Address("input", -1, 0), "3")
    assert written(window, Address("subheading", -1)) == "row 1 of 1"
    assert written(window, Address("target", 1, 0)) == "target –"
    assert figure(window, "MSE").text == "–"
    assert "There are no targets to train on: type targets in the data table." in labels(window.training)
    choose_entry(window, "Undo")
    press(window, "Add")
    assert status(window) == "Added row 1 of zeros without targets"
    assert written(window, Address("target", 1, 0)) == "target –"
    set_number(window, Address("target", 1, 0), "5")
    press(window, "Add")
    assert status(window) == "Added row 2 of zeros"
    assert written(window, Address("target", 1, 0)) == "target 0"


def test_empty_panels_menus_and_a_search_without_a_find_say_what_to_do(qtbot, open_window):
    window = open_window(replace(RELU, notes=""))
    qtbot.waitUntil(lambda: "Click a node, an edge" in explained(window))
    assert "press Edit" in bring(window, "Notes").page.toPlainText()
    menu = offered(window, "Open recent").menu()
    menu.aboutToShow.emit()
    assert [entry.text() for entry in menu.actions()] == [
        "No recent files: files that you open or save will be listed here"
    ]
    choose_entry(window, "Find…")
    QTest.keyClicks(window.finder.findChild(QLineEdit), "zzz")
    assert "Type a part of a name" in window.finder.hint.text()


# --- the figures of the training panel


CAPTIONS = ("MSE", "Iteration")


def predicting(weight, target=0.0):
    """Return a State whose one row has the prediction `weight`."""
    network = Network(("x",), (Layer(("output",), "identity", [[weight]]),))
    return State(network, Dataset([[1.0]], [[target]]))


def test_figures_have_one_size_and_room_also_beside_a_longer_caption(qtbot, open_window, amount):
    window, sizes, tiny = open_window(predicting(2.0)), {}, -1.23456789e-200
    for weight in (2.0, -2.5, 0.0123456789, -1.23456789e-5, -0.000123456789, 7.0633278, tiny):
        window.document.start(predicting(weight))
        figures = [figure(window, caption) for caption in CAPTIONS]
        (sizes[weight],) = {own.pixels for own in figures}
        for own in figures:
            metrics = QFontMetrics(ui_font(own.pixels, QFont.Weight.Bold))
            assert metrics.horizontalAdvance(own.text) <= own.width()
    del sizes[tiny]  # for which all may be smaller
    (size,) = {*sizes.values()}
    assert size >= 14
    network = Network(["x"], [Layer(["output"], "identity", [[1 / 3]])])
    state = State(network, Dataset([[0.1]], [[0.0333346]]), Training(learning_rate=1e-9))
    updates = amount(quick=23456, ci=123456, night=123456)
    window.document.start(train(state, updates=updates).state)
    press(window, "One back")
    caption = f"Iteration of {updates}"
    qtbot.waitUntil(lambda: figure(window, "Iteration").accessibleName() == caption)
    QApplication.processEvents()
    for own in (figure(window, caption) for caption in CAPTIONS):
        assert own.fitting(own.text) >= own.pixels, own.text


def test_a_figure_shows_its_number_as_everywhere_and_its_tooltip_in_full(qtbot):
    own = Figure(USUAL)
    qtbot.addWidget(own)
    own.resize(116, 50)  # as in the panel
    own.show()
    for value, text in (
        (49.890625, "49.890625"),
        (-49.890625, f"{MINUS}49.890625"),
        (0.0625, "0.0625"),
        (123456, "123456"),
        (0.0446712345, "0.04467"),
    ):
        own.show_number("MSE", "Mean of error²", value)
        assert (own.text, own.accessibleDescription()) == (text, text)
        assert own.toolTip() == f"Mean of error²\nIn full: {full_text(value)}"
    for value, text in ((None, "–"), (np.nan, "NaN"), (np.inf, "∞")):
        own.show_number("MSE", "Mean of error²", value)
        assert own.text == text
