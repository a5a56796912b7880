"""No text of any control is cut off: at every size of the window, in every panel, with long messages too."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QTabBar, QWidget

from nnviz.core.state import Dataset
from nnviz.files.examples import example
from nnviz.files.registry import load
from nnviz.ui.widgets.theme import apply_theme
from tests.ui.clipped import clipped

SIZES = [(1000, 650), (1280, 800), (1920, 1080)]
EXAMPLES = ["relu", "xor", "calculating-slopes", "digits"]


def walk_panels(window):
    """Bring every tab of the window to the front, one after the other."""
    for bar in window.main_window.findChildren(QTabBar):
        for k in range(bar.count()):
            bar.setCurrentIndex(k)
            for _ in range(3):  # a layout within a layout is asked after the outer one
                QApplication.processEvents()
            yield bar.tabText(k)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_no_control_of_the_window_cuts_a_text_off(open_window, name, size):
    window = open_window(name, size=size)
    QApplication.processEvents()
    assert clipped(window.main_window) == []
    for tab in walk_panels(window):
        assert clipped(window.main_window) == [], tab
        assert (window.main_window.width(), window.main_window.height()) == size, tab


@pytest.mark.parametrize("size", SIZES)
def test_a_long_message_pushes_nothing_off(qtbot, open_window, size):
    window = open_window("xor", size=size)
    window.runner.speed = 1.0
    training = replace(window.document.state.training, learning_rate=100.0, updates=500)
    window.runner.set_training(training)
    with qtbot.waitSignal(window.runner.run_ended):
        window.runner.run()
    qtbot.waitUntil(window.training.message.cure.isVisible)
    QApplication.processEvents()
    assert clipped(window.main_window) == []
    assert (window.main_window.width(), window.main_window.height()) == size


@pytest.mark.parametrize("size", SIZES)
def test_settings_of_many_digits_fit_their_fields(open_window, size):
    window = open_window("xor", size=size)
    training = replace(
        window.document.state.training, learning_rate=0.00012, updates=1_000_000, batch_size=32
    )
    window.runner.set_training(training)
    for speed in (0, 50, 99, 100):
        window.training.speed.setValue(speed)
        QApplication.processEvents()
        assert clipped(window.training) == []


@pytest.mark.parametrize("size", SIZES)
def test_without_rows_and_without_a_run_every_panel_says_what_to_do(open_window, size):
    state = load(example("relu").path)
    window = open_window(replace(state, data=Dataset(np.empty((0, 2)))), size=size)
    for tab in walk_panels(window):
        assert clipped(window.main_window) == [], tab


@pytest.mark.parametrize("pixels", [11, 15, 17])
def test_another_font_of_the_system_clips_nothing(open_window, qapp, pixels):
    font = QFont(qapp.font())
    font.setPixelSize(pixels)
    qapp.setFont(font)
    try:
        window = open_window("xor", size=(1280, 800))
        QApplication.processEvents()
        assert clipped(window.training) == []
    finally:
        apply_theme(qapp, "light")


def test_what_is_cut_off_is_found(qtbot):
    """The finder itself: a label, a button and a field that are too narrow, and one that stands out."""
    place = QWidget()
    qtbot.addWidget(place)
    place.resize(200, 100)
    label, button, field = QLabel("a long text", place), QPushButton("a long text", place), QLineEdit(place)
    field.setText("0.123456789")
    fine = QLabel("fine", place)
    for k, widget in enumerate((label, button, field, fine)):
        widget.setGeometry(10, 20 * k, 30 if widget is not fine else 80, 25)
    out = QLabel("outside", place)
    out.setGeometry(190, 0, 80, 25)
    place.show()
    assert len(clipped(place)) == 4
