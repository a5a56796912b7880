"""Room for what is looked at: the diagram in large and small windows, the panels of the first start."""

import os
import subprocess
import sys

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QScrollArea, QScrollBar

from nnviz.core.address import Address
from tests.ui.clipped import clipped
from tests.ui.hands import bring, choose_entry, click, make_higher


def settled():
    for _ in range(3):
        QApplication.processEvents()


def test_the_diagrams_card_grows_with_its_window(open_window, qtbot):
    window = open_window("relu")
    settled()
    before = window.diagram.size()
    window.main_window.resize(1920, 1080)
    qtbot.waitUntil(lambda: window.diagram.width() > 1400)
    assert window.diagram.width() >= 1.6 * before.width()
    assert window.diagram.height() >= 1.6 * before.height()


def test_the_first_arrangement_shows_a_whole_edge_five_rows_and_a_wide_plot(open_window):
    window = open_window("relu")
    click(window, Address("weight", 0, 0, 0))
    bring(window, "Explain")
    settled()
    bars = [bar for bar in window.board.docks["Explain"].findChildren(QScrollBar) if bar.isVisible()]
    assert bars == []
    table = window.data.table
    assert table.viewport().height() >= 5 * table.rowHeight(0)
    assert window.history.isVisible()
    assert window.history.width() > 1.5 * window.history.height()


def test_in_a_low_window_the_panels_below_leave_the_diagram_its_room(open_window):
    window = open_window("relu", size=(1000, 650))
    settled()
    assert window.board.docks["Data"].height() <= 0.34 * 650
    assert window.diagram.height() >= 0.42 * 650


@pytest.mark.parametrize("name", ["relu", "xor", "two-hidden-layers"])
def test_a_small_window_shows_the_weight_and_the_slope_of_every_edge(open_window, name):
    window = open_window(name, size=(1000, 650))
    window.selection.show_slopes(True)
    settled()
    picture = window.diagram.picture
    weights = sum(layer.weights.size for layer in picture.content.network.layers)
    for kind in ("weight", "slope"):
        assert sum(label.address.kind == kind for label in picture.labels) == weights


@pytest.mark.parametrize("size", [(1000, 650), (1280, 800)], ids=str)
def test_a_training_panel_with_much_to_say_scrolls_down_alone_and_cuts_nothing_off(qtbot, open_window, size):
    window = open_window("relu", size=size)
    training = window.board.docks["Training"]
    window.training.message.show_warning(100 * "Nothing comes of it. ")
    bars = training.findChildren(QScrollBar)
    qtbot.waitUntil(lambda: any(bar.isVisible() for bar in bars))
    assert [bar.orientation() for bar in bars if bar.isVisible()] == [Qt.Orientation.Vertical]
    assert clipped(training) == []


def heights(window):
    return [window.board.docks[name].height() for name in ("Training", "Notes")]


def say(qtbot, window, sentence):
    """Have the training panel warn of something, or of nothing; wait until its room is laid out anew."""
    before = heights(window)
    window.training.message.show_warning(sentence)
    qtbot.waitUntil(lambda: heights(window) != before)


@pytest.mark.parametrize("size", [(1000, 650), (1280, 800)], ids=str)
def test_the_training_panel_gives_the_room_back_that_a_warning_took(qtbot, open_window, size):
    window = open_window("relu", size=size)
    before = heights(window)
    say(qtbot, window, 6 * "Nothing comes of it. ")
    say(qtbot, window, "")
    qtbot.waitUntil(lambda: heights(window) == before)


def test_a_training_panel_that_a_person_made_higher_stays_so(qtbot, open_window):
    window = open_window("relu")
    training = window.board.docks["Training"]
    say(qtbot, window, 6 * "Nothing comes of it. ")
    settled()
    before = heights(window)
    make_higher(window.board, training, 40)
    settled()
    dragged = heights(window)
    assert dragged[0] == before[0] + 40
    window.training.message.show_warning("")
    settled()
    assert heights(window) == dragged


@pytest.mark.parametrize("name", ["relu", "xor", "two-hidden-layers"])
def test_values_are_read_from_the_back_row_while_presenting(open_window, name):
    window = open_window(name)
    choose_entry(window, "Present")
    settled()  # on the whole screen, which is small in these tests
    window.main_window.resize(1920, 1080)
    settled()
    picture = window.diagram.picture
    values = [label for label in picture.labels if label.address.kind == "value"]
    assert values
    assert min(label.size for label in values) >= 1080 / 30


@pytest.mark.parametrize("screen", ["1280 720", "1366 768", "1920 1080"])
def test_no_size_makes_window_larger_than_screen_or_diagram_smaller_and_all_leave_panels_as_they_were(screen):
    done = subprocess.run(
        [sys.executable, "-m", "tests.ui.on_a_screen", *screen.split()],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout.splitlines() == [f"on {screen}"]


@pytest.mark.parametrize("size", [(1280, 800), (1920, 1080)])
def test_all_that_training_says_of_a_classifier_is_in_sight_after_an_update(qtbot, open_window, size):
    window = open_window("iris", size)
    window.runner.step()
    qtbot.waitUntil(lambda: window.document.state.iteration == 1)
    bar = window.board.docks["Training"].findChild(QScrollArea).verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() == 0)
    assert window.training.timeline.isVisible()
