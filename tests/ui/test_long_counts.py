"""Counts beyond 32 bits: 2⁵³ updates run, pause, step, go back and forth, and are shown right."""

import ast
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QSlider

from nnviz.core.run import Training
from nnviz.document.training.outcome import in_words
from nnviz.files.examples import example
from nnviz.files.registry import load, save
from tests.house import files
from tests.ui.hands import press
from tests.ui.sees import status

MANY = 2**53


@pytest.fixture
def window(open_window, tmp_path):
    """A window on a file that asks for 2⁵³ updates by a large seed."""
    state = load(example("curve").path)
    training = Training(learning_rate=1e-4, updates=MANY, seed=MANY)
    save(replace(state, training=training), tmp_path / "many.json")
    return open_window(load(tmp_path / "many.json"))


def test_no_signal_carries_an_int():
    """Qt's int has 32 bits: a count in it is another number, or ends in an error."""
    seen = 0
    for file in files():
        text = file.path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if "Signal" in text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Signal":
                assert "int" not in [ast.unparse(each) for each in node.args], (file.name, ast.unparse(node))
                seen += 1
    assert seen > 50


@pytest.mark.parametrize("speed", [0, 20, 50, 90, 100])
def test_a_run_of_so_many_updates_runs_pauses_and_goes_on(window, qtbot, speed):
    window.training.speed.setValue(speed)
    press(window, "Run")
    qtbot.waitUntil(lambda: window.document.state.iteration > 0)
    window.main_window.grab()
    press(window, "Pause")
    at = window.document.state.iteration
    assert status(window) == f"Paused after {at:,} of {MANY:,} updates"
    assert window.runner.left == MANY - at
    window.main_window.grab()


def test_its_iterations_are_gone_through(window, qtbot):
    window.training.speed.setValue(100)
    press(window, "Run")
    qtbot.waitUntil(lambda: window.document.state.iteration > 50)
    timeline = window.training.timeline
    assert timeline.accessibleDescription().endswith(f" of {MANY}")
    press(window, "Pause")
    end = window.document.state.iteration
    press(window, "One update")
    assert window.document.state.iteration == end + 1
    assert window.runner.left == MANY - end - 1
    timeline.setFocus()
    QTest.keyClick(timeline, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: window.document.state.iteration == 0)
    QTest.keyClick(timeline, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: window.document.state.iteration == 1)
    timeline.triggerAction(QSlider.SliderAction.SliderToMaximum)
    qtbot.waitUntil(lambda: window.document.state.iteration == end + 1)
    window.main_window.grab()


def test_a_run_that_has_come_so_far_is_shown(open_window):
    window = open_window(load(example("curve").path))
    timeline = window.training.timeline
    wanted = []
    timeline.wanted.connect(wanted.append)
    timeline.show_iteration(5, MANY)
    timeline.triggerAction(QSlider.SliderAction.SliderToMaximum)
    timeline.triggerAction(QSlider.SliderAction.SliderToMinimum)
    assert wanted == [MANY, 0]
    window.runner.progressed.emit(MANY - 1, MANY)
    window.runner.diverged.emit(MANY, 0.1)
    assert window.training.message.cure.text() == "Learning rate 0.1"


@pytest.mark.parametrize(
    ("updates", "words"),
    [
        (5, "5 s"),
        (99, "99 s"),
        (3300, "55 min"),
        (30_000, "8 h"),
        (10**6, "12 days"),
        (10**7, "months"),
        (MANY, "years"),
    ],
)
def test_the_time_that_a_run_takes_is_said_in_few_letters(updates, words):
    assert in_words(updates, 0.0) == words
